//! Keys that sign, and what they write.

use std::format;
use std::string::String;
use std::vec::Vec;

use core::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::base64 as read_base64;
use crate::key::{Algorithm, is_name};
use crate::lines::split_once;

use super::encode::base64;

/// A key that signs notes or cosigns checkpoints. It is kept as `PRIVATE+KEY+NAME+ID+BASE64`, as Go's `note` package has it.
pub struct SecretKey {
    name: String,
    algorithm: Algorithm,
    key: SigningKey,
}

/// It says whose key it is, and nothing of the key.
impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey")
            .field("name", &self.name)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// Why a text is no key that signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSecret {
    /// It is not of the form `PRIVATE+KEY+NAME+ID+BASE64`.
    Form,
    /// A key cannot have this name: it is empty or too long, or has a blank or a `+`.
    Name,
    /// The id is not the one that name and key have.
    Id,
}

impl fmt::Display for NoSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "a key that signs has the form PRIVATE+KEY+NAME+ID+BASE64",
            Self::Name => "the name of a key has neither white space nor `+`, and is not empty",
            Self::Id => "the id of the key is not the one that its name and bytes have",
        })
    }
}

impl core::error::Error for NoSecret {}

const fn byte(algorithm: Algorithm) -> u8 {
    match algorithm {
        Algorithm::Note => 1,
        Algorithm::Cosignature => 4,
    }
}

impl SecretKey {
    /// The key of a seed: 32 bytes that nobody else can guess, from the system's random numbers.
    ///
    /// # Errors
    /// When a key cannot have this name.
    pub fn of_seed(name: &str, algorithm: Algorithm, seed: &[u8; 32]) -> Result<Self, NoSecret> {
        if !is_name(name) {
            return Err(NoSecret::Name);
        }
        Ok(Self { name: name.into(), algorithm, key: SigningKey::from_bytes(seed) })
    }

    /// Reads a key as it is kept.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str) -> Result<Self, NoSecret> {
        let rest = text.trim_end().strip_prefix("PRIVATE+KEY+").ok_or(NoSecret::Form)?;
        let (name, rest) = split_once(rest, b'+').ok_or(NoSecret::Form)?;
        let (id, key) = split_once(rest, b'+').ok_or(NoSecret::Form)?;
        let mut room = [0; 96];
        let bytes = read_base64::decode(key, &mut room).ok_or(NoSecret::Form)?;
        let (kind, seed) = bytes.split_first().ok_or(NoSecret::Form)?;
        let algorithm = [Algorithm::Note, Algorithm::Cosignature].into_iter().find(|one| byte(*one) == *kind);
        let seed = <&[u8; 32]>::try_from(seed).map_err(|_| NoSecret::Form)?;
        let key = Self::of_seed(name, algorithm.ok_or(NoSecret::Form)?, seed)?;
        // Go writes the id of the public key here too.
        if id != format!("{:08x}", key.id()) { Err(NoSecret::Id) } else { Ok(key) }
    }

    /// The key as it is kept: whoever has this text signs in its name.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        let bytes = [&[byte(self.algorithm)], self.key.as_bytes().as_slice()].concat();
        format!("PRIVATE+KEY+{}+{:08x}+{}", self.name, self.id(), base64(&bytes))
    }

    /// The key that others check with, as [`VerifierKey::read`](crate::VerifierKey::read) reads it.
    #[must_use]
    pub fn verifier(&self) -> String {
        let bytes = [&[byte(self.algorithm)], self.key.verifying_key().as_bytes().as_slice()].concat();
        format!("{}+{:08x}+{}", self.name, self.id(), base64(&bytes))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key, as it is.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        *self.key.verifying_key().as_bytes()
    }

    /// Signs bytes that are neither a note nor a checkpoint: they begin with what they are for, a zero byte behind it.
    #[must_use]
    pub fn sign(&self, domain: &str, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(&[domain.as_bytes(), &[0], bytes].concat()).to_bytes()
    }

    fn id(&self) -> u32 {
        let hash = Sha256::new().chain_update(&self.name).chain_update([b'\n', byte(self.algorithm)]);
        let hash = hash.chain_update(self.key.verifying_key().as_bytes()).finalize();
        hash.first_chunk().map_or(0, |id| u32::from_be_bytes(*id))
    }

    /// The line of a signature of a note's text; for a key that cosigns, at a time in seconds since 1970.
    #[must_use]
    pub fn line(&self, text: &str, time: u64) -> String {
        let mut bytes: Vec<u8> = self.id().to_be_bytes().into();
        match self.algorithm {
            Algorithm::Note => bytes.extend(self.key.sign(text.as_bytes()).to_bytes()),
            Algorithm::Cosignature => {
                let signed = format!("cosignature/v1\ntime {time}\n{text}");
                bytes.extend(time.to_be_bytes());
                bytes.extend(self.key.sign(signed.as_bytes()).to_bytes());
            }
        }
        format!("\u{2014} {} {}\n", self.name, base64(&bytes))
    }
}

/// Whether a key is one of the few with which anybody could sign, such as one of zeros: points of small order.
#[must_use]
pub fn is_of_nobody(key: &[u8; 32]) -> bool {
    VerifyingKey::from_bytes(key).is_ok_and(|key| key.is_weak())
}

/// Whether bytes are a key that its owner alone can sign with: a point of the curve, none of small order, and written as RFC 8032 has it, with
/// a number below 2^255 - 19. Of other bytes nobody has the private half.
#[must_use]
pub fn is_key(key: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = key;
    let is_above = *low >= 0xED && middle.iter().all(|byte| *byte == 0xFF) && high & 0x7F == 0x7F;
    !is_above && VerifyingKey::from_bytes(key).is_ok_and(|key| !key.is_weak())
}

/// Whether a public key signed bytes of a domain, as [`SecretKey::sign`] does. No key counts with which anybody could sign.
#[must_use]
pub fn is_signed(key: &[u8; 32], domain: &str, bytes: &[u8], signature: &[u8; 64]) -> bool {
    let Some(key) = VerifyingKey::from_bytes(key).ok().filter(|key| !key.is_weak()) else { return false };
    let message = [domain.as_bytes(), &[0], bytes].concat();
    key.verify_strict(&message, &Signature::from_bytes(signature)).is_ok()
}
