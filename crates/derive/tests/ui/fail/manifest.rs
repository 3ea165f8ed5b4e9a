//! What a manifest states.
use contentcheck_derive::{Event, manifest};

#[derive(Event)]
#[event(content = "edr.content", template = "edr.shrunk @ 3")]
struct Shrunk<'e> {
    image: &'e str,
    pid: u32,
}

manifest! {
    const NO_SENSOR = { version: "1", events: [Shrunk] };
}

manifest! {
    const NO_EVENTS = { sensor: "edr", version: "1" };
}

manifest! {
    const MISSPELT = { sensor: "edr", verson: "1", events: [Shrunk] };
}

manifest! {
    const CAPACITY = { sensor: "edr", version: "1", capacity: { rule: 5 }, events: [Shrunk] };
}

manifest! {
    const ORDER = { sensor: "edr", version: "1", versioning: Dates, events: [Shrunk] };
}

fn main() {}
