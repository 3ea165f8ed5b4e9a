//! Applying fixes and showing them.

use std::fmt::Write;

pub use contentcheck_parser::diagnostic::fix::apply;
use similar::TextDiff;

/// The difference of two texts as a unified diff.
#[must_use]
pub fn diff(name: &str, old: &str, new: &str) -> String {
    let mut text = String::new();
    let difference = TextDiff::from_lines(old, new);
    let unified =
        difference.unified_diff().context_radius(3).header(&format!("a/{name}"), &format!("b/{name}")).to_string();
    // Writing to a string does not fail.
    let _ = write!(text, "{unified}");
    text
}
