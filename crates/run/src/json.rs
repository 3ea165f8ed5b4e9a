//! Values as recordings write them.

use contentcheck_model::value::Value;
use contentcheck_parser::release::hex;
use serde_json::Number;

/// A value as `eval` reads it.
pub(crate) fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::String(text) => text.as_str().into(),
        Value::Int(number) => (*number).into(),
        Value::Float(number) => Number::from_f64(*number).map_or_else(|| unnumbered(*number).into(), Into::into),
        Value::Bool(truth) => (*truth).into(),
        Value::Ip(address) => address.to_string().into(),
        Value::Bytes(bytes) => hex(bytes).into(),
        Value::List(elements) => elements.iter().map(json).collect(),
    }
}

/// The name of a float that JSON has no number for, as `eval` reads it and the JSON mapping of Protocol Buffers writes it.
const fn unnumbered(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}
