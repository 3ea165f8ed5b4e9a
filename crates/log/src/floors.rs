//! What no plan can change: checked by each device, and by each witness before it signs.
//!
//! The numbers are compiled in. A plan that asks for more is refused, however many keys signed it.

use core::fmt;

use sha2::{Digest as _, Sha256};

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
}

impl fmt::Display for Unsafe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "its first ring has more than one percent of the fleet",
            Self::Growth => "what is open grows more than tenfold from one ring to the next",
            Self::Step => "one of its rings adds more than half of the fleet",
        })
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

impl Opening {
    /// Whether its rings open no more at once than any device takes.
    ///
    /// # Errors
    /// When they do.
    pub fn is_safe(&self) -> Result<(), Unsafe> {
        are_safe(self.shares())
    }

    /// The ring of a device with this id: by the salt, which nobody knew when the plan was logged, so nobody chooses who goes
    /// first, and by the image, so the same devices do not go first each time.
    #[must_use]
    pub fn ring_of(&self, device: &[u8; 32]) -> u8 {
        let at = place(device, &self.image, &self.salt);
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
}
