//! 01xx: syntax, encoding and limits.

codes! {
    /// The file is larger than content may be
    FILE_TOO_LARGE = "CC0101" "file-too-large" Error {
        cause: "A data dump or a generated list was saved as content, or a file grew without anybody looking.",
        harm: "A sensor that preallocates for content of a known size refuses the file or dies on it, as a doubled feature file showed on 18 November 2025.",
        cure: "Split the content into several files; move long lists into a table with a declared capacity.",
    }
    /// The file is empty
    EMPTY_FILE = "CC0102" "empty-file" Error {
        cause: "A write was interrupted, or a generator produced nothing.",
        harm: "An empty file that counts as content silently removes every rule that it held.",
        cure: "Restore the file, or delete it if its rules are meant to go.",
    }
    /// The file is not UTF-8 text
    NOT_UTF8 = "CC0103" "not-utf8" Error {
        cause: "The file was saved as UTF-16 or in a local code page, or it is not text at all.",
        harm: "Two readers would read two different rules out of the same bytes.",
        cure: "Save the file as UTF-8 without a byte order mark.",
    }
    /// The file holds a control character
    CONTROL_CHARACTER = "CC0104" "control-character" Error {
        cause: "A NUL byte or another control character was pasted in, or the file is damaged. Or a line is broken by U+0085, U+2028 or U+2029, which not every reader and editor takes for an end of line. Or an escape puts a control character, a direction mark or a line break into a title, a name or another attribute.",
        harm: "Readers in C end the text at a NUL byte and would load half of the rule. In a title, such a character changes what a terminal, a log or a CI system shows.",
        cure: "Remove the character; write it as an escape (`\\x00`) where the condition of a rule needs it.",
    }
    /// The file could not be read
    UNREADABLE = "CC0105" "unreadable" Error {
        cause: "Missing permission, a broken link, a device or pipe instead of a file, or a file that changed while it was read.",
        harm: "Content that was not read was not checked.",
        cure: "Make the file readable, or exclude it by name.",
    }
    /// Too many findings in one file; the rest is not shown
    TOO_MANY_FINDINGS = "CC0106" "too-many-findings" Error {
        cause: "One early mistake confuses everything after it, or the file is not content.",
        harm: "Findings beyond the limit are counted but not shown. Where some of them are errors this is one, and no rule of the file ships; else it is a warning.",
        cure: "Fix the first findings and run again. Where the code that floods the file is of no use to you, set its severity to off.",
    }
    /// The directory tree could not be walked completely
    UNWALKABLE = "CC0107" "unwalkable" Error {
        cause: "A directory may not be read, links form a loop, or the tree is deeper or larger than the limits.",
        harm: "Files below it were not checked.",
        cure: "Make the directory readable, remove the loop, or exclude it by name.",
    }
    /// A limit of the language is exceeded
    LIMIT_EXCEEDED = "CC0108" "limit-exceeded" Error {
        cause: "Nesting, a value, a list or a condition is larger than any sensor could evaluate in bounded time and memory.",
        harm: "Unbounded content is unbounded work on every machine that loads it.",
        cure: "Split the rule, or move the values into a table. docs/language.md lists the limits.",
    }
    /// The YAML cannot be read
    YAML_SYNTAX = "CC0110" "yaml-syntax" Error {
        cause: "Indentation, a quote or a bracket is wrong. Or a tag, such as `!!binary`, says that a value is not what is written. Or a value begins with `&`, and what follows is read as the name of an anchor.",
        harm: "No reader can load the rule, or readers that know the tag load another one.",
        cure: "Fix the line that the message names; quote values that hold `:`, `#`, `*`, `&`, `!`, `{` or `[`. Remove tags.",
    }
    /// A YAML mapping has the same key twice
    YAML_DUPLICATE_KEY = "CC0111" "yaml-duplicate-key" Error {
        cause: "A selection or an attribute was pasted a second time.",
        harm: "Some readers take the first, some the last, some none: the rule means different things on different sensors.",
        cure: "Merge the two, or rename one.",
    }
    /// YAML aliases expand beyond the limit
    YAML_ALIAS = "CC0112" "yaml-alias" Error {
        cause: "Anchors and aliases refer to each other in a way that multiplies the document, or to an anchor that is not there.",
        harm: "A file of a few hundred bytes can ask for gigabytes of memory.",
        cure: "Write the values out.",
    }
    /// The document is not a Sigma rule
    NOT_A_RULE = "CC0113" "not-a-rule" Error {
        cause: "The document is not a mapping, or has none of `detection`, `correlation` and `filter`. Or it is `action: global`, and no document follows that it is for. Or a file that is called as files of tests are (`x.test.yml`) holds a rule or a filter.",
        harm: "A file that was meant to detect something detects nothing.",
        cure: "Add the missing section, remove `action: global`, or exclude the file by name.",
    }
    /// An attribute has the wrong shape
    WRONG_SHAPE = "CC0114" "wrong-shape" Error {
        cause: "A list stands where a string is expected, or the other way round.",
        harm: "Readers drop or misread the attribute.",
        cure: "Write the attribute in the shape that the message names.",
    }
    /// The condition cannot be read
    CONDITION_SYNTAX = "CC0115" "condition-syntax" Error {
        cause: "An operator, an operand or a parenthesis is missing or misspelt.",
        harm: "The rule cannot be evaluated.",
        cure: "Fix the condition at the place shown.",
    }
    /// A deprecated aggregation expression
    DEPRECATED_AGGREGATION = "CC0116" "deprecated-aggregation" Error {
        cause: "The condition counts events with `| count() by ...`, a form that Sigma removed in favour of correlation rules.",
        harm: "Engines ignore it or refuse the rule; one that ignores it fires on every single event.",
        cure: "Move the counting into a correlation rule (`type: event_count`).",
    }
    /// Unknown modifier
    UNKNOWN_MODIFIER = "CC0117" "unknown-modifier" Error {
        cause: "A modifier after `|` is misspelt or belongs to another tool.",
        harm: "Engines that ignore unknown modifiers compare the value in another way than meant.",
        cure: "Use one of the modifiers of Sigma 2.1.",
    }
    /// Modifiers that cannot be combined
    INCOMPATIBLE_MODIFIERS = "CC0118" "incompatible-modifiers" Error {
        cause: "Two modifiers ask for different comparisons of the same value, or stand in an order without meaning.",
        harm: "Each engine obeys another of the two.",
        cure: "Keep the one that is meant.",
    }
    /// Correlation and filter documents do not run yet
    NOT_RUNNABLE = "CC0119" "not-runnable" Warning {
        cause: "The document is a correlation or a filter. It is read and validated, but this version does not carry it out. Wherever rules run or ship it is an error, and the rules that it is for do not ship. What could not be read and may be such a document is for any rule, so no Sigma rule ships beside it.",
        harm: "What it detects is not detected by content compiled with this version.",
        cure: "Take the document and its rules out of the release with `exclude`, or write the condition into the rules.",
    }
    /// A value that the modifier cannot take
    INVALID_VALUE = "CC0120" "invalid-value" Error {
        cause: "The value is not of the form that its modifier needs, such as a network after `cidr` or a number after `lt`.",
        harm: "The comparison can never be true, or the engine refuses the rule.",
        cure: "Write the value in the form that the message names.",
    }
    /// A plain YAML scalar that readers take for different values
    AMBIGUOUS_SCALAR = "CC0121" "ambiguous-scalar" Warning fixable {
        cause: "An unquoted `yes`, `off`, `010`, `1_000`, `12:30` or `2024-01-01` is a string or one number in YAML 1.2 and a boolean, a date or another number in YAML 1.1. Or a number is compared as a string, and is not written as numbers are: `1.10` is 1.1.",
        harm: "The same rule compares with `no` in one engine and with `false` in another.",
        cure: "Quote the value.",
    }
    /// A selection without content
    EMPTY_SELECTION = "CC0122" "empty-selection" Error {
        cause: "A selection was emptied while editing, or its lines lost their indentation.",
        harm: "An empty selection matches everything in some engines and nothing in others.",
        cure: "Give the selection a field or a keyword, or remove it.",
    }
    /// A field with an empty list of values
    EMPTY_VALUES = "CC0123" "empty-values" Error {
        cause: "All values were removed, or a generator had none.",
        harm: "An emptied list turns a condition into one that matches nothing, or everything.",
        cure: "Give the field a value; write `null` for an absent field and '' for an empty string.",
    }
    /// `all` on a single value
    ALL_OF_ONE = "CC0124" "all-of-one" Warning fixable {
        cause: "Values were removed from a list, or a YAML duplicate key was worked around.",
        harm: "The specification forbids it, and some engines refuse the rule.",
        cure: "Leave `all` out.",
    }
    /// `null` among other values
    NULL_IN_LIST = "CC0125" "null-in-list" Info {
        cause: "A list of values holds `null` or an empty entry, often a line that lost its value.",
        harm: "Here the item is also true where the field is absent. Other engines compare with the string `null`, drop the entry or refuse the rule.",
        cure: "Give the absent field a selection of its own, `field: null`, or remove the empty entry.",
    }
    /// A wildcard that is escaped by a path's backslash
    ESCAPED_WILDCARD = "CC0126" "escaped-wildcard" Warning {
        cause: "A path ends in `\\*`. A backslash before `*` or `?` takes away its meaning, so this asks for the character itself and for no backslash. Or a value begins with `\\\\server\\`, where `\\\\` is an escape for one backslash.",
        harm: "No file name holds a star, so the value never matches, while it reads as if it matched everything below the directory. No path of a share begins with one backslash.",
        cure: "Write `\\\\*` for a backslash and a wildcard. If the star itself is meant, accept the finding; for a backslash and a star write `\\\\\\*`. A share begins with `\\\\\\\\`.",
    }
    /// A value with a character at its edge or inside that no log has there
    STRAY_CHARACTER = "CC0127" "stray-character" Warning {
        cause: "A space, a quote or a comma was left at the edge when the value was cut out of a longer string, a character that cannot be seen was copied with it, the text was damaged and has U+FFFD where a character was, or YAML turned `\\t`, `\\n`, `\\_` or `\\P` between double quotes into something else.",
        harm: "The whole value, or its beginning, is compared, so the character decides and the value hardly ever matches.",
        cure: "Compare with `contains` where a part of the value is meant, such as an option of a command line; without the space it would be compared whole as well. Else remove the character. In YAML write paths in single quotes. A character that is meant is written as an escape.",
    }
    /// A piece of base64 compared with a whole value
    ENCODED_WHOLE = "CC0128" "encoded-whole" Warning {
        cause: "`base64offset` stands without `contains`. It makes the pieces that a string leaves inside a longer encoded text, cut at both ends.",
        harm: "A piece never equals the whole value, so the item is false on every event.",
        cure: "Add `contains`, or use `base64` if the encoded value is the whole.",
    }
    /// The name of a field is one that events do not have
    ODD_FIELD_NAME = "CC0129" "odd-field-name" Warning {
        cause: "A space was left before the `|`, the name has a wildcard or the selector of an array (`[any]`, `[0]`), which Sigma 2.1 does not have, or it is what an exporter calls the field, such as `winlog.event_data.Image`.",
        harm: "A field is read that no event has: every character before the `|` is part of the name, and records are read without what exporters put around it.",
        cure: "Write the name of the field alone, as the event itself has it, and the names of nested fields with dots.",
    }
    /// The native content cannot be read
    SYNTAX = "CC0130" "syntax" Error {
        cause: "A word or a sign stands where the language has no place for it.",
        harm: "The declaration cannot be loaded.",
        cure: "Write what the message expects at this place. docs/language.md has the grammar.",
    }
    /// A string or comment is not closed
    UNTERMINATED = "CC0131" "unterminated" Error {
        cause: "The closing quote or bracket is missing.",
        harm: "Everything up to the end of the line or file is swallowed.",
        cure: "Close it where it should end.",
    }
    /// A single `=` where a comparison is meant
    SINGLE_EQUALS = "CC0132" "single-equals" Error {
        cause: "`=` means assignment or comparison depending on the language; here it is only used by `let` and `list`.",
        harm: "In languages that accept both, the wrong one compiles.",
        cure: "Write `==` to compare.",
    }
    /// Unknown escape in a string
    INVALID_ESCAPE = "CC0133" "invalid-escape" Error fixable {
        cause: "A backslash is followed by a character that has no escape; often a Windows path in a plain string.",
        harm: "`\\t` in `C:\\temp` would become a tab, and the rule would never match.",
        cure: "Use a raw string, r\"C:\\temp\", or double the backslash.",
    }
    /// A number that cannot be represented
    INVALID_NUMBER = "CC0134" "invalid-number" Error {
        cause: "The number is beyond 64 bits, or has digits that its base does not have.",
        harm: "A number that wraps compares as another number.",
        cure: "Use a number between -2^63 and 2^63-1.",
    }
    /// A comparison chain
    CHAINED_COMPARISON = "CC0135" "chained-comparison" Error {
        cause: "`1 < x < 5` was written as in mathematics.",
        harm: "Languages that accept it compare the result of the first comparison with the second number.",
        cure: "Write `1 < x and x < 5`.",
    }
    /// A string in single quotes
    SINGLE_QUOTES = "CC0136" "single-quotes" Error fixable {
        cause: "The string was written as in SQL, YAML or a shell.",
        harm: "Languages differ in what a backslash means between single quotes, so a copied path would silently change.",
        cure: "Write \"...\", or a raw string r\"...\" if it holds backslashes.",
    }
    /// `and` and `or` are mixed without parentheses
    MIXED_AND_OR = "CC0137" "mixed-and-or" Warning fixable {
        cause: "A condition grew by one more `or` behind an `and`.",
        harm: "`and` binds tighter than `or`; who reads it the other way sees a filter apply where it does not.",
        cure: "Put parentheses around what belongs together; `contentcheck lint --diff` shows how it is read.",
    }
    /// A key that the language does not have
    UNKNOWN_KEY = "CC0138" "unknown-key" Error {
        cause: "The key is misspelt, or belongs to another language.",
        harm: "An attribute that nobody reads gives a false idea of what the rule does.",
        cure: "Use a key that docs/language.md lists.",
    }
    /// A key is given twice
    DUPLICATE_KEY = "CC0139" "duplicate-key" Error {
        cause: "An attribute, a condition, a field of a test or a value of `reads` was pasted a second time; a string in another case is the same value.",
        harm: "Which of the two counts would depend on the reader.",
        cure: "Keep one of them.",
    }
    /// A value is written as a pattern of another operator
    FOREIGN_PATTERN = "CC0140" "foreign-pattern" Warning {
        cause: "The value has the wildcards or the signs of a regex, and the operator takes them as they are written: `==`, `in`, `contains`, `starts_with` and `ends_with` have no wildcards, those of `like` are `*` and `?`, and a value in a Sigma rule is a regex only with `re`.",
        harm: "The rule looks for the signs themselves, which events hardly ever have, so it looks right and never matches.",
        cure: "Use `like` for wildcards and `matches` for a regex, in Sigma `re`, or remove the signs.",
    }
    /// A word with letters that look like those of another script
    MIXED_SCRIPTS = "CC0141" "mixed-scripts" Warning {
        cause: "The word was copied from a page that imitates it, such as one for phishing, or typed with another keyboard: a Cyrillic `с` looks like a Latin `c`, and `ｃ` is as wide as two. Word processors and PDF files write other signs too: `‑` for `-`, `∗` for `*`, `：` for `:`, and one character for `fi`.",
        harm: "It is compared by its characters, so it never equals what it looks like; `∗` is no wildcard.",
        cure: "Type the word again. If the characters are what the rule looks for, write them as escapes between double quotes.",
    }
    /// Several values in one string
    VALUES_IN_STRING = "CC0142" "values-in-string" Warning {
        cause: "A list or a range was written within quotes, as in `'4624, 4625'`, `4624-4634` or `'[\"a\",\"b\"]'`.",
        harm: "It is one string with commas, brackets or a dash in it, and no event has that.",
        cure: "Write the values as a list of YAML, one after the other. For a range write `gte` and `lte`.",
    }
    /// A question mark of an address is a wildcard
    QUERY_WILDCARD = "CC0143" "query-wildcard" Warning {
        cause: "A part of a URL was copied with the `?` before its query, as in `x.php?id=`.",
        harm: "`?` stands for any one character, so the value matches more than the address it shows.",
        cure: "Write `\\?` for the question mark itself. In a field that has the query alone, such as `cs-uri-query`, no `?` stands before it: leave it out.",
    }
    /// The last value of a file has no line end
    OPEN_END = "CC0144" "open-end" Warning {
        cause: "The file was cut off while it was written or copied, or an editor wrote it that ends no last line.",
        harm: "What is left of a value that has no quotes looks whole: a shorter one matches more, and a filter that lost its end hides more. Values after it are missing.",
        cure: "Hold the file against its source. Where it is whole, end the last line with a line break.",
    }
    /// A value ends elsewhere than it seems to
    VALUE_EXTENT = "CC0145" "value-extent" Warning {
        cause: "A line that is indented further than the value above it is more of that value, `- ` included; and a `#` behind a space begins a comment.",
        harm: "The value is longer or shorter than the one that was meant: values are lost in it, and what is cut off is not looked for.",
        cure: "Put each value on a line of its own, below the one before it. Quote a value that has a `#` in it; write a comment with a space behind its `#`.",
    }
    /// A key that a global document and another one give
    GLOBAL_TWICE = "CC0146" "global-twice" Warning {
        cause: "A document behind `action: global` gives a key that the global document gives too, with another value.",
        harm: "Readers differ on which of the two holds: here the document's own does, and pySigma takes the global one's, so one file is two rules.",
        cure: "Give the key in one of the documents alone: leave it out of the global one, and write it into each document that it is for.",
    }
    /// A path in a regex with single backslashes
    REGEX_PATH = "CC0147" "regex-path" Warning {
        cause: "A path was put into a regex as it is, as in `C:\\Windows\\System32`, where `\\W` is any character but a letter or digit and `\\S` any but a space; or its backslashes were doubled twice.",
        harm: "No path matches: the regex asks for other characters where the backslashes are.",
        cure: "Write `\\\\` for a backslash of a path, and `\\.` for its dot; or compare with `contains` or `endswith`, which take a path as it is.",
    }
    /// YAML that other readers refuse, or read otherwise
    OTHER_YAML = "CC0148" "other-yaml" Warning {
        cause: "YAML 1.2 lets a tab stand where a space may stand, lets a value without quotes have a `?`, or begin with `:`, between brackets, lets a document follow `...` without `---`, an anchor be there twice or have any letters, and a key between brackets go on to the next line. Readers of YAML 1.1, such as PyYAML, do not; pySigma reads rules with it.",
        harm: "What is checked here is another rule there, or none.",
        cure: "Write a space for the tab, quote the value, begin the document with `---`, rename the anchor, or write the key on one line.",
    }
    /// Sigma that other readers refuse
    OTHER_SIGMA = "CC0149" "other-sigma" Warning {
        cause: "Words of conditions are in lower case, and names in them have letters from `a` to `z`, digits, `_` and `-`. Modifiers are applied in the order in which they stand: what comes after `contains` sees a value with wildcards, and `re` takes one that nothing has touched. Those that change or search a string take no number and no boolean, and those of a time no string. A document with the key `filter` or `correlation` is a filter or a correlation. A name such as `1` or `yes` is a number or a boolean without quotes. Here `OR` is read as `or`, modifiers in any order that can mean one thing alone, such a key beside `detection` as an attribute of one's own where a scalar stands behind it, and each name and each such value as it is written. Others, such as pySigma, refuse the rule.",
        harm: "The rule is none elsewhere, and whoever takes it over finds that out there.",
        cure: "Write the words in lower case, the modifiers in the order that the message names, name selections with letters that all know, quote strings and nothing else, and call such an attribute otherwise.",
    }
}
