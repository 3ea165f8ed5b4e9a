//! The report as SARIF 2.1.0.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use contentcheck_model::diagnostic::{Code, Diagnostic, Severity, codes, visible, visible_lines};
use contentcheck_model::source::{Source, Span};
use serde_json::{Value, json};

use super::Report;
use super::place::{self, Place};

/// Writes the report as SARIF.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let indices: HashMap<&str, usize> = codes::all().enumerate().map(|(index, code)| (code.id, index)).collect();
    let results: Vec<Value> = place::numbered(report.findings)
        .map(|(finding, print, count)| result(finding, print, count, indices.get(finding.code.id).copied()))
        .collect();
    let notifications: Vec<Value> =
        report.skipped.iter().map(|reason| json!({ "level": "warning", "message": message(reason) })).collect();
    let document = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "contentcheck",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": descriptors(),
            } },
            "columnKind": "unicodeCodePoints",
            "defaultEncoding": "utf-8",
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notifications }],
            "properties": { "files": report.files, "rules": report.rules },
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// What is known of every code, in the order of [`codes::all`].
pub(super) fn descriptors() -> Vec<Value> {
    let families = codes::FAMILIES.iter();
    families.flat_map(|(_, title, family)| family.iter().map(move |code| descriptor(code, title))).collect()
}

fn descriptor(code: &Code, family: &str) -> Value {
    json!({
        "id": code.id,
        "name": code.name,
        "shortDescription": { "text": code.summary.trim() },
        "fullDescription": { "text": format!("{} {}", code.cause, code.harm) },
        "defaultConfiguration": { "level": level(code.severity) },
        "help": {
            "text": format!("Cause: {}\nHarm: {}\nRemedy: {}", code.cause, code.harm, code.cure),
            "markdown": format!("**Cause.** {}\n\n**Harm.** {}\n\n**Remedy.** {}", code.cause, code.harm, code.cure),
        },
        "properties": { "tags": [family], "fixable": code.fixable },
    })
}

fn result(finding: &Diagnostic, print: u64, count: usize, index: Option<usize>) -> Value {
    let mut location = json!({ "physicalLocation": physical(&finding.source, finding.span) });
    if let (Some(label), Some(location)) = (&finding.label, location.as_object_mut()) {
        location.insert("message".into(), message(&visible(label)));
    }
    if let (Some(rule), Some(location)) = (&finding.rule, location.as_object_mut()) {
        location.insert("logicalLocations".into(), json!([{ "name": visible(rule), "kind": "rule" }]));
    }
    let here = finding.labels.iter().map(|label| (&finding.source, label.span, &label.text));
    let elsewhere = finding.related.iter().map(|related| (&related.source, related.span, &related.text));
    let related: Vec<Value> = here
        .chain(elsewhere)
        .enumerate()
        .map(|(id, (source, span, text))| {
            json!({ "id": id + 1, "physicalLocation": physical(source, span), "message": message(&visible(text)) })
        })
        .collect();
    let mut result = json!({
        "ruleId": finding.code.id,
        "level": level(finding.severity),
        "message": message(&place::text(finding)),
        "locations": [location],
        "partialFingerprints": { "contentcheck/v1": format!("{print:016x}:{count}") },
    });
    if let Some(members) = result.as_object_mut() {
        if let Some(index) = index {
            members.insert("ruleIndex".into(), index.into());
        }
        if !related.is_empty() {
            members.insert("relatedLocations".into(), related.into());
        }
        if let Some(fix) = &finding.fix {
            let replacements: Vec<Value> = fix
                .edits
                .iter()
                .map(|edit| json!({ "deletedRegion": region(&finding.source, edit.span), "insertedContent": { "text": edit.text } }))
                .collect();
            let change = json!({ "artifactLocation": artifact(&finding.source), "replacements": replacements });
            members.insert(
                "fixes".into(),
                json!([{ "description": message(&visible(&fix.title)), "artifactChanges": [change] }]),
            );
        }
    }
    result
}

const fn level(severity: Severity) -> &'static str {
    place::word(severity, "error", "warning", "note")
}

fn physical(source: &Source, span: Span) -> Value {
    json!({ "artifactLocation": artifact(source), "region": region(source, span) })
}

fn artifact(source: &Source) -> Value {
    json!({ "uri": uri(place::path(source)) })
}

fn region(source: &Source, span: Span) -> Value {
    let Place { start, end } = Place::new(source, span);
    json!({
        "startLine": start.line, "startColumn": start.column,
        "endLine": end.line, "endColumn": end.column,
        "byteOffset": span.start, "byteLength": span.len(),
    })
}

/// A text that no viewer takes for a link: SARIF reads `[a](b)` as one even in plain text.
/// Braces stay single, as viewers that obey their doubling also leave single ones alone.
pub(super) fn message(text: &str) -> Value {
    json!({ "text": visible_lines(text).replace("](", "\\](") })
}

/// A path as a URI reference: relative where the path is, `file:` where it is absolute.
pub(super) fn uri(path: &str) -> String {
    let drive = matches!(path.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    let mut uri = String::with_capacity(path.len() + 8);
    let mut rest = path;
    if drive {
        let (letter, after) = path.split_at_checked(2).unwrap_or((path, ""));
        uri.push_str("file:///");
        uri.push_str(letter);
        rest = after;
    } else if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in rest.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            uri.push(char::from(byte));
        } else if byte == b'\\' && drive {
            uri.push('/');
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uri_references() {
        assert_eq!(uri("rules/a b,ä%.yml"), "rules/a%20b%2C%C3%A4%25.yml");
        assert_eq!(uri("a:b.yml"), "a%3Ab.yml");
        assert_eq!(uri("/tmp/x.yml"), "file:///tmp/x.yml");
        assert_eq!(uri("C:\\rules/x.yml"), "file:///C:/rules/x.yml");
        assert_eq!(uri("../x?.yml#1"), "../x%3F.yml%231");
    }
}
