//! Fields and atoms: what the predicates of conditions are about.

use std::sync::Arc;

use contentcheck_model::field::FieldRef;
use contentcheck_model::predicate::Test;
use rustc_hash::FxHashMap;

use crate::budget::Unknown;
use crate::events::Events;
use crate::formula::{AtomId, Literal};
use crate::holds;
use crate::values::{Ask, Domain, TestId, Values, is_comparison};
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

    pub(crate) fn field(&mut self, events: &Events<'_>, field: &FieldRef) -> FieldId {
        let key = (field.clone(), Domain::of(events, field));
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
        self.fields.get(field as usize).map_or(FieldRef::ANY, |(field, _)| field.clone())
    }

    pub(crate) fn atom(&self, atom: AtomId) -> Option<&Atom> {
        self.atoms.get(atom as usize)
    }

    pub(crate) fn test_of(&self, atom: AtomId) -> Arc<Test> {
        self.values.test(self.atom(atom).map_or(TestId::MAX, |atom| atom.test))
    }

    /// The atom of a test on a field.
    pub(crate) fn intern(&mut self, events: &Events<'_>, reference: &FieldRef, test: &Arc<Test>) -> AtomId {
        let field = self.field(events, reference);
        let id = self.values.intern(test);
        if let Some(known) = self.atom_ids.get(&(field, id)) {
            return *known;
        }
        let members = match &**test {
            Test::Text { patterns, all: true } if reference.is_any() && patterns.len() > 1 => {
                let single = |pattern: &_| Arc::new(Test::Text { patterns: vec![Clone::clone(pattern)], all: false });
                let singles: Vec<Arc<Test>> = patterns.iter().map(single).collect();
                Some(singles.iter().map(|single| self.intern(events, reference, single)).collect())
            }
            _ => None,
        };
        let other = test.other().map(|other| self.field(events, other));
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
    pub(crate) fn asks(&mut self, field: FieldId, literals: &[Literal], bars: &[TestId]) -> Vec<Ask> {
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

    /// How many values an atom looks for: what its truth costs.
    pub(crate) fn size(&self, atom: AtomId) -> usize {
        let Some(found) = self.atom(atom) else { return 0 };
        match &found.members {
            Some(members) => members.iter().map(|member| self.size(*member)).sum(),
            None => self.values.test(found.test).values(),
        }
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
        if field.is_any() {
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
            return Ok(holds::compared(&test, event.value(&field), other.and_then(|other| event.value(&other))));
        }
        self.values.holds(&test, event.value(&field))
    }

    /// The fields that every event of a template type has.
    pub(crate) fn required(&mut self, events: &Events<'_>) -> Vec<FieldId> {
        let all: Vec<FieldId> = events.template.declared().map(|field| self.field(events, &field)).collect();
        all.into_iter().filter(|field| self.domain(*field).is_required()).collect()
    }
}
