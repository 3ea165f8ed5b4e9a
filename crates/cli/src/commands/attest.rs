//! `contentcheck attest`, and the attestation that `gate` leaves.

use std::path::Path;

use contentcheck_gate::attest::{self, ENVELOPE_BYTES, Refusal, accepts};
use contentcheck_gate::evidence::Evidence;

use super::written;
use crate::Streams;
use crate::args::{Attest, AttestCommand, AttestVerify};
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;
use contentcheck_project::{files, write};

/// The attestation in a directory of evidence.
const FILE: &str = "attestation.dsse.json";
/// The variable that holds a private key.
const VARIABLE: &str = "CONTENTCHECK_SIGNING_KEY";
/// Bytes of the longest key that is read.
const KEY_BYTES: usize = 64 << 10;
/// Bytes of the largest image that is read.
const IMAGE_BYTES: usize = 1 << 30;

/// Runs the command.
///
/// # Errors
/// When a file cannot be read, or the key is none.
pub fn run(arguments: &Attest, streams: &mut Streams<'_>) -> Outcome {
    match &arguments.command {
        AttestCommand::Verify(arguments) => verify(arguments, streams),
    }
}

fn read(path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let named = |reason: String| Failure::usage(format!("{}: {reason}", files::name(path)));
    let bytes = files::read_bytes(path, most).map_err(named)?;
    if bytes.len() > most { Err(named(format!("more than {most} bytes"))) } else { Ok(bytes) }
}

fn key(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read(path, KEY_BYTES)?)
        .map_err(|_| Failure::usage(format!("{}: the key is not UTF-8, so it is no PEM", files::name(path))))
}

fn verify(arguments: &AttestVerify, streams: &mut Streams<'_>) -> Outcome {
    let (envelope, public) = (read(&arguments.attestation, ENVELOPE_BYTES)?, key(&arguments.key)?);
    let image = read(&arguments.image, IMAGE_BYTES)?;
    let statement =
        attest::verify(&envelope, &public).and_then(|statement| accepts(&statement, &image).map(|()| statement));
    let name = files::name(&arguments.attestation);
    match statement {
        Ok(statement) => {
            if arguments.print {
                let text =
                    serde_json::to_string_pretty(&statement).map_err(|error| Failure::internal(error.to_string()))?;
                written(writeln!(streams.out, "{text}"))?;
            }
            talk(streams, &format!("{name}: signed by this key, about this image, and the release passed the gate"));
            Ok(Exit::Fine)
        }
        Err(refusal @ Refusal::Key(_)) => Err(Failure::usage(format!("{}: {refusal}", files::name(&arguments.key)))),
        Err(refusal) => {
            talk(streams, &format!("{name}: NOT ACCEPTED: {refusal}"));
            Ok(Exit::Findings)
        }
    }
}

/// The private key that is asked for: of a file, else of the environment, else none.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn signing_key(path: Option<&Path>) -> Result<Option<String>, Failure> {
    match path {
        Some(path) => key(path).map(Some),
        None => Ok(std::env::var(VARIABLE).ok().filter(|key| !key.trim().is_empty())),
    }
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
    let json = evidence.to_json().map_err(|error| Failure::internal(error.to_string()))?;
    let envelope = attest::statement(evidence, json.as_bytes()).and_then(|statement| attest::sign(&statement, key));
    let envelope = match envelope {
        Ok(envelope) => envelope,
        // A release without an image fails anyway, and there is nothing that could be attested.
        Err(refusal @ Refusal::NoImage) => {
            talk(streams, &format!("not attested: {refusal}"));
            return Ok(());
        }
        Err(refusal) => return Err(Failure::usage(format!("the attestation is not signed: {refusal}"))),
    };
    let mut text = serde_json::to_string(&envelope).map_err(|error| Failure::internal(error.to_string()))?;
    text.push('\n');
    let path = directory.join(FILE);
    write::write(&path, text.as_bytes())?;
    talk(streams, &format!("attested in {}", files::name(&path)));
    Ok(())
}
