//! Checkpoints: the log's name, how many entries it has, and the root of its tree.

use core::fmt;

use crate::base64;
use crate::limits::{CHECKPOINT_BYTES, NAME_BYTES};
use crate::lines::split;
use crate::merkle::Hash;

/// What the text of a checkpoint says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint<'c> {
    /// The name of the log.
    pub origin: &'c str,
    /// Entries of its tree.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
}

/// Why the text of a note is no checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCheckpoint {
    /// It is too long.
    Bytes,
    /// The first line names no log.
    Origin,
    /// The second line is no number as one is written.
    Size,
    /// The third line is no hash in base 64, or not that of an empty tree.
    Root,
    /// A line that the log adds is empty.
    Extension,
}

impl fmt::Display for NoCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes => write!(f, "the text of a checkpoint has {CHECKPOINT_BYTES} bytes at most"),
            Self::Origin => f.write_str("the first line of a checkpoint names a log"),
            Self::Size => f.write_str("the second line of a checkpoint is a number of entries"),
            Self::Root => f.write_str("the third line of a checkpoint is a hash in base 64"),
            Self::Extension => f.write_str("no line of a checkpoint is empty"),
        }
    }
}

impl core::error::Error for NoCheckpoint {}

/// A number in the one way in which it is written: digits, without a leading zero.
pub(crate) fn number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|digit| digit.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain)
}

impl<'c> Checkpoint<'c> {
    /// Reads the text of a note. Lines that a log adds are passed over: nobody audits them, so they mean nothing here.
    ///
    /// # Errors
    /// When it is no checkpoint.
    pub fn read(text: &'c str) -> Result<Self, NoCheckpoint> {
        if text.len() > CHECKPOINT_BYTES {
            return Err(NoCheckpoint::Bytes);
        }
        let mut lines = split(text.strip_suffix('\n').unwrap_or(text), b'\n');
        let origin = lines.next().filter(|origin| !origin.is_empty() && origin.len() <= NAME_BYTES);
        let origin = origin.ok_or(NoCheckpoint::Origin)?;
        let size = lines.next().and_then(number).ok_or(NoCheckpoint::Size)?;
        let root = Hash(lines.next().and_then(base64::array).ok_or(NoCheckpoint::Root)?);
        if size == 0 && root != Hash::empty() {
            return Err(NoCheckpoint::Root);
        }
        if lines.any(str::is_empty) {
            return Err(NoCheckpoint::Extension);
        }
        Ok(Self { origin, size, root })
    }
}
