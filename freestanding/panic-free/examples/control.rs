//! What the proofs must find.
#![cfg_attr(not(feature = "attribute"), no_std)]

extern crate panic_free as _;

use core::hint::black_box;

/// Something that can panic: an index that nobody checked.
///
/// # Safety
/// The reference is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn control(words: &&[u64], at: usize) -> u64 {
    indexed(black_box(words), at)
}

#[cfg_attr(feature = "attribute", no_panic::no_panic)]
fn indexed(words: &[u64], at: usize) -> u64 {
    words[at]
}

/// Something that calls itself.
#[unsafe(no_mangle)]
pub extern "C" fn recursive(depth: u64) -> u64 {
    descend(black_box(depth))
}

#[inline(never)]
fn descend(depth: u64) -> u64 {
    if depth == 0 { 0 } else { black_box(descend(black_box(depth.wrapping_sub(1)))).wrapping_add(depth) }
}

/// Something that takes more stack than is promised.
#[unsafe(no_mangle)]
pub extern "C" fn deep(at: u8) -> u8 {
    let mut bytes = [at; 5 << 10];
    black_box(&mut bytes);
    bytes.iter().fold(0, |sum, byte| sum ^ *byte)
}

/// Something that multiplies floats.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn product(a: &f64, b: &f64, out: &mut f64) {
    *out = *black_box(a) * *black_box(b);
}

/// Something that calls one of two functions by its address.
#[unsafe(no_mangle)]
pub extern "C" fn pointer(number: u64) -> u64 {
    let one: [fn(u64) -> u64; 2] = [odd, even];
    black_box(one)[usize::from(number % 2 == 0)](number)
}

#[inline(never)]
fn odd(number: u64) -> u64 {
    black_box(number).wrapping_mul(3)
}

#[inline(never)]
fn even(number: u64) -> u64 {
    black_box(number).wrapping_mul(5)
}
