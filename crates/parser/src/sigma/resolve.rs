//! Resolve: from a condition and its selections to one expression over items.

use std::collections::HashMap;

use super::condition::{self, Condition, Quantity};
use super::detection::Detections;
use super::hygiene;
use super::specialise::{self, Leaf};
use super::yaml::{Node, Style, Yaml};
use contentcheck_model::diagnostic::{Sink, Unread, clip, closest, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::limits;
use contentcheck_model::source::Span;

/// Reads the condition, or the list of them, and replaces names by what they stand for.
/// Reports names that are not there and selections that no condition uses.
pub(crate) fn conditions(node: &Node<'_>, detections: &Detections<'_>, sink: &mut Sink) -> Result<Expr<Leaf>, Unread> {
    let items = match &node.value {
        Yaml::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    if items.is_empty() {
        return Err(sink.unread(&codes::WRONG_SHAPE, node.span, "the list of conditions is empty"));
    }
    let mut used = vec![false; detections.selections.len()];
    let mut parts = Vec::with_capacity(items.len());
    let mut refused: Option<Unread> = None;
    // All conditions together are held to the limit.
    let mut nodes = 0;
    for item in items {
        let Some(text) = item.string() else {
            let message = format!("a condition must be a string, not {}", item.shape());
            refused = Some(sink.unread(&codes::WRONG_SHAPE, item.span, message));
            continue;
        };
        hygiene::characters("the condition", text, item.span, sink);
        let quote = usize::from(matches!(item.value, Yaml::Scalar(_, Style::Single | Style::Double)));
        let start = item.span.start as usize + quote;
        let exact = sink.source().text().get(start..start + text.len()) == Some(text);
        let base = if exact { Ok(start) } else { Err(item.span) };
        let parsed = condition::parse(text, base, sink);
        match parsed.and_then(|parsed| resolve(&parsed, detections, &mut used, &mut nodes, sink)) {
            Ok(expr) => parts.push(expr),
            Err(unread) => refused = Some(unread),
        }
        if nodes > limits::CONDITION_NODES {
            break;
        }
    }
    if let Some(unread) = refused {
        return Err(unread);
    }
    for (selection, _) in
        detections.selections.iter().zip(&used).filter(|(selection, used)| !**used && !selection.name.starts_with('_'))
    {
        let found = sink.diagnostic(
            &codes::UNUSED_SELECTION,
            selection.span,
            format!("the condition does not use the selection `{}`", clip(selection.name)),
        );
        sink.push(found.with_help("use it in the condition, or remove it"));
    }
    Ok(Expr::any(parts))
}

fn resolve(
    condition: &Condition<'_>,
    detections: &Detections<'_>,
    used: &mut [bool],
    nodes: &mut usize,
    sink: &mut Sink,
) -> Result<Expr<Leaf>, Unread> {
    let mut list = |parts: &[Condition<'_>], sink: &mut Sink| {
        same_operand(parts, sink);
        let resolved: Vec<_> = parts.iter().map(|part| resolve(part, detections, used, nodes, sink)).collect();
        resolved.into_iter().collect::<Result<Vec<_>, Unread>>()
    };
    match condition {
        Condition::And(parts) => list(parts, sink).map(Expr::all),
        Condition::Or(parts) => list(parts, sink).map(Expr::any),
        Condition::Not(inner) => resolve(inner, detections, used, nodes, sink).map(Expr::negate),
        Condition::Selection(name, span) => {
            let index = detections.selections.iter().position(|selection| selection.name == *name);
            let Some(index) = index else {
                let mut found = sink.diagnostic(
                    &codes::UNKNOWN_SELECTION,
                    *span,
                    format!("the rule has no selection `{}`", clip(name)),
                );
                let names = detections.selections.iter().map(|selection| selection.name);
                let near = if sink.is_busy(detections.selections.len()) { None } else { closest(name, names) };
                found = match near {
                    Some(near) => found.with_help(format!("did you mean `{}`?", clip(near))),
                    None => found.with_help("name a selection of this rule"),
                };
                return Err(sink.refuse(found));
            };
            take(index, detections, used, nodes, *span, sink)
        }
        Condition::Of(quantity, pattern, span) => {
            let matching: Vec<usize> = (0..detections.selections.len())
                .filter(|index| {
                    detections
                        .selections
                        .get(*index)
                        .is_some_and(|selection| condition::selects(pattern, selection.name))
                })
                .collect();
            if matching.is_empty() {
                let found = sink.diagnostic(
                    &codes::UNKNOWN_SELECTION,
                    *span,
                    format!("no selection has a name like `{}`", clip(pattern)),
                );
                let found = found.with_help("`*` stands for any run of characters in the name of a selection");
                return Err(sink.refuse(found));
            }
            hygiene::quantity(*quantity, pattern, &matching, detections, *span, sink);
            let count = matching.len();
            let parts: Vec<_> =
                matching.into_iter().map(|index| take(index, detections, used, nodes, *span, sink)).collect();
            let parts: Result<Vec<_>, Unread> = parts.into_iter().collect();
            match *quantity {
                Quantity::All => parts.map(Expr::all),
                Quantity::AtLeast(1) => parts.map(Expr::any),
                Quantity::AtLeast(wanted) => {
                    let found = sink.diagnostic(
                        &codes::CONDITION_SYNTAX,
                        *span,
                        format!("`{wanted} of` is not part of Sigma ({count} selections match)"),
                    );
                    Err(sink.refuse(found.with_help("write `1 of` or `all of`")))
                }
            }
        }
    }
}

/// A selection that stands twice beside the same operator.
fn same_operand(parts: &[Condition<'_>], sink: &mut Sink) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for part in parts {
        if let Condition::Selection(name, span) = part
            && let Some(first) = seen.insert(name, *span)
        {
            let found = sink
                .diagnostic(&codes::DUPLICATE_PREDICATE, *span, format!("`{}` stands twice", clip(name)))
                .with_place(first, "first here")
                .with_help("remove the second, or write what was meant");
            sink.push(found);
        }
    }
}

fn take(
    index: usize,
    detections: &Detections<'_>,
    used: &mut [bool],
    nodes: &mut usize,
    span: Span,
    sink: &mut Sink,
) -> Result<Expr<Leaf>, Unread> {
    if let Some(flag) = used.get_mut(index) {
        *flag = true;
    }
    let Some(selection) = detections.selections.get(index) else {
        return Err(sink.unread(&codes::UNKNOWN_SELECTION, span, "the condition names a selection that is not there"));
    };
    let expr = specialise::body(&selection.body);
    expr.each(&mut |_, _| *nodes += 1);
    *nodes += 1;
    if *nodes > limits::CONDITION_NODES {
        let message = format!("the condition spreads to more than {} predicates", limits::CONDITION_NODES);
        return Err(sink.unread(&codes::LIMIT_EXCEEDED, span, message));
    }
    Ok(expr)
}
