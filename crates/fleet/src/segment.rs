//! One file of reports: those of one rollout that one collector took, in the order in which they came.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | when it came, in seconds since 1970, little-endian. It never goes back |
//! | 200 | the [report](contentcheck_rollout::report) |

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use contentcheck_rollout::report::{REPORT, What};
use contentcheck_rollout::{Id, Received, Roll};

use crate::roll::place_of;
use crate::store::sync;

/// Bytes of a record.
pub const RECORD: usize = 8 + REPORT;
const RECORD_BYTES: u64 = RECORD as u64;

/// A record as it is in a file. Nothing of it is believed yet.
#[derive(Clone, Copy, Debug)]
pub struct Record<'r> {
    /// When it came.
    pub at: u64,
    /// The report.
    pub report: &'r [u8; REPORT],
}

impl<'r> Record<'r> {
    /// Splits a record.
    #[must_use]
    pub fn of(bytes: &'r [u8; RECORD]) -> Option<Self> {
        let (at, report) = bytes.split_first_chunk::<8>()?;
        Some(Self { at: u64::from_le_bytes(*at), report: report.try_into().ok()? })
    }

    /// The report, where its device signed it.
    #[must_use]
    pub fn received(&self) -> Option<Received> {
        Received::read(self.report, self.at)
    }

    /// The report, where its signature was verified before: nothing of that is looked at again.
    pub(crate) fn verified_before(&self) -> Option<Received> {
        Received::verified_before(self.report, self.at)
    }

    fn field<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.report.get(at..at + N)?.try_into().ok()
    }

    /// Whether it says of a release that it failed.
    pub(crate) fn says_failed(&self) -> bool {
        self.field(88) == Some([What::Failed.number()])
    }

    /// The device, the rollout and the number that it names.
    fn names(&self) -> Option<([u8; 32], [u8; 32], u64)> {
        Some((self.field(8)?, self.field(40)?, u64::from_le_bytes(self.field(72)?)))
    }
}

/// Why a file of reports is not gone on with.
#[derive(Debug)]
pub enum NoSegment {
    /// It cannot be read or written.
    File(PathBuf, io::Error),
    /// What was acknowledged is not all there, or is no longer what it was.
    Damaged {
        /// The file.
        path: PathBuf,
        /// The place of the first record that is missing or wrong.
        record: u64,
    },
}

impl std::fmt::Display for NoSegment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{}: {}", path.display(), crate::said::reason(error)),
            Self::Damaged { path, record } => write!(
                f,
                "{}: record {record} was acknowledged, and is missing or damaged; take the file from a copy",
                path.display()
            ),
        }
    }
}

impl core::error::Error for NoSegment {}

/// A file of reports that is written here and nowhere else.
#[derive(Debug)]
pub(crate) struct Segment {
    file: File,
    path: PathBuf,
    /// Bytes that are written and synced.
    length: u64,
    /// When the last record came.
    last: u64,
    /// For each device of the roll the number of its last report and one; 0 where there is none. Made of the file, and never kept anywhere.
    numbers: Vec<u64>,
    /// Whether nothing more is written.
    is_broken: bool,
}

impl Segment {
    /// Opens a file, or makes it. What a crash left at its end is cut off, down to what was `settled`: bytes that are known to be whole.
    pub(crate) fn open(path: &Path, rollout: Id, roll: &Roll, settled: u64) -> Result<Self, NoSegment> {
        let failed = |error| NoSegment::File(path.to_owned(), error);
        let is_new = !path.exists();
        let file = File::options().read(true).append(true).create(true).open(path).map_err(failed)?;
        if is_new {
            path.parent().map_or(Ok(()), sync).map_err(failed)?;
        }
        let numbers = vec![0; roll.devices().len()];
        let mut segment = Self { file, path: path.to_owned(), length: 0, last: 0, numbers, is_broken: false };
        let whole = segment.index(rollout, roll, settled).map_err(failed)?;
        if whole < settled {
            return Err(NoSegment::Damaged { path: path.to_owned(), record: whole / RECORD_BYTES });
        }
        segment.cut(whole).map_err(failed)?;
        segment.length = whole;
        Ok(segment)
    }

    /// Reads the numbers of all devices, and says how many bytes are whole records.
    fn index(&mut self, rollout: Id, roll: &Roll, settled: u64) -> io::Result<u64> {
        let mut from = BufReader::with_capacity(1 << 20, &self.file);
        let mut bytes = [0; RECORD];
        let mut whole = 0;
        while fill(&mut from, &mut bytes)? {
            let Some(record) = Record::of(&bytes) else { break };
            let Some((device, of, number)) = record.names() else { break };
            let place = place_of(roll, &device);
            // What was settled was synced long ago. What comes after may be what a crash left of records.
            let is_right =
                of == rollout.0 && record.at >= self.last && (whole < settled || record.received().is_some());
            let (true, Some(known)) = (is_right, place.and_then(|place| self.numbers.get_mut(place))) else { break };
            *known = (*known).max(number.saturating_add(1));
            self.last = record.at;
            whole += RECORD_BYTES;
        }
        Ok(whole)
    }

    /// Cuts off what is behind the whole records. It was not acknowledged; it is kept beside all the same.
    fn cut(&self, whole: u64) -> io::Result<()> {
        let rest = self.file.metadata()?.len().saturating_sub(whole);
        if rest == 0 {
            return Ok(());
        }
        let mut from = &self.file;
        from.seek(SeekFrom::Start(whole))?;
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes)?;
        let mut beside = self.path.clone().into_os_string();
        beside.push(format!(".cut-at-{whole}"));
        fs::write(&beside, &bytes)?;
        self.file.set_len(whole)?;
        self.file.sync_all()
    }

    /// Whether a device reported this number, or a later one.
    pub(crate) fn knows(&self, place: usize, number: u64) -> bool {
        self.numbers.get(place).is_none_or(|known| number < *known)
    }

    /// The number that follows the last one of a device; 0 where there is none.
    pub(crate) fn number(&self, place: usize) -> u64 {
        self.numbers.get(place).copied().unwrap_or(0)
    }

    /// Sets the number that follows the last one of a device.
    pub(crate) fn set(&mut self, place: usize, following: u64) {
        if let Some(known) = self.numbers.get_mut(place) {
            *known = following;
        }
    }

    /// When the last record came.
    pub(crate) const fn last(&self) -> u64 {
        self.last
    }

    /// Bytes that are written and synced.
    pub(crate) const fn length(&self) -> u64 {
        self.length
    }

    /// Writes records behind the others. When this returns they are there, whatever happens next; when it fails, none is.
    pub(crate) fn append(&mut self, records: &[u8], last: u64) -> io::Result<()> {
        if self.is_broken {
            return Err(io::Error::other("the disk failed before; start the collector again"));
        }
        let mut file = &self.file;
        let written = file.write_all(records);
        let synced = if written.is_ok() { self.file.sync_data() } else { Ok(()) };
        if written.is_err() || synced.is_err() {
            // A full disk may have room again. After a sync that failed nobody knows what is on the disk.
            self.is_broken = self.file.set_len(self.length).is_err() || synced.is_err();
            return written.and(synced);
        }
        self.length += records.len() as u64;
        self.last = last;
        Ok(())
    }
}

/// Fills a record; false at the end of the file, and for a part of a record.
fn fill(from: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
