//! Whether a value passes a test, as docs/semantics.md says: for values that a search proposes.

use std::net::IpAddr;

use contentcheck_model::predicate::{Comparison, FieldComparison, IntRange, Network, Test, TextPattern, TimePart};
use contentcheck_model::template::Scalar;
use contentcheck_model::value::Value;

use crate::automata::{Automata, Language};
use crate::budget::{Budget, Unknown};
use crate::numbers::{float_of_text, int_of_text, order, satisfies};

/// The text that text tests see of a value.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Ip(address) => Some(address.to_string()),
        Value::Float(_) | Value::Bytes(_) | Value::List(_) => None,
    }
}

/// Whether a value that is there passes a test of it alone. A comparison with another field is not decided here.
///
/// # Errors
/// Where the automaton of a pattern is too large or cannot be made.
pub(crate) fn present(test: &Test, value: &Value, automata: &mut Automata, budget: &Budget) -> Result<bool, Unknown> {
    Ok(match (test, value) {
        (Test::Exists, _) => true,
        (Test::Null | Test::Unexpanded, _) => false,
        (Test::Elements { all, test }, value) => {
            let elements = match value {
                Value::List(elements) => elements.as_slice(),
                other => std::slice::from_ref(other),
            };
            for element in elements {
                if present(test, element, automata, budget)? != *all {
                    return Ok(!*all);
                }
            }
            *all
        }
        (_, Value::List(_)) => false,
        (Test::Text { patterns, all }, _) => match text_of(value) {
            Some(text) => texts(patterns, *all, &text, automata, budget)?,
            None => false,
        },
        (Test::Int(ranges), Value::Int(number)) => within(ranges, *number),
        (Test::Int(ranges), Value::String(text)) => int_of_text(text).is_some_and(|number| within(ranges, number)),
        (Test::Int(ranges), Value::Float(float)) => {
            let inside = |range: &IntRange| {
                order(range.from, *float).is_some_and(std::cmp::Ordering::is_le)
                    && order(range.to, *float).is_some_and(std::cmp::Ordering::is_ge)
            };
            ranges.iter().any(inside)
        }
        (Test::Float(comparison, constant), Value::Float(float)) => satisfies(*comparison, float.partial_cmp(constant)),
        (Test::Float(comparison, constant), Value::Int(number)) => satisfies(*comparison, order(*number, *constant)),
        (Test::Float(comparison, constant), Value::String(text)) => {
            float_of_text(text).is_some_and(|float| satisfies(*comparison, float.partial_cmp(constant)))
        }
        (Test::Bool(wanted), Value::Bool(truth)) => wanted == truth,
        (Test::Bool(wanted), Value::String(text)) => text.eq_ignore_ascii_case(if *wanted { "true" } else { "false" }),
        (Test::Bytes(wanted), Value::Bytes(bytes)) => wanted.iter().any(|one| **one == **bytes),
        (Test::Cidr(networks), Value::Ip(address)) => networks.iter().any(|network| lies_in(network, *address)),
        (Test::Cidr(networks), Value::String(text)) => {
            text.parse().is_ok_and(|address| networks.iter().any(|network| lies_in(network, address)))
        }
        (Test::Mask { mask, comparison, value: constant }, Value::Int(number)) => {
            satisfies(*comparison, Some((number & mask).cmp(constant)))
        }
        (Test::Time(part, ranges), _) => time(value, *part).is_some_and(|number| within(ranges, number)),
        (Test::InTable(table), _) => {
            let right_type = matches!(
                (table.key_type().scalar, value),
                (Scalar::String, Value::String(_))
                    | (Scalar::Int, Value::Int(_))
                    | (Scalar::Bool, Value::Bool(_))
                    | (Scalar::Ip, Value::Ip(_))
                    | (Scalar::Bytes, Value::Bytes(_))
            );
            right_type && table.find(value).is_some()
        }
        (
            Test::Int(_)
            | Test::Float(..)
            | Test::Bool(_)
            | Test::Bytes(_)
            | Test::Cidr(_)
            | Test::Mask { .. }
            | Test::Field { .. },
            _,
        ) => false,
    })
}

fn texts(
    patterns: &[TextPattern],
    all: bool,
    text: &str,
    automata: &mut Automata,
    budget: &Budget,
) -> Result<bool, Unknown> {
    if !all {
        let lang = automata.language(Language::Any(patterns.into()), budget.nodes)?;
        return automata.is_match(lang, text);
    }
    for pattern in patterns {
        let lang = automata.language(Language::Any([pattern.clone()].into()), budget.nodes)?;
        if !automata.is_match(lang, text)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn within(ranges: &[IntRange], number: i64) -> bool {
    ranges.iter().any(|range| range.from <= number && number <= range.to)
}

/// First and last address of a network, as numbers, of addresses of its family.
pub(crate) fn bounds(network: &Network) -> (u128, u128) {
    let (address, width) = match network.address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let prefix = u32::from(network.prefix).min(width);
    let all = if width == 32 { u128::from(u32::MAX) } else { u128::MAX };
    let host = all.checked_shr(prefix).unwrap_or(0);
    (address & !host, (address & !host) | host)
}

pub(crate) fn lies_in(network: &Network, address: IpAddr) -> bool {
    let number = match (network.address, address) {
        (IpAddr::V4(_), IpAddr::V4(address)) => u128::from(address.to_bits()),
        (IpAddr::V6(_), IpAddr::V6(address)) => address.to_bits(),
        _ => return false,
    };
    let (first, last) = bounds(network);
    first <= number && number <= last
}

/// How two values compare as fields of one event do.
pub(crate) fn compare(comparison: FieldComparison, value: &Value, other: &Value, ignore_case: bool) -> bool {
    let cased = |text: String| if ignore_case { text.to_ascii_lowercase() } else { text };
    let texts = || Some((cased(text_of(value)?), cased(text_of(other)?)));
    let by_equality = |equal: bool, comparison: Comparison| match comparison {
        Comparison::Equal => equal,
        Comparison::NotEqual => !equal,
        _ => false,
    };
    match comparison {
        FieldComparison::Contains => texts().is_some_and(|(value, other)| value.contains(&other)),
        FieldComparison::StartsWith => texts().is_some_and(|(value, other)| value.starts_with(&other)),
        FieldComparison::EndsWith => texts().is_some_and(|(value, other)| value.ends_with(&other)),
        FieldComparison::Order(comparison) => match (value, other) {
            (Value::Int(a), Value::Int(b)) => satisfies(comparison, Some(a.cmp(b))),
            (Value::Float(a), Value::Float(b)) => satisfies(comparison, a.partial_cmp(b)),
            (Value::Int(a), Value::Float(b)) => satisfies(comparison, order(*a, *b)),
            (Value::Float(a), Value::Int(b)) => satisfies(comparison, order(*b, *a).map(std::cmp::Ordering::reverse)),
            (Value::Bool(a), Value::Bool(b)) => by_equality(a == b, comparison),
            (Value::Ip(a), Value::Ip(b)) => by_equality(a == b, comparison),
            (Value::Bytes(a), Value::Bytes(b)) => by_equality(a == b, comparison),
            (Value::String(_), _) | (_, Value::String(_)) => {
                texts().is_some_and(|(value, other)| by_equality(value == other, comparison))
            }
            _ => false,
        },
    }
}

/// A part of the time that a value tells.
pub(crate) fn time(value: &Value, part: TimePart) -> Option<i64> {
    let (days, clock) = match value {
        Value::String(text) => {
            let digits = |from: usize, to: usize| {
                let part = text.get(from..to)?;
                if part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse::<i64>().ok() } else { None }
            };
            let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
            let dashes = text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
            let days = days_of(year, month, day);
            // Counting back what was counted finds days that a month does not have.
            if !dashes || year < 1 || date_of(days) != (year, month, day) {
                return None;
            }
            let clock = || {
                let marks = matches!(text.get(10..11), Some("T" | "t" | " ")) && text.get(13..14) == Some(":");
                let (hour, minute) = (digits(11, 13)?, digits(14, 16)?);
                (marks && hour < 24 && minute < 60).then_some((hour, minute))
            };
            (days, clock())
        }
        Value::Int(seconds) => {
            let days = seconds.div_euclid(86_400);
            if !(days_of(1, 1, 1)..=days_of(9999, 12, 31)).contains(&days) {
                return None;
            }
            let second = seconds.rem_euclid(86_400);
            (days, Some((second / 3_600, second / 60 % 60)))
        }
        _ => return None,
    };
    let (year, month, day) = date_of(days);
    match part {
        TimePart::Minute => clock.map(|(_, minute)| minute),
        TimePart::Hour => clock.map(|(hour, _)| hour),
        TimePart::Day => Some(day),
        TimePart::Month => Some(month),
        TimePart::Year => Some(year),
        TimePart::Week => {
            // The week is numbered in the year of its Thursday; 1970-01-01 was one.
            let thursday = days - (days + 3).rem_euclid(7) + 3;
            Some((thursday - days_of(date_of(thursday).0, 1, 1)) / 7 + 1)
        }
    }
}

/// Days since 1970-01-01, with years that begin in March so that the leap day is the last of one.
pub(crate) fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Whether a comparison holds on the values of both fields.
pub(crate) fn compared(test: &Test, value: Option<&Value>, other: Option<&Value>) -> bool {
    let (Some(value), Some(other)) = (value, other) else { return false };
    match (test, value) {
        (Test::Field { comparison, ignore_case, .. }, value) => {
            !matches!(value, Value::List(_)) && compare(*comparison, value, other, *ignore_case)
        }
        (Test::Elements { all: true, test }, Value::List(elements)) => {
            elements.iter().all(|element| compared(test, Some(element), Some(other)))
        }
        (Test::Elements { all: false, test }, Value::List(elements)) => {
            elements.iter().any(|element| compared(test, Some(element), Some(other)))
        }
        (Test::Elements { test, .. }, value) => compared(test, Some(value), Some(other)),
        _ => false,
    }
}
