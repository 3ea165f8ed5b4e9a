//! Rules that alone cost much of what an event of their template type can cost.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use contentcheck_interpreter::Image;
use contentcheck_model::diagnostic::{Diagnostic, codes};
use contentcheck_model::rule::{CheckedRule, Target};
use contentcheck_model::template::TemplateType;

use crate::dear::guess;
use crate::image_on;

/// On a template type with fewer rules each is much of it.
const RULES: usize = 10;
/// Steps a byte that nobody minds.
const LITTLE: u64 = 64;
/// Rules that are looked at more closely: those that are dearest by a guess.
const LOOKED_AT: usize = 8;
/// Work on regular expressions for all of them together, some hundredths of a second. On a template type whose expressions
/// take more, nothing is said.
const WORK: usize = 24 << 20;
/// A keyword is looked for in every value, one of a field in that field.
const VALUES: u64 = 16;

/// A rule that is dear by a guess on a template type that it is on.
struct Suspect<'r> {
    guess: u64,
    rule: &'r CheckedRule,
    template: &'r TemplateType,
    all: Vec<&'r CheckedRule>,
}

pub(crate) fn costly(rules: &[&CheckedRule]) -> Vec<Diagnostic> {
    let mut suspects: Vec<Suspect<'_>> = suspects(rules);
    suspects.sort_by_key(|suspect| (Reverse(suspect.guess), suspect.rule.name.clone(), suspect.template.name.clone()));
    // Of each rule the template type where it is dearest.
    let mut seen = BTreeSet::new();
    suspects.retain(|suspect| seen.insert(std::ptr::from_ref(suspect.rule)));
    suspects.truncate(LOOKED_AT);
    let mut costs = Costs { work: WORK, of_all: BTreeMap::new() };
    suspects.iter().filter_map(|suspect| told(suspect, &mut costs)).collect()
}

/// What rules on a template type cost together.
struct Costs<'r> {
    work: usize,
    /// Of all rules on a template type, which several of them may be suspected on.
    of_all: BTreeMap<(&'r str, u32), Option<u64>>,
}

impl<'r> Costs<'r> {
    fn of(&mut self, template: &TemplateType, rules: &[&CheckedRule]) -> Option<u64> {
        // Without work left regular expressions would cost more than they do in the image that ships. What cannot be
        // compiled has its own word.
        let is_left = |work: usize| (work > 0).then_some(());
        is_left(self.work)?;
        let bytes = image_on(template, rules, &mut self.work).ok()?;
        is_left(self.work)?;
        let image = Image::read(&bytes).ok()?;
        (0..image.template_count()).map(|number| image.cost(number).per_unit).max()
    }

    fn of_all(&mut self, suspect: &Suspect<'r>) -> Option<u64> {
        let key = (suspect.template.name.as_str(), suspect.template.version);
        if let Some(known) = self.of_all.get(&key) {
            return *known;
        }
        let cost = self.of(suspect.template, &suspect.all);
        self.of_all.insert(key, cost);
        cost
    }
}

/// A rule, where it is on a template type, and what it costs there by a guess.
type Guessed<'r> = (&'r CheckedRule, &'r Target, u64);

fn suspects<'r>(rules: &[&'r CheckedRule]) -> Vec<Suspect<'r>> {
    let mut on: BTreeMap<(&str, u32), Vec<Guessed<'r>>> = BTreeMap::new();
    for rule in rules {
        for target in &rule.targets {
            let mut sum = 0_u64;
            target.condition.each(&mut |predicate, _| {
                let values = if predicate.field.is_any() { VALUES } else { 1 };
                sum = sum.saturating_add(guess(&predicate.test).saturating_mul(values));
            });
            on.entry((&target.template.name, target.template.version)).or_default().push((rule, target, sum));
        }
    }
    let mut suspects = Vec::new();
    for members in on.into_values().filter(|members| members.len() >= RULES) {
        let total = members.iter().fold(0_u64, |sum, (_, _, guess)| sum.saturating_add(*guess));
        for (rule, target, guess) in &members {
            if guess.saturating_mul(10) > total && *guess > LITTLE {
                let all = members.iter().map(|(rule, ..)| *rule).collect();
                suspects.push(Suspect { guess: *guess, rule, template: &target.template, all });
            }
        }
    }
    suspects
}

/// What the rule adds to what an event can cost, where that is much.
fn told<'r>(suspect: &Suspect<'r>, costs: &mut Costs<'r>) -> Option<Diagnostic> {
    let Suspect { rule, template, all, .. } = suspect;
    let with = costs.of_all(suspect)?;
    let others: Vec<&CheckedRule> = all.iter().copied().filter(|other| !std::ptr::eq(*other, *rule)).collect();
    let without = costs.of(template, &others)?;
    let own = with.saturating_sub(without);
    if own.saturating_mul(10) <= with || own < LITTLE {
        return None;
    }
    let percent = own.saturating_mul(100) / with;
    let message = format!(
        "of what an event of `{template}` can cost, the rule alone takes {percent} %: {own} of {with} steps for each byte, with {} other rules",
        others.len()
    );
    Some(
        Diagnostic::new(&codes::COSTLY_RULE, &rule.source, rule.span, message)
            .with_help("name the field that the values are in, and a category or an event id instead of a whole product; look for what is the same in all values once")
            .with_rule(&rule.name),
    )
}
