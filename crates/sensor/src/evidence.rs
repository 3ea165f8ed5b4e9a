//! Evidence: what was decided, and why, for people and machines. Lines of text, each with a checksum, in two files that take
//! turns. Best effort: evidence never stops a decision, and what was lost is counted.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::format;
use std::string::{String, ToString as _};

use crate::content::Digest;
use crate::disk::{Directory, Disk, DiskError, Place};

/// Bytes of one of the two files.
const SEGMENT: usize = 64 << 10;
/// Lines that are kept in memory.
const KEPT: usize = 256;
/// Bytes of the longest line; reasons have a few hundred.
const LINE: usize = 1_024;

/// One line of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Record {
    /// Rises with each line of this device.
    pub number: u64,
    /// Seconds since 1970 by the device's clock, which may be wrong.
    pub wall: Option<u64>,
    /// What was decided, and why.
    pub what: String,
}

impl Record {
    fn line(&self) -> String {
        let wall = self.wall.map_or_else(|| "-".to_string(), |wall| wall.to_string());
        let body = format!("{} {wall} {}", self.number, self.what);
        format!("{} {body}\n", checksum(&body))
    }

    fn read(line: &str) -> Option<Self> {
        let (sum, body) = line.split_once(' ')?;
        if line.len() > LINE || sum != checksum(body) {
            return None;
        }
        let mut words = body.splitn(3, ' ');
        let number = words.next()?.parse().ok()?;
        let wall = words.next()?;
        let wall = if wall == "-" { None } else { Some(wall.parse().ok()?) };
        Some(Self { number, wall, what: words.next()?.to_string() })
    }
}

fn checksum(body: &str) -> String {
    let mut hex = String::new();
    for byte in Digest::of(body.as_bytes()).bytes().iter().take(4) {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[derive(Debug, Default)]
pub(crate) struct Evidence {
    records: VecDeque<Record>,
    number: u64,
    /// Which of the two files is written to, and its bytes.
    at: usize,
    bytes: usize,
    /// Lines that are not on disk.
    unwritten: u64,
    /// Lines of the disk that could not be read.
    damaged: u64,
    /// Why the disk does not give one of the files, where it is there.
    unreadable: Option<DiskError>,
}

fn segment(at: usize) -> Place {
    Place { directory: Directory::Evidence, name: format!("{}.log", at % 2) }
}

impl Evidence {
    /// What an earlier run left.
    pub(crate) fn read(disk: &mut impl Disk) -> Self {
        let mut evidence = Self::default();
        let mut newest = 0;
        for at in 0..2 {
            let bytes = match disk.read(&segment(at), SEGMENT + LINE) {
                Ok(bytes) => bytes,
                Err(DiskError::Missing) => continue,
                Err(error) => {
                    evidence.unreadable = Some(error);
                    continue;
                }
            };
            for line in String::from_utf8_lossy(&bytes).lines() {
                match Record::read(line) {
                    Some(record) => evidence.records.push_back(record),
                    None => evidence.damaged = evidence.damaged.saturating_add(1),
                }
            }
            let last = evidence.records.back().map_or(0, |record| record.number);
            if last > newest || at == 0 {
                (newest, evidence.at, evidence.bytes) = (last, at, bytes.len());
            }
        }
        evidence.records.make_contiguous().sort_by_key(|record| record.number);
        evidence.number = evidence.records.back().map_or(0, |record| record.number);
        while evidence.records.len() > KEPT {
            evidence.records.pop_front();
        }
        evidence
    }

    pub(crate) fn add(&mut self, disk: Option<&mut impl Disk>, wall: Option<u64>, what: &str) {
        self.number = self.number.saturating_add(1);
        let what: String = what.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LINE / 8).collect();
        let record = Record { number: self.number, wall, what };
        let line = record.line();
        if self.records.len() >= KEPT {
            self.records.pop_front();
        }
        self.records.push_back(record);
        let written = disk.is_some_and(|disk| {
            if self.bytes.saturating_add(line.len()) > SEGMENT {
                self.at = self.at.wrapping_add(1);
                self.bytes = 0;
                // What is overwritten is the older half. If it cannot be, the line is added to it, and the limit is checked next time.
                let _ = disk.write(&segment(self.at), b"");
            }
            self.bytes = self.bytes.saturating_add(line.len());
            disk.append(&segment(self.at), line.as_bytes()).is_ok()
        });
        if !written {
            self.unwritten = self.unwritten.saturating_add(1);
        }
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.iter()
    }

    pub(crate) const fn unwritten(&self) -> u64 {
        self.unwritten
    }

    pub(crate) const fn damaged(&self) -> u64 {
        self.damaged
    }

    pub(crate) const fn unreadable(&self) -> Option<DiskError> {
        self.unreadable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written_or_not_at_all() {
        let record = Record { number: 7, wall: Some(9), what: "sequence 3 is last known good".to_string() };
        let line = record.line();
        assert_eq!(Record::read(line.trim_end()), Some(record));
        for at in 0..line.len() - 1 {
            assert_eq!(line.get(..at).and_then(Record::read), None, "cut at {at}");
        }
        assert_eq!(Record::read(&line.trim_end().replace('3', "4")), None);
    }
}
