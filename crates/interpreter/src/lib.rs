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
mod describe;
mod evaluate;
mod fault;
pub mod format;
pub mod hash;
mod image;
mod kill;
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
pub mod utf16;
pub mod utf8;
mod value;
mod verify;
mod version;
mod why;

pub use bind::BoundEvent;
pub use cost::Cost;
pub use describe::{Description, describe};
pub use evaluate::Done;
pub use fault::{Fault, Rejection, Resource};
pub use hash::literal_key;

pub use image::{Identity, Image, Level, RuleInfo, Sizes};
pub use kill::KillList;
pub use load::{LeftOut, VerifiedImage, WhyLeftOut, Workspace};
pub use manifest::{Capacity, Input, Manifest, ManifestError, Scalar, Supply, Type, Versioning};
pub use meter::{Budget, Meter, Spent};
#[cfg(feature = "alloc")]
pub use owned::{OpenImage, OwnedImage};
pub use set::{int_key, ip_key};
pub use value::{Elements, Event, Value};
pub use why::{Found, Reason, Values};
