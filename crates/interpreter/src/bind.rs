//! Bind: an event and what the sensor's manifest states to [`BoundEvent`].

use crate::fault::Fault;
use crate::format::{Template, input_flags};
use crate::load::{HEADER_BIT, UNSUPPLIED, VerifiedImage};
use crate::manifest::Scalar;
use crate::number::Short;
use crate::value::{Event, Value};

/// An event that fits what the sensor's manifest states: it can be evaluated without a fault.
#[derive(Clone, Copy, Debug)]
pub struct BoundEvent<'e> {
    pub(crate) image: VerifiedImage<'e>,
    pub(crate) template: Template,
    index: u32,
    event: Event<'e>,
}

impl<'i> VerifiedImage<'i> {
    /// Holds an event against what the manifest states for a template type.
    ///
    /// # Errors
    /// When the event has another number of values than the manifest states, or a value that some
    /// rule reads has another type. An absent value is no fault, whatever the manifest promises.
    pub fn bind<'e>(&self, template: u32, event: Event<'e>) -> Result<BoundEvent<'e>, Fault>
    where
        'i: 'e,
    {
        let index = template;
        let template = self.image.template(index).ok_or(Fault::UnsuppliedTemplate)?;
        let supplied = self.supplied_arity(index).ok_or(Fault::UnsuppliedTemplate)?;
        if event.inputs.len() != supplied {
            return Err(Fault::Arity { supplied, found: event.inputs.len() });
        }
        if event.header.len() != self.bound.header {
            return Err(Fault::Header { supplied: self.bound.header, found: event.header.len() });
        }
        let bound = BoundEvent { image: *self, template, index, event };
        for at in 0..template.input_count {
            let input = template.inputs.wrapping_add(at);
            let Some(record) = self.image.input(input) else { break };
            let value = bound.value(at);
            let list = record.flags & input_flags::LIST != 0;
            check_type(&value, Scalar::from_number(record.scalar), list, input)?;
        }
        Ok(bound)
    }
}

fn check_type(value: &Value<'_>, scalar: Option<Scalar>, list: bool, input: u32) -> Result<(), Fault> {
    let one = |value: &Value<'_>| match (value, scalar) {
        (Value::Text(_), Some(Scalar::String))
        | (Value::Bytes(_), Some(Scalar::Bytes))
        | (Value::Int(_), Some(Scalar::Int))
        | (Value::Float(_), Some(Scalar::Float))
        | (Value::Bool(_), Some(Scalar::Bool))
        | (Value::Ip(_), Some(Scalar::Ip)) => Ok(()),
        _ => Err(Fault::Type { input }),
    };
    match value {
        Value::Absent => Ok(()),
        Value::List(values) if list => values.iter().try_for_each(one),
        _ if list => Err(Fault::Type { input }),
        value => one(value),
    }
}

impl<'e> BoundEvent<'e> {
    /// The template type.
    #[must_use]
    pub const fn template(&self) -> u32 {
        self.index
    }

    /// The size of the event, which the bound of [`crate::Image::cost`] counts in: for every value, and
    /// every element of a list, one, and the bytes of a text or 48 for anything else.
    #[must_use]
    pub fn size(&self) -> u64 {
        let one = |value: &Value<'_>| match value {
            Value::Absent => 0,
            Value::Text(text) => (text.len() as u64).saturating_add(1),
            Value::Bytes(bytes) => (bytes.len() as u64).saturating_add(1),
            _ => 49,
        };
        let mut size = 0_u64;
        for value in self.event.inputs.iter().chain(self.event.header).chain(self.event.others) {
            size = size.saturating_add(match value {
                Value::List(elements) => elements.iter().map(one).fold(1, u64::saturating_add),
                value => one(value),
            });
        }
        size
    }

    /// The value of an input, by its number within the template type.
    #[inline]
    pub(crate) fn value(&self, input: u32) -> Value<'e> {
        let slot = self.template.inputs.wrapping_add(input);
        let place = self.image.bindings.get(slot as usize).copied().unwrap_or(UNSUPPLIED);
        if place == UNSUPPLIED {
            return Value::Absent;
        }
        let values = if place & HEADER_BIT != 0 { self.event.header } else { self.event.inputs };
        values.get(usize::from(place & !HEADER_BIT)).copied().unwrap_or(Value::Absent)
    }

    /// Calls `visit` with every value of the event, elements of lists one by one, until it says true.
    pub(crate) fn any_value(&self, mut visit: impl FnMut(&Value<'e>) -> Result<bool, Fault>) -> Result<bool, Fault> {
        for values in [self.event.inputs, self.event.header, self.event.others] {
            for value in values {
                let found = match value {
                    Value::Absent => false,
                    Value::List(elements) => {
                        let mut any = false;
                        for element in *elements {
                            if !matches!(element, Value::Absent | Value::List(_)) && visit(element)? {
                                any = true;
                                break;
                            }
                        }
                        any
                    }
                    value => visit(value)?,
                };
                if found {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// A value as text: its own bytes, or the short text of a number.
pub(crate) enum Texted<'e> {
    Own(&'e [u8]),
    Short(Short),
}

impl Texted<'_> {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Short(short) => short.as_bytes(),
        }
    }
}

/// The text of a value that has one.
#[inline]
pub(crate) fn texted<'e>(value: &Value<'e>) -> Option<Texted<'e>> {
    Some(match value {
        Value::Text(text) => Texted::Own(text.as_bytes()),
        Value::Int(number) => Texted::Short(Short::int(*number)),
        Value::Bool(truth) => Texted::Short(Short::bool(*truth)),
        Value::Ip(address) => Texted::Short(Short::ip(address)),
        // What the text of a float is, recorders do not agree on.
        Value::Absent | Value::Float(_) | Value::Bytes(_) | Value::List(_) => return None,
    })
}
