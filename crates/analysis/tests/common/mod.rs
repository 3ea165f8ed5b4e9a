//! The public rules that tests look at.

use std::fs;
use std::path::{Path, PathBuf};

use contentcheck_parser::check::Language;
use contentcheck_parser::release::{Checked, Checking, Gathered};
use contentcheck_parser::source::Source;

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            found.push(path);
        }
    }
}

/// The rules in use, as opposed to deprecated and unsupported ones. Nothing, and a word, where they are not there.
pub(crate) fn live() -> Option<Checked> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let shared = std::env::var_os("CONTENTCHECK_SHARED").map_or_else(|| workspace.join("../shared"), PathBuf::from);
    let folder = shared.join("corpus/sigma");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return None;
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().unwrap().to_str().unwrap().starts_with("rules") {
            files(&path, &mut paths);
        }
    }
    paths.sort();
    let read = |path: &PathBuf| {
        Some((Source::new(path.display().to_string(), fs::read_to_string(path).ok()?), Language::Sigma))
    };
    let sources: Vec<(Source, Language)> = paths.iter().filter_map(read).collect();
    let library = contentcheck_library::templates().unwrap();
    Some(Gathered { library, ..Gathered::of(sources) }.check(&Checking::with_threads(2)))
}
