//! Needles: a few pairs of bytes of which every text has one that holds some literal. To look for a pair takes a fraction
//! of what grams take, so a text without one is passed over.

use crate::format::{Look, NEEDLES_MAX};
use crate::hash::{blur, blur_word};

/// Pairs that are compared at once.
const BLOCK: usize = 16;
/// Whether the processor compares sixteen bytes in one step without being asked: then the plain loop is the fastest.
const VECTORS: bool = cfg!(any(target_feature = "sse2", target_feature = "neon"));

/// The needles of a look, each byte as often as it is compared at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needles {
    firsts: [[u8; BLOCK]; NEEDLES_MAX as usize],
    seconds: [[u8; BLOCK]; NEEDLES_MAX as usize],
}

impl Needles {
    pub(crate) const NONE: Self = Self { firsts: [[0; BLOCK]; 4], seconds: [[0; BLOCK]; 4] };

    /// Becomes those of a look; nothing where it has none.
    #[inline]
    pub(crate) fn fill(&mut self, look: &Look) -> Option<&Self> {
        let last = look.needle_count.checked_sub(1)?;
        // Those that are missing are the last one again: a constant number is compared.
        for (number, (first, second)) in (0..NEEDLES_MAX).zip(self.firsts.iter_mut().zip(&mut self.seconds)) {
            let by = u32::from(number.min(last)) << 3;
            *first = [look.needle_firsts.wrapping_shr(by) as u8; BLOCK];
            *second = [look.needle_seconds.wrapping_shr(by) as u8; BLOCK];
        }
        Some(self)
    }

    /// Whether a needle stands in a text. A short text may be said to have one that it has not.
    #[inline]
    pub(crate) fn meet(&self, text: &[u8]) -> bool {
        if VECTORS { self.meet_blocks(text) } else { self.meet_words(text) }
    }

    #[inline(always)]
    fn meet_blocks(&self, text: &[u8]) -> bool {
        let Some(last) = text.len().checked_sub(BLOCK + 1) else { return self.meet_short(text) };
        let mut at = 0_usize;
        loop {
            // The last block may overlap the one before.
            let block = text.get(at..).and_then(<[u8]>::first_chunk::<{ BLOCK + 1 }>);
            let parts = block.and_then(|block| block.first_chunk::<BLOCK>().zip(last_chunk(block)));
            let Some((first, second)) = parts else { return true };
            if self.meet_block(first, second) {
                return true;
            }
            if at >= last {
                return false;
            }
            at = at.wrapping_add(BLOCK).min(last);
        }
    }

    /// A text of sixteen bytes at most. What is beyond it counts as zeros.
    #[inline]
    fn meet_short(&self, text: &[u8]) -> bool {
        let Some((low, high)) = text.first_chunk::<8>().zip(last_chunk::<8>(text)) else {
            return short_word(text).is_none_or(|word| self.meet_word(word, word >> 8));
        };
        let by = (text.len() as u32).wrapping_sub(8) << 3;
        let word = u128::from(u64::from_le_bytes(*low)) | u128::from(u64::from_le_bytes(*high)).wrapping_shl(by);
        self.meet_block(&word.to_le_bytes(), &(word >> 8).to_le_bytes())
    }

    /// Bytes beside those one further on.
    #[inline(always)]
    fn meet_block(&self, first: &[u8; BLOCK], second: &[u8; BLOCK]) -> bool {
        let ([a, b, c, d], [e, f, g, h]) = (&self.firsts, &self.seconds);
        let mut found = 0_u8;
        for at in 0..BLOCK {
            let of = |bytes: &[u8; BLOCK]| bytes.get(at).copied().unwrap_or(0);
            let (x, y) = (blur(of(first)), blur(of(second)));
            // No short cuts: each byte is compared with all, so that sixteen can be at once.
            let met = (x == of(a)) & (y == of(e))
                | (x == of(b)) & (y == of(f))
                | (x == of(c)) & (y == of(g))
                | (x == of(d)) & (y == of(h));
            found |= u8::from(met);
        }
        found != 0
    }

    #[inline(always)]
    fn meet_words(&self, text: &[u8]) -> bool {
        let Some(last) = text.len().checked_sub(9) else {
            let word = text.first_chunk::<8>().map(|word| u64::from_le_bytes(*word)).or_else(|| short_word(text));
            return word.is_none_or(|word| self.meet_word(word, word >> 8));
        };
        let mut at = 0_usize;
        loop {
            let part = text.get(at..).and_then(<[u8]>::first_chunk::<9>);
            let Some([first, rest @ ..]) = part else { return true };
            let second = u64::from_le_bytes(*rest);
            if self.meet_word(second << 8 | u64::from(*first), second) {
                return true;
            }
            if at >= last {
                return false;
            }
            at = at.wrapping_add(8).min(last);
        }
    }

    /// Eight bytes beside those one further on.
    #[inline]
    fn meet_word(&self, first: u64, second: u64) -> bool {
        const ONES: u64 = 0x0101_0101_0101_0101;
        let (first, second) = (blur_word(first), blur_word(second));
        let mut found = 0_u64;
        for ([a, ..], [b, ..]) in self.firsts.iter().zip(&self.seconds) {
            let differ = first ^ u64::from(*a).wrapping_mul(ONES) | second ^ u64::from(*b).wrapping_mul(ONES);
            // Has a high bit of a byte if some byte is zero.
            found |= differ.wrapping_sub(ONES) & !differ;
        }
        found & (0x80 * ONES) != 0
    }
}

/// The last bytes of a text. By hand: that of the standard library can panic as far as a linker can tell.
#[inline(always)]
fn last_chunk<const N: usize>(text: &[u8]) -> Option<&[u8; N]> {
    text.len().checked_sub(N).and_then(|at| text.get(at..)).and_then(<[u8]>::first_chunk)
}

/// Four to seven bytes as a word, with zeros beyond them.
#[inline]
fn short_word(text: &[u8]) -> Option<u64> {
    let (low, high) = text.first_chunk::<4>().zip(last_chunk::<4>(text))?;
    let by = (text.len() as u32).wrapping_sub(4) << 3;
    Some(u64::from(u32::from_le_bytes(*low)) | u64::from(u32::from_le_bytes(*high)).wrapping_shl(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needles(of: &[&[u8; 2]]) -> Needles {
        let word = |at: usize| {
            let bytes = of.iter().zip(0..).map(|(needle, index)| u32::from(blur(needle[at])) << (8 * index));
            bytes.fold(0, |word, byte| word | byte)
        };
        let look =
            Look { needle_count: of.len() as u8, needle_firsts: word(0), needle_seconds: word(1), ..Look::default() };
        let mut needles = Needles::NONE;
        needles.fill(&look).copied().expect("there are some")
    }

    #[test]
    fn a_needle_is_met_wherever_it_stands_and_nowhere_else() {
        let all = needles(&[b"::", b"ki", b"\xE2\x80", b"mZ"]);
        for len in (4..120_usize).step_by(if cfg!(miri) { 37 } else { 1 }) {
            let plain = std::vec![b'a'; len];
            assert!(!all.meet(&plain), "{len}");
            for at in 0..len - 1 {
                for found in [b"::", b"KI", b"kI", b"\xE2\x80", b"Mz"] {
                    let mut text = plain.clone();
                    text[at..at + 2].copy_from_slice(found);
                    assert!(all.meet(&text), "{found:?} at {at} of {len}");
                }
                let mut half = plain.clone();
                half[at] = b':';
                assert!(!all.meet(&half), "half a needle at {at} of {len}");
            }
        }
        assert!(needles(&[b"::"]).meet(b"::"));
        assert!(needles(&[b"::"]).meet(b"a::"));
    }

    /// A build for a processor without vectors takes the other of two ways.
    #[test]
    fn both_ways_to_compare_agree() {
        let all = needles(&[b"ab", b"b ", b"\0A"]);
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        let mut met = 0;
        for _ in 0..if cfg!(miri) { 200 } else { 100_000 } {
            let mut text = [0_u8; 40];
            text.iter_mut().for_each(|byte| *byte = b"abcde\0zB@ xyqr"[next() as usize % 14]);
            let text = &text[..9 + next() as usize % 30];
            // Beyond a short text blocks see zeros where words see the end.
            if text.len() > BLOCK {
                assert_eq!(all.meet_blocks(text), all.meet_words(text), "{text:?}");
            } else if all.meet_words(text) {
                assert!(all.meet_blocks(text), "{text:?}");
            }
            met += u32::from(all.meet_words(text));
        }
        assert!(met > 10, "{met}");
    }
}
