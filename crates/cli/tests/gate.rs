//! `contentcheck gate`: each of its codes has a case, evidence is the same however it is made, and attestations
//! hold. With `BLESS=1` the expectations are written.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod attestation;
mod evidence;
mod read;
mod said;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{corpus, directories, name};
use clap::Parser as _;
use contentcheck::Streams;
use contentcheck::args::{Cli, SchemaName};
use contentcheck::exit::Exit;
use contentcheck_gate::evidence::{
    AcceptedBy, AcceptedFindings, Conclusion, Evidence, FilesLeftOut, LeftOut, RuleFacts, SensorFacts,
};
use contentcheck_model::diagnostic::{Severity, codes};

fn run(arguments: &[&str]) -> (Exit, String, String) {
    let (exit, out, err) = crate::common::run(arguments);
    (exit, String::from_utf8(out).unwrap(), err)
}

fn evidence(directory: &Path, more: &[&str]) -> (Exit, Evidence) {
    let path = directory.to_str().unwrap();
    let (exit, out, err) = run(&[&["gate", path, "--format", "json"], more].concat());
    let evidence = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}\n{out}\n{err}"));
    (exit, evidence)
}

/// Codes of the families of the gate.
fn own() -> BTreeSet<&'static str> {
    codes::all().map(|code| code.id).filter(|id| id.starts_with("CC08") || id.starts_with("CC10")).collect()
}

/// Codes that the tests of the gate bring about, in memory.
const IN_MEMORY: [&str; 4] = ["CC1001", "CC1002", "CC1007", "CC1008"];

#[test]
fn every_code_of_the_gate_has_a_case() {
    let mut missing = own();
    let mut problems = Vec::new();
    for directory in directories(&corpus("reject")) {
        let folder = name(&directory);
        let code = codes::find(folder.get(..6).unwrap()).unwrap();
        if !own().contains(code.id) {
            continue;
        }
        assert_eq!(folder, format!("{}-{}", code.id, code.name));
        missing.remove(code.id);
        let (exit, evidence) = evidence(&directory, &["--cases", "64", "--skip", "self-test"]);
        let mut text = String::new();
        let prefix = format!("{}/", directory.to_str().unwrap());
        for check in &evidence.checks {
            for finding in &check.findings {
                // Nobody has to take a message apart.
                if finding.code.starts_with("CC08") && finding.detail.is_none() {
                    problems.push(format!("{folder}: {} has no facts", finding.code));
                }
                let place = finding.place.as_ref().map_or_else(String::new, |place| {
                    format!("{}:{}:{}: ", place.file.replace(&prefix, ""), place.line, place.column)
                });
                let _ = writeln!(text, "{place}{} {}: {}", finding.code, check.name, finding.message);
                for more in [&finding.help, &finding.test].into_iter().flatten() {
                    let _ = writeln!(text, "  {more}");
                }
            }
        }
        if !evidence.checks.iter().flat_map(|check| &check.findings).any(|finding| finding.code == code.id) {
            problems.push(format!("{folder} does not trigger {}, but\n{text}", code.id));
        }
        let expected = if code.severity == Severity::Error { Exit::Findings } else { Exit::Fine };
        if exit != expected && !text.contains("CC0801") {
            problems.push(format!("{folder} ends with {exit:?}"));
        }
        let file = directory.join("expected.txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&file, &text).unwrap();
        }
        let known = fs::read_to_string(&file).unwrap_or_default();
        if known != text {
            problems.push(format!("{}: expected\n{known}\nbut found\n{text}", file.display()));
        }
    }
    // What no content brings about: an image that is not that of the content, and what an interpreter refuses. The
    // tests of the gate itself make these.
    let mut of_the_gate = fs::read_to_string(corpus("../crates/gate/src/tests.rs")).unwrap();
    for file in fs::read_dir(corpus("../crates/gate/src/tests")).unwrap() {
        of_the_gate += &fs::read_to_string(file.unwrap().path()).unwrap();
    }
    for code in IN_MEMORY {
        assert!(of_the_gate.contains(&format!("\"{code}\"")), "{code}");
        missing.remove(code);
    }
    problems.extend(missing.iter().map(|code| format!("{code} has no case")));
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

#[test]
fn the_demo_release_passes_and_its_evidence_does_not_depend_on_threads() {
    let demo = corpus("releases/demo");
    let (exit, first) = evidence(&demo, &["--cases", "2000"]);
    let said: Vec<&str> = first.errors().map(|(_, finding)| finding.message.as_str()).collect();
    assert_eq!((exit, said.as_slice()), (Exit::Fine, [""; 0].as_slice()));
    assert_eq!((first.verdict.outcome(), first.verdict.ships()), (Conclusion::Passed, true));
    assert_eq!(first.verdict.summary(), "passed: 10 of 10 checks ran");
    assert!(first.checks.iter().all(|check| check.not_applicable.is_empty()));
    assert!(
        first.defects.iter().all(|class| class.seeded > 0 && class.seeded == class.rejected),
        "{:?}",
        first.defects
    );
    let known = |rule: &RuleFacts| rule.fires && rule.covered + rule.redundant == rule.predicates;
    assert!(first.rules.iter().all(known), "{:?}", first.rules);
    let (_, again) = evidence(&demo, &["--cases", "2000", "--threads", "1"]);
    assert_eq!(first, again);
    let (_, other) = evidence(&demo, &["--cases", "2000", "--seed", "2"]);
    assert_ne!(first, other);
    // What differs from the release before, with an event.
    let wider = first.changes.iter().find(|change| change.title == "Shell Started by an Office Program").unwrap();
    let event = wider.gains.as_ref().unwrap();
    assert!(event.get("Image").unwrap().as_str().unwrap().to_lowercase().ends_with(r"\mshta.exe"), "{event}");
    assert_eq!(wider.loses, None);
}

/// A directory of its own, which goes when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("contentcheck-gate-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_is_asked_wrongly_is_said() {
    let demo = corpus("releases/demo");
    let path = demo.to_str().unwrap();
    let (exit, _, err) = run(&["gate", path, "--only", "coverag"]);
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("did you mean `coverage`?"), "{err}");
    let (exit, _, err) = run(&["gate", "/nowhere/at/all"]);
    assert_eq!((exit, err.contains("no such file")), (Exit::Usage, true), "{err}");
    let (exit, _, err) = run(&["gate", path, "--previous", "/nowhere/at/all"]);
    assert_eq!((exit, err.contains("no such file")), (Exit::Usage, true), "{err}");
    let (exit, _, err) = run(&["gate", path, "--never-match", "/nowhere/at/all"]);
    assert_eq!((exit, err.contains("no such file")), (Exit::Usage, true), "{err}");
    // A check that is left out is not one that passed.
    let (exit, out, _) = run(&["gate", path, "--only", "lint", "--require-all"]);
    assert_eq!(exit, Exit::Findings);
    assert!(
        out.starts_with("incomplete: 1 of 10 checks ran, no error found in them; did not run: self-test, "),
        "{out}"
    );
    assert!(out.contains("left out on request") && !out.contains("passes"), "{out}");
}

/// A copy of a directory, with what is below it.
// Made for this test: `openssl genpkey -algorithm ed25519`.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIFwFkYxPbHARyDwisUzpT7BdfNsyMQFg5e3FNqFOgBds\n-----END PRIVATE KEY-----\n";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAbN9JtNih/Tw8psY+UwyJKxKjxdRgYhbiMwmdvj7XrDk=\n-----END PUBLIC KEY-----\n";
// Another one, of nobody.
const OTHER_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA1DtEif7GK3vblquwXxVT/w32Ik6boccjHG4YQ+VJQi\n-----END PRIVATE KEY-----\n";
const OTHER_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAnQqbQ4EXwTKHdPuxDoynj7y58Qql9OJlMP7SjhyudNk=\n-----END PUBLIC KEY-----\n";

/// All files below a directory.
fn walk(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() { found.extend(walk(&entry.path())) } else { found.push(entry.path()) }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to)
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The demo release and the one before it, in a scratch directory.
fn demo(scratch: &Scratch) -> PathBuf {
    copy(&corpus("releases/demo"), Path::new(&scratch.file("demo")));
    copy(&corpus("releases/demo-11"), Path::new(&scratch.file("demo-11")));
    PathBuf::from(scratch.file("demo"))
}

/// The same without the evidence of the release before: where a test changes that release, it is of another one.
fn demo_without_evidence(scratch: &Scratch) -> PathBuf {
    let release = demo(scratch);
    let config = release.join("contentcheck.toml");
    let text = fs::read_to_string(&config).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("previous-")).collect();
    fs::write(config, lines.join("\n") + "\n").unwrap();
    release
}

/// What is wrong with a release is a finding about the release: it is not the gate that is at fault, and what follows
/// from it is not reported as its cause.
#[test]
fn a_fault_of_the_release_is_no_fault_of_the_gate() {
    let scratch = Scratch::new("faults");
    let release = demo(&scratch);
    let gate = |more: &[&str]| {
        let (exit, evidence) = evidence(&release, &[&["--cases", "64"], more].concat());
        let said: Vec<(String, String)> =
            evidence.errors().map(|(check, of)| (check.name.clone(), of.code.clone())).collect();
        (exit, evidence, said)
    };
    let has = |said: &[(String, String)], check: &str, code: &str| {
        said.iter().any(|(known, of)| (known.as_str(), of.as_str()) == (check, code))
    };
    // The condition inverted against the rule's own tests: the tests fail, and are named.
    let file = release.join("sigma/process/office_child.yml");
    let text = fs::read_to_string(&file).unwrap();
    let line = text.lines().find(|line| line.trim_start().starts_with("condition:")).unwrap();
    let condition = line.split_once(':').unwrap().1.trim();
    fs::write(&file, text.replace(line, &format!("    condition: not ({condition})"))).unwrap();
    let (exit, evidence, said) = gate(&[]);
    assert!(exit == Exit::Findings && has(&said, "tests", "CC1004"), "{said:?}");
    assert!(!said.iter().any(|(_, code)| code == "CC1001"), "{said:?}");
    let failed = evidence.errors().find(|(_, of)| of.code == "CC1004").unwrap().1;
    assert!(failed.message.contains("office_child.test.yml"), "{failed:?}");
    // A rule with an error is left out, and named; it is not gone from the release.
    for (edit, code) in [(("|endswith", "|endwith"), "CC0117"), (("selection", "selektion"), "CC0203")] {
        fs::write(&file, text.replacen(edit.0, edit.1, 1)).unwrap();
        let (exit, evidence, said) = gate(&["--skip", "self-test"]);
        assert_eq!(exit, Exit::Findings);
        assert!(!said.iter().any(|(check, _)| check == "change"), "{said:?}");
        let left = evidence.left_out.iter().find(|of| of.file.ends_with("office_child.yml"));
        assert!(left.is_some_and(|of| of.codes.iter().any(|known| known == code)), "{:?} {said:?}", evidence.left_out);
    }
    // Two rules of one id.
    fs::write(&file, &text).unwrap();
    fs::write(release.join("sigma/process/office_copy.yml"), &text).unwrap();
    let (exit, _, said) = gate(&[]);
    assert!(exit == Exit::Findings && has(&said, "lint", "CC0702"), "{said:?}");
    assert!(!said.iter().any(|(_, code)| code == "CC1001"), "{said:?}");
}

/// An input that a sensor does not supply is an error of the rule, with exit 1 and its code alone: the gate sees its seeded
/// defects all the same.
#[test]
fn an_arity_mistake_is_no_fault_of_the_gate() {
    let scratch = Scratch::new("arity");
    let release = demo(&scratch);
    let file = release.join("rules/pipes.content");
    let text = fs::read_to_string(&file).unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.contains("sensors: \"acme")).collect();
    assert!(without.len() < text.lines().count());
    fs::write(&file, without.join("\n") + "\n").unwrap();
    let (exit, found) = evidence(&release, &["--cases", "64"]);
    let said: BTreeSet<&str> = found.errors().map(|(_, of)| of.code.as_str()).collect();
    assert_eq!((exit, said), (Exit::Findings, BTreeSet::from(["CC0401"])));
    let rejected: u64 = found.defects.iter().map(|class| class.rejected).sum();
    assert!(rejected > 30 && found.defects.iter().all(|class| class.seeded == class.rejected), "{:?}", found.defects);
}
