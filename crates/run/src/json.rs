//! Values as recordings write them.

use contentcheck_model::value::Value;
use contentcheck_parser::release::hex;
use serde_json::Number;

/// A value as `eval` reads it.
pub(crate) fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::String(text) => text.as_str().into(),
        Value::Int(number) => (*number).into(),
        // JSON has no infinity: such a value is absent from a recording.
        Value::Float(number) => Number::from_f64(*number).map_or(serde_json::Value::Null, Into::into),
        Value::Bool(truth) => (*truth).into(),
        Value::Ip(address) => address.to_string().into(),
        Value::Bytes(bytes) => hex(bytes).into(),
        Value::List(elements) => elements.iter().map(json).collect(),
    }
}
