//! The report as JSON, in a format of its own with a schema.

use std::io::{self, Write};

use contentcheck_model::diagnostic::{Detail, Diagnostic, Severity};
use contentcheck_model::source::{Source, Span};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Report, place};

/// What `contentcheck lint` found.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "contentcheck report")]
struct Document<'a> {
    /// Version of this format; always 1.
    format: u32,
    /// Version of the program that wrote the report.
    version: &'static str,
    /// Counts over the whole run.
    summary: Summary<'a>,
    /// The findings, ordered by file and place.
    findings: Vec<Finding<'a>>,
}

/// Counts over the whole run.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Summary<'a> {
    /// Files that were checked.
    files: usize,
    /// Rules that could be read.
    rules: usize,
    /// Findings with the severity `error`.
    errors: usize,
    /// Findings with the severity `warning`.
    warnings: usize,
    /// Findings with the severity `info`.
    infos: usize,
    /// Checks that did not run, each with the reason.
    skipped: &'a [String],
}

/// One finding.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Finding<'a> {
    /// The stable code: `CC` and four digits.
    #[schemars(regex(pattern = "^CC[0-9]{4}$"))]
    code: &'static str,
    /// The stable short name of the code.
    name: &'static str,
    /// How serious it is, as configured.
    severity: Severity,
    /// What was found, on one line.
    message: &'a str,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    /// The file.
    file: &'a str,
    /// The place in the file.
    range: Range,
    /// What stands at the place, in a few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    /// Further places, in this file or in others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<RelatedPlace<'a>>,
    /// Name or id of the rule that the finding is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    /// A fix that can be applied by machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<FixText<'a>>,
    /// The facts, where the finding is about sensors or the previous release: nothing of the message has to be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a Detail>,
    /// What stays the same when lines move: a hash of code, file, rule and message, in hex.
    #[schemars(regex(pattern = "^[0-9a-f]{16}$"))]
    fingerprint: String,
    /// How many findings with the same fingerprint stand before this one.
    occurrence: usize,
}

/// A stretch of a file; the end is just past its last character.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Range {
    /// Where it begins.
    start: Point,
    /// Where it ends.
    end: Point,
}

/// A point in a file.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Point {
    /// Line, from 1.
    #[schemars(range(min = 1))]
    line: usize,
    /// Column in characters (Unicode code points), from 1.
    #[schemars(range(min = 1))]
    column: usize,
    /// Offset in bytes, from 0.
    offset: u32,
}

/// A further place.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RelatedPlace<'a> {
    /// The file.
    file: &'a str,
    /// The place in the file.
    range: Range,
    /// What it has to do with the finding.
    text: &'a str,
}

/// A fix: all edits together.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FixText<'a> {
    /// What the fix does, in the imperative.
    title: &'a str,
    /// The edits, all in the file of the finding; they do not overlap.
    edits: Vec<EditText<'a>>,
}

/// Replaces a stretch of the file.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EditText<'a> {
    /// What is replaced; empty to insert.
    range: Range,
    /// The new text.
    text: &'a str,
}

/// Writes the report as JSON.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        format: 1,
        version: env!("CARGO_PKG_VERSION"),
        summary: Summary {
            files: report.files,
            rules: report.rules,
            errors: report.count(Severity::Error),
            warnings: report.count(Severity::Warning),
            infos: report.count(Severity::Info),
            skipped: report.skipped,
        },
        findings: place::numbered(report.findings)
            .map(|(finding, print, count)| entry(finding, print, count))
            .collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// The JSON schema of the report.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::generate::SchemaSettings::default()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Document<'_>>()
        .to_value()
}

fn entry(finding: &Diagnostic, print: u64, occurrence: usize) -> Finding<'_> {
    let here = finding.labels.iter().map(|label| RelatedPlace {
        file: place::path(&finding.source),
        range: range(&finding.source, label.span),
        text: &label.text,
    });
    let elsewhere = finding.related.iter().map(|related| RelatedPlace {
        file: place::path(&related.source),
        range: range(&related.source, related.span),
        text: &related.text,
    });
    Finding {
        code: finding.code.id,
        name: finding.code.name,
        severity: finding.severity,
        message: &finding.message,
        help: finding.help.as_deref(),
        file: place::path(&finding.source),
        range: range(&finding.source, finding.span),
        label: finding.label.as_deref(),
        related: here.chain(elsewhere).collect(),
        rule: finding.rule.as_deref(),
        fix: finding.fix.as_ref().map(|fix| FixText {
            title: &fix.title,
            edits: fix
                .edits
                .iter()
                .map(|edit| EditText { range: range(&finding.source, edit.span), text: &edit.text })
                .collect(),
        }),
        detail: finding.detail.as_deref(),
        fingerprint: format!("{print:016x}"),
        occurrence,
    }
}

fn range(source: &Source, span: Span) -> Range {
    let point = |offset: u32| {
        let at = source.position(offset);
        Point { line: at.line, column: at.column, offset }
    };
    Range { start: point(span.start), end: point(span.end) }
}
