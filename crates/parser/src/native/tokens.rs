//! Tokens of native files, for editors that colour them.

use super::lexer::{Kind, Lexer};
use super::parser::RESERVED;
use contentcheck_model::diagnostic::Sink;
use contentcheck_model::source::{Source, Span};

/// What a token is, as far as it can be told without its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A word of the language, or one that begins a declaration.
    Keyword,
    /// Any other word.
    Word,
    /// A string or bytes.
    Text,
    /// A number or a position.
    Number,
    /// A comment.
    Comment,
}

/// The words that begin declarations and their parts. Elsewhere they are names.
const OPENING: [&str; 9] = ["template", "table", "list", "rule", "serves", "reads", "header", "retired", "open"];

/// The tokens of a file, in order, signs left out.
#[must_use]
pub fn tokens(source: &Source) -> Vec<(Class, Span)> {
    let mut sink = Sink::new(source);
    let mut lexer = Lexer::new(source.text());
    let mut found = Vec::new();
    loop {
        let token = lexer.next(&mut sink);
        let word = source.slice(token.span());
        let class = match token.kind {
            Kind::End => break,
            Kind::Word if RESERVED.contains(&word) || (token.first && OPENING.contains(&word)) => Class::Keyword,
            Kind::Word | Kind::Quoted => Class::Word,
            Kind::Int | Kind::Float | Kind::Position => Class::Number,
            Kind::Text | Kind::Raw | Kind::Hex | Kind::SingleQuoted => Class::Text,
            _ => continue,
        };
        found.push((class, token.span()));
    }
    found.extend(lexer.comments.iter().map(|span| (Class::Comment, *span)));
    found.sort_by_key(|(_, span)| *span);
    found
}

/// The attributes of a rule, each with the words that it can have where these are few.
pub fn attributes() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    super::parser::attributes()
}
