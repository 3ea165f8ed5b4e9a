//! Whether values pass tests: one function for each kind of test, each with the ids of
//! docs/semantics.md that it implements.

use std::cmp::Ordering;
use std::net::IpAddr;

use contentcheck_model::field::FieldRef;
use contentcheck_model::predicate::{Comparison, FieldComparison, IntRange, Network, Predicate, Test, TextPattern};
use contentcheck_model::table::Table;
use contentcheck_model::template::Scalar;
use contentcheck_model::value::Value;

use crate::event::Event;
use crate::number::{self, LONGEST, satisfies};
use crate::text::{self, Finder, Text};
use crate::time;

/// A predicate and the patterns of its string test, if it has one.
#[derive(Debug)]
pub(crate) struct Check<'a> {
    pub(crate) predicate: &'a Predicate,
    pub(crate) finders: Vec<Finder>,
}

/// The patterns of a string test, also of one on the elements of a list.
pub(crate) fn patterns(test: &Test) -> &[TextPattern] {
    match test {
        Test::Text { patterns, .. } => patterns,
        Test::Elements { test, .. } => patterns(test),
        _ => &[],
    }
}

/// Whether a predicate holds on an event.
pub(crate) fn check(check: &Check<'_>, event: &Event) -> bool {
    let (test, finders) = (&*check.predicate.test, check.finders.as_slice());
    match &check.predicate.field {
        field if field.is_any() => keyword(test, finders, event),
        field => value(test, finders, event.value(field), event),
    }
}

/// KEY-1 to KEY-4
fn keyword(test: &Test, finders: &[Finder], event: &Event) -> bool {
    let values = all_values(event);
    match test {
        Test::Exists => !values.is_empty(),
        Test::Null => values.is_empty(),
        Test::Text { all: true, .. } => finders
            .iter()
            .all(|finder| values.iter().any(|(_, value)| text_passes(std::slice::from_ref(finder), false, value))),
        _ => values.iter().any(|(_, one)| present(test, finders, one, event)),
    }
}

/// Where a value of an event stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Field(FieldRef),
    /// A value without a field, by its index.
    Other(usize),
}

/// KEY-1: all values of an event, the elements of lists one by one, each with the place of its
/// value and its index in a list.
pub(crate) fn all_values(event: &Event) -> Vec<((Place, Option<usize>), &Value)> {
    let mut values: Vec<(Place, &Value)> =
        event.values().map(|(field, value)| (Place::Field(field.clone()), value)).collect();
    values.extend(event.others.iter().enumerate().map(|(at, value)| (Place::Other(at), value)));
    let mut scalars = Vec::with_capacity(values.len());
    for (place, value) in values {
        match value {
            Value::List(elements) => {
                scalars.extend(elements.iter().enumerate().map(|(at, element)| ((place.clone(), Some(at)), element)));
            }
            scalar => scalars.push(((place, None), scalar)),
        }
    }
    scalars
}

/// ABS-1, ABS-2
fn value(test: &Test, finders: &[Finder], value: Option<&Value>, event: &Event) -> bool {
    match value {
        Some(value) => present(test, finders, value, event),
        None => matches!(test, Test::Null),
    }
}

/// Whether a value that is there passes a test.
pub(crate) fn present(test: &Test, finders: &[Finder], value: &Value, event: &Event) -> bool {
    match (test, value) {
        (Test::Exists, _) => true,
        (Test::Null | Test::Unexpanded, _) => false,
        // LIST-1 to LIST-3
        (Test::Elements { all: true, test }, _) => {
            // FLD-1, also where there is no element to compare with it.
            test.other().is_none_or(|other| event.value(other).is_some())
                && elements(value).iter().all(|element| present(test, finders, element, event))
        }
        (Test::Elements { all: false, test }, _) => {
            elements(value).iter().any(|element| present(test, finders, element, event))
        }
        // LIST-4
        (_, Value::List(_)) => false,
        (Test::Text { all, .. }, _) => text_passes(finders, *all, value),
        (Test::Int(ranges), _) => int(ranges, value),
        (Test::Float(comparison, constant), _) => float(*comparison, *constant, value),
        (Test::Bool(truth), _) => boolean(*truth, value),
        (Test::Bytes(wanted), _) => bytes(wanted, value),
        (Test::Cidr(networks), _) => cidr(networks, value),
        (Test::Mask { mask, comparison, value: constant }, _) => masked(*mask, *comparison, *constant, value),
        // TIME-1
        (Test::Time(part, ranges), _) => time::part(value, *part).is_some_and(|number| lies_in(ranges, number)),
        (Test::Field { comparison, other, ignore_case }, _) => {
            event.value(other).is_some_and(|other| compare(*comparison, value, other, *ignore_case))
        }
        (Test::InTable(table), _) => in_table(table, value),
    }
}

/// LIST-2: a value that is no list counts as a list of one.
pub(crate) fn elements(value: &Value) -> &[Value] {
    match value {
        Value::List(elements) => elements,
        other => std::slice::from_ref(other),
    }
}

/// TXT-1 to TXT-7
fn text_passes(finders: &[Finder], all: bool, value: &Value) -> bool {
    let Some(text) = text::of(value) else { return false };
    let text = Text::new(&text);
    let found = |finder: &Finder| finder.find(&text).is_some();
    if all { finders.iter().all(found) } else { finders.iter().any(found) }
}

fn lies_in(ranges: &[IntRange], number: i64) -> bool {
    ranges.iter().any(|range| range.from <= number && number <= range.to)
}

/// INT-1 to INT-4
fn int(ranges: &[IntRange], value: &Value) -> bool {
    match value {
        Value::Int(number) => lies_in(ranges, *number),
        Value::String(text) => number::int_of_text(text).is_some_and(|number| lies_in(ranges, number)),
        Value::Float(float) => number::float_in(ranges, *float),
        Value::Bool(_) | Value::Ip(_) | Value::Bytes(_) | Value::List(_) => false,
    }
}

/// FLT-1 to FLT-4
fn float(comparison: Comparison, constant: f64, value: &Value) -> bool {
    match value {
        Value::Float(float) => satisfies(comparison, float.partial_cmp(&constant)),
        Value::Int(int) => satisfies(comparison, number::order(*int, constant)),
        Value::String(text) => {
            number::float_of_text(text).is_some_and(|float| satisfies(comparison, float.partial_cmp(&constant)))
        }
        Value::Bool(_) | Value::Ip(_) | Value::Bytes(_) | Value::List(_) => false,
    }
}

/// BOOL-1, BOOL-2
fn boolean(wanted: bool, value: &Value) -> bool {
    match value {
        Value::Bool(truth) => *truth == wanted,
        Value::String(text) => text.eq_ignore_ascii_case(if wanted { "true" } else { "false" }),
        Value::Int(_) | Value::Float(_) | Value::Ip(_) | Value::Bytes(_) | Value::List(_) => false,
    }
}

/// BYTE-1
fn bytes(wanted: &[Box<[u8]>], value: &Value) -> bool {
    matches!(value, Value::Bytes(bytes) if wanted.iter().any(|one| **one == **bytes))
}

/// CIDR-1 to CIDR-3
fn cidr(networks: &[Network], value: &Value) -> bool {
    let address = match value {
        Value::Ip(address) => Some(*address),
        Value::String(text) if text.len() <= LONGEST => text.parse().ok(),
        Value::String(_) => None,
        Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Bytes(_) | Value::List(_) => None,
    };
    address.is_some_and(|address| networks.iter().any(|network| lies_within(network, address)))
}

/// Whether the first bits of both addresses agree, as many as the prefix says.
fn lies_within(network: &Network, address: IpAddr) -> bool {
    let (own, other, width) = match (network.address, address) {
        (IpAddr::V4(own), IpAddr::V4(other)) => (u128::from(own.to_bits()), u128::from(other.to_bits()), 32),
        (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
        _ => return false,
    };
    (0..u32::from(network.prefix).min(width)).all(|bit| {
        let shift = width - 1 - bit;
        own >> shift & 1 == other >> shift & 1
    })
}

/// MASK-1, MASK-2
fn masked(mask: i64, comparison: Comparison, constant: i64, value: &Value) -> bool {
    matches!(value, Value::Int(number) if satisfies(comparison, Some((number & mask).cmp(&constant))))
}

/// FLD-1 to FLD-6
fn compare(comparison: FieldComparison, value: &Value, other: &Value, ignore_case: bool) -> bool {
    let part = |holds: fn(&str, &str) -> bool| match (text::of(value), text::of(other)) {
        (Some(value), Some(other)) => holds(&cased(&value, ignore_case), &cased(&other, ignore_case)),
        _ => false,
    };
    match comparison {
        FieldComparison::Contains => part(|value, other| value.contains(other)),
        FieldComparison::StartsWith => part(|value, other| value.starts_with(other)),
        FieldComparison::EndsWith => part(|value, other| value.ends_with(other)),
        FieldComparison::Order(comparison) => ordered(comparison, value, other, ignore_case),
    }
}

fn cased(text: &str, ignore_case: bool) -> String {
    if ignore_case { text.to_ascii_lowercase() } else { text.to_owned() }
}

fn ordered(comparison: Comparison, value: &Value, other: &Value, ignore_case: bool) -> bool {
    let by_equality = |equal: bool| match comparison {
        Comparison::Equal => equal,
        Comparison::NotEqual => !equal,
        Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual => false,
    };
    match (value, other) {
        (Value::Int(a), Value::Int(b)) => satisfies(comparison, Some(a.cmp(b))),
        (Value::Float(a), Value::Float(b)) => satisfies(comparison, a.partial_cmp(b)),
        (Value::Int(a), Value::Float(b)) => satisfies(comparison, number::order(*a, *b)),
        (Value::Float(a), Value::Int(b)) => satisfies(comparison, number::order(*b, *a).map(Ordering::reverse)),
        (Value::Bool(a), Value::Bool(b)) => by_equality(a == b),
        (Value::Ip(a), Value::Ip(b)) => by_equality(a == b),
        (Value::Bytes(a), Value::Bytes(b)) => by_equality(a == b),
        (Value::String(_), Value::String(_) | Value::Int(_) | Value::Bool(_) | Value::Ip(_))
        | (Value::Int(_) | Value::Bool(_) | Value::Ip(_), Value::String(_)) => {
            match (text::of(value), text::of(other)) {
                (Some(a), Some(b)) => by_equality(cased(&a, ignore_case) == cased(&b, ignore_case)),
                _ => false,
            }
        }
        _ => false,
    }
}

/// TBL-1 to TBL-3
fn in_table(table: &Table, value: &Value) -> bool {
    let of_key_type = matches!(
        (table.key_type().scalar, value),
        (Scalar::String, Value::String(_))
            | (Scalar::Int, Value::Int(_))
            | (Scalar::Bool, Value::Bool(_))
            | (Scalar::Ip, Value::Ip(_))
            | (Scalar::Bytes, Value::Bytes(_))
    );
    of_key_type && table.find(value).is_some()
}
