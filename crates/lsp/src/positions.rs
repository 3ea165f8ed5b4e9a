//! Positions: where an editor sees a byte of a file. The one home of what converts between the two.
//!
//! An editor counts lines from 0, and in a line either bytes (UTF-8) or UTF-16 units; a line ends with `\n`, `\r\n` or
//! `\r`. Findings count bytes of content without its byte order mark.

use contentcheck_model::decode::MARK;
use contentcheck_model::source::Span;
use gen_lsp_types::{Position, Range};

/// What an editor counts in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// Units of UTF-16: what every client knows.
    Utf16,
}

impl Encoding {
    fn units(self, sign: char) -> usize {
        match self {
            Self::Utf8 => sign.len_utf8(),
            Self::Utf16 => sign.len_utf16(),
        }
    }
}

/// The lines of a file.
#[derive(Clone, Debug)]
pub struct Lines<'t> {
    text: &'t str,
    /// Where each line begins.
    starts: Vec<usize>,
    /// Bytes before the content: those of a byte order mark.
    mark: usize,
    encoding: Encoding,
}

impl<'t> Lines<'t> {
    /// The lines of a file as the editor has it.
    #[must_use]
    pub fn new(text: &'t str, encoding: Encoding) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        let mark = if text.starts_with(MARK) { MARK.len() } else { 0 };
        Self { text, starts, mark, encoding }
    }

    /// The line and its first byte, of the line that holds a byte of the file.
    fn line(&self, at: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= at).saturating_sub(1);
        (line, self.starts.get(line).copied().unwrap_or(0))
    }

    /// Where a byte of the content is seen. Within a character it is where that one begins, past the end the end.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let mut at = offset.saturating_add(self.mark).min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at = at.saturating_sub(1);
        }
        let (line, start) = self.line(at);
        let before = self.text.get(start..at).unwrap_or("");
        let units = match self.encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 if before.is_ascii() => before.len(),
            Encoding::Utf16 => before.chars().map(char::len_utf16).sum(),
        };
        Position { line: number(line), character: number(units) }
    }

    /// Where a part of the content is seen.
    #[must_use]
    pub fn range(&self, span: Span) -> Range {
        let Span { start, end } = span;
        Range { start: self.position(start as usize), end: self.position(end as usize) }
    }

    /// The byte of the file, with its mark, that is seen at a position. Beyond the end of a line it is that end, without
    /// the line break.
    #[must_use]
    pub fn byte(&self, position: Position) -> usize {
        let Some(start) = self.starts.get(position.line as usize).copied() else { return self.text.len() };
        let end = self.starts.get(position.line as usize + 1).copied().unwrap_or(self.text.len());
        let line = self.text.get(start..end).unwrap_or("");
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (mut at, mut units) = (0, 0);
        for sign in line.chars() {
            units += self.encoding.units(sign);
            if units > position.character as usize {
                break;
            }
            at += sign.len_utf8();
        }
        start + at
    }

    /// The byte of the content that is seen at a position.
    #[must_use]
    pub fn offset(&self, position: Position) -> usize {
        self.byte(position).saturating_sub(self.mark)
    }

    /// The part of the content that is seen in a range.
    #[must_use]
    pub fn span(&self, range: Range) -> Span {
        Span::new(self.offset(range.start), self.offset(range.end))
    }

    /// All of the file, its mark too.
    #[must_use]
    pub fn all(&self) -> Range {
        let end = self.text.len().saturating_sub(self.mark);
        Range { start: Position { line: 0, character: 0 }, end: self.position(end) }
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn both_encodings_count_what_they_say() {
        let text = "a\u{e4}\u{1f600}b\r\nx\ry";
        let wide = Lines::new(text, Encoding::Utf16);
        assert_eq!([0, 1, 3, 7, 8].map(|byte| wide.position(byte).character), [0, 1, 2, 4, 5]);
        let narrow = Lines::new(text, Encoding::Utf8);
        assert_eq!([0, 1, 3, 7, 8].map(|byte| narrow.position(byte).character), [0, 1, 3, 7, 8]);
        assert_eq!((wide.position(10), wide.position(12)), (at(1, 0), at(2, 0)));
        // In the middle of a pair, and beyond a line and the file.
        assert_eq!([at(0, 3), at(0, 99), at(1, 9), at(7, 0)].map(|position| wide.byte(position)), [3, 8, 11, 13]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_content() {
        let text = format!("{MARK}title: x\n");
        let lines = Lines::new(&text, Encoding::Utf16);
        assert_eq!((lines.position(0), lines.offset(at(0, 1))), (at(0, 1), 0));
        assert_eq!((lines.position(9), lines.all().start), (at(1, 0), at(0, 0)));
    }

    proptest! {
        #[test]
        fn a_position_leads_back_to_its_byte(text in "(?s)(\u{feff})?[a\u{e4}\u{4e2d}\u{1f600}\r\n ]{0,40}", wide: bool) {
            let encoding = if wide { Encoding::Utf16 } else { Encoding::Utf8 };
            let lines = Lines::new(&text, encoding);
            let mark = if text.starts_with(MARK) { MARK.len() } else { 0 };
            for byte in (mark..=text.len()).filter(|byte| text.is_char_boundary(*byte)) {
                let position = lines.position(byte - mark);
                // Between `\r` and `\n` is no place of its own.
                let (head, tail) = text.split_at_checked(byte).unwrap();
                let within = head.ends_with('\r') && tail.starts_with('\n');
                prop_assert_eq!(lines.byte(position), if within { byte - 1 } else { byte });
                // By the definition: the line breaks before it, and the units behind the last of them.
                let before = head.replace("\r\n", "\n").replace('\r', if within { "" } else { "\n" });
                let last = before.rsplit('\n').next().unwrap_or("");
                let units = if wide { last.encode_utf16().count() } else { last.len() };
                if !within {
                    let expected = at(u32::try_from(before.matches('\n').count()).unwrap(), u32::try_from(units).unwrap());
                    prop_assert_eq!(position, expected);
                }
            }
        }
    }
}
