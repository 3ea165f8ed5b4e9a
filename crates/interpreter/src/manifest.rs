//! What a sensor build says of itself, borrowed: names, types, order, capacity.

use crate::format::INPUTS_MAX;

/// The scalar kinds of values. The numbers are those of the image format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Scalar {
    /// Text.
    String = 0,
    /// A 64-bit integer.
    Int = 1,
    /// A 64-bit float.
    Float = 2,
    /// True or false.
    Bool = 3,
    /// An IPv4 or IPv6 address.
    Ip = 4,
    /// Raw bytes.
    Bytes = 5,
}

impl Scalar {
    /// The kind with a number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::String,
            1 => Self::Int,
            2 => Self::Float,
            3 => Self::Bool,
            4 => Self::Ip,
            5 => Self::Bytes,
            _ => return None,
        })
    }
}

/// The type of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Type {
    /// The kind of the value, or of each element of a list.
    pub scalar: Scalar,
    /// Whether the value is a list.
    pub list: bool,
    /// Whether the value may be absent.
    pub optional: bool,
}

impl Type {
    /// Whether a sensor that supplies `supplied` feeds content that was checked against `self`.
    #[must_use]
    pub const fn is_fed_by(self, supplied: Self) -> bool {
        self.scalar as u8 == supplied.scalar as u8
            && self.list == supplied.list
            && (self.optional || !supplied.optional)
    }
}

/// One named input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input<'m> {
    /// The name, as content writes it.
    pub name: &'m str,
    /// Its type.
    pub ty: Type,
}

/// What a sensor supplies for one template type. The number of `inputs` is the supplied arity.
#[derive(Clone, Copy, Debug)]
pub struct Supply<'m> {
    /// The template type's name.
    pub template: &'m str,
    /// The inputs, in the order in which events carry them.
    pub inputs: &'m [Input<'m>],
}

/// How the versions of a sensor compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versioning {
    /// Number by number between the dots: 7.9 < 7.10.
    #[default]
    Parts,
    /// As decimal fractions: 3.10 < 3.2.
    Decimal,
}

/// What a sensor build can hold. `None` means that the manifest states no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Newest image format that it reads.
    pub interpreter: Option<u32>,
    /// Bytes of an image.
    pub image_bytes: Option<u64>,
    /// Rules that it loads.
    pub rules: Option<u64>,
    /// Rows of all tables.
    pub table_rows: Option<u64>,
    /// States of all automata.
    pub automaton_states: Option<u64>,
    /// Steps that evaluating an event takes at most, whatever its size.
    pub steps: Option<u64>,
    /// Steps for each byte of an event, beside them.
    pub steps_per_byte: Option<u64>,
    /// Bytes of scratch memory.
    pub scratch_bytes: Option<u64>,
    /// Features that the interpreter knows, see [`crate::format::feature`]: for a host that stands in for a sensor. This
    /// interpreter refuses what it does not know anyway.
    pub features: Option<u64>,
}

impl Capacity {
    /// No bound is stated.
    pub const NONE: Self = Self {
        interpreter: None,
        image_bytes: None,
        rules: None,
        table_rows: None,
        automaton_states: None,
        steps: None,
        steps_per_byte: None,
        scratch_bytes: None,
        features: None,
    };

    /// The steps for each byte that an image may take on a sensor which states no bound: content that needs more is a
    /// slip, and the checker refuses it by the same number.
    pub const STEPS_PER_BYTE: u64 = 65_536;
}

/// What a sensor build says of itself. Made by hand, generated at build time, or lent from
/// a parsed manifest file.
#[derive(Clone, Copy, Debug)]
pub struct Manifest<'m> {
    /// The sensor's name.
    pub sensor: &'m str,
    /// Its version.
    pub version: &'m str,
    /// How its versions compare.
    pub versioning: Versioning,
    /// What it can hold.
    pub capacity: Capacity,
    /// The header fields that it supplies with every event.
    pub header: &'m [Input<'m>],
    /// The template types that it supplies.
    pub templates: &'m [Supply<'m>],
}

/// What in a manifest contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestError {
    /// The sensor has no name, or one with other characters than lower-case letters, digits, `-` and `_`, or one that
    /// does not begin with a letter.
    Sensor,
    /// The version is not one: it does not begin with a digit, or has other characters than letters, digits and `.-_+`.
    Version,
    /// A template type has no name.
    TemplateName {
        /// Which.
        template: usize,
    },
    /// Two entries are for one template type.
    DuplicateTemplate {
        /// The second of them.
        template: usize,
    },
    /// Two inputs of a template type have one name: which of them a rule reads would depend on their order.
    DuplicateInput {
        /// The template type.
        template: usize,
        /// The second of the two.
        input: usize,
    },
    /// Two header fields have one name.
    DuplicateHeader {
        /// The second of them.
        input: usize,
    },
    /// A header field has no name.
    HeaderName {
        /// Which.
        input: usize,
    },
    /// More inputs than an event can have.
    TooMany,
}

impl core::fmt::Display for ManifestError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Sensor => f.write_str("the manifest gives the sensor no name that may be one"),
            Self::Version => f.write_str("the manifest's version is not one"),
            Self::TemplateName { template } => write!(f, "template type {template} of the manifest has no name"),
            Self::DuplicateTemplate { template } => {
                write!(f, "template type {template} of the manifest has the name of another one")
            }
            Self::DuplicateInput { template, input } => {
                write!(f, "input {input} of template type {template} of the manifest has the name of another one")
            }
            Self::DuplicateHeader { input } => {
                write!(f, "header field {input} of the manifest has the name of another one")
            }
            Self::HeaderName { input } => write!(f, "header field {input} of the manifest has no name"),
            Self::TooMany => f.write_str("the manifest states more inputs than an event can have"),
        }
    }
}

impl core::error::Error for ManifestError {}

const fn same(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    // From the end: names of a manifest begin alike, and a constant is compared by a compiler that counts each step.
    while let ([a_rest @ .., x], [b_rest @ .., y]) = (a, b) {
        if *x != *y {
            return false;
        }
        (a, b) = (a_rest, b_rest);
    }
    true
}

const fn is_sensor_name(name: &str) -> bool {
    let [b'a'..=b'z', rest @ ..] = name.as_bytes() else { return false };
    let mut rest = rest;
    while let [byte, behind @ ..] = rest {
        if !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') {
            return false;
        }
        rest = behind;
    }
    true
}

const fn is_version(version: &str) -> bool {
    let [b'0'..=b'9', rest @ ..] = version.as_bytes() else { return false };
    let mut rest = rest;
    while let [byte, behind @ ..] = rest {
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+')) {
            return false;
        }
        rest = behind;
    }
    true
}

/// The second of two inputs that have one name. Inputs without a name are places that nothing is known of.
const fn duplicate(inputs: &[Input<'_>]) -> Option<usize> {
    let mut rest = inputs;
    let mut at = 0_usize;
    while let [input, behind @ ..] = rest {
        let mut others = behind;
        let mut other = at;
        while let [next, after @ ..] = others {
            other = other.wrapping_add(1);
            if !input.name.is_empty() && same(input.name, next.name) {
                return Some(other);
            }
            others = after;
        }
        rest = behind;
        at = at.wrapping_add(1);
    }
    None
}

impl Manifest<'_> {
    /// Whether the manifest is in order: names are there and stand once, and the version is one. A manifest that is a
    /// constant can be checked when the sensor is compiled: `const _: () = assert!(MANIFEST.check().is_ok());`.
    /// [`crate::Image::verify`] checks it too.
    ///
    /// # Errors
    /// The first thing that is not in order.
    pub const fn check(&self) -> Result<(), ManifestError> {
        if !is_sensor_name(self.sensor) {
            return Err(ManifestError::Sensor);
        }
        if !is_version(self.version) {
            return Err(ManifestError::Version);
        }
        if self.header.len() >= INPUTS_MAX as usize {
            return Err(ManifestError::TooMany);
        }
        if let Some(input) = duplicate(self.header) {
            return Err(ManifestError::DuplicateHeader { input });
        }
        let mut header = self.header;
        let mut at = 0_usize;
        while let [input, rest @ ..] = header {
            if input.name.is_empty() {
                return Err(ManifestError::HeaderName { input: at });
            }
            header = rest;
            at = at.wrapping_add(1);
        }
        let mut templates = self.templates;
        let mut template = 0_usize;
        while let [supply, behind @ ..] = templates {
            if supply.template.is_empty() {
                return Err(ManifestError::TemplateName { template });
            }
            if supply.inputs.len() >= INPUTS_MAX as usize {
                return Err(ManifestError::TooMany);
            }
            if let Some(input) = duplicate(supply.inputs) {
                return Err(ManifestError::DuplicateInput { template, input });
            }
            let mut others = behind;
            let mut other = template;
            while let [next, after @ ..] = others {
                other = other.wrapping_add(1);
                if same(supply.template, next.template) {
                    return Err(ManifestError::DuplicateTemplate { template: other });
                }
                others = after;
            }
            templates = behind;
            template = template.wrapping_add(1);
        }
        Ok(())
    }

    /// Whether the header has a field of a name and feeds content with it that was checked against a type.
    #[must_use]
    pub const fn supplies_in_header(&self, name: &str, ty: Type) -> bool {
        let mut header = self.header;
        while let [input, rest @ ..] = header {
            if same(input.name, name) {
                return ty.is_fed_by(input.ty);
            }
            header = rest;
        }
        false
    }
}
