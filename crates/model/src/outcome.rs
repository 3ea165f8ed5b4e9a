//! What one file yields, whichever language it is in: the input of the checks across files.

use crate::diagnostic::{Diagnostic, Unread};
use crate::rule::CheckedRule;
use crate::source::{Source, Span};
use crate::template::LogSource;

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
    /// The log source that it names, where it names one.
    pub logsource: Option<LogSource>,
    /// A number for what it detects: equal for rules that differ in metadata and order alone.
    pub logic: Option<u64>,
    /// Where it is shown: its title or name.
    pub span: Span,
    /// The bytes of the whole declaration or document: a finding with a place in them is about it.
    pub extent: Span,
    /// The bytes of the global document that is merged into it: a finding there is about it too.
    pub global: Option<Span>,
    /// Whether it is a rule, which is among the rules of the file unless something is wrong with it.
    pub is_rule: bool,
    /// Why it was not read, where it was not: the first error in it or in what it uses, which may be
    /// declared elsewhere.
    pub unread: Option<Box<Diagnostic>>,
}

/// A kind of document that changes what rules do, or what becomes of their matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DependentKind {
    /// Takes matches away from the rules that it refers to.
    Filter,
    /// Fires on matches of the rules that it refers to.
    Correlation,
}

impl DependentKind {
    /// The word for such a document, which is the key of its logic too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Correlation => "correlation",
        }
    }

    /// What to do about a document that is not carried out: said by lint and by whoever ships, in the same words.
    pub fn advice(self) -> String {
        let what = self.as_str();
        format!(
            "take the {what} and its rules out of the release with `exclude`, or write the condition into the rules"
        )
    }
}

/// The rules that a document refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Referred {
    /// Every rule of the filter's log source (`rules: any`).
    Any,
    /// These.
    Rules(Vec<Reference>),
    /// Which rules are meant could not be read: it may be any.
    Unread(Unread),
}

impl Referred {
    /// The rules that are named, each with its place.
    #[must_use]
    pub fn named(&self) -> &[Reference] {
        match self {
            Self::Rules(rules) => rules,
            Self::Any | Self::Unread(_) => &[],
        }
    }
}

/// A field that a correlation reads of the events of its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadField {
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub span: Span,
    /// The rule whose events have it, by id or name; none where those of each rule do.
    pub rule: Option<String>,
}

/// A filter or correlation document, readable or not.
#[derive(Clone, Debug)]
pub struct Dependent {
    /// What it is.
    pub kind: DependentKind,
    /// What it declares of itself: index into [`FileOutcome::facts`].
    pub facts: usize,
    /// The rules that it refers to.
    pub rules: Referred,
    /// What a correlation reads of the events of its rules.
    pub fields: Vec<ReadField>,
    /// Whether the rules under a correlation are alerts of their own too (`generate: true`). Always true for
    /// a filter.
    pub generate: bool,
}

/// What one file yields.
#[derive(Debug)]
pub struct FileOutcome {
    /// The file.
    pub source: Source,
    /// Rules that were read completely, in the order of the file.
    pub rules: Vec<CheckedRule>,
    /// One entry for each rule or document, readable or not.
    pub facts: Vec<Facts>,
    /// Its filters and correlations.
    pub documents: Vec<Dependent>,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether all of the file was understood, as far as its form goes.
    pub is_intact: bool,
    /// Where something that could not be read may be a filter or a correlation: which rules it is for nobody knows.
    pub may_change: Option<Span>,
}

impl FileOutcome {
    /// Nothing yet.
    #[must_use]
    pub fn new(source: &Source) -> Self {
        Self {
            source: source.clone(),
            rules: Vec::new(),
            facts: Vec::new(),
            documents: Vec::new(),
            diagnostics: Vec::new(),
            is_intact: true,
            may_change: None,
        }
    }

    /// Takes all rules away, since the file was not read to its end or is beyond a limit of files: which of its rules
    /// there are must not depend on their order. Those that could be read are unread for this reason.
    pub fn cut(&mut self, flaw: &Diagnostic) {
        self.rules.clear();
        for facts in self.facts.iter_mut().filter(|facts| facts.unread.is_none()) {
            facts.unread = Some(Box::new(flaw.clone()));
        }
    }

    /// Whether rules of the file are not among those that could be read.
    #[must_use]
    pub fn lacks_rules(&self) -> bool {
        !self.is_intact || self.facts.iter().filter(|facts| facts.is_rule).count() > self.rules.len()
    }
}
