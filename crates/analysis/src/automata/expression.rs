//! Regular expressions to nodes.

use contentcheck_model::predicate::Regex;
use contentcheck_model::regex::canonical;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look as HirLook};

use super::nfa::{Accept, Builder, Look, NodeId, ROOT};
use crate::budget::Unknown;

/// Adds the strings in which an expression matches somewhere.
///
/// # Errors
/// At the limit of nodes, and for an expression that cannot be expressed.
pub(crate) fn add(builder: &mut Builder, regex: &Regex, ignore_case: bool) -> Result<(), Unknown> {
    let text = canonical(regex, ignore_case);
    let hir = ParserBuilder::new().utf8(false).build().parse(&text).map_err(|_| Unknown::Expression)?;
    // An expression that is anchored need not be tried at every place, and so keeps its automaton small.
    let anchored = hir.properties().look_set_prefix().contains(HirLook::Start);
    let begin = builder.node()?;
    let from = if anchored { ROOT } else { builder.anywhere()? };
    builder.free(from, Look::Free, begin);
    let end = walk(builder, &hir, begin)?;
    let accept = builder.node()?;
    builder.free(end, Look::Free, accept);
    builder.accept(accept, Accept::Always);
    Ok(())
}

// INVARIANT: the checker held the depth of the expression to `limits::NESTING`.
fn walk(builder: &mut Builder, hir: &Hir, from: NodeId) -> Result<NodeId, Unknown> {
    match hir.kind() {
        HirKind::Empty => Ok(from),
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).map_err(|_| Unknown::Expression)?;
            // Not along the trie: a node within an expression may be reached again by a repeat.
            text.chars().try_fold(from, |at, character| {
                let next = builder.node()?;
                builder.edge(at, u32::from(character), u32::from(character), next);
                Ok(next)
            })
        }
        HirKind::Class(class) => {
            let next = builder.node()?;
            match class {
                Class::Unicode(class) => {
                    for range in class.ranges() {
                        builder.edge(from, u32::from(range.start()), u32::from(range.end()), next);
                    }
                }
                Class::Bytes(class) => {
                    let class = class.to_unicode_class().ok_or(Unknown::Expression)?;
                    for range in class.ranges() {
                        builder.edge(from, u32::from(range.start()), u32::from(range.end()), next);
                    }
                }
            }
            Ok(next)
        }
        HirKind::Look(look) => {
            let next = builder.node()?;
            builder.free(from, self::look(*look)?, next);
            Ok(next)
        }
        HirKind::Capture(capture) => walk(builder, &capture.sub, from),
        HirKind::Concat(parts) => parts.iter().try_fold(from, |at, part| walk(builder, part, at)),
        HirKind::Alternation(parts) => {
            let join = builder.node()?;
            for part in parts {
                let begin = builder.node()?;
                builder.free(from, Look::Free, begin);
                let end = walk(builder, part, begin)?;
                builder.free(end, Look::Free, join);
            }
            Ok(join)
        }
        HirKind::Repetition(repetition) => {
            let mut at = from;
            for _ in 0..repetition.min {
                at = walk(builder, &repetition.sub, at)?;
            }
            match repetition.max {
                Some(max) => {
                    let join = builder.node()?;
                    for _ in repetition.min..max {
                        builder.free(at, Look::Free, join);
                        at = walk(builder, &repetition.sub, at)?;
                    }
                    builder.free(at, Look::Free, join);
                    Ok(join)
                }
                None => {
                    let turn = builder.node()?;
                    builder.free(at, Look::Free, turn);
                    let begin = builder.node()?;
                    builder.free(turn, Look::Free, begin);
                    let end = walk(builder, &repetition.sub, begin)?;
                    builder.free(end, Look::Free, turn);
                    let out = builder.node()?;
                    builder.free(turn, Look::Free, out);
                    Ok(out)
                }
            }
        }
    }
}

fn look(look: HirLook) -> Result<Look, Unknown> {
    Ok(match look {
        HirLook::Start => Look::Start,
        HirLook::End => Look::End,
        HirLook::StartLF => Look::LineStart,
        HirLook::EndLF => Look::LineEnd,
        HirLook::WordAscii => Look::Word,
        HirLook::WordAsciiNegate => Look::NotWord,
        HirLook::WordStartAscii => Look::WordStart,
        HirLook::WordEndAscii => Look::WordEnd,
        HirLook::WordStartHalfAscii => Look::WordStartHalf,
        HirLook::WordEndHalfAscii => Look::WordEndHalf,
        // Word boundaries of Unicode do not pass the checker's canonical form; `\r\n` as one line break does.
        _ => return Err(Unknown::Expression),
    })
}
