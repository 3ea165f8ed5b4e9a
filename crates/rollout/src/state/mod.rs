//! The state that follows from a log: entry by entry, the same for everybody who reads it.
//!
//! [`State::apply`] takes an entry or says which rule it breaks. Whoever writes the log asks it before an entry is written, each witness before
//! it signs, and whoever reads the log afterwards can ask again. What is refused changes nothing.

mod refusal;
mod rollout;
mod window;

use std::collections::BTreeMap;

use contentcheck_log::floors::{QUORUM, keep_apart};
use contentcheck_log::write::Frontier;
use contentcheck_log::{Hash, Opening, Trust};

use crate::census::Census;
use crate::entry::{Body, Entry, Evidence, Halt, Id, Keys, Logged, Plan, Release, Resume, Role, Start, Verdict};
use crate::judge::groups;

pub use refusal::{Check, Refusal};
pub use rollout::{Opened, Phase, Rollout};
pub use window::{Hold, Window};

/// Seconds for which people may take to sign an entry.
const SIGNING: u64 = 24 * 60 * 60;

/// A halt that came beside a log: somebody who may halt signed it, and the log may keep it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The rollout that it halts.
    pub id: Id,
    /// When it was signed, by the clock of whoever did.
    pub at: u64,
    /// The entry of the rollout that it follows: the newest one that whoever signed it knew.
    pub after: Hash,
}

/// What is known after so many entries of a log.
#[derive(Clone, Debug)]
pub struct State {
    log: String,
    frontier: Frontier,
    /// The root with each entry as the last one.
    roots: Vec<Hash>,
    time: u64,
    keys: Option<Keys>,
    censuses: BTreeMap<[u8; 32], Census>,
    newest_census: Option<Hash>,
    releases: BTreeMap<[u8; 32], Release>,
    rollouts: Vec<Rollout>,
    /// Whether signatures are taken as given: to find out what else an entry would break.
    rehearses: bool,
    #[cfg(feature = "mutation")]
    without: Option<Check>,
}

impl State {
    /// What is known before the first entry of the log with this name.
    #[must_use]
    pub fn new(log: &str) -> Self {
        Self {
            log: log.to_owned(),
            frontier: Frontier::default(),
            roots: Vec::new(),
            time: 0,
            keys: None,
            censuses: BTreeMap::new(),
            newest_census: None,
            releases: BTreeMap::new(),
            rollouts: Vec::new(),
            rehearses: false,
            #[cfg(feature = "mutation")]
            without: None,
        }
    }

    /// Whether these entries could follow each other here once everybody has signed: every rule is asked but signatures. Nothing changes.
    ///
    /// # Errors
    /// Which rule the first one breaks that breaks one.
    pub fn rehearse(&self, entries: &[&[u8]]) -> Result<Self, Refusal> {
        let mut rehearsed = Self { rehearses: true, ..self.clone() };
        entries.iter().try_for_each(|entry| rehearsed.apply(entry))?;
        Ok(rehearsed)
    }

    /// The same without one of its checks, for the tests that show what the check is there for.
    #[cfg(feature = "mutation")]
    #[must_use]
    pub fn without(mut self, check: Check) -> Self {
        self.without = Some(check);
        self
    }

    /// The name of the log.
    #[must_use]
    pub fn log(&self) -> &str {
        &self.log
    }

    /// Entries so far.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root over them.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Whether this is a log that the log was: so many of its entries, with their root.
    #[must_use]
    pub fn was(&self, size: u64, root: &Hash) -> bool {
        let last = size.checked_sub(1).and_then(|last| usize::try_from(last).ok());
        last.and_then(|last| self.roots.get(last)) == Some(root)
    }

    /// When the newest entry says that it was made, in seconds since 1970.
    #[must_use]
    pub const fn time(&self) -> u64 {
        self.time
    }

    /// Who holds which role.
    #[must_use]
    pub const fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }

    /// The log's key and its witnesses, as the newest keys have them.
    #[must_use]
    pub fn trust(&self) -> Option<Trust<'_>> {
        Trust::read(&self.keys.as_ref()?.trust).ok()
    }

    /// How many witnesses must sign before anybody goes by the log.
    #[must_use]
    pub fn quorum(&self) -> usize {
        self.trust().map_or(0, |trust| trust.quorum().into())
    }

    /// A census, by the hash of its entry.
    #[must_use]
    pub fn census(&self, entry: &Hash) -> Option<&Census> {
        self.censuses.get(&entry.0)
    }

    /// The newest census, and the hash of its entry.
    #[must_use]
    pub fn newest_census(&self) -> Option<(Hash, &Census)> {
        let hash = self.newest_census?;
        Some((hash, self.census(&hash)?))
    }

    /// A release, by the hash of its entry.
    #[must_use]
    pub fn release(&self, entry: &Hash) -> Option<&Release> {
        self.releases.get(&entry.0)
    }

    /// All releases, with the hashes of their entries.
    pub fn releases(&self) -> impl Iterator<Item = (Hash, &Release)> {
        self.releases.iter().map(|(hash, release)| (Hash(*hash), release))
    }

    /// All rollouts, the oldest one first.
    #[must_use]
    pub fn rollouts(&self) -> &[Rollout] {
        &self.rollouts
    }

    /// The newest rollout.
    #[must_use]
    pub fn newest(&self) -> Option<&Rollout> {
        self.rollouts.last()
    }

    /// What the newest rollout can be taken back to: rollouts before it that were good on the whole fleet, and whose content has not been found bad
    /// since, the newest one first.
    pub fn ways_back(&self) -> impl Iterator<Item = &Rollout> {
        self.newest().into_iter().flat_map(|newest| self.ways_back_from(newest.id()))
    }

    fn ways_back_from(&self, reverted: Id) -> impl Iterator<Item = &Rollout> {
        let before = self.rollouts.iter().rev().filter(move |rollout| rollout.id() != reverted);
        before.filter(|rollout| rollout.was_good_everywhere() && !self.was_found_bad_since(rollout))
    }

    /// Whether devices said since a rollout was planned that its content failed, in an earlier rollout of that content: it goes no further then.
    #[must_use]
    pub fn fails_elsewhere(&self, rollout: &Rollout) -> bool {
        let others = self.rollouts.iter().filter(|other| other.id() != rollout.id());
        let mut of_content = others.filter(|other| other.release().content == rollout.release().content);
        of_content.any(|other| other.bad_in().is_some_and(|index| index > rollout.index()))
    }

    /// Whether the newest rollout of the same content that shows what it is like shows that it is bad.
    fn was_found_bad_since(&self, rollout: &Rollout) -> bool {
        let later = self.rollouts.iter().rev().take_while(|later| later.id() != rollout.id());
        let mut of_content = later.filter(|later| later.release().content == rollout.release().content);
        let newest = of_content.find(|later| later.was_found_bad() || later.was_good_everywhere());
        newest.is_some_and(Rollout::was_found_bad)
    }

    /// A rollout by its plan.
    #[must_use]
    pub fn rollout(&self, id: &Id) -> Option<&Rollout> {
        self.rollouts.iter().find(|rollout| rollout.id() == *id)
    }

    /// The halt that an entry is, wherever the entry comes from: it need not be in the log, nor fit behind its newest entry.
    ///
    /// # Errors
    /// When it halts none that is in the log, or no key that may halt signed it.
    pub fn told(&self, bytes: &[u8]) -> Result<Told, Refusal> {
        let Ok(Logged::Entry(entry)) = Logged::read(bytes) else { return Err(Refusal::Form) };
        let of = entry.of.filter(|_| matches!(entry.body, Body::Halt(_)));
        let Some((id, after)) = of else { return Err(Refusal::Form) };
        self.rollout(&id).ok_or(Refusal::Unknown)?;
        self.signed(&entry, Role::Halt, self.keys.as_ref())?;
        Ok(Told { id, at: entry.time, after })
    }

    /// Whether a halt that somebody was told of is not in the log, nor one that came after it.
    #[must_use]
    pub fn keeps_back(&self, halt: &Told) -> bool {
        self.rollout(&halt.id).is_none_or(|rollout| !rollout.settles_halt_after(&halt.after))
    }

    /// Takes the next entry of the log.
    ///
    /// # Errors
    /// Which rule it breaks. Then nothing has changed.
    pub fn apply(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        match Logged::read(bytes).map_err(|_| Refusal::Form)? {
            Logged::Opening(opening) => self.opening(&opening, Hash::of_leaf(bytes))?,
            Logged::Entry(entry) => self.entry(entry, bytes)?,
        }
        self.frontier.push(bytes);
        self.roots.push(self.frontier.root());
        Ok(())
    }

    /// Holds a rule: one that does not hold is a refusal.
    fn demand(&self, check: Check, holds: bool) -> Result<(), Refusal> {
        #[cfg(feature = "mutation")]
        if self.without == Some(check) {
            return Ok(());
        }
        if holds { Ok(()) } else { Err(Refusal::Broken(check)) }
    }

    fn entry(&mut self, entry: Entry, bytes: &[u8]) -> Result<(), Refusal> {
        let hash = Hash::of_leaf(bytes);
        // People sign for a day while evidence goes on being logged. What counts is never before what is there.
        let patience = if entry.body.role().is_some_and(|role| role != Role::Collect) { SIGNING } else { 0 };
        self.demand(Check::Time, entry.time.saturating_add(patience) >= self.time)?;
        let time = entry.time.max(self.time);
        self.demand(Check::KeysFirst, matches!(entry.body, Body::Keys(_)) || self.keys.is_some())?;
        // Signatures come last: they take longest to look at.
        let signed = || entry.body.role().map_or(Ok(()), |role| self.signed(&entry, role, self.keys.as_ref()));
        match &entry.body {
            Body::Keys(keys) => self.keys_entry(&entry, keys)?,
            Body::Census(census) => {
                signed()?;
                self.censuses.insert(hash.0, census.clone());
                self.newest_census = Some(hash);
            }
            Body::Release(release) => {
                self.release_rules(release)?;
                signed()?;
                self.releases.insert(hash.0, release.clone());
            }
            Body::Plan(plan) => {
                let of = self.plan_rules(plan, time)?;
                signed()?;
                self.take_plan(of, bytes);
            }
            body => {
                let (id, previous) = entry.of.ok_or(Refusal::Form)?;
                let at = self.rollouts.iter().position(|rollout| rollout.id() == id).ok_or(Refusal::Unknown)?;
                let rollout = self.rollouts.get(at).ok_or(Refusal::Unknown)?;
                self.demand(Check::Chain, rollout.last() == previous)?;
                let mut changed = self.of_rollout(rollout, body, hash, time)?;
                signed()?;
                if matches!(body, Body::Halt(_)) {
                    let holders = self.keys.as_ref().map_or(&[][..], |keys| &keys.role(Role::Halt).keys);
                    changed.halted_by(entry.signers(&self.log, holders).copied().collect());
                }
                if let Some(rollout) = self.rollouts.get_mut(at) {
                    *rollout = changed;
                }
            }
        }
        self.time = time;
        Ok(())
    }

    /// Whether enough keys of a role signed an entry.
    fn signed(&self, entry: &Entry, role: Role, keys: Option<&Keys>) -> Result<(), Refusal> {
        let Some(keys) = keys else { return self.demand(Check::KeysFirst, false) };
        if self.rehearses {
            return Ok(());
        }
        let roles = keys.role(role);
        let found = entry.signers(&self.log, &roles.keys).count();
        if found >= usize::from(roles.needed) {
            return Ok(());
        }
        let refusal = Refusal::Signatures { role, found, needed: roles.needed };
        self.demand(Check::Signatures, false).map_err(|_| refusal)?;
        // Without the check one signature is still asked for: an entry that nobody signed is another attack.
        if found > 0 { Ok(()) } else { Err(refusal) }
    }

    fn keys_entry(&mut self, entry: &Entry, keys: &Keys) -> Result<(), Refusal> {
        let next = self.keys.as_ref().map_or(1, |keys| keys.version.saturating_add(1));
        self.demand(Check::KeysVersion, keys.version == next)?;
        for role in Role::ALL {
            let (least, most) = role.needed();
            let roles = keys.role(role);
            let is_enough = usize::from(roles.needed) <= roles.keys.len();
            self.demand(Check::KeysFloor, is_enough && (least..=most).contains(&roles.needed))?;
        }
        let trust = Trust::read(&keys.trust).ok();
        let is_of_log = trust.is_some_and(|trust| trust.log() == self.log && trust.quorum() >= QUORUM);
        self.demand(Check::Witnesses, is_of_log)?;
        self.signed(entry, Role::Root, Some(keys))?;
        if self.keys.is_some() {
            self.signed(entry, Role::Root, self.keys.as_ref())?;
        }
        self.keys = Some(keys.clone());
        Ok(())
    }

    fn release_rules(&self, release: &Release) -> Result<(), Refusal> {
        let highest = self.releases.values().map(|release| release.sequence).max().unwrap_or(0);
        self.demand(Check::Sequence, release.sequence > highest)
    }

    fn plan_rules(&self, plan: &Plan, time: u64) -> Result<(Plan, Release, Census), Refusal> {
        let release = self.releases.get(&plan.release.0).ok_or(Refusal::Unknown)?;
        let census = self.censuses.get(&plan.census.0).ok_or(Refusal::Unknown)?;
        let newest = self.releases.values().map(|release| release.sequence).max();
        self.demand(Check::Newest, newest == Some(release.sequence))?;
        // A release that could be planned again would be, until the devices that go first suit somebody.
        self.demand(Check::PlannedOnce, self.rollouts.iter().all(|rollout| rollout.plan().release != plan.release))?;
        self.demand(Check::OneAtATime, self.newest().is_none_or(|rollout| rollout.makes_way(time)))?;
        let are_apart =
            census.largest_group().is_none_or(|of| keep_apart(plan.policy.shares().into_iter(), of).is_ok());
        self.demand(Check::Apart, are_apart)?;
        for ring in 0..plan.policy.ring_count() {
            groups(census, &plan.policy, ring).map_err(Refusal::TooSmall)?;
        }
        if let Some(reverted) = plan.reverts {
            let reverted = self.rollout(&reverted).ok_or(Refusal::Unknown)?;
            let mut before = self.ways_back_from(reverted.id());
            self.demand(Check::Reverts, before.any(|rollout| rollout.release().content == release.content))?;
        }
        Ok((plan.clone(), release.clone(), census.clone()))
    }

    fn take_plan(&mut self, of: (Plan, Release, Census), bytes: &[u8]) {
        let mut with_plan = self.frontier.clone();
        with_plan.push(bytes);
        let reverts = of.0.reverts;
        let rollout = Rollout::new(Hash::of_leaf(bytes), of, self.size(), with_plan.root());
        if let Some(before) = self.rollouts.last_mut() {
            let index = self.frontier.size();
            before.is_superseded(reverts.is_some_and(|reverted| reverted == before.id()), index);
        }
        self.rollouts.push(rollout);
    }

    fn of_rollout(&self, rollout: &Rollout, body: &Body, hash: Hash, time: u64) -> Result<Rollout, Refusal> {
        let mut changed = rollout.clone();
        match body {
            Body::Start(start) => self.start(&mut changed, start, time)?,
            Body::Evidence(evidence) => self.evidence(&mut changed, evidence, time)?,
            Body::Verdict(verdict) => self.verdict(&mut changed, verdict, time)?,
            Body::Halt(Halt { reason }) => {
                self.demand(Check::Live, rollout.can_be_halted())?;
                changed.halt(reason, time, self.size());
            }
            Body::Resume(Resume { .. }) => {
                self.demand(Check::Resumes, matches!(rollout.phase(), Phase::Halted { .. }))?;
                changed.resume(time);
            }
            Body::Keys(_) | Body::Census(_) | Body::Release(_) | Body::Plan(_) => return Err(Refusal::Form),
        }
        changed.follow((hash, self.size()), !matches!(body, Body::Start(_) | Body::Verdict(_)));
        Ok(changed)
    }

    fn start(&self, rollout: &mut Rollout, start: &Start, time: u64) -> Result<(), Refusal> {
        self.demand(Check::Starts, matches!(rollout.phase(), Phase::Planned))?;
        let keys = self.keys.as_ref().ok_or(Refusal::Broken(Check::KeysFirst))?;
        let trust = Trust::read(&keys.trust).map_err(|_| Refusal::Broken(Check::Witnesses))?;
        let (witnessed, salt) = trust.salt(start.checkpoint.as_bytes()).map_err(Refusal::Checkpoint)?;
        let is_of_plan = witnessed.size() == rollout.index().saturating_add(1);
        self.demand(Check::Salt, is_of_plan && rollout.root() == witnessed.root())?;
        rollout.start(salt, time);
        Ok(())
    }

    fn evidence(&self, rollout: &mut Rollout, evidence: &Evidence, time: u64) -> Result<(), Refusal> {
        let open = rollout.open_ring();
        self.demand(Check::EvidenceOfOpenRing, open.is_some_and(|open| evidence.ring <= open))?;
        self.demand(Check::EvidenceTime, evidence.until <= time)?;
        let census = rollout.census();
        let is_of_census = evidence.strata.iter().all(|(stratum, observed)| {
            census.strata.get(usize::from(*stratum)).is_some_and(|stratum| observed.is_of(stratum.devices))
        });
        self.demand(Check::EvidenceOfCensus, is_of_census)?;
        let follows = rollout.evidence(evidence.ring).is_none_or(|before| evidence.follows(before));
        self.demand(Check::EvidenceGrows, follows)?;
        rollout.observe(evidence).map_err(Refusal::TooSmall)
    }

    fn verdict(&self, rollout: &mut Rollout, verdict: &Verdict, time: u64) -> Result<(), Refusal> {
        let Some(ring) = rollout.open_ring() else { return Err(Refusal::Broken(Check::Live)) };
        self.demand(Check::Live, matches!(rollout.phase(), Phase::Open { .. }))?;
        self.demand(Check::NextRing, rollout.next_ring().is_some())?;
        let computed = rollout.judgement(ring).map_err(Refusal::TooSmall)?;
        self.demand(Check::VerdictComputed, computed.verdict == *verdict)?;
        self.demand(Check::VerdictAccepts, computed.verdict.accepts())?;
        let baked = rollout.baked_at().unwrap_or(u64::MAX);
        let covered = rollout.evidence(ring).is_some_and(|evidence| evidence.until >= baked);
        self.demand(Check::Bake, time >= baked && covered)?;
        // The rings before are watched on: what crashes after a day crashes there first.
        let fresh = time.saturating_sub(rollout.plan().policy.report_within());
        let mut watched = (0..=ring).map(|ring| rollout.evidence(ring));
        let is_fresh = |newest: Option<&Evidence>| newest.is_some_and(|newest| newest.until >= fresh);
        self.demand(Check::EvidenceFresh, watched.all(is_fresh))?;
        rollout.clear(time);
        Ok(())
    }

    fn opening(&mut self, opening: &Opening, hash: Hash) -> Result<(), Refusal> {
        let at = self.rollouts.iter().position(|rollout| rollout.id() == opening.plan).ok_or(Refusal::Unknown)?;
        let rollout = self.rollouts.get(at).ok_or(Refusal::Unknown)?;
        self.demand(Check::NextRing, rollout.next_ring() == Some(opening.ring))?;
        self.demand(Check::Live, rollout.can_open())?;
        self.demand(Check::Cleared, rollout.cleared().is_some())?;
        self.demand(Check::ContentHolds, !self.fails_elsewhere(rollout))?;
        let is_open_time = |time| !rollout.plan().policy.is_blackout_at(time);
        self.demand(Check::Blackout, rollout.cleared().is_none_or(is_open_time))?;
        self.demand(Check::Rate, rollout.cleared().is_none_or(|time| self.is_within_rate(rollout, time)))?;
        self.demand(Check::OpeningOfPlan, rollout.opening(opening.ring) == Some(*opening))?;
        let mut changed = rollout.clone();
        changed.open(opening.ring, self.size(), self.time);
        changed.follow((hash, self.size()), true);
        if let Some(rollout) = self.rollouts.get_mut(at) {
            *rollout = changed;
        }
        Ok(())
    }
}
