//! Scan: one pass over the values of an event, which finds every literal of every rule.
//!
//! A literal at an end of a value (equality, prefix, suffix) is found by a hash of up to eight
//! bytes there. A literal anywhere is found by a hash of four of its bytes, chosen at compile
//! time to be rare. Each hash first meets a bit map that is small enough to stay in cache, then
//! a bucket of bounded size; what has the right hash is compared byte by byte.

use crate::bind::{BoundEvent, texted};
use crate::cost::price;
use crate::fault::{Fault, Halt};
use crate::format::{Atom, Entry, Filter, GRAM, Input, KEYWORD, LiteralKind, Probe, Section, Template, WIDE_GRAM};
use crate::hash::{anchor, bit_of, bucket_of, fold_word, folded_word, gram, gram_salt, is_wide, wide_part};
use crate::image::{Image, literal_of};
use crate::meter::Meter;
use crate::text::stands_at;
use crate::value::Value;

const FILTERS: Fault = Fault::Corrupt { section: Section::Filters };
const INPUTS: Fault = Fault::Corrupt { section: Section::Inputs };
const ATOMS: Fault = Fault::Corrupt { section: Section::Atoms };

/// A filter with its parts at hand.
#[derive(Clone, Copy)]
struct Finder<'i> {
    bitmap: &'i [[u8; 8]],
    buckets: &'i [[u8; 4]],
    entries: &'i [[u8; Entry::SIZE]],
    first: u32,
    bucket_log2: u8,
}

impl<'i> Finder<'i> {
    fn new(image: &Image<'i>, index: u32) -> Result<Self, Fault> {
        let filter = Filter::decode(image.filters.get(index).ok_or(FILTERS)?);
        if filter.entry_count == 0 {
            return Ok(Self { bitmap: &[], buckets: &[], entries: &[], first: 0, bucket_log2: 0 });
        }
        let words = 1_u32.checked_shl(u32::from(filter.bitmap_log2).saturating_sub(6)).ok_or(FILTERS)?;
        let buckets = 1_u32.checked_shl(u32::from(filter.bucket_log2)).ok_or(FILTERS)?;
        Ok(Self {
            bitmap: image.bitmaps.range(filter.bitmap, words).ok_or(FILTERS)?,
            buckets: image.buckets.range(filter.buckets, buckets.wrapping_add(1)).ok_or(FILTERS)?,
            entries: image.entries.range(filter.entries, filter.entry_count).ok_or(FILTERS)?,
            first: filter.entries,
            bucket_log2: filter.bucket_log2,
        })
    }

    /// Whether some entry may have this hash.
    #[inline(always)]
    fn may_hold(&self, key: u64) -> bool {
        self.bitmap.len().checked_sub(1).is_some_and(|last| has_bit(self.bitmap, last, key))
    }

    /// The entries in the bucket of a hash: the number of the first, and all of them.
    fn bucket(&self, key: u64) -> Result<(u32, &'i [[u8; Entry::SIZE]]), Fault> {
        let bucket = bucket_of(key, self.bucket_log2) as usize;
        let [from, to] = self.buckets.get(bucket..bucket.wrapping_add(2)).ok_or(FILTERS)? else { return Err(FILTERS) };
        let (from, to) = (u32::from_le_bytes(*from), u32::from_le_bytes(*to));
        let entries = self.entries.get(from as usize..to as usize).ok_or(FILTERS)?;
        Ok((self.first.wrapping_add(from), entries))
    }
}

/// Whether the bit of a hash is set. The bit map has a power of two of words, of which `last` is
/// the last: where the compiler sees both, it needs no check of bounds.
#[inline(always)]
fn has_bit(bitmap: &[[u8; 8]], last: usize, key: u64) -> bool {
    let (word, bit) = bit_of(key);
    let word = bitmap.get(word & last).map_or(0, |word| u64::from_le_bytes(*word));
    word.wrapping_shr(bit) & 1 != 0
}

struct Scan<'s, 'i, M> {
    image: &'s Image<'i>,
    template: &'s Template,
    atoms: &'s mut [u64],
    candidates: &'s mut [u64],
    anchors: Finder<'i>,
    grams: Finder<'i>,
    wide_grams: Finder<'i>,
    meter: &'s mut M,
}

/// Makes true the atoms whose literals the event holds, and marks the programs that may match.
pub(crate) fn scan<'e, M: Meter>(
    event: &BoundEvent<'e>,
    image: &Image<'e>,
    template: &Template,
    atoms: &mut [u64],
    candidates: &mut [u64],
    meter: &mut M,
) -> Result<(), Halt> {
    for program in image.witnesses.range(template.always, template.always_count).ok_or(ATOMS)? {
        mark(candidates, u32::from_le_bytes(*program))?;
    }
    meter.spend(u64::from(template.always_count))?;
    if template.atom_count == 0 {
        return Ok(());
    }
    let mut scan = Scan {
        image,
        template,
        atoms,
        candidates,
        anchors: Finder::new(image, template.filters)?,
        grams: Finder::new(image, template.filters.wrapping_add(1))?,
        wide_grams: Finder::new(image, template.filters.wrapping_add(2))?,
        meter,
    };
    let inputs = image.inputs.range(template.inputs, template.input_count).ok_or(INPUTS)?;
    for (index, record) in (0_u16..KEYWORD).zip(inputs) {
        let input = Input::decode(record);
        let stride = usize::from(input.stride);
        if input.probe_count == 0 && stride == 0 {
            continue;
        }
        let probes = image.probes.range(input.probes, u32::from(input.probe_count)).ok_or(INPUTS)?;
        match event.typed(u32::from(index)) {
            Some((Value::Text(text), _)) => scan.text(index, probes, stride, text)?,
            Some((value, scalar)) if value.is_list() => {
                for element in value.elements() {
                    scan.meter.spend(1)?;
                    if element.is(scalar) {
                        scan.value(index, probes, stride, &element)?;
                    }
                }
            }
            Some((value, _)) => scan.value(index, probes, stride, &value)?,
            None => {}
        }
    }
    let stride = usize::from(template.keyword_stride);
    if template.keyword_probe_count > 0 || stride > 0 {
        let count = u32::from(template.keyword_probe_count);
        let probes = image.probes.range(template.keyword_probes, count).ok_or(INPUTS)?;
        event.any_value(|value| {
            scan.meter.spend(1)?;
            if let Some(texted) = texted(&value) {
                scan.text(KEYWORD, probes, stride, texted.bytes())?;
            }
            Ok(false)
        })?;
    }
    Ok(())
}

fn mark(bits: &mut [u64], bit: u32) -> Result<(), Fault> {
    let word = bits.get_mut((bit >> 6) as usize).ok_or(ATOMS)?;
    *word |= 1 << (bit & 63);
    Ok(())
}

impl<M: Meter> Scan<'_, '_, M> {
    fn value(&mut self, input: u16, probes: &[[u8; 2]], stride: usize, value: &Value<'_>) -> Result<(), Halt> {
        let number = match value {
            Value::Int(number) => *number as u64,
            // What is beyond a signed integer no content names.
            Value::UInt(number) if *number > i64::MAX as u64 => return Ok(()),
            Value::UInt(number) => *number,
            Value::Bool(truth) => u64::from(*truth),
            value => {
                // The short text of a number or address is looked at as any other.
                return match texted(value) {
                    Some(texted) => self.text(input, probes, stride, texted.bytes()),
                    None => Ok(()),
                };
            }
        };
        let bytes = number.to_le_bytes();
        for record in probes {
            let probe = Probe::decode(record);
            if probe.kind == LiteralKind::Int as u8 {
                self.meter.spend(1)?;
                let key = anchor(LiteralKind::Int, probe.bytes, input, number, 8);
                if self.anchors.may_hold(key) {
                    self.bucket(self.anchors, key, input, LiteralKind::Int, &bytes, 0)?;
                }
            }
        }
        Ok(())
    }

    fn text(&mut self, input: u16, probes: &[[u8; 2]], stride: usize, text: &[u8]) -> Result<(), Halt> {
        for record in probes {
            let probe = Probe::decode(record);
            let count = usize::from(probe.bytes);
            self.meter.spend(1)?;
            let (kind, part) = match probe.kind {
                0 => (LiteralKind::Equals, text.get(text.len().saturating_sub(8)..)),
                1 => (LiteralKind::Prefix, text.get(..count)),
                2 => (LiteralKind::Suffix, text.len().checked_sub(count).and_then(|from| text.get(from..))),
                _ => continue,
            };
            let Some(part) = part else { continue };
            let key = anchor(kind, probe.bytes, input, folded_word(part), text.len() as u64);
            if self.anchors.may_hold(key) {
                self.bucket(self.anchors, key, input, kind, text, 0)?;
            }
        }
        match stride {
            0 => Ok(()),
            1 => self.grams(input, text),
            // The steps of a loop are constants then, and what it reads lies within an array.
            2 => self.some_grams::<2>(input, 2, text),
            3 => self.some_grams::<3>(input, 3, text),
            4 => self.some_grams::<4>(input, 4, text),
            5 => self.some_grams::<5>(input, 5, text),
            _ => self.some_grams::<0>(input, stride, text),
        }
    }

    /// Looks at four bytes of a text every so many bytes: a literal that stands in it has a gram
    /// at one of these places, and all of its first grams are in the filter.
    fn some_grams<const STRIDE: usize>(&mut self, input: u16, stride: usize, text: &[u8]) -> Result<(), Halt> {
        /// Bytes in which four looks lie, at any stride that is a constant.
        const WINDOW: usize = 5 * 3 + GRAM;
        let salt = gram_salt(input);
        let finder = self.grams;
        self.meter.spend(price::scan(text.len()))?;
        let bitmap = finder.bitmap;
        let Some(last) = bitmap.len().checked_sub(1) else { return Ok(()) };
        let key_at = |part: &[u8], at: usize| {
            let four = part.get(at..).and_then(<[u8]>::first_chunk::<GRAM>)?;
            Some(gram(fold_word(u64::from(u32::from_le_bytes(*four))) as u32, salt))
        };
        let mut at = 0_usize;
        if STRIDE > 0 {
            // Four looks and one branch on them together: see `grams`.
            while let Some(part) = text.get(at..).and_then(<[u8]>::first_chunk::<WINDOW>) {
                let hit = |index: usize| {
                    let key = key_at(part, index.wrapping_mul(STRIDE)).unwrap_or(0);
                    u32::from(has_bit(bitmap, last, key)) << index
                };
                let mut hits = hit(0) | hit(1) | hit(2) | hit(3);
                while hits != 0 {
                    let index = (hits.trailing_zeros() as usize).wrapping_mul(STRIDE);
                    hits &= hits.wrapping_sub(1);
                    if let Some(key) = key_at(part, index) {
                        self.bucket(finder, key, input, LiteralKind::Contains, text, at.wrapping_add(index))?;
                    }
                }
                at = at.wrapping_add(STRIDE << 2);
            }
        }
        while let Some(key) = key_at(text, at) {
            if finder.may_hold(key) {
                self.bucket(finder, key, input, LiteralKind::Contains, text, at)?;
            }
            at = at.wrapping_add(stride);
        }
        Ok(())
    }

    /// Looks at every four bytes of a text.
    fn grams(&mut self, input: u16, text: &[u8]) -> Result<(), Halt> {
        let salt = gram_salt(input);
        let bitmap = self.grams.bitmap;
        self.meter.spend(price::scan(text.len()))?;
        let mut base = 0_usize;
        let mut rest = text;
        // Eight bytes hold five grams. What is met is looked at elsewhere, so that these few lines stay in
        // registers: nearly all of the time of a scan is spent here.
        while let Some(word) = rest.first_chunk::<8>() {
            let word = fold_word(u64::from_le_bytes(*word));
            if word & 0x8080_8080_8080_8080 != 0 {
                self.wide_word(word, input, text, base)?;
            } else if let Some(last) = bitmap.len().checked_sub(1) {
                // All five bits first, and one branch on them together: hits are rare, and a
                // branch on each would be guessed wrong too often.
                let hit = |from: u32| u32::from(has_bit(bitmap, last, gram((word >> from) as u32, salt)));
                let hits = hit(0) | hit(8) << 1 | hit(16) << 2 | hit(24) << 3 | hit(32) << 4;
                if hits != 0 {
                    self.hits(hits, word, input, text, base)?;
                }
            }
            base = base.wrapping_add(5);
            rest = rest.get(5..).unwrap_or(&[]);
        }
        for (index, window) in (0..usize::MAX).zip(rest.windows(GRAM)) {
            self.gram(folded_word(window) as u32, salt, input, text, base.wrapping_add(index))?;
        }
        // Behind the last four bytes there are three more.
        if let Some(at) = text.len().checked_sub(WIDE_GRAM) {
            let bytes = folded_word(text.get(at..).unwrap_or(&[])) as u32;
            let key = gram(bytes, salt);
            if is_wide(bytes) && self.wide_grams.may_hold(key) {
                self.bucket(self.wide_grams, key, input, LiteralKind::Contains, text, at)?;
            }
        }
        Ok(())
    }

    /// Looks into the buckets of those grams of a word that may be there.
    #[inline(never)]
    fn hits(&mut self, mut hits: u32, word: u64, input: u16, text: &[u8], base: usize) -> Result<(), Halt> {
        let salt = gram_salt(input);
        while hits != 0 {
            let index = hits.trailing_zeros();
            hits &= hits.wrapping_sub(1);
            let key = gram(word.wrapping_shr(index << 3) as u32, salt);
            self.bucket(self.grams, key, input, LiteralKind::Contains, text, base.wrapping_add(index as usize))?;
        }
        Ok(())
    }

    /// Looks at the five grams of a word with bytes beyond ASCII.
    #[inline(never)]
    fn wide_word(&mut self, word: u64, input: u16, text: &[u8], base: usize) -> Result<(), Halt> {
        let salt = gram_salt(input);
        for shift in [0_u32, 8, 16, 24, 32] {
            let at = base.wrapping_add((shift >> 3) as usize);
            self.gram(word.wrapping_shr(shift) as u32, salt, input, text, at)?;
        }
        Ok(())
    }

    /// Looks at four bytes of which some may be beyond ASCII.
    #[inline]
    fn gram(&mut self, bytes: u32, salt: u64, input: u16, text: &[u8], at: usize) -> Result<(), Halt> {
        let three = wide_part(bytes);
        if is_wide(three) {
            let key = gram(three, salt);
            if self.wide_grams.may_hold(key) {
                self.bucket(self.wide_grams, key, input, LiteralKind::Contains, text, at)?;
            }
        } else if !is_wide(bytes) {
            let key = gram(bytes, salt);
            if self.grams.may_hold(key) {
                self.bucket(self.grams, key, input, LiteralKind::Contains, text, at)?;
            }
        }
        Ok(())
    }

    /// Compares what lies in the bucket of a hash with the text.
    fn bucket(
        &mut self,
        finder: Finder<'_>,
        key: u64,
        input: u16,
        kind: LiteralKind,
        text: &[u8],
        at: usize,
    ) -> Result<(), Halt> {
        self.meter.spend(price::BUCKET)?;
        let (first, entries) = finder.bucket(key)?;
        for (index, record) in (first..u32::MAX).zip(entries) {
            let entry = Entry::decode(record);
            self.meter.spend(price::ENTRY)?;
            if entry.check != key as u32 || entry.input != input {
                continue;
            }
            let (literal, bytes) = literal_of(self.image, index)?;
            if literal.kind != kind as u8 {
                continue;
            }
            self.meter.spend(price::compare(bytes.len()))?;
            let start = match kind {
                LiteralKind::Contains => at.checked_sub(usize::from(literal.at)),
                LiteralKind::Suffix => text.len().checked_sub(bytes.len()),
                LiteralKind::Equals | LiteralKind::Int => (text.len() == bytes.len()).then_some(0),
                LiteralKind::Prefix => Some(0),
            };
            if start.is_some_and(|start| stands_at(text, start, bytes, literal.flags != 0)) {
                self.found(literal.actions, literal.action_count)?;
            }
        }
        Ok(())
    }

    /// A literal was found: its atoms are true, and their programs may match.
    fn found(&mut self, actions: u32, count: u32) -> Result<(), Halt> {
        for action in self.image.actions.range(actions, count).ok_or(ATOMS)? {
            let atom = u32::from_le_bytes(*action);
            self.meter.spend(1)?;
            let word = self.atoms.get_mut((atom >> 6) as usize).ok_or(ATOMS)?;
            let bit = 1_u64 << (atom & 63);
            if *word & bit != 0 {
                continue;
            }
            *word |= bit;
            let at = self.template.atoms.wrapping_add(atom);
            let record = Atom::decode(self.image.atoms.get(at).ok_or(ATOMS)?);
            self.meter.spend(u64::from(record.count))?;
            for program in self.image.witnesses.range(record.witnesses, record.count).ok_or(ATOMS)? {
                mark(self.candidates, u32::from_le_bytes(*program))?;
            }
        }
        Ok(())
    }
}
