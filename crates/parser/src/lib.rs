//! Reads detection content and checks it.
//!
//! ```
//! use contentcheck_model::language::Language;
//! use contentcheck_parser::release::{Checking, Gathered};
//! use contentcheck_model::source::Source;
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
//! let gathered = Gathered::of(vec![(Source::new("shell.content", content), Language::Native)]);
//! let judged = gathered.check(&Checking::default()).judge();
//! let errors: Vec<_> = judged.errors().collect();
//! assert_eq!(errors[0].code.id, "CC0202");
//! assert_eq!(errors[0].help.as_deref(), Some("did you mean `image`?"));
//! ```

pub mod check;
pub mod import;
pub mod mentions;
pub mod native;
pub mod release;
pub mod sidecar;
pub mod sigma;
mod spread;
