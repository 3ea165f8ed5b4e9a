//! The store: a directory of content, and the decisions carried out on it.
//!
//! ```text
//! lock                    held by the sensor that writes; a second one reads
//! state.a, state.b        the state twice, each with a checksum: the one of the higher generation counts
//! images/DIGEST           images, never changed; DIGEST.env: the envelope that each was admitted by
//! kills/DIGEST            the kill list that counts, and DIGEST.env
//! evidence/0.log, 1.log   what was decided, and why
//! tmp/                    what is being written
//! ```
//!
//! A file is written to `tmp`, synced, renamed and its directory synced; a state is written when everything that it names is
//! there. So whenever the power goes, one of the two copies is whole and so are the files that it names.

use std::format;
use std::string::{String, ToString as _};
use std::sync::Arc;
use std::vec;
use std::vec::Vec;

use contentcheck_interpreter::{Identity, Manifest, OwnedImage};

use crate::admit::{Authority, Device, Distrust, Purpose, Refusal};
use crate::content::{BootId, Content, Digest, Sequence};
use crate::decide::{Act, Found, Observation, Reason, Unusable, Usable};
use crate::disk::{Directory, Disk, DiskError, Place};
use crate::ended::Ended;
use crate::evidence::{Evidence, Record};
use crate::health::{Health, Recent};
use crate::kills::{self, Kills, NoKills};
use crate::platform::Platform;
use crate::policy::Policy;
use crate::reader::{Reader, Running, Shared, Switched, switched};
use crate::record::{NoState, RECORD};
use crate::state::{KillMark, Rung, State};
use crate::status::{Content as ContentStatus, Status};

mod log;

/// Bytes of the largest envelope that is read.
pub const ENVELOPE_BYTES: usize = 16 << 20;
/// Names of a directory that are looked at when it is tidied.
const NAMES: usize = 4_096;
/// Bytes that are left free, beside an image, for states and evidence.
const RESERVE: u64 = 1 << 20;
const HOUR: u64 = 3_600;
/// How often a copy of the state is asked for again, where the disk fails.
const RETRIES: usize = 6;

/// What is the sensor's own: its build, and how patient it is.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// What this build supplies.
    pub manifest: &'static Manifest<'static>,
    /// What tells this build from others, such as a digest of its binary.
    pub build: Digest,
    /// When it was built, in seconds since 1970.
    pub built: u64,
    /// The image that is built in. Nothing: without other content, the sensor evaluates nothing.
    pub factory: Option<&'static [u8]>,
    /// How patient it is.
    pub policy: Policy,
    /// The log by which new content must have been opened for this device: a policy of C2SP (`tlog-policy`) with one log and a group
    /// of witnesses, of which at least two must sign. Nothing: signatures of the authority are all that is asked for.
    pub log: Option<&'static str>,
}

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

/// What this process may do with the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It writes.
    Owner,
    /// It reads: another sensor has the store, or the disk has no lock.
    Guest,
}

/// What became of a kill list.
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

/// What the caller has to do.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Nothing.
    GoOn,
    /// Exit in an error, and be started again: a thread hangs, and cannot be taken back.
    Restart,
}

/// Content on one device: takes it, tries it, keeps it, goes back. One for each process; it is not needed for evaluating,
/// which [`Reader`]s do.
#[derive(Debug)]
pub struct Store<D, P, A> {
    config: Config,
    disk: D,
    platform: P,
    authority: A,
    role: Role,
    is_locked: bool,
    memory: Memory,
    /// Whether both copies on disk are the state that was written last.
    both_copies: bool,
    state: State,
    /// The highest generation that may be on disk, whether it was found to be or not.
    attempted: u64,
    /// Which copy is known to hold the last state that was written.
    newest: Option<usize>,
    /// Whether the state in memory is not on disk.
    unsaved: bool,
    /// Whether images are read from disk although they are in memory.
    reload: bool,
    shared: Arc<Shared>,
    evidence: Evidence,
    factory: Option<Content>,
    switched: Arc<Switched>,
    /// Why the kill list of the state does not count.
    kills_lost: bool,
    boot: Option<BootId>,
    began: u64,
    /// What had been evaluated when the content was last judged by its ceilings.
    judged: Recent,
    hours: u64,
    /// Readers that were evaluating when last looked at: which event, and since when.
    busy: Vec<(Arc<crate::reader::Tally>, u64, u64)>,
}

pub(crate) fn copy(at: usize) -> Place {
    let name = if at == 0 { "state.a" } else { "state.b" };
    Place { directory: Directory::Root, name: name.to_string() }
}

fn place(directory: Directory, digest: Digest) -> Place {
    Place { directory, name: digest.to_string() }
}

fn envelope_of(place: &Place) -> Place {
    Place { directory: place.directory, name: format!("{}.env", place.name) }
}

/// An image in memory that can be run.
struct Loaded {
    content: Content,
    image: Arc<OwnedImage>,
}

/// What a copy of the state is found to be.
pub(crate) type CopyFound = Result<Option<State>, CopyLost>;

#[derive(Clone, Copy)]
pub(crate) enum CopyLost {
    State(NoState),
    Disk(DiskError),
}

impl<D: Disk, P: Platform, A: Authority> Store<D, P, A> {
    /// Opens the store, accounts for how the last run ended, and decides what runs. It does not fail: if nothing of the
    /// directory can be used, factory content runs, and [`Store::status`] says why.
    pub fn open(config: Config, mut disk: D, mut platform: P, authority: A) -> Self {
        let made = disk.make();
        let lock = disk.lock();
        let role = match lock {
            // Where this process can write nothing, it takes nothing from another one.
            Ok(true) | Err(DiskError::ReadOnly) => Role::Owner,
            // A disk that knows no locks may have two sensors that write.
            Ok(false) | Err(_) => Role::Guest,
        };
        // Read before the lock was had, or without it, a state may be another sensor's past by the time it is written.
        let is_locked = lock == Ok(true);
        let copies = [0, 1].map(|at| read_copy(&mut disk, at));
        let (memory, state, newest) = remembered(config.build, copies);
        let memory = match memory {
            // Where there is content, there was a state.
            Memory::Fresh if has_files(&mut disk) => Memory::Lost(NoState::Gone),
            memory => memory,
        };
        let attempted = copies.iter().filter_map(|copy| copy.ok().flatten()).map(|state| state.generation).max();
        let evidence = Evidence::read(&mut disk);
        let factory = config.factory.map(|bytes| Content {
            digest: Digest::of(bytes),
            sequence: Sequence(Identity::read(bytes).map_or(0, |identity| identity.sequence)),
        });
        let boot = platform.boot();
        let floor = platform.floor().unwrap_or_default();
        let mut store = Self {
            config,
            disk,
            platform,
            authority,
            role,
            is_locked,
            memory,
            both_copies: memory == Memory::Whole,
            state,
            attempted: attempted.unwrap_or(0),
            newest,
            unsaved: false,
            reload: false,
            shared: Shared::new(),
            evidence,
            factory,
            switched: Arc::default(),
            kills_lost: false,
            boot,
            began: 0,
            judged: Recent::default(),
            hours: 0,
            busy: Vec::new(),
        };
        if let Err(error) = made {
            store.note(&format!("the directory cannot be made: {error}"));
        }
        match memory {
            Memory::Lost(why) => store.note(&format!("what this device knew of content is lost: {why}")),
            Memory::Unreadable(why) => store.note(&format!("what this device knew of content cannot be read: {why}")),
            Memory::Fresh | Memory::Whole | Memory::OneCopy => {}
        }
        if floor > store.state.floor {
            store.note(&format!("the floor went back to {}, and {floor} is remembered elsewhere", store.state.floor));
        }
        let mut state = store.state.with_floor(floor);
        if role == Role::Owner {
            let (hardware, nonce) = (store.platform.hardware(), store.platform.nonce());
            let decision = state.decide(&Observation::Identified { hardware, nonce }, &config.policy);
            store.tell(decision.reasons.iter());
            state = decision.state;
        }
        store.began = store.elapsed();
        store.hours = store.began / HOUR;
        if matches!(memory, Memory::Lost(_)) {
            state.kill = store.kept_kills();
        }
        store.state.kill = state.kill;
        store.load_kills();
        if role == Role::Guest {
            // Whose candidate it is, and how the run ended that this one is beside, is the owner's to know.
            state = state.without_candidate();
            store.settle(state);
            return store;
        }
        let ended = if memory == Memory::Fresh { Ended::Never } else { store.platform.ended() };
        let started = Observation::Started { ended, boot, build: config.build };
        let decision = state.decide(&started, &config.policy);
        store.tell(decision.reasons.iter());
        let mut is_saved = store.settle_as(decision.state, true);
        if memory == Memory::OneCopy && !store.both_copies && is_saved {
            is_saved = store.persist(store.state).is_ok();
        }
        if is_saved {
            store.platform.settled();
        }
        if store.state.floor > floor {
            store.platform.raise_floor(store.state.floor);
        }
        store.tidy();
        store
    }

    /// Evaluates events in a thread of its own.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(&self.shared)
    }

    /// Takes new content: an image, and the envelope that says that it is for this device. What is taken is tried at once,
    /// unless the sensor itself was found to be crashing.
    ///
    /// # Errors
    /// When it is not taken, and where the sensor asks for a log: then [`Store::offer_opened`] takes it. What runs goes on running.
    pub fn offer(&mut self, image: &[u8], envelope: &[u8]) -> Result<Content, Refusal> {
        self.offered(image, envelope, None)
    }

    fn offered(&mut self, image: &[u8], envelope: &[u8], token: Option<&[u8]>) -> Result<Content, Refusal> {
        let outcome = self.admit(image, envelope, token);
        if let Err(refusal) = &outcome {
            self.note(&format!("[{}] an offer is refused: {refusal}", refusal.code()));
        }
        outcome
    }

    fn admit(&mut self, image: &[u8], envelope: &[u8], token: Option<&[u8]>) -> Result<Content, Refusal> {
        if self.role == Role::Guest {
            return Err(Refusal::Taken);
        }
        if !self.is_writable() {
            return Err(Refusal::ReadOnly);
        }
        if envelope.len() > ENVELOPE_BYTES {
            return Err(Refusal::Large { found: envelope.len() as u64, most: ENVELOPE_BYTES as u64 });
        }
        let claim = self.authority.claim(envelope, Purpose::Install).map_err(Refusal::Distrusted)?;
        let device = Device { factory: self.factory, built: self.config.built, wall: self.platform.wall() };
        let considered = self.state.consider(claim, image.len() as u64, &device, &self.config.policy)?;
        let granted = self.grant(considered, token, &device)?;
        if self.shared.holds_older() {
            return Err(Refusal::Memory);
        }
        let needed = (image.len() as u64).saturating_add(envelope.len() as u64).saturating_add(RESERVE);
        if let Ok(Some(free)) = self.disk.free()
            && free < needed
        {
            return Err(Refusal::Space { needed, free: Some(free) });
        }
        let matched = granted.matches(Digest::of(image))?;
        let sequence = Sequence(Identity::read(image).map_or(0, |identity| identity.sequence));
        let loaded = OwnedImage::load(image, self.config.manifest);
        let can_kill = loaded.as_ref().is_ok_and(is_killable);
        let admitted = matched.verified(loaded.map(|_| sequence))?;
        if !can_kill {
            return Err(Refusal::KillSwitch);
        }
        let content = claim.content;
        let at = place(Directory::Images, content.digest);
        self.put(&envelope_of(&at), envelope)
            .and_then(|()| self.put(&at, image))
            .map_err(|error| refused_by(error, needed))?;
        let decision = self.state.decide(&Observation::Offered(admitted), &self.config.policy);
        self.persist(decision.state).map_err(|error| refused_by(error, needed))?;
        self.tell(decision.reasons.iter());
        self.settle(self.state);
        self.tidy();
        Ok(content)
    }

    /// Takes a kill list. It counts at once, for every content, and where the disk cannot be written to as long as this
    /// process runs.
    ///
    /// # Errors
    /// When it is not taken. The one that counts goes on counting.
    pub fn kill(&mut self, list: &[u8], envelope: &[u8]) -> Result<Killed, KillRefusal> {
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

    /// How the content that runs is doing, and what follows from it. To be called every few seconds, and at least twice in
    /// [`Policy::stall_seconds`].
    pub fn check(&mut self) -> Advice {
        let now = self.elapsed();
        let hours = now / HOUR;
        // More than a day at once is a clock that jumped.
        for _ in 0..hours.saturating_sub(self.hours).min(24) {
            self.observe(&Observation::Hour);
        }
        self.hours = hours;
        let health = self.health(now);
        if health.recent.events >= self.config.policy.ceilings.least_events {
            self.judged = health.counts();
        }
        if self.observe(&Observation::Healthy(health)) == Act::Restart { Advice::Restart } else { Advice::GoOn }
    }

    /// The sensor is about to stop, in an orderly way. Without this call, the next start asks the system how this one ended.
    pub fn stop(mut self) {
        self.observe(&Observation::Stopping);
    }

    /// What runs, and what is known of it.
    #[must_use]
    pub fn status(&mut self) -> Status {
        let running = self.shared.current();
        let now = self.elapsed();
        let release = |running: &Running| {
            let open = running.image.as_deref().map(OwnedImage::open)?;
            Some(open.verified().image().identity().release.to_string())
        };
        let rule_counts = running.image.as_deref().map(OwnedImage::open).map(|open| {
            let verified = open.verified();
            (verified.loaded_rules(), verified.image().rule_count())
        });
        Status {
            role: self.role,
            memory: self.memory,
            both_copies: self.both_copies,
            is_saved: !self.unsaved,
            rung: running.rung,
            running: running.content.map(|content| ContentStatus::of(content, release(&running).unwrap_or_default())),
            rules: rule_counts,
            factory: self.factory,
            state: self.state,
            kills_lost: self.kills_lost,
            has_forgotten: self.has_forgotten(),
            health: self.health(now),
            log_silence: self.log_silence(),
            unwritten_evidence: self.evidence.unwritten(),
            damaged_evidence: self.evidence.damaged(),
        }
    }

    /// What was decided, and why, the oldest first: what is kept of it.
    pub fn evidence(&self) -> impl Iterator<Item = &Record> {
        self.evidence.records()
    }

    /// What the device remembers.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// What was found of the state when the store was opened.
    #[must_use]
    pub const fn memory(&self) -> Memory {
        self.memory
    }

    /// Whether this process may write to the store.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Whether this process writes to the store: it had the lock before it read the state, and could read it. Whatever is on a
    /// disk that cannot be read is better than what this process knows.
    #[must_use]
    pub const fn is_writable(&self) -> bool {
        self.is_locked && !matches!(self.memory, Memory::Unreadable(_))
    }

    fn elapsed(&mut self) -> u64 {
        // A clock that fails stands still, and so does a trial.
        self.platform.elapsed().unwrap_or(0)
    }

    fn health(&mut self, now: u64) -> Health {
        let mut health = self.shared.health();
        health.seconds = now.saturating_sub(self.began);
        health.recent = health.counts().since(self.judged);
        health.silenced = self.is_silenced();
        let tallies = self.shared.tallies();
        let mut busy = Vec::new();
        for tally in tallies {
            let Some(event) = tally.busy() else { continue };
            let before = self.busy.iter().find(|(other, then, _)| Arc::ptr_eq(other, &tally) && *then == event);
            let since = before.map_or(now, |(_, _, since)| *since);
            health.stalled |= now.saturating_sub(since) >= self.config.policy.stall_seconds;
            busy.push((tally, event, since));
        }
        self.busy = busy;
        health
    }

    /// Whether a kill list switches off every rule of what runs.
    fn is_silenced(&self) -> bool {
        let running = self.shared.current();
        let Some(open) = running.image.as_deref().map(OwnedImage::open) else { return false };
        let verified = open.verified();
        let mut memory = vec![0; verified.kill_words()];
        let list = switched(&verified, &running.switched, &mut memory);
        let rules = verified.image().rule_count();
        rules > 0 && (0..rules).all(|rule| list.kills(rule))
    }

    /// Whether this device once had more than it knows of: it confirmed content, and has none.
    fn has_forgotten(&self) -> bool {
        let confirmed = |record: &Record| record.what.ends_with(Reason::CONFIRMED);
        self.state.good.is_none() && (self.state.floor.0 > 0 || self.evidence.records().any(confirmed))
    }

    /// Carries a decision out, as far as the disk lets it.
    fn observe(&mut self, seen: &Observation) -> Act {
        let decision = self.state.decide(seen, &self.config.policy);
        let floor = self.state.floor;
        if self.differs(&decision.state) {
            if self.persist(decision.state).is_err() {
                // Nothing here makes the device worse if it is forgotten: after a restart it decides again.
                self.keep_in_memory(decision.state);
            }
            self.tell(decision.reasons.iter());
            self.tidy();
        }
        if self.state.floor > floor {
            self.platform.raise_floor(self.state.floor);
        }
        match decision.act {
            Act::Choose => {
                // Where the image changed in memory, it is read again although the state is the same.
                if matches!(seen, Observation::Healthy(health) if health.corrupt) {
                    self.tell(decision.reasons.iter());
                    self.reload = true;
                }
                self.settle(self.state);
                self.reload = false;
                self.tidy();
            }
            // What runs stays in place, and may stand elsewhere now.
            _ => self.relabel(),
        }
        decision.act
    }

    fn differs(&self, next: &State) -> bool {
        State { generation: self.state.generation, ..*next } != self.state
    }

    fn keep_in_memory(&mut self, next: State) {
        self.state = State { generation: self.state.generation, ..next };
        self.unsaved = true;
    }

    /// Decides what runs, writes that, and puts it in place. False: it could not be written.
    fn settle(&mut self, state: State) -> bool {
        self.settle_as(state, false)
    }

    /// The same; `is_start` where a run has just ended, and what it was ended by is to be counted.
    fn settle_as(&mut self, state: State, is_start: bool) -> bool {
        let mut found = Found::default();
        let mut loaded: Vec<(Rung, Loaded)> = Vec::new();
        let mut writable = self.is_writable();
        let mut counted = writable || !is_start;
        let mut is_full = false;
        loop {
            let looked = Observation::Looked { found, writable, counted, boot: self.boot };
            let decision = state.decide(&looked, &self.config.policy);
            let rung = match decision.act {
                Act::Look(rung) => {
                    // One image beside that which runs, at most.
                    loaded.clear();
                    let usable = match self.look(&state, rung) {
                        Ok(image) => {
                            loaded.push((rung, image));
                            Usable::Yes
                        }
                        Err(why) => Usable::No(why),
                    };
                    found.note(rung, usable);
                    continue;
                }
                Act::Run(rung) => rung,
                Act::Keep | Act::Choose | Act::Restart => Rung::Nothing,
            };
            let saved = match self.differs(&decision.state) {
                true if is_full => Err(DiskError::Full),
                true => self.persist(decision.state).or_else(|_| self.persist(decision.state)),
                false => Ok(()),
            };
            if saved.is_err() {
                if rung == Rung::Candidate && writable {
                    // What is not armed on disk is not run: its crash would be counted against nothing.
                    writable = false;
                    continue;
                }
                if saved == Err(DiskError::Full) && is_start && counted && matches!(rung, Rung::Good | Rung::Earlier) {
                    // Nor is what crashed, until there is room to say so: every start would run it again.
                    (counted, is_full) = (false, true);
                    continue;
                }
                self.keep_in_memory(decision.state);
            }
            self.tell(decision.reasons.iter());
            let image = loaded.pop().filter(|(at, _)| *at == rung).map(|(_, loaded)| loaded);
            self.install(rung, image);
            return saved.is_ok();
        }
    }

    fn install(&mut self, rung: Rung, loaded: Option<Loaded>) {
        let current = self.shared.current();
        let content = loaded.as_ref().map(|loaded| loaded.content);
        if current.content == content && current.rung == rung && !self.reload {
            return;
        }
        let image = loaded.map(|loaded| loaded.image);
        self.shared.swap(rung, content, image, Arc::clone(&self.switched));
        self.judged = Recent::default();
        self.began = self.elapsed();
    }

    /// The content that runs, under the rung where it stands now.
    fn relabel(&self) {
        let current = self.shared.current();
        if let Some(rung) = self.state.running.filter(|rung| *rung != current.rung)
            && self.state.content(rung) == current.content
        {
            self.shared.swap(rung, current.content, current.image.clone(), Arc::clone(&current.switched));
        }
    }

    fn switch(&mut self, kills: &Kills<'_>) {
        let rules = kills.rules().map(String::from).collect();
        self.switched = Arc::new(Switched { all: kills.all, rules });
        let current = self.shared.current();
        self.shared.swap(current.rung, current.content, current.image.clone(), Arc::clone(&self.switched));
    }

    /// Reads content of a rung, and holds it to everything that it was held to when it was admitted.
    fn look(&mut self, state: &State, rung: Rung) -> Result<Loaded, Unusable> {
        if rung == Rung::Factory {
            let (Some(bytes), Some(content)) = (self.config.factory, self.factory) else {
                return Err(Unusable::Missing);
            };
            return match self.in_memory(content) {
                Some(loaded) => Ok(loaded),
                None => self.load(content, bytes),
            };
        }
        let content = state.content(rung).ok_or(Unusable::Missing)?;
        if let Some(loaded) = self.in_memory(content) {
            return Ok(loaded);
        }
        let at = place(Directory::Images, content.digest);
        let bytes = self.disk.read(&at, self.config.policy.image_bytes).map_err(unusable)?;
        if Digest::of(&bytes) != content.digest {
            return Err(Unusable::Damaged);
        }
        let envelope = self.disk.read(&envelope_of(&at), ENVELOPE_BYTES).map_err(unusable)?;
        let claim = self.authority.claim(&envelope, Purpose::Run).map_err(Unusable::Distrusted)?;
        if claim.content != content {
            return Err(Unusable::Distrusted(Distrust::Subject));
        }
        self.load(content, &bytes)
    }

    fn in_memory(&self, content: Content) -> Option<Loaded> {
        let current = self.shared.current();
        let image = current.image.as_ref().filter(|_| current.content == Some(content) && !self.reload)?;
        Some(Loaded { content, image: Arc::clone(image) })
    }

    fn load(&self, content: Content, bytes: &[u8]) -> Result<Loaded, Unusable> {
        let image = OwnedImage::load(bytes, self.config.manifest).map_err(Unusable::Rejected)?;
        if !is_killable(&image) {
            return Err(Unusable::KillSwitch);
        }
        Ok(Loaded { content, image: Arc::new(image) })
    }

    fn load_kills(&mut self) {
        let Some(mark) = self.state.kill else { return };
        let at = place(Directory::Kills, mark.digest);
        let list = self.disk.read(&at, kills::BYTES).ok().filter(|list| Digest::of(list) == mark.digest);
        let envelope = self.disk.read(&envelope_of(&at), ENVELOPE_BYTES).ok();
        let signed = list
            .zip(envelope)
            .filter(|(list, envelope)| self.authority.kill_list(list, envelope, Purpose::Run).is_ok());
        match signed.as_ref().and_then(|(list, _)| Kills::read(list).ok()) {
            Some(kills) => self.switch(&kills),
            None => {
                self.kills_lost = true;
                self.note(&format!("kill list {} cannot be read: rules that it switched off run again", mark.epoch));
            }
        }
    }

    /// Writes a state: first over the older copy, so that the other one stays whole until this one is on disk.
    fn persist(&mut self, next: State) -> Result<(), DiskError> {
        if !self.is_writable() {
            return Err(DiskError::ReadOnly);
        }
        self.attempted = self.attempted.max(self.state.generation).saturating_add(1);
        let state = State { generation: self.attempted, ..next };
        let record = state.to_record();
        let first = self.newest.map_or(0, |newest| 1 - newest);
        self.put(&copy(first), &record)?;
        self.newest = Some(first);
        self.state = state;
        self.unsaved = false;
        self.both_copies = self.put(&copy(1 - first), &record).is_ok();
        Ok(())
    }

    /// Writes a file, so that it is there whole or not at all.
    fn put(&mut self, to: &Place, bytes: &[u8]) -> Result<(), DiskError> {
        put(&mut self.disk, to, bytes)
    }

    /// The newest kill list on disk that is signed, where the state that named one is lost: what is switched off stays so.
    fn kept_kills(&mut self) -> Option<KillMark> {
        let names = self.disk.list(Directory::Kills, NAMES).unwrap_or_default();
        let digests = names.iter().filter_map(|name| Digest::from_hex(name));
        let mut newest: Option<KillMark> = None;
        for digest in digests {
            let at = place(Directory::Kills, digest);
            let list = self.disk.read(&at, kills::BYTES).ok().filter(|list| Digest::of(list) == digest);
            let envelope = self.disk.read(&envelope_of(&at), ENVELOPE_BYTES).ok();
            let (Some(list), Some(envelope)) = (list, envelope) else { continue };
            let is_signed = self.authority.kill_list(&list, &envelope, Purpose::Run).is_ok();
            let mark =
                Kills::read(&list).ok().filter(|_| is_signed).map(|kills| KillMark { epoch: kills.epoch, digest });
            if mark.is_some_and(|mark| newest.is_none_or(|known| known.epoch < mark.epoch)) {
                newest = mark;
            }
        }
        newest
    }

    /// Removes what neither copy of the state names.
    fn tidy(&mut self) {
        if !self.is_writable() {
            return;
        }
        if let Ok(names) = self.disk.list(Directory::Temporary, NAMES) {
            for name in names {
                let _ = self.disk.remove(&Place { directory: Directory::Temporary, name });
            }
        }
        let mut states = vec![self.state];
        for at in 0..2 {
            match read_copy(&mut self.disk, at) {
                Ok(state) => states.extend(state),
                // It may name anything.
                Err(CopyLost::Disk(_)) => return,
                Err(CopyLost::State(_)) => {}
            }
        }
        let mut named = Vec::new();
        for state in &states {
            for rung in Rung::LADDER {
                named.extend(state.content(rung).map(|content| content.digest));
            }
            named.extend(state.kill.map(|kill| kill.digest));
        }
        for directory in [Directory::Images, Directory::Kills] {
            let Ok(names) = self.disk.list(directory, NAMES) else { continue };
            for name in names {
                let digest = Digest::from_hex(name.strip_suffix(".env").unwrap_or(&name));
                // What has another name is not the store's.
                if digest.is_some_and(|digest| !named.contains(&digest)) {
                    let _ = self.disk.remove(&Place { directory, name });
                }
            }
        }
    }

    fn tell(&mut self, reasons: impl Iterator<Item = Reason>) {
        let words: Vec<String> = reasons.map(|reason| reason.to_string()).collect();
        for word in words {
            self.note(&word);
        }
    }

    fn note(&mut self, what: &str) {
        let wall = self.platform.wall();
        let disk = self.is_locked.then_some(&mut self.disk);
        self.evidence.add(disk, wall, what);
    }
}

/// Whether a directory has content or kill lists of a store.
fn has_files(disk: &mut impl Disk) -> bool {
    [Directory::Images, Directory::Kills].into_iter().any(|directory| {
        let names = disk.list(directory, NAMES).unwrap_or_default();
        names.iter().any(|name| Digest::from_hex(name.strip_suffix(".env").unwrap_or(name)).is_some())
    })
}

/// Writes a file, so that it is there whole or not at all.
pub(crate) fn put(disk: &mut impl Disk, to: &Place, bytes: &[u8]) -> Result<(), DiskError> {
    let temporary = Place { directory: Directory::Temporary, name: to.name.clone() };
    let outcome = disk
        .write(&temporary, bytes)
        .and_then(|()| disk.sync(&temporary))
        .and_then(|()| disk.rename(&temporary, to))
        .and_then(|()| disk.sync_directory(to.directory));
    if outcome.is_err() {
        // It is swept with the next start if it cannot be removed now.
        let _ = disk.remove(&temporary);
    }
    outcome
}

fn unusable(error: DiskError) -> Unusable {
    match error {
        DiskError::Missing => Unusable::Missing,
        DiskError::Large | DiskError::Irregular => Unusable::Damaged,
        DiskError::Full | DiskError::ReadOnly | DiskError::Other(_) => Unusable::Unreadable,
    }
}

fn refused_by(error: DiskError, needed: u64) -> Refusal {
    match error {
        DiskError::Full => Refusal::Space { needed, free: None },
        _ => Refusal::ReadOnly,
    }
}

/// The kill switch is tried before it is needed: a list of all rules must switch off every one.
fn is_killable(image: &OwnedImage) -> bool {
    let open = image.open();
    let verified = open.verified();
    let mut memory = vec![0; verified.kill_words()];
    let all = Switched { all: true, rules: Vec::new() };
    let list = switched(&verified, &all, &mut memory);
    (0..verified.image().rule_count()).all(|rule| list.kills(rule))
}

pub(crate) fn read_copy(disk: &mut impl Disk, at: usize) -> CopyFound {
    let mut read = disk.read(&copy(at), RECORD);
    for _ in 0..RETRIES {
        // A disk that fails once may not fail twice, and the newer copy is worth asking for again.
        if matches!(read, Err(DiskError::Other(_))) {
            read = disk.read(&copy(at), RECORD);
        }
    }
    match read {
        Ok(bytes) => State::from_record(&bytes).map(Some).map_err(CopyLost::State),
        Err(DiskError::Missing) => Ok(None),
        Err(DiskError::Large | DiskError::Irregular) => Err(CopyLost::State(NoState::Length)),
        Err(error) => Err(CopyLost::Disk(error)),
    }
}

/// The newer of two copies.
pub(crate) fn remembered(build: Digest, copies: [CopyFound; 2]) -> (Memory, State, Option<usize>) {
    let [a, b] = copies;
    match (a, b) {
        (Ok(Some(a)), Ok(Some(b))) => {
            let memory = if a == b { Memory::Whole } else { Memory::OneCopy };
            if b.generation > a.generation { (memory, b, Some(1)) } else { (memory, a, Some(0)) }
        }
        (Ok(Some(a)), _) => (Memory::OneCopy, a, Some(0)),
        (_, Ok(Some(b))) => (Memory::OneCopy, b, Some(1)),
        (Ok(None), Ok(None)) => (Memory::Fresh, State::fresh(build), None),
        (Err(CopyLost::State(why)), _) | (_, Err(CopyLost::State(why))) => {
            (Memory::Lost(why), State::fresh(build), None)
        }
        (Err(CopyLost::Disk(why)), _) | (_, Err(CopyLost::Disk(why))) => {
            (Memory::Unreadable(why), State::fresh(build), None)
        }
    }
}
