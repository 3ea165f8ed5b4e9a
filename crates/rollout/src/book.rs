//! The log of rollouts as its one writer has it, and as a witness keeps up with it.
//!
//! A writer holds every entry to the rules before it is in the log, so a log has none that breaks one; a witness does not rely on that.

use core::fmt;
use std::io;

use contentcheck_log::write::{Fault, Kept, Log, SecretKey, Storage, View, Witness, witness};
use contentcheck_log::{Hash, Trust, VerifierKey};

use crate::entry::{Body, Entry, Logged};
use crate::state::{Refusal, State, Told};
use crate::witness::{Checker, Reports, Unsigned};

/// Why a log of rollouts cannot be read, written or signed for.
#[derive(Debug)]
pub enum NoBook {
    /// The log itself: its files, its key.
    Log(Fault),
    /// The key of the log is no key.
    Key,
    /// An entry that is in the log breaks a rule. Whoever wrote it did not ask; no witness signs for it.
    Broken {
        /// Its place.
        index: u64,
        /// Which rule.
        why: Refusal,
    },
    /// The entry would break a rule, so it was not written.
    Refused(Refusal),
    /// The witness does not sign.
    Witness(witness::Refusal),
    /// The witness does not sign: what is new in the log is not right.
    Unsigned(Unsigned),
}

impl fmt::Display for NoBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(fault) => fault.fmt(f),
            Self::Key => f.write_str("the key of the log is none"),
            Self::Broken { index, why } => {
                write!(f, "entry {index} of the log breaks a rule: {why}; no witness signs for this log any more")
            }
            Self::Refused(why) => why.fmt(f),
            Self::Witness(why) => why.fmt(f),
            Self::Unsigned(why) => why.fmt(f),
        }
    }
}

impl core::error::Error for NoBook {}

impl From<Fault> for NoBook {
    fn from(fault: Fault) -> Self {
        Self::Log(fault)
    }
}

impl From<witness::Refusal> for NoBook {
    fn from(refusal: witness::Refusal) -> Self {
        Self::Witness(refusal)
    }
}

impl From<io::Error> for NoBook {
    fn from(error: io::Error) -> Self {
        Self::Log(Fault::Storage(error))
    }
}

/// Reads the state out of a log.
///
/// # Errors
/// When it cannot be read, its tiles are not those of its entries, or an entry breaks a rule.
pub fn read(storage: impl Storage, log: &VerifierKey<'_>) -> Result<State, NoBook> {
    let mut state = State::new(log.name());
    let view = View::open(storage, log)?;
    let entries = view.entries()?;
    // Whoever writes the log next needs them, and so does each token: whoever reads it hears of it first.
    view.tiles(&entries)?;
    for entry in entries {
        let index = state.size();
        state.apply(&entry).map_err(|why| NoBook::Broken { index, why })?;
    }
    Ok(state)
}

/// A log of rollouts that is written here and nowhere else.
#[derive(Debug)]
pub struct Book<S> {
    log: Log<S>,
    state: State,
}

impl<S: Storage> Book<S> {
    /// Begins a log where there is none.
    ///
    /// # Errors
    /// When there is one, or what is left of one, or it cannot be written.
    pub fn begin(storage: S, key: SecretKey) -> Result<Self, NoBook> {
        let state = State::new(key.name());
        Ok(Self { log: Log::begin(storage, key)?, state })
    }

    /// Opens a log.
    ///
    /// # Errors
    /// When there is none, it cannot be read, is another one's, or an entry breaks a rule.
    pub fn open(storage: S, key: SecretKey) -> Result<Self, NoBook> {
        let verifier = key.verifier();
        let verifier = VerifierKey::read(&verifier).map_err(|_| NoBook::Key)?;
        let state = read(&storage, &verifier)?;
        Ok(Self { log: Log::open(storage, key)?, state })
    }

    /// What follows from the log.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The log itself.
    #[must_use]
    pub const fn log(&self) -> &Log<S> {
        &self.log
    }

    /// Puts entries into the log, all or none, and says what the last one is called.
    ///
    /// # Errors
    /// Which rule one of them breaks; then nothing was written. Or that the log cannot be written: then open it again to see.
    pub fn append(&mut self, entries: &[&[u8]]) -> Result<Hash, NoBook> {
        let mut state = self.state.clone();
        for entry in entries {
            state.apply(entry).map_err(NoBook::Refused)?;
        }
        self.log.append(entries)?;
        self.state = state;
        Ok(entries.last().map_or_else(Hash::empty, |entry| Hash::of_leaf(entry)))
    }

    /// Adds the signature of a witness to the checkpoint.
    ///
    /// # Errors
    /// When the line is no signature of this witness over it.
    pub fn cosigned(&mut self, witness: &VerifierKey<'_>, line: &str) -> Result<(), NoBook> {
        Ok(self.log.cosigned(witness, line)?)
    }
}

/// Where a witness keeps when it saw rings open.
const OPENINGS: &str = "openings";
/// Where it keeps its signature for the checkpoint of a plan.
const PLANS: &str = "plan";

/// Where it keeps halts that it was told of and has not seen in the log.
const HALTS: &str = "halts";

/// A witness of a log of rollouts: it signs for a checkpoint when every entry keeps the rules, and not before.
#[derive(Debug)]
pub struct Cosigner<S> {
    witness: Witness<S>,
    storage: S,
    log: String,
}

impl<S: Storage + Clone> Cosigner<S> {
    /// A witness that signs with a key, for the log with this key; it keeps what it saw in a storage of its own.
    ///
    /// # Errors
    /// When the key does not cosign, or the log's is no key that signs notes.
    pub fn new(storage: S, key: SecretKey, log: &str) -> Result<Self, NoBook> {
        Ok(Self { witness: Witness::new(storage.clone(), key, log)?, storage, log: log.to_owned() })
    }

    /// What a witness has in its storage before it saw anything: one that has not even this lost what it knew.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(storage: &S) -> Result<(), NoBook> {
        // What it kept is there where only its key was lost.
        for path in [witness::SEEN, OPENINGS, HALTS] {
            if storage.kept(path)?.is_none() {
                storage.keep(path, b"")?;
            }
        }
        Ok(())
    }

    /// Looks at what the witness kept: entries that it has seen, and their root. A witness that lost it, or a part of it, begins no work.
    ///
    /// # Errors
    /// When something is damaged or missing.
    pub fn kept(&self) -> Result<(u64, Hash), NoBook> {
        let seen = self.witness.seen()?;
        // Openings are written before what was seen, and both before the first signature.
        self.halts()?;
        witness::kept(&self.storage, witness::SEEN)?.ok_or(NoBook::Witness(witness::Refusal::Forgotten))?;
        let is_whole = self.openings()?.is_empty() || seen.0 > 0;
        if is_whole { Ok(seen) } else { Err(NoBook::Witness(witness::Refusal::Forgotten)) }
    }

    /// The checkpoint that it saw last, as the log signed it; nothing before the first one.
    ///
    /// # Errors
    /// As of [`Self::kept`].
    pub fn checkpoint(&self) -> Result<Option<Vec<u8>>, NoBook> {
        self.kept()?;
        Ok(self.witness.checkpoint()?)
    }

    /// Signs for the newest checkpoint of a log at a time in seconds since 1970.
    ///
    /// The checkpoint that has a plan as its last entry is signed once: asked again, the witness gives the signature that it
    /// gave first. Devices are spread over rings by it, so nobody asks until they like it.
    ///
    /// # Errors
    /// Why it does not sign.
    pub fn cosign<L: Storage>(&mut self, log: L, now: u64, reports: &impl Reports) -> Result<String, NoBook> {
        let key = VerifierKey::read(&self.log).map_err(|_| NoBook::Key)?;
        let view = View::open(log, &key)?;
        let entries = view.entries()?;
        let (old, _) = self.witness.seen()?;
        let (checker, new) = self.checker(key.name(), &entries, view.checkpoint())?;
        let checker = checker.check(new, view.root(), now, reports).map_err(NoBook::Unsigned)?;
        let last = entries.last().and_then(|entry| Logged::read(entry).ok());
        let is_plan = matches!(last, Some(Logged::Entry(entry)) if matches!(entry.body, Body::Plan(_)));
        let kept = format!("{PLANS}/{}", view.root());
        if is_plan && let Some(line) = self.storage.read(&kept)? {
            return String::from_utf8(line).map_err(|_| NoBook::Witness(witness::Refusal::Forgotten));
        }
        // What it saw is kept before it signs: a witness that forgot would let a ring open early.
        self.storage.keep(OPENINGS, openings(checker.seen()).as_bytes())?;
        let proof = view.consistency(old)?;
        let line = self.witness.cosign(view.checkpoint().as_bytes(), (old, &proof), now, |_| Ok(()))?;
        if is_plan {
            self.storage.write(&kept, line.as_bytes())?;
        }
        Ok(line)
    }

    /// What the witness knows of a log, and the entries of it that are new to it.
    fn checker<'e>(
        &self,
        log: &str,
        entries: &'e [Vec<u8>],
        checkpoint: &str,
    ) -> Result<(Checker, &'e [Vec<u8>]), NoBook> {
        let (old, _) = self.witness.seen()?;
        let at = usize::try_from(old).ok().filter(|old| *old <= entries.len());
        let (before, new) = entries.split_at(at.ok_or(NoBook::Witness(witness::Refusal::Forked))?);
        let checker = Checker::again(State::new(log), before, self.openings()?).map_err(NoBook::Unsigned)?;
        let witnessed = witnessed(checker.state(), new, checkpoint);
        Ok((checker.beside(witnessed).with_halts(self.halts()?), new))
    }

    /// Whether the witness would sign for a log that has these entries from a place on: whoever writes the log asks before it does, since what is in it
    /// stays there. Those that the witness reads in the log already are those of the log. Nothing is signed, and nothing is kept.
    ///
    /// # Errors
    /// Why it would not.
    pub fn rehearse<L: Storage>(
        &self,
        log: L,
        (from, more): (u64, &[Vec<u8>]),
        now: u64,
        reports: &impl Reports,
    ) -> Result<(), NoBook> {
        let key = VerifierKey::read(&self.log).map_err(|_| NoBook::Key)?;
        let view = View::open(log, &key)?;
        let entries = view.entries()?;
        let (checker, new) = self.checker(key.name(), &entries, view.checkpoint())?;
        // A log that is read from a copy may be shorter than where the new entries begin.
        let known = (entries.len() as u64).checked_sub(from).ok_or(NoBook::Witness(witness::Refusal::Forked))?;
        let more = usize::try_from(known).ok().and_then(|known| more.get(known..)).unwrap_or(&[]);
        let all = [new, more].concat();
        checker.rehearse(&all, now, reports).map(|_| ()).map_err(NoBook::Unsigned)
    }

    /// Tells the witness of a halt that somebody signed, beside the log: it signs for no further ring of that rollout before a halt is
    /// in the log. One key that may halt is enough, as everywhere.
    ///
    /// # Errors
    /// When it is no halt of a rollout that the witness signed for, or the log or what the witness keeps cannot be read.
    pub fn told<L: Storage>(&mut self, log: L, halt: &[u8], now: u64) -> Result<(), NoBook> {
        let key = VerifierKey::read(&self.log).map_err(|_| NoBook::Key)?;
        let entries = View::open(log, &key)?.entries()?;
        let (old, _) = self.witness.seen()?;
        let known = usize::try_from(old).ok().and_then(|old| entries.get(..old));
        let known = known.ok_or(NoBook::Witness(witness::Refusal::Forked))?;
        let checker = Checker::again(State::new(key.name()), known, self.openings()?).map_err(NoBook::Unsigned)?;
        let checker = checker.with_halts(self.halts()?).told(halt, now).map_err(NoBook::Refused)?;
        let kept: Vec<Told> = checker.halts().copied().collect();
        Ok(self.storage.keep(HALTS, &halts_bytes(&kept))?)
    }

    /// The halts that it was told of, and has not seen in the log when it signed last.
    ///
    /// # Errors
    /// When what it kept is damaged, missing or a copy.
    pub fn halts(&self) -> Result<Vec<Told>, NoBook> {
        let forgotten = || NoBook::Witness(witness::Refusal::Forgotten);
        read_halts(&witness::kept(&self.storage, HALTS)?.ok_or_else(forgotten)?).ok_or_else(forgotten)
    }

    fn openings(&self) -> Result<Vec<(u64, u64)>, NoBook> {
        let forgotten = || NoBook::Witness(witness::Refusal::Forgotten);
        let bytes = witness::kept(&self.storage, OPENINGS)?.ok_or_else(forgotten)?;
        let text = String::from_utf8(bytes).map_err(|_| forgotten())?;
        let read = text.lines().map(|line| {
            let (index, at) = line.split_once(' ')?;
            Some((index.parse().ok()?, at.parse().ok()?))
        });
        read.collect::<Option<Vec<_>>>().ok_or_else(forgotten)
    }
}

/// The halts that a witness was told of and has not seen in the log, in its storage, for who only looks.
///
/// # Errors
/// When the storage cannot be read, or what it has is damaged.
pub fn halts(storage: &impl Storage) -> Result<Vec<Told>, NoBook> {
    let forgotten = || NoBook::Witness(witness::Refusal::Forgotten);
    // Also of a copy: it was told of them.
    match storage.kept(HALTS)? {
        Some(Kept::Here(bytes) | Kept::Copied(bytes)) => read_halts(&bytes).ok_or_else(forgotten),
        None | Some(Kept::Damaged) => Err(forgotten()),
    }
}

/// Whether everything that a witness keeps in its storage is what it put there, for who only looks: neither damaged or gone, nor put back from a copy,
/// which lacks what the witness was told since the copy was made.
#[must_use]
pub fn is_original(storage: &impl Storage) -> bool {
    let is_here = |path: &str| matches!(storage.kept(path), Ok(Some(Kept::Here(_))));
    [witness::SEEN, OPENINGS, HALTS].into_iter().all(is_here)
}

/// Halts as they are kept: for each the rollout, the time, and the entry that it follows.
#[must_use]
pub fn halts_bytes(halts: &[Told]) -> Vec<u8> {
    let record = |halt: &Told| [&halt.id.0[..], &halt.at.to_le_bytes(), &halt.after.0].concat();
    halts.iter().flat_map(record).collect()
}

/// The halts of such bytes; nothing where they are none.
#[must_use]
pub fn read_halts(kept: &[u8]) -> Option<Vec<Told>> {
    const RECORD: usize = 32 + 8 + 32;
    let read = kept.chunks(RECORD).map(|halt| {
        let (id, rest) = halt.split_first_chunk::<32>()?;
        let (at, after) = rest.split_first_chunk::<8>()?;
        Some(Told { id: Hash(*id), at: u64::from_le_bytes(*at), after: Hash(after.try_into().ok()?) })
    });
    read.collect()
}

/// Makes what was brought here with a witness its own: a person says that it was moved with all that it had.
///
/// # Errors
/// When something is damaged, or cannot be written.
pub fn moved(storage: &impl Storage) -> Result<(), NoBook> {
    Ok(witness::moved(storage, &[OPENINGS, HALTS])?)
}

/// How many entries a quorum of the log's witnesses signed for: none, or all. Which witnesses those are is said by the newest keys,
/// whose signatures are looked at with all that is new, before anything is signed.
fn witnessed(state: &State, new: &[Vec<u8>], checkpoint: &str) -> u64 {
    let newest = new.iter().rev().find_map(|entry| match Logged::read(entry) {
        Ok(Logged::Entry(Entry { body: Body::Keys(keys), .. })) => Some(keys.trust),
        _ => None,
    });
    let trust = newest.or_else(|| state.keys().map(|keys| keys.trust.clone())).unwrap_or_default();
    let checked = Trust::read(&trust).ok().and_then(|trust| trust.check(checkpoint.as_bytes()).ok());
    checked.map_or(0, |witnessed| witnessed.size())
}

fn openings(seen: &[(u64, u64)]) -> String {
    seen.iter().map(|(index, at)| format!("{index} {at}\n")).collect()
}
