//! Mentions: what a Sigma file names, and where.

use super::condition::{self, Condition};
use super::yaml::{self, Node, Style, Yaml};
use contentcheck_model::diagnostic::Sink;
use contentcheck_model::mention::{Events, Mention, Named, THEM};
use contentcheck_model::source::{Source, Span};
use contentcheck_model::template::LogSource;

/// What the documents of a file name that could be read, in their order.
pub(crate) fn mentions(source: &Source) -> Vec<Mention> {
    let documents = yaml::documents(source.text(), &mut Sink::new(source));
    let mut walk = Walk { source, within: Span::default(), found: Vec::new() };
    let mut global: Option<LogSource> = None;
    for document in documents {
        walk.within = document.root.span;
        walk.document(&document.root, &mut global);
    }
    walk.found
}

struct Walk<'s> {
    source: &'s Source,
    /// The document that is looked at.
    within: Span,
    found: Vec<Mention>,
}

/// Where the value of a scalar begins, if it is written as it is: without escapes or folded lines.
fn exact(node: &Node<'_>) -> Option<(usize, Span)> {
    let text = node.text()?;
    let quote = usize::from(matches!(node.value, Yaml::Scalar(_, Style::Single | Style::Double)));
    let start = node.span.range().start + quote;
    (node.span.len() == text.len() + 2 * quote).then(|| (start, Span::new(start, start + text.len())))
}

/// The nodes of a list, or the one that is none.
fn each<'n, 's>(node: &'n Node<'s>) -> &'n [Node<'s>] {
    node.list().unwrap_or(std::slice::from_ref(node))
}

impl Walk<'_> {
    fn push(&mut self, node: &Node<'_>, named: impl FnOnce(String) -> Named, declares: bool) {
        if let (Some(text), Some((_, span))) = (node.string(), exact(node)) {
            let named = named(text.to_owned());
            let new = if declares { Mention::declared } else { Mention::new };
            self.found.push(new(self.source, span, self.within, named));
        }
    }

    fn document(&mut self, root: &Node<'_>, global: &mut Option<LogSource>) {
        let rule = |id: String| Named::Rule(if is_id(&id) { id.to_ascii_lowercase() } else { id });
        for key in ["id", "name"] {
            if let Some(node) = root.get(key) {
                self.push(node, rule, true);
            }
        }
        for item in root.get("related").and_then(Node::list).unwrap_or_default() {
            if let Some(node) = item.get("id") {
                self.push(node, rule, false);
            }
        }
        for tag in root.get("tags").map(each).unwrap_or_default() {
            self.push(tag, Named::Tag, false);
        }
        let own = root.get("logsource").map(|node| self.log_source(node));
        if root.get("action").and_then(Node::text) == Some("global") {
            global.clone_from(&own);
        }
        let log_source = own.or_else(|| global.clone()).unwrap_or_default();
        if let Some(detection) = root.get("detection").and_then(Node::map) {
            self.detection(detection, &log_source);
        }
        if let Some(filter) = root.get("filter") {
            for node in filter.get("rules").map(each).unwrap_or_default() {
                self.push(node, rule, false);
            }
            self.detection(filter.map().unwrap_or_default(), &log_source);
        }
        for node in root.get("correlation").and_then(|body| body.get("rules")).map(each).unwrap_or_default() {
            self.push(node, rule, false);
        }
    }

    fn log_source(&mut self, node: &Node<'_>) -> LogSource {
        let part = |key: &str| node.get(key).and_then(Node::string).map(str::to_lowercase);
        let all = LogSource { product: part("product"), category: part("category"), service: part("service") };
        for key in ["product", "category", "service"] {
            if let Some(value) = node.get(key) {
                self.push(value, |_| Named::LogSource(all.clone()), false);
            }
        }
        all
    }

    fn detection(&mut self, entries: &[(Node<'_>, Node<'_>)], log_source: &LogSource) {
        let document = self.within;
        for (key, value) in entries {
            match key.text() {
                Some("condition") => each(value).iter().for_each(|node| self.condition(node)),
                Some("timeframe" | "rules") | None => {}
                Some(_) => {
                    self.push(key, |name| Named::Selection(name, document), true);
                    self.body(value, log_source);
                }
            }
        }
    }

    /// YAML is nested no deeper than its reader lets it be.
    fn body(&mut self, node: &Node<'_>, log_source: &LogSource) {
        for item in node.list().unwrap_or_default() {
            self.body(item, log_source);
        }
        for (key, _) in node.map().unwrap_or_default() {
            let (Some(text), Some((start, _))) = (key.text(), exact(key)) else { continue };
            let mut at = start;
            for (number, part) in text.split('|').enumerate() {
                let span = Span::new(at, at + part.len());
                at += part.len() + 1;
                let named = if number == 0 {
                    Named::Field(part.to_owned(), Events::LogSource(log_source.clone()))
                } else {
                    Named::Modifier(part.to_owned())
                };
                if !part.is_empty() {
                    self.found.push(Mention { span, named, within: self.within, declares: false });
                }
            }
        }
    }

    fn condition(&mut self, node: &Node<'_>) {
        let (Some(text), Some((start, _))) = (node.string(), exact(node)) else { return };
        if let Ok(condition) = condition::parse(text, Ok(start), &mut Sink::new(self.source)) {
            self.parts(&condition);
        }
    }

    fn parts(&mut self, condition: &Condition<'_>) {
        let document = self.within;
        match condition {
            Condition::Selection(name, span) => {
                let named = Named::Selection((*name).to_owned(), document);
                self.found.push(Mention { span: *span, named, within: self.within, declares: false });
            }
            Condition::Of(_, pattern, span) => {
                let named = match *pattern {
                    name if name.contains('*') || name == THEM => Named::Selections(name.to_owned(), document),
                    name => Named::Selection(name.to_owned(), document),
                };
                // The pattern is the last word of `1 of x*`.
                let span = Span { start: span.end.saturating_sub(Span::new(0, pattern.len()).end), end: span.end };
                self.found.push(Mention { span, named, within: self.within, declares: false });
            }
            Condition::Not(part) => self.parts(part),
            Condition::And(parts) | Condition::Or(parts) => {
                parts.iter().for_each(|part| self.parts(part));
            }
        }
    }
}

/// Ids have no case, names do.
fn is_id(text: &str) -> bool {
    contentcheck_model::metadata::is_uuid(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_where_they_are_written() {
        let text = "title: \u{e4}\nname: 'a rule'\nlogsource: {product: Windows, category: \"process_creation\"}\ntags:\n  - attack.t1059\n\
                    detection:\n  sel_a:\n    Image|endswith|windash: x\n  'sel b':\n    - Other: 1\n  condition: 1 of sel* and not sel_a\n";
        let source = Source::new("r.yml", text);
        let shown: Vec<String> = mentions(&source)
            .into_iter()
            .map(|mention| {
                let kind = format!("{:?}", mention.named);
                let kind = kind.split('(').next().unwrap_or_default().to_owned();
                format!("{kind}{} {}", if mention.declares { "!" } else { "" }, source.slice(mention.span))
            })
            .collect();
        let expected = [
            "Rule! a rule",
            "Tag attack.t1059",
            "LogSource Windows",
            "LogSource process_creation",
            "Selection! sel_a",
            "Field Image",
            "Modifier endswith",
            "Modifier windash",
            "Selection! sel b",
            "Field Other",
            "Selections sel*",
            "Selection sel_a",
        ];
        assert_eq!(shown, expected);
    }
}
