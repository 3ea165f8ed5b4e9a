//! Evaluates recorded events with contentcheck and its peers, in one process and on one thread.
//!
//! `cargo run --release --bin evaluate -- RULES EVENTS [ONLY] [ROUNDS]`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use contentcheck::args::{CompileOptions, Inputs};
use contentcheck::plan::{Worker, with_plan};
use contentcheck::{Streams, release};
use contentcheck_events::{Batch, Flattener, Layout, Reader};
use contentcheck_interpreter::{Event, KillMask, Value};

/// A value that owns its text.
enum Owned { Text(String), Other(Value<'static>), List(Vec<Owned>) }

fn own(value: &Value<'_>) -> Owned {
    match value {
        Value::Text(text) => Owned::Text((*text).to_owned()),
        Value::Bytes(_) | Value::Absent => Owned::Other(Value::Absent),
        Value::Int(n) => Owned::Other(Value::Int(*n)),
        Value::Float(n) => Owned::Other(Value::Float(*n)),
        Value::Bool(n) => Owned::Other(Value::Bool(*n)),
        Value::Ip(n) => Owned::Other(Value::Ip(*n)),
        Value::List(values) => Owned::List(values.iter().map(own).collect()),
    }
}

fn lend<'a>(value: &'a Owned) -> Value<'a> {
    match value {
        Owned::Text(text) => Value::Text(text),
        Owned::Other(value) => *value,
        Owned::List(values) => Value::List(Vec::leak(values.iter().map(lend).collect())),
    }
}

struct Taken { route: usize, inputs: Vec<Owned>, others: Vec<Owned> }

fn median(values: &mut [f64]) -> f64 { values.sort_by(f64::total_cmp); values[values.len() / 2] }

fn run() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rules: Vec<PathBuf> = arguments.first().ok_or("usage: evaluate RULES EVENTS [ONLY] [ROUNDS]")?.split(',').map(PathBuf::from).collect();
    let events = arguments.get(1).ok_or("no events")?;
    let only = arguments.get(2).cloned().unwrap_or_default();
    let rounds: usize = arguments.get(3).map_or(5, |n| n.parse().unwrap_or(5));
    let (mut out, mut err) = (std::io::sink(), std::io::stderr());
    let mut streams = Streams { out: &mut out, err: &mut err, color: false, interactive: false };
    let inputs = Inputs { paths: rules, config: None, no_config: true, fleet: vec![], exclude: vec![], threads: 1 };
    let start = Instant::now();
    let release = release::load(&inputs, &CompileOptions { skip_errors: true, skip_unsupplied: false }, true, &mut streams)
        .map_err(|f| f.message)?.ok_or("no release")?;
    println!("load and compile {:?}, image {} bytes", start.elapsed(), release.image.len());
    with_plan(&release, |plan| {
        let mut taken = Vec::new();
        let mut worker = Worker::new(plan);
        let mut flattener = Flattener::new();
        let mut reader = Reader::open(Path::new(events)).map_err(|p| p.to_string())?;
        let mut batch = Batch::new();
        let (mut count, mut bytes) = (0_u64, 0_u64);
        while reader.next_batch(&mut batch) {
            batch.each(|record| {
                let Ok(record) = record else { return };
                let Ok(flat) = flattener.flatten(record.bytes) else { return };
                plan.router.route(&flat, None, &mut worker.routes);
                let mut counted = false;
                for route in worker.routes.clone() {
                    if !only.is_empty() && !plan.router.templates()[route].name.contains(&only) { continue; }
                    if !counted { count += 1; counted = true; }
                    let Some((layout, _, others)) = plan.stop(route) else { continue };
                    layout.present(&flat, &mut worker.scratch, others, |event| {
                        bytes += event.inputs.iter().map(|v| if let Value::Text(t) = v { t.len() as u64 } else { 0 }).sum::<u64>();
                        taken.push(Taken { route, inputs: event.inputs.iter().map(own).collect(), others: event.others.iter().map(own).collect() });
                    });
                }
            });
        }
        let lent: Vec<(usize, Vec<Value<'_>>, Vec<Value<'_>>)> = taken.iter().map(|t| (t.route, t.inputs.iter().map(lend).collect(), t.others.iter().map(lend).collect())).collect();
        println!("{count} events, {} visits of template types with rules, {} bytes of text read an event", lent.len(), bytes / count.max(1));
        let mut words = vec![0_u64; plan.verified.scratch_words()];
        let mut times = Vec::new();
        let mut matches = 0_u64;
        for _ in 0..rounds {
            matches = 0;
            let start = Instant::now();
            for (route, inputs, others) in &lent {
                let Some((_, templates, _)) = plan.stop(*route) else { continue };
                for template in templates {
                    let event = Event { inputs, header: &[], others };
                    if let Ok(bound) = plan.verified.bind(*template, event) {
                        let _ = bound.evaluate(KillMask::NONE, &mut words, |_| matches += 1);
                    }
                }
            }
            times.push(start.elapsed().as_secs_f64() * 1e9 / count.max(1) as f64);
        }
        println!("contentcheck: median {:.0} ns, least {:.0} ns an event, {matches} matches", median(&mut times), times[0]);
        let mut by: std::collections::BTreeMap<&str, (u64, Duration)> = Default::default();
        for (route, inputs, others) in &lent {
            let Some((_, templates, _)) = plan.stop(*route) else { continue };
            let start = Instant::now();
            for template in templates {
                let event = Event { inputs, header: &[], others };
                if let Ok(bound) = plan.verified.bind(*template, event) { let _ = bound.evaluate(KillMask::NONE, &mut words, |_| {}); }
            }
            let slot = by.entry(&plan.router.templates()[*route].name).or_default();
            slot.0 += 1; slot.1 += start.elapsed();
        }
        let mut by: Vec<_> = by.into_iter().collect();
        by.sort_by_key(|(_, (_, time))| std::cmp::Reverse(*time));
        for (name, (n, time)) in by.iter().take(12) { println!("  {name}: {n} events, {:.0} ns each, {:.1} %", time.as_nanos() as f64 / *n as f64, time.as_secs_f64() / by.iter().map(|b| b.1.1.as_secs_f64()).sum::<f64>() * 100.0); }
        let _: Option<Layout> = None;
        Ok::<(), String>(())
    }).map_err(|f| f.message)??;
    Ok(())
}

fn main() -> ExitCode {
    match run() { Ok(()) => ExitCode::SUCCESS, Err(message) => { eprintln!("error: {message}"); ExitCode::from(2) } }
}
