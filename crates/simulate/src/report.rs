//! What came of rollouts, with intervals over seeds.

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::Run;

/// The middle of the values of all seeds, and what 95 of 100 are between.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Interval {
    /// 2.5 % are below.
    pub low: f64,
    /// The median.
    pub middle: f64,
    /// 2.5 % are above.
    pub high: f64,
}

impl Interval {
    /// Of values, in any order. Of none it is 0.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let last = values.len().saturating_sub(1) as f64;
        let at = |share: f64| values.get(libm::round(last * share) as usize).copied().unwrap_or(0.0);
        Self { low: at(0.025), middle: at(0.5), high: at(0.975) }
    }
}

/// One scenario under one policy.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "SimulatedOutcome")]
#[non_exhaustive]
pub struct Outcome {
    /// The scenario.
    pub scenario: String,
    /// What people call it.
    pub scenario_title: String,
    /// Where its numbers are from.
    pub scenario_source: String,
    /// The policy.
    pub policy: String,
    /// What people call it.
    pub policy_title: String,
    /// Where its numbers are from.
    pub policy_source: String,
    /// The parameter that differs from the scenario as it ships, where one does, and its value.
    pub varied: Option<(String, f64)>,
    /// Devices of the fleet.
    pub devices: u32,
    /// Devices that took the release.
    pub touched: Interval,
    /// Devices that were down because of it.
    pub hurt: Interval,
    /// Of those, devices that somebody had to go to, or that were down at the end.
    pub not_by_itself: Interval,
    /// Hours of devices that were lost.
    pub hours_lost: Interval,
    /// Minutes until it was halted, over the seeds in which it was.
    pub halted: Interval,
    /// Share of seeds in which it was halted: by evidence, by a person, by the tool.
    pub halted_by: [f64; 3],
    /// Devices that fetched in the fullest minute.
    pub peak: Interval,
    /// Rings or groups that were opened.
    pub rings: Interval,
    /// Whether devices were conserved at every barrier of every seed.
    pub conserved: bool,
    /// Hour by hour the devices that took it and those that are down, of the first seed.
    pub curve: Vec<(i64, i64)>,
}

/// What a simulation found.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "RolloutSimulation")]
#[non_exhaustive]
pub struct Report {
    /// The version of this form.
    pub version: u32,
    /// Devices of the fleet.
    pub devices: u32,
    /// Days that were simulated.
    pub days: u32,
    /// Seeds, from 0 on.
    pub seeds: u32,
    /// Each scenario under each policy.
    pub outcomes: Vec<Outcome>,
    /// The same with one unknown parameter changed at a time.
    pub sweeps: Vec<Outcome>,
}

impl Report {
    /// Adds what another simulation of the same fleet found.
    pub fn extend(&mut self, other: Self) {
        self.outcomes.extend(other.outcomes);
        self.sweeps.extend(other.sweeps);
    }

    /// The outcome of a scenario under a policy.
    #[must_use]
    pub fn outcome(&self, scenario: &str, policy: &str) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.scenario == scenario && outcome.policy == policy)
    }

    /// A page that needs nothing else.
    #[must_use]
    pub fn html(&self) -> String {
        crate::page::page(self)
    }
}

/// The numbers of an outcome, of all its seeds.
pub(crate) fn outcome(
    scenario: &crate::Scenario,
    policy: &crate::Policy,
    varied: Option<(String, f64)>,
    devices: u32,
    runs: &[Run],
) -> Outcome {
    let interval = |value: fn(&Run) -> f64| Interval::of(runs.iter().map(value).collect());
    let by = |who: &str| {
        let count = runs.iter().filter(|run| run.halted_by == Some(who)).count();
        count as f64 / runs.len().max(1) as f64
    };
    Outcome {
        scenario: scenario.name.clone(),
        scenario_title: scenario.title.clone(),
        scenario_source: scenario.source.clone(),
        policy: policy.name.clone(),
        policy_title: policy.title.clone(),
        policy_source: policy.source.clone(),
        varied,
        devices,
        touched: interval(|run| run.touched as f64),
        hurt: interval(|run| run.hurt as f64),
        not_by_itself: interval(|run| (run.by_hand + run.still_down) as f64),
        hours_lost: interval(|run| run.hours_lost),
        halted: Interval::of(runs.iter().filter_map(|run| run.halted).map(f64::from).collect()),
        halted_by: [by("evidence"), by("person"), by("tool")],
        peak: interval(|run| run.peak as f64),
        rings: interval(|run| run.rings.into()),
        conserved: runs.iter().all(|run| run.conserved),
        curve: runs.first().map(|run| run.curve.clone()).unwrap_or_default(),
    }
}
