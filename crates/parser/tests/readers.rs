//! What an author sees in a Sigma file is what is read of it, or an error says that it is not: a file that other
//! readers and editors take for more or for other rules yields none.
#![expect(clippy::string_slice, reason = "a test stops at the first surprise")]

use contentcheck_parser::catalogue::Catalogue;
use contentcheck_parser::diagnostic::{Diagnostic, Severity};
use contentcheck_parser::outcome::FileOutcome;
use contentcheck_parser::sigma;
use contentcheck_parser::source::Source;

fn read(text: &str) -> FileOutcome {
    sigma::check(&Source::new("r.yml", text), &Catalogue::new([]))
}

/// The errors of a code.
fn errors<'o>(outcome: &'o FileOutcome, code: &str) -> Vec<&'o Diagnostic> {
    let is_wanted = |found: &&Diagnostic| found.severity == Severity::Error && found.code.id == code;
    outcome.diagnostics.iter().filter(is_wanted).collect()
}

fn rule(title: &str) -> String {
    format!("title: {title}\nlogsource: {{category: x}}\ndetection:\n    s: {{a: b}}\n    condition: s\n")
}

#[test]
fn a_global_document_without_followers_is_a_rule_that_is_left_out() {
    let bodies =
        [rule("T"), "foo: bar\nwhatever: [1]\n".to_owned(), "logsource: {category: x}\n".to_owned(), String::new()];
    for body in &bodies {
        for global in [format!("action: global\n{body}"), format!("{body}action: 'global'\n")] {
            let before = format!("{}---\n", rule("before"));
            let after = format!("---\n{}", rule("after"));
            for (text, unused, rules) in [
                (global.clone(), 1, 0),
                (format!("{global}---\n"), 1, 0),
                (format!("{global}---\n~\n---\n# nothing\n"), 1, 0),
                (format!("{before}{global}"), 1, 1),
                (format!("{global}---\n{global}"), 2, 0),
                (format!("{global}---\n{global}{after}"), 1, 1),
                (format!("{global}{after}---\n{global}"), 1, 1),
                // Controls.
                (format!("{global}{after}"), 0, 1),
                (format!("{before}{global}{after}"), 0, 2),
            ] {
                let outcome = read(&text);
                let found = errors(&outcome, "CC0113");
                assert_eq!((found.len(), outcome.rules.len()), (unused, rules), "{text}\n{:#?}", outcome.diagnostics);
                assert_eq!(outcome.lacks_rules(), unused > 0, "{text}");
                assert_eq!(outcome.facts.iter().filter(|facts| facts.unread.is_some()).count(), unused, "{text}");
                for found in found {
                    assert!(text[found.span.range()].starts_with("action: "), "{text}");
                    assert!(found.message.contains("makes no rule"), "{found}");
                }
            }
        }
    }
}

/// What is said of an attribute of a rule is said of one that only a global document without followers has.
#[test]
fn attributes_of_a_global_document_without_followers_are_told_as_those_of_a_rule() {
    for line in [
        "statsu: test\n",
        "level: severe\n",
        "tags: attack.t1059\n",
        "id: not-a-uuid\n",
        "sensors: '>=8'\n",
        "? [a]\n: b\n",
        "filter: {a: b}\n",
    ] {
        let told = |text: &str| -> Vec<String> {
            let found = read(text).diagnostics.into_iter().map(|found| format!("{} {}", found.code.id, found.message));
            found.collect()
        };
        let plain = told(&rule("T"));
        let of_rule = told(&format!("{}{line}", rule("T")));
        let of_global = told(&format!("action: global\n{}{line}", rule("T")));
        let own: Vec<&String> = of_rule.iter().filter(|found| !plain.contains(found)).collect();
        assert!(!own.is_empty(), "{line}");
        assert!(own.iter().all(|found| of_global.contains(found)), "{line}{own:?}\n{of_global:?}");
    }
}
