//! The Sigma front end: YAML text to typed, specialised rules.
//!
//! `text -yaml-> nodes -detection, condition-> selections -typing, specialise-> targets`

mod condition;
mod correlation;
mod detection;
mod document;
mod metadata;
mod modifier;
mod specialise;
mod text;
mod typing;
mod yaml;

pub use correlation::Reference;
pub use document::check;
