//! Simulated fleets: what a release does to thousands or millions of devices, under our rollouts and under those of other tools.
//!
//! ```
//! use contentcheck_simulate::{Options, Policy, Scenario, run};
//!
//! # fn main() -> Result<(), Box<dyn core::error::Error>> {
//! let scenario = Scenario::named("july-19").ok_or("no such scenario")?;
//! let options = Options { devices: 50_000, days: 2, seeds: 3, ..Options::default() };
//! let ours = run(&scenario, &Policy::standard()?, options)?;
//! let at_once = run(&scenario, &Policy::at_once(), options)?;
//! let touched = |report: &contentcheck_simulate::Report| report.outcomes.first().map_or(0.0, |all| all.touched.high);
//! assert!(touched(&ours) <= 0.002 * 50_000.0);
//! assert!(touched(&at_once) > 100.0 * touched(&ours));
//! # Ok(())
//! # }
//! ```
//!
//! A barrier every quarter of an hour makes the counts of devices into evidence, and the state machine of `contentcheck_rollout` decides by it
//! on a log in memory. What a device runs after a crash is decided by `contentcheck_sensor`. Neither is copied here.
//!
//! The same seed gives the same bytes, whatever the threads and the shards: random numbers are a function of the seed, the device and the draw,
//! and shards only add up counts.

mod engine;
mod life;
mod online;
mod page;
mod plot;
mod policy;
mod random;
mod report;
mod road;
mod scenario;
mod sensor;
mod shard;
mod sweep;
mod tally;
#[cfg(test)]
mod validation;

use std::sync::atomic::{AtomicUsize, Ordering};

pub use engine::Run;
pub use policy::{Policy, Without};
pub use report::{Interval, Outcome, Report};
pub use road::NoRoad;
pub use scenario::{Harm, Onset, Scenario, World};
pub use sweep::{Sweep, sweep, sweeps};

/// The longest horizon, in days: what a device remembers has minutes in 16 bits.
pub const LONGEST: u32 = 45;

/// How a simulation is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Devices of the fleet.
    pub devices: u32,
    /// Days to simulate, 45 at most.
    pub days: u32,
    /// Seeds, from 0 on: so many fleets, with so many rollouts.
    pub seeds: u32,
    /// Threads. They change nothing but the time that it takes.
    pub threads: usize,
    /// Devices that are simulated together. It changes nothing but the time that it takes.
    pub shard: u32,
    /// Counts all devices at every barrier, to show that none is lost.
    pub audit: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { devices: 100_000, days: 14, seeds: 100, threads: 2, shard: 32_768, audit: false }
    }
}

/// Simulates what happens to a fleet under a policy.
///
/// # Errors
/// When the state machine does not take the rollout: a fleet that is too small for the policy, above all.
pub fn run(scenario: &Scenario, policy: &Policy, options: Options) -> Result<Report, NoRoad> {
    let outcome = simulated(scenario, policy, None, options)?;
    Ok(Report { outcomes: vec![outcome], ..empty(options) })
}

/// Simulates each scenario under each policy.
///
/// # Errors
/// As for [`run`].
pub fn compare(scenarios: &[Scenario], policies: &[Policy], options: Options) -> Result<Report, NoRoad> {
    let mut report = empty(options);
    for scenario in scenarios {
        for policy in policies {
            report.extend(run(scenario, policy, options)?);
        }
    }
    Ok(report)
}

const fn empty(options: Options) -> Report {
    Report {
        version: 1,
        devices: options.devices,
        days: options.days,
        seeds: options.seeds,
        outcomes: Vec::new(),
        sweeps: Vec::new(),
    }
}

/// One scenario under one policy, with every seed by itself.
///
/// # Errors
/// As for [`run`].
pub fn runs(scenario: &Scenario, policy: &Policy, options: Options) -> Result<Vec<Run>, NoRoad> {
    let Options { devices, days, seeds, threads, shard, audit } = options;
    let days = days.clamp(1, LONGEST);
    let seeds = seeds.max(1) as usize;
    // Many small fleets are spread over threads as a whole, a large one by its shards.
    let outer = threads.clamp(1, seeds);
    let inner = if outer > 1 { 1 } else { threads };
    let setting = engine::Setting { devices, days, threads: inner, shard, audit };
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                return done;
            }
            done.push((seed, engine::run(scenario, policy, seed as u64, setting)));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..outer).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        all.extend(threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()));
        all
    });
    all.sort_by_key(|(seed, _)| *seed);
    all.into_iter().map(|(_, run)| run).collect()
}

fn simulated(
    scenario: &Scenario,
    policy: &Policy,
    varied: Option<(String, f64)>,
    options: Options,
) -> Result<Outcome, NoRoad> {
    let runs = runs(scenario, policy, options)?;
    Ok(report::outcome(scenario, policy, varied, options.devices, &runs))
}
