//! What rules do with events, against the reference and on sensors. All of it is one test binary: each one more is linked with everything again.

mod agreement;
mod asked;
mod claims;
mod keywords;
mod recognised;
mod sensors;
mod versions;
mod witnesses;
