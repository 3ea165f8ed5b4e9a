//! One ring: what it has to show, and what it shows.

use contentcheck_rollout::entry::{Evidence, Found, Observed, Statistic, Test as Kind};
use contentcheck_rollout::policy::Rule;
use contentcheck_rollout::state::{Phase, Rollout};
use contentcheck_rollout::{Judgement, judge};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ring_name;
use crate::limits::NAMED_STRATA;

/// A ring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ring {
    /// Its number, from 0.
    pub number: u8,
    /// Its name.
    pub name: String,
    /// The share of the fleet in it, between 0 and 1.
    pub share: f64,
    /// Devices in it, on average.
    pub expected: u64,
    /// Where it is.
    pub state: RingState,
    /// When it was opened.
    pub opened_at: Option<u64>,
    /// Seconds for which it is watched at least.
    pub bake: u64,
    /// Until when reports are counted below.
    pub counted_until: Option<u64>,
    /// Whether the counts below are newer than the evidence in the log, by which alone anything is decided.
    pub live: bool,
    /// Whether the evidence in the log is older than devices may take to report.
    pub is_stale: bool,
    /// What all of it shows.
    pub counts: Counts,
    /// Groups of strata that are judged on their own.
    pub groups: Vec<Group>,
}

/// Where a ring is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RingState {
    /// It was opened, and others after it.
    Passed,
    /// It was opened last, and the rollout goes on.
    Open,
    /// It was opened, and the rollout does not go on.
    Stopped,
    /// It was not opened.
    Waiting,
}

/// Counts of devices. They only rise, but for those that are missing now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Devices that said that they will activate the release.
    pub receipts: u32,
    /// Those that have had it for as long as the ring is watched.
    pub due: u32,
    /// Those of them of which it is known what became of them.
    pub settled: u32,
    /// Those of the settled that failed: they reported a failure, or went silent and have no partner.
    pub failed: u32,
    /// Failures that were reported, whether the time is up or not.
    pub reported: u32,
    /// Pairs of which only the device with the release went silent.
    pub new_silent: u32,
    /// Pairs of which only its partner did.
    pub old_silent: u32,
    /// Devices that are due and silent now, without having stopped in good order.
    pub silent: u32,
    /// Pairs of which only the device with the release is missing now, silent or switched off.
    pub new_missing: u32,
    /// Pairs of which only the partner is.
    pub old_missing: u32,
}

impl From<&Observed> for Counts {
    fn from(seen: &Observed) -> Self {
        Self {
            receipts: seen.receipts,
            due: seen.due,
            settled: seen.settled,
            failed: seen.failed,
            reported: seen.reported,
            new_silent: seen.new_silent,
            old_silent: seen.old_silent,
            silent: seen.silent,
            new_missing: seen.new_missing,
            old_missing: seen.old_missing,
        }
    }
}

impl Counts {
    /// Whether most devices that have the release report that it failed.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.seen().is_mostly_failures()
    }

    /// Whether most devices of which it is known what became of them failed, also those that say nothing.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.seen().is_mostly_lost()
    }

    /// Devices that failed by what is shown: while they were watched, or as they said after that.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        if self.failed > self.reported { self.failed } else { self.reported }
    }

    fn seen(&self) -> Observed {
        let Self { receipts, due, settled, failed, reported, .. } = *self;
        Observed { receipts, due, settled, failed, reported, ..Observed::default() }
    }
}

/// Strata that are judged together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// What they have in common, the beginning of their names; where that is nothing, their names.
    pub name: String,
    /// Their names.
    pub strata: Vec<String>,
    /// Devices that the ring has of them, on average.
    pub expected: u64,
    /// Devices that must be settled, with as many failures as there are now. Nothing: nobody is asked.
    pub needed: Option<u64>,
    /// What they show.
    pub counts: Counts,
    /// Failures that were reported of devices with the release, beside those of partners.
    pub failures: [u32; 2],
    /// The highest share of failures that this group would not show in this ring, with 95 % confidence.
    pub unseen: f64,
    /// The tests.
    pub tests: Vec<Test>,
}

/// A test, and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Test {
    /// Which one: `every`, `share`, `rate`, `present`, `failures` or `silence`.
    pub test: String,
    /// What it says: `continue`, `accept` or `reject`.
    pub found: String,
    /// The logarithm of its ratio or of its e-value, in millionths; of `every` the devices that are still to come.
    pub value: i64,
    /// The same in a sentence.
    pub says: String,
}

impl Group {
    /// What is missing of it, in sentences.
    pub(super) fn missing(&self) -> Option<String> {
        let needed = self.needed?;
        let settled = u64::from(self.counts.settled);
        if settled < needed {
            return Some(format!("{}: {settled} of {needed} devices settled", self.name));
        }
        let waits = self.tests.iter().find(|test| test.test == "present" && test.found != "accept")?;
        Some(format!("{}: {}", self.name, waits.says))
    }

    /// Whether a test of it says that the release is bad.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.tests.iter().any(|test| test.found == "reject")
    }

    /// Whether it has shown what it must.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        let shows = |test: &Test| match test.test.as_str() {
            "every" | "share" | "present" => test.found == "accept",
            _ => test.found != "reject",
        };
        self.tests.iter().all(shows)
    }
}

impl Ring {
    pub(super) fn of(rollout: &Rollout, ring: u8, live: &[Evidence], now: u64) -> Self {
        let policy = &rollout.plan().policy;
        let logged = rollout.evidence(ring);
        let newer = live.iter().find(|one| one.ring == ring && logged.is_none_or(|logged| one.until > logged.until));
        let evidence = newer.or(logged);
        // A plan whose rings are too small is not taken.
        let judged = judge(rollout.census(), policy, ring, evidence).ok();
        let all = judged.iter().flat_map(|judged| &judged.groups);
        let all = all.fold(Observed::default(), |sum, (_, seen)| sum.and(seen));
        let opened_at = rollout.opened().get(usize::from(ring)).map(|opened| opened.at);
        let is_last_open = rollout.open_ring() == Some(ring);
        let state = match (opened_at, rollout.phase()) {
            (None, _) => RingState::Waiting,
            (Some(_), Phase::Open { .. }) if is_last_open => RingState::Open,
            (Some(_), _) if is_last_open => RingState::Stopped,
            (Some(_), _) => RingState::Passed,
        };
        let class = rollout.plan().class;
        let fresh = now.saturating_sub(policy.report_within());
        Self {
            number: ring,
            name: ring_name(rollout, ring),
            share: policy.share_of(ring),
            expected: rollout.census().expected(policy, ring).round() as u64,
            state,
            opened_at,
            bake: policy.rings().get(usize::from(ring)).map_or(class.bake(), |ring| ring.bake(class)),
            counted_until: evidence.map(|evidence| evidence.until),
            live: newer.is_some(),
            is_stale: opened_at.is_some_and(|at| at < fresh) && logged.is_none_or(|logged| logged.until < fresh),
            counts: Counts::from(&all),
            groups: judged.map_or_else(Vec::new, |judged| groups(rollout, ring, judged)),
        }
    }

    /// Whether a test of a group says that the release is bad.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.groups.iter().any(Group::is_bad)
    }

    /// Whether most devices report that the release failed, of a group or of all.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.counts.is_failing() || self.groups.iter().any(|group| group.counts.is_failing())
    }

    /// Whether most devices of a group or of all failed, also those that say nothing.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.counts.is_lost() || self.groups.iter().any(|group| group.counts.is_lost())
    }

    /// What it is called: its number, from 0, as in the files, and its name.
    #[must_use]
    pub fn title(&self) -> String {
        format!("ring {} ({})", self.number, self.name)
    }

    /// Whether nothing newer was counted than devices may take to report, while the rollout goes on.
    pub(crate) const fn is_late(&self) -> bool {
        matches!(self.state, RingState::Open | RingState::Passed) && self.is_stale
    }
}

fn groups(rollout: &Rollout, ring: u8, judged: Judgement) -> Vec<Group> {
    let rule = rollout.plan().policy.rings().get(usize::from(ring));
    let strata = &rollout.census().strata;
    let named = |number: &u16| strata.get(usize::from(*number)).map(|stratum| stratum.name.clone());
    let tests = judged.verdict.groups.into_iter().map(|(_, tests)| tests);
    let groups = judged.groups.into_iter().zip(tests);
    groups
        .map(|((group, seen), tests)| Group {
            name: name_of(&group.name, group.strata.iter().filter_map(named)),
            strata: group.strata.iter().filter_map(named).collect(),
            expected: group.expected.round() as u64,
            needed: rule.map(|rule| match (rule.rule, rule.test()) {
                (Rule::Every(at_least), _) => at_least.into(),
                (Rule::Share { .. }, test) => {
                    test.map_or(u64::MAX, |test| test.accepts_at(u64::from(seen.failed).min(u64::from(seen.settled))))
                }
            }),
            counts: Counts::from(&seen),
            failures: [seen.new.failures, seen.old.failures],
            unseen: group.unseen(),
            tests: tests.iter().map(|test| says(test, &seen)).collect(),
        })
        .collect()
}

/// What a group is called: what its strata have in common, else their names.
fn name_of(common: &str, strata: impl Iterator<Item = String>) -> String {
    if !common.is_empty() {
        return common.to_owned();
    }
    let names: Vec<String> = strata.collect();
    let listed: Vec<&str> = names.iter().take(NAMED_STRATA).map(String::as_str).collect();
    match names.len().saturating_sub(listed.len()) {
        0 => listed.join(" + "),
        more => format!("{} + {more} more", listed.join(" + ")),
    }
}

fn says(statistic: &Statistic, seen: &Observed) -> Test {
    let (test, says) = match statistic.test {
        Kind::Every => (
            "every",
            format!("{} of {} settled devices are well", seen.settled - seen.failed.min(seen.settled), seen.settled),
        ),
        Kind::Rate => {
            ("rate", format!("{} failures reported in {} hours of devices", seen.reported, seen.minutes / 60))
        }
        Kind::Present => (
            "present",
            format!(
                "of {} devices that are due {} are settled and {} silent; {} are missing beside {} partners",
                seen.due, seen.settled, seen.silent, seen.new_missing, seen.old_missing
            ),
        ),
        Kind::Share => {
            let of_settled = format!("{} of {} settled devices failed", seen.failed, seen.settled);
            let early = seen.failures_at_least();
            let early = if early > u64::from(seen.failed) {
                format!("; of {} that have it {early} failed already", seen.receipts)
            } else {
                String::new()
            };
            ("share", of_settled + &early)
        }
        Kind::Failures => {
            ("failures", format!("{} failures beside {} of partners", seen.new.failures, seen.old.failures))
        }
        Kind::Silence => {
            ("silence", format!("{} devices went silent beside {} partners", seen.new_silent, seen.old_silent))
        }
    };
    let found = match statistic.found {
        Found::Continue => "continue",
        Found::Accept => "accept",
        Found::Reject => "reject",
    };
    Test { test: test.to_owned(), found: found.to_owned(), value: statistic.value, says }
}
