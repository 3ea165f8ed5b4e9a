//! Every scenario under every policy, as a table on standard output and, with a path as the last argument, as a page and as JSON:
//! `compare DEVICES DAYS SEEDS THREADS [PATH]`.

use contentcheck_simulate::{Options, Policy, Scenario, compare, sweep, sweeps};

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: u32| arguments.next().map_or(Ok(otherwise), |text| text.parse::<u32>());
    let (devices, days, seeds, threads) = (number(100_000)?, number(14)?, number(100)?, number(2)? as usize);
    let options = Options { devices, days, seeds, threads, ..Options::default() };
    let mut report = compare(&Scenario::read(Scenario::STANDARD)?, &Policy::all()?, options)?;
    for outcome in &report.outcomes {
        println!(
            "{:16} {:24} touched {:>9} hurt {:>9} hands {:>9} hours {:>11.0} halt {:>6} by {:?} rings {} peak {}",
            outcome.scenario,
            outcome.policy,
            outcome.touched.middle,
            outcome.hurt.middle,
            outcome.not_by_itself.middle,
            outcome.hours_lost.middle,
            outcome.halted.middle,
            outcome.halted_by,
            outcome.rings.middle,
            outcome.peak.middle,
        );
    }
    if let Some(path) = arguments.next() {
        let policies = [Policy::standard()?, Policy::at_once()];
        for parameter in sweeps() {
            report.extend(sweep(parameter, &policies, options)?);
        }
        std::fs::write(format!("{path}.html"), report.html())?;
        std::fs::write(format!("{path}.json"), serde_json::to_vec(&report)?)?;
    }
    Ok(())
}
