//! `contentcheck gate`

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use contentcheck_gate::checks::{ALL, find};
use contentcheck_gate::defects;
use contentcheck_gate::evidence::{CheckResult, Evidence, InputDigest, InputKind, Status};
use contentcheck_gate::run::{Ceilings, Settings, Step, examine};
use contentcheck_gate::subject::Built;
use contentcheck_parser::diagnostic::{closest, codes};
use contentcheck_parser::lookup;
use contentcheck_project::config::{self, GateConfig};
use contentcheck_project::{Failure, Project, Selection, files, write};
use contentcheck_run::replay::Recording;

use super::{attest, threads, written};
use crate::Streams;
use crate::args::{Gate, GateFormat};
use crate::exit::{Exit, Outcome};
use crate::release::{self, talk};
use crate::{recorded, report};

/// The image in a directory of evidence.
const IMAGE: &str = "release.ccimage";
/// Events that differential fuzzing makes unless something else is said.
const CASES: u64 = 20_000;
/// Bytes of the largest evidence that is read.
const EVIDENCE_BYTES: usize = 1 << 30;
/// How often it is said how far a long check is: on a terminal, and elsewhere.
const REWRITTEN: Duration = Duration::from_millis(200);
const WRITTEN: Duration = Duration::from_secs(10);

/// Runs the command.
///
/// # Errors
/// When the command line, the configuration or an input that was named is wrong, or the program is at fault.
pub fn run(arguments: &Gate, streams: &mut Streams<'_>) -> Outcome {
    for name in arguments.only.iter().chain(&arguments.skip) {
        known(name)?;
    }
    if let Some(directory) = &arguments.evidence {
        // What an earlier run left must not be taken for what this one leaves.
        clear(directory)?;
    }
    let mut selection = Selection { stdin_name: "stdin.content".to_owned(), ..release::selection(&arguments.inputs) };
    selection.threads = threads(arguments.inputs.threads);
    let project = Project::open(&selection)?;
    release::introduce(&project, &project.gathered, streams);
    sees(&project)?;
    let gate = project.config.gate.clone();
    let previous = previous(arguments, &project, &gate, &selection)?;
    let (settings, read) = settings(arguments, &project, &gate, previous.as_ref())?;
    for output in arguments.output.iter() {
        write::refuse_input(output, &read)?;
    }
    let build = |project: Project, threads: usize| {
        Built::new(project.gathered, arguments.skip_unsupplied, threads)
            .map_err(|_| Failure::internal("what has errors was not left out"))
    };
    let previous = previous.map(|previous| build(previous, selection.threads)).transpose()?;
    let built = build(project, selection.threads)?;
    let ceilings = ceilings(&built, &settings.asked_ceilings)?;
    let settings = Settings { ceilings, ..settings };
    let (mut began, mut said) = (Instant::now(), Instant::now());
    let evidence = examine(&built, previous.as_ref(), &settings, &mut |number, name, step| match step {
        Step::Begins => {
            (began, said) = (Instant::now(), Instant::now());
            if streams.interactive {
                let _ = write!(streams.err, "\r\x1b[K{number} {name} ...");
            }
        }
        Step::Done(done, of) => {
            let wait = if streams.interactive { REWRITTEN } else { WRITTEN };
            if said.elapsed() >= wait {
                said = Instant::now();
                far(number, name, (done, of), streams);
            }
        }
        Step::Ended(result) => {
            progress(result, began.elapsed().as_secs_f64(), streams);
            if arguments.every_rule && result.name == "self-test" {
                talk(streams, &format!("  {}", result.summary));
            }
        }
    });
    let text = report::gate::write(arguments.format, &evidence, streams.color && arguments.output.is_none())?;
    match &arguments.output {
        Some(path) => write::write_output(path, text.as_bytes(), &read)?,
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

/// Refuses settings under which the gate would not see what it is there to see.
fn sees(project: &Project) -> Result<(), Failure> {
    let policy = &project.gathered.policy;
    let blinded = defects::blinded(policy);
    let Some((defect, code)) = blinded.first() else { return Ok(()) };
    let level = policy.severity(code).map_or("off", |severity| severity.as_str());
    let file = project.config_path.as_deref().map_or_else(String::new, |path| format!("{}: ", files::name(path)));
    Err(Failure::usage(format!(
        "{file}[severity] `{}` is {level}, and so the gate would not reject a release in which {} (`{}`)\n  help: remove the setting; `lint` alone may be told to be quieter, with --severity",
        code.id, defect.what, defect.class
    )))
}

/// The check of a name.
fn known(name: &str) -> Result<(), Failure> {
    if find(name).is_some() {
        return Ok(());
    }
    let names = ALL.iter().map(|check| check.name());
    Err(Failure::usage(match closest(name, names.clone()) {
        Some(near) => format!("there is no check `{name}`; did you mean `{near}`?"),
        None => format!("there is no check `{name}`; there are {}", names.collect::<Vec<_>>().join(", ")),
    }))
}

/// The previous release is read as this one, but for its configuration: its own, if it has one. One further up would be
/// that of this release.
fn previous(
    arguments: &Gate,
    project: &Project,
    gate: &GateConfig,
    selection: &Selection,
) -> Result<Option<Project>, Failure> {
    let path = match (&arguments.previous, &gate.previous) {
        (Some(path), _) => path.clone(),
        (None, Some(path)) => project.root.join(path),
        (None, None) => return Ok(None),
    };
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    if selection.paths.iter().any(|own| real(own).is_some() && real(own) == real(&path)) {
        return Err(Failure::usage(format!(
            "{}: this is the release itself; the previous release is the one that devices have now",
            files::name(&path)
        )));
    }
    let own = Some(path.join(config::FILE_NAME)).filter(|own| !selection.no_config && own.is_file());
    let previous = Selection {
        paths: vec![path],
        no_config: own.is_none(),
        config: own,
        exclude: Vec::new(),
        ..selection.clone()
    };
    Project::open(&previous).map(Some)
}

/// What the run is told, and every file that it reads.
fn settings(
    arguments: &Gate,
    project: &Project,
    gate: &GateConfig,
    previous: Option<&Project>,
) -> Result<(Settings, Vec<PathBuf>), Failure> {
    let mut inputs = Vec::new();
    let mut read = project.read.clone();
    read.extend(previous.into_iter().flat_map(|previous| previous.read.iter().cloned()));
    let mut recordings = |named: &[PathBuf], configured: &[String], kind: InputKind| {
        recordings(named, configured, &project.root, kind, &mut inputs, &mut read)
    };
    let replayed = recordings(&arguments.recordings, &gate.recordings, InputKind::Recording)?;
    let never_match = recordings(&arguments.never_match, &gate.never_match, InputKind::NeverMatch)?;
    let evidence = match (&arguments.previous_evidence, &gate.previous_evidence) {
        (Some(path), _) => Some(path.clone()),
        (None, Some(path)) => Some(project.root.join(path)),
        (None, None) => None,
    };
    let evidence = evidence.map(|path| previous_evidence(&path, &mut inputs, &mut read)).transpose()?;
    let settings = Settings {
        seed: arguments.seed.or(gate.seed).unwrap_or(1),
        cases: arguments.cases.or(gate.cases).unwrap_or(CASES),
        threads: threads(arguments.inputs.threads),
        recordings: replayed,
        never_match,
        allow_shrink: arguments.allow_shrink,
        allow_growth: arguments.allow_growth,
        seconds: arguments.seconds,
        every_rule: arguments.every_rule,
        require_all: arguments.require_all || gate.require_all,
        only: arguments.only.clone(),
        skip: arguments.skip.clone(),
        asked_ceilings: Ceilings { every: arguments.ceiling.or(gate.ceiling), named: gate.ceilings.clone() },
        inputs,
        previous_evidence: evidence.map(Box::new),
        ..Settings::of(env!("CARGO_PKG_VERSION"))
    };
    Ok((settings, read))
}

fn previous_evidence(path: &Path, inputs: &mut Vec<InputDigest>, read: &mut Vec<PathBuf>) -> Result<Evidence, Failure> {
    let name = files::name(path);
    let fail = |reason: String| Failure::usage(format!("{name}: {reason}"));
    let bytes = files::read_bytes(path, EVIDENCE_BYTES).map_err(fail)?;
    inputs.push(InputDigest::new(InputKind::PreviousEvidence, name.as_str(), &bytes));
    read.push(path.to_path_buf());
    Evidence::from_json(&bytes).map_err(fail)
}

/// Recorded events that the command line names, or else the configuration.
fn recordings(
    named: &[PathBuf],
    configured: &[String],
    root: &Path,
    kind: InputKind,
    inputs: &mut Vec<InputDigest>,
    read: &mut Vec<PathBuf>,
) -> Result<Vec<Recording>, Failure> {
    let paths: Vec<PathBuf> =
        if named.is_empty() { configured.iter().map(|path| root.join(path)).collect() } else { named.to_vec() };
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let sources = recorded::sources(&paths, &[])?;
    if let Some(problem) = sources.problems.first() {
        return Err(Failure::usage(problem.clone()));
    }
    for path in &sources.files {
        let (sha256, bytes) =
            files::digest(path).map_err(|reason| Failure::usage(format!("{}: {reason}", files::name(path))))?;
        inputs.push(InputDigest { kind, name: files::name(path), sha256, bytes });
        read.push(path.clone());
    }
    Ok(sources.files.into_iter().map(Recording::File).collect())
}

/// How often each rule may match, in the order of the image.
fn ceilings(built: &Built, asked: &Ceilings) -> Result<Vec<Option<u64>>, Failure> {
    let rules = built.rules();
    let mut ceilings = vec![asked.every; rules.len()];
    for (wanted, most) in &asked.named {
        let found = lookup::find(rules.iter().map(|rule| rule.names()), wanted);
        let is_left_out = || {
            let out = built.judged().left_out();
            out.iter().any(|out| out.name == *wanted || out.title.as_deref() == Some(wanted))
        };
        match found {
            Ok(id) => {
                if let Some(ceiling) = ceilings.get_mut(id.index()) {
                    *ceiling = Some(*most);
                }
            }
            // A rule with an error has its finding; its ceiling waits until it is fixed.
            Err(_) if is_left_out() => {}
            Err(problem) => return Err(Failure::usage(format!("[gate.ceilings]: {problem}"))),
        }
    }
    Ok(ceilings)
}

/// Takes away what an earlier run left in a directory of evidence.
fn clear(directory: &Path) -> Result<(), Failure> {
    for (_, name) in GateFormat::FILES {
        write::remove(&directory.join(name))?;
    }
    for name in [IMAGE, attest::FILE] {
        write::remove(&directory.join(name))?;
    }
    Ok(())
}

/// Leaves the evidence in every format, and the image, where it may ship.
fn leave(directory: &Path, evidence: &Evidence, built: &Built, streams: &mut Streams<'_>) -> Result<(), Failure> {
    std::fs::create_dir_all(directory)
        .map_err(|error| Failure::usage(format!("{}: {}", files::name(directory), files::reason(&error))))?;
    for (format, name) in GateFormat::FILES {
        write::write(&directory.join(name), report::gate::write(format, evidence, false)?.as_bytes())?;
    }
    match built.image() {
        Ok(image) if evidence.verdict.ships() => write::write(&directory.join(IMAGE), image)?,
        _ => talk(streams, "no image was left: the release does not ship"),
    }
    talk(streams, &format!("evidence left in {}", files::name(directory)));
    Ok(())
}

fn ended(evidence: &Evidence) -> Exit {
    // A gate that is blind is a fault of the program, and no finding about the release.
    if evidence.errors().any(|(_, finding)| finding.code == codes::GATE_BLIND.id) {
        return Exit::Internal;
    }
    if evidence.verdict.ships() { Exit::Fine } else { Exit::Findings }
}

/// How far a long check is: one line that is rewritten, or a line from time to time.
fn far(number: u32, name: &str, (done, of): (usize, usize), streams: &mut Streams<'_>) {
    let line = format!("{number} {name:<12} {done} of {of} rules");
    if streams.interactive {
        let _ = write!(streams.err, "\r\x1b[K{line}");
        let _ = streams.err.flush();
    } else {
        talk(streams, &line);
    }
}

fn progress(result: &CheckResult, seconds: f64, streams: &mut Streams<'_>) {
    let word = match result.status {
        Status::Passed => "passed",
        Status::Failed => "FAILED",
        Status::Skipped => "skipped",
    };
    if streams.interactive {
        let _ = write!(streams.err, "\r\x1b[K");
    }
    talk(streams, &format!("{} {:<12} {word:<7} {seconds:>6.1} s", result.number, result.name));
}
