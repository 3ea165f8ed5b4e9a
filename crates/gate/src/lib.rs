//! The release gate: everything that runs over a content release before it ships, as a library.
//!
//! [`subject::Built::new`] checks and compiles what was gathered, [`run::examine`] runs
//! checks over that, in the order of [`checks::ALL`], and what comes out is [`evidence::Evidence`] with its
//! [`verdict::Verdict`]; [`attest::statement`] says it under a signature.

pub mod attest;
pub mod checks;
pub mod defects;
pub mod evidence;
mod facts;
pub mod generate;
pub mod previous;
pub mod result;
pub mod run;
pub mod subject;
#[cfg(test)]
mod tests;
pub mod verdict;
mod weigh;
mod work;
