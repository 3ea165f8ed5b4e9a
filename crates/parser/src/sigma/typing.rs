//! Typing: from a detection item and the type of its field to tests.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::detection::{Item, Raw, Written, is_plain};
use super::hygiene;
use super::modifier::{Kind, Part};
use super::text::{self, Refused};
use contentcheck_model::decimal;
use contentcheck_model::diagnostic::{Sink, Unread, clip, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::limits::{self, Budget};
use contentcheck_model::predicate::{
    Comparison, IntRange, Network, Pattern, Regex, Test, TextPattern, TimePart, WildcardPart,
};
use contentcheck_model::regex;
use contentcheck_model::slip;
use contentcheck_model::template::{FieldType, Scalar};
use contentcheck_model::wildcard;

/// What an item asks of a field.
#[derive(Clone, Debug)]
pub(crate) enum Typed {
    /// Tests of its value.
    Tests(Expr<Arc<Test>>),
    /// A comparison with other fields, which the template type has to find (`fieldref`).
    OtherField,
}

/// What an item asks of one type of field, unless it cannot be read.
type Asked = Result<Typed, Unread>;

/// The tests of an item that compares with values.
type Tests = Result<Expr<Arc<Test>>, Unread>;

/// An item with everything that does not depend on the field's type worked out.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// What the item asks of a text, without `neq`.
    text: Asked,
    /// What was worked out so far, by type.
    typed: Vec<(Scalar, bool, Asked)>,
    /// Whether a comparison with a list was reported.
    compares_list: Option<Unread>,
    /// Whether it was looked at as a test of one value, which no text passes that has to equal two.
    is_of_one: bool,
    /// Whether an order on a string was reported.
    orders_string: bool,
}

impl Prepared {
    /// Works out an item and reports what is wrong with it on any type of field.
    pub(crate) fn new(item: &Item<'_>, values: &mut usize, budget: &mut Budget, sink: &mut Sink) -> Self {
        Self {
            text: as_text(item, values, budget, sink),
            typed: Vec::new(),
            compares_list: None,
            is_of_one: false,
            orders_string: false,
        }
    }

    /// The proof that the item could not be read, where it could not.
    pub(crate) const fn unread(&self) -> Option<Unread> {
        match &self.text {
            Ok(_) => None,
            Err(unread) => Some(*unread),
        }
    }

    /// The tests as keywords or on a field whose type nobody declares. None where there are none: the item
    /// could not be read, or it compares with another field.
    pub(crate) const fn tests(&self) -> Option<&Expr<Arc<Test>>> {
        match &self.text {
            Ok(Typed::Tests(tests)) => Some(tests),
            Ok(Typed::OtherField) | Err(_) => None,
        }
    }

    /// Reports, once, that the item compares with a field that a template type declares as a list.
    pub(crate) fn report_list(
        &mut self,
        value: &Written<'_>,
        template: &str,
        ty: FieldType,
        sink: &mut Sink,
    ) -> Unread {
        *self.compares_list.get_or_insert_with(|| {
            let message = format!("`fieldref` names `{}`, which is a list: `{ty}` in `{template}`", clip(&value.text));
            let found = sink
                .diagnostic(&codes::FIELD_TYPES_DIFFER, value.span, message)
                .with_help("compare with a field of one value; no element of the list is meant more than another");
            sink.refuse(found)
        })
    }

    /// What the item asks of a field of a type, or of any field. What does not fit is reported once per type.
    pub(crate) fn on(&mut self, item: &Item<'_>, ty: Option<FieldType>, sink: &mut Sink) -> Asked {
        if ty.is_some_and(|ty| !ty.list) && !std::mem::replace(&mut self.is_of_one, true) {
            contradictory_all(item, self.tests(), sink);
        }
        let is_order = matches!(item.modifiers.kind, Kind::Order(_)) && self.text.is_ok();
        if ty.is_some_and(|ty| ty.scalar == Scalar::String)
            && is_order
            && !std::mem::replace(&mut self.orders_string, true)
        {
            let message =
                format!("`{}` is a string; only one that is a number as a whole has an order", field_name(item));
            let found = sink.diagnostic(&codes::NUMBER_AS_TEXT, item.key_span, message);
            sink.push(found.with_help(
                "compare a field that is a number; for the length of a string use a regex such as `re: '.{1000}'`",
            ));
        }
        let Some(ty) = ty.filter(|ty| ty.scalar != Scalar::String || ty.list) else { return self.text.clone() };
        if let Some((_, _, asked)) =
            self.typed.iter().find(|(scalar, list, _)| (*scalar, *list) == (ty.scalar, ty.list))
        {
            return asked.clone();
        }
        let asked = match &self.text {
            Ok(Typed::Tests(tests)) => on_scalar(item, ty.scalar, tests, sink).map(|tests| {
                let is_plain = item.modifiers.kind == Kind::Plain;
                let mut of_list = |test: &Arc<Test>| match **test {
                    Test::Exists if is_plain => some_element(ty.scalar),
                    _ => over_elements(test),
                };
                Typed::Tests(if ty.list { tests.substitute(&mut of_list) } else { tests })
            }),
            other => other.clone(),
        };
        self.typed.push((ty.scalar, ty.list, asked.clone()));
        asked
    }
}

/// On a list any element may pass; that the list is absent or there is asked of the list.
pub(crate) fn elements(test: &Arc<Test>) -> Arc<Test> {
    match **test {
        Test::Null | Test::Exists => Arc::clone(test),
        _ => Arc::new(Test::Elements { all: false, test: Box::new((**test).clone()) }),
    }
}

/// What an item asks of a list. `all` asks for each value in some element, which need not be the same one: it makes
/// `and` of the `or` between values and says nothing of elements.
fn over_elements(test: &Arc<Test>) -> Expr<Arc<Test>> {
    match &**test {
        Test::Text { patterns, all: true } => Expr::all(patterns.iter().map(|pattern| {
            let one = Test::Text { patterns: vec![pattern.clone()], all: false };
            Expr::Is(elements(&Arc::new(one)))
        })),
        _ => Expr::Is(elements(test)),
    }
}

/// What `'*'` asks of a list: some element, whatever it is. The list alone may have none.
fn some_element(scalar: Scalar) -> Expr<Arc<Test>> {
    let any = |test: Test| Expr::Is(elements(&Arc::new(test)));
    match scalar {
        Scalar::String => any(Test::Text {
            patterns: vec![TextPattern { pattern: Pattern::Contains("".into()), ignore_case: true }],
            all: false,
        }),
        Scalar::Int => any(Test::Int(vec![IntRange { from: i64::MIN, to: i64::MAX }])),
        Scalar::Float => any(Test::Float(Comparison::GreaterOrEqual, f64::NEG_INFINITY)),
        Scalar::Bool => Expr::any([any(Test::Bool(true)), any(Test::Bool(false))]),
        Scalar::Ip => {
            let of = |address: IpAddr| Network { address, prefix: 0 };
            any(Test::Cidr(vec![of(Ipv4Addr::UNSPECIFIED.into()), of(Ipv6Addr::UNSPECIFIED.into())]))
        }
        // No test passes on all bytes, so: there is an element that fails one that none passes.
        Scalar::Bytes => {
            let none = Test::Elements { all: true, test: Box::new(Test::Bytes(Vec::new())) };
            Expr::all([is(Test::Exists), is(none).negate()])
        }
    }
}

fn is(test: Test) -> Expr<Arc<Test>> {
    Expr::Is(Arc::new(test))
}

/// What an item asks of a text.
fn as_text(item: &Item<'_>, values: &mut usize, budget: &mut Budget, sink: &mut Sink) -> Asked {
    let tests = match item.modifiers.kind {
        Kind::Plain => texts(item, values, budget, sink),
        Kind::Exists => exists(item, sink),
        Kind::Cidr => cidr(item, sink),
        Kind::Regex => regexes(item, budget, sink),
        Kind::Order(comparison) => order(item, comparison, sink),
        Kind::Time(part) => time(item, part, sink),
        // The other field's name; which field that is depends on the template type.
        Kind::FieldRef => return other_field(item, sink),
    };
    tests.map(Typed::Tests)
}

/// Comparison with other fields: a keyword is no field to compare, and each value has to be a name.
fn other_field(item: &Item<'_>, sink: &mut Sink) -> Asked {
    if item.field.is_none() {
        let message = "`fieldref` compares a field with another one, and a keyword is looked for in all of them";
        let found = sink.diagnostic(&codes::INCOMPATIBLE_MODIFIERS, item.key_span, message);
        return Err(sink.refuse(
            found.with_help("name the field before the modifier: `SubjectUserName|fieldref: TargetUserName`"),
        ));
    }
    if item.values.iter().any(|value| !matches!(value.raw, Raw::Text(name) if !name.trim().is_empty())) {
        return Err(sink.unread(&codes::INVALID_VALUE, item.span, "`fieldref` takes the names of fields"));
    }
    Ok(Typed::OtherField)
}

/// Comparison with strings, each with its wildcards and encodings.
fn texts(item: &Item<'_>, values: &mut usize, budget: &mut Budget, sink: &mut Sink) -> Tests {
    let modifiers = &item.modifiers;
    let mut nulls = false;
    let mut opaque = false;
    let mut patterns: Vec<TextPattern> = Vec::with_capacity(item.values.len());
    let mut forms: Vec<usize> = Vec::new();
    for value in &item.values {
        if value.raw == Raw::Null {
            nulls = true;
            continue;
        }
        if modifiers.expand && text_has_placeholder(&value.text) {
            let found = sink
                .diagnostic(
                    &codes::UNEXPANDED_PLACEHOLDER,
                    value.span,
                    format!("`{}` is a placeholder that nothing expands", clip(&value.text)),
                )
                .with_help("a pipeline has to put the values in before release; unexpanded it never matches");
            sink.push(found);
            opaque = true;
            continue;
        }
        let before = patterns.len();
        if let Err(reason) = text::patterns(&value.text, modifiers, before + *values, budget, &mut patterns) {
            return Err(report_refused(&reason, value, sink));
        }
        forms.push(patterns.len() - before);
        *values = values.saturating_sub(patterns.len() - before);
    }
    let mut parts = Vec::new();
    if nulls {
        if !is_plain(modifiers) {
            let found = sink.diagnostic(&codes::INVALID_VALUE, item.span, "`null` cannot be a part of a string");
            let name = field_name(item);
            return Err(sink.refuse(found.with_help(format!(
                "write a string in the place of the empty value; an absent field is asked for with `{name}: null`, without a modifier"
            ))));
        }
        parts.push(is(Test::Null));
    }
    if opaque {
        parts.push(is(Test::Unexpanded));
    }
    if !patterns.is_empty() {
        // `startswith` and `endswith` say where the keyword is; without them it may be anywhere.
        if item.field.is_none() && modifiers.part == Part::Whole {
            patterns.iter_mut().for_each(|pattern| pattern.pattern = anywhere(&pattern.pattern));
        }
        if modifiers.all && !modifiers.encodings.is_empty() {
            // Each value must be there in one of its forms, not in all of them.
            let mut rest = patterns.into_iter();
            for count in forms {
                let patterns: Vec<TextPattern> = rest.by_ref().take(count).collect();
                parts.push(is(Test::Text { patterns, all: false }));
            }
        } else {
            // Of one pattern `all` and `any` ask the same, so that there is one way to say it.
            let all = modifiers.all && patterns.len() > 1;
            parts.push(is(Test::Text { patterns, all }));
        }
    }
    Ok(if modifiers.all { Expr::all(parts) } else { Expr::any(parts) })
}

/// A keyword is looked for anywhere in a value.
fn anywhere(pattern: &Pattern) -> Pattern {
    match pattern {
        Pattern::Equals(text) | Pattern::StartsWith(text) | Pattern::EndsWith(text) => Pattern::Contains(text.clone()),
        Pattern::Like(parts) => {
            use contentcheck_model::predicate::WildcardPart::AnyRun;
            let mut wide: Vec<_> = Vec::with_capacity(parts.len() + 2);
            if parts.first() != Some(&AnyRun) {
                wide.push(AnyRun);
            }
            wide.extend(parts.iter().cloned());
            if wide.last() != Some(&AnyRun) {
                wide.push(AnyRun);
            }
            Pattern::Like(wide.into())
        }
        other => other.clone(),
    }
}

fn text_has_placeholder(text: &str) -> bool {
    text.split_once('%').is_some_and(|(_, rest)| rest.contains('%'))
}

fn report_refused(reason: &Refused, value: &Written<'_>, sink: &mut Sink) -> Unread {
    let found = match reason {
        Refused::Wildcard => sink
            .diagnostic(
                &codes::INVALID_VALUE,
                value.span,
                format!("`{}` has a wildcard, which cannot be encoded", clip(&value.text)),
            )
            .with_help("escape it with a backslash, or leave it out"),
        Refused::Expansion => sink
            .diagnostic(
                &codes::EXPANSION_TOO_LARGE,
                value.span,
                format!(
                    "the values of this rule or file expand beyond {} in a rule, {} in a file, or {} MiB",
                    limits::RULE_VALUES,
                    limits::FILE_VALUES,
                    limits::FILE_VALUE_BYTES >> 20
                ),
            )
            .with_help("use fewer dashes, values or expanding modifiers"),
        Refused::Long(bytes) => sink
            .diagnostic(
                &codes::LIMIT_EXCEEDED,
                value.span,
                format!("the value has {bytes} bytes as it is looked for; the limit is {}", limits::VALUE_BYTES),
            )
            .with_help("look for the part of it that decides"),
        Refused::Wildcards(count) => sink
            .diagnostic(
                &codes::TOO_MANY_WILDCARDS,
                value.span,
                format!("the value has {count} wildcards; the limit is {}", limits::PATTERN_WILDCARDS),
            )
            .with_help("match the decisive parts with `contains|all`"),
    };
    sink.refuse(found)
}

/// `all` over values of which no text can equal two. The elements of a list can.
fn contradictory_all(item: &Item<'_>, tests: Option<&Expr<Arc<Test>>>, sink: &mut Sink) {
    let mut all: Vec<&TextPattern> = Vec::new();
    let Some(tests) = tests.filter(|_| item.modifiers.all && item.modifiers.part == Part::Whole) else { return };
    tests.each(&mut |test, _| {
        if let Test::Text { patterns, all: true } = &**test {
            all.extend(patterns);
        }
    });
    let mut whole = all.into_iter().filter_map(|pattern| match &pattern.pattern {
        Pattern::Equals(text) => Some(text.to_ascii_lowercase()),
        _ => None,
    });
    if let (Some(first), Some(second)) = (whole.next(), whole.next())
        && first != second
    {
        let found = sink
            .diagnostic(
                &codes::ALL_OF_EQUALS,
                item.span,
                format!("no value equals both `{}` and `{}`", clip(&first), clip(&second)),
            )
            .with_help("write `contains|all`, or leave `all` out");
        sink.push(found);
    }
}

fn exists(item: &Item<'_>, sink: &mut Sink) -> Tests {
    match item.values.as_slice() {
        [Written { raw: Raw::Bool(true), .. }] => Ok(is(Test::Exists)),
        [Written { raw: Raw::Bool(false), .. }] => Ok(is(Test::Exists).negate()),
        _ => {
            let found = sink
                .diagnostic(&codes::INVALID_VALUE, item.span, "`exists` takes `true` or `false`")
                .with_help(format!("write `{}|exists: true` or `false`, without quotes", field_name(item)));
            Err(sink.refuse(found))
        }
    }
}

fn cidr(item: &Item<'_>, sink: &mut Sink) -> Tests {
    let mut networks = Vec::with_capacity(item.values.len());
    for value in &item.values {
        match Network::parse(&value.text) {
            Ok(network) => networks.push(network),
            Err(reason) => {
                let found = sink
                    .diagnostic(
                        &codes::INVALID_VALUE,
                        value.span,
                        format!("`{}` is not a network: {reason}", clip(&value.text)),
                    )
                    .with_help("write an address and a prefix length, such as 10.0.0.0/8 or fe80::/10");
                return Err(sink.refuse(found));
            }
        }
    }
    Ok(many(networks, item.modifiers.all, Test::Cidr))
}

/// One test for any of several values; one for each where all are asked for.
fn many<T>(values: Vec<T>, all: bool, test: impl Fn(Vec<T>) -> Test) -> Expr<Arc<Test>> {
    if all { Expr::all(values.into_iter().map(|value| is(test(vec![value])))) } else { is(test(values)) }
}

fn regexes(item: &Item<'_>, budget: &mut Budget, sink: &mut Sink) -> Tests {
    let modifiers = &item.modifiers;
    let flags = modifiers.flags();
    let mut patterns = Vec::with_capacity(item.values.len());
    let mut refused: Option<Unread> = None;
    for value in &item.values {
        if value.raw == Raw::Null {
            return Err(sink.unread(&codes::INVALID_VALUE, value.span, "`re` takes a regex, not null"));
        }
        if !limits::take(&mut budget.regex_bytes, value.text.len()) {
            let most = limits::FILE_REGEX_BYTES;
            let message = format!("the regexes of this file have more than {most} bytes together");
            let found = sink.diagnostic(&codes::REGEX_TOO_LARGE, value.span, message);
            return Err(sink.refuse(found.with_help("split the file, or match strings where no regex is needed")));
        }
        let inspected = regex::inspect(&value.text, flags);
        if let Ok(states) = &inspected
            && !limits::take(&mut budget.regex_states, *states)
        {
            let most = limits::FILE_REGEX_STATES;
            let message = format!("the regexes of this file need more than {most} states together");
            let found = sink.diagnostic(&codes::REGEX_TOO_LARGE, value.span, message);
            return Err(sink.refuse(found.with_help("split the file, or lower the counts of repeats")));
        }
        if inspected.is_ok() {
            hygiene::plain_expression(item, value, sink);
            hygiene::path_in_regex(item, value, sink);
            if let Some(repeated) = slip::wildcard_in_regex(&value.text) {
                let (message, help) = slip::wildcard_words(&value.text, repeated);
                sink.push(sink.diagnostic(&codes::FOREIGN_PATTERN, value.span, message).with_help(help));
            }
            if let Some((inner, flags)) = regex::delimited(&value.text) {
                let message = format!("the slashes and flags of `{}` are a part of the regex", clip(&value.text));
                let found = sink.diagnostic(&codes::FOREIGN_PATTERN, value.span, message);
                let modifier = if flags.contains('i') { "; that case is ignored says `re|i`" } else { "" };
                sink.push(found.with_help(format!("write `{}`{modifier}", clip(inner))));
            }
        }
        if let Err(problem) = inspected {
            // Offsets inside the value hold where its text stands in the source as it is.
            let start = value
                .span
                .len()
                .checked_sub(value.text.len())
                .filter(|extra| matches!(extra, 0 | 2))
                .map(|extra| value.span.start as usize + extra / 2);
            let span = match (start, problem.at) {
                (Some(start), Some((from, to))) => contentcheck_model::source::Span::new(start + from, start + to),
                _ => value.span,
            };
            let found = sink.diagnostic(problem.code, span, problem.message).with_help(problem.help);
            refused = Some(sink.refuse(found));
        }
        let pattern =
            Regex { pattern: (*value.text).into(), multi_line: modifiers.multi_line, dot_all: modifiers.dot_all };
        patterns.push(TextPattern { pattern: Pattern::Matches(pattern), ignore_case: modifiers.ignore_case });
    }
    let all = modifiers.all && patterns.len() > 1;
    refused.map_or_else(|| Ok(is(Test::Text { patterns, all })), Err)
}

fn order(item: &Item<'_>, comparison: Comparison, sink: &mut Sink) -> Tests {
    let [value] = item.values.as_slice() else {
        return Err(sink.unread(&codes::INVALID_VALUE, item.span, "an ordering takes one number, not a list"));
    };
    match number(value) {
        Some(Number::Int(number)) => {
            match int_order(comparison, number) {
                Expr::Const(false) => {
                    let than = if comparison == Comparison::Less { "less" } else { "greater" };
                    let message = format!("no integer of 64 bits is {than} than `{}`", clip(&value.text));
                    let found = sink.diagnostic(&codes::INVALID_VALUE, value.span, message);
                    Err(sink.refuse(found.with_help(
                        "write the number that is meant, or the modifier with `e` for one that may be equal",
                    )))
                }
                test => Ok(test),
            }
        }
        Some(Number::Float(number)) => Ok(is(Test::Float(comparison, number))),
        None => {
            let found = sink
                .diagnostic(&codes::INVALID_VALUE, value.span, format!("`{}` is not a number", clip(&value.text)))
                .with_help("`lt`, `lte`, `gt` and `gte` compare numbers");
            Err(sink.refuse(found))
        }
    }
}

/// The test for an integer in an order to a constant.
pub(crate) fn int_order(comparison: Comparison, number: i64) -> Expr<Arc<Test>> {
    let range = |from: Option<i64>, to: Option<i64>| match (from, to) {
        (Some(from), Some(to)) => is(Test::Int(vec![IntRange { from, to }])),
        // Below the least or above the greatest number there is none.
        _ => Expr::Const(false),
    };
    match comparison {
        Comparison::Equal => range(Some(number), Some(number)),
        Comparison::NotEqual => {
            Expr::any([range(Some(i64::MIN), number.checked_sub(1)), range(number.checked_add(1), Some(i64::MAX))])
        }
        Comparison::Less => range(Some(i64::MIN), number.checked_sub(1)),
        Comparison::LessOrEqual => range(Some(i64::MIN), Some(number)),
        Comparison::Greater => range(number.checked_add(1), Some(i64::MAX)),
        Comparison::GreaterOrEqual => range(Some(number), Some(i64::MAX)),
    }
}

enum Number {
    Int(i64),
    Float(f64),
}

fn number(value: &Written<'_>) -> Option<Number> {
    match value.raw {
        Raw::Int(number) => Some(Number::Int(number)),
        Raw::Float(number) => Some(whole(value).map_or(Number::Float(number), Number::Int)),
        Raw::Text(text) => integer(text)
            .map(Number::Int)
            .or_else(|| text.parse().ok().filter(|number: &f64| number.is_finite()).map(Number::Float)),
        Raw::Null | Raw::Bool(_) => None,
    }
}

/// A text that is a decimal or `0x` integer.
fn integer(text: &str) -> Option<i64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn time(item: &Item<'_>, part: TimePart, sink: &mut Sink) -> Tests {
    let (least, greatest) = match part {
        TimePart::Minute => (0, 59),
        TimePart::Hour => (0, 23),
        TimePart::Day => (1, 31),
        TimePart::Week => (1, 53),
        TimePart::Month => (1, 12),
        TimePart::Year => (1, 9999),
    };
    let mut ranges = Vec::with_capacity(item.values.len());
    for value in &item.values {
        match number(value) {
            Some(Number::Int(number)) if (least..=greatest).contains(&number) => {
                ranges.push(IntRange { from: number, to: number })
            }
            _ => {
                let message = format!("`{}` is not a number between {least} and {greatest}", clip(&value.text));
                return Err(sink.unread(&codes::INVALID_VALUE, value.span, message));
            }
        }
    }
    Ok(many(ranges, item.modifiers.all, |ranges| Test::Time(part, ranges)))
}

/// The tests of an item on a field that is no text.
fn on_scalar(item: &Item<'_>, scalar: Scalar, text: &Expr<Arc<Test>>, sink: &mut Sink) -> Tests {
    match (item.modifiers.kind, scalar) {
        (Kind::Exists | Kind::FieldRef, _) => Ok(text.clone()),
        // On a field that carries fractions `gt: 4` is "more than 4" and not "at least 5".
        (Kind::Order(comparison), Scalar::Float) => match item.values.first().and_then(number) {
            Some(Number::Int(number)) => Ok(is(float_order(comparison, number))),
            _ => Ok(text.clone()),
        },
        (Kind::Order(_), Scalar::Int) | (Kind::Cidr, Scalar::Ip | Scalar::String) | (_, Scalar::String) => {
            Ok(text.clone())
        }
        (Kind::Plain, _) if is_plain(&item.modifiers) => plain(item, scalar, sink),
        (Kind::Plain | Kind::Regex, _) if asks_text(item, scalar) => {
            let found = sink
                .diagnostic(
                    &codes::NUMBER_AS_TEXT,
                    item.key_span,
                    format!("`{}` is {}; this compares its text", field_name(item), article(scalar)),
                )
                .with_help("compare it by value: a number, a list of numbers, `gt`, `lt`, or `cidr` for an address");
            sink.push(found);
            Ok(text.clone())
        }
        (Kind::Time(_), Scalar::Int) => Ok(text.clone()),
        _ => {
            let what = match item.modifiers.kind {
                Kind::Cidr => "`cidr`",
                Kind::Order(_) => "an ordering",
                Kind::Time(_) => "a part of a time",
                Kind::Regex => "a regex",
                _ => "a part of a string",
            };
            let found = sink
                .diagnostic(
                    &codes::OPERATOR_TYPE,
                    item.key_span,
                    format!("`{}` is {}, which cannot be compared with {what}", field_name(item), article(scalar)),
                )
                .with_help("use a comparison of the field's type");
            Err(sink.refuse(found))
        }
    }
}

/// Whether what an item asks of the text of a field can be asked of one of this type. Of a float, of bytes and of a boolean no
/// text is compared (docs/semantics.md, CONV-2), so nothing matches it.
pub(crate) fn asks_text(item: &Item<'_>, scalar: Scalar) -> bool {
    match scalar {
        Scalar::String | Scalar::Int | Scalar::Ip => true,
        Scalar::Float | Scalar::Bool | Scalar::Bytes => is_plain(&item.modifiers) && item.modifiers.kind == Kind::Plain,
    }
}

fn field_name(item: &Item<'_>) -> String {
    clip(item.field.unwrap_or("a keyword"))
}

const fn article(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::String => "a string",
        Scalar::Int => "an integer",
        Scalar::Float => "a number",
        Scalar::Bool => "a boolean",
        Scalar::Ip => "an address",
        Scalar::Bytes => "a run of bytes",
    }
}

fn has_wildcard(parts: &[WildcardPart]) -> bool {
    parts.iter().any(|part| !matches!(part, WildcardPart::Literal(_)))
}

/// Equality with values, each in the type of the field.
fn plain(item: &Item<'_>, scalar: Scalar, sink: &mut Sink) -> Tests {
    let mut parts = Vec::new();
    let mut ints = Vec::new();
    let mut networks = Vec::new();
    let mut runs: Vec<Box<[u8]>> = Vec::new();
    let mut texts = Vec::new();
    let mut refused: Option<Unread> = None;
    for value in &item.values {
        let parsed = wildcard::parts(&value.text);
        match (scalar, &value.raw) {
            (_, Raw::Null) => parts.push(is(Test::Null)),
            (_, Raw::Text(_)) if wildcard::matches_all(&parsed) => parts.push(is(Test::Exists)),
            (Scalar::Int, Raw::Int(number)) => ints.push(IntRange { from: *number, to: *number }),
            // A float equals an integer where it is the same number (INT-3).
            (Scalar::Int, Raw::Float(_)) if whole(value).is_some() => {
                ints.extend(whole(value).map(|number| IntRange { from: number, to: number }));
            }
            (Scalar::Bytes, Raw::Text(text)) if bytes(text).is_some() => runs.extend(bytes(text)),
            (Scalar::Float, Raw::Int(_) | Raw::Float(_)) => match number(value).and_then(float) {
                Some(number) => parts.push(is(Test::Float(Comparison::Equal, number))),
                None => refused = Some(never_equals(item, scalar, value, sink)),
            },
            (Scalar::Bool, Raw::Bool(flag)) => parts.push(is(Test::Bool(*flag))),
            (Scalar::Int, Raw::Text(text)) if integer(text).is_some() => {
                let number = integer(text).unwrap_or(0);
                ints.push(IntRange { from: number, to: number });
            }
            (Scalar::Bool, Raw::Text(text))
                if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") =>
            {
                parts.push(is(Test::Bool(text.eq_ignore_ascii_case("true"))));
            }
            (Scalar::Ip, _) if Network::parse(&value.text).is_ok() => networks.extend(Network::parse(&value.text)),
            (Scalar::Float, Raw::Text(_)) if let Some(number) = number(value) => match float(number) {
                Some(number) => parts.push(is(Test::Float(Comparison::Equal, number))),
                None => refused = Some(never_equals(item, scalar, value, sink)),
            },
            (Scalar::Float, Raw::Text(_)) if has_wildcard(&parsed) => {
                let message =
                    format!("`{}` is {}, which cannot be compared with a wildcard", field_name(item), article(scalar));
                let found = sink
                    .diagnostic(&codes::OPERATOR_TYPE, value.span, message)
                    .with_help("compare it by value: a number, `gt` or `lt`");
                refused = Some(sink.refuse(found));
            }
            (Scalar::Int | Scalar::Ip, Raw::Text(_)) if has_wildcard(&parsed) => {
                let found = sink
                    .diagnostic(
                        &codes::NUMBER_AS_TEXT,
                        value.span,
                        format!("`{}` is {}; a wildcard compares its text", field_name(item), article(scalar)),
                    )
                    .with_help("compare it by value: a number, `gt`, `lt`, or `cidr` for an address");
                sink.push(found);
                let patterns = text::patterns(
                    &value.text,
                    &item.modifiers,
                    limits::RULE_VALUES,
                    &mut Budget::default(),
                    &mut texts,
                );
                if let Err(reason) = patterns {
                    refused = Some(report_refused(&reason, value, sink));
                }
            }
            _ => refused = Some(never_equals(item, scalar, value, sink)),
        }
    }
    if let Some(unread) = refused {
        return Err(unread);
    }
    let all = item.modifiers.all;
    if !ints.is_empty() {
        parts.push(many(ints, all, Test::Int));
    }
    if !networks.is_empty() {
        parts.push(many(networks, all, Test::Cidr));
    }
    if !runs.is_empty() {
        parts.push(many(runs, all, Test::Bytes));
    }
    if !texts.is_empty() {
        parts.push(is(Test::Text { patterns: texts, all }));
    }
    Ok(if all { Expr::all(parts) } else { Expr::any(parts) })
}

/// The integer that a number is which YAML reads as a float, exactly: `4624.0`, `1e3`.
fn whole(value: &Written<'_>) -> Option<i64> {
    let Raw::Float(_) = value.raw else { return None };
    decimal::integer(&value.text)
}

/// The float that is the same number; none where no float is. On a field of floats an integer is asked for as one: between
/// two integers in a row there is no third, and there are floats.
fn float(number: Number) -> Option<f64> {
    match number {
        Number::Float(number) => Some(number),
        Number::Int(number) => {
            let float = number as f64;
            (float as i128 == i128::from(number)).then_some(float)
        }
    }
}

/// The test for a float in an order to an integer. Where that is no float it lies between two, and one of them says the same.
fn float_order(comparison: Comparison, number: i64) -> Test {
    let nearest = number as f64;
    if let Some(same) = float(Number::Int(number)) {
        return Test::Float(comparison, same);
    }
    let is_above = nearest as i128 > i128::from(number);
    match comparison {
        Comparison::Greater | Comparison::GreaterOrEqual => {
            Test::Float(Comparison::Greater, if is_above { nearest.next_down() } else { nearest })
        }
        _ => Test::Float(Comparison::Less, if is_above { nearest } else { nearest.next_up() }),
    }
}

/// The bytes that pairs of hexadecimal digits are.
fn bytes(text: &str) -> Option<Box<[u8]>> {
    contentcheck_model::table::cell::hex_digits(text).filter(|bytes| !bytes.is_empty()).map(Vec::into_boxed_slice)
}

/// Reports a value that no value of the field's type equals.
fn never_equals(item: &Item<'_>, scalar: Scalar, value: &Written<'_>, sink: &mut Sink) -> Unread {
    let shown = if matches!(value.raw, Raw::Text("")) { "''".to_owned() } else { clip(&value.text) };
    let message = format!("`{}` is {}, which never equals `{shown}`", field_name(item), article(scalar));
    let found = sink.diagnostic(&codes::VALUE_TYPE, value.span, message).with_help(match scalar {
        Scalar::Bool => "write `true` or `false`",
        Scalar::Ip => "write an address such as 192.0.2.1",
        Scalar::Bytes => "write pairs of hexadecimal digits in quotes, such as `'b705e9'`",
        _ if value.text.starts_with(['<', '>']) => {
            "write a number, and compare with a modifier: `|gt`, `|gte`, `|lt` or `|lte`"
        }
        _ => "write a number",
    });
    sink.refuse(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigma::modifier::{Encoding, Modifiers};
    use contentcheck_model::source::{Source, Span};

    /// The test of one value on a float, and the codes that are reported.
    fn on_float(kind: Kind, part: Part, raw: Raw<'static>) -> (Option<String>, Vec<&'static str>) {
        let span = Span::default();
        let text = match raw {
            Raw::Text(text) => text,
            _ => "4",
        };
        let item = Item {
            field: Some("ratio"),
            field_span: span,
            modifiers: Modifiers { kind, part, ..Modifiers::default() },
            values: vec![Written { raw, text: text.into(), written: text, span }],
            span,
            key_span: span,
            mapping: &[],
        };
        let mut sink = Sink::new(&Source::new("c", ""));
        let mut budget = limits::Budget::default();
        let mut prepared = Prepared::new(&item, &mut limits::RULE_VALUES.clone(), &mut budget, &mut sink);
        let ty = FieldType { scalar: Scalar::Float, list: false, optional: false, nocase: false };
        let tests = prepared.on(&item, Some(ty), &mut sink).ok().map(|asked| match asked {
            Typed::Tests(Expr::Is(test)) => format!("{test:?}"),
            other => format!("{other:?}"),
        });
        (tests, sink.finish().iter().map(|found| found.code.id).collect())
    }

    #[test]
    fn an_integer_that_a_float_is_ordered_to_is_a_float() {
        for (comparison, word) in [
            (Comparison::Greater, "Greater"),
            (Comparison::GreaterOrEqual, "GreaterOrEqual"),
            (Comparison::Less, "Less"),
            (Comparison::LessOrEqual, "LessOrEqual"),
        ] {
            let expected = Some(format!("Float({word}, 4.0)"));
            assert_eq!(on_float(Kind::Order(comparison), Part::Whole, Raw::Int(4)), (expected.clone(), vec![]));
            assert_eq!(on_float(Kind::Order(comparison), Part::Whole, Raw::Text("4")), (expected, vec![]));
        }
    }

    #[test]
    fn a_float_has_no_text_to_compare() {
        assert_eq!(on_float(Kind::Plain, Part::Contains, Raw::Text("1")), (None, vec!["CC0301"]));
        assert_eq!(on_float(Kind::Regex, Part::Whole, Raw::Text("1+")).1, ["CC0301"]);
        assert_eq!(on_float(Kind::Plain, Part::Whole, Raw::Text("1*")).1, ["CC0301"]);
        assert_eq!(on_float(Kind::Plain, Part::Whole, Raw::Text("*")), (Some("Exists".to_owned()), vec![]));
    }

    #[test]
    fn all_asks_for_each_value_in_one_of_its_forms() {
        let span = Span::default();
        let value = |text: &'static str| Written { raw: Raw::Text(text), text: text.into(), written: text, span };
        let item = Item {
            field: Some("CommandLine"),
            field_span: span,
            modifiers: Modifiers {
                part: Part::Contains,
                all: true,
                encodings: vec![Encoding::Windash],
                ..Modifiers::default()
            },
            values: vec![value(" -a"), value("plain")],
            span,
            key_span: span,
            mapping: &[],
        };
        let mut sink = Sink::new(&Source::new("c", ""));
        let mut budget = limits::Budget::default();
        let prepared = Prepared::new(&item, &mut limits::RULE_VALUES.clone(), &mut budget, &mut sink);
        let tests = prepared.tests().expect("tests");
        let mut forms = Vec::new();
        tests.each(&mut |test, _| {
            if let Test::Text { patterns, all } = &**test {
                forms.push((patterns.len(), *all));
            }
        });
        assert!(matches!(tests, Expr::All(_)));
        assert_eq!(forms, [(5, false), (1, false)]);
    }
}
