//! Read: the text of one JSON object to flat names and values.
//!
//! A reader of our own, since three things are wanted at once that no general reader gives:
//! numbers keep their text (a `string` field is fed what was recorded, and 2^64 is not
//! rounded), nothing is built for what stands in the record as it is, and every bound has its
//! own error. It reads what RFC 8259 allows and nothing else; a test compares it with serde_json.

use std::collections::{HashMap, HashSet};

use contentcheck_model::exporters::{self as names, Name};

use crate::limits;
use crate::problem::Cause;
use crate::store::{Origin, Raw, Span, Store};

/// Reads one object and what follows it up to the end, which is white space.
pub(crate) fn read(text: &str, store: &mut Store) -> Result<(), Cause> {
    read_by(Reader::new(text, store))
}

/// The same, with all names as they are: those of exporters stand for nothing.
pub(crate) fn read_as_named(text: &str, store: &mut Store) -> Result<(), Cause> {
    read_by(Reader { as_named: true, ..Reader::new(text, store) })
}

fn read_by(mut reader: Reader<'_, '_>) -> Result<(), Cause> {
    match reader.whole() {
        Ok(()) => Ok(()),
        Err(Stop) => Err(reader.failure.unwrap_or(Cause::NotAnObject)),
    }
}

/// A name that says two things in a record that can be read; the first that does.
pub(crate) fn twice(text: &str) -> Option<Twice> {
    let mut store = Store::default();
    let mut reader = Reader::new(text, &mut store);
    reader.space();
    reader.twice(1, Place::Outside, &mut Paths::default()).ok().flatten()
}

/// What a member is called.
#[derive(Clone, Copy)]
enum Named {
    One(Span, Origin),
    /// Either may be the name of event data.
    Two(Span, Span),
    /// It says nothing of the event.
    Dropped,
}

/// Reading stopped; the reader holds the cause. Causes are large, and results of reading are
/// returned some hundred times for each record.
struct Stop;

struct Reader<'r, 's> {
    text: &'r str,
    bytes: &'r [u8],
    at: usize,
    store: &'s mut Store,
    members: usize,
    /// Outermost arrays so far.
    arrays: u32,
    /// The outermost array that is being read; 0 for none.
    array: u32,
    /// Whether names are left as they are.
    as_named: bool,
    failure: Option<Cause>,
}

impl<'r, 's> Reader<'r, 's> {
    const fn new(text: &'r str, store: &'s mut Store) -> Self {
        let bytes = text.as_bytes();
        Self { text, bytes, at: 0, store, members: 0, arrays: 0, array: 0, as_named: false, failure: None }
    }
}

impl Reader<'_, '_> {
    fn whole(&mut self) -> Result<(), Stop> {
        self.space();
        let object = self.peek() == Some(b'{');
        if object && let Some((event, end)) = self.wrapped()? {
            self.at = event;
            self.object(2)?;
            self.at = end;
        } else if object {
            self.object(1)?;
        } else {
            // Anything else is told apart from what is no JSON at all.
            self.skip(1)?;
        }
        self.space();
        match self.peek() {
            None if object => Ok(()),
            None => Err(self.stop(Cause::NotAnObject)),
            Some(_) => Err(self.expected("nothing after the value")),
        }
    }

    /// Where the event of an export is that wraps each event in an object ([`names::WRAPPERS`]), and where that object
    /// ends. Nothing where this is none.
    fn wrapped(&mut self) -> Result<Option<(usize, usize)>, Stop> {
        let (start, members, built) = (self.at, self.members, self.store.buffer.len());
        self.enter(1)?;
        let mut event = None;
        let mut wrapper: Option<&(&str, &[&str])> = None;
        let mut more = self.peek() == Some(b'"');
        while more {
            let key = self.key()?;
            let key = key.text(self.text, &self.store.buffer);
            let holds = |of: &&(&str, &[&str])| of.0 == key || of.1.contains(&key);
            match wrapper
                .filter(holds)
                .or_else(|| if wrapper.is_none() { names::WRAPPERS.iter().find(holds) } else { None })
            {
                Some(of) => wrapper = Some(of),
                None => {
                    event = None;
                    break;
                }
            }
            if wrapper.is_some_and(|of| of.0 == key) && self.peek() == Some(b'{') {
                event = Some(self.at);
            }
            self.skip(2)?;
            more = self.more(b'}')?;
        }
        let end = self.at;
        (self.at, self.members) = (start, members);
        self.store.buffer.truncate(built);
        Ok(event.map(|event| (event, end)))
    }

    #[cold]
    fn stop(&mut self, cause: Cause) -> Stop {
        self.failure = Some(cause);
        Stop
    }

    #[cold]
    fn expected(&mut self, expected: &'static str) -> Stop {
        self.stop(Cause::Syntax { offset: self.at, expected })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8, expected: &'static str) -> Result<(), Stop> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.expected(expected))
        }
    }

    /// Enters an object or array.
    fn enter(&mut self, depth: u32) -> Result<(), Stop> {
        self.at += 1;
        self.space();
        if depth > limits::DEPTH { Err(self.stop(Cause::TooDeep)) } else { Ok(()) }
    }

    /// After an element: whether another one follows.
    fn more(&mut self, close: u8) -> Result<bool, Stop> {
        self.space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.space();
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(self.expected(if close == b'}' { "`,` or `}`" } else { "`,` or `]`" })),
        }
    }

    /// The key of a member, up to its value.
    #[inline]
    fn key(&mut self) -> Result<Span, Stop> {
        self.members += 1;
        if self.members > limits::MEMBERS {
            return Err(self.stop(Cause::TooManyNames));
        }
        let key = self.string("a name in double quotes")?;
        self.space();
        self.take(b':', "`:`")?;
        self.space();
        Ok(key)
    }

    fn object(&mut self, depth: u32) -> Result<(), Stop> {
        self.enter(depth)?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let key = self.key()?;
            self.member(key, depth)?;
            if !self.more(b'}')? {
                return Ok(());
            }
        }
    }

    fn member(&mut self, key: Span, depth: u32) -> Result<(), Stop> {
        match self.peek() {
            Some(open @ (b'{' | b'[')) => {
                let outer = self.store.path.len();
                self.push(key)?;
                if !self.as_named && names::holds_named_data(&self.store.path) {
                    self.named_data(depth + 1)?;
                } else if open == b'{' {
                    self.object(depth + 1)?;
                } else {
                    self.array(depth + 1)?;
                }
                self.store.path.truncate(outer);
                Ok(())
            }
            // Text is nearly all: it goes in without a detour.
            Some(b'"') => {
                let value = Raw::Text(self.string("text")?);
                self.add_under(key, value)
            }
            _ => {
                let value = self.scalar()?;
                self.add_under(key, value)
            }
        }
    }

    /// Adds the value of a member with this key.
    #[inline]
    fn add_under(&mut self, key: Span, value: Raw) -> Result<(), Stop> {
        let is_special = || !self.as_named && names::is_special(key.text(self.text, &self.store.buffer));
        if self.store.path.is_empty() && !is_special() {
            return self.add(key, Origin::Given, value);
        }
        let name = self.name(key)?;
        self.add_named(name, value)
    }

    fn add_named(&mut self, name: Named, value: Raw) -> Result<(), Stop> {
        match name {
            Named::One(name, origin) => self.add(name, origin, value),
            Named::Two(name, other) => {
                self.add(name, Origin::Data, value)?;
                self.add(other, Origin::Data, value)
            }
            Named::Dropped => Ok(()),
        }
    }

    #[inline]
    fn add(&mut self, name: Span, origin: Origin, value: Raw) -> Result<(), Stop> {
        self.add_in(name, origin, value, self.array)
    }

    #[inline]
    fn add_in(&mut self, name: Span, origin: Origin, value: Raw, array: u32) -> Result<(), Stop> {
        self.store.add(self.text, name, origin, value, array).map_err(|cause| self.stop(cause))
    }

    /// Adds a key to the path.
    fn push(&mut self, key: Span) -> Result<(), Stop> {
        let Store { path, buffer, .. } = &mut *self.store;
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key.text(self.text, buffer));
        if self.store.path.len() > limits::NAME_BYTES { Err(self.stop(Cause::NameTooLong)) } else { Ok(()) }
    }

    /// The name of a member with this key.
    fn name(&mut self, key: Span) -> Result<Named, Stop> {
        let outer = self.store.path.len();
        self.push(key)?;
        let name = self.path_name();
        self.store.path.truncate(outer);
        Ok(name)
    }

    /// The name that the path stands for.
    fn path_name(&mut self) -> Named {
        let Store { path, buffer, .. } = &mut *self.store;
        let start = buffer.len();
        let name = if self.as_named { Name::Same } else { names::normalise(path) };
        let origin = match name {
            Name::Dropped => return Named::Dropped,
            Name::Same => {
                buffer.push_str(path);
                Origin::Given
            }
            Name::System(name) => {
                buffer.push_str(name);
                Origin::System
            }
            Name::Attribute(element, attribute) => {
                [element, "_", attribute].iter().for_each(|part| buffer.push_str(part));
                Origin::System
            }
            Name::Data(name) => {
                buffer.push_str(name);
                Origin::Data
            }
            Name::Lowered(name) => {
                buffer.push_str(name);
                let lower = Span::of_buffer(start..buffer.len());
                let mut letters = name.chars();
                let Some(first) = letters.next().filter(char::is_ascii_lowercase) else {
                    return Named::One(lower, Origin::Data);
                };
                let start = buffer.len();
                buffer.push(first.to_ascii_uppercase());
                buffer.push_str(letters.as_str());
                return Named::Two(Span::of_buffer(start..buffer.len()), lower);
            }
        };
        Named::One(Span::of_buffer(start..buffer.len()), origin)
    }

    /// An array under the name that the path stands for: its scalars are a list, and objects in
    /// it give lists under their own names. An array of nothing is an empty list.
    fn array(&mut self, depth: u32) -> Result<(), Stop> {
        let outermost = self.array == 0;
        if outermost {
            self.arrays += 1;
            self.array = self.arrays;
        }
        let name = self.path_name();
        self.elements(name, depth)?;
        if outermost {
            self.array = 0;
        }
        Ok(())
    }

    fn elements(&mut self, name: Named, depth: u32) -> Result<(), Stop> {
        self.enter(depth)?;
        if self.peek() == Some(b']') {
            self.at += 1;
            let empty = Raw::List { first: 0, last: 0, count: 0 };
            return self.add_named(name, empty);
        }
        loop {
            match self.peek() {
                Some(b'{') => self.object(depth + 1)?,
                Some(b'[') => self.elements(name, depth + 1)?,
                _ => {
                    let value = self.scalar()?;
                    self.add_named(name, value)?;
                }
            }
            if !self.more(b']')? {
                return Ok(());
            }
        }
    }

    /// `Data` of an event log: an object or an array of objects, each of which may carry its
    /// name as an attribute. Those that do are values of that name, the others are a list `Data`.
    fn named_data(&mut self, depth: u32) -> Result<(), Stop> {
        self.arrays += 1;
        self.array = self.arrays;
        let data = self.store.build(&["Data"]);
        if self.peek() == Some(b'{') {
            self.data(data, depth)?;
        } else {
            self.enter(depth)?;
            let mut more = self.peek() != Some(b']');
            if !more {
                self.at += 1;
            }
            while more {
                match self.peek() {
                    Some(b'{') => self.data(data, depth + 1)?,
                    Some(b'[') => self.elements(Named::One(data, Origin::Data), depth + 1)?,
                    _ => {
                        let value = self.scalar()?;
                        self.add(data, Origin::Data, value)?;
                    }
                }
                more = self.more(b']')?;
            }
        }
        self.array = 0;
        Ok(())
    }

    fn data(&mut self, data: Span, depth: u32) -> Result<(), Stop> {
        self.enter(depth)?;
        let (mut name, mut value) = (None, None);
        let mut more = self.peek() != Some(b'}');
        if !more {
            self.at += 1;
        }
        while more {
            let key = self.key()?;
            let key = key.text(self.text, &self.store.buffer);
            match (key, self.peek()) {
                ("#text" | "text" | "Value" | "content" | "_", Some(b'[')) => {
                    self.elements(Named::One(data, Origin::Data), depth + 1)?
                }
                ("#attributes", Some(b'{')) => name = self.name_attribute(depth + 1)?.or(name),
                ("#text" | "text" | "Value" | "content" | "_", Some(byte)) if byte != b'{' => {
                    value = Some(self.scalar()?);
                }
                ("@Name" | "_Name" | "Name", Some(b'"')) => name = Some(self.string("a name")?),
                _ => self.skip(depth + 1)?,
            }
            more = self.more(b'}')?;
        }
        match (name, value) {
            // A named value stands for itself, not for an element of a list.
            (Some(name), value) => self.add_in(name, Origin::Data, value.unwrap_or(Raw::Null), 0),
            (None, Some(value)) => self.add(data, Origin::Data, value),
            (None, None) => Ok(()),
        }
    }

    fn name_attribute(&mut self, depth: u32) -> Result<Option<Span>, Stop> {
        self.enter(depth)?;
        let mut name = None;
        let mut more = self.peek() != Some(b'}');
        if !more {
            self.at += 1;
        }
        while more {
            let key = self.key()?;
            if key.text(self.text, &self.store.buffer) == "Name" && self.peek() == Some(b'"') {
                name = Some(self.string("a name")?);
            } else {
                self.skip(depth + 1)?;
            }
            more = self.more(b'}')?;
        }
        Ok(name)
    }

    /// Reads a value and forgets it.
    fn skip(&mut self, depth: u32) -> Result<(), Stop> {
        match self.peek() {
            Some(b'{') => {
                self.enter(depth)?;
                let mut more = self.peek() != Some(b'}');
                if !more {
                    self.at += 1;
                }
                while more {
                    self.key()?;
                    self.skip(depth + 1)?;
                    more = self.more(b'}')?;
                }
                Ok(())
            }
            Some(b'[') => {
                self.enter(depth)?;
                let mut more = self.peek() != Some(b']');
                if !more {
                    self.at += 1;
                }
                while more {
                    self.skip(depth + 1)?;
                    more = self.more(b']')?;
                }
                Ok(())
            }
            _ => self.scalar().map(|_| ()),
        }
    }

    #[inline]
    fn scalar(&mut self) -> Result<Raw, Stop> {
        match self.peek() {
            Some(b'"') => self.string("text").map(Raw::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Raw::Bool(true)),
            Some(b'f') => self.word("false", Raw::Bool(false)),
            Some(b'n') => self.word("null", Raw::Null),
            _ => Err(self.expected("a value")),
        }
    }

    fn word(&mut self, word: &str, value: Raw) -> Result<Raw, Stop> {
        if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.expected("a value"))
        }
    }

    fn digits(&mut self) -> Result<(), Stop> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.expected("a digit")) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Raw, Stop> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Raw::Number(Span::of_record(start..self.at)))
    }

    /// A string: a range of the record where it has no escapes, else of the buffer.
    fn string(&mut self, expected: &'static str) -> Result<Span, Stop> {
        self.take(b'"', expected)?;
        let start = self.at;
        self.plain();
        if self.peek() == Some(b'"') {
            let span = Span::of_record(start..self.at);
            self.at += 1;
            return Ok(span);
        }
        let built = self.store.buffer.len();
        let mut from = start;
        loop {
            // `plain` stops at ASCII only, so the range lies on characters.
            self.store.buffer.push_str(self.text.get(from..self.at).unwrap_or(""));
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Span::of_buffer(built..self.store.buffer.len()));
                }
                Some(b'\\') => {
                    self.at += 1;
                    let sign = self.escape()?;
                    self.store.buffer.push(sign);
                }
                Some(_) => return Err(self.expected("no control character in text")),
                None => return Err(self.expected("the end of the text")),
            }
            from = self.at;
            self.plain();
        }
    }

    /// Moves to the next quote, backslash or control character, or to the end.
    #[inline]
    fn plain(&mut self) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGHS: u64 = 0x8080_8080_8080_8080;
        while let Some(chunk) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_le_bytes(*chunk);
            // The lowest byte that is flagged is a true one: borrows only run upwards.
            let below = |value: u64, limit: u64| value.wrapping_sub(ONES * limit) & !value & HIGHS;
            let quote = below(word ^ (ONES * 0x22), 1);
            let backslash = below(word ^ (ONES * 0x5c), 1);
            let found = quote | backslash | below(word, 0x20);
            if found != 0 {
                self.at += (found.trailing_zeros() / 8) as usize;
                return;
            }
            self.at += 8;
        }
        while let Some(byte) = self.peek() {
            if byte == b'"' || byte == b'\\' || byte < 0x20 {
                return;
            }
            self.at += 1;
        }
    }

    /// What an escape stands for, after its backslash.
    fn escape(&mut self) -> Result<char, Stop> {
        let sign = match self.peek() {
            Some(sign @ (b'"' | b'\\' | b'/')) => char::from(sign),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.expected("an escape")),
        };
        self.at += 1;
        Ok(sign)
    }

    /// Half a surrogate pair is no character: it stands for U+FFFD, since recorders write such
    /// strings where they cut one in two, and the event is worth reading.
    fn unicode(&mut self) -> Result<char, Stop> {
        let first = self.hex()?;
        if (0xd800..0xdc00).contains(&first) && self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"\\u")) {
            let back = self.at;
            self.at += 2;
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, Stop> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else { return Err(self.expected("four hexadecimal digits")) };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

impl<'r> Reader<'r, '_> {
    /// Reads a value as [`Self::skip`] does, up to a name that its object has already, or that stands for a value that was given before under
    /// names within each other.
    fn twice(&mut self, depth: u32, place: Place, paths: &mut Paths<'r>) -> Result<Option<Twice>, Stop> {
        let from = self.at;
        let (open, close) = match self.peek() {
            Some(open @ b'{') => (open, b'}'),
            Some(open @ b'[') => (open, b']'),
            _ => {
                self.scalar()?;
                let is_element = matches!(place, Place::Element(_));
                return Ok(if is_element { None } else { self.noted(from, place, paths) });
            }
        };
        self.enter(depth)?;
        let inside = match place {
            Place::Element(array) | Place::Within(array) if open == b'[' => Place::Element(array),
            Place::Element(array) | Place::Within(array) => Place::Within(array),
            Place::Outside if open == b'[' => {
                paths.arrays += 1;
                Place::Element(paths.arrays)
            }
            Place::Outside => Place::Outside,
        };
        let mut known: HashSet<String> = HashSet::new();
        let mut more = self.peek() != Some(close);
        if !more {
            self.at += 1;
        }
        let length = paths.path.len();
        while more {
            if open == b'{' {
                let key = self.key()?;
                let key = key.text(self.text, &self.store.buffer);
                if !known.insert(key.to_owned()) {
                    return Ok(Some(Twice::Name(key.to_owned())));
                }
                paths.enter(key);
            }
            let found = self.twice(depth + 1, inside, paths)?;
            if found.is_some() {
                return Ok(found);
            }
            paths.path.truncate(length);
            more = self.more(close)?;
        }
        // An array is a value as a whole.
        Ok(if open == b'[' && place == Place::Outside { self.noted(from, inside, paths) } else { None })
    }

    fn noted(&self, from: usize, place: Place, paths: &mut Paths<'r>) -> Option<Twice> {
        paths.is_given_otherwise(self.text.get(from..self.at).unwrap_or_default(), place)
    }
}

/// A name that says two things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Twice {
    /// It appears twice in one object.
    Name(String),
    /// It has two values: as one name with dots, and as names within each other.
    Spelling(String),
}

/// Where a value stands, by the outermost array that it is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    /// An element of it, or of one in it.
    Element(u32),
    /// In an object in it.
    Within(u32),
}

impl Place {
    const fn array(self) -> Option<u32> {
        match self {
            Self::Outside => None,
            Self::Element(array) | Self::Within(array) => Some(array),
        }
    }
}

/// Where values stand in a record: names joined by dots, with what was given for them first.
#[derive(Default)]
struct Paths<'r> {
    path: String,
    arrays: u32,
    values: HashMap<String, Given<'r>>,
}

/// A value, or those of one array.
struct Given<'r> {
    value: &'r str,
    array: Option<u32>,
    /// Whether those of the array are all the same.
    is_one: bool,
}

impl<'r> Paths<'r> {
    fn enter(&mut self, name: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
    }

    /// Notes a value, and says whether another one has the same names. What is in one array is a list.
    fn is_given_otherwise(&mut self, value: &'r str, place: Place) -> Option<Twice> {
        let array = place.array();
        let Some(before) = self.values.get_mut(&self.path) else {
            self.values.insert(self.path.clone(), Given { value, array, is_one: true });
            return None;
        };
        if array.is_some() && before.array == array {
            before.is_one &= before.value == value;
            return None;
        }
        (!before.is_one || before.value != value).then(|| Twice::Spelling(self.path.clone()))
    }
}
