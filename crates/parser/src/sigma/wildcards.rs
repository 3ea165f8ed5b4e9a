//! Values that every value of a field passes.

use super::detection::{Detections, Item, Written, matches_all};
use super::modifier::Kind;
use super::typing;
use contentcheck_model::catalogue::Entry;
use contentcheck_model::diagnostic::{Edit, FixKind, Sink, clip, codes};
use contentcheck_model::source::Span;

/// Values that every value of the field matches.
pub(super) fn check(detections: &Detections<'_>, types: &[&Entry], sink: &mut Sink) {
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
