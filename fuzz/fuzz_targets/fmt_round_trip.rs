//! Fuzzes `bodies::fmt_round_trip`.
#![no_main]

use contentcheck_fuzz::bodies;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bodies::fmt_round_trip(data));
