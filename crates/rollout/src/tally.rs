//! Counting: what reports of devices come to. A collector counts to make evidence, a witness counts the same reports again before it signs,
//! and both by this.

use std::collections::BTreeMap;

use contentcheck_log::Opening;
use contentcheck_log::write::Frontier;

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

    /// The number of the stratum of a device that takes part.
    fn stratum(&self, key: &[u8; 32]) -> Option<u16> {
        let at = self.devices.binary_search_by(|device| device.key.cmp(key)).ok()?;
        let device = self.devices.get(at).filter(|device| !device.held)?;
        let stratum = self.census.strata.binary_search_by(|stratum| stratum.name.cmp(&device.stratum)).ok()?;
        u16::try_from(stratum).ok()
    }
}

/// A device that is watched, from its receipt on.
#[derive(Clone, Copy, Debug)]
struct Watched {
    number: u64,
    receipt: u64,
    failed: Option<u64>,
    /// When it was first silent for longer than a device may be.
    silent: Option<u64>,
    /// From when on it is silent, if nothing more comes.
    patience: u64,
    /// When it stopped in good order, where it has not been heard of since.
    stopped: Option<u64>,
    /// Whether it stopped while it was watched, and came back later than it was waited for.
    is_given_up: bool,
}

/// What became of a device by the end of its watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    Well,
    Failed,
}

impl Watched {
    /// When it was silent for longer than a device may be, as it looks at `until`.
    fn silent_by(&self, until: u64) -> Option<u64> {
        self.silent.or(Some(self.patience)).filter(|silent| *silent < until)
    }

    fn fate(&self, until: u64, watch: u64) -> Fate {
        let end = self.receipt.saturating_add(watch);
        let is_by_end = |time: u64| time <= end;
        if until < end {
            Fate::Open
        } else if self.is_given_up || self.failed.is_some_and(is_by_end) || self.silent.is_some_and(is_by_end) {
            Fate::Failed
        } else if self.stopped.is_some_and(is_by_end) {
            // Nobody knows how a device is that is switched off. One that does not come back has failed.
            if self.patience < until { Fate::Failed } else { Fate::Open }
        } else if self.silent_by(until).is_some_and(is_by_end) {
            Fate::Failed
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
    devices: BTreeMap<[u8; 32], Watched>,
    partners: BTreeMap<[u8; 32], Watched>,
    /// The devices of each stratum in each ring, in the order of their receipts.
    rings: BTreeMap<(u8, u16), Vec<[u8; 32]>>,
    /// The partners of each stratum, in the order of theirs.
    beside: BTreeMap<u16, Vec<[u8; 32]>>,
    frontier: Frontier,
}

impl Tally {
    /// A tally of a rollout that was started. Nothing before that: no device has a ring.
    #[must_use]
    pub fn new(rollout: &Rollout) -> Option<Self> {
        Some(Self {
            opening: rollout.opening(0)?,
            policy: rollout.plan().policy.clone(),
            devices: BTreeMap::new(),
            partners: BTreeMap::new(),
            rings: BTreeMap::new(),
            beside: BTreeMap::new(),
            frontier: Frontier::default(),
        })
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
        let is_later = known.get(&report.device).is_none_or(|watched| report.number > watched.number);
        report.rollout == self.opening.plan && is_later && roll.stratum(&report.device).is_some()
    }

    /// Counts a report: its bytes, and when it came. Reports come in the order of their times.
    pub fn add(&mut self, roll: &Roll, bytes: &[u8], received: &Received) {
        self.frontier.push(&[&received.at().to_le_bytes(), bytes].concat());
        if !self.is_new(roll, received) {
            return;
        }
        let (report, at) = (received.report(), received.at());
        let Some(stratum) = roll.stratum(&report.device) else { return };
        let is_partner = report.what.is_of_partner();
        let ring = self.opening.ring_of(&report.device);
        let (patience, longest) = (self.policy.report_within(), self.watch(ring));
        let known = if is_partner { &mut self.partners } else { &mut self.devices };
        let Some(watched) = known.get_mut(&report.device) else {
            // What gives no receipt is not watched: one that is well without having been at risk would make others look better.
            if matches!(report.what, What::Receipt | What::PartnerReceipt) {
                let patience = at.saturating_add(patience);
                let new = Watched {
                    number: report.number,
                    receipt: at,
                    failed: None,
                    silent: None,
                    patience,
                    stopped: None,
                    is_given_up: false,
                };
                known.insert(report.device, new);
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
        if at > watched.patience {
            watched.silent.get_or_insert(watched.patience);
            // What was told as failed stays so: counts of evidence only rise.
            let end = watched.receipt.saturating_add(longest);
            watched.is_given_up |= watched.stopped.is_some_and(|stopped| stopped <= end);
        }
        let stops = matches!(report.what, What::Stopped | What::PartnerStopped);
        watched.stopped = stops.then_some(at);
        watched.patience = at.saturating_add(if stops { longest } else { patience });
        if matches!(report.what, What::Failed | What::PartnerFailed) {
            watched.failed.get_or_insert(at);
        }
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
        let watch = self.watch(ring);
        let mut sum = Observed::default();
        for watched in devices.iter().filter_map(|key| self.devices.get(key)) {
            sum.receipts = sum.receipts.saturating_add(1);
            sum.reported = sum.reported.saturating_add(u32::from(watched.failed.is_some()));
            match watched.fate(until, watch) {
                Fate::Open => {}
                Fate::Well => sum.settled = sum.settled.saturating_add(1),
                Fate::Failed => {
                    sum.settled = sum.settled.saturating_add(1);
                    sum.failed = sum.failed.saturating_add(1);
                }
            }
        }
        for (new, old) in self.pairs(stratum, devices) {
            pair(&mut sum, new, old, until, watch);
        }
        sum
    }

    /// Each device with a partner of its stratum whose receipt came at about the same time, in the order of receipts. What comes
    /// later changes no pair that is made.
    fn pairs(&self, stratum: u16, devices: &[[u8; 32]]) -> Vec<(&Watched, &Watched)> {
        let within = self.policy.report_within();
        let partners = self.beside.get(&stratum).map_or(&[][..], Vec::as_slice);
        let mut new = devices.iter().filter_map(|key| self.devices.get(key)).peekable();
        let mut old = partners.iter().filter_map(|key| self.partners.get(key)).peekable();
        let mut pairs = Vec::new();
        while let (Some(one), Some(other)) = (new.peek().copied(), old.peek().copied()) {
            if one.receipt.abs_diff(other.receipt) <= within {
                pairs.push((one, other));
                new.next();
                old.next();
            } else if one.receipt < other.receipt {
                new.next();
            } else {
                old.next();
            }
        }
        pairs
    }
}

/// Adds what a pair shows: both are watched from the later receipt on, for as long as the ring asks.
fn pair(sum: &mut Observed, new: &Watched, old: &Watched, until: u64, watch: u64) {
    let start = new.receipt.max(old.receipt);
    let end = start.saturating_add(watch).min(until);
    let is_within = |time: u64| time <= end;
    let arm = |arm: &mut Arm, one: &Watched| {
        let failed = one.failed.filter(|failed| is_within(*failed));
        let last = failed.or(one.silent_by(until)).map_or(end, |last| last.min(end));
        arm.minutes = arm.minutes.saturating_add(last.saturating_sub(start) / 60);
        arm.failures = arm.failures.saturating_add(u32::from(failed.is_some()));
    };
    arm(&mut sum.new, new);
    arm(&mut sum.old, old);
    let silent = |one: &Watched| one.silent_by(until).filter(|silent| is_within(*silent));
    match (silent(new), silent(old)) {
        (Some(first), other) if other.is_none_or(|other| first < other) => {
            sum.new_silent = sum.new_silent.saturating_add(1);
        }
        (one, Some(first)) if one.is_none_or(|one| first < one) => sum.old_silent = sum.old_silent.saturating_add(1),
        _ => {}
    }
}
