//! What could not be read and may be a filter or a correlation: without it rules match more than was meant, and nobody
//! knows which.

use contentcheck_model::diagnostic::Sink;
use contentcheck_model::source::{Source, Span};

use super::document::is_like;
use super::metadata::is_attribute;
use super::yaml::{self, Node, Yaml};

/// The keys of what changes other rules.
const CHANGES: [&str; 2] = ["filter", "correlation"];

/// Attributes that files of other tools hardly have: with one of them a document is of Sigma, whatever else is in it.
const OWN: [&str; 3] = ["title", "logsource", "falsepositives"];

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
        // A mark of the byte order is no part of a key.
        let content = bare.trim().trim_start_matches('\u{feff}');
        if content.is_empty() || content.starts_with('#') || content == "..." {
            return;
        }
        let indented = bare.len() - bare.trim_start().len();
        let start = at + line.trim_end().len() - content.len();
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
pub(super) fn in_document(root: &Node<'_>) -> Option<Span> {
    let Some(entries) = root.map().filter(|entries| !entries.is_empty()) else {
        return root.text().map(|_| root.span).or_else(|| inside(root));
    };
    if has_detection(root) {
        return beside(root);
    }
    let is_meant = |(key, value): &&(Node<'_>, Node<'_>)| is_change(key) || has_rules(value);
    let is_cut = entries.iter().any(is_own) || entries.iter().all(|(key, _)| key.text().is_some_and(is_attribute));
    let first = entries.iter().find(is_meant).or_else(|| entries.first().filter(|_| is_cut));
    first.map(|(key, _)| key.span).or_else(|| inside(root))
}

/// The key of a document that stands in a list, or below a key of something else: one that no other file has.
// INVARIANT: the reader held the depth to `limits::NESTING`.
fn inside(node: &Node<'_>) -> Option<Span> {
    let of = |inner: &Node<'_>| {
        let is_it =
            |(key, value): &&(Node<'_>, Node<'_>)| names(key, "logsource") || (is_change(key) && has_rules(value));
        let found = inner.map().unwrap_or(&[]).iter().find(is_it).map(|(key, _)| key.span);
        found.or_else(|| inside(inner))
    };
    match &node.value {
        Yaml::List(items) => items.iter().find_map(of),
        Yaml::Map(entries) => entries.iter().find_map(|(_, inner)| of(inner)),
        Yaml::Scalar(..) => None,
    }
}

/// The key of a filter or a correlation that stands in a rule. One that names no rules is a selection that was not indented.
pub(super) fn beside(root: &Node<'_>) -> Option<Span> {
    let entries = root.map().unwrap_or(&[]);
    // Few values name rules, and what a key is like takes longer to tell.
    entries.iter().find(|(key, value)| has_rules(value) && is_change(key)).map(|(key, _)| key.span)
}

/// Where a file that is no content by its name holds a Sigma document, or may: what cannot be read does where it is no list.
#[must_use]
pub fn in_file(source: &Source) -> Option<Span> {
    let mut sink = Sink::new(source);
    let documents = yaml::documents(source.text(), &mut sink);
    let holds = |root: &Node<'_>| {
        if has_detection(root) { Some(root.span) } else { in_document(root).filter(|_| root.text().is_none()) }
    };
    let found = documents.iter().find_map(|read| read.odd_key.or_else(|| holds(&read.root)));
    let is_list = || {
        let mut lines = source.text().lines().map(str::trim);
        let first = lines.find(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("---"));
        first.is_some_and(|line| line.starts_with("- ") || line.starts_with('['))
    };
    found.or_else(|| if sink.has_error() && !is_list() { in_text(source.text()) } else { None })
}

fn has_detection(root: &Node<'_>) -> bool {
    root.map().unwrap_or(&[]).iter().any(|(key, _)| names(key, "detection"))
}

fn is_own((key, value): &(Node<'_>, Node<'_>)) -> bool {
    key.text().is_some_and(|key| OWN.contains(&key)) || (key.text() == Some("action") && value.text() == Some("global"))
}

fn is_change(key: &Node<'_>) -> bool {
    CHANGES.iter().any(|name| names(key, name))
}

/// Whether a mapping names rules, as a filter and a correlation do: by words, which tells them from the `rules` of other tools.
fn has_rules(value: &Node<'_>) -> bool {
    let are_named = |rules: &Node<'_>| match &rules.value {
        Yaml::Scalar(..) => true,
        Yaml::List(items) => items.iter().all(|item| item.text().is_some()),
        Yaml::Map(_) => false,
    };
    value.map().unwrap_or(&[]).iter().any(|(key, rules)| are_named(rules) && names(key, "rules"))
}

fn names(key: &Node<'_>, name: &str) -> bool {
    key.text().is_some_and(|key| is_like(key, name))
}

#[cfg(test)]
mod tests;
