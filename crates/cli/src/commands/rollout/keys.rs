//! Keys of people and witnesses, in files that nobody else reads.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use contentcheck_log::Algorithm;
use contentcheck_log::write::SecretKey;
use contentcheck_project::files;

use crate::commands::read_whole;
use crate::exit::Failure;

/// Bytes of the longest key that is read.
const KEY_BYTES: usize = 4 << 10;

/// What the private half of a key begins with.
const PRIVATE: &str = "PRIVATE+KEY+";

/// Refuses the private half of a key where something else is asked for, and shows none of it: terminals and build machines keep what is said.
pub(super) fn is_no_secret(what: &str, text: &str) -> Result<(), Failure> {
    let Some(at) = text.to_ascii_uppercase().find(PRIVATE) else { return Ok(()) };
    let secret = text.get(at..).and_then(|rest| rest.split_whitespace().next());
    let public = match secret.map(SecretKey::read) {
        Some(Ok(key)) => format!("its public half is `{}`", key.verifier()),
        _ => "its public half is the line that `contentcheck rollout key NAME -o FILE` printed when it made the key"
            .to_owned(),
    };
    Err(Failure::usage(format!(
        "{what}: this is the private half of a key, which belongs in a file that its owner alone can read; {public}\n  help: whoever has seen it can sign \
         with it. Where others may have, as in the history of a shell, make another key by `contentcheck rollout key NAME -o FILE`"
    )))
}

/// Makes a key of the system's random numbers.
pub(super) fn make(name: &str, algorithm: Algorithm) -> Result<SecretKey, Failure> {
    is_no_secret("the name of a key", name)?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| Failure::internal(format!("no random numbers: {error}")))?;
    SecretKey::of_seed(name, algorithm, &seed).map_err(|why| Failure::usage(format!("`{name}`: {why}")))
}

/// Writes the private half of a key into a file of its own, for its owner alone. One that is there is never written over.
pub(super) fn keep(key: &SecretKey, path: &Path) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let failed = |error: std::io::Error| Failure::usage(format!("{}: {}", files::name(path), files::reason(&error)));
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(format!("{}\n", key.to_secret_text()).as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

/// Reads the private half of a key.
pub(super) fn read(path: &Path) -> Result<SecretKey, Failure> {
    is_no_secret("--key", &path.to_string_lossy())?;
    let name = files::name(path);
    let text = String::from_utf8(read_whole(path, KEY_BYTES)?)
        .map_err(|_| Failure::usage(format!("{name}: this is not UTF-8, so it is no key")))?;
    SecretKey::read(&text).map_err(|why| Failure::usage(format!("{name}: {why}")))
}

/// The name of the file in a directory whose key has this public half, in hexadecimal digits. Nothing where it is not there or cannot be read.
pub(super) fn name_of(directory: &Path, public: &str) -> Option<String> {
    let files = fs::read_dir(directory).ok()?;
    let mut paths = files.filter_map(|file| Some(file.ok()?.path()));
    let found = paths.find(|path| {
        let is_key = path.extension().is_some_and(|extension| extension == "key");
        is_key && read(path).is_ok_and(|key| contentcheck_log::Hash(key.public()).to_string() == public)
    })?;
    Some(found.file_stem()?.to_string_lossy().into_owned())
}

/// The keys in a directory, in the order of their names, and why other files there that are called keys are none: one of them must not keep
/// the others from signing a halt. None where the directory is not there: whoever signs elsewhere has no such directory.
pub(super) fn all(directory: &Path) -> Result<(Vec<SecretKey>, Vec<String>), Failure> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
        entries => entries,
    };
    let failed =
        |error: std::io::Error| Failure::usage(format!("{}: {}", files::name(directory), files::reason(&error)));
    let mut paths = Vec::new();
    for entry in entries.map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "key") {
            paths.push(path);
        }
    }
    paths.sort();
    let (mut keys, mut odd) = (Vec::new(), Vec::new());
    for path in &paths {
        // What is no file is not opened: a pipe without a writer would wait for ever.
        let key = match fs::metadata(path) {
            Ok(file) if file.is_file() => read(path).map_err(|failure| failure.message),
            Ok(_) => Err(format!("{}: this is no file", files::name(path))),
            Err(error) => Err(format!("{}: {}", files::name(path), files::reason(&error))),
        };
        match key {
            Ok(key) => keys.push(key),
            Err(why) => odd.push(why),
        }
    }
    Ok((keys, odd))
}
