//! Results of tests in the formats that people and machines read.

use std::io::{self, Write};

use super::{Ended, TestReport, TestResult, TestTotals};
use crate::args::TestFormat;
use crate::commands::plural;
use crate::report::junit::escape;
use contentcheck_model::diagnostic::visible;

pub(super) fn write(format: TestFormat, report: &TestReport, out: &mut dyn Write) -> io::Result<()> {
    match format {
        TestFormat::Human => human(report, out),
        TestFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, report)?;
            writeln!(out)
        }
        TestFormat::Junit => junit(report, out),
    }
}

const fn word(outcome: Ended) -> &'static str {
    match outcome {
        Ended::Passed => "ok",
        Ended::Failed => "FAILED",
        Ended::Skipped => "skipped",
        Ended::Fault => "FAULT",
    }
}

fn named(test: &TestResult) -> String {
    match [&test.title, &test.rule].into_iter().find(|name| !name.is_empty()) {
        Some(rule) => format!("{rule}: {}", test.name),
        None => test.name.clone(),
    }
}

fn human(report: &TestReport, out: &mut dyn Write) -> io::Result<()> {
    for tests in report.tests.chunk_by(|a, b| a.file == b.file) {
        if let Some(first) = tests.first() {
            writeln!(out, "{}", visible(&first.file))?;
        }
        for test in tests {
            writeln!(out, "  {:<7}  {}", word(test.outcome), visible(&named(test)))?;
            if let Some(message) = &test.message {
                writeln!(out, "           {}", visible(message))?;
            }
            for note in &test.notes {
                writeln!(out, "           note: {}", visible(note))?;
            }
            for line in test.why.iter().flat_map(|why| why.lines()) {
                writeln!(out, "             {}", visible(line))?;
            }
        }
    }
    Ok(())
}

/// The line that ends a run.
pub(super) fn summary(totals: &TestTotals) -> String {
    let mut line = format!(
        "{} passed, {} failed, {} skipped; {} of {} without a test",
        totals.passed,
        totals.failed,
        totals.skipped,
        totals.rules_without_tests,
        plural(totals.rules, "rule")
    );
    if totals.faults > 0 {
        line.push_str(&format!("; {} without an outcome, since the evaluators do not agree", totals.faults));
    }
    line
}

/// Each file is a test suite. A fault is an error, as JUnit has it.
fn junit(report: &TestReport, out: &mut dyn Write) -> io::Result<()> {
    let TestTotals { failed, faults, .. } = report.totals;
    let tests = report.tests.len();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"contentcheck\" tests=\"{tests}\" failures=\"{failed}\" errors=\"{faults}\">")?;
    for tests in report.tests.chunk_by(|a, b| a.file == b.file) {
        let Some(first) = tests.first() else { continue };
        let count = |outcome| tests.iter().filter(|test| test.outcome == outcome).count();
        let file = escape(&visible(&first.file));
        writeln!(
            out,
            "  <testsuite name=\"{file}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
            tests.len(),
            count(Ended::Failed),
            count(Ended::Fault),
            count(Ended::Skipped)
        )?;
        for test in tests {
            let name = escape(&visible(&named(test)));
            let message = escape(&visible(test.message.as_deref().unwrap_or("")));
            let more: Vec<&str> = test.notes.iter().chain(&test.why).map(String::as_str).collect();
            let text = escape(&more.join("\n"));
            write!(out, "    <testcase name=\"{name}\" classname=\"{file}\">")?;
            match test.outcome {
                Ended::Passed if text.is_empty() => {}
                Ended::Passed => write!(out, "<system-out>{text}</system-out>")?,
                Ended::Skipped => write!(out, "<skipped message=\"{message}\"/>")?,
                Ended::Failed => write!(out, "<failure type=\"failed\" message=\"{message}\">{text}</failure>")?,
                Ended::Fault => write!(out, "<error type=\"fault\" message=\"{message}\">{text}</error>")?,
            }
            writeln!(out, "</testcase>")?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}
