//! Rollouts by their book, state, statistics and witnesses. All of it is one test binary: each one more is linked with everything again.

mod common;

mod book;
mod devices;
mod export;
mod groups;
mod rate;
mod state;
mod statistics;
mod tally;
mod witness;
