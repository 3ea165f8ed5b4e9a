//! How evaluation grows with the rules of one template type.
//!
//! `cargo run --release --ignore-rust-version --bin growth -- RULES EVENTS TEMPLATE [ROUNDS]`
//!
//! RULES are files and directories whose rules are all on TEMPLATE. Of their files 1, 10, 100, 300 and all are taken, every so
//! many, and the events of TEMPLATE are evaluated with each selection in turn.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use contentcheck::release::Release;
use contentcheck_peers::clock::{cpu, least, median, since};
use contentcheck_peers::events::{Lent, Taken, groups, take, touch_lent};
use contentcheck_peers::load::{self, Arguments};
use contentcheck_run::Plan;

const SIZES: [usize; 5] = [1, 10, 100, 300, usize::MAX];

/// The rule files below a path, sorted.
fn files(path: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if path.is_dir() {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            entries.push(entry.map_err(failed)?.path());
        }
        entries.sort();
        entries.iter().try_for_each(|entry| files(entry, found))
    } else {
        if path.extension().is_some_and(|ending| ending == "yml") {
            found.push(path.to_path_buf());
        }
        Ok(())
    }
}

fn run() -> Result<(), String> {
    let arguments = Arguments::read()?;
    let mut all = Vec::new();
    arguments.rules.iter().try_for_each(|path| files(path, &mut all))?;
    let mut releases: Vec<Release> = Vec::new();
    for size in SIZES {
        let size = size.min(all.len());
        let some: Vec<PathBuf> = (0..size).filter_map(|at| all.get(at * all.len() / size).cloned()).collect();
        releases.push(load::own(&some)?);
    }
    let plans: Vec<Plan> =
        releases.iter().map(|release| release.plan().map_err(|failure| failure.message)).collect::<Result<_, _>>()?;
    let taken: Vec<Vec<Taken>> = plans
        .iter()
        .map(|plan| take(plan, &arguments.events, &arguments.only).map(|(_, taken)| taken))
        .collect::<Result<_, _>>()?;
    let lent: Vec<Vec<Lent<'_>>> = taken.iter().map(|taken| taken.iter().map(Taken::lend).collect()).collect();
    let mut spent: Vec<Vec<f64>> = vec![Vec::new(); plans.len()];
    for _ in 0..arguments.rounds {
        for ((plan, events), spent) in plans.iter().zip(&lent).zip(&mut spent) {
            let view = plan.view();
            let image = view.verified();
            let mut words = vec![0_u64; image.scratch_words()];
            let mut total = 0.0;
            for group in groups(events.len()) {
                let Some(events) = events.get(group) else { continue };
                touch_lent(events);
                let start = cpu();
                for event in events {
                    event.evaluate(plan, &image, &mut words, |_| ())?;
                }
                total += since(start);
            }
            spent.push(total * 1e9 / events.len().max(1) as f64);
        }
    }
    println!("  rules    events  median ns   least ns");
    for ((release, events), spent) in releases.iter().zip(&lent).zip(spent) {
        let rules = release.content.rules().len();
        println!("{rules:>7}  {:>8}  {:>9.0}  {:>9.0}", events.len(), median(spent.clone()), least(&spent));
    }
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("growth: {message}");
            ExitCode::from(2)
        }
    }
}
