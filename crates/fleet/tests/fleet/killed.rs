//! A collector that is killed at any moment: nothing that it acknowledged is lost, nothing is counted twice.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use contentcheck_fleet::segment::{RECORD, Record};
use contentcheck_fleet::{Shard, Source, clock, recount};
use contentcheck_rollout::report::What;

use crate::http::post;
use crate::world::{Outcome, World, collect};

const ROOT: &str = "CONTENTCHECK_FLEET_CHILD";

/// The collector as a process of its own. Not a test: the test below runs it.
#[test]
#[ignore = "the process that `a_collector_that_is_killed` kills"]
fn child() -> Outcome {
    let Ok(root) = std::env::var(ROOT) else { return Ok(()) };
    let verifier = std::fs::read_to_string(format!("{root}/verifier"))?;
    let daemon = collect(root.as_ref(), &verifier, Shard::default(), clock::system(), 0)?;
    println!("\nlistens {}", daemon.address());
    daemon.wait();
    Ok(())
}

struct Running(Child, SocketAddr);

impl Running {
    fn begin(world: &World) -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--exact", "killed::child", "--ignored", "--nocapture"])
            .env(ROOT, &world.directory.0)
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        for line in lines.map_while(Result::ok) {
            if let Some(address) = line.strip_prefix("listens ") {
                let address = address.parse()?;
                return Ok(Self(child, address));
            }
        }
        Err("the collector did not begin".into())
    }

    fn kill(mut self) -> Outcome {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_collector_that_is_killed() -> Outcome {
    const ROUNDS: u64 = 20;
    const DEVICES: usize = 400;
    let mut world = World::new(25_000, clock::now(), None)?;
    let id = world.opened()?;
    std::fs::write(world.path("verifier"), &world.verifier)?;
    let devices: Vec<usize> = (1_000..).filter(|one| one % 1_000 != 7).take(DEVICES).collect();
    let mut next = vec![1_u64; DEVICES];
    let mut acknowledged: BTreeMap<(usize, u64), bool> = BTreeMap::new();
    let mut unsure = 0;
    for round in 0..ROUNDS {
        let running = Running::begin(&world)?;
        let address = running.1;
        // Between 3 and 130 milliseconds later, in steps that share no factor with what the collector does.
        let life = Duration::from_millis(3 + round * 37 % 127);
        let killer = std::thread::spawn(move || {
            std::thread::sleep(life);
            running.kill().map_err(|error| error.to_string())
        });
        let begun = Instant::now();
        while !killer.is_finished() {
            assert!(begun.elapsed() < Duration::from_secs(20));
            // Each device goes on only when its report was acknowledged, and else sends it again.
            let some: Vec<usize> = (0..DEVICES).skip(round as usize % 7).step_by(5).collect();
            let body =
                some.iter().flat_map(|at| world.report(devices[*at], next[*at], What::Receipt)).collect::<Vec<u8>>();
            let Ok(answer) = post(address, "/v1/reports", &body) else {
                unsure += some.len();
                continue;
            };
            let Ok(json) = answer.json() else { continue };
            let Some(said) = json["reports"].as_array().filter(|_| answer.status == 200) else { continue };
            assert_eq!(said.len(), some.len());
            for (at, said) in some.into_iter().zip(said) {
                assert!(said == "accepted" || said == "known", "{said}");
                acknowledged.insert((at, next[at]), true);
                next[at] += 1;
            }
        }
        killer.join().map_err(|_| "the killer panicked")??;
    }
    // Once more, so that all of it is settled.
    let running = Running::begin(&world)?;
    let source = Source::directory(world.path("reports"));
    let sent = clock::now();
    let begun = Instant::now();
    while source.settled_until(&id)?.is_none_or(|until| until <= sent) {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(100));
    }
    running.kill()?;
    let file = std::fs::read(world.path("reports").join(id.to_string()).join("0.reports"))?;
    let mut found: BTreeMap<([u8; 32], u64), u32> = BTreeMap::new();
    for record in file.as_chunks::<RECORD>().0 {
        let received = Record::of(record).and_then(|record| record.received()).ok_or("a record that nobody signed")?;
        *found.entry((received.report().device, received.report().number)).or_default() += 1;
    }
    assert_eq!(found.values().max(), Some(&1), "none is there twice");
    for (at, number) in acknowledged.keys() {
        let device = world.devices[devices[*at]].public();
        assert!(found.contains_key(&(device, *number)), "report {number} of device {at} was acknowledged, and is lost");
    }
    let until = source.settled_until(&id)?.ok_or("nothing is settled")?;
    let rollout = world.book.state().newest().ok_or("no rollout")?;
    assert_eq!(recount(&world.roll, rollout, &source, until)?.reports(), found.len() as u64);
    println!("{ROUNDS} kills, {} acknowledged, {} kept, {unsure} unanswered", acknowledged.len(), found.len());
    assert!(acknowledged.len() > 500, "the collector lived long enough to take something");
    Ok(())
}
