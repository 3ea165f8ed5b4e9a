//! What lies between two releases, as far as it decides of what template types events are, and on which of them rules are.

use std::collections::{BTreeSet, HashSet};

use contentcheck_events::{Flat, Flattener};
use contentcheck_model::expression::Expr;
use contentcheck_model::predicate::Predicate;
use contentcheck_model::rule::{CheckedRule, Target};
use contentcheck_model::sensor::Sensor;
use contentcheck_model::template::FieldType;
use contentcheck_run::proof;
use serde_json::Value;

use super::displaced::Crossed;
use super::formerly::Formerly;
use super::kinds::Kinds;
use super::seat::Seat;
use super::taken::{Release, Side};
use crate::checks::seen::{self, Doubt};
use crate::run::Subject;
use crate::subject::Built;

/// Two releases, by what events are told.
pub(super) struct Between<'b> {
    pub(super) then: Side,
    pub(super) now: Side,
    /// The events that template types of the two tell apart.
    pub(super) kinds: Kinds,
    /// Rules of the one on template types of the other.
    pub(super) crossed: Crossed<'b>,
    /// As recorded, then as sensors of the fleet supply events: one for all that did the same with the previous release and do with this one.
    pub(super) views: Vec<View<'b>>,
}

/// How events come: as somebody recorded them, or as sensors supply them, which have some of their values for some template types.
pub(super) enum View<'b> {
    Recorded,
    /// Boxed: they are large.
    Supplied(Box<Devices<'b>>),
}

/// Sensors of the fleet, with each of two releases.
pub(super) struct Devices<'b> {
    then: Seat<'b>,
    now: Seat<'b>,
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

impl<'b> Between<'b> {
    /// `formerly` is nothing where the previous release has no image: then all is asked for as recorded alone.
    pub(super) fn new(run: &'b Subject<'_>, previous: &'b Built, formerly: Option<&'b Formerly<'_>>) -> Self {
        let (then, now) = (Side::of(previous, Release::Then), Side::of(run.built, Release::Now));
        let kinds = Kinds::new(then.templates.iter().chain(now.templates.iter()));
        let crossed = Crossed::new(run.built, previous, run.settings.threads);
        let views = [View::Recorded].into_iter().chain(devices(run, formerly)).collect();
        Self { then, now, kinds, crossed, views }
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

/// The sensors that take both releases, by what they do with each.
fn devices<'b>(run: &'b Subject<'_>, formerly: Option<&'b Formerly<'_>>) -> Vec<View<'b>> {
    let (Some(formerly), Ok(groups)) = (formerly, run.sensors()) else { return Vec::new() };
    let mut alike: Vec<((usize, usize), View<'b>)> = Vec::new();
    let sensors =
        (0..).zip(&groups.taking).flat_map(|(at, group)| group.sensors.iter().map(move |of| (at, group, *of)));
    for (at, group, sensor) in sensors {
        for (was_at, was_group, was) in formerly.of_devices(sensor) {
            if alike.iter().all(|(known, _)| *known != (was_at, at)) {
                let devices = Devices { then: Seat::new(was, &was_group.plan), now: Seat::new(sensor, &group.plan) };
                alike.push(((was_at, at), View::Supplied(Box::new(devices))));
            }
        }
    }
    alike.into_iter().map(|(_, view)| view).collect()
}

impl View<'_> {
    fn seat(&self, release: Release) -> Option<&Seat<'_>> {
        match (self, release) {
            (Self::Recorded, _) => None,
            (Self::Supplied(devices), Release::Then) => Some(&devices.then),
            (Self::Supplied(devices), Release::Now) => Some(&devices.now),
        }
    }

    pub(super) fn is_recorded(&self) -> bool {
        matches!(self, Self::Recorded)
    }

    /// One of the sensors.
    pub(super) fn sensor(&self) -> Option<&Sensor> {
        self.seat(Release::Now).map(|seat| seat.sensor)
    }

    /// Whether events of a template type come there with one of the releases.
    pub(super) fn supplies(&self, release: Release, template: &str) -> bool {
        self.seat(release).is_none_or(|seat| seat.sensor.template(template).is_some())
    }

    /// Whether two releases both have a rule for these sensors.
    pub(super) fn is_for(&self, one: (&CheckedRule, &Side), other: (&CheckedRule, &Side)) -> bool {
        [one, other].iter().all(|(rule, side)| {
            let selects = |seat: &Seat<'_>| rule.sensors.as_ref().is_none_or(|of| of.matches(seat.sensor));
            self.seat(side.release).is_none_or(selects)
        })
    }

    /// The target of a rule on a template type, where the rule runs there.
    pub(super) fn on<'c>(&self, rule: &'c CheckedRule, side: &Side, template: &str) -> Option<&'c Target> {
        let target = rule.on(template)?;
        let loads = |seat: &Seat<'_>| side.number(rule).is_some_and(|id| seat.loads(id, &target.template));
        self.seat(side.release).is_none_or(loads).then_some(target)
    }

    /// The inputs of these names that come there for the template type of a target, with their types; all of them where no names are given.
    pub(super) fn inputs<'s>(
        &'s self,
        target: &Target,
        side: &Side,
        names: Option<&BTreeSet<String>>,
    ) -> Vec<(&'s str, FieldType)> {
        let Some(seat) = self.seat(side.release) else { return Vec::new() };
        let all = seat.sensor.all_supplied(&target.template.name);
        all.into_iter().filter(|(name, _)| names.is_none_or(|names| names.contains(*name))).collect()
    }

    /// The condition of a target, as it is decided there.
    pub(super) fn decided(&self, target: &Target, side: &Side, doubt: Doubt) -> Expr<Predicate> {
        self.seat(side.release).map_or_else(|| target.condition.clone(), |seat| seen::by(target, seat.sensor, doubt))
    }

    /// Whether a rule matches a recorded event, on any template type that the event is told to be of. Nothing where it cannot be evaluated.
    fn matches(&self, rule: &CheckedRule, side: &Side, flat: &Flat<'_>) -> Option<bool> {
        let Some(seat) = self.seat(side.release) else { return proof::matches_flat(rule, &side.router, flat) };
        let targets = proof::told(&side.router, flat).filter_map(|name| self.on(rule, side, name));
        let matches: Option<Vec<bool>> = targets.map(|target| seat.matches(target, flat)).collect();
        Some(matches?.contains(&true))
    }

    /// An event in the other ways in which it may come and that may make a difference: a value that no field names may be in each input that does not come
    /// alike where the other rule is.
    fn spellings(&self, event: &Value, one: (&CheckedRule, &Side), other: (&CheckedRule, &Side)) -> Vec<Value> {
        let mut spellings = Vec::new();
        if let Value::Object(record) = event
            && !self.is_recorded()
            && proof::has_nameless(record)
        {
            let all = |(rule, side): (&CheckedRule, &Side)| -> Vec<HashSet<(&str, FieldType)>> {
                let inputs = |target| self.inputs(target, side, None).into_iter().collect();
                rule.targets.iter().map(inputs).collect()
            };
            let there = all(other);
            let differs = |input: &(&str, FieldType)| there.iter().any(|inputs| !inputs.contains(input));
            let here = all(one).into_iter().flatten().filter(differs);
            let names: BTreeSet<&str> = here.map(|(name, _)| name).collect();
            spellings.extend(names.into_iter().filter_map(|name| proof::naming(record, name)).map(Value::Object));
        }
        spellings
    }
}

impl Way<'_> {
    /// How a recorded event comes that is matched by a rule as the first release has it, and not as the second one does; nothing where it never does.
    pub(super) fn losing(&self, event: &Value, rules: (&CheckedRule, &CheckedRule)) -> Option<&View<'_>> {
        self.losing_among(self.losing.iter(), event, rules)
    }

    /// As [`Self::losing()`], among some of the ways in which events come.
    pub(super) fn losing_among<'v, 'w: 'v>(
        &self,
        views: impl IntoIterator<Item = &'v View<'w>>,
        event: &Value,
        (before, after): (&CheckedRule, &CheckedRule),
    ) -> Option<&'v View<'w>> {
        differing(event, views, (before, self.from), (after, self.to))
    }

    /// The other way round.
    pub(super) fn comes(&self, event: &Value, (before, after): (&CheckedRule, &CheckedRule)) -> bool {
        differing(event, self.gaining.iter(), (after, self.to), (before, self.from)).is_some()
    }
}

/// How an event comes that the first rule matches, among the template types of its release, and the second one does not, among those of its own.
fn differing<'v, 'b: 'v>(
    event: &Value,
    views: impl IntoIterator<Item = &'v View<'b>>,
    one: (&CheckedRule, &Side),
    other: (&CheckedRule, &Side),
) -> Option<&'v View<'b>> {
    let is_it = |view: &View<'_>, flat: &Flat<'_>| {
        view.matches(one.0, one.1, flat) == Some(true) && view.matches(other.0, other.1, flat) == Some(false)
    };
    let record = event.to_string();
    let mut flattener = Flattener::new();
    let flat = flattener.flatten(record.as_bytes()).ok()?;
    views.into_iter().filter(|view| view.is_for(one, other)).find(|view| {
        is_it(view, &flat)
            || view.spellings(event, one, other).iter().any(|event| {
                let record = event.to_string();
                Flattener::new().flatten(record.as_bytes()).is_ok_and(|flat| is_it(view, &flat))
            })
    })
}
