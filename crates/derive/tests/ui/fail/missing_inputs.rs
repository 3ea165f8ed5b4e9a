//! None of the inputs, and the last of them.
use contentcheck_derive::Event;

#[derive(Event)]
#[event(content = "edr.content", template = "edr.process_start @ 1")]
struct Nothing;

#[derive(Event)]
#[event(content = "edr.content", template = "edr.process_start @ 1")]
struct Little<'e> {
    image: &'e str,
    command_line: &'e str,
}

fn main() {}
