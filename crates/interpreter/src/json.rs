//! A manifest as JSON: what a sensor build prints of itself.

use core::fmt::{self, Display, Formatter, Write};

use crate::format::feature;
use crate::manifest::{Capacity, Input, Manifest, Scalar, Supply, Type, Versioning};

/// A manifest as JSON, see [`Manifest::json`].
#[derive(Clone, Copy, Debug)]
pub struct ManifestJson<'m>(Manifest<'m>);

impl<'m> Manifest<'m> {
    /// The manifest as the JSON that content is checked against before it ships (docs/sensors.md): template types by
    /// name, a line for each, and a line break at the end. Equal manifests give equal bytes, and `contentcheck sensor show
    /// --format json` writes the same ones. Nothing is allocated.
    ///
    /// ```
    /// use contentcheck_interpreter::{Capacity, Input, Manifest, Scalar, Supply, Type, Versioning};
    ///
    /// let pid = Input { name: "pid", ty: Type { scalar: Scalar::Int, list: false, optional: true } };
    /// let manifest = Manifest {
    ///     sensor: "edr",
    ///     version: "1.4.0",
    ///     versioning: Versioning::Parts,
    ///     capacity: Capacity { rules: Some(5_000), ..Capacity::NONE },
    ///     header: &[],
    ///     templates: &[Supply { template: "edr.exit", inputs: &[pid] }],
    /// };
    /// assert_eq!(
    ///     manifest.json().to_string(),
    ///     r#"{"format":1,"sensor":"edr","version":"1.4.0",
    /// "capacity":{"rules":5000},
    /// "templates":{
    /// "edr.exit":{"inputs":[{"name":"pid","type":"int?"}]}
    /// }}
    /// "#
    /// );
    /// ```
    #[must_use]
    pub const fn json(&self) -> ManifestJson<'m> {
        ManifestJson(*self)
    }
}

impl Display for ManifestJson<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let manifest = &self.0;
        f.write_str("{\"format\":1,\"sensor\":")?;
        string(f, manifest.sensor)?;
        f.write_str(",\"version\":")?;
        string(f, manifest.version)?;
        f.write_char(',')?;
        if manifest.versioning == Versioning::Decimal {
            f.write_str("\"versioning\":\"decimal\",")?;
        }
        if manifest.capacity != Capacity::NONE {
            f.write_str("\n\"capacity\":{")?;
            capacity(f, &manifest.capacity)?;
            f.write_str("},")?;
        }
        if !manifest.header.is_empty() {
            f.write_str("\n\"header\":")?;
            inputs(f, manifest.header)?;
            f.write_char(',')?;
        }
        f.write_str("\n\"templates\":{")?;
        let (mut last, mut comma) = (None, "");
        while let Some(supply) = next(manifest.templates, last) {
            writeln!(f, "{comma}")?;
            string(f, supply.template)?;
            f.write_str(":{\"inputs\":")?;
            inputs(f, supply.inputs)?;
            f.write_char('}')?;
            (last, comma) = (Some(supply.template), ",");
        }
        f.write_str("\n}}\n")
    }
}

/// What comes after a name in the order of names, which is how JSON's readers write it again: there is no memory to sort in.
fn next<'m>(templates: &'m [Supply<'m>], last: Option<&str>) -> Option<&'m Supply<'m>> {
    templates
        .iter()
        .filter(|supply| last.is_none_or(|last| supply.template > last))
        .min_by_key(|supply| supply.template)
}

fn capacity(f: &mut Formatter<'_>, capacity: &Capacity) -> fmt::Result {
    // All of them are named, so that a new one is not forgotten.
    let Capacity {
        interpreter,
        image_bytes,
        rules,
        table_rows,
        automaton_states,
        steps,
        steps_per_byte,
        scratch_bytes,
        features,
    } = *capacity;
    let mut comma = "";
    for (name, value) in [
        ("interpreter", interpreter.map(u64::from)),
        ("image_bytes", image_bytes),
        ("rules", rules),
        ("table_rows", table_rows),
        ("automaton_states", automaton_states),
    ] {
        number(f, &mut comma, name, value)?;
    }
    if let Some(features) = features {
        write!(f, "{comma}\"features\":[")?;
        for (index, name) in feature::names(features).enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            string(f, name)?;
        }
        f.write_char(']')?;
        comma = ",";
    }
    for (name, value) in [("steps", steps), ("steps_per_byte", steps_per_byte), ("scratch_bytes", scratch_bytes)] {
        number(f, &mut comma, name, value)?;
    }
    Ok(())
}

fn number(f: &mut Formatter<'_>, comma: &mut &str, name: &str, value: Option<u64>) -> fmt::Result {
    let Some(value) = value else { return Ok(()) };
    write!(f, "{comma}\"{name}\":{value}")?;
    *comma = ",";
    Ok(())
}

fn inputs(f: &mut Formatter<'_>, inputs: &[Input<'_>]) -> fmt::Result {
    f.write_char('[')?;
    for (index, input) in inputs.iter().enumerate() {
        f.write_str(if index == 0 { "{\"name\":" } else { ",{\"name\":" })?;
        string(f, input.name)?;
        write!(f, ",\"type\":\"{}\"}}", input.ty)?;
    }
    f.write_char(']')
}

/// As template types write it: `list<string>?`.
impl Display for Type {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let scalar = match self.scalar {
            Scalar::String => "string",
            Scalar::Int => "int",
            Scalar::Float => "float",
            Scalar::Bool => "bool",
            Scalar::Ip => "ip",
            Scalar::Bytes => "bytes",
        };
        let (before, behind) = if self.list { ("list<", ">") } else { ("", "") };
        write!(f, "{before}{scalar}{behind}{}", if self.optional { "?" } else { "" })
    }
}

fn string(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for letter in text.chars() {
        match letter {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\u{8}' => f.write_str("\\b")?,
            '\u{c}' => f.write_str("\\f")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\0'..='\u{1f}' => write!(f, "\\u{:04x}", u32::from(letter))?,
            _ => f.write_char(letter)?,
        }
    }
    f.write_char('"')
}
