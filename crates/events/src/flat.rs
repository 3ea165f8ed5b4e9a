//! A record as flat names and values, borrowed from the record and from one reused buffer.

use crate::json::{self, Twice};
use crate::limits;
use crate::problem::Cause;
use crate::store::{Origin, Raw, Span, Store};

/// Flattens records, one after another, without allocating once its buffers have grown.
#[derive(Debug, Default)]
pub struct Flattener {
    store: Store,
}

impl Flattener {
    /// A flattener with empty buffers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The names and values of one JSON object.
    ///
    /// Objects within become dotted names, arrays become lists, and what Windows event logs
    /// and their exporters call the parts of an event gets the names that the library uses.
    ///
    /// # Errors
    /// What is wrong with the record; the next one can be read.
    pub fn flatten<'a>(&'a mut self, record: &'a [u8]) -> Result<Flat<'a>, Cause> {
        if record.len() > limits::RECORD_BYTES {
            return Err(Cause::TooLong);
        }
        let text = std::str::from_utf8(record).map_err(|error| Cause::NotUtf8(error.valid_up_to()))?;
        self.store.clear();
        json::read(text, &mut self.store)?;
        self.store.hint(text)?;
        if self.store.is_of_others(text) {
            // What it calls `event_data` or `EventData` is a name of its own.
            self.store.clear();
            json::read_as_named(text, &mut self.store)?;
            self.store.hint(text)?;
        } else {
            self.store.join_blanks(text);
        }
        Ok(Flat { record: text, store: &self.store })
    }
}

/// One value of a flat record.
#[derive(Clone, Copy, Debug)]
pub enum Field<'a> {
    /// `null`.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as it is written in JSON.
    Number(&'a str),
    /// Text.
    Text(&'a str),
    /// The scalars of an array, those of arrays within it included.
    List(Elements<'a>),
}

/// The elements of a list; none of them is a list.
#[derive(Clone, Copy, Debug)]
pub struct Elements<'a> {
    flat: Flat<'a>,
    next: u32,
    left: u32,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        self.left = self.left.checked_sub(1)?;
        let element = self.flat.store.elements.get(self.next as usize)?;
        self.next = element.next;
        Some(self.flat.field(element.value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Elements<'_> {}

/// A flat record: names, each once, and their values.
#[derive(Clone, Copy, Debug)]
pub struct Flat<'a> {
    pub(crate) record: &'a str,
    pub(crate) store: &'a Store,
}

impl<'a> Flat<'a> {
    /// Number of names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.store.entries.len()
    }

    /// Whether the record has no names.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.store.entries.is_empty()
    }

    /// How many values were given up for a later one of the same name.
    #[must_use]
    pub fn repeated(&self) -> u32 {
        self.store.repeated
    }

    /// What is wrong with a record that has a name twice in one object, or two values of a name with dots and of the same names within each
    /// other. Which of the values counts depends on who reads it, so that no event is certain there. Names that are equal in several objects are
    /// fine: exporters write what an event is in more than one place.
    #[must_use]
    pub fn twice(&self) -> Option<Cause> {
        // Hardly any record gives up a value, and only one that does is read again.
        if self.store.repeated == 0 {
            return None;
        }
        Some(match json::twice(self.record)? {
            Twice::Name(name) => Cause::NamedTwice(name),
            Twice::Spelling(name) => Cause::SpeltTwice(name),
        })
    }

    /// Names and values, in the order in which the names first stand in the record.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Field<'a>)> + use<'a> {
        let flat = *self;
        flat.store.entries.iter().map(move |entry| (flat.text(entry.name), flat.field(entry.value)))
    }

    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Field<'a>> {
        self.at(name, self.store.names.hash(name.as_bytes()))
    }

    /// Whether the value of a name stands under an exporter's name in the record, and is less sure for that: event data
    /// may be called so too, and exporters write the provider as it is displayed.
    #[must_use]
    pub fn is_hint(&self, name: &str) -> bool {
        self.is_hint_at(name, self.store.names.hash(name.as_bytes()))
    }

    pub(crate) fn is_hint_at(&self, name: &str, hash: u32) -> bool {
        let at = self.store.at(self.record, name, hash);
        at.and_then(|at| self.store.entries.get(at)).is_some_and(|entry| entry.origin == Origin::Hint)
    }

    pub(crate) fn at(&self, name: &str, hash: u32) -> Option<Field<'a>> {
        let at = self.store.at(self.record, name, hash)?;
        self.store.entries.get(at).map(|entry| self.field(entry.value))
    }

    pub(crate) fn text(&self, span: Span) -> &'a str {
        span.text(self.record, &self.store.buffer)
    }

    /// The elements of a list.
    pub(crate) fn elements(&self, first: u32, count: u32) -> impl Iterator<Item = Raw> + use<'a> {
        let store = self.store;
        let mut next = first;
        (0..count).map_while(move |_| {
            let element = store.elements.get(next as usize)?;
            next = element.next;
            Some(element.value)
        })
    }

    pub(crate) fn field(&self, raw: Raw) -> Field<'a> {
        match raw {
            Raw::Null => Field::Null,
            Raw::Bool(value) => Field::Bool(value),
            Raw::Number(span) => Field::Number(self.text(span)),
            Raw::Text(span) => Field::Text(self.text(span)),
            Raw::List { first, count, .. } => Field::List(Elements { flat: *self, next: first, left: count }),
        }
    }
}
