//! What the tests over corpus/ share.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use contentcheck::Streams;
use contentcheck::args::Cli;
use contentcheck::exit::Exit;

/// A part of corpus/.
pub(crate) fn corpus(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus").join(part)
}

/// The directories in one, sorted.
pub(crate) fn directories(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found
}

/// The last part of a path.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// Runs the program: how it ends, what it writes to standard output and to standard error.
pub(crate) fn run(arguments: &[&str]) -> (Exit, Vec<u8>, String) {
    let cli = Cli::try_parse_from(["contentcheck"].iter().chain(arguments)).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = contentcheck::run(&cli, &mut Streams { out: &mut out, err: &mut err, color: false, interactive: false });
    (exit, out, String::from_utf8(err).unwrap())
}
