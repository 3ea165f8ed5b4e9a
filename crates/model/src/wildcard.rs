//! Wildcards as Sigma writes them, which the `like` of native rules shares: from a string to a pattern.

use crate::predicate::{Pattern, WildcardPart};

/// Splits a value at its wildcards and resolves its escapes: `\*`, `\?` and `\\` stand for
/// the character itself, any other backslash for itself. Runs of `*` are one.
pub fn parts(value: &str) -> Vec<WildcardPart> {
    if !value.bytes().any(|byte| matches!(byte, b'*' | b'?' | b'\\')) {
        return if value.is_empty() { Vec::new() } else { vec![WildcardPart::Literal(value.into())] };
    }
    let mut found = Vec::new();
    let mut literal = String::with_capacity(value.len());
    let mut rest = value.chars().peekable();
    while let Some(character) = rest.next() {
        let wildcard = match character {
            '\\' => {
                match rest.peek() {
                    Some(next @ ('*' | '?' | '\\')) => {
                        literal.push(*next);
                        rest.next();
                    }
                    _ => literal.push('\\'),
                }
                continue;
            }
            '*' => WildcardPart::AnyRun,
            '?' => WildcardPart::AnyOne,
            other => {
                literal.push(other);
                continue;
            }
        };
        if !literal.is_empty() {
            found.push(WildcardPart::Literal(std::mem::take(&mut literal).into()));
        }
        if wildcard != WildcardPart::AnyRun || found.last() != Some(&WildcardPart::AnyRun) {
            found.push(wildcard);
        }
    }
    if !literal.is_empty() {
        found.push(WildcardPart::Literal(literal.into()));
    }
    found
}

/// The simplest pattern for wildcard parts.
pub fn simplify(parts: Vec<WildcardPart>) -> Pattern {
    use WildcardPart::{AnyRun, Literal};
    match parts.as_slice() {
        [] => Pattern::Equals("".into()),
        [Literal(text)] => Pattern::Equals(text.clone()),
        [Literal(text), AnyRun] => Pattern::StartsWith(text.clone()),
        [AnyRun, Literal(text)] => Pattern::EndsWith(text.clone()),
        [AnyRun, Literal(text), AnyRun] => Pattern::Contains(text.clone()),
        _ => Pattern::Like(parts.into()),
    }
}

/// Whether the parts match every text.
pub fn matches_all(parts: &[WildcardPart]) -> bool {
    matches!(parts, [WildcardPart::AnyRun])
}
