//! What lies between two releases, as far as it decides of what template types events are, and on which of them rules are.

use std::collections::BTreeMap;

use contentcheck_model::rule::CheckedRule;
use contentcheck_model::sensor::{Fleet, Sensor};
use contentcheck_run::proof;
use serde_json::Value;

use super::displaced::Crossed;
use super::kinds::Kinds;
use super::taken::Side;
use crate::run::Subject;
use crate::subject::Built;

/// Two releases, by what events are told.
pub(super) struct Between<'r> {
    pub(super) then: Side,
    pub(super) now: Side,
    /// The events that template types of the two tell apart.
    pub(super) kinds: Kinds,
    /// Rules of the one on template types of the other.
    pub(super) crossed: Crossed<'r>,
    /// As recorded, then as sensors of the fleet supply events: one for all that supply the same template types.
    pub(super) views: Vec<View<'r>>,
}

/// How events come: as somebody recorded them, or as sensors supply them, on which those of other template types are not seen.
#[derive(Default)]
pub(super) struct View<'r> {
    /// None: as recorded.
    sensors: Vec<&'r Sensor>,
}

/// From one of the releases to the other.
#[derive(Clone, Copy)]
pub(super) struct Way<'b> {
    pub(super) from: &'b Side,
    pub(super) to: &'b Side,
    /// Where it counts that a rule no longer matches there, and that it matches there and did not.
    pub(super) losing: &'b [View<'b>],
    gaining: &'b [View<'b>],
}

impl<'r> Between<'r> {
    pub(super) fn new(run: &Subject<'r>, previous: &'r Built) -> Self {
        let (then, now) = (Side::of(previous), Side::of(run.built));
        let kinds = Kinds::new(then.templates.iter().chain(now.templates.iter()));
        let mut alike: BTreeMap<Vec<&str>, View<'r>> = BTreeMap::new();
        // A product that is new in the fleet had nothing to lose.
        let known = |sensor: &&Sensor| {
            let is_known = |then: &Fleet| then.sensors().iter().any(|was| was.name() == sensor.name());
            previous.devices.as_ref().is_none_or(is_known)
        };
        for sensor in run.built.devices.iter().flat_map(Fleet::sensors).filter(known) {
            let supplied = sensor.manifest().templates.keys().map(String::as_str).collect();
            alike.entry(supplied).or_default().sensors.push(sensor);
        }
        let views = [View::default()].into_iter().chain(alike.into_values()).collect();
        Self { then, now, kinds, crossed: Crossed::new(run, previous), views }
    }

    /// What rules lose. A sensor that sees more than it did is no harm, so that counts as it is recorded.
    pub(super) fn losses(&self) -> Way<'_> {
        Way { from: &self.then, to: &self.now, losing: &self.views, gaining: self.recorded() }
    }

    /// What they gain, from this release back to the one before.
    pub(super) fn gains(&self) -> Way<'_> {
        Way { from: &self.now, to: &self.then, losing: self.recorded(), gaining: &self.views }
    }

    /// What rules no longer find of what is recorded.
    pub(super) fn recorded_losses(&self) -> Way<'_> {
        Way { losing: self.recorded(), ..self.losses() }
    }

    fn recorded(&self) -> &[View<'_>] {
        self.views.get(..1).unwrap_or_default()
    }
}

impl View<'_> {
    pub(super) fn is_recorded(&self) -> bool {
        self.sensors.is_empty()
    }

    /// One of the sensors.
    pub(super) fn sensor(&self) -> Option<&Sensor> {
        self.sensors.first().copied()
    }

    pub(super) fn supplies(&self, template: &str) -> bool {
        self.sensors.first().is_none_or(|sensor| sensor.template(template).is_some())
    }

    /// Whether a rule is for one of the sensors.
    pub(super) fn is_for(&self, rule: &CheckedRule) -> bool {
        let selects = |sensor: &&Sensor| rule.sensors.as_ref().is_none_or(|of| of.matches(sensor));
        self.is_recorded() || self.sensors.iter().any(selects)
    }

    pub(super) fn matches(&self, rule: &CheckedRule, side: &Side, record: &str) -> Option<bool> {
        proof::matches_among(rule, &side.router, record, |template| self.supplies(template))
    }
}

impl Way<'_> {
    /// Whether a recorded event is matched by a rule as the first release has it, and not as the second one does.
    pub(super) fn loses(&self, event: &Value, (before, after): (&CheckedRule, &CheckedRule)) -> bool {
        differs(event, self.losing, (before, self.from), (after, self.to))
    }

    /// The other way round.
    pub(super) fn comes(&self, event: &Value, (before, after): (&CheckedRule, &CheckedRule)) -> bool {
        differs(event, self.gaining, (after, self.to), (before, self.from))
    }
}

/// Whether the first rule matches a recorded event, among the template types of its release, and the second one does not, among those of its own.
fn differs(event: &Value, views: &[View<'_>], one: (&CheckedRule, &Side), other: (&CheckedRule, &Side)) -> bool {
    let record = event.to_string();
    views.iter().filter(|view| view.is_for(one.0) && view.is_for(other.0)).any(|view| {
        view.matches(one.0, one.1, &record) == Some(true) && view.matches(other.0, other.1, &record) == Some(false)
    })
}
