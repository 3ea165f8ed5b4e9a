//! Automata over characters: patterns of a text to languages, and texts that several of them have.

mod address;
mod dfa;
mod expression;
mod nfa;
mod number;
mod pattern;
mod product;
#[cfg(test)]
mod tests;

use contentcheck_model::predicate::{IntRange, Network, TextPattern, TimePart};
use rustc_hash::FxHashMap;

use crate::budget::Unknown;
use dfa::{Dfa, Row, StateId};
use nfa::Builder;
pub(crate) use number::Written;
pub(crate) use product::{Group, Search, search};

/// A language, by its index.
pub(crate) type LangId = u32;

/// What a language consists of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    /// Texts that match any of the patterns.
    Any(Box<[TextPattern]>),
    /// Texts of integers.
    Integers(Box<[(i64, i64)]>, Written),
    /// Texts of IPv4 addresses in any of the networks.
    V4(Box<[Network]>),
    /// What has the shape of an IPv6 address, and more.
    V6Shape,
    /// What has the shape of a number, and more.
    FloatShape,
    /// Texts that begin with such a time; the flag tells whether surely so.
    Time(TimePart, Box<[IntRange]>, bool),
}

/// All languages that were asked for.
#[derive(Default)]
pub(crate) struct Automata {
    dfas: Vec<Dfa>,
    ids: FxHashMap<Language, Result<LangId, Unknown>>,
    size: usize,
    /// The most states of one product so far.
    pub(crate) peak: usize,
    pub(crate) meter: Meter,
}

/// Counts the work of several questions together, where a caller has a limit for it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meter {
    done: u64,
    allowed: Option<u64>,
}

impl Meter {
    /// From now on so much more work may be done.
    pub(crate) fn allow(&mut self, work: u64) {
        self.allowed = Some(self.done.saturating_add(work));
    }

    /// Notes work, and tells whether more may be done.
    pub(crate) fn charge(&mut self, work: usize) -> bool {
        self.done = self.done.saturating_add(work as u64);
        !self.is_spent()
    }

    /// Whether all work that is allowed was done.
    pub(crate) fn is_spent(&self) -> bool {
        self.allowed.is_some_and(|allowed| self.done >= allowed)
    }
}

impl Automata {
    /// The automaton of a language, made on first use.
    ///
    /// # Errors
    /// When it needs more than `limit` nodes, or cannot be expressed.
    pub(crate) fn language(&mut self, language: Language, limit: usize) -> Result<LangId, Unknown> {
        if let Some(known) = self.ids.get(&language) {
            return *known;
        }
        let made = build(&language, limit).and_then(|builder| {
            let id = LangId::try_from(self.dfas.len()).map_err(|_| Unknown::Nodes)?;
            let dfa = Dfa::new(builder.finish());
            self.size += dfa.size();
            self.meter.charge(dfa.size());
            self.dfas.push(dfa);
            Ok(id)
        });
        self.ids.insert(language, made);
        made
    }

    /// Drops all automata.
    pub(crate) fn clear(&mut self) {
        *self = Self { peak: self.peak, meter: self.meter, ..Self::default() };
    }

    /// Nodes of all automata, and with them, by what they take, the states that were made.
    pub(crate) const fn size(&self) -> usize {
        self.size
    }

    fn start(&self, lang: LangId) -> StateId {
        self.dfas.get(lang as usize).map_or(dfa::DEAD, Dfa::start)
    }

    fn accepts(&self, lang: LangId, state: StateId) -> bool {
        self.dfas.get(lang as usize).is_some_and(|dfa| dfa.accepts(state))
    }

    fn distance(&self, lang: LangId, state: StateId) -> u32 {
        self.dfas.get(lang as usize).map_or(u32::MAX, |dfa| dfa.distance(state))
    }

    fn row(&mut self, lang: LangId, state: StateId) -> Row {
        match self.dfas.get_mut(lang as usize) {
            Some(dfa) => {
                let before = dfa.size();
                let row = dfa.row(state);
                self.size += dfa.size() - before;
                // What is new took as many steps as there are nodes in it, and more.
                self.meter.charge(64 * (dfa.size() - before));
                row
            }
            None => Row::from([(nfa::LAST, dfa::DEAD)]),
        }
    }

    /// Whether a language has a text.
    pub(crate) fn is_match(&mut self, lang: LangId, text: &str) -> bool {
        self.meter.charge(text.len());
        let Some(dfa) = self.dfas.get_mut(lang as usize) else { return false };
        let before = dfa.size();
        let found = dfa.is_match(text);
        self.size += dfa.size() - before;
        found
    }

    /// Whether a text is in a group.
    pub(crate) fn is_in(&mut self, group: &Group, text: &str) -> bool {
        group.members.iter().all(|lang| self.is_match(*lang, text)) == group.positive
    }
}

fn build(language: &Language, limit: usize) -> Result<Builder, Unknown> {
    let mut builder = Builder::new(limit);
    match language {
        Language::Any(patterns) => patterns.iter().try_for_each(|pattern| pattern::add(&mut builder, pattern))?,
        Language::Integers(ranges, written) => {
            ranges.iter().try_for_each(|(from, to)| number::add(&mut builder, *from, *to, *written))?;
        }
        Language::V4(networks) => networks.iter().try_for_each(|network| address::v4(&mut builder, network))?,
        Language::V6Shape => address::v6_shape(&mut builder)?,
        Language::FloatShape => address::float_shape(&mut builder)?,
        Language::Time(part, ranges, surely) => address::time(&mut builder, *part, ranges, *surely)?,
    }
    Ok(builder)
}
