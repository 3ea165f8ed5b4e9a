//! Literals and lists of them.

use super::super::ast::{List, Literal, Name, Pair, TextList, Value, Values};
use super::super::lexer::Kind;
use super::super::literal;
use super::{Failed, Parser, Read};
use contentcheck_model::diagnostic::{FixKind, clip, codes, head};
use contentcheck_model::limits;
use contentcheck_model::source::Spanned;

impl Parser<'_> {
    /// The line from the present token on, as far as a message shows it.
    fn line(&self) -> &str {
        let rest = self.text.get(self.token.start as usize..).unwrap_or("");
        head(rest, super::advice::NEAR).lines().next().unwrap_or("")
    }

    /// Whether a literal begins here.
    pub(super) fn at_literal(&self) -> bool {
        match self.token.kind {
            Kind::Text | Kind::Raw | Kind::Hex | Kind::Int | Kind::Float | Kind::SingleQuoted | Kind::Broken => true,
            Kind::Word => matches!(self.word(), Some("true" | "false")),
            _ => false,
        }
    }

    /// One literal. A broken one was reported; an empty text stands for it, in a
    /// declaration that is left out of the tree for its error.
    pub(super) fn literal(&mut self) -> Read<Value> {
        if !self.at_literal() {
            let found = self.unexpected("a value");
            let whole = clip(self.joined(self.token.start));
            self.push(match self.token.kind {
                Kind::Word if super::advice::is_null(&whole) => {
                    found.with_help("there is no null: leave the field out, so that it is absent")
                }
                Kind::Word => found.with_help(format!("a string is written in double quotes: \"{whole}\"")),
                Kind::LeftBracket => found.with_help("a list holds values, and no lists: remove the inner brackets"),
                _ => found,
            });
            return Err(Failed);
        }
        let token = self.bump();
        self.values += 1;
        if self.values == limits::RULE_VALUES + 1 {
            let message = format!("more than {} values in one declaration", limits::RULE_VALUES);
            let found = self
                .sink
                .diagnostic(&codes::LIMIT_EXCEEDED, token.span(), message)
                .with_help("put the values into a table");
            self.push(found);
        }
        if self.values > limits::RULE_VALUES {
            return Ok(Spanned::new(Literal::Bool(false), token.span()));
        }
        let text = self.text_of(token);
        let literal = match token.kind {
            Kind::Word => Literal::Bool(text == "true"),
            kind => {
                literal::read(kind, text, token.span(), &mut self.sink).unwrap_or_else(|| Literal::Text(String::new()))
            }
        };
        Ok(Spanned::new(literal, token.span()))
    }

    /// `[a, b]`, of literals.
    pub(super) fn bracketed(&mut self) -> Read<Values> {
        let values = self.elements()?;
        if values.values.is_empty() {
            let found = self
                .sink
                .diagnostic(&codes::SYNTAX, values.span, "this list is empty")
                .with_help("a list holds at least one value; an empty one would match nothing");
            self.push(found);
        }
        Ok(values)
    }

    /// `[a, b]` or `[]`, of literals.
    fn elements(&mut self) -> Read<Values> {
        if self.at(Kind::LeftBrace) || self.at(Kind::LeftParen) {
            let found = self.unexpected("`[`");
            self.push(found.with_help("a list is in brackets: write `[` and `]`"));
            return Err(Failed);
        }
        let open = self.need(Kind::LeftBracket, "`[`")?;
        let values = self.items(open, (Kind::RightBracket, "]"), "list", Self::literal)?;
        Ok(Values { values, bracketed: true, span: self.since(open.start) })
    }

    /// The value of a field in an event: one literal, or a list, which an event may have empty.
    pub(super) fn event_value(&mut self) -> Read<Values> {
        if self.at(Kind::LeftBracket) { self.elements() } else { self.values() }
    }

    /// One literal, or several in brackets.
    pub(super) fn values(&mut self) -> Read<Values> {
        if self.at(Kind::LeftBracket) {
            return self.bracketed();
        }
        let value = self.literal()?;
        let span = value.span;
        Ok(Values { values: vec![value], bracketed: false, span })
    }

    /// `list name = [ ... ]`
    pub(super) fn list(&mut self) -> Read<List> {
        let start = self.bump().start;
        let name = self.plain_name("the name of a list")?;
        if let Some(token) = self.take(Kind::Colon).or_else(|| self.take(Kind::Equal)) {
            let found = self
                .sink
                .diagnostic(&codes::SYNTAX, token.span(), "the values of a list follow `=`")
                .with_help("write `=`")
                .with_fix(FixKind::Sign, "write `=`", token.span(), "=");
            self.push(found);
        } else {
            self.need(Kind::Assign, "`=`")?;
        }
        let values = self.bracketed()?;
        Ok(List { name, values, span: self.since(start) })
    }

    /// A text as metadata writes it: a word, or a literal in double quotes.
    pub(super) fn text_value(&mut self, what: &str) -> Read<Name> {
        match self.token.kind {
            Kind::Word => {
                let token = self.bump();
                Ok(Spanned::new(self.text_of(token).to_owned(), token.span()))
            }
            Kind::Text | Kind::Raw | Kind::SingleQuoted | Kind::Broken => {
                let value = self.literal()?;
                match value.value {
                    Literal::Text(text) => Ok(Spanned::new(text, value.span)),
                    _ => Err(Failed),
                }
            }
            Kind::Int | Kind::Float => Err(self.bare_date_or_number(what)),
            _ => {
                let found = self.unexpected(what);
                let line = self.line();
                self.push(match self.token.kind {
                    Kind::LeftBracket => {
                        let inner: String = line.chars().filter(|sign| !matches!(sign, '[' | ']' | '"')).collect();
                        found.with_help(format!("write one string: \"{}\"", clip(inner.trim())))
                    }
                    Kind::Less | Kind::LessOrEqual | Kind::Greater | Kind::GreaterOrEqual | Kind::Equal => {
                        found.with_help(format!("write it in double quotes: \"{}\"", clip(line.trim())))
                    }
                    _ => found,
                });
                Err(Failed)
            }
        }
    }

    /// Reports a number, date or version that lacks its quotes.
    fn bare_date_or_number(&mut self, what: &str) -> Failed {
        let found = self.unexpected(what);
        let start = self.token.start;
        self.bump();
        while self.token.start == self.end && matches!(self.token.kind, Kind::Int | Kind::Float) {
            self.bump();
        }
        let span = self.since(start);
        let text = self.text.get(span.range()).unwrap_or("");
        let mut found = found.with_fix(FixKind::Quotes, "put it in double quotes", span, format!("\"{text}\""));
        found.help = Some(format!("put it in double quotes: \"{text}\""));
        found.span = span;
        found.message = format!("expected {what}, found `{text}`");
        self.push(found);
        Failed
    }

    /// `[a, b]`, of words or strings.
    pub(super) fn text_list(&mut self) -> Read<TextList> {
        if !self.at(Kind::LeftBracket) {
            let found = self.unexpected("`[`");
            let line = self.line();
            let line = line.trim_start_matches("- ").trim_end_matches(',');
            self.push(found.with_help(format!("a list is in brackets: write `[{}]`", clip(line))));
            return Err(Failed);
        }
        let open = self.bump();
        let items =
            self.items(open, (Kind::RightBracket, "]"), "list", |parser| parser.text_value("a word or a string"))?;
        Ok(TextList { items, span: self.since(open.start) })
    }

    /// `key: value` with a value read by `value`.
    pub(super) fn pair<T>(&mut self, what: &str, value: impl FnOnce(&mut Self) -> Read<T>) -> Read<Pair<T>> {
        if self.at(Kind::Int) {
            let found = self.unexpected(what);
            self.push(found.with_help("write the name alone: what is listed here has no position"));
            return Err(Failed);
        }
        let key = self.name(what)?;
        if let Some(token) = self.take(Kind::Assign).or_else(|| self.take(Kind::Equal)) {
            let sign = if token.end - token.start == 1 { "=" } else { "==" };
            let found = self
                .sink
                .diagnostic(&codes::SYNTAX, token.span(), format!("expected `:` after the name, found `{sign}`"))
                .with_help("write `:`")
                .with_fix(FixKind::Sign, "write `:`", token.span(), ":");
            self.push(found);
        } else {
            self.need(Kind::Colon, "`:`")?;
        }
        Ok(Pair { key, value: value(self)? })
    }
}
