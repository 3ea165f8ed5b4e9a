//! Signed notes: a text, an empty line, and lines of signatures.

use core::fmt;

use crate::base64;
use crate::key::{Algorithm, VerifierKey, is_name};
use crate::limits::{NOTE_BYTES, SIGNATURES};
use crate::lines::{split, split_once};

const DASH: &str = "\u{2014} ";

/// A note that is well-formed. What it says is not believed for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note<'n> {
    text: &'n str,
    signatures: &'n str,
}

/// One signature of a note, by whoever its line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature<'n> {
    /// The name of the key.
    pub name: &'n str,
    /// The id of the key.
    pub id: u32,
    encoded: &'n str,
}

/// Why bytes are no note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoNote {
    /// There are too many.
    Bytes,
    /// They are not UTF-8, or have control characters other than line feeds.
    Characters,
    /// There is no text, an empty line and signatures, each line with its end.
    Form,
    /// A line is no signature.
    Signature {
        /// Which, from 1.
        number: usize,
    },
    /// There are too many signatures.
    Signatures,
}

impl fmt::Display for NoNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes => write!(f, "a note has {NOTE_BYTES} bytes at most"),
            Self::Characters => f.write_str("a note is UTF-8 without control characters"),
            Self::Form => f.write_str("a note is a text, an empty line, and signatures"),
            Self::Signature { number } => write!(f, "signature {number} is not a dash, a name and base 64"),
            Self::Signatures => write!(f, "a note has {SIGNATURES} signatures at most"),
        }
    }
}

impl core::error::Error for NoNote {}

impl<'n> Signature<'n> {
    fn read(line: &'n str) -> Option<Self> {
        let rest = line.strip_prefix(DASH)?;
        let (name, encoded) = split_once(rest, b' ')?;
        // Eight digits are up to six bytes: an id of four, and at least one more.
        let mut room = [0; 6];
        let &[a, b, c, d, _, ..] = base64::decode(encoded.get(..8)?, &mut room)? else { return None };
        let is_one = is_name(name) && base64::is_strict(encoded);
        is_one.then_some(Self { name, id: u32::from_be_bytes([a, b, c, d]), encoded })
    }

    /// Its bytes, without the id. Nothing: there are other than `N`.
    pub(crate) fn bytes<const N: usize>(&self) -> Option<[u8; N]> {
        let mut room = [0; 96];
        let (_, bytes) = base64::decode(self.encoded, &mut room)?.split_first_chunk::<4>()?;
        bytes.try_into().ok()
    }

    /// Whether the line says that it is of this key.
    #[must_use]
    pub fn is_of(&self, key: &VerifierKey<'_>) -> bool {
        self.id == key.id() && self.name == key.name()
    }
}

impl<'n> Note<'n> {
    /// Reads a note. Signatures are looked at for their form alone.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(bytes: &'n [u8]) -> Result<Self, NoNote> {
        if bytes.len() > NOTE_BYTES {
            return Err(NoNote::Bytes);
        }
        let note = core::str::from_utf8(bytes).map_err(|_| NoNote::Characters)?;
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(NoNote::Characters);
        }
        // The search of the standard library indexes; this one leaves no panic.
        let end = bytes.windows(2).rposition(|pair| pair == b"\n\n").ok_or(NoNote::Form)?;
        let (text, rest) = note.split_at_checked(end.saturating_add(1)).ok_or(NoNote::Form)?;
        let signatures = rest.strip_prefix('\n').ok_or(NoNote::Form)?;
        let lines = signatures.strip_suffix('\n').ok_or(NoNote::Form)?;
        for (at, line) in split(lines, b'\n').enumerate() {
            if at >= SIGNATURES {
                return Err(NoNote::Signatures);
            }
            Signature::read(line).ok_or(NoNote::Signature { number: at.saturating_add(1) })?;
        }
        Ok(Self { text, signatures })
    }

    /// What is signed, with its last line feed.
    #[must_use]
    pub const fn text(&self) -> &'n str {
        self.text
    }

    /// Its signatures, in their order.
    pub fn signatures(&self) -> impl Iterator<Item = Signature<'n>> {
        split(self.signatures, b'\n').filter_map(Signature::read)
    }

    /// When a witness signed this checkpoint, in seconds since 1970. Nothing where it did not.
    #[must_use]
    pub fn cosigned_at(&self, witness: &VerifierKey<'_>) -> Option<u64> {
        let signature = self.signatures().find(|signature| signature.is_of(witness))?;
        let is_witness = witness.algorithm() == Algorithm::Cosignature;
        is_witness.then(|| crate::trust::cosigned(&signature, witness, self.text))?
    }

    /// Whether the first signature that says it is of a key is so, over the text. Keys for cosignatures sign more than that, and
    /// never this.
    #[must_use]
    pub fn is_signed_by(&self, key: &VerifierKey<'_>) -> bool {
        let signature = self.signatures().find(|signature| signature.is_of(key));
        key.algorithm() == Algorithm::Note
            && signature
                .and_then(|signature| signature.bytes::<64>())
                .is_some_and(|signature| key.verifies(self.text.as_bytes(), &signature))
    }
}
