//! What YAML 1.2 allows and readers of YAML 1.1 do not, such as PyYAML, with which pySigma reads rules.

use contentcheck_model::diagnostic::{Diagnostic, Sink, clip, codes};
use contentcheck_model::source::Span;
use saphyr_parser::{Event, Parser};

use super::{Offsets, Style, comments, written};

/// Where the values of a file are that have quotes or are blocks, as far as it can be read; from there on all of it is.
fn quoted(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut offsets = Offsets::new(text);
    let mut parser = Parser::new_from_str(text);
    let mut at = 0;
    while let Some(Ok((event, span))) = parser.next_event() {
        if matches!(event, Event::StreamEnd) {
            return found;
        }
        let Event::Scalar(value, style, anchor, tag) = event else { continue };
        let style = Style::from(style);
        let span = written(text, span, (style, anchor != 0 || tag.is_some()), &value, &mut offsets);
        at = span.range().end.max(at);
        if style != Style::Plain {
            found.push(span);
        }
    }
    found.push(Span::new(at, text.len()));
    found
}

/// Whether a place is in one of some spans, which rise.
fn is_in(spans: &[Span], at: usize) -> bool {
    let after = spans.partition_point(|span| span.range().start <= at);
    after.checked_sub(1).and_then(|before| spans.get(before)).is_some_and(|span| at < span.range().end)
}

/// Reports the first tab that stands where a space may stand: to those readers it is no blank.
pub(super) fn tabs(text: &str, sink: &mut Sink) {
    if !text.contains('\t') {
        return;
    }
    let (comments, quoted) = (comments(text), quoted(text));
    let mut tabs = text.match_indices('\t').map(|(at, _)| at);
    let first = tabs.find(|at| !is_in(&comments, *at) && !is_in(&quoted, *at));
    if let Some(at) = first {
        let message = "a tab stands where readers of YAML 1.1, such as PyYAML, take spaces alone";
        let found = sink.diagnostic(&codes::OTHER_YAML, Span::new(at, at + 1), message);
        sink.push(found.with_help("write a space, or nothing at the end of a line; PyYAML refuses the whole file"));
    }
}

/// A document that begins behind `...` without `---`.
pub(super) fn bare_document(at: usize, sink: &Sink) -> Diagnostic {
    let message = "this document follows `...`, and begins without `---`";
    sink.diagnostic(&codes::OTHER_YAML, Span::at(at), message)
        .with_help("write `---` before it: readers of YAML 1.1, such as PyYAML, refuse the file otherwise")
}

/// What is wrong with a value without quotes that stands between brackets, where the two versions differ most.
pub(super) fn plain(text: &str, span: Span, is_in_brackets: impl Fn() -> bool, sink: &Sink) -> Option<Diagnostic> {
    let value = text.get(span.range())?;
    if value.starts_with(['|', '>']) {
        // Outside of brackets it begins a block.
        let message = format!("a value that begins with `{}` must be quoted", value.get(..1)?);
        return Some(sink.diagnostic(&codes::YAML_SYNTAX, span, message).with_help("quote the whole value"));
    }
    if !(value.starts_with(':') || value.contains('?')) || !is_in_brackets() {
        return None;
    }
    let sign = if value.starts_with(':') { ':' } else { '?' };
    let message = format!(
        "`{}` has a `{sign}` that readers of YAML 1.1, such as PyYAML, take for a sign of their own",
        clip(value)
    );
    Some(sink.diagnostic(&codes::OTHER_YAML, span, message).with_help("quote the value"))
}
