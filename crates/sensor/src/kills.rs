//! Kill lists: rules that are switched off on the device, whatever content runs.
//!
//! ```text
//! contentcheck kill list 1
//! epoch 7
//! rule 4f9c4f0e-0c6a-4d7a-8f3e-2a6f1f4b6a11
//! rule shell_from_web_server
//! ```
//!
//! `all`, in the place of all `rule` lines, switches every rule off. A list of no rules switches everything on again. Lines
//! end with a line feed, and nothing else is in it: no comment, no empty line.

use core::fmt;

/// Bytes of the largest list.
pub const BYTES: usize = 256 << 10;
/// Rules of the longest list.
pub const RULES: usize = 4_096;
/// Bytes of the longest id.
pub const ID_BYTES: usize = 256;

const FIRST: &str = "contentcheck kill list 1";

/// A kill list that was read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kills<'l> {
    /// Its epoch.
    pub epoch: u64,
    /// Whether every rule is switched off.
    pub all: bool,
    rules: &'l str,
}

/// Why bytes are no kill list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKills {
    /// It has too many bytes.
    Bytes,
    /// It is not UTF-8.
    Text,
    /// It does not begin as a list does.
    First,
    /// The second line names no epoch from 1 on.
    Epoch,
    /// A line is none that a list has.
    Line {
        /// Its number, from 1.
        line: usize,
    },
    /// It names too many rules.
    Rules,
    /// The last line does not end: the list was cut off.
    CutOff,
}

impl fmt::Display for NoKills {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes => write!(f, "a kill list has {BYTES} bytes at most"),
            Self::Text => f.write_str("a kill list is UTF-8"),
            Self::First => write!(f, "a kill list begins with `{FIRST}`"),
            Self::Epoch => f.write_str("line 2 of a kill list is `epoch` and a number from 1 on"),
            Self::Line { line } => write!(f, "line {line} is neither `rule` and an id nor `all` alone"),
            Self::Rules => write!(f, "a kill list names {RULES} rules at most"),
            Self::CutOff => f.write_str("the last line of the kill list does not end: it was cut off"),
        }
    }
}

impl core::error::Error for NoKills {}

impl<'l> Kills<'l> {
    /// Reads a list.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn read(bytes: &'l [u8]) -> Result<Self, NoKills> {
        if bytes.len() > BYTES {
            return Err(NoKills::Bytes);
        }
        let text = core::str::from_utf8(bytes).map_err(|_| NoKills::Text)?;
        let text = text.strip_prefix(FIRST).and_then(|text| text.strip_prefix('\n')).ok_or(NoKills::First)?;
        let text = text.strip_prefix("epoch ").ok_or(NoKills::Epoch)?;
        let (epoch, rules) = text.split_once('\n').ok_or(NoKills::Epoch)?;
        let is_number = epoch.bytes().all(|byte| byte.is_ascii_digit()) && !epoch.starts_with('0');
        let epoch = epoch.parse().ok().filter(|_| is_number).ok_or(NoKills::Epoch)?;
        if !rules.is_empty() && !rules.ends_with('\n') {
            return Err(NoKills::CutOff);
        }
        let all = rules == "all\n";
        if all {
            return Ok(Self { epoch, all, rules: "" });
        }
        let mut count = 0_usize;
        for (line, text) in (3..).zip(rules.split_terminator('\n')) {
            let id = text.strip_prefix("rule ").ok_or(NoKills::Line { line })?;
            if id.is_empty() || id.len() > ID_BYTES || id.chars().any(char::is_control) || id.trim() != id {
                return Err(NoKills::Line { line });
            }
            count = count.saturating_add(1);
        }
        if count > RULES { Err(NoKills::Rules) } else { Ok(Self { epoch, all, rules }) }
    }

    /// The ids of the rules that are switched off one by one.
    pub fn rules(&self) -> impl Iterator<Item = &'l str> + use<'l> {
        self.rules.split_terminator('\n').filter_map(|line| line.strip_prefix("rule "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_whole_or_not_at_all() {
        let list = Kills::read(b"contentcheck kill list 1\nepoch 7\nrule a\nrule b c\n").unwrap();
        assert_eq!((list.epoch, list.all), (7, false));
        assert!(list.rules().eq(["a", "b c"]));
        assert!(Kills::read(b"contentcheck kill list 1\nepoch 7\nall\n").unwrap().all);
        assert_eq!(Kills::read(b"contentcheck kill list 1\nepoch 7\n").unwrap().rules().count(), 0);
        for (bytes, why) in [
            (&b""[..], NoKills::First),
            (b"contentcheck kill list 2\nepoch 7\n", NoKills::First),
            (b"contentcheck kill list 1\n", NoKills::Epoch),
            (b"contentcheck kill list 1\nepoch 0\n", NoKills::Epoch),
            (b"contentcheck kill list 1\nepoch +7\n", NoKills::Epoch),
            (b"contentcheck kill list 1\nepoch 99999999999999999999\n", NoKills::Epoch),
            (b"contentcheck kill list 1\nepoch 7\nrule a", NoKills::CutOff),
            (b"contentcheck kill list 1\nepoch 7\nrule \n", NoKills::Line { line: 3 }),
            (b"contentcheck kill list 1\nepoch 7\nrule a\nall\n", NoKills::Line { line: 4 }),
            (b"contentcheck kill list 1\nepoch 7\nrule a\r\n", NoKills::Line { line: 3 }),
            (b"contentcheck kill list 1\nepoch 7\nrule \xff\n", NoKills::Text),
        ] {
            assert_eq!(Kills::read(bytes), Err(why));
        }
    }
}
