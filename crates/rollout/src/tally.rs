//! Counting: what reports of devices come to. A collector counts to make evidence, a witness counts the same reports again before it signs,
//! and both by this.

use std::collections::BTreeMap;

use contentcheck_log::write::Frontier;
use contentcheck_log::{Hash, Opening};

use crate::census::{Census, Device};
use crate::entry::{Arm, Evidence, Observed};
use crate::policy::Policy;
use crate::report::{Received, What};
use crate::state::Rollout;

/// The devices of a census.
#[derive(Clone, Debug)]
pub struct Roll {
    devices: Vec<Device>,
    census: Census,
}

impl Roll {
    /// The devices of a census, in any order.
    ///
    /// # Errors
    /// When they make no census.
    pub fn new(mut devices: Vec<Device>) -> Result<Self, crate::census::NoCensus> {
        let census = Census::of(&mut devices)?;
        Ok(Self { devices, census })
    }

    /// Their census.
    #[must_use]
    pub const fn census(&self) -> &Census {
        &self.census
    }

    /// The devices, in the order of their keys.
    #[must_use]
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// A device, by its key.
    #[must_use]
    pub fn device(&self, key: &[u8; 32]) -> Option<&Device> {
        let at = self.devices.binary_search_by(|device| device.key.cmp(key)).ok()?;
        self.devices.get(at)
    }

    /// The ring of a device that takes part in a rollout by this roll.
    #[must_use]
    pub fn ring_of(&self, key: &[u8; 32], opening: &Opening) -> Option<u8> {
        let device = self.device(key).filter(|device| device.takes_part())?;
        Some(opening.ring_of(key, device.member().as_ref()))
    }

    /// The number of the stratum of a device that takes part.
    fn stratum(&self, key: &[u8; 32]) -> Option<u16> {
        let device = self.device(key).filter(|device| device.takes_part())?;
        let stratum = self.census.strata.binary_search_by(|stratum| stratum.name.cmp(&device.stratum)).ok()?;
        u16::try_from(stratum).ok()
    }
}

/// A time: by the clock on the wall, and by one that stands still while no device at all is heard. Where nobody reports for long it is the
/// collector that is deaf, and that makes no device silent.
#[derive(Clone, Copy, Debug, Default)]
struct Time {
    wall: u64,
    heard: u64,
}

impl Time {
    const fn after(self, seconds: u64) -> Self {
        Self { wall: self.wall.saturating_add(seconds), heard: self.heard.saturating_add(seconds) }
    }
}

/// For how long a device may say nothing, in seconds.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// While it runs.
    report: u64,
    /// After it stopped in good order.
    back: u64,
}

/// A device that is watched, from its receipt on.
#[derive(Clone, Copy, Debug)]
struct Watched {
    number: u64,
    receipt: Time,
    /// Until when it is watched after it came back: who is not there at the end of the watch is watched on for as long as a device may be
    /// silent.
    extended: Time,
    /// When it was heard last.
    last: Time,
    /// Whether it stopped in good order then.
    is_stopped: bool,
    failed: Option<Time>,
    /// Where it was missed first.
    silent: Option<Silent>,
    /// Seconds for which it was heard to run, until it failed.
    ran: u64,
    /// When a partner took the release itself, by the clock that stands still: it is nobody's partner from then on.
    left: u64,
}

/// A device that was missed for longer than it may be.
#[derive(Clone, Copy, Debug)]
struct Silent {
    /// From when on, by the clock that stands still.
    at: u64,
    /// By the same clock, what decides whether that was in its watch: the same, or when it stopped in good order.
    since: u64,
    /// When it was heard before that, by the clock on the wall; nothing where it stopped in good order then.
    after: Option<u64>,
}

/// What became of a device by the end of its watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    Well,
    Failed,
}

impl Watched {
    const fn new(number: u64, receipt: Time) -> Self {
        Self {
            number,
            receipt,
            extended: Time { wall: 0, heard: 0 },
            last: receipt,
            is_stopped: false,
            failed: None,
            silent: None,
            ran: 0,
            left: u64::MAX,
        }
    }

    /// Where it was missed by a time.
    fn missed(&self, now: Time, patience: Patience) -> Option<Silent> {
        let next = || {
            let at = self.last.heard.saturating_add(if self.is_stopped { patience.back } else { patience.report });
            let (since, after) = if self.is_stopped { (self.last.heard, None) } else { (at, Some(self.last.wall)) };
            Silent { at, since, after }
        };
        Some(self.silent.unwrap_or_else(next)).filter(|silent| silent.at < now.heard)
    }

    /// Whether it is not there now, however it went.
    const fn is_missing(&self, now: Time, patience: Patience) -> bool {
        now.heard.saturating_sub(self.last.heard) > patience.report
    }

    /// For how long before the end of its watch it may be unheard and be well: for as long as a device may be silent, and in a watch that is hardly
    /// longer, for half of it. A receipt alone shows nothing of what comes after it.
    const fn slack(watch: u64, patience: Patience) -> u64 {
        if patience.report < watch / 2 { patience.report } else { watch / 2 }
    }

    fn end(&self, watch: u64) -> u64 {
        self.receipt.wall.saturating_add(watch).max(self.extended.wall)
    }

    /// Takes a report into account that is about how it is at a time.
    fn hears(&mut self, now: Time, watch: u64, patience: Patience) {
        self.silent = self.missed(now, patience);
        if self.failed.is_none() {
            let end = self.end(watch);
            let (last, gap) = (self.last.wall, now.wall.saturating_sub(self.last.wall));
            let is_absent =
                if self.is_stopped { last <= end } else { last.saturating_add(patience.report) < end.min(now.wall) };
            if is_absent {
                self.extended = now.after(patience.report);
            }
            if !self.is_stopped {
                self.ran = self.ran.saturating_add(gap.min(patience.report));
            }
        }
        self.last = now;
    }

    /// Who is silent and has a partner is compared with it, and is open until it is heard of again; so is who is switched off. One without a
    /// partner has failed when it goes silent: nobody else shows what that means.
    fn fate(&self, now: Time, watch: u64, is_alone: bool, patience: Patience) -> Fate {
        let first = self.receipt.wall.saturating_add(watch);
        let slack = Self::slack(watch, patience);
        let is_over = |last: u64| last.saturating_add(slack) < first;
        if is_alone && self.missed(now, patience).and_then(|silent| silent.after).is_some_and(is_over) {
            return if now.wall < first { Fate::Open } else { Fate::Failed };
        }
        let end = self.end(watch);
        if now.wall < end {
            Fate::Open
        } else if self.failed.is_some_and(|failed| failed.wall <= end) {
            Fate::Failed
        } else if self.last.wall.saturating_add(slack) < end || (self.is_stopped && self.last.wall <= end) {
            Fate::Open
        } else {
            Fate::Well
        }
    }
}

/// What devices reported of one rollout.
#[derive(Clone, Debug)]
pub struct Tally {
    opening: Opening,
    policy: Policy,
    /// When each ring opened, as far as the log goes.
    opened: Vec<u64>,
    /// Devices that gave a receipt before their ring opened, and the number of what they said last.
    early: BTreeMap<[u8; 32], u64>,
    devices: BTreeMap<[u8; 32], Watched>,
    partners: BTreeMap<[u8; 32], Watched>,
    /// The devices of each stratum in each ring, in the order of their receipts.
    rings: BTreeMap<(u8, u16), Vec<[u8; 32]>>,
    /// The partners of each stratum, in the order of theirs.
    beside: BTreeMap<u16, Vec<[u8; 32]>>,
    frontier: Frontier,
    /// When the newest report came.
    newest: Option<Time>,
    /// The logs that devices say they have seen, each with a device that says so.
    seen: BTreeMap<(u64, Hash), [u8; 32]>,
}

/// The most different logs that devices are heard to have seen. There are as many as checkpoints that were shown to them; what is beyond is made up.
const LOGS: usize = 1_024;

impl Tally {
    /// A tally of a rollout that was started. Nothing before that: no device has a ring.
    #[must_use]
    pub fn new(rollout: &Rollout) -> Option<Self> {
        Some(Self {
            opening: rollout.opening(0)?,
            policy: rollout.plan().policy.clone(),
            opened: openings(rollout),
            early: BTreeMap::new(),
            devices: BTreeMap::new(),
            partners: BTreeMap::new(),
            rings: BTreeMap::new(),
            beside: BTreeMap::new(),
            frontier: Frontier::default(),
            newest: None,
            seen: BTreeMap::new(),
        })
    }

    /// The same, where rings opened at these times, whatever the log says.
    #[must_use]
    pub fn with_openings(mut self, opened: Vec<u64>) -> Self {
        self.opened = opened;
        self
    }

    /// Follows the log: rings that opened meanwhile. False where one opened before the newest report, which was counted as if it had not: then
    /// everything is to be counted again.
    #[must_use]
    pub fn follow(&mut self, rollout: &Rollout) -> bool {
        let opened = openings(rollout);
        let new = opened.get(self.opened.len()..).unwrap_or_default();
        let is_in_time = |at: &u64| self.newest.is_none_or(|newest| newest.wall < *at);
        let follows = opened.starts_with(&self.opened) && new.iter().all(is_in_time);
        self.opened = opened;
        follows
    }

    /// The logs that devices say they have seen: entries, their root, and a device that says so. One device may lie; what it says is a reason to
    /// look.
    pub fn seen(&self) -> impl Iterator<Item = (u64, Hash, [u8; 32])> {
        self.seen.iter().map(|((size, root), device)| (*size, *root, *device))
    }

    /// Reports so far, with those that said nothing new.
    #[must_use]
    pub const fn reports(&self) -> u64 {
        self.frontier.size()
    }

    /// Whether a report says something new: it is of this rollout, of a device that takes part, and later than what the device
    /// said before. What is sent twice is counted once.
    #[must_use]
    pub fn is_new(&self, roll: &Roll, received: &Received) -> bool {
        let report = received.report();
        let known = if report.what.is_of_partner() { &self.partners } else { &self.devices };
        let early = self.early.get(&report.device).copied().filter(|_| !report.what.is_of_partner());
        let last = known.get(&report.device).map(|watched| watched.number).or(early);
        let is_later = last.is_none_or(|last| report.number > last);
        report.rollout == self.opening.plan && is_later && roll.stratum(&report.device).is_some()
    }

    /// Counts a report: its bytes, and when it came. Reports come in the order of their times.
    pub fn add(&mut self, roll: &Roll, bytes: &[u8], received: &Received) {
        self.frontier.push(&[&received.at().to_le_bytes(), bytes].concat());
        let now = self.time(received.at());
        self.newest = Some(now);
        if !self.is_new(roll, received) {
            return;
        }
        let report = received.report();
        let of_device = roll.stratum(&report.device).zip(roll.ring_of(&report.device, &self.opening));
        let Some((stratum, ring)) = of_device else { return };
        if report.seen.0 > 0 && self.seen.len() < LOGS {
            self.seen.entry(report.seen).or_insert(report.device);
        }
        let is_partner = report.what.is_of_partner();
        let patience = self.patience();
        let watch = if is_partner {
            // It is watched for as long as the device beside it, whichever that is.
            (0..self.policy.ring_count()).map(|ring| self.watch(ring)).max().unwrap_or(0)
        } else {
            self.watch(ring)
        };
        // A device is watched from when its ring is open, whatever it says before: else it would have been well for all of that time.
        let is_open = is_partner || self.opened.get(usize::from(ring)).is_some_and(|opened| *opened <= received.at());
        let known = if is_partner { &mut self.partners } else { &mut self.devices };
        let Some(watched) = known.get_mut(&report.device) else {
            // What gives no receipt is not watched: one that is well without having been at risk would make others look better.
            let is_receipt = matches!(report.what, What::Receipt | What::PartnerReceipt);
            if !is_open {
                if let Some(last) = self.early.get_mut(&report.device) {
                    *last = report.number;
                } else if is_receipt {
                    self.early.insert(report.device, report.number);
                    // It is nobody's partner from then on, whether it is watched or not.
                    if let Some(partner) = self.partners.get_mut(&report.device) {
                        partner.left = partner.left.min(now.heard);
                    }
                }
                return;
            }
            if is_receipt || self.early.remove(&report.device).is_some() {
                let mut watched = Watched::new(report.number, now);
                watched.is_stopped = matches!(report.what, What::Stopped | What::PartnerStopped);
                watched.failed = matches!(report.what, What::Failed | What::PartnerFailed).then_some(now);
                known.insert(report.device, watched);
                if !is_partner && let Some(partner) = self.partners.get_mut(&report.device) {
                    partner.left = partner.left.min(now.heard);
                }
                let order = if is_partner {
                    self.beside.entry(stratum).or_default()
                } else {
                    self.rings.entry((ring, stratum)).or_default()
                };
                order.push(report.device);
            }
            return;
        };
        watched.number = report.number;
        watched.hears(now, watch, patience);
        watched.is_stopped = matches!(report.what, What::Stopped | What::PartnerStopped);
        if matches!(report.what, What::Failed | What::PartnerFailed) {
            watched.failed.get_or_insert(now);
        }
    }

    fn patience(&self) -> Patience {
        Patience { report: self.policy.report_within(), back: self.policy.return_within() }
    }

    /// A time that is not before the newest report.
    fn time(&self, wall: u64) -> Time {
        let Some(newest) = self.newest else { return Time { wall, heard: 0 } };
        // In half of the time that one device may be silent for, a fleet is heard of many times.
        let listened = wall.saturating_sub(newest.wall).min(self.policy.report_within() / 2);
        Time { wall: wall.max(newest.wall), heard: newest.heard.saturating_add(listened) }
    }

    /// Seconds for which a device of a ring is watched.
    fn watch(&self, ring: u8) -> u64 {
        let class = self.opening.class;
        self.policy.rings().get(usize::from(ring)).map_or(class.bake(), |ring| ring.bake(class))
    }

    /// What the devices of a ring reported by a time: all reports of it and before have been counted, and none that is later.
    #[must_use]
    pub fn evidence(&self, ring: u8, until: u64) -> Evidence {
        let of_ring = self.rings.range((ring, 0)..=(ring, u16::MAX));
        let strata = of_ring.map(|((_, stratum), devices)| (*stratum, self.observed(ring, *stratum, devices, until)));
        Evidence { ring, until, count: self.reports(), reports: self.frontier.root(), strata: strata.collect() }
    }

    fn observed(&self, ring: u8, stratum: u16, devices: &[[u8; 32]], until: u64) -> Observed {
        let (watch, patience, now) = (self.watch(ring), self.patience(), self.time(until));
        let mut sum = Observed::default();
        let mut ran: u64 = 0;
        for (watched, partner) in self.pairs(stratum, devices) {
            sum.receipts = sum.receipts.saturating_add(1);
            sum.reported = sum.reported.saturating_add(u32::from(watched.failed.is_some()));
            ran = ran.saturating_add(watched.ran);
            let is_due = watched.receipt.wall.saturating_add(watch) <= now.wall;
            sum.due = sum.due.saturating_add(u32::from(is_due));
            let fate = watched.fate(now, watch, partner.is_none(), patience);
            match fate {
                Fate::Open => {}
                Fate::Well => sum.settled = sum.settled.saturating_add(1),
                Fate::Failed => {
                    sum.settled = sum.settled.saturating_add(1);
                    sum.failed = sum.failed.saturating_add(1);
                }
            }
            // Whoever failed and said so is not missed.
            let is_missed = fate != Fate::Well && watched.failed.is_none() && watched.is_missing(now, patience);
            sum.silent = sum.silent.saturating_add(u32::from(is_due && is_missed && !watched.is_stopped));
            if let Some(partner) = partner {
                pair(&mut sum, watched, partner, now, watch, patience);
            }
        }
        sum.minutes = ran / 60;
        sum
    }

    /// Each device, with a partner of its stratum whose receipt came at about the same time where there is one, in the order of receipts. What
    /// comes later changes no pair that is made, and makes none for a device that could be silent by then.
    fn pairs(&self, stratum: u16, devices: &[[u8; 32]]) -> Vec<(&Watched, Option<&Watched>)> {
        let within = self.policy.report_within();
        let partners = self.beside.get(&stratum).map_or(&[][..], Vec::as_slice);
        let mut old = partners.iter().filter_map(|key| self.partners.get(key)).peekable();
        let new = devices.iter().filter_map(|key| self.devices.get(key));
        new.map(|one| {
            let is_earlier = |other: &&Watched| other.receipt.wall.saturating_add(within) < one.receipt.wall;
            while old.next_if(is_earlier).is_some() {}
            let is_near = |other: &&Watched| other.receipt.wall <= one.receipt.wall.saturating_add(within);
            (one, old.next_if(is_near))
        })
        .collect()
    }
}

/// When each ring of a rollout opened.
fn openings(rollout: &Rollout) -> Vec<u64> {
    rollout.opened().iter().map(|opened| opened.at).collect()
}

/// Adds what a pair shows: both are watched from the later receipt on, for as long as the ring asks, or until the partner takes the release
/// itself; and where one comes back after that, until it is known how it is.
fn pair(sum: &mut Observed, new: &Watched, old: &Watched, now: Time, watch: u64, patience: Patience) {
    let start = new.receipt.heard.max(old.receipt.heard);
    let end = start.saturating_add(watch);
    let arm = |arm: &mut Arm, one: &Watched| {
        let end = end.max(one.extended.heard).min(old.left);
        let failed = one.failed.map(|failed| failed.heard).filter(|failed| *failed <= end);
        let silent = || one.missed(now, patience).map(|silent| silent.at);
        let last = failed.or_else(silent).unwrap_or(end).min(end).min(now.heard);
        arm.minutes = arm.minutes.saturating_add(last.saturating_sub(start) / 60);
        arm.failures = arm.failures.saturating_add(u32::from(failed.is_some()));
    };
    arm(&mut sum.new, new);
    arm(&mut sum.old, old);
    let silent = |one: &Watched| {
        let silent = one.missed(now, patience).filter(|silent| silent.since <= end && silent.at <= old.left);
        silent.map(|silent| silent.at)
    };
    match (silent(new), silent(old)) {
        (Some(first), other) if other.is_none_or(|other| first < other) => {
            sum.new_silent = sum.new_silent.saturating_add(1);
        }
        (one, Some(first)) if one.is_none_or(|one| first < one) => sum.old_silent = sum.old_silent.saturating_add(1),
        _ => {}
    }
    if old.left == u64::MAX {
        let is_missing = |one: &Watched| one.failed.is_none() && one.is_missing(now, patience);
        match (is_missing(new), is_missing(old)) {
            (true, false) => sum.new_missing = sum.new_missing.saturating_add(1),
            (false, true) => sum.old_missing = sum.old_missing.saturating_add(1),
            _ => {}
        }
    }
}
