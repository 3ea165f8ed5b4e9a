//! Probes: one event made of the literals of a condition, which shows most of the time that it can hold.
//!
//! A search is exact and makes automata. That a rule with one suffix and one part on two fields can fire is plain
//! from a text that has both, so such an event is tried first. What is not plain is left to the search: a
//! probe never says that something cannot be.

use contentcheck_model::expression::Expr;
use contentcheck_model::field::FieldRef;
use contentcheck_model::predicate::{Pattern, Predicate, Test, TextPattern};
use contentcheck_model::template::Scalar;

use crate::automata::Meter;
use crate::events::Events;
use crate::values::{Domain, Presence};

/// Fields beyond which a condition is left to the search.
const FIELDS: usize = 32;

/// What one field is to have.
#[derive(Default)]
struct Draft<'e> {
    absent: bool,
    whole: Option<&'e str>,
    start: &'e str,
    middle: Vec<&'e str>,
    end: &'e str,
    number: Option<i64>,
}

/// The value of a field in a probe.
enum Probed {
    Absent,
    Text(String),
    Int(i64),
}

/// Whether one event on which all parts hold was found. `false` says nothing.
pub(crate) fn can_hold<'e>(
    events: &Events<'_>,
    parts: impl Iterator<Item = &'e Expr<Predicate>> + Clone,
    meter: &mut Meter,
) -> bool {
    let mut drafts: Vec<(&FieldRef, Draft<'_>)> = Vec::new();
    if !parts.clone().all(|part| want(events, part, &mut drafts, meter)) {
        return false;
    }
    let mut values: Vec<(&FieldRef, Probed)> = Vec::with_capacity(drafts.len());
    for (field, draft) in drafts {
        let Some(value) = value(events, field, &draft) else { return false };
        values.push((field, value));
    }
    parts.into_iter().all(|part| holds(events, part, &values, meter) == Some(true))
}

/// Whether the event that has nothing but what every event has makes the condition false. `false` says nothing.
pub(crate) fn can_fail(events: &Events<'_>, condition: &Expr<Predicate>) -> bool {
    holds(events, condition, &[], &mut Meter::default()) == Some(false)
}

/// Notes what must be for a part to hold; of alternatives the first. Negations are looked at afterwards.
fn want<'e>(
    events: &Events<'_>,
    expr: &'e Expr<Predicate>,
    drafts: &mut Vec<(&'e FieldRef, Draft<'e>)>,
    meter: &mut Meter,
) -> bool {
    match expr {
        Expr::Const(value) => *value,
        Expr::Not(_) => true,
        Expr::All(parts) => parts.iter().all(|part| want(events, part, drafts, meter)),
        Expr::Any(parts) => match parts.iter().find(|part| !matches!(part, Expr::Not(_))) {
            Some(part) => want(events, part, drafts, meter),
            None => true,
        },
        Expr::Is(predicate) => {
            if !plain(events, &predicate.field) || drafts.len() > FIELDS || !meter.charge(1) {
                return false;
            }
            let known = drafts.iter().position(|(field, _)| *field == &predicate.field).unwrap_or_else(|| {
                drafts.push((&predicate.field, Draft::default()));
                drafts.len() - 1
            });
            let Some((_, draft)) = drafts.get_mut(known) else { return false };
            match &*predicate.test {
                Test::Exists => true,
                Test::Null => {
                    draft.absent = true;
                    true
                }
                Test::Int(ranges) => {
                    draft.number = draft.number.or(ranges.first().map(|range| range.from));
                    draft.number.is_some()
                }
                Test::Text { patterns, all: true } => patterns.iter().all(|pattern| draft.take(pattern)),
                Test::Text { patterns, all: false } => {
                    // A value that is known already may be one of the list.
                    let known = draft
                        .whole
                        .is_some_and(|whole| patterns.iter().any(|one| matches(one, whole, meter) == Some(true)));
                    known || patterns.iter().any(|pattern| draft.take(pattern))
                }
                _ => false,
            }
        }
    }
}

impl<'e> Draft<'e> {
    /// Adds a pattern, where it is a literal.
    fn take(&mut self, pattern: &'e TextPattern) -> bool {
        match &pattern.pattern {
            Pattern::Equals(text) => self.whole = Some(text),
            Pattern::StartsWith(text) => {
                if self.start.len() < text.len() {
                    self.start = text;
                }
            }
            Pattern::EndsWith(text) => {
                if self.end.len() < text.len() {
                    self.end = text;
                }
            }
            Pattern::Contains(text) => self.middle.push(text),
            Pattern::Like(_) | Pattern::Matches(_) => return false,
        }
        true
    }
}

/// Whether a field is one whose values are plain: a text or an integer.
fn plain(events: &Events<'_>, field: &FieldRef) -> bool {
    matches!(Domain::of(events, field), Domain::Scalar(Scalar::String | Scalar::Int, _))
}

fn value(events: &Events<'_>, field: &FieldRef, draft: &Draft<'_>) -> Option<Probed> {
    let Domain::Scalar(scalar, presence) = Domain::of(events, field) else { return None };
    if draft.absent {
        return (presence != Presence::Always).then_some(Probed::Absent);
    }
    let text = draft.whole.map_or_else(
        || {
            let mut text = draft.start.to_owned();
            draft.middle.iter().for_each(|part| text.push_str(part));
            text.push_str(draft.end);
            text
        },
        str::to_owned,
    );
    match (scalar, draft.number) {
        (Scalar::String, None) => Some(Probed::Text(text)),
        (Scalar::String, Some(number)) if text.is_empty() => Some(Probed::Text(number.to_string())),
        (Scalar::Int, Some(number)) if text.is_empty() => Some(Probed::Int(number)),
        (Scalar::Int, None) => text.parse().ok().map(Probed::Int),
        _ => None,
    }
}

/// Whether a condition holds on a probe; nothing where that is not plain.
fn holds(
    events: &Events<'_>,
    expr: &Expr<Predicate>,
    values: &[(&FieldRef, Probed)],
    meter: &mut Meter,
) -> Option<bool> {
    match expr {
        Expr::Const(value) => Some(*value),
        Expr::Not(inner) => holds(events, inner, values, meter).map(|holds| !holds),
        Expr::All(parts) => combine(parts.iter().map(|part| holds(events, part, values, meter)), false),
        Expr::Any(parts) => combine(parts.iter().map(|part| holds(events, part, values, meter)), true),
        Expr::Is(predicate) => {
            if !meter.charge(4) {
                return None;
            }
            let field = &predicate.field;
            let known = values.iter().find(|(own, _)| *own == field).map(|(_, value)| value);
            let value = match known {
                Some(value) => value,
                None => match Domain::of(events, field) {
                    Domain::Scalar(_, presence) | Domain::List(_, presence) if presence != Presence::Always => {
                        &Probed::Absent
                    }
                    _ => return None,
                },
            };
            match (&*predicate.test, value) {
                (Test::Unexpanded, _) => Some(false),
                (Test::Null, value) => Some(matches!(value, Probed::Absent)),
                (_, Probed::Absent) => Some(false),
                (Test::Exists, _) => Some(true),
                (Test::Text { patterns, all }, value) => {
                    let number;
                    let text = match value {
                        Probed::Text(text) => text.as_str(),
                        Probed::Int(value) => {
                            number = value.to_string();
                            &number
                        }
                        Probed::Absent => return Some(false),
                    };
                    combine(patterns.iter().map(|pattern| matches(pattern, text, meter)), !*all)
                }
                (Test::Int(ranges), Probed::Int(number)) => {
                    Some(ranges.iter().any(|range| range.from <= *number && *number <= range.to))
                }
                _ => None,
            }
        }
    }
}

/// Of several answers: `stop` where one of them is, its opposite where all are, else nothing.
fn combine(answers: impl Iterator<Item = Option<bool>>, stop: bool) -> Option<bool> {
    let mut sure = true;
    for answer in answers {
        if answer == Some(stop) {
            return answer;
        }
        sure &= answer.is_some();
    }
    sure.then_some(!stop)
}

/// Whether a text matches a literal.
fn matches(pattern: &TextPattern, text: &str, meter: &mut Meter) -> Option<bool> {
    let looked_at = if matches!(pattern.pattern, Pattern::Contains(_)) { text.len() } else { 1 };
    if !meter.charge(looked_at) {
        return None;
    }
    let (text, fold) = (text.as_bytes(), pattern.ignore_case);
    let equal = |part: &[u8], literal: &[u8]| if fold { part.eq_ignore_ascii_case(literal) } else { part == literal };
    match &pattern.pattern {
        Pattern::Equals(literal) => Some(equal(text, literal.as_bytes())),
        Pattern::StartsWith(literal) => {
            Some(text.get(..literal.len()).is_some_and(|part| equal(part, literal.as_bytes())))
        }
        Pattern::EndsWith(literal) => {
            let part = text.len().checked_sub(literal.len()).and_then(|from| text.get(from..));
            Some(part.is_some_and(|part| equal(part, literal.as_bytes())))
        }
        Pattern::Contains(literal) => {
            Some(literal.is_empty() || text.windows(literal.len()).any(|part| equal(part, literal.as_bytes())))
        }
        Pattern::Like(_) | Pattern::Matches(_) => None,
    }
}
