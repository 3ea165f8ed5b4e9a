//! How much a run had to look at, held against the evidence of the previous release. A file that is hidden, cut off or
//! no longer named leaves no finding of its own: every check passes with less.

use std::collections::{BTreeMap, BTreeSet};

use contentcheck_model::diagnostic::{clip, codes};
use contentcheck_model::rule::{CheckedRule, RuleId};
use contentcheck_model::sensor::{Fleet, Sensor};

use crate::evidence::{Evidence, Finding, InputDigest, InputKind};
use crate::facts::plural;
use crate::previous::PreviousEvidence;
use crate::run::{Demands, Learned, Outcome, Subject};

/// A set of events, by what its counts are called in the evidence.
pub(crate) struct Set {
    /// All of its events.
    pub(crate) events: &'static str,
    /// Those that belong to no template type.
    pub(crate) unrecognised: &'static str,
    /// Those with anything that rules read.
    pub(crate) shown: &'static str,
    /// Those that belong to a template type, equal ones counted once: the same line again is nothing more to look at.
    pub(crate) distinct: &'static str,
    /// Of these, those with anything that rules read.
    pub(crate) distinct_shown: &'static str,
    /// Files of them.
    pub(crate) files: &'static str,
    /// Whether no rule may match any of them, so that one at which no rule looked is a hole.
    pub(crate) is_invariant: bool,
}

impl Set {
    /// The names of its counts, but for that of its files.
    pub(crate) fn each(&self, of: impl FnMut(&'static str)) {
        [self.events, self.unrecognised, self.shown, self.distinct, self.distinct_shown].into_iter().for_each(of);
    }
}

/// Recorded events.
pub(crate) const RECORDED: Set = Set {
    events: "recorded events",
    unrecognised: "recorded events of no template type",
    shown: "recorded events with a field that rules read",
    distinct: "distinct recorded events",
    distinct_shown: "distinct recorded events with a field that rules read",
    files: "files of recorded events",
    is_invariant: false,
};

/// Events that nothing may match.
pub(crate) const NEVER_MATCH: Set = Set {
    events: "never-match events",
    unrecognised: "never-match events of no template type",
    shown: "never-match events with a field that rules read",
    distinct: "distinct never-match events",
    distinct_shown: "distinct never-match events with a field that rules read",
    files: "files of never-match events",
    is_invariant: true,
};

/// Tests that ran, equal ones of one rule counted once.
pub(crate) const TESTS: &str = "distinct tests";

/// Counts of checks that must not shrink: the check, the name of the count, and what one of it is called.
const COUNTS: [(&str, &str, &str); 7] = [
    ("tests", TESTS, "distinct test"),
    ("replay", RECORDED.distinct, "distinct recorded event"),
    ("replay", RECORDED.distinct_shown, "distinct recorded event with a field that rules read"),
    ("replay", RECORDED.files, "file of recorded events"),
    ("replay", NEVER_MATCH.distinct, "distinct never-match event"),
    ("replay", NEVER_MATCH.distinct_shown, "distinct never-match event with a field that rules read"),
    ("replay", NEVER_MATCH.files, "file of never-match events"),
];

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
        let is_said = has_shrunk && [RECORDED.distinct_shown, NEVER_MATCH.distinct_shown].contains(&count);
        has_shrunk = now < before;
        if !has_shrunk || is_said {
            continue;
        }
        let words = if now == 1 { one } else { count };
        let message = format!("{now} {words}, and the previous release had {before}");
        outcome.findings.push(
            Finding::new(&codes::CORPUS_SHRUNK, message).with_help(
                "bring back what is missing, or the rules that read it; where it is meant to go, run the gate once with --allow-shrink",
            ),
        );
    }
}

/// Settings under which the previous release would not have passed with what this one may pass with. A severity that is lower counts what it
/// lowers in the verdict; these leave nothing behind.
pub(crate) fn settings_loosened(run: &Subject<'_>, then: &Demands, outcome: &mut Outcome) {
    let denied = run.built.judged().gathered().policy.deny_warnings;
    // Of a change less runs than of a release, whatever is required.
    let required = run.settings.require_all || run.settings.is_change;
    for (setting, was, is, what, or) in [
        ("deny-warnings", then.deny_warnings, denied, "warnings were errors", ""),
        ("require-all", then.require_all, required, "every check had to run", ", or give --require-all"),
    ] {
        if was && !is {
            let message = format!("`{setting}` is off, and was on for the previous release: {what}");
            outcome.findings.push(Finding::new(&codes::CORPUS_SHRUNK, message).with_help(format!(
                "put `{setting} = true` back{or}; where it is meant to go, run the gate once with --allow-shrink"
            )));
        }
    }
}

/// Rules that had a ceiling in the previous release, and that have none now, or a higher one that is for all rules: they may match more
/// of what is recorded, and nobody is told. A higher one of a rule's own says that somebody looked at that rule.
pub(crate) fn ceilings_raised(run: &Subject<'_>, then: &Demands, outcome: &mut Outcome) {
    let mut raised: BTreeMap<(u64, Option<u64>), Vec<&CheckedRule>> = BTreeMap::new();
    for (id, rule) in RuleId::count(run.rules.iter().copied()) {
        let Some(was) = then.ceiling(rule.key()) else { continue };
        let now = run.ceiling(id);
        if !run.has_own_ceiling(id) && now.is_none_or(|now| now > was) {
            raised.entry((was, now)).or_default().push(rule);
        }
    }
    for ((was, now), rules) in raised.iter().take(NAMED) {
        let Some(first) = rules.first() else { continue };
        let now = now.map_or_else(|| "no ceiling".to_owned(), |now| format!("the ceiling {now}"));
        let message = match rules.len() - 1 {
            0 => format!("`{}` has {now}, and had {was} in the previous release", clip(&first.title)),
            1 => format!("`{}` and 1 other rule have {now}, and had {was} in the previous release", clip(&first.title)),
            more => {
                format!(
                    "`{}` and {more} other rules have {now}, and had {was} in the previous release",
                    clip(&first.title)
                )
            }
        };
        outcome.findings.push(Finding::new(&codes::CORPUS_SHRUNK, message).of_rule(first).with_help(
            "put `ceiling` back; where one rule may match more, give it its own under [gate.ceilings]; where all may: --allow-shrink, for this one release",
        ));
    }
}

/// Recordings that the previous release was shown and that are not there any more. Both releases are shown what is there now, so what
/// the earlier one matched in them is compared with nothing.
pub(crate) fn replaced(run: &Subject<'_>, then: Option<&Evidence>, outcome: &mut Outcome) {
    let settings = run.settings;
    let before = match (then, &settings.previous_recordings) {
        (Some(then), _) => &then.inputs,
        (None, Ok(named)) => named,
        (None, Err(why)) => {
            outcome.skipped.push(format!("recordings of the previous release: {why}"));
            return;
        }
    };
    let sets = [
        (InputKind::Recording, &settings.recordings, "recorded"),
        (InputKind::NeverMatch, &settings.never_match, "never-match"),
    ];
    for (kind, recordings, word) in sets {
        // What is read for something else is not replayed as it was.
        let is_there =
            |was: &InputDigest| settings.inputs.iter().any(|now| now.kind == kind && now.sha256 == was.sha256);
        let mut gone: Vec<&InputDigest> = before.iter().filter(|was| was.kind == kind && !is_there(was)).collect();
        if gone.is_empty() {
            continue;
        }
        let counts: BTreeSet<u64> = gone.iter().map(|was| was.bytes).collect();
        let begun: BTreeSet<(u64, String)> = recordings.iter().flat_map(|now| now.beginnings(&counts)).collect();
        gone.retain(|was| !begun.contains(&(was.bytes, was.sha256.clone())));
        if gone.is_empty() {
            continue;
        }
        let name_of = |was: &InputDigest| was.name.rsplit(['/', '\\']).next().unwrap_or(&was.name).to_owned();
        let said = gone.iter().take(NAMED).map(|was| {
            let is_named = recordings.iter().any(|now| now.name() == name_of(was));
            format!("{} ({})", was.name, if is_named { "changed" } else { "gone" })
        });
        let said = said.collect::<Vec<_>>().join(", ");
        let (count, are) = match gone.len() {
            1 => ("1 file".to_owned(), "is"),
            count => (format!("{count} files"), "are"),
        };
        let message = format!(
            "{count} of {word} events that the previous release was shown {are} no longer there: {said}{}",
            more(gone.len()),
        );
        outcome.findings.push(Finding::new(&codes::RECORDING_REPLACED, message).with_help(
            "both releases are shown what is there now: gate the rules with the recordings of before, then replace these; or accept it once with --allow-shrink",
        ));
    }
}

/// The most that a message names.
const NAMED: usize = 5;

/// What is said of those that are not named.
fn more(all: usize) -> String {
    match all.saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}

/// Sensors whose manifest says something else than the previous release's manifest of the same build: a build does not
/// change, so one of the two is not true, and what rules were checked against is not what is deployed. Evidence of the
/// previous release is of these very manifests ([`PreviousEvidence`]).
pub(crate) fn manifests_changed(run: &Subject<'_>, outcome: &mut Outcome) {
    let then = run.previous.and_then(|previous| previous.devices.as_ref());
    let (Some(then), Some(now)) = (then, &run.built.devices) else { return };
    for sensor in now.sensors() {
        let Some(was) = then.sensors().iter().find(|was| sensor.is_build_of(was)) else { continue };
        let differences = sensor.differences(was);
        let Some(first) = differences.first() else { continue };
        let more = match differences.len() - 1 {
            0 => String::new(),
            more => format!(" and {}", plural(more, "other part")),
        };
        let message =
            format!("the manifest of {sensor} says something else of {first}{more} than in the previous release");
        outcome.findings.push(Finding::new(&codes::CORPUS_SHRUNK, message).with_help(
            "a build does not change: give another build a version of its own; where the manifest was wrong before: --allow-shrink, for this one release",
        ));
    }
}

/// Sensors that the release before was for and this one is not: nothing looks at what they do with it, and they may still
/// be deployed. The fleet of before is that of the previous release, and what its evidence names besides.
pub(crate) fn sensors_gone(run: &Subject<'_>, outcome: &mut Outcome) {
    let of_release = run.previous.and_then(|previous| previous.devices.as_ref()).map(Fleet::sensors);
    let evidence = run.settings.previous_evidence.as_deref().map(PreviousEvidence::evidence);
    let of_evidence = evidence.map(|then| then.release.fleet.clone());
    if of_release.is_none() && of_evidence.is_none() {
        outcome.skipped.push(
            "sensors that left the fleet: the previous release names no fleet, and there is no evidence of it"
                .to_owned(),
        );
        return;
    }
    let (of_release, of_evidence) = (of_release.unwrap_or_default(), of_evidence.unwrap_or_default());
    let now = run.built.devices.as_ref().map(Fleet::sensors).unwrap_or_default();
    let mut gone: Vec<String> =
        of_release.iter().filter(|was| !now.iter().any(|is| is.is_build_of(was))).map(ToString::to_string).collect();
    let is_there = |all: &[Sensor], name: &str| all.iter().any(|sensor| sensor.is_called(name));
    gone.extend(of_evidence.into_iter().filter(|name| !is_there(of_release, name) && !is_there(now, name)));
    let named = gone.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if gone.is_empty() {
        return;
    }
    let message =
        format!("the fleet of the previous release has sensors that this one lacks: {named}{}", more(gone.len()));
    outcome.findings.push(Finding::new(&codes::CORPUS_SHRUNK, message).with_help(
        "name every version that is still deployed; where none of these is: --allow-shrink, for this one release",
    ));
}
