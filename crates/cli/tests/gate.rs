//! `contentcheck gate`: each of its codes has a case, evidence is the same however it is made, and attestations
//! hold. With `BLESS=1` the expectations are written.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

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

/// Tests in files beside Sigma rules count as the rule's own: they run, they fail the gate, and what is wrong with
/// such a file does too.
#[test]
fn tests_beside_sigma_rules_are_run() {
    let directory = std::env::temp_dir().join(format!("contentcheck-{}-beside", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let from = corpus("releases/demo/sigma/process");
    for file in ["office_child.yml", "certutil_download.yml"] {
        fs::copy(from.join(file), directory.join(file)).unwrap();
    }
    let tests = fs::read_to_string(from.join("office_child.test.yml")).unwrap();
    let gate = |text: &str| {
        fs::write(directory.join("office_child.test.yml"), text).unwrap();
        let (exit, evidence) = evidence(&directory, &["--no-config", "--only", "self-test,tests,coverage"]);
        let tests = evidence.checks.iter().find(|check| check.name == "tests").unwrap().clone();
        let said: Vec<String> = tests.findings.iter().map(|of| format!("{}: {}", of.code, of.message)).collect();
        (exit, evidence, tests, said)
    };
    let (exit, evidence, checked, said) = gate(&tests);
    assert!(exit == Exit::Fine && said.is_empty(), "{checked:?}");
    assert_eq!((checked.facts["tests"], checked.facts["rules with tests"]), (3, 1));
    let rule = evidence.rules.iter().find(|rule| rule.title == "Shell Started by an Office Program").unwrap();
    assert_eq!(rule.tests, 3);
    let coverage = evidence.checks.iter().find(|check| check.name == "coverage").unwrap();
    assert!(coverage.facts["covered by the rules' own tests"] > 0, "{coverage:?}");
    let negated = evidence.defects.iter().find(|class| class.class == "negated-against-tests").unwrap();
    assert_eq!((negated.seeded, negated.rejected), (1, 1), "{:?}", evidence.defects);

    let file = directory.join("office_child.test.yml").to_str().unwrap().to_owned();
    let wrong = tests.replace("C:\\Windows\\explorer.exe", "D:\\EXCEL.exe");
    let (exit, _, _, said) = gate(&wrong);
    let expected = format!("CC1004: test \"a shell from the desktop\" of {file}: the rule must be silent and fires");
    assert_eq!((exit, said.as_slice()), (Exit::Findings, [expected].as_slice()));
    let (exit, _, _, said) = gate("- name: a\n  expect: sometimes\n  event: {}\n");
    assert!(
        exit == Exit::Findings
            && said.len() == 1
            && said[0].contains("test 1: `sometimes` is not one of `fires`, `silent`"),
        "{said:?}"
    );
    fs::rename(directory.join("office_child.test.yml"), directory.join("other.test.yml")).unwrap();
    fs::write(directory.join("other.test.yml"), &tests).unwrap();
    let (exit, _, _, said) = gate(&tests);
    assert!(exit == Exit::Findings && said.len() == 3 && said[0].contains("there is no `"), "{said:?}");
    fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn evidence_follows_its_schema() {
    let schema = contentcheck::commands::schema::schema(SchemaName::Evidence).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for case in ["releases/demo", "reject/CC0803-rule-emptied", "reject/CC1005-never-seen-firing"] {
        let (_, evidence) = evidence(&corpus(case), &["--cases", "64", "--skip", "self-test"]);
        let value = serde_json::to_value(&evidence).unwrap();
        let problems: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(problems, [""; 0], "{case}");
    }
}

#[test]
fn reports_of_all_formats_say_what_failed() {
    let case = corpus("reject/CC0803-rule-emptied");
    for format in ["human", "json", "sarif", "junit", "markdown", "github", "html"] {
        let (exit, out, _) =
            run(&["gate", case.to_str().unwrap(), "--cases", "64", "--skip", "self-test", "--format", format]);
        assert_eq!(exit, Exit::Findings, "{format}");
        assert!(out.contains("CC0803") && out.contains("dropper"), "{format}\n{out}");
    }
    let (_, sarif, _) =
        run(&["gate", case.to_str().unwrap(), "--cases", "64", "--skip", "self-test", "--format", "sarif"]);
    let (_, junit, _) =
        run(&["gate", case.to_str().unwrap(), "--cases", "64", "--skip", "self-test", "--format", "junit"]);
    let document = roxmltree::Document::parse(&junit).unwrap();
    let count = |name: &str| document.descendants().filter(|node| node.has_tag_name(name)).count().to_string();
    let root = document.root_element();
    assert_eq!(root.attribute("tests"), Some(count("testcase").as_str()));
    assert_eq!(root.attribute("failures"), Some(count("failure").as_str()));
    let value: serde_json::Value = serde_json::from_str(&sarif).unwrap();
    assert_eq!(sarif_problems(&value), [""; 0]);
}

/// What the published schema has against a document.
fn sarif_problems(value: &serde_json::Value) -> Vec<String> {
    // The published schema has one pattern with a stray bracket, which is no valid expression.
    let schema = include_str!("schemas/sarif-2.1.0.json");
    let schema = schema.replace("^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$", "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$");
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator.iter_errors(value).map(|error| error.to_string()).collect()
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

// Made for this test: `openssl genpkey -algorithm ed25519`.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIFwFkYxPbHARyDwisUzpT7BdfNsyMQFg5e3FNqFOgBds\n-----END PRIVATE KEY-----\n";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAbN9JtNih/Tw8psY+UwyJKxKjxdRgYhbiMwmdvj7XrDk=\n-----END PUBLIC KEY-----\n";
// Another one, of nobody.
const OTHER_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA1DtEif7GK3vblquwXxVT/w32Ik6boccjHG4YQ+VJQi\n-----END PRIVATE KEY-----\n";
const OTHER_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAnQqbQ4EXwTKHdPuxDoynj7y58Qql9OJlMP7SjhyudNk=\n-----END PUBLIC KEY-----\n";

#[test]
fn an_attestation_holds_for_its_image_and_key_alone() {
    let scratch = Scratch::new("attest");
    let (private, public) = (scratch.file("gate.pem"), scratch.file("gate.pub"));
    fs::write(&private, PRIVATE).unwrap();
    fs::write(&public, PUBLIC).unwrap();
    let demo = corpus("releases/demo");
    let left = scratch.file("evidence");
    let (exit, _, err) =
        run(&["gate", demo.to_str().unwrap(), "--cases", "64", "--evidence", &left, "--sign", &private]);
    assert_eq!(exit, Exit::Fine, "{err}");
    let (attestation, image) =
        (scratch.file("evidence/attestation.dsse.json"), scratch.file("evidence/release.ccimage"));
    let verify = |attestation: &str, image: &str| {
        run(&["attest", "verify", attestation, "--key", &public, "--image", image, "--print"])
    };
    let (exit, out, err) = verify(&attestation, &image);
    assert_eq!(exit, Exit::Fine, "{err}");
    let statement: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(statement["predicate"]["result"], "PASSED");
    assert_eq!(statement["predicate"]["passedTests"].as_array().unwrap().len(), 10);
    // It says what it covers; name, sequence and evidence are compared where they are asked for.
    let asked = |more: &[&str]| {
        run(&[["attest", "verify", &attestation, "--key", &public, "--image", &image].as_slice(), more].concat())
    };
    for said in ["every check", "release: demo, sequence 12, ", "passed: self-test, lint, ", "was not compared"] {
        assert!(err.contains(said), "{err}");
    }
    let json = scratch.file("evidence/evidence.json");
    let (exit, _, err) = asked(&["--name", "demo", "--min-sequence", "12", "--evidence", &json]);
    assert!(exit == Exit::Fine && !err.contains("was not compared"), "{err}");
    for (more, words) in [
        (["--name", "other"], "the release `demo`, and `other` is asked for"),
        (["--min-sequence", "13"], "the sequence 12, and at least 13 is asked for"),
        (["--evidence", &image], "the evidence does not belong to the statement"),
    ] {
        let (exit, _, err) = asked(&more);
        assert!(exit == Exit::Findings && err.contains(words), "{err}");
    }
    // Another image, an altered envelope, what is none.
    let mut bytes = fs::read(&image).unwrap();
    bytes.push(0);
    fs::write(scratch.file("other.ccimage"), bytes).unwrap();
    let (exit, out, err) = verify(&attestation, &scratch.file("other.ccimage"));
    assert_eq!((exit, out.as_str()), (Exit::Findings, ""), "{err}");
    assert!(err.contains("NOT ACCEPTED: the statement is about the SHA-256"), "{err}");
    let text = fs::read_to_string(&attestation).unwrap();
    fs::write(scratch.file("altered.json"), text.replacen("\"payload\":\"ey", "\"payload\":\"fy", 1)).unwrap();
    assert_eq!(verify(&scratch.file("altered.json"), &image).0, Exit::Findings);
    fs::write(scratch.file("empty.json"), "").unwrap();
    assert_eq!(verify(&scratch.file("empty.json"), &image).0, Exit::Findings);
    assert_eq!(verify(&scratch.file("nowhere.json"), &image).0, Exit::Usage);
    let (exit, _, err) = verify(&attestation, &scratch.file("evidence/no.ccimage"));
    assert!(exit == Exit::Usage && err.contains("the gate leaves an image of a release that ships"), "{err}");
    // A release that failed is attested as one that failed.
    let bad = corpus("reject/CC1004-test-failed");
    let (exit, _, _) = run(&[
        "gate",
        bad.to_str().unwrap(),
        "--cases",
        "64",
        "--skip",
        "self-test",
        "--evidence",
        &left,
        "--sign",
        &private,
    ]);
    assert_eq!(exit, Exit::Findings);
    // The gate leaves no image of it.
    assert!(!Path::new(&image).exists());
    let (compiled, _, err) = run(&["compile", bad.to_str().unwrap(), "-o", &image]);
    assert_eq!(compiled, Exit::Fine, "{err}");
    let (exit, _, err) = verify(&attestation, &image);
    assert_eq!(exit, Exit::Findings);
    assert!(err.contains("the gate's verdict was that the release does not ship"), "{err}");
}

/// The verdict is one: standard output, every file of evidence, the exit code and the statement say the same, and
/// What a release was compared with is held to the key and to what devices have: a release that shrinks against one of the
/// engineer's own making, or against one that its gate stopped, does not pass for one that was compared with the last.
#[test]
fn a_release_follows_the_one_that_devices_have() {
    let scratch = Scratch::new("chain");
    let (private, public) = (scratch.file("gate.pem"), scratch.file("gate.pub"));
    fs::write(&private, PRIVATE).unwrap();
    fs::write(&public, PUBLIC).unwrap();
    let release = demo_without_evidence(&scratch);
    let config = release.join("contentcheck.toml");
    let own = fs::read_to_string(&config).unwrap().replace("require-all = true", "require-all = false");
    let previous = |path: &str, evidence: &str, sequence: &str| {
        let said = format!("previous = \"{path}\"\nprevious-evidence = \"{evidence}\"\nprevious-key = \"gate.pub\"");
        own.replace("previous = \"../demo-11\"", &said).replace("sequence = 12", sequence)
    };
    let gate = |release: &Path, left: &str| {
        run(&["gate", release.to_str().unwrap(), "--cases", "64", "--evidence", left, "--sign", &private])
    };
    fs::write(release.join("gate.pub"), PUBLIC).unwrap();
    fs::write(&config, own.replace("previous = \"../demo-11\"\n", "")).unwrap();
    let shipped = scratch.file("shipped");
    assert_eq!(gate(&release, &shipped).0, Exit::Fine);
    // The next one loses most of its rules, and fails.
    let next = PathBuf::from(scratch.file("next"));
    copy(&release, &next);
    fs::remove_dir_all(next.join("sigma/registry")).unwrap();
    fs::remove_file(next.join("sigma/process/shadow_copies_deleted.yml")).unwrap();
    fs::write(
        next.join("contentcheck.toml"),
        previous("../demo", &format!("{shipped}/evidence.json"), "sequence = 13"),
    )
    .unwrap();
    let stopped = scratch.file("stopped");
    let (exit, out, err) = gate(&next, &stopped);
    assert!(exit == Exit::Findings && out.contains("CC0802"), "{out}{err}");
    // The same again, compared with the one that failed.
    let again = PathBuf::from(scratch.file("again"));
    copy(&next, &again);
    fs::write(
        again.join("contentcheck.toml"),
        previous("../next", &format!("{stopped}/evidence.json"), "sequence = 14"),
    )
    .unwrap();
    let (exit, _, err) = gate(&again, &scratch.file("left"));
    assert!(exit == Exit::Usage && err.contains("the gate stopped that release"), "{err}");
    // And with one that was gated without anything before it, as a first release is.
    fs::write(
        next.join("contentcheck.toml"),
        own.replace("previous = \"../demo-11\"\n", "").replace("sequence = 12", "sequence = 13"),
    )
    .unwrap();
    let (exit, out, err) = gate(&next, &stopped);
    assert_eq!(exit, Exit::Fine, "{out}{err}");
    let left = scratch.file("left");
    let (exit, out, _) = gate(&again, &left);
    assert!(exit == Exit::Fine && out.starts_with("passed"), "{out}");
    let verify = |key: &str, more: &[&str]| {
        let (attestation, image) = (format!("{left}/attestation.dsse.json"), format!("{left}/release.ccimage"));
        run(&[&["attest", "verify", &attestation, "--key", key, "--image", &image], more].concat())
    };
    let (exit, _, err) = verify(&public, &[]);
    assert!(exit == Exit::Fine && err.contains("was not looked at: --previous its attestation"), "{err}");
    let of = |directory: &str| format!("{directory}/attestation.dsse.json");
    let (exit, _, err) = verify(&public, &["--previous", &of(&shipped)]);
    assert!(exit == Exit::Findings && err.contains("was not compared with the one that devices have"), "{err}");
    let (exit, _, err) = verify(&public, &["--previous", &of(&stopped)]);
    assert!(exit == Exit::Fine && !err.contains("was not looked at"), "{err}");
    // A key of the engineer's own vouches for nothing.
    let (theirs, own_key) = (scratch.file("theirs.pem"), scratch.file("theirs.pub"));
    fs::write(&theirs, OTHER_PRIVATE).unwrap();
    fs::write(&own_key, OTHER_PUBLIC).unwrap();
    fs::write(again.join("gate.pub"), OTHER_PUBLIC).unwrap();
    let (exit, _, err) =
        run(&["gate", next.to_str().unwrap(), "--cases", "64", "--evidence", &stopped, "--sign", &theirs]);
    assert_eq!(exit, Exit::Fine, "{err}");
    assert_eq!(gate(&again, &left).0, Exit::Fine);
    let (exit, _, err) = verify(&public, &[]);
    assert!(exit == Exit::Findings && err.contains("another key vouches for"), "{err}");
    assert_eq!(verify(&public, &["--previous-key", &own_key]).0, Exit::Fine);
    assert_eq!(verify(&public, &["--previous-key", &own_key, "--previous", &of(&stopped)]).0, Exit::Fine);
    assert_eq!(verify(&public, &["--previous", &of(&stopped)]).0, Exit::Usage);
}

/// `attest verify` takes what is incomplete only where each check is named.
#[test]
fn one_verdict_is_shown_everywhere() {
    let scratch = Scratch::new("verdict");
    let (private, public) = (scratch.file("gate.pem"), scratch.file("gate.pub"));
    fs::write(&private, PRIVATE).unwrap();
    fs::write(&public, PUBLIC).unwrap();
    let release = corpus("reject/CC0802-rule-removed");
    let (left, fast) = (scratch.file("evidence"), ["--cases", "64", "--skip", "self-test"]);
    let release = release.to_str().unwrap();
    for (more, exit, result) in
        [([].as_slice(), Exit::Fine, "WARNED"), (["--require-all"].as_slice(), Exit::Findings, "FAILED")]
    {
        let gate = ["gate", release, "--evidence", &left, "--sign", &private];
        let (ended, out, err) = run(&[gate.as_slice(), &fast, more].concat());
        assert_eq!(ended, exit, "{err}");
        let first = out.lines().next().unwrap();
        assert!(first.starts_with("incomplete: ") && out.trim_end().ends_with(first), "{out}");
        for file in ["summary.txt", "evidence.json", "evidence.sarif", "junit.xml", "summary.md"] {
            let text = fs::read_to_string(scratch.file(&format!("evidence/{file}"))).unwrap();
            assert!(text.contains(first), "{file}: {text}");
        }
        let page = fs::read_to_string(scratch.file("evidence/report.html")).unwrap();
        assert!(page.contains(&first.replacen('i', "I", 1)), "{page}");
        let github = ["gate", release, "--format", "github"];
        let (_, github, _) = run(&[github.as_slice(), &fast, more].concat());
        let command = if exit == Exit::Fine { "warning" } else { "error" };
        assert_eq!(github.lines().next().unwrap(), format!("::{command} title=contentcheck gate::{first}"));
        let junit = fs::read_to_string(scratch.file("evidence/junit.xml")).unwrap();
        assert_eq!(junit.contains("<failure type=\"verdict\""), exit == Exit::Findings, "{junit}");

        let (attestation, left_image) =
            (scratch.file("evidence/attestation.dsse.json"), scratch.file("evidence/release.ccimage"));
        // An image is left of what ships alone.
        let image = scratch.file("release.ccimage");
        assert_eq!(Path::new(&left_image).exists(), exit == Exit::Fine);
        if exit == Exit::Fine {
            fs::copy(&left_image, &image).unwrap();
        }
        let verify = |more: &[&str]| {
            run(&[["attest", "verify", &attestation, "--key", &public, "--image", &image].as_slice(), more].concat())
        };
        let (ended, out, err) = verify(&["--print"]);
        assert_eq!((ended, out.as_str()), (Exit::Findings, ""), "{err}");
        let evidence = scratch.file("evidence/evidence.json");
        let found = Evidence::from_json(&fs::read(&evidence).unwrap()).unwrap();
        let missing: BTreeSet<&str> = found.verdict.missing().iter().map(|one| one.check.as_str()).collect();
        let names: Vec<&str> = missing.into_iter().collect();
        assert!(names.contains(&"self-test") && names.len() > 1, "{names:?}");
        let (ended, out, err) = verify(&["--print", "--allow-missing", &names.join(","), "--evidence", &evidence]);
        assert_eq!(ended, exit, "{err}");
        if exit == Exit::Fine {
            let statement: serde_json::Value = serde_json::from_str(&out).unwrap();
            assert_eq!(statement["predicate"]["result"], result);
            for said in ["release: ", "made by: contentcheck ", "MISSING: self-test: left out on request", "inputs"] {
                assert!(err.contains(said), "{err}");
            }
        } else {
            assert!(err.contains("does not ship: not every check ran"), "{err}");
        }
        // All but one of them is not all.
        assert_eq!(verify(&["--allow-missing", &names[1..].join(",")]).0, Exit::Findings);
        let (ended, _, err) = verify(&["--allow-missing", "self-tset"]);
        assert!(ended == Exit::Usage && err.contains("did you mean `self-test`?"), "{err}");
    }
}

/// What evidence says was accepted or left out is in every report, and whatever names and reasons hold is text there.
#[test]
fn reports_show_what_was_left_out_and_no_text_of_content_acts() {
    use contentcheck::args::GateFormat;
    use contentcheck_gate::evidence::Finding;
    let hostile = "x\n::error file=a::b\r\x1b[2J\u{202E}\u{9b}\u{0}|<script>`[a](http://b)\u{2028}";
    let (_, mut found) = evidence(&corpus("releases/demo"), &["--only", "coverage"]);
    found.release.name = Some(hostile.to_owned());
    found.accepted = vec![AcceptedFindings {
        by: AcceptedBy::Comment,
        code: "CC0604".to_owned(),
        file: format!("accepted/{hostile}"),
        count: 2,
        reason: Some(format!("agreed {hostile}")),
    }];
    found.left_out = vec![LeftOut {
        rule: format!("unread {hostile}"),
        file: hostile.to_owned(),
        line: 7,
        codes: vec!["CC0117".to_owned()],
    }];
    let mut hidden = FilesLeftOut::new("hidden");
    hidden.note(format!("walked/{hostile}"));
    found.files_left_out = vec![hidden];
    found.sensors = vec![SensorFacts {
        sensor: format!("edr {hostile}"),
        version: "7".to_owned(),
        loads: Some(1),
        of: 2,
        previously: Some(2),
    }];
    for rule in &mut found.rules {
        (rule.title, rule.place.file) = (hostile.to_owned(), hostile.to_owned());
    }
    let place = found.rules.first().map(|rule| rule.place.clone());
    for check in &mut found.checks {
        check.summary = hostile.to_owned();
        check.findings = vec![Finding {
            place: place.clone(),
            rule: Some(hostile.to_owned()),
            help: Some(hostile.to_owned()),
            event: Some(serde_json::json!({ hostile: hostile })),
            ..Finding::new(&codes::NEVER_SEEN_FIRING, hostile)
        }];
        check.skipped.push(hostile.to_owned());
        check.not_applicable.push(hostile.to_owned());
    }
    for (format, name) in GateFormat::FILES.into_iter().chain([(GateFormat::Github, "github")]) {
        let text = contentcheck::report::gate::write(format, &found, false).unwrap();
        let lists = ["accepted/", "agreed ", "unread ", "walked/", "edr "];
        if !matches!(format, GateFormat::Github | GateFormat::Junit | GateFormat::Sarif) {
            assert!(lists.iter().all(|word| text.contains(word)), "{name}: {text}");
        }
        if format == GateFormat::Json {
            continue;
        }
        let raw = |letter: char| (letter.is_control() && letter != '\n') || ['\u{202E}', '\u{2028}'].contains(&letter);
        assert!(!text.contains(raw), "{name}: {text:?}");
        let acts =
            |line: &str| line.trim_start().starts_with("::") && !line.contains(" title=") && !line.contains(",title=");
        assert!(!text.lines().any(acts), "{name}: {text}");
        match format {
            // The page has one script, its own.
            GateFormat::Html => assert_eq!(text.matches("<script").count(), 1, "{text}"),
            GateFormat::Junit => drop(roxmltree::Document::parse(&text).unwrap()),
            GateFormat::Sarif => {
                let value: serde_json::Value = serde_json::from_str(&text).unwrap();
                let results = value["runs"][0]["results"].as_array().unwrap();
                let suppressed: Vec<_> = results.iter().filter(|result| result.get("suppressions").is_some()).collect();
                let kind = suppressed[0]["suppressions"][0]["kind"].as_str();
                assert_eq!((suppressed.len(), kind), (1, Some("inSource")));
                assert_eq!(sarif_problems(&value), [""; 0]);
            }
            GateFormat::Markdown => {
                // Places of findings and events are code; everything else is prose without markup.
                let prose = text.lines().filter(|line| !line.contains('`') || line.contains("\\`"));
                let outside: Vec<&str> = prose.filter(|line| !line.contains("` ")).collect();
                assert!(
                    outside.len() > 8
                        && !outside
                            .iter()
                            .any(|line| line.contains("<script") || line.replace("\\](", "").contains("](")),
                    "{text}"
                );
            }
            _ => {}
        }
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

/// The page in a browser, as wide as a telephone: it loads without a script or a request, says the verdict, and nothing
/// makes it wider than the screen.
#[test]
fn the_page_opens_in_a_browser() {
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    let found = browsers
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|of| of.status.success()));
    let Some(browser) = found else {
        eprintln!("skipped: the page in a browser (no chromium is installed)");
        return;
    };
    let scratch = Scratch::new("page");
    let page = scratch.file("report.html");
    let demo = corpus("releases/demo");
    let (exit, _, err) = run(&["gate", demo.to_str().unwrap(), "--cases", "64", "--format", "html", "-o", &page]);
    assert_eq!(exit, Exit::Fine, "{err}");
    let text = fs::read_to_string(&page).unwrap();
    for outside in ["http:", "<script ", "<link", "<img", "@import", "url(", "fetch", "import("] {
        assert!(!text.contains(outside), "the page names {outside}");
    }
    // Codes lead to their pages; nothing is loaded from there.
    assert_eq!(text.matches("https:").count(), text.matches("<a class=\"code\" href=\"https:").count());
    // The measure is put into a copy.
    let probe =
        "<script>document.title='width '+document.documentElement.scrollWidth+' of '+window.innerWidth</script></body>";
    let copy = scratch.file("probe.html");
    fs::write(&copy, text.replace("</body>", probe)).unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=500,900"])
        .arg(format!("--user-data-dir={}", scratch.file("profile")))
        .args(["--dump-dom", &format!("file://{copy}")])
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);
    assert!(dom.contains("Passed: 10 of 10 checks ran."), "{dom}\n{}", String::from_utf8_lossy(&output.stderr));
    let title = dom.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap();
    let (wide, of) = title.strip_prefix("width ").and_then(|rest| rest.split_once(" of ")).unwrap();
    assert!(wide.parse::<u32>().unwrap() <= of.parse::<u32>().unwrap(), "the page is {wide} wide on a screen of {of}");
}

/// What lies among the recordings and is not replayed is in the evidence, and said.
#[test]
fn recordings_that_are_left_out_are_named() {
    let scratch = Scratch::new("left-out");
    let release = demo(&scratch);
    for file in ["recordings/.old.jsonl", "recordings/notes.md", "never-match/.more/a.jsonl"] {
        let path = release.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "{}\n").unwrap();
    }
    let arguments = ["gate", release.to_str().unwrap(), "--only", "replay", "--format", "json"];
    let (_, out, err) = run(&arguments);
    let evidence: Evidence = serde_json::from_str(&out).unwrap();
    let left = |reason: &str| {
        let left = evidence.files_left_out.iter().find(|left| left.reason == reason);
        left.map_or(0, |left| left.count)
    };
    assert_eq!((left("recordings: hidden"), left("recordings: not named like events")), (2, 1), "{out}");
    let said: Vec<&str> = err.lines().filter(|line| line.starts_with("not read: ")).collect();
    assert_eq!(said.len(), 2, "{err}");
}

/// The fleet of the command line is that of this release: sensors that the previous one was for and this one is not are
/// missed.
#[test]
fn the_fleet_of_the_previous_release_is_its_own() {
    let demo = corpus("releases/demo");
    let (_, found) = evidence(&demo, &["--only", "change", "--fleet", "builtin:sysmon/4.90"]);
    let missed = "the fleet of the previous release has sensors that this one lacks: acme 7.13";
    assert!(found.errors().any(|(_, finding)| finding.message.starts_with(missed)), "{:?}", found.checks);
}

/// A copy of a directory, with what is below it.
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

/// Every file that a run reads has its digest in the evidence: one byte more in any of them, and evidence differs, though
/// nothing that the file says does.
#[test]
fn evidence_changes_with_each_byte_of_what_was_read() {
    let scratch = Scratch::new("inputs");
    let release = demo_without_evidence(&scratch);
    let config = release.join("contentcheck.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("deny-warnings = true", "deny-warnings = true\nbaseline = \"baseline.json\""))
        .unwrap();
    fs::write(release.join("baseline.json"), "{\n  \"format\": 1,\n  \"findings\": []\n}\n").unwrap();
    let path = release.to_str().unwrap();
    let gate = || {
        let (exit, out, err) = run(&["gate", path, "--only", "lint,replay", "--cases", "64", "--format", "json"]);
        assert!(!out.is_empty(), "{err}");
        (exit, out)
    };
    let first = gate();
    assert_eq!(gate(), first);
    let table = fs::read_dir(release.join("tables")).unwrap().next().unwrap().unwrap().path();
    let before = Path::new(&scratch.file("demo-11")).to_path_buf();
    let content = walk(&before).into_iter().find(|path| path.extension().is_some_and(|of| of == "yml")).unwrap();
    let files = [
        (release.join("templates.content"), "\n"),
        (release.join("sigma/process/office_child.yml"), "\n"),
        (table, "\n"),
        (release.join("sensors/acme-7.14.json"), "\n"),
        (release.join("fleet.json"), "\n"),
        (config, "\n"),
        (release.join("baseline.json"), "\n"),
        (release.join("sigma/process/office_child.test.yml"), "\n"),
        (release.join("recordings/workday.jsonl"), "\n"),
        (release.join("never-match/windows.jsonl"), "\n"),
        (content, "\n"),
        (before.join("contentcheck.toml"), "\n"),
    ];
    for (file, more) in files {
        let known = fs::read(&file).unwrap();
        fs::write(&file, [known.as_slice(), more.as_bytes()].concat()).unwrap();
        let changed = gate();
        assert_ne!(changed.1, first.1, "{}", file.display());
        fs::write(&file, known).unwrap();
    }
    assert_eq!(gate(), first);
}

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

/// What an earlier run left is gone before a run begins, also where that run ends before it looks at anything.
#[test]
fn nothing_of_an_earlier_run_is_left() {
    let scratch = Scratch::new("stale");
    let private = scratch.file("gate.pem");
    fs::write(&private, PRIVATE).unwrap();
    let (release, left) = (demo(&scratch), scratch.file("evidence"));
    let path = release.to_str().unwrap();
    let leave = || {
        let (_, _, err) =
            run(&["gate", path, "--only", "lint", "--no-config", "--evidence", &left, "--sign", &private]);
        assert!(walk(Path::new(&left)).len() > 7, "{err}");
    };
    let config = release.join("contentcheck.toml");
    let text = fs::read_to_string(&config).unwrap();
    let own = scratch.file("note.txt");
    for wrong in [
        text.replace("[gate]", "[gate]\nallow-shrink = true"),
        text.replace("[gate]", "[severity]\nCC0401 = \"off\"\n[gate]"),
        text.replace("[gate]", "[severity]\nCC0502 = \"off\"\n[gate]"),
        text.replace("../demo-11", "."),
        text.replace("\"recordings\"", "\"nowhere\""),
        "[".to_owned(),
    ] {
        fs::write(&config, &text).unwrap();
        leave();
        fs::write(format!("{left}/note.txt"), &own).unwrap();
        fs::write(&config, &wrong).unwrap();
        let (exit, _, err) = run(&["gate", path, "--evidence", &left, "--sign", &private]);
        assert_eq!(exit, Exit::Usage, "{wrong}\n{err}");
        // What others put there stays.
        let names: Vec<String> = walk(Path::new(&left)).iter().map(|path| name(path)).collect();
        assert_eq!(names, ["note.txt"], "{wrong}");
    }
}

/// What is done once a check has ended, by its name.
type Acts<'a> = Vec<(&'a str, Box<dyn FnOnce() + 'a>)>;

/// A listener that does something, each once, when a check has ended.
struct When<'a> {
    heard: String,
    acts: Acts<'a>,
}

impl std::io::Write for When<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.heard.push_str(std::str::from_utf8(bytes).unwrap());
        let ended = |line: &str, check: &str| line.split(' ').nth(1) == Some(check) && line.ends_with(" s");
        let due = |(check, _): &mut (&str, _)| self.heard.lines().any(|line| ended(line, check));
        self.acts.extract_if(.., due).for_each(|(_, act)| act());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Evidence has the digest of what was replayed: a recording that is another one while it is read ends the run, and nothing
/// is left, though it be the first one again afterwards. What changes once it was read changes nothing.
#[test]
fn a_recording_that_changes_meanwhile_ends_the_run() {
    type Change = Box<dyn Fn(&Path)>;
    let scratch = Scratch::new("swapped");
    let release = demo(&scratch);
    let (private, left, printed) = (scratch.file("gate.pem"), scratch.file("evidence"), scratch.file("printed"));
    fs::write(&private, PRIVATE).unwrap();
    let recorded = Path::new(&scratch.file("recorded.jsonl")).to_path_buf();
    let events = b"{\"EventID\": 1}\n{\"EventID\": 2}\n";
    let other = |bytes: &'static [u8]| move |path: &Path| fs::write(path, bytes).unwrap();
    let ways: [(&str, Change); 7] = [
        ("same", Box::new(other(events))),
        ("other", Box::new(other(b"{\"EventID\": 1}\n{\"EventID\": 3}\n"))),
        ("longer", Box::new(other(b"{\"EventID\": 1}\n{\"EventID\": 2}\n{\"EventID\": 3}\n"))),
        ("shorter", Box::new(other(b"{\"EventID\": 1}\n"))),
        ("empty", Box::new(other(b""))),
        ("removed", Box::new(|path| fs::remove_file(path).unwrap())),
        ("directory", Box::new(|path| (fs::remove_file(path).unwrap(), fs::create_dir(path).unwrap()).1)),
    ];
    for option in ["--recordings", "--never-match"] {
        for (check, restored) in [("lint", false), ("lint", true), ("replay", false)] {
            for (way, change) in &ways {
                let _ = fs::remove_dir(&recorded);
                fs::write(&recorded, events).unwrap();
                let named = recorded.to_str().unwrap();
                let arguments = ["gate", release.to_str().unwrap(), "--only", "lint,replay", "--evidence", &left];
                let more = ["--sign", &private, "-o", &printed, option, named];
                let cli = Cli::try_parse_from(["contentcheck"].iter().chain(&arguments).chain(&more)).unwrap();
                let mut acts: Acts<'_> = vec![(check, Box::new(|| change(&recorded)))];
                if restored {
                    let restore = || {
                        let _ = fs::remove_dir(&recorded);
                        fs::write(&recorded, events).unwrap();
                    };
                    acts.push(("replay", Box::new(restore)));
                }
                let mut err = When { heard: String::new(), acts };
                let mut out = Vec::new();
                let exit = contentcheck::run(
                    &cli,
                    &mut Streams { out: &mut out, err: &mut err, color: false, interactive: false },
                );
                let (heard, acted) = (err.heard, err.acts.is_empty());
                assert!(acted, "{option} {check} {way}: {heard}");
                if *way == "same" || check == "replay" {
                    assert_ne!(exit, Exit::Usage, "{option} {check}: {heard}");
                    assert!(Path::new(&left).join("attestation.dsse.json").is_file() && Path::new(&printed).is_file());
                    fs::remove_file(&printed).unwrap();
                    continue;
                }
                assert_eq!(exit, Exit::Usage, "{option} {check} {way}: {heard}");
                let words = format!("{named}: it changed while the gate ran");
                assert!(heard.contains(&words), "{option} {check} {way}: {heard}");
                assert!(walk(Path::new(&left)).is_empty() && !Path::new(&printed).exists(), "{option} {check} {way}");
            }
        }
    }
}

/// Settings under which the gate would be blind, or that are for one run, end with 2 and are named.
#[test]
fn settings_that_blind_the_gate_are_named() {
    let scratch = Scratch::new("settings");
    let release = demo(&scratch);
    let path = release.to_str().unwrap();
    let config = release.join("contentcheck.toml");
    let text = fs::read_to_string(&config).unwrap();
    let said = |config_text: &str| {
        fs::write(&config, config_text).unwrap();
        let (exit, out, err) = run(&["gate", path, "--only", "lint"]);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{err}");
        err
    };
    let set = |line: &str| text.replace("[gate]", &format!("[severity]\n{line}\n\n[gate]"));
    for (line, words) in [
        ("CC0502 = \"off\"", ["`CC0502` is off", "regex-explodes"]),
        ("CC0502 = \"info\"", ["`CC0502` is info", "regex-explodes"]),
        ("CC0401 = \"off\"", ["CC0401", "contentcheck.toml"]),
        ("CC0401 = \"warning\"", ["CC0401", "contentcheck.toml"]),
        ("CC1003 = \"off\"", ["CC1003", "contentcheck.toml"]),
        ("CC0808 = \"off\"", ["CC0808", "contentcheck.toml"]),
    ] {
        let err = said(&set(line));
        assert!(words.iter().all(|word| err.contains(word)), "{line}: {err}");
    }
    for codes in ["CC0502", "CC05"] {
        let err = said(&text.replace("[gate]", &format!("[per-file-ignores]\n\"sigma/\" = [\"{codes}\"]\n\n[gate]")));
        assert!(err.contains("CC05") && err.contains("is off in `sigma/`"), "{codes}: {err}");
    }
    for key in ["allow-shrink", "allow-growth", "skip-unsupplied"] {
        let err = said(&text.replace("[gate]", &format!("[gate]\n{key} = true")));
        assert!(err.contains(&format!("--{key}")) && err.contains("for one run"), "{err}");
    }
    for itself in [".", "./", "../demo", "sigma/.."] {
        let err = said(&text.replace("../demo-11", itself));
        assert!(err.contains("this is the release itself"), "{itself}: {err}");
    }
    for (wanted, words) in [("Shell Started by an Office Programm", "did you mean"), ("ofice_child", "[gate.ceilings]")]
    {
        let err = said(&format!("{text}\n[gate.ceilings]\n\"{wanted}\" = 3\n"));
        assert!(err.contains("[gate.ceilings]") && err.contains(words), "{wanted}: {err}");
        let twice = said(&format!(
            "{text}\n[gate.ceilings]\n\"Shell Started by an Office Program\" = 0\n\"office_child.yml\" = 99\n"
        ));
        assert!(twice.contains("has two ceilings"), "{twice}");
    }
    // By id, title, in whatever case: the ceiling is that of the rule.
    for wanted in ["Shell Started by an Office Program", "shell started by an office program"] {
        fs::write(&config, format!("{text}\n[gate.ceilings]\n\"{wanted}\" = 3\n")).unwrap();
        let (_, evidence) = evidence(&release, &["--only", "lint"]);
        let rule = evidence.rules.iter().find(|rule| rule.title == "Shell Started by an Office Program").unwrap();
        assert_eq!(rule.ceiling, Some(3), "{wanted}");
    }
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

/// A long self-test says how far it is, and counts what does not apply apart.
#[test]
fn every_rule_has_a_total() {
    let scratch = Scratch::new("every");
    let release = scratch.file("release");
    fs::create_dir_all(&release).unwrap();
    let demo = corpus("releases/demo/sigma/process");
    fs::copy(demo.join("certutil_download.yml"), format!("{release}/a.yml")).unwrap();
    fs::copy(demo.join("office_child.yml"), format!("{release}/b.yml")).unwrap();
    let (exit, out, err) =
        run(&["gate", &release, "--no-config", "--only", "self-test", "--every-rule", "--format", "json"]);
    assert_eq!(exit, Exit::Fine, "{err}");
    let evidence: Evidence = serde_json::from_str(&out).unwrap();
    let check = &evidence.checks[0];
    let apart = evidence.defects.iter().filter(|class| class.seeded == 0).count();
    assert!(evidence.defects.iter().any(|class| class.seeded == 2), "{:?}", evidence.defects);
    assert_eq!(check.facts["classes that do not apply"], apart as u64);
    assert_eq!(check.not_applicable.len(), apart);
    assert!(err.contains(&check.summary), "{err}");
}

/// A word that lets a release pass stands in the first line, in every report, in the statement and in what `attest verify`
/// says; and is accepted there by its name alone.
#[test]
fn words_that_let_a_release_pass_are_told_everywhere() {
    let scratch = Scratch::new("allowed");
    let (private, public) = (scratch.file("gate.pem"), scratch.file("gate.pub"));
    fs::write(&private, PRIVATE).unwrap();
    fs::write(&public, PUBLIC).unwrap();
    let (release, left) = (demo(&scratch), scratch.file("evidence"));
    for gone in ["registry", "network", "dns"] {
        fs::remove_dir_all(release.join("sigma").join(gone)).unwrap();
    }
    let only = ["--only", "lint,change"];
    let gate = |more: &[&str]| {
        let path = release.to_str().unwrap();
        let first = ["gate", path, "--evidence", &left, "--sign", &private];
        // The demo asks for every check: here two are enough.
        run(&[first.as_slice(), &only, more].concat())
    };
    let config = release.join("contentcheck.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("require-all = true", "")).unwrap();
    assert_eq!(gate(&[]).0, Exit::Findings);
    let (exit, out, err) = gate(&["--allow-shrink", "--skip-unsupplied"]);
    assert_eq!(exit, Exit::Fine, "{out}{err}");
    let first = out.lines().next().unwrap();
    assert!(first.contains("; with --allow-shrink, --skip-unsupplied;"), "{first}");
    for file in ["summary.txt", "evidence.json", "evidence.sarif", "junit.xml", "summary.md", "report.html"] {
        let text = fs::read_to_string(scratch.file(&format!("evidence/{file}"))).unwrap();
        assert!(text.contains("with --allow-shrink, --skip-unsupplied"), "{file}: {text}");
    }
    let (attestation, image) =
        (scratch.file("evidence/attestation.dsse.json"), scratch.file("evidence/release.ccimage"));
    let verify = |more: &[&str]| {
        let missing = contentcheck_gate::verdict::CHECKS.join(",");
        let first =
            ["attest", "verify", &attestation, "--key", &public, "--image", &image, "--allow-missing", &missing];
        run(&[first.as_slice(), more].concat())
    };
    for more in [[].as_slice(), &["--allow-shrink"], &["--skip-unsupplied", "--allow-growth"]] {
        let (exit, _, err) = verify(more);
        assert!(exit == Exit::Findings && err.contains("the gate was run with --"), "{more:?}: {err}");
    }
    let (exit, out, err) = verify(&["--allow-shrink", "--skip-unsupplied", "--print"]);
    assert!(exit == Exit::Fine && err.contains("ALLOWED: --allow-shrink, --skip-unsupplied"), "{err}");
    let statement: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(statement["predicate"]["allowed"], serde_json::json!(["allow-shrink", "skip-unsupplied"]));
}

/// What a severity lowers of what the gate itself finds stands in the first line, in the evidence, in the statement and in
/// what `attest verify` says. What cannot be lowered is refused.
#[test]
fn what_a_severity_lowers_is_told_everywhere() {
    let scratch = Scratch::new("lowered");
    let (private, public) = (scratch.file("gate.pem"), scratch.file("gate.pub"));
    fs::write(&private, PRIVATE).unwrap();
    fs::write(&public, PUBLIC).unwrap();
    let (release, left) = (demo(&scratch), scratch.file("evidence"));
    fs::remove_file(release.join("sigma/process/shadow_copies_deleted.yml")).unwrap();
    let config = release.join("contentcheck.toml");
    let text = fs::read_to_string(&config).unwrap().replace("require-all = true", "");
    let path = release.to_str().unwrap();
    let gate = |severity: &str| {
        fs::write(&config, format!("{text}\n[severity]\n{severity}\n")).unwrap();
        run(&["gate", path, "--evidence", &left, "--sign", &private, "--only", "lint,change"])
    };
    let (exit, out, _) = gate("");
    assert!(exit == Exit::Findings && out.contains("error[CC0802]"), "{out}");
    let words = "1 finding accepted by severities";
    let (attestation, image) =
        (scratch.file("evidence/attestation.dsse.json"), scratch.file("evidence/release.ccimage"));
    for level in ["off", "info"] {
        let (exit, out, err) = gate(&format!("CC0802 = \"{level}\""));
        assert_eq!(exit, Exit::Fine, "{out}{err}");
        assert!(out.lines().next().unwrap().contains(words), "{out}");
        assert!(out.contains("1 finding of CC0802 in (change), accepted by a severity in the configuration"), "{out}");
        let file = fs::read(scratch.file("evidence/evidence.json")).unwrap();
        let found = Evidence::from_json(&file).unwrap();
        let accepted: Vec<_> = found.accepted.iter().map(|of| (of.by, of.code.as_str(), of.count)).collect();
        assert_eq!(accepted, [(AcceptedBy::Severity, "CC0802", 1)]);
        for file in ["summary.txt", "evidence.sarif", "junit.xml", "summary.md", "report.html"] {
            let text = fs::read_to_string(scratch.file(&format!("evidence/{file}"))).unwrap();
            assert!(text.contains(words), "{file}: {text}");
        }
        let missing = contentcheck_gate::verdict::CHECKS.join(",");
        let (exit, out, err) = run(&[
            "attest",
            "verify",
            &attestation,
            "--key",
            &public,
            "--image",
            &image,
            "--allow-missing",
            &missing,
            "--print",
        ]);
        assert!(exit == Exit::Fine && err.lines().next().unwrap().contains(words), "{err}");
        let statement: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(statement["predicate"]["accepted"]["severity"], serde_json::json!(1));
    }
    for (code, level) in [
        ("CC0801", "warning"),
        ("CC0806", "info"),
        ("CC0811", "off"),
        ("CC1011", "off"),
        ("CC1018", "off"),
        ("CC1020", "info"),
        ("input-unseen", "info"),
    ] {
        let (exit, out, err) = gate(&format!("{code} = \"{level}\""));
        assert!(exit == Exit::Usage && out.is_empty() && err.contains("no setting lowers it"), "{code}: {err}");
    }
}

/// The demo holds what it has to look at against evidence of the release before, which a key signed. With `BLESS=1` it is
/// made again.
#[test]
fn the_evidence_of_the_release_before_the_demo_is_signed() {
    // Relative, so that the evidence names its files without the place of the checkout.
    let before = PathBuf::from("../../corpus/releases/demo-11");
    let (scratch, kept) = (Scratch::new("before"), before.join("evidence"));
    let (private, left) = (scratch.file("gate.pem"), scratch.file("evidence"));
    fs::write(&private, PRIVATE).unwrap();
    let arguments = ["--evidence", &left, "--sign", &private, "--cases", "2000"];
    let (exit, _, err) = run(&[&["gate", before.to_str().unwrap()], arguments.as_slice()].concat());
    assert_eq!(exit, Exit::Fine, "{err}");
    let files = ["evidence.json", "attestation.dsse.json"];
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(&kept).unwrap();
        for file in files {
            fs::copy(Path::new(&left).join(file), kept.join(file)).unwrap();
        }
        fs::write(corpus("releases/demo").join("gate.pub"), PUBLIC).unwrap();
    }
    // What is compared with it is the same as today: it was of this release.
    let of = |directory: &Path| Evidence::from_json(&fs::read(directory.join("evidence.json")).unwrap()).unwrap();
    let (then, now) = (of(&kept), of(Path::new(&left)));
    let counted = |evidence: &Evidence| -> Vec<u64> {
        let facts = evidence.checks.iter().filter(|check| ["tests", "replay"].contains(&check.name.as_str()));
        facts
            .flat_map(|check| check.facts.iter().filter(|(name, _)| name.contains("distinct")))
            .map(|(_, of)| *of)
            .collect()
    };
    assert_eq!(then.release.content_sha256, now.release.content_sha256);
    assert!(counted(&then).len() == 5 && counted(&then).iter().all(|count| *count >= 10), "{:?}", counted(&then));
    // A number of it edited, or none of it signed: the run ends, or is one in part.
    let release = demo(&scratch);
    let (path, file) = (release.to_str().unwrap(), scratch.file("demo-11/evidence/evidence.json"));
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains(env!("CARGO_MANIFEST_DIR")));
    let gate = || run(&["gate", path, "--only", "change", "--format", "json"]);
    assert!(gate().2.is_empty() || gate().0 != Exit::Usage, "{}", gate().2);
    fs::write(&file, text.replacen("\"distinct never-match events\": ", "\"distinct never-match events\": 1", 1))
        .unwrap();
    let (exit, _, err) = gate();
    assert!(exit == Exit::Usage && err.contains("does not hold for it"), "{err}");
    fs::write(&file, text).unwrap();
    let config = release.join("contentcheck.toml");
    let known = fs::read_to_string(&config).unwrap();
    for (line, words) in [
        ("previous-key = \"gate.pub\"\n", "no key says so"),
        ("previous-evidence = \"../demo-11/evidence/evidence.json\"\n", "no evidence of the previous release is named"),
    ] {
        assert!(known.contains(line));
        fs::write(&config, known.replace(line, "")).unwrap();
        let (exit, out, err) = gate();
        assert!(exit == Exit::Findings && out.contains(words), "{line}: {out}{err}");
    }
}

/// Evidence of another release than the one that is named as the previous one ends the run, and so does that of this one.
#[test]
fn evidence_that_is_not_of_the_previous_release_ends_the_run() {
    let scratch = Scratch::new("previous");
    let release = demo_without_evidence(&scratch);
    let (path, before) = (release.to_str().unwrap(), scratch.file("demo-11"));
    let json = scratch.file("11.json");
    let leave = |release: &str, file: &str| {
        let (exit, _, err) = run(&["gate", release, "--only", "lint,tests", "--format", "json", "-o", file]);
        assert_ne!(exit, Exit::Usage, "{err}");
    };
    leave(&before, &json);
    let gate = |evidence: &str| run(&["gate", path, "--only", "change", "--previous-evidence", evidence]);
    let (exit, out, err) = gate(&json);
    assert_eq!(exit, Exit::Findings, "{out}{err}");
    assert!(out.starts_with("incomplete: 1 of 10 checks ran"), "{out}");
    let other = scratch.file("other.json");
    let text = fs::read_to_string(&json).unwrap();
    for (edit, words) in [
        (
            ("\"name\": \"demo\"", "\"name\": \"other\""),
            "it is of the release `other`, and the previous release is `demo`",
        ),
        (("\"sequence\": 11", "\"sequence\": 10"), "it is of a release that has the sequence 10"),
        (("\"content_sha256\": \"", "\"content_sha256\": \"0"), "it is of other content"),
    ] {
        assert!(text.contains(edit.0), "{}", edit.0);
        fs::write(&other, text.replacen(edit.0, edit.1, 1)).unwrap();
        let (exit, _, err) = gate(&other);
        assert!(exit == Exit::Usage && err.contains(words), "{err}");
    }
    // Of this very release, and of the previous one as it no longer is.
    leave(path, &other);
    let (exit, _, err) = gate(&other);
    assert!(exit == Exit::Usage && err.contains("this is not evidence of the previous release"), "{err}");
    fs::remove_dir_all(scratch.file("demo-11/sigma/process")).unwrap();
    let (exit, _, err) = gate(&json);
    assert!(exit == Exit::Usage && err.contains("it is of other content than the previous release has"), "{err}");
}

/// What the previous release leaves out is said before anything is compared, and the comparison is one in part.
#[test]
fn exclusions_of_the_previous_release_are_told() {
    for file in [".contentcheckignore", "contentcheck.toml"] {
        let scratch = Scratch::new(&format!("excluded-{}", file.trim_start_matches('.')));
        let release = demo_without_evidence(&scratch);
        let path = release.to_str().unwrap();
        let own = scratch.file(&format!("demo-11/{file}"));
        let text = fs::read_to_string(&own).unwrap_or_default();
        let more = if text.is_empty() { "sigma\n".to_owned() } else { format!("exclude = [\"sigma\"]\n{text}") };
        fs::write(&own, more).unwrap();
        fs::remove_dir_all(release.join("sigma/process")).unwrap();
        let (exit, found) = evidence(&release, &["--only", "change"]);
        assert_eq!(exit, Exit::Findings);
        let change = found.checks.iter().find(|check| check.name == "change").unwrap();
        assert!(change.skipped.iter().any(|of| of.contains("the previous release's own exclusions")), "{change:?}");
        assert!(found.files_left_out.iter().any(|of| of.reason.starts_with("previous release: ")), "{found:?}");
        let (_, _, err) = run(&["gate", path, "--only", "change"]);
        assert!(err.contains("left out of the previous release: ") && err.contains("demo-11/sigma ("), "{err}");
    }
}

/// Of a disk that is full nothing is left that says more than is there.
#[cfg(target_os = "linux")]
#[test]
fn evidence_is_left_whole_or_not_at_all() {
    let scratch = Scratch::new("full");
    let release = corpus("releases/demo");
    let directory = scratch.file("evidence");
    let (mut whole, mut none) = (0, 0);
    for blocks in [0, 1, 8, 16, 24, 26, 28, 32, 48, 64, 96, 128, 100_000] {
        // A write beyond the limit fails as one to a full disk does.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let run = Command::new("sh")
            .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_contentcheck"), "gate", release.to_str().unwrap()])
            .args(["--only", "compile,verify", "--no-config", "--evidence", &directory])
            .output()
            .unwrap();
        let left: BTreeSet<String> = walk(Path::new(&directory)).iter().map(|path| name(path)).collect();
        let err = String::from_utf8_lossy(&run.stderr);
        if run.status.code() == Some(0) {
            whole += 1;
            assert!(left.len() == 7 && left.contains("evidence.json") && left.contains("release.ccimage"), "{left:?}");
        } else {
            none += 1;
            assert_eq!((run.status.code(), left.len()), (Some(2), 0), "{blocks}: {left:?} {err}");
            assert!(!err.contains("evidence left"), "{err}");
        }
    }
    assert!(whole > 0 && none > 2, "{whole} {none}");
}

/// Of two gates at once into one directory each would remove what the other left: the second one ends before it removes
/// anything, and a gate that was killed holds nothing.
#[test]
fn a_directory_of_evidence_is_of_one_run_at_a_time() {
    let scratch = Scratch::new("lock");
    let release = corpus("releases/demo");
    let (path, left) = (release.to_str().unwrap(), scratch.file("evidence"));
    let arguments = ["gate", path, "--only", "compile", "--no-config", "--evidence", &left];
    let (exit, _, err) = run(&arguments);
    assert_eq!(exit, Exit::Fine, "{err}");
    let before = fs::read(Path::new(&left).join("evidence.json")).unwrap();
    let held = contentcheck_project::lock::hold(Path::new(&left)).unwrap().unwrap();
    for more in [&[][..], &["--cases", "5"], &["--previous", "missing"]] {
        let (exit, out, err) = run(&[&arguments[..], more].concat());
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{err}");
        assert!(err.contains("another run") && err.contains(&left), "{err}");
        assert_eq!(fs::read(Path::new(&left).join("evidence.json")).unwrap(), before);
    }
    drop(held);
    // Killed in the middle: the lock ends with the process.
    let mut child = Command::new(env!("CARGO_BIN_EXE_contentcheck"))
        .args(["gate", path, "--no-config", "--every-rule", "--evidence", &left])
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let process = format!("(process {})", child.id());
    let is_held = || contentcheck_project::lock::hold(Path::new(&left)).err();
    let refused = (0..600).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        is_held()
    });
    let refused = refused.unwrap().message;
    assert!(!cfg!(target_os = "linux") || refused.contains(&process), "{refused}");
    child.kill().unwrap();
    child.wait().unwrap();
    let (exit, _, err) = run(&arguments);
    assert_eq!(exit, Exit::Fine, "{err}");
    assert!(Path::new(&left).join("evidence.json").exists());
}

/// Two outputs of one run to one file would leave the last alone.
#[test]
fn two_outputs_to_one_file_are_refused() {
    let scratch = Scratch::new("outputs");
    let release = demo(&scratch);
    let (path, left) = (release.to_str().unwrap(), scratch.file("evidence"));
    for is_there in [false, true] {
        for file in [
            "release.ccimage",
            "evidence.json",
            "evidence.sarif",
            "junit.xml",
            "summary.md",
            "report.html",
            "summary.txt",
            "attestation.dsse.json",
            "../evidence/evidence.json",
        ] {
            let output = format!("{left}/{file}");
            // A way through a directory that is not there leads nowhere.
            if !is_there && file.starts_with("..") {
                continue;
            }
            if is_there {
                fs::create_dir_all(&left).unwrap();
                fs::write(&output, "old").unwrap();
            }
            let (exit, _, err) =
                run(&["gate", path, "--only", "lint", "--evidence", &left, "--format", "json", "-o", &output]);
            assert!(exit == Exit::Usage && err.contains("two outputs of this run would be this file"), "{file}: {err}");
            assert_eq!(fs::read_to_string(&output).ok(), is_there.then(|| "old".to_owned()), "{file}");
        }
    }
    let output = scratch.file("x");
    let refused = Cli::try_parse_from(["contentcheck", "lint", path, "--write-baseline", &output, "-o", &output]);
    let err = refused.unwrap_err().to_string();
    assert!(err.contains("cannot be used with '--output"), "{err}");
}

/// What a gate would read is no output of any other command.
#[test]
fn no_command_writes_over_what_the_gate_reads() {
    let scratch = Scratch::new("gate-inputs");
    let release = demo_without_evidence(&scratch);
    let path = release.to_str().unwrap();
    let config = release.join("contentcheck.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        text.replace("[gate]", "[gate]\nprevious-evidence = \"before.json\"\nprevious-key = \"gate.pub\""),
    )
    .unwrap();
    fs::write(release.join("before.json"), "{}").unwrap();
    for file in [
        "recordings/workday.jsonl",
        "never-match/windows.jsonl",
        "before.json",
        "gate.pub",
        "../demo-11/evidence/attestation.dsse.json",
        "../demo-11/contentcheck.toml",
        "../demo-11/templates.content",
        "../demo-11/tables/vulnerable_drivers.csv",
    ] {
        let output = release.join(file);
        let (before, output) = (fs::read(&output).unwrap(), output.to_str().unwrap());
        for command in ["compile", "lint"] {
            let (exit, _, err) = run(&[command, path, "-o", output]);
            assert!(exit == Exit::Usage && err.contains("would replace an input"), "{command} {file}: {err}");
        }
        assert_eq!(fs::read(output).unwrap(), before, "{file}");
    }
    let new = release.join("recordings/release.ccimage");
    for _ in 0..2 {
        assert_eq!(run(&["compile", path, "-o", new.to_str().unwrap()]).0, Exit::Fine);
    }
}

/// A configuration that is no file is not taken for none: the settings of the release would go with it.
#[cfg(target_os = "linux")]
#[test]
fn a_configuration_of_another_kind_is_an_error() {
    let scratch = Scratch::new("special");
    let release = demo(&scratch);
    let path = release.to_str().unwrap();
    for of in ["demo", "demo-11"] {
        let config = scratch.file(&format!("{of}/contentcheck.toml"));
        let text = fs::read(&config).unwrap();
        for kind in ["pipe", "directory", "link", "socket"] {
            fs::remove_file(&config).unwrap();
            match kind {
                "pipe" => assert!(Command::new("mkfifo").arg(&config).status().unwrap().success()),
                "directory" => fs::create_dir(&config).unwrap(),
                "link" => std::os::unix::fs::symlink("nowhere", &config).unwrap(),
                _ => drop(std::os::unix::net::UnixListener::bind(&config).unwrap()),
            }
            for command in ["gate", "lint", "compile"] {
                if of == "demo-11" && command != "gate" {
                    continue;
                }
                let more: &[&str] = match command {
                    "gate" => &["--only", "change"],
                    "compile" => &["-o", "-"],
                    _ => &[],
                };
                let (exit, _, err) = run(&[[command, path].as_slice(), more].concat());
                assert!(exit == Exit::Usage && err.contains("contentcheck.toml"), "{of} {kind} {command}: {err}");
            }
            if kind == "directory" {
                fs::remove_dir(&config).unwrap()
            } else {
                fs::remove_file(&config).unwrap()
            }
            fs::write(&config, &text).unwrap();
        }
    }
}

/// A record whose object has a name twice says two things: it is no event, and the run says so.
#[test]
fn a_name_that_appears_twice_is_no_event() {
    let scratch = Scratch::new("twice");
    let release = demo(&scratch);
    let path = release.to_str().unwrap();
    let file = release.join("never-match/windows.jsonl");
    let whole = fs::read_to_string(&file).unwrap();
    for (from, to) in [
        ("\"EventID\": 1,", "\"EventID\": 1, \"EventID\": 99,"),
        ("\"EventID\": 1,", "\"EventID\": 1, \"Event\\u0049D\": 1,"),
        ("{", "{\"Event\": {\"System\": {\"Channel\": \"a\", \"Channel\": \"b\"}}, "),
    ] {
        let count = whole.lines().filter(|line| line.contains(from)).count();
        let text: Vec<String> = whole.lines().map(|line| line.replacen(from, to, 1)).collect();
        fs::write(&file, text.join("\n") + "\n").unwrap();
        let (exit, found) = evidence(&release, &["--only", "replay"]);
        let unread =
            found.errors().filter(|(_, of)| of.code == "CC1012" && of.message.contains("appears twice")).count();
        assert_eq!((exit, unread), (Exit::Findings, count.min(20)), "{to}");
        let (_, _, err) = run(&["replay", file.to_str().unwrap(), "--rules", path]);
        assert!(err.contains("appears twice in one object"), "{err}");
    }
}

/// What looks like a slip in a test is told by the gate as by `test`, and a file without a test is none.
#[test]
fn slips_in_tests_are_told() {
    let scratch = Scratch::new("slips");
    let release = demo(&scratch);
    let file = release.join("sigma/process/office_child.test.yml");
    let slip =
        "- name: a slip\n  expect: silent\n  event: {Imag: 'C:\\x\\cmd.exe', ParentImage: 'C:\\x\\winword.exe'}\n";
    fs::write(&file, slip).unwrap();
    let (exit, found) = evidence(&release, &["--only", "tests"]);
    let told: Vec<&str> = found.errors().map(|(_, of)| of.message.as_str()).collect();
    assert!(
        exit == Exit::Findings && told.len() == 1 && told[0].contains("has a field `Imag`; did you mean"),
        "{told:?}"
    );
    for text in ["[]", "", "[]\n", "# nothing\n[\n]\n"] {
        fs::write(&file, text).unwrap();
        let (exit, found) = evidence(&release, &["--only", "tests"]);
        let said: Vec<&str> = found.errors().map(|(_, of)| of.code.as_str()).collect();
        assert_eq!((exit, said.as_slice()), (Exit::Findings, ["CC1004"].as_slice()), "{text:?}");
    }
}

/// What is not checked, or not done, is said.
#[test]
fn what_does_not_happen_is_said() {
    let scratch = Scratch::new("unsaid");
    let release = demo(&scratch);
    let path = release.to_str().unwrap();
    let (exit, _, err) = crate::common::run(&["compile", path, "--no-config", "-o", "-"]);
    assert!(exit == Exit::Fine && err.contains("not checked: arity: no fleet was named"), "{err}");
    for more in [&["-o", "-"][..], &["--no-config", "--sensor", "builtin:sysmon/4.90", "-o", "-"]] {
        let (_, _, err) = crate::common::run(&[["compile", path].as_slice(), more].concat());
        assert!(!err.contains("not checked"), "{err}");
    }
    // A table that is read wherever it lies is not called left out of the release.
    let config = release.join("contentcheck.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("exclude = [\"tables\"]\n{text}")).unwrap();
    let (exit, _, err) = crate::common::run(&["compile", path, "-o", "-"]);
    assert!(exit == Exit::Fine && err.contains("left out of the content: ") && !err.contains("not part"), "{err}");
    let (_, found) = evidence(&release, &["--only", "lint"]);
    let reasons: Vec<&str> = found.files_left_out.iter().map(|of| of.reason.as_str()).collect();
    assert_eq!(reasons, ["exclude, but for the data of tables"]);
}

/// The settings name the whole release, so a part of it is told as one.
#[test]
fn a_part_of_a_release_is_no_whole_one() {
    let missing = |part: &str| {
        let (_, found) = evidence(&corpus("releases/demo").join(part), &["--only", "lint"]);
        let lint = found.checks.into_iter().find(|check| check.name == "lint").unwrap();
        lint.skipped.into_iter().any(|of| of.contains("a part of the release"))
    };
    assert!(missing("sigma") && missing("templates.content"));
    assert!(!missing("") && !missing("../demo/sigma/.."));
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
