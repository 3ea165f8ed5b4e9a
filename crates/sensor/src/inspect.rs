//! A store looked at from outside, by whoever looks after the device: what is on disk, with nothing taken, counted or written. It needs
//! neither the sensor's manifest nor its keys, and works beside a sensor that runs.

use core::fmt;
use std::string::String;
use std::vec::Vec;

use contentcheck_interpreter::Image;

use crate::content::{Content, Digest};
use crate::disk::{Directory, Disk, DiskError, Place};
use crate::evidence::{Evidence, Record};
use crate::kills::{self, Kills};
use crate::observation::{Act, Found, Observation, Usable};
use crate::policy::Policy;
use crate::reason::Unusable;
use crate::state::{Candidate, Rung, State};
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
    /// Its bytes are others, or its envelope is none.
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

    const fn usable(self) -> Usable {
        match self {
            Self::Whole => Usable::Yes,
            Self::Missing => Usable::No(Unusable::Missing),
            Self::Damaged => Usable::No(Unusable::Damaged),
            Self::Unreadable => Usable::No(Unusable::Unreadable),
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
    /// Whether the kill list switches off every rule of any content.
    pub is_all_killed: bool,
    /// How many rules of what runs the kill list switches off, and of how many. Nothing: there is no list, or it or the image cannot be
    /// read here, as that of factory content cannot.
    pub switched_off: Option<(u32, u32)>,
    /// Why files of the store cannot be written to, as far as whoever looks can tell.
    pub unwritable: Option<DiskError>,
    /// What was decided, and why, the oldest first: what is kept of it.
    pub records: Vec<Record>,
    /// Lines of evidence that could not be read.
    pub damaged_evidence: u64,
    /// How the evidence is found: missing where a sensor has decided something and no line is left, damaged where a line cannot be read,
    /// unreadable where the disk does not give a file.
    pub evidence: Kept,
}

/// Whether the envelope of a file of the store, by the file's digest, has the form that the sensor reads.
pub type Form<'f> = &'f dyn Fn(Directory, &[u8], Digest) -> bool;

fn kept(disk: &mut impl Disk, directory: Directory, digest: Digest, most: usize, has_form: Form<'_>) -> Kept {
    let at = Place { directory, name: std::format!("{digest}") };
    let envelope = Place { directory, name: std::format!("{digest}.env") };
    let found = |error| match error {
        DiskError::Missing => Kept::Missing,
        DiskError::Large | DiskError::Irregular => Kept::Damaged,
        DiskError::Full | DiskError::ReadOnly | DiskError::Other(_) => Kept::Unreadable,
    };
    match (disk.read(&at, most), disk.read(&envelope, ENVELOPE_BYTES)) {
        (Ok(bytes), Ok(envelope)) if Digest::of(&bytes) == digest && has_form(directory, &envelope, digest) => {
            Kept::Whole
        }
        (Ok(_), Ok(_)) => Kept::Damaged,
        (Err(error), _) | (_, Err(error)) => found(error),
    }
}

/// The rules of an image, and how many of them a kill list switches off. Nothing: the image or the list cannot be read.
fn switched_off(image: &[u8], list: &[u8]) -> Option<(u32, u32)> {
    let image = Image::read(image).ok()?;
    let kills = Kills::read(list).ok()?;
    let all = image.rule_count();
    let is_named =
        |rule: u32| kills.all || image.rule(rule).is_some_and(|rule| kills.rules().any(|id| id == rule.name));
    let count = (0..all).filter(|rule| is_named(*rule)).fold(0_u32, |count, _| count.saturating_add(1));
    Some((count, all))
}

impl Inspection {
    /// Looks at a store, by what an envelope is to the authority of its sensor: [`Keyring::has_form`](crate::Keyring), or
    /// that of a sensor's own.
    pub fn read(disk: &mut impl Disk, has_form: Form<'_>) -> Self {
        let (_, memory, state) = Copies::read(disk, Digest::new([0; 32]));
        let contents: Vec<_> = Rung::LADDER
            .into_iter()
            .filter_map(|rung| Some((rung, state.content(rung)?)))
            .map(|(rung, content)| {
                let most = Policy::DEFAULT.image_bytes;
                (rung, content, kept(disk, Directory::Images, content.digest, most, has_form))
            })
            .collect();
        let kills = state.kill.map(|kill| kept(disk, Directory::Kills, kill.digest, kills::BYTES, has_form));
        let evidence = Evidence::read(disk);
        let records = evidence.records().cloned().collect();
        let mut found = Self {
            memory,
            state,
            contents,
            kills,
            is_all_killed: false,
            switched_off: None,
            unwritable: disk.writable().err(),
            records,
            damaged_evidence: evidence.damaged(),
            evidence: match (evidence.unreadable(), evidence.damaged(), evidence.records().next()) {
                (Some(_), ..) => Kept::Unreadable,
                (None, 1.., _) => Kept::Damaged,
                (None, 0, None) if state.running.is_some() => Kept::Missing,
                (None, 0, _) => Kept::Whole,
            },
        };
        found.count_switched_off(disk);
        found
    }

    fn count_switched_off(&mut self, disk: &mut impl Disk) {
        let Some(kill) = self.state.kill.filter(|_| self.kills == Some(Kept::Whole)) else { return };
        let at = |directory, digest: Digest| Place { directory, name: std::format!("{digest}") };
        let Ok(list) = disk.read(&at(Directory::Kills, kill.digest), kills::BYTES) else { return };
        self.is_all_killed = Kills::read(&list).is_ok_and(|kills| kills.all);
        let Some(content) = self.state.content(self.rung()) else { return };
        let image = disk.read(&at(Directory::Images, content.digest), Policy::DEFAULT.image_bytes);
        self.switched_off = image.ok().and_then(|image| switched_off(&image, &list));
    }

    /// Whether what the device knew is unknown to whoever looks: the state is lost, or the disk does not give it.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        matches!(self.memory, Memory::Lost(_) | Memory::Unreadable(_))
    }

    /// What runs by the last decision, or would.
    fn rung(&self) -> Rung {
        self.state.running.unwrap_or_else(|| self.next())
    }

    /// What the sensor would run if it started now and its last run ended well: by the decision that it makes itself, as far as the disk
    /// tells. Whether keys still count and its build takes an image is not known here; factory content is taken to be there if it was.
    #[must_use]
    pub fn next(&self) -> Rung {
        let mut found = Found::default();
        for (rung, _, kept) in &self.contents {
            found.note(*rung, kept.usable());
        }
        let has_factory = self.state.running != Some(Rung::Nothing);
        found.note(Rung::Factory, if has_factory { Usable::Yes } else { Usable::No(Unusable::Missing) });
        // The try of a run that goes on is given back where that ends well.
        let rested = |one: Candidate| Candidate {
            armed: None,
            tries: one.tries.saturating_add(one.armed.is_some().into()),
            ..one
        };
        let state = State { running: None, candidate: self.state.candidate.map(rested), ..self.state };
        let writable = self.unwritable.is_none() && !matches!(self.memory, Memory::Unreadable(_));
        let looked = Observation::Looked { found, writable, accounted: true, boot: None };
        match state.decide(&looked, &Policy::DEFAULT).act {
            Act::Run(rung) => rung,
            Act::Keep | Act::Choose | Act::Look(_) | Act::Confirm | Act::Restart => Rung::Nothing,
        }
    }

    /// How the device is, in one word, as far as the disk tells: what the sensor has only in memory is not in it. The worse of what runs
    /// and of what would run at the next start.
    #[must_use]
    pub fn condition(&self) -> Condition {
        let is_silenced = self.is_all_killed || self.switched_off.is_some_and(|(off, all)| off >= all && all > 0);
        // Where no sensor has decided anything, the directory may be another's, or what was in it is gone.
        let signs = self.memory != Memory::Whole
            || matches!(self.evidence, Kept::Missing | Kept::Unreadable)
            || self.unwritable.is_some()
            || self.contents.iter().any(|(_, _, kept)| *kept != Kept::Whole)
            || self.kills.is_some_and(|kept| kept != Kept::Whole);
        let of = |rung| Condition::of(rung, is_silenced, signs, &self.state);
        of(self.rung()).min(of(self.next()))
    }

    /// The lines of evidence that led to what runs: the decision by which it began to run, with its reasons. Starts since then at which the
    /// same ran again do not hide it.
    #[must_use]
    pub fn last_decision(&self) -> &[Record] {
        let (first, end) = self.beginning();
        self.records.get(first..end).unwrap_or(&[])
    }

    /// The lines of evidence since then. Those that say only that the same runs again are left out.
    pub fn since(&self) -> impl Iterator<Item = &Record> {
        let (_, end) = self.beginning();
        let again = end.checked_sub(1).and_then(|at| self.records.get(at)).map(|record| record.what.as_str());
        self.records.iter().skip(end).filter(move |record| Some(record.what.as_str()) != again)
    }

    /// From where to where the lines go by which what runs began to run.
    fn beginning(&self) -> (usize, usize) {
        let is_end = |record: &Record| record.what.ends_with(" runs");
        let ends: Vec<usize> =
            self.records.iter().enumerate().filter(|(_, record)| is_end(record)).map(|(at, _)| at).collect();
        let what = |at: usize| self.records.get(at).map(|record| record.what.as_str());
        let last = ends.last().and_then(|at| what(*at));
        let same = ends.iter().rev().take_while(|at| what(**at) == last).count();
        let begin = ends.len().saturating_sub(same);
        let Some(end) = ends.get(begin) else { return (0, 0) };
        let before = begin.checked_sub(1).and_then(|at| ends.get(at));
        (before.map_or(0, |at| at.saturating_add(1)), end.saturating_add(1))
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = &self.state;
        write!(f, "{:<11} ", self.condition().as_str())?;
        let named = |f: &mut fmt::Formatter<'_>, rung: Rung| {
            write!(f, "{rung}")?;
            state.content(rung).map_or(Ok(()), |content| write!(f, ": sequence {}", content.sequence))
        };
        match state.running {
            Some(rung) => {
                named(f, rung)?;
                writeln!(f, ", by the last decision")?;
            }
            None if self.memory == Memory::Fresh => writeln!(f, "no sensor has decided anything here yet")?,
            None if self.is_unknown() => writeln!(f, "what runs is unknown")?,
            None => writeln!(f, "what runs is decided when the sensor starts")?,
        }
        if self.memory != Memory::Fresh && state.running != Some(self.next()) {
            write!(f, "{:<11} ", "next start")?;
            named(f, self.next())?;
            writeln!(f, ", if the last run ended well")?;
        }
        if self.is_unknown() {
            writeln!(
                f,
                "{:<11} unknown: what was confirmed, what was given up, and which sequences are too old",
                "state"
            )?;
        } else {
            status::remembered(f, state)?;
        }
        for (rung, content, kept) in self.contents.iter().filter(|(_, _, kept)| *kept != Kept::Whole) {
            let (sequence, kept) = (content.sequence, kept.as_str());
            writeln!(f, "{:<11} the image of {rung}, sequence {sequence}, is {kept}; offer it again", "image")?;
        }
        if let (Some(kill), Some(kept)) = (state.kill, self.kills) {
            write!(f, "{:<11} epoch {}, {}", "kill list", kill.epoch, kept.as_str())?;
            match self.switched_off {
                Some((off, all)) => writeln!(f, ": {off} of {all} rules of what runs are switched off")?,
                None if self.is_all_killed => writeln!(f, ": all rules are switched off")?,
                None => writeln!(f)?,
            }
        }
        if let Some(log) = state.log {
            writeln!(
                f,
                "{:<11} {} entries, seen by witnesses at {} (seconds since 1970)",
                "log", log.size, state.time
            )?;
        }
        if let Some(why) = self.unwritable {
            writeln!(
                f,
                "{:<11} {why}: nothing new is taken or tried, and after a run that did not end well factory content runs",
                "disk"
            )?;
        }
        let damaged = match self.damaged_evidence {
            0 => String::new(),
            damaged => std::format!(", {damaged} lines damaged"),
        };
        write!(f, "{:<11} state {}", "store", self.memory.as_str())?;
        match self.memory {
            Memory::Lost(why) => write!(f, " ({why})")?,
            Memory::Unreadable(why) => write!(f, " ({why})")?,
            Memory::Fresh | Memory::Whole | Memory::OneCopy => {}
        }
        match self.evidence {
            Kept::Missing | Kept::Unreadable => {
                writeln!(f, ", evidence {}: nothing tells why this content runs", self.evidence.as_str())
            }
            Kept::Whole | Kept::Damaged => writeln!(f, ", {} lines of evidence{damaged}", self.records.len()),
        }
    }
}
