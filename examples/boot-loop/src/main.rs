//! The first process of a machine, and its sensor: what a boot-start driver is elsewhere. Content that matches while the machine boots crashes it
//! here, on purpose; no hand and no network are needed for it to come up again.
#![expect(clippy::print_stdout, reason = "the console is what it has")]

mod machine;

use std::{error::Error, fs, path::Path, thread::sleep, time::Duration};

use contentcheck_derive::{Event, manifest};
use contentcheck_interpreter::Event;
use contentcheck_sensor::{Ceilings, Config, Digest, Files, Keyring, Policy, Root, Store, System};

#[derive(Event)]
#[event(content = "rules.content", template = "boot.event @ 1")]
struct Boot<'e> {
    name: &'e str,
}

manifest! {
    const MANIFEST = { sensor: "boot-loop", version: "1.0.0", capacity: { rules: 1_000, image_bytes: 1 << 20 }, events: [Boot] };
}

static FACTORY: &[u8] = include_bytes!("../factory.ccimage");
const CEILINGS: Ceilings = Ceilings { least_events: 10, exhausted_per_million: 1_000, matches_per_million: 500_000 };
// A machine that goes down leaves no word here, so that its end is unexplained: one of them is forgiven, and then they count.
const POLICY: Policy =
    Policy { bake_seconds: 1, bake_events: 10, restarts: 0, unexplained: 1, ceilings: CEILINGS, ..Policy::DEFAULT };

fn offered(directory: &Path) -> Option<(Vec<u8>, Vec<u8>)> {
    let (image, envelope) = (directory.join("offer.ccimage"), directory.join("offer.env"));
    let both = (fs::read(&image).ok()?, fs::read(&envelope).ok()?);
    fs::remove_file(&image).and_then(|()| fs::remove_file(&envelope)).ok().map(|()| both)
}

/// One event.
fn pass_once() -> impl FnMut() -> Option<&'static str> {
    let mut event = Some("init");
    move || event.take()
}

fn sensor() -> Result<(), Box<dyn Error>> {
    machine::begin()?;
    let directory = Path::new(machine::STORE);
    let (build, built) = (Digest::of(FACTORY), 1_790_000_000);
    let config = Config { factory: Some(FACTORY), policy: POLICY.sound()?, ..Config::new(&MANIFEST, build, built) };
    let keys = Keyring::new(Root::read(include_str!("../root"))?, &MANIFEST);
    let mut store = Store::open(config, Files::new(directory), System::new(directory.join("ended")), keys);
    let mut reader = store.reader();
    if let Some((image, envelope)) = offered(directory) {
        println!("offered: {:?}", store.offer(&image, &envelope).map_err(|refusal| refusal.code()));
    }
    // The machine is up when this is through.
    for _ in 0..30 {
        reader.run(pass_once(), |view, name| {
            for template in view.templates_named(Boot::SUPPLY.template) {
                let boot = Boot { name };
                let values = boot.values();
                let event = Event { inputs: &values, header: &[], others: &[] };
                let _ = view.evaluate(template, event, 1_000_000, |_| machine::crash());
            }
        });
        let _ = store.check();
        sleep(Duration::from_millis(60));
    }
    println!("up:\n{}", store.status());
    store.stop();
    Ok(())
}

fn main() {
    if let Err(error) = sensor() {
        println!("failed: {error}");
    }
    machine::end();
}
