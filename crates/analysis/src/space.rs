//! Fields and atoms: what the predicates of conditions are about, and the values that bear out assignments of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use contentcheck_parser::model::{FieldRef, Test, Value};
use contentcheck_parser::template::TemplateType;
use rustc_hash::FxHashMap;

use crate::budget::Unknown;
use crate::compare;
use crate::formula::{AtomId, Literal};
use crate::solver::{Modelled, Theory};
use crate::values::{Answer, Ask, Domain, TestId, Values, is_comparison};
use crate::witness::Witness;

/// A field with its domain, by its index.
pub(crate) type FieldId = u32;

/// A test of one field.
#[derive(Clone, Debug)]
pub(crate) struct Atom {
    pub(crate) field: FieldId,
    pub(crate) test: TestId,
    /// Of a keyword that asks for each of several patterns: an atom for each.
    pub(crate) members: Option<Vec<AtomId>>,
    /// The other field of a comparison.
    pub(crate) other: Option<FieldId>,
}

/// All fields and atoms of one analysis.
pub(crate) struct Space {
    pub(crate) values: Values,
    fields: Vec<(FieldRef, Domain)>,
    field_ids: FxHashMap<(FieldRef, Domain), FieldId>,
    atoms: Vec<Atom>,
    atom_ids: FxHashMap<(FieldId, TestId), AtomId>,
    any_of: FxHashMap<TestId, TestId>,
}

impl Space {
    pub(crate) fn new(values: Values) -> Self {
        Self {
            values,
            fields: Vec::new(),
            field_ids: FxHashMap::default(),
            atoms: Vec::new(),
            atom_ids: FxHashMap::default(),
            any_of: FxHashMap::default(),
        }
    }

    pub(crate) fn field(&mut self, template: &TemplateType, field: &FieldRef) -> FieldId {
        let key = (field.clone(), Domain::of(template, field));
        if let Some(known) = self.field_ids.get(&key) {
            return *known;
        }
        let id = FieldId::try_from(self.fields.len()).unwrap_or(FieldId::MAX);
        self.fields.push(key.clone());
        self.field_ids.insert(key, id);
        id
    }

    pub(crate) fn domain(&self, field: FieldId) -> Domain {
        self.fields.get(field as usize).map_or(Domain::Absent, |(_, domain)| domain.clone())
    }

    pub(crate) fn reference(&self, field: FieldId) -> FieldRef {
        self.fields.get(field as usize).map_or(FieldRef::Keyword, |(field, _)| field.clone())
    }

    pub(crate) fn atom(&self, atom: AtomId) -> Option<&Atom> {
        self.atoms.get(atom as usize)
    }

    pub(crate) fn test_of(&self, atom: AtomId) -> Arc<Test> {
        self.values.test(self.atom(atom).map_or(TestId::MAX, |atom| atom.test))
    }

    /// The atom of a test on a field.
    pub(crate) fn intern(&mut self, template: &TemplateType, reference: &FieldRef, test: &Arc<Test>) -> AtomId {
        let field = self.field(template, reference);
        let id = self.values.intern(test);
        if let Some(known) = self.atom_ids.get(&(field, id)) {
            return *known;
        }
        let members = match &**test {
            Test::Text { patterns, all: true } if *reference == FieldRef::Keyword && patterns.len() > 1 => {
                let single = |pattern: &_| Arc::new(Test::Text { patterns: vec![Clone::clone(pattern)], all: false });
                let singles: Vec<Arc<Test>> = patterns.iter().map(single).collect();
                Some(singles.iter().map(|single| self.intern(template, reference, single)).collect())
            }
            _ => None,
        };
        let other = other_field(test).map(|other| self.field(template, other));
        let atom = AtomId::try_from(self.atoms.len()).unwrap_or(AtomId::MAX);
        self.atoms.push(Atom { field, test: id, members, other });
        self.atom_ids.insert((field, id), atom);
        atom
    }

    /// What is known of atoms whatever the values: a keyword with several patterns is each of them.
    pub(crate) fn definitions(&self, atoms: &[AtomId]) -> Vec<Vec<Literal>> {
        let mut clauses = Vec::new();
        for atom in atoms {
            let Some(members) = self.atom(*atom).and_then(|atom| atom.members.as_ref()) else { continue };
            clauses.extend(members.iter().map(|member| vec![(*atom, false), (*member, true)]));
            clauses.push(members.iter().map(|member| (*member, false)).chain([(*atom, true)]).collect());
        }
        clauses
    }

    /// The test that some element passes a test.
    fn any_of(&mut self, test: TestId) -> TestId {
        if let Some(known) = self.any_of.get(&test) {
            return *known;
        }
        let made = Arc::new(Test::Elements { all: false, test: Box::new((*self.values.test(test)).clone()) });
        let id = self.values.intern(&made);
        self.any_of.insert(test, id);
        id
    }

    /// What literals ask of a field, and what keywords that must not hold bar from it.
    fn asks(&mut self, field: FieldId, literals: &[Literal], bars: &[TestId]) -> Vec<Ask> {
        let mut asks: Vec<Ask> = Vec::with_capacity(literals.len() + bars.len());
        for (atom, positive) in literals {
            if let Some(atom) = self.atom(*atom)
                && atom.field == field
                && atom.members.is_none()
            {
                asks.push((atom.test, *positive));
            }
        }
        let domain = self.domain(field);
        for bar in bars {
            match domain {
                Domain::Others => {}
                Domain::List(..) => asks.push((self.any_of(*bar), false)),
                _ => asks.push((*bar, false)),
            }
        }
        asks
    }

    pub(crate) fn is_keyword(&self, field: FieldId) -> bool {
        self.domain(field) == Domain::Others
    }

    /// Whether an atom holds on an event.
    ///
    /// # Errors
    /// Where the automaton of a pattern is too large or cannot be made.
    pub(crate) fn truth(&mut self, atom: AtomId, event: &Witness) -> Result<bool, Unknown> {
        let Some(found) = self.atom(atom).cloned() else { return Ok(false) };
        if let Some(members) = &found.members {
            for member in members {
                if !self.truth(*member, event)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let test = self.values.test(found.test);
        let field = self.reference(found.field);
        if field == FieldRef::Keyword {
            if is_comparison(&test) {
                return Err(Unknown::Fields);
            }
            for value in event.scalars() {
                if self.values.holds(&test, Some(value))? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        if is_comparison(&test) {
            let other = found.other.map(|other| self.reference(other));
            return Ok(compare::holds(&test, event.value(&field), other.and_then(|other| event.value(&other))));
        }
        self.values.holds(&test, event.value(&field))
    }

    /// The fields that every event of a template type has.
    pub(crate) fn required(&mut self, template: &TemplateType) -> Vec<FieldId> {
        let index = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let fields = (0..template.fields.len()).map(|at| FieldRef::Input(index(at)));
        let header = (0..template.header.len()).map(|at| FieldRef::Header(index(at)));
        let fixed = (0..template.reads.len()).map(|at| FieldRef::Fixed(index(at)));
        let all: Vec<FieldRef> = fields.chain(header).chain(fixed).collect();
        let all: Vec<FieldId> = all.iter().map(|field| self.field(template, field)).collect();
        all.into_iter().filter(|field| self.domain(*field).is_required()).collect()
    }
}

fn other_field(test: &Test) -> Option<&FieldRef> {
    match test {
        Test::Field { other, .. } => Some(other),
        Test::Elements { test, .. } => other_field(test),
        _ => None,
    }
}

/// Values found for an assignment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) values: BTreeMap<FieldId, Option<Value>>,
    /// The value of the field of the atom that was to be true and false, where it is false.
    pub(crate) flipped: Option<Value>,
}

/// The theory of the fields of one template type.
pub(crate) struct Fields<'s> {
    pub(crate) space: &'s mut Space,
    pub(crate) template: &'s TemplateType,
    /// An atom that must be able to be true and to be false while everything else stays.
    pub(crate) both: Option<AtomId>,
    pub(crate) model: Model,
}

impl Fields<'_> {
    fn is_own(&self, atom: AtomId) -> bool {
        self.space.atom(atom).is_some_and(|found| found.members.is_none())
    }

    /// Both sides of what is asked of a field: with the atom that must go both ways true, and false.
    fn sides(&mut self, field: FieldId, asks: &[Ask]) -> Vec<Vec<Ask>> {
        let both = self.both.and_then(|atom| self.space.atom(atom)).filter(|atom| atom.field == field);
        match both.map(|atom| atom.test) {
            Some(test) => [true, false].map(|side| asks.iter().copied().chain([(test, side)]).collect()).to_vec(),
            None => vec![asks.to_vec()],
        }
    }

    /// Whether it is known that a field cannot do what is asked.
    fn is_impossible(&mut self, field: FieldId, literals: &[Literal], bars: &[TestId]) -> bool {
        let asks = self.space.asks(field, literals, bars);
        let domain = self.space.domain(field);
        self.sides(field, &asks).iter().any(|side| *self.space.values.solve(&domain, side) == Answer::Nothing)
    }

    /// A small part of literals that cannot be: each that is not needed is left out, as far as the budget goes.
    fn minimal(&mut self, field: FieldId, literals: &[Literal], bars: &[Literal]) -> Vec<Literal> {
        let mut kept: Vec<Literal> = literals.iter().chain(bars).copied().collect();
        let mut left = self.space.values.budget.minimize;
        // In halves, quarters and so on: a conflict is mostly between few of many.
        let mut size = kept.len().div_ceil(2);
        while size > 0 && left > 0 {
            let mut at = 0;
            while at < kept.len() && left > 0 && kept.len() > 1 {
                left -= 1;
                if !self.space.values.automata.meter.charge(kept.len().saturating_mul(literals.len()) / 4) {
                    return kept;
                }
                let rest: Vec<Literal> = kept.iter().take(at).chain(kept.iter().skip(at + size)).copied().collect();
                let (own, barred): (Vec<Literal>, Vec<Literal>) =
                    rest.iter().partition(|literal| literals.contains(literal));
                let tests = self.bar_tests(&barred);
                if self.is_impossible(field, &own, &tests) {
                    kept = rest;
                } else {
                    at += size;
                }
            }
            size /= 2;
        }
        kept
    }

    /// Values with which a comparison is true, and others with which it is false, that differ in its own field
    /// alone. Which side is harder is not known, so each is tried first.
    fn arrange_both(
        &mut self,
        own: FieldId,
        atom: AtomId,
        comparisons: &[Literal],
        asked: &BTreeMap<FieldId, Vec<Ask>>,
        model: &mut Model,
    ) -> bool {
        for first in [true, false] {
            let side = |holds: bool| -> Vec<Literal> { comparisons.iter().copied().chain([(atom, holds)]).collect() };
            let Some(found) = compare::arrange(self.space, &side(first), asked, &model.values, None) else { continue };
            let mut values = model.values.clone();
            values.extend(found);
            let Some(other) = compare::arrange(self.space, &side(!first), asked, &values, Some(own)) else { continue };
            let flipped = other.get(&own).cloned().flatten();
            let kept = values.get(&own).cloned().flatten();
            model.values = values;
            if first {
                model.flipped = flipped;
            } else {
                model.values.insert(own, flipped);
                model.flipped = kept;
            }
            return true;
        }
        false
    }

    fn bar_tests(&self, bars: &[Literal]) -> Vec<TestId> {
        bars.iter().filter_map(|(atom, _)| self.space.atom(*atom).map(|atom| atom.test)).collect()
    }
}

impl Theory for Fields<'_> {
    fn is_spent(&self) -> bool {
        self.space.values.automata.meter.is_spent()
    }

    fn group(&mut self, atom: AtomId) -> u32 {
        match self.space.atom(atom) {
            Some(found) if found.members.is_none() => found.field.saturating_add(1),
            _ => 0,
        }
    }

    fn conflict(&mut self, group: u32, literals: &[Literal]) -> Option<Vec<Literal>> {
        let field = group.checked_sub(1)?;
        if !self.space.values.automata.meter.charge(literals.len()) {
            return None;
        }
        self.is_impossible(field, literals, &[]).then(|| self.minimal(field, literals, &[]))
    }

    fn model(&mut self, literals: &[Literal]) -> Modelled {
        let mut grouped: BTreeMap<FieldId, Vec<Literal>> = BTreeMap::new();
        let mut comparisons: Vec<Literal> = Vec::new();
        let mut bars: Vec<Literal> = Vec::new();
        for (atom, positive) in literals {
            let Some(found) = self.space.atom(*atom).cloned() else { continue };
            if !self.is_own(*atom) {
                continue;
            }
            grouped.entry(found.field).or_default().push((*atom, *positive));
            if let Some(other) = found.other {
                comparisons.push((*atom, *positive));
                grouped.entry(other).or_default();
            }
            if !positive && self.space.is_keyword(found.field) {
                bars.push((*atom, false));
            }
        }
        let both = self.both.and_then(|atom| self.space.atom(atom).cloned());
        if let Some(both) = &both {
            grouped.entry(both.field).or_default();
        }
        let mut bar_tests = self.bar_tests(&bars);
        if let Some(both) = &both
            && self.space.is_keyword(both.field)
        {
            // Where it is false no value of any field passes; they are the same where it is true.
            bar_tests.push(both.test);
        }
        if !bar_tests.is_empty() {
            for field in self.space.required(self.template) {
                grouped.entry(field).or_default();
            }
        }
        let mut model = Model::default();
        let mut asked: BTreeMap<FieldId, Vec<Ask>> = BTreeMap::new();
        for (field, own) in &grouped {
            let asks = self.space.asks(*field, own, &bar_tests);
            let domain = self.space.domain(*field);
            for (side, asks) in self.sides(*field, &asks).iter().enumerate() {
                match &*self.space.values.solve(&domain, asks) {
                    Answer::Found(value) if side == 0 => drop(model.values.insert(*field, value.clone())),
                    Answer::Found(value) => model.flipped = value.clone(),
                    Answer::Nothing if bars.len() == bar_tests.len() => {
                        return Modelled::Conflict(self.minimal(*field, own, &bars));
                    }
                    // The atom that goes both ways has a part in it, which is no literal.
                    Answer::Nothing => return Modelled::Conflict(own.iter().chain(&bars).copied().collect()),
                    Answer::Unknown(reason) => {
                        let all = own.iter().chain(&bars).copied().collect();
                        return Modelled::Unknown(all, *reason);
                    }
                }
            }
            asked.insert(*field, asks);
        }
        let comparing = both.as_ref().filter(|both| both.other.is_some()).map(|both| both.field);
        let arranged = match (comparing, self.both) {
            (Some(own), Some(atom)) => self.arrange_both(own, atom, &comparisons, &asked, &mut model),
            _ if comparisons.is_empty() => true,
            _ => match compare::arrange(self.space, &comparisons, &asked, &model.values, None) {
                Some(found) => {
                    model.values.extend(found);
                    true
                }
                None => false,
            },
        };
        if !arranged {
            let involved = grouped.values().flatten().chain(&bars).copied().collect();
            return Modelled::Unknown(involved, Unknown::Fields);
        }
        self.model = model;
        Modelled::Found
    }
}
