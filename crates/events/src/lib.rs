//! Recorded events: read, flattened, routed to template types, and typed.
//!
//! ```text
//! bytes --Reader--> Batch --each--> Record --Flattener--> Flat --Router--> template types
//!                                                          \-----Layout--> interpreter::Event, Owned
//! ```
//!
//! One thread reads batches; each worker has a [`Flattener`] and a [`Scratch`], and shares the
//! [`Router`] and the [`Layout`]s. Nothing is lost silently: what cannot be read is a
//! [`Problem`] with its place, what does not convert is counted in a [`Tally`].
//!
//! ```
//! use contentcheck_events::{Batch, Flattener, Layout, Reader, Scratch};
//! use contentcheck_interpreter::Value;
//! use contentcheck_model::template::FieldType;
//!
//! let lines = &b"{\"Image\":\"C:\\\\x.exe\",\"ProcessId\":\"0x1f\"}\n{\"Image\":\n"[..];
//! let layout = Layout::new(
//!     "acme.process",
//!     ["ProcessId", "Image"].iter().zip(["int", "string"]).map(|(name, ty)| {
//!         (name.to_string(), FieldType::parse(ty).expect("a type"))
//!     }).collect(),
//!     Vec::new(),
//! );
//! let (mut flattener, mut scratch) = (Flattener::new(), Scratch::default());
//! let (mut reader, mut batch) = (Reader::new("lines", lines), Batch::new());
//! let (mut events, mut problems) = (0, Vec::new());
//! while reader.next_batch(&mut batch) {
//!     batch.each(|record| {
//!         let flat = record.and_then(|record| {
//!             flattener.flatten(record.bytes).map_err(|cause| batch.problem(record.place, cause))
//!         });
//!         match flat {
//!             Ok(flat) => layout.present(&flat, &mut scratch, false, |event| {
//!                 assert_eq!(event.inputs, [Value::Int(31), Value::from(r"C:\x.exe")]);
//!                 events += 1;
//!             }),
//!             Err(problem) => problems.push(problem.to_string()),
//!         }
//!     });
//! }
//! assert_eq!(events, 1);
//! assert_eq!(problems, ["lines: line 2: not JSON: expected a value at byte 9"]);
//! ```

mod flat;
mod hash;
mod json;
mod layout;
pub mod limits;
mod owned;
mod problem;
mod router;
mod scalar;
mod source;
mod store;
mod tally;

pub use flat::{Elements, Field, Flat, Flattener};
pub use layout::{Layout, Scratch};
pub use owned::{Owned, own};
pub use problem::{Cause, Place, Problem};
pub use router::Router;
pub use source::{Batch, Reader, Record};
pub use tally::Tally;
