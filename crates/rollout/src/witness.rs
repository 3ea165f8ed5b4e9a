//! What a witness asks before it signs: that every new entry keeps the rules, that evidence is what devices reported, and that the times that entries
//! name have come, by the witness's own clock.

use core::fmt;

use contentcheck_log::Hash;

use crate::entry::{Body, Evidence, Logged};
use crate::state::{Check, Phase, Refusal, State, Told};
use crate::time::utc;

/// Seconds by which a clock of somebody else may be ahead.
pub const AHEAD: u64 = 60;

/// Seconds after which it is too late to open a ring that was cleared: by then devices may have reported something else, and a blackout may have begun.
pub const LATE: u64 = 60 * 60;

/// Counts reports of devices again.
pub trait Reports {
    /// Whether evidence of a rollout is what the reports say that devices signed, at a time by the clock of whoever asks.
    ///
    /// # Errors
    /// Why not, for a person.
    fn vouch(&self, state: &State, rollout: &Hash, evidence: &Evidence, now: u64) -> Result<(), String>;
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
    /// A ring was cleared, and the witness was shown its opening much later.
    Late {
        /// The place of the opening in the log.
        index: u64,
        /// When the ring was cleared.
        cleared: u64,
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
    /// A ring is opened, and somebody halted the rollout and told the witness so, and the halt is not in the log.
    Halted {
        /// The place of the opening in the log.
        index: u64,
        /// When the halt was signed.
        at: u64,
        /// Whether a halt is in the log by now, and nobody let the rollout go on yet.
        is_logged: bool,
    },
    /// The entries are not those of the checkpoint.
    Root,
}

impl fmt::Display for Unsigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { index, why } => write!(f, "entry {index}: {why}"),
            Self::Ahead { index, time, now } => {
                write!(
                    f,
                    "entry {index} says that it is of {} UTC, and it is {} here: a clock is wrong",
                    utc(*time),
                    utc(*now)
                )
            }
            Self::Soon { index, from, now } => write!(
                f,
                "entry {index} clears a ring, and the ring before is open for long enough at {} UTC as seen from here, where it is {}",
                utc(*from),
                utc(*now)
            ),
            Self::Late { index, cleared, now } => write!(
                f,
                "entry {index} opens a ring that was cleared at {} UTC, and it is {} here: evidence of then says nothing about now; halt the rollout and look, then let it go on, and the witness signs",
                utc(*cleared),
                utc(*now)
            ),
            Self::Reports { index, why } => {
                write!(f, "entry {index}: the evidence is not what devices reported: {why}")
            }
            Self::Halted { index, at, is_logged: false } => {
                write!(
                    f,
                    "entry {index} opens a ring of a rollout that was halted at {} UTC, and the halt is not in the log",
                    utc(*at)
                )
            }
            Self::Halted { index, at, is_logged: true } => write!(
                f,
                "entry {index} opened a ring after this witness was told of the halt of {} UTC; the halt is in the log by now, and the witness \
                 signs again when two people have let the rollout go on",
                utc(*at)
            ),
            Self::Root => f.write_str("the entries are not those of the checkpoint"),
        }
    }
}

impl core::error::Error for Unsigned {}

/// What a witness asks besides the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// Whether the times of entries have come.
    Ahead,
    /// Whether a ring was open for long enough since this witness saw it.
    Soon,
    /// Whether a ring is opened soon after it was cleared.
    Late,
    /// Whether evidence is what devices reported.
    Reports,
    /// Whether a rollout goes on that somebody told the witness to halt.
    Told,
}

/// A witness's view of a log: the state, and when it saw each ring open.
#[derive(Clone, Debug)]
pub struct Checker {
    state: State,
    /// For each opening its place in the log, and when this witness signed for it first, or for the resumption after it.
    seen: Vec<(u64, u64)>,
    /// Entries that a quorum of other witnesses signed for. They asked when it was time to, so this one does not ask about times.
    witnessed: u64,
    /// Halts that this witness was told of beside the log.
    told: Vec<Told>,
    /// Openings among the new entries that are against such a halt: their places, and the halt.
    against: Vec<(u64, Told)>,
    #[cfg(feature = "mutation")]
    without: Option<Question>,
}

impl Checker {
    /// A witness that has seen nothing of a log.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self {
            state,
            seen: Vec::new(),
            witnessed: 0,
            told: Vec::new(),
            against: Vec::new(),
            #[cfg(feature = "mutation")]
            without: None,
        }
    }

    /// The same without one of its questions, for the tests that show what the question is there for.
    #[cfg(feature = "mutation")]
    #[must_use]
    pub fn without(mut self, question: Question) -> Self {
        self.without = Some(question);
        self
    }

    /// A witness that signed for these entries before, and saw openings at these times. Nothing is asked again but the rules.
    ///
    /// # Errors
    /// When an entry breaks a rule: what this witness kept is damaged.
    pub fn again(state: State, entries: &[Vec<u8>], seen: Vec<(u64, u64)>) -> Result<Self, Unsigned> {
        let mut checker = Self { seen, ..Self::new(state) };
        for entry in entries {
            let index = checker.state.size();
            checker.state.apply(entry).map_err(|why| Unsigned::Refused { index, why })?;
        }
        Ok(checker)
    }

    /// The same, where a quorum of other witnesses signed for so many entries: whoever was away, or is new, has not seen rings open.
    #[must_use]
    pub const fn beside(mut self, witnessed: u64) -> Self {
        self.witnessed = witnessed;
        self
    }

    /// The same, where it was told of these halts.
    #[must_use]
    pub fn with_halts(mut self, halts: Vec<Told>) -> Self {
        self.told = halts;
        self
    }

    /// Tells the witness of a halt, at its own time: from now on it signs for no ring of this rollout before a halt that came after it is in the
    /// log. Whoever writes the log may keep back what people sign; a person can go to the witnesses.
    ///
    /// # Errors
    /// When it is no halt of a rollout that the witness knows, or of a time that has not come.
    pub fn told(mut self, halt: &[u8], now: u64) -> Result<Self, Refusal> {
        let halt = self.state.told(halt)?;
        if halt.at > now.saturating_add(AHEAD) {
            return Err(Refusal::Broken(Check::Time));
        }
        if !self.told.contains(&halt) && self.state.keeps_back(&halt) {
            self.told.push(halt);
        }
        Ok(self)
    }

    /// Halts that it was told of and has not seen in the log: what it has to keep.
    pub fn halts(&self) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(|halt| self.state.keeps_back(halt))
    }

    /// What follows from the entries that it signed for.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// For each opening its place in the log, and when this witness signed for it first, or for the resumption after it: what it has to keep.
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
        let next = self.rehearse(entries, now, reports)?;
        if next.state.root() == root { Ok(next) } else { Err(Unsigned::Root) }
    }

    /// The same of entries that no log has yet: whoever writes one asks before it does, for nothing that is in a log goes out of it.
    ///
    /// # Errors
    /// Why it would not sign.
    pub fn rehearse(&self, entries: &[Vec<u8>], now: u64, reports: &impl Reports) -> Result<Self, Unsigned> {
        let mut next = self.clone();
        for entry in entries {
            next.entry(entry, now, reports)?;
        }
        next.in_time(self.state.size(), now)?;
        next.not_halted()?;
        Ok(next)
    }

    /// Whether a question is asked. It always is, but in tests.
    fn asks(&self, question: Question) -> bool {
        #[cfg(feature = "mutation")]
        if self.without == Some(question) {
            return false;
        }
        let _ = question;
        true
    }

    fn entry(&mut self, bytes: &[u8], now: u64, reports: &impl Reports) -> Result<(), Unsigned> {
        let index = self.state.size();
        match Logged::read(bytes) {
            Ok(Logged::Entry(entry)) => {
                if self.asks(Question::Ahead) && entry.time > now.saturating_add(AHEAD) {
                    return Err(Unsigned::Ahead { index, time: entry.time, now });
                }
                match (&entry.body, entry.of) {
                    (Body::Evidence(evidence), Some((rollout, _))) if self.asks(Question::Reports) => {
                        reports
                            .vouch(&self.state, &rollout, evidence, now)
                            .map_err(|why| Unsigned::Reports { index, why })?;
                    }
                    (Body::Resume(_), Some((rollout, _))) => self.resumed(&rollout, now),
                    (Body::Verdict(_), Some((rollout, _))) if self.asks(Question::Soon) && index >= self.witnessed => {
                        self.baked(index, &rollout, now)?
                    }
                    _ => {}
                }
            }
            Ok(Logged::Opening(opening)) => {
                let halted = self.halts().find(|halt| halt.id == opening.plan && index >= self.witnessed);
                let against = halted.map(|halt| (index, *halt));
                self.against.extend(against);
                self.seen.push((index, now));
            }
            Err(_) => {}
        }
        self.state.apply(bytes).map_err(|why| Unsigned::Refused { index, why })
    }

    /// The clock of a ring begins again when the witness sees that it goes on, not when people signed that it may: what they
    /// signed can be kept back for as long as a bake takes.
    fn resumed(&mut self, rollout: &Hash, now: u64) {
        let opened = self.state.rollout(rollout).and_then(|rollout| rollout.opened().last());
        if let Some(opened) = opened.map(|opened| opened.index) {
            self.seen.iter_mut().filter(|(index, _)| *index == opened).for_each(|(_, at)| *at = now);
        }
    }

    /// Whether each ring that was opened from this place on was opened soon after it was cleared. Nobody signs an opening, so nothing
    /// else says when it was written. Two people who let the rollout go on after that have looked at it.
    fn in_time(&self, from: u64, now: u64) -> Result<(), Unsigned> {
        let from = from.max(self.witnessed);
        for rollout in self.state.rollouts() {
            let newest = rollout.opened().last().filter(|opened| opened.index >= from);
            let cleared = rollout.baking_since();
            if let Some(opened) = newest.filter(|_| self.asks(Question::Late) && cleared.saturating_add(LATE) < now) {
                return Err(Unsigned::Late { index: opened.index, cleared, now });
            }
        }
        Ok(())
    }

    /// Whether no ring was opened that this witness was told to halt. What is in a log stays there, so the way out is the one of people: a
    /// halt in the log, and two who let the rollout go on.
    fn not_halted(&mut self) -> Result<(), Unsigned> {
        for (index, halt) in core::mem::take(&mut self.against) {
            let rollout = self.state.rollout(&halt.id);
            let goes_on = rollout.is_some_and(|rollout| matches!(rollout.phase(), Phase::Open { .. }));
            let is_kept_back = self.state.keeps_back(&halt);
            if self.asks(Question::Told) && (is_kept_back || !goes_on) {
                return Err(Unsigned::Halted { index, at: halt.at, is_logged: !is_kept_back });
            }
        }
        Ok(())
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
