//! The evidence of the gate, for people and for machines.

mod annotations;
mod html;
mod human;
mod junit;
mod markdown;
mod sarif;
mod words;

use contentcheck_gate::evidence::Evidence;

use crate::args::GateFormat;
use crate::exit::Failure;
pub(crate) use words::counted;

/// The evidence in a format.
///
/// # Errors
/// When it cannot be written, which is a fault of this program.
pub fn write(format: GateFormat, evidence: &Evidence, color: bool) -> Result<String, Failure> {
    let internal = |error: serde_json::Error| Failure::internal(error.to_string());
    Ok(match format {
        GateFormat::Human => human::human(evidence, color),
        GateFormat::Json => evidence.to_json().map_err(internal)?,
        GateFormat::Sarif => sarif::sarif(evidence).map_err(internal)?,
        GateFormat::Junit => junit::junit(evidence),
        GateFormat::Markdown => markdown::markdown(evidence),
        GateFormat::Github => annotations::annotations(evidence),
        GateFormat::Html => html::html(evidence),
    })
}
