//! One device: its key, its store, and what it has said of the rollout that goes on.

use contentcheck_fleet::clock::Clock;
use contentcheck_interpreter::{Event, Input, Scalar, Value};
use contentcheck_log::write::SecretKey;
use contentcheck_log::{Hash, Opening};
use contentcheck_rollout::report::What;
use contentcheck_rollout::{Id, Report};
use contentcheck_sensor::rings::{delay, ring_of};
use contentcheck_sensor::{Advice, Config, DeviceId, Digest, Ended, Keyring, Reader, Refusal, Rung, Store};

use crate::disk::Memory;
use crate::machine::Machine;
use crate::{Fault, Harm, Pace, Release};

/// Steps that an event may take.
const BUDGET: u64 = 1_000_000;
/// Events that a device sees between two polls.
const EVENTS: usize = 3;

/// Where a device stands in the rollout that goes on.
#[derive(Clone, Copy, Debug)]
struct Part {
    rollout: Id,
    /// Since when its ring is open, as it has seen.
    open: Option<u64>,
    /// Whether its receipt was kept, so that it may activate the release.
    may_run: bool,
    /// Whether it has activated it.
    runs: bool,
    failed: bool,
    told: bool,
    /// When it said something last.
    said: u64,
    /// Whether it is watched beside a device with the release, and whether it has said so.
    partner: Option<bool>,
}

impl Part {
    const fn of(rollout: Id) -> Self {
        Self { rollout, open: None, may_run: false, runs: false, failed: false, told: false, said: 0, partner: None }
    }
}

struct Run {
    store: Store<Memory, Machine, Keyring>,
    reader: Reader,
}

/// A device.
pub(crate) struct Device {
    key: SecretKey,
    pub(crate) stratum: String,
    config: Config,
    keyring: Keyring,
    disk: Memory,
    machine: Machine,
    /// Nothing: the machine is down.
    run: Option<Run>,
    back: u64,
    restarted: u64,
    number: u64,
    part: Part,
}

/// The rollout as a device sees it.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) opening: &'a Opening,
    pub(crate) token: &'a [u8],
    /// Entries and root of the newest checkpoint.
    pub(crate) seen: (u64, Hash),
}

impl Device {
    pub(crate) fn new(key: SecretKey, stratum: &str, config: Config, keyring: Keyring, clock: Clock) -> Self {
        let now = clock();
        let machine = Machine::new(Digest::new(key.public()), clock);
        let mut device = Self {
            key,
            stratum: stratum.to_owned(),
            config,
            keyring,
            disk: Memory::default(),
            machine,
            run: None,
            back: now,
            restarted: now,
            number: 0,
            part: Part::of(Hash([0; 32])),
        };
        device.open(now);
        device
    }

    fn id(&self) -> DeviceId {
        DeviceId(Digest::new(self.key.public()))
    }

    /// The ring that it is in.
    pub(crate) fn ring(&self, opening: &Opening) -> u8 {
        ring_of(self.id(), self.config.member.as_ref(), opening)
    }

    fn open(&mut self, now: u64) {
        let store = Store::open(self.config, self.disk.clone(), self.machine.clone(), self.keyring.clone());
        let reader = store.reader();
        self.run = Some(Run { store, reader });
        self.restarted = now;
    }

    /// The sequence that runs and where it stands. Nothing: the machine is down, or nothing runs.
    pub(crate) fn runs(&mut self) -> Option<(Rung, u64)> {
        let status = self.run.as_mut()?.store.status();
        Some((status.rung, status.running?.sequence))
    }

    /// Lets the machine come back where it was down, evaluates some events, and restarts the sensor from time to time.
    pub(crate) fn live(&mut self, now: u64, pace: &Pace) {
        if self.run.is_none() && self.back <= now {
            self.open(now);
        }
        let due = pace.restart.saturating_add(delay(self.id(), Digest::new([0; 32]), pace.restart));
        if self.run.is_some() && now.saturating_sub(self.restarted) >= due {
            if let Some(run) = self.run.take() {
                run.store.stop();
            }
            self.open(now);
        }
        let Some(Run { store, reader }) = &mut self.run else { return };
        let manifest = self.config.manifest;
        let header: Vec<Value<'_>> = manifest.header.iter().map(quiet).collect();
        let mut events = manifest.templates.iter().cycle().take(EVENTS);
        reader.run(
            || events.next(),
            |view, supply| {
                let values: Vec<Value<'_>> = supply.inputs.iter().map(quiet).collect();
                let event = Event { inputs: &values, header: &header, others: &[] };
                // Faults are counted by the reader, and judged by the store.
                let _ = view.evaluate_as(supply.template, event, BUDGET, |_| {});
            },
        );
        if store.check() == Advice::Restart {
            self.ends(Ended::Hung, now);
        }
        self.gave_up();
    }

    /// Older content runs again: the release was given up by the store's own decision.
    fn gave_up(&mut self) {
        let is_candidate_gone = self.part.runs && self.runs().is_some_and(|(_, sequence)| sequence < self.sequence());
        self.part.failed |= is_candidate_gone;
    }

    /// The sequence that the store was given last.
    fn sequence(&self) -> u64 {
        self.run.as_ref().map_or(0, |run| run.store.state().known().0)
    }

    /// The run ends now, and the machine is back later.
    fn ends(&mut self, ended: Ended, back: u64) {
        self.machine.end(ended);
        self.run = None;
        self.back = back;
        self.part.failed |= self.part.runs;
    }

    /// What the release does to the machine, where it runs and has a fault that this device has.
    pub(crate) fn suffer(&mut self, now: u64, release: &Release) {
        let Some(Fault { harm, percent }) = release.fault else { return };
        let lot = delay(self.id(), Digest::of(b"who has the fault"), 100);
        let runs = self.runs().is_some_and(|(_, sequence)| sequence == release.sequence);
        if !runs || lot >= u64::from(percent) {
            return;
        }
        match harm {
            Harm::Crash => self.ends(Ended::SystemCrash, now.saturating_add(Harm::REBOOT)),
            Harm::Hang => self.ends(Ended::Hung, now.saturating_add(Harm::WATCHDOG)),
            Harm::Flood | Harm::Blind => {}
        }
    }

    /// Whether the ring of this device is open, now that it sees the newest token.
    pub(crate) fn is_let_in(&self, opening: &Opening) -> bool {
        self.ring(opening) <= opening.ring
    }

    /// Whether it waits for its ring, and is nobody's partner.
    pub(crate) fn is_free(&self, opening: &Opening) -> bool {
        !self.is_let_in(opening) && (self.part.rollout != opening.plan || self.part.partner.is_none())
    }

    /// From now on it is watched beside a device that gets the release.
    pub(crate) fn be_partner(&mut self, opening: &Opening) {
        self.follow(opening);
        self.part.partner = Some(false);
    }

    fn follow(&mut self, opening: &Opening) {
        if self.part.rollout != opening.plan {
            self.part = Part::of(opening.plan);
        }
    }

    /// What it has to say, signed. Nothing: it has nothing to say now, or is down.
    pub(crate) fn report(&mut self, now: u64, sight: &Sight<'_>, pace: &Pace) -> Option<(What, Vec<u8>)> {
        self.follow(sight.opening);
        let let_in = self.is_let_in(sight.opening);
        let own = delay(self.id(), Digest::new(sight.opening.image), pace.spread.max(1));
        let part = &mut self.part;
        let open = if let_in || part.partner.is_some() { *part.open.get_or_insert(now) } else { return None };
        self.run.as_ref()?;
        let is_due = now.saturating_sub(part.said) >= pace.report;
        let what = match (let_in, part.may_run) {
            // Partners spread what they do in the same way.
            (false, _) if part.partner == Some(false) => {
                (now >= open.saturating_add(own)).then_some(What::PartnerReceipt)
            }
            (false, _) => is_due.then_some(What::PartnerWell),
            (true, false) => {
                if part.partner.take().is_some() {
                    part.open = Some(now);
                }
                let open = part.open.unwrap_or(now);
                (now >= open.saturating_add(own)).then_some(What::Receipt)
            }
            (true, true) if part.failed => (!part.told).then_some(What::Failed),
            (true, true) => (part.runs && is_due).then_some(What::Well),
        }?;
        self.number = self.number.saturating_add(1);
        let report = Report {
            device: self.key.public(),
            rollout: sight.opening.plan,
            number: self.number,
            clock: now,
            what,
            seen: sight.seen,
        };
        Some((what, report.sign(&self.key)))
    }

    /// The collector has kept what it said.
    pub(crate) fn kept(&mut self, what: What, now: u64) {
        self.part.said = now;
        match what {
            What::Receipt => self.part.may_run = true,
            What::Failed => self.part.told = true,
            What::PartnerReceipt => {
                self.part.partner = Some(true);
                // It loads its own content again, as a device that takes the release loads that.
                if let Some(run) = self.run.take() {
                    run.store.stop();
                }
                self.open(now);
            }
            _ => {}
        }
    }

    /// Whether its receipt was kept and the release is not activated yet.
    pub(crate) const fn may_activate(&self) -> bool {
        self.part.may_run && !self.part.runs && self.run.is_some()
    }

    /// Activates the release, by everything that the store asks.
    pub(crate) fn activate(&mut self, image: &[u8], envelope: &[u8], sight: &Sight<'_>) -> Result<(), Refusal> {
        let Some(run) = &mut self.run else { return Ok(()) };
        let taken = run.store.offer_opened(image, envelope, sight.token);
        self.part.runs = true;
        // What it gave a receipt for and does not run is a failure: silence would be one too, later.
        self.part.failed |= taken.is_err();
        taken.map(|_| ())
    }
}

/// What an event has in which nothing happens.
fn quiet(input: &Input<'_>) -> Value<'static> {
    match input.ty.scalar {
        _ if input.ty.list || input.ty.optional => Value::Absent,
        Scalar::String => Value::from("quiet"),
        Scalar::Int => Value::Int(0),
        Scalar::Bool => Value::Bool(false),
        _ => Value::Absent,
    }
}
