//! Where a rollout is, as people and machines are shown it: a function of the log, the newest counts, and the time.

mod ring;

use contentcheck_log::{Class, Note, Trust};
use contentcheck_rollout::entry::Evidence;
use contentcheck_rollout::state::{Phase, Rollout};
use contentcheck_rollout::{Id, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::ROLLOUTS_BEFORE;

pub use ring::{Counts, Group, Ring, RingState, Test};

/// What a status is made of.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'s> {
    /// What follows from the log.
    pub state: &'s State,
    /// The checkpoint of the log, with its signatures. Empty: not known.
    pub checkpoint: &'s str,
    /// Counts of the newest rollout that are newer than the evidence in the log. Nobody decides by them.
    pub live: &'s [Evidence],
    /// Why what is shown may be old. Nothing: it is not.
    pub trouble: Option<&'s str>,
    /// The time, in seconds since 1970.
    pub now: u64,
}

/// Where things are. Times are in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RolloutStatus")]
pub struct Status {
    /// When this was so.
    pub now: u64,
    /// The rollout in one sentence.
    pub headline: String,
    /// Whether a person should look: green, amber or red.
    pub light: Light,
    /// Why what is shown may be old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// The log.
    pub log: Log,
    /// The newest rollout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Now>,
    /// Those before it, the newest one first.
    pub before: Vec<Before>,
}

/// Whether a person should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Light {
    /// All is as it should be.
    Green,
    /// Something is late, or does not go on by itself.
    Amber,
    /// The release is bad, or somebody stopped it.
    Red,
}

/// The log, and who signed for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Log {
    /// Its name.
    pub name: String,
    /// Entries.
    pub entries: u64,
    /// The root over them.
    pub root: String,
    /// When its newest entry was made.
    pub time: u64,
    /// Witnesses that must sign.
    pub needed: u8,
    /// Its witnesses.
    pub witnesses: Vec<Witness>,
}

/// A witness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Witness {
    /// Its name in the policy of witnesses.
    pub name: String,
    /// When it signed for the newest checkpoint. Nothing: it has not.
    pub signed: Option<u64>,
    /// How long ago that is, in seconds.
    pub age: Option<u64>,
}

/// What is rolled out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Release {
    /// What people call it.
    pub name: String,
    /// Its sequence.
    pub sequence: u64,
    /// SHA-256 of its image.
    pub image: String,
    /// Bytes of its image.
    pub bytes: u64,
}

/// The phase of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseName {
    /// Its plan is in the log.
    Planned,
    /// Devices are spread over rings, and none is open.
    Started,
    /// A ring is open.
    Open,
    /// Its last ring is open.
    Everywhere,
    /// A person halted it.
    Halted,
    /// The evidence says that the release is bad.
    Rejected,
    /// Another rollout took its place.
    Superseded,
    /// Another rollout took it back.
    Reverted,
}

impl PhaseName {
    /// Its name, as it is in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Started => "started",
            Self::Open => "open",
            Self::Everywhere => "everywhere",
            Self::Halted => "halted",
            Self::Rejected => "rejected",
            Self::Superseded => "superseded",
            Self::Reverted => "reverted",
        }
    }

    fn of(rollout: &Rollout) -> Self {
        match rollout.phase() {
            Phase::Planned => Self::Planned,
            Phase::Started => Self::Started,
            Phase::Open { .. } if rollout.is_everywhere() => Self::Everywhere,
            Phase::Open { .. } => Self::Open,
            Phase::Halted { .. } => Self::Halted,
            Phase::Rejected { .. } => Self::Rejected,
            Phase::Superseded { reverted: true, .. } => Self::Reverted,
            Phase::Superseded { .. } => Self::Superseded,
        }
    }
}

/// The newest rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Now {
    /// Which one: the hash of the entry that holds its plan.
    pub id: String,
    /// What is rolled out.
    pub release: Release,
    /// The name of its policy.
    pub policy: String,
    /// Whether it is in a hurry.
    pub urgent: bool,
    /// The rollout that it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverts: Option<String>,
    /// Where it is.
    pub phase: PhaseName,
    /// Why it is halted or rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// When it was halted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halted_at: Option<u64>,
    /// Devices that take part, and that do not.
    pub devices: u64,
    /// Devices that do not: pinned, paused, delayed.
    pub held: u64,
    /// The ring that was opened last.
    pub ring: Option<u8>,
    /// When it was opened.
    pub since: Option<u64>,
    /// The ring that opens next, if all goes well.
    pub next: Option<Next>,
    /// Its rings.
    pub rings: Vec<Ring>,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Next {
    /// The ring.
    pub ring: u8,
    /// Its name.
    pub name: String,
    /// When it may open at the earliest. Nothing: not before a person acts.
    pub earliest: Option<u64>,
    /// What is missing, in sentences. Empty: it can open.
    pub missing: Vec<String>,
}

/// A rollout that came before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Before {
    /// Which one.
    pub id: String,
    /// What was rolled out.
    pub release: Release,
    /// How it ended.
    pub phase: PhaseName,
    /// The last ring that was opened.
    pub ring: Option<u8>,
    /// Rings that it had.
    pub rings: u8,
}

fn release(rollout: &Rollout) -> Release {
    let release = rollout.release();
    Release {
        name: release.name.clone(),
        sequence: release.sequence,
        image: contentcheck_log::Hash(release.image).to_string(),
        bytes: release.bytes,
    }
}

/// What people call a ring.
fn ring_name(rollout: &Rollout, ring: u8) -> String {
    let named = rollout.plan().policy.rings().get(usize::from(ring));
    named.map_or_else(|| "rest".to_owned(), |ring| ring.name.clone())
}

/// Seconds as a person says them.
#[must_use]
pub fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, ..) => format!("{hours} h {minutes} min"),
        (_, 0, _) => format!("{days} d"),
        _ => format!("{days} d {hours} h"),
    }
}

impl Status {
    /// Where things are.
    #[must_use]
    pub fn of(seen: Seen<'_>) -> Self {
        let Seen { state, live, trouble, now, .. } = seen;
        let rollout = state.newest().map(|rollout| Now::of(rollout, live, now));
        let before = state.rollouts().iter().rev().skip(1).take(ROLLOUTS_BEFORE).map(|rollout| Before {
            id: rollout.id().to_string(),
            release: release(rollout),
            phase: PhaseName::of(rollout),
            ring: rollout.open_ring(),
            rings: rollout.ring_count(),
        });
        let log = Log::of(seen);
        let (light, headline) = rollout.as_ref().map_or_else(
            || (Light::Green, "no rollout is in the log".to_owned()),
            |rollout| (rollout.light(), rollout.headline(now)),
        );
        let light =
            if light == Light::Green && (trouble.is_some() || !log.is_witnessed()) { Light::Amber } else { light };
        Self { now, headline, light, trouble: trouble.map(str::to_owned), log, before: before.collect(), rollout }
    }
}

impl Log {
    fn of(Seen { state, checkpoint, now, .. }: Seen<'_>) -> Self {
        let trust = state.keys().and_then(|keys| Trust::read(&keys.trust).ok());
        let note = Note::read(checkpoint.as_bytes()).ok();
        let witness = |(name, key): (&str, _)| {
            let signed = note.as_ref().and_then(|note| note.cosigned_at(&key));
            Witness { name: name.to_owned(), signed, age: signed.map(|signed| now.saturating_sub(signed)) }
        };
        Self {
            name: state.log().to_owned(),
            entries: state.size(),
            root: state.root().to_string(),
            time: state.time(),
            needed: trust.as_ref().map_or(0, Trust::quorum),
            witnesses: trust.iter().flat_map(Trust::witnesses).map(witness).collect(),
        }
    }

    /// Whether as many witnesses signed for the newest checkpoint as devices ask for.
    #[must_use]
    pub fn is_witnessed(&self) -> bool {
        let signed = self.witnesses.iter().filter(|witness| witness.signed.is_some()).count();
        signed >= usize::from(self.needed)
    }
}

impl Now {
    fn of(rollout: &Rollout, live: &[Evidence], now: u64) -> Self {
        let rings = (0..rollout.ring_count()).map(|ring| Ring::of(rollout, ring, live, now)).collect::<Vec<_>>();
        let (why, halted_at) = match rollout.phase() {
            Phase::Halted { reason, at, .. } => (Some(reason.clone()), Some(*at)),
            Phase::Rejected { of, .. } => (Some(rejection(&rings, rollout, *of)), None),
            _ => (None, None),
        };
        let census = rollout.census();
        Self {
            id: rollout.id().to_string(),
            release: release(rollout),
            policy: rollout.plan().policy.name().to_owned(),
            urgent: rollout.plan().class == Class::Urgent,
            reverts: rollout.plan().reverts.map(|id: Id| id.to_string()),
            phase: PhaseName::of(rollout),
            why,
            halted_at,
            devices: census.taking_part(),
            held: census.strata.iter().map(|stratum| u64::from(stratum.held)).sum(),
            ring: rollout.open_ring(),
            since: rollout.opened().last().map(|opened| opened.at),
            next: next(rollout, &rings, now),
            rings,
        }
    }

    /// The name of a ring.
    fn name(&self, ring: u8) -> &str {
        self.rings.get(usize::from(ring)).map_or("", |ring| &ring.name)
    }

    fn light(&self) -> Light {
        match self.phase {
            PhaseName::Halted | PhaseName::Rejected | PhaseName::Reverted => Light::Red,
            PhaseName::Open | PhaseName::Everywhere if self.rings.iter().any(Ring::is_bad) => Light::Red,
            _ if self.rings.iter().any(Ring::is_late) => Light::Amber,
            _ => Light::Green,
        }
    }

    fn headline(&self, now: u64) -> String {
        let release = &self.release.name;
        let since = self.since.map_or_else(String::new, |at| format!(" for {}", duration(now.saturating_sub(at))));
        let ring = self.ring.map_or_else(|| "no ring".to_owned(), |ring| format!("ring {ring} ({})", self.name(ring)));
        match self.phase {
            PhaseName::Planned => format!("{release} is planned, and no ring is open"),
            PhaseName::Started => format!("{release} is started, and its first ring has not opened"),
            PhaseName::Open => format!("{release} has been open to {ring}{since}"),
            PhaseName::Everywhere => format!("{release} has been open to the whole fleet{since}"),
            PhaseName::Halted => format!("{release} is HALTED with {ring} open"),
            PhaseName::Rejected => format!("{release} is REJECTED with {ring} open; it never goes on"),
            PhaseName::Superseded => format!("{release} was superseded"),
            PhaseName::Reverted => format!("{release} was reverted"),
        }
    }
}

fn rejection(rings: &[Ring], rollout: &Rollout, of: u8) -> String {
    let groups = rings.get(usize::from(of)).into_iter().flat_map(|ring| &ring.groups);
    let bad: Vec<String> = groups
        .flat_map(|group| {
            let name = if group.name.is_empty() { "all devices" } else { &group.name };
            group.tests.iter().filter(|test| test.found == "reject").map(move |test| format!("{name}: {}", test.says))
        })
        .collect();
    format!("the evidence of ring {of} ({}) says that the release is bad: {}", ring_name(rollout, of), bad.join("; "))
}

/// What comes next, and what is missing for it.
fn next(rollout: &Rollout, rings: &[Ring], now: u64) -> Option<Next> {
    let ring = rollout.next_ring()?;
    let mut missing = Vec::new();
    let policy = &rollout.plan().policy;
    let mut earliest = None;
    match rollout.phase() {
        Phase::Planned => missing.push("a start, with the signatures of the witnesses on the plan".to_owned()),
        Phase::Halted { .. } => missing.push("a resumption, which two people sign".to_owned()),
        Phase::Rejected { .. } | Phase::Superseded { .. } => return None,
        Phase::Started => earliest = Some(now),
        Phase::Open { ring } => {
            let baked = rollout.baked_at().unwrap_or(now);
            if baked > now {
                missing.push(format!("{} of the time for which this ring is watched", duration(baked - now)));
            }
            if let Some(open) = rings.get(usize::from(*ring)) {
                missing.extend(open.groups.iter().flat_map(Group::missing));
            }
            let stale = rings.iter().filter(|one| one.opened_at.is_some() && one.is_stale);
            missing.extend(stale.map(|one| format!("fresh evidence of ring {} ({})", one.number, one.name)));
            earliest = Some(baked.max(now));
        }
    }
    if let Some(at) = earliest {
        let opens = (0..=7 * 24 * 60).map(|minute| if minute == 0 { at } else { (at / 60 + minute) * 60 });
        let opens = opens.into_iter().find(|at| !policy.is_blackout_at(*at));
        if opens != Some(at) {
            missing.push("the end of a blackout".to_owned());
        }
        earliest = opens;
    }
    Some(Next { ring, name: ring_name(rollout, ring), earliest, missing })
}
