//! Hints: values that do not look like what a field has, as far as the library knows. Nothing is proven by them.

use contentcheck_model::diagnostic::{Diagnostic, clip, codes};
use contentcheck_model::predicate::{Pattern, TextPattern, WildcardPart};
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::source::Span;
use contentcheck_model::template::Looks;
use rustc_hash::FxHashSet;

use super::Known;
use super::rule::patterns;

/// A value that does not look right.
struct Odd<'p> {
    written: &'p str,
    why: &'static str,
    help: &'static str,
}

/// The hints of a rule, each place once.
pub(super) fn findings(rule: &CheckedRule, known: &Known<'_>) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut seen: FxHashSet<Span> = FxHashSet::default();
    for target in rule.targets.iter().filter(|target| !target.template.looks.is_empty()) {
        target.condition.each(&mut |predicate, _| {
            let Some(info) = target.template.describe(&predicate.field) else { return };
            let Some(looks) = target.template.looks.get(info.name) else { return };
            if seen.contains(&predicate.span) {
                return;
            }
            let Some(odd) = patterns(predicate).iter().find_map(|pattern| odd(*looks, pattern)) else { return };
            seen.insert(predicate.span);
            if known.says(&rule.source, predicate.span, &codes::UNLIKELY_VALUE) {
                return;
            }
            let message = format!("`{}` {}: `{}` does not look like that", clip(info.name), odd.why, clip(odd.written));
            found.push(
                Diagnostic::new(&codes::UNLIKELY_VALUE, &rule.source, predicate.span, message)
                    .with_help(odd.help)
                    .with_rule(&rule.name),
            );
        });
    }
    found
}

/// In what way no value that looks right matches a pattern, where that is plain.
fn odd(looks: Looks, pattern: &TextPattern) -> Option<Odd<'_>> {
    let (start, end, part) = parts(pattern);
    match looks {
        Looks::WindowsPath => {
            const WHY: &str = "has full paths such as `C:\\Windows\\x.exe`";
            let begins = start.and_then(|start| {
                let mut signs = start.chars();
                let (first, second, third) = (signs.next()?, signs.next(), signs.next());
                let is_drive = first.is_ascii_alphabetic();
                match (first, second, third) {
                    (':', Some('\\'), _) => Some("begin with the drive, or use `contains`"),
                    (_, Some('\\'), _) if is_drive => Some("write the drive with its colon, such as `C:\\`"),
                    // Not `\\server`, `\??\C:`, `\Device`, `\SystemRoot` and the like, which are no names of files.
                    ('\\', Some(second), _) if second.is_ascii_alphanumeric() && is_name(start) => {
                        Some("use `endswith`, or write the full path")
                    }
                    _ => None,
                }
            });
            let is_bare = |text: &&str| end == Some(*text) && is_file(text);
            let bare = || start.filter(is_bare).map(|_| "use `endswith` and begin with a backslash");
            if let (Some(help), Some(written)) = (begins.or_else(bare), start) {
                return Some(Odd { written, why: WHY, help });
            }
            let slashed = [start, end, part].into_iter().flatten().find_map(|text| Some((text, never_in_path(text)?)));
            let ends = end.filter(|text| text.len() > 1 && text.ends_with('\\'));
            let (written, help) = slashed.or_else(|| {
                Some((ends?, "it is the path of a file: leave the last backslash out, or use `contains`"))
            })?;
            Some(Odd { written, why: WHY, help })
        }
        Looks::FileName => {
            let has_directory = |text: &&str| text.contains('\\');
            let written = [start, end, part].into_iter().flatten().find(has_directory)?;
            let why = "has names of files, without a directory";
            Some(Odd { written, why, help: "write the name alone, or look at `Image`" })
        }
        Looks::Hashes => {
            let is_digest = |text: &&str| text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            let written = start.filter(is_digest)?;
            let why = "has digests with their algorithms, such as `MD5=...,SHA256=...`";
            Some(Odd { written, why, help: "use `contains`" })
        }
    }
}

/// What no path of Windows has, though it begins or ends as one may: what to write instead.
fn never_in_path(text: &str) -> Option<&'static str> {
    // `\\server` begins with two.
    let behind = text.get(1..).unwrap_or("");
    if text.contains('|') {
        return Some("no name has a `|`: write the values as a list, each on a line of its own");
    }
    if behind.contains(r"\\") {
        return Some("a path has one backslash, which is `\\` or `\\\\` in single quotes");
    }
    (text.contains('/') && !text.contains("://")).then_some("write backslashes")
}

/// Whether the path is one name behind a backslash: equal to it is no full path.
fn is_name(path: &str) -> bool {
    path.get(1..).is_some_and(|rest| !rest.contains('\\') && is_file(rest))
}

/// Whether a text is the name of a program or library, without a directory.
fn is_file(text: &str) -> bool {
    let ending = text.rsplit_once('.').map(|(name, ending)| (name.is_empty(), ending.to_ascii_lowercase()));
    let is_known =
        |ending: &str| matches!(ending, "exe" | "dll" | "sys" | "com" | "scr" | "ps1" | "bat" | "cmd" | "vbs");
    !text.contains(['\\', '/', '*', '?']) && ending.is_some_and(|(nothing, ending)| !nothing && is_known(&ending))
}

/// What a matching text begins with, what it ends with, and what it has somewhere.
fn parts(pattern: &TextPattern) -> (Option<&str>, Option<&str>, Option<&str>) {
    match &pattern.pattern {
        Pattern::Equals(text) => (Some(text), Some(text), None),
        Pattern::StartsWith(text) => (Some(text), None, None),
        Pattern::EndsWith(text) => (None, Some(text), None),
        Pattern::Contains(text) => (None, None, Some(text)),
        Pattern::Like(parts) => {
            let first = match parts.first() {
                Some(WildcardPart::Literal(text)) => Some(&**text),
                _ => None,
            };
            (first, None, None)
        }
        Pattern::Matches(_) => (None, None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_odd(pattern: Pattern) -> bool {
        odd(Looks::WindowsPath, &TextPattern { pattern, ignore_case: true }).is_some()
    }

    #[test]
    fn what_no_path_has_is_odd_wherever_it_stands() {
        for text in [r"\a.exe|\b.exe", r"\\a\\b.exe", r"C:\\a.exe", "/cmd.exe", "C:/Windows/cmd.exe"] {
            for make in [Pattern::Equals, Pattern::EndsWith, Pattern::Contains, Pattern::StartsWith] {
                assert!(is_odd(make(text.into())), "{text}");
            }
        }
        for text in [r"\cmd.exe\", r"\AppData\Local\Apps\2.0\"] {
            assert!(is_odd(Pattern::EndsWith(text.into())), "{text}");
            assert!(!is_odd(Pattern::Contains(text.into())), "{text}");
        }
    }

    #[test]
    fn what_a_path_may_have_is_not() {
        for text in
            [r"\\server\share\a.exe", r"\\?\C:\a.exe", r"C:\Windows\System32\cmd.exe", r"\Device\HarddiskVolume1\a.exe"]
        {
            assert!(!is_odd(Pattern::Equals(text.into())), "{text}");
        }
        for text in [r"\cmd.exe", r"\\tsclient\", r"\", "a b"] {
            assert!(!is_odd(Pattern::Contains(text.into())), "{text}");
        }
        for text in [r"\cmd.exe", "cmd.exe", r"\a\b.exe", r"\"] {
            assert!(!is_odd(Pattern::EndsWith(text.into())), "{text}");
        }
    }
}
