//! Reads hostile XML: bounded before the tree is built.

use std::borrow::Cow;

use roxmltree::{Document, Node, ParsingOptions};

use contentcheck_model::diagnostic::Diagnostic;
use contentcheck_model::diagnostic::codes::{FILE_TOO_LARGE, INVALID_MANIFEST, LIMIT_EXCEEDED};
use contentcheck_model::limits;
use contentcheck_model::source::{Source, Span};

/// Bytes that may stand before the first tag.
const BANNER_BYTES: usize = 4 << 10;

/// The text with what precedes its first tag made blank: `sysmon -s` prints a banner before
/// the schema. Every other byte keeps its offset.
pub(super) fn without_banner(source: &Source) -> Cow<'_, str> {
    let text = source.text();
    let first = text.find('<').unwrap_or(0);
    match text.split_at_checked(first) {
        Some((banner, rest)) if !banner.trim().is_empty() && banner.len() <= BANNER_BYTES => {
            let blank = banner.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' });
            Cow::Owned(blank.chain(rest.chars()).collect())
        }
        _ => Cow::Borrowed(text),
    }
}

/// The tree of an XML text. Size, depth and attributes are bounded first, in one pass over the
/// bytes; document type declarations, and with them all entities but the five, are refused.
/// `text` is the source's, [`without_banner`].
pub(super) fn parse<'t>(source: &Source, text: &'t str) -> Result<Document<'t>, Vec<Diagnostic>> {
    if text.len() > limits::MANIFEST_BYTES {
        let message = format!("the file is larger than {} MiB", limits::MANIFEST_BYTES >> 20);
        return Err(vec![Diagnostic::new(&FILE_TOO_LARGE, source, Span::default(), message)]);
    }
    bound(source)?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: limits::XML_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| vec![explain(source, &error)])
}

fn explain(source: &Source, error: &roxmltree::Error) -> Diagnostic {
    let at = offset(source, error.pos());
    if matches!(error, roxmltree::Error::NodesLimitReached) {
        let message = format!("the file has more than {} nodes", limits::XML_NODES);
        return Diagnostic::new(&LIMIT_EXCEEDED, source, Span::at(at), message);
    }
    // The reader names the position at the end of its message; the span says it already.
    let full = error.to_string();
    let is_position = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    let message = match full.rsplit_once(" at ") {
        Some((message, position)) if is_position(position) => message,
        _ => &full,
    };
    let message: String = message.chars().take(200).collect();
    Diagnostic::new(&INVALID_MANIFEST, source, Span::at(at), format!("not XML: {message}"))
}

/// The span of an element's opening tag.
pub(super) fn open_tag(source: &Source, node: Node<'_, '_>) -> Span {
    let range = node.range();
    let text = source.text().get(range.clone()).unwrap_or("");
    let end = text.find('>').map_or(text.len(), |at| at + 1);
    Span::new(range.start, range.start + end)
}

fn offset(source: &Source, at: roxmltree::TextPos) -> usize {
    let Some(line) = source.line(at.row as usize) else { return source.text().len() };
    let text = source.slice(line);
    let column = (at.col as usize).saturating_sub(1);
    line.start as usize + text.char_indices().nth(column).map_or(text.len(), |(at, _)| at)
}

/// Refuses a text whose tree would be too deep or have too many attributes. This pass does not
/// decide what well-formed XML is; it sees at least as many levels and attributes as a reader.
fn bound(source: &Source) -> Result<(), Vec<Diagnostic>> {
    let limit = |at: usize, message: String| Err(vec![Diagnostic::new(&LIMIT_EXCEEDED, source, Span::at(at), message)]);
    let text = source.text();
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut total) = (0_usize, 0_usize, 0_usize);
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('<')) {
        let start = at + found;
        let rest = text.get(start..).unwrap_or("");
        let skip = |from: usize, end: &str| {
            let found = text.get(from..).and_then(|rest| rest.find(end));
            found.map_or(text.len(), |found| from + found + end.len())
        };
        if rest.starts_with("<!--") {
            at = skip(start + 4, "-->");
        } else if rest.starts_with("<![CDATA[") {
            at = skip(start + 9, "]]>");
        } else if rest.starts_with("<?") {
            at = skip(start + 2, "?>");
        } else if rest.starts_with("<!") {
            let message = "document type declarations are not read";
            return Err(vec![Diagnostic::new(&INVALID_MANIFEST, source, Span::new(start, start + 2), message)]);
        } else {
            let closing = rest.starts_with("</");
            let (mut here, mut quote, mut attributes) = (start + 1, None, 0_usize);
            while let Some(byte) = bytes.get(here) {
                match (quote, byte) {
                    (None, b'>') => break,
                    (None, b'"' | b'\'') => quote = Some(*byte),
                    (None, b'=') => attributes += 1,
                    (Some(open), _) if *byte == open => quote = None,
                    _ => {}
                }
                here += 1;
            }
            total += attributes;
            if attributes > limits::XML_ELEMENT_ATTRIBUTES {
                let most = limits::XML_ELEMENT_ATTRIBUTES;
                return limit(start, format!("an element has more than {most} attributes"));
            }
            if total > limits::XML_ATTRIBUTES {
                return limit(start, format!("the file has more than {} attributes", limits::XML_ATTRIBUTES));
            }
            let empty = here.checked_sub(1).and_then(|last| bytes.get(last)) == Some(&b'/');
            if closing {
                depth = depth.saturating_sub(1);
            } else if !empty {
                depth += 1;
                if depth > limits::NESTING {
                    return limit(start, format!("elements are nested deeper than {} levels", limits::NESTING));
                }
            }
            at = here;
        }
    }
    Ok(())
}
