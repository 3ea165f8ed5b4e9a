//! A stage for rollouts: a directory with everything that a real one has, the daemons of a fleet on ports of this machine, simulated devices,
//! and a clock that is set by hand. The demo, drills and the test from end to end run on it, by the commands that an operator types.

mod content;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Parser as _;
use contentcheck_devices::{Built, Fault, Fleet, Harm, NoFleet, Poll, Release};
use contentcheck_fleet::clock::Clock;
use contentcheck_fleet::{Collector, Daemon, Dashboard, Keeper, Place, Recounter, Reporter, Shard, Source, roll};
use contentcheck_log::write::SecretKey;
use contentcheck_log::{Algorithm, Hash};
use contentcheck_project::{files, write};
use contentcheck_rollout::Roll;
use contentcheck_sensor::{Ceilings, Config, Digest, Keyring, Policy, Root, SoundPolicy};

use super::site::{DEVICES, LOG, REPORTS, SETTINGS, Site, WITNESSES, said};
use crate::Streams;
use crate::args::{Cli, Command};
use crate::commands::device::{built_in, manifest};
use crate::commands::{IMAGE_BYTES, read_whole};
use crate::exit::{Exit, Failure};

/// Where rollouts are, below the directory of a stage.
pub const FLEET: &str = "fleet";
/// Where the content is.
const CONTENT: &str = "content";
/// What the gate signs with.
const GATE_KEY: &str = "gate.pem";
const GATE_PUBLIC: &str = "gate.pub.pem";
/// The first sequence that is rolled out on a stage. The one before it is built into the sensors.
pub const FIRST: u64 = 12;
/// Devices with which the first ring can show something: the policy asks for three.
const ENOUGH: usize = 4;
/// For how many releases in a row the lot may draw fewer. That is once in a million stages.
const DRAWS: usize = 4;
/// A collector that was asked about a rollout that it does not know looks at the log, at most once in this time.
const LOOKS: Duration = Duration::from_millis(1_100);
/// How long a collector takes to say that what it has is everything, at most.
const SETTLES: Duration = Duration::from_secs(20);

/// What a command said.
#[derive(Clone, Debug)]
pub struct Ran {
    /// How it ended.
    pub exit: Exit,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// The daemons of a stage.
#[derive(Debug)]
struct Daemons {
    collector: Option<Daemon>,
    witnesses: Vec<Option<Daemon>>,
    dashboard: Daemon,
}

/// What a stage is set with.
#[derive(Debug)]
pub struct Props {
    /// Devices.
    pub devices: u32,
    /// What the clock says at first, in seconds since 1970.
    pub start: u64,
    /// Where the dashboard listens.
    pub dashboard: String,
    /// Where devices fetch tokens, and witnesses the log; without it, from the directory.
    pub web: Option<String>,
}

/// A stage.
#[derive(Debug)]
pub struct Stage {
    directory: PathBuf,
    hands: Arc<AtomicU64>,
    web: Option<String>,
    daemons: Daemons,
    /// The sequence of the next release.
    next: u64,
    /// What was done and said since somebody asked.
    said: Vec<String>,
    /// The simulated devices.
    pub fleet: Fleet,
}

const WITNESS_NAMES: [&str; 3] = ["one", "two", "three"];

fn listener(address: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| Failure::usage(format!("{address}: {}", said(&error))))
}

fn troubled(why: &NoFleet) -> Failure {
    Failure::internal(why.to_string())
}

impl Stage {
    /// Sets a stage in an empty directory, or one that is not there yet.
    ///
    /// # Errors
    /// When something is in the directory, or a port cannot be used.
    pub fn set(directory: &Path, props: Props) -> Result<Self, Failure> {
        let Props { devices, start, dashboard, web } = props;
        let is_used = std::fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some());
        if is_used {
            return Err(Failure::usage(format!("{}: this directory is not empty", files::name(directory))));
        }
        content::write_releases(&directory.join(CONTENT))?;
        let gate = keys_of_gate(directory)?;
        let hands = Arc::new(AtomicU64::new(start));
        let site = directory.join(FLEET);
        let begun = rollout(&site, start, &["init", "--log", "demo.example/content", "--small"])?;
        if begun.exit != Exit::Fine {
            return Err(Failure::usage(begun.err));
        }
        let listed = Fleet::listed(devices).map_err(|why| troubled(&why))?;
        let listed = Roll::new(listed).map_err(|why| Failure::usage(why.to_string()))?;
        write::write(&site.join(DEVICES), roll::print(&listed).as_bytes())?;
        let built = sensors(directory, &site, &gate)?;
        let of = Arc::clone(&hands);
        let clock: Clock = Arc::new(move || of.load(Ordering::Relaxed));
        let daemons = Daemons::start(&site, &clock, &dashboard, web.as_deref())?;
        let place = Place::of(web.as_deref().unwrap_or(&site.to_string_lossy()));
        let collector = daemons.collector.as_ref().map(Daemon::url).unwrap_or_default();
        let fleet = Fleet::new(devices, &built, &clock, place, Reporter::new(&collector));
        let fleet = fleet.map_err(|why| troubled(&why))?;
        Ok(Self { directory: directory.to_owned(), hands, web, daemons, next: FIRST, said: Vec::new(), fleet })
    }

    /// The directory of the rollouts.
    #[must_use]
    pub fn site(&self) -> PathBuf {
        self.directory.join(FLEET)
    }

    /// Where the dashboard is.
    #[must_use]
    pub fn dashboard(&self) -> String {
        self.daemons.dashboard.url()
    }

    /// The time on the stage.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.hands.load(Ordering::Relaxed)
    }

    fn clock(&self) -> Clock {
        let hands = Arc::clone(&self.hands);
        Arc::new(move || hands.load(Ordering::Relaxed))
    }

    /// Runs `contentcheck rollout` with these arguments, at the time on the stage.
    ///
    /// # Errors
    /// When they are no arguments.
    pub fn rollout(&mut self, arguments: &[&str]) -> Result<Ran, Failure> {
        let ran = rollout(&self.site(), self.now(), arguments)?;
        self.said.push(format!("$ contentcheck rollout {}", arguments.join(" ")));
        self.said.extend(ran.out.lines().chain(ran.err.lines()).map(str::to_owned));
        Ok(ran)
    }

    /// What was done and said on the stage since this was asked last.
    pub fn said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    /// Gates the next release, plans it by these arguments, starts it and offers it to all devices. Which devices are in the first ring is
    /// drawn by lot, and in a small fleet there may be too few to show anything: then it is halted, and the next release is drawn.
    ///
    /// # Errors
    /// When a step fails.
    pub fn begin(&mut self, plan: &[&str], fault: Option<Fault>) -> Result<u64, Failure> {
        for _ in 0..DRAWS {
            let sequence = self.next;
            self.next = sequence.saturating_add(1);
            let gated = self.gate(sequence, fault)?;
            let gated: Vec<&str> = gated.iter().map(String::as_str).collect();
            self.succeed(&[plan, &gated].concat())?;
            self.succeed(&["start"])?;
            let state = Site::open(&self.site())?.state()?;
            let opening = state.newest().and_then(|rollout| rollout.opening(0));
            let drawn = opening.map_or(0, |opening| self.fleet.let_in(&opening));
            if drawn >= ENOUGH {
                self.offer(sequence, fault)?;
                std::thread::sleep(LOOKS);
                return Ok(sequence);
            }
            self.succeed(&["halt", "--reason", &format!("the lot drew {drawn} devices into the first ring")])?;
        }
        Err(Failure::internal("the lot draws too few devices again and again"))
    }

    fn succeed(&mut self, arguments: &[&str]) -> Result<(), Failure> {
        let ran = self.rollout(arguments)?;
        if ran.exit == Exit::Fine { Ok(()) } else { Err(Failure::internal(ran.out + &ran.err)) }
    }

    /// Gates the content under a sequence, and gives the arguments by which it is planned. What is bad has content of its own: what failed once is
    /// no way back.
    fn gate(&self, sequence: u64, fault: Option<Fault>) -> Result<Vec<String>, Failure> {
        let release = self.directory.join(CONTENT).join("demo");
        let floods = fault.is_some_and(|fault| fault.harm == Harm::Flood);
        content::write_of(&release, fault.map(|_| sequence), floods)?;
        let config = release.join("contentcheck.toml");
        let text = String::from_utf8_lossy(&read_whole(&config, 1 << 20)?).into_owned();
        let of = format!("sequence = {sequence}");
        let lines = text.lines().map(|line| if line.starts_with("sequence = ") { &of } else { line });
        let text: String = lines.flat_map(|line| [line, "\n"]).collect();
        write::write(&config, text.as_bytes())?;
        let evidence = self.evidence(sequence);
        let [release, evidence, key] =
            [&release, &evidence, &self.directory.join(GATE_KEY)].map(|path| path.to_string_lossy().into_owned());
        run(&["gate", &release, "--cases", "64", "--evidence", &evidence, "--sign", &key])?;
        let path = |name: &str| self.evidence(sequence).join(name).to_string_lossy().into_owned();
        let release_key = self.directory.join(CONTENT).join("demo/gate.pub").to_string_lossy().into_owned();
        let public = self.directory.join(GATE_PUBLIC).to_string_lossy().into_owned();
        Ok(vec![
            path("release.ccimage"),
            "--attestation".to_owned(),
            path("attestation.dsse.json"),
            "--attestation-key".to_owned(),
            public,
            // Another key vouches for the release before.
            "--previous-key".to_owned(),
            release_key,
        ])
    }

    fn evidence(&self, sequence: u64) -> PathBuf {
        self.directory.join(CONTENT).join(format!("gated-{sequence}"))
    }

    /// Offers a release that was gated to every device, with a fault that the gate did not see, or none.
    fn offer(&mut self, sequence: u64, fault: Option<Fault>) -> Result<(), Failure> {
        let image = read_whole(&self.evidence(sequence).join("release.ccimage"), IMAGE_BYTES)?;
        let envelope = read_whole(&self.evidence(sequence).join("attestation.dsse.json"), IMAGE_BYTES)?;
        self.fleet.offer(Release { sequence, image, envelope, fault });
        Ok(())
    }

    /// Lets time pass, and each device look once.
    ///
    /// # Errors
    /// When what is handed out is nonsense.
    pub fn pass(&mut self, seconds: u64) -> Result<Poll, Failure> {
        self.hands.fetch_add(seconds, Ordering::Relaxed);
        self.fleet.poll().map_err(|why| troubled(&why))
    }

    /// Waits until the collector says that it has everything of before the time on the stage.
    ///
    /// # Errors
    /// When it does not within twenty seconds.
    pub fn settle(&self) -> Result<(), Failure> {
        let site = Site::open(&self.site())?;
        let state = site.state()?;
        let Some(rollout) = state.newest() else { return Ok(()) };
        let reports = Source::directory(site.path(REPORTS));
        let begin = Instant::now();
        // A second of its clock is settled when the next one has begun.
        self.hands.fetch_add(1, Ordering::Relaxed);
        let until = self.now().saturating_sub(1);
        loop {
            let settled = reports.settled_until(&rollout.id()).map_err(|error| Failure::usage(said(&error)))?;
            if settled.is_some_and(|settled| settled >= until) {
                return Ok(());
            }
            if begin.elapsed() > SETTLES {
                return Err(Failure::internal("the collector does not say that it has everything"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops the collector. Reports of devices are not kept until it is back.
    pub fn stop_collector(&mut self) {
        self.daemons.collector = None;
    }

    /// Starts the collector again.
    ///
    /// # Errors
    /// When its port cannot be used.
    pub fn start_collector(&mut self) -> Result<(), Failure> {
        let daemon = collector(&self.site(), &self.clock())?;
        self.fleet.report_to(Reporter::new(&daemon.url()));
        self.daemons.collector = Some(daemon);
        Ok(())
    }

    /// Stops a witness, by its number from 0.
    pub fn stop_witness(&mut self, number: usize) {
        if let Some(witness) = self.daemons.witnesses.get_mut(number) {
            *witness = None;
        }
    }

    /// Starts the witnesses that were stopped.
    ///
    /// # Errors
    /// When a port cannot be used.
    pub fn start_witnesses(&mut self) -> Result<(), Failure> {
        let (site, clock) = (self.site(), self.clock());
        let collector = self.daemons.collector.as_ref().map(Daemon::url);
        for (name, witness) in WITNESS_NAMES.iter().zip(&mut self.daemons.witnesses) {
            if witness.is_none() {
                *witness = Some(keeper(&site, name, &clock, (self.web.as_deref(), collector.as_deref()))?);
            }
        }
        self.daemons.tell_settings(&site)
    }
}

impl Daemons {
    fn start(site: &Path, clock: &Clock, dashboard: &str, web: Option<&str>) -> Result<Self, Failure> {
        let collector = collector(site, clock)?;
        let url = collector.url();
        let witness = |name| keeper(site, name, clock, (web, web.map(|_| url.as_str()))).map(Some);
        let witnesses = WITNESS_NAMES.into_iter().map(witness).collect::<Result<_, _>>()?;
        let here = Site::open(site)?;
        let shown = Dashboard {
            log: here.follower()?,
            reports: Some(here.recounter()?),
            hooks: Vec::new(),
            otlp: None,
            clock: clock.clone(),
            stopped: None,
            elsewhere: None,
        };
        let dashboard = shown.start(listener(dashboard)?).map_err(|error| Failure::usage(said(&error)))?;
        let daemons = Self { collector: Some(collector), witnesses, dashboard };
        daemons.tell_settings(site)?;
        Ok(daemons)
    }

    /// Writes into the settings where witnesses are asked.
    fn tell_settings(&self, site: &Path) -> Result<(), Failure> {
        let path = site.join(SETTINGS);
        let text = String::from_utf8_lossy(&read_whole(&path, 1 << 20)?).into_owned();
        let mut told = String::new();
        for line in text.lines().filter(|line| !line.starts_with("url = ")) {
            told += line;
            told.push('\n');
            let of = WITNESS_NAMES.iter().zip(&self.witnesses);
            let named = of.filter(|(name, _)| line == format!("directory = \"{WITNESSES}/{name}\""));
            for url in named.filter_map(|(_, witness)| witness.as_ref().map(Daemon::url)) {
                told += &format!("url = \"{url}\"\n");
            }
        }
        write::write(&path, told.as_bytes())
    }
}

fn collector(site: &Path, clock: &Clock) -> Result<Daemon, Failure> {
    let here = Site::open(site)?;
    let collector = Collector {
        reports: here.path(REPORTS),
        shard: Shard::default(),
        log: here.follower()?,
        rolls: here.rolls()?,
        clock: clock.clone(),
    };
    collector.start(listener("127.0.0.1:0")?).map_err(|why| Failure::usage(why.to_string()))
}

/// A witness that reads the log and the reports from the directory, or over HTTP as one of somebody else does.
fn keeper(site: &Path, name: &str, clock: &Clock, from: (Option<&str>, Option<&str>)) -> Result<Daemon, Failure> {
    let here = Site::open(site)?;
    let keeper = match from {
        (Some(web), Some(collector)) => {
            let reports = Source::of(&[collector.to_owned()]).map_err(|error| Failure::usage(said(&error)))?;
            let log = Place::of(&format!("{}/{LOG}", web.trim_end_matches('/')));
            let reports = Recounter::new(here.rolls()?, reports);
            let directory = site.join(WITNESSES).join(name);
            Keeper::open(&directory, (log, here.log()), reports, clock.clone())
                .map_err(|why| Failure::usage(why.to_string()))?
        }
        _ => here.keeper(name, clock.clone())?,
    };
    keeper.start(listener("127.0.0.1:0")?).map_err(|error| Failure::usage(said(&error)))
}

/// Makes the key that the gate signs with, and gives its public half.
fn keys_of_gate(directory: &Path) -> Result<[u8; 32], Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| Failure::internal(format!("no random numbers: {error}")))?;
    let key = SecretKey::of_seed("gate", Algorithm::Note, &seed).map_err(|why| Failure::internal(why.to_string()))?;
    // RFC 8410: what is before the 32 bytes is the same for every key.
    const PRIVATE: [u8; 16] = [0x30, 0x2E, 2, 1, 0, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 4, 0x22, 4, 0x20];
    const PUBLIC: [u8; 12] = [0x30, 0x2A, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 3, 0x21, 0];
    let pem = |label: &str, bytes: &[u8]| {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(bytes))
    };
    let public = key.public();
    write::write(&directory.join(GATE_KEY), pem("PRIVATE KEY", &[&PRIVATE[..], &seed].concat()).as_bytes())?;
    write::write(&directory.join(GATE_PUBLIC), pem("PUBLIC KEY", &[&PUBLIC[..], &public].concat()).as_bytes())?;
    Ok(public)
}

/// What the sensors have built in: the manifest of one of the fleet, the release before as factory content, the key of the gate, and the log.
fn sensors(directory: &Path, site: &Path, gate: &[u8; 32]) -> Result<Built, Failure> {
    let content = directory.join(CONTENT);
    let manifest = manifest(&content.join("demo/sensors/acme-7.15.json").to_string_lossy())?;
    let factory = content.join("factory.ccimage");
    let [before, into] = [&content.join("demo-11"), &factory].map(|path| path.to_string_lossy().into_owned());
    run(&["compile", &before, "-o", &into])?;
    let factory = read_whole(&factory, IMAGE_BYTES)?;
    let state = Site::open(site)?.state()?;
    let trust = state.keys().map(|keys| keys.trust.clone()).unwrap_or_default();
    let key = Hash(*gate);
    let root = format!("contentcheck root 1\nversion 1\nroot 1 {key}\nrelease 1 {key}\nkill 1 {key}\n");
    let root = Root::read(&root).map_err(|why| Failure::internal(why.to_string()))?;
    // A trial of twenty minutes, a restart, and twenty minutes more: the hours of a stage are short.
    let ceilings = Ceilings { least_events: 10, ..Policy::DEFAULT.ceilings };
    let policy: SoundPolicy = Policy { bake_seconds: 20 * 60, bake_events: 10, ceilings, ..Policy::DEFAULT }
        .sound()
        .map_err(|why| Failure::internal(why.to_string()))?;
    let config = Config {
        factory: Some(built_in(factory.into_boxed_slice())),
        policy,
        log: Some(built_in(trust.into_boxed_str())),
        ..Config::new(manifest, Digest::of(b"stage"), 0)
    };
    Ok(Built { config, keyring: Keyring::new(root, manifest) })
}

/// Runs `contentcheck rollout` on a directory, at a time.
fn rollout(site: &Path, now: u64, arguments: &[&str]) -> Result<Ran, Failure> {
    let site = site.to_string_lossy();
    let all = [&["contentcheck", "rollout", "-C", &site], arguments].concat();
    let cli = Cli::try_parse_from(all).map_err(|error| Failure::usage(error.to_string()))?;
    let Command::Rollout(arguments) = cli.command else { return Err(Failure::internal("another command")) };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = Streams { out: &mut out, err: &mut err, color: false, interactive: false };
    let outcome = super::run_at(&arguments, now, &mut streams);
    let (exit, failure) = match outcome {
        Ok(exit) => (exit, String::new()),
        Err(failure) => (Exit::from(failure.kind), failure.message),
    };
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Ran { exit, out: text(out), err: text(err) + &failure })
}

/// Runs a command that is none of rollouts, which must not fail.
fn run(arguments: &[&str]) -> Result<(), Failure> {
    let all = [&["contentcheck"], arguments].concat();
    let cli = Cli::try_parse_from(all).map_err(|error| Failure::usage(error.to_string()))?;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = Streams { out: &mut out, err: &mut err, color: false, interactive: false };
    if crate::run(&cli, &mut streams) == Exit::Fine {
        Ok(())
    } else {
        Err(Failure::internal(String::from_utf8_lossy(&err).into_owned()))
    }
}
