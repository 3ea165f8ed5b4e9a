//! The same values, owned: for the reference evaluator, and for showing them.

use contentcheck_interpreter::Value as Borrowed;
use contentcheck_parser::model::FieldRef;
use contentcheck_parser::template::TemplateType;
use contentcheck_parser::value::Value;

use crate::flat::Flat;
use crate::layout::{Layout, Scratch};

/// The values of one event by field. A field that is not listed is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Owned {
    /// Values by field, in the order of the layout.
    pub values: Vec<(FieldRef, Value)>,
    /// Further values. Only keywords look at them.
    pub others: Vec<Value>,
}

/// The field that content means by a name: a numbered one, else one of the header, else one that
/// the template type fixes, else one that it does not declare.
#[must_use]
pub fn field_ref(template: &TemplateType, name: &str) -> FieldRef {
    let index = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    if let Some((position, _)) = template.field(name) {
        return FieldRef::Input(index(position - 1));
    }
    if let Some((at, _)) = template.header_field(name) {
        return FieldRef::Header(index(at));
    }
    match template.reads.iter().position(|recognition| recognition.name == name) {
        Some(at) => FieldRef::Fixed(index(at)),
        None => FieldRef::Open(name.into()),
    }
}

impl Layout {
    /// What [`Layout::present`] lends, owned: the very same values under the fields of `template`.
    #[must_use]
    pub fn owned(&self, flat: &Flat<'_>, template: &TemplateType, others: bool, scratch: &mut Scratch) -> Owned {
        self.present(flat, scratch, others, |event| {
            let names = self.inputs().chain(self.header()).map(|(name, _)| name);
            let values = event.inputs.iter().chain(event.header);
            Owned {
                values: names
                    .zip(values)
                    .filter_map(|(name, value)| Some((field_ref(template, name), own(value)?)))
                    .collect(),
                others: event.others.iter().filter_map(own).collect(),
            }
        })
    }
}

fn own(value: &Borrowed<'_>) -> Option<Value> {
    Some(match value {
        Borrowed::Absent => return None,
        Borrowed::Text(text) => Value::String((*text).to_owned()),
        Borrowed::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
        Borrowed::Int(value) => Value::Int(*value),
        Borrowed::Float(value) => Value::Float(*value),
        Borrowed::Bool(value) => Value::Bool(*value),
        Borrowed::Ip(value) => Value::Ip(*value),
        Borrowed::List(elements) => Value::List(elements.iter().filter_map(own).collect()),
    })
}
