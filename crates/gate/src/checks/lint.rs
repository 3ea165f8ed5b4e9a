//! Check 1: what can be known without running anything.

use contentcheck_model::diagnostic::{Diagnostic, Severity};
use contentcheck_model::source::{Source, Span};

use crate::evidence::{Finding, RelatedPlace, Weight};
use crate::facts::{place, plural};
use crate::run::{Check, Learned, Outcome, Subject};

/// Lint of the whole release, the arity rule against the fleet included.
pub struct Lint;

impl Check for Lint {
    fn name(&self) -> &'static str {
        "lint"
    }

    fn guards(&self) -> &'static str {
        "mistakes that can be seen without running anything: an input that a sensor of the fleet does not supply, a wrong type, a regex that explodes, an empty cell"
    }

    fn run(&self, run: &Subject<'_>, _: &Learned) -> Outcome {
        let mut outcome = Outcome::default();
        let findings: Vec<_> = run.built.findings().collect();
        let policy = &run.built.judged().gathered().policy;
        let least = policy.least();
        let fails = findings.iter().filter(|finding| finding.severity >= least).count();
        for finding in &findings {
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
                related: related(finding),
                message: finding.message.clone(),
                help: finding.help.clone(),
                event: None,
                test: None,
                detail: finding.detail.as_deref().cloned(),
            });
        }
        if run.built.judged().gathered().fleet.is_none() {
            outcome
                .skipped
                .push("arity: no fleet is named, so no rule was held against what sensors supply".to_owned());
        }
        if let Some((first, others)) = run.settings.apart.split_first() {
            let more = match others.len() {
                0 => String::new(),
                more => format!(" and {} more", plural(more, "file")),
            };
            outcome.skipped.push(format!(
                "files: this is a part of the release that the settings name; {first}{more} lies beside it and was not named"
            ));
        }
        outcome.fact("findings", findings.len() as u64);
        outcome.fact("files", run.built.files() as u64);
        let accepted = run.built.judged().accepted().len();
        let left_out = run.built.judged().left_out().len();
        outcome.fact("accepted findings", accepted as u64);
        outcome.fact("rules left out", left_out as u64);
        outcome.summary = format!(
            "{} in {}: {} the gate, {} {}, {accepted} accepted; {} left out",
            plural(run.rules.len(), "rule"),
            plural(run.built.files(), "file"),
            if fails == 1 { "1 finding fails".to_owned() } else { format!("{fails} findings fail") },
            findings.len() - fails,
            if findings.len() - fails == 1 { "does not" } else { "do not" },
            plural(left_out, "rule"),
        );
        outcome
    }
}

/// The other places of a finding, in its own file and in others.
fn related(finding: &Diagnostic) -> Vec<RelatedPlace> {
    let here = finding.labels.iter().map(|label| (&finding.source, label.span, &label.text));
    let elsewhere = finding.related.iter().map(|related| (&related.source, related.span, &related.text));
    let of = |(source, span, text): (&Source, Span, &String)| RelatedPlace {
        place: place(source, span),
        text: text.clone(),
    };
    here.chain(elsewhere).map(of).collect()
}
