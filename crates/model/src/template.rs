//! Template types: the contract between content and sensors.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use crate::decimal;
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};
use crate::value::Value;

/// The scalar kinds of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scalar {
    /// UTF-8 text.
    String,
    /// A signed 64-bit integer.
    Int,
    /// A 64-bit float.
    Float,
    /// True or false.
    Bool,
    /// An IPv4 or IPv6 address.
    Ip,
    /// Raw bytes.
    Bytes,
}

impl Scalar {
    /// The word that the language uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Ip => "ip",
            Self::Bytes => "bytes",
        }
    }

    /// The kind that a word of the language names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::String, Self::Int, Self::Float, Self::Bool, Self::Ip, Self::Bytes]
            .into_iter()
            .find(|scalar| scalar.as_str() == word)
    }
}

/// The type of a field or column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FieldType {
    /// The kind of the value, or of each element of a list.
    pub scalar: Scalar,
    /// Whether the value is a list of `scalar`.
    pub list: bool,
    /// Whether the value may be absent from an event.
    pub optional: bool,
    /// Whether every comparison ignores ASCII case. Only for strings.
    pub nocase: bool,
}

impl FieldType {
    /// A required scalar.
    #[must_use]
    pub const fn new(scalar: Scalar) -> Self {
        Self { scalar, list: false, optional: false, nocase: false }
    }

    /// What a field of an open template type is taken for: optional text without case.
    pub const OPEN: Self = Self { scalar: Scalar::String, list: false, optional: true, nocase: true };

    /// The type that a text names: `string`, `list<int>`, `ip?`, `string? nocase`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (text, nocase) = match text.strip_suffix("nocase") {
            Some(rest) if rest.ends_with(' ') => (rest.trim_end(), true),
            Some(_) => return None,
            None => (text, false),
        };
        let (text, optional) = match text.strip_suffix('?') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (word, list) = match text.strip_prefix("list<").and_then(|rest| rest.strip_suffix('>')) {
            Some(word) => (word, true),
            None => (text, false),
        };
        let scalar = Scalar::from_word(word)?;
        (!nocase || scalar == Scalar::String).then_some(Self { scalar, list, optional, nocase })
    }

    /// Whether a sensor that supplies `supplied` feeds a rule that was checked against `self`.
    /// Kind and shape must agree. Case is the template type's business. A sensor may
    /// promise more than is asked (always present where optional is declared), never less.
    #[must_use]
    pub fn is_fed_by(self, supplied: Self) -> bool {
        self.scalar == supplied.scalar && self.list == supplied.list && (self.optional || !supplied.optional)
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.list {
            write!(f, "list<{}>", self.scalar.as_str())?;
        } else {
            f.write_str(self.scalar.as_str())?;
        }
        if self.optional {
            f.write_str("?")?;
        }
        if self.nocase {
            f.write_str(" nocase")?;
        }
        Ok(())
    }
}

/// One numbered input of a template type, or one header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name as content and events write it. Names differ by case.
    pub name: String,
    /// The type.
    pub ty: FieldType,
    /// Where it is declared.
    pub span: Span,
}

/// What the values of a field look like, as far as is known. An event may have another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Looks {
    /// The full path of a file on Windows.
    WindowsPath,
    /// The name of a file, without a directory.
    FileName,
    /// Digests with their algorithms: `MD5=...,SHA256=...`.
    Hashes,
}

/// A Sigma log source. Values are lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogSource {
    /// `product`, such as `windows`.
    pub product: Option<String>,
    /// `category`, such as `process_creation`.
    pub category: Option<String>,
    /// `service`, such as `security`.
    pub service: Option<String>,
}

impl LogSource {
    /// Whether events of this (served) log source are meant by `asked`: every part that
    /// is asked for is served with the same value. `{product: windows}` asks for all of Windows.
    #[must_use]
    pub fn serves(&self, asked: &Self) -> bool {
        fn part(served: Option<&String>, asked: Option<&String>) -> bool {
            asked.is_none() || served == asked
        }
        part(self.product.as_ref(), asked.product.as_ref())
            && part(self.category.as_ref(), asked.category.as_ref())
            && part(self.service.as_ref(), asked.service.as_ref())
    }

    /// As the command line names one: `product=windows,category=process_creation`.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().replace(": ", "=").replace(", ", ",")
    }

    /// Whether no part is given.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.product.is_none() && self.category.is_none() && self.service.is_none()
    }
}

impl fmt::Display for LogSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [("product", &self.product), ("category", &self.category), ("service", &self.service)];
        let mut first = true;
        for (name, value) in parts {
            if let Some(value) = value {
                if !first {
                    f.write_str(", ")?;
                }
                first = false;
                write!(f, "{name}: {value}")?;
            }
        }
        Ok(())
    }
}

/// A value that a template type fixes for all of its events. Recorders spell it in ways of their own; rules see it as it is written here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fixed {
    /// Text; recorded in any ASCII case.
    Text(String),
    /// An integer.
    Int(i64),
}

impl Fixed {
    /// Whether a recorded text is this value: a text in any ASCII case, an integer however it is written.
    #[must_use]
    pub fn is_text(&self, recorded: &str) -> bool {
        match self {
            Self::Text(text) => text.eq_ignore_ascii_case(recorded),
            Self::Int(number) => decimal::recorded(recorded) == Some(*number),
        }
    }

    /// Whether a recorded number, as it is written, is this value: an integer by value, a text character by character.
    #[must_use]
    pub fn is_number(&self, recorded: &str) -> bool {
        match self {
            Self::Text(text) => text == recorded,
            Self::Int(number) => decimal::integer(recorded) == Some(*number),
        }
    }

    /// Whether one recorded value may be this one and another one.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(text), fixed) | (fixed, Self::Text(text)) => fixed.is_text(text) || fixed.is_number(text),
            (Self::Int(one), Self::Int(other)) => one == other,
        }
    }

    /// The first of these values that [meets](Self::meets) an earlier one, after that one, by their places.
    #[must_use]
    pub fn twice(values: &[Self]) -> Option<(usize, usize)> {
        let (mut texts, mut numbers, mut written) = (HashMap::new(), HashMap::new(), HashMap::new());
        for (at, value) in values.iter().enumerate() {
            let met = match value {
                Self::Int(number) => {
                    let before = numbers.insert(*number, at);
                    before.or_else(|| written.get(number).copied())
                }
                Self::Text(text) => {
                    let spelled = [decimal::recorded(text), decimal::integer(text)];
                    let before = texts.insert(text.to_ascii_lowercase(), at);
                    let as_number = spelled.iter().flatten().find_map(|number| numbers.get(number).copied());
                    written.extend(spelled.into_iter().flatten().map(|number| (number, at)));
                    before.or(as_number)
                }
            };
            if let Some(met) = met {
                return Some((met, at));
            }
        }
        None
    }

    /// Whether these recognise the same recorded values, however the values are spelled here.
    #[must_use]
    pub fn are_alike(one: &[Self], other: &[Self]) -> bool {
        let has = |all: &[Self], wanted: &Self| all.iter().any(|of| of.meets(wanted));
        one.iter().all(|of| has(other, of)) && other.iter().all(|of| has(one, of))
    }

    /// The value, as an event has it.
    #[must_use]
    pub fn value(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::Int(number) => Value::Int(*number),
        }
    }

    /// Its text, as a string test sees it.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Int(number) => Cow::Owned(number.to_string()),
        }
    }
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Int(number) => write!(f, "{number}"),
        }
    }
}

/// One condition of `reads`: the recorded event has one of these values under this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognition {
    /// Name in the recorded event, such as `EventID`.
    pub name: String,
    /// The values, any of which will do. Never empty, and no two of which [meet](Fixed::meets).
    pub values: Vec<Fixed>,
}

/// A named, versioned contract: an ordered list of numbered, typed fields.
#[derive(Clone, Debug)]
pub struct TemplateType {
    /// Dotted name, such as `windows.sysmon.process_creation`.
    pub name: String,
    /// Version, from 1.
    pub version: u32,
    /// The numbered fields. `fields[i]` has position `i + 1`. `None` marks a retired position.
    pub fields: Vec<Option<Field>>,
    /// Fields that the transport supplies with every event: read by name, without a position.
    pub header: Vec<Field>,
    /// Sigma log sources that resolve to this template type.
    pub serves: Vec<LogSource>,
    /// How a recorded event is recognised as one of these: all must hold. A rule may
    /// read these names too; their values are known, so such predicates fold.
    pub reads: Vec<Recognition>,
    /// Whether events may have further fields that nobody declared.
    pub open: bool,
    /// What values of some of the fields look like, by name. For hints: no proof rests on it.
    pub looks: BTreeMap<String, Looks>,
    /// The file that declares it.
    pub source: Source,
    /// The name in the declaration.
    pub span: Span,
    /// The first error in the declaration, where there is one: no rule can be read against it.
    pub flaw: Option<Arc<Diagnostic>>,
}

/// What recorders call the channel of an event, its provider and its number, in the log that it lies in.
pub const CHANNEL: &str = "Channel";
/// See [`CHANNEL`].
pub const PROVIDER: &str = "Provider_Name";
/// See [`CHANNEL`].
pub const EVENT_ID: &str = "EventID";

impl TemplateType {
    /// Whether its events are known by channel, provider and number alone. Exporters leave the channel or the provider out, and what they
    /// record is recognised all the same where the rest tells what it is.
    #[must_use]
    pub fn is_known_in_part(&self) -> bool {
        let has = |name: &str| self.reads.iter().any(|of| of.name == name);
        let are_these = self.reads.iter().all(|of| [CHANNEL, PROVIDER, EVENT_ID].contains(&of.name.as_str()));
        !self.open && are_these && has(PROVIDER) && has(EVENT_ID)
    }

    /// Whether another one recognises the same events by `reads`, and shows rules the same values of them: the same names with the same
    /// values, in any order. A text in another case is another value, since rules see it as it is written here.
    #[must_use]
    pub fn recognises_alike(&self, other: &Self) -> bool {
        let are_same =
            |one: &[Fixed], other: &[Fixed]| one.len() == other.len() && one.iter().all(|value| other.contains(value));
        let has = |all: &[Recognition], one: &Recognition| {
            all.iter().any(|of| of.name == one.name && are_same(&of.values, &one.values))
        };
        self.reads.len() == other.reads.len() && self.reads.iter().all(|one| has(&other.reads, one))
    }

    /// Whether a recorded event of it may have no value under a name that it reads: of one value it would have that one.
    #[must_use]
    pub fn may_lack(&self, read: &str) -> bool {
        let of_several = self.reads.iter().any(|of| of.name == read && of.values.len() > 1);
        // Without a provider an event is known by its channel.
        let is_known = |by: &str| self.reads.iter().any(|of| of.name == by);
        let by_other = read == CHANNEL || (read == PROVIDER && is_known(CHANNEL));
        of_several && by_other && self.is_known_in_part()
    }

    /// The value under a name of `reads` of an event that says none under it, and that is one of this template type all the same: of
    /// one value this one, of several the first, unless the name [may be lacking](Self::may_lack). Channel and provider are not lacking
    /// both: `says` tells whether the event says a name.
    #[must_use]
    pub fn assumed(&self, read: &str, says: impl FnOnce(&str) -> bool) -> Option<&Fixed> {
        let of = self.reads.iter().find(|of| of.name == read)?;
        let lacks = self.may_lack(read) && !(read == CHANNEL && self.may_lack(PROVIDER) && !says(PROVIDER));
        of.values.first().filter(|_| !lacks)
    }

    /// One that declares nothing yet. `span` is that of its name in `source`.
    #[must_use]
    pub const fn new(name: String, version: u32, source: Source, span: Span) -> Self {
        Self {
            name,
            version,
            fields: Vec::new(),
            header: Vec::new(),
            serves: Vec::new(),
            reads: Vec::new(),
            open: false,
            looks: BTreeMap::new(),
            source,
            span,
            flaw: None,
        }
    }

    /// Number of positions, retired ones included.
    #[must_use]
    pub fn arity(&self) -> usize {
        self.fields.len()
    }
}

impl fmt::Display for TemplateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} @ {}", self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_they_are_written() {
        for text in ["string", "int?", "list<ip>", "list<string>? nocase", "string nocase", "bytes", "bool", "float?"] {
            assert_eq!(FieldType::parse(text).map(|ty| ty.to_string()).as_deref(), Some(text));
        }
        for text in
            ["", "text", "int nocase", "stringnocase", "list<list<int>>", "list<int", "string??", "list<int?>", " int"]
        {
            assert_eq!(FieldType::parse(text), None, "{text}");
        }
    }

    /// The linear search says what asking each pair would say.
    #[test]
    fn values_that_meet_are_found_as_by_asking_each_pair() {
        let texts = ["a", "A", "1", "+1", "0x1", "0X01", "1.0", "10e-1", "16", "0x10", "0xG", "-1", "", "true"];
        let texts = texts.into_iter().map(|text| Fixed::Text(text.to_owned()));
        let all: Vec<Fixed> = texts.chain([-1, 0, 1, 16].map(Fixed::Int)).collect();
        let pairwise = |values: &[Fixed]| {
            (0..values.len()).find(|at| values[..*at].iter().any(|before| before.meets(&values[*at])))
        };
        for one in &all {
            for other in &all {
                for third in &all {
                    let values = [one.clone(), other.clone(), third.clone()];
                    let found = Fixed::twice(&values);
                    assert_eq!(found.map(|(_, at)| at), pairwise(&values), "{values:?}");
                    assert!(found.is_none_or(|(before, at)| before < at && values[before].meets(&values[at])));
                }
            }
        }
        assert!(
            Fixed::Text("16".to_owned()).meets(&Fixed::Int(16))
                && Fixed::Int(16).meets(&Fixed::Text("0x10".to_owned()))
        );
    }

    #[test]
    fn a_sensor_may_promise_more_but_not_less() {
        let ty = |text| FieldType::parse(text).unwrap();
        assert!(ty("string? nocase").is_fed_by(ty("string")));
        assert!(!ty("string nocase").is_fed_by(ty("string?")));
        assert!(!ty("string").is_fed_by(ty("int")));
        assert!(!ty("list<int>").is_fed_by(ty("int")));
    }
}
