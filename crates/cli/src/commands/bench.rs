//! `contentcheck bench`

use std::collections::BTreeSet;
use std::hint::black_box;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::time::Instant;

use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_events::Flattener;
use contentcheck_interpreter::{Event, Image, KillList, Value};
use contentcheck_model::value::Value as Owned;
use contentcheck_parser::sidecar::Beside;
use contentcheck_reference as reference;
use contentcheck_run::{ImageTemplate, Plan, Route, others};
use schemars::JsonSchema;
use serde::Serialize;

use super::written;
use crate::Streams;
use crate::args::{Bench, CountFormat};
use crate::as_sensor;
use crate::exit::{Exit, Failure, Outcome};
use crate::ready::{Ready, Wanted, ready};
use crate::recorded::{self, Sources};
use crate::release::{Release, talk, talk_of};

/// What `bench --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BenchReport {
    /// Format of this report: 1.
    pub format: u32,
    /// Where the events are from.
    pub events_from: From,
    /// Rules of the image.
    pub rules: usize,
    /// Bytes of the image.
    pub image_bytes: usize,
    /// Words of 64 bits that an evaluation needs as scratch memory.
    pub scratch_words: usize,
    /// Events that were evaluated. One of several template types counts once.
    pub events: u64,
    /// Bytes of text that the image reads, of all events.
    pub text_bytes: u64,
    /// Matches of all events, in each round.
    pub matches: u64,
    /// Rounds of each measurement.
    pub rounds: u32,
    /// Nanoseconds of evaluating one event, its inputs at hand; over all events of a round.
    pub evaluate: Measured,
    /// Nanoseconds of unpacking, reading, routing and typing one event. Absent where events are not read
    /// or cannot be read twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<Measured>,
    /// Nanoseconds of verifying the image.
    pub verify: Measured,
}

/// Where events are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// Recordings.
    Recordings,
    /// The rules' own tests.
    Tests,
}

/// What rounds measured, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Median.
    pub median: f64,
    /// Least.
    pub least: f64,
    /// Most.
    pub most: f64,
}

impl Measured {
    fn of(mut rounds: Vec<f64>) -> Self {
        rounds.sort_by(f64::total_cmp);
        let at = |index: usize| rounds.get(index).copied().unwrap_or(0.0);
        Self { median: at(rounds.len() / 2), least: at(0), most: at(rounds.len().saturating_sub(1)) }
    }
}

/// An event as one of a template type, its inputs in the order of the image.
struct Kept {
    templates: Vec<ImageTemplate>,
    inputs: Vec<Option<Owned>>,
    others: Vec<Owned>,
}

/// Runs the command.
///
/// # Errors
/// When an input or the configuration is wrong, or there are no events.
pub fn run(arguments: &Bench, streams: &mut Streams<'_>) -> Outcome {
    let recorded = !arguments.recorded.events.is_empty();
    let sources = if recorded {
        recorded::sources(&arguments.recorded.events, &arguments.rules.named())?
    } else {
        Sources::default()
    };
    let (inputs, options) = arguments.rules.inputs();
    let wanted = Wanted {
        needs_content: (!recorded).then_some("without recordings, the events of the rules' own tests are evaluated"),
        ..Wanted::by_rules(&arguments.rules, &inputs, options)
    };
    let Some(ready) = ready(&wanted, streams)? else { return Ok(Exit::Findings) };
    let plan = as_sensor::plan(&ready, None, wanted.image)?;
    measure(arguments, &ready, &plan, recorded.then_some(&sources), streams)
}

fn measure(
    arguments: &Bench,
    ready: &Ready,
    plan: &Plan,
    sources: Option<&Sources>,
    streams: &mut Streams<'_>,
) -> Outcome {
    let forced = recorded::forced(plan, arguments.recorded.template.as_deref())?;
    let mut kept = Vec::new();
    let mut read = None;
    let (events, unread) = match sources {
        None => {
            let release = ready.checked()?;
            let beside = &release.judged.gathered().beside;
            if let Some(reason) = beside.iter().find_map(|file| file.cases.as_ref().err()) {
                return Err(Failure::usage(reason.clone()));
            }
            (own(release, plan, arguments.limit, &mut kept) + beside_rules(release, plan, beside, &mut kept), 0)
        }
        Some(sources) => {
            recorded::introduce(sources, streams);
            let put = &mut |event| kept.push(event);
            let pass =
                pass(plan, sources, forced, arguments.limit, Some(put), &mut |problem| talk_of(streams, &problem));
            if sources.files.iter().any(|path| path.as_os_str() == "-") {
                talk(streams, "standard input cannot be read twice: reading is not measured");
            } else if pass.0 > 0 {
                let round = |_| {
                    let start = Instant::now();
                    let (events, _) = self::pass(plan, sources, forced, arguments.limit, None, &mut |_| {});
                    start.elapsed().as_secs_f64() * 1e9 / events.max(1) as f64
                };
                read = Some(Measured::of((0..arguments.rounds).map(round).collect()));
            }
            pass
        }
    };
    if kept.is_empty() {
        return Err(Failure::usage(match sources {
            None => "no events: name recordings, or give the rules tests",
            Some(_) => {
                "no event belongs to a template type that some rule is on; if all are of one, say which with --template NAME"
            }
        }));
    }
    let (evaluate, matches) = evaluate(plan, &kept, events, arguments.rounds)?;
    let report = BenchReport {
        format: 1,
        events_from: if sources.is_some() { From::Recordings } else { From::Tests },
        rules: plan.rules(),
        image_bytes: plan.view().verified().image().bytes().len(),
        scratch_words: plan.view().verified().scratch_words(),
        events,
        text_bytes: kept.iter().flat_map(|kept| kept.inputs.iter().flatten().chain(&kept.others)).map(text_bytes).sum(),
        matches,
        rounds: arguments.rounds,
        evaluate,
        read,
        verify: verify(plan, arguments.rounds)?,
    };
    match arguments.format {
        CountFormat::Human => written(human(&report, streams.out))?,
        CountFormat::Json => {
            let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::internal(error.to_string()))?;
            written(writeln!(streams.out, "{text}"))?
        }
    };
    if cfg!(debug_assertions) {
        talk(streams, "this is a debug build; its numbers say nothing about a release build");
    }
    if unread > 0 {
        talk(streams, &format!("{} could not be read", recorded::plural(unread, "record")));
    }
    Ok(if unread > 0 && !arguments.recorded.lenient { Exit::Findings } else { Exit::Fine })
}

type Put<'k> = &'k mut dyn FnMut(Kept);

/// Reads, routes and types all events: how many that rules look at, and how many records could
/// not be read.
fn pass(
    plan: &Plan,
    sources: &Sources,
    forced: Option<Route>,
    limit: usize,
    mut put: Option<Put<'_>>,
    problem: &mut dyn FnMut(String),
) -> (u64, u64) {
    let mut worker = plan.worker();
    let mut flattener = Flattener::new();
    let (mut events, mut unread) = (0_u64, sources.problems.len() as u64);
    for path in &sources.files {
        let full = std::cell::Cell::new(false);
        let went = recorded::read(
            path,
            &mut flattener,
            |record| {
                let flat = match record {
                    Ok((_, flat)) => flat,
                    Err(found) => {
                        unread += 1;
                        return problem(recorded::words(&found));
                    }
                };
                if full.get() {
                    return;
                }
                worker.route(flat, forced);
                let mut counted = false;
                let mut at = 0;
                while let Some(route) = worker.routes().get(at).copied() {
                    at += 1;
                    let Some(stop) = plan.stop(route) else { continue };
                    counted = true;
                    worker.present(stop, flat, |event| {
                        black_box(&event);
                        if let Some(put) = &mut put {
                            put(keep(stop.templates(), &event));
                        }
                    });
                }
                events += u64::from(counted);
                full.set(events >= limit as u64);
            },
            |_| if full.get() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) },
        );
        if went.is_break() {
            break;
        }
    }
    (events, unread)
}

/// The events of the rules' own tests.
fn own(release: &Release, plan: &Plan, limit: usize, kept: &mut Vec<Kept>) -> u64 {
    let mut events = 0;
    for rule in release.rules() {
        for test in &rule.tests {
            if events >= limit as u64 {
                return events;
            }
            events += 1;
            for target in &rule.targets {
                let template = &target.template;
                let Some(stop) = plan.route_of(template).and_then(|route| plan.stop(route)) else {
                    continue;
                };
                let event = reference::Event::from_test(template, test);
                let inputs = stop.inputs();
                let value = |name: &str| event.value(&template.named(name)).cloned();
                let others = others(template, &event, &inputs);
                kept.push(Kept {
                    templates: stop.templates().to_vec(),
                    inputs: inputs
                        .iter()
                        .map(|input| match value(input.name) {
                            Some(scalar) if input.ty.list && !matches!(scalar, Owned::List(_)) => {
                                Some(Owned::List(vec![scalar]))
                            }
                            other => other,
                        })
                        .collect(),
                    others: others.into_iter().cloned().collect(),
                });
            }
        }
    }
    events
}

/// The events of files of tests beside rules, as events of each template type of the rules that
/// they do not contradict.
fn beside_rules(release: &Release, plan: &Plan, beside: &[Beside], kept: &mut Vec<Kept>) -> u64 {
    let (mut worker, mut flattener, mut count) = (plan.worker(), Flattener::new(), 0);
    let cases = beside.iter().flat_map(|file| file.cases.iter().flatten().map(move |case| (&file.rules, case)));
    for (file, case) in cases {
        let record = case.record();
        let Ok(flat) = flattener.flatten(record.as_bytes()) else { continue };
        let rules = release.rules().into_iter().filter(|rule| rule.source.name() == file);
        let routes = rules.flat_map(|rule| &rule.targets).filter_map(|target| plan.route_of(&target.template));
        let routes: BTreeSet<Route> = routes.collect();
        let before = kept.len();
        for route in routes {
            let is_one = !worker.route(&flat, Some(route)).is_empty();
            let Some(stop) = plan.stop(route).filter(|_| is_one) else { continue };
            kept.push(worker.present(stop, &flat, |event| keep(stop.templates(), &event)));
        }
        count += u64::from(kept.len() > before);
    }
    count
}

fn keep(templates: &[ImageTemplate], event: &Event<'_>) -> Kept {
    Kept {
        templates: templates.to_vec(),
        inputs: event.inputs.iter().map(contentcheck_events::own).collect(),
        others: event.others.iter().filter_map(contentcheck_events::own).collect(),
    }
}

fn lent<'v>(value: &'v Owned, elements: &'v [Value<'v>]) -> Value<'v> {
    match value {
        Owned::String(text) => Value::Text(text.as_bytes()),
        Owned::Bytes(bytes) => Value::Bytes(bytes),
        Owned::Int(value) => Value::Int(*value),
        Owned::Float(value) => Value::Float(*value),
        Owned::Bool(value) => Value::Bool(*value),
        Owned::Ip(value) => Value::Ip(*value),
        Owned::List(_) => Value::List(elements),
    }
}

fn elements(value: &Option<Owned>) -> Vec<Value<'_>> {
    match value {
        Some(Owned::List(elements)) => elements.iter().map(|element| lent(element, &[])).collect(),
        _ => Vec::new(),
    }
}

fn text_bytes(value: &Owned) -> u64 {
    match value {
        Owned::String(text) => text.len() as u64,
        Owned::List(elements) => elements.iter().map(text_bytes).sum(),
        _ => 0,
    }
}

/// Evaluates all events, again and again: nanoseconds an event, and matches of one round.
fn evaluate(plan: &Plan, kept: &[Kept], events: u64, rounds: u32) -> Result<(Measured, u64), Failure> {
    // Elements first, so that lists can borrow them.
    let elements: Vec<Vec<Vec<Value<'_>>>> =
        kept.iter().map(|kept| kept.inputs.iter().map(elements).collect()).collect();
    let values: Vec<(&[ImageTemplate], Vec<Value<'_>>, Vec<Value<'_>>)> = kept
        .iter()
        .zip(&elements)
        .map(|(kept, elements)| {
            let inputs = kept.inputs.iter().zip(elements);
            let inputs =
                inputs.map(|(value, elements)| value.as_ref().map_or(Value::Absent, |value| lent(value, elements)));
            let others = kept.others.iter().map(|value| lent(value, &[]));
            (kept.templates.as_slice(), inputs.collect(), others.collect())
        })
        .collect();
    let view = plan.view();
    let image = view.verified();
    let mut words = vec![0; image.scratch_words()];
    let mut times = Vec::new();
    let mut matches = 0_u64;
    // The first round warms up and does not count.
    for round in 0..=rounds {
        matches = 0;
        let start = Instant::now();
        for (templates, inputs, others) in &values {
            for template in *templates {
                image
                    .bind(template.number(), Event { inputs, header: &[], others })
                    .and_then(|bound| {
                        bound.evaluate(&KillList::NONE, &mut words, u64::MAX, |_| {
                            matches += 1;
                            ControlFlow::Continue(())
                        })
                    })
                    .map_err(|fault| Failure::internal(format!("the image met a fault: {fault:?}")))?;
            }
        }
        let time = start.elapsed().as_secs_f64() * 1e9 / events.max(1) as f64;
        black_box(matches);
        if round > 0 {
            times.push(time);
        }
    }
    Ok((Measured::of(times), matches))
}

fn verify(plan: &Plan, rounds: u32) -> Result<Measured, Failure> {
    let view = plan.view();
    let bytes = view.verified().image().bytes();
    let image = Image::read(bytes).map_err(|rejection| Failure::internal(rejection.to_string()))?;
    let supplied = Supplied::of_recorder(&image, "recorder", "0");
    let supplies = supplied.supplies();
    let manifest = supplied.manifest(&supplies);
    let mut memory = Memory::of(&image);
    let mut times = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        let read = Image::read(black_box(bytes));
        let loaded = read.and_then(|image| image.verify(&manifest, memory.workspace()).map(|of| of.loaded_rules()));
        times.push(start.elapsed().as_secs_f64() * 1e9);
        loaded.map_err(|rejection| Failure::internal(rejection.to_string()))?;
    }
    Ok(Measured::of(times))
}

fn human(report: &BenchReport, out: &mut dyn Write) -> io::Result<()> {
    let from = match report.events_from {
        From::Recordings => "recorded",
        From::Tests => "from the rules' own tests",
    };
    let line = |out: &mut dyn Write, what: &str, of: &Measured, scale: f64, unit: &str| {
        let (median, least, most) = (of.median / scale, of.least / scale, of.most / scale);
        writeln!(out, "{what:<28} {median:>10.2} {unit:<12} ({least:.2} to {most:.2})")
    };
    writeln!(out, "{:<28} {:>10}", "rules", report.rules)?;
    writeln!(out, "{:<28} {:>10} bytes", "image", report.image_bytes)?;
    writeln!(out, "{:<28} {:>10} words", "scratch memory", report.scratch_words)?;
    writeln!(out, "{:<28} {:>10} {from}", "events", report.events)?;
    writeln!(out, "{:<28} {:>10} an event", "bytes of text read", report.text_bytes / report.events.max(1))?;
    writeln!(out, "{:<28} {:>10}", "matches", report.matches)?;
    writeln!(out, "\nmedians of {} rounds (least to most)", report.rounds)?;
    line(out, "evaluate, inputs at hand", &report.evaluate, 1e3, "us an event")?;
    if let Some(read) = &report.read {
        line(out, "unpack, read, route, type", read, 1e3, "us an event")?;
    }
    line(out, "verify the image", &report.verify, 1e3, "us")
}
