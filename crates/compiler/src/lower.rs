//! Lower: a checked condition to predicates as the image knows them, each in one normal form, so
//! that equal ones of different rules become one.

use std::collections::BTreeMap;
use std::net::IpAddr;

use contentcheck_interpreter::format::{self, Opcode, comparison, predicate_flags};
use contentcheck_interpreter::{int_key, ip_key};
use contentcheck_model::expression::Expr;
use contentcheck_model::field::FieldRef;
use contentcheck_model::predicate::{
    Comparison, FieldComparison, IntRange, Network, Pattern, Predicate, Test, TextPattern, TimePart, WildcardPart,
};
use contentcheck_model::regex::canonical;
use contentcheck_model::template::{FieldType, Scalar, TemplateType};
use contentcheck_model::value::Value;

use crate::factor::factors;
use crate::frequency::Likely;
use crate::sensor::number;
use crate::text::{Piece, Text, Texted};

/// More strings than these are not spread over a conjunction: the program stays short.
const SPREAD: usize = 64;

/// The keys of a set, sorted, in the form of the image.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Keys {
    pub(crate) scalar: u8,
    pub(crate) flags: u8,
    pub(crate) keys: Vec<Box<[u8]>>,
}

/// What a predicate asks, beside the input.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Ask {
    Exists,
    Null,
    Texts { texts: Vec<Texted>, all: bool },
    Int(Vec<(i64, i64)>),
    Float { variant: u8, bits: u64 },
    Bool(bool),
    InSet(Keys),
    Cidr(Vec<(u8, u8, [u32; 4])>),
    Mask { variant: u8, mask: i64, value: i64 },
    Time { part: u8, ranges: Vec<(i64, i64)> },
    Field { variant: u8, other: u16, ignore_case: bool },
}

/// A predicate in its normal form.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Question {
    pub(crate) input: u16,
    /// 0, or how the elements of a list are asked.
    pub(crate) quantifier: u8,
    pub(crate) ask: Ask,
}

impl Question {
    pub(crate) const fn opcode(&self) -> Opcode {
        match self.ask {
            Ask::Exists => Opcode::Exists,
            Ask::Null => Opcode::Null,
            Ask::Texts { all: false, .. } => Opcode::AnyText,
            Ask::Texts { all: true, .. } => Opcode::AllTexts,
            Ask::Int(_) => Opcode::Int,
            Ask::Float { .. } => Opcode::Float,
            Ask::Bool(_) => Opcode::Bool,
            Ask::InSet(_) => Opcode::InSet,
            Ask::Cidr(_) => Opcode::Cidr,
            Ask::Mask { .. } => Opcode::Mask,
            Ask::Time { .. } => Opcode::Time,
            Ask::Field { .. } => Opcode::Field,
        }
    }
}

/// What names an input: which field, and whether it is read by its number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct InputKey {
    pub(crate) field: FieldRef,
    pub(crate) by_number: bool,
}

impl InputKey {
    /// The input of a field; nothing for keywords.
    pub(crate) fn of(field: &FieldRef, by_number: bool) -> Option<Self> {
        (!field.is_any()).then(|| Self { field: field.clone(), by_number })
    }
}

/// The inputs that a condition mentions, whatever is left of it later.
pub(crate) fn mentions(condition: &Expr<Predicate>) -> Vec<InputKey> {
    let mut found = Vec::new();
    condition.mentions(&mut |mention| found.extend(InputKey::of(mention.field, mention.by_position)));
    found.sort();
    found.dedup();
    found
}

/// The condition over questions. `inputs` numbers what it mentions.
pub(crate) fn condition(
    condition: &Expr<Predicate>,
    template: &TemplateType,
    inputs: &BTreeMap<InputKey, u16>,
    frequency: Likely<'_>,
) -> Expr<Question> {
    let lowered = condition.substitute(&mut |predicate: &Predicate| {
        let key = InputKey::of(&predicate.field, predicate.by_position.is_some());
        let ty = key.as_ref().and_then(|key| template.describe(&key.field)).map(|info| info.ty);
        let input = match &key {
            None => Some(format::KEYWORD),
            Some(key) => inputs.get(key).copied(),
        };
        let Some(input) = input else { return Expr::Const(false) };
        let list = ty.is_some_and(|ty| ty.list);
        let (quantifier, test) = match &*predicate.test {
            Test::Elements { all, test } if list => {
                (if *all { predicate_flags::ALL } else { predicate_flags::ANY }, &**test)
            }
            // A value that is no list counts as a list of one.
            Test::Elements { test, .. } => (0, &**test),
            test => (0, test),
        };
        let other_by_number = predicate.other_by_position.is_some();
        let asked = ask(test, (input, quantifier), (ty, other_by_number), template, inputs, frequency);
        // The other field has to be there (FLD-1), which nothing looks at for a list without elements.
        let other = test.other().filter(|_| quantifier == predicate_flags::ALL);
        let other = other.and_then(|other| inputs.get(&InputKey::of(other, other_by_number)?).copied());
        match other {
            Some(input) => Expr::all([asked, Expr::Is(Question { input, quantifier: 0, ask: Ask::Exists })]),
            None => asked,
        }
    });
    together(lowered, frequency)
}

/// Joins the expressions that stand beside each other in a disjunction and that the scan cannot
/// find: one automaton then reads the text for all of them. The depth is that of the condition.
fn together(expr: Expr<Question>, frequency: Likely<'_>) -> Expr<Question> {
    match expr {
        Expr::Not(inner) => together(*inner, frequency).negate(),
        Expr::All(parts) => Expr::all(parts.into_iter().map(|part| together(part, frequency))),
        Expr::Any(parts) => {
            let mut joined: BTreeMap<(u16, u8), Vec<Texted>> = BTreeMap::new();
            let mut others = Vec::new();
            for part in parts {
                match part {
                    Expr::Is(Question { input, quantifier, ask: Ask::Texts { texts, all: false } })
                        if texts.iter().all(|text| {
                            matches!(text.text, Text::Matches(_)) && find(text, frequency) == Find::Not
                        }) =>
                    {
                        joined.entry((input, quantifier)).or_default().extend(texts);
                    }
                    other => others.push(together(other, frequency)),
                }
            }
            others.extend(joined.into_iter().map(|((input, quantifier), mut texts)| {
                texts.sort();
                texts.dedup();
                Expr::Is(Question { input, quantifier, ask: Ask::Texts { texts, all: false } })
            }));
            Expr::any(others)
        }
        other => other,
    }
}

fn ask(
    test: &Test,
    (input, quantifier): (u16, u8),
    (ty, other_by_number): (Option<FieldType>, bool),
    template: &TemplateType,
    inputs: &BTreeMap<InputKey, u16>,
    frequency: Likely<'_>,
) -> Expr<Question> {
    let is = |ask: Ask| Expr::Is(Question { input, quantifier, ask });
    // What no value passes, all elements of an empty list pass.
    let never = || match quantifier {
        predicate_flags::ALL => is(Ask::InSet(Keys { scalar: number(Scalar::Bool), flags: 0, keys: Vec::new() })),
        _ => Expr::Const(false),
    };
    match test {
        Test::Exists => is(Ask::Exists),
        Test::Null => is(Ask::Null),
        Test::Text { patterns, all } => {
            let mut texts: Vec<Texted> = patterns.iter().map(texted).collect();
            texts.sort();
            texts.dedup();
            if *all && quantifier == 0 && texts.len() <= SPREAD {
                let one = |text: Texted| is(Ask::Texts { texts: vec![text], all: false });
                return Expr::all(texts.into_iter().map(one));
            }
            // Keywords ask each text of any value; a conjunction says just that.
            let all = *all && texts.len() > 1;
            if all && input == format::KEYWORD {
                let one = |text: Texted| is(Ask::Texts { texts: vec![text], all: false });
                return Expr::all(texts.into_iter().map(one));
            }
            if all || quantifier == predicate_flags::ALL {
                return is(Ask::Texts { texts, all });
            }
            // What the scan can look for is asked apart from what it cannot, so that some short
            // text does not make a thousand others be compared one by one.
            let mut groups: BTreeMap<Find, Vec<Texted>> = BTreeMap::new();
            texts.into_iter().for_each(|text| groups.entry(find(&text, frequency)).or_default().push(text));
            Expr::any(groups.into_values().map(|texts| is(Ask::Texts { texts, all: false })))
        }
        Test::Int(ranges) => match merged(ranges) {
            ranges if ranges.is_empty() => never(),
            ranges => is(Ask::Int(ranges)),
        },
        Test::Float(comparison, constant) => is(Ask::Float { variant: variant(*comparison), bits: constant.to_bits() }),
        Test::Bool(truth) => is(Ask::Bool(*truth)),
        Test::Bytes(values) => {
            let mut keys = values.clone();
            keys.sort();
            keys.dedup();
            is(Ask::InSet(Keys { scalar: number(Scalar::Bytes), flags: 0, keys }))
        }
        Test::Cidr(networks) => {
            let mut of: Vec<_> = networks.iter().map(network).collect();
            of.sort_unstable();
            of.dedup();
            if of.is_empty() { never() } else { is(Ask::Cidr(of)) }
        }
        Test::Mask { mask, comparison, value } => {
            is(Ask::Mask { variant: variant(*comparison), mask: *mask, value: *value })
        }
        Test::Time(part, ranges) => {
            let part = match part {
                TimePart::Minute => 0,
                TimePart::Hour => 1,
                TimePart::Day => 2,
                TimePart::Week => 3,
                TimePart::Month => 4,
                TimePart::Year => 5,
            };
            match merged(ranges) {
                ranges if ranges.is_empty() => never(),
                ranges => is(Ask::Time { part, ranges }),
            }
        }
        Test::Field { comparison, other, ignore_case } => {
            let other_key = InputKey::of(other, other_by_number);
            let other_ty = other_key.as_ref().and_then(|key| template.describe(&key.field)).map(|info| info.ty);
            let Some(other) = other_key.and_then(|key| inputs.get(&key).copied()) else { return Expr::Const(false) };
            let bytes = |ty: Option<FieldType>| ty.is_some_and(|ty| ty.scalar == Scalar::Bytes);
            // Bytes have no text.
            if bytes(ty) != bytes(other_ty) {
                return never();
            }
            let variant = match comparison {
                FieldComparison::Order(comparison) => variant(*comparison),
                FieldComparison::Contains => comparison::CONTAINS,
                FieldComparison::StartsWith => comparison::STARTS_WITH,
                FieldComparison::EndsWith => comparison::ENDS_WITH,
            };
            is(Ask::Field { variant, other, ignore_case: *ignore_case })
        }
        Test::InTable(table) => {
            let key = table.key_type();
            let fold = key.nocase && key.scalar == Scalar::String;
            let column = table.key();
            let mut keys: Vec<Box<[u8]>> = table
                .rows()
                .iter()
                .filter_map(|row| row.get(column)?.as_ref())
                .filter_map(|value| set_key(value, fold))
                .collect();
            keys.sort();
            keys.dedup();
            let flags = format::SET_TABLE | if fold { format::IGNORE_CASE } else { 0 };
            is(Ask::InSet(Keys { scalar: number(key.scalar), flags, keys }))
        }
        // The native language has no lists in lists.
        Test::Elements { .. } | Test::Unexpanded => never(),
    }
}

/// How a text can be found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Find {
    /// The scan finds it.
    Exactly,
    /// The scan may find a part of it.
    Perhaps,
    /// It has to be asked.
    Not,
}

fn find(text: &Texted, frequency: Likely<'_>) -> Find {
    match factors(text, frequency) {
        Some(found) if found.exact => Find::Exactly,
        Some(_) => Find::Perhaps,
        None => Find::Not,
    }
}

fn set_key(value: &Value, fold: bool) -> Option<Box<[u8]>> {
    Some(match value {
        Value::String(text) if fold => text.to_ascii_lowercase().into_bytes().into(),
        Value::String(text) => text.as_bytes().into(),
        Value::Int(number) => int_key(*number).as_slice().into(),
        Value::Bool(truth) => [u8::from(*truth)].as_slice().into(),
        Value::Ip(address) => ip_key(address, &mut [0; 17]).into(),
        Value::Bytes(bytes) => bytes.as_slice().into(),
        Value::Float(_) | Value::List(_) => return None,
    })
}

const fn variant(of: Comparison) -> u8 {
    match of {
        Comparison::Equal => comparison::EQUAL,
        Comparison::NotEqual => comparison::NOT_EQUAL,
        Comparison::Less => comparison::LESS,
        Comparison::LessOrEqual => comparison::AT_MOST,
        Comparison::Greater => comparison::GREATER,
        Comparison::GreaterOrEqual => comparison::AT_LEAST,
    }
}

/// Ranges sorted, and those that touch joined.
fn merged(ranges: &[IntRange]) -> Vec<(i64, i64)> {
    let mut sorted: Vec<(i64, i64)> = ranges.iter().map(|range| (range.from, range.to)).collect();
    sorted.retain(|(from, to)| from <= to);
    sorted.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::with_capacity(sorted.len());
    for (from, to) in sorted {
        match joined.last_mut() {
            Some((_, last)) if from <= last.saturating_add(1) => *last = (*last).max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

fn network(network: &Network) -> (u8, u8, [u32; 4]) {
    match network.address {
        IpAddr::V4(address) => (4, network.prefix, [address.to_bits(), 0, 0, 0]),
        IpAddr::V6(address) => {
            let word = |shift: u32| (address.to_bits() >> shift) as u32;
            (6, network.prefix, [word(96), word(64), word(32), word(0)])
        }
    }
}

fn texted(pattern: &TextPattern) -> Texted {
    let ignore_case = pattern.ignore_case;
    let bytes = |text: &str| -> Box<[u8]> {
        if ignore_case { text.to_ascii_lowercase().into_bytes().into() } else { text.as_bytes().into() }
    };
    let text = match &pattern.pattern {
        Pattern::Equals(text) => Text::Equals(bytes(text)),
        Pattern::StartsWith(text) => Text::Prefix(bytes(text)),
        Pattern::EndsWith(text) => Text::Suffix(bytes(text)),
        Pattern::Contains(text) => Text::Contains(bytes(text)),
        Pattern::Like(parts) => Text::Like(
            parts
                .iter()
                .map(|part| match part {
                    WildcardPart::Literal(text) => Piece::Literal(bytes(text)),
                    WildcardPart::AnyRun => Piece::AnyRun,
                    WildcardPart::AnyOne => Piece::AnyOne,
                })
                .collect(),
        ),
        // The canonical form has its case rule inside.
        Pattern::Matches(regex) => {
            return Texted { text: Text::Matches(canonical(regex, ignore_case).into()), ignore_case: false };
        }
    };
    Texted { text, ignore_case }
}
