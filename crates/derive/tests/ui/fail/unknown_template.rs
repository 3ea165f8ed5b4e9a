//! Template types that the file does not declare.
use contentcheck_derive::Event;

#[derive(Event)]
#[event(content = "edr.content", template = "edr.proces_start @ 1")]
struct Misspelt {}

#[derive(Event)]
#[event(content = "edr.content", template = "edr.process_start @ 2")]
struct Later {}

#[derive(Event)]
#[event(content = "edr.content", template = "windows.security.logon @ 1")]
struct Elsewhere {}

#[derive(Event)]
#[event(content = "edr.content", template = "edr.process_start")]
struct NoVersion {}

fn main() {}
