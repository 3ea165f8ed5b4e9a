//! How often values did not convert, so that a command can say so.

use std::collections::BTreeMap;

use crate::layout::{Layout, Scratch};

/// Counts of values that did not convert to the type of their field, by template type and field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Tally {
    /// A tally of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts what [`Layout::present`] found last.
    pub fn add(&mut self, layout: &Layout, scratch: &Scratch) {
        if scratch.misfits().is_empty() {
            return;
        }
        if !self.counts.contains_key(layout.template()) {
            self.counts.insert(layout.template().to_owned(), BTreeMap::new());
        }
        let Some(fields) = self.counts.get_mut(layout.template()) else { return };
        for name in scratch.misfits().iter().filter_map(|position| layout.name(*position)) {
            match fields.get_mut(name) {
                Some(count) => *count += 1,
                None => drop(fields.insert(name.to_owned(), 1)),
            }
        }
    }

    /// Adds another tally to this one.
    pub fn merge(&mut self, other: Self) {
        for (template, fields) in other.counts {
            let into = self.counts.entry(template).or_default();
            for (field, count) in fields {
                *into.entry(field).or_default() += count;
            }
        }
    }

    /// Template type, field and count, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.counts.iter().flat_map(|(template, fields)| {
            fields.iter().map(move |(field, count)| (template.as_str(), field.as_str(), *count))
        })
    }

    /// Number of values that did not convert.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().flat_map(BTreeMap::values).sum()
    }
}
