//! A log, an honest witness that signs for it, and everybody who can write something into it.

use std::sync::Arc;

use contentcheck_log::write::Frontier;
use contentcheck_log::{Class, Hash};
use contentcheck_rollout::census::Members;
use contentcheck_rollout::entry::{
    Evidence, Halt, Observed, Plan, Release, Resume, Role, Start, Statistic, Test, Verdict,
};
use contentcheck_rollout::state::Check;
use contentcheck_rollout::witness::{Question, Reports};
use contentcheck_rollout::{Body, Checker, Logged, Policy, State};

use crate::common::{LOG, START};
use crate::ghost::{BAKE, Ghost, HOUR, Harm, Known, Nature, RINGS, Rollout, STRATUM, truth};
use crate::moves::{Claim, Draw, KeysOf, Lie, Move, Opens, Says, Until, Wait, Which};
use crate::people::{self, By, Stolen};

/// Rings of one hundredth, a tenth, and a bit more than half; no ring opens on Mondays from 13:30 to 15:30, nor in the four hours after the largest
/// ones.
const POLICY: &str = r#"
name = "search"
report-within = "30m"
halt-error = 0.001
silence = { odds = 5.0, error = 0.001 }
ring = [
  { name = "first", share = "1%", bake = "4h", bake-urgent = "30m", every = 1 },
  { name = "tenth", share = "10%", bake = "4h", bake-urgent = "30m", every = 1 },
  { name = "half", share = "55%", bake = "4h", bake-urgent = "30m", every = 1 },
  { name = "rest" },
]
blackout = [{ from = "mon 13:30", until = "mon 15:30" }]
rate-limit = { share = "45%", within = "4h" }
"#;

/// What is taken out: nothing, a rule of the state machine, or a question of the witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Without {
    Nothing,
    Check(Check),
    Question(Question),
    /// The rule, for somebody who reads the log and cannot count reports.
    Unread(Check),
}

/// An entry that people signed, and that the server keeps: to write it later, or again.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    bytes: Arc<[u8]>,
    known: Known,
    previous: Option<Hash>,
    what: &'static str,
    time: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) checker: Checker,
    frontier: Frontier,
    roots: Vec<Hash>,
    pub(crate) now: u64,
    pub(crate) thief: Option<Stolen>,
    pub(crate) ghost: Ghost,
    pub(crate) held: Vec<Held>,
    natures: [&'static str; 3],
    contents: [u8; 3],
}

struct Recount<'g> {
    ghost: &'g Ghost,
    now: u64,
}

/// The honest witness counts what devices signed, all of it.
impl Reports for Recount<'_> {
    fn vouch(&self, _: &State, rollout: &Hash, evidence: &Evidence, _: u64) -> Result<(), String> {
        let rollout = self.ghost.rollouts.iter().find(|one| one.id == *rollout).ok_or("no such rollout")?;
        let there = truth(self.ghost.nature(rollout), rollout, evidence.ring, evidence.until, self.now);
        if there == evidence.strata { Ok(()) } else { Err("devices reported something else".to_owned()) }
    }
}

/// An entry that somebody wants to write.
struct Written {
    bytes: Vec<u8>,
    known: Known,
}

impl World {
    /// A log without entries. The releases that people will make, and what is in them.
    pub(crate) fn new(without: Without, natures: [&'static str; 3], contents: [u8; 3]) -> Self {
        let state = State::new(LOG);
        let checker = match without {
            Without::Nothing => Checker::new(state),
            Without::Check(check) => Checker::new(state.without(check)),
            Without::Unread(check) => Checker::new(state.without(check)).without(Question::Reports),
            Without::Question(question) => Checker::new(state).without(question),
        };
        Self {
            checker,
            frontier: Frontier::default(),
            roots: vec![Hash::empty()],
            now: START,
            thief: None,
            ghost: Ghost::default(),
            held: Vec::new(),
            natures,
            contents,
        }
    }

    fn newest(&self) -> Option<&Rollout> {
        self.ghost.rollouts.last()
    }

    fn which(&self, which: Which) -> Option<&Rollout> {
        let back = match which {
            Which::Newest => 1,
            Which::Before => 2,
            Which::First => self.ghost.rollouts.len(),
        };
        self.ghost.rollouts.len().checked_sub(back).and_then(|at| self.ghost.rollouts.get(at))
    }

    fn claim(&self, claim: Claim) -> u64 {
        let time = self.checker.state().time();
        match claim {
            Claim::Now => self.now,
            Claim::Earliest => time,
            Claim::Before => time - 1,
            Claim::Ahead => self.now + HOUR,
        }
    }

    /// What a move comes to: the world after it and what harm it did, or nothing where it does nothing.
    pub(crate) fn after(&self, step: Move) -> Option<(Self, Vec<Harm>)> {
        if let Some(stolen) = step.steals()
            && self.thief.is_some_and(|thief| thief != stolen)
        {
            return None;
        }
        let mut world = self.clone();
        world.thief = world.thief.or(step.steals());
        let mut harms = Vec::new();
        match step {
            Move::Wait(wait) => {
                let to = self.until(wait)?;
                if to <= self.now {
                    return None;
                }
                world.now = to;
            }
            Move::Report => {
                let rings = self.newest()?.opened.len() as u8;
                for ring in 0..rings {
                    let written = world.evidence(Which::Newest, ring, Until::Now, Lie::None)?;
                    harms.extend(world.write(&written)?);
                }
            }
            Move::Advance | Move::Hurry => {
                if step == Move::Advance {
                    world.now = world.now.max(world.newest()?.since + BAKE);
                }
                for step in [Move::Report, Move::Verdict(Which::Newest, Says::Computed, Claim::Now)] {
                    let (next, found) = world.after(step)?;
                    world = next;
                    harms.extend(found);
                }
                let (next, found) = world.after(Move::Open(Which::Newest, Opens::Next))?;
                world = next;
                harms.extend(found);
            }
            Move::Tell => {
                let written = self.entry(Move::Halt(Which::Newest, By::People))?;
                world.checker = world.checker.told(&written.bytes, self.now).ok()?;
                let rollout = world.ghost.rollouts.last_mut().filter(|rollout| !rollout.is_halted)?;
                rollout.told = Some(self.now);
            }
            step => {
                let written = world.entry(step)?;
                if step.is_held() {
                    world.hold(&written);
                } else {
                    match world.write(&written) {
                        Some(found) => harms.extend(found),
                        None => match self.refusal(&written) {
                            Some(harm) => harms.push(harm),
                            None => return None,
                        },
                    }
                    if !matches!(step, Move::Replay(_)) {
                        world.hold(&written);
                    }
                }
            }
        }
        Some((world, harms))
    }

    fn until(&self, wait: Wait) -> Option<u64> {
        Some(match wait {
            Wait::NearlyBaked => self.newest()?.since + BAKE - 180,
            Wait::Baked => self.newest()?.since + BAKE,
            Wait::Long => self.now + 5 * HOUR,
            Wait::Blackout => START + 7 * HOUR,
        })
    }

    fn refusal(&self, written: &Written) -> Option<Harm> {
        match Logged::read(&written.bytes).ok()? {
            Logged::Entry(entry) => self.ghost.refused(&entry.body, entry.of.map(|(id, _)| id), written.known),
            Logged::Opening(_) => None,
        }
    }

    /// Shows an entry to the witness. Nothing, where it does not sign.
    fn write(&mut self, written: &Written) -> Option<Vec<Harm>> {
        let Written { bytes, known } = written;
        let mut frontier = self.frontier.clone();
        frontier.push(bytes);
        let root = frontier.root();
        let reports = Recount { ghost: &self.ghost, now: self.now };
        let entries = [bytes.clone()];
        self.checker = self.checker.check(&entries, root, self.now, &reports).ok()?;
        let (hash, index) = (Hash::of_leaf(bytes), self.frontier.size());
        self.frontier = frontier;
        self.roots.push(root);
        Some(match Logged::read(bytes).ok()? {
            Logged::Opening(opening) => self.ghost.opening(&opening, hash, self.now),
            Logged::Entry(entry) => {
                let of = entry.of.map(|(id, _)| id);
                self.ghost.entry((&entry.body, of, entry.time), *known, (hash, index, self.now))
            }
        })
    }

    /// At the point where a search begins, the server has the first release, and what it keeps back.
    pub(crate) fn forget(&mut self) {
        let kept = self.held.iter().position(|held| held.what == "release");
        let mut at = 0..;
        self.held.retain(|held| at.next() == kept || held.what == "resume");
    }

    /// What people signed stays signed.
    fn hold(&mut self, written: &Written) {
        let Ok(Logged::Entry(entry)) = Logged::read(&written.bytes) else { return };
        if written.known.signers < 2 || matches!(entry.body, Body::Census(_)) {
            return;
        }
        let known = Known { is_person: false, ..written.known };
        let previous = entry.of.map(|(_, previous)| previous);
        let bytes: Arc<[u8]> = written.bytes.clone().into();
        if self.held.len() < 5 && self.held.iter().all(|held| held.bytes != bytes) {
            self.held.push(Held { bytes, known, previous, what: entry.body.name(), time: entry.time });
        }
    }

    fn entry(&self, step: Move) -> Option<Written> {
        Some(match step {
            Move::Wait(_) | Move::Report | Move::Advance | Move::Hurry | Move::Tell => return None,
            Move::Keys(of, by) => self.keys(of, by)?,
            Move::Census(by, groups) => self.census(by, groups),
            Move::Release(by, _) => self.release(by)?,
            Move::ReleaseAgain => self.release_again()?,
            Move::Plan { older, reverts, by, .. } => self.plan(older, reverts, by)?,
            Move::Start(which, draw, claim) => self.start(which, draw, claim)?,
            Move::Evidence(which, ahead, until, lie) => {
                let open = (self.which(which)?.opened.len() as u8).checked_sub(1);
                let ring = if ahead { open.map_or(0, |open| open + 1) } else { open? };
                self.evidence(which, ring, until, lie)?
            }
            Move::Verdict(which, says, claim) => self.verdict(which, says, claim)?,
            Move::Open(which, opens) => self.open(which, opens)?,
            Move::Halt(which, by) => {
                let rollout = self.which(which)?;
                let body = Body::Halt(Halt { reason: "a look at it first".into() });
                self.of_rollout(rollout, self.now, body, by, by == By::People)
            }
            Move::Resume(which, by, _) => {
                let rollout = self.which(which)?;
                // Nobody signs it before there is something to go on with; whether that may go on is not for them to know.
                if !rollout.is_halted && !rollout.is_rejected {
                    return None;
                }
                let body = Body::Resume(Resume { reason: "looked at".into() });
                self.of_rollout(rollout, self.now, body, by, false)
            }
            Move::Replay(at) => {
                let held = self.held.get(at)?;
                Written { bytes: held.bytes.to_vec(), known: held.known }
            }
        })
    }

    fn of_rollout(&self, rollout: &Rollout, time: u64, body: Body, by: By, is_person: bool) -> Written {
        let (bytes, signers) = people::signed(Some((rollout.id, rollout.last)), time, body, by);
        Written { bytes, known: Known { signers, halts: rollout.halts, is_person, ..Known::default() } }
    }

    fn of_log(&self, body: Body, by: By) -> Written {
        let (bytes, signers) = people::signed(None, self.now, body, by);
        Written { bytes, known: Known { signers, ..Known::default() } }
    }

    fn keys(&self, of: KeysOf, by: By) -> Option<Written> {
        let mut keys = people::keys(self.ghost.version + 1);
        if (of == KeysOf::First) != (self.ghost.version == 0) || self.ghost.version > 1 {
            return None;
        }
        match of {
            KeysOf::First => {}
            // Whose key is lost has none any more.
            KeysOf::Next => keys.roles.iter_mut().filter(|roles| roles.keys.len() > 2).for_each(|roles| {
                roles.keys.pop();
            }),
            KeysOf::OneResumes => keys.roles.iter_mut().skip(4).take(1).for_each(|roles| roles.needed = 1),
            KeysOf::TwoHalt => keys.roles.iter_mut().skip(3).take(1).for_each(|roles| roles.needed = 2),
            KeysOf::OneWitness => keys.trust = people::trust(LOG, 1),
            KeysOf::OtherLog => keys.trust = people::trust("example.org/staging", 2),
        }
        Some(self.of_log(Body::Keys(keys), by))
    }

    fn census(&self, by: By, has_groups: bool) -> Written {
        let strata = ["linux", "windows"].map(|name| contentcheck_rollout::Stratum {
            name: name.into(),
            devices: STRATUM,
            held: 0,
            members: if has_groups {
                (1..=3).map(|number| Members { of: 3, number, devices: 10 }).collect()
            } else {
                Vec::new()
            },
        });
        let census = contentcheck_rollout::Census { devices: Hash([7; 32]), strata: strata.into() };
        self.of_log(Body::Census(census), by)
    }

    fn release(&self, by: By) -> Option<Written> {
        let at = self.ghost.releases.len();
        let (nature, content) = (self.natures.get(at)?, self.contents.get(at)?);
        let number = at as u8 + 1;
        let release = Release {
            image: [number; 32],
            content: [0x80 | *content; 32],
            sequence: number.into(),
            bytes: 4_096,
            attestation: [9; 32],
            name: (*nature).to_owned(),
        };
        Some(self.of_log(Body::Release(release), by))
    }

    /// What people signed, with the signature of a thief beside theirs: another entry, by its hash.
    fn release_again(&self) -> Option<Written> {
        let held = self.held.iter().find(|held| held.what == "release")?;
        let Ok(Logged::Entry(entry)) = Logged::read(&held.bytes) else { return None };
        Some(Written { bytes: people::signed_again(entry, Role::Release), known: held.known })
    }

    fn plan(&self, older: bool, reverts: bool, by: By) -> Option<Written> {
        let mut releases = self.ghost.releases.iter().rev();
        let release = releases.nth(usize::from(older))?;
        let reverts = if reverts { Some(self.newest()?.id) } else { None };
        let plan = Plan {
            release: release.entry,
            census: self.ghost.census?,
            class: Class::Routine,
            reverts,
            policy: policy()?,
        };
        Some(self.of_log(Body::Plan(plan), by))
    }

    fn start(&self, which: Which, draw: Draw, claim: Claim) -> Option<Written> {
        let rollout = self.which(which)?;
        let (size, witnesses): (u64, &[usize]) = match draw {
            Draw::Right => (rollout.index + 1, &[0, 1]),
            Draw::OtherPair => (rollout.index + 1, &[0, 2]),
            Draw::OneWitness => (rollout.index + 1, &[2]),
            Draw::Earlier => (rollout.index, &[0, 1]),
            Draw::Later => (self.frontier.size(), &[0, 1]),
        };
        if draw == Draw::Later && size == rollout.index + 1 {
            return None;
        }
        let root = *self.roots.get(usize::try_from(size).ok()?)?;
        let checkpoint = people::checkpoint(size, root, witnesses, rollout.planned);
        let body = Body::Start(Start { checkpoint });
        let mut written = self.of_rollout(rollout, self.claim(claim), body, By::Nobody, false);
        written.known.drawn = (size, witnesses.len());
        Some(written)
    }

    fn evidence(&self, which: Which, ring: u8, until: Until, lie: Lie) -> Option<Written> {
        let rollout = self.which(which)?;
        let newest = rollout.evidence.get(usize::from(ring)).and_then(Option::as_ref).map(|newest| newest.until);
        let until = match until {
            Until::Now => self.now,
            Until::Older => newest? - 600,
            Until::Ahead => self.now + 1_500,
        };
        let there = truth(self.ghost.nature(rollout), rollout, ring, until, self.now);
        let mut strata = there.clone();
        match lie {
            Lie::None => {}
            Lie::Well => strata = truth(Nature::Good, rollout, ring, until, self.now),
            Lie::Forgets => strata.truncate(1),
            Lie::TooMany => strata.iter_mut().for_each(|(_, seen)| {
                *seen = Observed { receipts: 2 * STRATUM, due: 2 * STRATUM, settled: 2 * STRATUM, ..*seen };
            }),
        }
        let is_false = strata != there;
        if lie != Lie::None && !is_false {
            return None;
        }
        let evidence = Evidence { ring, until, count: 1, reports: Hash([3; 32]), strata };
        let mut written = self.of_rollout(rollout, self.now, Body::Evidence(evidence), By::People, false);
        written.known.is_false = is_false;
        Some(written)
    }

    fn verdict(&self, which: Which, says: Says, claim: Claim) -> Option<Written> {
        let rollout = self.which(which)?;
        let id = rollout.id;
        let known = self.checker.state().rollout(&id)?;
        let computed = known.judgement(known.open_ring()?).ok()?.verdict;
        let mut verdict: Verdict = computed.clone();
        if says == Says::Accepted {
            for test in verdict.groups.iter_mut().flat_map(|(_, tests)| tests) {
                let is_asked = matches!(test.test, Test::Every | Test::Share | Test::Present);
                let found = contentcheck_rollout::entry::Found::Accept;
                *test = Statistic { found: if is_asked { found } else { test.found }, value: -1, ..*test };
            }
        }
        let is_false = verdict != computed;
        let mut written = self.of_rollout(rollout, self.claim(claim), Body::Verdict(verdict), By::Nobody, false);
        written.known.is_false = is_false;
        Some(written)
    }

    fn open(&self, which: Which, opens: Opens) -> Option<Written> {
        let rollout = self.which(which)?;
        let known = self.checker.state().rollout(&rollout.id)?;
        let next = u8::try_from(rollout.opened.len()).ok()?;
        let ring = match opens {
            Opens::Skipping => next + 1,
            Opens::Again => next.checked_sub(1)?,
            Opens::Next | Opens::OtherShares | Opens::OtherImage | Opens::Everybody => next,
        };
        let mut opening = known.opening(ring).filter(|_| ring < RINGS)?;
        match opens {
            Opens::OtherShares => opening.shares.iter_mut().take(1).for_each(|share| *share /= 2),
            Opens::OtherImage => opening.image = [0xEE; 32],
            Opens::Everybody => opening.shares.iter_mut().take(3).for_each(|share| *share |= 0x9000_0000),
            Opens::Next | Opens::Skipping | Opens::Again => {}
        }
        Some(Written { bytes: opening.to_bytes().to_vec(), known: Known::default() })
    }

    /// What tells worlds apart that may go on differently. Hashes are left out: two orders of the same entries are one world.
    pub(crate) fn key(&self) -> String {
        let state = self.checker.state();
        let mut key =
            format!("{} {:?} {} {:?}|", self.now, self.thief, state.time(), state.keys().map(|keys| keys.version));
        let has_groups = |census| self.ghost.groups.iter().any(|(one, _)| *one == census);
        key += &format!("{} ", self.ghost.census.is_some_and(has_groups));
        for release in &self.ghost.releases {
            key += &format!("{} ", release.sequence);
        }
        for (rollout, ghost) in state.rollouts().iter().zip(&self.ghost.rollouts) {
            let opened: Vec<u64> = rollout.opened().iter().map(|opened| opened.at).collect();
            let evidence = ghost.evidence.iter().flatten().map(|one| (one.ring, one.until, one.strata.len()));
            let evidence: Vec<_> = evidence.collect();
            key += &format!(
                "|{:?} {:?} {opened:?} {:?} {:?} {:?} {:?} {} {} {} {}{}{} {evidence:?} {:?}",
                rollout.phase(),
                ghost.told,
                rollout.baked_at(),
                rollout.cleared(),
                ghost.opened,
                ghost.since,
                ghost.started,
                ghost.planned,
                ghost.halts,
                ghost.is_halted,
                ghost.is_rejected,
                ghost.is_superseded,
                rollout.plan().reverts.is_some(),
            );
        }
        for halt in self.checker.halts() {
            key += &format!(" t{}", halt.at);
        }
        for (_, at) in self.checker.seen() {
            key += &format!(" s{at}");
        }
        for held in &self.held {
            let fits = held.previous.is_none_or(|last| self.ghost.rollouts.iter().any(|rollout| rollout.last == last));
            key += &format!(" h{}{}{fits}{}", held.what, held.time, held.known.halts);
        }
        key
    }
}

fn policy() -> Option<Policy> {
    use std::sync::OnceLock;
    static POLICY_READ: OnceLock<Option<Policy>> = OnceLock::new();
    POLICY_READ.get_or_init(|| Policy::read(POLICY).ok()).clone()
}
