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

/// Whether a file of this format was left by a run, as far as its first bytes tell; an empty one holds nothing to lose.
pub fn is_left_by_a_run(format: GateFormat, head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head);
    let has_verdict = |text: &str| {
        let known = |word: &str| text.strip_prefix(word).is_some_and(|rest| rest.starts_with(": "));
        ["passed", "incomplete", "FAILED"].into_iter().any(known)
            && text.lines().next().is_some_and(|line| line.contains(" checks ran"))
    };
    head.is_empty()
        || match format {
            GateFormat::Human => has_verdict(&head),
            GateFormat::Markdown => head.strip_prefix("## ").is_some_and(has_verdict),
            GateFormat::Json => head.contains("\"format\":") && head.contains("\"verdict\":"),
            GateFormat::Sarif => head.contains("\"name\": \"contentcheck gate\""),
            GateFormat::Junit => head.contains("<testsuites name=\"contentcheck gate: "),
            GateFormat::Html => head.contains(": release gate</title>"),
            GateFormat::Github => false,
        }
}

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
