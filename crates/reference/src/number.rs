//! Numbers: read from strings, and compared as real numbers.

use std::cmp::Ordering;

use contentcheck_model::predicate::{Comparison, IntRange};

/// Bytes of a string that may be a number or an address: reading a longer one would take as long as it is.
pub(crate) const LONGEST: usize = 64;

/// The integer that a whole text writes in decimal: `[+-]?[0-9]+`, in 64 bits (INT-2).
pub(crate) fn int_of_text(text: &str) -> Option<i64> {
    if text.len() > LONGEST {
        return None;
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// The number that a whole text writes in decimal, where it is short enough to be rounded once (FLT-3).
pub(crate) fn float_of_text(text: &str) -> Option<f64> {
    const DIGITS: usize = 15;
    const POWER: i64 = 22;
    if text.len() > LONGEST {
        return None;
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, int_of_text(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (mantissa, ""),
    };
    let digits = format!("{whole}{fraction}");
    if whole.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let power = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    if digits.trim_start_matches('0').len() > DIGITS || !(-POWER..=POWER).contains(&power) {
        return None;
    }
    // The standard library rounds correctly, and so does one operation on two exact numbers.
    text.parse().ok()
}

/// Whether a float lies in one of the ranges, as a real number (INT-3).
pub(crate) fn float_in(ranges: &[IntRange], float: f64) -> bool {
    let within = |range: &IntRange| {
        let above = order(range.from, float).is_some_and(Ordering::is_le);
        let below = order(range.to, float).is_some_and(Ordering::is_ge);
        above && below
    };
    float.is_finite() && ranges.iter().any(within)
}

/// How an integer and a float compare as real numbers; `None` for a float that is no number (FLT-2).
pub(crate) fn order(int: i64, float: f64) -> Option<Ordering> {
    // 2 to the power of 63: the first float above all integers.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        return None;
    }
    if float >= BEYOND {
        return Some(Ordering::Less);
    }
    if float < -BEYOND {
        return Some(Ordering::Greater);
    }
    // In these bounds the part before the point is an integer of 64 bits, and the cast exact.
    let whole = float.trunc() as i64;
    let fraction = if float.fract() > 0.0 {
        Ordering::Less
    } else if float.fract() < 0.0 {
        Ordering::Greater
    } else {
        Ordering::Equal
    };
    Some(int.cmp(&whole).then(fraction))
}

/// Whether an order satisfies a comparison. Where there is no order only `!=` holds.
pub(crate) fn satisfies(comparison: Comparison, order: Option<Ordering>) -> bool {
    match (comparison, order) {
        (Comparison::NotEqual, None) => true,
        (_, None) => false,
        (Comparison::Equal, Some(order)) => order.is_eq(),
        (Comparison::NotEqual, Some(order)) => order.is_ne(),
        (Comparison::Less, Some(order)) => order.is_lt(),
        (Comparison::LessOrEqual, Some(order)) => order.is_le(),
        (Comparison::Greater, Some(order)) => order.is_gt(),
        (Comparison::GreaterOrEqual, Some(order)) => order.is_ge(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_written_in_decimal() {
        for (text, number) in [
            ("0", 0),
            ("+7", 7),
            ("-0", 0),
            ("007", 7),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(int_of_text(text), Some(number), "{text}");
        }
        for text in ["", "+", "-", " 1", "1 ", "1.0", "0x10", "1_000", "9223372036854775808", "٣", "+-1", "1e3"] {
            assert_eq!(int_of_text(text), None, "{text}");
        }
    }

    #[test]
    fn floats_are_read_where_one_rounding_is_enough() {
        for (text, number) in [
            ("0", 0.0),
            ("1.5", 1.5),
            ("-0.25", -0.25),
            ("+1e3", 1000.0),
            ("1E-3", 0.001),
            ("000123456789012345", 123_456_789_012_345.0),
            ("0.00000000000000000001", 1e-20),
            ("1e22", 1e22),
        ] {
            assert_eq!(float_of_text(text), Some(number), "{text}");
        }
        for text in [
            "",
            ".5",
            "5.",
            "e5",
            "1e",
            "1e+",
            "1234567890123456",
            "1e23",
            "1e-23",
            "0e99",
            "1e99999999999999999999",
            "inf",
            "NaN",
            "1.2.3",
            "1,5",
            " 1",
            "0x1p3",
            "1.-5",
            "--1",
        ] {
            assert_eq!(float_of_text(text), None, "{text}");
        }
    }

    #[test]
    fn integers_and_floats_compare_without_rounding() {
        for (int, float, expected) in [
            (1, 1.0, Ordering::Equal),
            (0, -0.0, Ordering::Equal),
            (1, 1.5, Ordering::Less),
            (-1, -1.5, Ordering::Greater),
            (9_007_199_254_740_993, 9_007_199_254_740_992.0, Ordering::Greater),
            (i64::MAX, 9_223_372_036_854_775_808.0, Ordering::Less),
            (i64::MIN, -9_223_372_036_854_775_808.0, Ordering::Equal),
            (i64::MIN, -9_223_372_036_854_777_856.0, Ordering::Greater),
            (0, f64::INFINITY, Ordering::Less),
            (0, f64::NEG_INFINITY, Ordering::Greater),
            (0, 5e-324, Ordering::Less),
        ] {
            assert_eq!(order(int, float), Some(expected), "{int} and {float}");
        }
        assert_eq!(order(0, f64::NAN), None);
    }
}
