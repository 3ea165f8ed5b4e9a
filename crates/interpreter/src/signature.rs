//! Signature: the set of pairs of bytes, and of bytes, that a text holds, lower case. One pass over
//! a text answers for many literals that it does not hold them.

use crate::hash::{blur, blur_word, blurred_word};

/// Bits for pairs of bytes.
const PAIR_BITS: u16 = 4096;
/// Where the words for single bytes begin.
const BYTES_AT: usize = 64;
/// Words of a signature: pairs, then single bytes.
pub(crate) const WORDS: usize = 68;

/// How many pairs of a literal are looked up: what is still there after so many is compared.
const PAIRS: usize = 6;

/// The words of a signature.
pub(crate) type Signature = [u64; WORDS];

/// The bit of two bytes, lower case.
const fn pair_bit(pair: u16) -> u16 {
    (pair as u32).wrapping_mul(0x9E3B).wrapping_shr(4) as u16 & (PAIR_BITS - 1)
}

// INVARIANT of `add_pair`, `add_byte`, `has_pair` and `has_byte`: the number of a word of pairs is masked
// to the 64 of them, that of a word of bytes is 64 and two bits; a signature is an array of 68. So
// the check of bounds falls away.

#[expect(clippy::indexing_slicing, reason = "the index is masked to the length of the array")]
#[inline(always)]
const fn add_pair(signature: &mut Signature, pair: u16) {
    let bit = pair_bit(pair);
    signature[(bit >> 6) as usize & (BYTES_AT - 1)] |= 1 << (bit & 63);
}

#[expect(clippy::indexing_slicing, reason = "the index is masked to the length of the array")]
const fn add_byte(signature: &mut Signature, byte: u8) {
    signature[BYTES_AT | (byte >> 6) as usize] |= 1 << (byte & 63);
}

#[expect(clippy::indexing_slicing, reason = "the index is masked to the length of the array")]
#[inline(always)]
const fn has_pair(signature: &Signature, pair: u16) -> bool {
    let bit = pair_bit(pair);
    signature[(bit >> 6) as usize & (BYTES_AT - 1)] >> (bit & 63) & 1 == 1
}

#[expect(clippy::indexing_slicing, reason = "the index is masked to the length of the array")]
const fn has_byte(signature: &Signature, byte: u8) -> bool {
    signature[BYTES_AT | (byte >> 6) as usize] >> (byte & 63) & 1 == 1
}

/// Makes the signature of a text.
pub(crate) fn sign(signature: &mut Signature, text: &[u8]) {
    *signature = [0; WORDS];
    // Nearly all bytes of a text lie in two words; in memory each would wait for the one before it.
    let (mut low, mut high) = (0_u64, 0_u64);
    let mut rest = text;
    // Eight bytes hold seven pairs, and seven bytes that begin them.
    while let Some(word) = rest.first_chunk::<8>() {
        let word = blur_word(u64::from_le_bytes(*word));
        let is_ascii = word & 0x8080_8080_8080_8080 == 0;
        for shift in [0_u32, 8, 16, 24, 32, 40, 48] {
            let pair = word.wrapping_shr(shift) as u16;
            add_pair(signature, pair);
            let bit = 1_u64 << (pair & 63);
            let is_high = u64::from(pair >> 6 & 1).wrapping_neg();
            if is_ascii {
                low |= bit & !is_high;
                high |= bit & is_high;
            } else {
                add_byte(signature, pair as u8);
            }
        }
        rest = rest.get(7..).unwrap_or(&[]);
    }
    for pair in rest.windows(2) {
        add_pair(signature, blurred_word(pair) as u16);
    }
    for byte in rest {
        add_byte(signature, blur(*byte));
    }
    let [.., first, second, _, _] = signature;
    *first |= low;
    *second |= high;
}

/// Whether the text of a signature may hold a literal, by its byte or by the first pairs of its
/// bytes. The literal may have any case, the text is compared without it.
pub(crate) fn may_hold(signature: &Signature, literal: &[u8]) -> bool {
    match literal {
        [byte] => has_byte(signature, blur(*byte)),
        _ => literal.windows(2).take(PAIRS).all(|pair| has_pair(signature, blurred_word(pair) as u16)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever stands in a text may be in it, wherever it stands and however long the text is.
    #[test]
    fn what_a_text_holds_is_never_denied() {
        let text = "C:\\Windows\\System32\\KERNELBASE.dll+2730e|ünknown(\u{1F980}) {e`Nv:pATh} 0123456789".as_bytes();
        let mut signature = [0; WORDS];
        let step = if cfg!(miri) { 17 } else { 1 };
        for end in (0..=text.len()).step_by(step) {
            let text = text.get(..end).unwrap();
            sign(&mut signature, text);
            for from in 0..end {
                for to in from..=end {
                    assert!(may_hold(&signature, text.get(from..to).unwrap()), "{from}..{to} of {end}");
                }
            }
        }
    }

    #[test]
    fn most_of_what_a_text_does_not_hold_is_denied() {
        let mut signature = [u64::MAX; WORDS];
        for text in ["", "a", "abcdefg", "abcdefgh", "abcdefghabcdefgh"] {
            sign(&mut signature, text.as_bytes());
            assert!(!may_hold(&signature, b"z"), "{text}");
            assert!(!may_hold(&signature, b"@"), "{text}");
            assert!(!may_hold(&signature, "ä".as_bytes()), "{text}");
            assert!(!may_hold(&signature, b"ha9"), "{text}");
        }
        sign(&mut signature, "ä".as_bytes());
        assert!(!may_hold(&signature, b"$"));
        assert!(may_hold(&signature, b"\xC3"));
    }
}
