//! The evidence of the gate, for people and for machines.

mod annotations;
mod html;
mod human;
mod junit;
mod markdown;
mod sarif;

use contentcheck_gate::evidence::{Evidence, Status};

use crate::args::GateFormat;
use crate::exit::Failure;

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

/// The word for how a check ended.
const fn word(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
    }
}

/// What the release is called, with its sequence number.
fn title(evidence: &Evidence) -> String {
    let release = &evidence.release;
    let name = release.name.as_deref().unwrap_or("release");
    release.sequence.map_or_else(|| name.to_owned(), |sequence| format!("{name}, sequence {sequence}"))
}

/// One line: whether the release ships.
fn verdict(evidence: &Evidence) -> String {
    use contentcheck_gate::evidence::Verdict;
    let failed = evidence.checks.iter().filter(|check| check.status == Status::Failed).count();
    let skipped = evidence.skipped().count();
    match evidence.verdict {
        Verdict::Passed if skipped == 0 => "the release passes".to_owned(),
        Verdict::Passed => "the release passes what was checked".to_owned(),
        Verdict::Failed => {
            format!("the release does not ship: {failed} {} failed", if failed == 1 { "check" } else { "checks" })
        }
    }
}
