//! Fixes: the closed list of what a machine may change, and applying it.
//!
//! A fix changes how content is written and never what it means. What the author of a wrong word may have meant is
//! a guess, and guesses are help for a person. A fix never touches a comment.

use super::{Diagnostic, Edit};
use crate::source::Span;

/// What a fix does. There are no others; a property test applies each of them to rules and shows that every rule
/// that could be read before fires on the same events after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FixKind {
    /// Writes in lower case what means the same in any case: a tag, a part of a log source, a level, a status.
    LowerCase,
    /// Writes a date as YYYY-MM-DD.
    IsoDate,
    /// Removes the second of two equal entries of a list.
    Duplicate,
    /// Leaves out `all` over a single value.
    RedundantAll,
    /// Tests with `exists` what a lone wildcard tests.
    Presence,
    /// Puts into quotes what is a string without them, or can be nothing else.
    Quotes,
    /// Writes a string in which each backslash stands for itself as a raw string.
    RawString,
    /// Doubles a backslash that can only stand for itself.
    Backslash,
    /// Adds the parentheses that the language puts around an operand anyway.
    Parentheses,
    /// Writes a sign of the language where another one, a missing one or another order can mean nothing else.
    Sign,
    /// Removes a byte order mark.
    ByteOrderMark,
}

impl FixKind {
    /// Every kind there is.
    pub const ALL: [Self; 11] = [
        Self::LowerCase,
        Self::IsoDate,
        Self::Duplicate,
        Self::RedundantAll,
        Self::Presence,
        Self::Quotes,
        Self::RawString,
        Self::Backslash,
        Self::Parentheses,
        Self::Sign,
        Self::ByteOrderMark,
    ];
}

/// A change that a machine may make: it never changes what a rule means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Why the meaning stays.
    pub kind: FixKind,
    /// What the fix does, in the imperative.
    pub title: String,
    /// The edits, which do not overlap.
    pub edits: Vec<Edit>,
}

impl Fix {
    /// Whether an edit takes away a part of a comment, or adds to it. The comments are in their order.
    #[must_use]
    pub fn touches(&self, comments: &[Span]) -> bool {
        // Of those that begin before a place the last one reaches farthest.
        let before = |at: u32| {
            let after = comments.partition_point(|comment| comment.start < at);
            after.checked_sub(1).and_then(|last| comments.get(last))
        };
        self.edits.iter().any(|edit| {
            before(edit.span.end).is_some_and(|comment| edit.span.start < comment.end)
                || before(edit.span.start).is_some_and(|comment| edit.span.start <= comment.end)
        })
    }
}

/// The text with the fixes of these findings applied, and how many were. All findings are of
/// this text. Of fixes that overlap the first is taken; a further run takes the next.
#[must_use]
pub fn apply(text: &str, findings: &[&Diagnostic]) -> (String, usize) {
    let mut taken: Vec<&Edit> = Vec::new();
    let mut count = 0;
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        let clash = |edit: &Edit| {
            taken.iter().any(|other| {
                edit.span.start < other.span.end && other.span.start < edit.span.end || edit.span == other.span
            })
        };
        if fix.edits.iter().any(clash) {
            continue;
        }
        taken.extend(&fix.edits);
        count += 1;
    }
    taken.sort_by_key(|edit| edit.span);
    let mut fixed = String::with_capacity(text.len());
    let mut at = 0;
    for edit in taken {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        fixed.push_str(text.get(at..start).unwrap_or(""));
        fixed.push_str(&edit.text);
        at = end;
    }
    fixed.push_str(text.get(at..).unwrap_or(""));
    (fixed, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::codes;
    use crate::source::Source;

    #[test]
    fn overlapping_fixes_wait_for_the_next_run() {
        let source = Source::new("x", "abcdef");
        let finding = |from, to, text: &str| {
            Diagnostic::new(&codes::SYNTAX, &source, Span::default(), "m").with_fix(
                FixKind::Sign,
                "t",
                Span::new(from, to),
                text,
            )
        };
        let (first, second, third) = (finding(1, 3, "X"), finding(2, 4, "Y"), finding(4, 4, "Z"));
        let (fixed, count) = apply(source.text(), &[&third, &first, &second]);
        assert_eq!((fixed.as_str(), count), ("aXdZef", 2));
    }

    #[test]
    fn an_edit_within_or_over_a_comment_touches_it() {
        let fix = |from, to| Fix {
            kind: FixKind::Sign,
            title: String::new(),
            edits: vec![Edit { span: Span::new(from, to), text: String::new() }],
        };
        let comments = [Span::new(0, 0), Span::new(4, 8), Span::new(20, 24), Span::new(30, 31)];
        assert!(
            [(0, 5), (4, 8), (5, 5), (7, 9), (8, 8), (0, 20), (9, 21), (23, 30), (31, 40)]
                .iter()
                .all(|(from, to)| fix(*from, *to).touches(&comments))
        );
        assert!(
            [(1, 4), (4, 4), (9, 9), (9, 12), (9, 20), (25, 30), (32, 40)]
                .iter()
                .all(|(from, to)| !fix(*from, *to).touches(&comments))
        );
    }
}
