//! Strings cut at a byte. The searches of the standard library index, and a linker cannot see that they do so rightly; these leave
//! no panic.

/// What is before the first `by`, and what is after it.
pub(crate) fn split_once(text: &str, by: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == by)?;
    let (before, rest) = text.split_at_checked(at)?;
    let (_, after) = rest.split_at_checked(1)?;
    Some((before, after))
}

/// The parts of a string between each `by`, as `str::split` has them.
pub(crate) const fn split(text: &str, by: u8) -> Split<'_> {
    Split { rest: Some(text), by }
}

#[derive(Clone, Debug)]
pub(crate) struct Split<'t> {
    rest: Option<&'t str>,
    by: u8,
}

impl<'t> Iterator for Split<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let rest = self.rest.take()?;
        match split_once(rest, self.by) {
            Some((part, after)) => {
                self.rest = Some(after);
                Some(part)
            }
            None => Some(rest),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn parts_are_those_of_the_standard_library() {
        for text in ["", "\n", "a", "a\n", "\na", "a\n\nb", "ä\nö\n\n"] {
            assert_eq!(split(text, b'\n').collect::<Vec<_>>(), text.split('\n').collect::<Vec<_>>(), "{text:?}");
            assert_eq!(split_once(text, b'\n'), text.split_once('\n'), "{text:?}");
        }
    }
}
