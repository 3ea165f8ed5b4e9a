//! What the machine formats share: places, paths and numbers for findings that look alike.

use std::collections::HashMap;

use contentcheck_model::diagnostic::{Diagnostic, Severity, visible};
use contentcheck_model::source::{Position, Source, Span};
use contentcheck_parser::release::Finding;

use contentcheck_parser::release::fingerprint;

/// A place with lines and columns from 1. The end is just past the last character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) start: Position,
    pub(super) end: Position,
}

impl Place {
    pub(super) fn new(source: &Source, span: Span) -> Self {
        Self { start: source.position(span.start), end: source.position(span.end) }
    }

    pub(super) fn of(finding: &Diagnostic) -> Self {
        Self::new(&finding.source, finding.span)
    }

    /// The last line that the place touches. One that ends with a line break does not touch the next line.
    pub(super) const fn last_line(&self) -> usize {
        if self.end.column == 1 && self.end.line > self.start.line { self.end.line - 1 } else { self.end.line }
    }
}

/// The path of a file as consumers expect it: relative to where the run began, without `./`.
pub(super) fn path(source: &Source) -> &str {
    let mut name = source.name();
    while let Some(rest) = name.strip_prefix("./") {
        name = rest;
    }
    name
}

/// Message and help, on lines of their own, with every character seen.
pub(super) fn text(finding: &Diagnostic) -> String {
    let message = visible(&finding.message);
    match &finding.help {
        Some(help) => format!("{message}\nhelp: {}", visible(help)),
        None => message.into_owned(),
    }
}

/// Each finding with its fingerprint and how many with the same one came before it. Consumers
/// that show one finding for each fingerprint need the pair.
pub(super) fn numbered(findings: &[Finding]) -> impl Iterator<Item = (&Finding, u64, usize)> {
    let mut seen: HashMap<u64, usize> = HashMap::new();
    findings.iter().map(move |finding| {
        let print = fingerprint(finding, finding.source.name());
        let count = seen.entry(print).or_default();
        *count += 1;
        (finding, print, *count - 1)
    })
}

/// One of three words for a severity.
pub(super) const fn word<'a>(severity: Severity, error: &'a str, warning: &'a str, info: &'a str) -> &'a str {
    match severity {
        Severity::Error => error,
        Severity::Warning => warning,
        _ => info,
    }
}
