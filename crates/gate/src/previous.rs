//! The release before, as far as its evidence tells: only evidence of that very release is held against anything.

use contentcheck_parser::release;

use crate::attest::{self, Refusal};
use crate::evidence::{Evidence, InputKind, ReleaseFacts};
use crate::subject::Built;

/// Evidence of the release before. That it is of no other one was looked at.
#[derive(Clone, Debug)]
pub struct PreviousEvidence {
    evidence: Evidence,
    is_attested: bool,
}

impl PreviousEvidence {
    /// Evidence for a run over `built`: it must be of the release that is named as the previous one, where one is, and
    /// of an earlier release of the same product in any case.
    ///
    /// # Errors
    /// What it is of instead, in words.
    pub fn of(evidence: Evidence, built: &Built, previous: Option<&Built>) -> Result<Self, String> {
        match previous {
            Some(previous) => is_of(&evidence, previous)?,
            None => is_named(&evidence.release, built, "the release")?,
        }
        is_before(&evidence.release, built)?;
        has_shipped(&evidence)?;
        Ok(Self { evidence, is_attested: false })
    }

    /// What the gate of that release did not look at, but for what came before it, which a first release cannot have:
    /// nothing tells how much there was.
    pub(crate) fn unseen(&self) -> Vec<&str> {
        let missing = self.evidence.verdict.missing().iter().map(|one| one.check.as_str());
        let mut checks: Vec<&str> = missing.filter(|check| *check != "change").collect();
        checks.dedup();
        checks
    }

    /// The same, where an attestation that this key signed was made from these bytes of evidence and from no others.
    ///
    /// # Errors
    /// Why it was not.
    pub fn attested(self, bytes: &[u8], envelope: &[u8], key: &str) -> Result<Self, Refusal> {
        let statement = attest::verify(envelope, key)?;
        attest::is_of(&statement, bytes)?;
        // What was read is what was signed.
        match Evidence::from_json(bytes) {
            Ok(evidence) if evidence == self.evidence => Ok(Self { is_attested: true, ..self }),
            _ => Err(Refusal::Evidence("it is of other evidence".to_owned())),
        }
    }

    /// Whether a key says that it is what the gate left. What anybody could have edited proves little.
    #[must_use]
    pub const fn is_attested(&self) -> bool {
        self.is_attested
    }

    /// The evidence.
    #[must_use]
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

/// Whether the release may have shipped: what was compared with one that did not would hide what that one lost.
fn has_shipped(evidence: &Evidence) -> Result<(), String> {
    if evidence.verdict.ships() {
        return Ok(());
    }
    Err(format!("the gate stopped that release ({}): name the one that devices have", evidence.verdict.summary()))
}

/// Whether evidence is of a release: of its name, its sequence and its content.
fn is_of(evidence: &Evidence, previous: &Built) -> Result<(), String> {
    let then = &evidence.release;
    is_named(then, previous, "the previous release")?;
    let sequence = previous.judged().gathered().release.sequence;
    if then.sequence != sequence {
        let said = |number: Option<u64>| {
            number.map_or_else(|| "has no sequence".to_owned(), |number| format!("has the sequence {number}"))
        };
        return Err(format!(
            "it is of a release that {}, and the previous release {}",
            said(then.sequence),
            said(sequence)
        ));
    }
    let content = previous.judged().content_sha256();
    if then.content_sha256 != content {
        return Err(format!(
            "it is of other content than the previous release has: of {} rules, SHA-256 {}; the previous release has {} and {content}",
            then.rules,
            then.content_sha256,
            previous.content().rules().len()
        ));
    }
    // Names depend on where a release lies; what its tables hold does not.
    let mut then: Vec<&str> = evidence
        .inputs
        .iter()
        .filter(|input| input.kind == InputKind::Table)
        .map(|input| input.sha256.as_str())
        .collect();
    let inputs = previous.judged().inputs();
    let tables = inputs.iter().filter(|input| matches!(input.kind, release::InputKind::Table));
    let mut now: Vec<&str> = tables.map(|input| input.sha256.as_str()).collect();
    then.sort_unstable();
    now.sort_unstable();
    if then == now { Ok(()) } else { Err("the tables of the previous release hold something else now".to_owned()) }
}

fn is_named(then: &ReleaseFacts, of: &Built, what: &str) -> Result<(), String> {
    let name = &of.judged().gathered().release.name;
    if then.name == *name {
        return Ok(());
    }
    let said = |name: &Option<String>| {
        name.as_ref().map_or_else(|| "a release without a name".to_owned(), |name| format!("the release `{name}`"))
    };
    let own = name.as_ref().map_or_else(|| "has no name".to_owned(), |name| format!("is `{name}`"));
    Err(format!("it is of {}, and {what} {own}", said(&then.name)))
}

/// Whether evidence can be of an earlier release than this one.
fn is_before(then: &ReleaseFacts, built: &Built) -> Result<(), String> {
    match (then.sequence, built.judged().gathered().release.sequence) {
        (Some(then), Some(now)) if then == now => Err(format!(
            "it is of the sequence {then}, as the release itself: evidence of the release before is expected"
        )),
        (Some(then), Some(now)) if then > now => {
            Err(format!("it is of the sequence {then}, and the release has {now}: it is of no earlier release"))
        }
        // The same content may be released again under a higher number.
        (Some(_), Some(_)) => Ok(()),
        _ => {
            let image = built.image().ok().map(|image| release::sha256(image));
            if then.content_sha256 == built.judged().content_sha256() && then.image_sha256 == image {
                return Err("it is of the release itself: evidence of the release before is expected".to_owned());
            }
            Ok(())
        }
    }
}
