//! A log with its people: keys of each role, two witnesses, a fleet.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use contentcheck_log::write::{SecretKey, Storage};
use contentcheck_log::{Algorithm, Class, Hash, Opening};
use contentcheck_rollout::census::Device;
use contentcheck_rollout::entry::{
    Arm, Evidence, Halt, Keys, Observed, Plan, Release, Resume, Role, Roles, Start, Verdict,
};
use contentcheck_rollout::{Body, Census, Entry, Id, Policy, Refusal, State};

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn core::error::Error>>;

pub(crate) const LOG: &str = "example.com/content";
/// Monday, 4 January 2027, 08:00.
pub(crate) const START: u64 = 1_799_049_600;

pub(crate) fn key(name: &str, algorithm: Algorithm) -> Outcome<SecretKey> {
    let mut seed = [0; 32];
    for (to, from) in seed.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    Ok(SecretKey::of_seed(name, algorithm, &seed)?)
}

/// The keys of one role: three, but one for collecting.
pub(crate) fn holders(role: Role) -> Outcome<Vec<SecretKey>> {
    let count = if role == Role::Collect { 1 } else { 3 };
    (0..count).map(|number| key(&format!("{}-{number}", role.name()), Algorithm::Note)).collect()
}

pub(crate) fn keys() -> Outcome<Keys> {
    let of = |role: Role| -> Outcome<Roles> {
        let mut keys: Vec<[u8; 32]> = holders(role)?.iter().map(SecretKey::public).collect();
        keys.sort_unstable();
        Ok(Roles { needed: role.needed().0, keys })
    };
    let [root, release, plan, halt, resume, collect] = Role::ALL;
    let (log, one, other) = (key(LOG, Algorithm::Note)?, witness(1)?, witness(2)?);
    let trust = format!(
        "log {}\nwitness one {}\nwitness other {}\ngroup both 2 one other\nquorum both\n",
        log.verifier(),
        one.verifier(),
        other.verifier()
    );
    let roles = [of(root)?, of(release)?, of(plan)?, of(halt)?, of(resume)?, of(collect)?];
    Ok(Keys { version: 1, roles, trust })
}

pub(crate) fn witness(number: u8) -> Outcome<SecretKey> {
    key(&format!("example.com/witness-{number}"), Algorithm::Cosignature)
}

/// A log in memory, with the keys of everybody.
#[derive(Clone)]
pub(crate) struct Book {
    pub(crate) state: State,
    pub(crate) entries: Vec<Vec<u8>>,
}

impl Book {
    pub(crate) fn new(state: State) -> Outcome<Self> {
        let mut book = Self { state, entries: Vec::new() };
        book.signed(None, START, Body::Keys(keys()?), 2)??;
        Ok(book)
    }

    pub(crate) fn append(&mut self, entry: &[u8]) -> Result<Hash, Refusal> {
        self.state.apply(entry)?;
        self.entries.push(entry.to_vec());
        Ok(Hash::of_leaf(entry))
    }

    /// An entry that so many keys of its role sign.
    pub(crate) fn signed(
        &mut self,
        of: Option<(Id, Hash)>,
        time: u64,
        body: Body,
        signers: usize,
    ) -> Outcome<Result<Hash, Refusal>> {
        let role = body.role();
        let mut entry = Entry::new(of, time, body);
        if let Some(role) = role {
            for key in holders(role)?.iter().take(signers) {
                entry.sign(LOG, key);
            }
        }
        Ok(self.append(&entry.to_bytes()))
    }

    pub(crate) fn census(&mut self, strata: &[(&str, u32)]) -> Outcome<Hash> {
        let mut devices = Vec::new();
        for (name, count) in strata {
            for _ in 0..*count {
                let mut key = [0; 32];
                key[..8].copy_from_slice(&(devices.len() as u64).to_le_bytes());
                devices.push(Device { key, stratum: (*name).to_owned(), held: false, group: None, behind: 0 });
            }
        }
        self.census_of(devices)
    }

    pub(crate) fn census_of(&mut self, mut devices: Vec<Device>) -> Outcome<Hash> {
        let census = Census::of(&mut devices)?;
        Ok(self.signed(None, self.state.time(), Body::Census(census), 2)??)
    }

    pub(crate) fn release(&mut self, sequence: u64) -> Outcome<Hash> {
        self.release_of(sequence, sequence as u8)
    }

    /// A release with the content of another one.
    pub(crate) fn release_of(&mut self, sequence: u64, content: u8) -> Outcome<Hash> {
        let release = Release {
            image: [sequence as u8; 32],
            content: [content ^ 0xFF; 32],
            sequence,
            bytes: 4_096,
            attestation: [9; 32],
            name: format!("release {sequence}"),
        };
        Ok(self.signed(None, self.state.time(), Body::Release(release), 2)??)
    }

    pub(crate) fn plan(&mut self, release: Hash, census: Hash, policy: Policy) -> Outcome<Result<Hash, Refusal>> {
        let plan = Plan { release, census, class: Class::Routine, reverts: None, policy };
        self.signed(None, self.state.time(), Body::Plan(plan), 2)
    }

    /// The checkpoint of the log as it is, with the signatures of the log and so many witnesses.
    pub(crate) fn checkpoint(&self, witnesses: u8, time: u64) -> Outcome<String> {
        let root = base64(&self.state.root().0);
        let text = format!("{LOG}\n{}\n{root}\n", self.state.size());
        let mut note = format!("{text}\n{}", key(LOG, Algorithm::Note)?.line(&text, 0));
        for number in 1..=witnesses {
            note += &witness(number)?.line(&text, time);
        }
        Ok(note)
    }

    /// Of the newest rollout: what names it, and its newest entry.
    pub(crate) fn of(&self) -> Outcome<(Id, Hash)> {
        let rollout = self.state.newest().ok_or("no rollout")?;
        Ok((rollout.id(), rollout.last()))
    }

    pub(crate) fn unsigned(&mut self, time: u64, body: Body) -> Outcome<Result<Hash, Refusal>> {
        let of = self.of()?;
        self.signed(Some(of), time, body, 0)
    }

    pub(crate) fn start(&mut self, time: u64) -> Outcome<Result<Hash, Refusal>> {
        let checkpoint = self.checkpoint(2, time)?;
        self.unsigned(time, Body::Start(Start { checkpoint }))
    }

    pub(crate) fn next_opening(&self) -> Outcome<Opening> {
        let rollout = self.state.newest().ok_or("no rollout")?;
        let ring = rollout.next_ring().ok_or("no ring is left")?;
        Ok(rollout.opening(ring).ok_or("not started")?)
    }

    pub(crate) fn open(&mut self) -> Outcome<Result<Hash, Refusal>> {
        let opening = self.next_opening()?;
        Ok(self.append(&opening.to_bytes()))
    }

    /// Evidence of a ring, the same of each stratum.
    pub(crate) fn evidence(&mut self, ring: u8, time: u64, observed: Observed) -> Outcome<Result<Hash, Refusal>> {
        let strata = self.state.newest().map_or(0, |rollout| rollout.census().strata.len());
        let strata = (0..strata as u16).map(|stratum| (stratum, observed)).collect();
        let evidence = Evidence { ring, until: time, count: 1, reports: Hash([3; 32]), strata };
        let of = self.of()?;
        self.signed(Some(of), time, Body::Evidence(evidence), 1)
    }

    /// The verdict that the evidence of the open ring gives.
    pub(crate) fn computed(&self) -> Outcome<Verdict> {
        let rollout = self.state.newest().ok_or("no rollout")?;
        Ok(rollout.judgement(rollout.open_ring().ok_or("none is open")?)?.verdict)
    }

    pub(crate) fn verdict(&mut self, time: u64) -> Outcome<Result<Hash, Refusal>> {
        let verdict = self.computed()?;
        self.unsigned(time, Body::Verdict(verdict))
    }

    pub(crate) fn halt(&mut self, time: u64) -> Outcome<Result<Hash, Refusal>> {
        let of = self.of()?;
        self.signed(Some(of), time, Body::Halt(Halt { reason: "a look at it first".into() }), 1)
    }

    pub(crate) fn resume(&mut self, time: u64, signers: usize) -> Outcome<Result<Hash, Refusal>> {
        let of = self.of()?;
        self.signed(Some(of), time, Body::Resume(Resume { reason: "looked at".into() }), signers)
    }
}

/// What so many devices report of which none fails.
pub(crate) fn well(devices: u32) -> Observed {
    let watched = Arm { failures: 0, minutes: u64::from(devices) * 240 };
    let all = Observed { receipts: devices, due: devices, settled: devices, ..Observed::default() };
    Observed { minutes: watched.minutes, new: watched, old: watched, ..all }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Files in memory, the same for all copies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Storage for Memory {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let files = self.0.lock().map_err(|_| io::Error::other("poisoned"))?;
        Ok(files.get(path).cloned())
    }

    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let mut files = self.0.lock().map_err(|_| io::Error::other("poisoned"))?;
        files.insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }
}
