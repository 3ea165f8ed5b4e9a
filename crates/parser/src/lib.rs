//! Reads detection content and checks it.
//!
//! ```
//! use contentcheck_parser::check::{Context, Language, check};
//! use contentcheck_parser::source::Source;
//!
//! let content = r#"
//! template acme.process @ 1 {
//!     1 image : string nocase
//! }
//! rule shell {
//!     id: "0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11"
//!     template: acme.process @ 1
//!     severity: low
//!     when imag ends_with "/sh"
//! }
//! "#;
//! let sources = [(Source::new("shell.content", content), Language::Native)];
//! let context = Context { library: Vec::new(), fleet: None, threads: 1 };
//! let (_, findings) = check(&sources, context, &|_, _| None, &|| {});
//! let errors: Vec<_> = findings.iter().filter(|finding| finding.code.id < "CC0700").collect();
//! assert_eq!(errors[0].code.id, "CC0202");
//! assert_eq!(errors[0].help.as_deref(), Some("did you mean `image`?"));
//! ```

pub mod catalogue;
pub mod check;
pub mod decode;
pub mod diagnostic;
pub mod limits;
mod logic;
pub mod lookup;
mod metadata;
pub mod model;
pub mod native;
pub mod outcome;
pub mod regex;
pub mod sensor;
pub mod sidecar;
pub mod sigma;
pub mod source;
pub mod table;
pub mod template;
pub mod value;
