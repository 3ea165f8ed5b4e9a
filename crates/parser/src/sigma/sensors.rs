//! Sensors: what a rule says under `custom_attributes` of which sensors may load it.

use super::yaml::Node;
use contentcheck_model::diagnostic::{Sink, Unread, clip, closest, codes};
use contentcheck_model::sensor::Constraint;

/// Levels of attributes of one's own that are looked through.
const LEVELS: usize = 4;

/// The sensors that may load the rule: `custom_attributes: { sensors: "sysmon >=4.21" }`.
/// The specification leaves that mapping to the users of Sigma. A constraint that cannot be read is not
/// the same as none, which means every sensor.
pub(super) fn read(root: &Node<'_>, sink: &mut Sink) -> Result<Option<Constraint>, Unread> {
    strays(root, sink);
    let Some(attributes) = root.get("custom_attributes").filter(|attributes| !attributes.is_null()) else {
        return Ok(None);
    };
    let help = "write a constraint such as \"sysmon >=4.21\"";
    let Some(entries) = attributes.map() else {
        let message = format!("`custom_attributes` must be a mapping, not {}", attributes.shape());
        let found = sink.diagnostic(&codes::WRONG_SHAPE, attributes.span, message);
        return Err(sink.refuse(found.with_help(if attributes.list().is_some() {
            "write its attributes without the `- ` before them"
        } else {
            "write attributes of your own below it, such as `sensors: \"sysmon >=4.21\"`"
        })));
    };
    let mut refused = None;
    for (key, _) in entries {
        let name = key.text().unwrap_or("");
        if name != "sensors" && is_nearly_sensors(name) {
            let message = format!("`{}` is not `sensors`, which says what may load the rule", clip(name));
            let found = sink.diagnostic(&codes::INVALID_ATTRIBUTE, key.span, message);
            refused = Some(sink.refuse(found.with_help(format!("write `sensors` and {help}"))));
        }
    }
    if let Some(unread) = refused {
        return Err(unread);
    }
    let Some(written) = attributes.get("sensors") else { return Ok(None) };
    if written.text().is_none() {
        let parts: Vec<&str> = written.list().unwrap_or(&[]).iter().filter_map(Node::text).take(4).collect();
        let message = format!("`sensors` must be a string, not {}", written.shape());
        let found = sink.diagnostic(&codes::INVALID_ATTRIBUTE, written.span, message);
        let help = if parts.is_empty() {
            help.to_owned()
        } else {
            format!("write all of it in one string: \"{}\"", clip(&parts.join(", ")))
        };
        return Err(sink.refuse(found.with_help(help)));
    }
    Constraint::parse(written.string().unwrap_or("")).map(Some).map_err(|error| {
        let message = format!("`sensors` does not say which sensors: {error}");
        let found = sink.diagnostic(&codes::INVALID_ATTRIBUTE, written.span, message);
        let likely = written.text().and_then(Constraint::likely);
        sink.refuse(found.with_help(likely.map_or_else(|| help.to_owned(), |likely| format!("write \"{likely}\""))))
    })
}

/// Whether an attribute of one's own is called so nearly `sensors` that it was meant to be it. Passed over, the rule would be loaded by
/// every sensor. Letters of other scripts that look alike are one edit each, and signs between letters are none. What begins with the word,
/// such as `sensor_version`, says something of sensors and is read by nobody.
fn is_nearly_sensors(name: &str) -> bool {
    let plain: String = name.chars().filter(|sign| sign.is_alphabetic()).flat_map(char::to_lowercase).collect();
    let first = name.split(|sign: char| !sign.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or("");
    let begins = first.eq_ignore_ascii_case("sensors") || first.eq_ignore_ascii_case("sensor");
    let ends = plain.ends_with("sensors") && name.contains('.');
    begins || ends || closest(&plain, ["sensors", "sensor"]).is_some()
}

/// A constraint on sensors that stands where nobody looks for one: below another attribute of one's own, or one level too deep.
fn strays(root: &Node<'_>, sink: &mut Sink) {
    fn below<'n>(node: &'n Node<'_>, depth: usize) -> Option<&'n Node<'n>> {
        // INVARIANT: as deep as that, and no deeper.
        let entries = node.map().filter(|_| depth > 0)?;
        let is_one = |(key, value): &&(Node<'_>, Node<'_>)| {
            key.text() == Some("sensors") && value.string().is_some_and(|text| Constraint::parse(text).is_ok())
        };
        let found = entries.iter().find(is_one).map(|(key, _)| key);
        found.or_else(|| entries.iter().find_map(|(_, value)| below(value, depth - 1)))
    }
    for (key, value) in root.map().unwrap_or(&[]) {
        let name = key.text().unwrap_or("");
        let found = match name {
            "custom_attributes" => {
                // A merge key is told as what it is.
                let own = value.map().unwrap_or(&[]).iter().filter(|(key, _)| key.text() != Some("<<"));
                own.into_iter().find_map(|(_, value)| below(value, LEVELS))
            }
            "detection" => None,
            _ => below(value, LEVELS),
        };
        if let Some(place) = found {
            let message = format!("`sensors` below `{}` does not say what may load the rule", clip(name));
            let found = sink.diagnostic(&codes::INVALID_ATTRIBUTE, place.span, message);
            sink.push(found.with_help("write `custom_attributes: { sensors: \"sysmon >=4.21\" }`"));
        }
    }
}
