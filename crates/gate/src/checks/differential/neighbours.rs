//! The part of check 6 that leaves nothing to chance: from events that decide a target, each of its fields in turn gets each
//! value that could decide it otherwise. So many rules do not make it few events for each.

use std::time::Instant;

use contentcheck_parser::check::parallel;
use contentcheck_reference::Event;

use super::SHOWN;
use super::ground::{Ground, disagreement, disagrees};
use crate::facts::plural;
use crate::run::{Made, Outcome, Subject};
use crate::work::Price;

/// Events of a target that are begun with: those that fire it come first.
const BEGUN_WITH: usize = 3;
/// Targets that a thread takes at once.
const AT_ONCE: usize = 16;

/// What the events beside those of some targets gave.
#[derive(Default)]
struct Found {
    events: u64,
    fired: u64,
    steps: u64,
    /// Targets whose events were not all made, since time was up or the work was done.
    cut: u64,
    beyond: u64,
    disagreements: u64,
    /// The first of them for each target: the target's place, the event, and what the reference says.
    shown: Vec<(usize, Event, bool)>,
}

/// Compares the evaluators on them, for each target.
pub(super) fn neighbours(
    run: &Subject<'_>,
    (grounds, made): (&[Ground<'_>], &Made),
    deadline: Option<Instant>,
    outcome: &mut Outcome,
) {
    let work: Vec<(&Ground<'_>, usize)> = grounds
        .iter()
        .flat_map(|ground| (0..ground.targets.len()).step_by(AT_ONCE).map(move |from| (ground, from)))
        .collect();
    let targets: usize = grounds.iter().map(|ground| ground.targets.len()).sum();
    // Each has a share of the work by what an event costs it, so that one that is dear takes nothing from the others.
    let prices = grounds.iter().flat_map(|ground| &ground.prices).map(|price| u128::from(price.of_ordinary()));
    let all = prices.sum::<u128>().max(1);
    let share = |price: &Price| {
        let share = u128::from(run.settings.events / 4) * u128::from(price.of_ordinary()) / all;
        u64::try_from(share).unwrap_or(u64::MAX)
    };
    let found = parallel::map(&work, run.settings.threads, |(ground, from)| {
        of_some(run, (ground, made), *from, &share, deadline)
    });
    let mut whole = Found::default();
    let mut shown = 0;
    for ((ground, _), found) in work.iter().zip(found) {
        whole.events += found.events;
        whole.fired += found.fired;
        whole.cut += found.cut;
        whole.beyond += found.beyond;
        whole.steps = whole.steps.saturating_add(found.steps);
        whole.disagreements += found.disagreements;
        for (target, event, fires) in found.shown {
            if shown == SHOWN {
                break;
            }
            let finding = disagreement(run, ground, &ground.template.to_string(), target, &event, fires);
            // What a generated event showed already needs no second one.
            let finding = finding.filter(|new| outcome.findings.iter().all(|known| known.message != new.message));
            shown += usize::from(finding.is_some());
            outcome.findings.extend(finding);
        }
    }
    for (count, why) in [(whole.cut, "time was up"), (whole.beyond, "the work that they may take was done")] {
        if count > 0 {
            let of = plural(targets, "target");
            outcome
                .skipped
                .push(format!("{count} of {of}: not all events one value away from theirs were made, as {why}"));
        }
    }
    outcome.fact("events one value away", whole.events);
    outcome.fact("matches one value away", whole.fired);
    outcome.fact("disagreements one value away", whole.disagreements);
    outcome.summary += &format!(
        "; {} one value away from those of a rule: {} matches, {} disagreements",
        plural(usize::try_from(whole.events).unwrap_or(usize::MAX), "event"),
        whole.fired,
        whole.disagreements
    );
}

/// The events of a few targets, from a place on.
fn of_some(
    run: &Subject<'_>,
    (ground, made): (&Ground<'_>, &Made),
    from: usize,
    share: &(dyn Fn(&Price) -> u64 + Sync),
    deadline: Option<Instant>,
) -> Found {
    let mut found = Found::default();
    let Some(plan) = run.plan else { return found };
    let mut worker = plan.worker();
    for (at, (id, target)) in ground.targets.iter().enumerate().skip(from).take(AT_ONCE) {
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            found.cut += 1;
            continue;
        }
        let of = ground.places.get(at).and_then(|place| made.get(&(*id, *place)));
        let mut begun_with: Vec<&Event> = of.into_iter().flatten().collect();
        begun_with.sort_by_key(|event| !target.evaluate(event));
        // Where check 5 made none or did not run, with what every event has.
        let empty = Event::empty(ground.template);
        if begun_with.is_empty() {
            begun_with.push(&empty);
        }
        let price = ground.prices.get(at);
        let most = found.steps.saturating_add(price.map_or(0, share));
        let (mut is_known, mut is_beyond) = (false, false);
        let beside = begun_with.into_iter().take(BEGUN_WITH).flat_map(|event| ground.maker.neighbours(at, event));
        for event in beside {
            is_beyond = found.steps >= most;
            if is_beyond {
                break;
            }
            found.steps = found.steps.saturating_add(price.map_or(0, |price| price.on(&event)));
            // One with a value of another type than its field's is none that an evaluator is asked for.
            let Some(reported) = run.interpret(ground.template, &event, &mut worker) else { continue };
            found.events += 1;
            found.fired += u64::from(reported.contains(id));
            if let Some(fires) = disagrees(ground, at, &event, &reported) {
                found.disagreements += 1;
                if !is_known && found.shown.len() < SHOWN {
                    found.shown.push((at, event, fires));
                }
                is_known = true;
            }
        }
        found.beyond += u64::from(is_beyond);
    }
    found
}
