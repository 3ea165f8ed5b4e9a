//! Which of two repeats that take the same text can go, where that leaves the language as it is.
//!
//! What is said here is proven from the shape of the expression; of any other shape only what has to change is said.

use regex_syntax::hir::{ClassUnicode, Hir, HirKind, Repetition};

use super::{class, flatten, is_look};

/// What holds for every shape.
const REWRITE: &str = "rewrite it so that no two repeats can take the same text";

/// What to do about an unbounded repeat of a body of which two matches can be one.
pub(super) fn nested(outer: &Repetition) -> &'static str {
    let body = bare(&outer.sub);
    if keeps_without_inner(outer.min, body) {
        return "leave out the inner repeat; the regex matches the same without it";
    }
    let nullable = body.properties().minimum_len() == Some(0);
    match outer.min {
        _ if !is_closed(body) => REWRITE,
        0 if !nullable => "write `?` for the outer repeat; the regex matches the same with it",
        0 | 1 => "leave out the outer repeat; the regex matches the same without it",
        _ if nullable => "leave out the outer repeat; the regex matches the same without it",
        _ => REWRITE,
    }
}

/// What to do about two repeats of one class, where nothing has to be matched `between` them.
pub(super) fn adjacent(first: &Repetition, between: &[&Hir], second: &Repetition) -> &'static str {
    if !between.is_empty() {
        return REWRITE;
    }
    match (first.min, second.min) {
        (0, 0) => "leave out one of the two repeats; the regex matches the same without it",
        (0, _) => "leave out the first of the two repeats; the regex matches the same without it",
        (_, 0) => "leave out the second of the two repeats; the regex matches the same without it",
        _ => "write one repeat with the sum of both counts, as in `a{2,}` for `a+a+`",
    }
}

/// Whether a repeat of `body` matches the same where a repeat in it is left out: what that one takes at once, the outer
/// one takes piece by piece.
fn keeps_without_inner(outer_min: u32, body: &Hir) -> bool {
    let goes = |part: &Hir| {
        let HirKind::Repetition(inner) = bare(part).kind() else { return false };
        inner.max.is_none() && (inner.min == 1 || (inner.min == 0 && outer_min == 0))
    };
    match body.kind() {
        HirKind::Repetition(_) => goes(body),
        HirKind::Alternation(parts) => parts.iter().any(goes),
        HirKind::Concat(parts) => {
            let mut flat = Vec::new();
            flatten(parts, &mut flat);
            flat.iter().enumerate().any(|(at, part)| {
                let is_plus = matches!(part.kind(), HirKind::Repetition(Repetition { min: 1, max: None, .. }));
                let others = || flat.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| *other);
                is_plus && others().all(|other| other.properties().minimum_len() == Some(0) && !has_look(other))
            })
        }
        _ => false,
    }
}

/// Whether two matches of `body` in a row are always one match of it.
fn is_closed(body: &Hir) -> bool {
    match body.kind() {
        HirKind::Repetition(inner) => inner.max.is_none() && !has_look(&inner.sub),
        HirKind::Concat(parts) => {
            let mut flat = Vec::new();
            flatten(parts, &mut flat);
            flat.iter().enumerate().any(|(at, part)| {
                let HirKind::Repetition(Repetition { max: None, sub, .. }) = part.kind() else { return false };
                let Some(class) = class(sub) else { return false };
                flat.iter().enumerate().filter(|(other, _)| *other != at).all(|(_, other)| consists(other, &class))
            })
        }
        _ => false,
    }
}

/// Whether all text that `hir` matches consists of characters of `class`.
fn consists(hir: &Hir, class: &ClassUnicode) -> bool {
    match hir.kind() {
        HirKind::Empty => true,
        HirKind::Look(_) => false,
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).is_ok_and(|text| {
            let has = |sign| class.ranges().iter().any(|range| range.start() <= sign && sign <= range.end());
            text.chars().all(has)
        }),
        HirKind::Class(_) => self::class(hir).is_some_and(|mut own| {
            own.difference(class);
            own.ranges().is_empty()
        }),
        HirKind::Capture(capture) => consists(&capture.sub, class),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(|part| consists(part, class)),
        HirKind::Repetition(repetition) => consists(&repetition.sub, class),
    }
}

fn has_look(hir: &Hir) -> bool {
    is_look(hir) || !hir.properties().look_set().is_empty()
}

/// The expression without groups around it.
fn bare(hir: &Hir) -> &Hir {
    let mut hir = hir;
    while let HirKind::Capture(capture) = hir.kind() {
        hir = &capture.sub;
    }
    hir
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::REWRITE;
    use crate::regex::{Flags, inspect};

    fn help(pattern: &str) -> &'static str {
        inspect(pattern, Flags::default()).expect_err(pattern).help
    }

    /// All texts of some signs up to a length.
    fn texts() -> Vec<String> {
        let mut all = vec![String::new()];
        let mut begin = 0;
        for _ in 0..6 {
            let end = all.len();
            for at in begin..end {
                all.extend("a)= ".chars().map(|sign| format!("{}{sign}", all[at])).collect::<Vec<_>>());
            }
            begin = end;
        }
        all
    }

    #[test]
    fn what_the_help_leaves_out_changes_nothing() {
        let outer = "leave out the outer repeat; the regex matches the same without it";
        let inner = "leave out the inner repeat; the regex matches the same without it";
        let texts = texts();
        for (pattern, said, followed) in [
            (r"(?:.*\)){1,}.*", outer, r"(?:.*\)).*"),
            (r"(?:.*\))+=", outer, r"(?:.*\))="),
            (r"(?:.*\))*=", "write `?` for the outer repeat; the regex matches the same with it", r"(?:.*\))?="),
            (r"(a+)+", inner, "(a)+"),
            (r"(a*)*\)", inner, r"(a)*\)"),
            (r"(a*)+\)", outer, r"(a*)\)"),
            (r"(?:=|a+)*", inner, "(?:=|a)*"),
            (r"(a+\s?)+=", inner, r"(a\s?)+="),
            (r"a*a*\)", "leave out one of the two repeats; the regex matches the same without it", r"a*\)"),
            (r"a*a+\)", "leave out the first of the two repeats; the regex matches the same without it", r"a+\)"),
            (r"a+a*\)", "leave out the second of the two repeats; the regex matches the same without it", r"a+\)"),
            (r".*(?:.*=.*)", "leave out one of the two repeats; the regex matches the same without it", r".*(?:=.*)"),
        ] {
            assert_eq!(help(pattern), said, "{pattern}");
            let whole = |pattern: &str| Regex::new(&format!("^(?:{pattern})$")).unwrap();
            let (before, after) = (whole(pattern), whole(followed));
            for text in &texts {
                assert_eq!(before.find(text), after.find(text), "{pattern} and {followed} on {text:?}");
            }
        }
    }

    #[test]
    fn nothing_is_left_out_where_that_would_change_what_is_matched() {
        // Without the outer repeat the first one lacks `==a`, without the inner one `a=`.
        for pattern in [r"(?:a|.*=|\))+x", r"(a*)(=?)(a*)x", r"(?:.*\)){2,}"] {
            assert_eq!(help(pattern), REWRITE, "{pattern}");
        }
    }
}
