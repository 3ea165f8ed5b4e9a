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

use core::fmt;
use core::ops::Range;

use contentcheck_log::Class;
use contentcheck_log::floors::{Unsafe, are_safe};
use contentcheck_log::limits::RINGS;
use serde::Deserialize;

use crate::codec::{Reader, Writer};
use crate::statistics::{NoDesign, Pairs, Sprt};

/// Bytes of the largest policy that is read.
pub const POLICY_BYTES: usize = 64 << 10;
const NAME_BYTES: usize = 64;
const BLACKOUTS: usize = 64;
/// Minutes of a week.
const WEEK: u16 = 7 * 24 * 60;
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

/// A part of a whole, in parts of a billion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part(pub u32);

impl Part {
    /// As a number between 0 and 1.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE)
    }

    fn of(value: f64) -> Option<Self> {
        // Both bounds are checked, so the number fits.
        (0.0..=1.0).contains(&value).then(|| Self(libm::round(value * f64::from(WHOLE)) as u32))
    }
}

/// What the devices of a ring have to show before the next ring opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// At least so many devices are settled and well, and failures are reported no more often than the policy calls good.
    Every(u32),
    /// Wald's test of the share of devices that fail accepts.
    Share {
        /// The share of failures that good content may have.
        good: Part,
        /// The share of failures that bad content has.
        bad: Part,
        /// How often the test may be wrong, either way.
        error: Part,
    },
}

/// One ring but the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// What people call it.
    pub name: String,
    /// The share of the fleet in it and those before, of 2^32.
    pub share: u32,
    /// Seconds for which it is open at least, in a routine rollout.
    pub bake: u32,
    /// The same in an urgent one.
    pub bake_urgent: u32,
    /// What it has to show.
    pub rule: Rule,
}

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

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

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
}

/// Why a policy is not taken.
#[derive(Clone, Debug, PartialEq)]
pub enum NoPolicy {
    /// It is too large.
    Bytes,
    /// It is not of the form that a policy has.
    Form {
        /// The bytes where that shows.
        span: Option<Range<usize>>,
        /// What its reader says.
        why: String,
    },
    /// Its rings open too much at once.
    Unsafe(Unsafe),
    /// A value is out of its range.
    Value {
        /// Which one.
        what: String,
        /// What it may be.
        range: String,
    },
    /// A test cannot be made of these numbers.
    Design {
        /// Which one.
        what: String,
        /// Why.
        why: NoDesign,
    },
}

impl fmt::Display for NoPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes => write!(f, "a policy has {POLICY_BYTES} bytes at most"),
            Self::Form { why, .. } => f.write_str(why),
            Self::Unsafe(why) => write!(f, "no device takes such a plan: {why}"),
            Self::Value { what, range } => write!(f, "{what} must be {range}"),
            Self::Design { what, why } => write!(f, "{what}: {why}"),
        }
    }
}

impl core::error::Error for NoPolicy {}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "RolloutPolicy")]
struct File {
    /// What people call the policy.
    name: String,
    /// How long a device that runs may say nothing, such as `1h`. One that says nothing for longer is silent.
    report_within: String,
    /// How long a device that stopped in good order may stay away, such as `4d`. One that stays away for longer is silent, like its partner.
    #[serde(default = "four_days")]
    return_within: String,
    /// How many hours a device runs good content between two failures, at least. A ring with `every` halts where failures are more frequent.
    #[serde(default = "hundred_thousand")]
    hours_between_failures: u32,
    /// How often good content may be halted by the comparison with devices that keep their content.
    halt_error: f64,
    /// The test of devices that go silent, beside devices that keep their content.
    silence: Silence,
    /// The rings, the first one first. The last one has neither a share nor a test.
    ring: Vec<RingFile>,
    /// Times at which no ring opens.
    #[serde(default)]
    blackout: Vec<BlackoutFile>,
}

fn four_days() -> String {
    "4d".to_owned()
}

const fn hundred_thousand() -> u32 {
    100_000
}

const fn two_percent() -> f64 {
    0.02
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Silence {
    /// How many times the odds of going silent make content bad, between 1.5 and 100.
    odds: f64,
    /// How often the test may be wrong, either way.
    error: f64,
    /// The share of devices that may be silent when a ring opens, whatever their partners do.
    #[serde(default = "two_percent")]
    most: f64,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RingFile {
    /// What people call the ring.
    name: String,
    /// The share of the fleet in this ring and those before, such as `10%`.
    share: Option<String>,
    /// How long the ring is open at least, such as `24h`.
    bake: Option<String>,
    /// The same in an urgent rollout.
    bake_urgent: Option<String>,
    /// So many devices are settled and well, and failures are no more frequent than `hours-between-failures` says.
    every: Option<u32>,
    /// The test of the share of devices that fail.
    accept: Option<Accept>,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Accept {
    /// The share of failures that good content may have.
    good: f64,
    /// The share of failures that bad content has.
    bad: f64,
    /// How often the test may be wrong, either way.
    error: f64,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BlackoutFile {
    /// Such as `fri 16:00`, in UTC.
    from: String,
    /// Such as `mon 06:00`, in UTC.
    until: String,
}

fn value(what: impl Into<String>, range: &str) -> NoPolicy {
    NoPolicy::Value { what: what.into(), range: range.into() }
}

/// Seconds of `90s`, `30m`, `4h`, `2d`.
fn seconds(text: &str, what: &str) -> Result<u32, NoPolicy> {
    let parsed = text.char_indices().next_back().and_then(|(at, unit)| {
        let number: u32 = text.get(..at)?.parse().ok()?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            _ => return None,
        };
        number.checked_mul(seconds).filter(|seconds| *seconds <= LONGEST)
    });
    parsed.ok_or_else(|| value(what, "a time such as `30m`, `4h` or `2d`, of ninety days at most"))
}

/// The share of `0.1%`, of 2^32, rounded down.
fn share(text: &str, what: &str) -> Result<u32, NoPolicy> {
    let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    let part = percent.and_then(|percent| Part::of(percent / 100.0)).filter(|part| part.0 > 0 && part.0 < WHOLE);
    let part = part.ok_or_else(|| value(what, "a share such as `0.1%`, above 0 and below 100 percent"))?;
    // Less than 2^32, since the part is less than a whole.
    Ok((u64::from(part.0) * (1 << 32) / u64::from(WHOLE)) as u32)
}

/// Minutes since Monday of `fri 16:00`.
fn minute(text: &str, what: &str) -> Result<u16, NoPolicy> {
    let parsed = text.split_once(' ').and_then(|(day, time)| {
        let day = u16::try_from(DAYS.iter().position(|one| *one == day)?).ok()?;
        let (hours, minutes) = time.split_once(':')?;
        let hours = hours.parse::<u16>().ok().filter(|hours| *hours < 24)?;
        let minutes = minutes.parse::<u16>().ok().filter(|minutes| *minutes < 60)?;
        Some((day * 24 + hours) * 60 + minutes)
    });
    parsed.ok_or_else(|| value(what, "a time of the week such as `fri 16:00`"))
}

fn part(number: f64, what: &str) -> Result<Part, NoPolicy> {
    Part::of(number).ok_or_else(|| value(what, "a number between 0 and 1"))
}

impl Ring {
    fn of(file: &RingFile, before: u32) -> Result<Self, NoPolicy> {
        let name = &file.name;
        let named = |what: &str| format!("`{what}` of ring `{}`", name.escape_debug());
        let missing = |what: &str| value(named(what), "there: only the last ring has none");
        let mut share = share(file.share.as_deref().ok_or_else(|| missing("share"))?, &named("share"))?;
        // Shares are rounded down, each on its own: tenfold may come out as tenfold and a millionth of it, and a half as that.
        let tenfold = before.saturating_mul(contentcheck_log::floors::GROWTH);
        if before > 0 && share > tenfold && share - tenfold <= share / 1_000_000 {
            share = tenfold;
        }
        let half = before.saturating_add(contentcheck_log::floors::STEP_SHARE);
        if share > half && share - half <= share / 1_000_000 {
            share = half;
        }
        let rule = match (file.every, &file.accept) {
            (Some(at_least), None) => Rule::Every(at_least),
            (None, Some(Accept { good, bad, error })) => Rule::Share {
                good: part(*good, &named("accept.good"))?,
                bad: part(*bad, &named("accept.bad"))?,
                error: part(*error, &named("accept.error"))?,
            },
            _ => return Err(value(named("every"), "there, or `accept`, and not both")),
        };
        Ok(Self {
            name: name.clone(),
            share,
            bake: seconds(file.bake.as_deref().ok_or_else(|| missing("bake"))?, &named("bake"))?,
            bake_urgent: seconds(
                file.bake_urgent.as_deref().ok_or_else(|| missing("bake-urgent"))?,
                &named("bake-urgent"),
            )?,
            rule,
        })
    }

    /// Seconds for which it is open at least.
    #[must_use]
    pub fn bake(&self, class: Class) -> u64 {
        u64::from(match class {
            Class::Routine => self.bake,
            Class::Urgent => self.bake_urgent,
        })
    }

    /// The test of the share of devices that fail, where it has one.
    #[must_use]
    pub fn test(&self) -> Option<Sprt> {
        match self.rule {
            Rule::Every(_) => None,
            Rule::Share { good, bad, error } => Sprt::new(good.value(), bad.value(), error.value(), error.value()).ok(),
        }
    }

    /// Devices that must be settled before the ring can show enough, if none fails.
    #[must_use]
    pub fn needed(&self) -> u64 {
        self.test().map_or_else(
            || match self.rule {
                Rule::Every(at_least) => at_least.into(),
                Rule::Share { .. } => u64::MAX,
            },
            |test| test.accepts_at(0),
        )
    }

    fn check(&self) -> Result<(), NoPolicy> {
        let name = self.name.escape_debug();
        check_name(&self.name, "the name of a ring")?;
        for (class, what) in [(Class::Routine, "bake"), (Class::Urgent, "bake-urgent")] {
            let range = class.bake()..=u64::from(LONGEST);
            if !range.contains(&self.bake(class)) {
                let least = class.bake() / 60;
                return Err(value(
                    format!("`{what}` of ring `{name}`"),
                    &format!("{least} minutes at least, as devices ask, and ninety days at most"),
                ));
            }
        }
        match self.rule {
            Rule::Every(0) => {
                Err(value(format!("`every` of ring `{name}`"), "at least 1: a ring that shows nothing opens nothing"))
            }
            Rule::Every(_) => Ok(()),
            Rule::Share { good, bad, error } => {
                if error > Part(ERROR) {
                    return Err(value(format!("`accept.error` of ring `{name}`"), "0.05 at most"));
                }
                if bad > Part(WHOLE / 10) {
                    return Err(value(
                        format!("`accept.bad` of ring `{name}`"),
                        "0.1 at most: worse is seen by anybody",
                    ));
                }
                Sprt::new(good.value(), bad.value(), error.value(), error.value())
                    .map(|_| ())
                    .map_err(|why| NoPolicy::Design { what: format!("`accept` of ring `{name}`"), why })
            }
        }
    }

    fn write(&self, to: &mut Writer) {
        to.bytes(self.name.as_bytes());
        to.u32(self.share);
        to.u32(self.bake);
        to.u32(self.bake_urgent);
        let (kind, numbers) = match self.rule {
            Rule::Every(at_least) => (0, [at_least, 0, 0]),
            Rule::Share { good, bad, error } => (1, [good.0, bad.0, error.0]),
        };
        to.u8(kind);
        numbers.into_iter().for_each(|number| to.u32(number));
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (name, share, bake, bake_urgent) = (from.text(NAME_BYTES)?, from.u32()?, from.u32()?, from.u32()?);
        let kind = from.u8()?;
        let [first, second, third] = [from.u32()?, from.u32()?, from.u32()?];
        let rule = match kind {
            0 if second == 0 && third == 0 => Rule::Every(first),
            1 => Rule::Share { good: Part(first), bad: Part(second), error: Part(third) },
            _ => return None,
        };
        Some(Self { name, share, bake, bake_urgent, rule })
    }
}

fn check_name(name: &str, what: &str) -> Result<(), NoPolicy> {
    // It stands in terminals, in logs of build machines and in the commands of other tools.
    let may_be = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'.' | b'_' | b'-');
    if name.is_empty() || name.len() > NAME_BYTES || !name.bytes().all(may_be) {
        return Err(value(what, &format!("1 to {NAME_BYTES} letters of English, digits, spaces, `.`, `_` and `-`")));
    }
    Ok(())
}

impl Policy {
    /// The policy of `contentcheck rollout init`: five rings, within what research and practice of staged deployment ask for.
    pub const STANDARD: &'static str = include_str!("standard.toml");

    /// The policy for a fleet of 1,000 to 25,000 devices.
    pub const SMALL: &'static str = include_str!("small.toml");

    /// Reads a policy as a person writes it.
    ///
    /// # Errors
    /// When it is none, or asks for what no device takes.
    pub fn read(text: &str) -> Result<Self, NoPolicy> {
        if text.len() > POLICY_BYTES {
            return Err(NoPolicy::Bytes);
        }
        let file: File = toml::from_str(text)
            .map_err(|error| NoPolicy::Form { span: error.span(), why: error.message().to_owned() })?;
        let Some((last, others)) = file.ring.split_last() else {
            return Err(value("`ring`", "there: a policy has rings"));
        };
        if last.share.is_some() || last.bake.is_some() || last.every.is_some() || last.accept.is_some() {
            return Err(value(
                format!("the last ring, `{}`,", last.name.escape_debug()),
                "without share, bake and test: it is what the others leave, and nothing comes after it",
            ));
        }
        check_name(&last.name, "the name of a ring")?;
        for (at, ring) in file.ring.iter().enumerate() {
            if file.ring.iter().take(at).any(|before| before.name == ring.name) {
                return Err(value(format!("`name` of ring `{}`", ring.name.escape_debug()), "that of one ring alone"));
            }
        }
        let mut rings: Vec<Ring> = Vec::new();
        for ring in others {
            rings.push(Ring::of(ring, rings.last().map_or(0, |before| before.share))?);
        }
        let blackouts = file.blackout.iter().map(|window| {
            let (from, until) = (minute(&window.from, "`blackout.from`")?, minute(&window.until, "`blackout.until`")?);
            Ok(Blackout { from, until })
        });
        let odds = libm::round(file.silence.odds * 100.0);
        let odds = if (150.0..=10_000.0).contains(&odds) { odds as u32 } else { 0 };
        let policy = Self {
            name: file.name,
            rings,
            report_within: seconds(&file.report_within, "`report-within`")?,
            return_within: seconds(&file.return_within, "`return-within`")?,
            hours_between_failures: file.hours_between_failures,
            halt_error: part(file.halt_error, "`halt-error`")?,
            odds,
            silence_error: part(file.silence.error, "`silence.error`")?,
            silent_most: part(file.silence.most, "`silence.most`")?,
            blackouts: blackouts.collect::<Result<_, _>>()?,
        };
        policy.check()?;
        Ok(policy)
    }

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
        let is_window = |window: &Blackout| window.from != window.until && window.from < WEEK && window.until < WEEK;
        if self.blackouts.len() > BLACKOUTS || !self.blackouts.iter().all(is_window) {
            return Err(value(
                "`blackout`",
                &format!("there {BLACKOUTS} times at most, each with an end that is not its start"),
            ));
        }
        if (0..WEEK).all(|minute| self.is_blackout(minute)) {
            return Err(value("`blackout`", "short enough that rings can open at all"));
        }
        Ok(())
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

    /// The test of devices that go silent, where so many groups are asked: the error is that of all of them together.
    #[must_use]
    pub fn silence(&self, groups: u32) -> Option<Pairs> {
        let (odds, error) = self.silence_test();
        let error = error / f64::from(groups.max(1));
        Pairs::new(odds, error, error).ok()
    }

    /// Whether no ring opens at a time, in seconds since 1970.
    #[must_use]
    pub fn is_blackout_at(&self, time: u64) -> bool {
        // The first of January 1970 was a Thursday. The remainder is less than a week.
        self.is_blackout(((time / 60 + 3 * 24 * 60) % u64::from(WEEK)) as u16)
    }

    fn is_blackout(&self, minute: u16) -> bool {
        self.blackouts.iter().any(|Blackout { from, until }| {
            if from < until { (from..until).contains(&&minute) } else { minute >= *from || minute < *until }
        })
    }

    /// The JSON schema of the file.
    #[must_use]
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(File)
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
        to.list(&self.blackouts, |to, Blackout { from, until }| {
            to.u16(*from);
            to.u16(*until);
        });
    }

    pub(crate) fn decode(from: &mut Reader<'_>) -> Option<Self> {
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
            blackouts: from.list(BLACKOUTS, |from| Some(Blackout { from: from.u16()?, until: from.u16()? }))?,
        };
        policy.check().ok().map(|()| policy)
    }
}

#[cfg(test)]
mod tests {
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
