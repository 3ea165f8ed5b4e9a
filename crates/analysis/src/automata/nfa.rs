//! Patterns to one nondeterministic automaton over characters, shaped as a trie: what patterns of a list
//! begin with alike is there once.

use rustc_hash::FxHashMap;

use crate::budget::Unknown;

/// A node, by its index.
pub(crate) type NodeId = u32;

/// The greatest character.
pub(crate) const LAST: u32 = 0x0010_FFFF;

/// What a step between nodes asks of the place in the text, without reading on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Look {
    /// Nothing.
    Free,
    /// The beginning of the text.
    Start,
    /// The end of the text.
    End,
    /// The beginning of a line.
    LineStart,
    /// The end of a line.
    LineEnd,
    /// A letter, digit or underscore on just one side, all ASCII.
    Word,
    /// Not [`Look::Word`].
    NotWord,
    /// [`Look::Word`], and a word begins.
    WordStart,
    /// [`Look::Word`], and a word ends.
    WordEnd,
    /// No word before this place.
    WordStartHalf,
    /// No word behind this place.
    WordEndHalf,
}

/// What it means to have reached a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accept {
    /// Nothing.
    No,
    /// The text is accepted if it ends here.
    AtEnd,
    /// The text is accepted whatever follows.
    Always,
}

/// A node of an automaton.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Inclusive ranges of characters and where they lead.
    pub(crate) edges: Vec<(u32, u32, NodeId)>,
    /// Steps that read nothing.
    pub(crate) free: Vec<(Look, NodeId)>,
    pub(crate) accept: Accept,
}

/// A nondeterministic automaton. Node 0 is where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Nfa {
    pub(crate) nodes: Vec<Node>,
    /// Whether some step asks more than [`Look::Free`].
    pub(crate) looks: bool,
    /// For each node the least number of characters to acceptance, `u32::MAX` where there is no way.
    pub(crate) distance: Vec<u32>,
}

/// Builds an automaton node by node.
pub(crate) struct Builder {
    nodes: Vec<Node>,
    looks: bool,
    limit: usize,
    /// Children of trie nodes, by node, character and whether case is ignored.
    children: FxHashMap<(NodeId, char, bool), NodeId>,
    /// Where patterns begin that may stand anywhere.
    anywhere: Option<NodeId>,
}

/// Where an automaton begins.
pub(crate) const ROOT: NodeId = 0;

impl Builder {
    pub(crate) fn new(limit: usize) -> Self {
        let mut builder =
            Self { nodes: Vec::new(), looks: false, limit, children: FxHashMap::default(), anywhere: None };
        builder.nodes.push(Node { edges: Vec::new(), free: Vec::new(), accept: Accept::No });
        builder
    }

    /// A new node.
    ///
    /// # Errors
    /// At the limit.
    pub(crate) fn node(&mut self) -> Result<NodeId, Unknown> {
        if self.nodes.len() >= self.limit {
            return Err(Unknown::Nodes);
        }
        let id = NodeId::try_from(self.nodes.len()).map_err(|_| Unknown::Nodes)?;
        self.nodes.push(Node { edges: Vec::new(), free: Vec::new(), accept: Accept::No });
        Ok(id)
    }

    pub(crate) fn edge(&mut self, from: NodeId, low: u32, high: u32, to: NodeId) {
        if let Some(node) = self.nodes.get_mut(from as usize) {
            node.edges.push((low, high, to));
        }
    }

    pub(crate) fn free(&mut self, from: NodeId, look: Look, to: NodeId) {
        self.looks |= look != Look::Free;
        if let Some(node) = self.nodes.get_mut(from as usize) {
            node.free.push((look, to));
        }
    }

    pub(crate) fn accept(&mut self, at: NodeId, accept: Accept) {
        if let Some(node) = self.nodes.get_mut(at as usize)
            && node.accept != Accept::Always
        {
            node.accept = accept;
        }
    }

    /// The node where what may stand anywhere begins: it stays on whatever is read.
    ///
    /// # Errors
    /// At the limit of nodes.
    pub(crate) fn anywhere(&mut self) -> Result<NodeId, Unknown> {
        if let Some(found) = self.anywhere {
            return Ok(found);
        }
        let node = self.node()?;
        self.edge(node, 0, LAST, node);
        self.free(ROOT, Look::Free, node);
        self.anywhere = Some(node);
        Ok(node)
    }

    /// Follows a literal from a node, along what is there already.
    ///
    /// # Errors
    /// At the limit of nodes.
    pub(crate) fn literal(&mut self, from: NodeId, text: &str, ignore_case: bool) -> Result<NodeId, Unknown> {
        let mut at = from;
        for character in text.chars() {
            let folds = ignore_case && character.is_ascii_alphabetic();
            let key = if folds { character.to_ascii_lowercase() } else { character };
            at = match self.children.get(&(at, key, folds)) {
                Some(child) => *child,
                None => {
                    let child = self.node()?;
                    self.edge(at, u32::from(key), u32::from(key), child);
                    if folds {
                        let upper = u32::from(key.to_ascii_uppercase());
                        self.edge(at, upper, upper, child);
                    }
                    self.children.insert((at, key, folds), child);
                    child
                }
            };
        }
        Ok(at)
    }

    /// The automaton, with distances.
    pub(crate) fn finish(self) -> Nfa {
        let distance = distances(&self.nodes);
        Nfa { nodes: self.nodes, looks: self.looks, distance }
    }
}

/// A step into a node.
struct Step {
    from: NodeId,
    reads: bool,
    /// The one that was noted before it, into the same node.
    before: Option<usize>,
}

/// Breadth first from acceptance backwards; steps that read nothing cost nothing.
fn distances(nodes: &[Node]) -> Vec<u32> {
    // The steps into a node are a list: each names the one before it, and `last` where a list begins.
    let mut steps: Vec<Step> = Vec::new();
    let mut last: Vec<Option<usize>> = vec![None; nodes.len()];
    let mut distance = vec![u32::MAX; nodes.len()];
    let mut near: Vec<NodeId> = Vec::new();
    for (id, node) in (0..).zip(nodes) {
        let edges = node.edges.iter().map(|(_, _, to)| (*to, true));
        for (to, reads) in edges.chain(node.free.iter().map(|(_, to)| (*to, false))) {
            if let Some(last) = last.get_mut(to as usize) {
                let before = last.replace(steps.len());
                steps.push(Step { from: id, reads, before });
            }
        }
        if node.accept != Accept::No {
            near.push(id);
        }
    }
    let mut length = 0;
    while !near.is_empty() {
        let mut far = Vec::new();
        while let Some(node) = near.pop() {
            let Some(known) = distance.get_mut(node as usize) else { continue };
            if *known <= length {
                continue;
            }
            *known = length;
            let mut next = last.get(node as usize).copied().flatten();
            while let Some(step) = next.and_then(|at| steps.get(at)) {
                if step.reads {
                    far.push(step.from)
                } else {
                    near.push(step.from)
                }
                next = step.before;
            }
        }
        near = far;
        length += 1;
    }
    distance
}
