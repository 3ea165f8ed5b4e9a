//! The state on disk: two copies, each a record of one length with a generation and a checksum. A copy that is there is written over
//! where it lies, which needs no room; the older one first, and the other when that one is on disk. So a full disk stops no counting,
//! and whatever a power cut makes of a write, the other copy is whole.

use std::string::ToString as _;

use crate::content::Digest;
use crate::disk::{Directory, Disk, DiskError, Place};
use crate::record::{NoState, RECORD};
use crate::state::State;

use super::{NAMES, put, read_again};

/// What was found of the state on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// There was none: the sensor runs here for the first time.
    Fresh,
    /// Both copies agree.
    Whole,
    /// One copy is whole, and the other is older, damaged or missing. It is written again with the next state.
    OneCopy,
    /// No copy can be read, though there are some: what was confirmed here is forgotten, and so is the floor.
    Lost(NoState),
    /// The disk does not give them.
    Unreadable(DiskError),
}

/// What one copy is found to be.
type Found = Result<Option<State>, Lost>;

#[derive(Clone, Copy)]
pub(crate) enum Lost {
    /// It is there, and no state.
    State(NoState),
    /// The disk does not give it.
    Disk(DiskError),
}

/// What is known of the two copies.
#[derive(Debug)]
pub(crate) struct Copies {
    /// The one that holds the last state that was written.
    newest: Option<usize>,
    /// Whether that one is on disk, and not only on its way there: whoever wrote it may have gone before.
    is_certain: bool,
    /// The highest generation that may be on disk, whether it was found to be or not.
    attempted: u64,
    /// Whether both are the state that was written last.
    pub(crate) both: bool,
}

fn place(at: usize) -> Place {
    let name = if at == 0 { "state.a" } else { "state.b" };
    Place { directory: Directory::Root, name: name.to_string() }
}

/// Reads one copy.
pub(crate) fn read(disk: &mut impl Disk, at: usize) -> Found {
    match read_again(disk, &place(at), RECORD) {
        Ok(bytes) => State::from_record(&bytes).map(Some).map_err(Lost::State),
        Err(DiskError::Missing) => Ok(None),
        Err(DiskError::Large | DiskError::Irregular) => Err(Lost::State(NoState::Length)),
        Err(error) => Err(Lost::Disk(error)),
    }
}

impl Copies {
    /// Reads both copies: what was found, and the state to go on from. It is the newer one; a forgetful one where neither can be read.
    pub(crate) fn read(disk: &mut impl Disk, build: Digest) -> (Self, Memory, State) {
        let [a, b] = [0, 1].map(|at| read(disk, at));
        let attempted = [a, b].into_iter().filter_map(|copy| copy.ok().flatten()).map(|state| state.generation).max();
        let forgetful = State { forgotten: true, ..State::fresh(build) };
        let (memory, state, newest) = match (a, b) {
            (Ok(Some(a)), Ok(Some(b))) => {
                let memory = if a == b { Memory::Whole } else { Memory::OneCopy };
                if b.generation > a.generation { (memory, b, Some(1)) } else { (memory, a, Some(0)) }
            }
            (Ok(Some(a)), _) => (Memory::OneCopy, a, Some(0)),
            (_, Ok(Some(b))) => (Memory::OneCopy, b, Some(1)),
            // Where there is content, there was a state.
            (Ok(None), Ok(None)) if has_content(disk) => (Memory::Lost(NoState::Gone), forgetful, None),
            (Ok(None), Ok(None)) => (Memory::Fresh, State::fresh(build), None),
            // A disk that gives no copy now may give one later: the other copy is no reason to write over it.
            (Err(Lost::Disk(why)), _) | (_, Err(Lost::Disk(why))) => (Memory::Unreadable(why), forgetful, None),
            (Err(Lost::State(why)), _) | (_, Err(Lost::State(why))) => (Memory::Lost(why), forgetful, None),
        };
        let attempted = attempted.unwrap_or(0);
        (Self { newest, is_certain: false, attempted, both: memory == Memory::Whole }, memory, state)
    }

    /// Writes a state, and gives it back as it was written.
    ///
    /// # Errors
    /// When no copy of it is certain to be on disk. The other copy is as it was.
    pub(crate) fn write(&mut self, disk: &mut impl Disk, next: State) -> Result<State, DiskError> {
        self.attempted = self.attempted.max(next.generation).saturating_add(1);
        let state = State { generation: self.attempted, ..next };
        let record = state.to_record();
        if let Some(newest) = self.newest.filter(|_| !self.is_certain) {
            let newest = place(newest);
            disk.sync(&newest).and_then(|()| disk.sync_directory(newest.directory))?;
            self.is_certain = true;
        }
        let first = self.newest.map_or(0, |newest| 1 - newest);
        write(disk, first, &record)?;
        (self.newest, self.is_certain) = (Some(first), true);
        self.both = write(disk, 1 - first, &record).is_ok();
        Ok(state)
    }
}

fn write(disk: &mut impl Disk, at: usize, record: &[u8; RECORD]) -> Result<(), DiskError> {
    let to = place(at);
    // The name is synced too: a copy that was made again may have it only until the power goes, if that was all that failed.
    let written =
        disk.overwrite(&to, record).and_then(|()| disk.sync(&to)).and_then(|()| disk.sync_directory(to.directory));
    // A copy that is missing is made, and one that the disk cannot write over has another place from now on.
    written.or_else(|_| put(disk, &to, record))
}

/// Whether a directory has content or kill lists of a store.
fn has_content(disk: &mut impl Disk) -> bool {
    [Directory::Images, Directory::Kills].into_iter().any(|directory| {
        let names = disk.list(directory, NAMES).unwrap_or_default();
        names.iter().any(|name| Digest::from_hex(name.strip_suffix(".env").unwrap_or(name)).is_some())
    })
}
