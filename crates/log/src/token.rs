//! Tokens: what lets a device take a release. One for each ring of a rollout, the same for every device.
//!
//! A token is a proof of C2SP (`tlog-proof`) with the [`Opening`] of the ring in its `extra` line. For a ring after the first, the
//! proof of the ring before it follows, over a checkpoint of its own: how far apart the two are is what witnesses say, and no
//! clock of a device or a server.
//!
//! For devices that stay behind the newest release, the tokens of newer releases follow that of the offered one, each after a line
//! [`NEWER`]: each shows that its release is everywhere.

use core::fmt;

use crate::limits::TOKEN_BYTES;
use crate::opening::{NoOpening, OPENING, Opening};
use crate::proof::{FIRST, NoProof, Proof, Unlogged};
use crate::trust::{Trust, Witnessed};

/// The line between a token and that of a newer release, in a file for devices that stay behind.
pub const NEWER: &str = "=== newer ===\n";

/// The token of an offer, and what shows that newer releases are everywhere, as a file has them one behind the other.
#[must_use]
pub fn parts(file: &[u8]) -> (&[u8], Newer<'_>) {
    let mut rest = Newer(Some(file));
    (rest.next().unwrap_or_default(), rest)
}

/// Tokens of newer releases.
#[derive(Clone, Copy, Debug)]
pub struct Newer<'f>(Option<&'f [u8]>);

impl<'f> Iterator for Newer<'f> {
    type Item = &'f [u8];

    fn next(&mut self) -> Option<&'f [u8]> {
        let rest = self.0.take()?;
        let is_line = |at: &usize| at.checked_sub(1).is_none_or(|before| rest.get(before) == Some(&b'\n'));
        let starts = rest.windows(NEWER.len()).enumerate().filter(|(_, part)| *part == NEWER.as_bytes());
        match starts.map(|(at, _)| at).find(is_line) {
            Some(at) => {
                self.0 = rest.get(at.saturating_add(NEWER.len())..);
                rest.get(..at)
            }
            None => Some(rest),
        }
    }
}

/// A token that is well-formed.
#[derive(Clone, Copy, Debug)]
pub struct Token<'t> {
    own: Proof<'t>,
    before: Option<Proof<'t>>,
}

/// A ring that was opened. Made by [`Token::check`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    opening: Opening,
    checkpoint: Witnessed,
    before: Option<Witnessed>,
}

/// Why a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoToken {
    /// It is too large.
    Bytes,
    /// A proof is none.
    Proof(NoProof),
    /// A proof has no entry beside it, or not one that opens a ring.
    Opening(NoOpening),
    /// An entry is not shown to be in the log.
    Unlogged(Unlogged),
    /// The second proof is missing, is not of the ring before in the same rollout, or is one too many.
    Before,
    /// The log had forgotten one of the two openings when it showed the other.
    Order,
}

impl fmt::Display for NoToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes => write!(f, "a token has {TOKEN_BYTES} bytes at most"),
            Self::Proof(why) => why.fmt(f),
            Self::Opening(why) => why.fmt(f),
            Self::Unlogged(why) => why.fmt(f),
            Self::Before => f.write_str("the token does not show that the ring before was opened in the same rollout"),
            Self::Order => f.write_str("the two checkpoints of the token contradict each other"),
        }
    }
}

impl core::error::Error for NoToken {}

impl<'t> Token<'t> {
    /// Reads a token.
    ///
    /// # Errors
    /// When it is none. Whether it opens anything is another question.
    pub fn read(bytes: &'t [u8]) -> Result<Self, NoToken> {
        if bytes.len() > TOKEN_BYTES {
            return Err(NoToken::Bytes);
        }
        let text = core::str::from_utf8(bytes).map_err(|_| NoToken::Proof(NoProof::Line { line: 1 }))?;
        let (own, before) = halves(text);
        let read = |text: &'t str| Proof::read(text.as_bytes()).map_err(NoToken::Proof);
        let before = if before.is_empty() { None } else { Some(read(before)?) };
        Ok(Self { own: read(own)?, before })
    }

    /// The text of the proof of the ring before, where a token has one. Whether it is one is another question.
    #[must_use]
    pub fn proof_before(token: &str) -> Option<&str> {
        Some(halves(token).1).filter(|before| !before.is_empty())
    }

    /// What the token says that it opens. Nothing that it says is checked: this is for whoever sorts files, and opens no ring.
    #[must_use]
    pub fn claimed(&self) -> Option<Opening> {
        let mut room = [0; OPENING + 3];
        Opening::read(self.own.extra(&mut room)?).ok()
    }

    /// Whether the token opens a ring, by a log that is trusted.
    ///
    /// # Errors
    /// When it does not.
    pub fn check(&self, trust: &Trust<'_>) -> Result<Opened, NoToken> {
        let (opening, checkpoint) = opened(&self.own, trust)?;
        let Some(ring) = opening.ring.checked_sub(1) else {
            return if self.before.is_some() {
                Err(NoToken::Before)
            } else {
                Ok(Opened { opening, checkpoint, before: None })
            };
        };
        let (earlier, before) = opened(self.before.as_ref().ok_or(NoToken::Before)?, trust)?;
        if earlier != (Opening { ring, ..opening }) {
            return Err(NoToken::Before);
        }
        let is_later = checkpoint.size() > before.size();
        if !is_later && (checkpoint.size() < before.size() || checkpoint.root() != before.root()) {
            return Err(NoToken::Order);
        }
        Ok(Opened { opening, checkpoint, before: Some(before) })
    }
}

/// The proof of its own opening, and what follows it.
fn halves(text: &str) -> (&str, &str) {
    // No line of a note is that one, but of a log that adds it to its checkpoint: such a token is refused.
    let starts = text.as_bytes().windows(FIRST.len()).enumerate().filter(|(_, part)| *part == FIRST.as_bytes());
    let second = starts.map(|(at, _)| at).find(|at| *at > 0);
    second.and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

fn opened(proof: &Proof<'_>, trust: &Trust<'_>) -> Result<(Opening, Witnessed), NoToken> {
    let mut room = [0; OPENING + 3];
    let entry = proof.extra(&mut room).ok_or(NoToken::Opening(NoOpening::Form))?;
    let opening = Opening::read(entry).map_err(NoToken::Opening)?;
    let witnessed = proof.includes(entry, trust).map_err(NoToken::Unlogged)?;
    Ok((opening, witnessed))
}

impl Opened {
    /// What was opened.
    #[must_use]
    pub const fn opening(&self) -> &Opening {
        &self.opening
    }

    /// Whether its last ring is open: the whole fleet may have the release.
    #[must_use]
    pub fn is_everywhere(&self) -> bool {
        self.opening.ring.checked_add(1) == Some(self.opening.rings())
    }

    /// The checkpoint that shows it.
    #[must_use]
    pub const fn checkpoint(&self) -> &Witnessed {
        &self.checkpoint
    }

    /// The checkpoint that shows the ring before. Nothing: there is none before.
    #[must_use]
    pub const fn checkpoint_before(&self) -> Option<&Witnessed> {
        self.before.as_ref()
    }

    /// Seconds for which the ring before has been open at least, by the clocks of witnesses. Nothing: there is none before.
    #[must_use]
    pub fn since_ring_before(&self) -> Option<u64> {
        self.before.map(|before| self.checkpoint.seen_until().saturating_sub(before.seen_by()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_apart_at_whole_lines() {
        let of = |text: &'static str| {
            let (own, newer) = parts(text.as_bytes());
            let mut all = [own; 4];
            let mut count = 1;
            all.iter_mut().skip(1).zip(newer).for_each(|(to, part)| {
                *to = part;
                count += 1;
            });
            (all, count)
        };
        for (text, expected) in [
            ("", &[""][..]),
            ("a\n", &["a\n"]),
            ("a\n=== newer ===\nb\n", &["a\n", "b\n"]),
            ("=== newer ===\n=== newer ===\n", &["", "", ""]),
            ("a === newer ===\nb", &["a === newer ===\nb"]),
            ("a\n=== newer ===", &["a\n=== newer ==="]),
        ] {
            let (found, count) = of(text);
            assert!(count == expected.len() && found.iter().zip(expected).all(|(a, b)| *a == b.as_bytes()), "{text:?}");
        }
    }
}
