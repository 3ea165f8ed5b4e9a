//! Events as the sensors of a fleet supply them.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use contentcheck::args::SchemaName;
use serde_json::{Value, json};

use crate::events::{Run, run, scratch, valid};

/// A release for two sensors that differ in one input, and what either of them makes of a recording.
pub(crate) fn of_two_sensors(name: &str) -> PathBuf {
    let directory = scratch(name);
    let content = r#"template acme.process @ 1 {
    reads { Channel: "Acme/Process" }

    1 image:   string nocase
    2 session: int?
}

template acme.file @ 1 {
    reads { Channel: "Acme/File" }

    1 path: string nocase
}

rule by_image {
    id: "0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11"
    template: acme.process @ 1
    severity: low
    title: "By image"
    description: "Finds the shell"
    when image ends_with "cmd.exe"
}

rule by_session {
    id: "7c1b0f6e-5a0c-4a0e-9b7e-8d4b6ad1f8a2"
    template: acme.process @ 1
    severity: low
    title: "By session"
    description: "Finds the first session"
    sensors: ">=8"
    when session == 1
}

rule by_path {
    id: "7c1b0f6e-5a0c-4a0e-9b7e-8d4b6ad1f8a3"
    template: acme.file @ 1
    severity: low
    title: "By path"
    description: "Finds secrets"
    when path contains "secret"
}
"#;
    let manifest = |version: &str, inputs: &str| {
        let text = format!(
            r#"{{"format":1,"sensor":"acme","version":"{version}","templates":{{"acme.process":{{"inputs":[{inputs}]}}}}}}"#
        );
        fs::write(directory.join(format!("{version}.json")), text).unwrap();
    };
    let image = r#"{"name":"image","type":"string"}"#;
    manifest("7", &format!(r#"{{"name":"session","type":"string?"}},{image}"#));
    manifest("8", &format!(r#"{image},{{"name":"more","type":"ip?"}},{{"name":"session","type":"int?"}}"#));
    manifest("9", r#"{"name":"session","type":"int?"}"#);
    fs::write(directory.join("rules.content"), content).unwrap();
    let events = r#"{"Channel":"Acme/Process","image":"C:\\cmd.exe","session":1}
{"Channel":"Acme/Process","image":"C:\\cmd.exe"}
{"Channel":"Acme/File","path":"C:\\secret"}
{"Channel":"Acme/Process","image":"C:\\x.exe","session":2}
"#;
    fs::write(directory.join("events.jsonl"), events).unwrap();
    directory
}

fn as_sensor(directory: &Path, command: &str, sensor: &str, more: &[&str]) -> Run {
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let (events, rules) = (path("events.jsonl"), path("rules.content"));
    let sensor = if sensor.contains(':') { sensor.to_owned() } else { path(sensor) };
    let fixed = [command, &events, "--rules", &rules, "--no-config", "--sensor", &sensor];
    run(&[&fixed, more].concat())
}

/// An input that one sensor of the fleet supplies in another type than a rule for later sensors reads: the image loads
/// there, and the input is not looked at.
#[test]
fn events_are_evaluated_as_a_sensor_supplies_them() {
    let directory = of_two_sensors("as_sensor");
    let matches = |run: &Run| -> Vec<(String, String)> {
        let lines = run.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        lines.map(|record| (text(&record["place"]), text(&record["rule"]["name"]))).collect()
    };
    let pair = |place: &str, rule: &str| (place.to_owned(), rule.to_owned());
    let newer = as_sensor(&directory, "eval", "8.json", &["--format", "ndjson"]);
    let expected = vec![pair("line 1", "by_image"), pair("line 1", "by_session"), pair("line 2", "by_image")];
    assert_eq!((newer.exit, matches(&newer)), (0, expected), "{}", newer.err);
    let said = "as acme 8 supplies them: it loads 2 of 3 rules; 1 event of template types that it does not supply";
    assert!(newer.err.contains(said), "{}", newer.err);
    assert!(!newer.err.contains("no rule is on"), "{}", newer.err);

    let older = as_sensor(&directory, "eval", "7.json", &["--format", "ndjson"]);
    let expected = vec![pair("line 1", "by_image"), pair("line 2", "by_image")];
    assert_eq!((older.exit, matches(&older)), (0, expected), "{}", older.err);
    let said = "as acme 7 supplies them: it loads 1 of 3 rules; 1 event of template types that it does not supply";
    assert!(older.err.contains(said), "{}", older.err);
    // Who does not ask for a sensor sees every rule, whatever sensors it is for.
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let all = run(&["eval", &path("events.jsonl"), "--rules", &path("rules.content"), "--no-config"]);
    assert_eq!((all.exit, all.out.lines().count()), (0, 4), "{}", all.err);
    assert!(!all.err.contains("supplies them"), "{}", all.err);
}

#[test]
fn reports_say_what_a_sensor_loads() {
    let directory = of_two_sensors("as_sensor_reports");
    let eval = as_sensor(&directory, "eval", "7.json", &["--format", "json"]);
    let report = valid(SchemaName::Eval, &eval.out);
    let replay = as_sensor(&directory, "replay", "7.json", &["--format", "json"]);
    let counted = valid(SchemaName::Replay, &replay.out);
    assert_eq!(report["sensor"], counted["sensor"]);
    let sensor = &report["sensor"];
    assert_eq!((&sensor["name"], &sensor["version"]), (&json!("acme"), &json!("7")));
    assert_eq!((&sensor["rules"], &sensor["rules_loaded"]), (&json!(3), &json!(1)));
    assert_eq!(&sensor["events_not_supplied"], &json!(1));
    let supplied: Vec<(&Value, &Value)> =
        counted["templates"].as_array().unwrap().iter().map(|of| (&of["template"], &of["supplied"])).collect();
    assert_eq!(supplied, [(&json!("acme.file"), &json!(false)), (&json!("acme.process"), &json!(true))]);
    assert_eq!((eval.exit, replay.exit), (0, 0));
    let human = as_sensor(&directory, "replay", "7.json", &[]);
    assert!(human.out.contains("acme.file  (the sensor does not supply it)"), "{}", human.out);
}

#[test]
fn a_sensor_that_does_not_load_the_release_or_the_rule_says_so() {
    let directory = of_two_sensors("as_sensor_refusals");
    let refused = as_sensor(&directory, "eval", "9.json", &[]);
    assert_eq!((refused.exit, refused.out.as_str()), (1, ""));
    let said = "acme 9 refuses the image: CC0401: rule `By image` reads `image`";
    assert!(refused.err.contains(said) && refused.err.contains("--skip-unsupplied"), "{}", refused.err);
    let partly = as_sensor(&directory, "eval", "9.json", &["--skip-unsupplied"]);
    assert_eq!((partly.exit, partly.out.lines().count()), (0, 1), "{}", partly.err);
    assert!(partly.err.contains("it loads 1 of 3 rules"), "{}", partly.err);
    // A rule that is not loaded is not explained as if it were.
    let why = as_sensor(&directory, "eval", "7.json", &["--explain", "by_session"]);
    assert!(why.err.contains("acme 7 does not load the rule"), "{} {}", why.exit, why.err);
    let why = as_sensor(&directory, "eval", "8.json", &["--explain", "by_session"]);
    assert!(why.exit == 0 && why.out.contains("line 1 as acme.process: MATCH"), "{}", why.out);
    // None of the rules is for this sensor.
    let none = as_sensor(&directory, "replay", "builtin:sysmon/4.90", &[]);
    assert!(none.exit == 1 && none.err.contains("sysmon 4.90 loads no rule"), "{} {}", none.exit, none.err);
    let several = as_sensor(&directory, "eval", "builtin:sysmon", &[]);
    assert!(several.exit == 2 && several.err.contains("sensors; name one of them"), "{}", several.err);
    let unknown = as_sensor(&directory, "eval", "6.json", &[]);
    assert_eq!(unknown.exit, 2, "{}", unknown.err);
}
