//! Sealing: a store becomes one that machines can be made from. What belongs to one machine is taken out of it.

use core::fmt;

use crate::content::Digest;
use crate::disk::{Directory, Disk, DiskError, Place};
use crate::record::NoState;
use crate::state::{Rung, State};
use crate::store::copies::{Copies, Memory};

/// Names of a directory that are looked at.
const NAMES: usize = 4_096;

/// Why a store is not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsealed {
    /// No sensor has run here: there is nothing to seal.
    Fresh,
    /// A sensor has the directory.
    Taken,
    /// No copy of the state can be read.
    Lost(NoState),
    /// The disk does not do it.
    Disk(DiskError),
}

impl fmt::Display for Unsealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fresh => f.write_str("no sensor has decided anything here yet: there is nothing to seal"),
            Self::Taken => f.write_str("a sensor has this directory: stop it first"),
            Self::Lost(why) => write!(f, "the state cannot be read: {why}"),
            Self::Disk(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Unsealed {}

impl State {
    /// What all machines may begin with that are made from this one: confirmed content, floors and the kill list, and nothing of this
    /// machine's own. Without content, they begin with what is built into the sensor.
    #[must_use]
    pub fn sealed(mut self, keeps_content: bool) -> Self {
        self.candidate = None;
        self.running = None;
        (self.strikes, self.hung, self.hold) = (0, false, 0);
        (self.identity, self.member, self.behind) = (None, None, 0);
        (self.stopped, self.forgotten) = (false, false);
        for good in [&mut self.good, &mut self.earlier].into_iter().flatten() {
            (good.strikes, good.unexplained, good.suspect) = (0, 0, false);
        }
        if !keeps_content {
            (self.good, self.earlier) = (None, None);
        }
        self
    }
}

/// Seals a store: no candidate, no id, no evidence, no crashes. With `keeps_content`, what was confirmed here runs on each machine
/// from its first start; without, factory content does. Floors stay: no machine takes what is older than what this one confirmed.
///
/// # Errors
/// When a sensor has the store, there is none, or the disk does not do it; then the store may be as it was, or sealed in one copy.
pub fn seal(disk: &mut impl Disk, keeps_content: bool) -> Result<State, Unsealed> {
    if !disk.lock().map_err(Unsealed::Disk)? {
        return Err(Unsealed::Taken);
    }
    let (mut copies, memory, state) = Copies::read(disk, Digest::new([0; 32]));
    match memory {
        Memory::Fresh => return Err(Unsealed::Fresh),
        Memory::Lost(why) => return Err(Unsealed::Lost(why)),
        Memory::Unreadable(error) => return Err(Unsealed::Disk(error)),
        Memory::Whole | Memory::OneCopy => {}
    }
    let state = copies.write(disk, state.sealed(keeps_content)).map_err(Unsealed::Disk)?;
    if !copies.both {
        return Err(Unsealed::Disk(DiskError::Other(std::io::ErrorKind::WriteZero)));
    }
    let is_named =
        |digest: Digest| Rung::LADDER.iter().any(|rung| state.content(*rung).is_some_and(|one| one.digest == digest));
    for directory in [Directory::Images, Directory::Evidence, Directory::Temporary] {
        for name in disk.list(directory, NAMES).map_err(Unsealed::Disk)? {
            let digest = Digest::from_hex(name.strip_suffix(".env").unwrap_or(&name));
            let goes = match directory {
                Directory::Images => digest.is_some_and(|digest| !is_named(digest)),
                _ => true,
            };
            if goes {
                disk.remove(&Place { directory, name }).map_err(Unsealed::Disk)?;
            }
        }
    }
    Ok(state)
}
