//! Findings for people.

use std::io::{self, Write};

use contentcheck_parser::diagnostic::Rendered;
use miette::{GraphicalReportHandler, GraphicalTheme};

use super::Report;

/// With the lines concerned, underlined.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let theme = if report.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false).with_context_lines(1);
    let mut text = String::new();
    for finding in report.findings {
        text.clear();
        handler
            .render_report(&mut text, &Rendered::new(finding))
            .map_err(|_| io::Error::other("a finding cannot be rendered"))?;
        writeln!(out, "{}", text.trim_end())?;
        if finding.source.text().is_empty() {
            writeln!(out, "  in {}", finding.source.name())?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// One line for each finding, and one for its help.
pub(super) fn short(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.findings {
        writeln!(out, "{finding}")?;
        if let Some(label) = &finding.label {
            writeln!(out, "  note: {label}")?;
        }
        for related in &finding.related {
            let at = related.source.position(related.span.start);
            writeln!(out, "  note: {}: {}:{}:{}", related.text, related.source.name(), at.line, at.column)?;
        }
        if let Some(help) = &finding.help {
            writeln!(out, "  help: {help}")?;
        }
    }
    Ok(())
}
