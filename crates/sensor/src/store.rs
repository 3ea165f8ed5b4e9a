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
//! A file is written to `tmp`, synced, renamed and its directory synced; a copy of the state is written over where it lies, one after
//! the other, when everything that the state names is there. So whenever the power goes, one of the two copies is whole and so are
//! the files that it names, and a full disk stops nothing but new content.

use std::format;
use std::path::PathBuf;
use std::string::{String, ToString as _};
use std::sync::Arc;
use std::vec;
use std::vec::Vec;

use contentcheck_interpreter::{Identity, Manifest, OwnedImage};
use contentcheck_log::Member;

use crate::admit::Authority;
use crate::content::{BootId, Content, Digest, Sequence};
use crate::disk::{Directory, Disk, DiskError, Files, Place};
use crate::ended::Ended;
use crate::evidence::{Evidence, Record};
use crate::health::{Health, Recent};
use crate::observation::{Act, Observation};
use crate::platform::{Platform, System};
use crate::policy::SoundPolicy;
use crate::reader::{Reader, Running, Shared, Switched};
use crate::reason::Reason;
use crate::state::{Rung, State};
use crate::status::{Content as ContentStatus, Status};

pub(crate) mod copies;
mod kill;
mod log;
mod offer;
mod settle;

pub use kill::{KillRefusal, Killed};

use copies::{Copies, Memory};

/// Bytes of the largest envelope that is read.
pub const ENVELOPE_BYTES: usize = 16 << 20;
/// Names of a directory that are looked at when it is tidied.
const NAMES: usize = 4_096;
const HOUR: u64 = 3_600;
/// How often a file is asked for again, where the disk fails.
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
    pub policy: SoundPolicy,
    /// The log by which new content must have been opened for this device: a policy of C2SP (`tlog-policy`) with one log and a group
    /// of witnesses, of which at least two must sign. Nothing: signatures of the authority are all that is asked for.
    pub log: Option<&'static str>,
    /// The place of this device in its redundancy group, as the roll of the fleet has it. No two devices of a group are in one ring, and the
    /// first one goes first. Nothing: the device is in no group.
    pub member: Option<Member>,
    /// By how many releases this device stays behind the newest one, as the roll of the fleet has it: 0, 1 or 2; more is taken for 2. It takes a
    /// release when the log shows that so many newer ones are everywhere.
    pub behind: u8,
}

impl Config {
    /// The least that a sensor says of itself. It has no built-in content, is as patient as [`SoundPolicy::DEFAULT`], asks for signatures alone, and
    /// is a device of no group that takes the newest release. What differs is set by name:
    ///
    /// ```
    /// # use contentcheck_sensor::{Config, Digest, SoundPolicy};
    /// # fn config(manifest: &'static contentcheck_interpreter::Manifest<'static>) -> Config {
    /// Config { policy: SoundPolicy::to_watch(2, 10), ..Config::new(manifest, Digest::of(b"edr 1.4.0"), 1_790_000_000) }
    /// # }
    /// ```
    #[must_use]
    pub const fn new(manifest: &'static Manifest<'static>, build: Digest, built: u64) -> Self {
        Self { manifest, build, built, factory: None, policy: SoundPolicy::DEFAULT, log: None, member: None, behind: 0 }
    }
}

/// What this process may do with the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It writes.
    Owner,
    /// It reads: another sensor has the store, or the disk has no lock.
    Guest,
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
    copies: Copies,
    state: State,
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
    /// Content whose image could not be read when it was last looked at.
    wanted: Vec<Content>,
    /// Readers that were evaluating when last looked at: which event, and since when.
    busy: Vec<(Arc<crate::reader::Tally>, u64, u64)>,
}

fn place(directory: Directory, digest: Digest) -> Place {
    Place { directory, name: digest.to_string() }
}

fn envelope_of(place: &Place) -> Place {
    Place { directory: place.directory, name: format!("{}.env", place.name) }
}

impl<A: Authority> Store<Files, System, A> {
    /// [`Store::open`] on a directory of the file system, by what the standard library tells of the system; how the last run ended is in
    /// the file `ended` of the directory ([`System`]).
    pub fn in_directory(config: Config, directory: impl Into<PathBuf>, authority: A) -> Self {
        let directory = directory.into();
        let system = System::new(directory.join("ended"));
        Self::open(config, Files::new(directory), system, authority)
    }
}

impl<D: Disk, P: Platform, A: Authority> Store<D, P, A> {
    /// Opens the store, accounts for how the last run ended, and decides what runs. It does not fail: if nothing of the
    /// directory can be used, factory content runs, and [`Store::status`] says why.
    pub fn open(config: Config, mut disk: D, mut platform: P, authority: A) -> Self {
        let made = disk.make();
        let lock = disk.lock();
        let role = match lock {
            // Where this process can write nothing, it takes nothing from another one.
            Ok(true) | Err(DiskError::ReadOnly | DiskError::Full) => Role::Owner,
            // Nobody has a directory that is none.
            Err(DiskError::Missing | DiskError::Other(std::io::ErrorKind::NotADirectory)) => Role::Owner,
            // A disk that knows no locks may have two sensors that write.
            Ok(false) | Err(_) => Role::Guest,
        };
        // Read before the lock was had, or without it, a state may be another sensor's past by the time it is written.
        let is_locked = lock == Ok(true);
        let (copies, memory, state) = Copies::read(&mut disk, config.build);
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
            copies,
            state,
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
            wanted: Vec::new(),
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
        if !matches!(memory, Memory::Fresh | Memory::Whole) {
            state.kill = store.newest_kills(state.kill);
        }
        store.state.kill = state.kill;
        store.load_kills();
        if role == Role::Guest {
            // Whose candidate it is, and how the run ended that this one is beside, is the owner's to know.
            state = state.without_candidate();
            store.settle(state, true);
            return store;
        }
        let ended = if memory == Memory::Fresh { Ended::Never } else { store.platform.ended() };
        let started =
            Observation::Started { ended, boot, build: config.build, member: config.member, behind: config.behind };
        let decision = state.decide(&started, &config.policy);
        store.tell(decision.reasons.iter());
        // Asked only where it counts: it makes the file.
        let is_last = memory == Memory::Fresh || store.platform.can_settle();
        let mut is_saved = store.settle(decision.state, is_last && state.is_innocent(ended));
        if memory == Memory::OneCopy && !store.copies.both && is_saved {
            // Whoever wrote the newer copy may have gone before it was on disk.
            is_saved = store.persist(store.state).is_ok();
            store.unsaved = !is_saved;
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

    /// How the content that runs is doing, and what follows from it. To be called every few seconds, and at least twice in
    /// [`crate::Policy::stall_seconds`].
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
        match self.observe(&Observation::Healthy(health)) {
            Act::Restart => return Advice::Restart,
            Act::Confirm => {
                let found = self.fallbacks();
                self.observe(&Observation::Confirming(found));
            }
            Act::Keep | Act::Choose | Act::Look(_) | Act::Run(_) => {}
        }
        Advice::GoOn
    }

    /// The sensor is about to stop, in an orderly way. Without this call, the next start asks the system how this one ended.
    pub fn stop(mut self) {
        let events = self.shared.health().events;
        self.observe(&Observation::Stopping { events });
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
        let rules = self.rules();
        Status {
            role: self.role,
            memory: self.memory,
            both_copies: self.copies.both,
            is_saved: !self.unsaved,
            rung: running.rung,
            running: running.content.map(|content| ContentStatus::of(content, release(&running).unwrap_or_default())),
            rules: rules.map(|rules| (rules.loaded, rules.all)),
            wanted: self.wanted(),
            switched_off: rules.map_or(0, |rules| rules.switched_off),
            factory: self.factory,
            state: self.state,
            kills_lost: self.kills_lost,
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

    /// Content that this device keeps and whose image is damaged or missing.
    fn wanted(&self) -> Vec<Content> {
        let is_kept = |content: &Content| Rung::LADDER.iter().any(|rung| self.state.content(*rung) == Some(*content));
        self.wanted.iter().copied().filter(is_kept).collect()
    }

    fn elapsed(&mut self) -> u64 {
        // A clock that fails stands still, and so does a trial.
        self.platform.elapsed().unwrap_or(0)
    }

    fn health(&mut self, now: u64) -> Health {
        let mut health = self.shared.health();
        health.seconds = now.saturating_sub(self.began);
        health.recent = health.counts().since(self.judged);
        health.silenced = self.rules().is_some_and(|rules| rules.switched_off >= rules.all && rules.all > 0);
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
                self.settle(self.state, true);
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

    fn persist(&mut self, next: State) -> Result<(), DiskError> {
        if !self.is_writable() {
            return Err(DiskError::ReadOnly);
        }
        self.state = self.copies.write(&mut self.disk, next)?;
        self.unsaved = false;
        Ok(())
    }

    /// Writes a file, so that it is there whole or not at all.
    fn put(&mut self, to: &Place, bytes: &[u8]) -> Result<(), DiskError> {
        put(&mut self.disk, to, bytes)
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
            match copies::read(&mut self.disk, at) {
                Ok(state) => states.extend(state),
                // It may name anything.
                Err(copies::Lost::Disk(_)) => return,
                Err(copies::Lost::State(_)) => {}
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

/// Reads a file, and asks for it again where the disk fails: one that fails once may not fail twice, and older content, an older state
/// or a kill list that is lost are worse than a start that takes longer.
fn read_again(disk: &mut impl Disk, place: &Place, most: usize) -> Result<Vec<u8>, DiskError> {
    let mut read = disk.read(place, most);
    for _ in 0..RETRIES {
        if matches!(read, Err(DiskError::Other(_))) {
            read = disk.read(place, most);
        }
    }
    read
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
