//! What nobody knows is changed, one parameter at a time, to see whether what is claimed depends on it.

use crate::{NoRoad, Options, Policy, Report, Scenario, empty, simulated};

/// A parameter, and the values that it takes in turn.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Sweep {
    /// Its name.
    pub name: &'static str,
    /// The scenario in which it matters most.
    pub scenario: &'static str,
    /// Its values.
    pub values: &'static [f64],
    set: fn(&mut Scenario, f64),
}

/// The sweeps that ship.
#[must_use]
pub const fn sweeps() -> &'static [Sweep] {
    &[
        Sweep {
            name: "failures of good content, an hour",
            scenario: "good",
            values: &[0.0, 1e-8, 1e-7, 1e-6, 1e-5],
            set: |scenario, value| scenario.world.failures = value,
        },
        Sweep {
            name: "other silence, an hour",
            scenario: "good",
            values: &[0.0, 1e-7, 1e-6, 1e-5, 1e-4],
            set: |scenario, value| scenario.world.silence = value,
        },
        Sweep {
            name: "day on which it begins, from Monday",
            scenario: "good",
            values: &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            set: |scenario, value| scenario.start = 480 + value as u32 * 1_440,
        },
        Sweep {
            name: "minutes of jitter",
            scenario: "july-19",
            values: &[0.0, 15.0, 60.0, 240.0],
            set: |scenario, value| scenario.world.jitter = value as u32,
        },
        Sweep {
            name: "workstations that are never off, percent",
            scenario: "july-19",
            values: &[0.0, 20.0, 50.0, 100.0],
            set: |scenario, value| scenario.world.always_on = value as u32,
        },
        Sweep {
            name: "minutes that a person needs",
            scenario: "very-late-crash",
            values: &[15.0, 78.0, 240.0, 1_440.0],
            set: |scenario, value| scenario.world.reaction = value as u32,
        },
        Sweep {
            name: "minutes until it crashes",
            scenario: "late-crash",
            values: &[0.0, 120.0, 239.0, 480.0, 1_440.0, 1_800.0, 3_000.0, 4_500.0, 7_200.0],
            set: |scenario, value| scenario.after = value as u32,
        },
        Sweep {
            name: "share of machines with a watchdog",
            scenario: "silent-hang",
            values: &[0.0, 0.5, 1.0],
            set: |scenario, value| scenario.world.watchdog = value,
        },
        Sweep {
            name: "share of machines that hang",
            scenario: "silent-hang",
            values: &[0.001, 0.01, 0.1, 0.33, 1.0],
            set: |scenario, value| scenario.share = value,
        },
        Sweep {
            name: "minutes until somebody comes to a machine that hangs",
            scenario: "silent-hang",
            values: &[15.0, 60.0, 240.0, 1_440.0, 5_760.0],
            set: |scenario, value| scenario.world.cycle = value,
        },
        Sweep {
            name: "hours between restarts of servers",
            scenario: "dormant",
            values: &[24.0, 72.0, 168.0, 720.0],
            set: |scenario, value| scenario.world.restart = value,
        },
    ]
}

/// Simulates each value of a parameter under each policy.
///
/// # Errors
/// As for [`crate::run`].
pub fn sweep(sweep: &Sweep, policies: &[Policy], options: Options) -> Result<Report, NoRoad> {
    let mut report = empty(options);
    let Some(scenario) = Scenario::named(sweep.scenario) else { return Ok(report) };
    for value in sweep.values {
        let mut varied = scenario.clone();
        (sweep.set)(&mut varied, *value);
        for policy in policies {
            let of = Some((sweep.name.to_owned(), *value));
            report.sweeps.push(simulated(&varied, policy, of, options)?);
        }
    }
    Ok(report)
}
