//! Template types and sensor manifests of public log sources, embedded in the binary.
//!
//! The strings live in `content/` and `sensors/` of this crate; where they come from is in its
//! `NOTICE`. They are data like any other: they are read by the same parser as a user's files.
//!
//! ```
//! let builds: Vec<_> = contentcheck_library::sensors("sysmon").collect();
//! assert_eq!(builds.first().map(|build| build.version), Some("2.0"));
//! assert_eq!(contentcheck_library::sensors("sysmon/4.90").count(), 1);
//! ```

mod embedded;
mod looks;

use std::sync::{Arc, OnceLock};

use contentcheck_model::diagnostic::{Diagnostic, Sink};
use contentcheck_model::sensor::{Fleet, Manifest, Sensor};
use contentcheck_model::source::Source;
use contentcheck_model::template::TemplateType;
use contentcheck_parser::native;

/// One embedded content file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentFile {
    /// Path below `content/`, with `/`, such as `windows/sysmon.content`.
    pub name: &'static str,
    /// The text.
    pub text: &'static str,
}

impl ContentFile {
    /// The text as a source for the parser, under the name `builtin:NAME`.
    #[must_use]
    pub fn source(&self) -> Source {
        Source::new(format!("builtin:{}", self.name), self.text)
    }
}

/// One embedded sensor manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SensorFile {
    /// Name of the sensor, such as `sysmon`.
    pub sensor: &'static str,
    /// Version of the build, such as `4.90`.
    pub version: &'static str,
    /// The manifest as JSON.
    pub json: &'static str,
}

impl SensorFile {
    /// The manifest as a source for the parser, under the name `builtin:SENSOR/VERSION`.
    #[must_use]
    pub fn source(&self) -> Source {
        Source::new(format!("builtin:{}/{}", self.sensor, self.version), self.json)
    }

    /// Reads the manifest.
    ///
    /// # Errors
    /// Never, for a manifest that ships: a test reads all of them.
    pub fn parse(&self) -> Result<Sensor, Vec<Diagnostic>> {
        Manifest::parse(&self.source())
    }
}

/// The content files with the template types of public log sources, ordered by name.
pub static CONTENT: &[ContentFile] = embedded::CONTENT;

/// The sensor manifests, ordered by name and then by version from the oldest to the newest.
pub static SENSORS: &[SensorFile] = embedded::SENSORS;

/// The manifests that a selector means: `sysmon` all versions of a sensor, `sysmon/4.90` one
/// version as its manifest writes it. None where nothing is called so.
pub fn sensors(selector: &str) -> impl Iterator<Item = &'static SensorFile> {
    let (sensor, version) = match selector.split_once('/') {
        Some((sensor, version)) => (sensor.to_owned(), Some(version.to_owned())),
        None => (selector.to_owned(), None),
    };
    SENSORS.iter().filter(move |file| {
        file.sensor == sensor && version.as_ref().is_none_or(|version| file.version == version.as_str())
    })
}

/// The names of the sensors that ship, each once.
pub fn sensor_names() -> impl Iterator<Item = &'static str> {
    let mut last = "";
    SENSORS.iter().filter_map(move |file| {
        let new = file.sensor != last;
        last = file.sensor;
        new.then_some(file.sensor)
    })
}

/// Template types, shared by all who use them.
pub type Templates = Arc<[Arc<TemplateType>]>;

/// The template types that ship. They are read once.
///
/// # Errors
/// What is wrong with them; a test shows that nothing is.
pub fn templates() -> Result<Templates, Vec<Diagnostic>> {
    static READ: OnceLock<Result<Templates, Vec<Diagnostic>>> = OnceLock::new();
    READ.get_or_init(read).clone()
}

/// All sensors that ship, as one fleet. They are read once.
#[must_use]
pub fn known_sensors() -> Arc<Fleet> {
    static READ: OnceLock<Arc<Fleet>> = OnceLock::new();
    let read = || {
        let sensors = SENSORS.iter().filter_map(|file| file.parse().ok()).collect();
        // A test shows that each can be read and that no two are of one build.
        Arc::new(Fleet::new(sensors).unwrap_or_default())
    };
    Arc::clone(READ.get_or_init(read))
}

fn read() -> Result<Templates, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for file in CONTENT {
        let source = file.source();
        let parsed = native::parse(&source);
        let mut sink = Sink::new(&source);
        found.extend(native::templates(&parsed.ast, &mut sink).into_iter().map(|mut template| {
            template.looks = looks::of(&template);
            Arc::new(template)
        }));
        problems.extend(parsed.diagnostics);
        problems.extend(sink.finish());
    }
    if problems.is_empty() { Ok(found.into()) } else { Err(problems) }
}
