//! Expressions to automata: deterministic where that stays small, else nondeterministic, which
//! is slower but no less bounded.

use std::collections::HashMap;

use contentcheck_interpreter::format::{Assertion, DEAD, MATCHED, NFA_STATES_MAX, NfaKind, NfaState, PLACES_MAX};
use contentcheck_model::limits;
use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Class, Hir, HirKind, Look};
use rustc_hash::FxHashMap;

use crate::{Problem, partition};

/// Bytes that the rows of a deterministic automaton may have: fewer than places that the format has.
const TABLE_BYTES: usize = 96 << 10;
const _: () = assert!(TABLE_BYTES / 2 < PLACES_MAX as usize);
/// Bytes that the determinisation of one regular expression may use.
const WORK_BYTES: usize = 1 << 20;

/// What a set of states costs besides walking it: its row, and the joining of states.
const SET_WORK: usize = 64;

/// An automaton in the form of the image.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    /// 0 deterministic, 1 nondeterministic.
    pub(crate) kind: u8,
    pub(crate) classes: u16,
    pub(crate) states: u32,
    pub(crate) start: u32,
    pub(crate) table: Vec<u8>,
}

/// The expression as a tree, with every flag and count resolved.
pub(crate) fn hir(pattern: &str) -> Result<Hir, Problem> {
    let mut parser = regex_syntax::ParserBuilder::new();
    parser.utf8(false).nest_limit(512);
    parser.build().parse(pattern).map_err(|error| Problem::Regex { pattern: pattern.into(), reason: error.to_string() })
}

/// Whether a deterministic automaton means the same: between the bytes of one character there is no place for a match that
/// is empty, and only what reads characters knows that.
pub(crate) fn may_be_deterministic(tree: &Hir) -> bool {
    let properties = tree.properties();
    properties.minimum_len() != Some(0) || !properties.look_set().contains(Look::WordAsciiNegate)
}

/// The deterministic automaton of a canonical regular expression; nothing where it becomes too large, or where `work` is
/// spent.
pub(crate) fn deterministic(pattern: &str, work: &mut usize) -> Option<Compiled> {
    let nfa = thompson::Compiler::new()
        .syntax(syntax::Config::new().utf8(false))
        .configure(thompson::Config::new().utf8(false).nfa_size_limit(Some(WORK_BYTES)))
        .build(pattern)
        .ok()?;
    let dfa = determinise(&nfa, work)?;
    let start = dfa.start_state_forward(&Input::new(b"").anchored(Anchored::No)).ok()?;
    // One byte for each class of bytes that the automaton does not tell apart, in their order.
    let representatives: Vec<u8> =
        dfa.byte_classes().representatives(0..=255).filter_map(|unit| unit.as_u8()).collect();
    // A match is decided when it is seen, so every state that has matched is one.
    let mut numbers = FxHashMap::default();
    let mut states = Vec::new();
    let mut number = |state, states: &mut Vec<_>| -> u32 {
        if dfa.is_match_state(state) {
            return u32::from(MATCHED);
        }
        if dfa.is_dead_state(state) || dfa.is_quit_state(state) {
            return u32::from(DEAD);
        }
        *numbers.entry(state).or_insert_with(|| {
            states.push(state);
            states.len() as u32 + 1
        })
    };
    let first = number(start, &mut states);
    let mut rows: Vec<Vec<u32>> = Vec::new();
    let mut at = 0;
    while let Some(state) = states.get(at).copied() {
        let mut row: Vec<u32> =
            representatives.iter().map(|byte| number(dfa.next_state(state, *byte), &mut states)).collect();
        // Behind the end there is nothing: what has not matched there never will.
        let end = number(dfa.next_eoi_state(state), &mut states);
        row.push(if end == u32::from(MATCHED) { end } else { u32::from(DEAD) });
        rows.push(row);
        at += 1;
    }
    let (rows, first) = minimise(&rows, first);
    // Joined states may leave bytes alike that were not.
    let (rows, joined) = classify(&rows, representatives.len());
    let classes: Vec<u8> = (0..=255_u8)
        .map(|byte| joined.get(usize::from(dfa.byte_classes().get(byte))).copied().unwrap_or_default())
        .collect();
    let count = classes.iter().max().map_or(1, |last| usize::from(*last) + 1);
    let states = rows.len() + 2;
    if rows.len() * (count + 1) * 2 > TABLE_BYTES {
        return None;
    }
    // A state that has a row is the place of that row, counted from two before the first.
    let place = |state: u32| if state < 2 { state } else { 2 + (state - 2) * (count as u32 + 1) };
    let mut table = classes;
    table.extend(rows.iter().flatten().flat_map(|target| (place(*target) as u16).to_le_bytes()));
    Some(Compiled { kind: 0, classes: count as u16, states: states as u32, start: place(first), table })
}

/// The deterministic automaton. A try is stopped by its memory, of which each set of states takes a row of the table and
/// what it has in it; and each set is walked once for each class of bytes. So memory bounds the work, which is paid for
/// before a try begins; small sizes are tried first.
fn determinise(nfa: &thompson::NFA, work: &mut usize) -> Option<dense::DFA<Vec<u32>>> {
    let classes = nfa.byte_classes().alphabet_len();
    let row = classes.next_power_of_two() * size_of::<u32>();
    let most = nfa.states().len();
    for bytes in [WORK_BYTES >> 5, WORK_BYTES >> 2, WORK_BYTES] {
        if !limits::take(work, bytes / (row + most) * (most + SET_WORK) * classes) {
            return None;
        }
        let config = dense::Config::new()
            .start_kind(StartKind::Unanchored)
            .accelerate(false)
            .minimize(false)
            .dfa_size_limit(Some(bytes))
            .determinize_size_limit(Some(bytes));
        match dense::Builder::new().configure(config).build_from_nfa(nfa) {
            Ok(dfa) => return Some(dfa),
            Err(error) if error.is_size_limit_exceeded() => {}
            Err(_) => return None,
        }
    }
    None
}

/// Rows with one column for each class of columns that no state tells apart, the column for the end
/// last; and the class of each of the `columns` before it.
fn classify(rows: &[Vec<u32>], columns: usize) -> (Vec<Vec<u32>>, Vec<u8>) {
    let mut known: FxHashMap<Vec<u32>, u8> = FxHashMap::default();
    let mut kept: Vec<usize> = Vec::new();
    let mut classes = Vec::with_capacity(columns);
    for at in 0..columns {
        let column: Vec<u32> = rows.iter().filter_map(|row| row.get(at).copied()).collect();
        let next = u8::try_from(known.len()).unwrap_or(u8::MAX);
        classes.push(*known.entry(column).or_insert_with(|| {
            kept.push(at);
            next
        }));
    }
    kept.push(columns);
    (rows.iter().map(|row| kept.iter().filter_map(|at| row.get(*at).copied()).collect()).collect(), classes)
}

/// Joins states that nothing tells apart, and numbers what is left in the order in which it is
/// reached, so that equal languages give equal tables.
fn minimise(rows: &[Vec<u32>], first: u32) -> (Vec<Vec<u32>>, u32) {
    let blocks = partition::coarsest(rows);
    let of = |state: u32| blocks.get(state as usize).copied().unwrap_or(0);
    let mut number: HashMap<u32, u32> = HashMap::from([(0, 0), (1, 1)]);
    let mut order: Vec<u32> = Vec::new();
    let mut visit = |block: u32, order: &mut Vec<u32>| -> u32 {
        *number.entry(block).or_insert_with(|| {
            order.push(block);
            order.len() as u32 + 1
        })
    };
    let mut representative: HashMap<u32, usize> = HashMap::new();
    for index in 0..rows.len() {
        representative.entry(of(index as u32 + 2)).or_insert(index);
    }
    let first = visit(of(first), &mut order);
    let mut joined = Vec::new();
    let mut at = 0;
    while let Some(block) = order.get(at).copied() {
        let row = representative.get(&block).and_then(|index| rows.get(*index));
        joined.push(row.map_or_else(Vec::new, |row| row.iter().map(|target| visit(of(*target), &mut order)).collect()));
        at += 1;
    }
    (joined, first)
}

struct Builder {
    states: Vec<NfaState>,
}

/// The nondeterministic automaton, over characters.
pub(crate) fn nondeterministic(pattern: &str, tree: &Hir) -> Result<Compiled, Problem> {
    let mut builder = Builder { states: Vec::new() };
    let too_large = || Problem::RegexTooLarge { pattern: pattern.into() };
    let end = builder.push(NfaKind::Match, 0, 0, 0).ok_or_else(too_large)?;
    let start = builder.build(tree, end).ok_or_else(too_large)?;
    let table: Vec<u8> = builder.states.iter().flat_map(NfaState::encode).collect();
    Ok(Compiled { kind: 1, classes: 0, states: builder.states.len() as u32, start, table })
}

impl Builder {
    fn push(&mut self, kind: NfaKind, next: u32, low: u32, high: u32) -> Option<u32> {
        if self.states.len() >= NFA_STATES_MAX as usize {
            return None;
        }
        self.states.push(NfaState { kind: kind as u8, next, low, high });
        Some(self.states.len() as u32 - 1)
    }

    fn fork(&mut self, a: u32, b: u32) -> Option<u32> {
        self.push(NfaKind::Fork, a, b, 0)
    }

    /// The first state of an automaton for `hir` that goes on to `next`. The depth of the
    /// expression was bounded when it was read.
    fn build(&mut self, hir: &Hir, next: u32) -> Option<u32> {
        match hir.kind() {
            HirKind::Empty => Some(next),
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0).ok()?;
                text.chars().rev().try_fold(next, |next, c| self.push(NfaKind::Range, next, c.into(), c.into()))
            }
            HirKind::Class(class) => {
                let ranges: Vec<(u32, u32)> = match class {
                    Class::Unicode(class) => {
                        class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect()
                    }
                    Class::Bytes(class) => {
                        class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect()
                    }
                };
                let mut ranges = ranges.into_iter().rev();
                let Some((low, high)) = ranges.next() else {
                    // An empty class matches nothing: a character beyond all characters.
                    return self.push(NfaKind::Range, next, u32::MAX - 1, u32::MAX - 1);
                };
                let last = self.push(NfaKind::Range, next, low, high)?;
                ranges.try_fold(last, |others, (low, high)| {
                    let one = self.push(NfaKind::Range, next, low, high)?;
                    self.fork(one, others)
                })
            }
            HirKind::Look(look) => {
                let assertion = match look {
                    Look::Start => Assertion::Start,
                    Look::End => Assertion::End,
                    Look::StartLF => Assertion::LineStart,
                    Look::EndLF => Assertion::LineEnd,
                    Look::WordAscii => Assertion::Word,
                    Look::WordAsciiNegate => Assertion::NotWord,
                    // The canonical form has no others.
                    _ => return None,
                };
                self.push(NfaKind::Assert, next, assertion as u32, 0)
            }
            HirKind::Capture(capture) => self.build(&capture.sub, next),
            HirKind::Concat(parts) => parts.iter().rev().try_fold(next, |next, part| self.build(part, next)),
            HirKind::Alternation(parts) => {
                let mut parts = parts.iter().rev();
                let last = self.build(parts.next()?, next)?;
                parts.try_fold(last, |others, part| {
                    let one = self.build(part, next)?;
                    self.fork(one, others)
                })
            }
            HirKind::Repetition(repetition) => {
                let sub = &repetition.sub;
                let mut at = match repetition.max {
                    None => {
                        // The fork is made first, since the loop goes back to it.
                        let fork = self.fork(0, next)?;
                        let body = self.build(sub, fork)?;
                        if let Some(state) = self.states.get_mut(fork as usize) {
                            state.next = body;
                        }
                        fork
                    }
                    Some(max) => {
                        let mut at = next;
                        for _ in repetition.min..max {
                            let body = self.build(sub, at)?;
                            at = self.fork(body, next)?;
                        }
                        at
                    }
                };
                for _ in 0..repetition.min {
                    at = self.build(sub, at)?;
                }
                Some(at)
            }
        }
    }
}
