//! Check 0: a gate that passes what is known to be bad proves nothing.

use contentcheck_parser::diagnostic::{Severity, codes};
use contentcheck_parser::model::Target;

use super::{Check, find};
use crate::defects::{self, Defect, Seeded, Tamper, Victim};
use crate::evidence::{DefectClass, Evidence, Finding};
use crate::run::{Outcome, Run, Settings, examine, rule_name};
use crate::subject::Built;

/// Seeds defects into the release and runs the checks that must reject them.
pub struct SelfTest;

/// Releases of more files are represented by the file of one rule and what it needs.
const WHOLE: usize = 60;
/// Rules that are tried for a class that does not apply to the first ones.
const VICTIMS: usize = 24;

impl Check for SelfTest {
    fn number(&self) -> u32 {
        0
    }

    fn name(&self) -> &'static str {
        "self-test"
    }

    fn guards(&self) -> &'static str {
        "a broken gate: releases with seeded defects, one class after the other, must be rejected"
    }

    fn run(&self, run: &mut Run<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        let victims: Vec<usize> = victims(run);
        let mut classes = Vec::new();
        for defect in defects::ALL {
            let mut class = DefectClass {
                class: defect.class.to_owned(),
                what: defect.what.to_owned(),
                check: defect.check.to_owned(),
                seeded: 0,
                rejected: 0,
            };
            for number in victims.iter().take(if run.settings.every_rule { usize::MAX } else { VICTIMS }) {
                let Some(rejected) = attempt(run, *number, defect) else { continue };
                class.seeded += 1;
                class.rejected += u64::from(rejected);
                if !rejected && let Some(rule) = run.rules.get(*number) {
                    let message = format!(
                        "a release with the defect `{}` ({}) passed the check `{}`; it was made from `{}`",
                        defect.class,
                        defect.what,
                        defect.check,
                        rule_name(rule)
                    );
                    outcome.findings.push(
                        Finding::new(&codes::GATE_BLIND, message)
                            .of_rule(rule)
                            .with_help("what this gate says of the release cannot be relied upon; report it"),
                    );
                }
                if !run.settings.every_rule {
                    break;
                }
            }
            if class.seeded == 0 {
                outcome
                    .skipped
                    .push(format!("the class `{}`: no rule of the release has what it applies to", class.class));
            }
            classes.push(class);
        }
        let seeded: u64 = classes.iter().map(|class| class.seeded).sum();
        let rejected: u64 = classes.iter().map(|class| class.rejected).sum();
        let applied = classes.iter().filter(|class| class.seeded > 0).count();
        outcome.fact("defects seeded", seeded);
        outcome.fact("defects rejected", rejected);
        outcome.fact("classes", applied as u64);
        outcome.summary = format!("{rejected} of {seeded} seeded defects of {applied} classes rejected");
        run.defects = classes;
        outcome
    }
}

/// Rules that defects are made of: spread over the release, so that each class finds one that it applies to.
fn victims(run: &Run<'_>) -> Vec<usize> {
    let usable = |number: &usize| run.rules.get(*number).is_some_and(|rule| !rule.targets.is_empty());
    let all: Vec<usize> = (0..run.rules.len()).filter(usable).collect();
    if run.settings.every_rule {
        return all;
    }
    let start = usize::try_from(run.settings.seed).unwrap_or(0) % all.len().max(1);
    let step = (all.len() / VICTIMS).max(1);
    let spread = (0..all.len()).map(|at| (start + at * step) % all.len());
    let mut chosen: Vec<usize> = Vec::new();
    // Rules with tests first: some classes need them.
    let (tested, other): (Vec<usize>, Vec<usize>) = spread
        .filter_map(|at| all.get(at).copied())
        .partition(|number| run.rules.get(*number).is_some_and(|rule| !rule.tests.is_empty()));
    for number in tested.into_iter().take(VICTIMS / 2).chain(other) {
        if !chosen.contains(&number) {
            chosen.push(number);
        }
    }
    chosen
}

/// Seeds one defect and runs the check that must reject it. Nothing where the class does not apply.
fn attempt(run: &Run<'_>, number: usize, defect: &Defect) -> Option<bool> {
    let rule = run.rules.get(number)?;
    let mut release = run.built.release.clone();
    release.least = Severity::Error;
    if run.settings.every_rule || release.sources.len() > WHOLE {
        use contentcheck_parser::check::Language;
        let declares = |text: &str| text.contains("template ");
        release.sources.retain(|(source, language)| {
            source.is(&rule.source) || (*language == Language::Native && declares(source.text()))
        });
        release.fleet = None;
    }
    let built = Built::new(release, 1);
    let name = rule_name(rule);
    let rule = built.content.rules().iter().find(|own| rule_name(own) == name)?;
    rule.targets.iter().take(4).find_map(|target| seeded(run, &built, rule, target, defect))
}

fn seeded(
    run: &Run<'_>,
    built: &Built<'_>,
    rule: &contentcheck_parser::model::CheckedRule,
    target: &Target,
    defect: &Defect,
) -> Option<bool> {
    let check = find(defect.check)?;
    let victim = Victim { built, rule, target };
    let Seeded { release, against, tamper, recording, never_match } = (defect.seed)(&victim)?;
    let previous = defects::before(defect.class, &victim).map(|release| Built::new(release, 1));
    let previous = against.then_some(previous.as_ref().unwrap_or(built));
    let mut bad = Built::new(release, 1);
    tampered(&mut bad, tamper);
    let mut settings = Settings {
        seed: run.settings.seed,
        cases: 256,
        threads: 1,
        recordings: Vec::new(),
        ceilings: Vec::new(),
        never_match: never_match.into_iter().collect(),
        allow_shrink: false,
        allow_growth: false,
        seconds: None,
        every_rule: false,
        version: run.settings.version,
    };
    if let Some((recording, ceiling)) = recording {
        settings.recordings.push(recording);
        settings.ceilings = vec![Some(ceiling); bad.content.rules().len()];
    }
    let quiet = |_: &dyn Check, _: Option<&crate::evidence::CheckResult>| {};
    let found = examine(&bad, previous, &settings, &[check], &mut { quiet });
    // What the release in order has against it already is no proof that the defect was seen.
    let clean = Settings { recordings: Vec::new(), never_match: Vec::new(), ..settings };
    let known = examine(built, against.then_some(built), &clean, &[check], &mut { quiet });
    let is_of_it = |(code, _): &(&str, &str)| defect.codes.contains(code);
    Some(errors(&found).filter(is_of_it).any(|error| !errors(&known).any(|other| other == error)))
}

fn errors(evidence: &Evidence) -> impl Iterator<Item = (&str, &str)> {
    evidence.errors().map(|(_, finding)| (finding.code.as_str(), finding.message.as_str()))
}

/// Does to the images what a defect says.
fn tampered(built: &mut Built<'_>, tamper: Tamper) {
    let Ok(image) = &built.image else { return };
    let mut image = image.clone();
    match tamper {
        Tamper::None => return,
        Tamper::Truncated => image.truncate(image.len() / 2),
        Tamper::Flipped => {
            let middle = image.len() / 2;
            if let Some(byte) = image.get_mut(middle) {
                *byte ^= 1;
            }
        }
        Tamper::Swapped(other) => match other() {
            Some(other) => image = other,
            None => return,
        },
    }
    built.image = Ok(image.clone());
    built.all_rules = Ok(image);
}
