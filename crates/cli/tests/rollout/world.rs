//! A directory of rollouts, run by commands at times that a test sets.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use clap::Parser as _;
use contentcheck::args::{Cli, Command};
use contentcheck::{Streams, commands};
use contentcheck_log::write::{Directory, SecretKey};
use contentcheck_log::{Algorithm, Hash, Opening, Token, Trust};
use contentcheck_rollout::report::What;
use contentcheck_rollout::{Body, Book, Entry, Report, State};

// Made for this test: `openssl genpkey -algorithm ed25519`.
pub(crate) const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIFwFkYxPbHARyDwisUzpT7BdfNsyMQFg5e3FNqFOgBds\n-----END PRIVATE KEY-----\n";
pub(crate) const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAbN9JtNih/Tw8psY+UwyJKxKjxdRgYhbiMwmdvj7XrDk=\n-----END PUBLIC KEY-----\n";
pub(crate) const MINUTE: u64 = 60;
pub(crate) const HOUR: u64 = 60 * MINUTE;
/// Monday, 4 January 2027, 08:00.
pub(crate) const START: u64 = 1_799_049_600;
/// Which of them are in the first ring, of a hundredth, nobody knows before: with so many, fewer than the three that it needs are there once in 300,000
/// rollouts. With 1,200 it was once in 2,000, and some test failed about once in 50 runs.
pub(crate) const DEVICES: u16 = 1_800;
/// The sequence whose content is not that of the others.
pub(crate) const BAD: u32 = 13;

pub(crate) struct World {
    pub(crate) root: PathBuf,
    pub(crate) keys: Vec<SecretKey>,
    pub(crate) numbers: BTreeMap<(usize, bool), u64>,
    /// Entries of the log that devices say they have seen.
    pub(crate) seen: u64,
    /// Whether they are shown another log than this one.
    pub(crate) is_forked: bool,
}

/// The evidence of the demo under a sequence. It is gated once for all tests, which takes longer than most of them.
fn gated(sequence: u32) -> PathBuf {
    static GATED: Mutex<BTreeMap<u32, PathBuf>> = Mutex::new(BTreeMap::new());
    // A test that fails in here leaves nothing half: what it made is not in the map.
    let mut gated = GATED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(evidence) = gated.get(&sequence) {
        return evidence.clone();
    }
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("gated-{sequence}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&place);
    let release = place.join("release");
    let releases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/releases");
    copy(&releases.join("demo"), &release);
    copy(&releases.join("demo-11"), &place.join("demo-11"));
    fs::write(place.join("gate.pem"), PRIVATE).unwrap();
    let config = release.join("contentcheck.toml");
    let text = fs::read_to_string(&config).unwrap();
    assert!(text.contains("sequence = 12"), "the demo has another sequence");
    fs::write(&config, text.replace("sequence = 12", &format!("sequence = {sequence}"))).unwrap();
    if sequence == BAD {
        let changed = release.join("drivers.content");
        let text = fs::read_to_string(&changed).unwrap();
        fs::write(changed, format!("# What this release has and no other one.\n{text}")).unwrap();
    }
    let evidence = place.join("evidence");
    let [of, into, key] = [&release, &evidence, &place.join("gate.pem")].map(|path| path.to_str().unwrap().to_owned());
    let all = ["contentcheck", "gate", &of, "--cases", "64", "--evidence", &into, "--sign", &key];
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = Streams { out: &mut out, err: &mut err, color: false, interactive: false };
    let exit = contentcheck::run(&Cli::try_parse_from(all).unwrap(), &mut streams);
    assert_eq!(exit.number(), 0, "{}", String::from_utf8_lossy(&err));
    gated.insert(sequence, evidence.clone());
    evidence
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

pub(crate) struct Run {
    pub(crate) exit: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    pub(crate) fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("contentcheck-rollout-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join("gate.pem"), PRIVATE).unwrap();
        fs::write(root.join("gate.pub.pem"), PUBLIC).unwrap();
        let keys = (0..DEVICES)
            .map(|number| {
                let mut seed = [7; 32];
                seed[..2].copy_from_slice(&number.to_le_bytes());
                SecretKey::of_seed("device", Algorithm::Note, &seed).unwrap()
            })
            .collect();
        Self { root, keys, numbers: BTreeMap::new(), seen: 1, is_forked: false }
    }

    pub(crate) fn run(&self, now: u64, arguments: &[&str]) -> Run {
        let site = self.root.join("fleet");
        let all = [&["contentcheck", "rollout", "-C", site.to_str().unwrap()], arguments].concat();
        let Command::Rollout(arguments) = Cli::try_parse_from(all).unwrap_or_else(|error| panic!("{error}")).command
        else {
            panic!("another command")
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut streams = Streams { out: &mut out, err: &mut err, color: false, interactive: false };
        let outcome = commands::rollout::run_at(&arguments, now, &mut streams);
        let (exit, failure) = match outcome {
            Ok(exit) => (exit.number(), String::new()),
            Err(failure) => (contentcheck::exit::Exit::from(failure.kind).number(), failure.message),
        };
        let err = String::from_utf8(err).unwrap() + &failure;
        Run { exit, out: String::from_utf8(out).unwrap(), err }
    }

    /// Runs what must end with this exit code.
    pub(crate) fn must(&self, exit: u8, now: u64, arguments: &[&str]) -> Run {
        let run = self.run(now, arguments);
        assert_eq!(run.exit, exit, "{arguments:?}\n{}\n{}", run.out, run.err);
        run
    }

    pub(crate) fn begin(&self) {
        self.must(0, START, &["init", "--log", "example.com/content", "--small"]);
        let lines = self.keys.iter().enumerate().map(|(number, key)| {
            let stratum = if number % 3 == 0 { "linux/6.12" } else { "windows/11" };
            format!("{} {stratum}\n", Hash(key.public()))
        });
        fs::write(self.root.join("fleet/devices.roll"), lines.collect::<String>()).unwrap();
    }

    /// The demo under a sequence, gated, and the arguments by which it is planned.
    pub(crate) fn gate(&self, sequence: u32) -> Vec<String> {
        let evidence = self.root.join(format!("evidence-{sequence}"));
        copy(&gated(sequence), &evidence);
        let path = |name: &str| evidence.join(name).to_str().unwrap().to_owned();
        vec![
            path("release.ccimage"),
            "--attestation".into(),
            path("attestation.dsse.json"),
            "--attestation-key".into(),
            self.root.join("gate.pub.pem").to_str().unwrap().to_owned(),
        ]
    }

    pub(crate) fn state(&self) -> State {
        let settings: toml::Table =
            toml::from_str(&fs::read_to_string(self.root.join("fleet/rollout.toml")).unwrap()).unwrap();
        let log = settings["log"].as_str().unwrap();
        let key = contentcheck_log::VerifierKey::read(log).unwrap();
        contentcheck_rollout::book::read(contentcheck_log::write::ReadOnly::new(self.root.join("fleet/log")), &key)
            .unwrap()
    }

    /// The root of the log with so many entries; of one that has fewer, none of it.
    /// Logs the next ring as a writer does who asks no witness before, or whose witnesses are gone a moment later.
    pub(crate) fn log_next_ring(&self, now: u64) {
        let fleet = self.root.join("fleet");
        let key = SecretKey::read(fs::read_to_string(fleet.join("keys/log.key")).unwrap().trim()).unwrap();
        let mut book = Book::open(Directory::open(fleet.join("log")).unwrap(), key).unwrap();
        let newest = book.state().newest().unwrap();
        let verdict = newest.judgement(newest.open_ring().unwrap()).unwrap().verdict;
        let of = Some((newest.id(), newest.last()));
        let verdict = Entry::new(of, now.max(book.state().time()), Body::Verdict(verdict)).to_bytes();
        let cleared = book.state().rehearse(&[&verdict]).unwrap();
        let opening = cleared.newest().and_then(|newest| newest.opening(newest.next_ring()?)).unwrap().to_bytes();
        book.append(&[&verdict, &opening]).unwrap();
    }

    pub(crate) fn root_at(&self, size: u64) -> Hash {
        let storage = contentcheck_log::write::ReadOnly::new(self.root.join("fleet/log"));
        let settings: toml::Table =
            toml::from_str(&fs::read_to_string(self.root.join("fleet/rollout.toml")).unwrap()).unwrap();
        let key = contentcheck_log::VerifierKey::read(settings["log"].as_str().unwrap()).unwrap();
        let entries = contentcheck_log::write::View::open(storage, &key).unwrap().entries().unwrap();
        let mut frontier = contentcheck_log::write::Frontier::default();
        entries.iter().take(usize::try_from(size).unwrap()).for_each(|entry| frontier.push(entry));
        frontier.root()
    }

    pub(crate) fn opening(&self) -> Opening {
        let state = self.state();
        let rollout = state.newest().unwrap();
        rollout.opening(rollout.open_ring().unwrap()).unwrap()
    }

    /// The devices that the token of the newest ring lets in, as each of them would find by itself.
    pub(crate) fn let_in(&self) -> Vec<usize> {
        let state = self.state();
        let opening = self.opening();
        let token = format!("fleet/tokens/{}/ring-{}.token", opening.sequence, opening.ring);
        let token = fs::read(self.root.join(token)).unwrap();
        let trust = Trust::read(&state.keys().unwrap().trust).unwrap();
        let opened = Token::read(&token).unwrap().check(&trust).unwrap();
        assert_eq!(*opened.opening(), opening);
        assert!(opening.is_safe().is_ok());
        assert!(opened.since_ring_before().is_none_or(|since| since >= opening.class.bake()));
        let is_in = |number: &usize| opening.ring_of(&self.keys[*number].public(), None) == opening.ring;
        (0..usize::from(DEVICES)).filter(is_in).collect()
    }

    /// The devices of the newest ring, whether its token is there or not.
    pub(crate) fn let_in_by(&self, sequence: u64) -> Vec<usize> {
        let opening = self.opening();
        assert_eq!(opening.sequence, sequence);
        (0..usize::from(DEVICES))
            .filter(|number| opening.ring_of(&self.keys[*number].public(), None) == opening.ring)
            .collect()
    }

    /// What devices report, in the order of its times, into the file of the collector.
    pub(crate) fn report(&mut self, reports: Vec<(u64, usize, What)>) {
        let newest = self.state().newest().unwrap().id();
        self.report_of(newest, reports);
    }

    /// The same of a rollout that another one may have followed.
    pub(crate) fn report_of(&mut self, rollout: Hash, mut reports: Vec<(u64, usize, What)>) {
        reports.sort_by_key(|(at, ..)| *at);
        let place = self.root.join(format!("fleet/reports/{rollout}"));
        fs::create_dir_all(&place).unwrap();
        let file = place.join("0.reports");
        let mut bytes = fs::read(&file).unwrap_or_default();
        let until = reports.last().map_or(0, |(at, ..)| *at);
        let root = if self.is_forked { Hash([9; 32]) } else { self.root_at(self.seen) };
        for (at, device, what) in reports {
            let number = self.numbers.entry((device, what.is_of_partner())).or_default();
            *number += 1;
            let key = &self.keys[device];
            let report =
                Report { device: key.public(), rollout, number: *number, clock: at, what, seen: (self.seen, root) };
            bytes.extend(at.to_le_bytes());
            bytes.extend(report.sign(key));
        }
        fs::write(file, bytes).unwrap();
        let all = self.root.join("fleet/reports");
        let mut settled = format!("until {until}\n");
        for (path, bytes) in files(&all).iter().filter(|(path, _)| path.ends_with("0.reports")) {
            let of = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
            settled += &format!("{of} {}\n", bytes.len());
        }
        fs::write(all.join("0.settled"), settled).unwrap();
    }

    /// Devices that take the release at once, and say every 25 minutes that they are well, until a time.
    pub(crate) fn well(&mut self, devices: &[usize], from: u64, until: u64) {
        let mut reports: Vec<(u64, usize, What)> =
            devices.iter().map(|device| (from, *device, What::Receipt)).collect();
        for at in (from + 25 * MINUTE..=until).step_by(25 * 60).chain([until]) {
            reports.extend(devices.iter().map(|device| (at, *device, What::Well)));
        }
        self.report(reports);
    }
}

/// The files below a directory, and what is in them.
pub(crate) fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

pub(crate) fn strs(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// A ring that goes well, and the next one.
pub(crate) fn ring(world: &mut World, opened: u64, bake: u64) -> u64 {
    let devices = world.let_in();
    let baked = opened + bake;
    let early = world.must(0, baked - 1, &["advance"]);
    assert!(early.out.contains("stays the last one"), "{}", early.out);
    world.well(&devices, opened, baked);
    let done = world.must(0, baked, &["advance"]);
    assert!(done.out.starts_with("open: ring"), "{}\n{}", done.out, done.err);
    baked
}
