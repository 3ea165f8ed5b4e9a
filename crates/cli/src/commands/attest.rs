//! `contentcheck attest`, and the attestation that `gate` leaves.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use contentcheck_gate::attest::{self, Asked, ENVELOPE_BYTES, Refusal, Statement, accepts};
use contentcheck_gate::evidence::{Evidence, InputKind};
use contentcheck_gate::verdict::{Allowance, CHECKS, options};
use contentcheck_model::diagnostic::{closest, visible};
use contentcheck_parser::release::sha256;

use super::{EVIDENCE_BYTES, IMAGE_BYTES, read_whole, written};
use crate::Streams;
use crate::args::{Allowed, Attest, AttestCommand, AttestVerify};
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;
use crate::report::gate::counted;
use contentcheck_project::{files, write};

/// The attestation in a directory of evidence.
pub(super) const FILE: &str = files::ATTESTATION;
/// The variable that holds a private key.
const VARIABLE: &str = "CONTENTCHECK_SIGNING_KEY";
/// Bytes of the longest key that is read.
const KEY_BYTES: usize = 64 << 10;

/// Runs the command.
///
/// # Errors
/// When a file cannot be read, or the key is none.
pub fn run(arguments: &Attest, streams: &mut Streams<'_>) -> Outcome {
    match &arguments.command {
        AttestCommand::Verify(arguments) => verify(arguments, streams),
    }
}

/// The key in a file.
///
/// # Errors
/// When the file cannot be read, or is no text.
pub(super) fn key(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read_whole(path, KEY_BYTES)?)
        .map_err(|_| Failure::usage(format!("{}: the key is not UTF-8, so it is no PEM", files::name(path))))
}

fn verify(arguments: &AttestVerify, streams: &mut Streams<'_>) -> Outcome {
    for check in &arguments.allow_missing {
        if !CHECKS.contains(&check.as_str()) {
            let near = closest(check, CHECKS)
                .map_or_else(|| format!("there are {}", CHECKS.join(", ")), |near| format!("did you mean `{near}`?"));
            return Err(Failure::usage(format!("--allow-missing: there is no check `{}`; {near}", visible(check))));
        }
    }
    let (envelope, public) = (read_whole(&arguments.attestation, ENVELOPE_BYTES)?, key(&arguments.key)?);
    let image = read_whole(&arguments.image, IMAGE_BYTES).map_err(|mut failure| {
        if matches!(fs::exists(&arguments.image), Ok(false)) {
            failure.message += "; the gate leaves an image of a release that ships and of no other: its summary says whether this one does";
        }
        failure
    })?;
    let evidence = arguments.evidence.as_deref().map(|path| read_whole(path, EVIDENCE_BYTES)).transpose()?;
    let allowed = allowances(arguments.allowed);
    let mut keys = vec![public.clone()];
    for path in &arguments.previous_key {
        keys.push(key(path)?);
    }
    let previous = arguments.previous.as_deref().map(|path| statement_of(path, &keys)).transpose()?;
    let digests: Vec<String> = keys.iter().map(|key| sha256(key.as_bytes())).collect();
    let asked = Asked {
        keys: &digests,
        previous: previous.as_ref(),
        image: &image,
        name: arguments.name.as_deref(),
        min_sequence: arguments.min_sequence,
        allow_missing: &arguments.allow_missing,
        allowed: &allowed,
        deny_warnings: arguments.deny_warnings,
        evidence: evidence.as_deref(),
    };
    let statement =
        attest::verify(&envelope, &public).and_then(|statement| accepts(&statement, &asked).map(|()| statement));
    let name = files::name(&arguments.attestation);
    match statement {
        Ok(statement) => {
            if arguments.print {
                let text =
                    serde_json::to_string_pretty(&statement).map_err(|error| Failure::internal(error.to_string()))?;
                written(writeln!(streams.out, "{text}"))?;
            }
            let words = if statement.predicate().missing.is_empty() {
                "signed by this key, about this image, and the release passed every check"
            } else {
                "signed by this key, about this image; what ran found no error, and what did not run is allowed to be missing"
            };
            let with = match statement.predicate().allowed.as_slice() {
                [] => String::new(),
                allowed => format!("; the gate was run with {}", options(allowed)),
            };
            let accepted = statement.predicate().accepted.words();
            let accepted = if accepted.is_empty() { String::new() } else { format!("; {accepted}") };
            let warnings = match statement.predicate().warnings {
                0 => String::new(),
                warnings => format!("; {}", counted(warnings, "warning")),
            };
            say(streams, &format!("{name}: {words}{with}{accepted}{warnings}"));
            for line in covers(&statement, arguments) {
                say(streams, &format!("  {line}"));
            }
            Ok(Exit::Fine)
        }
        Err(refusal @ Refusal::Key(_)) => Err(Failure::usage(format!("{}: {refusal}", files::name(&arguments.key)))),
        Err(refusal) => {
            say(streams, &format!("{name}: NOT ACCEPTED: {refusal}"));
            Ok(Exit::Findings)
        }
    }
}

/// With what the gate may have been run, as its reader says.
pub(super) fn allowances(allowed: Allowed) -> Vec<Allowance> {
    let given = [
        (Allowance::AllowShrink, allowed.allow_shrink),
        (Allowance::AllowGrowth, allowed.allow_growth),
        (Allowance::SkipUnsupplied, allowed.skip_unsupplied),
    ];
    given.into_iter().filter(|(_, is_given)| *is_given).map(|(one, _)| one).collect()
}

/// The statement in a file that one of these keys signed.
fn statement_of(path: &Path, keys: &[String]) -> Result<Statement, Failure> {
    let envelope = read_whole(path, ENVELOPE_BYTES)?;
    let mut refused = None;
    for key in keys {
        match attest::verify(&envelope, key) {
            Ok(statement) => return Ok(statement),
            Err(refusal) => refused = Some(refusal),
        }
    }
    let reason = refused.map_or_else(String::new, |refusal| format!(": {refusal}"));
    Err(Failure::usage(format!("{}: none of the keys given signed this attestation{reason}", files::name(path))))
}

/// Tells people one line; nothing in it is more than text.
fn say(streams: &mut Streams<'_>, line: &str) {
    talk(streams, &visible(line));
}

/// What a statement covers, a line for each thing.
fn covers(statement: &Statement, asked: &AttestVerify) -> Vec<String> {
    let said = statement.predicate();
    let release = &said.release;
    let name = release.name.as_deref().unwrap_or("without a name");
    let sequence = release.sequence.map_or_else(|| "no sequence".to_owned(), |number| format!("sequence {number}"));
    let left_out = if release.left_out > 0 { format!(", {} left out", release.left_out) } else { String::new() };
    let mut lines = vec![
        format!("release: {name}, {sequence}, {}{left_out}", counted(release.rules, "rule")),
        format!(
            "made by: {} {}, seed {}, {}",
            said.tool.name,
            said.tool.version,
            said.seed,
            format_args!("at least {}", counted(said.cases, "generated event"))
        ),
    ];
    let mut inputs: BTreeMap<&str, u64> = BTreeMap::new();
    for input in &said.configuration {
        *inputs.entry(input.annotations.kind.word()).or_default() += 1;
    }
    let inputs: Vec<String> = inputs.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    lines.push(format!("inputs, each with its digest: {}", or_none(&inputs)));
    let sensors: Vec<String> = said
        .sensors
        .iter()
        .map(|one| match one.loads {
            Some(loads) => format!("{} {} loads {loads} of {}", one.sensor, one.version, counted(one.of, "rule")),
            None => format!("{} {} refuses the image", one.sensor, one.version),
        })
        .collect();
    lines.push(format!("sensors: {}", or_none(&sensors)));
    lines.push(format!("passed: {}", or_none(&said.passed_tests)));
    let accepted = said.accepted.words();
    lines.push(format!("accepted findings: {}", if accepted.is_empty() { "none" } else { &accepted }));
    lines.push(format!("warnings: {}", if said.warnings == 0 { "none".to_owned() } else { said.warnings.to_string() }));
    if !said.allowed.is_empty() {
        lines.push(format!("ALLOWED: {}", options(&said.allowed)));
    }
    for missing in &said.missing {
        lines.push(format!("MISSING: {}: {}", missing.check, missing.reason));
    }
    if asked.previous.is_none() && statement.inputs(InputKind::PreviousEvidence).next().is_some() {
        lines.push(
            "that it was compared with the release that devices have was not looked at: --previous its attestation"
                .to_owned(),
        );
    }
    if asked.evidence.is_none() {
        lines.push(format!("the evidence was not compared: --evidence {}", said.evidence.name));
    }
    lines
}

fn or_none(words: &[String]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// The private key that is asked for: of a file, else of the environment, else none. A variable that is set and holds
/// no key is a fault, and no wish for a run without a signature.
///
/// # Errors
/// When the file cannot be read, or it or the variable holds no key.
pub(super) fn signing_key(path: Option<&Path>) -> Result<Option<String>, Failure> {
    let (name, text) = match (path, std::env::var_os(VARIABLE)) {
        (Some(path), _) => (files::name(path), key(path)?),
        (None, Some(value)) => (format!("the variable {VARIABLE}"), value.into_string().unwrap_or_default()),
        (None, None) => return Ok(None),
    };
    let wanted = "an ed25519 private key in PEM is expected, as `openssl genpkey -algorithm ed25519` makes one";
    let held = if text.trim().is_empty() { "it is empty, or no text" } else { "what it holds is none" };
    attest::check_key(&text).map_err(|_| Failure::usage(format!("{name}: {wanted}; {held}")))?;
    Ok(Some(text))
}

/// Says that a key is at hand and signs nothing, where there is no directory that could get a statement.
pub(super) fn say_unused(streams: &mut Streams<'_>) {
    if std::env::var_os(VARIABLE).is_some() {
        say(streams, &format!("nothing is signed: {VARIABLE} is set, and there is no --evidence"));
    }
}

/// Whether a file is an attestation, to judge by what it holds.
pub(super) fn is_attestation(path: &Path) -> bool {
    let Ok(bytes) = files::read_whole(path, ENVELOPE_BYTES) else { return false };
    serde_json::from_slice::<attest::Envelope>(&bytes).is_ok()
}

/// Signs an attestation of the evidence in a directory, and leaves it there.
///
/// # Errors
/// When the key is none, there is no image, or the file cannot be written.
pub(super) fn leave(
    directory: &Path,
    evidence: &Evidence,
    key: &str,
    streams: &mut Streams<'_>,
) -> Result<(), Failure> {
    let envelope = attest::statement(evidence).and_then(|statement| attest::sign(&statement, key));
    let envelope = match envelope {
        Ok(envelope) => envelope,
        // A release without an image fails anyway, and there is nothing that could be attested.
        Err(refusal @ Refusal::NoImage) => {
            say(streams, &format!("not attested: {refusal}"));
            return Ok(());
        }
        Err(refusal) => return Err(Failure::usage(format!("the attestation is not signed: {refusal}"))),
    };
    let mut text = serde_json::to_string(&envelope).map_err(|error| Failure::internal(error.to_string()))?;
    text.push('\n');
    let path = directory.join(FILE);
    write::write(&path, text.as_bytes())?;
    let said = if evidence.verdict.ships() { "attested" } else { "attested as one that does not ship" };
    say(streams, &format!("{said}, in {}", files::name(&path)));
    Ok(())
}
