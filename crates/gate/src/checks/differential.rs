//! Check 6: interpreter and reference evaluator, which share no code, say the same of generated events.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use contentcheck_parser::diagnostic::codes;
use contentcheck_parser::model::RuleId;
use contentcheck_parser::model::Target;
use contentcheck_parser::template::TemplateType;
use contentcheck_reference::{Event, Prepared};
use contentcheck_run::{Worker, proof};
use proptest::strategy::{Strategy, ValueTree};

use crate::evidence::Finding;
use crate::generate::{Maker, Recipe, runner};
use crate::run::{Check, Learned, Made, Outcome, Subject};

/// Differential fuzzing, led by what of the content was reached.
pub struct Differential;

/// The most rules of a template type that the reference evaluator is asked for one event: those that the
/// interpreter reports, the one that the event is aimed at, and others in turn.
const ASKED: usize = 64;
/// The most events that a shard keeps to begin with.
const KEPT: usize = 512;
/// Counterexamples that are shown.
const SHOWN: usize = 20;

/// The targets on one template type.
struct Ground<'g> {
    template: &'g TemplateType,
    /// The number of the rule, and its target.
    targets: Vec<(RuleId, &'g Prepared<'g>)>,
    maker: Maker<'g>,
    kept: Vec<Event>,
}

/// What a shard found.
#[derive(Default)]
struct Found {
    events: u64,
    decisions: u64,
    fired: u64,
    mistyped: u64,
    /// Events that were not made, since time was up.
    cut: u64,
    /// Predicates of aimed rules, by target and place, with the outcome: reached.
    reached: HashSet<(usize, usize, bool)>,
    disagreements: Vec<(usize, Event, bool)>,
}

impl Check for Differential {
    fn name(&self) -> &'static str {
        "differential"
    }

    fn guards(&self) -> &'static str {
        "an image that means something else than the rules say: on generated events the interpreter and an independent evaluator agree"
    }

    fn run(&self, run: &Subject<'_>, earlier: &Learned) -> Outcome {
        if run.plan.is_none() {
            return Outcome::skipped("there is no image to evaluate events with");
        }
        let grounds = grounds(run, &earlier.made);
        let mut outcome = Outcome::default();
        let total: usize = grounds.iter().map(|ground| ground.targets.len()).sum();
        if total == 0 || run.settings.cases == 0 {
            return Outcome::skipped("no events were asked for");
        }
        // What is done does not depend on the number of threads: shards do, in turn.
        let mut shards: Vec<(usize, u64, u64)> = Vec::new();
        for (at, ground) in grounds.iter().enumerate() {
            let share = run.settings.cases * ground.targets.len() as u64 / total as u64;
            let mut left = share.max(64);
            let mut number = 0;
            while left > 0 {
                let cases = left.min(20_000);
                shards.push((at, number, cases));
                (left, number) = (left - cases, number + 1);
            }
        }
        let found: Vec<Mutex<Found>> = shards.iter().map(|_| Mutex::default()).collect();
        let deadline = run.settings.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        let next = AtomicUsize::new(0);
        let shared = run;
        thread::scope(|scope| {
            for _ in 0..shared.settings.threads.max(1) {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let (Some((ground, number, cases)), Some(slot)) = (shards.get(at), found.get(at)) else {
                            break;
                        };
                        let Some(of) = grounds.get(*ground) else { break };
                        let made = shard(shared, of, (*ground as u64) << 32 | *number, *cases, deadline);
                        *slot.lock().unwrap_or_else(PoisonError::into_inner) = made;
                    }
                });
            }
        });
        let mut whole = Found::default();
        let mut reached: HashSet<(usize, usize, usize, bool)> = HashSet::new();
        let mut shown = 0;
        let mut disagreements = 0_u64;
        for ((ground, _, _), found) in shards.iter().zip(found) {
            let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
            whole.events += found.events;
            whole.decisions += found.decisions;
            whole.fired += found.fired;
            whole.mistyped += found.mistyped;
            whole.cut += found.cut;
            reached.extend(found.reached.into_iter().map(|(target, place, yes)| (*ground, target, place, yes)));
            disagreements += found.disagreements.len() as u64;
            let Some(of) = grounds.get(*ground) else { continue };
            for (target, event, fires) in found.disagreements {
                if shown == SHOWN {
                    break;
                }
                shown += 1;
                let Some((id, _)) = of.targets.get(target) else { continue };
                let Some(rule) = run.rules.get(id.index()) else { continue };
                let (yes, no) = if fires { ("reference", "interpreter") } else { ("interpreter", "reference") };
                let message = format!("on {} the {yes} fires `{}` and the {no} does not", of.template, rule.title);
                let witness = proof::witness(of.template, &event);
                let finding = Finding::new(&codes::EVALUATORS_DISAGREE, message)
                    .of_rule(rule)
                    .with_help("a fault of contentcheck's: report it with this event, and do not ship the rule")
                    .with_event(of.template, &witness, Some(fires));
                outcome.findings.push(finding);
            }
        }
        if whole.cut > 0 {
            outcome
                .skipped
                .push(format!("{} generated events: time was up, so what was tried depends on the machine", whole.cut));
        }
        let predicates: usize = run.rules.iter().flat_map(|rule| &rule.targets).map(predicates).sum();
        outcome.fact("events", whole.events);
        outcome.fact("decisions", whole.decisions);
        outcome.fact("matches", whole.fired);
        outcome.fact("events with a value of another type", whole.mistyped);
        outcome.fact("outcomes of predicates reached", reached.len() as u64);
        outcome.fact("disagreements", disagreements);
        outcome.summary = format!(
            "{} generated events, {} decisions, {} matches: {disagreements} disagreements; {} of {} outcomes of predicates reached",
            whole.events,
            whole.decisions,
            whole.fired,
            reached.len(),
            predicates * 2
        );
        outcome
    }
}

fn grounds<'g>(run: &Subject<'g>, made: &'g Made) -> Vec<Ground<'g>> {
    let mut grounds = Vec::new();
    for template in run.templates() {
        let mut targets: Vec<(RuleId, &Prepared<'_>)> = Vec::new();
        let mut events: Vec<&[Event]> = Vec::new();
        for (id, prepared) in RuleId::count(&run.reference) {
            for (place, target) in prepared.targets.iter().enumerate() {
                let of = &target.target().template;
                if (&of.name, of.version) == (&template.name, template.version) {
                    targets.push((id, target));
                    events.push(made.get(&(id, place)).map_or(&[], Vec::as_slice));
                }
            }
        }
        let aims: Vec<(&Prepared<'_>, &[Event])> =
            targets.iter().map(|(_, target)| *target).zip(events.iter().copied()).collect();
        let maker = Maker::new(template, &aims);
        let kept = events.iter().flat_map(|events| events.iter().take(2)).take(KEPT).cloned().collect();
        grounds.push(Ground { template, targets, maker, kept });
    }
    grounds
}

/// Predicates of a target.
fn predicates(target: &Target) -> usize {
    let mut count = 0;
    target.condition.each(&mut |_, _| count += 1);
    count
}

/// One share of the events of a template type.
fn shard(run: &Subject<'_>, ground: &Ground<'_>, number: u64, cases: u64, deadline: Option<Instant>) -> Found {
    let mut found = Found::default();
    let Some(plan) = run.plan else { return found };
    let mut worker = plan.worker();
    let mut runner = runner(run.settings.seed, number);
    let strategy = ground.maker.strategy();
    let mut kept = ground.kept.clone();
    for case in 0..cases {
        if case % 64 == 0 && deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            found.cut += cases - case;
            break;
        }
        let Ok(mut tree) = strategy.new_tree(&mut runner) else { continue };
        let recipe = tree.current();
        let event = ground.maker.event(&recipe, &kept);
        found.events += 1;
        let Some(reported) = run.interpret(ground.template, &event, &mut worker) else {
            found.mistyped += 1;
            continue;
        };
        found.fired += reported.len() as u64;
        let aim = ground.maker.aim(&recipe);
        let mut asked = asked(ground, &reported, aim, case);
        asked.sort_unstable();
        asked.dedup();
        found.decisions += asked.len() as u64;
        let differs = asked.iter().find(|at| disagrees(ground, **at, &event, &reported).is_some());
        if let Some(at) = differs {
            let event = shrunk(run, ground, *at, &kept, tree.as_mut(), &mut worker).unwrap_or(event);
            let fires = ground.targets.get(*at).is_some_and(|(_, target)| target.evaluate(&event));
            if found.disagreements.len() < SHOWN {
                found.disagreements.push((*at, event, fires));
            }
            continue;
        }
        // What reaches something new is worth beginning with again.
        let outcomes = ground.targets.get(aim).map(|(_, target)| target.outcomes(&event)).unwrap_or_default();
        let mut is_new = false;
        for (place, outcome) in outcomes.into_iter().enumerate() {
            is_new |= found.reached.insert((aim, place, outcome));
        }
        if is_new && kept.len() < 2 * KEPT {
            kept.push(event);
        }
    }
    found
}

/// The targets that the reference evaluator is asked, by place.
fn asked(ground: &Ground<'_>, reported: &[RuleId], aim: usize, case: u64) -> Vec<usize> {
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
    let from = (case as usize).wrapping_mul(ASKED) % count;
    asked.extend((from..from + ASKED / 2).map(|at| at % count));
    asked
}

/// What the reference evaluator says, where the interpreter says something else.
fn disagrees(ground: &Ground<'_>, at: usize, event: &Event, reported: &[RuleId]) -> Option<bool> {
    let (number, target) = ground.targets.get(at)?;
    let fires = target.evaluate(event);
    (fires != reported.binary_search(number).is_ok()).then_some(fires)
}

/// The smallest event on which they still disagree about a rule.
fn shrunk(
    run: &Subject<'_>,
    ground: &Ground<'_>,
    at: usize,
    kept: &[Event],
    tree: &mut dyn ValueTree<Value = Recipe>,
    worker: &mut Worker<'_>,
) -> Option<Event> {
    let mut still = |recipe: &Recipe| {
        let event = ground.maker.event(recipe, kept);
        let reported = run.interpret(ground.template, &event, worker)?;
        disagrees(ground, at, &event, &reported).map(|_| event)
    };
    let mut best = still(&tree.current());
    // Each step makes some number smaller; the bound is there for a day on which that is not so.
    for _ in 0..10_000 {
        if !tree.simplify() {
            break;
        }
        match still(&tree.current()) {
            Some(event) => best = Some(event),
            None => {
                if !tree.complicate() {
                    break;
                }
            }
        }
    }
    best
}
