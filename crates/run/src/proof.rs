//! Proofs: events that an analysis finds, confirmed by the compiled image, and how they are written.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use contentcheck_analysis::{Analysis, Decisive, Witness, words};
use contentcheck_events::{Flat, Flattener, Layout, Router, Scratch};
use contentcheck_model::claims::Claims;
use contentcheck_model::field::{FieldRef, Place};
use contentcheck_model::predicate::Predicate;
use contentcheck_model::rule::{CheckedRule, RuleId, Target};
use contentcheck_model::template::TemplateType;
use contentcheck_model::value::Value;
use contentcheck_parser::native::{field_name, text};
use contentcheck_parser::release::{Shippable, hex};
use contentcheck_reference::{Event, evaluate};
use serde_json::Map;

use crate::json::json as json_of;
use crate::plan::Plan;
use crate::worker::Worker;

/// Asks the image whether a rule fires on an event.
pub struct Confirmer<'p> {
    worker: RefCell<Worker<'p>>,
    /// The number of the rule of each target, by the target's address.
    rules: HashMap<usize, RuleId>,
}

impl<'p> Confirmer<'p> {
    /// For the targets of content and the plan that was made of it.
    #[must_use]
    pub fn new(content: &Shippable, plan: &'p Plan) -> Self {
        let mut rules = HashMap::new();
        for (id, rule) in RuleId::count(content.rules()) {
            rules.extend(rule.targets.iter().map(|target| (std::ptr::from_ref(target).addr(), id)));
        }
        Self { worker: RefCell::new(plan.worker()), rules }
    }

    /// Whether a target is one of this release.
    #[must_use]
    pub fn knows(&self, target: &Target) -> bool {
        self.rules.contains_key(&std::ptr::from_ref(target).addr())
    }

    /// Whether the rule of a target fires on an event. Nothing where the image cannot say: the target is of another
    /// release, or the event met a fault, or it answers otherwise once it is recorded.
    #[must_use]
    pub fn fires(&self, target: &Target, witness: &Witness) -> Option<bool> {
        let id = self.rules.get(&std::ptr::from_ref(target).addr())?;
        let event = event(&target.template, witness);
        let mut fires = false;
        let mut worker = self.worker.borrow_mut();
        worker.evaluate_owned(&target.template, &event, |rule| fires |= rule == *id).ok()?;
        let is_of_sensor = worker.plan().sensor().is_some();
        (is_of_sensor || recorded(target, witness) == Some(fires)).then_some(fires)
    }
}

/// A witness as the reference evaluator sees it.
#[must_use]
pub fn event(template: &TemplateType, witness: &Witness) -> Event {
    let mut event = Event::empty(template);
    for (field, value) in &witness.values {
        event.set(field, Some(value.clone()));
    }
    event
}

/// An event of the reference evaluator as a witness.
#[must_use]
pub fn witness(event: &Event) -> Witness {
    let named = event.values().map(|(field, value)| (field.clone(), value.clone()));
    let others = event.others.iter().map(|value| (FieldRef::ANY, value.clone()));
    Witness { values: named.chain(others).collect() }
}

/// The name of a field as recorders and content write it; for a keyword nothing.
#[must_use]
pub fn name(template: &TemplateType, field: &FieldRef) -> Option<String> {
    template.describe(field).map(|info| info.name.to_owned())
}

/// Whether a target matches an event, as the reference evaluator says. Nothing where it says otherwise of the same event once it is
/// recorded: keywords see how a float was written, and no record feeds a field that is named like an exporter's wrapper.
#[must_use]
pub fn fires(target: &Target, witness: &Witness) -> Option<bool> {
    let fires = evaluate(target, &event(&target.template, witness)).ok()?;
    (recorded(target, witness) == Some(fires)).then_some(fires)
}

/// Whether an event is one of the template type of a target once it is recorded, and none that another one claims.
#[must_use]
pub fn is_own(target: &Target, witness: &Witness) -> bool {
    let Some(claims) = &target.claimed else { return true };
    let record = serde_json::Value::Object(json(&target.template, witness)).to_string();
    let mut flattener = Flattener::new();
    flattener.flatten(record.as_bytes()).is_ok_and(|flat| is_routed(&target.template, claims, &flat))
}

/// Whether a rule matches a recorded event, on any template type that the event is told to be of. Nothing where it cannot be evaluated.
#[must_use]
pub fn matches(rule: &CheckedRule, router: &Router, record: &str) -> Option<bool> {
    matches_flat(rule, router, &Flattener::new().flatten(record.as_bytes()).ok()?)
}

/// As [`matches()`], of a record that was taken apart.
#[must_use]
pub fn matches_flat(rule: &CheckedRule, router: &Router, flat: &Flat<'_>) -> Option<bool> {
    let matches: Option<Vec<bool>> =
        told(router, flat).filter_map(|name| rule.on(name)).map(|target| reads(target, flat)).collect();
    Some(matches?.contains(&true))
}

/// The names of the template types that a recorded event is told to be of.
pub fn told<'r>(router: &'r Router, flat: &Flat<'_>) -> impl Iterator<Item = &'r str> {
    let mut routes = Vec::new();
    router.route(flat, None, &mut routes);
    let template = |route: usize| router.templates().get(route).map(|template| template.name.as_str());
    routes.into_iter().filter_map(template)
}

/// Whether a target matches an event as [`json()`] writes it, read as `eval` reads it.
fn recorded(target: &Target, witness: &Witness) -> Option<bool> {
    let template = &target.template;
    let record = serde_json::Value::Object(json(template, witness)).to_string();
    let mut flattener = Flattener::new();
    let flat = flattener.flatten(record.as_bytes()).ok()?;
    // One that is claimed is an event of another template type, whatever the condition says.
    if target.claimed.as_ref().is_some_and(|claims| !is_routed(template, claims, &flat)) {
        return None;
    }
    reads(target, &flat)
}

/// Whether a target matches a record, as an event of its template type.
fn reads(target: &Target, flat: &Flat<'_>) -> Option<bool> {
    let template = &target.template;
    let (mut undeclared, mut has_keywords) = (Vec::new(), false);
    target.condition.mentions(&mut |mention| {
        has_keywords |= mention.field.is_any();
        undeclared.extend(name(template, mention.field).filter(|_| mention.field.is_undeclared()));
    });
    let undeclared: Vec<&str> = undeclared.iter().map(String::as_str).collect();
    let owned = Layout::of(template, &undeclared).owned(flat, template, has_keywords, &mut Scratch::default());
    let mut event = Event::empty(template);
    for (field, value) in owned.values {
        event.set(&field, Some(value));
    }
    event.others = owned.others;
    evaluate(target, &event).ok()
}

/// Whether a recorded event is told to be one of a template type.
fn is_routed(template: &TemplateType, claims: &Claims, flat: &Flat<'_>) -> bool {
    type Among = (Arc<[Arc<TemplateType>]>, Router);
    thread_local! {
        // Two releases that are compared ask in turn, and a router takes longer to make than to ask.
        static LAST: RefCell<[Option<Among>; 2]> = const { RefCell::new([None, None]) };
    }
    LAST.with_borrow_mut(|[last, other]| {
        let is_meant = |one: &Among| Arc::ptr_eq(&one.0, &claims.among);
        if !last.as_ref().is_some_and(is_meant) {
            std::mem::swap(last, other);
        }
        let known = last.take().filter(is_meant);
        let make = || (Arc::clone(&claims.among), Router::new(claims.among.iter().cloned()));
        let (_, router) = last.insert(known.unwrap_or_else(make));
        let mut routes = Vec::new();
        router.route(flat, None, &mut routes);
        // Events are told by the newest version, whichever one a rule is on.
        let is_own = |at: &usize| router.templates().get(*at).is_some_and(|of| of.name == template.name);
        routes.iter().any(is_own)
    })
}

/// An event on which a target does not fire, and would if one predicate were decided otherwise.
#[derive(Clone, Debug)]
pub struct NearMiss {
    /// What the predicate says of the event, in words.
    pub words: String,
    /// The event.
    pub event: Witness,
}

/// The near misses of a target, in the order of its predicates. Those that are alike have one event.
#[must_use]
pub fn near_misses(analysis: &mut Analysis<'_>, target: &Target) -> Vec<NearMiss> {
    let mut predicates: Vec<&Predicate> = Vec::new();
    target.condition.each(&mut |predicate, _| predicates.push(predicate));
    let mut found: Vec<NearMiss> = Vec::new();
    for (verdict, predicate) in analysis.decisive(target).into_iter().zip(predicates) {
        let Decisive::Pair(pair) = verdict else { continue };
        if found.iter().any(|known| known.event == pair.silent) {
            continue;
        }
        let field = words::field(&target.template, &predicate.field);
        let words = format!("{field} {}", words::predicate(&target.template, &predicate.test, !pair.holds));
        found.push(NearMiss { words, event: pair.silent });
    }
    found
}

/// An event as `eval` reads it. Values that no field names stand under names that no template type has.
#[must_use]
pub fn json(template: &TemplateType, witness: &Witness) -> Map<String, serde_json::Value> {
    let mut object = Map::new();
    let mut unnamed = 0;
    for (field, value) in &witness.values {
        let name = name(template, field).unwrap_or_else(|| {
            unnamed += 1;
            nameless(unnamed)
        });
        object.insert(name, json_of(value));
    }
    object
}

/// What a value is called that no field names.
fn nameless(number: usize) -> String {
    format!("value {number}")
}

/// Whether an event that [`json()`] wrote has a value that no field names.
#[must_use]
pub fn has_nameless(record: &Map<String, serde_json::Value>) -> bool {
    record.contains_key(&nameless(1))
}

/// An event that [`json()`] wrote, with the first value that no field names under this name; nothing where it has no such value, or the name.
#[must_use]
pub fn naming(record: &Map<String, serde_json::Value>, name: &str) -> Option<Map<String, serde_json::Value>> {
    let first = nameless(1);
    if record.contains_key(name) || !record.contains_key(&first) {
        return None;
    }
    let mut record = record.clone();
    let value = record.remove(&first)?;
    record.insert(name.to_owned(), value);
    Some(record)
}

/// An event as a test block of the native language. Nothing where a value has no place in one.
#[must_use]
pub fn native(template: &TemplateType, witness: &Witness, fires: bool, label: Option<&str>) -> Option<String> {
    let mut entries = Vec::new();
    for (field, value) in &witness.values {
        // What the template type fixes to one value need not be said.
        if let Some(Place::Reads([_])) = template.describe(field).map(|info| info.place) {
            continue;
        }
        entries.push(format!("{}: {}", field_name(&name(template, field)?), literal(value)?));
    }
    let label = label.map_or_else(String::new, |label| format!(" {}", text(label)));
    Some(format!("test {}{label} {{ {} }}", if fires { "fires" } else { "silent" }, entries.join(", ")))
}

fn literal(value: &Value) -> Option<String> {
    Some(match value {
        Value::String(value) => text(value),
        Value::Int(number) => number.to_string(),
        // The language has no literal for infinity and for what is no number.
        Value::Float(number) if number.is_finite() => format!("{number:?}"),
        Value::Float(_) => return None,
        Value::Bool(truth) => truth.to_string(),
        Value::Ip(address) => format!("\"{address}\""),
        Value::Bytes(bytes) => format!("hex\"{}\"", hex(bytes)),
        Value::List(elements) => {
            format!("[{}]", elements.iter().map(literal).collect::<Option<Vec<String>>>()?.join(", "))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_those_of_the_language() {
        assert_eq!(literal(&Value::String(r"C:\x".to_owned())).as_deref(), Some(r#"r"C:\x""#));
        assert_eq!(literal(&Value::Float(1.0)).as_deref(), Some("1.0"));
        assert_eq!(literal(&Value::Float(f64::NAN)), None);
        assert_eq!(literal(&Value::Bytes(vec![0, 255])).as_deref(), Some("hex\"00ff\""));
    }
}
