//! URIs of files, and the paths that they mean. The one home of what converts between the two.

use std::path::{Path, PathBuf};

use contentcheck_project::files;
use gen_lsp_types::Uri;

/// The file that a URI means, absolute and without `..`; none for what is in no file, such as a buffer without a name.
#[must_use]
pub fn path_of(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.0.strip_prefix("file:")?;
    let rest = match rest.strip_prefix("//") {
        // A name of a machine comes before the path; without one, and on this machine, nothing does.
        Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest),
        None => rest,
    };
    if !rest.starts_with('/') {
        return None;
    }
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let path = decoded(rest)?;
    // `/C:/content` is a path of Windows alone.
    let drive = path.as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic) && path.as_bytes().get(2) == Some(&b':');
    let path = if cfg!(windows) && drive { path.get(1..).unwrap_or(&path) } else { &path };
    Some(files::plain(Path::new(path)))
}

/// The URI of a file.
#[must_use]
pub fn of_path(path: &Path) -> Uri {
    let text = path.to_string_lossy();
    let text = if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() };
    let mut uri = String::from("file://");
    if !text.starts_with('/') {
        uri.push('/');
    }
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~') {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    Uri(uri)
}

/// A part of a URI without its escapes; none where that is no UTF-8, or an escape is cut off.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|path| !path.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_file_has_no_path() {
        for uri in ["untitled:1", "http://x/y", "file:x", "file:///a%2", "file:///a%ff", "file:///a%00", "", "file:"] {
            assert_eq!(path_of(&Uri::from(uri)), None, "{uri}");
        }
        assert_eq!(path_of(&Uri::from("file:///a/b%20c.yml")), Some(PathBuf::from("/a/b c.yml")));
        assert_eq!(path_of(&Uri::from("file://localhost/a#L3")), Some(PathBuf::from("/a")));
    }

    proptest! {
        #[test]
        fn a_path_leads_back_to_itself(name in "[^/\0.][^/\0]{0,20}") {
            let path = Path::new("/x").join(&name);
            prop_assert_eq!(path_of(&of_path(&path)), Some(path));
        }
    }
}
