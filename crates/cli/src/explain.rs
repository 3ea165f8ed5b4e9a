//! The pages of the codes, in the forms that people and machines read. Every word comes from
//! the catalogue of codes.

use std::fmt::Write;

use contentcheck_parser::diagnostic::Code;

/// The page of one code.
#[must_use]
pub fn page(code: &Code) -> String {
    let fixable = if code.fixable { "; can be mended with --fix" } else { "" };
    format!(
        "{} {}\n{}\n\nSeverity: {}{fixable}\n\nCause\n  {}\n\nHarm\n  {}\n\nCure\n  {}\n",
        code.id,
        code.name,
        code.summary.trim(),
        code.severity,
        code.cause,
        code.harm,
        code.cure
    )
}

/// One line for each code.
#[must_use]
pub fn list(codes: &[&Code]) -> String {
    let mut text = String::new();
    for code in codes {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}  {:<28} {:<8} {}", code.id, code.name, code.severity, code.summary.trim());
    }
    text
}

/// A section in Markdown for each code.
#[must_use]
pub fn markdown(codes: &[&Code]) -> String {
    let mut text = String::new();
    for code in codes {
        let _ =
            writeln!(text, "### {} {}\n\n{}. Severity: {}.\n", code.id, code.name, code.summary.trim(), code.severity);
        let _ = writeln!(text, "- **Cause.** {}\n- **Harm.** {}\n- **Cure.** {}\n", code.cause, code.harm, code.cure);
    }
    text
}

/// The codes as a JSON array.
///
/// # Errors
/// Never in practice: the entries are texts.
pub fn json(codes: &[&Code]) -> Result<String, serde_json::Error> {
    let entries: Vec<serde_json::Value> = codes
        .iter()
        .map(|code| {
            serde_json::json!({
                "code": code.id, "name": code.name, "severity": code.severity, "summary": code.summary.trim(),
                "cause": code.cause, "harm": code.harm, "cure": code.cure, "fixable": code.fixable,
            })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&entries)? + "\n")
}
