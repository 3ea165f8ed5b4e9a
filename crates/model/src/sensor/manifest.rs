//! The sensor manifest: JSON that a sensor build prints of itself.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use schemars::JsonSchema;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::version::Versioning;

/// What one sensor build supplies and can hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this format; always 1.
    pub format: u32,
    /// Name of the sensor product, such as `sysmon`.
    pub sensor: String,
    /// Version of this build, such as `4.90`. It begins with a digit.
    pub version: String,
    /// How versions of this sensor are ordered.
    #[serde(default, skip_serializing_if = "Versioning::is_default")]
    pub versioning: Versioning,
    /// Where the facts come from, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// What the build can hold. What is not stated is not checked.
    #[serde(default, skip_serializing_if = "Capacity::is_unstated")]
    pub capacity: Capacity,
    /// Inputs that come with every event, whatever its template type: by name, without a position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub header: Vec<Input>,
    /// The template types that the sensor supplies, by name. None may be given twice.
    #[serde(deserialize_with = "each_once")]
    pub templates: BTreeMap<String, Supply>,
}

impl Manifest {
    /// The manifest as JSON with one line for each template type: small, and a change of one
    /// template type is a change of one line. Ends with a line break.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\"format\":");
        let text = |value: &str| serde_json::Value::from(value).to_string();
        // Writing to a string cannot fail, and these types always serialise.
        let _ = write!(out, "{},\"sensor\":{},\"version\":{},", self.format, text(&self.sensor), text(&self.version));
        if !self.versioning.is_default() {
            let _ = write!(out, "\"versioning\":{},", text(self.versioning.as_str()));
        }
        if let Some(origin) = &self.origin {
            let _ = write!(out, "\"origin\":{},", text(origin));
        }
        if !self.capacity.is_unstated() {
            let capacity = serde_json::to_string(&self.capacity).unwrap_or_default();
            let _ = write!(out, "\n\"capacity\":{capacity},");
        }
        if !self.header.is_empty() {
            let _ = write!(out, "\n\"header\":{},", serde_json::to_string(&self.header).unwrap_or_default());
        }
        out.push_str("\n\"templates\":{");
        for (index, (name, supply)) in self.templates.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let supply = serde_json::to_string(supply).unwrap_or_default();
            let _ = write!(out, "{comma}\n{}:{supply}", text(name));
        }
        out.push_str("\n}}\n");
        out
    }
}

/// Reads a map and refuses a key that comes twice, which serde would let pass silently.
fn each_once<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Supply>, D::Error> {
    struct Templates;
    impl<'de> Visitor<'de> for Templates {
        type Value = BTreeMap<String, Supply>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map from template type to what is supplied for it")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut templates = BTreeMap::new();
            while let Some(name) = map.next_key::<String>()? {
                if templates.contains_key(&name) {
                    return Err(de::Error::custom(format_args!("template type `{name}` is given twice")));
                }
                if templates.len() >= crate::limits::MANIFEST_TEMPLATES {
                    let most = crate::limits::MANIFEST_TEMPLATES;
                    return Err(de::Error::custom(format_args!("more than {most} template types")));
                }
                templates.insert(name, map.next_value()?);
            }
            Ok(templates)
        }
    }
    from.deserialize_map(Templates)
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
    /// Features of the image format that the interpreter knows, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<String>>,
    /// Steps that evaluating an event takes at most, whatever its size. A step is about a nanosecond.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Steps for each byte of an event, beside them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps_per_byte: Option<u64>,
    /// Bytes of scratch memory of one thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scratch_bytes: Option<u64>,
}

impl Capacity {
    /// Each member that is a number, by name. All of them are named, so that a new one is not forgotten.
    #[must_use]
    pub fn numbers(&self) -> [(&'static str, Option<u64>); 8] {
        let Self {
            interpreter,
            image_bytes,
            rules,
            table_rows,
            automaton_states,
            features: _,
            steps,
            steps_per_byte,
            scratch_bytes,
        } = *self;
        [
            ("interpreter", interpreter.map(u64::from)),
            ("image_bytes", image_bytes),
            ("rules", rules),
            ("table_rows", table_rows),
            ("automaton_states", automaton_states),
            ("steps", steps),
            ("steps_per_byte", steps_per_byte),
            ("scratch_bytes", scratch_bytes),
        ]
    }
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
