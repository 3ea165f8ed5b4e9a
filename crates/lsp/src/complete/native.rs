//! Completion in native files.

use std::sync::Arc;

use contentcheck_model::template::{Scalar, TemplateType};
use contentcheck_parser::native;
use contentcheck_parser::native::ast::Operator;
use gen_lsp_types::CompletionItemKind;

use super::{Item, fields, tags, templates, words};
use crate::snapshot::Snapshot;

/// What can be written behind `before`, and what of it is being written.
pub(super) fn at<'t>(text: &'t str, before: &'t str, snapshot: &Snapshot) -> (Vec<Item>, &'t str) {
    let is_part = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    // Behind a character of several bytes there is no word, and `get` gives none.
    let word = before.get(before.rfind(|sign| !is_part(sign)).map_or(0, |at| at + 1)..).unwrap_or("");
    let line = before.rsplit('\n').next().unwrap_or("");
    let start = beginning(before);
    let declaration = before.get(start..).unwrap_or("");
    let keyword = declaration.split_whitespace().next().unwrap_or("");
    // At the beginning of a line there is a declaration.
    if !line.starts_with([' ', '\t']) && !line.trim().contains(' ') && !is_within(declaration) {
        return (keywords(&["template", "table", "list", "rule"]), word);
    }
    match keyword {
        "rule" => in_rule(text, start, declaration, line, word, snapshot),
        "template" | "table" if line.contains(':') => {
            let types = [Scalar::String, Scalar::Int, Scalar::Float, Scalar::Bool, Scalar::Ip, Scalar::Bytes];
            (words(&types.map(Scalar::as_str)), word)
        }
        "template" if line.trim() == word => (keywords(&["serves", "reads", "header", "retired", "open"]), word),
        _ => (Vec::new(), word),
    }
}

/// Where the declaration begins that a place is in: the last line that begins with the word of one.
fn beginning(before: &str) -> usize {
    let starts = |line: &str| ["template ", "table ", "list ", "rule "].iter().any(|keyword| line.starts_with(keyword));
    let mut end = before.len();
    while let Some(head) = before.get(..end) {
        let at = head.rfind('\n').map_or(0, |at| at + 1);
        if head.get(at..).is_some_and(starts) || at == 0 {
            return at;
        }
        end = at - 1;
    }
    0
}

/// Whether a declaration that began has not ended.
fn is_within(declaration: &str) -> bool {
    let count = |sign: char| declaration.matches(sign).count();
    count('{') > count('}')
}

fn keywords(words: &[&str]) -> Vec<Item> {
    words.iter().map(|word| Item::new(*word, CompletionItemKind::Keyword).with_rank(2)).collect()
}

fn in_rule<'t>(
    text: &'t str,
    start: usize,
    declaration: &str,
    line: &'t str,
    word: &'t str,
    snapshot: &Snapshot,
) -> (Vec<Item>, &'t str) {
    let bare = line.trim_start();
    if let Some((key, value)) = bare.split_once(':')
        && native::attributes().any(|(known, _)| known == key)
    {
        let value = value.trim_start();
        let (_, choices) = native::attributes().find(|(known, _)| *known == key).unwrap_or(("", &[]));
        return match key {
            "template" => (templates(&snapshot.catalogue), value),
            "tags" => (tags(snapshot), value.rsplit(['[', ',']).next().unwrap_or(value).trim_start()),
            _ => (words(choices), word),
        };
    }
    let whole = whole(text, start);
    let template = template_of(whole, snapshot);
    let own = || fields(template.iter().map(|template| &**template), snapshot);
    // What is open: the block of a test, or the condition of the last `when` or `let` above.
    let entry = declaration.lines().rev().map(str::trim_start).find_map(|line| {
        ["let ", "when ", "test "].into_iter().find(|keyword| line.starts_with(keyword)).map(|keyword| (keyword, line))
    });
    match entry {
        Some(("test ", _)) if is_open_test(declaration) => {
            let key = line.rsplit(['{', ',']).next().unwrap_or("");
            let items = if key.contains(':') { Vec::new() } else { own() };
            (items, word)
        }
        Some(("let " | "when ", first)) => {
            let mut items = own();
            items.extend(names(whole, "let ", "binding"));
            items.extend(names(text, "list ", "list"));
            items.extend(names(text, "table ", "table"));
            items.extend(
                Operator::ALL
                    .iter()
                    .map(|operator| Item::new(operator.as_str(), CompletionItemKind::Operator).with_rank(1)),
            );
            items.extend(keywords(&["and", "or", "not", "any", "all"]));
            if bare == word && first.trim_end() != line.trim() {
                items.extend(entries());
            }
            (items, word)
        }
        _ if bare == word => (entries(), word),
        _ => (Vec::new(), word),
    }
}

/// What a rule can have.
fn entries() -> Vec<Item> {
    let attribute = |(key, _): (&'static str, _)| Item {
        insert: Some(format!("{key}: ")),
        ..Item::new(key, CompletionItemKind::Property).with_rank(1)
    };
    native::attributes().map(attribute).chain(keywords(&["let", "when", "test"])).collect()
}

/// Whether the last test that began has not ended.
fn is_open_test(declaration: &str) -> bool {
    declaration.rfind("test ").and_then(|at| declaration.get(at..)).is_some_and(is_within)
}

/// A rule, up to the line that begins with its closing brace.
fn whole(text: &str, start: usize) -> &str {
    let rest = text.get(start..).unwrap_or("");
    rest.get(..rest.find("\n}").unwrap_or(rest.len())).unwrap_or(rest)
}

fn template_of(rule: &str, snapshot: &Snapshot) -> Option<Arc<TemplateType>> {
    let named = rule.lines().find_map(|line| line.trim_start().strip_prefix("template:"))?;
    let named = named.split('#').next().unwrap_or(named);
    let (name, version) = named.split_once('@')?;
    snapshot.catalogue.find(name.trim(), version.trim().parse().ok()?).map(Arc::clone)
}

/// The names that lines with a keyword declare.
fn names(text: &str, keyword: &str, what: &str) -> Vec<Item> {
    let declared = text.lines().filter_map(|line| line.trim_start().strip_prefix(keyword));
    let named = declared.filter_map(|rest| rest.split([' ', '=']).next()).filter(|name| !name.is_empty());
    named.map(|name| Item::new(name, CompletionItemKind::Variable).with_detail(what).with_rank(0)).collect()
}
