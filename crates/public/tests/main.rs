//! What others wrote and recorded, as truth. One binary: each one more is linked with everything again.

mod background;
mod checks;
mod claims;
mod evaluation;
mod findings;
mod fixes;
mod matches;
mod proofs;
mod recordings;
mod root_folder;
mod samples;
mod sensors;
