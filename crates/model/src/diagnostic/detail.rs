//! The facts of findings about sensors and about the previous release, so that no reader takes a message apart.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sensor::Sensor;

/// What a finding is about, in parts. The code says what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "about", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Detail {
    /// An input that a rule reads and sensors do not supply as it takes it (CC0401 to CC0404, CC0409).
    Input {
        /// The rule, by id or name.
        rule: String,
        /// The name of the template type.
        template: String,
        /// Its version.
        version: u32,
        /// How many fields it has.
        arity: usize,
        /// The name of the input.
        input: String,
        /// Its position in the template type, from 1; none for header fields, names under `reads` and undeclared ones.
        #[serde(skip_serializing_if = "Option::is_none")]
        position: Option<u32>,
        /// Whether the rule reads it by its position.
        by_position: bool,
        /// The type that the rule takes it for.
        #[serde(rename = "type")]
        ty: String,
        /// The sensors that do not supply it so, oldest first.
        sensors: Vec<Supply>,
        /// The versions of sensors that supply it, of the fleet and of those that ship with the program.
        supplied_by: Vec<Versions>,
        /// The other version of the template type that declares it as another type, where that is what is wrong.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        declared: Option<Declared>,
    },
    /// A position that the template type does not have (CC0402).
    Position {
        /// The rule, by id or name.
        rule: String,
        /// The name of the template type.
        template: String,
        /// Its version.
        version: u32,
        /// How many fields it has.
        arity: usize,
        /// The position that the rule reads.
        position: u32,
    },
    /// What is wrong within a manifest (CC0407).
    Manifest {
        /// The name of the sensor, as it is written.
        sensor: String,
        /// Its version, as it is written.
        version: String,
        /// The name of the template type; none for header fields and what is wrong with the manifest as a whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        template: Option<String>,
        /// The name of the input.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        input: Option<String>,
        /// The positions, from 1, at which the input stands.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        positions: Vec<usize>,
    },
    /// A rule that no sensor of the fleet loads, or whose template types none supplies (CC0405, CC0406).
    Rule {
        /// The rule, by id or name.
        rule: String,
        /// The names of its template types.
        templates: Vec<String>,
        /// Its `sensors`.
        #[serde(skip_serializing_if = "Option::is_none")]
        constraint: Option<String>,
        /// The sensors of the fleet.
        sensors: Vec<Build>,
    },
    /// More than sensors can hold (CC0408).
    Capacity {
        /// What is counted.
        counted: String,
        /// The sensors, each with how much there is for it and how much it holds.
        sensors: Vec<Room>,
    },
    /// Rules that are not part of the release (CC0808).
    LeftOut {
        /// The rules, by id or name.
        rules: Vec<String>,
    },
    /// Findings that are not shown, since there are too many (CC0106).
    NotShown {
        /// Their codes.
        codes: Vec<String>,
    },
    /// What differs from the previous release (CC0801 to CC0807, CC0809, CC0810).
    Change {
        /// What is counted or compared.
        counted: Measure,
        /// How much there was.
        #[serde(skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// How much there is.
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// Of how many: events for matches.
        #[serde(skip_serializing_if = "Option::is_none")]
        of: Option<u64>,
        /// The template type, with its version.
        #[serde(skip_serializing_if = "Option::is_none")]
        template: Option<String>,
        /// The table.
        #[serde(skip_serializing_if = "Option::is_none")]
        table: Option<String>,
        /// The sensor.
        #[serde(skip_serializing_if = "Option::is_none")]
        sensor: Option<Build>,
    },
}

/// What differs between two releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Rules of the release.
    Rules,
    /// Rules that a sensor loads.
    LoadedRules,
    /// Bytes of the image.
    ImageBytes,
    /// Rows of a table.
    TableRows,
    /// The sequence number of the release.
    Sequence,
    /// Events that a rule matches.
    Matches,
    /// The condition of a rule on a template type.
    Condition,
}

/// A build of a sensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// Its name.
    pub sensor: String,
    /// Its version.
    pub version: String,
}

impl Build {
    /// The build that a manifest describes.
    #[must_use]
    pub fn of(sensor: &Sensor) -> Self {
        Self { sensor: sensor.name().to_owned(), version: sensor.version().to_string() }
    }
}

/// What a build supplies in the place of an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Supply {
    /// The name of the sensor.
    pub sensor: String,
    /// Its version.
    pub version: String,
    /// How many inputs it supplies for the template type.
    pub arity: usize,
    /// The type under which it supplies the input, where it does.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub ty: Option<String>,
    /// What it supplies at the position, where that is another input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_position: Option<String>,
}

/// How another version of a template type declares a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// The version of the template type.
    pub version: u32,
    /// The type.
    #[serde(rename = "type")]
    pub ty: String,
}

/// An unbroken run of versions of a sensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// The name of the sensor.
    pub sensor: String,
    /// The first version.
    pub from: String,
    /// The last version; none where newer ones go on with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// How much a sensor holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Room {
    /// The name of the sensor.
    pub sensor: String,
    /// Its version.
    pub version: String,
    /// How much there is for it.
    pub needed: u64,
    /// How much it holds.
    pub capacity: u64,
}

impl Detail {
    /// A change of which only counts are known.
    #[must_use]
    pub const fn change(counted: Measure, before: Option<u64>, after: Option<u64>) -> Self {
        Self::Change { counted, before, after, of: None, template: None, table: None, sensor: None }
    }
}
