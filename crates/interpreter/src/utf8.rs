//! Characters of text that need not be UTF-8.
//!
//! Text is read from left to right: a well-formed sequence (Table 3-7 of the Unicode Standard) is a character, and any
//! other byte is one of its own, as if it were the character `U+10FF00` plus its value. So text has characters whatever
//! its bytes are, each byte belongs to one, and text that is UTF-8 has those that it always had.

/// What is added to a byte that begins no well-formed sequence.
pub const ILL_FORMED: u32 = 0x10_FF00;

/// Bytes of the well-formed sequence that some bytes begin with; nothing where they begin with none.
#[inline]
const fn sequence(text: &[u8]) -> Option<usize> {
    Some(match text {
        [0..=0x7F, ..] => 1,
        [0xC2..=0xDF, 0x80..=0xBF, ..] => 2,
        [0xE0, 0xA0..=0xBF, 0x80..=0xBF, ..]
        | [0xE1..=0xEC | 0xEE..=0xEF, 0x80..=0xBF, 0x80..=0xBF, ..]
        | [0xED, 0x80..=0x9F, 0x80..=0xBF, ..] => 3,
        [0xF0, 0x90..=0xBF, 0x80..=0xBF, 0x80..=0xBF, ..]
        | [0xF1..=0xF3, 0x80..=0xBF, 0x80..=0xBF, 0x80..=0xBF, ..]
        | [0xF4, 0x80..=0x8F, 0x80..=0xBF, 0x80..=0xBF, ..] => 4,
        _ => return None,
    })
}

/// The character at the beginning of some bytes, and how many bytes it has.
#[must_use]
pub const fn first(text: &[u8]) -> Option<(u32, usize)> {
    const fn tail(byte: u8) -> u32 {
        (byte & 0x3F) as u32
    }
    let [lead, ..] = text else { return None };
    let lead = *lead;
    Some(match (sequence(text), text) {
        (Some(2), [_, b, ..]) => (((lead & 0x1F) as u32) << 6 | tail(*b), 2),
        (Some(3), [_, b, c, ..]) => (((lead & 0x0F) as u32) << 12 | tail(*b) << 6 | tail(*c), 3),
        (Some(4), [_, b, c, d, ..]) => (((lead & 0x07) as u32) << 18 | tail(*b) << 12 | tail(*c) << 6 | tail(*d), 4),
        (Some(_), _) => (lead as u32, 1),
        (None, _) => (ILL_FORMED | lead as u32, 1),
    })
}

/// Where the character that ends at `end` begins. Sequences never overlap, so it is found without what stands before.
pub(crate) fn start_of_last(text: &[u8], end: usize) -> Option<usize> {
    for bytes in [2_usize, 3, 4] {
        let Some(start) = end.checked_sub(bytes) else { break };
        if text.get(start..end).and_then(sequence) == Some(bytes) {
            return Some(start);
        }
    }
    end.checked_sub(1)
}

/// Whether a character begins or ends at a place of a text. At both ends of it one does.
pub(crate) fn is_boundary(text: &[u8], at: usize) -> bool {
    // Only bytes of this form stand inside of a character, and at most three of them.
    let is_inner = |at: usize| text.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
    if !is_inner(at) {
        return true;
    }
    for back in 1_usize..=3 {
        let Some(start) = at.checked_sub(back) else { break };
        if !is_inner(start) {
            return text.get(start..).and_then(sequence).is_none_or(|bytes| bytes <= back);
        }
    }
    true
}

/// The four bytes under which an automaton of bytes reads a byte that begins no well-formed sequence: those of
/// `U+10FF00` plus its value.
pub(crate) const fn as_read(byte: u8) -> [u8; 4] {
    [0xF4, 0x8F, 0xBC | byte >> 6, 0x80 | byte & 0x3F]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    /// Characters one by one, by this module.
    fn characters(mut text: &[u8]) -> Vec<u32> {
        let mut found = Vec::new();
        while let Some((character, bytes)) = first(text) {
            found.push(character);
            text = &text[bytes..];
        }
        found
    }

    /// The same from the standard library: chunks of what is UTF-8, and single bytes between them.
    fn by_chunks(text: &[u8]) -> Vec<u32> {
        let mut found = Vec::new();
        for chunk in text.utf8_chunks() {
            found.extend(chunk.valid().chars().map(u32::from));
            found.extend(chunk.invalid().iter().map(|byte| ILL_FORMED | u32::from(*byte)));
        }
        found
    }

    /// All texts of up to four bytes from those that sequences are about.
    fn texts() -> Vec<Vec<u8>> {
        let bytes = [
            b'a', 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1,
            0xF4, 0xF5, 0xFF,
        ];
        let mut all: Vec<Vec<u8>> = std::vec![Vec::new()];
        let mut from = 0;
        // Under Miri, which takes a thousand times as long, of up to two.
        for _ in 0..if cfg!(miri) { 2 } else { 4 } {
            let end = all.len();
            for at in from..end {
                all.extend(bytes.map(|byte| [&*all[at], &[byte]].concat()));
            }
            from = end;
        }
        all
    }

    #[test]
    fn characters_are_those_of_the_standard_library() {
        for text in texts() {
            assert_eq!(characters(&text), by_chunks(&text), "{text:X?}");
        }
    }

    #[test]
    fn boundaries_are_those_of_characters() {
        for text in texts() {
            let mut at = 0;
            let mut boundaries = std::vec![0];
            while let Some((_, bytes)) = first(&text[at..]) {
                at += bytes;
                boundaries.push(at);
            }
            let found: Vec<usize> = (0..=text.len()).filter(|at| is_boundary(&text, *at)).collect();
            assert_eq!(found, boundaries, "{text:X?}");
        }
    }

    #[test]
    fn a_text_is_part_of_another_by_characters() {
        use crate::text::{are_characters, contains_value};

        let all = texts();
        for text in all.iter().filter(|text| text.len() <= 3) {
            let of = characters(text);
            for part in all.iter().filter(|part| part.len() <= 2) {
                let wanted = characters(part);
                let is_part = wanted.is_empty() || of.windows(wanted.len()).any(|window| window == wanted);
                assert_eq!(contains_value(text, part, false, &mut ()), Ok(is_part), "{part:X?} in {text:X?}");
                let begins = text.starts_with(part) && are_characters(text, 0, part.len());
                assert_eq!(begins, of.starts_with(&wanted), "{part:X?} begins {text:X?}");
                let ends = text.ends_with(part) && are_characters(text, text.len() - part.len(), text.len());
                assert_eq!(ends, of.ends_with(&wanted), "{part:X?} ends {text:X?}");
            }
        }
    }

    #[test]
    fn characters_are_the_same_from_the_end() {
        for text in texts() {
            let mut ends: Vec<usize> = Vec::new();
            let mut at = 0;
            while let Some((_, bytes)) = first(&text[at..]) {
                ends.push(at);
                at += bytes;
            }
            let mut backward = Vec::new();
            let mut end = text.len();
            while let Some(start) = start_of_last(&text, end) {
                backward.insert(0, start);
                end = start;
            }
            assert_eq!(backward, ends, "{text:X?}");
        }
    }

    #[test]
    fn automata_read_a_byte_as_the_character_that_it_is() {
        for byte in 0x80..=0xFF_u8 {
            let read = as_read(byte);
            let character = char::from_u32(ILL_FORMED | u32::from(byte)).unwrap();
            assert_eq!(core::str::from_utf8(&read).unwrap(), String::from(character));
        }
    }
}
