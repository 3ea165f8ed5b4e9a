//! YAML trees with byte spans: from text to [`Node`], within limits.

use std::borrow::Cow;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as YamlSpan, Tag};

use contentcheck_model::characters::is_disguise;
use contentcheck_model::decode::is_separator;
use contentcheck_model::diagnostic::{Diagnostic, Sink, clip, codes};
use contentcheck_model::limits;
use contentcheck_model::source::Span;

mod mistake;
mod older;

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes: subject to the YAML core schema.
    Plain,
    /// In single quotes.
    Single,
    /// In double quotes.
    Double,
    /// As a block (`|` or `>`).
    Block,
}

/// A YAML node. Aliases are already replaced by what they stand for.
#[derive(Clone, Debug)]
pub(crate) struct Node<'s> {
    pub(crate) span: Span,
    pub(crate) value: Yaml<'s>,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(crate) enum Yaml<'s> {
    Scalar(Cow<'s, str>, Style),
    List(Vec<Node<'s>>),
    Map(Vec<(Node<'s>, Node<'s>)>),
}

/// A plain scalar under the YAML 1.2 core schema, a quoted one as text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
    /// A whole number beyond 64 bits.
    HugeInt(&'a str),
}

impl<'s> Node<'s> {
    /// The text of a scalar, whatever its type.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Yaml::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar that is neither null nor absent.
    pub(crate) fn string(&self) -> Option<&str> {
        match self.scalar() {
            Some(Scalar::Null) | None => None,
            Some(_) => self.text(),
        }
    }

    pub(crate) fn list(&self) -> Option<&[Self]> {
        match &self.value {
            Yaml::List(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn map(&self) -> Option<&[(Self, Self)]> {
        match &self.value {
            Yaml::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value under a key of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, value)| value)
    }

    /// Key and value under a key of a mapping.
    pub(crate) fn entry(&self, key: &str) -> Option<(&Self, &Self)> {
        self.map()?.iter().find(|(name, _)| name.text() == Some(key)).map(|(name, value)| (name, value))
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.scalar(), Some(Scalar::Null))
    }

    /// The word for the node's shape in messages.
    pub(crate) fn shape(&self) -> &'static str {
        match (&self.value, self.scalar()) {
            (Yaml::List(_), _) => "a list",
            (Yaml::Map(_), _) => "a mapping",
            (_, Some(Scalar::Null)) => "null",
            (_, Some(Scalar::Bool(_))) => "a boolean",
            (_, Some(Scalar::Int(_) | Scalar::HugeInt(_) | Scalar::Float(_))) => "a number",
            _ => "a string",
        }
    }

    /// The typed value of a scalar node.
    pub(crate) fn scalar(&self) -> Option<Scalar<'_>> {
        match &self.value {
            Yaml::Scalar(text, Style::Plain) => Some(resolve(text)),
            Yaml::Scalar(text, _) => Some(Scalar::Text(text)),
            _ => None,
        }
    }
}

/// The YAML 1.2 core schema for plain scalars.
fn resolve(text: &str) -> Scalar<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Bool(true),
        "false" | "False" | "FALSE" => return Scalar::Bool(false),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let Some(first) = unsigned.bytes().next() else { return Scalar::Text(text) };
    if !first.is_ascii_digit() && first != b'.' {
        return Scalar::Text(text);
    }
    if unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.strip_prefix('+').unwrap_or(text).parse().map_or(Scalar::HugeInt(text), Scalar::Int);
    }
    for (prefix, base) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix).filter(|digits| !digits.is_empty())
            && digits.chars().all(|digit| digit.is_digit(base))
        {
            return i64::from_str_radix(digits, base).map_or(Scalar::HugeInt(text), Scalar::Int);
        }
    }
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return Scalar::Float(f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" if unsigned.len() == text.len() => return Scalar::Float(f64::NAN),
        _ => {}
    }
    let float = unsigned.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    match text.parse::<f64>() {
        Ok(number) if float && number.is_finite() => Scalar::Float(number),
        _ => Scalar::Text(text),
    }
}

/// Converts character offsets, which the scanner counts, to byte offsets.
struct Offsets<'s> {
    bytes: &'s [u8],
    ascii: bool,
    character: usize,
    byte: usize,
}

impl<'s> Offsets<'s> {
    fn new(text: &'s str) -> Self {
        Self { bytes: text.as_bytes(), ascii: text.is_ascii(), character: 0, byte: 0 }
    }

    fn byte(&mut self, character: usize) -> usize {
        if self.ascii {
            return character.min(self.bytes.len());
        }
        if character < self.character {
            // Only ends of collections lie behind; they are few and near.
            while self.character > character && self.byte > 0 {
                self.byte -= 1;
                if self.bytes.get(self.byte).is_some_and(|byte| byte & 0xC0 != 0x80) {
                    self.character -= 1;
                }
            }
            return self.byte;
        }
        while self.character < character && self.byte < self.bytes.len() {
            self.byte += 1;
            while self.bytes.get(self.byte).is_some_and(|byte| byte & 0xC0 == 0x80) {
                self.byte += 1;
            }
            self.character += 1;
        }
        self.byte
    }
}

/// A collection under construction.
struct Frame<'s> {
    anchor: usize,
    start: usize,
    /// Where the last of its parts ends.
    end: usize,
    items: Vec<Node<'s>>,
    /// For mappings: the key that waits for its value.
    key: Option<Node<'s>>,
    entries: Option<Vec<(Node<'s>, Node<'s>)>>,
}

struct Builder<'s, 'k> {
    sink: &'k mut Sink,
    stack: Vec<Frame<'s>>,
    anchors: Vec<(usize, Node<'s>, usize)>,
    /// Anchors of plain scalars that no alias has referred to yet, and where they are.
    unused: Vec<(usize, Span)>,
    nodes: usize,
    alias_nodes: usize,
    root: Option<Node<'s>>,
    tags: Vec<Diagnostic>,
    odd_key: Option<Span>,
}

/// A document, and what is wrong with its tags, anchors and merge keys: values are in it as if they had no tag, and nothing is merged.
pub(crate) struct Read<'s> {
    pub(crate) root: Node<'s>,
    pub(crate) tags: Vec<Diagnostic>,
    /// The first key of the outermost mapping that is a merge key or has a tag that is not read: to other readers it may be another key, or several.
    pub(crate) odd_key: Option<Span>,
}

impl From<ScalarStyle> for Style {
    fn from(style: ScalarStyle) -> Self {
        match style {
            ScalarStyle::Plain => Self::Plain,
            ScalarStyle::SingleQuoted => Self::Single,
            ScalarStyle::DoubleQuoted => Self::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => Self::Block,
        }
    }
}

/// Where a scalar is written, from its first byte to its last. The scanner goes on to the end of the line after a
/// closing quote, over a comment too, and gives a value that is not written the place of a sign near it.
fn written(
    text: &str,
    span: YamlSpan,
    (style, is_marked): (Style, bool),
    value: &str,
    offsets: &mut Offsets<'_>,
) -> Span {
    let mut start = offsets.byte(span.start.index());
    let end = offsets.byte(span.end.index());
    if is_marked {
        start += properties(text.get(start..end).unwrap_or(""), style);
    }
    let scanned = text.get(start..end).unwrap_or("");
    let length = match style {
        Style::Plain if value.chars().next().is_none_or(|first| !scanned.starts_with(first)) => 0,
        // At the end of the file the scanner begins an empty block at its header, which a comment may follow.
        Style::Block if value.trim_matches('\n').is_empty() && scanned.starts_with(['|', '>']) => {
            scanned.len()
                - scanned.trim_start_matches(|sign: char| "|>+-".contains(sign) || sign.is_ascii_digit()).len()
        }
        Style::Plain | Style::Block => scanned.trim_end().len(),
        Style::Single | Style::Double => quoted(scanned, style),
    };
    Span::new(start, start + length)
}

/// Length of what stands before a value that has an anchor or a tag, where the scanner begins it: a quote in the value
/// is not to be taken for the first one.
fn properties(text: &str, style: Style) -> usize {
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let sign = match rest.bytes().next() {
            Some(b'&' | b'!') => rest.find(char::is_whitespace),
            Some(b'#') => rest.find(['\n', '\r']),
            _ => break,
        };
        rest = sign.and_then(|end| rest.get(end..)).unwrap_or("");
    }
    if style == Style::Block
        && let Some((_, content)) = rest.split_once('\n')
        && !content.trim().is_empty()
    {
        rest = content.trim_start();
    }
    text.len() - rest.len()
}

/// Length of the quoted scalar that the text begins with.
fn quoted(text: &str, style: Style) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match (style, byte) {
            (Style::Single, b'\'') if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            (Style::Double, b'\\') => at += 2,
            (Style::Single, b'\'') | (Style::Double, b'"') => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// Where the comments of a file are, from `#` to the end of the line. Between two values of a YAML file there are
/// only signs, anchors, tags, blanks and comments, so a `#` there that follows a blank begins a comment, and no other
/// does. From the first thing on that cannot be read none is known: what looks like a comment may be part of a value.
pub(crate) fn comments(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut offsets = Offsets::new(text);
    let mut parser = Parser::new_from_str(text);
    let mut lines = Lines::default();
    // Where the last value ends.
    let mut at = 0;
    while let Some(Ok((event, span))) = parser.next_event() {
        let value = match event {
            Event::StreamEnd => {
                between(text, at..text.len(), &mut lines, &mut found);
                return found;
            }
            Event::Scalar(value, style, anchor, tag) => {
                let is_marked = anchor != 0 || tag.is_some();
                written(text, span, (style.into(), is_marked), &value, &mut offsets)
            }
            Event::Alias(_) => Span::new(offsets.byte(span.start.index()), offsets.byte(span.end.index())),
            _ => continue,
        };
        if value.is_empty() {
            continue;
        }
        if !between(text, at..value.range().start, &mut lines, &mut found) {
            return found;
        }
        at = value.range().end;
    }
    found
}

/// The line of a place, for places that are asked for in their order. Each byte is looked at once: a file may be one
/// line with a `#` at every other byte.
#[derive(Default)]
struct Lines {
    seen: usize,
    start: usize,
}

impl Lines {
    /// Where the line begins that holds the byte at `at`.
    fn start(&mut self, text: &str, at: usize) -> usize {
        if let Some(last) = text.get(self.seen..at).and_then(|new| new.rfind(['\n', '\r'])) {
            self.start = self.seen + last + 1;
        }
        self.seen = self.seen.max(at);
        self.start
    }
}

/// The comments from the end of one value to the start of the next; false where that cannot be so.
fn between(text: &str, Range { start: from, end: to }: Range<usize>, lines: &mut Lines, found: &mut Vec<Span>) -> bool {
    let end_of = |start: usize| {
        let rest = text.get(start..).unwrap_or("");
        start + rest.find(['\n', '\r']).unwrap_or(rest.len())
    };
    let mut at = from;
    while let Some(start) = text.get(at..to).and_then(|rest| rest.find('#')).map(|offset| at + offset) {
        let line = text.get(lines.start(text, start)..start).unwrap_or("");
        if line.starts_with('%') {
            // Readers differ on comments behind directives.
            at = end_of(start);
        } else if line.is_empty() || line.ends_with([' ', '\t']) {
            let end = end_of(start);
            if end > to {
                return false;
            }
            found.push(Span::new(start, end));
            at = end;
        } else {
            at = start + 1;
        }
    }
    from <= to
}

/// Whether a value of the file may be used at several places, so that who changes it changes all of them.
pub(crate) fn shares_values(text: &str) -> bool {
    let anchored = |event: &Event<'_>| match event {
        Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
            *anchor != 0
        }
        Event::Alias(_) => true,
        _ => false,
    };
    text.contains('&') && Parser::new_from_str(text).any(|next| next.is_ok_and(|(event, _)| anchored(&event)))
}

/// Reports comments with characters that make text look like other text: what looks like a comment may be a condition, and the other way
/// round. In a value they may be what a rule looks for.
fn disguises(text: &str, sink: &mut Sink) {
    let is_hidden =
        |sign: char| is_disguise(sign) || matches!(sign, '\u{80}'..='\u{9F}' | '\u{200B}'..='\u{200D}' | '\u{2060}');
    if text.is_ascii() || !text.contains(is_hidden) {
        return;
    }
    for comment in comments(text) {
        let found = text.get(comment.range()).and_then(|text| text.char_indices().find(|(_, sign)| is_hidden(*sign)));
        if let Some((at, sign)) = found {
            let start = comment.range().start;
            let span = Span::new(start + at, start + at + sign.len_utf8());
            let message = format!("the invisible character U+{:04X} in a comment", u32::from(sign));
            let found = sink.diagnostic(&codes::CONTROL_CHARACTER, span, message);
            sink.push(found.with_help("remove it: it makes text look like other text"));
            if sink.is_full() {
                return;
            }
        }
    }
}

/// Reports characters at which editors and readers of YAML 1.1 begin a line and those of 1.2 do not: what such an
/// editor shows as a line of its own may be the end of a comment here. A run of them is one finding.
fn separators(text: &str, sink: &mut Sink) {
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find(is_separator)).map(|offset| at + offset) {
        let rest = text.get(start..).unwrap_or("");
        let end = text.len() - rest.trim_start_matches(is_separator).len();
        let code = rest.chars().next().map_or(0, u32::from);
        let message = format!("the line separator U+{code:04X}, where some readers and editors begin a line");
        let found = sink.diagnostic(&codes::CONTROL_CHARACTER, Span::new(start, end), message);
        sink.push(found.with_help(format!(
            "break the line or remove it; between double quotes a value may have it as \\u{code:04X}"
        )));
        if sink.is_full() {
            return;
        }
        at = end;
    }
}

/// Reads all documents of a file. What cannot be read is reported; documents before
/// the first syntax error are returned.
pub(crate) fn documents<'s>(text: &'s str, sink: &mut Sink) -> Vec<Read<'s>> {
    let mut found = Vec::new();
    let mut offsets = Offsets::new(text);
    // Content that was decoded has none; strings may come another way.
    if !offsets.ascii {
        separators(text, sink);
        disguises(text, sink);
    }
    older::refused(text, sink);
    let mut builder = Builder {
        sink,
        stack: Vec::new(),
        anchors: Vec::new(),
        unused: Vec::new(),
        nodes: 0,
        alias_nodes: 0,
        root: None,
        tags: Vec::new(),
        odd_key: None,
    };
    let mut parser = Parser::new_from_str(text);
    // Where the document before ends.
    let mut end = 0;
    while let Some(next) = parser.next_event() {
        let (event, span) = match next {
            Ok(next) => next,
            Err(error) => {
                let at = offsets.byte(error.marker().index());
                if error.info().contains("recursion limit") {
                    let message = format!("nested deeper than {} levels", limits::NESTING);
                    builder.sink.report(&codes::LIMIT_EXCEEDED, Span::at(at.min(text.len())), message);
                    break;
                }
                builder.sink.push(unreadable(text, at.min(text.len()), error.info(), builder.sink));
                break;
            }
        };
        if matches!(event, Event::StreamEnd) {
            break;
        }
        if let Event::DocumentStart(is_explicit) = event {
            let at = offsets.byte(span.start.index());
            if let Some(found) = older::beginning(text, end, at, !is_explicit, builder.sink) {
                builder.sink.push(found);
            }
        }
        if matches!(event, Event::DocumentEnd) {
            end = offsets.byte(span.start.index());
            builder.anchors.clear();
            builder.alias_nodes = 0;
            builder.unused_anchors(text);
            if let Some(root) = builder.root.take() {
                let (tags, odd_key) = (std::mem::take(&mut builder.tags), builder.odd_key.take());
                found.push(Read { root, tags, odd_key });
            }
            if found.len() > limits::YAML_DOCUMENTS {
                let message = format!("more than {} documents in one file", limits::YAML_DOCUMENTS);
                builder.sink.report(&codes::LIMIT_EXCEEDED, Span::at(offsets.byte(span.start.index())), message);
                break;
            }
            continue;
        }
        if builder.event(text, event, span, &mut offsets).is_err() {
            break;
        }
    }
    found
}

/// Why a text is no YAML: what a person did, or else what the scanner says.
fn unreadable(text: &str, at: usize, info: &str, sink: &Sink) -> Diagnostic {
    match mistake::find(text, at, info) {
        Some(found) => sink.diagnostic(&codes::YAML_SYNTAX, found.span, found.message).with_help(found.help),
        None => sink
            .diagnostic(&codes::YAML_SYNTAX, Span::at(at), format!("the YAML cannot be read: {info}"))
            .with_help("check the indentation, quotes and brackets on this line and the one before"),
    }
}

/// Building stopped; the reason is in the sink.
struct Stopped;

impl<'s> Builder<'s, '_> {
    fn stop(
        &mut self,
        code: &'static contentcheck_model::diagnostic::Code,
        span: Span,
        message: String,
    ) -> Result<(), Stopped> {
        self.sink.report(code, span, message);
        Err(Stopped)
    }

    fn event(
        &mut self,
        text: &'s str,
        event: Event<'s>,
        span: YamlSpan,
        offsets: &mut Offsets<'_>,
    ) -> Result<(), Stopped> {
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let style = Style::from(style);
                if let Some(tag) = &tag {
                    let is_text = style != Style::Plain || matches!(resolve(&value), Scalar::Text(_));
                    self.tag(text, tag, is_text, offsets.byte(span.start.index()));
                }
                if anchor != 0 && style == Style::Plain {
                    let start = offsets.byte(span.start.index());
                    let end = offsets.byte(span.end.index());
                    self.unused.extend(anchor_in(text, start, end).map(|span| (anchor, span)));
                }
                let span = written(text, span, (style, anchor != 0 || tag.is_some()), &value, offsets);
                if style == Style::Plain
                    && let Some(found) = older::plain(text, span, || self.is_in_brackets(text), self.sink)
                {
                    self.sink.push(found);
                }
                if value.len() > limits::LITERAL_BYTES {
                    let message = format!("a value has {} bytes; the limit is {}", value.len(), limits::LITERAL_BYTES);
                    self.sink.report(
                        &codes::LIMIT_EXCEEDED,
                        Span::new(span.range().start, span.range().start + 40.min(span.len())),
                        message,
                    );
                    return Err(Stopped);
                }
                self.place(text, anchor, Node { span, value: Yaml::Scalar(value, style) }, 1)
            }
            Event::SequenceStart(anchor, ref tag) | Event::MappingStart(anchor, ref tag) => {
                let start = offsets.byte(span.start.index());
                if let Some(tag) = tag {
                    self.tag(text, tag, false, start);
                }
                if self.stack.len() >= limits::NESTING {
                    let message = format!("nested deeper than {} levels", limits::NESTING);
                    return self.stop(&codes::LIMIT_EXCEEDED, Span::at(start), message);
                }
                let entries = matches!(event, Event::MappingStart(..)).then(Vec::new);
                self.stack.push(Frame { anchor, start, end: start, items: Vec::new(), key: None, entries });
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(frame) = self.stack.pop() else { return Ok(()) };
                // The scanner ends a block where the next one begins, and a bracket behind the comment that follows it.
                let close = offsets.byte(span.start.index());
                let bracket = !span.is_empty() && matches!(text.as_bytes().get(close), Some(b']' | b'}'));
                let span = Span::new(frame.start, if bracket { close + 1 } else { frame.end });
                let size = 1;
                let value = match frame.entries {
                    Some(entries) => Yaml::Map(entries),
                    None => Yaml::List(frame.items),
                };
                self.place(text, frame.anchor, Node { span, value }, size)
            }
            Event::Alias(anchor) => {
                let start = offsets.byte(span.start.index());
                let Some((_, node, size)) = self.anchors.iter().find(|(id, _, _)| *id == anchor) else {
                    let message = "an alias refers to an anchor that contains it or is not there".to_owned();
                    return self.stop(&codes::YAML_ALIAS, Span::at(start), message);
                };
                self.unused.retain(|(id, _)| *id != anchor);
                self.alias_nodes += size;
                if self.alias_nodes > limits::YAML_ALIAS_NODES {
                    let message = format!("aliases expand to more than {} nodes", limits::YAML_ALIAS_NODES);
                    return self.stop(&codes::YAML_ALIAS, Span::at(start), message);
                }
                let (mut node, size) = (node.clone(), *size);
                // What is said about the value as a whole is said where it is used.
                node.span = Span::new(start, offsets.byte(span.end.index()));
                self.place(text, 0, node, size)
            }
            _ => Ok(()),
        }
    }

    /// Whether what comes next stands between brackets.
    fn is_in_brackets(&self, text: &str) -> bool {
        self.stack.iter().any(|frame| matches!(text.as_bytes().get(frame.start), Some(b'[' | b'{')))
    }

    /// Whether what comes next is a key of a mapping.
    fn is_at_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { entries: Some(_), key: None, .. }))
    }

    /// Notes what other readers read otherwise, and where it is if it is a key of the outermost mapping.
    fn odd(&mut self, found: Diagnostic) {
        if self.is_at_key() && self.stack.len() == 1 {
            self.odd_key.get_or_insert(found.span);
        }
        self.tags.push(found);
    }

    /// Notes anchors that nothing refers to: they look like the beginning of a value, and are no part of it.
    fn unused_anchors(&mut self, text: &str) {
        for (_, span) in std::mem::take(&mut self.unused) {
            let name = text.get(span.range()).unwrap_or("");
            let message = format!("`{}` is read as an anchor, and not as a part of the value", clip(name));
            let help =
                "quote the value if the `&` belongs to it; remove the anchor otherwise, since nothing refers to it";
            self.tags.push(self.sink.diagnostic(&codes::YAML_SYNTAX, span, message).with_help(help));
        }
    }

    /// Notes a tag that says more of a value than is read of it. `!!str` on what is a text says nothing new.
    fn tag(&mut self, text: &str, tag: &Tag, is_text: bool, start: usize) {
        let name = format!("{}{}", tag.handle, tag.suffix);
        if is_text && name == "tag:yaml.org,2002:str" {
            return;
        }
        // An anchor may stand before it.
        let rest = text.get(start..).unwrap_or("");
        let before = if rest.starts_with('&') { rest.find(char::is_whitespace).unwrap_or(0) } else { 0 };
        let rest = rest.get(before..).unwrap_or("");
        let from = start + before + (rest.len() - rest.trim_start().len());
        let rest = rest.trim_start();
        // A tag between `<` and `>` is spelt out; any other ends where a flow collection goes on.
        let length = match rest.strip_prefix("!<").and_then(|rest| rest.find('>')) {
            Some(close) => close + 3,
            None => rest.find([' ', '\t', '\n', '\r', ',', '[', ']', '{', '}']).unwrap_or(rest.len()),
        };
        let written = rest.get(..length).unwrap_or("");
        let message = format!("the tag `{}` is not read", clip(if written.starts_with('!') { written } else { &name }));
        let help = if name == "tag:yaml.org,2002:str" {
            "quote the value instead".to_owned()
        } else if written.starts_with("!!") {
            "remove the tag and write the value as it is meant".to_owned()
        } else {
            let line = rest.split(['\n', '\r']).next().unwrap_or("").trim_end();
            format!("remove it, or quote the value if the `!` belongs to it: '{}'", clip(line))
        };
        let span = Span::new(from, from + if written.starts_with('!') { length } else { 0 });
        self.odd(self.sink.diagnostic(&codes::YAML_SYNTAX, span, message).with_help(help));
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, text: &'s str, anchor: usize, node: Node<'s>, size: usize) -> Result<(), Stopped> {
        self.nodes += size;
        if self.nodes > limits::YAML_NODES {
            let message = format!("more than {} YAML nodes in one file", limits::YAML_NODES);
            return self.stop(&codes::LIMIT_EXCEEDED, node.span, message);
        }
        if anchor != 0 {
            let size = count(&node);
            self.anchors.push((anchor, node.clone(), size));
        }
        if self.is_at_key() && matches!(&node.value, Yaml::Scalar(text, Style::Plain) if text.is_empty()) {
            let found = self.sink.diagnostic(&codes::YAML_SYNTAX, node.span, "there is no key before this `:`");
            self.odd(found.with_help("write the name of the field, or quote what begins with a colon"));
        }
        if self.is_at_key() && is_merge_key(&node) {
            self.odd(merge_key(node.span, self.sink));
        }
        if self.is_at_key()
            && self.is_in_brackets(text)
            && let Some(found) = older::key(text, node.span, self.sink)
        {
            self.sink.push(found);
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.end = frame.end.max(node.span.end as usize);
        match (&mut frame.entries, frame.key.take()) {
            (None, _) => frame.items.push(node),
            (Some(_), None) => frame.key = Some(node),
            (Some(entries), Some(key)) => entries.push((key, node)),
        }
        Ok(())
    }
}

/// Whether a key asks for the entries of other mappings (`<<`). YAML 1.2 has none, and readers of YAML 1.1 carry it out: they see another rule.
pub(crate) fn is_merge_key(key: &Node<'_>) -> bool {
    key.text() == Some("<<")
}

pub(crate) fn merge_key(span: Span, sink: &Sink) -> Diagnostic {
    sink.diagnostic(&codes::WRONG_SHAPE, span, "`<<` is a merge key, which Sigma rules do not have")
        .with_help("write out what is merged; for a selection, name both selections in the condition")
}

/// Where the anchor of a scalar is that the scanner begins at `start`: a tag may stand before it.
fn anchor_in(text: &str, start: usize, end: usize) -> Option<Span> {
    let scanned = text.get(start..end)?;
    let mut at = 0;
    loop {
        let rest = scanned.get(at..)?;
        at += rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        match rest.bytes().next()? {
            b'&' => return Some(Span::new(start + at, start + at + length)),
            b'!' => at += length,
            _ => return None,
        }
    }
}

/// Nodes in a tree; the tree is no deeper than [`limits::NESTING`] per alias step.
pub(crate) fn count(node: &Node<'_>) -> usize {
    match &node.value {
        Yaml::Scalar(..) => 1,
        Yaml::List(items) => 1 + items.iter().map(count).sum::<usize>(),
        Yaml::Map(entries) => 1 + entries.iter().map(|(key, value)| count(key) + count(value)).sum::<usize>(),
    }
}

/// Reports keys that occur twice in one mapping, anywhere in the document.
pub(crate) fn duplicate_keys(node: &Node<'_>, sink: &mut Sink) {
    match &node.value {
        Yaml::Scalar(..) => {}
        Yaml::List(items) => items.iter().for_each(|item| duplicate_keys(item, sink)),
        Yaml::Map(entries) => {
            if entries.len() <= 16 {
                for (index, (key, _)) in entries.iter().enumerate() {
                    let first = entries.iter().take(index).find(|(other, _)| other.text() == key.text());
                    if let (Some((first, _)), Some(text)) = (first, key.text()) {
                        duplicate_key(text, first.span, key.span, sink);
                    }
                }
            } else {
                let mut seen = std::collections::HashMap::with_capacity(entries.len());
                for (key, _) in entries {
                    let Some(text) = key.text() else { continue };
                    if let Some(first) = seen.insert(text, key.span) {
                        duplicate_key(text, first, key.span, sink);
                    }
                }
            }
            for (key, value) in entries {
                duplicate_keys(key, sink);
                duplicate_keys(value, sink);
            }
        }
    }
}

fn duplicate_key(key: &str, first: Span, second: Span, sink: &mut Sink) {
    let diagnostic = sink
        .diagnostic(&codes::YAML_DUPLICATE_KEY, second, format!("the key `{}` occurs twice in one mapping", clip(key)))
        .with_place(first, "first here")
        .with_help(if ["title", "logsource", "detection"].contains(&key) {
            "write `---` on a line of its own between two rules; of one rule, keep one of them"
        } else {
            "write the values of both into one list below one key, or rename one; readers disagree on which one counts"
        });
    sink.push(diagnostic);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value has the same place and the same comments behind it, whatever marks stand before it.
    #[test]
    fn marks_before_a_value_are_no_part_of_it() {
        for mark in ["&a", "!!str", "!foo", "&a !!str", "!!str &a", "&a # it's\n   ", "!!str # \"x\n   "] {
            for value in
                ["'x # y'", "'it''s # z'", "\"x\\\" # y\"", "x", "x#y", "'x\n    # y'", "|\n  x # y", ">-\n  # x"]
            {
                let text =
                    format!("k: {mark} {value} # end\n").replace("x # y # end", "x # y").replace("# x # end", "# x");
                let found =
                    documents(&text, &mut Sink::new(&contentcheck_model::source::Source::new("r.yml", text.clone())));
                let node = found.first().and_then(|read| read.root.get("k")).expect("a value");
                let written = text.get(node.span.range()).expect("a place");
                let content = value.trim_start_matches(['|', '>', '-', '\n', ' ']);
                assert_eq!(written, content, "{text}");
                let all = comments(&text);
                let shown: Vec<&str> = all.iter().filter_map(|span| text.get(span.range())).collect();
                let mut wanted: Vec<&str> = mark
                    .split_once("# ")
                    .map(|(at, _)| mark.get(at.len()..).unwrap_or("").trim_end())
                    .into_iter()
                    .collect();
                if text.ends_with("# end\n") {
                    wanted.push("# end");
                }
                assert_eq!(shown, wanted, "{text}");
            }
        }
    }
}
