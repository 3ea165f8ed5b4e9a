//! Counting reports again: what makes evidence, and what a witness holds evidence to.
//!
//! The files of all shards are one sequence: by the time at which a report came, then by shard, then by the place in the file. Two who
//! count the same files up to the same settled time find the same root.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use contentcheck_log::Hash;
use contentcheck_rollout::entry::{Evidence, FEWEST};
use contentcheck_rollout::report::REPORT;
use contentcheck_rollout::state::{Check, Rollout};
use contentcheck_rollout::time::utc;
use contentcheck_rollout::witness::Reports;
use contentcheck_rollout::{Id, Received, Roll, State, Tally};

use crate::limits::{RANGE_BYTES, SETTLES, VOUCHED};
use crate::roll::Rolls;
use crate::segment::{RECORD, Record};
use crate::source::{Extent, Part, Source};
use crate::verified::{BLOCK, Verified};

const BLOCK_BYTES: u64 = (BLOCK * RECORD) as u64;

/// Why reports cannot be counted.
#[derive(Debug)]
pub enum NoCount {
    /// They cannot be read.
    Source(io::Error),
    /// The rollout was not started, so no device has a ring.
    NotStarted,
    /// The roll of its census is not here.
    Roll,
    /// A shard does not have everything of that time yet.
    Early {
        /// The shard.
        shard: u32,
        /// Until when it has everything.
        settled: u64,
        /// Until when it should.
        until: u64,
    },
    /// A record is none that its device signed, or its time goes back.
    Record {
        /// The shard.
        shard: u32,
        /// Its place there.
        record: u64,
    },
    /// A shard has fewer bytes than it says.
    Short {
        /// The shard.
        shard: u32,
    },
    /// A collector's clock is ahead, or was, in a sentence.
    Ahead(String),
    /// The log has evidence of more reports than there are now.
    Fell,
    /// The log has evidence of reports until a time by which they are not all there now.
    Gone {
        /// The time of the evidence.
        logged: u64,
        /// Until when they are all there now. Nothing: there are none.
        settled: Option<u64>,
    },
}

impl fmt::Display for NoCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) => write!(f, "the reports cannot be read: {}", crate::said::reason(error)),
            Self::NotStarted => f.write_str("the rollout was not started"),
            Self::Roll => f.write_str("the roll of the census of this rollout is not here; take it from a copy"),
            Self::Early { shard, settled, until } => {
                write!(f, "shard {shard} has everything until {settled}, and not until {until}; try again later")
            }
            Self::Record { shard, record } => {
                write!(
                    f,
                    "record {record} of shard {shard} is none that its device signed, or its time goes back; take the file from a copy"
                )
            }
            Self::Short { shard } => write!(f, "shard {shard} has fewer reports than it says"),
            Self::Ahead(why) => f.write_str(why),
            Self::Fell => Check::EvidenceGrows.fmt(f),
            Self::Gone { logged, settled: None } => write!(
                f,
                "the reports of this rollout are gone: the log has evidence of reports until {} UTC, and there is none here, or the file is missing that \
                 says until when they are all there (`0.settled`); take the directory of reports from a copy",
                utc(*logged)
            ),
            Self::Gone { logged, settled: Some(settled) } => write!(
                f,
                "reports that were counted are gone: the log has evidence of reports until {} UTC, and a collector says that it has all of them until {} \
                 UTC and no longer, as after its directory was put back from an older copy; take the directory of reports from a copy that has them. \
                 Where nothing was put back, the clock of that collector is behind: set it right",
                utc(*logged),
                utc(*settled)
            ),
        }
    }
}

impl core::error::Error for NoCount {}

impl From<io::Error> for NoCount {
    fn from(error: io::Error) -> Self {
        Self::Source(error)
    }
}

/// Counts the reports of a rollout up to a time that is settled, which [`Source::settled_until`] gives.
///
/// # Errors
/// When they cannot be read, or are not all there yet.
pub fn recount(roll: &Roll, rollout: &Rollout, shards: &Source, until: u64) -> Result<Tally, NoCount> {
    let mut counted = Counted::new(rollout)?;
    counted.count(roll, shards, until, &mut Verified::default())?;
    Ok(counted.tally)
}

/// A tally, and how far it goes.
#[derive(Clone, Debug)]
pub struct Counted {
    rollout: Id,
    tally: Tally,
    until: u64,
    places: Vec<Place>,
}

/// How far the file of a shard is counted.
#[derive(Clone, Debug)]
struct Place {
    shard: u32,
    /// Its bytes that are counted.
    bytes: u64,
    /// The last record of them: when it came, and the report.
    last: Option<(u64, [u8; REPORT])>,
}

impl Counted {
    /// Nothing is counted yet.
    ///
    /// # Errors
    /// When the rollout was not started.
    pub fn new(rollout: &Rollout) -> Result<Self, NoCount> {
        let tally = Tally::new(rollout).ok_or(NoCount::NotStarted)?;
        Ok(Self { rollout: rollout.id(), tally, until: 0, places: Vec::new() })
    }

    /// The tally.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Until when reports are counted.
    #[must_use]
    pub const fn until(&self) -> u64 {
        self.until
    }

    /// Goes on counting up to a time. After an error, what is counted is of no use.
    ///
    /// # Errors
    /// When reports cannot be read, or are not all there yet.
    fn count(&mut self, roll: &Roll, shards: &Source, until: u64, before: &mut Verified) -> Result<(), NoCount> {
        let mut streams = Vec::new();
        for part in shards.parts(&self.rollout)? {
            let Extent { until: settled, bytes } = shards.extent(&self.rollout, &part)?;
            if settled < until {
                return Err(NoCount::Early { shard: part.shard, settled, until });
            }
            let known = self.places.iter().find(|place| place.shard == part.shard);
            let (at, newest) = known.map_or((0, None), |place| (place.bytes, place.last));
            let last = newest.map_or(0, |(at, _)| at);
            streams.push(Stream { part, at, end: bytes, read: at, last, newest, until, ready: VecDeque::new() });
        }
        // A shard that was counted and is gone took reports with it.
        let is_gone = |shard: u32| !streams.iter().any(|stream: &Stream| stream.part.shard == shard);
        if let Some(place) = self.places.iter().find(|place| is_gone(place.shard)) {
            return Err(NoCount::Short { shard: place.shard });
        }
        loop {
            let mut first: Option<(u64, usize)> = None;
            for (place, stream) in streams.iter_mut().enumerate() {
                // Streams are in the order of their shards: of equal times the first one goes first.
                if let Some(at) = stream.next(shards, &self.rollout, before)?
                    && first.is_none_or(|(earliest, _)| at < earliest)
                {
                    first = Some((at, place));
                }
            }
            let Some(stream) = first.and_then(|(_, place)| streams.get_mut(place)) else { break };
            if let Some((bytes, received)) = stream.ready.pop_front() {
                stream.at += RECORD as u64;
                stream.newest = Some((received.at(), bytes));
                self.tally.add(roll, &bytes, &received);
            }
        }
        let place = |stream: &Stream| Place { shard: stream.part.shard, bytes: stream.at, last: stream.newest };
        self.places = streams.iter().map(place).collect();
        self.until = until;
        Ok(())
    }

    /// Whether the files still have what was counted: where one was put back from an older copy, nobody goes on from what was there before.
    fn is_there(&self, shards: &Source) -> Result<bool, NoCount> {
        for part in shards.parts(&self.rollout)? {
            let Some(place) = self.places.iter().find(|place| place.shard == part.shard) else { continue };
            let (Some((at, report)), Some(from)) = (place.last, place.bytes.checked_sub(RECORD as u64)) else {
                continue;
            };
            if shards.extent(&self.rollout, &part)?.bytes < place.bytes {
                return Ok(false);
            }
            let bytes = shards.read(&self.rollout, &part, from, RECORD as u64)?;
            let found = bytes.first_chunk::<RECORD>().and_then(Record::of);
            if found.is_none_or(|record| record.at != at || *record.report != report) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The records of one shard that are not counted yet.
struct Stream {
    part: Part,
    /// Bytes that are counted, that are read, and that there are.
    at: u64,
    read: u64,
    end: u64,
    /// The time of the last record that was read.
    last: u64,
    /// The last record that was counted.
    newest: Option<(u64, [u8; REPORT])>,
    until: u64,
    ready: VecDeque<([u8; REPORT], Received)>,
}

impl Stream {
    /// The time of the next record that is counted. Nothing: there is none up to the time.
    fn next(&mut self, shards: &Source, rollout: &Id, before: &mut Verified) -> Result<Option<u64>, NoCount> {
        if self.ready.is_empty() && self.read < self.end && self.last <= self.until {
            // As many whole blocks as one answer has room for: those may have been verified before.
            let at_once = RANGE_BYTES / BLOCK_BYTES * BLOCK_BYTES - self.read % BLOCK_BYTES;
            let bytes = shards.read(rollout, &self.part, self.read, at_once.min(self.end - self.read))?;
            let (records, rest) = bytes.as_chunks::<RECORD>();
            if records.is_empty() || !rest.is_empty() && bytes.len() as u64 == self.end - self.read {
                return Err(NoCount::Short { shard: self.part.shard });
            }
            let first = self.read / RECORD as u64;
            let wrong = |at: usize| NoCount::Record { shard: self.part.shard, record: first + at as u64 };
            // What is later than the time is not of use now, and read again when it is.
            let of_time = records.iter().take_while(|record| is_by(record, self.until)).count();
            let times = records.iter().filter_map(Record::of).map(|record| record.at);
            if let Some(at) = goes_back(self.last, times) {
                return Err(wrong(at));
            }
            let counted = records.get(..of_time).unwrap_or_default();
            for (at, (record, received)) in counted.iter().zip(before.verify(counted, first)).enumerate() {
                let (Some(record), Some(received)) = (Record::of(record), received) else { return Err(wrong(at)) };
                if received.report().rollout != *rollout {
                    return Err(wrong(at));
                }
                self.last = record.at;
                self.ready.push_back((*record.report, received));
            }
            self.read += (of_time * RECORD) as u64;
            if of_time < records.len() {
                self.end = self.read;
            }
        }
        Ok(self.ready.front().map(|(_, received)| received.at()))
    }
}

fn is_by(record: &[u8; RECORD], until: u64) -> bool {
    Record::of(record).is_some_and(|record| record.at <= until)
}

/// The place of the first time that is before the one before it.
fn goes_back(mut last: u64, mut times: impl Iterator<Item = u64>) -> Option<usize> {
    times.position(|at| {
        let is_back = at < last;
        last = at;
        is_back
    })
}

/// What a witness holds evidence to: it counts the reports again, and remembers what it counted.
#[derive(Debug)]
pub struct Recounter {
    rolls: Mutex<Rolls>,
    source: Source,
    /// The newest count, which is gone on with.
    counted: Mutex<Option<Counted>>,
    /// Evidence that was found right.
    vouched: Mutex<BTreeSet<[u8; 32]>>,
    /// Reports whose signatures are known to be right.
    verified: Mutex<Verified>,
}

impl Recounter {
    /// Counts reports of a source, by the rolls of their censuses.
    #[must_use]
    pub fn new(rolls: Rolls, source: Source) -> Self {
        let verified = Mutex::new(Verified::default());
        let rolls = Mutex::new(rolls);
        Self { rolls, source, counted: Mutex::new(None), vouched: Mutex::new(BTreeSet::new()), verified }
    }

    /// Keeps in a file which reports were verified, and believes it: nobody else may write there. It may be deleted at any time.
    #[must_use]
    pub fn remembering(self, path: PathBuf) -> Self {
        Self { verified: Mutex::new(Verified::at(path)), ..self }
    }

    /// Where the reports are read.
    #[must_use]
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// Until when the reports of a rollout are all there, for whoever decides by them at a time: see [`Source::settled`]. Nothing where there are none.
    ///
    /// # Errors
    /// When they cannot be read, are not all there of which the log has evidence, or a collector's clock is [ahead](Source::ahead).
    pub fn settled_by(&self, rollout: &Rollout, now: u64) -> Result<Option<u64>, NoCount> {
        if let Some(why) = self.source.ahead(&rollout.id(), now)? {
            return Err(NoCount::Ahead(why));
        }
        // Fewer than the log has evidence of are of no use to anybody, whatever the time is here.
        let now = now.max(logged_until(rollout).unwrap_or(0));
        Ok(self.settled(rollout)?.map(|until| until.min(now)))
    }

    fn settled(&self, rollout: &Rollout) -> Result<Option<u64>, NoCount> {
        let logged = logged_until(rollout);
        let settled = self.source.settled(&rollout.id(), logged.unwrap_or(0), SETTLES)?;
        match logged {
            Some(logged) if settled.is_none_or(|settled| settled < logged) => Err(NoCount::Gone { logged, settled }),
            _ => Ok(settled),
        }
    }

    /// Evidence of a ring up to a settled time, as the reports have it.
    ///
    /// # Errors
    /// When they cannot be counted, or the log has evidence of more than there are.
    pub fn evidence(&self, state: &State, rollout: &Rollout, ring: u8, until: u64) -> Result<Evidence, NoCount> {
        let evidence = self.count(state, rollout, ring, until)?;
        if has_fallen(rollout, &evidence) { Err(NoCount::Fell) } else { Ok(evidence) }
    }

    /// The same, whatever the log has evidence of.
    fn count(&self, state: &State, rollout: &Rollout, ring: u8, until: u64) -> Result<Evidence, NoCount> {
        let roll = {
            let mut rolls = self.rolls.lock().unwrap_or_else(PoisonError::into_inner);
            // A roll that cannot be read is missing, and that is said below.
            let _ = rolls.follow(state);
            rolls.of(rollout.census()).cloned().ok_or(NoCount::Roll)?
        };
        let mut kept = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let goes_on = |counted: &Counted| counted.rollout == rollout.id() && counted.until <= until;
        let kept_on =
            kept.take().filter(goes_on).and_then(|mut counted| counted.tally.follow(rollout).then_some(counted));
        let mut counted = match kept_on {
            // Up to the same time it was counted a moment ago, for another ring.
            Some(counted) if counted.until == until || counted.is_there(&self.source)? => counted,
            _ => Counted::new(rollout)?,
        };
        if counted.until < until {
            let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
            let all = counted.count(&roll, &self.source, until, &mut verified);
            verified.keep();
            all?;
        }
        let evidence = counted.tally.evidence(ring, until);
        *kept = Some(counted);
        Ok(evidence)
    }
}

impl Recounter {
    /// Whether so many reports up to a settled time say that the release failed that something could follow from them. No signature is looked at,
    /// so this is fast, and "yes" proves nothing.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn may_have_failed(&self, rollout: &Rollout, until: u64) -> Result<bool, NoCount> {
        let id = rollout.id();
        let mut failed = 0_u32;
        for part in self.source.parts(&id)? {
            let end = self.source.extent(&id, &part)?.bytes;
            let mut at = 0;
            while at < end {
                let bytes = self.source.read(&id, &part, at, end - at)?;
                let (records, _) = bytes.as_chunks::<RECORD>();
                if records.is_empty() {
                    return Err(NoCount::Short { shard: part.shard });
                }
                let of_time = records.iter().filter_map(Record::of).take_while(|record| record.at <= until);
                failed =
                    failed.saturating_add(of_time.filter(Record::says_failed).count().try_into().unwrap_or(u32::MAX));
                if failed >= FEWEST {
                    return Ok(true);
                }
                at += (records.len() * RECORD) as u64;
            }
        }
        Ok(false)
    }

    /// What the open rings of the newest rollout have reported by now, and why that may not be all. Nobody decides by it: what was settled by a
    /// clock that is ahead is in it. Nothing where it cannot be counted.
    pub fn live(&self, state: &State, now: u64) -> (Option<Vec<Evidence>>, Option<String>) {
        let newest = state.newest();
        let Some((rollout, open)) = newest.and_then(|rollout| Some((rollout, rollout.open_ring()?))) else {
            return (Some(Vec::new()), None);
        };
        // What cannot be read is told below.
        let ahead = self.source.ahead(&rollout.id(), now).ok().flatten();
        let until = match &ahead {
            Some(_) => self.source.settled_until(&rollout.id()).map_err(NoCount::from),
            None => self.settled(rollout),
        };
        let counted = until.and_then(|until| match until {
            Some(until) => (0..=open).map(|ring| self.count(state, rollout, ring, until)).collect(),
            None => Ok(Vec::new()),
        });
        match counted {
            Ok(rings) => {
                // What is left is shown all the same: it may say that the release is bad.
                let fell = rings.iter().any(|ring| has_fallen(rollout, ring)).then(|| NoCount::Fell.to_string());
                (Some(rings), ahead.or(fell))
            }
            Err(why) => (None, ahead.or_else(|| Some(why.to_string()))),
        }
    }

    /// The logs that devices say they have seen, by what was counted last: entries, their root, and a device that says so.
    #[must_use]
    pub fn seen(&self) -> Vec<(u64, Hash, [u8; 32])> {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.as_ref().map_or_else(Vec::new, |counted| counted.tally.seen().collect())
    }
}

/// Until when the log has evidence of reports of a rollout.
fn logged_until(rollout: &Rollout) -> Option<u64> {
    (0..rollout.ring_count()).filter_map(|ring| rollout.evidence(ring)).map(|known| known.until).max()
}

/// Whether reports are gone of which the log has evidence. That is not the same as none. What is counted up to an earlier time shows nothing of that.
fn has_fallen(rollout: &Rollout, evidence: &Evidence) -> bool {
    rollout.evidence(evidence.ring).is_some_and(|logged| {
        evidence.until >= logged.until && (evidence.count < logged.count || !evidence.follows(logged))
    })
}

/// The first thing in which two differ, for a person.
fn difference(said: &Evidence, found: &Evidence) -> String {
    if said.count != found.count {
        return format!("it counts {} reports, and there are {}", said.count, found.count);
    }
    if said.reports != found.reports {
        return format!("the root over {} reports is {}, and not {}", found.count, found.reports, said.reports);
    }
    let of =
        |evidence: &Evidence, stratum| evidence.strata.iter().find(|(one, _)| *one == stratum).map(|(_, seen)| *seen);
    let strata: BTreeSet<u16> = said.strata.iter().chain(&found.strata).map(|(stratum, _)| *stratum).collect();
    let differing = strata.into_iter().find(|stratum| of(said, *stratum) != of(found, *stratum));
    differing.map_or_else(
        || "it is another one".to_owned(),
        |stratum| {
            format!(
                "of stratum {stratum} it has {:?}, and the reports have {:?}",
                of(said, stratum),
                of(found, stratum)
            )
        },
    )
}

impl Reports for Recounter {
    fn vouch(&self, state: &State, rollout: &Hash, evidence: &Evidence, now: u64) -> Result<(), String> {
        // What follows from the same claim about the same rollout was found right before.
        let claim = Hash::of_leaf(format!("{rollout} {evidence:?}").as_bytes());
        if self.vouched.lock().unwrap_or_else(PoisonError::into_inner).contains(&claim.0) {
            return Ok(());
        }
        let of = state.rollout(rollout).ok_or("the log has no such rollout")?;
        if let Some(why) = self.source.ahead(rollout, now).map_err(|error| NoCount::Source(error).to_string())? {
            return Err(why);
        }
        let found = self.count(state, of, evidence.ring, evidence.until).map_err(|why| why.to_string())?;
        if found != *evidence {
            return Err(difference(evidence, &found));
        }
        let mut vouched = self.vouched.lock().unwrap_or_else(PoisonError::into_inner);
        if vouched.len() >= VOUCHED {
            vouched.clear();
        }
        vouched.insert(claim.0);
        Ok(())
    }
}
