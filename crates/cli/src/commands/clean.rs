//! `contentcheck clean`

use contentcheck_project::cache::Cache;
use contentcheck_project::files;

use super::plural;
use crate::Streams;
use crate::args::Clean;
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;

/// Runs the command.
///
/// # Errors
/// When there is no cache that could be meant, or something of it cannot be removed.
pub fn run(arguments: &Clean, streams: &mut Streams<'_>) -> Outcome {
    let Some(directory) = arguments.cache.directory() else {
        return Err(Failure::usage("there is no cache: it is switched off, and no directory is named (--cache-dir)"));
    };
    if !directory.is_dir() && std::fs::symlink_metadata(directory).is_ok() {
        return Err(Failure::usage(format!("{}: this is not a directory", files::name(directory))));
    }
    let cache = Cache::at(directory.to_path_buf());
    let removed = cache.clean()?;
    let megabytes = removed.bytes as f64 / 1e6;
    let files = plural(removed.files, "file");
    talk(streams, &format!("removed {files} ({megabytes:.1} MB) from {}", files::name(cache.directory())));
    Ok(Exit::Fine)
}
