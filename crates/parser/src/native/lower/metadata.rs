//! Attributes of native rules: the same demands as on Sigma rules.

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::ast::{AttributeValue, Name, Rule, RuleEntry};
use super::text;
use contentcheck_model::characters;
use contentcheck_model::diagnostic::{FixKind, Sink, clip, codes};
use contentcheck_model::metadata;
use contentcheck_model::source::Span;

/// Characters that attributes may have.
const LONGEST: [(&str, usize); 3] = [("title", 256), ("description", 65_535), ("author", 4_096)];

/// Checks what the attributes hold; that they are there and of the right shape is known.
pub(super) fn check(rule: &Rule, sink: &mut Sink) {
    dates(rule, sink);
    for entry in &rule.entries {
        let RuleEntry::Attribute(attribute) = entry else { continue };
        let key = attribute.key.value.as_str();
        match &attribute.value {
            AttributeValue::Text(value) => {
                length(key, &value.value, value.span, rule, sink);
                if key == "title" {
                    characters::in_title(&value.value, value.span, sink);
                }
            }
            AttributeValue::List(values) => list(key, &values.items, rule, sink),
            AttributeValue::Template(_) => {}
        }
    }
}

fn length(key: &str, value: &str, span: Span, rule: &Rule, sink: &mut Sink) {
    if value.trim().is_empty() {
        let found = sink.diagnostic(&codes::EMPTY_ATTRIBUTE, span, format!("`{key}` is empty"));
        sink.push(found.with_help("fill it in, or remove it").with_rule(&rule.name.value));
    }
    let Some((_, longest)) = LONGEST.iter().find(|(name, _)| *name == key) else { return };
    let length = value.chars().count();
    if length > *longest {
        let message = format!("`{key}` has {length} characters; the limit is {longest}");
        let found = sink.diagnostic(&codes::TOO_LONG, span, message);
        sink.push(found.with_help("shorten it").with_rule(&rule.name.value));
    }
}

fn list(key: &str, values: &[Name], rule: &Rule, sink: &mut Sink) {
    let shortest = if key == "falsepositives" { 2 } else { 1 };
    let mut seen: HashMap<Cow<'_, str>, Span> = HashMap::new();
    for value in values {
        if value.value.trim().chars().count() < shortest {
            let message = format!("an entry of `{key}` has fewer than {shortest} characters");
            let found = sink.diagnostic(&codes::TOO_SHORT, value.span, message);
            sink.push(found.with_help("say what it is, or remove the entry").with_rule(&rule.name.value));
        }
        // Two ways of writing one tag are one tag.
        let is_tag = key == "tags";
        let entry = if is_tag { metadata::canonical_tag(&value.value).into() } else { Cow::Borrowed(&*value.value) };
        if let Some(first) = seen.insert(entry, value.span) {
            let message = format!("`{}` appears twice in `{key}`", clip(&value.value));
            let found = sink.diagnostic(&codes::DUPLICATE_ENTRY, value.span, message).with_place(first, "first here");
            sink.push(found.with_help("remove the second").with_rule(&rule.name.value));
        } else if is_tag {
            metadata::tag(&value.value, value.span, sink);
        }
    }
}

fn dates(rule: &Rule, sink: &mut Sink) {
    let mut day = |key: &str| {
        let (written, span) = text(rule, key)?;
        let read = metadata::parse_day(written);
        if !matches!(read, Some((_, '-'))) {
            let message = format!("`{key}` is `{}`, not of the form YYYY-MM-DD", clip(written));
            let mut found = sink.diagnostic(&codes::INVALID_DATE, span, message).with_rule(&rule.name.value);
            found = match read {
                Some(((year, month, day), _)) => {
                    let iso = format!("{year:04}-{month:02}-{day:02}");
                    let title = format!("write \"{iso}\"");
                    found.with_help(title.clone()).with_spelling(FixKind::IsoDate, title, written, &iso)
                }
                None => found.with_help("write a day of the calendar as YYYY-MM-DD"),
            };
            sink.push(found);
        }
        read.map(|(day, _)| (day, span))
    };
    let (date, modified) = (day("date"), day("modified"));
    if let (Some((date, _)), Some((modified, span))) = (date, modified)
        && modified < date
    {
        let found = sink.diagnostic(&codes::MODIFIED_BEFORE_DATE, span, "`modified` lies before `date`");
        sink.push(found.with_help("correct one of the two").with_rule(&rule.name.value));
    }
}
