//! Events on a release: what evaluates recorded events, rules' own tests and events that an analysis makes, on the
//! compiled image and beside it on the reference evaluator.
//!
//! ```text
//! Shippable, image -Plan::for_recorder, Plan::for_sensor-> Plan -worker-> Worker -evaluate(event)-> rules | EventFault
//! ```
//!
//! A [`Plan`] owns all that it needs and is shared by threads; each thread has a [`Worker`].

mod classes;
mod fault;
pub mod image;
mod json;
mod other_logs;
mod plan;
mod profile;
pub mod proof;
mod recording;
pub mod refusal;
pub mod replay;
mod seen;
pub mod sidecar;
pub mod testing;
mod unrecognised;
mod worker;

pub use classes::{Class, classes};
pub use fault::EventFault;
pub use other_logs::{OtherLog, other_logs};
pub use plan::{Build, ImageTemplate, Plan, Route, Stop, templates};
pub use profile::{Profiled, Sampled, profile, profile_of};
pub use recording::{Recording, Seal};
pub use seen::{Absent, Lacking, Seen};
pub use unrecognised::{Kind, Unrecognised};
pub use worker::{Worker, others};
