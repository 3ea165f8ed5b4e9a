//! Rules that template types take from where they found something: what template types serve and read decides on which of them a Sigma rule
//! is, and rules may change at the same time.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use contentcheck_analysis::Witness;
use contentcheck_model::diagnostic::{clip, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::rule::{CheckedRule, Identity, Target};
use contentcheck_model::template::TemplateType;

use super::meaning::on;
use crate::evidence::Finding;
use crate::subject::Built;

/// Sigma rules by their identity, on other template types than those of their release.
type Placed = BTreeMap<Identity, Arc<CheckedRule>>;

/// The Sigma rules of each of two releases on the template types of the other one, once somebody asks: what they would be on if nothing else had changed.
pub(super) struct Crossed<'r> {
    built: &'r Built,
    previous: &'r Built,
    threads: usize,
    /// The rules as they are, on the template types as they were.
    new_on_old: OnceCell<Placed>,
    /// The rules as they were, on the template types as they are.
    old_on_new: OnceCell<Placed>,
}

impl<'r> Crossed<'r> {
    pub(super) const fn new(built: &'r Built, previous: &'r Built, threads: usize) -> Self {
        Self { built, previous, threads, new_on_old: OnceCell::new(), old_on_new: OnceCell::new() }
    }

    /// What a rule of both releases asked for on a template type that template types took from it; nothing where the rule left it by itself. A rule that
    /// means nothing on the template types as they were, such as one that reads a field they lack, is taken as it was.
    pub(super) fn taken(&self, (old, new): (&CheckedRule, &CheckedRule), before: &Target) -> Option<Target> {
        // A native rule names its template type.
        new.logsource.as_ref()?;
        let name = &before.template.name;
        if let Some(rule) = self.as_it_is(new) {
            return Some(both(before, rule.on(name)?));
        }
        let old_on_new = self.old_on_new.get_or_init(|| self.placed(self.previous, self.built));
        let stays = old_on_new.get(&Identity::of(old)).is_some_and(|rule| rule.on(name).is_some());
        (!stays).then(|| before.clone())
    }

    /// What a rule asked for on a template type as it was, and still asks for there, as far as that can be told.
    pub(super) fn still_asked(&self, new: &CheckedRule, before: &Target) -> Target {
        let name = &before.template.name;
        match self.as_it_is(new) {
            Some(rule) => {
                rule.on(name).map_or_else(|| before.with_condition(Expr::Const(false)), |now| both(before, now))
            }
            None => before.clone(),
        }
    }

    /// A Sigma rule as it is, on the template types as they were; nothing where it means nothing there.
    fn as_it_is(&self, rule: &CheckedRule) -> Option<&CheckedRule> {
        let new_on_old = self.new_on_old.get_or_init(|| self.placed(self.built, self.previous));
        new_on_old.get(&Identity::of(rule)).map(|rule| &**rule)
    }

    fn placed(&self, rules: &Built, on: &Built) -> Placed {
        let rules = rules.judged().checked().sigma_rules_on(on.content().catalogue(), self.threads);
        rules.into_iter().map(|rule| (Identity::of(&rule), rule)).collect()
    }
}

/// What two conditions on a template type ask for together.
fn both(one: &Target, other: &Target) -> Target {
    one.with_condition(Expr::All(vec![one.condition.clone(), other.condition.clone()]))
}

/// A rule that template types took from one on which it found something, and an event that it found there.
pub(super) struct Displaced<'r> {
    pub(super) rule: &'r CheckedRule,
    pub(super) template: &'r TemplateType,
    pub(super) event: Witness,
    /// The sensor that no longer shows it to the rule, where that is not so of the event as it is recorded.
    pub(super) on: Option<String>,
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
        let sensor = first.on.as_ref().map_or_else(String::new, |of| {
            let find = if they == "it" { "finds" } else { "find" };
            format!(", and on {of} {they} {find} such events nowhere else")
        });
        let message = format!(
            "`{title}` {others} no longer on {template}; with the template types of the previous release {they} would be{sensor}"
        );
        let help = "let it serve the log sources that it did, and read what it did; where the rules are meant to leave it: --allow-shrink, for this one release";
        let finding = Finding::new(&codes::TEMPLATE_CHANGED, message).of_rule(first.rule).with_detail(on(first.template));
        Some(finding.with_help(help).with_event(first.template, &first.event, Some(true)))
    });
    told.collect()
}
