//! Rules that a sensor loads as before and that fire on nothing there any more: since they were changed, such as to read on an open template type what
//! it does not supply, or since it supplies something else than it did, or than the version before it. What is not loaded is told as that.

use std::collections::{BTreeMap, BTreeSet};

use contentcheck_analysis::{Analysis, Fires};
use contentcheck_model::diagnostic::{Detail, Measure, clip, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::field::FieldRef;
use contentcheck_model::predicate::Predicate;
use contentcheck_model::rule::{CheckedRule, Identity, RuleId, Target};
use contentcheck_model::sensor::Sensor;
use contentcheck_run::proof;

use super::shown::{Unseen, undeclared};
use crate::checks::seen::{self, Doubt};
use crate::checks::sensors::Group;
use crate::evidence::Finding;
use crate::run::Subject;
use crate::subject::Built;

/// Whether a rule loses something that inputs of another sensor would show its keywords: by what both supply, and the inputs.
type KnownKeywords = BTreeMap<(Identity, String, Supplied, Supplied, Vec<String>), bool>;

/// Whether a rule of each release fires on a template type of a sensor that lacks these fields: asked once for all sensors that lack the same.
type Known = BTreeMap<(bool, Blind, Supplied), bool>;

/// What a sensor supplies for a template type, in words: two that supply the same see the same.
type Supplied = String;

/// A rule on a template type, and the fields of it that a sensor lacks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Blind {
    rule: Identity,
    template: String,
    lacks: Vec<String>,
}

pub(super) struct Blinded<'a> {
    before: BTreeMap<Identity, &'a CheckedRule>,
    analysis: Analysis<'a>,
    known: Known,
    known_keywords: KnownKeywords,
    /// The sensors on which a rule is blind, by what they lack, and the version before them where they are new.
    found: BTreeMap<(Blind, Option<String>), Found<'a>>,
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
            known_keywords: KnownKeywords::new(),
            found: BTreeMap::new(),
        }
    }

    /// Looks at the rules that a sensor loads, and that it, or the version before it, ran in the previous release.
    pub(super) fn look(
        &mut self,
        run: &'a Subject<'_>,
        now: &Group<'a>,
        (sensor, was): (&'a Sensor, &Sensor),
        ran: &BTreeSet<Identity>,
    ) {
        for (id, rule) in RuleId::count(run.rules.iter().copied()) {
            let identity = Identity::of(rule);
            let Some(before) = self.before.get(&identity).copied().filter(|_| ran.contains(&identity)) else {
                continue;
            };
            for target in rule.targets.iter().filter(|target| now.plan.loads_on(id, &target.template)) {
                // What it no longer shows to a rule that asks as before is told as that.
                let sees_alike = |then: &Target| {
                    then.asks_alike(target) && {
                        let before = always(then, was);
                        always(target, sensor).iter().all(|field| before.contains(field))
                    }
                };
                let Some(then) = before.on(&target.template.name).filter(|then| !sees_alike(then)) else {
                    continue;
                };
                let lacks: Vec<String> = absent(target, sensor).into_iter().map(|(_, name)| name).collect();
                let blind = Blind { rule: identity.clone(), template: target.template.name.clone(), lacks };
                // What can fire on no sensor is told as that.
                let fires = |looking: &mut Self| !matches!(looking.analysis.fires(target), Fires::Never(_));
                if !self.fires(false, (rule, target), &blind, sensor)
                    && self.fires(true, (before, then), &blind, was)
                    && fires(self)
                {
                    let older = (was.version() != sensor.version()).then(|| was.to_string());
                    let found = self.found.entry((blind, older));
                    found.or_insert(Found { rule, sensors: Vec::new() }).sensors.push(sensor);
                }
            }
        }
    }

    /// Of what rules no longer see on a sensor, what may make a difference: inputs that were lost and in which a keyword can decide nothing are none.
    pub(super) fn of_weight(
        &mut self,
        run: &'a Subject<'_>,
        (sensor, was): (&Sensor, &Sensor),
        unseen: Vec<(Identity, Unseen)>,
    ) -> Vec<(Identity, Unseen)> {
        let weigh = |(identity, what): (Identity, Unseen)| match what {
            Unseen::Keywords { template, mut inputs } => {
                let rules = run.rules.iter().filter(|rule| Identity::of(rule) == identity);
                let targets: Vec<_> = rules.filter_map(|rule| Some((*rule, rule.on(&template)?))).collect();
                let mut matter = |inputs: &[String]| {
                    targets.iter().any(|target| self.matters(&identity, *target, (sensor, was), inputs))
                };
                if !matter(&inputs) {
                    return None;
                }
                // Those that decide by themselves are named; where none does, they do together.
                let decide: Vec<String> =
                    inputs.iter().filter(|input| matter(std::slice::from_ref(*input))).cloned().collect();
                if !decide.is_empty() {
                    inputs = decide;
                }
                Some((identity, Unseen::Keywords { template, inputs }))
            }
            what => Some((identity, what)),
        };
        unseen.into_iter().filter_map(weigh).collect()
    }

    /// Whether keywords of a rule can decide by inputs that another sensor supplies, and this one does not.
    fn matters(
        &mut self,
        identity: &Identity,
        (rule, target): (&CheckedRule, &Target),
        (sensor, was): (&Sensor, &Sensor),
        inputs: &[String],
    ) -> bool {
        let supplies = (supplied(target, sensor), supplied(target, was));
        let key = (identity.clone(), target.template.name.clone(), supplies.0, supplies.1, inputs.to_vec());
        if let Some(known) = self.known_keywords.get(&key) {
            return *known;
        }
        self.analysis.about(&rule.source);
        let condition = seen::besides(target, sensor, (was, inputs));
        let matters = !matches!(self.analysis.fires(&target.with_condition(condition)), Fires::Never(_));
        self.known_keywords.insert(key, matters);
        matters
    }

    /// Whether a rule may fire on events of a template type of a sensor.
    fn fires(
        &mut self,
        is_before: bool,
        (rule, target): (&CheckedRule, &Target),
        blind: &Blind,
        sensor: &Sensor,
    ) -> bool {
        let lacks = absent(target, sensor);
        let names = lacks.iter().map(|(_, name)| name.clone()).collect();
        let key = (is_before, Blind { lacks: names, ..blind.clone() }, supplied(target, sensor));
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        self.analysis.about(&rule.source);
        let absent = lacks.into_iter().map(|(field, _)| Expr::Is(Predicate::absent(field)));
        let there = always(target, sensor).into_iter().map(|field| Expr::Is(Predicate::absent(field)).negate());
        let condition = Expr::all(absent.chain(there).chain([seen::by(target, sensor, Doubt::Fires)]));
        let fires = !matches!(self.analysis.fires(&target.with_condition(condition)), Fires::Never(_));
        self.known.insert(key, fires);
        fires
    }

    pub(super) fn findings(self) -> Vec<Finding> {
        let told = self.found.into_iter().map(|((Blind { template, lacks, .. }, older), Found { rule, sensors })| {
            let names: Vec<String> = sensors.iter().map(ToString::to_string).collect();
            let fields: Vec<String> = lacks.iter().map(|field| format!("`{}`", clip(field))).collect();
            let message = format!(
                "`{}` can fire on no event of {} on {}{}: {}",
                clip(&rule.title),
                clip(&template),
                names.join(", "),
                match older {
                    None => " any more, and could in the previous release".to_owned(),
                    Some(older) => format!(", new in the fleet, and could on {older} in the previous release"),
                },
                match (fields.is_empty(), sensors.len()) {
                    (true, 1) => "what that sensor supplies never has what it asks for".to_owned(),
                    (true, _) => "what they supply never has what it asks for".to_owned(),
                    (false, 1) => format!("it asks for {}, which that sensor does not supply", fields.join(", ")),
                    (false, _) => format!("it asks for {}, which they do not supply", fields.join(", ")),
                }
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

fn supplied(target: &Target, sensor: &Sensor) -> Supplied {
    format!("{:?}", sensor.all_supplied(&target.template.name))
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

/// The fields that a target reads and a sensor always supplies, whatever its template type says.
fn always(target: &Target, sensor: &Sensor) -> Vec<FieldRef> {
    let mut there = BTreeSet::new();
    target.condition.mentions(&mut |mention| {
        let info = target.template.describe(mention.field).filter(|_| !mention.field.is_any());
        let supplied = info.and_then(|info| sensor.supplied(&target.template.name, info.name));
        if supplied.is_some_and(|ty| !ty.optional) {
            there.insert(mention.field.clone());
        }
    });
    there.into_iter().collect()
}
