//! Tests of rules: the blocks of native rules, files beside Sigma rules, and recorded samples. Each
//! event goes through the image and the reference evaluator; where these do not agree a test has no
//! outcome.

use contentcheck_events::{Field, Flat, Flattener};
use contentcheck_model::diagnostic::closest;
use contentcheck_model::rule::{CheckedRule, RuleId, Target, TestCase};
use contentcheck_parser::sidecar::Case;
use contentcheck_reference::{Event, Prepared};

use crate::plan::Plan;
use crate::proof;
use crate::worker::Worker;

/// What became of an event.
#[derive(Debug, Default)]
pub struct Seen {
    /// Template types of the rule that the event was shown to it as.
    pub shown: usize,
    /// Whether the rule fired.
    pub fires: bool,
    /// Where the evaluators do not agree.
    pub odds: Vec<String>,
    /// The reference evaluator's explanations.
    pub why: Vec<String>,
}

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As expected.
    Passed,
    /// Otherwise, and how.
    Failed(String),
    /// The evaluators do not agree.
    Fault(String),
}

impl Seen {
    /// How a test ends whose rule must fire, or must be silent.
    #[must_use]
    pub fn ended(&self, rule: &CheckedRule, fires: bool) -> Ended {
        if !self.odds.is_empty() {
            Ended::Fault(self.odds.join("; "))
        } else if self.shown == 0 {
            let templates: Vec<&str> = rule.targets.iter().map(|target| target.template.name.as_str()).collect();
            Ended::Failed(format!(
                "the event is none that the rule looks at: what it says of itself fits none of {}",
                templates.join(", ")
            ))
        } else if self.fires == fires {
            Ended::Passed
        } else if fires {
            Ended::Failed("the rule must fire and does not".to_owned())
        } else {
            Ended::Failed("the rule must be silent and fires".to_owned())
        }
    }
}

/// The name of a `test` block: its own, or its number among those of its rule and its line.
#[must_use]
pub fn name(rule: &CheckedRule, at: usize, test: &TestCase) -> String {
    let line = rule.source.position(test.span.start).line;
    test.name.clone().unwrap_or_else(|| format!("test {} at line {line}", at + 1))
}

/// Shows events to rules.
pub struct Tester<'p> {
    plan: &'p Plan,
    worker: Worker<'p>,
    /// Makes records flat.
    pub flattener: Flattener,
}

impl<'p> Tester<'p> {
    /// On an image that was made ready.
    #[must_use]
    pub fn new(plan: &'p Plan) -> Self {
        Self { plan, worker: plan.worker(), flattener: Flattener::new() }
    }

    /// A `test` block of a native rule; `id` is that of the rule in the image.
    pub fn own(&mut self, id: RuleId, rule: &CheckedRule, test: &TestCase) -> Seen {
        let mut seen = Seen::default();
        for target in &rule.targets {
            let event = Event::from_test(&target.template, test);
            if !proof::is_own(target, &proof::witness(&event)) {
                continue;
            }
            seen.shown += 1;
            let mut fired = false;
            let template = &target.template;
            let sink = |found| fired |= found == id;
            if let Err(fault) = self.worker.evaluate_owned(template, &event, sink) {
                seen.odds.push(format!("as {} the interpreter met a fault: {}", template.name, fault.words(self.plan)));
            }
            compare(target, &event, fired, &mut seen);
        }
        seen
    }

    /// A test of a file beside a rule, and what looks like a slip in it.
    ///
    /// # Errors
    /// When the test fits the rule in no way, or its event is none.
    pub fn case(&mut self, id: RuleId, rule: &CheckedRule, case: &Case) -> Result<(Seen, Vec<String>), String> {
        if let Some(template) = &case.template
            && !rule.targets.iter().any(|target| target.template.name == *template)
        {
            let known: Vec<&str> = rule.targets.iter().map(|target| target.template.name.as_str()).collect();
            return Err(format!("the rule is not on `{template}`; it is on {}", known.join(", ")));
        }
        let record = case.record();
        let mut flattener = std::mem::take(&mut self.flattener);
        let done = flattener.flatten(record.as_bytes()).map_err(|cause| format!("the event cannot be read: {cause}"));
        let done = done.and_then(|flat| {
            if !flat.iter().any(|(_, field)| is_value(field)) {
                return Err("the event has no value, so it shows nothing of the rule".to_owned());
            }
            let before = self.worker.tally().total();
            let seen = self.recorded(id, rule, &flat, case.template.as_deref(), false);
            let mut notes: Vec<String> = flat.iter().filter_map(|(name, _)| unknown(rule, name)).collect();
            if self.worker.tally().total() > before {
                notes.push("a value is not of the type of its field, and counts as absent".to_owned());
            }
            Ok((seen, notes))
        });
        self.flattener = flattener;
        done
    }

    /// Shows a recorded event to a rule: as those of its template types that recognise it. An event that says too little
    /// of itself to be recognised by any template type is shown as each that it does not contradict, unless
    /// `recognised` asks for what `eval` does.
    pub fn recorded(
        &mut self,
        id: RuleId,
        rule: &CheckedRule,
        flat: &Flat<'_>,
        only: Option<&str>,
        recognised: bool,
    ) -> Seen {
        let mut seen = Seen::default();
        let routes = self.worker.route(flat, None).to_vec();
        // What an event says of itself counts, whatever is said of it: as `only` it would not be recorded.
        let recognised = recognised || !routes.is_empty();
        for target in &rule.targets {
            let template = &target.template;
            if only.is_some_and(|only| only != template.name) {
                continue;
            }
            let Some(route) = self.plan.route_of(template) else { continue };
            if recognised && !routes.contains(&route) {
                continue;
            }
            let mut fired = false;
            let sink = |_, found| fired |= found == id;
            if let Err(fault) = self.worker.evaluate(flat, Some(route), sink) {
                seen.odds.push(format!("as {} the interpreter met a fault: {}", template.name, fault.words(self.plan)));
            }
            if !self.worker.routes().contains(&route) {
                continue;
            }
            seen.shown += 1;
            if let Some(event) = self.worker.reference_event(route, template, flat) {
                compare(target, &event, fired, &mut seen);
            }
        }
        seen
    }

    /// The event of a test as one of a target, where it may be one.
    pub fn event(&mut self, target: &Target, case: &Case) -> Option<Event> {
        let template = &target.template;
        if case.template.as_ref().is_some_and(|only| *only != template.name) {
            return None;
        }
        let route = self.plan.route_of(template)?;
        let record = case.record();
        let flat = self.flattener.flatten(record.as_bytes()).ok()?;
        let routes = self.worker.route(&flat, None);
        if !routes.is_empty() && !routes.contains(&route) {
            return None;
        }
        if !self.worker.route(&flat, Some(route)).contains(&route) {
            return None;
        }
        self.worker.reference_event(route, template, &flat)
    }
}

/// Whether something is recorded under a name, however deep it stands.
fn is_value(field: Field<'_>) -> bool {
    match field {
        Field::Null => false,
        Field::List(mut elements) => elements.any(|element| !matches!(element, Field::Null)),
        Field::Bool(_) | Field::Number(_) | Field::Text(_) => true,
    }
}

/// Holds the interpreter's answer against the reference evaluator's.
fn compare(target: &Target, event: &Event, fired: bool, seen: &mut Seen) {
    seen.fires |= fired;
    match Prepared::new(target) {
        Ok(prepared) => {
            if prepared.evaluate(event) != fired {
                let (yes, no) = if fired { ("interpreter", "reference") } else { ("reference", "interpreter") };
                seen.odds.push(format!("as {} the {yes} fires and the {no} does not", target.template.name));
            }
            seen.why.push(format!("as {}:\n{}", target.template.name, prepared.explain(event)));
        }
        Err(error) => seen.odds.push(error.to_string()),
    }
}

/// A note on a name that none of the rule's template types has.
fn unknown(rule: &CheckedRule, name: &str) -> Option<String> {
    let known = |target: &Target| target.template.open || target.template.find(name).is_some();
    if rule.targets.iter().any(known) {
        return None;
    }
    let names = rule.targets.iter().flat_map(|target| target.template.fields.iter().flatten());
    let near = closest(name, names.map(|field| field.name.as_str()));
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Some(format!("no template type of the rule has a field `{name}`{near}"))
}
