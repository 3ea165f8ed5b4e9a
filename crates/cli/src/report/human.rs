//! For people.

use std::io::{self, Write};

use super::Report;

/// Writes the report.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    short(report, out)
}

/// One line for each finding.
pub(super) fn short(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    report.findings.iter().try_for_each(|finding| writeln!(out, "{finding}"))
}
