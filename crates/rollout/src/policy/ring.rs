//! A ring of a policy, and what it has to show.

use contentcheck_log::Class;

use super::refusal::{check_name, value};
use super::{ERROR, LONGEST, NAME_BYTES, NoPolicy, WHOLE};
use crate::codec::{Reader, Writer};
use crate::statistics::Sprt;

/// A part of a whole, in parts of a billion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part(pub u32);

impl Part {
    /// As a number between 0 and 1.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE)
    }

    pub(super) fn of(value: f64) -> Option<Self> {
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

impl Ring {
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

    pub(super) fn check(&self) -> Result<(), NoPolicy> {
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

    pub(super) fn write(&self, to: &mut Writer) {
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

    pub(super) fn read(from: &mut Reader<'_>) -> Option<Self> {
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
