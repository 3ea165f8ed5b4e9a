//! Patterns of strings as parts of an automaton.

use contentcheck_model::predicate::{Pattern, TextPattern, WildcardPart};

use super::expression;
use super::nfa::{Accept, Builder, LAST, Look, ROOT};
use crate::budget::Unknown;

/// Adds a pattern: the automaton then accepts its strings too.
///
/// # Errors
/// At the limit of nodes, and for an expression that cannot be expressed.
pub(crate) fn add(builder: &mut Builder, pattern: &TextPattern) -> Result<(), Unknown> {
    let fold = pattern.ignore_case;
    match &pattern.pattern {
        Pattern::Equals(text) => {
            let end = builder.literal(ROOT, text, fold)?;
            builder.accept(end, Accept::AtEnd);
        }
        Pattern::StartsWith(text) => {
            let end = builder.literal(ROOT, text, fold)?;
            builder.accept(end, Accept::Always);
        }
        // The empty text stands in every text; the beginning may lead there at once.
        Pattern::Contains(text) | Pattern::EndsWith(text) if text.is_empty() => builder.accept(ROOT, Accept::Always),
        Pattern::Contains(text) => {
            let from = builder.anywhere()?;
            let end = builder.literal(from, text, fold)?;
            builder.accept(end, Accept::Always);
        }
        Pattern::EndsWith(text) => {
            let from = builder.anywhere()?;
            let end = builder.literal(from, text, fold)?;
            builder.accept(end, Accept::AtEnd);
        }
        Pattern::Like(parts) => like(builder, parts, fold)?,
        Pattern::Matches(expression) => expression::add(builder, expression, fold)?,
    }
    Ok(())
}

fn like(builder: &mut Builder, parts: &[WildcardPart], fold: bool) -> Result<(), Unknown> {
    let mut at = ROOT;
    for (index, part) in parts.iter().enumerate() {
        let last = index + 1 == parts.len();
        match part {
            WildcardPart::Literal(text) => at = builder.literal(at, text, fold)?,
            WildcardPart::AnyOne => {
                let next = builder.node()?;
                builder.edge(at, 0, LAST, next);
                at = next;
            }
            WildcardPart::AnyRun if last => {
                builder.accept(at, Accept::Always);
                return Ok(());
            }
            WildcardPart::AnyRun if at == ROOT => at = builder.anywhere()?,
            WildcardPart::AnyRun => {
                let next = builder.node()?;
                builder.edge(next, 0, LAST, next);
                builder.free(at, Look::Free, next);
                at = next;
            }
        }
    }
    builder.accept(at, Accept::AtEnd);
    Ok(())
}
