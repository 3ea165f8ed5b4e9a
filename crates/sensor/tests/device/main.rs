//! A device and what can happen to it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do"
)]

mod cases;
mod common;
mod decisions;
mod hot_swap;
mod life;
mod model;
mod power;
