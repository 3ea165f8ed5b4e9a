//! From paths to an image: what every command that runs or ships rules begins with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use contentcheck_analysis::findings::Depth;
use contentcheck_compiler::{Options, compile};
use contentcheck_model::diagnostic::visible;
use contentcheck_model::lookup::{self, NotFound};
use contentcheck_model::rule::{CheckedRule, RuleId};
use contentcheck_parser::release::{Checking, Finding, Further, Gathered, Judged, LeftOut, Shippable, WithErrors};
use contentcheck_project::write::InputFiles;
use contentcheck_project::{Collected, Failure, Project, Selection};
pub use contentcheck_run::refusal::{Loaded, verify_alone, verify_for};
use contentcheck_run::{Plan, Profiled, Recording, profile_of};

use crate::Streams;
use crate::args::{CompileOptions, Inputs};
use crate::commands::{plural, threads};
use crate::recorded::{self, Sources};

/// Files that are left out for one reason and named one by one.
const LEFT_OUT: usize = 3;
/// Rules that are left out and named one by one.
const NAMED: usize = 20;

/// What is not checked where no sensor is known.
pub const NO_FLEET: &str = "arity: no fleet was named (--fleet builtin:sysmon, or `fleet` in contentcheck.toml)";

/// Rules that may run, with their image.
pub struct Release {
    /// What was checked.
    pub judged: Judged,
    /// The rules, in the order of the image: the number of a rule is its index.
    pub content: Shippable,
    /// The image.
    pub image: Vec<u8>,
    /// Every file that was read, which no output may replace.
    pub read: InputFiles,
}

impl Release {
    /// The rules, in the order of the image.
    #[must_use]
    pub fn rules(&self) -> Vec<&CheckedRule> {
        self.content.rules().iter().map(|rule| &**rule).collect()
    }

    /// The rule that an id, a name, a title or a file means.
    ///
    /// # Errors
    /// When it means none or several, with the nearest or all of them.
    pub fn find(&self, wanted: &str) -> Result<RuleId, NotFound> {
        lookup::find(self.rules().into_iter().map(CheckedRule::names), wanted)
    }

    /// The image made ready for recorded events.
    ///
    /// # Errors
    /// When the image is rejected, which is a fault of the compiler's.
    pub fn plan(&self) -> Result<Plan, Failure> {
        Plan::for_recorder(&self.content, &self.image).map_err(Failure::internal)
    }
}

/// What inputs mean to the loader.
#[must_use]
pub fn selection(inputs: &Inputs) -> Selection {
    Selection {
        config: inputs.config.clone(),
        no_config: inputs.no_config,
        fleet: inputs.fleet.clone(),
        exclude: inputs.exclude.clone(),
        threads: threads(inputs.threads),
        // Rules that are piped in are as the tool writes them; `lint` asks.
        stdin_name: "stdin.content".to_owned(),
        ..Selection::of(inputs.paths.clone())
    }
}

/// Says what people should know of a project before anything else: the configuration in use, settings without
/// effect, and what directories leave out.
pub fn introduce(project: &Project, gathered: &Gathered, streams: &mut Streams<'_>) {
    introduction(project.config_path.as_deref(), &project.notes, &gathered.not_taken, streams);
}

/// The same of a release that was not checked yet.
pub fn introduce_collected(collected: &Collected, streams: &mut Streams<'_>) {
    introduction(collected.config_path(), collected.notes(), collected.not_taken(), streams);
}

fn introduction(
    config: Option<&Path>,
    notes: &[String],
    not_taken: &[(String, &'static str)],
    streams: &mut Streams<'_>,
) {
    if let Some(path) = config {
        talk(streams, &format!("settings: {}", contentcheck_project::files::name(path)));
    }
    for note in notes {
        talk(streams, note);
    }
    // The data of a table that content names is read wherever it lies.
    if !not_taken.is_empty() {
        talk(streams, &format!("left out of the content: {}", by_reason(not_taken)));
    }
}

/// Says what the directories of the previous release leave out: nothing that is left out of it is compared.
pub fn introduce_previous(gathered: &Gathered, streams: &mut Streams<'_>) {
    if !gathered.not_taken.is_empty() {
        talk(streams, &format!("left out of the previous release: {}", by_reason(&gathered.not_taken)));
    }
}

/// What is said of pairs of rules that were not held against each other.
pub(crate) fn not_compared(pairs: u64) -> String {
    let of = if pairs == 1 { "1 pair of rules was".to_owned() } else { format!("{pairs} pairs of rules were") };
    format!("{of} not held against each other: the work that all of them may take was done; name fewer files at a time")
}

/// What is left out, in one line: the first of each reason.
pub(crate) fn by_reason(left_out: &[(String, &'static str)]) -> String {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, by) in left_out {
        by_reason.entry(by).or_default().push(name);
    }
    let said: Vec<String> = by_reason
        .into_iter()
        .map(|(by, names)| {
            let shown: Vec<&str> = names.iter().take(LEFT_OUT).copied().collect();
            let more = names.len() - shown.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{}{more} ({by})", shown.join(", "))
        })
        .collect();
    said.join("; ")
}

/// Loads, checks, judges and compiles. What stands in the way goes to standard error; where there is anything, there
/// is no release, unless it is to be left out. With `any_sensor`, `sensors` of rules do not count: for recorded
/// events.
///
/// # Errors
/// When an input or the configuration is wrong, or the content is beyond what an image can hold.
pub fn load(
    inputs: &Inputs,
    options: &CompileOptions,
    any_sensor: bool,
    streams: &mut Streams<'_>,
) -> Result<Option<Release>, Failure> {
    let how = Options { skip_unsupplied: options.skip_unsupplied, any_sensor, ..Options::default() };
    load_as(inputs, options.skip_errors, how, None, streams)
}

/// As [`load`], with everything that the compiler can be told. With `profile` it is told what events have too: by these
/// recordings, or by those of the configuration where there are none.
///
/// # Errors
/// The same, and when a recording cannot be read.
pub fn load_as(
    inputs: &Inputs,
    skip_errors: bool,
    options: Options<'_>,
    profile: Option<&[PathBuf]>,
    streams: &mut Streams<'_>,
) -> Result<Option<Release>, Failure> {
    let selection = selection(inputs);
    let project = Project::open(&selection)?;
    introduce(&project, &project.gathered, streams);
    let recordings = match profile {
        Some(named) => recorded::configured(named, &project.config.profile, &project.root)?,
        None => Sources::default(),
    };
    recorded::introduce(&recordings, streams);
    project.read.extend(recordings.files.iter().cloned());
    let mut said = |line: String| talk(streams, &line);
    let Some(passed) = pass(project, selection.threads, skip_errors, options.allow_empty, &mut said)? else {
        return Ok(None);
    };
    let recordings: Vec<Recording> = recordings.files.into_iter().map(Recording::File).collect();
    let options = Options { threads: selection.threads, ..options };
    if recordings.is_empty() {
        return passed.compile(options).map(Some);
    }
    let content = passed.content();
    let without = image_of(content, Options { any_sensor: true, sensor: None, allow_empty: true, ..options })?;
    let Profiled { profile, sampled, .. } =
        profile_of(content, &without, &recordings).map_err(|why| Failure::usage(format!("profile: {why}")))?;
    let (events, values) = (plural(sampled.events as usize, "event"), plural(profile.values() as usize, "value"));
    let of_none = match sampled.events - sampled.recognised {
        0 => String::new(),
        others => format!(", {others} of no template type"),
    };
    talk(
        streams,
        &format!(
            "compiled for events as in the profile: {events}{of_none}, {} on template types with rules, {values}",
            sampled.read
        ),
    );
    passed.compile(Options { profile: Some(&profile), ..options }).map(Some)
}

/// Content that was checked, as far as it may run.
pub struct Passed {
    judged: Judged,
    content: Shippable,
    read: InputFiles,
}

/// Checks and judges. What stands in the way is said, a line each; where there is anything, nothing passes, unless it is
/// to be left out.
///
/// # Errors
/// When no rule is left.
pub fn pass(
    project: Project,
    threads: usize,
    skip_errors: bool,
    allow_empty: bool,
    say: &mut dyn FnMut(String),
) -> Result<Option<Passed>, Failure> {
    // A proof keeps a rule out where the settings make it an error, and is not looked for where it cannot.
    let proofs = project.gathered.policy.has_errors_among(Depth::Quick.codes());
    let further: Option<&dyn Further> = if proofs { Some(&Depth::Quick) } else { None };
    let checking = Checking { further, ..Checking::with_threads(threads) };
    let judged = project.gathered.check(&checking).judge();
    error_lines(&judged).into_iter().for_each(&mut *say);
    let errors = if skip_errors { WithErrors::LeaveOut } else { WithErrors::Refuse };
    let all = judged.checked().rules().len() + unread(&judged);
    let content = match judged.ship(errors) {
        Ok(content) => content,
        Err(_) => {
            let rules = judged.left_out().len();
            if rules > 0 {
                say(format!("{rules} of {} cannot run: {}", plural(all, "rule"), named(judged.left_out())));
            }
            say("nothing was compiled. Fix them, or leave them out with --skip-errors".to_owned());
            return Ok(None);
        }
    };
    if !content.left_out().is_empty() {
        let left = content.left_out();
        say(format!("left out: {} of {}: {}", left.len(), plural(all, "rule"), named(left)));
    }
    if content.rules().is_empty() && !allow_empty {
        return Err(Failure::usage("no rule is left to compile; an empty image is never what was meant"));
    }
    Ok(Some(Passed { judged, content, read: project.read }))
}

fn image_of(content: &Shippable, options: Options<'_>) -> Result<Vec<u8>, Failure> {
    compile(content, options).map_err(|problem| Failure::findings(format!("{}: {problem}", problem.code())))
}

impl Passed {
    /// The rules that may run.
    #[must_use]
    pub const fn content(&self) -> &Shippable {
        &self.content
    }

    /// Compiles them.
    ///
    /// # Errors
    /// When they are beyond what an image can hold.
    pub fn compile(self, options: Options<'_>) -> Result<Release, Failure> {
        let image = image_of(&self.content, options)?;
        Ok(self.with(image))
    }

    /// Takes an image that was compiled before.
    #[must_use]
    pub fn with(self, image: Vec<u8>) -> Release {
        let Self { judged, content, read } = self;
        Release { judged, content, image, read }
    }
}

/// Every error with its help, a line each.
fn error_lines(judged: &Judged) -> Vec<String> {
    let lines = |finding: &Finding| {
        let help = finding.help.as_ref().map(|help| format!("  help: {help}"));
        std::iter::once(finding.to_string()).chain(help)
    };
    judged.errors().flat_map(lines).collect()
}

/// Says every error with its help: whether there is any.
pub fn say_errors(judged: &Judged, streams: &mut Streams<'_>) -> bool {
    let lines = error_lines(judged);
    lines.iter().for_each(|line| talk(streams, line));
    !lines.is_empty()
}

/// How many rules are left out that could not be read.
fn unread(judged: &Judged) -> usize {
    judged.left_out().iter().filter(|out| !out.is_read).count()
}

/// The names of rules that are left out.
fn named(left: &[LeftOut]) -> String {
    // Ids may be the same twice, which may be why.
    let name = |out: &LeftOut| {
        let title = out.title.as_deref().filter(|title| !title.is_empty()).unwrap_or(&out.name);
        format!("`{title}` at {}:{}", out.source.name(), out.source.position(out.span.start).line)
    };
    let shown: Vec<String> = left.iter().take(NAMED).map(name).collect();
    let more = if left.len() > NAMED { format!(" and {} more", left.len() - NAMED) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// Writes a line of talk, behind the data that was written before it. It stays one line, whatever names and titles are
/// in it.
pub fn talk(streams: &mut Streams<'_>, line: &str) {
    // Where nobody listens, the exit code still tells.
    let _ = streams.out.flush();
    let _ = writeln!(streams.err, "{}", visible(line));
}

/// Talks about a problem of several lines, such as one with what to do about it.
pub fn talk_of(streams: &mut Streams<'_>, problem: &str) {
    problem.lines().for_each(|line| talk(streams, line));
}
