//! Predicates: what a condition asks of the value of a field.

use std::net::IpAddr;
use std::sync::Arc;

use crate::expression::Expr;
use crate::field::FieldRef;
use crate::regex::may_match_within;
use crate::source::Span;
use crate::table::Table;
use crate::template::Scalar;

/// A part of a wildcard pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WildcardPart {
    /// Literal text; never empty.
    Literal(Box<str>),
    /// `*`: any run of characters, also none.
    AnyRun,
    /// `?`: exactly one character.
    AnyOne,
}

/// A regular expression in the syntax of the `regex` crate, searched unanchored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Regex {
    /// The expression.
    pub pattern: Box<str>,
    /// `^` and `$` match at line breaks.
    pub multi_line: bool,
    /// `.` matches a line break.
    pub dot_all: bool,
}

/// What a text is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// The whole text.
    Equals(Box<str>),
    /// A part anywhere.
    Contains(Box<str>),
    /// The beginning.
    StartsWith(Box<str>),
    /// The end.
    EndsWith(Box<str>),
    /// The whole text against a wildcard pattern.
    Like(Box<[WildcardPart]>),
    /// A part that the expression matches.
    Matches(Regex),
}

/// A pattern and its case rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TextPattern {
    /// The pattern.
    pub pattern: Pattern,
    /// Whether ASCII letters match in either case. Other letters always match exactly.
    pub ignore_case: bool,
}

/// An inclusive range of integers; `from <= to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IntRange {
    /// Least value.
    pub from: i64,
    /// Greatest value.
    pub to: i64,
}

impl IntRange {
    /// Whether a number lies in it.
    #[must_use]
    pub const fn holds(&self, number: i64) -> bool {
        self.from <= number && number <= self.to
    }
}

/// How two ordered values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A part of a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimePart {
    /// Minute, 0 to 59.
    Minute,
    /// Hour, 0 to 23.
    Hour,
    /// Day of the month, 1 to 31.
    Day,
    /// ISO week, 1 to 53.
    Week,
    /// Month, 1 to 12.
    Month,
    /// Year.
    Year,
}

impl TimePart {
    /// Its name, which is that of its modifier in Sigma.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// A network in CIDR notation; host bits are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    /// First address.
    pub address: IpAddr,
    /// Length of the prefix in bits.
    pub prefix: u8,
}

/// How two fields compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldComparison {
    /// By order and equality, in their common type.
    Order(Comparison),
    /// The first text contains the second.
    Contains,
    /// The first text starts with the second.
    StartsWith,
    /// The first text ends with the second.
    EndsWith,
}

/// What a predicate asks of a value. On an absent value every test but [`Test::Null`] is false.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// The value is there (it may be empty).
    Exists,
    /// The value is absent or null.
    Null,
    /// The text matches any of the patterns, or all of them. A number is compared by its decimal text.
    Text {
        /// The patterns; never empty.
        patterns: Vec<TextPattern>,
        /// Whether all must match.
        all: bool,
    },
    /// The integer lies in any of the ranges. A text is taken as a decimal integer where it is one.
    Int(Vec<IntRange>),
    /// The number compares so with a constant. A text is taken as a decimal number where it is one.
    Float(Comparison, f64),
    /// The boolean.
    Bool(bool),
    /// The bytes equal any of these.
    Bytes(Vec<Box<[u8]>>),
    /// The address lies in any of the networks. A text is taken as an address where it is one.
    Cidr(Vec<Network>),
    /// `value & mask` compares so with a constant.
    Mask {
        /// The bits that are looked at.
        mask: i64,
        /// The comparison.
        comparison: Comparison,
        /// What the masked value is compared with.
        value: i64,
    },
    /// A part of the timestamp lies in any of the ranges.
    Time(TimePart, Vec<IntRange>),
    /// The value compares so with that of another field of the same event.
    Field {
        /// The comparison.
        comparison: FieldComparison,
        /// The other field.
        other: FieldRef,
        /// Whether ASCII letters match in either case.
        ignore_case: bool,
    },
    /// The value is a key of the table.
    InTable(Arc<Table>),
    /// Any or all elements of the list value pass the inner test. `all` of an empty list is true.
    Elements {
        /// Whether all must pass.
        all: bool,
        /// The test of one element.
        test: Box<Self>,
    },
    /// A placeholder that nobody expanded: never true.
    Unexpanded,
}

impl Test {
    /// Whether a keyword with this test is looked for in values of a type at all: a float has several texts, and bytes have none (CONV-2).
    #[must_use]
    pub const fn is_keyword_in(&self, scalar: Scalar) -> bool {
        match self {
            Self::Cidr(_) => matches!(scalar, Scalar::String | Scalar::Ip),
            _ => matches!(scalar, Scalar::String | Scalar::Int | Scalar::Bool | Scalar::Ip),
        }
    }

    /// Whether some value of a type may pass as a keyword, as far as a look at its letters tells.
    #[must_use]
    pub fn may_be_keyword_in(&self, scalar: Scalar) -> bool {
        let of_any = |patterns: &[TextPattern]| patterns.iter().any(|one| may_have(scalar, one));
        self.is_keyword_in(scalar) && if let Self::Text { patterns, .. } = self { of_any(patterns) } else { true }
    }

    /// How many values are looked for, one at least.
    #[must_use]
    pub fn values(&self) -> usize {
        match self {
            Self::Text { patterns, .. } => patterns.len(),
            Self::Int(ranges) | Self::Time(_, ranges) => ranges.len(),
            Self::Bytes(values) => values.len(),
            Self::Cidr(networks) => networks.len(),
            Self::InTable(table) => table.rows().len(),
            Self::Elements { test, .. } => test.values(),
            _ => 1,
        }
    }

    /// The test of the elements, of a test of lists; else the test itself.
    #[must_use]
    pub fn element(&self) -> &Self {
        let mut test = self;
        while let Self::Elements { test: inner, .. } = test {
            test = inner;
        }
        test
    }

    /// The other field that the value is compared with.
    #[must_use]
    pub fn other(&self) -> Option<&FieldRef> {
        match self {
            Self::Field { other, .. } => Some(other),
            Self::Elements { test, .. } => test.other(),
            _ => None,
        }
    }
}

/// Whether the text of some value of a type may be what a pattern looks for: it is none where the pattern has a letter that no such text has.
fn may_have(scalar: Scalar, TextPattern { pattern, ignore_case }: &TextPattern) -> bool {
    let letters: &[u8] = match scalar {
        Scalar::Int => b"-0123456789",
        Scalar::Bool => b"truefals",
        Scalar::Ip => b".:0123456789abcdef",
        Scalar::String | Scalar::Bytes | Scalar::Float => return true,
    };
    let folded = |text: &str| if *ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
    let has = |text: &str| folded(text).bytes().all(|byte| letters.contains(&byte));
    // There are two of these, so nothing need be guessed of most patterns.
    let of_bool = |is: fn(&str, &str) -> bool, text: &str| {
        scalar != Scalar::Bool || ["true", "false"].iter().any(|truth| is(truth, &folded(text)))
    };
    match pattern {
        Pattern::Equals(text) => has(text) && of_bool(|truth, text| truth == text, text),
        Pattern::Contains(text) => has(text) && of_bool(|truth, text| truth.contains(text), text),
        Pattern::StartsWith(text) => has(text) && of_bool(|truth, text| truth.starts_with(text), text),
        Pattern::EndsWith(text) => has(text) && of_bool(|truth, text| truth.ends_with(text), text),
        Pattern::Like(parts) => parts.iter().all(|part| !matches!(part, WildcardPart::Literal(text) if !has(text))),
        Pattern::Matches(regex) => may_match_within(regex, *ignore_case, letters),
    }
}

/// A test of one value.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    /// The value.
    pub field: FieldRef,
    /// The test.
    pub test: Arc<Test>,
    /// Where it is written.
    pub span: Span,
    /// The position that the rule used instead of a name, from 1.
    pub by_position: Option<u32>,
    /// The same for the other side of a [`Test::Field`].
    pub other_by_position: Option<u32>,
}

impl Predicate {
    /// A test of a field by its name.
    #[must_use]
    pub fn new(field: FieldRef, test: impl Into<Arc<Test>>, span: Span) -> Self {
        Self { field, test: test.into(), span, by_position: None, other_by_position: None }
    }

    /// Holds on events that have no value in a field; nobody wrote it.
    #[must_use]
    pub fn absent(field: FieldRef) -> Self {
        Self::new(field, Test::Null, Span::default())
    }
}

/// A field that a condition mentions.
#[derive(Clone, Copy, Debug)]
pub struct Mention<'e> {
    /// The field.
    pub field: &'e FieldRef,
    /// The predicate that mentions it.
    pub predicate: &'e Predicate,
    /// Whether the rule wrote its position instead of its name.
    pub by_position: bool,
}

impl Expr<Predicate> {
    /// How many values the condition looks for, counted at each predicate. Those of a table are shared and count once.
    #[must_use]
    pub fn spread_values(&self) -> usize {
        let mut count = 0_usize;
        self.each(&mut |predicate, _| {
            let values = if let Test::InTable(_) = predicate.test.element() { 1 } else { predicate.test.values() };
            count = count.saturating_add(values);
        });
        count
    }

    /// Calls `visit` for every field that is mentioned, on either side of a comparison, from left to right.
    pub fn mentions<'e>(&'e self, visit: &mut impl FnMut(Mention<'e>)) {
        self.each(&mut |predicate, _| {
            visit(Mention { field: &predicate.field, predicate, by_position: predicate.by_position.is_some() });
            if let Some(field) = predicate.test.other() {
                visit(Mention { field, predicate, by_position: predicate.other_by_position.is_some() });
            }
        });
    }

    /// Whether another condition on the same template type asks the same in the same order, wherever the two are written; of others
    /// [`Target::asks_alike`](crate::rule::Target::asks_alike) says it.
    #[must_use]
    pub(crate) fn asks_alike(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Const(a), Self::Const(b)) => a == b,
            (Self::Not(a), Self::Not(b)) => a.asks_alike(b),
            (Self::All(a), Self::All(b)) | (Self::Any(a), Self::Any(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.asks_alike(b))
            }
            (Self::Is(a), Self::Is(b)) => a.field == b.field && a.test == b.test,
            _ => false,
        }
    }
}

impl Network {
    /// Reads a network in CIDR notation; a single address is a network of its own.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow its text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| "the address cannot be read".to_owned())?;
        let bits: u8 = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(prefix) => prefix
                .parse()
                .ok()
                .filter(|prefix| *prefix <= bits)
                .ok_or(format!("the prefix length must lie between 0 and {bits}"))?,
        };
        let host_bits = match address {
            IpAddr::V4(address) => address.to_bits().checked_shl(u32::from(prefix)).unwrap_or(0) != 0,
            IpAddr::V6(address) => address.to_bits().checked_shl(u32::from(prefix)).unwrap_or(0) != 0,
        };
        if host_bits {
            return Err(format!("bits are set beyond the prefix of {prefix}"));
        }
        Ok(Self { address, prefix })
    }
}
