//! `contentcheck schema`

use contentcheck_model::sensor::{FleetFile, Manifest};
use schemars::schema_for;

use super::written;
use crate::Streams;
use crate::args::{Schema, SchemaName};
use crate::exit::{Failure, Outcome};
use crate::report;
use contentcheck_parser::release::Baseline;
use contentcheck_project::config::Config;

/// Runs the command.
///
/// # Errors
/// When the schema cannot be written.
pub fn run(arguments: &Schema, streams: &mut Streams<'_>) -> Outcome {
    let schema = schema(arguments.name)?;
    let text = serde_json::to_string_pretty(&schema).map_err(|error| Failure::internal(error.to_string()))?;
    written(writeln!(streams.out, "{text}"))
}

/// The JSON schema of a format.
///
/// # Errors
/// Never in practice: schemas are JSON.
pub fn schema(name: SchemaName) -> Result<serde_json::Value, Failure> {
    let made = match name {
        SchemaName::Config => serde_json::to_value(schema_for!(Config)),
        SchemaName::Report => return Ok(report::schema()),
        SchemaName::Statistics => serde_json::to_value(schema_for!(report::Statistics)),
        SchemaName::SensorManifest => serde_json::to_value(schema_for!(Manifest)),
        SchemaName::SensorList => serde_json::to_value(schema_for!(Vec<super::sensor::ListedSensor>)),
        SchemaName::SensorDiff => serde_json::to_value(schema_for!(super::sensor::SensorDiff)),
        SchemaName::Explain => serde_json::to_value(schema_for!(Vec<crate::explain::ExplainedCode>)),
        SchemaName::Fleet => serde_json::to_value(schema_for!(FleetFile)),
        SchemaName::Baseline => serde_json::to_value(schema_for!(Baseline)),
        SchemaName::Inspect => serde_json::to_value(schema_for!(crate::disassembly::InspectReport)),
        SchemaName::Eval => serde_json::to_value(schema_for!(super::eval::EvalReport)),
        SchemaName::EvalExplain => serde_json::to_value(schema_for!(super::eval::ExplainReport)),
        SchemaName::Test => serde_json::to_value(schema_for!(super::test::TestReport)),
        SchemaName::Sidecar => serde_json::to_value(schema_for!(contentcheck_parser::sidecar::Sidecar)),
        SchemaName::Replay => serde_json::to_value(schema_for!(super::replay::ReplayReport)),
        SchemaName::Bench => serde_json::to_value(schema_for!(super::bench::BenchReport)),
        SchemaName::Evidence => serde_json::to_value(schema_for!(contentcheck_gate::evidence::Evidence)),
        SchemaName::Prove => serde_json::to_value(schema_for!(super::prove::ProveReport)),
        SchemaName::ProveOn => serde_json::to_value(schema_for!(super::prove::RecordedReport)),
        SchemaName::Implied => serde_json::to_value(schema_for!(super::prove::ImpliedReport)),
        SchemaName::Diff => serde_json::to_value(schema_for!(super::diff::DiffReport)),
        SchemaName::Attack => serde_json::to_value(schema_for!(super::attack::AttackReport)),
        SchemaName::DeviceStatus => serde_json::to_value(schema_for!(super::device::DeviceStatus)),
        SchemaName::DeviceWhy => serde_json::to_value(schema_for!(super::device::DeviceWhy)),
        SchemaName::DeviceOffer => serde_json::to_value(schema_for!(super::device::OfferReport)),
        SchemaName::DeviceKill => serde_json::to_value(schema_for!(super::device::KillReport)),
        SchemaName::DeviceCrash => serde_json::to_value(schema_for!(super::device::DrillReport)),
        SchemaName::DeviceSeal => serde_json::to_value(schema_for!(super::device::SealReport)),
        SchemaName::RolloutStatus => serde_json::to_value(schema_for!(contentcheck_fleet::Status)),
        SchemaName::RolloutPolicy => serde_json::to_value(contentcheck_rollout::Policy::schema()),
        SchemaName::RolloutSimulation => serde_json::to_value(schema_for!(contentcheck_simulate::Report)),
        SchemaName::Fields => serde_json::to_value(schema_for!(super::fields::FieldsReport)),
    };
    made.map_err(|error| Failure::internal(error.to_string()))
}
