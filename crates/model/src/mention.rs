//! Mentions: where a file names something, and what. Editors lead from one place to the other by them.

use crate::source::{Source, Span};
use crate::template::LogSource;

/// A place of a file that names something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The name, without quotes.
    pub span: Span,
    /// What is named.
    pub named: Named,
    /// The declaration or document that it is in.
    pub within: Span,
    /// Whether this is where it is declared.
    pub declares: bool,
}

/// The events whose fields are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Events {
    /// Those of a template type.
    Template(String, u32),
    /// Those of all template types that serve a log source.
    LogSource(LogSource),
}

/// What a place can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A template type; without a version any.
    Template(String, Option<u32>),
    /// A field by its name.
    Field(String, Events),
    /// A field by its position, counted from 1.
    Position(u32, Events),
    /// A binding of the rule with this extent.
    Let(String, Span),
    /// A selection of the document with this extent.
    Selection(String, Span),
    /// Several selections of it, with `*` for any part of a name; `them` is all of them.
    Selections(String, Span),
    /// A list of this file.
    List(String),
    /// A table of this file.
    Table(String),
    /// A rule by its id or name.
    Rule(String),
    /// A log source, by one of its parts.
    LogSource(LogSource),
    /// A modifier of Sigma.
    Modifier(String),
    /// A tag.
    Tag(String),
}

impl Mention {
    /// A name at a place, which may have quotes around it.
    #[must_use]
    pub fn new(source: &Source, span: Span, within: Span, named: Named) -> Self {
        Self { span: without_quotes(source, span), named, within, declares: false }
    }

    /// The same, where what is named is declared.
    #[must_use]
    pub fn declared(source: &Source, span: Span, within: Span, named: Named) -> Self {
        Self { declares: true, ..Self::new(source, span, within, named) }
    }
}

fn without_quotes(source: &Source, span: Span) -> Span {
    let written = source.slice(span);
    let quoted = |quote: char| written.len() >= 2 && written.starts_with(quote) && written.ends_with(quote);
    if ['"', '\'', '`'].into_iter().any(quoted) { Span { start: span.start + 1, end: span.end - 1 } } else { span }
}

/// What stands for every selection in a condition.
pub const THEM: &str = "them";

/// Whether a name is one of those that a pattern of a condition means: `*` is any part of it, and [`THEM`] is every name. Names that begin with `_` are
/// meant by patterns alone that do.
#[must_use]
pub fn is_among(name: &str, pattern: &str) -> bool {
    if name.starts_with('_') && !pattern.starts_with('_') {
        return false;
    }
    if pattern == THEM {
        return true;
    }
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or("");
        last = Some(part);
    }
    // What follows the last `*` is at the end.
    last.map_or(rest.is_empty(), |last| name.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_names() {
        for (name, pattern, means) in [
            ("selection_a", "selection*", true),
            ("selection", "selection*", true),
            ("a_selection", "selection*", false),
            ("a_selection_b", "*selection*", true),
            ("ab", "a*b*b", false),
            ("abb", "a*b", true),
            ("a", "a", true),
            ("ab", "a", false),
            ("x", "them", true),
            ("_x", "them", false),
            ("x", "Them", false),
            ("Them", "Them", true),
            ("_x", "*", false),
            ("_x", "*x", false),
            ("_x", "_*", true),
            ("_x", "_x", true),
            ("a_x", "*_x", true),
            ("filter_a_b_x", "filter_*_x", true),
            ("aa", "a*a*a", false),
        ] {
            assert_eq!(is_among(name, pattern), means, "{name} {pattern}");
        }
    }
}
