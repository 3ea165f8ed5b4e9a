//! Rollouts: what a release has to show in one ring before the next may open.
//!
//! ```text
//! policy.toml -Policy::read-> Policy              rings, clocks, tests; floors that nobody configures away
//! entries of a log -State::apply-> State          the same for everybody who reads them; an entry that breaks a rule is refused
//! State -judge-> Verdict                          what the evidence of a ring says, stratum by stratum
//! entries -Checker::check-> cosignature           what a witness asks before it signs
//! Rollout -export-> Exported                      plans for engines that move the bytes, and what they cannot enforce
//! ```
//!
//! Everything here is a function of the log. Who has the log has the state, and nobody has more: no server decides, and what one says
//! can be computed again.
//!
//! The statistics are tests that may be looked at whenever somebody likes, as often as somebody likes, and keep their error all
//! the same. A rollout that is watched has no other kind.

pub mod book;
pub mod census;
mod codec;
pub mod entry;
pub mod export;
pub mod judge;
pub mod policy;
pub mod report;
pub mod state;
pub mod statistics;
pub mod tally;
pub mod time;
pub mod witness;

pub use book::{Book, Cosigner, NoBook};
pub use census::{Census, Stratum};
pub use entry::{Body, Entry, Id, Logged, NoEntry};
pub use export::{Engine, Exported, export};
pub use judge::{Judgement, judge};
pub use policy::{NoPolicy, Policy};
pub use report::{Received, Report};
pub use state::{Refusal, State};
pub use tally::{Roll, Tally};
pub use witness::{Checker, Unsigned};
