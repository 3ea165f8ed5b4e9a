//! What a store does with kill lists: takes them, keeps the newest, and switches off what it names in whatever runs.

use std::format;
use std::string::String;
use std::sync::Arc;
use std::vec;
use std::vec::Vec;

use contentcheck_interpreter::OwnedImage;

use super::{ENVELOPE_BYTES, NAMES, Role, Store, envelope_of, place, read_again};
use crate::admit::{Authority, Distrust, Purpose};
use crate::content::Digest;
use crate::disk::{Directory, Disk};
use crate::kills::{self, Kills, NoKills};
use crate::observation::Observation;
use crate::platform::Platform;
use crate::reader::{Switched, switched};
use crate::state::KillMark;

/// Why a kill list is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KillRefusal {
    /// It is not signed as it must be.
    Distrusted(Distrust),
    /// It is none.
    Unreadable(NoKills),
    /// The one that counts has the same or a higher epoch.
    Old {
        /// The epoch that is offered.
        offered: u64,
        /// It must be above this one.
        known: u64,
    },
    /// Another sensor has the directory.
    Taken,
}

impl core::fmt::Display for KillRefusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Distrusted(distrust) => distrust.fmt(f),
            Self::Unreadable(why) => why.fmt(f),
            Self::Old { offered, known } => {
                write!(f, "kill list {offered} is offered, and {known} counts: only a higher one is taken")
            }
            Self::Taken => f.write_str("another sensor has this directory"),
        }
    }
}

impl core::error::Error for KillRefusal {}

/// A kill list that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Killed {
    /// Its epoch.
    pub epoch: u64,
    /// Whether it will count after a restart too. False: the disk could not be written to.
    pub is_kept: bool,
}

/// Rules of what runs, and how many of them do not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rules {
    pub(super) all: u32,
    pub(super) loaded: u32,
    pub(super) switched_off: u32,
}

impl<D: Disk, P: Platform, A: Authority> Store<D, P, A> {
    /// Takes a kill list. It counts at once, for every content, and where the disk cannot be written to as long as this
    /// process runs.
    ///
    /// # Errors
    /// When it is not taken. The one that counts goes on counting.
    pub fn kill(&mut self, list: &[u8], envelope: &[u8]) -> Result<Killed, KillRefusal> {
        let outcome = self.switch_off(list, envelope);
        if let Err(refusal) = &outcome {
            self.note(&format!("a kill list is refused: {refusal}"));
        }
        outcome
    }

    fn switch_off(&mut self, list: &[u8], envelope: &[u8]) -> Result<Killed, KillRefusal> {
        if self.role == Role::Guest {
            return Err(KillRefusal::Taken);
        }
        self.authority.kill_list(list, envelope, Purpose::Install).map_err(KillRefusal::Distrusted)?;
        let kills = Kills::read(list).map_err(KillRefusal::Unreadable)?;
        let mark = KillMark { epoch: kills.epoch, digest: Digest::of(list) };
        if let Some(known) = self.state.kill.filter(|known| known.epoch >= mark.epoch && *known != mark) {
            return Err(KillRefusal::Old { offered: mark.epoch, known: known.epoch });
        }
        let at = place(Directory::Kills, mark.digest);
        let is_put =
            self.is_writable() && self.put(&envelope_of(&at), envelope).and_then(|()| self.put(&at, list)).is_ok();
        let decision = self.state.decide(&Observation::Killing(mark), &self.config.policy);
        // What is not on disk must not be named there.
        let is_kept = is_put && self.persist(decision.state).is_ok();
        if !is_kept {
            self.keep_in_memory(decision.state);
        }
        self.tell(decision.reasons.iter());
        self.switch(&kills);
        self.kills_lost = false;
        self.tidy();
        Ok(Killed { epoch: kills.epoch, is_kept })
    }

    /// The rules of what runs. Nothing: nothing is evaluated.
    pub(super) fn rules(&self) -> Option<Rules> {
        let running = self.shared.current();
        let open = running.image.as_deref().map(OwnedImage::open)?;
        let verified = open.verified();
        let mut memory = vec![0; verified.kill_words()];
        let list = switched(&verified, &running.switched, &mut memory);
        let all = verified.image().rule_count();
        let switched_off = (0..all).filter(|rule| list.kills(*rule)).fold(0_u32, |count, _| count.saturating_add(1));
        Some(Rules { all, loaded: verified.loaded_rules(), switched_off })
    }

    /// Switches off what a list names, in what runs and in whatever will.
    fn switch(&mut self, kills: &Kills<'_>) {
        let rules = kills.rules().map(String::from).collect();
        self.switched = Arc::new(Switched { all: kills.all, rules });
        let current = self.shared.current();
        self.shared.swap(current.rung, current.content, current.image.clone(), Arc::clone(&self.switched));
    }

    /// A kill list on disk, whole and signed.
    fn signed_list(&mut self, digest: Digest) -> Option<Vec<u8>> {
        let at = place(Directory::Kills, digest);
        let list = read_again(&mut self.disk, &at, kills::BYTES).ok().filter(|list| Digest::of(list) == digest)?;
        let envelope = read_again(&mut self.disk, &envelope_of(&at), ENVELOPE_BYTES).ok()?;
        self.authority.kill_list(&list, &envelope, Purpose::Run).is_ok().then_some(list)
    }

    pub(super) fn load_kills(&mut self) {
        let Some(mark) = self.state.kill else { return };
        let list = self.signed_list(mark.digest);
        match list.as_deref().and_then(|list| Kills::read(list).ok()) {
            Some(kills) => self.switch(&kills),
            None => {
                self.kills_lost = true;
                self.note(&format!("kill list {} cannot be read: rules that it switched off run again", mark.epoch));
            }
        }
    }

    /// The newest kill list on disk that is signed, where that is newer than the known one. A state that was lost may have named it: what
    /// is switched off stays so.
    pub(super) fn newest_kills(&mut self, known: Option<KillMark>) -> Option<KillMark> {
        let names = self.disk.list(Directory::Kills, NAMES).unwrap_or_default();
        let mut newest = known;
        for digest in names.iter().filter_map(|name| Digest::from_hex(name)) {
            let Some(list) = self.signed_list(digest) else { continue };
            let Ok(Kills { epoch, .. }) = Kills::read(&list) else { continue };
            if newest.is_none_or(|known| known.epoch < epoch) {
                newest = Some(KillMark { epoch, digest });
            }
        }
        newest
    }
}
