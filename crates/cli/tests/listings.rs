//! What `sensor list`, `sensor diff` and `explain` print as JSON is what their schemas say.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::process::Command;

use contentcheck::args::SchemaName;
use contentcheck::commands::schema::schema;
use serde_json::{Value, json};

fn printed(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_contentcheck")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Holds a value against a schema, and each of the objects at `within` with a member more.
fn valid(name: SchemaName, value: &Value, within: &[&str]) {
    let schema = schema(name).unwrap_or_else(|failure| panic!("{}", failure.message));
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::options().build(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    for pointer in within {
        let mut more = value.clone();
        let object = more.pointer_mut(pointer).and_then(Value::as_object_mut);
        object.unwrap_or_else(|| panic!("nothing at {pointer}")).insert("more".to_owned(), json!(1));
        assert!(!validator.is_valid(&more), "the schema admits unknown members at {pointer}");
    }
}

#[test]
fn sensors_are_listed() {
    let listed = printed(&["sensor", "list", "builtin:sysmon/4.90", "builtin:windows", "--format", "json"]);
    valid(SchemaName::SensorList, &listed, &["/0"]);
    let sysmon = listed.as_array().unwrap().iter().find(|of| of["sensor"] == "sysmon").unwrap();
    assert_eq!(sysmon["version"], "4.90");
    assert!(sysmon["inputs"].as_u64() > sysmon["templates"].as_u64());
}

#[test]
fn two_sensors_differ() {
    let of = |old, new| printed(&["sensor", "diff", old, new, "--format", "json"]);
    let grown = of("builtin:sysmon/4.0", "builtin:sysmon/4.1");
    valid(SchemaName::SensorDiff, &grown, &["", "/templates/0", "/templates/0/changes/0"]);
    let process = "windows.sysmon.process_creation";
    let found = grown["templates"].as_array().unwrap().iter().find(|of| of["template"] == process).unwrap();
    assert_eq!((found["old_arity"].as_u64(), found["new_arity"].as_u64()), (Some(20), Some(21)));
    assert!(
        found["changes"].as_array().unwrap().contains(
            &json!({ "change": "added", "field": "RuleName", "to": 1, "type": found_type(found, "RuleName") })
        )
    );
    let fewer = of("builtin:sysmon/4.90", "builtin:sysmon/2.0");
    valid(SchemaName::SensorDiff, &fewer, &[""]);
    assert!(fewer["templates"].as_array().unwrap().iter().any(|of| of["new_arity"].is_null()));
    let same = of("builtin:sysmon/4.90", "builtin:sysmon/4.90");
    valid(SchemaName::SensorDiff, &same, &[""]);
    assert_eq!(same["templates"], json!([]));
}

fn found_type<'v>(template: &'v Value, field: &str) -> &'v Value {
    &template["changes"].as_array().unwrap().iter().find(|of| of["field"] == field).unwrap()["type"]
}

#[test]
fn codes_are_explained() {
    let all = printed(&["explain", "--format", "json"]);
    valid(SchemaName::Explain, &all, &["/0"]);
    let one = printed(&["explain", "CC0401", "--format", "json"]);
    valid(SchemaName::Explain, &one, &["/0", "/0/example"]);
    assert_eq!((one[0]["code"].as_str(), one[0]["severity"].as_str()), (Some("CC0401"), Some("error")));
    assert!(all.as_array().unwrap().contains(&one[0]));
}
