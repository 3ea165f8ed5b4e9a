//! What check 6 makes events for: the targets on each template type, and which of them are asked about an event.

use contentcheck_model::diagnostic::codes;
use contentcheck_model::rule::{RuleId, Target};
use contentcheck_model::template::TemplateType;
use contentcheck_reference::{Event, Prepared};
use contentcheck_run::proof;

use crate::evidence::Finding;
use crate::generate::{Maker, Recipe};
use crate::run::{Made, Subject};
use crate::work::Price;

/// The most rules of a template type that the reference evaluator is asked for one event: those that the
/// interpreter reports, the one that the event is aimed at, and others in turn.
const ASKED: usize = 64;
/// The most events that a shard keeps to begin with.
pub(super) const KEPT: usize = 512;

/// The target that an event is aimed at, by its place.
#[derive(Clone, Copy)]
pub(super) struct Turn(u16);

impl Turn {
    pub(super) fn of(ground: &Ground<'_>, number: u64) -> Self {
        Self(u16::try_from(number % ground.targets.len().max(1) as u64).unwrap_or(0))
    }

    pub(super) fn aimed(self, recipe: Recipe) -> Recipe {
        Recipe { aim: self.0, ..recipe }
    }
}

/// The targets on one template type.
pub(super) struct Ground<'g> {
    pub(super) template: &'g TemplateType,
    /// The number of the rule, and its target.
    pub(super) targets: Vec<(RuleId, &'g Prepared<'g>)>,
    /// What it costs to ask each of them.
    pub(super) prices: Vec<Price>,
    pub(super) maker: Maker<'g>,
    /// The place of each among the targets of its rule.
    pub(super) places: Vec<usize>,
    /// Events that others may begin with.
    pub(super) kept: Vec<Event>,
}

pub(super) fn grounds<'g>(run: &Subject<'g>, made: &Made) -> Vec<Ground<'g>> {
    let mut grounds = Vec::new();
    for template in run.templates() {
        let mut targets: Vec<(RuleId, &Prepared<'_>)> = Vec::new();
        let mut events: Vec<&[Event]> = Vec::new();
        let mut places: Vec<usize> = Vec::new();
        for (id, prepared) in RuleId::count(&run.reference) {
            for (place, target) in prepared.targets.iter().enumerate() {
                let of = &target.target().template;
                if (&of.name, of.version) == (&template.name, template.version) {
                    targets.push((id, target));
                    places.push(place);
                    events.push(made.get(&(id, place)).map_or(&[], Vec::as_slice));
                }
            }
        }
        let aims: Vec<(&Prepared<'_>, &[Event])> =
            targets.iter().map(|(_, target)| *target).zip(events.iter().copied()).collect();
        let maker = Maker::new(template, &aims);
        let kept = events.iter().flat_map(|events| events.iter().take(2)).take(KEPT).cloned().collect();
        let prices = targets.iter().map(|(_, target)| Price::of(target.target())).collect();
        grounds.push(Ground { template, targets, prices, maker, places, kept });
    }
    grounds
}

/// Predicates of a target.
pub(super) fn predicates(target: &Target) -> usize {
    let mut count = 0;
    target.condition.each(&mut |_, _| count += 1);
    count
}

/// The targets that the reference evaluator is asked, by place.
pub(super) fn asked(ground: &Ground<'_>, reported: &[RuleId], aim: usize, case: u64) -> Vec<usize> {
    let count = ground.targets.len();
    if count <= ASKED {
        return (0..count).collect();
    }
    let mut asked: Vec<usize> = ground
        .targets
        .iter()
        .enumerate()
        .filter(|(_, (number, _))| reported.binary_search(number).is_ok())
        .map(|(at, _)| at)
        .collect();
    asked.push(aim);
    let from = (case as usize).wrapping_mul(ASKED / 2) % count;
    asked.extend((from..from + ASKED / 2).map(|at| at % count));
    asked
}

/// What the reference evaluator says, where the interpreter says something else.
pub(super) fn disagrees(ground: &Ground<'_>, at: usize, event: &Event, reported: &[RuleId]) -> Option<bool> {
    let (number, target) = ground.targets.get(at)?;
    let fires = target.evaluate(event);
    (fires != reported.binary_search(number).is_ok()).then_some(fires)
}

/// The finding of an event on which the evaluators disagree about a target; `fires` is what the reference says.
pub(super) fn disagreement(
    run: &Subject<'_>,
    ground: &Ground<'_>,
    on: &str,
    target: usize,
    event: &Event,
    fires: bool,
) -> Option<Finding> {
    let (id, _) = ground.targets.get(target)?;
    let rule = run.rules.get(id.index())?;
    let (yes, no) = if fires { ("reference", "interpreter") } else { ("interpreter", "reference") };
    let message = format!("on {on} the {yes} fires `{}` and the {no} does not", rule.title);
    let finding = Finding::new(&codes::EVALUATORS_DISAGREE, message)
        .of_rule(rule)
        .with_help("a fault of contentcheck's: report it with this event, and do not ship the rule");
    Some(finding.with_event(ground.template, &proof::witness(event), Some(fires)))
}
