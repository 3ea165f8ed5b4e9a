//! Evaluates recorded events with contentcheck, with rsigma-eval and with a bare Aho-Corasick
//! pass, in turn, in one process and on one thread, and compares who matches what.
//!
//! `cargo run --release --ignore-rust-version --bin evaluate -- RULES[,RULES] EVENTS [TEMPLATE] [ROUNDS] [alone]`
//!
//! TEMPLATE limits the events to template types whose name contains it; `""` means all. `alone`
//! leaves the peers out, for profiles.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use contentcheck::args::{CompileOptions, Inputs};
use contentcheck::plan::{Plan, Worker, with_plan};
use contentcheck::release::Release;
use contentcheck::{Streams, release};
use contentcheck_events::{Batch, Flattener, Reader};
use contentcheck_interpreter::{Event, KillMask, Value};
use contentcheck_parser::model::{Pattern, Test, WildcardPart};
use contentcheck_parser::template::LogSource;
use daachorse::DoubleArrayAhoCorasick;
use rsigma_eval::Engine;
use rsigma_eval::event::{Event as PeerEvent, EventValue, JsonEvent};

/// A value that owns its text.
enum Owned {
    Text(String),
    Plain(Value<'static>),
    List(Vec<Self>),
}

impl Owned {
    fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Text(text) => Self::Text((*text).to_owned()),
            Value::Int(number) => Self::Plain(Value::Int(*number)),
            Value::Float(number) => Self::Plain(Value::Float(*number)),
            Value::Bool(truth) => Self::Plain(Value::Bool(*truth)),
            Value::Ip(address) => Self::Plain(Value::Ip(*address)),
            Value::List(elements) => Self::List(elements.iter().map(Self::of).collect()),
            // The template types of public sources have no bytes.
            Value::Absent | Value::Bytes(_) => Self::Plain(Value::Absent),
        }
    }

    fn lend(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(text),
            Self::Plain(value) => *value,
            // Lent for the whole run.
            Self::List(elements) => Value::List(elements.iter().map(Self::lend).collect::<Vec<_>>().leak()),
        }
    }
}

/// An event at hand: for us the values in order, for the peer a JSON value and a map.
struct Taken {
    route: usize,
    inputs: Vec<Owned>,
    others: Vec<Owned>,
    json: serde_json::Value,
    line: usize,
}

/// An event without JSON look-ups: a hash of names to texts.
struct Mapped<'j>(HashMap<&'j str, &'j serde_json::Value>);

impl PeerEvent for Mapped<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        self.0.get(path).map(|value| (*value).into())
    }

    fn any_string_value(&self, pred: &dyn Fn(&str) -> bool) -> bool {
        self.0.values().any(|value| value.as_str().is_some_and(pred))
    }

    fn all_string_values(&self) -> Vec<std::borrow::Cow<'_, str>> {
        self.0.values().filter_map(|value| value.as_str()).map(std::borrow::Cow::Borrowed).collect()
    }

    fn to_json(&self) -> serde_json::Value {
        serde_json::Value::Object(self.0.iter().map(|(key, value)| ((*key).to_owned(), (*value).clone())).collect())
    }
}

/// Events in a group.
const GROUP: usize = 64;

/// Reads bytes, so that they are in the cache.
fn touch(bytes: &[u8]) -> u8 {
    bytes.iter().step_by(16).fold(0, |sum, byte| sum ^ byte)
}

fn touch_values(values: &[Value<'_>]) -> u8 {
    values.iter().fold(0, |sum, value| sum ^ if let Value::Text(text) = value { touch(text.as_bytes()) } else { 0 })
}

fn touch_json(value: &serde_json::Value) -> u8 {
    let members = value.as_object().into_iter().flatten();
    members.fold(0, |sum, (key, value)| sum ^ touch(key.as_bytes()) ^ value.as_str().map_or(0, |text| touch(text.as_bytes())))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn take(plan: &Plan<'_>, events: &Path, only: &str) -> Result<(usize, Vec<Taken>), String> {
    let (mut taken, mut worker, mut flattener) = (Vec::new(), Worker::new(plan), Flattener::new());
    let mut reader = Reader::open(events).map_err(|problem| problem.to_string())?;
    let mut batch = Batch::new();
    let mut count = 0;
    while reader.next_batch(&mut batch) {
        batch.each(|record| {
            let Ok(record) = record else { return };
            let Ok(flat) = flattener.flatten(record.bytes) else { return };
            let Ok(json) = serde_json::from_slice::<serde_json::Value>(record.bytes) else { return };
            plan.router.route(&flat, None, &mut worker.routes);
            let named = |route: &usize| plan.router.templates().get(*route).is_some_and(|of| of.name.contains(only));
            let routes: Vec<usize> = worker.routes.iter().copied().filter(named).collect();
            count += usize::from(!routes.is_empty());
            for route in routes {
                let Some((layout, _, others)) = plan.stop(route) else { continue };
                layout.present(&flat, &mut worker.scratch, others, |event| {
                    taken.push(Taken {
                        route,
                        inputs: event.inputs.iter().map(Owned::of).collect(),
                        others: event.others.iter().map(Owned::of).collect(),
                        json: json.clone(),
                        line: count,
                    });
                });
            }
        });
    }
    Ok((count, taken))
}

/// Every literal that the rules compare texts with, lower case, for the bare pass.
fn literals(release: &Release, only: &str) -> BTreeSet<Vec<u8>> {
    let mut found = BTreeSet::new();
    let targets = release.checked.content.rules().iter().flat_map(|rule| &rule.targets);
    for target in targets.filter(|target| target.template.name.contains(only)) {
        target.condition.each(&mut |predicate, _| {
            let Test::Text { patterns, .. } = &*predicate.test else { return };
            for pattern in patterns {
                match &pattern.pattern {
                    Pattern::Equals(text) | Pattern::Contains(text) | Pattern::StartsWith(text) | Pattern::EndsWith(text) => {
                        found.insert(text.to_ascii_lowercase().into_bytes());
                    }
                    Pattern::Like(parts) => found.extend(parts.iter().filter_map(|part| match part {
                        WildcardPart::Literal(text) => Some(text.to_ascii_lowercase().into_bytes()),
                        _ => None,
                    })),
                    Pattern::Matches(_) => {}
                }
            }
        });
    }
    found.remove(&Vec::new());
    found
}

fn peer_source(served: &LogSource) -> rsigma_parser::LogSource {
    let served = served.clone();
    rsigma_parser::LogSource {
        product: served.product,
        category: served.category,
        service: served.service,
        definition: None,
        custom: HashMap::new(),
    }
}

fn run() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = "usage: evaluate RULES[,RULES] EVENTS [TEMPLATE] [ROUNDS]";
    let rules: Vec<PathBuf> = arguments.first().ok_or(usage)?.split(',').map(PathBuf::from).collect();
    let events = arguments.get(1).ok_or(usage)?;
    let only = arguments.get(2).cloned().unwrap_or_default();
    let rounds: usize = arguments.get(3).map_or(Ok(5), |text| text.parse().map_err(|_| usage))?;
    let (mut out, mut err) = (std::io::sink(), std::io::sink());
    let mut streams = Streams { out: &mut out, err: &mut err, color: false, interactive: false };
    let inputs =
        Inputs { paths: rules.clone(), config: None, no_config: true, fleet: vec![], exclude: vec![], threads: 1 };
    let start = Instant::now();
    let options = CompileOptions { skip_errors: true, skip_unsupplied: false };
    let release = release::load(&inputs, &options, true, &mut streams).map_err(|failure| failure.message)?;
    let release = release.ok_or("the rules do not compile")?;
    let loaded = start.elapsed();
    let start = Instant::now();
    let mut engine = Engine::new();
    let mut peer_rules = 0;
    for path in &rules {
        let collection = rsigma_parser::parse_sigma_directory(path).map_err(|error| error.to_string())?;
        for rule in &collection.rules {
            peer_rules += usize::from(engine.add_rule(rule).is_ok());
        }
    }
    println!(
        "contentcheck: {} rules, check and compile {loaded:.2?}, image {} bytes; rsigma-eval: {peer_rules} rules, load {:.2?}",
        release.checked.content.rules().len(),
        release.image.len(),
        start.elapsed()
    );
    let alone = arguments.get(4).is_some_and(|word| word == "alone");
    with_plan(&release, |plan| measure(plan, &release, &engine, Path::new(events), &only, rounds, alone))
        .map_err(|failure| failure.message)?
}

fn measure(
    plan: &Plan<'_>,
    release: &Release,
    engine: &Engine,
    events: &Path,
    only: &str,
    rounds: usize,
    alone: bool,
) -> Result<(), String> {
    let (count, taken) = take(plan, events, only)?;
    let each = |total: f64| total * 1e9 / count.max(1) as f64;
    let lent: Vec<(usize, Vec<Value<'_>>, Vec<Value<'_>>)> = taken
        .iter()
        .map(|taken| (taken.route, taken.inputs.iter().map(Owned::lend).collect(), taken.others.iter().map(Owned::lend).collect()))
        .collect();
    // The peer takes one log source for an event; where a template type serves several, it is timed
    // on the first and compared on all of them.
    let served: Vec<Vec<rsigma_parser::LogSource>> =
        plan.router.templates().iter().map(|template| template.serves.iter().map(peer_source).collect()).collect();
    let sources: Vec<rsigma_parser::LogSource> =
        served.iter().map(|served| served.first().cloned().unwrap_or_else(|| peer_source(&LogSource::default()))).collect();
    let mapped: Vec<Mapped<'_>> = taken
        .iter()
        .map(|taken| Mapped(taken.json.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value)).collect()))
        .collect();
    let text = |values: &[Value<'_>]| values.iter().map(|value| if let Value::Text(text) = value { text.len() } else { 0 }).sum::<usize>();
    let bytes: usize = lent.iter().map(|(_, inputs, _)| text(inputs)).sum();
    let others: usize = lent.iter().map(|(_, _, others)| text(others)).sum();
    println!(
        "{count} events, {} of them on template types with rules: {} bytes in fields that rules read, {} in others, an event",
        lent.len(),
        bytes / count.max(1),
        others / count.max(1)
    );
    // The pass over the same bytes: of the fields that rules read, in lower case.
    let literals = literals(release, only);
    let automaton: Option<DoubleArrayAhoCorasick<u32>> = DoubleArrayAhoCorasick::new(&literals).ok();
    let lower: Vec<Vec<Vec<u8>>> = lent
        .iter()
        .map(|(_, inputs, _)| {
            let texts = inputs.iter().filter_map(|value| if let Value::Text(text) = value { Some(text) } else { None });
            texts.map(|text| text.to_ascii_lowercase().into_bytes()).collect()
        })
        .collect();
    let mut words = vec![0_u64; plan.verified.scratch_words()];
    let (mut own, mut json, mut map, mut pass) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut matches, mut peer_matches, mut hits) = (0_u64, 0_u64, 0_u64);
    // Events are taken in small groups, whose bytes each engine finds in the cache: a sensor and a
    // decoder have just written them. What fetches them is not timed.
    let groups: Vec<std::ops::Range<usize>> =
        (0..lent.len()).step_by(GROUP).map(|from| from..(from + GROUP).min(lent.len())).collect();
    for _ in 0..rounds {
        (matches, peer_matches, hits) = (0, 0, 0);
        let mut spent = [0.0_f64; 4];
        for group in &groups {
            let (Some(own_events), Some(json_events), Some(map_events), Some(lower_events)) =
                (lent.get(group.clone()), taken.get(group.clone()), mapped.get(group.clone()), lower.get(group.clone()))
            else {
                continue;
            };
            std::hint::black_box(own_events.iter().map(|(_, inputs, others)| touch_values(inputs) ^ touch_values(others)).fold(0, |a, b| a ^ b));
            let start = Instant::now();
            for (route, inputs, others) in own_events {
                let Some((_, templates, _)) = plan.stop(*route) else { continue };
                for template in templates {
                    let bound = plan.verified.bind(*template, Event { inputs, header: &[], others });
                    let bound = bound.map_err(|fault| fault.to_string())?;
                    bound.evaluate(KillMask::NONE, &mut words, |_| matches += 1).map_err(|fault| fault.to_string())?;
                }
            }
            spent[0] += start.elapsed().as_secs_f64();
            if alone {
                continue;
            }
            let touched = || json_events.iter().map(|taken| touch_json(&taken.json)).fold(0, |a, b| a ^ b);
            std::hint::black_box(touched());
            let start = Instant::now();
            for taken in json_events {
                let Some(source) = sources.get(taken.route) else { continue };
                peer_matches += engine.evaluate_with_logsource(&JsonEvent::borrow(&taken.json), source).len() as u64;
            }
            spent[1] += start.elapsed().as_secs_f64();
            std::hint::black_box(touched());
            let start = Instant::now();
            for (taken, mapped) in json_events.iter().zip(map_events) {
                let Some(source) = sources.get(taken.route) else { continue };
                std::hint::black_box(engine.evaluate_with_logsource(mapped, source).len());
            }
            spent[2] += start.elapsed().as_secs_f64();
            if let Some(automaton) = &automaton {
                std::hint::black_box(lower_events.iter().flatten().map(|text| touch(text)).fold(0, |a, b| a ^ b));
                let start = Instant::now();
                for text in lower_events.iter().flatten() {
                    hits += automaton.find_overlapping_iter(text).count() as u64;
                }
                spent[3] += start.elapsed().as_secs_f64();
            }
        }
        for (times, spent) in [&mut own, &mut json, &mut map, &mut pass].into_iter().zip(spent) {
            times.push(each(spent));
        }
    }
    if alone {
        println!("contentcheck: median {:.0} ns, least {:.0} ns an event, {matches} matches", median(own.clone()), least(&own));
        return Ok(());
    }
    let ratio = |other: &[f64]| median(other.iter().zip(&own).map(|(other, own)| other / own).collect());
    println!("                                  median ns   least ns   times ours (median of rounds)");
    println!("contentcheck                     {:>10.0} {:>10.0}   1", median(own.clone()), least(&own));
    println!("rsigma-eval 0.23.0, JSON         {:>10.0} {:>10.0}   {:.1}", median(json.clone()), least(&json), ratio(&json));
    println!("rsigma-eval 0.23.0, hashed names {:>10.0} {:>10.0}   {:.1}", median(map.clone()), least(&map), ratio(&map));
    println!(
        "daachorse 5.1, {} literals     {:>10.0} {:>10.0}   {:.2}  ({hits} hits)",
        literals.len(),
        median(pass.clone()),
        least(&pass),
        ratio(&pass)
    );
    println!("matches: contentcheck {matches}, rsigma-eval {peer_matches}");
    differences(plan, engine, &taken, &lent, &served, &mut words)
}

/// Which rule matches which event for one of the two only, by rule.
fn differences(
    plan: &Plan<'_>,
    engine: &Engine,
    taken: &[Taken],
    lent: &[(usize, Vec<Value<'_>>, Vec<Value<'_>>)],
    served: &[Vec<rsigma_parser::LogSource>],
    words: &mut [u64],
) -> Result<(), String> {
    let mut differing: BTreeMap<(String, &str), (usize, usize)> = BTreeMap::new();
    for (taken, (route, inputs, others)) in taken.iter().zip(lent) {
        let mut own: BTreeSet<String> = BTreeSet::new();
        let Some((_, templates, _)) = plan.stop(*route) else { continue };
        for template in templates {
            let bound = plan.verified.bind(*template, Event { inputs, header: &[], others }).map_err(|f| f.to_string())?;
            let image = plan.verified.image();
            let name = |rule: u32| image.rule(rule).map_or_else(String::new, |rule| rule.name.to_owned());
            bound.evaluate(KillMask::NONE, words, |rule| drop(own.insert(name(rule)))).map_err(|f| f.to_string())?;
        }
        let sources = served.get(taken.route).into_iter().flatten();
        let results = sources.flat_map(|source| engine.evaluate_with_logsource(&JsonEvent::borrow(&taken.json), source));
        let peer: BTreeSet<String> = results.filter_map(|result| result.header.rule_id).collect();
        for (rule, who) in own.difference(&peer).map(|rule| (rule, "contentcheck")).chain(peer.difference(&own).map(|rule| (rule, "rsigma-eval"))) {
            let slot = differing.entry((rule.clone(), who)).or_insert((0, taken.line));
            slot.0 += 1;
        }
    }
    println!("{} (rule, engine) pairs in which only that engine matches:", differing.len());
    for ((rule, who), (count, line)) in differing {
        println!("  {rule}  {who} alone on {count} events, first event {line}");
    }
    Ok(())
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
