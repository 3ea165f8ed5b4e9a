//! Evidence: what a run of the gate saw, in one value that every report is made from.
//!
//! Two runs on the same release with the same seed make equal evidence: it holds no times, no
//! paths of the machine and no number of threads.

mod inputs;

use std::collections::BTreeMap;

use contentcheck_model::diagnostic::{codes, json_words};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::result::{CheckResult, Finding, Place, RelatedPlace, Status, Weight};
pub use crate::verdict::{Acceptances, Allowance, Conclusion, Missing, Verdict};
pub use inputs::{
    AcceptedBy, AcceptedFindings, FilesLeftOut, InputDigest, InputKind, LeftOut, SensorFacts, SettingsFacts,
};

/// The format of evidence that this version makes and reads.
pub const FORMAT: u32 = 2;

/// What a run of the gate saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Format of this report: [`FORMAT`].
    pub format: u32,
    /// The outcome, made from the results below.
    pub verdict: Verdict,
    /// What made it.
    pub tool: Tool,
    /// What was looked at.
    pub release: ReleaseFacts,
    /// Everything that was read, by digest.
    pub inputs: Vec<InputDigest>,
    /// What the run was told.
    pub settings: SettingsFacts,
    /// Findings that something accepts.
    pub accepted: Vec<AcceptedFindings>,
    /// Rules that were read and do not ship.
    pub left_out: Vec<LeftOut>,
    /// Files that were found and not read.
    pub files_left_out: Vec<FilesLeftOut>,
    /// What each sensor of the fleet loads.
    pub sensors: Vec<SensorFacts>,
    /// The checks, in their order.
    pub checks: Vec<CheckResult>,
    /// The rules of the release, in the order of the image.
    pub rules: Vec<RuleFacts>,
    /// For each template type that rules are on, its fields and what was exercised on them.
    pub fields: Vec<FieldFacts>,
    /// What differs from the previous release, where one was given.
    pub changes: Vec<Change>,
    /// The defects that were seeded, by class.
    pub defects: Vec<DefectClass>,
}

/// What made a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// `contentcheck`
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseFacts {
    /// What the configuration calls the release.
    pub name: Option<String>,
    /// The sequence number: a later release has a higher one.
    pub sequence: Option<u64>,
    /// Files that were read.
    pub files: usize,
    /// Rules.
    pub rules: usize,
    /// SHA-256 over names and bytes of all files, hexadecimal.
    pub content_sha256: String,
    /// Bytes of the image; nothing where there is none.
    pub image_bytes: Option<u64>,
    /// SHA-256 of the image, hexadecimal.
    pub image_sha256: Option<String>,
    /// The sensors of the fleet, name and version.
    pub fleet: Vec<String>,
    /// The release before, where one was given.
    pub previous: Option<PreviousFacts>,
}

/// The release before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviousFacts {
    /// Its sequence number.
    pub sequence: Option<u64>,
    /// Its rules.
    pub rules: usize,
    /// Bytes of its image; nothing where it has none.
    pub image_bytes: Option<u64>,
}

/// What is known of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleFacts {
    /// Id, or name.
    pub rule: String,
    /// Title.
    pub title: String,
    /// Level, in lower case.
    pub level: Option<String>,
    /// Where it is written.
    pub place: Place,
    /// The template types that it runs on.
    pub templates: Vec<String>,
    /// Predicates, over all of its template types.
    pub predicates: u64,
    /// Of these, those that were seen true and seen false.
    pub covered: u64,
    /// Of the others, those of which analysis proves that they decide nothing. A rule that can never match has no
    /// other ones.
    pub redundant: u64,
    /// Of the others, those that neither tests nor analysis could decide.
    pub undecided: u64,
    /// Whether it was seen firing.
    pub fires: bool,
    /// How many sensors of the fleet run it; none where no fleet is named, or there is no image.
    #[serde(default)]
    pub sensors: Option<u64>,
    /// Its own tests.
    pub tests: u64,
    /// Instructions of its programs.
    pub instructions: u64,
    /// What its programs cost at most: steps for an event without values.
    pub steps: u64,
    /// What its programs cost at most: steps for each unit of an event's size, which is about a byte.
    pub steps_per_unit: u64,
    /// Matches on the recorded events. None where no recorded event shows anything of a template type that the rule is on:
    /// nothing was looked at then, which is not the same as no match.
    pub matches: Option<u64>,
    /// How often its version in the previous release matches them; 0 where that had no such rule. None as above.
    pub matches_before: Option<u64>,
    /// How many are allowed.
    pub ceiling: Option<u64>,
}

/// What was exercised on a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldFacts {
    /// The template type.
    pub template: String,
    /// The field.
    pub field: String,
    /// By class of operators (`equality`, `substring`, `pattern`, `number`, `network`, `presence`, `other`):
    /// predicates, and what is known of them. A wildcard that matches everything asks for presence.
    pub classes: BTreeMap<String, Covered>,
}

/// Predicates, and what is known of them: each is covered, redundant or undecided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Covered {
    /// All.
    pub predicates: u64,
    /// Those that were seen true and seen false.
    pub covered: u64,
    /// Those of which analysis proves that they decide nothing.
    pub redundant: u64,
    /// Those that neither tests nor analysis could decide.
    pub undecided: u64,
}

/// How a rule changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is written in another way and means the same.
    Rewritten,
    /// It matches all that it did, and more.
    Wider,
    /// It matches less than it did, and nothing else.
    Narrower,
    /// It matches other events.
    Different,
    /// It differs, and analysis could not tell in what.
    Unknown,
    /// It matches what it did, and says something else of it: another level, title or tags.
    Relabelled,
    /// It is for other sensors.
    OtherSensors,
}

/// A rule that differs from the previous release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Id, or name.
    pub rule: String,
    /// Title.
    pub title: String,
    /// How it changed.
    pub kind: ChangeKind,
    /// The template type on which the events below show it.
    pub template: Option<String>,
    /// An event that only the new version matches.
    pub gains: Option<serde_json::Value>,
    /// An event that only the old version matches.
    pub loses: Option<serde_json::Value>,
    /// Of so many ordinary events, how many each version matches.
    pub volume: Option<Volume>,
    /// What it says of a match now, and said before; or for which sensors it is, and was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
}

/// How often two versions of a rule match the same events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Events.
    pub events: u64,
    /// Matches of the old version.
    pub before: u64,
    /// Matches of the new one.
    pub after: u64,
}

/// Seeded defects of one class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DefectClass {
    /// The class, in kebab case.
    pub class: String,
    /// What was done to the release, one line.
    pub what: String,
    /// The check that must reject it.
    pub check: String,
    /// How many were seeded. None where the release has nothing that this class applies to.
    pub seeded: u64,
    /// How many were rejected, by the named check.
    pub rejected: u64,
}

impl Evidence {
    /// Whether the gate itself is at fault: it passed what it had to reject. That is no finding about the release, and what the
    /// evidence says of it cannot be relied upon.
    #[must_use]
    pub fn is_of_a_blind_gate(&self) -> bool {
        self.errors().any(|(_, finding)| finding.code == codes::GATE_BLIND.id)
    }

    /// Findings that fail the gate, in the order of the checks.
    pub fn errors(&self) -> impl Iterator<Item = (&CheckResult, &Finding)> {
        self.checks.iter().flat_map(|check| {
            check.findings.iter().filter(|finding| finding.weight == Weight::Error).map(move |finding| (check, finding))
        })
    }

    /// Evidence as [`Self::to_json`] writes it.
    ///
    /// # Errors
    /// When it is not evidence of this format, or its verdict is not the one that its results give.
    pub fn from_json(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Versioned {
            format: Option<serde_json::Value>,
        }
        let wrong = |error: serde_json::Error| format!("it is not evidence of the gate: {}", json_words(&error));
        let versioned: Versioned = serde_json::from_slice(bytes).map_err(wrong)?;
        match versioned.format {
            Some(format) if format == FORMAT => {}
            Some(format) => {
                return Err(format!("its format is {format}, and this version reads {FORMAT}: run the gate again"));
            }
            None => return Err("it does not say which format it has".to_owned()),
        }
        let evidence: Self = serde_json::from_slice(bytes).map_err(wrong)?;
        if evidence.has_its_verdict() {
            Ok(evidence)
        } else {
            Err("its verdict is not the one that its results give".to_owned())
        }
    }

    /// Whether the verdict is the one that the results give.
    #[must_use]
    pub fn has_its_verdict(&self) -> bool {
        self.verdict == self.settings.verdict(&self.checks, &self.accepted)
    }

    /// The evidence as canonical JSON: pretty, with a line break at the end.
    ///
    /// # Errors
    /// None that a value of this type brings about.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }
}
