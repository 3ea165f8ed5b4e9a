//! A store looked at from outside, by whoever looks after the device: what is on disk, with nothing taken, counted or written. It needs
//! neither the sensor's manifest nor its keys, and works beside a sensor that runs.

use core::fmt;
use std::string::String;
use std::vec::Vec;

use crate::content::{Content, Digest};
use crate::disk::{Directory, Disk, DiskError, Place};
use crate::evidence::{Evidence, Record};
use crate::kills;
use crate::policy::Policy;
use crate::state::{Rung, State};
use crate::status::{self, Condition};
use crate::store::ENVELOPE_BYTES;
use crate::store::copies::{Copies, Memory};

/// How a file of a store is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It has the digest that the state names, and its envelope is beside it.
    Whole,
    /// It, or its envelope, is missing.
    Missing,
    /// Its bytes are others.
    Damaged,
    /// The disk does not give it.
    Unreadable,
}

impl Kept {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Missing => "missing",
            Self::Damaged => "damaged",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What is on disk.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// What was found of the state.
    pub memory: Memory,
    /// The state; a fresh one where there is none.
    pub state: State,
    /// The content that the state names, and how its image is found.
    pub contents: Vec<(Rung, Content, Kept)>,
    /// How the kill list is found, where the state names one.
    pub kills: Option<Kept>,
    /// What was decided, and why, the oldest first: what is kept of it.
    pub records: Vec<Record>,
    /// Lines of evidence that could not be read.
    pub damaged_evidence: u64,
}

fn kept(disk: &mut impl Disk, directory: Directory, digest: Digest, most: usize) -> Kept {
    let at = Place { directory, name: std::format!("{digest}") };
    let envelope = Place { directory, name: std::format!("{digest}.env") };
    let found = |error| match error {
        DiskError::Missing => Kept::Missing,
        DiskError::Large | DiskError::Irregular => Kept::Damaged,
        DiskError::Full | DiskError::ReadOnly | DiskError::Other(_) => Kept::Unreadable,
    };
    match (disk.read(&at, most), disk.read(&envelope, ENVELOPE_BYTES)) {
        (Ok(bytes), Ok(_)) if Digest::of(&bytes) == digest => Kept::Whole,
        (Ok(_), Ok(_)) => Kept::Damaged,
        (Err(error), _) | (_, Err(error)) => found(error),
    }
}

impl Inspection {
    /// Looks at a store.
    pub fn read(disk: &mut impl Disk) -> Self {
        let (_, memory, state) = Copies::read(disk, Digest::new([0; 32]));
        let contents = Rung::LADDER
            .into_iter()
            .filter_map(|rung| Some((rung, state.content(rung)?)))
            .map(|(rung, content)| {
                let most = Policy::DEFAULT.image_bytes;
                (rung, content, kept(disk, Directory::Images, content.digest, most))
            })
            .collect();
        let kills = state.kill.map(|kill| kept(disk, Directory::Kills, kill.digest, kills::BYTES));
        let evidence = Evidence::read(disk);
        let records = evidence.records().cloned().collect();
        Self { memory, state, contents, kills, records, damaged_evidence: evidence.damaged() }
    }

    /// How the device is, in one word, as far as the disk tells: what the sensor has only in memory is not in it.
    #[must_use]
    pub fn condition(&self) -> Condition {
        let is_forgetful = matches!(self.memory, Memory::Lost(_) | Memory::Unreadable(_));
        let is_damaged = self.contents.iter().any(|(_, _, kept)| *kept != Kept::Whole)
            || self.kills.is_some_and(|kept| kept != Kept::Whole);
        match self.state.running {
            Some(Rung::Nothing) => Condition::Blind,
            Some(Rung::Factory) if self.state.good.is_some() => Condition::Degraded,
            _ if is_forgetful => Condition::Degraded,
            Some(Rung::Earlier) => Condition::Attention,
            _ if is_damaged || self.memory == Memory::OneCopy => Condition::Attention,
            _ if self.state.hold > 0 || self.state.has_suspect() => Condition::Attention,
            Some(Rung::Candidate | Rung::Good | Rung::Factory) | None => Condition::Well,
        }
    }

    /// The lines of evidence that led to what runs: the last decision of it, with its reasons.
    #[must_use]
    pub fn last_decision(&self) -> &[Record] {
        let is_end = |record: &Record| record.what.ends_with(" runs");
        let Some(end) = self.records.iter().rposition(is_end) else { return &[] };
        let before = self.records.get(..end).unwrap_or(&[]).iter().rposition(is_end);
        self.records.get(before.map_or(0, |at| at.saturating_add(1))..=end).unwrap_or(&[])
    }

    /// The lines of evidence since then.
    #[must_use]
    pub fn since(&self) -> &[Record] {
        let last = self.last_decision().last().map_or(0, |record| record.number);
        let after = self.records.partition_point(|record| record.number <= last);
        self.records.get(after..).unwrap_or(&[])
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = &self.state;
        write!(f, "{:<11} ", self.condition().as_str())?;
        match state.running {
            Some(rung) => {
                write!(f, "{rung}")?;
                if let Some(content) = state.content(rung) {
                    write!(f, ": sequence {}", content.sequence)?;
                }
                writeln!(f, ", by the last decision")?;
            }
            None if self.memory == Memory::Fresh => writeln!(f, "no sensor has decided anything here yet")?,
            None => writeln!(f, "what runs is decided when the sensor starts")?,
        }
        status::remembered(f, state)?;
        for (rung, content, kept) in self.contents.iter().filter(|(_, _, kept)| *kept != Kept::Whole) {
            writeln!(f, "{:<11} the image of {rung}, sequence {}, is {}", "image", content.sequence, kept.as_str())?;
        }
        if let (Some(kill), Some(kept)) = (state.kill, self.kills) {
            writeln!(f, "{:<11} epoch {}, {}", "kill list", kill.epoch, kept.as_str())?;
        }
        if let Some(log) = state.log {
            writeln!(
                f,
                "{:<11} {} entries, seen by witnesses at {} (seconds since 1970)",
                "log", log.size, state.time
            )?;
        }
        let damaged = match self.damaged_evidence {
            0 => String::new(),
            damaged => std::format!(", {damaged} lines damaged"),
        };
        writeln!(f, "{:<11} state {}, {} lines of evidence{damaged}", "store", self.memory.as_str(), self.records.len())
    }
}
