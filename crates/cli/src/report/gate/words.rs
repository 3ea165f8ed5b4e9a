//! Words that several formats use.

use contentcheck_gate::evidence::{
    AcceptedBy, AcceptedFindings, Change, ChangeKind, Conclusion, Evidence, FilesLeftOut, Finding, InputKind,
    SensorFacts, Status,
};
use contentcheck_model::diagnostic::visible_json;
use serde_json::Value;

/// The word for a change.
pub(super) const fn kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Rewritten => "rewritten, means the same",
        ChangeKind::Wider => "wider",
        ChangeKind::Narrower => "narrower",
        ChangeKind::Different => "different",
        ChangeKind::Unknown => "differs; the effect could not be determined",
        ChangeKind::Relabelled => "says something else of what it matches",
        ChangeKind::OtherSensors => "is for other sensors",
    }
}

/// A change, in one line.
pub(super) fn change(of: &Change) -> String {
    let labels = of.labels.as_ref().map_or_else(String::new, |labels| format!(": {labels}"));
    format!("{} ({}): {}{labels}", of.title, of.rule, kind(of.kind))
}

/// The events that show a change, each in one line.
pub(super) fn shown_by(of: &Change) -> Vec<String> {
    let on = of.template.as_ref().map_or_else(String::new, |template| format!(" ({template})"));
    let one = |which: &str, event: &Option<Value>| {
        event
            .as_ref()
            .map(|event| format!("only the {which} version matches{on}: {}", visible_json(&event.to_string())))
    };
    one("old", &of.loses).into_iter().chain(one("new", &of.gains)).collect()
}

/// The changes, those first by which something may be missed.
pub(super) fn changes(evidence: &Evidence) -> Vec<&Change> {
    let mut changes: Vec<&Change> = evidence.changes.iter().collect();
    changes.sort_by_key(|change| match change.kind {
        ChangeKind::Removed => 0,
        ChangeKind::Unknown => 1,
        ChangeKind::Different => 2,
        ChangeKind::Narrower => 3,
        ChangeKind::OtherSensors => 4,
        ChangeKind::Relabelled => 5,
        ChangeKind::Wider => 6,
        ChangeKind::Added => 7,
        ChangeKind::Rewritten => 8,
    });
    changes
}

/// What a finding says beside its message: its help, and the test or else the event that shows it.
pub(super) fn more(finding: &Finding) -> Vec<String> {
    let event = || finding.event.as_ref().map(|event| format!("event: {}", visible_json(&event.to_string())));
    finding.help.iter().cloned().chain(finding.test.clone().or_else(event)).collect()
}

/// The word for how a check ended.
pub(super) const fn word(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Skipped => "did not run",
    }
}

/// How a verdict is coloured and signed: only a pass is green.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Warn,
    Bad,
}

/// The tone of the verdict.
pub(super) fn tone(evidence: &Evidence) -> Tone {
    match evidence.verdict.outcome() {
        Conclusion::Passed => Tone::Good,
        Conclusion::Incomplete if evidence.verdict.ships() => Tone::Warn,
        Conclusion::Incomplete | Conclusion::Failed => Tone::Bad,
    }
}

/// What the release is called, with its sequence number.
pub(super) fn title(evidence: &Evidence) -> String {
    let release = &evidence.release;
    let name = release.name.as_deref().unwrap_or("release");
    release.sequence.map_or_else(|| name.to_owned(), |sequence| format!("{name}, sequence {sequence}"))
}

/// A number with its noun: `1 rule`, `2 rules`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// What was looked at, in one line.
pub(super) fn looked_at(evidence: &Evidence) -> String {
    let (rules, files) = (evidence.release.rules as u64, evidence.release.files as u64);
    format!("{} in {}, seed {}", counted(rules, "rule"), counted(files, "file"), evidence.settings.seed)
}

/// What accepts findings.
pub(super) const fn by(by: AcceptedBy) -> &'static str {
    match by {
        AcceptedBy::Comment => "a comment",
        AcceptedBy::Baseline => "the baseline",
        AcceptedBy::Severity => "a severity in the configuration",
    }
}

/// Findings that something accepts, in one line.
pub(super) fn accepted(of: &AcceptedFindings) -> String {
    let reason = of.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    format!("{} of {} in {}, accepted by {}{reason}", counted(of.count, "finding"), of.code, of.file, by(of.by))
}

/// Files that were not read, in one line.
pub(super) fn files(of: &FilesLeftOut) -> String {
    let more = of.count.saturating_sub(of.names.len() as u64);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}, {}: {}{more}", counted(of.count, "file"), of.reason, of.names.join(", "))
}

/// What a sensor loads, in one line.
pub(super) fn sensor(of: &SensorFacts) -> String {
    let loads = match of.loads {
        Some(loads) => format!("loads {loads} of {}", counted(of.of, "rule")),
        None => "refuses the image".to_owned(),
    };
    let before = of.previously.map_or_else(String::new, |before| format!(", {before} before"));
    format!("{} {} {loads}{before}", of.sensor, of.version)
}

/// Rules that no sensor of the fleet runs, each in one line.
pub(super) fn nowhere(evidence: &Evidence) -> Vec<String> {
    let nowhere = evidence.rules.iter().filter(|rule| rule.sensors == Some(0));
    nowhere.map(|rule| format!("`{}` ({}), on {}", rule.title, rule.rule, rule.templates.join(", "))).collect()
}

/// What was read, by kind, in one line.
pub(super) fn inputs(evidence: &Evidence) -> String {
    let of = |kind: InputKind| {
        let count = evidence.inputs.iter().filter(|input| input.kind == kind).count();
        (count > 0).then(|| format!("{count} {}", kind.word()))
    };
    InputKind::ALL.into_iter().filter_map(of).collect::<Vec<_>>().join(", ")
}

/// Settings that let something pass which otherwise fails, or that a reader must know of: one for each.
pub(super) fn settings(evidence: &Evidence) -> Vec<String> {
    let settings = &evidence.settings;
    let mut said = Vec::new();
    let mut flag = |is_set: bool, word: &str| {
        if is_set {
            said.push(word.to_owned());
        }
    };
    flag(settings.require_all, "require-all");
    flag(settings.deny_warnings, "deny-warnings");
    flag(settings.allow_shrink, "allow-shrink");
    flag(settings.allow_growth, "allow-growth");
    flag(settings.skip_unsupplied, "skip-unsupplied");
    flag(settings.every_rule, "every-rule");
    flag(settings.change, "change");
    said.extend(settings.seconds.map(|seconds| format!("seconds {seconds}")));
    said.push(format!("cases {}", settings.cases));
    for (word, names) in [("only", &settings.only), ("skip", &settings.skip)] {
        if !names.is_empty() {
            said.push(format!("{word} {}", names.join(", ")));
        }
    }
    said.extend(settings.severities.iter().map(|(code, level)| format!("{code} = {level}")));
    said.extend(settings.per_file_ignores.iter().map(|(files, codes)| format!("{files} ignores {}", codes.join(", "))));
    said.extend(settings.ceiling.map(|ceiling| format!("ceiling {ceiling}")));
    said.extend(settings.ceilings.iter().map(|(rule, ceiling)| format!("ceiling of {rule} {ceiling}")));
    said
}

/// The other places of a finding, a line for each.
pub(super) fn related(finding: &Finding) -> impl Iterator<Item = String> {
    finding.related.iter().map(|related| {
        let place = &related.place;
        format!("{}: {}:{}:{}", related.text, place.file, place.line, place.column)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_agree_with_their_nouns() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "rule")), ["0 rules", "1 rule", "2 rules"]);
    }
}
