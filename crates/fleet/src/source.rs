//! Where reports are read: the directory of a collector, or collectors over HTTP.

use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use contentcheck_log::write::{open_file, read_text};
use contentcheck_rollout::Id;
use contentcheck_rollout::time::utc;
use contentcheck_rollout::witness::AHEAD;

use crate::client::{Client, is_url};
use crate::limits::RANGE_BYTES;
use crate::said::at;
use crate::segment::{RECORD, Record};
use crate::store::{reports_path, settled, settled_path};

/// Where reports are read. Nothing of what comes from there is believed but that a device signed a report.
#[derive(Clone, Debug)]
pub struct Source(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Directory(PathBuf),
    Collectors { urls: Vec<String>, client: Client },
}

/// One file of reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part {
    pub(crate) shard: u32,
    /// The collector that has it, where they are asked over HTTP.
    at: usize,
}

/// What a part of reports says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// Until when it is everything.
    pub(crate) until: u64,
    /// Bytes of it that are synced.
    pub(crate) bytes: u64,
}

fn wrong(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

/// Whether every file that a collector says to have reports in is there: else what devices said is gone, and that is not the same as
/// that they said nothing.
fn missing(root: &Path, rollout: &Id, parts: &[Part]) -> io::Result<()> {
    let files = match fs::read_dir(root) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(at(root, &error)),
    };
    for file in files {
        let name = file?.file_name();
        let shard = name.to_str().and_then(|name| name.strip_suffix(".settled")?.parse::<u32>().ok());
        let Some(shard) = shard.filter(|shard| parts.iter().all(|part| part.shard != *shard)) else { continue };
        let path = settled_path(root, shard);
        let text = read_text(&path).map_err(|error| at(&path, &error))?;
        let (_, lengths) = settled(&text).ok_or_else(|| wrong(format!("{} is damaged", path.display())))?;
        if let Some(bytes) = lengths.get(&rollout.0).filter(|bytes| **bytes > 0) {
            // A collector may have begun with it since the directory was listed.
            if reports_path(root, rollout, shard).exists() {
                continue;
            }
            let (reports, settled) = (reports_path(root, rollout, shard), path.display());
            let reports = reports.display();
            return Err(wrong(format!(
                "{reports} is missing, and {settled} says that it has {bytes} bytes; take it from a copy"
            )));
        }
    }
    Ok(())
}

impl Source {
    /// A directory, or the addresses of collectors, one for each shard.
    ///
    /// # Errors
    /// When there is none, or more than one and not all of them are addresses.
    pub fn of(places: &[String]) -> io::Result<Self> {
        if !places.is_empty() && places.iter().all(|place| is_url(place)) {
            let urls = places.iter().map(|url| url.trim_end_matches('/').to_owned()).collect();
            return Ok(Self(Kind::Collectors { urls, client: Client::new() }));
        }
        match places {
            [directory] => Ok(Self::directory(directory)),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "reports are read from one directory, or from the addresses of collectors",
            )),
        }
    }

    /// The directory of a collector.
    #[must_use]
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        Self(Kind::Directory(path.into()))
    }

    /// The parts of a rollout's reports, in the order of their shards.
    pub(crate) fn parts(&self, rollout: &Id) -> io::Result<Vec<Part>> {
        let mut parts = Vec::new();
        match &self.0 {
            Kind::Directory(root) => {
                let files = match fs::read_dir(root.join(rollout.to_string())) {
                    Ok(files) => files,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        missing(root, rollout, &parts)?;
                        return Ok(parts);
                    }
                    Err(error) => return Err(at(&root.join(rollout.to_string()), &error)),
                };
                for file in files {
                    let name = file?.file_name();
                    let shard = name.to_str().and_then(|name| name.strip_suffix(".reports"));
                    parts.extend(shard.and_then(|shard| shard.parse().ok()).map(|shard| Part { shard, at: 0 }));
                }
                missing(root, rollout, &parts)?;
            }
            Kind::Collectors { urls, client } => {
                for (at, url) in urls.iter().enumerate() {
                    let answer = client.get(&format!("{url}/v1/reports/{rollout}"), None, 64)?;
                    match answer.status {
                        200 => {
                            let text = core::str::from_utf8(&answer.body).unwrap_or_default();
                            let shard = text.trim_end().parse();
                            let shard = shard.map_err(|_| wrong(format!("{url} does not say which shard it has")))?;
                            parts.push(Part { shard, at });
                        }
                        404 => {}
                        status => return Err(wrong(format!("{url} was answered with status {status}"))),
                    }
                }
            }
        }
        parts.sort();
        if parts.is_sorted_by(|one, other| one.shard < other.shard) {
            Ok(parts)
        } else {
            Err(wrong("two collectors say that they have the same shard"))
        }
    }

    /// How far a part goes.
    pub(crate) fn extent(&self, rollout: &Id, part: &Part) -> io::Result<Extent> {
        match &self.0 {
            Kind::Directory(root) => {
                let path = settled_path(root, part.shard);
                let text = read_text(&path).map_err(|error| at(&path, &error))?;
                let (until, lengths) = settled(&text).ok_or_else(|| wrong(format!("{} is damaged", path.display())))?;
                Ok(Extent { until, bytes: lengths.get(&rollout.0).copied().unwrap_or(0) })
            }
            Kind::Collectors { urls, client } => {
                let url = urls.get(part.at).ok_or_else(|| wrong("no such collector"))?;
                let url = format!("{url}/v1/reports/{rollout}/{}", part.shard);
                let answer = client.get(&url, Some((0, 0)), 64 << 10)?;
                let number = |name| answer.header(name).and_then(|value| value.parse().ok());
                match (answer.status, number("settled-until"), number("settled-bytes")) {
                    (206 | 416, Some(until), Some(bytes)) => Ok(Extent { until, bytes }),
                    (status, ..) => Err(wrong(format!("{url} was answered with status {status}"))),
                }
            }
        }
    }

    /// Bytes of a part, from one of them on: as many as it has, and fewer than asked for where an answer has no more room.
    pub(crate) fn read(&self, rollout: &Id, part: &Part, from: u64, count: u64) -> io::Result<Vec<u8>> {
        let count = count.min(RANGE_BYTES);
        match &self.0 {
            Kind::Directory(root) => {
                let path = reports_path(root, rollout, part.shard);
                let read = || {
                    let mut file = open_file(&path)?;
                    file.seek(SeekFrom::Start(from))?;
                    let mut bytes = Vec::new();
                    file.take(count).read_to_end(&mut bytes)?;
                    Ok(bytes)
                };
                read().map_err(|error| at(&path, &error))
            }
            Kind::Collectors { urls, client } => {
                let url = urls.get(part.at).ok_or_else(|| wrong("no such collector"))?;
                let url = format!("{url}/v1/reports/{rollout}/{}", part.shard);
                let last = from.saturating_add(count).saturating_sub(1);
                let answer = client.get(&url, Some((from, last)), RANGE_BYTES)?;
                match answer.status {
                    206 => Ok(answer.body),
                    status => Err(wrong(format!("{url} was answered with status {status}"))),
                }
            }
        }
    }

    /// That a collector's clock is ahead of a time, or was when the newest report of a rollout came, in a sentence. What came by such a clock is not
    /// counted before its time, so nobody could tell what devices said: that they failed, say.
    ///
    /// # Errors
    /// When the reports cannot be read.
    pub fn ahead(&self, rollout: &Id, now: u64) -> io::Result<Option<String>> {
        for part in self.parts(rollout)? {
            let extent = match self.extent(rollout, &part) {
                Ok(extent) => extent,
                Err(error) if error.kind() == io::ErrorKind::NotFound => Extent { until: 0, bytes: 0 },
                Err(error) => return Err(error),
            };
            let whole = self.there(rollout, &part)?.max(extent.bytes) / RECORD as u64 * RECORD as u64;
            let last = match whole.checked_sub(RECORD as u64) {
                Some(from) => self.read(rollout, &part, from, RECORD as u64)?,
                None => Vec::new(),
            };
            let newest = last.first_chunk::<RECORD>().and_then(Record::of).map_or(0, |record| record.at);
            let ahead = newest.max(extent.until);
            if ahead > now.saturating_add(AHEAD) {
                return Ok(Some(format!(
                    "the collector of shard {} has a clock that is ahead, or was: it says that reports came until {} UTC, and it is {} UTC. What came by \
                     that clock is not counted before its time, and what comes behind it neither, so nobody knows what devices say until then; set the \
                     clock right, and run `contentcheck rollout advance` after that time",
                    part.shard,
                    utc(ahead),
                    utc(now)
                )));
            }
        }
        Ok(None)
    }

    /// As [`Source::settled_until`], once everything is settled that is there now. What a collector has acknowledged is on disk, and is counted
    /// when it is settled, a moment later: whoever decides by what is settled waits for that, since what is not may say that the release is bad. So does
    /// whoever knows that all were there until a time: a collector that has just begun with the rollout says so a moment later.
    ///
    /// # Errors
    /// When they cannot be read, or are not settled in so long a time: then the collector is gone, or cannot write.
    pub fn settled(&self, rollout: &Id, known: u64, patience: Duration) -> io::Result<Option<u64>> {
        const LOOK_EVERY: Duration = Duration::from_millis(100);
        let mut there = Vec::new();
        for part in self.parts(rollout)? {
            let bytes = self.there(rollout, &part)?;
            there.push((part, bytes));
        }
        let begun = Instant::now();
        loop {
            let mut missing = 0_u64;
            for (part, bytes) in &there {
                let settled = match self.extent(rollout, part) {
                    Ok(extent) => extent.bytes,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
                    Err(error) => return Err(error),
                };
                missing = missing.saturating_add(bytes.saturating_sub(settled) / RECORD as u64);
            }
            let is_over = begun.elapsed() >= patience;
            if missing == 0 {
                let until = self.settled_until(rollout)?;
                if is_over || until.is_none_or(|until| until >= known) {
                    return Ok(until);
                }
            } else if is_over {
                let (reports, are) = if missing == 1 { ("report", "is") } else { ("reports", "are") };
                return Err(io::Error::other(format!(
                    "{missing} {reports} that a collector acknowledged {are} not settled, so nobody can count them: is it running, and can it write? \
                     `contentcheck rollout collect` settles them when it starts"
                )));
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Bytes of a part, whether they are settled or not. Over HTTP nobody sees those that are not.
    fn there(&self, rollout: &Id, part: &Part) -> io::Result<u64> {
        match &self.0 {
            Kind::Directory(root) => {
                let path = reports_path(root, rollout, part.shard);
                fs::metadata(&path).map(|file| file.len()).map_err(|error| at(&path, &error))
            }
            Kind::Collectors { .. } => Ok(0),
        }
    }

    /// Until when all parts of a rollout's reports are everything. Nothing where there are none, or a collector has only begun and not said
    /// that of anything.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn settled_until(&self, rollout: &Id) -> io::Result<Option<u64>> {
        let parts = self.parts(rollout)?;
        let mut until: Option<u64> = None;
        for part in &parts {
            match self.extent(rollout, part) {
                Ok(extent) => until = Some(until.map_or(extent.until, |until| until.min(extent.until))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(until)
    }
}
