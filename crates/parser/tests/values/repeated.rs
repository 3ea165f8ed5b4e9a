//! Values that are in a list before, however they are written.

use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered};
use proptest::prelude::*;

use super::of_item;

/// A value, as an event has it, and one of the ways to write it.
fn spelt() -> impl Strategy<Value = (u8, usize)> {
    (0_u8..6, 0_usize..4)
}

/// How often a value is there that was there before.
fn repeated(values: &[(u8, usize)]) -> usize {
    let distinct: std::collections::HashSet<u8> = values.iter().map(|(value, _)| *value).collect();
    values.len() - distinct.len()
}

fn listed(values: &[(u8, usize)], write: impl Fn(u8, usize) -> String) -> String {
    values.iter().map(|(value, how)| write(*value, *how)).collect::<Vec<_>>().join(", ")
}

fn number(value: u8, how: usize) -> String {
    let number = 4000 + u32::from(value);
    [format!("{number}"), format!("0x{number:x}"), format!("0x{number:X}"), format!("0x0{number:x}")]
        .into_iter()
        .nth(how)
        .unwrap_or_default()
}

fn address(value: u8, how: usize) -> String {
    [
        format!("fd00::{value}"),
        format!("FD00::{value}"),
        format!("fd00:0::{value}"),
        format!("fd00:0:0:0:0:0:0:{value}"),
    ]
    .into_iter()
    .nth(how)
    .unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Numbers, addresses, networks, bytes and strings are the same by what they are, whatever they are written like.
    #[test]
    fn a_value_that_is_in_a_list_before_is_told_once(values in proptest::collection::vec(spelt(), 1..8)) {
        let bytes = |value: u8, how: usize| ["hex\"AB0{}\"", "hex\"ab0{}\"", "hex\"Ab 0{}\"", "hex\"aB 0{}\""][how].replace("{}", &value.to_string());
        let text = |value: u8, how: usize| [format!("\"a{value}\""), format!("r\"a{value}\""), format!("\"\\x61{value}\""), format!("\"\\u{{61}}{value}\"")][how].clone();
        let cases = [
            ("n in", listed(&values, number)),
            ("t in", listed(&values, text)),
            ("t contains all", listed(&values, text)),
            ("b in", listed(&values, bytes)),
            ("i in", listed(&values, |value, how| format!("\"{}\"", address(value, how)))),
            ("i cidr", listed(&values, |value, how| format!("\"{}/128\"", address(value, how)))),
        ];
        for (operator, list) in cases {
            for declared in [false, true] {
                let (before, right) = match declared {
                    true => (format!("list words = [{list}]\n"), "words".to_owned()),
                    false => (String::new(), format!("[{list}]")),
                };
                // Used twice, a list is told of once.
                let rules: String = (0..2).map(|rule| format!(
                    "rule r{rule} {{\n id: \"6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f5{rule}\"\n template: acme.values @ 1\n severity: low\n \
                     when {operator} {right} or n == {rule}\n}}\n"
                )).take(if declared { 2 } else { 1 }).collect();
                let template = "template acme.values @ 1 {\n 1 n : int\n 2 t : string\n 3 b : bytes\n 4 i : ip\n}\n";
                let all = vec![(Source::new("a.content", format!("{template}{before}{rules}")), Language::Native)];
                let judged = Gathered::of(all).check(&Checking::default()).judge();
                let found: Vec<_> = judged.findings().iter().map(|found| found.code.id).collect();
                prop_assert_eq!(&found, &vec!["CC0605"; repeated(&values)], "{} {}", operator, list);
            }
        }
        if values.len() > 1 {
            for (key, list) in [
                ("Count", listed(&values, number)),
                ("Address|cidr", listed(&values, |value, how| format!("'{}/128'", address(value, how)))),
                ("Image", listed(&values, |value, how| format!("'{}{value}'", if how % 2 == 0 { 'a' } else { 'A' }))),
            ] {
                prop_assert_eq!(of_item(&format!("{key}: [{list}]")), vec!["CC0605"; repeated(&values)], "{}", list);
            }
        }
    }
}

#[test]
fn a_boolean_that_is_in_a_list_before_is_told() {
    assert!(of_item("User: [true, TRUE]").contains(&"CC0605"));
    assert!(!of_item("User: [true, false]").contains(&"CC0605"));
}

#[test]
fn what_another_use_of_a_list_tells_apart_is_none_twice() {
    let rule = |list: &str| {
        let text = format!(
            "template acme.values @ 1 {{\n 1 t : string nocase\n}}\nlist words = [\"a\", \"A\"]\nrule r {{\n id: \
             \"6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51\"\n template: acme.values @ 1\n severity: low\n when t in {list} or t \
             contains words\n}}\n"
        );
        let all = vec![(Source::new("a.content", text), Language::Native)];
        let judged = Gathered::of(all).check(&Checking::default()).judge();
        judged.findings().iter().map(|found| found.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(rule("[\"b\", \"B\"]"), ["the value `\"B\"` appears twice, first as `\"b\"`"]);
    assert_eq!(rule("words"), [""; 0]);
}
