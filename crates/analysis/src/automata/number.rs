//! Decimal strings of integers as nodes.

use super::nfa::{Accept, Builder, Look, NodeId, ROOT};
use crate::budget::Unknown;

/// How an integer may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Written {
    /// As it is printed: no plus, no leading zero.
    Plain,
    /// `[+-]?[0-9]+`
    Any,
}

/// Adds the strings of the integers from `from` to `to`.
///
/// # Errors
/// At the limit of nodes.
pub(crate) fn add(builder: &mut Builder, from: i64, to: i64, written: Written) -> Result<(), Unknown> {
    if from > to {
        return Ok(());
    }
    let minus = |builder: &mut Builder| builder.literal(ROOT, "-", false);
    if to >= 0 {
        let (low, high) = (from.max(0).unsigned_abs(), to.unsigned_abs());
        magnitude(builder, ROOT, low, high, written)?;
        if written == Written::Any {
            let plus = builder.literal(ROOT, "+", false)?;
            magnitude(builder, plus, low, high, written)?;
        }
    }
    if from < 0 {
        let (low, high) = (to.min(-1).unsigned_abs(), from.unsigned_abs());
        let at = minus(builder)?;
        magnitude(builder, at, low, high, written)?;
    }
    // `-0` is zero.
    if from <= 0 && 0 <= to && written == Written::Any {
        let at = minus(builder)?;
        magnitude(builder, at, 0, 0, written)?;
    }
    Ok(())
}

/// The digits of the numbers from `low` to `high`.
fn magnitude(builder: &mut Builder, at: NodeId, low: u64, high: u64, written: Written) -> Result<(), Unknown> {
    let begin = match written {
        Written::Plain => at,
        Written::Any => {
            let zeros = builder.node()?;
            builder.free(at, Look::Free, zeros);
            builder.edge(zeros, u32::from('0'), u32::from('0'), zeros);
            zeros
        }
    };
    let (shortest, longest) = (low.to_string().len(), high.to_string().len());
    for length in shortest..=longest {
        let power = |exponent: usize| 10_u64.checked_pow(u32::try_from(exponent).unwrap_or(u32::MAX));
        // The least number of this length; zero has one digit.
        let least = if length == 1 { 0 } else { power(length - 1).unwrap_or(u64::MAX) };
        let most = power(length).map_or(u64::MAX, |beyond| beyond - 1);
        let (from, to) = (low.max(least).to_string(), high.min(most).to_string());
        digits(builder, begin, from.as_bytes(), to.as_bytes())?;
    }
    Ok(())
}

/// Strings of digits between two of the same length, ends included.
///
/// # Errors
/// At the limit of nodes.
pub(crate) fn digits(builder: &mut Builder, begin: NodeId, from: &[u8], to: &[u8]) -> Result<(), Unknown> {
    let end = builder.node()?;
    builder.accept(end, Accept::AtEnd);
    digits_to(builder, begin, from, to, end)
}

/// Like [`digits`], and leads to `end`.
///
/// # Errors
/// At the limit of nodes.
pub(crate) fn digits_to(
    builder: &mut Builder,
    begin: NodeId,
    from: &[u8],
    to: &[u8],
    end: NodeId,
) -> Result<(), Unknown> {
    // The place so far, by whether the digits equal those of the lower and of the upper bound.
    let (mut both, mut lower, mut upper, mut free) = (Some(begin), None, None, None);
    let length = from.len().min(to.len());
    for (index, (low, high)) in from.iter().zip(to).enumerate() {
        let last = index + 1 == length;
        let (low, high) = (u32::from(*low), u32::from(*high));
        let (zero, nine) = (u32::from('0'), u32::from('9'));
        let mut next: [Option<NodeId>; 4] = [None; 4];
        let mut go = |builder: &mut Builder, at: NodeId, low: u32, high: u32, slot: usize| -> Result<(), Unknown> {
            if low > high {
                return Ok(());
            }
            let Some(place) = next.get_mut(slot) else { return Ok(()) };
            let to = match (last, *place) {
                (true, _) => end,
                (false, Some(known)) => known,
                (false, None) => builder.node()?,
            };
            *place = Some(to);
            builder.edge(at, low, high, to);
            Ok(())
        };
        if let Some(at) = both {
            if low == high {
                go(builder, at, low, low, 0)?;
            } else {
                go(builder, at, low, low, 1)?;
                go(builder, at, high, high, 2)?;
                if low < high {
                    go(builder, at, low + 1, high - 1, 3)?;
                }
            }
        }
        if let Some(at) = lower {
            go(builder, at, low, low, 1)?;
            go(builder, at, low + 1, nine, 3)?;
        }
        if let Some(at) = upper {
            go(builder, at, high, high, 2)?;
            if high > zero {
                go(builder, at, zero, high - 1, 3)?;
            }
        }
        if let Some(at) = free {
            go(builder, at, zero, nine, 3)?;
        }
        [both, lower, upper, free] = next;
    }
    Ok(())
}
