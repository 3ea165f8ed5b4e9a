//! A release on its way from files to an image. Each step is one function, and what it makes can be had
//! from the step before only:
//!
//! ```text
//! Gathered --check--> Checked --judge--> Judged --ship--> Shippable
//! ```
//!
//! A [`Gathered`] is what was read: content, template types, sensors, tables, policy. [`Checked`] has the outcome of
//! each file and can be edited and checked again, where only what an edit concerns is worked out again. [`Judged`]
//! has what is reported, what was accepted and by what, and which rules cannot ship. A [`Shippable`] is all that
//! can be compiled: each of its rules was read whole and has no error.
//!
//! ```
//! use contentcheck_model::language::Language;
//! use contentcheck_parser::release::{Checking, Gathered, WithErrors};
//! use contentcheck_model::source::Source;
//!
//! let rule = |name: &str, condition: &str| {
//!     format!("rule {name} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a1{}\"\n    template: acme.process @ 1\n    severity: low\n    when {condition}\n}}\n", name.len())
//! };
//! let text = ["template acme.process @ 1 {\n    1 image : string nocase\n}\n".to_owned()]
//!     .into_iter()
//!     .chain([rule("shell", r#"image ends_with "/sh""#), rule("misspelt", r#"imag ends_with "/sh""#)]);
//! let source = Source::new("shell.content", text.collect::<String>());
//! let judged = Gathered::of(vec![(source, Language::Native)]).check(&Checking::default()).judge();
//! assert_eq!(judged.errors().count(), 1);
//! let shippable = judged.ship(WithErrors::LeaveOut).unwrap();
//! assert_eq!(shippable.rules().len(), 1);
//! assert!(shippable.left_out()[0].name.ends_with("8a18"), "by its id");
//! assert!(judged.ship(WithErrors::Refuse).is_err());
//! ```

use std::sync::Arc;

use contentcheck_model::diagnostic::Diagnostic;

/// A finding. It is shared by all that tell it, since a release may have tens of thousands and an editor asks after each
/// key.
pub type Finding = Arc<Diagnostic>;

mod baseline;
mod fixes;
mod gathered;
mod judge;
mod policy;
mod ship;
mod workspace;

pub use baseline::{Baseline, Expected, Names, Recorded, fingerprint};
pub use fixes::{Fixed, apply_fixes, fixes_on};
pub use gathered::{
    Digester, EXCLUDE, Gathered, IGNORE_FILE, Input, InputKind, ReleaseInfo, SHIPPED, Tables, digest, hex, sha256,
};
pub use judge::{Acceptance, AcceptedBy, Judged, LeftOut};
pub use policy::{FileIgnore, Level, Policy, SeverityError, canonical_code};
pub use ship::{Shippable, Unshippable, WithErrors};
pub use workspace::{Checked, Checking, Further, Workspace};
