//! `contentcheck explain`

use std::fs;
use std::path::Path;

use contentcheck_model::diagnostic::{Code, closest, codes};
use contentcheck_project::{files, write};

use super::written;
use crate::Streams;
use crate::args::{Explain, ListFormat};
use crate::exit::{Exit, Failure, Outcome};
use crate::explain;

/// Runs the command.
///
/// # Errors
/// When there is no such code, or the pages cannot be written.
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
    if let Some(directory) = &arguments.split {
        return split(&codes, directory);
    }
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

/// Writes the page of each code and the index of them.
fn split(codes: &[&Code], directory: &Path) -> Outcome {
    fs::create_dir_all(directory)
        .map_err(|error| Failure::usage(format!("{}: {}", files::name(directory), files::reason(&error))))?;
    let pages = explain::split(codes);
    // What somebody else wrote stays: the index has a name that many directories have.
    for (name, page) in &pages {
        let path = directory.join(name);
        let title = page.lines().next().unwrap_or_default();
        if fs::read(&path).is_ok_and(|there| !there.starts_with(title.as_bytes())) {
            let name = files::name(&path);
            return Err(Failure::usage(format!(
                "{name} is there already, and is no page on codes; name another directory"
            )));
        }
    }
    for (name, page) in pages {
        write::write(&directory.join(name), page.as_bytes())?;
    }
    Ok(Exit::Fine)
}
