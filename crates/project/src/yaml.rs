//! YAML that is not content: files of tests, and descriptions of recorded samples. Read to JSON
//! values under the core schema of YAML 1.2, within limits, without aliases.

use contentcheck_model::decode::decode;
use contentcheck_model::diagnostic::{Diagnostic, codes};
use contentcheck_model::limits;
use contentcheck_model::source::{Source, Span};
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

use std::path::Path;

use crate::files;

/// Maps and lists within each other.
const DEPTH: usize = 32;

/// The one document of a file.
///
/// # Errors
/// What is wrong, with the line where it is known.
pub fn load(path: &Path) -> Result<Value, String> {
    value(&read(path).map_err(|problem| problem.to_string())?)
}

/// A file as text.
///
/// # Errors
/// What is wrong, with its place in what could be read.
pub fn read(path: &Path) -> Result<Source, Box<Diagnostic>> {
    let name = files::name(path);
    let bytes = files::read_bytes(path, limits::FILE_BYTES).map_err(|reason| {
        Diagnostic::new(&codes::UNREADABLE, &Source::new(name.as_str(), ""), Span::default(), reason)
    })?;
    decode(&name, bytes)
}

/// The one document of a text.
///
/// # Errors
/// What is wrong, with the line where it is known.
pub fn value(source: &Source) -> Result<Value, String> {
    parse(source.text()).map_err(|(line, reason)| format!("{}:{line}: {reason}", source.name()))
}

/// What is being built.
enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

/// The value of a text with one document.
///
/// # Errors
/// The line, from 1, and what is wrong there.
pub fn parse(text: &str) -> Result<Value, (usize, String)> {
    let mut open: Vec<Open> = Vec::new();
    let mut whole = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| (error.marker().line(), format!("not YAML: {}", error.info())))?;
        let line = span.start.line();
        let fail = |reason: &str| Err((line, reason.to_owned()));
        if let Event::Scalar(.., Some(tag)) | Event::SequenceStart(_, Some(tag)) | Event::MappingStart(_, Some(tag)) =
            &event
        {
            // A reader that heeds it takes the value for another one than stands there.
            return Err((
                line,
                format!("the tag `{}{}` is not supported here; write the value without it", tag.handle, tag.suffix),
            ));
        }
        let value = match event {
            Event::Alias(_) => return fail("aliases are not supported here; write the value out"),
            Event::Scalar(text, style, _, _) => scalar(&text, style),
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= DEPTH => {
                return Err((line, format!("more than {DEPTH} maps and lists within each other")));
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(list)) => Value::Array(list),
                Some(Open::Map(map, _)) => Value::Object(map),
                None => continue,
            },
            Event::DocumentStart(_) if whole.is_some() => return fail("a second document; one file holds one"),
            _ => continue,
        };
        match open.last_mut() {
            None => whole = Some(value),
            Some(Open::List(list)) => list.push(value),
            Some(Open::Map(map, key)) => match key.take() {
                None => {
                    let name = match value {
                        Value::String(name) => name,
                        Value::Number(number) => number.to_string(),
                        Value::Bool(value) => value.to_string(),
                        _ => return fail("a key is not a name"),
                    };
                    if map.contains_key(&name) {
                        return Err((line, format!("`{name}` is given twice")));
                    }
                    *key = Some(name);
                }
                Some(name) => drop(map.insert(name, value)),
            },
        }
    }
    whole.ok_or_else(|| (1, "the file is empty".to_owned()))
}

/// A plain scalar under the core schema, a quoted one as text.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = if decimal {
        text.parse::<i64>().ok().map(Number::from)
    } else if let Some(hexadecimal) = text.strip_prefix("0x") {
        i64::from_str_radix(hexadecimal, 16).ok().filter(|_| !hexadecimal.starts_with(['+', '-'])).map(Number::from)
    } else if let Some(octal) = text.strip_prefix("0o") {
        i64::from_str_radix(octal, 8).ok().filter(|_| !octal.starts_with(['+', '-'])).map(Number::from)
    } else if digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        text.parse::<f64>().ok().and_then(Number::from_f64)
    } else {
        None
    };
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn plain_scalars_follow_the_core_schema_and_quoted_ones_are_texts() {
        let read = parse("a: 1\nb: '1'\nc: [true, no, ~, 0x1f, 1.5, 10.0.0.1, -x]\nd: {e: \"x\\ny\"}\n").unwrap();
        let texts = json!([true, "no", null, 31, 1.5, "10.0.0.1", "-x"]);
        assert_eq!(read, json!({ "a": 1, "b": "1", "c": texts, "d": { "e": "x\ny" } }));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        assert_eq!(parse("a: 1\na: 2\n").unwrap_err(), (2, "`a` is given twice".to_owned()));
        assert_eq!(parse("a: &x 1\nb: *x\n").unwrap_err().0, 2);
        assert_eq!(parse("a: 1\n---\nb: 2\n").unwrap_err().0, 2);
        for tag in ["!!binary", "!!str", "!!null", "!own", "!", "!<tag:yaml.org,2002:int>"] {
            for text in [
                format!("a: {tag} 'x'\n"),
                format!("{tag} a: 1\n"),
                format!("a: {tag} [1]\n"),
                format!("{tag} {{a: 1}}\n"),
            ] {
                let (line, reason) = parse(&text).unwrap_err();
                assert!(line == 1 && reason.starts_with("the tag `"), "{text}: {reason}");
            }
        }
        assert!(parse(&"[".repeat(100)).unwrap_err().1.contains("more than 32"));
        assert!(parse("a: [1\n").unwrap_err().1.starts_with("not YAML"));
        assert_eq!(parse("").unwrap_err(), (1, "the file is empty".to_owned()));
    }
}
