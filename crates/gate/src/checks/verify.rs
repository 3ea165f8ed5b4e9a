//! Check 3: every sensor of the fleet takes the image.

use contentcheck_interpreter::{Capacity, Image};
use contentcheck_model::diagnostic::codes;
use contentcheck_model::rule::RuleId;
use contentcheck_run::refusal::verify_for;

use crate::evidence::{Finding, SensorFacts};
use crate::facts::{dearest, plural, steps_a_byte};
use crate::run::{Check, Learned, Outcome, Subject};

/// Loads the image with the interpreter that sensors embed, once for each sensor of the fleet.
pub struct Verify;

impl Check for Verify {
    fn name(&self) -> &'static str {
        "verify"
    }

    fn guards(&self) -> &'static str {
        "an image that some deployed sensor refuses, or cannot hold"
    }

    fn run(&self, run: &Subject<'_>, _: &Learned) -> Outcome {
        let Ok(bytes) = &run.built.image else { return Outcome::skipped("there is no image to verify") };
        let Some(fleet) = &run.built.devices else {
            return Outcome::skipped("no fleet is named: `fleet` in contentcheck.toml, or --fleet");
        };
        if run.rules.is_empty() {
            return Outcome::skipped("no rule is left for a sensor to run");
        }
        let mut outcome = Outcome::default();
        let image = match Image::read(bytes) {
            Ok(image) => image,
            Err(rejection) => {
                outcome
                    .findings
                    .push(Finding::new(&codes::IMAGE_REFUSED, format!("{}: {rejection}", rejection.code())));
                outcome.summary = "no sensor reads the image".to_owned();
                return outcome;
            }
        };
        let (mut fewest, mut taken) = (u32::MAX, 0);
        for sensor in fleet.sensors() {
            let loaded = verify_for(&image, sensor).map(|loaded| loaded.rules);
            if let Ok(rules) = &loaded {
                fewest = fewest.min(*rules);
            }
            match &loaded {
                Ok(0) => {
                    let message = format!("{sensor} takes the image and runs no rule of it");
                    outcome.findings.push(Finding::new(&codes::SENSOR_BLIND, message).with_help(
                        "widen `sensors` of the rules, add rules for it, or take the sensor out of the fleet",
                    ));
                }
                Ok(_) => {}
                Err(refusal) => {
                    let message = format!("{sensor} refuses the image: {refusal}");
                    let finding = Finding::new(&codes::IMAGE_REFUSED, message);
                    let takes = sensor.capacity().steps_per_byte.unwrap_or(Capacity::STEPS_PER_BYTE);
                    outcome.findings.push(if steps_a_byte(bytes) > takes {
                        finding.with_help(format!(
                            "of the steps for each byte of an event most are of {}",
                            dearest(bytes, &run.rules)
                        ))
                    } else {
                        finding
                    });
                }
            }
            taken += usize::from(loaded.is_ok());
            outcome.learned.sensors.push(SensorFacts {
                sensor: sensor.name().to_owned(),
                version: sensor.version().to_string(),
                loads: loaded.ok().map(u64::from),
                of: run.rules.len() as u64,
                previously: None,
            });
        }
        let sensors = fleet.sensors().len();
        outcome.fact("sensors", sensors as u64);
        outcome.summary = format!("image taken by {taken} of {}", plural(sensors, "sensor"));
        if fewest != u32::MAX {
            outcome.summary +=
                &format!("; the most restricted one runs {fewest} of {}", plural(run.rules.len(), "rule"));
        }
        if let Ok(groups) = run.sensors() {
            outcome.learned.runs_on = RuleId::count(&run.rules).map(|(id, _)| groups.running(id)).collect();
            let nowhere = outcome.learned.runs_on.iter().filter(|sensors| **sensors == 0).count();
            outcome.fact("rules that no sensor runs", nowhere as u64);
            if nowhere > 0 {
                outcome.summary += &format!(
                    "; {} on no sensor",
                    if nowhere == 1 { "1 runs".to_owned() } else { format!("{nowhere} run") }
                );
            }
        }
        outcome
    }
}
