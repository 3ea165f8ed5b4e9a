//! `--sensor`: events as one sensor supplies them, with the rules that it loads.

use std::path::Path;

use contentcheck_model::diagnostic::visible;
use contentcheck_model::sensor::Sensor;
use contentcheck_run::Plan;
use contentcheck_run::replay::Faults;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Streams;
use crate::args::AsSensor;
use crate::exit::Failure;
use crate::ready::Ready;
use crate::recorded::plural;
use crate::release::talk;
use contentcheck_project::fleet;

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

/// Rules made ready for recorded events: as this sensor supplies them, or as a recorder that has all that the image reads.
/// `image` is the file that they are from, if it was named.
///
/// # Errors
/// When the sensor refuses the image.
pub fn plan(ready: &Ready, sensor: Option<&Sensor>, image: Option<&Path>) -> Result<Plan, Failure> {
    let plan = ready.plan(sensor);
    let Some(sensor) = sensor else { return plan.map_err(Failure::internal) };
    let help = match image {
        None => {
            "--skip-unsupplied leaves out the rules that it cannot feed, as the image does where it was compiled that way"
        }
        Some(_) => "an image that is compiled with --skip-unsupplied leaves out the rules that it cannot feed",
    };
    plan.map_err(|refusal| {
        Failure::findings(format!("{sensor} refuses the image: {}\n  help: {help}", visible(&refusal)))
    })
}

/// What is to be said of the sensor; nothing where events were not evaluated as one. `source` names a file by its
/// number.
///
/// # Errors
/// When an event met a fault: events are laid out as the manifest says, so it is one of ours.
pub fn report(
    plan: &Plan,
    faults: &Faults,
    events_not_supplied: u64,
    source: impl Fn(usize) -> String,
) -> Result<Option<SensorReport>, Failure> {
    if let Some(met) = faults.met().first() {
        let (file, place) = met.first;
        return Err(Failure::internal(format!(
            "{}: {place}: the image met a fault: {}; this is a fault of contentcheck's, not of the rule or the event: please report it with the event",
            source(file),
            met.fault.words(plan)
        )));
    }
    let Some(build) = plan.sensor() else { return Ok(None) };
    Ok(Some(SensorReport {
        name: build.name.clone(),
        version: build.version.clone(),
        rules: plan.rules(),
        rules_loaded: plan.loaded_rules(),
        events_not_supplied,
    }))
}

/// Says it to people, and whether there is something to be found in it.
pub fn summary(report: Option<&SensorReport>, streams: &mut Streams<'_>) -> bool {
    let Some(report) = report else { return false };
    let SensorReport { name, version, rules, rules_loaded, events_not_supplied } = report;
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
    *rules_loaded == 0
}
