//! A fleet with its people: keys of each role, a log in a directory, a roll, devices that sign.

#![allow(dead_code, reason = "each user takes what it needs")]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use contentcheck_fleet::clock::Clock;
use contentcheck_fleet::{Collector, Daemon, Follower, Place, Rolls, Shard, roll};
use contentcheck_log::write::{Directory, SecretKey};
use contentcheck_log::{Algorithm, Class, Hash, VerifierKey};
use contentcheck_rollout::census::Device;
use contentcheck_rollout::entry::{Evidence, Halt, Keys, Plan, Release, Role, Roles, Start};
use contentcheck_rollout::report::What;
use contentcheck_rollout::{Body, Book, Entry, Id, Policy, Report, Roll};

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn core::error::Error>>;

pub(crate) const LOG: &str = "example.com/content";
/// Monday, 4 January 2027, 08:00.
pub(crate) const START: u64 = 1_799_049_600;

/// A directory that goes away.
pub(crate) struct Temporary(pub(crate) PathBuf);

impl Temporary {
    pub(crate) fn new() -> Outcome<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("contentcheck-fleet-{}-{number}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn key(name: &str, algorithm: Algorithm) -> Outcome<SecretKey> {
    let mut seed = [0; 32];
    for (to, from) in seed.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    Ok(SecretKey::of_seed(name, algorithm, &seed)?)
}

pub(crate) fn device(number: usize) -> Outcome<SecretKey> {
    key(&format!("device-{number}"), Algorithm::Note)
}

fn holders(role: Role) -> Outcome<Vec<SecretKey>> {
    (0..3).map(|number| key(&format!("{}-{number}", role.name()), Algorithm::Note)).collect()
}

/// A clock that tests set.
#[derive(Clone)]
pub(crate) struct Hands(Arc<AtomicU64>);

impl Hands {
    pub(crate) fn new(at: u64) -> Self {
        Self(Arc::new(AtomicU64::new(at)))
    }

    pub(crate) fn set(&self, at: u64) {
        self.0.store(at, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn clock(&self) -> Clock {
        let hands = Arc::clone(&self.0);
        Arc::new(move || hands.load(Ordering::Relaxed))
    }
}

pub(crate) struct World {
    pub(crate) directory: Temporary,
    pub(crate) book: Book<Directory>,
    pub(crate) verifier: String,
    pub(crate) devices: Vec<SecretKey>,
    pub(crate) roll: Roll,
    pub(crate) hands: Hands,
    witnesses: Vec<String>,
}

impl World {
    /// A log with keys of everybody, and a census of so many devices. The two witnesses have these keys, or some of their own.
    pub(crate) fn new(devices: usize, at: u64, witnesses: Option<[String; 2]>) -> Outcome<Self> {
        let directory = Temporary::new()?;
        let log = key(LOG, Algorithm::Note)?;
        let verifier = log.verifier();
        let book = Book::begin(Directory::open(directory.0.join("log"))?, log)?;
        let keys: Vec<SecretKey> = (0..devices).map(device).collect::<Outcome<_>>()?;
        let stratum = |number: usize| if number.is_multiple_of(3) { "windows/11" } else { "linux/6.12" };
        let of = |(number, key): (usize, &SecretKey)| Device {
            key: key.public(),
            stratum: stratum(number).into(),
            held: number % 1_000 == 7,
            group: None,
            behind: 0,
        };
        let roll = Roll::new(keys.iter().enumerate().map(of).collect())?;
        fs::write(directory.0.join("fleet.roll"), roll::print(&roll))?;
        let witnesses = match witnesses {
            Some(witnesses) => witnesses.to_vec(),
            None => (1..=2).map(|number| Ok(Self::witness(number)?.verifier())).collect::<Outcome<_>>()?,
        };
        let mut world = Self { directory, book, verifier, devices: keys, roll, hands: Hands::new(at), witnesses };
        let roles = Role::ALL.map(|role| {
            let mut keys: Vec<[u8; 32]> = holders(role).unwrap_or_default().iter().map(SecretKey::public).collect();
            keys.sort_unstable();
            Roles { needed: role.needed().0, keys }
        });
        let [one, other] =
            [world.witnesses.first(), world.witnesses.get(1)].map(|one| one.cloned().unwrap_or_default());
        let trust = format!(
            "log {}\nwitness security {one}\nwitness customer {other}\ngroup both 2 security customer\nquorum both\n",
            world.verifier
        );
        world.signed(None, Body::Keys(Keys { version: 1, roles, trust }))?;
        Ok(world)
    }

    pub(crate) fn witness(number: u8) -> Outcome<SecretKey> {
        key(&format!("example.com/witness-{number}"), Algorithm::Cosignature)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.0.join(name)
    }

    pub(crate) fn now(&self) -> u64 {
        self.hands.now()
    }

    /// An entry that as many keys of its role sign as must.
    pub(crate) fn signed(&mut self, of: Option<(Id, Hash)>, body: Body) -> Outcome<Hash> {
        let role = body.role();
        let mut entry = Entry::new(of, self.now().max(self.book.state().time()), body);
        if let Some(role) = role {
            for key in holders(role)?.iter().take(role.needed().0.into()) {
                entry.sign(LOG, key);
            }
        }
        Ok(self.book.append(&[&entry.to_bytes()])?)
    }

    fn of(&self) -> Outcome<(Id, Hash)> {
        let rollout = self.book.state().newest().ok_or("no rollout")?;
        Ok((rollout.id(), rollout.last()))
    }

    pub(crate) fn id(&self) -> Id {
        self.book.state().newest().map_or_else(Hash::empty, |rollout| rollout.id())
    }

    /// A release with its census and plan.
    pub(crate) fn plan(&mut self, name: &str, sequence: u64) -> Outcome<Id> {
        let census = self.signed(None, Body::Census(self.roll.census().clone()))?;
        let release = Release {
            image: [sequence as u8; 32],
            content: [sequence as u8 ^ 0xFF; 32],
            sequence,
            bytes: 48_512,
            attestation: [9; 32],
            name: name.into(),
        };
        let release = self.signed(None, Body::Release(release))?;
        let policy = Policy::read(Policy::STANDARD)?;
        self.signed(None, Body::Plan(Plan { release, census, class: Class::Routine, reverts: None, policy }))
    }

    /// Both witnesses, with the keys that are made here, sign.
    pub(crate) fn cosign(&mut self) -> Outcome {
        for number in 1..=2 {
            let witness = Self::witness(number)?;
            let text = self.book.log().checkpoint().split("\n\n").next().ok_or("no text")?.to_owned() + "\n";
            let line = witness.line(&text, self.now());
            self.cosigned(&witness.verifier(), &line)?;
        }
        Ok(())
    }

    pub(crate) fn cosigned(&mut self, verifier: &str, line: &str) -> Outcome {
        Ok(self.book.cosigned(&VerifierKey::read(verifier).map_err(|why| why.to_string())?, line)?)
    }

    /// Starts by the checkpoint as it is, and opens the first ring.
    pub(crate) fn start(&mut self) -> Outcome {
        let checkpoint = self.book.log().checkpoint().to_owned();
        let of = self.of()?;
        self.signed(Some(of), Body::Start(Start { checkpoint }))?;
        self.open()
    }

    pub(crate) fn open(&mut self) -> Outcome {
        let rollout = self.book.state().newest().ok_or("no rollout")?;
        let ring = rollout.next_ring().ok_or("no ring is left")?;
        let opening = rollout.opening(ring).ok_or("not started")?;
        self.book.append(&[&opening.to_bytes()])?;
        Ok(())
    }

    /// A plan that is signed by the witnesses, started, and whose first ring is open.
    pub(crate) fn opened(&mut self) -> Outcome<Id> {
        let id = self.plan("content 7", 7)?;
        self.cosign()?;
        self.start()?;
        Ok(id)
    }

    pub(crate) fn evidence(&mut self, evidence: Evidence) -> Outcome {
        let of = self.of()?;
        self.signed(Some(of), Body::Evidence(evidence))?;
        Ok(())
    }

    pub(crate) fn verdict(&mut self) -> Outcome {
        let rollout = self.book.state().newest().ok_or("no rollout")?;
        let verdict = rollout.judgement(rollout.open_ring().ok_or("none is open")?)?.verdict;
        let of = self.of()?;
        self.signed(Some(of), Body::Verdict(verdict))?;
        Ok(())
    }

    pub(crate) fn halt(&mut self, reason: &str) -> Outcome {
        let of = self.of()?;
        self.signed(Some(of), Body::Halt(Halt { reason: reason.into() }))?;
        Ok(())
    }

    /// A halt that one key signed, and that is not in the log.
    pub(crate) fn halt_beside(&self, reason: &str) -> Outcome<Vec<u8>> {
        let mut entry = Entry::new(Some(self.of()?), self.now(), Body::Halt(Halt { reason: reason.into() }));
        entry.sign(LOG, holders(Role::Halt)?.first().ok_or("no key")?);
        Ok(entry.to_bytes())
    }

    /// The devices of a ring that take part, by number.
    pub(crate) fn ring(&self, ring: u8) -> Vec<usize> {
        let Some(opening) = self.book.state().newest().and_then(|rollout| rollout.opening(0)) else {
            return Vec::new();
        };
        let of_ring = self.devices.iter().enumerate().filter(|(_, key)| opening.ring_of(&key.public(), None) == ring);
        of_ring.map(|(number, _)| number).filter(|number| number % 1_000 != 7).collect()
    }

    pub(crate) fn report(&self, device: usize, number: u64, what: What) -> Vec<u8> {
        let Some(key) = self.devices.get(device) else { return Vec::new() };
        report(key, self.id(), number, what)
    }

    pub(crate) fn follower(&self) -> Outcome<Follower> {
        Ok(Follower::open(Place::of(&self.path("log").to_string_lossy()), &self.verifier)?)
    }

    pub(crate) fn rolls(&self) -> Outcome<Rolls> {
        Ok(Rolls::read(&self.path("fleet.roll"))?)
    }

    pub(crate) fn collect(&self, shard: Shard, clock: Clock) -> Outcome<Daemon> {
        collect(&self.directory.0, &self.verifier, shard, clock, 0)
    }
}

pub(crate) fn report(key: &SecretKey, rollout: Id, number: u64, what: What) -> Vec<u8> {
    let seen = (1, Hash([1; 32]));
    Report { device: key.public(), rollout, number, clock: 0, what, seen }.sign(key)
}

/// A collector of the log and the roll of a directory.
pub(crate) fn collect(root: &Path, verifier: &str, shard: Shard, clock: Clock, port: u16) -> Outcome<Daemon> {
    let log = Follower::open(Place::of(&root.join("log").to_string_lossy()), verifier)?;
    let rolls = Rolls::read(&root.join("fleet.roll"))?;
    let collector = Collector { reports: root.join("reports"), shard, log, rolls, clock };
    Ok(collector.start(TcpListener::bind(("127.0.0.1", port))?)?)
}
