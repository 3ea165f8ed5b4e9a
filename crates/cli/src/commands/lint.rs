//! `contentcheck lint`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};
use std::{fs, io};

use contentcheck_analysis::findings::{Counted, Depth, Left};
use contentcheck_compiler::WithCost;
use contentcheck_model::decode::MARK;
use contentcheck_model::diagnostic::{Severity, visible};
use contentcheck_parser::release::{AcceptedBy, Baseline, Checking, Finding, Fixed, Judged, Level, apply_fixes};
use contentcheck_project::config::Codes;
use contentcheck_project::write::InputFiles;
use contentcheck_project::{Failure, Project, Selection, UseBaseline, files, kept_of, names_of, write};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{plural, written};
use crate::Streams;
use crate::args::{Format, Lint};
use crate::exit::{Exit, Outcome};
use crate::fix;
use crate::release::{self, talk, talk_of};
use crate::report::{self, Report, Statistics};

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
    let option = [(arguments.fix, "--fix"), (arguments.diff, "--diff"), (arguments.watch, "--watch")];
    let is_stdin = arguments.inputs.paths.iter().any(|path| path.as_os_str() == "-");
    if let Some((_, option)) = option.iter().find(|(given, _)| *given && is_stdin) {
        return Err(Failure::usage(format!("`-` with {option}: standard input is no file; name the file")));
    }
    if !arguments.watch {
        return once(arguments, &InputFiles::default(), streams);
    }
    // What is misspelt on the command line will not come about by waiting.
    Project::open(&selection(arguments))?;
    loop {
        let before = state(arguments);
        let seen = InputFiles::default();
        talk(streams, "");
        talk(streams, "--- checking ---");
        if let Err(failure) = once(arguments, &seen, streams) {
            talk_of(streams, &format!("error: {}", failure.message));
        }
        // Data of tables is read by the checks; which tables there are is known now.
        let tables: Vec<PathBuf> = seen.paths().into_iter().filter(|path| !before.contains_key(path)).collect();
        let loaded = stamps(tables.clone());
        written(streams.out.flush())?;
        talk(streams, "--- watching; interrupt to stop ---");
        while state(arguments) == before && stamps(tables.clone()) == loaded {
            thread::sleep(Duration::from_millis(300));
        }
    }
}

/// Names, sizes and times of everything that a run reads before it checks.
fn state(arguments: &Lint) -> BTreeMap<PathBuf, (u64, Option<SystemTime>)> {
    Project::open(&selection(arguments)).map_or_else(|_| BTreeMap::new(), |project| stamps(project.read.paths()))
}

/// Names, sizes and times of files that are there.
fn stamps(paths: Vec<PathBuf>) -> BTreeMap<PathBuf, (u64, Option<SystemTime>)> {
    let stamp = |path: PathBuf| {
        let metadata = fs::metadata(&path).ok()?;
        Some((path, (metadata.len(), metadata.modified().ok())))
    };
    paths.into_iter().filter_map(stamp).collect()
}

/// What is loaded.
fn selection(arguments: &Lint) -> Selection {
    let baseline = match (&arguments.baseline, &arguments.write_baseline) {
        (Some(path), _) => UseBaseline::Named(path.clone()),
        (None, Some(_)) => UseBaseline::No,
        (None, None) => UseBaseline::Configured,
    };
    Selection {
        codes: Codes {
            severity: arguments.severity.clone(),
            ignore: arguments.ignore.clone(),
            select: arguments.select.clone(),
        },
        deny_warnings: arguments.deny_warnings,
        baseline,
        stdin_name: arguments.stdin_name.clone(),
        with_the_rest: true,
        ..release::selection(&arguments.inputs)
    }
}

/// A release that was looked at.
struct Looked {
    project: Project,
    judged: Judged,
    /// What was not looked at, a line each.
    skipped: Vec<String>,
}

/// Loads, checks and judges.
fn look(arguments: &Lint, streams: &Streams<'_>) -> Result<Looked, Failure> {
    let selection = selection(arguments);
    let mut project = Project::open(&selection)?;
    let bar = progress(project.gathered.sources.len(), streams);
    let depth = Counted::new(if arguments.deep { Depth::Deep } else { Depth::Quick });
    let tick = || bar.inc(1);
    let fleet = project.gathered.fleet.clone();
    let further = WithCost { further: &depth, fleet: fleet.as_ref() };
    let checking = Checking { threads: selection.threads, further: Some(&further), progress: &tick };
    let judged = std::mem::take(&mut project.gathered).check(&checking).judge();
    bar.finish_and_clear();
    let mut skipped = Vec::new();
    if judged.gathered().fleet.is_none() {
        skipped.push(release::NO_FLEET.to_owned());
    }
    skipped.extend(not_proven(&depth.left()));
    if depth.unasked() > 0 {
        skipped.push(release::not_compared(depth.unasked()));
    }
    Ok(Looked { project, judged, skipped })
}

/// What is said of rules that were not looked at to the end.
fn not_proven(left: &[Left]) -> Option<String> {
    let first = left.first()?;
    let rules = left.iter().map(|left| left.rules).sum::<usize>();
    let files = match left.len() {
        1 => visible(&first.file).into_owned(),
        more => format!("{} and {}", visible(&first.file), plural(more - 1, "other file")),
    };
    let last = if rules == 1 { "the last rule".to_owned() } else { format!("the last {rules} rules") };
    Some(format!(
        "proofs of {last} of {files}: those before took all the work that one file may; `prove` asks of each rule"
    ))
}

/// One run. The files that it read are added to `seen`.
fn once(arguments: &Lint, seen: &InputFiles, streams: &mut Streams<'_>) -> Outcome {
    if arguments.statistics && !matches!(arguments.format, Format::Human | Format::Json) {
        return Err(Failure::usage("--statistics has the formats human and json"));
    }
    let mut nothing = io::sink();
    let err: &mut dyn io::Write = if arguments.quiet { &mut nothing } else { &mut *streams.err };
    let interactive = streams.interactive && !arguments.quiet;
    let outcome =
        told(arguments, seen, &mut Streams { out: &mut *streams.out, err, color: streams.color, interactive });
    match outcome {
        Ok(Exit::Findings) if arguments.exit_zero => Ok(Exit::Fine),
        other => other,
    }
}

fn told(arguments: &Lint, seen: &InputFiles, streams: &mut Streams<'_>) -> Outcome {
    let shown = Level::from_word(&arguments.show)
        .and_then(Level::severity)
        .ok_or_else(|| Failure::usage(format!("`--show {}`: write info, warning or error", arguments.show)))?;
    let Looked { mut project, mut judged, mut skipped } = look(arguments, streams)?;
    seen.extend(project.read.paths());
    if let Some(path) = &arguments.write_baseline {
        return record(path, (&judged, &project), &selection(arguments).codes, streams);
    }
    if judged.gone() > 0 {
        let gone = plural(judged.gone(), "finding");
        talk(streams, &format!("{gone} of the baseline no longer there; record it again with --write-baseline"));
    }
    if arguments.diff || arguments.fix {
        let mut all = 0;
        for _ in 0..PASSES {
            let fixed = fix_files(arguments, &project, &judged, streams)?;
            if arguments.diff {
                return Ok(if fixed > 0 { Exit::Findings } else { Exit::Fine });
            }
            if fixed == 0 {
                break;
            }
            all += fixed;
            // What is left is what a fresh look finds, and may have a fix that another one stood before.
            Looked { project, judged, skipped } = look(arguments, streams)?;
        }
        let left = judged.findings().iter().filter(|finding| finding.fix.is_some()).count();
        let why = match left {
            0 => String::new(),
            _ => {
                format!("; {} could not be made", if left == 1 { "1 fix".to_owned() } else { format!("{left} fixes") })
            }
        };
        talk(streams, &format!("{} fixed{why}", plural(all, "finding")));
    }
    let least = judged.gathered().policy.least();
    let fails = judged.findings().iter().any(|finding| finding.severity >= least);
    let findings: Vec<Finding> =
        judged.findings().iter().filter(|finding| finding.severity >= shown).cloned().collect();
    let report = Report {
        findings: &findings,
        all: judged.findings(),
        files: project.files,
        rules: judged.checked().asked_rules().count(),
        skipped: &skipped,
        color: streams.color && arguments.output.is_none(),
    };
    match &arguments.output {
        Some(path) => {
            let mut text = Vec::new();
            written(print(arguments, &report, &mut text))?;
            write::write_output(path, &text, &project.read)?;
        }
        None => {
            written(print(arguments, &report, streams.out))?;
        }
    }
    release::introduce(&project, judged.gathered(), streams);
    if let Some(said) = errors_around(&judged) {
        talk(streams, &said);
    }
    summary(&report, arguments, streams);
    accepted(&judged, streams);
    stops(judged.blockers(), streams);
    Ok(if fails { Exit::Findings } else { Exit::Fine })
}

/// Writes what is asked for.
fn print(arguments: &Lint, report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    match arguments.format {
        Format::Json if arguments.statistics => Statistics::of(report).json(out),
        _ if arguments.statistics => Statistics::of(report).human(out),
        format => report::write(format, report, out),
    }
}

/// Says what lint lets pass and whoever runs or ships rules refuses.
fn stops(blockers: &[Finding], streams: &mut Streams<'_>) {
    /// Of more the number is said.
    const NAMED: usize = 3;
    let place = |of: &Finding| {
        let line = of.source.position(of.span.start).line;
        format!("{} at {}:{line}", of.code.id, visible(of.source.name()))
    };
    let mut named: Vec<String> = blockers.iter().map(place).collect();
    named.dedup();
    let more = named.len().saturating_sub(NAMED);
    named.truncate(NAMED);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    if !named.is_empty() {
        talk(streams, &format!("cannot run or ship, as `compile` and `gate` will say: {}", named.join(", ")));
    }
}

/// Records all present findings in a baseline.
fn record(path: &Path, (judged, project): (&Judged, &Project), codes: &Codes, streams: &mut Streams<'_>) -> Outcome {
    let mut baseline = Baseline::of(judged.findings(), &names_of(path)?);
    let recorded: usize = baseline.findings.iter().map(|of| of.count).sum();
    let unread = judged.findings().iter().map(|finding| finding.source.name());
    let all = judged.checked().sources().map(|(source, _)| source.name()).chain(unread);
    let looked_at = all.filter(|name| judged.gathered().is_asked(name));
    project.read.refuse(path)?;
    let (passes_over, unasked) = (codes.passes_over()?, judged.checked().unasked());
    let kept = kept_of(path, looked_at, |id| passes_over(id) || unasked.iter().any(|code| code.id == id))?;
    let mut of_others = 0;
    for old in kept {
        // Of a file that was not named only what is about one that was is found again.
        match baseline.findings.iter_mut().find(|new| new.fingerprint == old.fingerprint) {
            Some(new) => new.count = new.count.max(old.count),
            None => {
                of_others = old.count.saturating_add(of_others);
                baseline.findings.push(old);
            }
        }
    }
    baseline.findings.sort();
    let mut text = serde_json::to_string_pretty(&baseline).map_err(|error| Failure::internal(error.to_string()))?;
    text.push('\n');
    // An older baseline may be replaced: this run is not judged by it. What it is judged by may not.
    write::write_output(path, text.as_bytes(), &project.read)?;
    let kept = match of_others {
        0 => String::new(),
        some => format!("; {some} of files or codes that were not looked at stay"),
    };
    talk(streams, &format!("{} recorded in {}{kept}", plural(recorded, "finding"), files::name(path)));
    let rest = judged.findings().len() - recorded;
    if rest > 0 {
        talk(streams, &format!("{} not recorded: nothing can accept what can break a device", plural(rest, "finding")));
    }
    Ok(Exit::Fine)
}

/// That files of the release have errors of which nothing is said, since others were named: where those have errors, which may be for that.
fn errors_around(judged: &Judged) -> Option<String> {
    let count = judged.errors().next().map_or(0, |_| judged.errors_around());
    let (files, have) = (plural(count, "other file"), if count == 1 { "has" } else { "have" });
    let said = format!(
        "{files} of the release {have} errors, which are not shown: `contentcheck lint` of its directory shows them"
    );
    (count > 0).then_some(said)
}

/// Says how many findings were accepted, and by what.
fn accepted(judged: &Judged, streams: &mut Streams<'_>) {
    let count = |of: fn(&AcceptedBy) -> bool| judged.accepted().iter().filter(|one| of(&one.by)).count();
    let parts = [
        (count(|by| matches!(by, AcceptedBy::Comment(_))), "by comments"),
        (count(|by| *by == AcceptedBy::Baseline), "by the baseline"),
        (count(|by| *by == AcceptedBy::Severity), "by `off`"),
    ];
    let said: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, by)| format!("{count} {by}")).collect();
    if !said.is_empty() {
        talk(streams, &format!("accepted: {}", said.join(", ")));
    }
}

/// Rounds of fixes: each may make room for the next.
const PASSES: usize = 8;

fn summary(report: &Report<'_>, arguments: &Lint, streams: &mut Streams<'_>) {
    let shown = &arguments.show;
    let mut line = format!(
        "checked {} with {}: {}, {}, {}",
        plural(report.files, "file"),
        plural(report.rules, "rule"),
        plural(report.count(Severity::Error), "error"),
        plural(report.count(Severity::Warning), "warning"),
        plural(report.count(Severity::Info), "note"),
    );
    let fixable = report.findings.iter().filter(|finding| finding.fix.is_some()).count();
    if fixable > 0 && !arguments.fix {
        line.push_str(&format!("; {fixable} can be fixed with --fix"));
    }
    let hidden = report.all.len() - report.findings.len();
    if hidden > 0 {
        line.push_str(&format!("; {} below `{shown}` hidden (--show info)", plural(hidden, "finding")));
    }
    talk(streams, &line);
    for skipped in report.skipped {
        talk(streams, &format!("not checked: {skipped}"));
    }
}

/// Applies the fixes, or shows what they would change: how many there are.
fn fix_files(
    arguments: &Lint,
    project: &Project,
    judged: &Judged,
    streams: &mut Streams<'_>,
) -> Result<usize, Failure> {
    let mut fixed = 0;
    let is_asked = |found: &&Finding| judged.gathered().is_asked(found.source.name());
    let findings: Vec<Finding> = judged.findings().iter().filter(is_asked).cloned().collect();
    for Fixed { source, text, count } in apply_fixes(&judged.checked().regathered(), &findings) {
        let name = source.name();
        let Some(path) = project.paths.get(name) else { continue };
        if arguments.diff {
            written(streams.out.write_all(fix::diff(name, source.text(), &text).as_bytes()))?;
            fixed += count;
            continue;
        }
        // A file that changed since it was read is left alone: its spans are no longer true.
        let now = fs::read(path).unwrap_or_default();
        let marked = now.strip_prefix(MARK.as_bytes());
        if marked.unwrap_or(&now) != source.text().as_bytes() {
            talk(streams, &format!("{name} changed while it was checked; it was not fixed"));
            continue;
        }
        let text = if marked.is_some() { format!("{MARK}{text}") } else { text };
        write::write(path, text.as_bytes())?;
        fixed += count;
    }
    Ok(fixed)
}
