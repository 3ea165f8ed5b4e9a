//! Check 6: interpreter and reference evaluator, which share no code, say the same of generated events.

mod ground;
mod neighbours;
mod on_sensors;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use contentcheck_model::rule::RuleId;
use contentcheck_parser::check::parallel;
use contentcheck_reference::Event;
use contentcheck_run::Worker;
use proptest::strategy::{Strategy, ValueTree};

use crate::facts::plural;
use crate::generate::{Recipe, runner};
use crate::run::{Check, Learned, Outcome, Subject};
use crate::work;
use ground::{Ground, KEPT, Turn, asked, disagreement, disagrees, grounds, predicates};
use neighbours::neighbours;
use on_sensors::on_sensors;

/// Differential fuzzing, led by what of the content was reached.
pub struct Differential;

/// Bytes of them, beyond which it keeps no more.
const KEPT_BYTES: u64 = 16 << 20;
/// Counterexamples that are shown.
const SHOWN: usize = 20;
/// The fewest events of a template type.
const LEAST: u64 = 64;
/// The most events of a shard.
const SHARD: u64 = 20_000;

/// What a shard found.
#[derive(Default)]
struct Found {
    events: u64,
    decisions: u64,
    fired: u64,
    mistyped: u64,
    /// Events that were not made, since time was up.
    cut: u64,
    /// Events that were not made, since the work was done.
    beyond: u64,
    /// Steps for those that were made.
    steps: u64,
    /// Targets that events were aimed at.
    aimed: HashSet<usize>,
    /// Predicates of aimed rules, by target and place, with the outcome: reached.
    reached: HashSet<(usize, usize, bool)>,
    /// Events on which the evaluators disagree.
    disagreements: u64,
    /// The first of them for each target: the event, and what the reference says.
    shown: Vec<(usize, Event, bool)>,
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
        if total == 0 {
            return Outcome::skipped("no rule is on a template type");
        }
        if run.settings.cases == 0 {
            return Outcome::skipped("no events were asked for");
        }
        // What is done does not depend on the number of threads: shards are done in turn.
        let mut shards: Vec<(usize, u64, u64)> = Vec::new();
        for (at, ground) in grounds.iter().enumerate() {
            let targets = ground.targets.len() as u64;
            let share = (run.settings.cases * targets).div_ceil(total as u64);
            // Where every target has its event, a few more do not matter; where not, no more are made than asked for.
            let mut left = if run.settings.cases >= total as u64 { share.max(LEAST) } else { share };
            let mut number = 0;
            while left > 0 {
                let cases = left.min(SHARD);
                shards.push((at, number, cases));
                (left, number) = (left - cases, number + 1);
            }
        }
        if run.settings.cases < total as u64 {
            shards = within(shards, run.settings.cases);
        }
        let deadline = run.settings.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        // A share of the work goes with a share of the events, whichever thread makes them. More events are more work, so that
        // asking for more of them leaves none out that would have been made.
        let all: u64 = shards.iter().map(|(_, _, cases)| *cases).sum();
        let for_each = run.settings.events / all.clamp(1, work::CASES);
        let found = parallel::map(&shards, run.settings.threads, |(ground, number, cases)| {
            let Some(of) = grounds.get(*ground) else { return Found::default() };
            let which = ((*ground as u64) << 32 | *number, *number);
            shard(run, of, which, (*cases, cases.saturating_mul(for_each)), deadline)
        });
        let mut whole = Found::default();
        let mut aimed: HashSet<(usize, usize)> = HashSet::new();
        let mut reached: HashSet<(usize, usize, usize, bool)> = HashSet::new();
        let mut shown = 0;
        let mut disagreements = 0_u64;
        for ((ground, _, _), found) in shards.iter().zip(found) {
            whole.events += found.events;
            whole.decisions += found.decisions;
            whole.fired += found.fired;
            whole.mistyped += found.mistyped;
            whole.cut += found.cut;
            whole.beyond += found.beyond;
            whole.steps = whole.steps.saturating_add(found.steps);
            aimed.extend(found.aimed.into_iter().map(|target| (*ground, target)));
            reached.extend(found.reached.into_iter().map(|(target, place, yes)| (*ground, target, place, yes)));
            disagreements += found.disagreements;
            let Some(of) = grounds.get(*ground) else { continue };
            for (target, event, fires) in found.shown {
                if shown == SHOWN {
                    break;
                }
                shown += 1;
                let on = of.template.to_string();
                outcome.findings.extend(disagreement(run, of, &on, target, &event, fires));
            }
        }
        if whole.cut > 0 {
            outcome
                .skipped
                .push(format!("{} generated events: time was up, so what was tried depends on the machine", whole.cut));
        }
        if whole.beyond > 0 {
            outcome.skipped.push(format!(
                "{} of {}: the work that they may take was done",
                whole.beyond,
                plural(all as usize, "generated event")
            ));
        }
        // A rule on several template types is tried once an event was aimed at it on each.
        let with_targets = run.rules.iter().filter(|rule| !rule.targets.is_empty()).count();
        let missed = grounds.iter().enumerate().flat_map(|(at, ground)| {
            let targets = ground.targets.iter().enumerate();
            targets.filter(|(target, _)| !aimed.contains(&(at, *target))).map(|(_, (id, _))| *id).collect::<Vec<_>>()
        });
        let lacking = missed.collect::<HashSet<RuleId>>().len();
        if lacking > 0 {
            outcome.skipped.push(format!(
                "{lacking} of {}: no generated event was aimed at them; {} were asked for (`cases` under [gate], or --cases)",
                plural(with_targets, "rule"),
                plural(run.settings.cases as usize, "event")
            ));
        }
        outcome.fact("rules that no event was aimed at", lacking as u64);
        outcome.idle = whole.events == 0;
        let predicates: usize = run.rules.iter().flat_map(|rule| &rule.targets).map(predicates).sum();
        outcome.fact("events", whole.events);
        outcome.fact("steps of evaluation", whole.steps);
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
        neighbours(run, (&grounds, &earlier.made), deadline, &mut outcome);
        on_sensors(run, &grounds, deadline, &mut outcome);
        outcome
    }
}

/// The shards that are left of a number of events.
fn within(shards: Vec<(usize, u64, u64)>, most: u64) -> Vec<(usize, u64, u64)> {
    let mut left = most;
    let cut = shards.into_iter().map(|(ground, number, cases)| {
        let cases = cases.min(left);
        left -= cases;
        (ground, number, cases)
    });
    cut.filter(|(_, _, cases)| *cases > 0).collect()
}

/// One share of the events of a template type.
fn shard(
    run: &Subject<'_>,
    ground: &Ground<'_>,
    (of, number): (u64, u64),
    (cases, work): (u64, u64),
    deadline: Option<Instant>,
) -> Found {
    let mut found = Found::default();
    let Some(plan) = run.plan else { return found };
    let mut worker = plan.worker();
    let mut runner = runner(run.settings.seed, of);
    let strategy = ground.maker.strategy();
    let mut kept = ground.kept.clone();
    let mut kept_bytes: u64 = kept.iter().map(work::held).sum();
    for case in 0..cases {
        if found.steps >= work {
            found.beyond += cases - case;
            break;
        }
        if case % 64 == 0 && deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            found.cut += cases - case;
            break;
        }
        let Ok(mut tree) = strategy.new_tree(&mut runner) else { continue };
        // Each target is aimed at in turn.
        let turn = Turn::of(ground, number * SHARD + case);
        let recipe = turn.aimed(tree.current());
        let event = ground.maker.event(&recipe, &kept);
        found.events += 1;
        let Some(reported) = run.interpret(ground.template, &event, &mut worker) else {
            found.mistyped += 1;
            continue;
        };
        found.fired += reported.len() as u64;
        let aim = ground.maker.aim(&recipe);
        found.aimed.insert(aim);
        let mut asked = asked(ground, &reported, aim, case);
        asked.sort_unstable();
        asked.dedup();
        found.decisions += asked.len() as u64;
        // The one that is aimed at is asked for its predicates besides.
        let prices = asked.iter().chain([&aim]).filter_map(|at| ground.prices.get(*at));
        found.steps = prices.map(|price| price.on(&event)).fold(found.steps, u64::saturating_add);
        let differs = asked.iter().find(|at| disagrees(ground, **at, &event, &reported).is_some());
        if let Some(at) = differs {
            found.disagreements += 1;
            // To shrink an event takes up to thousands of evaluations: it is done for what is shown, once for a target.
            if found.shown.len() < SHOWN && !found.shown.iter().any(|(known, ..)| known == at) {
                let smaller = if run.settings.shrinks {
                    shrunk(run, ground, (*at, turn), &kept, tree.as_mut(), &mut worker)
                } else {
                    None
                };
                let event = smaller.unwrap_or(event);
                let fires = ground.targets.get(*at).is_some_and(|(_, target)| target.evaluate(&event));
                found.shown.push((*at, event, fires));
            }
            continue;
        }
        // What reaches something new is worth beginning with again.
        let outcomes = ground.targets.get(aim).map(|(_, target)| target.outcomes(&event)).unwrap_or_default();
        let mut is_new = false;
        for (place, outcome) in outcomes.into_iter().enumerate() {
            is_new |= found.reached.insert((aim, place, outcome));
        }
        if is_new && kept.len() < 2 * KEPT && kept_bytes < KEPT_BYTES {
            kept_bytes += work::held(&event);
            kept.push(event);
        }
    }
    found
}

/// The smallest event on which they still disagree about a rule.
fn shrunk(
    run: &Subject<'_>,
    ground: &Ground<'_>,
    (at, turn): (usize, Turn),
    kept: &[Event],
    tree: &mut dyn ValueTree<Value = Recipe>,
    worker: &mut Worker<'_>,
) -> Option<Event> {
    let mut still = |recipe: &Recipe| {
        let event = ground.maker.event(&turn.aimed(recipe.clone()), kept);
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
