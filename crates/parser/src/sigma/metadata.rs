//! Metadata of Sigma documents: what the specification asks of the attributes around a detection.

use std::borrow::Cow;
use std::collections::HashMap;

use super::yaml::{Node, Scalar, Style, Yaml};
use contentcheck_model::characters;
use contentcheck_model::diagnostic::{Code, Diagnostic, Edit, FixKind, Sink, Unread, clip, closest, codes};
use contentcheck_model::limits;
use contentcheck_model::metadata::{self, Day, is_uuid, parse_day};
use contentcheck_model::rule::Level;
use contentcheck_model::source::{Source, Span};

/// What kind of document the attributes belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    Rule,
    Correlation,
    Filter,
}

pub(super) const SHARED: &[&str] = &[
    "title",
    "id",
    "name",
    "status",
    "description",
    "author",
    "date",
    "modified",
    "related",
    "taxonomy",
    "license",
    "references",
    "tags",
    "action",
    "level",
    "falsepositives",
    "fields",
    "scope",
    "custom_attributes",
    "custom",
];

/// Whether every document may have this attribute, or rules and filters must.
pub(crate) fn is_attribute(name: &str) -> bool {
    SHARED.contains(&name) || name == "logsource"
}

/// The attribute that other tools call by this name.
fn other_name(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "severity" | "risk" | "priority" => "level",
        "uuid" | "guid" | "rule_id" => "id",
        "desc" | "summary" => "description",
        "authors" => "author",
        "created" | "creation_date" => "date",
        "updated" | "last_modified" => "modified",
        "fp" | "false_positives" | "false-positives" => "falsepositives",
        "log_source" | "log-source" => "logsource",
        _ => return None,
    })
}

pub(super) const STATUSES: &[&str] = &["stable", "test", "experimental", "deprecated", "unsupported"];
pub(super) const RELATIONS: &[&str] = &["derived", "obsolete", "merged", "renamed", "similar"];

/// Checks every attribute of a document but its logic: each that is there, and that none is missing.
pub(crate) fn check(root: &Node<'_>, document: Document, sink: &mut Sink) {
    attributes(root, document, sink);
    required(root, document, sink);
    replaced(root, document, sink);
}

/// Checks each attribute that is there.
pub(crate) fn attributes(root: &Node<'_>, document: Document, sink: &mut Sink) {
    let Some(entries) = root.map() else { return };
    let own: &[&str] = match document {
        Document::Rule => &["logsource", "detection"],
        Document::Correlation => &["correlation", "generate"],
        Document::Filter => &["logsource", "filter"],
    };
    let absent: Vec<&str> = SHARED.iter().chain(own).copied().filter(|known| root.get(known).is_none()).collect();
    let mut unknown = 0;
    for (key, value) in entries {
        let Some(name) = key.text() else { continue };
        attribute(name, key, value, sink);
        // What a detection looks for may be any character.
        if !["detection", "filter"].contains(&name) {
            printable(name, key, sink);
            printable(name, value, sink);
        }
        if !SHARED.contains(&name) && !own.contains(&name) && unknown < limits::DIAGNOSTICS {
            unknown += 1;
            unknown_key(name, (key, value), (root, document), &absent, sink);
        }
    }
    dates(root, sink);
}

/// Asks a deprecated rule what replaces it.
fn replaced(root: &Node<'_>, document: Document, sink: &mut Sink) {
    if document == Document::Rule
        && root.get("status").and_then(Node::text) == Some("deprecated")
        && root.get("related").is_none_or(|related| related.is_null() || related.list().is_some_and(<[_]>::is_empty))
    {
        let span = root.get("status").map_or(root.span, |status| status.span);
        sink.push(
            sink.diagnostic(
                &codes::DEPRECATED_WITHOUT_RELATED,
                span,
                "a deprecated rule does not say what replaces it",
            )
            .with_help("add `related` with the id of the successor and type `obsolete`"),
        );
    }
}

/// Reports what reports cannot print: control characters, which come in by escapes between double quotes, and what
/// turns or hides text, which any scalar can hold as it is.
fn printable(name: &str, node: &Node<'_>, sink: &mut Sink) {
    match &node.value {
        Yaml::Scalar(text, _) => {
            if let Some(sign) = metadata::unprintable(name, text) {
                sink.push(metadata::control(name, sign, node.span, sink));
            }
        }
        Yaml::List(items) => items.iter().for_each(|item| printable(name, item, sink)),
        Yaml::Map(entries) => {
            for (key, value) in entries {
                printable(name, key, sink);
                printable(key.text().unwrap_or(name), value, sink);
            }
        }
    }
}

fn attribute(name: &str, key: &Node<'_>, value: &Node<'_>, sink: &mut Sink) {
    match name {
        "title" => {
            if let Some(title) = text(name, value, 256, sink) {
                characters::in_title(title, value.span, sink);
            }
        }
        "name" => {
            text(name, value, 256, sink);
        }
        "taxonomy" => {
            if let Some(taxonomy) = text(name, value, 256, sink)
                && taxonomy != "sigma"
            {
                let message = format!("the taxonomy `{}` is not known, and names are read as Sigma's", clip(taxonomy));
                let found = sink.diagnostic(&codes::FOREIGN_TAXONOMY, value.span, message);
                sink.push(found.with_help("write the rule in Sigma's names and remove `taxonomy`"));
            }
        }
        "description" => {
            text(name, value, 65_535, sink);
        }
        "author" | "license" => {
            text(name, value, 4_096, sink);
        }
        "id" => {
            if let Some(id) = text(name, value, 256, sink)
                && !is_uuid(id)
            {
                let bare: String = id.chars().filter(char::is_ascii_hexdigit).take(33).collect();
                let groups = [bare.get(..8), bare.get(8..12), bare.get(12..16), bare.get(16..20), bare.get(20..)];
                let groups: Vec<&str> = groups.into_iter().flatten().collect();
                let whole = groups.join("-").to_ascii_lowercase();
                let help = if id.starts_with('{') && is_uuid(&whole) {
                    format!("write it without braces: {whole}")
                } else if is_uuid(&whole) && id.len() < 48 {
                    format!("write it with its four hyphens: {whole}")
                } else {
                    "give the rule a version 4 UUID, such as `uuidgen` prints".to_owned()
                };
                sink.push(
                    sink.diagnostic(&codes::INVALID_ID, value.span, format!("`{}` is not a UUID", clip(id)))
                        .with_help(help),
                );
            }
        }
        "status" => {
            one_of(name, value, STATUSES, sink);
            if value.string() == Some("unsupported") {
                let message = "the rule says that it is not supported, and ships all the same";
                let found = sink.diagnostic(&codes::UNSUPPORTED_RULE, value.span, message);
                sink.push(found.with_help("leave its file out with `exclude`, or give it another status"));
            }
        }
        "level" => one_of(name, value, &Level::WORDS, sink),
        "related" => related(value, sink),
        "tags" => tags(value, sink),
        "references" | "fields" => {
            texts(name, value, 1, sink);
        }
        "falsepositives" | "scope" => {
            texts(name, value, 2, sink);
        }
        _ => {}
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let lower = name.to_ascii_lowercase();
        let mut found =
            sink.diagnostic(&codes::KEY_CASE, key.span, format!("the attribute `{}` is not lower case", clip(name)));
        // To write it in lower case brings into force what was not: that is for a person to do.
        found = if SHARED.contains(&lower.as_str())
            || ["logsource", "detection", "correlation", "filter"].contains(&lower.as_str())
        {
            found.with_help(format!("attributes are lower case; readers ignore others. Write `{lower}`"))
        } else {
            // Whoever reads an attribute of one's own reads it as it is written.
            found.with_help("attributes are lower case; rename it here and where it is read")
        };
        sink.push(found);
    }
}

/// Says what an attribute should be when it has another shape.
fn wrong_shape(name: &str, value: &Node<'_>, wanted: &str, sink: &mut Sink) {
    let message = format!("`{name}` must be {wanted}, not {}", value.shape());
    let text = value.text().unwrap_or("");
    let help = if text.starts_with('-') && text.len() > 1 {
        "a space is missing after the `-`: write `- ` before each entry".to_owned()
    } else if name == "author" && value.list().is_some() {
        "write the names into one string, with commas between them".to_owned()
    } else if wanted.starts_with("a string") {
        format!("write one string behind `{name}:`")
    } else if name == "related" {
        "write `- id: ...` and below it `type: derived`, `obsolete`, `merged`, `renamed` or `similar`".to_owned()
    } else if name == "tags" && value.map().is_some() {
        let pairs = value.map().unwrap_or(&[]).iter();
        let tag = pairs.filter_map(|(key, value)| Some(format!("{}.{}", key.text()?, value.text()?))).next();
        format!("a tag is one string, in a list: `- {}`", clip(tag.as_deref().unwrap_or("attack.t1059")))
    } else if wanted.starts_with("a list") {
        "write each entry on a line of its own below it, behind `- `, as a list".to_owned()
    } else {
        format!("write {wanted}")
    };
    sink.push(sink.diagnostic(&codes::WRONG_SHAPE, value.span, message).with_help(help));
}

/// The text of an attribute that must be a text of a certain length.
fn text<'n>(name: &str, value: &'n Node<'_>, longest: usize, sink: &mut Sink) -> Option<&'n str> {
    let Some(text) = value.text() else {
        wrong_shape(name, value, "a string", sink);
        return None;
    };
    if value.is_null() || text.trim().is_empty() {
        let severity = if name == "title" { &codes::MISSING_ATTRIBUTE } else { &codes::EMPTY_ATTRIBUTE };
        sink.push(
            sink.diagnostic(severity, value.span, format!("`{name}` is empty")).with_help("fill it in, or remove it"),
        );
        return None;
    }
    let length = text.chars().count();
    if length > longest {
        sink.push(
            sink.diagnostic(
                &codes::TOO_LONG,
                value.span,
                format!("`{name}` has {length} characters; the specification allows {longest}"),
            )
            .with_help("shorten it"),
        );
    }
    Some(text)
}

fn one_of(name: &str, value: &Node<'_>, allowed: &[&str], sink: &mut Sink) {
    let Some(text) = text(name, value, 64, sink) else { return };
    if allowed.contains(&text) {
        return;
    }
    let mut found =
        sink.diagnostic(&codes::INVALID_ATTRIBUTE, value.span, format!("`{}` is not a `{name}`", clip(text)));
    let lower = text.to_ascii_lowercase();
    found = match closest(&lower, allowed.iter().copied()) {
        Some(near) if near == lower => found.with_help(format!("write `{near}`")).with_spelling(
            FixKind::LowerCase,
            format!("write `{near}`"),
            text,
            near,
        ),
        // What is meant by another word is for a person to say.
        Some(near) => found.with_help(format!("did you mean `{near}`?")),
        None if let Some(near) = other_word(&lower, allowed) => found.with_help(format!("write `{near}`")),
        None => found.with_help(format!("it is one of {}", allowed.join(", "))),
    };
    sink.push(found);
}

/// The word of a closed set for one that other tools have.
fn other_word<'a>(word: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let near = match word {
        "production" | "prod" | "released" | "final" | "active" | "enabled" => "stable",
        "draft" | "wip" | "new" | "beta" | "development" | "dev" => "experimental",
        "testing" | "tested" => "test",
        "obsolete" | "disabled" | "retired" => "deprecated",
        "info" | "information" | "notice" => "informational",
        "warning" | "warn" | "moderate" | "med" => "medium",
        "severe" | "urgent" | "fatal" | "emergency" => "critical",
        "error" => "high",
        "parent" | "child" | "based_on" => "derived",
        "replaces" | "successor" => "obsolete",
        _ => return None,
    };
    allowed.iter().copied().find(|word| *word == near)
}

/// The strings of a list attribute; reports other shapes, duplicates and strings that are too short.
fn texts<'n>(name: &str, value: &'n Node<'_>, shortest: usize, sink: &mut Sink) -> Vec<(&'n str, Span)> {
    let items = match &value.value {
        Yaml::List(items) => items.as_slice(),
        Yaml::Scalar(..) if value.is_null() => {
            sink.push(
                sink.diagnostic(&codes::EMPTY_ATTRIBUTE, value.span, format!("`{name}` is empty"))
                    .with_help("fill it in, or remove it"),
            );
            return Vec::new();
        }
        Yaml::Scalar(..) if name == "falsepositives" => std::slice::from_ref(value),
        _ => {
            wrong_shape(name, value, "a list of strings", sink);
            return Vec::new();
        }
    };
    let mut found: Vec<(&str, Span)> = Vec::with_capacity(items.len());
    let mut seen: HashMap<Cow<'_, str>, Span> = HashMap::new();
    for item in items {
        let Some(text) = item.string() else {
            let message = format!("an entry of `{name}` must be a string, not {}", item.shape());
            let found = sink.diagnostic(&codes::WRONG_SHAPE, item.span, message);
            sink.push(found.with_help("write one string behind each `- `; quote what has `: ` in it"));
            continue;
        };
        if text.trim().chars().count() < shortest {
            let message = format!("an entry of `{name}` has fewer than {shortest} characters");
            sink.push(
                sink.diagnostic(&codes::TOO_SHORT, item.span, message).with_help("say what it is, or remove the entry"),
            );
        }
        // Two ways of writing one tag are one tag.
        let is_tag = name == "tags";
        let entry = if is_tag { metadata::canonical_tag(text).into() } else { Cow::Borrowed(text) };
        if let Some(first) = seen.insert(entry, item.span) {
            let mut duplicate = sink
                .diagnostic(&codes::DUPLICATE_ENTRY, item.span, format!("`{}` appears twice in `{name}`", clip(text)))
                .with_place(first, "first here")
                .with_help("remove the second");
            if let Some(edit) = remove_entry(sink.source(), item.span) {
                duplicate = duplicate.with_edits(FixKind::Duplicate, "remove the second", vec![edit]);
            }
            sink.push(duplicate);
            if is_tag {
                continue;
            }
        }
        found.push((text, item.span));
    }
    found
}

/// Removes the lines of a list entry, where it stands alone on its lines after a dash and no comment is beside or
/// right above it, which would lose what it is about.
pub(crate) fn remove_entry(source: &Source, span: Span) -> Option<Edit> {
    let text = source.text();
    let start = text.get(..span.start as usize)?.rfind('\n').map_or(0, |at| at + 1);
    let before = text.get(start..span.start as usize)?;
    let above = text.get(..start.saturating_sub(1))?.rsplit(['\n', '\r']).next().unwrap_or("");
    if before.trim() != "-" || above.contains('#') {
        return None;
    }
    let rest = text.get(span.end as usize..)?;
    let line = rest.split_once('\n').map_or(rest.len(), |(line, _)| line.len() + 1);
    if !rest.get(..line)?.trim().is_empty() {
        return None;
    }
    Some(Edit { span: Span::new(start, span.end as usize + line), text: String::new() })
}

fn tags(value: &Node<'_>, sink: &mut Sink) {
    for (tag, span) in texts("tags", value, 1, sink) {
        metadata::tag(tag, span, sink);
    }
}

fn related(value: &Node<'_>, sink: &mut Sink) {
    let Some(items) = value.list() else {
        return wrong_shape("related", value, "a list of `id` and `type`", sink);
    };
    for item in items {
        if item.map().is_none() {
            wrong_shape("related", item, "a list of `id` and `type`", sink);
            continue;
        }
        for name in ["id", "type"] {
            if item.get(name).is_none() {
                sink.push(
                    sink.diagnostic(
                        &codes::MISSING_ATTRIBUTE,
                        item.span,
                        format!("an entry of `related` has no `{name}`"),
                    )
                    .with_help("write the id of the other rule and the type of the relation"),
                );
            }
        }
        if let Some(id) = item.get("id")
            && !id.text().is_some_and(is_uuid)
        {
            let message = format!("the related id `{}` is not a UUID", clip(id.text().unwrap_or("")));
            sink.push(
                sink.diagnostic(&codes::INVALID_ID, id.span, message).with_help("write the id of the other rule"),
            );
        }
        if let Some(kind) = item.get("type") {
            one_of("type", kind, RELATIONS, sink);
        }
    }
}

fn required(root: &Node<'_>, document: Document, sink: &mut Sink) {
    let place = root.map().and_then(<[_]>::first).map_or(root.span, |(key, _)| key.span);
    let mut missing = |name: &str, code: &'static Code, why: &str| {
        let keys = root.map().unwrap_or(&[]).iter().filter_map(|(key, _)| key.text());
        let inside = ["detection", "logsource"]
            .iter()
            .any(|outer| root.get(outer).is_some_and(|outer| outer.get(name).is_some()));
        // One that is written otherwise, or elsewhere, has a finding of its own.
        if !inside && !keys.into_iter().any(|key| key.eq_ignore_ascii_case(name) || other_name(key) == Some(name)) {
            sink.push(sink.diagnostic(code, place, format!("the rule has no `{name}`")).with_help(why));
        }
    };
    missing("title", &codes::MISSING_ATTRIBUTE, "say in a few words what the rule detects");
    if document == Document::Rule {
        missing(
            "level",
            &codes::RECOMMENDED_ATTRIBUTE,
            "say how severe a match is: informational, low, medium, high or critical",
        );
    }
    if document != Document::Filter {
        missing("description", &codes::RECOMMENDED_ATTRIBUTE, "say what the rule detects and why it matters");
        missing("author", &codes::RECOMMENDED_ATTRIBUTE, "say whom to ask");
        missing("status", &codes::RECOMMENDED_ATTRIBUTE, "say how well the rule is tested");
    }
    missing("id", &codes::RECOMMENDED_ATTRIBUTE, "give the rule a version 4 UUID; suppressions and statistics need it");
    missing("date", &codes::RECOMMENDED_ATTRIBUTE, "say when the rule was written");
}

/// Whether a key of a document looks like a selection of its detection: it is written like one, and called like one or as a pattern of the condition
/// asks for. One that the condition names has a finding of its own, and so has a detection of which nothing is indented.
fn is_stray_selection(name: &str, value: &Node<'_>, detection: &Node<'_>) -> bool {
    if matches!(value.value, Yaml::Scalar(..)) || detection.map().is_none() {
        return false;
    }
    let condition = detection.get("condition");
    let all = condition.into_iter().chain(condition.and_then(Node::list).into_iter().flatten());
    let words: Vec<&str> = all.filter_map(Node::text).flat_map(|text| text.split([' ', '(', ')'])).collect();
    let is_asked =
        |word: &&str| word.split_once('*').is_some_and(|(start, _)| !start.is_empty() && name.starts_with(start));
    let is_called = ["filter", "selection"].iter().any(|start| name.starts_with(start));
    !words.contains(&name) && (is_called || words.iter().any(is_asked))
}

fn unknown_key(
    name: &str,
    (key, value): (&Node<'_>, &Node<'_>),
    (root, document): (&Node<'_>, Document),
    absent: &[&str],
    sink: &mut Sink,
) {
    // A known name in the wrong case has a finding of its own.
    if absent.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return;
    }
    let detects = if document == Document::Filter { "filter" } else { "detection" };
    if let Some(parent) = match name {
        "product" | "category" | "service" => Some("logsource"),
        "condition" | "timeframe" => Some(detects),
        _ => root.get(detects).filter(|detection| is_stray_selection(name, value, detection)).map(|_| detects),
    } {
        let message = format!("`{name}` is not below `{parent}`, so it says nothing of the rule");
        let found = sink.diagnostic(&codes::UNKNOWN_ATTRIBUTE, key.span, message);
        sink.push(found.with_help(format!("indent it below `{parent}`")));
        return;
    }
    let other = other_name(name).filter(|other| absent.contains(other));
    let near = other.or_else(|| closest(name, absent.iter().copied()));
    if let Some(near) = near {
        let found = sink
            .diagnostic(&codes::UNKNOWN_ATTRIBUTE, key.span, format!("`{}` is not an attribute of Sigma", clip(name)))
            .with_help(format!("did you mean `{near}`?"));
        sink.push(found);
    }
}

fn dates(root: &Node<'_>, sink: &mut Sink) {
    let date = date(root, "date", sink);
    let modified = self::date(root, "modified", sink);
    if let (Some((date, _)), Some((modified, span))) = (date, modified)
        && modified < date
    {
        sink.push(
            sink.diagnostic(&codes::MODIFIED_BEFORE_DATE, span, "`modified` lies before `date`")
                .with_help("correct one of the two"),
        );
    }
}

fn date(root: &Node<'_>, name: &str, sink: &mut Sink) -> Option<(Day, Span)> {
    let value = root.get(name)?;
    let Some(text) = value.text() else {
        wrong_shape(name, value, "a date", sink);
        return None;
    };
    match parse_day(text) {
        Some((day, '-')) => Some((day, value.span)),
        Some((day, _)) => {
            let (year, month, of_month) = day;
            let iso = format!("{year:04}-{month:02}-{of_month:02}");
            let quoted = matches!(value.value, Yaml::Scalar(_, Style::Plain));
            let mut found = sink
                .diagnostic(
                    &codes::INVALID_DATE,
                    value.span,
                    format!("`{name}` is `{}`, not of the form YYYY-MM-DD", clip(text)),
                )
                .with_help(format!("write {iso}"));
            if quoted {
                found = found.with_spelling(FixKind::IsoDate, format!("write {iso}"), text, &iso);
            }
            sink.push(found);
            Some((day, value.span))
        }
        None => {
            let shown = match value.scalar() {
                Some(Scalar::Null) | None => "empty".to_owned(),
                _ => format!("`{}`", clip(text)),
            };
            sink.push(
                sink.diagnostic(&codes::INVALID_DATE, value.span, format!("`{name}` is {shown}, not a date"))
                    .with_help(date_help(text)),
            );
            None
        }
    }
}

/// What to write for what is no day.
fn date_help(text: &str) -> String {
    const MONTHS: &[&str] = &[
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let form = "write a day of the calendar as YYYY-MM-DD".to_owned();
    let parts: Vec<&str> =
        text.split(|sign: char| !sign.is_ascii_digit()).filter(|part| !part.is_empty()).take(4).collect();
    let iso = match parts[..] {
        [whole] if whole.len() == 8 && text.len() == 8 => {
            format!(
                "{}-{}-{}",
                whole.get(..4).unwrap_or(""),
                whole.get(4..6).unwrap_or(""),
                whole.get(6..).unwrap_or("")
            )
        }
        [year, month, day, ..] if year.len() == 4 && month.len() < 3 && day.len() < 3 => {
            format!("{year}-{month:0>2}-{day:0>2}")
        }
        _ => return form,
    };
    if matches!(parse_day(&iso), Some((_, '-'))) {
        return format!("write {iso}");
    }
    let number =
        |range: std::ops::Range<usize>| iso.get(range).and_then(|part| part.parse::<usize>().ok()).unwrap_or(0);
    match MONTHS.get(number(5..7).wrapping_sub(1)) {
        None => format!("there is no month {}; {form}", number(5..7)),
        Some(month) => format!("{month} {} has no day {}; {form}", number(0..4), number(8..10)),
    }
}

/// Checks the parts of a log source and returns it in lower case.
pub(crate) fn logsource(value: &Node<'_>, sink: &mut Sink) -> Result<contentcheck_model::template::LogSource, Unread> {
    let Some(entries) = value.map() else {
        let message =
            format!("`logsource` must be a mapping of `product`, `category` and `service`, not {}", value.shape());
        let found = sink.diagnostic(&codes::WRONG_SHAPE, value.span, message);
        return Err(sink.refuse(found.with_help(if value.list().is_some() {
            "write its parts without the `- ` before them"
        } else {
            "write its parts below it, such as `product: windows` and `category: process_creation`"
        })));
    };
    let mut found = contentcheck_model::template::LogSource::default();
    // Without a part that could not be read the rule would be for more events than it says.
    let mut refused: Option<Unread> = None;
    for (key, value) in entries {
        let name = key.text().unwrap_or("");
        let slot = match name {
            "product" => &mut found.product,
            "category" => &mut found.category,
            "service" => &mut found.service,
            "definition" => continue,
            _ => {
                let mut unknown: Diagnostic = sink.diagnostic(
                    &codes::INVALID_ATTRIBUTE,
                    key.span,
                    format!("`{}` is not a part of a log source", clip(name)),
                );
                if is_attribute(name) {
                    unknown = unknown.with_help(format!(
                        "`{name}` is an attribute of the rule: write it at the beginning of the line"
                    ));
                } else if let Some(near) = closest(name, ["product", "category", "service", "definition"]) {
                    unknown = unknown.with_help(format!("did you mean `{near}`?"));
                } else {
                    unknown = unknown.with_help("a log source has `product`, `category`, `service` and `definition`");
                }
                refused = Some(sink.refuse(unknown));
                continue;
            }
        };
        let Some(text) = value.string() else {
            let message = format!("`{name}` must be a string, not {}", value.shape());
            let found = sink.diagnostic(&codes::WRONG_SHAPE, value.span, message);
            refused = Some(sink.refuse(found.with_help(if value.list().is_some() {
                format!("a rule has one `{name}`: write one rule for each of them")
            } else {
                format!("write it as `{name}: ...` with one word")
            })));
            continue;
        };
        let lower = text.to_lowercase();
        if lower != text {
            sink.push(
                sink.diagnostic(
                    &codes::LOGSOURCE_CASE,
                    value.span,
                    format!("`{name}: {}` is not lower case", clip(text)),
                )
                .with_help(format!(
                    "log sources are lower case, and readers compare them exactly: write `{}`",
                    clip(&lower)
                ))
                .with_spelling(FixKind::LowerCase, "write it in lower case", text, &lower),
            );
        } else if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')) {
            sink.push(
                sink.diagnostic(
                    &codes::LOGSOURCE_CASE,
                    value.span,
                    format!("`{name}: {}` has a character that log sources do not have", clip(text)),
                )
                .with_help("use letters, digits, `_`, `-` and `.`"),
            );
        }
        *slot = Some(lower);
    }
    if let Some(unread) = refused {
        return Err(unread);
    }
    if found.is_empty() {
        return Err(sink.refuse(
            sink.diagnostic(
                &codes::MISSING_ATTRIBUTE,
                value.span,
                "the log source names no product, category or service",
            )
            .with_help("say which events the rule is for"),
        ));
    }
    Ok(found)
}
