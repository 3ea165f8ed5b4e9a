//! Attestation: an in-toto statement about an image, in a DSSE envelope that is signed with ed25519.
//!
//! ```text
//! Evidence -statement-> Statement -sign-> Envelope -verify(key)-> Statement -accepts(what is asked)-> accepted
//! ```
//!
//! A [`Statement`] is made from [`Evidence`], or read from an envelope whose signature is that of the key; nothing of an
//! envelope is believed before. Sources: the in-toto attestation framework, statement version 1, and its predicate
//! `test-result`; the Dead Simple Signing Envelope, protocol version 1.0.

mod envelope;
mod statement;
mod strict;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write as _};

pub use envelope::{ENVELOPE_BYTES, Envelope, EnvelopeSignature, PAYLOAD_TYPE, SIGNATURES, check_key, sign, verify};
pub use statement::{
    Attested, Configuration, Digest, Influence, Predicate, Resource, Sensor, Statement, TestResult, statement,
};

use contentcheck_model::diagnostic::{clip, visible};

use crate::evidence::{Evidence, InputKind};
use crate::verdict::{Allowance, options};
use contentcheck_parser::release::sha256;

/// The type of the statement.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The type of what the statement says.
pub const PREDICATE: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// The tool whose statements are believed.
pub const TOOL: &str = "contentcheck";
/// What a statement calls the image.
pub const IMAGE: &str = "release.ccimage";
/// What a statement calls the evidence.
pub const EVIDENCE: &str = "evidence.json";

/// Why an envelope is not believed, or not made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The key is none of ed25519 in PEM (PKCS #8 or SubjectPublicKeyInfo).
    Key(String),
    /// The release has no image that could be attested.
    NoImage,
    /// The file is not an envelope.
    Envelope(String),
    /// No signature of the envelope is that of the key.
    Signature,
    /// The payload is not a statement of the gate.
    Statement(String),
    /// The statement is about another image.
    Subject {
        /// The digest that the statement names.
        attested: String,
        /// That of the file.
        found: String,
    },
    /// The statement says that the release does not ship.
    Failed(Vec<String>),
    /// Something did not run that was not allowed to be missing: each check with the reason.
    Missing(Vec<(String, String)>),
    /// Something was allowed to the release that is not allowed here.
    Allowed(Vec<Allowance>),
    /// There are so many warnings, and none was asked for.
    Warnings(u64),
    /// The statement is about a release of another name.
    Name {
        /// What the statement says.
        attested: Option<String>,
        /// What was asked for.
        asked: String,
    },
    /// The sequence is lower than asked for, or there is none.
    Sequence {
        /// What the statement says.
        attested: Option<u64>,
        /// The least that was asked for.
        asked: u64,
    },
    /// The evidence is not what the statement was made from.
    Evidence(String),
    /// Another key vouched for the evidence of the release before.
    PreviousKey(String),
    /// The gate compared with another release than the one that devices have.
    Previous(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names and reasons come from whoever made the envelope.
        let mut words = String::new();
        self.say(&mut words)?;
        f.write_str(&visible(&words))
    }
}

impl Refusal {
    fn say(&self, f: &mut String) -> fmt::Result {
        match self {
            Self::Key(reason) => write!(f, "this is not an ed25519 key in PEM: {reason}"),
            Self::NoImage => write!(f, "the release has no image that could be attested"),
            Self::Envelope(reason) => write!(f, "this is not a DSSE envelope: {reason}"),
            Self::Signature => f.write_str("no signature is that of this key, over this payload"),
            Self::Statement(reason) => f.write_str(reason),
            Self::Subject { attested, found } => {
                write!(f, "the statement is about the SHA-256 {attested}, and the image has {found}")
            }
            Self::Failed(failed) if failed.is_empty() => {
                f.write_str("the gate's verdict was that the release does not ship: not every check ran")
            }
            Self::Failed(failed) => {
                write!(f, "the gate's verdict was that the release does not ship: {}", failed.join(", "))
            }
            Self::Missing(missing) => {
                f.write_str("not every check ran:")?;
                for (at, (check, reason)) in missing.iter().enumerate() {
                    write!(f, "{} {check} ({reason})", if at == 0 { "" } else { "," })?;
                }
                f.write_str("; where that is known and meant, name each with --allow-missing")
            }
            Self::Allowed(allowed) => {
                let options = options(allowed);
                write!(f, "the gate was run with {options}; where that is known and meant, give the same here")
            }
            Self::Warnings(1) => f.write_str("the gate has 1 warning; the evidence says which"),
            Self::Warnings(count) => write!(f, "the gate has {count} warnings; the evidence says which"),
            Self::Name { attested: Some(attested), asked } => {
                write!(f, "the statement is about the release `{}`, and `{asked}` is asked for", clip(attested))
            }
            Self::Name { attested: None, asked } => {
                write!(f, "the statement is about a release without a name, and `{asked}` is asked for")
            }
            Self::Sequence { attested: Some(attested), asked } => {
                write!(f, "the release has the sequence {attested}, and at least {asked} is asked for")
            }
            Self::Sequence { attested: None, asked } => {
                write!(f, "the release has no sequence, and at least {asked} is asked for")
            }
            Self::Evidence(reason) => write!(f, "the evidence does not belong to the statement: {reason}"),
            Self::PreviousKey(name) => write!(
                f,
                "the release was compared with one whose evidence another key vouches for: `{}`; where that key is known and trusted: --previous-key",
                clip(name)
            ),
            Self::Previous(reason) => {
                write!(f, "the release was not compared with the one that devices have: {reason}")
            }
        }
    }
}

impl std::error::Error for Refusal {}

/// What is asked of a statement before an image is taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// The image that it must be about.
    pub image: &'a [u8],
    /// What the release must be called.
    pub name: Option<&'a str>,
    /// The least sequence that it may have.
    pub min_sequence: Option<u64>,
    /// The checks that may be missing, in whole or in part.
    pub allow_missing: &'a [String],
    /// What the release may have been allowed.
    pub allowed: &'a [Allowance],
    /// Whether a warning is too much.
    pub deny_warnings: bool,
    /// The evidence that the statement must have been made from.
    pub evidence: Option<&'a [u8]>,
    /// The keys that may vouch for the evidence of the release before: digests of their files. A release says itself which
    /// key does, so one that is not among these may be anybody's.
    pub keys: &'a [String],
    /// The statement about the release that devices have: the gate must have compared with that one.
    pub previous: Option<&'a Statement>,
}

/// Whether a statement says what is asked: the release passed, it is this image, and whatever else is in [`Asked`].
///
/// # Errors
/// The first thing that is not as asked.
pub fn accepts(statement: &Statement, asked: &Asked<'_>) -> Result<(), Refusal> {
    let predicate = statement.predicate();
    let found = sha256(asked.image);
    if statement.image_sha256() != found {
        return Err(Refusal::Subject { attested: statement.image_sha256().to_owned(), found });
    }
    if predicate.result == TestResult::Failed {
        return Err(Refusal::Failed(predicate.failed_tests.clone()));
    }
    let missing = predicate.missing.iter().filter(|one| !asked.allow_missing.contains(&one.check));
    let missing: Vec<(String, String)> = missing.map(|one| (one.check.clone(), one.reason.clone())).collect();
    if !missing.is_empty() {
        return Err(Refusal::Missing(missing));
    }
    let allowed = predicate.allowed.iter().filter(|one| !asked.allowed.contains(one));
    let allowed: Vec<Allowance> = allowed.copied().collect();
    if !allowed.is_empty() {
        return Err(Refusal::Allowed(allowed));
    }
    if asked.deny_warnings && predicate.warnings > 0 {
        return Err(Refusal::Warnings(predicate.warnings));
    }
    let release = &predicate.release;
    if let Some(name) = asked.name.filter(|name| release.name.as_deref() != Some(*name)) {
        return Err(Refusal::Name { attested: release.name.clone(), asked: name.to_owned() });
    }
    if let Some(least) = asked.min_sequence.filter(|least| release.sequence.is_none_or(|own| own < *least)) {
        return Err(Refusal::Sequence { attested: release.sequence, asked: least });
    }
    follows(statement, asked)?;
    asked.evidence.map_or(Ok(()), |evidence| is_of(statement, evidence))
}

/// Whether the gate compared the release with the one that it should have.
fn follows(statement: &Statement, asked: &Asked<'_>) -> Result<(), Refusal> {
    if let Some(key) = statement.inputs(InputKind::PreviousKey).find(|key| !asked.keys.contains(&key.digest.sha256)) {
        return Err(Refusal::PreviousKey(key.name.clone()));
    }
    let Some(previous) = asked.previous.map(Statement::predicate) else { return Ok(()) };
    // Evidence that was read and compared with nothing is no comparison, whatever may be missing.
    if statement.predicate().skipped_tests.iter().any(|check| check == "change") {
        return Err(Refusal::Previous(
            "the check `change` did not run, so the gate compared it with nothing".to_owned(),
        ));
    }
    let expected = &previous.evidence.digest.sha256;
    match statement.inputs(InputKind::PreviousEvidence).next() {
        Some(then) if then.digest.sha256 == *expected => Ok(()),
        Some(then) => Err(Refusal::Previous(format!(
            "its evidence has the SHA-256 {expected}, and the gate was given {}",
            then.digest.sha256
        ))),
        None => Err(Refusal::Previous("the gate was given no evidence of a previous release".to_owned())),
    }
}

/// Whether a statement is the one that evidence gives, in everything that it says.
///
/// # Errors
/// Where it is not.
pub fn is_of(statement: &Statement, evidence: &[u8]) -> Result<(), Refusal> {
    let (attested, found) = (&statement.predicate().evidence.digest.sha256, sha256(evidence));
    if *attested != found {
        return Err(Refusal::Evidence(format!("it names the SHA-256 {attested}, and the file has {found}")));
    }
    let evidence = Evidence::from_json(evidence).map_err(Refusal::Evidence)?;
    let own = self::statement(&evidence)?;
    if own == *statement {
        Ok(())
    } else {
        Err(Refusal::Evidence(format!("what the statement says is not what it shows: {}", own.differs(statement))))
    }
}
