//! The names of modifiers.

/// Every modifier of the specification.
pub(crate) const NAMES: &[&str] = &[
    "all",
    "base64",
    "base64offset",
    "cased",
    "cidr",
    "contains",
    "day",
    "endswith",
    "exists",
    "expand",
    "fieldref",
    "gt",
    "gte",
    "hour",
    "i",
    "lt",
    "lte",
    "m",
    "minute",
    "month",
    "neq",
    "re",
    "s",
    "startswith",
    "utf16",
    "utf16be",
    "utf16le",
    "week",
    "wide",
    "windash",
    "year",
];

/// Whether a word is a modifier, however it is spelt.
pub(crate) fn is_modifier(word: &str) -> Option<&'static str> {
    let lower: String = word.to_ascii_lowercase().chars().filter(|sign| !matches!(sign, '_' | '-')).collect();
    NAMES.iter().copied().find(|name| *name == lower)
}
