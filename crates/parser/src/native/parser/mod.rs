//! Tokens to a tree, by recursive descent of bounded depth, with recovery.
//!
//! A function that fails has reported why, and gives [`Failed`]. Entries, operands and
//! declarations are the places where reading goes on after a failure.

mod advice;
mod condition;
mod rule;
mod table;
mod template;
mod values;

pub(super) use advice::is_null;
pub(super) use rule::attributes;

use super::ast::{Ast, Declaration, Name};
use super::lexer::{Kind, Lexer, Token};
use contentcheck_model::{characters, decode};

use super::{Parsed, literal};
use contentcheck_model::diagnostic::{Diagnostic, FixKind, Sink, clip, closest, codes};
use contentcheck_model::limits;
use contentcheck_model::source::{Source, Span, Spanned};

/// The mistake was reported; the caller goes on at the next place that makes sense.
#[derive(Debug)]
struct Failed;

type Read<T> = Result<T, Failed>;

/// Words that begin a declaration.
const DECLARATIONS: [&str; 4] = ["template", "table", "list", "rule"];

/// Words that mean something inside a condition, so that a field of this name needs backticks.
pub(super) const RESERVED: [&str; 18] = [
    "all",
    "and",
    "any",
    "cidr",
    "contains",
    "ends_with",
    "exists",
    "false",
    "in",
    "let",
    "like",
    "matches",
    "not",
    "or",
    "starts_with",
    "test",
    "true",
    "when",
];

/// What a file consists of.
const TOP: &str = "a file declares with `template`, `table`, `list` and `rule`, each with a name behind it";

/// Mistakes after which the rest of a file is not worth reading.
const HOPELESS: usize = 1_000;

/// Parses one file.
pub(super) fn parse(source: &Source) -> Parsed {
    let mut sink = Sink::new(source);
    let mut ast =
        Ast { source: source.clone(), declarations: Vec::new(), comments: Vec::new(), lost: Vec::new(), intact: false };
    if source.text().len() > limits::FILE_BYTES {
        let message = format!("this file has {} bytes; the limit is {}", source.text().len(), limits::FILE_BYTES);
        sink.report(&codes::FILE_TOO_LARGE, Span::at(0), message);
        return Parsed { ast, diagnostics: sink.finish() };
    }
    if let Some((span, mark)) = decode::conflict(source.text()) {
        let message = format!("an unresolved merge conflict: `{}`", clip(mark));
        let found = sink.diagnostic(&codes::SYNTAX, span, message).with_help(decode::CONFLICT_HELP);
        sink.push(found);
        return Parsed { ast, diagnostics: sink.finish() };
    }
    characters::check(source.text(), &mut sink);
    let mut parser = Parser::new(source, sink);
    ast.declarations = parser.file();
    ast.lost = std::mem::take(&mut parser.lost);
    ast.comments = std::mem::take(&mut parser.lexer.comments);
    if ast.declarations.is_empty() && parser.sink.is_empty() {
        parser.sink.report(&codes::EMPTY_FILE, Span::at(0), "this file declares nothing");
    }
    ast.intact = !parser.sink.has_error();
    let mut diagnostics = parser.sink.finish();
    diagnostics.sort_by_key(|found| (found.code.id == codes::TOO_MANY_FINDINGS.id, found.span.start));
    Parsed { ast, diagnostics }
}

struct Parser<'s> {
    text: &'s str,
    lexer: Lexer<'s>,
    token: Token,
    /// End of the token before the present one.
    end: u32,
    sink: Sink,
    /// Errors up to here belong to declarations that were left before.
    errors: usize,
    /// Values in the present declaration.
    values: usize,
    /// Operands in the present condition.
    operands: usize,
    /// Open parentheses and negations.
    depth: usize,
    /// Operands that could not be read.
    unread: usize,
    /// The group in parentheses that was read last.
    group: Option<Span>,
    /// What was declared and could not be read, by name.
    lost: Vec<String>,
}

impl<'s> Parser<'s> {
    fn new(source: &'s Source, mut sink: Sink) -> Self {
        let mut lexer = Lexer::new(source.text());
        let token = lexer.next(&mut sink);
        Self {
            text: source.text(),
            lexer,
            token,
            end: 0,
            sink,
            errors: 0,
            values: 0,
            operands: 0,
            depth: 0,
            unread: 0,
            group: None,
            lost: Vec::new(),
        }
    }

    fn file(&mut self) -> Vec<Declaration> {
        let mut declarations = Vec::new();
        while self.token.kind != Kind::End {
            if declarations.len() >= limits::DECLARATIONS {
                let message = format!("more than {} declarations in one file", limits::DECLARATIONS);
                self.sink.report(&codes::LIMIT_EXCEEDED, self.token.span(), message);
                break;
            }
            self.lexer.swallowed = false;
            self.values = 0;
            let before = self.token.start;
            self.errors = self.sink.len();
            let name = self.word().filter(|word| *word != "rule").and_then(|_| self.lexer.name_after(self.token.end));
            let declaration = self.declaration();
            match declaration {
                Ok(declaration) if self.errors == self.sink.len() => declarations.push(declaration),
                Ok(_) => self.lost.extend(name.map(str::to_owned)),
                Err(Failed) => {
                    self.lost.extend(name.map(str::to_owned));
                    self.skip_to_declaration(before);
                }
            }
        }
        declarations
    }

    fn declaration(&mut self) -> Read<Declaration> {
        match self.word() {
            Some("template") => self.template().map(Declaration::Template),
            Some("table") => self.table().map(Declaration::Table),
            Some("list") => self.list().map(Declaration::List),
            Some("rule") => self.rule().map(Declaration::Rule),
            Some(word) => {
                let found = self.unexpected("`template`, `table`, `list` or `rule`");
                let followed = self.lexer.sign_after(self.token.end);
                let found = found.with_help(match (advice::declaration(word, followed), closest(word, DECLARATIONS)) {
                    (Some(help), _) => help.to_owned(),
                    (None, Some(near)) => format!("did you mean `{near}`?"),
                    (None, None) => TOP.to_owned(),
                });
                self.push(found);
                Err(Failed)
            }
            None => {
                let found = self.unexpected("`template`, `table`, `list` or `rule`");
                let text = self.text_of(self.token);
                self.push(found.with_help(match self.token.kind {
                    Kind::RightBrace | Kind::RightBracket | Kind::RightParen => {
                        format!("this `{text}` closes nothing: remove it, or write what it closes")
                    }
                    Kind::Unknown if text == "/" => "a comment begins with `#`".to_owned(),
                    _ => TOP.to_owned(),
                }));
                Err(Failed)
            }
        }
    }

    // --- tokens -------------------------------------------------------------

    /// Goes to the next token and gives the one left behind.
    fn bump(&mut self) -> Token {
        let token = self.token;
        self.end = token.end;
        if self.sink.len() > HOPELESS {
            self.lexer.stop();
        }
        self.token = self.lexer.next(&mut self.sink);
        token
    }

    fn text_of(&self, token: Token) -> &'s str {
        self.text.get(token.span().range()).unwrap_or("")
    }

    /// The present token's text, if it is a word.
    fn word(&self) -> Option<&'s str> {
        (self.token.kind == Kind::Word).then(|| self.text_of(self.token))
    }

    fn at(&self, kind: Kind) -> bool {
        self.token.kind == kind
    }

    fn at_word(&self, word: &str) -> bool {
        self.word() == Some(word)
    }

    /// Takes the token if it is of this kind.
    fn take(&mut self, kind: Kind) -> Option<Token> {
        (self.token.kind == kind).then(|| self.bump())
    }

    fn take_word(&mut self, word: &str) -> Option<Token> {
        self.at_word(word).then(|| self.bump())
    }

    fn need(&mut self, kind: Kind, what: &str) -> Read<Token> {
        self.take(kind).ok_or_else(|| self.expected(what))
    }

    /// From a start to the end of the token taken last.
    fn since(&self, start: u32) -> Span {
        Span { start, end: self.end.max(start) }
    }

    // --- names and numbers --------------------------------------------------

    /// A bare or quoted name.
    fn name(&mut self, what: &str) -> Read<Name> {
        match self.token.kind {
            Kind::Word => {
                let token = self.bump();
                Ok(Spanned::new(self.text_of(token).to_owned(), token.span()))
            }
            Kind::Quoted => {
                let token = self.bump();
                Ok(Spanned::new(self.text_of(token).trim_matches('`').to_owned(), token.span()))
            }
            _ => Err(self.expected(what)),
        }
    }

    /// The name of a rule, list, table or binding: letters, digits and `_`, not reserved.
    fn plain_name(&mut self, what: &str) -> Read<Name> {
        if !self.at(Kind::Word) {
            let found = self.unexpected(what);
            self.push(match self.token.kind {
                Kind::Text | Kind::Raw | Kind::SingleQuoted => found.with_help("write the name without quotes"),
                // What is broken was told.
                Kind::Broken => return Err(Failed),
                Kind::Int => found.with_help("a name begins with a letter"),
                Kind::Colon => found.with_help("remove the colon: what is declared is followed by its name"),
                _ => found.with_help("write a name of letters, digits and `_`"),
            });
            return Err(Failed);
        }
        let token = self.bump();
        let text = self.text_of(token);
        if self.at(Kind::Word) && !self.token.first {
            let more = self.text_of(self.token);
            let span = token.span().to(self.token.span());
            if !matches!(more, "from" | "rows" | "capacity") {
                let found = self.sink.diagnostic(&codes::SYNTAX, span, format!("`{text} {more}` cannot be {what}"));
                self.push(found.with_help(format!("a name has no spaces: write `{text}_{more}`")));
                return Err(Failed);
            }
        }
        if text.contains(['.', '-']) {
            let better = text.replace(['.', '-'], "_");
            let found = self
                .sink
                .diagnostic(&codes::SYNTAX, token.span(), format!("`{text}` cannot be {what}"))
                .with_help(format!("such names consist of letters, digits and `_`: write `{better}`"));
            self.push(found);
        } else if RESERVED.contains(&text) {
            let found = self
                .sink
                .diagnostic(&codes::SYNTAX, token.span(), format!("`{text}` is a word of the language"))
                .with_help("choose another name");
            self.push(found);
        }
        Ok(Spanned::new(text.to_owned(), token.span()))
    }

    /// `@ 2`
    fn version(&mut self) -> Read<Spanned<u32>> {
        if !self.at(Kind::At) {
            let found = self.unexpected("`@` and a version");
            let found = self.behind(found);
            self.push(found.with_help("write the version behind the name, as in `acme.process @ 1`"));
            return Err(Failed);
        }
        self.bump();
        if !self.at(Kind::Int) {
            let found = self.unexpected("a version");
            self.push(found.with_help("a version is a whole number, as in `@ 1`"));
            return Err(Failed);
        }
        self.number("a version: the first is `1`")
    }

    /// A positive number of up to 32 bits.
    fn number(&mut self, what: &str) -> Read<Spanned<u32>> {
        if !self.at(Kind::Int) {
            return Err(self.expected(what));
        }
        let token = self.bump();
        let value = literal::int(self.text_of(token), token.span(), &mut self.sink).ok_or(Failed)?;
        match u32::try_from(value) {
            Ok(number) if number > 0 => Ok(Spanned::new(number, token.span())),
            _ => {
                let message = format!("`{value}` cannot be {what}");
                let found = self.sink.diagnostic(&codes::INVALID_NUMBER, token.span(), message);
                self.sink.push(found.with_help("write a whole number from 1"));
                Err(Failed)
            }
        }
    }

    // --- reporting ----------------------------------------------------------

    fn push(&mut self, found: Diagnostic) {
        // What is missed after a literal that swallowed its line is a consequence of it.
        if !std::mem::take(&mut self.lexer.swallowed) {
            self.sink.push(found);
        }
    }

    /// Reports what leaves the declaration in the tree.
    fn warn(&mut self, found: Diagnostic) {
        let before = self.sink.len();
        self.push(found);
        self.errors += self.sink.len() - before;
    }

    fn expected(&mut self, what: &str) -> Failed {
        let found = self.unexpected(what);
        // A sign that is missing is all that can be said; a sign of another kind has its own help.
        let found = if what == "`[`" { found } else { self.behind(found) };
        let sign = what.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).filter(|sign| !sign.contains('`'));
        self.push(match (sign, &found.help) {
            (Some(sign), None) => found.with_help(format!("write `{sign}` here")),
            _ => found,
        });
        Failed
    }

    /// A finding at the present token, to be completed.
    fn unexpected(&self, what: &str) -> Diagnostic {
        let text = self.text_of(self.token);
        let shown: String = text.chars().take(40).collect();
        let (code, found) = match self.token.kind {
            Kind::End => (&codes::SYNTAX, "the end of the file".to_owned()),
            Kind::Text | Kind::Raw | Kind::SingleQuoted | Kind::Broken => (&codes::SYNTAX, "a string".to_owned()),
            _ => (&codes::SYNTAX, format!("`{shown}`")),
        };
        let finding = self.sink.diagnostic(code, self.token.span(), format!("expected {what}, found {found}"));
        match text.chars().next() {
            Some('“' | '”' | '„' | '‘' | '’') => {
                finding.with_help("write \" for the curly quotes of word processors")
            }
            Some('/') => finding.with_help("a comment begins with `#`"),
            _ => finding,
        }
    }

    /// What is missed where a line ends is missed there, and not at what happens to follow.
    fn behind(&self, mut found: Diagnostic) -> Diagnostic {
        if self.token.first && self.end > 0 && found.span == self.token.span() {
            found.span = Span::at(self.end as usize);
        }
        found
    }

    /// Goes behind the `}` that ends a block of which a part could not be read.
    fn skip_block(&mut self) {
        while !(self.at(Kind::End) || self.at_declaration() || self.token.first && self.at_entry_word()) {
            if self.bump().kind == Kind::RightBrace {
                return;
            }
        }
    }

    /// Reports a bracket that the file leaves open.
    fn unclosed(&mut self, open: Span, what: &str, close: &str) {
        let found = self
            .sink
            .diagnostic(&codes::UNTERMINATED, open, format!("this {what} is not closed"))
            .with_help(format!("write `{close}` where it ends"))
            .with_label(format!("no matching {close}"))
            .with_place(self.token.span(), "the next declaration or the end of the file comes first");
        self.push(found);
    }

    // --- recovery -----------------------------------------------------------

    /// Whether a declaration begins here in spite of open brackets: its word stands at the
    /// very beginning of a line and a name follows.
    fn at_declaration(&self) -> bool {
        let start = self.token.start as usize;
        let flush = start == 0 || self.text.as_bytes().get(start - 1) == Some(&b'\n');
        let named =
            || self.lexer.sign_after(self.token.end).is_some_and(|sign| sign.is_ascii_alphanumeric() || sign == b'_');
        self.token.first && flush && self.word().is_some_and(|word| DECLARATIONS.contains(&word)) && named()
    }

    /// After a failure that began at `before`, skips to the next declaration.
    fn skip_to_declaration(&mut self, before: u32) {
        if self.token.start == before {
            self.bump();
        }
        let mut depth = 0usize;
        while self.token.kind != Kind::End && !self.at_declaration() {
            let word = self.token.first && self.word().is_some_and(|word| DECLARATIONS.contains(&word));
            if word && depth == 0 && self.lexer.sign_after(self.token.end) != Some(b':') {
                return;
            }
            match self.token.kind {
                Kind::LeftBrace | Kind::LeftBracket => depth += 1,
                Kind::RightBrace | Kind::RightBracket => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.bump();
        }
    }

    /// After a failure inside a block, skips to its next entry or to its end. `is_entry` tells
    /// whether the present token, first on its line, begins an entry.
    fn skip_to_entry(&mut self, before: u32, is_entry: impl Fn(&Self) -> bool) {
        self.lexer.swallowed = false;
        if self.token.start == before && !self.at(Kind::RightBrace) {
            self.bump();
        }
        let mut depth = 0usize;
        loop {
            match self.token.kind {
                Kind::End => return,
                Kind::RightBrace if depth == 0 => return,
                _ if self.at_declaration() => return,
                _ if self.token.first && depth == 0 && is_entry(self) => return,
                // An entry word at the beginning of a line ends whatever bracket was left open.
                _ if self.token.first && self.at_entry_word() => return,
                Kind::LeftBrace | Kind::LeftBracket | Kind::LeftParen => depth += 1,
                Kind::RightBrace | Kind::RightBracket | Kind::RightParen => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.bump();
        }
    }

    fn at_entry_word(&self) -> bool {
        self.word().is_some_and(|word| matches!(word, "let" | "when" | "test"))
    }

    /// Reads the rest of a block, after its `{`: entries up to the `}`.
    fn block<T>(
        &mut self,
        open: Token,
        what: &str,
        mut entry: impl FnMut(&mut Self) -> Read<T>,
        is_entry: impl Fn(&Self) -> bool,
    ) -> Read<Vec<T>> {
        let mut entries = Vec::new();
        loop {
            if self.take(Kind::RightBrace).is_some() {
                return Ok(entries);
            }
            if self.at(Kind::End) || self.at_declaration() {
                self.unclosed(open.span(), what, "}");
                return Err(Failed);
            }
            self.lexer.swallowed = false;
            let before = self.token.start;
            match entry(self) {
                Ok(entry) => entries.push(entry),
                Err(Failed) => self.skip_to_entry(before, &is_entry),
            }
        }
    }

    /// Items with commas between them up to the closing sign; a comma may follow the last.
    fn items<T>(
        &mut self,
        open: Token,
        close: (Kind, &str),
        what: &str,
        mut item: impl FnMut(&mut Self) -> Read<T>,
    ) -> Read<Vec<T>> {
        let mut items = Vec::new();
        let mut told = None;
        loop {
            if self.take(close.0).is_some() {
                return Ok(items);
            }
            if self.at(Kind::End) || self.at_declaration() {
                self.unclosed(open.span(), what, close.1);
                return Err(Failed);
            }
            items.push(item(self)?);
            if self.take(Kind::Comma).is_none() && !self.at(close.0) {
                let is_next =
                    matches!(self.token.kind, Kind::Word | Kind::Text | Kind::Raw | Kind::Int | Kind::LeftBracket);
                // A word that begins an entry shows that the list was to end before it.
                let is_entry = self.token.first
                    && (self.at_entry_word()
                        || close.0 == Kind::RightBracket && self.lexer.sign_after(self.token.end) == Some(b':'));
                if self.at(Kind::End) || self.at_declaration() || is_entry {
                    self.unclosed(open.span(), what, close.1);
                    return Err(Failed);
                }
                let at = Span::at(self.end as usize);
                let found = self.unexpected(&format!("`,` or `{}`", close.1));
                let found = if found.help.is_none() {
                    found.with_help(format!("separate what is listed with `,`, and close it with `{}`", close.1))
                } else {
                    found
                };
                let found = self.behind(found);
                self.push(if is_next && self.token.first {
                    found.with_fix(FixKind::Sign, "add the comma", at, ",")
                } else {
                    found
                });
                if is_next && told.is_none() {
                    told = Some(());
                    continue;
                }
                return Err(Failed);
            }
        }
    }
}
