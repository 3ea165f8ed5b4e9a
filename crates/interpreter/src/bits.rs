//! Sets of numbers in words of lent memory, a bit for each. What lies beyond the words is not in the set.

/// Adds a number.
pub(crate) fn mark(words: &mut [u64], bit: u32) {
    if let Some(word) = words.get_mut((bit >> 6) as usize) {
        *word |= 1 << (bit & 63);
    }
}

/// Whether a number is in the set.
#[inline]
pub(crate) fn is_marked(words: &[u64], bit: u32) -> bool {
    words.get((bit >> 6) as usize).is_some_and(|word| word >> (bit & 63) & 1 == 1)
}
