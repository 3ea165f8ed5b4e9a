//! Whom a device trusts: one log, and how many of which witnesses. Written as a policy of C2SP (`tlog-policy`), of which one
//! group is read:
//!
//! ```text
//! log example.com/content+1f4a..+AX..
//! witness security example.net/w1+87ab..+BP..
//! witness customer example.org/w2+5c01..+BA..
//! group all-of-them 2 security customer
//! quorum all-of-them
//! ```

use core::fmt;

use sha2::{Digest as _, Sha256};

use crate::checkpoint::{Checkpoint, NoCheckpoint};
use crate::key::{Algorithm, NoKey, VerifierKey};
use crate::limits::{CHECKPOINT_BYTES, POLICY_BYTES, WITNESSES};
use crate::lines::split;
use crate::merkle::Hash;
use crate::note::{NoNote, Note, Signature};

/// One log, and a quorum of witnesses.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'t> {
    log: VerifierKey<'t>,
    witnesses: [Option<Witness<'t>>; WITNESSES],
    quorum: u8,
}

#[derive(Clone, Copy, Debug)]
struct Witness<'t> {
    name: &'t str,
    key: VerifierKey<'t>,
    counts: bool,
}

/// Why a text is no policy that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTrust {
    /// It is too large.
    Bytes,
    /// A line is none that a policy has, or none that is read here: one log, witnesses, one group, its quorum.
    Line {
        /// Its number, from 1.
        line: usize,
    },
    /// A key of a line is none, or not for what the line says.
    Key {
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        why: NoKey,
    },
    /// A key appears twice. Whoever has two names would be two witnesses.
    Twice {
        /// The number of the line, from 1.
        line: usize,
    },
    /// There are too many witnesses.
    Witnesses,
    /// There is no log, or no quorum.
    Missing,
}

impl fmt::Display for NoTrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes => write!(f, "a policy has {POLICY_BYTES} bytes at most"),
            Self::Line { line } => {
                write!(f, "line {line} is none of: one log, witnesses, one group of them, its quorum")
            }
            Self::Key { line, why } => write!(f, "line {line}: {why}"),
            Self::Twice { line } => write!(f, "the key or the name of line {line} appears twice"),
            Self::Witnesses => write!(f, "a policy has {WITNESSES} witnesses at most"),
            Self::Missing => f.write_str("a policy names a log and a quorum of witnesses"),
        }
    }
}

impl core::error::Error for NoTrust {}

/// Why a checkpoint is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwitnessed {
    /// It is no note.
    Note(NoNote),
    /// The note is no checkpoint.
    Checkpoint(NoCheckpoint),
    /// It is of another log.
    Origin,
    /// The log did not sign it.
    Log,
    /// A line says that it is of a witness, and is not.
    Cosignature,
    /// Too few witnesses signed it.
    Quorum {
        /// Those that did.
        found: u8,
        /// Those that must.
        needed: u8,
    },
}

impl fmt::Display for Unwitnessed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(why) => why.fmt(f),
            Self::Checkpoint(why) => why.fmt(f),
            Self::Origin => f.write_str("the checkpoint is of another log"),
            Self::Log => f.write_str("the log did not sign the checkpoint"),
            Self::Cosignature => f.write_str("a signature says that it is of a witness, and is not"),
            Self::Quorum { found: 1, needed } => write!(f, "1 witness signed the checkpoint, and {needed} must"),
            Self::Quorum { found, needed } => write!(f, "{found} witnesses signed the checkpoint, and {needed} must"),
        }
    }
}

impl core::error::Error for Unwitnessed {}

/// A checkpoint that the log and a quorum of witnesses signed. Made by [`Trust::check`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witnessed {
    size: u64,
    root: Hash,
    earliest: u64,
    latest: u64,
}

impl Witnessed {
    /// Entries of the tree.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    #[must_use]
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// By when the tree was there, in seconds since 1970: a quorum says that it saw it no later, so one of those who do not lie
    /// does.
    #[must_use]
    pub const fn seen_by(&self) -> u64 {
        self.earliest
    }

    /// Until when the tree was seen at least, in seconds since 1970: a quorum says that it saw it no earlier.
    #[must_use]
    pub const fn seen_until(&self) -> u64 {
        self.latest
    }
}

const HEADER: &[u8] = b"cosignature/v1\ntime ";

/// What a witness signs: the header, the time, and the text of the checkpoint.
struct Message {
    bytes: [u8; HEADER.len() + 21 + CHECKPOINT_BYTES],
    length: usize,
}

impl Message {
    fn new(time: u64, text: &str) -> Option<Self> {
        let mut message = Self { bytes: [0; _], length: 0 };
        message.add(HEADER)?;
        let mut digits = [0; 20];
        let (mut first, mut rest) = (digits.len(), time);
        loop {
            first = first.checked_sub(1)?;
            // The remainder of a division by ten is a digit.
            *digits.get_mut(first)? = b'0'.wrapping_add(rest.wrapping_rem(10).to_le_bytes().first().copied()?);
            rest = rest.wrapping_div(10);
            if rest == 0 {
                break;
            }
        }
        message.add(digits.get(first..)?)?;
        message.add(b"\n")?;
        message.add(text.as_bytes())?;
        Some(message)
    }

    fn add(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.length.checked_add(bytes.len())?;
        self.bytes.get_mut(self.length..end)?.copy_from_slice(bytes);
        self.length = end;
        Some(())
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&[])
    }
}

/// The time of a cosignature, where it is one of this key.
pub(crate) fn cosigned(signature: &Signature<'_>, key: &VerifierKey<'_>, text: &str) -> Option<u64> {
    let bytes = signature.bytes::<72>()?;
    let (time, signature) = bytes.split_first_chunk::<8>()?;
    let time = u64::from_be_bytes(*time);
    if i64::try_from(time).is_err() {
        return None;
    }
    let signature = signature.try_into().ok()?;
    let message = Message::new(time, text)?;
    key.verifies(message.as_bytes(), signature).then_some(time)
}

impl<'t> Trust<'t> {
    /// Reads a policy.
    ///
    /// # Errors
    /// When it is none, or one of more than a log and a group of witnesses.
    pub fn read(text: &'t str) -> Result<Self, NoTrust> {
        if text.len() > POLICY_BYTES {
            return Err(NoTrust::Bytes);
        }
        let mut reading = Reading { log: None, witnesses: [None; WITNESSES], group: None, quorum: None };
        for (at, line) in split(text, b'\n').enumerate() {
            reading.line(line.trim_matches([' ', '\t']), at.saturating_add(1))?;
        }
        match (reading.log, reading.quorum) {
            (Some(log), Some(quorum)) => Ok(Self { log, witnesses: reading.witnesses, quorum }),
            _ => Err(NoTrust::Missing),
        }
    }

    /// Witnesses that must sign.
    #[must_use]
    pub const fn quorum(&self) -> u8 {
        self.quorum
    }

    /// The name of the log.
    #[must_use]
    pub const fn log(&self) -> &'t str {
        self.log.name()
    }

    /// The witnesses that count, by their names here, each with its key.
    pub fn witnesses(&self) -> impl Iterator<Item = (&'t str, VerifierKey<'t>)> {
        self.witnesses.iter().flatten().filter(|witness| witness.counts).map(|witness| (witness.name, witness.key))
    }

    /// Whether a checkpoint is of this log, signed by it and by a quorum of its witnesses.
    ///
    /// # Errors
    /// When it is not. A wrong signature of a witness that is known spoils the whole note, as the specification of notes asks.
    pub fn check(&self, note: &[u8]) -> Result<Witnessed, Unwitnessed> {
        let note = Note::read(note).map_err(Unwitnessed::Note)?;
        let text = note.text();
        let checkpoint = Checkpoint::read(text).map_err(Unwitnessed::Checkpoint)?;
        if checkpoint.origin != self.log.name() {
            return Err(Unwitnessed::Origin);
        }
        if !note.is_signed_by(&self.log) {
            return Err(Unwitnessed::Log);
        }
        let mut times = [0; WITNESSES];
        let mut found = 0_u8;
        for witness in self.witnesses.iter().flatten().filter(|witness| witness.counts) {
            let Some(signature) = note.signatures().find(|signature| signature.is_of(&witness.key)) else { continue };
            let time = cosigned(&signature, &witness.key, text).ok_or(Unwitnessed::Cosignature)?;
            if let Some(free) = times.get_mut(usize::from(found)) {
                *free = time;
                found = found.saturating_add(1);
            }
        }
        let quorum = usize::from(self.quorum);
        let times = times.get_mut(..usize::from(found)).unwrap_or(&mut []);
        times.sort_unstable();
        // Of a quorum, one does not lie: the quorum that says least, and the one that says most.
        let earliest = quorum.checked_sub(1).and_then(|at| times.get(at));
        let latest = times.len().checked_sub(quorum).and_then(|at| times.get(at));
        match (earliest, latest) {
            (Some(&earliest), Some(&latest)) => {
                Ok(Witnessed { size: checkpoint.size, root: checkpoint.root, earliest, latest })
            }
            _ => Err(Unwitnessed::Quorum { found, needed: self.quorum }),
        }
    }

    /// What nobody could know before the witnesses signed this checkpoint: a hash over its root and their signatures, which
    /// have times in them. A rollout spreads devices over rings by it.
    ///
    /// # Errors
    /// When the checkpoint is not believed.
    pub fn salt(&self, note: &[u8]) -> Result<(Witnessed, [u8; 32]), Unwitnessed> {
        let witnessed = self.check(note)?;
        let note = Note::read(note).map_err(Unwitnessed::Note)?;
        let mut hash = Sha256::new().chain_update(b"contentcheck/salt/v1\0").chain_update(witnessed.root.0);
        for witness in self.witnesses.iter().flatten().filter(|witness| witness.counts) {
            let signature = note.signatures().find(|signature| signature.is_of(&witness.key));
            if let Some(bytes) = signature.and_then(|signature| signature.bytes::<72>()) {
                hash.update(bytes);
            }
        }
        Ok((witnessed, hash.finalize().into()))
    }
}

/// A policy on the way.
struct Reading<'t> {
    log: Option<VerifierKey<'t>>,
    witnesses: [Option<Witness<'t>>; WITNESSES],
    /// The name of the group, and how many of it must sign.
    group: Option<(&'t str, u8)>,
    quorum: Option<u8>,
}

impl<'t> Reading<'t> {
    fn line(&mut self, text: &'t str, line: usize) -> Result<(), NoTrust> {
        if text.bytes().any(|byte| byte < 0x20 && byte != b'\t' || byte == 0x7F) {
            return Err(NoTrust::Line { line });
        }
        if text.is_empty() || text.starts_with('#') {
            return Ok(());
        }
        let wrong = NoTrust::Line { line };
        let mut words = split(text, b' ').flat_map(|words| split(words, b'\t')).filter(|word| !word.is_empty());
        match words.next() {
            Some("log") if self.log.is_none() => {
                self.log = Some(self.key(words.next().ok_or(wrong)?, Algorithm::Note, line)?);
            }
            Some("witness") if self.group.is_none() && self.quorum.is_none() => {
                let name = words.next().filter(|name| *name != "none").ok_or(wrong)?;
                let key = self.key(words.next().ok_or(wrong)?, Algorithm::Cosignature, line)?;
                if self.witnesses.iter().flatten().any(|witness| witness.name == name) {
                    return Err(NoTrust::Twice { line });
                }
                let free = self.witnesses.iter_mut().find(|witness| witness.is_none()).ok_or(NoTrust::Witnesses)?;
                *free = Some(Witness { name, key, counts: false });
            }
            Some("group") if self.group.is_none() && self.quorum.is_none() => {
                self.group(words, line)?;
                return Ok(());
            }
            Some("quorum") if self.quorum.is_none() => {
                self.quorum = Some(self.quorum_of(words.next().ok_or(wrong)?).ok_or(wrong)?);
                return words.next().map_or(Ok(()), |_| Err(wrong));
            }
            _ => return Err(wrong),
        }
        // An address may follow: a device fetches nothing.
        words.nth(1).map_or(Ok(()), |_| Err(wrong))
    }

    fn key(&self, text: &'t str, algorithm: Algorithm, line: usize) -> Result<VerifierKey<'t>, NoTrust> {
        let key = VerifierKey::read(text).map_err(|why| NoTrust::Key { line, why })?;
        if key.algorithm() != algorithm {
            return Err(NoTrust::Line { line });
        }
        let witnesses = self.witnesses.iter().flatten().map(|witness| witness.key);
        if witnesses.chain(self.log).any(|other| other.bytes() == key.bytes()) {
            return Err(NoTrust::Twice { line });
        }
        Ok(key)
    }

    fn group(&mut self, mut words: impl Iterator<Item = &'t str>, line: usize) -> Result<(), NoTrust> {
        let wrong = NoTrust::Line { line };
        let name = words.next().filter(|name| *name != "none").ok_or(wrong)?;
        if self.witnesses.iter().flatten().any(|witness| witness.name == name) {
            return Err(NoTrust::Twice { line });
        }
        let needed = words.next().ok_or(wrong)?;
        let mut members = 0_u8;
        for member in words {
            let witness = self.witnesses.iter_mut().flatten().find(|witness| witness.name == member).ok_or(wrong)?;
            if core::mem::replace(&mut witness.counts, true) {
                return Err(NoTrust::Twice { line });
            }
            members = members.saturating_add(1);
        }
        let needed = match needed {
            "all" => Some(members),
            "any" => Some(1),
            number => number.parse().ok(),
        };
        let needed = needed.filter(|needed| *needed > 0 && *needed <= members).ok_or(wrong)?;
        self.group = Some((name, needed));
        Ok(())
    }

    fn quorum_of(&mut self, name: &str) -> Option<u8> {
        match self.group {
            Some((group, needed)) if group == name => Some(needed),
            Some(_) => None,
            None => {
                let witness = self.witnesses.iter_mut().flatten().find(|witness| witness.name == name)?;
                witness.counts = true;
                Some(1)
            }
        }
    }
}
