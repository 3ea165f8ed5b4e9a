//! The `sensors` constraint of a rule: `">=7.15"`, `"sysmon >=4.21, windows >=10"`.

use std::cmp::Ordering;
use std::fmt;

use super::checked::Sensor;
use super::version::{Versioning, is_sensor_name, is_version};
use crate::limits;

/// A comparison with a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Operator {
    /// The operator as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }

    const fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }
}

/// One part between commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparator {
    sensor: Option<String>,
    version: Option<(Operator, String)>,
}

impl Comparator {
    /// The sensor that it speaks of; `None` is every sensor.
    #[must_use]
    pub fn sensor(&self) -> Option<&str> {
        self.sensor.as_deref()
    }

    /// The comparison; `None` takes every version.
    #[must_use]
    pub fn version(&self) -> Option<(Operator, &str)> {
        self.version.as_ref().map(|(operator, version)| (*operator, version.as_str()))
    }
}

/// Which sensors a rule is for.
///
/// Comparators stand between commas, and all that speak of a sensor must hold for it. A comparator
/// without a name speaks of the sensor named before it, or of every sensor where none was named.
/// Where a constraint names sensors, sensors with other names are not meant. Versions are
/// compared as the sensor's own manifest says ([`Versioning`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    comparators: Vec<Comparator>,
}

/// Why a constraint could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstraintError {
    offset: usize,
    reason: String,
}

impl ConstraintError {
    /// Byte offset in the constraint.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What is wrong: lower case, no full stop.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for ConstraintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ConstraintError {}

impl Constraint {
    /// Reads a constraint.
    ///
    /// # Errors
    /// Where and why the text is not a constraint.
    pub fn parse(text: &str) -> Result<Self, ConstraintError> {
        if text.len() > limits::SENSOR_NAME_BYTES * 32 {
            return Err(ConstraintError { offset: 0, reason: "the constraint is too long".into() });
        }
        let mut comparators = Vec::new();
        let mut named: Option<String> = None;
        let mut start = 0;
        for part in text.split(',') {
            let comparator = comparator(part, start, named.as_deref())?;
            named.clone_from(&comparator.sensor);
            comparators.push(comparator);
            start += part.len() + 1;
        }
        Ok(Self { comparators })
    }

    /// What a text that is no constraint was probably meant to be: for a message, never in its place.
    #[must_use]
    pub fn likely(text: &str) -> Option<String> {
        if text.len() > 100 {
            return None;
        }
        let mut fixed = text.replace("=>", ">=").replace("=<", "<=").replace(['^', '~'], ">=");
        for word in ["and later", "or later", "and newer", "or newer", "and above", "and up", "+", "v", "version"] {
            fixed = fixed.trim_end_matches(word).trim().to_owned();
        }
        for sign in ["=", "<", ">"] {
            fixed = fixed.replace(&format!("{sign} "), sign);
        }
        if let Some(bare) = fixed.strip_prefix('=').filter(|rest| !rest.starts_with('=')) {
            fixed = format!("=={bare}");
        }
        let parts: Vec<&str> = fixed.split_whitespace().collect();
        let written = match parts[..] {
            [version] if is_version(version) => format!(">={version}"),
            [name, version] if is_sensor_name(name) && is_version(version) => format!("{name} >={version}"),
            [first, ..] if first.starts_with(['<', '>', '=']) && parts.len() > 1 && !fixed.contains(',') => {
                parts.join(", ")
            }
            _ => fixed,
        };
        (written != text && Self::parse(&written).is_ok()).then_some(written)
    }

    /// The comparators in the order in which they are written.
    #[must_use]
    pub fn comparators(&self) -> &[Comparator] {
        &self.comparators
    }

    /// Whether the rule is for this sensor.
    #[must_use]
    pub fn matches(&self, sensor: &Sensor) -> bool {
        self.matches_version(sensor.name(), sensor.version().as_str(), sensor.version().versioning())
    }

    /// Whether the rule is for a sensor of this name and version.
    #[must_use]
    pub fn matches_version(&self, sensor: &str, version: &str, versioning: Versioning) -> bool {
        let names_any = self.comparators.iter().any(|comparator| comparator.sensor.is_some());
        let mut meant = !names_any;
        for comparator in &self.comparators {
            match &comparator.sensor {
                Some(name) if name != sensor => continue,
                Some(_) => meant = true,
                None => {}
            }
            if let Some((operator, wanted)) = &comparator.version
                && !operator.holds(versioning.compare(version, wanted))
            {
                return false;
            }
        }
        meant
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut named = None;
        for (index, comparator) in self.comparators.iter().enumerate() {
            let mut gap = if index == 0 { "" } else { ", " };
            // A bare name must be repeated: without it nothing would be left.
            if comparator.sensor() != named || comparator.version.is_none() {
                write!(f, "{gap}{}", comparator.sensor().unwrap_or(""))?;
                gap = " ";
                named = comparator.sensor();
            }
            if let Some((operator, version)) = &comparator.version {
                write!(f, "{gap}{}{version}", operator.as_str())?;
            }
        }
        Ok(())
    }
}

fn comparator(part: &str, start: usize, named: Option<&str>) -> Result<Comparator, ConstraintError> {
    let fault = |rest: &str, reason: String| Err(ConstraintError { offset: start + (part.len() - rest.len()), reason });
    let text = part.trim_start();
    let end = text.find(|c: char| c.is_whitespace() || "<>=!".contains(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    if !name.is_empty() && !is_sensor_name(name) {
        return if is_version(name) {
            fault(text, format!("`{name}` needs a comparison before it, such as `>=`"))
        } else {
            let name: String = name.chars().take(60).collect();
            fault(text, format!("`{name}` is not a name of a sensor"))
        };
    }
    let sensor = if name.is_empty() { named } else { Some(name) }.map(str::to_owned);
    let rest = rest.trim_start();
    if rest.is_empty() {
        return if name.is_empty() {
            fault(text, "a comparison is missing, such as `>=7.15`".into())
        } else {
            Ok(Comparator { sensor, version: None })
        };
    }
    let operators =
        [Operator::AtLeast, Operator::AtMost, Operator::Equal, Operator::NotEqual, Operator::Greater, Operator::Less];
    let read = operators.into_iter().find_map(|op| rest.strip_prefix(op.as_str()).map(|after| (op, after)));
    let Some((operator, after)) = read else {
        return if rest.starts_with('=') {
            fault(rest, "a single `=` is not a comparison; write `==`".into())
        } else {
            fault(rest, "expected one of `==`, `!=`, `<`, `<=`, `>`, `>=`".into())
        };
    };
    let after = after.trim_start();
    let version = after.trim_end();
    if version.is_empty() {
        return fault(after, format!("a version is missing after `{}`", operator.as_str()));
    }
    if !is_version(version) {
        let version: String = version.chars().take(60).collect();
        return fault(after, format!("`{version}` is not a version"));
    }
    Ok(Comparator { sensor, version: Some((operator, version.to_owned())) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(constraint: &str, sensor: &str, version: &str) -> bool {
        let versioning = if sensor == "sysmon" { Versioning::Decimal } else { Versioning::Parts };
        Constraint::parse(constraint).unwrap().matches_version(sensor, version, versioning)
    }

    #[test]
    fn selects_by_version() {
        assert!(matches(">=7.15", "acme", "7.15") && matches(">=7.15", "acme", "7.16"));
        assert!(!matches(">=7.15", "acme", "7.9"));
        assert!(matches(">=7, <8, !=7.3", "acme", "7.4") && !matches(">=7, <8, !=7.3", "acme", "7.3"));
        assert!(matches("==4.9", "sysmon", "4.90") && matches(" < 4.3 ", "sysmon", "4.21"));
    }

    #[test]
    fn selects_by_name() {
        let both = "sysmon >=4.21, <4.9, windows >=10";
        assert!(matches(both, "sysmon", "4.30") && !matches(both, "sysmon", "4.2") && !matches(both, "sysmon", "4.91"));
        assert!(matches(both, "windows", "10.0.17134") && !matches(both, "windows", "6.1.7600"));
        assert!(!matches(both, "acme", "99"));
        assert!(matches("windows", "windows", "6.1") && !matches("windows", "sysmon", "4.9"));
        assert!(matches(">=4, sysmon <5", "sysmon", "4.5") && !matches(">=4, sysmon <5", "acme", "4.5"));
    }

    #[test]
    fn prints_what_it_read() {
        for text in [">=7.15", "sysmon >=4.21, <4.9, windows >=10", "windows", ">=4, sysmon <5", "a, a"] {
            let read = Constraint::parse(text).unwrap();
            assert_eq!(read.to_string(), text);
            assert_eq!(Constraint::parse(&read.to_string()).unwrap(), read);
        }
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let fault = |text: &str| Constraint::parse(text).err().map(|error| (error.offset(), error.reason().to_owned()));
        for (text, offset, reason) in [
            ("", 0, "a comparison is missing"),
            (">=7,", 4, "a comparison is missing"),
            ("7.15", 0, "`7.15` needs a comparison"),
            ("=7", 0, "a single `=`"),
            ("sysmon =4", 7, "a single `=`"),
            ("sysmon ~4", 7, "expected one of"),
            (">=", 2, "a version is missing after `>=`"),
            (">=x", 2, "`x` is not a version"),
            (">=1 2", 2, "`1 2` is not a version"),
            ("windows >=10, Sysmon >=4", 14, "`Sysmon` is not a name of a sensor"),
            ("\u{e9}\u{4e16}", 0, "`\u{e9}\u{4e16}` is not a name"),
        ] {
            let (at, why) = fault(text).unwrap();
            assert_eq!(at, offset, "{text}");
            assert!(why.starts_with(reason), "{text}: {why}");
        }
        assert!(fault(&">=1,".repeat(100_000)).is_some());
    }
}
