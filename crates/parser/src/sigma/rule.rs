//! One rule: from a document with a `detection` to a checked rule.

use std::sync::Arc;

use super::detection;
use super::document::is_like;
use super::duplicates;
use super::hygiene;
use super::metadata;
use super::resolve::conditions;
use super::sensors;
use super::specialise::Specialiser;
use super::typing::Prepared;
use super::wildcards;
use super::yaml::Node;
use contentcheck_model::catalogue::{Catalogue, Entry};
use contentcheck_model::diagnostic::{Diagnostic, Sink, Unread, clip, codes};
use contentcheck_model::limits::{self, Budget};
use contentcheck_model::outcome::Facts;
use contentcheck_model::rule::{CheckedRule, Level};
use contentcheck_model::source::{Source, Span};

/// Reads a rule and puts it on the template types that its log source addresses. What is learned of it on the way goes into `facts`.
pub(super) fn read(
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
    duplicates::check(&detections, written, &source, sink);
    let types = logsource.as_ref().map_or_else(|_| Arc::default(), |(source, _)| catalogue.candidates(source));
    let types: Vec<&Entry> = types.iter().filter_map(|index| catalogue.entry(*index)).collect();
    wildcards::check(&detections, &types, sink);
    hygiene::check(&detections, &types, sink);
    let (logsource, logsource_span) = logsource?;
    facts.logsource = Some(logsource.clone());
    let mut values = limits::RULE_VALUES;
    let prepared = detections.items.iter().map(|item| Prepared::new(item, &mut values, budget, sink)).collect();
    facts.logic = Some(duplicates::logic(&detections, &condition, &logsource));
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

/// The tags, whether they are a list or one alone.
fn tags(root: &Node<'_>) -> Vec<String> {
    let Some(tags) = root.get("tags") else { return Vec::new() };
    let one = tags.string().map(str::to_owned);
    tags.list().map_or_else(
        || one.into_iter().collect(),
        |tags| tags.iter().filter_map(Node::string).map(str::to_owned).collect(),
    )
}
