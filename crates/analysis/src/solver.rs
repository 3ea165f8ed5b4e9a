//! Across fields: a search for an assignment of atoms that makes a formula true and that values bear out.
//!
//! The formula becomes clauses, one-sided, so that a part that is not needed is not looked at. Decisions take a literal
//! of a clause that does not hold yet; what follows from a conflict is learnt. Values are asked for after
//! every step, field by field, and what cannot be together becomes a clause as well, made as small as a budget
//! allows.

use rustc_hash::FxHashMap;

use crate::automata::Meter;
use crate::budget::{Budget, Unknown};
use crate::formula::{AtomId, Formulas, Literal, Node, NodeId, TRUE};

/// What values say about literals.
pub(crate) trait Theory {
    /// Which literals are looked at together. A literal of group 0 is not looked at before all are known.
    fn group(&mut self, atom: AtomId) -> u32;

    /// Notes steps of the search, and tells whether more may be done.
    fn charge(&mut self, work: usize) -> bool;

    /// Literals of one group that cannot be together, a small set of them; `None` where nothing
    /// is known against them.
    fn conflict(&mut self, group: u32, literals: &[Literal]) -> Option<Vec<Literal>>;

    /// Values for all literals.
    fn model(&mut self, literals: &[Literal]) -> Modelled;
}

/// What became of the attempt to find values for all literals.
pub(crate) enum Modelled {
    /// They are kept by the theory.
    Found,
    /// These cannot be together.
    Conflict(Vec<Literal>),
    /// It is not known whether these can be together.
    Unknown(Vec<Literal>, Unknown),
}

/// What became of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There are values; the theory has them.
    Found,
    /// There are none, because each of these sets of literals cannot be.
    Impossible(Vec<Vec<Literal>>),
    /// Not known.
    Unknown(Unknown),
}

/// A literal of the search: twice the variable, and one more where it is negative.
type Lit = u32;

const fn negate(lit: Lit) -> Lit {
    lit ^ 1
}

#[derive(Default)]
struct Variable {
    /// 0 where it is not assigned, 1 true, -1 false.
    value: i8,
    level: u32,
    reason: Option<u32>,
}

/// A search.
pub(crate) struct Solver<'f> {
    formulas: &'f Formulas,
    variables: Vec<Variable>,
    atoms: FxHashMap<AtomId, u32>,
    atom_of: Vec<Option<AtomId>>,
    parts: FxHashMap<NodeId, Lit>,
    clauses: Vec<Vec<Lit>>,
    watches: Vec<Vec<u32>>,
    original: usize,
    trail: Vec<Lit>,
    levels: Vec<usize>,
    queue: usize,
    looked_at: usize,
    impossible: bool,
    /// Steps that were taken and not noted yet.
    steps: usize,
}

impl<'f> Solver<'f> {
    /// The clauses of a formula, with further ones that are known of its atoms.
    pub(crate) fn new(formulas: &'f Formulas, formula: NodeId, definitions: &[Vec<Literal>]) -> Self {
        let mut solver = Self {
            formulas,
            variables: Vec::new(),
            atoms: FxHashMap::default(),
            atom_of: Vec::new(),
            parts: FxHashMap::default(),
            clauses: Vec::new(),
            watches: Vec::new(),
            original: 0,
            trail: Vec::new(),
            levels: Vec::new(),
            queue: 0,
            looked_at: 0,
            impossible: false,
            steps: 0,
        };
        let mut pending = Vec::new();
        solver.require(formula, None, &mut pending);
        while let Some((node, when)) = pending.pop() {
            solver.require(node, Some(when), &mut pending);
        }
        for clause in definitions {
            let lits = clause.iter().map(|literal| solver.atom(*literal)).collect();
            solver.add(lits);
        }
        solver.original = solver.clauses.len();
        solver
    }

    fn variable(&mut self, atom: Option<AtomId>) -> u32 {
        let variable = u32::try_from(self.variables.len()).unwrap_or(u32::MAX);
        self.variables.push(Variable::default());
        self.atom_of.push(atom);
        self.watches.extend([Vec::new(), Vec::new()]);
        variable
    }

    fn atom(&mut self, (atom, positive): Literal) -> Lit {
        let variable = match self.atoms.get(&atom) {
            Some(known) => *known,
            None => {
                let variable = self.variable(Some(atom));
                self.atoms.insert(atom, variable);
                variable
            }
        };
        variable << 1 | u32::from(!positive)
    }

    /// The literal that stands for a part: where it is true, so is the part.
    fn part(&mut self, id: NodeId, pending: &mut Vec<(NodeId, Lit)>) -> Lit {
        if let Node::Is(literal) = self.formulas.node(id) {
            return self.atom(literal);
        }
        if let Some(known) = self.parts.get(&id) {
            return *known;
        }
        let lit = self.variable(None) << 1;
        self.parts.insert(id, lit);
        pending.push((id, lit));
        lit
    }

    /// The clauses that say that a part holds, or that it does where `when` is true.
    fn require(&mut self, id: NodeId, when: Option<Lit>, pending: &mut Vec<(NodeId, Lit)>) {
        let condition: Vec<Lit> = when.map(negate).into_iter().collect();
        match self.formulas.node(id) {
            Node::Const(true) => {}
            Node::Const(false) => self.add(condition),
            Node::Is(literal) => {
                let lit = self.atom(literal);
                self.add(condition.into_iter().chain([lit]).collect());
            }
            Node::All(parts) => {
                for part in parts {
                    match self.formulas.node(part) {
                        // Without a name for the disjunction between.
                        Node::Any(_) => self.require(part, when, pending),
                        _ => {
                            let lit = self.part(part, pending);
                            self.add(condition.iter().copied().chain([lit]).collect());
                        }
                    }
                }
            }
            Node::Any(parts) => {
                let lits: Vec<Lit> = parts.iter().map(|part| self.part(*part, pending)).collect();
                self.add(condition.into_iter().chain(lits).collect());
            }
        }
    }

    /// Adds a clause before the search.
    fn add(&mut self, mut lits: Vec<Lit>) {
        self.steps += 8 + 8 * lits.len();
        lits.sort_unstable();
        lits.dedup();
        if lits.iter().zip(lits.iter().skip(1)).any(|(a, b)| *a == negate(*b)) {
            return;
        }
        match lits.as_slice() {
            [] => self.impossible = true,
            [only] => {
                let only = *only;
                match self.value(only) {
                    0 => self.assign(only, None),
                    1 => {}
                    _ => self.impossible = true,
                }
            }
            _ => {
                self.attach(lits);
            }
        }
    }

    fn attach(&mut self, lits: Vec<Lit>) -> u32 {
        let id = u32::try_from(self.clauses.len()).unwrap_or(u32::MAX);
        for lit in lits.iter().take(2) {
            if let Some(watch) = self.watches.get_mut(*lit as usize) {
                watch.push(id);
            }
        }
        self.clauses.push(lits);
        id
    }

    /// 1 where a literal is true, -1 where it is false, 0 where it is open.
    fn value(&self, lit: Lit) -> i8 {
        let value = self.variables.get((lit >> 1) as usize).map_or(0, |variable| variable.value);
        if lit & 1 == 1 { -value } else { value }
    }

    fn level_of(&self, lit: Lit) -> u32 {
        self.variables.get((lit >> 1) as usize).map_or(0, |variable| variable.level)
    }

    fn level(&self) -> u32 {
        u32::try_from(self.levels.len()).unwrap_or(u32::MAX)
    }

    fn assign(&mut self, lit: Lit, reason: Option<u32>) {
        let level = self.level();
        if let Some(variable) = self.variables.get_mut((lit >> 1) as usize) {
            *variable = Variable { value: if lit & 1 == 1 { -1 } else { 1 }, level, reason };
        }
        self.trail.push(lit);
    }

    /// Assigns what follows; a clause that is false, where there is one.
    fn propagate(&mut self) -> Option<u32> {
        while let Some(lit) = self.trail.get(self.queue).copied() {
            self.queue += 1;
            let falsified = negate(lit);
            let Some(watch) = self.watches.get_mut(falsified as usize) else { continue };
            let watching = std::mem::take(watch);
            self.steps += 2 + 2 * watching.len();
            let mut kept: Vec<u32> = Vec::with_capacity(watching.len());
            let mut conflict = None;
            for id in watching {
                if conflict.is_some() {
                    kept.push(id);
                    continue;
                }
                let Some(clause) = self.clauses.get(id as usize) else { continue };
                let &[first, second, ..] = clause.as_slice() else { continue };
                let other = if first == falsified { second } else { first };
                if self.value(other) == 1 {
                    kept.push(id);
                    continue;
                }
                let replacement = clause
                    .iter()
                    .enumerate()
                    .skip(2)
                    .find(|(_, lit)| self.value(**lit) >= 0)
                    .map(|(at, lit)| (at, *lit));
                self.steps += replacement.map_or(clause.len(), |(at, _)| at);
                match replacement {
                    Some((at, replacement)) => {
                        if let Some(clause) = self.clauses.get_mut(id as usize) {
                            let place = usize::from(first != falsified);
                            clause.swap(place, at);
                        }
                        if let Some(watch) = self.watches.get_mut(replacement as usize) {
                            watch.push(id);
                        }
                    }
                    None => {
                        kept.push(id);
                        if self.value(other) == -1 { conflict = Some(id) } else { self.assign(other, Some(id)) }
                    }
                }
            }
            if let Some(watch) = self.watches.get_mut(falsified as usize) {
                kept.append(watch);
                *watch = kept;
            }
            if conflict.is_some() {
                return conflict;
            }
        }
        None
    }

    fn back_to(&mut self, level: u32) {
        let Some(length) = self.levels.get(level as usize).copied() else { return };
        for lit in self.trail.drain(length..) {
            if let Some(variable) = self.variables.get_mut((lit >> 1) as usize) {
                variable.value = 0;
                variable.reason = None;
            }
        }
        self.levels.truncate(level as usize);
        self.queue = self.queue.min(length);
        self.looked_at = self.looked_at.min(length);
    }

    /// Learns from a false clause and goes back. False where that leads to the end.
    fn resolve(&mut self, clause: Vec<Lit>) -> bool {
        // A clause about values may be false before the last decision.
        let highest = clause.iter().map(|lit| self.level_of(*lit)).max().unwrap_or(0);
        self.back_to(highest);
        if highest == 0 {
            return false;
        }
        let (mut learnt, mut seen) = (Vec::new(), vec![false; self.variables.len()]);
        self.steps += self.variables.len() / 16;
        let (mut open, mut at, mut part) = (0_usize, self.trail.len(), clause);
        let asserted = loop {
            self.steps += 2 * part.len();
            for lit in part {
                let Some(seen) = seen.get_mut((lit >> 1) as usize) else { continue };
                let level = self.variables.get((lit >> 1) as usize).map_or(0, |variable| variable.level);
                if *seen || level == 0 {
                    continue;
                }
                *seen = true;
                if level == highest { open += 1 } else { learnt.push(lit) }
            }
            // The latest assignment that is part of the reason.
            let lit = loop {
                let Some(before) = at.checked_sub(1) else { return false };
                at = before;
                self.steps += 1;
                let Some(lit) = self.trail.get(at).copied() else { return false };
                if seen.get((lit >> 1) as usize) == Some(&true) {
                    break lit;
                }
            };
            open = open.saturating_sub(1);
            if open == 0 {
                break negate(lit);
            }
            let reason = self.variables.get((lit >> 1) as usize).and_then(|variable| variable.reason);
            let Some(reason) = reason.and_then(|reason| self.clauses.get(reason as usize)) else { return false };
            part = reason.iter().copied().filter(|other| *other != lit).collect();
        };
        // The literal of the highest level left is watched beside the asserted one.
        learnt.sort_by_key(|lit| std::cmp::Reverse(self.level_of(*lit)));
        let back = learnt.first().map_or(0, |lit| self.level_of(*lit));
        self.back_to(back);
        learnt.insert(0, asserted);
        let reason = if learnt.len() > 1 { Some(self.attach(learnt)) } else { None };
        self.assign(asserted, reason);
        true
    }

    /// The literals of atoms that are assigned.
    fn literals(&self) -> Vec<Literal> {
        self.trail.iter().filter_map(|lit| self.literal_of(*lit)).collect()
    }

    fn literal_of(&self, lit: Lit) -> Option<Literal> {
        let atom = (*self.atom_of.get((lit >> 1) as usize)?)?;
        Some((atom, lit & 1 == 0))
    }

    fn clause_of(&mut self, conflict: &[Literal]) -> Vec<Lit> {
        conflict.iter().map(|literal| negate(self.atom(*literal))).collect()
    }

    /// A literal of the first clause of the formula that does not hold yet.
    fn decision(&mut self) -> Option<Lit> {
        let mut looked_at = 0;
        let open = |clause: &&Vec<Lit>| {
            let holds = clause.iter().position(|lit| self.value(*lit) == 1);
            looked_at += holds.map_or(clause.len(), |at| at + 1);
            holds.is_none()
        };
        let clause = self.clauses.get(..self.original)?.iter().find(open);
        let found = clause.and_then(|clause| clause.iter().copied().find(|lit| self.value(*lit) == 0));
        self.steps += looked_at;
        found
    }

    /// Searches.
    pub(crate) fn run(mut self, theory: &mut dyn Theory, budget: &Budget) -> Outcome {
        let (mut decisions, mut conflicts) = (0, 0);
        let mut reasons: Vec<Vec<Literal>> = Vec::new();
        let mut doubt: Option<Unknown> = None;
        let end = |doubt: Option<Unknown>, reasons| doubt.map_or(Outcome::Impossible(reasons), Outcome::Unknown);
        if self.impossible {
            return end(None, reasons);
        }
        loop {
            if !theory.charge(std::mem::take(&mut self.steps)) {
                return Outcome::Unknown(Unknown::Work);
            }
            let mut clause = self.propagate().and_then(|id| self.clauses.get(id as usize).cloned());
            if clause.is_none() {
                clause = self.ask(theory).map(|conflict| {
                    let clause = self.clause_of(&conflict);
                    reasons.push(conflict);
                    clause
                });
            }
            if clause.is_none() {
                if let Some(lit) = self.decision() {
                    decisions += 1;
                    if decisions > budget.decisions {
                        return Outcome::Unknown(Unknown::Decisions);
                    }
                    self.levels.push(self.trail.len());
                    self.assign(lit, None);
                    continue;
                }
                match theory.model(&self.literals()) {
                    Modelled::Found => return Outcome::Found,
                    Modelled::Conflict(conflict) => {
                        clause = Some(self.clause_of(&conflict));
                        reasons.push(conflict);
                    }
                    Modelled::Unknown(literals, reason) => {
                        // Another assignment may still bear fruit; without one the answer is not known.
                        doubt = doubt.or(Some(reason));
                        clause = Some(self.clause_of(&literals));
                    }
                }
            }
            let Some(clause) = clause else { continue };
            conflicts += 1;
            if conflicts > budget.conflicts {
                return Outcome::Unknown(doubt.unwrap_or(Unknown::Conflicts));
            }
            if !self.resolve(clause) {
                return end(doubt, reasons);
            }
        }
    }

    /// Asks for values of each group whose literals changed.
    fn ask(&mut self, theory: &mut dyn Theory) -> Option<Vec<Literal>> {
        let mut changed: Vec<u32> = Vec::new();
        for lit in self.trail.get(self.looked_at..).unwrap_or(&[]) {
            let Some((atom, _)) = self.literal_of(*lit) else { continue };
            let group = theory.group(atom);
            self.steps += 4 + changed.len();
            if group != 0 && !changed.contains(&group) {
                changed.push(group);
            }
        }
        self.looked_at = self.trail.len();
        if changed.is_empty() {
            return None;
        }
        self.steps += 8 * self.trail.len();
        let mut grouped: FxHashMap<u32, Vec<Literal>> = FxHashMap::default();
        for (atom, positive) in self.literals() {
            grouped.entry(theory.group(atom)).or_default().push((atom, positive));
        }
        changed.into_iter().find_map(|group| theory.conflict(group, grouped.get(&group)?))
    }
}

/// Whether sets of literals that cannot be are enough to make a formula false, without asking for values.
pub(crate) fn refutes(
    formulas: &Formulas,
    formula: NodeId,
    definitions: &[Vec<Literal>],
    reasons: &[&Vec<Literal>],
    budget: &Budget,
    meter: &mut Meter,
) -> bool {
    struct Nothing<'m>(&'m mut Meter);
    impl Theory for Nothing<'_> {
        fn charge(&mut self, work: usize) -> bool {
            self.0.charge(work)
        }

        fn group(&mut self, _: AtomId) -> u32 {
            0
        }

        fn conflict(&mut self, _: u32, _: &[Literal]) -> Option<Vec<Literal>> {
            None
        }

        fn model(&mut self, _: &[Literal]) -> Modelled {
            Modelled::Found
        }
    }
    if formula == TRUE {
        return false;
    }
    let clauses: Vec<Vec<Literal>> = definitions
        .iter()
        .cloned()
        .chain(reasons.iter().map(|reason| reason.iter().map(|(atom, positive)| (*atom, !positive)).collect()))
        .collect();
    matches!(Solver::new(formulas, formula, &clauses).run(&mut Nothing(meter), budget), Outcome::Impossible(_))
}
