//! Quotes of CSV, as RFC 4180 has them: a cell is quoted as a whole or not at all.
//!
//! A reader that takes other quotes as they come reads rows into one cell and says nothing.

use crate::diagnostic::{Sink, codes};
use crate::source::Span;

/// Where the scan is.
enum State {
    /// At the beginning of a cell.
    Begin,
    /// In a cell without quotes.
    Plain,
    /// In a cell with quotes, which begins here.
    Quoted(usize),
    /// Behind the closing quote of a cell that begins here.
    Closed(usize),
}

/// Reports quotes that are astray, and cells that hold line breaks. Says whether the rows can be told apart.
pub(super) fn check(text: &str, sink: &mut Sink) -> bool {
    let mut state = State::Begin;
    // The header is no row.
    let mut row = 0_usize;
    let mut line = 1_usize;
    let mut is_blank = true;
    let mut began = 1_usize;
    let mut good = true;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().copied().enumerate() {
        let is_break = byte == b'\n' || (byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        let is_end = matches!(byte, b'\n' | b'\r');
        let stray = |sink: &mut Sink, message: String| {
            let found = sink.diagnostic(&codes::TABLE_QUOTE, Span::new(at, at + 1), message);
            sink.push(found.with_help(HELP));
        };
        let next = match (state, byte) {
            (State::Quoted(from), b'"') => State::Closed(from),
            (State::Quoted(from), _) => State::Quoted(from),
            (State::Closed(from), b'"') => State::Quoted(from),
            (State::Begin, b'"') => {
                began = line;
                State::Quoted(at)
            }
            (before @ (State::Begin | State::Plain | State::Closed(_)), b',' | b'\n' | b'\r') => {
                if let State::Closed(from) = before
                    && line > began
                {
                    let message =
                        format!("row {row}: a cell holds a line break and goes from line {began} to line {line}");
                    let found = sink.diagnostic(&codes::TABLE_LINE_BREAK, Span::new(from, at), message);
                    sink.push(found.with_help(
                        "write it on one line; where two quotes are astray, the rows between them are in this cell",
                    ));
                    began = line;
                }
                State::Begin
            }
            (State::Plain, b'"') => {
                good = false;
                stray(sink, format!("row {row}: a quote stands inside a cell that does not begin with one"));
                State::Plain
            }
            (State::Closed(_), _) => {
                good = false;
                stray(sink, format!("row {row}: text stands behind the closing quote of a cell"));
                State::Plain
            }
            (State::Begin | State::Plain, _) => State::Plain,
        };
        // Blank lines are no rows.
        is_blank &= is_end;
        if is_end && !matches!(next, State::Quoted(_)) {
            row += usize::from(!is_blank);
            is_blank = true;
        }
        line += usize::from(is_break);
        state = next;
    }
    if let State::Quoted(from) = state {
        good = false;
        let message = format!(
            "row {row}: the quote that opens this cell in line {began} is never closed, so all of the data behind it is one cell"
        );
        let found = sink.diagnostic(&codes::TABLE_QUOTE, Span::new(from, from + 1), message);
        sink.push(found.with_help("close the cell; where the data is cut off, fetch it again"));
    }
    good
}

const HELP: &str =
    "put quotes around the whole cell and double those in it, as in `\"a \"\"b\"\"\"`, or remove the quote";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn found(text: &str) -> Vec<String> {
        let mut sink = Sink::new(&Source::new("t.csv", text));
        let good = check(text, &mut sink);
        let all = sink.finish();
        assert_eq!(good, all.iter().all(|found| found.code.id == "CC0518"), "{text}");
        all.iter().map(|found| format!("{} {}", found.code.id, found.message.split(':').next().unwrap_or(""))).collect()
    }

    #[test]
    fn quotes_as_the_standard_has_them_are_taken() {
        for text in [
            "a,b\n1,2\n",
            "a,b\r\n\"1\",\"2\"\r\n",
            "a,b\n\"1,1\",\"say \"\"x\"\"\"\n",
            "a,b\n\"\",\"\"\n\n",
            "a,b\n1,\"2\"",
            "",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn quotes_that_are_astray_swallow_no_row_in_silence() {
        for (text, expected) in [
            ("a,b\n1,\"2\n3,4\n5,6\n", "CC0517 row 1"),
            ("a,b\n1,2\n3,\"line one\n", "CC0517 row 2"),
            ("a,b\n1,2\"x\n", "CC0517 row 1"),
            ("a,b\n\n1,2\n3,\"4\"x\n", "CC0517 row 2"),
            ("a,b\n1,\"2\n3,4\n5\",6\n", "CC0518 row 1"),
            ("a,b\r\n1,\"2\r\n3\"\r\n", "CC0518 row 1"),
        ] {
            assert_eq!(found(text), [expected], "{text}");
        }
    }
}
