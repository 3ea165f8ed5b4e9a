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
    let named = |name: &String| {
        codes::find(name).ok_or_else(|| {
            // Whoever gives the number alone means the code.
            let numbered = codes::find(&format!("CC{name:0>4}")).map(|code| code.id);
            let near = || closest(name, codes::all().flat_map(|code| [code.id, code.name]));
            Failure::usage(match numbered.or_else(near) {
                Some(near) => format!("there is no code `{name}`; did you mean `{near}`?"),
                None => format!("there is no code `{name}`; `contentcheck explain` lists them"),
            })
        })
    };
    let codes: Vec<_> = if arguments.codes.is_empty() {
        codes::all().collect()
    } else {
        arguments.codes.iter().map(named).collect::<Result<_, _>>()?
    };
    let text = match (arguments.format, codes.as_slice()) {
        (ListFormat::Human, codes) if arguments.codes.is_empty() => explain::list(codes),
        (ListFormat::Human, codes) => {
            let pages: Vec<String> = codes.iter().map(|code| explain::page(code)).collect();
            pages.join("\n")
        }
        (ListFormat::Markdown, codes) => explain::markdown(codes),
        (ListFormat::Json, codes) => explain::json(codes).map_err(|error| Failure::internal(error.to_string()))?,
    };
    written(streams.out.write_all(text.as_bytes()))
}
