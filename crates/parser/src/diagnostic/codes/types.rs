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
        cause: "The value is not of the field's type, such as a text compared with an integer field.",
        harm: "The comparison can never be true.",
        cure: "Write the value in the type of the field.",
    }
    /// Two fields of different types are compared
    FIELD_TYPES_DIFFER = "CC0303" "field-types-differ" Error {
        cause: "A field is compared with a field of another type.",
        harm: "There is no implicit conversion, so the comparison can never be true.",
        cure: "Compare fields of the same type.",
    }
}
