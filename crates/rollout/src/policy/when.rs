//! When rings may open: never in a blackout, and no faster than the rate limit.

use super::refusal::value;
use super::{LONGEST, NoPolicy, Policy, rounded};
use crate::codec::{Reader, Writer};

/// Minutes of a week.
const WEEK: u16 = 7 * 24 * 60;
const BLACKOUTS: usize = 64;
pub(super) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// The whole of a fleet, in the parts that shares are counted in.
const FLEET: u64 = 1 << 32;
/// The shortest time that a rate limit may count, in seconds.
const HOUR: u32 = 60 * 60;

/// A time of the week at which no ring opens, in UTC. It may go over the end of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blackout {
    /// Minutes since Monday, 00:00.
    pub from: u16,
    /// The same: the first minute at which rings open again.
    pub until: u16,
}

/// As it is written in a policy: `fri 16:00 to mon 06:00 UTC`.
impl core::fmt::Display for Blackout {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let place = |at: u16| (DAYS.get(usize::from(at / (24 * 60))).unwrap_or(&"?"), at / 60 % 24, at % 60);
        let ((from, from_hour, from_minute), (until, until_hour, until_minute)) = (place(self.from), place(self.until));
        write!(f, "{from} {from_hour:02}:{from_minute:02} to {until} {until_hour:02}:{until_minute:02} UTC")
    }
}

impl Blackout {
    const fn holds(self, minute: u16) -> bool {
        let Self { from, until } = self;
        if from < until { from <= minute && minute < until } else { minute >= from || minute < until }
    }

    pub(super) fn write_all(all: &[Self], to: &mut Writer) {
        to.list(all, |to, Self { from, until }| {
            to.u16(*from);
            to.u16(*until);
        });
    }

    pub(super) fn read_all(from: &mut Reader<'_>) -> Option<Vec<Self>> {
        from.list(BLACKOUTS, |from| Some(Self { from: from.u16()?, until: from.u16()? }))
    }

    pub(super) fn check(all: &[Self]) -> Result<(), NoPolicy> {
        let is_window = |window: &Self| window.from != window.until && window.from < WEEK && window.until < WEEK;
        if all.len() > BLACKOUTS || !all.iter().all(is_window) {
            return Err(value(
                "`blackout`",
                &format!("there {BLACKOUTS} times at most, each with an end that is not its start"),
            ));
        }
        if (0..WEEK).all(|minute| all.iter().any(|blackout| blackout.holds(minute))) {
            return Err(value("`blackout`", "short enough that rings can open at all"));
        }
        Ok(())
    }
}

/// How much of the fleet may be let in within a time: the rings that open within it, of whichever rollout, hold no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The share of the fleet, of 2^32: at most all of it.
    pub share: u64,
    /// Seconds.
    pub within: u32,
}

/// As people say it: `50% of the fleet within 24h`.
impl core::fmt::Display for Rate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // To a millionth, which is what it is rounded to.
        let percent = libm::round(self.share as f64 / FLEET as f64 * 1e6) / 1e4;
        let (number, unit) = match self.within {
            seconds if seconds % (24 * HOUR) == 0 => (seconds / (24 * HOUR), 'd'),
            seconds if seconds % HOUR == 0 => (seconds / HOUR, 'h'),
            seconds if seconds % 60 == 0 => (seconds / 60, 'm'),
            seconds => (seconds, 's'),
        };
        write!(f, "{percent}% of the fleet within {number}{unit}")
    }
}

impl Rate {
    /// Whether a ring with a share of the fleet may open at a time, after those that opened: each with its time and its share.
    #[must_use]
    pub fn allows(&self, opened: &[(u64, u64)], ring: u64, at: u64) -> bool {
        let counts = |opened: u64| opened.saturating_add(self.within.into()) > at;
        let before = opened.iter().filter(|(opened, _)| counts(*opened)).map(|(_, share)| share);
        let all = before.fold(ring, |all, share| all.saturating_add(*share));
        // Shares were rounded, each on its own.
        all <= self.share.saturating_add(rounded(self.share))
    }

    /// The first time, from this one on, at which it may: when enough of the others opened too long ago to count.
    #[must_use]
    pub fn allows_from(&self, opened: &[(u64, u64)], ring: u64, at: u64) -> u64 {
        let ends = opened.iter().map(|(opened, _)| opened.saturating_add(self.within.into()));
        let mut times: Vec<u64> = ends.filter(|end| *end > at).chain([at]).collect();
        times.sort_unstable();
        let first = times.iter().find(|at| self.allows(opened, ring, **at));
        // A ring alone is within the limit.
        first.or(times.last()).copied().unwrap_or(at)
    }

    pub(super) fn write(self, to: &mut Writer) {
        to.u64(self.share);
        to.u32(self.within);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self { share: from.u64()?, within: from.u32()? })
    }

    pub(super) fn check(self, policy: &Policy) -> Result<(), NoPolicy> {
        let largest = (0..policy.ring_count()).map(|ring| policy.parts_of(ring)).max().unwrap_or(FLEET);
        if self.share > FLEET || !self.allows(&[], largest, 0) {
            let percent = libm::round(largest as f64 / FLEET as f64 * 1e6) / 1e4;
            let range = format!("at least that of the largest ring, which is {percent}%, and 100% at most");
            return Err(value("`rate-limit.share`", &range));
        }
        if !(HOUR..=LONGEST).contains(&self.within) {
            return Err(value("`rate-limit.within`", "one hour at least, and ninety days at most"));
        }
        Ok(())
    }
}

impl Policy {
    /// Whether no ring opens at a time, in seconds since 1970.
    #[must_use]
    pub fn is_blackout_at(&self, time: u64) -> bool {
        // The first of January 1970 was a Thursday. The remainder is less than a week.
        let minute = ((time / 60 + 3 * 24 * 60) % u64::from(WEEK)) as u16;
        self.blackouts.iter().any(|blackout| blackout.holds(minute))
    }

    /// The first time, from this one on, that is in no blackout.
    pub(crate) fn end_of_blackout(&self, at: u64) -> Option<u64> {
        let mut minutes = (0..=u64::from(WEEK)).map(|minute| if minute == 0 { at } else { (at / 60 + minute) * 60 });
        minutes.find(|at| !self.is_blackout_at(*at))
    }

    /// The share of the fleet in one ring, of 2^32.
    #[must_use]
    pub fn parts_of(&self, ring: u8) -> u64 {
        let until = |ring: usize| self.rings.get(ring).map_or(FLEET, |ring| ring.share.into());
        let at = usize::from(ring);
        until(at).saturating_sub(at.checked_sub(1).map_or(0, until))
    }
}
