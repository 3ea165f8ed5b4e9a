//! SARIF 2.1.0.

use std::collections::HashMap;

use contentcheck_gate::evidence::{AcceptedBy, AcceptedFindings, CheckResult, Evidence, Finding, Weight};
use contentcheck_model::diagnostic::{codes, visible, visible_lines};
use serde_json::{Value, json};

use super::words::{self, Tone, tone};
use crate::report::sarif::{descriptors, message, uri};

/// The evidence as SARIF: every finding of every check is a result.
pub(super) fn sarif(evidence: &Evidence) -> Result<String, serde_json::Error> {
    let indices: HashMap<&str, usize> = codes::all().enumerate().map(|(index, code)| (code.id, index)).collect();
    let results: Vec<Value> = evidence
        .checks
        .iter()
        .flat_map(|check| check.findings.iter().map(move |finding| (check, finding)))
        .map(|(check, finding)| result(check, finding, &indices))
        .chain(evidence.accepted.iter().map(|accepted| suppressed(accepted, &indices)))
        .collect();
    let level = match tone(evidence) {
        Tone::Good => "note",
        Tone::Warn => "warning",
        Tone::Bad => "error",
    };
    let mut notifications = vec![json!({ "level": level, "message": message(&visible(evidence.verdict.summary())) })];
    notifications.extend(evidence.verdict.missing().iter().map(
        |one| json!({ "level": "warning", "message": message(&visible(&format!("{}: {}", one.check, one.reason))) }),
    ));
    let document = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "contentcheck gate",
                "version": evidence.tool.version,
                "semanticVersion": evidence.tool.version,
                "rules": descriptors(),
            } },
            "columnKind": "unicodeCodePoints",
            "defaultEncoding": "utf-8",
            "invocations": [{ "executionSuccessful": !evidence.is_of_a_blind_gate(), "toolExecutionNotifications": notifications }],
            "properties": {
                "verdict": evidence.verdict,
                "seed": evidence.settings.seed,
                "imageSha256": evidence.release.image_sha256,
            },
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn result(check: &CheckResult, finding: &Finding, indices: &HashMap<&str, usize>) -> Value {
    let level = match finding.weight {
        Weight::Error => "error",
        Weight::Warning => "warning",
        Weight::Info => "note",
    };
    let mut text = visible(&finding.message).into_owned();
    for more in words::more(finding) {
        text.push('\n');
        text.push_str(&visible_lines(&more));
    }
    let mut result = json!({
        "ruleId": finding.code,
        "level": level,
        "message": message(&text),
        "properties": { "check": check.name },
    });
    let Some(members) = result.as_object_mut() else { return result };
    if let Some(index) = indices.get(finding.code.as_str()) {
        members.insert("ruleIndex".into(), (*index).into());
    }
    if let Some(place) = &finding.place {
        let mut location = json!({ "physicalLocation": {
            "artifactLocation": { "uri": uri(&place.file) },
            "region": { "startLine": place.line, "startColumn": place.column },
        } });
        if let (Some(rule), Some(location)) = (&finding.rule, location.as_object_mut()) {
            location.insert("logicalLocations".into(), json!([{ "name": visible(rule), "kind": "rule" }]));
        }
        members.insert("locations".into(), json!([location]));
    }
    if !finding.related.is_empty() {
        let related = finding.related.iter().enumerate().map(|(id, related)| {
            json!({
                "id": id + 1,
                "physicalLocation": {
                    "artifactLocation": { "uri": uri(&related.place.file) },
                    "region": { "startLine": related.place.line, "startColumn": related.place.column },
                },
                "message": message(&visible(&related.text)),
            })
        });
        members.insert("relatedLocations".into(), related.collect());
    }
    result
}

/// Findings that something accepts: a result that viewers count as suppressed, with what suppresses it.
fn suppressed(accepted: &AcceptedFindings, indices: &HashMap<&str, usize>) -> Value {
    let kind = if accepted.by == AcceptedBy::Comment { "inSource" } else { "external" };
    let why = accepted.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    let justification = format!("accepted by {}{why}", words::by(accepted.by));
    let mut result = json!({
        "ruleId": accepted.code,
        "level": "note",
        "message": message(&visible(&words::accepted(accepted))),
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(&accepted.file) } } }],
        "suppressions": [{ "kind": kind, "status": "accepted", "justification": visible(&justification) }],
        "properties": { "count": accepted.count },
    });
    if let (Some(index), Some(members)) = (indices.get(accepted.code.as_str()), result.as_object_mut()) {
        members.insert("ruleIndex".into(), (*index).into());
    }
    result
}
