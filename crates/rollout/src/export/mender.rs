//! A plan for Mender: one deployment for each ring, to the device group of that ring.

use serde::Serialize;

use super::{Job, NoExport, Parts, file};

/// A deployment to a group: what `POST /api/management/v1/deployments/deployments/group/{name}` takes.
#[derive(Serialize)]
struct Deployment<'a> {
    name: &'a str,
    artifact_name: &'a str,
    force_installation: bool,
}

const LOST: [&str; 5] = [
    "Evidence: devices that fail are counted and shown, and stop nothing. A person has to abort the deployment.",
    "Silence: a device that never reports stays pending. It is not an error.",
    "Order and time: any deployment can be created at any time. Create that of a ring when the ring is open, and not before.",
    "Groups: whoever may edit device groups decides who is in a ring. A device is in one static group at most.",
    "Phases: not used. They are in the Enterprise edition alone and go by the clock; a deployment without phases goes to its whole group, so each ring is a deployment of its own.",
];

pub(super) fn plan(job: &Job<'_>, artifact: Option<&str>) -> Result<Parts, NoExport> {
    let name = artifact.map_or_else(|| job.name(), str::to_owned);
    let files = job.rings.iter().map(|ring| {
        let deployment = Deployment { name: &ring.group, artifact_name: &name, force_installation: false };
        file(format!("{}.json", ring.slug), &deployment)
    });
    let mut missing = Vec::new();
    if artifact.is_none() {
        missing.push(format!("the artifact: its name here is `{name}`; give it that name or use another"));
    }
    missing.push("the groups: put each device in the group of its ring, once the rollout has started".to_owned());
    Ok(Parts { files: files.collect::<Result<_, _>>()?, lost: job.lost(&LOST), missing })
}
