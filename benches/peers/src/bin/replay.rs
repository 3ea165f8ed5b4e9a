//! Replays a file of JSON lines end to end with contentcheck and with rsigma-eval, in turn, in one
//! process and on one thread: reading the file, parsing, finding out what an event is, evaluating.
//!
//! `cargo run --release --ignore-rust-version --bin replay -- RULES[,RULES] EVENTS [""] [ROUNDS] [alone]`
//!
//! The peer reads lines with the standard library and JSON with serde_json, as its own tools do. It
//! has no routing of recorded Windows events, so it is measured in two ways: told the log source of
//! each event, which was found before and is not timed; and without log source, with all rules.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::ExitCode;

use contentcheck_events::{Batch, Flattener, Reader};
use contentcheck_peers::clock::{cpu, least, median, ratio, since};
use contentcheck_peers::load::{self, Arguments, peer_source};
use contentcheck_run::Plan;
use rsigma_eval::Engine;
use rsigma_eval::event::JsonEvent;

/// The log source of each record that rules look at, by the number of the record.
type Sources = Vec<Option<rsigma_parser::LogSource>>;

/// Calls `each` with every record of a file of JSON lines that contentcheck can read.
fn records(path: &Path, mut each: impl FnMut(&[u8])) -> Result<(), String> {
    let mut reader = Reader::open(path).map_err(|problem| problem.to_string())?;
    let mut batch = Batch::new();
    while reader.next_batch(&mut batch) {
        batch.each(|record| {
            if let Ok(record) = record {
                each(record.bytes);
            }
        });
    }
    Ok(())
}

fn sources(plan: &Plan, path: &Path) -> Result<Sources, String> {
    let (mut worker, mut flattener, mut found) = (plan.worker(), Flattener::new(), Vec::new());
    records(path, |record| {
        let routes = flattener.flatten(record).map_or(&[][..], |flat| worker.route(&flat, None));
        let covered = routes.iter().find(|route| plan.stop(**route).is_some());
        let template = covered.and_then(|route| plan.template(*route));
        found.push(template.and_then(|template| template.serves.first()).map(peer_source));
    })?;
    Ok(found)
}

fn own(plan: &Plan, path: &Path) -> Result<u64, String> {
    let (mut worker, mut flattener, mut matches) = (plan.worker(), Flattener::new(), 0);
    let mut fault = None;
    records(path, |record| {
        if let Ok(flat) = flattener.flatten(record)
            && let Err(met) = worker.evaluate(&flat, None, |_, _| matches += 1)
        {
            fault.get_or_insert(met);
        }
    })?;
    fault.map_or(Ok(matches), |fault| Err(fault.words(plan)))
}

/// `sources` tells the log source of each record; without it all rules look at every record.
fn peer(engine: &Engine, path: &Path, sources: Option<&Sources>) -> Result<u64, String> {
    let mut lines = BufReader::with_capacity(1 << 16, File::open(path).map_err(|error| error.to_string())?);
    let (mut line, mut number, mut matches) = (Vec::new(), 0, 0);
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).map_err(|error| error.to_string())? == 0 {
            return Ok(matches);
        }
        let at = number;
        number += 1;
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(&line) else { continue };
        let event = JsonEvent::owned(value);
        matches += match sources {
            None => engine.evaluate(&event).len() as u64,
            Some(sources) => match sources.get(at) {
                Some(Some(source)) => engine.evaluate_with_logsource(&event, source).len() as u64,
                _ => 0,
            },
        };
    }
}

fn measure(plan: &Plan, engine: &Engine, arguments: &Arguments) -> Result<(), String> {
    let path = arguments.events.as_path();
    let sources = sources(plan, path)?;
    let bytes = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    println!(
        "{} records, {} bytes, {} of them on template types with rules",
        sources.len(),
        bytes,
        sources.iter().flatten().count()
    );
    let mut times: [Vec<f64>; 4] = Default::default();
    let mut matches = [0_u64; 3];
    for _ in 0..arguments.rounds {
        let start = cpu();
        matches[0] = own(plan, path)?;
        let own = since(start);
        times[0].push(own);
        if arguments.alone {
            continue;
        }
        let start = cpu();
        matches[1] = peer(engine, path, Some(&sources))?;
        times[1].push(since(start));
        let start = cpu();
        matches[2] = peer(engine, path, None)?;
        times[2].push(since(start));
        let start = cpu();
        let mut lines = BufReader::with_capacity(1 << 16, File::open(path).map_err(|error| error.to_string())?);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).map_err(|error| error.to_string())? > 0 {
            std::hint::black_box(serde_json::from_slice::<serde_json::Value>(&line).is_ok());
            line.clear();
        }
        times[3].push(since(start));
    }
    let each = |seconds: f64| seconds * 1e9 / sources.len().max(1) as f64;
    let speed = |seconds: f64| bytes as f64 / 1e6 / seconds;
    let [own, told, all, json] = &times;
    println!("CPU time                                  median ns an event   least   MB/s   times ours   matches");
    let names = ["contentcheck", "rsigma-eval 0.23.0, told the log source", "rsigma-eval 0.23.0, all rules"];
    for ((name, times), matches) in names.into_iter().zip([own, told, all]).zip(matches) {
        if !times.is_empty() {
            let median = median(times.clone());
            println!(
                "{name:<40} {:>19.0} {:>7.0} {:>6.0} {:>12.1} {matches:>9}",
                each(median),
                each(least(times)),
                speed(median),
                ratio(times, own)
            );
        }
    }
    if !json.is_empty() {
        println!("serde_json alone: {:.0} ns an event, {:.1} times ours", each(median(json.clone())), ratio(json, own));
    }
    Ok(())
}

fn run() -> Result<(), String> {
    let arguments = Arguments::read()?;
    let release = load::own(&arguments.rules)?;
    let engine = load::rsigma(&arguments.rules)?;
    let plan = release.plan().map_err(|failure| failure.message)?;
    measure(&plan, &engine, &arguments)
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}
