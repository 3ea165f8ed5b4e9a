//! The census: how many devices there are, stratum by stratum, and a root over the keys of all of them. It is logged before a plan,
//! so nobody adds devices that report what somebody wants to hear.

use std::collections::BTreeMap;

use contentcheck_log::limits::{BEHIND, ENTRY_BYTES, GROUP};
use contentcheck_log::member::is_group_name;
use contentcheck_log::write::Frontier;
use contentcheck_log::{Hash, Member};

use crate::codec::{Reader, Writer};
use crate::policy::Policy;

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
    /// Of those that take part, the ones in redundancy groups, by where they stand in theirs.
    pub members: Vec<Members>,
}

/// Devices that have the same place in redundancy groups of the same size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Members {
    /// Devices of each group.
    pub of: u8,
    /// Which of them these are, from 1. The first one goes first.
    pub number: u8,
    /// How many there are.
    pub devices: u32,
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
    /// Its place in a redundancy group.
    pub group: Option<Place>,
    /// By how many releases it stays behind the newest one, in which it takes no part.
    pub behind: u8,
}

/// The place of a device in a redundancy group, as a roll has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The name of the group.
    pub name: String,
    /// Which device it is, from 1. The first one goes first.
    pub number: u8,
    /// Devices of the group.
    pub of: u8,
}

/// As a roll has it: `db-7:1/2`.
impl core::fmt::Display for Place {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}:{}/{}", self.name, self.number, self.of)
    }
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
    /// A device stays further behind than devices may.
    Behind(u8),
    /// A group has a name that none has, no room for the device, or too many devices.
    Place(Place),
    /// Two devices have one place in a group.
    PlaceTwice(Place),
    /// Two devices of a group do not agree on how many there are.
    Sizes(Place, Place),
    /// Two devices of a group stay behind by as many releases, so they would take one at the same time.
    Together(Place, Place),
    /// A place in a group is nobody's.
    NobodysPlace(Place),
    /// It says more than an entry of the log holds: many strata, each with long names and groups of many sizes.
    Large,
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
            Self::Behind(behind) => write!(f, "a device stays {behind} releases behind, and {BEHIND} are the most"),
            Self::Place(place) => {
                write!(f, "`{}` is no place in a redundancy group: {}", place.to_string().escape_debug(), contentcheck_log::NoMember)
            }
            Self::PlaceTwice(place) => write!(f, "two devices are {place}, in one place of their redundancy group"),
            Self::Sizes(one, other) => {
                write!(f, "{one} and {other} are of one redundancy group, and name different numbers of devices")
            }
            Self::Together(one, other) => write!(
                f,
                "{one} and {other} are of one redundancy group and stay behind by as many releases, so they would take a release at the same time"
            ),
            Self::NobodysPlace(place) => {
                write!(f, "no device is {place}; a roll lists every device of a redundancy group, also one that is held")
            }
            Self::Large => f.write_str(
                "the census is larger than an entry of the log: use fewer strata, shorter names, or redundancy groups of fewer sizes",
            ),
        }
    }
}

impl core::error::Error for NoCensus {}

/// The names of strata and of redundancy groups are paths of the same form.
fn is_name(name: &str) -> bool {
    name.len() <= NAME_BYTES && is_group_name(name)
}

/// Whether each place in each redundancy group is that of one device: a group that lacks one is not the group that its devices believe
/// to be in.
fn are_groups_whole(devices: &[Device]) -> Result<(), NoCensus> {
    let mut places: Vec<(&Place, u8)> =
        devices.iter().filter_map(|device| Some((device.group.as_ref()?, device.behind))).collect();
    places.sort_unstable();
    let mut rest = places.as_slice();
    while let Some((first, _)) = rest.first() {
        let (group, others) = rest.split_at(rest.iter().take_while(|(place, _)| place.name == first.name).count());
        rest = others;
        if let Some(other) = group.iter().map(|(place, _)| *place).find(|place| place.of != first.of) {
            return Err(NoCensus::Sizes((*first).clone(), other.clone()));
        }
        for (at, (place, behind)) in group.iter().enumerate().filter(|(_, (_, behind))| *behind > 0) {
            if let Some((other, _)) = group.iter().skip(at.saturating_add(1)).find(|(_, of)| of == behind) {
                return Err(NoCensus::Together((*place).clone(), (*other).clone()));
            }
        }
        for number in 1..=first.of {
            let mut of_number = group.iter().map(|(place, _)| *place).filter(|place| place.number == number);
            match (of_number.next(), of_number.next()) {
                (None, _) => return Err(NoCensus::NobodysPlace(Place { number, ..(*first).clone() })),
                (_, Some(second)) => return Err(NoCensus::PlaceTwice(second.clone())),
                _ => {}
            }
        }
    }
    Ok(())
}

impl Stratum {
    /// Devices of it that a ring has, on average over all drawings.
    #[must_use]
    pub fn expected(&self, policy: &Policy, ring: u8) -> f64 {
        let (from, until) = policy.span_of(ring);
        let of_groups = self.members.iter().map(|Members { of, number, devices }| {
            let (of, number) = (f64::from(*of), f64::from(*number));
            let (first, last) = ((number - 1.0) / of, number / of);
            // The part of the members' places that is in the ring.
            let both = (until.min(last) - from.max(first)).max(0.0);
            f64::from(*devices) * both * of
        });
        let alone = self.members.iter().fold(self.devices, |rest, members| rest.saturating_sub(members.devices));
        of_groups.fold(f64::from(alone) * (until - from), |sum, expected| sum + expected)
    }

    fn is_sound(&self) -> bool {
        let is_sorted =
            self.members.is_sorted_by(|before, after| (before.of, before.number) < (after.of, after.number));
        let are_members = self.members.iter().all(|Members { of, number, devices }| {
            (2..=GROUP).contains(of) && (1..=*of).contains(number) && *devices > 0
        });
        let in_groups: u64 = self.members.iter().map(|members| u64::from(members.devices)).sum();
        is_name(&self.name) && is_sorted && are_members && in_groups <= u64::from(self.devices)
    }
}

/// What is counted of a stratum.
#[derive(Default)]
struct Counted {
    devices: u32,
    held: u32,
    members: BTreeMap<(u8, u8), u32>,
}

impl Census {
    /// Counts devices.
    ///
    /// # Errors
    /// When they make no census.
    pub fn of(devices: &mut [Device]) -> Result<Self, NoCensus> {
        devices.sort_unstable();
        let mut strata: BTreeMap<&str, Counted> = BTreeMap::new();
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
            if device.behind > BEHIND {
                return Err(NoCensus::Behind(device.behind));
            }
            if let Some(place) = device.group.as_ref().filter(|place| place.member().is_none()) {
                return Err(NoCensus::Place(place.clone()));
            }
            let Counted { devices, held, members } = strata.entry(&device.stratum).or_default();
            let count = if device.takes_part() { devices } else { held };
            *count = count.saturating_add(1);
            if let Some(Place { number, of, .. }) = device.group.as_ref().filter(|_| device.takes_part()) {
                let count = members.entry((*of, *number)).or_default();
                *count = count.saturating_add(1);
            }
            frontier.push(&device.record());
        }
        are_groups_whole(devices)?;
        let of_places = |((of, number), devices)| Members { of, number, devices };
        let strata = strata
            .into_iter()
            .map(|(name, Counted { devices, held, members })| Stratum {
                name: name.to_owned(),
                devices,
                held,
                members: members.into_iter().map(of_places).collect(),
            })
            .collect::<Vec<_>>();
        let census = Self { devices: frontier.root(), strata };
        if census.strata.len() > STRATA {
            return Err(NoCensus::Strata);
        }
        if census.taking_part() == 0 {
            return Err(NoCensus::Nobody);
        }
        let mut bytes = Writer::default();
        census.write(&mut bytes);
        // Signatures and what stands before the body need some room too.
        if bytes.0.len() > ENTRY_BYTES - (8 << 10) {
            return Err(NoCensus::Large);
        }
        Ok(census)
    }

    /// Devices that take part.
    #[must_use]
    pub fn taking_part(&self) -> u64 {
        self.strata.iter().map(|stratum| u64::from(stratum.devices)).sum()
    }

    /// Devices that a ring has, on average over all drawings.
    #[must_use]
    pub fn expected(&self, policy: &Policy, ring: u8) -> f64 {
        self.strata.iter().map(|stratum| stratum.expected(policy, ring)).sum()
    }

    /// Devices of the largest redundancy group of which one takes part. Nothing: there are none.
    #[must_use]
    pub fn largest_group(&self) -> Option<u8> {
        self.strata.iter().flat_map(|stratum| &stratum.members).map(|members| members.of).max()
    }

    /// Devices of redundancy groups that take part.
    #[must_use]
    pub fn in_groups(&self) -> u64 {
        self.strata.iter().flat_map(|stratum| &stratum.members).map(|members| u64::from(members.devices)).sum()
    }

    /// Whether it says one thing, in one way.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let is_sorted = self.strata.is_sorted_by(|before, after| before.name < after.name);
        is_sorted && self.taking_part() > 0 && self.strata.iter().all(Stratum::is_sound)
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        let has_groups = self.largest_group().is_some();
        to.array(&self.devices.0);
        to.list(&self.strata, |to, Stratum { name, devices, held, members }| {
            to.bytes(name.as_bytes());
            to.u32(*devices);
            to.u32(*held);
            if has_groups {
                to.list(members, |to, Members { of, number, devices }| {
                    to.u8(*of);
                    to.u8(*number);
                    to.u32(*devices);
                });
            }
        });
    }

    /// A census with redundancy groups is an entry of a kind of its own, and each census is of one kind: those that were logged before there were
    /// groups are read as they were.
    pub(crate) fn read(from: &mut Reader<'_>, has_groups: bool) -> Option<Self> {
        let devices = Hash(from.array()?);
        let members = |from: &mut Reader<'_>| {
            from.list(PLACES, |from| Some(Members { of: from.u8()?, number: from.u8()?, devices: from.u32()? }))
        };
        let strata = from.list(STRATA, |from| {
            Some(Stratum {
                name: from.text(NAME_BYTES)?,
                devices: from.u32()?,
                held: from.u32()?,
                members: if has_groups { members(from)? } else { Vec::new() },
            })
        })?;
        Some(Self { devices, strata })
            .filter(|census| census.is_sound() && census.largest_group().is_some() == has_groups)
    }
}

/// Places in redundancy groups of all sizes.
const PLACES: usize = (GROUP as usize + 2) * (GROUP as usize - 1) / 2;

impl Place {
    /// As a device knows it. Nothing: there is no such place.
    #[must_use]
    pub fn member(&self) -> Option<Member> {
        Member::new(&self.name, self.number, self.of).ok()
    }
}

impl Device {
    /// Whether it takes part in the rollout of the newest release.
    #[must_use]
    pub const fn takes_part(&self) -> bool {
        !self.held && self.behind == 0
    }

    /// Its place in a redundancy group, as the device knows it.
    #[must_use]
    pub fn member(&self) -> Option<Member> {
        self.group.as_ref().and_then(Place::member)
    }

    /// What the root is over: the key, whether it is held, whether it is in a group, how far it stays behind, its place in the group, and its
    /// stratum.
    fn record(&self) -> Vec<u8> {
        let member = self.member().map(|member| member.to_bytes());
        let kind = u8::from(self.held) | u8::from(member.is_some()) << 1 | self.behind << 2;
        [self.key.as_slice(), &[kind], member.as_ref().map_or(&[][..], |member| member), self.stratum.as_bytes()]
            .concat()
    }
}
