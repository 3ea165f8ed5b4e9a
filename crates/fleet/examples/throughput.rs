//! How many signed reports a collector takes in a second, over the loopback, each acknowledged after it was synced.
//!
//! ```console
//! cargo run --release -p contentcheck-fleet --example throughput -- [reports]
//! ```
//!
//! Reports are signed beforehand; whoever sends them runs in the same process and on the same cores. Each device signs several
//! reports, in the order of their numbers. Files are below `TMPDIR`. What was acknowledged is counted again at the end, from the files.

#[path = "../tests/fleet/world.rs"]
mod world;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use contentcheck_fleet::{Recounter, Shard, Source, clock, recount};
use contentcheck_rollout::report::What;
use world::{Outcome, World};

/// Sends bodies over one connection, and gives how many reports were accepted.
fn send(address: SocketAddr, bodies: &[Vec<u8>]) -> Outcome<u64> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let (mut answer, mut accepted) = (Vec::new(), 0);
    for body in bodies {
        let head = format!("POST /v1/reports HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), body].concat())?;
        answer.clear();
        let end = loop {
            let mut part = [0; 65_536];
            let read = stream.read(&mut part)?;
            answer.extend_from_slice(part.get(..read).unwrap_or_default());
            let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
            let head = String::from_utf8_lossy(answer.get(..end.unwrap_or(0)).unwrap_or_default()).into_owned();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if let (Some(end), Some(length)) = (end, length)
                && answer.len() >= end + 4 + length
            {
                break end + 4;
            }
            if read == 0 {
                return Err("the connection ended".into());
            }
        };
        let json: serde_json::Value = serde_json::from_slice(answer.get(end..).unwrap_or_default())?;
        accepted += json.get("accepted").and_then(serde_json::Value::as_u64).ok_or("no count")?;
    }
    Ok(accepted)
}

/// Seconds that this process has had of all cores. Nothing where the system does not say.
fn worked() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut after = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let ticks = after.next()?.parse::<f64>().ok()? + after.next()?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let reports: usize = arguments.next().map_or(Ok(100_000), |count| count.parse())?;
    println!(
        "| reports in a request | connections | reports | seconds | a second | microseconds of a core for one, senders with it | counted again a second | where they were verified before |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (batch, connections) in [(1, 1), (1, 64), (20, 64), (500, 8), (5_000, 4)] {
        let count = if batch == 1 { reports / 10 } else { reports };
        let mut world = World::new(25_000, clock::now(), None)?;
        let id = world.opened()?;
        let daemon = world.collect(Shard::default(), clock::system())?;
        // A connection has devices of its own.
        let of = 20_000 / connections;
        let bodies: Vec<Vec<Vec<u8>>> = (0..connections)
            .map(|connection| {
                let one = |at: usize| {
                    let device = 1_000 + connection * of + at % of;
                    // One in a thousand is held; another one goes for it.
                    let device = if device % 1_000 == 7 { device / 1_000 } else { device };
                    world.report(device, 1 + (at / of) as u64, What::Receipt)
                };
                let all: Vec<Vec<u8>> = (0..count / connections).map(one).collect();
                all.chunks(batch).map(<[Vec<u8>]>::concat).collect()
            })
            .collect();
        let address = daemon.address();
        let (begun, before) = (Instant::now(), worked());
        let accepted = std::thread::scope(|scope| {
            let senders: Vec<_> = bodies
                .iter()
                .map(|bodies| scope.spawn(move || send(address, bodies).map_err(|error| error.to_string())))
                .collect();
            let sums = senders.into_iter().map(|sender| sender.join().map_err(|_| "a sender panicked".to_owned())?);
            sums.sum::<Result<u64, String>>()
        })?;
        let took = begun.elapsed().as_secs_f64();
        let cost = worked().zip(before).map_or(0.0, |(after, before)| (after - before) / accepted as f64 * 1e6);
        std::thread::sleep(Duration::from_secs(5));
        daemon.stop();
        let source = Source::directory(world.path("reports"));
        let until = source.settled_until(&id)?.ok_or("nothing is settled")?;
        let rollout = world.book.state().newest().ok_or("no rollout")?;
        let begun = Instant::now();
        let found = recount(&world.roll, rollout, &source, until)?.reports();
        let again = found as f64 / begun.elapsed().as_secs_f64();
        // As whoever calls `status` again: the first one keeps what it verified, and the second one is timed.
        let mut evidence = None;
        let mut known = 0.0;
        for _ in 0..2 {
            let counting = Recounter::new(world.rolls()?, source.clone()).remembering(world.path("verified"));
            let begun = Instant::now();
            let counted = counting.evidence(world.book.state(), rollout, 0, until)?;
            known = found as f64 / begun.elapsed().as_secs_f64();
            if evidence.replace(counted.clone()).is_some_and(|first| first != counted) {
                return Err("what was verified before is counted in another way".into());
            }
        }
        if found != accepted {
            return Err(format!("{accepted} were acknowledged, and {found} are there").into());
        }
        println!(
            "| {batch} | {connections} | {accepted} | {took:.2} | {:.0} | {cost:.0} | {again:.0} | {known:.0} |",
            accepted as f64 / took
        );
    }
    Ok(())
}
