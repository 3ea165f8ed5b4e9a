//! Recorded events that are no longer recognised as what they were: rules on that template type then see none of them, though nothing
//! about the rules changed.

use std::collections::{BTreeMap, BTreeSet};

use contentcheck_events::{Flattener, Router};
use contentcheck_model::diagnostic::{clip, codes};
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::template::{Fixed, Recognition};
use contentcheck_run::templates;
use serde_json::{Map, Value};

use crate::evidence::Finding;
use crate::facts::place;
use crate::run::{Outcome, Subject};
use crate::subject::Built;

/// Events of one template type that are routed in both releases.
const EVENTS: usize = 2_048;

/// Routes what the previous release recognises by `reads` in both releases. `told` are the template types of which it is told already
/// that they have other `reads`.
pub(super) fn lost(run: &Subject<'_>, previous: &Built, told: &BTreeSet<&str>, outcome: &mut Outcome) {
    let (old, new) = (previous.rules(), &run.rules);
    let on =
        names(&old).intersection(&names(new)).copied().filter(|name| !told.contains(name)).collect::<BTreeSet<_>>();
    let (before, now) = (Router::new(templates(previous.content())), Router::new(templates(run.built.content())));
    for template in before.templates().iter().filter(|template| on.contains(template.name.as_str())) {
        let is_lost = |event: &String| {
            let was = recognised(&before, event).iter().any(|name| *name == template.name);
            was && !recognised(&now, event).iter().any(|name| *name == template.name)
        };
        let Some(event) = events(&template.reads).into_iter().find(is_lost) else { continue };
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
        let newest = run.built.content().catalogue().newest();
        let declared = newest.iter().find(|now| now.name == template.name).map(|now| place(&now.source, now.span));
        let finding = Finding::new(&codes::TEMPLATE_CHANGED, message).with_help(
            "let `reads` recognise what it did; a template type that is new may ask for what no other one asks for",
        );
        outcome.findings.push(Finding { place: declared, ..finding });
    }
}

/// The template types that rules are on.
fn names<'r>(rules: &[&'r CheckedRule]) -> BTreeSet<&'r str> {
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

/// Events that have what `reads` asks for, each name with each of its values as far as there is room, and without one of the names, as
/// exporters leave them out.
fn events(reads: &[Recognition]) -> Vec<String> {
    let mut all: Vec<BTreeMap<&str, &Fixed>> = vec![BTreeMap::new()];
    for Recognition { name, values } in reads {
        let first = all.clone();
        all.clear();
        for (at, value) in values.iter().enumerate() {
            // Beyond the room each value is in one event still.
            let room = if all.len() < EVENTS { first.len() } else { 1 };
            for event in first.iter().take(if at == 0 { first.len() } else { room }) {
                let mut event = event.clone();
                event.insert(name, value);
                all.push(event);
            }
        }
    }
    let mut lacking = Vec::new();
    if reads.len() > 1 {
        for Recognition { name, .. } in reads {
            for event in all.iter().take(EVENTS) {
                let mut event = event.clone();
                event.remove(name.as_str());
                lacking.push(event);
            }
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
    all.into_iter().chain(lacking).map(json).collect()
}
