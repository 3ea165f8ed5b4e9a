//! Proofs on the command line: what is printed goes back into the program and means there what was said.
#![expect(clippy::unwrap_used, clippy::unreachable, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use contentcheck::Streams;
use contentcheck::args::{Cli, SchemaName};
use contentcheck::commands::schema::schema;
use contentcheck::exit::Exit;
use serde_json::Value;

const RULES: &str = r#"
template acme.process @ 1 {
    serves { product: acme, category: process }
    reads { Channel: "Acme/Process" }
    1 image: string nocase
    2 command_line: string? nocase
    3 pid: int
    4 names: list<string>?
}

rule shell {
    id: "6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51"
    template: acme.process @ 1
    severity: low
    when image ends_with r"\cmd.exe" and command_line contains "/c" and not pid in [4, 8]
}

rule never {
    id: "6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f52"
    template: acme.process @ 1
    severity: low
    when image == r"\x.exe" and image ends_with r"\bin\x.exe"
}

rule filtered {
    id: "6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f53"
    template: acme.process @ 1
    severity: low
    when image starts_with r"C:\Users\" and not image starts_with r"C:\Windows\"
}
"#;

struct Run {
    exit: Exit,
    out: String,
    err: String,
}

fn run(arguments: &[&str]) -> Run {
    let cli = Cli::try_parse_from(std::iter::once("contentcheck").chain(arguments.iter().copied())).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = Streams { out: &mut out, err: &mut err, color: false, interactive: false };
    let exit = contentcheck::run(&cli, &mut streams);
    Run { exit, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

/// A directory of its own for each test.
fn directory(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("proofs").join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    for (file, text) in files {
        fs::write(directory.join(file), text).unwrap();
    }
    directory
}

fn valid(name: SchemaName, document: &Value) {
    let schema = schema(name).unwrap_or_else(|failure| unreachable!("{}", failure.message));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

/// What keeps a rule out of a release keeps it out of an image, proofs included: a rule that can never match.
#[test]
fn a_proof_that_is_an_error_keeps_its_rule_out_of_the_image() {
    let rules = directory("raised", &[("a.content", RULES), ("contentcheck.toml", "")]);
    let image = rules.join("r.ccir");
    let compiled = |options: &[&str]| {
        let _ = fs::remove_file(&image);
        let paths = [rules.to_str().unwrap(), "-o", image.to_str().unwrap()];
        let run = run(&[&["compile"], &paths[..], options].concat());
        (run.exit, image.exists(), run.err)
    };
    assert!(matches!(compiled(&[]), (Exit::Fine, true, _)));
    fs::write(rules.join("contentcheck.toml"), "[severity]\nCC0611 = \"error\"\n").unwrap();
    let (exit, written, said) = compiled(&[]);
    assert_eq!((exit, written), (Exit::Findings, false), "{said}");
    assert!(said.contains("1 of 3 rules cannot run"), "{said}");
    let (exit, written, said) = compiled(&["--skip-errors"]);
    assert_eq!((exit, written), (Exit::Fine, true), "{said}");
    assert!(said.contains("left out: 1 of 3 rules"), "{said}");
}

/// What a rule asks for is named, and not its opposite.
#[test]
fn a_rule_that_asks_for_what_cannot_be_absent_says_so() {
    for item in ["CommandLine|exists: false", "CommandLine: null"] {
        let text = format!(
            "title: t\nid: 00000000-0000-4000-8000-000000000027\nstatus: test\nlogsource:\n    product: windows\n    category: process_creation\n\
             detection:\n    a:\n        {item}\n    condition: a\nlevel: low\n"
        );
        let rules = directory("absent", &[("a.yml", &text)]);
        let found = run(&["lint", rules.to_str().unwrap(), "--no-config", "--format", "short", "--show", "info"]);
        let line = found.out.lines().find(|line| line.contains("CC0611")).unwrap_or_default();
        assert!(line.contains(r#""CommandLine" is absent: impossible"#), "{item}: {}", found.out);
    }
}

/// Lint finds what `prove` proves: events that fulfil the condition are of another template type.
#[test]
fn a_rule_whose_events_are_of_another_template_type_is_found_by_lint() {
    for (asked, says) in [
        ("EventID: '04730'\n        Provider_Name: Microsoft-Windows-Security-Auditing", "\"EventID\" \"04730\""),
        ("EventID: '0x127a'\n        Provider_Name: Microsoft-Windows-Security-Auditing", "\"EventID\" \"0x127a\""),
        ("EventID: '04730'\n        Provider_Name: null", "no \"Provider_Name\""),
    ] {
        let text = format!(
            "title: t\nid: 00000000-0000-4000-8000-000000000027\nstatus: test\nlogsource:\n    product: windows\n    service: security\n\
             detection:\n    a:\n        {asked}\n        Foo: evil\n    condition: a\nlevel: low\n"
        );
        let rules = directory("claimed", &[("a.yml", &text)]);
        let rules = rules.to_str().unwrap();
        let found = run(&["lint", rules, "--no-config", "--format", "short"]);
        let line = found.out.lines().find(|line| line.contains("CC0611")).unwrap_or_default();
        assert!(line.contains(says) && line.contains("never of `windows.security.other`"), "{asked}: {}", found.out);
        assert!(run(&["prove", rules, "--no-config"]).err.contains("1 never"), "{asked}");
    }
}

/// Of a template type of which no recorded event is one, nothing holds "on every event".
#[test]
fn a_rule_that_sees_no_event_does_not_fire_on_every_one() {
    let text = "template t.o @ 1 { reads { src: \"a\" } open 1 Foo: string? }\n\
                template t.o @ 2 { serves { product: acme } reads { src: \"a\" } open 1 Foo: string? 2 Goo: string? }\n\
                template t.f @ 1 { serves { product: acme } reads { src: [\"a\", \"b\"] } 1 Baz: string? }\n\
                rule n { id: \"00000000-0000-4000-8000-000000000028\" template: t.o @ 1 severity: low when Foo == \"evil\" }\n";
    let rules = directory("no-event", &[("a.content", text)]);
    let proved = run(&["prove", rules.to_str().unwrap(), "--no-config"]);
    assert!(proved.err.contains("1 never, 0 unknown, 0 always"), "{}\n{}", proved.out, proved.err);
    assert!(!proved.out.contains("fires on every event"), "{}", proved.out);
}

/// An id is the same in any case, as for the gate.
#[test]
fn a_rule_is_the_same_with_its_id_in_other_letters() {
    let rule = |id: &str, image: &str| {
        format!(
            "title: t\nid: {id}\nstatus: test\nlogsource:\n    product: windows\n    category: process_creation\n\
             detection:\n    a:\n        Image: '{image}'\n    condition: a\nlevel: low\n"
        )
    };
    let old = directory("id-old", &[("a.yml", &rule("0000000a-0000-4000-8000-000000000027", "a"))]);
    let new = directory("id-new", &[("a.yml", &rule("0000000A-0000-4000-8000-000000000027", "b"))]);
    let found = run(&["diff", old.to_str().unwrap(), new.to_str().unwrap(), "--semantic", "--no-config"]);
    assert!(found.out.contains("different") && !found.out.contains("removed"), "{}{}", found.out, found.err);
}

#[test]
fn what_is_proved_is_said_with_its_place() {
    let rules = directory("prove", &[("a.content", RULES)]);
    let rules = rules.to_str().unwrap();
    let proved = run(&["prove", rules, "--no-config"]);
    assert_eq!(proved.exit, Exit::Findings);
    assert!(proved.out.contains(r#""image" equals "\x.exe" and ends with "\bin\x.exe": impossible"#), "{}", proved.out);
    assert!(proved.out.contains("a.content:22:"), "{}", proved.out);
    assert!(proved.out.contains("dead filter"), "{}", proved.out);
    assert!(
        proved.err.contains("3 rules on a template type: 2 can match, 1 never, 0 unknown, 0 always"),
        "{}",
        proved.err
    );
    let json = run(&["prove", rules, "--no-config", "--format", "json"]);
    let document: Value = serde_json::from_str(&json.out).unwrap();
    valid(SchemaName::Prove, &document);
    assert_eq!(document["totals"]["fire"], 2);
    let one = run(&["prove", rules, "--no-config", "--rule", "shell"]);
    assert_eq!((one.exit, one.out.matches(": decides").count()), (Exit::Fine, 3), "{}", one.out);
    let lines = run(&["prove", rules, "--no-config", "--format", "ndjson"]);
    let read = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let listed: Vec<Value> = lines.out.lines().map(read).collect();
    assert_eq!(document["rules"].as_array().unwrap(), &listed);
    assert_eq!(run(&["prove", rules, "--no-config", "--rule", "shel"]).exit, Exit::Usage);
}

#[test]
fn witnesses_go_through_eval_and_test_as_they_were_said() {
    let rules = directory("witness", &[("a.content", RULES)]);
    let path = rules.to_str().unwrap();
    let events = run(&["witness", path, "--no-config", "--rule", "shell"]);
    assert_eq!(events.exit, Exit::Fine, "{}", events.err);
    let count = events.out.lines().count();
    assert_eq!(count, 4, "{}", events.out);
    let recorded = directory("witness-events", &[("events.jsonl", &events.out)]).join("events.jsonl");
    let evaluated =
        run(&["eval", recorded.to_str().unwrap(), "--rules", path, "--no-config", "--all", "--format", "json"]);
    let document: Value = serde_json::from_str(&evaluated.out).unwrap();
    let outcomes: Vec<&Value> =
        document["records"].as_array().unwrap().iter().map(|record| &record["outcome"]).collect();
    assert_eq!(outcomes, ["match", "no_match", "no_match", "no_match"], "{}", events.out);
    let blocks = run(&["witness", path, "--no-config", "--rule", "shell", "--format", "native"]);
    assert_eq!(blocks.out.lines().count(), 4, "{}", blocks.out);
    let with_tests = RULES.replacen("not pid in [4, 8]\n", &format!("not pid in [4, 8]\n{}", blocks.out), 1);
    let tested = directory("witness-tests", &[("a.content", &with_tests)]);
    let tested = run(&["test", tested.to_str().unwrap(), "--no-config", "--format", "json"]);
    assert_eq!(tested.exit, Exit::Fine, "{}{}", tested.out, tested.err);
    // A rule that never fires has no event, and that is a finding.
    let never = run(&["witness", path, "--no-config", "--rule", "never"]);
    assert_eq!(never.exit, Exit::Findings);
    assert!(never.err.contains("impossible"), "{}", never.err);
}

#[test]
fn events_with_floats_that_json_has_no_number_for_go_through_eval() {
    const TEMPLATE: &str = "template a.b @ 1 {\n    serves { product: acme, category: x }\n    reads { Channel: \"A/b\" }\n    \
                            1 f: float?\n    2 s: string\n    3 fs: list<float>?\n}\n";
    let largest = f64::MAX;
    let conditions = [
        "f exists and not (f < 5.0 or f >= 5.0)".to_owned(),
        format!("f > {largest:?}"),
        format!("f < -{largest:?}"),
        "f != 1.0 and not (f > 1.0 or f < 1.0)".to_owned(),
        format!("any fs > {largest:?} and any fs < -{largest:?}"),
    ];
    for (index, condition) in conditions.iter().enumerate() {
        let rule = format!(
            "{TEMPLATE}\nrule r {{\n    id: \"6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f5{index}\"\n    template: a.b @ 1\n    severity: low\n    \
             when {condition}\n}}\n"
        );
        let rules = directory(&format!("floats-{index}"), &[("a.content", &rule)]);
        let path = rules.to_str().unwrap();
        let events = run(&["witness", path, "--no-config", "--rule", "r"]);
        assert_eq!(events.exit, Exit::Fine, "{condition}: {}", events.err);
        let recorded =
            directory(&format!("floats-events-{index}"), &[("events.jsonl", &events.out)]).join("events.jsonl");
        let evaluated =
            run(&["eval", recorded.to_str().unwrap(), "--rules", path, "--no-config", "--all", "--format", "json"]);
        let document: Value = serde_json::from_str(&evaluated.out).unwrap();
        let outcomes: Vec<bool> =
            document["records"].as_array().unwrap().iter().map(|record| record["outcome"] == "match").collect();
        let fires = outcomes.iter().filter(|fires| **fires).count();
        assert_eq!((outcomes.first(), fires), (Some(&true), 1), "{condition}: {}", events.out);
    }
}

#[test]
fn changes_are_told_by_what_they_mean() {
    let old = directory("diff-old", &[("a.content", RULES)]);
    let changed = RULES
        .replace("not pid in [4, 8]", "not (pid == 4 or pid == 8)")
        .replace(r#"when image == r"\x.exe" and image"#, "when image")
        .replace("rule filtered", "rule renamed")
        .replace("1f53", "1f54");
    let new = directory("diff-new", &[("a.content", &changed)]);
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    let diff = run(&["diff", old, new, "--semantic", "--no-config", "--format", "json"]);
    assert_eq!(diff.exit, Exit::Fine, "{}", diff.err);
    let document: Value = serde_json::from_str(&diff.out).unwrap();
    valid(SchemaName::Diff, &document);
    assert_eq!(document["added"][0]["name"], "renamed");
    assert_eq!(document["removed"][0]["name"], "filtered");
    let meaning = |name: &str| {
        let changed = document["changed"].as_array().unwrap().iter().find(|one| one["rule"]["name"] == name);
        changed.unwrap()["targets"][0].clone()
    };
    assert_eq!(meaning("shell")["meaning"], "equal");
    assert_eq!(meaning("never")["meaning"], "wider");
    assert!(meaning("never")["only_new"]["image"].as_str().unwrap().ends_with(r"\bin\x.exe"), "{document}");
    let same = run(&["diff", old, old, "--semantic", "--no-config"]);
    assert_eq!((same.exit, same.out.as_str()), (Exit::Fine, ""));
    let plain = run(&["diff", old, new, "--no-config"]);
    assert!(plain.out.contains("changed  ") && !plain.out.contains("wider"), "{}", plain.out);
}

/// Every pair is listed, whatever the levels are: `lint --deep` leaves out those of which the wider rule matters less.
/// What an exporter never records is absent: a rule that cannot do without it never fires there, and one that can is none of them.
#[test]
fn rules_that_cannot_fire_on_what_is_recorded_are_named() {
    let rule = |name: &str, digit: char, template: &str, when: &str| {
        format!(
            "rule {name} {{\n    id: \"6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f6{digit}\"\n    template: {template} @ 1\n    severity: low\n    when {when}\n}}\n"
        )
    };
    let text = [
        "template t.process @ 1 {\n    reads { kind: \"p\" }\n    1 image: string nocase\n    2 parent: string nocase\n    3 line: string? nocase\n    4 pid: int\n    5 user: string nocase\n}\n",
        "template t.dns @ 1 {\n    reads { kind: \"d\" }\n    1 name: string nocase\n}\n",
        &rule("fires", '1', "t.process", "image ends_with \".exe\""),
        &rule("could", '2', "t.process", "image ends_with \".com\""),
        &rule("parent", '3', "t.process", "image ends_with \".com\" and parent ends_with \"a\""),
        &rule("either", '4', "t.process", "parent ends_with \"a\" or line contains \"b\""),
        &rule("without", '5', "t.process", "image ends_with \".com\" and not parent ends_with \"a\""),
        &rule("missing", '6', "t.process", "image ends_with \".com\" and not parent exists"),
        &rule("dns", '7', "t.dns", "name ends_with \".example\""),
        // Some events lack what the template type requires: a rule for these fires, also where others have it.
        &rule("nameless", '9', "t.process", "image ends_with \".com\" and not user exists"),
        &rule("number", '8', "t.process", "pid == 4"),
    ]
    .concat();
    let events =
        "{\"kind\":\"p\",\"image\":\"a.exe\",\"parent\":null,\"user\":\"u\"}\n{\"kind\":\"p\",\"image\":\"b.exe\"}\n";
    let place = directory("on", &[("a.content", &text), ("events.jsonl", events)]);
    let (rules, events) = (place.join("a.content"), place.join("events.jsonl"));
    let [rules, events] = [&rules, &events].map(|path| path.to_str().unwrap());
    let found = run(&["prove", rules, "--no-config", "--on", events, "--format", "json"]);
    assert_eq!(found.exit, Exit::Findings, "{}", found.err);
    let report: Value = serde_json::from_str(&found.out).unwrap();
    valid(SchemaName::ProveOn, &report);
    let names = |of: &str| -> Vec<String> {
        let of = report[of].as_array().unwrap().iter();
        of.map(|one| one["rule"]["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("never"), ["parent", "either", "number"]);
    assert_eq!(
        (names("not_shown"), &report["can_fire"], &report["unknown"]),
        (vec!["dns".to_owned()], &5.into(), &Value::from(Vec::<Value>::new()))
    );
    let lacks = |at: usize| report["never"][at]["lacks"][0]["inputs"].clone();
    assert_eq!(
        (lacks(0), lacks(1), lacks(2)),
        (serde_json::json!(["parent"]), serde_json::json!(["parent", "line"]), serde_json::json!(["pid"]))
    );
    let human = run(&["prove", rules, "--no-config", "--on", events]);
    for line in ["never fires: no event of t.process has `parent`", "was shown nothing: no event of t.dns"] {
        assert!(human.out.contains(line), "{line}: {}", human.out);
    }
    assert!(
        human.err.contains("2 events read: on such events 5 rules can fire, 3 never; 0 not known, 1 shown no event"),
        "{}",
        human.err
    );
    let one = run(&["prove", rules, "--no-config", "--on", events, "--rule", "could"]);
    assert_eq!((one.exit, one.out.as_str()), (Exit::Fine, ""), "{}", one.err);
}

#[test]
fn every_pair_of_which_one_implies_the_other_is_listed() {
    let rule = |name: &str, digit: char, severity: &str, when: &str| {
        format!(
            "rule {name} {{\n    id: \"6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f6{digit}\"\n    template: acme.process @ 1\n    severity: \
             {severity}\n    when {when}\n}}\n"
        )
    };
    let template = RULES.split("rule shell").next().unwrap();
    let text = format!(
        "{template}{}{}{}{}",
        rule("wide", '1', "low", r#"image ends_with ".exe""#),
        rule("narrow", '2', "high", r#"image ends_with "\\cmd.exe""#),
        rule("same", '3', "high", r#"image ends_with "\\cmd.exe" and image ends_with ".exe""#),
        rule("other", '4', "high", "pid == 4"),
    );
    let rules = directory("implied", &[("a.content", &text)]);
    let rules = rules.to_str().unwrap();
    let listed = run(&["prove", rules, "--no-config", "--implied", "--format", "json"]);
    assert_eq!(listed.exit, Exit::Fine, "{}", listed.err);
    let report: Value = serde_json::from_str(&listed.out).unwrap();
    valid(SchemaName::Implied, &report);
    let pairs: Vec<(String, String, bool)> = report["pairs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| {
            let name = |of: &str| pair[of]["name"].as_str().unwrap().to_owned();
            (name("rule"), name("by"), pair["equivalent"].as_bool().unwrap())
        })
        .collect();
    let pair = |rule: &str, by: &str, same: bool| (rule.to_owned(), by.to_owned(), same);
    let wanted = [
        pair("narrow", "wide", false),
        pair("narrow", "same", true),
        pair("same", "wide", false),
        pair("same", "narrow", true),
    ];
    assert_eq!(pairs, wanted);
    let one = run(&["prove", rules, "--no-config", "--implied", "--rule", "other"]);
    assert_eq!(one.out, "");
    assert!(one.err.contains("0 pairs of rules"), "{}", one.err);
    let human = run(&["prove", rules, "--no-config", "--implied", "--rule", "wide"]);
    assert_eq!(human.out.lines().count(), 4, "{}", human.out);
    let found = run(&["lint", rules, "--no-config", "--deep", "--format", "short"]);
    assert!(!found.out.contains("CC0620"), "{}", found.out);
}
