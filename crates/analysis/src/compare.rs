//! Comparisons of one field with another: values are built for them and tried. Where none is found the answer
//! is not known.

use std::collections::BTreeMap;
use std::sync::Arc;

use contentcheck_model::predicate::{Comparison, FieldComparison, IntRange, Test};
use contentcheck_model::value::Value;

use crate::formula::Literal;
use crate::holds;
use crate::space::{FieldId, Space};
use crate::values::{Answer, Ask, Domain};

/// Values for the fields of comparisons that do what is asked of each field and make the comparisons true or
/// false. With `only` all other fields stay as they are.
pub(crate) fn arrange(
    space: &mut Space,
    wanted: &[Literal],
    asked: &BTreeMap<FieldId, Vec<Ask>>,
    values: &BTreeMap<FieldId, Option<Value>>,
    only: Option<FieldId>,
) -> Option<BTreeMap<FieldId, Option<Value>>> {
    let mut fields: Vec<FieldId> = Vec::new();
    for (atom, _) in wanted {
        let Some(atom) = space.atom(*atom) else { continue };
        fields.extend([Some(atom.field), atom.other].into_iter().flatten());
    }
    fields.sort_unstable();
    fields.dedup();
    let mut candidates: BTreeMap<FieldId, Vec<Option<Value>>> = BTreeMap::new();
    for field in &fields {
        let own = values.get(field).cloned().unwrap_or(None);
        let mut found = vec![own.clone()];
        if only.is_none_or(|only| only == *field) {
            alternatives(space, *field, &fields, asked, values, &mut found);
        }
        candidates.insert(*field, found);
    }
    let mut chosen: BTreeMap<FieldId, Option<Value>> = BTreeMap::new();
    let mut left = space.values.budget.combinations;
    try_all(space, &fields, &candidates, wanted, &mut chosen, &mut left).then_some(chosen)
}

/// Depth first through the candidates of each field; a comparison is looked at once both values are chosen.
// INVARIANT: as deep as there are fields in comparisons of one condition, of which a template type has 1,024.
fn try_all(
    space: &mut Space,
    fields: &[FieldId],
    candidates: &BTreeMap<FieldId, Vec<Option<Value>>>,
    wanted: &[Literal],
    chosen: &mut BTreeMap<FieldId, Option<Value>>,
    left: &mut usize,
) -> bool {
    let Some((field, rest)) = fields.split_first() else { return true };
    for candidate in candidates.get(field).into_iter().flatten() {
        if *left == 0 || !space.values.automata.meter.charge(8 * wanted.len()) {
            return false;
        }
        *left -= 1;
        chosen.insert(*field, candidate.clone());
        let fits = wanted.iter().all(|(atom, positive)| {
            let Some(found) = space.atom(*atom) else { return true };
            let (Some(value), Some(other)) =
                (chosen.get(&found.field), found.other.and_then(|other| chosen.get(&other)))
            else {
                return true;
            };
            holds::compared(&space.values.test(found.test), value.as_ref(), other.as_ref()) == *positive
        });
        if fits && try_all(space, rest, candidates, wanted, chosen, left) {
            return true;
        }
    }
    chosen.remove(field);
    false
}

/// Further values of a field that do what is asked of it: those of the fields beside it, values that they share, and
/// lesser and greater ones.
fn alternatives(
    space: &mut Space,
    field: FieldId,
    fields: &[FieldId],
    asked: &BTreeMap<FieldId, Vec<Ask>>,
    values: &BTreeMap<FieldId, Option<Value>>,
    found: &mut Vec<Option<Value>>,
) {
    /// Strings of other fields that are put together.
    const TEXTS: usize = 12;
    /// Other fields whose values are looked at.
    const OTHERS: usize = 64;
    let domain = space.domain(field);
    let own = asked.get(&field).cloned().unwrap_or_default();
    let mut proposed: Vec<Value> = Vec::new();
    let mut further: Vec<Vec<Ask>> = Vec::new();
    for other in fields.iter().take(OTHERS) {
        proposed.extend(values.get(other).cloned().flatten());
        if *other != field && space.domain(*other) == domain {
            let mut shared = own.clone();
            shared.extend(asked.get(other).into_iter().flatten());
            further.push(shared);
        }
    }
    let mut near: Vec<Test> = Vec::new();
    for value in &proposed {
        match value {
            Value::Int(number) => {
                near.extend(number.checked_add(1).map(|from| Test::Int(vec![IntRange { from, to: i64::MAX }])));
                near.extend(number.checked_sub(1).map(|to| Test::Int(vec![IntRange { from: i64::MIN, to }])));
            }
            Value::Float(number) => {
                near.push(Test::Float(Comparison::Greater, *number));
                near.push(Test::Float(Comparison::Less, *number));
            }
            _ => {}
        }
    }
    for test in near {
        let id = space.values.intern(&Arc::new(test));
        further.push(own.iter().copied().chain([(id, true)]).collect());
    }
    // The text of one value within that of another, and one that differs.
    let texts: Vec<String> = proposed.iter().filter_map(holds::text_of).take(TEXTS).collect();
    for text in &texts {
        proposed.push(Value::String(format!("{text}x")));
        proposed.push(Value::String(format!("x{text}")));
        for other in &texts {
            proposed.push(Value::String(format!("{text}{other}")));
        }
        if let Ok(number) = text.parse() {
            proposed.push(Value::Int(number));
        }
        if let Ok(address) = text.parse() {
            proposed.push(Value::Ip(address));
        }
        proposed.push(Value::String(text.clone()));
    }
    proposed.extend([Value::Bool(true), Value::Bool(false)]);
    if let Domain::List(..) = domain {
        proposed = proposed.into_iter().map(|value| Value::List(vec![value])).collect();
    }
    for asks in further {
        if let Answer::Found(value) = &*space.values.solve(&domain, &asks) {
            push(found, value.clone());
        }
    }
    for value in proposed {
        if space.values.automata.meter.charge(16)
            && fits(&domain, &value)
            && space.values.does(&value, &own) == Ok(true)
        {
            push(found, Some(value));
        }
    }
    if let Answer::Found(value) = &*space.values.solve(&domain, &[]) {
        let does = match value {
            Some(value) => space.values.does(value, &own) == Ok(true),
            None => own.iter().all(|(test, positive)| matches!(&*space.values.test(*test), Test::Null) == *positive),
        };
        if does {
            push(found, value.clone());
        }
    }
}

fn push(found: &mut Vec<Option<Value>>, value: Option<Value>) {
    if !found.contains(&value) {
        found.push(value);
    }
}

/// Whether a value is of a domain.
fn fits(domain: &Domain, value: &Value) -> bool {
    use contentcheck_model::template::Scalar;
    let is = |scalar: Scalar, value: &Value| {
        matches!(
            (scalar, value),
            (Scalar::String, Value::String(_))
                | (Scalar::Int, Value::Int(_))
                | (Scalar::Float, Value::Float(_))
                | (Scalar::Bool, Value::Bool(_))
                | (Scalar::Ip, Value::Ip(_))
                | (Scalar::Bytes, Value::Bytes(_))
        )
    };
    match (domain, value) {
        (Domain::Scalar(scalar, _), value) => is(*scalar, value),
        (Domain::List(scalar, _), Value::List(elements)) => elements.iter().all(|element| is(*scalar, element)),
        (Domain::OneOf(values, _), value) => values.iter().any(|one| one.value() == *value),
        _ => false,
    }
}

/// Whether a comparison can hold between two kinds at all.
pub(crate) fn possible(test: &Test, own: &Domain, other: &Domain) -> bool {
    use contentcheck_model::template::Scalar;
    let (comparison, own) = match (test, own) {
        (Test::Field { comparison, .. }, Domain::Scalar(own, _)) => (*comparison, *own),
        (Test::Elements { .. }, _) => return true,
        (Test::Field { .. }, Domain::OneOf(..)) => return true,
        _ => return false,
    };
    let Domain::Scalar(other, _) = other else { return matches!(other, Domain::OneOf(..)) };
    let number = |scalar: Scalar| matches!(scalar, Scalar::Int | Scalar::Float);
    let text = |scalar: Scalar| !matches!(scalar, Scalar::Float | Scalar::Bytes);
    match comparison {
        FieldComparison::Order(Comparison::Equal | Comparison::NotEqual) => {
            own == *other
                || (number(own) && number(*other))
                || ((own == Scalar::String || *other == Scalar::String) && text(own) && text(*other))
        }
        FieldComparison::Order(_) => number(own) && number(*other),
        FieldComparison::Contains | FieldComparison::StartsWith | FieldComparison::EndsWith => {
            text(own) && text(*other)
        }
    }
}
