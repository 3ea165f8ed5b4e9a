//! UTF-16 to text, in memory that the caller lends: Windows and Java have strings so.

/// Bytes of text that so many units of UTF-16 become at most.
#[must_use]
pub const fn most_bytes(units: usize) -> usize {
    units.saturating_mul(3)
}

/// The text of some UTF-16, written into `memory`, which is large enough if it has [`most_bytes`]. A surrogate without
/// its other half is written as three bytes, as WTF-8 does, and each of them is a character of its own.
///
/// # Errors
/// The bytes that are needed, where `memory` has fewer.
pub fn to_text<'m>(units: &[u16], memory: &'m mut [u8]) -> Result<&'m [u8], usize> {
    let mut len = 0_usize;
    let mut rest = units;
    while let [unit, behind @ ..] = rest {
        rest = behind;
        let unit = u32::from(*unit);
        let character = match (unit, behind) {
            (0xD800..=0xDBFF, [low @ 0xDC00..=0xDFFF, after @ ..]) => {
                rest = after;
                0x1_0000 + ((unit & 0x3FF) << 10 | u32::from(*low & 0x3FF))
            }
            _ => unit,
        };
        let tail = |shift: u32| 0x80 | (character >> shift) as u8 & 0x3F;
        let (bytes, count) = match character {
            0..=0x7F => ([character as u8, 0, 0, 0], 1_usize),
            0x80..=0x7FF => ([0xC0 | (character >> 6) as u8, tail(0), 0, 0], 2),
            0x800..=0xFFFF => ([0xE0 | (character >> 12) as u8, tail(6), tail(0), 0], 3),
            _ => ([0xF0 | (character >> 18) as u8, tail(12), tail(6), tail(0)], 4),
        };
        for byte in bytes.into_iter().take(count) {
            // Beyond the end it is only counted.
            if let Some(slot) = memory.get_mut(len) {
                *slot = byte;
            }
            len = len.wrapping_add(1);
        }
    }
    memory.get(..len).ok_or(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    #[test]
    fn what_is_in_order_is_what_the_standard_library_makes_of_it() {
        let text = "C:\\Wïndows\\世界\\🦀 {} \0 end";
        let units: Vec<u16> = text.encode_utf16().collect();
        let mut memory = std::vec![0; most_bytes(units.len())];
        assert_eq!(to_text(&units, &mut memory), Ok(text.as_bytes()));
    }

    /// Whatever the units are, nothing is lost that stands beside a half.
    #[test]
    fn a_half_of_a_pair_hides_nothing() {
        let halves = [0xD800_u16, 0xDBFF, 0xDC00, 0xDFFF, 0x41, 0x20AC];
        for a in halves {
            for b in halves {
                for c in halves {
                    let units = [u16::from(b'<'), a, b, c, u16::from(b'>')];
                    let mut memory = [0; 15];
                    let text = to_text(&units, &mut memory).unwrap();
                    assert!(text.starts_with(b"<") && text.ends_with(b">"), "{units:X?}");
                    if let Ok(known) = String::from_utf16(&units) {
                        assert_eq!(text, known.as_bytes());
                    } else {
                        assert!(core::str::from_utf8(text).is_err());
                    }
                    let needed = text.len();
                    assert_eq!(to_text(&units, &mut std::vec![0; needed - 1]), Err(needed));
                }
            }
        }
    }
}
