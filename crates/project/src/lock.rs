//! One run at a time in a directory. The lock is of the directory itself and belongs to the open file: it ends with the process,
//! however that ends, and leaves nothing behind.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::failure::Failure;
use crate::files;

/// A directory that no other run writes to, as long as this is held.
#[derive(Debug)]
#[must_use = "the directory is free again as soon as this is dropped"]
pub struct Held {
    _directory: File,
}

/// Holds a directory that is there. Nothing is held, and why is said, where the system or the file system cannot.
///
/// # Errors
/// When another run holds it, with its process where the system tells.
pub fn hold(directory: &Path) -> Result<Result<Held, String>, Failure> {
    let opened = match File::open(directory) {
        Ok(opened) => opened,
        Err(error) => return Ok(Err(files::reason(&error))),
    };
    match opened.try_lock() {
        Ok(()) => Ok(Ok(Held { _directory: opened })),
        Err(TryLockError::Error(error)) => Ok(Err(files::reason(&error))),
        Err(TryLockError::WouldBlock) => {
            let by = holder(&opened).map_or_else(String::new, |process| format!(" (process {process})"));
            Err(Failure::usage(format!(
                "{}: another run{by} is using this directory; wait until it has ended, or name another one",
                files::name(directory)
            )))
        }
    }
}

/// How often the list of locks is read.
#[cfg(target_os = "linux")]
const TRIES: usize = 4;

/// The process that holds a lock on an open file, as far as the system tells.
#[cfg(target_os = "linux")]
fn holder(locked: &File) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let inode = locked.metadata().ok()?.ino().to_string();
    // `1: FLOCK  ADVISORY  WRITE 4711 fe:00:131073 0 EOF`
    let of = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, "WRITE", process, place, ..] = words.as_slice() else { return None };
        let is_it = place.rsplit_once(':').is_some_and(|(_, own)| own == inode);
        process.parse().ok().filter(|process| is_it && *process > 0)
    };
    // The list is read in pieces, and one that changes meanwhile may lack a line.
    (0..TRIES).find_map(|_| std::fs::read_to_string("/proc/locks").ok()?.lines().find_map(of))
}

#[cfg(not(target_os = "linux"))]
fn holder(_: &File) -> Option<u32> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_held_once_and_free_again() {
        let directory = std::env::temp_dir().join(format!("contentcheck-{}-lock", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let held = hold(&directory).unwrap().unwrap();
        // Under any name of the directory.
        for name in [directory.clone(), directory.join("."), directory.join("../").join(directory.file_name().unwrap())]
        {
            let refused = hold(&name).unwrap_err();
            assert!(refused.message.contains("another run"), "{}", refused.message);
            if cfg!(target_os = "linux") {
                let process = format!("(process {})", std::process::id());
                assert!(refused.message.contains(&process), "{}", refused.message);
            }
        }
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 0, "a lock leaves no file");
        drop(held);
        assert!(hold(&directory).unwrap().is_ok());
        std::fs::remove_dir_all(&directory).unwrap();
        assert!(hold(&directory).unwrap().is_err(), "what is not there cannot be held");
    }
}
