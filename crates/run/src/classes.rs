//! Classes: sensors of a fleet that do the same with an image, so that events are evaluated once for all of them.

use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_interpreter::{Image, Input};
use contentcheck_model::sensor::{Fleet, Sensor};

use crate::refusal::describe;

/// Sensors that do the same with an image: they load the same rules on the same template types, and supply these, and
/// the header, in the same order and types.
#[derive(Debug)]
pub struct Class<'f> {
    /// The sensors, in the order of the fleet; at least one.
    pub sensors: Vec<&'f Sensor>,
    /// How many rules they load, or why they refuse the image.
    pub loaded: Result<u32, String>,
}

impl<'f> Class<'f> {
    /// The one that stands for all of them.
    #[must_use]
    pub fn representative(&self) -> Option<&'f Sensor> {
        self.sensors.first().copied()
    }
}

/// What evaluating an event can depend on, besides the image and the event.
#[derive(PartialEq)]
enum Conduct<'f> {
    Refuses(String),
    Loads {
        header: Vec<Input<'f>>,
        /// For each template type of the image what is supplied, and the rules that are loaded there.
        templates: Vec<(Option<Vec<Input<'f>>>, Vec<u32>)>,
    },
}

/// Groups the sensors of a fleet by what they do with an image, in the order of the fleet.
///
/// # Errors
/// When the bytes are no image: then no sensor reads them.
pub fn classes<'f>(fleet: &'f Fleet, image: &[u8]) -> Result<Vec<Class<'f>>, String> {
    let image = Image::read(image).map_err(|rejection| format!("{}: {rejection}", rejection.code()))?;
    let mut found: Vec<(Conduct<'f>, Class<'f>)> = Vec::new();
    for sensor in fleet.sensors() {
        let (conduct, loaded) = conduct(&image, sensor);
        match found.iter_mut().find(|(known, _)| *known == conduct) {
            Some((_, class)) => class.sensors.push(sensor),
            None => found.push((conduct, Class { sensors: vec![sensor], loaded })),
        }
    }
    Ok(found.into_iter().map(|(_, class)| class).collect())
}

fn conduct<'f>(image: &Image<'_>, sensor: &'f Sensor) -> (Conduct<'f>, Result<u32, String>) {
    let supplied = Supplied::of_sensor(sensor);
    let mut memory = Memory::of(image);
    let verified = match image.verify(&supplied.manifest(&supplied.supplies()), memory.workspace()) {
        Ok(verified) => verified,
        Err(rejection) => {
            let words = describe(image, rejection);
            return (Conduct::Refuses(words.clone()), Err(words));
        }
    };
    let templates = (0..image.template_count()).map(|number| {
        let name = image.template(number).map_or("", |of| image.name(of.name, of.name_len));
        let inputs = supplied.templates().iter().find(|(known, _)| *known == name).map(|(_, inputs)| inputs.clone());
        (inputs, verified.loaded_on(number).collect())
    });
    let conduct = Conduct::Loads { header: supplied.header().to_vec(), templates: templates.collect() };
    (conduct, Ok(verified.loaded_rules()))
}
