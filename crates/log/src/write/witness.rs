//! A witness: it signs that a log only grew, and remembers what it saw.

use std::io;
use std::string::String;
use std::vec::Vec;

use core::fmt;

use crate::checkpoint::Checkpoint;
use crate::key::{Algorithm, VerifierKey};
use crate::limits::{NOTE_BYTES, PATH};
use crate::merkle::{Hash, is_consistent};
use crate::note::Note;

use super::sign::SecretKey;
use super::storage::{Kept, Storage};

/// The path of what it saw last; empty before the first checkpoint.
pub const SEEN: &str = "seen";

/// Why a witness does not sign.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// What it saw could not be read or kept, so it does not know what it would sign.
    Storage(io::Error),
    /// What it kept is damaged. It may have signed a tree that it no longer knows: a person decides.
    Forgotten,
    /// What it kept is not where it was kept: somebody put it back from a copy, or brought it from another place. Since the copy was made it may
    /// have signed, and been told of, what it no longer knows: a person decides.
    Moved,
    /// The checkpoint is none of this log, or the log did not sign it.
    Checkpoint,
    /// It saw the log with so many entries, and the proof begins elsewhere: ask for one from there.
    From {
        /// How many it saw.
        seen: u64,
    },
    /// The log is not the one that it saw, grown: whoever writes it shows different trees to different people.
    Forked,
    /// Whoever uses the witness has a reason not to.
    Rule(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(error) => write!(f, "what the witness saw cannot be read or kept: {error}"),
            Self::Forgotten => f.write_str(
                "what the witness kept is damaged or missing, so it signs nothing: nobody knows what it has signed. Make another one \
                 (`contentcheck rollout key NAME --witness -o FILE`), and put it in the place of this one (`contentcheck rollout keys`)",
            ),
            Self::Moved => f.write_str(
                "what the witness kept was put back from a copy, or brought from another place, so it signs nothing before a person looked: it may \
                 have signed since, or been told of a halt; where it was moved with all that it had, and no other copy of it signs, run it once with \
                 `--moved`",
            ),
            Self::Checkpoint => f.write_str("this is no checkpoint of the log that the log signed"),
            Self::From { seen } => write!(f, "the witness saw {seen} entries; it needs a proof from there"),
            Self::Forked => f.write_str("the log is not the one that the witness saw, grown"),
            Self::Rule(why) => f.write_str(why),
        }
    }
}

impl core::error::Error for Refusal {}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Storage(error)
    }
}

/// Size and root that the witness with this storage saw last, for who only looks.
///
/// # Errors
/// When it cannot be read.
pub fn seen_by(storage: &impl Storage) -> Result<(u64, Hash), Refusal> {
    // Also of a copy: it did see that.
    match storage.kept(SEEN)? {
        None => Ok((0, Hash::empty())),
        Some(Kept::Here(bytes) | Kept::Copied(bytes)) => size_of(&bytes),
        Some(Kept::Damaged) => Err(Refusal::Forgotten),
    }
}

fn size_of(checkpoint: &[u8]) -> Result<(u64, Hash), Refusal> {
    if checkpoint.is_empty() {
        return Ok((0, Hash::empty()));
    }
    let note = Note::read(checkpoint).map_err(|_| Refusal::Forgotten)?;
    let read = Checkpoint::read(note.text()).map_err(|_| Refusal::Forgotten)?;
    Ok((read.size, read.root))
}

/// What a witness kept in a file of its storage; nothing where it kept none.
///
/// # Errors
/// When it cannot be read, is damaged, or is a copy.
pub fn kept(storage: &impl Storage, path: &str) -> Result<Option<Vec<u8>>, Refusal> {
    match storage.kept(path)? {
        None => Ok(None),
        Some(Kept::Here(bytes)) => Ok(Some(bytes)),
        Some(Kept::Copied(_)) => Err(Refusal::Moved),
        Some(Kept::Damaged) => Err(Refusal::Forgotten),
    }
}

/// Makes what was brought here with a witness its own, since a person says that it was moved with all that it had.
///
/// # Errors
/// When something is damaged or missing, or cannot be written.
pub fn moved(storage: &impl Storage, paths: &[&str]) -> Result<(), Refusal> {
    for path in [SEEN].iter().chain(paths) {
        match storage.kept(path)? {
            Some(Kept::Here(_)) => {}
            Some(Kept::Copied(bytes)) => storage.keep(path, &bytes)?,
            None | Some(Kept::Damaged) => return Err(Refusal::Forgotten),
        }
    }
    Ok(())
}

/// Size and root of a checkpoint that a witness says it has seen, where the log with this key signed it: nobody else can make one up.
#[must_use]
pub fn proven(checkpoint: &[u8], log: &VerifierKey<'_>) -> Option<(u64, Hash)> {
    let note = Note::read(checkpoint).ok().filter(|note| note.is_signed_by(log))?;
    let read = Checkpoint::read(note.text()).ok().filter(|read| read.origin == log.name())?;
    Some((read.size, read.root))
}

/// A witness of one log.
#[derive(Debug)]
pub struct Witness<S> {
    storage: S,
    key: SecretKey,
    log: String,
}

impl<S: Storage> Witness<S> {
    /// A witness that signs with a key, for the log with this key; it keeps what it saw in a storage of its own.
    ///
    /// # Errors
    /// When the key does not cosign, or the log's is no key that signs notes.
    pub fn new(storage: S, key: SecretKey, log: &str) -> Result<Self, Refusal> {
        let is_log = VerifierKey::read(log).is_ok_and(|log| log.algorithm() == Algorithm::Note);
        if key.algorithm() != Algorithm::Cosignature || !is_log {
            return Err(Refusal::Checkpoint);
        }
        Ok(Self { storage, key, log: log.into() })
    }

    /// Size and root that it saw last.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn seen(&self) -> Result<(u64, Hash), Refusal> {
        kept(&self.storage, SEEN)?.map_or(Ok((0, Hash::empty())), |bytes| size_of(&bytes))
    }

    /// The checkpoint that it saw last, as the log signed it; nothing before the first one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn checkpoint(&self) -> Result<Option<Vec<u8>>, Refusal> {
        kept(&self.storage, SEEN)
    }

    /// Signs a checkpoint at a time in seconds since 1970, where the proof shows that the log grew from what the witness saw,
    /// and `rule` has nothing against it. What is signed is kept first: after a crash the witness knows at least as much as
    /// it signed.
    ///
    /// # Errors
    /// Why it does not sign.
    pub fn cosign(
        &mut self,
        checkpoint: &[u8],
        (old, proof): (u64, &[Hash]),
        time: u64,
        rule: impl FnOnce(&Checkpoint<'_>) -> Result<(), String>,
    ) -> Result<String, Refusal> {
        let log = VerifierKey::read(&self.log).map_err(|_| Refusal::Checkpoint)?;
        if checkpoint.len() > NOTE_BYTES || proof.len() > PATH {
            return Err(Refusal::Checkpoint);
        }
        let note = Note::read(checkpoint).ok().filter(|note| note.is_signed_by(&log)).ok_or(Refusal::Checkpoint)?;
        let new = Checkpoint::read(note.text()).map_err(|_| Refusal::Checkpoint)?;
        if new.origin != log.name() {
            return Err(Refusal::Checkpoint);
        }
        let seen = self.seen()?;
        if old != seen.0 {
            return Err(Refusal::From { seen: seen.0 });
        }
        if !is_consistent(seen, (new.size, new.root), proof.iter().copied()) {
            return Err(Refusal::Forked);
        }
        rule(&new).map_err(Refusal::Rule)?;
        self.storage.keep(SEEN, checkpoint)?;
        Ok(self.key.line(note.text(), time))
    }
}
