//! Rolls: the devices of a census, one a line, as whoever counts reports has to know them. The census in the log holds a root over them, so
//! nobody can use another roll unseen.
//!
//! ```text
//! # 64 digits of the device's public key, its stratum, its place in a redundancy group, by how many releases it stays behind, and where it does
//! # not take part `held`, or `pinned` where all devices of a stratum do not
//! 7f3a..c2 windows/11/7.15
//! 80b1..0d windows/11/7.15 held
//! 91d0..7e linux/db group=db-7:1/2
//! a4c5..31 linux/db group=db-7:2/2 behind=1
//! ```

use std::fmt::{self, Write as _};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contentcheck_log::Hash;
use contentcheck_log::member::parts;
use contentcheck_log::write::{is_of_nobody, open_file};
use contentcheck_rollout::census::{Census, Device, NoCensus, Place};
use contentcheck_rollout::{Roll, State};

use crate::limits::ROLL_BYTES;

/// Why a file is no roll.
#[derive(Debug)]
pub enum NoRoll {
    /// It cannot be read.
    File(PathBuf, io::Error),
    /// A line is none of a roll.
    Line(PathBuf, usize),
    /// A key is of small order, so it is no device's.
    Key(PathBuf, [u8; 32]),
    /// Its last line does not end.
    Cut(PathBuf),
    /// It is larger than a roll may be.
    Large(PathBuf),
    /// Its devices make no census.
    Census(PathBuf, NoCensus),
}

impl fmt::Display for NoRoll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{}: {}", path.display(), crate::said::reason(error)),
            Self::Line(path, line) => {
                write!(
                    f,
                    "{}:{line}: a line is a key of 64 digits, a stratum, where the device is in a redundancy group its place there, such as `{GROUP}db-7:1/2`, where it stays behind the newest release `{BEHIND}1` or `{BEHIND}2`, and where it takes no part `held`, or `{PINNED}` as `contentcheck rollout pin` writes it",
                    path.display()
                )
            }
            Self::Key(path, key) => write!(
                f,
                "{}: {} is no device's key: anybody can sign with it (a point of small order), so nothing that is signed with it counts",
                path.display(),
                Hash(*key)
            ),
            Self::Cut(path) => write!(
                f,
                "{}: the last line does not end, so the file may be cut off; if it is whole, end it with a line feed",
                path.display()
            ),
            Self::Large(path) => write!(f, "{}: a roll has {ROLL_BYTES} bytes at most", path.display()),
            Self::Census(path, why) => write!(f, "{}: {why}", path.display()),
        }
    }
}

impl core::error::Error for NoRoll {}

/// What stands before the place of a device in a redundancy group.
const GROUP: &str = "group=";

/// What stands before how many releases a device stays behind.
const BEHIND: &str = "behind=";

/// What says that a device does not take part since its stratum is pinned.
const PINNED: &str = "pinned";

/// A roll as a file has it.
#[must_use]
pub fn print(roll: &Roll) -> String {
    let mut text = String::new();
    for device in roll.devices() {
        let held = if device.held { " held" } else { "" };
        let group = device.group.as_ref().map_or_else(String::new, |place| format!(" {GROUP}{place}"));
        // Writing to a string does not fail.
        let behind = if device.behind > 0 { format!(" {BEHIND}{}", device.behind) } else { String::new() };
        let _ = writeln!(text, "{} {}{group}{behind}{held}", Hash(device.key), device.stratum);
    }
    text
}

/// The 32 bytes of 64 lower-case digits.
pub(crate) fn hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes().as_chunks::<2>();
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.0) {
        *byte = u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

fn device(line: &str) -> Option<Device> {
    let mut words = line.split_ascii_whitespace();
    let (key, stratum) = (hex(words.next()?)?, words.next()?.to_owned());
    let mut word = words.next();
    let group = match word.and_then(|word| word.strip_prefix(GROUP)) {
        Some(place) => {
            word = words.next();
            let (name, number, of) = parts(place)?;
            Some(Place { name: name.to_owned(), number, of })
        }
        None => None,
    };
    let behind = match word.and_then(|word| word.strip_prefix(BEHIND)) {
        Some(behind) => {
            word = words.next();
            match behind {
                "1" => 1,
                "2" => 2,
                _ => return None,
            }
        }
        None => 0,
    };
    let held = match (word, words.next()) {
        (None, _) => false,
        (Some("held" | PINNED), None) => true,
        _ => return None,
    };
    Some(Device { key, stratum, held, group, behind })
}

/// Reads a roll.
///
/// # Errors
/// When the file is none.
pub fn read(path: &Path) -> Result<Roll, NoRoll> {
    parse(path, &text(path)?)
}

/// The text of a roll.
///
/// # Errors
/// When the file cannot be read, is too large, or may be cut off.
pub fn text(path: &Path) -> Result<String, NoRoll> {
    let failed = |error| NoRoll::File(path.to_owned(), error);
    let mut text = String::new();
    let file = open_file(path).map_err(failed)?;
    file.take(ROLL_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > ROLL_BYTES {
        return Err(NoRoll::Large(path.to_owned()));
    }
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(NoRoll::Cut(path.to_owned()));
    }
    Ok(text)
}

/// The text of a roll with the devices of some strata pinned, or no longer so, and how many lines changed. What is held by itself stays held, and
/// each line and comment stays where it is.
pub fn pin(text: &str, is_meant: impl Fn(&str) -> bool, pinned: bool) -> (String, usize) {
    let mut changed = 0_usize;
    let mut lines = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let own = line.trim_end();
        let ending = line.get(own.len()..).unwrap_or_default();
        let takes_part = device(own).filter(|device| is_meant(&device.stratum)).map(|device| !device.held);
        let is_pinned = own.strip_suffix(PINNED).filter(|rest| rest.ends_with(char::is_whitespace));
        match (takes_part, is_pinned) {
            (Some(true), _) if pinned => {
                changed = changed.saturating_add(1);
                lines += &format!("{own} {PINNED}{ending}");
            }
            (Some(false), Some(rest)) if !pinned => {
                changed = changed.saturating_add(1);
                lines += &format!("{}{ending}", rest.trim_end());
            }
            _ => lines += line,
        }
    }
    (lines, changed)
}

/// Reads the text of a roll, of a file at this path.
///
/// # Errors
/// When it is none.
pub fn parse(path: &Path, text: &str) -> Result<Roll, NoRoll> {
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty() && !line.starts_with('#'));
    let devices = lines.map(|(line, number)| device(line).ok_or_else(|| NoRoll::Line(path.to_owned(), number)));
    Roll::new(devices.collect::<Result<_, _>>()?).map_err(|why| NoRoll::Census(path.to_owned(), why))
}

/// As [`read`], for a roll that becomes the census of a plan: each key is looked at, once, as that takes some microseconds each.
///
/// # Errors
/// When the file is no roll, or a key is nobody's.
pub fn read_new(path: &Path) -> Result<Roll, NoRoll> {
    let roll = read(path)?;
    match roll.devices().iter().find(|device| is_of_nobody(&device.key)) {
        Some(device) => Err(NoRoll::Key(path.to_owned(), device.key)),
        None => Ok(roll),
    }
}

/// Where a device is in a roll. Nothing for one that is not in it, or does not take part.
pub(crate) fn place_of(roll: &Roll, key: &[u8; 32]) -> Option<usize> {
    let at = roll.devices().binary_search_by(|device| device.key.cmp(key)).ok()?;
    roll.devices().get(at).filter(|device| device.takes_part()).map(|_| at)
}

/// The rolls of a fleet: one for each census that a rollout was planned with.
#[derive(Clone, Debug, Default)]
pub struct Rolls {
    path: Option<PathBuf>,
    rolls: Vec<Arc<Roll>>,
}

impl Rolls {
    /// One roll, from memory.
    #[must_use]
    pub fn one(roll: Roll) -> Self {
        Self { path: None, rolls: vec![Arc::new(roll)] }
    }

    /// Reads a file, or each file of a directory whose name ends in `.roll`.
    ///
    /// # Errors
    /// When one of them is none.
    pub fn read(path: &Path) -> Result<Self, NoRoll> {
        let failed = |error| NoRoll::File(path.to_owned(), error);
        let mut rolls = Vec::new();
        if path.is_dir() {
            let mut files = Vec::new();
            for entry in fs::read_dir(path).map_err(failed)? {
                let file = entry.map_err(failed)?.path();
                if file.extension().is_some_and(|end| end == "roll") {
                    files.push(file);
                }
            }
            files.sort();
            for file in files {
                rolls.push(Arc::new(read(&file)?));
            }
        } else {
            rolls.push(Arc::new(read(path)?));
        }
        Ok(Self { path: Some(path.to_owned()), rolls })
    }

    /// Reads each file of a directory that need not be there yet: the first plan makes it, and daemons may begin before.
    ///
    /// # Errors
    /// When one of them is none.
    pub fn beside(path: &Path) -> Result<Self, NoRoll> {
        if path.is_dir() { Self::read(path) } else { Ok(Self { path: Some(path.to_owned()), rolls: Vec::new() }) }
    }

    /// The roll of a census.
    #[must_use]
    pub fn of(&self, census: &Census) -> Option<&Arc<Roll>> {
        self.rolls.iter().find(|roll| roll.census() == census)
    }

    /// Reads the files again where a rollout has a census whose roll is not here.
    ///
    /// # Errors
    /// When one of them is no roll. Then what was here is kept.
    pub fn follow(&mut self, state: &State) -> Result<(), NoRoll> {
        let is_missing = state.rollouts().iter().any(|rollout| self.of(rollout.census()).is_none());
        if let (true, Some(path)) = (is_missing, &self.path) {
            *self = Self::read(path)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is pinned and brought back is what it was: devices that are held by themselves, comments, and the order of lines.
    #[test]
    fn pinning_a_stratum_and_undoing_it_changes_nothing() {
        let [one, two, three, four] = ["ab", "cd", "ef", "12"].map(|digits| digits.repeat(32));
        let before = format!(
            "# ward 3: do not touch\n{two} linux/6 held\n{one} linux/6 group=db-7:1/2\n\n{three} linux/60\n{four} linux/6 group=db-7:2/2 behind=1  \r\n"
        );
        let is_meant = |stratum: &str| stratum == "linux/6";
        let (pinned, changed) = pin(&before, is_meant, true);
        let expected = format!(
            "# ward 3: do not touch\n{two} linux/6 held\n{one} linux/6 group=db-7:1/2 pinned\n\n{three} linux/60\n{four} linux/6 group=db-7:2/2 behind=1 pinned  \r\n"
        );
        assert_eq!((pinned.as_str(), changed), (expected.as_str(), 2));
        let path = Path::new("a.roll");
        let held = |text: &str| -> Vec<bool> {
            parse(path, text)
                .map_or_else(|_| Vec::new(), |roll| roll.devices().iter().map(|device| device.held).collect())
        };
        // By the order of keys.
        assert_eq!(held(&pinned), [true, true, true, false]);
        assert_eq!(pin(&pinned, is_meant, true).1, 0);
        let (after, changed) = pin(&pinned, is_meant, false);
        assert_eq!((after, changed), (before.clone(), 2));
        assert_eq!(pin(&before, is_meant, false), (before.clone(), 0));
    }

    #[test]
    fn a_roll_is_read_as_it_was_printed_and_other_lines_are_none() {
        let key = "ab".repeat(32);
        let lines = [
            ("linux/6", true),
            ("linux/6 held", true),
            ("linux/6 group=db-7:1/2", true),
            ("linux/6 group=berlin/db-7:2/2 held", true),
            ("linux/6 behind=1", true),
            ("linux/6 group=db-7:1/2 behind=2 held", true),
            ("linux/6 behind=0", false),
            ("linux/6 behind=3", false),
            ("linux/6 behind=1 group=db-7:1/2", false),
            ("", false),
            ("linux/6 hold", false),
            ("linux/6 behind=1 pinned", true),
            ("linux/6 held pinned", false),
            ("linux/6 held group=db-7:1/2", false),
            ("linux/6 held held", false),
            ("linux/6 group=db-7", false),
            ("linux/6 group=db-7:1/2 group=db-8:1/2", false),
            ("linux/6 group=db-7:01/2", false),
            ("linux/6 db-7:1/2", false),
        ];
        for (line, is_one) in lines {
            let line = format!("{key} {line}");
            assert_eq!(device(&line).is_some(), is_one, "{line}");
        }
        let place = |number| Some(Place { name: "db-7".to_owned(), number, of: 2 });
        let of = |byte, held, group| Device { key: [byte; 32], stratum: "linux/6".to_owned(), held, group, behind: 0 };
        let roll = Roll::new(vec![
            of(1, false, place(1)),
            of(2, true, place(2)),
            of(3, false, None),
            Device { behind: 2, ..of(4, false, None) },
        ])
        .unwrap();
        let printed = print(&roll);
        let again: Option<Vec<Device>> = printed.lines().map(device).collect();
        assert_eq!(again.as_deref(), Some(roll.devices()), "{printed}");
    }
}
