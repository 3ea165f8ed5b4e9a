//! `rollout status` and `rollout explain`.

use std::path::Path;

use contentcheck_model::diagnostic::visible;
use contentcheck_rollout::entry::{Found, Statistic, Test};
use contentcheck_rollout::state::{Phase, Rollout};
use schemars::JsonSchema;
use serde::Serialize;

use super::rings::{code, missing};
use super::site::Site;
use crate::Streams;
use crate::args::{DeviceFormat, RolloutStatus as Arguments};
use crate::commands::written;
use crate::exit::{Exit, Failure, Outcome};

/// What `rollout status --format json` and `rollout explain --format json` print.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolloutStatus {
    /// Entries of the log.
    pub log_entries: u64,
    /// The root of its tree.
    pub log_root: String,
    /// The newest rollout; null: none was planned.
    pub rollout: Option<RolloutReport>,
}

/// One rollout.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolloutReport {
    /// The hash of its plan.
    pub id: String,
    /// What the release is called.
    pub release: String,
    /// Its sequence.
    pub sequence: u64,
    /// `planned`, `started`, `open`, `everywhere`, `halted`, `rejected` or `superseded`.
    pub phase: String,
    /// The ring that was opened last.
    pub ring: Option<u8>,
    /// Rings of the plan.
    pub rings: u8,
    /// When the ring was opened, in seconds since 1970.
    pub open_since: Option<u64>,
    /// When the next ring may open at the earliest.
    pub next_at: Option<u64>,
    /// Why it was halted.
    pub reason: Option<String>,
    /// The code of what stops the next ring now.
    pub code: Option<String>,
    /// What stops the next ring now.
    pub missing: Option<String>,
    /// What each group of strata in the ring shows.
    pub groups: Vec<GroupReport>,
}

/// Strata that are judged together.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupReport {
    /// The names of the strata.
    pub strata: Vec<String>,
    /// Devices that gave a receipt.
    pub receipts: u32,
    /// Devices whose time to fail is over.
    pub settled: u32,
    /// Of those, devices that failed.
    pub failed: u32,
    /// Failures that were reported so far.
    pub reported: u32,
    /// The tests, and what each says.
    pub tests: Vec<TestReport>,
}

/// A test.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestReport {
    /// `every`, `share`, `failures` or `silence`.
    pub test: String,
    /// `continue`, `accept` or `reject`.
    pub found: String,
    /// The logarithm of the test's ratio; of `every` the devices that are missing.
    pub value: f64,
}

/// The phase, as machines read it.
fn phase(rollout: &Rollout) -> &'static str {
    match rollout.phase() {
        Phase::Planned => "planned",
        Phase::Started => "started",
        Phase::Open { .. } if rollout.is_everywhere() => "everywhere",
        Phase::Open { .. } => "open",
        Phase::Halted { .. } => "halted",
        Phase::Rejected { .. } => "rejected",
        Phase::Superseded { .. } => "superseded",
    }
}

fn report(site: &Site, now: u64) -> Result<RolloutStatus, Failure> {
    let state = site.state()?;
    let missing = missing(&state, now);
    let rollout = state.newest().map(|rollout| RolloutReport {
        id: rollout.id().to_string(),
        release: rollout.release().name.clone(),
        sequence: rollout.release().sequence,
        phase: phase(rollout).to_owned(),
        ring: rollout.open_ring(),
        rings: rollout.ring_count(),
        open_since: rollout.opened().last().map(|opened| opened.at),
        next_at: rollout.baked_at().filter(|_| !rollout.is_everywhere()),
        reason: if let Phase::Halted { reason, .. } = rollout.phase() { Some(reason.clone()) } else { None },
        code: missing.filter(|_| !rollout.is_everywhere()).map(|why| code(&why).to_owned()),
        missing: missing.filter(|_| !rollout.is_everywhere()).map(|why| why.to_string()),
        groups: groups(rollout),
    });
    Ok(RolloutStatus { log_entries: state.size(), log_root: state.root().to_string(), rollout })
}

fn groups(rollout: &Rollout) -> Vec<GroupReport> {
    let ring = match rollout.phase() {
        Phase::Rejected { of, .. } => Some(*of),
        _ => rollout.open_ring(),
    };
    let Some(Ok(judged)) = ring.map(|ring| rollout.judgement(ring)) else { return Vec::new() };
    let tests = judged.verdict.groups.iter().map(|(_, tests)| tests);
    judged
        .groups
        .iter()
        .zip(tests)
        .map(|((group, observed), tests)| GroupReport {
            strata: group
                .strata
                .iter()
                .filter_map(|at| rollout.census().strata.get(usize::from(*at)))
                .map(|stratum| stratum.name.clone())
                .collect(),
            receipts: observed.receipts,
            settled: observed.settled,
            failed: observed.failed,
            reported: observed.reported,
            tests: tests.iter().map(test).collect(),
        })
        .collect()
}

fn test(statistic: &Statistic) -> TestReport {
    let (test, value) = match statistic.test {
        Test::Every => ("every", statistic.value as f64),
        Test::Share => ("share", statistic.value as f64 / 1e6),
        Test::Failures => ("failures", statistic.value as f64 / 1e6),
        Test::Silence => ("silence", statistic.value as f64 / 1e6),
    };
    let found = match statistic.found {
        Found::Continue => "continue",
        Found::Accept => "accept",
        Found::Reject => "reject",
    };
    TestReport { test: test.to_owned(), found: found.to_owned(), value }
}

/// A ring as people call it.
pub(super) fn ring_name(rollout: &Rollout, ring: u8) -> String {
    match rollout.plan().policy.rings().get(usize::from(ring)) {
        Some(known) => format!("ring {ring}, `{}`", visible(&known.name)),
        None => format!("ring {ring}, the rest"),
    }
}

/// A share, as a person reads it.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let digits = if percent >= 10.0 || percent == 0.0 {
        0
    } else if percent >= 1.0 {
        1
    } else {
        3
    };
    let text = format!("{percent:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} %")
}

/// A time span, as a person reads it.
pub(super) fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 if seconds.is_multiple_of(3_600) => format!("{} h", seconds / 3_600),
        3_600..172_800 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d", seconds / 86_400),
    }
}

pub(super) fn status(directory: &Path, arguments: &Arguments, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let site = Site::open(directory)?;
    let report = report(&site, now)?;
    let exit = match report.rollout.as_ref().map(|rollout| rollout.phase.as_str()) {
        Some("halted" | "rejected") => Exit::Findings,
        _ => Exit::Fine,
    };
    if arguments.format == DeviceFormat::Json {
        json(&report, streams)?;
        return Ok(exit);
    }
    let Some(rollout) = &report.rollout else {
        written(writeln!(streams.out, "no rollout was planned; the log has {} entries", report.log_entries))?;
        return Ok(exit);
    };
    written(writeln!(streams.out, "release `{}`, sequence {}", visible(&rollout.release), rollout.sequence))?;
    let ring = rollout
        .ring
        .map(|ring| format!(", ring {ring} of 0 to {}", rollout.rings.saturating_sub(1)))
        .unwrap_or_default();
    written(writeln!(streams.out, "{}{ring}", rollout.phase))?;
    if let Some(since) = rollout.open_since {
        written(writeln!(streams.out, "open for {}", span(now.saturating_sub(since))))?;
    }
    if let Some(reason) = &rollout.reason {
        written(writeln!(streams.out, "reason: {}", visible(reason)))?;
    }
    if let (Some(next), "open") = (rollout.next_at, rollout.phase.as_str()) {
        let wait = next.saturating_sub(now);
        let when = if wait == 0 {
            "as far as the clock goes, now".to_owned()
        } else {
            format!("in {} at the earliest", span(wait))
        };
        written(writeln!(streams.out, "next ring: {when}"))?;
    }
    if let (Some(missing), "open") = (&rollout.missing, rollout.phase.as_str()) {
        written(writeln!(streams.out, "missing: {missing}"))?;
    }
    for group in &rollout.groups {
        written(writeln!(streams.out, "  {}", line(group)))?;
    }
    Ok(exit)
}

fn line(group: &GroupReport) -> String {
    let GroupReport { receipts, settled, failed, reported, .. } = group;
    let names = group.strata.join(", ");
    let names = visible(&names);
    format!("{names}: {receipts} receipts, {settled} settled, {failed} of them failed, {reported} failures reported")
}

pub(super) fn explain(directory: &Path, arguments: &Arguments, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let site = Site::open(directory)?;
    if arguments.format == DeviceFormat::Json {
        return status(directory, arguments, now, streams);
    }
    let state = site.state()?;
    let report = report(&site, now)?;
    let (Some(rollout), Some(known)) = (&report.rollout, state.newest()) else {
        return written(writeln!(streams.out, "no rollout was planned"));
    };
    written(writeln!(streams.out, "{}", rollout.phase))?;
    if let (Some(code), Some(missing)) = (&rollout.code, &rollout.missing) {
        written(writeln!(streams.out, "the next ring does not open [{code}]: {missing}"))?;
    }
    let needed =
        rollout.ring.and_then(|ring| known.plan().policy.rings().get(usize::from(ring))).map(|ring| ring.needed());
    for group in &rollout.groups {
        written(writeln!(streams.out, "{}", line(group)))?;
        for test in &group.tests {
            let said = match (test.test.as_str(), test.found.as_str()) {
                ("every", "reject") => "a device failed, and none may".to_owned(),
                ("every", "accept") => "enough devices are settled, and all are well".to_owned(),
                ("every", _) => format!("{:.0} more devices must settle", test.value),
                ("share", "reject") => "so many failures are what bad content has".to_owned(),
                ("share", "accept") => "so few failures are what good content has".to_owned(),
                ("share", _) => match needed {
                    Some(needed) => format!("goes on; without a failure it accepts at {needed} settled devices"),
                    None => "goes on".to_owned(),
                },
                ("failures", "reject") => "devices with the release fail more than their partners".to_owned(),
                ("failures", _) => {
                    "devices with the release fail no more than their partners, as far as can be told".to_owned()
                }
                (_, "reject") => "devices with the release go silent before their partners do".to_owned(),
                (_, _) => {
                    "devices with the release go silent no sooner than their partners, as far as can be told".to_owned()
                }
            };
            written(writeln!(streams.out, "  {}: {said}", test.test))?;
        }
    }
    Ok(Exit::Fine)
}

fn json(report: &impl Serialize, streams: &mut Streams<'_>) -> Outcome {
    let text = serde_json::to_string_pretty(report).map_err(|error| Failure::internal(error.to_string()))?;
    written(writeln!(streams.out, "{text}"))
}
