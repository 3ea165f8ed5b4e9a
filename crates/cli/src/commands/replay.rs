//! `contentcheck replay`
//!
//! Readers unpack sources and hand batches over a bounded channel; workers decode and evaluate
//! them. Everything that is counted is a sum, so the result does not depend on who did what.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use contentcheck_events::{Batch, Flattener, Place, Reader, Tally};
use indicatif::ProgressBar;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::eval::{NotConverted, RuleName, not_converted};
use super::{threads, written};
use crate::Streams;
use crate::args::{CountFormat, Replay};
use crate::exit::{Exit, Failure, Outcome};
use crate::plan::{Plan, Worker, with_plan};
use crate::recorded::{self, Sources, Totals, Unrecognised, plural};
use crate::release::{self, Release, talk};
use crate::walk;

/// Problems that are shown one by one; all are counted.
const SHOWN: usize = 20;
/// Bytes of a file of ceilings.
const CEILINGS_BYTES: usize = 1 << 20;

/// What `replay --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayReport {
    /// Format of this report: 1.
    pub format: u32,
    /// Rules that match, those that match most first.
    pub rules: Vec<RuleMatches>,
    /// Template types that events belong to, by name.
    pub templates: Vec<TemplateEvents>,
    /// What became of the records.
    pub totals: Totals,
    /// Values that did not convert to the type of their field.
    pub not_converted: Vec<NotConverted>,
}

/// How often a rule matches.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleMatches {
    /// The rule.
    pub rule: RuleName,
    /// How many events it matches.
    pub matches: u64,
    /// How often it may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<u64>,
    /// Whether it matches more often.
    pub exceeded: bool,
}

/// How many events belong to a template type.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateEvents {
    /// The template type.
    pub template: String,
    /// Its events.
    pub events: u64,
    /// Whether some rule is on it.
    pub covered: bool,
}

/// Runs the command.
///
/// # Errors
/// When an input, the configuration or a ceiling is wrong, or the program is at fault.
pub fn run(arguments: &Replay, streams: &mut Streams<'_>) -> Outcome {
    let sources = recorded::sources(&arguments.recorded.events, &arguments.rules.rules)?;
    let (inputs, options) = arguments.rules.inputs();
    let Some(release) = release::load(&inputs, &options, true, streams)? else { return Ok(Exit::Findings) };
    let ceilings = ceilings(arguments, &release)?;
    with_plan(&release, |plan| replay(arguments, &release, plan, &sources, &ceilings, streams))?
}

/// A JSON object, with names that come twice.
struct Pairs(Vec<(String, u64)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Pairs;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of rules and how often each may match")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// How often each rule may match, by its number.
fn ceilings(arguments: &Replay, release: &Release) -> Result<Vec<Option<u64>>, Failure> {
    let mut ceilings = vec![None; release.checked.content.rules().len()];
    if let Some(path) = &arguments.ceilings {
        let name = walk::name(path);
        let fail = |reason: String| Failure::usage(format!("{name}: {reason}"));
        let bytes = walk::read_bytes(path, CEILINGS_BYTES).map_err(fail)?;
        if bytes.len() > CEILINGS_BYTES {
            return Err(fail(format!("more than {CEILINGS_BYTES} bytes")));
        }
        let Pairs(pairs) = serde_json::from_slice(&bytes).map_err(|error| fail(error.to_string()))?;
        for (wanted, most) in pairs {
            let number = release.find(&wanted).map_err(fail)?;
            if let Some(ceiling) = ceilings.get_mut(number)
                && ceiling.replace(most).is_some()
            {
                return Err(fail(format!("the rule `{wanted}` has two ceilings")));
            }
        }
    }
    ceilings.iter_mut().for_each(|ceiling| *ceiling = ceiling.or(arguments.ceiling));
    Ok(ceilings)
}

/// What one worker found.
struct Part {
    totals: Totals,
    bytes: u64,
    rules: Vec<u64>,
    templates: Vec<u64>,
    tally: Tally,
    unrecognised: Unrecognised,
    /// By file and place; the first of them.
    problems: Vec<(usize, Place, String)>,
    faults: Vec<(usize, Place, String)>,
}

impl Part {
    fn new(plan: &Plan<'_>, rules: usize) -> Self {
        Self {
            totals: Totals::default(),
            bytes: 0,
            rules: vec![0; rules],
            templates: vec![0; plan.router.templates().len()],
            tally: Tally::new(),
            unrecognised: Unrecognised::default(),
            problems: Vec::new(),
            faults: Vec::new(),
        }
    }

    fn merge(&mut self, other: Self) {
        self.totals.add(&other.totals);
        self.bytes += other.bytes;
        self.rules.iter_mut().zip(other.rules).for_each(|(all, part)| *all += part);
        self.templates.iter_mut().zip(other.templates).for_each(|(all, part)| *all += part);
        self.tally.merge(other.tally);
        self.unrecognised.merge(other.unrecognised);
        self.problems.extend(other.problems);
        self.faults.extend(other.faults);
    }
}

/// The first ones, so that a million of them take no memory.
fn first(found: &mut Vec<(usize, Place, String)>, most: usize) {
    found.sort();
    found.truncate(most);
}

fn replay(
    arguments: &Replay,
    release: &Release,
    plan: &Plan<'_>,
    sources: &Sources,
    ceilings: &[Option<u64>],
    streams: &mut Streams<'_>,
) -> Outcome {
    let forced = recorded::forced(&plan.router, arguments.recorded.template.as_deref())?;
    recorded::introduce(sources, streams);
    let start = Instant::now();
    let bar = recorded::progress(streams);
    let mut whole = Part::new(plan, ceilings.len());
    whole.totals.sources = sources.files.len();
    whole.totals.unread = sources.problems.len() as u64;
    let lost = all(plan, &sources.files, threads(arguments.rules.threads), forced, ceilings.len(), &bar, &mut whole);
    bar.finish_and_clear();
    if lost {
        return Err(Failure::internal("a worker ended early; the counts would be wrong"));
    }
    let seconds = start.elapsed().as_secs_f64().max(1e-9);
    whole.totals.not_converted = whole.tally.total();
    first(&mut whole.problems, SHOWN);
    for (_, _, problem) in &whole.problems {
        talk(streams, problem);
    }
    let told = (whole.problems.len() + sources.problems.len()) as u64;
    if whole.totals.unread > told {
        talk(streams, &format!("and {} that could not be read", plural(whole.totals.unread - told, "more record")));
    }
    first(&mut whole.faults, SHOWN);
    if let Some((_, _, fault)) = whole.faults.first() {
        return Err(Failure::internal(format!(
            "{fault}; this is a fault of contentcheck's: please report it with the event"
        )));
    }
    let report = report(release, plan, ceilings, &whole);
    match arguments.format {
        CountFormat::Human => written(human(&report, streams.out))?,
        CountFormat::Json => {
            let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::internal(error.to_string()))?;
            written(writeln!(streams.out, "{text}"))?
        }
    };
    recorded::summary(&report.totals, &whole.tally, &arguments.recorded, &whole.unrecognised, streams);
    talk(
        streams,
        &format!(
            "{:.2} s, {:.0} events/s, {:.1} MB/s unpacked",
            seconds,
            report.totals.events as f64 / seconds,
            whole.bytes as f64 / seconds / 1e6
        ),
    );
    let exceeded: Vec<&RuleMatches> = report.rules.iter().filter(|rule| rule.exceeded).collect();
    for RuleMatches { rule, matches, ceiling, .. } in &exceeded {
        let most = ceiling.unwrap_or_default();
        talk(streams, &format!("ceiling exceeded: {} matches {matches} times, at most {most} allowed", rule.shown()));
    }
    let unread = report.totals.unread > 0 && !arguments.recorded.lenient;
    Ok(if unread || !exceeded.is_empty() { Exit::Findings } else { Exit::Fine })
}

/// Reads and evaluates all files. True where a thread was lost.
fn all(
    plan: &Plan<'_>,
    files: &[PathBuf],
    threads: usize,
    forced: Option<usize>,
    rules: usize,
    bar: &ProgressBar,
    whole: &mut Part,
) -> bool {
    let (sender, receiver) = sync_channel::<(usize, Batch)>(threads * 2);
    let receiver = Mutex::new(receiver);
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..threads.min(files.len()))
            .map(|_| {
                let sender = sender.clone();
                let next = &next;
                scope.spawn(move || hand_over(files, next, &sender))
            })
            .collect();
        drop(sender);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(plan, &receiver, forced, rules, bar))).collect();
        let mut lost = false;
        for reader in readers {
            match reader.join() {
                Ok(problems) => {
                    whole.totals.unread += problems.len() as u64;
                    whole.problems.extend(problems);
                }
                Err(_) => lost = true,
            }
        }
        for worker in workers {
            match worker.join() {
                Ok(part) => whole.merge(part),
                Err(_) => lost = true,
            }
        }
        lost
    })
}

/// Reads one file after the other. Returns those that could not be opened.
fn hand_over(
    files: &[PathBuf],
    next: &AtomicUsize,
    sender: &SyncSender<(usize, Batch)>,
) -> Vec<(usize, Place, String)> {
    let mut problems = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(path) = files.get(number) else { return problems };
        let mut reader = match Reader::open(Path::new(path)) {
            Ok(reader) => reader,
            Err(problem) => {
                problems.push((number, Place::Source, recorded::words(&problem)));
                continue;
            }
        };
        loop {
            let mut batch = Batch::new();
            if !reader.next_batch(&mut batch) {
                break;
            }
            if sender.send((number, batch)).is_err() {
                return problems;
            }
        }
    }
}

fn work(
    plan: &Plan<'_>,
    receiver: &Mutex<Receiver<(usize, Batch)>>,
    forced: Option<usize>,
    rules: usize,
    bar: &ProgressBar,
) -> Part {
    let mut part = Part::new(plan, rules);
    let mut worker = Worker::new(plan);
    let mut flattener = Flattener::new();
    let mut matched: Vec<u32> = Vec::new();
    loop {
        let received = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, batch)) = received else { break };
        recorded::decode(&batch, &mut flattener, |record| {
            let (place, flat) = match record {
                Ok(read) => read,
                Err(problem) => {
                    part.totals.unread += 1;
                    part.problems.push((number, problem.place, recorded::words(&problem)));
                    if part.problems.len() > SHOWN * 50 {
                        first(&mut part.problems, SHOWN);
                    }
                    return;
                }
            };
            matched.clear();
            let done = plan.evaluate(flat, forced, &mut worker, |_, rule| matched.push(rule));
            // A rule that matches an event as two template types matches one event.
            matched.sort_unstable();
            matched.dedup();
            part.totals.matches += matched.len() as u64;
            for rule in &matched {
                if let Some(count) = part.rules.get_mut(*rule as usize) {
                    *count += 1;
                }
            }
            if let Err(fault) = done {
                part.faults.push((number, place, format!("{place}: the image met a fault: {fault:?}")));
                if part.faults.len() > SHOWN * 50 {
                    first(&mut part.faults, SHOWN);
                }
            }
            part.totals.event(worker.routes.len(), worker.routes.iter().any(|route| plan.stop(*route).is_some()));
            if worker.routes.is_empty() {
                part.unrecognised.note(&plan.router, flat, String::new);
            }
            for route in &worker.routes {
                if let Some(count) = part.templates.get_mut(*route) {
                    *count += 1;
                }
            }
        });
        part.bytes += batch.len() as u64;
        bar.inc(batch.len() as u64);
    }
    part.tally = worker.tally;
    part
}

fn report(release: &Release, plan: &Plan<'_>, ceilings: &[Option<u64>], whole: &Part) -> ReplayReport {
    let counted = release.rules().into_iter().zip(&whole.rules).zip(ceilings);
    let mut rules: Vec<RuleMatches> = counted
        .filter(|((_, matches), _)| **matches > 0)
        .map(|((rule, matches), ceiling)| RuleMatches {
            rule: RuleName::of(rule),
            matches: *matches,
            ceiling: *ceiling,
            exceeded: ceiling.is_some_and(|ceiling| *matches > ceiling),
        })
        .collect();
    rules.sort_by(|a, b| (b.matches, &a.rule).cmp(&(a.matches, &b.rule)));
    let mut templates: Vec<TemplateEvents> = plan
        .router
        .templates()
        .iter()
        .enumerate()
        .zip(&whole.templates)
        .filter(|(_, events)| **events > 0)
        .map(|((route, template), events)| TemplateEvents {
            template: template.name.clone(),
            events: *events,
            covered: plan.stop(route).is_some(),
        })
        .collect();
    templates.sort_by(|a, b| a.template.cmp(&b.template));
    let not_converted = not_converted(&whole.tally);
    ReplayReport { format: 1, rules, templates, totals: whole.totals.clone(), not_converted }
}

fn human(report: &ReplayReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{:>10}  template type", "events")?;
    for TemplateEvents { template, events, covered } in &report.templates {
        writeln!(out, "{events:>10}  {template}{}", if *covered { "" } else { "  (no rule is on it)" })?;
    }
    writeln!(out, "\n{:>10}  {:<13}  rule", "matches", "level")?;
    for RuleMatches { rule, matches, ceiling, exceeded } in &report.rules {
        let level = rule.level.unwrap_or("no level");
        let over = ceiling.filter(|_| *exceeded).map_or_else(String::new, |most| format!("  EXCEEDS {most}"));
        writeln!(out, "{matches:>10}  {level:<13}  {}{over}", rule.shown())?;
    }
    Ok(())
}
