//! The report as GitHub workflow commands, which become annotations on the lines concerned.

use std::io::{self, Write};

use super::Report;
use super::place::{self, Place};

/// Writes one workflow command for each finding and each check that did not run.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.findings {
        let command = place::word(finding.severity, "error", "warning", "notice");
        let at = Place::of(finding);
        let file = property(place::path(&finding.source));
        write!(out, "::{command} file={file},line={}", at.start.line)?;
        if at.last_line() == at.start.line && at.end.line == at.start.line {
            // The end is the last column of the annotation, not the one after it.
            let end = at.end.column.saturating_sub(1).max(at.start.column);
            write!(out, ",col={},endLine={},endColumn={end}", at.start.column, at.start.line)?;
        } else {
            // Columns are only allowed where the annotation is within one line.
            write!(out, ",endLine={}", at.last_line())?;
        }
        let title = property(&format!("{} {}", finding.code.id, finding.code.name));
        writeln!(out, ",title={title}::{}", data(&place::text(finding)))?;
    }
    for reason in report.skipped {
        writeln!(out, "::notice title=check skipped::{}", data(reason))?;
    }
    Ok(())
}

/// Escapes what follows `::`.
pub(super) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
pub(super) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_can_end_a_command_or_a_property() {
        assert_eq!(data("100%\r\n::error::x"), "100%25%0D%0A::error::x");
        assert_eq!(property("a,b:c%\n"), "a%2Cb%3Ac%25%0A");
    }
}
