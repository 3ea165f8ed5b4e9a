//! What could not be read and may be a filter or a correlation: without it rules match more than was meant, and nobody
//! knows which.

use contentcheck_model::source::Span;

use super::document::is_like;
use super::metadata::is_attribute;
use super::yaml::{Node, is_merge_key};

/// The keys of what changes other rules.
const CHANGES: [&str; 2] = ["filter", "correlation"];

/// Attributes that files of other tools hardly have: with one of them a document is of Sigma, whatever else is in it.
const OWN: [&str; 6] = ["title", "id", "logsource", "falsepositives", "action", "rules"];

/// The first document of a text that is no YAML which may be a filter or a correlation: each but those that have a
/// `detection` above all such keys, below which one is a selection. Of a text with nothing in it, not even a comment, nothing is left.
pub(super) fn in_text(text: &str) -> Option<Span> {
    if text.split_whitespace().all(|word| matches!(word, "---" | "...")) {
        return Some(Span::default());
    }
    let mut document = Document::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if (line.starts_with("---") || line.starts_with("..."))
            && let Some(found) = std::mem::take(&mut document).doubt()
        {
            return Some(found);
        }
        document.line(line, at);
        at += line.len();
    }
    document.doubt()
}

/// What the lines of a document say of it.
#[derive(Default)]
struct Document {
    /// The first that is more than a comment, and how far it is indented.
    content: Option<(Span, usize)>,
    /// Whether one of them is the key `detection` of the document: one that is further in, or in a list, is a part of something else.
    has_detection: bool,
    /// The key of a filter or a correlation.
    key: Option<Span>,
}

impl Document {
    fn line(&mut self, line: &str, at: usize) {
        let bare = line.strip_prefix("---").unwrap_or(line);
        let content = bare.trim();
        if content.is_empty() || content.starts_with('#') || content == "..." {
            return;
        }
        let indented = bare.len() - bare.trim_start().len();
        let start = at + (line.len() - bare.len()) + indented;
        let (_, outermost) = *self.content.get_or_insert((Span::new(start, start + content.len()), indented));
        let is_outermost = indented <= outermost;
        if !self.has_detection && is_outermost && key(content.trim_start_matches(['"', '\'']), "detection") == Some(0) {
            self.has_detection = true;
        }
        if self.key.is_none() && (is_outermost || !self.has_detection) {
            let found = CHANGES.iter().find_map(|name| Some((key(content, name)?, name.len())));
            self.key = found.map(|(offset, length)| Span::new(start + offset, start + offset + length));
        }
    }

    fn doubt(self) -> Option<Span> {
        let content = self.content.map(|(span, _)| span);
        self.key.or(content.filter(|_| !self.has_detection))
    }
}

/// Where a name stands as a key in a line, however it is written. The colon may be what is missing.
fn key(line: &str, name: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    let begins = |before: &str| {
        let before = before.trim_end_matches(['"', '\'', ' ', '\t']);
        let last = before.rsplit([' ', '\t']).next().unwrap_or("");
        matches!(last, "" | "-" | "?") || last.starts_with(['!', '&']) || last.ends_with(['{', ',', '['])
    };
    let ends = |after: &str| {
        let after = after.trim_start_matches(['"', '\'', ' ', '\t']);
        after.is_empty() || after.starts_with([':', '#'])
    };
    lower.match_indices(name).map(|(at, _)| at).find(|at| {
        let after = lower.get(at + name.len()..).unwrap_or("");
        begins(lower.get(..*at).unwrap_or("")) && ends(after)
    })
}

/// Where a document without `detection` says that it was to be a filter or a correlation: by the key of one, misspelt or not, or by what only they have.
/// One of Sigma, or with nothing but attributes, may have had the rest, which is cut off; so may one below a key or in a list that does not belong there.
// INVARIANT: the reader held the depth to `limits::NESTING`.
pub(super) fn in_document(root: &Node<'_>) -> Option<Span> {
    if let Some(items) = root.list() {
        return items.iter().filter(|item| item.text().is_none()).find_map(in_document);
    }
    let Some(entries) = root.map() else { return Some(root.span) };
    if entries.iter().any(|(key, _)| names(key, "detection")) {
        return beside(root);
    }
    let is_own = |(key, _): &(Node<'_>, Node<'_>)| key.text().is_some_and(|key| OWN.contains(&key));
    let is_cut = entries.iter().any(is_own) || entries.iter().all(|(key, _)| key.text().is_some_and(is_attribute));
    let first = entries.iter().find(|entry| is_meant(entry)).or_else(|| entries.first().filter(|_| is_cut));
    first.map(|(key, _)| key.span).or_else(|| match entries {
        [(_, inner)] if inner.text().is_none() => in_document(inner),
        several => several.iter().find_map(|(_, inner)| is_inside(inner)),
    })
}

/// The key of a document that stands in another one, which is of something else.
fn is_inside(inner: &Node<'_>) -> Option<Span> {
    let entries = inner.map()?;
    let has_logsource = entries.iter().any(|(key, _)| names(key, "logsource"));
    let first = entries.iter().find(|entry| is_meant(entry)).or_else(|| entries.first().filter(|_| has_logsource));
    first.map(|(key, _)| key.span)
}

/// Whether an entry is for other rules, or may bring what is.
fn is_meant((key, value): &(Node<'_>, Node<'_>)) -> bool {
    is_change(key) || has_rules(value) || is_merge_key(key)
}

/// The key of a filter or a correlation that stands in a rule, or of a mapping that may bring one. One that names no rules is a selection that was not indented.
pub(super) fn beside(root: &Node<'_>) -> Option<Span> {
    let entries = root.map().unwrap_or(&[]);
    let changes = |(key, value): &&(Node<'_>, Node<'_>)| (is_change(key) && has_rules(value)) || is_merge_key(key);
    entries.iter().find(changes).map(|(key, _)| key.span)
}

fn is_change(key: &Node<'_>) -> bool {
    CHANGES.iter().any(|name| names(key, name))
}

fn has_rules(value: &Node<'_>) -> bool {
    value.map().unwrap_or(&[]).iter().any(|(key, _)| names(key, "rules"))
}

fn names(key: &Node<'_>, name: &str) -> bool {
    key.text().is_some_and(|key| is_like(key, name))
}

#[cfg(test)]
mod tests;
