//! Nearly the names of inputs.
use contentcheck_derive::Event;

#[derive(Event)]
#[event(content = "edr.content", template = "edr.process_start @ 1")]
struct ProcessStart<'e> {
    image: &'e str,
    comand_line: &'e [u8],
    #[event(name = "PID")]
    pid: u32,
    user: Option<&'e str>,
    arguments: &'e [&'e str],
    sha256: Option<&'e [u8]>,
}

#[derive(Event)]
#[event(content = "edr.content", header)]
struct Header<'e> {
    hots: &'e str,
}

fn main() {}
