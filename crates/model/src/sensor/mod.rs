//! Sensor manifests and fleets: what the deployed sensors really supply.
//!
//! ```text
//! JSON text -Manifest::parse-> Sensor ---+
//! Manifest -check-> Sensor ---------------+-Fleet::new-> Fleet
//! ```
//!
//! A [`Manifest`] is the format, a [`Sensor`] is a manifest that was checked: there is no
//! other way to get one. A [`Fleet`] is every sensor that is still deployed.

mod build;
mod checked;
mod constraint;
mod fleet;
mod json;
mod manifest;
mod version;

pub use build::Difference;
pub use checked::{Sensor, SuppliedInput, SuppliedTemplate};
pub use constraint::{Comparator, Constraint, ConstraintError, Operator};
pub use fleet::{Availability, DuplicateSensor, Fleet, FleetFile, SensorRef};
pub use manifest::{Capacity, Input, Manifest, Supply};
pub use version::{Version, Versioning};

/// The image format that content is compiled to: that of the interpreter, which the compiler is held to by a test.
pub const IMAGE_FORMAT: u32 = 2;
