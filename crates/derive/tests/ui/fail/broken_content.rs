//! Declarations with an error: nothing is compared with what was not read whole.
use contentcheck_derive::Event;

#[derive(Event)]
#[event(content = "broken.content", template = "edr.gap @ 1")]
struct Gap<'e> {
    image: &'e str,
    pid: u32,
}

#[derive(Event)]
#[event(content = "broken.content", template = "edr.lost @ 1")]
struct Lost<'e> {
    image: &'e str,
}

#[derive(Event)]
#[event(content = "broken.content", template = "edr.nocase @ 1")]
struct Nocase {
    pid: u32,
}

#[derive(Event)]
#[event(content = "broken.content", template = "edr.whole @ 2")]
struct Twice<'e> {
    image: &'e str,
}

// An error elsewhere is no error here.
#[derive(Event)]
#[event(content = "broken.content", template = "edr.whole @ 1")]
struct Whole<'e> {
    image: &'e str,
}

fn main() {}
