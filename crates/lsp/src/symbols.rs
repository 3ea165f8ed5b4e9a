//! Symbols: what a file declares, as an outline; and the tokens of native files, coloured by what they name.

use std::collections::HashMap;

use contentcheck_model::language::Language;
use contentcheck_model::mention::{Mention, Named};
use contentcheck_model::source::{Source, Span};
use contentcheck_parser::mentions::mentions;
use contentcheck_parser::native::{self, Class};
use gen_lsp_types::{SemanticToken, SymbolKind};

use crate::positions::Lines;

/// A declaration and its parts.
#[derive(Clone, Debug)]
pub(crate) struct Symbol {
    pub(crate) name: String,
    pub(crate) kind: SymbolKind,
    /// All of it.
    pub(crate) whole: Span,
    /// Its name.
    pub(crate) span: Span,
    pub(crate) parts: Vec<Symbol>,
}

/// The outline of a file.
pub(crate) fn outline(source: &Source, language: Language) -> Vec<Symbol> {
    let mut found: Vec<Symbol> = Vec::new();
    for mention in mentions(source, language).into_iter().filter(|mention| mention.declares) {
        let Mention { span, named, within, .. } = mention;
        let kind = match &named {
            Named::Template(..) => SymbolKind::Struct,
            Named::Field(..) => SymbolKind::Field,
            Named::List(_) => SymbolKind::Array,
            Named::Table(_) => SymbolKind::Array,
            Named::Rule(_) => SymbolKind::Function,
            Named::Let(..) | Named::Selection(..) => SymbolKind::Variable,
            _ => continue,
        };
        let name = source.slice(span).to_owned();
        let symbol = Symbol { name, kind, whole: span, span, parts: Vec::new() };
        match found.last_mut().filter(|last| last.whole == within) {
            // An id is another name of the same rule.
            Some(_) if kind == SymbolKind::Function => {}
            Some(last) => last.parts.push(symbol),
            None => {
                let (name, span) = title(source, language, within).unwrap_or((symbol.name.clone(), span));
                let is_part = language == Language::Sigma && kind != SymbolKind::Function;
                let parts = if is_part { vec![symbol] } else { Vec::new() };
                let kind = if language == Language::Sigma { SymbolKind::Function } else { kind };
                found.push(Symbol { name, kind, whole: within, span, parts });
            }
        }
    }
    found
}

/// The title of a Sigma document.
fn title(source: &Source, language: Language, within: Span) -> Option<(String, Span)> {
    if language == Language::Native {
        return None;
    }
    let mut at = within.range().start;
    for line in source.slice(within).split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix("title:") {
            let title = rest.trim();
            let start = at + line.len() - rest.trim_start().len();
            let name = title.trim_matches(['"', '\'']);
            return (!name.is_empty()).then(|| (name.to_owned(), Span::new(start, start + title.len())));
        }
        at += line.len();
    }
    None
}

/// The kinds of tokens, in the order of their numbers.
pub(crate) const TOKENS: [&str; 9] =
    ["keyword", "comment", "string", "number", "property", "variable", "type", "function", "enumMember"];

/// The tokens of a native file, in the form of the protocol. None spans lines.
pub(crate) fn tokens(source: &Source, lines: &Lines<'_>) -> Vec<SemanticToken> {
    let named: HashMap<u32, Mention> =
        mentions(source, Language::Native).into_iter().map(|mention| (mention.span.start, mention)).collect();
    let mut found = Vec::new();
    let (mut line, mut character) = (0, 0);
    for (class, span) in native::tokens(source) {
        // A name in backquotes begins behind the first of them.
        let mention = [span.start, span.start.saturating_add(1)].iter().find_map(|start| named.get(start));
        let kind = match (class, mention.map(|mention| &mention.named)) {
            (Class::Comment, _) => "comment",
            (_, Some(Named::Field(..) | Named::Position(..))) => "property",
            (_, Some(Named::Let(..) | Named::List(_) | Named::Table(_))) => "variable",
            (_, Some(Named::Template(..))) => "type",
            (Class::Word, Some(Named::Rule(_))) => "function",
            (_, Some(Named::Tag(_))) => "enumMember",
            (Class::Keyword, _) => "keyword",
            (Class::Text, _) => "string",
            (Class::Number, _) => "number",
            (Class::Word, _) => continue,
        };
        let range = lines.range(span);
        let number = TOKENS.iter().position(|known| *known == kind).and_then(|at| u32::try_from(at).ok());
        if range.start.line != range.end.line || range.start.line < line {
            continue;
        }
        let delta_line = range.start.line - line;
        let before = if delta_line == 0 { character } else { 0 };
        found.push(SemanticToken {
            delta_line,
            delta_start: range.start.character.saturating_sub(before),
            length: range.end.character.saturating_sub(range.start.character),
            token_type: number.unwrap_or(0),
            token_modifiers_bitset: 0,
        });
        (line, character) = (range.start.line, range.start.character);
    }
    found
}
