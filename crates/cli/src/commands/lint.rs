//! `contentcheck lint`

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use contentcheck_analysis::findings::Depth;
use contentcheck_parser::check::{self, CheckedContent, Context, Further, Language};
use contentcheck_parser::decode::MARK;
use contentcheck_parser::diagnostic::{Diagnostic, Severity};
use contentcheck_parser::limits;
use contentcheck_parser::sensor::Fleet;
use contentcheck_parser::source::Source;
use contentcheck_parser::template::TemplateType;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{threads, written};
use crate::Streams;
use crate::args::{Inputs, Lint};
use crate::baseline::Baseline;
use crate::config::{self, Level, Loaded};
use crate::exit::{Exit, Failure, Outcome};
use crate::report::{self, Report};
use crate::walk::Found;
use crate::{fix, fleet, walk};

/// Content that was read and checked.
pub struct Checked {
    /// The content.
    pub content: CheckedContent,
    /// All findings, with default severities, sorted by file and place.
    pub findings: Vec<Diagnostic>,
    /// Number of files.
    pub files: usize,
    /// Checks that did not run, with the reason.
    pub skipped: Vec<String>,
    /// The sources, by name.
    pub sources: BTreeMap<String, (Source, PathBuf)>,
    /// Files of tests that lie among them.
    pub sidecars: Vec<Found>,
}

/// The configuration for these inputs.
///
/// # Errors
/// When it is wrong.
pub fn configuration(inputs: &Inputs) -> Result<Loaded, Failure> {
    if inputs.no_config {
        return Ok(Loaded::default());
    }
    let first = inputs.paths.iter().find(|path| path.as_os_str() != "-").map_or(Path::new("."), PathBuf::as_path);
    config::load(inputs.config.as_deref(), first)
}

/// What inputs name, read and not checked yet.
pub struct Gathered {
    /// The sources and their languages.
    pub sources: Vec<(Source, Language)>,
    /// Findings of reading.
    pub problems: Vec<Diagnostic>,
    /// The sources that are files, by name.
    pub named: BTreeMap<String, (Source, PathBuf)>,
    /// Number of files.
    pub files: usize,
    /// The sensors that the content is for.
    pub fleet: Option<Fleet>,
    /// Template types that ship.
    pub library: Vec<TemplateType>,
    /// Files of tests that lie among them.
    pub sidecars: Vec<Found>,
}

/// Reads what the inputs name.
///
/// # Errors
/// When an input that was named is not there, or the fleet is wrong.
pub fn gather(inputs: &Inputs, loaded: &Loaded, stdin_name: &str) -> Result<Gathered, Failure> {
    let threads = threads(inputs.threads);
    let root = loaded.root();
    let fleet = if inputs.fleet.is_empty() {
        fleet::fleet(&loaded.config.fleet, &root)?
    } else {
        fleet::fleet(&inputs.fleet, Path::new(""))?
    };
    let (stdin, paths): (Vec<PathBuf>, Vec<PathBuf>) =
        inputs.paths.iter().cloned().partition(|path| path.as_os_str() == "-");
    let mut exclude = loaded.config.exclude.clone();
    exclude.extend(inputs.exclude.iter().cloned());
    let mut walked = walk::walk(&paths, &exclude, &root)?;
    let mut problems = std::mem::take(&mut walked.problems);
    let mut sources = Vec::new();
    let mut named = BTreeMap::new();
    if !stdin.is_empty() {
        match walk::read_stdin(stdin_name)? {
            Ok(read) => sources.push(read),
            Err(problem) => problems.push(*problem),
        }
    }
    for (found, read) in walked.files.iter().zip(walk::read(&walked.files, threads)) {
        match read {
            Ok((source, language)) => {
                named.insert(found.name.clone(), (source.clone(), found.path.clone()));
                sources.push((source, language));
            }
            Err(problem) => problems.push(*problem),
        }
    }
    let files = walked.files.len() + usize::from(!stdin.is_empty());
    if files == 0 && problems.is_empty() {
        let names: Vec<String> = inputs.paths.iter().map(|path| walk::name(path)).collect();
        let message = format!("no content in {}; content is called *.content, *.yml or *.yaml", names.join(", "));
        return Err(Failure::usage(message));
    }
    let library = contentcheck_library::templates()
        .map_err(|problems| Failure { exit: Exit::Internal, ..fleet::problems_in(&problems) })?;
    Ok(Gathered { sources, problems, named, files, fleet, library, sidecars: walked.sidecars })
}

/// The bytes of a data file.
pub fn table_bytes(_: &Source, path: &str) -> Option<Vec<u8>> {
    walk::read_bytes(Path::new(path), limits::TABLE_BYTES).ok()
}

/// Reads and checks what the inputs name, without an analysis.
///
/// # Errors
/// When an input that was named is not there, or the fleet is wrong.
pub fn check(
    inputs: &Inputs,
    loaded: &Loaded,
    stdin_name: &str,
    streams: &mut Streams<'_>,
) -> Result<Checked, Failure> {
    analyse(inputs, loaded, stdin_name, None, streams)
}

/// Reads and checks what the inputs name, and analyses the rules that pass.
///
/// # Errors
/// When an input that was named is not there, or the fleet is wrong.
pub fn analyse(
    inputs: &Inputs,
    loaded: &Loaded,
    stdin_name: &str,
    depth: Option<Depth>,
    streams: &mut Streams<'_>,
) -> Result<Checked, Failure> {
    let Gathered { sources, problems: mut findings, named, files, fleet, library, sidecars } =
        gather(inputs, loaded, stdin_name)?;
    let bar = progress(sources.len(), streams);
    let threads = threads(inputs.threads);
    let context = Context { library, fleet: fleet.as_ref(), threads };
    let further = Further {
        codes: depth.map_or(&[], Depth::codes),
        find: &|rules, known| match depth {
            Some(depth) => contentcheck_analysis::findings::findings(rules, known, depth, threads),
            None => Vec::new(),
        },
    };
    let (mut content, found) = check::check_further(&sources, context, &table_bytes, &|| bar.inc(1), &further);
    bar.finish_and_clear();
    content.note_unread(&findings);
    findings.extend(found);
    sort(&mut findings);
    let mut skipped = Vec::new();
    if fleet.is_none() {
        skipped.push("arity: no fleet was named (--fleet builtin:sysmon, or `fleet` in contentcheck.toml)".to_owned());
    }
    Ok(Checked { content, findings, files, skipped, sources: named, sidecars })
}

/// By file and place.
pub(crate) fn sort(findings: &mut [Diagnostic]) {
    findings.sort_by(|a, b| {
        a.source.name().cmp(b.source.name()).then_with(|| (a.span, a.code.id).cmp(&(b.span, b.code.id)))
    });
}

/// A bar on a terminal, when the work is long enough to wait for.
fn progress(files: usize, streams: &Streams<'_>) -> ProgressBar {
    if !streams.interactive || files < 200 {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::stderr_with_hz(10));
    match ProgressStyle::with_template("checking {wide_bar} {pos}/{len}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Runs the command.
///
/// # Errors
/// When the command line, the configuration or an input that was named is wrong.
pub fn run(arguments: &Lint, streams: &mut Streams<'_>) -> Outcome {
    if !arguments.watch {
        return once(arguments, streams);
    }
    loop {
        let before = state(arguments);
        talk(streams, "\n--- checking ---");
        if let Err(failure) = once(arguments, streams) {
            talk(streams, &format!("error: {}", failure.message));
        }
        written(streams.out.flush())?;
        talk(streams, "--- watching; interrupt to stop ---");
        while state(arguments) == before {
            thread::sleep(Duration::from_millis(300));
        }
    }
}

/// Names, sizes and times of everything that a run reads from directories and files.
fn state(arguments: &Lint) -> BTreeMap<PathBuf, (u64, Option<SystemTime>)> {
    let Ok(loaded) = configuration(&arguments.inputs) else { return BTreeMap::new() };
    let mut exclude = loaded.config.exclude.clone();
    exclude.extend(arguments.inputs.exclude.iter().cloned());
    let files =
        walk::walk(&arguments.inputs.paths, &exclude, &loaded.root()).map(|walked| walked.files).unwrap_or_default();
    let paths = files.into_iter().map(|found| found.path).chain(loaded.path);
    paths
        .filter_map(|path| {
            let metadata = fs::metadata(&path).ok()?;
            Some((path, (metadata.len(), metadata.modified().ok())))
        })
        .collect()
}

fn talk(streams: &mut Streams<'_>, line: &str) {
    // Where standard error is gone, nobody listens.
    let _ = writeln!(streams.err, "{line}");
}

const fn depth(arguments: &Lint) -> Depth {
    if arguments.deep { Depth::Deep } else { Depth::Quick }
}

fn once(arguments: &Lint, streams: &mut Streams<'_>) -> Outcome {
    let loaded = configuration(&arguments.inputs)?;
    let severities = config::severities(&loaded.config, &arguments.severity)?;
    let shown = Level::from_word(&arguments.show)
        .and_then(Level::severity)
        .ok_or_else(|| Failure::usage(format!("`--show {}`: write info, warning or error", arguments.show)))?;
    let baseline = match (&arguments.baseline, &loaded.config.baseline) {
        (Some(path), _) => Some(Baseline::read(path)?),
        (None, Some(path)) if arguments.write_baseline.is_none() => Some(Baseline::read(&loaded.root().join(path))?),
        _ => None,
    };
    let mut checked = analyse(&arguments.inputs, &loaded, &arguments.stdin_name, Some(depth(arguments)), streams)?;
    let mut findings = config::apply(&severities, std::mem::take(&mut checked.findings));
    if let Some(path) = &arguments.write_baseline {
        let baseline = Baseline::of(&findings);
        walk::write(path, &baseline.to_json()?)
            .map_err(|error| Failure::usage(format!("{}: {}", walk::name(path), walk::reason(&error))))?;
        talk(streams, &format!("{} findings recorded in {}", findings.len(), walk::name(path)));
        return Ok(Exit::Fine);
    }
    if let Some(baseline) = &baseline {
        let (new, gone) = baseline.filter(findings);
        findings = new;
        if gone > 0 {
            talk(streams, &format!("{gone} findings of the baseline are gone; write it anew with --write-baseline"));
        }
    }
    if arguments.diff || arguments.fix {
        let mended = mend(arguments, &checked, &findings, streams)?;
        if arguments.diff {
            return Ok(if findings.iter().any(|finding| finding.fix.is_some()) { Exit::Findings } else { Exit::Fine });
        }
        if mended > 0 {
            // What is left is what a fresh look finds.
            checked = analyse(&arguments.inputs, &loaded, &arguments.stdin_name, Some(depth(arguments)), streams)?;
            findings = config::apply(&severities, std::mem::take(&mut checked.findings));
            if let Some(baseline) = &baseline {
                findings = baseline.filter(findings).0;
            }
        }
    }
    let deny = arguments.deny_warnings || loaded.config.deny_warnings;
    let least = if deny { Severity::Warning } else { Severity::Error };
    let fails = findings.iter().any(|finding| finding.severity >= least);
    let left_out = checked.content.left_out(&findings).len();
    let all = findings.len();
    findings.retain(|finding| finding.severity >= shown);
    let report = Report {
        findings: &findings,
        files: checked.files,
        rules: checked.content.rules().len(),
        skipped: &checked.skipped,
        color: streams.color && arguments.output.is_none(),
    };
    match &arguments.output {
        Some(path) => {
            let mut text = Vec::new();
            written(report::write(arguments.format, &report, &mut text))?;
            let text = String::from_utf8(text).map_err(|_| Failure::internal("the report is not UTF-8"))?;
            walk::write(path, &text)
                .map_err(|error| Failure::usage(format!("{}: {}", walk::name(path), walk::reason(&error))))?;
        }
        None => {
            written(report::write(arguments.format, &report, streams.out))?;
        }
    }
    summary(&report, all - findings.len(), &arguments.show, streams);
    if left_out > 0 {
        let files = if left_out == 1 { "1 file has".to_owned() } else { format!("{left_out} files have") };
        talk(
            streams,
            &format!("{files} rules with errors that are accepted or off: they are part of no release (CC0808)"),
        );
    }
    Ok(if fails { Exit::Findings } else { Exit::Fine })
}

fn summary(report: &Report<'_>, hidden: usize, shown: &str, streams: &mut Streams<'_>) {
    let plural = |count: usize, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    let mut line = format!(
        "checked {} with {}: {}, {}, {}",
        plural(report.files, "file"),
        plural(report.rules, "rule"),
        plural(report.count(Severity::Error), "error"),
        plural(report.count(Severity::Warning), "warning"),
        plural(report.count(Severity::Info), "note"),
    );
    let fixable = report.findings.iter().filter(|finding| finding.fix.is_some()).count();
    if fixable > 0 {
        line.push_str(&format!("; {fixable} can be mended with --fix"));
    }
    if hidden > 0 {
        line.push_str(&format!("; {} below `{shown}` hidden (--show info)", plural(hidden, "finding")));
    }
    talk(streams, &line);
    for skipped in report.skipped {
        talk(streams, &format!("not checked: {skipped}"));
    }
}

/// Applies the mends, or shows what they would change: how many there are.
fn mend(
    arguments: &Lint,
    checked: &Checked,
    findings: &[Diagnostic],
    streams: &mut Streams<'_>,
) -> Result<usize, Failure> {
    let mut by_file: BTreeMap<&str, Vec<&Diagnostic>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.fix.is_some()) {
        by_file.entry(finding.source.name()).or_default().push(finding);
    }
    let mut mended = 0;
    for (name, findings) in &by_file {
        let Some((source, path)) = checked.sources.get(*name) else { continue };
        let (text, count) = fix::apply(source.text(), findings);
        mended += count;
        if arguments.diff {
            written(streams.out.write_all(fix::diff(name, source.text(), &text).as_bytes()))?;
        } else {
            // A file that changed since it was read is left alone: its spans are no longer true.
            let now = fs::read(path).unwrap_or_default();
            let marked = now.strip_prefix(MARK.as_bytes());
            if marked.unwrap_or(&now) != source.text().as_bytes() {
                talk(streams, &format!("{name} changed while it was checked; it was not mended"));
                continue;
            }
            let text = if marked.is_some() { format!("{MARK}{text}") } else { text };
            walk::write(path, &text).map_err(|error| Failure::usage(format!("{name}: {}", walk::reason(&error))))?;
        }
    }
    if !arguments.diff {
        talk(streams, &format!("{mended} findings mended"));
    }
    Ok(mended)
}
