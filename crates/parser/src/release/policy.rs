//! Policy: which findings fail a run. It comes from the configuration and the command line.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::baseline::Recorded;
use contentcheck_model::diagnostic::{Code, Severity, closest, codes};

/// A severity, or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The code is not reported.
    Off,
    /// Good to know.
    Info,
    /// Likely a mistake.
    Warning,
    /// Fails the run.
    Error,
}

impl Level {
    /// The four words.
    pub const WORDS: [&'static str; 4] = ["off", "info", "warning", "error"];

    /// The level that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let levels = [Self::Off, Self::Info, Self::Warning, Self::Error];
        Self::WORDS.iter().zip(levels).find(|(name, _)| **name == word).map(|(_, level)| level)
    }

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The severity; none where the code is off.
    #[must_use]
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Info => Some(Severity::Info),
            Self::Warning => Some(Severity::Warning),
            Self::Error => Some(Severity::Error),
        }
    }
}

/// Why a code cannot get a severity.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SeverityError {
    /// There is no such code. With the nearest.
    Unknown {
        /// What was written.
        written: String,
        /// The code or name that is most like it.
        near: Option<String>,
    },
    /// Findings of the code cannot be silenced.
    Fixed(&'static Code),
}

impl std::fmt::Display for SeverityError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown { written, near: Some(near) } => {
                write!(f, "`{written}` is not a code; did you mean `{near}`?")
            }
            Self::Unknown { written, near: None } => {
                write!(f, "`{written}` is not a code; `contentcheck explain` lists them")
            }
            Self::Fixed(code) => {
                let (stays, why) = match code.severity {
                    Severity::Error if code.id.starts_with("CC04") => ("an error", "what it finds can break a device"),
                    Severity::Error => ("an error", "it is what the gate finds of the release as a whole"),
                    _ => ("a warning", "it is what the gate finds of the release as a whole"),
                };
                write!(f, "{} ({}) stays {stays}: {why}, so no setting lowers it", code.id, code.name)
            }
        }
    }
}

impl std::error::Error for SeverityError {}

/// Which findings fail a run. By default severities are those of the codes, nothing is accepted and errors fail.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    levels: BTreeMap<&'static str, Level>,
    /// Of all codes that begin so, unless they or a longer beginning are named.
    families: BTreeMap<String, Level>,
    /// The only codes that are looked at, beside those that nothing silences.
    selected: Option<BTreeSet<&'static str>>,
    /// Codes that are off in some files.
    per_file: Vec<FileIgnore>,
    /// Findings that were there when an old repository adopted the tool.
    pub baseline: Option<Recorded>,
    /// Whether warnings fail the run too.
    pub deny_warnings: bool,
}

/// Codes that are off in some files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileIgnore {
    /// Which files, as it is written.
    pub files: String,
    /// Codes, names of codes, or beginnings of codes, as they are written.
    pub codes: Vec<String>,
    /// The files that are meant.
    names: BTreeSet<String>,
    ids: BTreeSet<&'static str>,
}

impl FileIgnore {
    /// Whether a code is off in these files.
    #[must_use]
    pub fn ignores(&self, code: &Code) -> bool {
        self.ids.contains(code.id)
    }
}

impl Policy {
    /// Sets the severity of a code, by id or name, or of all codes that begin so: `CC06`. Of those that cannot be lowered
    /// a beginning lowers none.
    ///
    /// # Errors
    /// When there is no such code, or it cannot be lowered, or none of those that begin so can.
    pub fn set(&mut self, code: &str, level: Level) -> Result<(), SeverityError> {
        match codes_of(code)? {
            Named::Code(code) if can_be(code, level) => drop(self.levels.insert(code.id, level)),
            Named::Code(code) => return Err(SeverityError::Fixed(code)),
            Named::Family(family, members) => {
                if let Some(first) = members.first().filter(|_| !members.iter().any(|code| can_be(code, level))) {
                    return Err(SeverityError::Fixed(first));
                }
                self.families.insert(family, level);
            }
        }
        Ok(())
    }

    /// Looks at these codes alone, by id, name or the beginning of ids, beside those that nothing silences.
    ///
    /// # Errors
    /// When there is no such code.
    pub fn select(&mut self, codes: &str) -> Result<(), SeverityError> {
        let selected = self.selected.get_or_insert_default();
        match codes_of(codes)? {
            Named::Code(code) => drop(selected.insert(code.id)),
            Named::Family(_, members) => selected.extend(members.into_iter().map(|code| code.id)),
        }
        Ok(())
    }

    /// Turns codes off in files, by id or name, or all codes that begin so, of which those that nothing silences stay. `files` is how the
    /// files are written, `names` what they are called.
    ///
    /// # Errors
    /// When there is no such code, or it cannot be off, or none of those that begin so can.
    pub fn ignore_in(&mut self, files: &str, codes: &[String], names: BTreeSet<String>) -> Result<(), SeverityError> {
        let mut ids = BTreeSet::new();
        for code in codes {
            let members = match codes_of(code)? {
                Named::Code(code) => vec![code],
                Named::Family(_, members) => members,
            };
            let first = members.first().copied();
            let off: Vec<&str> =
                members.into_iter().filter(|code| can_be(code, Level::Off)).map(|code| code.id).collect();
            if let Some(first) = first.filter(|_| off.is_empty()) {
                return Err(SeverityError::Fixed(first));
            }
            ids.extend(off);
        }
        self.per_file.push(FileIgnore { files: files.to_owned(), codes: codes.to_vec(), names, ids });
        Ok(())
    }

    /// What is off in some files.
    #[must_use]
    pub fn per_file(&self) -> &[FileIgnore] {
        &self.per_file
    }

    /// The severity in force in a file; none where the code is off.
    #[must_use]
    pub fn severity_in(&self, code: &Code, file: &str) -> Option<Severity> {
        let is_off = |ignore: &FileIgnore| ignore.ignores(code) && ignore.names.contains(file);
        if self.per_file.iter().any(is_off) { None } else { self.severity(code) }
    }

    /// The severity in force; none where the code is off.
    #[must_use]
    pub fn severity(&self, code: &Code) -> Option<Severity> {
        self.level(code).map_or(Some(code.severity), Level::severity)
    }

    /// What was said of a code, if anything was.
    fn level(&self, code: &Code) -> Option<Level> {
        if self.selected.as_ref().is_some_and(|selected| !selected.contains(code.id)) && can_be(code, Level::Off) {
            return Some(Level::Off);
        }
        let of_families = || {
            let mine = self.families.iter().filter(|(family, level)| begins(code, family) && can_be(code, **level));
            mine.max_by_key(|(family, _)| family.len()).map(|(_, level)| *level)
        };
        self.levels.get(code.id).copied().or_else(of_families)
    }

    /// Whether a finding of one of these codes is an error.
    #[must_use]
    pub fn has_errors_among(&self, codes: &[&'static Code]) -> bool {
        codes.iter().any(|code| self.severity(code) == Some(Severity::Error))
    }

    /// Codes of which something was said, by id.
    pub fn changed(&self) -> impl Iterator<Item = (&'static str, Level)> {
        codes::all().filter_map(|code| Some((code.id, self.level(code)?)))
    }

    /// The least severity that fails a run.
    #[must_use]
    pub const fn least(&self) -> Severity {
        if self.deny_warnings { Severity::Warning } else { Severity::Error }
    }
}

/// Whether a code can have a level.
fn can_be(code: &Code, level: Level) -> bool {
    code.is_acceptable() || level.severity() >= Some(code.severity)
}

/// Whether the id of a code begins so.
fn begins(code: &Code, family: &str) -> bool {
    code.id.get(..family.len()).is_some_and(|start| start.eq_ignore_ascii_case(family))
}

/// What a word names.
enum Named {
    /// One code.
    Code(&'static Code),
    /// All codes that begin so; there is at least one.
    Family(String, Vec<&'static Code>),
}

/// The code that a word names, by id or name, or the codes whose ids begin so.
///
/// # Errors
/// When there is none, with the nearest.
/// What a word of a configuration means, in one spelling: `unused-selection` is `CC0604`, and `cc06` is `CC06`.
///
/// # Errors
/// When there is no such code, and none begins so.
pub fn canonical_code(written: &str) -> Result<String, SeverityError> {
    codes_of(written).map(|named| match named {
        Named::Code(code) => code.id.to_owned(),
        Named::Family(family, _) => family,
    })
}

fn codes_of(written: &str) -> Result<Named, SeverityError> {
    if let Some(code) = codes::find(written) {
        return Ok(Named::Code(code));
    }
    let members: Vec<&'static Code> = codes::all().filter(|code| begins(code, written)).collect();
    if written.len() >= "CC".len() && !members.is_empty() {
        return Ok(Named::Family(written.to_ascii_uppercase(), members));
    }
    let near = closest(written, codes::all().flat_map(|code| [code.id, code.name]));
    Err(SeverityError::Unknown { written: written.to_owned(), near: near.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever is said by families and selections, in whatever order: a code is as the longest word that is about it says,
    /// and what nothing silences stays.
    #[test]
    fn the_longest_word_about_a_code_counts() {
        let words = ["CC", "cc06", "CC060", "CC0604", "unused-selection", "CC07"];
        for first in words {
            for second in words {
                for (one, other) in
                    [(Level::Off, Level::Error), (Level::Error, Level::Off), (Level::Info, Level::Warning)]
                {
                    let mut policy = Policy::default();
                    policy.set(first, one).unwrap();
                    policy.set(second, other).unwrap();
                    for code in codes::all() {
                        let about = |word: &str| {
                            if codes::find(word).is_some_and(|of| of.id == code.id) {
                                6
                            } else if begins(code, word) && word.len() < 6 {
                                word.len()
                            } else {
                                0
                            }
                        };
                        let said = match (about(first), about(second)) {
                            (0, 0) => None,
                            (a, b) if a > b => Some((one, a)),
                            (_, b) => Some((other, b)),
                        };
                        let expected = match said {
                            Some((level, _)) if can_be(code, level) => level.severity(),
                            // Of what cannot be lowered a shorter word may still say something.
                            Some(_) => continue,
                            None => Some(code.severity),
                        };
                        assert_eq!(policy.severity(code), expected, "{} {first} {second}", code.id);
                    }
                }
            }
        }
    }

    #[test]
    fn a_selection_leaves_what_nothing_silences() {
        let mut policy = Policy::default();
        policy.set("CC0604", Level::Error).unwrap();
        policy.select("CC060").unwrap();
        policy.select("dead-filter").unwrap();
        for code in codes::all() {
            let selected = code.id.starts_with("CC060") || code.name == "dead-filter";
            let expected = match code.id {
                "CC0604" => Some(Severity::Error),
                _ if selected || !code.is_acceptable() => Some(code.severity),
                _ => None,
            };
            assert_eq!(policy.severity(code), expected, "{}", code.id);
        }
        assert!(matches!(policy.select("CC99"), Err(SeverityError::Unknown { .. })));
        assert!(matches!(policy.set("C", Level::Off), Err(SeverityError::Unknown { .. })));
        assert!(matches!(policy.set("CC10", Level::Off), Err(SeverityError::Fixed(_))));
    }

    #[test]
    fn what_is_off_in_a_file_is_as_before_in_others_and_what_nothing_silences_stays() {
        for word in ["CC", "CC06", "CC0604", "unused-selection"] {
            let mut policy = Policy::default();
            policy.set("CC06", Level::Error).unwrap();
            let elsewhere = policy.clone();
            policy.ignore_in("legacy/", &[word.to_owned()], BTreeSet::from(["legacy/a.yml".to_owned()])).unwrap();
            for code in codes::all() {
                let is_meant = begins(code, word) || code.name == word;
                let expected = if is_meant && code.is_acceptable() { None } else { elsewhere.severity(code) };
                assert_eq!(policy.severity_in(code, "legacy/a.yml"), expected, "{} {word}", code.id);
                assert_eq!(policy.severity_in(code, "a.yml"), elsewhere.severity(code), "{} {word}", code.id);
            }
        }
        for code in codes::all().filter(|code| !code.is_acceptable()) {
            let mut policy = Policy::default();
            let found = policy.ignore_in("*", &[code.id.to_owned()], BTreeSet::new());
            assert_eq!(found, Err(SeverityError::Fixed(code)), "{}", code.id);
        }
        assert!(Policy::default().ignore_in("*", &["CC10".to_owned()], BTreeSet::new()).is_err());
    }

    #[test]
    fn what_can_break_a_device_keeps_its_severity() {
        for code in codes::all().filter(|code| !code.is_acceptable()) {
            let mut policy = Policy::default();
            let lower = [Level::Off, Level::Info, Level::Warning].into_iter();
            for level in lower.filter(|level| level.severity() < Some(code.severity)) {
                assert_eq!(policy.set(code.id, level), Err(SeverityError::Fixed(code)), "{}", code.id);
                assert_eq!(policy.set(code.name, level), Err(SeverityError::Fixed(code)), "{}", code.id);
            }
            assert_eq!(policy.set(code.id, Level::Error), Ok(()));
        }
        let fixed: Vec<&str> = codes::all().filter(|code| !code.is_acceptable()).map(|code| code.id).collect();
        for id in ["CC0401", "CC0402", "CC0403", "CC0404", "CC0806", "CC0808", "CC1011", "CC1018", "CC1020"] {
            assert!(fixed.contains(&id), "{id}");
        }
    }
}
