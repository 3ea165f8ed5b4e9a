//! Simulated devices: each has the store and the keys of a real sensor, on a disk in memory, and reports to a real collector over HTTP. What
//! is simulated is the machine: its clock, its crashes, and the events that it sees.
//!
//! ```text
//! Place -token-> Fleet -receipt-> Reporter -> Collector
//!                  |-- kept -> Store::offer_opened -> runs, crashes, goes back -> well or failed -> Reporter
//! ```
//!
//! The time is that of the clock that the fleet is given, so a rollout of hours takes seconds where whoever sets the clock is in a hurry.
//!
//! A device fetches the newest token of the release that is offered, finds its own ring by itself, spreads what it does, gives a receipt, and
//! activates the release when the collector has kept that. As many devices whose ring is not open, of the same strata, act as partners.

mod device;
mod disk;
mod machine;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::panic::resume_unwind;

use contentcheck_fleet::clock::Clock;
use contentcheck_fleet::{Place, Reporter, Said};
use contentcheck_log::write::{SecretKey, Storage as _};
use contentcheck_log::{Algorithm, NoToken, Opening, Token, Trust};
use contentcheck_rollout::census::{Device as Listed, Place as Group};
use contentcheck_rollout::report::What;
use contentcheck_sensor::{Config, Keyring, Rung};

use device::{Device, Sight};

/// Reports of one request: whoever passes them on for a site sends so many together.
const TOGETHER: usize = 50;
/// Rings of a rollout, at most.
const RINGS: u8 = 16;

/// How fast devices do what they do, in seconds of the fleet's clock.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two reports of a device that is well. Less than the policy's `report-within`.
    pub report: u64,
    /// Over which devices spread receipts when their ring opens.
    pub spread: u64,
    /// After which a sensor is restarted, and up to as much again.
    pub restart: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { report: 20 * 60, spread: 4 * 60, restart: 40 * 60 }
    }
}

/// What a bad release does to a machine that runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// The machine crashes, whenever it runs it.
    Crash,
    /// The machine hangs, and says nothing until a watchdog ends it.
    Hang,
    /// Nothing by itself: the content matches most of what the machine sees, and the store gives it up.
    Flood,
    /// Nothing that a machine could notice: the content says too little.
    Blind,
}

impl Harm {
    /// Seconds until a machine that crashed is back.
    pub const REBOOT: u64 = 2 * 60;
    /// Seconds until a watchdog ends a machine that hangs, and it is back.
    pub const WATCHDOG: u64 = 2 * 60 * 60;
}

/// The fault of a release, which its gate did not see: it is one of the sensor, or none of what was recorded shows it.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// What it does.
    pub harm: Harm,
    /// The devices of a hundred that have it.
    pub percent: u8,
}

/// A release that is offered.
#[derive(Clone, Debug)]
pub struct Release {
    /// Its sequence.
    pub sequence: u64,
    /// The image.
    pub image: Vec<u8>,
    /// What its gate attested.
    pub envelope: Vec<u8>,
    /// What is wrong with it, where something is.
    pub fault: Option<Fault>,
}

/// What every sensor of the fleet has built in.
#[derive(Clone, Debug)]
pub struct Built {
    /// The manifest, the factory content, the policy of trials and the log that must have opened what is taken.
    pub config: Config,
    /// Whose signatures count.
    pub keyring: Keyring,
}

/// Why devices cannot go on.
#[derive(Debug)]
pub enum NoFleet {
    /// The sensors have no policy of a log built in.
    NoLog,
    /// A file of the log cannot be fetched.
    Fetch(String, io::Error),
    /// A token is none.
    Token(NoToken),
    /// A key of a device cannot be made.
    Key,
}

impl fmt::Display for NoFleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLog => f.write_str("the sensors have no policy of a log built in"),
            Self::Fetch(path, why) => write!(f, "{path} cannot be fetched: {why}"),
            Self::Token(why) => write!(f, "the token that is handed out is none: {why}"),
            Self::Key => f.write_str("the key of a device cannot be made"),
        }
    }
}

impl core::error::Error for NoFleet {}

/// What came of a poll.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Poll {
    /// Receipts that the collector kept.
    pub receipts: usize,
    /// Failures that it kept.
    pub failures: usize,
    /// Reports that it kept.
    pub reports: usize,
    /// What devices refused to activate, and why: each reason once.
    pub refused: Vec<String>,
    /// Why reports were not kept: each reason once. They are sent again.
    pub trouble: Vec<String>,
}

/// A fleet of simulated devices.
pub struct Fleet {
    devices: Vec<Device>,
    clock: Clock,
    place: Place,
    reporter: Reporter,
    log: &'static str,
    pace: Pace,
    release: Option<Release>,
    /// The rollout and the ring whose partners were chosen.
    partners_of: Option<([u8; 32], u8)>,
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet").field("devices", &self.devices.len()).finish_non_exhaustive()
    }
}

/// The key of a device, the same for each number.
fn key(number: u32) -> Result<SecretKey, NoFleet> {
    let mut seed = [0x5D; 32];
    if let Some((first, _)) = seed.split_first_chunk_mut() {
        *first = number.to_le_bytes();
    }
    SecretKey::of_seed("device", Algorithm::Note, &seed).map_err(|_| NoFleet::Key)
}

const fn stratum(number: u32) -> &'static str {
    if number.is_multiple_of(3) { "linux/6.12" } else { "windows/11" }
}

/// Of thirty devices two stand in for each other, both of the first stratum.
fn group(number: u32, count: u32) -> Option<Group> {
    let of_thirty = number % 30;
    let first = number.saturating_sub(of_thirty);
    let place = match of_thirty {
        SPARE => 1,
        SPARED => 2,
        _ => return None,
    };
    (first.saturating_add(SPARED) < count).then(|| Group { name: format!("pair-{first}"), number: place, of: 2 })
}

/// Which devices of thirty are a pair.
const SPARE: u32 = 4;
const SPARED: u32 = 1;

impl Fleet {
    /// So many devices, a third of them in the second stratum, some of them in pairs, with content that is built in. They find the log's `tokens` and `log` at a
    /// place, and report to a collector.
    ///
    /// # Errors
    /// When their sensors have no log built in.
    pub fn new(count: u32, built: &Built, clock: &Clock, place: Place, reporter: Reporter) -> Result<Self, NoFleet> {
        let log = built.config.log.ok_or(NoFleet::NoLog)?;
        let device = |number: u32| {
            let member = group(number, count).and_then(|group| group.member());
            let config = Config { member, ..built.config };
            Ok(Device::new(key(number)?, stratum(number), config, built.keyring.clone(), clock.clone()))
        };
        let devices = (0..count).map(device).collect::<Result<_, _>>()?;
        let clock = clock.clone();
        Ok(Self { devices, clock, place, reporter, log, pace: Pace::default(), release: None, partners_of: None })
    }

    /// The devices as a roll lists them.
    ///
    /// # Errors
    /// When a key cannot be made.
    pub fn listed(count: u32) -> Result<Vec<Listed>, NoFleet> {
        let device = |number: u32| {
            let (key, stratum) = (key(number)?.public(), stratum(number).to_owned());
            Ok(Listed { key, stratum, held: false, group: group(number, count), behind: 0 })
        };
        (0..count).map(device).collect()
    }

    /// Offers a release to every device, as whoever carries bytes does. It decides nothing: the token does.
    pub fn offer(&mut self, release: Release) {
        self.release = Some(release);
    }

    /// From now on devices report to another collector.
    pub fn report_to(&mut self, reporter: Reporter) {
        self.reporter = reporter;
    }

    /// Devices that an opening lets in, as each of them finds by itself.
    #[must_use]
    pub fn let_in(&self, opening: &Opening) -> usize {
        self.devices.iter().filter(|device| device.is_let_in(opening)).count()
    }

    /// Devices by the sequence that they run. 0: a machine that is down, or without content of a release.
    pub fn running(&mut self) -> BTreeMap<u64, usize> {
        let mut counts = BTreeMap::new();
        for device in &mut self.devices {
            let sequence = device.runs().map_or(0, |(_, sequence)| sequence);
            let count: &mut usize = counts.entry(sequence).or_default();
            *count = count.saturating_add(1);
        }
        counts
    }

    /// Devices for which a sequence is last known good.
    pub fn confirmed(&mut self, sequence: u64) -> usize {
        self.devices.iter_mut().map(Device::runs).filter(|runs| *runs == Some((Rung::Good, sequence))).count()
    }

    /// Each device looks once: comes back, evaluates, reports, activates, crashes.
    ///
    /// # Errors
    /// When the place cannot be read or hands out nonsense. A collector that cannot be asked is no error: reports wait.
    pub fn poll(&mut self) -> Result<Poll, NoFleet> {
        let now = (self.clock)();
        let pace = self.pace;
        each(&mut self.devices, |device| device.live(now, &pace));
        let mut poll = Poll::default();
        let Some(release) = self.release.take() else { return Ok(poll) };
        let outcome = self.follow(&release, now, &mut poll);
        each(&mut self.devices, |device| device.suffer(now, &release));
        self.release = Some(release);
        outcome.map(|()| poll)
    }

    fn follow(&mut self, release: &Release, now: u64, poll: &mut Poll) -> Result<(), NoFleet> {
        let Some(token) = self.newest_token(release.sequence)? else { return Ok(()) };
        let trust = Trust::read(self.log).map_err(|_| NoFleet::NoLog)?;
        let opened = Token::read(&token).and_then(|token| token.check(&trust)).map_err(NoFleet::Token)?;
        let (opening, checkpoint) = (opened.opening(), opened.checkpoint());
        self.choose_partners(opening);
        let sight = Sight { opening, token: &token, seen: (checkpoint.size(), checkpoint.root()) };
        let pace = self.pace;
        let said = each(&mut self.devices, |device| device.report(now, &sight, &pace));
        self.send(&said, now, poll);
        let activated = each(&mut self.devices, |device| {
            device.may_activate().then(|| device.activate(&release.image, &release.envelope, &sight))
        });
        for refusal in activated.into_iter().flatten().filter_map(Result::err) {
            once(&mut poll.refused, format!("[{}] {refusal}", refusal.code()));
        }
        Ok(())
    }

    /// The token of the newest ring of a release. Nothing: no ring is open.
    fn newest_token(&self, sequence: u64) -> Result<Option<Vec<u8>>, NoFleet> {
        let mut newest = None;
        for ring in 0..RINGS {
            let path = format!("tokens/{sequence}/ring-{ring}.token");
            match self.place.read(&path).map_err(|why| NoFleet::Fetch(path, why))? {
                Some(token) => newest = Some(token),
                None => break,
            }
        }
        Ok(newest)
    }

    /// As many partners of each stratum as the ring has devices of it, where so many wait.
    fn choose_partners(&mut self, opening: &Opening) {
        let of = Some((opening.plan.0, opening.ring));
        if self.partners_of == of {
            return;
        }
        self.partners_of = of;
        let mut needed: BTreeMap<String, usize> = BTreeMap::new();
        for device in self.devices.iter().filter(|device| device.is_let_in(opening)) {
            let count = needed.entry(device.stratum.clone()).or_default();
            *count = count.saturating_add(1);
        }
        for device in self.devices.iter_mut().filter(|device| device.is_free(opening)) {
            if let Some(count) = needed.get_mut(&device.stratum).filter(|count| **count > 0) {
                *count = count.saturating_sub(1);
                device.be_partner(opening);
            }
        }
    }

    fn send(&mut self, said: &[Option<(What, Vec<u8>)>], now: u64, poll: &mut Poll) {
        let reports: Vec<(usize, What, &[u8])> = said
            .iter()
            .enumerate()
            .filter_map(|(at, said)| said.as_ref().map(|(what, bytes)| (at, *what, bytes.as_slice())))
            .collect();
        for together in reports.chunks(TOGETHER) {
            let body: Vec<u8> = together.iter().flat_map(|(_, _, bytes)| bytes.iter().copied()).collect();
            let answers = match self.reporter.send(&body) {
                Ok(answers) => answers,
                Err(why) => {
                    once(&mut poll.trouble, why.to_string());
                    continue;
                }
            };
            for ((at, what, _), answer) in together.iter().zip(answers) {
                match (answer, self.devices.get_mut(*at)) {
                    (Said::Kept, Some(device)) => {
                        device.kept(*what, now);
                        poll.reports = poll.reports.saturating_add(1);
                        poll.receipts = poll.receipts.saturating_add(usize::from(*what == What::Receipt));
                        poll.failures = poll.failures.saturating_add(usize::from(*what == What::Failed));
                    }
                    (Said::Refused(why), _) => once(&mut poll.trouble, why),
                    (Said::Kept, None) => {}
                }
            }
        }
    }
}

/// Adds what is not there.
fn once(list: &mut Vec<String>, what: String) {
    if !list.contains(&what) {
        list.push(what);
    }
}

/// Does the same to each device, on all processors, and gives the answers in the order of the devices.
fn each<T: Send>(devices: &mut [Device], work: impl Fn(&mut Device) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let part = devices.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = devices
            .chunks_mut(part)
            .map(|part| scope.spawn(|| part.iter_mut().map(&work).collect::<Vec<T>>()))
            .collect();
        let joined = parts.into_iter().map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic)));
        joined.flatten().collect()
    })
}
