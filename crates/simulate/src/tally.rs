//! What shards count. Counts are added up, so neither their order nor who counted matters.

use contentcheck_rollout::entry::{Arm, Observed};

/// Where a device is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// It has the content of before, and nothing is due.
    #[default]
    Idle,
    /// It will take the release.
    Waiting,
    /// The release runs.
    Runs,
    /// It is switched off, in good order.
    Off,
    /// It is down, and comes back by itself.
    Down,
    /// It is down until somebody comes.
    Stuck,
    /// It has taken the release, and runs older content.
    Back,
    /// It has what replaced the release.
    Fixed,
}

/// Phases.
pub(crate) const PHASES: usize = 8;

/// Of one arm of pairs: failures, those that are watched now, and the sum of the minutes at which watching ended less that of those
/// at which it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watched {
    pub(crate) failures: i64,
    active: i64,
    minutes: i64,
}

impl Watched {
    pub(crate) const fn begin(&mut self, minute: u32) {
        self.active += 1;
        self.minutes -= minute as i64;
    }

    pub(crate) const fn end(&mut self, minute: u32) {
        self.active -= 1;
        self.minutes += minute as i64;
    }

    fn arm(self, until: u32) -> Arm {
        let minutes = self.minutes + self.active * i64::from(until);
        Arm { failures: count(self.failures), minutes: u64::try_from(minutes).unwrap_or(0) }
    }

    const fn add(&mut self, other: Self) {
        self.failures += other.failures;
        self.active += other.active;
        self.minutes += other.minutes;
    }
}

/// Devices and partners that are missing now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Devices that are due, not settled, and silent.
    pub(crate) silent: i64,
    /// Pairs of which only the device with the release is missing, and of which only the partner is.
    pub(crate) new: i64,
    pub(crate) old: i64,
}

impl Missing {
    pub(crate) const fn add(&mut self, other: Self) {
        self.silent += other.silent;
        self.new += other.new;
        self.old += other.old;
    }

    /// What has to be added to it to make another one of it.
    pub(crate) const fn to(self, other: Self) -> Self {
        Self { silent: other.silent - self.silent, new: other.new - self.new, old: other.old - self.old }
    }
}

fn count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// What devices of one stratum in one ring reported, as a collector counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) receipts: i64,
    pub(crate) due: i64,
    pub(crate) settled: i64,
    pub(crate) failed: i64,
    pub(crate) reported: i64,
    /// What runs the release and has not failed.
    pub(crate) ran: Watched,
    pub(crate) new: Watched,
    pub(crate) old: Watched,
    pub(crate) new_silent: i64,
    pub(crate) old_silent: i64,
    /// Those that are missing now.
    pub(crate) missing: Missing,
    /// Devices that said that they have finished, for tools that ask.
    pub(crate) finished: i64,
}

impl Cell {
    pub(crate) const fn add(&mut self, other: &Self) {
        let Self { receipts, due, settled, failed, reported, ran, new, old, new_silent, old_silent, missing, finished } =
            *other;
        self.receipts += receipts;
        self.due += due;
        self.ran.add(ran);
        self.missing.add(missing);
        self.settled += settled;
        self.failed += failed;
        self.reported += reported;
        self.new.add(new);
        self.old.add(old);
        self.new_silent += new_silent;
        self.old_silent += old_silent;
        self.finished += finished;
    }

    pub(crate) fn observed(&self, until: u32) -> Observed {
        Observed {
            receipts: count(self.receipts),
            due: count(self.due),
            minutes: self.ran.arm(until).minutes,
            settled: count(self.settled),
            failed: count(self.failed),
            reported: count(self.reported),
            new: self.new.arm(until),
            old: self.old.arm(until),
            new_silent: count(self.new_silent),
            old_silent: count(self.old_silent),
            silent: count(self.missing.silent),
            new_missing: count(self.missing.new),
            old_missing: count(self.missing.old),
        }
    }
}

/// All counts of one part of a fleet, in one stretch of time or in all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    /// For each ring the cells of its strata.
    pub(crate) cells: Vec<Cell>,
    strata: usize,
    pub(crate) phases: [i64; PHASES],
    /// Devices that took the release.
    pub(crate) touched: i64,
    /// Devices that were ever down because of it.
    pub(crate) hurt: i64,
    /// Devices that somebody had to go to.
    pub(crate) by_hand: i64,
    /// Devices that are down now.
    pub(crate) down: i64,
    /// As in [`Watched`]: with those that are down now, the minutes that were lost.
    pub(crate) lost: i64,
    /// Devices that fetched in each minute of the stretch.
    pub(crate) fetched: Vec<i64>,
    pub(crate) events: i64,
}

impl Tally {
    pub(crate) fn new(rings: usize, strata: usize, minutes: usize) -> Self {
        Self {
            cells: vec![Cell::default(); rings * strata],
            strata,
            phases: [0; PHASES],
            touched: 0,
            hurt: 0,
            by_hand: 0,
            down: 0,
            lost: 0,
            fetched: vec![0; minutes],
            events: 0,
        }
    }

    pub(crate) fn cell(&mut self, ring: u8, stratum: u8) -> Option<&mut Cell> {
        self.cells.get_mut(usize::from(ring) * self.strata + usize::from(stratum))
    }

    /// The cells of a ring, in the order of strata.
    pub(crate) fn ring(&self, ring: u8) -> &[Cell] {
        let from = usize::from(ring) * self.strata;
        self.cells.get(from..from + self.strata).unwrap_or(&[])
    }

    pub(crate) fn moved(&mut self, from: Phase, to: Phase) {
        if let Some(count) = self.phases.get_mut(from as usize) {
            *count -= 1;
        }
        if let Some(count) = self.phases.get_mut(to as usize) {
            *count += 1;
        }
    }

    pub(crate) const fn lost_until(&self, minute: u32) -> i64 {
        self.lost + self.down * minute as i64
    }

    /// Adds what another one counted, and forgets it there.
    pub(crate) fn take(&mut self, other: &mut Self) {
        for (to, from) in self.cells.iter_mut().zip(&mut other.cells) {
            to.add(from);
            *from = Cell::default();
        }
        for (to, from) in self.phases.iter_mut().zip(&mut other.phases) {
            *to += core::mem::take(from);
        }
        for (to, from) in self.fetched.iter_mut().zip(&mut other.fetched) {
            *to += core::mem::take(from);
        }
        let take = core::mem::take::<i64>;
        self.touched += take(&mut other.touched);
        self.hurt += take(&mut other.hurt);
        self.by_hand += take(&mut other.by_hand);
        self.down += take(&mut other.down);
        self.lost += take(&mut other.lost);
        self.events += take(&mut other.events);
    }
}
