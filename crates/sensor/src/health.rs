//! What a run of content shows of itself.

use core::fmt;

use crate::policy::{Ceilings, Policy};

/// Counts of one run of one piece of content, from its first event on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// How long the run has lasted, by a clock that nobody sets.
    pub seconds: u64,
    /// Events that were evaluated.
    pub events: u64,
    /// Events whose budget was spent before all rules were asked.
    pub exhausted: u64,
    /// Matches.
    pub matches: u64,
    /// Events that the sensor did not lay out as its manifest says. A bug of the sensor: reported, and never held against
    /// content.
    pub faults: u64,
    /// Values of another type than the manifest says. The same.
    pub mistyped: u64,
    /// Whether the image was found to have changed in memory.
    pub corrupt: bool,
    /// Whether a thread has been evaluating one event for too long.
    pub stalled: bool,
}

/// What healthy content does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// Too many events spend their budget.
    Exhausted,
    /// Rules match far too often.
    Flooded,
}

impl Health {
    /// What is wrong with the content, by the ceilings.
    #[must_use]
    pub fn complaint(&self, ceilings: &Ceilings) -> Option<Complaint> {
        if self.events < ceilings.least_events.max(1) {
            return None;
        }
        let above = |count: u64, ceiling: u64| {
            u128::from(count).saturating_mul(1_000_000) > u128::from(ceiling).saturating_mul(u128::from(self.events))
        };
        if above(self.exhausted, ceilings.exhausted_per_million) {
            Some(Complaint::Exhausted)
        } else if above(self.matches, ceilings.matches_per_million) {
            Some(Complaint::Flooded)
        } else {
            None
        }
    }

    /// Whether the run has lasted as long, and seen as much, as a healthy one must.
    #[must_use]
    pub const fn is_baked(&self, policy: &Policy) -> bool {
        self.seconds >= policy.bake_seconds && self.events >= policy.bake_events
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exhausted => "too many events spend their budget",
            Self::Flooded => "rules match too often",
        })
    }
}
