//! Sets: sorted keys, found by halves.

use core::net::IpAddr;

use crate::cost::price;
use crate::format::{IGNORE_CASE, Key, Set};
use crate::image::Image;
use crate::meter::{Meter, Spent};
use crate::text;

/// Searches a sorted set by halves; `ignore_case` folds the value, keys are folded already.
pub(crate) fn holds<M: Meter>(image: &Image<'_>, set: &Set, value: &[u8], meter: &mut M) -> Result<bool, Spent> {
    let ignore_case = set.flags & IGNORE_CASE != 0;
    let (mut from, mut to) = (0_u32, set.count);
    while from < to {
        let middle = from.wrapping_add(to.wrapping_sub(from) >> 1);
        let key = key_at(image, set, middle);
        let Some(key) = key else { return Ok(false) };
        meter.spend(price::key(key.len().min(value.len())))?;
        match compare(value, key, ignore_case) {
            core::cmp::Ordering::Equal => return Ok(true),
            core::cmp::Ordering::Greater => from = middle.wrapping_add(1),
            core::cmp::Ordering::Less => to = middle,
        }
    }
    Ok(false)
}

fn key_at<'i>(image: &Image<'i>, set: &Set, at: u32) -> Option<&'i [u8]> {
    let key = Key::decode(image.keys.get(set.keys.checked_add(at)?)?);
    image.text(key.text, key.len).ok()
}

fn compare(value: &[u8], key: &[u8], ignore_case: bool) -> core::cmp::Ordering {
    if !ignore_case {
        return value.cmp(key);
    }
    value.iter().map(|byte| text::fold(*byte)).cmp(key.iter().copied())
}

/// The key of an integer in a set: bytes that rise as the numbers do.
#[must_use]
pub const fn int_key(number: i64) -> [u8; 8] {
    (number as u64 ^ 1 << 63).to_be_bytes()
}

/// The key of an address in a set: 4 or 6, and its bytes.
pub fn ip_key<'k>(address: &IpAddr, memory: &'k mut [u8; 17]) -> &'k [u8] {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            memory[0] = 4;
            (memory[1], memory[2], memory[3], memory[4]) = (a, b, c, d);
            memory.get(..5).unwrap_or(&[])
        }
        IpAddr::V6(address) => {
            memory[0] = 6;
            for (slot, byte) in memory.iter_mut().skip(1).zip(address.octets()) {
                *slot = byte;
            }
            memory.as_slice()
        }
    }
}
