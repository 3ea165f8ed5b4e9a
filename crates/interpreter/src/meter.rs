//! Counting steps: a budget stops an evaluation, and a sensor learns which rules cost it what.

/// The steps that there were have been taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent;

/// What an evaluation reports its steps to. A step is about a nanosecond of work on a machine of today.
pub trait Meter {
    /// Some steps are about to be taken.
    ///
    /// # Errors
    /// When they may not be: then the evaluation ends, and says which rules were not asked.
    fn spend(&mut self, steps: u64) -> Result<(), Spent>;

    /// From here on steps are spent on the program of a rule, no longer on what all rules share.
    fn rule(&mut self, rule: u32) {
        let _ = rule;
    }
}

/// Nobody counts.
impl Meter for () {
    #[inline]
    fn spend(&mut self, _: u64) -> Result<(), Spent> {
        Ok(())
    }
}

/// Counts up to a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    left: u64,
    of: u64,
}

impl Budget {
    /// So many steps.
    #[must_use]
    pub const fn new(steps: u64) -> Self {
        Self { left: steps, of: steps }
    }

    /// Steps that were taken.
    #[must_use]
    pub const fn taken(&self) -> u64 {
        self.of.saturating_sub(self.left)
    }
}

impl Meter for Budget {
    #[inline]
    fn spend(&mut self, steps: u64) -> Result<(), Spent> {
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Spent),
        }
    }
}
