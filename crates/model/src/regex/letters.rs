//! Whether an expression can match a text of few letters, as that of a number is: what it cannot do without must be among them.

use regex_syntax::hir::translate::TranslatorBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::{Flags, pcre};
use crate::limits;
use crate::predicate::Regex;

/// Whether an expression may match some part of a text that has none but these letters of ASCII. `true` where that is not plain.
#[must_use]
pub fn may_match_within(regex: &Regex, ignore_case: bool, letters: &[u8]) -> bool {
    if regex.pattern.len() > limits::REGEX_BYTES {
        return true;
    }
    let flags = Flags { ignore_case, multi_line: regex.multi_line, dot_all: regex.dot_all };
    let Ok(tree) = pcre::parse(&regex.pattern, flags) else { return true };
    let mut translator = TranslatorBuilder::new();
    translator.utf8(false).case_insensitive(ignore_case);
    let hir = translator.build().translate(&regex.pattern, &tree);
    hir.is_ok_and(|hir| is_within(&hir, letters))
}

// INVARIANT: the parser held the depth to `limits::NESTING`.
fn is_within(hir: &Hir, letters: &[u8]) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.iter().all(|byte| letters.contains(byte)),
        HirKind::Class(class) => letters.iter().any(|letter| match class {
            Class::Unicode(class) => {
                class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&char::from(*letter)))
            }
            Class::Bytes(class) => class.ranges().iter().any(|range| (range.start()..=range.end()).contains(letter)),
        }),
        HirKind::Repetition(repetition) => repetition.min == 0 || is_within(&repetition.sub, letters),
        HirKind::Capture(capture) => is_within(&capture.sub, letters),
        HirKind::Concat(parts) => parts.iter().all(|part| is_within(part, letters)),
        HirKind::Alternation(parts) => parts.iter().any(|part| is_within(part, letters)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn regex(pattern: &str) -> Regex {
        Regex { pattern: pattern.into(), multi_line: false, dot_all: false }
    }

    #[test]
    fn what_cannot_be_left_out_must_be_among_the_letters() {
        let digits = b"-0123456789";
        for (pattern, expected) in [
            ("q[0-9]z", false),
            ("[0-9]+", true),
            ("^47[a-z]*11$", true),
            ("(?:a|b)?4", true),
            ("(?:a|4)", true),
            ("a{0,2}", true),
            ("a{1,2}", false),
            (r"\d{4}\.\d", false),
            (r"\w", true),
            (r"\W", true),
            (r"\D", true),
            ("[^0-9-]", false),
            ("(", true),
        ] {
            assert_eq!(may_match_within(&regex(pattern), false, digits), expected, "{pattern}");
        }
        assert!(may_match_within(&regex("TRUE"), true, b"truefals"));
        assert!(!may_match_within(&regex("TRUE"), false, b"truefals"));
    }

    proptest! {
        /// Where it is said that no text of these letters matches, none of those that are drawn does.
        #[test]
        fn what_matches_a_text_may_match_its_letters(pattern in "[ab12]{0,3}(\\[[a1-]{1,3}\\]|\\(a\\|1\\)|\\\\d|b\\?|2\\*){0,3}", text in "[12]{0,6}", ignore_case: bool) {
            let engine = regex::RegexBuilder::new(&pattern).case_insensitive(ignore_case).build();
            if let Ok(engine) = engine && engine.find(&text).is_some() {
                prop_assert!(may_match_within(&regex(&pattern), ignore_case, b"12"));
            }
        }
    }
}
