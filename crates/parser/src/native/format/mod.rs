//! A tree to text, in the one layout of the language.
//!
//! What fits on a line of 100 columns stands on one line, unless a comment is in
//! the way; what does not is broken at its outermost list, block or connective. Whether
//! something is broken depends on the tree and the comments only, never on the old
//! layout, so that formatting twice changes nothing. Blank lines are kept, one at a time.

mod condition;
mod declaration;

use super::ast::{Ast, Literal, Name, Value, Values};
use super::lexer::is_bare;
use super::literal::write_text;
use super::parser::RESERVED;
use contentcheck_model::source::Span;

/// Columns that a line has.
const WIDTH: usize = 100;

/// Columns of one level of indentation.
const STEP: usize = 4;

/// The file has syntax errors, so formatting it would lose what could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a file with syntax errors is not formatted")
    }
}

impl std::error::Error for Refused {}

/// Writes a tree in the layout of the language, with its comments.
///
/// # Errors
/// [`Refused`] if the file that the tree was made of has syntax errors.
pub fn format(ast: &Ast) -> Result<String, Refused> {
    if !ast.is_intact() {
        return Err(Refused);
    }
    let text = ast.source().text();
    let out = String::with_capacity(text.len() + text.len() / 8);
    let mut printer = Printer { text, out, comments: &ast.comments, next: 0, indent: 0 };
    printer.file(ast);
    Ok(printer.out)
}

struct Printer<'a> {
    text: &'a str,
    out: String,
    comments: &'a [Span],
    /// The first comment that is not written yet.
    next: usize,
    indent: usize,
}

impl Printer<'_> {
    fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or("")
    }

    fn begin_line(&mut self) {
        self.out.extend(std::iter::repeat_n(' ', self.indent));
    }

    fn end_line(&mut self) {
        self.out.push('\n');
    }

    /// Column at which writing goes on.
    fn column(&self) -> usize {
        let line = self.out.rfind('\n').map_or(0, |at| at + 1);
        self.out.get(line..).unwrap_or("").chars().count()
    }

    /// Writes `flat` if it fits on the rest of the line with `after` more columns.
    fn fits(&self, flat: &str, after: usize) -> bool {
        self.column() + flat.chars().count() + after <= WIDTH
    }

    /// Keeps a blank line that stood before this place, except at the beginning of a block.
    fn keep_blank(&mut self, at: u32) {
        let before = self.text.as_bytes().get(..at as usize).unwrap_or_default();
        let blanks = before.iter().rev().take_while(|byte| byte.is_ascii_whitespace());
        if blanks.filter(|byte| **byte == b'\n').count() >= 2 {
            self.blank();
        }
    }

    fn blank(&mut self) {
        let opening = ["{\n", "[\n", "(\n", "\n\n"].iter().any(|end| self.out.ends_with(end));
        if !self.out.is_empty() && !opening {
            self.end_line();
        }
    }

    /// Whether a comment that is not written yet begins before this place.
    fn comment_before(&self, at: u32) -> bool {
        self.comments.get(self.next).is_some_and(|comment| comment.start < at)
    }

    /// Writes the comments that begin before this place, each on a line of its own.
    fn leading(&mut self, before: u32) {
        while let Some(comment) = self.comments.get(self.next).copied().filter(|comment| comment.start < before) {
            self.next += 1;
            self.keep_blank(comment.start);
            self.begin_line();
            let text = self.slice(comment).trim_end().to_owned();
            self.out.push_str(&text);
            self.end_line();
        }
    }

    /// Writes the comment that follows this place on the same line, and ends the line.
    fn finish_line(&mut self, end: u32) {
        if let Some(comment) = self.comments.get(self.next).copied() {
            let between = self.text.get(end as usize..comment.start as usize);
            if between.is_some_and(|between| between.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b',' | b')'))) {
                self.next += 1;
                let text = self.slice(comment).trim_end().to_owned();
                self.out.push_str("  ");
                self.out.push_str(&text);
            }
        }
        self.end_line();
    }

    /// Writes items one on a line between an opening sign, written already, and a closing one.
    fn broken<T>(
        &mut self,
        span: Span,
        close: char,
        items: &[T],
        anchor: impl Fn(&T) -> u32,
        span_of: impl Fn(&T) -> Span,
        mut item: impl FnMut(&mut Self, &T),
    ) {
        self.finish_line(span.start + 1);
        self.indent += STEP;
        for one in items {
            self.leading(anchor(one));
            self.begin_line();
            item(self, one);
            self.out.push(',');
            self.finish_line(span_of(one).end);
        }
        self.leading(span.end);
        self.indent -= STEP;
        self.begin_line();
        self.out.push(close);
    }

    /// Values, in brackets if they have them.
    fn values(&mut self, values: &Values, after: usize) {
        let mut flat = String::new();
        flat_values(&mut flat, self.text, values);
        if !values.bracketed || (!self.comment_before(values.span.end) && self.fits(&flat, after)) {
            self.out.push_str(&flat);
            return;
        }
        self.out.push('[');
        let text = self.text;
        self.broken(
            values.span,
            ']',
            &values.values,
            |value| value.span.end,
            |value| value.span,
            |printer, value| {
                flat_value(&mut printer.out, text, value);
            },
        );
    }
}

/// Where comments before values end: they may stand inside the brackets.
fn values_anchor(values: &Values) -> u32 {
    if values.bracketed { values.span.start } else { values.span.end }
}

fn flat_values(out: &mut String, text: &str, values: &Values) {
    let brackets = values.bracketed;
    if brackets {
        out.push('[');
    }
    for (index, value) in values.values.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        flat_value(out, text, value);
    }
    if brackets {
        out.push(']');
    }
}

fn flat_value(out: &mut String, text: &str, value: &Value) {
    match &value.value {
        Literal::Text(value) => write_text(out, value),
        Literal::Bool(true) => out.push_str("true"),
        Literal::Bool(false) => out.push_str("false"),
        // Numbers stay in the base and grouping that they were written in.
        Literal::Int(_) | Literal::Float(_) => out.push_str(text.get(value.span.range()).unwrap_or("")),
        Literal::Bytes(bytes) => {
            out.push_str("hex\"");
            for byte in bytes {
                out.push_str(&format!("{byte:02x}"));
            }
            out.push('"');
        }
    }
}

fn flat_name(out: &mut String, name: &Name) {
    out.push_str(&field_name(&name.value));
}

/// The name of a field as content writes it: in backticks where it needs them.
#[must_use]
pub fn field_name(name: &str) -> String {
    if is_bare(name) && !RESERVED.contains(&name) { name.to_owned() } else { format!("`{name}`") }
}

/// A text as a literal, raw where backslashes would have to be doubled.
#[must_use]
pub fn text(value: &str) -> String {
    let mut written = String::with_capacity(value.len() + 2);
    write_text(&mut written, value);
    written
}
