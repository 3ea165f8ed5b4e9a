//! Evaluates recorded events with contentcheck, tau-engine and sigma-rust, in turn, in one process
//! and on one thread, and compares who matches what.
//!
//! `cargo run --release --ignore-rust-version --bin engines -- RULES[,RULES] EVENTS [TEMPLATE] [ROUNDS]`
//!
//! Both peers look at one rule after the other. Each is given, for an event, only the rules of the
//! template type that the event is of, as found without being timed. contentcheck evaluates all
//! rules, the peers those that they load. `evaluate` has the other peer.

use std::collections::BTreeSet;
use std::process::ExitCode;

use contentcheck::release::Release;
use contentcheck_peers::clock::{cpu, least, median, ratio, since};
use contentcheck_peers::compare::differences;
use contentcheck_peers::events::{Lent, Taken, groups, take, touch_json, touch_lent};
use contentcheck_peers::load::{self, Arguments};
use contentcheck_peers::{sigma_rust, tau};
use contentcheck_run::Plan;

fn measure(plan: &Plan, release: &Release, arguments: &Arguments) -> Result<(), String> {
    let tau = tau::Engine::load(release, plan);
    let sigma = sigma_rust::Engine::load(&arguments.rules, plan)?;
    let (count, taken) = take(plan, &arguments.events, &arguments.only)?;
    let lent: Vec<Lent<'_>> = taken.iter().map(Taken::lend).collect();
    println!("{count} events, {} of them on template types with rules", lent.len());
    let view = plan.view();
    let image = view.verified();
    let mut words = vec![0_u64; image.scratch_words()];
    let (mut own, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        let mut spent = [0.0_f64; 3];
        let (mut matches, mut tau_matches, mut sigma_matches) = (0_u64, 0_u64, 0_u64);
        for group in groups(lent.len()) {
            let (Some(own_events), Some(json)) = (lent.get(group.clone()), taken.get(group)) else { continue };
            touch_lent(own_events);
            let start = cpu();
            for event in own_events {
                event.evaluate(plan, &image, &mut words, |_| matches += 1)?;
            }
            spent[0] += since(start);
            touch_json(json);
            let start = cpu();
            for event in json {
                tau.evaluate(event.route.index(), &event.json, |_| tau_matches += 1);
            }
            spent[1] += since(start);
            // Making the event is reading, and not timed; it was just written.
            let events: Vec<_> =
                json.iter().map(|taken| (taken.route.index(), sigma_rust::Engine::event(taken))).collect();
            let start = cpu();
            for (route, event) in &events {
                sigma.evaluate(*route, event, |_| sigma_matches += 1);
            }
            spent[2] += since(start);
        }
        std::hint::black_box((matches, tau_matches, sigma_matches));
        for (times, spent) in [&mut own, &mut first, &mut second].into_iter().zip(spent) {
            times.push(spent * 1e9 / count.max(1) as f64);
        }
    }
    if !own.is_empty() {
        println!("                      median ns   least ns an event, CPU time   times ours (median of rounds)");
        for (name, times) in [("contentcheck", &own), ("tau-engine 1.16.0", &first), ("sigma-rust 0.7.0", &second)] {
            println!("{name:<20} {:>10.0} {:>10.0}   {:.1}", median(times.clone()), least(times), ratio(times, &own));
        }
    }
    let events = (&taken[..], &lent[..]);
    let known = tau.names();
    differences(
        "tau-engine",
        plan,
        release,
        events,
        |rule| known.contains(rule),
        |taken| {
            let mut found = BTreeSet::new();
            tau.evaluate(taken.route.index(), &taken.json, |rule| found.extend([rule.to_owned()]));
            found
        },
    )?;
    let known = sigma.ids();
    differences(
        "sigma-rust",
        plan,
        release,
        events,
        |rule| known.contains(rule),
        |taken| {
            let mut found = BTreeSet::new();
            sigma
                .evaluate(taken.route.index(), &sigma_rust::Engine::event(taken), |rule| found.extend(rule.id.clone()));
            found
        },
    )
}

fn run() -> Result<(), String> {
    let arguments = Arguments::read()?;
    let release = load::own(&arguments.rules)?;
    let plan = release.plan().map_err(|failure| failure.message)?;
    measure(&plan, &release, &arguments)
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
