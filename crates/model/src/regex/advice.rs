//! What to write where a regular expression has a mistake.

use regex_syntax::ast::ErrorKind;

/// The reason in words, and what to write instead.
pub(super) fn of(kind: &ErrorKind) -> (String, &'static str) {
    let (message, help) = match kind {
        ErrorKind::RepetitionMissing => (
            "there is nothing before this sign that could be repeated",
            "a wildcard `*` is written `.*` in a regex, and a plain sign with a backslash: `\\*`",
        ),
        ErrorKind::ClassRangeInvalid => {
            ("the range ends before it begins", "write the two ends of the range in the other order")
        }
        ErrorKind::RepetitionCountInvalid => {
            ("the least count is above the greatest", "write the two counts in the other order, as in `{2,5}`")
        }
        ErrorKind::EscapeUnrecognized
        | ErrorKind::EscapeHexInvalidDigit
        | ErrorKind::EscapeHexInvalid
        | ErrorKind::EscapeHexEmpty => (
            "the backslash and what follows it are no escape",
            "a backslash that is meant, as in a path, is written `\\\\`",
        ),
        ErrorKind::EscapeUnexpectedEof => {
            ("the regex ends with a single backslash", "a backslash that is meant, as in a path, is written `\\\\`")
        }
        ErrorKind::GroupUnclosed => {
            ("this group is never closed", "write `)` where it ends, or `\\(` for the sign itself")
        }
        ErrorKind::GroupUnopened => ("this `)` closes no group", "remove it, or write `\\)` for the sign itself"),
        ErrorKind::ClassUnclosed => {
            ("this class is never closed", "write `]` where it ends, or `\\[` for the sign itself")
        }
        other => {
            return (format!("the regex has a syntax error: {other}"), "correct it at the place shown");
        }
    };
    (message.to_owned(), help)
}
