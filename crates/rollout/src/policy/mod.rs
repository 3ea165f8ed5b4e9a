//! The policy of rollouts: rings, clocks and tests, as an operator writes them. It is part of every plan, so it is in the log, and
//! witnesses compute with what is there.
//!
//! ```toml
//! name = "standard"
//! report-within = "1h"
//! halt-error = 0.001
//! silence = { odds = 5.0, error = 0.001, most = 0.02 }
//!
//! [[ring]]
//! name = "dogfood"
//! share = "0.1%"
//! bake = "4h"
//! bake-urgent = "30m"
//! every = 10
//!
//! [[ring]]
//! name = "early"
//! share = "1%"
//! bake = "24h"
//! bake-urgent = "2h"
//! accept = { good = 0.001, bad = 0.05, error = 0.001 }
//! ```
//!
//! The last ring has neither a share nor a test: it is what the others leave.

mod file;
mod refusal;
mod ring;
mod when;

use contentcheck_log::floors::are_safe;
use contentcheck_log::limits::RINGS;

use crate::codec::{Reader, Writer};
use crate::statistics::Pairs;

pub use refusal::NoPolicy;
pub use ring::{Part, Ring, Rule};
pub use when::{Blackout, Rate};

use refusal::{check_name, value};

/// Bytes of the largest policy that is read.
pub const POLICY_BYTES: usize = 64 << 10;
const NAME_BYTES: usize = 64;
/// A whole, in parts of a billion.
const WHOLE: u32 = 1_000_000_000;
/// The longest time that a policy may name, in seconds: ninety days.
const LONGEST: u32 = 90 * 24 * 60 * 60;
/// A device that reports nothing for longer than this cannot be told from one that is switched off.
const REPORT_WITHIN: core::ops::RangeInclusive<u32> = 60..=7 * 24 * 60 * 60;
/// Hours that a device runs good content between two failures: from four days to eleven thousand years.
const HOURS: core::ops::RangeInclusive<u32> = 100..=100_000_000;
/// The largest error that a test may have: one in twenty.
const ERROR: u32 = WHOLE / 20;

/// What the parts of a share may be off by: each is rounded down by itself.
const fn rounded(share: u64) -> u64 {
    share / 1_000_000
}

/// The policy of rollouts. Made by reading one alone, so each is within the floors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    name: String,
    rings: Vec<Ring>,
    report_within: u32,
    return_within: u32,
    hours_between_failures: u32,
    halt_error: Part,
    odds: u32,
    silence_error: Part,
    silent_most: Part,
    blackouts: Vec<Blackout>,
    rate: Option<Rate>,
}

impl Policy {
    /// The policy of `contentcheck rollout init`: five rings, within what research and practice of staged deployment ask for.
    pub const STANDARD: &'static str = include_str!("standard.toml");

    /// The policy for a fleet of 1,000 to 25,000 devices.
    pub const SMALL: &'static str = include_str!("small.toml");

    /// Whether it is within its ranges and the floors.
    fn check(&self) -> Result<(), NoPolicy> {
        check_name(&self.name, "`name`")?;
        if self.rings.is_empty() || self.rings.len() >= RINGS {
            return Err(value("`ring`", &format!("there 2 to {RINGS} times")));
        }
        let rises = self.rings.is_sorted_by(|before, after| before.share < after.share);
        if !rises || self.rings.iter().any(|ring| ring.share == 0) {
            return Err(value("`share`", "larger from ring to ring: it counts the rings before too"));
        }
        are_safe(self.shares().into_iter()).map_err(NoPolicy::Unsafe)?;
        for ring in &self.rings {
            ring.check()?;
        }
        if !REPORT_WITHIN.contains(&self.report_within) {
            return Err(value("`report-within`", "one minute at least, and seven days at most"));
        }
        if self.rings.iter().any(|ring| ring.bake_urgent < self.report_within) {
            return Err(value(
                "`report-within`",
                "no longer than any ring is open: else nothing would be settled by then",
            ));
        }
        if self.return_within < self.report_within || self.return_within > LONGEST {
            return Err(value("`return-within`", "as long as `report-within` at least, and ninety days at most"));
        }
        if !HOURS.contains(&self.hours_between_failures) {
            return Err(value("`hours-between-failures`", "between 100 and 100,000,000"));
        }
        if self.silent_most > Part(WHOLE / 4) {
            return Err(value("`silence.most`", "0.25 at most: with more of them nobody knows how the ring is"));
        }
        for (error, what) in [(self.halt_error, "`halt-error`"), (self.silence_error, "`silence.error`")] {
            if error == Part(0) || error > Part(ERROR) {
                return Err(value(what, "above 0, and 0.05 at most"));
            }
        }
        if !(150..=10_000).contains(&self.odds) {
            return Err(value("`silence.odds`", "between 1.5 and 100"));
        }
        Blackout::check(&self.blackouts)?;
        self.rate.map_or(Ok(()), |rate| rate.check(self))
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rings but the last.
    #[must_use]
    pub fn rings(&self) -> &[Ring] {
        &self.rings
    }

    /// The number of rings, the last one with them.
    #[must_use]
    pub fn ring_count(&self) -> u8 {
        // A policy has fewer than 16.
        u8::try_from(self.rings.len()).unwrap_or(u8::MAX).saturating_add(1)
    }

    /// The share of the fleet in each ring but the last and those before, of 2^32.
    #[must_use]
    pub fn shares(&self) -> Vec<u32> {
        self.rings.iter().map(|ring| ring.share).collect()
    }

    /// Where a ring begins and ends in the order of a rollout, between 0 and 1.
    #[must_use]
    pub fn span_of(&self, ring: u8) -> (f64, f64) {
        let until = |ring: usize| self.rings.get(ring).map_or(1.0, |ring| f64::from(ring.share) / 4_294_967_296.0);
        let at = usize::from(ring);
        (at.checked_sub(1).map_or(0.0, until), until(at))
    }

    /// The share of the fleet in one ring, between 0 and 1.
    #[must_use]
    pub fn share_of(&self, ring: u8) -> f64 {
        let (from, until) = self.span_of(ring);
        until - from
    }

    /// Seconds for which a device that runs may say nothing.
    #[must_use]
    pub const fn report_within(&self) -> u64 {
        self.report_within as u64
    }

    /// Seconds for which a device that stopped in good order may stay away.
    #[must_use]
    pub const fn return_within(&self) -> u64 {
        self.return_within as u64
    }

    /// Hours that a device runs good content between two failures, at least.
    #[must_use]
    pub fn hours_between_failures(&self) -> f64 {
        f64::from(self.hours_between_failures)
    }

    /// The share of devices that may be silent when a ring opens, whatever their partners do.
    #[must_use]
    pub fn silent_most(&self) -> f64 {
        self.silent_most.value()
    }

    /// How often good content may be halted by the comparison of failures with devices that keep their content.
    #[must_use]
    pub fn halt_error(&self) -> f64 {
        self.halt_error.value()
    }

    /// How many times the odds of going silent make content bad, and how often the test of that may be wrong, over all groups.
    #[must_use]
    pub fn silence_test(&self) -> (f64, f64) {
        (f64::from(self.odds) / 100.0, self.silence_error.value())
    }

    /// The times of the week at which no ring opens.
    #[must_use]
    pub fn blackouts(&self) -> &[Blackout] {
        &self.blackouts
    }

    /// How much of the fleet may be let in within a time, over all rollouts.
    #[must_use]
    pub const fn rate(&self) -> Option<Rate> {
        self.rate
    }

    /// The test of devices that go silent, where so many groups are asked: the error is that of all of them together.
    #[must_use]
    pub fn silence(&self, groups: u32) -> Option<Pairs> {
        let (odds, error) = self.silence_test();
        let error = error / f64::from(groups.max(1));
        Pairs::new(odds, error, error).ok()
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        to.bytes(self.name.as_bytes());
        to.list(&self.rings, |to, ring| ring.write(to));
        to.u32(self.report_within);
        to.u32(self.return_within);
        to.u32(self.hours_between_failures);
        to.u32(self.halt_error.0);
        to.u32(self.odds);
        to.u32(self.silence_error.0);
        to.u32(self.silent_most.0);
        Blackout::write_all(&self.blackouts, to);
        if let Some(rate) = self.rate {
            rate.write(to);
        }
    }

    pub(crate) fn decode(from: &mut Reader<'_>, has_rate: bool) -> Option<Self> {
        let policy = Self {
            name: from.text(NAME_BYTES)?,
            rings: from.list(RINGS, Ring::read)?,
            report_within: from.u32()?,
            return_within: from.u32()?,
            hours_between_failures: from.u32()?,
            halt_error: Part(from.u32()?),
            odds: from.u32()?,
            silence_error: Part(from.u32()?),
            silent_most: Part(from.u32()?),
            blackouts: Blackout::read_all(from)?,
            rate: if has_rate { Some(Rate::read(from)?) } else { None },
        };
        policy.check().ok().map(|()| policy)
    }
}

#[cfg(test)]
mod tests {
    use contentcheck_log::floors::Unsafe;

    use super::*;

    #[test]
    fn the_standard_policy_is_one() {
        let policy = Policy::read(Policy::STANDARD);
        let needed: Option<Vec<u64>> = policy.ok().map(|policy| policy.rings().iter().map(Ring::needed).collect());
        assert_eq!(needed, Some(vec![10, 138, 1_406, 5_103]));
        let small = Policy::read(Policy::SMALL);
        let needed: Option<Vec<u64>> = small.ok().map(|policy| policy.rings().iter().map(Ring::needed).collect());
        assert_eq!(needed, Some(vec![3, 29, 138]));
    }

    #[test]
    fn a_policy_below_a_floor_is_none() {
        let changes = [
            ("share = \"10%\"", "share = \"11%\"", "tenfold"),
            ("share = \"50%\"", "share = \"40%\"", "half"),
            ("bake = \"4h\"", "bake = \"3h\"", "240 minutes"),
            ("bake-urgent = \"30m\"", "bake-urgent = \"29m\"", "30 minutes"),
            ("every = 10", "every = 0", "shows nothing"),
            ("every = 10", "", "there, or `accept`"),
            ("bad = 0.05", "bad = 0.5", "0.1 at most"),
            ("error = 0.001, most", "error = 0.5, most", "0.05 at most"),
            ("most = 0.02", "most = 0.3", "0.25 at most"),
            ("return-within = \"4d\"", "return-within = \"20m\"", "as long as"),
            ("hours-between-failures = 100_000", "hours-between-failures = 99", "between 100"),
            ("report-within = \"30m\"", "report-within = \"31m\"", "no longer than"),
            ("name = \"rest\"", "name = \"rest\"\nshare = \"100%\"", "without share"),
        ];
        for (from, to, says) in changes {
            assert!(Policy::STANDARD.contains(from), "{from}");
            let changed = Policy::STANDARD.replacen(from, to, 1);
            let why = Policy::read(&changed).map_or_else(|why| why.to_string(), |_| "taken".to_owned());
            assert!(why.contains(says), "{to}: {why}");
        }
        let wide = Policy::STANDARD.replacen("\"0.1%\"", "\"1.1%\"", 1).replacen("\"1%\"", "\"5%\"", 1);
        assert_eq!(Policy::read(&wide), Err(NoPolicy::Unsafe(Unsafe::First)));
    }

    #[test]
    fn what_is_at_a_bound_in_percent_is_within_it() {
        for (tenth, half) in [("10%", "60%"), ("9.9%", "59.9%"), ("7.3%", "57.3%")] {
            let text = Policy::STANDARD.replacen("\"10%\"", &format!("\"{tenth}\""), 1);
            let text = text.replacen("\"50%\"", &format!("\"{half}\""), 1);
            assert!(Policy::read(&text).is_ok(), "{tenth} {half}: {:?}", Policy::read(&text));
        }
    }

    #[test]
    fn a_blackout_may_go_over_the_end_of_a_week() {
        let text = format!("{}\n[[blackout]]\nfrom = \"fri 16:00\"\nuntil = \"mon 06:00\"\n", Policy::STANDARD);
        let shown = Policy::read(&text).map(|policy| policy.blackouts().first().map(ToString::to_string));
        assert_eq!(shown, Ok(Some("fri 16:00 to mon 06:00 UTC".to_owned())));
        let is_closed =
            |time| Policy::read(&text).map(|policy| policy.is_blackout_at(time)).map_err(|why| why.to_string());
        // Friday, 27 November 2026, 15:59 and 16:00; Monday, 30 November, 05:59 and 06:00.
        let times = [1_795_795_140, 1_795_795_200, 1_796_018_340, 1_796_018_400];
        assert_eq!(times.map(is_closed), [Ok(false), Ok(true), Ok(true), Ok(false)]);
        let never = format!(
            "{}\n[[blackout]]\nfrom = \"mon 00:00\"\nuntil = \"sun 00:00\"\n[[blackout]]\nfrom = \"sat 00:00\"\nuntil = \"mon 01:00\"\n",
            Policy::STANDARD
        );
        assert!(Policy::read(&never).is_err());
    }
}
