//! The same values, owned: for the reference evaluator, and for showing them.

use contentcheck_interpreter::Value as Borrowed;
use contentcheck_model::field::FieldRef;
use contentcheck_model::template::TemplateType;
use contentcheck_model::value::Value;

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
                    .filter_map(|(name, value)| Some((template.named(name), own(value)?)))
                    .collect(),
                others: event.others.iter().filter_map(own).collect(),
            }
        })
    }
}

/// A value that owns what it holds; nothing of one that is absent.
#[must_use]
pub fn own(value: &Borrowed<'_>) -> Option<Value> {
    Some(match value {
        Borrowed::Absent => return None,
        // What recordings hold is UTF-8.
        Borrowed::Text(text) => Value::String(String::from_utf8_lossy(text).into_owned()),
        Borrowed::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
        Borrowed::Int(value) => Value::Int(*value),
        Borrowed::Float(value) => Value::Float(*value),
        Borrowed::Bool(value) => Value::Bool(*value),
        Borrowed::Ip(value) => Value::Ip(*value),
        Borrowed::UInt(value) => i64::try_from(*value).map_or_else(|_| Value::String(value.to_string()), Value::Int),
        list => Value::List(list.elements().filter_map(|element| own(&element)).collect()),
    })
}
