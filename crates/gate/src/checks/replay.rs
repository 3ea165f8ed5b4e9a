//! Check 8: recorded events. Some may be matched so often and no more, some by nothing ever.

use contentcheck_parser::diagnostic::codes;
use contentcheck_parser::model::RuleId;
use contentcheck_run::Plan;
use contentcheck_run::replay::{Counted, Met, Recording, count};

use crate::evidence::Finding;
use crate::run::{Check, Learned, Outcome, Subject};

/// Replays recorded events and the never-match corpus.
pub struct Replay;

impl Check for Replay {
    fn name(&self) -> &'static str {
        "replay"
    }

    fn guards(&self) -> &'static str {
        "rules that drown people in matches, and rules that match the operating system, signed software or the sensor itself"
    }

    fn run(&self, run: &Subject<'_>, _: &Learned) -> Outcome {
        let Some(plan) = run.plan else { return Outcome::skipped("there is no image to replay events with") };
        let settings = run.settings;
        let mut outcome = Outcome::default();
        let mut said = Vec::new();
        if settings.recordings.is_empty() {
            outcome.skipped.push("replay: no recorded events are named (`recordings` under [gate])".to_owned());
        } else {
            let counted = count(plan, &settings.recordings, None, settings.threads, &());
            unread(plan, &counted, &settings.recordings, &mut outcome);
            outcome.learned.matches = counted.rules.clone();
            for ((id, rule), matches) in RuleId::count(&run.rules).zip(&counted.rules) {
                if let Some(most) = run.ceiling(id).filter(|most| matches > most) {
                    let message = format!(
                        "`{}` matches {matches} of the recorded events, at most {most} are allowed",
                        rule.title
                    );
                    outcome.findings.push(
                        Finding::new(&codes::CEILING_EXCEEDED, message)
                            .of_rule(rule)
                            .with_help("`contentcheck eval` shows the events"),
                    );
                }
            }
            outcome.fact("recorded events", counted.events);
            outcome.fact("recorded events on template types with rules", counted.evaluated);
            outcome.fact("matches", counted.matches);
            said.push(format!("{} recorded events, {} matches", counted.events, counted.matches));
        }
        if settings.never_match.is_empty() {
            outcome.skipped.push(
                "never-match: no events are named that no rule may match (`never-match` under [gate])".to_owned(),
            );
        } else {
            let counted = count(plan, &settings.never_match, None, settings.threads, &());
            unread(plan, &counted, &settings.never_match, &mut outcome);
            let found = counted.rules.iter().zip(&counted.first).zip(&run.rules);
            for ((matches, first), rule) in found.filter(|((matches, _), _)| **matches > 0) {
                let at = first.and_then(|(file, place)| {
                    settings.never_match.get(file).map(|recording| format!("{}, {place}", recording.name()))
                });
                let message = format!(
                    "`{}` matches {matches} of the events that nothing may match, the first in {}",
                    rule.title,
                    at.unwrap_or_default()
                );
                outcome.findings.push(
                    Finding::new(&codes::NEVER_MATCH, message)
                        .of_rule(rule)
                        .with_help("narrow the rule: no rule is excepted from this corpus"),
                );
            }
            outcome.fact("never-match events", counted.events);
            said.push(format!(
                "{} never-match events, {} of them on template types with rules",
                counted.events, counted.evaluated
            ));
        }
        outcome.idle = settings.recordings.is_empty() && settings.never_match.is_empty();
        outcome.summary = if said.is_empty() { "did not run".to_owned() } else { said.join("; ") };
        outcome
    }
}

/// What could not be read proves nothing.
fn unread(plan: &Plan, counted: &Counted, files: &[Recording], outcome: &mut Outcome) {
    let name = |file: usize| files.get(file).map(Recording::name).unwrap_or_default();
    for (file, _, words) in &counted.problems {
        let file = name(*file);
        let words = words.lines().next().unwrap_or_default();
        outcome.findings.push(Finding::new(&codes::RECORDING_UNREAD, format!("{file}: {words}")));
    }
    for Met { fault, events, first: (file, place) } in counted.faults.met() {
        let message =
            format!("{}: {place}: the image met a fault, the first of {events}: {}", name(*file), fault.words(plan));
        outcome.findings.push(Finding::new(&codes::RECORDING_UNREAD, message));
    }
    if counted.lost {
        outcome.findings.push(Finding::new(&codes::RECORDING_UNREAD, "a worker ended early: the counts are wrong"));
    }
}
