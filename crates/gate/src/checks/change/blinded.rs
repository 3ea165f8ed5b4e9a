//! Rules that were changed to read, on an open template type, what a sensor does not supply: the sensor loads them as before, and they fire on nothing
//! there any more. One on a fixed template type is not loaded there, and told as that.

use std::collections::{BTreeMap, BTreeSet};

use contentcheck_analysis::{Analysis, Fires};
use contentcheck_model::diagnostic::{Detail, Measure, clip, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::field::FieldRef;
use contentcheck_model::predicate::Predicate;
use contentcheck_model::rule::{CheckedRule, Identity, RuleId, Target};
use contentcheck_model::sensor::Sensor;
use contentcheck_run::proof;

use super::shown::undeclared;
use crate::checks::sensors::Group;
use crate::evidence::Finding;
use crate::run::Subject;
use crate::subject::Built;

/// Findings that are told one by one.
const TOLD: usize = 20;

/// Whether a rule of each release fires on a sensor that lacks these fields: asked once for all sensors that lack the same.
type Known = BTreeMap<(bool, Identity, Vec<String>), bool>;

pub(super) struct Blinded<'a> {
    before: BTreeMap<Identity, &'a CheckedRule>,
    analysis: Analysis<'a>,
    known: Known,
    /// The sensors on which a rule is blind, by what they lack.
    found: BTreeMap<(Identity, Vec<String>), Found<'a>>,
}

/// A rule, and the sensors on which it is blind.
struct Found<'a> {
    rule: &'a CheckedRule,
    sensors: Vec<&'a Sensor>,
}

impl<'a> Blinded<'a> {
    pub(super) fn new(previous: &'a Built) -> Self {
        let rules = previous.content().rules().iter().map(|rule| &**rule);
        Self {
            before: rules.map(|rule| (Identity::of(rule), rule)).collect(),
            analysis: Analysis::new(&proof::fires),
            known: Known::new(),
            found: BTreeMap::new(),
        }
    }

    /// Looks at the rules that a sensor loads as before.
    pub(super) fn look(&mut self, run: &'a Subject<'_>, now: &Group<'a>, sensor: &'a Sensor, ran: &BTreeSet<Identity>) {
        for (id, rule) in RuleId::count(run.rules.iter().copied()) {
            let identity = Identity::of(rule);
            let Some(before) = self.before.get(&identity).copied().filter(|_| ran.contains(&identity)) else {
                continue;
            };
            let loaded = |target: &&Target| now.plan.loads_on(id, &target.template);
            let Some(lacks) = lacking(rule.targets.iter().filter(loaded), sensor) else { continue };
            // What it lacked before and asks for in the same way is no news.
            if lacking(before.targets.iter(), sensor).is_some_and(|then| then == lacks)
                || self.fires(false, rule, &lacks, sensor)
                || !self.fires(true, before, &lacks, sensor)
            {
                continue;
            }
            self.found.entry((identity, lacks)).or_insert(Found { rule, sensors: Vec::new() }).sensors.push(sensor);
        }
    }

    /// Whether a rule may fire on events of a sensor.
    fn fires(&mut self, is_before: bool, rule: &CheckedRule, lacks: &[String], sensor: &Sensor) -> bool {
        let key = (is_before, Identity::of(rule), lacks.to_vec());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        self.analysis.about(&rule.source);
        let on = rule.targets.iter().filter(|target| sensor.template(&target.template.name).is_some());
        let mut fires = false;
        for target in on {
            let absent = absent(target, sensor).into_iter().map(|(field, _)| Expr::Is(Predicate::absent(field)));
            let condition = Expr::all(absent.chain([target.condition.clone()]));
            fires |= !matches!(self.analysis.fires(&target.with_condition(condition)), Fires::Never(_));
        }
        self.known.insert(key, fires);
        fires
    }

    pub(super) fn findings(self) -> Vec<Finding> {
        let told = self.found.into_iter().take(TOLD).map(|((_, lacks), Found { rule, sensors })| {
            let names: Vec<String> = sensors.iter().map(ToString::to_string).collect();
            let fields: Vec<String> = lacks.iter().map(|field| format!("`{}`", clip(field))).collect();
            let message = format!(
                "`{}` can fire on nothing of {} any more, and could in the previous release: it asks for {}, which {} not supply",
                clip(&rule.title),
                names.join(", "),
                fields.join(", "),
                if sensors.len() == 1 { "that sensor does" } else { "they do" }
            );
            Finding::new(&codes::SENSOR_RUNS_LESS, message)
                .of_rule(rule)
                .with_detail(Detail::change(Measure::LoadedRules, Some(1), Some(0)))
                .with_help(
                    "keep what these sensors supply as an alternative, have them supply the field, or say that it is meant: --allow-shrink, for this one release",
                )
        });
        told.collect()
    }
}

/// The fields that a target reads, its template type does not declare, and a sensor does not supply.
fn absent(target: &Target, sensor: &Sensor) -> Vec<(FieldRef, String)> {
    let mut absent = BTreeMap::new();
    target.condition.mentions(&mut |mention| {
        let name = undeclared(target, mention.field);
        if let Some(name) = name.filter(|name| sensor.supplied(&target.template.name, name).is_none()) {
            absent.insert(mention.field.clone(), name);
        }
    });
    absent.into_iter().collect()
}

/// What all of these targets lack together. Nothing where one of them lacks nothing: it sees what it asks for.
fn lacking<'t>(targets: impl Iterator<Item = &'t Target>, sensor: &Sensor) -> Option<Vec<String>> {
    let mut all = BTreeSet::new();
    for target in targets {
        let of_target = absent(target, sensor);
        if of_target.is_empty() {
            return None;
        }
        all.extend(of_target.into_iter().map(|(_, name)| name));
    }
    (!all.is_empty()).then(|| all.into_iter().collect())
}
