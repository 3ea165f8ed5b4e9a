//! Finding and reading content files. Whatever is named or found is either read whole or
//! reported; nothing is skipped without a word.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use contentcheck_parser::check::{Language, parallel};
use contentcheck_parser::decode::decode;
use contentcheck_parser::diagnostic::{Code, Diagnostic, codes};
use contentcheck_parser::limits;
use contentcheck_parser::source::{Source, Span};
use ignore::WalkBuilder;
use ignore::overrides::OverrideBuilder;

use crate::exit::Failure;

/// A file that is to be checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// The name that reports use: the path with `/`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walked {
    /// Content files, sorted by name, each once.
    pub files: Vec<Found>,
    /// Files of tests beside rules, which are no content.
    pub sidecars: Vec<Found>,
    /// What could not be walked.
    pub problems: Vec<Diagnostic>,
}

/// The name of a path in reports: with `/`, without a leading `./`.
#[must_use]
pub fn name(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    let short = text.strip_prefix("./").unwrap_or(&text);
    if short.is_empty() { ".".to_owned() } else { short.to_owned() }
}

/// What a file of tests is called: the name of the rule's file without its ending, and one of these.
pub const SIDECARS: [&str; 4] = [".test.yml", ".tests.yml", ".test.yaml", ".tests.yaml"];

/// The name of the rule's file without its ending, if a name is that of a file of tests.
#[must_use]
pub fn sidecar_of(name: &str) -> Option<&str> {
    let stem = SIDECARS.iter().find_map(|ending| name.strip_suffix(ending))?;
    (!stem.is_empty() && !stem.ends_with('/')).then_some(stem)
}

fn problem(code: &'static Code, path: &Path, message: String, help: &str) -> Diagnostic {
    Diagnostic::new(code, &Source::new(name(path), ""), Span::default(), message).with_help(help)
}

/// Walks the paths. Files that are named are taken whatever they are called like, if their
/// ending tells a language; directories give their `*.content`, `*.yml` and `*.yaml` files
/// but for files of tests, hidden ones and those that `.gitignore`, `.contentcheckignore` or `exclude` leave out.
///
/// # Errors
/// When a path that was named is not there or is no content file, or an exclusion is malformed.
pub fn walk(paths: &[PathBuf], exclude: &[String], root: &Path) -> Result<Walked, Failure> {
    let mut walked = Walked::default();
    let mut overrides = OverrideBuilder::new(root);
    for glob in exclude {
        overrides
            .add(&format!("!{glob}"))
            .map_err(|error| Failure::usage(format!("the exclusion `{glob}` is malformed: {error}")))?;
    }
    let overrides = overrides.build().map_err(|error| Failure::usage(format!("an exclusion is malformed: {error}")))?;
    for path in paths {
        let metadata =
            fs::metadata(path).map_err(|error| Failure::usage(format!("{}: {}", name(path), reason(&error))))?;
        if metadata.is_dir() {
            directory(path, &overrides, &mut walked);
        } else if let Some(stem) = sidecar_of(&name(path)) {
            return Err(Failure::usage(format!(
                "{}: these are tests, no content; name the rule, {stem}.yml, and `contentcheck test` runs them",
                name(path)
            )));
        } else if Language::of(&name(path)).is_none() {
            return Err(Failure::usage(format!(
                "{}: not a content file; content is called *.content, *.yml or *.yaml",
                name(path)
            )));
        } else if metadata.is_file() {
            walked.files.push(Found { name: name(path), path: path.clone() });
        } else {
            walked.problems.push(special(path));
        }
    }
    for files in [&mut walked.files, &mut walked.sidecars] {
        files.sort();
        files.dedup();
    }
    if walked.files.len() > limits::FILES {
        return Err(Failure::usage(format!(
            "{} files were found; one run checks at most {}",
            walked.files.len(),
            limits::FILES
        )));
    }
    Ok(walked)
}

fn special(path: &Path) -> Diagnostic {
    let help = "name a regular file, or exclude this one";
    problem(
        &codes::UNREADABLE,
        path,
        "this is a pipe, socket or device, not a file; it was not opened".to_owned(),
        help,
    )
}

fn directory(path: &Path, overrides: &ignore::overrides::Override, walked: &mut Walked) {
    let mut builder = WalkBuilder::new(path);
    builder
        .follow_links(true)
        .require_git(false)
        .git_global(false)
        .git_exclude(false)
        .max_depth(Some(limits::DIRECTORY_DEPTH))
        .add_custom_ignore_filename(".contentcheckignore")
        .overrides(overrides.clone());
    for entry in builder.build() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let (place, message) = explain(&error, path);
                let help = "make it readable, remove the loop, or exclude it; files below it were not checked";
                walked.problems.push(problem(&codes::UNWALKABLE, &place, message, help));
                continue;
            }
        };
        let Some(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            if entry.depth() >= limits::DIRECTORY_DEPTH {
                let message = format!("directories are nested deeper than {} levels", limits::DIRECTORY_DEPTH);
                walked.problems.push(problem(
                    &codes::UNWALKABLE,
                    entry.path(),
                    message,
                    "exclude it, or lint it by name",
                ));
            }
            continue;
        }
        let file = name(entry.path());
        if Language::of(&file).is_none() {
            continue;
        }
        if kind.is_file() && sidecar_of(&file).is_some() {
            walked.sidecars.push(Found { name: file, path: entry.into_path() });
        } else if kind.is_file() {
            walked.files.push(Found { name: file, path: entry.into_path() });
        } else {
            walked.problems.push(special(entry.path()));
        }
    }
}

/// The place and reason of a failed step of a walk.
fn explain(error: &ignore::Error, root: &Path) -> (PathBuf, String) {
    match error {
        ignore::Error::WithPath { path, err } => (path.clone(), explain(err, root).1),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => explain(err, root),
        ignore::Error::Loop { ancestor, child } => {
            (child.clone(), format!("this link leads back to `{}`", name(ancestor)))
        }
        ignore::Error::Io(error) => (root.to_path_buf(), format!("it cannot be read: {}", reason(error))),
        other => (root.to_path_buf(), other.to_string()),
    }
}

/// An operating system error in words, without its number.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_lowercase()
        }
    }
}

/// Reads files in parallel; what cannot be read or decoded is reported in its place.
#[must_use]
pub fn read(files: &[Found], threads: usize) -> Vec<Result<(Source, Language), Box<Diagnostic>>> {
    parallel::map(files, threads, |found| {
        let language = Language::of(&found.name).unwrap_or(Language::Sigma);
        let bytes = read_bytes(&found.path, limits::FILE_BYTES).map_err(|problem| {
            let help = "make the file readable, or exclude it";
            Box::new(self::problem(
                &codes::UNREADABLE,
                &found.path,
                format!("the file cannot be read: {problem}"),
                help,
            ))
        })?;
        decode(&found.name, bytes).map(|source| (source, language))
    })
}

/// The bytes of a regular file, at most one more than `limit`. A file that changes while it
/// is read is read once more, then given up.
///
/// # Errors
/// The reason in words.
pub fn read_bytes(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    for _ in 0..2 {
        let mut file = open(path).map_err(|error| reason(&error))?;
        let before = file.metadata().map_err(|error| reason(&error))?;
        if !before.is_file() {
            return Err("it is not a regular file".to_owned());
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

/// Reads standard input whole, up to the limit of a content file.
///
/// # Errors
/// When it cannot be read.
pub fn read_stdin(name: &str) -> Result<Result<(Source, Language), Box<Diagnostic>>, Failure> {
    let language = Language::of(name).ok_or_else(|| {
        Failure::usage(format!("`--stdin-name {name}` tells no language; let it end in .content, .yml or .yaml"))
    })?;
    let mut bytes = Vec::new();
    let most = u64::try_from(limits::FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    io::stdin()
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::internal(format!("standard input cannot be read: {}", reason(&error))))?;
    Ok(decode(name, bytes).map(|source| (source, language)))
}

/// Writes a file so that it is either the old or the new one, whatever happens: into a
/// neighbour, to the disk, and then over the old one.
///
/// # Errors
/// When it cannot be written; then the old file is as it was.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    write_bytes(path, text.as_bytes())
}

/// As [`write()`], for any bytes.
///
/// # Errors
/// The same.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let stem = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let neighbour = directory.join(format!(".{stem}.{}.tmp", std::process::id()));
    let result = (|| {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&neighbour)?;
        if let Ok(metadata) = fs::metadata(&target) {
            file.set_permissions(metadata.permissions())?;
        }
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&neighbour, &target)
    })();
    if result.is_err() {
        // The neighbour is ours; if even this fails there is nothing left to do about it.
        let _ = fs::remove_file(&neighbour);
    }
    result
}
