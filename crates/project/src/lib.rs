//! From files to a release: what the command line, an editor's server and bindings for other languages load it
//! through.
//!
//! ```text
//! Selection -Project::open-> Project { gathered: Gathered, .. }    (checked and judged by contentcheck-parser)
//! ```
//!
//! A run that only wants what an earlier one made of the same release takes the way in two steps:
//!
//! ```text
//! Selection -Project::collect-> Collected -fingerprint-> Fingerprint -Cache::get-> what was kept
//!                                         -complete-> Project
//! ```
//!
//! There is one loader. It takes the configuration, walks directories, reads content, manifests, the baseline, tests
//! and the data of tables, and keeps the digest of each file that has an influence.

pub mod cache;
pub mod config;
mod failure;
pub mod files;
mod fingerprint;
pub mod fleet;
mod gather;
pub mod lock;
mod sidecar;
pub mod walk;
pub mod write;
pub mod yaml;

pub use failure::{Failure, Kind};
pub use fingerprint::Fingerprint;
pub use gather::{Collected, Project, Selection, TableFiles, UseBaseline, kept_of, names_of, read_library_aside};
