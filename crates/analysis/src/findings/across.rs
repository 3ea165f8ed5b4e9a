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

/// Steps for all pairs of rules: divided among the template types by their targets, and half of it among those with most pairs.
const WORK: u64 = 2_000_000_000;

/// What is known of rules that fire on all events of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Implied {
    /// The pairs of rules of which the second fires on every event on which the first does, by their places. Both are there
    /// of two that mean the same.
    pub pairs: BTreeSet<(usize, usize)>,
    /// Pairs of rules on a template type that were not looked at: the work that all may take was done, or there are too many.
    pub unasked: u64,
}

/// The pairs of rules of which the second fires on every event on which the first does.
#[must_use]
pub fn implied(rules: &[&CheckedRule], threads: usize) -> Implied {
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
    let pairs = |group: &Vec<(usize, &Target)>| (group.len() as u64).saturating_mul(group.len() as u64 - 1);
    let (groups, large): (Vec<Vec<(usize, &Target)>>, Vec<_>) =
        groups.into_values().filter(|group| group.len() > 1).partition(|group| group.len() <= RULES);
    let mut unasked: u64 = large.iter().map(pairs).sum();
    let share = |part: u64, whole: u64| (u128::from(WORK / 2) * u128::from(part) / u128::from(whole.max(1))) as u64;
    let (all_targets, all_pairs) =
        (groups.iter().map(|group| group.len() as u64).sum(), groups.iter().map(pairs).sum());
    let implied = parallel::map(&groups, threads, |group| {
        let targets: Vec<&Target> = group.iter().map(|(_, target)| *target).collect();
        let mut analysis = Analysis::of_proofs();
        analysis.allow(share(targets.len() as u64, all_targets).saturating_add(share(pairs(group), all_pairs)));
        let found = analysis.implications(&targets);
        let (proven, unasked) = (found.proven, found.unasked as u64);
        let rule = |index: usize| group.get(index).map(|(rule, _)| *rule);
        let template = targets.first().map(|target| &target.template);
        let proven = proven.into_iter().filter_map(|pair| Some((rule(pair.of)?, rule(pair.by)?)));
        let meet = |(of, by): &(usize, usize)| match (rules.get(*of), rules.get(*by), template) {
            (Some(of), Some(by), Some(template)) => gets_all(by, of, template),
            _ => false,
        };
        (proven.filter(meet).collect::<Vec<_>>(), unasked)
    });
    unasked = implied.iter().map(|(_, unasked)| *unasked).fold(unasked, u64::saturating_add);
    // On how many of its template types each rule is covered by another one.
    let mut count: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (of, by) in implied.into_iter().flat_map(|(pairs, _)| pairs).filter(|(of, by)| of != by) {
        *count.entry((of, by)).or_default() += 1;
    }
    let everywhere = |of: usize, times: usize| rules.get(of).is_some_and(|rule| rule.targets.len() == times);
    let pairs = count.into_iter().filter(|((of, _), times)| everywhere(*of, *times)).map(|(pair, _)| pair).collect();
    Implied { pairs, unasked }
}

/// Whether a rule gets every event of a template type that another one gets. Where nothing in an event tells which of the
/// log sources that the template type serves it is from, a rule on one of them has no events of the others.
fn gets_all(rule: &CheckedRule, other: &CheckedRule, template: &TemplateType) -> bool {
    let Some(own) = rule.logsource.as_ref().filter(|_| template.reads.is_empty()) else { return true };
    let is_asked = |served: &&LogSource| other.logsource.as_ref().is_none_or(|asked| served.serves(asked));
    template.serves.iter().filter(is_asked).all(|served| served.serves(own))
}

/// The findings, in the order of the rules, and how many pairs were not looked at.
pub(super) fn findings(rules: &[&CheckedRule], threads: usize, known: &Known<'_>) -> (Vec<Diagnostic>, u64) {
    let Implied { pairs: covered, unasked } = implied(rules, threads);
    let mut found = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let by: Vec<usize> = covered.range((index, 0)..=(index, usize::MAX)).map(|(_, by)| *by).collect();
        // Of two that mean the same the second is the one to look at.
        let twin = by.iter().find(|by| **by < index && covered.contains(&(**by, index)));
        if let Some(twin) = twin.and_then(|twin| rules.get(*twin)) {
            let told = known.has(rule, &codes::DUPLICATE_RULE) || known.has(twin, &codes::DUPLICATE_RULE);
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
    (found, unasked)
}

fn beside(rule: &CheckedRule, other: &CheckedRule, finding: Diagnostic) -> Diagnostic {
    let finding = finding.with_rule(&rule.name);
    if other.source.is(&rule.source) {
        finding.with_place(other.span, "the other rule")
    } else {
        finding.with_related(&other.source, other.span, "the other rule")
    }
}
