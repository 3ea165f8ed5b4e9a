//! What a keyword sees of a recorded event depends on the event and its template type, and on no other rule of the release.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use contentcheck_compiler::{Options, compile};
use contentcheck_events::Flattener;
use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered, WithErrors};
use contentcheck_run::Plan;
use proptest::prelude::*;
use proptest::sample::select;

const TEMPLATE: &str = "template t.any @ 1 {
    serves { category: any }
    reads { Channel: \"T\" }
    header { level: int? }
    open
    1 text: string?
    2 whole: int?
    3 size: float?
    4 truth: bool?
    5 address: ip?
    6 raw: bytes?
    7 texts: list<string>?
    8 wholes: list<int>?
}
";

const FIELDS: [&str; 10] =
    ["text", "whole", "size", "truth", "address", "raw", "texts", "wholes", "level", "undeclared"];

/// What asks for the text of values, in the forms that keywords have.
fn keyword() -> impl Strategy<Value = String> {
    let value = select(vec![
        "a",
        "xx",
        "yy",
        "[\"xx\",\"yy\"]",
        "\"yy\"",
        "1234",
        "0x4d2",
        "-1.5",
        "1.5",
        "true",
        "6162",
        "ab",
        "::a00:1",
        "::10.0.0.1",
        "10.0.0.1",
        "nope",
        "7",
        "-",
        "null",
        ",",
    ]);
    (select(vec!["", "|startswith", "|endswith", "|contains"]), value).prop_map(|(how, value)| {
        let value = value.replace('\'', "''");
        if how.is_empty() { format!("s:\n        - '{value}'") } else { format!("s:\n        '{how}': '{value}'") }
    })
}

/// A value as a recorder may write it, of whatever type.
fn value() -> impl Strategy<Value = String> {
    select(vec![
        "null",
        "\"xx\"",
        "\"a\"",
        "\"\"",
        "1234",
        "\"0x4d2\"",
        "-1.5",
        "\"-1.5\"",
        "1.5e0",
        "true",
        "\"TRUE\"",
        "\"6162\"",
        "\"::10.0.0.1\"",
        "\"10.0.0.1\"",
        "\"nope\"",
        "\"-\"",
        "[]",
        "[\"xx\",\"yy\"]",
        "[\"xx\"]",
        "[1,\"nope\",7]",
        "[null,\"a\"]",
        "7.0",
        "[true,-1.5]",
    ])
    .prop_map(str::to_owned)
}

fn rule(id: usize, detection: &str) -> String {
    format!(
        "title: Rule {id}\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f50{id:04x}\nlogsource:\n    category: any\ndetection:\n    {detection}\n    condition: s\nlevel: low\n"
    )
}

/// The titles of the rules that match an event.
fn matches(rules: &[String], record: &str) -> Vec<String> {
    matches_on(TEMPLATE, rules, record)
}

fn matches_on(template: &str, rules: &[String], record: &str) -> Vec<String> {
    let mut sources = vec![(Source::new("t.content", template), Language::Native)];
    let own = rules.iter().enumerate();
    sources.extend(own.map(|(at, text)| (Source::new(format!("{at}.yml"), text.clone()), Language::Sigma)));
    let judged = Gathered::of(sources).check(&Checking::default()).judge();
    let content = judged.ship(WithErrors::Refuse).expect("rules that ship");
    let image = compile(&content, Options::default()).unwrap();
    let plan = Plan::for_recorder(&content, &image).unwrap();
    let (mut worker, mut flattener) = (plan.worker(), Flattener::new());
    let flat = flattener.flatten(record.as_bytes()).unwrap();
    let mut found = Vec::new();
    worker
        .evaluate(&flat, None, |_, rule| found.extend(content.rules().get(rule.index()).map(|rule| rule.title.clone())))
        .unwrap();
    found.sort();
    found
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn no_other_rule_changes_what_a_keyword_sees(
        keywords in proptest::collection::vec(keyword(), 1..6),
        values in proptest::collection::vec(prop_oneof![1 => Just(None), 2 => value().prop_map(Some)], FIELDS.len()),
        read in proptest::collection::vec(any::<bool>(), FIELDS.len()),
    ) {
        let named = FIELDS.iter().zip(&values).filter_map(|(name, value)| Some(format!("\"{name}\":{}", value.as_ref()?)));
        let record = format!("{{\"Channel\":\"T\",{}}}", named.chain(["\"z\":0".to_owned()]).collect::<Vec<_>>().join(","));
        let own: Vec<String> = keywords.iter().enumerate().map(|(at, of)| rule(at, of)).collect();
        // Rules that match nothing, and read these fields.
        let others = FIELDS.iter().zip(&read).filter(|(_, read)| **read).enumerate();
        let others = others.map(|(at, (name, _))| rule(100 + at, &format!("s:\n        {name}|exists: true\n        zz: never")));
        let all: Vec<String> = own.iter().cloned().chain(others).collect();
        prop_assert_eq!(matches(&own, &record), matches(&all, &record), "{}", record);
    }

    /// A template type that declares more, and other types, takes nothing from what a keyword sees of the same record.
    #[test]
    fn what_is_declared_takes_nothing_from_keywords(
        keywords in proptest::collection::vec(keyword(), 1..6),
        values in proptest::collection::vec(prop_oneof![1 => Just(None), 2 => value().prop_map(Some)], FIELDS.len()),
        types in proptest::collection::vec(select(vec!["string?", "int?", "float?", "bool?", "ip?", "bytes?", "list<string>?", "list<int>?"]), FIELDS.len()),
        header in any::<bool>(),
    ) {
        let named = FIELDS.iter().zip(&values).filter_map(|(name, value)| Some(format!("\"{name}\":{}", value.as_ref()?)));
        let record = format!("{{\"Channel\":\"T\",{}}}", named.chain(["\"z\":0".to_owned()]).collect::<Vec<_>>().join(","));
        let own: Vec<String> = keywords.iter().enumerate().map(|(at, of)| rule(at, of)).collect();
        let bare = "template t.any @ 1 {\n    serves { category: any }\n    reads { Channel: \"T\" }\n    1 first: string?\n}\n";
        let fields = FIELDS.iter().zip(&types).enumerate();
        let fields: Vec<String> = fields.map(|(at, (name, ty))| match header {
            true => format!("{name}: {ty}"),
            false => format!("    {} {name}: {ty}", at + 2),
        }).collect();
        let grown = match header {
            true => format!("template t.any @ 1 {{\n    serves {{ category: any }}\n    reads {{ Channel: \"T\" }}\n    header {{ {} }}\n    1 first: string?\n}}\n", fields.join(", ")),
            false => format!("template t.any @ 1 {{\n    serves {{ category: any }}\n    reads {{ Channel: \"T\" }}\n    1 first: string?\n{}\n}}\n", fields.join("\n")),
        };
        let (before, now) = (matches_on(bare, &own, &record), matches_on(&grown, &own, &record));
        prop_assert!(before.iter().all(|title| now.contains(title)), "{}\n{}\n{:?}\n{:?}", record, grown, before, now);
    }
}

/// A name under `reads` with one value has it in every event, for keywords as for comparisons.
#[test]
fn a_keyword_sees_what_every_event_has() {
    let template = "template t.any @ 1 {\n    serves { category: any }\n    reads { Channel: \"Acme/Log\", EventID: 17, Provider_Name: \"Acme\" }\n    1 first: string?\n}\n";
    // Alone, such a keyword is in every event, which is an error.
    let rules = ["- 'acme/log'", "- '17'", "Channel: 'Acme/Log'"].iter().zip(0..).map(|(sought, number)| {
        let detection = format!("t:\n        first: x\n    s:\n        {sought}");
        rule(number, &detection).replace("condition: s", "condition: s and t")
    });
    let rules: Vec<String> = rules.collect();
    for record in [
        r#"{"Channel":"Acme/Log","EventID":17,"Provider_Name":"Acme","first":"x"}"#,
        r#"{"EventID":17,"Provider_Name":"Acme","first":"x"}"#,
        r#"{"Channel":null,"EventID":17,"Provider_Name":"Acme","first":"x"}"#,
    ] {
        assert_eq!(matches_on(template, &rules, record), ["Rule 0", "Rule 1", "Rule 2"], "{record}");
    }
}
