//! What had an influence on a run: inputs by digest, settings, what was accepted and what was left out.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::result::CheckResult;
use crate::verdict::{Acceptances, Allowance, Verdict};

/// What an input is to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InputKind {
    /// A file of rules, template types or lists.
    Content,
    /// The data file of a table.
    Table,
    /// The manifest of a sensor, or a fleet file.
    Manifest,
    /// The configuration in use.
    Configuration,
    /// The baseline of accepted findings.
    Baseline,
    /// A file of tests beside rules.
    Tests,
    /// Recorded events that are replayed.
    Recording,
    /// Recorded events that no rule may match.
    NeverMatch,
    /// Recorded events that told the compiler what is rare.
    Profile,
    /// A file of content of the previous release.
    PreviousContent,
    /// The configuration of the previous release.
    PreviousConfiguration,
    /// The manifest of a sensor that the previous release was for, or its fleet file.
    PreviousManifest,
    /// The baseline of the previous release.
    PreviousBaseline,
    /// The image of the previous release.
    PreviousImage,
    /// The evidence of the previous release.
    PreviousEvidence,
    /// The attestation of that evidence.
    PreviousAttestation,
    /// The public key that the attestation was verified with.
    PreviousKey,
}

impl InputKind {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::Content,
        Self::Table,
        Self::Manifest,
        Self::Configuration,
        Self::Baseline,
        Self::Tests,
        Self::Recording,
        Self::NeverMatch,
        Self::Profile,
        Self::PreviousContent,
        Self::PreviousConfiguration,
        Self::PreviousManifest,
        Self::PreviousBaseline,
        Self::PreviousImage,
        Self::PreviousEvidence,
        Self::PreviousAttestation,
        Self::PreviousKey,
    ];

    /// The word that evidence and statements use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Table => "table",
            Self::Manifest => "manifest",
            Self::Configuration => "configuration",
            Self::Baseline => "baseline",
            Self::Tests => "tests",
            Self::Recording => "recording",
            Self::NeverMatch => "never-match",
            Self::Profile => "profile",
            Self::PreviousContent => "previous-content",
            Self::PreviousConfiguration => "previous-configuration",
            Self::PreviousManifest => "previous-manifest",
            Self::PreviousBaseline => "previous-baseline",
            Self::PreviousImage => "previous-image",
            Self::PreviousEvidence => "previous-evidence",
            Self::PreviousAttestation => "previous-attestation",
            Self::PreviousKey => "previous-key",
        }
    }

    /// The kind that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// An input of a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputDigest {
    /// What it is to the run.
    pub kind: InputKind,
    /// Its name, as the release names it.
    pub name: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// How many bytes it has.
    pub bytes: u64,
}

impl InputDigest {
    /// The digest of an input.
    #[must_use]
    pub fn new(kind: InputKind, name: impl Into<String>, bytes: &[u8]) -> Self {
        Self { kind, name: name.into(), sha256: contentcheck_parser::release::sha256(bytes), bytes: bytes.len() as u64 }
    }
}

/// What a run was told: by the command line, or else by the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsFacts {
    /// The seed of everything that is random.
    pub seed: u64,
    /// Generated events that were asked for.
    pub cases: u64,
    /// Seconds after which generating ends, where that was asked for.
    pub seconds: Option<u64>,
    /// The only checks that were asked for; all where it is empty.
    pub only: Vec<String>,
    /// Checks that were left out on request.
    pub skip: Vec<String>,
    /// Whether a check that did not run stops the release.
    pub require_all: bool,
    /// Whether warnings fail the release.
    pub deny_warnings: bool,
    /// Whether rules and tables may shrink.
    pub allow_shrink: bool,
    /// Whether image and tables may grow to more than twice their size.
    pub allow_growth: bool,
    /// Whether a sensor that lacks an input skips the rules that read it instead of refusing the image.
    pub skip_unsupplied: bool,
    /// Whether the self-test seeds every class into every rule.
    pub every_rule: bool,
    /// Whether a change was looked at that is to be merged, and no release.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub change: bool,
    /// Severities that differ from the default, by code.
    pub severities: BTreeMap<String, String>,
    /// Codes that are off in some files, by the pattern of the files.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub per_file_ignores: BTreeMap<String, Vec<String>>,
    /// How often every rule may match the recorded events.
    pub ceiling: Option<u64>,
    /// How often single rules may, as the configuration names them.
    pub ceilings: BTreeMap<String, u64>,
}

impl SettingsFacts {
    /// The verdict on a release whose checks ended so in a run that was told this, and of which so much is accepted.
    #[must_use]
    pub fn verdict(&self, checks: &[CheckResult], accepted: &[AcceptedFindings]) -> Verdict {
        let count = |by: AcceptedBy| accepted.iter().filter(|one| one.by == by).map(|one| one.count).sum();
        let accepted = Acceptances {
            comment: count(AcceptedBy::Comment),
            baseline: count(AcceptedBy::Baseline),
            severity: count(AcceptedBy::Severity),
        };
        Verdict::of(checks, self.require_all, &self.allowed(), accepted)
    }

    /// The words that let something pass which otherwise fails.
    #[must_use]
    pub fn allowed(&self) -> Vec<Allowance> {
        let is_given = |one: &Allowance| match one {
            Allowance::AllowShrink => self.allow_shrink,
            Allowance::AllowGrowth => self.allow_growth,
            Allowance::SkipUnsupplied => self.skip_unsupplied,
        };
        Allowance::ALL.into_iter().filter(is_given).collect()
    }

    /// Whether a check was left out on request.
    #[must_use]
    pub fn leaves_out(&self, check: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|one| one == check);
        named(&self.skip) || !(self.only.is_empty() || named(&self.only))
    }
}

/// What accepts a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AcceptedBy {
    /// A comment in the file.
    Comment,
    /// The baseline.
    Baseline,
    /// A severity in the configuration: the code is off, or its findings weigh less than they do without it.
    Severity,
}

/// Findings of one code in one file that something accepts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptedFindings {
    /// What accepts them.
    pub by: AcceptedBy,
    /// The code.
    pub code: String,
    /// The file; the check in brackets, where findings are about none.
    pub file: String,
    /// How many.
    pub count: u64,
    /// The reason that is given.
    pub reason: Option<String>,
}

/// A rule that was read and does not ship.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Id, or name.
    pub rule: String,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The codes of the findings that are the reason.
    pub codes: Vec<String>,
}

/// Files that were found and not read, for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilesLeftOut {
    /// Why: hidden, excluded by the configuration, and so on.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// The names of the first ones, at most [`Self::NAMES`].
    pub names: Vec<String>,
}

impl FilesLeftOut {
    /// Names that are kept.
    pub const NAMES: usize = 20;

    /// None yet, for a reason.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::default() }
    }

    /// Counts a file.
    pub fn note(&mut self, name: impl Into<String>) {
        self.count += 1;
        if self.names.len() < Self::NAMES {
            self.names.push(name.into());
        }
    }
}

/// What a sensor of the fleet loads.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensorFacts {
    /// Its name.
    pub sensor: String,
    /// Its version.
    pub version: String,
    /// Rules of the image that it loads; nothing where it refuses the image.
    pub loads: Option<u64>,
    /// Rules of the image.
    pub of: u64,
    /// Rules of the previous release's image that it loads, where that is known.
    pub previously: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_format() {
        for kind in InputKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
            assert_eq!(InputKind::from_word(kind.word()), Some(kind));
        }
    }

    #[test]
    fn names_of_files_are_bounded_and_all_are_counted() {
        let mut left = FilesLeftOut::new("hidden");
        (0..100).for_each(|number| left.note(format!("{number}.yml")));
        assert_eq!((left.count, left.names.len()), (100, FilesLeftOut::NAMES));
    }
}
