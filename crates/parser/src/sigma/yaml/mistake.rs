//! Why a file is no YAML: from the place where the scanner gave up back to the mistake that a person made.
//!
//! The scanner says which of its rules was broken, often lines behind the cause. Here the lines are read once more, as
//! a person reads them: indentation, dashes, key, value. The first line that cannot be YAML is the cause. It is
//! looked for no further than where the scanner stopped, so that a file that is YAML is never spoken of, and each byte
//! is looked at a bounded number of times.

use std::ops::Range;

use contentcheck_model::decode;
use contentcheck_model::diagnostic::clip;
use contentcheck_model::source::Span;

/// What is wrong, and what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: String,
}

type Found = Result<(), Mistake>;

/// The mistake at or before the line in which the scanner stopped at `stop`, for the reason `info`.
pub(super) fn find(text: &str, stop: usize, info: &str) -> Option<Mistake> {
    let stop = stop.min(text.len());
    let rest = text.as_bytes().get(stop..).unwrap_or(&[]);
    let last = stop + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    // The scanner stops at the end of a value when the line behind it begins with a tab.
    let behind = text.as_bytes().get(last + 1..).filter(|_| info.contains("found a tab"));
    let last =
        behind.map_or(last, |behind| last + 1 + behind.iter().position(|byte| *byte == b'\n').unwrap_or(behind.len()));
    let stopped_at = text.as_bytes().get(..stop).unwrap_or(&[]).iter().rposition(|byte| *byte == b'\n');
    let unknown_anchor = info.contains("unknown anchor").then(|| stopped_at.map_or(0, |at| at + 1)..last);
    conflict(text).or_else(|| foreign(text)).or_else(|| {
        let mut walk = Walk { text, at: 0, unknown_anchor, levels: Vec::new(), before: Before::Nothing };
        while walk.at <= last && walk.at < text.len() {
            if let Err(mistake) = walk.line() {
                return Some(mistake);
            }
        }
        None
    })
}

fn mistake(from: usize, to: usize, message: impl Into<String>, help: impl Into<String>) -> Mistake {
    Mistake { span: Span::new(from, to), message: message.into(), help: help.into() }
}

/// The marks that version control leaves where it could not merge.
fn conflict(text: &str) -> Option<Mistake> {
    let (span, mark) = decode::conflict(text)?;
    let message = format!("an unresolved merge conflict: `{}`", clip(mark));
    Some(Mistake { span, message, help: decode::CONFLICT_HELP.to_owned() })
}

/// A file that is not written in YAML, or not for this: it has none of the keys of a Sigma file.
fn foreign(text: &str) -> Option<Mistake> {
    let is_key = |line: &str| {
        let key = line.trim_start_matches(['-', ' ', '\t', '"', '\'', '{']);
        ["title", "logsource", "detection", "correlation", "filter", "condition", "id", "selection"]
            .iter()
            .any(|name| key.strip_prefix(name).is_some_and(|rest| rest.starts_with([':', '"', '\'', '=', ' '])))
    };
    let mut at = 0;
    let mut first: Option<(usize, &str)> = None;
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        if first.is_none() && !bare.is_empty() && !bare.starts_with('#') && bare != "---" {
            first = Some((at + line.len() - line.trim_start().len(), bare));
        }
        if is_key(line) {
            let is_native = first.is_some_and(|(_, first)| first.starts_with("rule ") && first.ends_with('{'));
            if !is_native {
                return None;
            }
        }
        at += line.len();
    }
    let (at, line) = first?;
    let word = line.split_whitespace().next().unwrap_or("");
    let help = match word {
        "rule" | "private" | "global" | "import" if text.contains("strings:") || text.contains("condition:") => {
            "this looks like YARA, which searches files; a Sigma rule has `title`, `logsource` and `detection`"
        }
        "rule" | "template" | "list" | "table" => {
            "if these are native rules, their file ends in `.content`; on standard input, say `--stdin-name x.content`"
        }
        _ => "a Sigma rule has `title`, `logsource` and `detection`; leave what is for other tools out with `exclude`",
    };
    let message = format!("this is no Sigma rule: the file begins with `{}`", clip(line));
    Some(mistake(at, at + line.len(), message, help))
}

/// What the lines before leave open.
#[derive(Clone, Copy, Debug)]
enum Before<'s> {
    Nothing,
    /// A key or a dash without a value: what follows may be deeper.
    Open,
    /// A value without quotes, which deeper lines continue.
    Plain {
        key: &'s str,
        indent: usize,
        from: usize,
    },
    /// A value that is complete.
    Complete {
        key: &'s str,
    },
    /// The header of a block (`|`, `>`).
    Block {
        key: &'s str,
        indent: usize,
    },
}

/// A level of indentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Level {
    indent: usize,
    is_list: bool,
}

struct Walk<'s> {
    text: &'s str,
    at: usize,
    /// The line in which an alias has no anchor.
    unknown_anchor: Option<Range<usize>>,
    levels: Vec<Level>,
    before: Before<'s>,
}

impl<'s> Walk<'s> {
    /// The rest of the line from a place on, without what ends it.
    fn rest_of_line(&self, from: usize) -> &'s str {
        let rest = self.text.get(from..).unwrap_or("");
        let end = rest.find('\n').unwrap_or(rest.len());
        rest.get(..end).unwrap_or("").trim_end()
    }

    /// Goes to the line after the one that holds `from`.
    fn next_line(&mut self, from: usize) {
        let rest = self.text.get(from..).unwrap_or("");
        self.at = from + rest.find('\n').map_or(rest.len(), |end| end + 1);
    }

    /// Reads one line, and those that its value goes on in.
    fn line(&mut self) -> Found {
        let start = self.at;
        let line = self.rest_of_line(start);
        let content = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - content.len();
        self.next_line(start);
        if content.is_empty() || content.starts_with('#') {
            return Ok(());
        }
        if indent == 0 && (line.starts_with("--- ") || line == "---" || line == "...") {
            self.levels.clear();
            self.before = Before::Nothing;
            return Ok(());
        }
        match self.before {
            Before::Block { indent: outer, .. } if indent > outer => return Ok(()),
            Before::Plain { key, indent: outer, from } if indent > outer => {
                return self.continuation(key, from, start + indent, content);
            }
            _ => {}
        }
        if let Some(tab) = line.get(..indent).and_then(|blank| blank.find('\t')) {
            let count = line.get(..indent).unwrap_or("").matches('\t').count();
            let message = "this line is indented with a tab; YAML is indented with spaces";
            let each = if count == 1 { "the tab" } else { "each tab" };
            return Err(mistake(start + tab, start + indent, message, format!("write 4 spaces for {each}")));
        }
        let odd = content.chars().next().filter(|sign| sign.is_whitespace());
        if let Some(sign) = odd {
            let message =
                format!("this line is indented with U+{:04X}, which looks like a space and is none", u32::from(sign));
            let at = start + indent;
            return Err(mistake(at, at + sign.len_utf8(), message, "write spaces for it"));
        }
        self.dashes(start + indent, indent, content)
    }

    /// A line below a value without quotes: it belongs to it.
    fn continuation(&mut self, key: &str, from: usize, at: usize, content: &str) -> Found {
        let Some((name, _)) = split_key(content) else { return Ok(()) };
        let shown = clip(name);
        let message = if key.is_empty() {
            format!("`{shown}` is deeper than the line before it, which has a value already")
        } else {
            format!("`{shown}` is deeper than `{}`, which has a value already", clip(key))
        };
        let value = clip(self.rest_of_line(from));
        let help = format!(
            "indent it like the keys that it belongs to; if it is part of the value that begins with `{value}`, quote all of that"
        );
        Err(mistake(at, at + name.len(), message, help))
    }

    /// The dashes at the start of a line, and what follows them.
    fn dashes(&mut self, mut at: usize, mut indent: usize, mut content: &'s str) -> Found {
        let mut is_entry = false;
        while content == "-" || content.starts_with("- ") {
            self.level(at, Level { indent, is_list: true }, content, is_entry)?;
            let rest = content.get(1..).unwrap_or("");
            let inner = rest.trim_start_matches(' ');
            let skipped = 1 + rest.len() - inner.len();
            (at, indent, content) = (at + skipped, indent + skipped, inner);
            is_entry = true;
            self.before = Before::Open;
            if inner.starts_with('#') || inner.is_empty() {
                return Ok(());
            }
        }
        match split_key(content) {
            Some((key, after)) => {
                self.level(at, Level { indent, is_list: false }, content, is_entry)?;
                let value = content.get(after..).unwrap_or("").trim_start();
                let value_at = at + content.len() - value.len();
                self.value(key, indent, value_at, value)
            }
            None if is_entry => self.value("", indent.saturating_sub(2), at, content),
            None => self.no_key(at, indent, content),
        }
    }

    /// Enters the level of a line, or says why there is none.
    fn level(&mut self, at: usize, level: Level, content: &str, same_line: bool) -> Found {
        if same_line {
            self.levels.push(level);
            return Ok(());
        }
        let mut near: Option<usize> = None;
        while let Some(top) = self.levels.last().copied().filter(|top| top.indent > level.indent) {
            near = Some(top.indent);
            self.levels.pop();
        }
        // A list may be as deep as the key that it belongs to, and ends where the next key begins.
        if let [.., outer, top] = self.levels[..]
            && outer.indent == level.indent
            && top.indent == level.indent
            && top.is_list
            && !level.is_list
        {
            self.levels.pop();
        }
        let word = clip(content);
        let end = at + content.len();
        let Some(top) = self.levels.last().copied() else {
            self.levels.push(level);
            return Ok(());
        };
        let is_open = matches!(self.before, Before::Open | Before::Nothing);
        if top.indent == level.indent {
            if top.is_list == level.is_list {
                return Ok(());
            }
            if level.is_list && is_open {
                self.levels.push(level);
                return Ok(());
            }
            let (message, help) = if level.is_list {
                (
                    format!("`{word}` is an entry of a list among keys"),
                    "remove its `-`, or indent it below the key that it belongs to",
                )
            } else {
                (
                    format!("`{word}` is a key among the entries of a list"),
                    "indent it like the key that the list belongs to, or begin it with `- `",
                )
            };
            return Err(mistake(at, end, message, help));
        }
        if is_open && near.is_none() {
            self.levels.push(level);
            return Ok(());
        }
        let beside = match near {
            Some(inner) if inner - level.indent <= level.indent - top.indent => inner,
            _ => top.indent,
        };
        let key = match self.before {
            Before::Complete { key } | Before::Plain { key, .. } if near.is_none() && !key.is_empty() => {
                format!("; `{}` has a value already, so nothing can be below it", clip(key))
            }
            _ => String::new(),
        };
        let message = format!("this line is indented with {} where {} would fit{key}", spaces(level.indent), beside);
        Err(mistake(at, end, message, format!("indent it with {}, like the lines that it belongs to", spaces(beside))))
    }

    /// A line that is neither an entry of a list nor a key.
    fn no_key(&mut self, at: usize, indent: usize, content: &'s str) -> Found {
        let end = at + content.len();
        let shown = clip(content);
        if let Before::Block { key, .. } = self.before {
            let message =
                format!("this line is not indented below `{}`, whose block it seems to be part of", clip(key));
            return Err(mistake(at, end, message, format!("indent it with {}", spaces(indent + 4))));
        }
        if let Before::Plain { key, .. } = self.before
            && !has_colon(content)
            && !content.contains('=')
            && content.split_whitespace().count() > 2
        {
            let message = format!("this line is not indented below `{}`, whose value it seems to continue", clip(key));
            return Err(mistake(at, end, message, format!("indent it with {}", spaces(indent + 4))));
        }
        if content.bytes().all(|byte| byte == b'-') {
            let message = format!("`{shown}` does not separate documents");
            return Err(mistake(at, end, message, "write `---`, alone on its line"));
        }
        if content.starts_with("```") {
            let message = format!("`{shown}` is Markdown, not YAML");
            return Err(mistake(at, end, message, "remove the lines with the code fence"));
        }
        if let Some(sign) = content.chars().next().filter(|sign| DASHES.contains(sign)) {
            let message =
                format!("this line begins with U+{:04X}, which looks like a `-` and is none", u32::from(sign));
            return Err(mistake(at, at + sign.len_utf8(), message, "begin an entry of a list with `- `"));
        }
        if let Some((before, _)) = content.split_once('：') {
            let message = "U+FF1A looks like a colon and is none".to_owned();
            let colon = at + before.len();
            return Err(mistake(colon, colon + '：'.len_utf8(), message, "write `: `"));
        }
        if content.starts_with('-') && content.get(1..2).is_some_and(|next| next != "-") {
            return Err(mistake(
                at,
                at + 1,
                format!("a space is missing after the `-` of `{shown}`"),
                "write `- ` and the value",
            ));
        }
        if content.starts_with(['\'', '"'])
            && let Some(end) = quoted(content)
            && end == content.len()
        {
            let message = format!("{shown} is a value where a key is expected");
            let inner = content.get(1..end - 1).unwrap_or("");
            let help = match split_key(inner) {
                Some((key, after)) => {
                    let value = inner.get(after..).unwrap_or("").trim();
                    format!("leave the key out of the quotes: `{}: '{}'`", clip(key), clip(value))
                }
                None if inner.starts_with("- ") => "leave the `- ` out of the quotes".to_owned(),
                None => "write the key and `: ` before it, or `- ` if it is an entry of a list".to_owned(),
            };
            return Err(mistake(at, at + end, message, help));
        }
        if content.starts_with(['\'', '"', '[', '{', ']', '}']) {
            return self.value("", indent, at, content);
        }
        let name = content.find([':', '=', ' ', '\'', '"', '\t']).unwrap_or(content.len());
        let (key, after) = content.split_at_checked(name).unwrap_or((content, ""));
        let value = after.trim_start_matches([':', '=', '>', ' ', '\t']);
        let written = match (value.is_empty(), after.starts_with(':'), after.trim_start().starts_with('=')) {
            (true, ..) => format!("write `{}:`", clip(key)),
            (false, ..) => format!("write `{}: {}`", clip(key), clip(value)),
        };
        let message = if after.starts_with(':') && !value.is_empty() {
            format!("a space is missing after the `:` of `{}`", clip(key))
        } else if after.trim_start().starts_with('=') {
            format!("`{}` has `=` where YAML has `: `", clip(key))
        } else {
            format!("this line has no `: ` between a key and its value: `{shown}`")
        };
        Err(mistake(at, end, message, written))
    }

    /// A value, to its end.
    fn value(&mut self, key: &'s str, indent: usize, at: usize, value: &'s str) -> Found {
        let mut value = value;
        let mut at = at;
        // Tags and anchors before the value.
        while let Some(first) = value.chars().next().filter(|first| matches!(first, '&' | '!')) {
            let end = value.find([' ', '\t']).unwrap_or(value.len());
            let rest = value.get(end..).unwrap_or("").trim_start();
            if rest.is_empty() {
                self.before = Before::Open;
                return Ok(());
            }
            let _ = first;
            at += value.len() - rest.len();
            value = rest;
        }
        let Some(first) = value.chars().next().filter(|first| *first != '#') else {
            self.before = Before::Open;
            return Ok(());
        };
        self.before = Before::Complete { key };
        match first {
            '\'' | '"' => self.quoted(key, indent, at),
            '[' | '{' => self.flow(key, indent, at, value),
            '|' | '>' => {
                let header = value
                    .get(1..)
                    .unwrap_or("")
                    .trim_start_matches(|sign: char| "+-".contains(sign) || sign.is_ascii_digit());
                if header.trim_start().is_empty()
                    || (header.starts_with([' ', '\t']) && header.trim_start().starts_with('#'))
                {
                    self.before = Before::Block { key, indent };
                    return Ok(());
                }
                Err(must_be_quoted(at, value, first))
            }
            '*' if self.unknown_anchor.as_ref().is_some_and(|line| line.contains(&at)) => {
                let is_name =
                    value.bytes().skip(1).all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
                if !is_name || value.len() == 1 {
                    return Err(must_be_quoted(at, value, first));
                }
                let name = value.get(1..).unwrap_or("");
                let message =
                    format!("`{}` stands for an anchor `&{}`, which the file does not have", clip(value), clip(name));
                let help = if key == "<<" {
                    "Sigma rules have no merge keys: write the fields out".to_owned()
                } else {
                    format!("if the asterisk is a wildcard, quote the value: `'{}'`", clip(value))
                };
                Err(mistake(at, at + value.len(), message, help))
            }
            '*' => Ok(()),
            '%' | '@' | '`' | ',' | ']' | '}' => Err(must_be_quoted(at, value, first)),
            '-' | '?' if value.get(1..).is_some_and(|rest| rest.starts_with(' ')) && !key.is_empty() => {
                Err(must_be_quoted(at, value, first))
            }
            _ => {
                self.before = Before::Plain { key, indent, from: at };
                self.plain(key, indent, at, value)
            }
        }
    }

    /// A value without quotes.
    fn plain(&self, key: &str, indent: usize, at: usize, value: &str) -> Found {
        let bare = value.find(" #").and_then(|comment| value.get(..comment)).unwrap_or(value);
        let Some((head, _)) = split_key(bare) else { return Ok(()) };
        let word_at = head.rfind(char::is_whitespace).map_or(0, |blank| blank + 1);
        let word = head.get(word_at..).unwrap_or(head);
        let is_text =
            key.contains('|') || indent == 0 && !matches!(key, "detection" | "logsource" | "correlation" | "filter");
        let is_key = !is_text && (word_at == 0 || KEYS.contains(&word));
        let (message, help) = if is_key {
            let place = if word_at == 0 && !key.is_empty() { format!(" below `{}`", clip(key)) } else { String::new() };
            (
                format!("`{}` is a second key on one line", clip(word)),
                format!(
                    "write `{}` on a line of its own{place}; if it is part of a value, quote the value",
                    clip(word)
                ),
            )
        } else {
            let sample = if bare.contains('\'') { format!("\"{}\"", clip(bare)) } else { format!("'{}'", clip(bare)) };
            ("a value with `: ` in it must be quoted".to_owned(), format!("write {sample}"))
        };
        let (from, to) = if is_key { (at + word_at, at + head.len()) } else { (at, at + bare.len()) };
        Err(mistake(from, to, message, help))
    }

    /// A quoted value, over lines.
    fn quoted(&mut self, key: &'s str, indent: usize, at: usize) -> Found {
        let rest = self.text.get(at..).unwrap_or("");
        let line = self.rest_of_line(at);
        let mark = if rest.starts_with('"') { '"' } else { '\'' };
        let end = quoted(rest);
        let same_line = end.is_some_and(|end| end <= line.len());
        if !same_line {
            // What goes on in the next line is deeper than the key.
            let next = self.rest_of_line(self.after(at));
            let depth = next.len() - next.trim_start_matches([' ', '\t']).len();
            let goes_on = end.is_some()
                && (next.trim().is_empty() || depth > indent)
                && !(key.is_empty() && next.trim_start().starts_with("- "));
            if !goes_on {
                return Err(unclosed(at, line, mark));
            }
        }
        let Some(end) = end else { return Err(unclosed(at, line, mark)) };
        let whole = rest.get(..end).unwrap_or("");
        if mark == '"' {
            escapes(at, whole)?;
        }
        self.next_line(at + end);
        let after = self.rest_of_line(at + end);
        let shown = after.trim_start();
        if shown.is_empty() || (shown.starts_with('#') && after.starts_with([' ', '\t'])) {
            return Ok(());
        }
        if key == "condition" {
            let from = at + end + after.len() - shown.len();
            let bare: String = format!("{whole}{after}").chars().filter(|sign| !matches!(sign, '"' | '\'')).collect();
            let help = format!("names of selections have no quotes: write `condition: {}`", clip(&bare));
            return Err(mistake(
                from,
                at + end + after.len(),
                format!("`{}` follows the quote that ends the condition", clip(shown)),
                help,
            ));
        }
        Err(behind(at, end, whole, after, mark))
    }

    /// Where the line ends that holds `at`, its end included.
    fn after(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or("");
        at + rest.find('\n').map_or(rest.len(), |end| end + 1)
    }

    /// A value in brackets or braces, over lines.
    fn flow(&mut self, key: &'s str, indent: usize, at: usize, value: &str) -> Found {
        let bytes = self.text.as_bytes();
        let mut open: Vec<(u8, usize)> = Vec::new();
        let mut place = at;
        // Whether a value ends here, so that a comma or a bracket must follow.
        let mut ended: Option<usize> = None;
        while let Some(byte) = bytes.get(place).copied() {
            match byte {
                b'[' | b'{' => {
                    open.push((byte, place));
                    ended = None;
                }
                b']' | b'}' => {
                    let wanted = match open.pop() {
                        Some((b'[', _)) => b']',
                        _ => b'}',
                    };
                    if byte != wanted {
                        let opened = if wanted == b']' { '[' } else { '{' };
                        let message = format!("`{}` closes the `{opened}` before it", char::from(byte));
                        let help = format!("write `{}` here", char::from(wanted));
                        return Err(mistake(place, place + 1, message, help));
                    }
                    ended = None;
                    if open.is_empty() {
                        break;
                    }
                }
                b'\'' | b'"' if bytes.get(place - 1).is_some_and(|before| b" \t\n[{,:".contains(before)) => {
                    if ended.is_some() {
                        return Err(mistake(
                            place,
                            place + 1,
                            "a `,` is missing before this value",
                            "separate the values with `, `",
                        ));
                    }
                    let rest = self.text.get(place..).unwrap_or("");
                    let Some(end) = quoted(rest) else {
                        return Err(unclosed(place, self.rest_of_line(place), char::from(byte)));
                    };
                    if byte == b'"' {
                        escapes(place, rest.get(..end).unwrap_or(""))?;
                    }
                    place += end;
                    ended = Some(place);
                    continue;
                }
                b',' | b':' => ended = None,
                b'#' if bytes.get(place - 1).is_some_and(u8::is_ascii_whitespace) => {
                    place = self.after(place);
                    continue;
                }
                b'\n' => {
                    let next = self.rest_of_line(place + 1);
                    let content = next.trim_start();
                    let depth = next.len() - content.len();
                    if !content.is_empty()
                        && depth <= indent
                        && !content.starts_with([']', '}'])
                        && (indent > 0 || split_key(content).is_some_and(|(key, _)| !key.starts_with(['"', '\''])))
                    {
                        return Err(never_closed(&open, at));
                    }
                }
                _ => {}
            }
            place += 1;
        }
        if !open.is_empty() {
            return Err(never_closed(&open, at));
        }
        let after = self.rest_of_line(place + 1);
        let shown = after.trim_start();
        self.next_line(place.min(self.text.len()));
        if shown.is_empty() || shown.starts_with('#') || (key.is_empty() && shown.starts_with(':')) {
            return Ok(());
        }
        if let Some(bracket) = shown.chars().next().filter(|first| matches!(first, ']' | '}')) {
            let from = place + 1 + after.len() - shown.len();
            return Err(mistake(from, from + 1, format!("`{bracket}` closes what nothing opens"), "remove it"));
        }
        let first = value.chars().next().unwrap_or('[');
        Err(must_be_quoted(at, value, first))
    }
}

/// Keys that a Sigma file has below others, at which a line may have been joined with the one before.
const KEYS: &[&str] = &["product", "category", "service", "condition", "definition", "level", "status", "id", "type"];

/// Signs that word processors write for a hyphen or a bullet.
const DASHES: &[char] = &['\u{2010}', '\u{2011}', '\u{2012}', '–', '—', '−', '•', '·', '‣', '◦'];

fn spaces(count: usize) -> String {
    if count == 1 { "1 space".to_owned() } else { format!("{count} spaces") }
}

fn has_colon(content: &str) -> bool {
    content.contains(':') || content.contains('：')
}

/// Length of the quoted value that a text begins with. `None` where no quote closes it.
fn quoted(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mark = *bytes.first()?;
    let mut at = 1;
    loop {
        match *bytes.get(at)? {
            b'\\' if mark == b'"' => at += 2,
            byte if byte == mark && mark == b'\'' && bytes.get(at + 1) == Some(&mark) => at += 2,
            byte if byte == mark => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// The key that a line begins with, and where its value may begin.
fn split_key(content: &str) -> Option<(&str, usize)> {
    if content.starts_with(['\'', '"']) {
        let end = quoted(content)?;
        let rest = content.get(end..)?;
        let colon = rest.trim_start();
        let is_key = colon.starts_with(": ") || colon == ":" || colon.starts_with(":\t");
        return is_key.then(|| (content.get(..end).unwrap_or(""), content.len() - colon.len() + 1));
    }
    let bare = content.find(" #").and_then(|comment| content.get(..comment)).unwrap_or(content);
    let bytes = bare.as_bytes();
    let colon = (0..bytes.len()).find(|at| {
        bytes.get(*at) == Some(&b':') && bytes.get(at + 1).is_none_or(|next| matches!(next, b' ' | b'\t'))
    })?;
    (colon > 0 && !content.starts_with(['[', '{'])).then(|| (bare.get(..colon).unwrap_or(""), colon + 1))
}

fn must_be_quoted(at: usize, value: &str, first: char) -> Mistake {
    let sign = if first == '`' { "\"`\"".to_owned() } else { format!("`{first}`") };
    let bare = value.find(" #").and_then(|comment| value.get(..comment)).unwrap_or(value);
    let shown = if bare.contains('\'') {
        format!("'{}'", clip(&bare.replace('\'', "''")))
    } else {
        format!("'{}'", clip(bare))
    };
    let message = format!("a value that begins with {sign} must be quoted");
    mistake(at, at + bare.len(), message, format!("quote it: {shown}"))
}

fn never_closed(open: &[(u8, usize)], at: usize) -> Mistake {
    let (byte, from) = open.first().copied().unwrap_or((b'[', at));
    let close = if byte == b'[' { ']' } else { '}' };
    let message = format!("the `{}` opened here is never closed", char::from(byte));
    mistake(from, from + 1, message, format!("write `{close}` at the end of the value"))
}

fn unclosed(at: usize, line: &str, mark: char) -> Mistake {
    let shown = clip(line);
    let inner = line.get(1..).unwrap_or("");
    let help = if mark == '"' && inner.ends_with("\\\"") {
        let path = inner.strip_suffix('"').unwrap_or(inner);
        format!("between double quotes `\\\"` is a quote of the value; write it in single quotes: '{}'", clip(path))
    } else if inner.ends_with(['"', '\'']) {
        format!("it ends with another quote: write {mark} at its end too")
    } else {
        format!("write {mark} at the end of the value: {shown}{mark}")
    };
    mistake(at, at + line.len(), format!("the {mark} opened here is never closed: {shown}"), help)
}

/// The first escape of a double-quoted value that is none.
fn escapes(at: usize, whole: &str) -> Found {
    let bytes = whole.as_bytes();
    let mut place = 1;
    while let Some(byte) = bytes.get(place) {
        if *byte != b'\\' {
            place += 1;
            continue;
        }
        let next = bytes.get(place + 1).copied().unwrap_or(b'"');
        let digits = match next {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => 0,
        };
        let code = bytes.get(place + 2..place + 2 + digits);
        let known = b"0abt\tnvfre \"/\\N_LP\n\r".contains(&next);
        let is_right = if digits > 0 { code.is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit)) } else { known };
        if !is_right {
            let end = whole.get(place + 1..).and_then(|rest| rest.chars().next()).map_or(1, |sign| 1 + sign.len_utf8());
            let escape = whole.get(place..place + end).unwrap_or("\\");
            let inner = whole.get(1..whole.len().saturating_sub(1)).unwrap_or("");
            let message = format!("`{}` is no escape that YAML knows between double quotes", clip(escape));
            let help = format!(
                "write the value in single quotes, where a backslash is itself: '{}'",
                clip(&inner.replace('\'', "''"))
            );
            return Err(mistake(at + place, at + place + end, message, help));
        }
        place += 2 + digits;
    }
    Ok(())
}

/// What follows a closing quote and may not.
fn behind(at: usize, end: usize, whole: &str, after: &str, mark: char) -> Mistake {
    let shown = after.trim_start();
    let from = at + end + after.len() - shown.len();
    let to = at + end + after.len();
    let word = shown.split([' ', '\'', '"']).next().unwrap_or("");
    let joined = after.starts_with(|first: char| first.is_alphanumeric() || first == '\\');
    let (message, help) = if shown == "," {
        ("a `,` behind the value".to_owned(), "remove it; the entries of a list are on lines of their own".to_owned())
    } else if shown.starts_with([',', '\'', '"']) && !after.starts_with(['\'', '"'])
        || shown.starts_with('|')
        || ["or", "OR", "Or"].contains(&word)
    {
        let values = several(whole, shown);
        (
            format!("several values on one line: {}", clip(&format!("{whole}{after}"))),
            format!("write them as a list: {values}"),
        )
    } else if ["and", "AND"].contains(&word) {
        (
            format!("several values on one line: {}", clip(&format!("{whole}{after}"))),
            format!("write them as a list, and `|all` behind the modifiers: {}", several(whole, shown)),
        )
    } else if joined && mark == '\'' {
        let inner = whole.get(1..whole.len() - 1).unwrap_or("");
        let inner = inner.strip_suffix('\\').unwrap_or(inner);
        (
            format!("the single quote before `{}` ends the value", clip(shown)),
            format!("an apostrophe in single quotes is written twice: '{}''{}", clip(inner), clip(shown)),
        )
    } else if joined || after.starts_with('"') {
        let all = format!("{whole}{after}");
        let all = all.strip_prefix('"').unwrap_or(&all);
        let all = all.strip_suffix('"').unwrap_or(all);
        let all = if after.starts_with('"') && whole == "\"\"" { all.trim_matches('"') } else { all };
        (
            format!("the double quote before `{}` ends the value", clip(shown)),
            format!("write the value in single quotes: '{}'", clip(&all.replace('\'', "''"))),
        )
    } else if shown.starts_with('#') {
        ("a space is missing before the comment".to_owned(), "write a space before `#`".to_owned())
    } else {
        let inner = whole.get(1..whole.len() - 1).unwrap_or("");
        (
            format!("`{}` follows the quote that ends the value", clip(shown)),
            format!("quote all of it: '{}'", clip(&format!("{inner}{after}").replace('\'', "''"))),
        )
    };
    mistake(from, to, message, help)
}

/// The quoted values of a line as a list.
fn several(first: &str, rest: &str) -> String {
    let mut values = first.to_owned();
    let mut at = 0;
    while let Some(start) = rest.get(at..).and_then(|rest| rest.find(['\'', '"'])).map(|offset| at + offset) {
        let Some(end) = rest.get(start..).and_then(quoted) else { break };
        values.push_str(", ");
        values.push_str(rest.get(start..start + end).unwrap_or(""));
        at = start + end;
        if values.len() > 60 {
            values.push_str(", ...");
            break;
        }
    }
    format!("[{values}]")
}
