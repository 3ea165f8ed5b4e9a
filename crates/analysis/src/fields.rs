//! Fields: what an assignment to atoms asks of the values of each field, and values that do it.

use std::collections::BTreeMap;

use contentcheck_model::value::Value;

use crate::budget::Unknown;
use crate::compare;
use crate::events::Events;
use crate::formula::{AtomId, Literal};
use crate::solver::{Modelled, Theory};
use crate::space::{FieldId, Space};
use crate::values::{Answer, Ask, TestId};

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
    pub(crate) events: &'s Events<'s>,
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
    fn charge(&mut self, work: usize) -> bool {
        self.space.values.automata.meter.charge(work)
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
        self.space.values.automata.meter.charge(8 * literals.len());
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
            for field in self.space.required(self.events) {
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
