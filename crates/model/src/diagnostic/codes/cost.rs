//! 05xx: cost, size, capacity; from CC0520 on the content image.

codes! {
    /// The regex cannot be compiled
    INVALID_REGEX = "CC0501" "invalid-regex" Error {
        cause: "The regex has a syntax error, or uses a construct (backreference, look-around) that no engine can match in linear time.",
        harm: "The rule cannot be loaded, or its cost on hostile input is unbounded.",
        cure: "Rewrite the regex; the message names the construct and its place.",
    }
    /// The regex explodes on hostile input
    REGEX_BACKTRACKS = "CC0502" "regex-backtracks" Error {
        cause: "Repeats are nested or adjacent and can match the same text in many ways, such as `(a+)+` or `.*.*`.",
        harm: "A backtracking engine tries all of the ways. On 2 July 2019 such a regex took every processor of a global network for 27 minutes.",
        cure: "Leave out the repeat that the help names; the regex matches the same without it. Where none is named, rewrite the regex so that no two repeats can take the same text.",
    }
    /// The regex is too large
    REGEX_TOO_LARGE = "CC0503" "regex-too-large" Error {
        cause: "Counted repeats multiply: `(a{1000}){1000}` stands for a million letters.",
        harm: "Compiling or matching it takes memory and time beyond what a sensor has.",
        cure: "Lower the counts, or match a prefix.",
    }
    /// The values expand beyond the limit
    EXPANSION_TOO_LARGE = "CC0504" "expansion-too-large" Error {
        cause: "Modifiers such as `windash` and `base64offset` multiply each value; so does each use of a list, a binding or a selection, and each template type that the log source stands for.",
        harm: "A rule of a few lines becomes megabytes on every sensor.",
        cure: "Use fewer values or fewer expanding modifiers, name each binding and selection once, or put the values into a table.",
    }
    /// Too many wildcards in one pattern
    TOO_MANY_WILDCARDS = "CC0505" "too-many-wildcards" Error {
        cause: "A pattern alternates literals and `*` many times.",
        harm: "Matching costs grow with each wildcard on hostile input.",
        cure: "Match the decisive parts with separate predicates.",
    }
    /// A rule costs much of its template type
    COSTLY_RULE = "CC0506" "costly-rule" Warning {
        cause: "Of what evaluating an event of a template type can cost at most, one rule alone takes more than a tenth: keywords, which are looked for in every value of an event, or long lists of wildcards and repeats that nothing rare stands before.",
        harm: "Every event of the template type pays for it on every device, whatever the other rules are.",
        cure: "Name the field that the values are in, and a category or an event id instead of a whole product; say what is the same in all values once, with a value that is rare.",
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
        cause: "A cell is blank or of the wrong type, a key has a hidden character or a space at an end, so that no event has it, a row has too many or too few cells, or the data cannot be read.",
        harm: "An empty cell where a value was required stopped a global control plane on 12 June 2025.",
        cure: "Fix the row that the message names, by row and column.",
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
    /// The last row of a table has no line end
    TABLE_OPEN_END = "CC0516" "table-open-end" Warning {
        cause: "The data was cut off while it was written or copied, or a program wrote it that ends no last line.",
        harm: "What is left of a row can look whole: a shorter name, a hash that is none. Rows after it are missing, and rules that look into the table miss what they held.",
        cure: "Hold the data against its source. Where it is whole, end the last row with a line break.",
    }
    /// A quote is astray in the data of a table
    TABLE_QUOTE = "CC0517" "table-quote" Error {
        cause: "A cell begins with a quote that nothing closes, or a quote stands inside of a cell that has none around it, or text stands behind a closing quote. The data was put together by hand, or cut off.",
        harm: "Up to the next quote every line is a part of one cell: rows are gone, and rules that look into the table miss what they held.",
        cure: "Put quotes around the whole cell and write each quote in it twice, as RFC 4180 says. Where the data is cut off, fetch it again.",
    }
    /// A cell of a table holds a line break
    TABLE_LINE_BREAK = "CC0518" "table-line-break" Warning {
        cause: "A quoted cell goes on over the end of its line: the value has a line break, or two quotes are astray and the rows between them are in the cell.",
        harm: "No event has the value of such a cell, and the rows that are in it are not in the table.",
        cure: "Remove the quotes that are astray. A value that has a line break cannot be looked up in an event's field: write it on one line.",
    }
    /// The file is not a content image
    NOT_AN_IMAGE = "CC0520" "not-an-image" Error {
        cause: "The first bytes are not those of a content image: another file was named, or the file is empty or all zeros.",
        harm: "A sensor that took such bytes for content would read numbers and addresses out of them.",
        cure: "Name the file that `contentcheck compile -o` wrote; fetch it again if this is the one.",
    }
    /// The image has another format version
    IMAGE_VERSION = "CC0521" "image-version" Error {
        cause: "The image was compiled for another version of the interpreter.",
        harm: "Records of another version lie elsewhere and mean something else; none of it may be guessed at.",
        cure: "Compile the release with the version that the sensors have. The source of content is the release, never an image.",
    }
    /// The image is cut off, or something was added
    IMAGE_LENGTH = "CC0522" "image-length" Error {
        cause: "The header states another length than the file has: a download or a write stopped half way, or something was appended.",
        harm: "A sensor that read on would read behind the end of its memory.",
        cure: "Fetch or write the image again; write to a neighbour and rename it when it is whole.",
    }
    /// The image was altered
    IMAGE_CHECKSUM = "CC0523" "image-checksum" Error {
        cause: "The bytes are not those that were written: storage or transport changed some, such as a transfer that rewrites line ends.",
        harm: "A changed byte is a changed rule: it fires on other events, or on none.",
        cure: "Fetch the image again and compare it with the one that was compiled: the same release has the same bytes.",
    }
    /// A record of the image is not as the compiler writes it
    IMAGE_RECORD = "CC0524" "image-record" Error {
        cause: "A section or a record holds what no compiler writes, though the checksum is right: a defect of a compiler, or a forged image.",
        harm: "A jump backward is a loop that never ends, an index too large is a read out of bounds: on a device at boot, again at each boot.",
        cure: "Do not load it. Compile the release again; if that image is rejected too, report it with the section and record of the message.",
    }
    /// A sensor lends too little memory, or its manifest is too large
    SENSOR_MEMORY = "CC0525" "sensor-memory" Error {
        cause: "The code around the interpreter lends less memory than the image asks for, or states more inputs than an event can have.",
        harm: "Nothing is loaded, so the sensor keeps its last good content; with memory taken on trust it would write behind it.",
        cure: "Lend what `binding_slots` and `active_words` of the image ask for; state what the sensor supplies.",
    }
    /// The content is beyond what an image can hold
    IMAGE_TOO_LARGE = "CC0526" "image-too-large" Error {
        cause: "A rule has tens of thousands of predicates, the rules of a template type read tens of thousands of inputs, or the image would pass 4 GiB.",
        harm: "Numbers that do not fit would have to be cut off, and the rule would test something else.",
        cure: "Put values that belong together into one list or a table, or split the release.",
    }
    /// The image asks for a feature that the interpreter does not know
    IMAGE_FEATURE = "CC0527" "image-feature" Error {
        cause: "The image has something that this interpreter has not learnt to read: it is older than the compiler, or the image is for other sensors.",
        harm: "Part of the content would be guessed at, or left out without a word.",
        cure: "`contentcheck compile --for SENSOR` says which rules ask for the feature; give these `sensors:` that know it, or update the sensor.",
    }
    /// The image has no rule, and nobody said that this is meant
    IMAGE_EMPTY = "CC0528" "image-empty" Error {
        cause: "All rules were left out, or the files of the release were not found.",
        harm: "A sensor that loads nothing looks as if all were well.",
        cure: "Find out where the rules are. Where an image of no rules is meant, `contentcheck compile --allow-empty` says so in the image.",
    }
}
