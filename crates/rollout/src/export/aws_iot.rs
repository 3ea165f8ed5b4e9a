//! A plan for AWS IoT Jobs: one job for each ring, to the thing group of that ring.

use serde::Serialize;

use super::ring::Ring;
use super::{Job, NoExport, Parts, file};

/// Things that the service notifies each minute at most.
const PER_MINUTE: u64 = 1_000;
/// Minutes of the longest timer: seven days.
const TIMER: u64 = 7 * 24 * 60;

/// A job: what `CreateJob` takes. The rate, the abort criteria and the timer are always there: the service has no limits without them, or
/// wide ones.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreateJob<'a> {
    job_id: &'a str,
    targets: [String; 1],
    document: String,
    description: &'a str,
    target_selection: &'static str,
    job_executions_rollout_config: Rate,
    abort_config: Abort,
    timeout_config: Timeout,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rate {
    maximum_per_minute: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Abort {
    criteria_list: [Criterion; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Criterion {
    failure_type: &'static str,
    action: &'static str,
    threshold_percentage: f64,
    min_number_of_executed_things: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Timeout {
    in_progress_timeout_in_minutes: u64,
}

/// What a device is told.
#[derive(Serialize)]
struct Document<'a> {
    operation: &'static str,
    rollout: String,
    image: String,
    sequence: u64,
    bytes: u64,
    ring: u8,
    token: &'a str,
}

const LOST: [&str; 5] = [
    "Evidence: a job is canceled when enough devices report that they failed, were rejected or timed out. Nothing is compared with devices that keep their content, and the job of a ring knows nothing of the rings before.",
    "Silence: the timer of a device starts when it says IN_PROGRESS. A device that never answers stays queued, and is not a failure.",
    "Order and time: any job can be created at any time. Create that of a ring when the ring is open, and not before.",
    "Groups: whoever may edit thing groups decides who is in a ring. The rate limits how fast, and not how many.",
    "Rare failures: one failure among more than 10,000 devices is below the smallest share that a criterion can have.",
];

/// After how many failures a job is canceled, as `CreateJob` has it.
fn criterion(ring: &Ring<'_>) -> Criterion {
    let (hundredths, executed) = match ring.bad() {
        // No failure is allowed: the smallest share there is, from the first device on.
        None => (1, 1),
        // Two failures at the share that is bad: one alone says nothing.
        Some(bad) => (bad.max(1), 20_000_u64.div_ceil(u64::from(bad.max(1)))),
    };
    Criterion {
        failure_type: "ALL",
        action: "CANCEL",
        threshold_percentage: f64::from(hundredths) / 100.0,
        min_number_of_executed_things: executed.min(ring.devices).max(1),
    }
}

/// The part of the cloud that a region is in.
fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

pub(super) fn plan(job: &Job<'_>, region: &str, account: &str) -> Result<Parts, NoExport> {
    let lost = job.lost(&LOST);
    let note = job.note(&lost);
    let (release, timer) = (job.rollout.release(), job.rollout.plan().policy.report_within().div_ceil(60));
    let files = job.rings.iter().map(|ring| {
        let document = Document {
            operation: "contentcheck",
            rollout: job.rollout.id().to_string(),
            image: job.image(),
            sequence: release.sequence,
            bytes: release.bytes,
            ring: ring.number,
            token: &ring.token,
        };
        let create = CreateJob {
            job_id: &ring.group,
            targets: [format!("arn:{}:iot:{region}:{account}:thinggroup/{}", partition(region), ring.group)],
            document: serde_json::to_string(&document).map_err(|error| NoExport::Form(error.to_string()))?,
            description: &note,
            target_selection: "SNAPSHOT",
            job_executions_rollout_config: Rate { maximum_per_minute: ring.per_minute().min(PER_MINUTE) },
            abort_config: Abort { criteria_list: [criterion(ring)] },
            timeout_config: Timeout { in_progress_timeout_in_minutes: timer.clamp(1, TIMER) },
        };
        file(format!("{}.json", ring.slug), &create)
    });
    let files = files.collect::<Result<_, _>>()?;
    let missing =
        vec!["the thing groups: put each thing in the group of its ring, once the rollout has started".to_owned()];
    Ok(Parts { files, lost, missing })
}
