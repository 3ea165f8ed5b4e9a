//! `contentcheck explain`

use contentcheck_model::diagnostic::{closest, codes};

use super::written;
use crate::Streams;
use crate::args::{Explain, ListFormat};
use crate::exit::{Failure, Outcome};
use crate::explain;

/// Runs the command.
///
/// # Errors
/// When there is no such code.
pub fn run(arguments: &Explain, streams: &mut Streams<'_>) -> Outcome {
    let codes: Vec<_> = match &arguments.code {
        None => codes::all().collect(),
        Some(name) => vec![codes::find(name).ok_or_else(|| {
            Failure::usage(match closest(name, codes::all().flat_map(|code| [code.id, code.name])) {
                Some(near) => format!("there is no code `{name}`; did you mean `{near}`?"),
                None => format!("there is no code `{name}`; `contentcheck explain` lists them"),
            })
        })?],
    };
    let text = match (arguments.format, codes.as_slice()) {
        (ListFormat::Human, [code]) => explain::page(code),
        (ListFormat::Human, codes) => explain::list(codes),
        (ListFormat::Markdown, codes) => explain::markdown(codes),
        (ListFormat::Json, codes) => explain::json(codes).map_err(|error| Failure::internal(error.to_string()))?,
    };
    written(streams.out.write_all(text.as_bytes()))
}
