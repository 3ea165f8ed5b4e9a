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
        let _ = write!(text, "{}{ending}", visible(line).replace("\\t", "\t"));
    }
    text
}
