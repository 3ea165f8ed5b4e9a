//! The release before, as far as its evidence tells: only evidence of that very release is held against anything.

use contentcheck_parser::release;

use crate::attest::{self, Refusal};
use crate::evidence::{Evidence, InputDigest, InputKind, ReleaseFacts};
use crate::subject::Built;

/// Evidence of the release before. That it is of no other one was looked at.
#[derive(Clone, Debug)]
pub struct PreviousEvidence {
    evidence: Evidence,
    is_attested: bool,
    lacks_manifests: bool,
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
        let lacks_manifests = previous.is_some_and(|previous| {
            Manifests::in_evidence(&evidence) != Manifests::default() && Manifests::of(previous) == Manifests::default()
        });
        Ok(Self { evidence, is_attested: false, lacks_manifests })
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

    /// Whether the release that is named as the previous one has no manifests, and that of the evidence had: its gate was told
    /// of them on the command line, or somebody took them away. What sensors supplied then is held against nothing.
    pub(crate) const fn lacks_manifests(&self) -> bool {
        self.lacks_manifests
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

/// Whether evidence is of a release: of its name, its sequence and all that check 9 reads of it: content, tables, manifests.
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
    let inputs = previous.judged().inputs();
    let tables = digests(&inputs, |input| input.kind == release::InputKind::Table);
    let mut then: Vec<String> = of_kind(evidence, InputKind::Table).map(|input| input.sha256.clone()).collect();
    then.sort_unstable();
    if then != tables {
        return Err("the tables of the previous release hold something else now".to_owned());
    }
    let (then, now) = (Manifests::in_evidence(evidence), Manifests::of(previous));
    if now == then || now == Manifests::default() {
        return Ok(());
    }
    let is_other = |input: &&release::Input| {
        input.kind == release::InputKind::Manifest
            && !input.name.starts_with(release::SHIPPED)
            && !then.files.contains(&input.sha256)
    };
    let which = match inputs.iter().find(is_other) {
        Some(other) => format!("`{}` is none of those of the evidence", other.name),
        None => "it has other ones than the evidence".to_owned(),
    };
    Err(format!("the manifests of the previous release say something else now: {which}"))
}

/// Manifests and fleet files: those of a release by what they hold, wherever they lie, and those that ship with the program
/// by what they are called, since they may be better known in a later version of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Manifests {
    files: Vec<String>,
    shipped: Vec<String>,
}

impl Manifests {
    fn in_evidence(evidence: &Evidence) -> Self {
        Self::sorted(of_kind(evidence, InputKind::Manifest).map(|input| (input.name.clone(), input.sha256.clone())))
    }

    fn of(previous: &Built) -> Self {
        let inputs = previous.judged().inputs().into_iter();
        let manifests = inputs.filter(|input| input.kind == release::InputKind::Manifest);
        Self::sorted(manifests.map(|input| (input.name, input.sha256)))
    }

    fn sorted(inputs: impl Iterator<Item = (String, String)>) -> Self {
        let mut sorted = Self::default();
        for (name, sha256) in inputs {
            if name.starts_with(release::SHIPPED) { sorted.shipped.push(name) } else { sorted.files.push(sha256) }
        }
        sorted.files.sort_unstable();
        sorted.shipped.sort_unstable();
        sorted
    }
}

fn of_kind(evidence: &Evidence, kind: InputKind) -> impl Iterator<Item = &InputDigest> {
    evidence.inputs.iter().filter(move |input| input.kind == kind)
}

fn digests(inputs: &[release::Input], is_meant: impl Fn(&release::Input) -> bool) -> Vec<String> {
    let mut found: Vec<String> =
        inputs.iter().filter(|input| is_meant(input)).map(|input| input.sha256.clone()).collect();
    found.sort_unstable();
    found
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
            "it is of the sequence {then}, and so is the release: raise `sequence` under [release] for this one, or name evidence of the release before"
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
