//! Keys, as they are written in configuration: `NAME+ID+BASE64`.

use core::fmt;

use ed25519_dalek::VerifyingKey;
use sha2::{Digest as _, Sha256};

use crate::base64;
use crate::limits::NAME_BYTES;
use crate::lines::split_once;

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// The text of a note (0x01).
    Note,
    /// A checkpoint and the time at which it was seen (0x04).
    Cosignature,
}

impl Algorithm {
    const fn of(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Note),
            0x04 => Some(Self::Cosignature),
            _ => None,
        }
    }
}

/// A key that can be checked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifierKey<'k> {
    name: &'k str,
    id: u32,
    algorithm: Algorithm,
    key: VerifyingKey,
}

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// It is not of the form `NAME+ID+BASE64`.
    Form,
    /// It is of an algorithm that is unknown here.
    Algorithm(u8),
    /// Its bytes are no key of ed25519, or one with which anybody could sign.
    Weak,
    /// The id is not the one that name and key have.
    Id {
        /// What it says.
        found: u32,
        /// What they have.
        expected: u32,
    },
}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str("a key has the form NAME+ID+BASE64"),
            Self::Algorithm(byte) => write!(f, "the key is of the algorithm {byte:#04x}, and 0x01 and 0x04 are known"),
            Self::Weak => f.write_str("the bytes are no key of ed25519, or one with which anybody could sign"),
            Self::Id { found, expected } => {
                write!(f, "the key says that its id is {found:08x}, and it is {expected:08x}")
            }
        }
    }
}

impl core::error::Error for NoKey {}

/// Whether a key may have this name.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES
        && !name.chars().any(|c| c == '+' || c.is_whitespace() || c.is_control())
}

impl<'k> VerifierKey<'k> {
    /// Reads a key.
    ///
    /// # Errors
    /// When it is none, or not what it says that it is.
    pub fn read(text: &'k str) -> Result<Self, NoKey> {
        let (name, rest) = split_once(text, b'+').ok_or(NoKey::Form)?;
        let (id, key) = split_once(rest, b'+').ok_or(NoKey::Form)?;
        let is_hex = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        if !is_name(name) || id.len() != 8 || !id.bytes().all(is_hex) {
            return Err(NoKey::Form);
        }
        let found = u32::from_str_radix(id, 16).map_err(|_| NoKey::Form)?;
        let mut room = [0; 96];
        let bytes = base64::decode(key, &mut room).ok_or(NoKey::Form)?;
        let (kind, key) = bytes.split_first().ok_or(NoKey::Form)?;
        let algorithm = Algorithm::of(*kind).ok_or(NoKey::Algorithm(*kind))?;
        let key = <&[u8; 32]>::try_from(key).map_err(|_| NoKey::Form)?;
        let hash = Sha256::new().chain_update(name).chain_update([b'\n', *kind]).chain_update(key).finalize();
        let &[a, b, c, d, ..] = hash.as_slice() else { return Err(NoKey::Form) };
        let expected = u32::from_be_bytes([a, b, c, d]);
        if found != expected {
            return Err(NoKey::Id { found, expected });
        }
        let key = VerifyingKey::from_bytes(key).ok().filter(|key| !key.is_weak()).ok_or(NoKey::Weak)?;
        Ok(Self { name, id: found, algorithm, key })
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'k str {
        self.name
    }

    /// Its id: a hint, and no proof.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// What it signs.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        self.key.verify_strict(message, &signature).is_ok()
    }
}
