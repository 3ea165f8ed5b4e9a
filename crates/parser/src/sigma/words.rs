//! The words of Sigma, for editors that complete them.

use super::names::NAMES;
use super::{correlation, metadata};

/// The attributes of documents.
pub fn attributes() -> impl Iterator<Item = &'static str> {
    metadata::SHARED.iter().copied().chain(["logsource", "detection", "correlation", "filter"])
}

/// The words for how ripe a rule is.
#[must_use]
pub fn statuses() -> &'static [&'static str] {
    metadata::STATUSES
}

/// The words for what a rule has to do with another.
#[must_use]
pub fn relations() -> &'static [&'static str] {
    metadata::RELATIONS
}

/// The types of correlations.
#[must_use]
pub fn correlations() -> &'static [&'static str] {
    correlation::TYPES
}

/// The parts of a correlation.
#[must_use]
pub fn correlation_parts() -> &'static [&'static str] {
    correlation::KEYS
}

/// The modifiers of Sigma, each with what it does.
pub fn modifiers() -> impl Iterator<Item = (&'static str, &'static str)> {
    NAMES.iter().map(|name| (*name, meaning(name)))
}

/// What a modifier does, in a line.
fn meaning(name: &str) -> &'static str {
    match name {
        "all" => "all values must match, not one of them",
        "base64" => "looks for the value in Base64",
        "base64offset" => "looks for the value in Base64 at each of the three offsets",
        "cased" => "upper and lower case differ",
        "cidr" => "the address is in one of these networks",
        "contains" => "the value is a part of the field",
        "startswith" => "the field begins with the value",
        "endswith" => "the field ends with the value",
        "exists" => "the event has the field (`true`) or lacks it (`false`)",
        "expand" => "replaces placeholders such as `%admins%` before the rule runs",
        "fieldref" => "compares with another field of the event",
        "gt" => "the number is greater than the value",
        "gte" => "the number is greater than the value, or equal",
        "lt" => "the number is less than the value",
        "lte" => "the number is less than the value, or equal",
        "neq" => "the field has another value",
        "re" => "the value is a regex; `i`, `m` and `s` may follow",
        "i" => "the regex ignores case",
        "m" => "`^` and `$` of the regex match at line breaks",
        "s" => "`.` of the regex matches line breaks",
        "minute" => "the minute of the time has the value",
        "hour" => "the hour of the time has the value",
        "day" => "the day of the month has the value",
        "week" => "the week of the year has the value",
        "month" => "the month has the value",
        "year" => "the year has the value",
        "utf16" => "encodes the value as UTF-16 with a byte order mark; `base64` or `base64offset` follows",
        "utf16be" => "encodes the value as UTF-16, high byte first; `base64` or `base64offset` follows",
        "utf16le" | "wide" => "encodes the value as UTF-16, low byte first; `base64` or `base64offset` follows",
        "windash" => "also looks for the value with other dashes, and with `/`, for `-`",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_modifier_says_what_it_does() {
        assert!(modifiers().all(|(_, meaning)| !meaning.is_empty()));
    }
}
