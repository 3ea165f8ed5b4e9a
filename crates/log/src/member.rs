//! Redundancy groups: devices of which one stands in for another, such as the two nodes of a database. No two of them are ever in one
//! ring, and the spares, which have the low numbers, go first.
//!
//! The members of a group of `n` stand at equal distances in the order of a rollout: the first one somewhere in the first `n`th of it,
//! where the name of the group, the salt and the image put it, and each other one an `n`th behind the one before. Where no ring is
//! wider than an `n`th, each ring has at most one of them. Over all groups together places are as even as those of other devices, so
//! the rings are as large as without groups.

use core::fmt;

use sha2::{Digest as _, Sha256};

use crate::limits::{GROUP, GROUP_NAME_BYTES};
use crate::merkle::Hash;

/// The place of a device in its redundancy group. Made by [`Member::new`] alone, so each is one of 2 to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    group: [u8; 32],
    number: u8,
    of: u8,
}

/// Why a text names no member of a redundancy group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMember;

impl fmt::Display for NoMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a member of a redundancy group is written as `db-7:1/2`: the name of the group, of letters, digits, `.`, `_`, `-` and `/`, with {GROUP_NAME_BYTES} bytes at most, and which of its 2 to {GROUP} devices it is"
        )
    }
}

impl core::error::Error for NoMember {}

impl Member {
    /// The device with this number, from 1, of a group of so many. The first one is the spare: it goes first.
    ///
    /// # Errors
    /// When there is no such group, or no such number in it.
    pub fn new(group: &str, number: u8, of: u8) -> Result<Self, NoMember> {
        let is_group = is_group_name(group) && (2..=GROUP).contains(&of);
        if !is_group || !(1..=of).contains(&number) {
            return Err(NoMember);
        }
        let hash = Sha256::new().chain_update(b"contentcheck/group/v1\0").chain_update(group).finalize();
        Ok(Self { group: hash.into(), number, of })
    }

    /// Reads `db-7:1/2`.
    ///
    /// # Errors
    /// When the text is none.
    pub fn read(text: &str) -> Result<Self, NoMember> {
        let (group, number, of) = parts(text).ok_or(NoMember)?;
        Self::new(group, number, of)
    }

    /// What [`Member::to_bytes`] gave.
    ///
    /// # Errors
    /// When no member gives these bytes.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Result<Self, NoMember> {
        let (group, rest) = bytes.split_first_chunk::<32>().ok_or(NoMember)?;
        match rest {
            [number, of] if (2..=GROUP).contains(of) && (1..=*of).contains(number) => {
                Ok(Self { group: *group, number: *number, of: *of })
            }
            _ => Err(NoMember),
        }
    }

    /// Bytes of [`Member::to_bytes`].
    pub const BYTES: usize = 34;

    /// The hash of the name of the group, the number of the device, and how many there are.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let all = self.group.iter().chain([&self.number, &self.of]);
        bytes.iter_mut().zip(all).for_each(|(to, byte)| *to = *byte);
        bytes
    }

    /// The hash of the name of the group.
    #[must_use]
    pub const fn group(&self) -> Hash {
        Hash(self.group)
    }

    /// Which device of the group it is, from 1.
    #[must_use]
    pub const fn number(&self) -> u8 {
        self.number
    }

    /// The devices of the group.
    #[must_use]
    pub const fn of(&self) -> u8 {
        self.of
    }

    /// Where it stands, of 2^32, by where the group does.
    pub(crate) const fn place(&self, of_group: u32) -> u32 {
        let part = part(self.of);
        // The number is between 1 and `of`, and `of` parts are 2^32 at most.
        let before = part.wrapping_mul(self.number.wrapping_sub(1) as u32);
        match of_group.checked_rem(part) {
            Some(first) => before.wrapping_add(first),
            None => of_group,
        }
    }
}

/// The name of a group, which device it is, and of how many, of `db-7:1/2`. Nothing of it is looked at.
#[must_use]
pub fn parts(text: &str) -> Option<(&str, u8, u8)> {
    let (group, place) = text.rsplit_once(':')?;
    let (number, of) = place.split_once('/')?;
    Some((group, digit(number)?, digit(of)?))
}

/// One spelling for each number.
fn digit(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [digit @ b'1'..=b'9'] => Some(digit.wrapping_sub(b'0')),
        _ => None,
    }
}

/// Whether a redundancy group may have this name: a path such as `berlin/db-7`.
#[must_use]
pub fn is_group_name(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    };
    name.len() <= GROUP_NAME_BYTES && name.split('/').all(is_part)
}

/// The part of the order of a rollout, of 2^32, in which each member of a group of so many stands: no ring may be wider.
#[must_use]
pub const fn part(of: u8) -> u32 {
    match (1_u64 << 32).checked_div(of as u64) {
        // Half of 2^32 at most, where there are two at least.
        Some(part) if part <= u32::MAX as u64 => part as u32,
        _ => u32::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_has_one_spelling() {
        let one = Member::read("berlin/db-7:1/2");
        assert_eq!(one, Member::new("berlin/db-7", 1, 2));
        assert_eq!(one.and_then(|one| Member::from_bytes(&one.to_bytes())), one);
        assert_ne!(one, Member::read("berlin/db-8:1/2"));
        for none in [
            "", "db", "db:", "db:1", "db:0/2", "db:3/2", "db:1/1", "db:1/9", "db:01/2", "db:+1/2", ":1/2", "a b:1/2",
            "a//b:1/2", "db:1/2 ",
        ] {
            assert_eq!(Member::read(none), Err(NoMember), "{none}");
        }
    }

    #[test]
    fn members_stand_at_equal_distances_and_the_spare_first() {
        for of in 2..=GROUP {
            for of_group in [0, 1, part(of) - 1, part(of), u32::MAX / 3, u32::MAX] {
                let place = |number| Member::new("db", number, of).map(|member| member.place(of_group));
                assert!(place(1).is_ok_and(|place| place < part(of)));
                for number in 2..=of {
                    assert_eq!(place(number), place(number - 1).map(|before| before + part(of)), "{number} of {of}");
                }
            }
        }
    }
}
