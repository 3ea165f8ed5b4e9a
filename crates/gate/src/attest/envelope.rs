//! The envelope: what is signed, and by which key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use contentcheck_model::diagnostic::json_words;

use super::statement::Statement;
use super::{Refusal, strict};
use contentcheck_parser::release::sha256;

/// What an envelope holds.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// Bytes of the largest envelope that is made or read: a statement names every input of the release.
pub const ENVELOPE_BYTES: usize = 16 << 20;
/// Signatures of an envelope that are tried.
pub const SIGNATURES: usize = 64;

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

/// An envelope as it is read: what is missing has words of its own.
#[derive(Deserialize)]
struct Unread {
    #[serde(rename = "payloadType")]
    payload_type: Option<String>,
    payload: Option<String>,
    signatures: Option<Vec<UnreadSignature>>,
}

#[derive(Deserialize)]
struct UnreadSignature {
    sig: Option<String>,
}

/// What is signed: lengths and bytes of both parts, so that neither can pass for the other.
pub(super) fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Signs a statement with a private key in PEM (PKCS #8), as `openssl genpkey -algorithm ed25519` makes one.
///
/// # Errors
/// When the key is none, or the statement is too large to be read again.
pub fn sign(statement: &Statement, private_key: &str) -> Result<Envelope, Refusal> {
    let payload = serde_json::to_vec(statement).map_err(|error| Refusal::Statement(error.to_string()))?;
    if payload.len() / 3 * 4 + 1024 > ENVELOPE_BYTES {
        return Err(Refusal::Envelope(format!("the statement is too large for {ENVELOPE_BYTES} bytes")));
    }
    sign_bytes(&payload, private_key)
}

/// Whether a text is a private key that [`sign`] takes. A run that is to be signed asks before its long work.
///
/// # Errors
/// When it is none.
pub fn check_key(private_key: &str) -> Result<(), Refusal> {
    signing_key(private_key).map(drop)
}

fn signing_key(private_key: &str) -> Result<SigningKey, Refusal> {
    SigningKey::from_pkcs8_pem(private_key.trim()).map_err(|_| {
        let made = "openssl genpkey -algorithm ed25519";
        Refusal::Key(format!("it is no private Ed25519 key in PEM (PKCS #8), as `{made}` writes it"))
    })
}

/// Signs a payload, whatever it says.
pub(super) fn sign_bytes(payload: &[u8], private_key: &str) -> Result<Envelope, Refusal> {
    let key = signing_key(private_key)?;
    let signature = key.sign(&pre_authentication(PAYLOAD_TYPE, payload));
    Ok(Envelope {
        payload_type: PAYLOAD_TYPE.to_owned(),
        payload: STANDARD.encode(payload),
        signatures: vec![EnvelopeSignature {
            keyid: sha256(key.verifying_key().as_bytes()),
            sig: STANDARD.encode(signature.to_bytes()),
        }],
    })
}

/// The statement of an envelope that was signed with the private part of a public key in PEM.
///
/// # Errors
/// When the envelope is none, none of its signatures is that of the key, or what is signed is not a statement of the
/// gate. Nothing of it is believed before the signature is found to be right.
pub fn verify(envelope: &[u8], public_key: &str) -> Result<Statement, Refusal> {
    // A private key does not belong on the machine that verifies.
    if public_key.contains("PRIVATE KEY-----") {
        return Err(Refusal::Key(
            "it is a private key; give the public one, and keep this one away from here".to_owned(),
        ));
    }
    let key = VerifyingKey::from_public_key_pem(public_key.trim()).map_err(|_| {
        let begins = "-----BEGIN PUBLIC KEY-----";
        Refusal::Key(format!(
            "it is no public Ed25519 key in PEM, which begins with `{begins}`, as `openssl pkey -pubout` writes it"
        ))
    })?;
    let wrong = |reason: &str| Refusal::Envelope(reason.to_owned());
    if envelope.len() > ENVELOPE_BYTES {
        return Err(Refusal::Envelope(format!("it has more than {ENVELOPE_BYTES} bytes")));
    }
    let envelope: Unread = serde_json::from_slice(envelope).map_err(|error| Refusal::Envelope(json_words(&error)))?;
    let payload_type = envelope.payload_type.ok_or_else(|| wrong("it does not say what it holds"))?;
    let payload = envelope.payload.ok_or_else(|| wrong("it holds no payload"))?;
    let signatures = envelope.signatures.ok_or_else(|| wrong("it has no signatures"))?;
    if signatures.len() > SIGNATURES {
        return Err(Refusal::Envelope(format!("it has more than {SIGNATURES} signatures")));
    }
    let payload =
        STANDARD.decode(&payload).map_err(|error| Refusal::Envelope(format!("its payload is not base 64: {error}")))?;
    let signed = pre_authentication(&payload_type, &payload);
    let is_signed = signatures.iter().any(|one| {
        let bytes = one.sig.as_ref().and_then(|sig| STANDARD.decode(sig).ok());
        let signature = bytes.and_then(|bytes| Signature::from_slice(&bytes).ok());
        signature.is_some_and(|signature| key.verify_strict(&signed, &signature).is_ok())
    });
    if !is_signed {
        return Err(Refusal::Signature);
    }
    if payload_type != PAYLOAD_TYPE {
        return Err(Refusal::Statement(format!("what is signed is `{payload_type}` and not an in-toto statement")));
    }
    let value = strict::parse(&payload)
        .map_err(|error| Refusal::Statement(format!("what is signed is not a statement: {error}")))?;
    Statement::read(&value)
}
