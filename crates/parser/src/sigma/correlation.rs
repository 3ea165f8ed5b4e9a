//! Correlation and filter documents: validated against the specification, not run yet.

use super::condition;
use super::detection;
use super::hygiene;
use super::metadata;
use super::specialise::Specialiser;
use super::typing::Prepared;
use super::yaml::{Node, Scalar, Yaml};
use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::diagnostic::{FixKind, Sink, Unread, clip, closest, codes};
use contentcheck_model::limits::{self, Budget};
use contentcheck_model::outcome::{Facts, ReadField, Reference, Referred};
use contentcheck_model::source::Span;

pub(super) const TYPES: &[&str] = &[
    "event_count",
    "value_count",
    "temporal",
    "temporal_ordered",
    "value_sum",
    "value_avg",
    "value_percentile",
    "value_median",
];
pub(super) const KEYS: &[&str] = &["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"];
const OPERATORS: &[&str] = &["gt", "gte", "lt", "lte", "eq", "neq"];

/// Validates a correlation and returns the rules that it refers to, and what it reads of their events.
pub(crate) fn correlation(root: &Node<'_>, sink: &mut Sink) -> (Referred, Vec<ReadField>) {
    let rules = self::rules_of(root, sink);
    let fields = match (root.get("correlation"), &rules) {
        (Some(body), Referred::Rules(_)) => fields(body),
        _ => Vec::new(),
    };
    (rules, fields)
}

/// The fields under `group-by`, `aliases` and the `field` of the condition.
fn fields(body: &Node<'_>) -> Vec<ReadField> {
    let mut found = Vec::new();
    let aliases = body.get("aliases").and_then(Node::map).unwrap_or(&[]);
    let mut read = |node: &Node<'_>, rule: Option<&str>| {
        if let Some(name) = node.string()
            && !(rule.is_none() && aliases.iter().any(|(alias, _)| alias.text() == Some(name)))
        {
            found.push(ReadField { name: name.to_owned(), span: node.span, rule: rule.map(str::to_owned) });
        }
    };
    let counted = body.get("condition").and_then(|condition| condition.get("field"));
    for node in [body.get("group-by"), counted].into_iter().flatten() {
        match node.list() {
            Some(items) => items.iter().for_each(|item| read(item, None)),
            None => read(node, None),
        }
    }
    for (rule, field) in aliases.iter().filter_map(|(_, fields)| fields.map()).flatten() {
        read(field, rule.text());
    }
    found
}

fn rules_of(root: &Node<'_>, sink: &mut Sink) -> Referred {
    let Some((key, body)) = root.entry("correlation") else {
        return Referred::Unread(sink.unread(&codes::MISSING_ATTRIBUTE, root.span, "there is no `correlation`"));
    };
    let Some(entries) = body.map() else {
        let message = format!("`correlation` must be a mapping, not {}", body.shape());
        return Referred::Unread(sink.unread(&codes::WRONG_SHAPE, body.span, message));
    };
    for (name, _) in entries {
        let text = name.text().unwrap_or("");
        if !KEYS.contains(&text) {
            let found = sink.diagnostic(
                &codes::UNKNOWN_ATTRIBUTE,
                name.span,
                format!("`{}` is not a part of a correlation", clip(text)),
            );
            let near = if text == "timeframe" { Some("timespan") } else { closest(text, KEYS.iter().copied()) };
            sink.push(match near {
                Some(near) => found.with_help(format!("did you mean `{near}`?")),
                None => found.with_help(format!("its parts are {}", KEYS.join(", "))),
            });
        }
    }
    // What is written otherwise is where it is.
    let place = |name: &str| {
        let is_near = |key: &str| {
            !KEYS.contains(&key)
                && (closest(key, KEYS.iter().copied()) == Some(name) || (key, name) == ("timeframe", "timespan"))
        };
        entries.iter().map(|(key, _)| key).find(|key| key.text().is_some_and(is_near)).map_or(key.span, |key| key.span)
    };
    let mut missing = |name: &str, help: &str| {
        if body.get(name).is_none() {
            sink.push(
                sink.diagnostic(&codes::MISSING_ATTRIBUTE, place(name), format!("the correlation has no `{name}`"))
                    .with_help(help.to_owned()),
            );
        }
    };
    missing("type", "say how the events are correlated, such as `event_count`");
    missing("timespan", "say within which time, such as 10m");
    let kind = body.get("type").and_then(|value| kind(value, sink));
    let counts = matches!(
        kind,
        Some("event_count" | "value_count" | "value_sum" | "value_avg" | "value_percentile" | "value_median")
    );
    if kind.is_some() && body.get("group-by").is_none() {
        sink.push(
            sink.diagnostic(&codes::MISSING_ATTRIBUTE, place("group-by"), "the correlation has no `group-by`")
                .with_help("name the fields whose values the events must share"),
        );
    }
    if let Some(group) = body.get("group-by")
        && !group.list().is_some_and(|items| items.iter().all(|item| item.string().is_some()))
    {
        sink.report(
            &codes::WRONG_SHAPE,
            group.span,
            format!("`group-by` must be a list of fields, not {}", group.shape()),
        );
    }
    if let Some(timespan) = body.get("timespan") {
        self::timespan(timespan, sink);
    }
    match (body.get("condition"), kind) {
        (None, Some(name)) if counts => sink.push(
            sink.diagnostic(
                &codes::MISSING_ATTRIBUTE,
                key.span,
                format!("a correlation of type `{name}` has no `condition`"),
            )
            .with_help("say how many, such as `gte: 10`"),
        ),
        (Some(condition), _) => self::threshold(condition, kind, sink),
        _ => {}
    }
    if let Some(aliases) = body.get("aliases") {
        self::aliases(aliases, sink);
    }
    for place in [root, body] {
        if let Some(generate) = place.get("generate")
            && !matches!(generate.scalar(), Some(Scalar::Bool(_)))
        {
            sink.report(
                &codes::WRONG_SHAPE,
                generate.span,
                format!("`generate` must be true or false, not {}", generate.shape()),
            );
        }
    }
    for name in ["logsource", "detection"] {
        if let Some((key, _)) = root.entry(name) {
            misplaced(name, "a correlation", key.span, sink);
        }
    }
    match body.get("rules") {
        Some(rules) => references(rules, sink),
        None => no_rules("correlation", "name the rules whose matches are correlated", key.span, sink),
    }
}

/// Whether the rules under a correlation are alerts of their own too. Where that is said twice, both must say so.
pub(crate) fn generates(root: &Node<'_>) -> bool {
    let said = [root.get("generate"), root.get("correlation").and_then(|body| body.get("generate"))];
    let mut said = said.into_iter().flatten().peekable();
    said.peek().is_some() && said.all(|generate| generate.scalar() == Some(Scalar::Bool(true)))
}

fn no_rules(kind: &str, help: &str, span: Span, sink: &mut Sink) -> Referred {
    let found = sink.diagnostic(&codes::MISSING_ATTRIBUTE, span, format!("the {kind} has no `rules`"));
    Referred::Unread(sink.refuse(found.with_help(help)))
}

fn misplaced(name: &str, document: &str, span: Span, sink: &mut Sink) {
    let found = sink
        .diagnostic(&codes::MISPLACED_ATTRIBUTE, span, format!("{document} has no `{name}`"))
        .with_help("remove it, or put it into a document of its own after `---`");
    sink.push(found);
}

fn kind(value: &Node<'_>, sink: &mut Sink) -> Option<&'static str> {
    let text = value.text().unwrap_or("");
    let known = TYPES.iter().copied().find(|name| *name == text);
    if known.is_none() {
        let found = sink.diagnostic(
            &codes::INVALID_ATTRIBUTE,
            value.span,
            format!("`{}` is not a type of correlation", clip(text)),
        );
        let longer = TYPES.iter().copied().find(|name| text.len() > 2 && name.contains(text));
        sink.push(match closest(text, TYPES.iter().copied()).or(longer) {
            Some(near) => found.with_help(format!("did you mean `{near}`?")),
            None => found.with_help(format!("the types are {}", TYPES.join(", "))),
        });
    }
    known
}

/// Days in the longest timespan: events of more than some years are not at hand where they are correlated.
const LONGEST_DAYS: u64 = 3_660;

/// The days in a timespan, rounded down.
fn days(timespan: &str) -> Option<u64> {
    let unit = timespan.chars().next_back()?;
    let number: u64 = timespan.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        'M' => 30 * 86_400,
        'y' => 366 * 86_400,
        _ => return None,
    };
    Some(number.saturating_mul(seconds) / 86_400)
}

fn timespan(value: &Node<'_>, sink: &mut Sink) {
    let text = value.text().unwrap_or("");
    if days(text).is_some_and(|days| days > LONGEST_DAYS) {
        let message = format!("`{}` is a timespan of more than ten years", clip(text));
        let found = sink.diagnostic(&codes::INVALID_ATTRIBUTE, value.span, message);
        sink.push(
            found.with_help("write the time within which the events belong together: `m` is minutes, `M` months"),
        );
        return;
    }
    let good = text.strip_suffix(['s', 'm', 'h', 'd', 'w', 'M', 'y']).is_some_and(|digits| {
        !digits.is_empty()
            && digits.len() < 10
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && digits.bytes().any(|byte| byte != b'0')
    });
    if !good {
        let found =
            sink.diagnostic(&codes::INVALID_ATTRIBUTE, value.span, format!("`{}` is not a timespan", clip(text)));
        let digits = text.trim_end_matches(|sign: char| !sign.is_ascii_digit());
        let unit = text.get(digits.len()..).unwrap_or("").trim();
        let short = match unit.to_ascii_lowercase().as_str() {
            "" | "s" | "sec" | "secs" | "second" | "seconds" => Some("s"),
            "min" | "mins" | "minute" | "minutes" => Some("m"),
            "hour" | "hours" | "hr" | "hrs" => Some("h"),
            "day" | "days" => Some("d"),
            "week" | "weeks" => Some("w"),
            _ => None,
        };
        let form = "write a number and a unit: s, m, h, d, w, M or y";
        let is_number = digits.bytes().any(|byte| byte != b'0')
            && digits.len() < 10
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        sink.push(found.with_help(match short.filter(|_| is_number) {
            Some(short) => format!("{form}, as in `{digits}{short}`"),
            None => format!("{form}, as in `15m`"),
        }));
    }
}

/// A comparison by its sign.
fn comparison(sign: &str) -> Option<&'static str> {
    Some(match sign {
        ">" => "gt",
        ">=" | "=>" => "gte",
        "<" => "lt",
        "<=" | "=<" => "lte",
        "=" | "==" => "eq",
        "!=" | "<>" => "neq",
        _ => return None,
    })
}

/// A threshold (`gte: 10`) or, for temporal correlations, an expression over rules.
fn threshold(condition: &Node<'_>, kind: Option<&str>, sink: &mut Sink) {
    if let (Yaml::Scalar(..), Some("temporal" | "temporal_ordered") | None) = (&condition.value, kind) {
        let text = condition.text().unwrap_or("");
        // What is wrong with it is reported; nothing runs it yet.
        drop(condition::parse(text, Err(condition.span), sink));
        return;
    }
    let Some(entries) = condition.map() else {
        let text = condition.text().unwrap_or("").trim();
        let digits = text.trim_start_matches(|sign: char| !sign.is_ascii_digit());
        let operator = text.get(..text.len() - digits.len()).unwrap_or("").trim();
        let operator = OPERATORS.iter().copied().find(|name| *name == operator).or_else(|| comparison(operator));
        let message = format!("`condition` must be a mapping such as `gte: 10`, not {}", condition.shape());
        let found = sink.diagnostic(&codes::WRONG_SHAPE, condition.span, message);
        sink.push(found.with_help(match operator {
            Some(operator) if !digits.is_empty() => format!("write `{operator}: {}` below `condition:`", clip(digits)),
            _ => "write a comparison and a number below it, such as `gte: 10`".to_owned(),
        }));
        return;
    };
    let mut operators = 0;
    for (key, value) in entries {
        let name = key.text().unwrap_or("");
        match name {
            "field" => {
                if value.string().is_none()
                    && !value.list().is_some_and(|items| items.iter().all(|item| item.string().is_some()))
                {
                    sink.report(
                        &codes::WRONG_SHAPE,
                        value.span,
                        format!("`field` must name a field, not {}", value.shape()),
                    );
                }
            }
            "percentile" if kind == Some("value_percentile") => {
                let number = number(value);
                if !number.is_some_and(|number| (0.0..=100.0).contains(&number)) {
                    let message = format!("`{}` is no percentile", clip(value.text().unwrap_or("")));
                    let found = sink.diagnostic(&codes::INVALID_ATTRIBUTE, value.span, message);
                    sink.push(found.with_help("write a number from 0 to 100"));
                }
            }
            _ if OPERATORS.contains(&name) => {
                operators += 1;
                if number(value).is_none() {
                    let found = sink.diagnostic(
                        &codes::INVALID_ATTRIBUTE,
                        value.span,
                        format!("`{name}` takes a number, not {}", value.shape()),
                    );
                    sink.push(found.with_help("write the number without quotes"));
                }
            }
            _ => {
                let found = sink.diagnostic(
                    &codes::INVALID_ATTRIBUTE,
                    key.span,
                    format!("`{}` is not a comparison", clip(name)),
                );
                sink.push(found.with_help(
                    match comparison(name).or_else(|| closest(name, OPERATORS.iter().copied())) {
                        Some(near) => format!("write `{near}`"),
                        None => format!("the comparisons are {}", OPERATORS.join(", ")),
                    },
                ));
            }
        }
    }
    contradiction(entries, kind, condition.span, sink);
    if operators == 0 {
        let found = sink.diagnostic(&codes::MISSING_ATTRIBUTE, condition.span, "the condition compares with no number");
        sink.push(found.with_help("say how many, such as `gte: 10`"));
    }
    if kind.is_some_and(|kind| kind.starts_with("value_")) && condition.get("field").is_none() {
        let found = sink.diagnostic(
            &codes::MISSING_ATTRIBUTE,
            condition.span,
            "the condition does not say which `field` is counted",
        );
        sink.push(found.with_help("add `field` with the name of the field"));
    }
}

/// A number that something can be compared with.
fn number(value: &Node<'_>) -> Option<f64> {
    match value.scalar()? {
        Scalar::Int(number) => Some(number as f64),
        Scalar::Float(number) => Some(number).filter(|number| number.is_finite()),
        _ => None,
    }
}

/// Reports bounds that no number lies within, and such that every number does. What is counted is a whole number, and one
/// at least: a correlation begins with an event.
fn contradiction(entries: &[(Node<'_>, Node<'_>)], kind: Option<&str>, span: Span, sink: &mut Sink) {
    let mut bounds: Vec<(&str, f64)> = Vec::new();
    for (key, value) in entries {
        let Some(number) = number(value) else { continue };
        bounds.extend(key.text().filter(|name| OPERATORS.contains(name)).map(|name| (name, number)));
    }
    let whole = matches!(kind, Some("event_count" | "value_count" | "temporal" | "temporal_ordered"));
    let (mut least, mut most) = ((f64::NEG_INFINITY, false), (f64::INFINITY, false));
    for (name, number) in &bounds {
        // The next whole number is the first beyond a bound.
        let (above, below) = if whole { (number.floor() + 1.0, number.ceil() - 1.0) } else { (*number, *number) };
        let (low, high) = match *name {
            "gt" => (Some((above, !whole)), None),
            "gte" => (Some((if whole { number.ceil() } else { *number }, false)), None),
            "lt" => (None, Some((below, !whole))),
            "lte" => (None, Some((if whole { number.floor() } else { *number }, false))),
            "eq" => (Some((*number, false)), Some((*number, false))),
            _ => (None, None),
        };
        if let Some(low) = low
            && (low.0 > least.0 || (low.0 == least.0 && low.1))
        {
            least = low;
        }
        if let Some(high) = high
            && (high.0 < most.0 || (high.0 == most.0 && high.1))
        {
            most = high;
        }
    }
    let is_fraction = whole && bounds.iter().any(|(name, number)| *name == "eq" && number.fract() != 0.0);
    let unequal = bounds.iter().any(|(name, number)| *name == "neq" && *number == least.0 && *number == most.0);
    if least.0 > most.0 || (least.0 == most.0 && (least.1 || most.1)) || unequal || is_fraction {
        let written: Vec<String> = bounds.iter().map(|(name, number)| format!("`{name}: {number}`")).collect();
        let together = if written.len() > 1 { " together" } else { "" };
        let message = format!("no number meets {}{together}", written.join(" and "));
        let found = sink.diagnostic(&codes::INVALID_ATTRIBUTE, span, message);
        sink.push(found.with_help("correct one of the bounds; as they are, the correlation never fires"));
        return;
    }
    if !whole {
        return;
    }
    let written: Vec<String> = bounds.iter().map(|(name, number)| format!("`{name}: {number}`")).collect();
    let written = written.join(" and ");
    let is_free = least.0 < 1.0 && most.0 == f64::INFINITY;
    let excludes = bounds.iter().any(|(name, number)| *name == "neq" && *number >= 1.0 && number.fract() == 0.0);
    let message = if most.0 < 1.0 {
        format!("no count meets {written}: a correlation begins with an event, so it counts one at least")
    } else if is_free && !excludes && !bounds.is_empty() {
        format!("every count meets {written}: the correlation fires on each event")
    } else {
        return;
    };
    let found = sink.diagnostic(&codes::INVALID_ATTRIBUTE, span, message);
    sink.push(found.with_help("write how many events it takes, such as `gte: 10`"));
}

fn aliases(value: &Node<'_>, sink: &mut Sink) {
    let good = value.map().is_some_and(|aliases| {
        aliases.iter().all(|(_, fields)| {
            fields.map().is_some_and(|fields| fields.iter().all(|(_, field)| field.string().is_some()))
        })
    });
    if !good {
        sink.report(&codes::WRONG_SHAPE, value.span, "`aliases` must map each alias to a mapping from rule to field");
    }
}

fn references(rules: &Node<'_>, sink: &mut Sink) -> Referred {
    let single;
    let items = match &rules.value {
        Yaml::List(items) => items.as_slice(),
        Yaml::Scalar(..) if matches!(rules.scalar(), Some(Scalar::Text(_))) => {
            single = [rules.clone()];
            &single
        }
        _ => {
            let message = format!("`rules` must be a list of ids or names, not {}", rules.shape());
            return Referred::Unread(sink.unread(&codes::WRONG_SHAPE, rules.span, message));
        }
    };
    if items.is_empty() {
        let found = sink.diagnostic(&codes::MISSING_ATTRIBUTE, rules.span, "`rules` is empty");
        return Referred::Unread(sink.refuse(found.with_help("name at least one rule")));
    }
    let mut refused: Option<Unread> = None;
    let mut found: Vec<Reference> = Vec::with_capacity(items.len());
    for item in items {
        let rule = match item.scalar() {
            Some(Scalar::Text(rule)) => Some(rule),
            _ => None,
        };
        match rule {
            Some(rule) if found.iter().any(|other| other.rule == rule) => {
                let twice = sink
                    .diagnostic(
                        &codes::DUPLICATE_ENTRY,
                        item.span,
                        format!("`{}` appears twice in `rules`", clip(rule)),
                    )
                    .with_help("remove the second");
                sink.push(match metadata::remove_entry(sink.source(), item.span) {
                    Some(edit) => twice.with_edits(FixKind::Duplicate, "remove the second", vec![edit]),
                    None => twice,
                });
            }
            Some(rule) => found.push(Reference { rule: rule.to_owned(), span: item.span }),
            None => {
                let message = format!("a rule is referred to by id or name, not by {}", item.shape());
                refused = Some(sink.unread(&codes::WRONG_SHAPE, item.span, message));
            }
        }
    }
    refused.map_or(Referred::Rules(found), Referred::Unread)
}

/// Validates a filter and returns the rules that it refers to.
pub(crate) fn filter(
    root: &Node<'_>,
    catalogue: &Catalogue,
    budget: &mut Budget,
    facts: &mut Facts,
    sink: &mut Sink,
) -> Referred {
    let Some((key, body)) = root.entry("filter") else {
        return Referred::Unread(sink.unread(&codes::MISSING_ATTRIBUTE, root.span, "there is no `filter`"));
    };
    let Some(entries) = body.map() else {
        let message = format!("`filter` must be a mapping, not {}", body.shape());
        return Referred::Unread(sink.unread(&codes::WRONG_SHAPE, body.span, message));
    };
    for name in ["level", "status"] {
        if let Some((key, _)) = root.entry(name) {
            misplaced(name, "a filter", key.span, sink);
        }
    }
    let logsource = match root.get("logsource") {
        Some(value) => metadata::logsource(value, sink).ok().map(|found| (found, value.span)),
        None => {
            sink.push(
                sink.diagnostic(&codes::MISSING_ATTRIBUTE, key.span, "the filter has no `logsource`")
                    .with_help("say which events the filter is for"),
            );
            None
        }
    };
    facts.logsource = logsource.as_ref().map(|(logsource, _)| logsource.clone());
    if body.get("condition").is_none() {
        let found = sink.diagnostic(&codes::MISSING_ATTRIBUTE, key.span, "the filter has no `condition`");
        sink.push(found.with_help("say which selections make the filter"));
    }
    let found = detection::read(entries, &["rules", "condition"], sink);
    if found.selections.is_empty() {
        sink.push(
            sink.diagnostic(&codes::MISSING_ATTRIBUTE, key.span, "the filter has no selection")
                .with_help("add a selection with the fields to filter on"),
        );
    }
    let condition = body.get("condition").map(|condition| super::resolve::conditions(condition, &found, sink));
    hygiene::check(&found, &[], sink);
    let mut values = limits::RULE_VALUES;
    let prepared = found.items.iter().map(|item| Prepared::new(item, &mut values, budget, sink)).collect();
    if let (Some(Ok(condition)), Some((logsource, logsource_span))) = (condition, logsource) {
        let detections = &found;
        let (condition, logsource) = (&condition, &logsource);
        Specialiser { catalogue, detections, prepared, condition, logsource, logsource_span }
            .review(&mut budget.predicates, sink);
    }
    match body.get("rules") {
        // `any` applies the filter to every rule of its log source.
        Some(rules) if rules.text().is_some_and(|text| text.eq_ignore_ascii_case("any")) => Referred::Any,
        Some(rules) => references(rules, sink),
        None => no_rules("filter", "name the rules that the filter applies to", key.span, sink),
    }
}
