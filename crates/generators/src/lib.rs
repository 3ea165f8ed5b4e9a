//! Content, events and spoiled images by choice: what fuzz targets and properties are driven with.
//!
//! ```text
//! bytes of a fuzzer or of proptest, or a seed -> Choices -> World: sources, and a Pool of their literals -> events
//! image, Choices -> sealed: an image as a forger leaves it
//! ```
//!
//! Generators are typed: what they make is mostly accepted, and an event holds the literals of the content, or something very like them. They do
//! not know who decides, so that a fuzzer, a property and a seed make the same things. This crate is for tests, and stops at the first surprise.
#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "what is generated is right, or a test stops")]

pub mod choices;
pub mod sealed;
pub mod values;
pub mod world;

pub use choices::Choices;
pub use world::World;
