//! Seen: what events had of what rules read.
//!
//! An export in another shape is recognised by what its log says of its events, while everything that rules look at is
//! called otherwise in it. Then nothing matches, and nothing else tells.

use contentcheck_events::{Field, Flat, Scratch};
use contentcheck_model::template::TemplateType;

use crate::plan::{Plan, Route};

/// For each template type of a plan, its events and what none of them had so far.
#[derive(Clone, Debug)]
pub struct Seen {
    of: Vec<OfTemplate>,
}

#[derive(Clone, Debug, Default)]
struct OfTemplate {
    events: u64,
    /// Those that had anything that rules read besides what they are recognised by.
    shown: u64,
    /// Positions in the layout of inputs that rules read and that events are not recognised by.
    own: Vec<usize>,
    /// Whether every event shows something: rules look at all values, or at nothing but what it is recognised by.
    shows_all: bool,
    /// Positions in the layout of inputs that rules read and that no event had.
    never: Vec<usize>,
    /// Fields that the oldest events of the template type have, read by rules or not.
    unmet: Vec<String>,
    /// Positions in the layout of inputs that rules read and every event should have.
    counted: Vec<usize>,
    /// The fields of `unmet` before the first event.
    oldest: Vec<String>,
    /// Events in another shape: without anything of `own`, though rules read what every event should have, and without
    /// most of `oldest`.
    foreign: u64,
}

/// Inputs of a template type that rules read and that none of its events had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// The template type.
    pub template: String,
    /// Its events.
    pub events: u64,
    /// How many inputs rules read.
    pub read: usize,
    /// Those that no event had; those that most rules read first.
    pub inputs: Vec<Absent>,
    /// Whether the events are in another shape: they lack most of what every event of the template type has.
    pub is_foreign: bool,
    /// How many events are in another shape, each by itself: no rule sees anything in them.
    pub foreign: u64,
}

/// An input that no event had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// Its name.
    pub name: String,
    /// How many rules read it.
    pub rules: usize,
}

impl Lacking {
    /// In words, without the template type: `all of its events lack 3 of the 7 inputs that rules read: ...`.
    #[must_use]
    pub fn words(&self) -> String {
        /// Inputs that are named.
        const NAMED: usize = 5;
        if self.foreign > 0 && self.foreign < self.events {
            let (foreign, events) = (self.foreign, self.events);
            return format!("{foreign} of its {events} events have nothing of what rules read");
        }
        let named = self.inputs.iter().take(NAMED).enumerate().map(|(at, Absent { name, rules })| match (at, rules) {
            (0, 1) => format!("`{name}` (read by 1 rule)"),
            (0, rules) => format!("`{name}` (read by {rules} rules)"),
            (_, rules) => format!("`{name}` ({rules})"),
        });
        let named: Vec<String> = named.collect();
        let more = match self.inputs.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let events = if self.events == 1 { "its only event lacks" } else { "all of its events lack" };
        let which = match (self.inputs.len(), self.read) {
            (1, 1) => "the only input that rules read".to_owned(),
            (lacked, read) if lacked == read => format!("all {read} inputs that rules read"),
            (lacked, read) => format!("{lacked} of the {read} inputs that rules read"),
        };
        format!("{events} {which}: {}{more}", named.join(", "))
    }
}

/// The inputs that rules read and an event of the template type should have: numbered fields that are not optional, and
/// of an open template type whatever is none of the log's names. Positions in the layout.
fn counted(plan: &Plan, route: Route) -> Vec<usize> {
    let (Some(stop), Some(template)) = (plan.stop(route), plan.template(route)) else { return Vec::new() };
    let is_counted = |name: &str| match template.find(name) {
        Some(info) => info.position().is_some() && !info.ty.optional,
        None => template.open,
    };
    stop.read().iter().copied().filter(|at| stop.layout().name(*at).is_some_and(is_counted)).collect()
}

/// The fields that even the oldest events have. A template type has the union of all versions in the order in which
/// they appeared, so these are among the first half.
fn oldest(template: &TemplateType) -> Vec<String> {
    if template.open {
        return Vec::new();
    }
    let required = template.fields.iter().flatten().filter(|field| !field.ty.optional);
    let mut names: Vec<String> = required.map(|field| field.name.clone()).collect();
    names.truncate(names.len().div_ceil(2));
    names
}

impl Seen {
    pub(crate) fn new(plan: &Plan) -> Self {
        let of = plan.routes().map(|(route, template)| match plan.stop(route) {
            Some(stop) => OfTemplate {
                shows_all: stop.own().is_empty() || stop.shows_others(),
                own: stop.own().to_vec(),
                never: stop.read().to_vec(),
                unmet: oldest(template),
                counted: counted(plan, route),
                oldest: oldest(template),
                ..OfTemplate::default()
            },
            None => OfTemplate::default(),
        });
        Self { of: of.collect() }
    }

    /// Counts an event that belongs to a template type.
    pub(crate) fn count(&mut self, route: Route) {
        if let Some(of) = self.of.get_mut(route.0) {
            of.events += 1;
        }
    }

    /// Notes what the event had that was just presented.
    pub(crate) fn note(&mut self, route: Route, flat: &Flat<'_>, scratch: &Scratch) {
        let Some(of) = self.of.get_mut(route.0) else { return };
        let shows = of.own.iter().any(|position| scratch.has(*position));
        of.shown += u64::from(of.shows_all || shows);
        if !shows && !of.counted.is_empty() && !of.oldest.is_empty() {
            let lacks = |name: &&String| flat.get(name).is_none_or(|field| matches!(field, Field::Null));
            of.foreign += u64::from(of.oldest.iter().filter(lacks).count() * 2 > of.oldest.len());
        }
        // Nearly always both are short after a few events.
        if !of.never.is_empty() {
            of.never.retain(|position| !scratch.has(*position));
        }
        if !of.unmet.is_empty() {
            of.unmet.retain(|name| flat.get(name).is_none_or(|field| matches!(field, Field::Null)));
        }
    }

    /// Adds what other events of the same plan had.
    pub fn merge(&mut self, other: &Self) {
        for (all, part) in self.of.iter_mut().zip(&other.of) {
            all.events += part.events;
            all.shown += part.shown;
            all.foreign += part.foreign;
            all.never.retain(|position| part.never.contains(position));
            all.unmet.retain(|name| part.unmet.contains(name));
        }
    }

    /// How many events belong to a template type.
    #[must_use]
    pub fn events(&self, route: Route) -> u64 {
        self.of.get(route.0).map_or(0, |of| of.events)
    }

    /// How many of them had anything that rules read besides what they are recognised by.
    #[must_use]
    pub fn shown(&self, route: Route) -> u64 {
        self.of.get(route.0).map_or(0, |of| of.shown)
    }

    /// The inputs of a template type that rules read and that none of its events had, whatever the template type says of them.
    pub fn never<'p>(&self, plan: &'p Plan, route: Route) -> impl Iterator<Item = &'p str> {
        let of = self.of.get(route.0).map_or(&[][..], |of| &of.never);
        of.iter().filter_map(move |position| plan.stop(route)?.layout().name(*position))
    }

    /// What rules read and no event had, for each template type that had events, those with the most rules first. Of
    /// open template types that is told only where it is all that rules read: their events are of many kinds.
    #[must_use]
    pub fn lacking(&self, plan: &Plan) -> Vec<Lacking> {
        let mut found: Vec<Lacking> = plan
            .routes()
            .zip(&self.of)
            .filter(|(_, of)| of.events > 0)
            .filter_map(|((route, template), of)| {
                let mut inputs: Vec<Absent> = of
                    .never
                    .iter()
                    .filter(|position| of.counted.contains(position))
                    .filter_map(|position| plan.stop(route)?.layout().name(*position))
                    .map(|name| Absent { name: name.to_owned(), rules: plan.readers(route, name) })
                    .collect();
                inputs.sort_by(|a, b| b.rules.cmp(&a.rules).then_with(|| a.name.cmp(&b.name)));
                let read = of.counted.len();
                if of.foreign == 0 && (inputs.is_empty() || template.open && inputs.len() < read) {
                    return None;
                }
                let is_foreign = of.foreign > 0 || !template.open && of.unmet.len() * 2 > of.oldest.len();
                let (events, foreign) = (of.events, of.foreign);
                Some(Lacking { template: template.name.clone(), events, read, inputs, is_foreign, foreign })
            })
            .collect();
        let most = |lacking: &Lacking| lacking.inputs.first().map_or(0, |absent| absent.rules);
        found.sort_by(|a, b| {
            b.is_foreign.cmp(&a.is_foreign).then(most(b).cmp(&most(a))).then_with(|| a.template.cmp(&b.template))
        });
        found
    }
}
