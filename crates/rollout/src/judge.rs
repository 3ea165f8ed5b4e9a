//! What evidence says. The strata of a census are put together until each group is large enough to show something in a ring, and each group
//! is asked on its own: a release that is good on most devices and bad on some does not go on.

use core::fmt;
use std::collections::BTreeMap;

use crate::census::Census;
use crate::entry::{Evidence, Found, Observed, Statistic, Test, Verdict};
use crate::policy::{Policy, Ring, Rule};
use crate::statistics::{self, e_value, halt_at, rate_e_value, unseen};

/// Strata that are judged together, in one ring.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What they have in common: the beginning of their names. Empty: nothing.
    pub name: String,
    /// The numbers of the strata in the census, in rising order.
    pub strata: Vec<u16>,
    /// Devices that the ring has of them, on average.
    pub expected: f64,
}

impl Group {
    /// The highest share of failures that this group would not show in this ring, with 95 % confidence.
    #[must_use]
    pub fn unseen(&self) -> f64 {
        unseen(self.expected as u64)
    }
}

/// A ring that would have too few devices to show anything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TooSmall {
    /// The ring.
    pub ring: u8,
    /// Devices that it would have on average.
    pub expected: f64,
    /// Devices that it would have to have on average, to have enough in 99 of 100 drawings.
    pub needed: f64,
}

impl fmt::Display for TooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ring, expected, needed } = self;
        // What is too few is shown as fewer, however near it is.
        let (expected, needed) = (libm::floor(expected * 10.0) / 10.0, libm::ceil(*needed));
        write!(
            f,
            "ring {ring} would have {expected:.1} devices on average, and needs {needed}, so that 99 of 100 drawings give it as many as its test asks for"
        )
    }
}

impl core::error::Error for TooSmall {}

/// Devices that a ring must have on average, to have so many in 99 of 100 drawings. Above the exact number by about one.
fn on_average(devices: u64) -> f64 {
    let devices = devices as f64;
    devices + 2.33 * libm::sqrt(devices) + 2.7
}

/// The groups of strata of a ring: each stratum by itself where it is large enough; else with those that share the beginning of its name. What is
/// left at the end joins the smallest group.
///
/// # Errors
/// When the whole ring is too small.
pub fn groups(census: &Census, policy: &Policy, ring: u8) -> Result<Vec<Group>, TooSmall> {
    let needed = policy.rings().get(usize::from(ring)).map_or(0.0, |ring| on_average(ring.needed()));
    let mut small: BTreeMap<String, Group> = BTreeMap::new();
    let mut done: Vec<Group> = Vec::new();
    for (number, stratum) in (0_u16..).zip(&census.strata) {
        if stratum.devices > 0 {
            let name = stratum.name.clone();
            let expected = stratum.expected(policy, ring);
            small.insert(name.clone(), Group { name, strata: vec![number], expected });
        }
    }
    // From the longest path to the empty one. A path has at most 128 bytes, so this ends.
    loop {
        let (large, rest): (Vec<Group>, Vec<Group>) = small.into_values().partition(|group| group.expected >= needed);
        done.extend(large);
        let Some(deepest) = rest.iter().map(|group| depth(&group.name)).max().filter(|depth| *depth > 0) else {
            small = rest.into_iter().map(|group| (group.name.clone(), group)).collect();
            break;
        };
        small = BTreeMap::new();
        for group in rest {
            let name = if depth(&group.name) == deepest { parent(&group.name) } else { group.name.clone() };
            let into = small.entry(name.clone()).or_insert(Group { name, strata: Vec::new(), expected: 0.0 });
            into.strata.extend(group.strata);
            into.expected += group.expected;
        }
    }
    for left in small.into_values() {
        let Some(into) = done.iter_mut().min_by(|one, other| one.expected.total_cmp(&other.expected)) else {
            return Err(TooSmall { ring, expected: left.expected, needed });
        };
        into.strata.extend(left.strata);
        into.expected += left.expected;
        into.name = String::new();
    }
    for group in &mut done {
        group.strata.sort_unstable();
    }
    done.sort_by(|one, other| one.strata.cmp(&other.strata));
    Ok(done)
}

fn depth(name: &str) -> usize {
    if name.is_empty() { 0 } else { name.split('/').count() }
}

fn parent(name: &str) -> String {
    name.rsplit_once('/').map_or_else(String::new, |(above, _)| above.to_owned())
}

/// What a ring shows, group by group.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The groups, with what each reported.
    pub groups: Vec<(Group, Observed)>,
    /// What the tests say.
    pub verdict: Verdict,
}

/// Asks the tests of a ring. The same numbers come out on every machine.
///
/// # Errors
/// When the ring is too small; a plan with such a ring is not taken.
pub fn judge(census: &Census, policy: &Policy, ring: u8, evidence: Option<&Evidence>) -> Result<Judgement, TooSmall> {
    let groups = groups(census, policy, ring)?;
    let count = u32::try_from(groups.len()).unwrap_or(u32::MAX);
    let mut judged = Vec::new();
    let mut verdict = Verdict { ring, groups: Vec::new() };
    for (number, group) in (0_u16..).zip(groups) {
        let reported = evidence.into_iter().flat_map(|evidence| &evidence.strata);
        let of_group = reported.filter(|(stratum, _)| group.strata.binary_search(stratum).is_ok());
        let observed = of_group.fold(Observed::default(), |sum, (_, observed)| sum.and(observed));
        let mut tests = Vec::new();
        if let Some(ring) = policy.rings().get(usize::from(ring)) {
            tests.push(of_ring(ring, &observed));
            if matches!(ring.rule, Rule::Every(_)) {
                tests.push(rate(policy, count, &observed));
            }
            tests.push(present(policy, count, &observed));
        }
        tests.push(failures(policy, count, &observed));
        tests.extend(silence(policy, count, &observed));
        verdict.groups.push((number, tests));
        judged.push((group, observed));
    }
    Ok(Judgement { groups: judged, verdict })
}

fn millionths(value: f64) -> i64 {
    // Of a value out of range the nearest one that is in it.
    libm::round(value * 1e6) as i64
}

fn of_ring(ring: &Ring, observed: &Observed) -> Statistic {
    let (settled, failed) = (u64::from(observed.settled), u64::from(observed.failed));
    match (ring.rule, ring.test()) {
        (Rule::Share { .. }, Some(test)) => {
            // Good content is not rejected more often by this: of the devices in the order of their receipts, those that failed until now are
            // among those that will have failed when the last of them is settled, and all others count as well. So where these numbers reject,
            // the same test rejects at that place whatever follows. Failures that come early are set against everybody who could have failed.
            let (failures, receipts) = (observed.failures_at_least(), u64::from(observed.receipts));
            let is_early = test.verdict(failures, receipts) == statistics::Verdict::Reject;
            let (failed, settled) = if is_early { (failures, receipts) } else { (failed, settled) };
            Statistic {
                test: Test::Share,
                found: test.verdict(failed, settled).into(),
                value: millionths(test.ratio(failed, settled)),
            }
        }
        (Rule::Share { .. }, None) => Statistic { test: Test::Share, found: Found::Continue, value: 0 },
        (Rule::Every(at_least), _) => {
            let to_come = u64::from(at_least).saturating_sub(settled.saturating_sub(failed));
            // A few that are well say nothing beside more of which that is not so.
            let found = if to_come == 0 && failed * 2 <= settled { Found::Accept } else { Found::Continue };
            Statistic { test: Test::Every, found, value: to_come.cast_signed() }
        }
    }
}

/// How often a ring with [`Rule::Every`] may halt content that fails as often as the policy calls good.
const RATE_ERROR: f64 = 0.02;

/// Reported failures beside the hours for which devices ran the release. In a small ring the first failure is too many; in one of thousands of
/// devices, or after weeks, it is not.
fn rate(policy: &Policy, groups: u32, observed: &Observed) -> Statistic {
    let expected = observed.minutes as f64 / 60.0 / policy.hours_between_failures();
    let value = rate_e_value(observed.reported.into(), expected);
    let found = if value >= halt_at(1, groups, RATE_ERROR) { Found::Reject } else { Found::Continue };
    Statistic { test: Test::Rate, found, value: millionths(value) }
}

/// How often a ring waits though its devices are missing by chance. It opens when they are back, so nothing is lost by that.
const PRESENT_ERROR: f64 = 0.05;

/// The fewest due devices of which one may be silent, whatever share of them that is. Of twenty it is five percent; of eight or ten it would be more than
/// what a first ring is there to show, so none may be.
const ONE_BESIDE: u32 = 20;

/// Whether the devices that are due are there. Who is switched off or silent is not settled, so it says nothing for the release; but where many
/// are gone, the others speak for themselves only.
fn present(policy: &Policy, groups: u32, observed: &Observed) -> Statistic {
    let (new, old) = (u64::from(observed.new_missing), u64::from(observed.old_missing));
    let value = e_value(new, new + old, 0.5);
    let is_like_partners = value < halt_at(1, groups, PRESENT_ERROR);
    let one = if observed.due >= ONE_BESIDE { 1.0 } else { 0.0 };
    let most = (policy.silent_most() * f64::from(observed.due)).max(one);
    let is_heard = f64::from(observed.silent) <= most;
    let is_settled = u64::from(observed.settled) * 2 >= u64::from(observed.due);
    let found = if is_like_partners && is_heard && is_settled { Found::Accept } else { Found::Continue };
    Statistic { test: Test::Present, found, value: millionths(value) }
}

/// Failures beside those of partners. A device and its partner are watched for the same time, so a failure is as likely of the one
/// as of the other; where those with the release were watched for longer, it is as much more likely.
fn failures(policy: &Policy, groups: u32, observed: &Observed) -> Statistic {
    let (new, old) = (observed.new, observed.old);
    let minutes = new.minutes.saturating_add(old.minutes);
    let theta = if minutes == 0 { 0.5 } else { (new.minutes as f64 / minutes as f64).max(0.5) };
    let (new, all) = (u64::from(new.failures), u64::from(new.failures) + u64::from(old.failures));
    // Nobody has partners: there is nothing to compare with.
    let value = if theta < 1.0 { e_value(new, all, theta) } else { 0.0 };
    let found = if value >= halt_at(1, groups, policy.halt_error()) { Found::Reject } else { Found::Continue };
    Statistic { test: Test::Failures, found, value: millionths(value) }
}

fn silence(policy: &Policy, groups: u32, observed: &Observed) -> Option<Statistic> {
    let test = policy.silence(groups)?;
    let (new, old) = (u64::from(observed.new_silent), u64::from(observed.old_silent));
    Some(Statistic {
        test: Test::Silence,
        found: test.verdict(new, old).into(),
        value: millionths(test.ratio(new, old)),
    })
}
