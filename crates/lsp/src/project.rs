//! A project: a release that is edited, by the loader and along the road of `lint`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use contentcheck_analysis::findings::Depth;
use contentcheck_compiler::WithCost;
use contentcheck_model::decode::decode;
use contentcheck_model::diagnostic::{Code, Diagnostic};
use contentcheck_model::language::Language;
use contentcheck_model::limits;
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::sensor::Fleet;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Finding, Fixed, Further, Gathered, Workspace, fixes_on};
use contentcheck_project::write::InputFiles;
use contentcheck_project::{Selection, files, walk};

use crate::prove::Unproven;
use crate::snapshot::Snapshot;

/// A release as it is edited.
#[derive(Debug)]
pub(crate) struct Project {
    root: PathBuf,
    workspace: Workspace,
    paths: Arc<BTreeMap<String, PathBuf>>,
    fleet: Option<Arc<Fleet>>,
    known: Option<Arc<Fleet>>,
    is_configured: bool,
    /// What the dear comparisons of all rules found when they were made last.
    compared: Vec<Diagnostic>,
    /// What was proven of files, by name, and of which text of them.
    proven: BTreeMap<String, (Source, Vec<Diagnostic>)>,
    /// Files that could not be read when the project was.
    unread: Vec<String>,
    read: InputFiles,
    /// The files of rules that have a file of tests beside them.
    tested: Arc<BTreeSet<String>>,
    #[cfg(test)]
    pub(crate) break_next: bool,
}

impl Project {
    /// Reads what a directory or file means to `lint`.
    ///
    /// # Errors
    /// What `lint` would say, in words.
    pub(crate) fn load(root: &Path, threads: usize) -> Result<Self, String> {
        let selection = Selection { threads, may_be_empty: true, ..Selection::of(vec![root.to_path_buf()]) };
        // A new file is not on the disk yet.
        let selection =
            if root.exists() { selection } else { Selection { paths: Vec::new(), no_config: true, ..selection } };
        let read = contentcheck_project::Project::open(&selection).map_err(|failure| failure.message)?;
        let unread = read.gathered.problems.iter().map(|problem| problem.source.name().to_owned()).collect();
        Ok(Self {
            root: root.to_path_buf(),
            paths: Arc::new(read.paths),
            fleet: read.gathered.fleet.clone().map(Arc::new),
            known: read.gathered.known_sensors.clone(),
            is_configured: read.config_path.is_some(),
            tested: Arc::new(read.gathered.beside.iter().map(|beside| beside.rules.clone()).collect()),
            workspace: Workspace::new(read.gathered),
            compared: Vec::new(),
            proven: BTreeMap::new(),
            unread,
            read: read.read,
            #[cfg(test)]
            break_next: false,
        })
    }

    /// The name of a file, if it is one of the project.
    fn name(&self, path: &Path) -> Option<String> {
        let name = files::name(path);
        if self.paths.get(&name).is_some_and(|known| known == path) || self.unread.contains(&name) {
            return Some(name);
        }
        self.paths.iter().find(|(_, known)| known.as_path() == path).map(|(name, _)| name.clone())
    }

    /// Takes the text of a file that is open instead of the one on the disk. False where the project does not know it
    /// though it is there: it is new since then, or left out of the release.
    pub(crate) fn open(&mut self, path: &Path, text: &str) -> bool {
        let name = match self.name(path) {
            Some(name) => name,
            // One that was never saved belongs to the directory that it will be in.
            None if !path.exists() && walk::sidecar_of(&files::name(path)).is_none() => {
                let name = files::name(path);
                Arc::make_mut(&mut self.paths).insert(name.clone(), path.to_path_buf());
                name
            }
            None => return false,
        };
        self.set(&name, text.as_bytes().to_vec());
        true
    }

    fn set(&mut self, name: &str, bytes: Vec<u8>) {
        let language = Language::of(name).unwrap_or(Language::Sigma);
        match decode(name, bytes) {
            Ok(source) => self.workspace.set(source, language),
            Err(problem) => self.workspace.set_unreadable(*problem),
        }
    }

    /// Reads a file of the project again. False where the project as a whole is to be read again.
    pub(crate) fn read(&mut self, path: &Path) -> bool {
        let Some(name) = self.name(path) else { return false };
        match files::read_bytes(path, limits::FILE_BYTES) {
            Ok(bytes) => {
                self.set(&name, bytes);
                true
            }
            Err(_) => false,
        }
    }

    /// Takes what was proven of a text of a file. It is said for as long as the file has that text.
    pub(crate) fn prove(&mut self, source: Source, found: Vec<Diagnostic>) {
        self.proven.insert(source.name().to_owned(), (source, found));
    }

    /// Checks it, and gives those of some files of which nothing was proven yet. What is dear and rarely changes is only worked out where it
    /// `settles`; until then what was found last goes on being said of the same rules.
    pub(crate) fn check<'p>(
        &mut self,
        revision: u64,
        settles: bool,
        threads: usize,
        open: impl Iterator<Item = &'p Path>,
    ) -> (Snapshot, Vec<Unproven>) {
        #[cfg(test)]
        assert!(!std::mem::take(&mut self.break_next), "a test wants a fault");
        let workspace = std::mem::take(&mut self.workspace);
        let depth = Depth::Quick;
        let inner = WithCost { further: &depth, fleet: self.fleet.as_deref() };
        let open = if settles { open.filter_map(|path| self.name(path)).collect() } else { BTreeSet::new() };
        let further = Settling {
            inner,
            known: (!settles).then_some(&self.compared),
            made: Mutex::default(),
            proven: &self.proven,
            open,
            unproven: Mutex::default(),
        };
        let checking = Checking { further: Some(&further), ..Checking::with_threads(threads) };
        let judged = workspace.check(&checking).judge();
        let unproven = further.unproven.into_inner().unwrap_or_else(PoisonError::into_inner);
        if settles {
            self.compared = further.made.into_inner().unwrap_or_else(PoisonError::into_inner);
        }
        let mut findings: BTreeMap<String, Vec<Finding>> = BTreeMap::new();
        for found in judged.findings() {
            match findings.get_mut(found.source.name()) {
                Some(known) => known.push(Arc::clone(found)),
                None => drop(findings.insert(found.source.name().to_owned(), vec![Arc::clone(found)])),
            }
        }
        let checked = judged.into_checked();
        let sources =
            checked.sources().map(|(source, language)| (source.name().to_owned(), (source.clone(), language)));
        let snapshot = Snapshot {
            root: self.root.clone(),
            revision,
            is_settled: settles,
            is_configured: self.is_configured,
            sources: sources.collect(),
            findings,
            rules: checked.rules().to_vec(),
            catalogue: Arc::clone(checked.catalogue()),
            fleet: self.fleet.clone(),
            known: self.known.clone(),
            paths: Arc::clone(&self.paths),
            read: self.read.clone(),
            tested: Arc::clone(&self.tested),
        };
        self.workspace = checked.edit();
        (snapshot, unproven)
    }

    /// The name of a file, and what the release has that its rules depend on: template types may be in any native file.
    pub(crate) fn about(&self, path: &Path) -> Option<(String, Gathered)> {
        let name = self.name(path)?;
        let mut gathered = self.workspace.regathered();
        gathered.sources.retain(|(source, language)| *language == Language::Native || source.name() == name);
        Some((name, gathered))
    }

    /// What becomes of fixes of one file, tried as `lint --fix` does.
    pub(crate) fn try_fixes(&mut self, fixes: &[Finding]) -> Vec<Fixed> {
        let (fixed, workspace) = fixes_on(std::mem::take(&mut self.workspace), fixes);
        self.workspace = workspace;
        fixed
    }
}

/// What `lint` looks for, except that comparisons of all rules may be those of a moment ago; and what was proven of open files.
struct Settling<'a> {
    inner: WithCost<'a>,
    known: Option<&'a Vec<Diagnostic>>,
    made: Mutex<Vec<Diagnostic>>,
    proven: &'a BTreeMap<String, (Source, Vec<Diagnostic>)>,
    /// The names of the files that are open.
    open: BTreeSet<String>,
    unproven: Mutex<Vec<Unproven>>,
}

impl Settling<'_> {
    /// Comparisons of all rules: those that are made now, or what was found last of the same rules.
    fn compared(&self, rules: &[&CheckedRule], known: &[&Diagnostic], threads: usize) -> Vec<Diagnostic> {
        if let Some(last) = self.known {
            // Of rules that share a name the first.
            let named = rules.iter().rev().map(|rule| ((rule.source.name(), rule.name.as_str()), *rule));
            let named: HashMap<(&str, &str), &CheckedRule> =
                if last.is_empty() { HashMap::new() } else { named.collect() };
            let of = |found: &Diagnostic| {
                let rule = named.get(&(found.source.name(), found.rule.as_deref()?))?;
                Some(Diagnostic { source: rule.source.clone(), span: rule.span, ..found.clone() })
            };
            return last.iter().filter_map(of).collect();
        }
        let found = self.inner.across(rules, known, threads);
        self.made.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&found);
        found
    }

    /// The rules of open files of which nothing was proven yet.
    fn unproven(&self, rules: &[&CheckedRule], known: &[&Diagnostic]) -> Vec<Unproven> {
        let mut files: BTreeMap<&str, Unproven> = BTreeMap::new();
        for rule in rules.iter().filter(|rule| self.open.contains(rule.source.name())) {
            let source = &rule.source;
            if self.proven.get(source.name()).is_some_and(|(of, _)| of.is(source)) {
                continue;
            }
            let new = || {
                let of_file = known.iter().filter(|known| known.source.is(source));
                Unproven { source: source.clone(), rules: Vec::new(), known: of_file.copied().cloned().collect() }
            };
            files.entry(source.name()).or_insert_with(new).rules.push((*rule).clone());
        }
        files.into_values().collect()
    }
}

impl Further for Settling<'_> {
    fn codes(&self) -> &'static [&'static Code] {
        self.inner.codes()
    }

    fn of_rules(&self, rules: &[&CheckedRule], known: &[&Diagnostic], threads: usize) -> Vec<Diagnostic> {
        self.inner.of_rules(rules, known, threads)
    }

    fn across(&self, rules: &[&CheckedRule], known: &[&Diagnostic], threads: usize) -> Vec<Diagnostic> {
        *self.unproven.lock().unwrap_or_else(PoisonError::into_inner) = self.unproven(rules, known);
        let mut found = self.compared(rules, known, threads);
        // Of a text that was edited since nothing is known any more; nor of a rule that has an error by now.
        let is_sound = |of: &Diagnostic| {
            rules.iter().any(|rule| {
                rule.source.is(&of.source) && rule.extent.start <= of.span.start && of.span.start < rule.extent.end
            })
        };
        let proven = self.proven.values().flat_map(|(_, found)| found);
        found.extend(proven.filter(|found| is_sound(found)).cloned());
        found
    }
}
