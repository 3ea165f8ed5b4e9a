//! Values as recordings write them.

use contentcheck_model::value::Value;
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

/// Bytes as hexadecimal digits, in lower case.
#[must_use]
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
