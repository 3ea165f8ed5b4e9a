//! Resolve: from a condition and its selections to one expression over items.

use std::collections::HashMap;

use super::advice;
use super::condition::{self, Condition, Quantity};
use super::detection::{Detections, no_text};
use super::hygiene;
use super::metadata;
use super::specialise::{self, Leaf};
use super::yaml::{Node, Style, Yaml};
use contentcheck_model::diagnostic::{Diagnostic, Sink, Unread, clip, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::limits;
use contentcheck_model::mention::{THEM, is_among};
use contentcheck_model::source::Span;

/// Reads the condition, or the list of them, and replaces names by what they stand for.
/// Reports names that are not there and selections that no condition uses.
pub(crate) fn conditions(node: &Node<'_>, detections: &Detections<'_>, sink: &mut Sink) -> Result<Expr<Leaf>, Unread> {
    let items = match &node.value {
        Yaml::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    if items.is_empty() {
        let found = sink.diagnostic(&codes::WRONG_SHAPE, node.span, "the list of conditions is empty");
        return Err(sink.refuse(found.with_help(EXAMPLE)));
    }
    let mut used = vec![false; detections.selections.len()];
    let mut parts = Vec::with_capacity(items.len());
    let mut refused: Option<Unread> = None;
    // All conditions together are held to the limit.
    let mut nodes = 0;
    for item in items {
        let Some(text) = item.string() else {
            let (span, message) = if item.is_null() {
                (detections.condition, "the condition is empty".to_owned())
            } else {
                (item.span, format!("a condition must be a string, not {}", item.shape()))
            };
            let found = sink.diagnostic(&codes::WRONG_SHAPE, span, message);
            refused = Some(sink.refuse(found.with_help(EXAMPLE)));
            continue;
        };
        hygiene::characters("the condition", text, item.span, sink);
        no_text("condition", item, text, sink);
        let quote = usize::from(matches!(item.value, Yaml::Scalar(_, Style::Single | Style::Double)));
        let start = item.span.start as usize + quote;
        let exact = sink.source().text().get(start..start + text.len()) == Some(text);
        let base = if exact { Ok(start) } else { Err(item.span) };
        if let Some(found) = part_of_another(text, items, item.span, sink).or_else(|| no_name(text, detections, sink)) {
            refused = Some(sink.refuse(found));
            continue;
        }
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
        let message = format!("the condition does not use the selection `{}`", clip(selection.name));
        let found = sink.diagnostic(&codes::UNUSED_SELECTION, selection.span, message);
        sink.push(found.with_help(if metadata::is_attribute(selection.name) {
            format!("`{0}` is an attribute of the rule: write it at the beginning of the line", selection.name)
        } else if selection.name.contains('|') || is_like_a_field(selection.name) {
            "it looks like a field: indent it below the selection that it belongs to".to_owned()
        } else {
            "use it in the condition, or remove it".to_owned()
        }));
    }
    Ok(Expr::any(parts))
}

/// Whether what stands where a selection is named is written as fields are, such as `EventID` and `ParentImage`: selections are called in
/// small letters.
fn is_like_a_field(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_uppercase())
        && name.contains(|letter: char| letter.is_ascii_lowercase())
}

/// How a condition is written.
const EXAMPLE: &str = "write a string such as `condition: selection and not filter`";

/// A condition of a list that goes on with another: each of them is a condition of its own.
fn part_of_another(text: &str, items: &[Node<'_>], span: Span, sink: &Sink) -> Option<Diagnostic> {
    let first = text.split_whitespace().next()?;
    if items.len() < 2 || !["and", "or"].iter().any(|operator| first.eq_ignore_ascii_case(operator)) {
        return None;
    }
    let whole: Vec<&str> = items.iter().take(5).filter_map(Node::string).collect();
    let message = "each entry of a list of conditions is a condition of its own, and this one goes on with another";
    let found = sink.diagnostic(&codes::CONDITION_SYNTAX, span, message);
    Some(found.with_help(format!("write one condition: `condition: {}`", clip(&whole.join(" ")))))
}

/// A selection that no condition can name, where the condition cannot be read: it may be what was to be named.
fn no_name(text: &str, detections: &Detections<'_>, sink: &Sink) -> Option<Diagnostic> {
    let is_sign = |sign: char| sign.is_alphanumeric() || matches!(sign, '_' | '-' | '.');
    let is_word = |name: &str| ["and", "or", "not", "of", "them"].iter().any(|word| name.eq_ignore_ascii_case(word));
    let wrong = detections
        .selections
        .iter()
        .take(limits::DIAGNOSTICS)
        .find(|selection| is_word(selection.name) || !selection.name.chars().all(is_sign))
        .filter(|selection| !metadata::is_attribute(selection.name) && text.contains(selection.name))?;
    if condition::parse(text, Ok(0), &mut Sink::new(sink.source())).is_ok() {
        return None;
    }
    let name = clip(wrong.name);
    let message = if is_word(wrong.name) {
        format!("the selection is named `{name}`, which is a word of conditions")
    } else {
        format!("the selection is named `{name}`, which a condition cannot say")
    };
    let better: String = wrong.name.chars().map(|sign| if is_sign(sign) { sign } else { '_' }).collect();
    let better = if is_word(wrong.name) { format!("{better}_selection") } else { better };
    let help = format!("rename it, here and in the condition, to `{}`", clip(&better));
    Some(sink.diagnostic(&codes::CONDITION_SYNTAX, wrong.span, message).with_help(help))
}

/// What to say of a name that no selection has.
fn unknown(name: &str, span: Span, detections: &Detections<'_>, sink: &Sink) -> Diagnostic {
    let names = || detections.selections.iter().map(|selection| selection.name);
    if let Some((key, at)) = detections.strays.iter().find(|(key, _)| key == name) {
        let message = format!("the selection `{}` is not below `detection`", clip(key));
        let found = sink.diagnostic(&codes::UNKNOWN_SELECTION, *at, message);
        return found.with_help("indent it like the other selections").with_place(span, "named here");
    }
    let found = sink.diagnostic(&codes::UNKNOWN_SELECTION, span, format!("the rule has no selection `{}`", clip(name)));
    let near = if sink.is_busy(detections.selections.len()) { None } else { advice::selection(name, names()) };
    let lower = name.to_ascii_lowercase();
    found.with_help(match near {
        _ if name.contains('*') => {
            let name = clip(name);
            format!("a pattern needs a quantity: write `1 of {name}` or `all of {name}`")
        }
        Some(near) if near.eq_ignore_ascii_case(name) => {
            format!("names of selections are compared exactly: write `{}`", clip(near))
        }
        Some(near) => format!("did you mean `{}`?", clip(near)),
        None if ["all", "any", "one", "each", "every"].contains(&lower.as_str())
            || name.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            "write `all of them` or `1 of them`, or name a selection".to_owned()
        }
        None => match advice::condition_word(name) {
            Some(help) => help.to_owned(),
            None => {
                let shown: Vec<String> = names().take(8).map(|name| format!("`{}`", clip(name))).collect();
                format!("the selections of this rule are {}", shown.join(", "))
            }
        },
    })
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
                let found = unknown(name, *span, detections, sink);
                return Err(sink.refuse(found));
            };
            take(index, detections, used, nodes, *span, sink)
        }
        Condition::Of(quantity, pattern, span) => {
            let matching: Vec<usize> = (0..detections.selections.len())
                .filter(|index| {
                    detections.selections.get(*index).is_some_and(|selection| is_among(selection.name, pattern))
                })
                .collect();
            if matching.is_empty() {
                let found = sink.diagnostic(
                    &codes::UNKNOWN_SELECTION,
                    *span,
                    format!("no selection has a name like `{}`", clip(pattern)),
                );
                let shown: Vec<String> = detections
                    .selections
                    .iter()
                    .take(8)
                    .map(|selection| format!("`{}`", clip(selection.name)))
                    .collect();
                let help = if pattern.eq_ignore_ascii_case(THEM) {
                    format!("write `{THEM}` in lower case")
                } else {
                    let bare = pattern.trim_start_matches('_');
                    let mut names =
                        detections.selections.iter().map(|selection| selection.name.trim_start_matches('_'));
                    let hidden = if names.any(|name| is_among(name, bare)) {
                        "names that begin with `_` are meant by patterns alone that do"
                    } else {
                        "`*` stands for any run of characters"
                    };
                    format!("{hidden}; the selections of this rule are {}", shown.join(", "))
                };
                return Err(sink.refuse(found.with_help(help)));
            }
            if matches!(quantity, Quantity::All | Quantity::AtLeast(1)) {
                hygiene::quantity(*quantity, pattern, &matching, detections, *span, sink);
            }
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
                        format!(
                            "`{wanted} of` is not part of Sigma; {count} {}",
                            if count == 1 { "selection matches" } else { "selections match" }
                        ),
                    );
                    let pattern = clip(pattern);
                    Err(sink.refuse(found.with_help(if wanted == 0 {
                        format!("write `not 1 of {pattern}`")
                    } else {
                        format!(
                            "write `1 of {pattern}` or `all of {pattern}`, or name the selections that belong together"
                        )
                    })))
                }
            }
        }
    }
}

/// A selection that appears twice beside the same operator.
fn same_operand(parts: &[Condition<'_>], sink: &mut Sink) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for part in parts {
        if let Condition::Selection(name, span) = part
            && let Some(first) = seen.insert(name, *span)
        {
            let found = sink
                .diagnostic(&codes::DUPLICATE_PREDICATE, *span, format!("`{}` appears twice", clip(name)))
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
