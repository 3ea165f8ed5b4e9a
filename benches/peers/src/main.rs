//! Lints one directory with contentcheck and with rsigma-parser, in turn, in one process and
//! on one thread, and prints the CPU time of each and the ratio round by round.
//!
//! `cargo run --release --ignore-rust-version -- RULES [ROUNDS] [alone]`; `alone` leaves out what analysis proves.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use contentcheck_analysis::findings::Depth;
use contentcheck_model::diagnostic::Severity;
use contentcheck_parser::release::{Checking, Further};
use contentcheck_peers::clock::{cpu, median};
use contentcheck_project::{Project, Selection};

/// Everything that `contentcheck lint --fleet builtin:sysmon,builtin:windows` does, but for printing.
fn ours(rules: &Path, analyse: bool) -> Result<(usize, usize, usize), String> {
    let selection = Selection {
        no_config: true,
        fleet: vec!["builtin:sysmon".to_owned(), "builtin:windows".to_owned()],
        ..Selection::of(vec![rules.to_path_buf()])
    };
    let project = Project::open(&selection).map_err(|failure| failure.message)?;
    let depth = Depth::Quick;
    let further: Option<&dyn Further> = if analyse { Some(&depth) } else { None };
    let judged = project.gathered.check(&Checking { further, ..Checking::default() }).judge();
    let errors = judged.findings().iter().filter(|finding| finding.severity == Severity::Error).count();
    Ok((judged.checked().rules().len(), judged.findings().len(), errors))
}

fn theirs(rules: &Path) -> Result<(usize, usize), String> {
    let results = rsigma_parser::lint::lint_yaml_directory(rules).map_err(|error| error.to_string())?;
    Ok((results.len(), results.iter().map(|result| result.warnings.len()).sum()))
}

fn run() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let rules = PathBuf::from(arguments.next().ok_or("usage: contentcheck-peers RULES [ROUNDS] [alone]")?);
    let rounds: usize = arguments.next().map_or(Ok(9), |text| text.parse().map_err(|_| "ROUNDS is a number"))?;
    let analyse = arguments.next().as_deref() != Some("alone");
    let (mut own, mut peer, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        let start = cpu();
        let (read, findings, errors) = ours(&rules, analyse)?;
        let middle = cpu();
        let (files, warnings) = theirs(&rules)?;
        let end = cpu();
        let (a, b) = ((middle - start).as_secs_f64() * 1e3, (end - middle).as_secs_f64() * 1e3);
        if round == 0 {
            println!("contentcheck: {read} rules, {findings} findings ({errors} errors)");
            println!("rsigma-parser 0.23.0: {files} files, {warnings} findings");
            continue;
        }
        println!("round {round}: contentcheck {a:.0} ms, rsigma {b:.0} ms, ratio {:.2}", a / b);
        own.push(a);
        peer.push(b);
        ratios.push(a / b);
    }
    println!("median: contentcheck {:.0} ms, rsigma {:.0} ms, ratio {:.2}", median(own), median(peer), median(ratios));
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
