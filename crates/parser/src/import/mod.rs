//! Imports sensor manifests from what real sensors print of themselves.
//!
//! Two formats are known by their root element: the schema that `sysmon -s` prints
//! (`<manifest>`, or `<manifests>` with several), and instrumentation manifests of Windows
//! event providers (`<instrumentationManifest>`).

mod sysmon;
mod windows;
mod xml;

use std::collections::HashMap;

use roxmltree::Node;

use contentcheck_model::diagnostic::codes::{INVALID_MANIFEST, LIMIT_EXCEEDED};
use contentcheck_model::diagnostic::{Diagnostic, Sink};
use contentcheck_model::limits;
use contentcheck_model::sensor::{Input, Manifest};
use contentcheck_model::source::{Source, Span};
use contentcheck_model::template::{FieldType, Scalar};

pub use sysmon::{Platform, sysmon_template};
pub use windows::provider_prefix;

/// What an import cannot learn from the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Name of the sensor, instead of the usual one for the format.
    pub sensor: Option<String>,
    /// Version of the sensor. Instrumentation manifests do not state one, so there it is required.
    pub version: Option<String>,
    /// Prefix of the template types' names, instead of the usual one for the format or provider.
    pub prefix: Option<String>,
    /// Which Sysmon the schema is of.
    pub platform: Platform,
}

/// Imports the sensor manifests that an XML text describes: one for each `<manifest>` of a
/// Sysmon schema, one for an instrumentation manifest.
///
/// # Errors
/// Everything that is wrong with the text, with its place.
pub fn import(source: &Source, options: &Options) -> Result<Vec<Manifest>, Vec<Diagnostic>> {
    let text = xml::without_banner(source);
    let document = xml::parse(source, &text)?;
    let root = document.root_element();
    let mut sink = Sink::new(source);
    let manifests = match root.tag_name().name() {
        "manifest" => sysmon::read(&mut sink, &[root], options),
        "manifests" => sysmon::read(&mut sink, &children(root, "manifest"), options),
        "instrumentationManifest" => windows::read(&mut sink, root, options).into_iter().collect(),
        other => {
            let message = format!("`<{other}>` is not the root of a known manifest");
            let help =
                "a Sysmon schema begins with `<manifest>`, a Windows event manifest with `<instrumentationManifest>`";
            sink.push(sink.diagnostic(&INVALID_MANIFEST, xml::open_tag(source, root), message).with_help(help));
            Vec::new()
        }
    };
    if manifests.is_empty() && !sink.has_error() {
        sink.report(&INVALID_MANIFEST, xml::open_tag(source, root), "the file describes no manifest");
    }
    if sink.has_error() {
        return Err(sink.finish());
    }
    // An imported manifest is held to the same rules as a written one.
    for manifest in &manifests {
        manifest.clone().check(source)?;
    }
    Ok(manifests)
}

/// The fields that the event log adds to every event, named as flattened recordings name them.
#[must_use]
pub fn event_log_header() -> Vec<Input> {
    [
        ("Computer", "string"),
        ("Version", "int?"),
        ("Level", "int?"),
        ("Task", "int?"),
        ("Keywords", "string?"),
        ("EventRecordID", "int?"),
        ("SystemTime", "string?"),
        ("Security_UserID", "string?"),
    ]
    .into_iter()
    .map(|(name, ty)| Input { name: name.into(), ty: ty.into() })
    .collect()
}

/// The child elements with this name, in any namespace.
fn children<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Vec<Node<'a, 'i>> {
    node.children().filter(|child| child.is_element() && child.tag_name().name() == name).collect()
}

/// The type of a value that the manifest declares with `inType`.
fn scalar(in_type: &str) -> Option<Scalar> {
    let name = in_type.rsplit_once(':').map_or(in_type, |(_, name)| name);
    Some(match name {
        "UnicodeString"
        | "AnsiString"
        | "CountedUnicodeString"
        | "CountedAnsiString"
        | "GUID"
        | "SID"
        | "FILETIME"
        | "SYSTEMTIME"
        | "HexInt32"
        | "HexInt64"
        | "Pointer" => Scalar::String,
        "Int8" | "UInt8" | "Int16" | "UInt16" | "Int32" | "UInt32" | "Int64" | "UInt64" => Scalar::Int,
        "Float" | "Double" => Scalar::Float,
        "Boolean" => Scalar::Bool,
        "Binary" | "CountedBinary" => Scalar::Bytes,
        _ => return None,
    })
}

/// Reads the `<data>` elements (and those of `<struct>` elements) of an event or template.
fn data(sink: &mut Sink, owner: Node<'_, '_>, what: &str, as_text: bool) -> Vec<Input> {
    let source = sink.source().clone();
    let mut inputs: Vec<Input> = Vec::new();
    let mut seen: HashMap<String, Span> = HashMap::new();
    let mut read = |sink: &mut Sink, node: Node<'_, '_>, group: Option<(&str, bool)>| {
        let place = xml::open_tag(&source, node);
        let Some(name) = node.attribute("name").filter(|name| !name.is_empty()) else {
            sink.report(&INVALID_MANIFEST, place, format!("a `<data>` element of {what} has no name"));
            return;
        };
        let name = group.map_or_else(|| name.to_owned(), |(group, _)| format!("{group}.{name}"));
        let in_type = node.attribute("inType").unwrap_or("win:UnicodeString");
        let Some(scalar) = scalar(in_type) else {
            let in_type: String = in_type.chars().take(60).collect();
            sink.report(&INVALID_MANIFEST, place, format!("`{name}` of {what} has the unknown type `{in_type}`"));
            return;
        };
        if let Some(first) = seen.insert(name.clone(), place) {
            let message = format!("{what} has two fields `{name}`");
            sink.push(sink.diagnostic(&INVALID_MANIFEST, place, message).with_place(first, "the first"));
            return;
        }
        let many = node.attribute("count").is_some_and(|count| count != "1") || group.is_some_and(|(_, many)| many);
        let scalar = if as_text { Scalar::String } else { scalar };
        let ty = FieldType { list: many, ..FieldType::new(scalar) };
        inputs.push(Input { name, ty: ty.to_string() });
    };
    for node in owner.children().filter(Node::is_element) {
        match node.tag_name().name() {
            "data" => read(sink, node, None),
            "struct" => {
                let many = node.attribute("count").is_some_and(|count| count != "1");
                let group = node.attribute("name").unwrap_or("struct");
                for member in children(node, "data") {
                    read(sink, member, Some((group, many)));
                }
            }
            _ => {}
        }
    }
    if inputs.len() > limits::TEMPLATE_FIELDS {
        let message = format!("{what} has {} fields; at most {} are allowed", inputs.len(), limits::TEMPLATE_FIELDS);
        sink.report(&LIMIT_EXCEEDED, xml::open_tag(&source, owner), message);
    }
    inputs
}

/// A number of an attribute, decimal or with `0x`.
fn number(text: &str) -> Option<u32> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests;
