//! Comparisons of two values of one event.

use crate::bind::texted;
use crate::cost::price;
use crate::format::comparison;
use crate::meter::{Meter, Spent};
use crate::number::{Float, compare_int_float, holds};
use crate::text;
use crate::value::Value;

/// Compares two values of one event.
pub(crate) fn values<M: Meter>(
    variant: u8,
    ignore_case: bool,
    a: &Value<'_>,
    b: &Value<'_>,
    meter: &mut M,
) -> Result<bool, Spent> {
    let equality = |equal: bool| match variant {
        comparison::EQUAL => equal,
        comparison::NOT_EQUAL => !equal,
        _ => false,
    };
    if matches!(a, Value::Absent) || matches!(b, Value::Absent) || a.is_list() || b.is_list() {
        return Ok(false);
    }
    if variant > comparison::AT_LEAST {
        return match (texted(a), texted(b)) {
            (Some(a), Some(b)) => texts(variant, ignore_case, a.bytes(), b.bytes(), meter),
            _ => Ok(false),
        };
    }
    if let (Some(a), Some(b)) = (number(a), number(b)) {
        return Ok(holds(
            variant,
            match (a, b) {
                (Number::Int(a), Number::Int(b)) => Some(a.cmp(&b)),
                (Number::Float(a), Number::Float(b)) => a.compare(b),
                (Number::Int(a), Number::Float(b)) => compare_int_float(a, b),
                (Number::Float(a), Number::Int(b)) => compare_int_float(b, a).map(core::cmp::Ordering::reverse),
            },
        ));
    }
    Ok(match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => equality(a == b),
        (Value::Ip(a), Value::Ip(b)) => equality(a == b),
        (Value::Text(_), _) | (_, Value::Text(_)) => match (texted(a), texted(b)) {
            (Some(a), Some(b)) => {
                let (a, b) = (a.bytes(), b.bytes());
                if a.len() == b.len() {
                    meter.spend(price::compare(a.len()))?;
                }
                equality(text::equal_values(a, b, ignore_case))
            }
            _ => false,
        },
        (Value::Bytes(a), Value::Bytes(b)) => {
            if a.len() == b.len() {
                meter.spend(price::compare(a.len()))?;
            }
            equality(a == b)
        }
        _ => false,
    })
}

/// A value as a number.
enum Number {
    Int(i128),
    Float(Float),
}

fn number(value: &Value<'_>) -> Option<Number> {
    Some(match value {
        Value::Int(number) => Number::Int(i128::from(*number)),
        Value::UInt(number) => Number::Int(i128::from(*number)),
        Value::Float(number) => Number::Float(Float(number.to_bits())),
        _ => return None,
    })
}

fn texts<M: Meter>(variant: u8, ignore_case: bool, a: &[u8], b: &[u8], meter: &mut M) -> Result<bool, Spent> {
    let from = match variant {
        comparison::CONTAINS => return text::contains_value(a, b, ignore_case, meter),
        comparison::STARTS_WITH => Some(0),
        comparison::ENDS_WITH => a.len().checked_sub(b.len()),
        _ => None,
    };
    let Some(from) = from else { return Ok(false) };
    let to = from.wrapping_add(b.len());
    let Some(part) = a.get(from..to) else { return Ok(false) };
    meter.spend(price::compare(b.len()))?;
    Ok(text::equal_values(part, b, ignore_case) && text::are_characters(a, from, to))
}
