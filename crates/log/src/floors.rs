//! What no plan can change: checked by each device, and by each witness before it signs.
//!
//! The numbers are compiled in. A plan that asks for more is refused, however many keys signed it.

use core::fmt;

use sha2::{Digest as _, Sha256};

use crate::member::{Member, part};
use crate::opening::{Class, Opening};

/// The largest share of the fleet that a first ring may have, of 2^32: one percent.
pub const FIRST_SHARE: u32 = u32::MAX / 100;
/// By how much the share that is open may grow from one ring to the next.
pub const GROWTH: u32 = 10;
/// The largest part of the fleet that one ring may add, of 2^32: a half.
pub const STEP_SHARE: u32 = 1 << 31;
/// Witnesses that must have signed, whatever a policy says.
pub const QUORUM: u8 = 2;
/// Seconds for which a ring must have been open before the next one is, in a routine rollout.
pub const BAKE_ROUTINE: u64 = 4 * 60 * 60;
/// The same, in an urgent one.
pub const BAKE_URGENT: u64 = 30 * 60;
/// Seconds after which a checkpoint is too old to begin a trial by.
pub const FRESH: u64 = 24 * 60 * 60;

/// What a plan asks for that no device takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsafe {
    /// The first ring has more than one percent of the fleet.
    First,
    /// What is open grows more than tenfold at once.
    Growth,
    /// One ring adds more than half of the fleet.
    Step,
    /// One ring has room for two devices of a redundancy group of so many.
    Group(u8),
}

impl fmt::Display for Unsafe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("its first ring has more than one percent of the fleet"),
            Self::Growth => f.write_str("what is open grows more than tenfold from one ring to the next"),
            Self::Step => f.write_str("one of its rings adds more than half of the fleet"),
            Self::Group(of) => write!(
                f,
                "two devices of a redundancy group of {of} would be in one ring: none may add more than 1/{of} of the fleet, the last one with them"
            ),
        }
    }
}

impl core::error::Error for Unsafe {}

impl Class {
    /// Seconds for which a ring of this class must have been open before the next one is.
    #[must_use]
    pub const fn bake(self) -> u64 {
        match self {
            Self::Routine => BAKE_ROUTINE,
            Self::Urgent => BAKE_URGENT,
        }
    }
}

/// Whether rings of these shares may be: for each ring but the last, the share of the fleet in it and those before, of 2^32.
///
/// # Errors
/// When they open too much at once.
pub fn are_safe(shares: impl Iterator<Item = u32>) -> Result<(), Unsafe> {
    let mut before = 0_u32;
    for share in shares.chain([u32::MAX]) {
        if before == 0 && share > FIRST_SHARE {
            return Err(Unsafe::First);
        }
        if before > 0 && share.div_ceil(GROWTH) > before {
            return Err(Unsafe::Growth);
        }
        if share.saturating_sub(before) > STEP_SHARE {
            return Err(Unsafe::Step);
        }
        before = share;
    }
    Ok(())
}

/// Whether rings of these shares have at most one device of each redundancy group of so many.
///
/// # Errors
/// When one of them, the last one with them, is wider than the part that each device of such a group has.
pub fn keep_apart(shares: impl Iterator<Item = u32>, of: u8) -> Result<(), Unsafe> {
    let widest = u64::from(part(of));
    let mut before = 0;
    for share in shares.map(u64::from).chain([1 << 32]) {
        if share.saturating_sub(before) > widest {
            return Err(Unsafe::Group(of));
        }
        before = share;
    }
    Ok(())
}

impl Opening {
    /// Whether its rings open no more at once than any device takes.
    ///
    /// # Errors
    /// When they do.
    pub fn is_safe(&self) -> Result<(), Unsafe> {
        are_safe(self.shares())
    }

    /// Whether no ring has two devices of the redundancy group of a device.
    ///
    /// # Errors
    /// When one has.
    pub fn keeps_apart(&self, member: &Member) -> Result<(), Unsafe> {
        keep_apart(self.shares(), member.of())
    }

    /// The ring of a device with this id, or of the device with this number of its redundancy group: by the salt, which nobody knew when the
    /// plan was logged, so nobody chooses who goes first, and by the image, so the same devices do not go first each time.
    #[must_use]
    pub fn ring_of(&self, device: &[u8; 32], member: Option<&Member>) -> u8 {
        let place = |id: &[u8; 32]| place(id, &self.image, &self.salt);
        let at = member.map_or_else(|| place(device), |member| member.place(place(&member.group().0)));
        self.shares().fold(0, |ring, share| if at >= share { ring.saturating_add(1) } else { ring })
    }
}

/// Where a device stands in the order of a rollout, of 2^32.
#[must_use]
pub fn place(device: &[u8; 32], image: &[u8; 32], salt: &[u8; 32]) -> u32 {
    let hash = Sha256::new()
        .chain_update(b"contentcheck/ring/v1\0")
        .chain_update(salt)
        .chain_update([0])
        .chain_update(image)
        .chain_update([0])
        .chain_update(device)
        .finalize();
    hash.first_chunk::<4>().map_or(0, |first| u32::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn percent(share: u32) -> u32 {
        u32::MAX / 100 * share
    }

    #[test]
    fn shares_at_a_bound_are_safe_and_those_above_are_not() {
        assert_eq!(are_safe([percent(1), percent(10), percent(55)].into_iter()), Ok(()));
        assert_eq!(are_safe([FIRST_SHARE + 1, percent(10), percent(60)].into_iter()), Err(Unsafe::First));
        assert_eq!(are_safe([percent(1), percent(11), percent(60)].into_iter()), Err(Unsafe::Growth));
        assert_eq!(are_safe([percent(1), percent(10), percent(61)].into_iter()), Err(Unsafe::Step));
        assert_eq!(are_safe([percent(1), percent(10), percent(40)].into_iter()), Err(Unsafe::Step));
        assert_eq!(are_safe(core::iter::empty()), Err(Unsafe::First), "one ring of all");
    }

    #[test]
    fn a_ring_as_wide_as_the_part_of_a_member_keeps_a_group_apart_and_a_wider_one_does_not() {
        const HALF: u32 = 1 << 31;
        assert_eq!(keep_apart([percent(1), HALF].into_iter(), 2), Ok(()));
        assert_eq!(keep_apart([percent(1), HALF - 1].into_iter(), 2), Err(Unsafe::Group(2)), "the last ring");
        assert_eq!(keep_apart([1, HALF + 2].into_iter(), 2), Err(Unsafe::Group(2)));
        let thirds = [percent(1), part(3), 2 * part(3) + 1];
        assert_eq!(keep_apart(thirds.into_iter(), 3), Err(Unsafe::Group(3)), "a part and one more");
        assert_eq!(
            keep_apart([percent(1), part(3), 2 * part(3)].into_iter(), 3),
            Err(Unsafe::Group(3)),
            "the rest of 2^32"
        );
        assert_eq!(keep_apart([percent(1), part(3) + 1, 2 * part(3) + 1].into_iter(), 3), Ok(()));
    }
}
