//! Markdown: the summary of a CI job, or a comment on a pull request.

use std::fmt::Write as _;

use contentcheck_gate::evidence::{Evidence, Status, Weight};

use super::words::{kind, title, verdict, word};

/// Findings, and changes, that are listed.
const SHOWN: usize = 40;

/// The evidence as Markdown.
pub(super) fn markdown(evidence: &Evidence) -> String {
    let mut text = String::new();
    let release = &evidence.release;
    // Writing to a string does not fail.
    let _ = writeln!(text, "## {}: {}\n", escaped(&title(evidence)), escaped(&verdict(evidence)));
    let _ = writeln!(
        text,
        "{} rules in {} files; image {}; seed {}\n",
        release.rules,
        release.files,
        release.image_sha256.as_ref().map_or_else(
            || "none".to_owned(),
            |sum| format!("{} bytes, SHA-256 `{sum}`", release.image_bytes.unwrap_or(0))
        ),
        evidence.seed
    );
    text.push_str("| | check | |\n| --- | --- | --- |\n");
    for check in &evidence.checks {
        let sign = match check.status {
            Status::Passed => "✅",
            Status::Failed => "❌",
            Status::Skipped => "⚪",
        };
        let _ = writeln!(
            text,
            "| {sign} {} | {} {} | {} |",
            word(check.status),
            check.number,
            check.name,
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
        let place =
            finding.place.as_ref().map_or_else(String::new, |place| format!(" `{}:{}`", place.file, place.line));
        let _ = writeln!(text, "- **{}** ({}){place}: {}", finding.code, check.name, escaped(&finding.message));
        if let Some(help) = &finding.help {
            let _ = writeln!(text, "  <br>{}", escaped(help));
        }
        if let Some(test) = &finding.test {
            let _ = writeln!(text, "\n{}", fenced(test, "  "));
        }
    }
    if findings.len() > SHOWN {
        let _ = writeln!(text, "- and {} more", findings.len() - SHOWN);
    }
    if !evidence.changes.is_empty() {
        text.push_str("\n### Changes\n\n| rule | change | only the new version matches | only the old one |\n| --- | --- | --- | --- |\n");
        for change in evidence.changes.iter().take(SHOWN) {
            let event = |event: &Option<serde_json::Value>| {
                event.as_ref().map_or_else(String::new, |event| inline(&event.to_string()))
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} |",
                escaped(&change.title),
                kind(change.kind),
                event(&change.gains),
                event(&change.loses)
            );
        }
        if evidence.changes.len() > SHOWN {
            let _ = writeln!(text, "\nand {} more", evidence.changes.len() - SHOWN);
        }
    }
    let skipped: Vec<_> = evidence.skipped().collect();
    if !skipped.is_empty() {
        text.push_str("\n### Not checked\n\n");
        for (check, reason) in skipped {
            let _ = writeln!(text, "- {}: {}", check.name, escaped(reason));
        }
    }
    text
}

/// A text that nothing in it can turn into markup or end a row of a table.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '@' => escaped.extend(['\\', letter]),
            '\n' | '\r' => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A text as code in a row of a table.
fn inline(text: &str) -> String {
    let ticks = "`".repeat(longest(text) + 1);
    format!("{ticks} {} {ticks}", text.replace('|', "\\|").replace(['\n', '\r'], " "))
}

fn fenced(text: &str, indent: &str) -> String {
    let fence = "`".repeat(longest(text).max(2) + 1);
    format!("{indent}{fence}\n{indent}{}\n{indent}{fence}", text.replace('\n', &format!("\n{indent}")))
}

/// The longest run of backticks.
fn longest(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_turns_into_markup() {
        assert_eq!(escaped("a|b\n<img> *x* [y](z) @all"), "a\\|b \\<img\\> \\*x\\* \\[y\\](z) \\@all");
        assert_eq!(inline("a`|`b"), "`` a`\\|`b ``");
        assert_eq!(fenced("```x", ""), "````\n```x\n````");
    }
}
