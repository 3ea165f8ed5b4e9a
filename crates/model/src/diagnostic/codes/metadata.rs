//! 07xx: metadata and hygiene.

codes! {
    /// A required attribute is missing
    MISSING_ATTRIBUTE = "CC0701" "missing-attribute" Error {
        cause: "The rule lacks an attribute that every rule must have.",
        harm: "Consumers refuse the rule, or show an alert without a name.",
        cure: "Add the attribute.",
    }
    /// Two rules are known by the same id or name
    DUPLICATE_ID = "CC0702" "duplicate-id" Error {
        cause: "A rule was copied with its id, or a released id was given to another rule. A rule without an id is known by its name, else by its title: two of them with one title are the same to whatever compares releases.",
        harm: "No comment, baseline or severity accepts it: one rule would hide behind the other. Suppressions, tuning and statistics of one rule apply to the other. A reused flag cost one firm 460 million dollars on 1 August 2012.",
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
    KEY_CASE = "CC0710" "key-case" Warning {
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
    /// An entry that appears twice in a list
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
        cause: "The finding was fixed, or the comment stands on another line than the finding.",
        harm: "The next finding of this code at this place is accepted without anybody having looked.",
        cure: "Remove the comment, or move it to the line of the finding.",
    }
    /// A suppression that has no effect
    INVALID_SUPPRESSION = "CC0720" "invalid-suppression" Error {
        cause: "The comment names no code, an unknown one, or no reason; or it names a code whose findings cannot be accepted: the errors among 04xx, which can break a sensor, and what says that a rule is missing from the release.",
        harm: "Findings that are accepted without a reason are never looked at again.",
        cure: "Write `contentcheck: allow CC0607 -- the reason`. What cannot be accepted is fixed: restrict the rule with `sensors`, or take its file out of the release with `exclude`.",
    }
    /// Two rules with the same title
    DUPLICATE_TITLE = "CC0721" "duplicate-title" Info {
        cause: "A rule was copied and its title was kept.",
        harm: "Whoever gets the alert cannot tell which of the two fired.",
        cure: "Say in each title what sets the rule apart.",
    }
    /// Selections whose names differ in case alone
    ALIKE_NAMES = "CC0722" "alike-names" Warning {
        cause: "A selection was added without seeing that the name is taken in another spelling.",
        harm: "Engines that compare names without case keep one of the two, and readers of the condition take one for the other.",
        cure: "Rename one of them.",
    }
    /// `them` covers a filter
    FILTER_IN_THEM = "CC0723" "filter-in-them" Warning {
        cause: "`1 of them` or `all of them` was written before the rule had a filter; `them` covers every selection whose name does not begin with `_`.",
        harm: "With `1 of them` the events that the filter was to leave out fire the rule; with `all of them` only those do.",
        cure: "Name the selections: `1 of selection* and not 1 of filter*`.",
    }
    /// A regex that a string could replace, or with a part of no effect
    PLAIN_EXPRESSION = "CC0724" "plain-expression" Info {
        cause: "`re` was used where no character of the value has a meaning of its own, or `.*` stands at an edge of a regex, which is searched anywhere anyway.",
        harm: "Regexes are slower than strings, compare letters exactly, and hide what is looked for.",
        cure: "Compare with `contains` (and `cased` where case matters), or remove the `.*`.",
    }
    /// All of several regexes must match
    ALL_EXPRESSIONS = "CC0725" "all-expressions" Info {
        cause: "`all` stands beside `re` and several regexes, so every one of them must match the same value.",
        harm: "It is often meant as a choice, and some tools take `all` away here as redundant, which changes what the rule matches.",
        cure: "Leave `all` out for a choice. Keep it, or write one item for each regex, where all are meant.",
    }
    /// `of` over a single name
    OF_WITHOUT_STAR = "CC0726" "of-without-star" Warning {
        cause: "`1 of selection` was written where `1 of selection*` was meant.",
        harm: "It covers the one selection of exactly that name; selections that are added later are left out.",
        cure: "Put `*` behind the name, or write the name alone.",
    }
    /// A taxonomy that is not Sigma's
    FOREIGN_TAXONOMY = "CC0727" "foreign-taxonomy" Warning {
        cause: "`taxonomy` says that the names of fields and values, and the log source, are not those of Sigma's taxonomy.",
        harm: "They are read as Sigma's all the same, so fields may be unknown, or mean something else than the author meant.",
        cure: "Write the rule in Sigma's names and remove `taxonomy`, or declare template types that have the names of the other taxonomy.",
    }
    /// A rule that says of itself that it is not supported
    UNSUPPORTED_RULE = "CC0728" "unsupported-rule" Warning {
        cause: "`status: unsupported` says that the rule needs something that Sigma, or the engine that it was written for, does not have.",
        harm: "It ships like any other, and whoever reads its matches does not know that it says less than it should.",
        cure: "Leave the file out with `exclude`, or give the rule the status that it has earned.",
    }
}
