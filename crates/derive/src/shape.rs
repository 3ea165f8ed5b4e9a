//! Types of Rust: what each can supply, and how a value of it is lent.
//!
//! A macro sees the names of types and not the types. So each conversion that is written here compiles only for a type that
//! does what its name says: a `u32` that is something else is an error of the compiler's, never another value.

use contentcheck_model::template::{FieldType, Scalar};
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// What kind of value a type of Rust lends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A string.
    Str,
    /// Bytes, which are a string or raw, as content has it.
    Octets,
    /// Bytes that are a string, of a type that was named.
    Text,
    /// Bytes that are raw, of a type that was named.
    Bytes,
    /// An integer with a sign.
    Int,
    /// An integer without a sign.
    UInt,
    /// As wide as a pointer, with a sign.
    Isize,
    /// As wide as a pointer, without a sign.
    Usize,
    /// A boolean.
    Bool,
    /// A float.
    Float,
    /// An address.
    Ip,
    /// A list of strings.
    Strs,
    /// A list of strings that are bytes.
    Texts,
    /// A list of integers.
    Ints,
    /// A list of values of the interpreter's.
    Values,
    /// A list of strings in one run of bytes, each ended by this byte.
    Split(u8),
}

/// The words of `#[event(...)]` that say what a type is whose name does not.
const WORDS: [(&str, Shape); 12] = [
    ("str", Shape::Str),
    ("text", Shape::Text),
    ("bytes", Shape::Bytes),
    ("int", Shape::Int),
    ("uint", Shape::UInt),
    ("bool", Shape::Bool),
    ("float", Shape::Float),
    ("ip", Shape::Ip),
    ("strs", Shape::Strs),
    ("texts", Shape::Texts),
    ("ints", Shape::Ints),
    ("values", Shape::Values),
];

impl Shape {
    pub(crate) fn words() -> impl Iterator<Item = &'static str> {
        WORDS.iter().map(|(word, _)| *word)
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        WORDS.iter().find(|(known, _)| *known == word).map(|(_, shape)| *shape)
    }

    /// The shape of a type, by its name.
    pub(crate) fn of(ty: &Type) -> Option<Self> {
        match bare(ty) {
            Type::Reference(reference) => match bare(&reference.elem) {
                Type::Path(path) if path.path.is_ident("str") => Some(Self::Str),
                // What is lent through a reference: not `&u32`, which nobody keeps in an event.
                inner => Self::of(inner).filter(|shape| shape.is_run()),
            },
            Type::Slice(slice) => Self::of_elements(&slice.elem),
            Type::Array(array) => Self::of_elements(&array.elem),
            Type::Path(path) => Self::of_segment(path.path.segments.last()?),
            _ => None,
        }
    }

    fn of_segment(segment: &PathSegment) -> Option<Self> {
        let name = segment.ident.to_string();
        if let Some(inner) = argument(segment) {
            return match (name.as_str(), bare(inner)) {
                ("Box" | "Cow" | "Rc" | "Arc", Type::Path(path)) if path.path.is_ident("str") => Some(Self::Str),
                ("Box" | "Cow" | "Rc" | "Arc", Type::Slice(slice)) => Self::of_elements(&slice.elem),
                ("Vec", inner) => Self::of_elements(inner),
                _ => None,
            };
        }
        Some(match name.as_str() {
            "String" => Self::Str,
            "i8" | "i16" | "i32" | "i64" => Self::Int,
            "u8" | "u16" | "u32" | "u64" => Self::UInt,
            "isize" => Self::Isize,
            "usize" => Self::Usize,
            "bool" => Self::Bool,
            "f32" | "f64" => Self::Float,
            "IpAddr" | "Ipv4Addr" | "Ipv6Addr" => Self::Ip,
            _ => return None,
        })
    }

    fn of_elements(element: &Type) -> Option<Self> {
        match bare(element) {
            Type::Path(path) => match path.path.segments.last()?.ident.to_string().as_str() {
                "u8" => Some(Self::Octets),
                "i64" => Some(Self::Ints),
                "Value" => Some(Self::Values),
                _ => None,
            },
            Type::Reference(reference) => match bare(&reference.elem) {
                Type::Path(path) if path.path.is_ident("str") => Some(Self::Strs),
                Type::Slice(slice) if matches!(Self::of_elements(&slice.elem), Some(Self::Octets)) => Some(Self::Texts),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether values lie in a run of memory that a reference lends.
    const fn is_run(self) -> bool {
        matches!(self, Self::Str | Self::Octets | Self::Strs | Self::Texts | Self::Ints | Self::Values)
    }

    /// The type that values of this shape supply, of those that it can the one that is wanted.
    pub(crate) fn supplies(self, wanted: FieldType) -> FieldType {
        let (scalar, list) = match self {
            Self::Str | Self::Text => (Scalar::String, false),
            Self::Octets if wanted.scalar == Scalar::Bytes => (Scalar::Bytes, false),
            Self::Octets => (Scalar::String, false),
            Self::Bytes => (Scalar::Bytes, false),
            Self::Int | Self::UInt | Self::Isize | Self::Usize => (Scalar::Int, false),
            Self::Bool => (Scalar::Bool, false),
            Self::Float => (Scalar::Float, false),
            Self::Ip => (Scalar::Ip, false),
            Self::Strs | Self::Texts | Self::Split(_) => (Scalar::String, true),
            Self::Ints => (Scalar::Int, true),
            Self::Values => (wanted.scalar, true),
        };
        FieldType { list, ..FieldType::new(scalar) }
    }

    /// What values of this shape are, in the words of content.
    pub(crate) const fn words_of_content(self) -> &'static str {
        match self {
            Self::Str | Self::Text => "`string`",
            Self::Octets => "`string` or `bytes`",
            Self::Bytes => "`bytes`",
            Self::Int | Self::UInt | Self::Isize | Self::Usize => "`int`",
            Self::Bool => "`bool`",
            Self::Float => "`float`",
            Self::Ip => "`ip`",
            Self::Strs | Self::Texts | Self::Split(_) => "`list<string>`",
            Self::Ints => "`list<int>`",
            Self::Values => "a list",
        }
    }

    /// The value that `value`, a reference to a field of this shape, lends for an input of a type. At `span` the compiler
    /// says what it has against it.
    pub(crate) fn value(self, supplied: FieldType, span: Span) -> TokenStream {
        let run = |element: TokenStream| quote_spanned!(span=> ::core::convert::AsRef::<#element>::as_ref(value));
        let (string, octets) =
            (run(quote_spanned!(span=> ::core::primitive::str)), run(quote_spanned!(span=> [::core::primitive::u8])));
        let value = quote_spanned!(span=> ::contentcheck_interpreter::Value);
        match self {
            Self::Str => quote_spanned!(span=> #value::Text(#string.as_bytes())),
            Self::Octets if supplied.scalar == Scalar::Bytes => quote_spanned!(span=> #value::Bytes(#octets)),
            Self::Octets | Self::Text => quote_spanned!(span=> #value::Text(#octets)),
            Self::Bytes => quote_spanned!(span=> #value::Bytes(#octets)),
            Self::Int => {
                quote_spanned!(span=> #value::Int(<::core::primitive::i64 as ::core::convert::From<_>>::from(*value)))
            }
            Self::UInt => {
                quote_spanned!(span=> #value::UInt(<::core::primitive::u64 as ::core::convert::From<_>>::from(*value)))
            }
            // No machine has wider ones, and there is no `From` for them.
            Self::Isize => quote_spanned!(span=> {
                let value: ::core::primitive::isize = *value;
                #value::Int(value as ::core::primitive::i64)
            }),
            Self::Usize => quote_spanned!(span=> {
                let value: ::core::primitive::usize = *value;
                #value::UInt(value as ::core::primitive::u64)
            }),
            Self::Bool => quote_spanned!(span=> #value::Bool(*value)),
            Self::Float => {
                quote_spanned!(span=> #value::Float(<::core::primitive::f64 as ::core::convert::From<_>>::from(*value)))
            }
            Self::Ip => {
                quote_spanned!(span=> #value::Ip(<::core::net::IpAddr as ::core::convert::From<_>>::from(*value)))
            }
            Self::Strs => {
                let run = run(quote_spanned!(span=> [&::core::primitive::str]));
                quote_spanned!(span=> #value::Strs(#run))
            }
            Self::Texts => {
                let run = run(quote_spanned!(span=> [&[::core::primitive::u8]]));
                quote_spanned!(span=> #value::Texts(#run))
            }
            Self::Ints => {
                let run = run(quote_spanned!(span=> [::core::primitive::i64]));
                quote_spanned!(span=> #value::Ints(#run))
            }
            Self::Values => {
                let run = run(quote_spanned!(span=> [#value<'_>]));
                quote_spanned!(span=> #value::List(#run))
            }
            Self::Split(by) => quote_spanned!(span=> #value::Split(#octets, #by)),
        }
    }
}

/// What `Option` is of, where a type is one.
pub(crate) fn optional(ty: &Type) -> Option<&Type> {
    match bare(ty) {
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            if last.ident == "Option" { argument(last) } else { None }
        }
        _ => None,
    }
}

/// A type without parentheses, and without the invisible ones that macros leave.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}

/// The last type between the angle brackets of a name: of `Cow<'_, str>` it is `str`.
fn argument(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().rev().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// A type of Rust for an input, to be written into a struct.
pub(crate) fn rust_type(ty: FieldType) -> String {
    let scalar = match (ty.scalar, ty.list) {
        (Scalar::String, false) => "&str",
        (Scalar::String, true) => "&[&str]",
        (Scalar::Int, false) => "i64",
        (Scalar::Int, true) => "&[i64]",
        (_, true) => "&[Value<'_>]",
        (Scalar::Float, false) => "f64",
        (Scalar::Bool, false) => "bool",
        (Scalar::Ip, false) => "IpAddr",
        (Scalar::Bytes, false) => "&[u8]",
    };
    if ty.optional { format!("Option<{scalar}>") } else { scalar.to_owned() }
}
