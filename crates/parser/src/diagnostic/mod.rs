//! Diagnostics: what was found, where, why it matters and how to mend it.

pub mod codes;
mod render;
mod suggest;
mod text;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::source::{Source, Span};
pub use codes::Code;
pub use render::Rendered;
pub use suggest::{clip, closest};
pub use text::{visible, visible_lines};

/// How serious a finding is. Ordered from the least to the most serious.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Good to know; never fails a run.
    Info,
    /// Likely a mistake; fails a run that denies warnings.
    Warning,
    /// The content is wrong, or would be refused by a sensor; fails the run.
    Error,
}

impl Severity {
    /// The lower-case word that every output format uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Another place that belongs to the finding, in the same file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What this place has to do with the finding.
    pub text: String,
}

/// A place in another file that belongs to the finding.
#[derive(Clone, Debug)]
pub struct Related {
    /// The other file.
    pub source: Source,
    /// Where in it.
    pub span: Span,
    /// What this place has to do with the finding.
    pub text: String,
}

/// Replaces the bytes under `span` by `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// The new text.
    pub text: String,
}

/// A mend that a machine may apply: it never changes what a rule matches, unless `unsafe_` says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What the mend does, in the imperative.
    pub title: String,
    /// The edits, which do not overlap.
    pub edits: Vec<Edit>,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The stable code.
    pub code: &'static Code,
    /// Severity: the code's default unless the configuration raised or lowered it.
    pub severity: Severity,
    /// One line, lower case, no full stop, user text in backticks.
    pub message: String,
    /// The file.
    pub source: Source,
    /// The place in it.
    pub span: Span,
    /// What stands at the place, in a few words.
    pub label: Option<String>,
    /// Further places in the same file.
    pub labels: Vec<Label>,
    /// Places in other files.
    pub related: Vec<Related>,
    /// What to do about it.
    pub help: Option<String>,
    /// Name or id of the rule that the finding is about.
    pub rule: Option<String>,
    /// A mend that can be applied by machine.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A finding with the default severity of its code.
    #[must_use]
    pub fn new(code: &'static Code, source: &Source, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity,
            message: message.into(),
            source: source.clone(),
            span,
            label: None,
            labels: Vec::new(),
            related: Vec::new(),
            help: None,
            rule: None,
            fix: None,
        }
    }

    /// Says in a few words what stands at the main place.
    #[must_use]
    pub fn with_label(mut self, text: impl Into<String>) -> Self {
        self.label = Some(text.into());
        self
    }

    /// Points at a further place in the same file.
    #[must_use]
    pub fn with_place(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Points at a place in another file.
    #[must_use]
    pub fn with_related(mut self, source: &Source, span: Span, text: impl Into<String>) -> Self {
        self.related.push(Related { source: source.clone(), span, text: text.into() });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn with_help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Says what the page of the code says to do, where nothing better is said.
    #[must_use]
    pub(crate) fn or_cure(mut self) -> Self {
        self.help.get_or_insert_with(|| suggest::in_message(self.code.cure));
        self
    }

    /// Names the rule that the finding is about.
    #[must_use]
    pub fn with_rule(mut self, rule: impl Into<String>) -> Self {
        self.rule = Some(rule.into());
        self
    }

    /// Adds a mend of one edit.
    #[must_use]
    pub fn with_fix(self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        self.with_edits(title, vec![Edit { span, text: text.into() }])
    }

    /// Adds a mend of several edits.
    #[must_use]
    pub fn with_edits(mut self, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix = Some(Fix { title: title.into(), edits });
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.source.position(self.span.start);
        write!(
            f,
            "{}:{}:{}: {}[{}]: {}",
            self.source.name(),
            at.line,
            at.column,
            self.severity,
            self.code.id,
            self.message
        )
    }
}

/// Collects the diagnostics of one stage over one source, up to
/// [`crate::limits::DIAGNOSTICS`]; the rest is counted and closed with one of its own.
#[derive(Debug)]
pub struct Sink {
    source: Source,
    found: Vec<Diagnostic>,
    dropped: usize,
    /// Findings that went to other sinks of the same file.
    before: usize,
}

impl Sink {
    /// An empty sink for one source.
    #[must_use]
    pub fn new(source: &Source) -> Self {
        Self { source: source.clone(), found: Vec::new(), dropped: 0, before: 0 }
    }

    /// An empty sink for a part of the source that another sink reports on.
    #[must_use]
    pub(crate) fn part(whole: &Self) -> Self {
        Self { before: whole.before + whole.len(), ..Self::new(&whole.source) }
    }

    /// Whether more is found than will be shown, so that words of help are not worth their time.
    pub(crate) fn is_full(&self) -> bool {
        self.before + self.len() >= crate::limits::DIAGNOSTICS
    }

    /// Whether so much is found already that a name is not looked for among so many.
    pub(crate) fn is_busy(&self, candidates: usize) -> bool {
        self.is_full() || (candidates > 1_000 && self.before + self.len() >= 20)
    }

    /// The source that this sink reports on.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Reports a finding and gives it back for labels, help and a fix. Past the limit
    /// the finding is counted but not kept.
    pub fn report(&mut self, code: &'static Code, span: Span, message: impl Into<String>) {
        self.push(Diagnostic::new(code, &self.source, span, message));
    }

    /// A finding on this sink's source, to be completed and then pushed.
    #[must_use]
    pub fn diagnostic(&self, code: &'static Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, &self.source, span, message)
    }

    /// Adds a finished finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.found.len() < crate::limits::DIAGNOSTICS {
            self.found.push(diagnostic);
        } else {
            self.dropped += 1;
        }
    }

    /// Whether an error was reported.
    #[must_use]
    pub fn has_error(&self) -> bool {
        self.found.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// How many findings were reported, kept or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len() + self.dropped
    }

    /// Whether nothing was reported.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The findings, in the order in which they were reported. One without help of its own
    /// gets the cure of its code.
    #[must_use]
    pub fn finish(mut self) -> Vec<Diagnostic> {
        if self.dropped > 0 {
            let span = self.found.last().map_or_else(Span::default, |last| last.span);
            let message = format!("{} more findings in this file are not shown", self.dropped);
            let closing = Diagnostic::new(&codes::TOO_MANY_FINDINGS, &self.source, span, message);
            self.found.push(closing.with_help("mend the findings above and run again"));
        }
        self.found.into_iter().map(Diagnostic::or_cure).collect()
    }
}
