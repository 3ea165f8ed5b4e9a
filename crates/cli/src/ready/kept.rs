//! What is kept of a release in the cache: its image, and what else a run takes from checking.
//!
//! ```text
//! FORMAT, SHA-256 of the head, length of the head, head, image
//! ```
//!
//! The head names the fingerprint, so that a file under another name is no entry, and the image by the checksum that is
//! verified with it. What does not fit is no entry, and is replaced.

use std::collections::{BTreeMap, BTreeSet};

use contentcheck_interpreter::format::CHECKSUM_AT;
use contentcheck_model::limits;
use contentcheck_parser::release::{digest, hex};
use contentcheck_project::{Fingerprint, TableFiles};
use contentcheck_run::image::{Most, RuleImage};
use serde::{Deserialize, Serialize};

use crate::release::{Passed, Release};
use crate::rule_name::RuleName;

/// The first bytes of an entry. It changes with what an entry holds, and is a part of what fingerprints are made of.
pub(super) const FORMAT: &str = "contentcheck cache 1\n";
const DIGEST: usize = 32;
const LENGTH: usize = 8;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    /// What it was made of.
    fingerprint: String,
    /// Digest of the content, as the image has it.
    content: String,
    /// What compiled it, as the image has it.
    compiler: String,
    /// The checksum of the image.
    seal: u64,
    /// What was said while it was made, a line each.
    said: Vec<String>,
    /// Data files of tables that were asked for, with their digests.
    tables: BTreeMap<String, Option<String>>,
    /// Files that declare template types.
    declaring: BTreeSet<String>,
    /// Files that have rules.
    files: Vec<String>,
    /// For each rule of the image the number of its file.
    rules: Vec<usize>,
}

/// An entry that was read and whose image was verified.
#[derive(Debug)]
pub(super) struct Kept {
    head: Head,
    image: RuleImage,
    rules: Vec<RuleName>,
}

impl Kept {
    /// An entry, if the bytes are one of this fingerprint.
    pub(super) fn read(bytes: &[u8], of: &Fingerprint) -> Option<Self> {
        let rest = bytes.strip_prefix(FORMAT.as_bytes())?;
        let (sum, rest) = rest.split_first_chunk::<DIGEST>()?;
        let (length, rest) = rest.split_first_chunk::<LENGTH>()?;
        let (head, image) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        if digest(head) != *sum {
            return None;
        }
        let head: Head = serde_json::from_slice(head).ok()?;
        if head.fingerprint != of.as_str() || head.files.len() > limits::FILES {
            return None;
        }
        let image = RuleImage::new(image, Most::Anything).ok()?;
        let identity = image.identity()?;
        let is_asked = hex(&identity.content) == head.content
            && identity.compiler == head.compiler
            && seal(image.bytes()) == Some(head.seal);
        let rules = is_asked.then(|| named(&image, &head))??;
        Some(Self { head, image, rules })
    }

    /// Whether tables have the data that it was made with.
    pub(super) fn fits(&self, tables: &TableFiles) -> bool {
        self.head.tables.iter().all(|(path, digest)| tables.digest(path) == *digest)
    }

    /// Whether it is of content that was checked again.
    pub(super) fn is_of(&self, passed: &Passed) -> bool {
        let content = passed.content();
        hex(&content.content_digest()) == self.head.content
            && content.rules().iter().zip(&self.rules).all(|(rule, kept)| RuleName::of(rule) == *kept)
            && content.rules().len() == self.rules.len()
    }

    pub(super) const fn declaring(&self) -> &BTreeSet<String> {
        &self.head.declaring
    }

    pub(super) fn said(&self) -> &[String] {
        &self.head.said
    }

    pub(super) fn into_rules(self) -> (RuleImage, Vec<RuleName>) {
        (self.image, self.rules)
    }

    /// An entry as it is written. Nothing where it would not be read back as the same.
    pub(super) fn bytes_of(
        release: &Release,
        said: Vec<String>,
        tables: BTreeMap<String, Option<String>>,
        of: &Fingerprint,
    ) -> Option<Vec<u8>> {
        let rules: Vec<RuleName> = release.rules().into_iter().map(RuleName::of).collect();
        let files: BTreeSet<String> = rules.iter().filter_map(|rule| rule.file.clone()).collect();
        let files: Vec<String> = files.into_iter().collect();
        let image = RuleImage::new(release.image.as_slice(), Most::Anything).ok()?;
        let identity = image.identity()?;
        let numbers = rules.iter().map(|rule| files.binary_search(rule.file.as_ref()?).ok());
        let head = Head {
            fingerprint: of.as_str().to_owned(),
            content: hex(&identity.content),
            compiler: identity.compiler.to_owned(),
            seal: seal(&release.image)?,
            said,
            tables,
            declaring: super::declaring(release),
            rules: numbers.collect::<Option<_>>()?,
            files,
        };
        // An image has fewer words for a rule than the content: where it does not lead back to what reports call the
        // rules, they would be called otherwise from the second run on.
        if named(&image, &head)? != rules {
            return None;
        }
        let head = serde_json::to_vec(&head).ok()?;
        let length = (head.len() as u64).to_le_bytes();
        let parts = [FORMAT.as_bytes(), &digest(&head), &length, &head, &release.image];
        Some(parts.concat())
    }
}

/// What reports call the rules of an image whose files are known.
fn named(image: &RuleImage, head: &Head) -> Option<Vec<RuleName>> {
    let names = super::names(image);
    if names.len() != head.rules.len() {
        return None;
    }
    let file = |at: &usize| head.files.get(*at).cloned();
    let named = names.into_iter().zip(&head.rules);
    named.map(|(name, at)| Some(RuleName { file: Some(file(at)?), ..name })).collect()
}

/// The checksum of an image, as it states it.
fn seal(image: &[u8]) -> Option<u64> {
    let (bytes, _) = image.get(CHECKSUM_AT..)?.split_first_chunk::<8>()?;
    Some(u64::from_le_bytes(*bytes))
}
