//! Fleets: the sensors of every version that is still deployed.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checked::{Sensor, SuppliedTemplate};
use super::constraint::Constraint;
use super::json;
use super::version::{Version, is_sensor_name, is_version};
use crate::diagnostic::codes::{INVALID_MANIFEST, LIMIT_EXCEEDED};
use crate::diagnostic::{Diagnostic, Sink};
use crate::limits;
use crate::source::{Source, Span, Spanned};

/// The deployed sensors, ordered by name and version.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    sensors: Vec<Sensor>,
    // INVARIANT: the indices are of `sensors`, ascending.
    by_template: HashMap<String, Vec<usize>>,
}

/// Two manifests of one fleet describe the same build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplicateSensor {
    sensor: String,
    versions: (String, String),
}

impl DuplicateSensor {
    /// Name of the sensor.
    #[must_use]
    pub fn sensor(&self) -> &str {
        &self.sensor
    }

    /// The two versions, which are equal though they may be written differently.
    #[must_use]
    pub fn versions(&self) -> (&str, &str) {
        (&self.versions.0, &self.versions.1)
    }
}

impl fmt::Display for DuplicateSensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (a, b) = self.versions();
        if a == b {
            write!(f, "the fleet has two manifests of {} {a}", self.sensor)
        } else {
            write!(f, "the fleet has two manifests of {0} {a}: {0} {b} is the same version", self.sensor)
        }
    }
}

impl std::error::Error for DuplicateSensor {}

/// The versions of one sensor that supply a field: an unbroken run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Availability<'a> {
    sensor: &'a str,
    first: &'a Version,
    last: &'a Version,
    from_oldest: bool,
    to_newest: bool,
}

impl Availability<'_> {
    /// Name of the sensor.
    #[must_use]
    pub const fn sensor(&self) -> &str {
        self.sensor
    }

    /// The first version of the run.
    #[must_use]
    pub const fn first(&self) -> &Version {
        self.first
    }

    /// The last version of the run.
    #[must_use]
    pub const fn last(&self) -> &Version {
        self.last
    }

    /// Whether the run begins with the oldest version of the sensor in the fleet.
    #[must_use]
    pub const fn from_oldest(&self) -> bool {
        self.from_oldest
    }

    /// Whether the run ends with the newest version of the sensor in the fleet.
    #[must_use]
    pub const fn to_newest(&self) -> bool {
        self.to_newest
    }
}

impl fmt::Display for Availability<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sensor)?;
        match (self.from_oldest, self.to_newest) {
            (true, true) => Ok(()),
            (false, true) => write!(f, " {} on", self.first),
            (true, false) => write!(f, " up to {}", self.last),
            (false, false) if self.first == self.last => write!(f, " {} only", self.first),
            (false, false) => write!(f, " {} to {}", self.first, self.last),
        }
    }
}

impl Fleet {
    /// A fleet of these sensors.
    ///
    /// # Errors
    /// Two of them have the same name and version.
    pub fn new(mut sensors: Vec<Sensor>) -> Result<Self, DuplicateSensor> {
        sensors.sort_by(order);
        for (a, b) in sensors.iter().zip(sensors.iter().skip(1)) {
            if order(a, b) == Ordering::Equal {
                let versions = (a.version().to_string(), b.version().to_string());
                return Err(DuplicateSensor { sensor: a.name().to_owned(), versions });
            }
        }
        let mut by_template: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, sensor) in sensors.iter().enumerate() {
            for template in sensor.manifest().templates.keys() {
                match by_template.get_mut(template) {
                    Some(indices) => indices.push(index),
                    None => drop(by_template.insert(template.clone(), vec![index])),
                }
            }
        }
        Ok(Self { sensors, by_template })
    }

    /// The sensors, ordered by name and version.
    #[must_use]
    pub fn sensors(&self) -> &[Sensor] {
        &self.sensors
    }

    /// Whether the fleet has no sensor: nothing can be said about compatibility.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sensors.is_empty()
    }

    /// The names of the template types that some sensor supplies.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        self.by_template.keys().map(String::as_str)
    }

    /// The sensors that a constraint selects.
    pub fn select<'a>(&'a self, constraint: &'a Constraint) -> impl Iterator<Item = &'a Sensor> {
        self.sensors.iter().filter(|sensor| constraint.matches(sensor))
    }

    /// The sensors that supply a template type, each with what it supplies for it.
    pub fn suppliers<'a>(&'a self, template: &'a str) -> impl Iterator<Item = (&'a Sensor, &'a SuppliedTemplate)> {
        let indices = self.by_template.get(template).map_or(&[][..], Vec::as_slice);
        indices.iter().filter_map(move |index| {
            let sensor = self.sensors.get(*index)?;
            Some((sensor, sensor.template(template)?))
        })
    }

    /// Which versions of which sensors supply a field, as unbroken runs in the fleet's order.
    #[must_use]
    pub fn availability(&self, template: &str, field: &str) -> Vec<Availability<'_>> {
        let mut runs: Vec<Availability<'_>> = Vec::new();
        let mut open = false;
        let mut last: Option<&str> = None;
        for sensor in &self.sensors {
            let oldest = last != Some(sensor.name());
            if oldest {
                open = false;
                last = Some(sensor.name());
            }
            if sensor.supplied(template, field).is_some() {
                match runs.last_mut() {
                    Some(run) if open => run.last = sensor.version(),
                    _ => runs.push(Availability {
                        sensor: sensor.name(),
                        first: sensor.version(),
                        last: sensor.version(),
                        from_oldest: oldest,
                        to_newest: true,
                    }),
                }
                open = true;
            } else {
                if let Some(run) = runs.last_mut() {
                    run.to_newest &= run.sensor != sensor.name();
                }
                open = false;
            }
        }
        runs
    }

    /// The availability in words, such as `sysmon 4.21 on, acme 7.0 to 7.3`; `None` where no
    /// sensor of the fleet supplies the field.
    #[must_use]
    pub fn describe(&self, template: &str, field: &str) -> Option<String> {
        let runs: Vec<String> = self.availability(template, field).iter().map(ToString::to_string).collect();
        (!runs.is_empty()).then(|| runs.join(", "))
    }
}

fn order(a: &Sensor, b: &Sensor) -> Ordering {
    a.name().cmp(b.name()).then_with(|| a.version().compare(b.version().as_str()))
}

/// A fleet file: which manifests make up the fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FleetFile {
    /// Version of this format; always 1.
    pub format: u32,
    /// Paths of sensor manifests, relative to this file, or manifests that ship with the
    /// program: `builtin:sysmon/4.90` is one version, `builtin:sysmon` all of them.
    pub sensors: Vec<String>,
}

/// One entry of a fleet file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SensorRef {
    /// Path of a manifest, as written.
    Path(String),
    /// A manifest that ships with the program.
    Builtin {
        /// Name of the sensor.
        sensor: String,
        /// The version, or all.
        version: Option<String>,
    },
}

impl SensorRef {
    /// Reads one entry: a path, or `builtin:` and a sensor with or without a version.
    ///
    /// # Errors
    /// Why the text is neither, in lower case and without a full stop.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(builtin) = text.strip_prefix("builtin:") else {
            return if text.is_empty() || text.contains('\0') {
                Err("the path is empty or has a NUL byte".into())
            } else {
                Ok(Self::Path(text.to_owned()))
            };
        };
        let (sensor, version) = match builtin.split_once('/') {
            Some((sensor, version)) => (sensor, Some(version)),
            None => (builtin, None),
        };
        if !is_sensor_name(sensor) || version.is_some_and(|version| !is_version(version)) {
            return Err("after `builtin:` comes a sensor, or a sensor, `/` and a version".into());
        }
        Ok(Self::Builtin { sensor: sensor.to_owned(), version: version.map(str::to_owned) })
    }
}

impl FleetFile {
    /// Reads a fleet file. Paths are not resolved here.
    ///
    /// # Errors
    /// Everything that is wrong with the file, with its place.
    pub fn parse(source: &Source) -> Result<Vec<Spanned<SensorRef>>, Vec<Diagnostic>> {
        let file: Self = json::read(source)?;
        let mut sink = Sink::new(source);
        let start = Span::default();
        if file.format != 1 {
            let message = format!("format {} is not known; this version reads format 1", file.format);
            sink.report(&INVALID_MANIFEST, json::locate(source, start, "format", start), message);
        }
        let mut after = json::locate(source, start, "sensors", start);
        if file.sensors.is_empty() {
            sink.report(&INVALID_MANIFEST, after, "the fleet has no sensor");
        }
        if file.sensors.len() > limits::FLEET_SENSORS {
            let message = format!("the fleet has more than {} entries", limits::FLEET_SENSORS);
            sink.report(&LIMIT_EXCEEDED, after, message);
            return Err(sink.finish());
        }
        let mut found = Vec::with_capacity(file.sensors.len());
        for entry in &file.sensors {
            let place = json::locate(source, after, entry, after);
            after = place;
            match SensorRef::parse(entry) {
                Ok(reference) => found.push(Spanned::new(reference, place)),
                Err(reason) => sink.report(&INVALID_MANIFEST, place, reason),
            }
        }
        if sink.has_error() { Err(sink.finish()) } else { Ok(found) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::Manifest;

    fn sensor(name: &str, version: &str, decimal: bool, inputs: &[&str]) -> Sensor {
        let inputs: Vec<String> = inputs.iter().map(|n| format!("{{\"name\":\"{n}\",\"type\":\"string\"}}")).collect();
        let versioning = if decimal { "decimal" } else { "parts" };
        let text = format!(
            "{{\"format\":1,\"sensor\":\"{name}\",\"version\":\"{version}\",\"versioning\":\"{versioning}\",\"templates\":{{\"t\":{{\"inputs\":[{}]}}}}}}",
            inputs.join(",")
        );
        Manifest::parse(&Source::new("m", text)).unwrap()
    }

    #[test]
    fn orders_and_describes() {
        let fleet = Fleet::new(vec![
            sensor("sysmon", "4.30", true, &["a", "b"]),
            sensor("sysmon", "4.21", true, &["a", "b"]),
            sensor("sysmon", "4.2", true, &["a", "old"]),
            sensor("acme", "7.9", false, &["a", "mid"]),
            sensor("acme", "7.10", false, &["b"]),
        ])
        .unwrap();
        let names: Vec<String> = fleet.sensors().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["acme 7.9", "acme 7.10", "sysmon 4.2", "sysmon 4.21", "sysmon 4.30"]);
        assert_eq!(fleet.describe("t", "b").as_deref(), Some("acme 7.10 on, sysmon 4.21 on"));
        assert_eq!(fleet.describe("t", "a").as_deref(), Some("acme up to 7.9, sysmon"));
        assert_eq!(fleet.describe("t", "old").as_deref(), Some("sysmon up to 4.2"));
        assert_eq!(fleet.describe("t", "none"), None);
        assert_eq!(fleet.describe("u", "a"), None);
        assert_eq!(fleet.suppliers("t").count(), 5);
        assert_eq!(fleet.suppliers("u").count(), 0);
        assert_eq!(fleet.select(&Constraint::parse("sysmon >=4.21").unwrap()).count(), 2);
    }

    #[test]
    fn a_gap_splits_the_run() {
        let fleet = Fleet::new(vec![
            sensor("s", "1", false, &["a"]),
            sensor("s", "2", false, &["a", "x"]),
            sensor("s", "3", false, &["a"]),
            sensor("s", "4", false, &["a", "x"]),
            sensor("s", "5", false, &["a", "x"]),
            sensor("s", "6", false, &["a"]),
        ])
        .unwrap();
        assert_eq!(fleet.describe("t", "x").as_deref(), Some("s 2 only, s 4 to 5"));
    }

    #[test]
    fn refuses_the_same_build_twice() {
        let error =
            Fleet::new(vec![sensor("s", "4.9", true, &["a"]), sensor("s", "4.90", true, &["a"])]).err().unwrap();
        assert_eq!(error.to_string(), "the fleet has two manifests of s 4.9: s 4.90 is the same version");
    }

    #[test]
    fn reads_fleet_files() {
        let read = |text: &str| FleetFile::parse(&Source::new("f", text));
        let good = read(r#"{"format":1,"sensors":["a/b.json","builtin:sysmon/4.90","builtin:sysmon"]}"#).unwrap();
        let kinds: Vec<SensorRef> = good.into_iter().map(|entry| entry.value).collect();
        assert_eq!(kinds[0], SensorRef::Path("a/b.json".into()));
        assert_eq!(kinds[1], SensorRef::Builtin { sensor: "sysmon".into(), version: Some("4.90".into()) });
        assert_eq!(kinds[2], SensorRef::Builtin { sensor: "sysmon".into(), version: None });
        for bad in [
            r#"{"format":1,"sensors":[]}"#,
            r#"{"format":2,"sensors":["a"]}"#,
            r#"{"format":1,"sensors":["builtin:"]}"#,
            r#"{"format":1,"sensors":["builtin:a/"]}"#,
            r#"{"format":1,"sensors":[""]}"#,
            r#"{"format":1,"sensor":["a"]}"#,
        ] {
            assert_eq!(read(bad).err().unwrap()[0].code.id, "CC0407", "{bad}");
        }
    }
}
