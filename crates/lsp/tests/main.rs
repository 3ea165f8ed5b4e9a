//! The language server over its protocol. All of it is one test binary: each one more is linked with everything again.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

mod editing;
mod golden;
mod lenses;
mod proofs;
mod protocol;
