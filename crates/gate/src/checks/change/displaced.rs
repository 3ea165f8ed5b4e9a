//! Rules that template types take from where they found something: what template types serve and read decides on which of them a Sigma rule
//! is, and rules may change at the same time.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use contentcheck_analysis::Witness;
use contentcheck_model::diagnostic::{clip, codes};
use contentcheck_model::rule::{CheckedRule, Identity};
use contentcheck_model::template::TemplateType;

use super::meaning::on;
use crate::evidence::Finding;
use crate::run::Subject;
use crate::subject::Built;

/// The Sigma rules of a release on the template types of the previous one, once somebody asks: what they would be on if nothing but the rules had changed.
pub(super) struct OnFormer<'r> {
    built: &'r Built,
    previous: &'r Built,
    threads: usize,
    rules: OnceCell<BTreeMap<Identity, Arc<CheckedRule>>>,
}

impl<'r> OnFormer<'r> {
    pub(super) const fn new(run: &Subject<'r>, previous: &'r Built) -> Self {
        Self { built: run.built, previous, threads: run.settings.threads, rules: OnceCell::new() }
    }

    /// Whether a rule of the release would be on a template type.
    pub(super) fn is_on(&self, rule: &CheckedRule, template: &str) -> bool {
        let rules = self.rules.get_or_init(|| {
            let catalogue = self.previous.content().catalogue();
            let rules = self.built.judged().checked().sigma_rules_on(catalogue, self.threads);
            rules.into_iter().map(|rule| (Identity::of(&rule), rule)).collect()
        });
        rules.get(&Identity::of(rule)).is_some_and(|rule| rule.on(template).is_some())
    }
}

/// A rule that template types took from one on which it found something, and an event that it found there.
pub(super) struct Displaced<'r> {
    pub(super) rule: &'r CheckedRule,
    pub(super) template: &'r TemplateType,
    pub(super) event: Witness,
}

/// Rules that template types took from where they found something, by the template type.
pub(super) fn findings(all: &[Displaced<'_>]) -> Vec<Finding> {
    let mut by_template: BTreeMap<String, Vec<&Displaced<'_>>> = BTreeMap::new();
    for one in all {
        by_template.entry(one.template.to_string()).or_default().push(one);
    }
    let told = by_template.into_iter().filter_map(|(template, rules)| {
        let first = rules.first()?;
        let (others, they) = match rules.len() - 1 {
            0 => ("is".to_owned(), "it"),
            1 => ("and 1 other rule are".to_owned(), "they"),
            more => (format!("and {more} other rules are"), "they"),
        };
        let title = clip(&first.rule.title);
        let message = format!(
            "`{title}` {others} no longer on {template}; with the template types of the previous release {they} would be"
        );
        let help = "let it serve the log sources that it did, and read what it did; where the rules are meant to leave it: --allow-shrink, for this one release";
        let finding = Finding::new(&codes::TEMPLATE_CHANGED, message).of_rule(first.rule).with_detail(on(first.template));
        Some(finding.with_help(help).with_event(first.template, &first.event, Some(true)))
    });
    told.collect()
}
