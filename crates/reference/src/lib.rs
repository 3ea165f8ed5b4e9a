//! The reference evaluator: says what checked content means, event by event.
//!
//! It walks the conditions as they stand, one predicate after the other, and does nothing to be
//! fast. It shares no code with the compiler and the interpreter, so that it can be held against
//! them. What it implements is written down in docs/semantics.md, whose ids the code names.
//!
//! ```
//! use contentcheck_model::language::Language;
//! use contentcheck_parser::release::{Checking, Gathered, WithErrors};
//! use contentcheck_model::source::Source;
//! use contentcheck_reference::{Evaluator, Event};
//!
//! let content = r#"
//! template acme.process @ 1 {
//!     1 image: string nocase
//!     2 pid: int
//! }
//! rule shell {
//!     id: "0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11"
//!     template: acme.process @ 1
//!     severity: low
//!     when image ends_with "/sh" and not pid in [4, 8]
//!     test fires { image: "/bin/SH", pid: 77 }
//! }
//! "#;
//! let gathered = Gathered::of(vec![(Source::new("shell.content", content), Language::Native)]);
//! let content = gathered.check(&Checking::default()).judge().ship(WithErrors::Refuse).unwrap();
//! let evaluator = Evaluator::new(&content).unwrap();
//! let shell = &evaluator.rules()[0];
//! let event = Event::from_test(&shell.targets[0].target().template, &shell.rule.tests[0]);
//! let explanation = shell.targets[0].explain(&event);
//! assert!(shell.targets[0].evaluate(&event));
//! assert_eq!(
//!     explanation.to_string(),
//!     r#"true   all of 2
//!   true   $1 image ends_with~ "/sh": bytes 4..7 of image, "/SH"
//!   true   not
//!     false  $2 pid in any of 2: pid is 77
//! "#
//! );
//! ```

pub mod conformance;
mod event;
mod explain;
mod expression;
mod number;
mod passes;
mod prepared;
mod text;
mod time;
mod words;

pub use event::Event;
pub use explain::{ByteRange, Evidence, Explanation, Match, Node, PredicateExplanation, Seen};
pub use prepared::{Evaluator, InvalidExpression, Prepared, PreparedRule};

use contentcheck_model::rule::Target;

/// Whether a rule fires on an event, for a target that is looked at once.
///
/// # Errors
/// If an expression of the target does not compile.
pub fn evaluate(target: &Target, event: &Event) -> Result<bool, InvalidExpression> {
    Ok(Prepared::new(target)?.evaluate(event))
}

/// Why a rule fires on an event or does not, for a target that is looked at once.
///
/// # Errors
/// If an expression of the target does not compile.
pub fn explain(target: &Target, event: &Event) -> Result<Explanation, InvalidExpression> {
    Ok(Prepared::new(target)?.explain(event))
}
