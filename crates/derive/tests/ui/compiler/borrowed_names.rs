//! A type that has the name of another one is held to what it is.
use contentcheck_derive::Event;

#[allow(non_camel_case_types)]
type usize = &'static str;

struct Path;

#[derive(Event)]
#[event(content = "edr.content", template = "edr.shrunk @ 3")]
struct Shrunk {
    #[event(text)]
    image: Path,
    pid: usize,
}

fn main() {}
