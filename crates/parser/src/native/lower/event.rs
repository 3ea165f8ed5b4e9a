//! The test events of a rule, held to its template type.

use std::collections::HashMap;

use super::super::ast::{Literal, Rule, Test, Value as Written, Values};
use super::condition::{Resolved, resolve_field};
use super::typing::literal_kind;
use contentcheck_model::diagnostic::{Sink, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::field::{FieldRef, Place};
use contentcheck_model::predicate::Predicate;
use contentcheck_model::rule::TestCase;
use contentcheck_model::source::Span;
use contentcheck_model::template::{Field, FieldType, Fixed, Scalar, TemplateType};
use contentcheck_model::value::Value;

/// The tests of a rule. Those with a mistake are left out.
pub(super) fn lower_all(
    rule: &Rule,
    template: &TemplateType,
    condition: Option<&Expr<Predicate>>,
    sink: &mut Sink,
) -> Vec<TestCase> {
    // The header comes with every event, and tests say of it what their rule reads.
    let mut read: Vec<FieldRef> = Vec::new();
    if let Some(condition) = condition {
        condition.mentions(&mut |mention| read.push(mention.field.clone()));
    }
    let header = template.header.iter().filter(|field| read.contains(&template.named(&field.name)));
    let required: Vec<&Field> =
        template.fields.iter().flatten().chain(header).filter(|field| !field.ty.optional).collect();
    rule.tests().filter_map(|test| lower(rule, test, template, &required, sink)).collect()
}

fn lower(rule: &Rule, test: &Test, template: &TemplateType, required: &[&Field], sink: &mut Sink) -> Option<TestCase> {
    let before = sink.len();
    let mut seen: HashMap<&str, Span> = HashMap::new();
    let mut values = Vec::with_capacity(test.fields.len());
    // A name that is unknown may have been meant for one that seems to be missing.
    let mut is_known = true;
    for pair in &test.fields {
        let name = pair.key.value.as_str();
        if let Some(first) = seen.insert(name, pair.key.span) {
            let found = sink.diagnostic(&codes::DUPLICATE_KEY, pair.key.span, format!("the test gives `{name}` twice"));
            sink.push(found.with_place(first, "the first is here"));
            continue;
        }
        let Ok(Resolved { field, ty, .. }) = resolve_field(template, name, pair.key.span, sink) else {
            is_known = false;
            continue;
        };
        if let Some(value) = value(name, &pair.value, ty, sink) {
            match as_recognised(template, &field, &value) {
                Ok(value) => values.push((field, value)),
                Err(has) => {
                    let span = pair.value.span;
                    let message = format!("no event of `{template}` has this value under `{name}`");
                    let found = sink.diagnostic(&codes::INCOMPLETE_EVENT, span, message);
                    let help = format!(
                        "it is {}, by which events are recognised; a test of another event shows nothing",
                        one_of(has)
                    );
                    sink.push(found.with_help(help).with_rule(&rule.name.value));
                }
            }
        }
    }
    let missing: Vec<String> = required
        .iter()
        .filter(|field| !seen.contains_key(field.name.as_str()))
        .map(|field| format!("`{}`", field.name))
        .collect();
    if !missing.is_empty() && is_known {
        let message = format!("the test event lacks {}", missing.join(", "));
        let found = sink
            .diagnostic(&codes::INCOMPLETE_EVENT, Span { start: test.span.start, end: test.body.start }, message)
            .with_help(format!(
                "give it a value for {}: every event has one for each field that is not optional; without the test, `contentcheck witness . --rule {} --format native` writes whole ones",
                missing.join(", "),
                rule.name.value
            ))
            .with_rule(&rule.name.value);
        sink.push(found);
    }
    let name = test.name.as_ref().map(|name| name.value.clone());
    (sink.len() == before).then_some(TestCase { name, fires: test.fires, values, span: test.span })
}

/// A value under `reads` as rules see it, which is as the template type writes it; the values that events have, where it is none of them.
fn as_recognised<'t>(template: &'t TemplateType, field: &'t FieldRef, value: &Value) -> Result<Value, &'t [Fixed]> {
    let Some(Place::Reads(values)) = template.describe(field).map(|info| info.place) else { return Ok(value.clone()) };
    let is = |fixed: &&Fixed| match value {
        Value::String(text) => fixed.is_text(text),
        Value::Int(number) => fixed.is_number(&number.to_string()),
        _ => false,
    };
    values.iter().find(is).map(Fixed::value).ok_or(values)
}

/// Some of the values in words.
fn one_of(values: &[Fixed]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = values.iter().take(SHOWN).map(|value| format!("`{}`", value.text())).collect();
    let rest = if values.len() > SHOWN { format!(" or one of {} others", values.len() - SHOWN) } else { String::new() };
    format!("{}{rest}", shown.join(" or "))
}

fn value(name: &str, written: &Values, ty: FieldType, sink: &mut Sink) -> Option<Value> {
    let element = FieldType { list: false, ..ty };
    if ty.list != written.bracketed {
        let message = format!("`{name}` is of type `{ty}`");
        let found = sink.diagnostic(&codes::VALUE_TYPE, written.span, message);
        sink.push(found.with_help(if ty.list {
            "write its values in brackets"
        } else {
            "write one value, without brackets"
        }));
        return None;
    }
    let mut values =
        written.values.iter().map(|value| scalar(name, value, element, sink)).collect::<Option<Vec<_>>>()?;
    if ty.list { Some(Value::List(values)) } else { values.pop() }
}

fn scalar(name: &str, written: &Written, ty: FieldType, sink: &mut Sink) -> Option<Value> {
    let value = match (&written.value, ty.scalar) {
        (Literal::Text(text), Scalar::String) => Some(Value::String(text.clone())),
        (Literal::Text(text), Scalar::Ip) => text.parse().ok().map(Value::Ip),
        (Literal::Int(number), Scalar::Int) => Some(Value::Int(*number)),
        (Literal::Float(number), Scalar::Float) => Some(Value::Float(*number)),
        (Literal::Bool(truth), Scalar::Bool) => Some(Value::Bool(*truth)),
        (Literal::Bytes(bytes), Scalar::Bytes) => Some(Value::Bytes(bytes.clone())),
        _ => None,
    };
    if value.is_none() {
        let kind = literal_kind(&written.value);
        let message = format!("`{name}` is of type `{ty}`, and this is {kind}");
        let found = sink.diagnostic(&codes::VALUE_TYPE, written.span, message);
        sink.push(found.with_help(super::typing::form(ty.scalar)));
    }
    value
}
