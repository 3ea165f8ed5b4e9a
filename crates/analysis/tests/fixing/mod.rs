//! All fixes of a file, applied, and the rules before and after held against each other. The tests on public rules
//! include this file too.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use contentcheck_analysis::{Analysis, Relation, Witness};
use contentcheck_model::diagnostic::Diagnostic;
use contentcheck_model::language::Language;
use contentcheck_model::rule::{CheckedRule, Target};
use contentcheck_model::source::Source;
use contentcheck_model::template::TemplateType;
use contentcheck_parser::check::suppress::comments;
use contentcheck_parser::release::{Checking, Finding, Gathered, apply_fixes};

/// The template types that ship.
pub(crate) type Library = Arc<[Arc<TemplateType>]>;

fn gathered(source: &Source, language: Language, library: &Library) -> Gathered {
    Gathered { library: Arc::clone(library), ..Gathered::of(vec![(source.clone(), language)]) }
}

fn checked(source: &Source, language: Language, library: &Library) -> (Vec<Arc<CheckedRule>>, Vec<Finding>) {
    let judged = gathered(source, language, library).check(&Checking::default()).judge();
    (judged.checked().rules().to_vec(), judged.findings().to_vec())
}

fn notes(source: &Source, language: Language) -> Vec<String> {
    comments(source, language).into_iter().map(|span| source.slice(span).to_owned()).collect()
}

/// What fixes did to one file.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) fixed: BTreeMap<String, usize>,
    pub(crate) compared: usize,
    pub(crate) proven: usize,
}

/// Applies every fix of a file, again and again until none is left, and compares the rules.
pub(crate) fn fix_all(text: &str, language: Language, library: &Library, done: &mut Done) -> Result<(), String> {
    let mut source = Source::new("x", text);
    let (before, mut found) = checked(&source, language, library);
    let kept = notes(&source, language);
    for round in 0.. {
        let fixes: Vec<&Diagnostic> = found.iter().map(|found| &**found).filter(|found| found.fix.is_some()).collect();
        if fixes.is_empty() {
            break;
        }
        if round > 20 {
            return Err(format!("fixes without end\n{}", source.text()));
        }
        for fix in fixes.iter().filter_map(|found| found.fix.as_ref()) {
            *done.fixed.entry(format!("{:?}", fix.kind)).or_default() += 1;
        }
        let applied = apply_fixes(&gathered(&source, language, library), &found);
        let Some(fixed) = applied.first() else { break };
        source = Source::new("x", fixed.text.clone());
        found = checked(&source, language, library).1;
    }
    if source.text() == text {
        return Ok(());
    }
    let told = format!("\n--- before\n{text}\n--- after\n{}", source.text());
    let left = notes(&source, language);
    if kept != left {
        return Err(format!("comments {kept:?} became {left:?}{told}"));
    }
    let after: HashMap<String, Arc<CheckedRule>> =
        checked(&source, language, library).0.into_iter().map(|rule| (rule.name.clone(), rule)).collect();
    let confirm = |_: &Target, _: &Witness| Some(true);
    let mut analysis = Analysis::new(&confirm);
    for old in &before {
        let Some(new) = after.get(&old.name) else { return Err(format!("the rule {} is gone{told}", old.name)) };
        // A level in the wrong case is an error, and the rule has none until it is fixed.
        let level = old.level.is_none() || old.level == new.level;
        if old.targets.len() != new.targets.len() || !level || old.sensors != new.sensors {
            return Err(format!("targets, level or sensors of {} differ{told}", old.name));
        }
        for (one, other) in old.targets.iter().zip(&new.targets) {
            done.compared += 1;
            if one.template.to_string() == other.template.to_string() && spelled(one) == spelled(other) {
                continue;
            }
            match analysis.equivalent(one, other) {
                Relation::Equal => done.proven += 1,
                relation => return Err(format!("{}: {relation:?}{told}", old.name)),
            }
        }
    }
    Ok(())
}

/// The condition without the places of its predicates.
fn spelled(target: &Target) -> String {
    let mut out = String::new();
    target.condition.each(&mut |predicate, negated| {
        out.push_str(&format!("{negated} {:?} {:?}\n", predicate.field, predicate.test));
    });
    let shape = format!("{:?}", target.condition);
    let spans = regex::Regex::new(r"Span \{[^}]*\}").unwrap();
    out + &spans.replace_all(&shape, "")
}
