//! Hashes of names. Seeded, so that no recording can be made whose names all collide; what
//! is found never depends on the seed, since names are compared after their hashes.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

static SEED: OnceLock<(u64, u64)> = OnceLock::new();

fn seed() -> (u64, u64) {
    *SEED.get_or_init(|| {
        let state = RandomState::new();
        (state.hash_one(1_u8), state.hash_one(2_u8) | 1)
    })
}

const fn fold(a: u64, b: u64) -> u64 {
    let wide = (a as u128) * (b as u128);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
    let (low, high) = (wide as u64, (wide >> 64) as u64);
    low ^ high
}

/// A hasher of names; the seed is looked up once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    start: u64,
    factor: u64,
}

impl Default for Names {
    fn default() -> Self {
        let (start, factor) = seed();
        Self { start, factor }
    }
}

impl Names {
    pub(crate) fn hash(self, name: &[u8]) -> u32 {
        let mut state = self.start ^ (name.len() as u64);
        let mut rest = name;
        while let Some((chunk, tail)) = rest.split_first_chunk::<8>() {
            state = fold(state ^ u64::from_le_bytes(*chunk), self.factor);
            rest = tail;
        }
        if !rest.is_empty() {
            let last = match (name.last_chunk::<8>(), rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
                (Some(last), _, _) => u64::from_le_bytes(*last),
                (None, Some(first), Some(last)) => {
                    u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
                }
                _ => rest.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)),
            };
            state = fold(state ^ last, self.factor);
        }
        #[expect(clippy::cast_possible_truncation, reason = "the low half of a hash")]
        let hash = fold(state, 0x9e37_79b9_7f4a_7c15) as u32;
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_one_byte_differ() {
        let names = Names::default();
        for len in 0..40 {
            let name = vec![b'a'; len];
            assert_eq!(names.hash(&name), names.hash(&name.clone()));
            for at in 0..len {
                let mut other = name.clone();
                other[at] = b'b';
                assert_ne!(names.hash(&name), names.hash(&other), "{len} {at}");
            }
        }
    }
}
