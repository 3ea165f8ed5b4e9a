//! Scan: one pass over the values of an event, which finds every literal of every rule.
//!
//! A literal at an end of a value (equality, prefix, suffix) is found by a hash of up to eight
//! bytes there. A literal anywhere is found by a hash of four of its bytes, chosen at compile
//! time to be rare. What is looked up is [`crate::index`]'s.

use crate::bind::{BoundEvent, texted};
use crate::cost::price;
use crate::fault::{Fault, Halt};
use crate::format::{
    Atom, Entry, GRAM, IGNORE_CASE, Input, KEYWORD, Keywords, Literal, LiteralKind, Look, Probe, Section, Template,
    WIDE_GRAM,
};
use crate::hash::{Near, anchor, anchored, blur_word, blurred_word, check_of, gram, gram_salt, is_wide, wide_part};
use crate::image::Image;
use crate::index::{Finder, Index, LITERALS, has_bit, keywords_of};
use crate::meter::Meter;
use crate::needles::Needles;
use crate::text::stands_at;
use crate::value::Value;

const INPUTS: Fault = Fault::Corrupt { section: Section::Inputs };
const LOOKS: Fault = Fault::Corrupt { section: Section::Looks };
const ENTRIES: Fault = Fault::Corrupt { section: Section::Entries };
const ATOMS: Fault = Fault::Corrupt { section: Section::Atoms };

/// A look with its parts at hand.
struct Looked<'l, 'i> {
    probes: &'i [[u8; Probe::SIZE]],
    stride: u8,
    close_stride: u8,
    needles: Option<&'l Needles>,
}

impl<'l, 'i> Looked<'l, 'i> {
    /// `needles` is where those of the look are kept: they are too large to be moved about.
    #[inline]
    fn new(image: &Image<'i>, look: &Look, needles: &'l mut Needles) -> Result<Self, Fault> {
        Ok(Self {
            probes: image.probes.range(look.probes, u32::from(look.probe_count)).ok_or(LOOKS)?,
            stride: look.stride,
            close_stride: look.close_stride,
            needles: needles.fill(look),
        })
    }

    /// How many bytes lie between two grams of a text that are looked at; 0: none are.
    #[inline]
    fn stride_in<M: Meter>(&self, text: &[u8], meter: &mut M) -> Result<u8, Halt> {
        let Some(needles) = self.needles else { return Ok(self.stride) };
        // Every literal has a gram at each of so many places.
        if text.len() < usize::from(self.close_stride).wrapping_add(WIDE_GRAM.wrapping_sub(1)) {
            return Ok(0);
        }
        meter.spend(price::needles(text.len()))?;
        Ok(if needles.meet(text) { self.close_stride } else { self.stride })
    }
}

/// A text of an input, and what is looked for in it.
struct Text<'t, 'i> {
    index: &'t Index<'i>,
    input: u16,
    bytes: &'t [u8],
}

struct Scan<'s, 'i, M> {
    image: &'s Image<'i>,
    template: &'s Template,
    atoms: &'s mut [u64],
    candidates: &'s mut [u64],
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
    let mut scan = Scan { image, template, atoms, candidates, meter };
    if template.literal_count > 0 {
        scan.inputs(event)?;
    }
    scan.keywords(event)
}

fn mark(bits: &mut [u64], bit: u32) -> Result<(), Fault> {
    let word = bits.get_mut((bit >> 6) as usize).ok_or(ATOMS)?;
    *word |= 1 << (bit & 63);
    Ok(())
}

impl<'i, M: Meter> Scan<'_, 'i, M> {
    /// Looks at the values of the inputs. Apart from what looks for keywords: both at once would take too much of the stack.
    #[inline(never)]
    fn inputs(&mut self, event: &BoundEvent<'_>) -> Result<(), Halt> {
        let index = Index::of_template(self.image, self.template)?;
        let inputs = self.image.inputs.range(self.template.inputs, self.template.input_count).ok_or(INPUTS)?;
        let mut needles = Needles::NONE;
        for (number, record) in (0_u16..KEYWORD).zip(inputs) {
            let look = Look::decode(self.image.looks.get(Input::decode(record).look).ok_or(LOOKS)?);
            if look.probe_count == 0 && look.stride == 0 && look.close_stride == 0 {
                continue;
            }
            let Some((value, scalar)) = event.typed(u32::from(number)) else { continue };
            let look = Looked::new(self.image, &look, &mut needles)?;
            match value {
                Value::Text(text) => self.text(&index, number, &look, text)?,
                value if value.is_list() => {
                    for element in value.elements() {
                        self.meter.spend(price::walk(&value, &element).wrapping_add(price::ELEMENT))?;
                        if element.is(scalar) {
                            self.value(&index, number, &look, &element)?;
                        }
                    }
                }
                value => self.value(&index, number, &look, &value)?,
            }
        }
        Ok(())
    }

    /// Looks at every value for keywords.
    #[inline(never)]
    fn keywords(&mut self, event: &BoundEvent<'_>) -> Result<(), Halt> {
        let Some(keywords) = keywords_of(self.image, self.template)? else { return Ok(()) };
        let look = Look::decode(self.image.looks.get(keywords.look).ok_or(LOOKS)?);
        let mut needles = Needles::NONE;
        let look = Looked::new(self.image, &look, &mut needles)?;
        // Most events have nothing to be looked up.
        let mut index = None;
        event.any_value(|value, walked| {
            self.meter.spend(walked.wrapping_add(price::ELEMENT))?;
            match &value {
                Value::Text(text) => {
                    let stride = look.stride_in(text, self.meter)?;
                    if stride > 0 || !look.probes.is_empty() {
                        self.keyword(&keywords, &mut index, &look, stride, text)?;
                    }
                }
                value => self.short_keyword(&keywords, &mut index, &look, value)?,
            }
            Ok(false)
        })?;
        Ok(())
    }

    /// Looks for keywords in a value that is no text.
    #[inline(never)]
    fn short_keyword(
        &mut self,
        keywords: &Keywords,
        index: &mut Option<Index<'i>>,
        look: &Looked<'_, 'i>,
        value: &Value<'_>,
    ) -> Result<(), Halt> {
        let Some(texted) = texted(value) else { return Ok(()) };
        let stride = look.stride_in(texted.bytes(), self.meter)?;
        self.keyword(keywords, index, look, stride, texted.bytes())
    }

    /// Looks for keywords in a text. Apart from what most texts take, so that this stays in registers.
    #[inline(never)]
    fn keyword(
        &mut self,
        keywords: &Keywords,
        index: &mut Option<Index<'i>>,
        look: &Looked<'_, 'i>,
        stride: u8,
        bytes: &[u8],
    ) -> Result<(), Halt> {
        let index = match index {
            Some(index) => index,
            none => none.insert(Index::of_keywords(self.image, self.template, keywords)?),
        };
        let of = Text { index, input: KEYWORD, bytes };
        self.anchors(&of, look.probes)?;
        self.strided(&of, stride)
    }

    fn value(&mut self, index: &Index<'i>, input: u16, look: &Looked<'_, 'i>, value: &Value<'_>) -> Result<(), Halt> {
        let number = match value {
            Value::Int(number) => *number as u64,
            // What is beyond a signed integer no content names.
            Value::UInt(number) if *number > i64::MAX as u64 => return Ok(()),
            Value::UInt(number) => *number,
            Value::Bool(truth) => u64::from(*truth),
            value => {
                // The short text of a number or address is looked at as any other.
                return match texted(value) {
                    Some(texted) => self.text(index, input, look, texted.bytes()),
                    None => Ok(()),
                };
            }
        };
        let of = Text { index, input, bytes: &number.to_le_bytes() };
        for record in look.probes {
            let probe = Probe::decode(record);
            if probe.kind == LiteralKind::Int as u8 {
                self.meter.spend(price::PROBE)?;
                let key = anchor(LiteralKind::Int, probe.bytes, input, number, 8);
                if index.anchors.may_hold(key) {
                    self.bucket(&of, index.anchors, key, LiteralKind::Int, (0, 8))?;
                }
            }
        }
        Ok(())
    }

    fn text(&mut self, index: &Index<'i>, input: u16, look: &Looked<'_, 'i>, bytes: &[u8]) -> Result<(), Halt> {
        let of = Text { index, input, bytes };
        self.anchors(&of, look.probes)?;
        let stride = look.stride_in(bytes, self.meter)?;
        self.strided(&of, stride)
    }

    /// Looks at the ends of a text.
    fn anchors(&mut self, of: &Text<'_, 'i>, probes: &[[u8; Probe::SIZE]]) -> Result<(), Halt> {
        let text = of.bytes;
        for record in probes {
            let probe = Probe::decode(record);
            let count = usize::from(probe.bytes);
            self.meter.spend(price::PROBE)?;
            let (kind, part) = match probe.kind {
                0 => (LiteralKind::Equals, text.get(text.len().saturating_sub(8)..)),
                1 => (LiteralKind::Prefix, text.get(..count)),
                2 => (LiteralKind::Suffix, text.len().checked_sub(count).and_then(|from| text.get(from..))),
                _ => continue,
            };
            let Some(part) = part else { continue };
            let key = anchor(kind, probe.bytes, of.input, blurred_word(part), text.len() as u64);
            if of.index.anchors.may_hold(key) {
                let hashed = anchored(kind, probe.bytes, text.len());
                self.bucket(of, of.index.anchors, key, kind, hashed)?;
            }
        }
        Ok(())
    }

    /// Looks at the grams of a text, every so many bytes; not at all for 0.
    fn strided(&mut self, of: &Text<'_, 'i>, stride: u8) -> Result<(), Halt> {
        match stride {
            0 => Ok(()),
            1 => self.grams(of),
            // The steps of a loop are constants then, and what it reads lies within an array.
            2 => self.some_grams::<2>(of, 2),
            3 => self.some_grams::<3>(of, 3),
            4 => self.some_grams::<4>(of, 4),
            5 => self.some_grams::<5>(of, 5),
            _ => self.some_grams::<0>(of, usize::from(stride)),
        }
    }

    /// Looks at four bytes of a text every so many bytes: a literal that stands in it has a gram
    /// at one of these places, and all of its first grams are in the filter.
    fn some_grams<const STRIDE: usize>(&mut self, of: &Text<'_, 'i>, stride: usize) -> Result<(), Halt> {
        /// Bytes in which four looks lie, at any stride that is a constant.
        const WINDOW: usize = 5 * 3 + GRAM;
        let (text, salt, finder) = (of.bytes, gram_salt(of.input), of.index.grams);
        self.meter.spend(price::scan(text.len()))?;
        let bitmap = finder.bitmap;
        let Some(last) = bitmap.len().checked_sub(1) else { return Ok(()) };
        let key_at = |part: &[u8], at: usize| {
            let four = part.get(at..).and_then(<[u8]>::first_chunk::<GRAM>)?;
            Some(gram(blur_word(u64::from(u32::from_le_bytes(*four))) as u32, salt))
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
                        self.gram_bucket(of, key, at.wrapping_add(index))?;
                    }
                }
                at = at.wrapping_add(STRIDE << 2);
            }
        }
        while let Some(key) = key_at(text, at) {
            if finder.may_hold(key) {
                self.gram_bucket(of, key, at)?;
            }
            at = at.wrapping_add(stride);
        }
        Ok(())
    }

    /// Looks at every four bytes of a text.
    fn grams(&mut self, of: &Text<'_, 'i>) -> Result<(), Halt> {
        let text = of.bytes;
        let salt = gram_salt(of.input);
        let bitmap = of.index.grams.bitmap;
        self.meter.spend(price::scan(text.len()))?;
        let mut base = 0_usize;
        let mut rest = text;
        // Eight bytes hold five grams. What is met is looked at elsewhere, so that these few lines stay in
        // registers: nearly all of the time of a scan is spent here.
        while let Some(word) = rest.first_chunk::<8>() {
            let word = blur_word(u64::from_le_bytes(*word));
            if word & 0x8080_8080_8080_8080 != 0 {
                self.wide_word(of, word, base)?;
            } else if let Some(last) = bitmap.len().checked_sub(1) {
                // All five bits first, and one branch on them together: hits are rare, and a
                // branch on each would be guessed wrong too often.
                let hit = |from: u32| u32::from(has_bit(bitmap, last, gram((word >> from) as u32, salt)));
                let hits = hit(0) | hit(8) << 1 | hit(16) << 2 | hit(24) << 3 | hit(32) << 4;
                if hits != 0 {
                    self.hits(of, hits, word, base)?;
                }
            }
            base = base.wrapping_add(5);
            rest = rest.get(5..).unwrap_or(&[]);
        }
        for (index, window) in (0..usize::MAX).zip(rest.windows(GRAM)) {
            self.gram(of, blurred_word(window) as u32, salt, base.wrapping_add(index))?;
        }
        // Behind the last four bytes there are three more.
        if let Some(at) = text.len().checked_sub(WIDE_GRAM) {
            let bytes = wide_part(blurred_word(text.get(at..).unwrap_or(&[])) as u32);
            let key = gram(bytes, salt);
            if is_wide(bytes) && of.index.wide_grams.may_hold(key) {
                self.wide_bucket(of, key, at)?;
            }
        }
        Ok(())
    }

    /// Looks into the buckets of those grams of a word that may be there.
    #[inline(never)]
    fn hits(&mut self, of: &Text<'_, 'i>, mut hits: u32, word: u64, base: usize) -> Result<(), Halt> {
        let salt = gram_salt(of.input);
        while hits != 0 {
            let index = hits.trailing_zeros();
            hits &= hits.wrapping_sub(1);
            let key = gram(word.wrapping_shr(index << 3) as u32, salt);
            self.gram_bucket(of, key, base.wrapping_add(index as usize))?;
        }
        Ok(())
    }

    /// Looks at the five grams of a word with bytes beyond ASCII.
    #[inline(never)]
    fn wide_word(&mut self, of: &Text<'_, 'i>, word: u64, base: usize) -> Result<(), Halt> {
        let salt = gram_salt(of.input);
        for shift in [0_u32, 8, 16, 24, 32] {
            let at = base.wrapping_add((shift >> 3) as usize);
            self.gram(of, word.wrapping_shr(shift) as u32, salt, at)?;
        }
        Ok(())
    }

    /// Looks at four bytes of which some may be beyond ASCII.
    #[inline]
    fn gram(&mut self, of: &Text<'_, 'i>, bytes: u32, salt: u64, at: usize) -> Result<(), Halt> {
        let three = wide_part(bytes);
        if is_wide(three) {
            let key = gram(three, salt);
            if of.index.wide_grams.may_hold(key) {
                self.wide_bucket(of, key, at)?;
            }
        } else if !is_wide(bytes) {
            let key = gram(bytes, salt);
            if of.index.grams.may_hold(key) {
                self.gram_bucket(of, key, at)?;
            }
        }
        Ok(())
    }

    fn gram_bucket(&mut self, of: &Text<'_, 'i>, key: u64, at: usize) -> Result<(), Halt> {
        self.bucket(of, of.index.grams, key, LiteralKind::Contains, (at, at.wrapping_add(GRAM)))
    }

    fn wide_bucket(&mut self, of: &Text<'_, 'i>, key: u64, at: usize) -> Result<(), Halt> {
        self.bucket(of, of.index.wide_grams, key, LiteralKind::Contains, (at, at.wrapping_add(WIDE_GRAM)))
    }

    /// Compares what lies in the bucket of a hash with the text, of which the bytes from one place to another are hashed.
    fn bucket(
        &mut self,
        of: &Text<'_, 'i>,
        finder: Finder<'i>,
        key: u64,
        kind: LiteralKind,
        hashed: (usize, usize),
    ) -> Result<(), Halt> {
        self.meter.spend(price::BUCKET)?;
        for record in finder.bucket(key)? {
            let entry = Entry::decode(record);
            self.meter.spend(price::ENTRY)?;
            if entry.check != check_of(key) {
                continue;
            }
            let near = Near::from_number(entry.place()).ok_or(ENTRIES)?;
            if near.of(of.bytes, hashed) != Some(entry.near) {
                continue;
            }
            let literal = Literal::decode(of.index.literals.get(entry.number() as usize).ok_or(LITERALS)?);
            if literal.input != of.input || literal.kind != kind as u8 {
                continue;
            }
            let bytes = self.image.text(literal.text, literal.len)?;
            self.meter.spend(price::compare(bytes.len()))?;
            let start = match kind {
                LiteralKind::Contains => {
                    hashed.0.checked_sub(usize::from(literal.at).wrapping_add(entry.gram() as usize))
                }
                LiteralKind::Suffix => of.bytes.len().checked_sub(bytes.len()),
                LiteralKind::Equals | LiteralKind::Int => (of.bytes.len() == bytes.len()).then_some(0),
                LiteralKind::Prefix => Some(0),
            };
            let ignore_case = literal.flags & IGNORE_CASE != 0;
            if start.is_some_and(|start| stands_at(of.bytes, start, bytes, ignore_case)) {
                self.found(of.index.first_atom, literal.actions, literal.action_count)?;
            }
        }
        Ok(())
    }

    /// A literal was found: its atoms are true, and their programs may match.
    fn found(&mut self, first_atom: u32, actions: u32, count: u32) -> Result<(), Halt> {
        for action in self.image.actions.range(actions, count).ok_or(ATOMS)? {
            let atom = u32::from_le_bytes(*action).wrapping_add(first_atom);
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
