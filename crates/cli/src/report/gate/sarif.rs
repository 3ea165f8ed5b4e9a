//! SARIF 2.1.0.

use std::collections::HashMap;

use contentcheck_gate::evidence::{CheckResult, Evidence, Finding, Weight};
use contentcheck_parser::diagnostic::codes;
use serde_json::{Value, json};

use crate::report::sarif::{descriptors, message, uri};

/// The evidence as SARIF: every finding of every check is a result.
pub(super) fn sarif(evidence: &Evidence) -> Result<String, serde_json::Error> {
    let indices: HashMap<&str, usize> = codes::all().enumerate().map(|(index, code)| (code.id, index)).collect();
    let results: Vec<Value> = evidence
        .checks
        .iter()
        .flat_map(|check| check.findings.iter().map(move |finding| (check, finding)))
        .map(|(check, finding)| result(check, finding, &indices))
        .collect();
    let notifications: Vec<Value> = evidence
        .skipped()
        .map(|(check, reason)| json!({ "level": "warning", "message": message(&format!("{}: {reason}", check.name)) }))
        .collect();
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
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notifications }],
            "properties": { "seed": evidence.seed, "imageSha256": evidence.release.image_sha256 },
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
    let mut text = finding.message.clone();
    for more in [&finding.help, &finding.test].into_iter().flatten() {
        text.push('\n');
        text.push_str(more);
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
            location.insert("logicalLocations".into(), json!([{ "name": rule, "kind": "rule" }]));
        }
        members.insert("locations".into(), json!([location]));
    }
    result
}
