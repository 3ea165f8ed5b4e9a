//! May be absent where content relies on it.
use contentcheck_derive::Event;

#[derive(Event)]
#[event(content = "edr.content", template = "edr.process_start @ 1")]
struct ProcessStart<'e> {
    image: Option<&'e str>,
    command_line: &'e [u8],
    pid: Option<u32>,
    user: Option<&'e str>,
    arguments: Option<&'e [&'e str]>,
    sha256: Option<&'e [u8]>,
}

fn main() {}
