//! When a ring that is ready may open: outside of blackouts, and within the rate limit.

use core::fmt;

use super::{Rollout, State};
use crate::policy::Rate;

/// What keeps a ring closed that is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// A blackout of the policy.
    Blackout,
    /// The rate limit of the policy: rings that opened before leave too little of it.
    Rate(Rate),
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blackout => f.write_str("a blackout"),
            Self::Rate(rate) => write!(f, "the rate limit of {rate}"),
        }
    }
}

/// The first time at which a ring may open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// That time, in seconds since 1970.
    pub from: u64,
    /// What keeps it closed until then, each once.
    pub holds: Vec<Hold>,
}

impl State {
    /// The first time, from this one on, at which the next ring of a rollout may open if it is ready, and what keeps it closed until then. Nothing
    /// where no ring is left.
    #[must_use]
    pub fn window(&self, rollout: &Rollout, at: u64) -> Option<Window> {
        let ring = rollout.next_ring()?;
        let policy = &rollout.plan().policy;
        let mut window = Window { from: at, holds: Vec::new() };
        let opened = self.opened();
        loop {
            let open = policy.end_of_blackout(window.from)?;
            if open > window.from && !window.holds.contains(&Hold::Blackout) {
                window.holds.push(Hold::Blackout);
            }
            window.from = open;
            let Some(rate) = policy.rate() else { return Some(window) };
            let from = rate.allows_from(&opened, policy.parts_of(ring), open);
            // What the limit asks for ends when one of the rings opened long enough ago: no more often than there are rings.
            if from == open {
                return Some(window);
            }
            if !window.holds.contains(&Hold::Rate(rate)) {
                window.holds.push(Hold::Rate(rate));
            }
            window.from = from;
        }
    }

    pub(super) fn is_within_rate(&self, rollout: &Rollout, at: u64) -> bool {
        let policy = &rollout.plan().policy;
        let ring = rollout.next_ring().map(|ring| policy.parts_of(ring));
        policy.rate().zip(ring).is_none_or(|(rate, ring)| rate.allows(&self.opened(), ring, at))
    }

    /// When each ring of each rollout opened, and its share of the fleet, of 2^32.
    fn opened(&self) -> Vec<(u64, u64)> {
        let rings = |rollout: &Rollout| {
            let policy = &rollout.plan().policy;
            let opened = rollout.opened().iter().zip(0..).map(|(ring, at)| (ring.at, policy.parts_of(at)));
            opened.collect::<Vec<_>>()
        };
        self.rollouts.iter().flat_map(rings).collect()
    }
}
