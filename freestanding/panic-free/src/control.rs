//! What the proofs must find.

#[cfg(feature = "control")]
use core::hint::black_box;

/// Something that can panic: an index that nobody checked.
///
/// # Safety
/// The reference is valid.
#[cfg(feature = "control")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn control(words: &&[u64], at: usize) -> u64 {
    indexed(black_box(words), at)
}

#[cfg(feature = "control")]
#[cfg_attr(feature = "attribute", no_panic::no_panic)]
fn indexed(words: &[u64], at: usize) -> u64 {
    words[at]
}

/// Something that calls itself.
#[cfg(feature = "control")]
#[unsafe(no_mangle)]
pub extern "C" fn recursive(depth: u64) -> u64 {
    descend(black_box(depth))
}

#[cfg(feature = "control")]
#[inline(never)]
fn descend(depth: u64) -> u64 {
    if depth == 0 { 0 } else { black_box(descend(black_box(depth.wrapping_sub(1)))).wrapping_add(depth) }
}

/// Something that takes more stack than is promised.
#[cfg(feature = "control")]
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
#[cfg(feature = "control")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn product(a: &f64, b: &f64, out: &mut f64) {
    *out = *black_box(a) * *black_box(b);
}

/// Something that calls one of two functions by its address.
#[cfg(feature = "control-pointer")]
#[unsafe(no_mangle)]
pub extern "C" fn pointer(number: u64) -> u64 {
    let one: [fn(u64) -> u64; 2] = [odd, even];
    core::hint::black_box(one)[usize::from(number % 2 == 0)](number)
}

#[cfg(feature = "control-pointer")]
#[inline(never)]
fn odd(number: u64) -> u64 {
    core::hint::black_box(number).wrapping_mul(3)
}

#[cfg(feature = "control-pointer")]
#[inline(never)]
fn even(number: u64) -> u64 {
    core::hint::black_box(number).wrapping_mul(5)
}
