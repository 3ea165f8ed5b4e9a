//! Time goes on in stretches. Within one, shards know nothing of each other; at its end their counts are added up, the rollout decides by
//! them, and the next stretch begins.

use std::sync::OnceLock;

use contentcheck_log::Class;
use contentcheck_rollout::census::Stratum;
use serde::Serialize;

use crate::life::{Counting, RINGS, Rules, stratum_named};
use crate::policy::{Fallback, Halts, Kind, Ours, Policy, Polls, Tool, Waves, Without};
use crate::random::Random;
use crate::road::{NoRoad, Road, Stopped};
use crate::scenario::{KINDS, Scenario};
use crate::sensor::Sensor;
use crate::shard::{LARGEST, Shard, Spread, stratum_of};
use crate::tally::{Phase, Tally};

/// Minutes between two barriers of ours: a collector writes evidence so often.
const BARRIER: u32 = 15;

/// What came of one rollout with one seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Run {
    /// The seed.
    pub seed: u64,
    /// Devices that took the release.
    pub touched: i64,
    /// Devices that were down because of it, for however long.
    pub hurt: i64,
    /// Of those, devices that somebody had to go to.
    pub by_hand: i64,
    /// Devices that are down at the end.
    pub still_down: i64,
    /// Hours of devices that were lost.
    pub hours_lost: f64,
    /// Minutes from the beginning until no further device takes the release.
    pub halted: Option<u32>,
    /// What halted it: `evidence`, `person` or `tool`.
    pub halted_by: Option<&'static str>,
    /// Rings that were opened; of a tool its groups.
    pub rings: u8,
    /// The most devices that fetched in one minute.
    pub peak: i64,
    /// Things that happened to devices.
    pub events: i64,
    /// Whether the devices of all phases were those of the fleet at every barrier.
    pub conserved: bool,
    /// For each hour the devices that took the release by then, and those that are down.
    pub curve: Vec<(i64, i64)>,
}

/// What a run is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) devices: u32,
    pub(crate) days: u32,
    pub(crate) threads: usize,
    pub(crate) shard: u32,
    /// Counts every device at every barrier, beside the counts that are kept.
    pub(crate) audit: bool,
}

/// Who decides.
pub(crate) enum Driver<'p> {
    Ours(&'p Ours, Box<Road>),
    Tool(&'p Tool, ToolState),
}

#[derive(Default)]
pub(crate) struct ToolState {
    open: u8,
    /// Receipts at each barrier.
    receipts: Vec<i64>,
}

/// The shards of a fleet, and a tally for each thread.
struct Fleet {
    shards: Vec<Shard>,
    tallies: Vec<Tally>,
}

impl Fleet {
    /// Has each shard do something, on all threads.
    fn each(&mut self, what: impl Fn(&mut Shard, &mut Tally) + Sync) {
        let share = self.shards.len().div_ceil(self.tallies.len().max(1)).max(1);
        let what = &what;
        let work = |shards: &mut [Shard], tally: &mut Tally| shards.iter_mut().for_each(|shard| what(shard, tally));
        let mut parts = self.shards.chunks_mut(share).zip(&mut self.tallies);
        let Some((first, tally)) = parts.next() else { return };
        std::thread::scope(|scope| {
            for (shards, tally) in parts {
                scope.spawn(move || work(shards, tally));
            }
            work(first, tally);
        });
    }

    fn collect(&mut self, total: &mut Tally) {
        self.tallies.iter_mut().for_each(|tally| total.take(tally));
    }
}

pub(crate) fn rules<'s>(
    scenario: &'s Scenario,
    sensor: &'s Sensor,
    policy: &Policy,
    seed: u64,
    setting: Setting,
) -> Rules<'s> {
    let world = &scenario.world;
    let mut rules = Rules {
        random: Random::new(seed),
        scenario,
        world,
        sensor,
        start: scenario.start,
        devices: setting.devices,
        horizon: setting.days * 24 * 60,
        fallback: Fallback::Sensor,
        polls: Polls::Every(world.poll.max(1)),
        waves: None,
        jitter: world.jitter,
        leaks: 0.0,
        closes: false,
        bake: sensor.bake(),
        watch: [240; RINGS],
        patience: 30,
        counting: Counting::All,
        stratum: scenario.stratum.as_deref().map(|name| stratum_named(name).unwrap_or(u8::MAX)),
        is_one_digest: true,
        halted: None,
        remedy: [None; RINGS],
    };
    match &policy.kind {
        Kind::Ours(ours) => {
            let seconds = |seconds: u64| u32::try_from(seconds / 60).unwrap_or(u32::MAX);
            rules.patience = seconds(ours.policy.report_within());
            for (to, ring) in rules.watch.iter_mut().zip(ours.policy.rings()) {
                *to = seconds(ring.bake(Class::Routine));
            }
            match ours.without {
                Some(Without::Silence) => rules.counting = Counting::Reports,
                Some(Without::Detection) => rules.counting = Counting::Nothing,
                Some(Without::LastKnownGood) => rules.fallback = Fallback::Nothing,
                // All devices of a ring that are on take it in the minute in which it opens.
                Some(Without::Jitter) => (rules.jitter, rules.polls) = (0, Polls::Every(1)),
                Some(Without::Token) | None => {}
            }
        }
        Kind::Tool(tool) => {
            rules.fallback = tool.fallback;
            rules.polls = tool.polls;
            rules.waves = Some(tool.waves.clone());
            rules.jitter = 0;
            rules.leaks = tool.leaks;
            rules.closes = tool.closes;
            rules.bake = tool.finishes;
            rules.is_one_digest = false;
        }
    }
    rules
}

/// The strata of a fleet, counted.
fn census(rules: &Rules<'_>) -> Vec<Stratum> {
    let mut strata: Vec<Stratum> = KINDS
        .iter()
        .map(|kind| Stratum { name: kind.name.to_owned(), devices: 0, held: 0, members: Vec::new() })
        .collect();
    for number in 0..rules.devices {
        if let Some(stratum) = strata.get_mut(usize::from(stratum_of(number, rules))) {
            stratum.devices += 1;
        }
    }
    strata
}

/// One rollout, with one seed.
pub(crate) fn run(scenario: &Scenario, policy: &Policy, seed: u64, setting: Setting) -> Result<Run, NoRoad> {
    // All seeds ask the same decisions.
    static SENSOR: OnceLock<Sensor> = OnceLock::new();
    let sensor = SENSOR.get_or_init(|| Sensor::new(contentcheck_sensor::Policy::DEFAULT));
    let rules = rules(scenario, sensor, policy, seed, setting);
    let (driver, rings, barrier) = match &policy.kind {
        Kind::Ours(ours) => {
            let road = Road::new(&ours.policy, census(&rules), seed, scenario.start)?;
            (Driver::Ours(ours, Box::new(road)), usize::from(ours.policy.ring_count()), BARRIER)
        }
        Kind::Tool(tool) => {
            let rings = if let Waves::Groups { count, .. } = tool.waves { usize::from(count) } else { 1 };
            (Driver::Tool(tool, ToolState::default()), rings, tool.barrier.max(1))
        }
    };
    Course::new(driver, rules, rings, barrier, setting)?.run(seed, |_, _| false)
}

/// A rollout that is going on.
pub(crate) struct Course<'p, 's> {
    driver: Driver<'p>,
    rules: Rules<'s>,
    fleet: Fleet,
    total: Tally,
    barrier: u32,
    audit: bool,
    peak: i64,
    conserved: bool,
    halted_by: Option<&'static str>,
    /// When a person who has begun to look will have halted it.
    person: Option<u32>,
}

impl<'p, 's> Course<'p, 's> {
    pub(crate) fn new(
        driver: Driver<'p>,
        rules: Rules<'s>,
        rings: usize,
        barrier: u32,
        setting: Setting,
    ) -> Result<Self, NoRoad> {
        let opening = match &driver {
            Driver::Ours(_, road) => Some(road.opening()?),
            _ => None,
        };
        let spread = match &opening {
            Some(opening) => Spread::Opening(opening),
            None => Spread::Groups(u8::try_from(rings).unwrap_or(1)),
        };
        let size = setting.shard.clamp(1, LARGEST);
        let starts: Vec<u32> = (0..rules.devices).step_by(size as usize).collect();
        let threads = setting.threads.clamp(1, starts.len().max(1));
        let tally = || Tally::new(rings, KINDS.len(), barrier as usize);
        let made = |starts: &[u32]| -> Vec<Shard> {
            let shard = |first: &u32| Shard::new(*first, size.min(rules.devices - first), spread, &rules);
            starts.iter().map(shard).collect()
        };
        let parts = starts.chunks(starts.len().div_ceil(threads).max(1));
        let shards = std::thread::scope(|scope| {
            let made = &made;
            let making: Vec<_> = parts.map(|part| scope.spawn(move || made(part))).collect();
            making.into_iter().flat_map(|making| making.join().unwrap_or_default()).collect()
        });
        let mut total = tally();
        total.phases = [0; crate::tally::PHASES];
        if let Some(idle) = total.phases.get_mut(Phase::Idle as usize) {
            *idle = rules.devices.into();
        }
        let tallies = (0..threads).map(|_| tally()).collect();
        Ok(Self {
            driver,
            rules,
            fleet: Fleet { shards, tallies },
            total,
            barrier,
            audit: setting.audit,
            peak: 0,
            conserved: true,
            halted_by: None,
            person: None,
        })
    }

    fn offer(&mut self, ring: Option<u8>, minute: u32) {
        let rules = &self.rules;
        self.fleet.each(|shard, tally| shard.offer(ring, minute, rules, tally));
    }

    /// Until the horizon, or until somebody who looks at each barrier has seen enough.
    pub(crate) fn run(mut self, seed: u64, mut looks: impl FnMut(u32, &Tally) -> bool) -> Result<Run, NoRoad> {
        let first = match &mut self.driver {
            Driver::Ours(ours, _) => (ours.without != Some(Without::Token)).then_some(0),
            Driver::Tool(tool, state) => {
                state.open = 1;
                matches!(tool.waves, Waves::Groups { .. }).then_some(0)
            }
        };
        self.offer(first, 0);
        let (mut curve, mut minute) = (vec![(0, 0)], 0);
        while minute < self.rules.horizon {
            minute = (minute + self.barrier).min(self.rules.horizon);
            let rules = &self.rules;
            self.fleet.each(|shard, tally| shard.run(minute, rules, tally));
            self.fleet.collect(&mut self.total);
            self.peak = self.total.fetched.iter().copied().fold(self.peak, i64::max);
            self.total.fetched.iter_mut().for_each(|count| *count = 0);
            self.conserve();
            if minute % 60 == 0 {
                curve.push((self.total.touched, self.total.down));
            }
            if looks(minute, &self.total) {
                break;
            }
            self.decide(minute)?;
            if self.is_over() {
                // Whatever is down stays so until the horizon.
                let hours = self.rules.horizon as usize / 60;
                curve.resize((hours + 1).max(curve.len()), (self.total.touched, self.total.down));
                minute = self.rules.horizon;
            }
        }
        Ok(self.done(seed, minute, curve))
    }

    /// Whether nothing is due to any device, and nobody will change that.
    fn is_over(&self) -> bool {
        let is_quiet = || self.total.down == 0 && self.person.is_none();
        let is_last = match &self.driver {
            Driver::Ours(ours, road) => is_quiet() && road.open_rings() == ours.policy.ring_count(),
            Driver::Tool(tool, _) => {
                is_quiet() && matches!(tool.halts, Halts::Never) && !matches!(tool.waves, Waves::Groups { .. })
            }
        };
        (self.rules.halted.is_some() || is_last) && self.fleet.shards.iter().all(Shard::is_done)
    }

    fn conserve(&mut self) {
        let all = self.total.phases.iter().sum::<i64>() == i64::from(self.rules.devices);
        let down = |phase: Phase| self.total.phases.get(phase as usize).copied().unwrap_or(0);
        let are_down = down(Phase::Down) + down(Phase::Stuck) == self.total.down;
        self.conserved &= all && are_down;
        if self.audit {
            let mut counted = [0; crate::tally::PHASES];
            for shard in &self.fleet.shards {
                counted.iter_mut().zip(shard.counted()).for_each(|(sum, count)| *sum += count);
            }
            self.conserved &= counted == self.total.phases;
        }
    }

    fn decide(&mut self, minute: u32) -> Result<(), NoRoad> {
        let world = self.rules.world;
        if self.person.is_none() && self.total.down >= i64::from(world.notice) {
            self.person = Some(minute + world.reaction);
        }
        let person = self.person.is_some_and(|at| minute >= at);
        let (opened, halted) = match &mut self.driver {
            Driver::Ours(ours, road) => {
                let before = road.open_rings();
                if road.stopped().is_none() {
                    road.barrier(minute, &self.total)?;
                    if person && ours.has_person && road.stopped().is_none() {
                        road.halt(minute)?;
                    }
                }
                let by = road.stopped().map(|stopped| match stopped {
                    Stopped::Evidence { .. } => "evidence",
                    Stopped::Person => "person",
                });
                let opened: Vec<u8> = (before..road.open_rings()).collect();
                // Devices that believe the server have taken it before.
                (if ours.without == Some(Without::Token) { Vec::new() } else { opened }, by)
            }
            Driver::Tool(tool, state) => {
                let by = state.halts(tool, minute, &self.total, self.rules.devices).then_some("tool");
                (state.opens(tool, &self.total, self.rules.devices), by.or(person.then_some("person")))
            }
        };
        if self.rules.halted.is_some() {
            return Ok(());
        }
        if let Some(by) = halted {
            self.halt(minute, by);
            return Ok(());
        }
        for ring in opened {
            self.offer(Some(ring), minute);
        }
        Ok(())
    }

    fn halt(&mut self, minute: u32, by: &'static str) {
        self.halted_by = Some(by);
        self.rules.halted = Some(minute);
        let mut at = minute + self.rules.world.remedy;
        match &self.driver {
            // What replaces it goes the same road, on the clocks of an urgent rollout.
            Driver::Ours(ours, _) => {
                let bakes = ours.policy.rings().iter().map(|ring| u32::try_from(ring.bake(Class::Urgent) / 60));
                let bakes = bakes.map(|bake| bake.unwrap_or(0)).chain(core::iter::repeat(0));
                for (to, bake) in self.rules.remedy.iter_mut().zip(bakes) {
                    *to = Some(at);
                    at += bake;
                }
            }
            Driver::Tool(tool, _) => {
                let at = if tool.takes_back { minute } else { at };
                self.rules.remedy = [Some(at); RINGS];
            }
        }
        let rules = &self.rules;
        self.fleet.each(|shard, _| shard.again(rules));
    }

    fn done(self, seed: u64, minute: u32, curve: Vec<(i64, i64)>) -> Run {
        let rings = match &self.driver {
            Driver::Ours(_, road) => road.open_rings(),
            Driver::Tool(_, state) => state.open,
        };
        Run {
            seed,
            touched: self.total.touched,
            hurt: self.total.hurt,
            by_hand: self.total.by_hand,
            still_down: self.total.down,
            hours_lost: self.total.lost_until(minute) as f64 / 60.0,
            halted: self.rules.halted,
            halted_by: self.halted_by,
            rings,
            peak: self.peak,
            events: self.total.events,
            conserved: self.conserved,
            curve,
        }
    }
}

impl ToolState {
    fn sum(tally: &Tally, ring: u8, what: impl Fn(&crate::tally::Cell) -> i64) -> i64 {
        tally.ring(ring).iter().map(what).sum()
    }

    fn halts(&mut self, tool: &Tool, minute: u32, tally: &Tally, devices: u32) -> bool {
        let all =
            |what: fn(&crate::tally::Cell) -> i64| (0..self.open).map(|ring| Self::sum(tally, ring, what)).sum::<i64>();
        let receipts = all(|cell| cell.receipts);
        let answer = match tool.halts {
            Halts::Never => false,
            Halts::Errors(share) => (0..self.open).any(|ring| {
                let errors = Self::sum(tally, ring, |cell| cell.reported);
                errors as f64 > share * size(tool, devices)
            }),
            Halts::Timeouts { devices, minutes } => {
                let back = (minutes / tool.barrier.max(1)) as usize;
                let then = self.receipts.len().checked_sub(back).and_then(|at| self.receipts.get(at)).copied();
                then.unwrap_or(0) - all(|cell| cell.finished + cell.reported) >= devices
            }
            Halts::Checks { every, errors, until } => {
                minute <= until && minute.is_multiple_of(every) && all(|cell| cell.reported) >= errors
            }
        };
        self.receipts.push(receipts);
        answer
    }

    fn opens(&mut self, tool: &Tool, tally: &Tally, devices: u32) -> Vec<u8> {
        let Waves::Groups { count, finished } = tool.waves else { return Vec::new() };
        let last = self.open.saturating_sub(1);
        let done = Self::sum(tally, last, |cell| cell.finished) as f64;
        if self.open >= count || done < finished * size(tool, devices) {
            return Vec::new();
        }
        self.open += 1;
        vec![self.open - 1]
    }
}

/// Devices of a group of a tool, on average.
fn size(tool: &Tool, devices: u32) -> f64 {
    match tool.waves {
        Waves::Groups { count, .. } => f64::from(devices) / f64::from(count.max(1)),
        _ => devices.into(),
    }
}
