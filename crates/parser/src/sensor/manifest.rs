//! The sensor manifest: JSON that a sensor build prints of itself.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one sensor build supplies and can hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this format; always 1.
    pub format: u32,
    /// Name of the sensor product, such as `sysmon`.
    pub sensor: String,
    /// Version of this build, such as `4.90`. Parts between dots compare as numbers.
    pub version: String,
    /// Where the facts come from, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// What the build can hold. What is not stated is not checked.
    #[serde(default, skip_serializing_if = "Capacity::is_unstated")]
    pub capacity: Capacity,
    /// Inputs that come with every event, whatever its template type: by name, without a position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub header: Vec<Input>,
    /// The template types that the sensor supplies, by name.
    pub templates: BTreeMap<String, Supply>,
}

/// What a sensor build can hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// Version of the interpreter's image format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<u32>,
    /// Bytes of a content image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_bytes: Option<u64>,
    /// Rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<u64>,
    /// Rows of all tables together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_rows: Option<u64>,
    /// States of all automata together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automaton_states: Option<u64>,
}

impl Capacity {
    /// Whether nothing is stated.
    #[must_use]
    pub fn is_unstated(&self) -> bool {
        *self == Self::default()
    }
}

/// The inputs that a sensor supplies for one template type, in its own order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Supply {
    /// Inputs; the first has position 1. Their number is the supplied arity.
    pub inputs: Vec<Input>,
}

/// One input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name, as template types write it.
    pub name: String,
    /// Type, as template types write it: `string`, `int`, `float`, `bool`, `ip`, `bytes`
    /// or `list<...>` of one, with a closing `?` where the value may be absent.
    #[serde(rename = "type")]
    pub ty: String,
}
