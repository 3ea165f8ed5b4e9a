//! Strings: what a value reads as, and where a pattern stands in it.

use std::borrow::Cow;
use std::ops::Range;

use contentcheck_model::predicate::{Pattern, TextPattern, WildcardPart};
use contentcheck_model::value::Value;

use crate::expression::Expression;

/// The text of a value, where it has one (CONV-1).
pub(crate) fn of(value: &Value) -> Option<Cow<'_, str>> {
    Some(match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Int(number) => Cow::Owned(number.to_string()),
        Value::Bool(truth) => Cow::Owned(truth.to_string()),
        Value::Ip(address) => Cow::Owned(address.to_string()),
        Value::Float(_) | Value::Bytes(_) | Value::List(_) => return None,
    })
}

/// A text as it is, and with its ASCII letters in lower case (TXT-2). Both are of one length.
pub(crate) struct Text<'a> {
    exact: &'a str,
    folded: String,
}

impl<'a> Text<'a> {
    pub(crate) fn new(exact: &'a str) -> Self {
        Self { exact, folded: exact.to_ascii_lowercase() }
    }

    fn cased(&self, ignore_case: bool) -> &str {
        if ignore_case { &self.folded } else { self.exact }
    }
}

/// A pattern that is ready to be looked for.
#[derive(Clone, Debug)]
pub(crate) struct Finder {
    ignore_case: bool,
    /// Literals are in lower case if case is ignored.
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Equals(String),
    Contains(String),
    StartsWith(String),
    EndsWith(String),
    Like(Vec<Sign>),
    Matches(Expression),
}

/// A sign of a wildcard pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Is(char),
    AnyOne,
    AnyRun,
}

impl Finder {
    /// # Errors
    /// What is wrong with the expression of the pattern.
    pub(crate) fn new(pattern: &TextPattern) -> Result<Self, String> {
        let ignore_case = pattern.ignore_case;
        let literal = |text: &str| if ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
        let what = match &pattern.pattern {
            Pattern::Equals(text) => What::Equals(literal(text)),
            Pattern::Contains(text) => What::Contains(literal(text)),
            Pattern::StartsWith(text) => What::StartsWith(literal(text)),
            Pattern::EndsWith(text) => What::EndsWith(literal(text)),
            Pattern::Like(parts) => {
                let mut signs = Vec::new();
                for part in parts {
                    match part {
                        WildcardPart::Literal(text) => signs.extend(literal(text).chars().map(Sign::Is)),
                        WildcardPart::AnyOne => signs.push(Sign::AnyOne),
                        WildcardPart::AnyRun => signs.push(Sign::AnyRun),
                    }
                }
                What::Like(signs)
            }
            Pattern::Matches(regex) => What::Matches(Expression::new(regex, ignore_case)?),
        };
        Ok(Self { ignore_case, what })
    }

    /// The bytes on which the pattern stands in a text, the first ones where there are several.
    pub(crate) fn find(&self, text: &Text<'_>) -> Option<Range<usize>> {
        let cased = text.cased(self.ignore_case);
        match &self.what {
            What::Equals(literal) => (cased == literal).then_some(0..cased.len()),
            What::Contains(literal) => cased.find(literal.as_str()).map(|at| at..at + literal.len()),
            What::StartsWith(literal) => cased.starts_with(literal.as_str()).then_some(0..literal.len()),
            What::EndsWith(literal) => {
                cased.ends_with(literal.as_str()).then_some(cased.len().saturating_sub(literal.len())..cased.len())
            }
            What::Like(signs) => covers(signs, cased).then_some(0..cased.len()),
            // It says itself where case is ignored.
            What::Matches(expression) => expression.find(text.exact),
        }
    }
}

/// Whether a wildcard pattern covers a whole text (LIKE-1 to LIKE-4).
///
/// The signs are gone through once for each `*`, whose run begins empty and grows by a character
/// each time that what follows does not fit. Only the last `*` ever needs to grow.
fn covers(signs: &[Sign], text: &str) -> bool {
    let mut signs_left = signs;
    let mut text_left = text.chars();
    let mut last_run: Option<(&[Sign], std::str::Chars<'_>)> = None;
    loop {
        let before = text_left.clone();
        match (signs_left.split_first(), text_left.next()) {
            (Some((Sign::AnyRun, rest)), _) => {
                signs_left = rest;
                text_left = before;
                last_run = Some((rest, text_left.clone()));
                continue;
            }
            (Some((Sign::AnyOne, rest)), Some(_)) => {
                signs_left = rest;
                continue;
            }
            (Some((Sign::Is(sign), rest)), Some(character)) if *sign == character => {
                signs_left = rest;
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        let Some((behind, begin)) = &mut last_run else { return false };
        if begin.next().is_none() {
            return false;
        }
        signs_left = behind;
        text_left = begin.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers_text(pattern: &str, text: &str) -> bool {
        let sign = |sign| match sign {
            '*' => Sign::AnyRun,
            '?' => Sign::AnyOne,
            other => Sign::Is(other),
        };
        covers(&pattern.chars().map(sign).collect::<Vec<_>>(), text)
    }

    #[test]
    fn wildcards_cover_the_whole_text() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "a\nb"),
            ("?", "€"),
            ("a*b*c", "a-b-b-c"),
            ("*ab", "aab"),
            ("*a?c*", "xabxaac"),
            ("a**b", "ab"),
            ("*?", "a"),
            ("*aab*", "aaaaab"),
        ] {
            assert!(covers_text(pattern, text), "{pattern} and {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("?", ""),
            ("?", "ab"),
            ("a*", "ba"),
            ("*a", "ab"),
            ("a*b*c", "a-c-b"),
            ("??", "€"),
            ("*?*?*", "a"),
        ] {
            assert!(!covers_text(pattern, text), "{pattern} and {text}");
        }
    }
}
