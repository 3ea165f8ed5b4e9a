//! Events that no template type recognises: what they lack, and what most of them lack.

use std::collections::BTreeMap;

use contentcheck_events::{Field, Flat, Router};
use contentcheck_model::template::{Fixed, Recognition};

/// Names of which a reason speaks at most. So there are few reasons, whatever the events.
const NAMES: usize = 3;

/// Why events were not recognised.
#[derive(Debug, Default)]
pub struct Unrecognised {
    /// The first of them and what it lacks.
    first: Option<String>,
    reasons: BTreeMap<String, u64>,
}

impl Unrecognised {
    /// Counts an event that no template type recognises, where events come in no order: none is the first.
    pub fn count(&mut self, router: &Router, flat: &Flat<'_>) {
        *self.reasons.entry(reason(router, flat)).or_insert(0) += 1;
    }

    /// The same for events in their order; `place` says where it stands.
    pub fn note(&mut self, router: &Router, flat: &Flat<'_>, place: impl FnOnce() -> String) {
        let reason = reason(router, flat);
        if self.first.is_none() {
            self.first = Some(format!("{}, {reason}", place()));
        }
        *self.reasons.entry(reason).or_insert(0) += 1;
    }

    /// Adds those of a part, which has no first event that all would agree on.
    pub fn merge(&mut self, other: Self) {
        for (reason, count) in other.reasons {
            *self.reasons.entry(reason).or_insert(0) += count;
        }
        self.first = None;
    }

    /// Where the first of them stands, and what it lacks.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        self.first.as_deref()
    }

    /// The reason that most of them share, and how many do.
    #[must_use]
    pub fn commonest(&self) -> Option<(&str, u64)> {
        let most = self.reasons.iter().max_by_key(|(reason, count)| (**count, std::cmp::Reverse(*reason)))?;
        Some((most.0, *most.1))
    }
}

/// What an event lacks to be one of the template type that it is nearest to.
fn reason(router: &Router, flat: &Flat<'_>) -> String {
    let holds = |recognition: &Recognition| match flat.get(&recognition.name) {
        Some(Field::Text(text) | Field::Number(text)) => recognition.values.iter().any(|fixed| match fixed {
            Fixed::Text(fixed) => fixed.eq_ignore_ascii_case(text),
            Fixed::Int(fixed) => text.parse() == Ok(*fixed),
        }),
        _ => false,
    };
    let nearest = router
        .templates()
        .iter()
        .map(|template| (template, template.reads.iter().filter(|of| !holds(of)).collect::<Vec<_>>()))
        .filter(|(template, lacks)| !lacks.is_empty() && lacks.len() < template.reads.len())
        .min_by_key(|(template, lacks)| (lacks.len(), std::cmp::Reverse(template.reads.len())));
    if let Some((template, lacks)) = nearest {
        let lacks: Vec<String> = lacks
            .iter()
            .take(NAMES)
            .map(|of| match flat.get(&of.name) {
                None => format!("has no `{}`", of.name),
                Some(_) => format!("has another `{}`", of.name),
            })
            .collect();
        return format!("is nearly one of `{}`, but {}", template.name, lacks.join(" and "));
    }
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for recognition in router.templates().iter().flat_map(|template| &template.reads) {
        *names.entry(&recognition.name).or_insert(0) += 1;
    }
    // Names that many template types read first.
    let mut names: Vec<(&str, usize)> = names.into_iter().collect();
    names.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    let quoted = |names: &mut dyn Iterator<Item = &str>| {
        names.take(NAMES).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let there = quoted(&mut names.iter().map(|(name, _)| *name).filter(|name| flat.get(name).is_some()));
    if there.is_empty() {
        let some = quoted(&mut names.iter().map(|(name, _)| *name));
        format!("has none of the names by which template types recognise events, such as {some}")
    } else {
        format!("has values under {there} by which no template type recognises events")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commonest_reason_is_the_one_that_most_share() {
        let mut all = Unrecognised::default();
        assert_eq!(all.commonest(), None);
        for (reason, count) in [("b", 2), ("a", 2), ("c", 1)] {
            all.merge(Unrecognised { first: None, reasons: [(reason.to_owned(), count)].into() });
        }
        assert_eq!(all.commonest(), Some(("a", 2)));
        all.merge(Unrecognised { first: None, reasons: [("c".to_owned(), 2)].into() });
        assert_eq!(all.commonest(), Some(("c", 3)));
    }
}
