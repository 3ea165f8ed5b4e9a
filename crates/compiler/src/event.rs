//! Events of owned values, as rules' own tests and the reference evaluator have them, lent to the
//! interpreter.

use contentcheck_interpreter::{Event, Input, Value};
use contentcheck_parser::model;

fn scalar(value: &model::Value) -> Value<'_> {
    match value {
        model::Value::String(text) => Value::Text(text),
        model::Value::Int(number) => Value::Int(*number),
        model::Value::Float(number) => Value::Float(*number),
        model::Value::Bool(truth) => Value::Bool(*truth),
        model::Value::Ip(address) => Value::Ip(*address),
        model::Value::Bytes(bytes) => Value::Bytes(bytes),
        model::Value::List(_) => Value::Absent,
    }
}

/// Lends an event to `then`: for each input of the manifest the value under its name, where there is
/// one, and what else the event holds. A value of a list input that is no list is a list of one.
pub fn with_event<'v, R>(
    inputs: &[Input<'_>],
    header: &[Input<'_>],
    value: impl Fn(&str) -> Option<&'v model::Value>,
    others: &[&'v model::Value],
    then: impl FnOnce(Event<'_>) -> R,
) -> R {
    let values = |inputs: &[Input<'_>]| -> Vec<(bool, Option<&'v model::Value>)> {
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
            let of = |(list, value): &(bool, Option<&'v model::Value>)| match value {
                Some(model::Value::List(elements)) => elements.iter().map(scalar).collect(),
                Some(value) if *list => vec![scalar(value)],
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
                    (_, Some(model::Value::List(_))) | (true, Some(_)) => Value::List(elements),
                    (false, Some(value)) => scalar(value),
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
