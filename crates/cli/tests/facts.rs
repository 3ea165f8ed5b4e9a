//! What reports say of sensors is there in parts: nobody has to take a message apart.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;

use crate::common::{corpus, directories, name, run};
use serde_json::{Value, json};

/// The findings of a directory in JSON.
fn findings(directory: &Path, more: &[&str]) -> Vec<Value> {
    let path = directory.to_str().unwrap();
    let fixed = ["lint", path, "--no-config", "--format", "json", "--show", "info", "--threads", "1"];
    let (_, out, err) = run(&[&fixed[..], more].concat());
    let report: Value = serde_json::from_slice(&out).unwrap_or_else(|error| panic!("{path}: {error}: {err}"));
    let schema = contentcheck::report::schema();
    assert!(jsonschema::is_valid(&schema, &report), "{path}");
    report["findings"].as_array().unwrap().clone()
}

#[test]
fn every_finding_about_sensors_has_its_facts() {
    let (mut seen, mut beyond, mut versions) = (0, 0, 0);
    for directory in directories(&corpus("reject")) {
        // A manifest that is refused ends the run.
        if !name(&directory).starts_with("CC04") || name(&directory).starts_with("CC0407") {
            continue;
        }
        let fleet = directory.join("fleet.json");
        for found in findings(&directory, &["--fleet", fleet.to_str().unwrap()]) {
            let code = found["code"].as_str().unwrap();
            if !code.starts_with("CC04") {
                continue;
            }
            seen += 1;
            let detail = &found["detail"];
            // What no sensor is asked for.
            if detail["about"] == "position" {
                assert_eq!((code, &detail["arity"], &detail["position"]), ("CC0402", &json!(2), &json!(9)), "{found}");
                assert_eq!((&detail["template"], &detail["version"]), (&json!("acme.short"), &json!(1)), "{found}");
                beyond += 1;
                continue;
            }
            if detail["declared"].is_object() {
                assert_eq!((code, &detail["declared"]["type"]), ("CC0404", &json!("int?")), "{found}");
                assert!(detail["declared"]["version"] != detail["version"], "{found}");
                assert_eq!((&detail["about"], &detail["sensors"]), (&json!("input"), &json!([])), "{found}");
                versions += 1;
                continue;
            }
            let about = match code {
                "CC0405" | "CC0406" | "CC0410" => "rule",
                "CC0408" => "capacity",
                _ => "input",
            };
            assert_eq!(found["detail"]["about"], about, "{found}");
            assert!(!found["detail"]["sensors"].as_array().unwrap().is_empty(), "{found}");
        }
    }
    assert!(seen >= 8 && beyond > 0 && versions > 0, "{seen} {beyond} {versions}");
}

/// The fleet skips versions that the library knows; both languages are told how to leave old sensors out.
#[test]
fn an_input_that_is_missed_names_the_version_that_brought_it() {
    let directory = std::env::temp_dir().join(format!("contentcheck-{}-facts", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let rule = "title: Renamed Tool\nid: 3a1f0c52-6a4e-4f0e-9d0b-2c7c1f0b9a11\nlogsource:\n    product: windows\n    \
                category: process_creation\ndetection:\n    selection:\n        OriginalFileName: 'certutil.exe'\n    \
                condition: selection\nlevel: high\n";
    fs::write(directory.join("rule.yml"), rule).unwrap();
    let native = "rule renamed_tool {\n    id: \"5d3d2ef4-0f5a-4b1c-9a3e-2f6a7c1d8e90\"\n    \
                  template: windows.sysmon.process_creation @ 1\n    severity: high\n    \
                  when OriginalFileName == \"certutil.exe\"\n}\n";
    fs::write(directory.join("rule.content"), native).unwrap();
    let fleet = ["--fleet", "builtin:sysmon/4.0", "--fleet", "builtin:sysmon/4.90"];
    let found = findings(&directory, &fleet);
    fs::remove_dir_all(&directory).unwrap();
    let found: Vec<&Value> = found.iter().filter(|found| found["code"] == "CC0401").collect();
    assert_eq!(found.len(), 2, "{found:?}");
    for found in found {
        let help = found["help"].as_str().unwrap();
        let written = if found["file"].as_str().unwrap().ends_with(".yml") {
            "`custom_attributes: { sensors: \"sysmon >=4.21\" }`"
        } else {
            "`sensors: \"sysmon >=4.21\"`"
        };
        assert!(help.contains("sysmon 4.21 on") && help.contains(written), "{help}");
        let detail = &found["detail"];
        assert_eq!(detail["input"], "OriginalFileName");
        assert_eq!(detail["template"], "windows.sysmon.process_creation");
        assert_eq!(detail["by_position"], false);
        assert!(detail["position"].as_u64().is_some_and(|position| position <= detail["arity"].as_u64().unwrap()));
        assert_eq!(detail["supplied_by"], json!([{ "sensor": "sysmon", "from": "4.21" }]));
        let sensors = detail["sensors"].as_array().unwrap();
        assert_eq!((sensors.len(), &sensors[0]["version"]), (1, &json!("4.0")), "{sensors:?}");
    }
}
