//! What check 6 shows to the sensors of the fleet.

use std::time::Instant;

use contentcheck_parser::check::parallel;
use contentcheck_reference::Event;
use contentcheck_run::{EventFault, proof};
use proptest::strategy::{Strategy, ValueTree};

use super::SHOWN;
use super::ground::{Ground, Turn, asked, disagreement};
use crate::checks::sensors::{self, Group};
use crate::facts::plural;
use crate::generate::{runner, typed};
use crate::run::{Outcome, Subject};

/// Events of a template type that each group of sensors is shown, where it has no more targets than half of them.
const ON_SENSORS: u64 = 256;

/// What events of a template type gave on a group of sensors.
#[derive(Default)]
struct OnSensor {
    events: u64,
    fired: u64,
    cut: u64,
    beyond: u64,
    is_unsupplied: bool,
    /// Faults, how many events met each, and the first of them.
    faults: Vec<(EventFault, u64, Event)>,
    /// Targets on which the evaluators disagree, with the event as it is supplied and what the reference says.
    disagreements: Vec<(usize, Event, bool)>,
}

/// Shows ordinary and aimed events to the sensors of the fleet, as each of them supplies them.
pub(super) fn on_sensors(run: &Subject<'_>, grounds: &[Ground<'_>], deadline: Option<Instant>, outcome: &mut Outcome) {
    let groups = sensors::shown(run, outcome);
    let work: Vec<(&Group<'_>, u64, &Ground<'_>)> = groups
        .iter()
        .zip(1_u64..)
        .flat_map(|(group, number)| {
            grounds.iter().zip(0_u64..).map(move |(ground, at)| (group, number << 48 | at, ground))
        })
        .collect();
    let for_each = run.settings.events / (work.len().max(1) as u64);
    let found = parallel::map(&work, run.settings.threads, |(group, number, ground)| {
        on_sensor(run, group, *number, ground, (for_each, deadline))
    });
    let (mut events, mut fired, mut refused, mut cut, mut beyond, mut unsupplied) = (0, 0, 0, 0, 0, 0);
    for ((group, _, ground), found) in work.iter().zip(found) {
        events += found.events;
        fired += found.fired;
        cut += found.cut;
        beyond += found.beyond;
        unsupplied += u64::from(found.is_unsupplied);
        for (fault, count, event) in found.faults {
            refused += count;
            let what = format!("{count} of {} generated events of {} are refused", found.events, ground.template);
            let finding = sensors::fault(group, fault, &what);
            outcome.findings.push(finding.with_event(ground.template, &proof::witness(&event), None));
        }
        for (target, event, fires) in found.disagreements {
            let on = format!("{}, as {} supplies it,", ground.template, group.names());
            outcome.findings.extend(disagreement(run, ground, &on, target, &event, fires));
        }
    }
    if groups.is_empty() {
        return;
    }
    if cut > 0 {
        outcome.skipped.push(format!("{cut} generated events as sensors supply them: time was up"));
    }
    if beyond > 0 {
        outcome
            .skipped
            .push(format!("{beyond} generated events as sensors supply them: the work that they may take was done"));
    }
    outcome.fact("events on sensors", events);
    outcome.fact("matches on sensors", fired);
    outcome.fact("events refused on sensors", refused);
    outcome.fact("template types that sensors do not supply", unsupplied);
    outcome.summary += &format!(
        "; on {} in {}: {events} events, {fired} matches, {refused} refused",
        plural(groups.iter().map(|group| group.sensors.len()).sum(), "sensor"),
        plural(groups.len(), "group")
    );
}

/// Events of one template type on one group of sensors: every other one ordinary, the rest aimed at each target in turn.
fn on_sensor(
    run: &Subject<'_>,
    group: &Group<'_>,
    number: u64,
    ground: &Ground<'_>,
    (work, deadline): (u64, Option<Instant>),
) -> OnSensor {
    let mut found = OnSensor::default();
    let (Some(recorder), plan) = (run.plan, &group.plan) else { return found };
    let Some(stop) = plan.route_of(ground.template).and_then(|route| plan.stop(route)) else {
        found.is_unsupplied = true;
        return found;
    };
    let loaded: Vec<bool> = ground.targets.iter().map(|(id, _)| plan.loads_on(*id, ground.template)).collect();
    let (mut recorded, mut worker) = (recorder.worker(), plan.worker());
    let mut runner = runner(run.settings.seed, number);
    let strategy = ground.maker.strategy();
    // Every other one is aimed: each target is aimed at once.
    let cases = run.settings.cases.min(ON_SENSORS.max(2 * ground.targets.len() as u64));
    let mut steps = 0_u64;
    for case in 0..cases {
        if steps >= work {
            found.beyond += cases - case;
            break;
        }
        if case % 64 == 0 && deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            found.cut += cases - case;
            break;
        }
        let Ok(tree) = strategy.new_tree(&mut runner) else { continue };
        let recipe = Turn::of(ground, case / 2).aimed(tree.current());
        let is_ordinary = case.is_multiple_of(2);
        let mut event =
            if is_ordinary { ground.maker.ordinary(&recipe) } else { ground.maker.event(&recipe, &ground.kept) };
        // An event with a value of another type than its field's is none that a sensor makes.
        if run.interpret(ground.template, &event, &mut recorded).is_none() {
            continue;
        }
        found.events += 1;
        let mut supplied = worker.as_supplied(ground.template, &event);
        if is_ordinary {
            // What has no value in the type that the sensor supplies has another there.
            for (name, ty) in stop.layout().inputs().chain(stop.layout().header()) {
                let field = ground.template.named(name);
                if event.value(&field).is_some() && supplied.value(&field).is_none() {
                    event.set(&field, typed(ty, "1"));
                }
            }
            supplied = worker.as_supplied(ground.template, &event);
        }
        let mut reported = Vec::new();
        if let Err(fault) = worker.evaluate_owned(ground.template, &event, |rule| reported.push(rule)) {
            match found.faults.iter_mut().find(|(known, ..)| *known == fault) {
                Some((_, count, _)) => *count += 1,
                None => found.faults.push((fault, 1, supplied)),
            }
            continue;
        }
        reported.sort_unstable();
        reported.dedup();
        found.fired += reported.len() as u64;
        let mut asked = asked(ground, &reported, ground.maker.aim(&recipe), case);
        asked.sort_unstable();
        asked.dedup();
        let prices = asked.iter().filter_map(|at| ground.prices.get(*at));
        steps = prices.map(|price| price.on(&supplied)).fold(steps, u64::saturating_add);
        for at in asked {
            let (Some((id, target)), Some(is_loaded)) = (ground.targets.get(at), loaded.get(at)) else { continue };
            let fires = *is_loaded && target.evaluate(&supplied);
            let is_known = found.disagreements.iter().any(|(known, ..)| *known == at);
            if fires != reported.binary_search(id).is_ok() && !is_known && found.disagreements.len() < SHOWN {
                found.disagreements.push((at, supplied.clone(), fires));
            }
        }
    }
    found
}
