//! The sequential test of a rate: events in hours of devices.

use super::{Bounds, NoDesign, Verdict};

/// Wald's test for events of a Poisson process. What counts is the time for which devices could fail, so devices that start
/// together and events that report at once do no harm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    bounds: Bounds,
    /// What an event adds to the log likelihood ratio, and what an hour takes.
    event: f64,
    hour: f64,
}

impl Rate {
    /// A test that rejects content with `good` events an hour with `alpha` at most, and accepts content with `bad` events an
    /// hour with `beta` at most.
    ///
    /// # Errors
    /// When not `0 < good < bad`, or an error is out of range.
    pub fn new(good: f64, bad: f64, alpha: f64, beta: f64) -> Result<Self, NoDesign> {
        if !(0.0 < good && good < bad && bad.is_finite()) {
            return Err(NoDesign::Values);
        }
        Ok(Self { bounds: Bounds::new(alpha, beta)?, event: libm::log(bad / good), hour: bad - good })
    }

    /// What is known after so many events in so many hours, of all devices together.
    #[must_use]
    pub fn verdict(&self, events: u64, hours: f64) -> Verdict {
        self.bounds.verdict(events as f64 * self.event - hours.max(0.0) * self.hour)
    }

    /// The hours from which on so many events are accepted.
    #[must_use]
    pub fn accepts_at(&self, events: u64) -> f64 {
        (events as f64 * self.event - self.bounds.accept) / self.hour
    }

    /// The hours until which so many events are rejected; nothing where they never are.
    #[must_use]
    pub fn rejects_until(&self, events: u64) -> Option<f64> {
        let hours = (events as f64 * self.event - self.bounds.reject) / self.hour;
        (hours >= 0.0).then_some(hours)
    }
}
