//! Values of events as they are kept, for readers in any language.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::fmt::Write as _;
use std::net::IpAddr;

use contentcheck_interpreter::{self as interpreter, utf8};
use contentcheck_model::template;
use contentcheck_model::value::Value as Owned;
use serde_json::{Value as Json, json};

/// A value of an event as events.jsonl has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given {
    Absent,
    Text(Vec<u8>),
    Bytes(Vec<u8>),
    Int(i64),
    UInt(u64),
    /// By its bits, so that `-0.0` and what is no number are themselves.
    Float(u64),
    Bool(bool),
    Ip(IpAddr),
    List(Vec<Self>),
}

pub(super) fn text(text: &str) -> Given {
    Given::Text(text.as_bytes().to_vec())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut all, byte| {
        write!(all, "{byte:02x}").unwrap();
        all
    })
}

pub(super) fn unhex(text: &str) -> Vec<u8> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    assert!(odd.is_empty(), "{text}");
    pairs.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

impl Given {
    pub(super) fn of(value: &Owned) -> Self {
        match value {
            Owned::String(value) => text(value),
            Owned::Int(number) => Self::Int(*number),
            Owned::Float(number) => Self::Float(number.to_bits()),
            Owned::Bool(truth) => Self::Bool(*truth),
            Owned::Ip(address) => Self::Ip(*address),
            Owned::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Owned::List(elements) => Self::List(elements.iter().map(Self::of).collect()),
        }
    }

    pub(super) fn json(&self) -> Json {
        match self {
            Self::Absent => Json::Null,
            Self::Text(bytes) => std::str::from_utf8(bytes)
                .map_or_else(|_| json!({"text_hex": hex(bytes)}), |text| json!({"text": text})),
            Self::Bytes(bytes) => json!({"bytes": hex(bytes)}),
            Self::Int(number) => json!({"int": number}),
            Self::UInt(number) => json!({"uint": number}),
            Self::Float(bits) => json!({"float": format!("{bits:016x}")}),
            Self::Bool(truth) => json!({"bool": truth}),
            Self::Ip(address) => json!({"ip": address.to_string()}),
            Self::List(elements) => json!({"list": elements.iter().map(Self::json).collect::<Vec<_>>()}),
        }
    }

    pub(super) fn read(json: &Json) -> Self {
        if json.is_null() {
            return Self::Absent;
        }
        let (member, value) = json.as_object().unwrap().iter().next().unwrap();
        let word = || value.as_str().unwrap();
        match member.as_str() {
            "text" => text(word()),
            "text_hex" => Self::Text(unhex(word())),
            "bytes" => Self::Bytes(unhex(word())),
            "int" => Self::Int(value.as_i64().unwrap()),
            "uint" => Self::UInt(value.as_u64().unwrap()),
            "float" => Self::Float(u64::from_str_radix(word(), 16).unwrap()),
            "bool" => Self::Bool(value.as_bool().unwrap()),
            "ip" => Self::Ip(word().parse().unwrap()),
            "list" => Self::List(value.as_array().unwrap().iter().map(Self::read).collect()),
            other => panic!("{other} is no value"),
        }
    }

    /// The value as the interpreter borrows it; elements of lists are lent before.
    pub(super) fn lent<'v>(&'v self, elements: &'v [interpreter::Value<'v>]) -> interpreter::Value<'v> {
        use interpreter::Value;
        match self {
            Self::Absent => Value::Absent,
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::Int(number) => Value::Int(*number),
            Self::UInt(number) => Value::UInt(*number),
            Self::Float(bits) => Value::Float(f64::from_bits(*bits)),
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Ip(address) => Value::Ip(*address),
            Self::List(_) => Value::List(elements),
        }
    }

    pub(super) fn elements(&self) -> &[Self] {
        if let Self::List(elements) = self { elements } else { &[] }
    }

    /// The value as the reference evaluator has it: a byte that begins no well-formed sequence is the character that it
    /// counts for. Nothing where it has no such value.
    pub(super) fn owned(&self) -> Option<Owned> {
        Some(match self {
            Self::Absent => return None,
            Self::Text(bytes) => {
                let (mut text, mut rest) = (String::new(), bytes.as_slice());
                while let Some((character, len)) = utf8::first(rest) {
                    text.push(char::from_u32(character).unwrap());
                    rest = &rest[len..];
                }
                Owned::String(text)
            }
            Self::Bytes(bytes) => Owned::Bytes(bytes.clone()),
            Self::Int(number) => Owned::Int(*number),
            Self::UInt(number) => Owned::Int(i64::try_from(*number).ok()?),
            Self::Float(bits) => Owned::Float(f64::from_bits(*bits)),
            Self::Bool(truth) => Owned::Bool(*truth),
            Self::Ip(address) => Owned::Ip(*address),
            Self::List(elements) => Owned::List(elements.iter().filter_map(Self::owned).collect()),
        })
    }

    /// Whether the reference evaluator has such a value.
    pub(super) fn is_common(&self) -> bool {
        match self {
            Self::UInt(number) => i64::try_from(*number).is_ok(),
            Self::List(elements) => elements.iter().all(|one| one.is_common() && !matches!(one, Self::List(_))),
            _ => true,
        }
    }

    pub(super) const fn is(&self, scalar: template::Scalar) -> bool {
        use template::Scalar;
        matches!(
            (self, scalar),
            (Self::Text(_), Scalar::String)
                | (Self::Int(_) | Self::UInt(_), Scalar::Int)
                | (Self::Float(_), Scalar::Float)
                | (Self::Bool(_), Scalar::Bool)
                | (Self::Ip(_), Scalar::Ip)
                | (Self::Bytes(_), Scalar::Bytes)
        )
    }
}
