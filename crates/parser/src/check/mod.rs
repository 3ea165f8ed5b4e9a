//! What is checked of files, one by one and across files. [`crate::release`] puts it together.

pub(crate) mod across;
pub(crate) mod arity;
pub(crate) mod capacity;
pub(crate) mod dependents;
pub mod parallel;
mod remedy;
pub mod suppress;
pub(crate) mod templates;
