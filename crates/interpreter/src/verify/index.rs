//! What the scan looks for: each literal is found wherever it stands, and nothing else is looked for.

use super::{Cursors, must};
use crate::bits::{is_marked, mark};
use crate::fault::Rejection;
use crate::format::{
    ANCHOR_MAX, Atom, BUCKET_MAX, CLOSE, Entry, Filter, GRAM, IGNORE_CASE, Input, KEYWORD, Keywords, LITERALS_MAX,
    Literal, LiteralKind, Look, NEEDLES_MAX, NO_KEYWORDS, Probe, STRIDE_MAX, Section, Template, WIDE_GRAM,
};
use crate::hash::{self, Near};
use crate::image::Image;

/// Literals with their filters, of a template type or of keywords.
struct Indexed<'t> {
    filters: u32,
    literals: u32,
    literal_count: u32,
    /// Atoms that the literals make true.
    atom_count: u32,
    of: Of<'t>,
}

/// What an index is of, and so how values are looked at for it.
enum Of<'t> {
    Template(&'t Template),
    Keywords(Look),
}

/// What of a literal the filters have.
struct Parts {
    /// In which of the three filters.
    filter: u32,
    /// How many entries, each for one gram.
    count: u32,
}

impl Image<'_> {
    /// The atoms of a template type, and the filters that make them true.
    pub(super) fn check_atoms(
        &self,
        number: u32,
        template: &Template,
        cursors: &mut Cursors,
        marks: &mut [u64],
    ) -> Result<(), Rejection> {
        cursors.witnesses.take(template.always, template.always_count)?;
        let always = self.witnesses.range(template.always, template.always_count).unwrap_or(&[]);
        self.check_witnesses(template, template.always, always)?;
        cursors.atoms.take(template.atoms, template.atom_count)?;
        let of_keywords = self.check_keywords(number, template, cursors, marks)?;
        let own = template.atom_count.checked_sub(of_keywords);
        let own = own.ok_or(Rejection::Record { section: Section::Templates, index: number })?;
        let records = self.atoms.range(template.atoms, template.atom_count).unwrap_or(&[]);
        for (at, (index, record)) in (0..u32::MAX).zip((template.atoms..u32::MAX).zip(records)) {
            let atom = Atom::decode(record);
            must((atom.input == KEYWORD) == (at >= own), Section::Atoms, index)?;
            cursors.witnesses.take(atom.witnesses, atom.count)?;
            let witnesses = self.witnesses.range(atom.witnesses, atom.count).unwrap_or(&[]);
            self.check_witnesses(template, atom.witnesses, witnesses)?;
        }
        let index = Indexed {
            filters: template.filters,
            literals: template.literals,
            literal_count: template.literal_count,
            atom_count: own,
            of: Of::Template(template),
        };
        self.check_index(&index, cursors, marks)
    }

    /// The keywords of a template type, unless one before it has the same: how many atoms they have.
    fn check_keywords(
        &self,
        number: u32,
        template: &Template,
        cursors: &mut Cursors,
        marks: &mut [u64],
    ) -> Result<u32, Rejection> {
        if template.keywords == NO_KEYWORDS {
            return Ok(0);
        }
        let refused = Rejection::Record { section: Section::Templates, index: number };
        let keywords = Keywords::decode(self.keywords.get(template.keywords).ok_or(refused)?);
        must(template.keywords <= cursors.keywords.at, Section::Templates, number)?;
        if template.keywords == cursors.keywords.at {
            cursors.keywords.take(template.keywords, 1)?;
            let look = self.check_look(keywords.look, cursors)?;
            let index = Indexed {
                filters: keywords.filters,
                literals: keywords.literals,
                literal_count: keywords.literal_count,
                atom_count: keywords.atom_count,
                of: Of::Keywords(look),
            };
            self.check_index(&index, cursors, marks)?;
        }
        Ok(keywords.atom_count)
    }

    fn check_witnesses(&self, template: &Template, first: u32, witnesses: &[[u8; 4]]) -> Result<(), Rejection> {
        let mut last = None;
        for (index, program) in (first..u32::MAX).zip(witnesses) {
            let program = u32::from_le_bytes(*program);
            must(last < Some(program) && program < template.program_count, Section::Witnesses, index)?;
            last = Some(program);
        }
        Ok(())
    }

    pub(super) fn check_look(&self, number: u32, cursors: &mut Cursors) -> Result<Look, Rejection> {
        cursors.looks.take(number, 1)?;
        let refused = Rejection::Record { section: Section::Looks, index: number };
        let look = Look::decode(self.looks.get(number).ok_or(refused)?);
        let strides = look.stride <= STRIDE_MAX && look.close_stride <= STRIDE_MAX;
        // Where a needle stands a text is looked at more closely, so that the other literals are found there too.
        let close = if look.needle_count == 0 {
            look.close_stride == 0
        } else {
            look.close_stride > 0 && (look.stride == 0 || look.close_stride < look.stride)
        };
        let mut needles = look.needle_count <= NEEDLES_MAX;
        let bytes = look.needle_firsts.to_le_bytes().into_iter().zip(look.needle_seconds.to_le_bytes());
        for (index, (first, second)) in (0..NEEDLES_MAX).zip(bytes) {
            needles &= if index < look.needle_count {
                first == hash::blur(first) && second == hash::blur(second)
            } else {
                first == 0 && second == 0
            };
        }
        must(strides && close && needles, Section::Looks, number)?;
        self.check_probes(look.probes, u32::from(look.probe_count), cursors)?;
        Ok(look)
    }

    fn check_probes(&self, first: u32, count: u32, cursors: &mut Cursors) -> Result<(), Rejection> {
        cursors.probes.take(first, count)?;
        let mut last: Option<[u8; Probe::SIZE]> = None;
        for (index, record) in (first..u32::MAX).zip(self.probes.range(first, count).unwrap_or(&[])) {
            let probe = Probe::decode(record);
            // Each entry is looked for among them, so they are few.
            let rises = last < Some(*record);
            last = Some(*record);
            let kind = LiteralKind::from_number(probe.kind);
            let fits =
                kind.is_some_and(|kind| kind != LiteralKind::Contains) && (1..=ANCHOR_MAX).contains(&probe.bytes);
            must(fits && rises, Section::Probes, index)?;
        }
        Ok(())
    }

    /// How values of the input of a literal are looked at; nothing where the index is not of this input.
    fn look_of(&self, index: &Indexed<'_>, input: u16) -> Option<Look> {
        match &index.of {
            Of::Keywords(look) => (input == KEYWORD).then_some(*look),
            Of::Template(template) => {
                let input = u32::from(input);
                let at = template.inputs.checked_add(input).filter(|_| input < template.input_count)?;
                self.looks.get(Input::decode(self.inputs.get(at)?).look).map(Look::decode)
            }
        }
    }

    fn check_index(&self, index: &Indexed<'_>, cursors: &mut Cursors, marks: &mut [u64]) -> Result<(), Rejection> {
        cursors.literals.take(index.literals, index.literal_count)?;
        must(index.literal_count <= LITERALS_MAX, Section::Literals, index.literals)?;
        marks.fill(0);
        let mut needed = [0_u32; 3];
        let records = self.literals.range(index.literals, index.literal_count).unwrap_or(&[]);
        for (number, record) in (index.literals..u32::MAX).zip(records) {
            let parts = self.check_literal(index, number, &Literal::decode(record), cursors, marks)?;
            if let Some(needed) = needed.get_mut(parts.filter as usize) {
                *needed = needed.saturating_add(parts.count);
            }
        }
        for atom in 0..index.atom_count {
            // Without a literal it would never be true, whatever asks it.
            must(is_marked(marks, atom), Section::Atoms, atom)?;
        }
        cursors.filters.take(index.filters, 3)?;
        for (which, needed) in (0_u32..3).zip(needed) {
            let number = index.filters.wrapping_add(which);
            let filter = Filter::decode(
                self.filters.get(number).ok_or(Rejection::Record { section: Section::Filters, index: number })?,
            );
            // No two entries are equal, and each is one of a literal's: where there are as many, all are there.
            must(filter.entry_count == needed, Section::Filters, number)?;
            if filter.entry_count == 0 {
                let empty = Filter {
                    bitmap: cursors.bitmaps.at,
                    buckets: cursors.buckets.at,
                    entries: cursors.entries.at,
                    ..Filter::default()
                };
                must(filter == empty, Section::Filters, number)?;
                continue;
            }
            let sized = (6..=30).contains(&filter.bitmap_log2) && filter.bucket_log2 <= 24;
            must(sized, Section::Filters, number)?;
            cursors.bitmaps.take(filter.bitmap, 1 << filter.bitmap_log2.saturating_sub(6).min(24))?;
            let buckets = 1_u32 << filter.bucket_log2.min(24);
            cursors.buckets.take(filter.buckets, buckets.wrapping_add(1))?;
            cursors.entries.take(filter.entries, filter.entry_count)?;
            self.check_buckets(index, &filter, which)?;
        }
        Ok(())
    }

    /// A literal by itself: its bytes, what it makes true, and that its input is looked at in the way that finds it.
    fn check_literal(
        &self,
        index: &Indexed<'_>,
        number: u32,
        literal: &Literal,
        cursors: &mut Cursors,
        marks: &mut [u64],
    ) -> Result<Parts, Rejection> {
        let refused = Rejection::Record { section: Section::Literals, index: number };
        let bytes = self.text(literal.text, literal.len).map_err(|_| refused)?;
        let folded = literal.flags & IGNORE_CASE == 0 || literal.text >= cursors.lower;
        must(folded && literal.flags <= (IGNORE_CASE | CLOSE), Section::Literals, number)?;
        let look = self.look_of(index, literal.input).ok_or(refused)?;
        let is_close = literal.flags & CLOSE != 0;
        let parts = if literal.kind == LiteralKind::Contains as u8 {
            let parts = self.parts_of(literal, &look, bytes).ok_or(refused)?;
            let needle = bytes.get(usize::from(literal.needle)..).and_then(<[u8]>::first_chunk::<2>);
            let needled = if is_close { needle.is_some_and(|at| has_needle(&look, *at)) } else { literal.needle == 0 };
            must(needled, Section::Literals, number)?;
            parts
        } else {
            let probe = Probe { kind: literal.kind, bytes: literal.at as u8 };
            let probes = self.probes.range(look.probes, u32::from(look.probe_count)).unwrap_or(&[]);
            let probed = literal.at <= u16::from(ANCHOR_MAX) && probes.contains(&probe.encode());
            must(probed && !is_close && literal.needle == 0, Section::Literals, number)?;
            Parts { filter: 0, count: 1 }
        };
        cursors.actions.take(literal.actions, literal.action_count)?;
        let actions = self.actions.range(literal.actions, literal.action_count).unwrap_or(&[]);
        for (at, action) in (literal.actions..u32::MAX).zip(actions) {
            let action = u32::from_le_bytes(*action);
            let reads = match index.of {
                Of::Keywords(_) => true,
                Of::Template(template) => {
                    let atom = template.atoms.checked_add(action).and_then(|at| self.atoms.get(at));
                    atom.is_some_and(|atom| Atom::decode(atom).input == literal.input)
                }
            };
            must(action < index.atom_count && reads, Section::Actions, at)?;
            mark(marks, action);
        }
        Ok(parts)
    }

    /// What the filters have of a literal that stands anywhere; nothing where its input is not looked at so.
    fn parts_of(&self, literal: &Literal, look: &Look, bytes: &[u8]) -> Option<Parts> {
        let stride = if literal.flags & CLOSE == 0 { look.stride } else { look.close_stride };
        let from = bytes.get(usize::from(literal.at)..)?;
        if hash::wide_gram_at(from).is_some_and(hash::is_wide) {
            // Such grams are looked at where every byte is.
            return (stride == 1).then_some(Parts { filter: 2, count: 1 });
        }
        (stride > 0).then_some(Parts { filter: 1, count: u32::from(stride) })
    }

    fn check_buckets(&self, index: &Indexed<'_>, filter: &Filter, which: u32) -> Result<(), Rejection> {
        let buckets = 1_u32 << filter.bucket_log2.min(24);
        let bounds = self.buckets.range(filter.buckets, buckets.wrapping_add(1)).unwrap_or(&[]);
        let mut from = 0_u32;
        for (bucket, (bound, next)) in (0..u32::MAX).zip(bounds.iter().zip(bounds.iter().skip(1))) {
            let (bound, next) = (u32::from_le_bytes(*bound), u32::from_le_bytes(*next));
            let count = next.wrapping_sub(bound);
            let fits = bound == from && next >= bound && next <= filter.entry_count && count <= BUCKET_MAX;
            must(fits, Section::Buckets, filter.buckets.wrapping_add(bucket))?;
            from = next;
            let mut last = None;
            for at in bound..next {
                let number = filter.entries.wrapping_add(at);
                let refused = Rejection::Record { section: Section::Entries, index: number };
                let entry = Entry::decode(self.entries.get(number).ok_or(refused)?);
                let rises = last < Some((entry.check, entry.literal));
                last = Some((entry.check, entry.literal));
                let placed = self.is_placed(index, filter, which, bucket, &entry) == Some(true);
                must(rises && placed, Section::Entries, number)?;
            }
        }
        must(from == filter.entry_count, Section::Buckets, filter.buckets.wrapping_add(buckets))
    }

    /// Whether an entry lies in the bucket, and has the bit, that the bytes of its literal ask for.
    fn is_placed(&self, index: &Indexed<'_>, filter: &Filter, which: u32, bucket: u32, entry: &Entry) -> Option<bool> {
        let (number, gram) = (entry.number(), entry.gram());
        let at = index.literals.checked_add(number).filter(|_| number < index.literal_count)?;
        let literal = Literal::decode(self.literals.get(at)?);
        let bytes = self.text(literal.text, literal.len).ok()?;
        let kind = LiteralKind::from_number(literal.kind)?;
        let (parts, key, hashed) = if kind == LiteralKind::Contains {
            let parts = self.parts_of(&literal, &self.look_of(index, literal.input)?, bytes)?;
            let at = usize::from(literal.at).wrapping_add(gram as usize);
            let from = bytes.get(at..)?;
            let found = if parts.filter == 2 { hash::wide_gram_at(from)? } else { hash::gram_at(from)? };
            if hash::is_wide(found) != (parts.filter == 2) {
                return None;
            }
            let size = if parts.filter == 2 { WIDE_GRAM } else { GRAM };
            (parts, hash::gram(found, hash::gram_salt(literal.input)), (at, at.wrapping_add(size)))
        } else {
            let key = hash::literal_key(kind, bytes, literal.at as u8, literal.input)?;
            (Parts { filter: 0, count: 1 }, key, hash::anchored(kind, literal.at as u8, bytes.len()))
        };
        let (near, near_bytes) = Near::in_literal(bytes, hashed);
        let (word, bit) = hash::bit_of(key);
        let words = 1_u32.wrapping_shl(u32::from(filter.bitmap_log2).saturating_sub(6));
        let word = self.bitmaps.get(filter.bitmap.wrapping_add(word as u32 & words.wrapping_sub(1)))?;
        let placed = u64::from_le_bytes(*word).wrapping_shr(bit) & 1 == 1
            && hash::bucket_of(key, filter.bucket_log2) == bucket
            && entry.check == hash::check_of(key)
            && (entry.place(), entry.near) == (near as u32, near_bytes);
        Some(placed && parts.filter == which && gram < parts.count)
    }
}

/// Whether two bytes of a literal are a needle of a look.
fn has_needle(look: &Look, [first, second]: [u8; 2]) -> bool {
    let needles = look.needle_firsts.to_le_bytes().into_iter().zip(look.needle_seconds.to_le_bytes());
    let mut needles = needles.take(usize::from(look.needle_count));
    needles.any(|needle| needle == (hash::blur(first), hash::blur(second)))
}
