//! Showing what fixes change.

use std::fmt::Write;

use contentcheck_model::diagnostic::visible;
use similar::TextDiff;

/// The difference of two strings as a unified diff for people: every character is seen, so that a line which holds hidden
/// ones is no line to apply.
#[must_use]
pub fn diff(name: &str, old: &str, new: &str) -> String {
    let mut text = String::new();
    let difference = TextDiff::from_lines(old, new);
    let unified =
        difference.unified_diff().context_radius(3).header(&format!("a/{name}"), &format!("b/{name}")).to_string();
    // Writing to a string does not fail.
    for line in unified.split_inclusive('\n') {
        let ending = line.len() - line.trim_end_matches(['\r', '\n']).len();
        let (line, ending) = line.split_at_checked(line.len() - ending).unwrap_or((line, ""));
        let parts: Vec<_> = line.split('\t').map(visible).collect();
        let _ = write!(text, "{}{ending}", parts.join("\t"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::diff;

    #[test]
    fn what_is_written_stays_as_it_is() {
        let old = "a: 'C:\\temp\\new'\tend\nb: '\\x1b \\u{202e}'\r\n";
        let shown = diff("r.yml", old, &old.replace("end", "\u{202e}"));
        assert!(shown.contains("-a: 'C:\\temp\\new'\tend\n+a: 'C:\\temp\\new'\t\\u{202e}\n"), "{shown}");
        assert!(shown.ends_with(" b: '\\x1b \\u{202e}'\r\n"), "{shown}");
    }
}
