//! Text to tokens. Tokens are made one at a time and hold no text of their own.

use nom::bytes::complete::take_while;
use nom::{IResult, Parser};

use contentcheck_model::diagnostic::{FixKind, Sink, codes, head};
use contentcheck_model::metadata;
use contentcheck_model::source::{Source, Span};

/// How many bytes behind a token are looked at for what a message says of it.
const NEAR: usize = 300;

/// Length of a UUID.
const UUID: usize = 36;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word, dotted and dashed ones included.
    Word,
    /// A name in backticks.
    Quoted,
    /// An integer, with its sign.
    Int,
    /// A float, with its sign.
    Float,
    /// `"..."`
    Text,
    /// `r"..."` or `r#"..."#`
    Raw,
    /// `hex"..."`
    Hex,
    /// `'...'`, reported already.
    SingleQuoted,
    /// A literal that is broken beyond reading, reported already.
    Broken,
    /// `$21`
    Position,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    LeftParen,
    RightParen,
    Colon,
    Comma,
    At,
    Question,
    Tilde,
    Assign,
    /// `=~`, which other languages have.
    AssignTilde,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Ampersand,
    AndAnd,
    OrOr,
    Bang,
    /// A sign without a place in the language.
    Unknown,
    /// The end of the file.
    End,
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
    /// Whether it is the first token of its line.
    pub(super) first: bool,
}

impl Token {
    pub(super) const fn span(self) -> Span {
        Span { start: self.start, end: self.end }
    }
}

/// Makes tokens of a text.
pub(super) struct Lexer<'s> {
    text: &'s str,
    at: usize,
    pub(super) comments: Vec<Span>,
    /// Set where a literal swallowed the rest of its line: what is missed next is a consequence.
    pub(super) swallowed: bool,
}

/// Where the comments of a file are. After a literal that is not closed none is known: what looks like a comment
/// may have been meant as a part of it.
pub(crate) fn comments(source: &Source) -> Vec<Span> {
    let mut sink = Sink::new(source);
    let mut lexer = Lexer::new(source.text());
    while lexer.next(&mut sink).kind != Kind::End && !lexer.swallowed {}
    lexer.comments
}

/// Length of the longest prefix of bytes in the class.
fn run(input: &[u8], class: impl Fn(u8) -> bool) -> usize {
    let scanned: IResult<&[u8], &[u8], ()> = take_while(class).parse(input);
    scanned.map_or(0, |(_, taken)| taken.len())
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

const fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// Whether a name can be written without backticks, reserved words aside.
pub(super) fn is_bare(name: &str) -> bool {
    name.bytes().next().is_some_and(is_word_start) && word_length(name.as_bytes()) == name.len()
}

/// Length of the word at the start of the input: segments joined by single dots and dashes.
fn word_length(input: &[u8]) -> usize {
    let mut length = run(input, is_word);
    while let Some([b'.' | b'-', next, ..]) = input.get(length..) {
        if !is_word(*next) {
            break;
        }
        length += 1 + run(input.get(length + 1..).unwrap_or_default(), is_word);
    }
    length
}

impl<'s> Lexer<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        Self { text, at: 0, comments: Vec::new(), swallowed: false }
    }

    /// Gives nothing but the end from here on.
    pub(super) fn stop(&mut self) {
        self.at = self.text.len();
    }

    /// The first byte after `offset` that is neither blank nor a line break.
    pub(super) fn sign_after(&self, offset: u32) -> Option<u8> {
        let rest = self.text.as_bytes().get(offset as usize..)?;
        rest.get(run(rest, |byte| byte.is_ascii_whitespace())).copied()
    }

    /// The word right after `offset`, behind blanks and an opening parenthesis.
    pub(super) fn word_after(&self, offset: u32) -> Option<&'s str> {
        let rest = head(self.text.get(offset as usize..)?, NEAR);
        let rest = rest.trim_start_matches([' ', '(']);
        let length = word_length(rest.as_bytes());
        rest.get(..length).filter(|word| !word.is_empty())
    }

    /// The first word behind `offset` on its line, whatever signs and numbers are before it.
    pub(super) fn name_after(&self, offset: u32) -> Option<&'s str> {
        let rest = head(self.text.get(offset as usize..)?, NEAR);
        let blank = run(rest.as_bytes(), |byte| !is_word_start(byte) && byte != b'\n');
        let rest = rest.get(blank..)?;
        rest.get(..word_length(rest.as_bytes())).filter(|word| !word.is_empty())
    }

    fn rest(&self) -> &'s [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The next token. Broken literals are reported here, once.
    pub(super) fn next(&mut self, sink: &mut Sink) -> Token {
        let first = self.skip_blanks();
        let start = self.at;
        let rest = self.rest();
        let (kind, length) = match rest {
            [] => (Kind::End, 0),
            [byte, ..] if is_word_start(*byte) => self.word(sink, rest),
            [b'0'..=b'9', ..] | [b'-', b'0'..=b'9', ..] => number(rest, start, sink),
            [b'"', ..] => self.text_literal(sink, rest, 0, Kind::Text),
            [b'\'', ..] => self.single_quoted(sink, rest, 0),
            [b'`', ..] => self.backticked(sink, rest),
            [b'$', ..] => {
                let digits = run(rest.get(1..).unwrap_or_default(), is_word);
                (Kind::Position, 1 + digits)
            }
            [b'{', ..] => (Kind::LeftBrace, 1),
            [b'}', ..] => (Kind::RightBrace, 1),
            [b'[', ..] => (Kind::LeftBracket, 1),
            [b']', ..] => (Kind::RightBracket, 1),
            [b'(', ..] => (Kind::LeftParen, 1),
            [b')', ..] => (Kind::RightParen, 1),
            [b':', ..] => (Kind::Colon, 1),
            [b',', ..] => (Kind::Comma, 1),
            [b'@', ..] => (Kind::At, 1),
            [b'?', ..] => (Kind::Question, 1),
            [b'~', ..] => (Kind::Tilde, 1),
            [b'=', b'=', ..] => (Kind::Equal, 2),
            [b'=', b'~', ..] => (Kind::AssignTilde, 2),
            [b'=', ..] => (Kind::Assign, 1),
            [b'!', b'=', ..] => (Kind::NotEqual, 2),
            [b'!', ..] => (Kind::Bang, 1),
            [b'<', b'=', ..] => (Kind::LessOrEqual, 2),
            [b'<', b'>', ..] => (Kind::Unknown, 2),
            [b'<', ..] => (Kind::Less, 1),
            [b'>', b'=', ..] => (Kind::GreaterOrEqual, 2),
            [b'>', ..] => (Kind::Greater, 1),
            [b'&', b'&', ..] => (Kind::AndAnd, 2),
            [b'&', ..] => (Kind::Ampersand, 1),
            [b'|', b'|', ..] => (Kind::OrOr, 2),
            [byte, ..] if byte.is_ascii() => (Kind::Unknown, 1),
            _ => (Kind::Unknown, run(rest, |byte| !byte.is_ascii())),
        };
        self.at = (start + length).min(self.text.len());
        let span = Span::new(start, self.at);
        Token { kind, start: span.start, end: span.end, first }
    }

    /// Skips blanks, comments and control characters (reported before); says whether a line began.
    fn skip_blanks(&mut self) -> bool {
        let mut first = self.at == 0;
        loop {
            match self.rest() {
                [b'\n', ..] => {
                    first = true;
                    self.at += 1;
                }
                [b'#', ..] => {
                    let rest = self.rest();
                    let line = run(rest, |byte| byte != b'\n');
                    let end = if line > 0 && rest.get(line - 1) == Some(&b'\r') { line - 1 } else { line };
                    self.comments.push(Span::new(self.at, self.at + end));
                    self.at += line;
                }
                [byte, ..] if *byte == b' ' || byte.is_ascii_control() => {
                    self.at += run(self.rest(), |byte| byte != b'\n' && (byte == b' ' || byte.is_ascii_control()));
                }
                [0xEF, 0xBB, 0xBF, ..] if self.at == 0 => self.at += 3,
                _ => return first,
            }
        }
    }

    fn word(&mut self, sink: &mut Sink, rest: &[u8]) -> (Kind, usize) {
        match rest {
            [b'r', b'"', ..] => return self.raw_literal(sink, rest, 0),
            [b'r', b'#', ..] => {
                let marks = run(rest.get(1..).unwrap_or_default(), |byte| byte == b'#');
                if rest.get(1 + marks) == Some(&b'"') {
                    return self.raw_literal(sink, rest, marks);
                }
            }
            [b'r', b'\'', ..] => return self.single_quoted(sink, rest, 1),
            [b'h', b'e', b'x', b'"', ..] => return self.text_literal(sink, rest, 3, Kind::Hex),
            _ => {}
        }
        (Kind::Word, word_length(rest))
    }

    /// A literal in double quotes after a prefix. The backslash guards the next byte.
    fn text_literal(&mut self, sink: &mut Sink, rest: &[u8], prefix: usize, kind: Kind) -> (Kind, usize) {
        let mut length = prefix + 1;
        loop {
            length += run(rest.get(length..).unwrap_or_default(), |byte| !matches!(byte, b'"' | b'\\' | b'\n'));
            match rest.get(length..).unwrap_or_default() {
                [b'"', ..] => return (kind, length + 1),
                [b'\\', next, ..] if *next != b'\n' => length += 2,
                [b'\\', ..] => length += 1,
                _ => return self.unterminated(sink, length, "\""),
            }
        }
    }

    fn raw_literal(&mut self, sink: &mut Sink, rest: &[u8], marks: usize) -> (Kind, usize) {
        let mut length = marks + 2;
        loop {
            length += run(rest.get(length..).unwrap_or_default(), |byte| !matches!(byte, b'"' | b'\n'));
            match rest.get(length..).unwrap_or_default() {
                [b'"', tail @ ..] => {
                    let closing = run(tail.get(..marks.min(tail.len())).unwrap_or_default(), |byte| byte == b'#');
                    length += 1 + closing;
                    if closing == marks {
                        return (Kind::Raw, length);
                    }
                }
                _ => {
                    let close = format!("\"{}", "#".repeat(marks.min(8)));
                    return self.unterminated(sink, length, &close);
                }
            }
        }
    }

    /// What is enclosed by single quotes, behind `prefix` bytes: the `r` of a raw string, or none.
    fn single_quoted(&mut self, sink: &mut Sink, rest: &[u8], prefix: usize) -> (Kind, usize) {
        let body = run(rest.get(prefix + 1..).unwrap_or_default(), |byte| !matches!(byte, b'\'' | b'\n'));
        let length = prefix + body + 2;
        if rest.get(prefix + body + 1) != Some(&b'\'') {
            return self.unterminated(sink, prefix + body + 1, "'");
        }
        let span = Span::new(self.at, self.at + length);
        let begin = self.at + prefix + 1;
        let inner = self.text.get(begin..begin + body).unwrap_or("");
        let found = sink
            .diagnostic(&codes::SINGLE_QUOTES, span, "single quotes do not enclose a string")
            .with_label("a string is in double quotes")
            .with_help("write the string in double quotes, or as a raw string r\"...\" if it holds backslashes");
        // A backslash within means one thing in some languages and another in others, but for a raw string.
        let mark = if prefix > 0 { "r" } else { "" };
        sink.push(if inner.contains('"') || (prefix == 0 && inner.contains('\\')) {
            found
        } else {
            found.with_fix(FixKind::Quotes, "write double quotes", span, format!("{mark}\"{inner}\""))
        });
        (Kind::SingleQuoted, length)
    }

    fn backticked(&mut self, sink: &mut Sink, rest: &[u8]) -> (Kind, usize) {
        let body = run(rest.get(1..).unwrap_or_default(), |byte| !matches!(byte, b'`' | b'\n'));
        if rest.get(body + 1) != Some(&b'`') {
            return self.unterminated(sink, body + 1, "`");
        }
        if body == 0 {
            sink.report(&codes::SYNTAX, Span::new(self.at, self.at + 2), "a name in backticks is empty");
            return (Kind::Broken, 2);
        }
        (Kind::Quoted, body + 2)
    }

    fn unterminated(&mut self, sink: &mut Sink, length: usize, close: &str) -> (Kind, usize) {
        let line_end = self.rest().get(length.saturating_sub(1)) == Some(&b'\r');
        let end = self.at + if line_end { length - 1 } else { length };
        let found = sink
            .diagnostic(&codes::UNTERMINATED, Span::new(self.at, end), "this string is never closed on its line")
            .with_label(format!("no closing {close} up to the end of the line"))
            .with_help(format!("close it with {close}; a line break inside a string is written \\n"));
        sink.push(found);
        self.swallowed = true;
        (Kind::Broken, length)
    }
}

/// A number from its sign to its last digit. A word character right behind it belongs to the mistake.
fn number(rest: &[u8], start: usize, sink: &mut Sink) -> (Kind, usize) {
    if let Some(id) = rest.get(..UUID).and_then(|id| std::str::from_utf8(id).ok()).filter(|id| metadata::is_uuid(id)) {
        let span = Span::new(start, start + UUID);
        let found = sink.diagnostic(&codes::INVALID_NUMBER, span, "an id is a string, and this one has no quotes");
        sink.push(found.with_help(format!("write \"{id}\"")));
        return (Kind::Broken, UUID);
    }
    let sign = usize::from(rest.first() == Some(&b'-'));
    let digits = |from: usize| run(rest.get(from..).unwrap_or_default(), |byte| byte.is_ascii_digit() || byte == b'_');
    if matches!(rest.get(sign..), Some([b'0', b'x' | b'X', ..])) {
        let hex = |byte: u8| byte.is_ascii_hexdigit() || byte == b'_';
        let length = sign + 2 + run(rest.get(sign + 2..).unwrap_or_default(), hex);
        return (Kind::Int, trailing(rest, length, start, sink));
    }
    let mut length = sign + digits(sign);
    let mut kind = Kind::Int;
    if matches!(rest.get(length..), Some([b'.', b'0'..=b'9', ..])) {
        kind = Kind::Float;
        length += 1 + digits(length + 1);
    }
    if let Some([b'e' | b'E', tail @ ..]) = rest.get(length..) {
        let signed = usize::from(matches!(tail.first(), Some(b'+' | b'-')));
        if tail.get(signed).is_some_and(u8::is_ascii_digit) {
            kind = Kind::Float;
            length += 1 + signed;
            length += digits(length);
        }
    }
    let whole = trailing(rest, length, start, sink);
    if whole > length { (Kind::Broken, whole) } else { (kind, whole) }
}

/// Reports word characters right behind a number and gives the length with them.
fn trailing(rest: &[u8], length: usize, start: usize, sink: &mut Sink) -> usize {
    let extra = run(rest.get(length..).unwrap_or_default(), is_word);
    if extra > 0 {
        let span = Span::new(start, start + length + extra);
        let found = sink
            .diagnostic(&codes::INVALID_NUMBER, span, "this is neither a number nor a name")
            .with_help("a string is in double quotes; a name begins with a letter, and a field whose name does not is in backticks");
        sink.push(found);
    }
    length + extra
}
