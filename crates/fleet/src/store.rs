//! What a collector keeps: files of reports, and until when they have everything.
//!
//! ```text
//! <root>/<rollout>/<shard>.reports      records, appended
//! <root>/<shard>.settled                until when this shard has everything, and how long its files were then
//! <root>/.<shard>.lock                  one process writes a shard
//! ```
//!
//! A time that is said to be settled stays so: no record of it or of an earlier time is written afterwards, also not by a collector that is
//! started again with a clock that went back. Whoever counts reports counts up to such a time, so two who count find the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use contentcheck_log::Hash;
use contentcheck_log::write::{open_lock, read_text};
use contentcheck_rollout::report::REPORT;
use contentcheck_rollout::{Id, Received, Roll};

use crate::clock::Clock;
use crate::limits::SHARDS;
use crate::roll::hex;
use crate::segment::{NoSegment, RECORD, Segment};

/// Which part of the devices a collector takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    of: u32,
}

impl Default for Shard {
    fn default() -> Self {
        Self { index: 0, of: 1 }
    }
}

impl Shard {
    /// The `index`th of so many, from 0.
    #[must_use]
    pub const fn new(index: u32, of: u32) -> Option<Self> {
        if index < of && of <= SHARDS { Some(Self { index, of }) } else { None }
    }

    /// Reads `2/4`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (index, of) = text.split_once('/')?;
        Self::new(index.parse().ok()?, of.parse().ok()?)
    }

    /// Its number.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// Whether a device is one of this part.
    #[must_use]
    pub fn has(self, device: &[u8; 32]) -> bool {
        shard_of(device, self.of) == self.index
    }
}

/// The shard of a device: the first bytes of a hash of its key. Keys that somebody chose are spread all the same.
fn shard_of(device: &[u8; 32], of: u32) -> u32 {
    let [a, b, c, d, ..] = Hash::of_leaf(device).0;
    u32::from_be_bytes([a, b, c, d]) % of.max(1)
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is written and stays so.
    Accepted,
    /// It, or a later one of its device, is there already.
    Known,
}

/// A report that may be written: of a rollout that is known, and of a device of its roll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) rollout: Id,
    pub(crate) place: usize,
    pub(crate) number: u64,
    pub(crate) bytes: [u8; REPORT],
}

impl Item {
    pub(crate) fn of(received: &Received, place: usize, bytes: &[u8; REPORT]) -> Self {
        let report = received.report();
        Self { rollout: report.rollout, place, number: report.number, bytes: *bytes }
    }
}

/// What readers may know while the store is written: what is synced, and until when it is everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settled {
    pub(crate) until: u64,
    pub(crate) lengths: BTreeMap<[u8; 32], u64>,
}

/// What a collector keeps. One thread writes it.
pub(crate) struct Store {
    root: PathBuf,
    shard: Shard,
    clock: Clock,
    segments: BTreeMap<[u8; 32], Segment>,
    /// What was settled when the store was opened, for segments that are opened later.
    kept: BTreeMap<[u8; 32], u64>,
    until: u64,
    /// Rollouts whose last reports could not be written. Then nothing is settled: those who sent them have not been heard.
    deaf: BTreeSet<[u8; 32]>,
    shown: Arc<Mutex<Settled>>,
    _lock: File,
}

/// Makes an entry of a directory stay after a power cut.
#[cfg(unix)]
pub(crate) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Elsewhere directories cannot be opened.
#[cfg(not(unix))]
pub(crate) fn sync(_directory: &Path) -> io::Result<()> {
    Ok(())
}

/// The path of the file that says until when a shard has everything.
pub(crate) fn settled_path(root: &Path, shard: u32) -> PathBuf {
    root.join(format!("{shard}.settled"))
}

/// The path of a file of reports.
pub(crate) fn reports_path(root: &Path, rollout: &Id, shard: u32) -> PathBuf {
    root.join(rollout.to_string()).join(format!("{shard}.reports"))
}

/// Until when a shard has everything, and how long its files were then.
pub(crate) fn settled(text: &str) -> Option<(u64, BTreeMap<[u8; 32], u64>)> {
    let mut lines = text.strip_suffix('\n')?.lines();
    let until = lines.next()?.strip_prefix("until ")?.parse().ok()?;
    let length = |line: &str| {
        let (rollout, length) = line.split_once(' ')?;
        Some((hex(rollout)?, length.parse().ok()?))
    };
    Some((until, lines.map(length).collect::<Option<_>>()?))
}

impl Store {
    /// Opens what a shard keeps, or begins it.
    pub(crate) fn open(root: &Path, shard: Shard, clock: Clock) -> Result<Self, NoSegment> {
        let failed = |error| NoSegment::File(root.to_owned(), error);
        fs::create_dir_all(root).map_err(failed)?;
        let lock = root.join(format!(".{}.lock", shard.index));
        let lock = open_lock(&lock).map_err(failed)?;
        lock.try_lock().map_err(|error| {
            failed(match error {
                TryLockError::WouldBlock => {
                    io::Error::new(io::ErrorKind::WouldBlock, "another process collects this shard")
                }
                TryLockError::Error(error) => error,
            })
        })?;
        let path = settled_path(root, shard.index);
        let (until, kept) = match read_text(&path) {
            Ok(text) => settled(&text).ok_or(NoSegment::Damaged { path, record: 0 })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => (0, BTreeMap::new()),
            Err(error) => return Err(NoSegment::File(path, error)),
        };
        let shown = Arc::new(Mutex::new(Settled { until, lengths: kept.clone() }));
        Ok(Self {
            root: root.to_owned(),
            shard,
            clock,
            segments: BTreeMap::new(),
            kept,
            until,
            deaf: BTreeSet::new(),
            shown,
            _lock: lock,
        })
    }

    /// What readers may know.
    pub(crate) fn shown(&self) -> Arc<Mutex<Settled>> {
        Arc::clone(&self.shown)
    }

    /// Opens the file of a rollout, where it is not open yet.
    pub(crate) fn begin(&mut self, rollout: Id, roll: &Roll) -> Result<(), NoSegment> {
        if self.segments.contains_key(&rollout.0) {
            return Ok(());
        }
        let path = reports_path(&self.root, &rollout, self.shard.index);
        let failed = |error| NoSegment::File(path.clone(), error);
        if let Some(parent) = path.parent().filter(|parent| !parent.is_dir()) {
            fs::create_dir_all(parent).map_err(failed)?;
            sync(&self.root).map_err(failed)?;
        }
        let settled = self.kept.get(&rollout.0).copied().unwrap_or(0);
        let segment = Segment::open(&path, rollout, roll, settled)?;
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).lengths.insert(rollout.0, segment.length());
        self.segments.insert(rollout.0, segment);
        Ok(())
    }

    /// Writes reports, and says of each what became of it. Each is of a rollout that was begun.
    ///
    /// # Errors
    /// When the disk fails: then nothing of it is acknowledged.
    pub(crate) fn append(&mut self, items: &[Item]) -> io::Result<Vec<Taken>> {
        let mut taken = Vec::with_capacity(items.len());
        let mut before: Vec<([u8; 32], usize, u64)> = Vec::new();
        let mut records: BTreeMap<[u8; 32], (Vec<u8>, u64)> = BTreeMap::new();
        let now = (self.clock)();
        for item in items {
            let Some(segment) = self.segments.get_mut(&item.rollout.0) else {
                return Err(io::Error::other("a report of a rollout that was not begun"));
            };
            if segment.knows(item.place, item.number) {
                taken.push(Taken::Known);
                continue;
            }
            before.push((item.rollout.0, item.place, segment.number(item.place)));
            segment.set(item.place, item.number.saturating_add(1));
            let at = now.max(segment.last()).max(self.until.saturating_add(1));
            let (bytes, last) = records.entry(item.rollout.0).or_default();
            bytes.reserve(RECORD);
            bytes.extend(at.to_le_bytes());
            bytes.extend(item.bytes);
            *last = at;
            taken.push(Taken::Accepted);
        }
        while let Some((rollout, (bytes, last))) = records.pop_first() {
            let Some(segment) = self.segments.get_mut(&rollout) else { continue };
            let written = segment.append(&bytes, last);
            match &written {
                Ok(()) => self.deaf.remove(&rollout),
                Err(_) => self.deaf.insert(rollout),
            };
            if let Err(error) = written {
                // What was written of other rollouts is there, and is not acknowledged: it is known when it is sent again. The rest is as it was.
                for (of, place, number) in before.iter().rev() {
                    let is_unwritten = *of == rollout || records.contains_key(of);
                    if let Some(segment) = self.segments.get_mut(of).filter(|_| is_unwritten) {
                        segment.set(*place, *number);
                    }
                }
                return Err(error);
            }
            let length = segment.length();
            self.shown.lock().unwrap_or_else(PoisonError::into_inner).lengths.insert(rollout, length);
        }
        Ok(taken)
    }

    /// Says that everything before now is there.
    ///
    /// # Errors
    /// When that cannot be kept. Then nobody is told.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        let until = (self.clock)().saturating_sub(1);
        if !self.deaf.is_empty() {
            return Err(io::Error::other("the reports that came last could not be written"));
        }
        let lengths = self.segments.iter().map(|(rollout, segment)| (*rollout, segment.length()));
        self.kept.extend(lengths);
        if until <= self.until {
            return Ok(());
        }
        let mut text = format!("until {until}\n");
        for (rollout, length) in &self.kept {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{} {length}", Hash(*rollout));
        }
        let path = settled_path(&self.root, self.shard.index);
        let new = self.root.join(format!(".{}.settled.new", self.shard.index));
        let mut file = File::create(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        // From here on no record is of that time, whether the rename is seen or not.
        self.until = until;
        fs::rename(&new, &path)?;
        sync(&self.root)?;
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).until = until;
        Ok(())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use contentcheck_rollout::census::Device;

    use super::*;

    /// What one rollout's reports come to says nothing of those of another one.
    #[test]
    fn nothing_is_settled_while_reports_of_any_rollout_cannot_be_written() {
        let root = std::env::temp_dir().join(format!("contentcheck-store-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let device = Device { key: [1; 32], stratum: "linux".to_owned(), held: false, group: None, behind: 0 };
        let roll = Roll::new(vec![device]).expect("a roll");
        let [deaf, well] = [1, 2].map(|number| Hash([number; 32]));
        let path = reports_path(&root, &deaf, 0);
        fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
        std::os::unix::fs::symlink("/dev/full", &path).expect("a link");
        let mut store = Store::open(&root, Shard::default(), Arc::new(|| 1_000)).expect("a store");
        for rollout in [deaf, well] {
            store.begin(rollout, &roll).expect("a file");
        }
        let item = |rollout, number| Item { rollout, place: 0, number, bytes: [0; REPORT] };
        assert!(store.append(&[item(deaf, 1)]).is_err());
        assert!(store.settle().is_err());
        assert!(store.append(&[item(well, 1)]).is_ok());
        assert!(store.settle().is_err(), "the other one is deaf still");
        fs::remove_dir_all(&root).expect("it is removed");
    }
}
