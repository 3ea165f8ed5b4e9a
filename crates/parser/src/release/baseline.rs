//! Baselines: findings that were there when an old repository adopted the tool.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Finding;
use contentcheck_model::diagnostic::{CUT, Code, Diagnostic};

/// A baseline file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Version of this format; always 1.
    pub format: u32,
    /// The accepted findings, sorted.
    pub findings: Vec<Expected>,
}

/// How a baseline names files: as seen from its own directory, whatever the directory of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(Option<Places>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Places {
    run: PathBuf,
    baseline: PathBuf,
}

impl Names {
    /// Names as the run has them.
    pub const AS_GIVEN: Self = Self(None);

    /// Names of a run in the directory `run`, for a baseline in the directory `baseline`; both absolute, without links.
    #[must_use]
    pub fn new(run: PathBuf, baseline: PathBuf) -> Self {
        Self(Some(Places { run, baseline }))
    }

    /// The name in the baseline of a file that the run calls `name`.
    #[must_use]
    pub fn of(&self, name: &str) -> String {
        let Some(Places { run, baseline }) = &self.0 else { return name.to_owned() };
        let mut path = PathBuf::new();
        for part in run.join(name).components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => {
                    path.pop();
                }
                part => path.push(part),
            }
        }
        let common = path.components().zip(baseline.components()).take_while(|(a, b)| a == b).count();
        let up = baseline.components().skip(common).map(|_| "..".into());
        let down = path.components().skip(common).map(|part| part.as_os_str().to_string_lossy());
        up.chain(down).collect::<Vec<_>>().join("/")
    }
}

/// A baseline, and how it names files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The baseline.
    pub baseline: Baseline,
    /// Its names.
    pub names: Names,
}

/// Findings that are accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The file, seen from the directory of the baseline.
    pub file: String,
    /// The code.
    pub code: String,
    /// Fingerprint of code, file, rule, sensors and message, as 16 hexadecimal digits; lines do not matter. Of a message in which something is cut short,
    /// what it is about counts too.
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
    pub fn of(findings: &[Finding], names: &Names) -> Self {
        Self::listing(findings.iter().filter(|finding| finding.code.is_acceptable()), names)
    }

    /// The baseline that lists these findings, also those that it will not accept.
    #[must_use]
    pub fn listing<'d>(findings: impl IntoIterator<Item = &'d Finding>, names: &Names) -> Self {
        let mut counted: BTreeMap<(String, &str, String, &str), usize> = BTreeMap::new();
        for finding in findings {
            let file = names.of(finding.source.name());
            let print = hex(finding, &file);
            *counted.entry((file, finding.code.id, print, &finding.message)).or_default() += 1;
        }
        let accepted = counted.into_iter().map(|((file, code, fingerprint, message), count)| Expected {
            file,
            code: code.to_owned(),
            fingerprint,
            count,
            message: message.to_owned(),
        });
        Self { format: Self::FORMAT, findings: accepted.collect() }
    }
}

impl Recorded {
    /// What is left of the baseline while findings are held against it.
    pub(super) fn open(&self) -> Open<'_> {
        let mut left: BTreeMap<&str, Vec<(&Expected, usize)>> = BTreeMap::new();
        for expected in &self.baseline.findings {
            left.entry(&expected.fingerprint).or_default().push((expected, expected.count));
        }
        Open { left, names: &self.names }
    }
}

/// A baseline that findings are taken out of.
pub(super) struct Open<'b> {
    /// Its entries by their fingerprints, each with the number of findings that it still accepts.
    left: BTreeMap<&'b str, Vec<(&'b Expected, usize)>>,
    names: &'b Names,
}

impl Open<'_> {
    /// Whether the baseline accepts a finding. Each of its entries accepts as many as it says, of what it says: whoever reads the file reads no
    /// fingerprint.
    pub(super) fn takes(&mut self, finding: &Diagnostic) -> bool {
        if !finding.code.is_acceptable() {
            return false;
        }
        let file = self.names.of(finding.source.name());
        let is_it = |expected: &Expected| {
            (expected.file.as_str(), expected.code.as_str(), &expected.message)
                == (&*file, finding.code.id, &finding.message)
        };
        let entries = self.left.get_mut(hex(finding, &file).as_str());
        let entry = entries.into_iter().flatten().find(|(expected, left)| *left > 0 && is_it(expected));
        entry.map(|(_, left)| *left -= 1).is_some()
    }

    /// How many accepted findings are gone, but for those of codes that nobody looked for, and in files of which nothing is said.
    pub(super) fn gone(&self, unasked: &[&'static Code], around: &BTreeSet<String>) -> usize {
        let around: BTreeSet<String> = around.iter().map(|file| self.names.of(file)).collect();
        let is_asked = |expected: &Expected| {
            unasked.iter().all(|code| code.id != expected.code) && !around.contains(&expected.file)
        };
        let asked = self.left.values().flatten().filter(|(expected, _)| is_asked(expected));
        asked.fold(0, |all, (_, left)| all.saturating_add(*left))
    }
}

fn hex(finding: &Diagnostic, file: &str) -> String {
    format!("{:016x}", fingerprint(finding, file))
}

/// A number for a finding in a file of this name that does not depend on its line: code, file, rule, sensors and message. Where the message cuts
/// something short, the text that it is about counts too: two that begin alike are two.
/// FNV-1a with 64 bits, so it is the same on every machine and in every version.
#[must_use]
pub fn fingerprint(finding: &Diagnostic, file: &str) -> u64 {
    let parts = [finding.code.id, file, finding.rule.as_deref().unwrap_or(""), &finding.message];
    let cut = finding.message.contains(CUT).then(|| finding.source.slice(finding.span));
    let sensors = finding.sensors.iter().map(String::as_str).chain(cut);
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.into_iter().chain(sensors).flat_map(|part| part.bytes().chain([0xFF])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}
