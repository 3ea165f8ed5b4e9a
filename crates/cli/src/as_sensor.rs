//! `--sensor`: events as one sensor supplies them, with the rules that it loads.

use std::path::Path;

use contentcheck_model::diagnostic::visible;
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::sensor::Sensor;
use contentcheck_run::Plan;
use contentcheck_run::replay::Faults;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Streams;
use crate::args::AsSensor;
use crate::exit::Failure;
use crate::recorded::plural;
use crate::release::{Release, talk};
use crate::rule_name::RuleName;
use contentcheck_project::fleet;

/// Faults of which each gets a line.
const SHOWN: usize = 10;

/// The sensor as which events were evaluated.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensorReport {
    /// The name of the sensor.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Rules of the image.
    pub rules: usize,
    /// How many of them it loads.
    pub rules_loaded: usize,
    /// Events that belong to template types none of which it supplies.
    pub events_not_supplied: u64,
    /// Events that it would refuse as a whole, whatever rules they are for.
    pub events_refused: u64,
    /// Why, by the first event of each.
    pub faults: Vec<FaultReport>,
}

/// Why a sensor refuses events.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultReport {
    /// The template type, with its version.
    pub template: String,
    /// The input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The rules that read it.
    pub rules: Vec<RuleName>,
    /// In words.
    pub message: String,
    /// How many events.
    pub events: u64,
    /// The file of the first of them.
    pub source: String,
    /// Where in it.
    pub place: String,
}

impl AsSensor {
    /// The sensor that is named.
    ///
    /// # Errors
    /// When none is meant, more than one, or its manifest is wrong.
    pub fn sensor(&self) -> Result<Option<Sensor>, Failure> {
        let Some(selector) = &self.sensor else { return Ok(None) };
        let mut sensors = fleet::sensors(std::slice::from_ref(selector), Path::new(""))?;
        match (sensors.pop(), sensors.len()) {
            (Some(only), 0) => Ok(Some(only)),
            (Some(last), others) => Err(Failure::usage(format!(
                "--sensor {selector} means {} sensors; name one of them, such as {}, by its manifest or as builtin:NAME/VERSION",
                others + 1,
                last
            ))),
            (None, _) => Err(Failure::usage(format!("--sensor {selector} means no sensor"))),
        }
    }
}

/// The image of a release made ready for recorded events: as this sensor supplies them, or as a recorder that has all
/// that the image reads.
///
/// # Errors
/// When the sensor refuses the image.
pub fn plan(release: &Release, sensor: Option<&Sensor>) -> Result<Plan, Failure> {
    let Some(sensor) = sensor else { return release.plan() };
    Plan::for_sensor(&release.content, &release.image, sensor).map_err(|refusal| Failure::findings(format!(
            "{sensor} refuses the image: {}\n  help: --skip-unsupplied leaves out the rules that it cannot feed, as the image does where it was compiled that way",
            visible(&refusal)
        )))
}

/// What is to be said of the sensor; nothing where events were not evaluated as one. `source` names a file by its
/// number.
///
/// # Errors
/// When a fault is not of the manifest's making but of ours.
pub fn report(
    plan: &Plan,
    rules: &[&CheckedRule],
    faults: &Faults,
    events_not_supplied: u64,
    source: impl Fn(usize) -> String,
) -> Result<Option<SensorReport>, Failure> {
    let ours = |fault: contentcheck_run::EventFault| plan.sensor().is_none() || !fault.is_of_manifest();
    if let Some(met) = faults.met().iter().find(|met| ours(met.fault)) {
        let (file, place) = met.first;
        return Err(Failure::internal(format!(
            "{}: {place}: the image met a fault: {}; this is a fault of contentcheck's, not of the rule or the event: please report it with the event",
            source(file),
            met.fault.words(plan)
        )));
    }
    let Some(build) = plan.sensor() else { return Ok(None) };
    let faults_met = faults.met().iter().map(|met| FaultReport {
        template: met.fault.template_name(plan),
        input: met.fault.input_name(plan),
        rules: met
            .fault
            .rules(plan)
            .iter()
            .filter_map(|rule| rules.get(rule.index()))
            .map(|rule| RuleName::of(rule))
            .collect(),
        message: met.fault.words(plan),
        events: met.events,
        source: source(met.first.0),
        place: met.first.1.to_string(),
    });
    Ok(Some(SensorReport {
        name: build.name.clone(),
        version: build.version.clone(),
        rules: plan.rules(),
        rules_loaded: plan.loaded_rules(),
        events_not_supplied,
        events_refused: faults.events(),
        faults: faults_met.collect(),
    }))
}

/// Says it to people, and whether there is something to be found in it.
pub fn summary(report: Option<&SensorReport>, streams: &mut Streams<'_>) -> bool {
    let Some(report) = report else { return false };
    let SensorReport { name, version, rules, rules_loaded, events_not_supplied, events_refused, faults } = report;
    talk(
        streams,
        &format!(
            "as {name} {version} supplies them: it loads {rules_loaded} of {}; {} of template types that it does not supply",
            plural(*rules as u64, "rule"),
            plural(*events_not_supplied, "event")
        ),
    );
    if *rules_loaded == 0 {
        talk(streams, &format!("{name} {version} loads no rule, so nothing was looked for"));
    }
    if *events_refused > 0 {
        talk(streams, &format!("{name} {version} refuses {} with a fault:", plural(*events_refused, "event")));
    }
    for FaultReport { message, events, source, place, .. } in faults.iter().take(SHOWN) {
        talk(streams, &format!("  {source}: {place}: {message} ({} like it)", plural(*events, "event")));
    }
    if faults.len() > SHOWN {
        talk(streams, &format!("  and {} more", plural((faults.len() - SHOWN) as u64, "fault")));
    }
    *rules_loaded == 0 || *events_refused > 0
}
