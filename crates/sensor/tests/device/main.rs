//! A device and what can happen to it.

mod cases;
mod common;
mod decisions;
mod hot_swap;
mod life;
mod model;
mod power;
