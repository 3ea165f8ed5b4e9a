//! Diagnostics as `miette` renderers see them.

use std::fmt;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::text::masked;
use super::{Diagnostic, Severity, visible, visible_lines};
use crate::source::{Source, Span};

impl std::error::Error for Diagnostic {}

impl From<Span> for SourceSpan {
    fn from(span: Span) -> Self {
        Self::new(usize::try_from(span.start).unwrap_or(0).into(), span.len())
    }
}

impl SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let found = self.text().read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            visible(self.name()).into_owned(),
            found.data(),
            *found.span(),
            found.line(),
            found.column(),
            found.line_count(),
        )))
    }
}

/// A place in another file, as a diagnostic of its own.
#[derive(Debug)]
struct Elsewhere<'a>(&'a super::Related);

impl fmt::Display for Elsewhere<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&visible(&self.0.text))
    }
}

impl std::error::Error for Elsewhere<'_> {}

/// The text of a file as it is shown with places marked: nothing in it is hidden or acts on a terminal. One is made
/// for all findings of a file.
#[derive(Debug)]
pub struct Lines(Source);

impl Lines {
    /// Of one file.
    #[must_use]
    pub fn of(source: &Source) -> Self {
        Self(masked(source.text()).map_or_else(|| source.clone(), |text| Source::new(source.name(), text)))
    }
}

/// One finding in the form that `miette` renders: its message alone, with the place as label. No character of the
/// content acts on a terminal.
#[derive(Debug)]
pub struct Rendered<'a> {
    diagnostic: &'a Diagnostic,
    lines: &'a Lines,
    related: Vec<String>,
}

impl<'a> Rendered<'a> {
    /// Prepares a finding for rendering, with the lines of its file.
    #[must_use]
    pub fn new(diagnostic: &'a Diagnostic, lines: &'a Lines) -> Self {
        let place = |related: &super::Related| {
            let at = related.source.position(related.span.start);
            format!("{}: {}:{}:{}", Elsewhere(related), visible(related.source.name()), at.line, at.column)
        };
        Self { diagnostic, lines, related: diagnostic.related.iter().map(place).collect() }
    }
}

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&visible(&self.diagnostic.message))
    }
}

impl std::error::Error for Rendered<'_> {}

impl miette::Diagnostic for Rendered<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(format!("{} {}", self.diagnostic.code.id, self.diagnostic.code.name)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let mut text = self.diagnostic.help.as_deref().map(|help| visible_lines(help).into_owned()).unwrap_or_default();
        for line in &self.related {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(line);
        }
        (!text.is_empty()).then(|| Box::new(text) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        // A file that could not be read has no line to show.
        (!self.lines.0.text().is_empty()).then_some(&self.lines.0 as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let main = LabeledSpan::new_primary_with_span(
            self.diagnostic.label.as_deref().map(|label| visible(label).into_owned()),
            self.diagnostic.span,
        );
        let others = self
            .diagnostic
            .labels
            .iter()
            .map(|label| LabeledSpan::new_with_span(Some(visible(&label.text).into_owned()), label.span));
        Some(Box::new(std::iter::once(main).chain(others)))
    }
}
