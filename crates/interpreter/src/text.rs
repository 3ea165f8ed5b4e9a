//! Comparisons of bytes: exact, or without the case of ASCII letters. Nothing here allocates,
//! recurses or looks outside of a slice.

use crate::cost::price;
use crate::format::GRAM;
use crate::meter::{Meter, Spent};
use crate::utf8;

/// Lower-cases the ASCII letters among eight bytes.
pub(crate) const fn fold_word(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let low = word & (0x7F * ONES);
    let from_a = low.wrapping_add((0x80 - 0x41) * ONES);
    let past_z = low.wrapping_add((0x80 - 0x5B) * ONES);
    let upper = (from_a ^ past_z) & !word & (0x80 * ONES);
    word | upper >> 2
}

/// Lower-cases an ASCII letter.
pub(crate) const fn fold(byte: u8) -> u8 {
    byte.to_ascii_lowercase()
}

/// Whether two runs of bytes are equal. With `ignore_case`, `literal` is in lower case already.
#[inline]
pub(crate) fn equal(text: &[u8], literal: &[u8], ignore_case: bool) -> bool {
    if text.len() != literal.len() {
        return false;
    }
    if !ignore_case {
        return text == literal;
    }
    let (a, a_rest) = text.as_chunks::<8>();
    let (b, b_rest) = literal.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        if fold_word(u64::from_le_bytes(*a)) != u64::from_le_bytes(*b) {
            return false;
        }
    }
    a_rest.iter().zip(b_rest).all(|(a, b)| fold(*a) == *b)
}

/// Whether `literal` stands at `at` of the text.
#[inline]
pub(crate) fn stands_at(text: &[u8], at: usize, literal: &[u8], ignore_case: bool) -> bool {
    // A sum that wraps makes a range that is none.
    text.get(at..at.wrapping_add(literal.len())).is_some_and(|part| equal(part, literal, ignore_case))
}

#[inline]
pub(crate) fn starts_with(text: &[u8], literal: &[u8], ignore_case: bool) -> bool {
    stands_at(text, 0, literal, ignore_case)
}

#[inline]
pub(crate) fn ends_with(text: &[u8], literal: &[u8], ignore_case: bool) -> bool {
    text.len().checked_sub(literal.len()).is_some_and(|at| stands_at(text, at, literal, ignore_case))
}

/// Bytes of a text that are searched for one payment, at most. The first is for fewer, and each is for twice as many as
/// the one before: what is found early is not paid for as if it were found late.
pub(crate) const BLOCK: usize = 4096;
const FIRST_BLOCK: usize = 64;

/// Where `literal` stands first, from `from` on. `at` tells which four bytes of it are looked
/// for, for literals of four bytes and more. Time: the text's bytes, and for each place where
/// those four bytes stand the literal's.
pub(crate) fn find<M: Meter>(
    text: &[u8],
    from: usize,
    literal: &[u8],
    at: usize,
    ignore_case: bool,
    meter: &mut M,
) -> Result<Option<usize>, Spent> {
    let (mut from, mut block) = (from, FIRST_BLOCK);
    loop {
        let left = text.len().saturating_sub(from);
        meter.spend(price::search(left.min(block)))?;
        let until = from.saturating_add(block);
        let found = find_before(text, from, until, literal, at, ignore_case, meter)?;
        if found.is_some() || until >= text.len() {
            return Ok(found);
        }
        from = until;
        block = (block << 1).min(BLOCK);
    }
}

/// The same for places from `from` to before `until`.
fn find_before<M: Meter>(
    text: &[u8],
    from: usize,
    until: usize,
    literal: &[u8],
    at: usize,
    ignore_case: bool,
    meter: &mut M,
) -> Result<Option<usize>, Spent> {
    // A literal that begins before `until` ends behind it: so many bytes of it are looked at.
    let window = |at: usize, len: usize| {
        let end = until.saturating_add(at).saturating_add(len.saturating_sub(1)).min(text.len());
        text.get(from.saturating_add(at)..end)
    };
    let Some(gram) = literal.get(at..).and_then(<[u8]>::first_chunk::<GRAM>) else {
        let found = window(0, literal.len()).and_then(|hay| find_short(hay, literal, ignore_case));
        return Ok(found.map(|found| found.wrapping_add(from)));
    };
    // The gram stands `at` bytes behind the beginning of the literal.
    let Some(hay) = window(at, GRAM) else { return Ok(None) };
    for place in Places::new(hay, gram, ignore_case) {
        let Some(four) = hay.get(place..).and_then(<[u8]>::first_chunk::<GRAM>) else { return Ok(None) };
        if equal(four, gram, ignore_case) {
            let start = place.wrapping_add(from);
            meter.spend(price::compare(literal.len()))?;
            if stands_at(text, start, literal, ignore_case) {
                return Ok(Some(start));
            }
        }
    }
    Ok(None)
}

/// Where a literal of at most three bytes (or of any length, slowly) stands first.
fn find_short(text: &[u8], literal: &[u8], ignore_case: bool) -> Option<usize> {
    if literal.is_empty() {
        return Some(0);
    }
    Places::new(text, literal, ignore_case).find(|at| stands_at(text, *at, literal, ignore_case))
}

/// Places that are looked at together.
const LANES: usize = 32;

/// The places of a text where the first and the last byte of a literal stand as far apart as they
/// do in it, rising.
struct Places<'t> {
    text: &'t [u8],
    /// Where the next group of places begins.
    base: usize,
    /// The places of the group before it that are left, one bit for each.
    left: u32,
    first: Letter,
    last: Letter,
    /// From the first byte to the last.
    apart: usize,
}

/// A byte, and the bit in which it may differ from one of the text.
#[derive(Clone, Copy)]
struct Letter {
    byte: u8,
    case: u8,
}

impl Letter {
    /// With `ignore_case` the byte is in lower case.
    fn new(byte: Option<&u8>, ignore_case: bool) -> Self {
        let byte = byte.copied().unwrap_or(0);
        Self { byte, case: if ignore_case && byte.is_ascii_lowercase() { 0x20 } else { 0 } }
    }

    #[inline(always)]
    const fn is(self, byte: u8) -> bool {
        byte | self.case == self.byte
    }
}

impl<'t> Places<'t> {
    fn new(text: &'t [u8], literal: &[u8], ignore_case: bool) -> Self {
        Self {
            text,
            base: 0,
            left: 0,
            first: Letter::new(literal.first(), ignore_case),
            last: Letter::new(literal.last(), ignore_case),
            apart: literal.len().saturating_sub(1),
        }
    }

    /// A group of places as a set of bits. The loops are over as many bytes as a vector has.
    #[inline]
    fn group(&self, a: &[u8; LANES], b: &[u8; LANES]) -> u32 {
        let mut any = 0_u8;
        for (a, b) in a.iter().zip(b) {
            any |= u8::from(self.first.is(*a)) & u8::from(self.last.is(*b));
        }
        if any == 0 {
            return 0;
        }
        let mut bits = 0_u32;
        for (a, b) in a.iter().zip(b).rev() {
            bits = bits << 1 | u32::from(self.first.is(*a)) & u32::from(self.last.is(*b));
        }
        bits
    }
}

impl Iterator for Places<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.left == 0 {
            let a = self.text.get(self.base..)?;
            let b = self.text.get(self.base.wrapping_add(self.apart)..)?;
            self.left = match (a.first_chunk::<LANES>(), b.first_chunk::<LANES>()) {
                (Some(a), Some(b)) => self.group(a, b),
                _ if b.is_empty() => return None,
                // The end of the text: what is missing of the group stands nowhere.
                _ => {
                    let both = (0_u32..LANES as u32).zip(a.iter().zip(b));
                    both.fold(0, |bits, (at, (a, b))| {
                        bits | u32::from(self.first.is(*a) && self.last.is(*b)).wrapping_shl(at)
                    })
                }
            };
            self.base = self.base.wrapping_add(LANES);
        }
        let at = self.base.wrapping_sub(LANES).wrapping_add(self.left.trailing_zeros() as usize);
        self.left &= self.left.wrapping_sub(1);
        Some(at)
    }
}

/// Where the character at `at` ends.
pub(crate) fn character_end(text: &[u8], at: usize) -> Option<usize> {
    let (_, bytes) = utf8::first(text.get(at..)?)?;
    Some(at.wrapping_add(bytes))
}

/// Bytes that compare under folding on both sides.
#[inline]
fn byte(text: &[u8], at: usize, ignore_case: bool) -> Option<u8> {
    let byte = *text.get(at)?;
    Some(if ignore_case { fold(byte) } else { byte })
}

/// Whether two strings of an event are equal; neither is in lower case.
pub(crate) fn equal_values(a: &[u8], b: &[u8], ignore_case: bool) -> bool {
    if a.len() != b.len() || !ignore_case {
        return a == b;
    }
    // By hand: that of the standard library can panic as far as a linker can tell.
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    a.iter().zip(b).all(|(a, b)| fold_word(u64::from_le_bytes(*a)) == fold_word(u64::from_le_bytes(*b)))
        && a_rest.iter().zip(b_rest).all(|(a, b)| fold(*a) == fold(*b))
}

/// Whether one text of an event contains another: the two-way algorithm of Crochemore and
/// Perrin, in time linear in both and without memory, since both may be hostile and long.
/// Bytes that only stand inside of a character are not in the text: `\xC3` is no part of `ä`.
pub(crate) fn contains_value<M: Meter>(
    text: &[u8],
    needle: &[u8],
    ignore_case: bool,
    meter: &mut M,
) -> Result<bool, Spent> {
    let (n, m) = (text.len(), needle.len());
    if m == 0 || m > n {
        return Ok(m == 0);
    }
    meter.spend(price::contains_value(n))?;
    let (first, first_period) = maximal_suffix(needle, ignore_case, false);
    let (second, second_period) = maximal_suffix(needle, ignore_case, true);
    let (cut, mut period) = if first > second { (first, first_period) } else { (second, second_period) };
    let same = |a: usize, b: usize| byte(needle, a, ignore_case) == byte(needle, b, ignore_case);
    let periodic = period.wrapping_add(cut) <= m && (0..cut).all(|at| same(at, at.wrapping_add(period)));
    if !periodic {
        period = cut.max(m.wrapping_sub(cut)).wrapping_add(1);
    }
    let mut at = 0_usize;
    let mut memory = 0_usize;
    while at.wrapping_add(m) <= n {
        let agrees = |index: usize| byte(needle, index, ignore_case) == byte(text, at.wrapping_add(index), ignore_case);
        let mut index = cut.max(memory);
        while index < m && agrees(index) {
            index = index.wrapping_add(1);
        }
        if index < m {
            at = at.wrapping_add(index.wrapping_sub(cut)).wrapping_add(1);
            memory = 0;
            continue;
        }
        let mut back = cut;
        while back > memory && agrees(back.wrapping_sub(1)) {
            back = back.wrapping_sub(1);
        }
        if back <= memory && are_characters(text, at, at.wrapping_add(m)) {
            return Ok(true);
        }
        at = at.wrapping_add(period);
        memory = if periodic { m.wrapping_sub(period) } else { 0 };
    }
    Ok(false)
}

/// Whether what stands from one place to another is characters, and no part of one.
pub(crate) fn are_characters(text: &[u8], from: usize, to: usize) -> bool {
    utf8::is_boundary(text, from) && utf8::is_boundary(text, to)
}

/// Where the greatest suffix begins, by one order of bytes or the other, and its period.
fn maximal_suffix(needle: &[u8], ignore_case: bool, reverse: bool) -> (usize, usize) {
    let (mut left, mut right, mut offset, mut period) = (0_usize, 1_usize, 0_usize, 1_usize);
    while let (Some(a), Some(b)) =
        (byte(needle, right.wrapping_add(offset), ignore_case), byte(needle, left.wrapping_add(offset), ignore_case))
    {
        if (a < b && !reverse) || (a > b && reverse) {
            right = right.wrapping_add(offset).wrapping_add(1);
            offset = 0;
            period = right.wrapping_sub(left);
        } else if a == b {
            if offset.wrapping_add(1) == period {
                right = right.wrapping_add(offset).wrapping_add(1);
                offset = 0;
            } else {
                offset = offset.wrapping_add(1);
            }
        } else {
            left = right;
            right = right.wrapping_add(1);
            offset = 0;
            period = 1;
        }
    }
    (left, period)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn folding_is_that_of_ascii() {
        for byte in 0..=255_u8 {
            let word = u64::from_le_bytes([byte, b'a', byte, b'Z', 0, 0xFF, b'@', byte]);
            assert_eq!(fold_word(word).to_le_bytes(), word.to_le_bytes().map(fold), "{byte}");
        }
    }

    /// All words over a small alphabet up to a length.
    fn words(alphabet: &[u8], most: usize) -> Vec<Vec<u8>> {
        let mut all: Vec<Vec<u8>> = std::vec![Vec::new()];
        let mut from = 0;
        for _ in 0..most {
            let end = all.len();
            for index in from..end {
                for letter in alphabet {
                    let mut word = all[index].clone();
                    word.push(*letter);
                    all.push(word);
                }
            }
            from = end;
        }
        all
    }

    #[test]
    fn one_value_in_another_agrees_with_windows() {
        // Under Miri, which takes a thousand times as long, a few.
        let (needle, text) = if cfg!(miri) { (3, 3) } else { (6, 8) };
        let needles = words(b"aB", needle);
        for text in words(b"abA", text) {
            for needle in &needles {
                let plain = needle.is_empty() || text.windows(needle.len()).any(|window| window == *needle);
                assert_eq!(contains_value(&text, needle, false, &mut ()), Ok(plain), "{text:?} {needle:?}");
                let folded =
                    needle.is_empty() || text.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle));
                assert_eq!(contains_value(&text, needle, true, &mut ()), Ok(folded), "{text:?} {needle:?}");
            }
        }
    }

    #[test]
    fn literals_are_found_wherever_they_stand() {
        // Over several groups of places, with a common letter and one beyond ASCII.
        let text = "xxABcdEFghIJabcdefghij-tail, and the SAME again: xxABcdEFghIJabcdefghij [ä{ @`".as_bytes();
        let step = if cfg!(miri) { 13 } else { 1 };
        for len in (1..=40).step_by(step) {
            for start in (0..=text.len() - len).step_by(step) {
                let literal = text[start..start + len].to_ascii_lowercase();
                let first = text.windows(len).position(|window| window.eq_ignore_ascii_case(&literal));
                for at in 0..=len.saturating_sub(4) {
                    assert_eq!(find(text, 0, &literal, at, true, &mut ()), Ok(first));
                    let exact = text.windows(len).position(|window| window == literal);
                    assert_eq!(find(text, 0, &literal, at, false, &mut ()), Ok(exact));
                }
            }
        }
        assert_eq!(find(text, 3, b"", 0, true, &mut ()), Ok(Some(3)));
        assert_eq!(find(text, 90, b"a", 0, true, &mut ()), Ok(None));
        assert_eq!(find(text, 0, b"@", 0, true, &mut ()), Ok(Some(text.len() - 2)));
        assert_eq!(find(text, 0, b"`", 0, true, &mut ()), Ok(Some(text.len() - 1)));
    }

    #[test]
    fn characters_end_where_utf8_says() {
        let text = "aä€🦀".as_bytes();
        let ends: Vec<usize> = core::iter::successors(Some(0), |at| character_end(text, *at)).collect();
        assert_eq!(ends, [0, 1, 3, 6, 10]);
        assert_eq!(character_end(b"\x80\x80", 0), Some(1));
        assert_eq!(character_end(b"", 0), None);
    }

    /// A literal is found on both sides of the end of a block, and across it.
    #[test]
    fn blocks_hide_nothing() {
        for literal in [b"k".as_slice(), b"key", b"needle", &[b'x'; 40]] {
            let step = if cfg!(miri) { 23 } else { 1 };
            // Blocks end at 64, 192, 448, ... and from 4032 on every 4096 bytes.
            for start in (20..70).chain(150..200).chain(2 * BLOCK - 70 - 41..2 * BLOCK + 2).step_by(step) {
                let mut text = std::vec![b'.'; start];
                text.extend(literal);
                text.extend(b"..");
                let at = literal.len().saturating_sub(4);
                assert_eq!(find(&text, 0, literal, at, true, &mut ()), Ok(Some(start)), "{start}");
                assert_eq!(find(&text, start + 1, literal, at, true, &mut ()), Ok(None), "{start}");
            }
        }
    }

    #[test]
    fn a_search_stops_when_its_steps_are_spent() {
        let text = std::vec![b'.'; 100 * BLOCK];
        let all = price::search(BLOCK) * 10;
        let mut budget = crate::Budget::new(all);
        assert_eq!(find(&text, 0, b"needle", 0, true, &mut budget), Err(Spent));
        assert!(budget.taken() <= all && budget.taken() > all - price::search(BLOCK));
    }
}
