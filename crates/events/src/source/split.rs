//! The objects of a JSON document, cut out without reading them.

/// Where a document stands after some bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Splitter {
    depth: u32,
    in_text: bool,
    escaped: bool,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// An object ends before this byte.
    End(usize),
    /// The bytes end within an object.
    More,
}

impl Splitter {
    /// Within an object, between two of its members.
    pub(crate) const fn within() -> Self {
        Self { depth: 1, in_text: false, escaped: false }
    }

    /// Follows an object over some more bytes, of which the first ones may be its first.
    pub(crate) fn follow(&mut self, bytes: &[u8]) -> Cut {
        for (at, byte) in bytes.iter().enumerate() {
            if self.in_text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_text = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Cut::End(at + 1);
                    }
                }
                _ => {}
            }
        }
        Cut::More
    }

    /// Whether the bytes so far end within an object, but not within a text.
    pub(crate) const fn is_between_members(&self) -> bool {
        self.depth > 0 && !self.in_text
    }
}

/// Whether a first line is the beginning of an object that goes on in the next.
pub(crate) fn goes_on(line: &[u8]) -> bool {
    let mut splitter = Splitter::default();
    splitter.follow(line) == Cut::More && splitter.is_between_members()
}

/// The byte behind the bracket that opens the list of events, where the document is that list
/// (`[…`) or an object whose first member is (`{"Records":[…`, as CloudTrail writes its files).
pub(crate) fn opens_list(head: &[u8]) -> Option<usize> {
    let mut rest = head.trim_ascii_start();
    if let Some(object) = rest.strip_prefix(b"{") {
        let key = object.trim_ascii_start();
        let named = [&b"\"Records\""[..], b"\"records\""].iter().find_map(|name| key.strip_prefix(*name))?;
        rest = named.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    }
    rest.strip_prefix(b"[").map(|list| head.len() - list.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_ends_at_its_own_brace() {
        let object = br#"{"a":"}\"{","b":[{"c":{}}]}"#;
        assert_eq!(Splitter::default().follow(object), Cut::End(object.len()));
        for cut in 0..object.len() {
            let mut splitter = Splitter::default();
            assert_eq!(splitter.follow(&object[..cut]), Cut::More, "{cut}");
            assert_eq!(splitter.follow(&object[cut..]), Cut::End(object.len() - cut), "{cut}");
        }
    }

    #[test]
    fn a_line_that_goes_on_is_told_from_one_that_was_cut() {
        assert!(goes_on(b"{") && goes_on(br#"{"a": 1,"#) && goes_on(br#"{"Event": {"#));
        assert!(!goes_on(br#"{"a": 1}"#) && !goes_on(br#"{"a": "x"#) && !goes_on(b"text"));
    }

    #[test]
    fn lists_are_seen() {
        assert_eq!(opens_list(b" [ {"), Some(2));
        assert_eq!(opens_list(br#"{ "Records" : [{"#), Some(15));
        assert_eq!(opens_list(br#"{"Records":1}"#), None);
        assert_eq!(opens_list(br#"{"a":[]}"#), None);
    }
}
