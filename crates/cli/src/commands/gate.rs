//! `contentcheck gate`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use contentcheck_compiler::order;
use contentcheck_gate::checks::{ALL, Check, find};
use contentcheck_gate::evidence::{CheckResult, Evidence, Status, Verdict};
use contentcheck_gate::evidence::{CheckResult, Evidence, Status};
use contentcheck_gate::replay::Recording;
use contentcheck_gate::run::{self, Run, Settings, examine};
use contentcheck_gate::subject::{Built, Release};
use contentcheck_parser::diagnostic::{Diagnostic, Severity, closest};
use contentcheck_parser::lookup;
use contentcheck_parser::sidecar::Beside;
use contentcheck_run::replay::Recording;

use super::{attest, threads, written};
use crate::Streams;
use crate::args::{Gate, GateFormat, Inputs};
use crate::baseline::Baseline;
use crate::commands::lint::{self, Gathered};
use crate::config::{self, Level, Loaded};
use crate::exit::{Exit, Failure, Outcome};
use crate::recorded;
use crate::release::talk;
use crate::{report, sidecar, walk};

/// The image in a directory of evidence.
const IMAGE: &str = "release.ccimage";

/// Events that differential fuzzing makes unless something else is said.
const CASES: u64 = 20_000;

/// What was read of a release.
struct Read {
    gathered: Gathered,
    loaded: Loaded,
    severities: BTreeMap<&'static str, Level>,
    baseline: Option<Baseline>,
    beside: Vec<Beside>,
}

/// Runs the command.
///
/// # Errors
/// When the command line, the configuration or an input that was named is wrong, or the program is at fault.
pub fn run(arguments: &Gate, streams: &mut Streams<'_>) -> Outcome {
    let checks = checks(arguments)?;
    let read = read(&arguments.inputs)?;
    let root = read.loaded.root();
    let gate = read.loaded.config.gate.clone();
    let previous = match (&arguments.previous, &gate.previous) {
        (Some(path), _) => Some(path.clone()),
        (None, Some(path)) => Some(root.join(path)),
        (None, None) => None,
    };
    let previous = previous.map(|path| self::read(&before(&arguments.inputs, path))).transpose()?;
    let recordings = self::recordings(&arguments.recordings, &gate.recordings, &root)?;
    let never_match = self::recordings(&arguments.never_match, &gate.never_match, &root)?;
    let threads = threads(arguments.inputs.threads);
    let apply = |findings| severities(&read, findings);
    let built = Built::new(release(&read, &apply, arguments.skip_unsupplied), threads);
    let quiet = |findings| findings;
    let previous =
        previous.as_ref().map(|previous| Built::new(release(previous, &quiet, arguments.skip_unsupplied), threads));
    let settings = Settings {
        seed: arguments.seed.or(gate.seed).unwrap_or(1),
        cases: arguments.cases.or(gate.cases).unwrap_or(CASES),
        threads,
        recordings,
        ceilings: ceilings(&built, &gate.ceilings, arguments.ceiling.or(gate.ceiling))?,
        never_match,
        allow_shrink: arguments.allow_shrink || gate.allow_shrink,
        allow_growth: arguments.allow_growth || gate.allow_growth,
        seconds: arguments.seconds,
        every_rule: arguments.every_rule,
        require_all: arguments.require_all || gate.require_all,
        version: env!("CARGO_PKG_VERSION"),
    };
    let start = Instant::now();
    let mut began = start;
    let asked: Vec<&dyn Check> = checks.iter().map(|check| check as &dyn Check).collect();
    let evidence = examine(&built, previous.as_ref(), &settings, &asked, &mut |check, result| match result {
        None => {
            began = Instant::now();
            if streams.interactive {
                let _ = write!(streams.err, "\r\x1b[K{} {} ...", check.number(), check.name());
            }
        }
        Some(result) => progress(result, began.elapsed().as_secs_f64(), streams),
    });
    let text = report::gate::write(arguments.format, &evidence, streams.color && arguments.output.is_none())?;
    match &arguments.output {
        Some(path) => write::write(&path, &text.as_bytes())?,
        None => drop(written(streams.out.write_all(text.as_bytes()))?),
    }
    if let Some(directory) = &arguments.evidence {
        leave(directory, &evidence, &built, streams)?;
        if let Some(key) = attest::signing_key(arguments.sign.as_deref())? {
            attest::leave(directory, &evidence, &key, streams)?;
        }
    }
    Ok(ended(&evidence))
}

/// Leaves the evidence in every format, and the image that it is about.
fn leave(directory: &Path, evidence: &Evidence, built: &Built<'_>, streams: &mut Streams<'_>) -> Result<(), Failure> {
    let refused =
        |path: &Path, error: &std::io::Error| Failure::usage(format!("{}: {}", files::name(path), files::reason(error)));
    std::fs::create_dir_all(directory).map_err(|error| refused(directory, &error))?;
    for (format, name) in GateFormat::FILES {
        let path = directory.join(name);
        walk::write(&path, &report::gate::write(format, evidence, false)?).map_err(|error| refused(&path, &error))?;
    }
    if let Ok(image) = &built.image {
        let path = directory.join(IMAGE);
        walk::write_bytes(&path, image).map_err(|error| refused(&path, &error))?;
    }
    talk(streams, &format!("evidence left in {}", files::name(directory)));
    Ok(())
}

fn ended(evidence: &Evidence) -> Exit {
    // A gate that is blind is a fault of the program, and no finding about the release.
    if evidence.errors().any(|(_, finding)| finding.code == "CC1001") {
        return Exit::Internal;
    }
    if evidence.verdict.ships() { Exit::Fine } else { Exit::Findings }
}

fn progress(result: &CheckResult, seconds: f64, streams: &mut Streams<'_>) {
    let word = match result.status {
        Status::Passed => "passed",
        Status::Failed => "FAILED",
        Status::Skipped => "skipped",
    };
    let clear = if streams.interactive { "\r\x1b[K" } else { "" };
    talk(streams, &format!("{clear}{} {:<12} {word:<7} {seconds:>6.1} s", result.number, result.name));
}

/// A check, which may not be asked for: then it stays in the evidence, as one that did not run.
struct Asked {
    check: &'static dyn Check,
    wanted: bool,
}

impl Check for Asked {
    fn number(&self) -> u32 {
        self.check.number()
    }

    fn name(&self) -> &'static str {
        self.check.name()
    }

    fn guards(&self) -> &'static str {
        self.check.guards()
    }

    fn run(&self, run: &mut Run<'_>) -> run::Outcome {
        if self.wanted { self.check.run(run) } else { run::Outcome::skipped("left out on request") }
    }
}

/// All checks, in their order.
fn checks(arguments: &Gate) -> Result<Vec<Asked>, Failure> {
    let known = |name: &String| {
        find(name).ok_or_else(|| {
            let names = ALL.iter().map(|check| check.name());
            Failure::usage(match closest(name, names.clone()) {
                Some(near) => format!("there is no check `{name}`; did you mean `{near}`?"),
                None => format!("there is no check `{name}`; there are {}", names.collect::<Vec<_>>().join(", ")),
            })
        })
    };
    for name in arguments.only.iter().chain(&arguments.skip) {
        known(name)?;
    }
    let wanted = |check: &&dyn Check| {
        let named = |names: &[String]| names.iter().any(|name| name == check.name());
        (arguments.only.is_empty() || named(&arguments.only)) && !named(&arguments.skip)
    };
    Ok(ALL.iter().copied().map(|check| Asked { check, wanted: wanted(&check) }).collect())
}

/// The previous release is read as this one, but for its configuration: its own, if it has one. One further up would be
/// that of this release.
fn before(inputs: &Inputs, path: PathBuf) -> Inputs {
    let own = Some(path.join(config::FILE_NAME)).filter(|own| !inputs.no_config && own.is_file());
    Inputs {
        paths: vec![path],
        no_config: own.is_none(),
        config: own,
        fleet: inputs.fleet.clone(),
        exclude: Vec::new(),
        threads: inputs.threads,
    }
}

fn read(inputs: &Inputs) -> Result<Read, Failure> {
    let loaded = lint::configuration(inputs)?;
    let severities = config::severities(&loaded.config, &[])?;
    let baseline = loaded.config.baseline.as_ref().map(|path| Baseline::read(&loaded.root().join(path))).transpose()?;
    let gathered = lint::gather(inputs, &loaded, "stdin.content")?;
    let beside = sidecar::beside(&gathered.sidecars, &gathered.named);
    Ok(Read { gathered, loaded, severities, baseline, beside })
}

fn severities(read: &Read, findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let findings = config::apply(&read.severities, findings);
    match &read.baseline {
        Some(baseline) => baseline.filter(findings).0,
        None => findings,
    }
}

fn release<'r>(
    read: &Read,
    severities: &'r (dyn Fn(Vec<Diagnostic>) -> Vec<Diagnostic> + Sync + 'r),
    skip_unsupplied: bool,
) -> Release<'r> {
    let config = &read.loaded.config;
    Release {
        name: config.release.name.clone(),
        sequence: config.release.sequence,
        sources: read.gathered.sources.clone(),
        problems: read.gathered.problems.clone(),
        beside: read.beside.clone(),
        library: read.gathered.library.clone(),
        fleet: read.gathered.fleet.clone(),
        load: &lint::table_bytes,
        severities,
        least: if config.deny_warnings { Severity::Warning } else { Severity::Error },
        skip_unsupplied,
    }
}

/// Recorded events that the command line names, or else the configuration.
fn recordings(named: &[PathBuf], configured: &[String], root: &Path) -> Result<Vec<Recording>, Failure> {
    let paths: Vec<PathBuf> =
        if named.is_empty() { configured.iter().map(|path| root.join(path)).collect() } else { named.to_vec() };
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let sources = recorded::sources(&paths, &[])?;
    if let Some(problem) = sources.problems.first() {
        return Err(Failure::usage(problem.clone()));
    }
    Ok(sources.files.into_iter().map(Recording::File).collect())
}

/// How often each rule may match, by its number.
fn ceilings(
    built: &Built<'_>,
    configured: &BTreeMap<String, u64>,
    every: Option<u64>,
) -> Result<Vec<Option<u64>>, Failure> {
    let rules = order(&built.content);
    let mut ceilings = vec![every; rules.len()];
    for (wanted, most) in configured {
        let rule = lookup::find(rules.iter().map(|rule| rule.names()), wanted)
            .map_err(|reason| Failure::usage(format!("[gate.ceilings]: {reason}")))?;
        if let Some(ceiling) = ceilings.get_mut(rule.index()) {
            *ceiling = Some(*most);
        }
    }
    Ok(ceilings)
}
