//! Events that a rule of both releases finds on a template type that it left, and that it finds nowhere else.

use std::collections::BTreeSet;
use std::sync::Arc;

use contentcheck_analysis::{Analysis, Fires, Witness};
use contentcheck_model::expression::Expr;
use contentcheck_model::field::FieldRef;
use contentcheck_model::predicate::{Predicate, Test};
use contentcheck_model::rule::{CheckedRule, Target};
use contentcheck_model::template::{FieldType, TemplateType};
use contentcheck_model::value::Value as FieldValue;
use contentcheck_reference::Prepared;
use contentcheck_run::proof;
use proptest::strategy::{Strategy, ValueTree};
use serde_json::Value;

use super::between::{View, Way};
use super::kinds::{Kinds, One};
use super::recognition::recognised;
use super::taken::Release;
use crate::checks::seen::Doubt;
use crate::generate::{Maker, runner};

/// Events that are made of what a rule looks for. A rule that is on many template types is asked about each.
const TRIED: u64 = 200;

/// A search for events that the first of two rules matches and the second one does not.
#[derive(Clone, Copy)]
pub(super) struct Search<'s> {
    /// Of the events that are made.
    pub(super) seed: u64,
    pub(super) kinds: &'s Kinds,
    pub(super) way: Way<'s>,
    /// As the two releases have the rule.
    pub(super) rules: (&'s CheckedRule, &'s CheckedRule),
}

/// What a search came to.
#[derive(Default)]
pub(super) struct Searched {
    pub(super) event: Option<Witness>,
    /// Whether the second rule matches some of what the first one does.
    pub(super) still_finds: bool,
    /// Where no event was found: why there may be one.
    pub(super) unknown: Option<String>,
}

impl<'s> Search<'s> {
    /// Looks for an event of a target of the first rule: one of each kind that is found, one that is not asked for where those are told to be, and
    /// some that are made of what the rule looks for.
    pub(super) fn search(&self, target: &Target, analysis: &mut Analysis<'_>) -> Searched {
        let found = self.kinds.found(analysis, target);
        let look = Look { of: *self, target, views: self.views(target) };
        let (lost, kept): (Vec<&One>, Vec<&One>) = found.events.iter().partition(|one| look.is_it(one));
        let event = lost.first().map(|one| one.event.clone());
        let mut searched = Searched { event, still_finds: !kept.is_empty(), unknown: found.unknown };
        if searched.event.is_none() {
            searched.event = kept.into_iter().find_map(|one| look.beside(one, analysis, &mut searched.unknown));
            searched.event = searched.event.take().or_else(|| look.made());
        }
        if searched.event.is_some() {
            searched.unknown = None;
        }
        searched
    }

    /// The sensor that loses an event, where it is not lost as it is recorded.
    pub(super) fn on(&self, target: &Target, event: &Witness) -> Option<String> {
        let view = self.way.losing(&record(target, event), self.rules)?;
        view.sensor().map(ToString::to_string)
    }

    /// The ways in which events of a target come that may differ in what the rules find: one of those that show them the same, and none that shows
    /// them the same on all of their template types, which is as recorded.
    fn views(&self, target: &Target) -> Vec<&'s View<'s>> {
        let (Way { from, to, losing, .. }, (before, after)) = (self.way, self.rules);
        let asked = [target].into_iter().chain(&after.targets);
        let names = asked
            .map(named)
            .collect::<Option<Vec<_>>>()
            .map(|names| names.concat().into_iter().collect::<BTreeSet<_>>());
        let (mut known, mut views) = (Vec::new(), Vec::new());
        for view in losing {
            if view.is_recorded() {
                views.push(view);
                continue;
            }
            let Some(own) =
                view.on(before, from, &target.template.name).filter(|_| view.is_for((before, from), (after, to)))
            else {
                continue;
            };
            let on = after.targets.iter().map(|target| view.on(after, to, &target.template.name));
            let shown: Vec<_> = on.map(|on| Some(view.inputs(on?, to, names.as_ref()))).collect();
            let inputs = view.inputs(own, from, names.as_ref());
            let is_declared = |target: &Target, (name, ty): &(&str, FieldType)| {
                target.template.describe(&target.template.named(name)).is_some_and(|info| is_read_alike(info.ty, *ty))
            };
            let is_whole = names.as_ref().is_some_and(|names| names.len() == inputs.len());
            let is_as_recorded = is_whole
                && inputs
                    .iter()
                    .all(|input| is_declared(own, input) && after.targets.iter().all(|on| is_declared(on, input)))
                && shown.iter().all(|shown| shown.as_ref() == Some(&inputs));
            let shows = (inputs, shown);
            if !is_as_recorded && !known.contains(&shows) {
                known.push(shows);
                views.push(view);
            }
        }
        views
    }
}

/// A search for events of one target.
struct Look<'s> {
    of: Search<'s>,
    target: &'s Target,
    /// The ways in which they come that are looked at.
    views: Vec<&'s View<'s>>,
}

impl Look<'_> {
    fn loses(&self, event: &Witness) -> bool {
        self.loses_among(&self.views, event)
    }

    fn loses_among(&self, views: &[&View<'_>], event: &Witness) -> bool {
        self.of.way.losing_among(views.iter().copied(), &record(self.target, event), self.of.rules).is_some()
    }

    fn is_it(&self, one: &One) -> bool {
        // What nobody can tell once it is recorded is what the analysis says.
        let record = record(self.target, &one.event).to_string();
        let matches = || proof::matches(self.of.rules.1, &self.of.way.to.router, &record);
        matches() != Some(true) || self.loses(&one.event)
    }

    /// An event of the kind of another one, that the second rule does not ask for on any of the template types that this one is told to be of.
    fn beside(&self, one: &One, analysis: &mut Analysis<'_>, unknown: &mut Option<String>) -> Option<Witness> {
        let lost = |event: &Witness| self.variants(event).into_iter().find(|event| self.loses(event));
        let (target, way) = (self.target, self.of.way);
        if let Some(event) = lost(&one.event) {
            return Some(event);
        }
        let (own, (before, after)) = (&target.template, self.of.rules);
        let record = record(target, &one.event).to_string();
        let told = recognised(&way.to.router, &record);
        let mut asked: Vec<Expr<Predicate>> = Vec::new();
        for view in self.views.iter().filter(|view| view.on(before, way.from, &own.name).is_some()) {
            let targets: Vec<&Target> = told.iter().filter_map(|name| view.on(after, way.to, name)).collect();
            let said = |on: &Target, doubt| said_of(own, &on.with_condition(view.decided(on, way.to, doubt)), doubt);
            let unlike = targets.iter().find(|on| said(on, Doubt::Silent) != said(on, Doubt::Fires));
            let as_recorded = &target.condition;
            let as_decided = view.decided(target, way.from, Doubt::Fires);
            // Where fields are read otherwise there, it may be asked for of none of them, and of all that are not to be asked for.
            for doubt in [Doubt::Silent, Doubt::Fires] {
                let not: Vec<_> = targets.iter().map(|on| Expr::Not(Box::new(said(on, doubt)))).collect();
                // What a keyword finds in an input that nobody declared, it finds as recorded too.
                let both = Expr::All(vec![as_recorded.clone(), as_decided.clone()]);
                for condition in
                    [if as_decided == *as_recorded { as_decided.clone() } else { both }, as_decided.clone()]
                {
                    let all = Expr::All(
                        [condition].into_iter().chain(one.kind.iter().cloned()).chain(not.iter().cloned()).collect(),
                    );
                    if asked.contains(&all) {
                        continue;
                    }
                    match analysis.fires(&target.with_condition(all.clone())) {
                        Fires::Yes(event) => {
                            if let Some(event) = lost(&event) {
                                return Some(event);
                            }
                        }
                        Fires::Never(_) => {}
                        Fires::Unknown(reason) => *unknown = Some(reason.to_string()),
                    }
                    asked.push(all);
                }
            }
            if let Some(on) = unlike {
                *unknown = Some(format!("{} reads its fields otherwise", on.template));
            }
        }
        None
    }

    /// An event, and those that differ from it in what a condition does not say.
    fn variants(&self, event: &Witness) -> Vec<Witness> {
        // That a rule finds events that lack a name harms nobody.
        let is_loss = self.of.way.from.release == Release::Then;
        let lacking = if is_loss { lacking(&self.target.template, event) } else { Vec::new() };
        [event.clone()].into_iter().chain(longer(event)).chain(lacking).collect()
    }

    fn made(&self) -> Option<Witness> {
        let prepared = Prepared::new(self.target).ok()?;
        let maker = Maker::new(&self.target.template, &[(&prepared, &[])]);
        let strategy = maker.strategy();
        let mut runner = runner(self.of.seed, 11);
        let made = (0..TRIED).filter_map(|_| strategy.new_tree(&mut runner).ok());
        let events = made.map(|tree| maker.event(&tree.current(), &[])).filter(|event| prepared.evaluate(event));
        // Each as it is recorded and in one of the other ways: sensors may be many.
        let (recorded, others): (Vec<&View<'_>>, Vec<&View<'_>>) =
            self.views.iter().partition(|view| view.is_recorded());
        let mut others = others.chunks(1).cycle();
        let mut witnesses = events.map(|event| proof::witness(&event));
        witnesses.find(|event| {
            self.loses_among(&recorded, event) || others.next().is_some_and(|other| self.loses_among(other, event))
        })
    }
}

fn record(target: &Target, event: &Witness) -> Value {
    Value::Object(proof::json(&target.template, event))
}

/// The names that a target asks of; nothing for one with a keyword, which asks all there is.
fn named(target: &Target) -> Option<Vec<String>> {
    let mut names = Some(Vec::new());
    target.condition.mentions(&mut |mention| match proof::name(&target.template, mention.field) {
        Some(name) => names.iter_mut().for_each(|names| names.push(name.clone())),
        None => names = None,
    });
    names
}

/// Events without one of the names by which they are recognised, as exporters leave them out.
fn lacking(template: &TemplateType, event: &Witness) -> Vec<Witness> {
    let without = |name: &str| {
        let field = template.named(name);
        let values = event.values.iter().filter(|(of, _)| *of != field).cloned().collect();
        Witness { values }
    };
    let several = template.reads.iter().filter(|_| template.reads.len() > 1);
    several.map(|of| without(&of.name)).collect()
}

/// Events with one more element in a list each: what reads no list sees a value of those of one element.
fn longer(event: &Witness) -> Vec<Witness> {
    let lists = event.values.iter().enumerate().filter_map(|(at, (_, value))| match value {
        FieldValue::List(elements) => elements.first().map(|first| (at, first.clone())),
        _ => None,
    });
    let with = |(at, first)| {
        let mut event = event.clone();
        if let Some((_, FieldValue::List(elements))) = event.values.get_mut(at) {
            elements.push(first);
        }
        event
    };
    lists.map(with).collect()
}

/// Whether a value is read alike as one of two types: it may be absent as either, and no test leaves its case open.
pub(super) fn is_read_alike(one: FieldType, other: FieldType) -> bool {
    (one.scalar, one.list) == (other.scalar, other.list)
}

/// Whether two template types have a name, and read its values alike.
fn is_alike(one: &TemplateType, other: &TemplateType, name: &str) -> bool {
    let of = |template: &TemplateType| {
        let declared = template.find(name).map(|info| info.ty);
        declared.or_else(|| template.open.then_some(FieldType::OPEN))
    };
    of(one).zip(of(other)).is_some_and(|(one, other)| is_read_alike(one, other))
}

/// The condition of a target, said of events of another template type. What is read otherwise there is in doubt.
fn said_of(own: &TemplateType, target: &Target, doubt: Doubt) -> Expr<Predicate> {
    let other = &target.template;
    let in_doubt = Expr::Const(doubt == Doubt::Fires);
    let alike = |field: &FieldRef| {
        let name = other.describe(field)?.name;
        is_alike(own, other, name).then(|| own.named(name))
    };
    target.condition.substitute(&mut |predicate: &Predicate| {
        if predicate.field.is_any() {
            if own.names().chain(other.names()).all(|name| is_alike(own, other, name)) {
                return Expr::Is(predicate.clone());
            }
            let each = own.names().filter(|name| is_alike(own, other, name));
            let each = each.map(|name| Predicate::new(own.named(name), Arc::clone(&predicate.test), predicate.span));
            return Expr::any(each.map(Expr::Is).chain([in_doubt.clone()]));
        }
        let Some(field) = alike(&predicate.field) else { return in_doubt.clone() };
        let test = match &*predicate.test {
            Test::Field { comparison, other, ignore_case } => {
                let Some(other) = alike(other) else { return in_doubt.clone() };
                Arc::new(Test::Field { comparison: *comparison, other, ignore_case: *ignore_case })
            }
            _ => Arc::clone(&predicate.test),
        };
        Expr::Is(Predicate::new(field, test, predicate.span))
    })
}
