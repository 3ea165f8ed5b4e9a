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
    INVALID_ID = "CC0703" "invalid-id" Warning {
        cause: "The id was typed by hand.",
        harm: "Consumers that key on UUIDs refuse the rule or lose its history.",
        cure: "Use a version 4 UUID.",
    }
    /// A recommended attribute is missing
    RECOMMENDED_ATTRIBUTE = "CC0704" "recommended-attribute" Info {
        cause: "The rule was written in a hurry, or for another tool.",
        harm: "Whoever gets the alert does not know whom to ask, how severe it is or how well it was tested.",
        cure: "Add the attribute.",
    }
    /// An attribute that looks like a misspelt one
    UNKNOWN_ATTRIBUTE = "CC0705" "unknown-attribute" Warning {
        cause: "A letter is missing or swapped, as in `categroy`.",
        harm: "Readers ignore what they do not know, so the attribute has no effect and nobody is told.",
        cure: "Correct the spelling; put attributes of your own under `custom_attributes`.",
    }
    /// A value that the attribute does not have
    INVALID_ATTRIBUTE = "CC0706" "invalid-attribute" Error fixable {
        cause: "A status, level or type is misspelt or belongs to another tool.",
        harm: "Consumers refuse the rule or sort it wrongly.",
        cure: "Use one of the values that the message names.",
    }
    /// A date that is not of the form YYYY-MM-DD
    INVALID_DATE = "CC0707" "invalid-date" Warning fixable {
        cause: "The date was typed in a local form, or the day does not exist.",
        harm: "Tools sort by the text and get it wrong.",
        cure: "Write the date as YYYY-MM-DD.",
    }
    /// The rule was modified before it was written
    MODIFIED_BEFORE_DATE = "CC0708" "modified-before-date" Warning {
        cause: "One of the two dates was mistyped or copied.",
        harm: "Reviews that look at recent changes miss the rule.",
        cure: "Correct one of the dates.",
    }
    /// An attribute is longer than the specification allows
    TOO_LONG = "CC0709" "too-long" Warning {
        cause: "A report was pasted into a title or description.",
        harm: "Consumers cut the text or refuse the rule.",
        cure: "Shorten it, and link to the report under `references`.",
    }
    /// An attribute is not in lower case
    KEY_CASE = "CC0710" "key-case" Warning fixable {
        cause: "The attribute was capitalised.",
        harm: "Readers compare names exactly and ignore it.",
        cure: "Write it in lower case.",
    }
    /// An attribute is empty
    EMPTY_ATTRIBUTE = "CC0711" "empty-attribute" Warning {
        cause: "A template was not filled in.",
        harm: "Tools show an empty field, or take it for null.",
        cure: "Fill it in, or remove it.",
    }
    /// A deprecated rule without a successor
    DEPRECATED_WITHOUT_RELATED = "CC0712" "deprecated-without-related" Info {
        cause: "The rule was retired, and the reason was not recorded.",
        harm: "Users of the rule do not know what to use in its place.",
        cure: "Add `related` with the successor's id.",
    }
    /// A tag that does not have the form of its namespace
    INVALID_TAG = "CC0713" "invalid-tag" Warning fixable {
        cause: "The tag was mistyped.",
        harm: "Coverage reports do not count the rule.",
        cure: "Write the tag in the form that the message names.",
    }
    /// A tag namespace that Sigma does not have
    UNKNOWN_TAG_NAMESPACE = "CC0714" "unknown-tag-namespace" Info {
        cause: "The namespace is misspelt or your own.",
        harm: "Consumers ignore the tag.",
        cure: "Use a namespace of the specification, or turn this code off for your own.",
    }
    /// An entry that stands twice in a list
    DUPLICATE_ENTRY = "CC0715" "duplicate-entry" Warning fixable {
        cause: "A line was pasted twice.",
        harm: "Readers that require unique entries refuse the rule.",
        cure: "Remove the second.",
    }
    /// An entry that says nothing
    TOO_SHORT = "CC0716" "too-short" Info {
        cause: "A placeholder was left in.",
        harm: "Whoever gets the alert learns nothing from it.",
        cure: "Say what it is, or remove it.",
    }
    /// A log source that is not in lower case
    LOGSOURCE_CASE = "CC0717" "logsource-case" Warning fixable {
        cause: "The product's name was written as it is spelt elsewhere.",
        harm: "Readers compare log sources exactly and load the rule for no event.",
        cure: "Write it in lower case.",
    }
    /// An attribute that this kind of document does not have
    MISPLACED_ATTRIBUTE = "CC0718" "misplaced-attribute" Warning {
        cause: "A filter or correlation was made from a copy of a rule.",
        harm: "The attribute has no effect.",
        cure: "Remove it.",
    }
    /// A suppression that accepts nothing
    UNUSED_SUPPRESSION = "CC0719" "unused-suppression" Warning {
        cause: "The finding was mended, or the comment stands on another line than the finding.",
        harm: "The next finding of this code at this place is accepted without anybody having looked.",
        cure: "Remove the comment, or move it to the line of the finding.",
    }
    /// A suppression that has no effect
    INVALID_SUPPRESSION = "CC0720" "invalid-suppression" Error {
        cause: "The comment names no code, an unknown one, or no reason.",
        harm: "Findings that are accepted without a reason are never looked at again.",
        cure: "Write `contentcheck: allow CC0607 -- the reason`.",
    }
}
