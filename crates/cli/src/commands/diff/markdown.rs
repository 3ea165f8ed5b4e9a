//! What changed, as a comment on a pull request: what a reviewer has to know first.

use std::fmt::Write as _;

use super::{Changed, ChangedTarget, DiffReport, Meaning};
use crate::commands::plural;
use crate::commands::prove::event_line;
use crate::report::markup::{code, escaped};
use crate::rule_name::RuleName;

/// Bytes of a comment. GitHub takes 65,536 characters.
const MOST: usize = 60_000;

/// The changes as Markdown. Rules that mean what they did stand last, and where there is no room their number alone.
pub(super) fn markdown(report: &DiffReport) -> String {
    let DiffReport { added, removed, changed, templates, templates_added, templates_removed, unchanged, .. } = report;
    let mut lines = Vec::new();
    lines.extend(removed.iter().map(|rule| format!("- **removed** {}\n", name(rule))));
    for (what, names) in [("gone", templates_removed), ("new", templates_added), ("declared otherwise", templates)] {
        lines.extend(names.iter().map(|of| format!("- template type {} is **{what}**\n", code(of))));
    }
    let (alike, other): (Vec<&Changed>, Vec<&Changed>) = changed.iter().partition(|rule| means_the_same(rule));
    lines.extend(other.iter().map(|rule| of_rule(rule)));
    lines.extend(added.iter().map(|rule| format!("- **added** {}\n", name(rule))));
    lines.extend(alike.iter().map(|rule| format!("- rewritten, and means the same: {}\n", name(&rule.rule))));
    let mut text = format!(
        "### What this changes\n\n{} added, {} removed, {} changed, {unchanged} unchanged\n\n",
        plural(added.len(), "rule"),
        removed.len(),
        changed.len()
    );
    for (at, line) in lines.iter().enumerate() {
        if text.len() + line.len() > MOST {
            let _ = writeln!(text, "- and {} more: `contentcheck diff` lists them", lines.len() - at);
            break;
        }
        text.push_str(line);
    }
    if lines.is_empty() {
        text.push_str("No rule and no template type is another one.\n");
    }
    text
}

fn means_the_same(rule: &Changed) -> bool {
    !rule.targets.is_empty() && rule.targets.iter().all(|target| target.meaning == Meaning::Equal)
}

fn name(rule: &RuleName) -> String {
    let file = rule.file.as_ref().map_or_else(String::new, |file| format!(" {}", code(file)));
    format!("{}{file}", escaped(&rule.title))
}

fn of_rule(rule: &Changed) -> String {
    let mut text = format!("- **changed** {}\n", name(&rule.rule));
    for target in rule.targets.iter().filter(|target| target.meaning != Meaning::Equal) {
        let ChangedTarget { template, meaning, only_old, only_new, reason } = target;
        let reason = reason.as_ref().map_or_else(String::new, |reason| format!(": {}", escaped(reason)));
        // Writing to a string does not fail.
        let _ = writeln!(text, "  - **{}** on {}{reason}", meaning.words(), code(template));
        for (which, event) in [("no longer matches", only_old), ("newly matches", only_new)] {
            if let Some(event) = event {
                let _ = writeln!(text, "    - {which} {}", code(&event_line(event)));
            }
        }
    }
    text
}
