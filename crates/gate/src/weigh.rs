//! Findings on their way to the evidence: what each weighs under the policy of the release, and which of them weigh less
//! than their code does. There is no other way for a finding into the result of a check.

use std::collections::BTreeMap;

use contentcheck_model::diagnostic::{Severity, codes};
use contentcheck_parser::release::Policy;

use crate::evidence::{AcceptedBy, AcceptedFindings};
use crate::result::{Finding, Weight};

/// The findings of a check, as heavy as the policy makes them.
#[derive(Debug)]
pub(crate) struct Weighed {
    findings: Vec<Finding>,
    lowered: Vec<AcceptedFindings>,
}

impl Weighed {
    /// Weighs what a check raised. Warnings weigh what the policy says: with `deny-warnings` they fail the run, whichever
    /// check they are of. Whatever then weighs less than it would if no severity were set was accepted by a setting, and
    /// that is said.
    pub(crate) fn of(policy: &Policy, check: &str, raised: Vec<Finding>) -> Self {
        let mut lowered: BTreeMap<(String, String), u64> = BTreeMap::new();
        let findings: Vec<Finding> = raised
            .into_iter()
            .map(|mut finding| {
                let code = codes::find(&finding.code);
                if finding.weight == Weight::Warning {
                    // Lint has asked the policy already, which changes nothing.
                    let set = code.filter(|code| code.severity == Severity::Warning);
                    let severity = set.map_or(Some(Severity::Warning), |code| policy.severity(code));
                    finding.weight = weight(severity, policy.least());
                }
                let unset = code.map_or(finding.weight, |code| weight(Some(code.severity), policy.least()));
                let is_set = code.is_some_and(|code| policy.severity(code) != Some(code.severity));
                if is_set && finding.weight < unset {
                    let file = finding.place.as_ref().map_or_else(|| format!("({check})"), |place| place.file.clone());
                    *lowered.entry((finding.code.clone(), file)).or_default() += 1;
                }
                finding
            })
            .collect();
        let of = |((code, file), count)| AcceptedFindings { by: AcceptedBy::Severity, code, file, count, reason: None };
        Self { findings, lowered: lowered.into_iter().map(of).collect() }
    }

    /// The findings.
    pub(crate) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The findings, and those that a severity accepts, by code and file.
    pub(crate) fn into_parts(self) -> (Vec<Finding>, Vec<AcceptedFindings>) {
        (self.findings, self.lowered)
    }
}

fn weight(severity: Option<Severity>, least: Severity) -> Weight {
    match severity {
        Some(severity) if severity >= least => Weight::Error,
        Some(Severity::Warning) => Weight::Warning,
        _ => Weight::Info,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contentcheck_parser::release::Level;

    /// Every code that can be lowered, by every level below it, with and without `deny-warnings`: what weighs less is
    /// accepted and counted, and nothing else is.
    #[test]
    fn whatever_weighs_less_than_its_code_is_accepted_by_name() {
        for code in codes::all() {
            for deny_warnings in [false, true] {
                for level in [None, Some(Level::Off), Some(Level::Info), Some(Level::Warning), Some(Level::Error)] {
                    let mut policy = Policy::default();
                    policy.deny_warnings = deny_warnings;
                    if level.is_some_and(|level| policy.set(code.id, level).is_err()) {
                        assert!(!code.is_acceptable(), "{}", code.id);
                        continue;
                    }
                    let mut unset = Policy::default();
                    unset.deny_warnings = deny_warnings;
                    let plain = Weighed::of(&unset, "change", vec![Finding::new(code, "m")]);
                    let weighed =
                        Weighed::of(&policy, "change", vec![Finding::new(code, "m"), Finding::new(code, "n")]);
                    let is_less = weighed.findings()[0].weight < plain.findings()[0].weight;
                    let (findings, lowered) = weighed.into_parts();
                    assert_eq!(findings.len(), 2, "nothing disappears");
                    let counted: u64 = lowered.iter().map(|one| one.count).sum();
                    assert_eq!(counted, if is_less { 2 } else { 0 }, "{} {level:?} {deny_warnings}", code.id);
                    assert!(lowered.iter().all(|one| one.code == code.id && one.by == AcceptedBy::Severity));
                }
            }
        }
    }
}
