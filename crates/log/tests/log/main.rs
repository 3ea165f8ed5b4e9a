//! The verifying half of the log: known answers, a model of the tree and of those who sign, and hostile bytes.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail as tests do"
)]

mod common;
mod hostile;
mod known;
mod notes;
mod tokens;
mod trees;
mod writing;
