//! `#[event(...)]`: what is said of a struct and of a field.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, Error, Ident, LitStr, Result};

use contentcheck_model::diagnostic::closest;

use crate::shape::Shape;

const OF_STRUCT: [&str; 3] = ["content", "template", "header"];

/// What is said of a struct.
pub(crate) enum OfStruct {
    /// An event: a file, and a template type in it.
    Event { content: LitStr, template: LitStr },
    /// The fields that come with every event: the files whose template types declare them.
    Header { content: Vec<LitStr> },
}

/// What is said of a field.
#[derive(Default)]
pub(crate) struct OfField {
    /// The name that content has for it.
    pub(crate) name: Option<LitStr>,
    /// What its type is, where the type's name does not say so.
    pub(crate) shape: Option<Shape>,
    /// Whether it is no input.
    pub(crate) is_skipped: bool,
}

/// Calls `read` for each part of each `#[event(...)]`.
fn parts(attributes: &[Attribute], mut read: impl FnMut(&ParseNestedMeta<'_>) -> Result<()>) -> Result<()> {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("event")) {
        attribute.parse_nested_meta(|part| read(&part))?;
    }
    Ok(())
}

fn unknown(part: &ParseNestedMeta<'_>, known: &[&str]) -> Error {
    let word = part.path.get_ident().map(Ident::to_string).unwrap_or_default();
    let near =
        closest(&word, known.iter().copied()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    part.error(format!("`{word}` is not known here{near}"))
}

/// Keeps a value, of which there is one.
fn once<T>(slot: &mut Option<T>, value: T, part: &ParseNestedMeta<'_>) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(part.error("this is said twice")),
    }
}

impl OfStruct {
    /// Reads what is said of the struct with a name.
    pub(crate) fn read(attributes: &[Attribute], named: &Ident) -> Result<Self> {
        let (mut content, mut template, mut header) = (Vec::new(), None, None);
        parts(attributes, |part| {
            if part.path.is_ident("content") {
                content.push(part.value()?.parse::<LitStr>()?);
                Ok(())
            } else if part.path.is_ident("template") {
                once(&mut template, part.value()?.parse::<LitStr>()?, part)
            } else if part.path.is_ident("header") {
                once(&mut header, part.path.get_ident().map(Ident::span), part)
            } else {
                Err(unknown(part, &OF_STRUCT))
            }
        })?;
        let mut files = content.into_iter();
        match (files.next(), template, header) {
            (Some(first), None, Some(_)) => Ok(Self::Header { content: std::iter::once(first).chain(files).collect() }),
            (Some(content), Some(template), None) => match files.next() {
                None => Ok(Self::Event { content, template }),
                Some(second) => Err(Error::new(second.span(), "an event is of one template type, in one file")),
            },
            (_, Some(template), Some(_)) => {
                let message = "a header comes with events of every template type: leave `template` out";
                Err(Error::new(template.span(), message))
            }
            (None, ..) | (_, None, None) => {
                let message = format!(
                    "say what `{named}` supplies: `#[event(content = \"content/edr.content\", template = \"edr.process_start @ 1\")]`, \
                     or `#[event(content = \"content/edr.content\", header)]` for what comes with every event"
                );
                Err(Error::new(named.span(), message))
            }
        }
    }
}

impl OfField {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = Self::default();
        parts(attributes, |part| {
            if part.path.is_ident("name") {
                return once(&mut read.name, part.value()?.parse::<LitStr>()?, part);
            }
            if part.path.is_ident("skip") {
                read.is_skipped = true;
                return Ok(());
            }
            if part.path.is_ident("split") {
                return once(&mut read.shape, Shape::Split(byte(part)?), part);
            }
            let word = part.path.get_ident().map(Ident::to_string).unwrap_or_default();
            match Shape::from_word(&word) {
                Some(shape) => once(&mut read.shape, shape, part),
                None => {
                    let known: Vec<&str> = ["name", "skip", "split"].into_iter().chain(Shape::words()).collect();
                    Err(unknown(part, &known))
                }
            }
        })?;
        Ok(read)
    }
}

/// The byte that ends each element: `0`, `b'\n'`.
fn byte(part: &ParseNestedMeta<'_>) -> Result<u8> {
    let value = part.value()?;
    if value.peek(syn::LitByte) {
        return Ok(value.parse::<syn::LitByte>()?.value());
    }
    if value.peek(syn::LitInt) {
        return value.parse::<syn::LitInt>()?.base10_parse();
    }
    Err(value.error("expected the byte that ends each element, such as `0` or `b'\\n'`"))
}
