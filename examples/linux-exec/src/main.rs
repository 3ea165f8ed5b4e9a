//! A sensor of process executions: `linux-exec DIR`. What is put into DIR as `offer.ccimage` and `offer.env` is offered to it, what runs
//! is in DIR/status, and a file DIR/stop ends it in an orderly way.
#![expect(clippy::print_stdout, reason = "matches are what it prints")]

mod source;

use contentcheck_derive::{Event, manifest};
use contentcheck_interpreter::Event;
use contentcheck_sensor::{Advice, Config, Digest, Keyring, Root, SoundPolicy, Store};
use std::{env, error::Error, fs, path::Path, path::PathBuf, time::Duration, time::Instant};

#[derive(Event)]
#[event(content = "rules.content", template = "linux.exec @ 1")]
struct Exec<'e> {
    pid: u32,
    image: &'e [u8],
    #[event(split = 0)]
    arguments: &'e [u8],
    parent: Option<u32>,
}

manifest! {
    const MANIFEST = { sensor: "linux-exec", version: "1.0.0", capacity: { rules: 1_000, image_bytes: 1 << 20 }, events: [Exec] };
}

static FACTORY: &[u8] = include_bytes!("../factory.ccimage");

fn offered(directory: &Path) -> Option<(Vec<u8>, Vec<u8>)> {
    let (image, envelope) = (directory.join("offer.ccimage"), directory.join("offer.env"));
    let both = (fs::read(&image).ok()?, fs::read(&envelope).ok()?);
    fs::remove_file(&image).and_then(|()| fs::remove_file(&envelope)).ok().map(|()| both)
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = PathBuf::from(env::args_os().nth(1).ok_or("linux-exec DIR")?);
    // A policy of seconds, so that one can watch: for devices there is `SoundPolicy::DEFAULT`.
    let (build, built, policy) = (Digest::of(FACTORY), 1_790_000_000, SoundPolicy::to_watch(2, 10));
    let config = Config { factory: Some(FACTORY), policy, ..Config::new(&MANIFEST, build, built) };
    let keys = Keyring::new(Root::read(include_str!("../root"))?, &MANIFEST);
    let mut store = Store::in_directory(config, &directory, keys);
    let (mut reader, mut events) = (store.reader(), source::Executions::open()?);
    while !directory.join("stop").exists() {
        let until = Instant::now() + Duration::from_millis(500);
        reader.run(
            || events.next(until),
            |view, source::Execution { pid, image, arguments, parent }| {
                let exec = Exec { pid, image: &image, arguments: &arguments, parent };
                let values = exec.values();
                let event = Event { inputs: &values, header: &[], others: &[] };
                // Faults are counted by the reader, and shown in the status.
                let _ =
                    view.evaluate_as(Exec::SUPPLY.template, event, 1_000_000, |rule| println!("{pid}: {}", rule.title));
            },
        );
        if let Some((image, envelope)) = offered(&directory) {
            let _ = store.offer(&image, &envelope);
        }
        if store.check() == Advice::Restart {
            return Err("a thread hangs".into());
        }
        // Renamed into its place, so that who reads it never finds half of it.
        fs::write(directory.join("status.new"), store.status().to_string())?;
        fs::rename(directory.join("status.new"), directory.join("status"))?;
    }
    store.stop();
    Ok(())
}
