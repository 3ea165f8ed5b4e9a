//! Values that look like a slip: a regex where none is read, quotes and commas that were left over, several values in one
//! string. Rules of either language and keys of tables ask here; each words the remedy in its own way.

use std::net::IpAddr;

use crate::diagnostic::clip;
use crate::regex;

/// How much of a value of the event a comparison looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// All of it.
    Whole,
    /// Its beginning.
    Start,
    /// Its end.
    End,
    /// A part anywhere.
    Part,
}

/// A value, and where it is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    /// The value.
    pub text: &'a str,
    /// How it is compared.
    pub compared: Compared,
    /// The field or column; none for keywords.
    pub field: Option<&'a str>,
    /// Whether the source has quotes around it.
    pub is_quoted: bool,
}

/// A regex that nothing reads as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign<'a> {
    /// `^evil$`
    Bare,
    /// `/evil/i`: what is between the slashes, and the flags.
    Slashes(&'a str, &'a str),
}

/// Several values in one string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Several {
    /// `4624, 4625`
    List,
    /// `4624-4634`
    Range,
}

/// Quotes of word processors.
const OPENING: &[char] = &['\u{201C}', '\u{201D}', '\u{201E}', '\u{2018}', '\u{201A}', '\u{AB}', '\u{2039}'];
const CLOSING: &[char] = &['\u{201C}', '\u{201D}', '\u{2019}', '\u{BB}', '\u{203A}'];

impl<'a> Sought<'a> {
    /// A regex, by what only regexes have.
    #[must_use]
    pub fn foreign(&self) -> Option<Foreign<'a>> {
        let is_part = self.field.is_none() || self.compared != Compared::Whole || self.text.contains('*');
        if let Some((inner, flags)) = self.slashes(is_part) {
            return Some(Foreign::Slashes(inner, flags));
        }
        regex::is_likely(self.text, is_part).then_some(Foreign::Bare)
    }

    /// `/evil/i`, `/ev[il]+/`; and `/evil/` where the whole value is compared and is of no path.
    fn slashes(&self, is_part: bool) -> Option<(&'a str, &'a str)> {
        let is_script = is_part && self.text.contains([' ', '\t', '"', '\'', '`']);
        if is_script {
            return None;
        }
        if let Some(found) = regex::delimited(self.text) {
            // `/a/b/i` may be a path of three directories.
            let has_slash = found.0.replace("\\/", "").contains('/');
            return (!has_slash).then_some(found);
        }
        let inner = self.text.strip_prefix('/')?.strip_suffix('/')?;
        let has_slash = inner.replace("\\/", "").contains('/');
        if inner.is_empty() || has_slash || inner.ends_with('\\') || inner.contains('*') && !inner.contains(".*") {
            return None;
        }
        let is_regex = [".*", ".+", "\\d", "\\w", "\\s", "\\."].iter().any(|part| inner.contains(part))
            || inner.contains(['^', '$', '|', '[', '('])
            || inner.contains("\\/");
        let is_name = !is_part && !self.field.is_some_and(has_slashes);
        (is_regex || is_name).then_some((inner, ""))
    }

    /// Whether the value stands in quotes of a word processor, which were to be those of the language.
    #[must_use]
    pub fn is_in_marks(&self) -> bool {
        let ends = self.text.chars().next().zip(self.text.chars().next_back());
        ends.is_some_and(|(first, last)| OPENING.contains(&first) && CLOSING.contains(&last))
    }

    /// A quote or comma at an edge, and at which, that was left over when the value was cut out of a longer text.
    #[must_use]
    pub fn mark(&self) -> Option<(char, &'static str)> {
        let Self { text, compared, field, is_quoted } = *self;
        let (first, last) = (text.chars().next()?, text.chars().next_back()?);
        if !text.chars().any(char::is_alphanumeric) {
            return None;
        }
        let is_quote = |sign: char| matches!(sign, '"' | '\'');
        let alone = |sign: char| is_quote(sign) && text.matches(sign).count() % 2 == 1;
        let is_path = text.starts_with(['\\', '%']) || text.get(1..3) == Some(":\\");
        let whole = compared == Compared::Whole;
        let field = field?;
        let edge = |sign: char, of_path: bool| {
            is_quote(sign) && (has_paths(field) || of_path || (whole && !text.contains('*') && alone(sign)))
        };
        // Windows itself writes a comma behind a path: `C:\Windows\system32\userinit.exe,`.
        let is_word = !text.contains(|sign: char| sign.is_whitespace() || matches!(sign, '\\' | '/'))
            && text.matches(',').count() == 1;
        // A word in quotes of its own: they were written twice.
        let is_wrapped = whole
            && is_quote(first)
            && first == last
            && text.matches(first).count() == 2
            && !text.contains(char::is_whitespace)
            && !is_command(field);
        if is_wrapped
            || edge(last, is_path && alone(last) && text.strip_suffix(last).is_some_and(|text| text.ends_with('\\')))
        {
            Some((last, "ends"))
        } else if edge(first, false) {
            Some((first, "begins"))
        } else if CLOSING.contains(&last) {
            Some((last, "ends"))
        } else if OPENING.contains(&first) {
            Some((first, "begins"))
        } else {
            let is_left_over = match compared {
                Compared::Whole => !is_quoted || is_word || has_paths(field),
                Compared::End => !is_quoted || has_paths(field),
                Compared::Start | Compared::Part => false,
            };
            (last == ',' && is_left_over).then_some((last, "ends"))
        }
    }

    /// `4624, 4625`, `4624-4634`, `["a","b"]`, `a.exe, b.exe`
    #[must_use]
    pub fn several(&self) -> Option<Several> {
        let field = self.field?;
        let whole = self.compared == Compared::Whole;
        let text = self.text.trim();
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_in_quotes = |part: &str| {
            let inner = |quote: char| part.strip_prefix(quote).and_then(|part| part.strip_suffix(quote));
            inner('"').or_else(|| inner('\'')).is_some_and(|inner| !inner.contains(['"', '\'']))
        };
        let is_word = |part: &str| !part.is_empty() && !part.contains(['[', ']', '=', '(', '"', '\'']);
        let several = |text: &str, sign: &[char], is: &dyn Fn(&str) -> bool| {
            text.contains(sign) && text.split(sign).all(|part| is(part.trim()))
        };
        let bracketed = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let list = bracketed
            .is_some_and(|inner| several(inner, &[','], &is_in_quotes) || (whole && several(inner, &[','], &is_word)));
        let separators: &[char] = &[',', ';'];
        let plain = whole
            && !is_command(field)
            && (several(text, separators, &is_number)
                || several(text, separators, &is_file)
                || several(text, separators, &|part| part.parse::<IpAddr>().is_ok()));
        if list || plain {
            return Some(Several::List);
        }
        let (from, to) = text.split_once('-').filter(|_| whole)?;
        let (from, to): (u64, u64) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        let field = field.to_ascii_lowercase();
        let counts = ["id", "code", "port", "type", "level", "number"].iter().any(|end| field.ends_with(end));
        (from < to && counts).then_some(Several::Range)
    }
}

/// What a `*` repeats in a regex that is written with wildcards: `evil*`, `C:\\Temp\\*.exe`. None where it is used as
/// regexes use it.
#[must_use]
pub fn wildcard_in_regex(regex: &str) -> Option<&str> {
    let mut escaped = false;
    let mut repeated = None;
    for (at, sign) in regex.char_indices() {
        let before = regex.get(..at).unwrap_or("");
        match sign {
            // Behind a directory, and before a name or nothing.
            '*' if !escaped && before.ends_with("\\\\") && !before.ends_with("\\\\\\") => {
                let rest = regex.get(at + 1..).unwrap_or("");
                if before.len() > 2 && (rest.is_empty() || rest.starts_with(['.', '\\'])) {
                    repeated = repeated.or(regex.get(at - 2..at));
                }
            }
            '*' if !escaped && at + 1 == regex.len() => {
                let letter = before.char_indices().next_back().filter(|(_, letter)| letter.is_alphanumeric());
                repeated = repeated.or_else(|| letter.and_then(|(from, _)| regex.get(from..at)));
            }
            // What only regexes have: it was meant as one.
            '*' | '?' | '+' | '[' | '(' | '{' | '|' | '^' | '$' if !escaped => return None,
            'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'b' | 'B' if escaped => return None,
            _ => {}
        }
        escaped = sign == '\\' && !escaped;
    }
    repeated
}

/// `cmd.exe`: one word and the extension of a program.
fn is_file(part: &str) -> bool {
    const EXTENSIONS: &[&str] =
        &["bat", "cmd", "com", "cpl", "dll", "exe", "hta", "js", "msi", "ps1", "py", "scr", "sh", "sys", "vbs"];
    let known = |end: &str| EXTENSIONS.iter().any(|known| end.eq_ignore_ascii_case(known));
    part.rsplit_once('.').is_some_and(|(name, end)| !name.is_empty() && known(end))
        && !part.contains(|sign: char| sign.is_whitespace() || matches!(sign, '"' | '\'' | '='))
}

/// Fields whose values are paths or names of files, which have no quotes.
const PATHS: &[&str] = &[
    "currentdirectory",
    "image",
    "imageloaded",
    "newprocessname",
    "originalfilename",
    "parentimage",
    "parentprocessname",
    "processname",
    "sourcefilename",
    "sourceimage",
    "targetfilename",
    "targetimage",
];

/// Whether a field has paths or names of files, under Sigma's name or as others write it: `parent_image`.
#[must_use]
pub fn has_paths(field: &str) -> bool {
    let name: String =
        field.chars().filter(|sign| *sign != '_').take(64).map(|sign| sign.to_ascii_lowercase()).collect();
    PATHS.contains(&name.as_str())
}

/// What is said of it, and the remedy.
#[must_use]
pub fn wildcard_words(regex: &str, repeated: &str) -> (String, &'static str) {
    let message = format!(
        "`{}` looks like a wildcard pattern: in a regex `{repeated}*` is any number of `{repeated}`, also none",
        clip(regex)
    );
    (message, "write `.*` for any text; at the start and the end of a regex nothing is needed")
}

/// Whether values of a field may begin and end with a slash: paths of other systems and parts of addresses.
fn has_slashes(field: &str) -> bool {
    let field = field.to_ascii_lowercase();
    ["uri", "url", "path", "dir", "folder", "location", "request", "file", "resource", "stem", "name", "object", "key"]
        .iter()
        .any(|part| field.contains(part))
}

/// Whether a field has command lines, scripts and the like: texts of many parts.
#[must_use]
pub fn is_command(field: &str) -> bool {
    let field = field.to_ascii_lowercase();
    ["command", "script", "payload", "text", "query"].iter().any(|part| field.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sought<'a>(text: &'a str, compared: Compared, field: &'a str) -> Sought<'a> {
        Sought { text, compared, field: Some(field), is_quoted: true }
    }

    #[test]
    fn regexes_in_slashes_are_told_from_directories() {
        for (text, inner, flags) in [
            ("/evil/", "evil", ""),
            ("/evil/i", "evil", "i"),
            ("/evil/gi", "evil", "gi"),
            (r"/^ev[il]+\.exe$/", r"^ev[il]+\.exe$", ""),
            ("/a|b/", "a|b", ""),
            ("/ev.*il/", "ev.*il", ""),
            (r"/a\/b/", r"a\/b", ""),
        ] {
            let found = sought(text, Compared::Whole, "User").foreign();
            assert_eq!(found, Some(Foreign::Slashes(inner, flags)), "{text}");
        }
        for text in ["/ev[il]+/", "/evil/i", "/(a|b)/i"] {
            assert!(sought(text, Compared::Part, "CommandLine").foreign().is_some(), "{text}");
        }
        for text in ["/tmp/", "/etc/", "/usr/bin/", "/dev/shm/i/g", "//", "/a/*/b/", "/*/", "/tmp/x", "sed s/(a)/b/g"] {
            assert_eq!(sought(text, Compared::Part, "CommandLine").foreign(), None, "{text}");
            assert_eq!(sought(text, Compared::Whole, "TargetFilename").foreign(), None, "{text}");
        }
    }

    #[test]
    fn wildcards_are_told_from_repeats() {
        for (text, repeated) in
            [("evil*", "l"), (r"C:\\Temp\\*", r"\\"), (r"\\Temp\\*.exe", r"\\"), (r"a\\b\\*\\c", r"\\")]
        {
            assert_eq!(wildcard_in_regex(text), Some(repeated), "{text}");
        }
        for text in
            ["evil.*", "evi*l", "(a|b)*", "[a]*", r"\d*", r"\\*", r"a\*", "^evil*", r"a\\*b", "a+b*", "ab", "*", ""]
        {
            assert_eq!(wildcard_in_regex(text), None, "{text}");
        }
    }

    #[test]
    fn marks_that_were_left_over_are_told_from_those_that_are_meant() {
        for text in ["evil.exe\"", "'evil.exe'", "\"evil.exe\"", "evil.exe,", "\u{201C}evil.exe\u{201D}", "'evil"] {
            assert!(sought(text, Compared::Whole, "user").mark().is_some(), "{text}");
            assert!(sought(text, Compared::Whole, "parent_image").mark().is_some(), "{text}");
        }
        for text in ["it's", "a, b,", "say \"x\"", "'", "\"a\" \"b\"", "evil", r"C:\a\userinit.exe,"] {
            assert_eq!(sought(text, Compared::Whole, "user").mark(), None, "{text}");
        }
        assert_eq!(sought("\"evil.exe\"", Compared::Whole, "CommandLine").mark(), None);
        assert_eq!(sought("evil,", Compared::Part, "user").mark(), None);
    }

    #[test]
    fn several_values_in_one_string() {
        for text in ["4624, 4625", "1;2", "[\"a\",\"b\"]", "[a, b]", "a.exe, b.dll", "10.0.0.1, fd00::1"] {
            assert_eq!(sought(text, Compared::Whole, "user").several(), Some(Several::List), "{text}");
        }
        assert_eq!(sought("1-5", Compared::Whole, "event_id").several(), Some(Several::Range));
        for text in ["a, b", "shell32.dll,Run", "1.2.3.4", "[a]", "1,", "a.exe"] {
            assert_eq!(sought(text, Compared::Whole, "user").several(), None, "{text}");
        }
    }
}
