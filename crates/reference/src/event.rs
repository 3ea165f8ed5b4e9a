//! Events as the reference evaluator sees them.

use std::collections::BTreeMap;

use contentcheck_model::field::FieldRef;
use contentcheck_model::rule::TestCase;
use contentcheck_model::template::{Fixed, TemplateType};
use contentcheck_model::value::Value;

/// An event of one template type. A value that is not given is absent; so is one past the end of
/// a list. The types of the values need not be those that the template type declares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// The numbered inputs: `inputs[i]` has position `i + 1`.
    pub inputs: Vec<Option<Value>>,
    /// The header fields, by [`FieldRef::Header`].
    pub header: Vec<Option<Value>>,
    /// What the template type reads to recognise the event, by [`FieldRef::Fixed`].
    pub fixed: Vec<Option<Value>>,
    /// Fields that an open template type does not declare, by name.
    pub open: BTreeMap<String, Value>,
    /// Values that no field names. Only keywords see them.
    pub others: Vec<Value>,
}

impl Event {
    /// An event of a template type with nothing in it but what is the same in all of its events:
    /// names that `reads` gives exactly one value.
    #[must_use]
    pub fn empty(template: &TemplateType) -> Self {
        let fixed = template.reads.iter().map(|recognition| match recognition.values.as_slice() {
            [Fixed::Text(text)] => Some(Value::String(text.clone())),
            [Fixed::Int(number)] => Some(Value::Int(*number)),
            _ => None,
        });
        Self {
            inputs: vec![None; template.fields.len()],
            header: vec![None; template.header.len()],
            fixed: fixed.collect(),
            open: BTreeMap::new(),
            others: Vec::new(),
        }
    }

    /// The event of a rule's own test.
    #[must_use]
    pub fn from_test(template: &TemplateType, test: &TestCase) -> Self {
        let mut event = Self::empty(template);
        for (field, value) in &test.values {
            event.set(field, Some(value.clone()));
        }
        event
    }

    /// Puts a value in place, or takes it away. Nothing happens for a place that the template type
    /// does not have. For a keyword the value is added to the others.
    pub fn set(&mut self, field: &FieldRef, value: Option<Value>) {
        let place = |places: &mut Vec<Option<Value>>, at: u32, value| {
            if let Some(place) = places.get_mut(at as usize) {
                *place = value;
            }
        };
        match field {
            FieldRef::Input(at) => place(&mut self.inputs, *at, value),
            FieldRef::Header(at) => place(&mut self.header, *at, value),
            FieldRef::Fixed(at) => place(&mut self.fixed, *at, value),
            FieldRef::Open(name) => match value {
                Some(value) => drop(self.open.insert(name.to_string(), value)),
                None => drop(self.open.remove(&**name)),
            },
            FieldRef::Keyword => self.others.extend(value),
        }
    }

    /// The value of a field. `None` where it is absent, and for keywords, which are no one value.
    #[must_use]
    pub fn value(&self, field: &FieldRef) -> Option<&Value> {
        match field {
            FieldRef::Input(at) => self.inputs.get(*at as usize)?.as_ref(),
            FieldRef::Header(at) => self.header.get(*at as usize)?.as_ref(),
            FieldRef::Fixed(at) => self.fixed.get(*at as usize)?.as_ref(),
            FieldRef::Open(name) => self.open.get(&**name),
            FieldRef::Keyword => None,
        }
    }
}
