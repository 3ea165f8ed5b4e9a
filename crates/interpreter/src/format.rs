//! The image format: sections, records, numbers. The compiler writes with what stands here and
//! the interpreter reads with it; docs/image-format.md is held against it by a test.

/// First bytes of every image.
pub const MAGIC: [u8; 8] = *b"CCIMAGE\n";
/// The format that this crate reads and the compiler writes.
pub const VERSION: u32 = 2;
/// Where the checksum stands.
pub const CHECKSUM_AT: usize = 24;
/// Bytes before the section directory, as [`HEADER_FIELDS`] lists them.
pub const PREFIX: usize = 104;
/// Bytes of the header: the prefix and, for each section, offset and length.
pub const HEADER: usize = PREFIX + Section::COUNT * 8;
/// What the bytes before the directory are: offset, bytes, meaning.
pub const HEADER_FIELDS: &[(usize, usize, &str)] = &[
    (0, 8, "magic: `43 43 49 4D 41 47 45 0A`, which is `CCIMAGE` and a line feed"),
    (8, 4, "format version: 2"),
    (12, 4, "flags: see below; all other bits are zero"),
    (16, 8, "bytes of the image"),
    (24, 8, "checksum"),
    (32, 8, "features that a reader must know: see below"),
    (40, 8, "sequence number of the release; 0: it has none"),
    (48, 32, "SHA-256 of the content that was compiled; the same whoever compiles it"),
    (80, 8, "name of the release: offset and bytes in section `names`"),
    (88, 8, "name and version of the compiler: the same"),
    (96, 8, "names of the features, with a space between them: the same"),
];
/// Sections begin at multiples of this.
pub const ALIGN: usize = 8;
/// Flag of the image: a rule that reads an input which the sensor does not supply is left out,
/// instead of the image being rejected.
pub const FLAG_SKIP_UNSUPPLIED: u32 = 1;
/// Flag of the image: that it has no rule is meant. Without the flag such an image is refused.
pub const FLAG_EMPTY: u32 = 2;
/// Target of a jump that ends the program: the rule matches.
pub const ACCEPT: u16 = 0xFFFF;
/// Target of a jump that ends the program: the rule does not match.
pub const REJECT: u16 = 0xFFFE;
/// Most instructions in a program.
pub const CODE_MAX: u32 = 0xFFFD;
/// The input that stands for every value of the event.
pub const KEYWORD: u16 = 0xFFFF;
/// Most inputs that a template type may read. A binding has 15 bits for a place.
pub const INPUTS_MAX: u32 = 0x7FFF;
/// Most entries in one bucket of a filter: what one look at it may cost.
pub const BUCKET_MAX: u32 = 64;
/// Bytes that an anchor looks at, at most.
pub const ANCHOR_MAX: u8 = 8;
/// Bytes of a gram.
pub const GRAM: usize = 4;
/// Bytes of a gram some of whose bytes are beyond ASCII.
pub const WIDE_GRAM: usize = 3;
/// Most bytes between two grams that are looked at.
pub const STRIDE_MAX: u8 = 8;
/// Most needles of a look.
pub const NEEDLES_MAX: u8 = 4;
/// Most literals of an index: an entry has 27 bits for its literal.
pub const LITERALS_MAX: u32 = 1 << 27;
/// In a template type: no rule on it asks for keywords.
pub const NO_KEYWORDS: u32 = u32::MAX;
/// Bytes of a sensor's name, and of a version.
pub const SENSOR_NAME_MAX: u32 = 128;
/// Bytes of a template type's name.
pub const TEMPLATE_NAME_MAX: u32 = 1024;
/// Most wildcard parts of one pattern.
pub const PARTS_MAX: u32 = 256;
/// Most places of a deterministic automaton: a state is the place of its row, in two bytes.
pub const PLACES_MAX: u32 = 0xFFFF;
/// Most states of a nondeterministic automaton.
pub const NFA_STATES_MAX: u32 = 1 << 18;
/// The state of a deterministic automaton that never matches.
pub const DEAD: u16 = 0;
/// The state of a deterministic automaton that has matched.
pub const MATCHED: u16 = 1;

macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $unit:expr;)*) => {
        /// The sections of an image, in the order in which they stand.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        pub enum Section { $($(#[$doc])* $name,)* }

        impl Section {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// Their number.
            pub const COUNT: usize = Self::ALL.len();

            /// The word for people.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Bytes of one record; a section is a whole number of them.
            #[must_use]
            pub const fn unit(self) -> usize {
                match self { $(Self::$name => $unit,)* }
            }
        }
    };
}

sections! {
    /// UTF-8 of all names.
    Names = "names", 1;
    /// [`Rule`]
    Rules = "rules", Rule::SIZE;
    /// [`Comparator`]
    Comparators = "comparators", Comparator::SIZE;
    /// [`Template`]
    Templates = "templates", Template::SIZE;
    /// [`Keywords`]
    Keywords = "keywords", Keywords::SIZE;
    /// [`Input`]
    Inputs = "inputs", Input::SIZE;
    /// [`Look`]
    Looks = "looks", Look::SIZE;
    /// [`Probe`]
    Probes = "probes", Probe::SIZE;
    /// [`Program`]
    Programs = "programs", Program::SIZE;
    /// Input numbers that programs mention: u16.
    Mentions = "mentions", 2;
    /// [`Instruction`]
    Code = "code", Instruction::SIZE;
    /// [`Predicate`]
    Predicates = "predicates", Predicate::SIZE;
    /// [`Pattern`]
    Patterns = "patterns", Pattern::SIZE;
    /// [`Part`]
    Parts = "parts", Part::SIZE;
    /// Integers and floats: 64 bits each.
    Numbers = "numbers", 8;
    /// [`Network`]
    Networks = "networks", Network::SIZE;
    /// [`Set`]
    Sets = "sets", Set::SIZE;
    /// [`Key`]
    Keys = "keys", Key::SIZE;
    /// [`Regex`]
    Regexes = "regexes", Regex::SIZE;
    /// Tables of automata.
    Automata = "automata", 1;
    /// [`Filter`]
    Filters = "filters", Filter::SIZE;
    /// Bits of filters.
    Bitmaps = "bitmaps", 8;
    /// Bounds of buckets: u32.
    Buckets = "buckets", 4;
    /// [`Entry`]
    Entries = "entries", Entry::SIZE;
    /// [`Literal`]
    Literals = "literals", Literal::SIZE;
    /// Atoms that a literal makes true: u32.
    Actions = "actions", 4;
    /// [`Atom`]
    Atoms = "atoms", Atom::SIZE;
    /// Programs that an atom is a witness of: u32.
    Witnesses = "witnesses", 4;
    /// Bytes of literals and keys.
    Text = "text", 1;
}

macro_rules! field {
    ($bytes:ident, $at:expr, u8) => {
        $bytes[$at]
    };
    ($bytes:ident, $at:expr, u16) => {
        u16::from_le_bytes([$bytes[$at], $bytes[$at + 1]])
    };
    ($bytes:ident, $at:expr, u32) => {
        u32::from_le_bytes([$bytes[$at], $bytes[$at + 1], $bytes[$at + 2], $bytes[$at + 3]])
    };
}

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident $size:literal { $($(#[$field_doc:meta])* $at:literal $field:ident: $ty:ident,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub struct $name { $($(#[$field_doc])* pub $field: $ty,)* }

            impl $name {
                /// Bytes of the record.
                pub const SIZE: usize = $size;

                /// Reads the record.
                #[must_use]
                pub const fn decode(bytes: &[u8; $size]) -> Self {
                    Self { $($field: field!(bytes, $at, $ty),)* }
                }

                /// Writes the record; bytes that no field covers are zero.
                #[must_use]
                pub fn encode(&self) -> [u8; $size] {
                    let mut bytes = [0; $size];
                    $(for (slot, byte) in bytes.iter_mut().skip($at).zip(self.$field.to_le_bytes()) {
                        *slot = byte;
                    })*
                    bytes
                }
            }
        )*

        /// Every record with its size and its fields: name, offset, type.
        pub const RECORDS: &[RecordLayout] = &[
            $((stringify!($name), $size, &[$((stringify!($field), $at, stringify!($ty)),)*]),)*
        ];
    };
}

/// Name, size and fields (name, offset, type) of a record.
pub type RecordLayout = (&'static str, usize, &'static [(&'static str, usize, &'static str)]);

records! {
    /// A rule: what is reported when it matches, and which sensors load it.
    Rule 52 {
        /// Name in [`Section::Names`].
        0 name: u32,
        /// Bytes of the name.
        4 name_len: u32,
        /// Title in [`Section::Names`].
        8 title: u32,
        /// Bytes of the title.
        12 title_len: u32,
        /// First of its comparators.
        16 comparators: u32,
        /// Number of comparators; none: every sensor loads the rule.
        20 comparator_count: u32,
        /// In section `names` the word under which a native rule is written.
        24 word: u32,
        /// Bytes of the word; none: a Sigma rule.
        28 word_len: u32,
        /// Tags in [`Section::Names`], with a line feed between them.
        32 tags: u32,
        /// Bytes of the tags.
        36 tags_len: u32,
        /// When the rule was last changed, as its author wrote it, in [`Section::Names`].
        40 revision: u32,
        /// Bytes of it; none: the author wrote none.
        44 revision_len: u32,
        /// 0 none, 1 informational, 2 low, 3 medium, 4 high, 5 critical.
        48 level: u8,
    }
    /// One comparison of a sensor's version.
    Comparator 20 {
        /// Sensor's name in [`Section::Names`].
        0 sensor: u32,
        /// Bytes of the sensor's name; none: any sensor.
        4 sensor_len: u32,
        /// Version in [`Section::Names`].
        8 version: u32,
        /// Bytes of the version.
        12 version_len: u32,
        /// 0 `==`, 1 `!=`, 2 `<`, 3 `<=`, 4 `>`, 5 `>=`, 6 none: only the name counts.
        16 operator: u8,
    }
    /// A template type, with all that belongs to it: ranges of other sections.
    Template 68 {
        /// Name in [`Section::Names`].
        0 name: u32,
        /// Bytes of the name.
        4 name_len: u32,
        /// Version of the template type.
        8 version: u32,
        /// First of its inputs.
        12 inputs: u32,
        /// Number of inputs.
        16 input_count: u32,
        /// First of its programs.
        20 programs: u32,
        /// Number of programs.
        24 program_count: u32,
        /// First of its predicates.
        28 predicates: u32,
        /// Number of predicates.
        32 predicate_count: u32,
        /// First of its atoms; those of its keywords are the last ones.
        36 atoms: u32,
        /// Number of atoms.
        40 atom_count: u32,
        /// First of its filters: anchors, ASCII grams, other grams.
        44 filters: u32,
        /// First of its literals.
        48 literals: u32,
        /// Number of literals.
        52 literal_count: u32,
        /// First of the programs that run for every event, in [`Section::Witnesses`].
        56 always: u32,
        /// Number of these.
        60 always_count: u32,
        /// The keywords that its rules ask for; 0xFFFFFFFF: none.
        64 keywords: u32,
    }
    /// Keywords, which are looked for in every value of an event. Template types whose rules ask for the same ones share them.
    Keywords 20 {
        /// First of the filters: anchors, ASCII grams, other grams.
        0 filters: u32,
        /// First of the literals.
        4 literals: u32,
        /// Number of literals.
        8 literal_count: u32,
        /// Number of atoms that the literals make true.
        12 atom_count: u32,
        /// How values are looked at.
        16 look: u32,
    }
    /// An input that programs of a template type read.
    Input 20 {
        /// Name in [`Section::Names`].
        0 name: u32,
        /// Bytes of the name.
        4 name_len: u32,
        /// See [`InputKind`].
        8 kind: u8,
        /// See [`crate::Scalar`].
        9 scalar: u8,
        /// 1 list, 2 optional, 4 read by number.
        10 flags: u8,
        /// Position in the template type, from 1; 0 for what has none.
        12 position: u16,
        /// How its value is looked at.
        16 look: u32,
    }
    /// How a value is looked at to find literals in it.
    Look 16 {
        /// First probe.
        0 probes: u32,
        /// Number of probes.
        4 probe_count: u8,
        /// Every so many bytes a gram is looked at; 0: none is.
        5 stride: u8,
        /// The same for a string in which a needle stands; 0: there is no needle.
        6 close_stride: u8,
        /// Number of needles: two bytes in a row, each with bit 5 set, as those of the text are before they are compared.
        7 needle_count: u8,
        /// First byte of each needle, the first needle lowest.
        8 needle_firsts: u32,
        /// Second byte of each.
        12 needle_seconds: u32,
    }
    /// One look at the value of an input: which part of it is hashed.
    Probe 2 {
        /// See [`LiteralKind`].
        0 kind: u8,
        /// Bytes that are looked at, 1 to 8.
        1 bytes: u8,
    }
    /// The condition of a rule on a template type.
    Program 20 {
        /// The rule.
        0 rule: u32,
        /// First instruction.
        4 code: u32,
        /// Number of instructions, at least one.
        8 code_len: u32,
        /// First of the inputs that the rule mentions, in [`Section::Mentions`].
        12 mentions: u32,
        /// Number of these.
        16 mention_count: u32,
    }
    /// Test a predicate and go on, always forward.
    Instruction 8 {
        /// The predicate, counted from the template type's first.
        0 predicate: u32,
        /// Next instruction if it holds, counted from the program's first.
        4 yes: u16,
        /// Next instruction if it does not.
        6 no: u16,
    }
    /// A test of one input. What `a`, `b` and `c` are depends on the opcode.
    Predicate 16 {
        /// See [`Opcode`].
        0 opcode: u8,
        /// Bits 0-1: 0 the value, 1 any element, 2 all elements. Bit 2: ignore case. Bits 4-7: a variant.
        1 flags: u8,
        /// The input, counted from the template type's first, or [`KEYWORD`].
        2 input: u16,
        /// First operand.
        4 a: u32,
        /// Second operand.
        8 b: u32,
        /// Third operand.
        12 c: u32,
    }
    /// What a text is compared with.
    Pattern 16 {
        /// See [`PatternKind`].
        0 kind: u8,
        /// 1: ignore case; then literal bytes are lower case.
        1 flags: u8,
        /// Where in the literal its gram stands; only for `contains` of at least four bytes.
        2 at: u16,
        /// Literal in [`Section::Text`], first part, or number of the expression.
        4 a: u32,
        /// Bytes of the literal, number of parts, or number of the gates of an expression.
        8 b: u32,
        /// First gate in [`Section::Parts`]: literals, in lower case, of which one stands in every
        /// text that the expression matches, whatever the case of its letters.
        12 c: u32,
    }
    /// A part of a wildcard pattern.
    Part 12 {
        /// 0 literal, 1 any run, 2 any one character.
        0 kind: u8,
        /// Literal in [`Section::Text`].
        4 text: u32,
        /// Bytes of the literal.
        8 len: u32,
    }
    /// A network of addresses.
    Network 20 {
        /// 4 or 6.
        0 family: u8,
        /// Bits that count.
        1 prefix: u8,
        /// First 32 bits of the address, as the number that its bytes spell.
        4 w0: u32,
        /// Next 32 bits; zero for IPv4.
        8 w1: u32,
        /// Next 32 bits.
        12 w2: u32,
        /// Last 32 bits.
        16 w3: u32,
    }
    /// A set of values of one kind, sorted.
    Set 12 {
        /// First key.
        0 keys: u32,
        /// Number of keys.
        4 count: u32,
        /// See [`crate::Scalar`].
        8 scalar: u8,
        /// 1 ignore case, 2 rows of a table.
        9 flags: u8,
    }
    /// A key of a set. Keys of a set rise strictly by their bytes.
    Key 8 {
        /// Bytes in [`Section::Text`].
        0 text: u32,
        /// Number of bytes.
        4 len: u32,
    }
    /// A compiled expression.
    Regex 20 {
        /// 0 deterministic, 1 nondeterministic.
        0 kind: u8,
        /// Byte classes of a deterministic automaton, without the one for the end.
        2 classes: u16,
        /// Number of states.
        4 states: u32,
        /// First state.
        8 start: u32,
        /// Table in [`Section::Automata`].
        12 table: u32,
        /// Bytes of the table.
        16 len: u32,
    }
    /// A state of a nondeterministic automaton, which reads characters.
    NfaState 16 {
        /// See [`NfaKind`].
        0 kind: u8,
        /// Next state.
        4 next: u32,
        /// Least character, other next state of a fork, or kind of assertion.
        8 low: u32,
        /// Greatest character.
        12 high: u32,
    }
    /// Finds literals by a hash of some of their bytes.
    Filter 20 {
        /// First word of its bits, in [`Section::Bitmaps`].
        0 bitmap: u32,
        /// First bound, in [`Section::Buckets`].
        4 buckets: u32,
        /// First entry.
        8 entries: u32,
        /// Number of entries; none: the filter finds nothing.
        12 entry_count: u32,
        /// Binary logarithm of its bits, 6 to 30.
        16 bitmap_log2: u8,
        /// Binary logarithm of its buckets, 0 to 24.
        17 bucket_log2: u8,
    }
    /// A place in a bucket: a part of a literal that is looked for.
    Entry 8 {
        /// Bits 16 to 31 of the hash.
        0 check: u16,
        /// Two bytes of the literal near those that are hashed, blurred, as a number; 0: there are none.
        2 near: u16,
        /// Bits 0-2: which of the literal's grams it is, from 0. Bits 3-4: where `near` stands: 0 it is not there, 1 right before
        /// what is hashed, 2 right behind it. Bits 5-31: the literal, counted from the first of its template type, or keywords.
        4 literal: u32,
    }
    /// A text or number that is looked for in every event.
    Literal 24 {
        /// Bytes in [`Section::Text`]; an integer has eight.
        0 text: u32,
        /// Number of bytes.
        4 len: u32,
        /// First of its actions.
        8 actions: u32,
        /// Number of actions.
        12 action_count: u32,
        /// The input, counted from the template type's first, or [`KEYWORD`].
        16 input: u16,
        /// For `contains`, where in the literal its first gram stands; for `prefix` and `suffix` bytes that are hashed; else 8.
        18 at: u16,
        /// Where in the literal a needle stands, if it is found only in strings with a needle; else 0.
        20 needle: u16,
        /// See [`LiteralKind`].
        22 kind: u8,
        /// 1: ignore case; then the bytes are lower case. 2: found only in strings with a needle.
        23 flags: u8,
    }
    /// A disjunction of literals of one input, true or false for an event.
    Atom 12 {
        /// First of the programs that it is a witness of.
        0 witnesses: u32,
        /// Number of these.
        4 count: u32,
        /// The input, counted from the template type's first, or [`KEYWORD`].
        8 input: u16,
    }
}

impl Entry {
    /// An entry for the bytes of a literal that have a hash: which of its grams they are, and what stands near them and
    /// where.
    #[must_use]
    pub const fn new(check: u16, number: u32, gram: u32, (place, near): (u32, u16)) -> Self {
        Self { check, near, literal: number << 5 | place << 3 | gram }
    }

    /// The literal, counted from the first of its index.
    #[must_use]
    #[inline]
    pub const fn number(&self) -> u32 {
        self.literal >> 5
    }

    /// Which of the literal's grams it is.
    #[must_use]
    #[inline]
    pub const fn gram(&self) -> u32 {
        self.literal & 7
    }

    /// Where the bytes near it stand: the number of a [`crate::hash::Near`].
    #[must_use]
    #[inline]
    pub const fn place(&self) -> u32 {
        self.literal >> 3 & 3
    }
}

macro_rules! numbered {
    ($(#[$enum_doc:meta])* $enum:ident { $($(#[$doc:meta])* $name:ident = $number:literal $word:literal,)* }) => {
        $(#[$enum_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $enum { $($(#[$doc])* $name = $number,)* }

        impl $enum {
            /// All of them, by number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The one with a number.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }

            /// The word for people.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

numbered! {
    /// Where the value of an input comes from.
    InputKind {
        /// A numbered input of the template type.
        Numbered = 0 "numbered",
        /// A header field.
        Header = 1 "header",
        /// A name that recognises the template type and has several values.
        Fixed = 2 "fixed",
        /// A field that an open template type does not declare; a sensor need not supply it.
        Open = 3 "open",
    }
}

numbered! {
    /// How a literal lies in a value.
    LiteralKind {
        /// The whole text.
        Equals = 0 "equals",
        /// The beginning.
        Prefix = 1 "prefix",
        /// The end.
        Suffix = 2 "suffix",
        /// Anywhere.
        Contains = 3 "contains",
        /// The whole number.
        Int = 4 "int",
    }
}

numbered! {
    /// What a text is compared with.
    PatternKind {
        /// The whole text.
        Equals = 0 "equals",
        /// The beginning.
        Prefix = 1 "starts_with",
        /// The end.
        Suffix = 2 "ends_with",
        /// A part anywhere.
        Contains = 3 "contains",
        /// The whole text against parts.
        Like = 4 "like",
        /// A part that an expression matches.
        Matches = 5 "matches",
    }
}

numbered! {
    /// States of a nondeterministic automaton.
    NfaKind {
        /// Takes a character from `low` to `high`, goes to `next`.
        Range = 0 "range",
        /// Goes to `next` and to `low`.
        Fork = 1 "fork",
        /// Goes to `next` if assertion `low` holds here.
        Assert = 2 "assert",
        /// The expression has matched.
        Match = 3 "match",
    }
}

numbered! {
    /// Assertions of a nondeterministic automaton.
    Assertion {
        /// At the first byte.
        Start = 0 "start",
        /// Behind the last byte.
        End = 1 "end",
        /// At the first byte or behind a line feed.
        LineStart = 2 "line start",
        /// Behind the last byte or before a line feed.
        LineEnd = 3 "line end",
        /// Between an ASCII word byte and another.
        Word = 4 "word boundary",
        /// Not there.
        NotWord = 5 "no word boundary",
    }
}

/// Features: what an image may ask of a reader beyond what every reader of this format knows. The number of a feature is
/// that of its bit.
pub mod feature {
    /// Every bit that this interpreter knows.
    pub const KNOWN: u64 = (1 << NAMES.len()) - 1;
    /// The name of each bit.
    pub const NAMES: &[&str] = &["nondeterministic", "time", "field", "mask"];
    /// Some expression is a nondeterministic automaton.
    pub const NONDETERMINISTIC: u64 = 1;
    /// Some predicate asks for the part of a time.
    pub const TIME: u64 = 2;
    /// Some predicate compares two inputs.
    pub const FIELD: u64 = 4;
    /// Some predicate asks for bits of an integer.
    pub const MASK: u64 = 8;

    /// The names of some features, one by one; of bits that have none, nothing.
    pub fn names(features: u64) -> impl Iterator<Item = &'static str> {
        NAMES.iter().enumerate().filter(move |(bit, _)| features >> bit & 1 == 1).map(|(_, name)| *name)
    }
}

/// Which inputs an opcode is asked of, one bit for each [`crate::Scalar`].
pub mod takes {
    use crate::manifest::Scalar;

    const fn of(scalar: Scalar) -> u8 {
        1 << scalar as u8
    }
    /// Any input.
    pub const ANY: u8 = 0x3F;
    /// What has a text.
    pub const TEXT: u8 = of(Scalar::String) | of(Scalar::Int) | of(Scalar::Bool) | of(Scalar::Ip);
    /// What may be a number.
    pub const NUMBER: u8 = of(Scalar::String) | of(Scalar::Int) | of(Scalar::Float);
    /// What may be a boolean.
    pub const BOOL: u8 = of(Scalar::String) | of(Scalar::Bool);
    /// What may be an address.
    pub const ADDRESS: u8 = of(Scalar::String) | of(Scalar::Ip);
    /// Integers.
    pub const INT: u8 = of(Scalar::Int);
    /// What may be a time.
    pub const TIME: u8 = of(Scalar::String) | of(Scalar::Int);
    /// What sets are made of.
    pub const KEY: u8 = ANY & !of(Scalar::Float);
}

macro_rules! opcodes {
    ($($(#[$doc:meta])* $name:ident = $number:literal $word:literal, operands $operands:literal, memo $memo:literal, takes $takes:expr, needs $feature:expr, $what:literal;)*) => {
        numbered! {
            /// The tests. This table is the only declaration: verify, evaluate, the disassembly and
            /// docs/image-format.md are made from it or matched against it.
            Opcode { $($(#[$doc])* $name = $number $word,)* }
        }

        impl Opcode {
            /// How many of `a`, `b` and `c` it has; the others are zero.
            #[must_use]
            pub const fn operands(self) -> usize {
                match self { $(Self::$name => $operands,)* }
            }

            /// Whether its answer is kept for the rest of the event.
            #[must_use]
            pub const fn is_kept(self) -> bool {
                match self { $(Self::$name => $memo,)* }
            }

            /// Which scalars its input may have: see [`takes`].
            #[must_use]
            pub const fn takes(self) -> u8 {
                match self { $(Self::$name => $takes,)* }
            }

            /// The feature that an image with it asks for; 0: none.
            #[must_use]
            pub const fn feature(self) -> u64 {
                match self { $(Self::$name => $feature,)* }
            }

            /// What it asks, in words.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $what,)* }
            }
        }
    };
}

opcodes! {
    /// See [`Opcode::meaning`].
    Atom = 0 "atom", operands 1, memo false, takes takes::ANY, needs 0, "atom `a` is true: one of its literals was found in the input";
    /// See [`Opcode::meaning`].
    Exists = 1 "exists", operands 0, memo false, takes takes::ANY, needs 0, "the value is there";
    /// See [`Opcode::meaning`].
    Null = 2 "null", operands 0, memo false, takes takes::ANY, needs 0, "the value is absent";
    /// See [`Opcode::meaning`].
    AnyText = 3 "any_text", operands 2, memo true, takes takes::TEXT, needs 0, "the text matches any of `b` patterns from pattern `a`";
    /// See [`Opcode::meaning`].
    AllTexts = 4 "all_texts", operands 2, memo true, takes takes::TEXT, needs 0, "the text matches all of `b` patterns from pattern `a`";
    /// See [`Opcode::meaning`].
    Int = 5 "int", operands 2, memo false, takes takes::NUMBER, needs 0, "the integer lies in one of `b` ranges, each two of the numbers from `a`, rising";
    /// See [`Opcode::meaning`].
    Float = 6 "float", operands 1, memo false, takes takes::NUMBER, needs 0, "the number compares (variant) with number `a`, a float";
    /// See [`Opcode::meaning`].
    Bool = 7 "bool", operands 0, memo false, takes takes::BOOL, needs 0, "the boolean is that of the variant";
    /// See [`Opcode::meaning`].
    InSet = 8 "in_set", operands 1, memo true, takes takes::KEY, needs 0, "the value is a key of set `a`";
    /// See [`Opcode::meaning`].
    Cidr = 9 "cidr", operands 2, memo true, takes takes::ADDRESS, needs 0, "the address lies in one of `b` networks from network `a`";
    /// See [`Opcode::meaning`].
    Mask = 10 "mask", operands 1, memo false, takes takes::INT, needs feature::MASK, "the integer and number `a` compares (variant) with number `a + 1`";
    /// See [`Opcode::meaning`].
    Time = 11 "time", operands 2, memo true, takes takes::TIME, needs feature::TIME, "the part (variant) of the time lies in one of `b` ranges, each two of the numbers from `a`";
    /// See [`Opcode::meaning`].
    Field = 12 "field", operands 1, memo true, takes takes::ANY, needs feature::FIELD, "the value compares (variant) with that of input `a`";
}

/// Flag of predicates, patterns, literals: ASCII letters match in either case.
pub const IGNORE_CASE: u8 = 1;
/// Flag of a literal: it is found only in strings with a needle.
pub const CLOSE: u8 = 2;
/// Flag of a set: its keys are the rows of a table.
pub const SET_TABLE: u8 = 2;
/// Flags of inputs.
pub mod input_flags {
    /// The value is a list.
    pub const LIST: u8 = 1;
    /// The value may be absent.
    pub const OPTIONAL: u8 = 2;
    /// Some rule reads it by its number.
    pub const BY_NUMBER: u8 = 4;
}
/// Parts of the flags of a predicate.
pub mod predicate_flags {
    /// Which bits tell how lists are read.
    pub const QUANTIFIER: u8 = 3;
    /// Some element of the list.
    pub const ANY: u8 = 1;
    /// Every element of the list.
    pub const ALL: u8 = 2;
    /// ASCII letters match in either case.
    pub const IGNORE_CASE: u8 = 4;
    /// How far the variant is shifted.
    pub const VARIANT: u8 = 4;
}
/// Variants of comparisons: 0 `==`, 1 `!=`, 2 `<`, 3 `<=`, 4 `>`, 5 `>=`; between fields also these.
pub mod comparison {
    /// Equal.
    pub const EQUAL: u8 = 0;
    /// Not equal.
    pub const NOT_EQUAL: u8 = 1;
    /// Less.
    pub const LESS: u8 = 2;
    /// Less or equal.
    pub const AT_MOST: u8 = 3;
    /// Greater.
    pub const GREATER: u8 = 4;
    /// Greater or equal.
    pub const AT_LEAST: u8 = 5;
    /// The first text contains the second.
    pub const CONTAINS: u8 = 6;
    /// The first text starts with the second.
    pub const STARTS_WITH: u8 = 7;
    /// The first text ends with the second.
    pub const ENDS_WITH: u8 = 8;
}
