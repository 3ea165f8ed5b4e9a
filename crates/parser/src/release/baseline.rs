//! Baselines: findings that were there when an old repository adopted the tool.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use contentcheck_model::diagnostic::Diagnostic;

/// A baseline file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Version of this format; always 1.
    pub format: u32,
    /// The accepted findings, sorted.
    pub findings: Vec<Expected>,
}

/// Findings that are accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The file.
    pub file: String,
    /// The code.
    pub code: String,
    /// Fingerprint of code, file, rule, sensors and message, as 16 hexadecimal digits; lines do not matter.
    pub fingerprint: String,
    /// How many such findings are accepted.
    pub count: usize,
    /// The message, for people who read the file.
    pub message: String,
}

impl Baseline {
    /// The format that is written and read.
    pub const FORMAT: u32 = 1;

    /// The baseline that accepts these findings, except those that nothing can accept.
    #[must_use]
    pub fn of(findings: &[Diagnostic]) -> Self {
        let mut counted: BTreeMap<(&str, &str, String, &str), usize> = BTreeMap::new();
        for finding in findings.iter().filter(|finding| finding.code.is_acceptable()) {
            let key = (finding.source.name(), finding.code.id, hex(finding), finding.message.as_str());
            *counted.entry(key).or_default() += 1;
        }
        let accepted = counted.into_iter().map(|((file, code, fingerprint, message), count)| Expected {
            file: file.to_owned(),
            code: code.to_owned(),
            fingerprint,
            count,
            message: message.to_owned(),
        });
        Self { format: Self::FORMAT, findings: accepted.collect() }
    }

    /// What is left of the baseline while findings are held against it.
    pub(super) fn open(&self) -> Open {
        let mut left: BTreeMap<String, usize> = BTreeMap::new();
        for expected in &self.findings {
            *left.entry(expected.fingerprint.clone()).or_default() += expected.count;
        }
        Open { left }
    }
}

/// A baseline that findings are taken out of.
pub(super) struct Open {
    left: BTreeMap<String, usize>,
}

impl Open {
    /// Whether the baseline accepts a finding. Each of its entries accepts as many as it says.
    pub(super) fn takes(&mut self, finding: &Diagnostic) -> bool {
        if !finding.code.is_acceptable() {
            return false;
        }
        match self.left.get_mut(&hex(finding)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }

    /// How many accepted findings are gone.
    pub(super) fn gone(&self) -> usize {
        self.left.values().sum()
    }
}

fn hex(finding: &Diagnostic) -> String {
    format!("{:016x}", fingerprint(finding))
}

/// A number for a finding that does not depend on its line: code, file, rule, sensors and message.
/// FNV-1a with 64 bits, so it is the same on every machine and in every version.
#[must_use]
pub fn fingerprint(finding: &Diagnostic) -> u64 {
    let parts = [finding.code.id, finding.source.name(), finding.rule.as_deref().unwrap_or(""), &finding.message];
    let sensors = finding.sensors.iter().map(String::as_str);
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.into_iter().chain(sensors).flat_map(|part| part.bytes().chain([0xFF])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}
