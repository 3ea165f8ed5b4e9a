//! Specialise: from one Sigma rule to a typed condition for each template type that it runs on.
//!
//! A log source resolves to one or more template types. On each of them the predicates on
//! what the template type fixes fold to constants, a field that it does not have is absent,
//! and the rest is typed. A template type on which the rule folds to false is no target.

mod dead;
mod keywords;
mod leaves;
mod unknown;

use std::collections::HashMap;
use std::sync::Arc;

use self::leaves::Said;
use super::detection::{Body, Detections, Item};
use super::modifier::Part;
use super::typing::{Prepared, Typed, elements};
use contentcheck_model::catalogue::{Catalogue, Entry};
use contentcheck_model::diagnostic::{Sink, Unread, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::field::FieldRef;
use contentcheck_model::limits::{self, Budget};
use contentcheck_model::predicate::{Comparison, FieldComparison, Predicate, Test};
use contentcheck_model::rule::Target;
use contentcheck_model::source::Span;
use contentcheck_model::template::{FieldType, Fixed, LogSource, TemplateType};

/// What is known of a condition before an event is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    True,
    False,
    Open,
}

impl Known {
    const fn negate(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Open => Self::Open,
        }
    }

    fn of(expr: &Expr<Leaf>, item: &mut impl FnMut(usize) -> Self) -> Self {
        match expr {
            Expr::Const(true) => Self::True,
            Expr::Const(false) => Self::False,
            Expr::Is(Leaf::Item(index)) => item(*index),
            Expr::Is(Leaf::Unread(_)) => Self::Open,
            Expr::Not(inner) => Self::of(inner, item).negate(),
            Expr::All(parts) => Self::fold(parts, Self::False, item),
            Expr::Any(parts) => Self::fold(parts, Self::True, item),
        }
    }

    fn fold(parts: &[Expr<Leaf>], absorbing: Self, item: &mut impl FnMut(usize) -> Self) -> Self {
        let mut open = false;
        for part in parts {
            match Self::of(part, item) {
                known if known == absorbing => return absorbing,
                Self::Open => open = true,
                _ => {}
            }
        }
        if open { Self::Open } else { absorbing.negate() }
    }
}

/// What a condition is made of before it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// An item: index into [`Detections::items`].
    Item(usize),
    /// What could not be read. Nothing is known of it, and nothing that runs is made of it.
    Unread(Unread),
}

/// How a field that the template type lacks is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// As absent, which is what the event will show.
    Absent,
    /// As unknown, to find out what the rule would do if it were there.
    Unknown,
}

/// One rule on its way to its targets.
pub(crate) struct Specialiser<'a, 'n> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) detections: &'a Detections<'n>,
    pub(crate) prepared: Vec<Prepared>,
    /// The condition over items.
    pub(crate) condition: &'a Expr<Leaf>,
    pub(crate) logsource: &'a LogSource,
    pub(crate) logsource_span: Span,
}

/// The expression of a selection's body over items.
pub(crate) fn body(body: &Body) -> Expr<Leaf> {
    match body {
        Body::Item(index) => Expr::Is(Leaf::Item(*index)),
        Body::All(parts) => Expr::all(parts.iter().map(self::body)),
        Body::Any(parts) => Expr::any(parts.iter().map(self::body)),
        Body::Unreadable(unread) => Expr::Is(Leaf::Unread(*unread)),
    }
}

impl<'a> Specialiser<'a, '_> {
    /// The targets of the rule, where all of it could be read and typed. What no template type can feed is
    /// reported.
    pub(crate) fn targets(mut self, budget: &mut Budget, sink: &mut Sink) -> Result<Vec<Target>, Unread> {
        let catalogue = self.catalogue;
        let candidates = catalogue.candidates(self.logsource);
        if candidates.is_empty() {
            self.unknown_log_source(sink);
            return self.unread().map_or_else(|| Ok(Vec::new()), Err);
        }
        let entries: Vec<&Entry> = candidates.iter().filter_map(|index| catalogue.entry(*index)).collect();
        if let Some(flaw) = entries.iter().find_map(|entry| entry.template.flaw.as_deref()) {
            sink.inherit(flaw);
        }
        let (open, fixed): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|entry| entry.template.open);
        let mut targets: Vec<&Entry> = Vec::new();
        let mut addressed: Vec<&Entry> = Vec::new();
        for entry in fixed {
            let strict = self.known(entry, Missing::Absent, &[]);
            if strict != Known::False {
                targets.push(entry);
                addressed.push(entry);
            } else if self.known(entry, Missing::Unknown, &[]) != Known::False {
                addressed.push(entry);
            }
        }
        let addressed_fixed: Vec<&TemplateType> = addressed.iter().map(|entry| &*entry.template).collect();
        for entry in open {
            if self.leaves(entry, &addressed_fixed, None) {
                targets.push(entry);
                addressed.push(entry);
            }
        }
        if targets.is_empty() && self.unknown_channel(&entries, sink) {
            return self.unread().map_or_else(|| Ok(Vec::new()), Err);
        }
        let errors = sink.len();
        self.unknown_fields(&addressed, sink);
        self.event_ids(&addressed, sink);
        self.values_without_event(&entries, &addressed, &targets, sink);
        if targets.is_empty()
            && (sink.len() == errors || addressed.is_empty() && self.decided(&entries).is_some_and(|(_, value)| value))
        {
            self.never_fires(&entries, &addressed, sink);
        }
        let unused = self.unused();
        let mut predicates = 0;
        self.condition.each(&mut |_, _| predicates += 1);
        unused.iter().for_each(|expr| expr.each(&mut |_, _| predicates += 1));
        if !limits::take(&mut budget.predicates, predicates.max(1) * targets.len()) {
            let message = format!(
                "the rules of this file have more than {} predicates, each counted for every template type",
                limits::FILE_PREDICATES
            );
            let found = sink.diagnostic(&codes::LIMIT_EXCEEDED, self.logsource_span, message);
            return Err(sink.refuse(found.with_help("split the rule, or name one event id in each")));
        }
        let mut told = false;
        if !targets.is_empty() {
            self.dead_selections(&addressed, sink);
            // Of a rule with a part that could not be read this would be said too early.
            if !sink.has_error() {
                told = self.always_fires(&targets, sink);
            }
        }
        let mut refused = self.unread();
        let mut typed = Vec::with_capacity(targets.len());
        let (mut always, has_targets) = (0, !targets.is_empty());
        for entry in targets {
            // What the condition does not use is read as well: whoever wrote it meant something by it.
            for expr in &unused {
                refused = refused.or(self.build(entry, expr, sink).err());
            }
            match self.build(entry, self.condition, sink) {
                Ok(Expr::Const(false)) => {}
                Ok(condition) if !limits::take(&mut budget.spread_values, condition.spread_values()) => {
                    let found = crate::spread::found(self.logsource_span, sink);
                    return Err(sink.refuse(found.with_help(
                        "name each selection once in the condition, or split the rule: a log source with fewer template types costs less",
                    )));
                }
                Ok(condition) => {
                    always += usize::from(condition == Expr::Const(true));
                    typed.push(Target::new(Arc::clone(&entry.template), condition));
                }
                Err(unread) => refused = refused.or(Some(unread)),
            }
        }
        // A rule may be for all events of a kind, and then it asks for nothing else.
        if always == entries.len() && refused.is_none() && !told && !sink.has_error() && self.asks_for_more(&entries) {
            self.always_on(&entries, sink);
        }
        if typed.is_empty() && refused.is_none() && has_targets && sink.len() == errors {
            self.decided_by_keywords(sink);
        }
        refused.map_or(Ok(typed), Err)
    }

    /// Reports of a filter what is reported of a rule's detection. It has no targets of its own: it changes those of the
    /// rules that it is for.
    pub(crate) fn review(mut self, room: &mut usize, sink: &mut Sink) {
        let catalogue = self.catalogue;
        let entries: Vec<&Entry> =
            catalogue.candidates(self.logsource).iter().filter_map(|index| catalogue.entry(*index)).collect();
        if entries.is_empty() {
            return self.unknown_log_source(sink);
        }
        if let Some(flaw) = entries.iter().find_map(|entry| entry.template.flaw.as_deref()) {
            sink.inherit(flaw);
        }
        let mut predicates = 0;
        self.condition.each(&mut |_, _| predicates += 1);
        if !limits::take(room, predicates.max(1) * entries.len()) {
            let message = format!(
                "the rules of this file have more than {} predicates, each counted for every template type",
                limits::FILE_PREDICATES
            );
            let found = sink.diagnostic(&codes::LIMIT_EXCEEDED, self.logsource_span, message);
            sink.push(found.with_help("split the filter, or name a log source with fewer template types"));
            return;
        }
        let addressed: Vec<&Entry> =
            entries.into_iter().filter(|entry| self.known(entry, Missing::Unknown, &[]) != Known::False).collect();
        self.unknown_fields(&addressed, sink);
        self.event_ids(&addressed, sink);
        for entry in addressed {
            // What does not fit is reported; nothing is made of a filter yet.
            drop(self.build(entry, self.condition, sink));
        }
    }

    /// A part of the rule that could not be read, also one that the condition does not use.
    fn unread(&self) -> Option<Unread> {
        fn of(body: &Body) -> Option<Unread> {
            match body {
                Body::Unreadable(unread) => Some(*unread),
                Body::Item(_) => None,
                Body::All(parts) | Body::Any(parts) => parts.iter().find_map(of),
            }
        }
        let items = self.prepared.iter().find_map(Prepared::unread);
        items.or_else(|| self.detections.selections.iter().find_map(|selection| of(&selection.body)))
    }

    fn known(&self, entry: &Entry, missing: Missing, said: &[(&str, &Said)]) -> Known {
        // A condition may name an item thousands of times, and an item may have thousands of values.
        let mut asked: Vec<Option<Known>> = vec![None; self.detections.items.len()];
        Known::of(self.condition, &mut |index| {
            let Some(known) = asked.get_mut(index) else { return Known::Open };
            *known.get_or_insert_with(|| self.item_known(entry, index, missing, said))
        })
    }

    fn item(&self, index: usize) -> Option<(&Item<'_>, &Prepared)> {
        Some((self.detections.items.get(index)?, self.prepared.get(index)?))
    }

    /// What is known of one item on one template type.
    fn item_known(&self, entry: &Entry, index: usize, missing: Missing, said: &[(&str, &Said)]) -> Known {
        let Some((item, prepared)) = self.item(index) else { return Known::Open };
        let (Some(field), None) = (item.field, prepared.unread()) else { return Known::Open };
        let known = match entry.declared(field) {
            _ if let Some((_, said)) = said.iter().find(|(name, _)| *name == field) => said.known(prepared),
            Some(_) => values_known(entry.values(field), prepared),
            None if entry.template.open => Known::Open,
            None if missing == Missing::Unknown => return Known::Open,
            None => absent_known(prepared),
        };
        if item.modifiers.not_equal { known.negate() } else { known }
    }

    /// The selections that the condition does not use.
    fn unused(&self) -> Vec<Expr<Leaf>> {
        let mut used = vec![false; self.detections.items.len()];
        self.condition.each(&mut |leaf, _| {
            if let Leaf::Item(index) = leaf
                && let Some(used) = used.get_mut(*index)
            {
                *used = true;
            }
        });
        if used.iter().all(|used| *used) {
            return Vec::new();
        }
        let is_unused = |expr: &Expr<Leaf>| {
            let mut unused = false;
            expr.each(&mut |leaf, _| unused |= matches!(leaf, Leaf::Item(index) if used.get(*index) == Some(&false)));
            unused
        };
        self.detections.selections.iter().map(|selection| body(&selection.body)).filter(is_unused).collect()
    }

    /// A typed condition on one template type.
    fn build(&mut self, entry: &Entry, expr: &Expr<Leaf>, sink: &mut Sink) -> Result<Expr<Predicate>, Unread> {
        let Self { detections, prepared, .. } = self;
        let mut made: HashMap<usize, Expr<Predicate>> = HashMap::new();
        expr.try_substitute(&mut |leaf| {
            let index = match leaf {
                Leaf::Item(index) => *index,
                Leaf::Unread(unread) => return Err(*unread),
            };
            if let Some(built) = made.get(&index) {
                return Ok(built.clone());
            }
            let (Some(item), Some(prepared)) = (detections.items.get(index), prepared.get_mut(index)) else {
                return Err(sink.unread(&codes::WRONG_SHAPE, Span::default(), "an item of the detection is not there"));
            };
            let built = predicates(entry, item, prepared, sink)?;
            let built = if item.modifiers.not_equal { built.negate() } else { built };
            made.insert(index, built.clone());
            Ok(built)
        })
    }
}

/// An item on a field that the template type does not have. A comparison with another field is false there, as
/// every test is but that for absence.
fn absent_known(prepared: &Prepared) -> Known {
    if prepared.unread().is_some() {
        return Known::Open;
    }
    let Some(tests) = prepared.tests() else { return Known::False };
    match tests.substitute(&mut |test: &Arc<Test>| Expr::<()>::Const(**test == Test::Null)) {
        Expr::Const(true) => Known::True,
        _ => Known::False,
    }
}

/// An item on a name of which these values are known.
fn values_known(values: &[Fixed], prepared: &Prepared) -> Known {
    let Some(tests) = prepared.tests() else { return Known::Open };
    let mut seen: Option<Known> = None;
    for value in values {
        let passes = |test: &Arc<Test>| value.passes(test).map_or(Expr::Is(()), Expr::Const);
        // Nearly all items are a test by itself.
        let passed = if let Expr::Is(test) = tests { passes(test) } else { tests.substitute(&mut |test| passes(test)) };
        let known = match passed {
            Expr::Const(true) => Known::True,
            Expr::Const(false) => Known::False,
            _ => return Known::Open,
        };
        if seen.is_some_and(|before| before != known) {
            return Known::Open;
        }
        seen = Some(known);
    }
    seen.unwrap_or(Known::Open)
}

/// The predicates of an item on a template type, without `neq`.
fn predicates(
    entry: &Entry,
    item: &Item<'_>,
    prepared: &mut Prepared,
    sink: &mut Sink,
) -> Result<Expr<Predicate>, Unread> {
    if let Some(unread) = prepared.unread() {
        return Err(unread);
    }
    let (field, ty) = match item.field {
        None => (FieldRef::ANY, None),
        Some(name) => match locate(entry, name) {
            Some((field, ty)) => {
                match values_known(entry.values(name), prepared) {
                    Known::True => return Ok(Expr::Const(true)),
                    Known::False => return Ok(Expr::Const(false)),
                    Known::Open => {}
                }
                (field, Some(ty))
            }
            None => return Ok(Expr::Const(absent_known(prepared) == Known::True)),
        },
    };
    match prepared.on(item, ty, sink)? {
        Typed::Tests(tests) => Ok(tests.substitute(&mut |test| {
            let decided = if item.field.is_none() { keywords::decided(&entry.template, test) } else { None };
            let test = match decided {
                Some(keywords::Decided::Known(known)) => return Expr::Const(known),
                Some(keywords::Decided::Left(left)) => &Arc::new(left),
                None => test,
            };
            Expr::Is(Predicate::new(field.clone(), Arc::clone(test), item.span))
        })),
        Typed::OtherField => {
            let list = ty.is_some_and(|ty| ty.list);
            field_comparisons(entry, item, prepared, (&field, list), sink)
        }
    }
}

/// The field that a name means and its type; none where the events of the template type have no such field.
fn locate(entry: &Entry, name: &str) -> Option<(FieldRef, FieldType)> {
    let field = match entry.declared(name) {
        Some(field) => field.clone(),
        None if entry.template.open => entry.template.named(name),
        None => return None,
    };
    let ty = entry.template.describe(&field)?.ty;
    Some((field, ty))
}

/// A comparison with each of the fields that `fieldref` names. On a list any element may pass, and the
/// other side must not be one: which element would be meant is anybody's guess.
fn field_comparisons(
    entry: &Entry,
    item: &Item<'_>,
    prepared: &mut Prepared,
    (field, list): (&FieldRef, bool),
    sink: &mut Sink,
) -> Result<Expr<Predicate>, Unread> {
    let comparison = match item.modifiers.part {
        Part::Whole => FieldComparison::Order(Comparison::Equal),
        Part::Contains => FieldComparison::Contains,
        Part::StartsWith => FieldComparison::StartsWith,
        Part::EndsWith => FieldComparison::EndsWith,
    };
    let mut parts = Vec::with_capacity(item.values.len());
    for value in &item.values {
        parts.push(match locate(entry, &value.text) {
            None => Expr::Const(false),
            Some((_, ty)) if ty.list => {
                return Err(prepared.report_list(value, &entry.template.to_string(), ty, sink));
            }
            Some((other, _)) => {
                let test = Arc::new(Test::Field { comparison, other, ignore_case: !item.modifiers.cased });
                let test = if list { elements(&test) } else { test };
                Expr::Is(Predicate::new(field.clone(), test, item.span))
            }
        });
    }
    Ok(if item.modifiers.all { Expr::all(parts) } else { Expr::any(parts) })
}
