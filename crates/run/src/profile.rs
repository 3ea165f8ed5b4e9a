//! What values of recorded events have, for a compiler that is told by them what is rare.

use contentcheck_compiler::Profile;
use contentcheck_events::{Batch, Flattener};
use contentcheck_interpreter::Value;
use contentcheck_parser::release::Shippable;

use crate::plan::{Plan, Stop};
use crate::recording::Recording;

/// What recordings tell a compiler of content. `image` is that of all its rules, compiled without them.
///
/// # Errors
/// When the image is rejected, with the reason; when a recording cannot be read, or no event of it belongs to a template type: of events
/// that nothing recognises, nothing is learnt, and whoever named them believes that the image was compiled for them.
pub fn profile_of(content: &Shippable, image: &[u8], recordings: &[Recording]) -> Result<Profiled, String> {
    let profiled = profile(&Plan::for_recorder(content, image)?, recordings);
    match profiled.unread.first().or_else(|| profiled.unrecognised.first()) {
        // Of a recording that cannot be read, nobody knows what the image would be if it could.
        Some(problem) => Err(problem.clone()),
        None => Ok(profiled),
    }
}

/// Notes what events have in the fields that rules read, in the order of the recordings, and how many events there were.
#[must_use]
pub fn profile(plan: &Plan, recordings: &[Recording]) -> Profiled {
    let mut all = Profiled::default();
    let mut worker = plan.worker();
    let mut flattener = Flattener::new();
    for recording in recordings {
        let (mut reader, pass) = match recording.open() {
            Ok(opened) => opened,
            Err(problem) => {
                all.unread.push(problem.to_string());
                continue;
            }
        };
        let mut of_file = Sampled::default();
        let unread = all.unread.len();
        loop {
            let mut batch = Batch::new();
            if !reader.next_batch(&mut batch) {
                break;
            }
            batch.each(|record| {
                let flat = record.and_then(|record| {
                    flattener.flatten(record.bytes).map_err(|cause| batch.problem(record.place, cause))
                });
                let flat = match flat {
                    Ok(flat) => flat,
                    Err(problem) => {
                        if all.unread.len() < SHOWN {
                            all.unread.push(problem.to_string());
                        }
                        return;
                    }
                };
                of_file.events += 1;
                let routes = worker.route(&flat, None).to_vec();
                of_file.recognised += u64::from(!routes.is_empty());
                let mut is_read = false;
                for route in routes {
                    let Some(stop) = plan.stop(route) else { continue };
                    is_read = true;
                    worker.present(stop, &flat, |event| note(&mut all.profile, stop, event.inputs));
                }
                of_file.read += u64::from(is_read);
            });
        }
        drop(reader);
        if !pass.ends_whole() {
            let name = recording.name();
            all.unread.push(format!("{name}: it is not the file whose digest was taken"));
        }
        // What could not be read is told as that.
        if unread == all.unread.len() && of_file.recognised == 0 {
            all.unrecognised.push(match of_file.events {
                0 => format!("{} has no event", recording.name()),
                1 => format!("{}: its event belongs to no template type", recording.name()),
                events => format!("{}: none of its {events} events belongs to a template type", recording.name()),
            });
        }
        all.sampled.events += of_file.events;
        all.sampled.recognised += of_file.recognised;
        all.sampled.read += of_file.read;
    }
    all
}

/// Problems that are shown.
const SHOWN: usize = 5;

/// A profile, and what it is of.
#[derive(Debug, Default)]
pub struct Profiled {
    /// What the values have.
    pub profile: Profile,
    /// The events that it is of.
    pub sampled: Sampled,
    /// The first of what could not be read, and why.
    pub unread: Vec<String>,
    /// Recordings of which no event belongs to a template type.
    pub unrecognised: Vec<String>,
}

/// Events of recordings that a profile was made of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sampled {
    /// Events that were read.
    pub events: u64,
    /// Those that belong to a template type.
    pub recognised: u64,
    /// Those on template types that have rules.
    pub read: u64,
}

fn note(profile: &mut Profile, stop: &Stop, inputs: &[Value<'_>]) {
    for (at, (name, _)) in stop.layout().inputs().enumerate() {
        if let Some(value) = inputs.get(at).filter(|_| stop.read().binary_search(&at).is_ok()) {
            match value {
                Value::List(elements) => elements.iter().for_each(|element| note_value(profile, name, element)),
                value => note_value(profile, name, value),
            }
        }
    }
}

/// Recorded lists are lists of values; the other forms are of sensors.
fn note_value(profile: &mut Profile, name: &str, value: &Value<'_>) {
    match value {
        Value::Int(number) => profile.note_number(name, *number),
        Value::Text(text) => profile.note_text(name, text),
        _ => {}
    }
}
