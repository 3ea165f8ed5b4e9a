//! Recordings: where recorded events come from, and that they are still those whose digest was taken.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use contentcheck_events::{Problem, Reader};
use contentcheck_parser::release::Digester;

/// Recorded events.
#[derive(Clone, Debug)]
pub enum Recording {
    /// In a file.
    File(PathBuf),
    /// In a file whose bytes must be those of a digest.
    Sealed(PathBuf, Seal),
    /// At hand, as JSON lines.
    Lines {
        /// What reports call it.
        name: String,
        /// The lines.
        bytes: Arc<[u8]>,
    },
}

/// The digest that a file must have whenever it is read, and whether it always had. Clones share what they know.
#[derive(Clone, Debug)]
pub struct Seal {
    sha256: Arc<str>,
    broken: Arc<AtomicBool>,
}

impl Seal {
    /// A seal of a SHA-256, hexadecimal.
    #[must_use]
    pub fn new(sha256: &str) -> Self {
        Self { sha256: sha256.into(), broken: Arc::default() }
    }

    /// Whether some pass over the file met other bytes.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }
}

impl Recording {
    /// JSON lines at hand.
    #[must_use]
    pub fn lines(name: &str, bytes: Vec<u8>) -> Self {
        Self::Lines { name: name.to_owned(), bytes: bytes.into() }
    }

    /// What reports call it: of a file its name without directories.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::File(path) | Self::Sealed(path, _) => {
                path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
            }
            Self::Lines { name, .. } => name.clone(),
        }
    }

    /// SHA-256 of its first bytes, for each of these counts that it has: where one is the digest of another recording, this one begins with that.
    #[must_use]
    pub fn beginnings(&self, counts: &BTreeSet<u64>) -> BTreeMap<u64, String> {
        match self {
            Self::File(path) | Self::Sealed(path, _) => {
                File::open(path).map_or_else(|_| BTreeMap::new(), |file| beginnings(BufReader::new(file), counts))
            }
            Self::Lines { bytes, .. } => beginnings(Cursor::new(bytes), counts),
        }
    }

    /// A reader, and what tells at its end whether the bytes were those of the seal.
    pub(crate) fn open(&self) -> Result<(Reader, Pass), Problem> {
        Ok(match self {
            Self::File(path) => (Reader::open(path)?, Pass(None)),
            Self::Lines { name, bytes } => (Reader::new(name, Cursor::new(Arc::clone(bytes))), Pass(None)),
            Self::Sealed(path, seal) => {
                let taken = |file: File| Some((file.try_clone().ok()?, file));
                let Some((rest, file)) = File::open(path).ok().and_then(taken) else {
                    seal.broken.store(true, Ordering::Relaxed);
                    // What cannot be opened has its own words.
                    return Ok((Reader::open(path)?, Pass(None)));
                };
                let digest = Arc::new(Mutex::new(Digester::default()));
                let hashed = Hashed { file, digest: Arc::clone(&digest) };
                let reader = Reader::new(&path.display().to_string(), hashed);
                (reader, Pass(Some((Hashed { file: rest, digest }, seal.clone()))))
            }
        })
    }
}

/// The digests of the beginnings that can be read.
fn beginnings(mut from: impl Read, counts: &BTreeSet<u64>) -> BTreeMap<u64, String> {
    let mut found = BTreeMap::new();
    let mut digest = Digester::default();
    let mut done = 0;
    for count in counts {
        if !hashed(from.by_ref().take(count - done), count - done, &mut digest) {
            break;
        }
        done = *count;
        found.insert(done, digest.clone().finish());
    }
    found
}

/// Hashes all that is there: whether it is so many bytes.
fn hashed(mut from: impl Read, bytes: u64, digest: &mut Digester) -> bool {
    let mut buffer = [0; 1 << 13];
    let mut read = 0;
    while let Ok(count) = from.read(&mut buffer) {
        let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else { return read == bytes };
        digest.update(part);
        read += part.len() as u64;
    }
    false
}

/// A file of which every byte that is read is hashed.
struct Hashed {
    file: File,
    digest: Arc<Mutex<Digester>>,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        if let Some(part) = buffer.get(..count) {
            self.digest.lock().unwrap_or_else(PoisonError::into_inner).update(part);
        }
        Ok(count)
    }
}

/// One pass over a recording.
pub(crate) struct Pass(Option<(Hashed, Seal)>);

impl Pass {
    /// Ends it: whether all bytes, those behind the last event too, were those of the seal.
    pub(crate) fn ends_whole(self) -> bool {
        let Some((mut rest, seal)) = self.0 else { return true };
        // Both handles share one place in the file, so this goes on where the reader stopped.
        let read = io::copy(&mut rest, &mut io::sink());
        let digest = rest.digest.lock().unwrap_or_else(PoisonError::into_inner).clone().finish();
        let is_whole = read.is_ok() && *digest == *seal.sha256;
        if !is_whole {
            seal.broken.store(true, Ordering::Relaxed);
        }
        is_whole
    }
}
