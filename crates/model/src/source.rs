//! Source strings, spans and positions.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A half-open range of byte offsets into one source text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset just past the last byte; never below `start`.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`. Offsets past `u32::MAX` saturate: no
    /// admitted file is that long ([`crate::limits::FILE_BYTES`]).
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        Self { start, end: end.max(start) }
    }

    /// The empty span at `offset`.
    #[must_use]
    pub fn at(offset: usize) -> Self {
        Self::new(offset, offset)
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    /// Whether the span covers no byte.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// The span as a range of `usize`.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A value and where it stands in its source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Pairs a value with its span.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// A line and a column, both counted from 1. Columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One source text with the name that it is reported under. Cheap to clone.
#[derive(Clone)]
pub struct Source(Arc<SourceInner>);

struct SourceInner {
    name: String,
    text: String,
    /// Where the first line begins, and each that is a multiple of [`LINES`] behind it: a file of line breaks alone would
    /// otherwise need four times its bytes.
    marks: OnceLock<Vec<u32>>,
}

/// Lines from one mark to the next.
const LINES: usize = 32;

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("name", &self.0.name).field("bytes", &self.0.text.len()).finish()
    }
}

impl Source {
    /// A source text under the name (normally the path, with `/`) that diagnostics show.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self(Arc::new(SourceInner { name: name.into(), text: text.into(), marks: OnceLock::new() }))
    }

    /// The name that diagnostics show.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The text under `span`; empty where the span is not within the text.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.0.text.get(span.range()).unwrap_or("")
    }

    /// Whether both are the same text in memory.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn marks(&self) -> &[u32] {
        self.0.marks.get_or_init(|| {
            let breaks = self.0.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            let marked = breaks.skip(LINES - 1).step_by(LINES);
            std::iter::once(0).chain(marked.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX))).collect()
        })
    }

    /// Line and column of a byte offset. An offset past the end gives the end.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let marks = self.marks();
        let mark = marks.partition_point(|start| *start <= offset).max(1) - 1;
        let from = marks.get(mark).copied().unwrap_or(0) as usize;
        let end = (offset as usize).min(self.0.text.len());
        let (mut line, mut start) = (mark * LINES + 1, from);
        for (at, byte) in self.0.text.as_bytes().get(from..end).unwrap_or(&[]).iter().enumerate() {
            if *byte == b'\n' {
                (line, start) = (line + 1, from + at + 1);
            }
        }
        let before = self.0.text.as_bytes().get(start..end).unwrap_or(&[]);
        // Count characters by their first bytes, so an offset inside a character is harmless.
        let column = before.iter().filter(|byte| (**byte & 0xC0) != 0x80).count() + 1;
        Position { line, column }
    }

    /// Byte range of a line (from 1), without its line break.
    #[must_use]
    pub fn line(&self, line: usize) -> Option<Span> {
        let index = line.checked_sub(1)?;
        let mut start = *self.marks().get(index / LINES)? as usize;
        for _ in 0..index % LINES {
            start += self.0.text.get(start..)?.find('\n')? + 1;
        }
        let rest = self.0.text.get(start..)?;
        let text = rest.find('\n').map_or(rest, |end| rest.get(..end).unwrap_or(rest));
        Some(Span::new(start, start + text.trim_end_matches('\r').len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let source = Source::new("a", "one\ntwö x\n");
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        assert_eq!(source.position(4), Position { line: 2, column: 1 });
        assert_eq!(source.position(9), Position { line: 2, column: 5 });
        assert_eq!(source.position(99), Position { line: 3, column: 1 });
        assert_eq!(source.line(2).map(|span| source.slice(span)), Some("twö x"));
    }

    /// Held against lines that are split one by one, in strings with more lines than there are marks between.
    #[test]
    fn every_offset_has_the_line_and_column_that_counting_gives() {
        for lines in [0, 1, LINES - 1, LINES, LINES + 1, 2 * LINES, 3 * LINES + 7] {
            for ending in ["", "ä", "\r"] {
                let text = (0..lines).map(|at| format!("{}ü\r\n", "x".repeat(at % 3))).collect::<String>() + ending;
                let source = Source::new("a", text.as_str());
                for offset in 0..=text.len() + 2 {
                    let end = offset.min(text.len());
                    let before = text.as_bytes().get(..end).unwrap();
                    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
                    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                    let column = before.get(start..).unwrap().iter().filter(|byte| (**byte & 0xC0) != 0x80).count() + 1;
                    assert_eq!(source.position(u32::try_from(offset).unwrap()), Position { line, column }, "{offset}");
                }
                let split: Vec<&str> = text.split('\n').collect();
                for (at, line) in split.iter().enumerate() {
                    let span = source.line(at + 1).unwrap();
                    assert_eq!(source.slice(span), line.trim_end_matches('\r'));
                }
                assert_eq!((source.line(0), source.line(split.len() + 1)), (None, None));
            }
        }
    }
}
