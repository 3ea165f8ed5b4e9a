//! Fuzzes `bodies::manifest`.
#![no_main]

use contentcheck_fuzz::bodies;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bodies::manifest(data));
