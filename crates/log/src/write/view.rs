//! A log as anybody reads it: without a key that signs, and without a lock.

use std::string::{String, ToString as _};
use std::vec::Vec;

use crate::checkpoint::Checkpoint;
use crate::key::VerifierKey;
use crate::merkle::Hash;
use crate::note::Note;
use crate::tile::Tile;

use super::log::{CHECKPOINT, Fault, bundled};
use super::storage::Storage;
use super::tree::{Tree, WIDTH, fold};

/// The right edge of a tree: enough to add entries, and to tell its root after each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// The root of each whole subtree, the largest first: one for each bit that is set in the size.
    whole: Vec<Hash>,
}

impl Frontier {
    /// Adds an entry.
    pub fn push(&mut self, entry: &[u8]) {
        let mut hash = Hash::of_leaf(entry);
        let mut size = self.size;
        while size & 1 == 1 {
            if let Some(left) = self.whole.pop() {
                hash = Hash::of_pair(&left, &hash);
            }
            size >>= 1;
        }
        self.whole.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// Entries so far.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root over them.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut whole = self.whole.iter().rev();
        let Some(&last) = whole.next() else { return Hash::empty() };
        whole.fold(last, |right, left| Hash::of_pair(left, &right))
    }
}

/// The log of a checkpoint, read from its files.
#[derive(Debug)]
pub struct View<S> {
    storage: S,
    checkpoint: String,
    size: u64,
    root: Hash,
}

impl<S: Storage> View<S> {
    /// Reads the newest checkpoint, and holds it to the key of the log.
    ///
    /// # Errors
    /// When there is none, or the key did not sign it.
    pub fn open(storage: S, log: &VerifierKey<'_>) -> Result<Self, Fault> {
        let damaged = || Fault::Damaged(CHECKPOINT.into());
        let checkpoint = storage.read(CHECKPOINT)?.ok_or_else(damaged)?;
        let checkpoint = String::from_utf8(checkpoint).map_err(|_| damaged())?;
        let note = Note::read(checkpoint.as_bytes()).map_err(|_| damaged())?;
        let read = Checkpoint::read(note.text()).map_err(|_| damaged())?;
        if !note.is_signed_by(log) || read.origin != log.name() {
            return Err(Fault::Key);
        }
        let (size, root) = (read.size, read.root);
        Ok(Self { storage, size, root, checkpoint })
    }

    /// Entries of the log.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of its tree.
    #[must_use]
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// The checkpoint with the signatures that it has.
    #[must_use]
    pub fn checkpoint(&self) -> &str {
        &self.checkpoint
    }

    /// All entries, held to the root.
    ///
    /// # Errors
    /// When a bundle is missing, or the entries are not those of the checkpoint.
    pub fn entries(&self) -> Result<Vec<Vec<u8>>, Fault> {
        let mut entries = Vec::new();
        let mut frontier = Frontier::default();
        while frontier.size() < self.size {
            let bundle = Tile::of_entries(frontier.size() / WIDTH as u64, self.size).map_err(|_| Fault::Range)?;
            let name = bundle.to_string();
            let bytes = self.storage.read(&name)?.ok_or_else(|| Fault::Damaged(name.clone()))?;
            let read = bundled(&bytes).collect::<Option<Vec<_>>>().unwrap_or_default();
            if read.len() != usize::from(bundle.width()) {
                return Err(Fault::Damaged(name));
            }
            for entry in read {
                frontier.push(entry);
                entries.push(entry.to_vec());
            }
        }
        if frontier.root() == self.root { Ok(entries) } else { Err(Fault::Damaged("what the entries hash to".into())) }
    }

    /// Holds the tiles, of which proofs and tokens are made, to the entries that [`Self::entries`] gave.
    ///
    /// # Errors
    /// Which tile is missing, or has other hashes.
    pub fn tiles(&self, entries: &[Vec<u8>]) -> Result<(), Fault> {
        let mut tree = Tree::new(&self.storage, self.size);
        let mut hashes: Vec<Hash> = entries.iter().map(|entry| Hash::of_leaf(entry)).collect();
        for level in 0_u8.. {
            for (index, of_entries) in (0_u64..).zip(hashes.chunks(WIDTH)) {
                if tree.tile(level, index)? != of_entries {
                    let tile = Tile::of_hashes(level, index, self.size).map_err(|_| Fault::Range)?;
                    return Err(Fault::Damaged(tile.to_string()));
                }
            }
            let (whole, _) = hashes.as_chunks::<WIDTH>();
            hashes = whole.iter().filter_map(|whole| fold(whole.to_vec())).collect();
            if hashes.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// What shows that the log of `old` entries grew to this one.
    ///
    /// # Errors
    /// When it never had so many, or a tile cannot be read.
    pub fn consistency(&self, old: u64) -> Result<Vec<Hash>, Fault> {
        if old > self.size {
            return Err(Fault::Range);
        }
        Tree::new(&self.storage, self.size).consistency(old)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io;
    use std::string::String;
    use std::sync::Mutex;

    use super::*;
    use crate::Algorithm;
    use crate::write::{Log, SecretKey};

    #[derive(Debug, Default)]
    struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

    impl Storage for Memory {
        fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
            Ok(self.0.lock().map_err(|_| io::Error::other("poisoned"))?.get(path).cloned())
        }

        fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
            self.0.lock().map_err(|_| io::Error::other("poisoned"))?.insert(path.into(), bytes.into());
            Ok(())
        }
    }

    #[test]
    fn a_reader_sees_what_was_written_and_tells_damage() -> Result<(), Fault> {
        let key = || SecretKey::of_seed("example.com/log", Algorithm::Note, &[7; 32]).map_err(|_| Fault::Key);
        let verifier = key()?.verifier();
        let verifier = VerifierKey::read(&verifier).map_err(|_| Fault::Key)?;
        let storage = Memory::default();
        let mut log = Log::begin(&storage, key()?)?;
        let mut frontier = Frontier::default();
        let mut written = Vec::new();
        for number in 0..600_u32 {
            let entry = number.to_le_bytes();
            log.append(&[&entry])?;
            frontier.push(&entry);
            written.push(entry.to_vec());
            assert_eq!((frontier.size(), frontier.root()), (log.size(), log.root()));
        }
        let view = View::open(&storage, &verifier)?;
        assert_eq!(view.entries()?, written);
        assert_eq!(view.consistency(299)?, log.consistency(299)?);
        let last = Tile::of_entries(2, 600).map_err(|_| Fault::Range)?.to_string();
        let mut bytes = storage.read(&last)?.unwrap_or_default();
        if let Some(byte) = bytes.last_mut() {
            *byte ^= 1;
        }
        storage.write(&last, &bytes)?;
        assert!(matches!(view.entries(), Err(Fault::Damaged(_))));
        storage.write(CHECKPOINT, &[b'x'; 40])?;
        assert!(matches!(View::open(&storage, &verifier), Err(Fault::Damaged(_))));
        Ok(())
    }
}
