//! Expressions that match every string that is there, so that a predicate with them asks for nothing but a value.

use regex_syntax::ast::{
    AssertionKind, Ast, ClassPerlKind, ClassSet, ClassSetItem, Repetition, RepetitionKind, RepetitionRange,
};

use super::anchors::is_any;
use super::{Flags, pcre};
use crate::limits;

/// Whether an expression matches every string: it can match the empty string at the start or at the end of any, such as
/// `evil|`, `(evil)*` and `^`, or takes all of it. `false` where that is not plain, or it is no expression.
#[must_use]
pub fn matches_everything(pattern: &str, flags: Flags) -> bool {
    // What has a letter and nothing that could be left out is most of what there is.
    let may = pattern.is_empty() || pattern.contains(['|', '*', '?', '{', '^', '$', '\\', '(']);
    if !may || pattern.len() > limits::REGEX_BYTES {
        return false;
    }
    pcre::parse(pattern, flags)
        .is_ok_and(|tree| is_empty_at(&tree, Place::Start) || is_empty_at(&tree, Place::End) || takes_all(&tree))
}

/// A place that every string has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    End,
}

/// Whether a part can match the empty string at a place, whatever the string is.
// INVARIANT: the parser held the depth to `limits::NESTING`.
fn is_empty_at(tree: &Ast, place: Place) -> bool {
    match tree {
        Ast::Empty(_) | Ast::Flags(_) => true,
        Ast::Assertion(assertion) => match assertion.kind {
            AssertionKind::StartText | AssertionKind::StartLine => place == Place::Start,
            AssertionKind::EndText | AssertionKind::EndLine => place == Place::End,
            _ => false,
        },
        Ast::Literal(_) | Ast::Dot(_) | Ast::ClassPerl(_) | Ast::ClassUnicode(_) | Ast::ClassBracketed(_) => false,
        Ast::Group(group) => is_empty_at(&group.ast, place),
        Ast::Repetition(repetition) => least(repetition) == 0 || is_empty_at(&repetition.ast, place),
        Ast::Alternation(alternation) => alternation.asts.iter().any(|part| is_empty_at(part, place)),
        Ast::Concat(concat) => concat.asts.iter().all(|part| is_empty_at(part, place)),
    }
}

/// Whether a part takes any string from its start to its end, as `(?s)^.*$` does.
// INVARIANT: the parser held the depth to `limits::NESTING`.
fn takes_all(tree: &Ast) -> bool {
    match tree {
        Ast::Group(group) => takes_all(&group.ast),
        Ast::Alternation(alternation) => alternation.asts.iter().any(takes_all),
        Ast::Repetition(repetition) => {
            least(repetition) == 0 && most(repetition).is_none() && is_any_sign(&repetition.ast)
        }
        Ast::Concat(concat) => concat.asts.iter().enumerate().any(|(at, part)| {
            let (before, behind) = concat.asts.split_at(at);
            takes_all(part)
                && before.iter().all(|part| is_empty_at(part, Place::Start))
                && behind.iter().skip(1).all(|part| is_empty_at(part, Place::End))
        }),
        _ => false,
    }
}

/// Whether a part is one character, whichever.
fn is_any_sign(tree: &Ast) -> bool {
    match tree {
        Ast::Group(group) => is_any(group) || is_any_sign(&group.ast),
        Ast::ClassBracketed(class) => {
            let ClassSet::Item(ClassSetItem::Union(union)) = &class.kind else { return false };
            let has = |kind: ClassPerlKind, negated: bool| {
                union.items.iter().any(
                    |item| matches!(item, ClassSetItem::Perl(perl) if perl.kind == kind && perl.negated == negated),
                )
            };
            !class.negated
                && [ClassPerlKind::Digit, ClassPerlKind::Space, ClassPerlKind::Word]
                    .into_iter()
                    .any(|kind| has(kind.clone(), true) && has(kind, false))
        }
        _ => false,
    }
}

const fn least(repetition: &Repetition) -> u32 {
    match repetition.op.kind {
        RepetitionKind::ZeroOrOne | RepetitionKind::ZeroOrMore => 0,
        RepetitionKind::OneOrMore => 1,
        RepetitionKind::Range(
            RepetitionRange::Exactly(least) | RepetitionRange::AtLeast(least) | RepetitionRange::Bounded(least, _),
        ) => least,
    }
}

const fn most(repetition: &Repetition) -> Option<u32> {
    match repetition.op.kind {
        RepetitionKind::ZeroOrOne => Some(1),
        RepetitionKind::ZeroOrMore | RepetitionKind::OneOrMore => None,
        RepetitionKind::Range(RepetitionRange::AtLeast(_)) => None,
        RepetitionKind::Range(RepetitionRange::Exactly(most) | RepetitionRange::Bounded(_, most)) => Some(most),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate::Regex;
    use crate::regex::{canonical, inspect};

    /// Each part beside each other one, in some frames.
    fn patterns() -> Vec<String> {
        let parts = [
            "", "a", "a*", "a?", "^", "$", ".*", "(?s).*", r"[\s\S]*", "a{0,2}", "a{1,2}", r"\b", ".+", r"\A", r"\z",
            r"\s*",
        ];
        let mut all: Vec<String> = parts.map(str::to_owned).to_vec();
        for one in parts {
            for other in parts {
                for frame in ["XY", "X|Y", "(X|Y)", "(?:X)(Y)?", "a(X|Y)", "(?m)XY", "^(?:X|Y)$", "(?:X)*Y", "(?i)XY|b"]
                {
                    all.push(frame.replace('X', one).replace('Y', other));
                }
            }
        }
        all
    }

    fn texts() -> Vec<String> {
        let signs = ["", "a", "b", "\n", " "];
        let mut all = Vec::new();
        for a in signs {
            for b in signs {
                for c in signs {
                    for d in signs {
                        all.push(format!("{a}{b}{c}{d}"));
                    }
                }
            }
        }
        all
    }

    #[test]
    fn what_is_said_to_match_everything_does_and_nothing_else_matches_all_short_strings() {
        let texts = texts();
        let mut said = 0;
        for pattern in patterns() {
            let regex = Regex { pattern: pattern.as_str().into(), multi_line: false, dot_all: false };
            if inspect(&pattern, Flags::default()).is_err() {
                continue;
            }
            let compiled = regex::Regex::new(&canonical(&regex, false)).unwrap();
            let all = texts.iter().all(|text| compiled.find(text).is_some());
            let everything = matches_everything(&pattern, Flags::default());
            said += usize::from(everything);
            assert!(all || !everything, "{pattern}");
            // What matches between two characters alone, as `\b|\B` would, is not looked for.
            assert!(everything || !all || pattern.contains(r"\b"), "{pattern} matches all of them");
        }
        assert!(said > 200, "{said}");
    }

    #[test]
    fn what_selects_something_does_not() {
        for pattern in
            ["evil", "(evil|bad)", "^$", ".", ".+", "(?s)^.+$", "^.*$", r"\bevil\b", r"a*b", "^(a|b)", r"\\.*\.exe$"]
        {
            assert!(!matches_everything(pattern, Flags::default()), "{pattern}");
        }
        for pattern in [
            "evil|",
            "(evil|bad|)",
            "(evil)*",
            "^",
            "$",
            "",
            ".*",
            "|x",
            "(?:a?)+",
            "(?s)^.*$",
            r"^[\s\S]*$",
            "x{0}",
            "a*$",
            "^b?",
        ] {
            assert!(matches_everything(pattern, Flags::default()), "{pattern}");
        }
        assert!(matches_everything("^.*$", Flags { dot_all: true, ..Flags::default() }));
    }
}
