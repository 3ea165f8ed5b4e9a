//! One screen for a terminal: what failed and what to do.

use std::fmt::Write as _;

use contentcheck_gate::evidence::{Evidence, Finding, Status, Weight};
use contentcheck_model::diagnostic::{visible, visible_lines};

use super::words::{self, Tone, looked_at, title, tone};

/// Findings of one check, and lines of one list, that are shown.
const SHOWN: usize = 8;

/// The evidence as text for a terminal. Every line but the first and the last, which hold the verdict, is about a part.
#[must_use]
pub(crate) fn human(evidence: &Evidence, color: bool) -> String {
    let paint = |text: &str, code: &str| if color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() };
    let verdict = match tone(evidence) {
        Tone::Good => paint(evidence.verdict.summary(), "32;1"),
        Tone::Warn => paint(evidence.verdict.summary(), "33;1"),
        Tone::Bad => paint(evidence.verdict.summary(), "31;1"),
    };
    let mut text = format!("{verdict}\n");
    // Writing to a string does not fail.
    let _ = writeln!(text, "{}: {}\n", visible(&title(evidence)), looked_at(evidence));
    for check in &evidence.checks {
        let (word, code) = match check.status {
            Status::Passed if check.skipped.is_empty() => ("passed ", "32"),
            Status::Passed => ("in part", "33"),
            Status::Failed => ("FAILED ", "31;1"),
            Status::Skipped => ("NOT RUN", "33;1"),
        };
        let (name, summary) = (visible(&check.name), visible(&check.summary));
        let _ = writeln!(text, "{} {} {name:<12} {summary}", paint(word, code), check.number);
    }
    for check in &evidence.checks {
        let mut shown: Vec<&Finding> =
            check.findings.iter().filter(|finding| finding.weight >= Weight::Warning).collect();
        shown.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
        let hidden = shown.len().saturating_sub(SHOWN);
        for (at, finding) in shown.iter().take(SHOWN).enumerate() {
            if at == 0 {
                let head = format!("{}: {}", visible(&check.name), visible(&check.guards));
                let _ = writeln!(text, "\n{}", paint(&head, "1"));
            }
            one(finding, &mut text, &paint);
        }
        if hidden > 0 {
            let _ = writeln!(text, "  and {hidden} more; --format json has all of them");
        }
    }
    let missing = evidence.verdict.missing().iter().map(|one| format!("{}: {}", one.check, one.reason));
    list("did not run", missing.collect(), &mut text);
    let apply = evidence
        .checks
        .iter()
        .flat_map(|check| check.not_applicable.iter().map(move |what| format!("{}: {what}", check.name)));
    list("does not apply to this release", apply.collect(), &mut text);
    let changes = words::changes(evidence);
    if !changes.is_empty() {
        text.push_str("\nrules that changed since the previous release:\n");
    }
    for change in changes.iter().take(SHOWN) {
        let _ = writeln!(text, "  {}", visible(&words::change(change)));
        for shown in words::shown_by(change) {
            let _ = writeln!(text, "    {}", visible(&shown));
        }
    }
    if changes.len() > SHOWN {
        let _ = writeln!(text, "  and {} more; --format json has all of them", changes.len() - SHOWN);
    }
    let left = evidence
        .left_out
        .iter()
        .map(|rule| format!("{} ({}:{}): {}", rule.rule, rule.file, rule.line, rule.codes.join(", ")));
    list("rules that were left out", left.collect(), &mut text);
    list("files that were left out", evidence.files_left_out.iter().map(words::files).collect(), &mut text);
    list("accepted", evidence.accepted.iter().map(words::accepted).collect(), &mut text);
    list("rules that run on no sensor of the fleet", words::nowhere(evidence), &mut text);
    list("sensors", evidence.sensors.iter().map(words::sensor).collect(), &mut text);
    let _ = writeln!(text, "\n{verdict}");
    text
}

fn list(head: &str, lines: Vec<String>, text: &mut String) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{head}:");
    for line in lines.iter().take(SHOWN) {
        let _ = writeln!(text, "  {}", visible(line));
    }
    if lines.len() > SHOWN {
        let _ = writeln!(text, "  and {} more; --format json has all of them", lines.len() - SHOWN);
    }
}

fn one(finding: &Finding, text: &mut String, paint: &dyn Fn(&str, &str) -> String) {
    let code = visible(&finding.code);
    let word = match finding.weight {
        Weight::Error => paint(&format!("error[{code}]"), "31;1"),
        Weight::Warning => paint(&format!("warning[{code}]"), "33"),
        Weight::Info => format!("info[{code}]"),
    };
    let place = finding
        .place
        .as_ref()
        .map_or_else(String::new, |place| format!("{}:{}:{}: ", visible(&place.file), place.line, place.column));
    let _ = writeln!(text, "  {place}{word}: {}", visible(&finding.message));
    for line in words::related(finding) {
        let _ = writeln!(text, "    {}", visible(&line));
    }
    if let Some(help) = &finding.help {
        let _ = writeln!(text, "    help: {}", visible(help));
    }
    match (&finding.test, &finding.event) {
        (Some(test), _) => {
            for line in visible_lines(test).lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
        (None, Some(event)) => {
            let _ = writeln!(text, "    event: {}", visible(&event.to_string()));
        }
        (None, None) => {}
    }
}
