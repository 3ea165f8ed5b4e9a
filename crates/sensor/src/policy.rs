//! How patient a device is. The numbers are of the sensor build, and not of the content: nobody can ship content that asks
//! for a shorter trial.

use core::fmt;

/// The rules of a trial. [`Policy::DEFAULT`] is meant for most sensors. A store takes those that make sense together: [`Policy::sound`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Starts that may end in a crash before a candidate is given up.
    pub tries: u8,
    /// Crashes in a row after which content that was good before is no longer run.
    pub strikes: u8,
    /// Seconds that one run must last before content counts as healthy.
    pub bake_seconds: u64,
    /// Events that must have been evaluated by then. Not fewer than [`Ceilings::least_events`]: content would be trusted before anybody
    /// has judged it.
    pub bake_events: u64,
    /// Further starts of the sensor that a candidate must survive. Without one, nobody knows that the image can be loaded
    /// again.
    pub restarts: u8,
    /// Ends in a row that nobody can explain, such as power cuts, which do not count. A system that crashes without a
    /// trace looks the same, so that there must be a bound.
    pub unexplained: u8,
    /// Starts with one candidate, however they end. Beyond that it is set aside, and nothing is held against it.
    pub starts: u8,
    /// Hours for which no new content is tried after the sensor itself was found to be crashing. Counted while the sensor runs,
    /// since a clock can be wrong.
    pub hold_hours: u8,
    /// How far a sequence number may be ahead of the highest that the device knows. A slip, or a thief of a key, could
    /// otherwise use up all numbers at once.
    pub step: u64,
    /// Seconds for which a thread may evaluate one event. A budget ends most evaluations long before.
    pub stall_seconds: u64,
    /// Bytes of the largest image that is read.
    pub image_bytes: usize,
    /// What healthy content stays below.
    pub ceilings: Ceilings,
}

/// What healthy content stays below. The interpreter makes sure that content neither crashes nor hangs; what is left is
/// that it costs too much or matches too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceilings {
    /// Events before which nobody judges.
    pub least_events: u64,
    /// Events of a million whose budget was spent.
    pub exhausted_per_million: u64,
    /// Matches for a million events.
    pub matches_per_million: u64,
}

impl Policy {
    /// Three tries, four hours, a thousand events, one restart.
    pub const DEFAULT: Self = Self {
        tries: 3,
        strikes: 3,
        bake_seconds: 4 * 60 * 60,
        bake_events: 1_000,
        restarts: 1,
        unexplained: 5,
        starts: 28,
        hold_hours: 24,
        step: 1 << 20,
        stall_seconds: 60,
        image_bytes: 64 << 20,
        ceilings: Ceilings { least_events: 1_000, exhausted_per_million: 1_000, matches_per_million: 100_000 },
    };

    /// Holds the rules to each other.
    ///
    /// # Errors
    /// When content would be trusted before it is judged.
    pub const fn sound(self) -> Result<SoundPolicy, HastyPolicy> {
        let (bake_events, least_events) = (self.bake_events, self.ceilings.least_events);
        if bake_events < least_events { Err(HastyPolicy { bake_events, least_events }) } else { Ok(SoundPolicy(self)) }
    }
}

/// Rules of a trial that make sense together. Made by [`Policy::sound`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoundPolicy(Policy);

impl SoundPolicy {
    /// [`Policy::DEFAULT`], which is sound.
    pub const DEFAULT: Self = Self(Policy::DEFAULT);

    /// A trial that one can watch, for examples and for trying a sensor out: content is trusted after so many seconds and events, without
    /// a restart, and a rule may match on every second event. Not for devices.
    #[must_use]
    pub const fn to_watch(seconds: u64, events: u64) -> Self {
        let ceilings = Ceilings { least_events: events, matches_per_million: 500_000, ..Policy::DEFAULT.ceilings };
        Self(Policy { bake_seconds: seconds, bake_events: events, restarts: 0, ceilings, ..Policy::DEFAULT })
    }
}

impl Default for SoundPolicy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl core::ops::Deref for SoundPolicy {
    type Target = Policy;

    fn deref(&self) -> &Policy {
        &self.0
    }
}

/// Why the rules of a trial are not taken: content would be trusted after fewer events than it is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HastyPolicy {
    /// Events after which content would be trusted.
    pub bake_events: u64,
    /// Events before which nobody judges it.
    pub least_events: u64,
}

impl fmt::Display for HastyPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bake_events, least_events } = self;
        write!(
            f,
            "content would be trusted after {bake_events} events, and is judged after {least_events}: `bake_events` must not be \
             below `ceilings.least_events`"
        )
    }
}

impl core::error::Error for HastyPolicy {}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_not_trusted_before_it_is_judged() {
        assert_eq!(Policy::DEFAULT.sound(), Ok(SoundPolicy::DEFAULT));
        let hasty = Policy { bake_events: 999, ..Policy::DEFAULT };
        assert_eq!(hasty.sound(), Err(HastyPolicy { bake_events: 999, least_events: 1_000 }));
        let ceilings = Ceilings { least_events: 999, ..Policy::DEFAULT.ceilings };
        assert!(Policy { ceilings, ..hasty }.sound().is_ok());
        let watched = SoundPolicy::to_watch(2, 10);
        assert_eq!(Policy { ..*watched }.sound(), Ok(watched));
    }
}
