//! Events at hand: for contentcheck the values in the order of the image, for the peers JSON.

use std::ops::{ControlFlow, Range};
use std::path::Path;

use contentcheck_events::{Batch, Flattener, Reader};
use contentcheck_interpreter::{Event, KillList, Value, VerifiedImage};
use contentcheck_run::{Plan, Route};

/// A value that owns its text.
enum Owned {
    Text(String),
    Plain(Value<'static>),
    List(Vec<Self>),
}

impl Owned {
    fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Text(text) => Self::Text(String::from_utf8_lossy(text).into_owned()),
            Value::Int(number) => Self::Plain(Value::Int(*number)),
            Value::Float(number) => Self::Plain(Value::Float(*number)),
            Value::Bool(truth) => Self::Plain(Value::Bool(*truth)),
            Value::Ip(address) => Self::Plain(Value::Ip(*address)),
            list if list.is_list() => Self::List(list.elements().map(|element| Self::of(&element)).collect()),
            // The template types of public sources have no bytes.
            _ => Self::Plain(Value::Absent),
        }
    }

    fn lend(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(text.as_bytes()),
            Self::Plain(value) => *value,
            // Lent for the whole run.
            Self::List(elements) => Value::List(elements.iter().map(Self::lend).collect::<Vec<_>>().leak()),
        }
    }
}

/// An event as one of a template type.
pub struct Taken {
    /// The template type.
    pub route: Route,
    inputs: Vec<Owned>,
    others: Vec<Owned>,
    /// The record as it was read.
    pub record: Box<[u8]>,
    /// The record as JSON.
    pub json: serde_json::Value,
    /// The number of the event in its file, from 1.
    pub number: usize,
}

/// The values of an event, as an evaluation takes them.
pub struct Lent<'t> {
    /// The template type.
    pub route: Route,
    /// Values in the order of the layout.
    pub inputs: Vec<Value<'t>>,
    /// Values that no rule reads by name.
    pub others: Vec<Value<'t>>,
}

impl Taken {
    /// The values, borrowed.
    #[must_use]
    pub fn lend(&self) -> Lent<'_> {
        Lent {
            route: self.route,
            inputs: self.inputs.iter().map(Owned::lend).collect(),
            others: self.others.iter().map(Owned::lend).collect(),
        }
    }
}

impl Lent<'_> {
    /// Evaluates on each template type of the image that the event is of.
    ///
    /// # Errors
    /// A fault, which a typed event does not meet.
    pub fn evaluate(
        &self,
        plan: &Plan,
        image: &VerifiedImage<'_>,
        words: &mut [u64],
        mut sink: impl FnMut(u32),
    ) -> Result<(), String> {
        let Some(stop) = plan.stop(self.route) else { return Ok(()) };
        for template in stop.templates() {
            let event = Event { inputs: &self.inputs, header: &[], others: &self.others };
            let bound = image.bind(template.number(), event).map_err(|fault| fault.to_string())?;
            let done = bound.evaluate(&KillList::NONE, words, u64::MAX, |rule| {
                sink(rule);
                ControlFlow::Continue(())
            });
            done.map_err(|fault| fault.to_string())?;
        }
        Ok(())
    }
}

/// Reads the events of a file that rules look at: how many there are, and each as an event of
/// every template type that it is of and whose name contains `only`.
///
/// # Errors
/// When the file cannot be opened.
pub fn take(plan: &Plan, events: &Path, only: &str) -> Result<(usize, Vec<Taken>), String> {
    let (mut taken, mut worker, mut flattener) = (Vec::new(), plan.worker(), Flattener::new());
    let mut reader = Reader::open(events).map_err(|problem| problem.to_string())?;
    let mut batch = Batch::new();
    let (mut count, mut number) = (0, 0);
    while reader.next_batch(&mut batch) {
        batch.each(|record| {
            number += 1;
            let Ok(record) = record else { return };
            let Ok(flat) = flattener.flatten(record.bytes) else { return };
            let Ok(json) = serde_json::from_slice::<serde_json::Value>(record.bytes) else { return };
            let named = |route: &Route| plan.template(*route).is_some_and(|of| of.name.contains(only));
            let routes: Vec<Route> = worker.route(&flat, None).iter().copied().filter(named).collect();
            count += usize::from(!routes.is_empty());
            for route in routes {
                let Some(stop) = plan.stop(route) else { continue };
                worker.present(stop, &flat, |event| {
                    taken.push(Taken {
                        route,
                        inputs: event.inputs.iter().map(Owned::of).collect(),
                        others: event.others.iter().map(Owned::of).collect(),
                        record: record.bytes.into(),
                        json: json.clone(),
                        number,
                    });
                });
            }
        });
    }
    Ok((count, taken))
}

/// Events in a group. Each engine finds the bytes of a group in the cache: a sensor and a decoder
/// have just written them. What fetches them is not timed.
const GROUP: usize = 64;

/// The groups of so many events.
#[must_use]
pub fn groups(events: usize) -> Vec<Range<usize>> {
    (0..events).step_by(GROUP).map(|from| from..(from + GROUP).min(events)).collect()
}

/// Reads bytes, so that they are in the cache.
#[must_use]
pub fn touch(bytes: &[u8]) -> u8 {
    bytes.iter().step_by(16).fold(0, |sum, byte| sum ^ byte)
}

/// Reads the texts of events.
pub fn touch_lent(events: &[Lent<'_>]) {
    let of = |value: &Value<'_>| if let Value::Text(text) = value { touch(text) } else { 0 };
    let sums = events.iter().flat_map(|lent| lent.inputs.iter().chain(&lent.others)).map(of);
    std::hint::black_box(sums.fold(0, |sum, byte| sum ^ byte));
}

/// Reads names and texts of the JSON of events.
pub fn touch_json(events: &[Taken]) {
    let members = events.iter().filter_map(|taken| taken.json.as_object()).flatten();
    let of = |(name, value): (&String, &serde_json::Value)| {
        touch(name.as_bytes()) ^ value.as_str().map_or(0, |text| touch(text.as_bytes()))
    };
    std::hint::black_box(members.map(of).fold(0, |sum, byte| sum ^ byte));
}
