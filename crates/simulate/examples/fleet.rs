//! One large fleet, for the clock: `fleet DEVICES DAYS THREADS SCENARIO`.

use contentcheck_simulate::{Options, Policy, Scenario, runs};

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: u32| arguments.next().map_or(Ok(otherwise), |text| text.parse::<u32>());
    let (devices, days, threads) = (number(10_000_000)?, number(14)?, number(2)? as usize);
    let scenario = Scenario::named(&arguments.next().unwrap_or_else(|| "good".into())).ok_or("no such scenario")?;
    let options = Options { devices, days, seeds: 1, threads, ..Options::default() };
    let begin = std::time::Instant::now();
    for run in runs(&scenario, &Policy::standard()?, options)? {
        println!(
            "{devices} devices, {days} days, {} events, {} touched, {} rings, conserved: {}, halted: {:?}, {:?}",
            run.events,
            run.touched,
            run.rings,
            run.conserved,
            run.halted_by,
            begin.elapsed()
        );
    }
    Ok(())
}
