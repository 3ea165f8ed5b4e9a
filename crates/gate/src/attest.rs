//! Attestation: an in-toto statement about an image, in a DSSE envelope that is signed with ed25519.
//!
//! The statement is of the predicate type [`PREDICATE`]: which checks passed, which failed, which did not run, and the
//! digest of the evidence. Sources: the in-toto attestation framework, statement version 1; the Dead Simple Signing
//! Envelope, protocol version 1.0.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::evidence::{Evidence, Status, Verdict};
use crate::subject::sha256;

/// What an envelope holds.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The type of the statement.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The type of what the statement says.
pub const PREDICATE: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// Bytes of the largest envelope that is read.
pub const ENVELOPE_BYTES: usize = 4 << 20;

/// A signed envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Envelope {
    /// [`PAYLOAD_TYPE`].
    #[serde(rename = "payloadType")]
    pub payload_type: String,
    /// The statement, in base 64.
    pub payload: String,
    /// Signatures over both.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvelopeSignature {
    /// SHA-256 of the public key's 32 bytes, hexadecimal: a hint, and no proof.
    #[serde(default)]
    pub keyid: String,
    /// The signature, in base 64.
    pub sig: String,
}

/// Why an envelope is not believed, or not made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The key is none of ed25519 in PEM (PKCS #8 or SubjectPublicKeyInfo).
    Key(String),
    /// The release has no image that could be attested.
    NoImage,
    /// The text is no envelope.
    Envelope(String),
    /// No signature of the envelope is that of the key.
    Signature,
    /// The payload is no statement of this kind.
    Statement(String),
    /// The statement is about another file.
    Subject {
        /// The digest that the statement names.
        attested: String,
        /// That of the file.
        found: String,
    },
    /// The statement says that the release does not ship.
    Failed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(reason) => write!(f, "no ed25519 key in PEM: {reason}"),
            Self::NoImage => f.write_str("the release has no image that could be attested"),
            Self::Envelope(reason) => write!(f, "no DSSE envelope: {reason}"),
            Self::Signature => f.write_str("no signature is that of this key, over this payload"),
            Self::Statement(reason) => write!(f, "no statement of the gate: {reason}"),
            Self::Subject { attested, found } => {
                write!(f, "the statement is about the SHA-256 {attested}, and the file has {found}")
            }
            Self::Failed => f.write_str("the gate's verdict was that the release does not ship"),
        }
    }
}

impl std::error::Error for Refusal {}

/// The statement about a release: `evidence_json` is the evidence as it is left beside it.
///
/// # Errors
/// When there is no image.
pub fn statement(evidence: &Evidence, evidence_json: &[u8]) -> Result<Value, Refusal> {
    let image = evidence.release.image_sha256.as_ref().ok_or(Refusal::NoImage)?;
    let of = |status: Status| -> Vec<&str> {
        evidence.checks.iter().filter(|check| check.status == status).map(|check| check.name.as_str()).collect()
    };
    Ok(json!({
        "_type": STATEMENT,
        "subject": [{ "name": "release.ccimage", "digest": { "sha256": image } }],
        "predicateType": PREDICATE,
        "predicate": {
            "result": if evidence.verdict == Verdict::Passed { "PASSED" } else { "FAILED" },
            "configuration": [
                { "name": "content", "digest": { "sha256": evidence.release.content_sha256 } },
                { "name": "evidence.json", "digest": { "sha256": sha256(evidence_json) } },
            ],
            "passedTests": of(Status::Passed),
            "failedTests": of(Status::Failed),
            "skippedTests": of(Status::Skipped),
            "release": { "name": evidence.release.name, "sequence": evidence.release.sequence },
            "tool": { "name": evidence.tool.name, "version": evidence.tool.version },
            "seed": evidence.seed,
        },
    }))
}

/// What is signed: lengths and bytes of both parts, so that neither can pass for the other.
fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Signs a statement with a private key in PEM (PKCS #8), as `openssl genpkey -algorithm ed25519` makes one.
///
/// # Errors
/// When the key is none.
pub fn sign(statement: &Value, private_key: &str) -> Result<Envelope, Refusal> {
    let key = SigningKey::from_pkcs8_pem(private_key.trim()).map_err(|error| Refusal::Key(error.to_string()))?;
    let payload = statement.to_string().into_bytes();
    let signature = key.sign(&pre_authentication(PAYLOAD_TYPE, &payload));
    Ok(Envelope {
        payload_type: PAYLOAD_TYPE.to_owned(),
        payload: STANDARD.encode(&payload),
        signatures: vec![EnvelopeSignature {
            keyid: sha256(key.verifying_key().as_bytes()),
            sig: STANDARD.encode(signature.to_bytes()),
        }],
    })
}

/// The statement of an envelope that was signed with the private part of a public key in PEM.
///
/// # Errors
/// When the envelope is none, or none of its signatures is that of the key. Nothing of it is believed before.
pub fn verify(envelope: &[u8], public_key: &str) -> Result<Value, Refusal> {
    let key = VerifyingKey::from_public_key_pem(public_key.trim()).map_err(|error| Refusal::Key(error.to_string()))?;
    let envelope: Envelope = serde_json::from_slice(envelope).map_err(|error| Refusal::Envelope(error.to_string()))?;
    let payload = STANDARD.decode(&envelope.payload).map_err(|error| Refusal::Envelope(error.to_string()))?;
    let signed = pre_authentication(&envelope.payload_type, &payload);
    let is_signed = envelope.signatures.iter().any(|one| {
        let bytes = STANDARD.decode(&one.sig).ok();
        let signature = bytes.and_then(|bytes| Signature::from_slice(&bytes).ok());
        signature.is_some_and(|signature| key.verify_strict(&signed, &signature).is_ok())
    });
    if !is_signed {
        return Err(Refusal::Signature);
    }
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(Refusal::Statement(format!("the payload is `{}`", envelope.payload_type)));
    }
    let statement: Value = serde_json::from_slice(&payload).map_err(|error| Refusal::Statement(error.to_string()))?;
    for (member, expected) in [("_type", STATEMENT), ("predicateType", PREDICATE)] {
        if statement.get(member).and_then(Value::as_str) != Some(expected) {
            return Err(Refusal::Statement(format!("`{member}` is not `{expected}`")));
        }
    }
    Ok(statement)
}

/// Whether a statement is about an image and says that the release passed.
///
/// # Errors
/// When it is about another one, or says the contrary.
pub fn accepts(statement: &Value, image: &[u8]) -> Result<(), Refusal> {
    let attested = statement.pointer("/subject/0/digest/sha256").and_then(Value::as_str).unwrap_or("nothing");
    let found = sha256(image);
    if attested != found {
        return Err(Refusal::Subject { attested: attested.to_owned(), found });
    }
    match statement.pointer("/predicate/result").and_then(Value::as_str) {
        Some("PASSED") => Ok(()),
        _ => Err(Refusal::Failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{ReleaseFacts, Tool};

    // Made for this test: `openssl genpkey -algorithm ed25519`.
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIFwFkYxPbHARyDwisUzpT7BdfNsyMQFg5e3FNqFOgBds\n-----END PRIVATE KEY-----\n";
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAbN9JtNih/Tw8psY+UwyJKxKjxdRgYhbiMwmdvj7XrDk=\n-----END PUBLIC KEY-----\n";

    fn evidence() -> Evidence {
        let release = ReleaseFacts { image_sha256: Some(sha256(b"image")), ..ReleaseFacts::default() };
        Evidence {
            format: 1,
            tool: Tool { name: "contentcheck".to_owned(), version: "0".to_owned() },
            release,
            seed: 0,
            verdict: Verdict::Passed,
            checks: Vec::new(),
            rules: Vec::new(),
            fields: Vec::new(),
            changes: Vec::new(),
            defects: Vec::new(),
        }
    }

    #[test]
    fn what_was_signed_is_believed_and_nothing_else() {
        let statement = statement(&evidence(), b"{}").unwrap();
        let envelope = sign(&statement, PRIVATE).unwrap();
        let text = serde_json::to_vec(&envelope).unwrap();
        let believed = verify(&text, PUBLIC).unwrap();
        assert_eq!(believed, statement);
        assert_eq!(accepts(&believed, b"image"), Ok(()));
        assert!(matches!(accepts(&believed, b"another"), Err(Refusal::Subject { .. })));
        // Another payload, another type, another key.
        let mut other = envelope.clone();
        other.payload = STANDARD.encode(statement.to_string().replace("PASSED", "FAILED"));
        assert_eq!(verify(&serde_json::to_vec(&other).unwrap(), PUBLIC), Err(Refusal::Signature));
        let mut other = envelope.clone();
        other.payload_type = "text/plain".to_owned();
        assert_eq!(verify(&serde_json::to_vec(&other).unwrap(), PUBLIC), Err(Refusal::Signature));
        let mut other = envelope;
        other.signatures.clear();
        assert_eq!(verify(&serde_json::to_vec(&other).unwrap(), PUBLIC), Err(Refusal::Signature));
        assert!(matches!(verify(b"{", PUBLIC), Err(Refusal::Envelope(_))));
        assert!(matches!(verify(&text, PRIVATE), Err(Refusal::Key(_))));
    }

    #[test]
    fn a_release_that_failed_is_attested_as_one() {
        let mut failed = evidence();
        failed.verdict = Verdict::Failed;
        let statement = statement(&failed, b"{}").unwrap();
        assert_eq!(accepts(&statement, b"image"), Err(Refusal::Failed));
        failed.release.image_sha256 = None;
        assert_eq!(super::statement(&failed, b"{}"), Err(Refusal::NoImage));
    }

    /// The example of the DSSE protocol.
    #[test]
    fn what_is_signed_is_as_the_protocol_says() {
        let bytes = pre_authentication("http://example.com/HelloWorld", b"hello world");
        assert_eq!(bytes, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }
}
