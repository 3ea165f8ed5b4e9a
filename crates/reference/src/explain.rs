//! Explanations: why a condition holds on an event or does not, predicate by predicate.

use std::fmt;

use contentcheck_model::expression::Expr;
use contentcheck_model::predicate::Test;
use contentcheck_model::template::TemplateType;
use contentcheck_model::value::Value;
use serde::Serialize;

use crate::event::Event;
use crate::passes::{self, Check, Place, patterns};
use crate::text::{self, Finder, Text};
use crate::words;

/// A part of a condition and what became of it. The tree mirrors the condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Whether this part holds.
    pub holds: bool,
    /// What it consists of.
    #[serde(flatten)]
    pub node: Node,
}

/// What a part of a condition consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// Known before any event is seen: nothing to look at.
    Constant,
    /// Holds when the inner part does not.
    Not(Box<Explanation>),
    /// Holds when all parts do.
    All(Vec<Explanation>),
    /// Holds when any part does.
    Any(Vec<Explanation>),
    /// A predicate.
    Predicate(PredicateExplanation),
}

/// A predicate and what it saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PredicateExplanation {
    /// Name of the field; `any value` for keywords.
    pub field: String,
    /// Position of the field, from 1, where it has one.
    pub position: Option<u32>,
    /// The predicate in words, such as `image ends_with~ any of 3`.
    pub words: String,
    /// What decided.
    pub evidence: Evidence,
}

/// What decided a predicate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The value is absent; for keywords, the event has no value.
    Absent,
    /// A string test holds, and these patterns are why: one of those that are asked for by `any`,
    /// each of those asked for by `all`. On a list with `all`, those of each element.
    Matches(Vec<Match>),
    /// What the predicate looked at.
    Seen(Vec<Seen>),
}

/// A pattern and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Match {
    /// Index of the pattern in its test.
    pub pattern: usize,
    /// The pattern as content writes it, cut where it is long.
    pub written: String,
    /// Which value: a name such as `image`, with an index such as `names[2]` for the element of a
    /// list, `others[0]` for a value without a field.
    pub value: String,
    /// The bytes of the value's text.
    pub range: ByteRange,
    /// The text on these bytes, cut where it is long.
    pub excerpt: String,
}

/// A half-open range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ByteRange {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset just past the last byte.
    pub end: usize,
}

/// A value that a predicate looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Which value.
    pub value: String,
    /// What it is, cut where it is long; `None` if it is absent.
    pub excerpt: Option<String>,
}

/// The most matches and values that one predicate shows.
const SHOWN: usize = 16;

pub(crate) fn explain(condition: &Expr<Check<'_>>, template: &TemplateType, event: &Event) -> Explanation {
    let each = |parts: &[Expr<Check<'_>>]| parts.iter().map(|part| explain(part, template, event)).collect::<Vec<_>>();
    match condition {
        Expr::Const(value) => Explanation { holds: *value, node: Node::Constant },
        Expr::Not(inner) => {
            let inner = explain(inner, template, event);
            Explanation { holds: !inner.holds, node: Node::Not(Box::new(inner)) }
        }
        Expr::All(parts) => {
            let parts = each(parts);
            Explanation { holds: parts.iter().all(|part| part.holds), node: Node::All(parts) }
        }
        Expr::Any(parts) => {
            let parts = each(parts);
            Explanation { holds: parts.iter().any(|part| part.holds), node: Node::Any(parts) }
        }
        Expr::Is(check) => {
            let holds = passes::check(check, event);
            let (field, position) = words::field(template, &check.predicate.field);
            let words = words::test(&check.predicate.test, &field, template);
            let evidence = Witness { check, template, event }.evidence(holds);
            Explanation { holds, node: Node::Predicate(PredicateExplanation { field, position, words, evidence }) }
        }
    }
}

/// A predicate and what it is looked up in.
struct Witness<'a> {
    check: &'a Check<'a>,
    template: &'a TemplateType,
    event: &'a Event,
}

impl Witness<'_> {
    fn evidence(&self, holds: bool) -> Evidence {
        let values = self.values();
        if values.is_empty() {
            return Evidence::Absent;
        }
        if holds && !self.check.finders.is_empty() {
            let matches = self.matches(&values);
            // `all` holds on an empty list without any match.
            if !matches.is_empty() {
                return Evidence::Matches(matches);
            }
        }
        Evidence::Seen(self.seen(holds, &values))
    }

    /// The values that the predicate looks at, lists as they are, each with its name.
    fn values(&self) -> Vec<(String, &Value)> {
        match &self.check.predicate.field {
            field if field.is_any() => passes::all_values(self.event)
                .into_iter()
                .map(|((place, element), value)| {
                    let name = match place {
                        Place::Field(field) => words::field(self.template, &field).0,
                        Place::Other(at) => format!("others[{at}]"),
                    };
                    (element.map_or(name.clone(), |at| format!("{name}[{at}]")), value)
                })
                .collect(),
            field => {
                let name = words::field(self.template, field).0;
                self.event.value(field).map(|value| (name, value)).into_iter().collect()
            }
        }
    }

    /// Where the patterns of a string test stand.
    fn matches(&self, values: &[(String, &Value)]) -> Vec<Match> {
        let test = &*self.check.predicate.test;
        let (every_element, all) = quantifiers(test);
        let scalars: Vec<(String, &Value)> = values.iter().flat_map(|(name, value)| scalars(name, value)).collect();
        let mut found = Vec::new();
        if self.check.predicate.field.is_any() && all && matches!(test, Test::Text { .. }) {
            // Each pattern may stand in a value of its own.
            for at in 0..self.check.finders.len() {
                found.extend(scalars.iter().find_map(|(name, value)| self.locate(at, name, value)));
            }
        } else {
            for (name, value) in &scalars {
                let located = (0..self.check.finders.len()).filter_map(|at| self.locate(at, name, value));
                let located: Vec<Match> = located.take(if all { usize::MAX } else { 1 }).collect();
                let passes = if all { located.len() == self.check.finders.len() } else { !located.is_empty() };
                if passes {
                    found.extend(located);
                }
                if (passes && !every_element) || found.len() >= SHOWN {
                    break;
                }
            }
        }
        found.truncate(SHOWN);
        found
    }

    fn locate(&self, at: usize, name: &str, value: &Value) -> Option<Match> {
        let finder: &Finder = self.check.finders.get(at)?;
        let text = text::of(value)?;
        let range = finder.find(&Text::new(&text))?;
        Some(Match {
            pattern: at,
            written: patterns(&self.check.predicate.test).get(at).map(words::pattern)?,
            value: name.to_owned(),
            range: ByteRange { start: range.start, end: range.end },
            excerpt: words::quoted(text.get(range)?),
        })
    }

    /// The values that decided: those that pass where the predicate holds, else all.
    fn seen(&self, holds: bool, values: &[(String, &Value)]) -> Vec<Seen> {
        let test = &*self.check.predicate.test;
        let keyword = self.check.predicate.field.is_any();
        let decides =
            |value: &Value| !(keyword && holds) || passes::present(test, &self.check.finders, value, self.event);
        let mut seen: Vec<Seen> = values
            .iter()
            .filter(|(_, value)| decides(value))
            .take(SHOWN)
            .map(|(name, value)| Seen { value: name.clone(), excerpt: Some(words::value(value)) })
            .collect();
        if let Some(other) = test.other() {
            let excerpt = self.event.value(other).map(words::value);
            seen.push(Seen { value: words::field(self.template, other).0, excerpt });
        }
        seen
    }
}

/// Whether all elements are asked for, and whether all patterns are.
fn quantifiers(test: &Test) -> (bool, bool) {
    match test {
        Test::Elements { all, test } => (*all, quantifiers(test).1),
        Test::Text { all, .. } => (false, *all),
        _ => (false, false),
    }
}

/// The field that a comparison looks at besides its own.
fn scalars<'v>(name: &str, value: &'v Value) -> Vec<(String, &'v Value)> {
    match value {
        Value::List(elements) => {
            elements.iter().enumerate().map(|(at, element)| (format!("{name}[{at}]"), element)).collect()
        }
        scalar => vec![(name.to_owned(), scalar)],
    }
}

impl fmt::Display for Explanation {
    /// One line for each part, its parts indented below it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl Explanation {
    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let answer = if self.holds { "true" } else { "false" };
        write!(f, "{:indent$}{answer:<5}  ", "", indent = depth * 2)?;
        match &self.node {
            Node::Constant => writeln!(f, "on every event"),
            Node::Not(inner) => {
                writeln!(f, "not")?;
                inner.write(f, depth + 1)
            }
            Node::All(parts) | Node::Any(parts) => {
                let word = if matches!(self.node, Node::All(_)) { "all" } else { "any" };
                writeln!(f, "{word} of {}", parts.len())?;
                parts.iter().try_for_each(|part| part.write(f, depth + 1))
            }
            Node::Predicate(predicate) => {
                if let Some(position) = predicate.position {
                    write!(f, "${position} ")?;
                }
                write!(f, "{}: ", predicate.words)?;
                predicate.write_evidence(f)?;
                writeln!(f)
            }
        }
    }
}

impl PredicateExplanation {
    fn write_evidence(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.evidence {
            Evidence::Absent => f.write_str("absent"),
            Evidence::Matches(matches) => {
                for (at, found) in matches.iter().enumerate() {
                    let (between, ByteRange { start, end }) = (if at > 0 { "; " } else { "" }, found.range);
                    write!(f, "{between}bytes {start}..{end} of {}, {}", found.value, found.excerpt)?;
                    // The words of a predicate with one pattern show it already.
                    if !self.words.ends_with(&found.written) {
                        write!(f, ", by {}", found.written)?;
                    }
                }
                Ok(())
            }
            Evidence::Seen(seen) => {
                for (at, seen) in seen.iter().enumerate() {
                    let between = if at > 0 { "; " } else { "" };
                    match &seen.excerpt {
                        Some(excerpt) => write!(f, "{between}{} is {excerpt}", seen.value)?,
                        None => write!(f, "{between}{} is absent", seen.value)?,
                    }
                }
                Ok(())
            }
        }
    }
}
