//! Documents: from a Sigma file to checked rules.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::correlation;
use super::detection::{self, Body, Detections, Item, Raw, matches_all};
use super::hygiene;
use super::metadata::{self, Document};
use super::modifier::Kind;
use super::resolve::conditions;
use super::specialise::Specialiser;
use super::typing::Prepared;
use super::yaml::{self, Node, Yaml};
use crate::catalogue::Catalogue;
use crate::diagnostic::{Edit, FixKind, Sink, clip, closest, codes};
use crate::limits::{self, Budget};
use crate::model::{CheckedRule, Expr, Level};
use crate::outcome::{Facts, FileOutcome};
use crate::sensor::Constraint;
use crate::source::{Source, Span};

/// Reads and checks one Sigma file against the template types in force.
#[must_use]
pub fn check(source: &Source, catalogue: &Catalogue) -> FileOutcome {
    let mut sink = Sink::new(source);
    let documents = yaml::documents(source.text(), &mut sink);
    let mut outcome = FileOutcome::new(source);
    outcome.is_intact = !sink.has_error();
    if documents.is_empty() && sink.is_empty() {
        let help = "add a rule, or delete the file";
        sink.push(sink.diagnostic(&codes::EMPTY_FILE, Span::default(), "the file has no document").with_help(help));
    }
    let mut global: Option<Node<'_>> = None;
    let mut budget = Budget::default();
    let mut merged_nodes = 0;
    for document in documents {
        if document.is_null() {
            continue;
        }
        yaml::duplicate_keys(&document, &mut sink);
        if document.get("action").and_then(Node::text) == Some("global") {
            global = Some(document);
            continue;
        }
        let merged = match &global {
            Some(global) => {
                merged_nodes += yaml::count(global);
                if merged_nodes > limits::YAML_NODES {
                    let message =
                        format!("the global document makes this file larger than {} nodes", limits::YAML_NODES);
                    sink.report(&codes::LIMIT_EXCEEDED, global.span, message);
                    outcome.is_intact = false;
                    break;
                }
                merge(global, &document)
            }
            None => document,
        };
        one(&merged, source, catalogue, &mut budget, &mut outcome, &mut sink);
    }
    outcome.diagnostics.extend(sink.finish());
    outcome
}

/// The document with what the global one gives to all documents after it.
fn merge<'s>(global: &Node<'s>, own: &Node<'s>) -> Node<'s> {
    match (&global.value, &own.value) {
        (Yaml::Map(base), Yaml::Map(over)) => {
            let mut entries: Vec<(Node<'s>, Node<'s>)> = Vec::with_capacity(base.len() + over.len());
            for (key, value) in base {
                if key.text() == Some("action") {
                    continue;
                }
                let own = over.iter().find(|(name, _)| name.text() == key.text());
                entries.push((key.clone(), own.map_or_else(|| value.clone(), |(_, own)| merge(value, own))));
            }
            let new = over.iter().filter(|(key, _)| !base.iter().any(|(name, _)| name.text() == key.text()));
            entries.extend(new.cloned());
            Node { span: own.span, value: Yaml::Map(entries) }
        }
        _ => own.clone(),
    }
}

fn one(
    root: &Node<'_>,
    source: &Source,
    catalogue: &Catalogue,
    budget: &mut Budget,
    outcome: &mut FileOutcome,
    sink: &mut Sink,
) {
    if root.map().is_none() {
        let found =
            sink.diagnostic(&codes::NOT_A_RULE, root.span, format!("the document is {}, not a rule", root.shape()));
        sink.push(found.with_help("a Sigma rule is a mapping with `title`, `logsource` and `detection`"));
        outcome.is_intact = false;
        return;
    }
    let is_map = |name: &str| root.get(name).is_some_and(|value| value.map().is_some());
    let document = if root.get("detection").is_some() {
        Document::Rule
    } else if is_map("correlation") || (root.get("correlation").is_some() && root.get("filter").is_none()) {
        Document::Correlation
    } else if root.get("filter").is_some() {
        Document::Filter
    } else {
        not_a_rule(root, sink);
        outcome.is_intact = false;
        return;
    };
    metadata::check(root, document, sink);
    let name = |root: &Node<'_>, key: &str| {
        root.entry(key).and_then(|(_, value)| value.string().map(|text| (text.to_owned(), value.span)))
    };
    let mut facts = Facts {
        id: name(root, "id"),
        name: name(root, "name"),
        title: None,
        logic: None,
        span: root.span,
        is_rule: document == Document::Rule,
    };
    facts.title = name(root, "title").map(|(title, _)| title);
    facts.span = name(root, "title").map_or(root.span, |(_, span)| span);
    match document {
        Document::Rule => {
            let rule = rule(root, source, catalogue, budget, &mut facts, sink);
            outcome.rules.extend(rule);
        }
        Document::Correlation | Document::Filter => {
            let (key, found) = if document == Document::Correlation {
                ("correlation", correlation::correlation(root, sink))
            } else {
                ("filter", correlation::filter(root, sink))
            };
            outcome.references.extend(found);
            let span = root.entry(key).map_or(root.span, |(key, _)| key.span);
            sink.push(
                sink.diagnostic(
                    &codes::NOT_RUNNABLE,
                    span,
                    format!("{key} documents are validated but not run by this version"),
                )
                .with_help("the rules that it refers to run without it"),
            );
        }
    }
    outcome.facts.push(facts);
}

fn not_a_rule(root: &Node<'_>, sink: &mut Sink) {
    let place = root.map().and_then(<[_]>::first).map_or(root.span, |(key, _)| key.span);
    let keys = root.map().unwrap_or(&[]).iter().filter_map(|(key, _)| key.text());
    let mut found =
        sink.diagnostic(&codes::NOT_A_RULE, place, "the document has no `detection`, `correlation` or `filter`");
    found = match keys.filter_map(|key| closest("detection", [key])).next() {
        Some(near) => found.with_help(format!("did you mean `detection` where you wrote `{}`?", clip(near))),
        None => found.with_help("add the logic, or exclude the file"),
    };
    sink.push(found);
}

fn rule(
    root: &Node<'_>,
    source: &Source,
    catalogue: &Catalogue,
    budget: &mut Budget,
    facts: &mut Facts,
    sink: &mut Sink,
) -> Option<CheckedRule> {
    let place = root.map().and_then(<[_]>::first).map_or(root.span, |(key, _)| key.span);
    let logsource = match root.get("logsource") {
        Some(value) => metadata::logsource(value, sink).map(|found| (found, value.span)),
        None => {
            sink.push(
                sink.diagnostic(&codes::MISSING_ATTRIBUTE, place, "the rule has no `logsource`")
                    .with_help("say which events the rule is for"),
            );
            None
        }
    };
    let (key, body) = root.entry("detection")?;
    let Some(entries) = body.map() else {
        sink.report(
            &codes::WRONG_SHAPE,
            body.span,
            format!("`detection` must be a mapping of selections and a condition, not {}", body.shape()),
        );
        return None;
    };
    let detections = detection::read(entries, &["condition", "timeframe"], sink);
    if detections.selections.is_empty() {
        sink.push(
            sink.diagnostic(&codes::EMPTY_SELECTION, key.span, "the detection has no selection")
                .with_help("add a selection with the fields to look for"),
        );
    }
    if let Some((timeframe, _)) = body.entry("timeframe") {
        let found =
            sink.diagnostic(&codes::DEPRECATED_AGGREGATION, timeframe.span, "`timeframe` was removed from Sigma");
        sink.push(found.with_help("write a correlation rule with a `timespan`"));
    }
    let Some(condition) = body.get("condition") else {
        sink.push(
            sink.diagnostic(&codes::MISSING_ATTRIBUTE, key.span, "the detection has no `condition`")
                .with_help("say how the selections make the rule, such as `condition: selection`"),
        );
        return None;
    };
    let condition = conditions(condition, &detections, sink)?;
    duplicates(&detections, source, sink);
    wildcards(&detections, sink);
    hygiene::check(&detections, sink);
    let (logsource, logsource_span) = logsource?;
    let mut values = limits::RULE_VALUES;
    let prepared = detections.items.iter().map(|item| Prepared::new(item, &mut values, budget, sink)).collect();
    facts.logic = Some(logic(&detections, &condition, &logsource));
    let specialiser = Specialiser {
        catalogue,
        detections: &detections,
        prepared,
        condition: &condition,
        logsource: &logsource,
        logsource_span,
    };
    let targets = specialiser.targets(&mut budget.predicates, sink);
    let text = |key: &str| root.get(key).and_then(Node::string).map(str::to_owned);
    let title = text("title").unwrap_or_default();
    Some(CheckedRule {
        name: text("id").or_else(|| text("name")).unwrap_or_else(|| title.clone()),
        id: text("id"),
        title,
        level: text("level").and_then(|level| Level::from_word(&level)),
        targets,
        sensors: sensors(root, sink),
        tests: Vec::new(),
        source: source.clone(),
        span: facts.span,
    })
}

/// The sensors that may load the rule: `custom_attributes: { sensors: "sysmon >=4.21" }`.
/// The specification leaves that mapping to the users of Sigma.
fn sensors(root: &Node<'_>, sink: &mut Sink) -> Option<Constraint> {
    let written = root.get("custom_attributes")?.get("sensors")?;
    match Constraint::parse(written.text().unwrap_or("")) {
        Ok(constraint) => Some(constraint),
        Err(error) => {
            let message = format!("`sensors` does not say which sensors: {error}");
            let found = sink.diagnostic(&codes::INVALID_ATTRIBUTE, written.span, message);
            sink.push(found.with_help("write a constraint such as \"sysmon >=4.21\""));
            None
        }
    }
}

/// Values that stand twice in one item, and selections that are the same.
fn duplicates(detections: &Detections<'_>, source: &Source, sink: &mut Sink) {
    for item in &detections.items {
        if item.values.len() < 2 {
            continue;
        }
        let exact = is_exact(item);
        let mut sorted: Vec<(Cow<'_, str>, usize)> = item
            .values
            .iter()
            .enumerate()
            .filter(|(_, value)| value.raw != Raw::Null)
            .map(|(index, value)| (folded(value.text, exact), index))
            .collect();
        sorted.sort_unstable();
        let twins = sorted.iter().zip(sorted.iter().skip(1)).filter(|((first, _), (second, _))| first == second);
        let mut twins: Vec<(usize, usize)> = twins.map(|((_, first), (_, second))| (*second, *first)).collect();
        twins.sort_unstable();
        for (second, first) in twins {
            let (Some(value), Some(first)) = (item.values.get(second), item.values.get(first)) else { continue };
            let mut found = sink
                .diagnostic(
                    &codes::DUPLICATE_PREDICATE,
                    value.span,
                    format!("the value `{}` stands twice", clip(value.text)),
                )
                .with_place(first.span, "first here")
                .with_help("remove the second, or write what was meant");
            if let Some(edit) = metadata::remove_entry(source, value.span) {
                found = found.with_edits(FixKind::Duplicate, "remove the second", vec![edit]);
            }
            sink.push(found);
        }
    }
    let mut bodies: HashMap<u64, usize> = HashMap::new();
    for (index, selection) in detections.selections.iter().enumerate() {
        let mut hasher = DefaultHasher::new();
        hash_body(&selection.body, detections, &mut hasher);
        if let Some(first) = bodies.insert(hasher.finish(), index).and_then(|first| detections.selections.get(first)) {
            if selection.body == Body::Unreadable {
                continue;
            }
            let found = sink
                .diagnostic(
                    &codes::DUPLICATE_PREDICATE,
                    selection.span,
                    format!("the selections `{}` and `{}` are the same", clip(first.name), clip(selection.name)),
                )
                .with_place(first.span, "first here")
                .with_help("remove one, or write what was meant");
            sink.push(found);
        }
    }
}

fn hash_item(item: &Item<'_>, hasher: &mut DefaultHasher) {
    let modifiers = &item.modifiers;
    item.field.hash(hasher);
    (modifiers.kind, modifiers.part, modifiers.all, modifiers.cased, modifiers.not_equal, modifiers.expand)
        .hash(hasher);
    (&modifiers.encodings, modifiers.ignore_case, modifiers.multi_line, modifiers.dot_all).hash(hasher);
    let exact = is_exact(item);
    // A sum does not depend on the order of the values.
    let sum = item.values.iter().fold(0u64, |sum, value| {
        let mut own = DefaultHasher::new();
        (folded(value.text, exact), value.raw == Raw::Null).hash(&mut own);
        sum.wrapping_add(own.finish())
    });
    sum.hash(hasher);
}

/// Whether the values of an item are compared letter by letter.
fn is_exact(item: &Item<'_>) -> bool {
    item.modifiers.cased || item.modifiers.kind == Kind::Regex || !item.modifiers.encodings.is_empty()
}

fn folded(text: &str, exact: bool) -> Cow<'_, str> {
    if exact || !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_ascii_lowercase())
    }
}

fn hash_body(body: &Body, detections: &Detections<'_>, hasher: &mut DefaultHasher) {
    match body {
        Body::Unreadable => 0u8.hash(hasher),
        Body::Item(index) => {
            1u8.hash(hasher);
            if let Some(item) = detections.items.get(*index) {
                hash_item(item, hasher);
            }
        }
        Body::All(parts) | Body::Any(parts) => {
            (if matches!(body, Body::All(_)) { 2u8 } else { 3u8 }).hash(hasher);
            let mut hashes: Vec<u64> = parts
                .iter()
                .map(|part| {
                    let mut inner = DefaultHasher::new();
                    hash_body(part, detections, &mut inner);
                    inner.finish()
                })
                .collect();
            hashes.sort_unstable();
            hashes.hash(hasher);
        }
    }
}

/// A number for what a rule detects: equal for rules that differ in metadata, names of
/// selections, order of values and order of operands only.
fn logic(detections: &Detections<'_>, condition: &Expr<usize>, logsource: &crate::template::LogSource) -> u64 {
    fn expr(of: &Expr<usize>, detections: &Detections<'_>) -> u64 {
        let mut hasher = DefaultHasher::new();
        match of {
            Expr::Const(value) => value.hash(&mut hasher),
            Expr::Not(inner) => (1u8, expr(inner, detections)).hash(&mut hasher),
            Expr::All(parts) | Expr::Any(parts) => {
                let mut hashes: Vec<u64> = parts.iter().map(|part| expr(part, detections)).collect();
                hashes.sort_unstable();
                hashes.dedup();
                (if matches!(of, Expr::All(_)) { 2u8 } else { 3u8 }, hashes).hash(&mut hasher);
            }
            Expr::Is(index) => {
                if let Some(item) = detections.items.get(*index) {
                    hash_item(item, &mut hasher);
                }
            }
        }
        hasher.finish()
    }
    let mut hasher = DefaultHasher::new();
    logsource.hash(&mut hasher);
    expr(condition, detections).hash(&mut hasher);
    hasher.finish()
}

/// Values that every value of the field matches.
fn wildcards(detections: &Detections<'_>, sink: &mut Sink) {
    for item in &detections.items {
        let Some(field) = item.field else { continue };
        for value in item.values.iter().filter(|value| matches_all(item, value)) {
            let shown =
                if value.text.is_empty() { "an empty text".to_owned() } else { format!("`{}`", clip(value.text)) };
            let message = format!("{shown} matches every value of `{}`", clip(field));
            let mut found = sink.diagnostic(&codes::WILDCARD_ONLY, value.span, message);
            found = if item.values.len() == 1 && tests_presence(item) {
                let edits = vec![
                    Edit {
                        span: Span::new(item.field_span.end as usize, item.key_span.end as usize),
                        text: "|exists".to_owned(),
                    },
                    Edit { span: value.span, text: "true".to_owned() },
                ];
                found
                    .with_help(format!("to test that the field is there, write `{}|exists: true`", clip(field)))
                    .with_edits(FixKind::Presence, "test with `exists`", edits)
            } else if item.values.len() > 1 {
                found.with_help("the other values of the list have no effect beside it")
            } else {
                found.with_help("give it a value that selects something, or test with `exists`")
            };
            sink.push(found);
        }
    }
}

/// Whether the key can be replaced by `field|exists`: it stands as it is in the source, and
/// only a text or a part of it is asked for.
fn tests_presence(item: &Item<'_>) -> bool {
    let modifiers = &item.modifiers;
    item.key_span.start == item.field_span.start
        && item.field.is_some_and(|field| item.field_span.len() == field.len())
        && !(modifiers.not_equal || modifiers.expand || modifiers.all)
        && modifiers.encodings.is_empty()
}
