//! The release gate: everything that runs over a content release before it ships, as a library.
//!
//! A [`subject::Release`] is what was read. [`subject::Built::new`] checks and compiles it, [`run::examine`] runs
//! checks over that, in the order of [`checks::ALL`], and what comes out is [`evidence::Evidence`] with its
//! [`verdict::Verdict`]; [`attest::statement`] says it under a signature.

pub mod attest;
pub mod checks;
pub mod defects;
pub mod evidence;
mod facts;
pub mod generate;
pub mod result;
pub mod run;
pub mod subject;
#[cfg(test)]
mod tests;
pub mod verdict;
