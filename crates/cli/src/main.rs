//! The command line of contentcheck.

fn main() {}
