//! Admission: an offer to content that this device may try. The order is that of cost: nothing of an image is hashed before
//! its signatures count and its ring is open, and nothing of it is parsed before its digest is the one that was signed.
//!
//! ```text
//! Claim -State::consider-> Considered -granted(token)-> Granted -matches(digest)-> Matched -verified(image)-> Admitted
//! ```

use core::fmt;

use contentcheck_interpreter::Rejection;

use crate::content::{Content, Digest, Sequence};
use crate::policy::Policy;
use crate::rings::{Heard, Unproven, Unsafe};
use crate::state::{Conviction, Rung, State};

/// What a signature is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// New content: only keys count that count now.
    Install,
    /// Content that this device has already: keys count that counted then, so that a key that was taken back stops no
    /// device.
    Run,
}

/// Who says which content is for this device. The one way in for signatures, whatever they look like.
///
/// An implementation answers only for what was signed: a [`Claim`] that it gives is believed.
pub trait Authority {
    /// What an envelope says of an image.
    ///
    /// # Errors
    /// When it is not signed as it must be, or is not about content for this sensor.
    fn claim(&self, envelope: &[u8], purpose: Purpose) -> Result<Claim, Distrust>;

    /// Whether a kill list is signed as it must be. What it says is read by [`crate::Kills::read`].
    ///
    /// # Errors
    /// When it is not.
    fn kill_list(&self, list: &[u8], envelope: &[u8], purpose: Purpose) -> Result<(), Distrust>;
}

/// What was signed of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The digest of the image, and the sequence of its release.
    pub content: Content,
    /// When it was signed, in seconds since 1970, where the signature vouches for that.
    pub issued: Option<u64>,
    /// When it may no longer be installed. It may be run for ever.
    pub install_until: Option<u64>,
}

/// Why an envelope is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// It cannot be read.
    Malformed,
    /// Fewer keys signed it than must.
    Signatures {
        /// Keys that count and signed it.
        found: u8,
        /// Keys that must.
        needed: u8,
    },
    /// It is signed, and about something else than an image of content.
    Subject,
    /// It is signed, and says that the gate did not pass the content.
    NotPassed,
    /// It is signed, and says that some checks of the gate did not run.
    Incomplete,
    /// It is signed, and not for this sensor.
    Audience,
    /// It is signed, and names no sequence.
    NoSequence,
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("the envelope cannot be read"),
            Self::Signatures { found, needed } => {
                write!(f, "{found} of the keys that count signed it, and {needed} must")
            }
            Self::Subject => f.write_str("what is signed is not about an image of content"),
            Self::NotPassed => f.write_str("what is signed says that the gate did not pass the content"),
            Self::Incomplete => f.write_str(
                "what is signed says that some checks of the gate did not run; the first release of a fleet has no previous one to be \
                 compared with: build it into the sensor as factory content",
            ),
            Self::Audience => f.write_str("what is signed is not for this sensor"),
            Self::NoSequence => f.write_str("what is signed names no sequence number"),
        }
    }
}

/// What the device knows of itself when it is offered something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// The content that is built in.
    pub factory: Option<Content>,
    /// When the sensor was built, in seconds since 1970: no clock that says less is right.
    pub built: u64,
    /// What the clock says, in seconds since 1970, where there is one.
    pub wall: Option<u64>,
}

/// Why an offer is not taken. What runs goes on running, whatever the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The image is larger than this sensor reads.
    Large {
        /// Its bytes.
        found: u64,
        /// The most that are read.
        most: u64,
    },
    /// The envelope is not believed.
    Distrusted(Distrust),
    /// The device has it already.
    Known(Rung),
    /// The device has given it up.
    Quarantined(Conviction),
    /// Something newer was confirmed, is on trial, or was given up.
    Old {
        /// The sequence that is offered.
        offered: Sequence,
        /// It must be above this one.
        known: Sequence,
    },
    /// The sequence is too far ahead.
    Ahead {
        /// The sequence that is offered.
        offered: Sequence,
        /// The highest that would be taken.
        most: Sequence,
    },
    /// The envelope says that it may no longer be installed.
    Expired {
        /// Until when it could be.
        until: u64,
        /// The time, as far as it is known.
        now: u64,
    },
    /// It is not shown that a ring was opened for it.
    Unproven(Unproven),
    /// The token is of an older log than this device has seen.
    LogBack {
        /// Entries of the log that is offered.
        offered: u64,
        /// Entries of the log that the device has seen.
        known: u64,
    },
    /// The log of the token is not the one that this device has seen: they have as many entries, and differ.
    LogFork {
        /// Entries of both.
        size: u64,
    },
    /// The plan of the rollout asks for what no device takes.
    Unsafe(Unsafe),
    /// This device does not know who it is, and so not in which ring.
    NoIdentity,
    /// The ring of this device is not open yet.
    Ring {
        /// Its ring, from 0.
        own: u8,
        /// The ring that is open.
        open: u8,
    },
    /// The ring before was opened too short a time ago.
    Soon {
        /// Seconds for which it has been open at least, by the clocks of witnesses.
        found: u64,
        /// Seconds for which it must.
        needed: u64,
    },
    /// This device stays behind, and the log does not show that as many newer releases are everywhere.
    Behind {
        /// Releases by which it stays behind.
        needed: u8,
        /// Newer ones that are shown everywhere.
        shown: u8,
    },
    /// What is known of the log is too old to begin a trial by.
    Stale {
        /// When witnesses saw it last.
        seen: u64,
        /// The time, as far as it is known.
        now: u64,
    },
    /// The bytes are not those that were signed.
    Digest,
    /// The image says that it is of another release than the envelope does.
    Mixed {
        /// What was signed.
        signed: Sequence,
        /// What the image says.
        found: Sequence,
    },
    /// The interpreter does not take the image for this sensor.
    Rejected(Rejection),
    /// Not every rule of it can be switched off.
    KillSwitch,
    /// The sensor would load no rule of it: it would evaluate nothing.
    Idle,
    /// Two images are in memory already, and a thread has not let go of the older one.
    Memory,
    /// The disk has too little room for it.
    Space {
        /// Bytes that are needed.
        needed: u64,
        /// Bytes that are free, where the disk tells.
        free: Option<u64>,
    },
    /// The disk cannot be written to. Content cannot be tried then, since a crash could not be counted.
    ReadOnly,
    /// Another sensor has the directory.
    Taken,
}

impl Refusal {
    /// The stable code. For what the interpreter refuses, the interpreter's.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Large { .. } => "CC1110",
            Self::Distrusted(_) => "CC1111",
            Self::Known(_) | Self::Old { .. } => "CC1112",
            Self::Quarantined(_) => "CC1113",
            Self::Ahead { .. } => "CC1114",
            Self::Expired { .. } => "CC1115",
            Self::Digest => "CC1116",
            Self::Mixed { .. } => "CC1117",
            Self::Rejected(rejection) => rejection.code(),
            Self::KillSwitch => "CC1118",
            Self::Memory => "CC1119",
            Self::Space { .. } => "CC1120",
            Self::ReadOnly => "CC1121",
            Self::Taken => "CC1122",
            Self::Unproven(_) => "CC1123",
            Self::LogBack { .. } => "CC1124",
            Self::LogFork { .. } => "CC1125",
            Self::Unsafe(_) => "CC1126",
            Self::NoIdentity => "CC1127",
            Self::Ring { .. } => "CC1128",
            Self::Soon { .. } => "CC1129",
            Self::Stale { .. } => "CC1130",
            Self::Idle => "CC1131",
            Self::Behind { .. } => "CC1132",
        }
    }

    /// Whether the same offer may be taken later.
    #[must_use]
    pub const fn is_for_now(&self) -> bool {
        matches!(
            self,
            Self::Memory
                | Self::Space { .. }
                | Self::ReadOnly
                | Self::Taken
                | Self::Digest
                | Self::LogBack { .. }
                | Self::Ring { .. }
                | Self::Soon { .. }
                | Self::Behind { .. }
                | Self::Stale { .. }
        )
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Large { found, most } => {
                write!(f, "what is offered has {found} bytes, and this sensor reads {most} at most")
            }
            Self::Distrusted(distrust) => distrust.fmt(f),
            Self::Known(rung) => write!(f, "this device has it already, as {rung}"),
            Self::Quarantined(why) => write!(f, "this device has given it up: {why}"),
            Self::Old { offered, known } => {
                write!(f, "sequence {offered} is offered, and this device knows {known}: only a higher one is taken")
            }
            Self::Ahead { offered, most } => {
                write!(f, "sequence {offered} is too far ahead: this device takes {most} at most")
            }
            Self::Expired { until, now } => {
                write!(f, "it could be installed until {until}, and the time is {now} (seconds since 1970)")
            }
            Self::Unproven(why) => why.fmt(f),
            Self::LogBack { offered, known } => {
                write!(
                    f,
                    "the token is of a log of {offered} entries, and this device has seen {known}: fetch it again"
                )
            }
            Self::LogFork { size } => {
                write!(f, "the token is of another log of {size} entries than the one that this device has seen")
            }
            Self::Unsafe(why) => write!(f, "no device takes a rollout by this plan: {why}"),
            Self::NoIdentity => f.write_str("this device has no id, so that its ring is unknown"),
            Self::Behind { needed, shown } => write!(
                f,
                "this device stays {needed} {} behind the newest one, and {shown} newer {} shown to be everywhere",
                if *needed == 1 { "release" } else { "releases" },
                if *shown == 1 { "one is" } else { "ones are" }
            ),
            Self::Ring { own, open } => write!(f, "this device is in ring {own}, and ring {open} is open"),
            Self::Soon { found, needed } => {
                write!(f, "the ring before has been open for {found} s, and must be for {needed} s")
            }
            Self::Stale { seen, now } => {
                write!(
                    f,
                    "witnesses saw this log at {seen}, and the time is {now} (seconds since 1970): fetch it again"
                )
            }
            Self::Digest => f.write_str("the bytes are not those that were signed: fetch them again"),
            Self::Mixed { signed, found } => {
                write!(f, "sequence {signed} was signed, and the image says that it has {found}")
            }
            Self::Rejected(rejection) => rejection.fmt(f),
            Self::KillSwitch => f.write_str("not every rule of it can be switched off"),
            Self::Idle => f.write_str("this sensor would load no rule of it"),
            Self::Memory => f.write_str("two images are in memory, and a thread has not let go of the older one"),
            Self::Space { needed, free: Some(free) } => {
                write!(f, "{needed} bytes are needed on disk, and {free} are free")
            }
            Self::Space { needed, free: None } => write!(f, "{needed} bytes are needed on disk, and it is full"),
            Self::ReadOnly => f.write_str("the disk cannot be written to, so a trial could not be counted"),
            Self::Taken => f.write_str("another sensor has this directory"),
        }
    }
}

impl core::error::Error for Refusal {}

/// An offer whose claim is acceptable. Made by [`State::consider`] alone.
#[derive(Clone, Copy, Debug)]
pub struct Considered {
    pub(crate) claim: Claim,
    pub(crate) state: State,
}

/// An offer whose ring is open. Made by [`Considered::granted`], and for a sensor without a log by [`Considered::without_log`].
#[derive(Clone, Copy, Debug)]
pub struct Granted {
    pub(crate) claim: Claim,
    pub(crate) state: State,
    pub(crate) heard: Option<Heard>,
}

/// An offer whose bytes are those that were signed. Made by [`Granted::matches`] alone.
#[derive(Clone, Copy, Debug)]
pub struct Matched(Granted);

/// Content that this device may try. Made by [`Matched::verified`] alone.
#[derive(Clone, Copy, Debug)]
pub struct Admitted {
    claim: Claim,
    heard: Option<Heard>,
    // INVARIANT: an admission is of one state. A later state may have learned of something newer.
    generation: u64,
}

impl State {
    /// The first look at an offer: at what was signed, and not at the image.
    ///
    /// # Errors
    /// When the device does not want it.
    pub fn consider(&self, claim: Claim, bytes: u64, device: &Device, policy: &Policy) -> Result<Considered, Refusal> {
        let most = policy.image_bytes as u64;
        if bytes > most {
            return Err(Refusal::Large { found: bytes, most });
        }
        let Content { digest, sequence } = claim.content;
        if let Some(entry) = self.quarantine.iter().flatten().find(|entry| entry.content.digest == digest) {
            return Err(Refusal::Quarantined(entry.why));
        }
        let content = |rung: Rung| if rung == Rung::Factory { device.factory } else { self.content(rung) };
        let known = |rung: &Rung| content(*rung).is_some_and(|content| content.digest == digest);
        if let Some(rung) = Rung::LADDER.into_iter().find(known) {
            return Err(Refusal::Known(rung));
        }
        let known = self.known().max(device.factory.map_or(Sequence(0), |factory| factory.sequence));
        if sequence <= known {
            return Err(Refusal::Old { offered: sequence, known });
        }
        let most = Sequence(known.0.saturating_add(policy.step).min(u64::MAX - 1));
        if sequence > most {
            return Err(Refusal::Ahead { offered: sequence, most });
        }
        let now = self.now(device);
        match claim.install_until {
            Some(until) if until < now => Err(Refusal::Expired { until, now }),
            _ => Ok(Considered { claim, state: *self }),
        }
    }
}

impl Granted {
    /// Holds the bytes to what was signed.
    ///
    /// # Errors
    /// When they are others.
    pub fn matches(self, found: Digest) -> Result<Matched, Refusal> {
        if found == self.claim.content.digest { Ok(Matched(self)) } else { Err(Refusal::Digest) }
    }
}

impl Matched {
    /// Holds what verification for this sensor came to, and the sequence that the image states, to what was signed.
    ///
    /// # Errors
    /// When the interpreter rejects the image, or it is of another release.
    pub fn verified(self, outcome: Result<Sequence, Rejection>) -> Result<Admitted, Refusal> {
        let found = outcome.map_err(Refusal::Rejected)?;
        let signed = self.0.claim.content.sequence;
        if found != signed {
            return Err(Refusal::Mixed { signed, found });
        }
        Ok(Admitted { claim: self.0.claim, heard: self.0.heard, generation: self.0.state.generation })
    }
}

impl Admitted {
    /// What was signed.
    #[must_use]
    pub const fn claim(&self) -> &Claim {
        &self.claim
    }

    /// The checkpoint that came with it.
    pub(crate) const fn heard(&self) -> Option<&Heard> {
        self.heard.as_ref()
    }

    /// Whether it was admitted by this very state.
    pub(crate) const fn is_of(&self, state: &State) -> bool {
        self.generation == state.generation
    }
}
