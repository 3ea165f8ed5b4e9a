//! Events as the reference evaluator sees them.

use std::collections::BTreeMap;

use contentcheck_model::field::{FieldRef, Place};
use contentcheck_model::rule::TestCase;
use contentcheck_model::template::TemplateType;
use contentcheck_model::value::Value;

/// An event of one template type. A value that is not given is absent; so is one past the end of
/// a list. The types of the values need not be those that the template type declares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    values: BTreeMap<FieldRef, Value>,
    /// Values that no field names. Only keywords see them.
    pub others: Vec<Value>,
}

impl Event {
    /// An event of a template type with nothing in it but what is the same in all of its events:
    /// names that `reads` gives exactly one value.
    #[must_use]
    pub fn empty(template: &TemplateType) -> Self {
        let mut values = BTreeMap::new();
        for field in template.declared() {
            let only = match template.describe(&field).map(|info| info.place) {
                Some(Place::Reads([only])) => only.value(),
                _ => continue,
            };
            values.insert(field, only);
        }
        Self { values, others: Vec::new() }
    }

    /// The event of a rule's own test.
    #[must_use]
    pub fn from_test(template: &TemplateType, test: &TestCase) -> Self {
        let mut event = Self::empty(template);
        for (field, value) in &test.values {
            event.set(field, Some(value.clone()));
        }
        let is_said = |name: &str| event.value(&template.named(name)).is_some();
        let silent = template.reads.iter().filter(|of| !is_said(&of.name));
        let assumed: Vec<(FieldRef, Value)> = silent
            .filter_map(|of| Some((template.named(&of.name), template.assumed(&of.name, is_said)?.value())))
            .collect();
        for (field, value) in assumed {
            event.set(&field, Some(value));
        }
        event
    }

    /// Puts a value in place, or takes it away. For [`FieldRef::ANY`] the value is added to the others.
    pub fn set(&mut self, field: &FieldRef, value: Option<Value>) {
        match value {
            value if field.is_any() => self.others.extend(value),
            Some(value) => drop(self.values.insert(field.clone(), value)),
            None => drop(self.values.remove(field)),
        }
    }

    /// The value of a field. `None` where it is absent, and for [`FieldRef::ANY`], which is no one value.
    #[must_use]
    pub fn value(&self, field: &FieldRef) -> Option<&Value> {
        self.values.get(field)
    }

    /// The fields that are there with their values, in the order of the template type.
    pub fn values(&self) -> impl Iterator<Item = (&FieldRef, &Value)> {
        self.values.iter()
    }
}
