//! Which reports were verified before, so that whoever counts them in another process need not verify each signature again.
//!
//! A block of [`BLOCK`] records of one file is known by its hash alone, and nothing else is kept of it: what changed by one bit is verified again.
//! The file can be deleted at any time, and what is damaged in it is not found.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `CCSEEN1` and a line feed |
//! | 32 each | the hash of a block, in rising order |
//!
//! Whoever writes this file decides which reports count here, so it lies where the settings of its reader are, or beside the key of a witness, and
//! never beside the reports: those come from collectors, which nobody believes.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use contentcheck_log::Hash;
use contentcheck_log::write::open_file;
use contentcheck_rollout::Received;

use crate::limits::VERIFIED_BYTES;
use crate::segment::{RECORD, Record};

/// Records of a block.
pub(crate) const BLOCK: usize = 1_024;
const MAGIC: [u8; 8] = *b"CCSEEN1\n";
const HASH: usize = 32;

/// Blocks of records that were verified.
#[derive(Debug, Default)]
pub(crate) struct Verified {
    known: BTreeSet<[u8; HASH]>,
    /// Where they are kept; nowhere: for as long as this lives.
    path: Option<PathBuf>,
    /// Whether some are not kept yet.
    is_new: bool,
}

impl Verified {
    /// Those that a file has, where they are kept from now on. A file that cannot be read, or is none, has none.
    pub(crate) fn at(path: PathBuf) -> Self {
        let known = read(&path).unwrap_or_default();
        Self { known, path: Some(path), is_new: false }
    }

    /// Verifies records that follow each other in a file, on all cores. Nothing for each that its device did not sign.
    ///
    /// `first` is the place of the first of them in its file.
    pub(crate) fn verify(&mut self, records: &[[u8; RECORD]], first: u64) -> Vec<Option<Received>> {
        // A block begins at the same places whoever reads how much at a time.
        let into = usize::try_from(first % BLOCK as u64).unwrap_or(0);
        let (head, rest) = records.split_at(((BLOCK - into) % BLOCK).min(records.len()));
        let blocks: Vec<&[[u8; RECORD]]> =
            [head].into_iter().filter(|head| !head.is_empty()).chain(rest.chunks(BLOCK)).collect();
        let known = &self.known;
        let verify = |blocks: &[&[[u8; RECORD]]]| blocks.iter().map(|block| verified(block, known)).collect::<Vec<_>>();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let done: Vec<_> = if cores == 1 || blocks.len() < 2 {
            verify(&blocks)
        } else {
            let verify = &verify;
            std::thread::scope(|scope| {
                let parts = blocks.chunks(blocks.len().div_ceil(cores));
                let parts: Vec<_> = parts.map(|part| (part, scope.spawn(move || verify(part)))).collect();
                // A thread that panicked verified nothing, so its records are refused.
                let refused = |part: &[&[[u8; RECORD]]]| part.iter().map(|block| (None, refused(block))).collect();
                parts.into_iter().flat_map(|(part, done)| done.join().unwrap_or_else(|_| refused(part))).collect()
            })
        };
        let mut found = Vec::with_capacity(records.len());
        for (block, received) in done {
            self.is_new |= block.is_some_and(|block| self.known.insert(block));
            found.extend(received);
        }
        found
    }

    /// Keeps what is new. Where that cannot be, it is verified again next time.
    pub(crate) fn keep(&mut self) {
        let Some(path) = self.path.as_ref().filter(|_| self.is_new) else { return };
        self.is_new = false;
        // Another process may have kept some meanwhile. What does not fit is verified again.
        let others = read(path).unwrap_or_default();
        let room = (VERIFIED_BYTES as usize).saturating_sub(MAGIC.len()) / HASH;
        let all: BTreeSet<_> = self.known.union(&others).take(room).collect();
        let bytes = [&MAGIC[..], &all.into_iter().flatten().copied().collect::<Vec<u8>>()].concat();
        let _ = write(path, &bytes);
    }
}

fn refused(block: &[[u8; RECORD]]) -> Vec<Option<Received>> {
    block.iter().map(|_| None).collect()
}

/// The reports of a block, and its hash where it is whole, and all of it is signed.
fn verified(block: &[[u8; RECORD]], known: &BTreeSet<[u8; HASH]>) -> (Option<[u8; HASH]>, Vec<Option<Received>>) {
    let hash = (block.len() == BLOCK).then(|| Hash::of_leaf(block.as_flattened()).0);
    if hash.is_some_and(|hash| known.contains(&hash)) {
        let read = |record| Record::of(record)?.verified_before();
        return (None, block.iter().map(read).collect());
    }
    let received: Vec<_> = block.iter().map(|record| Record::of(record)?.received()).collect();
    (hash.filter(|_| received.iter().all(Option::is_some)), received)
}

fn read(path: &Path) -> io::Result<BTreeSet<[u8; HASH]>> {
    let mut bytes = Vec::new();
    open_file(path)?.take(VERIFIED_BYTES).read_to_end(&mut bytes)?;
    let hashes = bytes.strip_prefix(&MAGIC).unwrap_or_default();
    Ok(hashes.as_chunks::<HASH>().0.iter().copied().collect())
}

/// Puts a file in place, whole. It is not synced: what a power cut takes is verified again.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = File::create_new(&beside).and_then(|mut file| file.write_all(bytes));
    let placed = written.and_then(|()| fs::rename(&beside, path));
    if placed.is_err() {
        let _ = fs::remove_file(&beside);
    }
    placed
}
