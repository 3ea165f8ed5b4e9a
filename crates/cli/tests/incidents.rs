//! corpus/incidents through the gate: each is rejected by the checks and codes that its `expected-gate.txt` names, and
//! what the interpreter does with it, once these checks are left out, is safe. With `BLESS=1` the expectations are
//! written.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::common::{corpus, directories, name, run};
use contentcheck::exit::Exit;
use contentcheck_gate::evidence::{Evidence, Status, Weight};

fn gate(directory: &Path, more: &[&str]) -> (Exit, Evidence) {
    let (exit, out, err) = started(directory, more);
    let evidence = serde_json::from_slice(&out).unwrap_or_else(|error| panic!("{error}\n{err}"));
    (exit, evidence)
}

/// How the gate ends, its evidence, and what it says.
fn started(directory: &Path, more: &[&str]) -> (Exit, Vec<u8>, String) {
    let path = directory.to_str().unwrap();
    let mut arguments = vec!["gate", path, "--format", "json", "--cases", "64"];
    let fleet = directory.join("fleet.json");
    if fleet.exists() && !directory.join("contentcheck.toml").exists() {
        arguments.extend(["--fleet", fleet.to_str().unwrap()]);
    }
    if !directory.join("contentcheck.toml").exists() {
        arguments.push("--no-config");
    }
    arguments.extend(more);
    run(&arguments)
}

/// The one whose gate is what is broken.
fn is_of_the_gate(directory: &Path) -> bool {
    name(directory) == "meta-broken-audit"
}

/// Check, code and number of what fails, one line each.
fn failures(evidence: &Evidence) -> String {
    let mut counts: BTreeMap<(u32, &str, &str), usize> = BTreeMap::new();
    for (check, finding) in evidence.errors() {
        *counts.entry((check.number, &check.name, &finding.code)).or_default() += 1;
    }
    counts.iter().fold(String::new(), |mut all, ((_, check, code), count)| {
        let _ = writeln!(all, "{check} {code} {count}");
        all
    })
}

#[test]
fn every_incident_is_rejected_by_the_checks_that_it_names() {
    let mut problems = Vec::new();
    let table = fs::read_to_string(corpus("../docs/incidents.md")).unwrap();
    assert!(directories(&corpus("incidents")).len() >= 20);
    for directory in directories(&corpus("incidents")) {
        let folder = name(&directory);
        if is_of_the_gate(&directory) {
            // Nobody waits for a gate that could not see to find out that it cannot: it does not start.
            let (exit, out, err) = started(&directory, &[]);
            let page = fs::read_to_string(directory.join("README.md")).unwrap();
            let is_said = err.contains("`CC0502` is off, and so the gate would not reject") && page.contains("CC0502");
            if exit != Exit::Usage || !out.is_empty() || !is_said {
                problems.push(format!("{folder} ends with {exit:?}: {err}"));
            }
            continue;
        }
        let (exit, evidence) = gate(&directory, &["--skip", "self-test"]);
        if exit != Exit::Findings {
            problems.push(format!("{folder} ends with {exit:?}"));
        }
        let made = failures(&evidence);
        let file = directory.join("expected-gate.txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&file, &made).unwrap();
        }
        let known = fs::read_to_string(&file).unwrap_or_default();
        if known != made {
            problems.push(format!("{folder}: expected\n{known}\nbut found\n{made}"));
        }
        // The page and the table name what stops it.
        let page = fs::read_to_string(directory.join("README.md")).unwrap();
        let row = table.lines().find(|line| line.contains(&format!("(../corpus/incidents/{folder}/"))).unwrap_or("");
        // What lint alone finds has a test of its own; a sensor's refusal repeats it.
        let codes: BTreeSet<&str> =
            evidence.errors().map(|(_, finding)| finding.code.as_str()).filter(|code| *code != "CC1003").collect();
        for code in codes {
            if !row.contains(code) {
                problems.push(format!("{folder}: docs/incidents.md does not name {code}"));
            }
            if !page.contains(code) {
                problems.push(format!("{folder}: README.md does not name {code}"));
            }
        }
        if !page.contains("Source: ") {
            problems.push(format!("{folder}: README.md names no source"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

/// Without the checks that reject it: either the rule is in no image, or a sensor refuses it, or evaluation is safe: hostile
/// events, each rule switched off in turn, and recorded events bring no fault.
#[test]
fn every_incident_is_contained_where_the_checks_are_left_out() {
    let mut evaluated = 0;
    for directory in directories(&corpus("incidents")).iter().filter(|directory| !is_of_the_gate(directory)) {
        let folder = name(directory);
        let (_, whole) = gate(directory, &["--skip", "self-test"]);
        let failed: Vec<&str> = whole
            .checks
            .iter()
            .filter(|check| check.status == Status::Failed)
            .map(|check| check.name.as_str())
            .collect();
        assert!(!failed.contains(&"hostile") && !failed.contains(&"differential"), "{folder}: {failed:?}");
        let left_out = [&["self-test"], failed.as_slice()].concat().join(",");
        let (exit, rest) = gate(directory, &["--skip", &left_out]);
        // Where lint does not run, `compile` says that a rule is in no image.
        let (left_out, said): (Vec<_>, Vec<_>) = rest.errors().partition(|(_, finding)| finding.code == "CC0808");
        let expected = if left_out.is_empty() { Exit::Fine } else { Exit::Findings };
        assert_eq!((exit, said.len()), (expected, 0), "{folder}: {said:?}");
        let hostile = rest.checks.iter().find(|check| check.name == "hostile").unwrap();
        assert!(hostile.findings.iter().all(|finding| finding.weight < Weight::Error), "{folder}");
        evaluated += hostile.facts.get("hostile events").copied().unwrap_or(0);
    }
    assert!(evaluated > 100, "only {evaluated} hostile events were evaluated");
}
