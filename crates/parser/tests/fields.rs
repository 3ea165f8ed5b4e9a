//! A field is one thing, whichever language reads it: the same question in either comes to the same predicate.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered, WithErrors};

const TEMPLATE: &str = r#"
template acme.pipe @ 1 {
    serves { product: acme, category: pipe }
    reads { EventID: [17, 18], Channel: ["One", "Two"], Mixed: [1, "x"], Only: 5 }
    header { Computer: string nocase, Level: int? }
    1 Image : string nocase
    2 ProcessId : int?
    3 Signed : bool?
    4 Address : ip?
    5 Hashes : list<string>? nocase
}
"#;

/// The predicate that a native rule and a Sigma rule come to.
fn both(native: &str, sigma: &str) -> (String, String) {
    let content = format!(
        "{TEMPLATE}rule one {{\n id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11\"\n template: acme.pipe @ 1\n severity: low\n when {native}\n}}\n"
    );
    let rule = format!(
        "title: two\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a12\nlogsource: {{product: acme, category: pipe}}\n\
         detection:\n  s:\n    {sigma}\n  condition: s\n"
    );
    let gathered = Gathered::of(vec![
        (Source::new("a.content", content), Language::Native),
        (Source::new("b.yml", rule), Language::Sigma),
    ]);
    let content = gathered.check(&Checking::default()).judge().ship(WithErrors::LeaveOut).unwrap();
    let [one, two] = content.rules() else { panic!("{native}, {sigma}: {:?}", content.left_out()) };
    let asked = |rule: &contentcheck_model::rule::CheckedRule| {
        let mut found = Vec::new();
        rule.targets.iter().for_each(|target| {
            target.condition.each(&mut |predicate, negated| {
                found.push(format!("{:?} {:?} {negated}", predicate.field, predicate.test));
            });
        });
        found.join("; ")
    };
    (asked(one), asked(two))
}

#[test]
fn both_languages_take_a_field_for_the_same() {
    for (native, sigma) in [
        ("EventID == 17", "EventID: 17"),
        ("EventID == 17", "EventID: '17'"),
        ("EventID > 17", "EventID|gt: 17"),
        ("Channel == \"One\"", "Channel: One"),
        ("Channel ends_with \"ne\"", "Channel|endswith: ne"),
        ("Mixed == \"x\"", "Mixed: x"),
        ("Computer == \"a\"", "Computer: a"),
        ("Level == 3", "Level: 3"),
        ("Image contains \"x\"", "Image|contains: x"),
        ("ProcessId in [1, 2]", "ProcessId: [1, 2]"),
        ("Signed == true", "Signed: true"),
        ("Address cidr \"10.0.0.0/8\"", "Address|cidr: 10.0.0.0/8"),
        ("any Hashes contains \"x\"", "Hashes|contains: x"),
        ("Only == 5 and ProcessId == 1", "{Only: 5, ProcessId: 1}"),
    ] {
        let (one, two) = both(native, sigma);
        assert_eq!(one, two, "{native} and {sigma}");
        assert!(!one.is_empty(), "{native}");
    }
}
