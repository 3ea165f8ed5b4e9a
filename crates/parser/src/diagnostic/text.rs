//! Text from content, as people and CI read it: nothing in it acts on a terminal, a log or the eye.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text on one line. Line breaks and tabs are written `\n`, `\r` and `\t`; other control characters, separators
/// of lines and paragraphs, what turns the direction of writing and what has no width are written `\u{202e}`.
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

fn shown(text: &str, stays: fn(char) -> bool) -> Cow<'_, str> {
    let hides = |letter: char| is_hidden(letter) && !stays(letter);
    if !text.contains(hides) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            letter if !hides(letter) => shown.push(letter),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            // Writing to a string does not fail.
            letter => drop(write!(shown, "\\u{{{:x}}}", u32::from(letter))),
        }
    }
    Cow::Owned(shown)
}

/// Whether a character is not seen where it stands, or acts on what is around it.
const fn is_hidden(letter: char) -> bool {
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
        // Musical marks without width; tags and the selectors behind them, which carry whole hidden texts.
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
        assert_eq!(visible("t\n::error::x\r\x1b[2J"), "t\\n::error::x\\r\\u{1b}[2J");
        assert_eq!(visible_lines("a\n\tb\r\u{2028}\x1b"), "a\n\tb\\r\\u{2028}\\u{1b}");
    }
}
