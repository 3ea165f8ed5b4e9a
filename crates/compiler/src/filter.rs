//! Filters: literals placed in buckets behind a bit map, each under a hash of some of its bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contentcheck_interpreter::format::{
    ANCHOR_MAX, BUCKET_MAX, CLOSE, Entry, Filter, GRAM, IGNORE_CASE, Literal, LiteralKind, Look, Probe, WIDE_GRAM,
};
use contentcheck_interpreter::hash::{Near, anchored, check_of};
use contentcheck_interpreter::{hash, literal_key};

use crate::approach::{Approach, approaches};
use crate::factor::wide_gram;
use crate::frequency::{Factor, Fields, Likely};
use crate::write::Sections;

/// How many literals may share a gram before another gram of theirs is better.
const CROWD: u32 = 4;

/// The literals of a template type, or of keywords, each with the atoms that it makes true.
pub(crate) type Literals = BTreeMap<(u16, Factor), BTreeSet<u32>>;

/// Literals with their places in three filters: anchors, grams, wide grams.
pub(crate) struct Placed {
    approaches: BTreeMap<u16, Approach>,
    probes: BTreeMap<u16, BTreeSet<Probe>>,
    /// As records, but for what [`Placed::write`] knows: text and actions.
    literals: Vec<Literal>,
    /// The hash of each entry, and the entry.
    filters: [Vec<(u64, Entry)>; 3],
}

/// An entry for some bytes of a literal, which have a hash.
fn entry(number: u32, gram: u32, factor: &Factor, key: u64, hashed: (usize, usize)) -> (u64, Entry) {
    let (place, near) = Near::in_literal(&factor.bytes, hashed);
    (key, Entry::new(check_of(key), number, gram, (place as u32, near)))
}

/// Where [`Placed::write`] put an index.
pub(crate) struct Indexed {
    pub(crate) filters: u32,
    pub(crate) literals: u32,
    pub(crate) literal_count: u32,
}

/// Finds places for all literals.
///
/// # Errors
/// The literals that would overfill a bucket, wherever they are placed.
pub(crate) fn place(literals: &Literals, fields: Fields<'_>) -> Result<Placed, BTreeSet<(u16, Factor)>> {
    let approaches = approaches(literals.keys(), fields);
    let mut placed = Placed { approaches, probes: BTreeMap::new(), literals: Vec::new(), filters: Default::default() };
    let [anchors, grams, wide] = &mut placed.filters;
    let mut crowds: HashMap<(u16, u32), u32> = HashMap::new();
    for (number, (input, factor)) in (0_u32..).zip(literals.keys()) {
        let input = *input;
        let mut literal = Literal {
            input,
            kind: factor.kind as u8,
            flags: if factor.ignore_case { IGNORE_CASE } else { 0 },
            ..Literal::default()
        };
        if factor.kind == LiteralKind::Contains {
            let stride = placed.approaches.get(&input).map_or(1, |approach| match approach.needle(factor) {
                Some(needle) => {
                    literal.flags |= CLOSE;
                    literal.needle = needle;
                    approach.close_stride
                }
                None => approach.stride,
            });
            let is_wide = wide_gram(&factor.bytes).is_some();
            if is_wide || stride == 1 {
                if let Some((at, gram)) = best_gram(factor, is_wide, input, fields(input), &crowds) {
                    *crowds.entry((input, gram)).or_insert(0) += 1;
                    literal.at = at;
                    let filter = if is_wide { &mut *wide } else { &mut *grams };
                    let (from, size) = (usize::from(at), if is_wide { WIDE_GRAM } else { GRAM });
                    let key = hash::gram(gram, hash::gram_salt(input));
                    filter.push(entry(number, 0, factor, key, (from, from + size)));
                }
            } else {
                // As many grams in a row as there are between two looks, the rarest ones.
                literal.at = best_run(factor, usize::from(stride), input, fields(input), &crowds);
                let run = factor.bytes.get(usize::from(literal.at)..).unwrap_or(&[]).windows(GRAM);
                for (gram, at) in run.filter_map(hash::gram_at).take(usize::from(stride)).zip(0_u32..) {
                    *crowds.entry((input, gram)).or_insert(0) += 1;
                    let from = usize::from(literal.at) + at as usize;
                    let key = hash::gram(gram, hash::gram_salt(input));
                    grams.push(entry(number, at, factor, key, (from, from + GRAM)));
                }
            }
        } else {
            let bytes = anchor_bytes(factor);
            if let Some(key) = literal_key(factor.kind, &factor.bytes, bytes, input) {
                literal.at = u16::from(bytes);
                placed.probes.entry(input).or_default().insert(Probe { kind: factor.kind as u8, bytes });
                anchors.push(entry(number, 0, factor, key, anchored(factor.kind, bytes, factor.bytes.len())));
            }
        }
        placed.literals.push(literal);
    }
    let refused: BTreeSet<u32> = placed.filters.iter().flat_map(|filter| overfull(filter)).collect();
    if !refused.is_empty() {
        let numbered = (0_u32..).zip(literals.keys());
        return Err(numbered
            .filter(|(number, _)| refused.contains(number))
            .map(|(_, literal)| literal.clone())
            .collect());
    }
    Ok(placed)
}

impl Placed {
    /// Writes how values of an input are looked at.
    pub(crate) fn write_look(&self, input: u16, sections: &mut Sections) -> u32 {
        let (probes, approach) = (self.probes.get(&input), self.approaches.get(&input));
        let number = sections.looks.len() as u32;
        let mut look = Look {
            probes: sections.probes.len() as u32,
            probe_count: probes.map_or(0, |probes| probes.len() as u8),
            ..Look::default()
        };
        if let Some(approach) = approach {
            let bytes = |at: usize| {
                let bytes = approach.needles.iter().map(|needle| needle.get(at).copied().unwrap_or(0));
                (0_u32..).zip(bytes).fold(0, |word, (index, byte)| word | u32::from(hash::blur(byte)) << (8 * index))
            };
            look.stride = approach.stride;
            look.close_stride = approach.close_stride;
            look.needle_count = approach.needles.len() as u8;
            (look.needle_firsts, look.needle_seconds) = (bytes(0), bytes(1));
        }
        sections.probes.extend(probes.into_iter().flatten());
        sections.looks.push(look);
        number
    }

    /// Writes the literals and their three filters. `literals` are those that were placed.
    pub(crate) fn write(&self, literals: &Literals, sections: &mut Sections) -> Indexed {
        let first = sections.literals.len() as u32;
        for (literal, ((_, factor), atoms)) in self.literals.iter().zip(literals) {
            let (text, len) = sections.text(&factor.bytes);
            let actions = sections.actions.len() as u32;
            sections.actions.extend(atoms);
            sections.literals.push(Literal { text, len, actions, action_count: atoms.len() as u32, ..*literal });
        }
        let filters = sections.filters.len() as u32;
        for filter in &self.filters {
            write_filter(filter, sections);
        }
        Indexed { filters, literals: first, literal_count: self.literals.len() as u32 }
    }
}

/// How many bytes of an anchored literal are hashed: few different numbers, so that few probes find all.
fn anchor_bytes(factor: &Factor) -> u8 {
    match (factor.kind, factor.bytes.len()) {
        (LiteralKind::Equals | LiteralKind::Int, _) => ANCHOR_MAX,
        (_, 8..) => 8,
        (_, 4..) => 4,
        (_, 2..) => 2,
        _ => 1,
    }
}

/// Where the rarest so many grams of a literal begin, which are not yet those of many others.
fn best_run(
    factor: &Factor,
    stride: usize,
    input: u16,
    frequency: Likely<'_>,
    crowds: &HashMap<(u16, u32), u32>,
) -> u16 {
    let rate = |gram: u32| {
        let crowd = crowds.get(&(input, gram)).copied().unwrap_or(0);
        crowd / CROWD * 1_000 + frequency.gram(gram) * 4
    };
    let rates: Vec<u32> = factor.bytes.windows(GRAM).filter_map(hash::gram_at).map(rate).collect();
    let runs = rates.windows(stride).enumerate().take(usize::from(u16::MAX) - stride);
    runs.min_by_key(|(at, run)| (run.iter().sum::<u32>(), *at)).map_or(0, |(at, _)| at as u16)
}

/// The gram of a literal that is rarest in ordinary events, and not yet that of many others.
fn best_gram(
    factor: &Factor,
    is_wide: bool,
    input: u16,
    frequency: Likely<'_>,
    crowds: &HashMap<(u16, u32), u32>,
) -> Option<(u16, u32)> {
    let bytes = if is_wide { WIDE_GRAM } else { GRAM };
    let read = if is_wide { hash::wide_gram_at } else { hash::gram_at };
    let windows = factor.bytes.windows(bytes).enumerate().take(usize::from(u16::MAX));
    let rated = windows.filter_map(|(at, window)| {
        let gram = read(window).filter(|gram| hash::is_wide(*gram) == is_wide)?;
        let crowd = crowds.get(&(input, gram)).copied().unwrap_or(0);
        let common = frequency.gram(gram);
        // Blanks, digits and dots are met in more strings than the background knows.
        let plain = window.iter().filter(|byte| matches!(byte, b' ' | b'.' | b'-' | b'0'..=b'9' | b'=')).count();
        Some(((crowd / CROWD * 1_000 + common * 4 + plain as u32, at), (at as u16, gram)))
    });
    rated.min_by_key(|(rate, _)| *rate).map(|(_, found)| found)
}

/// Literals beyond what a bucket holds: they have one hash, so no number of buckets parts them.
fn overfull(entries: &[(u64, Entry)]) -> BTreeSet<u32> {
    let mut by_key: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for (key, entry) in entries {
        by_key.entry(*key).or_default().push(entry.number());
    }
    // Not all of a bucket, so that others that fall into it find room.
    let most = BUCKET_MAX as usize * 3 / 4;
    by_key.into_values().flat_map(|all| all.into_iter().skip(most)).collect()
}

fn write_filter(placed: &[(u64, Entry)], sections: &mut Sections) {
    let mut filter = Filter {
        bitmap: sections.bitmaps.len() as u32,
        buckets: sections.buckets.len() as u32,
        entries: sections.entries.len() as u32,
        ..Filter::default()
    };
    if placed.is_empty() {
        sections.filters.push(filter);
        return;
    }
    filter.entry_count = placed.len() as u32;
    let log2 = |count: usize| count.next_power_of_two().trailing_zeros() as u8;
    // Thirty-two bits an entry leave one look in thirty-two that finds nothing.
    filter.bitmap_log2 = (log2(placed.len()) + 5).clamp(6, 20);
    filter.bucket_log2 = log2(placed.len()).min(24);
    while filter.bucket_log2 < 24 && largest(placed, filter.bucket_log2) > BUCKET_MAX {
        filter.bucket_log2 += 1;
    }
    let mut placed = placed.to_vec();
    placed.sort_by_key(|(key, entry)| (bucket(*key, filter.bucket_log2), entry.check, entry.literal));
    let mut bitmap = vec![0_u64; 1 << (filter.bitmap_log2 - 6)];
    let mut bounds = vec![0_u32; (1 << filter.bucket_log2) + 1];
    for (key, entry) in placed {
        let (word, bit) = hash::bit_of(key);
        let last = bitmap.len() - 1;
        if let Some(word) = bitmap.get_mut(word & last) {
            *word |= 1 << bit;
        }
        if let Some(bound) = bounds.get_mut(bucket(key, filter.bucket_log2) as usize + 1) {
            *bound += 1;
        }
        sections.entries.push(entry);
    }
    let mut sum = 0;
    for bound in &mut bounds {
        sum += *bound;
        *bound = sum;
    }
    sections.bitmaps.extend(bitmap);
    sections.buckets.extend(bounds);
    sections.filters.push(filter);
}

fn bucket(key: u64, log2: u8) -> u32 {
    if log2 == 0 { 0 } else { (key >> (64 - u32::from(log2))) as u32 }
}

fn largest(placed: &[(u64, Entry)], log2: u8) -> u32 {
    let mut counts: HashMap<u32, u32> = HashMap::new();
    for (key, _) in placed {
        *counts.entry(bucket(*key, log2)).or_insert(0) += 1;
    }
    counts.into_values().max().unwrap_or(0)
}
