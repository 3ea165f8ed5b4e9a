//! The tree of RFC 6962, and the two proofs about it as RFC 9162 checks them (2.1.3.2 and 2.1.4.2).

use core::fmt;

use sha2::{Digest as _, Sha256};

/// A hash of a tree: SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The root of a tree without entries.
    #[must_use]
    pub fn empty() -> Self {
        Self(Sha256::digest(b"").into())
    }

    /// The hash of an entry.
    #[must_use]
    pub fn of_leaf(entry: &[u8]) -> Self {
        Self(Sha256::new_with_prefix([0]).chain_update(entry).finalize().into())
    }

    /// The hash over two others. No entry has the same one: entries and pairs begin with different bytes.
    #[must_use]
    pub fn of_pair(left: &Self, right: &Self) -> Self {
        Self(Sha256::new_with_prefix([1]).chain_update(left.0).chain_update(right.0).finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether an entry is at an index of the tree that has this size and root: `path` leads from its neighbour up to the root.
#[must_use]
pub fn is_included(index: u64, size: u64, leaf: Hash, path: impl Iterator<Item = Hash>, root: Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last) = (index, size.wrapping_sub(1));
    let mut hash = leaf;
    for beside in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = Hash::of_pair(&beside, &hash);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = Hash::of_pair(&hash, &beside);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && hash == root
}

/// Whether the tree of `old` entries is how the tree of `new` ones began.
#[must_use]
pub fn is_consistent(old: (u64, Hash), new: (u64, Hash), mut path: impl Iterator<Item = Hash>) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return old_root == new_root && path.next().is_none();
    }
    if old_size == 0 {
        // Every tree began without entries.
        return old_root == Hash::empty() && path.next().is_none();
    }
    let (mut node, mut last) = (old_size.wrapping_sub(1), new_size.wrapping_sub(1));
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let start = if old_size.is_power_of_two() { Some(old_root) } else { path.next() };
    let Some(start) = start else { return false };
    let (mut before, mut after) = (start, start);
    for beside in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            before = Hash::of_pair(&beside, &before);
            after = Hash::of_pair(&beside, &after);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            after = Hash::of_pair(&after, &beside);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && before == old_root && after == new_root
}
