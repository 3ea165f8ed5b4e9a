//! Values of events and tables.

use std::net::IpAddr;

use crate::template::Scalar;

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

impl Value {
    /// Whether this is a value of a scalar kind. A list is of none.
    #[must_use]
    pub const fn is(&self, scalar: Scalar) -> bool {
        matches!(
            (self, scalar),
            (Self::String(_), Scalar::String)
                | (Self::Int(_), Scalar::Int)
                | (Self::Float(_), Scalar::Float)
                | (Self::Bool(_), Scalar::Bool)
                | (Self::Ip(_), Scalar::Ip)
                | (Self::Bytes(_), Scalar::Bytes)
        )
    }
}
