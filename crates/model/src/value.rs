//! Values of events and tables.

use std::net::IpAddr;

/// A value of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    String(String),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// An address.
    Ip(IpAddr),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list of scalars of one kind.
    List(Vec<Self>),
}
