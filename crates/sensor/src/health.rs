//! What a run of content shows of itself.

use core::fmt;

use crate::policy::{Ceilings, Policy};

/// Counts by which content is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// Events that were evaluated.
    pub events: u64,
    /// Events whose budget was spent before all rules were asked.
    pub exhausted: u64,
    /// Matches.
    pub matches: u64,
}

impl Recent {
    /// What came after an earlier count. Counts that went back are of another run.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        if self.events < earlier.events || self.exhausted < earlier.exhausted || self.matches < earlier.matches {
            return self;
        }
        Self {
            events: self.events.wrapping_sub(earlier.events),
            exhausted: self.exhausted.wrapping_sub(earlier.exhausted),
            matches: self.matches.wrapping_sub(earlier.matches),
        }
    }
}

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
    /// The same since content was last judged: what begins to fail after a month must not be hidden by the month.
    pub recent: Recent,
    /// Events that the sensor did not lay out as its manifest says. A bug of the sensor: reported, and never held against
    /// content.
    pub faults: u64,
    /// Values of another type than the manifest says. The same.
    pub mistyped: u64,
    /// Whether the image was found to have changed in memory.
    pub corrupt: bool,
    /// Whether a thread has been evaluating one event for too long.
    pub stalled: bool,
    /// Whether a kill list switches off every rule, so that events show nothing of the content.
    pub silenced: bool,
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
        let Recent { events, exhausted, matches } = self.recent;
        if events < ceilings.least_events.max(1) {
            return None;
        }
        let above = |count: u64, ceiling: u64| {
            u128::from(count).saturating_mul(1_000_000) > u128::from(ceiling).saturating_mul(u128::from(events))
        };
        if above(exhausted, ceilings.exhausted_per_million) {
            Some(Complaint::Exhausted)
        } else if above(matches, ceilings.matches_per_million) {
            Some(Complaint::Flooded)
        } else {
            None
        }
    }

    /// What is counted over the whole run.
    #[must_use]
    pub const fn counts(&self) -> Recent {
        Recent { events: self.events, exhausted: self.exhausted, matches: self.matches }
    }

    /// Whether the run has lasted as long, and seen as much, as a healthy one must.
    #[must_use]
    pub const fn is_baked(&self, policy: &Policy) -> bool {
        !self.silenced && self.seconds >= policy.bake_seconds && self.events >= policy.bake_events
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
