//! 06xx: logic.

use super::Code;

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
        cause: "A value consists of wildcards alone, or matches any string in another way: an empty keyword or part, a regex that matches the empty string (`evil|`, `(evil)*`, `^`), one letter under `base64offset`.",
        harm: "It only tests that the field is there, and in a list it leaves nothing to the other values. A wildcard in the 21st field is what hid the defect of channel file 291 from every test.",
        cure: "Use `exists` to test that a field is there, or a value that selects something. On a list `*` asks for an element, and `exists` holds on an empty list too.",
    }
    /// A negation that is true where the field is absent
    NEGATED_ABSENT = "CC0608" "negated-absent" Warning {
        cause: "A predicate on an optional field is negated; the predicate is false where the field is absent, so the negation is true there.",
        harm: "The rule fires on every event that lacks the field.",
        cure: "Add `exists` to the condition, or accept it with a suppression that says why.",
    }
    /// A value that can never match
    IMPOSSIBLE_VALUE = "CC0609" "impossible-value" Warning {
        cause: "The value contradicts the type or the normal form of the field, such as a string in a numeric field.",
        harm: "The predicate is false on every event.",
        cure: "Write a value that the field can have.",
    }
    /// A list where `all` asks for a contradiction
    ALL_OF_EQUALS = "CC0610" "all-of-equals" Warning {
        cause: "`all` without `contains` or another part comparison asks one value to equal several different ones.",
        harm: "The predicate is false on every event.",
        cure: "Use `contains|all`, or leave `all` out.",
    }
    /// A condition that contradicts itself
    CONTRADICTION = "CC0611" "contradiction" Warning {
        cause: "Parts that must hold together exclude each other: an equality where `contains` was meant beside a pattern that the value does not match, or two values for one field. Or every event that it asks for is one of another template type, or of none that can be told.",
        harm: "The rule compiles, loads and never fires, whatever happens on the machine. Its tests of silence all pass.",
        cure: "Loosen one of the parts that the finding names, and write a test that fires.",
    }
    /// A condition that holds on every event
    TAUTOLOGY = "CC0612" "tautology" Warning {
        cause: "The parts of the condition leave nothing out: one of them holds wherever another does not.",
        harm: "The rule fires on every event of its template type. A response attached to it hits everything.",
        cure: "Make the condition select something; where every event is meant, ask for the event's id alone.",
    }
    /// A filter that never applies
    DEAD_FILTER = "CC0613" "dead-filter" Warning {
        cause: "What a filter or another negated part is to exclude is never selected: a path is spelled as no selected value is, or the filter was copied from another rule.",
        harm: "The exception is not made, and the rule fires on what its author took for harmless.",
        cure: "Write the filter so that it excludes something which the selection has, or remove it.",
    }
    /// A filter that excludes all that is selected
    SWALLOWING_FILTER = "CC0614" "swallowing-filter" Warning {
        cause: "What is excluded, by a filter or by another negated part, is all that the rest selects: it is too wide, contradicts the rest, or an empty string stands in its list.",
        harm: "The rule, or this branch of it, never fires, while its selection looks right.",
        cure: "Narrow the filter, and write a test that fires.",
    }
    /// A filter that other filters make redundant
    COVERED_FILTER = "CC0615" "covered-filter" Info {
        cause: "Other filters of the rule exclude all that this one does.",
        harm: "It costs, and whoever narrows it changes nothing.",
        cure: "Remove it, or the wider one where only this was meant.",
    }
    /// A branch that holds only where another one does
    COVERED_BRANCH = "CC0616" "covered-branch" Info {
        cause: "One alternative asks for more than another one, or for a longer string that has the shorter one in it.",
        harm: "It adds no detection. Often the wider alternative is wider than its author knows.",
        cure: "Remove it, or narrow the wider one.",
    }
    /// A branch that contradicts itself or the rest
    IMPOSSIBLE_BRANCH = "CC0617" "impossible-branch" Warning {
        cause: "One alternative can never hold together with the rest of the condition.",
        harm: "A part of the detection is missing, and nobody notices while the other alternatives still fire.",
        cure: "Loosen what it asks for, or remove it.",
    }
    /// A list value that others of its list cover
    COVERED_VALUE = "CC0618" "covered-value" Info {
        cause: "Every string that matches the value matches another one of the same list, such as `\\bin\\sh` beside `sh`.",
        harm: "It adds no detection. Often the shorter value is wider than its author knows.",
        cure: "Remove the value, or the shorter one where that is too wide.",
    }
    /// A part that holds whenever the rest does
    IMPLIED_PART = "CC0619" "implied-part" Info {
        cause: "The other parts of the condition can only hold where this one does.",
        harm: "It looks like a restriction and restricts nothing.",
        cure: "Remove it, or write the restriction that was meant.",
    }
    /// A rule whose events another rule has all
    SHADOWED_RULE = "CC0620" "shadowed-rule" Info {
        cause: "Another rule of at least the same level fires on every event on which this one does.",
        harm: "Each match is reported twice, and no match is found by this rule alone.",
        cure: "Remove it, raise its level above that of the wider rule, or filter its events out there.",
    }
    /// Two rules that fire on the same events
    EQUIVALENT_RULES = "CC0621" "equivalent-rules" Warning {
        cause: "The conditions are written in different ways and mean the same.",
        harm: "Every match is reported twice, and tuning one leaves the other.",
        cure: "Remove one, or make them differ.",
    }
    /// A list value on which nothing depends
    DEAD_VALUE = "CC0622" "dead-value" Info {
        cause: "The rest of the condition leaves nothing to the value: a filter excludes all that it matches, nothing that it would exclude is selected, or another alternative or filter has all that it would find.",
        harm: "Where a filter excludes it or nothing selects it, a detection or an exception that stands in the list is not made, and nobody notices while the other values work. Where another part has it, the value only costs, and whoever changes it changes nothing.",
        cure: "Remove the value, or change the part that leaves nothing to it.",
    }
    /// A value that does not look like those of its field
    UNLIKELY_VALUE = "CC0623" "unlikely-value" Info {
        cause: "The field has values of one form, such as full paths, and the value is written in another one. This is what is known of the field and no proof: an event may have another value.",
        harm: "The predicate is most likely false on every event.",
        cure: "Write the value as the field has it, or compare a part of it.",
    }
    /// Two negations that cancel out
    DOUBLE_NEGATION = "CC0624" "double-negation" Warning {
        cause: "A `not` stands directly before another one, also with parentheses between them.",
        harm: "The rule means the opposite of what one of the two was written for.",
        cure: "Remove both, or the one that is too many.",
    }
    /// A predicate that the template type decides
    DECIDED_PREDICATE = "CC0625" "decided-predicate" Warning {
        cause: "The template type says under `reads` which values the name has, and all of them give the predicate the same answer.",
        harm: "A part that is always true restricts nothing, and one that is always false finds nothing; a `not` before it turns one into the other.",
        cure: "Remove the predicate, or read what differs between events.",
    }
}

/// The codes that only an analysis reports: where none was made, nothing is known of them.
pub static BY_ANALYSIS: &[&Code] = &[
    &CONTRADICTION,
    &TAUTOLOGY,
    &DEAD_FILTER,
    &SWALLOWING_FILTER,
    &COVERED_FILTER,
    &COVERED_BRANCH,
    &IMPOSSIBLE_BRANCH,
    &COVERED_VALUE,
    &IMPLIED_PART,
    &SHADOWED_RULE,
    &EQUIVALENT_RULES,
    &DEAD_VALUE,
    &UNLIKELY_VALUE,
];
