//! A sensor manifest as source text: structs, constants, and a conversion to the values of an event, in Rust, C and Go.
//!
//! It is for those who start from the JSON of a manifest. From the content, in Rust, `contentcheck-derive` holds your own
//! structs to it. The text depends on the manifest alone, byte for byte.
//!
//! ```
//! use contentcheck_codegen::{Language, generate};
//! use contentcheck_model::sensor::Manifest;
//! use contentcheck_model::source::Source;
//!
//! let json = r#"{"format":1,"sensor":"edr","version":"1","templates":{"edr.exit":{"inputs":[{"name":"type","type":"int?"}]}}}"#;
//! let sensor = Manifest::parse(&Source::new("edr.json", json)).unwrap();
//! let rust = generate(&sensor, &Language::Rust).unwrap();
//! assert!(rust.contains("pub type_: ::core::option::Option<i64>,"));
//! ```
//!
//! Names of a manifest may be any text: what is no identifier becomes one, what is a keyword gets `_` at its end, and of two that
//! become the same the second gets a number. As strings they are written byte for byte, as escapes where a compiler
//! would read something else.

mod c;
mod go;
mod names;
mod rust;

use std::fmt;

use contentcheck_model::sensor::Sensor;
use contentcheck_model::template::FieldType;

/// The language of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Language {
    /// Over `contentcheck-interpreter`.
    Rust,
    /// C99, or C++, over `contentcheck.h`.
    C,
    /// Over `contentcheck.h`, by cgo.
    Go {
        /// The package of the file: types of C are not shared between packages.
        package: String,
    },
}

/// Why no text is made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// A capacity is 0: to the C interface that says that none is stated.
    NoCapacity {
        /// The capacity.
        member: &'static str,
    },
    /// This is not the name of a package.
    Package {
        /// What was given.
        name: String,
    },
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCapacity { member } => {
                write!(
                    f,
                    "the manifest's capacity `{member}` is 0, which the C interface takes for a bound that is not stated"
                )
            }
            Self::Package { name } => write!(
                f,
                "`{}` is not a name of a package: one has lower-case letters and digits, begins with a letter, and is no keyword",
                contentcheck_model::diagnostic::clip(name)
            ),
        }
    }
}

impl std::error::Error for Refused {}

/// The text for a sensor.
///
/// # Errors
/// What of the manifest cannot be said in the language.
pub fn generate(sensor: &Sensor, language: &Language) -> Result<String, Refused> {
    match language {
        Language::Rust => Ok(rust::file(sensor)),
        Language::C => c::file(sensor),
        Language::Go { package } => go::file(sensor, package),
    }
}

/// One input: its name, its identifier, its type.
struct Member<'s> {
    name: &'s str,
    ident: String,
    ty: FieldType,
}

impl Member<'_> {
    /// `pid : int`, for a comment.
    fn shown(&self) -> String {
        format!("{} : {}", names::shown(self.name), self.ty)
    }
}

/// The identifiers of some inputs, in their order.
fn members<'s>(
    inputs: impl Iterator<Item = (&'s str, FieldType)>,
    reserved: &[&str],
    spell: fn(&str) -> String,
) -> Vec<Member<'s>> {
    let mut taken = names::Taken::new(reserved);
    inputs.map(|(name, ty)| Member { name, ident: taken.take(spell(name)), ty }).collect()
}

/// The header's inputs. A checked manifest has types that are types.
fn header(sensor: &Sensor) -> impl Iterator<Item = (&str, FieldType)> {
    sensor.manifest().header.iter().filter_map(|input| Some((input.name.as_str(), FieldType::parse(&input.ty)?)))
}

/// The template types by name, each with its inputs in the sensor's order.
fn templates(sensor: &Sensor) -> impl Iterator<Item = (&str, impl Iterator<Item = (&str, FieldType)>)> {
    sensor.manifest().templates.keys().filter_map(|name| {
        let supplied = sensor.template(name)?;
        Some((name.as_str(), supplied.inputs().iter().map(|input| (input.name(), input.ty()))))
    })
}
