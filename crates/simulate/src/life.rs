//! The life of one device: what is due next, by what it remembers. What it runs after a crash is decided by the real
//! sensor; everything else that happens to it is drawn by its number, so it can be computed again at any time.

mod deeds;

use contentcheck_sensor::Ended;

use crate::online::Shift;
use crate::policy::{Fallback, Polls, Waves};
use crate::random::{Draw, Random};
use crate::scenario::{Harm, KINDS, Onset, Scenario, World};
use crate::sensor::{Number, Sensor};
use crate::shard::shift_of;
use crate::tally::{Missing, Phase};

/// Rings that a policy has at most.
pub(crate) const RINGS: usize = 16;

/// What a device remembers in the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Device {
    /// The minute of its receipt.
    receipt: u16,
    /// The minute from which on it is in its phase, or at which it will take the release.
    pub(crate) since: u16,
    state: Number,
    flags: u16,
    /// Runs of the release so far.
    runs: u8,
    pub(crate) phase: Phase,
    pub(crate) ring: u8,
    pub(crate) stratum: u8,
}

impl Device {
    const TAKEN: u16 = 1;
    const HEALTHY: u16 = 1 << 1;
    const CONFIRMED: u16 = 1 << 2;
    const WATCHED: u16 = 1 << 3;
    const SETTLED: u16 = 1 << 4;
    const REPORTED: u16 = 1 << 5;
    const SILENT: u16 = 1 << 6;
    const NEW_ENDED: u16 = 1 << 7;
    const OLD_ENDED: u16 = 1 << 8;
    const OLD_SILENT: u16 = 1 << 9;
    /// Something happens to it or its partner that has nothing to do with the release.
    const RARE: u16 = 1 << 10;
    const OWN_FAILURE: u16 = 1 << 11;
    const OWN_SILENCE: u16 = 1 << 12;
    const HURT: u16 = 1 << 13;
    const BY_HAND: u16 = 1 << 14;
    /// It did not take the release, and never will.
    const DONE: u16 = 1 << 15;

    /// One that has the content of before.
    pub(crate) const fn new(ring: u8, stratum: u8) -> Self {
        Self { receipt: 0, since: 0, state: 0, flags: 0, runs: 0, phase: Phase::Idle, ring, stratum }
    }

    const fn is(self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    const fn set(&mut self, flag: u16) {
        self.flags |= flag;
    }

    pub(crate) const fn is_done(self) -> bool {
        self.is(Self::DONE) || self.is(Self::TAKEN)
    }
}

/// What is counted of what devices report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counting {
    All,
    /// Silence counts as nothing.
    Reports,
    /// Everything counts as well.
    Nothing,
}

/// What holds for all devices.
#[derive(Debug)]
pub(crate) struct Rules<'s> {
    pub(crate) random: Random,
    pub(crate) scenario: &'s Scenario,
    pub(crate) world: &'s World,
    pub(crate) sensor: &'s Sensor,
    pub(crate) start: u32,
    pub(crate) devices: u32,
    pub(crate) horizon: u32,
    pub(crate) fallback: Fallback,
    pub(crate) polls: Polls,
    pub(crate) waves: Option<Waves>,
    /// Minutes over which devices spread what they do, besides polling.
    pub(crate) jitter: u32,
    pub(crate) leaks: f64,
    /// Whether what a device reports after it has finished is no error of the rollout any more.
    pub(crate) closes: bool,
    /// Minutes after which a run counts as healthy or finished.
    pub(crate) bake: u32,
    /// Minutes for which each ring is watched.
    pub(crate) watch: [u32; RINGS],
    /// Minutes after which a device is silent.
    pub(crate) patience: u32,
    pub(crate) counting: Counting,
    /// The stratum that the fault is in, where it is not in all.
    pub(crate) stratum: Option<u8>,
    /// Whether what every device has of the release is one digest.
    pub(crate) is_one_digest: bool,
    pub(crate) halted: Option<u32>,
    /// When what replaces the release comes to each ring.
    pub(crate) remedy: [Option<u32>; RINGS],
}

/// What can be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Take,
    Rare,
    Fault,
    Returns,
    Silent,
    Healthy,
    On,
    Off,
    Restart,
    Remedy,
    Watched,
    Settles,
}

/// A device, and where it is in the fleet.
#[derive(Debug)]
pub(crate) struct Life<'r> {
    number: u32,
    pub(crate) device: Device,
    rules: &'r Rules<'r>,
}

/// The earliest of what is due. Of what is due in the same minute, the first kind.
fn earliest(best: &mut Option<(u32, Due)>, due: Due, minute: u32) {
    if best.is_none_or(|known| (minute, due) < known) {
        *best = Some((minute, due));
    }
}

impl<'r> Life<'r> {
    pub(crate) const fn new(number: u32, device: Device, rules: &'r Rules<'r>) -> Self {
        Self { number, device, rules }
    }

    fn shift(&self) -> Option<Shift> {
        shift_of(self.number, self.device.stratum, self.rules)
    }

    fn since(&self) -> u32 {
        self.device.since.into()
    }

    fn receipt(&self) -> u32 {
        self.device.receipt.into()
    }

    /// Until when it is watched.
    fn end(&self) -> u32 {
        self.receipt() + self.watch()
    }

    fn watch(&self) -> u32 {
        self.rules.watch.get(usize::from(self.device.ring)).copied().unwrap_or(240)
    }

    /// Whether nobody hears of it, and nobody knows why.
    fn is_silent_now(&self) -> bool {
        let device = self.device;
        let is_down = matches!(device.phase, Phase::Down | Phase::Stuck);
        device.is(Device::SILENT) && (is_down || device.is(Device::OWN_SILENCE))
    }

    /// Whether nobody hears of it.
    fn is_away(&self) -> bool {
        self.device.phase == Phase::Off || self.is_silent_now()
    }

    /// What is counted of it as missing. Its partner has its hours, so where both are switched off none of them is missing beside the other.
    fn missing(&self) -> Missing {
        let device = self.device;
        if self.rules.counting != Counting::All || !device.is(Device::TAKEN) {
            return Missing::default();
        }
        let (new, old) = (self.is_silent_now(), device.is(Device::OLD_SILENT));
        let is_open = device.is(Device::WATCHED) && !device.is(Device::SETTLED);
        Missing {
            silent: i64::from(is_open && new),
            new: i64::from(new && !old && !device.is(Device::REPORTED)),
            old: i64::from(old && !new),
        }
    }

    /// Whether it runs the release and has not said that it failed.
    fn runs_well(&self) -> bool {
        self.device.phase == Phase::Runs && self.device.is(Device::TAKEN) && !self.device.is(Device::REPORTED)
    }

    /// When it takes a release that it is offered from a minute on.
    pub(crate) fn takes_at(&self, minute: u32) -> Option<u32> {
        let (random, number) = (self.rules.random, self.number);
        let place = || random.unit(number, Draw::Place, 0);
        let from = minute
            + match &self.rules.waves {
                None | Some(Waves::Groups { .. }) => 0,
                Some(Waves::Steps(steps)) => steps.iter().find(|(share, _)| place() < *share)?.1,
                Some(Waves::Linear(minutes)) => (place() * f64::from(*minutes)) as u32,
                Some(Waves::Redraw { one_of, every }) => {
                    let draws = libm::log(random.unit(number, Draw::Redraw, 0)) / libm::log(1.0 - 1.0 / one_of);
                    (draws.min(1e4) as u32).saturating_mul(*every)
                }
                Some(Waves::Rate { devices, period, alone }) => {
                    // The order by who asks is that of places; how many come before it is known up to a rounding.
                    let before = place() * f64::from(self.rules.devices);
                    if before < 1.0 { 0 } else { alone + (before / devices * f64::from(*period)).min(1e6) as u32 }
                }
            };
        let shift = self.shift();
        let spread = |draw| random.below(number, Draw::Poll, draw, self.rules.jitter);
        match self.rules.polls {
            Polls::Every(minutes) => {
                let polls = from + random.below(number, Draw::Poll, 0, minutes) + spread(1);
                let Some(shift) = shift else { return Some(polls) };
                let on = shift.next_on(polls);
                Some(if on == polls { polls } else { on + spread(2) })
            }
            Polls::Random(mean) => {
                let minutes = random.exponential(number, Draw::Poll, 0, mean).min(1e6) as u32;
                Some(shift.map_or(from + minutes, |shift| shift.after(from, minutes)))
            }
        }
    }

    /// Whether it has the fault.
    fn is_affected(&self) -> bool {
        let Scenario { harm, share, onset, .. } = self.rules.scenario;
        if *harm == Harm::None || self.rules.stratum.is_some_and(|stratum| stratum != self.device.stratum) {
            return false;
        }
        if *onset == Onset::Alternate && self.rules.is_one_digest {
            // One file for all: drawn once.
            return self.rules.random.unit(u32::MAX, Draw::Scenario, 0) < 0.5;
        }
        *share >= 1.0 || self.rules.random.unit(self.number, Draw::Affected, 0) < *share
    }

    /// When the fault shows in a run of the release that begins at a minute.
    fn fault(&self, begin: u32) -> Option<u32> {
        if !self.is_affected() {
            return None;
        }
        let Scenario { onset, after, spread, .. } = self.rules.scenario;
        let draw = |again| after + self.rules.random.below(self.number, Draw::Fault, again, *spread);
        match onset {
            Onset::Run => Some(begin + draw(self.device.runs)),
            Onset::Activation => Some(begin.max(self.receipt() + draw(0))),
            Onset::Clock => Some(begin.max(draw(0))),
            Onset::Alternate if self.rules.is_one_digest => Some(begin),
            Onset::Alternate => {
                let period = (*after).max(1);
                let window = begin / period;
                let is_bad = |window: &u32| self.rules.random.bits(*window, Draw::Scenario, 1) & 1 == 1;
                (window..window + 64).find(is_bad).map(|window| begin.max(window * period))
            }
        }
    }

    /// How a run ends by the fault, and how long it takes until the sensor starts again.
    fn ends(&self) -> (Ended, u32) {
        let Rules { random, world, scenario, .. } = self.rules;
        match scenario.harm {
            Harm::None | Harm::Sensor if scenario.onset == Onset::Alternate && !self.rules.is_one_digest => {
                let period = scenario.after.max(1);
                (Ended::Crashed, period - self.since() % period)
            }
            Harm::None | Harm::Sensor => (Ended::Crashed, 1),
            Harm::Host => (Ended::SystemCrash, 5),
            Harm::Memory => (Ended::OutOfMemory, 1),
            Harm::Hang if random.unit(self.number, Draw::Watchdog, 0) < world.watchdog => (Ended::Hung, 10),
            Harm::Hang => {
                let cycle = random.exponential(self.number, Draw::Cycle, self.device.runs, world.cycle);
                (Ended::Power, 5 + cycle.min(1e5) as u32)
            }
        }
    }

    /// Minutes until somebody comes.
    fn hands(&self) -> u32 {
        let Rules { random, world, .. } = self.rules;
        let [quick, attended, remote] = world.hands;
        let mean = match random.below(self.number, Draw::Hand, 0, 10) {
            0..6 => quick,
            6..9 => attended,
            _ => remote,
        };
        (random.exponential(self.number, Draw::Hand, 1, mean * 60.0).min(1e6) as u32).max(1)
    }

    fn remedy(&self) -> Option<u32> {
        let at = self.rules.remedy.get(usize::from(self.device.ring)).copied().flatten()?;
        Some(at + self.rules.random.below(self.number, Draw::Remedy, 0, self.rules.world.poll + self.rules.jitter))
    }

    /// What happens to it or to its partner without the release, by its kind.
    fn rare(&self) -> Option<(u32, Draw)> {
        let Rules { random, world, horizon, .. } = self.rules;
        let Device { flags, .. } = self.device;
        let mut best: Option<(u32, Draw)> = None;
        for (draw, rate, flag, late) in [
            (Draw::Failure, world.failures, Device::OWN_FAILURE, 0),
            (Draw::Silence, world.silence, Device::OWN_SILENCE, self.rules.patience),
            (Draw::PartnerFailure, world.failures, Device::OLD_ENDED, 0),
            (Draw::PartnerSilence, world.silence, Device::OLD_SILENT, self.rules.patience),
        ] {
            if flags & flag != 0 {
                continue;
            }
            let found = random.first(self.number, draw, rate, f64::from(*horizon));
            let found = found.map(|minutes| self.receipt() + minutes + late);
            if let Some(found) = found.filter(|found| best.is_none_or(|(known, _)| *found < known)) {
                best = Some((found, draw));
            }
        }
        best
    }

    /// The minute of what is due next.
    pub(crate) fn due(&self) -> Option<u32> {
        self.next().map(|(minute, _)| minute)
    }

    fn next(&self) -> Option<(u32, Due)> {
        let device = self.device;
        let mut best = None;
        if device.is(Device::TAKEN) {
            if !device.is(Device::WATCHED) {
                earliest(&mut best, Due::Watched, self.end());
            } else if !device.is(Device::SETTLED) {
                // Nobody knows how a device is that is switched off or silent. Once it is back it is watched on for a while.
                if !self.is_away() && device.phase != Phase::Down {
                    earliest(&mut best, Due::Settles, self.since() + self.rules.patience);
                }
            }
            if device.is(Device::RARE)
                && let Some((minute, _)) = self.rare()
            {
                earliest(&mut best, Due::Rare, minute);
            }
        }
        match device.phase {
            Phase::Idle | Phase::Fixed => {}
            Phase::Waiting => earliest(&mut best, Due::Take, self.since()),
            Phase::Runs => self.running(&mut best),
            Phase::Off => {
                if let Some(shift) = self.shift() {
                    earliest(&mut best, Due::On, shift.next_on(self.since() + 1));
                }
            }
            Phase::Down => {
                earliest(&mut best, Due::Returns, self.since() + self.ends().1);
                self.silent(&mut best);
            }
            Phase::Stuck => {
                earliest(&mut best, Due::Returns, self.since() + self.hands());
                self.silent(&mut best);
                // Of a machine that does not start nobody takes anything back from afar.
                if self.rules.scenario.harm == Harm::Sensor
                    && let Some(remedy) = self.remedy()
                {
                    earliest(&mut best, Due::Remedy, remedy.max(self.since()));
                }
            }
            Phase::Back => {
                if !device.is(Device::HEALTHY) && self.rules.fallback == Fallback::Sensor {
                    earliest(&mut best, Due::Healthy, self.since() + self.rules.bake);
                }
            }
        }
        best
    }

    fn silent(&self, best: &mut Option<(u32, Due)>) {
        let reports = self.device.phase == Phase::Stuck && self.rules.scenario.harm == Harm::Sensor;
        if !self.device.is(Device::SILENT) && !reports {
            earliest(best, Due::Silent, self.since() + self.rules.patience);
        }
    }

    fn running(&self, best: &mut Option<(u32, Due)>) {
        let (device, since) = (self.device, self.since());
        let is_confirmed = device.is(Device::CONFIRMED);
        if let Some(fault) = self.fault(since) {
            earliest(best, Due::Fault, fault);
        }
        if !device.is(Device::HEALTHY) && !is_confirmed {
            earliest(best, Due::Healthy, since + self.rules.bake);
        }
        if let Some(remedy) = self.remedy() {
            earliest(best, Due::Remedy, remedy.max(since));
        }
        // What is settled and confirmed, and has no fault that counts from a start, does the same every day.
        let counts_starts = self.rules.scenario.onset == Onset::Run && self.is_affected();
        if is_confirmed && device.is(Device::SETTLED) && !counts_starts {
            return;
        }
        match self.shift() {
            Some(shift) => earliest(best, Due::Off, shift.next_off(since)),
            None if device.is(Device::HEALTHY) && !is_confirmed && self.rules.fallback == Fallback::Sensor => {
                let mean = self.rules.world.restart * 60.0;
                let restart = self.rules.random.exponential(self.number, Draw::Restart, device.runs, mean);
                earliest(best, Due::Restart, since + self.rules.bake + restart.min(1e6) as u32);
            }
            None => {}
        }
    }
}

/// The number of a stratum.
pub(crate) fn stratum_named(name: &str) -> Option<u8> {
    KINDS.iter().position(|kind| kind.name == name).and_then(|at| u8::try_from(at).ok())
}
