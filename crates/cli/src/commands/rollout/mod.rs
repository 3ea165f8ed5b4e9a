//! `contentcheck rollout`: releases to a fleet, ring by ring.
//!
//! Each command reads the log, adds an entry or none, and asks the witnesses. There is no server that decides: two people at two
//! machines with the same directory do the same.

mod apart;
mod begin;
mod daemons;
mod demo;
mod drill;
mod export;
mod hold;
mod keys;
mod people;
mod plan;
mod rekey;
mod rings;
mod show;
mod simulate;
mod site;
pub mod stage;
mod tokens;
mod ways;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

pub use site::code_of;

use crate::Streams;
use crate::args::{Rollout, RolloutCommand};
use crate::exit::{Failure, Outcome};

/// Runs the command.
///
/// # Errors
/// When a file that is named cannot be read, or is not what it must be.
pub fn run(arguments: &Rollout, streams: &mut Streams<'_>) -> Outcome {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_err(|_| Failure::internal("the clock of this machine says that it is before 1970".to_owned()))?;
    run_at(arguments, now.as_secs(), streams)
}

/// Runs the command at a time in seconds since 1970.
///
/// # Errors
/// As [`run`].
pub fn run_at(arguments: &Rollout, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let outcome = run_in(&arguments.directory, &arguments.command, now, streams);
    outcome.map_err(|failure| Failure { message: site::there(&arguments.directory, &failure.message), ..failure })
}

fn run_in(directory: &Path, command: &RolloutCommand, now: u64, streams: &mut Streams<'_>) -> Outcome {
    apart::is_apart(directory, command)?;
    match command {
        RolloutCommand::Init(arguments) => begin::init(directory, arguments, now, streams),
        RolloutCommand::Keys(arguments) => rekey::keys(directory, arguments, now, streams),
        RolloutCommand::Key(arguments) => begin::key(arguments, streams),
        RolloutCommand::Plan(arguments) => plan::plan(directory, arguments, false, now, streams),
        RolloutCommand::Revert(arguments) => plan::plan(directory, arguments, true, now, streams),
        RolloutCommand::Start => rings::start(directory, now, streams),
        RolloutCommand::Advance(arguments) => rings::advance(directory, arguments, now, streams),
        RolloutCommand::Status(arguments) => show::status(directory, arguments, now, streams),
        RolloutCommand::Explain(arguments) => show::explain(directory, arguments, now, streams),
        RolloutCommand::Halt(arguments) => people::halt(directory, arguments, now, streams),
        RolloutCommand::Resume(arguments) => people::resume(directory, arguments, now, streams),
        RolloutCommand::Pin(arguments) => people::pin(directory, arguments, now, streams),
        RolloutCommand::Report(arguments) => show::report(directory, arguments, now, streams),
        RolloutCommand::Export(arguments) => export::export(directory, arguments, streams),
        RolloutCommand::Collect(arguments) => daemons::collect(directory, arguments, streams),
        RolloutCommand::Witness(arguments) => daemons::witness(directory, arguments, streams),
        RolloutCommand::Serve(arguments) => daemons::serve(directory, arguments, streams),
        RolloutCommand::Simulate(arguments) => simulate::simulate(arguments, streams),
        RolloutCommand::Demo(arguments) => demo::demo(arguments, now, streams),
        RolloutCommand::Drill(arguments) => drill::drill(arguments, now, streams),
        RolloutCommand::Sign(arguments) => people::sign(directory, arguments, now, streams),
    }
}
