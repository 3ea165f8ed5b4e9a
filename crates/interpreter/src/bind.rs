//! Bind: an event and what the sensor's manifest states to [`BoundEvent`].

use crate::cost::price;
use crate::fault::{Fault, Halt};
use crate::format::Template;
use crate::load::{Binding, VerifiedImage};
use crate::manifest::Scalar;
use crate::number::Short;
use crate::value::{Event, Value};

/// An event that fits what the sensor's manifest states: it can be evaluated without a fault.
#[derive(Clone, Copy, Debug)]
pub struct BoundEvent<'e> {
    pub(crate) verified: &'e VerifiedImage<'e>,
    pub(crate) template: Template,
    event: Event<'e>,
    index: u32,
}

impl<'i> VerifiedImage<'i> {
    /// Holds an event against what the manifest states for a template type. Only what a loaded rule reads is looked at.
    ///
    /// A value of another type than the manifest states is absent for every predicate, and so is each such element of a
    /// list; [`BoundEvent::mistyped`] counts them, so that a sensor's own slip is seen and silences no rule.
    ///
    /// # Errors
    /// When the event has another number of values than the manifest states: then the values may not be where they are
    /// looked for. An absent value is no fault, whatever the manifest promises.
    pub fn bind<'e>(&'e self, template: u32, event: Event<'e>) -> Result<BoundEvent<'e>, Fault> {
        let index = template;
        let template = self.image.template(index).ok_or(Fault::UnsuppliedTemplate)?;
        let supplied = self.supplied_arity(index).ok_or(Fault::UnsuppliedTemplate)?;
        if event.inputs.len() != supplied {
            return Err(Fault::Arity { supplied, found: event.inputs.len() });
        }
        if event.header.len() != self.bound.header {
            return Err(Fault::Header { supplied: self.bound.header, found: event.header.len() });
        }
        Ok(BoundEvent { verified: self, template, event, index })
    }
}

impl<'e> BoundEvent<'e> {
    /// The template type.
    #[must_use]
    pub const fn template(&self) -> u32 {
        self.index
    }

    /// How many inputs that loaded rules read have a value of another type than the manifest states, or an element of
    /// one. It looks at each of their values, and at each element of a [`Value::List`].
    #[must_use]
    pub fn mistyped(&self) -> u32 {
        self.mistyped_inputs().fold(0, |count, _| count.wrapping_add(1))
    }

    /// These inputs, counted over all template types.
    pub fn mistyped_inputs(&self) -> impl Iterator<Item = u32> + use<'e> {
        let first = self.template.inputs;
        let slots = first as usize..first.wrapping_add(self.template.input_count) as usize;
        let slots = self.verified.bindings.get(slots).unwrap_or(&[]);
        let event = self.event;
        (first..u32::MAX)
            .zip(slots)
            .filter(move |(_, slot)| {
                let Some(binding) = Binding::of_slot(**slot) else { return false };
                let values = if binding.header { event.header } else { event.inputs };
                let value = values.get(usize::from(binding.place));
                value.is_some_and(|value| !value.fits(binding.scalar, binding.list))
            })
            .map(|(input, _)| input)
    }

    /// The size of the event, which the bound of [`crate::Image::cost`] counts in: for every value, and
    /// every element of a list, one, and the bytes of a text or 48 for anything else.
    #[must_use]
    pub fn size(&self) -> u64 {
        let one = |value: Value<'_>| match value {
            Value::Absent => 0,
            Value::Text(text) | Value::Bytes(text) => (text.len() as u64).saturating_add(1),
            _ => 49,
        };
        let mut size = 0_u64;
        for value in self.event.inputs.iter().chain(self.event.header).chain(self.event.others) {
            size = size.saturating_add(match value {
                value if value.is_list() => value.elements().map(one).fold(1, u64::saturating_add),
                value => one(*value),
            });
        }
        size
    }

    /// The event.
    pub(crate) const fn event(&self) -> &Event<'e> {
        &self.event
    }

    /// Where the event has the value of an input: its place, and whether that is in the header.
    pub(crate) fn place(&self, input: u32) -> Option<(usize, bool)> {
        let slot = self.verified.bindings.get(self.template.inputs.wrapping_add(input) as usize)?;
        let binding = Binding::of_slot(*slot)?;
        Some((usize::from(binding.place), binding.header))
    }

    /// The value of an input, by its number within the template type; absent where it is of a wrong type.
    #[inline]
    pub(crate) fn value(&self, input: u32) -> Value<'e> {
        self.typed(input).map_or(Value::Absent, |(value, _)| value)
    }

    /// The value of an input, and the scalar that each element of a list must be of to be there.
    #[inline]
    pub(crate) fn typed(&self, input: u32) -> Option<(Value<'e>, Scalar)> {
        let slot = self.verified.bindings.get(self.template.inputs.wrapping_add(input) as usize)?;
        let binding = Binding::of_slot(*slot)?;
        let values = if binding.header { self.event.header } else { self.event.inputs };
        let value = *values.get(usize::from(binding.place))?;
        value.fits_outside(binding.scalar, binding.list).then_some((value, binding.scalar))
    }

    /// Calls `visit` with every value of the event, elements of lists one by one, and what it took to come to each, until
    /// it says true.
    #[inline]
    pub(crate) fn any_value(&self, mut visit: impl FnMut(Value<'e>, u64) -> Result<bool, Halt>) -> Result<bool, Halt> {
        for values in [self.event.inputs, self.event.header, self.event.others] {
            for value in values {
                if value.is_list() {
                    for element in value.elements() {
                        let is_value = !matches!(element, Value::Absent) && !element.is_list();
                        if is_value && visit(element, price::walk(value, &element))? {
                            return Ok(true);
                        }
                    }
                } else if !matches!(value, Value::Absent) && visit(*value, 0)? {
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
        Value::Text(text) => Texted::Own(text),
        Value::Int(number) => Texted::Short(Short::int(*number)),
        Value::UInt(number) => Texted::Short(Short::uint(*number)),
        Value::Bool(truth) => Texted::Short(Short::bool(*truth)),
        Value::Ip(address) => Texted::Short(Short::ip(address)),
        // What the text of a float is, recorders do not agree on.
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both lie on a sensor's stack for every event.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn what_is_on_the_stack_for_each_event_is_small() {
        let size = size_of::<BoundEvent<'_>>() + size_of::<VerifiedImage<'_>>();
        assert!(size <= 256, "{size} bytes");
    }
}
