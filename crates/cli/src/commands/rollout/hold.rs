//! What holds this directory, whatever its log says: `stopped/`.
//!
//! Whoever halts puts a file there before anything else is looked at, so that a halt counts here although the log, the settings or the keys
//! cannot be read. That a file is there is enough: one that is empty or damaged holds as well. A halt that is in the log gives them the number of its
//! entry, and goes on holding by them until as many witnesses have signed for it as must: until then a copy of the log can be put back that lacks it.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use contentcheck_project::{files, write};
use contentcheck_rollout::time::utc;

use super::site::said;
use crate::exit::Failure;

/// The directory of the files.
pub(super) const STOPPED: &str = "stopped";

/// Halts of one second.
const HALTS: u32 = 1_000;

/// Puts a hold. Where there is no room for its words, an empty file holds.
pub(super) fn put(directory: &Path, reason: &str, now: u64) -> Result<PathBuf, Failure> {
    let place = directory.join(STOPPED);
    let failed =
        |path: &Path, error: &std::io::Error| Failure::usage(format!("{}: {}", files::name(path), said(error)));
    if !directory.is_dir() {
        return Err(failed(directory, &ErrorKind::NotFound.into()));
    }
    match fs::create_dir(&place) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(&place, &error)),
        _ => {}
    }
    let path = made(&place, now).map_err(|error| failed(&place, &error))?;
    let words = format!("halted at {} UTC: {}\n", utc(now), contentcheck_model::diagnostic::visible(reason));
    // The empty file holds.
    let _ = write::write(&path, words.as_bytes());
    Ok(path)
}

/// Makes an empty file that was not there: another halt of the same second has its own, which the log does not answer for.
fn made(place: &Path, now: u64) -> io::Result<PathBuf> {
    let mut number = 1_u32;
    loop {
        let path = place.join(if number == 1 { format!("halt-{now}") } else { format!("halt-{now}-{number}") });
        match File::create_new(&path) {
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && number < HALTS => number += 1,
            Err(error) => return Err(error),
        }
    }
}

/// What stands in the name of a hold before the place of the entry that has its halt.
const ENTRY: &str = ".entry-";

/// Gives holds the place of the entry that has their halt. One that cannot be renamed holds on by its own name.
pub(super) fn logged(holds: &[PathBuf], index: u64) {
    for path in holds {
        if let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|name| !name.contains(ENTRY)) {
            let _ = fs::rename(path, path.with_file_name(format!("{name}{ENTRY}{index}")));
        }
    }
}

/// The place of the entry that has the halt of a hold, where there is one.
pub(super) fn entry(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.rsplit_once(ENTRY)?.1.parse().ok()
}

/// What somebody said who put a hold, where it can be read.
pub(super) fn words(path: &Path) -> Option<String> {
    const MOST: u64 = 4 << 10;
    let is_small = fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= MOST);
    let text = is_small.then(|| fs::read_to_string(path).ok()).flatten()?;
    let (_, words) = text.trim_end().split_once(" UTC: ")?;
    Some(contentcheck_model::diagnostic::visible(words).to_string())
}

/// What holds the directory, by name.
pub(super) fn standing(directory: &Path) -> Vec<PathBuf> {
    let place = directory.join(STOPPED);
    match fs::read_dir(&place) {
        Ok(entries) => {
            // What cannot be listed may be one.
            let mut all: Vec<PathBuf> =
                entries.map(|entry| entry.map_or_else(|_| place.clone(), |entry| entry.path())).collect();
            all.sort();
            all
        }
        // A link to what is gone is there.
        Err(error) if error.kind() == ErrorKind::NotFound && fs::symlink_metadata(&place).is_err() => Vec::new(),
        // It is there, and nobody knows what is in it.
        Err(_) => vec![place],
    }
}

/// When a hold was put, as its name says.
pub(super) fn time(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix("halt-")?.split(['-', '.']).next()?.parse().ok()
}

/// Takes holds away that stood before the log got what they were about. Those that cannot be removed hold on, and are named.
pub(super) fn lift(holds: &[PathBuf]) -> Result<(), Failure> {
    let mut left = Vec::new();
    for path in holds {
        if let Err(error) = fs::remove_file(path)
            && error.kind() != ErrorKind::NotFound
        {
            left.push(format!("{}: {}", files::name(path), said(&error)));
        }
    }
    if left.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{}; remove it by hand, since it holds every rollout of this directory",
        left.join("; ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the log has of one halt takes nothing of another one away, however near they are.
    #[test]
    fn a_halt_of_the_same_second_holds_on() {
        let directory = std::env::temp_dir().join(format!("contentcheck-holds-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        let first = put(&directory, "one", 7).unwrap();
        let stood = standing(&directory);
        let second = put(&directory, "two", 7).unwrap();
        assert_ne!(first, second);
        lift(&stood).unwrap();
        assert_eq!(standing(&directory), std::slice::from_ref(&second));
        assert_eq!((time(&first), time(&second)), (Some(7), Some(7)));
        assert_eq!(words(&second).as_deref(), Some("two"));
        logged(std::slice::from_ref(&second), 9);
        let [third] = &standing(&directory)[..] else { panic!("one holds") };
        assert_eq!((time(third), entry(third), entry(&second)), (Some(7), Some(9), None));
        fs::remove_dir_all(&directory).unwrap();
    }
}
