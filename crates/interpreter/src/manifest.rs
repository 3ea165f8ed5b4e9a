//! What a sensor build says of itself, borrowed: names, types, order, capacity.

/// The scalar kinds of values. The numbers are those of the image format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Scalar {
    /// UTF-8 text.
    String = 0,
    /// A signed 64-bit integer.
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
