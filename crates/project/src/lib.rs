//! From files to a release: what the command line, an editor's server and bindings for other languages load it
//! through.
//!
//! ```text
//! Selection -Project::open-> Project { gathered: Gathered, .. }    (checked and judged by contentcheck-parser)
//! ```
//!
//! There is one loader. It takes the configuration, walks directories, reads content, manifests, the baseline, tests
//! and the data of tables, and keeps the digest of each file that has an influence.

pub mod config;
mod failure;
pub mod files;
pub mod fleet;
mod gather;
pub mod lock;
mod sidecar;
pub mod walk;
pub mod write;
pub mod yaml;

pub use failure::{Failure, Kind};
pub use gather::{Project, Selection, UseBaseline, names_of};
