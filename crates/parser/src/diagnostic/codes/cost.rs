//! 05xx: cost, size and capacity.

codes! {
    /// The regular expression cannot be compiled
    INVALID_REGEX = "CC0501" "invalid-regex" Error {
        cause: "The expression has a syntax error, or uses a construct (backreference, look-around) that no engine can match in linear time.",
        harm: "The rule cannot be loaded, or its cost on hostile input is unbounded.",
        cure: "Rewrite the expression; the message names the construct and its place.",
    }
    /// The regular expression explodes on hostile input
    REGEX_BACKTRACKS = "CC0502" "regex-backtracks" Error {
        cause: "Repeats are nested or adjacent and can match the same text in many ways, such as `(a+)+` or `.*.*`.",
        harm: "A backtracking engine tries all of the ways. On 2 July 2019 such an expression took every processor of a global network for 27 minutes.",
        cure: "Leave out the inner or the second repeat; it matches nothing more.",
    }
    /// The regular expression is too large
    REGEX_TOO_LARGE = "CC0503" "regex-too-large" Error {
        cause: "Counted repeats multiply: `(a{1000}){1000}` stands for a million letters.",
        harm: "Compiling or matching it takes memory and time beyond what a sensor has.",
        cure: "Lower the counts, or match a prefix.",
    }
    /// The values expand beyond the limit
    EXPANSION_TOO_LARGE = "CC0504" "expansion-too-large" Error {
        cause: "Modifiers such as `windash` and `base64offset` multiply each value.",
        harm: "A rule of a few lines becomes megabytes on every sensor.",
        cure: "Use fewer values or fewer expanding modifiers.",
    }
    /// Too many wildcards in one pattern
    TOO_MANY_WILDCARDS = "CC0505" "too-many-wildcards" Error {
        cause: "A pattern alternates literals and `*` many times.",
        harm: "Matching costs grow with each wildcard on hostile input.",
        cure: "Match the decisive parts with separate predicates.",
    }
    /// A table is over its declared capacity
    TABLE_OVER_CAPACITY = "CC0510" "table-over-capacity" Error {
        cause: "The data has more rows than the table declares, often because a query returned each row twice.",
        harm: "A sensor that reserved room for the declared rows stops on one more, as on 18 November 2025.",
        cure: "Find out why the data grew; raise the capacity only with the sensors' capacities in hand.",
    }
    /// A table is empty
    TABLE_EMPTY = "CC0511" "table-empty" Error {
        cause: "The data has no rows: an export failed, or a filter removed everything.",
        harm: "A rule on an empty table never fires, and an allow-list without entries allows nothing.",
        cure: "Restore the data.",
    }
    /// A table row is wrong
    TABLE_ROW = "CC0512" "table-row" Error {
        cause: "A cell is blank or of the wrong type, a row has too many or too few cells, or the data cannot be read.",
        harm: "A blank where a value was required stopped a global control plane on 12 June 2025.",
        cure: "Mend the row that the message names, by row and column.",
    }
    /// A table key occurs twice
    TABLE_DUPLICATE_KEY = "CC0513" "table-duplicate-key" Error {
        cause: "Two rows have the same key, often because a query lost a filter and returned rows of two databases.",
        harm: "Which row counts depends on the reader, and the table has twice its size.",
        cure: "Remove one of the rows.",
    }
    /// The table data is missing
    TABLE_MISSING = "CC0514" "table-missing" Error {
        cause: "The file that the table names is not there, lies outside the release, or cannot be read.",
        harm: "Rules that look up in the table cannot be checked or compiled.",
        cure: "Add the file inside the release, or correct its name.",
    }
    /// A table's columns are declared wrongly
    TABLE_COLUMN = "CC0515" "table-column" Error {
        cause: "The table has no key or several, or a column of a type that a cell cannot hold.",
        harm: "Without one exact key a lookup has no answer, or several.",
        cure: "Mark one required column, not a float, as `key`; give each column a single value.",
    }
}
