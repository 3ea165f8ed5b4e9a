//! The fields are there, and not in the order of the inputs.
use contentcheck_derive::Event;

#[derive(Event)]
#[event(content = "edr.content", template = "edr.process_start @ 1")]
struct First<'e> {
    pid: u32,
    image: &'e str,
    command_line: &'e [u8],
    user: Option<&'e str>,
    arguments: &'e [&'e str],
    sha256: Option<&'e [u8]>,
}

// Two strings that changed places: no type tells them apart.
#[derive(Event)]
#[event(content = "edr.content", template = "edr.process_start @ 1")]
struct Swapped<'e> {
    command_line: &'e [u8],
    image: &'e str,
    pid: u32,
    user: Option<&'e str>,
    arguments: &'e [&'e str],
    sha256: Option<&'e [u8]>,
}

#[derive(Event)]
#[event(content = "edr.content", template = "edr.shrunk @ 3")]
struct Shrunk<'e> {
    pid: u32,
    image: &'e str,
}

fn main() {}
