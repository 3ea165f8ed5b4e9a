//! The structs and numbers of the header, where each is explained. `tests/header.rs` holds both to each other.

use core::ffi::c_void;

use crate::status::CcStatus;

/// `CC_ABI`: the version of the interface.
pub const CC_ABI: u32 = 1;
/// `CC_FORMAT`: the format of images that is read.
pub const CC_FORMAT: u32 = contentcheck_interpreter::format::VERSION;
/// `CC_ALIGN`: the alignment of memory that is lent, in bytes.
pub const CC_ALIGN: usize = 8;
/// `CC_VALUE_BYTES`: bytes of scratch for one value of an event.
pub const CC_VALUE_BYTES: usize = 24;
/// `CC_NONE`: no number.
pub const CC_NONE: u32 = u32::MAX;
/// `CC_NONE64`: no number of 64 bits.
pub const CC_NONE64: u64 = u64::MAX;

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => {
        $($(#[$doc])* pub const $name: u32 = $value;)*
        /// Each of these by name, for the test that holds the header to them.
        pub const NUMBERS: &[(&str, u32)] = &[$((stringify!($name), $name)),*];
    };
}

numbers! {
    /// Type of an input: text.
    CC_TYPE_STRING = 0;
    /// An integer of 64 bits.
    CC_TYPE_INT = 1;
    /// A float of 64 bits.
    CC_TYPE_FLOAT = 2;
    /// A boolean.
    CC_TYPE_BOOL = 3;
    /// An address.
    CC_TYPE_IP = 4;
    /// Bytes that are no text.
    CC_TYPE_BYTES = 5;
    /// Added to a type: a list of it.
    CC_TYPE_LIST = 0x100;
    /// Added to a type: the value may be absent.
    CC_TYPE_OPTIONAL = 0x200;
    /// Versions compare number by number.
    CC_VERSIONING_PARTS = 0;
    /// Versions compare as decimal fractions.
    CC_VERSIONING_DECIMAL = 1;
    /// Tag of a value: there is none.
    CC_ABSENT = 0;
    /// Bytes that are meant as text.
    CC_TEXT = 1;
    /// Text in UTF-16.
    CC_UTF16 = 2;
    /// Bytes that are no text.
    CC_BYTES = 3;
    /// An integer with a sign.
    CC_INT = 4;
    /// An integer without one.
    CC_UINT = 5;
    /// A float.
    CC_FLOAT = 6;
    /// A boolean.
    CC_BOOL = 7;
    /// An address of 4 or 16 bytes.
    CC_IP = 8;
    /// A list of values.
    CC_LIST = 9;
    /// A list of runs of bytes, each a text.
    CC_TEXTS = 10;
    /// A list of integers.
    CC_INTS = 11;
    /// A list of text in one run of bytes.
    CC_SPLIT = 12;
    /// Capacity: the image format.
    CC_RESOURCE_INTERPRETER = 0;
    /// Bytes of an image.
    CC_RESOURCE_IMAGE_BYTES = 1;
    /// Rules that are loaded.
    CC_RESOURCE_RULES = 2;
    /// Rows of all tables.
    CC_RESOURCE_TABLE_ROWS = 3;
    /// States of all automata.
    CC_RESOURCE_AUTOMATON_STATES = 4;
    /// Steps that do not depend on the event.
    CC_RESOURCE_STEPS = 5;
    /// Steps for each byte of an event.
    CC_RESOURCE_STEPS_PER_BYTE = 6;
    /// Bytes of scratch.
    CC_RESOURCE_SCRATCH_BYTES = 7;
    /// What is wrong with a manifest: the sensor's name.
    CC_MANIFEST_SENSOR = 0;
    /// The version.
    CC_MANIFEST_VERSION = 1;
    /// A template type has no name.
    CC_MANIFEST_TEMPLATE_NAME = 2;
    /// Two entries are for one template type.
    CC_MANIFEST_DUPLICATE_TEMPLATE = 3;
    /// Two inputs have one name.
    CC_MANIFEST_DUPLICATE_INPUT = 4;
    /// Two header fields have one name.
    CC_MANIFEST_DUPLICATE_HEADER = 5;
    /// A header field has no name.
    CC_MANIFEST_HEADER_NAME = 6;
    /// More inputs than an event can have.
    CC_MANIFEST_TOO_MANY = 7;
    /// Level of a rule: its author says nothing.
    CC_LEVEL_NONE = 0;
    /// `informational`
    CC_LEVEL_INFORMATIONAL = 1;
    /// `low`
    CC_LEVEL_LOW = 2;
    /// `medium`
    CC_LEVEL_MEDIUM = 3;
    /// `high`
    CC_LEVEL_HIGH = 4;
    /// `critical`
    CC_LEVEL_CRITICAL = 5;
    /// Why a rule is left out: it is for other sensors.
    CC_LEFT_OUT_SENSOR = 0;
    /// The template type is not supplied.
    CC_LEFT_OUT_TEMPLATE = 1;
    /// An input is not supplied.
    CC_LEFT_OUT_UNSUPPLIED = 2;
    /// An input is supplied as another type.
    CC_LEFT_OUT_TYPE = 3;
    /// Another input is at that number.
    CC_LEFT_OUT_POSITION = 4;
    /// Kill list: the rules that are named.
    CC_KILL_NAMED = 0;
    /// Kill list: all others.
    CC_KILL_ALL_BUT = 1;
    /// Which values of an event: the inputs.
    CC_VALUES_INPUTS = 0;
    /// The header fields.
    CC_VALUES_HEADER = 1;
    /// The others.
    CC_VALUES_OTHERS = 2;
    /// Advice of a store: nothing is to be done.
    CC_ADVICE_GO_ON = 0;
    /// The sensor is to exit in an error, and be started again.
    CC_ADVICE_RESTART = 1;
    /// How a device is: all is well.
    CC_CONDITION_WELL = 0;
    /// Somebody should look.
    CC_CONDITION_ATTENTION = 1;
    /// Neither new nor confirmed content runs.
    CC_CONDITION_DEGRADED = 2;
    /// Nothing is evaluated.
    CC_CONDITION_BLIND = 3;
    /// What runs: content on trial.
    CC_RUNG_CANDIDATE = 0;
    /// Last known good.
    CC_RUNG_GOOD = 1;
    /// The good one before it.
    CC_RUNG_EARLIER = 2;
    /// Factory content.
    CC_RUNG_FACTORY = 3;
    /// Nothing.
    CC_RUNG_NOTHING = 4;
    /// The form of a status: words.
    CC_FORM_TEXT = 0;
    /// JSON.
    CC_FORM_JSON = 1;
}

/// `cc_bytes_t`: a run of bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CcBytes {
    /// The first byte. May be NULL where there is none.
    pub ptr: *const c_void,
    /// How many.
    pub len: usize,
}

impl CcBytes {
    /// No bytes.
    pub const NONE: Self = Self { ptr: core::ptr::null(), len: 0 };

    /// Bytes that are borrowed for as long as the header says.
    #[must_use]
    pub const fn of(bytes: &[u8]) -> Self {
        Self { ptr: bytes.as_ptr().cast(), len: bytes.len() }
    }
}

/// `cc_input_t`: an input that the sensor supplies.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CcInput {
    /// Its name.
    pub name: CcBytes,
    /// Its type.
    pub ty: u32,
}

/// `cc_supply_t`: what the sensor supplies for one template type.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CcSupply {
    /// The template type.
    pub template_name: CcBytes,
    /// The inputs in the order of events.
    pub inputs: *const CcInput,
    /// How many.
    pub input_count: usize,
}

/// `cc_capacity_t`: what the sensor can hold; 0 states no bound.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CcCapacity {
    /// Bytes of the struct that the caller knows.
    pub size_of_self: usize,
    /// Image format.
    pub interpreter: u64,
    /// Bytes of an image.
    pub image_bytes: u64,
    /// Rules that are loaded.
    pub rules: u64,
    /// Rows of all tables.
    pub table_rows: u64,
    /// States of all automata.
    pub automaton_states: u64,
    /// Steps that do not depend on the event.
    pub steps: u64,
    /// Steps for each byte of an event.
    pub steps_per_byte: u64,
    /// Bytes of scratch.
    pub scratch_bytes: u64,
}

/// `cc_manifest_t`: what a build of the sensor says of itself.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CcManifest {
    /// Bytes of the struct that the caller knows.
    pub size_of_self: usize,
    /// The sensor's name.
    pub sensor: CcBytes,
    /// Its version.
    pub version: CcBytes,
    /// How its versions compare.
    pub versioning: u32,
    /// The header fields.
    pub header: *const CcInput,
    /// How many.
    pub header_count: usize,
    /// The template types.
    pub templates: *const CcSupply,
    /// How many.
    pub template_count: usize,
    /// What it can hold, or NULL.
    pub capacity: *const CcCapacity,
}

/// The union of `cc_value_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub union CcPayload {
    /// Elements, `len` of them.
    pub ptr: *const c_void,
    /// `CC_INT`
    pub i: i64,
    /// `CC_UINT`, `CC_BOOL`
    pub u: u64,
    /// `CC_FLOAT`
    pub f: f64,
}

/// `cc_value_t`: a value of an event.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CcValue {
    /// What it is.
    pub tag: u32,
    /// `CC_SPLIT`: the byte that ends each element.
    pub by: u32,
    /// Elements behind the pointer.
    pub len: usize,
    /// The value, or where it is. Named `as` in C.
    pub payload: CcPayload,
}

impl CcValue {
    /// No value.
    pub const ABSENT: Self = Self { tag: CC_ABSENT, by: 0, len: 0, payload: CcPayload { u: 0 } };
}

/// `cc_event_t`: an event for one template type.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CcEvent {
    /// The template type, by number.
    pub template_no: u32,
    /// The numbered inputs.
    pub inputs: *const CcValue,
    /// How many.
    pub input_count: usize,
    /// The header fields.
    pub header: *const CcValue,
    /// How many.
    pub header_count: usize,
    /// Further values.
    pub others: *const CcValue,
    /// How many.
    pub other_count: usize,
}

/// `cc_sizes_t`: memory to lend, in bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CcSizes {
    /// For the image.
    pub image: usize,
    /// For an evaluation.
    pub scratch: usize,
    /// For a kill list.
    pub kill: usize,
}

/// `cc_refusal_t`: why an image is refused.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CcRefusal {
    /// What the function returned.
    pub status: CcStatus,
    /// A resource, a mistake of a manifest, a version, a bit or a section.
    pub what: u32,
    /// The rule.
    pub rule: u32,
    /// The template type.
    pub template_no: u32,
    /// The input.
    pub input: u32,
    /// The record.
    pub record: u32,
    /// What is needed.
    pub needed: u64,
    /// What is there.
    pub held: u64,
}

/// `cc_identity_t`: what an image says of itself.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CcIdentity {
    /// Name of the release.
    pub release: CcBytes,
    /// Name and version of the compiler.
    pub compiler: CcBytes,
    /// SHA-256 of the content.
    pub content: [u8; 32],
    /// Sequence number of the release.
    pub sequence: u64,
    /// Features that a reader must know.
    pub features: u64,
    /// Format version.
    pub format: u32,
}

/// `cc_image_info_t`: what verification found.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CcImageInfo {
    /// Rules of the image.
    pub rule_count: u32,
    /// Rules that the sensor runs.
    pub loaded_rules: u32,
    /// Template types of the image.
    pub template_count: u32,
    /// Bytes of scratch.
    pub scratch: usize,
    /// Bytes of a kill list.
    pub kill: usize,
}

/// `cc_template_info_t`: a template type of an image.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CcTemplateInfo {
    /// Its name.
    pub name: CcBytes,
    /// Its version.
    pub version: u32,
    /// Inputs that the sensor supplies for it.
    pub supplied: u32,
}

/// `cc_cost_t`: a bound on what evaluating costs.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CcCost {
    /// Steps, whatever the event.
    pub fixed: u64,
    /// Steps for each unit of the event's size.
    pub per_unit: u64,
}

/// `cc_rule_t`: what an image says of a rule.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CcRule {
    /// What reports name it by.
    pub id: CcBytes,
    /// The title.
    pub title: CcBytes,
    /// The word of a native rule.
    pub word: CcBytes,
    /// When it was last changed.
    pub revision: CcBytes,
    /// The level as rules have it.
    pub level_name: CcBytes,
    /// The level.
    pub level: u32,
    /// How many tags it has.
    pub tag_count: u32,
    /// Whether the sensor runs it.
    pub loaded: u32,
}

/// `cc_left_out_t`: a rule that the sensor does not run on a template type.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CcLeftOut {
    /// The rule.
    pub rule: u32,
    /// The template type.
    pub template_no: u32,
    /// Why.
    pub why: u32,
    /// The input.
    pub input: u32,
}

/// `cc_outcome_t`: how evaluating an event ended.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CcOutcome {
    /// What the function returns.
    pub status: CcStatus,
    /// Matches that were written.
    pub match_count: u32,
    /// The first rule that was not answered.
    pub unasked_from: u32,
    /// Inputs of a wrong type.
    pub mistyped: u32,
    /// Steps that were taken.
    pub steps: u64,
    /// What is needed.
    pub needed: u64,
    /// What was passed.
    pub found: u64,
    /// Where a value is wrong: among which.
    pub values: u32,
    /// Which.
    pub index: u32,
    /// Which element.
    pub element: u64,
}

/// `cc_match_t`: a match of one of many events.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CcMatch {
    /// The index of the event.
    pub event: u32,
    /// The rule.
    pub rule: u32,
}

/// `cc_reason_t`: a test on an event's way through a rule.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CcReason {
    /// What it asks.
    pub test: CcBytes,
    /// The name of the input.
    pub input_name: CcBytes,
    /// The text that decided.
    pub text: CcBytes,
    /// The number of the input.
    pub input: u32,
    /// Whether it holds.
    pub holds: u32,
    /// Among which values the text is.
    pub values: u32,
    /// In which of them.
    pub index: u32,
    /// In which element.
    pub element: u64,
    /// Its first byte there.
    pub offset: u64,
    /// Its bytes.
    pub length: u64,
}

/// `cc_store_config_t`: what is the sensor's own.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CcStoreConfig {
    /// Bytes of the struct that the caller knows.
    pub size_of_self: usize,
    /// What this build supplies.
    pub manifest: *const CcManifest,
    /// The directory of the store.
    pub directory: CcBytes,
    /// The root of keys, as text.
    pub root: CcBytes,
    /// The image that is built in, or nothing.
    pub factory: CcBytes,
    /// What tells this build from others.
    pub build: CcBytes,
    /// When it was built, in seconds since 1970.
    pub built: u64,
    /// The policy of the log, as text, or nothing.
    pub log: CcBytes,
    /// Seconds of a trial that one can watch; 0 with the next: the policy for devices.
    pub watch_seconds: u64,
    /// Events of such a trial.
    pub watch_events: u64,
    /// The place of the device in its redundancy group, or nothing.
    pub group: CcBytes,
    /// By how many releases the device stays behind the newest one.
    pub behind: u32,
}

/// `cc_standing_t`: what runs on a device.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CcStanding {
    /// How the device is.
    pub condition: u32,
    /// Where the content stands that runs.
    pub rung: u32,
    /// SHA-256 of its image; zeros: nothing runs.
    pub image: [u8; 32],
    /// Its sequence.
    pub sequence: u64,
    /// Its rules.
    pub rule_count: u32,
    /// Those that this sensor loads.
    pub loaded_rules: u32,
    /// Those that the kill list switches off.
    pub switched_off: u32,
    /// Whether this process writes to the directory.
    pub is_owner: u32,
    /// Seconds of this run.
    pub seconds: u64,
    /// Events that were evaluated by this content.
    pub events: u64,
    /// Matches.
    pub matches: u64,
    /// Events whose budget was spent.
    pub exhausted: u64,
    /// Events that were not laid out as the manifest says.
    pub faults: u64,
    /// Inputs of a wrong type.
    pub mistyped: u64,
}
