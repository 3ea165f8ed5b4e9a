//! Documents: from a Sigma file to checked rules.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::correlation;
use super::detection::{self, Body, Detections, Item, Raw, Written, matches_all};
use super::hygiene;
use super::metadata::{self, Document};
use super::modifier::Kind;
use super::resolve::conditions;
use super::sensors;
use super::specialise::{Leaf, Specialiser};
use super::twins::{self, Leaves};
use super::typing::{self, Prepared};
use super::unknown;
use super::yaml::{self, Node, Read, Style, Yaml};
use contentcheck_model::catalogue::{Catalogue, Entry};
use contentcheck_model::diagnostic::{Diagnostic, Edit, FixKind, Severity, Sink, Unread, clip, closest, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::limits::{self, Budget};
use contentcheck_model::outcome::{Dependent, DependentKind, Facts, FileOutcome, ReadField, Referred};
use contentcheck_model::predicate::Network;
use contentcheck_model::rule::{CheckedRule, Level};
use contentcheck_model::source::{Source, Span};

/// Reads and checks one Sigma file against the template types in force.
#[must_use]
pub fn check(source: &Source, catalogue: &Catalogue) -> FileOutcome {
    let mut sink = Sink::new(source);
    let mut form = Sink::part(&sink);
    let documents = yaml::documents(source.text(), &mut form);
    let mut outcome = FileOutcome::new(source);
    let is_empty = documents.iter().all(|read| read.root.is_null());
    if is_empty && form.is_empty() {
        let message =
            if documents.is_empty() { "the file has no document" } else { "no document of the file holds anything" };
        let help = "add a rule, or delete the file";
        form.push(form.diagnostic(&codes::EMPTY_FILE, Span::default(), message).with_help(help));
    }
    // What comes before an error of form is not all of the file, so none of it is read.
    let mut cut = form.close(&mut sink).err();
    outcome.is_intact = cut.is_none();
    let open = if cut.is_none() { open_end(source.text(), documents.last().map(|read| &read.root)) } else { None };
    if let Some(end) = open {
        let message = "the file ends with this value and without a line end: it may be cut off";
        let found = sink.diagnostic(&codes::OPEN_END, end, message);
        sink.push(
            found.with_help("hold it against its source; where it is whole, end the last line with a line break"),
        );
    }
    if let Some(found) = documents.first().and_then(|first| commented_out(source.text(), first, &sink)) {
        sink.push(found);
    }
    let extents = extents(source.text(), &documents);
    let mut global: Option<Global<'_>> = None;
    let mut budget = Budget::default();
    let mut merged_nodes = 0;
    for (Read { root: document, tags, odd_key }, extent) in documents.into_iter().zip(extents) {
        let mut own = Sink::part(&sink);
        tags.into_iter().for_each(|found| own.push(found));
        outcome.may_change = outcome.may_change.or(odd_key);
        if document.is_null() {
            if let Some(found) = nothing(extent, &own).filter(|_| !is_empty) {
                own.push(found);
            }
            // A tag on nothing may have been meant to be something.
            outcome.is_intact &= own.close(&mut sink).is_ok();
            continue;
        }
        yaml::duplicate_keys(&document, &mut own);
        let action = action(&document, &mut own);
        if action == Some(Action::Global) {
            let next = Global { node: document, extent, flaw: own.close(&mut sink).err(), is_used: false };
            if let Some(unused) = global.replace(next).filter(|before| !before.is_used) {
                makes_no_rule(unused, &mut outcome, &mut sink);
            }
            continue;
        }
        if let Some(flaw) = &cut {
            own.inherit(flaw);
        }
        let merged = match &mut global {
            Some(global) => {
                global.is_used = true;
                if let Some(flaw) = &global.flaw {
                    own.inherit(flaw);
                }
                merged_nodes += yaml::count(&global.node);
                if merged_nodes > limits::YAML_NODES {
                    let message =
                        format!("the global document makes this file larger than {} nodes", limits::YAML_NODES);
                    own.report(&codes::LIMIT_EXCEEDED, global.node.span, message);
                    cut = cut.or(own.close(&mut sink).err());
                    outcome.is_intact = false;
                    break;
                }
                twice(&global.node, &document, &mut own);
                merge(&global.node, &document)
            }
            None => document,
        };
        let place = Place { extent, global: global.as_ref().map(|global| global.extent) };
        one(&merged, place, catalogue, &mut budget, &mut outcome, (own, &mut sink));
        // What follows has no room left, and which rules had some should not depend on their order.
        if budget.is_spent() && outcome.facts.last().is_some_and(|facts| facts.unread.is_some()) {
            cut = cut.or_else(|| outcome.facts.last().and_then(|facts| facts.unread.clone()));
        }
    }
    // Of a file that is cut off nobody knows what followed.
    if let Some(unused) = global.filter(|global| !global.is_used && cut.is_none()) {
        makes_no_rule(unused, &mut outcome, &mut sink);
    }
    if let Some(flaw) = cut {
        outcome.cut(&flaw);
        outcome.may_change = outcome.may_change.or_else(|| unknown::in_text(source.text()));
    }
    // Where the list of rules may be cut off, more may stand in it.
    let ends_in_rules = |end: &Span| {
        let rules = outcome.documents.iter().map(|document| &document.rules);
        rules.flat_map(Referred::named).any(|reference| reference.span == *end)
    };
    outcome.may_change = outcome.may_change.or_else(|| open.filter(ends_in_rules));
    outcome.diagnostics.extend(sink.finish());
    outcome
}

/// What is to be said of a document that holds nothing. One without any text is where files are joined; a rule that was
/// made a comment is in no release, and whoever did not mean that is told.
fn nothing(extent: Span, sink: &Sink) -> Option<Diagnostic> {
    const KEYS: [&str; 4] = ["title:", "detection:", "logsource:", "condition:"];
    let mut lines = sink.source().slice(extent).lines().map(|line| line.trim_start_matches("---").trim());
    // A directive, such as `%YAML 1.2`, is about the document behind it.
    if lines.clone().any(|line| !line.is_empty() && !line.starts_with(['#', '%']) && line != "...") {
        let found = sink.diagnostic(&codes::EMPTY_FILE, extent, "this document holds nothing");
        return Some(found.with_help("write the rule that belongs here, or remove the document"));
    }
    let is_key = |line: &str| KEYS.iter().any(|key| line.trim_start_matches('#').trim_start().starts_with(key));
    if !lines.any(|line| line.starts_with('#') && is_key(line)) {
        return None;
    }
    let mut found =
        sink.diagnostic(&codes::EMPTY_FILE, extent, "all of this document is a comment: its rule is in no release");
    found.severity = Severity::Warning;
    Some(found.with_help("remove it where that is meant; otherwise take the `#` away"))
}

/// A last value at the very end of the file: what is left of one that was cut off can be a whole one to all appearance.
/// One in quotes cannot, nor a word of an attribute that has few.
fn open_end(text: &str, last: Option<&Node<'_>>) -> Option<Span> {
    if text.ends_with(['\n', '\r']) {
        return None;
    }
    let mut node = last?;
    let mut depth = 0;
    loop {
        node = match &node.value {
            Yaml::Map(entries) => match entries.last() {
                Some((key, _))
                    if depth == 0 && matches!(key.text(), Some("level" | "status" | "date" | "modified")) =>
                {
                    return None;
                }
                Some((_, value)) => value,
                None => return None,
            },
            Yaml::List(entries) => entries.last()?,
            Yaml::Scalar(_, Style::Plain | Style::Block) => break,
            Yaml::Scalar(..) => return None,
        };
        depth += 1;
    }
    (!node.span.is_empty() && node.span.end as usize == text.len()).then_some(node.span)
}

/// A warning about a rule before the first document that was made a comment, as [`nothing`] gives one about those behind it.
fn commented_out(text: &str, first: &Read<'_>, sink: &Sink) -> Option<Diagnostic> {
    let before = text.get(..first.root.span.start as usize)?;
    let separator = if before.starts_with("---") { 0 } else { before.find("\n---").map(|at| at + 1)? };
    nothing(Span::new(0, separator), sink)
}

/// A document that gives its attributes to those after it.
struct Global<'s> {
    node: Node<'s>,
    extent: Span,
    /// The first error in it.
    flaw: Option<Box<Diagnostic>>,
    /// Whether a document follows that it is merged into.
    is_used: bool,
}

/// Reports a global document that no other follows. It is no rule and part of none, while it may look like one in
/// all but a line, so it counts as a rule that is left out.
fn makes_no_rule(global: Global<'_>, outcome: &mut FileOutcome, sink: &mut Sink) {
    let root = &global.node;
    let mut own = Sink::part(sink);
    if let Some(flaw) = &global.flaw {
        own.inherit(flaw);
    }
    let place = root.entry("action").map_or(root.span, |(key, value)| key.span.to(value.span));
    let message = "this document makes no rule: it is `action: global`, and no document follows it";
    let help = match logic_of(root) {
        Some(_) => "remove `action: global` if it is a rule of its own, or write the rules that it is for after it",
        None => "write the rules that it is for after it, each behind `---`, or remove it",
    };
    own.push(own.diagnostic(&codes::NOT_A_RULE, place, message).with_help(help));
    let document = logic_of(root).unwrap_or(Document::Rule);
    metadata::attributes(root, document, &mut own);
    keys(root, document, &mut own);
    let mut facts = facts_of(Place { extent: global.extent, global: None }, place);
    let _ = name(root, &mut facts);
    (facts.is_rule, facts.unread) = (true, own.close(sink).err());
    outcome.is_intact = false;
    outcome.may_change = outcome.may_change.or_else(|| unknown::in_document(root));
    outcome.facts.push(facts);
}

/// What is known of a document that nothing was read of, shown at `span`.
const fn facts_of(place: Place, span: Span) -> Facts {
    Facts {
        id: None,
        name: None,
        title: None,
        logsource: None,
        logic: None,
        span,
        extent: place.extent,
        global: place.global,
        is_rule: false,
        unread: None,
    }
}

/// Takes down what a document is called, and gives the place of its title.
fn name(root: &Node<'_>, facts: &mut Facts) -> Option<Span> {
    let text =
        |key: &str| root.entry(key).and_then(|(_, value)| value.string().map(|text| (text.to_owned(), value.span)));
    (facts.id, facts.name) = (text("id"), text("name"));
    let (title, span) = text("title")?;
    facts.title = Some(title);
    Some(span)
}

/// Where a document is.
#[derive(Clone, Copy)]
struct Place {
    extent: Span,
    /// The document that is merged into it.
    global: Option<Span>,
}

/// What a document does beside being a rule (`action`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Global,
}

/// The action of a document. Sigma had others; a reader that passes over them reads other rules than were meant.
fn action(document: &Node<'_>, sink: &mut Sink) -> Option<Action> {
    let value = document.get("action")?;
    if value.text() == Some("global") {
        return Some(Action::Global);
    }
    let shown = value.text().map_or_else(|| value.shape().to_owned(), |text| format!("`{}`", clip(text)));
    let found = sink.diagnostic(&codes::INVALID_ATTRIBUTE, value.span, format!("{shown} is not an `action`"));
    sink.push(found.with_help("`action: global` gives attributes to the documents after it; write other rules out"));
    None
}

/// The bytes of each document: from its separator to the next one, comments included.
fn extents(text: &str, documents: &[Read<'_>]) -> Vec<Span> {
    let mut starts = Vec::with_capacity(documents.len());
    let mut before = 0;
    for document in documents {
        let (from, own) = (before, document.root.span.start as usize);
        let gap = text.get(from..own.max(from)).unwrap_or("");
        let separator = gap.rfind("\n---").map(|at| from + at + 1);
        starts.push(match separator {
            _ if starts.is_empty() => 0,
            Some(separator) => separator,
            None => own,
        });
        before = (document.root.span.end as usize).max(from);
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| Span::new(*start, end)).collect()
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

/// Reports keys that both documents give, one other than the other: readers differ on which holds.
fn twice(global: &Node<'_>, own: &Node<'_>, sink: &mut Sink) {
    let (Yaml::Map(base), Yaml::Map(over)) = (&global.value, &own.value) else { return };
    let mut first: HashMap<&str, (&Node<'_>, &Node<'_>)> = HashMap::new();
    for (key, value) in base {
        if let Some(text) = key.text() {
            first.entry(text).or_insert((key, value));
        }
    }
    for (key, value) in over {
        let Some(text) = key.text().filter(|text| *text != "action") else { continue };
        let Some((place, before)) = first.get(text) else { continue };
        if before.map().is_some() && value.map().is_some() {
            twice(before, value, sink);
        } else if !is_same(before, value) {
            let message = format!("`{}` is given by the global document too, with another value", clip(text));
            let found = sink.diagnostic(&codes::GLOBAL_TWICE, key.span, message).with_place(place.span, "first here");
            sink.push(found.with_help(
                "give it in one of the documents: here this value holds, and pySigma takes the global document's",
            ));
        }
    }
}

/// Whether two values are written with the same words.
// INVARIANT: the reader held the depth to `limits::NESTING`.
fn is_same(one: &Node<'_>, other: &Node<'_>) -> bool {
    match (&one.value, &other.value) {
        (Yaml::Scalar(..), Yaml::Scalar(..)) => one.scalar() == other.scalar() && one.text() == other.text(),
        (Yaml::List(one), Yaml::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Yaml::Map(one), Yaml::Map(other)) => {
            let same = |((key, value), (name, own)): (&(Node<'_>, Node<'_>), &(Node<'_>, Node<'_>))| {
                is_same(key, name) && is_same(value, own)
            };
            one.len() == other.len() && one.iter().zip(other).all(same)
        }
        _ => false,
    }
}

fn one(
    root: &Node<'_>,
    place: Place,
    catalogue: &Catalogue,
    budget: &mut Budget,
    outcome: &mut FileOutcome,
    (mut own, sink): (Sink, &mut Sink),
) {
    let mut facts = facts_of(place, root.span);
    let Some(document) = kind(root, &mut own) else {
        outcome.is_intact = false;
        outcome.may_change = outcome.may_change.or_else(|| unknown::in_document(root));
        facts.unread = own.close(sink).err();
        outcome.facts.push(facts);
        return;
    };
    metadata::check(root, document, &mut own);
    keys(root, document, &mut own);
    facts.is_rule = document == Document::Rule;
    facts.span = name(root, &mut facts).unwrap_or(facts.span);
    let mut read = None;
    match document {
        Document::Rule => {
            outcome.may_change = outcome.may_change.or_else(|| unknown::beside(root));
            let rule = rule(root, outcome.source.clone(), catalogue, budget, &mut facts, &mut own);
            read = rule.ok();
        }
        Document::Correlation => {
            let (found, fields) = correlation::correlation(root, &mut own);
            dependent(root, DependentKind::Correlation, found, fields, outcome, &mut own);
        }
        Document::Filter => {
            let found = correlation::filter(root, catalogue, budget, &mut facts, &mut own);
            dependent(root, DependentKind::Filter, found, Vec::new(), outcome, &mut own);
        }
    }
    match (read, own.close(sink)) {
        (rule, Ok(_)) => outcome.rules.extend(rule),
        (_, Err(first)) => facts.unread = Some(first),
    }
    outcome.facts.push(facts);
}

/// Which kind of document it is. What is none is reported.
fn kind(root: &Node<'_>, sink: &mut Sink) -> Option<Document> {
    if root.map().is_none() {
        sink.push(no_mapping(root, sink));
        return None;
    }
    let found = logic_of(root);
    if found.is_none() {
        not_a_rule(root, sink);
    }
    found
}

/// What to say of a document that is no mapping.
fn no_mapping(root: &Node<'_>, sink: &Sink) -> Diagnostic {
    let shape = if root.text().is_some() { "words" } else { root.shape() };
    let found = sink.diagnostic(&codes::NOT_A_RULE, root.span, format!("the document is {shape}, not a rule"));
    let first = root.list().and_then(<[_]>::first);
    if let Some(first) = first {
        return match first.entry("detection") {
            Some(_) => found.with_help("remove the `- `, and write `---` between the rules of a file"),
            None if first.get("condition").is_some() && first.get("rule").is_some() => found.with_help(
                "this looks like a rule of Falco; a Sigma rule is a mapping with `title`, `logsource` and `detection`",
            ),
            None => found.with_help(
                "a Sigma rule is a mapping with `title`, `logsource` and `detection`, without `- ` before them",
            ),
        };
    }
    let is_native = root
        .text()
        .is_some_and(|text| ["rule ", "template ", "list ", "table "].iter().any(|word| text.starts_with(word)));
    found.with_help(if is_native {
        "if these are native rules, their file ends in `.content`; on standard input, say `--stdin-name x.content`"
    } else {
        "a Sigma rule is a mapping with `title`, `logsource` and `detection`; queries of other tools are written as selections and a condition"
    })
}

/// Whether a key is another spelling of a name.
pub(super) fn is_like(key: &str, name: &str) -> bool {
    let bare = key.chars().filter(|sign| !matches!(sign, '_' | '-' | ' ')).map(|sign| sign.to_ascii_lowercase());
    bare.eq(name.chars()) || closest(name, [key]).is_some()
}

/// Which kind of logic a document has.
fn logic_of(root: &Node<'_>) -> Option<Document> {
    let is_map = |name: &str| root.get(name).is_some_and(|value| value.map().is_some());
    if root.get("detection").is_some() {
        Some(Document::Rule)
    } else if is_map("correlation") || (root.get("correlation").is_some() && root.get("filter").is_none()) {
        Some(Document::Correlation)
    } else if root.get("filter").is_some() {
        Some(Document::Filter)
    } else {
        None
    }
}

/// Keys that say more of the document than its kind has room for: passed over, the rule would be another one.
fn keys(root: &Node<'_>, document: Document, sink: &mut Sink) {
    for (key, value) in root.map().unwrap_or(&[]) {
        // A scalar may be an attribute of one's own, and is to others what the key says all the same.
        let is_scalar = matches!(value.value, Yaml::Scalar(..));
        let found = match (key.text(), document) {
            (None, _) => {
                let message = format!("the name of an attribute must be a string, not {}", key.shape());
                sink.diagnostic(&codes::WRONG_SHAPE, key.span, message)
            }
            (Some(name @ ("correlation" | "filter")), Document::Rule)
            | (Some(name @ "filter"), Document::Correlation) => {
                if is_scalar {
                    let message = format!("`{name}` makes this another kind of document to readers such as pySigma");
                    sink.diagnostic(&codes::OTHER_SIGMA, key.span, message)
                        .with_help("call an attribute of your own otherwise, or put it below `custom_attributes`")
                } else {
                    let message = format!("one document has `{name}` beside other logic");
                    sink.diagnostic(&codes::WRONG_SHAPE, key.span, message)
                        .with_help("put it into a document of its own after `---`, or a selection below `detection`")
                }
            }
            (Some("sensors"), Document::Rule) => sink
                .diagnostic(&codes::INVALID_ATTRIBUTE, key.span, "`sensors` is not an attribute of Sigma")
                .with_help("write `custom_attributes: { sensors: \"sysmon >=4.21\" }`"),
            _ => continue,
        };
        sink.push(found);
    }
}

fn dependent(
    root: &Node<'_>,
    kind: DependentKind,
    rules: Referred,
    fields: Vec<ReadField>,
    outcome: &mut FileOutcome,
    sink: &mut Sink,
) {
    let key = kind.as_str();
    let generate = kind == DependentKind::Filter || correlation::generates(root);
    outcome.documents.push(Dependent { kind, facts: outcome.facts.len(), rules, fields, generate });
    let span = root.entry(key).map_or(root.span, |(key, _)| key.span);
    let message = format!("{key} documents are validated but not run by this version");
    let found = sink.diagnostic(&codes::NOT_RUNNABLE, span, message);
    sink.push(found.with_help(kind.advice()));
}

fn not_a_rule(root: &Node<'_>, sink: &mut Sink) {
    let place = root.map().and_then(<[_]>::first).map_or(root.span, |(key, _)| key.span);
    let entries = root.map().unwrap_or(&[]);
    let message = "the document has no `detection`, `correlation` or `filter`";
    let near = entries.iter().find(|(key, _)| key.text().is_some_and(|key| is_like(key, "detection")));
    let inside = entries.iter().find_map(|(outer, value)| Some((outer, value.entry("detection")?.0)));
    let native = entries.iter().map(|(key, _)| key).find(|key| key.text().is_some_and(|key| key.starts_with("rule ")));
    let found = |span: Span, message: &str| sink.diagnostic(&codes::NOT_A_RULE, span, message);
    let is = |key: &str| root.get(key).is_some();
    sink.push(if let Some((key, _)) = near {
        let name = clip(key.text().unwrap_or(""));
        found(key.span, message).with_help(format!("did you mean `detection` where you wrote `{name}`?"))
    } else if let Some((outer, inner)) = inside {
        let name = clip(outer.text().unwrap_or(""));
        if metadata::is_attribute(&name) {
            found(inner.span, &format!("`detection` is inside of `{name}`"))
                .with_help("write `detection:` at the beginning of the line, and indent what is below it by 4 spaces")
        } else {
            found(outer.span, &format!("the rule is below `{name}`"))
                .with_help(format!("remove the line `{name}:`, and let the lines below it begin at the beginning of the line"))
        }
    } else if let Some(key) = native {
        found(key.span, message).with_help("if this is a native rule, its file ends in `.content`")
    } else if is("EventID") || is("Event") || is("@timestamp") {
        found(place, message).with_help("if this is an event, `contentcheck eval` and `replay` read it; exclude the file from the rules")
    } else if is("apiVersion") || is("info") || is("query") || is("rule") {
        found(place, message).with_help("if it is for another tool, leave the file out with `exclude`; a Sigma rule has `title`, `logsource` and `detection`")
    } else {
        found(place, message).with_help(if is("title") || is("logsource") {
            "add `detection` with a selection and a `condition`"
        } else {
            "a Sigma rule has `title`, `logsource` and `detection`; leave what is none out with `exclude`"
        })
    });
}

fn rule(
    root: &Node<'_>,
    source: Source,
    catalogue: &Catalogue,
    budget: &mut Budget,
    facts: &mut Facts,
    sink: &mut Sink,
) -> Result<CheckedRule, Unread> {
    let place = root.map().and_then(<[_]>::first).map_or(root.span, |(key, _)| key.span);
    let logsource = match root.get("logsource") {
        Some(value) => metadata::logsource(value, sink).map(|found| (found, value.span)),
        None => {
            let found = no_logsource(root, place, sink);
            Err(sink.refuse(found))
        }
    };
    let sensors = sensors::read(root, sink);
    let Some((key, body)) = root.entry("detection") else {
        return Err(sink.unread(&codes::MISSING_ATTRIBUTE, place, "the rule has no `detection`"));
    };
    let Some(entries) = body.map() else {
        let found = no_body(root, key, body, sink);
        return Err(sink.refuse(found));
    };
    let mut detections = detection::read(entries, &["condition", "timeframe"], sink);
    detections.condition = body.entry("condition").map_or(key.span, |(key, _)| key.span);
    detections.strays = strays(root);
    if detections.selections.is_empty() {
        sink.refuse(
            sink.diagnostic(&codes::EMPTY_SELECTION, key.span, "the detection has no selection")
                .with_help("add a selection with the fields to look for"),
        );
    }
    if let Some((timeframe, _)) = body.entry("timeframe") {
        let found =
            sink.diagnostic(&codes::DEPRECATED_AGGREGATION, timeframe.span, "`timeframe` was removed from Sigma");
        sink.refuse(found.with_help("write a correlation rule with a `timespan`"));
    }
    let Some(condition) = body.get("condition") else {
        let found = no_condition(root, key, entries, sink);
        return Err(sink.refuse(found));
    };
    let written = condition;
    let condition = conditions(written, &detections, sink)?;
    duplicates(&detections, written, &source, sink);
    let types = logsource.as_ref().map_or_else(|_| Arc::default(), |(source, _)| catalogue.candidates(source));
    let types: Vec<&Entry> = types.iter().filter_map(|index| catalogue.entry(*index)).collect();
    wildcards(&detections, &types, sink);
    hygiene::check(&detections, &types, sink);
    let (logsource, logsource_span) = logsource?;
    facts.logsource = Some(logsource.clone());
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
    let targets = specialiser.targets(budget, sink)?;
    let text = |key: &str| root.get(key).and_then(Node::string).map(str::to_owned);
    let title = text("title").unwrap_or_default();
    Ok(CheckedRule {
        name: text("id").or_else(|| text("name")).unwrap_or_else(|| title.clone()),
        id: text("id"),
        title,
        level: text("level").and_then(|level| Level::from_word(&level)),
        tags: tags(root),
        revision: text("modified").or_else(|| text("date")),
        logsource: Some(logsource),
        targets,
        sensors: sensors?,
        tests: Vec::new(),
        source,
        span: facts.span,
        extent: facts.extent,
        global: facts.global,
        whole: sink.whole()?,
    })
}

/// Keys beside `detection` that are no attributes and may have been meant as selections.
fn strays(root: &Node<'_>) -> Vec<(String, Span)> {
    let entries = root.map().unwrap_or(&[]).iter();
    entries
        .filter(|(_, value)| value.text().is_none())
        .filter_map(|(key, _)| Some((key.text().filter(|key| !metadata::is_attribute(key))?.to_owned(), key.span)))
        .take(limits::SELECTIONS)
        .collect()
}

/// What to say of a rule without `logsource`: where one is that is written otherwise, or elsewhere.
fn no_logsource(root: &Node<'_>, place: Span, sink: &Sink) -> Diagnostic {
    let message = "the rule has no `logsource`";
    let entries = root.map().unwrap_or(&[]).iter();
    let near = entries.map(|(key, _)| key).find(|key| key.text().is_some_and(|key| is_like(key, "logsource")));
    if let Some(key) = near {
        let found = sink.diagnostic(&codes::MISSING_ATTRIBUTE, key.span, message);
        return found
            .with_help(format!("did you mean `logsource` where you wrote `{}`?", clip(key.text().unwrap_or(""))));
    }
    if let Some((key, _)) = root.get("detection").and_then(|detection| detection.entry("logsource")) {
        return sink
            .diagnostic(&codes::MISSING_ATTRIBUTE, key.span, "`logsource` is inside of `detection`")
            .with_help("write `logsource:` at the beginning of the line, before `detection`");
    }
    let help = "say which events the rule is for, such as `logsource: { product: windows, category: process_creation }`; `contentcheck fields --list` lists what is known";
    sink.diagnostic(&codes::MISSING_ATTRIBUTE, place, message).with_help(help)
}

/// What to say of a `detection` that is no mapping.
fn no_body(root: &Node<'_>, key: &Node<'_>, body: &Node<'_>, sink: &Sink) -> Diagnostic {
    const SHAPE: &str =
        "write `selection:` with its fields, and `condition: selection`, each indented below `detection`";
    if body.is_null() {
        let below = root.entry("condition").map(|(key, _)| key.span);
        let found = sink.diagnostic(&codes::WRONG_SHAPE, key.span, "`detection` is empty");
        return match below {
            Some(span) => found
                .with_place(span, "this belongs to it")
                .with_help("indent the selections and the condition by 4 spaces more than `detection`"),
            None => found.with_help(SHAPE),
        };
    }
    let message = format!("`detection` must be a mapping of selections and a condition, not {}", body.shape());
    let found = sink.diagnostic(&codes::WRONG_SHAPE, body.span, message);
    found.with_help(if body.list().is_some() {
        "write the selections and the condition without the `- ` before them"
    } else {
        SHAPE
    })
}

/// What to say of a detection without `condition`: where one is that is written otherwise, or elsewhere.
fn no_condition(root: &Node<'_>, key: &Node<'_>, entries: &[(Node<'_>, Node<'_>)], sink: &Sink) -> Diagnostic {
    let found = |span: Span, message: &str| sink.diagnostic(&codes::MISSING_ATTRIBUTE, span, message);
    if let Some((stray, _)) = root.entry("condition") {
        return found(stray.span, "`condition` is not below `detection`").with_help("indent it like the selections");
    }
    let near = entries.iter().map(|(key, _)| key).find(|key| key.text().is_some_and(|key| is_like(key, "condition")));
    if let Some(near) = near {
        let name = clip(near.text().unwrap_or(""));
        return found(near.span, "the detection has no `condition`")
            .with_help(format!("did you mean `condition` where you wrote `{name}`?"));
    }
    let inside = entries.iter().find_map(|(outer, value)| Some((outer, value.entry("condition")?.0)));
    if let Some((outer, inner)) = inside {
        let message = format!("`condition` is inside of the selection `{}`", clip(outer.text().unwrap_or("")));
        return found(inner.span, &message).with_help("indent it like the names of the selections");
    }
    let (filters, names): (Vec<&str>, Vec<&str>) = entries
        .iter()
        .filter_map(|(key, _)| key.text())
        .partition(|name| name.to_ascii_lowercase().starts_with("filter"));
    let all = match names[..] {
        [] => "selection".to_owned(),
        [name] => clip(name),
        [one, another] => format!("{} and {}", clip(one), clip(another)),
        _ if filters.is_empty() => "1 of them".to_owned(),
        _ => names.iter().take(8).map(|name| clip(name)).collect::<Vec<_>>().join(" and "),
    };
    let sample = match filters[..] {
        [] => all,
        [filter] => format!("{all} and not {}", clip(filter)),
        _ => format!("{all} and not 1 of filter*"),
    };
    found(key.span, "the detection has no `condition`")
        .with_help(format!("say how the selections make the rule, such as `condition: {sample}`"))
}

/// Values that appear twice in one item, and selections that are the same.
fn duplicates(detections: &Detections<'_>, condition: &Node<'_>, source: &Source, sink: &mut Sink) {
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
            .map(|(index, value)| (compared(item, &value.text, exact), index))
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
                    match (clip(value.written), clip(first.written)) {
                        (again, before) if again == before || value.text == first.text => {
                            format!("the value `{}` appears twice", clip(&value.text))
                        }
                        (again, before) => format!("the value `{again}` appears twice, first as `{before}`"),
                    },
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
        let twin = bodies.insert(hasher.finish(), index);
        if let Some((at, first)) = twin.and_then(|first| Some((first, detections.selections.get(first)?))) {
            if matches!(selection.body, Body::Unreadable(_)) {
                continue;
            }
            let found = sink
                .diagnostic(
                    &codes::DUPLICATE_PREDICATE,
                    selection.span,
                    format!("the selections `{}` and `{}` are the same", clip(first.name), clip(selection.name)),
                )
                .with_place(first.span, "first here")
                .with_help(match twins::leaves(condition, detections, at, index) {
                    Leaves::Either => "remove one, or write what was meant".to_owned(),
                    Leaves::Only(kept) => {
                        let gone = if kept == at { selection.name } else { first.name };
                        format!("remove `{}`, or write what was meant", clip(gone))
                    }
                    Leaves::Neither => {
                        "write what was meant; if they are the same on purpose, accept the finding: without one of them a pattern of the condition asks for something else".to_owned()
                    }
                    Leaves::Unknown => "write what was meant, or remove one if the condition stays the same".to_owned(),
                });
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
        (compared(item, &value.text, exact), value.raw == Raw::Null).hash(&mut own);
        sum.wrapping_add(own.finish())
    });
    sum.hash(hasher);
}

/// Whether the values of an item are compared letter by letter.
fn is_exact(item: &Item<'_>) -> bool {
    item.modifiers.cased || item.modifiers.kind == Kind::Regex || !item.modifiers.encodings.is_empty()
}

/// What a value is where it is compared, whatever it is written like.
fn compared<'t>(item: &Item<'_>, text: &'t str, exact: bool) -> Cow<'t, str> {
    if item.modifiers.kind == Kind::Cidr
        && let Ok(network) = Network::parse(text)
    {
        return Cow::Owned(format!("{}/{}", network.address, network.prefix));
    }
    folded(text, exact)
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
        Body::Unreadable(_) => 0u8.hash(hasher),
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
fn logic(
    detections: &Detections<'_>,
    condition: &Expr<Leaf>,
    logsource: &contentcheck_model::template::LogSource,
) -> u64 {
    fn expr(of: &Expr<Leaf>, detections: &Detections<'_>) -> u64 {
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
            Expr::Is(Leaf::Item(index)) => {
                if let Some(item) = detections.items.get(*index) {
                    hash_item(item, &mut hasher);
                }
            }
            Expr::Is(Leaf::Unread(_)) => 4u8.hash(&mut hasher),
        }
        hasher.finish()
    }
    let mut hasher = DefaultHasher::new();
    logsource.hash(&mut hasher);
    expr(condition, detections).hash(&mut hasher);
    hasher.finish()
}

/// Values that every value of the field matches.
fn wildcards(detections: &Detections<'_>, types: &[&Entry], sink: &mut Sink) {
    let is_list = |field: &str| types.iter().any(|of| of.describe(field).is_some_and(|info| info.ty.list));
    for item in &detections.items {
        let no_text = |field: &str| {
            types.iter().filter_map(|of| of.describe(field)).any(|info| !typing::asks_text(item, info.ty.scalar))
        };
        // What such a field cannot be asked has its finding.
        if item.field.is_some_and(no_text) {
            continue;
        }
        for value in item.values.iter().filter(|value| matches_all(item, value)) {
            let shown =
                if value.text.is_empty() { "an empty string".to_owned() } else { format!("`{}`", clip(&value.text)) };
            let Some(field) = item.field else {
                let message = format!("{shown} as a keyword matches every event that has a value");
                let found = sink.diagnostic(&codes::WILDCARD_ONLY, value.span, message);
                sink.push(found.with_help("remove it: a keyword is looked for in every value, and this one is in all"));
                continue;
            };
            let (name, is_list) = (clip(field), is_list(field));
            let what = if is_list { "element" } else { "value" };
            let message = format!("{shown} matches every {what} of `{name}`");
            let mut found = sink.diagnostic(&codes::WILDCARD_ONLY, value.span, message);
            found = if item.values.len() > 1 {
                found.with_help(if value.text.is_empty() {
                    "remove the empty value, which leaves nothing to the others; for an event without the field write a selection of its own, with `null`"
                } else {
                    "remove it, which leaves nothing to the other values, or test with `exists` alone"
                })
            } else if is_list {
                found.with_help(format!(
                    "write what an element must be; where the list needs an element and no more, accept this finding: `{name}|exists: true` holds on an empty list too"
                ))
            } else if item.modifiers.kind == Kind::Regex && value.text.contains(char::is_alphanumeric) {
                found.with_help("nothing at all is a match of it, and a match may be anywhere: take out the alternative that is empty, or the `*` or `?` that leaves all of it out")
            } else if !item.modifiers.encodings.is_empty() && !value.text.is_empty() {
                found.with_help("encoded it is too short to be looked for: write a longer value")
            } else if let Some(edits) = presence(item, value).filter(|_| !types.is_empty()) {
                found.with_help(format!("to test that the field is there, write `{name}|exists: true`")).with_edits(
                    FixKind::Presence,
                    "test with `exists`",
                    edits,
                )
            } else {
                found.with_help("give it a value that selects something, or test with `exists`")
            };
            sink.push(found);
        }
    }
}

/// The edits that write `field|exists: true`, where that can take the place of the item: its key is as it is in the source, the
/// mapping has no such key yet, and only a text or a part of it is asked for.
fn presence(item: &Item<'_>, value: &Written<'_>) -> Option<Vec<Edit>> {
    let (modifiers, field) = (&item.modifiers, item.field?);
    let is_plain = !(modifiers.not_equal || modifiers.expand || modifiers.all) && modifiers.encodings.is_empty();
    let is_exact = item.key_span.start == item.field_span.start && item.field_span.len() == field.len();
    let behind = Span::new(item.field_span.end as usize, item.key_span.end as usize);
    (is_plain && is_exact && item.can_be(&format!("{field}|exists"))).then(|| {
        vec![Edit { span: behind, text: "|exists".to_owned() }, Edit { span: value.span, text: "true".to_owned() }]
    })
}

/// The tags, whether they are a list or one alone.
fn tags(root: &Node<'_>) -> Vec<String> {
    let Some(tags) = root.get("tags") else { return Vec::new() };
    let one = tags.string().map(str::to_owned);
    tags.list().map_or_else(
        || one.into_iter().collect(),
        |tags| tags.iter().filter_map(Node::string).map(str::to_owned).collect(),
    )
}
