//! Entries of the log of rollouts. Each is a record of fixed layout, numbers little-endian, or an [`Opening`] as devices read it:
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `CCROLL1` and a line feed |
//! | 1 | the kind: 1 keys, 2 census, 3 release, 4 plan, 5 start, 6 evidence, 7 verdict, 8 halt, 9 resume, 10 census with redundancy groups, 11 plan with a rate limit |
//! | 32 | the hash of the plan of the rollout that it is about; zeros for kinds 1 to 4, 10 and 11 |
//! | 32 | the hash of the entry of that rollout before it, so that none can be left out or moved; zeros for kinds 1 to 4, 10 and 11 |
//! | 8 | when it was made, in seconds since 1970 |
//! | 4, n | the body: what the structs of this module have, in their order; lists and strings with their count before them |
//! | 2, 96 n | for each signature the public key, 32 bytes, and the signature, 64 |
//!
//! What is signed is the domain `contentcheck/entry/v1`, a zero byte, the name of the log, a zero byte, and the entry up to its
//! signatures. Keys, censuses, releases, plans, evidence, halts and resumptions are signed. A start carries signatures of
//! witnesses; a verdict and an opening can be computed from what is before them, so nobody signs them, and nobody can sign another one.

mod body;

use core::fmt;

use contentcheck_log::limits::ENTRY_BYTES;
use contentcheck_log::write::{SecretKey, is_signed};
use contentcheck_log::{Hash, Opening};

use crate::codec::{Reader, Writer};

pub use body::{
    Arm, Body, Evidence, FEWEST, Found, Halt, Keys, Observed, Plan, Release, Resume, Role, Roles, Start, Statistic,
    Test, Verdict,
};

const MAGIC: [u8; 8] = *b"CCROLL1\n";
const DOMAIN: &str = "contentcheck/entry/v1";
/// Signatures of one entry.
pub const SIGNATURES: usize = 32;

/// Which rollout: the hash of the entry that holds its plan.
pub type Id = Hash;

/// A signature, and by whom it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The public key.
    pub key: [u8; 32],
    /// What it signed with.
    pub signature: [u8; 64],
}

/// An entry that is no opening.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The rollout that it is about, and the hash of the entry of that rollout before it. Nothing for keys, censuses, releases and plans.
    pub of: Option<(Id, Hash)>,
    /// When it was made, in seconds since 1970.
    pub time: u64,
    /// What it says.
    pub body: Body,
    /// Who signed it.
    pub signatures: Vec<Signed>,
}

/// An entry as it is in the log.
#[derive(Clone, Debug, PartialEq)]
pub enum Logged {
    /// A ring was opened.
    Opening(Opening),
    /// Anything else.
    Entry(Entry),
}

/// Why bytes are no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoEntry;

impl fmt::Display for NoEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these bytes are no entry of a log of rollouts, or one of a newer version")
    }
}

impl core::error::Error for NoEntry {}

impl Logged {
    /// Reads an entry.
    ///
    /// # Errors
    /// When it is none. Each entry has one spelling.
    pub fn read(bytes: &[u8]) -> Result<Self, NoEntry> {
        if bytes.len() > ENTRY_BYTES {
            return Err(NoEntry);
        }
        if bytes.starts_with(&MAGIC) {
            Entry::decode(bytes).map(Self::Entry).ok_or(NoEntry)
        } else {
            Opening::read(bytes).map(Self::Opening).map_err(|_| NoEntry)
        }
    }
}

impl Entry {
    /// An entry that nobody has signed.
    #[must_use]
    pub const fn new(of: Option<(Id, Hash)>, time: u64, body: Body) -> Self {
        Self { of, time, body, signatures: Vec::new() }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes);
        from.array::<8>()?;
        let kind = from.u8()?;
        let (of, previous) = (Hash(from.array()?), Hash(from.array()?));
        let time = from.u64()?;
        let mut inside = Reader(from.bytes(ENTRY_BYTES)?);
        let body = Body::read(kind, &mut inside)?;
        inside.end()?;
        let signatures = from.list(SIGNATURES, |from| Some(Signed { key: from.array()?, signature: from.array()? }))?;
        from.end()?;
        let is_sorted = signatures.is_sorted_by(|before, after| before.key < after.key);
        let of = match body.is_of_a_rollout() {
            true => Some((of, previous)),
            false if of == Hash([0; 32]) && previous == Hash([0; 32]) => None,
            false => return None,
        };
        is_sorted.then_some(Self { of, time, body, signatures })
    }

    /// The entry up to its signatures.
    fn signed_part(&self) -> Writer {
        let mut to = Writer::default();
        to.array(&MAGIC);
        to.u8(self.body.kind());
        let (of, previous) = self.of.unwrap_or((Hash([0; 32]), Hash([0; 32])));
        to.array(&of.0);
        to.array(&previous.0);
        to.u64(self.time);
        let mut body = Writer::default();
        self.body.write(&mut body);
        to.bytes(&body.0);
        to
    }

    /// The bytes of the entry.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut to = self.signed_part();
        to.list(&self.signatures, |to, Signed { key, signature }| {
            to.array(key);
            to.array(signature);
        });
        to.0
    }

    fn message(&self, log: &str) -> Vec<u8> {
        [log.as_bytes(), &[0], &self.signed_part().0].concat()
    }

    /// Adds the signature of a key, for the log of this name. A key signs once.
    pub fn sign(&mut self, log: &str, key: &SecretKey) {
        let signed = Signed { key: key.public(), signature: key.sign(DOMAIN, &self.message(log)) };
        match self.signatures.binary_search_by(|one| one.key.cmp(&signed.key)) {
            Ok(_) => {}
            Err(at) => self.signatures.insert(at, signed),
        }
    }

    /// Which of these keys, in rising order, signed it for the log of this name. A signature that is wrong counts as none.
    pub fn signers<'k>(&self, log: &str, of: &'k [[u8; 32]]) -> impl Iterator<Item = &'k [u8; 32]> {
        let message = self.message(log);
        self.signatures.iter().filter_map(move |one| {
            let at = of.binary_search(&one.key).ok()?;
            is_signed(&one.key, DOMAIN, &message, &one.signature).then(|| of.get(at)).flatten()
        })
    }
}
