//! A sensor with its JSON beside it.
#![no_std]
#![deny(warnings)]

use contentcheck_derive::{Event, committed, manifest};

/// Something.
#[derive(Event)]
#[event(content = "edr.content", template = "edr.shrunk @ 3")]
pub struct Shrunk<'e> {
    image: &'e str,
    pid: u32,
}

manifest! {
    /// What this build supplies.
    pub const MANIFEST = {
        sensor: "edr",
        version: concat!("2.0", ".0"),
        capacity: { rules: 5_000 },
        events: [Shrunk<'static>],
    };
}

committed!(MANIFEST, "edr.json");
