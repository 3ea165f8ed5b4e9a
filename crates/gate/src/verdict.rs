//! The verdict on a release: made from the results of the checks, here and nowhere else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::result::{CheckResult, Status, Weight};

/// The names of all checks, in their order. A list of results in which one of them is missing is not a whole run.
pub const CHECKS: [&str; 10] =
    ["self-test", "lint", "compile", "verify", "tests", "coverage", "differential", "hostile", "replay", "change"];

/// How a run of the gate ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Conclusion {
    /// Every check ran, and none has an error against the release.
    Passed,
    /// What ran has no error against the release, and something did not run: this is not a pass.
    Incomplete,
    /// Some check has an error against the release.
    Failed,
}

/// A check, or a part of one, that did not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// The check.
    pub check: String,
    /// What did not run, and why.
    pub reason: String,
}

/// The one verdict on a release: standard output, every report, the exit code and the statement show this value.
/// Only [`Verdict::of`] makes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    outcome: Conclusion,
    /// The outcome in one line of words.
    summary: String,
    /// Whether a check that did not run stops the release.
    required_all: bool,
    /// How many checks ran, at least in part.
    ran: u64,
    /// How many checks there are.
    of: u64,
    /// The checks that have errors against the release.
    failed: Vec<String>,
    /// What did not run.
    missing: Vec<Missing>,
}

impl Verdict {
    /// The verdict on a release whose checks ended so. A check that is not in the list did not run, and one that is
    /// there more than once, or that no gate has, is not taken for one that did.
    #[must_use]
    pub fn of(checks: &[CheckResult], required_all: bool) -> Self {
        let mut missing: Vec<Missing> = Vec::new();
        let mut failed: Vec<String> = Vec::new();
        let mut ran = 0;
        let lacks = |check: &str, reason: &str| Missing { check: check.to_owned(), reason: reason.to_owned() };
        for name in CHECKS {
            let found: Vec<&CheckResult> = checks.iter().filter(|check| check.name == name).collect();
            match found.as_slice() {
                [] => missing.push(lacks(name, "the evidence has no result of it")),
                [_] => {}
                _ => missing.push(lacks(name, "the evidence has several results of it")),
            }
            ran += u64::from(found.iter().any(|check| check.status != Status::Skipped));
        }
        for check in checks {
            if !CHECKS.contains(&check.name.as_str()) {
                missing.push(lacks(&check.name, "the gate has no such check"));
            }
            // A status alone proves nothing: what it is made of decides.
            let has_error = check.findings.iter().any(|finding| finding.weight == Weight::Error);
            if (has_error || check.status == Status::Failed) && !failed.contains(&check.name) {
                failed.push(check.name.clone());
            }
            if check.status == Status::Skipped && check.skipped.is_empty() {
                missing.push(lacks(&check.name, "it did not run"));
            }
            missing.extend(check.skipped.iter().map(|reason| lacks(&check.name, reason)));
        }
        let outcome = match (failed.is_empty(), missing.is_empty()) {
            (false, _) => Conclusion::Failed,
            (true, false) => Conclusion::Incomplete,
            (true, true) => Conclusion::Passed,
        };
        let of = CHECKS.len() as u64;
        let skipped = |name: &str| !checks.iter().any(|check| check.name == name && check.status != Status::Skipped);
        let summary = summary(outcome, required_all, (ran, of), &failed, &missing, &skipped);
        Self { outcome, summary, required_all, ran, of, failed, missing }
    }

    /// How the run ended.
    #[must_use]
    pub const fn outcome(&self) -> Conclusion {
        self.outcome
    }

    /// Whether the release ships: the run passed, or it is incomplete where that was not ruled out.
    #[must_use]
    pub const fn ships(&self) -> bool {
        match self.outcome {
            Conclusion::Passed => true,
            Conclusion::Incomplete => !self.required_all,
            Conclusion::Failed => false,
        }
    }

    /// The verdict in one line: how many checks ran, and the outcome.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// Whether a check that did not run stops the release.
    #[must_use]
    pub const fn required_all(&self) -> bool {
        self.required_all
    }

    /// How many checks ran, at least in part, and how many there are.
    #[must_use]
    pub const fn ran(&self) -> (u64, u64) {
        (self.ran, self.of)
    }

    /// The checks that have errors against the release.
    #[must_use]
    pub fn failed(&self) -> &[String] {
        &self.failed
    }

    /// What did not run.
    #[must_use]
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }
}

fn summary(
    outcome: Conclusion,
    required_all: bool,
    (ran, of): (u64, u64),
    failed: &[String],
    missing: &[Missing],
    is_skipped: &dyn Fn(&str) -> bool,
) -> String {
    let mut names: Vec<&str> = missing.iter().map(|one| one.check.as_str()).collect();
    names.dedup();
    let (whole, parts): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|name| is_skipped(name));
    let mut words = match outcome {
        Conclusion::Passed => format!("passed: {ran} of {of} checks ran"),
        Conclusion::Incomplete => format!("incomplete: {ran} of {of} checks ran, no error found in them"),
        Conclusion::Failed => {
            let count = failed.len();
            let found = if count == 1 { "1 of them found" } else { &format!("{count} of them found") };
            format!("FAILED: {ran} of {of} checks ran, {found} errors: {}", failed.join(", "))
        }
    };
    for (what, names) in [("did not run", whole), ("ran only in part", parts)] {
        if !names.is_empty() {
            words += &format!("; {what}: {}", names.join(", "));
        }
    }
    if outcome == Conclusion::Incomplete {
        words += if required_all { "; all are required, so the release does not ship" } else { "; this is not a pass" };
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Finding;

    fn check(name: &str, status: Status) -> CheckResult {
        CheckResult {
            number: 0,
            name: name.to_owned(),
            guards: String::new(),
            status,
            summary: String::new(),
            facts: std::collections::BTreeMap::new(),
            findings: Vec::new(),
            skipped: Vec::new(),
            not_applicable: Vec::new(),
        }
    }

    fn all() -> Vec<CheckResult> {
        CHECKS.iter().map(|name| check(name, Status::Passed)).collect()
    }

    #[test]
    fn the_names_are_those_of_the_checks() {
        let names: Vec<&str> = crate::checks::ALL.iter().map(|check| check.name()).collect();
        assert_eq!(names, CHECKS);
    }

    #[test]
    fn a_whole_run_without_errors_passes() {
        let verdict = Verdict::of(&all(), true);
        assert_eq!((verdict.outcome(), verdict.ships()), (Conclusion::Passed, true));
        assert_eq!(verdict.summary(), "passed: 10 of 10 checks ran");
        // What does not apply is not missing.
        let mut checks = all();
        checks[0].not_applicable.push("the class `x`".to_owned());
        assert_eq!(Verdict::of(&checks, true), verdict);
    }

    /// Whatever is taken out of a whole run, what is left is not a pass.
    #[test]
    fn a_run_that_lacks_anything_is_incomplete() {
        let mut lacking: Vec<(Vec<CheckResult>, u64)> = vec![(Vec::new(), 0)];
        for at in 0..CHECKS.len() {
            let mut checks = all();
            checks.remove(at);
            lacking.push((checks, 9));
            let mut checks = all();
            checks[at].status = Status::Skipped;
            lacking.push((checks, 9));
            let mut checks = all();
            checks[at].skipped.push("a part of it".to_owned());
            lacking.push((checks, 10));
            let mut checks = all();
            checks[at].name = "another".to_owned();
            lacking.push((checks, 9));
            let mut checks = all();
            checks.push(checks[at].clone());
            lacking.push((checks, 10));
        }
        for (checks, ran) in lacking {
            for required in [false, true] {
                let verdict = Verdict::of(&checks, required);
                assert_eq!((verdict.outcome(), verdict.ships()), (Conclusion::Incomplete, !required), "{checks:?}");
                assert!(!verdict.missing().is_empty());
                let begins = format!("incomplete: {ran} of 10 checks ran, no error found in them; ");
                assert!(verdict.summary().starts_with(&begins), "{}", verdict.summary());
                let ends = if required { "does not ship" } else { "not a pass" };
                assert!(verdict.summary().ends_with(ends), "{}", verdict.summary());
            }
        }
    }

    #[test]
    fn an_error_fails_whatever_the_check_says_of_itself() {
        for status in [Status::Passed, Status::Skipped, Status::Failed] {
            let mut checks = all();
            checks[1].status = status;
            let finding = |weight| Finding {
                weight,
                ..Finding::new(&contentcheck_model::diagnostic::codes::RELEASE_SHRUNK, "gone")
            };
            checks[1].findings.push(finding(Weight::Error));
            let verdict = Verdict::of(&checks, false);
            assert_eq!((verdict.outcome(), verdict.ships()), (Conclusion::Failed, false));
            assert!(verdict.summary().contains("1 of them found errors: lint"), "{}", verdict.summary());
            checks[1].findings = vec![finding(Weight::Warning)];
            let expected = match status {
                Status::Passed => Conclusion::Passed,
                Status::Skipped => Conclusion::Incomplete,
                Status::Failed => Conclusion::Failed,
            };
            assert_eq!(Verdict::of(&checks, false).outcome(), expected);
        }
    }
}
