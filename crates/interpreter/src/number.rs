//! Numbers, addresses and times in strings, and the strings of numbers: by hand, since the standard
//! formatting and parsing may panic in theory, and then the linker cannot show that nothing does.

use core::cmp::Ordering;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::format::comparison;

/// A short text without an allocation: of an integer, a boolean or an address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Short {
    bytes: [u8; 48],
    len: usize,
}

impl Short {
    const fn new() -> Self {
        Self { bytes: [0; 48], len: 0 }
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len = self.len.wrapping_add(1);
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.push(*byte));
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    fn decimal(&mut self, mut number: u64) {
        let mut digits = [0_u8; 20];
        let mut count = 0_usize;
        for slot in digits.iter_mut().rev() {
            *slot = b'0'.wrapping_add((number % 10) as u8);
            number /= 10;
            count = count.wrapping_add(1);
            if number == 0 {
                break;
            }
        }
        let from = digits.len().wrapping_sub(count);
        self.extend(digits.get(from..).unwrap_or(&[]));
    }

    fn hex(&mut self, group: u16) {
        let mut leading = true;
        for shift in [12_u32, 8, 4, 0] {
            let digit = group.wrapping_shr(shift) as u8 & 15;
            leading &= digit == 0 && shift > 0;
            if !leading {
                self.push(if digit < 10 { b'0'.wrapping_add(digit) } else { (b'a' - 10).wrapping_add(digit) });
            }
        }
    }

    pub(crate) fn int(number: i64) -> Self {
        let mut text = Self::new();
        if number < 0 {
            text.push(b'-');
        }
        text.decimal(number.unsigned_abs());
        text
    }

    pub(crate) fn uint(number: u64) -> Self {
        let mut text = Self::new();
        text.decimal(number);
        text
    }

    pub(crate) fn bool(truth: bool) -> Self {
        let mut text = Self::new();
        text.extend(if truth { b"true" } else { b"false" });
        text
    }

    /// As RFC 5952 writes it.
    pub(crate) fn ip(address: &IpAddr) -> Self {
        let mut text = Self::new();
        match address {
            IpAddr::V4(address) => text.v4(*address),
            IpAddr::V6(address) => text.v6(*address),
        }
        text
    }

    fn v4(&mut self, address: Ipv4Addr) {
        for (index, octet) in (0..4_usize).zip(address.octets()) {
            if index > 0 {
                self.push(b'.');
            }
            self.decimal(u64::from(octet));
        }
    }

    fn v6(&mut self, address: Ipv6Addr) {
        let groups = address.segments();
        if let [0, 0, 0, 0, 0, 0xFFFF, high, low] = groups {
            let (high, low) = (high.to_be_bytes(), low.to_be_bytes());
            self.extend(b"::ffff:");
            return self.v4(Ipv4Addr::new(high[0], high[1], low[0], low[1]));
        }
        // The longest run of at least two zero groups, the first of equals, is written `::`.
        let (mut best, mut best_len, mut run, mut run_len) = (0_usize, 1_usize, 0_usize, 0_usize);
        for (index, group) in (0..8_usize).zip(groups) {
            if group != 0 {
                run_len = 0;
                continue;
            }
            if run_len == 0 {
                run = index;
            }
            run_len = run_len.wrapping_add(1);
            if run_len > best_len {
                (best, best_len) = (run, run_len);
            }
        }
        if best_len < 2 {
            (best, best_len) = (usize::MAX, 0);
        }
        let mut colon = false;
        for (index, group) in (0..8_usize).zip(groups) {
            if index == best {
                self.extend(b"::");
                colon = false;
            }
            if index >= best && index < best.saturating_add(best_len) {
                continue;
            }
            if colon {
                self.push(b':');
            }
            self.hex(group);
            colon = true;
        }
    }
}

/// The integer that a whole text spells in decimal.
pub(crate) fn parse_int(text: &[u8]) -> Option<i64> {
    if text.len() > SPELLED_MAX {
        return None;
    }
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut number = 0_i64;
    for digit in digits {
        let digit = i64::from(digit.wrapping_sub(b'0'));
        if digit > 9 {
            return None;
        }
        // Downward, since there is one more negative number than positive ones.
        number = number.checked_mul(10)?.checked_sub(digit)?;
    }
    if negative { Some(number) } else { number.checked_neg() }
}

/// Bytes of a string that may spell a number, an address or a boolean: what is longer is none, so that reading one takes
/// bounded time.
pub(crate) const SPELLED_MAX: usize = 64;

/// Powers of ten up to the greatest that a float holds exactly, as whole numbers.
#[expect(clippy::indexing_slicing, reason = "it is made when this is compiled")]
const POWERS: [u128; 23] = {
    let mut powers = [1_u128; 23];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// A float by the bits of IEEE 754. All arithmetic on floats in this crate is on integers: a kernel may have no floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Float(pub(crate) u64);

const FRACTION: u32 = 52;
const INFINITY: u64 = 0x7FF << FRACTION;
const SIGN: u64 = 1 << 63;

/// Shifts by less than 128 bits. By hand: built for size, the compiler calls a library for it, and a kernel may have none.
const fn left(number: u128, by: u32) -> u128 {
    let (high, low) = ((number >> 64) as u64, number as u64);
    let (high, low) = match by {
        0 => (high, low),
        1..=63 => (high.wrapping_shl(by) | low.wrapping_shr(by.wrapping_neg()), low.wrapping_shl(by)),
        _ => (low.wrapping_shl(by), 0),
    };
    (high as u128) << 64 | low as u128
}

/// The same the other way.
const fn right(number: u128, by: u32) -> u128 {
    let (high, low) = ((number >> 64) as u64, number as u64);
    let (high, low) = match by {
        0 => (high, low),
        1..=63 => (high.wrapping_shr(by), low.wrapping_shr(by) | high.wrapping_shl(by.wrapping_neg())),
        _ => (0, high.wrapping_shr(by)),
    };
    (high as u128) << 64 | low as u128
}

impl Float {
    /// A number that rises as floats do; nothing for what is no number. Both zeros have the same.
    const fn rank(self) -> Option<i64> {
        let size = self.0 & !SIGN;
        if size > INFINITY {
            return None;
        }
        let size = size as i64;
        Some(if self.0 & SIGN != 0 { size.wrapping_neg() } else { size })
    }

    pub(crate) const fn is_finite(self) -> bool {
        self.0 & INFINITY != INFINITY
    }

    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        Some(self.rank()?.cmp(&other.rank()?))
    }

    /// The float nearest to `number * 2^shift`, ties to the even one, where `more` tells that a bit behind the last of
    /// `number` is set. The result is neither subnormal nor infinite: callers keep far from there.
    fn nearest(number: u128, shift: i32, more: bool) -> Self {
        if number == 0 {
            return Self(0);
        }
        let bits = 128_u32.wrapping_sub(number.leading_zeros());
        // As many bits as a float has, and one to round by.
        let spare = bits as i32 - (FRACTION as i32 + 2);
        let (kept, rest) = if spare > 0 {
            let kept = right(number, spare as u32);
            (kept as u64, left(kept, spare as u32) != number)
        } else {
            ((number as u64).wrapping_shl(spare.unsigned_abs()), false)
        };
        let up = kept & 1 == 1 && (rest || more || kept & 2 == 2);
        let fraction = (kept >> 1).wrapping_add(u64::from(up));
        // The leading bit of the fraction adds one to the exponent.
        let exponent = (shift.wrapping_add(spare).wrapping_add(FRACTION as i32 + 1 + 1022)) as u64;
        Self((exponent << FRACTION).wrapping_add(fraction))
    }

    /// The whole numbers that the float lies between: itself twice where it is one. Nothing for what is no number, and
    /// what is beyond 64 bits is as far beyond as any integer can tell.
    const fn whole(self) -> Option<(i128, i128)> {
        const BEYOND: i128 = 1 << 66;
        let Some(_) = self.rank() else { return None };
        let negative = self.0 & SIGN != 0;
        let exponent = (self.0 >> FRACTION & 0x7FF) as i32;
        let fraction = self.0 & ((1 << FRACTION) - 1);
        let (mantissa, power) = match exponent {
            0 => (fraction, -1074),
            _ => (fraction | 1 << FRACTION, exponent - 1075),
        };
        let (size, rest) = if power > 13 {
            (BEYOND, false)
        } else if power >= 0 {
            (left(mantissa as u128, power as u32) as i128, false)
        } else if power <= -64 {
            (0, mantissa != 0)
        } else {
            let shift = power.unsigned_abs();
            let below = mantissa & 1_u64.wrapping_shl(shift).wrapping_sub(1);
            (mantissa.wrapping_shr(shift) as i128, below != 0)
        };
        let next = size.wrapping_add(rest as i128);
        Some(if negative { (next.wrapping_neg(), size.wrapping_neg()) } else { (size, next) })
    }
}

/// The number that a whole text spells in decimal, where it is exact in one operation: at most 15
/// digits behind leading zeros, and a power of ten of at most 22.
pub(crate) fn parse_float(text: &[u8]) -> Option<Float> {
    if text.len() > SPELLED_MAX {
        return None;
    }
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (mut mantissa, mut digits, mut power) = (0_u64, 0_u32, 0_i32);
    let (mut any, mut point) = (false, false);
    while let [byte, behind @ ..] = rest {
        match byte {
            b'0'..=b'9' => {
                any = true;
                if mantissa > 0 || *byte != b'0' {
                    digits = digits.wrapping_add(1);
                }
                if digits > 15 {
                    return None;
                }
                mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(byte.wrapping_sub(b'0')));
                if point {
                    power = power.checked_sub(1)?;
                }
            }
            b'.' if !point && any => {
                point = true;
                // A point stands between digits.
                if !behind.first().is_some_and(u8::is_ascii_digit) {
                    return None;
                }
            }
            b'e' | b'E' if any => {
                let exponent = parse_int(behind)?;
                power = power.checked_add(i32::try_from(exponent).ok()?)?;
                break;
            }
            _ => return None,
        }
        rest = behind;
    }
    if !any {
        return None;
    }
    let scale = *POWERS.get(power.unsigned_abs() as usize)?;
    let number = if power < 0 {
        divided(mantissa, scale)
    } else {
        Float::nearest(u128::from(mantissa).wrapping_mul(scale), 0, false)
    };
    Some(if negative { Float(number.0 | SIGN) } else { number })
}

/// The float nearest to a quotient. Bit by bit: some machines have no division of 128 bits but a call to a library.
fn divided(number: u64, by: u128) -> Float {
    if number == 0 {
        return Float(0);
    }
    // So far that the quotient has more bits than a float: a divisor has 74 at most.
    let shift = u128::from(number).leading_zeros();
    let mut rest = 0_u128;
    let mut quotient = 0_u128;
    let mut number = left(u128::from(number), shift);
    for _ in 0..128 {
        rest = rest << 1 | number >> 127;
        number <<= 1;
        quotient <<= 1;
        if rest >= by {
            rest = rest.wrapping_sub(by);
            quotient |= 1;
        }
    }
    Float::nearest(quotient, (shift as i32).wrapping_neg(), rest != 0)
}

/// How an integer and a float compare as real numbers; nothing for NaN.
pub(crate) fn compare_int_float(int: i128, float: Float) -> Option<Ordering> {
    let (low, high) = float.whole()?;
    // Between two bounds lies the float and no integer.
    Some(int.cmp(&low).then(low.cmp(&high)))
}

/// Whether an order satisfies a comparison. Where there is no order, only `!=` holds.
pub(crate) fn holds(variant: u8, order: Option<Ordering>) -> bool {
    match order {
        None => variant == comparison::NOT_EQUAL,
        Some(order) => match variant {
            comparison::EQUAL => order.is_eq(),
            comparison::NOT_EQUAL => order.is_ne(),
            comparison::LESS => order.is_lt(),
            comparison::AT_MOST => order.is_le(),
            comparison::GREATER => order.is_gt(),
            comparison::AT_LEAST => order.is_ge(),
            _ => false,
        },
    }
}

/// Reads an IPv4 address: four decimal numbers up to 255 without leading zeros.
fn parse_v4(text: &[u8]) -> Option<[u8; 4]> {
    let mut octets = [0_u8; 4];
    let mut parts = text.split(|byte| *byte == b'.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || part.len() > 3 || (part.len() > 1 && part.first() == Some(&b'0')) {
            return None;
        }
        for digit in part {
            let digit = digit.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            *octet = octet.checked_mul(10)?.checked_add(digit)?;
        }
    }
    parts.next().is_none().then_some(octets)
}

/// Reads an address as the standard library does.
pub(crate) fn parse_ip(text: &[u8]) -> Option<IpAddr> {
    if text.len() > SPELLED_MAX {
        return None;
    }
    if let Some(octets) = parse_v4(text) {
        return Some(IpAddr::V4(Ipv4Addr::from(octets)));
    }
    if text.len() > 45 {
        return None;
    }
    let mut head = [0_u16; 8];
    let mut tail = [0_u16; 8];
    // At `::` what stands before it is kept, and the rest counts from the end.
    let mut split = None;
    for (at, pair) in (0..usize::MAX).zip(text.windows(2)) {
        if pair == b"::" {
            split = Some(at);
            break;
        }
    }
    let groups = match split {
        None => {
            if parse_groups(text, &mut head, true)? != 8 {
                return None;
            }
            head
        }
        Some(at) => {
            let before = parse_groups(text.get(..at)?, &mut head, false)?;
            let after = parse_groups(text.get(at.wrapping_add(2)..)?, &mut tail, true)?;
            // `::` stands for at least one group.
            if before.wrapping_add(after) > 7 {
                return None;
            }
            let from = 8_usize.wrapping_sub(after);
            let mut all = head;
            for (slot, group) in all.get_mut(from..)?.iter_mut().zip(tail) {
                *slot = group;
            }
            all
        }
    };
    Some(IpAddr::V6(Ipv6Addr::from(groups)))
}

/// Reads groups of hexadecimal digits between colons; at the end of an address the last two may be
/// written as IPv4. Their number.
fn parse_groups(text: &[u8], groups: &mut [u16; 8], last: bool) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let mut count = 0_usize;
    let mut parts = text.split(|byte| *byte == b':').peekable();
    while let Some(part) = parts.next() {
        if last
            && parts.peek().is_none()
            && let Some([a, b, c, d]) = parse_v4(part)
        {
            *groups.get_mut(count)? = u16::from_be_bytes([a, b]);
            *groups.get_mut(count.wrapping_add(1))? = u16::from_be_bytes([c, d]);
            return Some(count.wrapping_add(2));
        }
        if part.is_empty() || part.len() > 4 {
            return None;
        }
        let mut group = 0_u16;
        for digit in part {
            let value = match digit {
                b'0'..=b'9' => digit.wrapping_sub(b'0'),
                b'a'..=b'f' => digit.wrapping_sub(b'a' - 10),
                b'A'..=b'F' => digit.wrapping_sub(b'A' - 10),
                _ => return None,
            };
            group = group << 4 | u16::from(value);
        }
        *groups.get_mut(count)? = group;
        count = count.wrapping_add(1);
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn texts_of_values_are_those_of_the_standard_library() {
        for number in [0, 1, -1, 9, 10, -10, 255, i64::MAX, i64::MIN, 1_000_000_007] {
            assert_eq!(Short::int(number).as_bytes(), number.to_string().as_bytes());
            assert_eq!(parse_int(number.to_string().as_bytes()), Some(number));
        }
        for text in [
            "0.0.0.0",
            "255.1.20.3",
            "::",
            "::1",
            "1::",
            "fe80::1",
            "1:2:3:4:5:6:7:8",
            "1:0:0:2::3",
            "::ffff:1.2.3.4",
            "1:0:2:0:3:0:4:0",
            "0:0:1::",
            "2001:db8::ff00:42:8329",
            "1::2:0:0:0:3",
            "::1.2.3.4",
            "64:ff9b::192.0.2.33",
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(core::str::from_utf8(Short::ip(&address).as_bytes()), Ok(&*address.to_string()));
            assert_eq!(parse_ip(text.as_bytes()), Some(address), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in [
            "",
            ":",
            ":::",
            "1",
            "1.2.3",
            "1.2.3.4.5",
            "256.1.1.1",
            "01.2.3.4",
            "1::2::3",
            "1:2:3:4:5:6:7",
            "g::",
            "12345::",
            "1:2:3:4:5:6:7:8:9",
            "::1.2.3",
            "1.2.3.4::",
            "fe80::1%3",
            " ::1",
            "1:2:3:4:5:6:7::8",
            "::1:2:3:4:5:6:7",
            "1:",
            ":1",
            "1:2:3:4:5:6:7:1.2.3.4",
            "1::1.2.3.4:5",
        ] {
            assert_eq!(parse_ip(text.as_bytes()), text.parse::<IpAddr>().ok(), "{text}");
        }
    }

    #[test]
    fn numbers_are_read_where_they_are_exact() {
        for text in ["1", "1.5", "-0.1", "1e22", "123456789012345", "0.000123", "+7e-3", "00012", "1E5", "9.99e2", "0"]
        {
            assert_eq!(parse_float(text.as_bytes()), Some(Float(text.parse::<f64>().unwrap().to_bits())), "{text}");
        }
        for text in [
            "",
            "-",
            ".5",
            "5.",
            "1e",
            "1e5x",
            "0x10",
            "1234567890123456",
            "1e23",
            "inf",
            "nan",
            "1 ",
            "e5",
            "1e99999999999",
        ] {
            assert_eq!(parse_float(text.as_bytes()), None, "{text}");
        }
        for text in ["", "-", "+", "1.0", "9223372036854775808", "-9223372036854775809", "12a", " 1", "--1"] {
            assert_eq!(parse_int(text.as_bytes()), text.parse::<i64>().ok(), "{text}");
        }
        assert_eq!(parse_int(b"+5"), Some(5));
    }

    /// Every mantissa and power that may be spelled is what the standard library makes of it: here many of them.
    #[test]
    fn what_is_spelled_is_rounded_as_ieee_754_rounds() {
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        // Miri takes a thousand times as long.
        let rounds = if cfg!(miri) { 1 } else { 40 };
        for power in -22..=22 {
            for digits in 1..=15_u32 {
                for _ in 0..rounds {
                    seed = seed.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
                    let mantissa = (seed >> 8) % 10_u64.pow(digits);
                    let text = std::format!("{mantissa}e{power}");
                    let expected = text.parse::<f64>().unwrap().to_bits();
                    assert_eq!(parse_float(text.as_bytes()), Some(Float(expected)), "{text}");
                }
            }
        }
        for zero in ["0", "-0", "0.000", "-0e5", "0e-22"] {
            let expected = zero.parse::<f64>().unwrap().to_bits();
            assert_eq!(parse_float(zero.as_bytes()), Some(Float(expected)), "{zero}");
        }
    }

    #[test]
    fn floats_are_ordered_as_ieee_754_orders_them() {
        let floats = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            1.5,
            f64::MIN_POSITIVE,
            5e-324,
            -5e-324,
            f64::MAX,
            f64::MIN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            -f64::NAN,
            0.1,
            1e300,
        ];
        for a in floats {
            assert_eq!(Float(a.to_bits()).is_finite(), a.is_finite());
            for b in floats {
                assert_eq!(Float(a.to_bits()).compare(Float(b.to_bits())), a.partial_cmp(&b), "{a} {b}");
            }
        }
    }

    #[test]
    fn integers_and_floats_compare_as_real_numbers() {
        use core::cmp::Ordering::{Equal, Greater, Less};
        let max = i128::from(i64::MAX);
        let unsigned = i128::from(u64::MAX);
        for (int, float, order) in [
            (1, 1.0, Equal),
            (1, 1.5, Less),
            (2, 1.5, Greater),
            (-1, -1.5, Greater),
            (-2, -1.5, Less),
            (max, 9_223_372_036_854_775_808.0, Less),
            (max + 1, 9_223_372_036_854_775_808.0, Equal),
            (unsigned, 18_446_744_073_709_551_616.0, Less),
            (unsigned, 1.8e19, Greater),
            (unsigned, 1e300, Less),
            (unsigned, -1e300, Greater),
            (i128::from(i64::MIN), -9_223_372_036_854_775_808.0, Equal),
            (0, f64::INFINITY, Less),
            (0, f64::NEG_INFINITY, Greater),
            (9_007_199_254_740_993, 9_007_199_254_740_992.0, Greater),
            (0, -0.0, Equal),
            (0, 5e-324, Less),
            (0, -5e-324, Greater),
            (1, 5e-324, Greater),
        ] {
            assert_eq!(compare_int_float(int, Float(float.to_bits())), Some(order), "{int} {float}");
        }
        assert_eq!(compare_int_float(0, Float(f64::NAN.to_bits())), None);
    }

    #[test]
    fn what_is_too_long_spells_nothing() {
        let long = "0".repeat(SPELLED_MAX);
        assert_eq!(parse_int(long.as_bytes()), Some(0));
        assert_eq!(parse_float(long.as_bytes()), Some(Float(0)));
        let longer = std::format!("{long}0");
        assert_eq!((parse_int(longer.as_bytes()), parse_float(longer.as_bytes())), (None, None));
    }

    #[test]
    fn shifts_are_those_of_the_language() {
        for number in [0, 1, u128::MAX, 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210, 1 << 127, 1 << 64, u64::MAX.into()] {
            for by in 0..128 {
                assert_eq!((left(number, by), right(number, by)), (number << by, number >> by), "{number:X} {by}");
            }
        }
    }
}
