//! Findings as an editor shows them.

use std::hash::{Hash, Hasher};

use contentcheck_model::diagnostic::{self, Severity, codes};
use contentcheck_model::source::{Source, Span};
use contentcheck_parser::release::Finding;
use gen_lsp_types::{
    Code, CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location,
    Range, Uri,
};

use rustc_hash::FxHasher;

use crate::client::Client;
use crate::positions::Lines;

/// Codes of what has no effect: an editor may fade it.
static REDUNDANT: &[&diagnostic::Code] = &[
    &codes::DEAD_FILTER,
    &codes::COVERED_FILTER,
    &codes::COVERED_BRANCH,
    &codes::IMPOSSIBLE_BRANCH,
    &codes::COVERED_VALUE,
    &codes::IMPLIED_PART,
    &codes::DEAD_VALUE,
    &codes::UNUSED_SELECTION,
    &codes::UNUSED_SUPPRESSION,
];

/// Where files are and what they are called, for one answer.
pub(crate) trait Places {
    /// The URI of a file that content or a finding names.
    fn uri(&self, name: &str) -> Option<Uri>;
    /// The file as the editor has it, if it is open; its offsets are those of the text that was checked.
    fn open(&self, name: &str) -> Option<std::sync::Arc<str>>;
}

/// The place of a part of a file. Lines are those of the editor where it has the file.
pub(crate) fn range(places: &dyn Places, client: Client, source: &Source, span: Span) -> Range {
    match places.open(source.name()) {
        Some(text) => Lines::new(&text, client.encoding).range(span),
        None => Lines::new(source.text(), client.encoding).range(span),
    }
}

/// The place of a part of a file; none where it is in no file, such as what ships with the program.
pub(crate) fn location(places: &dyn Places, client: Client, source: &Source, span: Span) -> Option<Location> {
    Some(Location { uri: places.uri(source.name())?, range: range(places, client, source, span) })
}

/// All findings of one file.
pub(crate) fn shown(found: &[Finding], places: &dyn Places, client: Client) -> Vec<Diagnostic> {
    let Some(first) = found.first() else { return Vec::new() };
    let open = places.open(first.source.name());
    let lines = Lines::new(open.as_deref().unwrap_or(first.source.text()), client.encoding);
    found.iter().map(|found| one(found, &lines, places, client)).collect()
}

/// One finding of a file with these lines.
pub(crate) fn one(
    found: &diagnostic::Diagnostic,
    lines: &Lines<'_>,
    places: &dyn Places,
    client: Client,
) -> Diagnostic {
    let code = found.code;
    let help = found.help.as_ref().map_or_else(String::new, |help| format!("\nhelp: {help}"));
    let uri = places.uri(found.source.name());
    let here = found.labels.iter().filter_map(|label| {
        let location = Location { uri: uri.clone()?, range: lines.range(label.span) };
        Some(DiagnosticRelatedInformation { location, message: label.text.clone() })
    });
    let elsewhere = found.related.iter().filter_map(|related| {
        let location = location(places, client, &related.source, related.span)?;
        Some(DiagnosticRelatedInformation { location, message: related.text.clone() })
    });
    let related: Vec<DiagnosticRelatedInformation> = here.chain(elsewhere).collect();
    let is_redundant = REDUNDANT.iter().any(|redundant| redundant.id == code.id);
    let href = || Uri(code.page());
    Diagnostic {
        range: lines.range(found.span),
        severity: Some(match found.severity {
            Severity::Error => DiagnosticSeverity::Error,
            Severity::Warning => DiagnosticSeverity::Warning,
            _ => DiagnosticSeverity::Information,
        }),
        code: Some(Code::String(code.id.to_owned())),
        code_description: client.links.then(|| CodeDescription { href: href() }),
        source: Some("contentcheck".to_owned()),
        message: format!("{}{help}", found.message).into(),
        tags: (client.tags && is_redundant).then(|| vec![DiagnosticTag::Unnecessary]),
        related_information: Some(related).filter(|related| client.related && !related.is_empty()),
        data: None,
    }
}

/// A number for the findings of a file and where they are seen: equal where what is shown is.
pub(crate) fn key(found: &[Finding], client: Client) -> u64 {
    let mut hasher = FxHasher::default();
    let place = |source: &Source, span: Span| {
        let (start, end) = (source.position(span.start), source.position(span.end));
        (span, start.line, start.column, end.line, end.column)
    };
    for found in found {
        (found.code.id, found.severity, &found.message, &found.help).hash(&mut hasher);
        place(&found.source, found.span).hash(&mut hasher);
        for label in found.labels.iter().filter(|_| client.related) {
            (place(&found.source, label.span), &label.text).hash(&mut hasher);
        }
        for related in found.related.iter().filter(|_| client.related) {
            (related.source.name(), place(&related.source, related.span), &related.text).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Why a project cannot be checked, as a finding of its configuration.
pub(crate) fn failure(message: &str) -> Diagnostic {
    Diagnostic {
        range: Range::default(),
        severity: Some(DiagnosticSeverity::Error),
        code: None,
        code_description: None,
        source: Some("contentcheck".to_owned()),
        message: message.to_owned().into(),
        tags: None,
        related_information: None,
        data: None,
    }
}
