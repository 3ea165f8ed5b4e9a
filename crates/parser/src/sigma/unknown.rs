//! What could not be read and may be a filter or a correlation: without it rules match more than was meant, and nobody
//! knows which.

use contentcheck_model::source::Span;

use super::document::is_like;
use super::metadata::is_attribute;
use super::yaml::Node;

/// The keys of what changes other rules.
const CHANGES: [&str; 2] = ["filter", "correlation"];

/// The first document of a text that is no YAML which may be a filter or a correlation: each but those that have a
/// `detection` above all such keys, below which one is a selection.
pub(super) fn in_text(text: &str) -> Option<Span> {
    let mut document = Document::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("---")
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
    /// The first that is more than a comment.
    content: Option<Span>,
    /// How far the key `detection` is indented.
    detection: Option<usize>,
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
        self.content.get_or_insert(Span::new(start, start + content.len()));
        if self.detection.is_none() && key(content, "detection").is_some() {
            self.detection = Some(indented);
        }
        if self.key.is_none() && self.detection.is_none_or(|detection| indented <= detection) {
            let found = CHANGES.iter().find_map(|name| Some((key(content, name)?, name.len())));
            self.key = found.map(|(offset, length)| Span::new(start + offset, start + offset + length));
        }
    }

    fn doubt(self) -> Option<Span> {
        self.key.or(self.content.filter(|_| self.detection.is_none()))
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

/// The key in a document without `detection` that says that it was to be a filter or a correlation: that of one, misspelt
/// or not, or what only they have. A document that has nothing but attributes may have had the rest, which is cut off.
pub(super) fn in_document(root: &Node<'_>) -> Option<Span> {
    let Some(entries) = root.map() else { return root.text().map(|_| root.span) };
    if entries.iter().any(|(key, _)| names(key, "detection")) {
        return beside(root);
    }
    let meant = |(key, value): &&(Node<'_>, Node<'_>)| is_change(key) || has_rules(value);
    let is_cut = entries.iter().all(|(key, _)| key.text().is_some_and(is_attribute));
    let first = entries.iter().find(meant).or_else(|| entries.first().filter(|_| is_cut));
    first.map(|(key, _)| key.span)
}

/// The key of a filter or a correlation that stands in a rule. One that names no rules is a selection that was not indented.
pub(super) fn beside(root: &Node<'_>) -> Option<Span> {
    let entries = root.map().unwrap_or(&[]);
    entries.iter().find(|(key, value)| is_change(key) && has_rules(value)).map(|(key, _)| key.span)
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
