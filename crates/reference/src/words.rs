//! How tests, fields and values read, in the vocabulary of the native language.

use std::fmt::Write as _;

use contentcheck_model::field::FieldRef;
use contentcheck_model::predicate::{
    Comparison, FieldComparison, IntRange, Network, Pattern, Test, TextPattern, TimePart, WildcardPart,
};
use contentcheck_model::template::TemplateType;
use contentcheck_model::value::Value;

/// The most characters of a value or pattern that are shown.
pub(crate) const EXCERPT: usize = 80;

/// The name of a field, and its position where it has one.
pub(crate) fn field(template: &TemplateType, field: &FieldRef) -> (String, Option<u32>) {
    match template.describe(field) {
        Some(info) => (info.name.to_owned(), info.position()),
        None => ("any value".to_owned(), None),
    }
}

/// What a test asks, such as `ends_with~ any of 3`. `name` is what the tested field is called.
pub(crate) fn test(test: &Test, name: &str, template: &TemplateType) -> String {
    match test {
        Test::Exists => format!("{name} exists"),
        Test::Null => format!("not {name} exists"),
        Test::Text { patterns, all } => format!("{name} {}", texts(patterns, *all)),
        Test::Int(ranges) => format!("{name} {}", ints(ranges)),
        Test::Float(comparison, constant) => format!("{name} {} {constant:?}", sign(*comparison)),
        Test::Bool(truth) => format!("{name} == {truth}"),
        Test::Bytes(wanted) => match wanted.as_slice() {
            [one] => format!("{name} == {}", hex(one)),
            many => format!("{name} in any of {}", many.len()),
        },
        Test::Cidr(networks) => match networks.as_slice() {
            [one] => format!("{name} cidr \"{}\"", network(one)),
            many => format!("{name} cidr any of {}", many.len()),
        },
        Test::Mask { mask, comparison, value } => format!("{name} & {mask:#x} {} {value}", sign(*comparison)),
        Test::Time(part, ranges) => format!("{} of {name} {}", time_part(*part), ints(ranges)),
        Test::Field { comparison, other, ignore_case } => {
            let operator = match comparison {
                FieldComparison::Order(comparison) => sign(*comparison),
                FieldComparison::Contains => "contains",
                FieldComparison::StartsWith => "starts_with",
                FieldComparison::EndsWith => "ends_with",
            };
            let case = if *ignore_case { "~" } else { "" };
            format!("{name} {operator}{case} {}", field(template, other).0)
        }
        Test::InTable(table) => format!("{name} in {}", table.name()),
        Test::Elements { all, test } => {
            let quantifier = if *all { "all" } else { "any" };
            format!("{quantifier} {}", self::test(test, name, template))
        }
        Test::Unexpanded => format!("{name} equals a placeholder that nothing expanded"),
    }
}

/// The operator of a pattern and whether it ignores case, such as `contains~`.
fn operator(pattern: &TextPattern) -> String {
    let word = match pattern.pattern {
        Pattern::Equals(_) => "==",
        Pattern::Contains(_) => "contains",
        Pattern::StartsWith(_) => "starts_with",
        Pattern::EndsWith(_) => "ends_with",
        Pattern::Like(_) => "like",
        Pattern::Matches(_) => "matches",
    };
    format!("{word}{}", if pattern.ignore_case { "~" } else { "" })
}

/// What a pattern asks for, as content writes it.
pub(crate) fn pattern(pattern: &TextPattern) -> String {
    match &pattern.pattern {
        Pattern::Equals(text) | Pattern::Contains(text) | Pattern::StartsWith(text) | Pattern::EndsWith(text) => {
            quoted(text)
        }
        Pattern::Matches(regex) => {
            let flags = match (regex.multi_line, regex.dot_all) {
                (false, false) => "",
                (true, false) => "(?m)",
                (false, true) => "(?s)",
                (true, true) => "(?ms)",
            };
            quoted(&format!("{flags}{}", regex.pattern))
        }
        Pattern::Like(parts) => {
            let mut written = String::new();
            for part in parts {
                match part {
                    WildcardPart::AnyRun => written.push('*'),
                    WildcardPart::AnyOne => written.push('?'),
                    WildcardPart::Literal(text) => {
                        for character in text.chars() {
                            if matches!(character, '*' | '?' | '\\') {
                                written.push('\\');
                            }
                            written.push(character);
                        }
                    }
                }
            }
            quoted(&written)
        }
    }
}

fn texts(patterns: &[TextPattern], all: bool) -> String {
    let mut operators: Vec<String> = patterns.iter().map(operator).collect();
    operators.dedup();
    match (patterns, operators.as_slice()) {
        ([one], _) => format!("{} {}", operator(one), pattern(one)),
        (many, [operator]) => {
            // A text that equals one of several is written with `in`.
            let operator = operator.replace("==", "in");
            format!("{operator} {} of {}", if all { "all" } else { "any" }, many.len())
        }
        (many, _) => format!("fits {} of {} patterns", if all { "all" } else { "any" }, many.len()),
    }
}

fn ints(ranges: &[IntRange]) -> String {
    const LEAST: i64 = i64::MIN;
    const GREATEST: i64 = i64::MAX;
    match ranges {
        [IntRange { from, to }] if from == to => format!("== {from}"),
        [IntRange { from: LEAST, to }] => format!("<= {to}"),
        [IntRange { from, to: GREATEST }] => format!(">= {from}"),
        [IntRange { from, to }] => format!("from {from} to {to}"),
        [IntRange { from: LEAST, to }, IntRange { from, to: GREATEST }] if to.checked_add(2) == Some(*from) => {
            format!("!= {}", to.saturating_add(1))
        }
        many => format!("in any of {}", many.len()),
    }
}

const fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "==",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

const fn time_part(part: TimePart) -> &'static str {
    match part {
        TimePart::Minute => "minute",
        TimePart::Hour => "hour",
        TimePart::Day => "day",
        TimePart::Week => "week",
        TimePart::Month => "month",
        TimePart::Year => "year",
    }
}

fn network(network: &Network) -> String {
    format!("{}/{}", network.address, network.prefix)
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = String::new();
    for byte in bytes.iter().take(EXCERPT / 2) {
        // Writing to a `String` does not fail.
        let _ = write!(digits, "{byte:02x}");
    }
    format!("hex\"{digits}{}\"", if bytes.len() > EXCERPT / 2 { "..." } else { "" })
}

/// A text in double quotes, with signs that cannot be seen escaped, cut where it is long.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    for character in text.chars().take(EXCERPT) {
        match character {
            '"' | '\\' | '\'' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
    }
    if text.chars().nth(EXCERPT).is_some() {
        shown.push_str("...");
    }
    shown.push('"');
    shown
}

/// What a value is, cut where it is long.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Int(number) => number.to_string(),
        Value::Float(float) => format!("{float:?}"),
        Value::Bool(truth) => truth.to_string(),
        Value::Ip(address) => address.to_string(),
        Value::Bytes(bytes) => hex(bytes),
        Value::List(elements) => {
            const SHOWN: usize = 8;
            let mut shown: Vec<String> = elements
                .iter()
                .take(SHOWN)
                // A list holds scalars; one inside of it is not gone into.
                .map(
                    |element| if matches!(element, Value::List(_)) { "[...]".to_owned() } else { self::value(element) },
                )
                .collect();
            if elements.len() > SHOWN {
                shown.push(format!("{} more", elements.len().saturating_sub(SHOWN)));
            }
            format!("[{}]", shown.join(", "))
        }
    }
}
