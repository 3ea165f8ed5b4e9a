//! One cell: text or literal to a typed value.

use std::net::IpAddr;

use crate::limits;
use crate::template::{FieldType, Scalar};
use crate::value::Value;

/// A key in the form in which keys are compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum KeyValue {
    Text(Box<str>),
    Int(i64),
    Bool(bool),
    Ip(IpAddr),
    Bytes(Box<[u8]>),
}

impl KeyValue {
    /// `None` for values that cannot be keys.
    pub(super) fn of(value: &Value, nocase: bool) -> Option<Self> {
        Some(match value {
            Value::String(text) if nocase => Self::Text(text.to_ascii_lowercase().into()),
            Value::String(text) => Self::Text(text.as_str().into()),
            Value::Int(number) => Self::Int(*number),
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Ip(address) => Self::Ip(*address),
            Value::Bytes(bytes) => Self::Bytes(bytes.as_slice().into()),
            Value::Float(_) | Value::List(_) => return None,
        })
    }
}

/// A cell as data files write it. Blank gives `None`.
///
/// # Errors
/// What is wrong, to follow the name of the column.
pub fn from_text(text: &str, ty: FieldType) -> Result<Option<Value>, String> {
    if text.len() > limits::CELL_BYTES {
        return Err(format!("has {} bytes; the limit is {}", text.len(), limits::CELL_BYTES));
    }
    if text.trim().is_empty() {
        return if ty.optional { Ok(None) } else { Err("is blank".to_owned()) };
    }
    let value = match ty.scalar {
        Scalar::String => Some(Value::String(text.to_owned())),
        Scalar::Int => text.parse().ok().map(Value::Int),
        Scalar::Float => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float),
        Scalar::Bool => text.parse().ok().map(Value::Bool),
        Scalar::Ip => text.parse().ok().map(Value::Ip),
        Scalar::Bytes => hex_digits(text).map(Value::Bytes),
    };
    value.map(Some).ok_or_else(|| wrong(&format!("`{}`", crate::diagnostic::clip(text)), ty))
}

/// A cell as JSON lines write it.
///
/// # Errors
/// What is wrong, to follow the name of the column.
pub(super) fn from_json(value: &serde_json::Value, ty: FieldType) -> Result<Option<Value>, String> {
    use serde_json::Value as Json;
    match (value, ty.scalar) {
        (Json::Null, _) => from_text("", ty),
        (Json::String(text), Scalar::String | Scalar::Ip | Scalar::Bytes) => from_text(text, ty),
        (Json::Number(number), Scalar::Int) => {
            number.as_i64().map(|number| Some(Value::Int(number))).ok_or_else(|| wrong(&format!("`{number}`"), ty))
        }
        (Json::Number(number), Scalar::Float) => {
            number.as_f64().map(|number| Some(Value::Float(number))).ok_or_else(|| wrong(&format!("`{number}`"), ty))
        }
        (Json::Bool(truth), Scalar::Bool) => Ok(Some(Value::Bool(*truth))),
        (Json::String(_), _) => Err(wrong("a string", ty)),
        (Json::Number(_), _) => Err(wrong("a number", ty)),
        (Json::Bool(_), _) => Err(wrong("a boolean", ty)),
        (Json::Array(_), _) => Err(wrong("a list", ty)),
        (Json::Object(_), _) => Err(wrong("an object", ty)),
    }
}

/// What is wrong with a cell that holds `found`, to follow the name of the column.
#[must_use]
pub fn wrong(found: &str, ty: FieldType) -> String {
    let form = match ty.scalar {
        Scalar::String => "a string",
        Scalar::Int => "an integer of 64 bits",
        Scalar::Float => "a number",
        Scalar::Bool => "true or false",
        Scalar::Ip => "an IPv4 or IPv6 address",
        Scalar::Bytes => "bytes, as pairs of hexadecimal digits",
    };
    format!("must be {form}, not {found}")
}

/// Bytes written as pairs of hexadecimal digits, with blanks between bytes.
#[must_use]
pub fn hex_digits(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut signs = text.bytes();
    while let Some(high) = signs.next() {
        if high == b' ' {
            continue;
        }
        let high = char::from(high).to_digit(16)?;
        let low = char::from(signs.next()?).to_digit(16)?;
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(bytes)
}
