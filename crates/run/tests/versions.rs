//! Rules on versions of a template type of which one requires what another does not: recorded events serve both.

use contentcheck_analysis::{Analysis, Fires, Witness};
use contentcheck_compiler::{Options, compile};
use contentcheck_events::Flattener;
use contentcheck_model::language::Language;
use contentcheck_model::rule::{RuleId, Target};
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered, WithErrors};
use contentcheck_run::Plan;
use contentcheck_run::proof::Confirmer;

#[test]
fn an_input_that_one_version_requires_and_another_does_not_serves_both() {
    let types = [
        ("int", "f > 5", "6"),
        ("string nocase", "f == \"a\"", "\"A\""),
        ("list<string>", "any f == \"a\"", "[\"a\"]"),
    ];
    for (of, condition, value) in types {
        let (word, rest) = of.split_once(' ').unwrap_or((of, ""));
        let (plain, optional) = (format!("{word} {rest}"), format!("{word}? {rest}"));
        for (first, second) in [(&plain, &optional), (&optional, &plain), (&plain, &plain), (&optional, &optional)] {
            let version = |number: u32, of: &str| {
                format!("template t.a @ {number} {{ reads {{ src: \"acme\" }} 1 f: {of} 2 s: string }}\n")
            };
            let rule = |number: u32| {
                format!(
                    "rule r{number} {{ id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f52000{number}\" template: t.a @ {number} severity: low when {condition} }}\n"
                )
            };
            let text = [version(1, first), version(2, second), rule(1), rule(2)].concat();
            let gathered = Gathered::of(vec![(Source::new("t.content", text), Language::Native)]);
            let content = gathered.check(&Checking::default()).judge().ship(WithErrors::LeaveOut).unwrap();
            assert_eq!(content.rules().len(), 2);
            let image = compile(&content, Options::default()).unwrap();
            let plan = Plan::for_recorder(&content, &image).unwrap_or_else(|why| panic!("{first} {second}: {why}"));
            let confirmer = Confirmer::new(&content, &plan);
            let confirm = |target: &Target, event: &Witness| confirmer.fires(target, event);
            for rule in content.rules() {
                let found = Analysis::new(&confirm).fires(rule.targets.first().unwrap());
                assert!(matches!(found, Fires::Yes(_)), "{first} {second}: {found:?}");
            }
            let mut worker = plan.worker();
            for (record, expected) in [
                (format!("{{\"src\":\"acme\",\"f\":{value},\"s\":\"x\"}}"), 2),
                ("{\"src\":\"acme\",\"s\":\"x\"}".to_owned(), 0),
            ] {
                let (mut flattener, mut matched) = (Flattener::new(), Vec::<RuleId>::new());
                let flat = flattener.flatten(record.as_bytes()).unwrap();
                worker.evaluate(&flat, None, |_, rule| matched.push(rule)).unwrap();
                assert_eq!(matched.len(), expected, "{first} {second} {record}");
            }
        }
    }
}
