//! Values that a list has twice, by what they are and not by how they are written.

use std::collections::{HashMap, HashSet};

use super::typing::Asked;
use crate::native::ast::{Literal, Operator, Value};
use contentcheck_model::diagnostic::{Edit, FixKind, Sink, clip, codes};
use contentcheck_model::predicate::Network;
use contentcheck_model::source::Span;
use contentcheck_model::template::{FieldType, Scalar};

/// What a value is where it is compared.
#[derive(PartialEq, Eq, Hash)]
enum Is {
    Text(String),
    Int(i64),
    Float(u64),
    Bool(bool),
    Bytes(Vec<u8>),
    Network(Network),
}

/// Reports the values of a list that it has before. A list that is declared on its own may be compared in several ways:
/// each of its values is told once, and letters of either case are the same only where the list stands in the predicate.
pub(super) fn check(
    asked: &Asked<'_>,
    ty: FieldType,
    values: &[Value],
    predicate: Span,
    rule: &str,
    told: &mut HashSet<Span>,
    sink: &mut Sink,
) {
    if values.len() < 2 {
        return;
    }
    let is_here =
        values.first().is_some_and(|value| predicate.start <= value.span.start && value.span.end <= predicate.end);
    let folds = is_here && (asked.ignore_case || ty.nocase) && asked.operator != Operator::Matches;
    let mut seen: HashMap<Is, &Value> = HashMap::with_capacity(values.len());
    for (value, before) in values.iter().zip(std::iter::once(None).chain(values.iter().map(Some))) {
        let is = match (&value.value, ty.scalar) {
            (Literal::Text(text), Scalar::Ip) => match Network::parse(text) {
                Ok(network) => Is::Network(network),
                Err(_) => continue,
            },
            (Literal::Text(text), _) if folds => Is::Text(text.to_ascii_lowercase()),
            (Literal::Text(text), _) => Is::Text(text.clone()),
            (Literal::Int(number), _) => Is::Int(*number),
            // Zero has two signs and is one value.
            (Literal::Float(number), _) => Is::Float((number + 0.0).to_bits()),
            (Literal::Bool(truth), _) => Is::Bool(*truth),
            (Literal::Bytes(bytes), _) => Is::Bytes(bytes.clone()),
        };
        let first = match seen.entry(is) {
            std::collections::hash_map::Entry::Occupied(entry) => *entry.get(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(value);
                continue;
            }
        };
        if !told.insert(value.span) {
            continue;
        }
        let (written, as_first) = (sink.source().slice(value.span), sink.source().slice(first.span));
        let message = if written == as_first {
            format!("the value `{}` appears twice", clip(written))
        } else {
            format!("the value `{}` appears twice, first as `{}`", clip(written), clip(as_first))
        };
        let found = sink
            .diagnostic(&codes::DUPLICATE_PREDICATE, value.span, message)
            .with_place(first.span, "first here")
            .with_help("remove the second, or write what was meant")
            .with_rule(rule);
        // What another use of the list tells apart stays.
        let is_same = is_here || value.value == first.value;
        let gap = before.map(|before| Span { start: before.span.end, end: value.span.start });
        let gap = gap.filter(|gap| is_same && sink.source().slice(*gap).trim() == ",");
        sink.push(match gap {
            Some(gap) => {
                let edit = Edit { span: gap.to(value.span), text: String::new() };
                found.with_edits(FixKind::Duplicate, "remove the second", vec![edit])
            }
            None => found,
        });
    }
}
