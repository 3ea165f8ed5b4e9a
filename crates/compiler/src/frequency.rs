//! How often a literal is met in ordinary events: an estimate, for choosing what the scan looks
//! for. A wrong one costs time, never a match.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use contentcheck_interpreter::format::{GRAM, LiteralKind};
use contentcheck_interpreter::hash::{blur, gram_at};

use rustc_hash::FxHashMap;

/// A literal that the scan finds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Factor {
    pub(crate) kind: LiteralKind,
    pub(crate) ignore_case: bool,
    pub(crate) bytes: Box<[u8]>,
}

/// Values as they occur in the telemetry of idle and busy machines, one a line.
const BACKGROUND: &str = include_str!("background.txt");

/// Counts of the grams of ordinary values.
pub(crate) struct Frequency {
    lines: Vec<Vec<u8>>,
    grams: HashMap<u32, u32>,
    /// In how many lines a pair of bytes stands, as needles are compared.
    pairs: FxHashMap<[u8; 2], u32>,
    /// What was asked before: rules share literals.
    known: RefCell<FxHashMap<Factor, f64>>,
}

impl Frequency {
    pub(crate) fn new() -> Self {
        let lines: Vec<Vec<u8>> = BACKGROUND
            .lines()
            .filter(|line| !line.is_empty())
            .map(|line| line.to_ascii_lowercase().into_bytes())
            .collect();
        let mut grams = HashMap::new();
        let mut pairs: FxHashMap<[u8; 2], u32> = FxHashMap::default();
        for line in &lines {
            for pair in pairs_of(line) {
                *pairs.entry(pair).or_insert(0) += 1;
            }
            for window in line.windows(GRAM) {
                if let Some(gram) = gram_at(window) {
                    *grams.entry(gram).or_insert(0) += 1;
                }
            }
        }
        Self { lines, grams, pairs, known: RefCell::default() }
    }

    /// How often a gram occurs, as it is hashed.
    pub(crate) fn gram(&self, gram: u32) -> u32 {
        self.grams.get(&gram).copied().unwrap_or(0)
    }

    /// The share of values in which a needle is expected.
    pub(crate) fn pair(&self, pair: [u8; 2]) -> f64 {
        /// What is in no line may still be met.
        const UNSEEN: f64 = 0.003;
        f64::from(self.pairs.get(&pair).copied().unwrap_or(0)) / self.lines.len().max(1) as f64 + UNSEEN
    }

    /// The share of values in which a literal is expected.
    pub(crate) fn of(&self, literal: &Factor) -> f64 {
        if let Some(known) = self.known.borrow().get(literal) {
            return *known;
        }
        let share = self.estimate(literal);
        self.known.borrow_mut().insert(literal.clone(), share);
        share
    }

    fn estimate(&self, literal: &Factor) -> f64 {
        let bytes = literal.bytes.to_ascii_lowercase();
        let is_met = |line: &&Vec<u8>| match literal.kind {
            LiteralKind::Equals => **line == bytes,
            LiteralKind::Prefix => line.starts_with(&bytes),
            LiteralKind::Suffix => line.ends_with(&bytes),
            LiteralKind::Contains => memmem(line, &bytes),
            LiteralKind::Int => false,
        };
        let met = self.lines.iter().filter(is_met).count() as f64 / self.lines.len().max(1) as f64;
        // What is in no line may still be met; the longer, the less.
        let unseen = match literal.kind {
            LiteralKind::Equals => 0.002,
            LiteralKind::Int => 0.02,
            _ => 0.03 / (1.0 + bytes.len() as f64),
        };
        met + unseen
    }
}

/// The pairs of bytes of a text, each once, as needles are compared. A literal says in sixteen bits where its needle
/// stands, so pairs beyond that are none.
pub(crate) fn pairs_of(text: &[u8]) -> BTreeSet<[u8; 2]> {
    let pairs = text.windows(2).take(usize::from(u16::MAX) + 1).filter_map(|pair| pair.first_chunk::<2>());
    pairs.map(|pair| pair.map(blur)).collect()
}

fn memmem(line: &[u8], bytes: &[u8]) -> bool {
    let Some(first) = bytes.first() else { return true };
    let mut rest = line;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        let from = rest.get(at..).unwrap_or(&[]);
        if from.starts_with(bytes) {
            return true;
        }
        rest = from.get(1..).unwrap_or(&[]);
    }
    false
}
