//! What is claimed of incidents, what is not, and what each part of a rollout is there for.

use contentcheck_simulate::{Options, Outcome, Policy, Scenario, Without, compare, run, runs, sweep, sweeps};

type Checked = Result<(), Box<dyn core::error::Error>>;

const DEVICES: u32 = 200_000;
/// The first ring is a thousandth; four standard errors of how many are drawn into it.
const FIRST: f64 = 0.001 * 200_000.0 + 4.0 * 14.2;

const fn options(days: u32) -> Options {
    Options { devices: DEVICES, days, seeds: 5, threads: 2, shard: 32_768, audit: false }
}

fn named(name: &str) -> Result<Scenario, String> {
    Scenario::named(name).ok_or_else(|| format!("no scenario {name}"))
}

fn outcome(scenario: &str, policy: &Policy, days: u32) -> Result<Outcome, Box<dyn core::error::Error>> {
    let report = run(&named(scenario)?, policy, options(days))?;
    Ok(report.outcomes.into_iter().next().ok_or("no outcome")?)
}

#[test]
fn july_19_touches_a_thousandth_and_all_recover() -> Checked {
    let found = outcome("july-19", &Policy::standard()?, 3)?;
    assert!(found.touched.high <= FIRST, "{:?}", found.touched);
    assert!(found.hurt.low > 0.0);
    assert_eq!(found.not_by_itself.high, 0.0);
    assert_eq!(found.halted_by, [1.0, 0.0, 0.0]);
    let at_once = outcome("july-19", &Policy::at_once(), 3)?;
    assert!(at_once.touched.low > 100.0 * found.touched.high, "{:?}", at_once.touched);
    Ok(())
}

/// The cap of the first ring holds by itself, until its bake is over. Beyond it somebody must look.
#[test]
fn without_detection_the_first_ring_holds_for_its_bake_and_no_longer() -> Checked {
    let blind = Policy::standard()?.without(Without::Detection);
    for run in runs(&named("july-19")?, &blind.clone().unattended(), options(14))? {
        let touched = |hour: usize| run.curve.get(hour).map_or(0.0, |(touched, _)| *touched as f64);
        assert!(touched(4) > 0.0 && touched(4) <= FIRST, "{}", touched(4));
        assert!(touched(12) > FIRST, "nobody looks, and the next ring opens");
        assert_eq!(run.rings, 5);
        assert_eq!((run.by_hand, run.still_down), (0, 0), "all recover by themselves even so");
    }
    // Where somebody does, within the bake. Devices that recover are down for a quarter of an hour: a hundred of them are not at
    // the same time, in a fleet of this size, and who waits for a hundred waits until the next ring.
    let mut scenario = named("july-19")?;
    assert_eq!(scenario.world.notice, 100);
    let touched = |scenario: &Scenario| -> Result<f64, Box<dyn core::error::Error>> {
        Ok(run(scenario, &blind, options(3))?.outcomes.first().map_or(0.0, |outcome| outcome.touched.high))
    };
    assert!(touched(&scenario)? > FIRST);
    scenario.world.notice = 10;
    assert!(touched(&scenario)? <= FIRST);
    Ok(())
}

/// The case that does not hold: a crash that comes later than the bake finds more than the first ring.
#[test]
fn a_crash_beyond_the_bake_finds_more_than_the_first_ring() -> Checked {
    let late = outcome("late-crash", &Policy::standard()?, 7)?;
    assert!(late.touched.low > 10.0 * FIRST, "{:?}", late.touched);
    // The rings before go on being watched, so what was touched is taken back before most of it crashes.
    assert!(late.hurt.high <= FIRST && late.not_by_itself.high == 0.0, "{late:?}");
    let later = outcome("very-late-crash", &Policy::standard()?, 14)?;
    assert_eq!(later.touched.low, f64::from(DEVICES));
    Ok(())
}

#[test]
fn a_good_release_reaches_everybody_and_is_not_halted() -> Checked {
    let good = outcome("good", &Policy::standard()?, 14)?;
    assert_eq!(good.halted_by, [0.0; 3]);
    assert_eq!(good.rings.low, 5.0);
    // Nobody but those who were not on since the last ring opened is left.
    assert_eq!(good.touched.low, f64::from(DEVICES));
    Ok(())
}

/// Most workstations are switched off over the weekend, for longer than a ring is watched. Whenever a good release begins, it is not halted by that.
#[test]
fn a_weekend_halts_no_good_release() -> Checked {
    let begins =
        sweeps().iter().find(|sweep| sweep.name.starts_with("day on which it begins")).ok_or("no such sweep")?;
    let report = sweep(begins, &[Policy::standard()?], Options { seeds: 2, ..options(14) })?;
    assert_eq!(report.sweeps.len(), 7);
    for found in &report.sweeps {
        assert_eq!((found.halted_by, found.rings.low), ([0.0; 3], 5.0), "{found:?}");
    }
    Ok(())
}

#[test]
fn the_content_from_before_an_asynchronous_crash_is_kept() -> Checked {
    let found = outcome("asynchronous", &Policy::standard()?, 5)?;
    assert!(found.touched.high <= FIRST && found.not_by_itself.high == 0.0, "{found:?}");
    let dormant = outcome("dormant", &Policy::standard()?, 14)?;
    // What no canary sees finds everybody, and each device goes back by itself.
    assert_eq!((dormant.touched.low, dormant.not_by_itself.high), (f64::from(DEVICES), 0.0));
    Ok(())
}

#[test]
fn each_part_of_a_rollout_is_there_for_something() -> Checked {
    let ours = Policy::standard()?;
    let without = |part| ours.clone().without(part);
    let found = outcome("july-19", &ours, 3)?;
    let token = outcome("july-19", &without(Without::Token), 3)?;
    assert!(token.touched.low > 100.0 * found.touched.high, "{:?}", token.touched);
    let jitter = outcome("july-19", &without(Without::Jitter), 3)?;
    assert!(jitter.touched.low > 1.3 * found.touched.high, "{:?} {:?}", jitter.touched, found.touched);
    assert!(jitter.peak.low > 10.0 * found.peak.high, "{:?} {:?}", jitter.peak, found.peak);
    let fallback = outcome("july-19", &without(Without::LastKnownGood), 3)?;
    assert!(fallback.not_by_itself.low > 0.0 && found.not_by_itself.high == 0.0);
    assert!(fallback.hours_lost.low > 20.0 * found.hours_lost.high);
    // Without anybody who looks: what is silent is seen by the silence rule alone.
    let hang = outcome("silent-hang", &ours.clone().unattended(), 7)?;
    let silence = outcome("silent-hang", &without(Without::Silence).unattended(), 7)?;
    assert_eq!(hang.halted_by, [1.0, 0.0, 0.0]);
    assert!(silence.touched.low > 5.0 * hang.touched.high, "{:?} {:?}", silence.touched, hang.touched);
    Ok(())
}

#[test]
fn no_device_is_lost_whatever_happens() -> Checked {
    let options = Options { devices: 30_000, days: 3, seeds: 1, audit: true, shard: 7_000, ..Options::default() };
    let mut report = compare(&Scenario::read(Scenario::STANDARD)?, &Policy::all()?, options)?;
    assert_eq!(report.outcomes.len(), 10 * 18);
    let late = [named("dormant")?, named("very-late-crash")?];
    report.extend(compare(&late, &[Policy::standard()?, Policy::at_once()], Options { days: 14, ..options })?);
    for outcome in &report.outcomes {
        assert!(outcome.conserved, "{} {}", outcome.scenario, outcome.policy);
        assert!(outcome.touched.high <= 30_000.0 && outcome.hurt.high <= outcome.touched.high);
        assert!(outcome.not_by_itself.high <= outcome.hurt.high && outcome.hours_lost.low >= 0.0);
    }
    let page = report.html();
    assert!(
        !page.contains("<script") && !page.contains("http:") && !page.contains("https:") && !page.contains("@import")
    );
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    Ok(())
}
