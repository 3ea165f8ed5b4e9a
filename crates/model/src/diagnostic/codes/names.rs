//! 02xx: names and resolution.

codes! {
    /// No template type serves the log source
    UNKNOWN_LOG_SOURCE = "CC0201" "unknown-log-source" Warning {
        cause: "The log source is misspelt, or no template type for it is in the library or the release.",
        harm: "Nothing is known of the fields of this source, so nothing in the rule was checked against them.",
        cure: "Correct the log source (`contentcheck fields --list` lists those that are known), or declare a template type that `serves` it.",
    }
    /// Unknown field
    UNKNOWN_FIELD = "CC0202" "unknown-field" Error {
        cause: "The field is misspelt, or belongs to another log source.",
        harm: "The predicate is false on every event, or it reads an input that no sensor fills.",
        cure: "Use a field of the template type; `contentcheck fields --template NAME` lists them, and `--logsource product=windows,category=process_creation` those of a log source.",
    }
    /// A selection that the rule does not have
    UNKNOWN_SELECTION = "CC0203" "unknown-selection" Error {
        cause: "The condition names a selection that is misspelt or was removed.",
        harm: "The rule cannot be evaluated.",
        cure: "Use the name of a selection of this rule.",
    }
    /// Unknown template type
    UNKNOWN_TEMPLATE = "CC0204" "unknown-template" Error {
        cause: "The template type, or this version of it, is declared neither in the release nor in the library.",
        harm: "The rule has no inputs to read.",
        cure: "Correct the name or version, or declare the template type.",
    }
    /// Unknown name
    UNKNOWN_NAME = "CC0205" "unknown-name" Error {
        cause: "The name is neither a field of the template type nor a `let`, list or table in scope.",
        harm: "The condition cannot be evaluated.",
        cure: "Correct the name, or declare it.",
    }
    /// A name is declared twice
    DUPLICATE_NAME = "CC0206" "duplicate-name" Error {
        cause: "Two declarations of the same kind share a name; one was copied from the other.",
        harm: "Which of them counts would depend on the order of files.",
        cure: "Rename one of them.",
    }
    /// A placeholder is not expanded
    UNEXPANDED_PLACEHOLDER = "CC0207" "unexpanded-placeholder" Warning {
        cause: "A value holds a placeholder such as `%servers%` that a pipeline was to replace before release.",
        harm: "Unexpanded, it is compared as text and never matches.",
        cure: "Expand the placeholder before release, or write the values out.",
    }
    /// A reference to a rule that is not there
    UNKNOWN_RULE_REFERENCE = "CC0208" "unknown-rule-reference" Error {
        cause: "A correlation or filter names a rule that is not part of this content.",
        harm: "The correlation never fires, or the filter filters nothing.",
        cure: "Use the id or name of a rule of this content, or lint the directories together.",
    }
    /// A template type position is used twice, skipped or was removed
    BAD_POSITION = "CC0209" "bad-position" Error {
        cause: "Fields are not numbered 1, 2, 3 ..., or a number that was retired is used again.",
        harm: "A sensor that reads by number reads another field than the rule means.",
        cure: "Number the fields without a gap; append new fields at the end; mark removed ones as `retired`.",
    }
    /// A template type changed other than at its end
    TEMPLATE_CHANGED = "CC0210" "template-changed" Error {
        cause: "A later version of the template type has another field at a position that an earlier version already used, a header field of another type, other `reads`, or is open where that one is not. Or, for the gate, the same version has other fields or other `reads` than in the previous release, or another template type takes events from its rules, or rules are no longer on it which would be with the template types of the previous release.",
        harm: "Rules and sensors built against the earlier version read shifted inputs, or rules no longer see recorded events that they saw, and are wrong about others.",
        cure: "Append new fields at the end, and give removed positions to `retired`. Give every version the same `reads`, and make all of them open or none.",
    }
    /// A filter for other events than the rules that it names
    FILTER_ELSEWHERE = "CC0211" "filter-elsewhere" Warning {
        cause: "The log source of the filter is not that of a rule under `rules`, nor a wider one.",
        harm: "Filters are applied to rules of their log source, so the rule keeps all of its matches.",
        cure: "Write the log source of the rules, or name the rules that the filter is for.",
    }
}
