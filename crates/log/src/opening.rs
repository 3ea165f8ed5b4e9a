//! The entry that opens a ring. A record of a fixed length, numbers little-endian:
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `CCOPEN1` and a line feed |
//! | 32 | the hash of the entry that holds the plan of the rollout |
//! | 32 | SHA-256 of the image |
//! | 8 | the sequence of the release |
//! | 32 | the salt: devices are spread over rings by it, and nobody knew it when the plan was logged |
//! | 1 | the class: 0 routine, 1 urgent |
//! | 1 | the ring that is open, from 0; those before it are open too |
//! | 1 | rings of the rollout, 2 to 16 |
//! | 1 | 0 |
//! | 60 | for each ring but the last: the share of the fleet in it and those before, of 2^32; 0 where there is no such ring |

use core::fmt;

use crate::limits::RINGS;
use crate::merkle::Hash;

const MAGIC: [u8; 8] = *b"CCOPEN1\n";
/// Bytes of an opening.
pub const OPENING: usize = 8 + 32 + 32 + 8 + 32 + 4 + 4 * (RINGS - 1);

/// How much of a hurry a release is in. It changes clocks, and skips nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// None.
    Routine,
    /// It is to be everywhere today.
    Urgent,
}

/// A ring of a rollout that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The hash of the entry that holds the plan.
    pub plan: Hash,
    /// SHA-256 of the image.
    pub image: [u8; 32],
    /// The sequence of the release.
    pub sequence: u64,
    /// What devices are spread over rings by.
    pub salt: [u8; 32],
    /// How much of a hurry it is in.
    pub class: Class,
    /// The ring that is open, from 0.
    pub ring: u8,
    /// For each ring but the last, the share of the fleet in it and those before, of 2^32. 0, where there is no such ring.
    pub shares: [u32; RINGS - 1],
}

/// Why an entry opens no ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoOpening {
    /// It has another length, or begins in another way.
    Form,
    /// A class that is unknown here.
    Class(u8),
    /// Rings, the ring that is open, or their shares contradict each other: shares rise from ring to ring.
    Rings,
}

impl fmt::Display for NoOpening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str("the entry is not one that opens a ring"),
            Self::Class(class) => write!(f, "the entry is of class {class}, which is unknown here"),
            Self::Rings => f.write_str("the rings of the entry contradict each other"),
        }
    }
}

impl core::error::Error for NoOpening {}

impl Opening {
    /// Reads an entry.
    ///
    /// # Errors
    /// When it opens no ring.
    pub fn read(entry: &[u8]) -> Result<Self, NoOpening> {
        let entry: &[u8; OPENING] = entry.try_into().map_err(|_| NoOpening::Form)?;
        let mut rest = entry.as_slice();
        let magic: [u8; 8] = take(&mut rest)?;
        if magic != MAGIC {
            return Err(NoOpening::Form);
        }
        let plan = Hash(take(&mut rest)?);
        let image = take(&mut rest)?;
        let sequence = u64::from_le_bytes(take(&mut rest)?);
        let salt = take(&mut rest)?;
        let [class, ring, rings, reserved] = take(&mut rest)?;
        let class = match class {
            0 => Class::Routine,
            1 => Class::Urgent,
            other => return Err(NoOpening::Class(other)),
        };
        let mut shares = [0; RINGS - 1];
        for share in &mut shares {
            *share = u32::from_le_bytes(take(&mut rest)?);
        }
        let opening = Self { plan, image, sequence, salt, class, ring, shares };
        let is_sound = reserved == 0 && opening.rings() == rings && rings >= 2 && ring < rings && opening.is_rising();
        if is_sound { Ok(opening) } else { Err(NoOpening::Rings) }
    }

    /// The entry.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; OPENING] {
        let Self { plan, image, sequence, salt, class, ring, shares } = self;
        let class = match class {
            Class::Routine => 0,
            Class::Urgent => 1,
        };
        let mut bytes = [0; OPENING];
        let mut rest = bytes.as_mut_slice();
        put(&mut rest, &MAGIC);
        put(&mut rest, &plan.0);
        put(&mut rest, image);
        put(&mut rest, &sequence.to_le_bytes());
        put(&mut rest, salt);
        put(&mut rest, &[class, *ring, self.rings(), 0]);
        for share in shares {
            put(&mut rest, &share.to_le_bytes());
        }
        bytes
    }

    /// Rings of the rollout. The last one has what the others leave.
    #[must_use]
    pub fn rings(&self) -> u8 {
        self.shares().fold(1, |rings, _| rings.saturating_add(1))
    }

    /// The share of the fleet in each ring but the last, and those before it, of 2^32.
    pub fn shares(&self) -> impl Iterator<Item = u32> + '_ {
        self.shares.iter().copied().take_while(|share| *share > 0)
    }

    fn is_rising(&self) -> bool {
        let rings = usize::from(self.rings());
        let unused = self.shares.get(rings.saturating_sub(1)..).unwrap_or(&[]);
        self.shares().is_sorted_by(|before, after| before < after) && unused.iter().all(|share| *share == 0)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], NoOpening> {
    let (array, after) = rest.split_first_chunk::<N>().ok_or(NoOpening::Form)?;
    *rest = after;
    Ok(*array)
}

/// Bytes that do not fit are not written; all that is written here fits, by the sum that [`OPENING`] is.
fn put(rest: &mut &mut [u8], bytes: &[u8]) {
    if let Some((to, after)) = core::mem::take(rest).split_at_mut_checked(bytes.len()) {
        to.copy_from_slice(bytes);
        *rest = after;
    }
}
