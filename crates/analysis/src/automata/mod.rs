//! Automata over characters: patterns of a text to languages, and strings that several of them have.

mod address;
mod dfa;
mod expression;
mod nfa;
mod number;
mod pattern;
mod product;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contentcheck_model::predicate::{IntRange, Network, Pattern, TextPattern, TimePart};
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
    /// Strings that match any of the patterns.
    Any(Box<[TextPattern]>),
    /// Strings of integers.
    Integers(Box<[(i64, i64)]>, Written),
    /// Strings of IPv4 addresses in any of the networks.
    V4(Box<[Network]>),
    /// What has the shape of an IPv6 address, and more.
    V6Shape,
    /// What has the shape of a number, and more.
    FloatShape,
    /// Strings that begin with such a time; the flag tells whether surely so.
    Time(TimePart, Box<[IntRange]>, bool),
}

impl Language {
    /// How long it is written, in steps.
    fn length(&self) -> usize {
        let pattern = |pattern: &TextPattern| match &pattern.pattern {
            Pattern::Equals(text) | Pattern::Contains(text) | Pattern::StartsWith(text) | Pattern::EndsWith(text) => {
                4 + text.len() / 8
            }
            Pattern::Like(parts) => 4 + 4 * parts.len(),
            Pattern::Matches(regex) => 4 + regex.pattern.len() / 8,
        };
        match self {
            Self::Any(patterns) => patterns.iter().map(pattern).sum(),
            Self::Integers(ranges, _) => ranges.len(),
            Self::V4(networks) => networks.len(),
            Self::Time(_, ranges, _) => ranges.len(),
            Self::V6Shape | Self::FloatShape => 1,
        }
    }
}

/// All languages that were asked for.
pub(crate) struct Automata {
    dfas: Vec<Dfa>,
    ids: FxHashMap<Language, Result<LangId, Unknown>>,
    size: usize,
    /// The most states of one product so far.
    pub(crate) peak: usize,
    pub(crate) meter: Meter,
    /// Nodes beyond which nothing more is made.
    kept: usize,
}

thread_local! {
    /// The steps of all analyses on this thread.
    static DONE: Cell<u64> = const { Cell::new(0) };
}

/// The steps that all analyses took on this thread so far, whoever asked: what bounds work that is made of many of them
/// looks at the difference.
#[must_use]
pub fn steps_on_this_thread() -> u64 {
    DONE.get()
}

/// Counts all work in steps of some nanoseconds each, and says when that of a question, or of several questions together,
/// is done.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    done: u64,
    /// The count at which the work of several questions is done.
    allowed: u64,
    /// The count at which that of this question is.
    question: u64,
    /// Set by whoever wants no answer any more.
    stop: Option<Arc<AtomicBool>>,
}

impl Default for Meter {
    fn default() -> Self {
        Self { done: 0, allowed: u64::MAX, question: u64::MAX, stop: None }
    }
}

impl Meter {
    /// From now on so much more work may be done.
    pub(crate) fn allow(&mut self, work: u64) {
        self.allowed = self.done.saturating_add(work);
    }

    /// No more work may be done once this is set.
    pub(crate) fn stop_at(&mut self, stop: Arc<AtomicBool>) {
        self.stop = Some(stop);
    }

    /// A question begins, for which so much work may be done.
    pub(crate) fn begin(&mut self, work: u64) {
        self.question = self.done.saturating_add(work);
    }

    /// What was done so far.
    pub(crate) const fn done(&self) -> u64 {
        self.done
    }

    /// Notes work, and tells whether more may be done.
    pub(crate) fn charge(&mut self, work: usize) -> bool {
        DONE.set(DONE.get().saturating_add(work as u64));
        self.done = self.done.saturating_add(work as u64);
        !self.is_spent()
    }

    /// Whether the work of several questions is done, so that no more of them is answered.
    pub(crate) const fn is_done(&self) -> bool {
        self.done >= self.allowed
    }

    /// Whether all work that is allowed was done.
    pub(crate) fn is_spent(&self) -> bool {
        let is_stopped = || self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed));
        self.done >= self.allowed || self.done >= self.question || is_stopped()
    }
}

impl Default for Automata {
    fn default() -> Self {
        Self::new(crate::Budget::default().kept)
    }
}

impl Automata {
    /// With so many nodes that are kept.
    pub(crate) fn new(kept: usize) -> Self {
        Self { dfas: Vec::new(), ids: FxHashMap::default(), size: 0, peak: 0, meter: Meter::default(), kept }
    }

    /// The automaton of a language, made on first use.
    ///
    /// # Errors
    /// When it needs more than `limit` nodes, or cannot be expressed.
    pub(crate) fn language(&mut self, language: Language, limit: usize) -> Result<LangId, Unknown> {
        // To look a long list up takes as long as to read it.
        self.meter.charge(language.length());
        if let Some(known) = self.ids.get(&language) {
            return *known;
        }
        if self.meter.is_spent() {
            return Err(Unknown::Work);
        }
        if self.size > self.kept {
            return Err(Unknown::Nodes);
        }
        let made = build(&language, limit).and_then(|builder| {
            let id = LangId::try_from(self.dfas.len()).map_err(|_| Unknown::Nodes)?;
            let dfa = Dfa::new(builder.finish());
            self.size += dfa.size();
            self.meter.charge(16 * dfa.size());
            self.dfas.push(dfa);
            Ok(id)
        });
        self.ids.insert(language, made);
        made
    }

    /// Drops all automata.
    pub(crate) fn clear(&mut self) {
        *self = Self { peak: self.peak, meter: self.meter.clone(), ..Self::new(self.kept) };
    }

    /// Nodes of all automata, and with them, by what they take, the states that were made.
    pub(crate) const fn size(&self) -> usize {
        self.size
    }

    /// Whether no more may be made: the work is done, or what is kept is too large.
    fn is_full(&self) -> bool {
        self.meter.is_spent() || self.size > self.kept
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
                let (before, work) = (dfa.size(), dfa.work());
                let row = dfa.row(state);
                self.size += dfa.size() - before;
                self.meter.charge(dfa.work() - work);
                row
            }
            None => Row::from([(nfa::LAST, dfa::DEAD)]),
        }
    }

    /// Why nothing more may be made.
    fn full(&self) -> Unknown {
        if self.meter.is_spent() { Unknown::Work } else { Unknown::Nodes }
    }

    /// Whether a language has a text.
    ///
    /// # Errors
    /// When the work is done, or what is kept grows too large: each character may need a state as large as the automaton.
    pub(crate) fn is_match(&mut self, lang: LangId, text: &str) -> Result<bool, Unknown> {
        self.meter.charge(1);
        let mut state = self.start(lang);
        for character in text.chars() {
            let Some(dfa) = self.dfas.get_mut(lang as usize) else { return Ok(false) };
            let (before, work) = (dfa.size(), dfa.work());
            state = dfa.step(state, character);
            let (after, done) = (dfa.size(), dfa.work());
            self.size += after - before;
            self.meter.charge(1 + done - work);
            if state <= dfa::ALL {
                break;
            }
            if after != before && self.is_full() {
                return Err(self.full());
            }
        }
        Ok(self.accepts(lang, state))
    }

    /// Whether a text is in a group.
    ///
    /// # Errors
    /// As those of [`Self::is_match`].
    pub(crate) fn is_in(&mut self, group: &Group, text: &str) -> Result<bool, Unknown> {
        for lang in &group.members {
            if !self.is_match(*lang, text)? {
                return Ok(!group.positive);
            }
        }
        Ok(group.positive)
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
