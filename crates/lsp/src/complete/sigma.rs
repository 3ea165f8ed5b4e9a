//! Completion in Sigma rules.

use contentcheck_model::rule::Level;
use contentcheck_model::template::LogSource;
use contentcheck_parser::sigma::words as sigma;
use gen_lsp_types::CompletionItemKind;

use super::{Item, fields, log_sources, rules, tags, words};
use crate::snapshot::Snapshot;

/// Lines above a place that are looked at.
const LINES: usize = 10_000;

/// A line as far as its indentation says what it is.
struct Line<'t> {
    /// Where the dash of an entry is, if it begins one.
    dash: Option<usize>,
    /// Where its key or value is.
    indent: usize,
    /// The rest.
    text: &'t str,
}

impl<'t> Line<'t> {
    fn of(line: &'t str) -> Self {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        match bare.strip_prefix('-').filter(|rest| rest.is_empty() || rest.starts_with(' ')) {
            Some(rest) => {
                let text = rest.trim_start();
                Self { dash: Some(indent), indent: line.len() - text.len(), text }
            }
            None => Self { dash: None, indent, text: bare },
        }
    }

    /// Its key, without quotes, and what follows the colon.
    fn key(&self) -> Option<(&'t str, &'t str)> {
        let (key, rest) = self.text.split_once(':')?;
        let is_key = rest.is_empty() || rest.starts_with([' ', '\r']);
        is_key.then(|| (key.trim().trim_matches(['"', '\'']), rest))
    }

    fn is_empty(&self) -> bool {
        self.dash.is_none() && (self.text.trim().is_empty() || self.text.starts_with('#'))
    }
}

/// What can be written behind `before`, and what of it is being written.
pub(super) fn at<'t>(text: &'t str, before: &'t str, snapshot: &Snapshot) -> (Vec<Item>, &'t str) {
    let current = before.rsplit('\n').next().unwrap_or("");
    let line = Line::of(current);
    let path = path(before, &line);
    let document = document(text, before.len());
    // A key ends with a colon and a space; without them it is being written.
    match line.text.split_once(':').filter(|(_, rest)| rest.starts_with(' ')) {
        Some((key, value)) => {
            let key = key.trim().trim_matches(['"', '\'']);
            let value = value.trim_start();
            let word = value.rsplit(['[', ',']).next().unwrap_or(value).trim_start();
            let word = word.trim_start_matches(['"', '\'']);
            self::value(&path, key, value, word, document, snapshot)
        }
        None => key(&path, &line, document, snapshot),
    }
}

/// The keys that a line is below of, from the outermost.
fn path<'t>(before: &'t str, line: &Line<'_>) -> Vec<&'t str> {
    let mut limit = line.dash.map_or(line.indent, |dash| dash + 1);
    let mut found = Vec::new();
    for above in before.rsplit('\n').skip(1).take(LINES) {
        if limit == 0 || above.starts_with("---") {
            break;
        }
        let above = Line::of(above);
        if above.is_empty() {
            continue;
        }
        if above.indent < limit
            && let Some((key, _)) = above.key()
        {
            found.push(key);
            limit = above.indent;
        }
        if let Some(dash) = above.dash.filter(|dash| *dash < limit) {
            limit = dash + 1;
        }
    }
    found.reverse();
    found
}

/// The document of a file that holds a byte, and those before it, which may be global.
fn document(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or("");
    let end = rest.find("\n---").map_or(text.len(), |end| at + end);
    text.get(..end).unwrap_or(text)
}

/// The lines below a key at the beginning of a line, in the last document that has it.
fn below<'t>(document: &'t str, key: &str) -> Vec<Line<'t>> {
    let mut found = Vec::new();
    let mut is_below = false;
    for line in document.lines() {
        let line = Line::of(line);
        if line.is_empty() {
            continue;
        }
        if line.indent == 0 || line.text.starts_with("---") {
            is_below = line.key().is_some_and(|(own, rest)| {
                let rest = rest.trim();
                if own == key && rest.starts_with('{') {
                    found = rest.trim_matches(['{', '}']).split(',').map(Line::of).collect();
                }
                own == key && rest.is_empty()
            });
            if is_below {
                found.clear();
            }
        } else if is_below {
            found.push(line);
        }
    }
    found
}

fn log_source(document: &str) -> LogSource {
    let mut found = LogSource::default();
    for line in below(document, "logsource") {
        let Some((key, value)) = line.key() else { continue };
        let value = value.split(" #").next().unwrap_or("").trim().trim_matches(['"', '\'']).to_lowercase();
        let slot = match key {
            "product" => &mut found.product,
            "category" => &mut found.category,
            "service" => &mut found.service,
            _ => continue,
        };
        *slot = Some(value).filter(|value| !value.is_empty());
    }
    found
}

/// The names of the selections of a rule or filter.
fn selections(document: &str, section: &str) -> Vec<String> {
    let lines = below(document, section);
    let Some(indent) = lines.first().map(|line| line.indent) else { return Vec::new() };
    let keys = lines.iter().filter(|line| line.indent == indent && line.dash.is_none()).filter_map(Line::key);
    keys.map(|(key, _)| key.to_owned()).filter(|key| !["condition", "timeframe", "rules"].contains(&&**key)).collect()
}

fn key<'t>(path: &[&str], line: &Line<'t>, document: &str, snapshot: &Snapshot) -> (Vec<Item>, &'t str) {
    let written = line.text.trim_start_matches(['"', '\'']);
    let keys = |keys: &[&str]| -> Vec<Item> {
        let item =
            |key: &&str| Item { insert: Some(format!("{key}: ")), ..Item::new(*key, CompletionItemKind::Property) };
        keys.iter().map(item).collect()
    };
    let items = match path {
        [] if line.dash.is_none() => keys(&sigma::attributes().collect::<Vec<_>>()),
        ["logsource"] => keys(&["product", "category", "service", "definition"]),
        ["tags"] if line.dash.is_some() => tags(snapshot),
        ["related"] => keys(&["id", "type"]),
        ["correlation" | "filter", "rules"] if line.dash.is_some() => rules(snapshot),
        ["correlation"] => keys(sigma::correlation_parts()),
        ["correlation", "group-by"] => {
            let read = snapshot.rules.iter().flat_map(|rule| &rule.targets).map(|target| &*target.template);
            let mut seen = std::collections::BTreeSet::new();
            fields(read.filter(|template| seen.insert(&template.name)), snapshot)
        }
        ["detection" | "filter"] => keys(&["condition"]),
        ["detection" | "filter", "condition", ..] => return condition(path, written, document),
        ["detection" | "filter", _, rest @ ..] => {
            let Some((_, modifiers)) = written.split_once('|') else {
                // Below a field there are values.
                if !rest.is_empty() {
                    return (Vec::new(), written);
                }
                return (of_log_source(document, snapshot), written);
            };
            let used: Vec<&str> = modifiers.split('|').collect();
            let word = used.last().copied().unwrap_or("");
            let left = sigma::modifiers().filter(|(name, _)| !used.contains(name) || *name == word);
            let item = |(name, meaning): (&'static str, &'static str)| {
                Item::new(name, CompletionItemKind::Keyword).with_detail(meaning)
            };
            return (left.map(item).collect(), word);
        }
        _ => Vec::new(),
    };
    (items, written)
}

fn of_log_source(document: &str, snapshot: &Snapshot) -> Vec<Item> {
    let asked = log_source(document);
    let serving = snapshot.catalogue.serving(&asked);
    fields(serving.iter().filter(|_| !asked.is_empty()).map(|template| &***template), snapshot)
}

fn condition<'t>(path: &[&str], value: &'t str, document: &str) -> (Vec<Item>, &'t str) {
    let section = path.first().copied().unwrap_or("detection");
    let names = selections(document, section);
    let word = value.rsplit([' ', '(']).next().unwrap_or(value);
    let mut items: Vec<Item> =
        names.iter().map(|name| Item::new(name.as_str(), CompletionItemKind::Variable).with_rank(0)).collect();
    // A pattern for each beginning that several selections have.
    let stems = names.iter().filter_map(|name| name.rsplit_once('_').map(|(stem, _)| format!("{stem}_*")));
    let mut stems: Vec<String> = stems.collect();
    stems.sort();
    let of_several = stems.chunk_by(|a, b| a == b).filter(|same| same.len() > 1).filter_map(|same| same.first());
    items.extend(
        of_several.map(|stem| Item::new(stem.as_str(), CompletionItemKind::Variable).with_detail("several selections")),
    );
    let operators = ["and", "or", "not", "1 of ", "all of ", "them"];
    items.extend(operators.iter().map(|word| Item::new(*word, CompletionItemKind::Keyword).with_rank(2)));
    (items, word)
}

fn value<'t>(
    path: &[&str],
    key: &str,
    value: &'t str,
    word: &'t str,
    document: &str,
    snapshot: &Snapshot,
) -> (Vec<Item>, &'t str) {
    let items = match (path, key) {
        ([], "level") => words(&Level::WORDS),
        ([], "status") => words(sigma::statuses()),
        ([], "tags") => tags(snapshot),
        (["logsource"], "product" | "category" | "service") => {
            log_sources(key, &log_source(document), &snapshot.catalogue)
        }
        (["related"], "id") | (["correlation" | "filter"], "rules") => rules(snapshot),
        (["related"], "type") => words(sigma::relations()),
        (["correlation"], "type") => words(sigma::correlations()),
        (["detection" | "filter"], "condition") => return condition(path, value, document),
        (["detection" | "filter", ..], field) if field.split('|').any(|part| part == "exists") => {
            words(&["true", "false"])
        }
        (["detection" | "filter", ..], field) if field.split('|').any(|part| part == "fieldref") => {
            of_log_source(document, snapshot)
        }
        _ => Vec::new(),
    };
    (items, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_above_say_where_a_place_is() {
        let text = "title: x\ntags:\n- a\n- b\nlogsource:\n    product: windows\ndetection:\n    sel:\n        - Image: a\n          Other|contains:\n            - v\n    condition: sel\n";
        let at = |needle: &str| {
            let end = text.find(needle).unwrap() + needle.len();
            let before = text.get(..end).unwrap();
            path(before, &Line::of(before.rsplit('\n').next().unwrap()))
        };
        assert_eq!(at("- b"), ["tags"]);
        assert_eq!(at("product"), ["logsource"]);
        assert_eq!(at("- Image"), ["detection", "sel"]);
        assert_eq!(at("          Other"), ["detection", "sel"]);
        assert_eq!(at("- v"), ["detection", "sel", "Other|contains"]);
        assert_eq!(at("condition: s"), ["detection"]);
        assert_eq!(log_source(text).product.as_deref(), Some("windows"));
        assert_eq!(
            log_source("logsource: {product: 'Linux', category: \"x\"}\n").to_string(),
            "product: linux, category: x"
        );
        assert_eq!(selections(text, "detection"), ["sel"]);
    }
}
