//! Recorded events that are no longer recognised as what they were: rules on that template type then see none of them, though nothing
//! about the rules changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use contentcheck_events::{Flattener, Router};
use contentcheck_model::diagnostic::{clip, codes};
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::template::{Fixed, Recognition, TemplateType};
use contentcheck_run::templates;
use serde_json::{Map, Value};

use crate::evidence::Finding;
use crate::facts::{Identity, place};
use crate::run::{Outcome, Subject};
use crate::subject::Built;

/// Events of one template type that are routed in both releases.
const EVENTS: usize = 65_536;

/// Routes what the previous release recognises by `reads` in both releases. `told` are the template types of which it is told already
/// that they have other `reads`.
pub(super) fn lost(run: &Subject<'_>, previous: &Built, told: &BTreeSet<&str>, outcome: &mut Outcome) {
    let (was, is) = (templates(previous.content()), templates(run.built.content()));
    let changed = changed(&was, &is);
    if changed.is_empty() {
        return;
    }
    let (old, new) = (previous.rules(), &run.rules);
    // Of rules of both releases the template types that they are on: before, and now.
    let then: BTreeMap<Identity, BTreeSet<&str>> =
        old.iter().map(|rule| (Identity::of(rule), names(&[rule]))).collect();
    let rules = new.iter().filter_map(|rule| Some((then.get(&Identity::of(rule))?, names(&[rule]))));
    let rules: Vec<(&BTreeSet<&str>, BTreeSet<&str>)> = rules.collect();
    let all: Vec<Arc<TemplateType>> = was.iter().chain(&is).cloned().collect();
    let (before, now) = (Router::new(was), Router::new(is));
    for template in before.templates().iter().filter(|template| !told.contains(template.name.as_str())) {
        let name = template.name.as_str();
        let stay: Vec<&BTreeSet<&str>> =
            rules.iter().filter(|(then, now)| then.contains(name) && now.contains(name)).map(|(_, now)| now).collect();
        if stay.is_empty() {
            continue;
        }
        let Some(events) = events(template, &changed, &all) else {
            outcome.skipped.push(format!(
                "which recorded events are still those of `{}`: its `reads` have more values that others ask for than are tried",
                template.name
            ));
            continue;
        };
        let is_lost = |event: &String| {
            if !recognised(&before, event).contains(&name) {
                return false;
            }
            // Where an open template type leaves events to a fixed one, its rules are on that one too.
            let is = recognised(&now, event);
            !is.contains(&name) && stay.iter().any(|on| !is.iter().any(|is| on.contains(is)))
        };
        let Some(event) = events.into_iter().find(is_lost) else { continue };
        let is = recognised(&now, &event);
        let is = if is.is_empty() {
            "none of any template type".to_owned()
        } else {
            format!("one of `{}`", is.join("`, `"))
        };
        let message = format!(
            "`{}` was an event of `{}` in the previous release, and now is {is}: rules on it no longer see such events",
            clip(&event),
            template.name
        );
        let newest = run.built.content().catalogue().newest_sound();
        let declared = newest.iter().find(|now| now.name == template.name).map(|now| place(&now.source, now.span));
        let finding = Finding::new(&codes::TEMPLATE_CHANGED, message).with_help(
            "let `reads` recognise what it did; a template type that is new may ask for what no other one asks for",
        );
        outcome.findings.push(Finding { place: declared, ..finding });
    }
}

/// The template types by which other events may be recognised than before: new ones, ones that are gone, and those that say otherwise how
/// events are recognised. Where there is none, every event goes where it went.
fn changed(was: &[Arc<TemplateType>], is: &[Arc<TemplateType>]) -> Vec<Arc<TemplateType>> {
    let says = |of: &TemplateType| {
        // An event that carries a name of the log's own is no event of the log by that name.
        let numbered: Vec<String> = of.fields.iter().flatten().map(|field| field.name.clone()).collect();
        (of.reads.clone(), of.open, of.serves.clone(), numbered)
    };
    let find = |all: &[Arc<TemplateType>], name: &str| all.iter().find(|of| of.name == name).map(|of| says(of));
    let other = |one: &&Arc<TemplateType>| find(was, &one.name) != find(is, &one.name);
    was.iter().filter(other).chain(is.iter().filter(other)).cloned().collect()
}

/// The template types that rules are on.
fn names<'r>(rules: &[&&'r CheckedRule]) -> BTreeSet<&'r str> {
    rules.iter().flat_map(|rule| &rule.targets).map(|target| target.template.name.as_str()).collect()
}

/// The template types that an event is routed to.
fn recognised<'r>(router: &'r Router, event: &str) -> Vec<&'r str> {
    let (mut flattener, mut routes) = (Flattener::new(), Vec::new());
    let Ok(flat) = flattener.flatten(event.as_bytes()) else { return Vec::new() };
    router.route(&flat, None, &mut routes);
    let template = |route: &usize| router.templates().get(*route).map(|template| template.name.as_str());
    routes.iter().filter_map(template).collect()
}

/// Events that have what a template type reads, in all ways that template types tell apart: of values under a name that the same of them ask
/// for, one; with what each of the changed ones asks for besides; and without one of the names, as exporters leave them out. None where there
/// are too many.
fn events(template: &TemplateType, changed: &[Arc<TemplateType>], askers: &[Arc<TemplateType>]) -> Option<Vec<String>> {
    let mut all: Vec<BTreeMap<&str, &Fixed>> = vec![BTreeMap::new()];
    for Recognition { name, values } in &template.reads {
        let asked_by = |value: &Fixed| -> Vec<usize> {
            let asks = |of: &TemplateType| {
                of.reads.iter().any(|of| of.name == *name && of.values.iter().any(|other| is_same(other, value)))
            };
            askers.iter().enumerate().filter(|(_, of)| asks(of)).map(|(at, _)| at).collect()
        };
        let kinds: BTreeMap<Vec<usize>, &Fixed> = values.iter().map(|value| (asked_by(value), value)).collect();
        if all.len().saturating_mul(kinds.len()) > EVENTS {
            return None;
        }
        let mut with = Vec::with_capacity(all.len().saturating_mul(kinds.len()));
        for event in &all {
            for value in kinds.values().copied() {
                let mut event = event.clone();
                event.insert(name, value);
                with.push(event);
            }
        }
        all = with;
    }
    let mut more = Vec::new();
    for of in changed {
        let besides = of.reads.iter().filter(|of| template.reads.iter().all(|own| own.name != of.name));
        let besides: Vec<&Recognition> = besides.collect();
        let first = || besides.iter().filter_map(|of| Some((of.name.as_str(), of.values.first()?)));
        // Each value of each name is in one event, beside the first ones of the others.
        let each = besides.iter().flat_map(|of| of.values.iter().map(|value| (of.name.as_str(), value)));
        for (name, value) in each {
            if all.len().saturating_add(more.len()) > EVENTS {
                return None;
            }
            more.extend(all.iter().map(|event| {
                let mut event = event.clone();
                event.extend(first());
                event.insert(name, value);
                event
            }));
        }
    }
    all.extend(more);
    let mut lacking = Vec::new();
    if template.reads.len() > 1 {
        for Recognition { name, .. } in &template.reads {
            lacking.extend(all.iter().map(|event| {
                let mut event = event.clone();
                event.remove(name.as_str());
                event
            }));
        }
    }
    let json = |event: BTreeMap<&str, &Fixed>| {
        let value = |fixed: &Fixed| match fixed {
            Fixed::Text(text) => Value::from(text.as_str()),
            Fixed::Int(number) => Value::from(*number),
        };
        Value::Object(event.into_iter().map(|(name, fixed)| (name.to_owned(), value(fixed))).collect::<Map<_, _>>())
            .to_string()
    };
    Some(all.into_iter().chain(lacking).map(json).collect())
}

/// Whether a recorded value is both of these.
fn is_same(one: &Fixed, other: &Fixed) -> bool {
    one.text().eq_ignore_ascii_case(&other.text())
}
