//! Versions of sensors and how they are ordered.

use std::cmp::Ordering;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the versions of a sensor are ordered. Vendors disagree, so the manifest says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Versioning {
    /// The parts between dots compare as whole numbers: 7.9 comes before 7.15.
    #[default]
    Parts,
    /// What follows the first dot compares as a decimal fraction: 3.10 comes before 3.2,
    /// and 4.21 before 4.3. The Sysmon schema counts like this.
    Decimal,
}

impl Versioning {
    /// The word in the manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parts => "parts",
            Self::Decimal => "decimal",
        }
    }

    /// Whether this is what a manifest without the member means.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Orders two versions. Missing parts count as 0, so `10` equals `10.0`. Text that follows a
    /// number orders after it (`7.15a` after `7.15`), but before it where it begins with `-`, which
    /// marks a preview (`7.15-rc1` before `7.15`).
    #[must_use]
    pub fn compare(self, a: &str, b: &str) -> Ordering {
        let (mut left, mut right) = (a.split('.'), b.split('.'));
        let mut index = 0_usize;
        loop {
            let (x, y) = (left.next(), right.next());
            if x.is_none() && y.is_none() {
                return Ordering::Equal;
            }
            let (x, y) = (split(x.unwrap_or("0")), split(y.unwrap_or("0")));
            let numbers = if self == Self::Decimal && index == 1 { fractions(x.0, y.0) } else { integers(x.0, y.0) };
            let ordered = numbers.then_with(|| texts(x.1, y.1));
            if ordered != Ordering::Equal {
                return ordered;
            }
            index += 1;
        }
    }
}

/// The leading digits of a part and the text after them.
fn split(part: &str) -> (&str, &str) {
    let digits = part.bytes().take_while(u8::is_ascii_digit).count();
    part.split_at_checked(digits).unwrap_or((part, ""))
}

/// Compares digits of any length as whole numbers.
fn integers(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Compares digits as what follows a decimal point.
fn fractions(a: &str, b: &str) -> Ordering {
    a.trim_end_matches('0').cmp(b.trim_end_matches('0'))
}

fn texts(a: &str, b: &str) -> Ordering {
    // Preview, plain, text.
    let rank = |text: &str| match text.as_bytes().first() {
        Some(b'-') => 0,
        None => 1,
        Some(_) => 2,
    };
    rank(a).cmp(&rank(b)).then_with(|| a.cmp(b))
}

/// A version of a sensor, as its manifest writes it. Ordered only against versions of the same
/// sensor, which [`Version::compare`] takes for granted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    text: String,
    versioning: Versioning,
}

impl Version {
    /// A version, if it begins with a digit and has only letters, digits and `.-_+`.
    #[must_use]
    pub fn new(text: &str, versioning: Versioning) -> Option<Self> {
        is_version(text).then(|| Self { text: text.to_owned(), versioning })
    }

    /// The version as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How versions of this sensor are ordered.
    #[must_use]
    pub const fn versioning(&self) -> Versioning {
        self.versioning
    }

    /// Orders this version against another of the same sensor.
    #[must_use]
    pub fn compare(&self, other: &str) -> Ordering {
        self.versioning.compare(&self.text, other)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a text has the form of a version.
pub(super) fn is_version(text: &str) -> bool {
    text.len() <= crate::limits::SENSOR_NAME_BYTES
        && text.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_+".contains(&byte))
}

/// Whether a text has the form of a sensor's name.
pub(super) fn is_sensor_name(text: &str) -> bool {
    text.len() <= crate::limits::SENSOR_NAME_BYTES
        && text.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sysmon_schemas_order_as_they_were_released() {
        let released = [
            "2.0", "3.10", "3.2", "3.3", "3.4", "4.0", "4.1", "4.2", "4.21", "4.22", "4.23", "4.30", "4.31", "4.32",
            "4.40", "4.50", "4.60", "4.70", "4.80", "4.81", "4.82", "4.90", "4.91",
        ];
        for (i, a) in released.iter().enumerate() {
            for (j, b) in released.iter().enumerate() {
                assert_eq!(Versioning::Decimal.compare(a, b), i.cmp(&j), "{a} {b}");
            }
        }
        assert_eq!(Versioning::Decimal.compare("4.9", "4.90"), Ordering::Equal);
    }

    #[test]
    fn parts_order_as_numbers_then_text() {
        let order =
            ["6.1.7600", "7.0-rc1", "7", "7.9", "7.15-rc1", "7.15", "7.15.1", "7.15a", "10.0.17134", "10.0.18990"];
        for (i, a) in order.iter().enumerate() {
            for (j, b) in order.iter().enumerate() {
                assert_eq!(Versioning::Parts.compare(a, b), i.cmp(&j), "{a} {b}");
            }
        }
        assert_eq!(Versioning::Parts.compare("10", "10.0.0"), Ordering::Equal);
        let long = "9".repeat(100);
        assert_eq!(Versioning::Parts.compare(&long, "10"), Ordering::Greater);
    }

    #[test]
    fn forms() {
        assert!(Version::new("4.90", Versioning::Decimal).is_some());
        for text in ["", "v1", "1 2", "1,2", "\u{661}"] {
            assert!(Version::new(text, Versioning::Parts).is_none(), "{text}");
        }
        assert!(is_sensor_name("sysmon-linux"));
        for text in ["", "Sysmon", "4", "a/b", "a b"] {
            assert!(!is_sensor_name(text), "{text}");
        }
    }
}
