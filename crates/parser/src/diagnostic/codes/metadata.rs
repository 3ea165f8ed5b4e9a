//! 07xx: metadata and hygiene.

codes! {
    /// A required attribute is missing
    MISSING_ATTRIBUTE = "CC0701" "missing-attribute" Error {
        cause: "The rule lacks an attribute that every rule must have.",
        harm: "Consumers refuse the rule, or show an alert without a name.",
        cure: "Add the attribute.",
    }
    /// The same id is used by two rules
    DUPLICATE_ID = "CC0702" "duplicate-id" Error {
        cause: "A rule was copied with its id, or a released id was given to another rule.",
        harm: "Suppressions, tuning and statistics of one rule apply to the other. A reused flag cost one firm 460 million dollars on 1 August 2012.",
        cure: "Give the newer rule an id of its own; an id that was once released is never used again.",
    }
    /// The id is not a UUID
    INVALID_ID = "CC0703" "invalid-id" Error {
        cause: "The id was typed by hand.",
        harm: "Consumers that key on UUIDs refuse the rule or lose its history.",
        cure: "Use a version 4 UUID.",
    }
}
