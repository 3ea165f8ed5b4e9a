//! What was found, in words.

use std::sync::Arc;

use contentcheck_model::diagnostic::clip;
use contentcheck_model::expression::Expr;
use contentcheck_model::field::FieldRef;
use contentcheck_model::predicate::{
    Comparison, FieldComparison, IntRange, Pattern, Predicate, Test, TextPattern, WildcardPart,
};
use contentcheck_model::template::TemplateType;
use contentcheck_model::value::Value;

/// The most characters of a value that are shown.
const SHOWN: usize = 80;
/// The most values of a list that are shown.
const VALUES: usize = 3;

/// What a field is called, in quotes.
#[must_use]
pub fn field(template: &TemplateType, field: &FieldRef) -> String {
    template.describe(field).map_or_else(|| "any value".to_owned(), |info| format!("\"{}\"", info.name))
}

/// What cannot be together: `"Image" equals "\x.exe" and ends with "\bin\x.exe": impossible`.
pub(crate) fn conflict(template: &TemplateType, parts: &[(FieldRef, Arc<Test>, bool)]) -> String {
    let mut text = String::new();
    let mut last: Option<&FieldRef> = None;
    // What holds reads better before what does not.
    let ordered = parts.iter().filter(|part| part.2).chain(parts.iter().filter(|part| !part.2));
    for (reference, test, holds) in ordered {
        if !text.is_empty() {
            text.push_str(" and ");
        }
        if last != Some(reference) {
            text.push_str(&field(template, reference));
            text.push(' ');
        }
        last = Some(reference);
        text.push_str(&predicate(template, test, *holds));
    }
    format!("{text}: impossible")
}

/// Why an event with such values is none of a template type.
pub(crate) fn claimed(template: &TemplateType, in_doubt: bool, values: &[(&FieldRef, Option<&Value>)]) -> String {
    let said = values.iter().map(|(name, value)| match value {
        Some(Value::String(value)) => format!("{} \"{}\"", field(template, name), clip(value)),
        Some(Value::Int(value)) => format!("{} {value}", field(template, name)),
        Some(_) => format!("some {}", field(template, name)),
        None => format!("no {}", field(template, name)),
    });
    let said: Vec<String> = said.collect();
    let what = if said.is_empty() { "every event".to_owned() } else { format!("an event with {}", said.join(", ")) };
    if in_doubt {
        return format!(
            "{what} may be of several template types, and is therefore of none, `{}` included",
            template.name
        );
    }
    format!("{what} is of a template type of its own, and never of `{}`", template.name)
}

/// A condition, cut after some predicates.
pub(crate) fn condition(template: &TemplateType, expr: &Expr<Predicate>) -> String {
    const PREDICATES: usize = 4;
    let (mut shown, mut count) = (Vec::new(), 0_usize);
    // The part itself, not its negation, is what a reader looks for in the file.
    let expr = if let Expr::Not(inner) = expr { inner } else { expr };
    expr.each(&mut |one, negated| {
        count += 1;
        if shown.len() < PREDICATES {
            shown.push(format!("{} {}", field(template, &one.field), predicate(template, &one.test, !negated)));
        }
    });
    let joined = shown.join(if matches!(expr, Expr::Any(_)) { " or " } else { " and " });
    match count.saturating_sub(PREDICATES) {
        0 => joined,
        more => format!("{joined} and {more} more"),
    }
}

/// What a test asks, or that it does not hold: `ends with "\x.exe"`, `does not end with "\x.exe"`.
#[must_use]
pub fn predicate(template: &TemplateType, test: &Test, holds: bool) -> String {
    let simple = |yes: String| if holds { yes } else { format!("is not such that it {yes}") };
    match test {
        Test::Exists => if holds { "is there" } else { "is absent" }.to_owned(),
        Test::Null => if holds { "is absent" } else { "is there" }.to_owned(),
        Test::Text { patterns, all } => texts(patterns, *all, holds),
        Test::Int(ranges) => format!("{} {}", if holds { "is" } else { "is not" }, ints(ranges)),
        Test::Float(comparison, constant) => {
            format!("{} {} {constant:?}", if holds { "is" } else { "is not" }, sign(*comparison))
        }
        Test::Bool(truth) => format!("{} {truth}", if holds { "is" } else { "is not" }),
        Test::Bytes(wanted) => format!("{} one of {} byte strings", if holds { "is" } else { "is not" }, wanted.len()),
        Test::Cidr(networks) => {
            let shown: Vec<String> =
                networks.iter().take(VALUES).map(|network| format!("{}/{}", network.address, network.prefix)).collect();
            format!("{} in {}", if holds { "lies" } else { "does not lie" }, listed(&shown, networks.len()))
        }
        Test::Mask { mask, comparison, value } => {
            format!("masked with {mask:#x} {} {} {value}", if holds { "is" } else { "is not" }, sign(*comparison))
        }
        Test::Time(part, ranges) => simple(format!("has as {} {}", part.as_str(), ints(ranges))),
        Test::Field { comparison, other, .. } => {
            let other = field(template, other);
            simple(match comparison {
                FieldComparison::Order(comparison) => format!("is {} {other}", sign(*comparison)),
                FieldComparison::Contains => format!("contains {other}"),
                FieldComparison::StartsWith => format!("starts with {other}"),
                FieldComparison::EndsWith => format!("ends with {other}"),
            })
        }
        Test::InTable(table) => format!("{} a key of table {}", if holds { "is" } else { "is not" }, table.name()),
        Test::Elements { all, test } => {
            let quantifier = match (all, holds) {
                (true, true) => "in each element",
                (false, true) => "in some element",
                (true, false) => "not in each element",
                (false, false) => "in no element",
            };
            format!("{quantifier} {}", predicate(template, test, true))
        }
        Test::Unexpanded => simple("equals a placeholder that nothing expanded".to_owned()),
    }
}

fn texts(patterns: &[TextPattern], all: bool, holds: bool) -> String {
    let verb = |pattern: &Pattern| match (pattern, holds) {
        (Pattern::Equals(_), true) => "equals",
        (Pattern::Equals(_), false) => "does not equal",
        (Pattern::Contains(_), true) => "contains",
        (Pattern::Contains(_), false) => "does not contain",
        (Pattern::StartsWith(_), true) => "starts with",
        (Pattern::StartsWith(_), false) => "does not start with",
        (Pattern::EndsWith(_), true) => "ends with",
        (Pattern::EndsWith(_), false) => "does not end with",
        (Pattern::Like(_) | Pattern::Matches(_), true) => "matches",
        (Pattern::Like(_) | Pattern::Matches(_), false) => "does not match",
    };
    let Some(first) = patterns.first() else { return "matches nothing".to_owned() };
    let verbs: Vec<&str> = patterns.iter().map(|pattern| verb(&pattern.pattern)).collect();
    if patterns.len() == 1 {
        return format!("{} {}", verb(&first.pattern), written(first));
    }
    let alike = verbs.iter().all(|verb| Some(verb) == verbs.first());
    let shown: Vec<String> =
        patterns.iter().take(VALUES).map(|pattern| if alike { written(pattern) } else { starred(pattern) }).collect();
    let quantity = if all { "all" } else { "any" };
    let verb = if alike {
        verb(&first.pattern)
    } else if holds {
        "matches"
    } else {
        "does not match"
    };
    format!("{verb} {quantity} of {}", listed(&shown, patterns.len()))
}

fn listed(shown: &[String], count: usize) -> String {
    match count.checked_sub(shown.len()) {
        Some(more) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

/// A pattern as content writes it, in quotes, cut where it is long.
#[must_use]
pub fn written(pattern: &TextPattern) -> String {
    match &pattern.pattern {
        Pattern::Equals(text) | Pattern::Contains(text) | Pattern::StartsWith(text) | Pattern::EndsWith(text) => {
            quoted(text)
        }
        Pattern::Matches(regex) => quoted(&regex.pattern),
        Pattern::Like(parts) => quoted(
            &parts
                .iter()
                .map(|part| match part {
                    WildcardPart::Literal(text) => text.as_ref(),
                    WildcardPart::AnyRun => "*",
                    WildcardPart::AnyOne => "?",
                })
                .collect::<String>(),
        ),
    }
}

/// A pattern and others, each as [`written`]; with the wildcards that say what kind it is, where they are of several.
pub(crate) fn beside(pattern: &TextPattern, others: &[&TextPattern]) -> Vec<String> {
    let kind = |of: &TextPattern| std::mem::discriminant(&of.pattern);
    let alike = others.iter().all(|other| kind(other) == kind(pattern));
    let all = std::iter::once(&pattern).chain(others);
    all.map(|one| if alike { written(one) } else { starred(one) }).collect()
}

/// A pattern among others of another kind: with the wildcards that say what kind it is.
fn starred(pattern: &TextPattern) -> String {
    match &pattern.pattern {
        Pattern::Contains(text) => quoted(&format!("*{text}*")),
        Pattern::StartsWith(text) => quoted(&format!("{text}*")),
        Pattern::EndsWith(text) => quoted(&format!("*{text}")),
        Pattern::Equals(_) | Pattern::Like(_) | Pattern::Matches(_) => written(pattern),
    }
}

fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    for character in text.chars().take(SHOWN) {
        match character {
            '\\' | '"' | '\'' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        shown.push_str("...");
    }
    shown.push('"');
    shown
}

fn ints(ranges: &[IntRange]) -> String {
    let one = |range: &IntRange| match (range.from, range.to) {
        (from, to) if from == to => from.to_string(),
        (i64::MIN, to) => format!("at most {to}"),
        (from, i64::MAX) => format!("at least {from}"),
        (from, to) => format!("from {from} to {to}"),
    };
    let shown: Vec<String> = ranges.iter().take(VALUES).map(one).collect();
    format!("{}{}", if ranges.len() > 1 { "one of " } else { "" }, listed(&shown, ranges.len()))
}

const fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "equal to",
        Comparison::NotEqual => "other than",
        Comparison::Less => "less than",
        Comparison::LessOrEqual => "at most",
        Comparison::Greater => "greater than",
        Comparison::GreaterOrEqual => "at least",
    }
}
