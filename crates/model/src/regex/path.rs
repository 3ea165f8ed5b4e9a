//! Paths that are written into an expression as they are, where each of their backslashes begins an escape.

/// Directories with which no escape and word together is mistaken: `\bin\sh` asks for a path far more often than for the word
/// `in`, a space and an `h`.
const DIRECTORIES: &[&str] = &[
    "appdata",
    "bin",
    "currentcontrolset",
    "currentversion",
    "desktop",
    "device",
    "documents",
    "downloads",
    "drivers",
    "local",
    "microsoft",
    "programdata",
    "public",
    "roaming",
    "services",
    "software",
    "spool",
    "startup",
    "system",
    "system32",
    "syswow64",
    "tasks",
    "temp",
    "users",
    "wbem",
    "windows",
    "windowspowershell",
];

/// A place in an expression that looks like one of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Its backslash is an escape, as the `\W` of `C:\Windows`.
    Escape(usize, usize),
    /// Behind the drive are two backslashes, as in `C:\\\\Windows`.
    Twice(usize, usize),
}

/// The first place in an expression where a path was written as it is, or with its backslashes doubled once too often.
#[must_use]
pub fn written_path(pattern: &str) -> Option<Path> {
    let bytes = pattern.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let component = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        let end = rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_')).unwrap_or(rest.len());
        pattern.get(from..from + end).unwrap_or("")
    };
    let is_drive = |colon: usize| {
        let before = colon.checked_sub(2).map_or(0, at);
        let letter = colon.checked_sub(1).map_or(0, at);
        at(colon) == b':' && letter.is_ascii_alphabetic() && !before.is_ascii_alphanumeric() && before != b'\\'
    };
    let is_path = |from: usize| {
        let name = component(from);
        let is_known = DIRECTORIES.iter().any(|known| name.eq_ignore_ascii_case(known));
        let next = from + name.len();
        let goes_on = at(next) == b'\\'
            && component(next + 1).len() > 1
            && !component(next + 1).starts_with(|first: char| first.is_ascii_digit());
        let drive = from.checked_sub(2).is_some_and(is_drive);
        name.starts_with(|first: char| first.is_ascii_alphabetic()) && (drive && name.len() > 2 || is_known && goes_on)
    };
    let mut index = 0;
    let mut in_class = false;
    while index < bytes.len() {
        match at(index) {
            b'\\' if at(index + 1) == b'\\' => {
                let twice = index.checked_sub(1).is_some_and(is_drive)
                    && pattern.get(index..).is_some_and(|rest| rest.starts_with(r"\\\\"));
                if twice && at(index + 4).is_ascii_alphabetic() {
                    return Some(Path::Twice(index, index + 4));
                }
                index += 1;
            }
            b'\\' if !in_class && is_path(index + 1) => {
                return Some(Path::Escape(index, index + 1 + component(index + 1).len()));
            }
            b'\\' => index += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            _ => {}
        }
        index += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_from_escapes() {
        for path in [
            r"C:\Windows\System32\cmd.exe",
            r"^c:\windows",
            r"\Device\HarddiskVolume",
            r"\bin\sh",
            r"\system32\drivers\foo.sys",
            r"\AppData\Roaming\.*",
            r"(C:\Temp|D:\work)",
            r".*\Users\Public\.*",
            r#""C:\ProgramData"#,
        ] {
            assert!(matches!(written_path(path), Some(Path::Escape(..))), "{path}");
            let doubled = path.replace('\\', r"\\");
            assert_eq!(written_path(&doubled), None, "{doubled}");
        }
        assert_eq!(written_path(r"C:\\\\Windows\\\\.*"), Some(Path::Twice(2, 6)));
        for other in [
            r"\bin\b",
            r"\bnet\s+user",
            r"\bnet\suser",
            r"Error:\sfoo",
            r"\d:\dfoo",
            r"a:\d+",
            r"[\bin\sh]",
            r"https?:\/\/",
            r"\\Windows\\System32",
            r"x:\s\w",
            r"\.exe\s",
            r"\windowsupdate\s",
            r"^[A-Z]:\\\w+",
            r"C:\\Windows",
            r"\\\\server",
        ] {
            assert_eq!(written_path(other), None, "{other}");
        }
    }
}
