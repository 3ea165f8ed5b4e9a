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
        /// What is wrong with it.
        why: NoLine,
    },
    /// A key of a line is none.
    Key {
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        why: NoKey,
    },
    /// No line names the log.
    Log,
    /// No line says which group must sign.
    Quorum,
}

impl fmt::Display for NoTrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes => write!(f, "a policy has {POLICY_BYTES} bytes at most"),
            Self::Line { line, why } => write!(f, "line {line}: {why}"),
            Self::Key { line, why } => write!(f, "line {line}: {why}"),
            Self::Log => write!(f, "no line names the log; add `{LOG_LINE}`"),
            Self::Quorum => write!(f, "no line says who must sign; add `{QUORUM_LINE}` behind the group"),
        }
    }
}

impl core::error::Error for NoTrust {}

const LOG_LINE: &str = "log NAME+ID+KEY";
const WITNESS_LINE: &str = "witness NAME NAME+ID+KEY";
const GROUP_LINE: &str = "group NAME NUMBER WITNESS WITNESS";
const QUORUM_LINE: &str = "quorum GROUP";
/// What editors of Windows put before a text.
const MARK: char = '\u{FEFF}';

/// What is wrong with a line of a policy. What the line says is not repeated: somebody may have put the private half of a key there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLine {
    /// A byte order mark is before the first one.
    Mark,
    /// It ends with a carriage return.
    Return,
    /// It has another control character.
    Control,
    /// Its first word is none that a policy has.
    Word,
    /// It has too few words, or too many.
    Form {
        /// What such a line looks like.
        form: &'static str,
    },
    /// The log, the group or the quorum has a line already.
    Again {
        /// Which of them.
        what: &'static str,
    },
    /// It is of a witness behind the group, or of either behind the quorum.
    Late,
    /// The key is not for what the line says: that of a witness for the log, or another one for a witness.
    Algorithm {
        /// What the key must be for.
        needed: Algorithm,
    },
    /// Nothing can be called `none`.
    Nameless,
    /// A line before it has the key. Whoever has two names would be two witnesses.
    KeyTwice,
    /// A line before it has the name.
    NameTwice,
    /// The group has a witness twice.
    MemberTwice,
    /// The group has a name that is of no witness before it.
    Member {
        /// Which of its names, from 1.
        number: u8,
    },
    /// So many of the group cannot sign, or nobody would have to.
    Needed {
        /// Witnesses of the group.
        members: u8,
    },
    /// The quorum is no group and no witness before it.
    Group,
    /// There are too many witnesses.
    Witnesses,
}

impl fmt::Display for NoLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mark => f.write_str("a byte order mark is before it; save the file as UTF-8 without one"),
            Self::Return => {
                f.write_str("it ends with a carriage return; save the file with line feeds alone, as Unix has them")
            }
            Self::Control => f.write_str("it has a control character; separate words by spaces"),
            Self::Word => {
                f.write_str("it begins with none of `log`, `witness`, `group` and `quorum`; a comment begins with `#`")
            }
            Self::Form { form } => write!(f, "it has too few words, or too many; write `{form}`"),
            Self::Again { what } => {
                write!(f, "there is a line `{what}` before it, and a policy has one; take one of them out")
            }
            Self::Late => {
                f.write_str("witnesses come before the group, and the group before the quorum; move the line up")
            }
            Self::Algorithm { needed: Algorithm::Note } => {
                f.write_str("the key is that of a witness; write the key of the log")
            }
            Self::Algorithm { needed: Algorithm::Cosignature } => {
                f.write_str("the key is not that of a witness; write one that was made for a witness")
            }
            Self::Nameless => f.write_str("nothing can be called `none`; choose another name"),
            Self::KeyTwice => {
                f.write_str("a line before it has this key; each witness has a key of its own, and so has the log")
            }
            Self::NameTwice => {
                f.write_str("a line before it has this name; each witness has a name of its own, and so has the group")
            }
            Self::MemberTwice => f.write_str("the group has a witness twice; write each once"),
            Self::Member { number } => {
                write!(
                    f,
                    "name {number} of the group is of no witness before it; write names that have a line `{WITNESS_LINE}`"
                )
            }
            Self::Needed { members: 0 } => write!(f, "the group has no witness; write `{GROUP_LINE}`"),
            Self::Needed { members } => {
                write!(
                    f,
                    "of these witnesses a number from 1 to {members} must sign; write it before their names, or `all`"
                )
            }
            Self::Group => write!(
                f,
                "this is neither the group nor a witness before it; write `{QUORUM_LINE}`, with the name of the group"
            ),
            Self::Witnesses => write!(f, "a policy has {WITNESSES} witnesses at most; take this one out"),
        }
    }
}

impl core::error::Error for NoLine {}

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
        if text.starts_with(MARK) {
            return Err(NoTrust::Line { line: 1, why: NoLine::Mark });
        }
        let mut reading = Reading { log: None, witnesses: [None; WITNESSES], group: None, quorum: None };
        for (at, line) in split(text, b'\n').enumerate() {
            reading.line(line.trim_matches([' ', '\t']), at.saturating_add(1))?;
        }
        let log = reading.log.ok_or(NoTrust::Log)?;
        let quorum = reading.quorum.ok_or(NoTrust::Quorum)?;
        Ok(Self { log, witnesses: reading.witnesses, quorum })
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

    /// The key of the log.
    #[must_use]
    pub const fn log_key(&self) -> VerifierKey<'t> {
        self.log
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
        let wrong = |why| NoTrust::Line { line, why };
        if text.bytes().any(|byte| byte < 0x20 && byte != b'\t' || byte == 0x7F) {
            return Err(wrong(if text.as_bytes().ends_with(b"\r") { NoLine::Return } else { NoLine::Control }));
        }
        if text.is_empty() || text.starts_with('#') {
            return Ok(());
        }
        let mut words = split(text, b' ').flat_map(|words| split(words, b'\t')).filter(|word| !word.is_empty());
        let form = match words.next() {
            Some("log") => {
                let wrong_form = wrong(NoLine::Form { form: LOG_LINE });
                if self.log.is_some() {
                    return Err(wrong(NoLine::Again { what: "log" }));
                }
                self.log = Some(self.key(words.next().ok_or(wrong_form)?, Algorithm::Note, line)?);
                wrong_form
            }
            Some("witness") => {
                let wrong_form = wrong(NoLine::Form { form: WITNESS_LINE });
                if self.group.is_some() || self.quorum.is_some() {
                    return Err(wrong(NoLine::Late));
                }
                let name = words.next().ok_or(wrong_form)?;
                let key = self.key(words.next().ok_or(wrong_form)?, Algorithm::Cosignature, line)?;
                self.is_free(name).map_err(wrong)?;
                let free = self.witnesses.iter_mut().find(|witness| witness.is_none());
                *free.ok_or(wrong(NoLine::Witnesses))? = Some(Witness { name, key, counts: false });
                wrong_form
            }
            Some("group") => return self.group(words).map_err(wrong),
            Some("quorum") => {
                let wrong_form = wrong(NoLine::Form { form: QUORUM_LINE });
                if self.quorum.is_some() {
                    return Err(wrong(NoLine::Again { what: "quorum" }));
                }
                let name = words.next().ok_or(wrong_form)?;
                if words.next().is_some() {
                    return Err(wrong_form);
                }
                self.quorum = Some(self.quorum_of(name).ok_or(wrong(NoLine::Group))?);
                return Ok(());
            }
            _ => return Err(wrong(NoLine::Word)),
        };
        // An address may follow: a device fetches nothing.
        words.nth(1).map_or(Ok(()), |_| Err(form))
    }

    fn key(&self, text: &'t str, needed: Algorithm, line: usize) -> Result<VerifierKey<'t>, NoTrust> {
        let key = VerifierKey::read(text).map_err(|why| NoTrust::Key { line, why })?;
        if key.algorithm() != needed {
            return Err(NoTrust::Line { line, why: NoLine::Algorithm { needed } });
        }
        let witnesses = self.witnesses.iter().flatten().map(|witness| witness.key);
        if witnesses.chain(self.log).any(|other| other.bytes() == key.bytes()) {
            return Err(NoTrust::Line { line, why: NoLine::KeyTwice });
        }
        Ok(key)
    }

    /// Whether a witness or the group can have a name.
    fn is_free(&self, name: &str) -> Result<(), NoLine> {
        if name == "none" {
            return Err(NoLine::Nameless);
        }
        let is_taken = self.witnesses.iter().flatten().any(|witness| witness.name == name);
        if is_taken { Err(NoLine::NameTwice) } else { Ok(()) }
    }

    fn group(&mut self, mut words: impl Iterator<Item = &'t str>) -> Result<(), NoLine> {
        if self.group.is_some() {
            return Err(NoLine::Again { what: "group" });
        }
        if self.quorum.is_some() {
            return Err(NoLine::Late);
        }
        let wrong = NoLine::Form { form: GROUP_LINE };
        let name = words.next().ok_or(wrong)?;
        self.is_free(name)?;
        let needed = words.next().ok_or(wrong)?;
        let mut members = 0_u8;
        for member in words {
            let number = members.saturating_add(1);
            let witness = self.witnesses.iter_mut().flatten().find(|witness| witness.name == member);
            let witness = witness.ok_or(NoLine::Member { number })?;
            if core::mem::replace(&mut witness.counts, true) {
                return Err(NoLine::MemberTwice);
            }
            members = number;
        }
        let needed = match needed {
            "all" => Some(members),
            "any" => Some(1),
            number => number.parse().ok(),
        };
        let needed = needed.filter(|needed| *needed > 0 && *needed <= members).ok_or(NoLine::Needed { members })?;
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
