//! Findings for people.

use std::io::{self, Write};

use contentcheck_model::diagnostic::{Diagnostic, Lines, Rendered, visible};
use contentcheck_model::source::Source;
use miette::{GraphicalReportHandler, GraphicalTheme};

use super::Report;

/// With the lines concerned, underlined.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let theme = if report.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false).with_context_lines(1);
    let mut text = String::new();
    let mut lines: Option<(&Source, Lines)> = None;
    for finding in report.findings {
        if !can_be_shown(finding) {
            one(finding, out)?;
            writeln!(out)?;
            continue;
        }
        text.clear();
        if lines.as_ref().is_none_or(|(of, _)| !of.is(&finding.source)) {
            lines = Some((&finding.source, Lines::of(&finding.source)));
        }
        let Some((_, lines)) = &lines else { continue };
        handler
            .render_report(&mut text, &Rendered::new(finding, lines))
            .map_err(|_| io::Error::other("a finding cannot be rendered"))?;
        writeln!(out, "{}", text.trim_end())?;
        if finding.source.text().is_empty() {
            writeln!(out, "  in {}", visible(finding.source.name()))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// One line for each finding, and one for its help.
pub(super) fn short(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    report.findings.iter().try_for_each(|finding| one(finding, out))
}

/// Longer lines are not shown: nobody reads them, and they are laid out at great cost.
const LONGEST_LINE: usize = 1_000;
/// A finding about more lines than this is shown by its first place alone.
const MOST_LINES: usize = 40;

/// Whether the lines concerned, with one line around them, are few and short.
fn can_be_shown(finding: &Diagnostic) -> bool {
    let spans = std::iter::once((&finding.source, finding.span))
        .chain(finding.labels.iter().map(|label| (&finding.source, label.span)))
        .chain(finding.related.iter().map(|related| (&related.source, related.span)));
    let mut lines = 0;
    for (source, span) in spans {
        let first = source.position(span.start).line;
        let last = source.position(span.end).line;
        lines += last - first + 1;
        if lines > MOST_LINES {
            return false;
        }
        let mut around = (first.saturating_sub(1).max(1)..=last + 1).filter_map(|line| source.line(line));
        if around.any(|line| line.len() > LONGEST_LINE) {
            return false;
        }
    }
    true
}

fn one(finding: &Diagnostic, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{finding}")?;
    if let Some(label) = &finding.label {
        writeln!(out, "  note: {}", visible(label))?;
    }
    for related in &finding.related {
        let at = related.source.position(related.span.start);
        let (text, name) = (visible(&related.text), visible(related.source.name()));
        writeln!(out, "  note: {text}: {name}:{}:{}", at.line, at.column)?;
    }
    if let Some(help) = &finding.help {
        writeln!(out, "  help: {}", visible(help))?;
    }
    Ok(())
}
