//! `contentcheck test`: tests of rules, and recorded samples.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::PathBuf;

use contentcheck::args::SchemaName;
use contentcheck::commands::schema::schema;
use serde_json::{Value, json};

use crate::events::{Run, here, run, run_with, scratch, valid};

#[test]
fn tests_of_rules_pass_and_are_counted() {
    let Run { exit, out, err } = run(&["test", "rules"]);
    assert_eq!(
        out,
        "rules/acme.content
  ok       Shell of the system account: test 1 at line 20
  ok       Shell of the system account: test 2 at line 21
rules/rundll32.test.yml
  ok       Rundll32 From A Users Folder: a library in the folder of downloads
  ok       Rundll32 From A Users Folder: a library of the system
  ok       Rundll32 From A Users Folder: as Sysmon records it
"
    );
    assert_eq!((exit, err.as_str()), (0, "5 passed, 0 failed, 0 skipped; 1 of 3 rules without a test\n"));
    let alone = run(&["test", "rules/rundll32.yml"]);
    assert_eq!((alone.exit, alone.out.lines().count()), (0, 4), "a file that is named brings its tests along");
    let report = valid(SchemaName::Test, &run(&["test", "rules", "--format", "json"]).out);
    assert_eq!(
        report["totals"],
        json!({ "rules": 3, "rules_without_tests": 1, "passed": 5, "failed": 0, "skipped": 0, "faults": 0 })
    );
}

#[test]
fn tests_that_fail_say_why() {
    let Run { exit, out, err } = run(&["test", "faulty"]);
    assert_eq!(exit, 1, "{err}");
    assert!(err.contains("1 passed, 6 failed, 0 skipped; 1 of 2 rules without a test"), "{err}");
    for said in [
        "FAILED   Rundll32 From A Users Folder: what it must find\n           the rule must fire and does not\n",
        "note: no template type of the rule has a field `CommandLin`; did you mean `CommandLine`?\n",
        "CommandLine contains~ \"\\Users\\\": absent",
        "FAILED   Rundll32 From A Users Folder: what it must leave alone\n           the rule must be silent and fires\n",
        "the event is none that the rule looks at: what it says of itself fits none of ",
        "the rule is not on `windows.sysmon.file_event`; it is on ",
        "ok       Rundll32 From A Users Folder: right\n",
        "test 1: `event` is missing; a test has `name`, `expect: fires` or `expect: silent`, and `event`",
        "there is no `faulty/gone.yml` that these tests could be of",
    ] {
        assert!(out.contains(said), "{said}\n---\n{out}");
    }
    let report = valid(SchemaName::Test, &run(&["test", "faulty", "--format", "json"]).out);
    let failed = report["tests"].as_array().unwrap().iter().filter(|test| test["outcome"] == "failed").count();
    assert_eq!(json!(failed), report["totals"]["failed"]);
}

/// A test whose event says nothing, or which could not be recorded as what it is said to be, shows nothing of the rule.
#[test]
fn a_test_shows_the_rule_an_event_that_could_be_recorded() {
    let directory = scratch("shown");
    let path = directory.to_str().unwrap();
    fs::write(
        directory.join("rule.yml"),
        "title: Other\nid: 2f0a9c1e-6f3c-4b56-9df0-0a4b3f0f4c11\nlogsource: {product: windows, service: security}\ndetection:\n    s:\n        EventID|re: '^0?(473|9999)[0-9]$'\n        Foo: evil\n    condition: s\nlevel: low\n",
    )
    .unwrap();
    let tried = |expect: &str, more: &str| {
        let text = format!("- name: t\n  expect: {expect}\n{more}\n");
        fs::write(directory.join("rule.test.yml"), text).unwrap();
        run(&["test", path, "--no-config"])
    };
    let nothing = [
        "{}",
        "{Foo: null}",
        "{Foo: ~, EventID: null}",
        "{EventData: {}}",
        "{EventData: {Foo: null, Bar: {}}}",
        "{Foo: []}",
        "{Foo: [null, ~]}",
        "{Foo: [[], [null]]}",
        "{Event: {EventData: {Data: []}}}",
    ];
    for event in nothing {
        for expect in ["silent", "fires"] {
            let found = tried(expect, &format!("  event: {event}"));
            assert!(found.exit == 1 && found.out.contains("the event has no value"), "{event}: {}", found.out);
        }
    }
    let other = "  template: windows.security.other\n";
    for (number, fires) in [("99990", true), ("'099991'", true), ("4730", false), ("'04730'", false), ("'4731'", false)]
    {
        let event = format!("{other}  event: {{Channel: Security, EventID: {number}, Foo: evil}}");
        let found = tried("fires", &event);
        assert_eq!(found.exit, i32::from(!fires), "{number}: {}{}", found.out, found.err);
        assert!(fires || found.out.contains("fits none of"), "{number}: {}", found.out);
        // Of another provider the number is another one.
        let event = event.replace("Foo:", "Provider_Name: Somebody, Foo:");
        assert_eq!(tried("fires", &event).exit, 0, "{number}");
    }
}

#[test]
fn no_tests_are_no_pass() {
    let directory = scratch("untested");
    fs::copy(here().join("rules/rundll32.yml"), directory.join("rule.yml")).unwrap();
    let path = directory.to_str().unwrap();
    let none = run(&["test", path]);
    assert_eq!(none.exit, 2);
    assert!(none.err.contains("no tests were found"), "{}", none.err);
    assert_eq!(run(&["test", path, "--allow-none"]).exit, 0);
    let gone = run(&["test", path, "--regression", "gone"]);
    assert_eq!(gone.exit, 2);
    assert!(gone.err.contains("gone: not a directory"), "{}", gone.err);
}

/// Lays out samples as SigmaHQ does, below a root of its own.
fn regression(name: &str, sample: &str, count: &str, events: &str) -> (PathBuf, PathBuf) {
    let root = scratch(name);
    let case = root.join("regression_data/rules/rundll32");
    fs::create_dir_all(&case).unwrap();
    fs::write(case.join("sample.jsonl"), events).unwrap();
    let info = format!(
        "id: 1\nrule_metadata:\n    - id: 2f0a9c1e-6f3c-4b56-9df0-0a4b3f0f4c10\n      title: x\nregression_tests_info:\n    - name: Positive\n      type: json\n      {count}\n      path: {sample}\n"
    );
    fs::write(case.join("info.yml"), info).unwrap();
    fs::create_dir_all(root.join("rules")).unwrap();
    fs::copy(here().join("rules/rundll32.yml"), root.join("rules/rundll32.yml")).unwrap();
    (root.join("rules"), root.join("regression_data"))
}

#[test]
fn recorded_samples_must_match_as_often_as_their_description_says() {
    let event = |library: &str| {
        json!({ "Event": {
            "System": { "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1,
                "Provider": { "#attributes": { "Name": "Microsoft-Windows-Sysmon" } } },
            "EventData": { "Image": r"C:\Windows\System32\rundll32.exe", "CommandLine": format!("rundll32 {library}") },
        }})
        .to_string()
    };
    let events = [event(r"C:\Users\a\x.dll"), event(r"C:\Windows\x.dll"), event(r"C:\Users\b\x.dll")].join("\n");
    let path = "regression_data/rules/rundll32/sample.jsonl";
    let cases = [
        (path, "match_count: 2", 0, "ok       Rundll32 From A Users Folder: Positive"),
        (path, "match_count: 1", 1, "1 match expected, 2 found; 3 events, 3 of a template type of the rule"),
        (path, "provider: any", 0, "ok       Rundll32"),
        // Whatever counts is read, or is no description.
        (path, "match_cont: 2", 1, "`match_cont` of the sample is not known"),
        (path, "count: 2", 1, "`count` of the sample is not known"),
        (path, "matches: '2'", 1, "`matches` of the sample is not known"),
        (path, "Match-Count: any", 1, "`Match-Count` of the sample is not known"),
        (path, "match_count: 2.0", 1, "is a whole number of matches, and this is 2.0"),
        (path, "match_count: '2'", 1, "is a whole number of matches"),
        (path, "match_count: -1", 1, "is a whole number of matches"),
        (path, "match_count:", 1, "is a whole number of matches"),
        (path, "notes: by hand", 0, "ok       Rundll32"),
        ("../sample.jsonl", "match_count: 2", 1, "leads out of the directory"),
        ("regression_data/gone.evtx", "match_count: 2", 1, "is not below any directory above this file"),
    ];
    for (at, (path, count, exit, said)) in cases.into_iter().enumerate() {
        let (rules, data) = regression(&format!("regression-{at}"), path, count, &events);
        let run = run(&["test", rules.to_str().unwrap(), "--regression", data.to_str().unwrap()]);
        assert_eq!(run.exit, exit, "{path} {count}: {}{}", run.out, run.err);
        assert!(run.out.contains(said), "{said}\n---\n{}", run.out);
    }
    // Beside the samples no count is read, and no event is no sample of silence.
    let (rules, data) = regression("regression-top", path, "provider: any", &events);
    let info = data.join("rules/rundll32/info.yml");
    let described = fs::read_to_string(&info).unwrap();
    for (key, said) in
        [("match_count: 7", "`match_count` is not known there"), ("matches: 2", "`matches` is not known there")]
    {
        fs::write(&info, format!("{described}{key}\n")).unwrap();
        let run = run(&["test", rules.to_str().unwrap(), "--regression", data.to_str().unwrap()]);
        assert_eq!((run.exit, run.out.contains(said)), (1, true), "{key}: {}{}", run.out, run.err);
    }
    for (name, events) in [("empty", String::new()), ("unknown", events.replace("Sysmon", "Sysnom"))] {
        let (rules, data) = regression(&format!("regression-{name}"), path, "match_count: 0", &events);
        let run = run(&["test", rules.to_str().unwrap(), "--regression", data.to_str().unwrap()]);
        assert_eq!(run.exit, 1, "{name}: {}{}", run.out, run.err);
    }
    let (_, data) = regression("regression-other", path, "match_count: 2", &events);
    let other = run(&["test", "rules/acme.content", "--regression", data.to_str().unwrap()]);
    assert_eq!(other.exit, 0);
    assert!(other.out.contains("skipped  2f0a9c1e-6f3c-4b56-9df0-0a4b3f0f4c10: Positive"), "{}", other.out);
}

#[test]
fn files_of_tests_are_no_content() {
    let lint = run(&["lint", "rules"]);
    assert!(lint.err.contains("checked 2 files with 3 rules"), "{}", lint.err);
    let named = run(&["lint", "rules/rundll32.test.yml"]);
    assert_eq!(named.exit, 2);
    assert!(named.err.contains("these are tests, no content; name the rule, rules/rundll32.yml"), "{}", named.err);
    let schema = schema(SchemaName::Sidecar).unwrap_or_else(|failure| panic!("{}", failure.message));
    let tests = contentcheck_project::yaml::load(&here().join("rules/rundll32.test.yml")).unwrap();
    assert!(jsonschema::is_valid(&schema, &tests));
    assert!(!jsonschema::is_valid(
        &schema,
        &contentcheck_project::yaml::load(&here().join("faulty/unreadable.tests.yml")).unwrap()
    ));
}

/// A test of a rule sees an event as `eval` does, whatever the exporter; a true condition more loses nothing.
#[test]
fn tests_of_rules_see_what_eval_sees() {
    let rule = |detection: &str| {
        format!(
            "title: A logon\nid: 6f0d2a5e-8d2b-4c58-9d0c-2f3f5a1d7e02\nstatus: test\ndescription: Finds a logon\nlogsource:\n    product: windows\n    service: security\ndetection:\n    selection:\n        TargetUserName: alice\n{detection}    condition: selection\nlevel: low\n"
        )
    };
    let conditions = [
        "",
        "        EventID: 4624\n",
        "        EventID: 4624\n        Provider_Name: Microsoft-Windows-Security-Auditing\n",
    ];
    let events = [
        json!({ "Channel": "Security", "EventID": 4624, "TargetUserName": "alice" }),
        json!({ "Channel": "Security", "EventID": 4624, "SourceName": "Microsoft-Windows-Security-Auditing", "TargetUserName": "alice" }),
        json!({ "LogName": "Security", "EventCode": "4624", "SourceName": "Microsoft Windows security auditing.", "TargetUserName": "alice" }),
        json!({ "Channel": "Security", "EventID": 4624, "ProviderName": "Microsoft-Windows-Security-Auditing", "TargetUserName": "alice" }),
        json!({ "System": { "Channel": "Security", "EventID": { "Value": 4624 } }, "EventData": { "TargetUserName": "alice" } }),
        json!({ "result": { "Channel": "Security", "EventCode": 4624, "TargetUserName": "alice" } }),
        // These are of no event with that number: by themselves, and by their provider.
        json!({ "Channel": "Security", "TargetUserName": "bob" }),
        json!({ "Channel": "Security", "EventID": 4624, "Provider_Name": "Another", "TargetUserName": "bob" }),
    ];
    let folder = scratch("as-eval");
    for (number, condition) in conditions.iter().enumerate() {
        let file = folder.join(format!("logon{number}.yml"));
        fs::write(&file, rule(condition)).unwrap();
        let path = file.to_str().unwrap().to_owned();
        for event in &events {
            let matches = {
                let run = run_with(
                    &["eval", "--no-config", "--rules", &path, "--format", "json", "-"],
                    event.to_string().as_bytes(),
                );
                let report: Value = serde_json::from_str(&run.out).unwrap();
                report["totals"]["matches"].as_u64().unwrap()
            };
            let is_alice = event.to_string().contains("alice");
            assert_eq!(matches, u64::from(is_alice), "{event} {condition}");
            let expect = if matches > 0 { "fires" } else { "silent" };
            let case = format!("- name: n\n  expect: {expect}\n  event: {event}\n");
            fs::write(folder.join(format!("logon{number}.test.yml")), case).unwrap();
            let run = run_with(&["test", "--no-config", &path], b"");
            // An event that none of the rule's template types gets is no test of it, as eval shows it to the rule nowhere.
            let is_shown = is_alice || condition.is_empty();
            assert_eq!(run.exit, if is_shown { 0 } else { 1 }, "{event} {condition}: {}{}", run.out, run.err);
            assert!(is_shown || run.out.contains("the event is none that the rule looks at"), "{}", run.out);
        }
        fs::remove_file(&file).unwrap();
        fs::remove_file(folder.join(format!("logon{number}.test.yml"))).unwrap();
    }
}
