//! The census: how many devices there are, stratum by stratum, and a root over the keys of all of them. It is logged before a plan,
//! so nobody adds devices that report what somebody wants to hear.

use std::collections::BTreeMap;

use contentcheck_log::Hash;
use contentcheck_log::write::Frontier;

use crate::codec::{Reader, Writer};

/// Strata of one census.
pub const STRATA: usize = 256;
/// Bytes of the name of a stratum.
pub const NAME_BYTES: usize = 128;

/// Devices that are alike: one system, one build of the sensor, whatever the operator tells apart. Its name is a path such as
/// `windows/11/7.15`: where a stratum is too small to show anything, it is judged together with its neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stratum {
    /// Its name.
    pub name: String,
    /// Devices that take part.
    pub devices: u32,
    /// Devices that do not: pinned, paused, delayed, or on an older release on purpose.
    pub held: u32,
}

/// How many devices there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// The root over the records of all devices, in the order of their keys.
    pub devices: Hash,
    /// The strata, in the order of their names.
    pub strata: Vec<Stratum>,
}

/// One device, as it was enrolled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Device {
    /// Its public key, by which it signs what it reports, and its id.
    pub key: [u8; 32],
    /// The name of its stratum.
    pub stratum: String,
    /// Whether it does not take part.
    pub held: bool,
}

/// Why devices make no census.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoCensus {
    /// A key appears twice.
    Twice([u8; 32]),
    /// The name of a stratum is no path of letters, digits, `.`, `_` and `-`.
    Name(String),
    /// There are too many strata.
    Strata,
    /// No device takes part.
    Nobody,
}

impl core::fmt::Display for NoCensus {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Twice(key) => write!(f, "the device with the key {} appears twice", Hash(*key)),
            Self::Name(name) => write!(
                f,
                "`{}` is no name of a stratum: a path such as `windows/11/7.15`, of letters, digits, `.`, `_` and `-`, with {NAME_BYTES} bytes at most",
                name.escape_debug()
            ),
            Self::Strata => write!(f, "a census has {STRATA} strata at most"),
            Self::Nobody => f.write_str("no device takes part"),
        }
    }
}

impl core::error::Error for NoCensus {}

fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    };
    name.len() <= NAME_BYTES && name.split('/').all(is_part)
}

impl Census {
    /// Counts devices.
    ///
    /// # Errors
    /// When they make no census.
    pub fn of(devices: &mut [Device]) -> Result<Self, NoCensus> {
        devices.sort_unstable();
        let mut strata: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        let mut frontier = Frontier::default();
        let mut last = None;
        for device in devices.iter() {
            if last == Some(device.key) {
                return Err(NoCensus::Twice(device.key));
            }
            last = Some(device.key);
            if !is_name(&device.stratum) {
                return Err(NoCensus::Name(device.stratum.clone()));
            }
            let (taking_part, held) = strata.entry(&device.stratum).or_default();
            let count = if device.held { held } else { taking_part };
            *count = count.saturating_add(1);
            frontier.push(&device.record());
        }
        let strata = strata
            .into_iter()
            .map(|(name, (devices, held))| Stratum { name: name.to_owned(), devices, held })
            .collect::<Vec<_>>();
        let census = Self { devices: frontier.root(), strata };
        if census.strata.len() > STRATA {
            return Err(NoCensus::Strata);
        }
        if census.taking_part() == 0 {
            return Err(NoCensus::Nobody);
        }
        Ok(census)
    }

    /// Devices that take part.
    #[must_use]
    pub fn taking_part(&self) -> u64 {
        self.strata.iter().map(|stratum| u64::from(stratum.devices)).sum()
    }

    /// Whether it says one thing, in one way.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let is_sorted = self.strata.is_sorted_by(|before, after| before.name < after.name);
        is_sorted && self.taking_part() > 0 && self.strata.iter().all(|stratum| is_name(&stratum.name))
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        to.array(&self.devices.0);
        to.list(&self.strata, |to, Stratum { name, devices, held }| {
            to.bytes(name.as_bytes());
            to.u32(*devices);
            to.u32(*held);
        });
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Option<Self> {
        let devices = Hash(from.array()?);
        let strata = from.list(STRATA, |from| {
            Some(Stratum { name: from.text(NAME_BYTES)?, devices: from.u32()?, held: from.u32()? })
        })?;
        Some(Self { devices, strata }).filter(Self::is_sound)
    }
}

impl Device {
    /// What the root is over: the key, whether it takes part, and its stratum.
    fn record(&self) -> Vec<u8> {
        [self.key.as_slice(), &[u8::from(self.held)], self.stratum.as_bytes()].concat()
    }
}
