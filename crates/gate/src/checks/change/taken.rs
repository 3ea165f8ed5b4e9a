//! Events that a fixed template type claims of an open one in one release and not in the other: what rules that are in both releases match of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use contentcheck_analysis::{Analysis, Fires};
use contentcheck_events::Router;
use contentcheck_model::among::Among;
use contentcheck_model::claims::claimed_by;
use contentcheck_model::expression::Expr;
use contentcheck_model::predicate::{Pattern, Predicate, Test, TextPattern};
use contentcheck_model::rule::{CheckedRule, RuleId, Target};
use contentcheck_model::source::Span;
use contentcheck_model::template::{FieldType, Fixed, Recognition, TemplateType};
use contentcheck_run::{proof, templates};
use serde_json::Value;

use super::between::Way;
use super::kinds::{Said, as_record};
use super::lost::is_read_alike;
use crate::checks::seen::Doubt;
use crate::subject::Built;

/// Questions of whether a template type takes events from a rule.
const QUESTIONS: usize = 20_000;

/// Which of the two releases.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Release {
    Then,
    Now,
}

/// The template types of a release, and what tells events by them.
pub(super) struct Side {
    pub(super) release: Release,
    pub(super) templates: Among,
    pub(super) router: Router,
    /// The numbers of its rules, by their address.
    numbers: HashMap<usize, RuleId>,
}

impl Side {
    pub(super) fn of(built: &Built, release: Release) -> Self {
        let templates = templates(built.content());
        let rules = RuleId::count(built.content().rules());
        Self {
            release,
            router: Router::new(templates.clone()),
            templates: Among::new(templates.into()),
            numbers: rules.map(|(id, rule)| (std::ptr::from_ref::<CheckedRule>(rule).addr(), id)).collect(),
        }
    }

    /// The number of one of its rules in its image.
    pub(super) fn number(&self, rule: &CheckedRule) -> Option<RuleId> {
        self.numbers.get(&std::ptr::from_ref(rule).addr()).copied()
    }
}

/// What a rule matches of events that a template type takes.
pub(super) enum Taken<'r> {
    /// An event that only the release matches in which it is not taken; the rule, as that release has it; and the sensor, where that is not so as it is recorded.
    Lost(Value, &'r CheckedRule, Option<String>),
    /// An event that only the release matches in which it is taken; the rule, as that release has it.
    Gained(Value, &'r CheckedRule),
    /// Perhaps something, of a rule, that is lost.
    Unknown(&'r CheckedRule),
}

/// How the numbers are spelled by which events are told, in events that are looked for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Spelling {
    Any,
    /// As exporters write them. A fixed template type reads `05` as a 5, and an open one does not: that gains a rule nothing that anybody records.
    AsWritten,
}

/// Asks the analysis for events that template types take from rules.
pub(super) struct Asking<'a> {
    analysis: Analysis<'a>,
    /// How many more times.
    questions: usize,
}

impl Asking<'_> {
    pub(super) fn new() -> Self {
        Self { analysis: Analysis::new(&proof::fires), questions: QUESTIONS }
    }

    /// What a fixed template type takes of an open one in the second release, and not in the first: the first rule that loses events by it, and all that gain some. Rules
    /// are as they are in the two releases, in both of which they are on the open one. `asked` says what the first one asked for that counts as lost, and `gains` which events count as gained.
    pub(super) fn taken<'r>(
        &mut self,
        (open, taker): (&str, &str),
        rules: impl Iterator<Item = (&'r CheckedRule, &'r CheckedRule)>,
        way: Way<'_>,
        (asked, gains): (impl Fn(&CheckedRule, &Target) -> Target, Spelling),
    ) -> Vec<Taken<'r>> {
        let (first, second) = (way.from, way.to);
        let mut claimed: BTreeMap<u32, Expr<Predicate>> = BTreeMap::new();
        let takers = || second.templates.iter().filter(|fixed| fixed.name == taker);
        let (mut lost, mut gained) = (None, Vec::new());
        for (before, after) in rules {
            let Some(target) = before.on(open) else { continue };
            let claimed = claimed
                .entry(target.template.version)
                .or_insert_with(|| newly_claimed(&target.template, taker, first, second));
            if *claimed == Expr::Const(false) {
                continue;
            }
            let asks = after.on(taker).map(|taker| over(&target.template, taker));
            if !matches!(lost, Some(Taken::Lost(..))) {
                let asked = asked(after, target);
                for question in questions(&asked, claimed, asks.as_ref(), taker, (before, after), way) {
                    match self.event(target, question) {
                        Ok(None) => {}
                        Ok(Some(event)) => {
                            if let Some(view) = way.losing(&event, (before, after)) {
                                lost = Some(Taken::Lost(event, before, view.sensor().map(ToString::to_string)));
                                break;
                            }
                            // One that the rule sees says nothing of others.
                            lost = lost.or(Some(Taken::Unknown(before)));
                        }
                        Err(()) => lost = lost.or(Some(Taken::Unknown(before))),
                    }
                }
            }
            let Some((asks, _)) = asks else { continue };
            let mut gained_by = vec![not(&target.condition), claimed.clone(), asks];
            if gains == Spelling::AsWritten {
                gained_by.push(Expr::Any(takers().map(|taker| as_written(&target.template, taker)).collect()));
            }
            match self.event(target, gained_by) {
                Ok(None) => {}
                Ok(Some(event)) if way.comes(&event, (before, after)) => {
                    gained.push(Taken::Gained(event, after));
                }
                Ok(Some(_)) | Err(()) => {}
            }
        }
        lost.into_iter().chain(gained).collect()
    }

    /// An event that the first rule matches as one of a template type, and the second one does not match; it says one of these.
    pub(super) fn gained(
        &mut self,
        (after, before): (&CheckedRule, &CheckedRule),
        way: Way<'_>,
        template: &str,
        said: &[&Said<'_>],
    ) -> Option<Value> {
        let target = after.on(template).filter(|_| !said.is_empty())?;
        let Ok(Some(Value::Object(event))) = self.event(target, vec![target.condition.clone()]) else { return None };
        let events = said.iter().map(|said| {
            let mut event = event.clone();
            target.template.reads.iter().for_each(|of| drop(event.remove(&of.name)));
            event.extend(as_record(said));
            Value::Object(event)
        });
        events.into_iter().find(|event| way.losing(event, (after, before)).is_some())
    }

    /// An event of the template type of a target that fulfils all of these conditions; nothing where there is none, and an error where that is not known.
    fn event(&mut self, target: &Target, all: Vec<Expr<Predicate>>) -> Result<Option<Value>, ()> {
        self.questions = self.questions.checked_sub(1).ok_or(())?;
        match self.analysis.fires(&target.with_condition(Expr::All(all))) {
            Fires::Never(_) => Ok(None),
            Fires::Unknown(_) => Err(()),
            Fires::Yes(event) => Ok(Some(Value::Object(proof::json(&target.template, &event)))),
        }
    }
}

/// What is asked of events that a rule may lose to a template type: that it asks for them on the open one, that they are claimed, and that it does not ask
/// for them on the one that takes them, as they are recorded and as sensors supply them. `asks` is what it asks for there, said of the open one.
fn questions(
    asked: &Target,
    claimed: &Expr<Predicate>,
    asks: Option<&(Expr<Predicate>, bool)>,
    taker: &str,
    (before, after): (&CheckedRule, &CheckedRule),
    way: Way<'_>,
) -> Vec<Vec<Expr<Predicate>>> {
    let whole = vec![asked.condition.clone(), claimed.clone()];
    let Some((asks, is_said)) = asks else { return vec![whole] };
    let mut questions = vec![[whole.clone(), vec![not(asks)]].concat()];
    let (first, second, open) = (way.from, way.to, &asked.template);
    let supplied = way.losing.iter().filter(|view| {
        let is_there = || view.is_for((before, first), (after, second)) && view.on(before, first, &open.name).is_some();
        !view.is_recorded() && is_there()
    });
    let of_sensors = supplied.map(|view| {
        let asks = view.on(after, second, taker).map(|taker| {
            let decided = view.decided(taker, second, Doubt::Silent);
            not(&over(open, &taker.with_condition(decided)).0)
        });
        let asked = view.decided(asked, first, Doubt::Fires);
        [asked, claimed.clone()].into_iter().chain(asks).collect()
    });
    // Of a condition that cannot be said of the open one, the event that is found shows whether it holds.
    for question in of_sensors.chain((!is_said).then_some(whole)) {
        if !questions.contains(&question) {
            questions.push(question);
        }
    }
    questions
}

fn not(condition: &Expr<Predicate>) -> Expr<Predicate> {
    Expr::Not(Box::new(condition.clone()))
}

/// Which events a fixed template type claims of an open one in the second release, and not in the first, as far as that is known.
fn newly_claimed(open: &TemplateType, taker: &str, first: &Side, second: &Side) -> Expr<Predicate> {
    let of = |side: &Side| claimed_by(open, &side.templates, |fixed| fixed.name == taker);
    match (of(second), of(first)) {
        (claimed, Expr::Const(false)) => claimed,
        (claimed, before) if claimed == before => Expr::Const(false),
        (claimed, before) => Expr::All(vec![claimed, Expr::Not(Box::new(before))]),
    }
}

/// Holds on events of an open template type whose numbers are spelled as exporters write them, of those that a fixed one asks for.
fn as_written(open: &TemplateType, taker: &TemplateType) -> Expr<Predicate> {
    let is_left_open = |of: &&Recognition| open.reads.iter().all(|own| own.name != of.name);
    let each = taker.reads.iter().filter(is_left_open).filter_map(|of| {
        let number = |value: &Fixed| match value {
            Fixed::Int(number) => {
                Some(TextPattern { pattern: Pattern::Equals(number.to_string().into()), ignore_case: false })
            }
            Fixed::Text(_) => None,
        };
        let patterns: Vec<TextPattern> = of.values.iter().map(number).collect::<Option<_>>()?;
        let (field, test) = (open.named(&of.name), Arc::new(Test::Text { patterns, all: false }));
        Some(Expr::Is(Predicate::new(field, test, Span::default())))
    });
    Expr::All(each.collect())
}

/// The condition of a target, said of events of an open template type by their names, and whether it means the same there: some tests mean something
/// else of a field that nobody declared, or that is declared as something else.
fn over(open: &TemplateType, target: &Target) -> (Expr<Predicate>, bool) {
    let mut is_said = true;
    let is_text = |name: &str| open.find(name).is_none_or(|declared| is_read_alike(declared.ty, FieldType::OPEN));
    let is_converted = |field| {
        let info = target.template.describe(field);
        info.is_some_and(|info| is_text(info.name) && !is_read_alike(info.ty, FieldType::OPEN))
    };
    let said = target.condition.substitute(&mut |predicate: &Predicate| {
        // What the open one declares as something else than text is read as that there, and a keyword sees all that nobody declared.
        let mut own = |field| {
            let info = target.template.describe(field);
            is_said &= info.is_some_and(|info| {
                is_text(info.name) || open.find(info.name).is_some_and(|declared| is_read_alike(declared.ty, info.ty))
            });
            info.map(|info| open.named(info.name))
        };
        let field = own(&predicate.field).unwrap_or_else(|| predicate.field.clone());
        let test = match &*predicate.test {
            Test::Field { comparison, other, ignore_case } => {
                let other = own(other).unwrap_or_else(|| other.clone());
                Arc::new(Test::Field { comparison: *comparison, other, ignore_case: *ignore_case })
            }
            Test::Bool(truth) => {
                let pattern = TextPattern { pattern: Pattern::Equals(truth.to_string().into()), ignore_case: true };
                Arc::new(Test::Text { patterns: vec![pattern], all: false })
            }
            // Of a list that nobody declared any element passes.
            Test::Elements { all: false, test } if !matches!(**test, Test::Bytes(_) | Test::Field { .. }) => {
                Arc::new((**test).clone())
            }
            // What is no value of the declared type is none there.
            Test::Exists | Test::Null | Test::Text { .. } if is_converted(&predicate.field) => {
                is_said = false;
                Arc::clone(&predicate.test)
            }
            Test::Bytes(_) | Test::Elements { .. } => {
                is_said = false;
                Arc::clone(&predicate.test)
            }
            _ => Arc::clone(&predicate.test),
        };
        Expr::Is(Predicate::new(field, test, predicate.span))
    });
    (said, is_said)
}

/// The open template types of the second release that fixed ones claim events of, otherwise than in the first: by name, with the names of those. What
/// one claims may be another thing though nothing about it changed: which events leave a doubt depends on all.
pub(super) fn claims(first: &Among, second: &Among) -> BTreeMap<String, BTreeSet<String>> {
    let was: HashMap<&str, &TemplateType> = first.iter().map(|of| (of.name.as_str(), &**of)).collect();
    let mut claims: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for open in second.iter().filter(|of| of.open) {
        let then = was.get(open.name.as_str()).filter(|then| then.open && then.recognises_alike(open));
        let as_before = |fixed: &TemplateType| {
            then.is_some_and(|then| {
                let of = |open: &TemplateType, all| claimed_by(open, all, |one| one.name == fixed.name);
                of(then, first) == of(open, second)
            })
        };
        let takers = second.iter().filter(|fixed| fixed.stands_before(open) && !as_before(fixed));
        let takers: BTreeSet<String> = takers.map(|fixed| fixed.name.clone()).collect();
        if !takers.is_empty() {
            claims.insert(open.name.clone(), takers);
        }
    }
    claims
}
