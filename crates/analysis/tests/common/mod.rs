//! The public rules that tests look at.

mod paths;

use std::fs;
use std::path::PathBuf;

use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checked, Checking, Gathered};

/// The rules in use, as opposed to deprecated and unsupported ones.
pub(crate) fn live() -> Option<Checked> {
    let paths = paths::paths("rules")?;
    let read = |path: &PathBuf| {
        Some((Source::new(path.display().to_string(), fs::read_to_string(path).ok()?), Language::Sigma))
    };
    let sources: Vec<(Source, Language)> = paths.iter().filter_map(read).collect();
    let library = contentcheck_library::templates().unwrap();
    Some(Gathered { library, ..Gathered::of(sources) }.check(&Checking::with_threads(2)))
}
