//! What looking at a release costs, in steps of about a nanosecond. It is told from sizes and never by a clock, so that what is
//! cut off is the same on every machine; and roughly: a bound keeps a check from taking hours, and needs no more.

use std::collections::{BTreeMap, BTreeSet};

use contentcheck_model::field::FieldRef;
use contentcheck_model::predicate::{Pattern, Test, WildcardPart};
use contentcheck_model::rule::Target;
use contentcheck_model::value::Value;
use contentcheck_reference::Event;

use crate::subject::Built;

/// Events that check 6 makes, where nobody asks for more or less.
pub(crate) const CASES: u64 = 20_000;
/// Steps that check 6 may take for so many events, and as many again for those on sensors.
pub(crate) const EVENTS: u64 = 30_000_000_000;
/// Steps that the self-test may take to build releases with defects.
pub(crate) const BUILDS: u64 = 60_000_000_000;

/// Parts that a step is divided into here: some bytes are looked at in less than one.
const PARTS: u64 = 4;

/// What it costs to ask the reference evaluator for a target.
#[derive(Debug, Default)]
pub(crate) struct Price {
    fixed: u64,
    /// For each byte under a field, in parts of a step.
    by_field: BTreeMap<FieldRef, u64>,
    /// For each byte of the event, where any field is looked into.
    any: u64,
}

impl Price {
    /// The price of a target.
    pub(crate) fn of(target: &Target) -> Self {
        let mut price = Self::default();
        target.condition.mentions(&mut |mention| {
            let (fixed, by_byte) = of_test(&mention.predicate.test);
            price.fixed = price.fixed.saturating_add(fixed);
            let sum = if mention.field.is_any() {
                &mut price.any
            } else {
                price.by_field.entry(mention.field.clone()).or_default()
            };
            *sum = sum.saturating_add(by_byte);
        });
        price
    }

    /// Steps for an event.
    pub(crate) fn on(&self, event: &Event) -> u64 {
        let of = |(field, price): (&FieldRef, &u64)| price.saturating_mul(event.value(field).map_or(0, bytes));
        let mut parts = self.by_field.iter().map(of).fold(0, u64::saturating_add);
        if self.any > 0 {
            parts = parts.saturating_add(self.any.saturating_mul(held(event)));
        }
        self.fixed.saturating_add(parts / PARTS)
    }

    /// Steps for an event with values as most events have them; at least one.
    pub(crate) fn of_ordinary(&self) -> u64 {
        /// Bytes of such a value.
        const BYTES: u64 = 64;
        let by_byte = self.by_field.values().copied().fold(self.any, u64::saturating_add);
        self.fixed.saturating_add(by_byte.saturating_mul(BYTES) / PARTS).max(1)
    }
}

/// Bytes of all values of an event.
pub(crate) fn held(event: &Event) -> u64 {
    event.values().map(|(_, value)| bytes(value)).chain(event.others.iter().map(bytes)).sum()
}

/// Bytes of a value.
fn bytes(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64,
        Value::Bytes(bytes) => bytes.len() as u64,
        Value::List(elements) => elements.iter().map(bytes).sum::<u64>().saturating_add(elements.len() as u64),
        Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Ip(_) => 8,
    }
}

/// Steps of a test, and parts of a step for each byte.
fn of_test(test: &Test) -> (u64, u64) {
    const LIKE: u64 = 16 * PARTS;
    let values = test.values() as u64;
    match test {
        Test::Text { patterns, .. } => {
            let by_byte = patterns.iter().map(|of| match &of.pattern {
                Pattern::Equals(_) | Pattern::StartsWith(_) | Pattern::EndsWith(_) => 0,
                Pattern::Contains(_) => PARTS,
                Pattern::Like(_) => LIKE,
                Pattern::Matches(regex) => states(&regex.pattern).min(4_096).saturating_mul(PARTS),
            });
            (values.saturating_mul(8), by_byte.fold(1, u64::saturating_add))
        }
        Test::Elements { test, .. } => of_test(test),
        Test::Cidr(_) => (values.saturating_mul(32), 0),
        Test::InTable(_) => (64, 1),
        Test::Field { .. } => (64, 2 * PARTS),
        _ => (values.saturating_mul(4), 0),
    }
}

/// States of an expression, roughly: a count repeats what stands before it.
fn states(pattern: &str) -> u64 {
    let counts = pattern.split(|letter: char| !letter.is_ascii_digit());
    let repeated = counts.filter_map(|digits| digits.parse::<u64>().ok()).fold(0, u64::saturating_add);
    repeated.saturating_add(pattern.len() as u64)
}

/// Steps to check, compile and try a release once, where so many events are made of it.
pub(crate) fn to_build(built: &Built, events: u64) -> u64 {
    /// For each byte that is looked for, each row of a table, and each pair of states of an expression.
    const LITERAL: u64 = 300;
    const ROW: u64 = 2_000;
    const STATES: u64 = 2_000;
    /// No expression takes more, as the compiler has a bound of its own.
    const EXPRESSION: u64 = 500_000_000;
    let mut tables: BTreeSet<&str> = BTreeSet::new();
    let mut steps = 0_u64;
    for target in built.content().rules().iter().flat_map(|rule| &rule.targets) {
        steps = steps.saturating_add(Price::of(target).of_ordinary().saturating_mul(events));
        target.condition.each(&mut |predicate, _| {
            let more = match predicate.test.element() {
                Test::Text { patterns, .. } => patterns
                    .iter()
                    .map(|of| match &of.pattern {
                        Pattern::Equals(text)
                        | Pattern::Contains(text)
                        | Pattern::StartsWith(text)
                        | Pattern::EndsWith(text) => (text.len() as u64).saturating_mul(LITERAL),
                        Pattern::Like(parts) => {
                            let bytes = parts.iter().map(|part| match part {
                                WildcardPart::Literal(text) => text.len() as u64 + 1,
                                WildcardPart::AnyRun | WildcardPart::AnyOne => 1,
                            });
                            bytes.sum::<u64>().saturating_mul(LITERAL)
                        }
                        Pattern::Matches(regex) => {
                            let states = states(&regex.pattern);
                            states.saturating_mul(states).saturating_mul(STATES).min(EXPRESSION)
                        }
                    })
                    .fold(0, u64::saturating_add),
                Test::InTable(table) if tables.insert(table.name()) => (table.rows().len() as u64).saturating_mul(ROW),
                _ => 0,
            };
            steps = steps.saturating_add(more);
        });
    }
    steps
}
