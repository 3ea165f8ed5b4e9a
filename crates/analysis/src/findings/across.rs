//! What there is to say of a rule beside others: rules that fire on all of its events.

use std::collections::{BTreeMap, BTreeSet};

use contentcheck_model::diagnostic::{Diagnostic, clip, codes};
use contentcheck_model::rule::{CheckedRule, Target};
use contentcheck_model::template::{LogSource, TemplateType};
use contentcheck_parser::check::parallel;

use super::Known;
use crate::analysis::Analysis;

/// Rules on one template type beyond which they are not held against each other: the work grows with the square.
const RULES: usize = 5_000;

/// Steps of the automata for the rules on one template type.
const WORK: u64 = 4_000_000_000;

/// The pairs of rules of which the second fires on every event on which the first does, by their places in `rules`.
/// Both are there of two that mean the same.
#[must_use]
pub fn implied(rules: &[&CheckedRule], threads: usize) -> BTreeSet<(usize, usize)> {
    // Index of the rule, and its target.
    let mut groups: BTreeMap<String, Vec<(usize, &Target)>> = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        // What somebody puts instead of a placeholder changes what the rule means.
        if rule.targets.iter().any(super::is_unexpanded) {
            continue;
        }
        for target in &rule.targets {
            groups.entry(target.template.to_string()).or_default().push((index, target));
        }
    }
    let groups: Vec<Vec<(usize, &Target)>> =
        groups.into_values().filter(|group| group.len() > 1 && group.len() <= RULES).collect();
    let implied = parallel::map(&groups, threads, |group| {
        let targets: Vec<&Target> = group.iter().map(|(_, target)| *target).collect();
        let mut analysis = Analysis::of_proofs();
        analysis.allow(WORK);
        let proven = analysis.implications(&targets).proven;
        let rule = |index: usize| group.get(index).map(|(rule, _)| *rule);
        let template = targets.first().map(|target| &target.template);
        let pairs = proven.into_iter().filter_map(|pair| Some((rule(pair.of)?, rule(pair.by)?)));
        let meet = |(of, by): &(usize, usize)| match (rules.get(*of), rules.get(*by), template) {
            (Some(of), Some(by), Some(template)) => gets_all(by, of, template),
            _ => false,
        };
        pairs.filter(meet).collect::<Vec<_>>()
    });
    // On how many of its template types each rule is covered by another one.
    let mut count: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (of, by) in implied.into_iter().flatten().filter(|(of, by)| of != by) {
        *count.entry((of, by)).or_default() += 1;
    }
    let everywhere = |of: usize, times: usize| rules.get(of).is_some_and(|rule| rule.targets.len() == times);
    count.into_iter().filter(|((of, _), times)| everywhere(*of, *times)).map(|(pair, _)| pair).collect()
}

/// Whether a rule gets every event of a template type that another one gets. Where nothing in an event tells which of the
/// log sources that the template type serves it is from, a rule on one of them has no events of the others.
fn gets_all(rule: &CheckedRule, other: &CheckedRule, template: &TemplateType) -> bool {
    let Some(own) = rule.logsource.as_ref().filter(|_| template.reads.is_empty()) else { return true };
    let is_asked = |served: &&LogSource| other.logsource.as_ref().is_none_or(|asked| served.serves(asked));
    template.serves.iter().filter(is_asked).all(|served| served.serves(own))
}

/// The findings, in the order of the rules.
pub(super) fn findings(rules: &[&CheckedRule], threads: usize, known: &Known<'_>) -> Vec<Diagnostic> {
    let covered = implied(rules, threads);
    let mut found = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let by: Vec<usize> = covered.range((index, 0)..=(index, usize::MAX)).map(|(_, by)| *by).collect();
        // Of two that mean the same the second is the one to look at.
        let twin = by.iter().find(|by| **by < index && covered.contains(&(**by, index)));
        if let Some(twin) = twin.and_then(|twin| rules.get(*twin)) {
            let told =
                known.has(&rule.source, &codes::DUPLICATE_RULE) || known.has(&twin.source, &codes::DUPLICATE_RULE);
            if !told {
                let message = format!("this rule fires on the same events as `{}`", clip(&twin.title));
                found.push(beside(
                    rule,
                    twin,
                    Diagnostic::new(&codes::EQUIVALENT_RULES, &rule.source, rule.span, message),
                ));
            }
            continue;
        }
        let mut wider =
            by.iter().filter(|by| !covered.contains(&(**by, index))).filter_map(|by| rules.get(*by)).filter(|wider| {
                // One that a sensor may not load takes nothing from this one there.
                wider.level >= rule.level && (wider.sensors.is_none() || wider.sensors == rule.sensors)
            });
        let Some(first) = wider.next() else { continue };
        let message = match wider.count() {
            0 => format!("`{}` fires on every event on which this rule does", clip(&first.title)),
            more => format!("`{}` and {more} more fire on every event on which this rule does", clip(&first.title)),
        };
        found.push(beside(rule, first, Diagnostic::new(&codes::SHADOWED_RULE, &rule.source, rule.span, message)));
    }
    found
}

fn beside(rule: &CheckedRule, other: &CheckedRule, finding: Diagnostic) -> Diagnostic {
    let finding = finding.with_rule(&rule.name);
    if other.source.is(&rule.source) {
        finding.with_place(other.span, "the other rule")
    } else {
        finding.with_related(&other.source, other.span, "the other rule")
    }
}
