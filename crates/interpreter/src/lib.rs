//! Verifies content images and evaluates events against them, inside a sensor: no std, no
//! allocation, no dependency, no recursion, nothing that panics.
//!
//! ```text
//! bytes --Image::read--> Image --verify(manifest)--> VerifiedImage --bind(event)--> BoundEvent --evaluate--> rules
//! ```
//!
//! Each arrow is the only way to what it yields. An image is verified once for the sensor that
//! runs it; an event is bound to what that sensor says it supplies; then evaluating cannot meet a
//! mismatch. Memory is lent by the caller, in sizes that the image tells.
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod bind;
mod compare;
mod cost;
mod evaluate;
mod fault;
pub mod format;
pub mod hash;
mod image;
mod like;
mod load;
mod manifest;
mod meter;
mod number;
#[cfg(feature = "alloc")]
mod owned;
mod regex;
mod scan;
mod set;
mod signature;
mod text;
mod time;
#[cfg(feature = "unverified")]
mod unverified;
mod value;
mod verify;
mod version;

pub use bind::BoundEvent;
pub use cost::Cost;
pub use evaluate::KillMask;
pub use fault::{Fault, Rejection, Resource};
pub use hash::literal_key;
pub use image::{Image, RuleInfo};
pub use load::{VerifiedImage, Workspace};
pub use manifest::{Capacity, Input, Manifest, Scalar, Supply, Type, Versioning};
pub use meter::{Meter, Steps};
#[cfg(feature = "alloc")]
pub use owned::OwnedImage;
pub use set::{int_key, ip_key};
pub use value::{Event, Value};
