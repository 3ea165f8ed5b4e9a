//! Files as they are read: never waiting on a pipe, and once more where they change meanwhile. What is kept of one has a
//! limit; [`digest`] reads all of it, in parts and once, as a change shows in what it says.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use contentcheck_model::diagnostic::visible;
use contentcheck_parser::release::Digester;

/// What an attestation is called beside the evidence that it is of.
pub const ATTESTATION: &str = "attestation.dsse.json";

/// The name of a path in reports: with `/`, without a leading `./`, on one line in which every character is seen. As no
/// name keeps a `\`, no two files have one name for that.
#[must_use]
pub fn name(path: &Path) -> String {
    let text = path.to_string_lossy();
    // Nearly every name is of these alone, of which nothing is to be replaced, and there are thousands.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-');
    if text.bytes().all(is_plain) {
        let short = text.strip_prefix("./").unwrap_or(&text);
        return if short.is_empty() { ".".to_owned() } else { short.to_owned() };
    }
    let text = text.replace('\\', "/");
    let short = text.strip_prefix("./").unwrap_or(&text);
    if short.is_empty() { ".".to_owned() } else { visible(short).into_owned() }
}

/// Endings of files of recorded events.
pub const EVENT_ENDINGS: [&str; 4] = ["evtx", "json", "jsonl", "ndjson"];

/// Whether a file is named like recorded events.
#[must_use]
pub fn is_events(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    plain.rsplit_once('.').is_some_and(|(_, ending)| EVENT_ENDINGS.contains(&ending))
}

/// An operating system error in words, without its number.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    // What this program says of a file is a sentence already.
    if error.get_ref().is_some() {
        return error.to_string();
    }
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        // Only directories are made where something may be.
        io::ErrorKind::AlreadyExists => "there is a file of that name, and no directory".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_lowercase()
        }
    }
}

/// The absolute path without `.` and `..`. What a `..` leads to is looked up: behind a link it is another directory than
/// the name says. Other links stay as they are named, for a link in a release belongs to the release.
#[must_use]
pub fn plain(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let Some(last) = whole.components().rev().position(|part| part == Component::ParentDir) else { return whole };
    let count = whole.components().count() - last;
    let head: PathBuf = whole.components().take(count).collect();
    let mut plain = fs::canonicalize(&head).unwrap_or(head);
    plain.extend(whole.components().skip(count));
    plain
}

/// A path as it is read best: below the current directory a relative one.
#[must_use]
pub fn short(path: PathBuf) -> PathBuf {
    let here = std::env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).map(Path::to_path_buf).ok()).unwrap_or(path)
}

/// The bytes of a regular file, at most one more than `limit`, for a caller that judges how long it is; where a cut file
/// is of no use, [`read_whole`]. A file that changes while it is read is read once more, then given up.
///
/// # Errors
/// The reason in words.
pub fn read_bytes(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    for _ in 0..2 {
        let mut file = open(path).map_err(|error| reason(&error))?;
        let before = file.metadata().map_err(|error| reason(&error))?;
        if !before.is_file() {
            return Err(no_file(&before).to_owned());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or(limit).min(limit) + 1);
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        Read::by_ref(&mut file).take(most).read_to_end(&mut bytes).map_err(|error| reason(&error))?;
        let after = file.metadata().map_err(|error| reason(&error))?;
        let whole = bytes.len() > limit || bytes.len() as u64 == after.len();
        if whole && stamp(&before) == stamp(&after) {
            return Ok(bytes);
        }
    }
    Err("it changes while it is read".to_owned())
}

/// All bytes of a regular file. One that has more than `most` is refused: half of it would say something else.
///
/// # Errors
/// The reason in words.
pub fn read_whole(path: &Path, most: usize) -> Result<Vec<u8>, String> {
    let bytes = read_bytes(path, most)?;
    if bytes.len() > most { Err(format!("it has more than {most} bytes")) } else { Ok(bytes) }
}

fn stamp(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}

/// Opens a file without ever waiting for the other end of a pipe.
#[cfg(target_os = "linux")]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // O_NONBLOCK of the generic Linux ABI: opening a pipe for reading returns at once.
    const O_NONBLOCK: i32 = 0o4000;
    fs::OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path)
}

/// Opens a file, if it is one. Between the look and the opening it could become a pipe.
#[cfg(not(target_os = "linux"))]
fn open(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    File::open(path)
}

/// What something is that is no file.
fn no_file(metadata: &Metadata) -> &'static str {
    if metadata.is_dir() { "it is a directory, and a file is wanted" } else { "it is not a regular file" }
}

/// The SHA-256 of a file, hexadecimal, and how many bytes it has. It is read in parts, so it may be of any size.
///
/// # Errors
/// The reason in words.
pub fn digest(path: &Path) -> Result<(String, u64), String> {
    let mut file = open(path).map_err(|error| reason(&error))?;
    let metadata = file.metadata().map_err(|error| reason(&error))?;
    if !metadata.is_file() {
        return Err(no_file(&metadata).to_owned());
    }
    let mut digest = Digester::default();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut buffer).map_err(|error| reason(&error))?;
        let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else { break };
        digest.update(part);
        bytes += part.len() as u64;
    }
    Ok((digest.finish(), bytes))
}
