//! What is there twice: values of one item, selections of one rule, and rules that detect the same.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::detection::{Body, Detections, Item, Raw};
use super::metadata;
use super::modifier::Kind;
use super::specialise::Leaf;
use super::twins::{self, Leaves};
use super::yaml::Node;
use contentcheck_model::diagnostic::{FixKind, Sink, clip, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::predicate::Network;
use contentcheck_model::source::Source;

/// Values that appear twice in one item, and selections that are the same.
pub(super) fn check(detections: &Detections<'_>, condition: &Node<'_>, source: &Source, sink: &mut Sink) {
    for item in &detections.items {
        if item.values.len() < 2 {
            continue;
        }
        let exact = is_exact(item);
        let mut sorted: Vec<(Cow<'_, str>, usize)> = item
            .values
            .iter()
            .enumerate()
            .filter(|(_, value)| value.raw != Raw::Null)
            .map(|(index, value)| (compared(item, &value.text, exact), index))
            .collect();
        sorted.sort_unstable();
        let twins = sorted.iter().zip(sorted.iter().skip(1)).filter(|((first, _), (second, _))| first == second);
        let mut twins: Vec<(usize, usize)> = twins.map(|((_, first), (_, second))| (*second, *first)).collect();
        twins.sort_unstable();
        for (second, first) in twins {
            let (Some(value), Some(first)) = (item.values.get(second), item.values.get(first)) else { continue };
            let mut found = sink
                .diagnostic(
                    &codes::DUPLICATE_PREDICATE,
                    value.span,
                    match (clip(value.written), clip(first.written)) {
                        (again, before) if again == before || value.text == first.text => {
                            format!("the value `{}` appears twice", clip(&value.text))
                        }
                        (again, before) => format!("the value `{again}` appears twice, first as `{before}`"),
                    },
                )
                .with_place(first.span, "first here")
                .with_help("remove the second, or write what was meant");
            if let Some(edit) = metadata::remove_entry(source, value.span) {
                found = found.with_edits(FixKind::Duplicate, "remove the second", vec![edit]);
            }
            sink.push(found);
        }
    }
    let mut bodies: HashMap<u64, usize> = HashMap::new();
    for (index, selection) in detections.selections.iter().enumerate() {
        let mut hasher = DefaultHasher::new();
        hash_body(&selection.body, detections, &mut hasher);
        let twin = bodies.insert(hasher.finish(), index);
        if let Some((at, first)) = twin.and_then(|first| Some((first, detections.selections.get(first)?))) {
            if matches!(selection.body, Body::Unreadable(_)) {
                continue;
            }
            let found = sink
                .diagnostic(
                    &codes::DUPLICATE_PREDICATE,
                    selection.span,
                    format!("the selections `{}` and `{}` are the same", clip(first.name), clip(selection.name)),
                )
                .with_place(first.span, "first here")
                .with_help(match twins::leaves(condition, detections, at, index) {
                    Leaves::Either => "remove one, or write what was meant".to_owned(),
                    Leaves::Only(kept) => {
                        let gone = if kept == at { selection.name } else { first.name };
                        format!("remove `{}`, or write what was meant", clip(gone))
                    }
                    Leaves::Neither => {
                        "write what was meant; if they are the same on purpose, accept the finding: without one of them a pattern of the condition asks for something else".to_owned()
                    }
                    Leaves::Unknown => "write what was meant, or remove one if the condition stays the same".to_owned(),
                });
            sink.push(found);
        }
    }
}

fn hash_item(item: &Item<'_>, hasher: &mut DefaultHasher) {
    let modifiers = &item.modifiers;
    item.field.hash(hasher);
    (modifiers.kind, modifiers.part, modifiers.all, modifiers.cased, modifiers.not_equal, modifiers.expand)
        .hash(hasher);
    (&modifiers.encodings, modifiers.ignore_case, modifiers.multi_line, modifiers.dot_all).hash(hasher);
    let exact = is_exact(item);
    // A sum does not depend on the order of the values.
    let sum = item.values.iter().fold(0u64, |sum, value| {
        let mut own = DefaultHasher::new();
        (compared(item, &value.text, exact), value.raw == Raw::Null).hash(&mut own);
        sum.wrapping_add(own.finish())
    });
    sum.hash(hasher);
}

/// Whether the values of an item are compared letter by letter.
fn is_exact(item: &Item<'_>) -> bool {
    item.modifiers.cased || item.modifiers.kind == Kind::Regex || !item.modifiers.encodings.is_empty()
}

/// What a value is where it is compared, whatever it is written like.
fn compared<'t>(item: &Item<'_>, text: &'t str, exact: bool) -> Cow<'t, str> {
    if item.modifiers.kind == Kind::Cidr
        && let Ok(network) = Network::parse(text)
    {
        return Cow::Owned(format!("{}/{}", network.address, network.prefix));
    }
    folded(text, exact)
}

fn folded(text: &str, exact: bool) -> Cow<'_, str> {
    if exact || !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_ascii_lowercase())
    }
}

fn hash_body(body: &Body, detections: &Detections<'_>, hasher: &mut DefaultHasher) {
    match body {
        Body::Unreadable(_) => 0u8.hash(hasher),
        Body::Item(index) => {
            1u8.hash(hasher);
            if let Some(item) = detections.items.get(*index) {
                hash_item(item, hasher);
            }
        }
        Body::All(parts) | Body::Any(parts) => {
            (if matches!(body, Body::All(_)) { 2u8 } else { 3u8 }).hash(hasher);
            let mut hashes: Vec<u64> = parts
                .iter()
                .map(|part| {
                    let mut inner = DefaultHasher::new();
                    hash_body(part, detections, &mut inner);
                    inner.finish()
                })
                .collect();
            hashes.sort_unstable();
            hashes.hash(hasher);
        }
    }
}

/// A number for what a rule detects: equal for rules that differ in metadata, names of
/// selections, order of values and order of operands only.
pub(super) fn logic(
    detections: &Detections<'_>,
    condition: &Expr<Leaf>,
    logsource: &contentcheck_model::template::LogSource,
) -> u64 {
    fn expr(of: &Expr<Leaf>, detections: &Detections<'_>) -> u64 {
        let mut hasher = DefaultHasher::new();
        match of {
            Expr::Const(value) => value.hash(&mut hasher),
            Expr::Not(inner) => (1u8, expr(inner, detections)).hash(&mut hasher),
            Expr::All(parts) | Expr::Any(parts) => {
                let mut hashes: Vec<u64> = parts.iter().map(|part| expr(part, detections)).collect();
                hashes.sort_unstable();
                hashes.dedup();
                (if matches!(of, Expr::All(_)) { 2u8 } else { 3u8 }, hashes).hash(&mut hasher);
            }
            Expr::Is(Leaf::Item(index)) => {
                if let Some(item) = detections.items.get(*index) {
                    hash_item(item, &mut hasher);
                }
            }
            Expr::Is(Leaf::Unread(_)) => 4u8.hash(&mut hasher),
        }
        hasher.finish()
    }
    let mut hasher = DefaultHasher::new();
    logsource.hash(&mut hasher);
    expr(condition, detections).hash(&mut hasher);
    hasher.finish()
}
