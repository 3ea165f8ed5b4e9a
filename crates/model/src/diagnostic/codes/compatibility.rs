//! 04xx: arity and compatibility with the sensors of the fleet.

codes! {
    /// A sensor does not supply an input that the rule reads
    UNSUPPLIED_INPUT = "CC0401" "unsupplied-input" Error {
        cause: "The rule mentions a field that this sensor version does not supply for the template type: the field came with a later version, or left with an earlier one.",
        harm: "This is the 21st field. On 19 July 2024 a rule read an input that the sensor did not supply, and 8.5 million machines stopped.",
        cure: "Restrict the rule to the sensors that supply the field (`sensors: \">=...\"`), or do not read it.",
    }
    /// A position beyond the supplied arity
    POSITION_BEYOND_ARITY = "CC0402" "position-beyond-arity" Error {
        cause: "The rule reads an input by number, and this sensor supplies fewer inputs for the template type.",
        harm: "A reader without a bounds check reads past the end of the inputs.",
        cure: "Read the field by name, and restrict the rule to sensors that supply it.",
    }
    /// A position that means another field on a sensor
    POSITION_SHIFTED = "CC0403" "position-shifted" Error {
        cause: "The rule reads by number, and this sensor supplies another field at that position: an input was inserted or removed before it.",
        harm: "The rule compares the wrong field, silently: it misses what it should find and fires on what it should not.",
        cure: "Read the field by name.",
    }
    /// A sensor supplies the input under another type
    INPUT_TYPE_DIFFERS = "CC0404" "input-type-differs" Error {
        cause: "The sensor supplies the field, but its manifest gives it another type than the template type declares; a \
                field that an open template type does not declare is a string. Or the rule reads such a field, and another \
                version of the template type declares it as something else.",
        harm: "The comparison is made on a value of another type, or faults.",
        cure: "Align the template type with the sensor, or restrict the rule to the sensors that agree.",
    }
    /// No sensor of the fleet supplies the template type
    UNSUPPLIED_TEMPLATE = "CC0405" "unsupplied-template" Info {
        cause: "No sensor of the fleet has the template type that the rule needs.",
        harm: "The rule is dead weight on every machine of this fleet.",
        cure: "Add the sensor to the fleet, or leave the rule out of this release.",
    }
    /// A `sensors` constraint that selects no sensor of the fleet
    NO_SENSOR_SELECTED = "CC0406" "no-sensor-selected" Warning {
        cause: "The rule restricts itself to sensor versions that the fleet does not have.",
        harm: "The rule never runs.",
        cure: "Widen the constraint, or leave the rule out of this release.",
    }
    /// A sensor manifest or fleet file is wrong
    INVALID_MANIFEST = "CC0407" "invalid-manifest" Error {
        cause: "The manifest is not valid JSON, lacks a required member, has an unknown one, or contradicts itself.",
        harm: "Nothing can be said about what this sensor supplies.",
        cure: "Generate the manifest from the sensor build; `contentcheck schema sensor-manifest` prints its schema.",
    }
    /// Content exceeds a capacity of a sensor
    OVER_CAPACITY = "CC0408" "over-capacity" Error {
        cause: "The sensor states how much it can hold, and this content needs more. Of steps for each byte of an event, a sensor that states nothing takes 65,536, and one rule alone can need more: hundreds of values with wildcards, keywords that are no plain words, long repeats.",
        harm: "The 201st feature: a sensor that preallocated for 200 stops on 201.",
        cure: "Reduce the content, split it by sensor, or ship a sensor with a larger capacity first.",
    }
    /// A field that nobody declares and no sensor of the fleet supplies
    UNKNOWN_INPUT = "CC0409" "unknown-input" Info {
        cause: "The template type is open, so a rule may read fields that it does not declare. This one no version of the \
                template type declares and no sensor of the fleet supplies: it is misspelt, or nothing records it.",
        harm: "On this fleet the field is absent from every event: the comparison never holds, and what excludes by it excludes nothing.",
        cure: "Correct the name, or declare the field in the template type so that every sensor has to supply it.",
    }
    /// A sensor misspells a template type that rules need
    MISSPELT_SUPPLY = "CC0410" "misspelt-supply" Error {
        cause: "The manifest of the sensor names a template type that no content knows, and lacks one with nearly the same name: one of the two is misspelt.",
        harm: "The sensor loads the image without the rules on that template type. It runs, reports no fault, and sees nothing of these events.",
        cure: "Correct the name in the manifest, which means in the sensor build that generates it, or in the content.",
    }
}
