//! The sequential test of a share: of devices whose time is up, how many failed.

use super::{Bounds, NoDesign, Verdict};

/// Wald's sequential probability ratio test of a share of failures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sprt {
    bounds: Bounds,
    good: f64,
    bad: f64,
    /// What a failure and a success add to the log likelihood ratio.
    failure: f64,
    success: f64,
}

/// What a test does, computed and not estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Characteristics {
    /// How often it rejects.
    pub rejects: f64,
    /// How often it accepts.
    pub accepts: f64,
    /// How many devices it takes on average.
    pub mean: f64,
}

impl Sprt {
    /// A test that rejects content of which the share `good` fails with `alpha` at most, and accepts content of which `bad`
    /// fails with `beta` at most, by Wald's approximation, which errs on the safe side for both together.
    ///
    /// # Errors
    /// When not `0 < good < bad < 1`, or an error is out of range.
    pub fn new(good: f64, bad: f64, alpha: f64, beta: f64) -> Result<Self, NoDesign> {
        if !(0.0 < good && good < bad && bad < 1.0) {
            return Err(NoDesign::Values);
        }
        let bounds = Bounds::new(alpha, beta)?;
        let (failure, success) = (libm::log(bad / good), libm::log((1.0 - bad) / (1.0 - good)));
        Ok(Self { bounds, good, bad, failure, success })
    }

    /// What is known when `failures` of the first `settled` devices, in the order of their deadlines, failed. A device is
    /// settled when its deadline has passed, or when it failed and every device with an earlier deadline is settled.
    ///
    /// More failures than devices count as all of them.
    #[must_use]
    pub fn verdict(&self, failures: u64, settled: u64) -> Verdict {
        let failures = failures.min(settled);
        self.bounds.verdict(self.ratio(failures, settled))
    }

    /// The logarithm of the likelihood of these counts for bad content over that for good content.
    #[must_use]
    pub fn ratio(&self, failures: u64, settled: u64) -> f64 {
        failures as f64 * self.failure + (settled - failures.min(settled)) as f64 * self.success
    }

    /// The fewest devices of which so many failures are accepted.
    #[must_use]
    pub fn accepts_at(&self, failures: u64) -> u64 {
        let successes = (self.bounds.accept - failures as f64 * self.failure) / self.success;
        let about = failures.saturating_add(successes.max(0.0) as u64).saturating_sub(2).max(failures);
        first(about, |settled| self.verdict(failures, settled) == Verdict::Accept)
    }

    /// The most devices of which so many failures are rejected; nothing where they are rejected of none.
    #[must_use]
    pub fn rejects_until(&self, failures: u64) -> Option<u64> {
        if self.verdict(failures, failures) != Verdict::Reject {
            return None;
        }
        let successes = (self.bounds.reject - failures as f64 * self.failure) / self.success;
        let about = failures.saturating_add(successes.max(0.0) as u64).saturating_sub(2).max(failures);
        Some(first(about, |settled| self.verdict(failures, settled) != Verdict::Reject).saturating_sub(1).max(failures))
    }

    /// What the test does with content of which a share fails, by going through every course that it can take until what
    /// is left happens less often than once in 10^17. Time and memory grow with the devices that it takes.
    #[must_use]
    pub fn characteristics(&self, share: f64) -> Characteristics {
        const NEGLIGIBLE: f64 = 1e-17;
        const LONGEST: u64 = 10_000_000;
        let share = share.clamp(0.0, 1.0);
        // How likely each number of failures is while the test goes on.
        let mut likely = vec![1.0_f64];
        let mut found = Characteristics { rejects: 0.0, accepts: 0.0, mean: 0.0 };
        for settled in 1..=LONGEST {
            let going: f64 = likely.iter().sum();
            if going < NEGLIGIBLE {
                break;
            }
            found.mean += going;
            let mut next = vec![0.0; likely.len() + 1];
            for (at, chance) in likely.iter().enumerate() {
                for (failed, part) in [(0, chance * (1.0 - share)), (1, chance * share)] {
                    match self.verdict((at + failed) as u64, settled) {
                        Verdict::Reject => found.rejects += part,
                        Verdict::Accept => found.accepts += part,
                        Verdict::Continue => {
                            if let Some(sum) = next.get_mut(at + failed) {
                                *sum += part;
                            }
                        }
                    }
                }
            }
            while next.last() == Some(&0.0) {
                next.pop();
            }
            likely = next;
        }
        found
    }

    /// The share of failures that is good.
    #[must_use]
    pub const fn good(&self) -> f64 {
        self.good
    }

    /// The share of failures that is bad.
    #[must_use]
    pub const fn bad(&self) -> f64 {
        self.bad
    }
}

/// The first number from `about` on of which something holds, which holds of all behind it.
fn first(about: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let mut at = about;
    while !holds(at) {
        at = match at.checked_add(1) {
            Some(next) => next,
            None => return u64::MAX,
        };
    }
    at
}
