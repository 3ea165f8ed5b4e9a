//! One value at a time: whether some value of a domain passes some tests and fails others, and which.

mod hints;
mod scalar;
mod spelled;
#[cfg(test)]
mod tests;

use std::rc::Rc;
use std::sync::Arc;

use contentcheck_model::field::{FieldInfo, FieldRef, Place};
use contentcheck_model::predicate::Test;
use contentcheck_model::template::{Fixed, Scalar};
use contentcheck_model::value::Value;
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::{Hash, Hasher};

use crate::automata::Automata;
use crate::budget::{Budget, Unknown};
use crate::events::Events;
use crate::holds;

/// A test, by its index.
pub(crate) type TestId = u32;

/// A test that must hold, or must not.
pub(crate) type Ask = (TestId, bool);

/// What values a field can have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Domain {
    /// None: the template type does not have the field.
    Absent,
    /// One of this kind.
    Scalar(Scalar, Presence),
    /// A list of this kind.
    List(Scalar, Presence),
    /// One of these.
    OneOf(Vec<Fixed>, Presence),
    /// Values that no field names, of any kind: some that pass, and none that must not.
    Others,
}

/// Whether every event has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Presence {
    /// Every event has one.
    Always,
    /// The template type requires one, and some sensor does not supply it, or a recorded event does not say it. Where both would do there
    /// is one.
    Mostly,
    /// The template type does not require one. Where both would do there is none.
    Maybe,
}

impl Domain {
    /// The domain of a field of a template type.
    pub(crate) fn of(events: &Events<'_>, field: &FieldRef) -> Self {
        let presence = |optional: bool| match optional {
            true => Presence::Maybe,
            false if events.lack(field) => Presence::Mostly,
            false => Presence::Always,
        };
        match events.template.describe(field) {
            None if field.is_any() => Self::Others,
            None => Self::Absent,
            Some(FieldInfo { name, place: Place::Reads(values), .. }) => {
                let presence = if events.template.may_lack(name) { Presence::Mostly } else { presence(false) };
                Self::OneOf(values.to_vec(), presence)
            }
            Some(FieldInfo { ty, .. }) if ty.list => Self::List(ty.scalar, presence(ty.optional)),
            Some(FieldInfo { ty, .. }) => Self::Scalar(ty.scalar, presence(ty.optional)),
        }
    }

    /// Whether the value is there in every event.
    pub(crate) const fn is_required(&self) -> bool {
        match self {
            Self::Absent | Self::Others => false,
            Self::Scalar(_, presence) | Self::List(_, presence) | Self::OneOf(_, presence) => {
                matches!(presence, Presence::Always)
            }
        }
    }
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// This value; `None` is an absent one. For [`Domain::Others`] a list.
    Found(Option<Value>),
    /// No value.
    Nothing,
    /// Not known.
    Unknown(Unknown),
}

/// Tests and what is known about them.
pub(crate) struct Values {
    pub(crate) automata: Automata,
    pub(crate) budget: Budget,
    tests: Vec<Arc<Test>>,
    by_address: FxHashMap<usize, TestId>,
    by_content: FxHashMap<u64, Vec<TestId>>,
    inner: FxHashMap<TestId, TestId>,
    domains: FxHashMap<Domain, u32>,
    memo: FxHashMap<(u32, Box<[Ask]>), Rc<Answer>>,
}

impl Values {
    pub(crate) fn new(budget: Budget) -> Self {
        Self {
            automata: Automata::new(budget.kept),
            budget,
            tests: Vec::new(),
            by_address: FxHashMap::default(),
            by_content: FxHashMap::default(),
            inner: FxHashMap::default(),
            domains: FxHashMap::default(),
            memo: FxHashMap::default(),
        }
    }

    /// The id of a test: equal tests have one.
    pub(crate) fn intern(&mut self, test: &Arc<Test>) -> TestId {
        // The address stays that of this test: `tests` holds it.
        let address = Arc::as_ptr(test).addr();
        if let Some(known) = self.by_address.get(&address) {
            return *known;
        }
        let mut hasher = FxHasher::default();
        hash(test, &mut hasher);
        let content = hasher.finish();
        let alike = self.by_content.entry(content).or_default();
        let same = |id: &&TestId| self.tests.get(**id as usize).is_some_and(|known| **known == **test);
        if let Some(known) = alike.iter().find(same) {
            return *known;
        }
        let id = TestId::try_from(self.tests.len()).unwrap_or(TestId::MAX);
        alike.push(id);
        self.tests.push(Arc::clone(test));
        self.by_address.insert(address, id);
        id
    }

    pub(crate) fn test(&self, id: TestId) -> Arc<Test> {
        self.tests.get(id as usize).map_or_else(|| Arc::new(Test::Unexpanded), Arc::clone)
    }

    /// The test of the elements, of a test of lists; else the test itself.
    pub(crate) fn element(&mut self, id: TestId) -> TestId {
        if let Some(known) = self.inner.get(&id) {
            return *known;
        }
        let test = self.test(id);
        let found =
            if let Test::Elements { .. } = &*test { self.intern(&Arc::new(test.element().clone())) } else { id };
        self.inner.insert(id, found);
        found
    }

    /// Makes room where automata have grown beyond the budget.
    pub(crate) fn relieve(&mut self) {
        // Half of it is left to each question.
        if self.automata.size() > self.budget.kept / 2 {
            self.automata.clear();
        }
        if self.memo.len() > 400_000 {
            self.memo.clear();
        }
    }

    /// Whether a value, or its absence, passes a test of it alone.
    ///
    /// # Errors
    /// Where the automaton of a pattern is too large or cannot be made.
    pub(crate) fn holds(&mut self, test: &Test, value: Option<&Value>) -> Result<bool, Unknown> {
        self.automata.meter.charge(length(test));
        match value {
            Some(value) => holds::present(test, value, &mut self.automata, &self.budget),
            None => Ok(matches!(test, Test::Null)),
        }
    }

    /// A value of a domain that does what is asked. Comparisons with other fields ask here only that the
    /// value be there.
    pub(crate) fn solve(&mut self, domain: &Domain, asks: &[Ask]) -> Rc<Answer> {
        let id = match self.domains.get(domain) {
            Some(id) => *id,
            None => {
                let id = u32::try_from(self.domains.len()).unwrap_or(u32::MAX);
                self.domains.insert(domain.clone(), id);
                id
            }
        };
        let mut sorted: Vec<Ask> = asks.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let key = (id, sorted.into_boxed_slice());
        if let Some(known) = self.memo.get(&key) {
            return Rc::clone(known);
        }
        if !self.automata.meter.charge(8 * asks.len()) {
            return Rc::new(Answer::Unknown(Unknown::Work));
        }
        let answer = Rc::new(self.solve_afresh(domain, &key.1));
        // What was cut short may be answered when there is work left again.
        if !self.automata.meter.is_spent() {
            self.memo.insert(key, Rc::clone(&answer));
        }
        answer
    }

    fn solve_afresh(&mut self, domain: &Domain, asks: &[Ask]) -> Answer {
        // They are sorted, and what must not be is before what must.
        let contradicts = |(test, positive): &Ask| *positive && asks.binary_search(&(*test, false)).is_ok();
        if asks.iter().any(contradicts) {
            return Answer::Nothing;
        }
        match domain {
            Domain::Absent => self.absent(asks),
            Domain::Scalar(_, Presence::Maybe) | Domain::List(_, Presence::Maybe) => {
                let absent = self.absent(asks);
                if matches!(absent, Answer::Found(_)) { absent } else { self.present(domain, asks) }
            }
            Domain::Scalar(_, Presence::Mostly)
            | Domain::List(_, Presence::Mostly)
            | Domain::OneOf(_, Presence::Mostly) => {
                let present = self.present(domain, asks);
                if matches!(present, Answer::Found(_)) {
                    return present;
                }
                let absent = self.absent(asks);
                if matches!(absent, Answer::Found(_)) { absent } else { present }
            }
            Domain::Scalar(..) | Domain::List(..) | Domain::OneOf(..) => self.present(domain, asks),
            Domain::Others => self.others(asks),
        }
    }

    /// A value that is there, of a field.
    fn present(&mut self, domain: &Domain, asks: &[Ask]) -> Answer {
        match domain {
            Domain::Scalar(scalar, _) => {
                let asks: Vec<Ask> = asks.iter().map(|(test, positive)| (self.element(*test), *positive)).collect();
                self.scalar(*scalar, &asks)
            }
            Domain::List(scalar, _) => self.list(*scalar, asks),
            Domain::OneOf(values, _) => self.first(values.iter().map(Fixed::value), asks),
            Domain::Absent | Domain::Others => Answer::Nothing,
        }
    }

    fn absent(&self, asks: &[Ask]) -> Answer {
        let passes = |(test, positive): &Ask| matches!(*self.test(*test), Test::Null) == *positive;
        if asks.iter().all(passes) { Answer::Found(None) } else { Answer::Nothing }
    }

    /// The first of the candidates that does what is asked. Without one there is none: the
    /// candidates must stand for all values.
    fn first(&mut self, candidates: impl IntoIterator<Item = Value>, asks: &[Ask]) -> Answer {
        let mut unknown = None;
        for candidate in candidates {
            if self.automata.meter.is_spent() {
                return Answer::Unknown(Unknown::Work);
            }
            match self.does(&candidate, asks) {
                Ok(true) => return Answer::Found(Some(candidate)),
                Ok(false) => {}
                Err(reason) => unknown = Some(reason),
            }
        }
        unknown.map_or(Answer::Nothing, Answer::Unknown)
    }

    /// Whether a value does what is asked of it alone.
    ///
    /// # Errors
    /// Where a pattern cannot be evaluated.
    pub(crate) fn does(&mut self, value: &Value, asks: &[Ask]) -> Result<bool, Unknown> {
        for (id, positive) in asks {
            let test = self.test(*id);
            // Decided where both values are known.
            if is_comparison(&test) {
                continue;
            }
            if self.holds(&test, Some(value))? != *positive {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn list(&mut self, scalar: Scalar, asks: &[Ask]) -> Answer {
        // What every element must do, and for each demand an element that does it.
        let (mut every, mut some): (Vec<Ask>, Vec<Ask>) = (Vec::new(), Vec::new());
        for (id, positive) in asks {
            match &*self.test(*id) {
                Test::Exists if *positive => {}
                Test::Exists => return Answer::Nothing,
                Test::Null if *positive => return Answer::Nothing,
                Test::Null => {}
                Test::Elements { all, .. } => {
                    let inner = self.element(*id);
                    if *all == *positive { every.push((inner, *positive)) } else { some.push((inner, *positive)) }
                }
                Test::Field { .. } if *positive => return Answer::Nothing,
                // Other tests are false on a list.
                _ if *positive => return Answer::Nothing,
                _ => {}
            }
        }
        let mut elements: Vec<Value> = Vec::new();
        let domain = Domain::Scalar(scalar, Presence::Always);
        if some.is_empty() {
            // An empty list would do; one that shows what is meant is better.
            let wanted = every.iter().any(|(_, positive)| *positive);
            return match &*self.solve(&domain, &every) {
                Answer::Found(Some(element)) if wanted => Answer::Found(Some(Value::List(vec![element.clone()]))),
                _ => Answer::Found(Some(Value::List(elements))),
            };
        }
        for demand in some {
            self.automata.meter.charge(elements.len() + every.len());
            if self.automata.meter.is_spent() {
                return Answer::Unknown(Unknown::Work);
            }
            if elements.iter().any(|element| self.does(element, &[demand]) == Ok(true)) {
                continue;
            }
            let mut asks = every.clone();
            asks.push(demand);
            match &*self.solve(&domain, &asks) {
                Answer::Found(Some(element)) => elements.push(element.clone()),
                Answer::Found(None) | Answer::Nothing => return Answer::Nothing,
                Answer::Unknown(reason) => return Answer::Unknown(*reason),
            }
        }
        Answer::Found(Some(Value::List(elements)))
    }

    /// For each test that must hold a value that passes it, none of which passes one that must not.
    fn others(&mut self, asks: &[Ask]) -> Answer {
        const KINDS: [Scalar; 6] =
            [Scalar::String, Scalar::Int, Scalar::Ip, Scalar::Bool, Scalar::Float, Scalar::Bytes];
        let barred: Vec<Ask> = asks.iter().filter(|(_, positive)| !*positive).copied().collect();
        let mut values: Vec<Value> = Vec::new();
        for demand in asks.iter().filter(|(_, positive)| *positive) {
            self.automata.meter.charge(values.len() + barred.len());
            if self.automata.meter.is_spent() {
                return Answer::Unknown(Unknown::Work);
            }
            if values.iter().any(|value| self.does(value, &[*demand]) == Ok(true)) {
                continue;
            }
            let mut own = barred.clone();
            own.push(*demand);
            let (mut found, mut unknown) = (false, None);
            for kind in KINDS {
                match &*self.solve(&Domain::Scalar(kind, Presence::Always), &own) {
                    Answer::Found(Some(value)) => {
                        values.push(value.clone());
                        found = true;
                        break;
                    }
                    Answer::Found(None) | Answer::Nothing => {}
                    Answer::Unknown(reason) => unknown = Some(*reason),
                }
            }
            match (found, unknown) {
                (true, _) => {}
                (false, Some(reason)) => return Answer::Unknown(reason),
                (false, None) => return Answer::Nothing,
            }
        }
        Answer::Found(Some(Value::List(values)))
    }
}

/// How much there is to compare a value with, in steps. What patterns take is counted where they are looked for.
fn length(test: &Test) -> usize {
    match test {
        Test::Int(ranges) | Test::Time(_, ranges) => 1 + ranges.len(),
        Test::Bytes(wanted) => 1 + wanted.len(),
        Test::Cidr(networks) => 1 + 2 * networks.len(),
        Test::Elements { test, .. } => length(test),
        Test::InTable(_) => 8,
        _ => 1,
    }
}

/// Whether a test compares with another field.
pub(crate) fn is_comparison(test: &Test) -> bool {
    match test {
        Test::Field { .. } => true,
        Test::Elements { test, .. } => is_comparison(test),
        _ => false,
    }
}

/// Equal tests have equal hashes.
fn hash(test: &Test, hasher: &mut FxHasher) {
    std::mem::discriminant(test).hash(hasher);
    match test {
        Test::Exists | Test::Null | Test::Unexpanded => {}
        Test::Text { patterns, all } => (patterns, all).hash(hasher),
        Test::Int(ranges) => ranges.hash(hasher),
        // Zero and minus zero are equal.
        Test::Float(comparison, constant) => (comparison, (constant + 0.0).to_bits()).hash(hasher),
        Test::Bool(truth) => truth.hash(hasher),
        Test::Bytes(wanted) => wanted.hash(hasher),
        Test::Cidr(networks) => networks.hash(hasher),
        Test::Mask { mask, comparison, value } => (mask, comparison, value).hash(hasher),
        Test::Time(part, ranges) => (part, ranges).hash(hasher),
        Test::Field { comparison, other, ignore_case } => (comparison, other, ignore_case).hash(hasher),
        Test::InTable(table) => (table.name(), table.version(), table.rows().len()).hash(hasher),
        Test::Elements { all, test } => {
            all.hash(hasher);
            self::hash(test, hasher);
        }
    }
}
