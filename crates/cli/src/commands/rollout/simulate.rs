//! `rollout simulate`: what a release does to a fleet that is not there.

use contentcheck_model::diagnostic::{codes, visible};
use contentcheck_project::write;
use contentcheck_simulate::{Interval, NoRoad, Options, Outcome as Simulated, Policy, Report, Scenario, compare, run};
use contentcheck_simulate::{sweep, sweeps};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::site::{coded, policy_of};
use crate::Streams;
use crate::args::{RolloutSimulate, SimulateFormat};
use crate::commands::written;
use crate::exit::{Exit, Failure, Outcome};

/// What `--under` takes for everything.
const ALL: &str = "all";

pub(super) fn simulate(arguments: &RolloutSimulate, streams: &mut Streams<'_>) -> Outcome {
    let (scenarios, policies) = (scenarios(arguments)?, policies(arguments)?);
    let threads = arguments.threads.map_or_else(processors, usize::from);
    let RolloutSimulate { devices, days, seeds, .. } = *arguments;
    let options = Options { devices, days, seeds, threads, ..Options::default() };
    let varied = if arguments.sweeps { sweeps() } else { &[] };
    let steps = scenarios.len().saturating_mul(policies.len()).saturating_add(varied.len());
    let bar = progress(steps, streams);
    let mut report = compare(&[], &[], options).map_err(refused)?;
    for scenario in &scenarios {
        for policy in &policies {
            bar.set_message(format!("{}, {}", scenario.name, policy.name));
            report.extend(run(scenario, policy, options).map_err(refused)?);
            bar.inc(1);
        }
    }
    for parameter in varied {
        bar.set_message(parameter.name);
        report.extend(sweep(parameter, &policies, options).map_err(refused)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let text = match arguments.format {
        SimulateFormat::Human => table(&report),
        SimulateFormat::Html => report.html(),
        SimulateFormat::Json => {
            serde_json::to_string_pretty(&report).map_err(|error| Failure::internal(error.to_string()))? + "\n"
        }
    };
    match &arguments.output {
        Some(path) => write::write(path, text.as_bytes())?,
        None => written(streams.out.write_all(text.as_bytes())).map(|_| ())?,
    }
    if report.outcomes.iter().chain(&report.sweeps).all(|outcome| outcome.conserved) {
        Ok(Exit::Fine)
    } else {
        Err(Failure::internal("the simulation lost devices, so that its figures are wrong"))
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn progress(steps: usize, streams: &Streams<'_>) -> ProgressBar {
    if !streams.interactive {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::stderr_with_hz(10));
    match ProgressStyle::with_template("simulating {wide_bar} {pos}/{len} {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn refused(why: NoRoad) -> Failure {
    match why {
        NoRoad::Refused(refusal) => Failure::findings(coded(super::code_of(&refusal), &refusal.to_string())),
        why => Failure::internal(why.to_string()),
    }
}

fn scenarios(arguments: &RolloutSimulate) -> Result<Vec<Scenario>, Failure> {
    let known = Scenario::read(Scenario::STANDARD).map_err(Failure::internal)?;
    if arguments.scenarios.is_empty() {
        return Ok(known);
    }
    let named = |name: &String| {
        let found = known.iter().find(|scenario| scenario.name == *name).cloned();
        found.ok_or_else(|| unknown("--scenario", name, known.iter().map(|scenario| scenario.name.as_str())))
    };
    arguments.scenarios.iter().map(named).collect()
}

fn policies(arguments: &RolloutSimulate) -> Result<Vec<Policy>, Failure> {
    let known = match &arguments.policy {
        Some(path) => Policy::all_beside(policy_of(path)?),
        None => Policy::all().map_err(|why| Failure::internal(coded(&codes::POLICY_REFUSED, &why.to_string())))?,
    };
    if arguments.under.iter().any(|name| name == ALL) {
        return Ok(known);
    }
    let named = |name: &String| {
        let found = known.iter().find(|policy| policy.name == *name).cloned();
        found.ok_or_else(|| unknown("--under", name, known.iter().map(|policy| policy.name.as_str()).chain([ALL])))
    };
    arguments.under.iter().map(named).collect()
}

fn unknown<'n>(option: &str, name: &str, known: impl Iterator<Item = &'n str>) -> Failure {
    let known: Vec<&str> = known.collect();
    Failure::usage(format!("{option}: there is no `{}`; there are {}", visible(name), known.join(", ")))
}

/// A median, and what 95 of 100 seeds are between.
fn span(Interval { low, middle, high, .. }: &Interval) -> String {
    if low == high { format!("{middle:.0}") } else { format!("{middle:.0} ({low:.0}-{high:.0})") }
}

fn halted(outcome: &Simulated) -> String {
    let by = ["evidence", "a person", "the tool"].into_iter().zip(outcome.halted_by);
    let by: Vec<String> = by
        .filter(|(_, share)| *share > 0.0)
        .map(|(who, share)| if share < 1.0 { format!("{who} in {:.0} %", share * 100.0) } else { who.to_owned() })
        .collect();
    if by.is_empty() { "never".to_owned() } else { format!("{} min, {}", span(&outcome.halted), by.join(", ")) }
}

fn table(report: &Report) -> String {
    let head = ["scenario", "under", "took it", "down", "by hand", "hours lost", "halted"].map(str::to_owned);
    let rows = report.outcomes.iter().chain(&report.sweeps).map(|outcome| {
        let scenario = match &outcome.varied {
            Some((parameter, value)) => format!("{}, {parameter}: {value}", outcome.scenario),
            None => outcome.scenario.clone(),
        };
        [
            scenario,
            outcome.policy.clone(),
            span(&outcome.touched),
            span(&outcome.hurt),
            span(&outcome.not_by_itself),
            span(&outcome.hours_lost),
            halted(outcome),
        ]
    });
    let rows: Vec<[String; 7]> = [head].into_iter().chain(rows).collect();
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let seeds = if report.seeds == 1 { "1 seed".to_owned() } else { format!("{} seeds", report.seeds) };
    let mut text = format!(
        "{} devices, {} days, {seeds}; medians, and the range of 95 % of the seeds\n",
        report.devices, report.days
    );
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}
