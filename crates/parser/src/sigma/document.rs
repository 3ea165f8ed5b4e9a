//! Documents: from a Sigma file to checked rules.

use std::collections::HashMap;

use super::correlation;
use super::metadata::{self, Document};
use super::rule;
use super::unknown;
use super::yaml::{self, Node, Read, Style, Yaml};
use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::diagnostic::{Diagnostic, Severity, Sink, clip, closest, codes};
use contentcheck_model::limits::{self, Budget};
use contentcheck_model::outcome::{Dependent, DependentKind, Facts, FileOutcome, ReadField, Referred};
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
            let rule = rule::read(root, outcome.source.clone(), catalogue, budget, &mut facts, &mut own);
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
