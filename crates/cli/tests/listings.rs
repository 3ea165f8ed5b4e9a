//! What `sensor list`, `sensor diff` and `explain` print as JSON is what their schemas say.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::io::Write as _;
use std::process::{Command, Stdio};

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

/// Rules that cannot be read are in no answer, and that is said. What comes on standard input is native content.
#[test]
fn fields_of_rules_that_cannot_be_read_are_no_answer() {
    let good = "template acme.x @ 1 {\n    1 image: string\n}\nrule a {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8151\"\n    template: acme.x @ 1\n    severity: low\n    when image == \"a\"\n}\n";
    let broken = format!("{good}rule b {{\n");
    let template = ["--template", "acme.x"];
    for (text, more, code, said) in [
        (good, &[][..], 0, ""),
        (&broken, &[], 1, "CC0131"),
        // What there is does not depend on rules: the answer comes first, and one line says that some are not counted.
        (&broken, &template, 0, "rules with errors are not counted here"),
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_contentcheck"))
            .args(["fields", "-", "--no-config"])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let done = child.wait_with_output().unwrap();
        let err = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(code), "{text}{err}");
        assert!(err.contains(said) && err.is_empty() == said.is_empty(), "{err}");
        assert!(String::from_utf8(done.stdout).unwrap().contains("acme.x @ 1"));
    }
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

/// Source text of a manifest, on standard output or in a file, which is never the manifest itself.
#[test]
fn source_text_is_made_of_a_manifest() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/images/first/edr-1.4.0.json");
    let run = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_contentcheck")).args(["sensor", "codegen"]).args(arguments).output();
        let output = output.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    for (lang, part) in [
        ("rust", "pub struct EdrProcessStart<'e> {"),
        ("c", "static const cc_manifest_t EDR_MANIFEST = {"),
        ("go", "package main\n"),
    ] {
        let (code, text, said) = run(&["--lang", lang, manifest]);
        assert!(code == Some(0) && said.is_empty() && text.contains(part), "{lang}: {said}{text}");
        assert_eq!(run(&["--lang", lang, manifest]).1, text);
    }
    assert!(run(&["--lang", "go", "--package", "sensor", manifest]).1.contains("package sensor\n"));

    let file = std::env::temp_dir().join(format!("contentcheck-{}-made.rs", std::process::id()));
    let path = file.to_str().unwrap();
    assert_eq!(run(&["--lang", "rust", manifest, "-o", path]), (Some(0), String::new(), String::new()));
    let made = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(made, run(&["--lang", "rust", manifest]).1);

    for (arguments, part) in [
        (&["--lang", "c", "--package", "x", manifest][..], "`--package` is for `--lang go`"),
        (&["--lang", "go", "--package", "type", manifest], "`type` is not a name of a package"),
        (&["--lang", "c", "builtin:sysmon"], "name one version"),
        (&["--lang", "rust", manifest, "-o", manifest], "edr-1.4.0.json"),
        (&["--lang", "perl", manifest], "perl"),
    ] {
        let (code, text, said) = run(arguments);
        assert!(code == Some(2) && text.is_empty() && said.contains(part), "{arguments:?}: {code:?} {said}");
    }
}

/// Who halts in a hurry and slips must not believe that something stopped.
#[test]
fn a_halt_that_cannot_be_read_says_that_nothing_is_halted() {
    let says = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_contentcheck")).args(arguments).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), text.lines().last().is_some_and(|line| line.starts_with("NOTHING IS HALTED")))
    };
    for slip in [
        &["rollout", "halt", "--reason"][..],
        &["rollout", "halt", "--reason", "bad", "rules"],
        &["rollout", "-C", "fleet", "halt", "--force"],
        &["rollout", "halt", "-C"],
    ] {
        assert_eq!(says(slip), (Some(2), true), "{slip:?}");
    }
    assert_eq!(says(&["rollout", "status", "--halt"]), (Some(2), false));
    assert_eq!(says(&["rollout", "halt", "--help"]), (Some(0), false));
}
