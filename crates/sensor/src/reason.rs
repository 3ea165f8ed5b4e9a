//! Why: what cannot be run, what was decided, in words for the evidence.

use core::fmt;

use contentcheck_interpreter::Rejection;

use crate::admit::Distrust;
use crate::content::{Content, DeviceId};
use crate::ended::Ended;
use crate::state::{Quarantined, Rung};

/// Why the content of a rung cannot be run now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Its image, or its envelope, is not there.
    Missing,
    /// The disk does not give it.
    Unreadable,
    /// The bytes are not those that were admitted.
    Damaged,
    /// Its envelope is not believed.
    Distrusted(Distrust),
    /// The interpreter does not take it: the sensor is another build than the one that admitted it.
    Rejected(Rejection),
    /// Not every rule of it can be switched off.
    KillSwitch,
    /// The sensor loads no rule of it: it was made for another one, or for another version.
    Idle,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("its image or its envelope is missing"),
            Self::Unreadable => f.write_str("its image cannot be read from the disk"),
            Self::Damaged => f.write_str("its image is damaged"),
            Self::Distrusted(distrust) => distrust.fmt(f),
            Self::Rejected(rejection) => rejection.fmt(f),
            Self::KillSwitch => f.write_str("not every rule of it can be switched off"),
            Self::Idle => f.write_str("this sensor loads no rule of it"),
        }
    }
}

/// Why a decision was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The sensor is another build than before.
    NewBuild,
    /// A crash counts against content.
    Counted(Rung, Ended),
    /// An end that is not about content: its try is given back.
    GivenBack(Ended),
    /// A candidate has no try left. Older content shows whose fault it was.
    TriesSpent(Content),
    /// A candidate was started too often without coming to an end. It is set aside, and may be offered again.
    SetAside(Content),
    /// Good content crashed too often. Older content shows whose fault it was.
    Struck(Content),
    /// The sensor crashes with every content it has: content is cleared, and nothing new is tried for a while.
    Cleared,
    /// Content is given up.
    Convicted(Quarantined),
    /// A rung is passed over.
    Passed(Rung, Unusable),
    /// A candidate is damaged and dropped: it may be offered again.
    Dropped(Content),
    /// A candidate waits since the sensor itself was crashing.
    Held {
        /// Hours that are left.
        hours: u8,
    },
    /// A candidate is not run where state cannot be written.
    CannotArm,
    /// Content is not run where the last run did not end well, and that cannot be written down.
    CannotCount(Rung),
    /// This runs.
    Runs(Rung),
    /// A candidate ran as long as it must, and waits for a restart.
    Baked(Content),
    /// A candidate is last known good now.
    Confirmed(Content),
    /// New content was taken.
    Taken(Content),
    /// A candidate gives way to newer content.
    Superseded(Content),
    /// Confirmed content cannot be run, and newer content is confirmed: what is older and can be run is the fallback.
    Unrunnable(Content),
    /// The content to fall back to cannot be run, and nothing else is there.
    Wanted(Content, Unusable),
    /// An image that was damaged or missing was offered again, and is whole.
    Repaired(Content),
    /// Admitted by a state that is no more: to be offered again.
    Stale,
    /// A kill list counts from now on.
    Kills {
        /// Its epoch.
        epoch: u64,
    },
    /// A kill list is not newer than the one that counts.
    OldKills {
        /// Its epoch.
        epoch: u64,
    },
    /// A thread hangs.
    Stalled,
    /// The image changed in memory: it is read again.
    Corrupt,
    /// The sensor stops.
    Stopping,
    /// The device has an id from now on.
    Named(DeviceId),
    /// The state is that of another machine, and this one has an id of its own from now on.
    Cloned(DeviceId),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |f: &mut fmt::Formatter<'_>, content: &Content, rest: &str| {
            write!(f, "sequence {} {rest}", content.sequence)
        };
        match self {
            Self::NewBuild => f.write_str("the sensor is another build than before: crashes are counted from 0"),
            Self::Counted(rung, ended) => write!(f, "{ended}: counted against {rung}"),
            Self::GivenBack(ended) => write!(f, "{ended}: not held against the candidate, whose try is given back"),
            Self::TriesSpent(content) => named(f, content, "has no try left: older content shows whose fault that was"),
            Self::SetAside(content) => named(f, content, "was started too often without result and is set aside"),
            Self::Struck(content) => {
                named(f, content, "was good, and crashed too often: older content shows whose fault that was")
            }
            Self::Cleared => f.write_str("the sensor crashes with all content that it has: content is cleared"),
            Self::Convicted(entry) => write!(f, "sequence {} is given up: {}", entry.content.sequence, entry.why),
            Self::Passed(rung, why) => write!(f, "{rung} is passed over: {why}"),
            Self::Dropped(content) => named(f, content, "is damaged and dropped; it may be offered again"),
            Self::Held { hours } => {
                write!(f, "the candidate waits for {hours} more hours, since the sensor itself crashed")
            }
            Self::CannotArm => f.write_str("the candidate is not run, since the disk cannot be written to"),
            Self::CannotCount(rung) => {
                write!(
                    f,
                    "{rung} is not run: the last run did not end well, and the disk cannot be written to, so that crashes are not counted"
                )
            }
            Self::Runs(rung) => write!(f, "{rung} runs"),
            Self::Baked(content) => named(f, content, "ran as long as it must, and waits for a restart"),
            Self::Confirmed(content) => named(f, content, "is last known good"),
            Self::Taken(content) => named(f, content, "was taken for a trial"),
            Self::Superseded(content) => named(f, content, "gives way to newer content"),
            Self::Unrunnable(content) => {
                named(f, content, "cannot be run: what is older and can be run is what this device falls back to")
            }
            Self::Wanted(content, why) => {
                write!(f, "sequence {} is what this device falls back to, and {why}: offer it again", content.sequence)
            }
            Self::Repaired(content) => named(f, content, "was offered again: its image is whole"),
            Self::Stale => f.write_str("the device has learned of something else meanwhile: offer it again"),
            Self::Kills { epoch } => write!(f, "kill list {epoch} counts"),
            Self::OldKills { epoch } => write!(f, "kill list {epoch} is not newer than the one that counts"),
            Self::Stalled => f.write_str("a thread does not come back from an event"),
            Self::Corrupt => f.write_str("the image changed in memory, and is read again"),
            Self::Stopping => f.write_str("the sensor stops"),
            Self::Named(id) => write!(f, "this device has the id {id}"),
            Self::Cloned(id) => write!(f, "this machine was cloned from another one, and has the id {id}"),
        }
    }
}

/// Reasons of one decision that are kept.
const REASONS: usize = 12;

/// The reasons of one decision, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reasons([Option<Reason>; REASONS]);

impl Reasons {
    pub(crate) fn add(&mut self, reason: Reason) {
        if let Some(free) = self.0.iter_mut().find(|entry| entry.is_none()) {
            *free = Some(reason);
        }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Reason> + '_ {
        self.0.iter().flatten().copied()
    }
}
