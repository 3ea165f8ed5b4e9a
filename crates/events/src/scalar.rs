//! From what was recorded to the type that is wanted.

use std::net::IpAddr;

/// The integer that a text is: decimal, or hexadecimal after `0x`. `None` beyond 64 bits signed.
pub(crate) fn integer(text: &str) -> Option<i64> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        // `from_str_radix` would accept a sign here.
        let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        return if plain { i64::from_str_radix(digits, 16).ok() } else { None };
    }
    text.parse().ok()
}

/// The integer that a JSON number is, exactly: `4624.0` and `1e3` are some, `0.5` and what takes more than 64 bits are none.
pub(crate) fn integer_of_number(number: &str) -> Option<i64> {
    if let Ok(integer) = number.parse() {
        return Some(integer);
    }
    let (sign, number) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // The digits without zeros at either end, and the power of ten that they stand before.
    let all = format!("{whole}{fraction}");
    let digits = all.trim_end_matches('0');
    let zeros = i64::try_from(all.len() - digits.len()).ok()?;
    let power = exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(zeros)?;
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return all.bytes().any(|byte| byte == b'0').then_some(0);
    }
    // 64 bits have 19 digits.
    let zeros = usize::try_from(power).ok().filter(|zeros| digits.len().saturating_add(*zeros) <= 19)?;
    format!("{sign}{digits}{}", "0".repeat(zeros)).parse().ok()
}

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
    fn integers() {
        let cases = [
            ("4624", Some(4624)),
            ("-1", Some(-1)),
            ("+7", Some(7)),
            ("007", Some(7)),
            ("0x1f", Some(31)),
            ("0XFF", Some(255)),
            ("0x", None),
            ("0x-1", None),
            ("0x+1", None),
            ("0x7fffffffffffffff", Some(i64::MAX)),
            ("0x8000000000000000", None),
            ("9223372036854775808", None),
            ("-9223372036854775808", Some(i64::MIN)),
            ("", None),
            ("-", None),
            ("1.0", None),
            (" 1", None),
        ];
        for (text, expected) in cases {
            assert_eq!(integer(text), expected, "{text}");
        }
        let cases = [
            ("4624", Some(4624)),
            ("4624.0", Some(4624)),
            ("1e3", Some(1000)),
            ("4624.5", None),
            ("18446744073709551616", None),
            ("1e300", None),
            ("-0.0", Some(0)),
            ("9007199254740993.0", Some(9_007_199_254_740_993)),
            ("1e16", Some(10_000_000_000_000_000)),
            ("9223372036854775807.0", Some(i64::MAX)),
            ("-9223372036854775808.0", Some(i64::MIN)),
            ("9223372036854775808.0", None),
            ("12.50e1", Some(125)),
            ("125e-1", None),
            ("1250e-1", Some(125)),
            ("0e999999999999999999999", None),
            ("1e-1", None),
        ];
        for (number, expected) in cases {
            assert_eq!(integer_of_number(number), expected, "{number}");
        }
    }

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
