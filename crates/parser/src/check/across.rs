//! What can only be seen across files: ids, names and logic that occur twice, and
//! references that lead nowhere.

use std::collections::{HashMap, HashSet};

use super::dependents;
use contentcheck_model::diagnostic::{Diagnostic, clip, closest, codes};
use contentcheck_model::outcome::{Facts, FileOutcome};
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::source::{Source, Span};

/// Reports what the files have in common and should not, in the order of the files.
pub(crate) fn check<'r>(
    outcomes: &[&'r FileOutcome],
    rules: impl Iterator<Item = &'r CheckedRule> + Clone,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut ids: HashMap<String, (&Source, Span)> = HashMap::new();
    let mut names: HashMap<&str, (&Source, Span)> = HashMap::new();
    let mut titles: HashMap<&str, (&Source, Span)> = HashMap::new();
    let read: HashSet<(&str, Span)> = rules.clone().map(|rule| (rule.source.name(), rule.extent)).collect();
    let mut logic: HashMap<u64, (&Source, &Facts)> = HashMap::new();
    for (source, facts) in
        outcomes.iter().flat_map(|outcome| outcome.facts.iter().map(|facts| (&outcome.source, facts)))
    {
        if let Some((id, span)) = &facts.id
            && let Some(first) = ids.insert(id.to_ascii_lowercase(), (source, *span))
        {
            ids.insert(id.to_ascii_lowercase(), first);
            let message = format!("the id `{}` belongs to another rule", clip(id));
            let help = "give this rule an id of its own; a released id is never used again";
            found.push(elsewhere(
                Diagnostic::new(&codes::DUPLICATE_ID, source, *span, message).with_help(help),
                first,
                "first used here",
            ));
        }
        if let Some((name, span)) = &facts.name
            && let Some(first) = names.insert(name, (source, *span))
        {
            names.insert(name, first);
            let message = format!("the name `{}` belongs to another rule", clip(name));
            found.push(elsewhere(
                Diagnostic::new(&codes::DUPLICATE_NAME, source, *span, message).with_help("rename one of them"),
                first,
                "first used here",
            ));
        }
        if let Some(title) = facts.title.as_deref().filter(|title| !title.trim().is_empty())
            && let Some(first) = titles.insert(title, (source, facts.span))
        {
            titles.insert(title, first);
            // Documents that take their title from one global document share its place too.
            if !(first.0.is(source) && first.1 == facts.span) {
                let message = format!("another rule has the title `{}`", clip(title));
                let again = Diagnostic::new(&codes::DUPLICATE_TITLE, source, facts.span, message)
                    .with_help("say in each title what sets the rule apart");
                found.push(elsewhere(again, first, "first used here"));
            }
        }
        // Of what could not be read nobody knows what it detects.
        let is_read = !facts.is_rule || read.contains(&(source.name(), facts.extent));
        if let Some(number) = facts.logic.filter(|_| is_read)
            && let Some((other, first)) = logic.insert(number, (source, facts))
        {
            logic.insert(number, (other, first));
            let message = "this rule detects the same as another one";
            let help = "remove one of them, or make them differ";
            found.push(elsewhere(
                Diagnostic::new(&codes::DUPLICATE_RULE, source, facts.span, message).with_help(help),
                (other, first.span),
                "the other rule",
            ));
        }
    }
    found.extend(known_alike(rules.clone()));
    for outcome in outcomes {
        for reference in outcome.documents.iter().flat_map(|document| document.rules.named()) {
            let rule = reference.rule.as_str();
            if ids.contains_key(&rule.to_ascii_lowercase()) || names.contains_key(rule) {
                continue;
            }
            let message = format!("no rule of this content has the id or name `{}`", clip(rule));
            let diagnostic = Diagnostic::new(&codes::UNKNOWN_RULE_REFERENCE, &outcome.source, reference.span, message);
            found.push(match closest(rule, names.keys().copied()) {
                Some(near) => diagnostic.with_help(format!("did you mean `{near}`?")),
                None => diagnostic.with_help("lint the directories that belong together in one run"),
            });
        }
    }
    if outcomes.iter().any(|outcome| !outcome.documents.is_empty()) {
        dependents::check(outcomes, rules, &mut found);
    }
    found
}

/// Rules without an id that are known by what another one is known by too. Of two ids that are the same there is a finding above.
fn known_alike<'r>(rules: impl Iterator<Item = &'r CheckedRule>) -> Vec<Diagnostic> {
    let mut known: HashMap<String, &CheckedRule> = HashMap::new();
    let mut found = Vec::new();
    for rule in rules {
        let first = *known.entry(rule.key().to_ascii_lowercase()).or_insert(rule);
        let is_same = first.source.is(&rule.source) && first.extent == rule.extent;
        if is_same || (first.id.is_some() && rule.id.is_some()) {
            continue;
        }
        let message = if rule.key().is_empty() {
            "neither this rule nor another one has an id, a name or a title: nothing tells them apart".to_owned()
        } else {
            let known = clip(rule.key());
            format!("two rules are known by `{known}`: without an id a rule is known by its name, else by its title")
        };
        let again = Diagnostic::new(&codes::DUPLICATE_ID, &rule.source, rule.span, message)
            .with_help("give each rule an id of its own, such as a new UUID");
        found.push(elsewhere(again, (&first.source, first.span), "the other rule"));
    }
    found
}

fn elsewhere(diagnostic: Diagnostic, (source, span): (&Source, Span), text: &str) -> Diagnostic {
    if source.is(&diagnostic.source) {
        diagnostic.with_place(span, text)
    } else {
        diagnostic.with_related(source, span, text)
    }
}
