//! Events: what a sensor hands over, borrowed.

use core::net::IpAddr;

use crate::manifest::Scalar;

/// One value of an event.
///
/// Text is bytes, which need not be UTF-8: a byte that belongs to no well-formed sequence is a character of its own
/// (see [`crate::utf8`]), so that no byte hides a value from a rule. What a sensor has as UTF-16 it turns into
/// text by [`crate::utf16`].
#[derive(Clone, Copy, Debug, Default)]
pub enum Value<'a> {
    /// The event does not have this value.
    #[default]
    Absent,
    /// Text, in UTF-8 as far as it is in order.
    Text(&'a [u8]),
    /// Raw bytes.
    Bytes(&'a [u8]),
    /// An integer.
    Int(i64),
    /// An integer without a sign. Beyond `i64::MAX` it is greater than every number that content can name.
    UInt(u64),
    /// A float.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// An address.
    Ip(IpAddr),
    /// A list of scalars. An element that is a list itself counts as a value of a wrong type.
    List(&'a [Self]),
    /// A list of text, as a sensor has it that keeps bytes.
    Texts(&'a [&'a [u8]]),
    /// A list of text, as a sensor has it that keeps strings.
    Strs(&'a [&'a str]),
    /// A list of integers.
    Ints(&'a [i64]),
    /// A list of text in one run of bytes, each element ended by the byte, as `/proc/PID/cmdline` has arguments. What
    /// follows the last such byte is an element too, unless it is empty.
    Split(&'a [u8], u8),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.as_bytes())
    }
}

/// Whether two values are one: the same kind of value and the same content, floats by their bits. However a list is
/// lent, its elements count; a list within a list equals nothing.
impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        if !self.is_list() || !other.is_list() {
            return self.is_same_scalar(other);
        }
        let (mut a, mut b) = (self.elements(), other.elements());
        loop {
            match (a.next(), b.next()) {
                (None, None) => return true,
                (Some(a), Some(b)) if a.is_same_scalar(&b) => {}
                _ => return false,
            }
        }
    }
}

impl<'a> Value<'a> {
    /// Whether the value is a list.
    #[must_use]
    pub const fn is_list(&self) -> bool {
        matches!(self, Self::List(_) | Self::Texts(_) | Self::Strs(_) | Self::Ints(_) | Self::Split(..))
    }

    /// The elements of a list; of anything else none.
    #[must_use]
    pub const fn elements(self) -> Elements<'a> {
        match self {
            Self::List(values) => Elements::List(values),
            Self::Texts(values) => Elements::Texts(values),
            Self::Strs(values) => Elements::Strs(values),
            Self::Ints(values) => Elements::Ints(values),
            Self::Split(bytes, by) => Elements::Split(bytes, by),
            _ => Elements::List(&[]),
        }
    }

    fn is_same_scalar(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Absent, Self::Absent) => true,
            (Self::Text(a), Self::Text(b)) | (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::UInt(a), Self::UInt(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Ip(a), Self::Ip(b)) => a == b,
            _ => false,
        }
    }

    /// Whether a value that is no list is of a scalar.
    pub(crate) const fn is(&self, scalar: Scalar) -> bool {
        matches!(
            (self, scalar),
            (Self::Text(_), Scalar::String)
                | (Self::Bytes(_), Scalar::Bytes)
                | (Self::Int(_) | Self::UInt(_), Scalar::Int)
                | (Self::Float(_), Scalar::Float)
                | (Self::Bool(_), Scalar::Bool)
                | (Self::Ip(_), Scalar::Ip)
        )
    }

    /// Whether the value is absent or of a type, and so is each element of a list.
    pub(crate) fn fits(&self, scalar: Scalar, list: bool) -> bool {
        self.fits_outside(scalar, list)
            && match self {
                Self::List(values) => values.iter().all(|value| value.is(scalar) || matches!(value, Self::Absent)),
                _ => true,
            }
    }

    /// As [`Value::fits`], in time that does not depend on the value: nothing is said of elements.
    #[inline]
    pub(crate) const fn fits_outside(&self, scalar: Scalar, list: bool) -> bool {
        match self {
            Self::Absent => true,
            Self::List(_) => list,
            Self::Texts(_) | Self::Strs(_) | Self::Split(..) => list && matches!(scalar, Scalar::String),
            Self::Ints(_) => list && matches!(scalar, Scalar::Int),
            value => !list && value.is(scalar),
        }
    }
}

/// The elements of a list, one by one.
#[derive(Clone, Copy, Debug)]
pub enum Elements<'a> {
    /// Of [`Value::List`].
    List(&'a [Value<'a>]),
    /// Of [`Value::Texts`].
    Texts(&'a [&'a [u8]]),
    /// Of [`Value::Strs`].
    Strs(&'a [&'a str]),
    /// Of [`Value::Ints`].
    Ints(&'a [i64]),
    /// Of [`Value::Split`].
    Split(&'a [u8], u8),
}

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        match self {
            Self::List(values) => {
                let (first, rest) = values.split_first()?;
                *values = rest;
                Some(*first)
            }
            Self::Texts(values) => {
                let (first, rest) = values.split_first()?;
                *values = rest;
                Some(Value::Text(first))
            }
            Self::Strs(values) => {
                let (first, rest) = values.split_first()?;
                *values = rest;
                Some(Value::Text(first.as_bytes()))
            }
            Self::Ints(values) => {
                let (first, rest) = values.split_first()?;
                *values = rest;
                Some(Value::Int(*first))
            }
            Self::Split(bytes, by) => {
                if bytes.is_empty() {
                    return None;
                }
                let ends = bytes.iter().position(|byte| byte == by).unwrap_or(bytes.len());
                let first = bytes.get(..ends).unwrap_or(&[]);
                *bytes = bytes.get(ends.wrapping_add(1)..).unwrap_or(&[]);
                Some(Value::Text(first))
            }
        }
    }
}

/// One event for one template type, in the order that the sensor's manifest states.
#[derive(Clone, Copy, Debug, Default)]
pub struct Event<'a> {
    /// The numbered inputs: as many as the sensor supplies for the template type.
    pub inputs: &'a [Value<'a>],
    /// The header fields, in the order of the manifest's header.
    pub header: &'a [Value<'a>],
    /// Further values that have no name in the manifest. Only keywords look at them.
    pub others: &'a [Value<'a>],
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn texts(value: Value<'_>) -> Vec<Vec<u8>> {
        value
            .elements()
            .map(|element| if let Value::Text(text) = element { text.to_vec() } else { Vec::new() })
            .collect()
    }

    #[test]
    fn every_way_to_have_a_list_has_the_same_elements() {
        let each: [&[u8]; 3] = [b"sh", b"", b"-c"];
        assert_eq!(texts(Value::Texts(&each)), each);
        assert_eq!(texts(Value::Strs(&["sh", "", "-c"])), each);
        assert_eq!(texts(Value::List(&each.map(Value::Text))), each);
        for run in [b"sh\0\0-c".as_slice(), b"sh\0\0-c\0"] {
            assert_eq!(texts(Value::Split(run, 0)), each);
        }
        assert_eq!(texts(Value::Split(b"", 0)), Vec::<Vec<u8>>::new());
        assert_eq!(texts(Value::Split(b"\0", 0)), [b""]);
        assert!(Value::Absent.elements().next().is_none());
        assert!(matches!(Value::Ints(&[7]).elements().next(), Some(Value::Int(7))));
    }

    /// A list's elements are looked at, a scalar is not a list, and no list is a scalar.
    #[test]
    fn a_value_fits_its_type_or_it_does_not() {
        let mixed = [Value::from("a"), Value::Int(1), Value::Absent];
        let nested = [Value::List(&mixed)];
        for (value, scalar, list, (outside, whole)) in [
            (Value::from("a"), Scalar::String, false, (true, true)),
            (Value::from("a"), Scalar::String, true, (false, false)),
            (Value::from("a"), Scalar::Int, false, (false, false)),
            (Value::UInt(u64::MAX), Scalar::Int, false, (true, true)),
            (Value::Bytes(b"a"), Scalar::String, false, (false, false)),
            (Value::List(&mixed), Scalar::String, true, (true, false)),
            (Value::List(&nested), Scalar::String, true, (true, false)),
            (Value::List(&mixed), Scalar::String, false, (false, false)),
            (Value::Strs(&[]), Scalar::String, true, (true, true)),
            (Value::Strs(&[]), Scalar::Int, true, (false, false)),
            (Value::Ints(&[1]), Scalar::Int, true, (true, true)),
            (Value::Ints(&[1]), Scalar::Int, false, (false, false)),
            (Value::Split(b"", 0), Scalar::String, true, (true, true)),
            (Value::Absent, Scalar::Ip, true, (true, true)),
        ] {
            assert_eq!(value.fits(scalar, list), whole, "{value:?} {scalar:?} {list}");
            assert_eq!(value.fits_outside(scalar, list), outside, "{value:?} {scalar:?} {list}");
        }
    }
}
