//! 06xx: logic.

codes! {
    /// The rule can never fire
    NEVER_FIRES = "CC0601" "never-fires" Error {
        cause: "For every template type that serves the rule's log source the condition folds to false: it asks for an event that the source does not have, or for a field that those events lack.",
        harm: "The rule looks like protection and is none.",
        cure: "Correct the log source, the event id or the field.",
    }
    /// The rule fires on every event
    ALWAYS_FIRES = "CC0602" "always-fires" Error {
        cause: "A pattern matches everything, or a negation covers what is never there.",
        harm: "On 31 January 2009 one such pattern marked the whole web as harmful. A response attached to it hits everything.",
        cure: "Make the condition select something.",
    }
    /// A branch that no template type can feed
    DEAD_BRANCH = "CC0603" "dead-branch" Warning {
        cause: "A part of the condition asks for an event that lacks one of the fields it reads, so the part is false on all of them.",
        harm: "Half of the rule is missing, and nobody notices while the other half still fires.",
        cure: "Read a field that the event has, or remove the part.",
    }
    /// A selection or binding that nothing uses
    UNUSED_SELECTION = "CC0604" "unused-selection" Warning {
        cause: "The condition was edited and the selection, `let`, list or table was left behind, or the condition forgot it.",
        harm: "A forgotten filter is a flood of false positives; a forgotten selection is a missed detection.",
        cure: "Use it in the condition, or remove it.",
    }
    /// The same predicate twice
    DUPLICATE_PREDICATE = "CC0605" "duplicate-predicate" Warning fixable {
        cause: "A value or a selection was pasted twice.",
        harm: "The second adds cost and hides that something else was meant.",
        cure: "Remove the second, or write what was meant.",
    }
    /// Two rules with the same logic
    DUPLICATE_RULE = "CC0606" "duplicate-rule" Warning {
        cause: "A rule was copied and only its metadata was changed.",
        harm: "Every match is reported twice, and tuning one leaves the other.",
        cure: "Remove one, or make them differ.",
    }
    /// A value that matches everything
    WILDCARD_ONLY = "CC0607" "wildcard-only" Warning fixable {
        cause: "A value consists of wildcards alone.",
        harm: "It only tests that the field is there. A wildcard in the 21st field is what hid the defect of channel file 291 from every test.",
        cure: "Use `exists` to test that a field is there, or a value that selects something.",
    }
    /// A negation that is true where the field is absent
    NEGATED_ABSENT = "CC0608" "negated-absent" Warning {
        cause: "A predicate on an optional field is negated; the predicate is false where the field is absent, so the negation is true there.",
        harm: "The rule fires on every event that lacks the field.",
        cure: "Add `exists` to the condition, or accept it with a suppression that says why.",
    }
    /// A value that can never match
    IMPOSSIBLE_VALUE = "CC0609" "impossible-value" Warning {
        cause: "The value contradicts the type or the normal form of the field, such as a text in a numeric field.",
        harm: "The predicate is false on every event.",
        cure: "Write a value that the field can have.",
    }
    /// A list where `all` asks for a contradiction
    ALL_OF_EQUALS = "CC0610" "all-of-equals" Warning {
        cause: "`all` without `contains` or another part comparison asks one value to equal several different ones.",
        harm: "The predicate is false on every event.",
        cure: "Use `contains|all`, or leave `all` out.",
    }
}
