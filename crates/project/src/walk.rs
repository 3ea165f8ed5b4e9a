//! Finding and reading content files. Whatever is named or found is either read whole or
//! reported; nothing is skipped without a word.

mod names;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use contentcheck_model::decode::decode;
use contentcheck_model::diagnostic::{Code, Diagnostic, closest, codes};
use contentcheck_model::language::Language;
use contentcheck_model::limits;
use contentcheck_model::source::{Source, Span};
use contentcheck_parser::check::parallel;
pub use contentcheck_parser::release::IGNORE_FILE;
use contentcheck_parser::release::{EXCLUDE, Input, InputKind};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{Match, WalkBuilder};

use crate::config::FILE_NAME;
use crate::failure::Failure;
use crate::files::{name, plain, read_bytes, read_whole, reason, short};
use names::{COPY, NO_TESTS, UNKNOWN, is_beside_content, is_copy, is_named_as_tests};
pub use names::{SIDECARS, sidecar_of};

/// Bytes of the largest such file.
const IGNORE_BYTES: usize = 1 << 20;
/// Directories that version control systems keep for themselves.
pub const VERSION_CONTROL: [&str; 4] = [".git", ".hg", ".svn", ".jj"];

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
    /// Files and directories that are left out though they could hold content, and by what.
    pub not_taken: Vec<(String, &'static str)>,
    /// The files of the release that say what directories leave out.
    pub ignore_files: Vec<IgnoreFile>,
    /// The exclusions that left something out, as they are written.
    pub used: BTreeSet<String>,
    /// Configurations that were met, whether they count or not.
    pub configurations: Vec<PathBuf>,
}

/// The path of something beside one that is not there whose name is near: a slip, likely.
fn near(path: &Path) -> Option<String> {
    /// Names that are looked at.
    const MOST: usize = 1_000;
    let parent = path.parent()?;
    let directory = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let wanted = path.file_name()?.to_str()?;
    let entries = fs::read_dir(directory).ok()?.take(MOST).flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    let near = closest(wanted, names.iter().map(String::as_str))?;
    Some(name(&parent.join(near)))
}

/// A file that says what directories leave out, as it was read when it was followed.
#[derive(Clone, Debug)]
pub struct IgnoreFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds, if it could be read.
    pub input: Option<Input>,
    /// Its patterns that left nothing out, as they are written.
    pub idle: Vec<String>,
}

fn problem(code: &'static Code, path: &Path, message: String, help: &str) -> Diagnostic {
    Diagnostic::new(code, &Source::new(name(path), ""), Span::default(), message).with_help(help)
}

/// Walks the paths. Files that are named are taken whatever they are called like, if their
/// ending tells a language; directories give their `*.content`, `*.yml` and `*.yaml` files
/// but for files of tests, hidden ones, and those that `exclude` or a `.contentcheckignore` of the release leaves out.
/// What is left out is named. No other file decides what belongs to a release: not one of git's, and none above it.
///
/// `exclude` is relative to `root`, the directory of the configuration. Ignore files count from `root` down where there
/// `is_configured` a release and a directory lies in it, and otherwise from that directory down: what is above it is no
/// part of the release, wherever the run stands.
///
/// # Errors
/// When a path that was named is not there or is no content file, or an exclusion is malformed.
pub fn walk(paths: &[PathBuf], exclude: &[String], root: &Path, is_configured: bool) -> Result<Walked, Failure> {
    let mut walked = Walked::default();
    let root = fs::canonicalize(root).unwrap_or_else(|_| plain(root));
    let mut globs = GitignoreBuilder::new(&root);
    for glob in exclude {
        globs
            .add_line(None, glob)
            .map_err(|error| Failure::usage(format!("the exclusion `{glob}` is malformed: {error}")))?;
    }
    let exclude = globs.build().map_err(|error| Failure::usage(format!("an exclusion is malformed: {error}")))?;
    for path in paths {
        let metadata = fs::metadata(path).map_err(|error| {
            // The link itself is there.
            if let Ok(target) = fs::read_link(path) {
                return Failure::usage(format!(
                    "{}: a link to {}, and {} there",
                    name(path),
                    name(&target),
                    if error.kind() == ErrorKind::NotFound { "nothing is".to_owned() } else { reason(&error) }
                ));
            }
            let near = if error.kind() == ErrorKind::NotFound { near(path) } else { None };
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            Failure::usage(format!("{}: {}{near}", name(path), reason(&error)))
        })?;
        if metadata.is_dir() {
            directory(path, &exclude, &root, is_configured, &mut walked);
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
            walked.sidecars.extend(beside(path));
        } else {
            walked.problems.push(special(path));
        }
    }
    for files in [&mut walked.files, &mut walked.sidecars] {
        files.sort();
        // A file that is named and lies in a directory that is named is one file, in whatever words. The path decides:
        // a name can say less than it. One walk meets no path twice.
        if paths.len() > 1 {
            let mut known = HashSet::new();
            files.retain(|found| known.insert(plain(&found.path)));
        }
    }
    walked.ignore_files.sort_by(|a, b| a.path.cmp(&b.path));
    walked.ignore_files.dedup_by(|a, b| a.path == b.path);
    walked.not_taken.sort();
    walked.not_taken.dedup();
    // A file that was named is taken, whatever a directory above it leaves out.
    let taken = walked.files.iter().chain(&walked.sidecars);
    let taken: BTreeSet<&str> = taken.map(|found| found.name.as_str()).collect();
    walked.not_taken.retain(|(name, _)| !taken.contains(name.as_str()));
    if walked.files.len() > limits::FILES {
        return Err(Failure::usage(format!(
            "{} files were found; one run checks at most {}",
            walked.files.len(),
            limits::FILES
        )));
    }
    Ok(walked)
}

/// The names of the files that a pattern in gitignore syntax matches, as directories of `root` or files in them.
///
/// # Errors
/// When the pattern is malformed.
pub fn matching<'f>(
    glob: &str,
    files: impl IntoIterator<Item = &'f Found>,
    root: &Path,
) -> Result<BTreeSet<String>, Failure> {
    let root = fs::canonicalize(root).unwrap_or_else(|_| plain(root));
    let malformed = |error: ignore::Error| Failure::usage(format!("the pattern `{glob}` is malformed: {error}"));
    let mut globs = GitignoreBuilder::new(&root);
    globs.add_line(None, glob).map_err(malformed)?;
    let globs = globs.build().map_err(malformed)?;
    let mut places: HashMap<PathBuf, PathBuf> = HashMap::new();
    let mut names = BTreeSet::new();
    for found in files {
        let (Some(directory), Some(file)) = (found.path.parent(), found.path.file_name()) else { continue };
        let place = places.entry(directory.to_path_buf()).or_insert_with(|| {
            seen_from(&root, if directory.as_os_str().is_empty() { Path::new(".") } else { directory })
        });
        let place = place.join(file);
        if place.starts_with(&root) && globs.matched_path_or_any_parents(&place, false).is_ignore() {
            names.insert(found.name.clone());
        }
    }
    Ok(names)
}

/// The files of tests beside a rule that was named. Those in a directory are met by the walk, which knows what is left
/// out.
fn beside(rule: &Path) -> Vec<Found> {
    let Some(stem) = rule.file_name().and_then(|file| Path::new(file).file_stem()) else { return Vec::new() };
    if Language::of(&name(rule)) != Some(Language::Sigma) {
        return Vec::new();
    }
    let found = SIDECARS.into_iter().map(|ending| {
        let mut file = stem.to_owned();
        file.push(ending);
        rule.with_file_name(file)
    });
    found.filter(|path| path.is_file()).map(|path| Found { name: name(&path), path }).collect()
}

/// Where a directory is, seen from the root: below it by its name, through whatever link, or else in fact.
fn seen_from(root: &Path, path: &Path) -> PathBuf {
    let named = plain(path);
    let is_root = |above: &&Path| fs::canonicalize(above).is_ok_and(|real| real == root);
    let below = named.ancestors().find(is_root).and_then(|above| named.strip_prefix(above).ok());
    match below {
        Some(rest) if rest.as_os_str().is_empty() => root.to_path_buf(),
        Some(rest) => root.join(rest),
        None => fs::canonicalize(path).unwrap_or(named),
    }
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

/// What a walk leaves out, and by which rules.
struct Filter {
    exclude: Gitignore,
    /// The exclusions that left something out, as they are written.
    used: BTreeSet<String>,
    /// The same of patterns of ignore files, with the file.
    used_ignored: BTreeSet<(PathBuf, String)>,
    /// The directory that is walked, as it was named.
    named: PathBuf,
    /// And where it is: entries are judged by their place below it.
    place: PathBuf,
    /// Ignore files are looked for from here down.
    base: PathBuf,
    /// Those that apply in each directory that was met, the nearest first.
    known: HashMap<PathBuf, Arc<[Arc<Gitignore>]>>,
    not_taken: Vec<(String, &'static str)>,
    ignore_files: Vec<IgnoreFile>,
    problems: Vec<Diagnostic>,
}

impl Filter {
    /// Whether an entry belongs to the release. What does not, and could hold content, is noted.
    fn takes(&mut self, path: &Path, is_dir: bool) -> bool {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let could_hold = is_dir || Language::of(&file).is_some() || !is_beside_content(&file);
        if file.starts_with('.') {
            // What a version control system keeps of itself is never meant.
            if could_hold && !VERSION_CONTROL.contains(&&*file) {
                self.not_taken.push((shown(path), "hidden"));
            }
            return false;
        }
        let own = path.strip_prefix(&self.named).map_or_else(|_| plain(path), |rest| self.place.join(rest));
        let by = if let Match::Ignore(glob) = self.exclude.matched(&own, is_dir) {
            if !self.used.contains(glob.original()) {
                self.used.insert(glob.original().to_owned());
            }
            Some(EXCLUDE)
        } else if self.is_ignored(&own, is_dir) {
            Some(IGNORE_FILE)
        } else {
            None
        };
        if let (Some(by), true) = (by, could_hold) {
            self.not_taken.push((shown(path), by));
        }
        by.is_none()
    }

    /// Whether the ignore file nearest to an entry that says something of it leaves it out.
    fn is_ignored(&mut self, path: &Path, is_dir: bool) -> bool {
        let Some(directory) = path.parent() else { return false };
        let globs = self.applying(directory);
        let said = globs.iter().map(|globs| globs.matched(path, is_dir)).find(|matched| !matched.is_none());
        let Some(Match::Ignore(glob)) = said else { return false };
        if let Some(from) = glob.from() {
            self.used_ignored.insert((from.to_path_buf(), glob.original().to_owned()));
        }
        true
    }

    /// The ignore files that apply in a directory, the nearest first.
    fn applying(&mut self, directory: &Path) -> Arc<[Arc<Gitignore>]> {
        if let Some(known) = self.known.get(directory) {
            return Arc::clone(known);
        }
        let above: Vec<&Path> = directory.ancestors().take_while(|above| above.starts_with(&self.base)).collect();
        let mut applying: Arc<[Arc<Gitignore>]> = Arc::new([]);
        for directory in above.into_iter().rev() {
            applying = match self.known.get(directory) {
                Some(known) => Arc::clone(known),
                None => {
                    let named = directory.strip_prefix(&self.place).ok().map(|rest| self.named.join(rest));
                    let named = named.unwrap_or_else(|| short(directory.to_path_buf()));
                    match self.read(&named.join(IGNORE_FILE), directory) {
                        Some(own) => std::iter::once(Arc::new(own)).chain(applying.iter().cloned()).collect(),
                        None => applying,
                    }
                }
            };
            self.known.insert(directory.to_path_buf(), Arc::clone(&applying));
        }
        applying
    }

    fn read(&mut self, path: &Path, directory: &Path) -> Option<Gitignore> {
        fs::symlink_metadata(path).ok()?;
        let mut globs = GitignoreBuilder::new(directory);
        let bytes = read_whole(path, IGNORE_BYTES);
        // One that is wrong has an influence too: it is reported.
        let input = bytes.as_ref().ok().map(|bytes| Input::new(InputKind::Configuration, name(path), bytes));
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned()));
        // What an editor puts before the first line is no part of it.
        let text = text.map(|text| text.strip_prefix('\u{FEFF}').map_or_else(|| text.clone(), str::to_owned));
        let patterns = |text: &String| {
            let lines = text.lines().map(str::trim_end);
            lines.filter(|line| !line.is_empty() && !line.starts_with(['#', '!'])).map(str::to_owned).collect()
        };
        let idle = text.as_ref().map_or_else(|_| Vec::new(), patterns);
        self.ignore_files.push(IgnoreFile { path: path.to_path_buf(), input, idle });
        let added = text.and_then(|text| {
            let mut add = |line| globs.add_line(Some(path.to_path_buf()), line).map(drop);
            text.lines().try_for_each(&mut add).map_err(|error| error.to_string())
        });
        match added.and_then(|()| globs.build().map_err(|error| error.to_string())) {
            Ok(globs) => Some(globs),
            Err(reason) => {
                let message = format!("the ignore file cannot be read: {reason}");
                self.problems.push(problem(&codes::UNREADABLE, path, message, "fix it, or remove it"));
                None
            }
        }
    }
}

fn directory(path: &Path, exclude: &Gitignore, root: &Path, is_configured: bool, walked: &mut Walked) {
    let place = seen_from(root, path);
    let base = if is_configured && place.starts_with(root) { root.to_path_buf() } else { place.clone() };
    let filter = Arc::new(Mutex::new(Filter {
        exclude: exclude.clone(),
        used: BTreeSet::new(),
        used_ignored: BTreeSet::new(),
        named: path.to_path_buf(),
        place,
        base,
        known: HashMap::new(),
        not_taken: Vec::new(),
        ignore_files: Vec::new(),
        problems: Vec::new(),
    }));
    let mut builder = WalkBuilder::new(path);
    let asked = Arc::clone(&filter);
    builder.standard_filters(false).follow_links(true).max_depth(Some(limits::DIRECTORY_DEPTH)).filter_entry(
        move |entry| {
            let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
            entry.depth() == 0 || asked.lock().unwrap_or_else(PoisonError::into_inner).takes(entry.path(), is_dir)
        },
    );
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
            let own = entry.file_name().to_string_lossy();
            if own == FILE_NAME {
                walked.configurations.push(entry.path().to_path_buf());
            } else if is_copy(&own) {
                walked.not_taken.push((shown(entry.path()), COPY));
            } else if !is_beside_content(&own) {
                walked.not_taken.push((shown(entry.path()), UNKNOWN));
            } else if is_named_as_tests(&own) {
                walked.not_taken.push((shown(entry.path()), NO_TESTS));
            }
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
    let mut filter = filter.lock().unwrap_or_else(PoisonError::into_inner);
    let Filter { ignore_files, used_ignored, .. } = &mut *filter;
    for IgnoreFile { path, idle, .. } in ignore_files {
        idle.retain(|pattern| !used_ignored.contains(&(path.clone(), pattern.clone())));
    }
    walked.not_taken.append(&mut filter.not_taken);
    walked.ignore_files.append(&mut filter.ignore_files);
    walked.problems.append(&mut filter.problems);
    walked.used.append(&mut filter.used);
}

/// The name of what is left out. Spaces at its ends, which nobody sees, are put between quotes.
fn shown(path: &Path) -> String {
    let name = name(path);
    let own = name.rsplit('/').next().unwrap_or_default();
    if own.trim() == own { name } else { format!("\"{name}\"") }
}

/// The place and reason of a failed step of a walk.
pub fn explain(error: &ignore::Error, root: &Path) -> (PathBuf, String) {
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
