//! What a check says: how it ended, and what it has against the release.

use contentcheck_model::diagnostic::Detail;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It ran and has nothing against the release.
    Passed,
    /// It ran and has findings.
    Failed,
    /// It could not run: it is not a check that passed.
    Skipped,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckResult {
    /// Its place in the order, from 0.
    pub number: u32,
    /// Its name, in kebab case.
    pub name: String,
    /// What it guards against, one sentence.
    pub guards: String,
    /// How it ended.
    pub status: Status,
    /// What it did, one line.
    pub summary: String,
    /// Counts and sizes, by name.
    pub facts: BTreeMap<String, u64>,
    /// What it has against the release.
    pub findings: Vec<Finding>,
    /// What of it did not run, with the reason.
    pub skipped: Vec<String>,
    /// What nothing in the release can show, such as a class of defects that no rule has the parts for. It did not run
    /// and was not left out: there is nothing that it could have seen.
    pub not_applicable: Vec<String>,
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Good to know.
    Info,
    /// Worth a look; does not fail the gate.
    Warning,
    /// Fails the gate.
    Error,
}

/// One thing that a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The stable code; `contentcheck explain CODE` has its page.
    pub code: String,
    /// How much it weighs.
    pub weight: Weight,
    /// The rule, by id or name.
    pub rule: Option<String>,
    /// The file, and line and column from 1.
    pub place: Option<Place>,
    /// Other places that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<RelatedPlace>,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// An event that shows it, as `eval` reads it.
    pub event: Option<serde_json::Value>,
    /// The same as a `test` block, ready to be put into the rule.
    pub test: Option<String>,
    /// The facts, where the finding is about sensors or the previous release: nothing of the message has to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
}

/// A place that belongs to a finding about another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelatedPlace {
    /// Where.
    pub place: Place,
    /// What it has to do with the finding.
    pub text: String,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}
