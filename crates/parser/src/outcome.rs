//! What one file yields, whichever language it is in: the input of the checks across files.

use crate::diagnostic::Diagnostic;
use crate::model::CheckedRule;
use crate::source::{Source, Span};

/// The name or id of a rule that a document refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Id or name.
    pub rule: String,
    /// Where it is written.
    pub span: Span,
}

/// What a rule or document declares of itself, for checks across files.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its id and where that stands.
    pub id: Option<(String, Span)>,
    /// Its name and where that stands.
    pub name: Option<(String, Span)>,
    /// Its title, where titles are shown to people.
    pub title: Option<String>,
    /// A number for what it detects: equal for rules that differ in metadata and order alone.
    pub logic: Option<u64>,
    /// Where it is shown: its title or name.
    pub span: Span,
    /// All of it.
    pub extent: Span,
    /// Whether it is a rule, which is among the rules of the file unless something is wrong with it.
    pub is_rule: bool,
}

/// The kinds of documents that change what rules do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// A filter.
    Filter,
    /// A correlation.
    Correlation,
}

/// A document that is no rule.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it is.
    pub kind: DocumentKind,
    /// Where it is shown.
    pub span: Span,
    /// All of it.
    pub extent: Span,
    /// The rules that it names; `None` for any.
    pub rules: Option<Vec<Reference>>,
    /// Whether the rules of a correlation are alerts of their own.
    pub generate: bool,
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
    /// Filters and correlations.
    pub documents: Vec<Document>,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether all of the file was understood, as far as its form goes.
    pub is_intact: bool,
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
            documents: Vec::new(),
            diagnostics: Vec::new(),
            is_intact: true,
        }
    }

    /// Whether rules of the file are not among those that could be read.
    #[must_use]
    pub fn lacks_rules(&self) -> bool {
        !self.is_intact || self.facts.iter().filter(|facts| facts.is_rule).count() > self.rules.len()
    }
}
