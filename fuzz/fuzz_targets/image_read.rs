//! Fuzzes `images::image_read`.
#![no_main]

use contentcheck_fuzz::images;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| images::image_read(data));
