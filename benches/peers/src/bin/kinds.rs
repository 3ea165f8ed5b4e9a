//! Where the time of an evaluation goes: nanoseconds an event by template type, for contentcheck
//! and, unless `alone`, for rsigma-eval told the log source.
//!
//! `cargo run --release --ignore-rust-version --bin kinds -- RULES[,RULES] EVENTS [TEMPLATE] [ROUNDS] [alone]`
//!
//! A clock is read around each event; what that takes is measured and taken off.

use std::process::ExitCode;

use contentcheck_model::template::LogSource;
use contentcheck_peers::clock::{cpu, since};
use contentcheck_peers::events::{Lent, Taken, groups, take, touch_json, touch_lent};
use contentcheck_peers::load::{self, Arguments, peer_source};
use contentcheck_run::Plan;
use rsigma_eval::Engine;
use rsigma_eval::event::JsonEvent;

/// Readings of which the cost of one is the mean.
const READINGS: u32 = 100_000;

/// What was spent on the events of a template type.
#[derive(Clone, Copy, Default)]
struct Kind {
    events: f64,
    own: f64,
    peer: f64,
}

fn run() -> Result<(), String> {
    let arguments = Arguments::read()?;
    let release = load::own(&arguments.rules)?;
    let engine = load::rsigma(&arguments.rules)?;
    let plan = release.plan().map_err(|failure| failure.message)?;
    measure(&plan, &engine, &arguments)
}

fn measure(plan: &Plan, engine: &Engine, arguments: &Arguments) -> Result<(), String> {
    let (_, taken) = take(plan, &arguments.events, &arguments.only)?;
    let lent: Vec<Lent<'_>> = taken.iter().map(Taken::lend).collect();
    let templates = plan.router().templates();
    let source = |route: usize| templates.get(route).and_then(|template| template.serves.first());
    let none = LogSource::default();
    let view = plan.view();
    let image = view.verified();
    let mut words = vec![0_u64; image.scratch_words()];
    let mut kinds = vec![Kind::default(); templates.len()];
    let clock = (0..READINGS).map(|_| since(cpu())).sum::<f64>() / f64::from(READINGS);
    for _ in 0..arguments.rounds {
        for group in groups(lent.len()) {
            let (Some(own), Some(json)) = (lent.get(group.clone()), taken.get(group)) else { continue };
            touch_lent(own);
            for event in own {
                let Some(kind) = kinds.get_mut(event.route.index()) else { continue };
                let start = cpu();
                event.evaluate(plan, &image, &mut words, |_| ())?;
                kind.own += since(start) - clock;
                kind.events += 1.0;
            }
            if arguments.alone {
                continue;
            }
            touch_json(json);
            for taken in json {
                let Some(kind) = kinds.get_mut(taken.route.index()) else { continue };
                let source = peer_source(source(taken.route.index()).unwrap_or(&none));
                let start = cpu();
                std::hint::black_box(engine.evaluate_with_logsource(&JsonEvent::borrow(&taken.json), &source).len());
                kind.peer += since(start) - clock;
            }
        }
    }
    let all: f64 = kinds.iter().map(|kind| kind.own).sum();
    let mut order: Vec<(&str, Kind)> =
        templates.iter().zip(kinds).map(|(template, kind)| (template.name.as_str(), kind)).collect();
    order.sort_by(|a, b| b.1.own.total_cmp(&a.1.own));
    println!("  share    events   ns an event   rsigma, ns   times ours  template type");
    for (name, kind) in order.into_iter().filter(|(_, kind)| kind.events > 0.0) {
        println!(
            "{:>5.1} %  {:>8}  {:>12.0}  {:>11.0}  {:>11.1}  {name}",
            kind.own * 100.0 / all,
            kind.events / f64::from(u32::try_from(arguments.rounds.max(1)).unwrap_or(u32::MAX)),
            kind.own * 1e9 / kind.events,
            kind.peer * 1e9 / kind.events,
            kind.peer / kind.own,
        );
    }
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("kinds: {message}");
            ExitCode::from(2)
        }
    }
}
