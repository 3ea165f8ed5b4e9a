//! What keeps the newest rollout back where it is looked at, whatever the log says: what holds it, what is gone from the directory, and what
//! witnesses refused.

use std::fs;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::SystemTime;

use contentcheck_fleet::serve::Here;
use contentcheck_project::write;
use contentcheck_rollout::state::Rollout;
use contentcheck_rollout::time::utc;
use contentcheck_rollout::{Id, State};

use super::super::tokens;
use super::{ROLLS, SETTINGS, Site, put};
use crate::exit::Failure;

/// What keeps in mind that witnesses refused the next ring, until something is in the log or they do not.
const REFUSED: &str = "refused";

/// The files of rolls when they were read, and why that of a rollout was not among them.
pub(super) struct RollsRead {
    rollout: Id,
    files: Vec<(PathBuf, u64, Option<SystemTime>)>,
    why: Option<String>,
}

impl Site {
    /// What keeps rings and tokens back here, and what lets nobody take a ring that is open.
    pub(in crate::commands::rollout) fn here(&self, state: &State) -> Here {
        let held = self.held(state);
        // What is held has no token, and says why.
        let lacking = || {
            let own = self.lost_here(state).into_iter().chain(self.unnamed(state)).chain(self.unasked(state));
            let own = own.chain(self.other_keys());
            own.chain(self.refused(state))
        };
        let blocked = || lacking().chain(tokens::missing(self, state)).collect();
        let blocked = if held.is_none() { blocked() } else { Vec::new() };
        let (loose, odd) = tokens::loose(self, state, held.is_some());
        Here { held, blocked, loose, odd }
    }

    /// That too few of the witnesses that count are asked here, in a sentence.
    fn unnamed(&self, state: &State) -> Option<String> {
        let (named, all) = (self.counting(state).iter().flatten().count(), self.counting(state).len());
        (self.is_writer() && named < state.quorum()).then(|| {
            format!(
                "{SETTINGS} names {named} of the {all} witnesses of the policy in the log, and {} must sign: no other one is asked, neither for signatures \
                 nor for halts. Name them by their keys; other witnesses count when `contentcheck rollout keys --trust FILE` is logged",
                state.quorum()
            )
        })
    }

    /// Keeps in mind that too few witnesses would sign for the next ring of a rollout, or that this is over.
    pub(in crate::commands::rollout) fn note_refusal(
        &self,
        rollout: &Rollout,
        now: u64,
        why: Option<&str>,
    ) -> Result<(), Failure> {
        let path = self.path(REFUSED);
        match why {
            Some(why) => put(&path, format!("{} {now}\n{why}\n", rollout.last()).as_bytes()),
            None if path.exists() => write::remove(&path),
            None => Ok(()),
        }
    }

    /// That too few witnesses would sign for the next ring when that was tried last, in a sentence; nothing where something is in the log since.
    fn refused(&self, state: &State) -> Option<String> {
        const MOST: u64 = 16 << 10;
        let path = self.path(REFUSED);
        let text = fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() <= MOST);
        let text = text.then(|| fs::read_to_string(&path).ok()).flatten()?;
        let (head, why) = text.split_once('\n')?;
        let (last, at) = head.split_once(' ')?;
        let is_of_now = state.newest().is_some_and(|newest| newest.last().to_string() == last);
        let at: u64 = at.parse().ok().filter(|_| is_of_now)?;
        Some(format!("{} (at {} UTC)", contentcheck_model::diagnostic::visible(why.trim_end()), utc(at)))
    }

    /// That what commands need is gone from here or cannot be read, in a sentence. What runs already goes on by what it read.
    fn lost_here(&self, state: &State) -> Option<String> {
        if let Err(failure) = Self::open(&self.directory) {
            return Some(format!("no command works here: {}", failure.message));
        }
        let newest = state.newest().filter(|newest| self.is_writer() && newest.open_ring().is_some())?;
        let why = self.unread_roll(newest)?;
        Some(format!("no report can be taken or counted, and no ring opens: {why}"))
    }

    /// Why the roll of a rollout's census cannot be read. It is read again where its files have changed: a fleet has many devices.
    fn unread_roll(&self, rollout: &Rollout) -> Option<String> {
        let file = |path: PathBuf| {
            let file = fs::metadata(&path).ok()?;
            Some((path, file.len(), file.modified().ok()))
        };
        let files = fs::read_dir(self.path(ROLLS)).into_iter().flatten().flatten();
        let mut files: Vec<_> = files.filter_map(|entry| file(entry.path())).collect();
        files.sort();
        let mut known = self.rolls_read.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = known.as_ref().is_some_and(|known| known.files == files && known.rollout == rollout.id());
        if !is_known {
            let why = self.roll_of(rollout).err().map(|failure| failure.message);
            *known = Some(RollsRead { rollout: rollout.id(), files, why });
        }
        known.as_ref().and_then(|known| known.why.clone())
    }
}
