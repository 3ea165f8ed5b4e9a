//! Files that are not there, or no content.
use contentcheck_derive::Event;

#[derive(Event)]
#[event(content = "erd.content", template = "edr.process_start @ 1")]
struct Misspelt {}

#[derive(Event)]
#[event(content = "no/such/directory/x.content", template = "edr.process_start @ 1")]
struct Elsewhere {}

#[derive(Event)]
#[event(content = ".", template = "edr.process_start @ 1")]
struct Directory {}

#[derive(Event)]
#[event(content = "utf16.content", template = "edr.process_start @ 1")]
struct Wide {}

fn main() {}
