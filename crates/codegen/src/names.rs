//! Names of a manifest, which may be any text, as identifiers, strings and words of a comment.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

/// The words of a name, in lower case: of `ParentCommandLine`, `parent_command_line` and `parent.commandLine` the same.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut begins = true;
    for (at, letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            begins = true;
            continue;
        }
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let follows = letters.get(at.saturating_add(1));
        // `commandLine`, and `HTTPServer` before its last capital.
        let breaks = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && follows.is_some_and(char::is_ascii_lowercase))
            });
        if begins || breaks {
            words.push(String::new());
        }
        begins = false;
        if let Some(word) = words.last_mut() {
            word.push(letter.to_ascii_lowercase());
        }
    }
    words
}

/// As fields of Rust and C are written. Never empty, and it begins with a letter.
pub(crate) fn snake(name: &str) -> String {
    let joined = words(name).join("_");
    if joined.starts_with(|letter: char| letter.is_ascii_lowercase()) { joined } else { format!("field_{joined}") }
}

/// As types of Rust, and what is exported in Go, are written. Never empty, and it begins with a letter.
pub(crate) fn camel(name: &str) -> String {
    let mut joined = String::new();
    for word in words(name) {
        let mut letters = word.chars();
        joined.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        joined.push_str(letters.as_str());
    }
    if joined.starts_with(|letter: char| letter.is_ascii_uppercase()) { joined } else { format!("Field{joined}") }
}

/// The identifiers of one scope: each is given away once.
pub(crate) struct Taken<'k> {
    reserved: &'k [&'k str],
    taken: HashSet<String>,
    /// The number that the next one of the same spelling is tried with. Without it many of one spelling would take the
    /// square of their number.
    next: HashMap<String, u32>,
}

impl<'k> Taken<'k> {
    pub(crate) fn new(reserved: &'k [&'k str]) -> Self {
        Self { reserved, taken: HashSet::new(), next: HashMap::new() }
    }

    /// The identifier, or the nearest that is free and no word of the language.
    pub(crate) fn take(&mut self, mut ident: String) -> String {
        if self.reserved.contains(&ident.as_str()) {
            ident.push('_');
        }
        if self.taken.insert(ident.clone()) {
            return ident;
        }
        let next = self.next.entry(ident.clone()).or_insert(2);
        loop {
            let numbered = format!("{ident}{next}");
            *next = next.saturating_add(1);
            if self.taken.insert(numbered.clone()) {
                return numbered;
            }
        }
    }
}

/// A name within a comment: one line of letters that end no comment and are no markup.
pub(crate) fn shown(name: &str) -> String {
    let mut shown = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-' | ' ') {
            shown.push(letter);
        } else {
            // Writing to a string does not fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(letter));
        }
    }
    shown
}

/// A string of C, without the quotes: three octal digits for each byte that could mean something else to a compiler, or end the
/// comment of Go in which C stands.
pub(crate) fn c_string(text: &str) -> String {
    let mut string = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'+' | b' ' | b':') {
            string.push(char::from(byte));
        } else {
            let _ = write!(string, "\\{byte:03o}");
        }
    }
    string
}

/// A string of Rust, with its quotes.
pub(crate) fn rust_string(text: &str) -> String {
    format!("\"{}\"", text.chars().flat_map(char::escape_default).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_identifiers() {
        for (name, snake_case, camel_case) in [
            ("command_line", "command_line", "CommandLine"),
            ("CommandLine", "command_line", "CommandLine"),
            ("HTTPServer2Port", "http_server2_port", "HttpServer2Port"),
            ("edr.process_start", "edr_process_start", "EdrProcessStart"),
            ("4th", "field_4th", "Field4th"),
            ("größe", "gr_e", "GrE"),
            ("\u{202e}", "field_", "Field"),
            ("", "field_", "Field"),
            ("_", "field_", "Field"),
        ] {
            assert_eq!((snake(name).as_str(), camel(name).as_str()), (snake_case, camel_case), "{name}");
        }
    }

    #[test]
    fn no_identifier_is_given_twice_or_is_reserved() {
        let mut taken = Taken::new(&["type"]);
        let given: Vec<String> =
            ["a", "a", "a2", "a", "type", "type_"].map(|ident| taken.take(ident.to_owned())).into();
        assert_eq!(given, ["a", "a2", "a22", "a3", "type_", "type_2"]);
    }

    #[test]
    fn strings_and_comments_hold_any_text() {
        assert_eq!(c_string("a\"\\*/??/\n%é"), "a\\042\\134\\052\\057\\077\\077\\057\\012\\045\\303\\251");
        assert_eq!(shown("a*/`\u{202e}"), "a\\u{2a}\\u{2f}\\u{60}\\u{202e}");
        assert_eq!(rust_string("a\"\\\n\u{202e}"), "\"a\\\"\\\\\\n\\u{202e}\"");
    }
}
