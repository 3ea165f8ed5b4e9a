//! What can be read from a detection as it is written: values and names that say something
//! else than they seem to.

use std::collections::HashMap;

use super::condition::Quantity;
use super::detection::{Detections, Item, Raw, Written, matches_all};
use super::modifier::{Encoding, Kind, Part};
use contentcheck_model::diagnostic::{Sink, clip, codes};
use contentcheck_model::source::Span;

/// Looks at every item and at the names of the selections.
pub(crate) fn check(detections: &Detections<'_>, sink: &mut Sink) {
    alike_names(detections, sink);
    for item in &detections.items {
        field_name(item, sink);
        whole_item(item, sink);
        for value in &item.values {
            if let (Kind::Plain, Raw::Text(text)) = (item.modifiers.kind, &value.raw) {
                placeholder(item, value, text, sink);
                escaped_wildcard(value, text, sink);
                stray_character(item, value, text, sink);
            }
        }
    }
}

/// What `1 of` and `all of` cover and probably should not.
pub(crate) fn quantity(
    quantity: Quantity,
    pattern: &str,
    matching: &[usize],
    detections: &Detections<'_>,
    span: Span,
    sink: &mut Sink,
) {
    let word = if quantity == Quantity::All { "all" } else { "1" };
    let selections = || matching.iter().filter_map(|index| detections.selections.get(*index));
    if pattern.eq_ignore_ascii_case("them") {
        let is_filter = |name: &str| name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("filter"));
        let Some(filter) = selections().find(|selection| is_filter(selection.name)) else { return };
        if selections().all(|selection| is_filter(selection.name)) {
            return;
        }
        let found = sink
            .diagnostic(
                &codes::FILTER_IN_THEM,
                span,
                format!("`{word} of them` covers the filter `{}` too", clip(filter.name)),
            )
            .with_place(filter.span, "the filter")
            .with_help(format!("name what is meant, as in `{word} of selection* and not 1 of filter*`"));
        sink.push(found);
    } else if !pattern.contains('*') {
        let message = format!("`{word} of {0}` covers the selection `{0}` alone", clip(pattern));
        let help = format!("write `{word} of {0}*`, or `{0}`", clip(pattern));
        sink.push(sink.diagnostic(&codes::OF_WITHOUT_STAR, span, message).with_help(help));
    }
}

fn alike_names(detections: &Detections<'_>, sink: &mut Sink) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (index, selection) in detections.selections.iter().enumerate() {
        let Some(first) = seen.insert(selection.name.to_lowercase(), index) else { continue };
        let Some(first) = detections.selections.get(first) else { continue };
        let found = sink
            .diagnostic(
                &codes::ALIKE_NAMES,
                selection.span,
                format!("`{}` and `{}` differ in case alone", clip(first.name), clip(selection.name)),
            )
            .with_place(first.span, "the other")
            .with_help("rename one of them");
        sink.push(found);
    }
}

fn field_name(item: &Item<'_>, sink: &mut Sink) {
    let Some(field) = item.field else { return };
    let help = if field.trim() != field {
        format!("write `{}`; the blank is a part of the name", clip(field.trim()))
    } else if field.contains('*') {
        "Sigma has no wildcards in names of fields; name each field".to_owned()
    } else if field.split('.').any(is_array_selector) {
        "Sigma 2.1 has no selectors of array elements; the brackets are a part of the name".to_owned()
    } else {
        return;
    };
    let message = format!("`{}` is read as the name of a field", clip(field));
    sink.push(sink.diagnostic(&codes::ODD_FIELD_NAME, item.field_span, message).with_help(help));
}

/// `name[any]`, `name[0]`.
fn is_array_selector(segment: &str) -> bool {
    let selector = segment.strip_suffix(']').and_then(|segment| segment.split_once('['));
    selector.is_some_and(|(name, inner)| {
        !name.is_empty()
            && (["any", "all", "all_or_empty", "none"].contains(&inner)
                || !inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// What is wrong with the list of values or the modifiers as a whole.
fn whole_item(item: &Item<'_>, sink: &mut Sink) {
    let modifiers = &item.modifiers;
    // With modifiers that compare a text, `null` is an error of its own.
    let plain = modifiers.kind == Kind::Plain && modifiers.part == Part::Whole && modifiers.encodings.is_empty();
    if plain
        && item.values.iter().any(|value| value.raw != Raw::Null)
        && let Some(null) = item.values.iter().find(|value| value.raw == Raw::Null)
    {
        let message = match item.field {
            Some(field) => format!("`null` among other values: true where `{}` is absent", clip(field)),
            None => "`null` among the keywords".to_owned(),
        };
        let found = sink.diagnostic(&codes::NULL_IN_LIST, null.span, message);
        sink.push(found.with_help("move it to a selection of its own, or remove the empty entry"));
    }
    if modifiers.kind == Kind::Regex && modifiers.all && item.values.len() > 1 {
        let message = format!("each of these {} expressions must match the value", item.values.len());
        let found = sink.diagnostic(&codes::ALL_EXPRESSIONS, item.key_span, message);
        sink.push(found.with_help("leave `all` out if one of them is enough"));
    }
    if item.field.is_some() && modifiers.part != Part::Contains && modifiers.encodings.contains(&Encoding::Base64Offset)
    {
        let message = "`base64offset` gives pieces of an encoded text; no whole value equals a piece";
        let found = sink.diagnostic(&codes::ENCODED_WHOLE, item.key_span, message);
        sink.push(found.with_help("write `base64offset|contains`"));
    }
}

/// `%admin_users%` without `expand`.
fn placeholder(item: &Item<'_>, value: &Written<'_>, text: &str, sink: &mut Sink) {
    let name = text.strip_prefix('%').and_then(|text| text.strip_suffix('%')).unwrap_or("");
    let looks_like_one = name.contains('_')
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if item.modifiers.expand || !looks_like_one {
        return;
    }
    let found = sink.diagnostic(
        &codes::UNEXPANDED_PLACEHOLDER,
        value.span,
        format!("`{}` looks like a placeholder, but `expand` is not there", clip(text)),
    );
    sink.push(found.with_help("add `|expand`; without it the value is compared with the percent signs"));
}

/// `\directory\*`: the last backslash takes away the meaning of the star.
fn escaped_wildcard(value: &Written<'_>, text: &str, sink: &mut Sink) {
    if !text.contains("\\*") {
        return;
    }
    // The letters since the last backslash that stands for itself, if there is one.
    let mut name: Option<usize> = None;
    let mut blank = false;
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match (character, rest.peek()) {
            ('\\', Some('*')) => {
                if name.is_some_and(|length| length > 0) && !blank {
                    let message = format!("`\\*` in `{}` is a star, not a backslash and a wildcard", clip(text));
                    let help = "for everything below the directory write `\\\\*`; for a star write `\\\\\\*`";
                    sink.push(sink.diagnostic(&codes::ESCAPED_WILDCARD, value.span, message).with_help(help));
                    return;
                }
                (name, blank) = (None, false);
                rest.next();
            }
            ('\\', Some('?')) => {
                (name, blank) = (None, false);
                rest.next();
            }
            ('\\', next) => {
                if next == Some(&'\\') {
                    rest.next();
                }
                (name, blank) = (Some(0), false);
            }
            _ if character.is_alphanumeric() || " _.%(){}~$-".contains(character) => {
                name = name.map(|length| length + 1);
                blank = character == ' ';
            }
            _ => (name, blank) = (None, false),
        }
    }
}

/// Blanks at an edge that is compared, and characters that only an escape can make.
fn stray_character(item: &Item<'_>, value: &Written<'_>, text: &str, sink: &mut Sink) {
    if let Some(control) = text.chars().find(|character| character.is_control()) {
        let (what, why) = match control {
            '\t' => ("a tab", "between double quotes YAML reads `\\t` as a tab; write a path in single quotes"),
            '\n' => ("a line break", "write the value on one line; a path in single quotes"),
            _ => ("a control character", "between double quotes YAML reads escapes; write a path in single quotes"),
        };
        let message = format!("`{}` holds {what}", clip(text));
        sink.push(sink.diagnostic(&codes::STRAY_CHARACTER, value.span, message).with_help(why));
        return;
    }
    let modifiers = &item.modifiers;
    if item.field.is_none() || !modifiers.encodings.is_empty() || text.trim().is_empty() {
        return;
    }
    let at_start = matches!(modifiers.part, Part::Whole | Part::StartsWith) && text.starts_with(' ');
    let at_end = modifiers.part == Part::Whole && text.ends_with(' ');
    if at_start || at_end {
        let edge = if at_start { "begins" } else { "ends" };
        let whole = if modifiers.part == Part::Whole { "the whole value" } else { "the beginning" };
        let found = sink.diagnostic(
            &codes::STRAY_CHARACTER,
            value.span,
            format!("`{}` {edge} with a blank, and {whole} is compared", clip(text)),
        );
        sink.push(found.with_help("remove the blank, or use `contains` if a part is meant"));
    }
}

/// An expression without expression, or with `.*` at an edge.
pub(crate) fn plain_expression(item: &Item<'_>, value: &Written<'_>, sink: &mut Sink) {
    let text = value.text;
    if matches_all(item, value) || text.is_empty() {
        return;
    }
    let (message, help) = if !text.contains(['\\', '.', '^', '$', '*', '+', '?', '{', '}', '(', ')', '[', ']', '|']) {
        let modifier = if item.modifiers.ignore_case { "contains" } else { "contains|cased" };
        (format!("`{}` is a plain text, not an expression", clip(text)), format!("write `{modifier}`"))
    } else {
        let escapes =
            text.strip_suffix(".*").map(|start| start.bytes().rev().take_while(|byte| *byte == b'\\').count());
        let edge = match (text.starts_with(".*"), escapes.is_some_and(|count| count % 2 == 0)) {
            (true, true) => "both ends",
            (true, false) => "the start",
            (false, true) => "the end",
            (false, false) => return,
        };
        (
            format!("`.*` at {edge} of an expression has no effect"),
            "remove it; an expression may match anywhere".to_owned(),
        )
    };
    sink.push(sink.diagnostic(&codes::PLAIN_EXPRESSION, value.span, message).with_help(help));
}

#[cfg(test)]
mod tests {
    use super::*;
    use contentcheck_model::source::Source;

    fn escaped(text: &str) -> bool {
        let mut sink = Sink::new(&Source::new("c", text));
        let value = Written { raw: Raw::Text(text), text, span: Span::default() };
        escaped_wildcard(&value, text, &mut sink);
        !sink.is_empty()
    }

    #[test]
    fn a_star_after_a_directory_is_doubted_and_no_other() {
        for doubted in [r"C:\Windows\*", r"\AppData\local\temp\*.rar\", r"HKLM\Software\Run Once\*", r"\a\\b\*"] {
            assert!(escaped(doubted), "{doubted}");
        }
        for meant in [
            r"C:\Windows\\*",
            r"\*avira\*",
            r"(objectclass=\*)",
            r" -Filter \*",
            r"\\\\\*\\IPC$",
            r"C:\\WINDOWS\\system32\\\*.bat",
            r"\cmd.exe /tn \*",
            r"index.php\?h=",
            r":\*",
        ] {
            assert!(!escaped(meant), "{meant}");
        }
    }

    #[test]
    fn selectors_of_arrays() {
        assert!(is_array_selector("connections[any]") && is_array_selector("args[0]"));
        assert!(!is_array_selector("[any]") && !is_array_selector("a[b]") && !is_array_selector("a[]"));
    }
}
