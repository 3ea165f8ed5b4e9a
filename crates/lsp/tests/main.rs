//! The language server over its protocol. All of it is one test binary: each one more is linked with everything again.

mod common;

mod editing;
mod golden;
mod lenses;
mod proofs;
mod protocol;
