//! Sensor manifests and fleets: what the deployed sensors really supply.

mod manifest;

pub use manifest::{Capacity, Input, Manifest, Supply};

/// c
#[derive(Clone, Debug)]
pub struct Constraint;
