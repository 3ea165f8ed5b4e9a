//! What a witness asks before it signs: that every new entry keeps the rules, that evidence is what devices reported, and that the times that entries
//! name have come, by the witness's own clock.

use core::fmt;

use contentcheck_log::Hash;

use crate::entry::{Body, Evidence, Logged};
use crate::state::{Refusal, State};

/// Seconds by which a clock of somebody else may be ahead.
pub const AHEAD: u64 = 60;

/// Counts reports of devices again.
pub trait Reports {
    /// Whether evidence of a rollout is what the reports say that devices signed.
    ///
    /// # Errors
    /// Why not, for a person.
    fn vouch(&self, state: &State, rollout: &Hash, evidence: &Evidence) -> Result<(), String>;
}

/// Why a witness does not sign.
#[derive(Clone, Debug, PartialEq)]
pub enum Unsigned {
    /// An entry breaks a rule.
    Refused {
        /// Its place in the log.
        index: u64,
        /// Which one.
        why: Refusal,
    },
    /// An entry is of a time that has not come.
    Ahead {
        /// Its place in the log.
        index: u64,
        /// The time that it names.
        time: u64,
        /// The witness's time.
        now: u64,
    },
    /// The ring before has not been open for long enough since this witness saw it open.
    Soon {
        /// The place of the verdict in the log.
        index: u64,
        /// When it is long enough.
        from: u64,
        /// The witness's time.
        now: u64,
    },
    /// Evidence is not what devices reported.
    Reports {
        /// Its place in the log.
        index: u64,
        /// Why not.
        why: String,
    },
    /// The entries are not those of the checkpoint.
    Root,
}

impl fmt::Display for Unsigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { index, why } => write!(f, "entry {index}: {why}"),
            Self::Ahead { index, time, now } => {
                write!(f, "entry {index} says that it is of {time}, and it is {now} here: a clock is wrong")
            }
            Self::Soon { index, from, now } => write!(
                f,
                "entry {index} clears a ring, and the ring before is open for long enough at {from} as seen from here, where it is {now}"
            ),
            Self::Reports { index, why } => {
                write!(f, "entry {index}: the evidence is not what devices reported: {why}")
            }
            Self::Root => f.write_str("the entries are not those of the checkpoint"),
        }
    }
}

impl core::error::Error for Unsigned {}

/// A witness's view of a log: the state, and when it saw each ring open.
#[derive(Clone, Debug)]
pub struct Checker {
    state: State,
    /// For each opening its place in the log, and when this witness signed for it first.
    seen: Vec<(u64, u64)>,
}

impl Checker {
    /// A witness that has seen nothing of a log.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self { state, seen: Vec::new() }
    }

    /// A witness that signed for these entries before, and saw openings at these times. Nothing is asked again but the rules.
    ///
    /// # Errors
    /// When an entry breaks a rule: what this witness kept is damaged.
    pub fn again(state: State, entries: &[Vec<u8>], seen: Vec<(u64, u64)>) -> Result<Self, Unsigned> {
        let mut checker = Self { state, seen };
        for entry in entries {
            let index = checker.state.size();
            checker.state.apply(entry).map_err(|why| Unsigned::Refused { index, why })?;
        }
        Ok(checker)
    }

    /// What follows from the entries that it signed for.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// For each opening its place in the log, and when this witness signed for it first: what it has to keep.
    #[must_use]
    pub fn seen(&self) -> &[(u64, u64)] {
        &self.seen
    }

    /// Asks whether a witness signs for these entries behind those that it signed for, at its own time in seconds since 1970,
    /// and gives its view with them.
    ///
    /// # Errors
    /// Why it does not sign. Then its view is as it was.
    pub fn check(&self, entries: &[Vec<u8>], root: Hash, now: u64, reports: &impl Reports) -> Result<Self, Unsigned> {
        let mut next = self.clone();
        for entry in entries {
            next.entry(entry, now, reports)?;
        }
        if next.state.root() == root { Ok(next) } else { Err(Unsigned::Root) }
    }

    fn entry(&mut self, bytes: &[u8], now: u64, reports: &impl Reports) -> Result<(), Unsigned> {
        let index = self.state.size();
        match Logged::read(bytes) {
            Ok(Logged::Entry(entry)) => {
                if entry.time > now.saturating_add(AHEAD) {
                    return Err(Unsigned::Ahead { index, time: entry.time, now });
                }
                match (&entry.body, entry.of) {
                    (Body::Evidence(evidence), Some((rollout, _))) => {
                        reports
                            .vouch(&self.state, &rollout, evidence)
                            .map_err(|why| Unsigned::Reports { index, why })?;
                    }
                    (Body::Verdict(_), Some((rollout, _))) => self.baked(index, &rollout, now)?,
                    _ => {}
                }
            }
            Ok(Logged::Opening(_)) => self.seen.push((index, now)),
            Err(_) => {}
        }
        self.state.apply(bytes).map_err(|why| Unsigned::Refused { index, why })
    }

    /// Whether the ring that is open has been for long enough, counted from when this witness saw it: a claim of an earlier time
    /// shortens nothing.
    fn baked(&self, index: u64, rollout: &Hash, now: u64) -> Result<(), Unsigned> {
        let Some(rollout) = self.state.rollout(rollout) else { return Ok(()) };
        let (Some(opened), Some(ring)) = (rollout.opened().last(), rollout.open_ring()) else { return Ok(()) };
        let class = rollout.plan().class;
        let bake = rollout.plan().policy.rings().get(usize::from(ring)).map_or(class.bake(), |ring| ring.bake(class));
        let seen = self.seen.iter().find(|(place, _)| *place == opened.index).map_or(now, |(_, at)| *at);
        let from = seen.saturating_add(bake);
        if now.saturating_add(AHEAD) >= from { Ok(()) } else { Err(Unsigned::Soon { index, from, now }) }
    }
}
