//! What happens: the fault of a release, and the world in which the fleet lives.

use serde::{Deserialize, Serialize};

/// What a fault does to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Harm {
    /// Nothing: the release is good.
    None,
    /// The machine crashes.
    Host,
    /// The sensor crashes; the machine goes on.
    Sensor,
    /// The machine hangs without a word. A watchdog ends that, where there is one; else somebody does.
    Hang,
    /// The system ends the sensor for want of memory.
    Memory,
}

/// When a fault shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Onset {
    /// So long after each start of the sensor.
    Run,
    /// So long after the device took the release; with each start after that, at once.
    Activation,
    /// At a time of the simulation; with each start after that, at once.
    Clock,
    /// The file is made anew every so many minutes, good or bad. Where a release is one digest, all of it is good or bad.
    Alternate,
}

/// What nobody knows of a fleet, and what is therefore swept. The numbers of [`World::default`] are assumptions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct World {
    /// Minutes between two polls of a device that follows our rollouts.
    pub poll: u32,
    /// Minutes over which such devices spread what they do when a ring opens.
    pub jitter: u32,
    /// Devices of a hundred that never take part because they never come online, and so on, are no part of the fleet: these are the
    /// workstations of a hundred that are never switched off.
    pub always_on: u32,
    /// Devices that are down when a person begins to look.
    pub notice: u32,
    /// Minutes from then until that person has halted the rollout.
    pub reaction: u32,
    /// Minutes from a halt until something to replace the release with is ready.
    pub remedy: u32,
    /// Failures that a device with good content reports, an hour.
    pub failures: f64,
    /// How often an hour a device goes silent for another reason.
    pub silence: f64,
    /// Share of machines with a watchdog that ends a hang after ten minutes.
    pub watchdog: f64,
    /// Minutes after which somebody restarts a machine that hangs, on average.
    pub cycle: f64,
    /// Hours that a machine which does not start waits for hands, on average: the quick, the attended, the remote ones. 6, 3 and 1 of
    /// ten. By what is known of hospitals and of all sensors after 19 July 2024.
    pub hands: [f64; 3],
    /// Hours between two restarts of a server, on average.
    pub restart: f64,
}

impl Default for World {
    fn default() -> Self {
        Self {
            poll: 5,
            jitter: 60,
            always_on: 20,
            notice: 100,
            reaction: 78,
            remedy: 60,
            failures: 1e-8,
            silence: 1e-7,
            watchdog: 0.5,
            cycle: 60.0,
            hands: [3.5, 24.0, 96.0],
            restart: 72.0,
        }
    }
}

/// What happens to a fleet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Where its numbers are from.
    pub source: String,
    /// The minute of the week, from Monday, 00:00 UTC, at which the rollout begins.
    pub start: u32,
    /// What the fault does.
    pub harm: Harm,
    /// From when on `after` counts.
    pub onset: Onset,
    /// Minutes until the fault shows.
    pub after: u32,
    /// It takes up to so many minutes longer, evenly.
    #[serde(default)]
    pub spread: u32,
    /// The share of devices that have the fault.
    #[serde(default = "whole")]
    pub share: f64,
    /// The stratum that has the fault, where not all have.
    #[serde(default)]
    pub stratum: Option<String>,
    /// The world.
    #[serde(default)]
    pub world: World,
}

const fn whole() -> f64 {
    1.0
}

#[derive(Deserialize)]
struct File {
    scenario: Vec<Scenario>,
}

impl Scenario {
    /// The scenarios that ship, as TOML with their sources.
    pub const STANDARD: &'static str = include_str!("scenarios.toml");

    /// Reads scenarios.
    ///
    /// # Errors
    /// What is wrong with the TOML.
    pub fn read(text: &str) -> Result<Vec<Self>, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        Ok(file.scenario)
    }

    /// One of the scenarios that ship.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::read(Self::STANDARD).ok()?.into_iter().find(|scenario| scenario.name == name)
    }

    /// Whether the release is bad.
    #[must_use]
    pub const fn is_bad(&self) -> bool {
        !matches!(self.harm, Harm::None)
    }
}

/// A kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// Devices of a hundred.
    pub(crate) share: u32,
    /// Whether people switch it off in the evening.
    pub(crate) is_workstation: bool,
}

/// The strata of simulated fleets, in the order of their names. Assumed.
pub(crate) const KINDS: [Kind; 4] = [
    Kind { name: "linux/6", share: 15, is_workstation: false },
    Kind { name: "windows/10", share: 25, is_workstation: true },
    Kind { name: "windows/11", share: 45, is_workstation: true },
    Kind { name: "windows/server-2022", share: 15, is_workstation: false },
];
