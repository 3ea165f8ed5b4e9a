//! `contentcheck test`
//!
//! Every test runs through the compiled image and through the reference evaluator. Where the two
//! do not agree, the test has no outcome: that is a fault of this program.

mod regression;
mod report;

use std::path::PathBuf;

use contentcheck_model::lookup;
use contentcheck_model::rule::{CheckedRule, RuleId};
use contentcheck_parser::sidecar::{Beside, Case, Expect, Missing};
use contentcheck_project::files;
use contentcheck_run::Plan;
use contentcheck_run::testing::{self, Seen, Tester};
use schemars::JsonSchema;
use serde::Serialize;

use super::eval::odds;
use crate::Streams;
use crate::args::Test;
use crate::exit::{Exit, Failure, Outcome};
use crate::ready::{Wanted, ready};
use crate::release::{Release, talk};

/// What `test --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestReport {
    /// Format of this report: 1.
    pub format: u32,
    /// The tests: by file, in the order in which they stand there.
    pub tests: Vec<TestResult>,
    /// Counts.
    pub totals: TestTotals,
}

/// Counts of tests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestTotals {
    /// Rules.
    pub rules: usize,
    /// Rules that no test names.
    pub rules_without_tests: usize,
    /// Tests with the outcome that they expect.
    pub passed: usize,
    /// Tests with another one.
    pub failed: usize,
    /// Tests that were not run.
    pub skipped: usize,
    /// Tests on which the interpreter and the reference evaluator do not agree.
    pub faults: usize,
}

/// One test.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestResult {
    /// The file that the test stands in.
    pub file: String,
    /// Name of the rule, as reports use it.
    pub rule: String,
    /// Title of the rule.
    pub title: String,
    /// Name of the test.
    pub name: String,
    /// Where the test is from.
    pub kind: Kind,
    /// How it ended.
    pub outcome: Ended,
    /// What was expected and what happened, where the test did not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The reference evaluator's explanation, where the test failed.
    pub why: Vec<String>,
    /// What looks like a slip in the test.
    pub notes: Vec<String>,
}

/// Where a test is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A `test` block of a native rule.
    Rule,
    /// A file of tests beside a Sigma rule.
    Sidecar,
    /// A recorded sample.
    Sample,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// As expected.
    Passed,
    /// Otherwise.
    Failed,
    /// It was not run.
    Skipped,
    /// The two evaluators do not agree.
    Fault,
}

/// Runs the command.
///
/// # Errors
/// When an input or the configuration is wrong, there is no test, or the program is at fault.
pub fn run(arguments: &Test, streams: &mut Streams<'_>) -> Outcome {
    let is_stdin = |path: &PathBuf| path.as_os_str() == "-";
    if arguments.image.as_ref().is_some_and(is_stdin) && arguments.inputs.paths.iter().any(is_stdin) {
        return Err(Failure::usage(
            "standard input can hold content or an image, not both; put one of them into a file",
        ));
    }
    let Some(ready) = ready(&Wanted::by_test(arguments), streams)? else { return Ok(Exit::Findings) };
    let release = ready.checked()?;
    let beside = &release.judged.gathered().beside;
    let samples = regression::samples(&arguments.regression)?;
    let plan = release.plan()?;
    let mut runner = Runner::new(release, &plan);
    runner.own();
    beside.iter().for_each(|file| runner.beside(file));
    samples.into_iter().for_each(|sample| runner.sample(sample));
    let report = runner.report();
    super::written(report::write(arguments.format, &report, streams.out))?;
    talk(streams, &report::summary(&report.totals));
    if let Some(image) = arguments.image.as_ref().filter(|_| report.totals.faults > 0) {
        // The content digest does not cover the data of tables, and another compiler may have made the image.
        return Err(Failure::findings(format!(
            "{}: the image does not do what the rules say, as the tests above show: compile it again from this content\n  help: if an image that this version compiles does not either, that is a fault of contentcheck's: please report it",
            files::name(image)
        )));
    }
    ended(&report, arguments.allow_none)
}

/// How a run ends.
fn ended(report: &TestReport, allow_none: bool) -> Outcome {
    let TestTotals { passed, failed, faults, skipped, .. } = report.totals;
    if faults > 0 {
        let places = report.tests.iter().filter(|test| test.outcome == Ended::Fault);
        let places: Vec<String> = places.map(|test| format!("{}: {}: {}", test.file, test.rule, test.name)).collect();
        return Err(odds(&places));
    }
    if passed + failed == 0 && !allow_none {
        return Err(Failure::usage(if skipped > 0 {
            "no test was run (--allow-none accepts that)"
        } else {
            "no tests were found: native rules have `test fires` and `test silent`, a Sigma rule `rule.yml` has `rule.test.yml` beside it, samples are named with --regression (--allow-none accepts that there are none)"
        }));
    }
    Ok(if failed > 0 { Exit::Findings } else { Exit::Fine })
}

/// Runs tests and keeps their results.
struct Runner<'r, 'p> {
    tester: Tester<'p>,
    rules: Vec<&'r CheckedRule>,
    tested: Vec<bool>,
    results: Vec<TestResult>,
}

impl<'r, 'p> Runner<'r, 'p> {
    fn new(release: &'r Release, plan: &'p Plan) -> Self {
        let rules = release.rules();
        Self { tester: Tester::new(plan), tested: vec![false; rules.len()], rules, results: Vec::new() }
    }

    fn report(mut self) -> TestReport {
        self.results.sort_by(|a, b| a.file.cmp(&b.file));
        let count = |outcome| self.results.iter().filter(|test| test.outcome == outcome).count();
        let totals = TestTotals {
            rules: self.rules.len(),
            rules_without_tests: self.tested.iter().filter(|tested| !**tested).count(),
            passed: count(Ended::Passed),
            failed: count(Ended::Failed),
            skipped: count(Ended::Skipped),
            faults: count(Ended::Fault),
        };
        TestReport { format: 1, tests: self.results, totals }
    }

    fn tested(&mut self, id: RuleId) {
        if let Some(tested) = self.tested.get_mut(id.index()) {
            *tested = true;
        }
    }

    /// The `test` blocks of native rules.
    fn own(&mut self) {
        for (id, rule) in RuleId::count(self.rules.clone()) {
            for (at, test) in rule.tests.iter().enumerate() {
                self.tested(id);
                let seen = self.tester.own(id, rule, test);
                let name = testing::name(rule, at, test);
                self.decide(rule.source.name(), rule, name, Kind::Rule, test.fires, seen, Vec::new());
            }
        }
    }

    /// The rule that a sample names.
    fn named(&self, wanted: &str) -> Result<RuleId, lookup::NotFound> {
        lookup::find(self.rules.iter().map(|rule| rule.names()), wanted)
    }

    /// The tests of a file beside rules.
    fn beside(&mut self, beside: &Beside) {
        let file = &beside.file;
        let cases = match &beside.cases {
            Ok(cases) => cases,
            Err(reason) => {
                return self.other(file, &beside.rules, "the file", Kind::Sidecar, Ended::Failed, reason.clone());
            }
        };
        let own = beside.own(&self.rules);
        for case in cases {
            match own.rule_of(case) {
                Ok(id) => self.case(file, id, case),
                Err(missing) => {
                    let (outcome, reason) = match missing {
                        Missing::NotCompiled(reason) => (Ended::Skipped, reason),
                        Missing::Wrong(reason) => (Ended::Failed, reason),
                    };
                    self.other(file, &beside.rules, &case.name, Kind::Sidecar, outcome, reason);
                }
            }
        }
    }

    fn case(&mut self, file: &str, id: RuleId, case: &Case) {
        let Some(rule) = self.rules.get(id.index()).copied() else { return };
        self.tested(id);
        match self.tester.case(id, rule, case) {
            Ok((seen, notes)) => {
                self.decide(file, rule, case.name.clone(), Kind::Sidecar, case.expect == Expect::Fires, seen, notes);
            }
            Err(reason) => self.other(file, &rule.name, &case.name, Kind::Sidecar, Ended::Failed, reason),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a result has as many parts")]
    fn decide(
        &mut self,
        file: &str,
        rule: &CheckedRule,
        name: String,
        kind: Kind,
        fires: bool,
        seen: Seen,
        notes: Vec<String>,
    ) {
        let (outcome, message) = match seen.ended(rule, fires) {
            testing::Ended::Passed => (Ended::Passed, None),
            testing::Ended::Failed(message) => (Ended::Failed, Some(message)),
            testing::Ended::Fault(message) => (Ended::Fault, Some(message)),
        };
        let why = if outcome == Ended::Passed { Vec::new() } else { seen.why };
        self.results.push(TestResult {
            file: file.to_owned(),
            rule: rule.name.clone(),
            title: rule.title.clone(),
            name,
            kind,
            outcome,
            message,
            why,
            notes,
        });
    }

    /// A result without a rule that was run.
    fn other(&mut self, file: &str, rule: &str, name: &str, kind: Kind, outcome: Ended, message: String) {
        self.results.push(TestResult {
            file: file.to_owned(),
            rule: rule.to_owned(),
            title: String::new(),
            name: name.to_owned(),
            kind,
            outcome,
            message: Some(message),
            why: Vec::new(),
            notes: Vec::new(),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::args::{CompileOptions, Inputs};
    use crate::release;

    fn release(name: &str, condition: &str) -> Release {
        let directory = std::env::temp_dir().join(format!("contentcheck-{}-{name}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let content = format!(
            "template acme.process @ 1 {{\n    1 image: string\n}}\nrule r {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11\"\n    template: acme.process @ 1\n    severity: low\n    when {condition}\n    test fires {{ image: \"a\" }}\n}}\n"
        );
        fs::write(directory.join("r.content"), content).unwrap();
        let inputs = Inputs {
            paths: vec![directory.clone()],
            config: None,
            no_config: true,
            fleet: Vec::new(),
            exclude: Vec::new(),
            threads: 1,
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut streams = Streams { out: &mut out, err: &mut err, color: false, interactive: false };
        let loaded = release::load(&inputs, &CompileOptions::default(), true, &mut streams);
        fs::remove_dir_all(&directory).unwrap();
        loaded.unwrap_or_else(|failure| panic!("{}", failure.message)).unwrap()
    }

    /// An image of other content stands for a compiler that is wrong.
    #[test]
    fn evaluators_that_do_not_agree_are_a_fault_and_no_outcome() {
        let mut wrong = release("a", "image == \"a\"");
        wrong.image = release("b", "image == \"b\"").image;
        let examine = |release: &Release| {
            let plan = release.plan().unwrap_or_else(|failure| panic!("{}", failure.message));
            let mut runner = Runner::new(release, &plan);
            runner.own();
            runner.report()
        };
        let report = examine(&wrong);
        assert_eq!((report.totals.faults, report.totals.passed, report.totals.failed), (1, 0, 0));
        let message = report.tests[0].message.as_deref().unwrap();
        assert_eq!(message, "as acme.process the reference fires and the interpreter does not");
        let failure = ended(&report, false).unwrap_err();
        assert_eq!(failure.kind, contentcheck_project::Kind::Internal);
        assert!(failure.message.starts_with("INTERNAL FAULT"), "{}", failure.message);
        let right = examine(&release("a", "image == \"a\""));
        assert!(matches!(ended(&right, false), Ok(Exit::Fine)));
    }
}
