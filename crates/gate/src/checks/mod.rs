//! The checks, one module each. The order of [`ALL`] is the order in which they run.

pub(crate) mod change;
pub(crate) mod compile;
pub(crate) mod corpus;
pub(crate) mod coverage;
pub(crate) mod differential;
pub(crate) mod hostile;
pub(crate) mod lint;
pub(crate) mod replay;
pub(crate) mod seen;
pub(crate) mod self_test;
pub(crate) mod sensors;
pub(crate) mod tests;
pub(crate) mod verify;

pub use change::ChangeGuard;
pub use compile::Canonical;
pub use coverage::Coverage;
pub use differential::Differential;
pub use hostile::Hostile;
pub use lint::Lint;
pub use replay::Replay;
pub use self_test::SelfTest;
pub use sensors::{Group, Groups};
pub use tests::OwnTests;
pub use verify::Verify;

pub use crate::run::Check;

/// All checks, in their order.
pub static ALL: [&dyn Check; 10] =
    [&SelfTest, &Lint, &Canonical, &Verify, &OwnTests, &Coverage, &Differential, &Hostile, &Replay, &ChangeGuard];

/// The check of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Check> {
    ALL.iter().copied().find(|check| check.name() == name)
}
