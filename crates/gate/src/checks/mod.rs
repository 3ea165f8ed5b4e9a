//! The checks, one module each. The order of [`ALL`] is the order in which they run.

mod change;
mod compile;
mod coverage;
mod differential;
mod hostile;
mod lint;
mod replay;
mod self_test;
mod tests;
mod verify;

pub use change::ChangeGuard;
pub use compile::Canonical;
pub use coverage::Coverage;
pub use differential::Differential;
pub use hostile::Hostile;
pub use lint::Lint;
pub use replay::Replay;
pub use self_test::SelfTest;
pub use tests::OwnTests;
pub use verify::Verify;

use crate::run::{Outcome, Run};

/// One check of the gate.
pub trait Check: Sync {
    /// Its place in the order.
    fn number(&self) -> u32;
    /// Its name, in kebab case: what `--only` and `--skip` take.
    fn name(&self) -> &'static str;
    /// What it guards against, one sentence.
    fn guards(&self) -> &'static str;
    /// Runs it.
    fn run(&self, run: &mut Run<'_>) -> Outcome;
}

/// All checks, in their order.
pub static ALL: [&dyn Check; 10] =
    [&SelfTest, &Lint, &Canonical, &Verify, &OwnTests, &Coverage, &Differential, &Hostile, &Replay, &ChangeGuard];

/// The check of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Check> {
    ALL.iter().copied().find(|check| check.name() == name)
}
