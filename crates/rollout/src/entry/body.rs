//! What entries say.

use contentcheck_log::{Class, Hash};

use crate::census::{Census, STRATA};
use crate::codec::{Reader, Writer};
use crate::policy::Policy;
use crate::statistics::Verdict as Outcome;

/// Keys of one role.
const KEYS: usize = 16;
const NAME_BYTES: usize = 256;
const REASON_BYTES: usize = 1_024;
const NOTE_BYTES: usize = 16 << 10;
/// Bytes of the longest policy of witnesses in an entry.
const TRUST_BYTES: usize = 16 << 10;
/// Failures that are counted of one arm of one stratum: more say nothing more, and would take time to compute with.
const FAILURES: u32 = 1_000_000;
/// Tests of one group of strata.
const TESTS: usize = 6;

/// What an entry says.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Who holds which role, and which witnesses count.
    Keys(Keys),
    /// How many devices there are.
    Census(Census),
    /// An image that passed its gate.
    Release(Release),
    /// How a release is to go out.
    Plan(Plan),
    /// The checkpoint by which devices are spread over the rings of a plan.
    Start(Start),
    /// What the devices of a ring reported.
    Evidence(Evidence),
    /// What the evidence says, before a ring opens.
    Verdict(Verdict),
    /// No further device takes the release.
    Halt(Halt),
    /// It goes on where it was halted.
    Resume(Resume),
}

/// A role that keys can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Says who holds which role.
    Root,
    /// Says which images passed their gate.
    Release,
    /// Makes plans and censuses.
    Plan,
    /// Halts. One key is enough, always.
    Halt,
    /// Lets what was halted go on.
    Resume,
    /// Says what devices reported.
    Collect,
}

impl Role {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 6] = [Self::Root, Self::Release, Self::Plan, Self::Halt, Self::Resume, Self::Collect];

    /// Its name in files and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Release => "release",
            Self::Plan => "plan",
            Self::Halt => "halt",
            Self::Resume => "resume",
            Self::Collect => "collect",
        }
    }

    /// Keys that must sign at least, and at most, whatever the entry of the keys says.
    #[must_use]
    pub const fn needed(self) -> (u8, u8) {
        match self {
            // No single key changes who decides, ships, plans or goes on.
            Self::Root | Self::Release | Self::Plan | Self::Resume => (2, 16),
            // One person is enough to stop.
            Self::Halt => (1, 1),
            // What a collector says is computed again by witnesses.
            Self::Collect => (1, 16),
        }
    }
}

/// Keys of one role, of which some must sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles {
    /// How many must sign.
    pub needed: u8,
    /// Who can, in rising order.
    pub keys: Vec<[u8; 32]>,
}

/// Who holds which role, and which witnesses count. The first entry of every log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Rises by one with each such entry, from 1.
    pub version: u32,
    /// For each of [`Role::ALL`], its keys.
    pub roles: [Roles; 6],
    /// The policy of the log and its witnesses, as [`contentcheck_log::Trust::read`] reads it.
    pub trust: String,
}

/// An image that passed its gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// SHA-256 of the image.
    pub image: [u8; 32],
    /// The digest of what it contains: the same, whatever its sequence is.
    pub content: [u8; 32],
    /// Its sequence. It rises with each release.
    pub sequence: u64,
    /// Bytes of the image.
    pub bytes: u64,
    /// SHA-256 of the attestation of the gate.
    pub attestation: [u8; 32],
    /// What people call it.
    pub name: String,
}

/// How a release is to go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The hash of the entry of the release.
    pub release: Hash,
    /// The hash of the entry of the census.
    pub census: Hash,
    /// How much of a hurry it is in.
    pub class: Class,
    /// The rollout that it takes back, if any. Its content was on the whole fleet before.
    pub reverts: Option<Hash>,
    /// The policy.
    pub policy: Policy,
}

/// The checkpoint by which devices are spread over rings: that of the log with the plan as its last entry, signed by
/// a quorum of witnesses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The checkpoint with its signatures.
    pub checkpoint: String,
}

/// What devices did with one content. Counts only rise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arm {
    /// Crashes, hangs, faults and returns to older content that were reported.
    pub failures: u32,
    /// Minutes for which devices ran it, of all of them together.
    pub minutes: u64,
}

/// What the devices of one stratum in one ring reported since the ring opened. Counts only rise, but for those of devices that are missing
/// now: they come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Devices that said that they will activate the release.
    pub receipts: u32,
    /// Those that have had the release for as long as the ring is watched.
    pub due: u32,
    /// Those of them of which it is known what became of them, in the order of their deadlines. A device that is switched off, or silent and has
    /// a partner, is not settled before it is heard of again.
    pub settled: u32,
    /// Those of the settled that failed: they reported a failure, or went silent and have no partner to be compared with.
    pub failed: u32,
    /// Failures that devices with the release reported, whether their time is over or not.
    pub reported: u32,
    /// Minutes for which devices were heard to run the release until they failed, of all of them together.
    pub minutes: u64,
    /// What devices with the release did, each for as long as its partner was watched.
    pub new: Arm,
    /// What their partners did: devices of the same stratum that verified and loaded their own content again at the same time.
    pub old: Arm,
    /// Pairs of which only the device with the release went silent.
    pub new_silent: u32,
    /// Pairs of which only the partner did.
    pub old_silent: u32,
    /// Devices that are due, and are silent now without having stopped in good order: those that are not settled, and those that have failed by that,
    /// since they have no partner.
    pub silent: u32,
    /// Pairs of which only the device with the release is missing now, silent or switched off.
    pub new_missing: u32,
    /// Pairs of which only the partner is.
    pub old_missing: u32,
}

/// The fewest reports of failures from which anything follows of most devices.
pub const FEWEST: u32 = 3;

/// What the devices of a ring reported since it opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The ring.
    pub ring: u8,
    /// Until when reports are counted, in seconds since 1970.
    pub until: u64,
    /// Reports so far, of all rings.
    pub count: u64,
    /// The root over them, in the order in which they came. A witness counts them again.
    pub reports: Hash,
    /// For each stratum of the census that reported anything, its number there and what it reported, in rising order.
    pub strata: Vec<(u16, Observed)>,
}

/// A test, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistic {
    /// Which test.
    pub test: Test,
    /// What it says.
    pub found: Found,
    /// The logarithm of its ratio or of its e-value, in millionths. Of [`Test::Every`] the devices that are still to come.
    pub value: i64,
}

/// A test of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Enough devices are settled and well.
    Every,
    /// The share of settled devices that failed.
    Share,
    /// Failures beside those of partners.
    Failures,
    /// Silence beside that of partners.
    Silence,
    /// Reported failures in the hours for which devices ran the release, beside the rate that the policy calls good.
    Rate,
    /// Whether those that are due are there: no more are missing than of their partners, and few are silent.
    Present,
}

/// What a test says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing yet.
    Continue,
    /// The content is good.
    Accept,
    /// The content is bad.
    Reject,
}

/// What the evidence of a ring says: computed, so nobody signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The ring that the evidence is of.
    pub ring: u8,
    /// For each group of strata that is judged together, its number and its tests.
    pub groups: Vec<(u16, Vec<Statistic>)>,
}

/// No further device takes the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Halt {
    /// Why, for people.
    pub reason: String,
}

/// It goes on where it was halted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// Why, for people.
    pub reason: String,
}

impl From<Outcome> for Found {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Continue => Self::Continue,
            Outcome::Accept => Self::Accept,
            Outcome::Reject => Self::Reject,
        }
    }
}

impl Body {
    pub(crate) fn kind(&self) -> u8 {
        match self {
            Self::Keys(_) => 1,
            Self::Census(census) => match census.largest_group() {
                None => 2,
                Some(_) => 10,
            },
            Self::Release(_) => 3,
            Self::Plan(plan) => match plan.policy.rate() {
                None => 4,
                Some(_) => 11,
            },
            Self::Start(_) => 5,
            Self::Evidence(_) => 6,
            Self::Verdict(_) => 7,
            Self::Halt(_) => 8,
            Self::Resume(_) => 9,
        }
    }

    /// What people call an entry of this kind.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Keys(_) => "keys",
            Self::Census(_) => "census",
            Self::Release(_) => "release",
            Self::Plan(_) => "plan",
            Self::Start(_) => "start",
            Self::Evidence(_) => "evidence",
            Self::Verdict(_) => "verdict",
            Self::Halt(_) => "halt",
            Self::Resume(_) => "resume",
        }
    }

    /// The role whose keys sign it. Nothing where nobody does.
    #[must_use]
    pub const fn role(&self) -> Option<Role> {
        match self {
            Self::Keys(_) => Some(Role::Root),
            Self::Census(_) | Self::Plan(_) => Some(Role::Plan),
            Self::Release(_) => Some(Role::Release),
            Self::Start(_) | Self::Verdict(_) => None,
            Self::Evidence(_) => Some(Role::Collect),
            Self::Halt(_) => Some(Role::Halt),
            Self::Resume(_) => Some(Role::Resume),
        }
    }

    pub(crate) const fn is_of_a_rollout(&self) -> bool {
        !matches!(self, Self::Keys(_) | Self::Census(_) | Self::Release(_) | Self::Plan(_))
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        match self {
            Self::Keys(keys) => keys.write(to),
            Self::Census(census) => census.write(to),
            Self::Release(release) => release.write(to),
            Self::Plan(plan) => plan.write(to),
            Self::Start(start) => to.bytes(start.checkpoint.as_bytes()),
            Self::Evidence(evidence) => evidence.write(to),
            Self::Verdict(verdict) => verdict.write(to),
            Self::Halt(Halt { reason }) | Self::Resume(Resume { reason }) => to.bytes(reason.as_bytes()),
        }
    }

    pub(crate) fn read(kind: u8, from: &mut Reader<'_>) -> Option<Self> {
        Some(match kind {
            1 => Self::Keys(Keys::read(from)?),
            2 => Self::Census(Census::read(from, false)?),
            10 => Self::Census(Census::read(from, true)?),
            3 => Self::Release(Release::read(from)?),
            4 => Self::Plan(Plan::read(from, false)?),
            11 => Self::Plan(Plan::read(from, true)?),
            5 => {
                let note = core::str::from_utf8(from.bytes(NOTE_BYTES)?).ok()?;
                Self::Start(Start { checkpoint: note.to_owned() })
            }
            6 => Self::Evidence(Evidence::read(from)?),
            7 => Self::Verdict(Verdict::read(from)?),
            8 => Self::Halt(Halt { reason: from.text(REASON_BYTES)? }),
            9 => Self::Resume(Resume { reason: from.text(REASON_BYTES)? }),
            _ => return None,
        })
    }
}

impl Keys {
    /// The keys of a role.
    #[must_use]
    pub fn role(&self, role: Role) -> &Roles {
        let [root, release, plan, halt, resume, collect] = &self.roles;
        match role {
            Role::Root => root,
            Role::Release => release,
            Role::Plan => plan,
            Role::Halt => halt,
            Role::Resume => resume,
            Role::Collect => collect,
        }
    }

    fn write(&self, to: &mut Writer) {
        to.u32(self.version);
        for roles in &self.roles {
            to.u8(roles.needed);
            to.list(&roles.keys, |to, key| to.array(key));
        }
        to.bytes(self.trust.as_bytes());
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let version = from.u32()?;
        let mut role = || Some(Roles { needed: from.u8()?, keys: from.list(KEYS, Reader::array)? });
        let roles = [role()?, role()?, role()?, role()?, role()?, role()?];
        let trust = core::str::from_utf8(from.bytes(TRUST_BYTES)?).ok()?.to_owned();
        let is_sound = roles.iter().all(|roles| roles.keys.is_sorted_by(|before, after| before < after));
        is_sound.then_some(Self { version, roles, trust })
    }
}

impl Release {
    fn write(&self, to: &mut Writer) {
        to.array(&self.image);
        to.array(&self.content);
        to.u64(self.sequence);
        to.u64(self.bytes);
        to.array(&self.attestation);
        to.bytes(self.name.as_bytes());
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            image: from.array()?,
            content: from.array()?,
            sequence: from.u64()?,
            bytes: from.u64()?,
            attestation: from.array()?,
            name: from.text(NAME_BYTES)?,
        })
    }
}

impl Plan {
    fn write(&self, to: &mut Writer) {
        to.array(&self.release.0);
        to.array(&self.census.0);
        to.u8(match self.class {
            Class::Routine => 0,
            Class::Urgent => 1,
        });
        to.u8(u8::from(self.reverts.is_some()));
        if let Some(reverts) = self.reverts {
            to.array(&reverts.0);
        }
        self.policy.write(to);
    }

    fn read(from: &mut Reader<'_>, has_rate: bool) -> Option<Self> {
        let (release, census) = (Hash(from.array()?), Hash(from.array()?));
        let class = match from.u8()? {
            0 => Class::Routine,
            1 => Class::Urgent,
            _ => return None,
        };
        let reverts = match from.u8()? {
            0 => None,
            1 => Some(Hash(from.array()?)),
            _ => return None,
        };
        Some(Self { release, census, class, reverts, policy: Policy::decode(from, has_rate)? })
    }
}

impl Arm {
    fn write(self, to: &mut Writer) {
        to.u32(self.failures);
        to.u64(self.minutes);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self { failures: from.u32()?, minutes: from.u64()? })
    }

    const fn follows(self, before: Self) -> bool {
        self.failures >= before.failures && self.minutes >= before.minutes
    }
}

impl Observed {
    /// Whether these counts can have grown from others.
    #[must_use]
    pub const fn follows(&self, before: &Self) -> bool {
        self.receipts >= before.receipts
            && self.settled >= before.settled
            && self.failed >= before.failed
            && self.settled - before.settled >= self.failed - before.failed
            && self.due >= before.due
            && self.minutes >= before.minutes
            && self.reported >= before.reported
            && self.new.follows(before.new)
            && self.old.follows(before.old)
            && self.new_silent >= before.new_silent
            && self.old_silent >= before.old_silent
    }

    /// Devices that failed while they were watched, at least. Of the failures that were reported, those that came after the watch are of devices
    /// that were settled as well.
    #[must_use]
    pub fn failures_at_least(&self) -> u64 {
        let well = self.settled.saturating_sub(self.failed);
        self.reported.saturating_sub(well).max(self.failed).min(self.receipts).into()
    }

    /// Whether most devices that have the release report that it failed: reason enough for a person to look, whether a test has decided or not.
    #[must_use]
    pub const fn is_mostly_failures(&self) -> bool {
        self.reported >= FEWEST && self.reported > self.receipts / 2
    }

    /// Whether most devices of which it is known what became of them failed, by what they said or by silence beside no partner, and these are at least
    /// half of those that are due: reason enough for a person to look, as [`Self::is_mostly_failures`] is.
    #[must_use]
    pub const fn is_mostly_lost(&self) -> bool {
        self.failed >= FEWEST && self.failed > self.settled / 2 && self.settled >= self.due.div_ceil(2)
    }

    /// Whether the counts can be of so many devices.
    #[must_use]
    pub const fn is_of(&self, devices: u32) -> bool {
        self.failed <= self.settled
            && self.settled <= self.due
            && self.silent <= self.due
            && self.due <= self.receipts
            && self.receipts <= devices
            && self.new_missing <= devices
            && self.old_missing <= devices
            && self.new_silent <= devices
            && self.old_silent <= devices
            && self.reported <= FAILURES
            && self.new.failures <= FAILURES
            && self.old.failures <= FAILURES
    }

    /// The counts of both together.
    #[must_use]
    pub const fn and(&self, other: &Self) -> Self {
        const fn both(one: Arm, other: Arm) -> Arm {
            Arm {
                failures: one.failures.saturating_add(other.failures),
                minutes: one.minutes.saturating_add(other.minutes),
            }
        }
        Self {
            receipts: self.receipts.saturating_add(other.receipts),
            due: self.due.saturating_add(other.due),
            settled: self.settled.saturating_add(other.settled),
            failed: self.failed.saturating_add(other.failed),
            reported: self.reported.saturating_add(other.reported),
            minutes: self.minutes.saturating_add(other.minutes),
            new: both(self.new, other.new),
            old: both(self.old, other.old),
            new_silent: self.new_silent.saturating_add(other.new_silent),
            old_silent: self.old_silent.saturating_add(other.old_silent),
            silent: self.silent.saturating_add(other.silent),
            new_missing: self.new_missing.saturating_add(other.new_missing),
            old_missing: self.old_missing.saturating_add(other.old_missing),
        }
    }

    fn write(&self, to: &mut Writer) {
        to.u32(self.receipts);
        to.u32(self.due);
        to.u32(self.settled);
        to.u32(self.failed);
        to.u32(self.reported);
        to.u64(self.minutes);
        self.new.write(to);
        self.old.write(to);
        to.u32(self.new_silent);
        to.u32(self.old_silent);
        to.u32(self.silent);
        to.u32(self.new_missing);
        to.u32(self.old_missing);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            receipts: from.u32()?,
            due: from.u32()?,
            settled: from.u32()?,
            failed: from.u32()?,
            reported: from.u32()?,
            minutes: from.u64()?,
            new: Arm::read(from)?,
            old: Arm::read(from)?,
            new_silent: from.u32()?,
            old_silent: from.u32()?,
            silent: from.u32()?,
            new_missing: from.u32()?,
            old_missing: from.u32()?,
        })
    }
}

impl Evidence {
    /// Whether most devices of some stratum report that the release failed, as [`Observed::is_mostly_failures`] says.
    #[must_use]
    pub fn is_mostly_failures(&self) -> bool {
        self.strata.iter().any(|(_, seen)| seen.is_mostly_failures())
    }

    /// Whether this can have grown from earlier evidence of the ring: its counts only rise.
    #[must_use]
    pub fn follows(&self, before: &Self) -> bool {
        let grew = before.strata.iter().all(|(stratum, earlier)| {
            let at = self.strata.binary_search_by_key(stratum, |(stratum, _)| *stratum);
            at.ok().and_then(|at| self.strata.get(at)).is_some_and(|(_, now)| now.follows(earlier))
        });
        grew && self.until >= before.until
    }

    fn write(&self, to: &mut Writer) {
        to.u8(self.ring);
        to.u64(self.until);
        to.u64(self.count);
        to.array(&self.reports.0);
        to.list(&self.strata, |to, (stratum, observed)| {
            to.u16(*stratum);
            observed.write(to);
        });
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (ring, until, count, reports) = (from.u8()?, from.u64()?, from.u64()?, Hash(from.array()?));
        let strata = from.list(STRATA, |from| Some((from.u16()?, Observed::read(from)?)))?;
        let is_sorted = strata.is_sorted_by(|before, after| before.0 < after.0);
        is_sorted.then_some(Self { ring, until, count, reports, strata })
    }
}

impl Verdict {
    /// Whether everything that has to be shown is, and nothing speaks against it.
    #[must_use]
    pub fn accepts(&self) -> bool {
        let mut asked = self.groups.iter().flat_map(|(_, tests)| tests);
        let shows = |statistic: &Statistic| match statistic.test {
            Test::Every | Test::Share | Test::Present => statistic.found == Found::Accept,
            Test::Failures | Test::Silence | Test::Rate => statistic.found != Found::Reject,
        };
        !self.groups.is_empty() && asked.all(shows)
    }

    /// Whether a test says that the content is bad.
    #[must_use]
    pub fn rejects(&self) -> bool {
        self.groups.iter().flat_map(|(_, tests)| tests).any(|statistic| statistic.found == Found::Reject)
    }

    fn write(&self, to: &mut Writer) {
        to.u8(self.ring);
        to.list(&self.groups, |to, (group, tests)| {
            to.u16(*group);
            to.list(tests, |to, Statistic { test, found, value }| {
                to.u8(*test as u8);
                to.u8(*found as u8);
                to.u64(value.cast_unsigned());
            });
        });
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let ring = from.u8()?;
        let groups = from.list(STRATA, |from| {
            let group = from.u16()?;
            let tests = from.list(TESTS, |from| {
                let test = match from.u8()? {
                    0 => Test::Every,
                    1 => Test::Share,
                    2 => Test::Failures,
                    3 => Test::Silence,
                    4 => Test::Rate,
                    5 => Test::Present,
                    _ => return None,
                };
                let found = match from.u8()? {
                    0 => Found::Continue,
                    1 => Found::Accept,
                    2 => Found::Reject,
                    _ => return None,
                };
                Some(Statistic { test, found, value: from.u64()?.cast_signed() })
            })?;
            Some((group, tests))
        })?;
        Some(Self { ring, groups })
    }
}
