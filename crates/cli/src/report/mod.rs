//! Reports: findings in the formats that people and machines read.

pub mod gate;
mod github;
mod gitlab;
mod human;
mod json;
pub(crate) mod junit;
pub(crate) mod markup;
mod place;
mod sarif;
mod statistics;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use contentcheck_model::diagnostic::Severity;
use contentcheck_parser::release::Finding;

use crate::args::Format;
pub use json::schema;
pub use statistics::Statistics;

/// What a run of `lint` found.
#[derive(Debug)]
pub struct Report<'a> {
    /// The findings to show, sorted by file and place.
    pub findings: &'a [Finding],
    /// All findings, shown or not: what is counted.
    pub all: &'a [Finding],
    /// Files that were checked.
    pub files: usize,
    /// Rules that could be read.
    pub rules: usize,
    /// Checks that did not run, each with the reason, such as arity without a fleet.
    pub skipped: &'a [String],
    /// Whether colour and line drawing are wanted (human formats only).
    pub color: bool,
}

impl Report<'_> {
    /// How many findings have this severity, shown or not.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.all.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Writes a report.
///
/// # Errors
/// When the output cannot be written.
pub fn write(format: Format, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Human => human::write(report, out),
        Format::Short => human::short(report, out),
        Format::Json => json::write(report, out),
        Format::Sarif => sarif::write(report, out),
        Format::Github => github::write(report, out),
        Format::Junit => junit::write(report, out),
        Format::Gitlab => gitlab::write(report, out),
    }
}
