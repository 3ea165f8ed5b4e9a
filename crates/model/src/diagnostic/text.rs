//! Text from content, as people and CI read it: nothing in it acts on a terminal, a log or the eye.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text on one line. Line breaks and tabs are written `\n`, `\r` and `\t`; other control characters, separators
/// of lines and paragraphs, what turns the direction of writing and what has no width are written `\u{202e}`. What a CI
/// service would carry out, `::error` at the beginning of a word and `##[` or `##vso[` anywhere, is written
/// `\u{3a}:error` and `#\u{23}[`.
///
/// Titles, names of files and messages come from whoever wrote the content: raw, they could end a line of a log and
/// begin a command for the machine that reads it, repaint a terminal, or show another text than there is.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    shown(text, |_| false)
}

/// As [`visible`], for text that has lines of its own, such as a test block: line feeds and tabs stay.
#[must_use]
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    shown(text, |letter| matches!(letter, '\n' | '\t'))
}

/// As [`visible`], for a JSON document on one line: it stays the same document, as what is hidden is written as the
/// escape that JSON has for it. Between its strings, where no escape can be, a document of `serde_json` hides nothing.
#[must_use]
pub fn visible_json(json: &str) -> Cow<'_, str> {
    if !json.contains(is_hidden) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 8);
    for letter in json.chars() {
        if is_hidden(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // Writing to a string does not fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

/// A text as long as another one, in bytes and in lines, with a sign in the place of every hidden character: for lines
/// of a source that are shown with their places marked. `None` where nothing is hidden.
#[must_use]
pub fn masked(text: &str) -> Option<String> {
    let hides = |letter: char| is_hidden(letter) && !matches!(letter, '\n' | '\t');
    let ends_line = |rest: &str| rest.starts_with("\r\n");
    let is_hidden_at = |(at, letter): (usize, char)| match letter {
        '\r' => !text.get(at..).is_some_and(ends_line),
        '#' => at.checked_sub(1).and_then(|before| text.get(before..)).is_some_and(is_log_command),
        letter => hides(letter),
    };
    if !text.char_indices().any(is_hidden_at) {
        return None;
    }
    let mask = |(at, letter): (usize, char)| match letter.len_utf8() {
        _ if !is_hidden_at((at, letter)) => letter,
        1 => '?',
        2 => '\u{B7}',
        3 => char::REPLACEMENT_CHARACTER,
        _ => '\u{1F6AB}',
    };
    Some(text.char_indices().map(mask).collect())
}

fn shown(text: &str, stays: fn(char) -> bool) -> Cow<'_, str> {
    let hides = |letter: char| is_hidden(letter) && !stays(letter);
    if !text.contains(hides) && !text.contains("::") && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    let mut begins_word = true;
    for (at, letter) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        match letter {
            '\n' if hides(letter) => shown.push_str("\\n"),
            '\r' if hides(letter) => shown.push_str("\\r"),
            '\t' if hides(letter) => shown.push_str("\\t"),
            // Writing to a string does not fail.
            letter if hides(letter) => drop(write!(shown, "\\u{{{:x}}}", u32::from(letter))),
            ':' if begins_word && is_workflow_command(rest) => shown.push_str("\\u{3a}"),
            '#' if is_log_command(rest) => shown.push_str("#\\u{23}"),
            // The second sign of a log command was written with the first one.
            '#' if shown.ends_with("#\\u{23}") && text.get(..at).is_some_and(|before| before.ends_with('#')) => {}
            letter => shown.push(letter),
        }
        begins_word = letter.is_whitespace();
    }
    Cow::Owned(shown)
}

/// Whether a word is a command of GitHub's: `::` and its name. A line may begin with any word, as lines are wrapped.
fn is_workflow_command(word: &str) -> bool {
    word.strip_prefix("::").is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_alphabetic()))
}

/// Whether a command for GitHub, Azure Pipelines or TeamCity begins here: those count anywhere in a line.
fn is_log_command(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix("##") else { return false };
    let name = rest.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    name.starts_with('[')
}

/// Whether a character is not seen where it stands, or acts on what is around it.
pub const fn is_hidden(letter: char) -> bool {
    matches!(
        letter,
        // C0, DEL and C1.
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}'
        // Soft hyphen, grapheme joiner, Arabic letter mark, Hangul fillers, Khmer and Mongolian marks without width.
        | '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        // Zero width and direction; line and paragraph; embeddings; invisible operators, isolates, deprecated marks.
        | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        // Filler, byte order mark, halfwidth filler, annotations, what is no character.
        | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{FFFE}' | '\u{FFFF}'
        // Musical marks without width; tags and the selectors behind them, which carry whole hidden strings.
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_stays_as_it_is() {
        for text in ["", r"C:\Windows\n.exe", "größer 東京 🚀 ⚠\u{FE0F}", "a\u{A0}b"] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
    }

    #[test]
    fn every_control_and_every_invisible_character_is_spelt() {
        let ranges = [
            0..=0x1F,
            0x7F..=0x9F,
            0x2028..=0x2029,
            0x202A..=0x202E,
            0x2066..=0x2069,
            0x200B..=0x200F,
            0x2060..=0x2064,
            0xFEFF..=0xFEFF,
            0xAD..=0xAD,
            0x61C..=0x61C,
            0xFFFE..=0xFFFF,
            0xE0000..=0xE007F,
        ];
        for letter in ranges.into_iter().flatten().filter_map(char::from_u32) {
            let spelt = match letter {
                '\n' => "\\n".to_owned(),
                '\r' => "\\r".to_owned(),
                '\t' => "\\t".to_owned(),
                other => format!("\\u{{{:x}}}", u32::from(other)),
            };
            assert_eq!(visible(&format!("a{letter}b")), format!("a{spelt}b"));
            // No text of two characters is left with one of them.
            assert!(!visible(&format!("{letter}{letter}")).contains(letter));
        }
    }

    #[test]
    fn what_is_shown_is_shown_the_same_again() {
        let text: String = (0..0x3000_u32).filter_map(char::from_u32).collect();
        let once = visible(&text).into_owned();
        assert!(matches!(visible(&once), Cow::Borrowed(_)));
        assert_eq!(once.lines().count(), 1);
    }

    #[test]
    fn lines_stay_where_they_are_meant() {
        assert_eq!(visible("t\n::error::x\r\x1b[2J"), "t\\n\\u{3a}:error::x\\r\\u{1b}[2J");
        assert_eq!(visible_lines("a\n\tb\r\u{2028}\x1b"), "a\n\tb\\r\\u{2028}\\u{1b}");
    }

    #[test]
    fn no_word_is_a_command_for_ci() {
        for (text, shown) in [
            ("::error::x", "\\u{3a}:error::x"),
            ("a ::set-output name=x::y", "a \\u{3a}:set-output name=x::y"),
            ("a ##[error]x", "a #\\u{23}[error]x"),
            ("a##vso[task.setvariable x]", "a#\\u{23}vso[task.setvariable x]"),
            ("###[x]", "##\\u{23}[x]"),
            ("##[##[x]", "#\\u{23}[#\\u{23}[x]"),
        ] {
            assert_eq!(visible(text), shown);
            assert_eq!(visible(shown), shown);
        }
        for text in ["C::D", "fe80::1", "::1", "## heading", "`::error`", "a:: b", "#[cfg]"] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn json_stays_the_same_document() {
        let value = serde_json::json!({ "a\u{202e}": "\u{1b}\n\u{7f}\u{85}\u{2028}\u{E0001}b\"\\" });
        let shown = visible_json(&value.to_string()).into_owned();
        assert!(!shown.contains(is_hidden), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    #[test]
    fn a_mask_is_as_long_and_hides_nothing() {
        assert_eq!(masked("a\r\n\tb ä ## c"), None);
        assert_eq!(masked("##[x]##vso[y]").as_deref(), Some("#?[x]#?vso[y]"));
        let text: String = (0..0x11_0000_u32).filter_map(char::from_u32).collect();
        let mask = masked(&text).unwrap();
        assert_eq!(mask.len(), text.len());
        assert_eq!(mask.lines().count(), text.lines().count());
        assert!(!mask.contains(|letter| is_hidden(letter) && !matches!(letter, '\n' | '\t')));
        assert_eq!(
            mask.char_indices().map(|(at, _)| at).collect::<Vec<_>>(),
            text.char_indices().map(|(at, _)| at).collect::<Vec<_>>()
        );
    }
}
