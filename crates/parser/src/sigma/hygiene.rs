//! What can be read from a detection as it is written: values and names that say something
//! else than they seem to.

use std::collections::HashMap;

use super::condition::Quantity;
use super::detection::{Detections, Item, Raw, Written, matches_all};
use super::modifier::{Encoding, Kind, Part};
use contentcheck_model::catalogue::Entry;
use contentcheck_model::characters;
use contentcheck_model::diagnostic::{Sink, clip, codes};
use contentcheck_model::exporters;
use contentcheck_model::language::Language;
use contentcheck_model::mention::THEM;
use contentcheck_model::predicate::Comparison;
use contentcheck_model::regex::{self, Path};
use contentcheck_model::slip::{self, Compared, Foreign, Several, Sought};
use contentcheck_model::source::Span;
use contentcheck_model::template::{CHANNEL, EVENT_ID, PROVIDER, Scalar};

/// Looks at every item and at the names of the selections.
pub(crate) fn check(detections: &Detections<'_>, types: &[&Entry], sink: &mut Sink) {
    alike_names(detections, sink);
    for selection in &detections.selections {
        characters("the name of a selection", selection.name, selection.span, sink);
    }
    for item in &detections.items {
        field_name(item, types, sink);
        whole_item(item, sink);
        let mut is_told = false;
        for value in &item.values {
            // What the value is comes before what others make of it.
            is_told |= spelt_number(item, value, types, sink) || (!is_told && other_type(item, value, sink));
            let Raw::Text(text) = &value.raw else { continue };
            let is_regex = item.modifiers.kind == Kind::Regex;
            characters::in_value(Language::Sigma, is_regex, text, value.span, sink);
            if item.modifiers.kind == Kind::Plain {
                placeholder(item, value, text, sink);
                escaped_wildcard(value, text, sink);
                share(item, value, text, sink);
                query_wildcard(item, value, text, sink);
                if foreign_pattern(item, value, text, sink) {
                    continue;
                }
                if !stray_character(item, value, text, sink) && !stray_mark(item, value, text, sink) {
                    values_in_string(item, value, text, sink);
                }
            }
        }
    }
}

/// Characters of a name or a condition that cannot be seen, or that look like others.
pub(crate) fn characters(what: &str, text: &str, span: Span, sink: &mut Sink) {
    characters::in_name(Language::Sigma, what, text, span, sink);
}

/// A number, boolean or null behind a modifier that takes strings, a string behind one that takes numbers, and one that has no UTF-16 to others. Here what
/// is written counts. Held to pySigma 2.0.1.
fn other_type(item: &Item<'_>, value: &Written<'_>, sink: &mut Sink) -> bool {
    let modifiers = &item.modifiers;
    let order = match modifiers.kind {
        Kind::Time(part) => Some(part.as_str()),
        Kind::Order(Comparison::Less) => Some("lt"),
        Kind::Order(Comparison::LessOrEqual) => Some("lte"),
        Kind::Order(Comparison::Greater) => Some("gt"),
        Kind::Order(Comparison::GreaterOrEqual) => Some("gte"),
        _ => None,
    };
    let (message, help) = match (&value.raw, modifiers.of_string(), order) {
        (Raw::Text(text), ..) if !is_utf16_to_others(text, &modifiers.encodings) => (
            format!("readers such as pySigma write ASCII alone in UTF-16, and refuse `{}`", clip(text)),
            "for them, leave the modifiers out and write what they make of the value".to_owned(),
        ),
        // What is no number is an error of its own.
        (Raw::Text(text), _, Some(modifier)) if text.parse::<f64>().is_ok() => (
            format!(
                "`{modifier}` takes a number, and '{}' is a string; readers such as pySigma refuse that",
                clip(text)
            ),
            format!("leave the quotes out: {}", clip(text)),
        ),
        // Where a part of a string is looked for, null is an error of its own.
        (Raw::Null, Some(modifier), _) if modifiers.part == Part::Whole && modifiers.encodings.is_empty() => (
            format!(
                "`{modifier}` takes a string, and `{}` is null; readers such as pySigma refuse that",
                clip(value.written)
            ),
            format!("leave `{modifier}` out for null; an empty string is ''"),
        ),
        (Raw::Int(_) | Raw::Float(_) | Raw::Bool(_), Some(modifier), _) => {
            let is = if matches!(value.raw, Raw::Bool(_)) { "a boolean" } else { "a number" };
            let written = clip(value.written);
            (
                format!("`{modifier}` takes a string, and `{written}` is {is}; readers such as pySigma refuse that"),
                format!("if a string is meant, quote it: '{}'", clip(&value.text)),
            )
        }
        _ => return false,
    };
    sink.push(sink.diagnostic(&codes::OTHER_SIGMA, value.span, message).with_help(help));
    true
}

/// Whether others write a value in UTF-16: they keep what it is encoded to as a string, in which not every two bytes can stand.
fn is_utf16_to_others(text: &str, encodings: &[Encoding]) -> bool {
    let bytes: Vec<u8> = match encodings.iter().find(|encoding| !matches!(encoding, Encoding::Windash)) {
        Some(Encoding::Utf16Le | Encoding::Utf16) => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Some(Encoding::Utf16Be) => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => return true,
    };
    std::str::from_utf8(&bytes).is_ok()
}

/// A number that is compared as a string in another spelling than its own.
fn spelt_number(item: &Item<'_>, value: &Written<'_>, types: &[&Entry], sink: &mut Sink) -> bool {
    let modifiers = &item.modifiers;
    let as_text = item.field.is_none()
        || modifiers.part != Part::Whole
        || !modifiers.encodings.is_empty()
        || modifiers.kind == Kind::Regex;
    let is_lost = match value.raw {
        // What readers of YAML differ on has its finding where it is read.
        Raw::Int(number) => {
            let is_told = || super::scalar::readings(value.written, &super::yaml::Scalar::Int(number)).is_some();
            matches!(modifiers.kind, Kind::Plain | Kind::Regex) && (as_text || !is_told())
        }
        // As a value it is rounded, and which strings equal it is anybody's guess.
        Raw::Float(_) => !value.written.contains(['e', 'E']) && matches!(modifiers.kind, Kind::Plain | Kind::Regex),
        _ => false,
    };
    // On a number it is compared by its value, and quotes would not change that.
    let is_number = |of: &&Entry| {
        let scalar = item.field.and_then(|field| of.describe(field)).map(|info| info.ty.scalar);
        matches!(scalar, Some(Scalar::Int | Scalar::Float))
    };
    let by_value = item.modifiers.kind == Kind::Plain && !as_text && types.iter().any(is_number);
    if !is_lost || by_value || value.written == value.text {
        return false;
    }
    let message = format!("`{}` is the number {} in YAML", clip(value.written), clip(&value.text));
    let found = sink.diagnostic(&codes::AMBIGUOUS_SCALAR, value.span, message);
    sink.push(found.with_help("quote it to compare it as it is written"));
    true
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
    if pattern == THEM {
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

fn field_name(item: &Item<'_>, types: &[&Entry], sink: &mut Sink) {
    let Some(field) = item.field else { return };
    characters("the name of a field", field, item.field_span, sink);
    // Where all fields are declared, a name of another form is unknown.
    let is_open = types.iter().any(|of| of.template.open);
    let is_of_windows = |name: &str| [CHANNEL, EVENT_ID].contains(&name);
    let joins_blanks = || types.iter().any(|of| of.template.reads.iter().any(|read| is_of_windows(&read.name)));
    // Only events of Windows are read by what exporters of them mean.
    let are_of_windows = types.iter().any(|of| {
        let mut reads = of.template.reads.iter();
        reads.len() == 0 || reads.any(|read| read.name == PROVIDER || is_of_windows(&read.name))
    });
    let recorded = if is_open && are_of_windows { exporters::recorded_as(field, joins_blanks()) } else { None };
    let help = if field.trim() != field {
        format!("write `{}`; the space is a part of the name", clip(field.trim()))
    } else if field.contains('*') {
        "Sigma has no wildcards in names of fields; name each field".to_owned()
    } else if field.split('.').any(is_array_selector) {
        "Sigma 2.1 has no selectors of array elements; the brackets are a part of the name".to_owned()
    } else if let Some(recorded) = recorded {
        recorded.advice(clip)
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
        let message = format!("each of these {} regexes must match", item.values.len());
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
    // Whether nothing or a wildcard stands before.
    let mut is_open = true;
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match (character, rest.peek()) {
            ('\\', Some('*')) => {
                // Behind a name; or as a part of a path by itself, which behind `\\` it really is: the share `\\*\IPC$`.
                let goes_on = rest.clone().nth(1) == Some('\\');
                if goes_on && is_open || name.is_some_and(|length| length > 0) && !blank {
                    let message = format!("`\\*` in `{}` is a star, not a backslash and a wildcard", clip(text));
                    let help = "for a backslash and any text behind it write `\\\\*`, for a backslash and a star `\\\\\\*`; as it stands it is a star without a backslash";
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
            _ if character.is_alphanumeric() || " _.%(){}~$-?".contains(character) => {
                name = name.map(|length| length + 1);
                blank = character == ' ';
            }
            _ => (name, blank) = (None, false),
        }
        is_open = character == '*';
    }
}

/// `\\\\server\\share\\` where the beginning is compared: the two backslashes are one, with which no path of a share begins.
fn share(item: &Item<'_>, value: &Written<'_>, text: &str, sink: &mut Sink) {
    let begins = matches!(item.modifiers.part, Part::Whole | Part::StartsWith) && item.modifiers.encodings.is_empty();
    let Some(rest) = text.strip_prefix(r"\\").filter(|_| begins && item.field.is_some()) else { return };
    let is_name = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-' | '_');
    let name = rest.split(|sign| !is_name(sign)).next().unwrap_or("");
    if name.is_empty() || !rest.get(name.len()..).is_some_and(|rest| rest.starts_with('\\')) {
        return;
    }
    let message = format!("`{}` begins with one backslash: `\\\\` is an escape that stands for one", clip(text));
    let found = sink.diagnostic(&codes::ESCAPED_WILDCARD, value.span, message);
    sink.push(found.with_help(format!("a share begins with two: write `\\\\\\\\{}`", clip(rest))));
}

/// `x.php?id=`: the question mark of a URL is a wildcard.
fn query_wildcard(item: &Item<'_>, value: &Written<'_>, text: &str, sink: &mut Sink) {
    let is_name = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '_' | '-' | '.' | ':' | '%' | '[' | ']');
    let mut escaped = false;
    for (at, sign) in text.char_indices() {
        if sign == '?' && !escaped {
            let before = text.get(..at).unwrap_or("");
            let after = text.get(at + 1..).unwrap_or("");
            let name = after.find(|sign: char| !is_name(sign)).and_then(|end| after.split_at_checked(end));
            let is_query = name.is_some_and(|(name, rest)| {
                name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') && rest.starts_with('=')
            });
            let is_page = || PAGES.iter().any(|page| before.ends_with(page));
            if is_query || (after.is_empty() && is_page()) {
                let message = format!("the `?` in `{}` stands for any one character", clip(text));
                let found = sink.diagnostic(&codes::QUERY_WILDCARD, value.span, message);
                let help = match item.field.filter(|field| QUERIES.contains(field)) {
                    Some(field) if after.is_empty() => {
                        format!("`{field}` is the query alone, as the W3C has it: look for the page in `cs-uri-stem`")
                    }
                    Some(field) => format!(
                        "`{field}` is the query alone, without its `?`, as the W3C has it: write `{}`{}; where a collector puts the whole address there, accept this finding",
                        clip(after),
                        if before.is_empty() { "" } else { ", and look for what is before it in `cs-uri-stem`" }
                    ),
                    None => "write `\\?` for the question mark of a URL".to_owned(),
                };
                sink.push(found.with_help(help));
                return;
            }
        }
        escaped = sign == '\\' && !escaped;
    }
}

/// `^cmd.*$`, `(?i)cmd`, `/evil/i` without `re`. Says whether it is one.
fn foreign_pattern(item: &Item<'_>, value: &Written<'_>, text: &str, sink: &mut Sink) -> bool {
    let sought = sought(item, value, text, sink);
    let Some(foreign) = sought.foreign().filter(|_| item.modifiers.encodings.is_empty()) else { return false };
    let message = format!("`{}` is a regex, and without `re` it is compared as it is written", clip(text));
    let help = match (item.field, foreign) {
        (Some(field), Foreign::Bare) => {
            format!("write `{}|re`; elsewhere only `*` and `?` have a meaning", clip(field))
        }
        (Some(field), Foreign::Slashes(inner, flags)) => {
            let flags: String =
                ["i", "m", "s"].iter().filter(|flag| flags.contains(**flag)).fold(String::new(), |mut all, flag| {
                    all.push('|');
                    all.push_str(flag);
                    all
                });
            format!("write `{}|re{flags}: '{}'`, without slashes", clip(field), clip(&inner.replace("\\/", "/")))
        }
        (None, _) => "ask a field with `re`; in keywords only `*` and `?` have a meaning".to_owned(),
    };
    sink.push(sink.diagnostic(&codes::FOREIGN_PATTERN, value.span, message).with_help(help));
    true
}

/// A value as it is asked whether it looks like a slip.
fn sought<'t>(item: &'t Item<'_>, value: &Written<'_>, text: &'t str, sink: &Sink) -> Sought<'t> {
    let compared = match item.modifiers.part {
        Part::Whole => Compared::Whole,
        Part::StartsWith => Compared::Start,
        Part::EndsWith => Compared::End,
        Part::Contains => Compared::Part,
    };
    let is_quoted = sink.source().slice(value.span).starts_with(['"', '\'']);
    Sought { text, compared, field: item.field, is_quoted }
}

/// What pages on the web end in.
const PAGES: &[&str] =
    &[".php", ".asp", ".aspx", ".ashx", ".jsp", ".jspx", ".cgi", ".html", ".htm", ".cfm", ".do", ".action", ".pl"];

/// Fields that have the query of an address without the question mark before it.
const QUERIES: &[&str] = &["cs-uri-query", "c-uri-query"];

/// Quotes and commas that were left over when a value was cut out of a longer text. Says whether there are some.
fn stray_mark(item: &Item<'_>, value: &Written<'_>, text: &str, sink: &mut Sink) -> bool {
    let sought = sought(item, value, text, sink);
    let Some((mark, edge)) = sought.mark().filter(|_| item.modifiers.encodings.is_empty()) else { return false };
    let message = format!("`{}` {edge} with `{mark}`, which is compared as a part of the value", clip(text));
    let help = match mark {
        _ if sought.is_in_marks() => {
            "write `'` at both ends: these are quotes of a word processor, and no quotes of YAML"
        }
        ',' if sought.is_quoted => "remove it; if the value has it, accept this finding",
        ',' => "remove it; where it is meant, quote the value",
        _ => "remove it; if the value has it, compare with a pattern that shows why, or accept this finding",
    };
    sink.push(sink.diagnostic(&codes::STRAY_CHARACTER, value.span, message).with_help(help));
    true
}

/// `4624, 4625`, `4624-4634`, `["a","b"]`
fn values_in_string(item: &Item<'_>, value: &Written<'_>, text: &str, sink: &mut Sink) {
    let sought = sought(item, value, text, sink);
    let Some(several) = sought.several().filter(|_| item.modifiers.encodings.is_empty()) else { return };
    let (what, help) = match several {
        Several::List => ("several values", "write the values as a list, each on a line of its own behind `- `"),
        Several::Range => ("a range", "write two items, one with `gte` and one with `lte`, or list the numbers"),
    };
    let message = format!("`{}` looks like {what} and is compared as one string", clip(text));
    sink.push(sink.diagnostic(&codes::VALUES_IN_STRING, value.span, message).with_help(help));
}

/// Spaces at an edge that is compared, and characters that only an escape can make. Says whether there are some.
fn stray_character(item: &Item<'_>, value: &Written<'_>, text: &str, sink: &mut Sink) -> bool {
    if let Some(control) = text.chars().find(|character| character.is_control()) {
        let (what, why) = match control {
            '\t' => ("a tab", "between double quotes YAML reads `\\t` as a tab; write a path in single quotes"),
            '\n' => ("a line break", "write the value on one line; a path in single quotes"),
            _ => ("a control character", "between double quotes YAML reads escapes; write a path in single quotes"),
        };
        let message = format!("`{}` holds {what}", clip(text));
        sink.push(sink.diagnostic(&codes::STRAY_CHARACTER, value.span, message).with_help(why));
        return true;
    }
    let Some(edge) = spaced(item, text) else {
        // An option beside others that a space shows to be parts of a longer text is one as well.
        let is_beside = is_option(item, text)
            && item.values.iter().any(|other| {
                matches!(other.raw, Raw::Text(other) if is_option(item, other) && spaced(item, other).is_some())
            });
        if is_beside {
            let message = format!("`{}` is a part of a command line, and {} is compared", clip(text), compared(item));
            let found = sink.diagnostic(&codes::STRAY_CHARACTER, value.span, message);
            sink.push(found.with_help(format!("{}, as for the values beside it", contains(item))));
        }
        return is_beside;
    };
    let message = format!("`{}` {edge} with a space, and {} is compared", clip(text), compared(item));
    let found = sink.diagnostic(&codes::STRAY_CHARACTER, value.span, message);
    sink.push(found.with_help(if is_option(item, text) {
        format!("{}; without the space it is compared in the same way, and matches as little", contains(item))
    } else {
        "remove the space, or use `contains` if a part is meant".to_owned()
    }));
    true
}

/// Whether a space stands at an edge of a value that is compared, and at which.
fn spaced(item: &Item<'_>, text: &str) -> Option<&'static str> {
    let modifiers = &item.modifiers;
    if item.field.is_none() || !modifiers.encodings.is_empty() || text.trim().is_empty() {
        return None;
    }
    // Windows leaves a space at the end of many command lines, and rules look for it.
    let is_end = modifiers.part == Part::Whole || (modifiers.part == Part::EndsWith && !is_command(item));
    if matches!(modifiers.part, Part::Whole | Part::StartsWith) && text.starts_with(' ') {
        Some("begins")
    } else {
        (is_end && text.ends_with(' ')).then_some("ends")
    }
}

/// Whether the field has command lines, scripts and the like: texts of many parts.
fn is_command(item: &Item<'_>) -> bool {
    item.field.is_some_and(slip::is_command)
}

/// Whether a value is an option of a command, compared where no text begins with one: without a space it is as dead.
fn is_option(item: &Item<'_>, text: &str) -> bool {
    let starts = matches!(item.modifiers.part, Part::Whole | Part::StartsWith);
    starts && is_command(item) && !text.contains('*') && text.trim_start().starts_with(['-', '/'])
}

/// What of the field is compared.
const fn compared(item: &Item<'_>) -> &'static str {
    match item.modifiers.part {
        Part::Whole => "the whole value",
        Part::EndsWith => "the end",
        _ => "the beginning",
    }
}

fn contains(item: &Item<'_>) -> String {
    format!("write `{}|contains`", clip(item.field.unwrap_or("")))
}

/// An expression without expression, or with `.*` at an edge.
pub(crate) fn plain_expression(item: &Item<'_>, value: &Written<'_>, sink: &mut Sink) {
    let text = &*value.text;
    if matches_all(item, value) || text.is_empty() {
        return;
    }
    let (message, help) = if !text.contains(['\\', '.', '^', '$', '*', '+', '?', '{', '}', '(', ')', '[', ']', '|']) {
        let modifier = if item.modifiers.ignore_case { "contains" } else { "contains|cased" };
        (format!("`{}` is a plain string, not a regex", clip(text)), format!("write `{modifier}`"))
    } else {
        let escapes =
            text.strip_suffix(".*").map(|start| start.bytes().rev().take_while(|byte| *byte == b'\\').count());
        let edge = match (text.starts_with(".*"), escapes.is_some_and(|count| count % 2 == 0)) {
            (true, true) => "both ends",
            (true, false) => "the start",
            (false, true) => "the end",
            (false, false) => return,
        };
        (format!("`.*` at {edge} of a regex has no effect"), "remove it; a regex may match anywhere".to_owned())
    };
    sink.push(sink.diagnostic(&codes::PLAIN_EXPRESSION, value.span, message).with_help(help));
}

/// `C:\Windows` as a regex, and `C:\\\\Windows` where a field has paths alone.
pub(crate) fn path_in_regex(item: &Item<'_>, value: &Written<'_>, sink: &mut Sink) {
    let text = &*value.text;
    let (message, help) = match regex::written_path(text) {
        Some(Path::Escape(from, to)) => {
            let part = clip(text.get(from..to).unwrap_or(""));
            let escape = clip(text.get(from..from + 2).unwrap_or(""));
            (
                format!("`{part}` looks like a part of a path, and `{escape}` has a meaning of its own in a regex"),
                "for a backslash, as in a path, write `\\\\`",
            )
        }
        Some(Path::Twice(..)) if item.field.is_some_and(slip::has_paths) => (
            format!("`{}` asks for two backslashes after the drive", clip(text)),
            "write `\\\\` for one backslash: YAML doubles none in single quotes",
        ),
        _ => return,
    };
    sink.push(sink.diagnostic(&codes::REGEX_PATH, value.span, message).with_help(help));
}

#[cfg(test)]
mod tests {
    use super::super::modifier;
    use super::*;
    use contentcheck_model::source::Source;

    fn escaped(text: &str) -> bool {
        let mut sink = Sink::new(&Source::new("c", text));
        let value = Written { raw: Raw::Text(text), text: text.into(), written: text, span: Span::default() };
        escaped_wildcard(&value, text, &mut sink);
        !sink.is_empty()
    }

    #[test]
    fn values_of_a_type_that_others_refuse_behind_a_modifier_are_told() {
        let told = |modifiers: &str, written: &str, raw: Raw<'_>| {
            let mut sink = Sink::new(&Source::new("c", written));
            let modifiers = modifier::parse(modifiers, Some(0), Span::default(), &mut sink).unwrap();
            let value = Written { raw, text: written.into(), written, span: Span::default() };
            let item = Item {
                field: Some("CommandLine"),
                field_span: Span::default(),
                modifiers,
                values: vec![value.clone()],
                span: Span::default(),
                key_span: Span::default(),
                mapping: &[],
            };
            other_type(&item, &value, &mut sink)
        };
        for modifier in
            ["contains", "startswith", "endswith", "windash", "base64", "wide|base64offset", "cased", "expand"]
        {
            assert!(told(modifier, "5", Raw::Int(5)) && told(modifier, "1.5", Raw::Float(1.5)), "{modifier}");
            assert!(told(modifier, "true", Raw::Bool(true)) && !told(modifier, "5", Raw::Text("5")), "{modifier}");
            // Where it is an error it is no warning.
            assert_eq!(told(modifier, "null", Raw::Null), ["cased", "expand"].contains(&modifier), "{modifier}");
        }
        for modifier in ["re", "neq", "all", "exists", "fieldref"] {
            assert!(!told(modifier, "5", Raw::Int(5)) && !told(modifier, "5", Raw::Text("5")), "{modifier}");
        }
        for modifier in ["minute", "hour", "day", "week", "month", "year", "lt", "lte", "gt", "gte"] {
            assert!(!told(modifier, "5", Raw::Int(5)) && told(modifier, "5", Raw::Text("5")), "{modifier}");
            assert!(!told(modifier, "a", Raw::Text("a")), "{modifier}");
        }
        // Of these, what some letters are encoded to is a string in UTF-8 as well.
        for (text, is_told) in [("a", false), ("é", true), ("日本", true), ("\u{1f600}", true), ("\u{17f}", false)] {
            for modifier in ["wide|base64", "utf16|base64", "wide|base64offset|contains"] {
                assert_eq!(told(modifier, text, Raw::Text(text)), is_told, "{modifier}: {text}");
            }
            assert!(!told("base64", text, Raw::Text(text)) && !told("windash", text, Raw::Text(text)));
        }
    }

    #[test]
    fn a_star_after_a_directory_is_doubted_and_no_other() {
        for doubted in [
            r"C:\Windows\*",
            r"\*\a.exe",
            r"\\*\*\a",
            r"C:\Win?ows\*\a.exe",
            r"*\*\a",
            r"\AppData\local\temp\*.rar\",
            r"HKLM\Software\Run Once\*",
            r"\a\\b\*",
        ] {
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
