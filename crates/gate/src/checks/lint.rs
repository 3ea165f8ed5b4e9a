//! Check 1: what can be known without running anything.

use contentcheck_parser::diagnostic::Severity;

use crate::evidence::{Finding, Weight};
use crate::facts::place;
use crate::run::{Check, Outcome, Run};

/// Lint of the whole release, the arity rule against the fleet included.
pub struct Lint;

impl Check for Lint {
    fn number(&self) -> u32 {
        1
    }

    fn name(&self) -> &'static str {
        "lint"
    }

    fn guards(&self) -> &'static str {
        "mistakes that can be seen without running anything: an input that a sensor of the fleet does not supply, a wrong type, an expression that explodes, a blank cell"
    }

    fn run(&self, run: &mut Run<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        let findings = &run.built.findings;
        let least = run.built.release.least;
        let fails = findings.iter().filter(|finding| finding.severity >= least).count();
        for finding in findings {
            let weight = match finding.severity {
                severity if severity >= least => Weight::Error,
                Severity::Info => Weight::Info,
                _ => Weight::Warning,
            };
            outcome.findings.push(Finding {
                code: finding.code.id.to_owned(),
                weight,
                rule: finding.rule.clone(),
                place: Some(place(&finding.source, finding.span)),
                message: finding.message.clone(),
                help: finding.help.clone(),
                event: None,
                test: None,
            });
        }
        if run.built.release.fleet.is_none() {
            outcome
                .skipped
                .push("arity: no fleet is named, so no rule was held against what sensors supply".to_owned());
        }
        outcome.fact("findings", findings.len() as u64);
        outcome.fact("files", run.built.release.sources.len() as u64);
        outcome.summary = format!(
            "{} rules in {} files: {fails} findings that fail, {} others",
            run.rules.len(),
            run.built.release.sources.len(),
            findings.len() - fails
        );
        outcome
    }
}
