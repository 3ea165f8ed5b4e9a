//! What `Manifest::check` and the header refuse, when the sensor is compiled.
use contentcheck_derive::{Event, manifest};

#[derive(Event)]
#[event(content = "edr.content", template = "edr.shrunk @ 3")]
struct Shrunk<'e> {
    image: &'e str,
    pid: u32,
}

#[derive(Event)]
#[event(content = "edr.content", template = "edr.process_start @ 1")]
struct ProcessStart<'e> {
    image: &'e str,
    command_line: &'e [u8],
    pid: u32,
    user: Option<&'e str>,
    arguments: &'e [&'e str],
    sha256: Option<&'e [u8]>,
}

#[derive(Event)]
#[event(content = "edr.content", header)]
struct Header<'e> {
    host: &'e str,
}

manifest! {
    const SENSOR = { sensor: "EDR", version: "1", events: [Shrunk] };
}

manifest! {
    const VERSION = { sensor: "edr", version: "v1", events: [Shrunk] };
}

manifest! {
    const TWICE = { sensor: "edr", version: "1", events: [Shrunk, Shrunk] };
}

manifest! {
    const HEADER = { sensor: "edr", version: "1", header: Header, events: [Shrunk, ProcessStart] };
}

fn main() {}
