//! Events that show something.

use contentcheck_model::field::FieldRef;
use contentcheck_model::rule::TestCase;
use contentcheck_model::source::Span;
use contentcheck_model::value::Value;

/// An event of a template type: values by field, in the order of the template type. A field that is not
/// listed is absent. A value under [`FieldRef::ANY`] is one that no field names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Witness {
    /// The values.
    pub values: Vec<(FieldRef, Value)>,
}

impl Witness {
    /// The value of a field. `None` where it is absent, and for keywords, which are no one value.
    #[must_use]
    pub fn value(&self, field: &FieldRef) -> Option<&Value> {
        if field.is_any() {
            return None;
        }
        self.values.iter().find(|(own, _)| own == field).map(|(_, value)| value)
    }

    /// The same event with another value in one field, or without it. For a keyword the values without a
    /// field are replaced by the elements of the list.
    #[must_use]
    pub fn with(&self, field: &FieldRef, value: Option<Value>) -> Self {
        let mut values: Vec<(FieldRef, Value)> = self.values.iter().filter(|(own, _)| own != field).cloned().collect();
        match value {
            Some(Value::List(elements)) if field.is_any() => {
                values.extend(elements.into_iter().map(|element| (FieldRef::ANY, element)));
            }
            Some(value) => values.push((field.clone(), value)),
            None => {}
        }
        values.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self { values }
    }

    /// The event as a rule's own test. Values without a field have no place in one: `None` where there are any.
    #[must_use]
    pub fn to_test(&self, fires: bool) -> Option<TestCase> {
        if self.values.iter().any(|(field, _)| field.is_any()) {
            return None;
        }
        Some(TestCase { name: None, fires, values: self.values.clone(), span: Span::default() })
    }

    /// All values, those of lists one by one.
    pub(crate) fn scalars(&self) -> impl Iterator<Item = &Value> {
        self.values.iter().flat_map(|(_, value)| match value {
            Value::List(elements) => elements.as_slice(),
            other => std::slice::from_ref(other),
        })
    }
}

/// A text for a field of which nothing is asked, by its name.
pub(crate) fn plausible(name: &str) -> &'static str {
    const TEXTS: [(&str, &str); 10] = [
        ("commandline", "explorer.exe"),
        ("guid", "{00000000-0000-0000-0000-000000000000}"),
        ("logonid", "0x3e7"),
        ("time", "2026-01-31 12:00:00.000"),
        ("directory", r"C:\"),
        ("image", r"C:\Windows\explorer.exe"),
        ("path", r"C:\Windows\explorer.exe"),
        ("filename", r"C:\Windows\explorer.exe"),
        ("user", "alice"),
        ("computer", "host.example"),
    ];
    let has = |part: &str| name.as_bytes().windows(part.len()).any(|of| of.eq_ignore_ascii_case(part.as_bytes()));
    TEXTS.iter().find(|(part, _)| has(part)).map_or("x", |(_, text)| text)
}
