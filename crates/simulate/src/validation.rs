//! What must come out, since it can be computed without a simulation.

use contentcheck_rollout::statistics::{Sprt, Verdict};

use crate::engine::{Course, Driver, Setting, ToolState, rules};
use crate::online::{Shift, ZONES};
use crate::policy::{Fallback, Kind, Polls};
use crate::scenario::{Harm, KINDS, Onset};
use crate::sensor::Sensor;
use crate::tally::{Cell, Tally};
use crate::{Options, Policy, Run, Scenario, World};

type Outcome = Result<(), Box<dyn core::error::Error>>;

/// Minutes between two polls of a device that is on, on average.
const MEAN: f64 = 600.0;

fn quiet(name: &str) -> Result<Scenario, &'static str> {
    let mut scenario = Scenario::named(name).ok_or("no such scenario")?;
    scenario.world = World { failures: 0.0, silence: 0.0, ..scenario.world };
    Ok(scenario)
}

/// Everybody at once, with polls at random so far apart.
fn pushed(scenario: &Scenario, options: Options, seed: u64) -> Result<Run, crate::NoRoad> {
    let mut policy = Policy::at_once();
    if let Kind::Tool(tool) = &mut policy.kind {
        tool.polls = Polls::Random(MEAN);
    }
    let Options { devices, days, threads, shard, audit, .. } = options;
    crate::engine::run(scenario, &policy, seed, Setting { devices, days, threads, shard, audit })
}

fn touched(run: &Run, hour: usize) -> f64 {
    run.curve.get(hour).map_or(-1.0, |(touched, _)| *touched as f64)
}

#[test]
fn a_constant_hazard_touches_as_many_as_the_closed_form_says() -> Outcome {
    let mut scenario = quiet("good")?;
    scenario.world.always_on = 100;
    let options = Options { devices: 100_000, days: 2, threads: 1, ..Options::default() };
    for seed in 0..5 {
        let run = pushed(&scenario, options, seed)?;
        for hour in [1, 6, 24, 48] {
            let share = 1.0 - (-(hour as f64) * 60.0 / MEAN).exp();
            let (mean, deviation) = (1e5 * share, (1e5 * share * (1.0 - share)).sqrt());
            let found = touched(&run, hour);
            assert!((found - mean).abs() <= 4.0 * deviation, "seed {seed}, hour {hour}: {found}, not {mean}");
        }
    }
    Ok(())
}

/// dU/dt = -r on(t) U, for each class of devices that are on at the same times.
fn mean_field(start: u32, always_on: f64, minutes: u32) -> f64 {
    let (mut left, rate) = (0.0, 1.0 / MEAN);
    let workstations = KINDS.iter().filter(|kind| kind.is_workstation).map(|kind| f64::from(kind.share)).sum::<f64>();
    let switched = workstations / 100.0 * (1.0 - always_on / 100.0);
    for (hours, share) in ZONES {
        for late in 0..120 {
            let shift = Shift::new(hours, late, start);
            let mut untouched = 1.0;
            for minute in 0..minutes {
                if shift.is_on(minute) {
                    untouched *= 1.0 - rate + rate * rate / 2.0 - rate * rate * rate / 6.0;
                }
            }
            left += f64::from(share) / 100.0 / 120.0 * untouched;
        }
    }
    1.0 - switched * left - (1.0 - switched) * (-f64::from(minutes) * rate).exp()
}

fn holds_mean_field(devices: u32) -> Outcome {
    let scenario = quiet("july-19")?;
    let good = Scenario { harm: Harm::None, ..scenario };
    let run = pushed(&good, Options { devices, days: 4, threads: 2, ..Options::default() }, 1)?;
    for hour in [1, 2, 12, 48, 96] {
        let share = mean_field(good.start, good.world.always_on.into(), hour as u32 * 60);
        let count = f64::from(devices);
        let (mean, deviation) = (count * share, (count * share * (1.0 - share)).sqrt());
        let found = touched(&run, hour);
        assert!((found - mean).abs() <= 3.0 * deviation, "{devices} devices, hour {hour}: {found}, not {mean}");
    }
    Ok(())
}

#[test]
fn the_simulation_follows_its_mean_field() -> Outcome {
    holds_mean_field(10_000)?;
    holds_mean_field(100_000)
}

#[test]
#[ignore = "a million devices take seconds without optimisation; run with --release -- --ignored"]
fn the_simulation_follows_its_mean_field_with_a_million_devices() -> Outcome {
    holds_mean_field(1_000_000)
}

/// Watches one ring in which a share of devices fails, one device after the other, until a test decides. The failures come
/// within minutes of the receipt and the successes at the end of the bake, as they do in a fleet.
fn decided(test: &Sprt, share: f64, sensor: &Sensor, seed: u64) -> Result<(Verdict, i64), Box<dyn core::error::Error>> {
    let mut scenario = quiet("good")?;
    scenario = Scenario { harm: Harm::Sensor, onset: Onset::Run, after: 1, share, ..scenario };
    scenario.world.always_on = 100;
    let setting = Setting { devices: 900, days: 14, threads: 1, shard: 1_000, audit: false };
    let mut rules = rules(&scenario, sensor, &Policy::standard()?, seed, setting);
    (rules.fallback, rules.polls, rules.jitter) = (Fallback::Nothing, Polls::Every(1), 19_000);
    let course = Course::new(Driver::Tool(&crate::policy::TOOL, ToolState::default()), rules, 1, 1, setting)?;
    let mut found = (Verdict::Continue, 0);
    course.run(seed, |_, tally: &Tally| {
        let sum = |what: fn(&Cell) -> i64| tally.ring(0).iter().map(what).sum::<i64>();
        let (settled, failed) = (sum(|cell| cell.settled), sum(|cell| cell.failed));
        found = (test.verdict(failed as u64, settled as u64), settled);
        found.0 != Verdict::Continue
    })?;
    Ok(found)
}

#[test]
fn a_test_inside_the_simulation_errs_as_often_as_its_exact_characteristics_say() -> Outcome {
    const SEEDS: u64 = 1_500;
    // The example of the NIST handbook, section 6.2.6; E[n] is 30.2 and 22.4.
    let test = Sprt::new(0.01, 0.10, 0.05, 0.10).map_err(|why| why.to_string())?;
    let sensor = Sensor::new(contentcheck_sensor::Policy::DEFAULT);
    for share in [test.good(), test.bad()] {
        let exact = test.characteristics(share);
        let (mut rejects, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for seed in 0..SEEDS {
            let (verdict, settled) = decided(&test, share, &sensor, seed)?;
            assert_ne!(verdict, Verdict::Continue);
            rejects += f64::from(u8::from(verdict == Verdict::Reject));
            sum += settled as f64;
            squares += (settled * settled) as f64;
        }
        let count = SEEDS as f64;
        let (rejects, mean) = (rejects / count, sum / count);
        let error = (exact.rejects * (1.0 - exact.rejects) / count).sqrt();
        assert!((rejects - exact.rejects).abs() <= 4.0 * error, "share {share}: {rejects}, not {}", exact.rejects);
        let error = ((squares / count - mean * mean) / count).sqrt();
        assert!((mean - exact.mean).abs() <= 4.0 * error, "share {share}: {mean}, not {}", exact.mean);
    }
    Ok(())
}

/// After 19 July 2024: 58 % of hospitals' services were back within 6 hours, some 8 % took longer than 48; more than 97 % of all
/// sensors were there after six days, so at most 10 % of those that crashed were not, if these were three of ten.
#[test]
fn machines_that_need_hands_come_back_as_they_did_in_2024() -> Outcome {
    let run = pushed(&quiet("july-19")?, Options { devices: 50_000, days: 9, threads: 1, ..Options::default() }, 4)?;
    let down = |hour: usize| run.curve.get(hour).map_or(0.0, |(_, down)| *down as f64);
    let peak = (0..12).map(down).fold(0.0, f64::max);
    let (six, two_days, six_days) =
        (down(7) / run.hurt as f64, down(49) / run.hurt as f64, down(145) / run.hurt as f64);
    assert!(peak > 1_000.0);
    assert!((0.35..=0.55).contains(&six), "{six}");
    assert!((0.05..=0.13).contains(&two_days), "{two_days}");
    assert!((0.005..=0.10).contains(&six_days), "{six_days}");
    Ok(())
}
