//! Fuzzes `machine::differential`.
#![no_main]

use contentcheck_fuzz::machine;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| machine::differential(data));
