//! The rollout itself: the state machine of `contentcheck_rollout` on a log in memory. The simulation holds the keys of every role of that
//! log, signs as their holders would, and appends; what may happen next is decided by [`State::apply`] and by nothing here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contentcheck_log::write::SecretKey;
use contentcheck_log::{Algorithm, Class, Hash, Opening};
use contentcheck_rollout::census::Stratum;
use contentcheck_rollout::entry::{Evidence, Halt, Keys, Observed, Plan, Release, Role, Roles, Start};
use contentcheck_rollout::state::Phase;
use contentcheck_rollout::{Body, Census, Entry, Policy, Refusal, State};

use crate::tally::Tally;

const LOG: &str = "example.com/simulated";
/// Monday, 4 January 2027, 00:00 UTC, in seconds since 1970.
const MONDAY: u64 = 1_799_020_800;

/// Why a rollout cannot be simulated.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum NoRoad {
    /// The state machine refuses an entry: a fleet that is too small for the policy, above all.
    Refused(Refusal),
    /// A key cannot be made.
    Key,
    /// A step did not leave what it should have.
    Step,
}

impl core::fmt::Display for NoRoad {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Refused(why) => why.fmt(f),
            Self::Key => f.write_str("a key of the simulated log cannot be made"),
            Self::Step => f.write_str("the simulated log has no rollout"),
        }
    }
}

impl core::error::Error for NoRoad {}

impl From<Refusal> for NoRoad {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// One rollout on its log.
#[derive(Debug)]
pub(crate) struct Road {
    state: State,
    collector: SecretKey,
    halter: SecretKey,
    /// When the simulation begins.
    begin: u64,
    /// What each ring's newest evidence says.
    written: Vec<Vec<(u16, Observed)>>,
}

/// Why a rollout stands still for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    Evidence { of: u8 },
    Person,
}

fn key(name: &str, algorithm: Algorithm) -> Result<SecretKey, NoRoad> {
    let mut seed = [0; 32];
    for (to, from) in seed.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    SecretKey::of_seed(name, algorithm, &seed).map_err(|_| NoRoad::Key)
}

fn holder(role: Role, number: u8) -> Result<SecretKey, NoRoad> {
    key(&format!("{}-{number}", role.name()), Algorithm::Note)
}

fn witness(number: u8) -> Result<SecretKey, NoRoad> {
    key(&format!("example.com/witness-{number}"), Algorithm::Cosignature)
}

fn keys() -> Result<Keys, NoRoad> {
    let of = |role: Role| -> Result<Roles, NoRoad> {
        let count = if role == Role::Collect { 1 } else { 3 };
        let mut keys =
            (0..count).map(|at| holder(role, at).map(|key| key.public())).collect::<Result<Vec<_>, NoRoad>>()?;
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

impl Road {
    /// A log with its people, a census of these strata, a release and its plan, started, with the first ring open.
    ///
    /// # Errors
    /// What the state machine refuses.
    pub(crate) fn new(policy: &Policy, strata: Vec<Stratum>, seed: u64, start: u32) -> Result<Self, NoRoad> {
        let mut fleet = [0; 32];
        for (to, from) in fleet.iter_mut().zip(seed.to_le_bytes()) {
            *to = from;
        }
        let begin = MONDAY + u64::from(start) * 60;
        let mut road = Self {
            state: State::new(LOG),
            collector: holder(Role::Collect, 0)?,
            halter: holder(Role::Halt, 0)?,
            begin,
            written: vec![Vec::new(); usize::from(policy.ring_count())],
        };
        road.signed(Body::Keys(keys()?))?;
        let census = road.signed(Body::Census(Census { devices: Hash(fleet), strata }))?;
        let release = road.signed(Body::Release(Release {
            image: [2; 32],
            content: [2; 32],
            sequence: 2,
            bytes: 4_096,
            attestation: [9; 32],
            name: "simulated".into(),
        }))?;
        let plan = Plan { release, census, class: Class::Routine, reverts: None, policy: policy.clone() };
        road.signed(Body::Plan(plan))?;
        let checkpoint = road.checkpoint()?;
        road.append(&Entry::new(Some(road.of()?), begin, Body::Start(Start { checkpoint })))?;
        road.open()?;
        Ok(road)
    }

    fn signed(&mut self, body: Body) -> Result<Hash, NoRoad> {
        let role = body.role();
        let mut entry = Entry::new(None, self.begin, body);
        if let Some(role) = role {
            for number in 0..role.needed().0 {
                entry.sign(LOG, &holder(role, number)?);
            }
        }
        self.append(&entry)
    }

    fn append(&mut self, entry: &Entry) -> Result<Hash, NoRoad> {
        let bytes = entry.to_bytes();
        self.state.apply(&bytes)?;
        Ok(Hash::of_leaf(&bytes))
    }

    fn checkpoint(&self) -> Result<String, NoRoad> {
        let text = format!("{LOG}\n{}\n{}\n", self.state.size(), STANDARD.encode(self.state.root().0));
        let mut note = format!("{text}\n{}", key(LOG, Algorithm::Note)?.line(&text, 0));
        for number in 1..=2 {
            note += &witness(number)?.line(&text, self.begin);
        }
        Ok(note)
    }

    fn rollout(&self) -> Result<&contentcheck_rollout::state::Rollout, NoRoad> {
        self.state.newest().ok_or(NoRoad::Step)
    }

    fn of(&self) -> Result<(Hash, Hash), NoRoad> {
        self.rollout().map(|rollout| (rollout.id(), rollout.last()))
    }

    fn open(&mut self) -> Result<(), NoRoad> {
        let rollout = self.rollout()?;
        let opening = rollout.next_ring().and_then(|ring| rollout.opening(ring)).ok_or(NoRoad::Step)?;
        Ok(self.state.apply(&opening.to_bytes())?)
    }

    /// What devices find their rings by.
    pub(crate) fn opening(&self) -> Result<Opening, NoRoad> {
        self.rollout()?.opening(0).ok_or(NoRoad::Step)
    }

    /// Rings that are open.
    pub(crate) fn open_rings(&self) -> u8 {
        self.rollout().ok().and_then(|rollout| rollout.open_ring()).map_or(0, |ring| ring + 1)
    }

    /// Whether and why no further device takes the release.
    pub(crate) fn stopped(&self) -> Option<Stopped> {
        match self.rollout().ok()?.phase() {
            Phase::Rejected { of, .. } => Some(Stopped::Evidence { of: *of }),
            Phase::Halted { .. } => Some(Stopped::Person),
            _ => None,
        }
    }

    /// Writes what was counted by a minute into the log, and opens the next ring where the state machine lets it be opened.
    pub(crate) fn barrier(&mut self, minute: u32, tally: &Tally) -> Result<(), NoRoad> {
        let time = self.begin + u64::from(minute) * 60;
        let rollout = self.rollout()?;
        let is_due = matches!(rollout.phase(), Phase::Open { .. })
            && rollout.next_ring().is_some()
            && rollout.baked_at().is_some_and(|baked| time >= baked);
        for ring in 0..self.open_rings() {
            self.evidence(ring, (minute, time), tally, is_due)?;
        }
        let rollout = self.rollout()?;
        if !is_due || !matches!(rollout.phase(), Phase::Open { .. }) {
            return Ok(());
        }
        let ring = rollout.open_ring().ok_or(NoRoad::Step)?;
        let verdict = rollout.judgement(ring).map_err(|why| NoRoad::Refused(Refusal::TooSmall(why)))?.verdict;
        let entry = Entry::new(Some(self.of()?), time, Body::Verdict(verdict));
        // What is refused changes nothing: the ring shows not enough yet, or there is a blackout.
        let mut next = self.state.clone();
        if next.apply(&entry.to_bytes()).is_ok() {
            let before = core::mem::replace(&mut self.state, next);
            if self.open().is_err() {
                self.state = before;
            }
        }
        Ok(())
    }

    /// A collector writes evidence where it says something new, and where a verdict is due, which wants it fresh.
    fn evidence(&mut self, ring: u8, (minute, time): (u32, u64), tally: &Tally, is_due: bool) -> Result<(), NoRoad> {
        let cells = (0_u16..).zip(tally.ring(ring)).filter(|(_, cell)| cell.receipts > 0);
        let strata: Vec<_> = cells.map(|(stratum, cell)| (stratum, cell.observed(minute))).collect();
        // Minutes grow by themselves, and decide nothing without failures.
        let says = |strata: &[(u16, Observed)]| -> Vec<(u16, Observed)> {
            let without = |mut observed: Observed| {
                (observed.new.minutes, observed.old.minutes) = (0, 0);
                observed
            };
            strata.iter().map(|(stratum, observed)| (*stratum, without(*observed))).collect()
        };
        let Some(written) = self.written.get_mut(usize::from(ring)) else { return Ok(()) };
        let now = says(&strata);
        if !is_due && *written == now {
            return Ok(());
        }
        *written = now;
        let evidence = Evidence { ring, until: time, count: u64::from(minute), reports: Hash([3; 32]), strata };
        let mut entry = Entry::new(Some(self.of()?), time, Body::Evidence(evidence));
        entry.sign(LOG, &self.collector);
        self.append(&entry).map(|_| ())
    }

    /// A person halts the rollout.
    pub(crate) fn halt(&mut self, minute: u32) -> Result<(), NoRoad> {
        let time = self.begin + u64::from(minute) * 60;
        let body = Body::Halt(Halt { reason: "devices are down".into() });
        let mut entry = Entry::new(Some(self.of()?), time, body);
        entry.sign(LOG, &self.halter);
        self.append(&entry).map(|_| ())
    }
}
