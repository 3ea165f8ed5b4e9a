//! What reading a record fills: names and values as ranges, elements of lists, and the text that had to
//! be built.

use crate::hash::Names;
use crate::limits;
use crate::problem::Cause;

/// A range of the record, or of the buffer for what had to be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Set in `start` where the range lies in the buffer. Records and buffers are far below 2 GiB.
    const BUILT: u32 = 1 << 31;
    /// Set in `end` of a name that was written with blanks.
    const LOOSE: u32 = 1 << 31;

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
        (self.start & !Self::BUILT) as usize..(self.end & !Self::LOOSE) as usize
    }

    /// A name that gives way to one that is written just so.
    pub(crate) fn loose(self) -> Self {
        Self { end: self.end | Self::LOOSE, ..self }
    }

    const fn is_loose(self) -> bool {
        self.end & Self::LOOSE != 0
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
    seen: [u64; 16],
    /// Open addressing over entries, once they are more than [`FEW`]; empty before.
    index: Vec<u32>,
    pub(crate) repeated: u32,
}

/// As many names are looked through one by one. Recordings of more names are rare or hostile.
const FEW: usize = 128;

/// At most half of the index is used. A power of two.
const INDEX: usize = (limits::NAMES * 2).next_power_of_two();

impl Store {
    pub(crate) fn clear(&mut self) {
        self.hashes.clear();
        self.entries.clear();
        self.elements.clear();
        self.buffer.clear();
        self.path.clear();
        self.seen = [0; 16];
        self.index.clear();
        self.repeated = 0;
    }

    /// The entry of a name.
    pub(crate) fn find(&self, record: &str, name: &str, hash: u32) -> Option<usize> {
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
    /// readers of JSON; within one array all values count, in their order.
    #[inline]
    pub(crate) fn add(&mut self, record: &str, name: Span, value: Raw, array: u32) -> Result<(), Cause> {
        let text = name.text(record, &self.buffer);
        if text.len() > limits::NAME_BYTES {
            return Err(Cause::NameTooLong);
        }
        let hash = self.names.hash(text.as_bytes());
        // A bit for each hash tells quickly that a name is new, as nearly all are.
        let bit = 1_u64 << (hash & 63);
        let known = self.seen.get_mut((hash >> 6) as usize & 15).is_some_and(|word| {
            let known = *word & bit != 0;
            *word |= bit;
            known
        });
        let found = if known { self.find(record, text, hash) } else { None };
        let Some(at) = found else {
            if self.entries.len() >= limits::NAMES {
                return Err(Cause::TooManyNames);
            }
            let value = if array == 0 { value } else { self.list_of(value) };
            self.hashes.push(hash);
            self.entries.push(Entry { name, value, array });
            if self.entries.len() > FEW {
                self.index();
            }
            return Ok(());
        };
        if let Some(entry) = self.entries.get(at)
            && entry.name.is_loose() != name.is_loose()
        {
            // Of two names that differ in blanks alone, the one without them counts.
            if entry.name.is_loose() {
                let value = if array == 0 { value } else { self.list_of(value) };
                if let Some(entry) = self.entries.get_mut(at) {
                    *entry = Entry { name, value, array };
                }
            }
            return Ok(());
        }
        let before = self.entries.get(at).map(|entry| (entry.array, entry.value));
        let value = match before {
            Some((before, Raw::List { first, last, count })) if array != 0 && before == array => {
                self.extended(first, last, count, value)
            }
            _ if array == 0 => value,
            _ => self.list_of(value),
        };
        if array == 0 || before.is_none_or(|(before, _)| before != array) {
            self.repeated += 1;
        }
        if let Some(entry) = self.entries.get_mut(at) {
            (entry.value, entry.array) = (value, array);
        }
        Ok(())
    }

    /// Brings the index up to the entries.
    #[cold]
    fn index(&mut self) {
        let mut from = self.entries.len() - 1;
        if self.index.is_empty() {
            self.index.resize(INDEX, u32::MAX);
            from = 0;
        }
        for (at, hash) in self.hashes.iter().enumerate().skip(from) {
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
