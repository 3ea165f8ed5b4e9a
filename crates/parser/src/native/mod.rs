//! The native language: `*.content` files, which declare template types, tables, lists and rules.
//!
//! [`parse`] makes an [`ast::Ast`] of a text and reports every independent mistake in it;
//! [`format()`] writes a tree in the one layout that the language has. docs/language.md
//! is the reference for grammar and meaning.

pub mod ast;
mod characters;
mod format;
mod lexer;
pub(crate) mod literal;
mod logic;
mod lower;
pub(crate) mod mentions;
mod parser;
pub mod table;
mod template;
#[cfg(test)]
mod tests;
mod tokens;

pub use ast::Ast;
pub use format::{Refused, field_name, format, text};
pub(crate) use lexer::comments;
pub use lower::check;
pub use template::templates;
pub use tokens::{Class, attributes, tokens};

use contentcheck_model::diagnostic::Diagnostic;
use contentcheck_model::source::Source;

/// What a text was read as.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Parsed {
    /// The declarations that could be read.
    pub ast: Ast,
    /// What was wrong with the others, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses one native file. Every independent mistake is reported; a declaration with a
/// mistake in it is left out of the tree.
///
/// ```
/// use contentcheck_model::source::Source;
/// use contentcheck_parser::native;
///
/// let source = Source::new("a.content", "list shells = [\"sh\", 'bash', \"zsh\"]\nlist ports = [80]\n");
/// let parsed = native::parse(&source);
/// assert_eq!(parsed.diagnostics.len(), 1);
/// assert_eq!(parsed.ast.declarations().len(), 1);
/// ```
#[must_use]
pub fn parse(source: &Source) -> Parsed {
    parser::parse(source)
}
