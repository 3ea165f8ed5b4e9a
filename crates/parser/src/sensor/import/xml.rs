//! Reads hostile XML: bounded before the tree is built.

use roxmltree::{Document, Node, ParsingOptions};

use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::{FILE_TOO_LARGE, INVALID_MANIFEST, LIMIT_EXCEEDED};
use crate::limits;
use crate::source::{Source, Span};

/// The tree of an XML text. Size, depth and attributes are bounded first, in one pass over the
/// bytes; document type declarations, and with them all entities but the five, are refused.
pub(super) fn parse(source: &Source) -> Result<Document<'_>, Diagnostic> {
    let text = source.text();
    if text.len() > limits::MANIFEST_BYTES {
        let message = format!("the file is larger than {} MiB", limits::MANIFEST_BYTES >> 20);
        return Err(Diagnostic::new(&FILE_TOO_LARGE, source, Span::default(), message));
    }
    bound(source)?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: limits::XML_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| {
        let at = offset(source, error.pos());
        if matches!(error, roxmltree::Error::NodesLimitReached) {
            let message = format!("the file has more than {} nodes", limits::XML_NODES);
            return Diagnostic::new(&LIMIT_EXCEEDED, source, Span::at(at), message);
        }
        // The reader names the position at the end of its message; the span says it already.
        let mut message = error.to_string();
        if let Some(end) = message.rfind(" at ") {
            if message.get(end + 4..).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b':')) {
                message.truncate(end);
            }
        }
        let message: String = message.chars().take(200).collect();
        Diagnostic::new(&INVALID_MANIFEST, source, Span::at(at), format!("not XML: {message}"))
    })
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
fn bound(source: &Source) -> Result<(), Diagnostic> {
    let limit = |at: usize, message: String| Err(Diagnostic::new(&LIMIT_EXCEEDED, source, Span::at(at), message));
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
            return Err(Diagnostic::new(&INVALID_MANIFEST, source, Span::new(start, start + 2), message));
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
