//! A plan for hawkBit: one rollout with a group for each ring. Each group ends with a pause, and a person goes on.

use serde::Serialize;

use super::ring::Ring;
use super::{Job, NoExport, Parts, file};

/// A rollout: what `POST /rest/v1/rollouts` takes. Nothing is left to a default: those of the server and of its pages differ.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rollout<'a> {
    name: String,
    description: &'a str,
    target_filter_query: String,
    distribution_set_id: u64,
    r#type: &'static str,
    dynamic: bool,
    confirmation_required: bool,
    #[serde(flatten)]
    rules: Rules,
    groups: Vec<Group<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group<'a> {
    name: &'a str,
    description: String,
    target_filter_query: String,
    target_percentage: f32,
    confirmation_required: bool,
    #[serde(flatten)]
    rules: Rules,
}

/// When a group is done, and when it is bad.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rules {
    success_condition: Condition,
    success_action: Action,
    error_condition: Condition,
    error_action: Action,
}

#[derive(Serialize)]
struct Condition {
    condition: &'static str,
    /// A whole number of percents. hawkBit takes any string here, and one that is no whole number is never an error.
    expression: String,
}

#[derive(Serialize)]
struct Action {
    action: &'static str,
    expression: &'static str,
}

const LOST: [&str; 5] = [
    "Evidence: only devices that report ERROR count, as a share of the whole group. A group whose devices have all reported is done, whatever share of errors is allowed; one without devices is done at once.",
    "Silence: a device that never reports is not an error. It keeps its group from being done until a person goes on.",
    "Time: groups are not open for any length of time. Resuming starts the next group, also after a pause for errors: resume when the next ring is open, and not before.",
    "Groups: whoever may tag targets decides who is in a ring.",
    "Confirmation: it is asked for only where the user consent flow of the tenant is on.",
];

impl Rules {
    fn of(percent: u32) -> Self {
        let condition = |percent: u32| Condition { condition: "THRESHOLD", expression: percent.to_string() };
        let pause = || Action { action: "PAUSE", expression: "" };
        Self {
            success_condition: condition(100),
            success_action: pause(),
            error_condition: condition(percent),
            error_action: pause(),
        }
    }
}

/// The share of errors above which a group pauses, in whole percents: that which the policy calls bad, rounded down. Where it is below one
/// percent, it is one: at 0 the first failure of a good release would stop a large ring for good.
fn percent(ring: &Ring<'_>) -> u32 {
    ring.bad().map_or(0, |bad| (bad / 100).max(1))
}

pub(super) fn plan(job: &Job<'_>, distribution_set: u64) -> Result<Parts, NoExport> {
    let mut lost = job.lost(&LOST);
    let coarse = job.rings.iter().filter_map(|ring| {
        let bad = ring.bad().filter(|bad| percent(ring) * 100 != *bad)?;
        Some(format!("ring {} pauses above {} %, and {} % is bad", ring.number, percent(ring), f64::from(bad) / 100.0))
    });
    let coarse: Vec<String> = coarse.collect();
    if !coarse.is_empty() {
        lost.push(format!("Small shares: hawkBit counts in whole percents. By the policy, {}.", coarse.join("; ")));
    }
    let note = job.note(&lost);
    let groups = job.rings.iter().map(|ring| Group {
        name: &ring.slug,
        description: format!("Opens with {}. About {} devices.", ring.token, ring.devices),
        target_filter_query: format!("tag=={}", ring.group),
        target_percentage: 100.0,
        confirmation_required: true,
        rules: Rules::of(percent(ring)),
    });
    let all: Vec<&str> = job.rings.iter().map(|ring| ring.group.as_str()).collect();
    let strictest = job.rings.iter().map(percent).min().unwrap_or(0);
    let rollout = Rollout {
        name: job.name(),
        description: &note,
        target_filter_query: format!("tag=in=({})", all.join(",")),
        distribution_set_id: distribution_set,
        r#type: "forced",
        dynamic: false,
        confirmation_required: true,
        rules: Rules::of(strictest),
        groups: groups.collect(),
    };
    let files = vec![file("rollout.json".to_owned(), &rollout)?];
    let missing = vec!["the tags: give each target the tag of its ring, once the rollout has started".to_owned()];
    Ok(Parts { files, lost, missing })
}
