//! How much a run had to look at, held against the evidence of the previous release. A file that is hidden, cut off or
//! no longer named leaves no finding of its own: every check passes with less.

use contentcheck_model::diagnostic::codes;
use contentcheck_model::sensor::Fleet;

use crate::evidence::{Evidence, Finding};
use crate::previous::PreviousEvidence;
use crate::run::{Learned, Outcome, Subject};

/// Counts of checks: the check, the name of the count, and what one of it is called.
const COUNTS: [(&str, &str, &str); 7] = [
    ("tests", TESTS, "test"),
    ("replay", RECORDED, "recorded event"),
    ("replay", RECORDED_SHOWN, "recorded event with a field that rules read"),
    ("replay", RECORDED_FILES, "file of recorded events"),
    ("replay", NEVER_MATCH, "never-match event"),
    ("replay", NEVER_MATCH_SHOWN, "never-match event with a field that rules read"),
    ("replay", NEVER_MATCH_FILES, "file of never-match events"),
];

/// Tests that ran.
pub(crate) const TESTS: &str = "tests";
/// Recorded events.
pub(crate) const RECORDED: &str = "recorded events";
/// Those that have anything that rules read.
pub(crate) const RECORDED_SHOWN: &str = "recorded events with a field that rules read";
/// Files of them.
pub(crate) const RECORDED_FILES: &str = "files of recorded events";
/// Events that nothing may match.
pub(crate) const NEVER_MATCH: &str = "never-match events";
/// Those that have anything that rules read.
pub(crate) const NEVER_MATCH_SHOWN: &str = "never-match events with a field that rules read";
/// Files of them.
pub(crate) const NEVER_MATCH_FILES: &str = "files of never-match events";

/// What is fewer than in the evidence of the previous release. What cannot be compared did not run.
pub(crate) fn shrunk(run: &Subject<'_>, then: &Evidence, learned: &Learned, outcome: &mut Outcome) {
    let mut has_shrunk = false;
    for (check, count, one) in COUNTS {
        if !run.runs(check) {
            outcome.skipped.push(format!("{count}: `{check}` does not run, so they are compared with nothing"));
            continue;
        }
        let before = then.checks.iter().find(|result| result.name == check).and_then(|of| of.facts.get(count));
        if then.settings.leaves_out(check) {
            let reason = "was left out of the run that the evidence of the previous release is of";
            outcome.skipped.push(format!("{count}: `{check}` {reason}"));
            continue;
        }
        let Some(before) = before.copied() else {
            outcome
                .skipped
                .push(format!("{count}: the evidence of the previous release does not say how many there were"));
            continue;
        };
        let now = learned.facts.get(check).and_then(|facts| facts.get(count)).copied().unwrap_or(0);
        // Of fewer events fewer show something: that is said once.
        let is_said = has_shrunk && [RECORDED_SHOWN, NEVER_MATCH_SHOWN].contains(&count);
        has_shrunk = now < before;
        if !has_shrunk || is_said {
            continue;
        }
        let words = if now == 1 { one } else { count };
        let message = format!("{now} {words}, and {before} in the evidence of the previous release");
        outcome.findings.push(
            Finding::new(&codes::CORPUS_SHRUNK, message).with_help(
                "restore what is missing, or say that it is meant to go: --allow-shrink, for this one release",
            ),
        );
    }
}

/// Sensors that the release before was for and this one is not: nothing looks at what they do with it, and they may still
/// be deployed. The fleet of before is that of the previous release, and what its evidence names besides.
pub(crate) fn sensors_gone(run: &Subject<'_>, outcome: &mut Outcome) {
    let names = |fleet: &Fleet| fleet.sensors().iter().map(ToString::to_string).collect::<Vec<_>>();
    let of_release = run.previous.and_then(|previous| previous.devices.as_ref()).map(names);
    let evidence = run.settings.previous_evidence.as_deref().map(PreviousEvidence::evidence);
    let of_evidence = evidence.map(|then| then.release.fleet.clone());
    if of_release.is_none() && of_evidence.is_none() {
        outcome.skipped.push(
            "sensors that left the fleet: the previous release names no fleet, and there is no evidence of it"
                .to_owned(),
        );
        return;
    }
    let mut before: Vec<String> = of_release.unwrap_or_default();
    for sensor in of_evidence.unwrap_or_default() {
        if !before.contains(&sensor) {
            before.push(sensor);
        }
    }
    let now = run.built.devices.as_ref().map(names).unwrap_or_default();
    let gone: Vec<&str> = before.iter().filter(|of| !now.contains(of)).map(String::as_str).collect();
    /// The most that are named.
    const NAMED: usize = 5;
    let named = gone.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = match gone.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    if gone.is_empty() {
        return;
    }
    let message = format!("the fleet of the previous release has sensors that this one lacks: {named}{more}");
    outcome.findings.push(Finding::new(&codes::CORPUS_SHRUNK, message).with_help(
        "name every version that is still deployed; where none of these is: --allow-shrink, for this one release",
    ));
}
