//! Events of owned values, as rules' own tests and the reference evaluator have them, lent to the
//! interpreter.

use contentcheck_interpreter::{Event, Input, Value};
use contentcheck_model::value::Value as Owned;

fn scalar<'v>(value: &'v Owned, bytes: &dyn Fn(&'v str) -> &'v [u8]) -> Value<'v> {
    match value {
        Owned::String(text) => Value::Text(bytes(text)),
        Owned::Int(number) => Value::Int(*number),
        Owned::Float(number) => Value::Float(*number),
        Owned::Bool(truth) => Value::Bool(*truth),
        Owned::Ip(address) => Value::Ip(*address),
        Owned::Bytes(bytes) => Value::Bytes(bytes),
        Owned::List(_) => Value::Absent,
    }
}

/// Lends an event to `then`: for each input of the manifest the value under its name, where there is
/// one, and what else the event holds. A value of a list input that is no list is a list of one.
pub fn with_event<'v, R>(
    inputs: &[Input<'_>],
    header: &[Input<'_>],
    value: impl Fn(&str) -> Option<&'v Owned>,
    others: &[&'v Owned],
    then: impl FnOnce(Event<'_>) -> R,
) -> R {
    with_event_of(inputs, header, value, others, &str::as_bytes, then)
}

/// As [`with_event`], where `bytes` gives the bytes of a text: a sensor may have some that are not UTF-8.
pub fn with_event_of<'v, R>(
    inputs: &[Input<'_>],
    header: &[Input<'_>],
    value: impl Fn(&str) -> Option<&'v Owned>,
    others: &[&'v Owned],
    bytes: &dyn Fn(&'v str) -> &'v [u8],
    then: impl FnOnce(Event<'_>) -> R,
) -> R {
    let values = |inputs: &[Input<'_>]| -> Vec<(bool, Option<&'v Owned>)> {
        inputs
            .iter()
            .map(|input| (input.ty.list, if input.name.is_empty() { None } else { value(input.name) }))
            .collect()
    };
    let others = others.iter().map(|value| (false, Some(*value))).collect();
    let all = [values(inputs), values(header), others];
    // Elements first, so that lists can borrow them.
    let elements: Vec<Vec<Vec<Value<'_>>>> = all
        .iter()
        .map(|values| {
            let of = |(list, value): &(bool, Option<&'v Owned>)| match value {
                Some(Owned::List(elements)) => elements.iter().map(|element| scalar(element, bytes)).collect(),
                Some(value) if *list => vec![scalar(value, bytes)],
                _ => Vec::new(),
            };
            values.iter().map(of).collect()
        })
        .collect();
    let lent: Vec<Vec<Value<'_>>> = all
        .iter()
        .zip(&elements)
        .map(|(values, elements)| {
            values
                .iter()
                .zip(elements)
                .map(|(value, elements)| match value {
                    (_, Some(Owned::List(_))) | (true, Some(_)) => Value::List(elements),
                    (false, Some(value)) => scalar(value, bytes),
                    (_, None) => Value::Absent,
                })
                .collect()
        })
        .collect();
    match lent.as_slice() {
        [inputs, header, others] => then(Event { inputs, header, others }),
        _ => then(Event::default()),
    }
}
