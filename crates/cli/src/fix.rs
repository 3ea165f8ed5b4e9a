//! Applying mends and showing them.

use std::fmt::Write;

use contentcheck_parser::diagnostic::{Diagnostic, Edit};
use similar::TextDiff;

/// The text with the mends of these findings applied, and how many were. All findings are of
/// this text. Of mends that overlap the first is taken; a further run takes the next.
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
    let mut mended = String::with_capacity(text.len());
    let mut at = 0;
    for edit in taken {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        mended.push_str(text.get(at..start).unwrap_or(""));
        mended.push_str(&edit.text);
        at = end;
    }
    mended.push_str(text.get(at..).unwrap_or(""));
    (mended, count)
}

/// The difference of two texts as a unified diff.
#[must_use]
pub fn diff(name: &str, old: &str, new: &str) -> String {
    let mut text = String::new();
    let difference = TextDiff::from_lines(old, new);
    let unified =
        difference.unified_diff().context_radius(3).header(&format!("a/{name}"), &format!("b/{name}")).to_string();
    // Writing to a string does not fail.
    let _ = write!(text, "{unified}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use contentcheck_parser::diagnostic::codes;
    use contentcheck_parser::source::{Source, Span};

    #[test]
    fn overlapping_mends_wait_for_the_next_run() {
        let source = Source::new("x", "abcdef");
        let finding = |from, to, text: &str| {
            Diagnostic::new(&codes::SYNTAX, &source, Span::default(), "m").with_fix("t", Span::new(from, to), text)
        };
        let (first, second, third) = (finding(1, 3, "X"), finding(2, 4, "Y"), finding(4, 4, "Z"));
        let (mended, count) = apply(source.text(), &[&third, &first, &second]);
        assert_eq!((mended.as_str(), count), ("aXdZef", 2));
    }
}
