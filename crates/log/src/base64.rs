//! Base 64 as RFC 4648 section 4 has it, into memory that the caller lends. Strict: each value has one spelling.

/// Decodes a text. Nothing: it is no base 64, or has more bytes than there is room for.
pub(crate) fn decode<'o>(text: &str, to: &'o mut [u8]) -> Option<&'o [u8]> {
    let text = text.as_bytes();
    if text.is_empty() || !text.len().is_multiple_of(4) {
        return None;
    }
    let mut at = 0_usize;
    let mut ended = false;
    for four in text.chunks_exact(4) {
        let &[a, b, c, d] = four else { return None };
        if ended {
            return None;
        }
        let (bits, bytes) = match (c, d) {
            (b'=', b'=') => (u32::from(value(a)?) << 18 | u32::from(value(b)?) << 12, 1_usize),
            (_, b'=') => (u32::from(value(a)?) << 18 | u32::from(value(b)?) << 12 | u32::from(value(c)?) << 6, 2),
            _ => {
                let high = u32::from(value(a)?) << 18 | u32::from(value(b)?) << 12;
                (high | u32::from(value(c)?) << 6 | u32::from(value(d)?), 3)
            }
        };
        ended = bytes < 3;
        let [_, decoded @ ..] = bits.to_be_bytes();
        let (kept, unused) = decoded.split_at_checked(bytes)?;
        // Bits that belong to no byte are 0, so that no two spellings mean the same.
        if unused.iter().any(|byte| *byte != 0) {
            return None;
        }
        let end = at.checked_add(bytes)?;
        to.get_mut(at..end)?.copy_from_slice(kept);
        at = end;
    }
    to.get(..at)
}

/// Exactly so many bytes.
pub(crate) fn array<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let length = decode(text, &mut bytes)?.len();
    (length == N).then_some(bytes)
}

/// Whether a text is base 64 in the one spelling that its value has, whatever its length.
pub(crate) fn is_strict(text: &str) -> bool {
    let Some((last, before)) = text.as_bytes().split_last_chunk::<4>().map(|(before, last)| (last, before)) else {
        return false;
    };
    let last = core::str::from_utf8(last).ok();
    before.len().is_multiple_of(4)
        && before.iter().all(|digit| value(*digit).is_some())
        && last.is_some_and(|last| decode(last, &mut [0; 3]).is_some())
}

const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit.wrapping_sub(b'A')),
        b'a'..=b'z' => Some(digit.wrapping_sub(b'a').wrapping_add(26)),
        b'0'..=b'9' => Some(digit.wrapping_sub(b'0').wrapping_add(52)),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_one_spelling() {
        let mut room = [0; 8];
        assert_eq!(decode("Zm9vYmE=", &mut room), Some(b"fooba".as_slice()));
        assert_eq!(decode("Zm9vYg==", &mut room), Some(b"foob".as_slice()));
        assert_eq!(decode("+/+/", &mut room), Some([0xFB, 0xFF, 0xBF].as_slice()));
        for wrong in ["", "Zm9", "Zm9vYh==", "Zm9vYmF=", "Zg==Zg==", "Zm9v\n", "Z===", "====", "Zm-v", "Zm9vZm9vZm9v"] {
            assert_eq!(decode(wrong, &mut room), None, "{wrong}");
        }
        for text in ["Zm9vYmE=", "Zm9vYg==", "+/+/", "Zm9", "Zm9vYh==", "Zg==Zg==", ""] {
            assert_eq!(is_strict(text), decode(text, &mut room).is_some(), "{text}");
        }
    }
}
