//! Markdown: the summary of a CI job, or a comment on a pull request.

use std::fmt::Write as _;

use super::super::markup::{cell, code, escaped, fenced};
use super::words::{self, counted, kind, looked_at, title, word};
use contentcheck_gate::evidence::{Evidence, Status, Weight};

/// Findings, and changes, that are listed.
const SHOWN: usize = 40;

/// The evidence as Markdown.
pub(super) fn markdown(evidence: &Evidence) -> String {
    let mut text = String::new();
    let release = &evidence.release;
    // Writing to a string does not fail.
    let _ = writeln!(text, "## {}\n", escaped(evidence.verdict.summary()));
    let image = release.image_sha256.as_ref().map_or_else(
        || "none".to_owned(),
        |sum| format!("{}, SHA-256 {}", counted(release.image_bytes.unwrap_or(0), "byte"), code(sum)),
    );
    let _ = writeln!(text, "{}: {}; image: {image}\n", escaped(&title(evidence)), looked_at(evidence));
    text.push_str("| | check | |\n| --- | --- | --- |\n");
    for check in &evidence.checks {
        let sign = match check.status {
            Status::Passed if check.skipped.is_empty() => "✅",
            Status::Passed => "⚠️",
            Status::Failed => "❌",
            Status::Skipped => "⚪",
        };
        let _ = writeln!(
            text,
            "| {sign} {} | {} {} | {} |",
            if check.status == Status::Passed && !check.skipped.is_empty() { "in part" } else { word(check.status) },
            check.number,
            escaped(&check.name),
            escaped(&check.summary)
        );
    }
    let findings: Vec<_> = evidence
        .checks
        .iter()
        .flat_map(|check| check.findings.iter().map(move |finding| (check, finding)))
        .filter(|(_, finding)| finding.weight >= Weight::Warning)
        .collect();
    if !findings.is_empty() {
        text.push_str("\n### Findings\n\n");
    }
    for (check, finding) in findings.iter().take(SHOWN) {
        let place = finding
            .place
            .as_ref()
            .map_or_else(String::new, |place| format!(" {}", code(&format!("{}:{}", place.file, place.line))));
        let (id, name) = (escaped(&finding.code), escaped(&check.name));
        let _ = writeln!(text, "- **{id}** ({name}){place}: {}", escaped(&finding.message));
        for line in words::related(finding) {
            let _ = writeln!(text, "  <br>{}", escaped(&line));
        }
        if let Some(help) = &finding.help {
            let _ = writeln!(text, "  <br>{}", escaped(help));
        }
        if let Some(test) = &finding.test {
            let _ = writeln!(text, "\n{}", fenced(test, "  "));
        } else if let Some(event) = &finding.event {
            let _ = writeln!(text, "  <br>event: {}", code(&event.to_string()));
        }
    }
    if findings.len() > SHOWN {
        let _ = writeln!(text, "- and {} more", findings.len() - SHOWN);
    }
    if !evidence.changes.is_empty() {
        text.push_str("\n### Changes\n\n| rule | change | only the new version matches | only the old one |\n| --- | --- | --- | --- |\n");
        for change in words::changes(evidence).into_iter().take(SHOWN) {
            let event = |event: &Option<serde_json::Value>| {
                event.as_ref().map_or_else(String::new, |event| cell(&event.to_string()))
            };
            let _ = writeln!(
                text,
                "| {} | {}{} | {} | {} |",
                escaped(&change.title),
                kind(change.kind),
                change.labels.as_ref().map_or_else(String::new, |labels| format!(": {}", escaped(labels))),
                event(&change.gains),
                event(&change.loses)
            );
        }
        if evidence.changes.len() > SHOWN {
            let _ = writeln!(text, "\nand {} more", evidence.changes.len() - SHOWN);
        }
    }
    let missing = evidence.verdict.missing().iter().map(|one| format!("{}: {}", one.check, one.reason));
    list("Did not run", missing.collect(), &mut text);
    let apply = evidence
        .checks
        .iter()
        .flat_map(|check| check.not_applicable.iter().map(move |what| format!("{}: {what}", check.name)));
    list("Does not apply to this release", apply.collect(), &mut text);
    let left = evidence
        .left_out
        .iter()
        .map(|rule| format!("{} ({}:{}): {}", rule.rule, rule.file, rule.line, rule.codes.join(", ")));
    list("Rules that were left out", left.collect(), &mut text);
    list("Files that were left out", evidence.files_left_out.iter().map(words::files).collect(), &mut text);
    list("Accepted findings", evidence.accepted.iter().map(words::accepted).collect(), &mut text);
    list("Rules that run on no sensor of the fleet", words::nowhere(evidence), &mut text);
    list("Sensors", evidence.sensors.iter().map(words::sensor).collect(), &mut text);
    text
}

fn list(head: &str, lines: Vec<String>, text: &mut String) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n### {head}\n");
    for line in lines.iter().take(SHOWN) {
        let _ = writeln!(text, "- {}", escaped(line));
    }
    if lines.len() > SHOWN {
        let _ = writeln!(text, "- and {} more", lines.len() - SHOWN);
    }
}
