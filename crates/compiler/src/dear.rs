//! Rules that alone cost more than sensors take, told before there is an image of all of them.

use contentcheck_interpreter::format::Program;
use contentcheck_interpreter::{Capacity, Cost, Image, RuleInfo};
use contentcheck_model::diagnostic::{Build, Code, Detail, Diagnostic, Room, codes};
use contentcheck_model::limits;
use contentcheck_model::predicate::{Pattern, Test};
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::sensor::{Fleet, Sensor};
use contentcheck_parser::release::Further;

use crate::{Options, image_of, share};

/// Steps a byte, by a rough guess, from which on a rule is compiled to see what it costs: far below what any sensor takes.
const GUESS: u64 = 8_192;

/// What else is looked for, and rules that alone cost more than the sensors of a fleet take; without a fleet, than a sensor
/// takes that states no capacity.
#[derive(Clone, Copy)]
pub struct WithCost<'a> {
    /// What else is looked for.
    pub further: &'a dyn Further,
    /// The fleet.
    pub fleet: Option<&'a Fleet>,
}

impl Further for WithCost<'_> {
    fn codes(&self) -> &'static [&'static Code] {
        self.further.codes()
    }

    fn of_rules(&self, rules: &[&CheckedRule], known: &[&Diagnostic], threads: usize) -> Vec<Diagnostic> {
        let mut found = self.further.of_rules(rules, known, threads);
        // As much work as all of them may take in one image, in the same order.
        let mut work = limits::RELEASE_REGEX_WORK;
        found.extend(rules.iter().filter(|rule| may_be_dear(rule)).filter_map(|rule| self.over(rule, &mut work)));
        found
    }

    fn across(&self, rules: &[&CheckedRule], known: &[&Diagnostic], threads: usize) -> Vec<Diagnostic> {
        let mut found = self.further.across(rules, known, threads);
        found.extend(share::costly(rules));
        found
    }
}

impl WithCost<'_> {
    fn over(&self, rule: &CheckedRule, work: &mut usize) -> Option<Diagnostic> {
        // What cannot be compiled has its own word where it is.
        let bytes = image_of(rule, Options { any_sensor: true, ..Options::default() }, work).ok()?;
        let image = Image::read(&bytes).ok()?;
        let needed = (0..image.template_count()).map(|number| image.cost(number).per_unit).max()?;
        let takes = |sensor: &Sensor| sensor.capacity().steps_per_byte.unwrap_or(Capacity::STEPS_PER_BYTE);
        let loads = |sensor: &&Sensor| rule.sensors.as_ref().is_none_or(|constraint| constraint.matches(sensor));
        let over: Vec<&Sensor> = match self.fleet {
            Some(fleet) => {
                let sensors = fleet.sensors().iter().filter(loads).filter(|sensor| needed > takes(sensor));
                let supplies = |sensor: &&Sensor| {
                    rule.targets.iter().any(|target| sensor.template(&target.template.name).is_some())
                };
                let over: Vec<&Sensor> = sensors.filter(supplies).collect();
                if over.is_empty() {
                    return None;
                }
                over
            }
            None if needed > Capacity::STEPS_PER_BYTE => Vec::new(),
            None => return None,
        };
        let most = over.iter().map(|sensor| takes(sensor)).min().unwrap_or(Capacity::STEPS_PER_BYTE);
        let whom = match over.as_slice() {
            [] => "a sensor that states no capacity".to_owned(),
            [only] => only.to_string(),
            [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        };
        let message =
            format!("the rule alone can cost {needed} steps for each byte of an event, and {whom} takes {most}");
        let room = |sensor: &&Sensor| {
            let Build { sensor: name, version } = Build::of(sensor);
            Room { sensor: name, version, needed, capacity: takes(sensor) }
        };
        let detail = Detail::Capacity { counted: "steps a byte".to_owned(), sensors: over.iter().map(room).collect() };
        Some(
            Diagnostic::new(&codes::OVER_CAPACITY, &rule.source, rule.span, message)
                .with_help("look for fewer values with wildcards, keywords or long repeats in one rule; what is the same in all of them can be looked for once")
                .with_rule(&rule.name)
                .with_detail(detail)
                .with_sensors(over),
        )
    }
}

/// Whether it is worth compiling a rule to see what it costs.
fn may_be_dear(rule: &CheckedRule) -> bool {
    rule.targets.iter().any(|target| {
        let mut sum = 0_u64;
        target.condition.each(&mut |predicate, _| sum = sum.saturating_add(guess(&predicate.test)));
        sum >= GUESS
    })
}

/// What a test may cost for each byte, in steps, roughly: parts of wildcards, states of expressions, values to look for.
pub(crate) fn guess(test: &Test) -> u64 {
    match test {
        Test::Text { patterns, .. } => patterns.iter().map(|of| of_pattern(&of.pattern)).fold(0, u64::saturating_add),
        Test::Elements { test, .. } => guess(test),
        _ => 1,
    }
}

fn of_pattern(pattern: &Pattern) -> u64 {
    const PART: u64 = 32;
    const STATE: u64 = 6;
    match pattern {
        Pattern::Like(parts) => parts.len() as u64 * PART,
        Pattern::Matches(regex) => {
            // A count repeats what stands before it.
            let counts = regex.pattern.split(|letter: char| !letter.is_ascii_digit());
            let repeated = counts.filter_map(|digits| digits.parse().ok()).fold(0, u64::saturating_add);
            repeated.saturating_add(regex.pattern.len() as u64).saturating_mul(STATE)
        }
        _ => PART,
    }
}

/// The rule that can cost most for each byte of an event, and what it can cost, on the template type that costs most.
#[must_use]
pub fn dearest<'i>(image: &Image<'i>) -> Option<(RuleInfo<'i>, Cost)> {
    let number = (0..image.template_count()).max_by_key(|number| image.cost(*number).per_unit)?;
    let template = image.template(number)?;
    let programs = (0..template.program_count).map(|at| (at, image.program_cost(&template, at, true)));
    let (at, cost) = programs.max_by_key(|(_, cost)| cost.per_unit)?;
    let records = image.section_bytes(contentcheck_interpreter::format::Section::Programs);
    let records = records.as_chunks::<{ Program::SIZE }>().0;
    let program = records.get(template.programs.checked_add(at)? as usize).map(Program::decode)?;
    Some((image.rule(program.rule)?, cost))
}

#[cfg(test)]
mod tests {
    use contentcheck_model::predicate::{Regex, TextPattern};

    use super::*;

    #[test]
    fn counts_of_any_size_are_guessed_without_overflow() {
        let regex = |count: &str| {
            let pattern = Regex { pattern: format!("max {count}").into(), multi_line: false, dot_all: false };
            TextPattern { pattern: Pattern::Matches(pattern), ignore_case: false }
        };
        let most = u64::MAX.to_string();
        for counts in [&[&*most, &most][..], &[&most, "1"], &["9223372036854775807", "9223372036854775807"]] {
            let patterns = counts.iter().map(|count| regex(count)).collect();
            assert!(guess(&Test::Text { patterns, all: false }) > GUESS, "{counts:?}");
        }
        // One beyond 64 bits is no count.
        let patterns = vec![regex("18446744073709551616")];
        assert!(guess(&Test::Text { patterns, all: false }) < GUESS);
    }
}
