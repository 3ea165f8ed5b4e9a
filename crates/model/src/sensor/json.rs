//! Reads JSON into a type, with a span for what is wrong.

use serde::de::DeserializeOwned;

use crate::diagnostic::codes::{FILE_TOO_LARGE, INVALID_MANIFEST};
use crate::diagnostic::{Diagnostic, closest};
use crate::limits;
use crate::source::{Source, Span};

/// The value that a JSON text of at most [`limits::MANIFEST_BYTES`] holds. Depth is bounded by
/// the reader, which refuses more than 128 levels.
pub(super) fn read<T: DeserializeOwned>(source: &Source) -> Result<T, Vec<Diagnostic>> {
    if source.text().len() > limits::MANIFEST_BYTES {
        let message = format!("the file is larger than {} MiB", limits::MANIFEST_BYTES >> 20);
        return Err(vec![Diagnostic::new(&FILE_TOO_LARGE, source, Span::default(), message)]);
    }
    serde_json::from_str(source.text()).map_err(|error| vec![explain(source, &error)])
}

fn explain(source: &Source, error: &serde_json::Error) -> Diagnostic {
    let at = offset(source, error.line(), error.column());
    let full = error.to_string();
    let message = full.rfind(" at line ").and_then(|end| full.get(..end)).unwrap_or(&full);
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field") || message.starts_with("unknown variant") {
        let name = quoted.next().unwrap_or("");
        let span = back_to(source, at, name);
        let known: Vec<&str> = quoted.collect();
        let what = if message.starts_with("unknown field") { "member" } else { "value" };
        let finding = Diagnostic::new(&INVALID_MANIFEST, source, span, format!("unknown {what} `{name}`"));
        return finding.with_help(match closest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", known.join(", ")),
        });
    }
    let message = message.replace("missing field", "missing member").replace("duplicate field", "repeated member");
    Diagnostic::new(&INVALID_MANIFEST, source, Span::new(at.saturating_sub(1), at), message)
}

/// Byte offset of a line and column as serde counts them: from 1, in bytes, at the end of what was read.
fn offset(source: &Source, line: usize, column: usize) -> usize {
    let start = source.line(line.max(1)).map_or(0, |span| span.start as usize);
    (start + column).min(source.text().len())
}

/// The span of `"name"` that ends at or shortly before `at`.
fn back_to(source: &Source, at: usize, name: &str) -> Span {
    let quoted = format!("\"{name}\"");
    let found = source.text().get(..at).and_then(|before| before.rfind(&quoted));
    found.map_or(Span::at(at), |start| Span::new(start, start + quoted.len()))
}

/// The span of `"value"` after `from`, or `otherwise`.
pub(super) fn locate(source: &Source, from: Span, value: &str, otherwise: Span) -> Span {
    let quoted = serde_json::Value::from(value).to_string();
    let found = source.text().get(from.end as usize..).and_then(|rest| rest.find(&quoted));
    found.map_or(otherwise, |at| Span::new(from.end as usize + at, from.end as usize + at + quoted.len()))
}
