//! Profile: what the values of each field have in a recording, so that the scan looks for what is rare there. A wrong one
//! costs time, never a match.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::OnceLock;

use contentcheck_interpreter::format::GRAM;
use contentcheck_interpreter::hash::gram_at;
use rustc_hash::FxHashMap;

use crate::frequency::pairs_of;

/// Bytes of a value that are looked at.
const VALUE_BYTES: usize = 4_096;
/// Values of a field that are looked at; those behind them change little.
const VALUES: u32 = 200_000;
/// Fields that a profile has, and different grams, pairs and numbers of all of them.
const FIELDS: usize = 4_096;
const COUNTS: usize = 4 << 20;
/// A field with fewer values says nothing.
const FEW: u32 = 20;

/// How often values of fields have what: of four bytes in a row, of two, and whole numbers.
///
/// Fields are told apart by name, whatever the template type. The same values in the same order give the same profile.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    fields: BTreeMap<Box<str>, Values>,
    all: Values,
    counts: usize,
}

/// What values have: each counts once in a value. Four bytes and two are as they are hashed and compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    count: u32,
    grams: FxHashMap<u32, u32>,
    pairs: FxHashMap<[u8; 2], u32>,
    numbers: FxHashMap<i64, u32>,
}

impl Values {
    fn share(&self, count: Option<&u32>) -> f64 {
        f64::from(count.copied().unwrap_or(0)) / f64::from(self.count.max(1))
    }

    /// The share of values that have a gram.
    pub(crate) fn gram(&self, gram: u32) -> f64 {
        self.share(self.grams.get(&gram))
    }

    /// The share of values that have a pair of bytes.
    pub(crate) fn pair(&self, pair: [u8; 2]) -> f64 {
        self.share(self.pairs.get(&pair))
    }

    /// The share of values that are a number.
    pub(crate) fn number(&self, number: i64) -> f64 {
        self.share(self.numbers.get(&number))
    }

    /// The share of values that may have some bytes: that of the rarest gram of them, or of the rarest pair where they
    /// are too short for one. Nothing where they are a single byte.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Option<f64> {
        if bytes.len() >= GRAM {
            bytes.windows(GRAM).filter_map(gram_at).map(|gram| self.gram(gram)).reduce(f64::min)
        } else {
            pairs_of(bytes).into_iter().map(|pair| self.pair(pair)).reduce(f64::min)
        }
    }

    /// How many entries are new.
    fn note_text(&mut self, grams: &BTreeSet<u32>, pairs: &BTreeSet<[u8; 2]>, room: usize) -> usize {
        let before = self.grams.len() + self.pairs.len();
        self.count += 1;
        for gram in grams {
            count(&mut self.grams, *gram, room);
        }
        for pair in pairs {
            count(&mut self.pairs, *pair, room);
        }
        self.grams.len() + self.pairs.len() - before
    }
}

/// Counts one more of what is known, or of something new where there is room.
fn count<K: std::hash::Hash + Eq>(counts: &mut FxHashMap<K, u32>, key: K, room: usize) {
    if room > 0 {
        *counts.entry(key).or_insert(0) += 1;
    } else if let Some(count) = counts.get_mut(&key) {
        *count += 1;
    }
}

impl Profile {
    /// How many values were noted.
    #[must_use]
    pub fn values(&self) -> u64 {
        self.fields.values().map(|field| u64::from(field.count)).sum()
    }

    /// Notes a text that an event has in a field.
    pub fn note_text(&mut self, field: &str, value: &[u8]) {
        let value = value.get(..VALUE_BYTES).unwrap_or(value);
        let room = COUNTS.saturating_sub(self.counts);
        let Some(values) = self.field(field) else { return };
        let (grams, pairs) = (value.windows(GRAM).filter_map(gram_at).collect(), pairs_of(value));
        let new = values.note_text(&grams, &pairs, room);
        let of_all = if self.all.count < VALUES { self.all.note_text(&grams, &pairs, room) } else { 0 };
        self.counts += new + of_all;
    }

    /// Notes a number that an event has in a field.
    pub fn note_number(&mut self, field: &str, number: i64) {
        let room = COUNTS.saturating_sub(self.counts);
        let Some(values) = self.field(field) else { return };
        let before = values.numbers.len();
        values.count += 1;
        count(&mut values.numbers, number, room);
        let new = values.numbers.len() - before;
        self.counts += new;
    }

    /// The values of a field, unless there are enough of them or no room for another field.
    fn field(&mut self, name: &str) -> Option<&mut Values> {
        if !self.fields.contains_key(name) {
            if self.fields.len() >= FIELDS {
                return None;
            }
            self.fields.insert(name.into(), Values::default());
        }
        self.fields.get_mut(name).filter(|values| values.count < VALUES)
    }

    /// What values of a field have; nothing where too few were noted.
    pub(crate) fn of(&self, field: &str) -> Option<&Values> {
        self.fields.get(field).filter(|values| values.count >= FEW)
    }

    /// What values have, whatever their field.
    pub(crate) fn of_all(&self) -> Option<&Values> {
        Some(&self.all).filter(|values| values.count >= FEW)
    }

    /// The profile that is used where a release brings none: of public recordings, see `background/README.md`.
    pub(crate) fn background() -> &'static Self {
        static BACKGROUND: OnceLock<Profile> = OnceLock::new();
        BACKGROUND.get_or_init(|| Self::parse(include_str!("background/fields.tsv")))
    }

    /// What at least one of 50 values has, as the background is kept: for each field its name, how many values it has,
    /// and their grams, pairs and numbers, each with how many of 1,000 values have it.
    #[must_use]
    pub fn common(&self) -> String {
        const COMMON: u32 = 20;
        let mut lines = String::new();
        let fields = self.fields.iter().map(|(name, values)| (&**name, values)).chain([("", &self.all)]);
        for (name, values) in fields.filter(|(_, values)| values.count >= FEW * 10) {
            let promille = |count: u32| (u64::from(count) * 1_000 / u64::from(values.count)) as u32;
            let grams = values.grams.iter().map(|(gram, count)| (format!("{gram:08x}"), promille(*count)));
            let pairs = values.pairs.iter().map(|([a, b], count)| (format!("{a:02x}{b:02x}"), promille(*count)));
            let numbers = values.numbers.iter().map(|(number, count)| (format!("={number}"), promille(*count)));
            let mut all: Vec<(String, u32)> =
                grams.chain(pairs).chain(numbers).filter(|(_, promille)| *promille >= COMMON).collect();
            all.sort();
            let _ = write!(lines, "{name}\t{}", values.count);
            all.iter().for_each(|(what, promille)| {
                let _ = write!(lines, "\t{what}:{promille}");
            });
            lines.push('\n');
        }
        lines
    }

    /// What [`Profile::common`] wrote. What it did not is left out.
    fn parse(text: &str) -> Self {
        let mut profile = Self::default();
        for line in text.lines() {
            let mut parts = line.split('\t');
            let (Some(name), Some(count)) = (parts.next(), parts.next().and_then(|count| count.parse().ok())) else {
                continue;
            };
            let mut values = Values { count, ..Values::default() };
            for (what, promille) in parts.filter_map(|part| part.split_once(':')) {
                let Ok(promille) = promille.parse::<u64>() else { continue };
                let met = (u64::from(count) * promille / 1_000) as u32;
                if let Some(number) = what.strip_prefix('=').and_then(|number| number.parse().ok()) {
                    values.numbers.insert(number, met);
                } else if let (8, Ok(gram)) = (what.len(), u32::from_str_radix(what, 16)) {
                    values.grams.insert(gram, met);
                } else if let (4, Ok(pair)) = (what.len(), u16::from_str_radix(what, 16)) {
                    values.pairs.insert(pair.to_be_bytes(), met);
                }
            }
            if name.is_empty() {
                profile.all = values;
            } else {
                profile.fields.insert(name.into(), values);
            }
        }
        profile
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_common_is_kept() {
        let mut profile = Profile::default();
        for number in 0..400_i64 {
            profile.note_text("Image", format!("C:\\Windows\\System32\\svchost{}.exe", number % 7).as_bytes());
            profile.note_number("Port", number % 4 * 100);
        }
        profile.note_text("Image", b"rare.dll");
        profile.note_text("Few", b"C:\\Windows");
        let kept = Profile::parse(&profile.common());
        assert_eq!(kept.fields.keys().map(|name| &**name).collect::<Vec<_>>(), ["Image", "Port"]);
        let (all, common) = (profile.of("Image").unwrap(), kept.of("Image").unwrap());
        assert!((all.bytes(b"SYSTEM32").unwrap() - 1.0).abs() < 0.01 && all.bytes(b"rare").unwrap() > 0.0);
        assert!((common.bytes(b"SYSTEM32").unwrap() - 1.0).abs() < 0.01);
        assert_eq!(common.bytes(b"rare"), Some(0.0));
        assert!((common.bytes(b"32").unwrap() - 1.0).abs() < 0.01 && common.bytes(b"3").is_none());
        assert!((kept.of("Port").unwrap().number(300) - 0.25).abs() < 0.01);
        assert_eq!(kept.of("Port").unwrap().number(7), 0.0);
        assert!(kept.of_all().is_some() && kept.of("Few").is_none());
    }

    #[test]
    fn the_background_is_all_read() {
        let background = include_str!("background/fields.tsv");
        let lines = background.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(Profile::background().fields.len() + 1, lines);
        let entries: usize = background.lines().map(|line| line.matches(':').count()).sum();
        let known = |values: &Values| values.grams.len() + values.pairs.len() + values.numbers.len();
        let fields: usize = Profile::background().fields.values().map(known).sum();
        assert_eq!(fields + known(&Profile::background().all), entries);
    }

    #[test]
    fn it_has_a_bound() {
        let mut profile = Profile::default();
        for number in 0..FIELDS + 10 {
            profile.note_text(&number.to_string(), b"value");
        }
        assert_eq!(profile.fields.len(), FIELDS);
        let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        profile.note_text("0", &text);
        assert!(profile.of("0").is_none() && profile.counts < 3 * VALUE_BYTES + FIELDS * 16);
    }
}
