//! Keywords in what all events of a template type have: decided before any event, so that a sensor that does not supply the name sees no other answer.
#![expect(clippy::panic, reason = "a test stops at the first surprise")]

use contentcheck_model::expression::Expr;
use contentcheck_model::language::Language;
use contentcheck_model::predicate::{Predicate, Test};
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered};

/// The condition of a rule of keywords, and of a field.
fn condition(reads: &str, keywords: &str, condition: &str) -> Expr<Predicate> {
    let template = format!("template t.o @ 1 {{ serves {{ product: acme }} reads {{ {reads} }} 1 Foo: string? }}\n");
    let rule = format!(
        "title: R\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8406\nlogsource:\n    product: acme\ndetection:\n    s:\n        Foo: evil\n    k:\n{keywords}\n    condition: {condition}\nlevel: low\n"
    );
    let sources =
        vec![(Source::new("t.content", template), Language::Native), (Source::new("r.yml", rule), Language::Sigma)];
    let judged = Gathered::of(sources).check(&Checking::default()).judge();
    let [rule] = judged.checked().rules() else { panic!("{:?}", judged.findings()) };
    let [target] = rule.targets.as_slice() else { panic!("{:?}", judged.findings()) };
    target.condition.clone()
}

#[test]
fn keywords_in_what_all_events_have_are_decided() {
    let one = "Channel: \"Acme/A\", EventID: 4711";
    for (reads, keywords, is_decided) in [
        (one, "        - Acme", true),
        (one, "        - acme/a", true),
        (one, "        - '711'", true),
        (one, "        '|cased':\n            - acme", false),
        (one, "        '|startswith': '47'", true),
        (one, "        '|endswith': '47'", false),
        (one, "        - evil", false),
        (one, "        - 'Ac?e*A'", true),
        (one, "        - 'cm*a'", true),
        (one, "        - '4?11'", true),
        (one, "        - '4?12'", false),
        (one, "        '|cased': 'ac?e*a'", false),
        (one, "        '|all':\n            - '4?1?'\n            - 'A*e/?'", true),
        (one, "        - evil\n        - Acme", true),
        (one, "        '|all':\n            - '711'\n            - Acme", true),
        (one, "        '|all':\n            - evil\n            - Acme", false),
        (one, "        '|re': 'c.e/'", true),
        (one, "        '|re': '^acme'", false),
        (one, "        '|re|i': '^acme'", true),
        (one, "        '|re': '^4[67]\\d{2}$'", true),
        (one, "        '|re': '^4[67]\\d$'", false),
        (one, "        '|re': '\\bA$'", true),
        // An event may be recorded without the one of several.
        ("Channel: [\"Acme/A\", \"Acme/B\"]", "        - Acme", false),
    ] {
        // What is decided is in the condition no more.
        let asks = |found: &Expr<Predicate>| {
            let mut asks = false;
            found.mentions(&mut |mention| asks |= mention.field.is_any());
            asks
        };
        let found = condition(reads, keywords, "s and k");
        assert_eq!(asks(&found), !is_decided, "{reads} {keywords}: {found:?}");
        let found = condition(reads, keywords, "s or not k");
        assert_eq!(asks(&found), !is_decided, "{reads} {keywords}: {found:?}");
    }
}

/// Of several that must all be there, those are left that are not in what all events have.
#[test]
fn what_is_left_of_keywords_is_asked_of_events() {
    let found = condition(
        "Channel: \"Acme/A\"",
        "        '|all':\n            - evil\n            - Acme\n            - bad",
        "k",
    );
    let mut left = Vec::new();
    found.each(&mut |predicate, _| {
        if !predicate.field.is_any() {
            return;
        }
        let Test::Text { patterns, all } = &*predicate.test else { panic!("{predicate:?}") };
        left.push((patterns.len(), *all));
    });
    assert_eq!(left, [(2, true)]);
}
