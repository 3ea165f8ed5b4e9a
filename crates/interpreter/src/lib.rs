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
//!
//! ```
//! use contentcheck_interpreter::{
//!     Capacity, Event, Image, Input, KillList, Manifest, Scalar, Supply, Type, Value, Versioning, Workspace,
//! };
//! use core::ops::ControlFlow;
//!
//! # fn main() -> Result<(), Box<dyn core::error::Error>> {
//! // What this build of the sensor supplies, in the order in which it supplies it.
//! const STRING: Type = Type { scalar: Scalar::String, list: false, optional: false };
//! const INPUTS: &[Input<'static>] = &[
//!     Input { name: "image", ty: STRING },
//!     Input { name: "command_line", ty: STRING },
//!     Input { name: "user", ty: Type { optional: true, ..STRING } },
//!     Input { name: "arguments", ty: Type { list: true, ..STRING } },
//! ];
//! let manifest = Manifest {
//!     sensor: "edr",
//!     version: "1.4.0",
//!     versioning: Versioning::Parts,
//!     capacity: Capacity::NONE,
//!     header: &[],
//!     templates: &[Supply { template: "edr.process_start", inputs: INPUTS }],
//! };
//!
//! // Load, once: read, and verify for this sensor. The memory is lent for as long as the image is used.
//! let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/images/first/rules.ccimage"));
//! let (mut bindings, mut active, mut scratch) = ([0; 64], [0; 8], [0; 1024]);
//! let image = Image::read(bytes)?;
//! let workspace = Workspace { bindings: &mut bindings, active: &mut active };
//! let verified = image.verify(&manifest, workspace)?;
//! assert!(verified.scratch_words() <= scratch.len());
//!
//! // Evaluate, for each event: bind it, ask the rules with a budget of steps, and be told which match.
//! let values: [Value<'_>; INPUTS.len()] = [
//!     Value::from("/bin/sh"),
//!     Value::Text(b"sh -c curl x | sh\xff"),
//!     Value::Absent,
//!     Value::Split(b"sh\0-c\0curl x | sh\xff\0", 0),
//! ];
//! let mut matched = None;
//! for template in verified.templates_named("edr.process_start") {
//!     let event = Event { inputs: &values, header: &[], others: &[] };
//!     let bound = verified.bind(template, event)?;
//!     let done = bound.evaluate(&KillList::NONE, &mut scratch, 1_000_000, |rule| {
//!         matched = image.rule(rule);
//!         ControlFlow::Continue(())
//!     })?;
//!     assert!(done.is_whole());
//! }
//! assert_eq!(matched.map(|rule| rule.title), Some("Download piped into a shell"));
//! # Ok(())
//! # }
//! ```
//!
//! `docs/embedding.md` goes through each step: the manifest and its JSON twin, memory, values, budgets, kill
//! lists, reasons, threads, hot swap, faults, cost, and kernels.
//!
//! Features: `alloc` adds `OwnedImage`, which owns its bytes and can be swapped, `unverified` is for fuzzing alone.
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod bind;
mod bits;
mod compare;
mod cost;
mod describe;
mod evaluate;
mod fault;
pub mod format;
pub mod hash;
mod image;
mod index;
mod json;
mod kill;
mod like;
mod load;
mod manifest;
mod meter;
mod needles;
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

/// The Rust blocks of the page compile, and run where they say what they give.
#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../../../docs/embedding.md")]
struct Embedding;

pub use bind::BoundEvent;
pub use cost::Cost;
pub use describe::{Description, describe};
pub use evaluate::Done;
pub use fault::{Fault, Rejection, Resource};
pub use hash::literal_key;

pub use image::{Identity, Image, Level, RuleInfo, Sizes};
pub use json::ManifestJson;
pub use kill::KillList;
pub use load::{LeftOut, VerifiedImage, WhyLeftOut, Workspace};
pub use manifest::{Capacity, Input, Manifest, ManifestError, Scalar, Supply, Type, Versioning};
pub use meter::{Budget, Meter, Spent};
#[cfg(feature = "alloc")]
pub use owned::{OpenImage, OwnedImage};
pub use set::{int_key, ip_key};
pub use value::{Elements, Event, Value};
pub use why::{Found, Reason, Values};
