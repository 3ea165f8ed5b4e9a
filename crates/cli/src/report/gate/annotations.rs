//! GitHub workflow commands: annotations on the lines concerned.

use std::fmt::Write as _;

use contentcheck_gate::evidence::{ChangeKind, Evidence, Weight};
use contentcheck_model::diagnostic::visible;

use super::words::{self, Tone, tone};
use crate::report::github;

/// The verdict and the findings as workflow commands, and a notice for each rule that changed and for what did not run.
pub(super) fn annotations(evidence: &Evidence) -> String {
    let mut text = String::new();
    let command = match tone(evidence) {
        Tone::Good => "notice",
        Tone::Warn => "warning",
        Tone::Bad => "error",
    };
    // Writing to a string does not fail.
    let _ = writeln!(text, "::{command} title=contentcheck gate::{}", data(evidence.verdict.summary()));
    for check in &evidence.checks {
        for finding in &check.findings {
            let command = match finding.weight {
                Weight::Error => "error",
                Weight::Warning => "warning",
                Weight::Info => "notice",
            };
            let place = finding.place.as_ref().map_or_else(String::new, |place| {
                format!("file={},line={},col={},", property(&place.file), place.line, place.column)
            });
            let related: String = words::related(finding).map(|line| format!("%0A{}", data(&line))).collect();
            let help = finding.help.as_ref().map_or_else(String::new, |help| format!("%0Ahelp: {}", data(help)));
            let event = finding
                .event
                .as_ref()
                .map_or_else(String::new, |event| format!("%0Aevent: {}", data(&event.to_string())));
            let _ = writeln!(
                text,
                "::{command} {place}title={}::{}{related}{help}{event}",
                property(&format!("{} ({})", finding.code, check.name)),
                data(&finding.message)
            );
        }
    }
    // A reviewer of a pull request is told what it changes, also where that is well.
    for change in words::changes(evidence) {
        if matches!(change.kind, ChangeKind::Added | ChangeKind::Rewritten) {
            continue;
        }
        let rule = evidence.rules.iter().find(|rule| rule.rule == change.rule);
        let place = rule.map_or_else(String::new, |rule| {
            format!("file={},line={},col={},", property(&rule.place.file), rule.place.line, rule.place.column)
        });
        let shown: String = words::shown_by(change).iter().map(|shown| format!("%0A{}", data(shown))).collect();
        let _ = writeln!(text, "::notice {place}title=change of a rule::{}{shown}", data(&words::change(change)));
    }
    for one in evidence.verdict.missing() {
        let title = property(&format!("did not run ({})", one.check));
        let _ = writeln!(text, "::notice title={title}::{}", data(&one.reason));
    }
    text
}

/// What follows `::`: one line in which every character is seen.
fn data(text: &str) -> String {
    github::data(&visible(text))
}

/// The value of a property, likewise.
fn property(text: &str) -> String {
    github::property(&visible(text))
}
