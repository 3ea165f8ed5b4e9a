//! Check 3: every sensor of the fleet takes the image.

use contentcheck_interpreter::Image;
use contentcheck_parser::diagnostic::codes;
use contentcheck_run::refusal::verify_for;

use crate::evidence::Finding;
use crate::run::{Check, Outcome, Run};

/// Loads the image with the interpreter that sensors embed, once for each sensor of the fleet.
pub struct Verify;

impl Check for Verify {
    fn number(&self) -> u32 {
        3
    }

    fn name(&self) -> &'static str {
        "verify"
    }

    fn guards(&self) -> &'static str {
        "an image that some deployed sensor refuses, or cannot hold"
    }

    fn run(&self, run: &mut Run<'_>) -> Outcome {
        let Ok(bytes) = &run.built.image else { return Outcome::skipped("there is no image to verify") };
        let Some(fleet) = &run.built.release.fleet else {
            return Outcome::skipped("no fleet is named: `fleet` in contentcheck.toml, or --fleet");
        };
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
        let mut fewest = u32::MAX;
        for sensor in fleet.sensors() {
            match verify_for(&image, sensor) {
                Ok(rules) => fewest = fewest.min(rules),
                Err(refusal) => {
                    let message = format!("{} {} refuses the image: {refusal}", sensor.name(), sensor.version());
                    outcome.findings.push(Finding::new(&codes::IMAGE_REFUSED, message));
                }
            }
        }
        let sensors = fleet.sensors().len();
        outcome.fact("sensors", sensors as u64);
        outcome.summary = format!("{} of {sensors} sensors take the image", sensors - outcome.findings.len());
        if fewest != u32::MAX {
            outcome.summary += &format!("; the least that one of them runs is {fewest} of {} rules", run.rules.len());
        }
        outcome
    }
}
