//! One rollout: where it is, and what has been seen of it.

use contentcheck_log::{Hash, Opening};

use crate::census::Census;
use crate::entry::{Evidence, Id, Plan, Release};
use crate::judge::{Judgement, TooSmall, judge};

/// Where a rollout is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its plan is in the log.
    Planned,
    /// Devices are spread over rings, and none is open.
    Started,
    /// A ring is open, and those before it.
    Open {
        /// The ring.
        ring: u8,
    },
    /// A person halted it.
    Halted {
        /// The ring that was open.
        ring: Option<u8>,
        /// Why.
        reason: String,
        /// When.
        at: u64,
    },
    /// The evidence of a ring says that the release is bad. It never goes on.
    Rejected {
        /// The ring that was open.
        ring: u8,
        /// The ring whose evidence says so.
        of: u8,
    },
    /// Another rollout took its place.
    Superseded {
        /// The ring that was open.
        ring: Option<u8>,
        /// Whether the other one takes it back.
        reverted: bool,
    },
}

/// A ring that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The place of its opening in the log.
    pub index: u64,
    /// When, in seconds since 1970: the time of the entry that cleared it.
    pub at: u64,
}

/// One rollout.
#[derive(Clone, Debug)]
pub struct Rollout {
    id: Id,
    plan: Plan,
    release: Release,
    census: Census,
    /// The place of the plan in the log.
    index: u64,
    /// The root of the log with the plan as its last entry.
    root: Hash,
    last: Hash,
    /// Its entries, each with its place in the log: a halt that came another way names the one that it follows.
    entries: Vec<(Hash, u64)>,
    /// Where its newest halt stands.
    halted_in: Option<u64>,
    phase: Phase,
    /// Whether evidence ever said that the release is bad, whatever became of the rollout.
    is_bad: bool,
    /// The place of the entry by which its content was found bad first.
    bad_in: Option<u64>,
    /// When the newest halt was signed.
    halted_at: Option<u64>,
    /// The keys that signed the newest halt.
    halted_by: Vec<[u8; 32]>,
    salt: Option<[u8; 32]>,
    opened: Vec<Opened>,
    /// From when on the bake of the newest ring counts: its opening, or the resumption after it.
    baking_since: u64,
    /// When the next ring was cleared, where the newest entry of the rollout did so.
    cleared: Option<u64>,
    /// The newest evidence of each ring.
    evidence: Vec<Option<Evidence>>,
}

impl Rollout {
    pub(super) fn new(id: Id, (plan, release, census): (Plan, Release, Census), index: u64, root: Hash) -> Self {
        let evidence = vec![None; usize::from(plan.policy.ring_count())];
        Self {
            id,
            plan,
            release,
            census,
            index,
            root,
            last: id,
            entries: vec![(id, index)],
            halted_in: None,
            phase: Phase::Planned,
            is_bad: false,
            bad_in: None,
            halted_at: None,
            halted_by: Vec::new(),
            salt: None,
            opened: Vec::new(),
            baking_since: 0,
            cleared: None,
            evidence,
        }
    }

    /// Which one: the hash of the entry that holds its plan.
    #[must_use]
    pub const fn id(&self) -> Id {
        self.id
    }

    /// Its plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What is rolled out.
    #[must_use]
    pub const fn release(&self) -> &Release {
        &self.release
    }

    /// The devices that were there when it was planned.
    #[must_use]
    pub const fn census(&self) -> &Census {
        &self.census
    }

    /// The place of the plan in the log.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The root of the log with the plan as its last entry.
    #[must_use]
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// When it was cleared to open its first ring, where it was started and no ring has opened since.
    #[must_use]
    pub const fn cleared_to_begin(&self) -> Option<u64> {
        if matches!(self.phase, Phase::Started) { self.cleared } else { None }
    }

    /// The hash of its newest entry.
    #[must_use]
    pub const fn last(&self) -> Hash {
        self.last
    }

    /// Where it is.
    #[must_use]
    pub const fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Rings, the last one with them.
    #[must_use]
    pub fn ring_count(&self) -> u8 {
        self.plan.policy.ring_count()
    }

    /// The rings that were opened, from the first one on.
    #[must_use]
    pub fn opened(&self) -> &[Opened] {
        &self.opened
    }

    /// When somebody halted it last, whether it went on since or not.
    #[must_use]
    pub const fn halted_at(&self) -> Option<u64> {
        self.halted_at
    }

    /// The place of its newest halt in the log.
    #[must_use]
    pub const fn halted_in(&self) -> Option<u64> {
        self.halted_in
    }

    /// Whether a halt that follows one of its entries is settled by one in the log behind that entry. Times do not tell, for several entries can
    /// be of one; nor does a halt that it follows, for whoever made this one knew of that. Not where it follows an entry that is not here.
    #[must_use]
    pub fn settles_halt_after(&self, entry: &Hash) -> bool {
        let at = self.entries.iter().rev().find(|(hash, _)| hash == entry).map(|(_, index)| *index);
        at.zip(self.halted_in).is_some_and(|(at, halted)| halted > at)
    }

    /// The public keys that signed the newest halt.
    #[must_use]
    pub fn halted_keys(&self) -> &[[u8; 32]] {
        &self.halted_by
    }

    /// What devices are spread over rings by. Nothing before the start.
    #[must_use]
    pub const fn salt(&self) -> Option<&[u8; 32]> {
        self.salt.as_ref()
    }

    /// The ring that was opened last, whether the rollout goes on or not.
    #[must_use]
    pub fn open_ring(&self) -> Option<u8> {
        self.opened.len().checked_sub(1).and_then(|ring| u8::try_from(ring).ok())
    }

    /// The rings that devices may be let into now, from the first one on: none of a rollout that was halted, rejected or superseded. Tokens are
    /// made of these alone, and not of what [was opened](Self::opened).
    #[must_use]
    pub fn offered(&self) -> &[Opened] {
        if matches!(self.phase, Phase::Open { .. }) { &self.opened } else { &[] }
    }

    /// Whether it was stopped: nobody is to take its release, or nobody before people let it go on.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        matches!(self.phase, Phase::Halted { .. } | Phase::Rejected { .. } | Phase::Superseded { reverted: true, .. })
    }

    /// The place of the entry by which its content was found bad first.
    #[must_use]
    pub const fn bad_in(&self) -> Option<u64> {
        self.bad_in
    }

    /// Whether another one has taken its place and its content was found bad, before or since: nobody is to take it any more.
    #[must_use]
    pub fn is_bad_behind(&self) -> bool {
        matches!(self.phase, Phase::Superseded { .. }) && self.was_found_bad()
    }

    /// The newest evidence of a ring.
    #[must_use]
    pub fn evidence(&self, ring: u8) -> Option<&Evidence> {
        self.evidence.get(usize::from(ring))?.as_ref()
    }

    /// What the newest evidence of a ring says.
    ///
    /// # Errors
    /// Never for a ring of a plan that was taken: its rings are large enough.
    pub fn judgement(&self, ring: u8) -> Result<Judgement, TooSmall> {
        judge(&self.census, &self.plan.policy, ring, self.evidence(ring))
    }

    /// From when on the bake of the ring that was opened last counts: its opening, or the resumption after it.
    #[must_use]
    pub const fn baking_since(&self) -> u64 {
        self.baking_since
    }

    /// When the ring that was opened last has been open for as long as the policy says.
    #[must_use]
    pub fn baked_at(&self) -> Option<u64> {
        let class = self.plan.class;
        let ring = usize::from(self.open_ring()?);
        let bake = self.plan.policy.rings().get(ring).map_or(class.bake(), |ring| ring.bake(class));
        Some(self.baking_since.saturating_add(bake))
    }

    /// Whether its last ring was opened.
    #[must_use]
    pub const fn is_everywhere(&self) -> bool {
        self.opened.len() == self.evidence.len()
    }

    /// Whether the whole fleet had its content and nobody found anything wrong with it.
    #[must_use]
    pub fn was_good_everywhere(&self) -> bool {
        self.is_everywhere() && !self.was_found_bad()
    }

    /// Whether somebody found something wrong with its content: evidence, or whoever took it back, or most devices of some ring, of which the last
    /// one is judged by nobody. Devices say so for as long as they run it, also when another rollout has taken its place.
    #[must_use]
    pub fn was_found_bad(&self) -> bool {
        let is_taken_back = matches!(self.phase, Phase::Superseded { reverted: true, .. });
        self.is_bad || is_taken_back || self.evidence.iter().flatten().any(Evidence::is_mostly_failures)
    }

    /// Whether the next rollout may be planned.
    #[must_use]
    pub fn makes_way(&self, time: u64) -> bool {
        match self.phase {
            Phase::Planned | Phase::Halted { .. } | Phase::Rejected { .. } | Phase::Superseded { .. } => true,
            Phase::Started => false,
            Phase::Open { .. } => self.is_everywhere() && self.baked_at().is_some_and(|baked| time >= baked),
        }
    }

    /// The ring that would open next.
    #[must_use]
    pub fn next_ring(&self) -> Option<u8> {
        u8::try_from(self.opened.len()).ok().filter(|ring| *ring < self.ring_count())
    }

    /// The opening of a ring, as its plan has it.
    #[must_use]
    pub fn opening(&self, ring: u8) -> Option<Opening> {
        let mut shares = [0; _];
        for (to, share) in shares.iter_mut().zip(self.plan.policy.shares()) {
            *to = share;
        }
        Some(Opening {
            plan: self.id,
            image: self.release.image,
            sequence: self.release.sequence,
            salt: self.salt?,
            class: self.plan.class,
            ring,
            shares,
        })
    }

    /// What is halted can be halted again: what people signed to let it go on named the halt before, and no longer counts.
    pub(super) const fn can_be_halted(&self) -> bool {
        matches!(self.phase, Phase::Planned | Phase::Started | Phase::Open { .. } | Phase::Halted { .. })
    }

    pub(super) const fn can_open(&self) -> bool {
        matches!(self.phase, Phase::Started | Phase::Open { .. })
    }

    /// When the next ring was cleared, by its start or by a verdict, where that still holds.
    #[must_use]
    pub const fn cleared(&self) -> Option<u64> {
        self.cleared
    }

    pub(super) fn start(&mut self, salt: [u8; 32], time: u64) {
        self.phase = Phase::Started;
        self.salt = Some(salt);
        self.cleared = Some(time);
    }

    pub(super) fn clear(&mut self, time: u64) {
        self.cleared = Some(time);
    }

    pub(super) fn open(&mut self, ring: u8, index: u64, time: u64) {
        let at = self.cleared.unwrap_or(time);
        self.opened.push(Opened { index, at });
        self.baking_since = at;
        self.phase = Phase::Open { ring };
    }

    pub(super) fn halt(&mut self, reason: &str, at: u64, index: u64) {
        self.halted_at = Some(at);
        self.halted_in = Some(index);
        self.phase = Phase::Halted { ring: self.open_ring(), reason: reason.to_owned(), at };
    }

    pub(super) fn halted_by(&mut self, keys: Vec<[u8; 32]>) {
        self.halted_by = keys;
    }

    /// It goes on where it was. What the ring has shown so far counts; the time that it has been open does not.
    pub(super) fn resume(&mut self, time: u64) {
        self.phase = match (self.open_ring(), self.salt) {
            (Some(ring), _) => Phase::Open { ring },
            (None, Some(_)) => Phase::Started,
            (None, None) => Phase::Planned,
        };
        self.baking_since = time;
        if self.phase == Phase::Started {
            self.cleared = Some(time);
        }
    }

    /// Takes evidence. What it rejects never goes on.
    pub(super) fn observe(&mut self, evidence: &Evidence) -> Result<(), TooSmall> {
        let of = evidence.ring;
        if let Some(newest) = self.evidence.get_mut(usize::from(of)) {
            *newest = Some(evidence.clone());
        }
        let is_bad = self.judgement(of)?.verdict.rejects();
        self.is_bad |= is_bad;
        let is_live = matches!(self.phase, Phase::Open { .. } | Phase::Halted { .. });
        if let (true, true, Some(ring)) = (is_bad, is_live, self.open_ring()) {
            self.phase = Phase::Rejected { ring, of };
        }
        Ok(())
    }

    pub(super) fn is_superseded(&mut self, reverted: bool, index: u64) {
        self.phase = Phase::Superseded { ring: self.open_ring(), reverted };
        self.cleared = None;
        self.notes_what_is_bad(index);
    }

    /// From an entry on its content is known to be bad.
    fn notes_what_is_bad(&mut self, index: u64) {
        if self.was_found_bad() {
            self.bad_in.get_or_insert(index);
        }
    }

    /// The hash of its newest entry. What clears a ring clears it for the next entry alone.
    pub(super) fn follow(&mut self, (hash, index): (Hash, u64), ends_clearing: bool) {
        self.last = hash;
        self.notes_what_is_bad(index);
        self.entries.push((hash, index));
        if ends_clearing && self.phase != Phase::Started {
            self.cleared = None;
        }
    }
}
