//! How much a run had to look at, held against the evidence of the previous release. A file that is hidden, cut off or
//! no longer named leaves no finding of its own: every check passes with less.

use contentcheck_parser::diagnostic::codes;

use crate::evidence::{Evidence, Finding};
use crate::run::{Learned, Settings};

/// Counts of checks: the check, the name of the count, and what one of it is called.
const COUNTS: [(&str, &str, &str); 7] = [
    ("self-test", CLASSES, "class of seeded defects"),
    ("verify", SENSORS, "sensor"),
    ("tests", TESTS, "test"),
    ("replay", RECORDED, "recorded event"),
    ("replay", RECORDED_FILES, "file of recorded events"),
    ("replay", NEVER_MATCH, "never-match event"),
    ("replay", NEVER_MATCH_FILES, "file of never-match events"),
];

/// Classes of defects that were seeded.
pub(crate) const CLASSES: &str = "classes of seeded defects";
/// Sensors of the fleet.
pub(crate) const SENSORS: &str = "sensors";
/// Tests that ran.
pub(crate) const TESTS: &str = "tests";
/// Recorded events.
pub(crate) const RECORDED: &str = "recorded events";
/// Files of them.
pub(crate) const RECORDED_FILES: &str = "files of recorded events";
/// Events that nothing may match.
pub(crate) const NEVER_MATCH: &str = "never-match events";
/// Files of them.
pub(crate) const NEVER_MATCH_FILES: &str = "files of never-match events";

/// What is fewer than in the evidence of the previous release. A check that was left out on request is missing anyway.
pub(crate) fn shrunk(then: &Evidence, learned: &Learned, settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (check, count, one) in COUNTS {
        let before = then.checks.iter().find(|result| result.name == check).and_then(|of| of.facts.get(count));
        let Some(before) = before.copied().filter(|_| settings.wants(check)) else { continue };
        let now = learned.facts.get(check).and_then(|facts| facts.get(count)).copied().unwrap_or(0);
        if now >= before {
            continue;
        }
        let words = if now == 1 { one } else { count };
        let message = format!("{now} {words}, and {before} in the evidence of the previous release");
        findings.push(
            Finding::new(&codes::CORPUS_SHRUNK, message).with_help(
                "restore what is missing, or say that it is meant to go: --allow-shrink, for this one release",
            ),
        );
    }
    findings
}
