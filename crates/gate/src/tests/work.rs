//! Releases that are within every limit and would keep a check for hours: it ends, and says what it left.

use super::*;

fn release(rules: &[String]) -> Built {
    let mut text = "template acme.process @ 1 {\n    1 image: string nocase\n    2 args: list<string>?\n}\n".to_owned();
    for (number, condition) in rules.iter().enumerate() {
        let _ = writeln!(
            text,
            "rule r{number} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f{number:04}\"\n    template: acme.process @ 1\n    severity: low\n    when {condition}\n}}"
        );
    }
    Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
}

fn all_of(values: usize) -> String {
    let values: Vec<String> = (0..values).map(|number| format!("\"q{number}z\"")).collect();
    format!("image contains all [{}]", values.join(", "))
}

/// What an event of check 6 costs grows with the square of what a rule asks for.
#[test]
fn generated_events_end_with_their_work() {
    // A hundredth of what it may take otherwise.
    let events = Settings::of("0").events / 100;
    for (values, is_cut) in [(20, false), (2_000, true)] {
        let built = release(&[all_of(values)]);
        assert_eq!(built.judged().errors().count(), 0);
        let found = checked(&built, None, Settings { cases: 1_000, events, ..settings() }, &["differential"]);
        let check = found.checks.iter().find(|check| check.name == "differential").unwrap();
        assert_eq!(
            check.skipped.iter().any(|of| of.contains("the work that they may take was done")),
            is_cut,
            "{check:?}"
        );
        assert_eq!(check.facts["events"] < 1_000, is_cut, "{check:?}");
        // The last event may go beyond it.
        assert!(check.facts["steps of evaluation"] < events + events / 10, "{check:?}");
    }
}

/// A comparison of elements with a field that has one value: no event has a list there.
#[test]
fn elements_against_a_field_are_no_fault_of_the_gate() {
    for condition in ["all args == image and image exists", "all args starts_with image or not image exists"] {
        let found = checked(&release(&[condition.to_owned()]), None, settings(), &["coverage", "differential"]);
        assert_eq!(errors(&found), [], "{condition}");
    }
}

/// One wrong rule among many: each rule has its own events, however few are generated for it.
#[test]
fn a_wrong_rule_among_many_is_found() {
    let with = |condition: &str| {
        let template = "template acme.load @ 1 {\n    1 image: string nocase\n    2 load: float\n    3 pid: int\n}\n";
        let rules = (0..1_501).map(|number| {
            let other = format!("image == \"a{number}\"");
            let condition = if number == 777 { condition } else { &other };
            format!(
                "rule r{number} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f{number:04}\"\n    template: acme.load @ 1\n    severity: low\n    when {condition}\n}}\n"
            )
        });
        let text: String = std::iter::once(template.to_owned()).chain(rules).collect();
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    for (meant, compiled) in [
        ("load == 0.0 or load == 1.0", "load >= 0.0 and load <= 1.0"),
        ("pid == 8 or pid == 11", "pid >= 8 and pid <= 11"),
        ("image == \"x\" and not pid in [4, 5]", "image == \"x\" and pid != 4"),
        ("image ends_with \"q1z\"", "image contains \"q1z\""),
    ] {
        let (mut wrong, other) = (with(meant), with(compiled));
        assert_eq!(wrong.judged().errors().count() + other.judged().errors().count(), 0);
        (wrong.image, wrong.all_rules) = (other.image, other.all_rules);
        let found = checked(&wrong, None, settings(), &["coverage", "differential"]);
        let told: Vec<_> = errors(&found).into_iter().filter(|(code, _)| *code == "CC1007").collect();
        assert_eq!(told.len(), 1, "{meant}: {:?}", errors(&found));
        let check = found.checks.iter().find(|check| check.name == "differential").unwrap();
        assert!(check.facts["disagreements one value away"] > 0, "{meant}: {:?}", check.facts);
        let right = checked(&with(meant), None, settings(), &["coverage", "differential"]);
        assert_eq!(errors(&right), [], "{meant}");
    }
}

/// Who asks for more events asks for more work.
#[test]
fn more_events_are_given_more_work() {
    let built = release(&[all_of(20)]);
    let run = |cases, events| {
        let found = checked(&built, None, Settings { cases, events, ..settings() }, &["differential"]);
        found.checks.into_iter().find(|check| check.name == "differential").unwrap()
    };
    let few = run(1_000, u64::MAX);
    let each = few.facts["steps of evaluation"] / few.facts["events"] + 1;
    let many = run(3 * crate::work::CASES, 2 * each * crate::work::CASES);
    assert!(!many.skipped.iter().any(|of| of.contains("the work")), "{many:?}");
    assert!(many.facts["events"] >= 3 * crate::work::CASES, "{many:?}");
}

/// Each class of the self-test is a release that is built for it: with one rule and what it needs, where there are many.
#[test]
fn the_self_test_of_a_file_of_many_rules_takes_one_of_them() {
    let rules: Vec<String> =
        (0..400).map(|number| format!("image == \"a{number}\" and any args contains image")).collect();
    let found = checked(&release(&rules), None, settings(), &["self-test"]);
    let check = found.checks.iter().find(|check| check.name == "self-test").unwrap();
    assert_eq!(errors(&found), []);
    assert!(check.skipped.is_empty() && check.facts["defects seeded"] > 15, "{check:?}");
    // No fewer classes than in a small release.
    let few = checked(&release(&rules[..2]), None, settings(), &["self-test"]);
    let few = few.checks.iter().find(|check| check.name == "self-test").unwrap();
    assert!(
        check.facts["classes of seeded defects"] + 1 >= few.facts["classes of seeded defects"],
        "{check:?} {few:?}"
    );
}

/// A rule that takes seconds to build, thirty times: what is not tried is named.
#[test]
fn the_self_test_ends_with_what_there_is_to_build() {
    let long = "x".repeat(400);
    let values: Vec<String> = (0..100).map(|number| format!("\"{number}{long}\"")).collect();
    let built = release(&[format!("image contains [{}]", values.join(", "))]);
    let to_build = crate::work::to_build(&built, 256);
    assert!(to_build > 100 * 400 * 100, "{to_build}");
    for (builds, is_cut) in [(Settings::of("0").builds, false), (to_build * 5, true)] {
        let found = checked(&built, None, Settings { builds, ..settings() }, &["self-test"]);
        let check = found.checks.iter().find(|check| check.name == "self-test").unwrap();
        assert_eq!(errors(&found), []);
        assert_eq!(
            check.skipped.iter().any(|of| of.contains("the work that it may take was done")),
            is_cut,
            "{check:?}"
        );
        assert_eq!(check.facts["classes of seeded defects"] <= 5, is_cut, "{check:?}");
    }
}

/// A release may declare many template types of its own for one log source: the seeded defects name nothing of them.
#[test]
fn many_template_types_of_a_release_are_no_fault_of_the_gate() {
    let types: String = (0..10)
        .map(|number| {
            format!(
                "template own.t{number} @ 1 {{\n    serves {{ product: \"windows\", category: \"process_creation\" }}\n    reads {{ kind: \"k{number}\" }}\n    1 f: string\n    2 CommandLine: string nocase\n}}\n"
            )
        })
        .collect();
    let rule = |number: usize| {
        let text = format!(
            "title: Number {number}\nid: 11111111-2222-4333-8444-{number:012}\nstatus: test\nlogsource:\n    product: windows\n    category: process_creation\ndetection:\n    s:\n        CommandLine|contains: 'xyz{number}q'\n    condition: s\nlevel: high\n"
        );
        (Source::new(format!("r{number}.yml"), text), Language::Sigma)
    };
    let mut sources = vec![(Source::new("t.content", types), Language::Native)];
    sources.extend((0..30).map(rule));
    let built = Built::new(Gathered::of(sources), false, 1).unwrap();
    let found = checked(&built, None, settings(), &["self-test"]);
    let said: Vec<_> = found.errors().map(|(_, of)| format!("{}: {}", of.code, of.message)).collect();
    assert!(said.is_empty(), "{said:?}");
}
