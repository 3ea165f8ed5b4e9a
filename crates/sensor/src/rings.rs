//! Rings: which one this device is in, whether it is open, and what no plan can change. All of it before a byte of an image is
//! looked at.
//!
//! A device knows its ring by itself, from its own id, the image, and a salt that nobody knew when the plan was logged. So
//! nobody can choose who goes first, and the same devices do not go first each time.

use core::fmt;

use contentcheck_log::{Member, NoToken, NoTrust, Opened, Opening, Witnessed};
use sha2::{Digest as _, Sha256};

use crate::admit::{Considered, Device, Granted, Refusal};
use crate::content::{DeviceId, Digest};
use crate::state::State;

pub use contentcheck_log::floors::{BAKE_ROUTINE, BAKE_URGENT, FIRST_SHARE, FRESH, GROWTH, QUORUM, STEP_SHARE, Unsafe};

/// The newest checkpoint that a device has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Entries of the log.
    pub size: u64,
    /// The root of its tree.
    pub root: Digest,
}

impl Seen {
    fn of(checkpoint: &Witnessed) -> Self {
        Self { size: checkpoint.size(), root: Digest::new(checkpoint.root().0) }
    }
}

/// A checkpoint that does not contradict what the device has seen. Made by [`State::heard`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    pub(crate) seen: Seen,
    pub(crate) time: u64,
}

/// Why it is not shown that a ring was opened for an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproven {
    /// No token came with the offer.
    Missing,
    /// The token opens nothing.
    Token(NoToken),
    /// It opens a ring for another image, or another sequence.
    Other,
    /// The policy that is built into the sensor is none.
    Policy(NoTrust),
    /// The policy asks for fewer witnesses than must sign.
    Quorum,
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no token of the log came with it"),
            Self::Token(why) => write!(f, "the token opens no ring: {why}"),
            Self::Other => f.write_str("the token opens a ring for another image"),
            Self::Policy(why) => write!(f, "the sensor's policy of the log is none: {why}"),
            Self::Quorum => write!(f, "the sensor's policy of the log asks for fewer than {QUORUM} witnesses"),
        }
    }
}

/// The ring that a device is in.
#[must_use]
pub fn ring_of(device: DeviceId, member: Option<&Member>, opening: &Opening) -> u8 {
    opening.ring_of(device.0.bytes(), member)
}

/// For how long the ring before was open, and for how long it must have been, where that was too short.
fn too_soon(opened: &Opened) -> Option<(u64, u64)> {
    let needed = opened.opening().class.bake();
    opened.since_ring_before().filter(|found| *found < needed).map(|found| (found, needed))
}

/// The ring in which all devices are, and those that stay behind.
fn last_ring(opening: &Opening) -> u8 {
    opening.rings().saturating_sub(1)
}

/// Seconds after which a device fetches or activates something, below `within`: the same each time, and spread over the fleet.
#[must_use]
pub fn delay(device: DeviceId, image: Digest, within: u64) -> u64 {
    let hash = Sha256::new()
        .chain_update(b"contentcheck/delay/v1\0")
        .chain_update(image.bytes())
        .chain_update(device.0.bytes())
        .finalize();
    let at = hash.first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first));
    at.checked_rem(within).unwrap_or(0)
}

impl State {
    /// The time, as far as it is known, in seconds since 1970: no less than what signatures vouched for, and the build.
    pub(crate) fn now(&self, device: &Device) -> u64 {
        device.wall.unwrap_or(0).max(self.time).max(device.built)
    }

    /// Holds a checkpoint to the newest one that this device has seen. It is never an older one, and a log has one tree of each size.
    ///
    /// # Errors
    /// When it is older, or of another tree.
    pub fn heard(&self, checkpoint: &Witnessed) -> Result<Heard, Refusal> {
        let seen = Seen::of(checkpoint);
        self.same_log(checkpoint)?;
        match self.log {
            Some(known) if known.size > seen.size => Err(Refusal::LogBack { offered: seen.size, known: known.size }),
            _ => Ok(Heard { seen, time: checkpoint.seen_until() }),
        }
    }

    /// A log has one tree of each size: the one that the device has seen.
    fn same_log(&self, checkpoint: &Witnessed) -> Result<(), Refusal> {
        let seen = Seen::of(checkpoint);
        match self.log {
            Some(known) if known.size == seen.size && known.root != seen.root => {
                Err(Refusal::LogFork { size: seen.size })
            }
            _ => Ok(()),
        }
    }
}

impl Considered {
    /// Holds an offer to what the log says: the ring of this device is open for it, by a plan that is safe, long enough after the
    /// ring before, and no longer than a day ago. For a device that stays behind it is open everywhere, and so are as many newer releases.
    ///
    /// # Errors
    /// When that is not shown.
    pub fn granted(self, opened: &Opened, newer: &[Opened], device: &Device) -> Result<Granted, Refusal> {
        let Self { claim, state } = self;
        let opening = opened.opening();
        if opening.image != *claim.content.digest.bytes() || opening.sequence != claim.content.sequence.0 {
            return Err(Refusal::Unproven(Unproven::Other));
        }
        let mut heard = state.heard(opened.checkpoint())?;
        // It may be older, but of no other log.
        opened.checkpoint_before().map_or(Ok(()), |before| state.same_log(before))?;
        opening.is_safe().map_err(Refusal::Unsafe)?;
        let id = state.identity.ok_or(Refusal::NoIdentity)?.id;
        let own = if state.behind == 0 {
            state.member.map_or(Ok(()), |member| opening.keeps_apart(&member)).map_err(Refusal::Unsafe)?;
            ring_of(id, state.member.as_ref(), opening)
        } else {
            // Who stays behind is in no ring: the whole fleet has had it.
            last_ring(opening)
        };
        if own > opening.ring {
            return Err(Refusal::Ring { own, open: opening.ring });
        }
        if let Some((found, needed)) = too_soon(opened) {
            return Err(Refusal::Soon { found, needed });
        }
        let newer = if state.behind > 0 { newer } else { &[] };
        // Each token by itself, and by the newest time of all: a fresh one of a newer release says nothing of an offer that was taken back since.
        let seen = newer.iter().map(|newer| newer.checkpoint().seen_until());
        let now = seen.fold(state.now(device).max(opened.checkpoint().seen_until()), u64::max);
        let is_stale = |checkpoint: &Witnessed| {
            let seen = checkpoint.seen_until();
            (now.saturating_sub(seen) > FRESH).then_some(Refusal::Stale { seen, now })
        };
        if let Some(stale) = is_stale(opened.checkpoint()) {
            return Err(stale);
        }
        let mut shown = 0_u8;
        let mut sequence = opening.sequence;
        for newer in newer {
            state.same_log(newer.checkpoint())?;
            let is_safe = newer.opening().is_safe().is_ok() && too_soon(newer).is_none();
            if !is_safe || !newer.is_everywhere() || newer.opening().sequence <= sequence {
                continue;
            }
            if let Some(stale) = is_stale(newer.checkpoint()) {
                return Err(stale);
            }
            sequence = newer.opening().sequence;
            shown = shown.saturating_add(1);
            if newer.checkpoint().size() >= heard.seen.size {
                heard = state.heard(newer.checkpoint())?;
            }
        }
        if shown < state.behind {
            return Err(Refusal::Behind { needed: state.behind, shown });
        }
        Ok(Granted { claim, state, heard: Some(heard) })
    }

    /// For a sensor that was built without a log: what its keys signed is all that it asks for.
    #[must_use]
    pub const fn without_log(self) -> Granted {
        let Self { claim, state } = self;
        Granted { claim, state, heard: None }
    }
}
