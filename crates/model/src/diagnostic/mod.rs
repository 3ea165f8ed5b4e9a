//! Diagnostics: what was found, where, why it matters and how to fix it.

pub mod codes;
mod detail;
pub mod fix;
mod render;
mod suggest;
pub mod text;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::source::{Source, Span};
pub use codes::Code;
pub use detail::{Build, Declared, Detail, Measure, Room, Supply, Versions};
pub use fix::{Fix, FixKind};
pub use render::{Lines, Rendered};
pub use suggest::{CUT, clip, closest, head, json_words, reader_words, tail};
pub use text::{visible, visible_json, visible_lines};

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
    /// The sensors that the finding is about, by name and version, sorted: the same words about another
    /// sensor are another finding.
    pub sensors: Vec<String>,
    /// A fix that can be applied by machine.
    pub fix: Option<Fix>,
    /// The facts, where the finding is about sensors or the previous release.
    pub detail: Option<Box<Detail>>,
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
            sensors: Vec::new(),
            fix: None,
            detail: None,
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
    pub fn or_cure(mut self) -> Self {
        self.help.get_or_insert_with(|| suggest::in_message(self.code.cure));
        self
    }

    /// Names the rule that the finding is about.
    #[must_use]
    pub fn with_rule(mut self, rule: impl Into<String>) -> Self {
        self.rule = Some(rule.into());
        self
    }

    /// Names the sensors that the finding is about.
    #[must_use]
    pub fn with_sensors(mut self, sensors: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        self.sensors = sensors.into_iter().map(|sensor| sensor.to_string()).collect();
        self.sensors.sort_unstable();
        self.sensors.dedup();
        self
    }

    /// Adds the facts.
    #[must_use]
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.detail = Some(Box::new(detail));
        self
    }

    /// Adds a fix of one edit.
    #[must_use]
    pub fn with_fix(self, kind: FixKind, title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        self.with_edits(kind, title, vec![Edit { span, text: text.into() }])
    }

    /// Adds a fix of several edits.
    #[must_use]
    pub fn with_edits(mut self, kind: FixKind, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix = Some(Fix { kind, title: title.into(), edits });
        self
    }

    /// Adds a fix that writes `to` where the source has `from` as it is, in quotes or not. Where it is written with
    /// escapes, or stands at another place, there is none.
    #[must_use]
    pub fn with_spelling(self, kind: FixKind, title: impl Into<String>, from: &str, to: &str) -> Self {
        let written = self.source.slice(self.span);
        let quote = ['"', '\''].into_iter().find(|quote| written.len() >= 2 && written.starts_with(*quote));
        let inner = match quote {
            Some(quote) => written.get(1..).and_then(|rest| rest.strip_suffix(quote)),
            None => Some(written),
        };
        if inner != Some(from) {
            return self;
        }
        let start = self.span.range().start + usize::from(quote.is_some());
        self.with_fix(kind, title, Span::new(start, start + from.len()), to)
    }
}

impl Diagnostic {
    /// What "did you mean" of the help comes to as an edit, if the wrong word is where the finding is. It is a guess: the
    /// rule may mean something else afterwards, so it is no [`Fix`].
    #[must_use]
    pub fn suggestion(&self) -> Option<Edit> {
        let (_, rest) = self.help.as_deref()?.split_once("did you mean `")?;
        let (right, rest) = rest.split_once('`')?;
        let written = self.source.slice(self.span);
        // The wrong word is named behind it, or else in the message.
        let named = rest.split_once("where you wrote `").map(|(_, rest)| rest.split('`').take(1));
        let quoted = self.message.split('`').skip(1).step_by(2);
        let mut candidates = named.into_iter().flatten().chain(quoted);
        let is_it = |wrong: &&str| !wrong.is_empty() && *wrong != right && written.matches(wrong).count() == 1;
        let wrong = candidates.find(is_it)?;
        let at = written.find(wrong)?;
        let start = self.span.range().start + at;
        Some(Edit { span: Span::new(start, start + wrong.len()), text: right.to_owned() })
    }

    /// Stands for findings of a file that are not shown: so many, of these codes. It is an error where some of them are, and
    /// a warning else.
    pub fn closing(source: &Source, span: Span, dropped: usize, dropped_errors: usize, of: &BTreeSet<&str>) -> Self {
        /// Codes that are named.
        const NAMED: usize = 5;
        let errors = match dropped_errors {
            0 => String::new(),
            1 => ", 1 of them an error".to_owned(),
            count => format!(", {count} of them errors"),
        };
        let named: Vec<&str> = of.iter().copied().take(NAMED).collect();
        let others = if of.len() > NAMED { " and others" } else { "" };
        let message =
            format!("{dropped} more findings in this file are not shown{errors}: {}{others}", named.join(", "));
        let mut closing = Self::new(&codes::TOO_MANY_FINDINGS, source, span, message);
        if dropped_errors == 0 {
            closing.severity = Severity::Warning;
        }
        let codes = of.iter().map(|code| (*code).to_owned()).collect();
        closing.with_help("fix findings of this file and run again").with_detail(Detail::NotShown { codes })
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.source.position(self.span.start);
        write!(
            f,
            "{}:{}:{}: {}[{}]: {}",
            visible(self.source.name()),
            at.line,
            at.column,
            self.severity,
            self.code.id,
            visible(&self.message)
        )
    }
}

/// Proof that an error was reported about something that could not be read. Whoever holds one can take
/// that something neither for true nor for false nor for absent. Only a [`Sink`] makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread(());

/// Proof that all of something was read: no error was reported while it was. Only a [`Sink`] makes it, and
/// nothing that runs or ships is made without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole(());

/// Collects the diagnostics of one stage over one source, up to
/// [`crate::limits::DIAGNOSTICS`]; the rest is counted and closed with one of its own.
///
/// Errors are kept before other findings, and that there was one is never forgotten.
#[derive(Debug)]
pub struct Sink {
    source: Source,
    found: Vec<Diagnostic>,
    /// How many of those kept are errors.
    errors: usize,
    dropped: usize,
    dropped_errors: usize,
    /// The codes of those that were dropped.
    dropped_codes: BTreeSet<&'static str>,
    /// Where the first error is that was dropped.
    lost: Option<Span>,
    /// The first error, kept or not.
    first: Option<Box<Diagnostic>>,
    /// Findings that went to other sinks of the same file.
    before: usize,
}

impl Sink {
    /// An empty sink for one source.
    #[must_use]
    pub fn new(source: &Source) -> Self {
        Self {
            source: source.clone(),
            found: Vec::new(),
            errors: 0,
            dropped: 0,
            dropped_errors: 0,
            dropped_codes: BTreeSet::new(),
            lost: None,
            first: None,
            before: 0,
        }
    }

    /// An empty sink for a part of the source that another sink reports on. It is closed with [`Sink::close`].
    #[must_use]
    pub fn part(whole: &Self) -> Self {
        Self { before: whole.before + whole.len(), ..Self::new(&whole.source) }
    }

    /// Whether more is found than will be shown, so that words of help are not worth their time.
    pub fn is_full(&self) -> bool {
        self.before + self.len() >= crate::limits::DIAGNOSTICS
    }

    /// Whether so much is found already that a name is not looked for among so many.
    pub fn is_busy(&self, candidates: usize) -> bool {
        self.is_full() || (candidates > 1_000 && self.before + self.len() >= 20)
    }

    /// The source that this sink reports on.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Reports a finding. Past the limit it is counted but not kept.
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
        let is_error = diagnostic.severity == Severity::Error;
        if is_error && self.first.is_none() {
            self.first = Some(Box::new(diagnostic.clone()));
        }
        if self.found.len() >= crate::limits::DIAGNOSTICS {
            self.dropped += 1;
            // A flood of lesser findings does not hide an error.
            let lesser = |kept: &Diagnostic| kept.severity != Severity::Error;
            let place = (is_error && self.errors < self.found.len()).then(|| self.found.iter().rposition(lesser));
            let Some(place) = place.flatten() else {
                self.dropped_codes.insert(diagnostic.code.id);
                if is_error {
                    self.dropped_errors += 1;
                    self.lost.get_or_insert(diagnostic.span);
                }
                return;
            };
            self.dropped_codes.insert(self.found.remove(place).code.id);
        }
        self.errors += usize::from(is_error);
        self.found.push(diagnostic);
    }

    /// Reports that something cannot be read, as an error whatever the code: what is left of its rule is
    /// not the rule.
    pub fn refuse(&mut self, mut diagnostic: Diagnostic) -> Unread {
        diagnostic.severity = Severity::Error;
        self.push(diagnostic);
        Unread(())
    }

    /// [`Sink::refuse`] with the help of the code's page.
    pub fn unread(&mut self, code: &'static Code, span: Span, message: impl Into<String>) -> Unread {
        let found = self.diagnostic(code, span, message);
        self.refuse(found)
    }

    /// Notes an error that is reported elsewhere and makes this unreadable too, such as one in a list that a
    /// rule uses.
    pub fn inherit(&mut self, cause: &Diagnostic) -> Unread {
        self.first.get_or_insert_with(|| Box::new(cause.clone()));
        Unread(())
    }

    /// The proof that nothing was an error so far.
    pub fn whole(&self) -> Result<Whole, Unread> {
        if self.first.is_none() { Ok(Whole(())) } else { Err(Unread(())) }
    }

    /// Whether an error was reported, kept or not.
    #[must_use]
    pub fn has_error(&self) -> bool {
        self.first.is_some()
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

    /// Hands what a part found to the sink of the whole, and tells whether all of the part was read:
    /// if not, the first error.
    pub fn close(self, whole: &mut Self) -> Result<Whole, Box<Diagnostic>> {
        let (dropped, dropped_errors, lost) = (self.dropped, self.dropped_errors, self.lost);
        whole.dropped_codes.extend(self.dropped_codes);
        self.found.into_iter().for_each(|found| whole.push(found));
        whole.dropped += dropped;
        whole.dropped_errors += dropped_errors;
        whole.lost = whole.lost.or(lost);
        self.first.map_or(Ok(Whole(())), Err)
    }

    /// The findings, in the order in which they were reported. One without help of its own
    /// gets the cure of its code.
    #[must_use]
    pub fn finish(mut self) -> Vec<Diagnostic> {
        if self.dropped > 0 {
            let last = self.found.last().map_or_else(Span::default, |last| last.span);
            let span = self.lost.unwrap_or(last);
            let (dropped, errors) = (self.dropped, self.dropped_errors);
            self.found.push(Diagnostic::closing(&self.source, span, dropped, errors, &self.dropped_codes));
        }
        self.found.into_iter().map(Diagnostic::or_cure).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;

    fn sink() -> Sink {
        Sink::new(&Source::new("c", ""))
    }

    fn warn(sink: &mut Sink, count: usize) {
        for at in 0..count {
            sink.report(&codes::UNUSED_SELECTION, Span::at(at), "m");
        }
    }

    #[test]
    fn a_flood_of_warnings_hides_no_error() {
        let mut sink = sink();
        warn(&mut sink, 3 * limits::DIAGNOSTICS);
        assert!(!sink.has_error() && sink.whole().is_ok());
        sink.report(&codes::INVALID_VALUE, Span::at(7), "wrong");
        assert!(sink.has_error() && sink.whole().is_err());
        assert_eq!(sink.len(), 3 * limits::DIAGNOSTICS + 1);
        let found = sink.finish();
        assert_eq!(found.iter().filter(|found| found.code.id == codes::INVALID_VALUE.id).count(), 1);
        assert_eq!(found.last().map(|last| last.code.id), Some(codes::TOO_MANY_FINDINGS.id));
    }

    #[test]
    fn an_error_among_too_many_errors_is_said_where_it_is() {
        let mut sink = sink();
        warn(&mut sink, 10);
        for at in 0..limits::DIAGNOSTICS + 2 {
            sink.report(&codes::INVALID_VALUE, Span::at(1_000 + at), "wrong");
        }
        let found = sink.finish();
        let last = found.last().expect("a closing finding");
        assert_eq!((last.severity, last.span), (Severity::Error, Span::at(1_000 + limits::DIAGNOSTICS)));
        assert_eq!(last.message, "12 more findings in this file are not shown, 2 of them errors: CC0120, CC0604");
    }

    #[test]
    fn what_a_part_found_is_the_wholes_and_the_proof_is_the_parts() {
        let mut file = sink();
        let mut bad = Sink::part(&file);
        bad.report(&codes::INVALID_VALUE, Span::at(1), "wrong");
        warn(&mut bad, 2 * limits::DIAGNOSTICS);
        assert_eq!(bad.close(&mut file).expect_err("an error").message, "wrong");
        let mut good = Sink::part(&file);
        warn(&mut good, 2 * limits::DIAGNOSTICS);
        assert!(good.close(&mut file).is_ok());
        let mut late = Sink::part(&file);
        late.report(&codes::INVALID_VALUE, Span::at(2), "wrong too");
        assert!(late.close(&mut file).is_err());
        assert!(file.has_error());
        let found = file.finish();
        assert_eq!(found.iter().filter(|found| found.code.id == codes::INVALID_VALUE.id).count(), 2);
        assert_eq!(found.len(), limits::DIAGNOSTICS + 1);
    }

    #[test]
    fn what_is_inherited_is_not_read_and_not_reported_again() {
        let mut file = sink();
        let cause = file.diagnostic(&codes::VALUE_TYPE, Span::at(3), "a list of two kinds");
        let mut rule = Sink::part(&file);
        rule.inherit(&cause);
        assert!(rule.has_error() && rule.whole().is_err());
        assert_eq!(rule.close(&mut file).expect_err("the cause").message, cause.message);
        assert!(!file.has_error() && file.is_empty());
    }

    /// A code of another severity does not make what could not be read less unread.
    #[test]
    fn what_is_refused_is_an_error() {
        let mut sink = sink();
        sink.unread(&codes::UNKNOWN_ATTRIBUTE, Span::at(0), "m");
        assert!(sink.has_error());
        assert_eq!(sink.finish().first().map(|found| found.severity), Some(Severity::Error));
    }
}
