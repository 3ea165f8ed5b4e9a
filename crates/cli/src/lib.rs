//! The command line `contentcheck`, as a library.

pub mod args;
pub mod exit;
pub mod explain;
pub mod fingerprint;
pub mod report;

/// Runs nothing yet.
#[must_use]
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
