//! Edits that are offered for findings: fixes that keep the meaning, guesses that may not, and comments that accept.

use std::collections::HashMap;

use contentcheck_model::diagnostic::{self, Edit};
use contentcheck_model::language::Language;
use contentcheck_model::source::{Source, Span};
use contentcheck_parser::check::suppress;
use gen_lsp_types::{Diagnostic, TextEdit, Uri};
use serde_json::{Value, json};

use crate::client::Client;
use crate::document::Document;
use crate::positions::Lines;

/// The kind of what fixes a whole file.
pub(crate) const FIX_ALL: &str = "source.fixAll.contentcheck";
const QUICK: &str = "quickfix";

/// Whether a kind of edit is asked for; without a word every kind is.
pub(crate) fn is_wanted(only: Option<&[String]>, kind: &str) -> bool {
    let is_above = |above: &String| {
        kind == above || above.is_empty() || kind.strip_prefix(above.as_str()).is_some_and(|rest| rest.starts_with('.'))
    };
    only.is_none_or(|only| only.iter().any(is_above))
}

/// Edits of one document as the client takes them.
pub(crate) fn workspace_edit(client: Client, uri: &Uri, version: Option<i32>, edits: Vec<TextEdit>) -> Value {
    if client.versioned_edits {
        json!({"documentChanges": [{"textDocument": {"uri": uri, "version": version}, "edits": edits}]})
    } else {
        json!({"changes": HashMap::from([(uri.0.clone(), edits)])})
    }
}

fn ranged(lines: &Lines<'_>, edits: &[Edit]) -> Vec<TextEdit> {
    edits.iter().map(|edit| TextEdit { range: lines.range(edit.span), new_text: edit.text.clone() }).collect()
}

/// A fix that was tried: nothing is wrong after it that was not before.
pub(crate) fn fix(
    document: &Document,
    lines: &Lines<'_>,
    client: Client,
    fix: &diagnostic::Fix,
    shown: &Diagnostic,
) -> Value {
    let edit = workspace_edit(client, &document.uri, Some(document.version), ranged(lines, &fix.edits));
    json!({"title": sentence(&fix.title), "kind": QUICK, "diagnostics": [shown], "isPreferred": true, "edit": edit})
}

/// What the help of a finding guesses.
pub(crate) fn suggestion(
    document: &Document,
    lines: &Lines<'_>,
    client: Client,
    found: &diagnostic::Diagnostic,
    shown: &Diagnostic,
) -> Option<Value> {
    let edit = found.suggestion()?;
    let title = format!("Suggestion: write `{}`, which may change what the rule means", edit.text);
    let edit = workspace_edit(client, &document.uri, Some(document.version), ranged(lines, &[edit]));
    Some(json!({"title": title, "kind": QUICK, "diagnostics": [shown], "isPreferred": false, "edit": edit}))
}

/// A comment that accepts a finding once it gives a reason, which is for its author to write.
pub(crate) fn allow(
    document: &Document,
    lines: &Lines<'_>,
    client: Client,
    found: &diagnostic::Diagnostic,
    shown: &Diagnostic,
) -> Option<Value> {
    let edit = comment(&found.source, document.language, found)?;
    let range = lines.range(edit.span);
    let edit = if client.snippet_edits && client.versioned_edits {
        let line_break = edit.text.trim_end_matches(['\n', '\r']);
        let rest = edit.text.get(line_break.len()..).unwrap_or("");
        let snippet = json!({"kind": "snippet", "value": format!("{line_break}${{1:reason}}{rest}")});
        let edits = json!([{"range": range, "snippet": snippet}]);
        json!({"documentChanges": [{"textDocument": {"uri": document.uri, "version": document.version}, "edits": edits}]})
    } else {
        let edits = vec![TextEdit { range, new_text: edit.text }];
        workspace_edit(client, &document.uri, Some(document.version), edits)
    };
    let title = format!("Allow {} here with a comment; write the reason after `--`", found.code.id);
    Some(json!({"title": title, "kind": QUICK, "diagnostics": [shown], "isPreferred": false, "edit": edit}))
}

/// The comment: on a line of its own above the finding, or else at the end of its line, wherever the language takes it
/// for a comment.
fn comment(source: &Source, language: Language, found: &diagnostic::Diagnostic) -> Option<Edit> {
    if !found.code.is_acceptable() {
        return None;
    }
    let line = source.line(source.position(found.span.start).line)?;
    let written = source.slice(line);
    let indent = written.get(..written.len() - written.trim_start().len()).unwrap_or("");
    let rest = source.text().get(line.range().end..).unwrap_or("");
    let end = if rest.starts_with("\r\n") { "\r\n" } else { "\n" };
    let words = format!("# contentcheck: allow {} -- ", found.code.id);
    let start = line.range().start;
    let above = Edit { span: Span::at(start), text: format!("{indent}{words}{end}") };
    let behind = Edit { span: Span::at(line.range().end), text: format!(" {words}") };
    let is_comment = |edit: &Edit| {
        let (before, after) = source.text().split_at_checked(edit.span.range().start)?;
        let with = Source::new(source.name(), format!("{before}{}{after}", edit.text));
        let at = edit.span.range().start + edit.text.find('#')?;
        suppress::comments(&with, language).iter().find(|span| span.range().start == at).map(drop)
    };
    [above, behind].into_iter().find(|edit| is_comment(edit).is_some())
}

/// All fixes of a file at once.
pub(crate) fn fix_all(document: &Document, client: Client, text: &str, count: usize) -> Option<Value> {
    let source = document.source();
    let edit = difference(source.text(), text)?;
    let lines = Lines::new(&document.text, client.encoding);
    let title = if count == 1 { "Fix the one finding".to_owned() } else { format!("Fix {count} findings") };
    let title = format!("{title} of this file that can be fixed without a change of meaning");
    let edit = workspace_edit(client, &document.uri, Some(document.version), ranged(&lines, &[edit]));
    Some(json!({"title": title, "kind": FIX_ALL, "edit": edit}))
}

/// One edit that makes a text another: what lies between the beginning and the end that both have. `None` where they are
/// the same.
pub(crate) fn difference(old: &str, new: &str) -> Option<Edit> {
    if old == new {
        return None;
    }
    let boundary = |at: usize| old.is_char_boundary(at) && new.is_char_boundary(at);
    let mut start = old.bytes().zip(new.bytes()).take_while(|(a, b)| a == b).count();
    while !boundary(start) {
        start -= 1;
    }
    let (old_rest, new_rest) = (old.get(start..)?, new.get(start..)?);
    let mut end = old_rest.bytes().rev().zip(new_rest.bytes().rev()).take_while(|(a, b)| a == b).count();
    while !(old_rest.is_char_boundary(old_rest.len() - end) && new_rest.is_char_boundary(new_rest.len() - end)) {
        end -= 1;
    }
    let text = new_rest.get(..new_rest.len() - end)?.to_owned();
    Some(Edit { span: Span::new(start, old.len() - end), text })
}

/// A title as a sentence.
fn sentence(title: &str) -> String {
    let mut signs = title.chars();
    signs.next().map_or_else(String::new, |first| first.to_uppercase().chain(signs).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_kind_stands_for_those_below_it() {
        let only = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>();
        assert!(is_wanted(None, QUICK) && is_wanted(Some(&only(&["source", "x"])), FIX_ALL));
        assert!(is_wanted(Some(&only(&["source.fixAll"])), FIX_ALL) && !is_wanted(Some(&only(&["quickfix"])), FIX_ALL));
        assert!(!is_wanted(Some(&only(&["source.fix"])), FIX_ALL));
    }

    proptest! {
        #[test]
        fn the_difference_of_two_strings_leads_from_one_to_the_other(old in "[a\u{e4}\u{e5}b\u{1f600}\u{1f601}]{0,8}", new in "[a\u{e4}\u{e5}b\u{1f600}\u{1f601}]{0,8}") {
            match difference(&old, &new) {
                None => prop_assert_eq!(old, new),
                Some(edit) => {
                    let mut made = old.clone();
                    made.replace_range(edit.span.range(), &edit.text);
                    prop_assert_eq!(made, new);
                }
            }
        }
    }
}
