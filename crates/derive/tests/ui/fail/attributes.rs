//! What is said in `#[event(...)]`, and where it may be said.
use contentcheck_derive::Event;

#[derive(Event)]
struct Unsaid {}

#[derive(Event)]
#[event(content = "edr.content")]
struct Half {}

#[derive(Event)]
#[event(content = "edr.content", template = "edr.shrunk @ 3", header)]
struct Both {}

#[derive(Event)]
#[event(content = "edr.content", content = "other.content", template = "edr.shrunk @ 3")]
struct TwoFiles {}

#[derive(Event)]
#[event(contents = "edr.content", template = "edr.shrunk @ 3")]
struct Misspelt {}

#[derive(Event)]
#[event(content = "edr.content", template = "edr.shrunk @ 3")]
enum Either {
    This,
}

#[derive(Event)]
#[event(content = "edr.content", template = "edr.shrunk @ 3")]
struct Nameless(u32);

#[derive(Event)]
#[event(content = "edr.content", template = "edr.shrunk @ 3")]
struct Fields<'e> {
    #[event(nam = "image")]
    path: &'e str,
    #[event(split = "x")]
    pid: &'e [u8],
}

fn main() {}
