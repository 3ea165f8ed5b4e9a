//! What is known of each rule before any check ran, and how reports name it.

use contentcheck_interpreter::Image;
use contentcheck_interpreter::format::{Program, Section};
use contentcheck_model::diagnostic::clip;
use contentcheck_model::rule::{CheckedRule, Level};
use contentcheck_model::source::{Source, Span};

use crate::evidence::{Place, RuleFacts};

/// `1 rule`, `2 rules`.
pub(crate) fn plural(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// So many matches.
pub(crate) fn matches(count: u64) -> String {
    if count == 1 { "1 match".to_owned() } else { format!("{count} matches") }
}

/// A place in a file.
#[must_use]
pub(crate) fn place(source: &Source, span: Span) -> Place {
    let position = source.position(span.start);
    Place {
        file: source.name().to_owned(),
        line: u32::try_from(position.line).unwrap_or(u32::MAX),
        column: u32::try_from(position.column).unwrap_or(u32::MAX),
    }
}

/// What a rule says of itself.
pub(crate) fn of_rule(rule: &CheckedRule) -> RuleFacts {
    let mut predicates = 0;
    for target in &rule.targets {
        target.condition.each(&mut |_, _| predicates += 1);
    }
    RuleFacts {
        rule: rule.key().to_owned(),
        title: rule.title.clone(),
        level: rule.level.and_then(|level: Level| Level::WORDS.get(level as usize)).map(|word| (*word).to_owned()),
        place: place(&rule.source, rule.span),
        templates: rule.targets.iter().map(|target| target.template.to_string()).collect(),
        predicates,
        covered: 0,
        redundant: 0,
        undecided: 0,
        fires: false,
        sensors: None,
        tests: rule.tests.len() as u64,
        instructions: 0,
        steps: 0,
        steps_per_unit: 0,
        matches: None,
        matches_before: None,
        ceiling: None,
    }
}

/// Steps for each byte of an event that evaluating an image can cost, on the template type that costs most.
pub(crate) fn steps_a_byte(bytes: &[u8]) -> u64 {
    let Ok(image) = Image::read(bytes) else { return 0 };
    (0..image.template_count()).map(|number| image.cost(number).per_unit).max().unwrap_or(0)
}

/// The rules that cost most, by title, with what each can cost alone.
pub(crate) fn dearest(bytes: &[u8], rules: &[&CheckedRule]) -> String {
    /// The most that are named.
    const NAMED: usize = 3;
    let mut facts: Vec<RuleFacts> = rules.iter().map(|rule| of_rule(rule)).collect();
    sizes(bytes, &mut facts);
    let mut order: Vec<&RuleFacts> = facts.iter().filter(|of| of.steps_per_unit > 0).collect();
    order.sort_by_key(|of| std::cmp::Reverse(of.steps_per_unit));
    let named = order.iter().take(NAMED);
    let named: Vec<String> = named.map(|of| format!("`{}` {}", clip(&of.title), of.steps_per_unit)).collect();
    named.join(", ")
}

/// What the programs of each rule cost, of an image whose rules are in the same order.
pub(crate) fn sizes(bytes: &[u8], facts: &mut [RuleFacts]) {
    let Ok(image) = Image::read(bytes) else { return };
    let programs = image.section_bytes(Section::Programs).as_chunks::<{ Program::SIZE }>().0;
    for template in (0..image.template_count()).filter_map(|number| image.template(number)) {
        for number in 0..template.program_count {
            let at = template.programs.saturating_add(number) as usize;
            let Some(program) = programs.get(at).map(Program::decode) else { break };
            let Some(fact) = facts.get_mut(program.rule as usize) else { continue };
            let cost = image.program_cost(&template, number, true);
            fact.instructions += u64::from(program.code_len);
            fact.steps = fact.steps.saturating_add(cost.fixed);
            fact.steps_per_unit = fact.steps_per_unit.saturating_add(cost.per_unit);
        }
    }
}
