//! What a device sees, and what it is to do: the two ends of a decision.

use contentcheck_log::Member;

use crate::admit::Admitted;
use crate::content::{BootId, Digest};
use crate::ended::Ended;
use crate::health::Health;
use crate::reason::Unusable;
use crate::rings::Heard;
use crate::state::{KillMark, Rung};

/// Whether the content of a rung can be run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usable {
    /// Nobody has looked yet.
    #[default]
    Unseen,
    /// It was read, is what was admitted, and is verified for this sensor.
    Yes,
    /// It cannot.
    No(Unusable),
}

/// What was found on each rung, in the order of [`Rung::LADDER`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The candidate.
    pub candidate: Usable,
    /// Last known good.
    pub good: Usable,
    /// The one before it.
    pub earlier: Usable,
    /// Factory content.
    pub factory: Usable,
}

impl Found {
    /// What was found on a rung.
    #[must_use]
    pub const fn on(&self, rung: Rung) -> Usable {
        match rung {
            Rung::Candidate => self.candidate,
            Rung::Good => self.good,
            Rung::Earlier => self.earlier,
            Rung::Factory => self.factory,
            Rung::Nothing => Usable::Yes,
        }
    }

    /// Notes what was found on a rung.
    pub const fn note(&mut self, rung: Rung, usable: Usable) {
        match rung {
            Rung::Candidate => self.candidate = usable,
            Rung::Good => self.good = usable,
            Rung::Earlier => self.earlier = usable,
            Rung::Factory => self.factory = usable,
            Rung::Nothing => {}
        }
    }
}

/// What a device sees.
#[derive(Clone, Copy, Debug)]
pub enum Observation {
    /// The sensor started. What is to run is asked by [`Observation::Looked`] afterwards.
    Started {
        /// How the last run ended.
        ended: Ended,
        /// The boot that this is.
        boot: Option<BootId>,
        /// The build of the sensor.
        build: Digest,
        /// The device's place in a redundancy group, as its configuration says.
        member: Option<Member>,
        /// By how many releases the device stays behind the newest one, as its configuration says.
        behind: u8,
    },
    /// What was found on the rungs so far: decides what runs.
    Looked {
        /// What was found.
        found: Found,
        /// Whether state can be written; a candidate is not run otherwise.
        writable: bool,
        /// Whether the end of the last run is accounted for: it can be written, or nobody is to blame ([`crate::State::is_innocent`]). Where it
        /// is not, every start would run the same content again, whatever that does; so factory content runs.
        accounted: bool,
        /// The boot that this is.
        boot: Option<BootId>,
    },
    /// What the system says of this device, for its id.
    Identified {
        /// A digest of the hardware, where the system tells.
        hardware: Option<Digest>,
        /// Bytes that no other device has: used where an id is to be made. Nothing: the system has no randomness.
        nonce: Option<Digest>,
    },
    /// A newer checkpoint of the log, or the same one seen later.
    Heard(Heard),
    /// New content was admitted and lies on disk.
    Offered(Admitted),
    /// How the run that goes on is doing.
    Healthy(Health),
    /// What was found on the rungs to fall back to, where a candidate is to be confirmed ([`Act::Confirm`]).
    Confirming(Found),
    /// The sensor has run for another hour.
    Hour,
    /// A kill list was accepted and lies on disk.
    Killing(KillMark),
    /// The sensor is about to stop.
    Stopping {
        /// Events that were evaluated with what runs. A run without one is no start of a trial, and shows nothing.
        events: u64,
    },
}

/// What is to be done, once the new state is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Go on.
    Keep,
    /// Look at the rungs, and say what was found.
    Choose,
    /// Look at this rung, and say what was found.
    Look(Rung),
    /// Run this rung.
    Run(Rung),
    /// Look at last known good, and where that cannot be run at the one before it, and say what was found by
    /// [`Observation::Confirming`]: what a device falls back to must be there before newer content is trusted.
    Confirm,
    /// Have the sensor started again: a thread hangs, and cannot be taken back.
    Restart,
}
