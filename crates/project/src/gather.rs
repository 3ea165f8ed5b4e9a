//! Gather: what a selection of files comes to, read and not checked yet.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use contentcheck_model::diagnostic::{codes, json_words, visible};
use contentcheck_model::language::Language;
use contentcheck_model::limits;
use contentcheck_model::source::Source;
use contentcheck_model::template::TemplateType;
use contentcheck_parser::release::{
    Baseline, Checking, Expected, Gathered, Input, InputKind, Names, Recorded, ReleaseInfo, Tables, sha256,
};

use crate::config::{self, Config};
use crate::failure::Failure;
use crate::write::InputFiles;
use crate::{files, fleet, sidecar, walk};

/// Bytes of the largest baseline.
const BASELINE_BYTES: usize = 256 << 20;
/// The key by which a description of recorded samples is known, in the layout of SigmaHQ.
const SAMPLES: &str = "regression_tests_info:";

/// Which baseline counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum UseBaseline {
    /// The one that the configuration names, if it names one.
    #[default]
    Configured,
    /// This file.
    Named(PathBuf),
    /// None.
    No,
}

/// What is loaded.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Files and directories; `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// The configuration file; otherwise `contentcheck.toml` is looked for upward from the first path.
    pub config: Option<PathBuf>,
    /// Whether no configuration file counts.
    pub no_config: bool,
    /// Sensors, instead of those that the configuration names.
    pub fleet: Vec<String>,
    /// What directories leave out, besides what the configuration says.
    pub exclude: Vec<String>,
    /// What is said of codes, over the configuration.
    pub codes: config::Codes,
    /// Whether warnings fail, besides what the configuration says.
    pub deny_warnings: bool,
    /// Accepted findings.
    pub baseline: UseBaseline,
    /// The name of standard input; its ending tells the language.
    pub stdin_name: String,
    /// How many threads read, at least one.
    pub threads: usize,
    /// Whether there may be no content at all.
    pub may_be_empty: bool,
    /// Whether the rest of a release is read too where a part of it is named: what a rule means can depend on it.
    pub with_the_rest: bool,
}

impl Selection {
    /// Paths, with everything else by default.
    #[must_use]
    pub fn of(paths: Vec<PathBuf>) -> Self {
        Self {
            paths,
            config: None,
            no_config: false,
            fleet: Vec::new(),
            exclude: Vec::new(),
            codes: config::Codes::default(),
            deny_warnings: false,
            baseline: UseBaseline::default(),
            stdin_name: "stdin.yml".to_owned(),
            threads: 1,
            may_be_empty: false,
            with_the_rest: false,
        }
    }

    /// The configuration that counts for it.
    ///
    /// # Errors
    /// When it is wrong.
    pub fn configuration(&self) -> Result<config::Loaded, Failure> {
        if self.no_config {
            return Ok(config::Loaded::default());
        }
        let first = self.paths.iter().find(|path| !is_stdin(path)).map_or(Path::new("."), PathBuf::as_path);
        config::load(self.config.as_deref(), first)
    }
}

/// A release as it was read.
#[derive(Clone, Debug)]
pub struct Project {
    /// Everything that has an influence on it.
    pub gathered: Gathered,
    /// The settings.
    pub config: Config,
    /// The file that they are from.
    pub config_path: Option<PathBuf>,
    /// The directory that paths in the configuration are relative to.
    pub root: PathBuf,
    /// How many content files were found, readable or not.
    pub files: usize,
    /// Where each content file is, by name.
    pub paths: BTreeMap<String, PathBuf>,
    /// Every file that was read or will be, which no output may replace.
    pub read: InputFiles,
    /// What people should know of the settings, a line each.
    pub notes: Vec<String>,
    /// Configurations that lie below what was named and do not count.
    pub other_configs: Vec<String>,
}

/// A release as it was read, without what ships with the tool: what says whether it was read before. Nothing is checked
/// with it.
#[derive(Clone, Debug)]
pub struct Collected {
    /// Without library and known sensors.
    pub(crate) project: Project,
    asked: Asked,
}

/// The data files of tables that were asked for, by path.
type Asked = Arc<Mutex<BTreeSet<String>>>;

/// The data files of the tables of a release. Which these are shows when it is checked.
#[derive(Clone, Debug)]
pub struct TableFiles {
    tables: Tables,
    asked: Asked,
}

impl TableFiles {
    /// Those that checking asked for so far, each with the digest of its bytes; none where it could not be read.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<String, Option<String>> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        asked.into_iter().map(|path| (self.digest(&path), path)).map(|(digest, path)| (path, digest)).collect()
    }

    /// The digest of a data file. It is read once, and checking takes the same bytes.
    #[must_use]
    pub fn digest(&self, path: &str) -> Option<String> {
        self.tables.load(path).map(|bytes| sha256(&bytes))
    }
}

impl Collected {
    /// The file that the settings are from.
    #[must_use]
    pub fn config_path(&self) -> Option<&Path> {
        self.project.config_path.as_deref()
    }

    /// What people should know of the settings, a line each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.project.notes
    }

    /// What a directory has and the release leaves out, and why.
    #[must_use]
    pub fn not_taken(&self) -> &[(String, &'static str)] {
        &self.project.gathered.not_taken
    }

    /// The data files of its tables, also once it is a project that is checked.
    #[must_use]
    pub fn table_files(&self) -> TableFiles {
        TableFiles { tables: self.project.gathered.tables.clone(), asked: Arc::clone(&self.asked) }
    }

    /// The template types of the library and of these content files, of each the newest; all others would declare none.
    ///
    /// # Errors
    /// When the library is wrong, which a test shows it is not.
    pub fn templates(&self, declaring: &BTreeSet<String>) -> Result<Vec<Arc<TemplateType>>, Failure> {
        let library = library()?;
        if declaring.is_empty() {
            return Ok(library.to_vec());
        }
        let declares = |(source, _): &&(Source, Language)| declaring.contains(source.name());
        let sources = self.project.gathered.sources.iter().filter(declares).cloned().collect();
        let checked = Gathered { library, ..Gathered::of(sources) }.check(&Checking::default());
        Ok(checked.catalogue().newest().into_iter().cloned().collect())
    }

    /// With what ships with the tool: ready to be checked.
    ///
    /// # Errors
    /// When the library is wrong, which a test shows it is not.
    pub fn complete(self) -> Result<Project, Failure> {
        let mut project = self.project;
        project.gathered.library = library()?;
        project.gathered.known_sensors = Some(contentcheck_library::known_sensors());
        Ok(project)
    }
}

/// Reads what ships with the tool while files are read. That is done once; where there is no thread for it, whoever asks
/// first does it.
pub fn read_library_aside() {
    let _ = thread::Builder::new().spawn(|| drop(contentcheck_library::templates()));
}

fn library() -> Result<contentcheck_library::Templates, Failure> {
    contentcheck_library::templates().map_err(|problems| Failure::internal(fleet::problems_in(&problems).message))
}

impl Project {
    /// Reads what a selection means.
    ///
    /// # Errors
    /// When something that was named is not there, or the configuration, the fleet or the baseline is wrong.
    pub fn open(selection: &Selection) -> Result<Self, Failure> {
        Self::collect(selection)?.complete()
    }

    /// Reads what a selection means, to be looked up before it is checked.
    ///
    /// # Errors
    /// As [`Project::open`].
    pub fn collect(selection: &Selection) -> Result<Collected, Failure> {
        read_library_aside();
        let loaded = selection.configuration()?;
        let (root, is_configured) = (loaded.root(), loaded.path.is_some());
        let (config, config_path) = (loaded.config.clone(), loaded.path.clone());
        let mut policy = config::policy(&loaded, &selection.codes)?;
        policy.deny_warnings |= selection.deny_warnings;
        let mut inputs: Vec<Input> = loaded.inputs;
        let read = InputFiles::default();
        read.extend(config_path.iter().cloned().chain(loaded.extended));
        // A run that reads none of this writes over none of it either: what a gate is to compare with may not go unseen.
        read.extend(config.gate.of_evidence().map(|path| root.join(path)));
        let beside =
            config.gate.previous_evidence.iter().map(|path| root.join(path).with_file_name(files::ATTESTATION));
        read.extend(beside);
        for path in config.gate.recordings.iter().chain(&config.gate.never_match).chain(&config.profile) {
            read.add_tree(root.join(path), files::is_events);
        }
        if let Some(previous) = &config.gate.previous {
            read.add_tree(root.join(previous), |_| true);
        }
        let mut notes = Vec::new();
        let named_baseline = match &selection.baseline {
            UseBaseline::Configured => config.baseline.as_ref().map(|path| root.join(path)),
            UseBaseline::Named(path) => Some(path.clone()),
            UseBaseline::No => None,
        };
        if let Some(path) = &named_baseline {
            let (baseline, input) = self::baseline(path, &mut notes)?;
            policy.baseline = Some(Recorded { baseline, names: names_of(path)? });
            inputs.push(input);
            read.add(path);
        }
        let selected = if selection.fleet.is_empty() {
            fleet::selected(&config.fleet, &root)?
        } else {
            fleet::selected(&selection.fleet, Path::new(""))?
        };
        inputs.extend(selected.inputs);
        read.extend(selected.paths);
        let fleet = fleet::fleet(selected.sensors)?;
        let (stdin, paths): (Vec<PathBuf>, Vec<PathBuf>) =
            selection.paths.iter().cloned().partition(|path| is_stdin(path));
        let exclude: Vec<String> = config.exclude.iter().chain(&selection.exclude).cloned().collect();
        let mut walked = walk::walk(&paths, &exclude, &root, is_configured)?;
        // Of a part of the release nothing can be said: what an exclusion is for may lie beside it. Without settings what is
        // named is all there is.
        let is_whole =
            !is_configured || paths.iter().any(|path| fs::canonicalize(path).ok() == fs::canonicalize(&root).ok());
        if is_whole {
            let idle = exclude.iter().filter(|glob| !glob.starts_with('!') && !walked.used.contains(glob.trim()));
            notes.extend(idle.map(|glob| format!("the exclusion `{glob}` leaves nothing out: is it misspelt?")));
            for file in &walked.ignore_files {
                let name = crate::files::name(&file.path);
                let idle = file.idle.iter().map(|pattern| visible(pattern));
                notes.extend(idle.map(|pattern| format!("{name}: `{pattern}` leaves nothing out: is it misspelt?")));
            }
        }
        let rest = if selection.with_the_rest && !is_whole {
            let stdin = (!stdin.is_empty()).then_some(Path::new(&selection.stdin_name));
            let given: Vec<&Path> = paths.iter().map(PathBuf::as_path).chain(stdin).collect();
            let previous = config.gate.previous.as_ref().map(|path| root.join(path));
            the_rest(&given, &walked.files, &exclude, (&root, previous.as_deref()))?
        } else {
            Vec::new()
        };
        for (glob, codes) in &config.per_file_ignores {
            let all = walked.files.iter().chain(&walked.sidecars).chain(&rest);
            let names = walk::matching(glob, all, &root)?;
            if names.is_empty() && is_whole {
                notes.push(format!("`{glob}` under [per-file-ignores] is no file: is it misspelt?"));
            }
            policy
                .ignore_in(glob, codes, names)
                .map_err(|problem| Failure::usage(format!("[per-file-ignores] {problem}")))?;
        }
        // Whoever gave a directory settings means them to count.
        let in_use = config_path.as_ref().and_then(|path| fs::canonicalize(path).ok());
        let is_other = |path: &&PathBuf| fs::canonicalize(path).ok() != in_use;
        let other_configs: Vec<String> = if selection.no_config {
            Vec::new()
        } else {
            let above = paths.iter().skip(1).filter_map(|path| config::find(path));
            let all: BTreeSet<PathBuf> = walked.configurations.iter().cloned().chain(above).collect();
            let others: BTreeSet<String> = all.iter().filter(is_other).map(|path| files::name(path)).collect();
            others.into_iter().collect()
        };
        notes.extend(other_configs.first().map(|first| {
            let more = if other_configs.len() > 1 {
                format!(" and {} more do", other_configs.len() - 1)
            } else {
                " does".to_owned()
            };
            format!(
                "{first}{more} not count here: settings are those of the directory that is named first, or of one above it"
            )
        }));
        let mut problems = std::mem::take(&mut walked.problems);
        let mut not_taken = std::mem::take(&mut walked.not_taken);
        let mut sources = Vec::new();
        let mut places = BTreeMap::new();
        if !stdin.is_empty() {
            match walk::read_stdin(&selection.stdin_name)? {
                Ok(source) => sources.push(source),
                Err(problem) => problems.push(*problem),
            }
        }
        let mut files = walked.files.len() + usize::from(!stdin.is_empty());
        for (found, source) in walked.files.iter().zip(walk::read(&walked.files, selection.threads)) {
            read.add(&found.path);
            match source {
                Ok((source, language)) if describes_samples(&source, language) => {
                    not_taken.push((found.name.clone(), "describes recorded samples"));
                    files -= 1;
                }
                Ok((source, language)) => {
                    places.insert(found.name.clone(), found.path.clone());
                    sources.push((source, language));
                }
                Err(problem) => problems.push(*problem),
            }
        }
        if files == 0 && problems.is_empty() && !selection.may_be_empty {
            return Err(nothing(selection, &not_taken));
        }
        let mut around = BTreeSet::new();
        for (found, source) in rest.iter().zip(walk::read(&rest, selection.threads)) {
            // What cannot be read of it is told where all of it is looked at.
            let Ok((source, language)) = source else { continue };
            if !describes_samples(&source, language) {
                read.add(&found.path);
                around.insert(found.name.clone());
                places.insert(found.name.clone(), found.path.clone());
                sources.push((source, language));
            }
        }
        for file in walked.ignore_files {
            read.add(file.path);
            inputs.extend(file.input);
        }
        // Nothing is known of findings that nobody looked for; nor of those in files that are there and were not looked at.
        let passes_over = selection.codes.passes_over()?;
        if let Some(Recorded { baseline, .. }) = &mut policy.baseline {
            baseline.findings.retain(|entry| !passes_over(&entry.code));
        }
        if let Some(Recorded { baseline, names }) = &mut policy.baseline {
            let unread = problems.iter().map(|problem| problem.source.name());
            let looked_at = sources.iter().map(|(source, _)| source.name()).chain(unread);
            let other = other_files(baseline, names, named_baseline.as_deref().unwrap_or(Path::new("")), looked_at);
            baseline.findings.retain(|entry| !other.contains(&entry.file));
        }
        let beside = sidecar::beside(&walked.sidecars, &places, &mut inputs, &read, &mut problems);
        let data = read.clone();
        let asked = Asked::default();
        let asking = Arc::clone(&asked);
        let real = Real::of(&places);
        let gathered = Gathered {
            release: ReleaseInfo { name: config.release.name.clone(), sequence: config.release.sequence },
            sources,
            problems,
            beside,
            library: Arc::default(),
            fleet,
            known_sensors: None,
            tables: Tables::new(move |path| {
                data.add(path);
                asking.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
                files::read_bytes(&real.path(path)?, limits::TABLE_BYTES).ok()
            }),
            policy,
            inputs,
            not_taken,
            around,
        };
        let project = Self { gathered, config, config_path, root, files, paths: places, read, notes, other_configs };
        Ok(Collected { project, asked })
    }
}

impl Project {
    /// The content of the release that is not in it, since a part of its directory was named: the settings say what the whole
    /// of it is called. Without a name and a sequence they are of no release.
    ///
    /// # Errors
    /// When an exclusion is malformed.
    pub fn apart(&self, selection: &Selection) -> Result<Vec<String>, Failure> {
        let release = &self.config.release;
        if self.config_path.is_none() || (release.name.is_none() && release.sequence.is_none()) {
            return Ok(Vec::new());
        }
        let real = |path: &Path| fs::canonicalize(path).ok();
        let root = if self.root.as_os_str().is_empty() { Path::new(".") } else { &self.root };
        if selection.paths.iter().any(|path| real(path) == real(root)) {
            return Ok(Vec::new());
        }
        let exclude: Vec<String> = self.config.exclude.iter().chain(&selection.exclude).cloned().collect();
        let walked = walk::walk(&[root.to_path_buf()], &exclude, root, true)?;
        let own: BTreeSet<PathBuf> = self.paths.values().filter_map(|path| real(path)).collect();
        let (samples, mut beside): (Vec<walk::Found>, Vec<walk::Found>) = walked
            .files
            .into_iter()
            .filter(|found| real(&found.path).is_none_or(|path| !own.contains(&path)))
            .partition(|found| may_describe_samples(&found.name));
        // What else is there is content by its name; of these alone the text says so.
        let read = walk::read(&samples, selection.threads);
        let is_content = |read: &Result<(Source, Language), _>| match read {
            Ok((source, language)) => !describes_samples(source, *language),
            Err(_) => true,
        };
        beside.extend(samples.iter().zip(read).filter(|(_, read)| is_content(read)).map(|(found, _)| found.clone()));
        let mut names: Vec<String> = beside.into_iter().map(|found| found.name).collect();
        names.sort_unstable();
        Ok(names)
    }
}

/// Where directories really are whose names are not UTF-8: what is named in content has the name that is shown.
struct Real(BTreeMap<String, Option<PathBuf>>);

impl Real {
    fn of(places: &BTreeMap<String, PathBuf>) -> Self {
        let mut found: BTreeMap<String, Option<PathBuf>> = BTreeMap::new();
        for (name, path) in places.iter().filter(|(name, _)| name.contains(char::REPLACEMENT_CHARACTER)) {
            for (name, path) in Path::new(name).ancestors().zip(path.ancestors()).skip(1) {
                let path = path.to_owned();
                // Where two directories have one name, neither is meant.
                let known = found.entry(name.to_string_lossy().into_owned()).or_insert_with(|| Some(path.clone()));
                if known.as_ref().is_some_and(|known| *known != path) {
                    *known = None;
                }
            }
        }
        Self(found)
    }

    /// The file that is shown under a name; nothing where that may be one of several.
    fn path(&self, name: &str) -> Option<PathBuf> {
        for directory in Path::new(name).ancestors().skip(1) {
            if let Some(real) = self.0.get(directory.to_string_lossy().as_ref()) {
                return Some(real.as_ref()?.join(Path::new(name).strip_prefix(directory).ok()?));
            }
        }
        Some(PathBuf::from(name))
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Whether a file has the name of a description of recorded samples.
fn may_describe_samples(name: &str) -> bool {
    name.rsplit('/').next() == Some("info.yml")
}

/// Whether a file is no content but a description of recorded samples, which `contentcheck test --regression` reads.
fn describes_samples(source: &Source, language: Language) -> bool {
    language == Language::Sigma
        && may_describe_samples(source.name())
        && source.text().lines().any(|line| line.starts_with(SAMPLES))
}

fn nothing(selection: &Selection, not_taken: &[(String, &'static str)]) -> Failure {
    let names: Vec<String> = selection.paths.iter().map(|path| files::name(path)).collect();
    let mut message = format!("no content in {}; content is called *.content, *.yml or *.yaml", names.join(", "));
    if let Some((first, by)) = not_taken.first() {
        message.push_str(&format!("; left out: {first} ({by})"));
        if not_taken.len() > 1 {
            message.push_str(&format!(" and {} more", not_taken.len() - 1));
        }
    }
    Failure::usage(message)
}

/// How a baseline at this path names the files of this run.
///
/// # Errors
/// When its directory, or that of the run, is not there.
pub fn names_of(baseline: &Path) -> Result<Names, Failure> {
    let directory = baseline.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let real = |path: &Path| {
        let failed = |error| Failure::usage(format!("{}: {}", files::name(path), files::reason(&error)));
        path.canonicalize().map_err(failed)
    };
    Ok(Names::new(real(Path::new("."))?, real(directory)?))
}

/// The content of a release besides what was named of it. Nothing, where nothing that was named is a part of it. The release before is none of it, nor is
/// a directory with settings of its own.
fn the_rest(
    given: &[&Path],
    named: &[walk::Found],
    exclude: &[String],
    (root, previous): (&Path, Option<&Path>),
) -> Result<Vec<walk::Found>, Failure> {
    let real = |path: &Path| fs::canonicalize(path).ok();
    let above = real(root);
    let is_part = |path: &&Path| {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        // What comes by standard input need not be there yet.
        let place = real(path).or_else(|| real(parent.unwrap_or(Path::new("."))));
        place.zip(above.as_ref()).is_some_and(|(place, above)| place.starts_with(above))
    };
    if !given.iter().any(is_part) {
        return Ok(Vec::new());
    }
    let named = named.iter().map(|found| found.path.as_path());
    let known: BTreeSet<PathBuf> = named.chain(given.iter().copied()).filter_map(real).collect();
    let walk::Walked { files: mut rest, configurations, .. } = walk::walk(&[root.to_path_buf()], exclude, root, true)?;
    let own =
        configurations.iter().filter_map(|path| real(path.parent()?)).filter(|place| Some(place) != above.as_ref());
    let others: Vec<PathBuf> = own.chain(previous.and_then(real)).collect();
    rest.retain(|found| {
        let is_other = |path: &PathBuf| others.iter().any(|other| path.starts_with(other));
        real(&found.path).is_none_or(|path| !known.contains(&path) && !is_other(&path))
    });
    Ok(rest)
}

/// The files of a baseline at this path that are there, and that a run did not look at.
fn other_files<'n>(
    baseline: &Baseline,
    names: &Names,
    path: &Path,
    looked_at: impl Iterator<Item = &'n str>,
) -> BTreeSet<String> {
    let directory = path.parent().unwrap_or(Path::new(""));
    let looked_at: BTreeSet<String> = looked_at.map(|name| names.of(name)).collect();
    let files: BTreeSet<&str> = baseline.findings.iter().map(|entry| entry.file.as_str()).collect();
    let is_other = |file: &&str| !looked_at.contains(*file) && directory.join(file).is_file();
    files.into_iter().filter(is_other).map(str::to_owned).collect()
}

/// What a baseline at this path has of files that are there and that a run did not look at, and of codes that it did not look for: what is
/// recorded of a part takes nothing away from the rest. Nothing where there is no baseline yet.
///
/// # Errors
/// When it is no baseline, so that what is recorded of other files would be lost, or the directory that it is in cannot be read.
pub fn kept_of<'n>(
    path: &Path,
    looked_at: impl Iterator<Item = &'n str>,
    passes_over: impl Fn(&str) -> bool,
) -> Result<Vec<Expected>, Failure> {
    // What is no file, such as /dev/stdout, has nothing recorded in it.
    if !fs::metadata(path).is_ok_and(|there| there.is_file() && there.len() > 0) {
        return Ok(Vec::new());
    }
    let (baseline, _) = baseline(path, &mut Vec::new())?;
    let other = other_files(&baseline, &names_of(path)?, path, looked_at);
    let directory = path.parent().unwrap_or(Path::new(""));
    let is_kept = |entry: &Expected| {
        other.contains(&entry.file) || (passes_over(&entry.code) && directory.join(&entry.file).is_file())
    };
    Ok(baseline.findings.into_iter().filter(is_kept).collect())
}

/// Reads a baseline file.
fn baseline(path: &Path, notes: &mut Vec<String>) -> Result<(Baseline, Input), Failure> {
    let name = files::name(path);
    let bytes =
        files::read_whole(path, BASELINE_BYTES).map_err(|problem| Failure::usage(format!("{name}: {problem}")))?;
    let read: Baseline = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::usage(format!("{name}: not a baseline: {}", json_words(&error))))?;
    if read.format != Baseline::FORMAT {
        return Err(Failure::usage(format!(
            "{name}: format {} is not known; this version reads format {}",
            read.format,
            Baseline::FORMAT
        )));
    }
    let without_effect = |entry: &&contentcheck_parser::release::Expected| {
        codes::find(&entry.code).is_some_and(|code| !code.is_acceptable())
    };
    let mut ids: Vec<&str> = read.findings.iter().filter(without_effect).map(|entry| entry.code.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    if !ids.is_empty() {
        notes.push(format!(
            "{name}: its entries of {} have no effect: nothing can accept these findings",
            ids.join(", ")
        ));
    }
    Ok((read, Input::new(InputKind::Baseline, name, &bytes)))
}
