//! Rules that look for keywords, on each sensor. A keyword names no input, so a sensor loads such a rule whatever it supplies, also where no input
//! that it supplies can have what the rule asks for.

use std::collections::BTreeMap;

use contentcheck_analysis::{Analysis, Fires};
use contentcheck_model::diagnostic::{clip, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::predicate::Predicate;
use contentcheck_model::rule::{CheckedRule, RuleId};
use contentcheck_model::sensor::Sensor;

use crate::checks::seen::{self, Doubt};
use crate::evidence::Finding;
use crate::run::{Outcome, Subject};

/// Names each rule that a sensor loads and that no event of it can make fire, by what the sensor supplies.
pub(super) fn blind(run: &Subject<'_>, firing: &[bool], analysis: &mut Analysis<'_>, outcome: &mut Outcome) {
    let Ok(groups) = run.sensors() else { return };
    for ((id, rule), _) in RuleId::count(run.rules.clone()).zip(firing).filter(|(_, fires)| **fires) {
        if !rule.targets.iter().any(|target| has_keywords(&target.condition)) {
            continue;
        }
        analysis.about(&rule.source);
        // Sensors that supply the same see the same.
        let mut alike: BTreeMap<Vec<String>, Vec<&Sensor>> = BTreeMap::new();
        for group in groups.taking.iter().filter(|group| group.plan.loads(id)) {
            for sensor in &group.sensors {
                let supplied = rule
                    .targets
                    .iter()
                    .map(|target| format!("{:?}", sensor.all_supplied(&target.template.name)))
                    .collect();
                alike.entry(supplied).or_default().push(sensor);
            }
        }
        for sensors in alike.values() {
            if sensors.first().is_some_and(|sensor| never_fires_on(rule, sensor, analysis)) {
                let message = format!(
                    "no event of {} can make `{}` fire: the values that it looks for can be in no input that {} supplies",
                    named(sensors),
                    clip(&rule.title),
                    if sensors.len() == 1 { "this sensor" } else { "any of them" }
                );
                outcome.findings.push(Finding::new(&codes::NEVER_SEEN_FIRING, message).of_rule(rule).with_help(
                    "have the sensor supply the field in which they are, name the field in the rule, or say under `sensors` for which ones it is",
                ));
            }
        }
    }
}

/// Sensors in words.
fn named(sensors: &[&Sensor]) -> String {
    /// Sensors that are named; the others are counted.
    const NAMED: usize = 4;
    let mut names: Vec<String> = sensors.iter().take(NAMED).map(|sensor| format!("`{sensor}`")).collect();
    match sensors.len().saturating_sub(NAMED) {
        0 => {}
        1 => names.push("1 more sensor".to_owned()),
        more => names.push(format!("{more} more sensors")),
    }
    match names.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.concat(),
    }
}

fn has_keywords(condition: &Expr<Predicate>) -> bool {
    let mut has = false;
    condition.mentions(&mut |mention| has |= mention.field.is_any());
    has
}

/// Whether analysis proves that a rule fires on no event that has only what a sensor supplies.
fn never_fires_on(rule: &CheckedRule, sensor: &Sensor, analysis: &mut Analysis<'_>) -> bool {
    let mut on = rule.targets.iter().filter(|target| sensor.template(&target.template.name).is_some()).peekable();
    on.peek().is_some()
        && on.all(|target| {
            let seen = target.with_condition(seen::by(target, sensor, Doubt::Fires));
            matches!(analysis.fires(&seen), Fires::Never(_))
        })
}
