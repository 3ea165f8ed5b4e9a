//! The deterministic automaton of a list of patterns, made as far as it is looked at.
//!
//! A state is a sorted set of nodes. Its row is a partition of all characters at the points where its own
//! edges change; there is no alphabet for the automaton as a whole, which in a list of thousands of values would
//! be most of the characters for each of thousands of states.

use std::cell::Cell;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::nfa::{Accept, LAST, Look, Nfa, NodeId};

/// A state, by its index.
pub(crate) type StateId = u32;

/// The state from which nothing is accepted.
pub(crate) const DEAD: StateId = 0;
/// The state from which everything is accepted.
pub(crate) const ALL: StateId = 1;

/// What stands before a place, as far as steps without reading ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Before {
    Start,
    Newline,
    Word,
    Other,
}

/// What follows a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    End,
    Newline,
    Word,
    Other,
}

/// Upper bounds of segments, rising, each with the state that its characters lead to. The last bound is [`LAST`].
pub(crate) type Row = Rc<[(u32, StateId)]>;

struct State {
    kernel: Rc<[NodeId]>,
    before: Before,
    row: Option<Row>,
    /// Whether a text led on from here before there was a row.
    is_met: Cell<bool>,
    accepts: bool,
    distance: u32,
}

/// A deterministic automaton over characters.
pub(crate) struct Dfa {
    nfa: Nfa,
    states: Vec<State>,
    ids: FxHashMap<(Before, Rc<[NodeId]>), StateId>,
    start: StateId,
    size: usize,
    /// Steps that were taken to make states and rows.
    work: Cell<usize>,
}

impl Dfa {
    pub(crate) fn new(nfa: Nfa) -> Self {
        let size = nfa.nodes.len();
        let mut dfa =
            Self { nfa, states: Vec::new(), ids: FxHashMap::default(), start: DEAD, size, work: Cell::new(0) };
        let rest: Rc<[NodeId]> = Rc::new([]);
        for (accepts, distance, id) in [(false, u32::MAX, DEAD), (true, 0, ALL)] {
            let row: Row = Rc::new([(LAST, id)]);
            let state = State {
                kernel: Rc::clone(&rest),
                before: Before::Other,
                row: Some(row),
                is_met: Cell::new(true),
                accepts,
                distance,
            };
            dfa.states.push(state);
        }
        dfa.ids.insert((Before::Other, rest), DEAD);
        let before = if dfa.nfa.looks { Before::Start } else { Before::Other };
        dfa.start = dfa.intern(vec![super::nfa::ROOT], before);
        dfa
    }

    pub(crate) const fn start(&self) -> StateId {
        self.start
    }

    /// Nodes that the automaton is made from, and the nodes and segments of the states that were made so far.
    pub(crate) const fn size(&self) -> usize {
        self.size
    }

    /// Steps that were taken so far to make states and rows.
    pub(crate) const fn work(&self) -> usize {
        self.work.get()
    }

    fn note(&self, work: usize) {
        self.work.set(self.work.get().saturating_add(work));
    }

    /// Whether a text that ends in this state is accepted.
    pub(crate) fn accepts(&self, state: StateId) -> bool {
        self.states.get(state as usize).is_some_and(|state| state.accepts)
    }

    /// No more than the characters that are missing to acceptance; `u32::MAX` where there is no way.
    pub(crate) fn distance(&self, state: StateId) -> u32 {
        self.states.get(state as usize).map_or(u32::MAX, |state| state.distance)
    }

    /// Where a character leads.
    pub(crate) fn step(&mut self, state: StateId, character: char) -> StateId {
        let next = |row: &Row| {
            let at = row.partition_point(|(bound, _)| *bound < u32::from(character));
            row.get(at).map_or(DEAD, |(_, next)| *next)
        };
        match self.states.get(state as usize) {
            Some(State { row: Some(row), .. }) => next(row),
            // Most states that a text leads through are met once, and a row is made of all that may follow.
            Some(found) if !self.nfa.looks && !found.is_met.replace(true) => self.lead(state, character),
            _ => next(&self.row(state)),
        }
    }

    /// Where one character leads, without a row.
    fn lead(&mut self, state: StateId, character: char) -> StateId {
        let kernel = self.states.get(state as usize).map_or(&[][..], |found| &*found.kernel);
        let nodes = kernel.iter().filter_map(|node| self.nfa.nodes.get(*node as usize));
        let (read, mut work) = (u32::from(character), kernel.len());
        let mut bucket = Vec::new();
        for node in nodes {
            work += node.edges.len();
            let taken = node.edges.iter().filter(|(low, high, _)| (*low..=*high).contains(&read));
            bucket.extend(taken.map(|(_, _, to)| *to));
        }
        self.note(work);
        self.intern(bucket, Before::Other)
    }

    /// The row of a state, made on first use.
    pub(crate) fn row(&mut self, state: StateId) -> Row {
        let Some(found) = self.states.get(state as usize) else { return Rc::new([(LAST, DEAD)]) };
        if let Some(row) = &found.row {
            return Rc::clone(row);
        }
        let (kernel, before) = (Rc::clone(&found.kernel), found.before);
        let row: Row = self.make_row(&kernel, before).into();
        self.size += row.len() / 4;
        if let Some(found) = self.states.get_mut(state as usize) {
            found.row = Some(Rc::clone(&row));
        }
        row
    }

    fn make_row(&mut self, kernel: &[NodeId], before: Before) -> Vec<(u32, StateId)> {
        if !self.nfa.looks {
            let (nodes, always) = (kernel.to_vec(), false);
            return self.segments(&nodes, always, Before::Other, &[(0, LAST)]);
        }
        let mut row = Vec::new();
        for (after, into, ranges) in [
            (After::Newline, Before::Newline, [(10, 10)].as_slice()),
            (After::Word, Before::Word, [(48, 57), (65, 90), (95, 95), (97, 122)].as_slice()),
            (After::Other, Before::Other, [(0, 9), (11, 47), (58, 64), (91, 94), (96, 96), (123, LAST)].as_slice()),
        ] {
            let (nodes, always) = self.closure(kernel, before, after);
            row.extend(self.segments(&nodes, always, into, ranges));
        }
        row.sort_unstable();
        row
    }

    /// The segments of some ranges of characters, with the states that they lead to from a set of nodes.
    fn segments(
        &mut self,
        nodes: &[NodeId],
        always: bool,
        before: Before,
        ranges: &[(u32, u32)],
    ) -> Vec<(u32, StateId)> {
        if always {
            return ranges.iter().map(|(_, high)| (*high, ALL)).collect();
        }
        let edges = || nodes.iter().filter_map(|node| self.nfa.nodes.get(*node as usize)).flat_map(|node| &node.edges);
        let mut cuts: Vec<u32> = vec![LAST + 1];
        for (low, high) in ranges {
            cuts.extend([*low, high + 1]);
        }
        for (low, high, _) in edges() {
            cuts.extend([*low, high + 1]);
        }
        self.note(8 * cuts.len());
        cuts.sort_unstable();
        cuts.dedup();
        let mut buckets: Vec<Vec<NodeId>> = vec![Vec::new(); cuts.len()];
        for (low, high, to) in edges() {
            let first = cuts.partition_point(|cut| cut < low);
            let behind = cuts.partition_point(|cut| *cut <= *high);
            self.note(1 + behind.saturating_sub(first));
            for bucket in buckets.get_mut(first..behind).into_iter().flatten() {
                bucket.push(*to);
            }
        }
        let mut row: Vec<(u32, StateId)> = Vec::new();
        let mut lows = cuts.iter().zip(cuts.iter().skip(1)).zip(buckets);
        let mut range = ranges.iter().peekable();
        for ((low, next), bucket) in &mut lows {
            while range.peek().is_some_and(|(_, high)| high < low) {
                range.next();
            }
            if range.peek().is_none_or(|(from, _)| low < from) {
                continue;
            }
            let to = self.intern(bucket, before);
            let bound = next - 1;
            // Segments of one range that lead alike are one; across a gap they are not.
            let adjoins = range.peek().is_some_and(|(from, _)| from < low);
            match row.last_mut() {
                Some((last, state)) if *state == to && adjoins => *last = bound,
                _ => row.push((bound, to)),
            }
        }
        row
    }

    /// All nodes that a set leads to at a place, and whether one of them accepts whatever follows.
    fn closure(&self, kernel: &[NodeId], before: Before, after: After) -> (Vec<NodeId>, bool) {
        let mut seen: Vec<NodeId> = kernel.to_vec();
        let mut queue = seen.clone();
        let mut always = false;
        let mut known: FxHashSet<NodeId> = seen.iter().copied().collect();
        while let Some(node) = queue.pop() {
            let Some(node) = self.nfa.nodes.get(node as usize) else { continue };
            always |= node.accept == Accept::Always;
            for (look, to) in &node.free {
                if passes(*look, before, after) && known.insert(*to) {
                    seen.push(*to);
                    queue.push(*to);
                }
            }
        }
        self.note(8 * seen.len());
        seen.sort_unstable();
        (seen, always)
    }

    /// The state of a set of nodes, closed under steps that ask nothing.
    fn intern(&mut self, mut nodes: Vec<NodeId>, before: Before) -> StateId {
        self.note(8 + 4 * nodes.len());
        nodes.sort_unstable();
        nodes.dedup();
        let of = |node: &NodeId| self.nfa.nodes.get(*node as usize);
        if nodes.iter().filter_map(of).any(|node| !node.free.is_empty()) {
            let mut known: FxHashSet<NodeId> = nodes.iter().copied().collect();
            let mut at = 0;
            while let Some(node) = nodes.get(at).and_then(of) {
                for (look, to) in &node.free {
                    if *look == Look::Free && known.insert(*to) {
                        nodes.push(*to);
                    }
                }
                at += 1;
            }
            self.note(8 * at);
            nodes.sort_unstable();
        }
        if nodes.iter().filter_map(of).any(|node| node.accept == Accept::Always) {
            return ALL;
        }
        // What leads nowhere need not be told apart.
        nodes.retain(|node| self.nfa.distance.get(*node as usize).is_some_and(|distance| *distance != u32::MAX));
        if nodes.is_empty() {
            return DEAD;
        }
        let kernel: Rc<[NodeId]> = nodes.into();
        if let Some(found) = self.ids.get(&(before, Rc::clone(&kernel))) {
            return *found;
        }
        let Ok(id) = StateId::try_from(self.states.len()) else { return DEAD };
        let accepts = if self.nfa.looks {
            let (closed, _) = self.closure(&kernel, before, After::End);
            closed.iter().filter_map(of).any(|node| node.accept != Accept::No)
        } else {
            kernel.iter().filter_map(of).any(|node| node.accept == Accept::AtEnd)
        };
        let distance = kernel.iter().filter_map(|node| self.nfa.distance.get(*node as usize)).min();
        let distance = distance.copied().unwrap_or(u32::MAX);
        self.size += 1 + kernel.len() / 8;
        self.states.push(State {
            kernel: Rc::clone(&kernel),
            before,
            row: None,
            is_met: Cell::new(false),
            accepts,
            distance,
        });
        self.ids.insert((before, kernel), id);
        id
    }
}

fn passes(look: Look, before: Before, after: After) -> bool {
    let (word_before, word_after) = (before == Before::Word, after == After::Word);
    match look {
        Look::Free => true,
        Look::Start => before == Before::Start,
        Look::End => after == After::End,
        Look::LineStart => matches!(before, Before::Start | Before::Newline),
        Look::LineEnd => matches!(after, After::End | After::Newline),
        Look::Word => word_before != word_after,
        Look::NotWord => word_before == word_after,
        Look::WordStart => !word_before && word_after,
        Look::WordEnd => word_before && !word_after,
        Look::WordStartHalf => !word_before,
        Look::WordEndHalf => !word_after,
    }
}
