//! Logic that can be seen on the lowered condition, whatever language it was written in.

use contentcheck_model::diagnostic::{Sink, clip, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::field::{FieldRef, Place};
use contentcheck_model::predicate::{Predicate, Test};
use contentcheck_model::template::TemplateType;

/// Reports predicates that appear twice beside each other, and negations that an absent field
/// makes true.
pub(crate) fn check(template: &TemplateType, condition: &Expr<Predicate>, rule: &str, sink: &mut Sink) {
    let mut present = Vec::new();
    walk(template, condition, false, &mut present, rule, sink);
}

/// `present` holds the fields that are known to be there where `expr` decides.
fn walk<'e>(
    template: &TemplateType,
    expr: &'e Expr<Predicate>,
    negated: bool,
    present: &mut Vec<&'e FieldRef>,
    rule: &str,
    sink: &mut Sink,
) {
    match expr {
        Expr::Const(_) => {}
        Expr::Not(inner) => walk(template, inner, !negated, present, rule, sink),
        Expr::All(parts) | Expr::Any(parts) => {
            twice(parts, rule, sink);
            let before = present.len();
            // Under a negation a disjunction is what conjoins: not (a or b) is not a and not b.
            if matches!(expr, Expr::All(_)) != negated {
                present.extend(parts.iter().filter_map(|part| implied(part, negated)));
            }
            parts.iter().for_each(|part| walk(template, part, negated, present, rule, sink));
            present.truncate(before);
        }
        Expr::Is(predicate) => {
            let Some(name) = optional(template, &predicate.field) else { return };
            let asks = matches!(*predicate.test, Test::Exists | Test::Null);
            if !negated || asks || present.contains(&&predicate.field) {
                return;
            }
            let message = format!("`{}` may be absent, and then this negation is true", clip(name));
            let found = sink
                .diagnostic(&codes::NEGATED_ABSENT, predicate.span, message)
                .with_help(format!("add `{name} exists`, or write the comparison with `!=`"))
                .with_rule(rule);
            sink.push(found);
        }
    }
}

/// The field that is there where a part holds, or where it does not hold under a negation:
/// every predicate is false on an absent field.
fn implied(part: &Expr<Predicate>, negated: bool) -> Option<&FieldRef> {
    match (part, negated) {
        (Expr::Is(predicate), false) if *predicate.test != Test::Null => Some(&predicate.field),
        (Expr::Not(inner), true) => implied(inner, false),
        _ => None,
    }
}

/// The name of a field that an event of the template type may lack.
fn optional<'t>(template: &'t TemplateType, field: &'t FieldRef) -> Option<&'t str> {
    let info = template.describe(field)?;
    (info.ty.optional && info.place != Place::Undeclared).then_some(info.name)
}

/// The same predicate twice among the parts of one conjunction or disjunction.
fn twice(parts: &[Expr<Predicate>], rule: &str, sink: &mut Sink) {
    let mut seen = std::collections::HashMap::new();
    for part in parts {
        let (Expr::Is(predicate), negated) = (match part {
            Expr::Not(inner) => (&**inner, true),
            other => (other, false),
        }) else {
            continue;
        };
        if *predicate.test == Test::Exists {
            continue;
        }
        let key = (&predicate.field, negated, format!("{:?}", predicate.test));
        let Some(first) = seen.insert(key, predicate.span) else { continue };
        if first == predicate.span {
            continue;
        }
        let found = sink
            .diagnostic(&codes::DUPLICATE_PREDICATE, predicate.span, "this predicate appears twice")
            .with_place(first, "first here")
            .with_help("remove the second, or write what was meant")
            .with_rule(rule);
        sink.push(found);
    }
}
