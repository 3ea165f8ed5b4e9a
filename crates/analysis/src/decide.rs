//! Questions about one rule: whether it can fire, whether it always does, and what decides.

use contentcheck_model::field::FieldRef;
use contentcheck_model::predicate::Predicate;
use contentcheck_model::rule::Target;
use contentcheck_model::source::Span;
use contentcheck_model::value::Value;
use rustc_hash::FxHashMap;

use crate::analysis::{Analysis, Example, Lowered, Sought};
use crate::budget::Unknown;
use crate::events::Events;
use crate::formula::{AtomId, FALSE, Literal, Node, NodeId, TRUE};
use crate::solver::refutes;
use crate::values::Answer;
use crate::witness::Witness;
use crate::words;

/// Whether a rule can fire on a template type.
#[derive(Clone, Debug, PartialEq)]
pub enum Fires {
    /// On this event.
    Yes(Witness),
    /// On none: proven.
    Never(Impossible),
    /// Not known.
    Unknown(Unknown),
}

/// Why something cannot be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impossible {
    /// Predicates that cannot all be as the condition needs them. Of several sets each cuts off one way to
    /// make the condition true. Empty where the condition contradicts itself whatever the values are.
    pub conflicts: Vec<Conflict>,
}

/// Predicates on one value that cannot be together: a small set, of which none can be left out as far as
/// the budget allowed to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The predicates, by their index in the order of [`contentcheck_model::expression::Expr::each`]: whether each
    /// would have to hold, and where it is written.
    pub predicates: Vec<(usize, bool, Span)>,
    /// In words, such as `"Image" equals "\x.exe" and ends with "\bin\x.exe": impossible`.
    pub words: String,
    /// Whether what they ask for is an event of another template type, or of none that can be told.
    pub claimed: bool,
}

/// Whether a rule fires on every event of a template type.
#[derive(Clone, Debug, PartialEq)]
pub enum Always {
    /// On every event: proven.
    Yes,
    /// Not on this one.
    No(Witness),
    /// Not known.
    Unknown(Unknown),
}

/// Two events that differ in the value of one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The rule fires on it.
    pub fires: Witness,
    /// The rule does not fire on it.
    pub silent: Witness,
    /// The field in which they differ. For a keyword the values that no field names.
    pub field: FieldRef,
    /// Whether the predicate holds where the rule fires.
    pub holds: bool,
}

/// Whether a predicate decides.
#[derive(Clone, Debug, PartialEq)]
pub enum Decisive {
    /// It does: on one event it holds and on the other it does not, one value differs, and what else the
    /// outcome rests on stays.
    Pair(Box<Pair>),
    /// Whatever it says, some other part says the same: proven.
    Never,
    /// Not known.
    Unknown(Unknown),
}

impl Analysis<'_> {
    /// Whether a target can fire.
    pub fn fires(&mut self, target: &Target) -> Fires {
        self.begin();
        let lowered = self.lower(target);
        let (example, reasons) = self.example(&Events::of(target), lowered.root, &[(target, true)]);
        match example {
            Example::Found(event) => Fires::Yes(event),
            Example::None => Fires::Never(match self.claimed(target, &lowered) {
                Some(conflict) => Impossible { conflicts: vec![conflict] },
                None => self.impossible(target, &lowered, lowered.root, reasons),
            }),
            Example::Unknown(reason) => Fires::Unknown(reason),
        }
    }

    /// Why no event on which the condition holds is one of the template type, where that alone is why there are none.
    fn claimed(&mut self, target: &Target, lowered: &Lowered) -> Option<Conflict> {
        let claims = target.claimed.as_ref().filter(|_| lowered.own != TRUE)?;
        let bare = Target { claimed: None, ..target.clone() };
        let condition = self.lower(&bare);
        let Sought::Found(model) = self.seek(&Events::of(&bare), condition.root, None) else { return None };
        let event = self.event(&Events::of(&bare), &model);
        let mut names: Vec<FieldRef> = Vec::new();
        claims.condition.mentions(&mut |mention| names.push(mention.field.clone()));
        names.sort_unstable();
        names.dedup();
        let mut predicates = Vec::new();
        let mut index = 0;
        target.condition.each(&mut |predicate, negated| {
            if names.contains(&predicate.field) {
                predicates.push((index, !negated, predicate.span));
            }
            index += 1;
        });
        let of: Vec<(&FieldRef, Option<&Value>)> = names.iter().map(|name| (name, event.value(name))).collect();
        Some(Conflict { predicates, words: words::claimed(&target.template, claims.in_doubt, &of), claimed: true })
    }

    /// Whether a target fires on every event.
    pub fn always_fires(&mut self, target: &Target) -> Always {
        self.begin();
        let lowered = self.lower(target);
        let silent = self.formulas.negate(lowered.root);
        let silent = self.formulas.all(vec![silent, lowered.own]);
        match self.example(&Events::of(target), silent, &[(target, false)]).0 {
            Example::Found(event) => Always::No(event),
            Example::None => Always::Yes,
            Example::Unknown(reason) => Always::Unknown(reason),
        }
    }

    /// The fewest of the reasons that still are enough, in words.
    pub(crate) fn impossible(
        &mut self,
        target: &Target,
        lowered: &Lowered,
        formula: NodeId,
        mut reasons: Vec<Vec<Literal>>,
    ) -> Impossible {
        /// Reasons among which the fewest are looked for.
        const REASONS: usize = 64;
        reasons.iter_mut().for_each(|reason| reason.sort_unstable());
        reasons.sort();
        reasons.dedup();
        let definitions = self.definitions(formula);
        if reasons.len() <= REASONS {
            let mut at = 0;
            while at < reasons.len() {
                let rest: Vec<&Vec<Literal>> =
                    reasons.iter().enumerate().filter(|(index, _)| *index != at).map(|(_, reason)| reason).collect();
                // What one refutation less costs is not worth more than the proof itself.
                if self.charge(rest.len())
                    && refutes(
                        &self.formulas,
                        formula,
                        &definitions,
                        &rest,
                        &self.budget,
                        &mut self.space.values.automata.meter,
                    )
                {
                    reasons.remove(at);
                } else {
                    at += 1;
                }
            }
        }
        let mut predicates: Vec<&Predicate> = Vec::new();
        target.condition.each(&mut |predicate, _| predicates.push(predicate));
        if formula == FALSE {
            return self.known(target, lowered, &predicates);
        }
        let conflicts = reasons.iter().map(|reason| {
            let mut named = Vec::new();
            let mut parts = Vec::new();
            for (atom, positive) in reason {
                let found = lowered.predicates.iter().enumerate().find_map(|(index, literal)| {
                    let (own, holds) = (*literal)?;
                    (own == *atom).then_some((index, holds == *positive))
                });
                let written = found.and_then(|(index, holds)| Some((index, holds, predicates.get(index)?)));
                match written {
                    Some((index, holds, predicate)) => {
                        named.push((index, holds, predicate.span));
                        parts.push((predicate.field.clone(), std::sync::Arc::clone(&predicate.test), holds));
                    }
                    // An atom that stands for a part of a predicate, as one pattern of a keyword.
                    None => {
                        let field =
                            self.space.atom(*atom).map_or(FieldRef::ANY, |atom| self.space.reference(atom.field));
                        parts.push((field, self.space.test_of(*atom), *positive));
                    }
                }
            }
            Conflict { predicates: named, words: words::conflict(&target.template, &parts), claimed: false }
        });
        Impossible { conflicts: conflicts.collect() }
    }

    /// The predicates that are known before any event and without which something could be: each alone, else all.
    fn known(&mut self, target: &Target, lowered: &Lowered, predicates: &[&Predicate]) -> Impossible {
        let mut alone: Vec<usize> = Vec::new();
        let known: Vec<usize> =
            lowered.predicates.iter().enumerate().filter(|(_, literal)| literal.is_none()).map(|(at, _)| at).collect();
        for index in &known {
            if self.charge(1) && self.lower_open(target, *index) != FALSE {
                alone.push(*index);
            }
        }
        let named = if alone.is_empty() { known } else { alone };
        let mut negations = Vec::new();
        target.condition.each(&mut |_, negated| negations.push(negated));
        let conflicts = named.iter().filter_map(|index| {
            let predicate = predicates.get(*index)?;
            // What would have to be: under a negation that the test does not hold.
            let holds = !negations.get(*index).copied().unwrap_or(false);
            let part = (predicate.field.clone(), std::sync::Arc::clone(&predicate.test), holds);
            let words = words::conflict(&target.template, &[part]);
            Some(Conflict { predicates: vec![(*index, holds, predicate.span)], words, claimed: false })
        });
        Impossible { conflicts: conflicts.collect() }
    }

    /// For each predicate, in the order of [`contentcheck_model::expression::Expr::each`], whether it decides, with the
    /// events that show it.
    pub fn decisive(&mut self, target: &Target) -> Vec<Decisive> {
        self.begin();
        let lowered = self.lower(target);
        let mut bases = Vec::new();
        if let Sought::Found(model) = self.seek(&Events::of(target), lowered.root, None) {
            let event = self.event(&Events::of(target), &model);
            if self.confirms(target, &event, true) {
                bases.push(event);
            }
        }
        let mut known: FxHashMap<AtomId, Decisive> = FxHashMap::default();
        let mut all = Vec::with_capacity(lowered.predicates.len());
        for literal in lowered.predicates.clone() {
            self.begin();
            let Some((atom, holds)) = literal else {
                all.push(Decisive::Never);
                continue;
            };
            let verdict = match known.get(&atom) {
                Some(verdict) => verdict.clone(),
                None => {
                    let verdict = self.decides(target, &lowered, atom, &mut bases);
                    known.insert(atom, verdict.clone());
                    verdict
                }
            };
            all.push(match verdict {
                // The atom says the opposite of a predicate such as `null`.
                Decisive::Pair(pair) if !holds => Decisive::Pair(Box::new(Pair { holds: !pair.holds, ..*pair })),
                other => other,
            });
        }
        all
    }

    /// Events on which a target does not fire, each one predicate away from firing, one for each
    /// predicate that decides, by its index.
    pub fn near_misses(&mut self, target: &Target) -> Vec<(usize, Witness)> {
        let decisive = self.decisive(target).into_iter().enumerate();
        decisive
            .filter_map(|(index, verdict)| match verdict {
                Decisive::Pair(pair) => Some((index, pair.silent)),
                Decisive::Never | Decisive::Unknown(_) => None,
            })
            .collect()
    }

    fn decides(&mut self, target: &Target, lowered: &Lowered, atom: AtomId, bases: &mut Vec<Witness>) -> Decisive {
        /// Events that are tried before a search.
        const BASES: usize = 6;
        if !self.charge(1) {
            return Decisive::Unknown(Unknown::Work);
        }
        let latest: Vec<Witness> = bases.iter().rev().take(BASES).cloned().collect();
        for base in &latest {
            if !self.charge(1) {
                return Decisive::Unknown(Unknown::Work);
            }
            if let Some(pair) = self.flip(target, lowered.root, atom, base) {
                return Decisive::Pair(Box::new(pair));
            }
        }
        let (with, without) =
            (self.formulas.assume(lowered.root, (atom, true)), self.formulas.assume(lowered.root, (atom, false)));
        let mut unknown = None;
        for holds in [true, false] {
            let (fires, silent) = if holds { (with, without) } else { (without, with) };
            let silent = self.formulas.negate(silent);
            let formula = self.formulas.cancel(&[fires, silent]);
            if formula == FALSE || (!holds && !self.occurs(lowered.root, (atom, false))) {
                continue;
            }
            match self.seek(&Events::of(target), formula, Some(atom)) {
                Sought::Found(model) => {
                    let field = self.space.atom(atom).map_or(FieldRef::ANY, |atom| self.space.reference(atom.field));
                    let event = self.event(&Events::of(target), &model);
                    let other = event.with(&field, model.flipped.clone());
                    let (fires, silent) = if holds { (event, other) } else { (other, event) };
                    if self.confirms(target, &fires, true) && self.confirms(target, &silent, false) {
                        bases.push(fires.clone());
                        return Decisive::Pair(Box::new(Pair { fires, silent, field, holds }));
                    }
                    unknown = Some(Unknown::NotConfirmed);
                }
                Sought::Impossible(_) => {}
                Sought::Unknown(reason) => unknown = Some(reason),
            }
        }
        // Of a keyword with several patterns only events were looked for in which one value has all of them.
        if unknown.is_none() && self.space.atom(atom).is_some_and(|atom| atom.members.is_some()) {
            unknown = Some(Unknown::Values);
        }
        unknown.map_or(Decisive::Never, Decisive::Unknown)
    }

    fn occurs(&self, root: NodeId, literal: Literal) -> bool {
        let (mut queue, mut seen) = (vec![root], rustc_hash::FxHashSet::default());
        while let Some(id) = queue.pop() {
            if !seen.insert(id) {
                continue;
            }
            match self.formulas.node(id) {
                Node::Is(own) if own == literal => return true,
                Node::All(parts) | Node::Any(parts) => queue.extend(parts.iter()),
                _ => {}
            }
        }
        false
    }

    /// An event and the same with another value in the field of an atom, where the atom alone changes and the
    /// outcome with it.
    fn flip(&mut self, target: &Target, root: NodeId, atom: AtomId, base: &Witness) -> Option<Pair> {
        let truths = self.truths(root, base).ok()?;
        let found = self.space.atom(atom)?.clone();
        if found.other.is_some() || found.members.is_some() {
            return None;
        }
        let now = *truths.get(&atom)?;
        // Cheaper than values: whether the outcome would change at all.
        let outcome = |flipped: bool| {
            self.formulas
                .evaluate(root, &mut |own| truths.get(&own).copied().unwrap_or(false) != (flipped && own == atom))
        };
        if outcome(true) == outcome(false) {
            return None;
        }
        let mut asks = Vec::new();
        for own in self.formulas.atoms(root) {
            let Some(other) = self.space.atom(own) else { continue };
            if other.field == found.field && other.members.is_none() {
                asks.push((other.test, truths.get(&own).copied()? != (own == atom)));
            }
        }
        let domain = self.space.domain(found.field);
        let field = self.space.reference(found.field);
        let answer = self.space.values.solve(&domain, &asks);
        let Answer::Found(value) = &*answer else { return None };
        let other = base.with(&field, value.clone());
        // Keywords see all values, and comparisons two.
        if self
            .truths(root, &other)
            .ok()?
            .iter()
            .any(|(own, truth)| truths.get(own).copied().unwrap_or(false) != (*truth != (*own == atom)))
        {
            return None;
        }
        let (fires, silent, holds) = if self.confirms(target, base, true) {
            (base.clone(), other, now)
        } else if self.confirms(target, &other, true) {
            (other, base.clone(), !now)
        } else {
            return None;
        };
        self.confirms(target, &silent, false).then_some(Pair { fires, silent, field, holds })
    }
}
