//! A manifest that was checked: what one sensor build supplies, ready for lookup.

use std::collections::HashMap;
use std::fmt;

use rustc_hash::FxHashMap;

use super::json;
use super::manifest::{Capacity, Input, Manifest};
use super::version::{Version, is_sensor_name, is_version};
use crate::diagnostic::codes::{INVALID_MANIFEST, LIMIT_EXCEEDED};
use crate::diagnostic::{Detail, Diagnostic, Sink};
use crate::limits;
use crate::source::{Source, Span};
use crate::template::FieldType;

/// One input of a checked manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppliedInput {
    name: String,
    ty: FieldType,
}

impl SuppliedInput {
    /// The name, as template types write it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of the values.
    #[must_use]
    pub const fn ty(&self) -> FieldType {
        self.ty
    }
}

/// What a sensor supplies for one template type. Names are unique.
#[derive(Clone, Debug)]
pub struct SuppliedTemplate {
    inputs: Vec<SuppliedInput>,
    // A fast hash will do: a template type has at most `limits::TEMPLATE_FIELDS` names.
    positions: FxHashMap<String, usize>,
}

impl SuppliedTemplate {
    /// The supplied arity: the number of inputs.
    #[must_use]
    pub fn arity(&self) -> usize {
        self.inputs.len()
    }

    /// The inputs in the sensor's order.
    #[must_use]
    pub fn inputs(&self) -> &[SuppliedInput] {
        &self.inputs
    }

    /// The input at a position, counted from 1.
    #[must_use]
    pub fn at(&self, position: usize) -> Option<&SuppliedInput> {
        self.inputs.get(position.checked_sub(1)?)
    }

    /// Position (from 1) and type of the input with this name.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<(usize, FieldType)> {
        let position = *self.positions.get(name)?;
        Some((position, self.at(position)?.ty))
    }
}

/// One sensor build, from a manifest that was checked.
#[derive(Clone, Debug)]
pub struct Sensor {
    manifest: Manifest,
    version: Version,
    header: HashMap<String, FieldType>,
    templates: HashMap<String, SuppliedTemplate>,
}

impl Manifest {
    /// Reads a sensor manifest from JSON and checks it. All findings are [`INVALID_MANIFEST`]
    /// or about limits.
    ///
    /// # Errors
    /// Everything that is wrong with the manifest, with its place.
    pub fn parse(source: &Source) -> Result<Sensor, Vec<Diagnostic>> {
        let manifest: Self = json::read(source)?;
        manifest.check(source)
    }

    /// Checks a manifest that was read from, or imported from, `source`.
    ///
    /// # Errors
    /// Everything that is wrong with the manifest.
    pub fn check(self, source: &Source) -> Result<Sensor, Vec<Diagnostic>> {
        // Places are looked for in the text only where there is something to point at.
        let mut examined = self.examine(Places { source, exact: false });
        if !examined.sink.is_empty() {
            examined = self.examine(Places { source, exact: true });
        }
        let Examined { header, templates, sink } = examined;
        match Version::new(&self.version, self.versioning) {
            Some(version) if !sink.has_error() => Ok(Sensor { version, header, templates, manifest: self }),
            _ => Err(sink.finish()),
        }
    }

    fn examine(&self, places: Places<'_>) -> Examined {
        let mut sink = Sink::new(places.source);
        let start = Span::default();
        let about = About { manifest: self, template: None };
        if self.format != 1 {
            let message = format!("format {} is not known; this version reads format 1", self.format);
            let place = places.locate(start, "format", start);
            sink.push(sink.diagnostic(&INVALID_MANIFEST, place, message).with_detail(about.detail(None, &[])));
        }
        if !is_sensor_name(&self.sensor) {
            let place = places.locate(start, &self.sensor, start);
            let message = format!("`{}` is not a name of a sensor", short(&self.sensor));
            let help = "a name begins with a lower-case letter and has lower-case letters, digits, `-` and `_`";
            let finding = sink.diagnostic(&INVALID_MANIFEST, place, message).with_help(help);
            sink.push(finding.with_detail(about.detail(None, &[])));
        }
        if !is_version(&self.version) {
            let place = places.locate(start, &self.version, start);
            let message = format!("`{}` is not a version", short(&self.version));
            let help = "a version begins with a digit and has letters, digits and `.-_+`";
            let finding = sink.diagnostic(&INVALID_MANIFEST, place, message).with_help(help);
            sink.push(finding.with_detail(about.detail(None, &[])));
        }
        let place = places.locate(start, "header", start);
        let header = inputs(&mut sink, places, place, about, &self.header);
        let place = places.locate(start, "templates", start);
        if self.templates.is_empty() {
            let finding = sink.diagnostic(&INVALID_MANIFEST, place, "the manifest supplies no template type");
            sink.push(finding.with_detail(about.detail(None, &[])));
        }
        let mut templates = HashMap::with_capacity(self.templates.len());
        for (name, supply) in &self.templates {
            let place = places.locate(place, name, place);
            let about = About { manifest: self, template: Some(name) };
            if !is_template_name(name) {
                let message = format!("`{}` is not a name of a template type", short(name));
                let help = "a name has parts of lower-case letters, digits and `_` between dots";
                let finding = sink.diagnostic(&INVALID_MANIFEST, place, message).with_help(help);
                sink.push(finding.with_detail(about.detail(None, &[])));
            }
            if supply.inputs.len() > limits::TEMPLATE_FIELDS {
                let (count, most) = (supply.inputs.len(), limits::TEMPLATE_FIELDS);
                let message = format!("`{}` has {count} inputs; at most {most} are allowed", short(name));
                sink.report(&LIMIT_EXCEEDED, place, message);
                continue;
            }
            let inputs = inputs(&mut sink, places, place, about, &supply.inputs);
            let positions = inputs.iter().enumerate().map(|(index, input)| (input.name.clone(), index + 1)).collect();
            templates.insert(name.clone(), SuppliedTemplate { inputs, positions });
        }
        let header = header.into_iter().map(|input| (input.name, input.ty)).collect();
        Examined { header, templates, sink }
    }
}

/// What in a manifest is looked at.
#[derive(Clone, Copy)]
struct About<'a> {
    manifest: &'a Manifest,
    /// The template type; none for the header and the manifest as a whole.
    template: Option<&'a str>,
}

impl About<'_> {
    fn detail(self, input: Option<&str>, positions: &[usize]) -> Detail {
        Detail::Manifest {
            sensor: self.manifest.sensor.clone(),
            version: self.manifest.version.clone(),
            template: self.template.map(str::to_owned),
            input: input.map(str::to_owned),
            positions: positions.to_vec(),
        }
    }
}

/// What a look at a manifest yields.
struct Examined {
    header: HashMap<String, FieldType>,
    templates: HashMap<String, SuppliedTemplate>,
    sink: Sink,
}

/// Finds the places of names in the text of a manifest, or does not bother to.
#[derive(Clone, Copy)]
struct Places<'a> {
    source: &'a Source,
    exact: bool,
}

impl Places<'_> {
    fn locate(self, from: Span, value: &str, otherwise: Span) -> Span {
        if self.exact { json::locate(self.source, from, value, otherwise) } else { otherwise }
    }
}

/// Checks the names and types of a list of inputs. `place` is the span after which they stand.
fn inputs(sink: &mut Sink, places: Places<'_>, place: Span, about: About<'_>, inputs: &[Input]) -> Vec<SuppliedInput> {
    let owner = about.template.map_or_else(|| "the header".to_owned(), |name| format!("`{}`", short(name)));
    let mut found: Vec<SuppliedInput> = Vec::with_capacity(inputs.len());
    let mut first: HashMap<&str, (usize, Span)> = HashMap::with_capacity(inputs.len());
    let mut after = place;
    for (index, input) in inputs.iter().enumerate() {
        let position = index + 1;
        let here = places.locate(after, &input.name, after);
        after = here;
        if input.name.is_empty()
            || input.name.len() > limits::SENSOR_NAME_BYTES
            || input.name.contains(char::is_control)
        {
            let message = format!("input {position} of {owner} has no usable name");
            let detail = about.detail(Some(&input.name), &[position]);
            sink.push(sink.diagnostic(&INVALID_MANIFEST, here, message).with_detail(detail));
        }
        if let Some((earlier, place)) = first.get(input.name.as_str()) {
            let message = format!("{owner} has two inputs `{}`, at {earlier} and {position}", short(&input.name));
            let detail = about.detail(Some(&input.name), &[*earlier, position]);
            let finding = sink.diagnostic(&INVALID_MANIFEST, here, message).with_detail(detail);
            sink.push(finding.with_place(*place, "the first").with_help("each input needs a name of its own"));
        } else {
            first.insert(&input.name, (position, here));
        }
        if let Some(ty) = FieldType::parse(&input.ty) {
            found.push(SuppliedInput { name: input.name.clone(), ty });
        } else {
            let place = places.locate(here, &input.ty, here);
            let message = format!("`{}` is not a type", short(&input.ty));
            let help = "types are `string`, `int`, `float`, `bool`, `ip`, `bytes` and `list<...>` of one, with `?` where the value may be absent";
            let finding = sink.diagnostic(&INVALID_MANIFEST, place, message).with_help(help);
            sink.push(finding.with_detail(about.detail(Some(&input.name), &[position])));
        }
    }
    found
}

/// Whether a text has the form of a template type's name.
fn is_template_name(name: &str) -> bool {
    name.len() <= limits::SENSOR_NAME_BYTES
        && name.split('.').all(|part| {
            part.as_bytes().first().is_some_and(|byte| byte.is_ascii_lowercase() || *byte == b'_')
                && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        })
}

/// The beginning of a text, for a message.
fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

impl Sensor {
    /// Name of the sensor product.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.manifest.sensor
    }

    /// Version of this build.
    #[must_use]
    pub const fn version(&self) -> &Version {
        &self.version
    }

    /// What the build can hold.
    #[must_use]
    pub const fn capacity(&self) -> &Capacity {
        &self.manifest.capacity
    }

    /// The manifest as it was written.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What is supplied for a template type, if anything is.
    #[must_use]
    pub fn template(&self, name: &str) -> Option<&SuppliedTemplate> {
        self.templates.get(name)
    }

    /// Type of a header input: one that comes with every event, without a position.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<FieldType> {
        self.header.get(name).copied()
    }

    /// The header inputs, in no order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, FieldType)> {
        self.header.iter().map(|(name, ty)| (name.as_str(), *ty))
    }

    /// Type of the input that a template type's field is bound to: the numbered one, or else the
    /// header's. `None` where the sensor supplies neither, or not the template type.
    #[must_use]
    pub fn supplied(&self, template: &str, field: &str) -> Option<FieldType> {
        let template = self.templates.get(template)?;
        template.input(field).map(|(_, ty)| ty).or_else(|| self.header(field))
    }

    /// Everything that comes with an event of a template type, by name, also what the template type does not declare.
    #[must_use]
    pub fn all_supplied(&self, template: &str) -> Vec<(&str, FieldType)> {
        let Some(template) = self.template(template) else { return Vec::new() };
        let numbered = template.inputs().iter().map(|input| (input.name(), input.ty()));
        let mut all: Vec<_> = numbered.chain(self.headers()).collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        all
    }
}

impl fmt::Display for Sensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.manifest.sensor, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::Versioning;

    fn parse(text: &str) -> Result<Sensor, Vec<Diagnostic>> {
        Manifest::parse(&Source::new("m.json", text))
    }

    fn fault(text: &str) -> (String, String) {
        let source = Source::new("m.json", text);
        let found = Manifest::parse(&source).err().unwrap();
        let first = &found[0];
        assert!(first.code.id == "CC0407" || first.code.id.starts_with("CC01"), "{first}");
        (first.message.clone(), source.slice(first.span).to_owned())
    }

    const GOOD: &str = r#"{"format":1,"sensor":"acme","version":"7.15","header":[{"name":"host","type":"string"}],
"templates":{"ipc.pipe":{"inputs":[{"name":"image","type":"string"},{"name":"pid","type":"int?"}]},"a.b":{"inputs":[]}}}"#;

    #[test]
    fn reads_and_looks_up() {
        let sensor = parse(GOOD).unwrap();
        assert_eq!(sensor.to_string(), "acme 7.15");
        assert_eq!(sensor.version().versioning(), Versioning::Parts);
        let pipe = sensor.template("ipc.pipe").unwrap();
        assert_eq!(pipe.arity(), 2);
        assert_eq!(pipe.input("pid").map(|(at, ty)| (at, ty.to_string())), Some((2, "int?".into())));
        assert_eq!(pipe.at(1).map(SuppliedInput::name), Some("image"));
        assert!(pipe.at(0).is_none() && pipe.at(3).is_none() && pipe.input("Image").is_none());
        assert_eq!(sensor.template("a.b").map(SuppliedTemplate::arity), Some(0));
        assert!(sensor.supplied("ipc.pipe", "host").is_some());
        assert!(sensor.supplied("ipc.other", "host").is_none());
    }

    #[test]
    fn json_is_written_as_it_is_read() {
        let sensor = parse(GOOD).unwrap();
        let text = sensor.manifest().to_json();
        assert_eq!(parse(&text).unwrap().manifest(), sensor.manifest());
        assert_eq!(text.lines().count(), 6, "one line for each template type: {text}");
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let swap = |from: &str, to: &str| fault(&GOOD.replacen(from, to, 1));
        assert_eq!(swap("\"version\"", "\"verison\""), ("unknown member `verison`".into(), "\"verison\"".into()));
        assert_eq!(swap("\"format\":1", "\"format\":2").1, "\"format\"");
        assert_eq!(swap("\"acme\"", "\"Acme\""), ("`Acme` is not a name of a sensor".into(), "\"Acme\"".into()));
        assert_eq!(swap("\"7.15\"", "\"v7\"").1, "\"v7\"");
        assert_eq!(swap("int?", "integer"), ("`integer` is not a type".into(), "\"integer\"".into()));
        let (message, place) = swap("\"pid\"", "\"image\"");
        assert_eq!(message, "`ipc.pipe` has two inputs `image`, at 1 and 2");
        assert_eq!(place, "\"image\"");
        assert_eq!(swap("\"a.b\"", "\"ipc.pipe\"").0, "template type `ipc.pipe` is given twice");
        assert_eq!(swap("a.b", "A.b").0, "`A.b` is not a name of a template type");
        assert_eq!(swap("\"sensor\":\"acme\",", "").0, "missing member `sensor`");
        let empty = fault(r#"{"format":1,"sensor":"a","version":"1","templates":{}}"#);
        assert_eq!(empty.0, "the manifest supplies no template type");
    }

    #[test]
    fn the_schema_knows_every_member() {
        let schema = serde_json::to_value(schemars::schema_for!(Manifest)).unwrap();
        for member in ["format", "sensor", "version", "versioning", "origin", "capacity", "header", "templates"] {
            assert!(schema["properties"][member].is_object(), "{member}");
        }
        assert_eq!(schema["properties"]["templates"]["type"], "object");
        assert_eq!(schema["required"], serde_json::json!(["format", "sensor", "version", "templates"]));
        assert_eq!(schema["additionalProperties"], false);
    }

    #[test]
    fn hostile_text_is_a_finding() {
        for text in ["", "nul", "{", "[]", "\u{feff}{}", "{\"format\":1e999}", "null", "{\"templates\":[]}"] {
            let _ = fault(text);
        }
        let _ = fault(&"[".repeat(1_000_000));
        let _ = fault(&format!("{{\"templates\":{}", "{\"a\":".repeat(100_000)));
        let many: Vec<String> = (0..2_000).map(|i| format!("{{\"name\":\"f{i}\",\"type\":\"int\"}}")).collect();
        let text = format!(
            "{{\"format\":1,\"sensor\":\"a\",\"version\":\"1\",\"templates\":{{\"t\":{{\"inputs\":[{}]}}}}}}",
            many.join(",")
        );
        assert_eq!(fault(&text).0, "`t` has 2000 inputs; at most 1024 are allowed");
    }

    /// The facts of what is wrong within a manifest: the sensor, and what of it.
    #[test]
    fn findings_within_a_manifest_have_their_facts() {
        let manifest = |more: &str| {
            let text = format!(r#"{{"format":1,"sensor":"acme","version":"8",{more}}}"#);
            let found = Manifest::parse(&Source::new("m.json", text)).unwrap_err();
            let facts: Vec<String> = found
                .iter()
                .map(|found| match found.detail.as_deref() {
                    Some(Detail::Manifest { sensor, version, template, input, positions }) => {
                        let (template, input) = (template.as_deref().unwrap_or("-"), input.as_deref().unwrap_or("-"));
                        format!("{sensor} {version} {template} {input} {positions:?}")
                    }
                    other => format!("{other:?}"),
                })
                .collect();
            facts.join("; ")
        };
        let string = |name: &str| format!(r#"{{"name":"{name}","type":"string"}}"#);
        let of = |inputs: &str| format!(r#""templates":{{"t.x":{{"inputs":[{inputs}]}}}}"#);
        assert_eq!(manifest(&of(&[string("a"), string("b"), string("a")].join(","))), "acme 8 t.x a [1, 3]");
        assert_eq!(manifest(&of(r#"{"name":"a","type":"text"}"#)), "acme 8 t.x a [1]");
        assert_eq!(manifest(&of(&[string("a"), string("")].join(","))), "acme 8 t.x  [2]");
        assert_eq!(manifest(&format!(r#""header":[{0},{0}],{1}"#, string("h"), of(&string("a")))), "acme 8 - h [1, 2]");
        assert_eq!(manifest(r#""templates":{}"#), "acme 8 - - []");
        assert_eq!(manifest(r#""templates":{"T":{"inputs":[]}}"#), "acme 8 T - []");
    }
}
