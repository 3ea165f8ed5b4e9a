//! Refusals in words: why a sensor does not take an image.

use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_interpreter::{Image, Rejection};
use contentcheck_model::sensor::Sensor;

/// Verifies an image for a sensor: the number of rules that it loads.
///
/// # Errors
/// The rejection, with names instead of numbers.
pub fn verify_for(image: &Image<'_>, sensor: &Sensor) -> Result<u32, String> {
    let supplied = Supplied::of_sensor(sensor);
    let supplies = supplied.supplies();
    let mut memory = Memory::of(image);
    let loaded =
        image.verify(&supplied.manifest(&supplies), memory.workspace()).map(|verified| verified.loaded_rules());
    loaded.map_err(|rejection| describe(image, rejection))
}

/// A rejection in words, with its code and the names that its numbers stand for.
#[must_use]
pub fn describe(image: &Image<'_>, rejection: Rejection) -> String {
    format!("{}: {}", rejection.code(), image.describe(rejection))
}
