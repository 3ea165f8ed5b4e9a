//! One screen for a terminal: what failed and what to do.

use std::fmt::Write as _;

use contentcheck_gate::evidence::{Evidence, Finding, Status, Verdict, Weight};

/// Findings of one check that are shown.
const SHOWN: usize = 8;

/// The evidence as text for a terminal.
#[must_use]
pub(crate) fn human(evidence: &Evidence, color: bool) -> String {
    let paint = |text: &str, code: &str| if color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() };
    let mut text = String::new();
    let release = &evidence.release;
    // Writing to a string does not fail.
    let _ = write!(text, "{}", release.name.as_deref().unwrap_or("release"));
    if let Some(sequence) = release.sequence {
        let _ = write!(text, ", sequence {sequence}");
    }
    let _ = writeln!(text, ": {} rules in {} files, seed {}\n", release.rules, release.files, evidence.seed);
    for check in &evidence.checks {
        let (word, code) = match check.status {
            Status::Passed => ("passed ", "32"),
            Status::Failed => ("FAILED ", "31;1"),
            Status::Skipped => ("skipped", "33"),
        };
        let _ = writeln!(text, "{} {} {:<12} {}", paint(word, code), check.number, check.name, check.summary);
    }
    for check in &evidence.checks {
        let mut shown: Vec<&Finding> =
            check.findings.iter().filter(|finding| finding.weight >= Weight::Warning).collect();
        shown.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
        let hidden = shown.len().saturating_sub(SHOWN);
        for (at, finding) in shown.iter().take(SHOWN).enumerate() {
            if at == 0 {
                let _ = writeln!(text, "\n{}", paint(&format!("{}: {}", check.name, check.guards), "1"));
            }
            one(finding, &mut text, &paint);
        }
        if hidden > 0 {
            let _ = writeln!(text, "  and {hidden} more; --format json has all of them");
        }
    }
    let skipped: Vec<String> = evidence.skipped().map(|(check, reason)| format!("{}: {reason}", check.name)).collect();
    if !skipped.is_empty() {
        let _ = writeln!(text, "\nnot checked:");
        for reason in &skipped {
            let _ = writeln!(text, "  {reason}");
        }
    }
    let failed = evidence.checks.iter().filter(|check| check.status == Status::Failed).count();
    let _ = match evidence.verdict {
        Verdict::Passed if skipped.is_empty() => writeln!(text, "\n{}", paint("the release passes", "32;1")),
        Verdict::Passed => writeln!(
            text,
            "\n{}; what is listed above was not checked",
            paint("the release passes what was checked", "32;1")
        ),
        Verdict::Failed => writeln!(
            text,
            "\n{}: {failed} {} failed",
            paint("the release does not ship", "31;1"),
            if failed == 1 { "check" } else { "checks" }
        ),
    };
    text
}

fn one(finding: &Finding, text: &mut String, paint: &dyn Fn(&str, &str) -> String) {
    let word = match finding.weight {
        Weight::Error => paint(&format!("error[{}]", finding.code), "31;1"),
        Weight::Warning => paint(&format!("warning[{}]", finding.code), "33"),
        Weight::Info => format!("info[{}]", finding.code),
    };
    let place = finding
        .place
        .as_ref()
        .map_or_else(String::new, |place| format!("{}:{}:{}: ", place.file, place.line, place.column));
    let _ = writeln!(text, "  {place}{word}: {}", finding.message);
    if let Some(help) = &finding.help {
        let _ = writeln!(text, "    help: {help}");
    }
    match (&finding.test, &finding.event) {
        (Some(test), _) => {
            let _ = writeln!(text, "    {test}");
        }
        (None, Some(event)) => {
            let _ = writeln!(text, "    event: {event}");
        }
        (None, None) => {}
    }
}
