//! Refusals in words: why a sensor does not take an image.

use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_interpreter::format::Section;
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

/// A rejection in words, with the names that its numbers stand for.
#[must_use]
pub fn describe(image: &Image<'_>, rejection: Rejection) -> String {
    let code = rejection.code();
    let named = |rule: u32, template: u32, input: u32| {
        let template = image.template(template).map_or("", |of| image.name(of.name, of.name_len));
        let rule = image.rule(rule).map_or("", |of| if of.title.is_empty() { of.name } else { of.title });
        let input = image
            .input(input)
            .map_or((String::new(), 0), |of| (image.name(of.name, of.name_len).to_owned(), of.position));
        (rule.to_owned(), template.to_owned(), input)
    };
    match rejection {
        Rejection::UnsuppliedInput { rule, template, input } => {
            let (rule, template, (input, position)) = named(rule, template, input);
            let place =
                if position > 0 { format!("field {position} of `{template}`") } else { format!("of `{template}`") };
            format!("{code}: rule `{rule}` reads `{input}` ({place}), which this sensor does not supply")
        }
        Rejection::InputType { rule, template, input } => {
            let (rule, template, (input, _)) = named(rule, template, input);
            format!("{code}: rule `{rule}` reads `{input}` of `{template}`, which this sensor supplies as another type")
        }
        Rejection::Position { rule, template, input } => {
            let (rule, template, (input, position)) = named(rule, template, input);
            format!(
                "{code}: rule `{rule}` reads `${position}` (`{input}` of `{template}`), and this sensor supplies another input there, or none"
            )
        }
        Rejection::Record { section: Section::Names, .. } => format!("{code}: the image has a flag that is not known"),
        other => format!("{code}: {other}"),
    }
}
