//! Where a rollout is, as people and machines are shown it: a function of the log, the newest counts, and the time.

mod ring;

use contentcheck_log::{Class, Note, Trust};
use contentcheck_rollout::entry::Evidence;
use contentcheck_rollout::state::{Hold, Phase, Rollout};
use contentcheck_rollout::time::utc;
use contentcheck_rollout::{Id, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::{CLOCKS_APART, COLLECTED_WITHIN, ROLLOUTS_BEFORE};

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
    /// Why a person should look, in sentences. Empty: the light is green.
    pub reasons: Vec<String>,
    /// Why what is shown may be old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// What holds every rollout where this was looked at, whatever the log says: no ring opens there, and no token is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// Why the rollout does not go on where this was looked at although the log lets it, in sentences: they are among the reasons as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<String>,
    /// The log.
    pub log: Log,
    /// The newest rollout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Now>,
    /// Those before it, the newest one first.
    pub before: Vec<Before>,
    /// What the newest rollout can be taken back to: releases that were good on the whole fleet, the newest one first.
    #[serde(default)]
    pub ways_back: Vec<Release>,
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
    /// The public keys that signed the halt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub halted_by: Vec<String>,
    /// Devices that take part, and that do not.
    pub devices: u64,
    /// Devices that do not: pinned, paused, delayed.
    pub held: u64,
    /// The ring that was opened last.
    pub ring: Option<u8>,
    /// When it was opened.
    pub since: Option<u64>,
    /// When two people let the rollout go on, where that was after it was opened: its time counts from then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed_at: Option<u64>,
    /// Why reports may be missing: no collector has run yet, or none for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncollected: Option<String>,
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
        let Seen { state, trouble, now, .. } = seen;
        let rollout = state.newest().map(|rollout| Now::of(seen, rollout));
        let before = state.rollouts().iter().rev().skip(1).take(ROLLOUTS_BEFORE).map(|rollout| Before {
            id: rollout.id().to_string(),
            release: release(rollout),
            phase: PhaseName::of(rollout),
            ring: rollout.open_ring(),
            rings: rollout.ring_count(),
        });
        let log = Log::of(seen);
        let (mut light, headline) = match &rollout {
            _ if state.keys().is_none() => (Light::Red, "the log is EMPTY, and no log of rollouts ever is".to_owned()),
            None => (Light::Green, "no rollout is in the log".to_owned()),
            Some(rollout) => (rollout.light(), rollout.headline(now, &log)),
        };
        let mut reasons = Vec::new();
        if state.keys().is_none() {
            reasons.push(
                "the first entry of a log says who holds which role; take the files of the log from a copy".to_owned(),
            );
        }
        reasons.extend(rollout.iter().flat_map(|rollout| rollout.reasons(trouble.is_none())));
        reasons.extend(ahead(state.time(), now));
        reasons.extend(trouble.map(str::to_owned));
        // Before there is a rollout nobody has asked the witnesses.
        reasons.extend(rollout.as_ref().and_then(|_| log.missing()));
        for bad in still_running(state).into_iter().chain(fails_elsewhere(state)) {
            light = Light::Red;
            reasons.push(bad);
        }
        if light == Light::Green && !reasons.is_empty() {
            light = Light::Amber;
        }
        let ways_back = state.ways_back().take(ROLLOUTS_BEFORE).map(release).collect();
        let (trouble, before) = (trouble.map(str::to_owned), before.collect());
        let (held, blocked) = (None, Vec::new());
        Self { now, headline, light, reasons, trouble, held, blocked, log, before, rollout, ways_back }
    }

    /// The same where the rollout does not go on here although the log lets it.
    #[must_use]
    pub fn and_blocked(mut self, why: impl IntoIterator<Item = String>) -> Self {
        let why: Vec<String> = why.into_iter().collect();
        if !why.is_empty() && self.light == Light::Green {
            self.light = Light::Amber;
        }
        self.reasons.splice(0..0, why.iter().cloned());
        self.blocked.extend(why);
        self
    }

    /// The same where somebody stopped the rollout in another way than by the log.
    #[must_use]
    pub fn and_stopped(mut self, why: Option<String>) -> Self {
        if let Some(why) = why {
            // What is halted, rejected or taken back says so itself.
            if self.light != Light::Red {
                self.headline += "; it is HELD here";
            }
            self.reasons.insert(0, why.clone());
            self.light = Light::Red;
            self.held = Some(why);
        }
        self
    }

    /// The same where devices report by now that these ways back failed, by their sequences: they are none, and a person should look.
    #[must_use]
    pub fn and_bad(mut self, bad: &[(u64, String)]) -> Self {
        self.ways_back.retain(|way| bad.iter().all(|(sequence, _)| *sequence != way.sequence));
        self.and_red(bad.iter().map(|(_, why)| why.clone()))
    }

    /// The same with reasons for which a person must look.
    #[must_use]
    pub fn and_red(mut self, reasons: impl IntoIterator<Item = String>) -> Self {
        let before = self.reasons.len();
        self.reasons.extend(reasons);
        if self.reasons.len() > before {
            self.light = Light::Red;
        }
        self
    }

    /// The same with further reasons to look.
    #[must_use]
    pub fn and(mut self, reasons: impl IntoIterator<Item = String>) -> Self {
        self.reasons.extend(reasons);
        if self.light == Light::Green && !self.reasons.is_empty() {
            self.light = Light::Amber;
        }
        self
    }
}

/// That the release that devices run where the next one has not come was found bad since, in a sentence.
fn still_running(state: &State) -> Option<String> {
    let newest = state.newest().filter(|newest| !newest.is_everywhere())?;
    let before = state.rollouts().iter().rev().find(|before| before.id() != newest.id() && before.is_everywhere())?;
    let release = before.release();
    before.is_bad_behind().then(|| {
        format!(
            "`{}` (sequence {}), which devices run where the next release has not come, FAILED by what they report: it is no way back, and its tokens are \
             taken away",
            release.name, release.sequence
        )
    })
}

/// That devices that have the content of the newest release from before say that it failed, in a sentence.
fn fails_elsewhere(state: &State) -> Option<String> {
    let newest = state.newest().filter(|newest| state.fails_elsewhere(newest))?;
    let release = newest.release();
    Some(format!(
        "devices that have the content of `{}` (sequence {}) from an earlier release say that it FAILED: no further ring opens and no token is written; \
         `contentcheck rollout halt --reason WORDS`, then go back to other content or plan a fix",
        release.name, release.sequence
    ))
}

/// That the newest entry is of a time that is still to come by the clock of whoever looks.
fn ahead(newest: u64, now: u64) -> Option<String> {
    let by = newest.saturating_sub(now);
    (by > CLOCKS_APART).then(|| {
        format!(
            "the newest entry of the log is {} ahead of this machine's clock: one of the two clocks is wrong, and what is due is told by the log's",
            duration(by)
        )
    })
}

impl Log {
    fn of(Seen { state, checkpoint, now, .. }: Seen<'_>) -> Self {
        let trust = state.trust();
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

    /// Which witnesses have not signed for the newest checkpoint, in a sentence.
    fn missing(&self) -> Option<String> {
        let missing = self.witnesses.iter().filter(|witness| witness.signed.is_none());
        let names: Vec<&str> = missing.map(|witness| witness.name.as_str()).collect();
        let (all, count) = (self.witnesses.len(), names.len());
        let have = if count == 1 { "has" } else { "have" };
        let must = if self.is_witnessed() { String::new() } else { format!("; {} must", self.needed) };
        let of =
            format!("{count} of {all} witnesses {have} not signed for the newest entry: {}{must}", names.join(", "));
        (count > 0).then_some(of)
    }

    /// Witnesses that signed for the newest checkpoint.
    fn signers(&self) -> usize {
        self.witnesses.iter().filter(|witness| witness.signed.is_some()).count()
    }

    /// Whether as many witnesses signed for the newest checkpoint as devices ask for.
    #[must_use]
    pub fn is_witnessed(&self) -> bool {
        self.signers() >= usize::from(self.needed)
    }

    /// How many of the witnesses signed, where those are too few.
    fn signed(&self) -> String {
        format!("{} of {} witnesses", self.signers(), self.witnesses.len())
    }
}

impl Now {
    fn of(Seen { state, live, trouble, now, .. }: Seen<'_>, rollout: &Rollout) -> Self {
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
            halted_by: halted_at.map_or_else(Vec::new, |_| {
                rollout.halted_keys().iter().map(|key| contentcheck_log::Hash(*key).to_string()).collect()
            }),
            devices: census.taking_part(),
            held: census.strata.iter().map(|stratum| u64::from(stratum.held)).sum(),
            ring: rollout.open_ring(),
            since: rollout.opened().last().map(|opened| opened.at),
            resumed_at: rollout
                .opened()
                .last()
                .map(|opened| opened.at)
                .and_then(|at| Some(rollout.baking_since()).filter(|since| *since > at)),
            // What was not counted may have come all the same: the trouble says why.
            uncollected: uncollected(rollout, &rings, now).filter(|_| trouble.is_none()),
            next: next(state, rollout, &rings, now),
            rings,
        }
    }

    /// Why a person should look, in sentences; whether reports can be counted says what to do about them.
    fn reasons(&self, can_be_counted: bool) -> Vec<String> {
        let mut reasons = Vec::new();
        if let (Some(why), Some(at)) = (&self.why, self.halted_at) {
            let keys = self.halted_by.iter().map(|key| key.get(..12).unwrap_or(key));
            let keys = keys.collect::<Vec<_>>().join(", ");
            reasons.push(format!("halted at {} UTC by the key {keys}: {why}", utc(at)));
        } else {
            reasons.extend(self.why.clone());
        }
        if matches!(self.phase, PhaseName::Open | PhaseName::Everywhere) {
            for ring in self.rings.iter().filter(|ring| ring.opened_at.is_some()) {
                let bad = ring.groups.iter().filter(|group| group.is_bad()).map(|group| group.name.as_str());
                let bad = bad.collect::<Vec<_>>().join(", ");
                if !bad.is_empty() {
                    let then = if can_be_counted {
                        "`contentcheck rollout advance` takes them in"
                    } else {
                        "`contentcheck rollout advance` cannot take them in as long as the following holds, so stop it by \
                         `contentcheck rollout halt --reason WORDS`"
                    };
                    reasons.push(format!("reports of {} say that the release is bad, on {bad}; {then}", ring.title()));
                }
            }
            for ring in self.rings.iter().filter(|ring| ring.opened_at.is_some() && ring.is_failing() && !ring.is_bad())
            {
                let failing = ring.groups.iter().filter(|group| group.counts.reported > 0);
                let failing = failing.map(|group| {
                    format!("{} of {} devices on {}", group.counts.reported, group.counts.receipts, group.name)
                });
                let failing = failing.collect::<Vec<_>>().join(", ");
                reasons.push(format!(
                    "most devices of {} report that the release FAILED, and no test has decided: {failing}; look, and stop it by \
                     `contentcheck rollout halt --reason WORDS`",
                    ring.title()
                ));
            }
            let is_lost = |ring: &&Ring| ring.is_lost() && !ring.is_failing() && !ring.is_bad();
            for ring in self.rings.iter().filter(|ring| ring.opened_at.is_some()).filter(is_lost) {
                let lost = ring.groups.iter().filter(|group| group.counts.failed > 0);
                let lost = lost.map(|group| {
                    format!("{} of {} settled devices on {}", group.counts.failed, group.counts.settled, group.name)
                });
                let lost = lost.collect::<Vec<_>>().join(", ");
                reasons.push(format!(
                    "most devices of {} FAILED: they say so, or say nothing and have no partner; no test has decided: {lost}; look, and stop it by \
                     `contentcheck rollout halt --reason WORDS`",
                    ring.title()
                ));
            }
            let late = self.rings.iter().filter(|ring| ring.is_late()).map(Ring::title).collect::<Vec<_>>();
            // Without reports, or where they cannot be counted, there is no evidence, which is said below.
            if !late.is_empty() && self.uncollected.is_none() && can_be_counted {
                reasons.push(format!(
                    "the evidence of {} in the log is older than devices may take to report: does `contentcheck rollout advance` \
                     run from a timer?",
                    late.join(", ")
                ));
            }
        }
        reasons.extend(self.uncollected.clone());
        reasons
    }

    fn light(&self) -> Light {
        match self.phase {
            PhaseName::Halted | PhaseName::Rejected | PhaseName::Reverted => Light::Red,
            PhaseName::Open | PhaseName::Everywhere
                if self.rings.iter().any(|ring| ring.is_bad() || ring.is_failing() || ring.is_lost()) =>
            {
                Light::Red
            }
            _ if self.rings.iter().any(Ring::is_late) => Light::Amber,
            _ => Light::Green,
        }
    }

    /// The rollout in a line. A ring whose opening too few witnesses signed is open in the log, and to no device.
    fn headline(&self, now: u64, log: &Log) -> String {
        let release = &self.release.name;
        let since = self.since.map_or_else(String::new, |at| format!(" for {}", duration(now.saturating_sub(at))));
        let resumed = self.resumed_at.filter(|_| self.phase == PhaseName::Open);
        let since = since
            + &resumed.map_or_else(String::new, |at| {
                format!(", of which {} count since it was resumed", duration(now.saturating_sub(at)))
            });
        let ring = self.ring.and_then(|ring| self.rings.get(usize::from(ring)));
        let ring = ring.map_or_else(|| "no ring".to_owned(), Ring::title);
        match self.phase {
            PhaseName::Planned => format!("{release} is planned, and no ring is open"),
            PhaseName::Started => format!("{release} is started, and its first ring has not opened"),
            PhaseName::Everywhere if !log.is_witnessed() => {
                format!(
                    "{release} is open to the whole fleet in the log, and {} signed for its newest entry",
                    log.signed()
                )
            }
            PhaseName::Open if !log.is_witnessed() => {
                format!(
                    "{release} is open to {ring} in the log{since}, and {} signed for its newest entry",
                    log.signed()
                )
            }
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
            let bad = group.tests.iter().filter(|test| test.found == "reject");
            bad.map(move |test| format!("{}: {}", group.name, test.says))
        })
        .collect();
    format!("the evidence of ring {of} ({}) says that the release is bad: {}", ring_name(rollout, of), bad.join("; "))
}

/// Why reports may be missing, while a ring is open.
fn uncollected(rollout: &Rollout, rings: &[Ring], now: u64) -> Option<String> {
    let Phase::Open { ring } = rollout.phase() else { return None };
    let open = rings.get(usize::from(*ring))?;
    let opened = open.opened_at?;
    match rings.iter().filter_map(|ring| ring.counted_until).max() {
        None if now > opened.saturating_add(COLLECTED_WITHIN) => {
            Some("no collector has run yet: `contentcheck rollout collect` takes the reports of devices".to_owned())
        }
        Some(until) if now > until.max(opened).saturating_add(rollout.plan().policy.report_within() / 2) => {
            Some(format!(
                "no report was taken in for {}: does `contentcheck rollout collect` run?",
                duration(now.saturating_sub(until))
            ))
        }
        _ => None,
    }
}

/// What is missing where rings may not open yet.
fn held_by(hold: &Hold) -> String {
    match hold {
        Hold::Blackout => "the end of a blackout".to_owned(),
        Hold::Rate(rate) => {
            format!("rings that opened before it to be older: the rate limit is {rate}, over all rollouts")
        }
    }
}

/// What comes next, and what is missing for it.
fn next(state: &State, rollout: &Rollout, rings: &[Ring], now: u64) -> Option<Next> {
    let ring = rollout.next_ring()?;
    let mut missing = Vec::new();
    let mut earliest = None;
    match rollout.phase() {
        Phase::Planned => {
            missing.push("a start, with the signatures of the witnesses on the plan".to_owned());
            missing.extend(state.window(rollout, now).iter().flat_map(|window| &window.holds).map(held_by));
        }
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
            missing.extend(stale.map(|one| format!("fresh evidence of {}", one.title())));
            earliest = Some(baked.max(now));
        }
    }
    if let Some(at) = earliest {
        let window = state.window(rollout, at);
        missing.extend(window.iter().flat_map(|window| &window.holds).map(held_by));
        earliest = window.map(|window| window.from);
    }
    Some(Next { ring, name: ring_name(rollout, ring), earliest, missing })
}
