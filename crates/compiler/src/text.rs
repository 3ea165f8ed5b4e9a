//! Strings as patterns compare them.

/// A text and what it is compared as.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Text {
    Equals(Box<[u8]>),
    Prefix(Box<[u8]>),
    Suffix(Box<[u8]>),
    Contains(Box<[u8]>),
    Like(Box<[Piece]>),
    /// The canonical expression, which carries its own flags.
    Matches(Box<str>),
}

/// A part of a wildcard pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Piece {
    Literal(Box<[u8]>),
    AnyRun,
    AnyOne,
}

/// A text with its case rule; where case is ignored, literals are in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Texted {
    pub(crate) text: Text,
    pub(crate) ignore_case: bool,
}
