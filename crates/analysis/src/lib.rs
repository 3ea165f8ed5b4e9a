//! Exact reasoning on rules: whether a rule can fire, whether two differ, which parts say nothing, each answer with
//! an event that shows it or a reason in words.
//!
//! On one field every predicate on a text is a regular language, so whether a conjunction of them can hold is a
//! question about automata, with an exact answer. Integers are ranges, addresses stretches of networks; the few
//! other kinds have finitely many values that stand for all. Absent is a value of its own. Across fields the
//! question is propositional. Where a budget runs out the answer is [`Unknown`], never a guess, and each
//! event is confirmed by an evaluator of the caller's before it is given.
//!
//! Events are those that the template type allows: each value of the type of its field, every required field
//! there, but for those that some sensor which loads the rule does not supply
//! ([`contentcheck_model::presence::Lacking`]). Names under `reads` have one of the values that the template type gives them.
//!
//! ```
//! use contentcheck_analysis::{Analysis, Always, Fires, Witness};
//! use contentcheck_model::language::Language;
//! use contentcheck_model::rule::Target;
//! use contentcheck_parser::release::{Checking, Gathered};
//! use contentcheck_model::source::Source;
//! use contentcheck_reference::{Event, evaluate};
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
//! }
//! rule never {
//!     id: "0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a12"
//!     template: acme.process @ 1
//!     severity: low
//!     when image == r"\x.exe" and image ends_with r"\bin\x.exe"
//! }
//! "#;
//! let gathered = Gathered::of(vec![(Source::new("shell.content", content), Language::Native)]);
//! let content = gathered.check(&Checking::default());
//! let confirm = |target: &Target, witness: &Witness| {
//!     let mut event = Event::empty(&target.template);
//!     for (field, value) in &witness.values {
//!         event.set(field, Some(value.clone()));
//!     }
//!     evaluate(target, &event).ok()
//! };
//! let mut analysis = Analysis::new(&confirm);
//! let shell = &content.rules()[0].targets[0];
//! assert!(matches!(analysis.fires(shell), Fires::Yes(_)));
//! assert!(matches!(analysis.always_fires(shell), Always::No(_)));
//! let Fires::Never(why) = analysis.fires(&content.rules()[1].targets[0]) else { unreachable!() };
//! assert_eq!(
//!     why.conflicts[0].words,
//!     r#""image" equals "\x.exe" and ends with "\bin\x.exe": impossible"#
//! );
//! ```

mod analysis;
mod automata;
mod budget;
mod compare;
mod decide;
mod events;
mod fields;
mod filters;
pub mod findings;
mod formula;
mod holds;
mod numbers;
mod onto;
mod probe;
mod redundant;
mod relate;
mod solver;
mod space;
mod values;
mod witness;
pub mod words;

pub use analysis::{Analysis, Confirm, Example};
pub use automata::steps_on_this_thread;
pub use budget::{Budget, Unknown};
pub use decide::{Always, Conflict, Decisive, Fires, Impossible, Pair};
pub use onto::{keeps, onto};
pub use redundant::{Redundancy, Redundant, RedundantKind};
pub use relate::{Difference, Implication, Implications, Relation};
pub use witness::Witness;
