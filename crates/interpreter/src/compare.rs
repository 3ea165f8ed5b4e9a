//! Comparisons of two values of one event.

use crate::bind::texted;
use crate::format::comparison;
use crate::meter::Meter;
use crate::number::{compare_int_float, holds};
use crate::text;
use crate::value::Value;

/// Compares two values of one event.
pub(crate) fn values<M: Meter>(variant: u8, ignore_case: bool, a: &Value<'_>, b: &Value<'_>, meter: &mut M) -> bool {
    let equality = |equal: bool| match variant {
        comparison::EQUAL => equal,
        comparison::NOT_EQUAL => !equal,
        _ => false,
    };
    match (a, b) {
        (Value::Absent | Value::List(_), _) | (_, Value::Absent | Value::List(_)) => false,
        _ if variant > comparison::AT_LEAST => match (texted(a), texted(b)) {
            (Some(a), Some(b)) => texts(variant, ignore_case, a.bytes(), b.bytes(), meter),
            _ => false,
        },
        (Value::Int(a), Value::Int(b)) => holds(variant, Some(a.cmp(b))),
        (Value::Float(a), Value::Float(b)) => holds(variant, a.partial_cmp(b)),
        (Value::Int(a), Value::Float(b)) => holds(variant, compare_int_float(*a, *b)),
        (Value::Float(a), Value::Int(b)) => holds(variant, compare_int_float(*b, *a).map(core::cmp::Ordering::reverse)),
        (Value::Bool(a), Value::Bool(b)) => equality(a == b),
        (Value::Ip(a), Value::Ip(b)) => equality(a == b),
        (Value::Text(_), _) | (_, Value::Text(_)) => match (texted(a), texted(b)) {
            (Some(a), Some(b)) => {
                meter.spend(a.bytes().len() as u64);
                equality(text::equal_values(a.bytes(), b.bytes(), ignore_case))
            }
            _ => false,
        },
        (Value::Bytes(a), Value::Bytes(b)) => {
            meter.spend(a.len() as u64);
            equality(a == b)
        }
        _ => false,
    }
}

fn texts<M: Meter>(variant: u8, ignore_case: bool, a: &[u8], b: &[u8], meter: &mut M) -> bool {
    let part = match variant {
        comparison::CONTAINS => return text::contains_value(a, b, ignore_case, meter),
        comparison::STARTS_WITH => a.get(..b.len()),
        comparison::ENDS_WITH => a.len().checked_sub(b.len()).and_then(|from| a.get(from..)),
        _ => None,
    };
    meter.spend(b.len() as u64);
    part.is_some_and(|part| text::equal_values(part, b, ignore_case))
}
