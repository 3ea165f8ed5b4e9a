//! Verifies content images and evaluates events against them.
#![no_std]

#[cfg(test)]
extern crate std;

mod value;
mod manifest;

pub use manifest::{Capacity, Input, Manifest, Scalar, Supply, Type, Versioning};
pub use value::{Event, Value};
