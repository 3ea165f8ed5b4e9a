//! Check: from sources to [`CheckedContent`].
//!
//! Files are checked one by one, in parallel, against a [`Catalogue`] and a [`Fleet`]; then
//! what can only be seen across files is checked. The order of the findings depends on the
//! names of the files alone.

mod across;
mod arity;
pub mod parallel;
mod suppress;

use crate::catalogue::Catalogue;
use crate::diagnostic::{Diagnostic, Sink};
use crate::model::CheckedRule;
use crate::native;
use crate::sensor::Fleet;
use crate::sigma::{self, Reference};
use crate::source::{Source, Span};
use crate::template::TemplateType;

/// The two languages of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `*.content`
    Native,
    /// `*.yml`, `*.yaml`
    Sigma,
}

impl Language {
    /// The language that a file name means.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let extension = name.rsplit_once('.')?.1;
        if extension.eq_ignore_ascii_case("content") {
            Some(Self::Native)
        } else if extension.eq_ignore_ascii_case("yml") || extension.eq_ignore_ascii_case("yaml") {
            Some(Self::Sigma)
        } else {
            None
        }
    }
}

/// What a rule or document declares of itself, for checks across files.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its id and where that stands.
    pub id: Option<(String, Span)>,
    /// Its name and where that stands.
    pub name: Option<(String, Span)>,
    /// A number for what it detects: equal for rules that differ in metadata and order alone.
    pub logic: Option<u64>,
    /// Where it is shown: its title or name.
    pub span: Span,
}

/// What one file yields.
#[derive(Debug)]
pub struct FileOutcome {
    /// The file.
    pub source: Source,
    /// Rules that could be read, in the order of the file.
    pub rules: Vec<CheckedRule>,
    /// One entry for each rule or document, readable or not.
    pub facts: Vec<Facts>,
    /// Rules that its documents refer to.
    pub references: Vec<Reference>,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
}

impl FileOutcome {
    /// Nothing yet.
    #[must_use]
    pub fn new(source: &Source) -> Self {
        Self {
            source: source.clone(),
            rules: Vec::new(),
            facts: Vec::new(),
            references: Vec::new(),
            diagnostics: Vec::new(),
        }
    }
}

/// What content is checked against, and how.
#[derive(Debug)]
pub struct Context<'a> {
    /// Template types that ship with the tool; the content's own come on top.
    pub library: Vec<TemplateType>,
    /// The sensors that the content is for. Without one the arity rule is not checked.
    pub fleet: Option<&'a Fleet>,
    /// How many threads to use, at least one.
    pub threads: usize,
}

/// Content that was read, resolved and typed. Made by [`check`] alone.
#[derive(Debug)]
pub struct CheckedContent {
    rules: Vec<CheckedRule>,
    catalogue: Catalogue,
}

impl CheckedContent {
    /// The rules, in the order of the files.
    #[must_use]
    pub fn rules(&self) -> &[CheckedRule] {
        &self.rules
    }

    /// The template types in force.
    #[must_use]
    pub const fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }
}

/// Reads the data file that a table names, given the source that names it and the path as
/// written; or says why it cannot be read.
pub type ReadTable<'a> = dyn Fn(&Source, &str) -> Result<Source, String> + Sync + 'a;

/// Checks sources. Returns the content and every finding, sorted by file, place and code.
/// Rules with errors are not part of the content. `progress` is called once for each file.
pub fn check(
    sources: &[(Source, Language)],
    context: Context<'_>,
    tables: &ReadTable<'_>,
    progress: &(dyn Fn() + Sync),
) -> (CheckedContent, Vec<Diagnostic>) {
    let Context { library, fleet, threads } = context;
    let _ = tables;
    let native: Vec<&Source> =
        sources.iter().filter(|(_, language)| *language == Language::Native).map(|(source, _)| source).collect();
    let parsed = parallel::map(&native, threads, |source| {
        let parsed = native::parse(source);
        let mut sink = Sink::new(source);
        let templates = native::templates(&parsed.ast, &mut sink);
        let mut diagnostics = parsed.diagnostics;
        diagnostics.extend(sink.finish());
        (templates, diagnostics)
    });
    let mut outcomes_of_native = Vec::new();
    let mut templates = library;
    for (source, (own, diagnostics)) in native.iter().zip(parsed) {
        templates.extend(own);
        outcomes_of_native.push((source, diagnostics));
    }
    let catalogue = Catalogue::new(templates);
    let mut outcomes = parallel::map(sources, threads, |(source, language)| {
        let mut outcome = match language {
            Language::Sigma => sigma::check(source, &catalogue),
            Language::Native => FileOutcome::new(source),
        };
        if let Some(fleet) = fleet {
            for rule in &outcome.rules {
                outcome.diagnostics.extend(arity::check(rule, fleet));
            }
        }
        progress();
        outcome
    });
    for (source, diagnostics) in outcomes_of_native {
        if let Some(outcome) = outcomes.iter_mut().find(|outcome| outcome.source.is(source)) {
            outcome.diagnostics.extend(diagnostics);
        }
    }
    for diagnostic in across::check(&outcomes) {
        if let Some(outcome) = outcomes.iter_mut().find(|outcome| outcome.source.is(&diagnostic.source)) {
            outcome.diagnostics.push(diagnostic);
        }
    }
    let mut rules = Vec::new();
    let mut found = Vec::new();
    for outcome in outcomes {
        let mut diagnostics = suppress::apply(&outcome.source, outcome.diagnostics);
        diagnostics.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code.id));
        found.extend(diagnostics);
        rules.extend(outcome.rules);
    }
    (CheckedContent { rules, catalogue }, found)
}
