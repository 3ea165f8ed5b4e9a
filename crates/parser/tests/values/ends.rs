//! Values and files that end before they seem to, and what holds nothing.

use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered};

use super::{PROCESS, read};

#[test]
fn a_last_value_without_a_line_end_may_be_cut_off() {
    let rule = |status: &str, end: &str| {
        let text = format!(
            "title: A rule for this test\nid: 6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51\nstatus: {status}\ndescription: It is for this \
             test alone.\nauthor: nobody\ndate: 2026-01-15\nlevel: low\nlogsource: {{{PROCESS}}}\ndetection:\n    condition: \
             s\n    s:\n        CommandLine|contains{end}"
        );
        let found = read(&[("r.yml", text)]);
        found.iter().map(|found| found.code.id).collect::<Vec<_>>()
    };
    for cut in [": abc", ":\n        - abc\n        - de", ": |-\n            abc"] {
        assert_eq!(rule("test", cut), ["CC0144"], "{cut:?}");
        assert_eq!(rule("test", &format!("{cut}\n")), [""; 0], "{cut:?}");
        assert_eq!(rule("test", &format!("{cut}\r\n")), [""; 0], "{cut:?}");
    }
    for whole in [": 'abc'", ": abc # why", ": [abc, de]", ": abc\nlevel: low"] {
        let found = rule("test", whole);
        assert!(!found.contains(&"CC0144"), "{whole:?} {found:?}");
    }
    assert_eq!(rule("unsupported", ": abc\n"), ["CC0728"]);
}

/// A file in which nothing is left of a rule, and documents of which nothing is.
#[test]
fn what_holds_nothing_is_told() {
    let codes = |text: &str| -> Vec<&str> {
        let sources = vec![
            (
                Source::new("t.content", "template t @ 1 {\n    serves { category: \"x\" }\n    1 a : string\n}\n"),
                Language::Native,
            ),
            (Source::new("r.yml", text), Language::Sigma),
        ];
        let judged = Gathered::of(sources).check(&Checking::default()).judge();
        judged.findings().iter().map(|found| found.code.id).filter(|code| *code == "CC0102").collect()
    };
    const RULE: &str =
        "title: A rule\nlogsource:\n    category: x\ndetection:\n    s:\n        a: 1\n    condition: s\n";
    let comment: String = RULE.lines().map(|line| format!("# {line}\n")).collect();
    for nothing in ["---", "---\n", "null\n", "~\n", "--- null\n", "---\n---\n", "---\n# c\n", "--- # c\n---\n"] {
        assert_eq!(codes(nothing), ["CC0102"], "{nothing:?}");
    }
    assert_eq!(codes(&format!("---\n{comment}")), ["CC0102"]);
    for (text, found) in [
        (format!("{RULE}---\n{comment}"), &["CC0102"][..]),
        (format!("{RULE}---\n{comment}---\n{RULE}"), &["CC0102"]),
        (format!("{RULE}---\nnull\n"), &["CC0102"]),
        (format!("{RULE}---\n"), &[]),
        (format!("---\n{RULE}"), &[]),
        (format!("# License\n---\n{RULE}...\n"), &[]),
        (format!("{RULE}---\n# the end\n"), &[]),
        (format!("%YAML 1.2\n---\n{RULE}"), &[]),
        (format!("# License\n%TAG ! tag:acme,2026:\n---\n{RULE}"), &[]),
        (format!("{RULE}---\n---\n{RULE}"), &[]),
    ] {
        assert_eq!(codes(&text), found, "{text}");
    }
}

/// A value that takes in what stands below it, and one that a comment cuts.
#[test]
fn a_value_that_ends_elsewhere_than_it_seems_to_is_told() {
    let found = |value: &str| -> Vec<(&'static str, bool)> {
        let text = format!(
            "title: A rule\nlogsource:\n    category: x\ndetection:\n    s:\n        a|contains:\n{value}    condition: s\n"
        );
        let sources = vec![
            (
                Source::new("t.content", "template t @ 1 {\n    serves { category: \"x\" }\n    1 a : string\n}\n"),
                Language::Native,
            ),
            (Source::new("r.yml", text), Language::Sigma),
        ];
        let judged = Gathered::of(sources).check(&Checking::default()).judge();
        let of = judged.findings().iter().filter(|found| matches!(found.code.id, "CC0145" | "CC0110"));
        of.map(|found| (found.code.id, found.severity == contentcheck_model::diagnostic::Severity::Error)).collect()
    };
    let item = |lines: &[&str]| lines.iter().map(|line| format!("            {line}\n")).collect::<String>();
    for deeper in ["  - two", "    - two", " - two", "  - 'two'", "  -  two", "\n              - two"] {
        let lines = item(&["- one", deeper, "- three"]);
        assert_eq!(found(&lines), [("CC0145", true)], "{lines}");
    }
    for folded in [&["- >-", "  one", "  - two"][..], &["- >", "  - one", "  - two"]] {
        assert_eq!(found(&item(folded)), [("CC0145", true)], "{folded:?}");
    }
    for warned in [&["- one", "  two"][..], &["- 'one", "  two'"], &["- net user #admin"], &["- one #2"]] {
        assert_eq!(found(&item(warned)), [("CC0145", false)], "{warned:?}");
    }
    for fine in [
        &["- one", "- two"][..],
        &["- one # a comment"],
        &["- one # "],
        &["- one #translates a name to another"],
        &["- 'one #two'"],
        &["- a#b"],
        &["- |", "  one", "  - two"],
        &["- >-", "  one", "  two - three"],
        &["- one ## section"],
    ] {
        assert_eq!(found(&item(fine)), [], "{fine:?}");
    }
}
