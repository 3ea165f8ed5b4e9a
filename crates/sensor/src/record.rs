//! The state as bytes: one record of a fixed length, in a version of its own, with a checksum over all of it. Numbers are
//! little-endian. Whatever a disk gives is read without trust: it is a consistent state or nothing.
//!
//! The checksum finds accidents. Whoever can write to the directory can write any state, and gains little by it: images are
//! run only with an envelope that is believed.

use core::fmt;

use contentcheck_log::Member;
use contentcheck_log::limits::BEHIND;

use crate::content::{BootId, Content, DeviceId, Digest, Sequence};
use crate::health::Complaint;
use crate::rings::Seen;
use crate::state::{Candidate, Conviction, Good, Identity, KillMark, QUARANTINED, Quarantined, Rung, Standing, State};

const MAGIC: [u8; 8] = *b"CCSTATE\n";
/// Written. Version 2 has no unexplained ends of good content, versions 2 and 3 do not say whether the state before was lost
/// and whether the sensor stopped, and those up to 4 know no redundancy groups and no device that stays behind: they are read as if there were none, and neither was so.
const VERSION: u32 = 5;
const OLDEST: u32 = 2;
/// Bytes of a record.
pub const RECORD: usize = 640;
/// Bytes before the checksum.
const BODY: usize = RECORD - 32;

/// Why bytes are no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoState {
    /// They have another length than a record.
    Length,
    /// They do not begin as a record does.
    Magic,
    /// They are of another version.
    Version(u32),
    /// The checksum is another: a torn write, or a damaged disk.
    Checksum,
    /// Parts contradict each other: no sensor wrote this.
    Inconsistent,
    /// It is not there, and what it named is.
    Gone,
}

impl fmt::Display for NoState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => write!(f, "a state has {RECORD} bytes"),
            Self::Magic => f.write_str("these bytes do not begin as a state does"),
            Self::Version(version) => write!(f, "the state has version {version}: another sensor build wrote it"),
            Self::Checksum => f.write_str("the checksum differs: the write was torn, or the disk damaged it"),
            Self::Inconsistent => f.write_str("the parts of the state contradict each other"),
            Self::Gone => f.write_str("both copies of the state are gone, and content that they named is there"),
        }
    }
}

impl core::error::Error for NoState {}

impl State {
    /// The record.
    #[must_use]
    pub fn to_record(&self) -> [u8; RECORD] {
        let mut body = [0; BODY];
        // A state that does not fit leaves no room for the end mark, so it cannot be read again; a test writes the largest.
        let _ = self.write(&mut Writer(&mut body));
        let digest = Digest::of(&body);
        let mut record = [0; RECORD];
        let (front, back) = record.split_at_mut(BODY);
        front.copy_from_slice(&body);
        back.copy_from_slice(digest.bytes());
        record
    }

    /// Reads a record.
    ///
    /// # Errors
    /// When the bytes are none, or not of a state that can be.
    pub fn from_record(bytes: &[u8]) -> Result<Self, NoState> {
        let record: &[u8; RECORD] = bytes.try_into().map_err(|_| NoState::Length)?;
        let (body, checksum) = record.split_at(BODY);
        if !body.starts_with(&MAGIC) {
            return Err(NoState::Magic);
        }
        let mut reader = Reader { rest: body.get(MAGIC.len()..).unwrap_or(&[]), version: VERSION };
        let version = reader.u32().ok_or(NoState::Length)?;
        reader.version = version;
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(NoState::Version(version));
        }
        if Digest::of(body).bytes() != checksum {
            return Err(NoState::Checksum);
        }
        let state = Self::read(&mut reader).ok_or(NoState::Inconsistent)?;
        if state.is_consistent() && reader.rest.iter().all(|byte| *byte == 0) {
            Ok(state)
        } else {
            Err(NoState::Inconsistent)
        }
    }

    fn write(&self, to: &mut Writer<'_>) -> Option<()> {
        // Every field by name: a new one does not compile before it is written and read.
        let Self {
            generation,
            candidate,
            good,
            earlier,
            floor,
            burnt,
            quarantine,
            running,
            strikes,
            hung,
            hold,
            kill,
            time,
            build,
            identity,
            member,
            behind,
            log,
            stopped,
            forgotten,
        } = self;
        to.bytes(&MAGIC)?;
        to.bytes(&VERSION.to_le_bytes())?;
        to.u64(*generation)?;
        to.option(*candidate, |to, Candidate { content, standing, tries, unexplained, starts, armed }| {
            to.content(content)?;
            to.byte(match standing {
                Standing::Trial => 0,
                Standing::Baked => 1,
                Standing::Suspect => 2,
            })?;
            to.bytes(&[tries, unexplained, starts])?;
            to.option(armed, |to, boot| to.option(boot, |to, boot| to.bytes(&boot.0)))
        })?;
        for good in [good, earlier] {
            to.option(*good, |to, Good { content, strikes, unexplained, suspect }| {
                to.content(content)?;
                to.bytes(&[strikes, suspect.into(), unexplained])
            })?;
        }
        to.u64(floor.0)?;
        to.u64(burnt.0)?;
        for entry in quarantine {
            to.option(*entry, |to, Quarantined { content, why }| {
                to.content(content)?;
                to.byte(match why {
                    Conviction::Crashed => 0,
                    Conviction::CrashedLate => 1,
                    Conviction::Complaint(Complaint::Exhausted) => 2,
                    Conviction::Complaint(Complaint::Flooded) => 3,
                })
            })?;
        }
        to.option(*running, |to, rung| {
            to.byte(match rung {
                Rung::Candidate => 0,
                Rung::Good => 1,
                Rung::Earlier => 2,
                Rung::Factory => 3,
                Rung::Nothing => 4,
            })
        })?;
        to.bytes(&[*strikes, u8::from(*hung), *hold])?;
        to.option(*kill, |to, KillMark { epoch, digest }| {
            to.u64(epoch)?;
            to.bytes(digest.bytes())
        })?;
        to.u64(*time)?;
        to.bytes(build.bytes())?;
        to.option(*identity, |to, Identity { id, hardware }| {
            to.bytes(id.0.bytes())?;
            to.option(hardware, |to, hardware| to.bytes(hardware.bytes()))
        })?;
        to.option(*log, |to, Seen { size, root }| {
            to.u64(size)?;
            to.bytes(root.bytes())
        })?;
        to.bytes(&[u8::from(*stopped), u8::from(*forgotten)])?;
        to.option(*member, |to, member| to.bytes(&member.to_bytes()))?;
        to.byte(*behind)?;
        to.byte(END)
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let state = Self {
            generation: from.u64()?,
            candidate: from.option(|from| {
                Some(Candidate {
                    content: from.content()?,
                    standing: match from.byte()? {
                        0 => Standing::Trial,
                        1 => Standing::Baked,
                        2 => Standing::Suspect,
                        _ => return None,
                    },
                    tries: from.byte()?,
                    unexplained: from.byte()?,
                    starts: from.byte()?,
                    armed: from.option(|from| from.option(|from| from.array().map(BootId)))?,
                })
            })?,
            good: from.option(Reader::good)?,
            earlier: from.option(Reader::good)?,
            floor: Sequence(from.u64()?),
            burnt: Sequence(from.u64()?),
            quarantine: {
                let mut entries = [None; QUARANTINED];
                for entry in &mut entries {
                    *entry = from.option(|from| {
                        Some(Quarantined {
                            content: from.content()?,
                            why: match from.byte()? {
                                0 => Conviction::Crashed,
                                1 => Conviction::CrashedLate,
                                2 => Conviction::Complaint(Complaint::Exhausted),
                                3 => Conviction::Complaint(Complaint::Flooded),
                                _ => return None,
                            },
                        })
                    })?;
                }
                entries
            },
            running: from.option(|from| {
                Some(match from.byte()? {
                    0 => Rung::Candidate,
                    1 => Rung::Good,
                    2 => Rung::Earlier,
                    3 => Rung::Factory,
                    4 => Rung::Nothing,
                    _ => return None,
                })
            })?,
            strikes: from.byte()?,
            hung: from.flag()?,
            hold: from.byte()?,
            kill: from.option(|from| Some(KillMark { epoch: from.u64()?, digest: Digest::new(from.array()?) }))?,
            time: from.u64()?,
            build: Digest::new(from.array()?),
            identity: from.option(|from| {
                Some(Identity {
                    id: DeviceId(Digest::new(from.array()?)),
                    hardware: from.option(|from| from.array().map(Digest::new))?,
                })
            })?,
            log: from.option(|from| Some(Seen { size: from.u64()?, root: Digest::new(from.array()?) }))?,
            stopped: if from.version > 3 { from.flag()? } else { false },
            forgotten: if from.version > 3 { from.flag()? } else { false },
            member: match from.version > 4 {
                true => from.option(|from| Member::from_bytes(&from.array()?).ok())?,
                false => None,
            },
            behind: if from.version > 4 { from.byte().filter(|behind| *behind <= BEHIND)? } else { 0 },
        };
        (from.byte()? == END).then_some(state)
    }
}

/// Stands behind the last field, so that a record without it was not written whole.
const END: u8 = 0x5A;

struct Writer<'w>(&'w mut [u8]);

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        let room = core::mem::take(&mut self.0);
        let (to, rest) = room.split_at_mut_checked(bytes.len())?;
        to.copy_from_slice(bytes);
        self.0 = rest;
        Some(())
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        self.bytes(&[byte])
    }

    fn u64(&mut self, number: u64) -> Option<()> {
        self.bytes(&number.to_le_bytes())
    }

    fn content(&mut self, content: Content) -> Option<()> {
        self.bytes(content.digest.bytes())?;
        self.u64(content.sequence.0)
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T) -> Option<()>) -> Option<()> {
        match value {
            None => self.byte(0),
            Some(value) => {
                self.byte(1)?;
                write(self, value)
            }
        }
    }
}

struct Reader<'r> {
    rest: &'r [u8],
    version: u32,
}

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*array)
    }

    fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn content(&mut self) -> Option<Content> {
        Some(Content { digest: Digest::new(self.array()?), sequence: Sequence(self.u64()?) })
    }

    fn good(&mut self) -> Option<Good> {
        let (content, strikes, suspect) = (self.content()?, self.byte()?, self.flag()?);
        let unexplained = if self.version > OLDEST { self.byte()? } else { 0 };
        Some(Good { content, strikes, unexplained, suspect })
    }

    /// Nothing, outside: the bytes are no option of this.
    fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.flag()? { read(self).map(Some) } else { Some(None) }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn largest() -> State {
        let content =
            |sequence: u64| Content { digest: Digest::of(&sequence.to_le_bytes()), sequence: Sequence(sequence) };
        let entry = |sequence| Some(Quarantined { content: content(sequence), why: Conviction::CrashedLate });
        State {
            generation: u64::MAX - 1,
            candidate: Some(Candidate {
                content: content(u64::MAX),
                standing: Standing::Baked,
                tries: 255,
                unexplained: 255,
                starts: 255,
                armed: Some(Some(BootId([255; 16]))),
            }),
            good: Some(Good { content: content(9), strikes: 255, unexplained: 255, suspect: true }),
            earlier: Some(Good { content: content(8), strikes: 255, unexplained: 255, suspect: true }),
            floor: Sequence(9),
            burnt: Sequence(u64::MAX - 1),
            quarantine: [entry(1), entry(2), entry(3), entry(4)],
            running: Some(Rung::Candidate),
            strikes: 255,
            hung: true,
            hold: 255,
            kill: Some(KillMark { epoch: u64::MAX, digest: Digest::of(b"kill") }),
            time: u64::MAX,
            build: Digest::of(b"build"),
            identity: Some(Identity { id: DeviceId(Digest::of(b"device")), hardware: Some(Digest::of(b"hardware")) }),
            member: Member::new("db-7", 8, 8).ok(),
            behind: BEHIND,
            log: Some(Seen { size: u64::MAX, root: Digest::of(b"root") }),
            stopped: true,
            forgotten: true,
        }
    }

    #[test]
    fn the_largest_and_the_smallest_state_are_read_as_they_were_written() {
        for state in [largest(), State::fresh(Digest::of(b"build"))] {
            assert_eq!(State::from_record(&state.to_record()), Ok(state));
        }
    }

    /// What sensors wrote before: the fields that were not there yet are taken out of a record of today.
    fn older(state: &State, version: u32) -> Vec<u8> {
        let mut body = state.to_record()[..BODY].to_vec();
        body[MAGIC.len()..MAGIC.len() + 4].copy_from_slice(&version.to_le_bytes());
        let end = body.iter().rposition(|byte| *byte == END).unwrap();
        // That of no member is one byte, so is how far it stays behind, and those of the two flags are two.
        body.drain(end - if version > 3 { 2 } else { 4 }..end);
        body.resize(BODY, 0);
        [&body[..], Digest::of(&body).bytes()].concat()
    }

    #[test]
    fn records_of_older_sensors_are_read() {
        let state = State { member: None, behind: 0, ..largest() };
        assert_eq!(State::from_record(&older(&state, 4)), Ok(state));
        let state = State { stopped: false, forgotten: false, ..state };
        assert_eq!(State::from_record(&older(&state, 3)), Ok(state));
        let record = state.to_record();
        assert_eq!(&record[8..12], &VERSION.to_le_bytes());
        for (version, known) in [(OLDEST - 1, false), (VERSION + 1, false)] {
            assert_eq!(State::from_record(&older(&state, version)).is_ok(), known, "version {version}");
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_of_a_record_is_found() {
        let record = largest().to_record();
        for bit in 0..RECORD * 8 {
            let mut damaged = record;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(State::from_record(&damaged).is_err(), "bit {bit}");
        }
        for length in 0..RECORD {
            assert_eq!(State::from_record(&record[..length]), Err(NoState::Length));
        }
        assert_eq!(State::from_record(&[0; RECORD + 1]), Err(NoState::Length));
    }

    #[test]
    fn a_state_that_cannot_be_is_refused_though_its_checksum_is_right() {
        let mut state = largest();
        state.earlier = state.candidate.map(|candidate| Good {
            content: candidate.content,
            strikes: 0,
            unexplained: 0,
            suspect: false,
        });
        assert_eq!(State::from_record(&state.to_record()), Err(NoState::Inconsistent));
        let mut state = largest();
        state.running = Some(Rung::Good);
        assert_eq!(State::from_record(&state.to_record()), Err(NoState::Inconsistent));
        let mut state = largest();
        state.generation = u64::MAX;
        assert_eq!(State::from_record(&state.to_record()), Err(NoState::Inconsistent));
    }
}
