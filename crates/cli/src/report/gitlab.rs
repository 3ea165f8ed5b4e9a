//! The report as GitLab code quality.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Report;
use super::place::{self, Place};

/// Writes the array that GitLab reads from `artifacts:reports:codequality`.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let findings: Vec<Value> = place::numbered(report.findings)
        .map(|(finding, print, count)| {
            let at = Place::of(finding);
            json!({
                "description": place::text(finding),
                "check_name": format!("{} {}", finding.code.id, finding.code.name),
                // GitLab shows only the first of several findings with one fingerprint.
                "fingerprint": format!("{print:016x}{count:08x}"),
                "severity": place::word(finding.severity, "critical", "minor", "info"),
                "location": {
                    "path": place::path(&finding.source),
                    "lines": { "begin": at.start.line, "end": at.last_line() },
                },
            })
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &findings)?;
    writeln!(out)
}
