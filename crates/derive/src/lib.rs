//! Holds a sensor's structs to the template types of content when the sensor is compiled.
//!
//! ```
//! use contentcheck_derive::{Event, manifest};
//! use contentcheck_interpreter::Value;
//!
//! /// One process that was started.
//! #[derive(Event)]
//! #[event(content = "../../corpus/images/first/rules.content", template = "edr.process_start @ 1")]
//! struct ProcessStart<'e> {
//!     image: &'e str,
//!     command_line: &'e [u8],
//!     pid: u32,
//!     user: Option<&'e str>,
//!     #[event(split = 0)]
//!     arguments: &'e [u8],
//!     #[event(name = "parent")]
//!     parent_image: Option<&'e str>,
//! }
//!
//! /// What comes with every event.
//! #[derive(Event)]
//! #[event(content = "../../corpus/images/first/rules.content", header)]
//! struct Header<'e> {
//!     host: &'e str,
//! }
//!
//! manifest! {
//!     /// What this build supplies.
//!     pub const MANIFEST = {
//!         sensor: "edr",
//!         version: "2.0.0",
//!         capacity: { rules: 5_000, image_bytes: 4 << 20 },
//!         header: Header,
//!         events: [ProcessStart],
//!     };
//! }
//!
//! let start = ProcessStart {
//!     image: "/bin/sh", command_line: b"sh", pid: 7, user: None, arguments: b"sh\0", parent_image: None,
//! };
//! assert_eq!(start.values()[..3], [Value::from("/bin/sh"), Value::from("sh"), Value::UInt(7)]);
//! assert_eq!(MANIFEST.templates[0].inputs.len(), 6);
//! # let _ = Header { host: "web-1" }.values();
//! ```
//!
//! A struct that lacks an input, has one too many, has two in the wrong order, gives another type or leaves out what
//! content relies on does not compile, and the message names it. `docs/embedding.md` shows a whole sensor.
//!
//! What reads the content here is `contentcheck-parser`, which also reads it for every check: there is one grammar. It is
//! built for the machine that compiles the sensor, and no part of it is in the sensor.

mod attribute;
mod committed;
mod compare;
mod content;
mod event;
mod fields;
mod manifest;
mod shape;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct the input of a template type, or its header fields.
///
/// On the struct, `#[event(...)]` has
///
/// | part | meaning |
/// | --- | --- |
/// | `content = "content/edr.content"` | the file that declares the template type, relative to the directory of the package's Cargo.toml |
/// | `template = "edr.process_start @ 1"` | the template type |
/// | `header` | instead of `template`: the struct has what comes with every event; `content` may be given for each of several files |
///
/// The fields are the inputs: as many as the template type has, in its order, with its names and types. A position that
/// is retired has no field. A field that may be absent is an `Option`, which content must allow; content that allows it
/// does not demand it.
///
/// | content | types of a field |
/// | --- | --- |
/// | `string` | `&str`, `String`, `Box<str>`, `Cow<str>`, `Arc<str>`; bytes, which need not be UTF-8: `&[u8]`, `Vec<u8>`, `[u8; N]` |
/// | `bytes` | `&[u8]`, `Vec<u8>`, `[u8; N]`, `Cow<[u8]>` |
/// | `int` | `i8` to `i64`, `u8` to `u64`, `isize`, `usize` |
/// | `float` | `f32`, `f64` |
/// | `bool` | `bool` |
/// | `ip` | `IpAddr`, `Ipv4Addr`, `Ipv6Addr` |
/// | `list<string>` | `&[&str]`, `&[&[u8]]`, vectors and arrays of these; with `#[event(split = 0)]` bytes in which a byte ends each element |
/// | `list<int>` | `&[i64]`, `Vec<i64>`, `[i64; N]` |
/// | any list | `&[Value<'_>]`: the types of its elements show when events are evaluated, as mistyped values |
///
/// On a field, `#[event(...)]` has
///
/// | part | meaning |
/// | --- | --- |
/// | `name = "CommandLine"` | the name that content has for it, where it is not the field's |
/// | `split = 0` | the byte that ends each element of a list in one run of bytes |
/// | `skip` | it is no input |
/// | `str`, `text`, `bytes` | a type of yours that is `AsRef<str>`, or `AsRef<[u8]>` and meant as text or as bytes |
/// | `int`, `uint`, `float`, `ip`, `bool` | a type of yours from which `i64`, `u64`, `f64` or `IpAddr` can be made (`From`), or an alias |
/// | `strs`, `texts`, `ints`, `values` | a type of yours that is `AsRef<[&str]>`, `AsRef<[&[u8]]>`, `AsRef<[i64]>`, `AsRef<[Value]>` |
///
/// The struct gets `INPUTS`, `values(&self)`, an array of the values in their order, and unless it is a header `SUPPLY`, which
/// [`manifest!`] takes.
#[proc_macro_derive(Event, attributes(event))]
pub fn event(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    event::expand(&input).unwrap_or_else(|error| event::failed(&input, error)).into()
}

/// Makes the sensor's manifest a constant of structs that derive [`Event`].
///
/// ```text
/// manifest! {
///     /// What this build supplies.
///     pub const MANIFEST = {
///         sensor: "edr",
///         version: env!("CARGO_PKG_VERSION"),
///         versioning: Parts,                     // or Decimal; Parts where it is left out
///         capacity: { rules: 5_000 },            // or an expression; no bounds where it is left out
///         header: Header,                        // none where it is left out
///         events: [ProcessStart, NetworkConnect],
///     };
/// }
/// ```
///
/// It is held to `Manifest::check` when it is compiled, and its header to what content may read of each of its template types. Of the
/// capacities, `interpreter` is the format of the interpreter that is built in, unless another one is stated.
#[proc_macro]
pub fn manifest(input: TokenStream) -> TokenStream {
    let stated = parse_macro_input!(input as manifest::Stated);
    manifest::expand(&stated).into()
}

/// Makes a test that fails where the JSON manifest beside the sensor is not what the constant states: content is checked
/// against the JSON. With `BLESS=1` in the environment the test writes it.
///
/// ```text
/// committed!(MANIFEST, "edr-2.0.0.json");    // relative to the directory of the package's Cargo.toml
/// ```
#[proc_macro]
pub fn committed(input: TokenStream) -> TokenStream {
    let committed = parse_macro_input!(input as committed::Committed);
    committed::expand(&committed).into()
}
