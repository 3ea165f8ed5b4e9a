//! Events that the tool makes, as files of tests beside Sigma rules; and techniques of rules, as the Navigator reads them.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use contentcheck::Streams;
use contentcheck::args::{Cli, SchemaName};
use contentcheck::commands::schema::schema;
use contentcheck::exit::Exit;
use serde_json::Value;

fn run(arguments: &[&str]) -> (Exit, String, String) {
    let cli = Cli::try_parse_from(["contentcheck"].iter().chain(arguments)).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = contentcheck::run(&cli, &mut Streams { out: &mut out, err: &mut err, color: false, interactive: false });
    (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn rules(directory: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            rules(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "yml") && !path.to_string_lossy().contains(".test.") {
            found.push(path);
        }
    }
}

fn scratch(name: &str) -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sidecars").join(name);
    let _ = fs::remove_dir_all(&scratch);
    fs::create_dir_all(&scratch).unwrap();
    scratch
}

fn rule(id: u32, tags: &str, detection: &str) -> String {
    format!(
        "title: Rule {id}\nid: 0d6f3c7e-1f57-4f62-9a4f-{id:012}\ntags: [{tags}]\nlogsource:\n    category: process_creation\n    product: windows\ndetection:\n{detection}level: low\n"
    )
}

/// A rule or a filter that is called as files of tests are would be in no release, and nobody would know.
#[test]
fn what_is_called_as_tests_are_and_is_none_is_told() {
    let scratch = scratch("called");
    let image = scratch.join("x.ccimage");
    let other = rule(2, "", "    s: {Image: b}\n    condition: s\n");
    let filter = "title: F\nlogsource: {product: windows}\nfilter: {rules: any, s: {User: x}, condition: not s}\n";
    fs::write(scratch.join("one.yml"), rule(1, "", "    s: {Image: a}\n    condition: s\n")).unwrap();
    let tests = "- name: it fires\n  expect: fires\n  event: {Image: a}\n";
    for (text, is_told) in [
        (other.as_str(), true),
        (filter, true),
        (filter.split_at(20).0, true),
        ("{title: F, filter: {rules: any", true),
        (&format!("# of one.yml\n%YAML 1.2\n---\n{other}"), true),
        (&format!("{tests}---\n{filter}"), true),
        (&format!("{tests}...\n---\n{filter}"), true),
        ("- title: F\n  logsource: {product: windows}\n  filter: {rules: any}\n", true),
        (&format!("-x: y\n{filter}"), true),
        (&format!("&a\n{tests}"), false),
        ("a: b\nservices: {web: {image: x}}\n", false),
        (&format!("{tests}  more: [x\n"), false),
        (&format!("---\n{tests}...\n"), false),
        (&format!("# tests\n\n{tests}"), false),
        ("", false),
        ("\n \n", false),
        ("[]\n", false),
        ("[{name: it fires, expect: fires, event: {Image: a}}]\n", false),
        (
            "- name: it fires\n  expect: fires\n  event: {source: a, logsource: {product: b}, detection: c, filter: {rules: any}}\n",
            false,
        ),
    ] {
        for name in ["one.test.yml", "two.tests.yaml"] {
            fs::write(scratch.join(name), text).unwrap();
            let path = scratch.to_str().unwrap();
            let (lint, out, _) = run(&["lint", path, "--no-config", "--format", "short"]);
            assert_eq!(
                (lint == Exit::Findings, out.contains(name) && out.contains("CC0113")),
                (is_told, is_told),
                "{text}\n{out}"
            );
            let compiled = ["compile", path, "--no-config", "--skip-errors", "-o", image.to_str().unwrap()];
            let (_, out, err) = run(&compiled);
            assert_eq!(format!("{out}{err}").contains("CC0119"), is_told, "{text}\n{out}{err}");
            fs::remove_file(scratch.join(name)).unwrap();
        }
    }
}

/// Whatever is written as a test holds when it is run: of the rules of the corpus, and of values that YAML might take for something else.
#[test]
fn what_is_made_holds_as_a_test() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/releases/demo/sigma");
    let mut found = Vec::new();
    rules(&shipped, &mut found);
    let mut texts: Vec<String> = found.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(texts.len() >= 8);
    for (number, value) in
        ["'no'", "'12'", "'1e3'", "\"a\\tb\\u202Ec\"", "'it''s: #\\'", "'{x}'", "'- a'", "'0x10'", "' '", "'~'"]
            .iter()
            .enumerate()
    {
        let number = u32::try_from(number).unwrap();
        texts.push(rule(
            number,
            "",
            &format!("    s:\n        CommandLine: {value}\n        Image|contains: x\n    condition: s\n"),
        ));
    }
    // Two in a file, and one on several template types.
    let two = |number| rule(number, "", &format!("    s:\n        Image|endswith: '{number}'\n    condition: s\n"));
    texts.push(format!("{}---\n{}", two(71), two(72)));
    texts.push("title: A\nid: 0d6f3c7e-1f57-4f62-9a4f-000000000073\nlogsource: {product: windows, service: sysmon}\ndetection:\n    s:\n        Image|endswith: 'x.exe'\n    condition: s\nlevel: low\n".to_owned());
    // What just misses these has no value at all, and no test says that.
    for (number, logsource) in
        ["product: azure, service: auditlogs", "category: antivirus", "category: webserver"].iter().enumerate()
    {
        texts.push(format!(
            "title: B\nid: 0d6f3c7e-1f57-4f62-9a4f-{:012}\nlogsource: {{{logsource}}}\ndetection:\n    s:\n        {}: 'Add owner to application'\n    condition: s\nlevel: low\n",
            80 + number,
            ["properties.message", "Signature", "cs-uri-query"][number],
        ));
    }
    for (number, text) in texts.iter().enumerate() {
        let directory = scratch(&format!("made-{number}"));
        fs::write(directory.join("rule.yml"), text).unwrap();
        let place = directory.to_str().unwrap();
        let of = if text.contains("---") { "0d6f3c7e-1f57-4f62-9a4f-000000000072" } else { "rule.yml" };
        let (exit, made, err) = run(&["witness", place, "--rule", of, "--no-config", "--format", "sidecar"]);
        assert_eq!(exit, Exit::Fine, "{text}{err}");
        let file = directory.join("rule.test.yml");
        let file = file.to_str().unwrap();
        let (exit, out, err) =
            run(&["witness", place, "--rule", of, "--no-config", "--format", "sidecar", "--output", file]);
        assert!(exit == Exit::Fine && out.is_empty() && fs::read_to_string(file).unwrap() == made, "{out}{err}");
        let (exit, out, err) = run(&["test", place, "--no-config"]);
        assert_eq!(exit, Exit::Fine, "{made}\n{out}{err}");
        assert!(!out.contains("FAILED") && out.contains("ok "), "{made}\n{out}");
    }
    // What is there is not lost, and no file is left where there is no event.
    let directory = scratch("made-never");
    let never = "title: A\nlogsource: {product: windows, category: process_creation}\ndetection:\n    s:\n        Image: 'a'\n    t:\n        Image: 'b'\n    condition: s and t\nlevel: low\n";
    fs::write(directory.join("never.yml"), never).unwrap();
    fs::write(directory.join("fires.yml"), never.replace("s and t", "s or t").replace("title: A", "title: B")).unwrap();
    let (place, out) = (directory.to_str().unwrap(), directory.join("events.jsonl"));
    let of = |rule: &str, out: &Path| {
        run(&["witness", place, "--rule", rule, "--no-config", "--output", out.to_str().unwrap()])
    };
    let (exit, _, err) = of("never.yml", &out);
    assert!(exit == Exit::Findings && !out.exists() && err.contains("nothing was written"), "{err}");
    let (exit, _, err) = of("fires.yml", &directory.join("never.yml"));
    assert!(exit == Exit::Usage && fs::read_to_string(directory.join("never.yml")).unwrap() == never, "{err}");
    assert_eq!(of("fires.yml", &out).0, Exit::Fine);
    // Nor where no test can say any of its events.
    let keyword = "title: C\nlogsource: {product: linux, service: syslog}\ndetection:\n    k: [' exiting (due to fatal error)']\n    condition: k\nlevel: low\n";
    fs::write(directory.join("keyword.yml"), keyword).unwrap();
    let file = directory.join("keyword.test.yml");
    let asked = ["witness", place, "--rule", "keyword.yml", "--no-config", "--format", "sidecar", "--output"];
    let (exit, _, err) = run(&[&asked[..], &[file.to_str().unwrap()]].concat());
    assert!(exit == Exit::Findings && !file.exists() && err.contains("nothing was written"), "{err}");
    let demo = shipped.join("..");
    let (exit, _, err) = run(&["witness", demo.to_str().unwrap(), "--rule", "beacon_pipe", "--format", "sidecar"]);
    assert!(exit == Exit::Usage && err.contains("--format native"), "{err}");
}

/// A rule that finds nothing covers nothing, whatever its tags say.
#[test]
fn techniques_count_rules_that_can_fire() {
    let directory = scratch("techniques");
    let fires = "    s:\n        Image|endswith: 'x'\n    condition: s\n";
    let never = "    s:\n        Image: 'a'\n    t:\n        Image: 'b'\n    condition: s and t\n";
    let wrong = "    s:\n        Imag: 'a'\n    condition: s\n";
    // Sysmon supplies it since 13.30 alone.
    let unfed = "    s:\n        ParentUser: 'a'\n    condition: s\n";
    for (number, (tags, detection)) in [
        ("attack.t1059.001, attack.execution", fires),
        ("attack.T1059.001, attack.t1003", fires),
        ("attack.t1003", never),
        ("attack.t1110", unfed),
        ("attack.t1200", wrong),
        ("attack.g0016", fires),
    ]
    .iter()
    .enumerate()
    {
        let text = rule(u32::try_from(number).unwrap(), tags, detection);
        fs::write(directory.join(format!("{number}.yml")), text).unwrap();
    }
    // For a sensor that the fleet has not, and of events that none of it supplies.
    let elsewhere = rule(7, "attack.t1486", fires) + "custom_attributes: {sensors: 'sysmon >=99'}\n";
    fs::write(directory.join("7.yml"), elsewhere).unwrap();
    let web = "title: Web\nid: 0d6f3c7e-1f57-4f62-9a4f-000000000099\nlogsource: {category: webserver}\ntags: [attack.t1190]\ndetection:\n    s:\n        cs-uri-query: 'x'\n    condition: s\nlevel: low\n";
    fs::write(directory.join("8.yml"), web).unwrap();
    let place = directory.to_str().unwrap();
    let of =
        |format: &str| run(&["attack", place, "--no-config", "--fleet", "builtin:sysmon/4.30", "--format", format]);
    let (exit, json, err) = of("json");
    assert!(exit == Exit::Findings && err.contains("4.yml"), "{err}");
    let report: Value = serde_json::from_str(&json).unwrap();
    let schema =
        jsonschema::validator_for(&schema(SchemaName::Attack).map_err(|failure| failure.message).unwrap()).unwrap();
    assert!(schema.is_valid(&report), "{report}");
    let counts: BTreeMap<&str, (usize, usize)> = report["techniques"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| {
            let count = |key: &str| of[key].as_array().unwrap().len();
            (of["technique"].as_str().unwrap(), (count("rules"), count("dead")))
        })
        .collect();
    assert_eq!(
        counts,
        BTreeMap::from([
            ("T1003", (1, 1)),
            ("T1059.001", (2, 0)),
            ("T1110", (0, 1)),
            ("T1190", (0, 1)),
            ("T1486", (0, 1))
        ])
    );
    assert_eq!(report["untagged"], 1);
    let layer: Value = serde_json::from_str(&of("navigator").1).unwrap();
    assert_eq!(
        (&layer["domain"], &layer["versions"]["layer"]),
        (&Value::from("enterprise-attack"), &Value::from("4.5"))
    );
    let dead = layer["techniques"].as_array().unwrap().iter().find(|of| of["techniqueID"] == "T1110").unwrap();
    assert!(
        dead["score"] == 0 && dead["color"].is_string() && dead["comment"].as_str().unwrap().contains("CC0401"),
        "{dead}"
    );
    let text = of("human").1;
    assert!(text.contains("T1059.001  2 rules\n") && text.contains("no event fulfils it"), "{text}");
}
