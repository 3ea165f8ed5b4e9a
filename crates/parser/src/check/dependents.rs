//! Filters and correlations beside the rules that they are for: log sources that do not meet, fields that the events
//! lack, and correlations that need themselves.

use std::collections::HashMap;

use contentcheck_model::diagnostic::{Diagnostic, clip, closest, codes};
use contentcheck_model::outcome::{Dependent, DependentKind, Facts, FileOutcome, ReadField};
use contentcheck_model::rule::CheckedRule;

/// A document and the file that it is in.
#[derive(Clone, Copy)]
struct Document<'o> {
    file: &'o FileOutcome,
    dependent: &'o Dependent,
}

impl<'o> Document<'o> {
    fn facts(self) -> Option<&'o Facts> {
        self.file.facts.get(self.dependent.facts)
    }
}

/// What an id or a name stands for.
#[derive(Default)]
struct Named<'o> {
    facts: HashMap<String, &'o Facts>,
    rules: HashMap<String, &'o CheckedRule>,
}

/// Ids have no case, names do.
fn keys(id: Option<&str>, name: Option<&str>) -> impl Iterator<Item = String> {
    id.map(str::to_ascii_lowercase).into_iter().chain(name.map(str::to_owned))
}

impl<'o> Named<'o> {
    fn of(outcomes: &[&'o FileOutcome], rules: impl Iterator<Item = &'o CheckedRule>) -> Self {
        let mut named = Self::default();
        let text =
            |of: &'o Option<(String, contentcheck_model::source::Span)>| of.as_ref().map(|(text, _)| text.as_str());
        for facts in outcomes.iter().flat_map(|outcome| &outcome.facts) {
            for key in keys(text(&facts.id), text(&facts.name)) {
                named.facts.entry(key).or_insert(facts);
            }
        }
        for rule in rules {
            for key in keys(rule.id.as_deref(), Some(&rule.name)) {
                named.rules.entry(key).or_insert(rule);
            }
        }
        // A rule has its id for a name where it has both; correlations may use the name.
        let by_name: Vec<(String, &CheckedRule)> = named
            .facts
            .iter()
            .filter(|(key, _)| !named.rules.contains_key(*key))
            .filter_map(|(key, facts)| {
                let rule = named.rules.get(&text(&facts.id)?.to_ascii_lowercase())?;
                Some((key.clone(), *rule))
            })
            .collect();
        named.rules.extend(by_name);
        named
    }

    fn facts(&self, rule: &str) -> Option<&'o Facts> {
        self.facts.get(rule).or_else(|| self.facts.get(&rule.to_ascii_lowercase())).copied()
    }

    fn rule(&self, rule: &str) -> Option<&'o CheckedRule> {
        self.rules.get(rule).or_else(|| self.rules.get(&rule.to_ascii_lowercase())).copied()
    }
}

/// Adds what there is to report of each document, in the order of the files.
pub(crate) fn check<'o>(
    outcomes: &[&'o FileOutcome],
    rules: impl Iterator<Item = &'o CheckedRule>,
    found: &mut Vec<Diagnostic>,
) {
    let named = Named::of(outcomes, rules);
    let documents: Vec<Document<'o>> =
        outcomes.iter().flat_map(|file| file.documents.iter().map(|dependent| Document { file, dependent })).collect();
    for document in &documents {
        match document.dependent.kind {
            DependentKind::Filter => elsewhere(*document, &named, found),
            DependentKind::Correlation => fields(*document, &named, found),
        }
    }
    circles(&documents, found);
}

/// Rules that a filter names and whose log source is not its own.
fn elsewhere(document: Document<'_>, named: &Named<'_>, found: &mut Vec<Diagnostic>) {
    let Some(own) = document.facts().and_then(|facts| facts.logsource.as_ref()) else { return };
    for reference in document.dependent.rules.named() {
        let Some(rule) = named.facts(&reference.rule) else { continue };
        let Some(theirs) = rule.logsource.as_ref().filter(|theirs| !theirs.serves(own)) else { continue };
        let message = format!("the filter is for `{own}`, and the rule `{}` is for `{theirs}`", clip(&reference.rule));
        let finding = Diagnostic::new(&codes::FILTER_ELSEWHERE, &document.file.source, reference.span, message);
        found
            .push(finding.with_help("write the log source of the rule, or a wider one; as it is, nothing is filtered"));
    }
}

/// Fields that a correlation reads and that no event of a rule has.
fn fields(document: Document<'_>, named: &Named<'_>, found: &mut Vec<Diagnostic>) {
    let references = document.dependent.rules.named();
    for ReadField { name, span, rule } in &document.dependent.fields {
        let asked = references.iter().filter(|reference| rule.as_ref().is_none_or(|rule| *rule == reference.rule));
        for reference in asked {
            let Some(rule) = named.rule(&reference.rule).filter(|rule| !rule.targets.is_empty()) else { continue };
            let mut templates = rule.targets.iter().map(|target| &*target.template);
            if templates.clone().any(|template| template.open || template.names().any(|known| known == name)) {
                continue;
            }
            let message = format!("the events of the rule `{}` have no field `{}`", clip(&rule.title), clip(name));
            let finding = Diagnostic::new(&codes::UNKNOWN_FIELD, &document.file.source, *span, message);
            let near = templates.next().and_then(|template| closest(name, template.names()));
            found.push(match near {
                Some(near) => finding.with_help(format!("did you mean `{near}`?")),
                None => finding.with_help("name a field that the events of each rule have, or give it under `aliases`"),
            });
            break;
        }
    }
}

/// Correlations that refer to themselves, directly or by others: those that are left when all that refer to rules
/// alone, or to others that do, are taken away.
fn circles(documents: &[Document<'_>], found: &mut Vec<Diagnostic>) {
    let mut at: HashMap<String, usize> = HashMap::new();
    for (index, document) in documents.iter().enumerate() {
        let Some(facts) = document.facts().filter(|_| document.dependent.kind == DependentKind::Correlation) else {
            continue;
        };
        let text = |of: &Option<(String, contentcheck_model::source::Span)>| of.as_ref().map(|(text, _)| text.clone());
        for key in keys(text(&facts.id).as_deref(), text(&facts.name).as_deref()) {
            at.entry(key).or_insert(index);
        }
    }
    let target = |rule: &str| at.get(rule).or_else(|| at.get(&rule.to_ascii_lowercase())).copied();
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); documents.len()];
    let mut needs: Vec<usize> = vec![0; documents.len()];
    for (index, document) in documents.iter().enumerate() {
        for used in document.dependent.rules.named().iter().filter_map(|reference| target(&reference.rule)) {
            if let (Some(users), Some(needs)) = (users.get_mut(used), needs.get_mut(index)) {
                users.push(index);
                *needs += 1;
            }
        }
    }
    let mut free: Vec<usize> =
        needs.iter().enumerate().filter(|(_, needs)| **needs == 0).map(|(index, _)| index).collect();
    while let Some(index) = free.pop() {
        for user in users.get(index).into_iter().flatten() {
            if let Some(needs) = needs.get_mut(*user) {
                *needs -= 1;
                if *needs == 0 {
                    free.push(*user);
                }
            }
        }
    }
    for (document, _) in documents.iter().zip(&needs).filter(|(_, needs)| **needs > 0) {
        let is_left = |rule: &str| target(rule).and_then(|index| needs.get(index)).is_some_and(|needs| *needs > 0);
        let Some(reference) = document.dependent.rules.named().iter().find(|reference| is_left(&reference.rule)) else {
            continue;
        };
        let message = format!("`{}` needs a match of a correlation that needs itself", clip(&reference.rule));
        let finding = Diagnostic::new(&codes::INVALID_ATTRIBUTE, &document.file.source, reference.span, message);
        found.push(finding.with_help("name the rules whose matches are correlated; as it is, it never fires"));
    }
}
