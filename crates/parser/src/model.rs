//! The checked model: what both languages lower to.
//!
//! Nothing in here tells which language a rule was written in. A rule is only
//! made where all of it was read.

use std::net::IpAddr;
use std::sync::Arc;

use crate::diagnostic::Whole;
use crate::source::{Source, Span};
use crate::table::Table;
use crate::template::TemplateType;
pub use crate::value::Value;

/// A condition over predicates of kind `P`.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr<P> {
    /// Known before any event is seen.
    Const(bool),
    /// Holds when the inner one does not.
    Not(Box<Self>),
    /// Holds when all parts do. At least two parts, none of them `All` or `Const`.
    All(Vec<Self>),
    /// Holds when any part does. At least two parts, none of them `Any` or `Const`.
    Any(Vec<Self>),
    /// A predicate.
    Is(P),
}

impl<P> Expr<P> {
    /// The conjunction, with constants folded and nested conjunctions flattened.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::gather(parts, true)
    }

    /// The disjunction, with constants folded and nested disjunctions flattened.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::gather(parts, false)
    }

    fn gather(parts: impl IntoIterator<Item = Self>, conjunction: bool) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Self::Const(value) if value == conjunction => {}
                Self::Const(_) => return Self::Const(!conjunction),
                Self::All(inner) if conjunction => kept.extend(inner),
                Self::Any(inner) if !conjunction => kept.extend(inner),
                other => kept.push(other),
            }
        }
        match (kept.len(), conjunction) {
            (0, _) => Self::Const(conjunction),
            (1, _) => kept.pop().unwrap_or(Self::Const(conjunction)),
            (_, true) => Self::All(kept),
            (_, false) => Self::Any(kept),
        }
    }

    /// The negation, with constants and double negations folded.
    #[must_use]
    pub fn negate(self) -> Self {
        match self {
            Self::Const(value) => Self::Const(!value),
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// Calls `visit` for every predicate, from left to right; the flag tells whether
    /// it stands under an odd number of negations.
    pub fn each<'a>(&'a self, visit: &mut impl FnMut(&'a P, bool)) {
        self.each_from(false, visit);
    }

    fn each_from<'a>(&'a self, negated: bool, visit: &mut impl FnMut(&'a P, bool)) {
        match self {
            Self::Const(_) => {}
            Self::Not(inner) => inner.each_from(!negated, visit),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.each_from(negated, visit)),
            Self::Is(predicate) => visit(predicate, negated),
        }
    }

    /// Replaces every predicate by an expression over other predicates, and folds.
    pub fn substitute<'a, Q>(&'a self, replace: &mut impl FnMut(&'a P) -> Expr<Q>) -> Expr<Q> {
        match self {
            Self::Const(value) => Expr::Const(*value),
            Self::Not(inner) => inner.substitute(replace).negate(),
            Self::All(parts) => {
                let mut kept = Vec::with_capacity(parts.len());
                for part in parts {
                    match part.substitute(replace) {
                        Expr::Const(false) => return Expr::Const(false),
                        other => kept.push(other),
                    }
                }
                Expr::all(kept)
            }
            Self::Any(parts) => {
                let mut kept = Vec::with_capacity(parts.len());
                for part in parts {
                    match part.substitute(replace) {
                        Expr::Const(true) => return Expr::Const(true),
                        other => kept.push(other),
                    }
                }
                Expr::any(kept)
            }
            Self::Is(predicate) => replace(predicate),
        }
    }

    /// Like [`Expr::substitute`], where a predicate may have no replacement: then the whole has none, and
    /// every part is looked at all the same. A part that decides is enough, as there.
    pub(crate) fn try_substitute<'a, Q, E>(
        &'a self,
        replace: &mut impl FnMut(&'a P) -> Result<Expr<Q>, E>,
    ) -> Result<Expr<Q>, E> {
        match self {
            Self::Const(value) => Ok(Expr::Const(*value)),
            Self::Not(inner) => Ok(inner.try_substitute(replace)?.negate()),
            Self::All(parts) => Ok(Self::try_parts(parts, false, replace)?.map_or(Expr::Const(false), Expr::all)),
            Self::Any(parts) => Ok(Self::try_parts(parts, true, replace)?.map_or(Expr::Const(true), Expr::any)),
            Self::Is(predicate) => replace(predicate),
        }
    }

    /// The parts replaced; none where one of them is the constant that decides.
    fn try_parts<'a, Q, E>(
        parts: &'a [Self],
        decisive: bool,
        replace: &mut impl FnMut(&'a P) -> Result<Expr<Q>, E>,
    ) -> Result<Option<Vec<Expr<Q>>>, E> {
        let mut kept = Vec::with_capacity(parts.len());
        let mut refused = None;
        for part in parts {
            match part.try_substitute(replace) {
                Ok(Expr::Const(value)) if value == decisive && refused.is_none() => return Ok(None),
                Ok(other) => kept.push(other),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        refused.map_or(Ok(Some(kept)), Err)
    }
}

/// Which value of an event a predicate looks at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FieldRef {
    /// A numbered field: index into [`TemplateType::fields`], so position less one.
    Input(u32),
    /// A header field: index into [`TemplateType::header`].
    Header(u32),
    /// A name that the template type fixes to one of several values: index into [`TemplateType::reads`].
    Fixed(u32),
    /// A field that an open template type does not declare, by name.
    Open(Arc<str>),
    /// Any value of the event (Sigma keywords).
    Keyword,
}

impl FieldRef {
    /// The field that content means by a name: a numbered one, else one of the header, else one that
    /// the template type fixes, else one that it does not declare.
    #[must_use]
    pub fn named(template: &TemplateType, name: &str) -> Self {
        let index = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        if let Some((position, _)) = template.field(name) {
            return Self::Input(index(position - 1));
        }
        if let Some((at, _)) = template.header_field(name) {
            return Self::Header(index(at));
        }
        match template.reads.iter().position(|recognition| recognition.name == name) {
            Some(at) => Self::Fixed(index(at)),
            None => Self::Open(name.into()),
        }
    }
}

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
    /// The truth value.
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

impl Expr<Predicate> {
    /// Whether another condition asks the same in the same order, wherever the two are written.
    #[must_use]
    pub fn asks_alike(&self, other: &Self) -> bool {
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

/// A rule, specialised for one template type.
#[derive(Clone, Debug)]
pub struct Target {
    /// The template type.
    pub template: Arc<TemplateType>,
    /// The condition. Never `Const(false)`.
    pub condition: Expr<Predicate>,
}

/// How severe a match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Only of interest together with others.
    Informational,
    /// Notable.
    Low,
    /// To be looked at.
    Medium,
    /// To be looked at now.
    High,
    /// An incident.
    Critical,
}

impl Level {
    /// The five words, from the least to the most severe.
    pub const WORDS: [&'static str; 5] = ["informational", "low", "medium", "high", "critical"];

    /// The level that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let levels = [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];
        Self::WORDS.iter().zip(levels).find(|(name, _)| **name == word).map(|(_, level)| level)
    }
}

/// One test event of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct TestCase {
    /// Name, where one was given.
    pub name: Option<String>,
    /// Whether the rule must fire.
    pub fires: bool,
    /// The values, by field; a field that is not listed is absent.
    pub values: Vec<(FieldRef, Value)>,
    /// Where it is written.
    pub span: Span,
}

/// The number of a rule in an image, and among the rules of its content in the order of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(u32);

impl RuleId {
    /// The rule with a number of an image.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The rule at an index. An image numbers fewer rules than there are numbers.
    #[must_use]
    pub fn of_index(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// The number, as an image has it.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The index of the rule in the order of the image.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Things that stand in the order of the image, each with its rule.
    pub fn count<T>(rules: impl IntoIterator<Item = T>) -> impl Iterator<Item = (Self, T)> {
        (0..u32::MAX).map(Self).zip(rules)
    }
}

/// A rule that passed resolution and typing, all of which was read.
#[derive(Clone, Debug)]
pub struct CheckedRule {
    /// The name that reports use: the id, else the title or name.
    pub name: String,
    /// Id, where the rule has one.
    pub id: Option<String>,
    /// Title.
    pub title: String,
    /// Severity of a match.
    pub level: Option<Level>,
    /// The template types that the rule runs on, with the condition for each.
    pub targets: Vec<Target>,
    /// Which sensors may load the rule.
    pub sensors: Option<crate::sensor::Constraint>,
    /// The rule's own tests.
    pub tests: Vec<TestCase>,
    /// The file that it was read from.
    pub source: Source,
    /// Where it stands in the file: its title or name.
    pub span: Span,
    /// The bytes of the whole declaration or document: a finding with a place in them is about it.
    pub extent: Span,
    /// The bytes of the global document that is merged into it: a finding there is about it too.
    pub global: Option<Span>,
    #[expect(dead_code, reason = "nobody reads the proof; without it there is no such rule")]
    pub(crate) whole: Whole,
}

impl CheckedRule {
    /// Its target on a template type, whatever the version.
    #[must_use]
    pub fn on(&self, template: &str) -> Option<&Target> {
        self.targets.iter().find(|target| target.template.name == template)
    }
}
