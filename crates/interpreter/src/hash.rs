//! Hashes of the format: the checksum of an image, and the keys of filters.

use crate::format::{CHECKSUM_AT, GRAM, LiteralKind};

const K: u64 = 0x9E37_79B9_7F4A_7C15;

const fn mix(state: u64, word: u64) -> u64 {
    let x = (state ^ word).wrapping_mul(K);
    x ^ x.rotate_right(29)
}

/// The checksum of an image: all of its bytes but those of the checksum itself. It finds what
/// storage and transport do to an image; against an adversary there is the signature.
#[must_use]
pub fn checksum(image: &[u8]) -> u64 {
    let head = image.get(..CHECKSUM_AT).unwrap_or(&[]);
    let body = image.get(CHECKSUM_AT.wrapping_add(8)..).unwrap_or(&[]);
    // Four lanes, so that multiplications overlap.
    let mut lanes = [1_u64, 2, 3, 4];
    let (blocks, rest) = body.as_chunks::<32>();
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = mix(*lane, u64::from_le_bytes(*word));
        }
    }
    let mut state = image.len() as u64;
    for lane in lanes {
        state = mix(state, lane);
    }
    for byte in head.iter().chain(rest) {
        state = mix(state, u64::from(*byte));
    }
    state
}

/// What is mixed into the hash of a gram: the input it stands in.
#[must_use]
pub const fn gram_salt(input: u16) -> u64 {
    (input as u64).wrapping_add(1) << 32
}

/// The hash of four bytes, blurred, of an input. The low half depends on the bytes alone and
/// tells them apart.
#[must_use]
pub const fn gram(bytes: u32, salt: u64) -> u64 {
    (bytes as u64 | salt).wrapping_mul(K)
}

/// The hash of up to eight bytes at an end of a value.
#[must_use]
pub const fn anchor(kind: LiteralKind, bytes: u8, input: u16, word: u64, len: u64) -> u64 {
    let salt = (kind as u64) << 40 | (bytes as u64) << 32 | input as u64;
    let len = match kind {
        LiteralKind::Equals => len,
        _ => 0,
    };
    let x = mix(word, salt ^ len << 44);
    x.wrapping_mul(K)
}

/// Whether some of the bytes of a gram are beyond ASCII.
#[must_use]
pub const fn is_wide(gram: u32) -> bool {
    gram & 0x8080_8080 != 0
}

/// The first three bytes of a gram: where some are beyond ASCII, these are what is hashed.
#[must_use]
pub const fn wide_part(gram: u32) -> u32 {
    gram & 0x00FF_FFFF
}

/// A byte as it is hashed: letters are then the same in both cases, and some signs are taken for others. What is met too
/// often is compared in vain; nothing is missed.
#[must_use]
pub const fn blur(byte: u8) -> u8 {
    byte | 0x20
}

/// Eight bytes as they are hashed.
#[must_use]
pub const fn blur_word(word: u64) -> u64 {
    word | 0x2020_2020_2020_2020
}

/// Up to eight bytes as a number, as they are hashed; what is beyond them is zero before.
#[must_use]
pub fn blurred_word(bytes: &[u8]) -> u64 {
    if let Some(word) = bytes.first_chunk::<8>() {
        return blur_word(u64::from_le_bytes(*word));
    }
    let mut word = 0_u64;
    for byte in bytes.iter().rev() {
        word = word << 8 | u64::from(*byte);
    }
    blur_word(word)
}

/// The three bytes at the beginning of some bytes, as they are hashed.
#[must_use]
pub fn wide_gram_at(bytes: &[u8]) -> Option<u32> {
    let [a, b, c, ..] = bytes else { return None };
    Some(u32::from_le_bytes([blur(*a), blur(*b), blur(*c), 0]))
}

/// The gram at the beginning of some bytes, as it is hashed.
#[must_use]
pub fn gram_at(bytes: &[u8]) -> Option<u32> {
    let four = bytes.first_chunk::<GRAM>()?;
    Some(blur_word(u64::from(u32::from_le_bytes(*four))) as u32)
}

/// The bit of a hash in a bit map of a power of two of words: the word, of which the low bits count,
/// and its bit.
#[must_use]
#[inline(always)]
pub const fn bit_of(key: u64) -> (usize, u32) {
    ((key >> 32) as usize, (key >> 58) as u32)
}

/// What an entry has of a hash.
#[must_use]
pub const fn check_of(key: u64) -> u16 {
    (key >> 16) as u16
}

/// Two bytes near those that are hashed: most entries are told apart by them, so that no literal must be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Near {
    /// None are asked for.
    Absent = 0,
    /// Right before what is hashed.
    Before = 1,
    /// Right behind it.
    Behind = 2,
}

impl Near {
    /// The bytes of a text there, as they are hashed. Nothing where the text has none.
    #[must_use]
    #[inline]
    pub fn of(self, text: &[u8], (from, to): (usize, usize)) -> Option<u16> {
        let at = match self {
            Self::Absent => return Some(0),
            Self::Before => from.checked_sub(2)?,
            Self::Behind => to,
        };
        let bytes = text.get(at..)?.first_chunk::<2>()?;
        Some(u16::from_le_bytes(*bytes) | 0x2020)
    }

    /// Where the bytes of a literal stand: before what is hashed, or else behind it, if it has them.
    #[must_use]
    pub fn in_literal(literal: &[u8], hashed: (usize, usize)) -> (Self, u16) {
        for near in [Self::Before, Self::Behind] {
            if let Some(bytes) = near.of(literal, hashed) {
                return (near, bytes);
            }
        }
        (Self::Absent, 0)
    }

    /// The one with a number of the format.
    #[must_use]
    #[inline]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Absent),
            1 => Some(Self::Before),
            2 => Some(Self::Behind),
            _ => None,
        }
    }
}

/// Which bytes of a text of so many bytes are hashed for an anchor.
#[must_use]
#[inline]
pub const fn anchored(kind: LiteralKind, bytes: u8, len: usize) -> (usize, usize) {
    match kind {
        LiteralKind::Prefix => (0, bytes as usize),
        _ => (len.saturating_sub(bytes as usize), len),
    }
}

/// The bucket of a hash.
pub(crate) const fn bucket_of(key: u64, log2: u8) -> u32 {
    match key.checked_shr(64_u32.wrapping_sub(log2 as u32)) {
        Some(bucket) => bucket as u32,
        None => 0,
    }
}

/// The hash of a literal that lies at an end of a value. Nothing where it has too few bytes.
#[must_use]
pub fn literal_key(kind: LiteralKind, literal: &[u8], bytes: u8, input: u16) -> Option<u64> {
    let count = usize::from(bytes);
    let part = match kind {
        LiteralKind::Equals | LiteralKind::Int => {
            // The whole value, of which the last eight bytes are hashed.
            if usize::from(crate::format::ANCHOR_MAX) != count {
                return None;
            }
            literal.get(literal.len().saturating_sub(count)..)?
        }
        LiteralKind::Prefix => literal.get(..count)?,
        LiteralKind::Suffix => literal.get(literal.len().checked_sub(count)?..)?,
        LiteralKind::Contains => return None,
    };
    let word = if kind == LiteralKind::Int {
        u64::from_le_bytes(*literal.first_chunk::<8>().filter(|_| literal.len() == 8)?)
    } else {
        blurred_word(part)
    };
    Some(anchor(kind, bytes, input, word, literal.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_counts_for_the_checksum() {
        let mut image = std::vec![7_u8; 100];
        let whole = checksum(&image);
        for at in (0..CHECKSUM_AT).chain(CHECKSUM_AT + 8..100) {
            image[at] ^= 1;
            assert_ne!(checksum(&image), whole, "{at}");
            image[at] ^= 1;
        }
        assert_ne!(checksum(image.get(..99).unwrap()), whole);
    }
}
