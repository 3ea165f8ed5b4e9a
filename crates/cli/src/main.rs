//! The binary `contentcheck`. Everything it does is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    contentcheck::main()
}
