//! The binary `contentcheck`. Everything it does is in the library beside it.

use std::process::ExitCode;

/// Reading thousands of rules makes millions of small values: a fifth of the time of `lint` is saved (docs/benchmarks.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    contentcheck::main()
}
