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
    // What a member is called decides nothing where the text is no JSON.
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(source.text()) {
        return Err(vec![no_json(source, &error)]);
    }
    serde_json::from_str(source.text()).map_err(|error| vec![explain(source, &error)])
}

/// What is wrong with a text that is no JSON, and what to write.
fn no_json(source: &Source, error: &serde_json::Error) -> Diagnostic {
    let at = offset(source, error.line(), error.column());
    let full = error.to_string();
    let message = full.rfind(" at line ").and_then(|end| full.get(..end)).unwrap_or(&full);
    let text = source.text();
    let before = text.get(..at.saturating_sub(1)).unwrap_or("").trim_end();
    let is_comma =
        before.ends_with(',') && text.get(at.saturating_sub(1)..).is_some_and(|rest| rest.starts_with([']', '}']));
    let (said, help) = if text.trim().is_empty() {
        ("the file is empty", "write a manifest, or leave the file out")
    } else if is_comma {
        ("a comma stands before the end of a list or of members", "remove the comma")
    } else if message.starts_with("EOF") {
        (
            "the file ends within a value: a `}`, `]` or `\"` is missing",
            "close what is open, or hold the file against its source",
        )
    } else if message.starts_with("expected `,`") {
        (
            "a comma or a closing bracket is missing",
            "write a comma between two members or values, or close the one before",
        )
    } else if message.starts_with("expected `:`") {
        ("a colon is missing behind the name of a member", "write it as `\"name\": value`")
    } else if message.starts_with("key must be") {
        ("the name of a member must be a string", "write it in double quotes")
    } else if message.starts_with("trailing characters") {
        ("something follows the value", "one file holds one value: remove what follows, or a `}` that is too many")
    } else {
        let finding = Diagnostic::new(
            &INVALID_MANIFEST,
            source,
            Span::new(at.saturating_sub(1), at),
            format!("this is no JSON: {message}"),
        );
        return finding.with_help("JSON has double quotes, no comments, and `true`, `false` and `null` in lower case");
    };
    // A comma that is too many is before the place where the reader stops.
    let place = if is_comma { before.len().max(1) } else { at };
    let span = Span::new(place.saturating_sub(1), place);
    Diagnostic::new(&INVALID_MANIFEST, source, span, format!("this is no JSON: {said}")).with_help(help)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::FleetFile;

    fn told(text: &str) -> Vec<(String, u32)> {
        let found = FleetFile::parse(&Source::new("fleet.json", text)).err().unwrap_or_default();
        found.iter().map(|found| (found.message.clone(), found.span.start)).collect()
    }

    #[test]
    fn what_is_no_json_is_told_as_that_and_where() {
        let whole = "{\n  \"format\": 1,\n  \"sensors\": [\"a.json\", \"b.json\"]\n}\n";
        assert_eq!(told(whole), []);
        let comma = "a comma stands before the end of a list or of members";
        let open = "the file ends within a value: a `}`, `]` or `\"` is missing";
        for (from, to, message, at) in [
            ("b.json\"]", "b.json\",]", comma, "b.json\"]"),
            ("]\n}", "],\n}", comma, "]\n}"),
            ("]\n}", "]\n", open, ""),
            ("\"]\n}\n", "", open, ""),
            ("1,", "1", "a comma or a closing bracket is missing", "1,"),
            ("\"a.json\",", "\"a.json\"", "a comma or a closing bracket is missing", "\"b"),
            ("\"format\"", "format", "the name of a member must be a string", "\"format"),
            ("\"format\":", "\"format\"", "a colon is missing behind the name of a member", ": 1"),
            ("]\n}", "]\n}}", "something follows the value", "\n}"),
        ] {
            let text = whole.replacen(from, to, 1);
            let found = told(&text);
            let place = found.first().map_or(0, |(_, at)| *at as usize);
            assert_eq!(
                found.iter().map(|(said, _)| said.as_str()).collect::<Vec<_>>(),
                [format!("this is no JSON: {message}")],
                "{text}"
            );
            // The place is where the mistake is, to a sign or two.
            let expected = if at.is_empty() { text.len() } else { whole.find(at).unwrap_or(0) };
            assert!(place.abs_diff(expected) < 12, "{place} for {expected} in {text}");
        }
        assert_eq!(
            told(" \n"),
            [("this is no JSON: the file is empty".to_owned(), told(" \n").first().map_or(0, |(_, at)| *at))]
        );
        assert!(told("{'format': 1}").first().is_some_and(|(said, _)| said.starts_with("this is no JSON")));
        // What is JSON is told by its members.
        assert_eq!(
            told("{\"format\": 1, \"sensor\": []}").first().map(|(said, _)| said.as_str()),
            Some("unknown member `sensor`")
        );
    }
}
