//! Counting steps, so that tests can hold an evaluation against the bound that is stated for it.

/// What an evaluation reports its steps to.
pub trait Meter {
    /// Some steps were taken.
    fn spend(&mut self, steps: u64);
}

/// Nobody counts: costs nothing.
impl Meter for () {
    #[inline]
    fn spend(&mut self, _: u64) {}
}

/// Counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps(pub u64);

impl Meter for Steps {
    fn spend(&mut self, steps: u64) {
        self.0 = self.0.wrapping_add(steps);
    }
}
