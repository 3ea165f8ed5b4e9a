//! What is true, and what must not happen: told from what people signed, what devices did and what time it was. Nothing here asks the state machine.

use core::fmt;

use contentcheck_log::floors::are_safe;
use contentcheck_log::{Hash, Opening, Trust};
use contentcheck_rollout::entry::{Arm, Evidence, Keys, Observed, Plan, Role};
use contentcheck_rollout::witness::AHEAD;
use contentcheck_rollout::{Body, Id};

pub(crate) const HOUR: u64 = 60 * 60;
/// For how long each ring of the model is open at least, and how long a device may be silent.
pub(crate) const BAKE: u64 = 4 * HOUR;
pub(crate) const WITHIN: u64 = HOUR / 2;
/// Rings of the model, and devices that each but the last has of each of its two strata, on average.
pub(crate) const RINGS: u8 = 4;
const DEVICES: [u32; 4] = [7, 63, 315, 315];
pub(crate) const STRATUM: u32 = 700;
/// The share of the fleet in each ring.
const HUNDREDTHS: [u32; 4] = [1, 9, 45, 45];
/// Clocks may differ, at both ends.
const SLACK: u64 = 2 * AHEAD;
/// What is opened late by more than this is stale, or in a blackout.
const LATE: u64 = HOUR;

/// What a release does to devices of the second stratum. Those of the first are well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Nothing.
    Good,
    /// They crash ten hours after they took it.
    Late,
    /// They crash after thirty: later than the last ring opens, so no ring shows it in time.
    After,
    /// None of them takes it: they show nothing.
    Unseen,
}

/// What must not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Harm {
    LastRing,
    NotShown,
    Early,
    Uncovered,
    Stale,
    NoVerdict,
    FailsElsewhere,
    Blackout,
    TooFast,
    Skipped,
    NotOfPlan,
    HaltedGoesOn,
    OverGoesOn,
    NoHalt,
    StaleResume,
    FewSigned,
    FewWitnesses,
    DrawnTwice,
    SaltChosen,
    TwoLive,
    OldPlanned,
    FalseRevert,
    Together,
    KeysWeak,
    KeysBack,
    TimeBack,
    Future,
    FutureEvidence,
    ClosedEvidence,
    TooManyDevices,
    EvidenceDropped,
    FalseEvidence,
    FalseVerdict,
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LastRing => "the last ring is open for a bad release",
            Self::NotShown => "a ring is open, and a stratum has shown nothing in the ring before",
            Self::Early => {
                "a ring is open, and the ring before has not been for long enough since it opened or went on"
            }
            Self::Uncovered => "a ring is open without evidence of all the time of the ring before",
            Self::Stale => "a ring is open on evidence that is older than devices may take to report",
            Self::NoVerdict => "a ring is open without a verdict on the ring before",
            Self::FailsElsewhere => "a ring is open for content that has failed since on devices that have it",
            Self::Blackout => "a ring is open in a blackout",
            Self::TooFast => "rings that opened within four hours hold more than 45 percent of the fleet",
            Self::Skipped => "a ring is open, and the one before is not, or it is opened again",
            Self::NotOfPlan => "what is open is not what was planned",
            Self::HaltedGoesOn => "what was halted goes on without two people",
            Self::OverGoesOn => "what was rejected or superseded goes on",
            Self::NoHalt => "a person cannot halt",
            Self::StaleResume => "it goes on by what two people signed before the halt",
            Self::FewSigned => "too few people signed it",
            Self::FewWitnesses => "one witness alone says who goes first",
            Self::DrawnTwice => "devices are drawn twice for one release",
            Self::SaltChosen => "who goes first is drawn by a checkpoint that is not the plan's",
            Self::TwoLive => "two rollouts are under way",
            Self::OldPlanned => "a release is planned after a newer one was",
            Self::FalseRevert => "what claims to take back was never on the whole fleet, or was bad there",
            Self::Together => "two devices of a redundancy group are in one ring of a plan",
            Self::KeysWeak => "keys by which one person, or one witness, decides alone, or none can halt alone",
            Self::KeysBack => "keys that were replaced hold again",
            Self::TimeBack => "the time of the log goes back",
            Self::Future => "an entry is of a time that has not come",
            Self::FutureEvidence => "evidence is of a time that has not come",
            Self::ClosedEvidence => "evidence of a ring that is not open counts",
            Self::TooManyDevices => "more devices report than there are",
            Self::EvidenceDropped => "what devices reported is forgotten",
            Self::FalseEvidence => "evidence counts that is not what devices reported",
            Self::FalseVerdict => "a verdict stands in the log that the evidence does not give",
        })
    }
}

/// What the model knows of an entry besides its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    /// People and others whose keys signed it.
    pub(crate) signers: usize,
    /// Halts of the rollout that were known when it was signed.
    pub(crate) halts: usize,
    /// The size of the tree by which devices are drawn, and the witnesses that signed it.
    pub(crate) drawn: (u64, usize),
    /// Whether it says something else than what is there.
    pub(crate) is_false: bool,
    /// Whether a person signs it now, who looked at the log.
    pub(crate) is_person: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Rollout {
    pub(crate) id: Id,
    pub(crate) plan: Plan,
    pub(crate) release: usize,
    /// The place of the plan, and when the honest witness signed it.
    pub(crate) index: u64,
    pub(crate) planned: u64,
    pub(crate) started: usize,
    /// When each ring was opened, by the real clock.
    pub(crate) opened: Vec<u64>,
    /// From when on the newest ring bakes.
    pub(crate) since: u64,
    pub(crate) is_halted: bool,
    pub(crate) halts: usize,
    /// When the witness was told of a halt that is not in the log.
    pub(crate) told: Option<u64>,
    pub(crate) is_rejected: bool,
    /// When most devices were first known to have failed.
    failed: Option<u64>,
    pub(crate) is_superseded: bool,
    is_cleared: bool,
    pub(crate) evidence: Vec<Option<Evidence>>,
    pub(crate) last: Hash,
}

#[derive(Clone, Debug)]
pub(crate) struct Release {
    pub(crate) entry: Hash,
    pub(crate) image: [u8; 32],
    pub(crate) content: [u8; 32],
    pub(crate) sequence: u64,
    pub(crate) nature: Nature,
}

/// All that is true.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ghost {
    pub(crate) version: u32,
    pub(crate) census: Option<Hash>,
    /// Censuses with redundancy groups, and the devices of the largest of them.
    pub(crate) groups: Vec<(Hash, u8)>,
    pub(crate) releases: Vec<Release>,
    pub(crate) rollouts: Vec<Rollout>,
    time: u64,
}

/// What devices of a ring reported by a time, as it is known now.
pub(crate) fn truth(nature: Nature, rollout: &Rollout, ring: u8, until: u64, now: u64) -> Vec<(u16, Observed)> {
    let at = usize::from(ring);
    let (Some(&opened), Some(&devices)) = (rollout.opened.get(at), DEVICES.get(at)) else { return Vec::new() };
    if until < opened {
        return Vec::new();
    }
    let settled = if until >= opened + BAKE { devices } else { 0 };
    let watched = Arm { failures: 0, minutes: u64::from(devices) * (until - opened).min(BAKE) / 60 };
    let all = Observed { receipts: devices, due: settled, settled, ..Observed::default() };
    let well = Observed { minutes: watched.minutes, new: watched, old: watched, ..all };
    let second = match nature {
        Nature::Good => well,
        Nature::Late if opened + 10 * HOUR <= until.min(now) => Observed { reported: devices, ..well },
        Nature::After if opened + 30 * HOUR <= until.min(now) => Observed { reported: devices, ..well },
        Nature::Late | Nature::After => well,
        Nature::Unseen => Observed::default(),
    };
    vec![(0, well), (1, second)]
}

impl Rollout {
    fn is_over(&self) -> bool {
        self.is_rejected || self.is_superseded
    }

    pub(crate) fn is_everywhere(&self) -> bool {
        self.opened.len() == usize::from(RINGS)
    }

    fn is_under_way(&self, now: u64) -> bool {
        let is_done = self.is_everywhere() && now + SLACK >= self.since + BAKE;
        self.started > 0 && !self.is_halted && !self.is_over() && !is_done
    }

    fn shares(&self) -> Vec<u32> {
        self.plan.policy.shares()
    }
}

impl Ghost {
    pub(crate) fn nature(&self, rollout: &Rollout) -> Nature {
        self.releases.get(rollout.release).map_or(Nature::Good, |release| release.nature)
    }

    /// What a refusal does harm to: a person who looked at the log halts, and it is not taken.
    pub(crate) fn refused(&self, body: &Body, of: Option<Id>, known: Known) -> Option<Harm> {
        let rollout = self.rollouts.iter().find(|rollout| Some(rollout.id) == of)?;
        (matches!(body, Body::Halt(_)) && known.is_person && !rollout.is_over()).then_some(Harm::NoHalt)
    }

    /// What an entry does that an honest witness signed for.
    pub(crate) fn entry(
        &mut self,
        (body, of, time): (&Body, Option<Id>, u64),
        known: Known,
        (hash, index, now): (Hash, u64, u64),
    ) -> Vec<Harm> {
        let mut harms = Vec::new();
        let mut harm = |is_done: bool, harm: Harm| {
            if is_done {
                harms.push(harm);
            }
        };
        // People take up to a day to sign.
        let patience = if body.role().is_some_and(|role| role != Role::Collect) { 24 * HOUR } else { 0 };
        harm(time + patience < self.time, Harm::TimeBack);
        harm(time > now + AHEAD, Harm::Future);
        self.time = self.time.max(time);
        let least = match body.role() {
            Some(Role::Halt | Role::Collect) => 1,
            Some(_) => 2,
            None => 0,
        };
        harm(known.signers < least, Harm::FewSigned);
        match body {
            Body::Keys(keys) => {
                harm(keys.version != self.version + 1, Harm::KeysBack);
                harm(is_weak(keys), Harm::KeysWeak);
                self.version = keys.version;
            }
            Body::Census(census) => {
                self.census = Some(hash);
                let members = census.strata.iter().flat_map(|stratum| &stratum.members);
                self.groups.extend(members.map(|members| members.of).max().map(|of| (hash, of)));
            }
            Body::Release(release) => {
                let nature = match release.name.as_str() {
                    "late" => Nature::Late,
                    "after" => Nature::After,
                    "unseen" => Nature::Unseen,
                    _ => Nature::Good,
                };
                let (image, content, sequence) = (release.image, release.content, release.sequence);
                self.releases.push(Release { entry: hash, image, content, sequence, nature });
            }
            Body::Plan(plan) => {
                let Some(at) = self.releases.iter().position(|release| release.entry == plan.release) else {
                    return vec![Harm::NotOfPlan];
                };
                let release = self.releases.get(at).cloned();
                let ends: Vec<f64> =
                    plan.policy.shares().iter().map(|share| f64::from(*share) / 2_f64.powi(32)).collect();
                let widths = ends.iter().chain([&1.0]).zip([0.0].iter().chain(&ends)).map(|(end, start)| end - start);
                let group = self.groups.iter().find(|(census, _)| *census == plan.census).map_or(1, |(_, of)| *of);
                harm(widths.fold(0.0, f64::max) * f64::from(group) > 1.001, Harm::Together);
                let of_release = |rollout: &Rollout| self.releases.get(rollout.release);
                let has = |what: &dyn Fn(&Release, &Release) -> bool| {
                    self.rollouts.iter().filter_map(of_release).zip(&release).any(|(one, release)| what(one, release))
                };
                harm(has(&|one, release| one.image == release.image), Harm::DrawnTwice);
                harm(has(&|one, release| one.sequence > release.sequence), Harm::OldPlanned);
                harm(self.rollouts.iter().any(|rollout| rollout.is_under_way(now)), Harm::TwoLive);
                if let (Some(reverts), Some(release)) = (plan.reverts, &release) {
                    let was_good = self.rollouts.iter().any(|rollout| {
                        let is_content = of_release(rollout).is_some_and(|one| one.content == release.content);
                        is_content && rollout.id != reverts && rollout.is_everywhere() && !rollout.is_rejected
                    });
                    harm(!was_good, Harm::FalseRevert);
                }
                self.rollouts.iter_mut().for_each(|rollout| rollout.is_superseded = true);
                self.rollouts.push(Rollout {
                    id: hash,
                    plan: plan.clone(),
                    release: at,
                    index,
                    planned: now,
                    started: 0,
                    opened: Vec::new(),
                    since: 0,
                    is_halted: false,
                    halts: 0,
                    told: None,
                    is_rejected: false,
                    failed: None,
                    is_superseded: false,
                    is_cleared: false,
                    evidence: vec![None; usize::from(RINGS)],
                    last: hash,
                });
            }
            body => {
                if let Some(rollout) = self.rollouts.iter_mut().find(|rollout| Some(rollout.id) == of) {
                    harms.extend(rollout.entry(body, known, now));
                    rollout.last = hash;
                }
            }
        }
        harms
    }

    pub(crate) fn opening(&mut self, opening: &Opening, hash: Hash, now: u64) -> Vec<Harm> {
        let earlier = self.rollouts.iter().take_while(|rollout| rollout.id != opening.plan);
        let is_old = earlier.filter(|rollout| !rollout.opened.is_empty()).any(|rollout| {
            self.releases.get(rollout.release).is_some_and(|release| release.sequence >= opening.sequence)
        });
        let content = |rollout: &Rollout| self.releases.get(rollout.release).map(|release| release.content);
        let fails_elsewhere = self.rollouts.iter().find(|rollout| rollout.id == opening.plan).is_some_and(|rollout| {
            let others = self.rollouts.iter().filter(|other| other.id != rollout.id);
            let mut of_content = others.filter(|other| content(other) == content(rollout));
            of_content.any(|other| other.failed.is_some_and(|failed| failed > rollout.planned))
        });
        // Each with when it opened, which the log may have an hour earlier.
        let rings = self.rollouts.iter().flat_map(|rollout| rollout.opened.iter().zip(HUNDREDTHS));
        let of_late = rings.filter(|(opened, _)| **opened + 4 * HOUR > now + LATE + SLACK).map(|(_, share)| share);
        let ring = HUNDREDTHS.get(usize::from(opening.ring)).copied().unwrap_or(0);
        let is_too_fast = of_late.sum::<u32>() + ring > 45;
        let Some(rollout) = self.rollouts.iter_mut().find(|rollout| rollout.id == opening.plan) else {
            return vec![Harm::NotOfPlan];
        };
        let release = self.releases.get(rollout.release);
        let mut harms = if is_old { vec![Harm::OldPlanned] } else { Vec::new() };
        if fails_elsewhere {
            harms.push(Harm::FailsElsewhere);
        }
        if is_too_fast {
            harms.push(Harm::TooFast);
        }
        harms.extend(rollout.opening(opening, release, now));
        rollout.last = hash;
        harms
    }
}

fn is_weak(keys: &Keys) -> bool {
    let is_weak = Role::ALL.into_iter().any(|role| {
        let needed = keys.role(role).needed;
        match role {
            Role::Halt => needed != 1,
            Role::Collect => needed == 0,
            Role::Root | Role::Release | Role::Plan | Role::Resume => needed < 2,
        }
    });
    is_weak || !Trust::read(&keys.trust).is_ok_and(|trust| trust.quorum() >= 2 && trust.log() == crate::common::LOG)
}

impl Rollout {
    fn entry(&mut self, body: &Body, known: Known, now: u64) -> Vec<Harm> {
        let mut harms = Vec::new();
        let mut harm = |is_done: bool, harm: Harm| {
            if is_done {
                harms.push(harm);
            }
        };
        match body {
            Body::Start(_) => {
                harm(self.started > 0, Harm::DrawnTwice);
                harm(known.drawn.0 != self.index + 1, Harm::SaltChosen);
                harm(known.drawn.1 < 2, Harm::FewWitnesses);
                harm(self.is_halted, Harm::HaltedGoesOn);
                harm(self.is_over(), Harm::OverGoesOn);
                self.started += 1;
            }
            Body::Evidence(evidence) => {
                harm(usize::from(evidence.ring) >= self.opened.len(), Harm::ClosedEvidence);
                harm(evidence.until > now + AHEAD, Harm::FutureEvidence);
                harm(known.is_false, Harm::FalseEvidence);
                let too_many = evidence
                    .strata
                    .iter()
                    .any(|(stratum, seen)| *stratum > 1 || seen.receipts.max(seen.settled) > STRATUM);
                harm(too_many, Harm::TooManyDevices);
                let Some(newest) = self.evidence.get_mut(usize::from(evidence.ring)) else { return harms };
                if let Some(before) = newest {
                    let is_less = before.strata.iter().any(|(stratum, earlier)| {
                        let later = evidence.strata.iter().find(|(one, _)| one == stratum);
                        later.is_none_or(|(_, later)| {
                            later.reported < earlier.reported
                                || later.settled < earlier.settled
                                || later.receipts < earlier.receipts
                                || later.new.minutes < earlier.new.minutes
                        })
                    });
                    harm(is_less, Harm::EvidenceDropped);
                }
                let is_bad = evidence.ring + 1 < RINGS && evidence.strata.iter().any(|(_, seen)| seen.reported > 0);
                if evidence.strata.iter().any(|(_, seen)| seen.reported * 2 > seen.receipts) {
                    self.failed.get_or_insert(now);
                }
                *newest = Some(evidence.clone());
                self.is_rejected |= is_bad && !self.opened.is_empty();
            }
            Body::Verdict(_) => {
                harm(known.is_false, Harm::FalseVerdict);
                self.is_cleared = true;
            }
            Body::Halt(_) => {
                self.is_halted = true;
                self.halts += 1;
                self.told = None;
            }
            Body::Resume(_) => {
                harm(self.is_over(), Harm::OverGoesOn);
                harm(known.halts != self.halts, Harm::StaleResume);
                self.is_halted = false;
                self.since = now;
            }
            Body::Keys(_) | Body::Census(_) | Body::Release(_) | Body::Plan(_) => {}
        }
        harms
    }

    fn opening(&mut self, opening: &Opening, release: Option<&Release>, now: u64) -> Vec<Harm> {
        let mut harms = Vec::new();
        let mut harm = |is_done: bool, harm: Harm| {
            if is_done {
                harms.push(harm);
            }
        };
        let is_bad = release.is_some_and(|release| matches!(release.nature, Nature::Late | Nature::Unseen));
        harm(is_bad && opening.ring + 1 >= opening.rings(), Harm::LastRing);
        harm(usize::from(opening.ring) != self.opened.len(), Harm::Skipped);
        let is_release = release.is_some_and(|release| {
            release.image == opening.image && release.sequence == opening.sequence && opening.class == self.plan.class
        });
        let is_plan = opening.shares().collect::<Vec<_>>() == self.shares() && are_safe(opening.shares()).is_ok();
        harm(!(is_release && is_plan), Harm::NotOfPlan);
        harm(self.is_halted || self.told.is_some(), Harm::HaltedGoesOn);
        harm(self.is_over() || self.started == 0, Harm::OverGoesOn);
        let is_closed = |time| self.plan.policy.is_blackout_at(time);
        harm(is_closed(now) && is_closed(now - LATE - SLACK), Harm::Blackout);
        if opening.ring > 0 {
            let baked = self.since + BAKE;
            harm(!self.is_cleared, Harm::NoVerdict);
            harm(now + SLACK < baked, Harm::Early);
            let newest = |ring: u8| self.evidence.get(usize::from(ring)).and_then(Option::as_ref);
            let until = |ring: u8| newest(ring).map_or(0, |evidence| evidence.until);
            let open = opening.ring - 1;
            harm(until(open) + SLACK < baked, Harm::Uncovered);
            harm((0..=open).any(|ring| until(ring) + WITHIN + LATE + SLACK < now), Harm::Stale);
            let shows = |evidence: &Evidence| {
                let has = |stratum: u16| evidence.strata.iter().any(|(one, seen)| *one == stratum && seen.settled > 0);
                has(0) && has(1)
            };
            harm(!newest(open).is_some_and(shows), Harm::NotShown);
        }
        self.opened.push(now);
        self.since = now;
        self.is_cleared = false;
        harms
    }
}
