//! What reading a record fills: names and values as ranges, elements of lists, and the text that had to
//! be built.

use std::sync::Arc;

use contentcheck_model::exporters as names;
use contentcheck_model::template::{CHANNEL, EVENT_ID, PROVIDER};

use crate::hash::Names;
use crate::limits;
use crate::problem::Cause;

/// Where a name comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// As the record has it. A name of the system's ([`names::is_system`]) is taken for the system's.
    Given,
    /// What the log says of the event, such as its channel.
    System,
    /// What the event carries.
    Data,
    /// An exporter's name for what the log says of the event.
    Hint,
}

/// A range of the record, or of the buffer for what had to be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Set in `start` where the range lies in the buffer. Records and buffers are far below 2 GiB.
    const BUILT: u32 = 1 << 31;

    fn new(range: std::ops::Range<usize>, built: bool) -> Self {
        let at = |offset: usize| u32::try_from(offset).unwrap_or(0) & !Self::BUILT;
        Self { start: at(range.start) | if built { Self::BUILT } else { 0 }, end: at(range.end) }
    }

    pub(crate) fn of_record(range: std::ops::Range<usize>) -> Self {
        Self::new(range, false)
    }

    pub(crate) fn of_buffer(range: std::ops::Range<usize>) -> Self {
        Self::new(range, true)
    }

    fn range(self) -> std::ops::Range<usize> {
        (self.start & !Self::BUILT) as usize..self.end as usize
    }

    /// The range without its first bytes.
    pub(crate) fn after(self, bytes: usize) -> Self {
        let range = self.range();
        Self::new((range.start + bytes).min(range.end)..range.end, self.start & Self::BUILT != 0)
    }

    #[inline]
    pub(crate) fn text<'a>(self, record: &'a str, buffer: &'a str) -> &'a str {
        let from = if self.start & Self::BUILT == 0 { record } else { buffer };
        from.get(self.range()).unwrap_or("")
    }
}

/// A value of a record. Numbers keep the text in which they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Raw {
    Null,
    Bool(bool),
    Number(Span),
    Text(Span),
    /// Elements linked from `first`; there are `count` of them.
    List {
        first: u32,
        last: u32,
        count: u32,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Element {
    pub(crate) value: Raw,
    pub(crate) next: u32,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) name: Span,
    pub(crate) value: Raw,
    pub(crate) origin: Origin,
    /// Which outermost array of the record the value stands in; 0 for none.
    array: u32,
}

/// What a flat record consists of, without the record. Reused from record to record.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) names: Names,
    pub(crate) hashes: Vec<u32>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) elements: Vec<Element>,
    /// Text that is not in the record as it stands: unescaped, or put together.
    pub(crate) buffer: String,
    /// Dotted names of the objects that are being read.
    pub(crate) path: String,
    /// A name was as the record has it.
    has_own: bool,
    /// A name was one that exporters give to a part of an event.
    has_exporters: bool,
    seen: [u64; 16],
    /// Open addressing over entries, once they are more than [`FEW`]; empty before.
    index: Vec<u32>,
    pub(crate) repeated: u32,
    known: Arc<Known>,
}

/// A name and its hash.
type Hashed = (&'static str, u32);

/// The hashes of the names that are looked up in every record.
#[derive(Debug)]
struct Known {
    hints: Vec<(Hashed, Vec<Hashed>)>,
    source: u32,
    hayabusa: u32,
}

impl Default for Known {
    fn default() -> Self {
        let names = Names::default();
        let hashed = |name: &'static str| (name, names.hash(name.as_bytes()));
        let hints =
            names::HINTS.iter().map(|(own, others)| (hashed(own), others.iter().copied().map(hashed).collect()));
        Self { hints: hints.collect(), source: hashed(names::SPLUNK_SOURCE.0).1, hayabusa: hashed(names::HAYABUSA).1 }
    }
}

/// As many names are looked through one by one. Recordings of more names are rare or hostile.
const FEW: usize = 128;

/// At most half of the index is used: an entry has one slot, and few are renamed and have two. A power of two.
const INDEX: usize = (limits::NAMES * 2 + 64).next_power_of_two();

impl Store {
    pub(crate) fn clear(&mut self) {
        self.hashes.clear();
        self.entries.clear();
        self.elements.clear();
        self.buffer.clear();
        self.path.clear();
        (self.has_own, self.has_exporters) = (false, false);
        self.seen = [0; 16];
        self.index.clear();
        self.repeated = 0;
    }

    fn find(&self, record: &str, name: &str, hash: u32) -> Option<usize> {
        let mut from = 0;
        if !self.index.is_empty() {
            let mut slot = hash as usize & (INDEX - 1);
            while let Some(at) = self.index.get(slot).map(|at| *at as usize).filter(|at| *at < limits::NAMES) {
                if self.hashes.get(at) == Some(&hash) && self.entries.get(at)?.name.text(record, &self.buffer) == name {
                    return Some(at);
                }
                slot = (slot + 1) & (INDEX - 1);
            }
            return None;
        }
        while let Some(found) = self.hashes.get(from..)?.iter().position(|other| *other == hash) {
            let at = from + found;
            if self.entries.get(at)?.name.text(record, &self.buffer) == name {
                return Some(at);
            }
            from = at + 1;
        }
        None
    }

    /// Adds a value. Of a name that comes twice in a record the last value counts, as in most
    /// readers of JSON; within one array all values count, in their order. What the log says of an event and what the
    /// event carries under the same name are two values, whichever comes first: the event's own is called
    /// `EventData.…` then.
    #[inline]
    pub(crate) fn add(
        &mut self,
        record: &str,
        name: Span,
        origin: Origin,
        value: Raw,
        array: u32,
    ) -> Result<(), Cause> {
        let text = name.text(record, &self.buffer);
        if text.len() > limits::NAME_BYTES {
            return Err(Cause::NameTooLong);
        }
        match origin {
            Origin::Given => self.has_own = true,
            Origin::System | Origin::Data => self.has_exporters = true,
            Origin::Hint => {}
        }
        let hash = self.names.hash(text.as_bytes());
        let found = self.at(record, text, hash);
        self.note(hash);
        match found {
            None => self.push(name, hash, origin, value, array),
            Some(at) => self.again(record, at, name, origin, value, array),
        }
    }

    /// A bit for each hash tells quickly that a name is new, as nearly all are.
    #[inline]
    fn note(&mut self, hash: u32) {
        if let Some(word) = self.seen.get_mut((hash >> 6) as usize & 15) {
            *word |= 1 << (hash & 63);
        }
    }

    #[inline]
    fn push(&mut self, name: Span, hash: u32, origin: Origin, value: Raw, array: u32) -> Result<(), Cause> {
        if self.entries.len() >= limits::NAMES {
            return Err(Cause::TooManyNames);
        }
        let value = if array == 0 { value } else { self.list_of(value) };
        self.hashes.push(hash);
        self.entries.push(Entry { name, value, origin, array });
        if self.entries.len() > FEW {
            self.index(self.entries.len() - 1);
        }
        Ok(())
    }

    /// Adds a value under a name that has one.
    fn again(
        &mut self,
        record: &str,
        at: usize,
        name: Span,
        origin: Origin,
        value: Raw,
        array: u32,
    ) -> Result<(), Cause> {
        let Some(Entry { origin: known, value: before, array: before_array, .. }) = self.entries.get(at).copied()
        else {
            return Ok(());
        };
        let is_data = |origin| origin == Origin::Data;
        let is_system = |origin| match origin {
            // A hint comes after all that the record has.
            Origin::System | Origin::Hint => true,
            Origin::Given => names::is_system(name.text(record, &self.buffer)),
            Origin::Data => false,
        };
        if is_system(known) && is_data(origin) {
            let own = self.own(record, name);
            // Its name has the prefix, so that it meets no name of the log's again.
            return self.add(record, own, Origin::Data, value, array);
        }
        if is_data(known) && is_system(origin) {
            let own = self.own(record, name);
            self.rename(record, at, own);
            let hash = self.names.hash(name.text(record, &self.buffer).as_bytes());
            return self.push(name, hash, origin, value, array);
        }
        if known == Origin::Data && origin == Origin::Given {
            // An exporter's own words, such as the message that it made of the event, do not hide what the event carries.
            return Ok(());
        }
        let value = match before {
            Raw::List { first, last, count } if array != 0 && before_array == array => {
                self.extended(first, last, count, value)
            }
            _ if array == 0 => value,
            _ => self.list_of(value),
        };
        if array == 0 || before_array != array {
            self.repeated += 1;
        }
        if let Some(entry) = self.entries.get_mut(at) {
            (entry.value, entry.origin, entry.array) = (value, origin, array);
        }
        Ok(())
    }

    /// Gives an entry another name.
    fn rename(&mut self, record: &str, at: usize, name: Span) {
        let hash = self.names.hash(name.text(record, &self.buffer).as_bytes());
        self.note(hash);
        if let (Some(entry), Some(known)) = (self.entries.get_mut(at), self.hashes.get_mut(at)) {
            (entry.name, *known) = (name, hash);
        }
        if !self.index.is_empty() {
            self.index(at);
        }
    }

    /// Whether a record has names that exporters of Windows events give to parts of an event, and has none of what tells events of Windows: who
    /// recorded it is another one, and may call something so.
    pub(crate) fn is_of_others(&self, record: &str) -> bool {
        let tells = |entry: &Entry| {
            let has_value = match entry.value {
                Raw::Text(text) => !text.text(record, &self.buffer).trim().is_empty(),
                Raw::Number(_) => true,
                Raw::Null | Raw::Bool(_) | Raw::List { .. } => false,
            };
            has_value
                && entry.origin != Origin::Data
                && [CHANNEL, EVENT_ID, PROVIDER].contains(&entry.name.text(record, &self.buffer))
        };
        // Where all of its names are exporters', as in an event log, none of its own could be hidden.
        self.has_own && self.has_exporters && !self.entries.iter().any(tells)
    }

    /// Takes the blanks out of names of event data, and out of all names of an event of Windows: flat exports write what the event carries
    /// as others do. A name stays as it is where the record has the shorter one already.
    pub(crate) fn join_blanks(&mut self, record: &str) {
        let has = |name: &str| {
            let known = self.known.hints.iter().find(|(own, _)| own.0 == name);
            known.is_some_and(|(own, _)| self.at(record, own.0, own.1).is_some())
        };
        // Records of others have numbers of events too.
        let is_of_windows = has(CHANNEL) && has(EVENT_ID);
        for at in 0..self.entries.len() {
            let Some(Entry { name, origin, .. }) = self.entries.get(at).copied() else { continue };
            let text = name.text(record, &self.buffer);
            if origin != Origin::Data && !(is_of_windows && origin == Origin::Given) || !names::has_blanks(text) {
                continue;
            }
            let joined = text.replace(' ', "");
            let hash = self.names.hash(joined.as_bytes());
            let known = self.at(record, &joined, hash);
            if let Some(known) = known.filter(|known| self.is_null(*known)) {
                // A name without a value is not there.
                let value = self.entries.get(at).map_or(Raw::Null, |entry| entry.value);
                if let Some(entry) = self.entries.get_mut(known) {
                    (entry.value, entry.origin) = (value, Origin::Data);
                }
                if let Some(entry) = self.entries.get_mut(at) {
                    entry.value = Raw::Null;
                }
            } else if known.is_none() {
                let name = self.build(&[&joined]);
                self.rename(record, at, name);
                if let Some(entry) = self.entries.get_mut(at) {
                    entry.origin = Origin::Data;
                }
            }
        }
    }

    fn is_null(&self, at: usize) -> bool {
        self.entries.get(at).is_some_and(|entry| entry.value == Raw::Null)
    }

    /// The name of what an event carries, where the log has one that is the same.
    fn own(&mut self, record: &str, name: Span) -> Span {
        let text = name.text(record, &self.buffer).to_owned();
        self.build(&[names::OWN, &text])
    }

    /// The entry of a name.
    #[inline]
    pub(crate) fn at(&self, record: &str, name: &str, hash: u32) -> Option<usize> {
        let bit = 1_u64 << (hash & 63);
        let may = self.seen.get((hash >> 6) as usize & 15).is_some_and(|word| word & bit != 0);
        if may { self.find(record, name, hash) } else { None }
    }

    /// Gives names of the log's the values that exporters have under other names, where the log's own are missing.
    pub(crate) fn hint(&mut self, record: &str) -> Result<(), Cause> {
        if !self.entries.iter().any(|entry| entry.origin == Origin::Given) {
            return Ok(());
        }
        let known = Arc::clone(&self.known);
        for (place, (own, others)) in known.hints.iter().enumerate() {
            let at = self.at(record, own.0, own.1);
            let has = at.and_then(|at| self.entries.get(at)).map(|entry| (entry.value, entry.origin));
            match has {
                Some((Raw::Text(span), Origin::Given)) if own.0 == CHANNEL => {
                    let long = names::hayabusa_channel(span.text(record, &self.buffer));
                    if let Some(long) = long
                        && self.at(record, names::HAYABUSA, known.hayabusa).is_some()
                        && let Some(at) = at
                    {
                        let value = Raw::Text(self.build(&[long]));
                        if let Some(entry) = self.entries.get_mut(at) {
                            entry.value = value;
                        }
                    }
                    continue;
                }
                Some((Raw::Null, _)) | None => {}
                // What the event carries under the name is no word of the log's.
                Some((_, Origin::Data)) => {}
                Some(_) => continue,
            }
            let given = others.iter().find_map(|other| self.given(record, other.0, other.1));
            let given = given.or_else(|| if place == 0 { self.splunk_channel(record, known.source) } else { None });
            let Some(value) = given else { continue };
            if has.is_some_and(|(_, origin)| origin == Origin::Data) {
                let name = self.build(&[own.0]);
                self.add(record, name, Origin::Hint, value, 0)?;
                continue;
            }
            if let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) {
                (entry.value, entry.origin) = (value, Origin::Hint);
                continue;
            }
            if self.entries.len() >= limits::NAMES {
                // A record of so many names is none of these exporters'.
                return Ok(());
            }
            let name = self.build(&[own.0]);
            self.note(own.1);
            self.push(name, own.1, Origin::Hint, value, 0)?;
        }
        Ok(())
    }

    /// A number or text that the record has under a name of its own.
    fn given(&self, record: &str, name: &str, hash: u32) -> Option<Raw> {
        let entry = self.entries.get(self.at(record, name, hash)?)?;
        match entry.value {
            Raw::Text(_) | Raw::Number(_) if entry.origin == Origin::Given => Some(entry.value),
            _ => None,
        }
    }

    fn splunk_channel(&self, record: &str, hash: u32) -> Option<Raw> {
        let (name, prefixes) = names::SPLUNK_SOURCE;
        let Some(Raw::Text(span)) = self.given(record, name, hash) else { return None };
        let text = span.text(record, &self.buffer);
        let prefix = prefixes.iter().find(|prefix| text.starts_with(*prefix))?;
        Some(Raw::Text(span.after(prefix.len())))
    }

    /// Files an entry in the index, and all of them if there was none.
    #[cold]
    fn index(&mut self, entry: usize) {
        let mut entries = entry..entry + 1;
        if self.index.is_empty() {
            self.index.resize(INDEX, u32::MAX);
            entries = 0..self.entries.len();
        }
        for at in entries {
            let Some(hash) = self.hashes.get(at) else { return };
            let mut slot = *hash as usize & (INDEX - 1);
            while self.index.get(slot).is_some_and(|at| *at != u32::MAX) {
                slot = (slot + 1) & (INDEX - 1);
            }
            if let (Some(free), Ok(at)) = (self.index.get_mut(slot), u32::try_from(at)) {
                *free = at;
            }
        }
    }

    fn list_of(&mut self, value: Raw) -> Raw {
        match value {
            // An empty array, or one that was gathered already.
            list @ Raw::List { .. } => list,
            scalar => {
                let at = self.element(scalar);
                Raw::List { first: at, last: at, count: 1 }
            }
        }
    }

    fn extended(&mut self, first: u32, last: u32, count: u32, value: Raw) -> Raw {
        if let Raw::List { count: 0, .. } = value {
            return Raw::List { first, last, count };
        }
        let at = self.element(value);
        if count == 0 {
            return Raw::List { first: at, last: at, count: 1 };
        }
        if let Some(element) = self.elements.get_mut(last as usize) {
            element.next = at;
        }
        Raw::List { first, last: at, count: count + 1 }
    }

    fn element(&mut self, value: Raw) -> u32 {
        // Records are far shorter than 4 GiB, and an element takes a byte at least.
        let at = u32::try_from(self.elements.len()).unwrap_or(u32::MAX);
        self.elements.push(Element { value, next: at });
        at
    }

    /// Appends to the buffer, and tells where.
    pub(crate) fn build(&mut self, parts: &[&str]) -> Span {
        let start = self.buffer.len();
        parts.iter().for_each(|part| self.buffer.push_str(part));
        Span::of_buffer(start..self.buffer.len())
    }
}
