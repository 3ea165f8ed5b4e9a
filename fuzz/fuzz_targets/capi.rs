//! Fuzzes `capi::capi`.
#![no_main]

use contentcheck_fuzz::capi;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| drop(capi::capi(data)));
