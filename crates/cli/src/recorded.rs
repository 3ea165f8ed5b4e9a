//! Recorded events for commands: which files they are in, and what became of them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use contentcheck_events::{Batch, Flat, Flattener, Place, Problem, Reader, Tally};
use contentcheck_model::diagnostic::{closest, visible};
use contentcheck_model::limits;
use contentcheck_run::{Plan, Route};
use ignore::WalkBuilder;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Streams;
use crate::args::Recorded;
use crate::exit::Failure;
use crate::release::{by_reason, talk};
use contentcheck_project::{files, walk};

/// The files of a run.
#[derive(Debug, Default)]
pub struct Sources {
    /// Files, each once; those of a directory sorted. `-` is standard input.
    pub files: Vec<PathBuf>,
    /// What directories have and is not read, and why, sorted.
    pub left_out: Vec<(String, &'static str)>,
    /// What of that may hold events all the same, sorted.
    pub missed: Vec<String>,
    /// What could not be walked, each with its place.
    pub problems: Vec<String>,
}

/// The files that a command line means. Standard input is meant where nothing is named and it is no
/// terminal.
///
/// # Errors
/// When nothing is named and standard input is a terminal, a path is not there, standard input is
/// wanted for events and rules, or directories hold no events.
pub fn sources(paths: &[PathBuf], rules: &[PathBuf]) -> Result<Sources, Failure> {
    if paths.is_empty() && io::stdin().is_terminal() {
        return Err(Failure::usage(
            "no events: name files or directories, or pipe JSON lines into standard input (`... | contentcheck eval -`)",
        ));
    }
    let stdin = [PathBuf::from("-")];
    let paths = if paths.is_empty() { &stdin[..] } else { paths };
    let is_stdin = |path: &PathBuf| path.as_os_str() == "-";
    if paths.iter().any(is_stdin) && rules.iter().any(is_stdin) {
        return Err(Failure::usage("standard input can hold events or rules, not both; put one of them into a file"));
    }
    let mut found = Sources::default();
    let mut known = BTreeSet::new();
    for path in paths {
        if is_stdin(path) {
            found.files.extend(known.insert(path.clone()).then(|| path.clone()));
            continue;
        }
        let metadata = fs::metadata(path)
            .map_err(|error| Failure::usage(format!("{}: {}", files::name(path), files::reason(&error))))?;
        if metadata.is_dir() {
            if !directory(path, &mut found, &mut known) && found.problems.is_empty() {
                let left = match found.left_out.as_slice() {
                    [] => String::new(),
                    left => format!(". Not read: {}", by_reason(left)),
                };
                return Err(Failure::usage(format!(
                    "{}: no recorded events; they are called *.{}, also with .gz or .zst behind. Name a file of another name itself{left}",
                    files::name(path),
                    files::EVENT_ENDINGS.join(", *.")
                )));
            }
        } else if known.insert(real(path)) {
            found.files.push(path.clone());
        }
    }
    found.left_out.sort();
    found.left_out.dedup();
    // A file that was named is read, whatever its directory leaves out.
    let named: BTreeSet<String> = found.files.iter().map(|path| files::name(path)).collect();
    found.left_out.retain(|(name, _)| !named.contains(name));
    found.missed.sort();
    found.missed.dedup();
    found.missed.retain(|name| !named.contains(name));
    Ok(found)
}

/// Recorded events that the command line names, or else the configuration.
///
/// # Errors
/// When a path is not there, or cannot be walked.
pub fn configured(named: &[PathBuf], configured: &[String], root: &Path) -> Result<Sources, Failure> {
    let paths: Vec<PathBuf> =
        if named.is_empty() { configured.iter().map(|path| root.join(path)).collect() } else { named.to_vec() };
    if paths.is_empty() {
        return Ok(Sources::default());
    }
    let sources = sources(&paths, &[])?;
    if let Some(problem) = sources.problems.first() {
        return Err(Failure::usage(problem.clone()));
    }
    Ok(sources)
}

/// What tells that two paths lead to one recording: events that were read twice would count twice.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Walks a directory: whether it has recordings, known ones or not. What else it has is noted, but for what a version
/// control system keeps of itself.
fn directory(path: &Path, found: &mut Sources, known: &mut BTreeSet<PathBuf>) -> bool {
    let mut has_any = false;
    let hidden = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&hidden);
    let mut builder = WalkBuilder::new(path);
    builder.standard_filters(false).follow_links(true).max_depth(Some(limits::DIRECTORY_DEPTH));
    builder.sort_by_file_name(Ord::cmp).filter_entry(move |entry| {
        let file = entry.file_name().to_string_lossy();
        let is_hidden = entry.depth() > 0 && file.starts_with('.');
        if is_hidden && !walk::VERSION_CONTROL.contains(&&*file) {
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(entry.path().to_path_buf());
        }
        !is_hidden
    });
    for entry in builder.build() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let (path, reason) = walk::explain(&error, path);
                found.problems.push(format!("{}: {reason}", files::name(&path)));
                continue;
            }
        };
        let Some(kind) = entry.file_type() else { continue };
        let name = files::name(entry.path());
        if kind.is_dir() {
            if entry.depth() >= limits::DIRECTORY_DEPTH {
                let most = limits::DIRECTORY_DEPTH;
                found
                    .problems
                    .push(format!("{name}: directories are nested deeper than {most} levels; name it itself"));
            }
        } else if !kind.is_file() && files::is_events(entry.path()) {
            found.problems.push(format!("{name}: it is named like recorded events and is no regular file; remove it"));
        } else if !kind.is_file() {
            found.left_out.push((name, "recordings: no regular file"));
        } else if !files::is_events(entry.path()) {
            found.missed.extend(may_hold_events(entry.path()).then(|| name.clone()));
            found.left_out.push((name, "recordings: not named like events"));
        } else {
            has_any = true;
            if known.insert(real(entry.path())) {
                found.files.push(entry.into_path());
            }
        }
    }
    let hidden = std::mem::take(&mut *hidden.lock().unwrap_or_else(PoisonError::into_inner));
    for path in hidden {
        let name = files::name(&path);
        found.missed.extend(may_hold_events(&path).then(|| name.clone()));
        found.left_out.push((name, "recordings: hidden"));
    }
    has_any
}

/// Endings by which logs are called besides those that are read, and what they are packed in.
const OTHER_LOGS: [&str; 12] = ["7z", "bz2", "csv", "etl", "evt", "log", "tar", "tgz", "tsv", "xml", "xz", "zip"];

/// Whether something that is not read may hold events: its name says so, or its first record is one. Of a directory the names count.
fn may_hold_events(path: &Path) -> bool {
    let is_called_so = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        name.split('.').skip(1).any(|part| files::EVENT_ENDINGS.contains(&part) || OTHER_LOGS.contains(&part))
    };
    if path.is_dir() {
        let mut below = WalkBuilder::new(path);
        below.standard_filters(false).max_depth(Some(limits::DIRECTORY_DEPTH));
        let is_file = |entry: &ignore::DirEntry| entry.file_type().is_some_and(|kind| !kind.is_dir());
        return below.build().flatten().any(|entry| is_file(&entry) && is_called_so(entry.path()));
    }
    // A pipe is no file, and to look into one would wait for its other end.
    is_called_so(path) || (path.is_file() && begins_with_an_event(path))
}

fn begins_with_an_event(path: &Path) -> bool {
    let Ok(mut reader) = Reader::open(path) else { return false };
    let (mut batch, mut flattener) = (Batch::new(), Flattener::new());
    let mut first = None;
    if reader.next_batch(&mut batch) {
        decode(&batch, &mut flattener, |record| {
            first.get_or_insert(record.is_ok());
        });
    }
    first == Some(true)
}

/// The template type that `--template` names.
///
/// # Errors
/// When there is none of that name.
pub fn forced(plan: &Plan, name: Option<&str>) -> Result<Option<Route>, Failure> {
    let Some(name) = name else { return Ok(None) };
    let found = plan.find(name.split(" @ ").next().unwrap_or(name));
    found.map(Some).ok_or_else(|| {
        let known = plan.routes().map(|(_, template)| template.name.as_str());
        Failure::usage(match closest(name, known) {
            Some(near) => format!("there is no template type `{name}`; did you mean `{near}`?"),
            None => format!("there is no template type `{name}`; `contentcheck fields --list` lists all"),
        })
    })
}

/// Reads a source record by record. `each` gets the records and problems in their order;
/// `between` is asked now and then, with the bytes read since, whether to go on.
pub fn read(
    path: &Path,
    flattener: &mut Flattener,
    mut each: impl FnMut(Result<(Place, &Flat<'_>), Problem>),
    mut between: impl FnMut(usize) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut reader = match Reader::open(path) {
        Ok(reader) => reader,
        Err(problem) => {
            each(Err(problem));
            return between(0);
        }
    };
    let mut batch = Batch::new();
    while reader.next_batch(&mut batch) {
        decode(&batch, flattener, &mut each);
        between(batch.len())?;
    }
    ControlFlow::Continue(())
}

/// Flattens the records of a batch.
pub fn decode(batch: &Batch, flattener: &mut Flattener, mut each: impl FnMut(Result<(Place, &Flat<'_>), Problem>)) {
    batch.each(|record| match record {
        Err(problem) => each(Err(problem)),
        Ok(record) => match flattener.flatten(record.bytes) {
            Ok(flat) => match flat.twice() {
                Some(cause) => each(Err(batch.problem(record.place, cause))),
                None => each(Ok((record.place, &flat))),
            },
            Err(cause) => each(Err(batch.problem(record.place, cause))),
        },
    });
}

/// The name of a source in reports, on one line in which every character is seen.
#[must_use]
pub fn source_name(path: &Path) -> String {
    if path.as_os_str() == "-" { "stdin".to_owned() } else { visible(&path.display().to_string()).into_owned() }
}

/// A problem in words, with what to do about it.
#[must_use]
pub fn words(problem: &Problem) -> String {
    format!("{problem}\n  help: {}", problem.cause.help())
}

/// What became of the records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Sources that were read.
    pub sources: usize,
    /// Records that are events.
    pub events: u64,
    /// Events that belong to a template type.
    pub routed: u64,
    /// Events that belong to a template type which some rule is on.
    pub evaluated: u64,
    /// Events that no template type recognises. No rule looks at them.
    pub not_recognised: u64,
    /// Records, or rests of sources, that could not be read.
    pub unread: u64,
    /// Values that did not convert to the type of their field, and count as absent.
    pub not_converted: u64,
    /// Matches: rules on events. A rule on an event counts once, of however many template types the event is.
    pub matches: u64,
}

impl Totals {
    /// Adds those of a part.
    pub const fn add(&mut self, other: &Self) {
        self.sources += other.sources;
        self.events += other.events;
        self.routed += other.routed;
        self.evaluated += other.evaluated;
        self.not_recognised += other.not_recognised;
        self.unread += other.unread;
        self.not_converted += other.not_converted;
        self.matches += other.matches;
    }

    /// Counts an event that belongs to template types `routes`, of which `covered` have rules.
    pub const fn event(&mut self, routes: usize, covered: bool) {
        self.events += 1;
        if routes == 0 {
            self.not_recognised += 1;
        } else {
            self.routed += 1;
        }
        if covered {
            self.evaluated += 1;
        }
    }
}

/// `1 event`, `2 events`.
#[must_use]
pub fn plural(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// Says what became of the records. `unsupplied` are events that the sensor does not supply, which is said elsewhere, as
/// is what rules did not get to see.
pub fn summary(totals: &Totals, tally: &Tally, arguments: &Recorded, unsupplied: u64, streams: &mut Streams<'_>) {
    let mut line = format!(
        "read {} from {}: {} of a known template type, {} not recognised; {}",
        plural(totals.events, "event"),
        plural(totals.sources as u64, "source"),
        totals.routed,
        totals.not_recognised,
        if totals.matches == 1 { "1 match".to_owned() } else { format!("{} matches", totals.matches) },
    );
    if totals.events == 0 && totals.unread == 0 && totals.sources == 1 && arguments.events.is_empty() {
        line.push_str("\nstandard input was read, as no events were named, and had none");
    }
    let unwanted = (totals.routed - totals.evaluated).saturating_sub(unsupplied);
    if unwanted > 0 {
        let _ = write!(line, "\nno rule is on the template types of {}", plural(unwanted, "event"));
    }
    if totals.not_recognised > 0 {
        let cure = match &arguments.template {
            None => {
                "if they are all of one kind, say which with --template NAME; events otherwise need the names that their template type `reads`, such as Channel and EventID".to_owned()
            }
            Some(template) => format!("they say themselves that they are not of `{template}`: leave --template out"),
        };
        let _ = write!(
            line,
            "\n{} not recognised, and no rule looked at {}: {cure}",
            if totals.not_recognised == 1 {
                "1 event was".to_owned()
            } else {
                format!("{} events were", totals.not_recognised)
            },
            if totals.not_recognised == 1 { "it" } else { "them" },
        );
    }
    if tally.total() > 0 {
        let mut most: Vec<(&str, &str, u64)> = tally.iter().collect();
        most.sort_by_key(|(template, field, count)| (std::cmp::Reverse(*count), *template, *field));
        let shown: Vec<String> = most
            .iter()
            .take(5)
            .map(|(template, field, count)| format!("{} of {template} ({count})", visible(field)))
            .collect();
        let more = if most.len() > 5 { format!(" and {} more fields", most.len() - 5) } else { String::new() };
        let _ = write!(
            line,
            "\n{} not of the type of the field and counted as absent: {}{more}",
            if tally.total() == 1 { "1 value was".to_owned() } else { format!("{} values were", tally.total()) },
            shown.join(", ")
        );
    }
    if totals.unread > 0 {
        let _ = write!(
            line,
            "\n{} could not be read{}",
            plural(totals.unread, "record"),
            if arguments.lenient { "" } else { "; the run fails for that (--lenient accepts it)" }
        );
    }
    line.lines().for_each(|line| talk(streams, line));
}

/// Says what was found besides the files.
pub fn introduce(sources: &Sources, streams: &mut Streams<'_>) {
    for problem in &sources.problems {
        talk(streams, &format!("not walked: {problem}"));
    }
    if !sources.left_out.is_empty() {
        talk(streams, &format!("not read: {}", by_reason(&sources.left_out)));
    }
}

/// A line on a terminal that says how far the reading is.
#[must_use]
pub fn progress(streams: &Streams<'_>) -> ProgressBar {
    if !streams.interactive {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
    match ProgressStyle::with_template("{spinner} {bytes} read, {bytes_per_sec}, {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
