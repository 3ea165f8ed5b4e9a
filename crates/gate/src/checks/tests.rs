//! Check 4: the rules' own tests.

use contentcheck_parser::diagnostic::codes;
use contentcheck_reference::Event;

use crate::evidence::Finding;
use crate::facts::place;
use crate::plan::Worker;
use crate::run::{Check, Outcome, Run};

/// Runs every test block through the image and through the reference evaluator.
pub struct OwnTests;

impl Check for OwnTests {
    fn number(&self) -> u32 {
        4
    }

    fn name(&self) -> &'static str {
        "tests"
    }

    fn guards(&self) -> &'static str {
        "a rule that does not do what its own tests say: it must fire where they say so and be silent where they say so"
    }

    fn run(&self, run: &mut Run<'_>) -> Outcome {
        let Some(plan) = run.plan else { return Outcome::skipped("there is no image to run tests on") };
        let mut outcome = Outcome::default();
        let mut worker = Worker::new(plan);
        let (mut tests, mut tested) = (0_u64, 0_u64);
        for ((number, rule), prepared) in (0_u32..).zip(&run.rules).zip(&run.reference) {
            tested += u64::from(!rule.tests.is_empty());
            for test in &rule.tests {
                tests += 1;
                let mut fires = false;
                let mut odd = None;
                for target in &prepared.targets {
                    let template = &target.target().template;
                    let event = Event::from_test(template, test);
                    match run.interpret(template, &event, &mut worker) {
                        Some(found) => {
                            let here = found.contains(&number);
                            fires |= here;
                            if here != target.evaluate(&event) {
                                odd = Some((&codes::EVALUATORS_DISAGREE, "the two evaluators disagree"));
                            }
                        }
                        None => odd = Some((&codes::HOSTILE_EVENT, "the interpreter met a fault")),
                    }
                }
                let wrong = match (fires, test.fires) {
                    (false, true) => Some((&codes::TEST_FAILED, "the rule must fire and does not")),
                    (true, false) => Some((&codes::TEST_FAILED, "the rule must be silent and fires")),
                    _ => None,
                };
                if let Some((code, what)) = odd.or(wrong) {
                    let name = test.name.as_ref().map_or_else(String::new, |name| format!(" \"{name}\""));
                    let finding = Finding::new(code, format!("test{name} of `{}`: {what}", rule.title))
                        .of_rule(rule)
                        .with_help("`contentcheck test` shows predicate by predicate why");
                    outcome.findings.push(Finding { place: Some(place(&rule.source, test.span)), ..finding });
                }
            }
        }
        outcome.fact("tests", tests);
        outcome.fact("rules with tests", tested);
        outcome.summary = format!(
            "{} of {tests} tests hold; {} of {} rules have none of their own",
            tests - outcome.findings.len() as u64,
            run.rules.len() as u64 - tested,
            run.rules.len()
        );
        outcome
    }
}
