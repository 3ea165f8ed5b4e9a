//! `contentcheck gate`

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use contentcheck_gate::attest::ENVELOPE_BYTES;
use contentcheck_gate::checks::{ALL, find};
use contentcheck_gate::defects;
use contentcheck_gate::evidence::{CheckResult, Evidence, InputDigest, InputKind, Status};
use contentcheck_gate::previous::PreviousEvidence;
use contentcheck_gate::run::{Ceiling, Ceilings, Demands, Settings, Step, examine};
use contentcheck_gate::subject::Built;
use contentcheck_model::diagnostic::closest;
use contentcheck_model::lookup;
use contentcheck_project::config::{self, GateConfig};
use contentcheck_project::write::InputFiles;
use contentcheck_project::{Failure, Project, Selection, files, fleet, lock, walk, write};
use contentcheck_run::{Recording, Seal};

use super::{EVIDENCE_BYTES, attest, plural, read_whole, threads, written};
use crate::Streams;
use crate::args::{Gate, GateFormat};
use crate::exit::{Exit, Outcome};
use crate::recorded;
use crate::release::{self, talk};
use crate::report;

/// The image in a directory of evidence.
const IMAGE: &str = "release.ccimage";
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
    let read = InputFiles::default();
    let prepared = prepare(arguments, &read, streams);
    if prepared.is_err() {
        foreseen(arguments, &read);
    }
    if let (Some(output), Ok(_)) = (&arguments.output, &prepared) {
        read.refuse(output)?;
    }
    if let (Some(output), Some(directory)) = (&arguments.output, &arguments.evidence) {
        let left = left(directory);
        write::distinct(&left.iter().chain([output]).map(PathBuf::as_path).collect::<Vec<_>>())?;
    }
    let mut held = None;
    if let Some(directory) = &arguments.evidence {
        for path in left(directory) {
            read.refuse(&path).map_err(|refused| {
                let ended = prepared.as_ref().err().map_or_else(String::new, |failure| format!("\n{failure}"));
                let help = "give --evidence a directory that holds no input; nothing was removed";
                Failure::usage(format!("{refused}\n  help: {help}{ended}"))
            })?;
        }
        if prepared.is_ok() {
            create(directory)?;
        }
        // From before anything is removed until all is written: of two runs at once none would leave what it says. What a
        // run that ended before its checks has no directory for, it does not need.
        if directory.is_dir() {
            match lock::hold(directory)? {
                Ok(lock) => held = Some(lock),
                Err(reason) => talk(
                    streams,
                    &format!("{}: not locked ({reason}): run no other gate into it", files::name(directory)),
                ),
            }
        }
        // What an earlier run left must not be taken for what this one leaves.
        clear(directory, prepared.is_ok(), streams)?;
    }
    let Prepared { built, previous, settings, key } = prepared?;
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
                let what = if name == "self-test" && !arguments.every_rule { "classes" } else { "rules" };
                far(number, name, &format!("{done} of {of} {what}"), streams);
            }
        }
        Step::Ended(result) => {
            progress(result, began.elapsed().as_secs_f64(), streams);
            if arguments.every_rule && result.name == "self-test" {
                talk(streams, &format!("  {}", result.summary));
            }
        }
    });
    unchanged(&settings)?;
    let text = report::gate::write(arguments.format, &evidence, streams.color && arguments.output.is_none())?;
    match &arguments.output {
        Some(path) => write::write_output(path, text.as_bytes(), &read)?,
        None => drop(written(streams.out.write_all(text.as_bytes()))?),
    }
    if let Some(directory) = &arguments.evidence {
        leave(directory, &evidence, built.image().ok().filter(|_| !settings.is_change), streams)?;
        if let Some(key) = &key {
            attest::leave(directory, &evidence, key, streams)?;
        }
    }
    drop(held);
    Ok(ended(&evidence))
}

/// What a run needs before its checks begin.
struct Prepared {
    built: Built,
    previous: Option<Built>,
    settings: Settings,
    key: Option<String>,
}

/// Reads everything that the run reads, and adds it to `read`; nothing is written or removed yet.
fn prepare(arguments: &Gate, read: &InputFiles, streams: &mut Streams<'_>) -> Result<Prepared, Failure> {
    let key = match &arguments.evidence {
        // What is no release vouches for none.
        Some(_) if arguments.change => None,
        Some(_) => {
            read.extend(arguments.sign.clone());
            attest::signing_key(arguments.sign.as_deref())?
        }
        None => {
            attest::say_unused(streams);
            None
        }
    };
    let selection = selection(arguments);
    let project = Project::open(&selection)?;
    let of_project = project.read.clone();
    release::introduce(&project, &project.gathered, streams);
    counts(arguments, &project)?;
    sees(&project)?;
    let apart = project.apart(&selection)?;
    let gate = project.config.gate.clone();
    let previous = previous(arguments, &project, &gate, &selection)?;
    let of_previous = previous.as_ref().map(|previous| previous.read.clone());
    if let Some(previous) = &previous {
        release::introduce_previous(&previous.gathered, streams);
    }
    let (settings, evidence) = settings(arguments, &project, &gate, read, streams)?;
    let previous_recordings = match (&previous, &evidence) {
        (Some(previous), None) => recordings_of(previous),
        _ => Ok(Vec::new()),
    };
    let build = |project: Project, threads: usize| {
        Built::new(project.gathered, arguments.skip_unsupplied, threads)
            .map_err(|_| Failure::internal("what has errors was not left out"))
    };
    let asked_before = previous.as_ref().map(|previous| {
        let GateConfig { require_all, ceiling, ceilings, .. } = &previous.config.gate;
        (previous.gathered.policy.deny_warnings, *require_all, Ceilings { every: *ceiling, named: ceilings.clone() })
    });
    let previous = previous.map(|previous| build(previous, selection.threads)).transpose()?;
    let previous_demands =
        previous.as_ref().zip(asked_before).filter(|_| evidence.is_none()).map(|(previous, asked)| {
            let (deny_warnings, require_all, asked) = asked;
            // A configuration that names no rule of its own has no ceilings; its own gate said so.
            let ceilings = ceilings(previous, &asked).unwrap_or_default();
            let rules = previous.rules();
            let named =
                rules.iter().zip(ceilings).filter_map(|(rule, most)| Some((rule.key().to_owned(), most?.most())));
            Demands::new(deny_warnings, require_all, named)
        });
    let built = build(project, selection.threads)?;
    let built = built
        .profiled(&settings.profile, selection.threads)
        .map_err(|why| Failure::usage(format!("profile: {why}")))?;
    // Only what was built has read the data of its tables.
    for files in [Some(of_project), of_previous].into_iter().flatten() {
        read.extend(files.paths());
    }
    let ceilings = ceilings(&built, &settings.asked_ceilings)?;
    let previous_evidence = evidence.map(|then| then.held(&built, previous.as_ref())).transpose()?.map(Box::new);
    Ok(Prepared {
        built,
        previous,
        settings: Settings { ceilings, previous_evidence, previous_demands, previous_recordings, apart, ..settings },
        key,
    })
}

/// Fails where settings lie below what is gated and none were named: a fleet, a baseline or recordings that do not count are
/// checks that do not run.
fn counts(arguments: &Gate, project: &Project) -> Result<(), Failure> {
    match project.other_configs.first() {
        Some(first) if arguments.inputs.config.is_none() => Err(Failure::usage(format!(
            "{first} does not count for this gate: name its directory, name settings with --config, or say --no-config"
        ))),
        _ => Ok(()),
    }
}

fn selection(arguments: &Gate) -> Selection {
    release::selection(&arguments.inputs)
}

/// Adds what a run would have read that ended while it read: all that is named, as far as it can be told.
fn foreseen(arguments: &Gate, read: &InputFiles) {
    let selection = selection(arguments);
    read.extend(arguments.sign.iter().chain(&arguments.inputs.config).cloned());
    let loaded = selection.configuration().unwrap_or_default();
    read.extend(loaded.path.iter().chain(&loaded.extended).cloned());
    let (root, gate) = (loaded.root(), &loaded.config.gate);
    read.extend(loaded.config.baseline.iter().map(|path| root.join(path)));
    read.extend(arguments.inputs.fleet.iter().map(PathBuf::from));
    read.extend(loaded.config.fleet.iter().map(|path| root.join(path)));
    for (selectors, root) in [(&arguments.inputs.fleet, Path::new("")), (&loaded.config.fleet, &root)] {
        let members = selectors.iter().filter_map(|one| fleet::selected(std::slice::from_ref(one), root).ok());
        members.for_each(|selected| read.extend(selected.paths));
    }
    let named = [&arguments.previous_evidence, &arguments.previous_attestation, &arguments.previous_key];
    read.extend(named.into_iter().flatten().cloned());
    read.extend(gate.of_evidence().map(|path| root.join(path)));
    let evidence =
        arguments.previous_evidence.clone().or_else(|| gate.previous_evidence.as_ref().map(|path| root.join(path)));
    read.extend(evidence.map(|path| path.with_file_name(attest::FILE)));
    let configured = gate.recordings.iter().chain(&gate.never_match).chain(&loaded.config.profile);
    let configured = configured.map(|path| root.join(path));
    let named = arguments.recordings.iter().chain(&arguments.never_match).chain(&arguments.profile).cloned();
    for path in named.chain(configured) {
        // Each alone: one that is not there says nothing of the others.
        read.extend(recorded::sources(&[path], &[]).unwrap_or_default().files);
    }
    let previous = arguments.previous.clone().or_else(|| gate.previous.as_ref().map(|path| root.join(path)));
    let own = selection.paths.iter().map(|path| (path, loaded.path.is_some()));
    for (path, is_configured) in own.chain(previous.iter().map(|path| (path, false))) {
        let root = if is_configured { &root } else { path };
        let Ok(walked) = walk::walk(std::slice::from_ref(path), &[], root, is_configured) else { continue };
        read.extend(walked.files.into_iter().chain(walked.sidecars).map(|found| found.path));
        read.extend(walked.ignore_files.into_iter().map(|file| file.path));
        read.add(path.join(config::FILE_NAME));
    }
}

/// Ends the run where some check read other bytes of a recording than those whose digest the evidence has. The directory
/// of evidence was cleared before, and stays so.
fn unchanged(settings: &Settings) -> Result<(), Failure> {
    let all = settings.recordings.iter().chain(&settings.never_match).chain(&settings.profile);
    let changed = all.into_iter().find_map(|recording| match recording {
        Recording::Sealed(path, seal) if seal.is_broken() => Some(files::name(path)),
        _ => None,
    });
    match changed {
        Some(name) => Err(Failure::usage(format!("{name}: it changed while the gate ran; run the gate again"))),
        None => Ok(()),
    }
}

/// Refuses settings under which the gate would not see what it is there to see.
fn sees(project: &Project) -> Result<(), Failure> {
    let policy = &project.gathered.policy;
    let blinded = defects::blinded(policy);
    let Some((defect, code)) = blinded.first() else { return Ok(()) };
    let level = policy.severity(code).map_or("off", |severity| severity.as_str());
    let setting = match policy.per_file().iter().find(|files| files.ignores(code)) {
        Some(files) => format!("[per-file-ignores] `{}` is off in `{}`", code.id, files.files),
        None => format!("[severity] `{}` is {level}", code.id),
    };
    let file = project.config_path.as_deref().map_or_else(String::new, |path| format!("{}: ", files::name(path)));
    Err(Failure::usage(format!(
        "{file}{setting}, and so the gate would not reject a release in which {} (`{}`)\n  help: remove the setting; `lint` alone may be told to be quieter, with --severity",
        defect.what, defect.class
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

/// The previous release is read as this one, but for its configuration and its fleet: its own, if it has them. A
/// configuration further up would be that of this release, and the sensors of this one would hide those that are gone.
/// `--exclude` of the command line is about this release and does not count either.
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
    let own = Some(path.join(config::FILE_NAME)).filter(|own| !selection.no_config && config::is_there(own));
    let previous = Selection {
        paths: vec![path],
        no_config: own.is_none(),
        config: own,
        exclude: Vec::new(),
        fleet: Vec::new(),
        ..selection.clone()
    };
    let named = if arguments.previous.is_some() { "" } else { "`previous` under [gate]: " };
    let opened = Project::open(&previous);
    opened.map(Some).map_err(|failure| Failure { message: format!("{named}{}", failure.message), ..failure })
}

/// What the run is told, and the evidence of the previous release with its name. The files that it reads for that are added
/// to `read`.
fn settings(
    arguments: &Gate,
    project: &Project,
    gate: &GateConfig,
    read: &InputFiles,
    streams: &mut Streams<'_>,
) -> Result<(Settings, Option<Then>), Failure> {
    let (mut inputs, mut not_taken, mut missed) = (Vec::new(), Vec::new(), Vec::new());
    let mut recordings = |(named, configured): (&[PathBuf], &[String]), setting: &str, kind: InputKind| {
        let sources = recorded::configured(named, configured, &project.root).map_err(|failure| {
            let setting = if named.is_empty() { format!("{setting}: ") } else { String::new() };
            Failure { message: format!("{setting}{}", failure.message), ..failure }
        })?;
        let paths = configured.iter().map(|path| project.root.join(path));
        let paths: Vec<PathBuf> = if named.is_empty() { paths.collect() } else { named.to_vec() };
        if let Some(directory) = &arguments.evidence {
            keeps_apart(directory, &paths)?;
        }
        recorded::introduce(&sources, streams);
        not_taken.extend(sources.left_out);
        if kind != InputKind::Profile {
            missed.extend(sources.missed);
        }
        replayed(sources.files, kind, &mut inputs, read)
    };
    let named = (arguments.recordings.as_slice(), gate.recordings.as_slice());
    let replayed = recordings(named, "`recordings` under [gate]", InputKind::Recording)?;
    let named = (arguments.never_match.as_slice(), gate.never_match.as_slice());
    let never_match = recordings(named, "`never-match` under [gate]", InputKind::NeverMatch)?;
    let named = (arguments.profile.as_slice(), project.config.profile.as_slice());
    let profile = recordings(named, "`profile`", InputKind::Profile)?;
    missed.sort();
    missed.dedup();
    not_taken.sort();
    not_taken.dedup();
    let named = |given: &Option<PathBuf>, configured: &Option<String>| {
        given.clone().or_else(|| configured.as_ref().map(|path| project.root.join(path)))
    };
    let evidence = named(&arguments.previous_evidence, &gate.previous_evidence).filter(|_| !arguments.change);
    let attestation = named(&arguments.previous_attestation, &gate.previous_attestation);
    let key = named(&arguments.previous_key, &gate.previous_key);
    let evidence = evidence
        .map(|path| {
            let attestation = attestation.unwrap_or_else(|| path.with_file_name(attest::FILE));
            Then::read(&path, key.map(|key| (attestation, key)), &mut inputs, read)
        })
        .transpose()?;
    let unsaid = Settings::of(env!("CARGO_PKG_VERSION"));
    let settings = Settings {
        seed: arguments.seed.or(gate.seed).unwrap_or(unsaid.seed),
        cases: arguments.cases.or(gate.cases).unwrap_or(unsaid.cases),
        threads: threads(arguments.inputs.threads),
        recordings: replayed,
        never_match,
        profile,
        allow_shrink: arguments.allow_shrink,
        allow_growth: arguments.allow_growth,
        seconds: arguments.seconds,
        every_rule: arguments.every_rule,
        is_change: arguments.change,
        require_all: arguments.require_all || (gate.require_all && !arguments.change),
        only: arguments.only.clone(),
        skip: arguments.skip.clone(),
        asked_ceilings: Ceilings { every: arguments.ceiling.or(gate.ceiling), named: gate.ceilings.clone() },
        inputs,
        not_taken,
        missed,
        ..unsaid
    };
    Ok((settings, evidence))
}

/// The recordings that a previous release names itself, by digest; or why they are not known.
fn recordings_of(previous: &Project) -> Result<Vec<InputDigest>, String> {
    let GateConfig { recordings, never_match, .. } = &previous.config.gate;
    let mut all = Vec::new();
    for (named, kind) in [(recordings, InputKind::Recording), (never_match, InputKind::NeverMatch)] {
        let sources = recorded::configured(&[], named, &previous.root).map_err(|failure| failure.message)?;
        for path in sources.files {
            let name = files::name(&path);
            let (sha256, bytes) = files::digest(&path).map_err(|why| format!("{name}: {why}"))?;
            all.push(InputDigest { kind, name, sha256, bytes });
        }
    }
    Ok(all)
}

/// Refuses a directory of evidence in which recorded events are looked for: the next run would read what this one leaves.
fn keeps_apart(evidence: &Path, recorded: &[PathBuf]) -> Result<(), Failure> {
    let absolute = |path: &Path| {
        let there = path.ancestors().find_map(|above| Some((above, std::fs::canonicalize(above).ok()?)));
        there.and_then(|(above, real)| Some(real.join(path.strip_prefix(above).ok()?)))
    };
    let own = std::path::absolute(evidence).ok().and_then(|path| absolute(&path));
    let holds = |directory: &&PathBuf| {
        let real = std::fs::canonicalize(directory).ok().filter(|real| real.is_dir());
        real.zip(own.as_ref()).is_some_and(|(real, own)| own.starts_with(real))
    };
    match recorded.iter().find(holds) {
        Some(directory) => Err(Failure::usage(format!(
            "{}: it lies in `{}`, where recorded events are looked for, and the next run would read what this one leaves\n  help: give --evidence a directory elsewhere",
            files::name(evidence),
            files::name(directory)
        ))),
        None => Ok(()),
    }
}

/// Evidence of the previous release as it was read.
struct Then {
    name: String,
    evidence: Evidence,
    bytes: Vec<u8>,
    /// The name and bytes of its attestation, and the public key.
    attestation: Option<(String, Vec<u8>, String)>,
}

impl Then {
    /// Reads it, with the attestation and the key, where one is named.
    fn read(
        path: &Path,
        attested: Option<(PathBuf, PathBuf)>,
        inputs: &mut Vec<InputDigest>,
        read: &InputFiles,
    ) -> Result<Self, Failure> {
        let name = files::name(path);
        let fail = |reason: String| Failure::usage(format!("{name}: {reason}"));
        read.add(path);
        let bytes = files::read_whole(path, EVIDENCE_BYTES).map_err(fail)?;
        inputs.push(InputDigest::new(InputKind::PreviousEvidence, name.as_str(), &bytes));
        let evidence = Evidence::from_json(&bytes).map_err(fail)?;
        let attestation = attested.map(|(attestation, key)| {
            let key_name = files::name(&key);
            read.extend([attestation.clone(), key.clone()]);
            let envelope = read_whole(&attestation, ENVELOPE_BYTES).map_err(|failure| {
                let help = "a key is named for the evidence of the previous release, so its attestation must lie beside it, or be named: --previous-attestation";
                Failure::usage(format!("{failure}\n  help: {help}"))
            })?;
            let key = attest::key(&key)?;
            let of = files::name(&attestation);
            inputs.push(InputDigest::new(InputKind::PreviousAttestation, of.as_str(), &envelope));
            inputs.push(InputDigest::new(InputKind::PreviousKey, key_name, key.as_bytes()));
            Ok::<_, Failure>((of, envelope, key))
        });
        Ok(Self { attestation: attestation.transpose()?, name, evidence, bytes })
    }

    /// The same, held against the release before: that it is of it, and that nobody edited it.
    fn held(self, built: &Built, previous: Option<&Built>) -> Result<PreviousEvidence, Failure> {
        let evidence = PreviousEvidence::of(self.evidence, built, previous).map_err(|reason| {
            Failure::usage(format!("{}: this is not evidence of the previous release: {reason}", self.name))
        })?;
        match self.attestation {
            None => Ok(evidence),
            Some((name, envelope, key)) => evidence.attested(&self.bytes, &envelope, &key).map_err(|refusal| {
                Failure::usage(format!("{}: the attestation {name} does not hold for it: {refusal}", self.name))
            }),
        }
    }
}

/// Notes the digest of each recording, before anything is replayed, and holds every later pass over it to that.
fn replayed(
    files: Vec<PathBuf>,
    kind: InputKind,
    inputs: &mut Vec<InputDigest>,
    read: &InputFiles,
) -> Result<Vec<Recording>, Failure> {
    read.extend(files.iter().cloned());
    let sealed = files.into_iter().map(|path| {
        let (sha256, bytes) =
            files::digest(&path).map_err(|reason| Failure::usage(format!("{}: {reason}", files::name(&path))))?;
        let seal = Seal::new(&sha256);
        inputs.push(InputDigest { kind, name: files::name(&path), sha256, bytes });
        Ok(Recording::Sealed(path, seal))
    });
    sealed.collect()
}

/// How often each rule may match, in the order of the image.
fn ceilings(built: &Built, asked: &Ceilings) -> Result<Vec<Option<Ceiling>>, Failure> {
    let rules = built.rules();
    let mut ceilings = vec![asked.every.map(Ceiling::OfAll); rules.len()];
    for (wanted, most) in &asked.named {
        let found = lookup::find(rules.iter().map(|rule| rule.names()), wanted);
        let is_left_out = || {
            let out = built.judged().left_out();
            out.iter().any(|out| out.name == *wanted || out.title.as_deref() == Some(wanted))
        };
        match found {
            Ok(id) => {
                if let Some(ceiling) = ceilings.get_mut(id.index())
                    && let Some(Ceiling::Own(_)) = ceiling.replace(Ceiling::Own(*most))
                {
                    return Err(Failure::usage(format!("[gate.ceilings]: the rule `{wanted}` has two ceilings")));
                }
            }
            // A rule with an error has its finding; its ceiling waits until it is fixed.
            Err(_) if is_left_out() => {}
            Err(problem) => return Err(Failure::usage(format!("[gate.ceilings]: {problem}"))),
        }
    }
    Ok(ceilings)
}

/// Every file that a run leaves in a directory of evidence.
fn left(directory: &Path) -> Vec<PathBuf> {
    let names = GateFormat::FILES.iter().map(|(_, name)| *name).chain([IMAGE, attest::FILE]);
    names.map(|name| directory.join(name)).collect()
}

/// Takes away what an earlier run left in a directory of evidence. What no run wrote is somebody's: where one of its names
/// is taken by such a file the run ends, and nothing is removed. A run that ended while it read its inputs leaves it.
fn clear(directory: &Path, knows_inputs: bool, streams: &mut Streams<'_>) -> Result<(), Failure> {
    let (own, foreign): (Vec<PathBuf>, Vec<PathBuf>) =
        left(directory).into_iter().filter(|path| config::is_there(path)).partition(|path| is_of_a_run(path));
    if knows_inputs && let Some(first) = foreign.first() {
        return Err(Failure::usage(format!(
            "{}: no run of the gate wrote this file, and evidence would be written over it\n  help: give --evidence a directory of its own; nothing was removed",
            files::name(first)
        )));
    }
    let left_over = write::sweep(directory);
    if left_over > 0 {
        let what = plural(left_over, "unfinished file");
        talk(streams, &format!("{}: removed {what} of a run that was killed", files::name(directory)));
    }
    for path in &own {
        write::remove(path)?;
    }
    for path in &foreign {
        talk(streams, &format!("{}: left as it is: it may be an input, and no run wrote it", files::name(path)));
    }
    Ok(())
}

/// Whether a run wrote a file that has the name of evidence.
fn is_of_a_run(path: &Path) -> bool {
    /// Bytes in which each of them shows what it is.
    const HEAD: usize = 4 << 10;
    let named = |name: &str| path.ends_with(name);
    if named(attest::FILE) {
        return attest::is_attestation(path);
    }
    let Ok(head) = files::read_bytes(path, HEAD) else { return false };
    if named(IMAGE) {
        return head.is_empty() || head.starts_with(b"CCIMAGE");
    }
    GateFormat::FILES.iter().any(|(format, name)| named(name) && report::gate::is_left_by_a_run(*format, &head))
}

/// Leaves the evidence in each format that has a file, and the image, where it may ship; or nothing, where not all of it
/// can be written. `evidence.json` comes last: where it says that a release passed, the image lies beside it.
fn leave(
    directory: &Path,
    evidence: &Evidence,
    image: Option<&Vec<u8>>,
    streams: &mut Streams<'_>,
) -> Result<(), Failure> {
    create(directory)?;
    let image = image.filter(|_| evidence.verdict.ships());
    let written = put(directory, evidence, image.map(Vec::as_slice));
    if written.is_err() {
        // Half of it would be taken for the whole. Where even that fails, the exit code and what is said tell.
        left(directory).iter().for_each(|path| drop(std::fs::remove_file(path)));
        return written;
    }
    if image.is_none() {
        talk(streams, "no image was left: this does not ship");
    }
    talk(streams, &format!("evidence left in {}", files::name(directory)));
    Ok(())
}

fn create(directory: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(directory)
        .map_err(|error| Failure::usage(format!("{}: {}", files::name(directory), files::reason(&error))))
}

fn put(directory: &Path, evidence: &Evidence, image: Option<&[u8]>) -> Result<(), Failure> {
    if let Some(image) = image {
        write::write(&directory.join(IMAGE), image)?;
    }
    for (format, name) in GateFormat::FILES.into_iter().rev() {
        write::write(&directory.join(name), report::gate::write(format, evidence, false)?.as_bytes())?;
    }
    Ok(())
}

fn ended(evidence: &Evidence) -> Exit {
    if evidence.is_of_a_blind_gate() {
        return Exit::Internal;
    }
    if evidence.verdict.ships() { Exit::Fine } else { Exit::Findings }
}

/// How far a long check is: one line that is rewritten, or a line from time to time.
fn far(number: u32, name: &str, far: &str, streams: &mut Streams<'_>) {
    let line = format!("{number} {name:<12} {far}");
    if streams.interactive {
        let _ = write!(streams.err, "\r\x1b[K{line}");
        let _ = streams.err.flush();
    } else {
        talk(streams, &line);
    }
}

fn progress(result: &CheckResult, seconds: f64, streams: &mut Streams<'_>) {
    let word = match result.status {
        Status::Passed if !result.skipped.is_empty() => "in part",
        Status::Passed => "passed",
        Status::Failed => "FAILED",
        Status::Skipped => "skipped",
    };
    if streams.interactive {
        let _ = write!(streams.err, "\r\x1b[K");
    }
    talk(streams, &format!("{} {:<12} {word:<7} {seconds:>6.1} s", result.number, result.name));
}
