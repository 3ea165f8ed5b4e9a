//! The verdict on a release: made from the results of the checks, here and nowhere else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::plural;
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

/// A word of the command line that lets something pass in one run which otherwise fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Allowance {
    /// Rules, tables, sensors and what is looked at may shrink.
    AllowShrink,
    /// Image and tables may grow to more than twice their size.
    AllowGrowth,
    /// A sensor that lacks an input skips the rules that read it.
    SkipUnsupplied,
}

impl Allowance {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::AllowShrink, Self::AllowGrowth, Self::SkipUnsupplied];

    /// The word, as the command line has it after `--`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AllowShrink => "allow-shrink",
            Self::AllowGrowth => "allow-growth",
            Self::SkipUnsupplied => "skip-unsupplied",
        }
    }

    /// The one that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// Allowances as the command line has them, in one line.
#[must_use]
pub fn options(allowed: &[Allowance]) -> String {
    allowed.iter().map(|one| format!("--{}", one.word())).collect::<Vec<_>>().join(", ")
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

/// How many findings were accepted, by what accepts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptances {
    /// By comments.
    pub comment: u64,
    /// By the baseline.
    pub baseline: u64,
    /// By severities.
    pub severity: u64,
}

impl Acceptances {
    /// Whether nothing was accepted.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// How many by what, in words: `2 findings accepted by comments, 1 by severities`.
    #[must_use]
    pub fn words(&self) -> String {
        let by = [(self.comment, "comments"), (self.baseline, "the baseline"), (self.severity, "severities")];
        let said =
            by.into_iter().filter(|(count, _)| *count > 0).enumerate().map(|(at, (count, by))| match (at, count) {
                (0, 1) => format!("1 finding accepted by {by}"),
                (0, count) => format!("{count} findings accepted by {by}"),
                (_, count) => format!("{count} by {by}"),
            });
        said.collect::<Vec<_>>().join(", ")
    }
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
    /// The words that let something pass which otherwise fails.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allowed: Vec<Allowance>,
    /// How many findings something accepts.
    #[serde(default, skip_serializing_if = "Acceptances::is_none")]
    accepted: Acceptances,
    /// How many warnings there are, which stop no release by themselves.
    #[serde(default, skip_serializing_if = "is_zero")]
    warnings: u64,
}

/// Whether a count says nothing.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(crate) const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Verdict {
    /// The verdict on a release whose checks ended so. A check that is not in the list did not run, and one that is
    /// there more than once, or that no gate has, is not taken for one that did. A word that lets something pass, and what
    /// was accepted, are a part of the verdict: who reads no more than that must not take the release for one that passed
    /// without.
    #[must_use]
    pub fn of(checks: &[CheckResult], required_all: bool, allowed: &[Allowance], accepted: Acceptances) -> Self {
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
        let mut summary = summary(outcome, (ran, of), &failed, &missing, &skipped);
        if !allowed.is_empty() {
            summary += &format!("; with {}", options(allowed));
        }
        if !accepted.is_none() {
            summary += &format!("; {}", accepted.words());
        }
        let findings = checks.iter().flat_map(|check| &check.findings);
        let warnings = findings.filter(|finding| finding.weight == Weight::Warning).count();
        if warnings > 0 {
            summary += &format!("; {}", plural(warnings, "warning"));
        }
        if outcome == Conclusion::Incomplete {
            summary +=
                if required_all { "; all are required, so the release does not ship" } else { "; this is not a pass" };
        }
        Self {
            outcome,
            summary,
            required_all,
            ran,
            of,
            failed,
            missing,
            allowed: allowed.to_vec(),
            accepted,
            warnings: warnings as u64,
        }
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

    /// How many findings something accepts.
    #[must_use]
    pub const fn accepted(&self) -> Acceptances {
        self.accepted
    }

    /// How many warnings there are.
    #[must_use]
    pub const fn warnings(&self) -> u64 {
        self.warnings
    }

    /// The words that let something pass which otherwise fails.
    #[must_use]
    pub fn allowed(&self) -> &[Allowance] {
        &self.allowed
    }
}

fn summary(
    outcome: Conclusion,
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
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{AcceptedBy, AcceptedFindings, Finding, SettingsFacts};

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

    fn required(require_all: bool) -> SettingsFacts {
        SettingsFacts { require_all, ..SettingsFacts::default() }
    }

    /// Whatever the outcome, the first line says with which words it was reached.
    #[test]
    fn words_that_let_something_pass_are_part_of_the_verdict() {
        for number in 0..8 {
            let given = [number & 1 > 0, number & 2 > 0, number & 4 > 0];
            let [allow_shrink, allow_growth, skip_unsupplied] = given;
            let settings = SettingsFacts { allow_shrink, allow_growth, skip_unsupplied, ..required(false) };
            let mut lacking = all();
            lacking[3].skipped.push("a part of it".to_owned());
            let mut failing = all();
            failing[3].status = Status::Failed;
            for checks in [all(), lacking, failing] {
                let verdict = settings.verdict(&checks, &[]);
                for (one, is_given) in Allowance::ALL.into_iter().zip(given) {
                    assert_eq!(verdict.summary().contains(&format!("--{}", one.word())), is_given, "{verdict:?}");
                    assert_eq!(verdict.allowed().contains(&one), is_given);
                    assert_eq!(serde_json::to_value(one).unwrap(), one.word());
                    assert_eq!(Allowance::from_word(one.word()), Some(one));
                }
            }
        }
        let settings = SettingsFacts { allow_shrink: true, allow_growth: true, ..required(true) };
        let passed = "passed: 10 of 10 checks ran; with --allow-shrink, --allow-growth";
        assert_eq!(settings.verdict(&all(), &[]).summary(), passed);
    }

    /// Whatever accepts findings is said in the first line, whatever the outcome.
    #[test]
    fn what_was_accepted_is_part_of_the_verdict() {
        let one = |by, count| AcceptedFindings {
            by,
            code: "CC0802".to_owned(),
            file: "(change)".to_owned(),
            count,
            reason: None,
        };
        let all_of = [(AcceptedBy::Comment, 1), (AcceptedBy::Baseline, 2), (AcceptedBy::Severity, 3)];
        let accepted: Vec<AcceptedFindings> = all_of.iter().map(|(by, count)| one(*by, *count)).collect();
        let verdict = required(true).verdict(&all(), &accepted);
        let words = "1 finding accepted by comments, 2 by the baseline, 3 by severities";
        assert_eq!(verdict.summary(), format!("passed: 10 of 10 checks ran; {words}"));
        assert_eq!(verdict.accepted().severity, 3);
        let verdict = required(true).verdict(&all(), &accepted[2..]);
        assert_eq!(verdict.summary(), "passed: 10 of 10 checks ran; 3 findings accepted by severities");
        let mut lacking = all();
        lacking[3].skipped.push("a part of it".to_owned());
        let mut failing = all();
        failing[3].status = Status::Failed;
        for checks in [lacking, failing] {
            assert!(required(false).verdict(&checks, &accepted).summary().contains(words));
        }
    }

    /// Warnings stop nothing by themselves, and who reads one line knows of them.
    #[test]
    fn warnings_are_part_of_the_verdict() {
        let finding =
            |weight| Finding { weight, ..Finding::new(&contentcheck_model::diagnostic::codes::RELEASE_SHRUNK, "gone") };
        for (warnings, said) in [(0, None), (1, Some("; 1 warning")), (3, Some("; 3 warnings"))] {
            let mut checks = all();
            checks[1].findings = vec![finding(Weight::Info); 2];
            checks[9].findings = vec![finding(Weight::Warning); warnings];
            let verdict = required(true).verdict(&checks, &[]);
            assert_eq!((verdict.outcome(), verdict.warnings()), (Conclusion::Passed, warnings as u64));
            assert_eq!(verdict.summary(), format!("passed: 10 of 10 checks ran{}", said.unwrap_or_default()));
            let json = serde_json::to_value(&verdict).unwrap();
            assert_eq!(json.get("warnings").is_some(), warnings > 0);
            assert_eq!(serde_json::from_value::<Verdict>(json).unwrap(), verdict);
            checks[9].findings.push(finding(Weight::Error));
            let failed = required(true).verdict(&checks, &[]);
            assert!(failed.outcome() == Conclusion::Failed && failed.summary().ends_with(said.unwrap_or("change")));
        }
    }

    #[test]
    fn the_names_are_those_of_the_checks() {
        let names: Vec<&str> = crate::checks::ALL.iter().map(|check| check.name()).collect();
        assert_eq!(names, CHECKS);
    }

    #[test]
    fn a_whole_run_without_errors_passes() {
        let verdict = required(true).verdict(&all(), &[]);
        assert_eq!((verdict.outcome(), verdict.ships()), (Conclusion::Passed, true));
        assert_eq!(verdict.summary(), "passed: 10 of 10 checks ran");
        // What does not apply is not missing.
        let mut checks = all();
        checks[0].not_applicable.push("the class `x`".to_owned());
        assert_eq!(required(true).verdict(&checks, &[]), verdict);
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
                let verdict = self::required(required).verdict(&checks, &[]);
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
            let verdict = required(false).verdict(&checks, &[]);
            assert_eq!((verdict.outcome(), verdict.ships()), (Conclusion::Failed, false));
            assert!(verdict.summary().contains("1 of them found errors: lint"), "{}", verdict.summary());
            checks[1].findings = vec![finding(Weight::Warning)];
            let expected = match status {
                Status::Passed => Conclusion::Passed,
                Status::Skipped => Conclusion::Incomplete,
                Status::Failed => Conclusion::Failed,
            };
            assert_eq!(required(false).verdict(&checks, &[]).outcome(), expected);
        }
    }
}
