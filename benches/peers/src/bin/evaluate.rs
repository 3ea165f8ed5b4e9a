//! Evaluates recorded events with contentcheck, with rsigma-eval and with a bare Aho-Corasick
//! pass, in turn, in one process and on one thread, and compares who matches what.
//!
//! `cargo run --release --ignore-rust-version --bin evaluate -- RULES[,RULES] EVENTS [TEMPLATE] [ROUNDS] [alone]`
//!
//! TEMPLATE limits the events to template types whose name contains it; `""` means all. `alone`
//! leaves the peers out, for profiles.

use std::collections::HashMap;
use std::process::ExitCode;

use contentcheck::release::Release;
use contentcheck_interpreter::Value;
use contentcheck_model::template::LogSource;
use contentcheck_peers::clock::{cpu, least, median, ratio, since};
use contentcheck_peers::compare::differences;
use contentcheck_peers::events::{Lent, Taken, groups, take, touch, touch_json, touch_lent};
use contentcheck_peers::literals::literals;
use contentcheck_peers::load::{self, Arguments, peer_source};
use contentcheck_run::Plan;
use daachorse::DoubleArrayAhoCorasick;
use rsigma_eval::Engine;
use rsigma_eval::event::{Event as PeerEvent, EventValue, JsonEvent};

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

fn run() -> Result<(), String> {
    let arguments = Arguments::read()?;
    let release = load::own(&arguments.rules)?;
    let engine = load::rsigma(&arguments.rules)?;
    let plan = release.plan().map_err(|failure| failure.message)?;
    measure(&plan, &release, &engine, &arguments)
}

fn measure(plan: &Plan, release: &Release, engine: &Engine, arguments: &Arguments) -> Result<(), String> {
    let (count, taken) = take(plan, &arguments.events, &arguments.only)?;
    let each = |total: f64| total * 1e9 / count.max(1) as f64;
    let lent: Vec<Lent<'_>> = taken.iter().map(Taken::lend).collect();
    // The peer takes one log source for an event; where a template type serves several, it is timed
    // on the first and compared on all of them.
    let served: Vec<Vec<rsigma_parser::LogSource>> =
        plan.router().templates().iter().map(|template| template.serves.iter().map(peer_source).collect()).collect();
    let sources: Vec<rsigma_parser::LogSource> = served
        .iter()
        .map(|served| served.first().cloned().unwrap_or_else(|| peer_source(&LogSource::default())))
        .collect();
    let mapped: Vec<Mapped<'_>> = taken
        .iter()
        .map(|taken| {
            let members = taken.json.as_object().into_iter().flatten();
            Mapped(members.map(|(key, value)| (key.as_str(), value)).collect())
        })
        .collect();
    let text = |values: &[Value<'_>]| {
        values.iter().map(|value| if let Value::Text(text) = value { text.len() } else { 0 }).sum::<usize>()
    };
    let bytes: usize = lent.iter().map(|lent| text(&lent.inputs)).sum();
    let others: usize = lent.iter().map(|lent| text(&lent.others)).sum();
    println!(
        "{count} events, {} of them on template types with rules: {} bytes in fields that rules read, {} in others, an event",
        lent.len(),
        bytes / count.max(1),
        others / count.max(1)
    );
    // The pass over the same bytes: of the fields that rules read, in lower case.
    let literals = literals(release, &arguments.only);
    let automaton: Option<DoubleArrayAhoCorasick<u32>> = DoubleArrayAhoCorasick::new(&literals).ok();
    let lower: Vec<Vec<Vec<u8>>> = lent
        .iter()
        .map(|lent| {
            let texts =
                lent.inputs.iter().filter_map(|value| if let Value::Text(text) = value { Some(text) } else { None });
            texts.map(|text| text.to_ascii_lowercase()).collect()
        })
        .collect();
    let view = plan.view();
    let image = view.verified();
    let mut words = vec![0_u64; image.scratch_words()];
    let (mut own, mut json, mut map, mut pass) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut matches, mut hits) = (0_u64, 0_u64);
    for _ in 0..arguments.rounds {
        (matches, hits) = (0, 0);
        let mut spent = [0.0_f64; 4];
        for group in groups(lent.len()) {
            let (Some(own_events), Some(json_events), Some(map_events), Some(lower_events)) =
                (lent.get(group.clone()), taken.get(group.clone()), mapped.get(group.clone()), lower.get(group))
            else {
                continue;
            };
            touch_lent(own_events);
            let start = cpu();
            for event in own_events {
                event.evaluate(plan, &image, &mut words, |_| matches += 1)?;
            }
            spent[0] += since(start);
            if arguments.alone {
                continue;
            }
            touch_json(json_events);
            let start = cpu();
            for taken in json_events {
                let Some(source) = sources.get(taken.route.index()) else { continue };
                std::hint::black_box(engine.evaluate_with_logsource(&JsonEvent::borrow(&taken.json), source).len());
            }
            spent[1] += since(start);
            touch_json(json_events);
            let start = cpu();
            for (taken, mapped) in json_events.iter().zip(map_events) {
                let Some(source) = sources.get(taken.route.index()) else { continue };
                std::hint::black_box(engine.evaluate_with_logsource(mapped, source).len());
            }
            spent[2] += since(start);
            if let Some(automaton) = &automaton {
                std::hint::black_box(lower_events.iter().flatten().map(|text| touch(text)).fold(0, |a, b| a ^ b));
                let start = cpu();
                for text in lower_events.iter().flatten() {
                    hits += automaton.find_overlapping_iter(text).count() as u64;
                }
                spent[3] += since(start);
            }
        }
        for (times, spent) in [&mut own, &mut json, &mut map, &mut pass].into_iter().zip(spent) {
            times.push(each(spent));
        }
    }
    if arguments.alone {
        println!(
            "contentcheck: median {:.0} ns, least {:.0} ns an event, {matches} matches",
            median(own.clone()),
            least(&own)
        );
        return Ok(());
    }
    println!("                                  median ns   least ns   times ours (median of rounds); CPU time");
    println!("contentcheck                     {:>10.0} {:>10.0}   1", median(own.clone()), least(&own));
    println!(
        "rsigma-eval 0.23.0, JSON         {:>10.0} {:>10.0}   {:.1}",
        median(json.clone()),
        least(&json),
        ratio(&json, &own)
    );
    println!(
        "rsigma-eval 0.23.0, hashed names {:>10.0} {:>10.0}   {:.1}",
        median(map.clone()),
        least(&map),
        ratio(&map, &own)
    );
    println!(
        "daachorse 5.1, {} literals     {:>10.0} {:>10.0}   {:.2}  ({hits} hits)",
        literals.len(),
        median(pass.clone()),
        least(&pass),
        ratio(&pass, &own)
    );
    differences(
        "rsigma-eval",
        plan,
        release,
        (&taken, &lent),
        |_| true,
        |taken| {
            let sources = served.get(taken.route.index()).into_iter().flatten();
            let results =
                sources.flat_map(|source| engine.evaluate_with_logsource(&JsonEvent::borrow(&taken.json), source));
            results.filter_map(|result| result.header.rule_id).collect()
        },
    )
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
