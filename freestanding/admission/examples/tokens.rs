//! A token and a policy as they come from outside, to what they open.
#![no_std]

extern crate panic_free as _;

use core::hint::black_box;

use contentcheck_log::{Hash, Token, Trust, is_consistent};

/// The ring that a token opens by a policy; -1: none.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn device_token(token: &&[u8], policy: &&str) -> i32 {
    let Ok(trust) = Trust::read(black_box(policy)) else { return -1 };
    let opened = Token::read(black_box(token)).and_then(|token| token.check(&trust));
    opened.map_or(-1, |opened| i32::from(opened.opening().ring))
}

/// Whether a tree began as a smaller one.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn device_consistency(old: &(u64, Hash), new: &(u64, Hash), path: &&[Hash]) -> bool {
    is_consistent(black_box(*old), black_box(*new), path.iter().copied())
}
