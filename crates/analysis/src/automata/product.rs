//! A text that several automata accept or do not: a search through their product, made as far as needed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::dfa::{ALL, DEAD, Row, StateId};
use super::nfa::LAST;
use super::{Automata, LangId};

/// What is asked of a text: that all of these languages have it, or that not all of them do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Group {
    pub(crate) members: Vec<LangId>,
    pub(crate) positive: bool,
}

/// What became of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Search {
    /// A text of all groups.
    Found(String),
    /// There is none.
    Empty,
    /// Not known: the budget is spent.
    Spent,
}

/// A state of the product: one of each automaton.
type Tuple = Rc<[StateId]>;

struct Visited {
    states: Tuple,
    from: u32,
    character: char,
    length: u32,
}

/// What a tuple of states is good for.
enum Prospect {
    Dead,
    Accepting,
    /// The sum of the distances of all groups.
    Open(u32),
}

struct Product<'a> {
    automata: &'a mut Automata,
    groups: &'a [Group],
}

/// Looks for a text that is in all groups, in at most `limit` states of the product.
pub(crate) fn search(automata: &mut Automata, groups: &[Group], limit: usize) -> Search {
    let (found, states) = explore(automata, groups, limit);
    automata.peak = automata.peak.max(states);
    found
}

/// The search, and how many states it looked at.
fn explore(automata: &mut Automata, groups: &[Group], limit: usize) -> (Search, usize) {
    if automata.is_full() {
        return (Search::Spent, 0);
    }
    let mut product = Product { automata, groups };
    let start: Tuple =
        groups.iter().flat_map(|group| &group.members).map(|lang| product.automata.start(*lang)).collect();
    match product.prospect(&start) {
        Prospect::Dead => return (Search::Empty, 1),
        Prospect::Accepting => return (Search::Found(String::new()), 1),
        Prospect::Open(_) => {}
    }
    let mut visited: Vec<Visited> = vec![Visited { states: Rc::clone(&start), from: 0, character: '\0', length: 0 }];
    let mut known: FxHashMap<Tuple, ()> = FxHashMap::default();
    known.insert(start, ());
    // Nearest first by the sum of the distances, not by length: shortest first looks at ten times as many
    // states, and a text can be made shorter afterwards.
    let mut queue: BinaryHeap<Reverse<(u32, u32, u32)>> = BinaryHeap::new();
    queue.push(Reverse((0, 0, 0)));
    while let Some(Reverse((_, _, id))) = queue.pop() {
        let Some(current) = visited.get(id as usize) else { continue };
        let (states, length) = (Rc::clone(&current.states), current.length + 1);
        if product.automata.is_full() {
            return (Search::Spent, visited.len());
        }
        for (next, character) in product.successors(&states) {
            if known.contains_key(&next) {
                continue;
            }
            let prospect = product.prospect(&next);
            if matches!(prospect, Prospect::Dead) {
                known.insert(next, ());
                continue;
            }
            let Ok(number) = u32::try_from(visited.len()) else { return (Search::Spent, visited.len()) };
            known.insert(Rc::clone(&next), ());
            visited.push(Visited { states: next, from: id, character, length });
            match prospect {
                Prospect::Accepting => return (Search::Found(text(&visited, number)), visited.len()),
                Prospect::Open(distance) => queue.push(Reverse((distance, length, number))),
                Prospect::Dead => {}
            }
            if visited.len() > limit || product.automata.is_full() {
                return (Search::Spent, visited.len());
            }
        }
    }
    (Search::Empty, visited.len())
}

/// The characters on the way to a state.
fn text(visited: &[Visited], mut at: u32) -> String {
    let mut characters = Vec::new();
    while let Some(state) = visited.get(at as usize).filter(|_| at > 0) {
        characters.push(state.character);
        at = state.from;
    }
    characters.iter().rev().collect()
}

impl Product<'_> {
    fn prospect(&mut self, states: &[StateId]) -> Prospect {
        self.automata.meter.charge(states.len());
        let (mut accepting, mut distance) = (true, 0_u32);
        let mut rest = states.iter();
        for group in self.groups {
            let mut all = true;
            let mut certain = true;
            let mut farthest = 0;
            for (lang, state) in group.members.iter().zip(&mut rest) {
                all &= self.automata.accepts(*lang, *state);
                certain &= *state == ALL;
                if group.positive {
                    let distance = self.automata.distance(*lang, *state);
                    if *state == DEAD || distance == u32::MAX {
                        return Prospect::Dead;
                    }
                    farthest = farthest.max(distance);
                }
            }
            if !group.positive && certain {
                return Prospect::Dead;
            }
            accepting &= all == group.positive;
            distance = distance.saturating_add(farthest).saturating_add(u32::from(!group.positive && all));
        }
        if accepting { Prospect::Accepting } else { Prospect::Open(distance) }
    }

    /// The tuples that one character leads to, each once, with the most readable such character.
    fn successors(&mut self, states: &[StateId]) -> Vec<(Tuple, char)> {
        let langs = self.groups.iter().flat_map(|group| &group.members);
        let rows: Vec<Row> = langs.zip(states).map(|(lang, state)| self.automata.row(*lang, *state)).collect();
        let mut places: Vec<usize> = vec![0; rows.len()];
        let mut found: Vec<(Tuple, (u32, char))> = Vec::new();
        let mut index: FxHashMap<Tuple, usize> = FxHashMap::default();
        let mut low = 0;
        loop {
            self.automata.meter.charge(2 * rows.len());
            let at = |row: &Row, place: usize| row.get(place).copied().unwrap_or((LAST, DEAD));
            let bound = rows.iter().zip(&places).map(|(row, place)| at(row, *place).0).min().unwrap_or(LAST);
            if let Some(character) = readable(low, bound) {
                let next: Tuple = rows.iter().zip(&places).map(|(row, place)| at(row, *place).1).collect();
                match index.get(&next).and_then(|known| found.get_mut(*known)) {
                    Some((_, best)) => *best = (*best).min(character),
                    None => {
                        index.insert(Rc::clone(&next), found.len());
                        found.push((next, character));
                    }
                }
            }
            if bound >= LAST {
                break;
            }
            for (row, place) in rows.iter().zip(&mut places) {
                if at(row, *place).0 == bound {
                    *place += 1;
                }
            }
            low = bound + 1;
        }
        // The order in which states are looked at must not depend on how the automata were cut.
        found.sort_by_key(|(_, character)| *character);
        found.into_iter().map(|(next, (_, character))| (next, character)).collect()
    }
}

/// The most readable character of a range, and how readable: the least number is best.
fn readable(low: u32, high: u32) -> Option<(u32, char)> {
    const CLASSES: [(u32, u32); 9] = [
        (0x78, 0x7A),
        (0x61, 0x7A),
        (0x30, 0x39),
        (0x41, 0x5A),
        (0x21, 0x7E),
        (0x20, 0x20),
        (0xE0, 0xD7FF),
        (0x01, 0xFFFF),
        (0, LAST),
    ];
    CLASSES.iter().zip(0..).find_map(|((from, to), class)| {
        let first = low.max(*from);
        // A range that begins among the surrogates begins for strings behind them.
        let first = if (0xD800..0xE000).contains(&first) { 0xE000 } else { first };
        (first <= high.min(*to)).then(|| char::from_u32(first)).flatten().map(|character| (class, character))
    })
}
