//! A dashboard over a fleet that is made up, to look at: `cargo run -p contentcheck-fleet --example dashboard -- open|halted|rejected|planned [page.html]`.
//!
//! With a second argument the page is written to that file as one file, and nothing is served.

#[path = "../tests/fleet/world.rs"]
mod world;

use std::net::TcpListener;

use contentcheck_fleet::page::{As, page};
use contentcheck_fleet::status::{Seen, Status};
use contentcheck_fleet::{Dashboard, clock};
use contentcheck_rollout::entry::{Arm, Evidence, Observed};
use world::{Outcome, World};

const HOUR: u64 = 60 * 60;

fn observed(settled: u32, failed: u32, reported: u32) -> Observed {
    let minutes = u64::from(settled) * 240;
    let new = Arm { failures: reported, minutes };
    let old = Arm { failures: 0, minutes };
    let known =
        Observed { receipts: settled + 4, due: settled, settled, failed, reported, minutes, ..Observed::default() };
    Observed { new, old, new_silent: failed / 3, old_silent: 1, ..known }
}

fn evidence(world: &World, ring: u8, strata: &[Observed]) -> Evidence {
    let strata = (0..).zip(strata.iter().copied()).collect();
    Evidence { ring, until: world.now(), count: 1_204, reports: contentcheck_log::Hash([3; 32]), strata }
}

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_else(|| "open".into());
    let mut world = World::new(25_000, clock::now() - 9 * HOUR, None)?;
    world.plan("edr-content 2027.01.4", 412)?;
    world.cosign()?;
    if what != "planned" {
        world.start()?;
        world.hands.set(world.now() + 5 * HOUR);
        let good = evidence(&world, 0, &[observed(14, 0, 0), observed(9, 0, 0)]);
        world.evidence(good)?;
        world.verdict()?;
        world.open()?;
        world.hands.set(world.now() + 3 * HOUR + 2_400);
        let first = evidence(&world, 0, &[observed(15, 0, 0), observed(9, 0, 0)]);
        world.evidence(first)?;
        let failed = if what == "rejected" { 21 } else { 0 };
        let second = evidence(&world, 1, &[observed(97, 0, 0), observed(60, failed, failed)]);
        world.evidence(second)?;
    }
    if what == "halted" {
        world.halt("CPU of the build machines doubled since the ring opened; INC-20417, on call: M. Okafor")?;
    }
    world.cosign()?;
    if let Some(path) = arguments.next() {
        let checkpoint = world.book.log().checkpoint();
        let seen = Seen { state: world.book.state(), checkpoint, live: &[], trouble: None, now: clock::now() };
        std::fs::write(path, page(&Status::of(seen), As::File))?;
        return Ok(());
    }
    let dashboard = Dashboard {
        log: world.follower()?,
        reports: None,
        hooks: Vec::new(),
        otlp: None,
        clock: clock::system(),
        stopped: None,
        elsewhere: None,
    };
    let daemon = dashboard.start(TcpListener::bind("127.0.0.1:0")?)?;
    println!("{}", daemon.url());
    daemon.wait();
    Ok(())
}
