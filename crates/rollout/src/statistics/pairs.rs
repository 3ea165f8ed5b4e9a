//! The sequential test of pairs: a device with new content and one like it that loaded its old content again, at one time.

use super::{Bounds, NoDesign, Verdict};

/// Wald's test on pairs of which one went silent and the other did not. Pairs of which both or neither did say nothing, so
/// neither the hour of the day nor how often devices go silent anyway has to be known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pairs {
    bounds: Bounds,
    new_alone: f64,
    old_alone: f64,
}

impl Pairs {
    /// A test that takes content with which going silent has `odds` times the odds of before for bad, and content with which
    /// nothing changes for good.
    ///
    /// # Errors
    /// When not `1 < odds`, or an error is out of range.
    pub fn new(odds: f64, alpha: f64, beta: f64) -> Result<Self, NoDesign> {
        if !(odds > 1.0 && odds.is_finite()) {
            return Err(NoDesign::Values);
        }
        let (new_alone, old_alone) = (libm::log(2.0 * odds / (1.0 + odds)), libm::log(2.0 / (1.0 + odds)));
        Ok(Self { bounds: Bounds::new(alpha, beta)?, new_alone, old_alone })
    }

    /// What is known after so many pairs in which only the device with the new content went silent, and so many in which only
    /// the other one did.
    #[must_use]
    pub fn verdict(&self, new_alone: u64, old_alone: u64) -> Verdict {
        self.bounds.verdict(self.ratio(new_alone, old_alone))
    }

    /// The logarithm of the likelihood of these counts for bad content over that for good content.
    #[must_use]
    pub fn ratio(&self, new_alone: u64, old_alone: u64) -> f64 {
        new_alone as f64 * self.new_alone + old_alone as f64 * self.old_alone
    }
}
