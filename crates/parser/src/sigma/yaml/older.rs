//! What YAML 1.2 allows and readers of YAML 1.1 do not, such as PyYAML, with which pySigma reads rules.

use std::collections::HashMap;

use contentcheck_model::diagnostic::{Diagnostic, Sink, clip, codes};
use contentcheck_model::source::Span;
use saphyr_parser::{Event, Parser};

use super::{Offsets, Style, comments, written};

/// Where the scalars of a file are, and where its documents end, as far as it can be read.
struct Scalars {
    /// Those without quotes.
    plain: Vec<Span>,
    /// Those with quotes and blocks, and all of the file from the first place on that cannot be read.
    quoted: Vec<Span>,
    ends: Vec<usize>,
}

impl Scalars {
    fn of(text: &str) -> Self {
        let mut found = Self { plain: Vec::new(), quoted: Vec::new(), ends: Vec::new() };
        let mut offsets = Offsets::new(text);
        let mut parser = Parser::new_from_str(text);
        let mut at = 0;
        while let Some(Ok((event, span))) = parser.next_event() {
            match event {
                Event::StreamEnd => return found,
                Event::DocumentEnd => found.ends.push(offsets.byte(span.start.index())),
                Event::Scalar(value, style, anchor, tag) => {
                    let style = Style::from(style);
                    let mut span = written(text, span, (style, anchor != 0 || tag.is_some()), &value, &mut offsets);
                    if style == Style::Block {
                        // Blanks at the end of its last line are part of the value.
                        let rest = text.get(span.range().end..).unwrap_or("");
                        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
                        span = Span::new(span.range().start, span.range().end + blanks);
                    }
                    at = span.range().end.max(at);
                    if style == Style::Plain { &mut found.plain } else { &mut found.quoted }.push(span);
                }
                _ => {}
            }
        }
        found.quoted.push(Span::new(at, text.len()));
        found
    }
}

/// Whether a place is in one of some spans, which rise.
fn is_in(spans: &[Span], at: usize) -> bool {
    let after = spans.partition_point(|span| span.range().start <= at);
    after.checked_sub(1).and_then(|before| spans.get(before)).is_some_and(|span| at < span.range().end)
}

/// Reports what readers of YAML 1.1 refuse wherever it stands outside of scalars and comments: the first of each kind.
pub(super) fn refused(text: &str, sink: &mut Sink) {
    characters(text, sink);
    let has_anchors = anchors(text).next().is_some();
    let marks = || text.char_indices().filter(|(at, sign)| *at > 0 && *sign == '\u{FEFF}').map(|(at, _)| at);
    if !text.contains('\t') && !has_anchors && marks().next().is_none() {
        return;
    }
    let (comments, scalars) = (comments(text), Scalars::of(text));
    let is_outside = |at: &usize| !is_in(&comments, *at) && !is_in(&scalars.quoted, *at);
    let is_between = |at: &usize| is_outside(at) && !is_in(&scalars.plain, *at);
    if let Some(at) = text.match_indices('\t').map(|(at, _)| at).find(is_outside) {
        let message = "a tab stands where readers of YAML 1.1, such as PyYAML, take spaces alone";
        let found = sink.diagnostic(&codes::OTHER_YAML, Span::new(at, at + 1), message);
        sink.push(found.with_help("write a space, or nothing at the end of a line; PyYAML refuses the whole file"));
    }
    if let Some(at) = marks().find(is_between) {
        let message = "a byte order mark stands behind the beginning of the file";
        let found = sink.diagnostic(&codes::OTHER_YAML, Span::new(at, at + '\u{FEFF}'.len_utf8()), message);
        sink.push(found.with_help("remove it: readers of YAML 1.1, such as PyYAML, refuse the file"));
    }
    let mut first: HashMap<(usize, &str), Span> = HashMap::new();
    for span in anchors(text).filter(|span| is_between(&span.range().start)) {
        let name = text.get(span.range()).unwrap_or("");
        let is_plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_');
        let document = scalars.ends.partition_point(|end| *end <= span.range().start);
        if !name.trim_start_matches('&').chars().all(is_plain) {
            let message = format!("the anchor `{}` has other signs than letters and digits of ASCII", clip(name));
            let found = sink.diagnostic(&codes::OTHER_YAML, span, message);
            sink.push(found.with_help("rename it: readers of YAML 1.1, such as PyYAML, refuse the file"));
        } else if let Some(earlier) = first.get(&(document, name)) {
            let message = format!("the anchor `{}` is there twice in one document", clip(name));
            let found = sink.diagnostic(&codes::OTHER_YAML, span, message).with_place(*earlier, "first here");
            sink.push(found.with_help("rename one of them: readers of YAML 1.1, such as PyYAML, refuse the file"));
        } else {
            first.insert((document, name), span);
            continue;
        }
        return;
    }
}

/// Where an anchor may be: `&` at the beginning of a word, to its end.
fn anchors(text: &str) -> impl Iterator<Item = Span> {
    let begins = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| text.as_bytes().get(before));
        before.is_none_or(|sign| matches!(sign, b' ' | b'\t' | b'\n' | b'\r' | b'[' | b'{' | b',' | b':'))
    };
    text.match_indices('&').map(|(at, _)| at).filter(move |at| begins(*at)).filter_map(move |at| {
        let rest = text.get(at..)?;
        let length = rest.find([' ', '\t', '\n', '\r', ',', '[', ']', '{', '}']).unwrap_or(rest.len());
        (length > 1).then(|| Span::new(at, at + length))
    })
}

/// Reports the first character that no text may have to those readers, in quotes and comments neither.
fn characters(text: &str, sink: &mut Sink) {
    let is_refused = |sign: char| matches!(sign, '\u{80}'..='\u{84}' | '\u{86}'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}');
    let found = if text.is_ascii() { None } else { text.char_indices().find(|(_, sign)| is_refused(*sign)) };
    if let Some((at, sign)) = found {
        let code = u32::from(sign);
        let message =
            format!("the invisible character U+{code:04X}, which readers of YAML 1.1, such as PyYAML, refuse");
        let found = sink.diagnostic(&codes::OTHER_YAML, Span::new(at, at + sign.len_utf8()), message);
        sink.push(found.with_help(format!("remove it; between double quotes a value may have it as \\u{code:04X}")));
    }
}

/// What is wrong with the beginning of a document, from the end of the one before: it begins behind `...` without `---`,
/// it is the first one and `...` stands before it, or it asks for another version of YAML.
pub(super) fn beginning(text: &str, before: usize, at: usize, is_bare: bool, sink: &Sink) -> Option<Diagnostic> {
    if before > 0 && is_bare {
        let message = "this document follows `...`, and begins without `---`";
        let found = sink.diagnostic(&codes::OTHER_YAML, Span::at(at), message);
        return Some(
            found.with_help("write `---` before it: readers of YAML 1.1, such as PyYAML, refuse the file otherwise"),
        );
    }
    let mut place = before;
    for line in text.get(before..at)?.split_inclusive('\n') {
        let span = Span::new(place, place + line.trim_end().len());
        place += line.len();
        if before == 0 && line.starts_with("...") {
            let found = sink.diagnostic(&codes::OTHER_YAML, span, "`...` ends a document that has not begun");
            return Some(found.with_help("remove it: readers of YAML 1.1, such as PyYAML, refuse the file"));
        }
        let version = line.strip_prefix("%YAML").map(str::trim_start);
        if version.is_some_and(|version| !version.starts_with("1.")) {
            let found = sink.diagnostic(&codes::OTHER_YAML, span, "this asks for another YAML than 1.1 and 1.2");
            return Some(found.with_help("remove the line: PyYAML refuses the file, and other readers may"));
        }
    }
    None
}

/// What is wrong with a key between brackets: it goes on to another line before its `:`.
pub(super) fn key(text: &str, span: Span, sink: &Sink) -> Option<Diagnostic> {
    let is_explicit = text.get(..span.range().start)?.trim_end().ends_with('?');
    let mut behind = text.get(span.range().end..)?.trim_start();
    while behind.starts_with('#') {
        behind = behind.get(behind.find('\n')?..)?.trim_start();
    }
    // Without a `:` it has no value, and may be as long as a value.
    let to = text.len() - behind.len();
    if is_explicit || !behind.starts_with(':') || !text.get(span.range().start..to)?.contains('\n') {
        return None;
    }
    let message = "a key and its `:` are not on one line";
    let found = sink.diagnostic(&codes::OTHER_YAML, span, message);
    Some(found.with_help("write both on one line: readers of YAML 1.1, such as PyYAML, refuse the file"))
}

/// What is wrong with a value without quotes that stands between brackets, where the two versions differ most.
pub(super) fn plain(text: &str, span: Span, is_in_brackets: impl Fn() -> bool, sink: &Sink) -> Option<Diagnostic> {
    let value = text.get(span.range())?;
    if value.starts_with(['|', '>']) {
        // Outside of brackets it begins a block.
        let message = format!("a value that begins with `{}` must be quoted", value.get(..1)?);
        return Some(sink.diagnostic(&codes::YAML_SYNTAX, span, message).with_help("quote the whole value"));
    }
    if !(value.starts_with(':') || value.contains('?')) || !is_in_brackets() {
        return None;
    }
    let sign = if value.starts_with(':') { ':' } else { '?' };
    let message = format!(
        "`{}` has a `{sign}` that readers of YAML 1.1, such as PyYAML, take for a sign of their own",
        clip(value)
    );
    Some(sink.diagnostic(&codes::OTHER_YAML, span, message).with_help("quote the value"))
}
