//! What the proof must find: an index into a path that nobody checked.
#![no_std]

extern crate panic_free as _;

use core::hint::black_box;

use contentcheck_log::Hash;

/// A hash of a path.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn control(path: &&[Hash], at: usize) -> u8 {
    black_box(path)[at].0[0]
}
