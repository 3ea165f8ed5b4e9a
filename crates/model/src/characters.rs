//! Characters that no content file may hold, and those that a name, a value or a title should not have, in either
//! language: what cannot be seen, and what looks like something else.

use std::borrow::Cow;

use crate::diagnostic::{Code, FixKind, Sink, clip, codes};
use crate::language::Language;
use crate::source::Span;

mod alike;

/// Reports control characters and characters that disguise text. A run of them is one finding.
pub fn check(text: &str, sink: &mut Sink) {
    let suspicious = |byte: u8| (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte >= 0x7F;
    if !text.bytes().any(suspicious) {
        return;
    }
    let mut open: Option<(usize, usize, char)> = None;
    for (at, sign) in text.char_indices() {
        let wrong = is_disguise(sign) || (sign.is_control() && !matches!(sign, '\t' | '\n' | '\r'));
        match (&mut open, wrong) {
            (Some((_, end, _)), true) => *end = at + sign.len_utf8(),
            (None, true) => open = Some((at, at + sign.len_utf8(), sign)),
            (Some(_), false) => {
                report(open.take(), sink);
                if sink.len() > crate::limits::DIAGNOSTICS {
                    return;
                }
            }
            (None, false) => {}
        }
    }
    report(open, sink);
}

fn report(run: Option<(usize, usize, char)>, sink: &mut Sink) {
    let Some((start, end, sign)) = run else { return };
    let span = Span::new(start, end);
    let code = u32::from(sign);
    let found = if start == 0 && sign == '\u{FEFF}' {
        sink.diagnostic(&codes::CONTROL_CHARACTER, span, "the file begins with a byte order mark")
            .with_help("save it as UTF-8 without the mark")
            .with_fix(FixKind::ByteOrderMark, "remove the mark", Span::new(0, sign.len_utf8()), "")
    } else if is_disguise(sign) {
        sink.diagnostic(&codes::CONTROL_CHARACTER, span, format!("the invisible character U+{code:04X}"))
            .with_help(format!("it makes text look like other text; write \\u{{{code:X}}} where a value needs it"))
    } else {
        sink.diagnostic(&codes::CONTROL_CHARACTER, span, format!("the control character U+{code:04X}"))
            .with_help(format!("remove it, or write \\u{{{code:X}}} where a value needs it"))
    };
    sink.push(found);
}

/// Reports characters of a name or a condition that cannot be seen, or that look like others.
pub fn in_name(language: Language, what: &str, text: &str, span: Span, sink: &mut Sink) {
    if let Some(hidden) = untold(language, text) {
        let message = format!("{what} has {}, which cannot be told from other text", named(hidden));
        sink.push(sink.diagnostic(&codes::STRAY_CHARACTER, span, message).with_help("type the text again"));
    } else if let Some(word) = look_alike(text) {
        // A name of the native language has no escapes.
        imitated(what, word, span, (language == Language::Sigma).then_some("between double quotes"), sink);
    } else if let Some((sign, alike)) = alike_sign(text) {
        let message = format!("{what} has {}", imitation(sign, alike));
        sink.push(sink.diagnostic(&codes::MIXED_SCRIPTS, span, message).with_help(format!("write `{alike}`")));
    }
}

/// The same for a value that is compared, where an escape that spells the number of a character means it. In a regex
/// letters of a class stand beside each other that are not of one word.
pub fn in_value(language: Language, is_regex: bool, text: &str, span: Span, sink: &mut Sink) {
    if text.is_ascii() {
        return;
    }
    let written = sink.source().slice(span);
    if spells_characters(written) {
        return;
    }
    if let Some(hidden) = untold(language, text) {
        let short = match (language, hidden) {
            (Language::Native, _) => "",
            (_, '\u{A0}') => "\\_",
            (_, '\u{2028}') => "\\L",
            (_, '\u{2029}') => "\\P",
            _ => "",
        };
        let help = if !short.is_empty() && written.starts_with('"') && written.contains(short) {
            format!("between double quotes YAML reads `{short}` as this character; write a path in single quotes")
        } else {
            format!("remove it; where it is meant, write it {} as {}", unless_raw(written), escape(language, hidden))
        };
        let message = format!("`{}` has {}", clip(text), named(hidden));
        sink.push(sink.diagnostic(&codes::STRAY_CHARACTER, span, message).with_help(help));
        return;
    }
    let words = if is_regex { outside_classes(text) } else { Cow::Borrowed(text) };
    if let Some(word) = look_alike(&words) {
        imitated("the value", word, span, Some(unless_raw(written)), sink);
    } else if let Some((sign, alike)) = alike_sign(&words) {
        let message = format!("`{}` has {}", clip(text), imitation(sign, alike));
        let escape = escape(language, sign);
        let help = format!("write `{alike}`; where it is meant, write it {} as {escape}", unless_raw(written));
        sink.push(sink.diagnostic(&codes::MIXED_SCRIPTS, span, message).with_help(help));
    }
}

/// What is to be doubted of a key in data, where nothing could be written as an escape: a character that cannot be seen, or
/// a letter that looks like another.
pub(crate) fn doubt(text: &str) -> Option<(&'static Code, String)> {
    if let Some(sign) = hidden(text) {
        return Some((&codes::STRAY_CHARACTER, format!("has {}", named(sign))));
    }
    if let Some((sign, alike)) = alike_sign(text) {
        return Some((&codes::MIXED_SCRIPTS, format!("has {}", imitation(sign, alike))));
    }
    let word = look_alike(text)?;
    let foreign = word.chars().find(|sign| !sign.is_ascii()).map_or(0, u32::from);
    let said = format!("has the word `{}`, in which U+{foreign:04X} looks like an ASCII letter", clip(word));
    Some((&codes::MIXED_SCRIPTS, said))
}

/// Reports letters of a title that look like others. What cannot be seen is refused in every attribute, and wide and
/// narrow spaces are a part of how some languages are set.
pub fn in_title(text: &str, span: Span, sink: &mut Sink) {
    let Some(word) = look_alike(text) else { return };
    let written = sink.source().slice(span);
    if !spells_characters(written) {
        imitated("the title", word, span, Some(unless_raw(written)), sink);
    }
}

/// What is hidden and was not refused in the whole file already.
fn untold(language: Language, text: &str) -> Option<char> {
    hidden(text).filter(|sign| language == Language::Sigma || !is_disguise(*sign))
}

fn imitated(what: &str, word: &str, span: Span, place: Option<&str>, sink: &mut Sink) {
    let foreign = word.chars().find(|sign| !sign.is_ascii()).map_or(0, u32::from);
    let message = format!("{what} has the word `{}`, in which U+{foreign:04X} looks like an ASCII letter", clip(word));
    let help = match place {
        Some(place) => format!("type the word again; where U+{foreign:04X} is meant, write it {place} as an escape"),
        None => "type the word again".to_owned(),
    };
    sink.push(sink.diagnostic(&codes::MIXED_SCRIPTS, span, message).with_help(help));
}

fn imitation(sign: char, alike: &str) -> String {
    format!("`{sign}`, which is U+{:04X} and looks like `{alike}`", u32::from(sign))
}

/// Where an escape is one: a raw string of the native language has none.
fn unless_raw(written: &str) -> &'static str {
    if written.starts_with("r\"") || written.starts_with("r#") {
        "in a string without `r`"
    } else {
        "between double quotes"
    }
}

/// How a language spells a character by its number.
fn escape(language: Language, sign: char) -> String {
    let number = u32::from(sign);
    match language {
        Language::Native => format!("\\u{{{number:X}}}"),
        Language::Sigma => format!("\\U{number:08X}"),
    }
}

/// A character in words, with its number.
fn named(sign: char) -> String {
    let number = u32::from(sign);
    match sign {
        '\u{FFFD}' => "U+FFFD, which stands for a character that could not be read".to_owned(),
        '\u{A0}' => format!("the no-break space U+{number:04X}"),
        '\u{AD}' => format!("the soft hyphen U+{number:04X}"),
        '\u{2028}' | '\u{2029}' => format!("the line separator U+{number:04X}"),
        _ if is_odd_space(sign) => format!("the space U+{number:04X}"),
        _ => format!("the invisible character U+{number:04X}"),
    }
}

/// Whether a value between double quotes spells a character by its number.
fn spells_characters(written: &str) -> bool {
    let Some(inner) = written.strip_prefix('"') else { return false };
    let mut signs = inner.chars();
    while let Some(sign) = signs.next() {
        if sign == '\\' && matches!(signs.next(), Some('u' | 'U' | 'x')) {
            return true;
        }
    }
    false
}

/// A regex with a space in the place of its classes and escapes.
fn outside_classes(regex: &str) -> Cow<'_, str> {
    if !regex.contains(['[', '\\']) {
        return Cow::Borrowed(regex);
    }
    let mut outside = String::with_capacity(regex.len());
    let mut class = None;
    let mut signs = regex.chars().peekable();
    while let Some(sign) = signs.next() {
        match (sign, class) {
            ('\\', _) => {
                signs.next();
                class = class.map(|_| false);
                outside.push(' ');
            }
            ('[', None) => {
                signs.next_if_eq(&'^');
                class = Some(true);
                outside.push(' ');
            }
            // The first sign of a class is one of its characters, whatever it is.
            (']', Some(false)) => class = None,
            (_, Some(_)) => class = Some(false),
            (sign, None) => outside.push(sign),
        }
    }
    Cow::Owned(outside)
}

/// Characters that take no room on a screen, or that of nothing: what has them looks like what has not. They are those that
/// Unicode lets be ignored where nothing shows them (`Default_Ignorable_Code_Point`).
const fn is_invisible(sign: char) -> bool {
    is_disguise(sign)
        || matches!(
            sign,
            '\u{AD}'
                | '\u{34F}'
                | '\u{115F}'
                | '\u{1160}'
                | '\u{17B4}'
                | '\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{200B}'..='\u{200D}'
                | '\u{2060}'..='\u{206F}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFF8}'
                | '\u{1BCA0}'..='\u{1BCA3}'
                | '\u{1D173}'..='\u{1D17A}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

/// Spaces that look like the one of ASCII and are others.
const fn is_odd_space(sign: char) -> bool {
    matches!(sign, '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
}

/// The first character among ones that can be seen that cannot be seen itself, or is another space than it seems. A
/// joiner between characters beyond ASCII is a part of emoji and of words in several scripts.
fn hidden(text: &str) -> Option<char> {
    if text.is_ascii() {
        return None;
    }
    let odd = |sign: char| is_invisible(sign) || is_odd_space(sign) || sign == '\u{FFFD}';
    // Text that has nothing else looks for just that.
    if text.chars().all(|sign| odd(sign) || sign.is_whitespace()) {
        return None;
    }
    let mut before: Option<char> = None;
    let mut rest = text.chars().peekable();
    while let Some(sign) = rest.next() {
        let beyond = |next: Option<char>| next.is_some_and(|next| !next.is_ascii());
        let joins = matches!(sign, '\u{200C}' | '\u{200D}') && beyond(before) && beyond(rest.peek().copied());
        // Tags spell the flags of regions behind a black flag.
        let is_tag = matches!(sign, '\u{E0020}'..='\u{E007F}') && beyond(before);
        // A variant of the character before it: of an emoji, or of a digit on a key.
        let is_variant = matches!(sign, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
            && (beyond(before) || rest.peek() == Some(&'\u{20E3}'));
        // Between words of scripts that write them without spaces, the wide one is the usual one.
        let is_wide = sign == '\u{3000}' && (beyond(before) || beyond(rest.peek().copied()));
        if odd(sign) && !joins && !is_tag && !is_variant && !is_wide {
            return Some(sign);
        }
        before = Some(sign);
    }
    None
}

/// The first word with letters that look like ASCII's and are others: Latin ones among those of scripts that share
/// shapes with them, and wide or mathematical ones, which are spelt with nothing else. Words of one script are none.
fn look_alike(text: &str) -> Option<&str> {
    if text.is_ascii() {
        return None;
    }
    text.split(|sign: char| !sign.is_alphanumeric()).find(|word| {
        let latin = word.bytes().any(|byte| byte.is_ascii_alphabetic());
        word.chars().any(|sign| is_styled(sign) || (latin && (shares_shapes(sign) || alike::letter(sign).is_some())))
    })
}

/// The first sign that looks like one of ASCII, in a text of ASCII letters: other alphabets have signs of their own.
fn alike_sign(text: &str) -> Option<(char, &'static str)> {
    if text.is_ascii() || text.chars().any(|sign| !sign.is_ascii() && sign.is_alphanumeric()) {
        return None;
    }
    text.contains(|sign: char| sign.is_ascii_alphanumeric())
        .then(|| text.chars().find_map(|sign| Some((sign, alike::sign(sign)?))))
        .flatten()
}

/// Letters of Greek, Cyrillic, Armenian, Lisu and Cherokee.
const fn shares_shapes(sign: char) -> bool {
    matches!(
        sign,
        '\u{370}'..='\u{3FF}'
            | '\u{400}'..='\u{52F}'
            | '\u{531}'..='\u{587}'
            | '\u{13A0}'..='\u{13FD}'
            | '\u{1C80}'..='\u{1C8F}'
            | '\u{1F00}'..='\u{1FFF}'
            | '\u{2DE0}'..='\u{2DFF}'
            | '\u{A4D0}'..='\u{A4FF}'
            | '\u{A640}'..='\u{A69F}'
            | '\u{AB70}'..='\u{ABBF}'
    )
}

/// Letters and digits of ASCII in another form: wide, mathematical.
const fn is_styled(sign: char) -> bool {
    matches!(
        sign,
        '\u{FF10}'..='\u{FF19}' | '\u{FF21}'..='\u{FF3A}' | '\u{FF41}'..='\u{FF5A}' | '\u{1D400}'..='\u{1D7FF}'
    )
}

/// Characters that make text look like other text: direction marks, separators of lines and the byte order mark.
pub const fn is_disguise(sign: char) -> bool {
    matches!(
        sign,
        '\u{202A}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{061C}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{FEFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_found_beside_what_can() {
        for sign in [
            '\u{AD}',
            '\u{200B}',
            '\u{200C}',
            '\u{200D}',
            '\u{200E}',
            '\u{202E}',
            '\u{2028}',
            '\u{2029}',
            '\u{2060}',
            '\u{2066}',
            '\u{FEFF}',
            '\u{3164}',
            '\u{180E}',
            '\u{A0}',
            '\u{2003}',
            '\u{202F}',
            '\u{3000}',
            '\u{E0041}',
        ] {
            for text in [format!("cmd{sign}exe"), format!("{sign}cmd"), format!("cmd{sign}")] {
                assert_eq!(hidden(&text), Some(sign), "{text:?}");
            }
            assert_eq!(hidden(&sign.to_string().repeat(3)), None, "a rule that looks for {sign:?}");
        }
        for text in
            ["cmd.exe", "é", "naïve café", "日本語　テキスト", "می\u{200C}خواهم", "👩\u{200D}💻", "🏳️\u{200D}🌈", ""]
        {
            assert_eq!(hidden(text), None, "{text:?}");
        }
    }

    #[test]
    fn words_of_two_scripts_are_found_and_words_of_one_are_not() {
        for (text, word) in [
            ("\\сmd.exe", "сmd"),
            ("pоwershell -enc", "pоwershell"),
            ("a ΒΑt b", "ΒΑt"),
            ("ｃｍｄ.exe", "ｃｍｄ"),
            ("cmdｅ", "cmdｅ"),
            ("𝐜𝐦𝐝", "𝐜𝐦𝐝"),
            ("Ꭺdmin", "Ꭺdmin"),
        ] {
            assert_eq!(look_alike(text), Some(word));
        }
        for text in [
            "cmd.exe",
            "Администраторы",
            "пароль.exe",
            "ΑΒΓ",
            "Ü-Wagen",
            "naïve",
            "パスワードcmd",
            "管理者admin",
            "с",
            "μ",
            "x²",
        ] {
            assert_eq!(look_alike(text), None, "{text}");
        }
    }

    #[test]
    fn letters_of_a_class_are_of_no_word() {
        for regex in ["[a-zа-я]", "[]a-zа-я]", r"\bслово", r"[\]a-zа-я]+\.exe", "[^a-zа-яё]", r"\[слово"]
        {
            assert_eq!(look_alike(&outside_classes(regex)), None, "{regex}");
        }
        for regex in ["[a-z]сmd", r"\\сmd\.exe", "[]]сmd", "^сmd[а-я]"] {
            assert_eq!(look_alike(&outside_classes(regex)), Some("сmd"), "{regex}");
        }
    }
}
