//! How recorded events reach the image of a release: see [`contentcheck_gate::plan`].

pub use contentcheck_gate::plan::{Plan, Worker, inputs, others};

use crate::exit::Failure;
use crate::release::Release;

/// Makes the plan of a release and lends it.
///
/// # Errors
/// When the image is rejected, which is a fault of the compiler's.
pub fn with_plan<R>(release: &Release, then: impl FnOnce(&Plan<'_>) -> R) -> Result<R, Failure> {
    contentcheck_gate::plan::with_plan(&release.checked.content, &release.image, then).map_err(Failure::internal)
}
