//! How often a literal is met in ordinary events: an estimate, for choosing what the scan looks
//! for. A wrong one costs time, never a match.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use contentcheck_interpreter::format::{GRAM, LiteralKind};
use contentcheck_interpreter::hash::{blur, gram_at};
use rustc_hash::FxHashMap;

use crate::profile::{Profile, Values};

/// A literal that the scan finds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Factor {
    pub(crate) kind: LiteralKind,
    pub(crate) ignore_case: bool,
    pub(crate) bytes: Box<[u8]>,
}

/// Values as they occur in the telemetry of idle and busy machines, one a line.
const BACKGROUND: &str = include_str!("background/values.txt");

/// Counts of the grams of ordinary values.
struct Background {
    lines: Vec<Vec<u8>>,
    grams: FxHashMap<u32, u32>,
    /// In how many lines a pair of bytes stands, as needles are compared.
    pairs: FxHashMap<[u8; 2], u32>,
}

impl Background {
    fn new() -> Self {
        let lines: Vec<Vec<u8>> = BACKGROUND
            .lines()
            .filter(|line| !line.is_empty())
            .map(|line| line.to_ascii_lowercase().into_bytes())
            .collect();
        let mut grams = FxHashMap::default();
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
        Self { lines, grams, pairs }
    }

    fn estimate(&self, literal: &Factor) -> f64 {
        let bytes = literal.bytes.to_ascii_lowercase();
        // A line that has the literal has its first gram, and most literals are in no line.
        let may_be_met = bytes.get(..GRAM).and_then(gram_at).is_none_or(|gram| self.grams.contains_key(&gram));
        let is_met = |line: &&Vec<u8>| match literal.kind {
            LiteralKind::Equals => **line == bytes,
            LiteralKind::Prefix => line.starts_with(&bytes),
            LiteralKind::Suffix => line.ends_with(&bytes),
            LiteralKind::Contains => memmem(line, &bytes),
            LiteralKind::Int => false,
        };
        let met = if may_be_met { self.lines.iter().filter(is_met).count() } else { 0 };
        let met = met as f64 / self.lines.len().max(1) as f64;
        // What is in no line may still be met; the longer, the less.
        let unseen = match literal.kind {
            LiteralKind::Equals => 0.002,
            LiteralKind::Int => 0.02,
            _ => 0.03 / (1.0 + bytes.len() as f64),
        };
        met + unseen
    }
}

/// How often literals are met: by the profile of a release where it has the field, then by that of public recordings, then
/// by ordinary values of whatever field.
pub(crate) struct Frequency<'p> {
    profile: Option<&'p Profile>,
    background: &'static Background,
    /// What was asked before: rules share literals.
    known: RefCell<FxHashMap<Factor, f64>>,
}

impl<'p> Frequency<'p> {
    pub(crate) fn new(profile: Option<&'p Profile>) -> Self {
        static ONCE: OnceLock<Background> = OnceLock::new();
        Self { profile, background: ONCE.get_or_init(Background::new), known: RefCell::default() }
    }

    /// In values of a field.
    pub(crate) fn in_field(&self, name: &str) -> Likely<'_> {
        let own = self.profile.and_then(|profile| profile.of(name));
        Likely { frequency: self, values: own.or_else(|| Profile::background().of(name)) }
    }

    /// In values of all fields together.
    pub(crate) fn in_all(&self) -> Likely<'_> {
        let own = self.profile.and_then(Profile::of_all);
        Likely { frequency: self, values: own.or_else(|| Profile::background().of_all()) }
    }

    /// In values of a field that nobody knows.
    pub(crate) const fn in_any(&self) -> Likely<'_> {
        Likely { frequency: self, values: None }
    }

    /// The share of ordinary values in which a literal is expected.
    fn of(&self, literal: &Factor) -> f64 {
        if let Some(known) = self.known.borrow().get(literal) {
            return *known;
        }
        let share = self.background.estimate(literal);
        self.known.borrow_mut().insert(literal.clone(), share);
        share
    }
}

/// How often literals are met in values of an input, by its number.
pub(crate) type Fields<'f> = &'f dyn Fn(u16) -> Likely<'f>;

/// How often literals are met in some values.
#[derive(Clone, Copy)]
pub(crate) struct Likely<'f> {
    frequency: &'f Frequency<'f>,
    values: Option<&'f Values>,
}

impl Likely<'_> {
    /// How often a gram occurs, as it is hashed, in so many values as the background has.
    pub(crate) fn gram(&self, gram: u32) -> u32 {
        let background = self.frequency.background;
        match self.values {
            // A gram may stand in a value of the background more than once.
            Some(values) => (values.gram(gram) * background.lines.len() as f64 * 1.5) as u32,
            None => background.grams.get(&gram).copied().unwrap_or(0),
        }
    }

    /// The share of values in which a needle is expected.
    pub(crate) fn pair(&self, pair: [u8; 2]) -> f64 {
        /// What is in no value may still be met, the less the more values were seen.
        const UNSEEN: f64 = 0.0005;
        const UNSEEN_IN_FEW: f64 = 0.003;
        let background = self.frequency.background;
        match self.values {
            Some(values) => values.pair(pair) + UNSEEN,
            None => {
                let met = background.pairs.get(&pair).copied().unwrap_or(0);
                f64::from(met) / background.lines.len().max(1) as f64 + UNSEEN_IN_FEW
            }
        }
    }

    /// The share of values in which a literal is expected.
    pub(crate) fn of(&self, literal: &Factor) -> f64 {
        let anywhere = self.frequency.of(literal);
        let Some(values) = self.values else { return anywhere };
        let met = match (literal.kind, literal.bytes.first_chunk()) {
            (LiteralKind::Int, Some(number)) => Some(values.number(i64::from_le_bytes(*number))),
            _ => values.bytes(&literal.bytes),
        };
        // Among what no value has, what is rarer anywhere is rarer here too.
        met.map_or(anywhere, |met| met + 0.1 * anywhere)
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
