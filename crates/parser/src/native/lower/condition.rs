//! Conditions: names resolved, bindings in place, every predicate typed.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::ast::{
    self, Expr as Written, LetValue, Literal, Operand, Operator, Quantifier, Reference, ReferenceTarget, Right, Rule,
    Value, Values,
};
use super::scope::{Meaning, Scope};
use super::typing::{self, Asked, Made};
use contentcheck_model::diagnostic::{Detail, Sink, Unread, clip, closest, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::field::{FieldRef, Place};
use contentcheck_model::limits;
use contentcheck_model::predicate::{FieldComparison, Predicate, Test};
use contentcheck_model::source::Span;
use contentcheck_model::template::{FieldType, Scalar, TemplateType};

/// A field that a name or position stands for.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    pub(super) field: FieldRef,
    pub(super) ty: FieldType,
    pub(super) by_position: Option<u32>,
}

/// The field of a name. An unknown one is reported.
pub(super) fn resolve_field(
    template: &TemplateType,
    name: &str,
    span: Span,
    sink: &mut Sink,
) -> Result<Resolved, Unread> {
    known_field(template, name).ok_or_else(|| {
        let message = format!("template type `{template}` has no field `{}`", clip(name));
        let found = sink.diagnostic(&codes::UNKNOWN_FIELD, span, message);
        let near = if sink.is_full() { None } else { closest(name, template.names()) };
        // What leads to a field in other tools: `event.image`.
        let last = name.rsplit('.').next().unwrap_or(name);
        let near = near.or_else(|| template.names().find(|known| *known == last));
        sink.refuse(match near {
            Some(near) => found.with_help(format!("did you mean `{near}`?")),
            None => found.with_help(format!("`contentcheck fields --template {}` lists the fields", template.name)),
        })
    })
}

/// The field that a name means; none where the events of the template type have no such field.
fn known_field(template: &TemplateType, name: &str) -> Option<Resolved> {
    let field = template.named(name);
    if field.is_undeclared() && !template.open {
        return None;
    }
    let ty = template.describe(&field)?.ty;
    Some(Resolved { field, ty, by_position: None })
}

/// Whether the template type declares a field of this name.
fn is_declared(template: &TemplateType, name: &str) -> bool {
    template.find(name).is_some()
}

/// What a binding stands for.
enum Bound<'r> {
    Condition(Result<Expr<Predicate>, Unread>, usize),
    Values(&'r Values),
}

struct Lowerer<'r, 'a> {
    template: &'a TemplateType,
    scope: &'a mut Scope,
    sink: &'a mut Sink,
    rule: &'r Rule,
    bound: HashMap<&'r str, (Bound<'r>, bool)>,
    /// Predicates so far, those of bindings counted at every use.
    size: usize,
}

/// The condition of a rule, unless it holds a mistake.
pub(super) fn lower(
    rule: &Rule,
    template: &TemplateType,
    scope: &mut Scope,
    sink: &mut Sink,
) -> Result<Expr<Predicate>, Unread> {
    let mut lowerer = Lowerer { template, scope, sink, rule, bound: HashMap::new(), size: 0 };
    for binding in rule.lets() {
        let name = binding.name.value.as_str();
        let taken = if lowerer.bound.contains_key(name) {
            Some("another `let`")
        } else if lowerer.scope.has(name) {
            Some("a list or table of this file")
        } else if is_declared(template, name) {
            Some("a field of the template type")
        } else {
            None
        };
        if let Some(taken) = taken {
            let found = lowerer.sink.diagnostic(
                &codes::DUPLICATE_NAME,
                binding.name.span,
                format!("`{name}` is the name of {taken} already"),
            );
            lowerer.sink.push(found.with_help("rename the binding"));
        }
        let bound = match &binding.value {
            LetValue::Values(values) => Bound::Values(values),
            LetValue::Condition(condition) => {
                lowerer.size = 0;
                let lowered = lowerer.expr(condition);
                Bound::Condition(lowered, lowerer.size)
            }
        };
        lowerer.bound.entry(name).or_insert((bound, false));
    }
    lowerer.size = 0;
    let condition = match rule.when() {
        Some(when) => lowerer.expr(&when.condition),
        None => Err(lowerer.report(
            &codes::MISSING_ATTRIBUTE,
            rule.name.span,
            "the rule has no condition",
            "write `when` and the condition",
        )),
    };
    let condition = condition.and_then(|condition| {
        if limits::take(&mut lowerer.scope.budget.spread_values, condition.spread_values()) {
            return Ok(condition);
        }
        let at = rule.when().map_or(rule.name.span, |when| when.span);
        let found = crate::spread::found(at, lowerer.sink).with_rule(&rule.name.value);
        Err(lowerer.sink.refuse(found.with_help("use each binding once, or put the values into a table")))
    });
    // What a condition uses that could not be read is not known.
    for binding in rule.lets().filter(|_| condition.is_ok()) {
        if let Some((_, false)) = lowerer.bound.get(binding.name.value.as_str()) {
            let message = format!("nothing uses `{}`", binding.name.value);
            let found = lowerer.sink.diagnostic(&codes::UNUSED_SELECTION, binding.name.span, message);
            lowerer.sink.push(found.with_help("use it in the condition, or remove it").with_rule(&rule.name.value));
        }
    }
    condition
}

/// What stands on the right of an operator.
enum Side<'v> {
    Values(&'v [Value]),
    Shared(Arc<Values>),
    Table(Arc<contentcheck_model::table::Table>),
    Field(Resolved),
}

impl<'r> Lowerer<'r, '_> {
    fn expr(&mut self, expr: &'r Written) -> Result<Expr<Predicate>, Unread> {
        match expr {
            // Every operand is read, so that all mistakes are found.
            Written::Any(chain) => {
                let parts: Vec<_> = chain.operands.iter().map(|operand| self.expr(operand)).collect();
                parts.into_iter().collect::<Result<Vec<_>, Unread>>().map(Expr::any)
            }
            Written::All(chain) => {
                let parts: Vec<_> = chain.operands.iter().map(|operand| self.expr(operand)).collect();
                parts.into_iter().collect::<Result<Vec<_>, Unread>>().map(Expr::all)
            }
            Written::Not(not) => {
                let inner = match &*not.operand {
                    Written::Predicate(predicate) => self.told(predicate, Some(not.span)),
                    operand => {
                        if let Written::Not(_) = operand {
                            let message = "two negations cancel out";
                            let found = self.sink.diagnostic(&codes::DOUBLE_NEGATION, not.span, message);
                            let found = found.with_help("remove both, or the one that is too many");
                            self.sink.push(found.with_rule(&self.rule.name.value));
                        }
                        self.expr(operand)
                    }
                };
                inner.map(Expr::negate)
            }
            Written::Reference(reference) => self.condition_by_name(reference),
            Written::Predicate(predicate) => self.told(predicate, None),
        }
    }

    /// A predicate, and what is said of one that the template type decides: as a whole with the `not` before it, since
    /// that is what the rule means by it.
    fn told(&mut self, predicate: &'r ast::Predicate, negation: Option<Span>) -> Result<Expr<Predicate>, Unread> {
        self.size += 1;
        let made = self.predicate(predicate)?;
        if let Expr::Const(value) = made {
            let span = negation.unwrap_or(predicate.span);
            let written = clip(self.sink.source().slice(span));
            let answer = value != negation.is_some();
            let message = format!("`{written}` is always {answer}: `{}` fixes it under `reads`", self.template);
            let found = self.sink.diagnostic(&codes::DECIDED_PREDICATE, span, message);
            let found = found.with_help(format!("remove it, {}", self.fixed(predicate)));
            self.sink.push(found.with_rule(&self.rule.name.value));
        }
        Ok(made)
    }

    /// What the names of a predicate are fixed to, as a remedy.
    fn fixed(&self, predicate: &ast::Predicate) -> String {
        let operands = [
            Some(&predicate.left),
            match &predicate.right {
                Some(Right::One(right)) => Some(right),
                _ => None,
            },
        ];
        for operand in operands.into_iter().flatten() {
            let (Operand::Reference(reference) | Operand::Masked(ast::Masked { field: reference, .. })) = operand
            else {
                continue;
            };
            let ReferenceTarget::Name { name, .. } = &reference.target else { continue };
            let field = self.template.named(name);
            let Some(Place::Reads(values)) = self.template.describe(&field).map(|info| info.place) else { continue };
            let shown: Vec<String> = values.iter().take(3).map(|value| format!("`{}`", clip(&value.text()))).collect();
            let more = if values.len() > 3 { " and others" } else { "" };
            return format!("or compare with what events have: `{}` is {}{more}", clip(name), shown.join(" or "));
        }
        "or write what was meant".to_owned()
    }

    fn condition_by_name(&mut self, reference: &'r Reference) -> Result<Expr<Predicate>, Unread> {
        let ReferenceTarget::Name { name, quoted } = &reference.target else {
            return Err(self.report(
                &codes::OPERATOR_TYPE,
                reference.span,
                "a position alone is not a condition",
                "compare it with a value",
            ));
        };
        if !quoted && let Some((bound, used)) = self.bound.get_mut(name.as_str()) {
            *used = true;
            let Bound::Condition(condition, size) = bound else {
                return Err(self.report(
                    &codes::OPERATOR_TYPE,
                    reference.span,
                    "a list of values alone is not a condition",
                    "compare a field with it",
                ));
            };
            self.size += *size;
            let enough = limits::take(&mut self.scope.budget.predicates, *size);
            if self.size > limits::CONDITION_NODES || !enough {
                let message = format!(
                    "this condition has more than {} predicates once its bindings are put in place",
                    limits::CONDITION_NODES
                );
                self.size = 0;
                let help = "use fewer bindings inside of each other";
                return Err(self.report(&codes::LIMIT_EXCEEDED, reference.span, message, help));
            }
            return condition.clone();
        }
        if let Some(field) = known_field(self.template, name)
            && !field.field.is_undeclared()
        {
            let help = if field.ty.scalar == Scalar::Bool {
                format!("write `{name} == true` or `{name} == false`")
            } else {
                "compare it with a value".to_owned()
            };
            return Err(self.report(
                &codes::OPERATOR_TYPE,
                reference.span,
                format!("the field `{}` alone is not a condition", clip(name)),
                &help,
            ));
        }
        Err(self.unknown(name, reference.span, "a `let` of this rule above this line"))
    }

    fn unknown(&mut self, name: &str, span: Span, wanted: &str) -> Unread {
        let found = self.sink.diagnostic(&codes::UNKNOWN_NAME, span, format!("`{}` is not {wanted}", clip(name)));
        let lets = self.bound.keys().copied();
        let candidates = lets.chain(self.scope.names()).chain(self.template.names());
        let near = if self.sink.is_busy(self.scope.names().count()) {
            None
        } else {
            closest(name, candidates).map(str::to_owned)
        };
        let found = found.with_rule(&self.rule.name.value);
        self.sink.refuse(match near {
            Some(near) => found.with_help(format!("did you mean `{near}`?")),
            None => found.with_help("declare it, or correct the name"),
        })
    }

    fn report(
        &mut self,
        code: &'static contentcheck_model::diagnostic::Code,
        span: Span,
        message: impl Into<String>,
        help: &str,
    ) -> Unread {
        let found = self.sink.diagnostic(code, span, message).with_help(help).with_rule(&self.rule.name.value);
        self.sink.refuse(found)
    }

    /// The field of a reference on the left.
    fn field(&mut self, reference: &Reference) -> Result<Resolved, Unread> {
        match &reference.target {
            ReferenceTarget::Name { name, quoted: false }
                if self.scope.has(name) && known_field(self.template, name).is_none() =>
            {
                Err(self.report(
                    &codes::OPERATOR_TYPE,
                    reference.span,
                    format!("`{name}` is a list or a table, which is on the right of an operator"),
                    &format!("write the field first, as in `field in {name}`"),
                ))
            }
            ReferenceTarget::Name { name, .. } => resolve_field(self.template, name, reference.span, self.sink),
            ReferenceTarget::Position(position) => {
                let at = usize::try_from(*position).unwrap_or(usize::MAX);
                if let Some(field) = self.template.at(*position)
                    && let Some(ty) = self.template.describe(&field).map(|info| info.ty)
                {
                    return Ok(Resolved { field, ty, by_position: Some(*position) });
                }
                let arity = self.template.arity();
                let help = "read a field that the template type declares";
                if at <= arity {
                    let message = format!("position {position} of `{}` is retired", self.template);
                    return Err(self.report(&codes::BAD_POSITION, reference.span, message, help));
                }
                let message = format!("`${position}` is beyond the {arity} fields of `{}`", self.template);
                let id = super::text(self.rule, "id").map(|(id, _)| id);
                let detail = Detail::Position {
                    rule: id.unwrap_or(&self.rule.name.value).to_owned(),
                    template: self.template.name.clone(),
                    version: self.template.version,
                    arity,
                    position: *position,
                };
                let found = self.sink.diagnostic(&codes::POSITION_BEYOND_ARITY, reference.span, message);
                let found = found.with_help(help).with_rule(&self.rule.name.value).with_detail(detail);
                Err(self.sink.refuse(found))
            }
        }
    }

    fn predicate(&mut self, predicate: &'r ast::Predicate) -> Result<Expr<Predicate>, Unread> {
        // A literal on the left is a comparison written the other way round.
        let (left, operator, flipped) = match (&predicate.left, &predicate.right) {
            (Operand::Literal(value), Some(Right::One(right @ (Operand::Reference(_) | Operand::Masked(_))))) => {
                let Some(operator) = flip(predicate.operator.value) else {
                    return Err(self.report(
                        &codes::OPERATOR_TYPE,
                        value.span,
                        "the left side is a value",
                        "write the field first",
                    ));
                };
                (right, operator, Some(std::slice::from_ref(value)))
            }
            (left, _) => (left, predicate.operator.value, None),
        };
        let (reference, mask) = match left {
            Operand::Reference(reference) => (reference, None),
            Operand::Masked(masked) => (&masked.field, Some(masked.mask.value)),
            Operand::Literal(value) => {
                return Err(self.report(
                    &codes::OPERATOR_TYPE,
                    value.span,
                    "both sides are values",
                    "compare a field with a value",
                ));
            }
        };
        let resolved = self.field(reference)?;
        let name = self.sink.source().slice(reference.span).trim_matches('`').to_owned();
        let asked = Asked {
            operator,
            at: predicate.operator.span,
            ignore_case: predicate.ignore_case,
            all: predicate.all_values.is_some(),
            name: &name,
            of_element: resolved.ty.list && predicate.quantifier.as_ref().is_some_and(|of| of.value == Quantifier::Any),
        };
        let element = FieldType { list: false, ..resolved.ty };
        let every = self.quantifier(predicate, &resolved, reference)?;
        if operator == Operator::Exists {
            if predicate.ignore_case {
                return Err(self.report(
                    &codes::OPERATOR_TYPE,
                    asked.at,
                    "`exists` compares nothing",
                    "write `exists` without `~`",
                ));
            }
            return Ok(made(&resolved, Test::Exists, predicate.span, None));
        }
        let side = match flipped {
            Some(values) => Side::Values(values),
            None => self.side(predicate, operator)?,
        };
        if let (Some(span), Side::Table(_) | Side::Field(_)) = (predicate.all_values, &side) {
            return Err(self.report(&codes::OPERATOR_TYPE, span, "`all` asks for a list of values", "leave `all` out"));
        }
        let other = if let Side::Field(other) = &side { other.by_position } else { None };
        let Made { test, negated } = match side {
            _ if mask.is_some() && element.scalar != Scalar::Int => {
                let message = format!("`&` looks at the bits of an integer; `{name}` is of type `{element}`");
                return Err(self.report(&codes::OPERATOR_TYPE, reference.span, message, "mask a field of type int"));
            }
            Side::Values(values) if let Some(mask) = mask => self.masked(&asked, mask, values)?,
            Side::Shared(_) | Side::Table(_) | Side::Field(_) if mask.is_some() => {
                return Err(self.report(
                    &codes::OPERATOR_TYPE,
                    asked.at,
                    "masked bits are compared with an integer",
                    "write the integer",
                ));
            }
            Side::Values(values) => {
                self.spend(&asked, values)?;
                self.values(&asked, element, values, predicate.span)?
            }
            Side::Shared(values) => {
                self.spend(&asked, &values.values)?;
                self.values(&asked, element, &values.values, predicate.span)?
            }
            Side::Table(table) => {
                let key = table.key_type();
                if key.scalar != element.scalar {
                    let message =
                        format!("`{name}` is of type `{element}`, the key of table `{}` of type `{key}`", table.name());
                    return Err(self.report(
                        &codes::FIELD_TYPES_DIFFER,
                        predicate.span,
                        message,
                        "look up a field of the key's type",
                    ));
                }
                if (asked.ignore_case || element.nocase) && !key.nocase {
                    let message =
                        format!("`{name}` ignores case here, and the key of table `{}` does not", table.name());
                    return Err(self.report(
                        &codes::FIELD_TYPES_DIFFER,
                        predicate.span,
                        message,
                        "declare the key of the table `nocase`",
                    ));
                }
                Made { test: Test::InTable(table), negated: false }
            }
            Side::Field(other) => self.compared(&asked, element, other, predicate)?,
        };
        let test = match every {
            // Some element is not x: not all are x. No element is x: not any is x.
            Some(every) => Test::Elements { all: every != negated, test: Box::new(test) },
            None => test,
        };
        let expr = self.fold(made(&resolved, test, predicate.span, other));
        if !negated {
            return Ok(expr);
        }
        // `!=` is false on an absent value, as every predicate is.
        let exists =
            if resolved.ty.optional { made(&resolved, Test::Exists, predicate.span, None) } else { Expr::Const(true) };
        Ok(Expr::all([exists, expr.negate()]))
    }

    fn values(&mut self, asked: &Asked<'_>, ty: FieldType, values: &[Value], predicate: Span) -> Result<Made, Unread> {
        let made = typing::test(asked, ty, values, &mut self.scope.budget.regex_states, self.sink)?;
        let told = &mut self.scope.twice;
        super::twice::check(asked, ty, values, predicate, &self.rule.name.value, told, self.sink);
        Ok(made)
    }

    /// Takes the values of a predicate from what is left for the file. Beyond it they are reported.
    fn spend(&mut self, asked: &Asked<'_>, values: &[Value]) -> Result<(), Unread> {
        // Where too few values are left, how long these are does not matter.
        let looked = values.iter().take(self.scope.budget.values);
        let bytes: usize =
            looked.map(|value| if let Literal::Text(text) = &value.value { text.len() } else { 8 }).sum();
        let long = values.iter().find_map(|value| match &value.value {
            Literal::Text(text) if text.len() > limits::VALUE_BYTES && asked.operator != Operator::Matches => {
                Some((text.len(), value.span))
            }
            _ => None,
        });
        if let Some((bytes, span)) = long {
            let message = format!("the value has {bytes} bytes; the limit is {}", limits::VALUE_BYTES);
            return Err(self.report(&codes::LIMIT_EXCEEDED, span, message, "look for the part of it that decides"));
        }
        let budget = &mut self.scope.budget;
        if asked.operator == Operator::Matches && !limits::take(&mut budget.regex_bytes, bytes) {
            let message =
                format!("the regexes of this file have more than {} bytes together", limits::FILE_REGEX_BYTES);
            return Err(self.report(&codes::REGEX_TOO_LARGE, asked.at, message, "split the file, or use `like`"));
        }
        if !limits::take(&mut budget.values, values.len()) || !limits::take(&mut budget.value_bytes, bytes) {
            let message = format!(
                "the values of this file, those of lists counted at each use, are more than {} or {} MiB",
                limits::FILE_VALUES,
                limits::FILE_VALUE_BYTES >> 20
            );
            return Err(self.report(&codes::EXPANSION_TOO_LARGE, asked.at, message, "use a table instead of a list"));
        }
        Ok(())
    }

    /// Whether all elements are asked for; `None` within for a field that is no list.
    fn quantifier(
        &mut self,
        predicate: &ast::Predicate,
        resolved: &Resolved,
        reference: &Reference,
    ) -> Result<Option<bool>, Unread> {
        let exists = predicate.operator.value == Operator::Exists;
        match (&predicate.quantifier, resolved.ty.list && !exists) {
            (Some(quantifier), true) => Ok(Some(quantifier.value == Quantifier::All)),
            (None, false) => Ok(None),
            (Some(quantifier), false) => {
                let message = if exists {
                    "`exists` asks for the list, not for its elements"
                } else {
                    "only the elements of a list field can be counted"
                };
                Err(self.report(&codes::OPERATOR_TYPE, quantifier.span, message, "leave `any` or `all` out"))
            }
            (None, true) => {
                let message = format!("the field is of type `{}`", resolved.ty);
                let name = clip(self.sink.source().slice(reference.span));
                let operator = predicate.operator.value;
                let help = if operator == Operator::Contains {
                    format!(
                        "to ask for an element write `any {name} == \"...\"`; for a part of one, `any {name} contains \"...\"`"
                    )
                } else {
                    format!("write `any {name} {0} ...` or `all {name} {0} ...`", operator.as_str())
                };
                Err(self.report(&codes::OPERATOR_TYPE, reference.span, message, &help))
            }
        }
    }

    fn side(&mut self, predicate: &'r ast::Predicate, operator: Operator) -> Result<Side<'r>, Unread> {
        let reference = match predicate.right.as_ref() {
            None => {
                return Err(self.report(
                    &codes::OPERATOR_TYPE,
                    predicate.span,
                    "nothing is on the right of the operator",
                    "write what the field is compared with",
                ));
            }
            Some(Right::Values(values)) => return Ok(Side::Values(&values.values)),
            Some(Right::One(Operand::Literal(value))) => return Ok(Side::Values(std::slice::from_ref(value))),
            Some(Right::One(Operand::Masked(masked))) => {
                return Err(self.report(
                    &codes::OPERATOR_TYPE,
                    masked.mask.span,
                    "masked bits stand on the left",
                    "exchange the sides",
                ));
            }
            Some(Right::One(Operand::Reference(reference))) => reference,
        };
        let ReferenceTarget::Name { name, quoted } = &reference.target else {
            return self.field(reference).map(Side::Field);
        };
        if !quoted {
            if let Some((bound, used)) = self.bound.get_mut(name.as_str()) {
                *used = true;
                if let Bound::Values(values) = bound {
                    let values = *values;
                    return self.many(operator, reference.span).map(|()| Side::Values(&values.values));
                }
                return Err(self.report(
                    &codes::OPERATOR_TYPE,
                    reference.span,
                    format!("`{name}` is a condition, not a value"),
                    "compare with a list or value",
                ));
            }
            if self.scope.has(name) && is_declared(self.template, name) {
                return Err(self.report(
                    &codes::DUPLICATE_NAME,
                    reference.span,
                    format!("`{name}` is a list or table and a field"),
                    "write the field in backticks, or rename the other",
                ));
            }
            match self.scope.find(name, self.sink).transpose()? {
                Some(Meaning::Values(values)) => {
                    return self.many(operator, reference.span).map(|()| Side::Shared(values));
                }
                Some(Meaning::Table(table)) if operator == Operator::In => return Ok(Side::Table(table)),
                Some(Meaning::Table(_)) => {
                    return Err(self.report(
                        &codes::OPERATOR_TYPE,
                        reference.span,
                        format!("`{name}` is a table"),
                        "look up in it with `in`",
                    ));
                }
                None => {}
            }
        }
        match known_field(self.template, name) {
            Some(field) => Ok(Side::Field(field)),
            None if let Some(help) = self.not_a_value(predicate, operator, name) => Err(self.report(
                &codes::UNKNOWN_NAME,
                reference.span,
                format!("`{}` is not a field, a `let` above this line, a list or a table", clip(name)),
                &help,
            )),
            None => Err(self.unknown(name, reference.span, "a field, a `let` above this line, a list or a table")),
        }
    }

    /// What to write for a name on the right that other languages take for a value.
    fn not_a_value(&self, predicate: &ast::Predicate, operator: Operator, name: &str) -> Option<String> {
        let field = clip(self.sink.source().slice(predicate.left.span()));
        if crate::native::parser::is_null(name) {
            return Some(if operator == Operator::NotEqual {
                format!("there is no null: a field that is there is asked for with `{field} exists`")
            } else {
                format!("there is no null: an absent field is asked for with `not {field} exists`")
            });
        }
        let lower = name.to_ascii_lowercase();
        if ["true", "false"].contains(&lower.as_str()) {
            return Some(format!("write `{lower}`"));
        }
        if self.sink.is_busy(self.scope.names().count()) {
            return None;
        }
        let known = self.template.names().chain(self.scope.names()).chain(self.bound.keys().copied());
        closest(name, known)
            .is_none()
            .then(|| format!("if it is a string, write it in double quotes: \"{}\"", clip(name)))
    }

    /// Reports an operator that does not take several values.
    fn many(&mut self, operator: Operator, span: Span) -> Result<(), Unread> {
        if !operator.is_comparison() {
            return Ok(());
        }
        let message = format!("`{}` compares with one value, and this is a list", operator.as_str());
        Err(self.report(&codes::OPERATOR_TYPE, span, message, "use `in` to compare with several"))
    }

    fn masked(&mut self, asked: &Asked<'_>, mask: i64, values: &[Value]) -> Result<Made, Unread> {
        match (typing::comparison(asked.operator), values) {
            (Some(comparison), [Value { value: Literal::Int(value), .. }]) => {
                Ok(Made { test: Test::Mask { mask, comparison, value: *value }, negated: false })
            }
            _ => Err(self.report(
                &codes::OPERATOR_TYPE,
                asked.at,
                "masked bits are compared with one integer",
                "write `flags & 0x10 != 0`",
            )),
        }
    }

    fn compared(
        &mut self,
        asked: &Asked<'_>,
        ty: FieldType,
        other: Resolved,
        predicate: &ast::Predicate,
    ) -> Result<Made, Unread> {
        if other.ty.list || other.ty.scalar != ty.scalar {
            let message = format!("`{}` is of type `{ty}`, the other field of type `{}`", clip(asked.name), other.ty);
            return Err(self.report(
                &codes::FIELD_TYPES_DIFFER,
                predicate.span,
                message,
                "compare fields of one type; nothing is converted",
            ));
        }
        let text = ty.scalar == Scalar::String;
        let ordered = matches!(ty.scalar, Scalar::Int | Scalar::Float);
        let comparison = match asked.operator {
            Operator::Equal | Operator::NotEqual => typing::comparison(asked.operator).map(FieldComparison::Order),
            operator if operator.is_comparison() && ordered => typing::comparison(operator).map(FieldComparison::Order),
            Operator::Contains if text => Some(FieldComparison::Contains),
            Operator::StartsWith if text => Some(FieldComparison::StartsWith),
            Operator::EndsWith if text => Some(FieldComparison::EndsWith),
            _ => None,
        };
        let Some(comparison) = comparison.filter(|_| text || !asked.ignore_case) else {
            let message = format!("`{}` does not compare two fields of type `{ty}`", asked.operator.as_str());
            return Err(self.report(&codes::OPERATOR_TYPE, asked.at, message, "compare them with `==` or `!=`"));
        };
        let ignore_case = text && (asked.ignore_case || ty.nocase || other.ty.nocase);
        Ok(Made { test: Test::Field { comparison, other: other.field, ignore_case }, negated: false })
    }

    /// Decides a predicate on a name that the template type fixes, where every value gives the same answer.
    fn fold(&self, expr: Expr<Predicate>) -> Expr<Predicate> {
        let Expr::Is(Predicate { field, test, .. }) = &expr else { return expr };
        let Some(Place::Reads(values)) = self.template.describe(field).map(|info| info.place) else { return expr };
        let answers: Option<Vec<bool>> = values.iter().map(|value| value.passes(test)).collect();
        match answers.as_deref() {
            Some([first, rest @ ..]) if rest.iter().all(|answer| answer == first) => Expr::Const(*first),
            _ => expr,
        }
    }
}

fn made(resolved: &Resolved, test: Test, span: Span, other_by_position: Option<u32>) -> Expr<Predicate> {
    let field = resolved.field.clone();
    let by_position = resolved.by_position;
    Expr::Is(Predicate { field, test: Arc::new(test), span, by_position, other_by_position })
}

const fn flip(operator: Operator) -> Option<Operator> {
    Some(match operator {
        Operator::Equal => Operator::Equal,
        Operator::NotEqual => Operator::NotEqual,
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        _ => return None,
    })
}
