//! Every maximum that an input is held to, on one page.
//!
//! A limit is part of the language: content beyond it is rejected with a code, never
//! truncated and never "handled as well as possible". All of them are constants, not
//! settings, so that what passes on one machine passes on every machine.

/// Ways in which the names by which template types claim events may have values that a rule asks for. Of more it is not found out which events of
/// an open template type a rule leaves, and it runs on all of them.
pub const CLAIMED_WAYS: usize = 4_096;

/// Bytes in one content file.
pub const FILE_BYTES: usize = 4 << 20;
/// Bytes in one table data file (CSV or JSON lines).
pub const TABLE_BYTES: usize = 32 << 20;
/// Bytes in one sensor manifest or imported manifest.
pub const MANIFEST_BYTES: usize = 16 << 20;
/// Template types in one sensor manifest.
pub const MANIFEST_TEMPLATES: usize = 20_000;
/// Sensors in one fleet.
pub const FLEET_SENSORS: usize = 1_000;
/// Bytes in a sensor's name or version, and in the name of an input.
pub const SENSOR_NAME_BYTES: usize = 128;
/// Nodes in one XML file.
pub const XML_NODES: u32 = 400_000;
/// Attributes in one XML file.
pub const XML_ATTRIBUTES: usize = 600_000;
/// Attributes of one XML element.
pub const XML_ELEMENT_ATTRIBUTES: usize = 64;
/// Files in one run.
pub const FILES: usize = 200_000;
/// Depth of directories below the one that was named.
pub const DIRECTORY_DEPTH: usize = 64;
/// Depth of nesting in YAML and in native blocks, lists and conditions.
pub const NESTING: usize = 64;
/// Nodes in one YAML file.
pub const YAML_NODES: usize = 400_000;
/// Nodes that aliases may add to one YAML document.
pub const YAML_ALIAS_NODES: usize = 10_000;
/// Documents in one YAML file.
pub const YAML_DOCUMENTS: usize = 1_000;
/// Bytes in one literal value.
pub const LITERAL_BYTES: usize = 64 << 10;
/// Bytes in one value that a rule looks for, after expansion by modifiers: some work on it grows with its square. A regex
/// has a limit of its own.
pub const VALUE_BYTES: usize = 4 << 10;
/// Values in one rule, after expansion by modifiers.
pub const RULE_VALUES: usize = 50_000;
/// Values of all rules of one file: after expansion by modifiers, those of shared lists counted
/// at every use.
pub const FILE_VALUES: usize = 200_000;
/// Bytes in these values.
pub const FILE_VALUE_BYTES: usize = 16 << 20;
/// Values of all rules of one file, those of a binding or selection counted at each use, and once for each template type
/// that a rule runs on: what analysis and compiler make of a file grows with them.
pub const FILE_SPREAD_VALUES: usize = 500_000;
/// Predicates of all rules of one file, counted once for each template type that a rule runs on.
pub const FILE_PREDICATES: usize = 100_000;
/// Named selections or `let` bindings in one rule.
pub const SELECTIONS: usize = 2_000;
/// Bytes in one condition.
pub const CONDITION_BYTES: usize = 64 << 10;
/// Operators and operands in one condition, after `1 of x*` is spread.
pub const CONDITION_NODES: usize = 20_000;
/// Wildcards in one pattern.
pub const PATTERN_WILDCARDS: usize = 64;
/// Bytes in one regular expression.
pub const REGEX_BYTES: usize = 16 << 10;
/// States that one regular expression may need when its counted repeats are spread.
pub const REGEX_STATES: usize = 20_000;
/// Classes such as `\w` in one regular expression.
pub const REGEX_CLASSES: usize = 256;
/// Copies of a part of a regular expression that repeats with counts make where one stands in the other.
pub const REGEX_COPIES: usize = 512;
/// Bytes of all regular expressions of one file.
pub const FILE_REGEX_BYTES: usize = 256 << 10;
/// States that all regular expressions of one file may need together: what analysis and compiler make of a file grows
/// with them.
pub const FILE_REGEX_STATES: usize = 20_000;
/// Work on the automata of all regular expressions of one file, in bytes of states times classes of bytes. It stops no
/// file: beyond it regular expressions become nondeterministic automata, which cost more of each event.
pub const FILE_REGEX_WORK: usize = 192 << 20;
/// The same of all files of a release: 16 of the hardest files, some seconds. All public Sigma rules take a small part of it.
pub const RELEASE_REGEX_WORK: usize = 16 * FILE_REGEX_WORK;
/// Fields in one template type.
pub const TEMPLATE_FIELDS: usize = 1_024;
/// Rows in one table.
pub const TABLE_ROWS: usize = 500_000;
/// Columns in one table.
pub const TABLE_COLUMNS: usize = 64;
/// Bytes on one line of table data: more than a row of the largest cells, each letter escaped.
pub const TABLE_LINE_BYTES: usize = 1 << 20;
/// Bytes in one table cell.
pub const CELL_BYTES: usize = 4 << 10;
/// Declarations in one native file.
pub const DECLARATIONS: usize = 20_000;
/// Diagnostics that are kept for one file; the rest is counted in one closing diagnostic.
pub const DIAGNOSTICS: usize = 200;

/// What is left of the limits that hold for a file as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Values.
    pub values: usize,
    /// Bytes of values.
    pub value_bytes: usize,
    /// Values, at each use and for each template type.
    pub spread_values: usize,
    /// Predicates.
    pub predicates: usize,
    /// Bytes of regexes.
    pub regex_bytes: usize,
    /// States of regexes.
    pub regex_states: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            values: FILE_VALUES,
            value_bytes: FILE_VALUE_BYTES,
            spread_values: FILE_SPREAD_VALUES,
            predicates: FILE_PREDICATES,
            regex_bytes: FILE_REGEX_BYTES,
            regex_states: FILE_REGEX_STATES,
        }
    }
}

impl Budget {
    /// Whether nothing is left of one of them.
    pub const fn is_spent(&self) -> bool {
        // By name, so that a limit that is added is not forgotten here.
        let Self { values, value_bytes, spread_values, predicates, regex_bytes, regex_states } = *self;
        values == 0
            || value_bytes == 0
            || spread_values == 0
            || predicates == 0
            || regex_bytes == 0
            || regex_states == 0
    }
}

/// Takes `amount` from what is left; false where that is less, and then nothing is left.
pub fn take(left: &mut usize, amount: usize) -> bool {
    let enough = *left >= amount;
    *left = left.saturating_sub(amount);
    enough
}
