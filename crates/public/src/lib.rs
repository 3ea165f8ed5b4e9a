//! What others wrote and recorded, as truth for the tests: the rules of SigmaHQ and others, the samples on which these
//! must fire, recordings of machines, and what sensors supply as their makers publish it.
//!
//! None of it is a part of this project. It is looked for in the folder `corpus` of the one that `CONTENTCHECK_SHARED`
//! names, relative to the workspace (by default `../shared`); where that is not there, every test is ignored and says why.
//!
//! | in `corpus` | what |
//! | --- | --- |
//! | `sigma` | a checkout of SigmaHQ's rules, with `regression_data` |
//! | `mdecrevoisier-SIGMA-detection-rules` | a checkout of the rules of that name |
//! | `events` | recordings, as compressed JSON lines |
//! | `taxonomy` | what Sysmon's schemas and Windows builds supply |
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use contentcheck::Streams;
use contentcheck::args::{Cli, CompileOptions, Inputs};
use contentcheck::exit::Exit;
use contentcheck::release::{self, Release};
use contentcheck_analysis::Witness;
use contentcheck_model::language::Language;
use contentcheck_model::rule::Target;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checked, Checking, Gathered};
use contentcheck_reference::Event;
use serde_json::Value;

/// A part of what is public.
#[must_use]
pub fn corpus(part: &str) -> PathBuf {
    Path::new(env!("PUBLIC_CORPUS")).join(part)
}

/// The folders of SigmaHQ's rules that are in use, as opposed to deprecated and unsupported ones, sorted.
#[must_use]
pub fn live() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(corpus("sigma")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir() && path.file_name().unwrap().to_str().unwrap().starts_with("rules"));
    folders.sort();
    folders
}

/// The files below folders whose names have one of these extensions, sorted.
#[must_use]
pub fn files(folders: &[PathBuf], extensions: &[&str]) -> Vec<PathBuf> {
    let (mut folders, mut found) = (folders.to_vec(), Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|own| extensions.iter().any(|extension| own == *extension)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The Sigma files below folders and the template types that ship. A file that is no text is none of them.
#[must_use]
pub fn gathered(folders: &[PathBuf]) -> Gathered {
    let read = |path: &PathBuf| {
        Some((Source::new(path.display().to_string(), fs::read_to_string(path).ok()?), Language::Sigma))
    };
    let sources: Vec<(Source, Language)> = files(folders, &["yml"]).iter().filter_map(read).collect();
    let library = contentcheck_library::templates().unwrap();
    Gathered { library, ..Gathered::of(sources) }
}

/// The rules in use, checked.
#[must_use]
pub fn checked() -> Checked {
    gathered(&live()).check(&Checking::with_threads(2))
}

/// The rules in use as the program loads them, for any sensor and without those that have errors.
#[must_use]
#[expect(clippy::panic, reason = "a test stops at the first surprise")]
pub fn released() -> Release {
    let (mut out, mut err) = (std::io::sink(), std::io::sink());
    let mut streams = Streams { out: &mut out, err: &mut err, color: false, interactive: false };
    let inputs = Inputs { paths: live(), config: None, no_config: true, fleet: vec![], exclude: vec![], threads: 0 };
    let options = CompileOptions { skip_errors: true, skip_unsupplied: false };
    let loaded = release::load(&inputs, &options, true, &mut streams);
    loaded.unwrap_or_else(|failure| panic!("{}", failure.message)).unwrap()
}

/// The event of a witness, for the reference evaluator.
#[must_use]
pub fn event(target: &Target, witness: &Witness) -> Event {
    let mut event = Event::empty(&target.template);
    for (field, value) in &witness.values {
        event.set(field, Some(value.clone()));
    }
    event
}

/// A file of JSON.
#[must_use]
pub fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Runs the program: how it ends, what it writes to standard output and to standard error.
#[must_use]
pub fn run<'a>(arguments: impl IntoIterator<Item = &'a str>) -> (Exit, Vec<u8>, String) {
    let cli = Cli::try_parse_from(std::iter::once("contentcheck").chain(arguments)).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = contentcheck::run(&cli, &mut Streams { out: &mut out, err: &mut err, color: false, interactive: false });
    (exit, out, String::from_utf8(err).unwrap())
}
