//! 20 of 21 inputs.
use contentcheck_derive::{Event, manifest};

#[derive(Event)]
#[event(content = "edr.content", template = "ipc.named_pipe @ 2")]
struct NamedPipe<'e> {
    a1: &'e str,
    a2: &'e str,
    a3: &'e str,
    a4: &'e str,
    a5: &'e str,
    a6: &'e str,
    a7: &'e str,
    a8: &'e str,
    a9: &'e str,
    a10: &'e str,
    a11: &'e str,
    a12: &'e str,
    a13: &'e str,
    a14: &'e str,
    a15: &'e str,
    a16: &'e str,
    a17: &'e str,
    a18: &'e str,
    a19: &'e str,
    a20: &'e str,
}

// What uses the struct adds nothing to what is said.
manifest! {
    const MANIFEST = { sensor: "edr", version: "7.11", events: [NamedPipe] };
}

fn main() {
    let _ = (MANIFEST.check(), NamedPipe::SUPPLY, |pipe: NamedPipe<'_>| pipe.values().len());
}
