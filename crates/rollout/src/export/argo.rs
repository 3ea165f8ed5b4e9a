//! A plan for Argo Rollouts: a canary. Before each weight there is a pause without end, and an analysis that asks whether the ring is
//! open; in the background another one asks whether the rollout goes on.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Job, NoExport, Parts, file, options};

const API: &str = "argoproj.io/v1alpha1";
/// Answers of the status in a row that may be missing before a canary is taken back. Devices keep the content that they have.
const ERRORS: u32 = 4;

/// The head of an object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<S> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: S,
}

#[derive(Serialize)]
struct Metadata {
    name: String,
    annotations: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    replicas: u32,
    workload_ref: WorkloadRef<'a>,
    strategy: Strategy<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WorkloadRef<'a> {
    api_version: &'static str,
    kind: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
struct Strategy<'a> {
    canary: Canary<'a>,
}

#[derive(Serialize)]
struct Canary<'a> {
    analysis: Analysis<'a>,
    steps: Vec<Step<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Step<'a> {
    Pause(Pause),
    Analysis(Analysis<'a>),
    SetWeight(u8),
}

/// A pause until a person goes on.
#[derive(Serialize)]
struct Pause {}

#[derive(Serialize)]
struct Analysis<'a> {
    templates: [Template<'a>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    args: Vec<Argument>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Template<'a> {
    template_name: &'a str,
}

#[derive(Serialize)]
struct Argument {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

#[derive(Serialize)]
struct TemplateSpec {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    args: Vec<Argument>,
    metrics: [Metric; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<&'static str>,
    success_condition: &'static str,
    failure_condition: &'static str,
    failure_limit: u32,
    inconclusive_limit: u32,
    consecutive_error_limit: u32,
    provider: Provider,
}

#[derive(Serialize)]
struct Provider {
    web: Web,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Web {
    url: String,
    timeout_seconds: u32,
}

const LOST: [&str; 6] = [
    "Evidence: an analysis asks whether the ring is open. It believes the address that it asks; tokens are signed, the answer is not.",
    "Silence: Argo does not know of devices that never report. It waits for the ring to open, and that is all.",
    "Skipped steps: `promote --full` skips every pause and every analysis.",
    "New objects: a Rollout that is new starts all of its pods at once, whatever its steps are. Create it while the Deployment still has the content from before.",
    "Who goes first: the scheduler and the router choose the pods. The token chooses devices by a salt that nobody could know.",
    "Pods: without a traffic router a weight is a number of pods, rounded up. With fewer than 100 pods one percent is more than that.",
];

fn object<S>(kind: &'static str, name: String, annotations: BTreeMap<&'static str, String>, spec: S) -> Object<S> {
    Object { api_version: API, kind, metadata: Metadata { name, annotations }, spec }
}

/// The pause, the question and the weight of each ring, and the numbers of the rings that have none: where whole percents cannot tell a ring
/// from those before it, its pods wait for the ring after it.
fn steps<'a>(job: &Job<'_>, template: &'a str) -> (Vec<Step<'a>>, Vec<String>) {
    let (mut steps, mut without) = (Vec::new(), Vec::new());
    let mut before = 0;
    for ring in &job.rings {
        let weight = ring.whole_percent();
        if weight == before {
            without.push(ring.number.to_string());
            continue;
        }
        before = weight;
        let args = vec![Argument { name: "ring", value: Some(ring.number.to_string()) }];
        steps.push(Step::Pause(Pause {}));
        steps.push(Step::Analysis(Analysis { templates: [Template { template_name: template }], args }));
        steps.push(Step::SetWeight(weight));
    }
    (steps, without)
}

pub(super) fn plan(job: &Job<'_>, of: &options::Argo<'_>) -> Result<Parts, NoExport> {
    let name = job.name();
    // The object has the name of its workload, so it is the same from rollout to rollout: one that is new has no canary.
    let workload = of.workload;
    let (opens, goes_on) = (format!("{name}-ring-is-open"), format!("{name}-goes-on"));
    let (steps, without) = steps(job, &opens);
    let mut lost = job.lost(&LOST);
    if !without.is_empty() {
        lost.push(format!(
            "Small rings: weights are whole percents. There is no step for ring {}: the pods wait for the ring after it.",
            without.join(", ")
        ));
    }
    let annotations: BTreeMap<&'static str, String> = [
        ("contentcheck-rollout", job.rollout.id().to_string()),
        ("contentcheck-image", job.image()),
        ("contentcheck-note", job.note(&lost)),
    ]
    .into();
    let address = of.status.trim_end_matches('/');
    let metric = |name, interval, success_condition| Metric {
        name,
        interval,
        success_condition,
        // Neither of the two: the ring is not open yet, and Argo pauses. After a person goes on, it asks again.
        failure_condition: "!result.live",
        failure_limit: 0,
        inconclusive_limit: 0,
        consecutive_error_limit: ERRORS,
        provider: Provider {
            web: Web { url: format!("{address}/rollouts/{}.json", job.rollout.id()), timeout_seconds: 10 },
        },
    };
    let is_open = TemplateSpec {
        args: vec![Argument { name: "ring", value: None }],
        metrics: [metric("ring-is-open", None, "result.live && result.ring >= {{args.ring}}")],
    };
    let is_live = TemplateSpec { args: Vec::new(), metrics: [metric("goes-on", Some("60s"), "result.live")] };
    let spec = Spec {
        replicas: of.replicas,
        workload_ref: WorkloadRef { api_version: "apps/v1", kind: "Deployment", name: workload },
        strategy: Strategy {
            canary: Canary {
                analysis: Analysis { templates: [Template { template_name: &goes_on }], args: Vec::new() },
                steps,
            },
        },
    };
    let template = "AnalysisTemplate";
    let files = vec![
        file("ring-is-open.json".to_owned(), &object(template, opens.clone(), annotations.clone(), is_open))?,
        file("goes-on.json".to_owned(), &object(template, goes_on.clone(), annotations.clone(), is_live))?,
        file("rollout.json".to_owned(), &object("Rollout", workload.to_owned(), annotations, spec))?,
    ];
    Ok(Parts { files, lost, missing: Vec::new() })
}
