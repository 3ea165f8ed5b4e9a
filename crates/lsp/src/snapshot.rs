//! A snapshot: a project as it was checked. It does not change; what is edited becomes another one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::language::Language;
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::sensor::Fleet;
use contentcheck_model::source::Source;
use contentcheck_parser::release::Finding;
use contentcheck_project::write::InputFiles;

/// What is known of a project.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// The directory or file that it was read from.
    pub(crate) root: PathBuf,
    /// The last edit that is in it.
    pub(crate) revision: u64,
    /// Whether all comparisons of rules were made with these texts.
    pub(crate) is_settled: bool,
    /// Whether settings say what belongs to it.
    pub(crate) is_configured: bool,
    /// The content files, by name.
    pub(crate) sources: BTreeMap<String, (Source, Language)>,
    /// What was found, by the name of the file.
    pub(crate) findings: BTreeMap<String, Vec<Finding>>,
    /// The rules that could be read.
    pub(crate) rules: Vec<Arc<CheckedRule>>,
    /// The template types in force.
    pub(crate) catalogue: Arc<Catalogue>,
    /// The sensors that the content is for.
    pub(crate) fleet: Option<Arc<Fleet>>,
    /// The sensors that are known besides.
    pub(crate) known: Option<Arc<Fleet>>,
    /// Where files are, by name.
    pub(crate) paths: Arc<BTreeMap<String, PathBuf>>,
    /// Every file that was read or looked for.
    pub(crate) read: InputFiles,
    /// The files of rules that have a file of tests beside them.
    pub(crate) tested: Arc<BTreeSet<String>>,
}

impl Snapshot {
    /// Where a file is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.paths.get(name).cloned().unwrap_or_else(|| PathBuf::from(name))
    }

    /// The name of a file.
    pub(crate) fn name(&self, path: &Path) -> String {
        let name = contentcheck_project::files::name(path);
        if self.sources.contains_key(&name) || self.findings.contains_key(&name) {
            return name;
        }
        let found = self.paths.iter().find(|(_, known)| known.as_path() == path);
        found.map_or(name, |(name, _)| name.clone())
    }

    /// The sensors by which is told who supplies what: those of the fleet, or else all that are known.
    pub(crate) fn sensors(&self) -> Option<&Fleet> {
        self.fleet.as_deref().or(self.known.as_deref())
    }

    /// What was found in a file, where it is one that anything is to be said of: where no settings say what belongs to
    /// a release, a YAML file may be anything.
    pub(crate) fn findings_of(&self, name: &str) -> &[Finding] {
        let found = self.findings.get(name).map_or(&[][..], Vec::as_slice);
        if self.is_configured || found.is_empty() {
            return found;
        }
        let is_content = match self.sources.get(name) {
            Some((_, Language::Native)) => true,
            Some((source, Language::Sigma)) => has_key(source.text(), &OF_SIGMA),
            None => Language::of(name) == Some(Language::Native),
        };
        if is_content { found } else { &[] }
    }

    /// Whether names are completed in a file: as for its findings, and also in what begins like a rule.
    pub(crate) fn completes(&self, language: Language, text: &str) -> bool {
        self.is_configured || language == Language::Native || has_key(text, &OF_SIGMA) || has_key(text, &["title:"])
    }
}

/// Keys of Sigma documents that no other YAML files have. Others have `filter` too, and a filter has a log source.
const OF_SIGMA: [&str; 3] = ["detection:", "logsource:", "correlation:"];

/// Whether a YAML file has one of some keys at the beginning of a line.
fn has_key(text: &str, keys: &[&str]) -> bool {
    text.lines().any(|line| keys.iter().any(|key| line.starts_with(key)))
}
