//! How often each code was found, instead of the findings.

use std::collections::BTreeMap;
use std::io::{self, Write};

use contentcheck_model::diagnostic::{Code, Severity, visible};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Report, place};

/// What `contentcheck lint --statistics` found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "contentcheck statistics")]
pub struct Statistics {
    /// Version of this format; always 1.
    format: u32,
    /// Each code that was found, the one with the most findings first.
    codes: Vec<CodeCount>,
}

/// One code.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CodeCount {
    /// The stable code: `CC` and four digits.
    #[schemars(regex(pattern = "^CC[0-9]{4}$"))]
    code: &'static str,
    /// The stable short name of the code.
    name: &'static str,
    /// The gravest severity among its findings.
    severity: Severity,
    /// How many findings there are.
    findings: usize,
    /// In how many files.
    files: usize,
    /// How many of them have a fix.
    fixable: usize,
    /// The file with the most of them.
    worst: String,
}

impl Statistics {
    /// Counts the findings of a report that are shown.
    #[must_use]
    pub fn of(report: &Report<'_>) -> Self {
        struct Count<'r> {
            code: &'static Code,
            severity: Severity,
            fixable: usize,
            files: BTreeMap<&'r str, usize>,
        }
        let mut counts: BTreeMap<&'static str, Count<'_>> = BTreeMap::new();
        for finding in report.findings {
            let count = counts.entry(finding.code.id).or_insert_with(|| Count {
                code: finding.code,
                severity: finding.severity,
                fixable: 0,
                files: BTreeMap::new(),
            });
            count.severity = count.severity.max(finding.severity);
            count.fixable += usize::from(finding.fix.is_some());
            *count.files.entry(finding.source.name()).or_default() += 1;
        }
        let mut codes: Vec<CodeCount> = counts
            .into_values()
            .map(|count| {
                // Of files with as many the first by name.
                let worst = count.files.iter().rev().max_by_key(|(_, found)| **found);
                CodeCount {
                    code: count.code.id,
                    name: count.code.name,
                    severity: count.severity,
                    findings: count.files.values().sum(),
                    files: count.files.len(),
                    fixable: count.fixable,
                    worst: worst.map_or_else(String::new, |(file, _)| (*file).to_owned()),
                }
            })
            .collect();
        codes.sort_by(|a, b| (b.findings, a.code).cmp(&(a.findings, b.code)));
        Self { format: 1, codes }
    }

    /// Writes a table, a line each code.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.codes.is_empty() {
            return Ok(());
        }
        let name = self.codes.iter().map(|of| of.name.len()).max().unwrap_or(0);
        writeln!(out, "findings   files  fixable  {:6}  {:name$}  severity  most in", "code", "name")?;
        for of in &self.codes {
            let severity = place::word(of.severity, "error", "warning", "info");
            writeln!(
                out,
                "{:>8}  {:>6}  {:>7}  {}  {:name$}  {severity:8}  {}",
                of.findings,
                of.files,
                of.fixable,
                of.code,
                of.name,
                visible(&of.worst)
            )?;
        }
        Ok(())
    }

    /// Writes JSON.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }
}
