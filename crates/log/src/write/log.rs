//! The log: entries, tiles, the checkpoint.

use std::format;
use std::io;
use std::string::{String, ToString as _};
use std::vec::Vec;

use core::fmt;

use crate::checkpoint::Checkpoint;
use crate::key::{Algorithm, VerifierKey};
use crate::limits::{ENTRY_BYTES, NOTE_BYTES, SIGNATURES};
use crate::merkle::Hash;
use crate::note::Note;
use crate::opening::Opening;
use crate::proof::FIRST;
use crate::tile::Tile;
use crate::trust;

use super::encode::base64;
use super::sign::SecretKey;
use super::storage::Storage;
use super::tree::{Tree, WIDTH, fold};

/// The path of the checkpoint.
pub const CHECKPOINT: &str = "checkpoint";

/// Why a log cannot be read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The storage says so.
    Storage(io::Error),
    /// A file of the log is missing, or not what the checkpoint says. What was acknowledged is not all there.
    Damaged(String),
    /// The key is one that cosigns, or the log is another one's.
    Key,
    /// There is a log already where one should begin.
    Exists,
    /// An entry has more bytes than one can have.
    Entry {
        /// Its place among those that were given.
        number: usize,
    },
    /// The log has no such entry, or never had so many.
    Range,
    /// A line is no signature of a witness over the checkpoint.
    Cosignature,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(error) => error.fmt(f),
            Self::Damaged(what) => write!(f, "the log is damaged: {what} is missing, or not what was signed"),
            Self::Key => f.write_str("the key is one that cosigns, or another one signs this log"),
            Self::Exists => f.write_str("there is a log already"),
            Self::Entry { number } => write!(f, "entry {number} has more than {ENTRY_BYTES} bytes"),
            Self::Range => f.write_str("the log has no such entry"),
            Self::Cosignature => f.write_str("this is no signature of that witness over the checkpoint of the log"),
        }
    }
}

impl core::error::Error for Fault {}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Storage(error)
    }
}

/// What the storage has for sure, and what the next entries begin with.
#[derive(Clone, Debug, Default)]
struct Edge {
    size: u64,
    /// For each level of tiles the hashes of the tile that is not full.
    hashes: Vec<Vec<Hash>>,
    /// The bundle of entries that is not full, as it is kept.
    bundle: Vec<u8>,
}

impl Edge {
    fn root(&self) -> Hash {
        // From the right and the lowest level: whole subtrees grow to the left.
        let mut root: Option<Hash> = None;
        for level in &self.hashes {
            let mut end = level.len();
            while end > 0 {
                let count = 1 << end.trailing_zeros();
                let whole = level.get(end - count..end).map(<[Hash]>::to_vec).and_then(fold);
                root = match (whole, root) {
                    (Some(left), Some(right)) => Some(Hash::of_pair(&left, &right)),
                    (left, right) => left.or(right),
                };
                end -= count;
            }
        }
        root.unwrap_or_else(Hash::empty)
    }
}

/// A log that is written here and nowhere else.
pub struct Log<S> {
    storage: S,
    key: SecretKey,
    edge: Edge,
    /// The checkpoint with its signatures, as it was put in place last.
    checkpoint: String,
}

impl<S> fmt::Debug for Log<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("origin", &self.key.name()).field("size", &self.edge.size).finish_non_exhaustive()
    }
}

impl<S: Storage> Log<S> {
    /// Begins a log where there is none. Its name is that of the key. This is the one way to an empty log: a checkpoint that is gone is never
    /// taken for one that was not written yet.
    ///
    /// # Errors
    /// When there is a log, or what is left of one; when the key is one that cosigns.
    pub fn begin(storage: S, key: SecretKey) -> Result<Self, Fault> {
        if key.algorithm() != Algorithm::Note {
            return Err(Fault::Key);
        }
        if storage.read(CHECKPOINT)?.is_some() {
            return Err(Fault::Exists);
        }
        // A log that began with a single entry has this file for ever, whatever became of its checkpoint.
        let first = Tile::of_entries(0, 1).map_err(|_| Fault::Range)?.to_string();
        if storage.read(&first)?.is_some() {
            return Err(Fault::Damaged(CHECKPOINT.into()));
        }
        let mut log = Self { storage, key, edge: Edge::default(), checkpoint: String::new() };
        log.publish(Edge::default())?;
        Ok(log)
    }

    /// Opens a log. Its name is that of the key.
    ///
    /// # Errors
    /// When there is none, the key is not the one that signed it, or what it says is not there. A log that is damaged is not written to: take
    /// its files from a copy.
    pub fn open(storage: S, key: SecretKey) -> Result<Self, Fault> {
        if key.algorithm() != Algorithm::Note {
            return Err(Fault::Key);
        }
        let bytes = storage.read(CHECKPOINT)?.ok_or_else(|| Fault::Damaged(CHECKPOINT.into()))?;
        let checkpoint = String::from_utf8(bytes).map_err(|_| Fault::Damaged(CHECKPOINT.into()))?;
        let (size, root) = own(&checkpoint, &key)?;
        let edge = edge(&storage, size)?;
        if edge.root() != root {
            return Err(Fault::Damaged(format!("what {size} entries hash to")));
        }
        Ok(Self { storage, key, edge, checkpoint })
    }

    /// Entries that it has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.edge.size
    }

    /// The root of its tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.edge.root()
    }

    /// Its checkpoint with all signatures, as [`Note::read`] reads it.
    #[must_use]
    pub fn checkpoint(&self) -> &str {
        &self.checkpoint
    }

    /// Puts entries behind the others, in one go, and says where the first of them is. When this returns, they are in the log
    /// and stay there. The checkpoint has the log's signature alone until witnesses have [signed](Self::cosigned) it.
    ///
    /// # Errors
    /// When an entry is too large, before anything is written; when the storage fails. Then none of them is acknowledged, and
    /// they may be there or not: open the log again to see.
    pub fn append(&mut self, entries: &[&[u8]]) -> Result<u64, Fault> {
        if let Some(number) = entries.iter().position(|entry| entry.len() > ENTRY_BYTES) {
            return Err(Fault::Entry { number });
        }
        let first = self.edge.size;
        if entries.is_empty() {
            return Ok(first);
        }
        let mut edge = self.edge.clone();
        for entry in entries {
            self.push(&mut edge, entry)?;
        }
        let size = edge.size;
        if !edge.bundle.is_empty() {
            let tile = Tile::of_entries(size / WIDTH as u64, size).map_err(|_| Fault::Range)?;
            self.storage.write(&tile.to_string(), &edge.bundle)?;
        }
        for (level, hashes) in (0_u8..).zip(&edge.hashes).filter(|(_, hashes)| !hashes.is_empty()) {
            let index = size >> (8 * (u32::from(level) + 1));
            self.write_tile(level, index, hashes, size)?;
        }
        self.publish(edge)?;
        Ok(first)
    }

    /// Takes one more entry, and writes each tile and bundle that it fills.
    fn push(&self, edge: &mut Edge, entry: &[u8]) -> Result<(), Fault> {
        edge.bundle.extend((entry.len() as u16).to_be_bytes());
        edge.bundle.extend(entry);
        let before = edge.size;
        edge.size += 1;
        if edge.size.is_multiple_of(WIDTH as u64) {
            let tile = Tile::of_entries(before / WIDTH as u64, edge.size).map_err(|_| Fault::Range)?;
            self.storage.write(&tile.to_string(), &edge.bundle)?;
            edge.bundle.clear();
        }
        let mut hash = Hash::of_leaf(entry);
        for level in 0_u8.. {
            let at = usize::from(level);
            if edge.hashes.len() <= at {
                edge.hashes.push(Vec::new());
            }
            let Some(hashes) = edge.hashes.get_mut(at) else { break };
            hashes.push(hash);
            if hashes.len() < WIDTH {
                break;
            }
            let full = core::mem::take(hashes);
            self.write_tile(level, before >> (8 * (u32::from(level) + 1)), &full, edge.size)?;
            let Some(whole) = fold(full) else { break };
            hash = whole;
        }
        Ok(())
    }

    fn write_tile(&self, level: u8, index: u64, hashes: &[Hash], size: u64) -> Result<(), Fault> {
        let tile = Tile::of_hashes(level, index, size).map_err(|_| Fault::Range)?;
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
        Ok(self.storage.write(&tile.to_string(), &bytes)?)
    }

    /// Signs the checkpoint of what is written, and puts it in place.
    fn publish(&mut self, edge: Edge) -> Result<(), Fault> {
        let text = format!("{}\n{}\n{}\n", self.key.name(), edge.size, base64(&edge.root().0));
        let note = format!("{text}\n{}", self.key.line(&text, 0));
        self.storage.write(CHECKPOINT, note.as_bytes())?;
        (self.edge, self.checkpoint) = (edge, note);
        Ok(())
    }

    /// Adds the signature of a witness to the checkpoint, instead of one that it made before.
    ///
    /// # Errors
    /// When the line is no signature of this witness over it.
    pub fn cosigned(&mut self, witness: &VerifierKey<'_>, line: &str) -> Result<(), Fault> {
        let (text, signatures) = self.checkpoint.split_once("\n\n").ok_or(Fault::Cosignature)?;
        let line = format!("{}\n", line.trim_end());
        let alone = format!("{text}\n\n{line}");
        let is_signed = |note: Note<'_>| {
            let mut signatures = note.signatures().filter(|one| one.is_of(witness));
            signatures.next().is_some_and(|one| trust::cosigned(&one, witness, note.text()).is_some())
        };
        let is_witness = witness.algorithm() == Algorithm::Cosignature;
        if !is_witness || !Note::read(alone.as_bytes()).is_ok_and(is_signed) {
            return Err(Fault::Cosignature);
        }
        // By name and id: a witness may be called as the log is.
        let is_own = |line: &&str| {
            let alone = format!("{text}\n\n{line}\n");
            Note::read(alone.as_bytes()).is_ok_and(|note| note.signatures().any(|one| one.is_of(witness)))
        };
        let others: String = signatures.lines().filter(|line| !is_own(line)).map(|line| format!("{line}\n")).collect();
        let note = format!("{text}\n\n{others}{line}");
        if note.len() > NOTE_BYTES || note.matches('\u{2014}').count() > SIGNATURES {
            return Err(Fault::Cosignature);
        }
        self.storage.write(CHECKPOINT, note.as_bytes())?;
        self.checkpoint = note;
        Ok(())
    }

    /// An entry.
    ///
    /// # Errors
    /// When the log has none there, or it cannot be read.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, Fault> {
        if index >= self.size() {
            return Err(Fault::Range);
        }
        let bundle = Tile::of_entries(index / WIDTH as u64, self.size()).map_err(|_| Fault::Range)?.to_string();
        let bytes = self.storage.read(&bundle)?.ok_or_else(|| Fault::Damaged(bundle.clone()))?;
        let found = bundled(&bytes).nth((index % WIDTH as u64) as usize).flatten();
        found.map(<[u8]>::to_vec).ok_or(Fault::Damaged(bundle))
    }

    /// What shows that the log of `old` entries grew to this one.
    ///
    /// # Errors
    /// When it never had so many, or a tile cannot be read.
    pub fn consistency(&self, old: u64) -> Result<Vec<Hash>, Fault> {
        if old > self.size() {
            return Err(Fault::Range);
        }
        Tree::new(&self.storage, self.size()).consistency(old)
    }

    /// The path that shows that an entry is in the log.
    ///
    /// # Errors
    /// When it has none there, or a tile cannot be read.
    pub fn inclusion(&self, index: u64) -> Result<Vec<Hash>, Fault> {
        if index >= self.size() {
            return Err(Fault::Range);
        }
        Tree::new(&self.storage, self.size()).inclusion(index)
    }

    /// The proof that an entry is in the log, under the checkpoint with the signatures that it has: a text of `tlog-proof`, with
    /// the entry beside it.
    ///
    /// # Errors
    /// When it has none there, or a file cannot be read.
    pub fn proof(&self, index: u64) -> Result<String, Fault> {
        let path: String = self.inclusion(index)?.iter().map(|hash| base64(&hash.0) + "\n").collect();
        let extra = base64(&self.entry(index)?);
        Ok(format!("{FIRST}\nextra {extra}\nindex {index}\n{path}\n{}", self.checkpoint))
    }

    /// The token of a ring: the proof of its opening, and behind it that of the ring before, as it was under the checkpoint
    /// of its own time.
    ///
    /// # Errors
    /// When the entry opens no ring, the proof of the ring before is missing or one too many, or a file cannot be read.
    pub fn token(&self, index: u64, before: Option<&str>) -> Result<String, Fault> {
        let opening = Opening::read(&self.entry(index)?).map_err(|_| Fault::Range)?;
        if (opening.ring == 0) != before.is_none() {
            return Err(Fault::Range);
        }
        Ok(format!("{}{}", self.proof(index)?, before.unwrap_or_default()))
    }
}

/// The entries of a bundle; nothing where it is cut off.
pub(crate) fn bundled(bytes: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = Some(bytes);
    core::iter::from_fn(move || {
        let left = rest.take().filter(|left| !left.is_empty())?;
        let one = left
            .split_first_chunk()
            .and_then(|(length, left)| left.split_at_checked(u16::from_be_bytes(*length).into()));
        rest = one.map(|(_, left)| left);
        Some(one.map(|(entry, _)| entry))
    })
}

/// Size and root of the checkpoint that this key signed.
fn own(checkpoint: &str, key: &SecretKey) -> Result<(u64, Hash), Fault> {
    let damaged = || Fault::Damaged(CHECKPOINT.into());
    let note = Note::read(checkpoint.as_bytes()).map_err(|_| damaged())?;
    let verifier = key.verifier();
    let verifier = VerifierKey::read(&verifier).map_err(|_| Fault::Key)?;
    if !note.is_signed_by(&verifier) {
        return Err(Fault::Key);
    }
    let read = Checkpoint::read(note.text()).map_err(|_| damaged())?;
    if read.origin != key.name() { Err(Fault::Key) } else { Ok((read.size, read.root)) }
}

/// What a log of so many entries has at its right edge.
fn edge<S: Storage>(storage: &S, size: u64) -> Result<Edge, Fault> {
    let mut edge = Edge { size, ..Edge::default() };
    let mut tree = Tree::new(storage, size);
    for level in 0_u8..8 {
        let nodes = size >> (8 * u32::from(level));
        if nodes == 0 {
            break;
        }
        let is_full = nodes.is_multiple_of(WIDTH as u64);
        edge.hashes.push(if is_full { Vec::new() } else { tree.tile(level, nodes / WIDTH as u64)?.to_vec() });
    }
    if !size.is_multiple_of(WIDTH as u64) {
        let tile = Tile::of_entries(size / WIDTH as u64, size).map_err(|_| Fault::Range)?.to_string();
        edge.bundle = storage.read(&tile)?.ok_or_else(|| Fault::Damaged(tile.clone()))?;
        // The hashes are of these entries and no others.
        let leaves = bundled(&edge.bundle).map(|entry| entry.map(Hash::of_leaf)).collect::<Option<Vec<Hash>>>();
        if leaves.as_ref() != edge.hashes.first() {
            return Err(Fault::Damaged(format!("{tile}, or the hashes of its entries in tile/0,")));
        }
    }
    Ok(edge)
}
