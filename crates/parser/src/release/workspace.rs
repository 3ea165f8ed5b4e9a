//! Check: what each file comes to, and what all files come to together.
//!
//! The work has stages, and each file keeps what came of each, so that after an edit only what it concerns is done
//! again:
//!
//! 1. the template types that a file declares;
//! 2. its rules, read, resolved, typed and held against the sensors: depends on the file, on all template types, on
//!    the fleet and on the data of its tables;
//! 3. what can only be seen across files: done as a whole;
//! 4. what analysis proves: of the rules of a file, and across files.
//!
//! Severities, suppressions and the baseline come last, in [`super::Judged`], since they change nothing of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use super::Finding;
use super::gathered::{Gathered, Tables};
use crate::check::{across, arity, capacity, parallel, suppress, templates};
use crate::{native, sigma};
use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::diagnostic::{Code, Diagnostic, Severity, Sink, codes};
use contentcheck_model::language::Language;
use contentcheck_model::outcome::FileOutcome;
use contentcheck_model::presence::Suppliers;
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::sensor::Fleet;
use contentcheck_model::source::{Source, Span};
use contentcheck_model::template::TemplateType;

/// What another crate finds in rules that passed, reported like what is found here: in order, within the limits of a
/// file, and accepted by the same comments.
pub trait Further: Sync {
    /// The codes of [`codes::BY_ANALYSIS`] that it looks for.
    fn codes(&self) -> &'static [&'static Code];
    /// What there is to say of each rule alone. May depend on the rule, and on what is known in its file.
    fn of_rules(&self, rules: &[&CheckedRule], known: &[&Diagnostic], threads: usize) -> Vec<Diagnostic>;
    /// What there is to say of rules beside each other.
    fn across(&self, rules: &[&CheckedRule], known: &[&Diagnostic], threads: usize) -> Vec<Diagnostic>;
}

/// How content is checked.
#[derive(Clone, Copy)]
pub struct Checking<'a> {
    /// How many threads to use, at least one. What is found does not depend on it.
    pub threads: usize,
    /// What else looks for findings.
    pub further: Option<&'a dyn Further>,
    /// Called once for each file that is checked.
    pub progress: &'a (dyn Fn() + Sync),
}

impl Default for Checking<'_> {
    fn default() -> Self {
        Self { threads: 1, further: None, progress: &|| {} }
    }
}

impl Checking<'_> {
    /// With so many threads, and nothing else.
    #[must_use]
    pub fn with_threads(threads: usize) -> Self {
        Self { threads, ..Self::default() }
    }
}

/// The state of one file.
#[derive(Debug)]
struct File {
    source: Source,
    language: Language,
    /// Stage 1; `None` where it is to be done.
    declared: Option<Declared>,
    /// Stage 2; `None` where it is to be done.
    outcome: Option<Outcome>,
    /// Stage 4, and what was known when it was done.
    proofs: Option<(u64, Vec<Finding>)>,
}

#[derive(Debug, Default)]
struct Declared {
    templates: Vec<Arc<TemplateType>>,
    found: Vec<Diagnostic>,
}

/// What stage 2 makes of a file. Its rules are shared with all that is made of them.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) rules: Vec<Arc<CheckedRule>>,
    /// What was found.
    found: Vec<Finding>,
    /// Everything else.
    pub(super) file: FileOutcome,
    /// Where its comments are, once somebody asked.
    comments: OnceLock<Vec<Span>>,
}

/// Content that is edited, and what is known of it so far. By default it has no file.
#[derive(Debug, Default)]
pub struct Workspace {
    gathered: Gathered,
    files: BTreeMap<String, File>,
    /// Inputs that could not be taken in.
    refused: Vec<Diagnostic>,
    /// The template types that the files declare; those that contradict others say so.
    own: Vec<Arc<TemplateType>>,
    catalogue: Option<Arc<Catalogue>>,
    /// The codes that the proofs of files were made for.
    asked: Option<&'static [&'static Code]>,
}

impl Workspace {
    /// What was gathered, with nothing known of it yet.
    #[must_use]
    pub fn new(mut gathered: Gathered) -> Self {
        let sources = std::mem::take(&mut gathered.sources);
        let mut new = Self {
            gathered,
            files: BTreeMap::new(),
            refused: Vec::new(),
            own: Vec::new(),
            catalogue: None,
            asked: None,
        };
        for (source, language) in sources {
            if new.files.contains_key(source.name()) {
                let message = format!("two inputs are called `{}`", source.name());
                let refused = Diagnostic::new(&codes::UNREADABLE, &source, Span::default(), message);
                new.refused.push(refused.with_help("rename one of them; --stdin-name names standard input"));
            } else {
                new.insert(source, language);
            }
        }
        new
    }

    /// Adds a file, or replaces the one of the same name.
    pub fn set(&mut self, source: Source, language: Language) {
        self.gathered.problems.retain(|problem| problem.source.name() != source.name());
        self.insert(source, language);
    }

    fn insert(&mut self, source: Source, language: Language) {
        self.forget(source.name());
        let file = File { source, language, declared: None, outcome: None, proofs: None };
        self.files.insert(file.source.name().to_owned(), file);
    }

    /// Puts what was found in the place of a file that cannot be taken in.
    pub fn set_unreadable(&mut self, problem: Diagnostic) {
        self.remove(problem.source.name());
        self.gathered.problems.push(problem);
    }

    /// What was gathered, sources included, as it is at present: for a second look at the same release, or at a changed one.
    #[must_use]
    pub fn regathered(&self) -> Gathered {
        let sources = self.files.values().map(|file| (file.source.clone(), file.language)).collect();
        Gathered { sources, ..self.gathered.clone() }
    }

    /// A file as it is at present.
    #[must_use]
    pub fn source(&self, name: &str) -> Option<(&Source, Language)> {
        self.files.get(name).map(|file| (&file.source, file.language))
    }

    /// Takes a file away.
    pub fn remove(&mut self, name: &str) {
        self.gathered.problems.retain(|problem| problem.source.name() != name);
        self.forget(name);
        self.files.remove(name);
    }

    /// Replaces the sensors that the content is for.
    pub fn set_fleet(&mut self, fleet: Option<Fleet>) {
        self.gathered.fleet = fleet;
        // It knows what events lack.
        self.catalogue = None;
    }

    /// Replaces the data files of tables.
    pub fn set_tables(&mut self, tables: Tables) {
        self.gathered.tables = tables;
        let native = self.files.values_mut().filter(|file| file.language == Language::Native);
        native.for_each(|file| file.outcome = None);
    }

    /// Where a file that declares template types goes or changes, every rule may mean something else.
    fn forget(&mut self, name: &str) {
        let declares = |file: &File| file.declared.as_ref().is_none_or(|of| !of.templates.is_empty());
        if self.files.get(name).is_some_and(declares) {
            self.catalogue = None;
        }
    }

    /// Does what is still to be done.
    #[must_use]
    pub fn check(mut self, checking: &Checking<'_>) -> Checked {
        let own_found = self.declare(checking);
        let catalogue = self.catalogue();
        self.outcomes(&catalogue, checking);
        let mut across = own_found;
        across.extend(self.across());
        let mut found = self.by_file(across);
        self.prove(&mut found, checking);
        let rules = self.outcomes_done().flat_map(|outcome| &outcome.rules).cloned().collect();
        let asked = checking.further.map_or(&[][..], |further| further.codes());
        Checked { workspace: self, catalogue, rules, found, asked }
    }

    /// Stage 1, and what is wrong among the template types of all files.
    fn declare(&mut self, checking: &Checking<'_>) -> Vec<Diagnostic> {
        let mut todo: Vec<&mut File> = Vec::new();
        for file in self.files.values_mut().filter(|file| file.declared.is_none()) {
            match file.language {
                Language::Native => todo.push(file),
                Language::Sigma => file.declared = Some(Declared::default()),
            }
        }
        let done = parallel::map(&todo, checking.threads, |file| {
            let mut sink = Sink::new(&file.source);
            let templates = native::templates(&native::parse(&file.source).ast, &mut sink);
            Declared { templates: templates.into_iter().map(Arc::new).collect(), found: sink.finish() }
        });
        if done.iter().any(|declared| !declared.templates.is_empty()) {
            self.catalogue = None;
        }
        for (file, declared) in todo.into_iter().zip(done) {
            file.declared = Some(declared);
        }
        let mut own: Vec<Arc<TemplateType>> = self.declared().flat_map(|of| &of.templates).cloned().collect();
        let contradictions = templates::check(&self.gathered.library, &mut own);
        self.own = own;
        self.declared().flat_map(|of| &of.found).cloned().chain(contradictions).collect()
    }

    fn declared(&self) -> impl Iterator<Item = &Declared> {
        self.files.values().filter_map(|file| file.declared.as_ref())
    }

    /// The template types in force. Where they are new ones, so is everything that was made with the old ones.
    fn catalogue(&mut self) -> Arc<Catalogue> {
        if let Some(known) = &self.catalogue {
            return Arc::clone(known);
        }
        let all = self.gathered.library.iter().chain(&self.own).cloned();
        let suppliers = Suppliers::new(self.gathered.fleet.clone().map(Arc::new), self.gathered.known_sensors.clone());
        let new = Arc::new(Catalogue::new(all).with_suppliers(suppliers));
        self.files.values_mut().for_each(|file| file.outcome = None);
        self.catalogue = Some(Arc::clone(&new));
        new
    }

    /// Stage 2.
    fn outcomes(&mut self, catalogue: &Catalogue, checking: &Checking<'_>) {
        let (tables, fleet) = (&self.gathered.tables, self.gathered.fleet.as_ref());
        let strangers = fleet.map(|fleet| arity::Strangers::of(fleet, catalogue));
        let sensors = fleet.zip(strangers.as_ref()).map(|(fleet, strangers)| arity::Against {
            fleet,
            known: self.gathered.known_sensors.as_deref(),
            catalogue,
            strangers,
        });
        let mut todo: Vec<&mut File> = self.files.values_mut().filter(|file| file.outcome.is_none()).collect();
        let made = parallel::map(&todo, checking.threads, |file| {
            let made = outcome(&file.source, file.language, catalogue, tables, sensors);
            (checking.progress)();
            made
        });
        for (file, made) in todo.iter_mut().zip(made) {
            file.outcome = Some(made);
            file.proofs = None;
        }
    }

    fn outcomes_done(&self) -> impl Iterator<Item = &Outcome> + Clone {
        self.files.values().filter_map(|file| file.outcome.as_ref())
    }

    /// Stage 3.
    fn across(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        if let Some(fleet) = &self.gathered.fleet {
            let rules = self.outcomes_done().flat_map(|outcome| outcome.rules.iter().map(|rule| &**rule));
            found.extend(capacity::check(rules, fleet));
        }
        let files: Vec<&FileOutcome> = self.outcomes_done().map(|outcome| &outcome.file).collect();
        let rules = self.outcomes_done().flat_map(|outcome| outcome.rules.iter().map(|rule| &**rule));
        found.extend(across::check(&files, rules));
        found
    }

    /// The place of each file among the files, by name: for findings that are not made file by file.
    fn places(&self) -> HashMap<&str, usize> {
        self.files.keys().map(String::as_str).zip(0..).collect()
    }

    /// What was found, for each file in their order: of stage 2 and what is given.
    fn by_file(&self, more: Vec<Diagnostic>) -> Vec<Vec<Finding>> {
        let own = |file: &File| file.outcome.as_ref().map(|outcome| outcome.found.clone());
        let mut found: Vec<Vec<Finding>> = self.files.values().map(|file| own(file).unwrap_or_default()).collect();
        if !more.is_empty() {
            spread(more, &self.places(), &mut found);
        }
        found
    }

    /// Stage 4. No proof is made with a rule that has an error.
    fn prove(&mut self, found: &mut [Vec<Finding>], checking: &Checking<'_>) {
        let Some(further) = checking.further else { return };
        if self.asked.is_none_or(|asked| !std::ptr::eq(asked, further.codes())) {
            self.files.values_mut().for_each(|file| file.proofs = None);
            self.asked = Some(further.codes());
        }
        let known: Vec<&Diagnostic> = found.iter().flatten().map(|found| &**found).collect();
        let keys: Vec<u64> = found.iter().map(|known| key(known)).collect();
        let mut all: Vec<&CheckedRule> = Vec::new();
        let mut todo: Vec<&CheckedRule> = Vec::new();
        for ((file, known), key) in self.files.values().zip(found.iter()).zip(&keys) {
            let from = all.len();
            all.extend(sound(file, known));
            // Proofs are about a rule by itself.
            let is_asked = self.gathered.is_asked(file.source.name());
            if is_asked && file.proofs.as_ref().is_none_or(|(made_with, _)| made_with != key) {
                todo.extend(all.get(from..).unwrap_or_default());
            }
        }
        let cured = |made: Vec<Diagnostic>| made.into_iter().map(Diagnostic::or_cure).collect();
        let made = cured(further.of_rules(&todo, &known, checking.threads));
        let beside = cured(further.across(&all, &known, checking.threads));
        let places = self.places();
        let mut proofs = vec![Vec::new(); found.len()];
        spread(made, &places, &mut proofs);
        let mut across = vec![Vec::new(); found.len()];
        spread(beside, &places, &mut across);
        for ((file, key), made) in self.files.values_mut().zip(keys).zip(proofs) {
            if file.proofs.as_ref().is_none_or(|(made_with, _)| *made_with != key) {
                file.proofs = Some((key, made));
            }
        }
        for ((file, across), found) in self.files.values().zip(across).zip(found) {
            found.extend(file.proofs.iter().flat_map(|(_, proofs)| proofs).cloned());
            found.extend(across);
        }
    }
}

/// Puts findings to their files. What is said of the library stands in no file of the content.
fn spread(found: Vec<Diagnostic>, places: &HashMap<&str, usize>, files: &mut [Vec<Finding>]) {
    for diagnostic in found {
        let file = places.get(diagnostic.source.name()).and_then(|place| files.get_mut(*place));
        if let Some(of) = file {
            of.push(Arc::new(diagnostic));
        }
    }
}

/// The rules of a file that no error is about.
fn sound<'f>(file: &'f File, known: &[Finding]) -> Vec<&'f CheckedRule> {
    let rules = file.outcome.as_ref().map_or(&[][..], |outcome| &outcome.rules);
    let extents = Extents::new(rules.iter().map(|rule| rule.extent));
    let mut of_globals = Globals::of(rules.iter().filter_map(|rule| rule.global));
    let mut flawed = BTreeSet::new();
    for error in known.iter().filter(|found| found.code.severity == Severity::Error) {
        flawed.extend(extents.at(error.span));
        of_globals.take(error);
    }
    let is_sound = |(at, rule): &(usize, &Arc<CheckedRule>)| {
        !flawed.contains(at) && of_globals.of_rule(rule.global).next().is_none()
    };
    (0..).zip(rules).filter(is_sound).map(|(_, rule)| &**rule).collect()
}

/// Where the rules and documents of one file stand. They do not overlap.
pub(super) struct Extents(Vec<(Span, usize)>);

impl Extents {
    pub(super) fn new(extents: impl Iterator<Item = Span>) -> Self {
        let mut sorted: Vec<(Span, usize)> = extents.zip(0..).collect();
        sorted.sort_unstable();
        Self(sorted)
    }

    /// The number of the one in which a finding stands.
    pub(super) fn at(&self, finding: Span) -> Option<usize> {
        let after = self.0.partition_point(|(extent, _)| extent.start <= finding.start);
        let (extent, number) = self.0.get(after.checked_sub(1)?)?;
        (finding.start < extent.end.max(extent.start.saturating_add(1))).then_some(*number)
    }
}

/// Errors that stand in global documents: they are about every rule that such a document is merged into.
pub(super) struct Globals<'f> {
    extents: Extents,
    /// By the number of the document, the first of each code. A thousand rules may share a document in which each of
    /// them has an error, and all errors as reasons of all rules would be a million.
    errors: BTreeMap<usize, BTreeMap<&'static str, &'f Finding>>,
}

impl<'f> Globals<'f> {
    /// With the global document of each rule that has one.
    pub(super) fn of(globals: impl Iterator<Item = Span>) -> Self {
        Self { extents: Extents::new(globals), errors: BTreeMap::new() }
    }

    /// Takes an error in, where it stands in one of them.
    pub(super) fn take(&mut self, error: &'f Finding) {
        if let Some(number) = self.extents.at(error.span) {
            self.errors.entry(number).or_default().entry(error.code.id).or_insert(error);
        }
    }

    /// The errors about a rule, given its global document.
    pub(super) fn of_rule(&self, global: Option<Span>) -> impl Iterator<Item = &'f Finding> {
        // Of equal extents the last one answers for all, here and above.
        let errors = global.and_then(|global| self.errors.get(&self.extents.at(global)?));
        errors.into_iter().flat_map(|errors| errors.values().copied())
    }
}

/// A number for what is known in a file.
fn key(known: &[Finding]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for found in known {
        (found.code.id, found.span, &found.message).hash(&mut hasher);
    }
    hasher.finish()
}

fn outcome(
    source: &Source,
    language: Language,
    catalogue: &Catalogue,
    tables: &Tables,
    sensors: Option<arity::Against<'_>>,
) -> Outcome {
    let mut file = match language {
        Language::Sigma => sigma::check(source, catalogue),
        Language::Native => native::check(source, catalogue, &|path| tables.load(path)),
    };
    let mut rules = std::mem::take(&mut file.rules);
    // No sensor and no recording could feed such a rule and those on the other version.
    rules.retain(|rule| {
        let found = arity::versions(rule, catalogue);
        let agrees = found.is_empty();
        file.diagnostics.extend(found);
        agrees
    });
    for rule in &mut rules {
        for target in &mut rule.targets {
            target.lacking = catalogue.lacking(&target.template, &target.condition, rule.sensors.as_ref());
            target.claimed = catalogue.claimed(&target.template);
        }
    }
    if let Some(against) = sensors {
        file.diagnostics.extend(rules.iter().flat_map(|rule| arity::check(rule, language, against)));
    }
    let found = std::mem::take(&mut file.diagnostics).into_iter().map(Arc::new).collect();
    Outcome { rules: rules.into_iter().map(Arc::new).collect(), found, file, comments: OnceLock::new() }
}

impl Gathered {
    /// Checks it.
    #[must_use]
    pub fn check(self, checking: &Checking<'_>) -> Checked {
        Workspace::new(self).check(checking)
    }
}

/// Content that was checked. What was found has no severity but the default one yet; see [`Checked::judge`].
#[derive(Debug)]
pub struct Checked {
    workspace: Workspace,
    catalogue: Arc<Catalogue>,
    rules: Vec<Arc<CheckedRule>>,
    /// For each file, in their order.
    found: Vec<Vec<Finding>>,
    asked: &'static [&'static Code],
}

impl Checked {
    /// The rules that could be read whole, by file and place.
    #[must_use]
    pub fn rules(&self) -> &[Arc<CheckedRule>] {
        &self.rules
    }

    /// Those of files that are [asked of](Gathered::around).
    pub fn asked_rules(&self) -> impl Iterator<Item = &Arc<CheckedRule>> {
        self.rules.iter().filter(|rule| self.workspace.gathered.is_asked(rule.source.name()))
    }

    /// The template types in force.
    #[must_use]
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// Goes on with edits.
    #[must_use]
    pub fn edit(self) -> Workspace {
        self.workspace
    }

    /// What was gathered; its sources are in [`Checked::sources`].
    pub(super) fn gathered(&self) -> &Gathered {
        &self.workspace.gathered
    }

    /// What was gathered, as [`Workspace::regathered`] has it.
    #[must_use]
    pub fn regathered(&self) -> Gathered {
        self.workspace.regathered()
    }

    /// The files, by name.
    pub fn sources(&self) -> impl Iterator<Item = (&Source, Language)> {
        self.workspace.files.values().map(|file| (&file.source, file.language))
    }

    /// The files with filters and correlations, which nothing carries out.
    pub fn dependents(&self) -> impl Iterator<Item = &Source> {
        self.files().filter(|of| !of.outcome.file.documents.is_empty()).map(|of| of.source)
    }

    /// The Sigma rules as they are on other template types, of files without an error there. A native rule names its own.
    #[must_use]
    pub fn sigma_rules_on(&self, catalogue: &Catalogue, threads: usize) -> Vec<Arc<CheckedRule>> {
        let files: Vec<&Source> =
            self.files().filter(|of| of.language == Language::Sigma).map(|of| of.source).collect();
        let tables = &self.gathered().tables;
        let rules = |source: &&Source| {
            let Outcome { rules, found, .. } = outcome(source, Language::Sigma, catalogue, tables, None);
            let has_error = found.iter().any(|found| found.code.severity == Severity::Error);
            if has_error { Vec::new() } else { rules }
        };
        parallel::map(&files, threads, rules).into_iter().flatten().collect()
    }

    /// What could not be read or taken in.
    pub(super) fn problems(&self) -> impl Iterator<Item = &Diagnostic> {
        self.workspace.gathered.problems.iter().chain(&self.workspace.refused)
    }

    /// Each file with its outcome and all that was found in it, by name.
    pub(super) fn files(&self) -> impl Iterator<Item = FileFound<'_>> {
        self.workspace.files.values().zip(&self.found).filter_map(|(file, found)| {
            let outcome = file.outcome.as_ref()?;
            Some(FileFound { source: &file.source, language: file.language, outcome, found })
        })
    }

    /// The codes that nothing looked for.
    #[must_use]
    pub fn unasked(&self) -> Vec<&'static Code> {
        let asked = |code: &&'static Code| self.asked.iter().any(|asked| asked.id == code.id);
        codes::BY_ANALYSIS.iter().copied().filter(|code| !asked(code)).collect()
    }
}

/// A file with its outcome and all that was found in it.
pub(super) struct FileFound<'c> {
    pub(super) source: &'c Source,
    pub(super) language: Language,
    pub(super) outcome: &'c Outcome,
    pub(super) found: &'c [Finding],
}

impl FileFound<'_> {
    /// Where its comments are.
    pub(super) fn comments(&self) -> &[Span] {
        self.outcome.comments.get_or_init(|| suppress::comments(self.source, self.language))
    }
}
