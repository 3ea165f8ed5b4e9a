//! What a device remembers of content. A value of a fixed size: every transition takes it as a whole and gives the next one,
//! so that what is written is never half of a decision.

use core::fmt;

use contentcheck_log::Member;

use crate::content::{BootId, Content, DeviceId, Digest, Sequence};
use crate::health::Complaint;
use crate::rings::Seen;

/// Where content stands on this device. The order is that of trust: what is further down is older and better known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rung {
    /// On trial.
    Candidate,
    /// Last known good.
    Good,
    /// The good one before it.
    Earlier,
    /// Built into the sensor.
    Factory,
    /// The sensor collects, and evaluates nothing.
    Nothing,
}

impl Rung {
    /// Those that have content, in the order in which a device tries them.
    pub const LADDER: [Self; 4] = [Self::Candidate, Self::Good, Self::Earlier, Self::Factory];
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Candidate => "the candidate",
            Self::Good => "last known good",
            Self::Earlier => "the good content before the last",
            Self::Factory => "factory content",
            Self::Nothing => "no content",
        })
    }
}

/// How far a candidate has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Admitted, and not yet run to its end.
    Trial,
    /// It ran as long as it must, and waits for a restart of the sensor.
    Baked,
    /// Its tries are spent. Whether that was its own fault shows when older content runs in its place.
    Suspect,
}

/// New content on its way to being trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What it is.
    pub content: Content,
    /// How far it has come.
    pub standing: Standing,
    /// Tries that are left. A try is taken before the first event, and given back where the end was not a crash.
    pub tries: u8,
    /// Unexplained ends in a row.
    pub unexplained: u8,
    /// Runs that began with it.
    pub starts: u8,
    /// The boot in which its present run began: it may see events, and has not stopped in an orderly way. Nothing: it is not
    /// running. Within: nothing, where the system does not tell its boots apart.
    pub armed: Option<Option<BootId>>,
}

/// Content that a device has confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Good {
    /// What it is.
    pub content: Content,
    /// Crashes in a row while it ran.
    pub strikes: u8,
    /// Ends in a row that nobody can explain. Some are forgiven, then each is a crash.
    pub unexplained: u8,
    /// Whether it is not run, until older content has shown whose fault the crashes were.
    pub suspect: bool,
}

/// Why content is not run on this device any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conviction {
    /// The sensor crashed with it, and runs with older content.
    Crashed,
    /// It was good, then the sensor crashed with it, and runs with older content.
    CrashedLate,
    /// It passed a ceiling.
    Complaint(Complaint),
}

impl fmt::Display for Conviction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crashed => f.write_str("the sensor crashed with it, and runs with older content"),
            Self::CrashedLate => {
                f.write_str("it was good, then the sensor crashed with it, and runs with older content")
            }
            Self::Complaint(complaint) => complaint.fmt(f),
        }
    }
}

/// Content that is not run on this device any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// What it is.
    pub content: Content,
    /// Why.
    pub why: Conviction,
}

/// Which kill list counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KillMark {
    /// Its epoch. A list replaces one of a lower epoch.
    pub epoch: u64,
    /// The digest of the list.
    pub digest: Digest,
}

/// Who a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its id, by which it finds its ring.
    pub id: DeviceId,
    /// A digest of the hardware on which it was made, where the system tells. On other hardware the id is another one: a machine
    /// was cloned.
    pub hardware: Option<Digest>,
}

/// Entries of the quarantine that are kept for people. What is refused does not depend on them, but on [`State::burnt`].
pub const QUARANTINED: usize = 4;

/// Everything that a device remembers of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Rises with every state that is written.
    pub generation: u64,
    /// New content on trial.
    pub candidate: Option<Candidate>,
    /// Last known good.
    pub good: Option<Good>,
    /// The one before it.
    pub earlier: Option<Good>,
    /// The highest sequence that was ever confirmed: nothing older is taken.
    pub floor: Sequence,
    /// The highest sequence that was ever quarantined: only something newer is taken.
    pub burnt: Sequence,
    /// What was quarantined, the last one first.
    pub quarantine: [Option<Quarantined>; QUARANTINED],
    /// What runs, or ran when the sensor ended. Nothing is said where it was being exchanged.
    pub running: Option<Rung>,
    /// Crashes in a row with factory content, or with none.
    pub strikes: u8,
    /// Whether a thread was found hanging, and the sensor was to start again.
    pub hung: bool,
    /// Hours for which nothing new is tried.
    pub hold: u8,
    /// The kill list.
    pub kill: Option<KillMark>,
    /// The latest time that a signature vouched for, in seconds since 1970. Never the device's own clock.
    pub time: u64,
    /// The digest of the sensor build.
    pub build: Digest,
    /// Who this device is. Nothing: it has no id yet, as in an image from which machines are made.
    pub identity: Option<Identity>,
    /// Its place in a redundancy group, as its configuration says.
    pub member: Option<Member>,
    /// By how many releases it stays behind the newest one, as its configuration says.
    pub behind: u8,
    /// The newest checkpoint of the log.
    pub log: Option<Seen>,
    /// Whether the last run stopped in an orderly way, and no other has begun: then nobody is asked how it ended.
    pub stopped: bool,
    /// Whether what this device knew was lost, and no content has been confirmed since.
    pub forgotten: bool,
}

impl State {
    /// What a device remembers that has never run.
    #[must_use]
    pub const fn fresh(build: Digest) -> Self {
        Self {
            generation: 0,
            candidate: None,
            good: None,
            earlier: None,
            floor: Sequence(0),
            burnt: Sequence(0),
            quarantine: [None; QUARANTINED],
            running: None,
            strikes: 0,
            hung: false,
            hold: 0,
            kill: None,
            time: 0,
            build,
            identity: None,
            member: None,
            behind: 0,
            log: None,
            stopped: false,
            forgotten: false,
        }
    }

    /// The content of a rung, where the state knows it: factory content is the sensor's own.
    #[must_use]
    pub fn content(&self, rung: Rung) -> Option<Content> {
        match rung {
            Rung::Candidate => self.candidate.map(|candidate| candidate.content),
            Rung::Good => self.good.map(|good| good.content),
            Rung::Earlier => self.earlier.map(|good| good.content),
            Rung::Factory | Rung::Nothing => None,
        }
    }

    /// The sequence that an offer must be above.
    #[must_use]
    pub fn known(&self) -> Sequence {
        let candidate = self.candidate.map_or(Sequence(0), |candidate| candidate.content.sequence);
        self.floor.max(self.burnt).max(candidate)
    }

    /// Whether some content waits for older content to show whose fault crashes were.
    #[must_use]
    pub fn has_suspect(&self) -> bool {
        self.candidate.is_some_and(|candidate| candidate.standing == Standing::Suspect)
            || self.good.is_some_and(|good| good.suspect)
            || self.earlier.is_some_and(|good| good.suspect)
    }

    /// Whether content that is better than that of factory was here, and is not any more: what the device knew was lost, or all that it
    /// had confirmed was given up.
    #[must_use]
    pub fn lacks_content(&self) -> bool {
        self.forgotten || (self.good.is_none() && self.floor > Sequence(0) && self.burnt > Sequence(0))
    }

    /// Ends in a row that nobody could explain, of the content that had most of them. Some are forgiven, then each is a crash.
    #[must_use]
    pub fn unexplained(&self) -> u8 {
        let candidate = self.candidate.map_or(0, |candidate| candidate.unexplained);
        [self.good, self.earlier].into_iter().flatten().map(|good| good.unexplained).fold(candidate, u8::max)
    }

    /// Whether content that was confirmed here is not what the device falls back to: it was given up, or cannot be run.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.good.is_some_and(|good| good.content.sequence < self.floor)
    }

    /// Whether every part agrees with the others. What is read from a disk need not.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let sequence = |content: Option<Content>| content.map(|content| content.sequence);
        let good = sequence(self.content(Rung::Good));
        let earlier = sequence(self.content(Rung::Earlier));
        let candidate = sequence(self.content(Rung::Candidate));
        let is_ordered = match (good, earlier) {
            (Some(good), Some(earlier)) => good > earlier,
            (None, Some(_)) => false,
            _ => true,
        };
        let is_above = |sequence: Option<Sequence>, least: Sequence| sequence.is_none_or(|sequence| sequence > least);
        let runs = match self.running {
            Some(Rung::Candidate) => candidate.is_some(),
            Some(Rung::Good) => good.is_some(),
            Some(Rung::Earlier) => earlier.is_some(),
            Some(Rung::Factory | Rung::Nothing) | None => true,
        };
        is_ordered
            && runs
            && good.is_none_or(|good| good <= self.floor)
            && is_above(candidate, self.floor.max(self.burnt))
            && self.generation < u64::MAX
            && self.candidate.is_none_or(|candidate| candidate.armed.is_none() || self.running == Some(Rung::Candidate))
    }
}
