//! A policy as a person writes it.

use contentcheck_log::floors::{GROWTH, STEP_SHARE};
use serde::Deserialize;

use super::refusal::{check_name, value};
use super::ring::{Part, Ring, Rule};
use super::when::{Blackout, DAYS, Rate};
use super::{LONGEST, NoPolicy, POLICY_BYTES, Policy, WHOLE, rounded};

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
    /// How much of the fleet may be let in within how long, over all rollouts.
    rate_limit: Option<RateFile>,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RateFile {
    /// The share of the fleet that the rings hold which open within that time, such as `50%`: at least that of the largest ring.
    share: String,
    /// How long that is, such as `24h`.
    within: String,
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
fn parts(text: &str) -> Option<u64> {
    let percent = text.strip_suffix('%')?.trim().parse::<f64>().ok()?;
    let part = Part::of(percent / 100.0).filter(|part| part.0 > 0)?;
    Some(u64::from(part.0) * (1 << 32) / u64::from(WHOLE))
}

/// The same, of a ring that is not all of the fleet.
fn share(text: &str, what: &str) -> Result<u32, NoPolicy> {
    let share = parts(text).and_then(|parts| u32::try_from(parts).ok());
    share.ok_or_else(|| value(what, "a share such as `0.1%`, above 0 and below 100 percent"))
}

impl Rate {
    fn of(file: &RateFile) -> Result<Self, NoPolicy> {
        let share = parts(&file.share).ok_or_else(|| value("`rate-limit.share`", "a share such as `50%`, above 0"))?;
        Ok(Self { share, within: seconds(&file.within, "`rate-limit.within`")? })
    }
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
        // Tenfold may come out as a bit more than that, and a half too.
        let tenfold = before.saturating_mul(GROWTH);
        if before > 0 && share > tenfold && u64::from(share - tenfold) <= rounded(share.into()) {
            share = tenfold;
        }
        let half = before.saturating_add(STEP_SHARE);
        if share > half && u64::from(share - half) <= rounded(share.into()) {
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
}

impl Policy {
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
            rate: file.rate_limit.as_ref().map(Rate::of).transpose()?,
        };
        policy.check()?;
        Ok(policy)
    }

    /// The JSON schema of the file.
    #[must_use]
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(File)
    }
}
