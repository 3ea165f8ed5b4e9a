//! Strings of addresses, networks and dates as nodes.

use contentcheck_model::predicate::{IntRange, Network, TimePart};
use std::net::IpAddr;

use super::nfa::{Accept, Builder, LAST, Look, NodeId, ROOT};
use super::number::digits_to;
use crate::budget::Unknown;

/// Adds the strings of the IPv4 addresses of a network: four numbers without leading zeros. Nothing for
/// a network of IPv6.
///
/// # Errors
/// At the limit of nodes.
pub(crate) fn v4(builder: &mut Builder, network: &Network) -> Result<(), Unknown> {
    let IpAddr::V4(address) = network.address else { return Ok(()) };
    let prefix = u32::from(network.prefix).min(32);
    let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
    let first = address.to_bits() & mask;
    let last = first | !mask;
    let mut at = ROOT;
    for (index, (low, high)) in first.to_be_bytes().iter().zip(last.to_be_bytes()).enumerate() {
        let end = builder.node()?;
        octet(builder, at, *low, high, end)?;
        at = end;
        if index < 3 {
            let dot = builder.node()?;
            builder.edge(at, u32::from('.'), u32::from('.'), dot);
            at = dot;
        }
    }
    builder.accept(at, Accept::AtEnd);
    Ok(())
}

fn octet(builder: &mut Builder, at: NodeId, low: u8, high: u8, end: NodeId) -> Result<(), Unknown> {
    for (least, most) in [(0, 9), (10, 99), (100, 255)] {
        let (from, to) = (low.max(least), high.min(most));
        if from <= to {
            digits_to(builder, at, from.to_string().as_bytes(), to.to_string().as_bytes(), end)?;
        }
    }
    Ok(())
}

/// Adds what has the shape of an IPv6 address, and more: hexadecimal digits, colons and points, with two colons
/// at least.
///
/// # Errors
/// At the limit of nodes.
pub(crate) fn v6_shape(builder: &mut Builder) -> Result<(), Unknown> {
    let (one, two) = (builder.node()?, builder.node()?);
    for node in [ROOT, one, two] {
        for (low, high) in [('0', '9'), ('a', 'f'), ('A', 'F'), ('.', '.')] {
            builder.edge(node, u32::from(low), u32::from(high), node);
        }
    }
    let colon = u32::from(':');
    builder.edge(ROOT, colon, colon, one);
    builder.edge(one, colon, colon, two);
    builder.edge(two, colon, colon, two);
    builder.accept(two, Accept::AtEnd);
    Ok(())
}

/// Adds what has the shape of a number with or without fraction and exponent.
///
/// # Errors
/// At the limit of nodes.
pub(crate) fn float_shape(builder: &mut Builder) -> Result<(), Unknown> {
    let digit = (u32::from('0'), u32::from('9'));
    let (whole, point, fraction) = (builder.node()?, builder.node()?, builder.node()?);
    let (exponent, sign, power) = (builder.node()?, builder.node()?, builder.node()?);
    let begin = builder.node()?;
    builder.free(ROOT, Look::Free, begin);
    for mark in ['+', '-'] {
        builder.edge(ROOT, u32::from(mark), u32::from(mark), begin);
        builder.edge(exponent, u32::from(mark), u32::from(mark), sign);
    }
    for (from, to) in
        [(begin, whole), (whole, whole), (point, fraction), (fraction, fraction), (sign, power), (power, power)]
    {
        builder.edge(from, digit.0, digit.1, to);
    }
    builder.edge(exponent, digit.0, digit.1, power);
    builder.edge(whole, u32::from('.'), u32::from('.'), point);
    for from in [whole, fraction] {
        for mark in ['e', 'E'] {
            builder.edge(from, u32::from(mark), u32::from(mark), exponent);
        }
    }
    for end in [whole, fraction, power] {
        builder.accept(end, Accept::AtEnd);
    }
    Ok(())
}

/// Adds strings that begin with a date, or a date and a time of day, of which a part lies in one of the ranges.
/// With `surely` only such as are certain to have it; else also such as have no such day. A week is not
/// looked at: with `surely` there is then no text.
///
/// # Errors
/// At the limit of nodes.
pub(crate) fn time(builder: &mut Builder, part: TimePart, ranges: &[IntRange], surely: bool) -> Result<(), Unknown> {
    if part == TimePart::Week && surely {
        return Ok(());
    }
    for range in ranges {
        let within = |of: TimePart, least: i64, most: i64| {
            if part == of { (range.from.max(least), range.to.min(most)) } else { (least, most) }
        };
        let mut parts = vec![
            (within(TimePart::Year, 1, 9999), 4, "-"),
            (within(TimePart::Month, 1, 12), 2, "-"),
            (within(TimePart::Day, 1, if surely { 28 } else { 31 }), 2, ""),
        ];
        if matches!(part, TimePart::Hour | TimePart::Minute) {
            parts.push(((0, 0), 0, "Tt "));
            parts.push((within(TimePart::Hour, 0, 23), 2, ":"));
            parts.push((within(TimePart::Minute, 0, 59), 2, ""));
        }
        let mut at = ROOT;
        for ((from, to), width, behind) in parts {
            if from > to {
                at = builder.node()?;
            } else if width > 0 {
                let end = builder.node()?;
                let padded = |number: i64| format!("{number:0width$}");
                digits_to(builder, at, padded(from).as_bytes(), padded(to).as_bytes(), end)?;
                at = end;
            }
            if !behind.is_empty() {
                let end = builder.node()?;
                for mark in behind.chars() {
                    builder.edge(at, u32::from(mark), u32::from(mark), end);
                }
                at = end;
            }
        }
        let rest = builder.node()?;
        builder.free(at, Look::Free, rest);
        builder.edge(rest, 0, LAST, rest);
        builder.accept(rest, Accept::Always);
    }
    Ok(())
}
