//! Baselines: findings that were there when an old repository adopted the tool.

use std::collections::BTreeMap;
use std::path::Path;

use contentcheck_parser::diagnostic::Diagnostic;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::fingerprint::fingerprint;
use crate::walk;

const LONGEST: usize = 256 << 20;

/// A baseline file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Version of this format; always 1.
    pub format: u32,
    /// The accepted findings, sorted.
    pub findings: Vec<Accepted>,
}

/// Findings that are accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The file.
    pub file: String,
    /// The code.
    pub code: String,
    /// Fingerprint of code, file, rule and message, as 16 hexadecimal digits; lines do not matter.
    pub fingerprint: String,
    /// How many such findings are accepted.
    pub count: usize,
    /// The message, for people who read the file.
    pub message: String,
}

impl Baseline {
    /// The baseline that accepts these findings.
    #[must_use]
    pub fn of(findings: &[Diagnostic]) -> Self {
        let mut counted: BTreeMap<(&str, &str, String, &str), usize> = BTreeMap::new();
        for finding in findings {
            let key = (finding.source.name(), finding.code.id, hex(finding), finding.message.as_str());
            *counted.entry(key).or_default() += 1;
        }
        let accepted = counted.into_iter().map(|((file, code, fingerprint, message), count)| Accepted {
            file: file.to_owned(),
            code: code.to_owned(),
            fingerprint,
            count,
            message: message.to_owned(),
        });
        Self { format: 1, findings: accepted.collect() }
    }

    /// Reads a baseline file.
    ///
    /// # Errors
    /// When it is not there or is not a baseline.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = walk::name(path);
        let bytes = walk::read_bytes(path, LONGEST).map_err(|problem| Failure::usage(format!("{name}: {problem}")))?;
        let read: Self = serde_json::from_slice(&bytes)
            .map_err(|error| Failure::usage(format!("{name}: not a baseline: {error}")))?;
        if read.format != 1 {
            return Err(Failure::usage(format!(
                "{name}: format {} is not known; this version reads format 1",
                read.format
            )));
        }
        Ok(read)
    }

    /// The baseline as JSON.
    ///
    /// # Errors
    /// Never in practice: the type has nothing that JSON cannot hold.
    pub fn to_json(&self) -> Result<String, Failure> {
        let text = serde_json::to_string_pretty(self).map_err(|error| Failure::internal(error.to_string()))?;
        Ok(text + "\n")
    }

    /// The findings that are not accepted, and how many accepted ones are gone by now.
    #[must_use]
    pub fn filter(&self, findings: Vec<Diagnostic>) -> (Vec<Diagnostic>, usize) {
        let mut left: BTreeMap<&str, usize> = BTreeMap::new();
        for accepted in &self.findings {
            *left.entry(accepted.fingerprint.as_str()).or_default() += accepted.count;
        }
        let mut new = Vec::new();
        for finding in findings {
            match left.get_mut(hex(&finding).as_str()) {
                Some(count) if *count > 0 => *count -= 1,
                _ => new.push(finding),
            }
        }
        (new, left.values().sum())
    }
}

fn hex(finding: &Diagnostic) -> String {
    format!("{:016x}", fingerprint(finding))
}
