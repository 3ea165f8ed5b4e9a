//! GitHub workflow commands: annotations on the lines concerned.

use std::fmt::Write as _;

use contentcheck_gate::evidence::{Evidence, Weight};

use crate::report::github::{data, property};

/// The findings as workflow commands, and a notice for what was not checked.
pub(super) fn annotations(evidence: &Evidence) -> String {
    let mut text = String::new();
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
            let help = finding.help.as_ref().map_or_else(String::new, |help| format!("\nhelp: {help}"));
            let message = data(&format!("{}{help}", finding.message));
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "::{command} {place}title={}::{message}",
                property(&format!("{} ({})", finding.code, check.name))
            );
        }
    }
    for (check, reason) in evidence.skipped() {
        let _ =
            writeln!(text, "::notice title={}::{}", property(&format!("not checked ({})", check.name)), data(reason));
    }
    text
}
