//! Characters that look like ASCII ones: those that Unicode lists as confusable with one (UTS #39), or that are one in another
//! form (compatibility decompositions). The table is made of these data by the test below.

mod table;

/// The letter or digit of ASCII that a letter of another alphabet, or in another form, looks like.
pub(super) fn letter(sign: char) -> Option<&'static str> {
    find(table::LETTERS, sign)
}

/// The signs of ASCII that another sign looks like. Dashes that Windows takes for one, and quotes that are set in texts, are no
/// mistake.
pub(super) fn sign(sign: char) -> Option<&'static str> {
    find(table::SIGNS, sign)
}

fn find(table: &[(char, &'static str)], sign: char) -> Option<&'static str> {
    if sign.is_ascii() {
        return None;
    }
    let at = table.binary_search_by_key(&sign, |(sign, _)| *sign).ok()?;
    table.get(at).map(|(_, alike)| *alike)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::fs;

    use unicode_normalization::UnicodeNormalization as _;
    use unicode_security::confusable_detection::skeleton;

    use super::super::is_styled;

    /// What is meant as it is: dashes that Windows programs take for `-` (`windash`), and quotes of texts.
    fn is_meant(sign: char) -> bool {
        matches!(sign, '\u{2013}'..='\u{2015}' | '\u{2018}'..='\u{201F}' | '\u{2039}' | '\u{203A}' | '\u{AB}' | '\u{BB}')
    }

    /// Raised, lowered, circled and squared ones do not look like those on the line.
    fn is_set_apart(sign: char) -> bool {
        matches!(
            sign,
            '\u{AA}' | '\u{B2}' | '\u{B3}' | '\u{B9}' | '\u{BA}' | '\u{BC}'..='\u{BE}' | '\u{2B0}'..='\u{2FF}' | '\u{1D2C}'..='\u{1D6A}'
                | '\u{2070}'..='\u{209F}' | '\u{2150}'..='\u{215F}' | '\u{2460}'..='\u{24FF}' | '\u{2C7C}' | '\u{2C7D}'
                | '\u{3200}'..='\u{33FF}' | '\u{1F100}'..='\u{1F1FF}'
        )
    }

    /// Letters that stand beside Latin ones in words: those of Latin itself, and scripts that are written without spaces.
    fn stands_beside_latin(sign: char) -> bool {
        matches!(
            sign,
            '\u{80}'..='\u{24F}' | '\u{250}'..='\u{2FF}' | '\u{E00}'..='\u{FFF}' | '\u{1000}'..='\u{11FF}' | '\u{1780}'..='\u{17FF}'
                | '\u{1950}'..='\u{1AAF}' | '\u{1D00}'..='\u{1DBF}' | '\u{1E00}'..='\u{1EFF}' | '\u{2C60}'..='\u{2C7F}' | '\u{2E80}'..='\u{A4CF}'
                | '\u{A720}'..='\u{A7FF}' | '\u{AA60}'..='\u{AA7F}' | '\u{AB30}'..='\u{AB6F}' | '\u{AC00}'..='\u{D7FF}'
                | '\u{F900}'..='\u{FAFF}' | '\u{FF65}'..='\u{FFDC}' | '\u{1DF00}'..='\u{1DFFF}' | '\u{16F00}'..='\u{18CFF}' | '\u{1AFF0}'..='\u{1B2FF}'
                | '\u{20000}'..='\u{3FFFF}'
        )
    }

    fn tables() -> String {
        let mut letters = String::new();
        let mut signs = String::new();
        for sign in ('\u{80}'..=char::MAX).filter(|sign| !is_meant(*sign) && !is_set_apart(*sign)) {
            let of = sign.to_string();
            let form: String = of.nfkc().collect();
            let form = Some(form).filter(|form| form.is_ascii() && *form != of);
            let alike = || Some(skeleton(&of).collect::<String>()).filter(|alike| alike.is_ascii());
            let is_word = |text: &String| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let is_sign = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_punctuation());
            let row = |alike: String| format!("    ('\\u{{{:X}}}', {alike:?}),\n", u32::from(sign));
            if sign.is_alphanumeric() {
                let alike = form.or_else(|| alike().filter(|_| !stands_beside_latin(sign))).filter(is_word);
                if let Some(alike) = alike.filter(|_| !is_styled(sign)) {
                    letters += &row(alike);
                }
            } else if let Some(alike) = form.or_else(alike).filter(is_sign) {
                signs += &row(alike);
            }
        }
        let mut text = String::from("//! Made by the test of the module above.\n\n");
        for (name, rows) in [("LETTERS", letters), ("SIGNS", signs)] {
            write!(text, "#[rustfmt::skip]\npub(super) const {name}: &[(char, &str)] = &[\n{rows}];\n\n").unwrap();
        }
        text.trim_end().to_owned() + "\n"
    }

    #[test]
    fn the_tables_are_what_unicode_lists() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/characters/alike/table.rs");
        let made = tables();
        if std::env::var_os("BLESS").is_some() {
            fs::write(path, &made).unwrap();
        }
        assert!(fs::read_to_string(path).unwrap() == made, "run this test with BLESS=1");
    }
}
