//! What each sensor of the fleet runs of this release, and ran of the previous one.

use std::collections::{BTreeMap, BTreeSet};

use contentcheck_model::diagnostic::{Build, Detail, Measure, clip, codes};
use contentcheck_model::rule::{CheckedRule, Identity, RuleId};
use contentcheck_model::sensor::{Constraint, Sensor};

use super::GONE_PER_TEN;
use super::blinded::Blinded;
use super::formerly::Formerly;
use super::shown::{Asked, Shown, Unseen};
use crate::checks::sensors::Group;
use crate::evidence::{Finding, SensorFacts};
use crate::facts::plural;
use crate::run::{Outcome, Subject};
use crate::subject::Built;

/// What each sensor of the fleet loads of this release and of the previous one. A release that is as large as before
/// may leave one sensor with less, and new rules do not stand in for those that it ran. `left` are rules with errors, which
/// lint reports.
pub(super) fn look(
    run: &Subject<'_>,
    (previous, formerly): (&Built, &Formerly<'_>),
    left: &BTreeSet<Identity>,
    outcome: &mut Outcome,
) {
    let Ok(groups) = run.sensors() else { return };
    let before = ran(previous, formerly);
    let mut lost_by: BTreeMap<Identity, Vec<&Sensor>> = BTreeMap::new();
    let mut unseen_by: BTreeMap<(Identity, Unseen), Vec<&Sensor>> = BTreeMap::new();
    let mut blinded = Blinded::new(previous);
    let all_asked = Asked::by(run.rules.iter().copied(), |_, _| true);
    // One that refuses the image has a finding of `verify`.
    for now in &groups.taking {
        let of_group = Asked::by(run.rules.iter().copied(), |id, target| now.plan.loads_on(id, &target.template));
        for sensor in &now.sensors {
            // What is no longer asked for is a change of the rule, and what no longer runs is told as that.
            let loaded = now.loaded(run.built.content());
            let shown_now = of_group.on(sensor);
            let unseen = |before: &Runs| before.shown.without(&shown_now, &all_asked, |rule| loaded.contains(rule));
            // Where that it runs less is meant, it is.
            let older = formerly.before(sensor).filter(|_| !run.settings.allow_shrink);
            if let Some((older, runs)) = older.and_then(|older| Some((older, before.of(older)?))) {
                let unseen = blinded.of_weight(run, (sensor, older), unseen(runs));
                outcome.findings.extend(older_runs(run, now, (sensor, older), runs, (left, &unseen)));
                blinded.look(run, now, (sensor, older), &runs.rules);
            }
            let loads = now.plan.loaded_rules();
            let runs_before = before.of(sensor).filter(|_| formerly.has_product(sensor));
            outcome.learned.sensors.push(SensorFacts {
                sensor: sensor.name().to_owned(),
                version: sensor.version().to_string(),
                loads: Some(loads as u64),
                of: run.rules.len() as u64,
                previously: runs_before.map(|before| before.rules.len() as u64),
            });
            let Some(runs_before) = runs_before else { continue };
            let loaded_before = &runs_before.rules;
            let still: BTreeSet<Identity> = loaded_before.difference(left).cloned().collect();
            if run.settings.allow_shrink {
                continue;
            }
            let was = formerly.same(sensor).unwrap_or(sensor);
            let unseen = blinded.of_weight(run, (sensor, was), unseen(runs_before));
            unseen.into_iter().for_each(|one| unseen_by.entry(one).or_default().push(sensor));
            blinded.look(run, now, (sensor, was), &runs_before.rules);
            let lost: Vec<&Identity> = still.difference(&loaded).collect();
            let is_less = lost.len() > 1 && lost.len() * 10 > still.len() * GONE_PER_TEN;
            if !(is_less || (loads == 0 && !still.is_empty())) {
                lost.into_iter().for_each(|identity| lost_by.entry(identity.clone()).or_default().push(sensor));
                continue;
            }
            let message = format!(
                "{sensor} no longer runs {} of {} of the previous release",
                lost.len(),
                plural(loaded_before.len(), "rule")
            );
            let detail = self::loaded(loaded_before.len(), loads, run, sensor);
            let finding = Finding::new(&codes::SENSOR_RUNS_LESS, message).with_detail(detail);
            outcome.findings.push(finding.with_help(
                "widen `sensors` of the rules, or say that it is meant: --allow-shrink, for this one release",
            ));
        }
    }
    // Rules that are gone have their own finding, and those of a sensor that runs less as a whole are not named.
    let runs: BTreeSet<Identity> = groups.taking.iter().flat_map(|group| group.loaded(run.built.content())).collect();
    let lost = run.rules.iter().filter_map(|rule| Some((rule, lost_by.get(&Identity::of(rule))?)));
    for (rule, sensors) in lost {
        let on = if runs.contains(&Identity::of(rule)) {
            let names: Vec<String> = sensors.iter().map(ToString::to_string).collect();
            format!("{}, and did in the previous release", names.join(", "))
        } else {
            "any sensor of the fleet".to_owned()
        };
        let message = format!("`{}` no longer runs on {on}", rule.title);
        outcome.findings.push(
            Finding::new(&codes::SENSOR_RUNS_LESS, message)
                .of_rule(rule)
                .with_detail(Detail::change(Measure::LoadedRules, Some(1), Some(0)))
                .with_help("widen its `sensors`, or say that it is meant: --allow-shrink, for this one release"),
        );
    }
    see_less(run, &unseen_by, outcome);
    outcome.findings.extend(blinded.findings());
}

/// Rules that run as before and are no longer shown all that they were.
fn see_less(run: &Subject<'_>, unseen_by: &BTreeMap<(Identity, Unseen), Vec<&Sensor>>, outcome: &mut Outcome) {
    for rule in &run.rules {
        let identity = Identity::of(rule);
        for ((_, what), sensors) in unseen_by.iter().filter(|((of, _), _)| *of == identity) {
            let names: Vec<String> = sensors.iter().map(ToString::to_string).collect();
            let message = format!(
                "`{}` no longer sees {what} on {}, and did in the previous release",
                clip(&rule.title),
                names.join(", ")
            );
            outcome.findings.push(
                Finding::new(&codes::SENSOR_RUNS_LESS, message)
                    .of_rule(rule)
                    .with_detail(Detail::change(Measure::LoadedRules, Some(1), Some(0)))
                    .with_help(
                        "have the manifest corrected, or say that it is meant: --allow-shrink, for this one release",
                    ),
            );
        }
    }
}

/// What the sensor before it runs and a sensor that is new in the fleet does not: devices that take it lose what these rules find. Rules
/// that are not for it count where it runs far fewer than the one before it, with rules of its own.
fn older_runs(
    run: &Subject<'_>,
    now: &Group,
    (sensor, older): (&Sensor, &Sensor),
    runs: &Runs,
    (left, unseen): (&BTreeSet<Identity>, &[(Identity, Unseen)]),
) -> Option<Finding> {
    let loads = now.loaded(run.built.content());
    let ran = &runs.rules;
    let is_lost = |rule: &&&CheckedRule| {
        let identity = Identity::of(rule);
        let is_for_it = rule.sensors.as_ref().is_none_or(|of| of.matches(sensor));
        is_for_it && ran.contains(&identity) && !loads.contains(&identity) && !left.contains(&identity)
    };
    let lost: Vec<&&CheckedRule> = run.rules.iter().filter(is_lost).collect();
    let Some(first) = lost.first() else {
        // Rules that are gone, or have errors, have findings of their own.
        let here: BTreeSet<Identity> = run.rules.iter().map(|rule| Identity::of(rule)).collect();
        let ran = ran.iter().filter(|rule| here.contains(rule) && !left.contains(rule)).count();
        let fewer = ran.saturating_sub(loads.len());
        let is_less = (fewer > 1 && fewer * 10 > ran * GONE_PER_TEN) || (loads.is_empty() && fewer > 0);
        if let (false, Some((identity, what))) = (is_less, unseen.first()) {
            let title = run.rules.iter().find(|rule| Identity::of(rule) == *identity).map_or("", |rule| &rule.title);
            let more = match unseen.len() {
                1 => String::new(),
                many => format!(", and {} more like it", many - 1),
            };
            let message = format!(
                "{sensor} is new in the fleet and does not show `{}` {what}, as {older} does{more}",
                clip(title)
            );
            let help = "have its manifest corrected, or say that it is meant: --allow-shrink, for this one release";
            return Some(Finding::new(&codes::SENSOR_RUNS_LESS, message).with_help(help));
        }
        return is_less.then(|| {
            let runs = plural(loads.len(), "rule");
            let message = format!("{sensor} is new in the fleet and runs {runs}, where {older} runs {ran}");
            let help =
                "the others are for other sensors: widen their `sensors`, or say that it is meant: --allow-shrink";
            Finding::new(&codes::SENSOR_RUNS_LESS, message)
                .with_detail(loaded(ran, loads.len(), run, sensor))
                .with_help(help)
        });
    };
    let rules = if lost.len() == 1 { "a rule".to_owned() } else { plural(lost.len(), "rule") };
    let message =
        format!("{sensor} is new in the fleet and does not run {rules} that {older} runs, such as `{}`", first.title);
    let finding = Finding::new(&codes::SENSOR_RUNS_LESS, message);
    Some(finding.with_detail(loaded(ran.len(), loads.len(), run, sensor)).with_help(
        "have its manifest corrected, say with `sensors` which rules are not for it, or say that it is meant: --allow-shrink",
    ))
}

/// How many rules a sensor loads now, and how many it, or the version before it, loaded.
fn loaded(before: usize, after: usize, run: &Subject<'_>, sensor: &Sensor) -> Detail {
    Detail::Change {
        counted: Measure::LoadedRules,
        before: Some(before as u64),
        after: Some(after as u64),
        of: Some(run.rules.len() as u64),
        template: None,
        table: None,
        sensor: Some(Build::of(sensor)),
    }
}

/// What sensors run.
#[derive(Default)]
struct Ran<'s>(Vec<(&'s Sensor, Runs)>);

impl<'s> Ran<'s> {
    fn of(&self, sensor: &Sensor) -> Option<&Runs> {
        self.0.iter().find(|(of, _)| of.is_build_of(sensor)).map(|(_, runs)| runs)
    }

    fn add(&mut self, sensor: &'s Sensor, rules: &BTreeSet<Identity>, shown: Shown) {
        let at = self.0.iter().position(|(of, _)| of.is_build_of(sensor)).unwrap_or(self.0.len());
        if at == self.0.len() {
            self.0.push((sensor, Runs::default()));
        }
        if let Some((_, runs)) = self.0.get_mut(at) {
            runs.rules.extend(rules.iter().cloned());
            runs.shown.extend(shown);
        }
    }
}

/// What one sensor runs.
#[derive(Default)]
struct Runs {
    rules: BTreeSet<Identity>,
    /// What each of them is shown there.
    shown: Shown,
}

/// The rules of the previous release that each sensor runs.
fn ran<'s>(previous: &Built, formerly: &'s Formerly<'_>) -> Ran<'s> {
    let mut ran = Ran::default();
    for group in formerly.groups() {
        let loaded = group.loaded(previous.content());
        let rules = previous.content().rules().iter().map(|rule| &**rule);
        let asked = Asked::by(rules, |id, target| group.plan.loads_on(id, &target.template));
        for sensor in &group.sensors {
            ran.add(sensor, &loaded, asked.on(sensor));
        }
    }
    ran
}

/// New rules that no sensor of the fleet runs: somebody wrote them to find something. `sensors` that no sensor of the fleet
/// has yet says that a rule waits for one, and so does whatever accepts what lint says of it.
pub(super) fn nowhere(run: &Subject<'_>, before: &BTreeMap<Identity, &CheckedRule>, outcome: &mut Outcome) {
    let (Some(fleet), Ok(groups)) = (&run.built.devices, run.sensors()) else { return };
    let about = [codes::UNSUPPLIED_TEMPLATE.id, codes::NO_SENSOR_SELECTED.id];
    let accepted =
        || run.built.judged().accepted().iter().map(|one| &one.finding).filter(|of| about.contains(&of.code.id));
    for (id, rule) in RuleId::count(run.rules.iter().copied()) {
        let waits = |rule: &CheckedRule| {
            let selects = |of: &Constraint| fleet.sensors().iter().any(|sensor| of.matches(sensor));
            rule.sensors.as_ref().is_some_and(|of| !selects(of))
        };
        let is_accepted =
            || accepted().any(|of| of.source.is(&rule.source) && of.rule.as_deref() == Some(rule.name.as_str()));
        if groups.running(id) > 0 || before.contains_key(&Identity::of(rule)) || waits(rule) || is_accepted() {
            continue;
        }
        let message = format!("`{}` is new and runs on no sensor of the fleet", rule.title);
        outcome.findings.push(
            Finding::new(&codes::NEW_RULE_RUNS_NOWHERE, message)
                .of_rule(rule)
                .with_detail(Detail::change(Measure::LoadedRules, None, Some(0)))
                .with_help("put it on a template type that a sensor supplies; where it waits for a sensor: `sensors`, or a comment that accepts CC0405 and says why"),
        );
    }
}
