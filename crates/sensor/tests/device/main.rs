//! A device and what can happen to it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do"
)]

mod cases;
mod common;
mod counting;
mod decisions;
mod fallback;
mod hot_swap;
mod life;
#[path = "../../../log/tests/log/common.rs"]
#[expect(dead_code, reason = "the log of another crate's tests has more than is needed here")]
mod log;
mod looking;
mod model;
mod power;
mod rings;
