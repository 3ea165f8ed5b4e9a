//! Refusals in words: why a sensor does not take an image.

use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_interpreter::{Image, Rejection};
use contentcheck_model::diagnostic::closest;
use contentcheck_model::sensor::Sensor;

/// What a sensor does with an image that it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// How many rules it loads.
    pub rules: u32,
    /// Each rule that it does not run on some template type, with the reason.
    pub left_out: Vec<String>,
    /// The template types that it supplies and no rule of the image is for.
    pub idle: Vec<String>,
    /// Of these, those whose name is nearly that of a template type which the image has and the sensor lacks.
    pub misspelt: Vec<(String, String)>,
}

/// Verifies an image for a sensor.
///
/// # Errors
/// The rejection, with names instead of numbers.
pub fn verify_for(image: &Image<'_>, sensor: &Sensor) -> Result<Loaded, String> {
    let supplied = Supplied::of_sensor(sensor);
    let supplies = supplied.supplies();
    let manifest = supplied.manifest(&supplies);
    let mut memory = Memory::of(image);
    let verified = image.verify(&manifest, memory.workspace()).map_err(|rejection| describe(image, rejection))?;
    let lacking: Vec<&str> = verified
        .unsupplied_templates()
        .filter_map(|number| image.template(number))
        .map(|of| image.name(of.name, of.name_len))
        .collect();
    let idle: Vec<String> = verified.idle_supplies(&manifest).map(str::to_owned).collect();
    let near = |name: &String| Some((name.clone(), closest(name, lacking.iter().copied())?.to_owned()));
    Ok(Loaded {
        rules: verified.loaded_rules(),
        left_out: verified.left_out(&manifest).map(|out| image.describe_left_out(out).to_string()).collect(),
        misspelt: idle.iter().filter_map(near).collect(),
        idle,
    })
}

/// Verifies an image for a sensor that supplies whatever it asks for: what is left is the image itself.
///
/// # Errors
/// The rejection, with names instead of numbers.
pub fn verify_alone(image: &Image<'_>) -> Result<(), String> {
    let supplied = Supplied::of_recorder(image, "any", "0");
    let supplies = supplied.supplies();
    let mut memory = Memory::of(image);
    image
        .verify(&supplied.manifest(&supplies), memory.workspace())
        .map(drop)
        .map_err(|rejection| describe(image, rejection))
}

/// A rejection in words, with its code and the names that its numbers stand for.
#[must_use]
pub fn describe(image: &Image<'_>, rejection: Rejection) -> String {
    format!("{}: {}", rejection.code(), image.describe(rejection))
}
