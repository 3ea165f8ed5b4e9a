//! `contentcheck sensor codegen`: a manifest as source text.

use std::path::Path;

use contentcheck_codegen::{Language, generate};
use contentcheck_project::write;

use crate::Streams;
use crate::args::{CodegenLanguage, SensorCodegen};
use crate::commands::written;
use crate::exit::{Exit, Failure, Outcome};

/// Writes the text for a sensor.
pub(super) fn run(arguments: &SensorCodegen, streams: &mut Streams<'_>) -> Outcome {
    let language = match (arguments.lang, &arguments.package) {
        (CodegenLanguage::Go, package) => Language::Go { package: package.as_deref().unwrap_or("main").to_owned() },
        (_, Some(_)) => return Err(Failure::usage("`--package` is for `--lang go`".to_owned())),
        (CodegenLanguage::Rust, None) => Language::Rust,
        (CodegenLanguage::C, None) => Language::C,
    };
    let sensor = super::one(&arguments.manifest)?;
    let text = generate(&sensor, &language).map_err(|refused| Failure::usage(refused.to_string()))?;
    match &arguments.output {
        Some(path) => {
            let read = write::InputFiles::default();
            read.add(Path::new(&arguments.manifest));
            write::write_output(path, text.as_bytes(), &read)?;
            Ok(Exit::Fine)
        }
        None => written(streams.out.write_all(text.as_bytes())),
    }
}
