//! Numbers as tests see them: strings read as numbers, and comparisons with fractions as ranges of integers.

use std::cmp::Ordering;

use contentcheck_model::predicate::{Comparison, IntRange};
use rustc_hash::FxHashSet;

/// Ranges of integers: rising, apart, never adjoining.
pub(crate) type Ranges = Vec<(i64, i64)>;

/// All integers.
pub(crate) const EVERY: (i64, i64) = (i64::MIN, i64::MAX);

/// The integer that a whole text writes.
pub(crate) fn int_of_text(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let written = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if written { text.parse().ok() } else { None }
}

/// The number that a whole text writes, where it is short enough to be exact.
pub(crate) fn float_of_text(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (unsigned.get(..at)?, int_of_text(unsigned.get(at + 1..)?)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (mantissa, ""),
    };
    let digits = || whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || !digits().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits().skip_while(|byte| *byte == b'0').count();
    let power = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    if significant > 15 || !(-22..=22).contains(&power) {
        return None;
    }
    text.parse().ok()
}

/// How an integer and a float compare as real numbers; nothing for NaN.
pub(crate) fn order(int: i64, float: f64) -> Option<Ordering> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        None
    } else if float >= BEYOND {
        Some(Ordering::Less)
    } else if float < -BEYOND {
        Some(Ordering::Greater)
    } else {
        let floor = float.floor();
        let order = int.cmp(&(floor as i64));
        Some(if order.is_eq() && float > floor { Ordering::Less } else { order })
    }
}

/// Whether an order satisfies a comparison. Without an order only `!=` holds.
pub(crate) fn satisfies(comparison: Comparison, order: Option<Ordering>) -> bool {
    let Some(order) = order else { return comparison == Comparison::NotEqual };
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

/// Sorted, and joined where ranges touch.
pub(crate) fn union(ranges: impl IntoIterator<Item = (i64, i64)>) -> Ranges {
    let mut sorted: Ranges = ranges.into_iter().filter(|(from, to)| from <= to).collect();
    sorted.sort_unstable();
    let mut joined: Ranges = Vec::with_capacity(sorted.len());
    for (from, to) in sorted {
        match joined.last_mut() {
            Some((_, last)) if from <= last.saturating_add(1) => *last = (*last).max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// What ranges leave out. They are as [`union`] makes them.
pub(crate) fn complement(ranges: &[(i64, i64)]) -> Ranges {
    let mut left = Vec::with_capacity(ranges.len() + 1);
    let mut next = Some(i64::MIN);
    for (from, to) in ranges {
        if let Some(begin) = next
            && begin < *from
        {
            left.push((begin, from - 1));
        }
        next = to.checked_add(1);
    }
    left.extend(next.map(|begin| (begin, i64::MAX)));
    left
}

/// What both have.
pub(crate) fn intersection(a: &[(i64, i64)], b: &[(i64, i64)]) -> Ranges {
    let (mut at, mut other, mut both) = (a.iter().peekable(), b.iter().peekable(), Vec::new());
    while let (Some((a_from, a_to)), Some((b_from, b_to))) = (at.peek(), other.peek()) {
        let (from, to) = (*a_from.max(b_from), *a_to.min(b_to));
        if from <= to {
            both.push((from, to));
        }
        if a_to < b_to {
            at.next();
        } else {
            other.next();
        }
    }
    both
}

/// The ranges of a test.
pub(crate) fn of_test(ranges: &[IntRange]) -> Ranges {
    union(ranges.iter().map(|range| (range.from, range.to)))
}

/// The integers that compare so with a float.
pub(crate) fn integers(comparison: Comparison, constant: f64) -> Ranges {
    // The integers below, equal to and above the constant, found by bisection: the order is monotonous.
    if constant.is_nan() {
        return if comparison == Comparison::NotEqual { vec![EVERY] } else { Vec::new() };
    }
    let (mut low, mut high) = (i128::from(i64::MIN), i128::from(i64::MAX) + 1);
    while low < high {
        let middle = (low + high).div_euclid(2);
        let below = i64::try_from(middle).is_ok_and(|int| order(int, constant) == Some(Ordering::Less));
        if below { low = middle + 1 } else { high = middle }
    }
    // `low` is the first integer that is not below.
    let first = i64::try_from(low).ok();
    let equal = first.filter(|int| order(*int, constant) == Some(Ordering::Equal));
    let below = match first {
        Some(first) => first.checked_sub(1).map(|last| (i64::MIN, last)),
        None => Some(EVERY),
    };
    let above = match (first, equal) {
        (_, Some(equal)) => equal.checked_add(1).map(|from| (from, i64::MAX)),
        (Some(first), None) => Some((first, i64::MAX)),
        (None, None) => None,
    };
    let equal = equal.map(|int| (int, int));
    let parts: [Option<(i64, i64)>; 3] = match comparison {
        Comparison::Equal => [None, equal, None],
        Comparison::NotEqual => [below, None, above],
        Comparison::Less => [below, None, None],
        Comparison::LessOrEqual => [below, equal, None],
        Comparison::Greater => [None, None, above],
        Comparison::GreaterOrEqual => [None, equal, above],
    };
    union(parts.into_iter().flatten())
}

/// The readable one among the integers of some ranges: 1, else the least that is not negative, else the
/// greatest.
pub(crate) fn readable(ranges: &[(i64, i64)]) -> Option<i64> {
    let has = |number: i64| ranges.iter().any(|(from, to)| *from <= number && number <= *to);
    if has(1) {
        return Some(1);
    }
    let natural = ranges.iter().find(|(_, to)| *to >= 0).map(|(from, _)| (*from).max(0));
    natural.or_else(|| ranges.last().map(|(_, to)| *to))
}

/// `value & mask` compared with a constant, required to hold or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Masked {
    pub(crate) mask: i64,
    pub(crate) comparison: Comparison,
    pub(crate) constant: i64,
    pub(crate) positive: bool,
}

/// Masks that are solved together: what can be known of them grows threefold with each.
pub(crate) const MASKS: usize = 6;

/// An integer between two bounds that satisfies all masks, of which there are at most [`MASKS`], bit by bit from the
/// highest: exact. Nothing where there is none. Each step is counted.
pub(crate) fn with_masks(from: i64, to: i64, masks: &[Masked], steps: &mut usize) -> Option<i64> {
    let masks = masks.get(..MASKS).unwrap_or(masks);
    // With the sign flipped, signed order is that of bits.
    let flip = |number: i64| (number as u64) ^ (1 << 63);
    let (low, high) = (flip(from), flip(to));
    // What is known so far: whether the bits equal those of the bounds, and the order of each masked value to its
    // constant.
    type Known = (bool, bool, [Ordering; MASKS]);
    let mut layer: Vec<(Known, u64)> = vec![((true, true, [Ordering::Equal; MASKS]), 0)];
    let mut seen: FxHashSet<Known> = FxHashSet::default();
    for bit in (0..64).rev() {
        let mut next: Vec<(Known, u64)> = Vec::new();
        seen.clear();
        *steps += layer.len() * 2 * (1 + masks.len());
        for ((at_low, at_high, orders), value) in &layer {
            for digit in [0_u64, 1] {
                let (low_digit, high_digit) = (low >> bit & 1, high >> bit & 1);
                if (*at_low && digit < low_digit) || (*at_high && digit > high_digit) {
                    continue;
                }
                // The bit of the value itself: the highest is flipped.
                let own = if bit == 63 { digit ^ 1 } else { digit };
                let mut orders = *orders;
                for (order, masked) in orders.iter_mut().zip(masks) {
                    let (a, b) = (own & (masked.mask as u64 >> bit & 1), masked.constant as u64 >> bit & 1);
                    // Among signed numbers the one with the highest bit is the lesser.
                    *order = order.then(if bit == 63 { b.cmp(&a) } else { a.cmp(&b) });
                }
                let known = (*at_low && digit == low_digit, *at_high && digit == high_digit, orders);
                if seen.insert(known) {
                    next.push((known, value | digit << bit));
                }
            }
        }
        layer = next;
    }
    let good = |(_, _, orders): &Known| {
        let holds =
            |(order, masked): (&Ordering, &Masked)| satisfies(masked.comparison, Some(*order)) == masked.positive;
        orders.iter().zip(masks).all(holds)
    };
    layer.iter().filter(|(known, _)| good(known)).map(|(_, value)| (*value ^ (1 << 63)) as i64).min_by_key(|value| {
        // Small and not negative is most readable.
        (*value < 0, value.unsigned_abs())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_comparisons_are_those_that_compare_so() {
        for constant in [0.0, -0.5, 4.5, 4.0, 1e300, -1e300, f64::INFINITY, f64::NEG_INFINITY, 9.007_199_254_740_992e15]
        {
            for comparison in [
                Comparison::Equal,
                Comparison::NotEqual,
                Comparison::Less,
                Comparison::LessOrEqual,
                Comparison::Greater,
                Comparison::GreaterOrEqual,
            ] {
                let ranges = integers(comparison, constant);
                for int in [i64::MIN, -1, 0, 1, 3, 4, 5, 9_007_199_254_740_991, 9_007_199_254_740_993, i64::MAX] {
                    let expected = satisfies(comparison, order(int, constant));
                    let has = ranges.iter().any(|(from, to)| *from <= int && int <= *to);
                    assert_eq!(has, expected, "{int} {comparison:?} {constant}");
                }
            }
        }
        assert_eq!(integers(Comparison::Less, 4.5), [(i64::MIN, 4)]);
        assert_eq!(integers(Comparison::Equal, 4.5), []);
    }

    #[test]
    fn sets_of_ranges() {
        let some = union([(5, 9), (1, 2), (3, 3), (8, 12), (7, 6)]);
        assert_eq!(some, [(1, 3), (5, 12)]);
        assert_eq!(complement(&some), [(i64::MIN, 0), (4, 4), (13, i64::MAX)]);
        assert_eq!(complement(&complement(&some)), some);
        assert_eq!(complement(&[EVERY]), []);
        assert_eq!(intersection(&some, &[(2, 6), (12, 20)]), [(2, 3), (5, 6), (12, 12)]);
        assert_eq!(readable(&[(-9, -3), (4, 8)]), Some(4));
        assert_eq!(readable(&[(-9, -3)]), Some(-3));
    }

    #[test]
    fn masks_are_solved_exactly() {
        let masks = [
            Masked { mask: 0x14, comparison: Comparison::Equal, constant: 0x10, positive: true },
            Masked { mask: 0x0F, comparison: Comparison::GreaterOrEqual, constant: 10, positive: true },
            Masked { mask: 1, comparison: Comparison::Equal, constant: 1, positive: false },
        ];
        let holds = |value: i64| {
            masks.iter().all(|masked| {
                satisfies(masked.comparison, Some((value & masked.mask).cmp(&masked.constant))) == masked.positive
            })
        };
        for (from, to) in [(-64, 64), (0, 25), (-40, -1), (26, 26), (27, 57), (i64::MIN, i64::MIN + 40)] {
            let expected = (from..=to).any(holds);
            let found = with_masks(from, to, &masks, &mut 0);
            assert_eq!(found.is_some(), expected, "{from} to {to}");
            assert!(found.is_none_or(|value| from <= value && value <= to && holds(value)), "{found:?}");
        }
    }

    /// What is counted is what is done: with each mask more there is up to three times as much to know.
    #[test]
    fn steps_of_masks_are_counted() {
        let masks: Vec<Masked> = (1..=60_i64)
            .map(|at| Masked {
                mask: at.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64) >> 1,
                comparison: Comparison::Equal,
                constant: 0,
                positive: false,
            })
            .collect();
        let steps = |count: usize| {
            let mut steps = 0;
            with_masks(i64::MIN, i64::MAX, &masks[..count], &mut steps);
            steps
        };
        assert!(steps(1) < 5_000, "{}", steps(1));
        assert!(steps(6) > 20 * steps(1), "{}", steps(6));
        // Those beyond are not solved with them.
        assert_eq!(steps(60), steps(MASKS));
        assert!(steps(60) < 64 * 2 * 7 * 4 * 3_usize.pow(6));
    }
}
