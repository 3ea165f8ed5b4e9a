//! Events as tests of a file beside a Sigma rule: YAML that reads back as it was, and that people read.

use contentcheck_analysis::Witness;
use contentcheck_model::diagnostic::visible;
use contentcheck_model::template::TemplateType;
use serde_json::Value;
use std::fmt::Write as _;

use crate::proof;

/// What a test says besides its event.
#[derive(Clone, Copy, Debug)]
pub struct Said<'s> {
    /// What the event is.
    pub name: &'s str,
    /// Whether the rule fires on it.
    pub fires: bool,
    /// The rule, where the file beside has several.
    pub rule: Option<&'s str>,
    /// Whether the event is one of its template type only: where the rule is on several.
    pub of_one: bool,
}

/// An event as an item of a file of tests. Nothing where a value has no name, as one that only a keyword asks for, and where there is no value at
/// all: a test without one shows nothing.
#[must_use]
pub fn case(template: &TemplateType, witness: &Witness, said: Said<'_>) -> Option<String> {
    let is_named = |field| proof::name(template, field).is_some();
    if !witness.values.iter().all(|(field, _)| is_named(field)) {
        return None;
    }
    let mut text =
        format!("- name: {}\n  expect: {}\n", quoted(said.name), if said.fires { "fires" } else { "silent" });
    // Writing to a string does not fail.
    if said.of_one {
        let _ = writeln!(text, "  template: {}", template.name);
    }
    if let Some(rule) = said.rule {
        let _ = writeln!(text, "  rule: {}", quoted(rule));
    }
    let event = proof::json(template, witness);
    if event.is_empty() {
        return None;
    }
    text.push_str("  event:\n");
    for (name, value) in event {
        let _ = writeln!(text, "    {}: {}", key(&name), written(&value));
    }
    Some(text)
}

/// A value as YAML has it.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(elements) => format!("[{}]", elements.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{}: {}", quoted(name), written(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        // JSON has these as YAML does.
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A name: bare where it can be taken for nothing else.
fn key(name: &str) -> String {
    const WORDS: [&str; 11] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"];
    let is_plain = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(name));
    if is_plain { name.to_owned() } else { quoted(name) }
}

/// A text in single quotes, in which nothing is escaped; one with signs that are not seen in double ones, with each of them escaped.
fn quoted(text: &str) -> String {
    if visible(text) == text {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut quoted = String::from("\"");
    for sign in text.chars() {
        match sign {
            '"' | '\\' => quoted.extend(['\\', sign]),
            ' '..='~' => quoted.push(sign),
            // Writing to a string does not fail.
            sign => drop(write!(quoted, "\\U{:08X}", u32::from(sign))),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_so_that_they_read_back() {
        assert_eq!(quoted(r"C:\it's"), r"'C:\it''s'");
        assert_eq!(quoted("a\n\u{202E}\"\\"), "\"a\\U0000000A\\U0000202E\\\"\\\\\"");
        assert_eq!(
            (key("Image"), key("no"), key("a b"), key("1x")),
            ("Image".into(), "'no'".into(), "'a b'".into(), "'1x'".into())
        );
        assert_eq!(written(&serde_json::json!(["a", 1, null, true, 1.5])), "['a', 1, null, true, 1.5]");
    }
}
