//! A field that content does not have.
use contentcheck_derive::Event;

#[derive(Event)]
#[event(content = "edr.content", template = "edr.shrunk @ 3")]
struct Shrunk<'e> {
    image: &'e str,
    integrity: &'e str,
    pid: u32,
}

// Of a header, and twice.
#[derive(Event)]
#[event(content = "edr.content", template = "edr.process_start @ 1")]
struct ProcessStart<'e> {
    host: &'e str,
    image: &'e str,
    command_line: &'e [u8],
    pid: u32,
    #[event(name = "pid")]
    parent: u32,
    user: Option<&'e str>,
    arguments: &'e [&'e str],
    sha256: Option<&'e [u8]>,
}

// What is not declared is a string.
#[derive(Event)]
#[event(content = "edr.content", template = "edr.anything @ 1")]
struct Anything<'e> {
    kind: &'e str,
    size: u64,
}

fn main() {}
