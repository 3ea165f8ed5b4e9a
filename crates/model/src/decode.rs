//! Decode: from the bytes of a file to a [`Source`], or the reason why not.

use crate::diagnostic::{Diagnostic, codes};
use crate::limits;
use crate::source::{Source, Span};

/// The byte order mark that some editors put before UTF-8.
pub const MARK: &str = "\u{FEFF}";

/// Makes a source of the bytes of a content file.
///
/// # Errors
/// One diagnostic when the file is too large, empty, not UTF-8, or holds a control
/// character that no text has or a line separator that not all readers know. A byte order mark for UTF-8 is accepted and no part of the text,
/// so that lines, columns and offsets are those that an editor shows.
pub fn decode(name: &str, bytes: Vec<u8>) -> Result<Source, Box<Diagnostic>> {
    let fail = |code, prefix: &[u8], message: String, help: &str| {
        let text = String::from_utf8_lossy(prefix).into_owned();
        let at = text.len();
        let source = Source::new(name, text);
        Err(Box::new(Diagnostic::new(code, &source, Span::at(at), message).with_help(help)))
    };
    if bytes.len() > limits::FILE_BYTES {
        let message = format!("the file is larger than the {} bytes that content may have", limits::FILE_BYTES);
        return fail(&codes::FILE_TOO_LARGE, &[], message, "split it, or move long lists into a table");
    }
    if matches!(bytes.get(..2), Some([0xFF, 0xFE] | [0xFE, 0xFF])) {
        let message = "the file is UTF-16, not UTF-8".to_owned();
        return fail(&codes::NOT_UTF8, &[], message, "save it as UTF-8");
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            let byte = bytes.get(at).copied().unwrap_or(0);
            let message = format!("byte {at} is 0x{byte:02X}, which is not UTF-8");
            return fail(&codes::NOT_UTF8, bytes.get(..at).unwrap_or(&[]), message, "save the file as UTF-8");
        }
    };
    // Whether there is one at all is told of many bytes at once.
    let has_control = text.bytes().fold(false, |found, byte| found | is_control(byte));
    if has_control && let Some(at) = text.bytes().position(is_control) {
        let byte = text.as_bytes().get(at).copied().unwrap_or(0);
        let message = format!("byte {at} is the control character 0x{byte:02X}");
        let help = "remove it, or write it as an escape where the rule needs it";
        return fail(&codes::CONTROL_CHARACTER, text.as_bytes().get(..at).unwrap_or(&[]), message, help);
    }
    if let Some(at) = lone_return(text.as_bytes()) {
        let message = format!("byte {at} is a carriage return without a line feed, where some readers begin a line");
        let help =
            "end lines with a line feed, with or without a carriage return before it; a value may have it as an escape";
        return fail(&codes::CONTROL_CHARACTER, text.as_bytes().get(..at).unwrap_or(&[]), message, help);
    }
    // Most files are ASCII, which has none and is told at a fraction of the cost.
    let separator = if text.is_ascii() { None } else { text.char_indices().find(|(_, sign)| is_separator(*sign)) };
    if let Some((at, sign)) = separator {
        let code = u32::from(sign);
        let message = format!("byte {at} begins the line separator U+{code:04X}, where some readers begin a line");
        let help = "break the line or remove it; between double quotes a value may have it as an escape";
        return fail(&codes::CONTROL_CHARACTER, text.as_bytes().get(..at).unwrap_or(&[]), message, help);
    }
    let text = match text.strip_prefix(MARK) {
        Some(rest) => rest.to_owned(),
        None => text,
    };
    if text.trim().is_empty() {
        return fail(&codes::EMPTY_FILE, &[], "the file is empty".to_owned(), "restore it, or delete it");
    }
    Ok(Source::new(name, text))
}

/// The first carriage return that ends no line here. YAML begins a line behind it and other readers do not, so a comment of the one is a
/// condition of the other.
fn lone_return(text: &[u8]) -> Option<usize> {
    if !text.contains(&b'\r') {
        return None;
    }
    let mut returns = text.iter().enumerate().filter(|(_, byte)| **byte == b'\r').map(|(at, _)| at);
    returns.find(|at| text.get(at + 1) != Some(&b'\n'))
}

const fn is_control(byte: u8) -> bool {
    (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0x7F
}

/// What to do with the marks of a merge conflict.
pub const CONFLICT_HELP: &str =
    "keep what is right of both sides, and remove the lines that begin with `<<<<<<<`, `=======` and `>>>>>>>`";

/// The first of the marks that version control leaves where it could not merge. No content has such a line.
pub fn conflict(text: &str) -> Option<(Span, &str)> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        let named = ["<<<<<<<", "|||||||", ">>>>>>>"].iter().find_map(|mark| bare.strip_prefix(mark));
        if bare == "=======" || named.is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')) {
            return Some((Span::new(at, at + bare.len()), bare));
        }
        at += line.len();
    }
    None
}

/// Whether some editors and readers break a line at a character of Unicode where others, and this one, do not: people
/// and machines would see two different files.
pub const fn is_separator(sign: char) -> bool {
    matches!(sign, '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(bytes: &[u8]) -> Option<&'static str> {
        decode("x", bytes.to_vec()).err().map(|diagnostic| diagnostic.code.id)
    }

    #[test]
    fn refuses_what_is_not_text() {
        assert_eq!(code(b""), Some("CC0102"));
        assert_eq!(code(b" \n\t"), Some("CC0102"));
        assert_eq!(code(b"a\xFFb"), Some("CC0103"));
        assert_eq!(code(b"\xFF\xFEa\0"), Some("CC0103"));
        assert_eq!(code(b"a\0b"), Some("CC0104"));
        assert_eq!(code(&vec![b'a'; limits::FILE_BYTES + 1]), Some("CC0101"));
        assert_eq!(code("\u{FEFF}ok".as_bytes()), None);
        assert_eq!(code("\u{FEFF} \n".as_bytes()), Some("CC0102"));
        assert_eq!(code(b"ok\r\n\tfine"), None);
        for text in ["# a\rb\n", "a\r\r\nb", "a: b\r", "\r", "a: b\n\rc: d"] {
            assert_eq!(code(text.as_bytes()), Some("CC0104"), "{text:?}");
        }
        for separator in ['\u{85}', '\u{2028}', '\u{2029}'] {
            for text in [format!("# a{separator}b\n"), format!("{separator}"), format!("- name: '{separator}'\n")] {
                assert_eq!(code(text.as_bytes()), Some("CC0104"), "{text:?}");
            }
        }
        // Neighbours, and the escapes of both languages.
        assert_eq!(code("a\u{84}\u{86}\u{2027}\u{202A}\u{A0} \"\\N\\L\\P\\u2028\"".as_bytes()), None);
    }
}
