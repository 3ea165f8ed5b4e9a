//! Whether a value that a template type fixes under `reads` passes a test: said once, before there is any event.

use regex_automata::nfa::thompson::{self, pikevm::PikeVM};
use regex_automata::util::syntax;

use crate::predicate::{Pattern, Regex, Test, TextPattern, WildcardPart};
use crate::regex::canonical;
use crate::template::Fixed;

impl Fixed {
    /// Whether the value, as the template type writes it, passes a test; nothing where that takes more than a look.
    #[must_use]
    pub fn passes(&self, test: &Test) -> Option<bool> {
        match test {
            Test::Exists => Some(true),
            Test::Null | Test::Unexpanded => Some(false),
            Test::Int(ranges) => {
                let number = match self {
                    Self::Int(number) => Some(*number),
                    Self::Text(text) => text.parse().ok(),
                };
                Some(number.is_some_and(|number| ranges.iter().any(|range| range.holds(number))))
            }
            Test::Text { patterns, all } => {
                let (text, mut unknown) = (self.text(), false);
                for pattern in patterns {
                    match matches(&text, pattern) {
                        None => unknown = true,
                        Some(found) if found != *all => return Some(found),
                        Some(_) => {}
                    }
                }
                (!unknown).then_some(*all)
            }
            _ => None,
        }
    }
}

fn matches(text: &str, pattern: &TextPattern) -> Option<bool> {
    let whole = text.as_bytes();
    let is = |part: Option<&[u8]>, value: &str| match part {
        Some(part) if pattern.ignore_case => part.eq_ignore_ascii_case(value.as_bytes()),
        part => part == Some(value.as_bytes()),
    };
    Some(match &pattern.pattern {
        Pattern::Equals(value) => is(Some(whole), value),
        Pattern::Contains(value) if value.is_empty() => true,
        Pattern::Contains(value) => whole.windows(value.len()).any(|part| is(Some(part), value)),
        Pattern::StartsWith(value) => is(whole.get(..value.len()), value),
        Pattern::EndsWith(value) => is(whole.len().checked_sub(value.len()).and_then(|at| whole.get(at..)), value),
        Pattern::Like(parts) => covers(parts, text, pattern.ignore_case),
        Pattern::Matches(regex) => return stands_in(regex, pattern.ignore_case, text),
    })
}

/// Whether an expression matches somewhere in a text. Nothing where it is none, or too large to be looked for here.
fn stands_in(regex: &Regex, ignore_case: bool, text: &str) -> Option<bool> {
    const BYTES: usize = 1 << 20;
    let written = canonical(regex, ignore_case);
    let syntax = syntax::Config::new().utf8(false).nest_limit(512);
    let size = thompson::Config::new().nfa_size_limit(Some(BYTES));
    let engine = PikeVM::builder().syntax(syntax).thompson(size).build(&written).ok()?;
    Some(engine.find(&mut engine.create_cache(), text).is_some())
}

/// Whether the parts cover a whole text (LIKE-1 to LIKE-4). A run begins empty and grows by a character each time that what follows it
/// does not fit; only the last one ever needs to.
fn covers(parts: &[WildcardPart], text: &str, ignore_case: bool) -> bool {
    let (mut parts, mut text) = (parts, text);
    let mut last_run: Option<(&[WildcardPart], &str)> = None;
    loop {
        let fits = match parts.split_first() {
            Some((WildcardPart::AnyRun, rest)) => {
                last_run = Some((rest, text));
                Some((rest, text))
            }
            Some((WildcardPart::AnyOne, rest)) => after_one(text).map(|left| (rest, left)),
            Some((WildcardPart::Literal(literal), rest)) => {
                let is =
                    |begin: &&str| if ignore_case { begin.eq_ignore_ascii_case(literal) } else { *begin == &**literal };
                let fits = text.split_at_checked(literal.len()).filter(|(begin, _)| is(begin));
                fits.map(|(_, left)| (rest, left))
            }
            None if text.is_empty() => return true,
            None => None,
        };
        (parts, text) = match (fits, last_run) {
            (Some(left), _) => left,
            (None, None) => return false,
            (None, Some((behind, begin))) => {
                let Some(begin) = after_one(begin) else { return false };
                last_run = Some((behind, begin));
                (behind, begin)
            }
        };
    }
}

/// A text without its first character.
fn after_one(text: &str) -> Option<&str> {
    let mut characters = text.chars();
    characters.next().map(|_| characters.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::regex::{Flags, inspect};

    fn part() -> impl Strategy<Value = WildcardPart> {
        prop_oneof![
            2 => Just(WildcardPart::AnyRun),
            1 => Just(WildcardPart::AnyOne),
            3 => "[aAbéÉ]{1,2}".prop_map(|text| WildcardPart::Literal(text.into())),
        ]
    }

    proptest! {
        #[test]
        fn wildcards_cover_what_the_same_expression_matches(
            parts in prop::collection::vec(part(), 0..7),
            text in "[aAbBéÉ\n]{0,9}",
            ignore_case in any::<bool>(),
        ) {
            let written: String = parts.iter().map(|part| match part {
                WildcardPart::AnyRun => ".*".to_owned(),
                WildcardPart::AnyOne => ".".to_owned(),
                // ASCII letters alone have two cases.
                WildcardPart::Literal(text) => text.chars().map(|letter| match letter {
                    'a' | 'A' if ignore_case => "[aA]".to_owned(),
                    'b' if ignore_case => "[bB]".to_owned(),
                    other => other.to_string(),
                }).collect(),
            }).collect();
            let expression = regex::Regex::new(&format!("(?s)^{written}$")).expect("an expression");
            prop_assert_eq!(covers(&parts, &text, ignore_case), expression.find(&text).is_some(), "{}", written);
        }
    }

    /// An empty match within a character is none, and hides none: what no expression names may be any character.
    #[test]
    fn what_is_no_boundary_is_looked_for_between_characters() {
        let parts = [r"\B", r"\b", "", "[^a]", "a", "%", ".", r"\w", "$", "^"];
        let texts = ["", "€", "a€", "€a", "a€a", "a😀a", "aé€a", "€€", "aa€", "-€a"];
        let mut found = 0;
        for first in parts {
            for second in parts {
                for third in parts {
                    let pattern = format!("(?:{first}|{second}){third}");
                    if inspect(&pattern, Flags::default()).is_err() {
                        continue;
                    }
                    let regex = Regex { pattern: pattern.as_str().into(), multi_line: false, dot_all: false };
                    for text in texts {
                        let plain: String = text.chars().map(|sign| if sign.is_ascii() { sign } else { '-' }).collect();
                        let holds = stands_in(&regex, false, text);
                        assert_eq!(holds, stands_in(&regex, false, &plain), "{pattern} in {text:?}");
                        found += usize::from(holds == Some(true));
                    }
                }
            }
        }
        assert!(found > 1_000, "{found}");
    }
}
