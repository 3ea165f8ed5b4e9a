//! From what was recorded to the type that is wanted.

use std::net::IpAddr;

/// The float that a text is: decimal, or by the name that the JSON mapping of Protocol Buffers gives to a float that JSON
/// has no number for. A decimal that rounds to infinity is none.
pub(crate) fn float(text: &str) -> Option<f64> {
    match text {
        "NaN" => return Some(f64::NAN),
        "Infinity" => return Some(f64::INFINITY),
        "-Infinity" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let number = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    if !number {
        return None;
    }
    text.parse().ok().filter(|float: &f64| float.is_finite())
}

/// The boolean that a text is, in any case.
pub(crate) const fn truth(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// The address that a text is.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

/// Appends the bytes that a hexadecimal text is, with or without `0x`. `None` leaves `out` as it was.
pub(crate) fn bytes(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let start = out.len();
    let nibble = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    for [high, low] in pairs {
        let (Some(high), Some(low)) = (nibble(high), nibble(low)) else {
            out.truncate(start);
            return None;
        };
        out.push(high << 4 | low);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_truth_and_bytes() {
        assert_eq!(float("1.5e2"), Some(150.0));
        for text in ["inf", "nan", "infinity", "+Infinity", "", "1e999", "-1e999", "0x1p3", "1,5"] {
            assert_eq!(float(text), None, "{text}");
        }
        assert!(float("NaN").is_some_and(f64::is_nan));
        assert_eq!((float("Infinity"), float("-Infinity")), (Some(f64::INFINITY), Some(f64::NEG_INFINITY)));
        assert_eq!((truth("TRUE"), truth("False"), truth("yes")), (Some(true), Some(false), None));
        let mut out = vec![1];
        assert_eq!(bytes("0aFf", &mut out), Some(()));
        assert_eq!(bytes("0x10", &mut out), Some(()));
        assert_eq!(bytes("0ag0", &mut out), None);
        assert_eq!(bytes("123", &mut out), None);
        assert_eq!(bytes("\u{e9}", &mut out), None);
        assert_eq!(out, [1, 0x0a, 0xff, 0x10]);
    }
}
