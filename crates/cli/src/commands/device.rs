//! `contentcheck device`: the directory in which a sensor keeps its content, for whoever looks after devices.

mod act;
mod kill;
mod show;

pub use act::{DrillReport, DrillStart, OfferReport, SealReport};
pub(crate) use act::{built_in, manifest};
pub use kill::KillReport;
pub use show::{DeviceContent, DeviceEvidence, DeviceStatus, DeviceWhy, ExplainedRefusal};

use serde::Serialize;

use super::written;
use crate::Streams;
use crate::args::{Device, DeviceCommand};
use crate::exit::{Failure, Outcome};

/// Runs the command.
///
/// # Errors
/// When a file that is named cannot be read, or is not what it must be.
pub fn run(arguments: &Device, streams: &mut Streams<'_>) -> Outcome {
    match &arguments.command {
        DeviceCommand::Status(arguments) => show::status(arguments, streams),
        DeviceCommand::Why(arguments) => show::why(arguments, streams),
        DeviceCommand::Offer(arguments) => act::offer(arguments, streams),
        DeviceCommand::Kill(arguments) => kill::kill(arguments, streams),
        DeviceCommand::SimulateCrash(arguments) => act::simulate_crash(arguments, streams),
        DeviceCommand::Seal(arguments) => act::seal(arguments, streams),
    }
}

/// Prints a report as JSON.
fn json(report: &impl Serialize, streams: &mut Streams<'_>) -> Outcome {
    let text = serde_json::to_string_pretty(report).map_err(|error| Failure::internal(error.to_string()))?;
    written(writeln!(streams.out, "{text}"))
}
