//! Hashes of the tree out of tiles, and the two proofs that RFC 6962 defines (2.1.1 and 2.1.2).

use std::collections::HashMap;
use std::format;
use std::string::ToString as _;
use std::vec::Vec;

use crate::merkle::Hash;
use crate::tile::Tile;

use super::log::Fault;
use super::storage::Storage;

/// Levels of the tree that one tile has, and hashes in the lowest of them.
pub(crate) const HEIGHT: u32 = 8;
pub(crate) const WIDTH: usize = 1 << HEIGHT;

/// The largest power of two below a number that is at least two.
const fn half(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The root over a whole subtree, of its leaves: as many as a power of two.
pub(crate) fn fold(mut hashes: Vec<Hash>) -> Option<Hash> {
    while hashes.len() > 1 {
        let (pairs, rest) = hashes.as_chunks::<2>();
        if !rest.is_empty() {
            return None;
        }
        hashes = pairs.iter().map(|[left, right]| Hash::of_pair(left, right)).collect();
    }
    hashes.pop()
}

/// A tree of `size` entries, read from its tiles. Tiles are kept while it lives.
pub(crate) struct Tree<'s, S> {
    storage: &'s S,
    size: u64,
    tiles: HashMap<(u8, u64), Vec<Hash>>,
}

impl<'s, S: Storage> Tree<'s, S> {
    pub(crate) fn new(storage: &'s S, size: u64) -> Self {
        Self { storage, size, tiles: HashMap::new() }
    }

    /// The hashes of a tile.
    pub(crate) fn tile(&mut self, level: u8, index: u64) -> Result<&[Hash], Fault> {
        let tile = Tile::of_hashes(level, index, self.size).map_err(|_| Fault::Damaged(format!("level {level}")))?;
        if !self.tiles.contains_key(&(level, index)) {
            let path = tile.to_string();
            let damaged = || Fault::Damaged(path.clone());
            let bytes = self.storage.read(&path)?.ok_or_else(damaged)?;
            let (hashes, rest) = bytes.as_chunks::<32>();
            if !rest.is_empty() || hashes.len() != usize::from(tile.width()) {
                return Err(damaged());
            }
            self.tiles.insert((level, index), hashes.iter().map(|hash| Hash(*hash)).collect());
        }
        Ok(self.tiles.get(&(level, index)).map_or(&[], Vec::as_slice))
    }

    /// The root over a whole subtree: `level` levels above the leaves, the `index`th there.
    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Fault> {
        let (of_tile, within) = (level / HEIGHT, level % HEIGHT);
        let first = index << within;
        let number = u8::try_from(of_tile).map_err(|_| Fault::Damaged("the tree".into()))?;
        let hashes = self.tile(number, first >> HEIGHT)?;
        let from = (first % WIDTH as u64) as usize;
        let leaves = hashes.get(from..from + (1 << within)).map(<[Hash]>::to_vec);
        leaves.and_then(fold).ok_or_else(|| Fault::Damaged(format!("tile/{number}")))
    }

    /// The root over the entries from `start`, a multiple of the power of two that covers them, on.
    pub(crate) fn root(&mut self, start: u64, count: u64) -> Result<Hash, Fault> {
        if count == 0 {
            return Ok(Hash::empty());
        }
        // Whole subtrees from the left, each smaller than the one before; then together from the right.
        let (mut whole, mut at, mut left) = (Vec::new(), start, count);
        while left > 0 {
            let level = left.ilog2();
            whole.push(self.node(level, at >> level)?);
            at += 1 << level;
            left -= 1 << level;
        }
        let last = whole.pop().unwrap_or_else(Hash::empty);
        Ok(whole.iter().rev().fold(last, |right, left| Hash::of_pair(left, &right)))
    }

    /// The path that shows that an entry is in the tree.
    pub(crate) fn inclusion(&mut self, index: u64) -> Result<Vec<Hash>, Fault> {
        let (mut start, mut count) = (0, self.size);
        let mut path = Vec::new();
        while count > 1 {
            let half = half(count);
            if index - start < half {
                path.push(self.root(start + half, count - half)?);
                count = half;
            } else {
                path.push(self.root(start, half)?);
                (start, count) = (start + half, count - half);
            }
        }
        path.reverse();
        Ok(path)
    }

    /// What shows that the tree began as that of `old` entries. Nothing where that has none or is the same.
    pub(crate) fn consistency(&mut self, old: u64) -> Result<Vec<Hash>, Fault> {
        if old == 0 || old == self.size {
            return Ok(Vec::new());
        }
        let (mut start, mut count, mut is_whole) = (0, self.size, true);
        let mut proof = Vec::new();
        while old - start != count {
            let half = half(count);
            if old - start <= half {
                proof.push(self.root(start + half, count - half)?);
                count = half;
            } else {
                proof.push(self.root(start, half)?);
                (start, count, is_whole) = (start + half, count - half, false);
            }
        }
        if !is_whole {
            proof.push(self.root(start, count)?);
        }
        proof.reverse();
        Ok(proof)
    }
}
