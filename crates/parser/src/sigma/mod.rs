//! The Sigma front end: YAML text to typed, specialised rules.
//!
//! `text -yaml-> nodes -detection, condition-> selections -typing, specialise-> targets`

mod advice;
mod condition;
mod correlation;
mod detection;
mod document;
mod duplicates;
mod hygiene;
pub(crate) mod mentions;
pub(crate) mod metadata;
mod modifier;
mod names;
mod resolve;
mod rule;
mod scalar;
mod sensors;
mod specialise;
pub(crate) mod text;
pub(crate) mod twins;
mod typing;
mod unknown;
mod wildcards;
pub mod words;
mod yaml;

pub use document::check;
pub use unknown::in_file;
pub(crate) use yaml::{comments, shares_values};
