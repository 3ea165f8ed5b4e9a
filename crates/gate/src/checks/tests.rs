//! Check 4: the rules' own tests.

use std::collections::BTreeSet;

use contentcheck_model::diagnostic::codes;
use contentcheck_model::rule::{CheckedRule, RuleId};
use contentcheck_parser::sidecar::{Beside, Case, Expect, Missing};
use contentcheck_run::testing::{Ended, Seen, Tester};

use crate::checks::corpus;
use crate::evidence::{Finding, Place, Weight};
use crate::facts::{place, plural};
use crate::run::{Check, Learned, Outcome, Subject};

/// Runs every test block, and the files of tests beside rules, through the image and through the reference evaluator.
pub struct OwnTests;

impl Check for OwnTests {
    fn name(&self) -> &'static str {
        "tests"
    }

    fn guards(&self) -> &'static str {
        "a rule that does not do what its own tests say: it must fire where they say so and be silent where they say so"
    }

    fn run(&self, run: &Subject<'_>, _: &Learned) -> Outcome {
        let Some(plan) = run.plan else { return Outcome::skipped("there is no image to run tests on") };
        let mut outcome = Outcome::default();
        let mut tester = Tester::new(plan);
        let mut tests = 0_u64;
        // The same test once more shows nothing more.
        let mut distinct: BTreeSet<String> = BTreeSet::new();
        for (id, rule) in RuleId::count(&run.rules) {
            for test in &rule.tests {
                tests += 1;
                let mut values: Vec<String> = test.values.iter().map(|value| format!("{value:?}")).collect();
                values.sort_unstable();
                distinct.insert(format!("{id:?} {} {}", test.fires, values.join(" ")));
                let seen = tester.own(id, rule, test);
                let name = test.name.as_ref().map_or_else(String::new, |name| format!(" \"{name}\""));
                let finding = verdict(&seen, rule, test.fires, &format!("test{name} of `{}`", rule.title));
                let place = Some(place(&rule.source, test.span));
                outcome.findings.extend(finding.map(|finding| Finding { place, ..finding }));
            }
        }
        for beside in &run.built.judged().gathered().beside {
            tests += self::beside(beside, run, &mut tester, &mut distinct, &mut outcome);
        }
        let beside = run.built.beside();
        let tested =
            run.rules.iter().zip(beside).filter(|(rule, beside)| !(rule.tests.is_empty() && beside.is_empty()));
        let tested = tested.count() as u64;
        let wrong = outcome.findings.iter().filter(|finding| finding.weight == Weight::Error).count();
        // A release without a test shows nothing by its tests.
        if tests == 0 {
            outcome.idle = true;
            outcome.skipped.push("no rule has a test".to_owned());
        }
        outcome.fact("tests", tests);
        outcome.fact(corpus::TESTS, distinct.len() as u64);
        outcome.fact("rules with tests", tested);
        outcome.summary = format!(
            "{} of {tests} tests hold; {} of {} without one of its own",
            tests.saturating_sub(wrong as u64),
            run.rules.len() as u64 - tested,
            plural(run.rules.len(), "rule")
        );
        outcome
    }
}

/// Runs the tests of a file beside rules: how many ran or could have.
fn beside(
    beside: &Beside,
    run: &Subject<'_>,
    tester: &mut Tester<'_>,
    distinct: &mut BTreeSet<String>,
    outcome: &mut Outcome,
) -> u64 {
    let wrong = |what: String| {
        let file = Place { file: beside.file.clone(), line: 1, column: 1 };
        Finding { place: Some(file), ..Finding::new(&codes::TEST_FAILED, what) }
    };
    let cases = match &beside.cases {
        Ok(cases) => cases,
        Err(reason) => {
            outcome.findings.push(wrong(reason.clone()).with_help("fix the file; its tests did not run"));
            return 1;
        }
    };
    let mut ran = 0;
    let mut left_out: Option<String> = None;
    let own = beside.own(&run.rules);
    for case in cases {
        let what = format!("test \"{}\" of {}", case.name, beside.file);
        let of = own.rule_of(case);
        ran += u64::from(!matches!(of, Err(Missing::NotCompiled(_))));
        if !matches!(of, Err(Missing::NotCompiled(_))) {
            let rule = of.as_ref().map_or_else(|_| beside.file.clone(), |id| format!("{id:?}"));
            let fires = case.expect == Expect::Fires;
            distinct.insert(format!("{rule} {fires} {:?} {}", case.template, case.record()));
        }
        match of {
            Err(Missing::Wrong(reason)) => outcome.findings.push(wrong(format!("{what}: {reason}"))),
            Err(Missing::NotCompiled(reason)) => left_out = Some(format!("the tests of {}: {reason}", beside.file)),
            Ok(id) => {
                let Some(rule) = run.rules.get(id.index()) else { continue };
                match tester.case(id, rule, case) {
                    Err(reason) => outcome.findings.push(wrong(format!("{what}: {reason}")).of_rule(rule)),
                    Ok((seen, notes)) => {
                        outcome.findings.extend(verdict(&seen, rule, case.expect == Expect::Fires, &what));
                        outcome.findings.extend(notes.iter().map(|note| slip(note, rule, beside, case)));
                    }
                }
            }
        }
    }
    outcome.skipped.extend(left_out);
    ran
}

/// The finding of what looks like a slip: a test that gives the rule another event than it says proves something else.
fn slip(note: &str, rule: &CheckedRule, beside: &Beside, case: &Case) -> Finding {
    let file = Place { file: beside.file.clone(), line: 1, column: 1 };
    let finding =
        Finding::new(&codes::TEST_SLIP, format!("test \"{}\" of `{}`: {note}", case.name, rule.title)).of_rule(rule);
    Finding {
        place: Some(file),
        ..finding.with_help("fix the event; where the rule must be silent, it is so for another reason")
    }
}

/// The finding of a test that did not pass.
fn verdict(seen: &Seen, rule: &CheckedRule, fires: bool, what: &str) -> Option<Finding> {
    let (code, reason) = match seen.ended(rule, fires) {
        Ended::Passed => return None,
        Ended::Failed(reason) => (&codes::TEST_FAILED, reason),
        Ended::Fault(reason) => (&codes::EVALUATORS_DISAGREE, reason),
    };
    let finding = Finding::new(code, format!("{what}: {reason}")).of_rule(rule);
    Some(finding.with_help("`contentcheck test` shows predicate by predicate why"))
}
