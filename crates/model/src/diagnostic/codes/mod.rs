//! The catalogue of codes. A code is a promise: it is never renumbered or reused.
//!
//! Each family has a file. One entry declares everything about a code: identity,
//! default severity and the text of its page. `contentcheck explain`, docs/errors.md
//! and the rule metadata of the machine formats are all made from these entries.

use super::Severity;

/// What is known of one diagnostic code.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Code {
    /// `CC` and four digits.
    pub id: &'static str,
    /// Short name in kebab case, as stable as the id.
    pub name: &'static str,
    /// Severity unless the configuration says otherwise.
    pub severity: Severity,
    /// One line: what was found.
    pub summary: &'static str,
    /// How content comes to look like this.
    pub cause: &'static str,
    /// What it does on a machine, or to the people who run it.
    pub harm: &'static str,
    /// How to fix it.
    pub cure: &'static str,
    /// Whether findings may carry a fix that a machine can apply.
    pub fixable: bool,
}

/// Where the pages of codes are.
const PAGES: &str = "https://github.com/contentcheck/contentcheck/blob/main/docs/errors.md";

impl Code {
    /// The address of its page.
    #[must_use]
    pub fn page(&self) -> String {
        format!("{PAGES}#{}-{}", self.id.to_ascii_lowercase(), self.name)
    }

    /// Whether a comment, a baseline or a severity may accept a finding of this code. What can break a sensor cannot be
    /// accepted (the errors among 04xx), nor what the gate finds by running the content (10xx), nor the errors that it
    /// finds against the previous release, one of which says that a rule is missing (08xx), nor that two rules are known by
    /// one id or name (CC0702): the one would hide behind the other wherever rules are compared, tuned or switched off.
    /// Whoever knows better changes the rule, or takes it out of the release.
    #[must_use]
    pub fn is_acceptable(&self) -> bool {
        let is_of = |family: &str| self.id.starts_with(family);
        let is_fixed_error = (is_of("CC04") || is_of("CC08")) && self.severity == Severity::Error;
        !is_fixed_error && !is_of("CC10") && self.id != metadata::DUPLICATE_ID.id
    }
}

/// Declares the codes of one family and the list of them.
macro_rules! codes {
    ($( $(#[doc = $summary:literal])+ $constant:ident = $id:literal $name:literal $severity:ident $($fixable:ident)? {
        cause: $cause:literal,
        harm: $harm:literal,
        cure: $cure:literal $(,)?
    } )*) => {
        $(
            $(#[doc = $summary])+
            pub static $constant: $crate::diagnostic::codes::Code = $crate::diagnostic::codes::Code {
                id: $id,
                name: $name,
                severity: $crate::diagnostic::Severity::$severity,
                summary: concat!($($summary),+),
                cause: $cause,
                harm: $harm,
                cure: $cure,
                fixable: codes!(@fixable $($fixable)?),
            };
        )*
        pub(super) static FAMILY: &[&$crate::diagnostic::codes::Code] = &[$(&$constant),*];
    };
    (@fixable fixable) => { true };
    (@fixable) => { false };
}

mod change;
mod compatibility;
mod cost;
mod device;
mod gate;
mod logic;
mod metadata;
mod names;
mod rollout;
mod syntax;
mod types;

pub use change::*;
pub use compatibility::*;
pub use cost::*;
pub use device::*;
pub use gate::*;
pub use logic::*;
pub use metadata::*;
pub use names::*;
pub use rollout::*;
pub use syntax::*;
pub use types::*;

/// The families in the order of their numbers: first two digits, title, codes.
pub static FAMILIES: &[(&str, &str, &[&Code])] = &[
    ("01", "Syntax, encoding and limits", syntax::FAMILY),
    ("02", "Names and resolution", names::FAMILY),
    ("03", "Types", types::FAMILY),
    ("04", "Arity and sensor compatibility", compatibility::FAMILY),
    ("05", "Cost, size, capacity and images", cost::FAMILY),
    ("06", "Logic", logic::FAMILY),
    ("07", "Metadata and hygiene", metadata::FAMILY),
    ("08", "Change against the previous release", change::FAMILY),
    ("09", "Across the fleet", rollout::FAMILY),
    ("10", "The gate", gate::FAMILY),
    ("11", "On the device", device::FAMILY),
];

/// Every code, in the order of its number.
pub fn all() -> impl Iterator<Item = &'static Code> {
    FAMILIES.iter().flat_map(|(_, _, family)| family.iter().copied())
}

/// The code with this id (`CC0401`) or name (`unsupplied-input`), in any case.
#[must_use]
pub fn find(name: &str) -> Option<&'static Code> {
    all().find(|code| code.id.eq_ignore_ascii_case(name) || code.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_names_are_unique_ordered_and_in_their_family() {
        let mut names = std::collections::BTreeSet::new();
        let mut last = "";
        for (prefix, _, family) in FAMILIES {
            for code in *family {
                assert!(code.id.starts_with(&format!("CC{prefix}")), "{} is not in family {prefix}", code.id);
                assert_eq!(code.id.len(), 6, "{}", code.id);
                assert!(code.id > last, "{} does not come after {last}", code.id);
                assert!(names.insert(code.name), "{} is used twice", code.name);
                last = code.id;
            }
        }
    }

    #[test]
    fn what_breaks_a_sensor_cannot_be_accepted() {
        let refused: Vec<&str> =
            all().filter(|code| !code.is_acceptable() && code.id < "CC1000").map(|code| code.id).collect();
        let errors = |code: &&Code| code.severity == Severity::Error;
        let of_change = change::FAMILY.iter().copied().filter(errors).map(|code| code.id);
        let expected: Vec<&str> = ["CC0401", "CC0402", "CC0403", "CC0404", "CC0407", "CC0408", "CC0410"]
            .into_iter()
            .chain([metadata::DUPLICATE_ID.id])
            .chain(of_change)
            .collect();
        assert_eq!(refused, expected);
        assert!(refused.contains(&"CC0808"));
        assert!(gate::FAMILY.iter().all(|code| !code.is_acceptable()));
    }

    #[test]
    fn every_page_is_written() {
        for code in all() {
            for text in [code.summary, code.cause, code.harm, code.cure] {
                assert!(text.trim().len() >= 8, "{} has an empty section", code.id);
            }
        }
    }
}
