//! Policy: which findings fail a run. It comes from the configuration and the command line.

use std::collections::BTreeMap;

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
    /// Findings that were there when an old repository adopted the tool.
    pub baseline: Option<Recorded>,
    /// Whether warnings fail the run too.
    pub deny_warnings: bool,
}

impl Policy {
    /// Sets the severity of a code, by id or name.
    ///
    /// # Errors
    /// When there is no such code, or its findings cannot be lowered.
    pub fn set(&mut self, code: &str, level: Level) -> Result<(), SeverityError> {
        let code = self::code(code)?;
        if !code.is_acceptable() && level.severity() < Some(code.severity) {
            return Err(SeverityError::Fixed(code));
        }
        self.levels.insert(code.id, level);
        Ok(())
    }

    /// The severity in force; none where the code is off.
    #[must_use]
    pub fn severity(&self, code: &Code) -> Option<Severity> {
        self.levels.get(code.id).map_or(Some(code.severity), |level| level.severity())
    }

    /// Whether a finding of one of these codes is an error.
    #[must_use]
    pub fn has_errors_among(&self, codes: &[&'static Code]) -> bool {
        codes.iter().any(|code| self.severity(code) == Some(Severity::Error))
    }

    /// Codes whose severity is not the default one, by id.
    pub fn changed(&self) -> impl Iterator<Item = (&'static str, Level)> {
        self.levels.iter().map(|(id, level)| (*id, *level))
    }

    /// The least severity that fails a run.
    #[must_use]
    pub const fn least(&self) -> Severity {
        if self.deny_warnings { Severity::Warning } else { Severity::Error }
    }
}

/// The code that a word names, by id or name.
///
/// # Errors
/// When there is none, with the nearest.
fn code(written: &str) -> Result<&'static Code, SeverityError> {
    codes::find(written).ok_or_else(|| {
        let near = closest(written, codes::all().flat_map(|code| [code.id, code.name]));
        SeverityError::Unknown { written: written.to_owned(), near: near.map(str::to_owned) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
