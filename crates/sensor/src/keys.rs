//! Keys: who may say what is for this device. A root names the keys of each role and how many of them must sign; it changes
//! hands only by a next root that enough keys of both sign.
//!
//! ```text
//! contentcheck root 1
//! version 3
//! root 2 KEY KEY KEY
//! release 2 KEY KEY KEY
//! kill 1 KEY KEY
//! retired KEY
//! ```
//!
//! A KEY is the 32 bytes of an ed25519 public key in hexadecimal. `retired` keys count for content that the device has already,
//! and for nothing new; the line may be missing. Roots and kill lists are signed beside, in a list of their own:
//!
//! ```text
//! contentcheck signatures 1
//! KEY SIGNATURE
//! ```
//!
//! A kill list that names more than 32 rules, or all, needs two signatures, if the root has two keys for it.
//!
//! What is signed is the domain (`contentcheck root`, `contentcheck kill`), a zero byte, and the file. Content is signed as the
//! gate does it: an in-toto statement in a DSSE envelope.

use core::fmt;
use std::borrow::ToOwned as _;
use std::string::String;
use std::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::Deserialize;
use serde::de::IgnoredAny;

use contentcheck_interpreter::Manifest;

use crate::admit::{Authority, Claim, Distrust, Purpose};
use crate::content::{Content, Digest, Sequence};
use crate::disk::Directory;
use crate::kills::Kills;

/// Bytes of the largest root.
const ROOT_BYTES: usize = 16 << 10;
/// Keys of one role.
const KEYS: usize = 16;
/// Signatures that are tried: a longer list costs time, and proves no more.
const SIGNATURES: usize = 64;
/// Rules that a kill list may name for which one signature is enough, where the root says so: a slip or a thief of one key blinds no
/// fleet.
const NARROW: usize = 32;
const FIRST: &str = "contentcheck root 1";
/// The first line of a list of signatures.
pub const SIGNATURES_FIRST: &str = "contentcheck signatures 1";
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://in-toto.io/attestation/test-result/v0.1";

type Key = [u8; 32];

/// Keys of which some must sign.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Role {
    needed: u8,
    keys: Vec<Key>,
}

/// Who holds which role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    version: u64,
    root: Role,
    release: Role,
    kill: Role,
    retired: Vec<Key>,
}

/// Why a root is none, or does not follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoot {
    /// A line is none that a root has there.
    Line {
        /// Its number, from 1.
        line: usize,
    },
    /// A key appears twice in a role, is none, or fewer keys are named than must sign.
    Keys {
        /// The number of the line, from 1.
        line: usize,
    },
    /// It is too large.
    Bytes,
    /// It is not the one after the root that counts.
    Version {
        /// Its version.
        found: u64,
        /// The version that would follow.
        next: u64,
    },
    /// Too few keys of the root that counts signed it.
    Old(Distrust),
    /// Too few of its own keys signed it.
    New(Distrust),
}

impl fmt::Display for NoRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { line } => write!(f, "line {line} is none that a root has there"),
            Self::Keys { line } => write!(f, "the keys of line {line} are not distinct keys, and enough of them"),
            Self::Bytes => write!(f, "a root has {ROOT_BYTES} bytes at most"),
            Self::Version { found, next } => write!(f, "root {found} is offered, and {next} would follow"),
            Self::Old(distrust) => write!(f, "of the root that counts, {distrust}"),
            Self::New(distrust) => write!(f, "of the root that is offered, {distrust}"),
        }
    }
}

impl core::error::Error for NoRoot {}

fn key(text: &str) -> Option<Key> {
    let key = *Digest::from_hex(text)?.bytes();
    // A point that is none, or one of those with which anything can be signed.
    VerifyingKey::from_bytes(&key).ok().filter(|key| !key.is_weak()).map(|_| key)
}

fn keys<'t>(words: impl Iterator<Item = &'t str>, line: usize) -> Result<Vec<Key>, NoRoot> {
    let mut keys = Vec::new();
    for word in words {
        let key = key(word).filter(|key| !keys.contains(key) && keys.len() < KEYS).ok_or(NoRoot::Keys { line })?;
        keys.push(key);
    }
    Ok(keys)
}

impl Role {
    fn read(text: Option<&str>, name: &str, line: usize) -> Result<Self, NoRoot> {
        let mut words = text.ok_or(NoRoot::Line { line })?.split(' ');
        if words.next() != Some(name) {
            return Err(NoRoot::Line { line });
        }
        let needed = words.next().and_then(|word| word.parse().ok()).ok_or(NoRoot::Line { line })?;
        let keys = keys(words, line)?;
        if needed == 0 || usize::from(needed) > keys.len() {
            return Err(NoRoot::Keys { line });
        }
        Ok(Self { needed, keys })
    }

    /// Whether enough of the keys signed a message. A key counts once, however often it signed.
    fn signed(&self, message: &[u8], signatures: &[Signed], also: &[Key]) -> Result<(), Distrust> {
        let mut found = 0_u8;
        for key in self.keys.iter().chain(also.iter().filter(|key| !self.keys.contains(key))) {
            let Ok(verifying) = VerifyingKey::from_bytes(key) else { continue };
            let is_signer = |one: &&Signed| one.key.is_none_or(|hint| hint == *key);
            let mut of_key = signatures.iter().take(SIGNATURES).filter(is_signer);
            if of_key.any(|one| verifying.verify_strict(message, &one.signature).is_ok()) {
                found = found.saturating_add(1);
            }
        }
        if found >= self.needed { Ok(()) } else { Err(Distrust::Signatures { found, needed: self.needed }) }
    }
}

/// A signature, and by whom it says that it is.
struct Signed {
    key: Option<Key>,
    signature: Signature,
}

/// A list of signatures beside a file. Lines of algorithms to come are passed over.
fn signatures(text: &[u8]) -> Result<Vec<Signed>, Distrust> {
    if text.len() > SIGNATURES * 512 {
        return Err(Distrust::Malformed);
    }
    let text = core::str::from_utf8(text).map_err(|_| Distrust::Malformed)?;
    let mut lines = text.lines();
    if lines.next() != Some(SIGNATURES_FIRST) {
        return Err(Distrust::Malformed);
    }
    let signed = lines.filter_map(|line| {
        let (signer, signature) = line.split_once(' ')?;
        let (low, high) = signature.split_at_checked(64)?;
        let mut bytes = [0; 64];
        let (front, back) = bytes.split_at_mut(32);
        front.copy_from_slice(Digest::from_hex(low)?.bytes());
        back.copy_from_slice(Digest::from_hex(high)?.bytes());
        Some(Signed { key: Some(key(signer)?), signature: Signature::from_bytes(&bytes) })
    });
    Ok(signed.take(SIGNATURES).collect())
}

fn in_domain(domain: &str, file: &[u8]) -> Vec<u8> {
    [domain.as_bytes(), &[0], file].concat()
}

impl Root {
    /// Reads a root that is trusted already, as one that is built into a sensor is.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str) -> Result<Self, NoRoot> {
        if text.len() > ROOT_BYTES {
            return Err(NoRoot::Bytes);
        }
        let text = text.strip_suffix('\n').ok_or(NoRoot::Line { line: text.lines().count().max(1) })?;
        let mut lines = text.split('\n');
        if lines.next() != Some(FIRST) {
            return Err(NoRoot::Line { line: 1 });
        }
        let version = lines.next().and_then(|line| line.strip_prefix("version ")?.parse().ok());
        let version = version.filter(|version| *version > 0).ok_or(NoRoot::Line { line: 2 })?;
        let root = Role::read(lines.next(), "root", 3)?;
        let release = Role::read(lines.next(), "release", 4)?;
        let kill = Role::read(lines.next(), "kill", 5)?;
        let retired = match lines.next() {
            None => Vec::new(),
            Some(line) => keys(line.strip_prefix("retired ").ok_or(NoRoot::Line { line: 6 })?.split(' '), 6)?,
        };
        match lines.next() {
            None => Ok(Self { version, root, release, kill, retired }),
            Some(_) => Err(NoRoot::Line { line: 7 }),
        }
    }

    /// The root that follows this one: the next version, signed by enough keys of this one and enough of its own. A device
    /// that was away for long walks all of them, one after the other.
    ///
    /// # Errors
    /// When it does not follow. This one goes on counting.
    pub fn next(&self, text: &str, signed: &[u8]) -> Result<Self, NoRoot> {
        let next = Self::read(text)?;
        let expected = self.version.saturating_add(1);
        if next.version != expected {
            return Err(NoRoot::Version { found: next.version, next: expected });
        }
        let signatures = signatures(signed).map_err(NoRoot::Old)?;
        let message = in_domain("contentcheck root", text.as_bytes());
        self.root.signed(&message, &signatures, &[]).map_err(NoRoot::Old)?;
        next.root.signed(&message, &signatures, &[]).map_err(NoRoot::New)?;
        Ok(next)
    }

    /// Its version.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }
}

/// An authority by keys: it takes what the gate attested, signed by as many release keys as the root says, for the sensor of a
/// manifest.
///
/// Only `PASSED` is taken. A release of which some checks did not run is for people to judge, and not for a device. The first release of
/// a fleet is such a one, since there is no previous release to compare it with: it comes to devices as the factory content of a build,
/// which people decide on, and is the previous release of the next.
#[derive(Clone, Debug)]
pub struct Keyring {
    root: Root,
    sensor: String,
    version: String,
}

impl Keyring {
    /// For a sensor, by a root.
    #[must_use]
    pub fn new(root: Root, manifest: &Manifest<'_>) -> Self {
        Self { root, sensor: manifest.sensor.to_owned(), version: manifest.version.to_owned() }
    }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "payloadType")]
    payload_type: String,
    payload: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Deserialize)]
struct EnvelopeSignature {
    sig: String,
}

// Every member that a statement has, and no other: one that is unknown might take back what the others say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    #[serde(rename = "name")]
    _name: IgnoredAny,
    digest: Sha256,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sha256 {
    sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Predicate {
    result: String,
    #[serde(rename = "requiredAll")]
    _required_all: IgnoredAny,
    #[serde(rename = "configuration")]
    _configuration: IgnoredAny,
    #[serde(rename = "evidence")]
    _evidence: IgnoredAny,
    #[serde(rename = "passedTests")]
    _passed: IgnoredAny,
    failed_tests: Vec<IgnoredAny>,
    #[serde(rename = "skippedTests")]
    _skipped: IgnoredAny,
    #[serde(rename = "missing")]
    _missing: IgnoredAny,
    #[serde(rename = "allowed")]
    _allowed: IgnoredAny,
    release: Release,
    #[serde(rename = "tool")]
    _tool: IgnoredAny,
    #[serde(rename = "seed")]
    _seed: IgnoredAny,
    #[serde(rename = "cases")]
    _cases: IgnoredAny,
    #[serde(rename = "accepted")]
    _accepted: IgnoredAny,
    sensors: Vec<Sensor>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Release {
    #[serde(rename = "name")]
    _name: IgnoredAny,
    sequence: Option<u64>,
    #[serde(rename = "rules")]
    _rules: IgnoredAny,
    #[serde(rename = "leftOut")]
    _left_out: IgnoredAny,
    #[serde(rename = "digest")]
    _digest: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sensor {
    sensor: String,
    version: String,
    loads: Option<u64>,
    #[serde(rename = "of")]
    _of: IgnoredAny,
}

/// What is signed of an envelope: lengths and bytes of both parts, so that neither can pass for the other.
fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let (kind, length) = (payload_type.len(), payload.len());
    let mut bytes = std::format!("DSSEv1 {kind} {payload_type} {length} ").into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// An envelope and what is signed in it; no signature is looked at.
fn opened(envelope: &[u8]) -> Result<(Envelope, Vec<u8>), Distrust> {
    let envelope: Envelope = serde_json::from_slice(envelope).map_err(|_| Distrust::Malformed)?;
    let payload = STANDARD.decode(&envelope.payload).map_err(|_| Distrust::Malformed)?;
    Ok((envelope, payload))
}

/// The statement that is signed in an envelope, and the digest of what it is about.
fn stated(envelope: &Envelope, payload: &[u8]) -> Result<(Digest, Predicate), Distrust> {
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(Distrust::Subject);
    }
    let statement: Statement = serde_json::from_slice(payload).map_err(|_| Distrust::Subject)?;
    if statement.kind != STATEMENT || statement.predicate_type != PREDICATE {
        return Err(Distrust::Subject);
    }
    let [subject] = statement.subject.as_slice() else { return Err(Distrust::Subject) };
    let digest = Digest::from_hex(&subject.digest.sha256).ok_or(Distrust::Subject)?;
    Ok((digest, statement.predicate))
}

impl Keyring {
    /// Whether the envelope of a file in a store has the form that a keyring reads, and is about that file. Whoever asks has
    /// no keys, so no signature is looked at.
    #[must_use]
    pub fn has_form(directory: Directory, envelope: &[u8], digest: Digest) -> bool {
        match directory {
            Directory::Kills => signatures(envelope).is_ok_and(|signatures| !signatures.is_empty()),
            _ => opened(envelope)
                .and_then(|(envelope, payload)| stated(&envelope, &payload))
                .is_ok_and(|(about, _)| about == digest),
        }
    }
}

impl Authority for Keyring {
    fn claim(&self, envelope: &[u8], purpose: Purpose) -> Result<Claim, Distrust> {
        let (envelope, payload) = opened(envelope)?;
        // Ids of keys in an envelope are hints that anybody can write. Each signature is tried with each key.
        let signatures: Vec<Signed> = envelope
            .signatures
            .iter()
            .take(SIGNATURES)
            .filter_map(|one| Signature::from_slice(&STANDARD.decode(&one.sig).ok()?).ok())
            .map(|signature| Signed { key: None, signature })
            .collect();
        let also = match purpose {
            Purpose::Install => [].as_slice(),
            Purpose::Run => self.root.retired.as_slice(),
        };
        self.root.release.signed(&pre_authentication(&envelope.payload_type, &payload), &signatures, also)?;
        let (digest, predicate) = stated(&envelope, &payload)?;
        let Predicate { result, failed_tests, release, sensors, .. } = predicate;
        match result.as_str() {
            "PASSED" if failed_tests.is_empty() => {}
            "WARNED" if failed_tests.is_empty() => return Err(Distrust::Incomplete),
            _ => return Err(Distrust::NotPassed),
        }
        let is_this = |one: &Sensor| one.sensor == self.sensor && one.version == self.version && one.loads.is_some();
        // A later build runs what an earlier one took: the interpreter says whether it can.
        if purpose == Purpose::Install && !sensors.iter().any(is_this) {
            return Err(Distrust::Audience);
        }
        let sequence = release.sequence.filter(|sequence| *sequence > 0).ok_or(Distrust::NoSequence)?;
        Ok(Claim { content: Content { digest, sequence: Sequence(sequence) }, issued: None, install_until: None })
    }

    fn kill_list(&self, list: &[u8], envelope: &[u8], _: Purpose) -> Result<(), Distrust> {
        let signatures = signatures(envelope)?;
        // A list that is none is refused by whoever reads it; until then it counts as a wide one.
        let is_wide = Kills::read(list).map_or(true, |kills| kills.all || kills.rules().count() > NARROW);
        let kill = &self.root.kill;
        let most = u8::try_from(kill.keys.len()).unwrap_or(u8::MAX);
        let needed = if is_wide { kill.needed.max(2).min(most) } else { kill.needed };
        let kill = Role { needed, keys: kill.keys.clone() };
        kill.signed(&in_domain("contentcheck kill", list), &signatures, &[])
    }
}
