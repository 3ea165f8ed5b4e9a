//! JUnit XML: the verdict is a test suite of one test case, and each check is one with a test case for each finding and
//! one for the check itself.

use std::fmt::Write as _;

use contentcheck_gate::evidence::{CheckResult, Conclusion, Evidence, Status, Weight};
use contentcheck_model::diagnostic::{visible, visible_lines};

use super::words;
use crate::report::junit;

/// One line for an attribute or an element: every character of it is seen.
fn escape(text: &str) -> String {
    junit::escape(&visible(text))
}

/// The evidence as JUnit XML.
pub(super) fn junit(evidence: &Evidence) -> String {
    let counts: Vec<(usize, usize)> = evidence.checks.iter().map(counts).collect();
    let (tests, failures) = counts.iter().fold((0, 0), |(tests, failures), one| (tests + one.0, failures + one.1));
    let (verdict, ships) = (&evidence.verdict, evidence.verdict.ships());
    // A gate that is at fault is an error of the run, and no failure of the release.
    let errors = usize::from(evidence.is_of_a_blind_gate());
    let (tests, failures) = (tests + 1, failures + usize::from(!ships && errors == 0));
    let summary = escape(verdict.summary());
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "<testsuites name=\"contentcheck gate: {summary}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">"
    );
    // A dashboard that counts failures sees the verdict itself, also where no single finding fails.
    let (failures, skipped) =
        (usize::from(!ships && errors == 0), usize::from(ships && verdict.outcome() != Conclusion::Passed));
    let ended = match (ships, skipped) {
        (false, _) if errors > 0 => format!("<error type=\"verdict\" message=\"{summary}\">{summary}</error>"),
        (false, _) => format!("<failure type=\"verdict\" message=\"{summary}\">{summary}</failure>"),
        (true, 0) => format!("<system-out>{summary}</system-out>"),
        (true, _) => format!("<skipped message=\"{summary}\"/>"),
    };
    let _ = writeln!(
        text,
        "  <testsuite name=\"verdict\" tests=\"1\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\">\n    <testcase name=\"verdict\" classname=\"gate\">{ended}</testcase>\n  </testsuite>"
    );
    for (check, (tests, failures)) in evidence.checks.iter().zip(counts) {
        let name = escape(&format!("{} {}", check.number, check.name));
        let skipped = check.skipped.len();
        let _ = writeln!(
            text,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">"
        );
        if check.status != Status::Skipped {
            let summary = escape(&check.summary);
            let changed = if check.name == "change" { changed(evidence) } else { String::new() };
            let _ = writeln!(
                text,
                "    <testcase name=\"{name}\" classname=\"gate\"><system-out>{summary}{changed}</system-out></testcase>"
            );
        }
        for finding in &check.findings {
            let case = match &finding.place {
                Some(place) => format!("{} at {}:{}", finding.code, place.file, place.line),
                None => finding.code.clone(),
            };
            let mut body = visible(&finding.message).into_owned();
            for more in words::more(finding) {
                body.push('\n');
                body.push_str(&visible_lines(&more));
            }
            let (case, message, body) = (escape(&case), escape(&finding.message), junit::escape(&body));
            let _ = match finding.weight {
                Weight::Error => writeln!(
                    text,
                    "    <testcase name=\"{case}\" classname=\"{name}\"><failure type=\"{}\" message=\"{message}\">{body}</failure></testcase>",
                    escape(&finding.code)
                ),
                _ => writeln!(
                    text,
                    "    <testcase name=\"{case}\" classname=\"{name}\"><system-out>{body}</system-out></testcase>"
                ),
            };
        }
        for reason in &check.skipped {
            let reason = escape(reason);
            let _ = writeln!(
                text,
                "    <testcase name=\"{reason}\" classname=\"{name}\"><skipped message=\"{reason}\"/></testcase>"
            );
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

/// The rules that changed, each on a line of its own, with the events that show it.
fn changed(evidence: &Evidence) -> String {
    let lines = words::changes(evidence).into_iter().map(|change| {
        let shown: String = words::shown_by(change).iter().map(|shown| format!("\n  {}", escape(shown))).collect();
        format!("\n{}{shown}", escape(&words::change(change)))
    });
    lines.collect()
}

/// Test cases of a check, and how many of them fail.
fn counts(check: &CheckResult) -> (usize, usize) {
    let own = usize::from(check.status != Status::Skipped);
    let failures = check.findings.iter().filter(|finding| finding.weight == Weight::Error).count();
    (own + check.findings.len() + check.skipped.len(), failures)
}
