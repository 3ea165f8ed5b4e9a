//! Specialise: from one Sigma rule to a typed condition for each template type that it runs on.
//!
//! A log source resolves to one or more template types. On each of them the predicates on
//! what the template type fixes fold to constants, a field that it does not have is absent,
//! and the rest is typed. A template type on which the rule folds to false is no target.

mod keywords;
mod leaves;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use self::leaves::Said;
use super::advice;
use super::detection::{Body, Detections, Item, Raw};
use super::modifier::{Kind, Part};
use super::text;
use super::typing::{Prepared, Typed, elements};
use contentcheck_model::catalogue::{Catalogue, Entry};
use contentcheck_model::diagnostic::{Sink, Unread, clip, closest, codes, head};
use contentcheck_model::expression::Expr;
use contentcheck_model::field::FieldRef;
use contentcheck_model::limits::{self, Budget};
use contentcheck_model::predicate::{Comparison, FieldComparison, Pattern, Predicate, Test};
use contentcheck_model::rule::Target;
use contentcheck_model::source::Span;
use contentcheck_model::template::{EVENT_ID, FieldType, Fixed, LogSource, PROVIDER, Recognition, TemplateType};

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

/// Names under which Windows events have their id.
const EVENT_IDS: &[&str] = &["EventID", "EventCode", "event_id", "winlog.event_id"];

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

    /// A rule on events that have in common what its keywords ask for, or cannot have it.
    fn decided_by_keywords(&self, sink: &mut Sink) {
        let mut keywords = None;
        self.condition.each(&mut |leaf, _| {
            let Leaf::Item(index) = leaf else { return };
            let item = self.item(*index).map(|(item, _)| item).filter(|item| item.field.is_none());
            keywords = keywords.or(item.map(|item| item.span));
        });
        let message = format!(
            "the rule can never fire: what every event of `{}` has, such as its channel, decides these keywords",
            self.logsource
        );
        let found = sink.diagnostic(&codes::NEVER_FIRES, keywords.unwrap_or(self.logsource_span), message);
        sink.push(found.with_help("look for them in the field that is meant, or look for longer ones"));
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

    /// Values of an event id that are no numbers, where the events are of an open template type: others have a type
    /// that says so.
    fn event_ids(&self, addressed: &[&Entry], sink: &mut Sink) {
        if !addressed.iter().any(|entry| entry.template.open) {
            return;
        }
        for item in &self.detections.items {
            let is_plain = item.modifiers.kind == Kind::Plain && item.modifiers.part == Part::Whole;
            let Some(field) = item.field.filter(|field| is_plain && EVENT_IDS.contains(field)) else { continue };
            if addressed.iter().any(|entry| !entry.values(field).is_empty()) {
                continue;
            }
            for value in &item.values {
                let Raw::Text(text) = value.raw else { continue };
                if text.is_empty() || text.contains(['*', '?', '%']) || text.bytes().any(|byte| byte.is_ascii_digit()) {
                    continue;
                }
                let message = format!("`{field}` is a number, and `{}` is none", clip(text));
                let found = sink.diagnostic(&codes::IMPOSSIBLE_VALUE, value.span, message);
                sink.push(found.with_help("write the number of the event"));
            }
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

    fn unknown_log_source(&self, sink: &mut Sink) {
        let known = self.catalogue.log_sources();
        type Part = fn(&LogSource) -> Option<&String>;
        let parts: [Part; 3] =
            [|source| source.category.as_ref(), |source| source.service.as_ref(), |source| source.product.as_ref()];
        // The part that nothing serves; all of them where only their combination is unknown.
        let mut wrong = None;
        for part in parts {
            let Some(value) = part(self.logsource).map(String::as_str) else { continue };
            let all: Vec<&str> = known.iter().filter_map(|source| part(source)).map(String::as_str).collect();
            if !all.contains(&value) {
                let near = closest(value, all.iter().copied())
                    .or_else(|| all.iter().copied().find(|name| value.len() > 2 && name.starts_with(value)));
                wrong = wrong.filter(|(_, near): &(&str, Option<&str>)| near.is_some()).or(Some((value, near)));
            }
        }
        let span = wrong.and_then(|(value, _)| self.part_span(value, sink)).unwrap_or(self.logsource_span);
        let message = format!("no template type serves the log source `{}`", self.logsource);
        let found = sink.diagnostic(&codes::UNKNOWN_LOG_SOURCE, span, message);
        let channel = wrong.and_then(|(value, _)| self.service_of(value));
        let is_category = |name: &str| known.iter().any(|source| source.category.as_deref() == Some(name));
        let is_service = |name: &str| known.iter().any(|source| source.service.as_deref() == Some(name));
        let found = found.with_help(match wrong {
            Some((value, _)) if let Some(service) = channel => {
                format!("`{}` is a channel: its service is named `{service}`", clip(value))
            }
            Some((value, None)) if self.logsource.service.as_deref() == Some(value) && is_category(value) => {
                format!("`{value}` is a category: write `category: {value}`")
            }
            Some((value, None)) if self.logsource.category.as_deref() == Some(value) && is_service(value) => {
                format!("`{value}` is a service: write `service: {value}`")
            }
            Some(("sysmon", _)) => "Sysmon is a service of Windows: write `product: windows`".to_owned(),
            Some((value, Some(right))) => format!("did you mean `{right}` where you wrote `{}`?", clip(value)),
            _ => match nearest(self.logsource, &known) {
                Some(near) => format!(
                    "the nearest that is known is `{near}`; `contentcheck fields --list` lists all, and a template type of your own can serve another one"
                ),
                None => "correct it (`contentcheck fields --list` lists those that are known), or declare a template type that serves it; until then no field of this rule is checked".to_owned(),
            },
        });
        sink.push(found);
    }

    /// Where a part of the log source is written.
    fn part_span(&self, value: &str, sink: &Sink) -> Option<Span> {
        let text = head(sink.source().slice(self.logsource_span), 1_000);
        let at = text.to_ascii_lowercase().find(&format!(": {value}")).map(|at| at + 2)?;
        let start = self.logsource_span.start as usize + at;
        Some(Span::new(start, start + value.len()))
    }

    /// The service by which rules name a channel.
    fn service_of(&self, channel: &str) -> Option<&str> {
        let is = |of: &Recognition| {
            of.name == "Channel" && of.values.iter().any(|value| value.text().eq_ignore_ascii_case(channel))
        };
        let template = self.catalogue.newest().into_iter().find(|template| template.reads.iter().any(is))?;
        template.serves.iter().find_map(|source| source.service.as_deref())
    }

    /// Reports a channel that no template type has, which is an unknown service by another name: true where there is
    /// one. Nothing else can be said of the fields of such a rule.
    fn unknown_channel(&self, entries: &[&Entry], sink: &mut Sink) -> bool {
        if self.logsource.service.is_some() || self.logsource.category.is_some() {
            return false;
        }
        let mut found = false;
        for (item, prepared) in self.detections.items.iter().zip(&self.prepared) {
            let (Some(field @ "Channel"), Some(Expr::Is(test))) = (item.field, prepared.tests()) else { continue };
            let has = |entry: &&Entry| match entry.values(field) {
                [] => entry.template.open || entry.declared(field).is_some(),
                values => values.iter().any(|value| value.passes(test) != Some(false)),
            };
            let Some(first) = item.values.first().filter(|_| !item.modifiers.not_equal && !entries.iter().any(has))
            else {
                continue;
            };
            let message = format!("no template type is for events of the channel `{}`", clip(&first.text));
            let diagnostic = sink.diagnostic(&codes::UNKNOWN_LOG_SOURCE, first.span, message);
            sink.push(diagnostic.with_help(
                "correct it, or declare a template type that `reads` the channel; until then no field of this rule is checked",
            ));
            found = true;
        }
        found
    }

    /// Fields that none of the addressed template types has.
    fn unknown_fields(&self, addressed: &[&Entry], sink: &mut Sink) {
        if addressed.is_empty() || addressed.iter().any(|entry| entry.template.open) {
            return;
        }
        let mut reported: Vec<&str> = Vec::new();
        for item in &self.detections.items {
            let other = (item.modifiers.kind == Kind::FieldRef)
                .then(|| item.values.iter().map(|value| (&*value.text, value.span)));
            let names = item.field.map(|field| (field, item.field_span)).into_iter().chain(other.into_iter().flatten());
            for (field, span) in names {
                if reported.len() > limits::DIAGNOSTICS {
                    return;
                }
                if reported.contains(&field) || addressed.iter().any(|entry| entry.declared(field).is_some()) {
                    continue;
                }
                reported.push(field);
                let serving = match addressed {
                    [only] => format!("`{}` does not have", only.template),
                    many => format!("none of the {} template types that this rule addresses has", many.len()),
                };
                let mut found =
                    sink.diagnostic(&codes::UNKNOWN_FIELD, span, format!("{serving} the field `{}`", clip(field)));
                let names: Vec<&str> = addressed.iter().flat_map(|entry| entry.template.names()).collect();
                let twin = names.iter().find(|name| name.eq_ignore_ascii_case(field));
                let full = reported.len() > 50 || sink.is_full();
                let told = if full { None } else { advice::field(field, &names).or_else(|| self.elsewhere(field)) };
                found = match (twin, told, advice::slip(field, &names)) {
                    (Some(name), ..) => found.with_help(format!("names of fields differ by case: it is `{name}`")),
                    (_, Some(help), _) => found.with_help(help),
                    (.., Some(name)) => found.with_help(format!("did you mean `{name}`?")),
                    _ => found.with_help(format!(
                        "a predicate on it is never true; `contentcheck fields {}` lists what there is",
                        match addressed {
                            [only] => format!("--template {}", only.template.name),
                            _ => format!("--logsource {}", self.logsource.short()),
                        }
                    )),
                };
                sink.push(found);
            }
        }
    }

    /// The categories of the same product whose events have a field.
    fn elsewhere(&self, field: &str) -> Option<String> {
        let has = |source: &&LogSource| {
            let entries = self.catalogue.candidates(source);
            let mut entries = entries.iter().filter_map(|index| self.catalogue.entry(*index));
            entries
                .any(|entry| !entry.template.open && entry.declared(field).is_some() && entry.values(field).is_empty())
        };
        let sources = self.catalogue.log_sources().into_iter();
        let sources = sources.filter(|source| source.product == self.logsource.product);
        let mut names: Vec<&str> = sources.filter(has).filter_map(|source| source.category.as_deref()).collect();
        names.sort_unstable_by_key(|name| (name.len(), *name));
        names.dedup();
        let shown: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
        (!shown.is_empty())
            .then(|| format!("it is a field of {}; a rule reads the events of its own log source", shown.join(", ")))
    }

    /// Values of a fixed name (`EventID`) for which there is no event, or whose events lack a
    /// field that the rule needs.
    fn values_without_event(&self, entries: &[&Entry], addressed: &[&Entry], targets: &[&Entry], sink: &mut Sink) {
        let open = entries.iter().any(|entry| entry.template.open);
        let fixed: Vec<&TemplateType> =
            addressed.iter().filter(|of| !of.template.open).map(|of| &*of.template).collect();
        for (item, prepared) in self.detections.items.iter().zip(&self.prepared) {
            let (Some(field), Some(Expr::Is(test))) = (item.field, prepared.tests()) else { continue };
            let Test::Text { patterns, all: false } = &**test else { continue };
            if item.modifiers.not_equal
                || patterns.len() != item.values.len()
                || !entries.iter().any(|entry| !entry.values(field).is_empty())
            {
                continue;
            }
            let mut asked = HashSet::new();
            for (pattern, value) in patterns.iter().zip(&item.values) {
                // What is said of one is said of all that are written alike, and no more is kept than a file may have.
                if sink.is_full() {
                    return;
                }
                if !asked.insert(&*value.text) {
                    continue;
                }
                let alone = Test::Text { patterns: vec![pattern.clone()], all: false };
                let has = |entry: &&&Entry| match entry.values(field) {
                    [] => entry.declared(field).is_some(),
                    values => values.iter().any(|value| value.passes(&alone) != Some(false)),
                };
                if targets.iter().any(|entry| has(&entry)) {
                    continue;
                }
                let lacking: Vec<&&Entry> = addressed.iter().filter(has).collect();
                if let Some(entry) = lacking.first() {
                    // The rule as a whole is reported where it has no target at all.
                    if targets.is_empty() {
                        continue;
                    }
                    let why = lacks(entry, &self.missing_fields(entry));
                    let value_text = clip(&value.text);
                    let with = Some((field, &*value.text));
                    let is_left = targets.iter().any(|of| of.template.open && self.leaves(of, &fixed, with));
                    let found = match (is_left, entry.values(PROVIDER)) {
                        (false, _) => sink
                            .diagnostic(
                                &codes::DEAD_BRANCH,
                                value.span,
                                format!("the rule cannot fire for {field} {value_text}: {why}"),
                            )
                            .with_help("remove the value, or read a field that these events have"),
                        (true, [provider, ..]) if field == EVENT_ID && matches!(pattern.pattern, Pattern::Equals(_)) => sink
                            .diagnostic(
                                &codes::DEAD_BRANCH,
                                value.span,
                                format!("for {field} {value_text} the rule fires on no event of {provider}: {why}"),
                            )
                            .with_help(
                                "name the provider whose event is meant (`Provider_Name`), or read a field that these events have",
                            ),
                        (true, _) => continue,
                    };
                    sink.push(found);
                } else if !open && !entries.iter().any(|entry| has(&entry)) {
                    let found = sink
                        .diagnostic(
                            &codes::IMPOSSIBLE_VALUE,
                            value.span,
                            format!(
                                "no template type that serves `{}` has {field} {}",
                                self.logsource,
                                clip(&value.text)
                            ),
                        )
                        .with_help(source_help(field, entries, self.logsource));
                    sink.push(found);
                }
            }
        }
    }

    /// Fields of the rule that a template type lacks, in the order of the rule.
    fn missing_fields(&self, entry: &Entry) -> Vec<&str> {
        let mut fields: Vec<&str> = Vec::new();
        let mut note = |index: usize| {
            if let Some((Item { field: Some(field), .. }, _)) = self.item(index)
                && entry.declared(field).is_none()
                && !fields.contains(field)
            {
                fields.push(field);
            }
        };
        self.condition.each(&mut |leaf, negated| {
            if let (Leaf::Item(index), false) = (leaf, negated) {
                note(*index);
            }
        });
        fields
    }

    fn never_fires(&self, entries: &[&Entry], addressed: &[&Entry], sink: &mut Sink) {
        let excluded = self.decided(entries).filter(|(_, value)| *value && addressed.is_empty());
        let excluded = excluded.and_then(|(item, _)| Some((item.field?, item.span)));
        let (message, help, span) = match (addressed.first(), excluded) {
            (Some(entry), _) => (
                format!("the rule can never fire: {}", lacks(entry, &self.missing_fields(entry))),
                "correct the log source, the event id or the field",
                self.logsource_span,
            ),
            (None, Some((field, span))) => (
                format!(
                    "the rule can never fire: this `{}` is that of every event of `{}`, and the condition excludes it",
                    clip(field),
                    self.logsource
                ),
                "remove the `not`, or the value",
                span,
            ),
            (None, None) => (
                format!("the rule can never fire: it addresses no event of `{}`", self.logsource),
                "correct the log source, the event id or the field",
                self.logsource_span,
            ),
        };
        sink.push(sink.diagnostic(&codes::NEVER_FIRES, span, message).with_help(help));
    }

    /// Selections that no addressed template type can feed, while others still can.
    fn dead_selections(&self, addressed: &[&Entry], sink: &mut Sink) {
        if addressed.iter().any(|entry| entry.template.open) {
            return;
        }
        for selection in &self.detections.selections {
            let expr = body(&selection.body);
            let dead = addressed.iter().all(|entry| {
                Known::of(&expr, &mut |index| self.item_known(entry, index, Missing::Absent, &[])) == Known::False
            });
            let fed = |entry: &&&Entry| {
                Known::of(&expr, &mut |index| self.item_known(entry, index, Missing::Unknown, &[])) != Known::False
            };
            let Some(entry) = addressed.iter().find(fed).filter(|_| dead) else { continue };
            let mut fields: Vec<&str> = Vec::new();
            expr.each(&mut |leaf, _| {
                if let Leaf::Item(index) = leaf
                    && let Some((Item { field: Some(field), .. }, _)) = self.item(*index)
                    && entry.declared(field).is_none()
                    && !fields.contains(field)
                {
                    fields.push(field);
                }
            });
            // A field that no template type has was reported as unknown.
            if fields.iter().any(|field| addressed.iter().all(|entry| entry.declared(field).is_none())) {
                continue;
            }
            let found = sink
                .diagnostic(
                    &codes::DEAD_BRANCH,
                    selection.span,
                    format!("the selection `{}` is never true: {}", clip(selection.name), lacks(entry, &fields)),
                )
                .with_help("read a field that these events have, or remove the selection");
            sink.push(found);
        }
    }

    /// Whether the condition has a part that is not true of every event of these template types.
    fn asks_for_more(&self, entries: &[&Entry]) -> bool {
        let mut found = false;
        self.condition.each(&mut |leaf, negated| {
            found |= negated
                || matches!(leaf, Leaf::Item(index) if entries
                    .iter()
                    .any(|entry| self.item_known(entry, *index, Missing::Absent, &[]) != Known::True));
        });
        found
    }

    /// A rule that what its template types fix or lack makes true.
    fn always_on(&self, entries: &[&Entry], sink: &mut Sink) {
        let decided = self.decided(entries).and_then(|(item, value)| Some((item.field?, item.span, value)));
        let message = format!("the rule fires on every event of `{}`", self.logsource);
        let span = decided.map_or(self.logsource_span, |(_, span, _)| span);
        let found = sink.diagnostic(&codes::ALWAYS_FIRES, span, message);
        sink.push(found.with_help(match decided {
            Some((field, _, value)) => format!(
                "this `{}` is {} each of them: ask for something that differs between events",
                clip(field),
                if value { "that of" } else { "not that of" }
            ),
            None => "give it a value that selects something".to_owned(),
        }));
    }

    /// An item of the condition that has the same answer on every event of these template types, and the answer.
    fn decided(&self, entries: &[&Entry]) -> Option<(&Item<'_>, bool)> {
        let mut found = None;
        self.condition.each(&mut |leaf, negated| {
            let Leaf::Item(index) = leaf else { return };
            let all = |known: Known| {
                entries.iter().all(|entry| self.item_known(entry, *index, Missing::Absent, &[]) == known)
            };
            // What the negation makes of it decides.
            if found.is_none() && negated && !entries.is_empty() {
                let value = if all(Known::True) { Some(true) } else { all(Known::False).then_some(false) };
                found = self.item(*index).zip(value).map(|((item, _), value)| (item, value));
            }
        });
        if found.is_none() {
            self.condition.each(&mut |leaf, _| {
                let Leaf::Item(index) = leaf else { return };
                let is_true = !entries.is_empty()
                    && entries.iter().all(|entry| self.item_known(entry, *index, Missing::Absent, &[]) == Known::True);
                if found.is_none() && is_true {
                    found = self.item(*index).map(|(item, _)| (item, true));
                }
            });
        }
        found
    }

    /// A rule that is true whatever the values are. Says whether it is one.
    fn always_fires(&self, targets: &[&Entry], sink: &mut Sink) -> bool {
        let total = |entry: &&Entry| {
            Known::of(self.condition, &mut |index| {
                let Some((item, prepared)) = self.item(index) else { return Known::Open };
                let (Some(field), Some(Expr::Is(test))) = (item.field, prepared.tests()) else { return Known::Open };
                let lacks = |field| self.catalogue.suppliers().may_lack(&entry.template, field, None);
                // What takes longest is asked last: few tests accept everything.
                let is_list = entry.describe(field).is_some_and(|info| info.ty.list);
                let certain = accepts_everything(test, is_list)
                    && entry.values(field).is_empty()
                    && entry.declared(field).is_some_and(|field| !lacks(field));
                let known = if certain { Known::True } else { Known::Open };
                if item.modifiers.not_equal { known.negate() } else { known }
            }) == Known::True
        };
        if targets.iter().all(total) {
            let span = self.detections.selections.first().map_or(self.logsource_span, |selection| selection.span);
            let found = sink
                .diagnostic(
                    &codes::ALWAYS_FIRES,
                    span,
                    format!("the rule fires on every event of `{}`", self.logsource),
                )
                .with_help("give it a value that selects something");
            sink.push(found);
            return true;
        }
        false
    }
}

/// The known log source that has the most in common with one that nothing serves, where that is a part at least.
fn nearest<'a>(wanted: &LogSource, known: &[&'a LogSource]) -> Option<&'a LogSource> {
    let shared = |other: &LogSource| {
        let parts = [
            (&wanted.category, &other.category, 4),
            (&wanted.service, &other.service, 4),
            (&wanted.product, &other.product, 2),
        ];
        let score = |(wanted, other, weight): (&Option<String>, &Option<String>, u32)| match (wanted, other) {
            (Some(wanted), Some(other)) if wanted == other => weight * 2,
            (Some(_), Some(_)) | (None, None) => 0,
            _ => 1,
        };
        let is_shared = parts.iter().any(|(wanted, other, weight)| *weight == 4 && wanted.is_some() && wanted == other);
        is_shared.then(|| parts.into_iter().map(score).sum::<u32>())
    };
    known
        .iter()
        .filter_map(|other| Some((shared(other)?, *other)))
        .max_by_key(|(score, _)| *score)
        .map(|(_, other)| other)
}

/// What to do about a value that no event of a log source has, as far as the template types know.
fn source_help(field: &str, entries: &[&Entry], logsource: &LogSource) -> String {
    // Which provider reports an event is up to who records it; which numbers a provider has is not.
    if !["provider_name", "providername", "provider", "channel"].contains(&field.to_ascii_lowercase().as_str()) {
        return "correct the value or the log source".to_owned();
    }
    let values = entries.iter().flat_map(|entry| entry.values(field));
    let mut known: Vec<String> = values.map(|value| value.text().into_owned()).collect();
    known.sort_unstable();
    known.dedup();
    let more = if known.len() > 3 { " and others" } else { "" };
    let shown: Vec<String> = known.iter().take(3).map(|known| format!("`{}`", clip(known))).collect();
    format!(
        "the template types for `{logsource}` recognise events of {}{more} alone; where events of another one are recorded, declare a template type that `reads` it and `serves` the log source, else write what was meant",
        shown.join(", ")
    )
}

fn lacks(entry: &Entry, fields: &[&str]) -> String {
    let quoted: Vec<String> = fields.iter().map(|field| format!("`{}`", clip(field))).collect();
    match quoted.as_slice() {
        [] => format!("`{}` contradicts its condition", entry.template),
        _ => format!("`{}` has no field {}", entry.template, quoted.join(" and no field ")),
    }
}

/// Whether every value of a field passes. An element of a list may, and an empty list has none.
fn accepts_everything(test: &Test, is_list: bool) -> bool {
    match test {
        Test::Exists => true,
        Test::Text { patterns, all: false } => {
            !is_list && patterns.iter().any(|pattern| text::is_everything(&pattern.pattern))
        }
        _ => false,
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
