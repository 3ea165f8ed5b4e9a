//! Filters: literals placed in buckets behind a bit map, each under a hash of some of its bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contentcheck_interpreter::format::{
    ANCHOR_MAX, BUCKET_MAX, Entry, Filter, GRAM, IGNORE_CASE, Literal, LiteralKind, Probe, STRIDE_MAX, WIDE_GRAM,
};
use contentcheck_interpreter::{hash, literal_key};

use crate::factor::wide_gram;
use crate::frequency::{Factor, Frequency};
use crate::write::Sections;

/// How many literals may share a gram before another gram of theirs is better.
const CROWD: u32 = 4;

/// Inputs with more literals than these are looked at gram by gram.
const FEW: usize = 32;

/// The probes of each input, and the strides of those that have grams.
pub(crate) struct Looks {
    pub(crate) probes: BTreeMap<u16, BTreeSet<Probe>>,
    /// How many bytes lie between two grams that are looked at.
    pub(crate) strides: BTreeMap<u16, u8>,
}

/// A literal on its way to a bucket.
struct Placed<'l> {
    key: u64,
    input: u16,
    at: u16,
    factor: &'l Factor,
    atoms: &'l BTreeSet<u32>,
}

/// The literals of a template type, each with the atoms that it makes true.
pub(crate) type Literals = BTreeMap<(u16, Factor), BTreeSet<u32>>;

/// Places all literals and writes the three filters of a template type.
///
/// # Errors
/// The literals that would overfill a bucket, wherever they are placed.
pub(crate) fn write(
    literals: &Literals,
    frequency: &Frequency,
    sections: &mut Sections,
) -> Result<Looks, BTreeSet<(u16, Factor)>> {
    let mut looks = Looks { probes: BTreeMap::new(), strides: strides(literals) };
    let mut filters: [Vec<Placed<'_>>; 3] = [Vec::new(), Vec::new(), Vec::new()];
    let mut crowds: HashMap<(u16, u32), u32> = HashMap::new();
    let [anchors, grams, wide] = &mut filters;
    for ((input, factor), atoms) in literals {
        let input = *input;
        if factor.kind == LiteralKind::Contains {
            let stride = looks.strides.get(&input).copied().unwrap_or(1);
            if stride > 1 {
                // As many grams in a row as there are between two looks, the rarest ones.
                let first = best_run(factor, usize::from(stride), frequency);
                for at in first..first + u16::from(stride) {
                    let Some(gram) = factor.bytes.get(usize::from(at)..).and_then(hash::gram_at) else { continue };
                    let key = hash::gram(gram, hash::gram_salt(input));
                    grams.push(Placed { key, input, at, factor, atoms });
                }
                continue;
            }
            let is_wide = wide_gram(&factor.bytes).is_some();
            let Some((at, gram)) = best_gram(factor, is_wide, input, frequency, &crowds) else { continue };
            *crowds.entry((input, gram)).or_insert(0) += 1;
            let key = hash::gram(gram, hash::gram_salt(input));
            let filter = if is_wide { &mut *wide } else { &mut *grams };
            filter.push(Placed { key, input, at, factor, atoms });
        } else {
            let bytes = anchor_bytes(factor);
            let Some(key) = literal_key(factor.kind, &factor.bytes, bytes, input) else { continue };
            looks.probes.entry(input).or_default().insert(Probe { kind: factor.kind as u8, bytes });
            anchors.push(Placed { key, input, at: u16::from(bytes), factor, atoms });
        }
    }
    let mut refused = BTreeSet::new();
    for filter in &filters {
        refused.extend(overfull(filter));
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    for filter in filters {
        write_filter(filter, sections);
    }
    Ok(looks)
}

/// The stride of each input: as many bytes as its shortest literal has grams, and one where
/// a literal has bytes beyond ASCII, which are looked for wherever they stand.
fn strides(literals: &Literals) -> BTreeMap<u16, u8> {
    let mut strides: BTreeMap<u16, u8> = BTreeMap::new();
    let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
    for (input, factor) in literals.keys().filter(|(_, factor)| factor.kind == LiteralKind::Contains) {
        let grams = if factor.bytes.is_ascii() { (factor.bytes.len() + 1).saturating_sub(GRAM) } else { 1 };
        let most = u8::try_from(grams).unwrap_or(u8::MAX).clamp(1, STRIDE_MAX.min(5));
        *counts.entry(*input).or_insert(0) += 1;
        strides.entry(*input).and_modify(|stride| *stride = (*stride).min(most)).or_insert(most);
    }
    // With many literals the grams that have to be taken are met too often to be worth it.
    for (input, stride) in &mut strides {
        if counts.get(input).is_some_and(|count| *count > FEW) {
            *stride = 1;
        }
    }
    strides
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

/// Where the rarest so many grams of a literal begin.
fn best_run(factor: &Factor, stride: usize, frequency: &Frequency) -> u16 {
    let common: Vec<u32> =
        factor.bytes.windows(GRAM).filter_map(hash::gram_at).map(|gram| frequency.gram(gram.to_le_bytes())).collect();
    let runs = common.windows(stride).enumerate().take(usize::from(u16::MAX) - stride);
    runs.min_by_key(|(at, run)| (run.iter().sum::<u32>(), *at)).map_or(0, |(at, _)| at as u16)
}

/// The gram of a literal that is rarest in ordinary events, and not yet that of many others.
fn best_gram(
    factor: &Factor,
    is_wide: bool,
    input: u16,
    frequency: &Frequency,
    crowds: &HashMap<(u16, u32), u32>,
) -> Option<(u16, u32)> {
    let bytes = if is_wide { WIDE_GRAM } else { GRAM };
    let read = if is_wide { hash::wide_gram_at } else { hash::gram_at };
    let windows = factor.bytes.windows(bytes).enumerate().take(usize::from(u16::MAX));
    let rated = windows.filter_map(|(at, window)| {
        let gram = read(window).filter(|gram| hash::is_wide(*gram) == is_wide)?;
        let crowd = crowds.get(&(input, gram)).copied().unwrap_or(0);
        let common = frequency.gram(gram.to_le_bytes());
        // Blanks, digits and dots are met in more strings than the background knows.
        let plain = window.iter().filter(|byte| matches!(byte, b' ' | b'.' | b'-' | b'0'..=b'9' | b'=')).count();
        Some(((crowd / CROWD * 1_000 + common * 4 + plain as u32, at), (at as u16, gram)))
    });
    rated.min_by_key(|(rate, _)| *rate).map(|(_, found)| found)
}

/// Literals beyond what a bucket holds: they have one hash, so no number of buckets parts them.
fn overfull(placed: &[Placed<'_>]) -> Vec<(u16, Factor)> {
    let mut by_key: BTreeMap<u64, Vec<&Placed<'_>>> = BTreeMap::new();
    for one in placed {
        by_key.entry(one.key).or_default().push(one);
    }
    // Not all of a bucket, so that others that fall into it find room.
    let most = BUCKET_MAX as usize * 3 / 4;
    by_key.into_values().flat_map(|all| all.into_iter().skip(most)).map(|one| (one.input, one.factor.clone())).collect()
}

fn write_filter(mut placed: Vec<Placed<'_>>, sections: &mut Sections) {
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
    // Thirty-two bits a literal leave one look in thirty-two that finds nothing.
    filter.bitmap_log2 = (log2(placed.len()) + 5).clamp(6, 20);
    filter.bucket_log2 = log2(placed.len()).min(24);
    while filter.bucket_log2 < 24 && largest(&placed, filter.bucket_log2) > BUCKET_MAX {
        filter.bucket_log2 += 1;
    }
    placed.sort_by(|a, b| {
        let bucket = |one: &Placed<'_>| bucket(one.key, filter.bucket_log2);
        (bucket(a), a.key, a.input, a.factor, a.at).cmp(&(bucket(b), b.key, b.input, b.factor, b.at))
    });
    let mut bitmap = vec![0_u64; 1 << (filter.bitmap_log2 - 6)];
    let mut bounds = vec![0_u32; (1 << filter.bucket_log2) + 1];
    for one in &placed {
        let (word, bit) = hash::bit_of(one.key);
        let last = bitmap.len() - 1;
        if let Some(word) = bitmap.get_mut(word & last) {
            *word |= 1 << bit;
        }
        if let Some(bound) = bounds.get_mut(bucket(one.key, filter.bucket_log2) as usize + 1) {
            *bound += 1;
        }
        let (text, len) = sections.text(&one.factor.bytes);
        let actions = sections.actions.len() as u32;
        sections.actions.extend(one.atoms);
        sections.entries.push(Entry { check: one.key as u32, input: one.input });
        sections.literals.push(Literal {
            text,
            len,
            actions,
            action_count: one.atoms.len() as u32,
            kind: one.factor.kind as u8,
            flags: if one.factor.ignore_case { IGNORE_CASE } else { 0 },
            at: one.at,
        });
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

fn largest(placed: &[Placed<'_>], log2: u8) -> u32 {
    let mut counts: HashMap<u32, u32> = HashMap::new();
    for one in placed {
        *counts.entry(bucket(one.key, log2)).or_insert(0) += 1;
    }
    counts.into_values().max().unwrap_or(0)
}
