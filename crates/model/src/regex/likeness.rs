//! Values that are written as regexes where nothing reads them as one.

/// Whether a value can hardly be anything but a regex: it is anchored at both ends, has flags or groups that only regexes
/// have, or repeats a class of characters.
///
/// What wildcards, paths, shares and commands have is no sign: `.*`, `C$`, `(a|b)`, `\d` and a caret alone. Where a part
/// of a string is compared, and several words or quotes are in it, it may be a piece of a script that has the regex.
#[must_use]
pub fn is_likely(text: &str, is_part: bool) -> bool {
    let inner = |from: &str, to: &str| {
        text.strip_prefix(from)
            .and_then(|rest| rest.strip_suffix(to))
            .is_some_and(|inner| inner.contains(|sign: char| !sign.is_whitespace() && sign != '*'))
    };
    let is_script = || is_part && text.contains([' ', '\t', '"', '\'', '`']);
    inner("^", "$")
        || inner(".*", ".*")
        || begins_group(text)
        || !is_script() && (ends_anchored(text) || has_group(text) || repeats_class(text))
}

/// `\.exe$`
fn ends_anchored(text: &str) -> bool {
    let extension = text.strip_suffix('$').and_then(|rest| rest.rsplit_once("\\."));
    extension.is_some_and(|(before, name)| {
        !before.ends_with('\\') && (2..5).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// `(?i)`, `(?:`, `(?=`
fn has_group(text: &str) -> bool {
    text.match_indices("(?").any(|(at, _)| begins_group(text.get(at..).unwrap_or("")))
}

fn begins_group(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("(?") else { return false };
    let flags = rest.bytes().take(5).take_while(|byte| matches!(byte, b'i' | b'm' | b's' | b'x')).count();
    match rest.as_bytes().get(flags) {
        Some(b')') => flags > 0,
        Some(b':') => true,
        Some(b'=' | b'!') => flags == 0,
        _ => false,
    }
}

/// `\d+`, `\w{2,}`, `[a-z]+`
fn repeats_class(text: &str) -> bool {
    let mut rest = text;
    let mut escaped = false;
    while let Some(sign) = rest.chars().next() {
        rest = rest.get(sign.len_utf8()..).unwrap_or("");
        let class = match sign {
            _ if escaped => 0,
            '\\' if rest.starts_with(['d', 'D', 'w', 'W', 's', 'S']) => 1,
            '[' => class(rest),
            _ => 0,
        };
        if class > 0 && is_repeated(rest.get(class..).unwrap_or("")) {
            return true;
        }
        escaped = sign == '\\' && !escaped;
    }
    false
}

/// How far the end of a class is looked for.
const CLASS: usize = 64;

/// How long a class with a range, a negation or an escape is, from behind its `[` on.
fn class(rest: &str) -> usize {
    let end = rest.bytes().take(CLASS).position(|byte| byte == b']');
    let Some(inner) = end.and_then(|end| rest.get(..end)) else { return 0 };
    let mut ranges = inner.as_bytes().windows(3).filter_map(|window| <[u8; 3]>::try_from(window).ok());
    let is_range = |[from, dash, to]: [u8; 3]| {
        let same = |is: fn(&u8) -> bool| is(&from) && is(&to);
        dash == b'-'
            && from < to
            && (same(u8::is_ascii_digit) || same(u8::is_ascii_lowercase) || same(u8::is_ascii_uppercase))
    };
    let is_class = ranges.any(is_range)
        || inner.len() > 1 && inner.starts_with('^')
        || ["\\d", "\\w", "\\s"].iter().any(|escape| inner.contains(escape));
    if is_class && !inner.contains('[') { inner.len() + 1 } else { 0 }
}

/// `+`, `{3}`, `{2,}`
fn is_repeated(rest: &str) -> bool {
    let counts = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(counts, _)| counts);
    rest.starts_with('+')
        || counts.is_some_and(|counts| {
            counts.starts_with(|first: char| first.is_ascii_digit())
                && counts.bytes().all(|byte| byte.is_ascii_digit() || byte == b',')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regexes_are_told_from_paths_wildcards_and_commands() {
        for regex in [
            "^cmd.*$",
            "^4624$",
            ".*mimikatz.*",
            "(?i)mimikatz",
            "(?is)a.b",
            "(?:a|b)",
            "a(?=b)",
            r"\d+",
            r"svc\w{3,8}",
            "[a-z]+",
            "[A-Za-z0-9]{8}",
            r"C:\\Temp\\[^\\]+",
            r"[\w.]+@",
            r"powershell\.exe$",
        ] {
            assert!(is_likely(regex, false) && is_likely(regex, true), "{regex}");
        }
        for script in [r"-replace '\d+'", "Select-String [a-z]+", r"findstr /r \.exe$"] {
            assert!(is_likely(script, false) && !is_likely(script, true), "{script}");
        }
        for other in [
            "",
            "^",
            "^$",
            "^ $",
            ".*",
            ".*.*",
            r"\\server\C$",
            r"C:\d",
            r"C:\\d+",
            r"\data+files",
            "powershell.*",
            "*.*.exe",
            "(a|b)",
            "c^m^d",
            "[char]+[int]",
            "[x]{0}",
            "[Convert]::FromBase64String",
            "array[0]",
            "[a-z]",
            "what(?)",
            "(?)",
            r"\.ssh\id_rsa",
            "$env:x$",
            "{0}{1}",
            "x.php?id=(?",
            "[1-0]+",
        ] {
            assert!(!is_likely(other, false), "{other}");
        }
    }
}
