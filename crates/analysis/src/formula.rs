//! Conditions in negation normal form, each distinct part there once.

use std::cell::Cell;

use rustc_hash::{FxHashMap, FxHashSet};

/// A predicate on one field, by its index.
pub(crate) type AtomId = u32;

/// A part of a formula, by its index.
pub(crate) type NodeId = u32;

/// An atom that holds, or does not.
pub(crate) type Literal = (AtomId, bool);

/// A part of a formula. Negation stands at atoms alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    Const(bool),
    Is(Literal),
    All(Box<[NodeId]>),
    Any(Box<[NodeId]>),
}

/// All formulas of one analysis.
pub(crate) struct Formulas {
    nodes: Vec<Node>,
    ids: FxHashMap<Node, NodeId>,
    negations: FxHashMap<NodeId, NodeId>,
    /// Steps that were taken and not noted yet.
    steps: Cell<usize>,
}

/// The formula that always holds.
pub(crate) const TRUE: NodeId = 1;
/// The formula that never holds.
pub(crate) const FALSE: NodeId = 0;

impl Formulas {
    pub(crate) fn new() -> Self {
        let mut formulas =
            Self { nodes: Vec::new(), ids: FxHashMap::default(), negations: FxHashMap::default(), steps: Cell::new(0) };
        formulas.intern(Node::Const(false));
        formulas.intern(Node::Const(true));
        formulas
    }

    /// Steps that were taken since this was last asked.
    pub(crate) fn take_steps(&self) -> usize {
        self.steps.take()
    }

    fn step(&self, steps: usize) {
        self.steps.set(self.steps.get().saturating_add(steps));
    }

    fn intern(&mut self, node: Node) -> NodeId {
        self.step(match &node {
            Node::Const(_) | Node::Is(_) => 4,
            Node::All(parts) | Node::Any(parts) => 4 + parts.len(),
        });
        if let Some(known) = self.ids.get(&node) {
            return *known;
        }
        let id = NodeId::try_from(self.nodes.len()).unwrap_or(NodeId::MAX);
        self.nodes.push(node.clone());
        self.ids.insert(node, id);
        id
    }

    pub(crate) fn node(&self, id: NodeId) -> Node {
        self.nodes.get(id as usize).cloned().unwrap_or(Node::Const(false))
    }

    pub(crate) fn literal(&mut self, atom: AtomId, positive: bool) -> NodeId {
        self.intern(Node::Is((atom, positive)))
    }

    pub(crate) fn all(&mut self, parts: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.gather(parts, true)
    }

    pub(crate) fn any(&mut self, parts: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.gather(parts, false)
    }

    /// Flattened, without repeats and constants; the order of the first occurrences stays.
    fn gather(&mut self, parts: impl IntoIterator<Item = NodeId>, conjunction: bool) -> NodeId {
        let (neutral, absorbing) = if conjunction { (TRUE, FALSE) } else { (FALSE, TRUE) };
        let mut kept: Vec<NodeId> = Vec::new();
        let mut seen: FxHashSet<NodeId> = FxHashSet::default();
        for part in parts {
            let inner = match self.node(part) {
                Node::All(inner) if conjunction => inner,
                Node::Any(inner) if !conjunction => inner,
                _ => Box::new([part]),
            };
            for part in inner {
                if part == absorbing {
                    return absorbing;
                }
                if part != neutral && seen.insert(part) {
                    kept.push(part);
                }
            }
        }
        for part in &kept {
            if self.negations.get(part).is_some_and(|negation| seen.contains(negation)) {
                return absorbing;
            }
        }
        self.step(8 * seen.len());
        match kept.as_slice() {
            [] => neutral,
            [only] => *only,
            _ if conjunction => self.intern(Node::All(kept.into())),
            _ => self.intern(Node::Any(kept.into())),
        }
    }

    pub(crate) fn negate(&mut self, id: NodeId) -> NodeId {
        if let Some(known) = self.negations.get(&id) {
            return *known;
        }
        self.step(4);
        let negation = match self.node(id) {
            Node::Const(value) => {
                if value {
                    FALSE
                } else {
                    TRUE
                }
            }
            Node::Is((atom, positive)) => self.literal(atom, !positive),
            Node::All(parts) => {
                let parts: Vec<NodeId> = parts.iter().map(|part| self.negate(*part)).collect();
                self.any(parts)
            }
            Node::Any(parts) => {
                let parts: Vec<NodeId> = parts.iter().map(|part| self.negate(*part)).collect();
                self.all(parts)
            }
        };
        self.negations.insert(id, negation);
        self.negations.insert(negation, id);
        negation
    }

    /// The formula with parts replaced by others.
    pub(crate) fn replace(&mut self, id: NodeId, by: &FxHashMap<NodeId, NodeId>) -> NodeId {
        if by.is_empty() {
            return id;
        }
        self.replace_known(id, by, &mut FxHashMap::default())
    }

    /// `made` holds what was replaced on the way.
    fn replace_known(
        &mut self,
        id: NodeId,
        known: &FxHashMap<NodeId, NodeId>,
        made: &mut FxHashMap<NodeId, NodeId>,
    ) -> NodeId {
        if let Some(found) = known.get(&id).or_else(|| made.get(&id)) {
            return *found;
        }
        self.step(8);
        let new = match self.node(id) {
            Node::Const(_) | Node::Is(_) => id,
            Node::All(parts) => {
                let parts: Vec<NodeId> = parts.iter().map(|part| self.replace_known(*part, known, made)).collect();
                self.all(parts)
            }
            Node::Any(parts) => {
                let parts: Vec<NodeId> = parts.iter().map(|part| self.replace_known(*part, known, made)).collect();
                self.any(parts)
            }
        };
        made.insert(id, new);
        new
    }

    /// The formula with an atom known.
    pub(crate) fn assume(&mut self, id: NodeId, (atom, value): Literal) -> NodeId {
        let (positive, negative) = (self.literal(atom, true), self.literal(atom, false));
        let known = if value { [(positive, TRUE), (negative, FALSE)] } else { [(positive, FALSE), (negative, TRUE)] };
        self.replace(id, &known.into_iter().collect())
    }

    /// A conjunction, with what its parts say about each other put in: where two formulas share most of
    /// their parts, as two versions of a rule do, little is left to search.
    pub(crate) fn cancel(&mut self, parts: &[NodeId]) -> NodeId {
        const ROUNDS: usize = 6;
        let mut whole = self.all(parts.iter().copied());
        for _ in 0..ROUNDS {
            let Node::All(parts) = self.node(whole) else { break };
            let mut known: FxHashMap<NodeId, NodeId> = FxHashMap::default();
            for part in &parts {
                known.insert(*part, TRUE);
                let negation = self.negate(*part);
                known.insert(negation, FALSE);
            }
            // What a part becomes inside of one of them it becomes inside of all.
            let mut made: FxHashMap<NodeId, NodeId> = FxHashMap::default();
            let mut reduced: Vec<NodeId> = Vec::with_capacity(parts.len());
            for part in &parts {
                // Only what is inside of the part: of itself nothing is known.
                reduced.push(match self.node(*part) {
                    Node::Any(inner) => {
                        let inner: Vec<NodeId> =
                            inner.iter().map(|one| self.replace_known(*one, &known, &mut made)).collect();
                        self.any(inner)
                    }
                    _ => *part,
                });
            }
            let next = self.all(reduced);
            if next == whole {
                break;
            }
            whole = next;
        }
        whole
    }

    /// The atoms of a formula, in the order of their first occurrence.
    pub(crate) fn atoms(&self, id: NodeId) -> Vec<AtomId> {
        let (mut found, mut seen, mut parts) = (Vec::new(), FxHashSet::default(), FxHashSet::default());
        let mut queue = vec![id];
        while let Some(id) = queue.pop() {
            self.step(4);
            if !parts.insert(id) {
                continue;
            }
            match self.nodes.get(id as usize) {
                Some(Node::Is((atom, _))) if seen.insert(*atom) => found.push(*atom),
                Some(Node::All(parts) | Node::Any(parts)) => queue.extend(parts.iter().rev()),
                _ => {}
            }
        }
        found
    }

    /// Whether a formula holds where its atoms do as `truth` says.
    pub(crate) fn evaluate(&self, id: NodeId, truth: &mut impl FnMut(AtomId) -> bool) -> bool {
        self.step(1);
        match self.nodes.get(id as usize) {
            Some(Node::Const(value)) => *value,
            Some(Node::Is((atom, positive))) => truth(*atom) == *positive,
            Some(Node::All(parts)) => parts.iter().all(|part| self.evaluate(*part, truth)),
            Some(Node::Any(parts)) => parts.iter().any(|part| self.evaluate(*part, truth)),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_formulas_share_cancels() {
        let mut formulas = Formulas::new();
        let [a, b, c, d] = [0, 1, 2, 3].map(|atom| formulas.literal(atom, true));
        let either = formulas.any([b, c]);
        let old = formulas.all([a, either]);
        let new = formulas.all([a, either, d]);
        let not_new = formulas.negate(new);
        let not_d = formulas.negate(d);
        assert_eq!(formulas.cancel(&[old, not_new]), formulas.all([a, either, not_d]));
        let not_old = formulas.negate(old);
        assert_eq!(formulas.cancel(&[new, not_old]), FALSE);
        assert_eq!(formulas.negate(not_old), old);
        assert_eq!(formulas.assume(new, (3, false)), FALSE);
        assert_eq!(formulas.assume(new, (3, true)), old);
        assert_eq!(formulas.atoms(new), [0, 1, 2, 3]);
    }
}
