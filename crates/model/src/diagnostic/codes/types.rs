//! 03xx: types.

codes! {
    /// Operator and field type do not fit
    OPERATOR_TYPE = "CC0301" "operator-type" Error {
        cause: "The operator is not defined for the type of the field, such as `contains` on a number.",
        harm: "The comparison has no meaning; engines that guess guess differently.",
        cure: "Use an operator of the field's type.",
    }
    /// Value and field type do not fit
    VALUE_TYPE = "CC0302" "value-type" Error {
        cause: "The value is not of the field's type, such as a string compared with an integer field.",
        harm: "The comparison can never be true.",
        cure: "Write the value in the type of the field.",
    }
    /// Two fields of different types are compared
    FIELD_TYPES_DIFFER = "CC0303" "field-types-differ" Error {
        cause: "A field is compared with a field of another type, or with one that holds several values.",
        harm: "There is no implicit conversion, so the comparison can never be true; and no element of a list is meant more than another.",
        cure: "Compare fields of the same type. Put a list on the left, where each of its elements is compared.",
    }
    /// A number or an address is compared as a string
    NUMBER_AS_TEXT = "CC0304" "number-as-text" Warning {
        cause: "A wildcard, a part of a string or a regex is compared with a field that holds a number or an address.",
        harm: "What the text of a number looks like depends on the recorder: 80, 080 and 0x50 are one port and three strings.",
        cure: "Compare by value: a number, an order, or a network.",
    }
    /// A test event is one that no sensor sends
    INCOMPLETE_EVENT = "CC0305" "incomplete-event" Error {
        cause: "The test names only the fields that the condition reads, a field was added to the template type, or a name under `reads` has a value that no event of it has.",
        harm: "Twenty inputs where twenty-one are declared: such a test shows nothing of real events.",
        cure: "Give the test a value for each field that is not optional, and one that `reads` has under its names.",
    }
}
