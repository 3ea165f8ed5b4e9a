//! Detections: from YAML nodes to selections of typed items.

use std::borrow::Cow;

use super::modifier::{self, Kind, Modifiers};
use super::names::is_modifier;
use super::scalar;
use super::text;
use super::yaml::{Node, Scalar, Style, Yaml, is_merge_key, merge_key};
use contentcheck_model::diagnostic::{Diagnostic, FixKind, Severity, Sink, Unread, clip, codes, head, tail};
use contentcheck_model::limits;
use contentcheck_model::regex;
use contentcheck_model::source::Span;

/// A value as the rule wrote it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw<'n> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'n str),
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Written<'n> {
    pub(crate) raw: Raw<'n>,
    /// What it is as a string: a number in decimal, however it is written.
    pub(crate) text: Cow<'n, str>,
    /// How it is written, without quotes.
    pub(crate) written: &'n str,
    pub(crate) span: Span,
}

/// One `field|modifiers: values`.
#[derive(Clone, Debug)]
pub(crate) struct Item<'n> {
    /// `None` for keywords, which may stand in any field.
    pub(crate) field: Option<&'n str>,
    pub(crate) field_span: Span,
    pub(crate) modifiers: Modifiers,
    pub(crate) values: Vec<Written<'n>>,
    /// Key and values.
    pub(crate) span: Span,
    /// The key with its modifiers.
    pub(crate) key_span: Span,
    /// The mapping that it stands in.
    pub(crate) mapping: &'n [(Node<'n>, Node<'n>)],
}

impl Item<'_> {
    /// Whether a key can be written in the place of this one: the mapping has no such key yet.
    pub(crate) fn can_be(&self, key: &str) -> bool {
        !self.mapping.iter().any(|(other, _)| other.text() == Some(key))
    }
}

/// What a selection asks for. Items are indices into [`Detections::items`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    Item(usize),
    All(Vec<Self>),
    Any(Vec<Self>),
    /// Could not be read: neither true nor false.
    Unreadable(Unread),
}

/// One named selection.
#[derive(Clone, Debug)]
pub(crate) struct Selection<'n> {
    pub(crate) name: &'n str,
    pub(crate) span: Span,
    pub(crate) body: Body,
}

/// All selections of a rule.
#[derive(Clone, Debug, Default)]
pub(crate) struct Detections<'n> {
    pub(crate) items: Vec<Item<'n>>,
    pub(crate) selections: Vec<Selection<'n>>,
    /// Where `condition` is written.
    pub(crate) condition: Span,
    /// Keys beside `detection` that are no attributes, which may have been meant as selections.
    pub(crate) strays: Vec<(String, Span)>,
    values: usize,
    /// Beyond the limit of values.
    over: Option<Unread>,
}

/// Tells a name or a condition, by `what` it is, that is no text in YAML 1.1 or 1.2.
pub(crate) fn no_text(what: &str, node: &Node<'_>, text: &str, sink: &mut Sink) {
    // A merge key was reported with the YAML, and so was one that is missing; to PyYAML a single letter is text.
    if is_merge_key(node) || matches!(text, "" | "y" | "Y" | "n" | "N") {
        return;
    }
    let Some(scalar) = node.scalar() else { return };
    let is_plain = matches!(node.value, Yaml::Scalar(_, Style::Plain));
    let is = match scalar {
        Scalar::Null => "null".to_owned(),
        Scalar::Bool(_) => "a boolean".to_owned(),
        Scalar::Int(_) | Scalar::HugeInt(_) | Scalar::Float(_) => "a number".to_owned(),
        Scalar::Text(_) if !is_plain => return,
        Scalar::Text(_) => match scalar::readings(text, &scalar) {
            Some((old, _)) => old,
            None => return,
        },
    };
    let message = format!("the {what} `{}` is {is} to readers such as pySigma, which refuse it", clip(text));
    let found = sink.diagnostic(&codes::OTHER_SIGMA, node.span, message).with_help(format!("write '{text}'"));
    sink.push(found.with_fix(FixKind::Quotes, format!("quote the {what}"), node.span, format!("'{text}'")));
}

/// Reads the selections under `detection` (or `filter`): every key but those in `reserved`.
pub(crate) fn read<'n>(entries: &'n [(Node<'_>, Node<'_>)], reserved: &[&str], sink: &mut Sink) -> Detections<'n> {
    let mut found = Detections::default();
    for (key, value) in entries {
        let Some(name) = key.text() else {
            sink.unread(&codes::WRONG_SHAPE, key.span, "the name of a selection must be a string");
            continue;
        };
        no_text("name", key, name, sink);
        // The second of two selections with one name was reported with the YAML.
        if reserved.contains(&name) || found.selections.iter().any(|selection| selection.name == name) {
            continue;
        }
        if found.selections.len() >= limits::SELECTIONS {
            let message = format!("more than {} selections in one rule", limits::SELECTIONS);
            sink.unread(&codes::LIMIT_EXCEEDED, key.span, message);
            break;
        }
        let body = found.body(value, key.span, sink);
        found.selections.push(Selection { name, span: key.span, body });
    }
    found
}

impl<'n> Detections<'n> {
    fn body(&mut self, node: &'n Node<'_>, name: Span, sink: &mut Sink) -> Body {
        match &node.value {
            Yaml::Map(entries) if entries.is_empty() => empty(node.span, name, sink),
            Yaml::Map(entries) => {
                Body::All(entries.iter().map(|(key, value)| self.item(key, value, entries, sink)).collect())
            }
            Yaml::List(items) if items.is_empty() => empty(node.span, name, sink),
            Yaml::List(items) => {
                let (scalars, others): (Vec<_>, Vec<_>) =
                    items.iter().partition(|item| matches!(item.value, Yaml::Scalar(..)));
                let keywords = (!scalars.is_empty()).then(|| self.keywords(&scalars, node.span, sink));
                let mut parts: Vec<Body> = keywords.into_iter().collect();
                for other in others {
                    parts.push(match other.value {
                        Yaml::List(_) => Body::Unreadable(sink.unread(
                            &codes::WRONG_SHAPE,
                            other.span,
                            "a list stands directly in a list; a selection is a mapping, a list of mappings or a list of keywords",
                        )),
                        _ => self.body(other, name, sink),
                    });
                }
                match <[Body; 1]>::try_from(parts) {
                    Ok([only]) => only,
                    Err(parts) => Body::Any(parts),
                }
            }
            Yaml::Scalar(..) if node.is_null() => empty(node.span, name, sink),
            Yaml::Scalar(..) => self.keywords(&[node], node.span, sink),
        }
    }

    /// Keywords, which may stand in any field.
    fn keywords(&mut self, scalars: &[&'n Node<'_>], whole: Span, sink: &mut Sink) -> Body {
        let first = scalars.first().map_or(whole, |first| first.span);
        let span = scalars.iter().fold(first, |all, one| all.to(one.span));
        match all_written(scalars.iter().copied(), sink) {
            Err(unread) => Body::Unreadable(unread),
            Ok(values) => self.push(
                Item {
                    field: None,
                    field_span: span,
                    modifiers: Modifiers { span, ..Modifiers::default() },
                    values,
                    span,
                    key_span: span,
                    mapping: &[],
                },
                sink,
            ),
        }
    }

    fn item(
        &mut self,
        key: &'n Node<'_>,
        value: &'n Node<'_>,
        within: &'n [(Node<'_>, Node<'_>)],
        sink: &mut Sink,
    ) -> Body {
        self.read_item(key, value, within, sink).map_or_else(Body::Unreadable, |item| self.push(item, sink))
    }

    fn read_item(
        &self,
        key: &'n Node<'_>,
        value: &'n Node<'_>,
        within: &'n [(Node<'_>, Node<'_>)],
        sink: &mut Sink,
    ) -> Result<Item<'n>, Unread> {
        let Some(text) = key.text() else {
            return Err(sink.unread(&codes::WRONG_SHAPE, key.span, "the name of a field must be a string"));
        };
        if is_merge_key(key) {
            // It was reported with the YAML.
            return Err(sink.inherit(&merge_key(key.span, sink)));
        }
        // One that is missing was reported with the YAML.
        if key.is_null() && !text.is_empty() {
            let message = format!(
                "`{}` is null in YAML and no name of a field; others look for its values in every field",
                clip(text)
            );
            let found = sink.diagnostic(&codes::WRONG_SHAPE, key.span, message);
            return Err(sink
                .refuse(found.with_help("quote it where a field has that name; keywords are a list without a name")));
        }
        no_text("name", key, text, sink);
        // Offsets inside the key hold where its text stands in the source as it is.
        let quote = usize::from(matches!(key.value, Yaml::Scalar(_, Style::Single | Style::Double)));
        let exact = key.span.len() == text.len() + 2 * quote;
        let base = exact.then_some(key.span.start as usize + quote);
        let (field, rest) = match text.split_once('|') {
            Some((field, rest)) => (field, Some(rest)),
            None => (text, None),
        };
        if let (Some(modifier), Some(name)) = (is_modifier(field), rest)
            && !name.contains('|')
            && is_modifier(name).is_none()
        {
            let message = format!("`{}` is a modifier in the place of a field", clip(field));
            let found = sink.diagnostic(&codes::UNKNOWN_MODIFIER, key.span, message);
            return Err(sink.refuse(found.with_help(format!("the field is first: write `{}|{modifier}`", clip(name)))));
        }
        let field_span = base.map_or(key.span, |base| Span::new(base, base + field.len()));
        let modifiers = match rest {
            None => Ok(Modifiers { span: key.span, ..Modifiers::default() }),
            Some(rest) => modifier::parse(rest, base.map(|base| base + field.len() + 1), key.span, sink),
        };
        // The values are looked at whatever the modifiers are, so that all mistakes are found.
        let values = match &value.value {
            Yaml::Scalar(..) => match unwritten(key, value, text, sink) {
                Some(found) => Err(sink.refuse(found)),
                None => {
                    // A `yes` beside `exists` is told what it takes; to quote it would lead away.
                    let is_switch = matches!(&modifiers, Ok(modifiers) if modifiers.kind == Kind::Exists);
                    written(value, !is_switch, sink).map(|value| vec![value])
                }
            },
            Yaml::List(items) if items.is_empty() => {
                let found = sink
                    .diagnostic(
                        &codes::EMPTY_VALUES,
                        key.span.to(value.span),
                        format!("`{}` has no values: its list is empty", clip(text)),
                    )
                    .with_help(format!("write a value into the list, or remove `{}`", clip(text)));
                Err(sink.refuse(found))
            }
            Yaml::List(items) if is_operator(text) && items.iter().any(|item| item.map().is_some()) => {
                let found = operator(text, key.span, sink);
                Err(sink.refuse(found))
            }
            Yaml::List(items) => all_written(items.iter(), sink),
            Yaml::Map(entries) => {
                let found = mapping(key, value, text, entries, sink);
                Err(sink.refuse(found))
            }
        };
        let (modifiers, values) = (modifiers?, values?);
        let field = (!field.is_empty()).then_some(field);
        let span = key.span.to(value.span);
        let item = Item { field, field_span, modifiers, values, span, key_span: key.span, mapping: within };
        if item.modifiers.all && item.values.len() == 1 {
            let mut found = sink
                .diagnostic(&codes::ALL_OF_ONE, item.modifiers.span, "`all` needs several values")
                .with_help("leave `all` out, or write each of the values in the list");
            let bare: Vec<&str> = text.split('|').filter(|part| *part != "all").collect();
            let bare = bare.join("|");
            // A placeholder stands for any number of values.
            if let (Some(base), Some(_), false) = (base, field, item.modifiers.expand)
                && item.can_be(&bare)
            {
                let span = Span::new(base, base + text.len());
                found = found.with_fix(FixKind::RedundantAll, "leave `all` out", span, bare);
            }
            sink.push(found);
        }
        Ok(item)
    }

    fn push(&mut self, item: Item<'n>, sink: &mut Sink) -> Body {
        self.values += item.values.len();
        if self.values > limits::RULE_VALUES {
            let unread = self.over.unwrap_or_else(|| {
                let found = sink
                    .diagnostic(
                        &codes::LIMIT_EXCEEDED,
                        item.key_span,
                        format!("more than {} values in one rule", limits::RULE_VALUES),
                    )
                    .with_help("move the values into a table with a declared capacity");
                sink.refuse(found)
            });
            self.over = Some(unread);
            return Body::Unreadable(unread);
        }
        self.items.push(item);
        Body::Item(self.items.len() - 1)
    }
}

fn empty(span: Span, name: Span, sink: &mut Sink) -> Body {
    let found = sink
        .diagnostic(&codes::EMPTY_SELECTION, name.to(span), format!("the selection `{}` is empty", shown(name, sink)))
        .with_help("indent its fields below it, give it a field or a keyword, or remove it");
    Body::Unreadable(sink.refuse(found))
}

/// How many bytes around a value are looked at for what a message says of it.
const NEAR: usize = 300;

/// What is written at a place, for a message.
fn shown(span: Span, sink: &Sink) -> String {
    clip(sink.source().slice(span))
}

/// Whether a key is a word of conditions, which joins no fields.
fn is_operator(key: &str) -> bool {
    ["and", "or", "not", "any", "all", "all_of", "any_of", "none"].iter().any(|word| key.eq_ignore_ascii_case(word))
}

fn operator(key: &str, span: Span, sink: &Sink) -> Diagnostic {
    let message = format!("`{}` is read as a field: selections have no operators", clip(key));
    let help = match key.to_ascii_lowercase().as_str() {
        "not" | "none" => {
            "write what is below it into a selection of its own, and `not` before its name in the condition"
        }
        "or" | "any" | "any_of" => {
            "write each part into a selection of its own, and join their names with `or` in the condition; a list of mappings is an `or` too"
        }
        _ => "write each part into a selection of its own, and join their names with `and` in the condition",
    };
    sink.diagnostic(&codes::WRONG_SHAPE, span, message).with_help(help)
}

/// A value that a mapping was found for.
fn mapping(key: &Node<'_>, value: &Node<'_>, text: &str, entries: &[(Node<'_>, Node<'_>)], sink: &Sink) -> Diagnostic {
    let found = |span: Span, message: String| sink.diagnostic(&codes::WRONG_SHAPE, span, message);
    let name = clip(text);
    if is_operator(text) {
        return operator(text, key.span, sink);
    }
    let first = entries.first().and_then(|(key, _)| key.text()).unwrap_or("");
    if let Some(modifier) = is_modifier(first) {
        return found(value.span, format!("the value of `{name}` is a mapping"))
            .with_help(format!("modifiers follow a `|`: write `{name}|{modifier}: value`"));
    }
    let written = sink.source().slice(value.span);
    if written.starts_with('{') {
        return found(value.span, format!("the value of `{name}` begins with `{{`, so it is a mapping"))
            .with_help(format!("if it is a string, quote it: '{}'", clip(written)));
    }
    if key.span == value.span || first.is_empty() || written.starts_with(['!', '&']) || text.contains('|') {
        return found(value.span, format!("the value of `{name}` is a mapping"))
            .with_help("write nested fields with dots, as in `parent.child: value`");
    }
    let span = entries.first().map_or(value.span, |(key, _)| key.span);
    found(span, format!("`{}` is below the field `{name}`, which has values alone", clip(first))).with_help(format!(
        "if `{name}` is a selection, indent it like the other selections; a field that is nested in events is written with dots: `{name}.{}`",
        clip(first)
    ))
}

/// A value that is not written, or not as it looks: a comment, an anchor, or a list without spaces behind its dashes.
fn unwritten(key: &Node<'_>, value: &Node<'_>, text: &str, sink: &Sink) -> Option<Diagnostic> {
    let Yaml::Scalar(content, Style::Plain) = &value.value else { return None };
    let source = sink.source().text();
    if content.starts_with('-') && content.len() > 1 && !content.starts_with("- ") {
        let between = head(source.get(key.span.end as usize..value.span.start as usize)?, NEAR);
        if !between.contains('\n') || key.span.end > value.span.start {
            return None;
        }
        let message = format!("a space is missing after the `-`: `{}` is read as one string", clip(content));
        return Some(
            sink.diagnostic(&codes::WRONG_SHAPE, value.span, message).with_help("write `- ` before each value"),
        );
    }
    if !content.is_empty() {
        return None;
    }
    let rest = head(source.get(key.span.end as usize..)?, NEAR).split(['\n', '\r']).next()?;
    let rest = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?.trim();
    let place = sink.diagnostic(&codes::EMPTY_VALUES, key.span, "");
    let message = match rest.chars().next() {
        Some('#') => format!("`{}` has no value: what begins with `#` is a comment", clip(text)),
        Some('&') => format!("`{}` has no value: what begins with `&` is an anchor", clip(text)),
        Some('!') => format!("`{}` has no value: what begins with `!` is a tag", clip(text)),
        // A field alone may ask for an absent value.
        None if text.contains('|') => format!("`{}` has no value", clip(text)),
        _ => return None,
    };
    let help = match rest.chars().next() {
        Some(_) => format!("if it is the value, quote it: '{}'", clip(rest)),
        None => "write a value behind the `:`, or below it as a list".to_owned(),
    };
    Some(Diagnostic { message, ..place }.with_help(help))
}

/// All values of an item: each is looked at, and one that cannot be read makes all of them unread.
fn all_written<'n, 's: 'n>(
    nodes: impl Iterator<Item = &'n Node<'s>>,
    sink: &mut Sink,
) -> Result<Vec<Written<'n>>, Unread> {
    let mut values = Vec::with_capacity(nodes.size_hint().0);
    let mut refused = None;
    for node in nodes {
        if let Some(found) = comment(node, sink) {
            refused = Some(sink.refuse(found));
            continue;
        }
        match written(node, true, sink) {
            Ok(value) => values.push(value),
            Err(unread) => refused = refused.or(Some(unread)),
        }
    }
    refused.map_or(Ok(values), Err)
}

/// An entry of a list whose value is a comment.
fn comment(node: &Node<'_>, sink: &Sink) -> Option<Diagnostic> {
    let Yaml::Scalar(content, Style::Plain) = &node.value else { return None };
    if !content.is_empty() {
        return None;
    }
    let source = sink.source().text();
    let start = node.span.start as usize;
    let before = tail(source.get(..start)?, NEAR);
    let line = start - before.len() + before.rfind('\n').map_or(0, |at| at + 1);
    let rest = head(source.get(line..)?, 2 * NEAR).split(['\n', '\r']).next()?;
    let dash = rest.len() - rest.trim_start().len();
    let value = rest.trim_start().strip_prefix('-')?.trim_start();
    if !value.starts_with('#') {
        return None;
    }
    let message = "this entry has no value: what begins with `#` is a comment";
    let found = sink.diagnostic(&codes::EMPTY_VALUES, Span::new(line + dash, line + rest.trim_end().len()), message);
    Some(found.with_help(format!("if it is the value, quote it: '{}'", clip(value.trim_end()))))
}

/// What is to be said of a value that ends elsewhere than it seems to: it takes in the lines below, or a comment cuts it.
fn extent(node: &Node<'_>, text: &str, sink: &Sink) -> Option<Diagnostic> {
    let source = sink.source();
    let style = match node.value {
        Yaml::Scalar(_, Style::Block) => {
            // A folded block is meant to be one value, unless it is a list to look at.
            let is_item = |line: &str| line.trim_start().starts_with("- ");
            if text.trim_end().contains('\n') || !source.slice(node.span).lines().skip(1).any(is_item) {
                return None;
            }
            let message = format!("`{}` is one value: `>` joins the lines below", clip(text));
            let mut found = sink.diagnostic(&codes::VALUE_EXTENT, node.span, message);
            found.severity = Severity::Error;
            return Some(found.with_help("leave the `>` out, so that each `- ` is a value"));
        }
        Yaml::Scalar(_, style @ (Style::Plain | Style::Single | Style::Double)) => style,
        _ => return None,
    };
    let mut lines = source.slice(node.span).lines();
    lines.next();
    if let Some(next) = lines.map(str::trim).find(|line| !line.is_empty()) {
        let message = format!("`{}` is one value: the lines below belong to it", clip(text));
        let mut found = sink.diagnostic(&codes::VALUE_EXTENT, node.span, message);
        if next.starts_with("- ") {
            found.severity = Severity::Error;
            return Some(found.with_help("write each `- ` below the one before it, as far to the right"));
        }
        return Some(
            found.with_help("write it on one line; if the next line was meant to be something else, indent it less"),
        );
    }
    // A line may be as long as the file.
    let behind = head(source.text().get(node.span.end as usize..)?, 2 * NEAR).lines().next()?;
    let comment = behind.trim_start();
    let is_cut = style == Style::Plain && comment.len() < behind.len() && comment.starts_with('#');
    // A sentence is a comment, however it is written.
    let is_word = comment.split_whitespace().count() < 3;
    if !is_cut || !is_word || !comment.trim_start_matches('#').starts_with(|first: char| !first.is_whitespace()) {
        return None;
    }
    let message = format!("this value ends before `{}`, which is a comment", clip(comment));
    let found = sink.diagnostic(&codes::VALUE_EXTENT, node.span, message);
    Some(found.with_help("if `#` belongs to the value, quote the value; otherwise put a space behind the `#`"))
}

/// Reads a value. `may_be_text`: whether one that YAML reads in two ways may be meant as a string.
fn written<'n>(node: &'n Node<'_>, may_be_text: bool, sink: &mut Sink) -> Result<Written<'n>, Unread> {
    let (Some(text), Some(scalar)) = (node.text(), node.scalar()) else {
        let message = format!("a value must be a string, number, boolean or null, not {}", node.shape());
        let written = sink.source().slice(node.span);
        let first = written.lines().next().unwrap_or("");
        let help = match node.value {
            Yaml::List(_) if !written.starts_with('[') => "write one `- ` before each value, not `- -`".to_owned(),
            Yaml::List(_) => format!(
                "if it is a string, quote it: '{}'; otherwise write its values into the list around it",
                clip(first)
            ),
            _ => format!("if it is a string with `: ` or braces in it, quote it: '{}'", clip(first)),
        };
        let found = sink.diagnostic(&codes::WRONG_SHAPE, node.span, message).with_help(help);
        return Err(sink.refuse(found));
    };
    let node_scalar = scalar.clone();
    let raw = match scalar {
        Scalar::Null => Raw::Null,
        Scalar::Bool(value) => Raw::Bool(value),
        Scalar::Int(value) => Raw::Int(value),
        Scalar::Float(value) => Raw::Float(value),
        Scalar::Text(text) => Raw::Text(text),
        Scalar::HugeInt(text) => {
            let found = sink
                .diagnostic(&codes::INVALID_NUMBER, node.span, format!("`{}` does not fit in 64 bits", clip(text)))
                .with_help("quote it to compare it as a string");
            return Err(sink.refuse(found));
        }
    };
    if let Scalar::Float(number) = node_scalar
        && !number.is_finite()
    {
        let what = if number.is_nan() { "is not a number" } else { "is infinity" };
        let message = format!("`{}` {what} in YAML, which no value of an event equals", clip(text));
        let found = sink.diagnostic(&codes::INVALID_VALUE, node.span, message);
        return Err(sink.refuse(found.with_help("quote it to compare it as a string")));
    }
    if let Some(found) = extent(node, text, sink) {
        sink.push(found);
    }
    if let Yaml::Scalar(_, Style::Plain) = node.value
        && may_be_text
        && let Some((old, new)) = scalar::readings(text, &node_scalar)
    {
        let message = format!("`{}` is {old} in YAML 1.1 and {new} in YAML 1.2", clip(text));
        let found = sink.diagnostic(&codes::AMBIGUOUS_SCALAR, node.span, message);
        let found = found.with_help("quote it to say that the string is meant, or write what is meant another way");
        // A number that is put into quotes is a string.
        sink.push(match raw {
            Raw::Text(_) => found.with_fix(FixKind::Quotes, "quote the value", node.span, format!("'{text}'")),
            _ => found,
        });
    }
    let shown = match raw {
        Raw::Bool(true) => Cow::Borrowed("true"),
        Raw::Bool(false) => Cow::Borrowed("false"),
        Raw::Int(number) => Cow::Owned(number.to_string()),
        Raw::Float(number) => Cow::Owned(number.to_string()),
        Raw::Null | Raw::Text(_) => Cow::Borrowed(text),
    };
    Ok(Written { raw, text: shown, written: text, span: node.span })
}

/// Whether an item's comparison is by the value itself, with no modifier that changes it.
pub(crate) fn is_plain(modifiers: &Modifiers) -> bool {
    modifiers.kind == Kind::Plain && modifiers.part == modifier::Part::Whole && modifiers.encodings.is_empty()
}

/// Whether every value of the field passes; of a keyword, whether any value of an event does.
pub(crate) fn matches_all(item: &Item<'_>, value: &Written<'_>) -> bool {
    let modifiers = &item.modifiers;
    match (modifiers.kind, &value.raw) {
        (_, Raw::Null) => false,
        (Kind::Plain, _) if !modifiers.encodings.is_empty() => text::encodes_to_nothing(&value.text, modifiers),
        (Kind::Plain, Raw::Text("")) => modifiers.part != modifier::Part::Whole || item.field.is_none(),
        (Kind::Plain, Raw::Text(text)) => text.bytes().all(|byte| byte == b'*'),
        (Kind::Regex, Raw::Text(text)) => regex::matches_everything(text, modifiers.flags()),
        _ => false,
    }
}
