//! Proofs that an entry is in the log, as C2SP's `tlog-proof` writes them.

use core::fmt;

use crate::base64;
use crate::checkpoint::number;
use crate::limits::{ENTRY_BYTES, PATH, PROOF_BYTES};
use crate::lines::{split, split_once};
use crate::merkle::{Hash, is_included};
use crate::trust::{Trust, Unwitnessed, Witnessed};

/// The first line of a proof.
pub(crate) const FIRST: &str = "c2sp.org/tlog-proof@v1";

/// A proof that is well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof<'p> {
    extra: Option<&'p str>,
    index: u64,
    path: &'p str,
    checkpoint: &'p str,
}

/// Why bytes are no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoProof {
    /// There are too many.
    Bytes,
    /// A line is not what a proof has there.
    Line {
        /// Its number, from 1.
        line: usize,
    },
    /// The path has too many hashes.
    Path,
}

impl fmt::Display for NoProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes => write!(f, "a proof has {PROOF_BYTES} bytes at most"),
            Self::Line { line } => write!(f, "line {line} is not what a proof has there"),
            Self::Path => write!(f, "the path of a proof has {PATH} hashes at most"),
        }
    }
}

impl core::error::Error for NoProof {}

/// Why an entry is not shown to be in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlogged {
    /// The checkpoint is not believed.
    Checkpoint(Unwitnessed),
    /// The path does not lead from the entry to the root.
    Path,
    /// The entry is larger than one can be.
    Entry,
}

impl fmt::Display for Unlogged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint(why) => why.fmt(f),
            Self::Path => f.write_str("the proof does not lead from the entry to the root of the log"),
            Self::Entry => write!(f, "an entry has {ENTRY_BYTES} bytes at most"),
        }
    }
}

impl core::error::Error for Unlogged {}

/// A line and what follows it, where it has an end.
fn line(text: &str) -> Option<(&str, &str)> {
    split_once(text, b'\n')
}

impl<'p> Proof<'p> {
    /// Reads a proof.
    ///
    /// # Errors
    /// When it is none. Whether it holds is another question.
    pub fn read(bytes: &'p [u8]) -> Result<Self, NoProof> {
        if bytes.len() > PROOF_BYTES {
            return Err(NoProof::Bytes);
        }
        let text = core::str::from_utf8(bytes).map_err(|_| NoProof::Line { line: 1 })?;
        let (first, mut rest) = line(text).ok_or(NoProof::Line { line: 1 })?;
        if first != FIRST {
            return Err(NoProof::Line { line: 1 });
        }
        let mut at = 2_usize;
        let mut extra = None;
        if let Some((found, after)) = line(rest).and_then(|(found, after)| Some((found.strip_prefix("extra ")?, after)))
        {
            if !base64::is_strict(found) {
                return Err(NoProof::Line { line: at });
            }
            (extra, rest, at) = (Some(found), after, 3);
        }
        let wrong = |line| NoProof::Line { line };
        let (found, after) = line(rest).ok_or(wrong(at))?;
        let index = found.strip_prefix("index ").and_then(number).ok_or(wrong(at))?;
        let mut hashes = 0_usize;
        let mut left = after;
        loop {
            at = at.saturating_add(1);
            let (found, next) = line(left).ok_or(wrong(at))?;
            if found.is_empty() {
                let path = after.get(..after.len().saturating_sub(left.len())).unwrap_or("");
                return Ok(Self { extra, index, path, checkpoint: next });
            }
            base64::array::<32>(found).ok_or(wrong(at))?;
            hashes = hashes.saturating_add(1);
            if hashes > PATH {
                return Err(NoProof::Path);
            }
            left = next;
        }
    }

    /// Where the entry is in the log.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// What comes with the proof, decoded into memory that the caller lends. Nothing: there is nothing, or there is more than fits. It is
    /// not believed: only what [`Proof::includes`] is.
    #[must_use]
    pub fn extra<'o>(&self, to: &'o mut [u8]) -> Option<&'o [u8]> {
        base64::decode(self.extra?, to)
    }

    /// Whether an entry is in a log that is trusted.
    ///
    /// # Errors
    /// When that is not shown.
    pub fn includes(&self, entry: &[u8], trust: &Trust<'_>) -> Result<Witnessed, Unlogged> {
        if entry.len() > ENTRY_BYTES {
            return Err(Unlogged::Entry);
        }
        let witnessed = trust.check(self.checkpoint.as_bytes()).map_err(Unlogged::Checkpoint)?;
        let path = split(self.path, b'\n').filter_map(base64::array).map(Hash);
        if is_included(self.index, witnessed.size(), Hash::of_leaf(entry), path, witnessed.root()) {
            Ok(witnessed)
        } else {
            Err(Unlogged::Path)
        }
    }
}
