//! Recorded events in all ways in which template types tell them apart.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use contentcheck_analysis::{Analysis, Fires, Witness};
use contentcheck_model::claims::spelled_as;
use contentcheck_model::expression::Expr;
use contentcheck_model::predicate::Predicate;
use contentcheck_model::rule::Target;
use contentcheck_model::template::{Fixed, Recognition, TemplateType};
use serde_json::{Map, Value};

/// Events of one template type that are told apart.
const EVENTS: usize = 65_536;
/// Those of them in which a rule looks for what it finds.
const FOUND: usize = 512;

/// What an event says under the names by which events are recognised.
pub(super) type Said<'t> = BTreeMap<&'t str, &'t Fixed>;

/// What an event may say under each name of `reads`: one of some values that the same template types ask for.
type Kind<'t> = Vec<(&'t str, Vec<&'t Fixed>)>;

/// Which template types of two releases ask for a value under a name, by their numbers. A recorded value is a text and a number at once.
pub(super) struct Kinds(HashMap<(String, String), Vec<usize>>);

/// An event that a rule finds on a template type.
pub(super) struct One {
    /// What was asked for besides what the rule asks for.
    pub(super) kind: Vec<Expr<Predicate>>,
    pub(super) event: Witness,
}

/// Events that a rule finds on a template type, one of each kind.
#[derive(Default)]
pub(super) struct Found {
    pub(super) events: Vec<One>,
    /// Why there may be more.
    pub(super) unknown: Option<String>,
}

impl Kinds {
    pub(super) fn new<'t>(templates: impl Iterator<Item = &'t Arc<TemplateType>>) -> Self {
        let mut askers: HashMap<(String, String), Vec<usize>> = HashMap::new();
        for (at, template) in templates.enumerate() {
            for Recognition { name, values } in &template.reads {
                for value in values {
                    askers.entry(Self::key(name, value)).or_default().push(at);
                }
            }
        }
        Self(askers)
    }

    fn key(name: &str, value: &Fixed) -> (String, String) {
        (name.to_owned(), value.text().to_ascii_lowercase())
    }

    fn asking(&self, name: &str, value: &Fixed) -> &[usize] {
        self.0.get(&Self::key(name, value)).map_or(&[], Vec::as_slice)
    }

    /// Events that have what a template type reads, in all ways that template types tell apart: of values under a name that the same of them ask
    /// for, one; with what each of the changed ones asks for besides; and without one of the names, as exporters leave them out. None where there
    /// are too many.
    pub(super) fn of<'t>(&self, template: &'t TemplateType, changed: &'t [Arc<TemplateType>]) -> Option<Vec<Said<'t>>> {
        let mut all: Vec<Said<'t>> = vec![BTreeMap::new()];
        for Recognition { name, values } in &template.reads {
            let kinds: BTreeMap<&[usize], &Fixed> =
                values.iter().map(|value| (self.asking(name, value), value)).collect();
            all = extended(&all, kinds.values().map(|value| vec![(name.as_str(), *value)]))?;
        }
        let whole = all.clone();
        for of in changed {
            let besides: Vec<&Recognition> =
                of.reads.iter().filter(|of| template.reads.iter().all(|own| own.name != of.name)).collect();
            let first = || besides.iter().filter_map(|of| Some((of.name.as_str(), of.values.first()?)));
            // Each value of each name is in one event, beside the first ones of the others.
            let each = besides.iter().flat_map(|of| of.values.iter().map(|value| (of.name.as_str(), value)));
            all.extend(extended(&whole, each.map(|one| first().chain([one]).collect()))?);
        }
        if template.reads.len() > 1 {
            let without =
                |name: &str| all.iter().cloned().map(move |mut said| (said.remove(name), said).1).collect::<Vec<_>>();
            let lacking: Vec<Said<'t>> = template.reads.iter().flat_map(|of| without(&of.name)).collect();
            all.extend(lacking);
        }
        Some(all)
    }

    /// Events that a target asks for, one of each kind; first the one that is found first.
    pub(super) fn found(&self, analysis: &mut Analysis<'_>, target: &Target) -> Found {
        let template = &target.template;
        let mut found = Found::default();
        match analysis.fires(target) {
            Fires::Never(_) => return found,
            Fires::Yes(event) => found.events.push(One { kind: Vec::new(), event }),
            Fires::Unknown(reason) => found.unknown = Some(reason.to_string()),
        }
        let Some(kinds) = self.asked(template) else {
            found.unknown = Some("its `reads` have more values that others ask for than are tried".to_owned());
            return found;
        };
        for kind in kinds {
            let is = |(name, values): &(&str, Vec<&Fixed>)| spelled_as(template, name, values.iter().copied());
            let kind: Vec<_> = kind.iter().map(is).collect();
            let asked = [target.condition.clone()].into_iter().chain(kind.iter().cloned());
            match analysis.fires(&target.with_condition(Expr::All(asked.collect()))) {
                Fires::Never(_) => {}
                Fires::Yes(event) => found.events.push(One { kind, event }),
                Fires::Unknown(reason) => found.unknown = Some(reason.to_string()),
            }
        }
        found
    }

    /// The values of each name of `reads`, in all ways: those that the same template types ask for are together. None where there are too many ways.
    fn asked<'t>(&self, template: &'t TemplateType) -> Option<Vec<Kind<'t>>> {
        let mut all = vec![Vec::new()];
        for Recognition { name, values } in &template.reads {
            let mut together: BTreeMap<&[usize], Vec<&Fixed>> = BTreeMap::new();
            for value in values {
                together.entry(self.asking(name, value)).or_default().push(value);
            }
            let ways = all.len() * together.len();
            let with = |values: &Vec<&'t Fixed>| -> Vec<_> {
                let one = (name.as_str(), values.clone());
                all.iter().map(move |kind: &Kind<'t>| kind.iter().cloned().chain([one.clone()]).collect()).collect()
            };
            all = Some(ways).filter(|ways| *ways <= FOUND).map(|_| together.values().flat_map(with).collect())?;
        }
        Some(all)
    }
}

/// Each event with each of these additions. None where there are too many.
fn extended<'t>(
    events: &[Said<'t>],
    additions: impl Iterator<Item = Vec<(&'t str, &'t Fixed)>>,
) -> Option<Vec<Said<'t>>> {
    let mut extended = Vec::new();
    for addition in additions {
        if extended.len() + events.len() > EVENTS {
            return None;
        }
        extended.extend(events.iter().map(|said| {
            let mut said = said.clone();
            said.extend(addition.iter().copied());
            said
        }));
    }
    Some(extended)
}

/// What an event says, as a recorder writes it.
pub(super) fn as_record(said: &Said<'_>) -> Map<String, Value> {
    let value = |fixed: &Fixed| match fixed {
        Fixed::Text(text) => Value::from(text.as_str()),
        Fixed::Int(number) => Value::from(*number),
    };
    said.iter().map(|(name, fixed)| ((*name).to_owned(), value(fixed))).collect()
}
