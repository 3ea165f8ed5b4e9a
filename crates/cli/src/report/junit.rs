//! The report as JUnit XML, in the form that Jenkins reads.
//!
//! Each file with findings is a test suite and each finding a test case. Errors and warnings
//! are failures, infos are test cases that pass. Checks that did not run are skipped test
//! cases. A run without findings has one test case, which passes.

use std::io::{self, Write};

use contentcheck_model::diagnostic::{Diagnostic, Severity, visible, visible_lines};
use contentcheck_parser::release::Finding;

use super::Report;
use super::place::{self, Place};
use crate::commands::plural;

/// Writes the report as XML.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let failures = report.findings.iter().filter(|finding| fails(finding)).count();
    let summary = usize::from(report.findings.is_empty());
    let tests = report.findings.len() + report.skipped.len() + summary;
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"contentcheck\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">")?;
    for findings in report.findings.chunk_by(|a, b| a.source.name() == b.source.name()) {
        suite(findings, out)?;
    }
    if summary + report.skipped.len() > 0 {
        let tests = summary + report.skipped.len();
        let skipped = report.skipped.len();
        writeln!(
            out,
            "  <testsuite name=\"contentcheck\" tests=\"{tests}\" failures=\"0\" errors=\"0\" skipped=\"{skipped}\">"
        )?;
        if summary > 0 {
            let (files, rules) = (plural(report.files, "file"), plural(report.rules, "rule"));
            writeln!(out, "    <testcase name=\"{files}, {rules}\" classname=\"contentcheck\"/>")?;
        }
        for reason in report.skipped {
            writeln!(
                out,
                "    <testcase name=\"{0}\" classname=\"contentcheck\"><skipped message=\"{0}\"/></testcase>",
                escape(reason)
            )?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn fails(finding: &Diagnostic) -> bool {
    finding.severity > Severity::Info
}

fn suite(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    let Some(first) = findings.first() else { return Ok(()) };
    let file = escape(place::path(&first.source));
    let failures = findings.iter().filter(|finding| fails(finding)).count();
    let tests = findings.len();
    writeln!(
        out,
        "  <testsuite name=\"{file}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">"
    )?;
    for finding in findings {
        let at = Place::of(finding).start;
        let name = format!("{} {} at {}:{}", finding.code.id, finding.code.name, at.line, at.column);
        writeln!(out, "    <testcase name=\"{name}\" classname=\"{file}\">")?;
        let text = format!("{}:{}:{}: {}", place::path(&finding.source), at.line, at.column, place::text(finding));
        let (severity, message, text) = (finding.severity, escape(&visible(&finding.message)), escape(&text));
        if fails(finding) {
            writeln!(out, "      <failure type=\"{severity}\" message=\"{message}\">{text}</failure>")?;
        } else {
            writeln!(out, "      <system-out>{text}</system-out>")?;
        }
        writeln!(out, "    </testcase>")?;
    }
    writeln!(out, "  </testsuite>")
}

/// Escapes a text for an attribute or for element content. Line breaks and tabs survive in
/// both. What XML 1.0 cannot hold and what nobody sees is written as an escape that people can read.
pub(crate) fn escape(text: &str) -> String {
    let text = visible_lines(text);
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            // Not only for `]]>`: it costs nothing to be plain.
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_xml_cannot_hold() {
        assert_eq!(escape("a<b>&\"'\n]]>"), "a&lt;b&gt;&amp;&quot;&apos;&#10;]]&gt;");
        assert_eq!(escape("\0\x1b[31m\u{FFFE}\u{1F600}"), "\\u{0}\\u{1b}[31m\\u{fffe}\u{1F600}");
    }
}
