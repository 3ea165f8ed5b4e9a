//! Index: the literals of a template type, or of keywords, behind three filters.
//!
//! Each hash first meets a bit map that is small enough to stay in cache, then a bucket of bounded size; what has the right
//! hash is compared byte by byte.

use crate::fault::Fault;
use crate::format::{Entry, Filter, Keywords, Literal, Section, Template};
use crate::hash::{bit_of, bucket_of};
use crate::image::Image;

pub(crate) const FILTERS: Fault = Fault::Corrupt { section: Section::Filters };
pub(crate) const LITERALS: Fault = Fault::Corrupt { section: Section::Literals };
const KEYWORDS: Fault = Fault::Corrupt { section: Section::Keywords };

/// A filter with its parts at hand.
#[derive(Clone, Copy)]
pub(crate) struct Finder<'i> {
    pub(crate) bitmap: &'i [[u8; 8]],
    buckets: &'i [[u8; 4]],
    entries: &'i [[u8; Entry::SIZE]],
    bucket_log2: u8,
}

impl<'i> Finder<'i> {
    fn new(image: &Image<'i>, index: u32) -> Result<Self, Fault> {
        let filter = Filter::decode(image.filters.get(index).ok_or(FILTERS)?);
        if filter.entry_count == 0 {
            return Ok(Self { bitmap: &[], buckets: &[], entries: &[], bucket_log2: 0 });
        }
        let words = 1_u32.checked_shl(u32::from(filter.bitmap_log2).saturating_sub(6)).ok_or(FILTERS)?;
        let buckets = 1_u32.checked_shl(u32::from(filter.bucket_log2)).ok_or(FILTERS)?;
        Ok(Self {
            bitmap: image.bitmaps.range(filter.bitmap, words).ok_or(FILTERS)?,
            buckets: image.buckets.range(filter.buckets, buckets.wrapping_add(1)).ok_or(FILTERS)?,
            entries: image.entries.range(filter.entries, filter.entry_count).ok_or(FILTERS)?,
            bucket_log2: filter.bucket_log2,
        })
    }

    /// Whether some entry may have this hash.
    #[inline(always)]
    pub(crate) fn may_hold(&self, key: u64) -> bool {
        self.bitmap.len().checked_sub(1).is_some_and(|last| has_bit(self.bitmap, last, key))
    }

    /// The entries in the bucket of a hash.
    pub(crate) fn bucket(&self, key: u64) -> Result<&'i [[u8; Entry::SIZE]], Fault> {
        let bucket = bucket_of(key, self.bucket_log2) as usize;
        let [from, to] = self.buckets.get(bucket..bucket.wrapping_add(2)).ok_or(FILTERS)? else { return Err(FILTERS) };
        let (from, to) = (u32::from_le_bytes(*from), u32::from_le_bytes(*to));
        self.entries.get(from as usize..to as usize).ok_or(FILTERS)
    }
}

/// Whether the bit of a hash is set. The bit map has a power of two of words, of which `last` is
/// the last: where the compiler sees both, it needs no check of bounds.
#[inline(always)]
pub(crate) fn has_bit(bitmap: &[[u8; 8]], last: usize, key: u64) -> bool {
    let (word, bit) = bit_of(key);
    let word = bitmap.get(word & last).map_or(0, |word| u64::from_le_bytes(*word));
    word.wrapping_shr(bit) & 1 != 0
}

/// What is looked for, and where it is found.
#[derive(Clone, Copy)]
pub(crate) struct Index<'i> {
    pub(crate) anchors: Finder<'i>,
    pub(crate) grams: Finder<'i>,
    pub(crate) wide_grams: Finder<'i>,
    pub(crate) literals: &'i [[u8; Literal::SIZE]],
    /// Which atom of the template type is its first.
    pub(crate) first_atom: u32,
}

impl<'i> Index<'i> {
    fn new(image: &Image<'i>, filters: u32, literals: (u32, u32), first_atom: u32) -> Result<Self, Fault> {
        Ok(Self {
            anchors: Finder::new(image, filters)?,
            grams: Finder::new(image, filters.wrapping_add(1))?,
            wide_grams: Finder::new(image, filters.wrapping_add(2))?,
            literals: image.literals.range(literals.0, literals.1).ok_or(LITERALS)?,
            first_atom,
        })
    }

    /// What is looked for in the inputs of a template type.
    pub(crate) fn of_template(image: &Image<'i>, template: &Template) -> Result<Self, Fault> {
        Self::new(image, template.filters, (template.literals, template.literal_count), 0)
    }

    /// What is looked for in every value of an event of a template type.
    pub(crate) fn of_keywords(image: &Image<'i>, template: &Template, keywords: &Keywords) -> Result<Self, Fault> {
        // Their atoms are the last ones.
        let first = template.atom_count.checked_sub(keywords.atom_count).ok_or(KEYWORDS)?;
        Self::new(image, keywords.filters, (keywords.literals, keywords.literal_count), first)
    }
}

/// The keywords of a template type; nothing where it has none.
pub(crate) fn keywords_of(image: &Image<'_>, template: &Template) -> Result<Option<Keywords>, Fault> {
    if template.keywords == crate::format::NO_KEYWORDS {
        return Ok(None);
    }
    Ok(Some(Keywords::decode(image.keywords.get(template.keywords).ok_or(KEYWORDS)?)))
}
