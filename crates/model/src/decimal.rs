//! Numbers as they are written, in JSON, in YAML and in recorded texts: which integer one is, without the rounding of a float.

/// The integer that a decimal is, exactly: `4624.0` and `1e3` are some, `0.5` and what takes more than 64 bits are none.
#[must_use]
pub fn integer(number: &str) -> Option<i64> {
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

/// The integer that a recorded text is: decimal, or hexadecimal after `0x`. `None` beyond 64 bits signed.
#[must_use]
pub fn recorded(text: &str) -> Option<i64> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        // `from_str_radix` would accept a sign here.
        let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        return if plain { i64::from_str_radix(digits, 16).ok() } else { None };
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_an_integer_however_it_is_written() {
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
            assert_eq!(integer(number), expected, "{number}");
        }
    }

    #[test]
    fn recorded_integers() {
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
            assert_eq!(recorded(text), expected, "{text}");
        }
    }
}
